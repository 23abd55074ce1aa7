"""Until when the samples and rows of a series are gone: readers take what is left, and nothing computes it again.

hours     ├─────────────────────┼─────────────────────┼───────────────────┤   never gone, by default
quarters  ............ gone     ├────┼────┼────┼────┼────┼────┼────┼────┼──
raw       ............................ gone           ┬┬┬┬┬┬┬┬┬┬┬┬┬┬┬┬┬┬┬┬
"""

import sqlite3
from collections import defaultdict
from collections.abc import Iterable, Iterator, Mapping, Sequence
from typing import NamedTuple

from unclouded.store.rows import Rows

RAW = 0
SPANS = (RAW, 60, 900, 3600)  # s; samples, and rows of rollups
OF_DEVICE = """SELECT series, span, upto FROM expired WHERE span IN (0, 60, 900, 3600)
    AND series IN (SELECT id FROM series WHERE device = ?)"""
FIRST_ROW = """SELECT start, at, last, marks FROM rollup WHERE series = ? AND span = ? AND start >= ? AND start < ?
    AND at >= ? ORDER BY start LIMIT 1"""
NEWEST_ROW = """SELECT at, last, marks FROM rollup WHERE series = ? AND span = ? AND start < ? AND at < ?
    ORDER BY start DESC LIMIT 1"""


class Gone(NamedTuple):
    """Until when (Unix seconds, whole hours) samples and rows are gone."""

    raw: int = 0
    minutes: int = 0
    quarters: int = 0
    hours: int = 0

    def shortest(self, at: float) -> int | None:
        """The span of the shortest rows that are left at a time, 0 = samples; None where nothing is."""
        return next((span for span, upto in zip(SPANS, self, strict=True) if at >= upto), None)


class RowFound(NamedTuple):
    """The newest value of a row of a rollup: Unix ms, number, marks as those of a part."""

    start: int
    span: int
    at: int
    last: int
    marks: int


NOTHING = Gone()


class Expired:
    """The table, on the writer's connection: changed in the caller's transactions. ``raw``: by series."""

    def __init__(self, db: sqlite3.Connection) -> None:
        self._db = db
        self.raw: dict[int, int] = {}
        self.reload()

    def reload(self) -> None:
        """Reads the bounds from the database again."""
        rows = self._db.execute("SELECT series, span, upto FROM expired")
        self._upto: dict[tuple[int, int], int] = {(series, span): upto for series, span, upto in rows}
        self.raw = {series: upto for (series, span), upto in self._upto.items() if span == RAW}

    def upto(self, series: int, span: int = RAW) -> int:
        """Until when rows of this span of a series are expired; 0 = none are."""
        return self._upto.get((series, span), 0)

    def put(self, series: Iterable[int], span: int, upto: int) -> None:
        """Moves the bounds of these series to ``upto``, never back."""
        rows = [(one, span, max(upto, self.upto(one, span))) for one in series]
        self._db.executemany("INSERT OR REPLACE INTO expired VALUES (?, ?, ?)", rows)
        for one, _, bound in rows:
            self._upto[one, span] = bound
            if span == RAW:
                self.raw[one] = bound

    def has_source(self, series: int, span: int, start: int) -> bool:
        """Whether what the row of a span is computed from is there."""
        return not self._upto or start >= self.upto(series, SPANS[SPANS.index(span) - 1])


def gone_of(rows: Rows, device: int) -> dict[int, Gone]:
    """What is gone of each series of a device; series of which nothing is are left out."""
    found: defaultdict[int, dict[int, int]] = defaultdict(dict)
    for series, span, upto in rows(OF_DEVICE, device):
        found[series][span] = upto
    return {series: Gone(*(upto.get(span, 0) for span in SPANS)) for series, upto in found.items()}


def grouped(series: Iterable[int], gone: Mapping[int, Gone]) -> Mapping[Gone, Sequence[int]]:
    """The series by what is gone of them."""
    groups: defaultdict[Gone, list[int]] = defaultdict(list)
    for one in series:
        groups[gone.get(one, NOTHING)].append(one)
    return groups


def kept_parts(low: int, high: int, gone: Gone) -> Iterator[tuple[int, int, int]]:
    """A range (Unix ms) cut where something else is left: each part, and the span of the shortest rows; 0 = samples."""
    for bound in sorted(upto * 1000 for upto in gone):
        if low < bound:
            end = min(bound, high)
            if low < end and (span := gone.shortest(low / 1000)) is not None:
                yield low, end, span
            low = max(low, end)
    if low < high:
        yield low, high, RAW


def first_row(rows: Rows, series: int, gone: Gone, at: int) -> RowFound | None:
    """The first row whose newest value is at a time (Unix ms) or later, where the samples are gone."""
    for low, high, span in kept_parts(at, gone.raw * 1000, gone):
        begin = low // 1000 // span * span if span else 0
        for start, *columns in rows(FIRST_ROW, series, span, begin, -(-high // 1000), at) if span else ():
            return RowFound(start, span, *columns)
    return None


def newest_row(rows: Rows, series: int, gone: Gone, at: int) -> RowFound | None:
    """The newest row whose newest value is before a time (Unix ms), of those that are longer than minutes."""
    for span, upto in ((900, gone.minutes), (3600, gone.quarters)):
        for when, last, marks in rows(NEWEST_ROW, series, span, min(upto, -(-at // 1000)), at) if upto else ():
            return RowFound(0, span, when, last, marks)
    return None
