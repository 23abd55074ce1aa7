"""JSON, as one document or an object on each line: lists of numbers, and strings in hex or base64.

    [{"dir": "tx", "t": 0.012, "data": [85, 170, 3]}]      {"type": "Buffer", "data": [85, 170]}      {"hex": "55aa03…"}

What stands next to the bytes says when and in which direction: t, ts, time, timestamp; dir, direction, from, sender.
"""

import re
from base64 import b64decode
from collections.abc import Iterator, Mapping
from typing import Any

import msgspec

from unclouded.core.family import Sender
from unclouded.formats.chunk import InputChunk
from unclouded.formats.reading import MOST_UNREAD, FormatReading, InputFormat, Specificity
from unclouded.formats.source import InputSource
from unclouded.formats.text.labels import NO_LABEL, Label, label_of
from unclouded.formats.text.stamps import StampClock, StampKind, stamp_of

TIMES = ("t", "ts", "time", "timestamp", "Time", "Timestamp")
DIRECTIONS = ("dir", "direction", "from", "sender", "Direction", "side")
SIDES: Mapping[str, Sender] = {"controller": "controller", "module": "controller", "device": "device", "mcu": "device"}
HEX = re.compile(r"(?:0[xX])?[0-9A-Fa-f]{2}(?:[ :,-]?[0-9A-Fa-f]{2}){2,}")
BASE64 = re.compile(r"[A-Za-z0-9+/]{8,}={0,2}")
TOKEN = re.compile(r'"(?:[^"\\]++|\\.)*"?|[\[\]{}]', re.DOTALL)
NOT_HEX = str.maketrans(dict.fromkeys(" :,-\t\n"))
LEAST = 3  # bytes
DEEPEST = 32
UNIX_MS = 1e11
YEAR_2001 = 1e9


class JsonReader:
    """Collects the bytes in decoded JSON, in its order."""

    def __init__(self) -> None:
        self._clock = StampClock()
        self.chunks: list[InputChunk] = []

    def add(self, value: Any, line: int) -> bool:  # Any: JSON
        """Whether there were bytes in the value."""
        before = len(self.chunks)
        for data, t, label in self._found(value, None, NO_LABEL, 0):
            self.chunks.append(InputChunk(t, label.sender, data, label.lane, line))
        return len(self.chunks) > before

    def reading(self, lines: int, explained: int, unread: list[int]) -> FormatReading:
        """What was collected. ``lines``, ``explained``: counts of lines; ``unread``: numbers of the others."""
        return FormatReading(
            chunks=self.chunks,
            lines=lines,
            explained=explained,
            data_lines=explained,
            unread=unread,
            stamps=self._clock.count,
            backwards=self._clock.backwards,
            started=self._clock.started,
        )

    def _found(
        self, value: Any, t: float | None, label: Label, depth: int
    ) -> Iterator[tuple[bytes, float | None, Label]]:
        if depth > DEEPEST:
            return
        if isinstance(value, list):
            data = _numbers(value)
            if data is not None:
                yield data, t, label
                return
            for one in value:
                yield from self._found(one, t, label, depth + 1)
        elif isinstance(value, dict):
            data = _numbers(list(value.values())) if "0" in value and all(map(str.isdecimal, value)) else None
            if data is not None:  # a buffer as an object: {"0": 85, "1": 170}
                yield data, t, label
                return
            t, label = self._time(value, t), _label(value, label)
            for key, one in value.items():
                if key not in TIMES and key not in DIRECTIONS:
                    yield from self._found(one, t, label, depth + 1)
        elif isinstance(value, str) and (data := _text(value)):
            yield data, t, label

    def _time(self, value: dict[str, Any], t: float | None) -> float | None:
        for key in TIMES:
            if key in value:
                found = _time(value[key])
                return t if found is None else self._clock.time(*found)
        return t


def _numbers(value: list[Any]) -> bytes | None:
    if len(value) < LEAST:
        return None
    try:
        return bytes(value)
    except TypeError:
        return None
    except ValueError:  # signed bytes, as Java prints them
        is_signed = all(isinstance(one, int) and -128 <= one < 128 for one in value)
        return bytes(one & 0xFF for one in value) if is_signed else None


def _text(value: str) -> bytes:
    """The bytes of a string in hex or base64; empty where it is neither."""
    value = value.strip()
    if HEX.fullmatch(value):
        digits = value.translate(NOT_HEX)
        return bytes.fromhex(digits[2:] if digits[:2] in ("0x", "0X") else digits)
    if BASE64.fullmatch(value) and len(value) % 4 == 0:
        try:
            return b64decode(value, validate=True)
        except ValueError:
            return b""
    return b""


def _time(value: Any) -> tuple[float, StampKind] | None:
    if isinstance(value, str):
        stamp = stamp_of(value)
        return None if stamp is None else (stamp.at, stamp.kind)
    if isinstance(value, bool) or not isinstance(value, int | float):
        return None
    return (value / 1000 if value > UNIX_MS else value), "date" if value > YEAR_2001 else "run"


def _label(value: dict[str, Any], label: Label) -> Label:
    for key in DIRECTIONS:
        text = value.get(key)
        if isinstance(text, str):
            side = SIDES.get(text.lower())
            return Label(text, side) if side is not None else label_of(text)
    return label


def beginning(text: str) -> Any:
    """The whole values at the beginning of a JSON text that is cut off; None where there are none."""
    closing: list[str] = []
    end, ending = 0, ""
    for token in TOKEN.finditer(text):
        sign = token[0]
        if sign in "{[":
            closing.append("}" if sign == "{" else "]")
        elif sign in "}]":
            if not closing or closing.pop() != sign or len(closing) > DEEPEST:
                return None
            end, ending = token.end(), "".join(reversed(closing))
    return document(text[:end] + ending) if end else None


def document(text: str) -> Any:
    """The decoded JSON; None where it is none."""
    try:
        return msgspec.json.decode(text)
    except (msgspec.DecodeError, RecursionError):
        return None


def recognise(source: InputSource) -> float:
    """1 where the text begins as JSON does."""
    text = (source.text or "").lstrip()
    return 1.0 if text[:1] in ("{", "[") and ('"' in text[:4096] or text[:1] == "[") else 0.0


def read(source: InputSource) -> FormatReading:
    reader = JsonReader()
    place = 1 if len(source.lines) == 1 else 0  # a decoder does not say where a value stood
    whole = document(source.text or "")
    if whole is not None:
        found = reader.add(whole, place)
        return reader.reading(source.filled, source.filled if found else 0, [])
    is_one = len(source.lines) == 1 or "".join(source.lines[:1]).strip() in ("{", "[")
    part = beginning(source.text or "") if is_one else None
    if part is not None and reader.add(part, place):
        reading = reader.reading(source.filled, source.filled, [])
        reading.notes = ["the JSON text is cut off"]
        return reading
    explained = 0
    unread: list[int] = []
    for number, line in enumerate(source.lines, 1):
        value = document(line) if line[:1] in ("{", "[") else None
        if value is not None and reader.add(value, number):
            explained += 1
        elif line.strip() and len(unread) < MOST_UNREAD:
            unread.append(number)
    return reader.reading(source.filled, explained, unread)


JSON = InputFormat(
    name="json",
    group="json",
    title="JSON with bytes in it",
    specificity=Specificity.TABLE,
    recognise=recognise,
    read=read,
)
FORMATS = (JSON,)
