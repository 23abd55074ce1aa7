"""What an export consists of: tables of typed columns, whose rows come in batches.

    time    Unix milliseconds                      text    a text
    number  an exact decimal, or None              flag    True or False
    value   number, or a text or a switch

An exact decimal is the value and how many decimals its point has: 67.3 with 1 is 67.3, 67.0 with 1 is 67.0.
"""

from collections.abc import Iterator, Sequence
from typing import Literal, NamedTuple

ColumnKind = Literal["time", "text", "number", "value", "flag"]
Scaled = tuple[float, int]  # a number, and how many decimals it has
Cell = int | bool | str | Scaled | None
Row = Sequence[Cell]

MEAN_DECIMALS = 2  # more than the readings have


class ExportColumn(NamedTuple):
    """A column of an export; the kinds are described above."""

    name: str
    kind: ColumnKind = "text"


class ExportBatch(NamedTuple):
    """Some rows, and which part of the table is done with them, 0 to 1."""

    rows: Sequence[Row]
    done: float


class ExportTable(NamedTuple):
    """``decimals``: the most that a number of it has. ``batches`` can be read once."""

    name: str
    columns: tuple[ExportColumn, ...]
    decimals: int
    batches: Iterator[ExportBatch]


TIME, DEVICE, POINT = ExportColumn("time", "time"), ExportColumn("device"), ExportColumn("point")
MARKS = (ExportColumn("unit"), ExportColumn("quality"), ExportColumn("flags"))
READING_COLUMNS = (TIME, DEVICE, POINT, ExportColumn("value", "value"), *MARKS)
STEP_COLUMNS = (
    *READING_COLUMNS[:4],
    *(ExportColumn(name, "number") for name in ("min", "mean", "max")),
    *MARKS,
)
ENERGY_COLUMNS = (
    ExportColumn("start", "time"),
    ExportColumn("end", "time"),
    DEVICE,
    POINT,
    ExportColumn("Wh", "number"),
    ExportColumn("estimated", "flag"),
    ExportColumn("gap", "flag"),
)
EVENT_COLUMNS = (TIME, DEVICE, ExportColumn("kind"), ExportColumn("text"), ExportColumn("data"))


def decimal_text(number: Scaled) -> str:
    """``67.3``, exact up to 15 digits: what a float is for sure the nearest to."""
    value, decimals = number
    return str(value) if isinstance(value, int) else f"{value:.{decimals}f}"


def scaled_integer(number: Scaled, decimals: int) -> int:
    """The number as a whole multiple of ``10 ** -decimals``."""
    value, one = number[0], int(10**decimals)
    return value * one if isinstance(value, int) else round(value * one)
