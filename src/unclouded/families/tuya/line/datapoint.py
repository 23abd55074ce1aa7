"""Tuya data points: id | type | length 2 | value, one unit behind the other.

    type 0 raw N · 1 bool 1 · 2 value 4, signed · 3 string N · 4 enum 1 · 5 bitmap 1, 2 or 4

Real MCUs get the lengths wrong (a value in one byte, an enum in four), so reading is lenient: every unit
becomes a value, with a warning text where it is not as it should be, and keeps its bytes so that it can be
written again unchanged. A NUL behind a string is usual and left out. Writing is strict.
Source: docs/protocols/tuya_wifi.md §2.2, §2.6.
"""

from collections.abc import Iterable, Mapping
from fractions import Fraction

import msgspec

from unclouded.core.errors import CommandError, WireError
from unclouded.core.sessions.session import NumberType, WireValue
from unclouded.families.tuya.line.shapes import UNIT_HEADER, UNITS_CAP

RAW, BOOL, VALUE, STRING, ENUM, BITMAP = range(6)
NAMES = ("raw", "bool", "value", "string", "enum", "bitmap")
NUMBER_TYPES: Mapping[int, NumberType] = {ENUM: "enum", BITMAP: "bitmap"}  # numbers that are not a measured value
TYPES: Mapping[str, int] = {name: number for number, name in enumerate(NAMES)}
LONGEST_NUMBER = 8  # bytes that are still read as a number
KEYS = tuple(str(number) for number in range(256))  # the wire key of each data point

PointValue = bool | int | str | bytes


class DataPoint(msgspec.Struct, frozen=True, gc=False):
    """One unit. ``odd``: what is wrong with it, as text. ``kept``: its bytes, where writing would give others."""

    id: int
    type: int
    value: PointValue
    odd: str = ""
    kept: bytes | None = None

    def __bytes__(self) -> bytes:
        body = encode_value(self.type, self.value) if self.kept is None else self.kept
        return bytes((self.id, self.type)) + len(body).to_bytes(2) + body


def read_units(payload: bytes) -> list[tuple[int, int, bytes]]:
    """(id, type, value bytes) of each unit. Raises WireError where units do not fill the payload."""
    units = []
    at, size = 0, len(payload)
    while at < size:
        body = at + UNIT_HEADER
        end = body + (payload[at + 2] << 8 | payload[at + 3]) if body <= size else body
        if end > size:
            raise WireError(f"The data point at byte {at} is longer than the payload of {size} bytes.")
        units.append((payload[at], payload[at + 1], payload[body:end]))
        at = end
    return units


def read_points(payload: bytes) -> tuple[DataPoint, ...]:
    """The data points of a payload. Raises WireError where units do not fill it."""
    if len(payload) >= UNIT_HEADER and len(payload) - UNIT_HEADER == payload[2] << 8 | payload[3]:
        return (_point(payload[0], payload[1], payload[UNIT_HEADER:]),)  # nearly always there is one
    return tuple([_point(*unit) for unit in read_units(payload)])


class PointValues(msgspec.Struct):
    """The values of a report by wire key; ``odd`` and ``types`` as ``Reported`` has them."""

    values: dict[str, WireValue] = {}
    odd: dict[str, str] = {}
    types: dict[str, NumberType] = {}

    def put(self, key: str, type: int, value: PointValue, odd: str) -> None:
        """The value of a point by its wire key; ``odd``: what is wrong with it, "" = nothing."""
        self.values[key] = value
        if odd:
            self.odd[key] = odd
        if type in NUMBER_TYPES:
            self.types[key] = NUMBER_TYPES[type]


def point_values(points: Iterable[DataPoint]) -> list[PointValues]:
    """The values of a frame; a point that is in it twice begins another report."""
    pieces = [PointValues()]
    for point in points:
        key = KEYS[point.id]
        if key in pieces[-1].values:
            pieces.append(PointValues())
        pieces[-1].put(key, point.type, point.value, point.odd)
    return pieces


def write_points(points: Iterable[DataPoint]) -> bytes:
    """Data points as their units, one behind the other."""
    return b"".join(map(bytes, points))


def decode_value(type: int, body: bytes) -> tuple[PointValue, str]:
    """What a unit's bytes mean, and what is odd about them ("" = nothing). Never fails."""
    match type:
        case 2:
            return _read_number(body, (4,), "value")
        case 1:
            number, odd = _read_number(body, (1,), "bool")
            if isinstance(number, bytes):
                return number, odd
            return bool(number), odd or (f"a bool of {number}" if number > 1 else "")
        case 4:
            return _read_number(body, (1,), "enum")
        case 5:
            return _read_number(body, (1, 2, 4), "bitmap")
        case 3:
            return _read_text(body)
        case 0:
            return body, ""
    return body, f"unknown type {type}"


def encode_value(type: int, value: WireValue) -> bytes:
    """The bytes of a value. Raises CommandError where the type cannot hold it."""
    match type, value:
        case 0, bytes():
            body = value
        case 3, str():
            body = value.encode()
        case ((1 | 2 | 4 | 5), bool() | int() | float() | Fraction()):
            return _write_number(type, value)
        case _:
            name = NAMES[type] if type < len(NAMES) else f"type {type}"
            raise CommandError(f"A data point of {name} cannot hold {value!r}.")
    if len(body) > UNITS_CAP - UNIT_HEADER:
        raise CommandError(f"A data point holds at most {UNITS_CAP - UNIT_HEADER} bytes, not {len(body)}.")
    return body


def value_text(value: WireValue) -> str:
    """For people: raw values as hex, texts in quotes."""
    match value:
        case bytes():
            return value.hex()
        case bool():
            return "on" if value else "off"
    return repr(value) if isinstance(value, str) else str(value)


def type_of(value: WireValue) -> int:
    """The type that a Python value suggests where no other is known."""
    match value:
        case bool():
            return BOOL
        case str():
            return STRING
        case bytes():
            return RAW
    return VALUE


# --- inside -----------------------------------------------------------------------------------------


def _point(id: int, type: int, body: bytes) -> DataPoint:
    size = len(body)
    if type == VALUE and size == 4:
        return DataPoint(id, VALUE, int.from_bytes(body, signed=True))
    if type == BOOL and size == 1 and body[0] < 2:
        return DataPoint(id, BOOL, body[0] == 1)
    if type == ENUM and size == 1:
        return DataPoint(id, ENUM, body[0])
    value, odd = decode_value(type, body)
    # A bitmap may be wider than needed, a string may end in NUL.
    same = not odd and (type not in (BITMAP, STRING) or encode_value(type, value) == body)
    return DataPoint(id, type, value, odd, None if same else body)


def _read_number(body: bytes, sizes: tuple[int, ...], name: str) -> tuple[int | bytes, str]:
    size = len(body)
    if size in sizes:
        return int.from_bytes(body, signed=name == "value"), ""
    if not 0 < size <= LONGEST_NUMBER:
        return body, f"{_a(name)} of {size} bytes"
    # Vendors' code writes a value that is too short as one unsigned byte or word.
    signed = name == "value" and size > 4
    return int.from_bytes(body, signed=signed), f"{_a(name)} of {size} byte{'s' if size > 1 else ''}"


def _a(name: str) -> str:
    return f"{'an' if name == 'enum' else 'a'} {name}"


def _read_text(body: bytes) -> tuple[str, str]:
    text = body.rstrip(b"\0")
    try:
        return text.decode(), ""
    except UnicodeDecodeError:
        return text.decode(errors="replace"), "a string that is not UTF-8"


def _write_number(type: int, value: bool | int | float | Fraction) -> bytes:
    number = round(value)
    low, high = _RANGES[type]
    if not low <= number <= high:
        raise CommandError(f"A data point of type {NAMES[type]} holds {low} to {high}, not {number}.")
    if type == VALUE:
        return number.to_bytes(4, signed=True)
    # The vendor's SDK chooses the width of a bitmap by its value.
    return number.to_bytes(1 if number <= 0xFF else 2 if number <= 0xFFFF else 4)


_RANGES: Mapping[int, tuple[int, int]] = {
    BOOL: (0, 1),
    VALUE: (-(2**31), 2**31 - 1),
    ENUM: (0, 255),
    BITMAP: (0, 2**32 - 1),
}
