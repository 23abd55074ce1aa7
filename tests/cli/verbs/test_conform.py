"""`conform` as it is typed."""

from pathlib import Path

import msgspec
import pytest
from click.testing import CliRunner

from conformance.conforming import conform
from conformance.wifi_ends import home, mcu
from unclouded.cli import cli
from unclouded.cli.verbs import conform as verb
from unclouded.conformance.check import RunOptions, RunReport
from unclouded.conformance.run import RunObserver
from unclouded.core.errors import CommandError, ConfigError

WORDS = ["conform", "tuya_wifi", "--as", "controller", "--link", "pty:/x"]


@pytest.fixture
def end(monkeypatch: pytest.MonkeyPatch) -> list[str]:
    """The faults of the MCU at the other end."""
    faults: list[str] = []

    async def run(
        name: str, role: str, link: str, options: RunOptions, observer: RunObserver, stopped: object
    ) -> RunReport:
        report = conform("tuya_wifi", "controller", mcu(*faults), world=home(), options=options)
        for result in report.results:
            observer.finished(result)
        return report

    monkeypatch.setattr(verb, "conform", run)
    return faults


def test_each_check_is_a_line_and_the_counts_come_last(end: list[str]) -> None:
    ran = CliRunner().invoke(cli, [*WORDS, "--only", "mcu.mode.*"])
    assert ran.exit_code == 0, ran.output
    lines = ran.stdout.splitlines()
    assert lines[0].startswith("passed         mcu.mode.answered")
    assert lines[-1] == "3 passed."


def test_a_failure_is_exit_code_1_and_its_frames_are_kept(end: list[str], tmp_path: Path) -> None:
    end.append("ignores-mode-query")
    files = [*("--html", str(tmp_path / "new" / "r.html")), *("--junit", str(tmp_path / "r.xml"))]
    files += [*("--report", str(tmp_path / "r.json")), *("--keep", str(tmp_path / "kept"))]
    ran = CliRunner().invoke(cli, [*WORDS, "--only", "mcu.mode.*", *files])
    assert ran.exit_code == 1
    assert "failed         mcu.mode.answered" in ran.stdout and "was sent 3 times" in ran.stdout
    assert (tmp_path / "kept" / "mcu.mode.answered.jsonl").exists()
    assert all((tmp_path / name).stat().st_size > 100 for name in ("new/r.html", "r.xml", "r.json"))


def test_the_kept_frames_are_read_by_decode(end: list[str], tmp_path: Path) -> None:
    end.append("ignores-mode-query")
    CliRunner().invoke(cli, [*WORDS, "--only", "mcu.mode.answered", "--keep", str(tmp_path)])
    ran = CliRunner().invoke(cli, ["decode", "--family", "tuya_wifi", str(tmp_path / "mcu.mode.answered.jsonl")])
    assert ran.exit_code == 0 and "working mode" in ran.stdout


def test_with_json_each_line_is_an_object(end: list[str]) -> None:
    ran = CliRunner().invoke(cli, [*WORDS, "--only", "mcu.mode.*", "--json"])
    objects = [msgspec.json.decode(line) for line in ran.stdout.splitlines()]
    assert [list(one) for one in objects] == [["check"], ["check"], ["check"], ["report"]]
    assert objects[-1]["report"]["passed"] is True and "checks" not in objects[-1]["report"]


def test_a_silent_line_is_exit_code_1_with_what_to_look_for(end: list[str]) -> None:
    end.append("sends-nothing")
    ran = CliRunner().invoke(cli, WORDS)
    assert ran.exit_code == 1 and len(ran.stdout.splitlines()) == 1
    assert ran.stdout.startswith("Nothing was received within 10 s. Look for: TX to RX")


def test_the_list_needs_no_link() -> None:
    ran = CliRunner().invoke(cli, ["conform", "tuya_wifi", "--list"])
    assert ran.exit_code == 0
    lines = ran.stdout.splitlines()
    assert len(lines) > 240 and any("(--yes)" in line for line in lines)
    ran = CliRunner().invoke(cli, ["conform", "tuya_wifi", "--list", "--as", "device", "--json"])
    objects = [msgspec.json.decode(line) for line in ran.stdout.splitlines()]
    assert {one["as"] for one in objects} == {"device"} and len(objects) > 120


def test_mistakes_are_exit_code_2() -> None:
    assert CliRunner().invoke(cli, ["conform", "zwave"]).exit_code == 2
    assert CliRunner().invoke(cli, ["conform", "tuya_wifi"]).exit_code == 2
    assert CliRunner().invoke(cli, ["conform", "tuya_wifi", "--as", "hub", "--link", "pty:/x"]).exit_code == 2
    error = CliRunner().invoke(cli, [*WORDS, "--only", "mcu.nonsense"]).exception
    assert isinstance(error, CommandError) and "--list shows them" in str(error)
    error = CliRunner().invoke(cli, [*WORDS[:5], "nonsense"]).exception
    assert isinstance(error, ConfigError)


def test_a_file_that_cannot_be_written_is_named_before_the_run(tmp_path: Path) -> None:
    (tmp_path / "file").touch()
    error = CliRunner().invoke(cli, [*WORDS, "--html", str(tmp_path / "file" / "r.html")]).exception
    assert isinstance(error, CommandError) and str(error).startswith("The folder ")
