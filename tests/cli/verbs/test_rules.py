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


def test_a_device_that_is_not_there_is_a_problem_of_the_rule(file: Path) -> None:
    done = types(file, "check")
    assert "line 5: rule Night: there is no device 'tv' in the configuration." in done.output
    found = [json.loads(line) for line in types(file, "check", "--json").stdout.splitlines()]
    assert [(one["problem"]["device"], one["problem"]["rule"]) for one in found if "problem" in one] == [("", "Night")]


@pytest.mark.parametrize(
    "words", [("rules", "value", "price", "nan"), ("timer", "tv", "on", "0s"), ("timer", "tv", "on", "8d")]
)
def test_values_and_spans_that_cannot_be_are_refused_in_words(
    file: Path, words: tuple[str, ...], monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr("unclouded.app.rules.access.is_running", lambda config: True)
    done = types(file, *words)
    said = f"{done.output}{done.exception}"
    assert done.exit_code != 0 and ("not a value that rules" in said or "up to 7 days" in said)
