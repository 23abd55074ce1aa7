"""One row of a profile: how a wire value becomes a value with a unit, and a command a wire value."""

from collections.abc import Mapping
from decimal import Decimal, InvalidOperation
from fractions import Fraction

import msgspec

from unclouded.core.errors import CommandError
from unclouded.core.model import Point, Value, value_text
from unclouded.core.profile.schema import Counter
from unclouded.core.sessions.session import WireValue
from unclouded.core.text.whole_number import whole_number

ENERGY_EXPONENT = -3  # Wh are kept as whole mWh
TENTH_OFFSET = 0x1999999A  # 2**32 / 10: of a negative number that was divided by ten without its sign
MOST_DIGITS = 30  # before or behind the point of a number that a person gives
MOST_TEXT = 60  # characters of such a number, and of a wrong value in a text about it
TENTH_FROM = 0x10000000  # a count from here on is not a measured value

# What a value of these wire types is in Python. Others (float, or none) are not checked.
PYTHON_TYPES: Mapping[str, type] = {
    "bool": bool,
    "value": int,
    "enum": int,
    "bitmap": int,
    "string": str,
    "raw": bytes,
}


class WireMatch(msgspec.Struct, frozen=True):
    """A wire key, and those of its values (as ``match_text``) at which a condition holds."""

    wire: str
    values: frozenset[str]


class WirePoint(msgspec.Struct, frozen=True, kw_only=True):
    """A Point and its representation on the wire: value = wire x mul / div."""

    point: Point
    wire: str
    type: str = ""
    mul: int = 1
    div: int = 1
    counter: Counter = "none"
    wraps: int | None = None
    falls_to: str = ""
    decode: str = ""
    inverted: bool = False
    tenth: bool = False
    true_is: frozenset[str] | None = None
    negative_when: WireMatch | None = None
    direction_lags: bool = False
    used_when: WireMatch | None = None

    @property
    def scale(self) -> Fraction:
        """Value for each count on the wire, exact."""
        return Fraction(self.mul, self.div)

    @property
    def reported_as(self) -> str:
        """The wire key in reports: ``6`` of ``6.voltage``, which is decoded from it."""
        return self.wire.partition(".")[0]

    def fits(self, raw: WireValue) -> bool:
        """Whether a wire value has the type that the row names; a row without one, or without a check, takes any."""
        expected = PYTHON_TYPES.get(self.type)
        return expected is None or type(raw) is expected

    def from_wire(self, raw: WireValue) -> Value:
        """The value of a wire value. Raises ValueError where its type does not fit the point."""
        if self.true_is is not None:
            return match_text(raw) in self.true_is
        if self.point.kind == "switch":
            return bool(raw) != self.inverted
        if self.tenth and isinstance(raw, int) and raw >= TENTH_FROM:
            raw -= TENTH_OFFSET
        if self.point.kind == "enum" and self.point.options and isinstance(raw, int):
            return self.point.options[raw] if 0 <= raw < len(self.point.options) else str(raw)
        if isinstance(raw, bytes):
            return raw.hex()
        if isinstance(raw, str):
            return raw
        if isinstance(raw, bool):
            return raw if self.div == self.mul else int(raw) * self.mul / self.div
        if isinstance(raw, int):
            return raw * self.mul if self.div == 1 else raw * self.mul / self.div
        return _tidy(Fraction(raw) * self.mul / self.div, self.point.exponent)

    def to_wire(self, value: Value) -> WireValue:
        """The wire value of a command. Raises CommandError with a text for the person who gave it."""
        point = self.point
        match point.kind:
            case "switch":
                return _as_switch(point, value) != self.inverted
            case "enum":
                return _as_option(point, value)
            case "text":
                return str(value)
            case "raw":
                return _as_bytes(point, value)
        number = _as_number(point, value)
        if (point.minimum is not None and number < Fraction(str(point.minimum))) or (
            point.maximum is not None and number > Fraction(str(point.maximum))
        ):
            raise CommandError(f"{point.key} takes {_span(point.minimum, point.maximum)}, not {value_text(value)}.")
        count = number * self.div / self.mul
        return round(count) if self.type != "float" else float(count)


def match_text(value: WireValue) -> str:
    """As conditions compare values: 1 and "1" are the same, and so are true and 1."""
    return value.hex() if isinstance(value, bytes) else str(int(value) if isinstance(value, bool) else value)


def _tidy(value: Fraction, exponent: int) -> Value:
    """The nearest number of 10**exponent steps, as int where it is whole."""
    power: int = 10 ** abs(exponent)
    return round(value / power) * power if exponent >= 0 else round(value * power) / power


def _span(lowest: float | None, highest: float | None) -> str:
    if lowest is None:
        return f"at most {highest:g}"
    return f"at least {lowest:g}" if highest is None else f"{lowest:g} to {highest:g}"


def _as_switch(point: Point, value: Value) -> bool:
    states = {"on": True, "true": True, "1": True, "off": False, "false": False, "0": False}
    known = states.get(str(value).strip().lower())
    if known is None:
        raise CommandError(f"{point.key} takes on or off, not {_shown(value)}.")
    return known


def _as_option(point: Point, value: Value) -> int:
    text = value_text(value)
    if text in point.options:
        return point.options.index(text)
    number = None if point.options else whole_number(text, 0, 2**31 - 1)
    if number is not None:
        return number
    takes = f"one of {', '.join(point.options)}" if point.options else "the number of an option, from 0"
    raise CommandError(f"{point.key} takes {takes}, not {_shown(value)}.")


def _as_bytes(point: Point, value: Value) -> bytes:
    try:
        return bytes.fromhex(str(value))
    except ValueError:
        raise CommandError(f"{point.key} takes bytes written in hex, not {_shown(value)}.") from None


def _as_number(point: Point, value: Value) -> Fraction:
    text = str(value).strip()
    try:
        number = Decimal(text) if len(text) <= MOST_TEXT else Decimal("nan")
    except InvalidOperation:
        number = Decimal("nan")
    if not number.is_finite() or abs(number.adjusted()) > MOST_DIGITS:
        raise CommandError(f"{point.key} takes a number, not {_shown(value)}.")
    return Fraction(number)


def _shown(value: Value) -> str:
    """What was given, as a text about it names it."""
    text = value_text(value)
    return repr(text if len(text) <= MOST_TEXT else f"{text[:MOST_TEXT]}…")
