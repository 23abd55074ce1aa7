"""Writes docs/cli.md: every verb with its options, from the commands themselves.

python -m unclouded.cli.reference docs/cli.md
"""

import sys
from pathlib import Path

import click

from unclouded.cli import VERBS, cli

HEAD = """# The command line

Written by `python3 dev.py docs` from the commands themselves.

Every verb takes `--json`: one object per line on stdout, everything else on stderr. Exit codes: 0 done,
1 the device or the wire said no, 2 the caller's words are off.
"""


def reference() -> str:
    """The whole page."""
    context = click.Context(cli, info_name="unclouded", max_content_width=100, terminal_width=100)
    parts = [HEAD]
    for name in VERBS:
        command = cli.get_command(context, name)
        if command is not None:
            help_text = command.get_help(click.Context(command, info_name=name, parent=context))
            parts.append(f"\n## {name}\n\n```text\n{help_text}\n```\n")
    return "".join(parts)


if __name__ == "__main__":
    Path(sys.argv[1]).write_text(reference(), "utf-8")
