"""Encoding of values, ledgers and devices for the store, and decoding."""

import json
from collections.abc import Mapping
from fractions import Fraction
from typing import Any

import msgspec

from unclouded.core.errors import DamagedStore
from unclouded.core.model import CountedDay, Device, Doubt, Exact, Ledger, Quality, Value, unit_of

QUALITIES: tuple[Quality, ...] = ("good", "held", "estimated", "suspect")
UNKNOWN_EXPONENT = -6  # the scale of a number whose point is not described
VALUE = "value"  # the kind of events that hold text values


class SeriesScale(msgspec.Struct, frozen=True):
    """The scale of the integers of a series: value = number x 10 ** exponent."""

    point: str
    exponent: int
    kind: str

    def number(self, value: bool | int | float) -> int:
        """The nearest integer. Raises ValueError or OverflowError where the value is not finite."""
        if self.exponent < 0:
            return round(value * int(10**-self.exponent))
        return round(value) if self.exponent == 0 else round(value / int(10**self.exponent))

    def value(self, number: int) -> Value:
        """The value of a stored number, scaled by ``exponent``; a switch is on where the number is not 0."""
        if self.kind == "switch":
            return number != 0
        return number / int(10**-self.exponent) if self.exponent < 0 else number * int(10**self.exponent)


def default_scale(point: str, value: Value) -> SeriesScale:
    """The scale for a value whose point the device did not describe."""
    if isinstance(value, bool):
        return SeriesScale(point, 0, "switch")
    kind = "counter" if unit_of(point) in ("Wh", "varh") else "number"
    return SeriesScale(point, 0 if isinstance(value, int) else UNKNOWN_EXPONENT, kind)


def to_json(thing: object) -> str:
    """JSON in ASCII: text from devices may not be valid Unicode."""
    return json.dumps(thing, default=str, separators=(",", ":"))


def from_json(text: str) -> dict[str, Any]:  # Any: JSON
    """The object in a JSON text. Raises DamagedStore."""
    try:
        thing = json.loads(text, parse_constant=lambda name: None)  # NaN, written by earlier versions
    except (ValueError, TypeError, RecursionError) as error:
        raise DamagedStore(f"A row of the store is damaged: {error}.") from None
    if not isinstance(thing, dict):
        raise DamagedStore("A row of the store is damaged: it is not a JSON object.")
    return thing


def ledger_to_json(ledger: Ledger) -> str:
    """A ledger as JSON text; decimals as text, so that no digit is lost."""
    return to_json(msgspec.to_builtins(ledger, enc_hook=str))


def ledger_from_json(text: str) -> Ledger:
    """Decode a ledger. Raises DamagedStore."""
    fields = from_json(text)
    try:
        fields |= _exact_in({"count_mWh": 0, **fields}, "rest", "level", "count_mWh")
        if (doubt := fields["doubt"]) is not None:
            fields["doubt"] = Doubt(**doubt | _exact_in(doubt, "first", "level"))
        days = fields.get("days", {})
        fields["days"] = {day: CountedDay(**one | _exact_in(one, "level", "counted")) for day, one in days.items()}
        if not isinstance(fields["total"], int):
            raise TypeError("its total is not a whole number")
        return Ledger(**fields)
    except (AttributeError, KeyError, TypeError, ValueError) as error:
        raise DamagedStore(f"An energy ledger in the store is damaged: {error}.") from None


def device_to_json(device: Device) -> str:
    """A device as JSON text."""
    return msgspec.json.encode(device).decode()


def device_from_json(text: str) -> Device:
    """Decode a device. Raises DamagedStore."""
    try:
        return msgspec.json.decode(text, type=Device)
    except (msgspec.MsgspecError, TypeError, UnicodeError) as error:
        raise DamagedStore(f"A device in the store is damaged: {error}.") from None


def marks_of(quality: Quality, bits: Mapping[str, int], flags: tuple[str, ...]) -> int:
    """Quality and flags as one number; see ``store.encoding.blob``."""
    marks = QUALITIES.index(quality)
    for flag in flags:
        marks |= 4 << bits[flag]
    return marks


def flags_of(marks: int, names: Mapping[int, str]) -> tuple[str, ...]:
    """The flags in a number, in the order of their bits."""
    return tuple(name for bit, name in names.items() if marks >> 2 >> bit & 1)


def _exact_in(fields: Mapping[str, object], *keys: str) -> dict[str, Exact | None]:
    return {key: _exact(fields[key]) for key in keys}


def _exact(thing: object) -> Exact | None:
    if thing is None or isinstance(thing, int):
        return thing
    value = Fraction(str(thing))
    return value.numerator if value.denominator == 1 else value
