"""`rules` and `timer` without a hub: what the configuration says, and what to do."""

import json
from pathlib import Path

import pytest
from click.testing import CliRunner, Result

from unclouded.cli import cli
from unclouded.core.errors import CommandError, LinkError

TEXT = """\
[hub]
data = "{data}"
timezone = "Europe/Madrid"

[[rule]]
name = "Night"
at = "23:30"
set = "tv off"
"""


@pytest.fixture
def file(tmp_path: Path) -> Path:
    found = tmp_path / "unclouded.toml"
    found.write_text(TEXT.format(data=tmp_path / "data"))
    return found


def types(file: Path, *words: str) -> Result:
    return CliRunner().invoke(cli, [*words, "--config", str(file)])


def test_rules_are_listed_and_shown_without_a_hub(file: Path) -> None:
    done = types(file, "rules", "list")
    assert "Night" in done.output and "at 23:30: set tv off" in done.output
    assert "No hub runs with this configuration: nothing is carried out." in done.output
    assert json.loads(types(file, "rules", "show", "Night", "--json").stdout)["trigger"] == "at"
    assert "no hub runs" in types(file, "rules", "show", "Night").output


@pytest.mark.parametrize(
    "words",
    [
        ("rules", "off", "Night"),
        ("rules", "run", "Night"),
        ("timer", "tv", "on", "20m"),
        ("rules", "value", "price", "1"),
    ],
)
def test_what_needs_a_hub_says_so(file: Path, words: tuple[str, ...]) -> None:
    done = types(file, *words)
    assert isinstance(done.exception, LinkError) and "Start it first: unclouded run" in str(done.exception)


def test_an_unknown_rule_is_named_with_those_that_there_are(file: Path) -> None:
    done = types(file, "rules", "show", "Nihgt")
    assert isinstance(done.exception, CommandError) and "There are: Night." in str(done.exception)
    assert isinstance(types(file, "rules", "test", "x").exception, CommandError)
