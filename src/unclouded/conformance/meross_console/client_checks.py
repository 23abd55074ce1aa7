"""Checks of a client: what it types by itself, and that it goes on whatever a console prints.

Source: docs/protocols/meross_console.md §1 to §3, §6.
"""

from collections.abc import Callable, Sequence
from itertools import pairwise

from unclouded.conformance.check import Check, Grade, Preparation
from unclouded.conformance.line import LineEntry, Script
from unclouded.conformance.meross_console.emulated_console import (
    CR,
    Alter,
    ClientLine,
    Printed,
    is_command,
    is_typed,
)
from unclouded.conformance.rows import judged, row
from unclouded.families.meross.console.wire.command_line import command_of
from unclouded.families.meross.console.wire.commands import COMMANDS
from unclouded.families.meross.console.wire.redact import reads_secret

WORK, SLOW, SILENT = "work", "work with a slow console", "silence"
WORK_S, SLOW_S, SILENT_S = 90.0, 60.0, 30.0
DELAY_S = 1.0  # that each line takes, of the slow console
LONGEST_WAIT_S = 120.0  # for a command
SEVERAL = 3  # commands without Return between them, of a client that is answered
NO_FLOOD_S = 0.9  # between two Returns
START_S = 3.0  # that the board takes to start
LONG_S = 600.0
ERASE = "erase"
START_LOG = (
    b"F1: 0000 0000\r\nLeaving the BROM\r\nNOR_init\r\nsleep locked.\r\nsystem up:0\r\n"
    b"Last reset reason:HAL_WDT_SOFTWARE_RESET\r\nmeross watch dog start\r\n"
)
LOG_LINE = b"[T: 1117837 M: wifi C: warning F: wifi_link_check L: 77]: beacon lost\r\n"
DRIVER_LINE = b"cmd id 0xd6 -- 0x0 seq 0x5\r\n"
U_BOOT = b"\r\nU-Boot 1.1.3\r\nPlease choose the operation:\r\nMT7688 # "
LINUX = b"\r\nBusyBox v1.12.1\r\n/ # "
REALTEK = b"\r\nUnknown ATC command\r\n$8710c>"
FOREIGN_S = 15.0


# --- preparations ------------------------------------------------------------------------------------


def work(line: ClientLine) -> Script[None]:
    yield from line.pause(WORK_S)


def slow(line: ClientLine) -> Script[None]:
    line.end.alter = lambda data: ((DELAY_S, data),)
    yield from line.pause(SLOW_S)
    line.end.alter = lambda data: ((0.0, data),)
    yield from line.pause(5.0)


def silence(line: ClientLine) -> Script[None]:
    line.end.is_silent = True
    yield from line.pause(SILENT_S)


PREPARATIONS = {
    WORK: Preparation(text="it has worked for a while", script=work, once=True),
    SLOW: Preparation(text="it has worked with a slow console", script=slow, once=True),
    SILENT: Preparation(text="the console was silent", script=silence, once=True),
}


def _typed(line: ClientLine, name: str) -> list[LineEntry]:
    return [one for one in line.observed[name] if is_typed()(one)]


def _commands(line: ClientLine, name: str) -> list[str]:
    found = [one.frame.text for one in line.observed[name] if is_command(one)]
    return found or line.not_applicable("It typed no command.")


# --- what it types -----------------------------------------------------------------------------------


def ends_with_cr(line: ClientLine) -> None:
    odd = [one.frame.end for one in _typed(line, WORK) if one.frame.end != CR]
    line.require(not odd, f"{len(odd)} lines ended with {odd[0]!r}." if odd else "")


def known_commands(line: ClientLine) -> None:
    odd = [text for text in _commands(line, WORK) if command_of(text) is None]
    line.require(not odd, f"It typed {odd[0][:80]!r}." if odd else "")


def no_danger(line: ClientLine) -> None:
    rows = [command_of(text) for text in _commands(line, WORK)]
    found = [row.name for row in rows if row is not None and (row.danger or row.relay or row.restarts)]
    line.require(not found, f"By itself it typed {', '.join(found)}.")


def no_secrets(line: ClientLine) -> None:
    found = [text for text in _commands(line, WORK) if reads_secret(text)]
    line.require(not found, f"By itself it typed {found[0]!r}." if found else "")


def plain_words(line: ClientLine) -> None:
    odd = [text for text in _commands(line, WORK) if not (text.isascii() and text.isprintable())]
    line.require(not odd, f"It typed {odd[0][:80]!r}." if odd else "")


def reads_identity(line: ClientLine) -> None:
    names = {one.frame.text for one in line.received() if is_typed()(one)}
    line.require("meross hw" in names, "It did not type meross hw.")


def one_at_a_time(line: ClientLine) -> None:
    """With a console that takes 1 s for each line, the next command waits for the prompt."""
    waiting = ""
    for entry in line.observed[SLOW]:
        if entry.sender == "device" and entry.data.endswith(b"$ "):
            waiting = ""
        elif is_command(entry):
            line.require(not waiting, f"It typed {entry.frame.text!r} before the prompt after {waiting!r}.")
            waiting = entry.frame.text


# --- silence -----------------------------------------------------------------------------------------


def _returns(line: ClientLine) -> list[LineEntry]:
    return [one for one in _typed(line, SILENT) if not is_command(one)]


def types_return(line: ClientLine) -> None:
    line.require(_returns(line), f"The console was silent for {SILENT_S:g} s, and Return was not typed.")


def only_return(line: ClientLine) -> None:
    returns = _returns(line) or line.skip("It did not type Return.")
    odd = [one.frame.text for one in _typed(line, SILENT) if is_command(one) and one.at > returns[0].at]
    line.require(not odd, f"Without a prompt it typed {odd[0]!r}." if odd else "")


def no_flood(line: ClientLine) -> None:
    least = min((after.at - before.at for before, after in pairwise(_returns(line))), default=NO_FLOOD_S)
    line.require(least >= NO_FLOOD_S, f"Two Returns came within {least:.2f} s.")


# --- going on ----------------------------------------------------------------------------------------


def works(line: ClientLine, otherwise: str) -> Script[None]:
    """It types several commands without Return between them, or as many as it did before: all are answered."""
    until, count = line.now + LONGEST_WAIT_S, 0
    wanted = min(SEVERAL, _longest_run(_typed(line, WORK)))
    while count < wanted:
        entry = yield from line.expect(is_typed(), until - line.now, otherwise)
        count = count + 1 if is_command(entry) else 0


def _longest_run(typed: Sequence[LineEntry]) -> int:
    """Of commands without Return between them."""
    runs = [0]
    for entry in typed:
        if is_command(entry):
            runs[-1] += 1
        else:
            runs.append(0)
    return max(runs)


def goes_on(what: str, alter: Alter) -> Callable[[ClientLine], Script[None]]:
    """While the console prints so, and after it was looked for again."""

    def script(line: ClientLine) -> Script[None]:
        yield from look_again(line)
        line.end.alter = alter
        yield from works(line, f"It does not go on with {what}.")

    return script


def without_echo(line: ClientLine) -> Script[None]:
    yield from look_again(line)
    line.end.set_echo(False)
    yield from works(line, "It does not go on without an echo.")


def look_again(line: ClientLine) -> Script[None]:
    """Be silent until it types Return."""
    line.end.is_silent = True
    yield from line.expect(
        lambda entry: is_typed()(entry) and not is_command(entry), LONGEST_WAIT_S, "It did not type Return."
    )
    line.end.is_silent = False


def after_restart(line: ClientLine) -> Script[LineEntry]:
    """The board starts while it works; what is typed first then."""
    yield from line.expect(is_command, LONGEST_WAIT_S, "It typed no command.")
    line.end.is_silent = True
    yield from line.pause(0.1)
    line.end.print(START_LOG)
    yield from line.pause(START_S)
    line.end.is_silent = False
    line.end.print(b"$ ")
    return (yield from line.expect(is_command, LONGEST_WAIT_S, "After a start it typed no command."))


def waits_for_start(line: ClientLine) -> Script[None]:
    mark = line.log.mark()
    yield from after_restart(line)
    began = next(one.at for one in line.log.since(mark) if one.data == START_LOG)
    odd = [one.frame.text for one in line.received(mark) if is_command(one) and began < one.at < began + START_S]
    line.require(not odd, f"While the board started it typed {odd[0]!r}." if odd else "")


def asks_again(line: ClientLine) -> Script[None]:
    first = yield from after_restart(line)
    if first.frame.text != "meross hw":
        yield from line.expect(is_typed("meross hw"), 30.0, "After a start it did not type meross hw.")


def foreign(what: str, text: bytes, returns: bool) -> Callable[[ClientLine], Script[None]]:
    """Another shell is on the line. ``returns``: Return may be typed there."""

    def script(line: ClientLine) -> Script[None]:
        line.end.is_silent = True
        line.end.print(text)
        yield from line.wait_for(is_typed(), FOREIGN_S)
        line.end.print(text)
        yield from line.pause(FOREIGN_S)
        mark = line.log.mark()
        for number in range(3):
            line.end.print(text, after=2.0 * number)
        yield from line.pause(FOREIGN_S)
        typed = [one.frame.text for one in line.received(mark) if is_typed()(one)]
        odd = [one for one in typed if one.strip() or not returns]
        line.require(not odd, f"{len(odd)} lines were typed into {what}." if odd else "")

    return script


def no_learned_commands(line: ClientLine) -> Script[None]:
    """A list names a command that is not known."""
    yield from look_again(line)
    line.end.alter = with_erase
    yield from works(line, "It does not go on.")
    yield from line.expect_none(
        lambda entry: is_command(entry) and ERASE in entry.frame.text, 30.0, "It typed a command that it does not know."
    )


# --- what a console may print --------------------------------------------------------------------------


def with_erase(data: bytes) -> Printed:
    """Adds a command that destroys to a list of commands; all else is printed as it is."""
    known = any(data.startswith(row.name.split()[-1].encode() + b" ") for row in COMMANDS if row.help)
    return ((0.0, data), (0.0, b"erase  - erase all\r\n")) if known and b" - " in data else ((0.0, data),)


def ending(end: bytes) -> Alter:
    """Replaces the ends of lines by ``end``."""
    return lambda data: ((0.0, data.replace(b"\r\n", end)),)


def between(more: bytes) -> Alter:
    """Before each line."""
    return lambda data: ((0.0, more + data if data.endswith(b"\n") else data),)


def cut(data: bytes) -> Printed:
    """A log line interrupts each longer line of an answer."""
    half = len(data) // 2
    return ((0.0, data[:half] + LOG_LINE + data[half:] if len(data) > 20 else data),)


def byte_by_byte(data: bytes) -> Printed:
    return tuple((number * 0.0005, data[number : number + 1]) for number in range(len(data)))


def with_escapes(data: bytes) -> Printed:
    return ((0.0, b"\x1b[0m" + data if data.endswith(b"\n") else data),)


def twice_prompted(data: bytes) -> Printed:
    return ((0.0, data * 2 if data == b"$ " else data),)


# --- the table -----------------------------------------------------------------------------------------


def _judged(
    name: str, title: str, clause: str, judge: Callable[[ClientLine], None], needs: str, grade: Grade = "must"
) -> Check:
    return row(f"client.{name}", title, clause, judged(judge), grade, needs=(needs,))


def _row(
    name: str, title: str, clause: str, script: Callable[[ClientLine], Script[None]], grade: Grade = "must"
) -> Check:
    return row(f"client.{name}", title, clause, script, grade, needs=(WORK,), timeout_s=LONG_S)


CLIENT_CHECKS: Sequence[Check] = (
    _judged("typed.end", "Lines end with CR", "§1.1", ends_with_cr, WORK),
    _judged("typed.plain", "Commands are printable ASCII", "§3", plain_words, WORK),
    _judged("typed.known", "By itself it types known commands only", "§3", known_commands, WORK),
    _judged("typed.no-danger", "By itself it types nothing that changes or damages", "§3", no_danger, WORK),
    _judged("typed.no-secrets", "By itself it reads no secret", "§6", no_secrets, WORK),
    _judged("typed.identity", "It reads which plug it is", "§4", reads_identity, WORK, "should"),
    _judged("typed.one-at-a-time", "A command waits for the prompt", "§1.2", one_at_a_time, SLOW),
    _judged("silence.return", "Without an answer it types Return", "§1.2", types_return, SILENT, "should"),
    _judged("silence.only-return", "Until a prompt comes it types nothing else", "§1.2", only_return, SILENT),
    _judged("silence.no-flood", "Between two Returns 0.9 s pass", "§1.2", no_flood, SILENT, "should"),
    _row(
        "goes-on.silence",
        "It goes on after silence",
        "§1.2",
        goes_on("a console that was silent", lambda data: ((0.0, data),)),
    ),
    _row("goes-on.no-echo", "It goes on without an echo", "§1.2", without_echo),
    _row(
        "goes-on.lf", "It goes on with lines that end with LF", "§1.1", goes_on("LF at the end of lines", ending(b"\n"))
    ),
    _row(
        "goes-on.cr", "It goes on with lines that end with CR", "§1.1", goes_on("CR at the end of lines", ending(b"\r"))
    ),
    _row(
        "goes-on.prompts",
        "It goes on with prompts that come twice",
        "§1.2",
        goes_on("prompts that come twice", twice_prompted),
    ),
    _row(
        "goes-on.log",
        "It goes on with the log between lines",
        "§2",
        goes_on("the log between lines", between(LOG_LINE)),
    ),
    _row(
        "goes-on.driver",
        "It goes on with the driver between lines",
        "§2.2",
        goes_on("the driver between lines", between(DRIVER_LINE)),
    ),
    _row("goes-on.cut", "It goes on with lines that the log cuts", "§2.1", goes_on("lines that the log cuts", cut)),
    _row("goes-on.escapes", "It goes on with escape sequences", "§1.1", goes_on("escape sequences", with_escapes)),
    _row(
        "goes-on.binary",
        "It goes on with bytes that are not text",
        "§1.3",
        goes_on("bytes that are not text", between(bytes(range(128, 160)) + b"\r\n")),
    ),
    _row(
        "goes-on.long",
        "It goes on after a line of 5,000 characters",
        "§1.1",
        goes_on("a line of 5,000 characters", between(b"x" * 5_000 + b"\r\n")),
    ),
    _row(
        "goes-on.byte-by-byte",
        "It goes on with bytes that come one by one",
        "§1.1",
        goes_on("bytes that come one by one", byte_by_byte),
    ),
    _row("start.waits", "While the board starts it types no command", "§2.2", waits_for_start, "should"),
    _row("start.identity", "After a start it reads again which plug it is", "§2.2", asks_again, "should"),
    _row("list.unknown", "It types no command that only the device lists", "§3", no_learned_commands),
    _row("foreign.u-boot", "It types no command into U-Boot", "§1.3", foreign("U-Boot", U_BOOT, returns=True)),
    _row(
        "foreign.linux", "It types no command into a Linux shell", "§1.3", foreign("a Linux shell", LINUX, returns=True)
    ),
    _row(
        "foreign.realtek",
        "It types nothing into the shell of a Realtek chip",
        "§1.3",
        foreign("the shell of a Realtek chip", REALTEK, returns=False),
    ),
)
