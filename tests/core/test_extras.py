"""What is installed only where someone asks for it: each command says how to get what it lacks."""

import re
import tomllib
from pathlib import Path

import pytest

from unclouded import cli
from unclouded.core.system import extras

PROJECT = Path(__file__).resolve().parents[2] / "pyproject.toml"


def test_libraries_are_those_of_the_package() -> None:
    declared = tomllib.loads(PROJECT.read_text())["project"]["optional-dependencies"]
    assert {extra: re.split(">=", one)[0] for extra, (one,) in declared.items()} == extras.LIBRARIES


def test_a_library_that_is_missing_has_no_version(monkeypatch: pytest.MonkeyPatch) -> None:
    assert extras.is_installed("fleet"), "extras of a library are no part of its name"
    monkeypatch.setattr(extras, "LIBRARIES", {"fleet": "no-such-library[binary]"})
    assert not extras.is_installed("fleet")


@pytest.mark.parametrize(("module", "is_of_an_extra"), [("psycopg.types", True), ("unclouded.nothing", False)])
def test_a_command_without_its_library_says_how_to_get_it(
    monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str], module: str, is_of_an_extra: bool
) -> None:
    def command(**_: object) -> None:
        raise ModuleNotFoundError(f"No module named {module!r}", name=module)

    monkeypatch.setattr(cli.cli, "main", command)
    with pytest.raises(SystemExit if is_of_an_extra else ModuleNotFoundError):
        cli.main()
    assert ("install 'psycopg[binary,pool]' (or with pipx" in capsys.readouterr().err) is is_of_an_extra
