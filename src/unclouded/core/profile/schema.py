"""What may stand in a profile file: a closed schema."""

from decimal import Decimal
from typing import Any, Literal

import msgspec

from unclouded.core.errors import ConfigError
from unclouded.core.model import Access, Confidence, Kind

Counter = Literal["total", "increment", "daily", "dated", "net", "none"]
WIRE_TYPES = ("", "bool", "value", "enum", "bitmap", "string", "raw", "float")
OneOrMore = int | bool | str | list[int | bool | str]


class Condition(msgspec.Struct, frozen=True, kw_only=True, forbid_unknown_fields=True):
    """``{ dp = 102, is = 1 }``: a wire key has one of these values. Of an enum they are numbers, never names."""

    dp: int | None = None
    wire: str | None = None
    values: OneOrMore = msgspec.field(name="is")


class PointRow(msgspec.Struct, frozen=True, kw_only=True, forbid_unknown_fields=True):
    """One [[point]] of a profile file."""

    key: str
    dp: int | None = None
    wire: str | None = None
    type: str = ""  # one of WIRE_TYPES
    kind: Kind | None = None
    access: Access = "r"
    scale: Decimal | int = 1
    exponent: int | None = None
    label: str = ""
    minimum: float | None = None
    maximum: float | None = None
    options: list[str] = []
    counter: Counter | None = None
    wraps: int | None = None  # the raw counter starts again after this many counts (2**32)
    falls_to: str = ""  # "net": the point that collects what this counter goes backwards
    decode: str = ""  # the family's decoder of that name turns one raw value into several
    inverted: bool = False  # a switch that is on where the wire says false
    negative: Literal["tenth"] | None = None  # how a negative number is written, where not in two's complement
    true_is: OneOrMore | None = None  # the wire values at which a switch that can only be read is on
    negative_when: Condition | None = None  # of a counter: what it rises while that holds goes to ``falls_to``
    direction_lags: bool = False  # the value that ``negative_when`` names is reported after those that it belongs to
    used_when: Condition | None = None  # of several rows with one key, which of them is the point
    confidence: Confidence = ""  # see core.model.Point

    @property
    def wire_key(self) -> str:
        """How the wire names the point: the number of its data point as text, or ``wire``."""
        return str(self.dp) if self.dp is not None else self.wire or ""


class RowName(msgspec.Struct, frozen=True, kw_only=True, forbid_unknown_fields=True):
    """``{ dp = 39, type = "bool" }``: a row, where several have its dp. Without a type it is all of them."""

    dp: int | None = None
    wire: str | None = None
    type: str = ""

    @property
    def wire_key(self) -> str:
        """How the wire names the point: the number of its data point as text, or ``wire``."""
        return str(self.dp) if self.dp is not None else self.wire or ""


Dropped = int | str | RowName


class VariantRow(msgspec.Struct, frozen=True, kw_only=True, forbid_unknown_fields=True):
    """One [[variant]]: products that have the rows of the file but for these scales, and without those rows.

    ``scale``: by dp or wire key. ``title``: without it the title of the file, and what is different.
    """

    products: list[str]
    title: str = ""
    scale: dict[str, Decimal | int] = {}
    drop: list[Dropped] = []


class ProfileFile(msgspec.Struct, frozen=True, kw_only=True, forbid_unknown_fields=True):
    """A whole profile file. ``base``: the profile whose rows stand in ``point`` too; it has been applied."""

    name: str
    family: str
    title: str
    base: str = ""
    drop: list[Dropped] = []  # rows of the base
    products: list[str] = []
    main: str = ""
    actions: list[str] | None = None  # None = every action of the family
    unknown: bool = False  # wire keys not listed become points of their own: dp_19
    session: dict[str, Any] = {}  # Any: checked against the family's settings type
    point: list[PointRow] = []
    variant: list[VariantRow] = []


def one_or_more(values: OneOrMore) -> list[int | bool | str]:
    """A value or a list of them, as a list."""
    return values if isinstance(values, list) else [values]


def without_rows(rows: list[PointRow], dropped: list[Dropped], path: str) -> list[PointRow]:
    """The rows that are left; what is decoded from a dropped one goes with it. Raises ConfigError for one not there."""
    for number, one in enumerate(dropped):
        name = _row_name(one)
        found = [row for row in rows if row.wire_key == name.wire_key and name.type in ("", row.type)]
        if not found:
            of_type = f" of type {name.type}" if name.type else ""
            raise ConfigError(f"{path}[{number}]`: there is no row {name.wire_key or '?'}{of_type} to drop.")
        packed = {row.wire_key for row in found if row.decode}
        rows = [row for row in rows if row not in found and row.wire_key.partition(".")[0] not in packed]
    return rows


def _row_name(dropped: Dropped) -> RowName:
    match dropped:
        case int():
            return RowName(dp=dropped)
        case str():
            return RowName(wire=dropped)
    return dropped
