"""`decode --explain`, `--diff` and `--unknown` from the command line: the examples of the docs, JSON, any input."""

import json
import re
import shlex
from pathlib import Path

import pytest
from click.testing import CliRunner, Result

from unclouded.cli import cli

ROOT = Path(__file__).parents[3]
PAGE = (ROOT / "docs" / "explaining.md").read_text("utf-8")
EXAMPLES = re.findall(r"<!-- unclouded ([^\n]*) -->\n```text\n(.*?)\n```\n", PAGE, re.DOTALL)
SAMPLES = sorted((ROOT / "tests" / "captures" / "formats").glob("*"))


def run(*words: str) -> Result:
    return CliRunner().invoke(cli, list(words), env={"COLUMNS": "80", "NO_COLOR": "1"})


@pytest.mark.parametrize(("words", "printed"), EXAMPLES, ids=[words[:40] for words, _ in EXAMPLES])
def test_the_examples_of_the_page_are_what_is_printed(
    words: str, printed: str, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.chdir(ROOT)
    assert run(*shlex.split(words)).stdout.rstrip() == printed
    assert max(map(len, printed.splitlines())) <= 80 or "remarks" in printed


def test_the_page_has_an_example_of_each_view() -> None:
    assert {
        word for words, _ in EXAMPLES for word in words.split() if word in ("--explain", "--diff", "--unknown")
    } == {
        "--explain",
        "--diff",
        "--unknown",
    }


@pytest.mark.parametrize("view", ["--explain", "--diff", "--unknown"])
def test_each_view_prints_json_whose_names_the_page_lists(view: str) -> None:
    done = run("decode", view, "--json", str(ROOT / "tests" / "captures" / "tuya" / "heater_unknown.jsonl"))
    rows = [json.loads(line) for line in done.stdout.splitlines()]
    assert len(rows) > 5
    section = PAGE if view == "--explain" else PAGE.partition("## Which")[2]
    for name in {name for row in rows for name in row} - {"values", "more_values", "lowest_reading", "highest_reading"}:
        listed = f"`{name}`" in section or view == "--explain" or name == "is_rising"
        assert listed, f"{view} --json has {name}"


@pytest.mark.parametrize("view", ["--explain", "--diff", "--unknown"])
def test_no_input_makes_a_view_fail(view: str) -> None:
    files = SAMPLES[::6]
    assert len(files) > 15
    for path in files:
        done = run("decode", view, str(path))
        assert done.exception is None or isinstance(done.exception, SystemExit), f"{path.name}: {done.exception!r}"


def test_totals_and_a_view_exclude_each_other() -> None:
    done = run("decode", "--summary", "--explain", "55 aa 00 00 00 00 ff")
    assert "--summary prints totals only" in (done.output or str(done.exception))
