"""Numbers, ages and marks as text. Pure functions over small tables.

    673 W   1.24 kW   −0.41 kW   0.31 kWh   230.4 V   21.5 °C   45 %   on      3 s   2 min   ~86 W

A number never shows more digits than its point has (``Point.exponent``), nor more than its unit needs.
"""

import math
from collections.abc import Mapping, Sequence
from datetime import UTC, datetime, tzinfo

import msgspec

from unclouded.core.model import Point, Quality, Value, bits_text, unit_of

MINUS = "\N{MINUS SIGN}"
NOTHING = "\N{EN DASH}"
EXACT = -9  # the exponent of a number whose point is not known: as many digits as the unit needs


class UnitFormat(msgspec.Struct, frozen=True, kw_only=True):
    """The format of one unit: at most ``decimals`` decimals, none from ``fine`` on (nor for 0).

    From ``kilo`` on the number is divided by 1000 and takes ``kilo_unit`` and KILO_DECIMALS.
    """

    unit: str
    decimals: int = 2
    fine: float = math.inf
    kilo: float = math.inf
    kilo_unit: str = ""


KILO_DECIMALS = 2
SCALES: Mapping[str, UnitFormat] = {
    "W": UnitFormat(unit="W", decimals=1, fine=10, kilo=1000, kilo_unit="kW"),
    "VA": UnitFormat(unit="VA", decimals=1, fine=10, kilo=1000, kilo_unit="kVA"),
    "var": UnitFormat(unit="var", decimals=1, fine=10, kilo=1000, kilo_unit="kvar"),
    "Wh": UnitFormat(unit="Wh", decimals=1, fine=1, kilo=10, kilo_unit="kWh"),
    "varh": UnitFormat(unit="varh", decimals=1, fine=1, kilo=10, kilo_unit="kvarh"),
    "kWh": UnitFormat(unit="kWh"),
    "V": UnitFormat(unit="V", decimals=1),
    "A": UnitFormat(unit="A", decimals=3),
    "Hz": UnitFormat(unit="Hz"),
    "°C": UnitFormat(unit="°C", decimals=1),
    "%": UnitFormat(unit="%", decimals=1),
    "dBm": UnitFormat(unit="dBm", decimals=0),
    "ms": UnitFormat(unit="ms", decimals=0),
}

MARKS: Mapping[Quality, str] = {"good": "", "estimated": "~", "suspect": "!", "held": "="}
LEGEND: Mapping[str, str] = {"~": "estimated", "!": "suspect", "=": "held"}


# --- values ---------------------------------------------------------------------------------------


def value_text(value: Value | None, point: Point) -> str:
    """The value of a point with its unit."""
    match value:
        case None:
            return NOTHING
        case bool():
            return "on" if value else "off"
        case str():
            return value
        case int() if point.kind == "bitmap" and point.options and value >= 0:
            return bits_text(value, point.options)
    return number_text(value, point.unit, point.exponent)


def number_text(value: float, unit: str, exponent: int = EXACT) -> str:
    """A number with its unit, rounded to what the unit needs and to whole steps of ``10**exponent``."""
    scale = SCALES.get(unit, UnitFormat(unit=unit, decimals=3))
    if not math.isfinite(value):
        return NOTHING
    if round(abs(value)) >= scale.kilo:
        return _signed(value / 1000, min(KILO_DECIMALS, max(3 - exponent, 0)), scale.kilo_unit)
    whole = value == 0 or round(abs(value), scale.decimals) >= scale.fine
    decimals = 0 if whole and scale.fine < math.inf else scale.decimals
    return _signed(value, min(decimals, max(-exponent, 0)), scale.unit)


def exact_value_text(value: Value | None, key: str) -> str:
    """The value as the device reported it, in the unit of its key; for tools too."""
    match value:
        case None:
            return NOTHING
        case bool():
            return "on" if value else "off"
        case str():
            return value
    text = str(int(value)) if float(value).is_integer() else repr(value)
    return _with_unit(text, unit_of(key)).replace("-", MINUS, 1)


def quality_mark(quality: Quality) -> str:
    """One character before a value that is not measured and good."""
    return MARKS[quality]


def legend(marks: Sequence[str]) -> str:
    """The meaning of the marks: ``~ estimated   ! suspect``."""
    return "   ".join(f"{mark} {LEGEND[mark]}" for mark in LEGEND if mark in marks)


# --- times ----------------------------------------------------------------------------------------

AGES = ((60, 1, "s"), (3600, 60, "min"), (48 * 3600, 3600, "h"), (math.inf, 86_400, "d"))


def age_text(seconds: float) -> str:
    """``now``, ``3 s``, ``2 min``, ``5 h``, ``3 d``: rounded down, never negative."""
    if seconds < 1:
        return "now"
    for below, size, unit in AGES:
        if seconds < below:
            return f"{int(seconds // size)} {unit}"
    return NOTHING


def clock_text(at: float, zone: tzinfo | None = None) -> str:
    """``14:03:12`` in ``zone``, None = this computer's."""
    return f"{_local(at, zone):%H:%M:%S}"


def moment_text(at: float, now: float, zone: tzinfo | None = None) -> str:
    """``14:03:12``, with the day where that is not today: ``18 Nov 14:03:12``."""
    return _day_text(at, now, zone) + clock_text(at, zone)


def since_text(since: float, now: float, zone: tzinfo | None = None) -> str:
    """``since 13:41``, with the day where that was not today: ``since 18 Nov 13:41``."""
    return f"since {_day_text(since, now, zone)}{_local(since, zone):%H:%M}"


def offline_text(since: float, now: float, last: str = "", zone: tzinfo | None = None) -> str:
    """``offline since 13:41, last 43 W``."""
    return f"offline {since_text(since, now, zone)}" + (f", last {last}" if last else "")


# --- lines ----------------------------------------------------------------------------------------

BARS = "▁▂▃▅▆▇"  # ▄ and █ do not stand on the same line in some fonts


def sparkline(values: Sequence[float | None]) -> str:
    """One bar for each value, from the lowest of them and zero to the highest; a gap stays a gap."""
    values = [value if value is not None and math.isfinite(value) else None for value in values]
    known = [value for value in values if value is not None]
    low, high = min([0.0, *known]), max([0.0, *known])
    step = (high - low) / len(BARS) or 1.0
    return "".join(" " if value is None else BARS[min(int((value - low) / step), len(BARS) - 1)] for value in values)


# --- inside ---------------------------------------------------------------------------------------


def _signed(value: float, decimals: int, unit: str) -> str:
    text = f"{abs(value):.{decimals}f}"
    negative = value < 0 and any(digit in "123456789" for digit in text)
    return _with_unit((MINUS if negative else "") + text, unit)


def _with_unit(text: str, unit: str) -> str:
    return f"{text} {unit}" if unit else text


def _day_text(at: float, now: float, zone: tzinfo | None) -> str:
    """``18 Nov ``, with the year where that is another one; "" of today."""
    then, today = _local(at, zone), _local(now, zone)
    if then.date() == today.date():
        return ""
    return f"{then.day} {then:%b} " + ("" if then.year == today.year else f"{then.year} ")


def _local(at: float, zone: tzinfo | None) -> datetime:
    return datetime.fromtimestamp(at, UTC).astimezone(zone)
