"""Ranges whose rollups are to be computed again: after an edit, an import, or the undoing of one.

    rollup   ├──┼──┼──┤  unrolled: readers take samples  ├──┼──┼──┤
                      └── a page at a time ──►

The range is noted in the transaction that changes its values, so readers never see rows that do not fit. Short ranges
are done at once, long ones page by page after the batches that follow, also after a restart.
"""

import sqlite3
from collections.abc import Iterable, Iterator, Sequence
from typing import NamedTuple

from unclouded.store.rollup import SPANS, Rollup
from unclouded.store.rows import Rows
from unclouded.store.transaction import transaction

HOUR_S = SPANS[-1]
AT_ONCE = 2  # pages that are computed in the transaction of the change: two hours at one sample a second
PUT = "INSERT INTO unrolled VALUES (?, ?, ?, ?)"
NEXT = "SELECT rowid, device, point, start, until FROM unrolled ORDER BY rowid LIMIT 1"
OF_POINT = "SELECT start, until FROM unrolled WHERE device = ? AND point = ? ORDER BY start"
DELETED = """SELECT coalesce(max(upto), 0) FROM expired JOIN series ON id = series
    WHERE device = ? AND point = ? AND span = 0"""
EDITED_RANGES = "SELECT DISTINCT point, start, until FROM edit WHERE device = ? AND undone_at IS NULL"
SERIES = "SELECT id FROM series WHERE device = ? AND point = ?"


class UnrolledRange(NamedTuple):
    """Unix seconds."""

    start: int
    until: int


class Unrolled:
    """Works on the writer's connection."""

    def __init__(self, db: sqlite3.Connection, rollup: Rollup) -> None:
        self._db = db
        self._rollup = rollup

    def add(self, device: int, point: str, start: int, until: int) -> None:
        """The values of this range (Unix ms) have changed, in the caller's transaction."""
        begin, end = start // 1000 // HOUR_S * HOUR_S, -(-until // (1000 * HOUR_S)) * HOUR_S
        series = self._series(device, point)
        begin = max(begin, self.deleted_until(device, point))  # what is there from then on is computed from samples
        for _ in range(AT_ONCE):
            if series and begin < end:
                begin = self._rollup.redo(device, series, begin, end)
        if series and begin < end:
            self._db.execute(PUT, (device, point, begin, end))

    def add_edited(self, device: int) -> None:
        """The same for all that edits of a device concern: its values now come from two devices."""
        for point, start, until in self._db.execute(EDITED_RANGES, (device,)).fetchall():
            self.add(device, point, start, until)

    def deleted_until(self, device: int, point: str) -> int:
        """Until when (Unix seconds) the samples of a point were deleted by a rule of retention; 0 = none were."""
        return int(self._db.execute(DELETED, (device, point)).fetchone()[0])

    def step(self) -> bool:
        """Compute one page of rows, in a transaction; False where nothing is left. Raises sqlite3.Error."""
        found = self._db.execute(NEXT).fetchone()
        if found is None:
            return False
        row, device, point, begin, end = found
        with transaction(self._db):
            series = self._series(device, point)
            reached = self._rollup.redo(device, series, begin, end) if series else end
            if reached < end:
                self._db.execute("UPDATE unrolled SET start = ? WHERE rowid = ?", (reached, row))
            else:
                self._db.execute("DELETE FROM unrolled WHERE rowid = ?", (row,))
        return True

    def _series(self, device: int, point: str) -> Sequence[int]:
        return [series for (series,) in self._db.execute(SERIES, (device, point))]


def unrolled(rows: Rows, device: int, points: Iterable[str]) -> list[UnrolledRange]:
    """The ranges of some points, in order of time, that do not overlap."""
    found: list[UnrolledRange] = []
    for start, until in sorted((start, until) for point in points for start, until in rows(OF_POINT, device, point)):
        if found and start <= found[-1].until:
            found[-1] = UnrolledRange(found[-1].start, max(found[-1].until, until))
        else:
            found.append(UnrolledRange(start, until))
    return found


def rolled_parts(low: int, high: int, ranges: Sequence[UnrolledRange]) -> Iterator[tuple[int, int, bool]]:
    """A range cut at these: each part, and whether its rollups count. In the unit of the ranges."""
    for start, until in ranges:
        if until <= low or start >= high:
            continue
        if low < start:
            yield low, start, True
        yield max(low, start), min(high, until), False
        low = min(high, until)
    if low < high:
        yield low, high, True
