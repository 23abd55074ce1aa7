"""Lines on a terminal and in a log: nothing that a device, a name or a client sent is a command to the terminal."""

import io
import logging
import sys
from datetime import UTC
from pathlib import Path
from zoneinfo import ZoneInfo

import pytest
from click.testing import CliRunner

from unclouded.cli import cli, print_error
from unclouded.cli.output.lines import JournalFormatter, LogFormatter, is_journal, plain_line, print_outcome, print_text
from unclouded.cli.output.terminal.live_table import LiveView
from unclouded.cli.output.value_text import moment_text, since_text
from unclouded.cli.verbs.read import state_note
from unclouded.core.errors import CommandError
from unclouded.core.model import Device, Notice, Point, Reading, Status

NOW = 1_795_262_400.0  # 2026-11-21 12:00 UTC
HOSTILE = "kettle\x1b]0;title\x07\r\n\x9b2J\u202e\x1b[31m"
DAY = 86_400


def is_safe(text: str) -> bool:
    return not any(ord(one) < 32 or 0x7F <= ord(one) < 0xA0 or one == "\u202e" for one in text.replace("\n", ""))


def one_line(text: str) -> bool:
    return is_safe(text) and text.endswith("\n") and text.count("\n") == 1


def test_texts_of_devices_are_printed_on_one_line(capsys: pytest.CaptureFixture[str]) -> None:
    print_text(HOSTILE)
    assert one_line(capsys.readouterr().out)
    print_outcome(f"{HOSTILE} on = on", {"outcome": "refused", "reason": HOSTILE, "ms": 1.0})
    assert one_line(capsys.readouterr().out)
    print_error(CommandError(f"There is no device {HOSTILE}"), as_json=False)
    assert one_line(capsys.readouterr().err)
    line = plain_line(Reading(HOSTILE, "mode", HOSTILE, NOW, "good", (HOSTILE,)), UTC)
    assert is_safe(line) and "\n" not in line


def test_an_outcome_of_several_lines_is_printed_as_they_are(capsys: pytest.CaptureFixture[str]) -> None:
    code = "carrier 38000\npulse 9000\nspace \x1b4500"
    print_outcome("g export_ir", {"outcome": "confirmed", "reason": code, "ms": 1.0})
    printed = capsys.readouterr().out
    assert printed == "g export_ir confirmed (1 ms)\ncarrier 38000\npulse 9000\nspace \\x1b4500\n"


def test_the_table_shows_no_control_character() -> None:
    from rich.console import Console

    view = LiveView(HOSTILE, UTC)
    point = Point(key="mode", kind="text", label=HOSTILE)
    view.feed(
        Device(id="a", identity="a", family="toy", link="", profile="", name=HOSTILE, points=(point,)),
        Status("a", "online", NOW),
        Reading("a", "mode", HOSTILE, NOW),
        Device(id="b", identity="b", family="toy", link="", profile="", name="b"),
        Status("b", "offline", NOW, HOSTILE),
        Notice("a", NOW, "rejected", HOSTILE),
    )
    console = Console(width=160, file=io.StringIO(), color_system=None)
    with console.capture() as shown:
        console.print(view.render(NOW, 160))
    assert is_safe(shown.get())


def log_line(message: str, *args: object, error: Exception | None = None, zone: str = "UTC") -> str:
    info = (type(error), error, error.__traceback__) if error else None
    record = logging.LogRecord("x", logging.ERROR, "f", 1, message, args, info)
    record.created = NOW
    return LogFormatter(ZoneInfo(zone)).format(record)


def test_log_lines_carry_the_date_in_the_configured_zone_and_no_control_character() -> None:
    assert log_line("%s: %s", "pump", "on") == "2026-11-21 12:00:00 ERROR pump: on"
    assert log_line("x", zone="Asia/Tokyo").startswith("2026-11-21 21:00:00")
    line = log_line("%s", HOSTILE)
    assert is_safe(line) and "\n" not in line
    try:
        raise ValueError(HOSTILE)
    except ValueError as error:
        text = log_line("crashed", error=error)
    assert is_safe(text) and text.splitlines()[1].startswith("Traceback")


def test_times_of_other_days_carry_their_date() -> None:
    assert moment_text(NOW, NOW + 60, UTC) == "12:00:00"
    assert moment_text(NOW, NOW + DAY, UTC) == "21 Nov 12:00:00"
    assert moment_text(NOW, NOW + 365 * DAY, UTC) == "21 Nov 2026 12:00:00"
    assert since_text(NOW, NOW + 365 * DAY, UTC) == "since 21 Nov 2026 12:00"
    line = plain_line(Reading("pump", "on", True, NOW), UTC, NOW + 2 * DAY)
    assert line.startswith("21 Nov 12:00:00  pump")
    assert plain_line(Reading("pump", "on", True, NOW), ZoneInfo("Asia/Tokyo"), NOW).startswith("21:00:00  pump")


def test_an_offline_device_is_read_with_its_age() -> None:
    device = {"id": "pump", "state": "offline", "since": "2026-11-21T10:30:00Z", "reason": "no heartbeat answer."}
    assert state_note(device, NOW - 7200, NOW, UTC) == (
        "pump is offline since 10:30: no heartbeat answer. Its last values are 2 h old."
    )


def test_the_help_of_set_names_the_values_of_a_switch() -> None:
    text = CliRunner().invoke(cli, ["set", "--help"]).output
    assert "1 and 0, true and false" in " ".join(text.split())


def test_the_journal_gets_priorities_instead_of_times_on_each_line() -> None:
    try:
        raise ValueError("two\nlines")
    except ValueError:
        record = logging.LogRecord("unclouded", logging.WARNING, "", 0, "A \x1b[31mdevice\nfailed", (), sys.exc_info())
    lines = JournalFormatter().format(record).split("\n")
    assert len(lines) > 3 and all(line.startswith("<4>") for line in lines)
    assert "WARNING" not in lines[0] and "\x1b" not in lines[0] and lines[0].startswith("<4>A ")


def test_stderr_is_the_journal_where_the_environment_names_its_file(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    with (tmp_path / "log").open("w") as log:
        monkeypatch.setattr(sys, "stderr", log)
        place = (tmp_path / "log").stat()
        assert is_journal({"JOURNAL_STREAM": f"{place.st_dev}:{place.st_ino}"})
        assert not is_journal({"JOURNAL_STREAM": f"{place.st_dev}:{place.st_ino + 1}"})
        assert not is_journal({})
