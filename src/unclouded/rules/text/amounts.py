"""Values as people write them: on, off, 2.3 kW, 21 °C, eco. What one stands for, the point says.

amount_of("2.3 kW", "W")  ──►  2300.0
"""

import re
from collections.abc import Mapping

from unclouded.core.errors import CommandError
from unclouded.core.model import Point, Value

_NUMBER = re.compile(r"([+-]?\d{1,15}(?:\.\d{1,12})?) ?([A-Za-zµ°º%€$].{0,15})?")
_COMMA = re.compile(r"[+-]?\d+,\d.*")
_SWITCH: Mapping[str, bool] = {"on": True, "off": False, "true": True, "false": False, "yes": True, "no": False}
_PREFIXES = {"k": 1000.0, "M": 1_000_000.0, "m": 0.001}
_SCALED = {"W", "Wh", "V", "A", "VA", "var", "varh", "Hz"}
_NAMES = {"C": "°C", "F": "°F", "ºC": "°C", "percent": "%"}
_MAY_BE_SCALED_FROM = {"kWh": ("Wh", 0.001), "mAh": ("Ah", 1000.0)}


def amount_of(text: str, unit: str = "") -> float:
    """A number in a unit; without a unit of its own it is in that one. Raises CommandError."""
    parts = _NUMBER.fullmatch(text)
    if parts is None:
        hint = " Write a point before decimals, and no comma between thousands." if _COMMA.fullmatch(text) else ""
        raise CommandError(f"{text[:60]!r} is not a number.{hint}")
    return float(parts[1]) * _factor(text, (parts[2] or "").strip(), unit)


def is_number(text: str) -> bool:
    """Whether a text begins as a number does."""
    return _NUMBER.fullmatch(text) is not None


def unit_in(text: str) -> str:
    """The unit that is written behind a number; "" = none."""
    parts = _NUMBER.fullmatch(text)
    return (parts[2] or "").strip() if parts else ""


def switch_of(text: str) -> bool | None:
    """on and off; None: neither."""
    return _SWITCH.get(text.lower())


def value_for(point: Point, text: str) -> Value:
    """The value of that point that a text stands for. Raises CommandError."""
    match point.kind:
        case "switch":
            value = switch_of(text)
            if value is None:
                raise CommandError(f"{point.key} is on or off, not {text[:40]!r}.")
            return value
        case "enum":
            return _option(point, text)
        case "text" | "raw":
            return text
    number = amount_of(text, point.unit)
    return int(number) if number == int(number) and point.exponent >= 0 else number


def check_settable(point: Point, value: Value) -> None:
    """Raises CommandError where a point does not take a value."""
    if "w" not in point.access:
        raise CommandError(f"{point.key} can only be read.")
    if isinstance(value, bool | str):
        return
    low, high = point.minimum, point.maximum
    if (low is not None and value < low) or (high is not None and value > high):
        limits = f"from {low:g} to {high:g}" if low is not None and high is not None else "inside its limits"
        raise CommandError(f"{point.key} takes values {limits}, not {value:g}.")


# --- inside -------------------------------------------------------------------------------------------


def _option(point: Point, text: str) -> str:
    if point.options and text not in point.options:
        raise CommandError(f"{point.key} has no value {text[:40]!r}; it has: {', '.join(point.options)}.")
    return text


def _factor(text: str, given: str, unit: str) -> float:
    """What to multiply a number with that is in the unit ``given``."""
    given = _NAMES.get(given, given)
    if given in ("", unit) or not unit:
        return 1.0
    if given[0] in _PREFIXES and given[1:] == unit and unit in _SCALED:
        return _PREFIXES[given[0]]
    base, factor = _MAY_BE_SCALED_FROM.get(unit, ("", 1.0))
    if given == base:
        return factor
    raise CommandError(f"{text[:60]!r} is not in {unit}.")
