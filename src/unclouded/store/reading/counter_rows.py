"""The rows of one counter as columns: a year of quarters of an hour in a few milliseconds.

    rollup   ├──┼──┼──┼──┼──┼──┼──┼──┼──┤  unrolled  ├──┼──┼──┤ upto
             └──── starts, numbers ─────┘  └─ rest ─┘           └─ rest ─┘

A statement returns a whole column as one JSON text, computed by SQLite while other threads run. Readings of a ledger
are numbers, so texts are not searched. What rows do not say, a caller reads in steps: the rest.
"""

from collections.abc import Callable, Mapping, Sequence
from itertools import combinations
from typing import NamedTuple, TypeVar

import msgspec

from unclouded.store.editing.unrolled import UnrolledRange, unrolled
from unclouded.store.encoding.codec import QUALITIES, SeriesScale
from unclouded.store.retention.expired import NOTHING, gone_of
from unclouded.store.rows import Rows

# In the order of the primary key, in which SQLite reads a range of it
PART = "FROM rollup WHERE series = ?1 AND span = ?2 AND start >= ?3 AND start < ?4"
NUMBERS = f"SELECT json_group_array(last), max(marks) {PART}"
STARTS = f"SELECT json_group_array(start) {PART}"
ENDS = f"SELECT start {PART} ORDER BY start "
ESTIMATES = f"SELECT start {PART} AND marks & ?5 ORDER BY start"
BEFORE = """(SELECT {} FROM rollup b WHERE b.series = r.series AND b.span = r.span AND b.start < r.start
    ORDER BY b.start DESC LIMIT 1)"""
FLAGGED = f"""SELECT start, size, last, at, marks, {BEFORE.format("b.last")}, {BEFORE.format("b.at")}
    {PART.replace("rollup", "rollup r")} AND marks & ?5 ORDER BY start"""
NEXT = "SELECT start, marks & ? FROM rollup WHERE series = ? AND span = ? AND start >= ? ORDER BY start LIMIT 1"
ESTIMATED = 1 << QUALITIES.index("estimated") >> 1  # in the marks of a part
Read = TypeVar("Read")


class FlaggedRow(NamedTuple):
    """A row with a reading that has the flag; ``before_*``: the newest value of the row before it. ``at``: Unix ms."""

    start: int
    size: int
    last: int
    at: int
    marks: int
    before_last: int | None
    before_at: int | None


class SeriesRows(NamedTuple):
    """The rows of a series, in order of time. ``starts``: Unix s; ``estimated``: of those with an estimated value."""

    scale: SeriesScale
    starts: Sequence[int]
    numbers: Sequence[int]
    estimated: Sequence[int]
    flagged: Sequence[FlaggedRow]


class CounterRows(NamedTuple):
    """``rest``: what is not in the rows, Unix s. ``is_calm_after``: the next row is there, and has not the flag."""

    series: Sequence[SeriesRows]
    rest: Sequence[tuple[int, int]]
    is_calm_after: bool


class CounterQuery(NamedTuple):
    """Rows of ``span`` seconds of a point, between two times that are multiples of it. ``flag``: see FlaggedRow."""

    device: int
    point: str
    span: int
    start: int
    end: int
    flag: str


def counter_rows(rows: Rows, scales: Mapping[int, SeriesScale], query: CounterQuery) -> CounterRows:
    """``scales``: the series of the point."""
    return in_transaction(rows, lambda: _read(rows, scales, query))


def in_transaction(rows: Rows, read: Callable[[], Read]) -> Read:
    """Read at one moment of the store."""
    rows("BEGIN")
    try:
        return read()
    finally:
        rows("COMMIT")


# --- inside -------------------------------------------------------------------------------------------


def _read(rows: Rows, scales: Mapping[int, SeriesScale], query: CounterQuery) -> CounterRows:
    gone = gone_of(rows, query.device)
    if any(gone.get(one, NOTHING)[2:] != (0, 0) for one in scales):
        return CounterRows((), [(query.start, query.end)], False)
    upto = next((upto for (upto,) in rows("SELECT upto FROM rolled WHERE device = ?", query.device)), 0)
    ranges, bit = unrolled(rows, query.device, [query.point]), _bit(rows, query.flag)
    done = max(min(query.end, upto // query.span * query.span), query.start)
    found = [_series(rows, one, scale, query._replace(end=done), bit) for one, scale in scales.items()]
    if None in found:
        return CounterRows((), [(query.start, query.end)], False)
    series = [one for one in found if one is not None and one.numbers]
    rest = [_whole(one, query.span) for one in ranges if one.start < done and one.until > query.start]
    rest += _shared(series, query.span) + ([(done, query.end)] if done < query.end else [])
    is_calm = len(scales) == 1 and _is_calm(rows, next(iter(scales)), query, bit, upto, ranges)
    return CounterRows(series, sorted(rest), is_calm)


def _series(rows: Rows, series: int, scale: SeriesScale, query: CounterQuery, bit: int) -> SeriesRows | None:
    """None where a number has more than 64 bits."""
    place = series, query.span, query.start, query.end
    text, marks = rows(NUMBERS, *place)[0]
    if "." in text:
        return None
    numbers, starts = _ints(text), range(0)
    if numbers:
        (first,), (last,) = rows(f"{ENDS} LIMIT 1", *place)[0], rows(f"{ENDS} DESC LIMIT 1", *place)[0]
        starts = range(first, last + query.span, query.span)
    is_run = len(starts) == len(numbers)
    return SeriesRows(
        scale,
        starts if is_run else _ints(rows(STARTS, *place)[0][0]),
        numbers,
        [start for (start,) in rows(ESTIMATES, *place, ESTIMATED)] if marks else (),
        [FlaggedRow(*row) for row in rows(FLAGGED, *place, bit)] if marks else (),
    )


def _ints(text: str) -> list[int]:
    return msgspec.json.decode(text, type=list[int])


def _bit(rows: Rows, flag: str) -> int:
    """The bit of a flag in the marks of a part; 0 where the store does not have it."""
    return next((8 << bit for (bit,) in rows("SELECT bit FROM flag WHERE name = ?", flag)), 0)


def _whole(one: UnrolledRange, span: int) -> tuple[int, int]:
    return one.start // span * span, -(-one.until // span) * span


def _shared(series: Sequence[SeriesRows], span: int) -> list[tuple[int, int]]:
    """Where two series of the point have a row each: the newer value is found in steps."""
    starts = {start for one, two in combinations(series, 2) for start in {*one.starts}.intersection(two.starts)}
    found: list[tuple[int, int]] = []
    for start in sorted(starts):
        if found and found[-1][1] == start:
            found[-1] = found[-1][0], start + span
        else:
            found.append((start, start + span))
    return found


def _is_calm(
    rows: Rows, series: int, query: CounterQuery, bit: int, upto: int, ranges: Sequence[UnrolledRange]
) -> bool:
    for start, flagged in rows(NEXT, bit, series, query.span, query.end):
        is_open = any(one.until > query.end and one.start < start + query.span for one in ranges)
        return not flagged and not is_open and start + query.span <= upto
    return False
