"""Rollups: condensed rows beside the samples, so that a year of a device is read in milliseconds.

    sample   ┌┬┬┬┬┬┬┬┬┬┬┬┬┬┬┬┬┬┬┬┬┬┬┬┬┬┬┬┬┬┬┬┬┬┬┬┬┬┬┬┬┬┬┬┬┐
    60 s     ├──┼──┼──┼──┼──┼──┼──┼──┼──┼──┼──┼──┤          │   each a SeriesPart (see store.encoding.part)
    900 s    ├──────────────┼──────────────┤                │
    3600 s   ├─────────────────────────────┤  upto ─┘       newest

Rows are computed from the stored samples, in the transaction of the batch that completes them, so rollups and samples
never differ. All samples of a device before its ``upto`` are rolled up: rows of 60 s from samples, rows of 900 s from
those of 60 s, rows of 3600 s from those of 900 s. ``upto`` advances in pieces of five minutes, because the rows of a
series then share a page. A late sample, or an edit, causes its rows to be computed again. A batch rolls up a bounded
number of device-seconds: a store without rollups, or with a whole history that arrives late, catches up over many
batches; readers use samples from ``upto`` on.
"""

import sqlite3
from collections import defaultdict
from collections.abc import Callable, Collection, Iterable, Mapping, Sequence
from itertools import pairwise
from typing import Any

from unclouded.store.encoding.chunk import SPAN_S, DeviceSecond
from unclouded.store.encoding.part import SeriesPart, StepRange, accumulate, join, new_accumulators
from unclouded.store.retention.expired import Expired
from unclouded.store.samples import Samples

MINUTE = 60
SPANS = (MINUTE, 900, 3600)  # s; each divides the next, and offsets of time zones are multiples of 900 s
PIECE_S = 300  # s that are rolled up at a time
GRACE_S = 5  # s to wait for late samples
ROWS_PER_BATCH = 2000  # device-seconds that every batch may roll up; 10 ms
LATE_LIMIT = 500  # minutes with late samples that are computed again at once; with more, upto moves back
SAFE_TOTAL = 2**47  # totals beyond are kept as floats, so that SQLite's sum of 65,000 of them stays whole
MARKS = 2**63 - 1  # the marks that fit a column

PUT_ROW = "INSERT OR REPLACE INTO rollup VALUES (?, ?, ?, ?, ?, ?, ?, ?, ?, ?)"
DROP_ROWS = "DELETE FROM rollup WHERE series = ? AND span = ? AND start >= ? AND start < ?"
PUT_UPTO = "INSERT OR REPLACE INTO rolled VALUES (?, ?)"
FIRST_SECOND = """SELECT min(at) FROM (SELECT min(second) AS at FROM sample WHERE device = ?1
    UNION ALL SELECT min(first) FROM (SELECT first FROM chunk WHERE device = ?1 ORDER BY start LIMIT 1))"""
LAST_SECOND = """SELECT max(at) FROM (SELECT max(second) AS at FROM sample WHERE device = ?1
    UNION ALL SELECT max(last) FROM (SELECT last FROM chunk WHERE device = ?1 ORDER BY start DESC LIMIT 1))"""
PARTS = """SELECT series, size, total, low, high, last, at, marks FROM rollup
    WHERE series IN (SELECT id FROM series WHERE device = ?) AND span = ? AND start >= ? AND start < ?
    ORDER BY series, start"""

Place = tuple[int, int]  # device, second


class Rollup:
    """Works on the writer's connection, within its transactions. ``wall``: the clock; nothing after it is rolled up.

    Rows whose samples were deleted by retention (``expired``), or are in a damaged chunk, are never computed again.
    """

    def __init__(self, db: sqlite3.Connection, wall: Callable[[], float], expired: Expired | None = None) -> None:
        self._db = db
        self._expired = expired or Expired(db)
        self._wall = wall
        self._samples = Samples(lambda query, *values: db.execute(query, values).fetchall())
        self.reload()

    def reload(self) -> None:
        """Read again how far every device is rolled up."""
        db = self._db
        self._upto: dict[int, int] = dict(db.execute("SELECT device, upto FROM rolled"))
        self._newest: dict[int, int] = {}
        for (device,) in db.execute("SELECT number FROM device").fetchall():
            (newest,) = db.execute(LAST_SECOND, (device,)).fetchone()
            if newest is not None:
                self._newest[device] = newest
        self._behind = set(self._newest)
        self._is_number: dict[int, bool] = {}

    def follow(self, places: Sequence[Place]) -> None:
        """Compute the rows that these samples, just written, complete or change."""
        late: defaultdict[int, set[int]] = defaultdict(set)
        for device, second in places:
            if second < self._upto_of(device):
                late[device].add(second // MINUTE * MINUTE)
            if second > self._newest.get(device, 0):
                self._newest[device] = second
        for device, minutes in late.items():
            self._redo(device, minutes)
        self._behind.update(device for device, _ in places)
        self.catch_up(max(ROWS_PER_BATCH, 3 * len(places)))

    def newest(self, device: int) -> int | None:
        """The second of the newest sample of a device; None where it has none."""
        return self._newest.get(device)

    def plan_of(self, devices: Sequence[int]) -> tuple[int, set[int]]:
        """For devices that are joined: the ``upto`` of the result, and the minutes that are missing before it."""
        upto = {device: self._upto.get(device, 0) for device in devices if device in self._newest}
        goal, minutes = max(upto.values(), default=0), set[int]()
        for device, begun in upto.items():
            minutes.update(second // MINUTE * MINUTE for second, _ in self._samples.read(device, begun, goal))
        return goal, minutes

    def carry_out(self, device: int, plan: tuple[int, set[int]]) -> None:
        """Roll up the joined device by the plan."""
        self.reload()
        goal, minutes = plan
        if goal:
            self._upto[device] = goal
            self._db.execute(PUT_UPTO, (device, goal))
            self._redo(device, minutes)

    def catch_up(self, work: int) -> bool:
        """Roll devices up, the least behind first, until so many device-seconds are; whether none is behind then."""
        now = int(self._wall())
        goals = {device: (min(self._newest[device], now) - GRACE_S) // PIECE_S * PIECE_S for device in self._behind}
        lags = {device: goal - self._upto_of(device) for device, goal in goals.items()}
        self._behind = {device for device, lag in lags.items() if lag > 0}
        for device in sorted(self._behind, key=lags.__getitem__):
            if work <= 0:
                return False
            work -= self._advance(device, goals[device], max(work, MINUTE + 1))
        return not self._behind

    def redo(self, device: int, series: Collection[int], begin: int, end: int) -> int:
        """Compute the rows of some series again, from one whole hour to another; until which hour it got.

        It works on one page of samples at most. Rows of minutes without samples are deleted.
        """
        begin = max([begin, *(self._expired.upto(one) for one in series)])
        if begin >= end:
            return end
        goal = -(-self._upto_of(device) // SPANS[-1]) * SPANS[-1]
        if goal < end:  # rows beyond are from before ``upto`` was moved back, and are computed again when it advances
            self._drop(series, max(begin, goal), end)
        if begin >= goal:
            return end
        end = min(end, goal)
        rows, reach = self._samples.page(device, begin, end)
        if reach < end:
            end = max(reach // SPANS[-1] * SPANS[-1], begin + SPANS[-1])
        for hour in range(begin, end, SPAN_S):
            if (device, hour) not in self._samples.damaged:
                self._drop(series, hour, min(hour + SPAN_S, end))
        upto = self._upto_of(device)
        sound = self._sound(device, rows)
        minutes = self._from_samples(device, (row for row in sound if row[0] < min(end, upto)), series)
        self._roll_up(device, minutes, upto)
        return end

    # --- inside --------------------------------------------------------------------------------

    def _upto_of(self, device: int) -> int:
        """The device's ``upto``; without rollups, the hour of its first sample."""
        upto = self._upto.get(device)
        if upto is None:  # new since the last reload; its past may have been filled in beside this writer
            rolled = self._db.execute("SELECT upto FROM rolled WHERE device = ?", (device,)).fetchone()
            (first,) = self._db.execute(FIRST_SECOND, (device,)).fetchone()
            upto = self._upto[device] = rolled[0] if rolled else (first or 0) // SPANS[-1] * SPANS[-1]
        return upto

    def _advance(self, device: int, goal: int, work: int) -> int:
        """Roll up to the goal, or at most ``work`` device-seconds; how many it took."""
        upto = self._upto_of(device)
        rows, reach = self._samples.page(device, upto, goal, work)
        if reach < goal:
            goal = reach // MINUTE * MINUTE
            rows = [row for row in rows if row[0] < goal]
        else:
            self._behind.discard(device)
        minutes = self._from_samples(device, self._sound(device, rows))
        self._roll_up(device, {upto // MINUTE * MINUTE, *minutes}, goal)
        self._upto[device] = goal
        self._db.execute(PUT_UPTO, (device, goal))
        return len(rows)

    def _redo(self, device: int, minutes: set[int]) -> None:
        """Compute the rows over late samples again. With more than LATE_LIMIT minutes, move ``upto`` back instead."""
        if len(minutes) > LATE_LIMIT:
            self._upto[device] = min(minutes)
            self._db.execute(PUT_UPTO, (device, min(minutes)))
            return
        for first, last in _by_hour(minutes):  # each chunk is read once
            rows = self._sound(device, list(self._samples.read(device, first, last + MINUTE)))
            self._from_samples(device, (row for row in rows if row[0] // MINUTE * MINUTE in minutes))
        self._roll_up(device, minutes, self._upto_of(device))

    def _from_samples(
        self, device: int, rows: Iterable[DeviceSecond], series: Collection[int] | None = None
    ) -> list[int]:
        """Write the minute rows of these samples (of some series, None = all); the starts of the minutes."""
        accumulators = new_accumulators()
        accumulate(rows, StepRange(MINUTE * 1000), series, accumulators)
        for number, by_series in accumulators.items():
            start = number * MINUTE
            parts = {series: one.part(self._counts_as_number(series)) for series, one in by_series.items()}
            self._write(MINUTE, start, parts)
        return [number * MINUTE for number in accumulators]

    def _roll_up(self, device: int, starts: Iterable[int], upto: int) -> None:
        """Write the longer rows over these starts, where they are complete."""
        for finer, span in pairwise(SPANS):
            starts = {start // span * span for start in starts}
            for start in sorted(starts):
                if start + span <= upto:
                    self._write(span, start, self._joined(device, finer, start, start + span))

    def _sound(self, device: int, rows: Sequence[DeviceSecond]) -> Sequence[DeviceSecond]:
        """Those that were read of hours whose chunk is not damaged: the late ones alone are not the whole hour."""
        damaged = self._samples.damaged
        return [one for one in rows if (device, one[0] // SPAN_S * SPAN_S) not in damaged] if damaged else rows

    def _drop(self, series: Iterable[int], begin: int, end: int) -> None:
        self._db.executemany(DROP_ROWS, [(one, span, begin, end) for one in series for span in SPANS])

    def _joined(self, device: int, span: int, start: int, end: int) -> Mapping[int, SeriesPart]:
        parts: dict[int, SeriesPart] = {}
        for series, *columns in self._db.execute(PARTS, (device, span, start, end)).fetchall():
            part = SeriesPart(*columns)
            parts[series] = join(parts[series], part) if series in parts else part
        return parts

    def _write(self, span: int, start: int, parts: Mapping[int, SeriesPart]) -> None:
        has_source = self._expired.has_source
        kept = [(one, part) for one, part in parts.items() if has_source(one, span, start)]
        rows = [(one, span, start, *stored_columns(part)) for one, part in kept]
        self._db.executemany(PUT_ROW, rows)

    def _counts_as_number(self, series: int) -> bool:
        known = self._is_number.get(series)
        if known is None:
            row = self._db.execute("SELECT kind = 'number' FROM series WHERE id = ?", (series,)).fetchone()
            known = self._is_number[series] = bool(row and row[0])
        return known


def _by_hour(minutes: Iterable[int]) -> Iterable[tuple[int, int]]:
    """The first and the last minute of each hour that has some."""
    hours: defaultdict[int, list[int]] = defaultdict(list)
    for minute in minutes:
        hours[minute // SPAN_S].append(minute)
    return [(min(found), max(found)) for found in hours.values()]


def stored_columns(part: SeriesPart) -> tuple[Any, ...]:  # Any: as SQLite has them
    """The columns of a part: numbers of more than 64 bits become floats."""
    size, total, low, high, last, at, marks = part
    if total is not None and abs(total) >= SAFE_TOTAL:
        total = float(total)  # type: ignore[assignment]  # SQLite's sum is an integer as long as its inputs are
    return size, total, _sqlite_number(low), _sqlite_number(high), _sqlite_number(last), at, marks & MARKS


def _sqlite_number(number: int | None) -> int | float | None:
    return number if number is None or -(2**63) <= number < 2**63 else float(number)
