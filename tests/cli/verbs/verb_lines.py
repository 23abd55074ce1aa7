"""Verbs run in this process, and the lines of JSON that they print."""

import json

from click.testing import CliRunner, Result

from unclouded.cli import cli


def run(*words: str, stdin: bytes = b"") -> Result:
    """`unclouded WORDS`; an exception that the command line does not catch is the test's."""
    return CliRunner().invoke(cli, list(words), input=stdin, catch_exceptions=False)


def lines(*words: str, stdin: bytes = b"") -> list[dict[str, object]]:
    """What a verb that succeeds prints with --json."""
    done = run(*words, "--json", stdin=stdin)
    assert done.exit_code == 0, done.output
    return [json.loads(line) for line in done.stdout.splitlines()]
