"""Seals old hours: the samples of one device-hour become a chunk, an eighth of their size.

    sample  ┌┬┬┬┬┬┬┬┬┬┬┬ 10:00 ┬┬┬┬┬┬┬┬┬┬┬┐ ──── two hours later, and rolled up ────► chunk 10:00
    sample        ·  a late one  ·           ──── once no more come ─────────────────► chunk 10:00, merged

Each hour is one transaction on the writer's connection, so that at any moment a sample is in its row or in its chunk.
Hours with few samples stay as they are: a chunk of them is no smaller.
"""

import sqlite3
from collections.abc import Callable, Iterable, Sequence

from unclouded.core.errors import DamagedStore
from unclouded.store import blob, chunk
from unclouded.store.chunk import SPAN_S, DeviceSecond
from unclouded.store.rollup import Place
from unclouded.store.samples import merged_seconds
from unclouded.store.transaction import transaction

SEALED_AFTER_S = 7200  # s after the end of an hour
PAUSE_S = 60  # s until it is looked for hours to seal again, once there was none
CALM_S = 600  # s without a late sample until its hour is sealed again
LEAST_SECONDS = 32  # of an hour that is sealed
SKIPPED_PER_STEP = 500  # hours with few samples that one step passes over at most; 5 ms

NEXT = "SELECT second FROM sample WHERE device = ? AND second >= ? ORDER BY second LIMIT 1"
# The first hour with enough samples, or with late ones beside its chunk
WORTH = f"""SELECT second / {SPAN_S} * {SPAN_S} AS hour FROM sample WHERE device = ?1 AND second >= ?2 AND second < ?3
    GROUP BY second / {SPAN_S} HAVING count(*) >= ?4
    OR EXISTS (SELECT 1 FROM chunk WHERE device = ?1 AND start = second / {SPAN_S} * {SPAN_S}) LIMIT 1"""
ROWS = "SELECT second, blob FROM sample WHERE device = ? AND second >= ? AND second < ? ORDER BY second"
DROP = "DELETE FROM sample WHERE device = ? AND second = ?"
DROP_ALL = "DELETE FROM sample WHERE device = ? AND second >= ? AND second < ?"
FIND = "SELECT data FROM chunk WHERE device = ? AND start = ?"
PUT = "INSERT OR REPLACE INTO chunk VALUES (?, ?, ?, ?, ?, ?)"
FORGET = "DELETE FROM chunk WHERE device = ? AND start = ?"
PUT_SAMPLE = "INSERT INTO sample VALUES (?, ?, ?) ON CONFLICT DO UPDATE SET blob = merge(blob, excluded.blob)"


class Sealer:
    """Works on the writer's connection. ``wall``: the clock; ``now``: monotonic."""

    def __init__(self, db: sqlite3.Connection, wall: Callable[[], float], now: Callable[[], float]) -> None:
        self._db = db
        self._wall = wall
        self._now = now
        self._looked: dict[int, int] = {}  # until when the hours of a device were looked at
        self._late: dict[Place, float] = {}  # hours with late samples, by device and start: since when
        self._turn: list[int] = []  # devices that are looked at next
        self._pause_ends = -1.0
        self._newest = 0  # the end of the newest hour of any device

    def note(self, places: Iterable[Place]) -> None:
        """Samples were written. Those of hours that were looked at already are late; a new hour ends an old one."""
        for device, second in places:
            if second >= self._newest:
                self._newest = second // SPAN_S * SPAN_S + SPAN_S
                self._pause_ends = -1.0
            if second < self._looked.get(device, 0):
                self._late[device, second // SPAN_S * SPAN_S] = self._now()

    def reload(self) -> None:
        """Look at everything again; needed after histories were joined or deleted."""
        self._looked.clear()
        self._late.clear()
        self._turn.clear()
        self._pause_ends = -1.0

    def step(self) -> bool:
        """Seal one hour, or look for one. False where there is nothing to do now. Raises sqlite3.Error."""
        for (device, start), since in self._late.items():
            if self._now() - since >= CALM_S:
                self._seal(device, start)
                del self._late[device, start]
                return True
        if self._now() < self._pause_ends:
            return False
        if not self._turn:
            self._turn = [number for (number,) in self._db.execute("SELECT number FROM device ORDER BY number DESC")]
        while self._turn:
            if self._look(self._turn[-1]):
                return True
            self._turn.pop()
        self._pause_ends = self._now() + PAUSE_S
        return False

    def hours_left(self) -> int:
        """Roughly how many hours of all devices are still to be looked at."""
        left = 0
        for device, first, upto in self._db.execute(
            "SELECT number, (SELECT min(second) FROM sample WHERE device = number), upto FROM device JOIN rolled ON "
            "rolled.device = number"
        ):
            if first is not None:
                left += max(0, self._until(upto) - max(self._looked.get(device, 0), first)) // SPAN_S
        return left

    # --- inside --------------------------------------------------------------------------------

    def _until(self, upto: int) -> int:
        """Hours that end by then may be sealed. ``upto``: until when the device is rolled up."""
        return min(upto, int(self._wall()) - SEALED_AFTER_S) // SPAN_S * SPAN_S

    def _look(self, device: int) -> bool:
        """Seal the next hour of a device. False where there is none; the next look goes on from here."""
        rolled = self._db.execute("SELECT upto FROM rolled WHERE device = ?", (device,)).fetchone()
        until = self._until(rolled[0]) if rolled else 0
        begin = self._looked.get(device, 0)
        found = self._db.execute(NEXT, (device, begin)).fetchone()
        first = until if found is None else min(found[0] // SPAN_S * SPAN_S, until)
        if first >= until:
            self._looked[device] = max(begin, until)
            return False
        end = min(until, first + SKIPPED_PER_STEP * SPAN_S)
        found = self._db.execute(WORTH, (device, first, end, LEAST_SECONDS)).fetchone()
        if found is not None:
            self._seal(device, found[0])
            end = found[0] + SPAN_S
        self._looked[device] = end
        return True

    def _seal(self, device: int, start: int) -> None:
        """Seal one hour, unless it has few samples, or cannot be."""
        with transaction(self._db):
            rows = self._db.execute(ROWS, (device, start, start + SPAN_S)).fetchall()
            is_worth_it = len(rows) >= LEAST_SECONDS or self._db.execute(FIND, (device, start)).fetchone()
            if rows and is_worth_it:
                self._replace(device, start, *_decoded(rows))

    def _replace(self, device: int, start: int, singles: Sequence[DeviceSecond], damaged: int) -> None:
        """Put the chunk of an hour in the place of its samples; ``damaged``: how many of them stay, being damaged."""
        if not singles:
            return
        try:
            row = _merged_row(self._db, device, start, singles)
        except (DamagedStore, ValueError):
            return  # all stays: for a salvage, or since it is too large for a chunk
        if damaged:
            self._db.executemany(DROP, [(device, second) for second, _ in singles])
        else:
            self._db.execute(DROP_ALL, (device, start, start + SPAN_S))
        self._db.execute(PUT, row)  # into the pages that are free now: the file need not grow


def _merged_row(db: sqlite3.Connection, device: int, start: int, seconds: Sequence[DeviceSecond]) -> tuple[object, ...]:
    """The row of an hour with these seconds, at least one, and those of its chunk.

    Raises DamagedStore, and ValueError where they are too large for a chunk.
    """
    known = db.execute(FIND, (device, start)).fetchone()
    merged = merged_seconds(chunk.decode(start, known[0]) if known else [], seconds)
    return device, start, merged[0][0], merged[-1][0], len(merged), chunk.encode(start, merged)


def merge_chunk(db: sqlite3.Connection, device: int, start: int, seconds: Sequence[DeviceSecond]) -> None:
    """Add these seconds of an hour, at least one, to its chunk; where that cannot be, as samples."""
    try:
        db.execute(PUT, _merged_row(db, device, start, seconds))
    except (DamagedStore, ValueError):
        db.executemany(PUT_SAMPLE, [(device, second, blob.encode(entries)) for second, entries in seconds])


def unseal(db: sqlite3.Connection, device: int, start: int) -> None:
    """Turn a chunk into samples again, within the caller's transaction. Raises DamagedStore, sqlite3.Error."""
    for (data,) in db.execute(FIND, (device, start)).fetchall():
        seconds = chunk.decode(start, data)
        db.executemany(PUT_SAMPLE, [(device, second, blob.encode(entries)) for second, entries in seconds])
    db.execute(FORGET, (device, start))


def _decoded(rows: Iterable[tuple[int, bytes]]) -> tuple[list[DeviceSecond], int]:
    """The samples, and how many are damaged."""
    found, damaged = list[DeviceSecond](), 0
    for second, data in rows:
        try:
            found.append((second, blob.checked(data)))
        except DamagedStore:
            damaged += 1
    return found, damaged
