"""The parts of a terminal on a console: history, transcript, filter of the log, and what may be kept of a line."""

import stat
from pathlib import Path

import pytest

from unclouded.app.console.connection import ConsoleListener, ConsoleStatus
from unclouded.app.console.history_file import MOST_LINES, HistoryFile
from unclouded.app.console.log_filter import LogFilter
from unclouded.app.console.transcript import Transcript
from unclouded.app.console.typed_command import may_be_kept, parsed
from unclouded.cli.terminal.painted import painted_log, painted_status, text_of, wrapped
from unclouded.core.errors import CommandError
from unclouded.core.sessions.session import Logged

LOG = Logged("[T: 153 M: mrs_http C: warning F: on_event L: 33]: httpd status = 1", "warning", "mrs_http")


# --- what is kept -----------------------------------------------------------------------------------


def test_the_history_is_for_its_owner_only_and_has_no_secret(tmp_path: Path) -> None:
    history = HistoryFile(tmp_path / "state" / "history")
    kept = [
        line for line in ("meross  mem", "config write STA WpaPsk abc", "foo key=1", "\x1b[2J") if history.add(line)
    ]
    assert kept == ["meross  mem"] and history.lines() == ["meross mem"]
    assert stat.S_IMODE((tmp_path / "state" / "history").stat().st_mode) == 0o600


def test_the_history_is_bounded_and_a_folder_that_cannot_be_written_is_no_error(tmp_path: Path) -> None:
    history = HistoryFile(tmp_path / "history")
    (tmp_path / "history").write_text("".join(f"meross ping {n}\n" for n in range(MOST_LINES + 5)))
    history.add("meross mem")
    assert len(history.lines()) == MOST_LINES and history.lines()[-1] == "meross mem"
    assert (
        HistoryFile(Path("/proc/no/history")).add("meross mem") and HistoryFile(Path("/proc/no/history")).lines() == []
    )


@pytest.mark.parametrize(
    ("line", "is_kept"),
    [
        ("config read STA WpaPsk", True),
        ("config write STA Ssid home", False),
        ("config write STA WpaPsk a b", False),
        ("meross iot upgrade http://10.0.0.1/a", True),
        ("meross set key 1234", False),
        ("meross foo bar", True),
    ],
)
def test_a_line_with_a_secret_is_not_kept(line: str, is_kept: bool) -> None:
    assert may_be_kept(line) is is_kept


def test_a_line_is_shown_without_its_secret() -> None:
    assert parsed("config write  STA WpaPsk abc").shown == "config write STA WpaPsk ********"
    assert parsed("meross set key 1234").shown == "meross set ********"


def test_a_transcript_never_replaces_a_file(tmp_path: Path) -> None:
    transcript = Transcript()
    transcript.add("$ meross mem  ")
    assert (tmp_path / "one").read_text() == "$ meross mem\n" if transcript.save(str(tmp_path / "one")) else False
    with pytest.raises(CommandError, match="exists already"):
        transcript.save(str(tmp_path / "one"))
    with pytest.raises(CommandError, match="cannot be written"):
        transcript.save(str(tmp_path / "none" / "one"))


# --- the log ----------------------------------------------------------------------------------------


@pytest.mark.parametrize(
    ("setting", "is_shown"),
    [
        ("off", False),
        ("all", True),
        ("info", True),
        ("warning", True),
        ("error", False),
        ("mrs_http", True),
        ("x", False),
    ],
)
def test_the_filter_takes_levels_and_modules(setting: str, is_shown: bool) -> None:
    chosen = LogFilter()
    assert setting == "info" or setting in chosen.choose(setting) or setting in ("off", "all")
    chosen.choose(setting)
    assert chosen.takes(LOG) is is_shown
    assert chosen.takes(Logged("NOR_init", "", "boot loader")) is (setting in ("all", "info"))
    assert list(chosen.modules) == ["mrs_http", "boot loader"]


def test_a_line_of_the_log_has_its_time_first_and_a_level_that_stands_out() -> None:
    assert painted_log(LOG) == [("time", "     0.153 "), ("module", "mrs_http"), ("warning", ": httpd status = 1")]
    assert text_of(painted_log(Logged("NOR_init", "", "boot loader"))) == "boot loader: NOR_init"


def test_sentences_are_wrapped_and_answers_are_not() -> None:
    assert wrapped([("note", "one two three")], 8) == [[("note", "one two")], [("note", "three")]]
    assert wrapped([("", "one two three")], 8) == [[("", "one two three")]]


# --- the state --------------------------------------------------------------------------------------


def test_the_state_is_one_line_that_is_never_too_wide() -> None:
    status = ConsoleStatus(name="bench", info={"product": "mss310", "version": "2.1.7", "start_reset_reason": "HAL_X"})
    assert text_of(painted_status(status, 0.0, 80)) == " connecting "
    status.enter("online", "", ConsoleListener())
    for point, value in (("power_W", 67.3), ("on", True), ("wifi", "connected"), ("uptime_s", 120)):
        status.read(point, value, 1_000.0)
    whole = text_of(painted_status(status, 1_060.0, 80))
    assert whole == " online   mss310 2.1.7  67 W  relay on  Wi-Fi connected  up 3 min  reset X"
    for width in range(10, 80):
        assert len(text_of(painted_status(status, 1_060.0, width))) <= width
    status.enter("waiting", "The console does not answer. " * 5, ConsoleListener())
    assert text_of(painted_status(status, 0.0, 40)) == " waiting   The console does not answer.…"


def test_a_start_is_reported_once() -> None:
    class Starts(ConsoleListener):
        def started(self, facts: object) -> None:
            found.append(facts)

    found: list[object] = []
    status = ConsoleStatus(name="bench", info={"start_at": "12:00"})
    for at in ("12:00", "12:05", "12:05"):
        status.describe({"start_at": at, "start_cm4": ""}, Starts())
    assert found == [{"at": "12:05"}]
