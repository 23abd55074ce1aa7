"""Bytes of the console -> lines, each with its exact bytes: prompts, log lines, other text, noise.

    $ meross mem\\r\\n[T: 9 M: a C: info F: f L: 1]: x\\r\\nheap in[T: 9 M: … L: 2]: y\\r\\nfo:\\r\\n
    │ └─ text ─────┘└──── log ──────────────────────────┘└ text ┘└── log ─────────────┘└ text┘
    └ prompt                                               cut

A line ends with CR, LF or CR LF. A prompt has no end: ``$`` at the beginning of a line. Where a log line begins inside
a line, that line is ``cut``: its rest may follow. Lengths add up to the input.
Source: docs/protocols/meross_console.md §1.
"""

import re
from collections.abc import Iterator
from enum import Enum

import msgspec

from unclouded.families.meross.console.wire.log_line import (
    INSIDE,
    START,
    ConsoleLogLine,
    LogPlace,
    read_log_line,
    read_log_lines,
)

LONGEST_LINE = 2_048  # bytes; the longest known line, a dumped protocol message, has about a thousand
ENDLESS = f"a line of more than {LONGEST_LINE} bytes"
BINARY = "no text: another baud rate than 115200, or another protocol"
TEXT_SHARE = 8  # a line is not text where more than one byte of so many is none
_NO_TEXT = bytes([*range(7), *range(14, 27), *range(28, 32), 127])  # BEL to CR and ESC occur in terminal output
_ESCAPE = re.compile(r"\x1b\[[0-9;?]{0,16}[A-Za-z]|\x1b[^\[]")
_CONTROL = re.compile(r"[\x00-\x08\x0b-\x1f\x7f-\x9f]")
_ENDS = "\r\n"
_ERASES = "\x08\x7f"
_LOG = b"[T: "
_PROMPTS = re.compile(rb"\$(?: |(?=[\[a-z?\r\n$]|\Z))")  # "$8710c>" is that of another shell


class LineKind(Enum):
    """What a line of the console is; docs/protocols/meross_console.md §1.1 to §1.3."""

    PROMPT = "prompt"
    LOG = "log"
    TEXT = "text"
    BLANK = "blank"
    NOISE = "noise"


class ConsoleLine(msgspec.Struct, frozen=True, gc=False):
    """``data``: its bytes, with the end. ``text``: without control characters. ``reason``: why it is noise."""

    data: bytes
    kind: LineKind
    text: str = ""
    log: ConsoleLogLine | None = None
    cut: bool = False
    reason: str = ""


class ConsoleLines:
    """Splits a stream, however it is chunked. ``held``: bytes of a line that has not ended."""

    def __init__(self) -> None:
        self._held = b""
        self._is_endless = False  # the line that goes on is longer than LONGEST_LINE

    @property
    def held(self) -> bytes:
        return self._held

    def feed(self, data: bytes) -> list[ConsoleLine]:
        """The lines that are complete now."""
        parts = (self._held + data).splitlines(keepends=True)
        self._held = b""
        if parts and not parts[-1].endswith(b"\n"):  # behind CR, LF may follow
            self._held = parts.pop()
        lines: list[ConsoleLine] = []
        for part in parts:
            self._read(part, lines)
        if self._held:
            self._begin(lines)
        return lines

    def take_log(self, data: bytes) -> list[tuple[str, LogPlace]] | None:
        """The text and the place of each line, where no line is other than a whole one of the log.

        None = some are, or may hold a secret; then nothing is taken, and ``feed`` reads the same bytes.
        """
        end = data.rfind(b"\n") + 1
        rest = data[end:]
        if not end or self._is_endless or not _may_begin_log(rest):
            return None
        found = read_log_lines(self._held + data[:end])
        if found is not None:
            self._held = rest
        return found

    def close(self) -> list[ConsoleLine]:
        """The rest: the stream has ended."""
        rest, self._held = self._held, b""
        lines: list[ConsoleLine] = []
        if rest:
            self._read(rest, lines)
        self._is_endless = False
        return lines

    # --- inside --------------------------------------------------------------------------------

    def _begin(self, lines: list[ConsoleLine]) -> None:
        """What is certain of a line that has not ended: its prompts, and that it is too long."""
        if not self._is_endless:
            self._held = _without_prompts(self._held, lines, ended=False)
        if len(self._held) >= LONGEST_LINE:
            size = len(self._held) - self._held.endswith(b"\r")
            lines.append(ConsoleLine(self._held[:size], LineKind.NOISE, reason=ENDLESS))
            self._held, self._is_endless = self._held[size:], True

    def _read(self, data: bytes, lines: list[ConsoleLine]) -> None:
        """The lines that a line with its end consists of."""
        if data.startswith(_LOG) and not self._is_endless and len(data) < LONGEST_LINE and data.find(START, 1) < 0:
            lines.append(_line(data))
            return
        if data[:1] == b"$" and not self._is_endless:
            data = _without_prompts(data, lines, ended=True)
        if self._is_endless or len(data) - data.endswith(b"\n") >= LONGEST_LINE:
            self._is_endless = False
            lines.append(ConsoleLine(data, LineKind.NOISE, reason=ENDLESS))
        elif data.find(START, 1) < 0:
            if data:
                lines.append(_line(data))
        else:
            lines += _separated(data)


def _may_begin_log(rest: bytes) -> bool:
    """Whether nothing is certain yet of a line that has not ended."""
    return not rest or (rest.startswith(b"[") and b"\r" not in rest[:-1] and len(rest) < LONGEST_LINE)


def _without_prompts(data: bytes, lines: list[ConsoleLine], ended: bool) -> bytes:
    """What follows the prompts at the beginning of a line; behind the last ``$``, a space may follow."""
    end = 0
    for found in _PROMPTS.finditer(data):
        if found.start() != end or (not ended and found.end() == len(data) and len(found[0]) == 1):
            break
        lines.append(ConsoleLine(found[0], LineKind.PROMPT, "$"))
        end = found.end()
    return data[end:]


def _separated(data: bytes) -> Iterator[ConsoleLine]:
    """A line in which log lines begin: each part; all but the last are cut."""
    starts = [found.start() for found in INSIDE.finditer(data) if found.start()]
    for start, end in zip([0, *starts], [*starts, len(data)], strict=True):
        yield _line(data[start:end], cut=end < len(data))


def _line(data: bytes, cut: bool = False) -> ConsoleLine:
    """One line, or a part of one, that is not a prompt."""
    if data.isascii():
        text = data.decode("ascii").rstrip(_ENDS)
        is_plain = text.isprintable()
    else:
        text = data.decode("utf-8", "replace").rstrip(_ENDS)
        is_plain = False
    if not is_plain:
        if _is_binary(data, text):
            return ConsoleLine(data, LineKind.NOISE, reason=BINARY)
        text = _CONTROL.sub("", _erased(_ESCAPE.sub("", text)))
    if data.startswith(START):
        log = read_log_line(text)
        if log is not None:
            return ConsoleLine(data, LineKind.LOG, text, log, cut)
    return ConsoleLine(data, LineKind.TEXT if text.strip() else LineKind.BLANK, text, None, cut)


def _erased(text: str) -> str:
    """A line as it stands after its corrections: BS and DEL take the character before them away."""
    if not any(erase in text for erase in _ERASES):
        return text
    left: list[str] = []
    for character in text:
        if character not in _ERASES:
            left.append(character)
        elif left:
            left.pop()
    return "".join(left)


def is_text(data: bytes) -> bool:
    """Whether these bytes can be lines of a console."""
    return not _is_binary(data, data.decode("utf-8", "replace"))


def _is_binary(data: bytes, text: str) -> bool:
    wrong = len(data) - len(data.translate(None, _NO_TEXT)) + text.count("\ufffd")
    return wrong * TEXT_SHARE > len(data)
