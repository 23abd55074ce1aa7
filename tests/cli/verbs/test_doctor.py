"""`doctor`: what it prints, and its exit code."""

import json
from pathlib import Path

import pytest
from click.testing import CliRunner, Result

from unclouded.app.doctor.table import DoctorCheck
from unclouded.cli import cli
from unclouded.core.finding import ok, problem


@pytest.fixture(autouse=True)
def two_checks(monkeypatch: pytest.MonkeyPatch, tmp_path: Path) -> None:
    monkeypatch.setenv("XDG_CACHE_HOME", str(tmp_path))
    monkeypatch.delenv("UNCLOUDED_CONFIG", raising=False)
    monkeypatch.chdir(tmp_path)
    checks = (DoctorCheck(name="one", title="the first", run=lambda context: [ok("this", "is well")]),)
    monkeypatch.setattr("unclouded.app.doctor.running.examine.__defaults__", (checks,))


def doctor(*words: str) -> Result:
    return CliRunner().invoke(cli, ["doctor", *words])


def test_findings_are_lines_and_a_problem_is_exit_code_1(monkeypatch: pytest.MonkeyPatch) -> None:
    done = doctor()
    assert (done.exit_code, done.output) == (0, "ok          this: is well\n1 ok.\n")
    bad = (DoctorCheck(name="two", title="", run=lambda context: [problem("that", "is not\x1b[2J", "Mend it.")] * 2),)
    monkeypatch.setattr("unclouded.app.doctor.running.examine.__defaults__", (bad,))
    done = doctor()
    assert done.exit_code == 1 and "            To do: Mend it.\n" in done.output and "2 problems." in done.output
    assert "\x1b" not in done.output


def test_json_has_one_object_for_each_finding_and_the_counts() -> None:
    first, last = map(json.loads, doctor("--json").output.splitlines())
    assert (first["check"], first["level"], first["subject"]) == ("one", "ok", "this")
    assert last == {"summary": {"ok": 1, "warning": 0, "problem": 0, "not checked": 0}}


def test_a_device_needs_a_configuration_and_the_checks_are_listed(tmp_path: Path) -> None:
    assert doctor("heater").exit_code != 0
    (tmp_path / "unclouded.toml").write_text("[hub")
    assert doctor().exit_code == 0, "an invalid configuration is a finding of a check"
    assert "serial-ports" in doctor("--list").output
    assert json.loads(doctor("--list", "--json").output.splitlines()[0])["check"] == "python"
