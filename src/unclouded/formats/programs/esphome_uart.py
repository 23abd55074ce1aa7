"""Bytes of ESPHome's UART debugger: hex with any separator, decimal, binary, strings; and one byte a line before it.

    >>> 55:AA:00:00:00:00:FF     <<< 85:170:3:0     <<< 0b01010101 (0x55);…     <<< "U\\xAA\\x03\\0…"     mcu: <<< 55:AA
        Wrote 0b01010101 (0x55)          of versions before 2021.11

Hex or decimal is decided for the whole log. The buffer of the logger has 512 bytes: a long line ends without a sign.
"""

import re
from collections.abc import Callable

import msgspec

from unclouded.formats.chunk import Mark
from unclouded.formats.line_collector import LineCollector, column_of
from unclouded.formats.text.labels import IN, OUT, Label
from unclouded.formats.text.shaped_lines import BodyKind, LineHead, head_text

LONGEST = 490  # characters of a line from which on its end may be lost
ARROW = re.compile(r"(?:^|[ :])(?:(>>>)|<<<) ")
LANES = {">>> ": OUT, "<<< ": IN}
BYTE = re.compile(r"\s{1,8}(?:(Wrote)|Read) 0b[01]{8} \(0x([0-9A-Fa-f]{2})\)")
BINARY = re.compile(r"\(0x([0-9A-Fa-f]{2})\)")
DECIMAL = re.compile(r"(?<![0-9A-Za-z])(?:\d|\d{3})(?![0-9A-Za-z])")
LETTERS = re.compile(r"[A-Fa-f]")
ESCAPE = re.compile(r"\\(?:x([0-9A-Fa-f]{2})|([abtnvfre\"'\\])|.{0,2}$)")
NAMED = dict(zip("abtnvfre\"'\\", "\a\b\t\n\v\f\r\x1b\"'\\", strict=True))
PROBED = 200  # lines that decide between hex and decimal
Read = Callable[[str], tuple[bytes, bool]]  # bytes, whether the end is lost


class UartRecord(msgspec.Struct, frozen=True, gc=False):
    """The text of the bytes of one line."""

    number: int
    t: float | None
    lane: str
    text: str
    column: int
    is_long: bool


class UartLines:
    """Reads the lines of the debugger; ``finish`` hands the bytes over."""

    def __init__(self, collector: LineCollector) -> None:
        self._collector = collector
        self._records: list[UartRecord] = []
        self._bytes = bytearray()
        self._lines: list[int] = []  # of these bytes
        self._numbers: Read | None = None  # decided by the first lines
        self._lost = 0
        self._run: tuple[int, float | None, str] | None = None  # of single bytes: the first line, time, lane

    def debug(self, number: int, t: float | None, text: str, found: re.Match[str]) -> None:
        """A line of ``uart_debug``; ``found``: the match of all of it."""
        lane, at = LANES.get(text[:4], ""), 4
        if not lane:
            arrow = ARROW.search(text)
            if arrow is None:
                self._collector.not_understood(number)
                return
            lane, at = OUT if arrow[1] else IN, arrow.end()
        size = found.end() - (found.end("time") if found["time"] else found.start())
        record = UartRecord(number, t, lane, text[at:].rstrip(), column_of(found, "text") + at, size >= LONGEST)
        if self._numbers is None:
            self._records.append(record)
            if len(self._records) == PROBED:
                self._decide()
        else:
            self._add(record, self._numbers)
            self._learn(record, found)

    def byte(self, number: int, t: float | None, text: str) -> None:
        """A line of a version that logs each byte."""
        found = BYTE.fullmatch(text)
        if found is None:
            self._collector.not_understood(number)
            return
        lane = OUT if found[1] else IN
        if self._run is None or self._run[1:] != (t, lane):
            self._end_run()
            self._run = number, t, lane
        self._bytes.append(int(found[2], 16))
        self._lines.append(number)

    def finish(self) -> None:
        """Hand over what was read."""
        self._end_run()
        self._decide()
        if self._lost:
            self._collector.notes.append(
                f"the logger cut off {self._lost} line{'s' if self._lost > 1 else ''}; tx_buffer_size sets its length"
            )

    # --- inside --------------------------------------------------------------------------------

    def _decide(self) -> None:
        """Hex or decimal; hands over the lines that decide it."""
        self._numbers = self._numbers or (_decimal if self._is_decimal() else _hex)
        for one in self._records:
            self._add(one, self._numbers)
        self._records = []

    def _add(self, one: UartRecord, numbers: Read) -> None:
        data, is_cut = _reader(one.text, numbers)(one.text)
        mark: Mark = "cut" if is_cut or one.is_long else ""
        self._lost += is_cut
        self._collector.add(one.number, data, one.t, one.lane, column=one.column, mark=mark)

    def _learn(self, one: UartRecord, found: re.Match[str]) -> None:
        separator = next((letter for letter in one.text if not letter.isalnum()), "")
        if separator and one.text[:1].isalnum() and not one.text.startswith("0b"):
            text = head_text(found[0], one.column - 1, one.column - 1)
            kind: BodyKind = "numbers" if self._numbers is _decimal else "pairs"
            head = LineHead(text, kind, separator, label=Label(one.lane), longest=LONGEST)
            self._collector.learn(found, head, "time")

    def _end_run(self) -> None:
        if self._run is not None:
            number, t, lane = self._run
            self._collector.add(number, bytes(self._bytes), t, lane, lines=self._lines)
        self._bytes.clear()
        self._lines = []
        self._run = None

    def _is_decimal(self) -> bool:
        texts = [one.text for one in self._records[:PROBED] if not one.is_long and one.text[:1].isalnum()]
        if any(LETTERS.search(text) for text in texts if not text.startswith("0b")):
            return False
        return any(DECIMAL.search(text) for text in texts)


def _reader(text: str, numbers: Read) -> Read:
    if text.startswith('"'):
        return _string
    return _binary if text.startswith("0b") else numbers


def _hex(text: str) -> tuple[bytes, bool]:
    separator = text[2:3]
    digits = text.replace(separator, "") if separator.strip() else text
    try:
        return bytes.fromhex(digits), False
    except ValueError:
        digits = "".join(digits.split())
    try:
        return bytes.fromhex(digits[: len(digits) // 2 * 2]), True
    except ValueError:
        return b"", True


def _decimal(text: str) -> tuple[bytes, bool]:
    separator = next((letter for letter in text[:4] if not letter.isdecimal()), " ")
    tokens = [token.strip() for token in text.split(separator) if token.strip()]
    try:
        return bytes(map(int, tokens)), False
    except ValueError:
        return b"", True


def _binary(text: str) -> tuple[bytes, bool]:
    return bytes.fromhex("".join(BINARY.findall(text))), not text.endswith(")")


def _string(text: str) -> tuple[bytes, bool]:
    is_whole = len(text) > 1 and text.endswith('"')
    body = text[1:-1] if is_whole else text[1:]
    return ESCAPE.sub(_escaped, body).encode("latin-1", "replace"), not is_whole


def _escaped(found: re.Match[str]) -> str:
    if found[1]:
        return chr(int(found[1], 16))
    return NAMED[found[2]] if found[2] else ""
