"""Lines of the console in checks: reading them without secrets, typing a command, and its answer.

Source: docs/protocols/meross_console.md §1, §2, §6.
"""

from collections.abc import Sequence
from typing import Any

import msgspec

from unclouded.conformance.line import CheckLine, LineEntry, Script, Wanted
from unclouded.families.meross.console.wire.answer_form import AnswerLine, ConsoleAnswer
from unclouded.families.meross.console.wire.answers import read_answer
from unclouded.families.meross.console.wire.command_line import command_of
from unclouded.families.meross.console.wire.commands import ConsoleCommand
from unclouded.families.meross.console.wire.known_lines import known_line
from unclouded.families.meross.console.wire.lines import BINARY, ConsoleLine, ConsoleLines, LineKind, is_text
from unclouded.families.meross.console.wire.redact import redact
from unclouded.families.meross.console.wire.secret_words import may_hold_secret

CR = b"\r"
ANSWER_S = 3.0  # docs/protocols/meross_console.md §3
QUIET_S = 0.3  # after which nothing more belongs to an answer; ours
BINARY_S = 1.0  # after which bytes that are not text, and have no end, are a piece; ours
TRIES = 3  # of a command whose answer was cut
BLANKED = bytes(0x2A if 0x21 <= byte < 0x7F else byte for byte in range(256))
Line = CheckLine[Any]  # Any: our end of the console


class ConsoleReader:
    """The FrameReader of what a console prints: each line a frame. Secrets are blanked before anything keeps them."""

    def __init__(self) -> None:
        self._lines = ConsoleLines()
        self._is_cut = False  # a line was interrupted: what follows may be the rest of a secret
        self._ends_at: float | None = None  # of what is not a text, and has no end

    def feed(self, data: bytes, now: float) -> Sequence[tuple[bytes, Any, str]]:  # Any: a ConsoleLine, or None
        pieces = [self._piece(one) for one in self._lines.feed(data)]
        held = self._lines.held
        is_binary = bool(held) and not is_text(held)
        self._ends_at = (self._ends_at or now + BINARY_S) if is_binary else None
        return pieces

    def tick(self, now: float) -> Sequence[tuple[bytes, Any, str]]:  # Any: as above
        if self._ends_at is None or now < self._ends_at:
            return ()
        self._ends_at = None
        return [self._piece(one) for one in self._lines.close()]

    def deadline(self) -> float | None:
        return self._ends_at

    def _piece(self, line: ConsoleLine) -> tuple[bytes, Any, str]:  # Any: as above
        if line.kind is LineKind.NOISE:
            return line.data if line.reason == BINARY else redact("device", line.data), None, line.reason
        self._is_cut = self._is_cut and line.kind not in (LineKind.PROMPT, LineKind.BLANK)
        if line.kind is not LineKind.TEXT and not line.cut:
            return (line.data if line.kind is not LineKind.LOG else _shown(line)), line, ""
        shown = line.data.translate(BLANKED) if self._is_cut or line.cut else _shown(line)
        self._is_cut = line.cut
        if shown != line.data:
            line = msgspec.structs.replace(line, data=shown, text=shown.decode("latin-1").strip("\r\n"))
        return shown, line, ""


def _shown(line: ConsoleLine) -> bytes:
    """Without secrets. Words that stand before none, of a plain line, need no look."""
    is_plain_line = line.text.isascii() and " " in line.text.strip() and line.data.rstrip(b"\r\n") == line.text.encode()
    return line.data if is_plain_line and not may_hold_secret(line.text) else redact("device", line.data)


def is_kind(*kinds: LineKind) -> Wanted:
    """Accepts entries that are lines of these kinds."""
    return lambda entry: entry.frame is not None and entry.frame.kind in kinds


is_prompt = is_kind(LineKind.PROMPT)
is_any_line = is_kind(LineKind.PROMPT, LineKind.TEXT, LineKind.LOG)


def starts(entry: LineEntry) -> bool:
    """A line that only a start of the board prints."""
    if entry.frame is None or entry.frame.kind is not LineKind.TEXT:
        return False
    known = known_line(entry.frame.text)
    return known is not None and known.starts


def is_printed(entry: LineEntry) -> bool:
    """A line that no command asked for: of the log, or of the driver."""
    if entry.frame is None:
        return False
    return entry.frame.kind is LineKind.LOG or (
        entry.frame.kind is LineKind.TEXT and known_line(entry.frame.text) is not None
    )


def is_plain(text: str) -> bool:
    """Are these characters that the console prints?"""
    return "\ufffd" not in text and text.replace("\t", " ").isascii()


class ConsoleReply(msgspec.Struct, frozen=True):
    """What came after a command, from its echo to the prompt. ``took_s``: until the first prompt, None = none came."""

    command: str
    entries: tuple[LineEntry, ...]
    took_s: float | None

    @property
    def is_echoed(self) -> bool:
        return any(one.frame is not None and one.frame.text.strip() == self.command for one in self.entries[:3])

    @property
    def is_damaged(self) -> bool:
        """A line was cut, was no text, or the board has started meanwhile: parts may be missing."""
        return any(
            one.frame is None or one.frame.cut or starts(one) or not is_plain(one.frame.text) for one in self.entries
        )

    @property
    def has_started(self) -> bool:
        return any(map(starts, self.entries))

    @property
    def body(self) -> list[LineEntry]:
        """Its lines, without the echo and the prompts."""
        lines = [one for one in self.entries if one.frame is not None and one.frame.kind is not LineKind.PROMPT]
        echo = next((one for one in lines[:3] if one.frame.text.strip() == self.command), None)
        return [one for one in lines if one is not echo]

    @property
    def lines(self) -> list[AnswerLine]:
        return [AnswerLine(one.frame.text, one.frame.cut) for one in self.body if one.frame.kind is LineKind.TEXT]


def quiet(line: Line, seconds: float = QUIET_S, most: float = 5.0) -> Script[None]:
    """Wait until nothing more is received."""
    until = line.now + most
    while line.now < until and (yield from line.wait_for(lambda entry: True, seconds)) is not None:
        pass


def run(line: Line, command: str, seconds: float = ANSWER_S, until: str = "") -> Script[ConsoleReply]:
    """Type a command; what comes until the prompt behind its answer. ``until``: a text that comes later still."""
    yield from quiet(line)
    mark, began = line.log.mark(), line.now
    line.send(command.encode() + CR)
    found = yield from line.wait_for(is_prompt, seconds)
    took_s = None if found is None else line.now - began
    if until and not any(until in _text(one) for one in line.received(mark)):
        yield from line.wait_for(lambda entry: until in _text(entry), max(began + seconds - line.now, 0.0))
    yield from quiet(line)
    return ConsoleReply(command, tuple(line.received(mark)), took_s)


def _text(entry: LineEntry) -> str:
    return entry.frame.text if entry.frame is not None else ""


def answer_to(line: Line, command: str) -> Script[tuple[ConsoleReply, ConsoleAnswer]]:
    """The answer to a command of the table, read. One that was cut is asked for again."""
    row = row_of(command)
    for _ in range(TRIES):
        reply = yield from run(line, command, row.timeout_s, row.until)
        if reply.took_s is None:
            line.fail(f"{command}: no prompt came within {row.timeout_s:g} s.")
        if not reply.is_damaged:
            return reply, read_answer(row, [*reply.lines, *_of_log(row, reply)])
        if reply.has_started:
            yield from wake(line)
    line.skip(f"The answer to {command} was interrupted each time.")


def _of_log(row: ConsoleCommand, reply: ConsoleReply) -> list[AnswerLine]:
    """Lines of the log that are the answer."""
    logs = [one.frame.log for one in reply.body if one.frame.log is not None]
    return [AnswerLine(log.text) for log in logs if log.module == "ping"] if row.name == "meross ping" else []


def row_of(command: str) -> ConsoleCommand:
    """The row of a command in the table. Raises AssertionError where there is none."""
    row = command_of(command)
    if row is None:
        raise AssertionError(f"{command} is not a command of the table")
    return row


def wake(line: Line, tries: int = 5) -> Script[bool]:
    """Return, until a prompt comes."""
    for _ in range(tries):
        line.send(CR)
        if (yield from line.wait_for(is_prompt, ANSWER_S)) is not None:
            yield from quiet(line)
            return True
    return False
