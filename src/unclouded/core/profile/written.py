"""Rows as the TOML that makes them: the inverse of ``building.py``."""

from fractions import Fraction

import msgspec

from unclouded.core.profile.building import usual_counter, usual_exponent, usual_kind
from unclouded.core.profile.wire_point import WireMatch, WirePoint

MOST_DECIMALS = 12
WHOLE_BELOW = 1e15  # numbers from here on are written with an exponent


def row_lines(row: WirePoint) -> list[str]:
    """The lines of a [[point]], without what every row has by itself."""
    point = row.point
    texts = [
        ("type", row.type),
        ("key", point.key),
        ("kind", "" if point.kind == usual_kind(row.type, row.counter, row.true_is is not None) else point.kind),
        ("access", "" if point.access == "r" else point.access),
        ("counter", "" if row.counter == usual_counter(point.key) else row.counter),
        ("falls_to", row.falls_to),
        ("decode", row.decode),
        ("label", point.label),
        ("negative", "tenth" if row.tenth else ""),
        ("confidence", point.confidence),
    ]
    values = [
        ("scale", "" if row.mul == row.div else _decimal(row.scale)),
        ("exponent", "" if point.exponent == usual_exponent(point.key, row.scale) else str(point.exponent)),
        ("wraps", "" if row.wraps is None else str(row.wraps)),
        ("minimum", "" if point.minimum is None else _number(point.minimum)),
        ("maximum", "" if point.maximum is None else _number(point.maximum)),
        ("options", f"[{', '.join(map(quoted, point.options))}]" if point.options else ""),
        ("inverted", "true" if row.inverted else ""),
        ("true_is", "" if row.true_is is None else _values(row.true_is)),
        ("negative_when", _condition(row.negative_when)),
        ("direction_lags", "true" if row.direction_lags else ""),
        ("used_when", _condition(row.used_when)),
    ]
    written = [
        *((name, quoted(text)) for name, text in texts if text),
        *((name, text) for name, text in values if text),
    ]
    return [_wire(row.wire), *(f"{name} = {text}" for name, text in written)]


def quoted(text: str) -> str:
    """A TOML string: JSON's escapes are TOML's too."""
    return msgspec.json.encode(text).decode().replace("\x7f", "\\u007f")


def _wire(wire: str) -> str:
    return f"dp = {wire}" if wire.isdecimal() else f"wire = {quoted(wire)}"


def _condition(match: WireMatch | None) -> str:
    return "" if match is None else f"{{ {_wire(match.wire)}, is = {_values(match.values)} }}"


def _values(values: frozenset[str]) -> str:
    """One value as it is, several as a list; what could be a number is one."""
    texts = [text if text.removeprefix("-").isdecimal() else quoted(text) for text in sorted(values)]
    return texts[0] if len(texts) == 1 else f"[{', '.join(texts)}]"


def _decimal(scale: Fraction) -> str:
    if scale.denominator == 1:
        return str(scale.numerator)
    return f"{float(scale):.{MOST_DECIMALS}f}".rstrip("0")


def _number(number: float) -> str:
    return f"{number:.0f}" if number.is_integer() and abs(number) < WHOLE_BELOW else repr(number)
