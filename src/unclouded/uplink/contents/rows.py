"""Rolled-up rows of a window (``quarter``: one step of 900 s, ``minute``: five of 60 s), as columns in zlib.

    zlib( rows | series | steps | sizes | times | marks | kinds | last | sum | least | most )

Rows are in order of series, then of time. What rows of a device have in common is a difference to another row: sizes,
times and marks to that of the same step in the series before; the last value to the row before of the same series.
The sum is a difference to size x last, least and most are distances from the last: noise, and little more.

Source: docs/protocols/fleet.md §4.3
"""

from collections.abc import Callable, Iterable, Sequence
from itertools import chain, pairwise
from typing import NamedTuple

from unclouded.store.encoding.columns import ColumnReader, put_column, put_number, put_varints
from unclouded.store.encoding.part import SeriesPart
from unclouded.uplink.contents.packing import MOST_ROWS, ContentError, as_content_error, limit, pack, unpack

STEPS = {"quarter": 900, "minute": 60}  # s of one step, by level
LENGTHS = {"quarter": 900, "minute": 300}  # s of one window
PutColumn = Callable[[bytearray, Sequence[int]], None]


class RolledRow(NamedTuple):
    """A row of the store: ``start``: Unix s of the step; ``part``: exact, see store.encoding.part."""

    series: int
    start: int
    part: SeriesPart


def encode_rows(level: str, start: int, rows: Iterable[RolledRow]) -> bytes:
    """The rows of a window from ``start`` on, in any order."""
    ordered = sorted(rows, key=lambda row: row[:2])
    columns = _columns(STEPS[level], start, ordered)
    return min((pack(_written(len(ordered), columns, put)) for put in (put_varints, put_column)), key=len)


def decode_rows(level: str, start: int, data: bytes) -> list[RolledRow]:
    """By series, then by time. Raises ContentError."""
    unpacked = unpack(data)
    with as_content_error():
        return _read(ColumnReader(unpacked, MOST_ROWS), STEPS[level], LENGTHS[level], start)


# --- inside -------------------------------------------------------------------------------------------


def _columns(step: int, start: int, rows: Sequence[RolledRow]) -> list[list[int]]:
    steps = [(row.start - start) // step for row in rows]
    parts = [row.part for row in rows]
    last = [int(part.last) for part in parts]
    numbers = [(part, at) for part, at in zip(parts, last, strict=True) if part.total is not None]
    same = _Alike(), _Alike(), _Alike()
    return [
        [after - before for before, after in pairwise([0, *(row.series for row in rows)])],
        steps,
        [same[0].difference(at, part.size) for at, part in zip(steps, parts, strict=True)],
        [same[1].difference(at, part.at - row.start * 1000) for at, row, part in zip(steps, rows, parts, strict=True)],
        [same[2].difference(at, part.marks) for at, part in zip(steps, parts, strict=True)],
        [int(part.total is not None) for part in parts],
        _differences(rows, last),
        [int(part.total or 0) - part.size * at for part, at in numbers],
        [at - int(part.low or 0) for part, at in numbers],
        [int(part.high or 0) - at for part, at in numbers],
    ]


def _written(count: int, columns: Iterable[Sequence[int]], put: PutColumn) -> bytes:
    data = bytearray()
    put_number(data, count)
    for column in columns:
        (put if any(column) else put_column)(data, column)
    return bytes(data)


def _read(columns: ColumnReader, step: int, length: int, start: int) -> list[RolledRow]:
    count = columns.number()
    limit(count, MOST_ROWS, "rows")
    increases, steps = columns.column(count), columns.column(count)
    sizes, times, marks = (_Alike().sums(steps, columns.column(count)) for _ in range(3))
    _in_range("steps", steps, length // step)
    _in_range("times", times, step * 1000)
    for what, found in (("series", increases), ("sizes", sizes), ("marks", marks)):
        _in_range(what, found, 2**63)
    kinds, differences = columns.column(count), columns.column(count)
    numbers = sum(kind != 0 for kind in kinds)
    distances = zip(*(columns.column(numbers) for _ in range(3)), strict=True)
    if columns.left:
        raise ContentError("it has a tail")
    rows = list[RolledRow]()
    series = last = 0
    for place, increase in enumerate(increases):
        series, last = series + increase, differences[place] + (0 if increase else last)
        at, size = start + steps[place] * step, sizes[place]
        moment, mark = at * 1000 + times[place], marks[place]
        part = SeriesPart(size, None, None, None, last, moment, mark)
        if kinds[place]:
            rest, below, above = next(distances)
            part = SeriesPart(size, rest + size * last, last - below, last + above, last, moment, mark)
        rows.append(RolledRow(series, at, part))
    return rows


def _in_range(what: str, numbers: Sequence[int], end: int) -> None:
    if numbers and not 0 <= min(numbers) <= max(numbers) < end:
        raise ContentError(f"its {what} are out of range")


class _Alike:
    """What rows of one step mostly have in common: differences to the one before of that step, else to the last."""

    def __init__(self) -> None:
        self._by_step: dict[int, int] = {}
        self._last = 0

    def difference(self, step: int, number: int) -> int:
        before = self._by_step.get(step, self._last)
        self._by_step[step] = self._last = number
        return number - before

    def sums(self, steps: Sequence[int], differences: Sequence[int]) -> list[int]:
        found = []
        for step, difference in zip(steps, differences, strict=True):
            self._last = self._by_step[step] = self._by_step.get(step, self._last) + difference
            found.append(self._last)
        return found


def _differences(rows: Sequence[RolledRow], last: Sequence[int]) -> list[int]:
    """Of the last values, to the row before of the same series."""
    before = chain([None], (row.series for row in rows))
    return [
        at - (last[place - 1] if row.series == series else 0)
        for place, (row, series, at) in enumerate(zip(rows, before, last, strict=False))
    ]
