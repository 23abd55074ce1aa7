"""What must hold of the rows of a profile: of each by itself, and of all together. Raises ConfigError."""

import re
from collections import Counter as Tally
from collections.abc import Callable, Iterable, Sequence

from unclouded.core.errors import ConfigError
from unclouded.core.model import Kind
from unclouded.core.profile.schema import WIRE_TYPES, Condition, Counter, PointRow
from unclouded.core.profile.wire_point import PYTHON_TYPES, WireMatch, WirePoint
from unclouded.core.text.printable import printable

MOST_BITS = 32
MOST_EXPONENT = 9
KEY = re.compile(r"[A-Za-z0-9_]{1,64}")
UNCOUNTABLE = ("bool", "enum", "bitmap", "string", "raw")
NUMBERS = frozenset({"bool", "value", "enum", "bitmap", "float"})  # wire types that conditions compare as numbers

UNPRINTABLE = "has a character that cannot be shown"

IsWrong = Callable[[PointRow, Kind, Counter], bool]


def is_shown(text: str) -> bool:
    """Whether a terminal shows all of a text as it is."""
    return printable(text) == text


# The key of a row, when it is wrong, and as which sentence.
ROW_CHECKS: Sequence[tuple[str, IsWrong, str]] = (
    ("key", lambda row, kind, counter: not KEY.fullmatch(row.key), "takes 1 to 64 letters, digits and _"),
    ("label", lambda row, kind, counter: not is_shown(row.label), UNPRINTABLE),
    ("options", lambda row, kind, counter: not all(map(is_shown, row.options)), UNPRINTABLE),
    ("type", lambda row, kind, counter: row.type not in WIRE_TYPES, f"must be one of {', '.join(WIRE_TYPES[1:])}"),
    ("scale", lambda row, kind, counter: row.scale <= 0, "must be more than 0"),
    (
        "exponent",
        lambda row, kind, counter: abs(row.exponent or 0) > MOST_EXPONENT,
        f"must be from {-MOST_EXPONENT} to {MOST_EXPONENT}",
    ),
    (
        "wraps",
        lambda row, kind, counter: row.wraps is not None and (row.wraps <= 0 or counter == "none"),
        "is for a counter, and more than 0",
    ),
    (
        "negative",
        lambda row, kind, counter: (
            row.negative is not None
            and (row.type != "value" or counter != "none" or row.negative_when is not None or "w" in row.access)
        ),
        "is for a point of type value that can only be read and is not a counter",
    ),
    (
        "true_is",
        lambda row, kind, counter: (
            row.true_is is not None
            and (
                "w" in row.access
                or row.inverted
                or row.decode != ""
                or row.counter is not None
                or row.kind not in (None, "switch")
            )
        ),
        "is for a switch that can only be read",
    ),
    (
        "options",
        lambda row, kind, counter: bool(row.options) and kind not in ("enum", "bitmap"),
        "is for an enum or a bitmap",
    ),
    (
        "options",
        lambda row, kind, counter: len(set(row.options)) < len(row.options),
        "must name each option once",
    ),
    (
        "options",
        lambda row, kind, counter: kind == "bitmap" and len(row.options) > MOST_BITS,
        f"has more than {MOST_BITS} names for the bits of a bitmap",
    ),
    ("inverted", lambda row, kind, counter: row.inverted and kind != "switch", "is for a switch"),
    (
        "minimum",
        lambda row, kind, counter: row.minimum is not None and row.maximum is not None and row.minimum > row.maximum,
        "is more than the maximum",
    ),
    (
        "negative_when",
        lambda row, kind, counter: (
            row.negative_when is not None
            and (kind not in ("number", "counter") or "w" in row.access or row.decode != "")
        ),
        "is for a number that can only be read",
    ),
    (
        "negative_when",
        lambda row, kind, counter: row.negative_when is not None and counter not in ("none", "increment", "total"),
        "does not go with a daily, dated or net counter",
    ),
    (
        "negative_when",
        lambda row, kind, counter: row.negative_when is not None and counter != "none" and not row.falls_to,
        "of a counter needs `falls_to`: the point that counts the other direction",
    ),
    ("falls_to", lambda row, kind, counter: row.falls_to == row.key, "names the point itself"),
    (
        "direction_lags",
        lambda row, kind, counter: row.direction_lags and (row.negative_when is None or counter != "none"),
        "is for a number with `negative_when` that is not a counter",
    ),
    (
        "used_when",
        lambda row, kind, counter: (
            row.used_when is not None and (counter != "none" or row.decode != "" or row.negative_when is not None)
        ),
        "does not go with a counter, `decode` or `negative_when`",
    ),
    ("counter", lambda row, kind, counter: counter != "none" and row.type in UNCOUNTABLE, "is for a number"),
    ("decode", lambda row, kind, counter: row.decode != "" and row.type not in ("", "raw"), "is for a raw value"),
)


def check_row(row: PointRow, kind: Kind, counter: Counter, path: str) -> None:
    """A row by itself. ``path``: the row in its file, without the closing backtick."""
    for name, is_wrong, text in ROW_CHECKS:
        if is_wrong(row, kind, counter):
            raise ConfigError(f"{path}.{name}` {text}.")


def check_wire(row: PointRow | Condition, path: str) -> None:
    """It names one wire key."""
    if (row.dp is None) == (row.wire is None) or row.wire == "":
        raise ConfigError(f"{path}` needs one of `dp` and `wire`.")
    if row.dp is not None and row.dp < 0:
        raise ConfigError(f"{path}.dp` is the number of a data point, not {row.dp}.")


def check_rows(rows: Sequence[WirePoint], where: str) -> None:
    """The rows of a profile together."""
    _must_be_unique(rows, where)
    _must_differ_in_type(rows, where)
    for row in rows:
        for name, match in (("negative_when", row.negative_when), ("used_when", row.used_when)):
            if match is not None:
                _check_match(row, match, rows, f"{where}: `{name}` of {row.point.key}")


def _must_differ_in_type(rows: Iterable[WirePoint], where: str) -> None:
    """Rows with one wire key name different types."""
    types: dict[str, list[str]] = {}
    for row in rows:
        types.setdefault(row.wire, []).append(row.type)
    for wire, named in types.items():
        if len(named) > 1 and (len(set(named)) < len(named) or not set(named) <= PYTHON_TYPES.keys()):
            raise ConfigError(
                f"{where}: {wire} is there {len(named)} times: each of these points must name a `type` of its own, one "
                f"of {', '.join(PYTHON_TYPES)}."
            )


def _must_be_unique(rows: Sequence[WirePoint], where: str) -> None:
    """Each key stands once, except in rows of which one value picks the one that is used."""
    by_key: dict[str, list[WirePoint]] = {}
    for row in rows:
        by_key.setdefault(row.point.key, []).append(row)
    for key, same in by_key.items():
        if len(same) > 1:
            _must_exclude_each_other(key, same, where)


def _must_exclude_each_other(key: str, same: Sequence[WirePoint], where: str) -> None:
    matches = [row.used_when for row in same if row.used_when is not None]
    if len(matches) < len(same):
        raise ConfigError(
            f"{where}: the key {key!r} is there twice. Name one differently, or give each a `used_when`, if another "
            "data point picks which of them is used."
        )
    if len({match.wire for match in matches}) > 1:
        raise ConfigError(f"{where}: the rows {key!r} must name the same data point in `used_when`.")
    values = Tally(value for match in matches for value in match.values)
    twice = [value for value, count in values.items() if count > 1]
    if twice:
        raise ConfigError(f"{where}: `used_when` of several rows {key!r} holds at {twice[0]}: only one may be used.")


def _check_match(row: WirePoint, match: WireMatch, rows: Sequence[WirePoint], path: str) -> None:
    """A condition names another wire key that is reported by itself, and its values as they are on the wire."""
    if match.wire == row.wire:
        raise ConfigError(f"{path} names its own data point.")
    if any(one.decode and one.wire == match.wire.partition(".")[0] for one in rows):
        raise ConfigError(f"{path} names {match.wire}, a raw value with others inside. Name one that is reported.")
    types = {one.type for one in rows if one.wire == match.wire}
    texts = sorted(value for value in match.values if not value.removeprefix("-").isdecimal())
    if texts and "string" not in types and (match.wire.isdecimal() or types & NUMBERS):
        raise ConfigError(
            f"{path}: `is` takes numbers as they are on the wire, not {texts[0]!r}. Of an enum it is the index of the "
            "option, from 0. Only a row of type string is compared with text."
        )
