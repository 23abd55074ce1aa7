"""Checks that change something: the relay, a setting, a restart.

Source: docs/protocols/meross_console.md §2.2, §3, §4.
"""

from collections.abc import Callable
from typing import Any

from unclouded.conformance.check import Check, Grade
from unclouded.conformance.line import LineEntry, Script
from unclouded.conformance.meross_console.console_lines import Line, answer_to, is_prompt, quiet, run, starts, wake
from unclouded.conformance.rows import judged, row
from unclouded.families.meross.console.wire.known_lines import facts_of, known_line

RESTART, RESTARTED = "restart", "restarted"
RESTART_DANGER = "It starts the board again: the relay may switch off meanwhile."
SWITCH_DANGER = "It switches the relay. (Never connect the board to mains while a serial adapter is connected to it.)"
WRITE_DANGER = "It changes the setting common DbgLevel, and changes it back."
LOG_DANGER = "It makes it print the messages of the connection for a moment."
RESTART_S = 15.0  # docs/protocols/meross_console.md §3
SWITCH_S = 4.0  # until a setting shows it; ours
RELAY = "config read meross dev.ctl.switchStatus.00"
SETTING = "common DbgLevel"
REASON = "HAL_WDT_SOFTWARE_RESET"


# --- restart -----------------------------------------------------------------------------------------


def restart(line: Line) -> Script[None]:
    _, line.end.before = yield from answer_to(line, "meross hw")
    yield from quiet(line)
    mark = line.log.mark()
    line.send(b"reboot\r")
    yield from line.wait_for(starts, RESTART_S)
    yield from quiet(line, 1.0, RESTART_S)
    line.observed[RESTARTED] = tuple(line.received(mark))


def _printed(line: Line) -> list[LineEntry]:
    """From the first line that only a start prints."""
    entries = line.observed[RESTARTED]
    first = next((number for number, one in enumerate(entries) if starts(one)), None)
    return list(entries[first:]) if first is not None else line.skip("It did not start again.")


def start_is_printed(line: Line) -> None:
    line.require(any(map(starts, line.observed[RESTARTED])), f"Within {RESTART_S:g} s it did not start again.")


def start_log(line: Line) -> None:
    logs = [one.frame.log for one in _printed(line) if one.frame is not None and one.frame.log is not None]
    line.require(logs, "It printed no lines of the log.")
    line.require(logs[0].at_ms < 5_000, f"The log's clock begins at {logs[0].at_ms} ms.")


def start_reason(line: Line) -> None:
    facts: dict[str, str] = {}
    for entry in _printed(line):
        known = known_line(entry.frame.text) if entry.frame is not None else None
        facts |= facts_of(known, entry.frame.text) if known is not None else {}
    line.require("reset_reason" in facts, "No line had the reason of the reset.")
    line.require(facts["reset_reason"] == REASON, f"The reason of the reset is {facts['reset_reason']}.")


def start_prompt(line: Line) -> Script[None]:
    if any(map(is_prompt, _printed(line))):
        return
    line.require((yield from wake(line)), "After the start no prompt came, and Return got none.")


def start_uptime(line: Line) -> Script[None]:
    began = _printed(line)[0].at
    _, found = yield from answer_to(line, "meross time")
    uptime: int | None = found.uptime_s  # type: ignore[attr-defined]  # a ClockInfo
    if uptime is None:
        line.skip("meross time shows no uptime.")
    line.require(uptime <= line.now - began + 1, f"{line.now - began:.0f} s after the start the uptime is {uptime} s.")


def start_identity(line: Line) -> Script[None]:
    _printed(line)
    _, found = yield from answer_to(line, "meross hw")
    line.require(found == line.end.before, "After the start meross hw differs.")


# --- the relay ---------------------------------------------------------------------------------------


def _shown(line: Line, command: str) -> Script[str]:
    """The value that config read shows."""
    reply, _ = yield from answer_to(line, command)
    texts = [one.text.strip() for one in reply.lines if one.text.strip()]
    return texts[-1].rpartition(":")[2].strip() if texts else ""


def switch(line: Line) -> Script[None]:
    """To the other state, and back."""
    _, hardware = yield from answer_to(line, "meross hw")
    uuid: str = hardware.uuid  # type: ignore[attr-defined]  # a HardwareInfo
    was = yield from _shown(line, RELAY)
    if was not in ("0", "1"):
        line.skip(f"{RELAY} shows {was!r}.")
    for state in ("0" if was == "1" else "1", was):
        yield from run(line, f"meross switch {uuid} {'on' if state == '1' else 'off'}")
        until = line.now + SWITCH_S
        while (yield from _shown(line, RELAY)) != state:
            word = "on" if state == "1" else "off"
            line.require(line.now < until, f"{SWITCH_S:g} s after it was switched {word}, its setting is not {state}.")
            yield from line.pause(0.5)


# --- settings ----------------------------------------------------------------------------------------


def write(line: Line) -> Script[None]:
    was = yield from _shown(line, f"config read {SETTING}")
    if not was.isdigit():
        line.skip(f"config read {SETTING} shows {was!r}.")
    other = "2" if was != "2" else "3"
    yield from run(line, f"config write {SETTING} {other}")
    now = yield from _shown(line, f"config read {SETTING}")
    yield from run(line, f"config write {SETTING} {was}")
    back = yield from _shown(line, f"config read {SETTING}")
    line.require(now == other, f"{SETTING} was set to {other}, and is {now}.")
    line.require(back == was, f"{SETTING} was set back to {was}, and is {back}.")


def dump(line: Line) -> Script[None]:
    for state in ("on", "off"):
        reply, _ = yield from answer_to(line, f"meross iot log {state}")
        texts = " ".join(one.text for one in reply.lines)
        line.require("protocol package dump" in texts, f"meross iot log {state} is not answered by its line.")


# --- the table ---------------------------------------------------------------------------------------


def _start(
    name: str, title: str, script: Callable[[Line], Any], clause: str, grade: Grade = "must"
) -> Check:  # Any: a Script
    return row(
        f"console.restart.{name}",
        title,
        clause,
        script,
        needs=(RESTART,),
        danger=RESTART_DANGER,
        timeout_s=90.0,
    )


ACTION_CHECKS: tuple[Check, ...] = (
    row("console.log.dump", "meross iot log is answered by its line", "§4", dump, danger=LOG_DANGER, timeout_s=60.0),
    row("console.setting", "A setting that is written is read back", "§3", write, danger=WRITE_DANGER, timeout_s=90.0),
    row("console.switch", "The setting of the relay follows it", "§4", switch, danger=SWITCH_DANGER, timeout_s=90.0),
    _start("printed", "reboot starts it again", judged(start_is_printed), "§2.2"),
    _start("log", "The log begins again", judged(start_log), "§2"),
    _start("reason", "It names the reason of the reset", judged(start_reason), "docs/protocols/meross.md §1.9.3"),
    _start("prompt", "A prompt follows", start_prompt, "§1.2"),
    _start("uptime", "The uptime begins again", start_uptime, "§4"),
    _start("identity", "Its identity stays", start_identity, "§4"),
)
