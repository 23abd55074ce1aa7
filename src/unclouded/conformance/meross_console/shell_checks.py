"""Checks of the console as a shell: its prompt, its lines, its log, and what it takes.

Source: docs/protocols/meross_console.md §1 to §3.
"""

from collections.abc import Callable

from unclouded.conformance.check import Check, Grade
from unclouded.conformance.line import LineEntry, Script
from unclouded.conformance.meross_console.console_lines import (
    ANSWER_S,
    CR,
    Line,
    answer_to,
    is_plain,
    is_printed,
    is_prompt,
    quiet,
    row_of,
    run,
    starts,
    wake,
)
from unclouded.conformance.rows import judged, row
from unclouded.families.meross.console.wire.answer_form import whole_lines
from unclouded.families.meross.console.wire.answer_types import CommandList
from unclouded.families.meross.console.wire.answers import form_of
from unclouded.families.meross.console.wire.commands import INCOMPLETE, listed_under
from unclouded.families.meross.console.wire.lines import LONGEST_LINE, LineKind

COMMANDS = ("meross hw", "meross fw", "meross mem", "meross power", "ver", "ip")
RECORDED = "commands"
NEEDS = (RECORDED,)
UNKNOWN = "unclouded"
PROBE = "meross fw"
FIRST_NAMES = {"ip", "stat", "ver", "meross", "config", "reboot"}
BYTE_S = 0.005
CONTROL, BINARY, KEY = bytes(range(14, 27)), bytes(range(128, 192)), b"\x1b[A\x1b[D"
LONG = b"-" * 600 + CR


def record(line: Line) -> Script[None]:
    """Some commands twice, so that what comes by chance is seen."""
    line.end.replies = []
    for command in COMMANDS * 2:
        line.end.replies.append((yield from run(line, command)))
        if line.end.replies[-1].took_s is None or line.end.replies[-1].has_started:
            yield from wake(line)


# --- the shell ---------------------------------------------------------------------------------------


def return_is_answered(line: Line) -> Script[None]:
    yield from quiet(line)
    line.send(CR)
    yield from line.expect(is_prompt, ANSWER_S, "Return alone is not answered by a prompt.")


def returns_are_answered(line: Line) -> Script[None]:
    yield from quiet(line)
    mark = line.log.mark()
    for _ in range(3):
        line.send(CR)
        yield from line.pause(0.2)
    yield from line.pause(1.0)
    count = sum(map(is_prompt, line.received(mark)))
    line.require(count == 3, f"Three times Return were answered by {count} prompts.")


def prompt_follows(line: Line) -> None:
    missing = [one.command for one in line.end.replies if one.took_s is None]
    line.require(not missing, f"No prompt came after {', '.join(dict.fromkeys(missing))}.")


def prompt_form(line: Line) -> None:
    odd = [one.data for one in line.received() if is_prompt(one) and one.data != b"$ "]
    line.require(not odd, f"{len(odd)} prompts were {odd[0]!r} instead of '$ '." if odd else "")


def echo(line: Line) -> None:
    missing = [one.command for one in line.end.replies if not one.is_echoed and not one.is_damaged]
    line.require(not missing, f"{missing[0]} was not echoed." if missing else "")


def line_ends(line: Line) -> None:
    kinds = (LineKind.TEXT, LineKind.LOG, LineKind.BLANK)
    found = [one for one in line.received() if one.frame is not None and one.frame.kind in kinds]
    odd = [one for one in found if not one.frame.cut and not one.data.endswith(b"\r\n")]
    line.require(not odd, f"{len(odd)} lines of {len(found)} do not end with CR LF.")


def all_text(line: Line) -> None:
    odd = [one for one in line.received() if one.frame is None and one.data]
    line.require(not odd, f"{sum(len(one.data) for one in odd)} bytes are not a line: {odd[0].reason}." if odd else "")
    garbled = [one for one in line.received() if one.frame is not None and not is_plain(one.frame.text)]
    line.require(not garbled, f"{len(garbled)} lines have characters that are not text.")


def line_lengths(line: Line) -> None:
    longest = max((len(one.data) for one in line.received()), default=0)
    line.require(longest < LONGEST_LINE, f"A line has more than {LONGEST_LINE} bytes.")


def no_cut_lines(line: Line) -> None:
    count = sum(one.frame is not None and one.frame.cut for reply in line.end.replies for one in reply.entries)
    line.require(not count, f"{count} lines of answers were cut by the log.")


def uninterrupted(line: Line) -> None:
    replies = [one for one in line.end.replies if not one.has_started]
    count = sum(is_printed(one) for reply in replies for one in reply.entries)
    line.require(not count, f"{count} lines of the log and the driver are inside {len(replies)} answers.")


def no_restart(line: Line) -> None:
    replies = [one.command for one in line.end.replies if one.has_started]
    line.require(not replies, f"It started again {len(replies)} times, first at {replies[0]}." if replies else "")


def _logs(line: Line) -> list[LineEntry]:
    found = [one for one in line.received() if one.frame is not None and one.frame.log is not None]
    return found or line.not_applicable("No line of the log came.")


def log_form(line: Line) -> None:
    """But for lines that others interrupt."""
    logs = [one for one in _logs(line) if one.data.startswith(b"[T: ")]
    cut = sum(one.frame.log.cut for one in logs)
    line.require(2 * cut <= len(logs), f"Of {len(logs)} lines of the log {cut} are not whole.")


def log_clock(line: Line) -> None:
    """Between two starts it never goes back."""
    newest = 0
    for entry in line.received():
        log = entry.frame.log if entry.frame is not None else None
        if starts(entry):
            newest = 0
        elif log is not None and not log.cut:
            line.require(log.at_ms >= newest, f"The log's clock went back from {newest} to {log.at_ms}.")
            newest = log.at_ms
    _logs(line)


# --- lists -------------------------------------------------------------------------------------------


def first_level(line: Line) -> Script[None]:
    _, found = yield from answer_to(line, "?")
    names = _names(found)
    missing = sorted(FIRST_NAMES - names)
    line.require(not missing, f"? does not list {', '.join(missing)}.")


def _names(answer: object) -> set[str]:
    return {one.name for one in answer.commands} if isinstance(answer, CommandList) else set()


def listed(name: str) -> Callable[[Line], Script[None]]:
    """An incomplete command is answered by the list of what can follow."""

    def script(line: Line) -> Script[None]:
        reply, found = yield from answer_to(line, name)
        texts = [one.text.strip() for one in reply.lines]
        line.require(INCOMPLETE in texts, f"{name} is not answered by {INCOMPLETE!r}.")
        missing = {row.name.split()[-1] for row in listed_under(name)} - _names(found)
        line.require(not missing, f"After {name} it does not list {', '.join(sorted(missing))}.")

    return script


def no_new_names(line: Line) -> Script[None]:
    new = []
    for name in ("?", "meross", "config", "meross iot"):
        _, found = yield from answer_to(line, name)
        known = {row.name.split()[-1] for row in listed_under(name)} | {"?"}
        new += [f"{'' if name == '?' else name + ' '}{one}" for one in sorted(_names(found) - known)]
    line.require(not new, f"It lists commands that no source names: {', '.join(new)}.")


def usage(name: str) -> Callable[[Line], Script[None]]:
    """A command without the arguments that it needs does nothing but show how it is written."""

    def script(line: Line) -> Script[None]:
        reply, _ = yield from answer_to(line, name)
        shown = " ".join(one.text for one in reply.lines)
        line.require(name in shown, f"{name} alone does not show how it is written.")

    return script


# --- what it takes -----------------------------------------------------------------------------------


def goes_on(line: Line, after: str) -> Script[None]:
    """Fails where the console answers none of three commands. ``after``: what was sent before, for the reason."""
    for _ in range(3):
        reply = yield from run(line, PROBE)
        if reply.took_s is not None and any("fw version" in one.text for one in reply.lines):
            return
    line.fail(f"It no longer answers after {after}.")


def after(what: str, typed: bytes, pause_s: float = 0.5) -> Callable[[Line], Script[None]]:
    """A script: the console still answers after these bytes were typed."""

    def script(line: Line) -> Script[None]:
        yield from quiet(line)
        line.send(typed)
        yield from line.pause(pause_s)
        yield from wake(line)
        yield from goes_on(line, what)

    return script


def unknown_command(line: Line) -> Script[None]:
    reply = yield from run(line, UNKNOWN)
    line.require(reply.took_s is not None, "No prompt came after an unknown command.")
    yield from goes_on(line, "an unknown command")


def _answers(line: Line, mark: int, otherwise: str) -> None:
    line.require(any(text.startswith("fw version") for text in _texts(line, mark)), otherwise)


def _texts(line: Line, mark: int) -> list[str]:
    entries = line.received(mark)
    if any(one.frame is None or not is_plain(one.frame.text) for one in entries):
        line.skip("What was received has parts that are not text.")
    return [one.frame.text for one in entries]


def byte_by_byte(line: Line) -> Script[None]:
    yield from quiet(line)
    mark = line.log.mark()
    typed = PROBE.encode() + CR
    for number, byte in enumerate(typed):
        line.send(bytes((byte,)), after=number * BYTE_S)
    yield from line.pause(1.5)
    _answers(line, mark, "A command typed 5 ms apart is not answered.")


def in_two_parts(line: Line) -> Script[None]:
    yield from quiet(line)
    mark = line.log.mark()
    typed = PROBE.encode() + CR
    line.send(typed[:5])
    yield from line.pause(2.0)
    line.send(typed[5:])
    yield from line.pause(1.5)
    _answers(line, mark, "A command typed with a pause of 2 s is not answered.")


def spaces(line: Line) -> Script[None]:
    yield from quiet(line)
    mark = line.log.mark()
    line.send(b"  meross   fw " + CR)
    yield from line.pause(1.5)
    _answers(line, mark, "A command with more spaces between its words is not answered.")


def two_at_once(line: Line) -> Script[None]:
    yield from quiet(line)
    mark = line.log.mark()
    line.send(b"meross hw" + CR + b"meross fw" + CR)
    yield from line.pause(2.0)
    texts = _texts(line, mark)
    both = all(any(text.startswith(head) for text in texts) for head in ("model", "fw version"))
    line.require(both, "Of two commands typed at once, not both are answered.")


def same_each_time(line: Line) -> None:
    """The answers that cannot change."""
    for command in ("meross hw", "meross fw", "ver"):
        seen = {
            tuple(whole_lines(reply.lines, form_of(row_of(command)).fits))
            for reply in line.end.replies
            if reply.command == command and not reply.is_damaged and not any(map(is_printed, reply.entries))
        }
        line.require(len(seen) < 2, f"The answers to {command} differ.")


# --- the table ---------------------------------------------------------------------------------------


def _judged(name: str, title: str, clause: str, judge: Callable[[Line], None], grade: Grade = "must") -> Check:
    return row(f"console.{name}", title, clause, judged(judge), grade, needs=NEEDS)


def _row(name: str, title: str, clause: str, script: Callable[[Line], Script[None]], grade: Grade = "must") -> Check:
    return row(f"console.{name}", title, clause, script, grade, timeout_s=90.0)


SHELL_CHECKS: tuple[Check, ...] = (
    _row("prompt.return", "Return alone is answered by a prompt", "§1.2", return_is_answered),
    _row("prompt.each", "Each Return is answered by one prompt", "§1.2", returns_are_answered, "should"),
    _judged("prompt.after-answer", "A prompt follows each answer", "§1.2", prompt_follows),
    _judged("prompt.form", "The prompt is '$ '", "§1.2", prompt_form),
    _judged("echo", "What is typed is echoed", "§1.2", echo, "deviation"),
    _judged("lines.end", "Lines end with CR LF", "§1.1", line_ends, "should"),
    _judged("lines.text", "All that it prints is text", "§1.3", all_text),
    _judged("lines.length", f"No line has more than {LONGEST_LINE} bytes", "§1.1", line_lengths),
    _judged("answers.same", "Model, firmware and versions stay the same", "§4", same_each_time),
    _judged("answers.whole", "No line of an answer is cut", "§2.1", no_cut_lines, "deviation"),
    _judged("answers.uninterrupted", "Answers are not mixed with other lines", "§2.2", uninterrupted, "deviation"),
    _judged("answers.no-restart", "It does not start again by itself", "§2.2", no_restart),
    _row("list.first", "? lists ip, stat, ver, meross, config and reboot", "§3", first_level),
    _row("list.meross", "meross lists what can follow", "§3", listed("meross")),
    _row("list.config", "config lists what can follow", "§3", listed("config")),
    _row("list.iot", "meross iot lists what can follow", "§3", listed("meross iot")),
    _row("list.known", "It lists no commands that no source names", "§3", no_new_names, "deviation"),
    _row("usage.switch", "meross switch alone shows its usage", "§3", usage("meross switch")),
    _row("usage.led", "meross led alone shows its usage", "§3", usage("meross led")),
    _row("usage.test", "meross test alone shows its usage", "§3", usage("meross test")),
    _row("usage.upgrade", "meross iot upgrade alone shows its usage", "§3", usage("meross iot upgrade")),
    _row("usage.e2p", "meross e2p alone shows its usage", "§3", usage("meross e2p")),
    _row("typed.unknown", "A prompt follows a command that it does not know", "§1.2", unknown_command),
    _row("typed.byte-by-byte", "A command is received byte by byte", "§1.1", byte_by_byte),
    _row("typed.pause", "A command may be typed with a pause", "§1.1", in_two_parts),
    _row("typed.spaces", "More spaces between words make no difference", "§3", spaces, "should"),
    _row("typed.at-once", "Two commands typed at once are both answered", "§1.2", two_at_once, "deviation"),
    _row("typed.long", "It goes on after a line of 600 characters", "§1.1", after("a long line", LONG)),
    _row(
        "typed.control",
        "It goes on after control characters",
        "§1.1",
        after("control characters", bytes(range(14, 27))),
    ),
    _row("typed.key", "It goes on after a key of a terminal", "§1.1", after("a key of a terminal", KEY)),
    _row(
        "typed.binary",
        "It goes on after bytes that are not text",
        "§1.1",
        after("bytes that are not text", bytes(range(128, 192))),
        "should",
    ),
    _row("typed.returns", "It goes on after 20 times Return", "§1.2", after("20 times Return", CR * 20, 2.0)),
)
LOG_CHECKS: tuple[Check, ...] = (
    _judged("log.form", "Most lines of the log have its form", "§2", log_form),
    _judged("log.clock", "The log's clock never goes back", "§2", log_clock),
)
