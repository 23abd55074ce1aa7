"""The parts of a payload, by the fields that its row of the command table lists.

    04 31 32 33 34              13 02 00 04 00 00 02 a1         {"p":"abcd","v":"1.0.0"}
    └ length, sub_id            └ data point 19: dp, type, length, value

Payloads that have another form than their row says keep what fits; the rest is bytes without a meaning.
Source: docs/protocols/tuya_wifi.md §2.2, §2.4; docs/protocols/tuya_gateway.md §1.2, §1.3.
"""

from collections.abc import Callable, Mapping
from typing import Any

import msgspec

from unclouded.core.family import MEANS
from unclouded.core.frame_part import FramePart, PartReader, replaced
from unclouded.core.model import Value
from unclouded.core.views.json_parts import json_parts, json_text
from unclouded.families.tuya.line.datapoint import NAMES, decode_value
from unclouded.families.tuya.line.fields import (
    CHANNEL,
    COUNTED,
    COUNTED_MANY,
    JSON_TEXT,
    REST,
    UNITS,
    WEATHER,
    Field,
)
from unclouded.families.tuya.line.shapes import UNIT_HEADER

NUMBER_SIZES = (1, 2, 4)  # bytes of fields that are numbers
CENTURY = 2000  # years are counted from it
OF_SEVERAL = 1  # version of frames to one of several MCUs; docs/protocols/tuya_wifi.md §1.1
TEXT = 1  # the type of a weather value that is one; docs/protocols/tuya_wifi.md §2.4.18
UNIT_CUT = "cut off"
TEXT_CUT = "longer than what is left"

Fields = Mapping[str, Any]  # Any: JSON types


class PayloadReader(PartReader):
    """Takes a payload apart. ``message``: what is known of its fields. ``version``: of the frame."""

    def __init__(self, data: bytes, at: int, end: int, message: Fields | None, version: int) -> None:
        super().__init__(data, at, end)
        self._message = message or {}
        means = self._message.get(MEANS)
        self._means: Fields = means if isinstance(means, Mapping) else {}
        self._version = version

    def read(self, fields: tuple[Field, ...]) -> None:
        """The fields, as far as there are bytes, and what is left behind them."""
        for name, size in fields:
            if not self.left:
                return
            special = _SPECIAL.get(size)
            if special is not None:
                special(self, name)
            elif size == REST:
                self.take(self.left, name)
            else:
                self._plain(name, size)
        if self.left:
            self.rest("surplus", f"{_bytes(self.left)} more than this command has")

    # --- inside --------------------------------------------------------------------------------

    def _plain(self, name: str, size: int) -> None:
        raw = self.peek(size)
        value = self._shown(name, raw, size)
        odd = "" if len(raw) == size else f"{size} bytes are due"
        self.take(size, name, value=value, text=self._text(name, value), odd=odd)

    def _shown(self, name: str, raw: bytes, size: int) -> Value | None:
        """The value of a field: by the message, else the number that it is."""
        known = self._message.get(name)
        if isinstance(known, bool | int | float | str):
            return known
        if isinstance(known, Mapping):
            return " ".join(f"{key} {value}" for key, value in known.items() if key != MEANS)
        if size not in NUMBER_SIZES:
            return raw.hex()
        return int.from_bytes(raw) + (CENTURY if name == "year" else 0)

    def _text(self, name: str, value: Value | None) -> str:
        text = value if isinstance(value, str) else json_text(value)
        meaning = self._means.get(name)
        return f"{text} ({meaning})" if isinstance(meaning, str) else text

    def _channel(self, name: str) -> None:
        if self._version == OF_SEVERAL:
            self._plain(name, 1)

    def _counted(self, name: str) -> None:
        """A text with its length before it."""
        inner = self.inner()
        size = inner.number(1, "length")
        text = inner.peek(size).decode("utf-8", "replace")
        odd = TEXT_CUT if size > inner.left else ""
        inner.take(size, name, "value", type="string", value=text, text=text)
        self.group(inner, name, odd=odd)

    def _counted_many(self, name: str) -> None:
        while self.left:
            self._counted(name)

    def _units(self, name: str) -> None:
        while self.left:
            self._unit()

    def _unit(self) -> None:
        inner = self.inner()
        id = inner.number(1, "dp")
        type = inner.peek(1)[0] if inner.left else 0
        name = NAMES[type] if type < len(NAMES) else str(type)
        inner.take(1, "type", value=type, text=name)
        is_cut = inner.left < UNIT_HEADER - 2
        size = inner.number(2, "length", "length")
        if is_cut or size > inner.left:
            inner.rest("value", f"{_bytes(size)} should follow")
            self.group(inner, f"data point {id}", odd=UNIT_CUT if is_cut else "")
            return
        value, odd = decode_value(type, inner.peek(size))
        plain: Value = value.hex() if isinstance(value, bytes) else value
        text = "" if isinstance(value, bytes) else value if isinstance(value, str) else json_text(value)
        inner.take(size, "value", "value", type=name, value=plain, text=text, odd=odd, wire=str(id))
        self.group(inner, f"data point {id}", wire=str(id))

    def _json(self, name: str) -> None:
        parts = json_parts(self.data, self.at, self.end)
        if not parts:
            text = self.peek(self.left).decode("utf-8", "replace")
            self.take(self.left, "text", "json", type="text", value=text, text=text)
            return
        inner = PartReader(self.data, self.end)
        inner.parts = [*replaced(parts, self._with_meaning)]
        self.group(inner, name)

    def _with_meaning(self, part: FramePart) -> FramePart:
        meaning = self._means.get(part.label)
        return msgspec.structs.replace(part, text=f"{part.text} ({meaning})") if isinstance(meaning, str) else part

    def _weather(self, name: str) -> None:
        if self.peek(1) == b"\0":
            self.number(1, "status")
        while self.left:
            inner = self.inner()
            size = inner.number(1, "length")
            label = inner.peek(size).decode("utf-8", "replace")
            inner.take(size, "name", value=label, text=label)
            type = inner.number(1, "type")
            length = inner.number(1, "length", "length")
            raw = inner.peek(length)
            value: Value = raw.decode("utf-8", "replace") if type == TEXT else int.from_bytes(raw, signed=True)
            odd = TEXT_CUT if length > len(raw) else ""
            inner.take(length, "value", "value", value=value, text=str(value), odd=odd)
            self.group(inner, label or name)


_SPECIAL: Mapping[int, Callable[[PayloadReader, str], None]] = {
    COUNTED: PayloadReader._counted,
    COUNTED_MANY: PayloadReader._counted_many,
    UNITS: PayloadReader._units,
    JSON_TEXT: PayloadReader._json,
    WEATHER: PayloadReader._weather,
    CHANNEL: PayloadReader._channel,
}


def _bytes(count: int) -> str:
    return f"{count} byte{'' if count == 1 else 's'}"
