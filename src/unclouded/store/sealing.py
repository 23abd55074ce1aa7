"""Seals old hours: the samples of one device-hour become a chunk, an eighth of their size.

    sample  ┌┬┬┬┬┬┬┬┬┬┬┬ 10:00 ┬┬┬┬┬┬┬┬┬┬┬┐ ──── two hours later, and rolled up ────► chunk 10:00
    sample        ·  a late one  ·           ──── once no more come ─────────────────► chunk 10:00, merged

The chunk is made in small pieces, outside of any transaction, and put in the place of the samples in one transaction on
the writer's connection: at any moment a sample is in its row or in its chunk. Where the hour has changed meanwhile, the
chunk is thrown away and made again later. Hours with few samples stay as they are: a chunk of them is no smaller.
"""

import sqlite3
from collections.abc import Callable, Iterable, Iterator, Sequence

from unclouded.core.errors import DamagedStore
from unclouded.store.encoding import blob, chunk
from unclouded.store.encoding.chunk import SPAN_S, ChunkEncoder, DeviceSecond
from unclouded.store.hour_samples import FIND, HourSamples
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
DROP = "DELETE FROM sample WHERE device = ? AND second = ?"
DROP_ALL = "DELETE FROM sample WHERE device = ? AND second >= ? AND second < ?"
PUT = "INSERT OR REPLACE INTO chunk VALUES (?, ?, ?, ?, ?, ?)"
FORGET = "DELETE FROM chunk WHERE device = ? AND start = ?"
DONE = object()
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
        self._work: Iterator[None] = iter(())  # the rest of the hour that is being sealed
        self._place: Place = 0, 0

    def note(self, places: Iterable[Place]) -> None:
        """Samples were written. Those of hours that were looked at already are late; a new hour ends an old one."""
        for device, second in places:
            if second >= self._newest:
                self._newest = second // SPAN_S * SPAN_S + SPAN_S
                self._pause_ends = -1.0
            if second < self._looked.get(device, 0):
                place = device, second // SPAN_S * SPAN_S
                self._late[place] = self._now()
                if place == self._place:
                    self._work = iter(())  # what was made of it is not the whole any more

    def reload(self) -> None:
        """Look at everything again; needed after histories were joined or deleted."""
        self._looked.clear()
        self._late.clear()
        self._turn.clear()
        self._pause_ends = -1.0
        self._work = iter(())

    def step(self) -> bool:
        """Seal a piece of an hour, or look for one. False where there is nothing to do now. Raises sqlite3.Error."""
        try:
            if next(self._work, DONE) is not DONE:
                return True
        except sqlite3.Error:
            self._late[self._place] = self._now() - CALM_S  # it is tried again
            raise
        for place, since in self._late.items():
            if self._now() - since >= CALM_S:
                del self._late[place]
                self._begin(*place)
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
            self._begin(device, found[0])
            end = found[0] + SPAN_S
        self._looked[device] = end
        return True

    def _begin(self, device: int, start: int) -> None:
        self._place = device, start
        self._work = HourSealing(self._db, device, start).pieces()


class HourSealing:
    """Seals one hour, unless it has few samples, or cannot be."""

    def __init__(self, db: sqlite3.Connection, device: int, start: int) -> None:
        self._db = db
        self._device, self._start = device, start

    def pieces(self) -> Iterator[None]:
        """Each piece is a few milliseconds of work, and the last one a transaction. Raises sqlite3.Error."""
        hour = HourSamples(self._db, self._device, self._start)
        count = hour.state[0]
        if not count or (count < LEAST_SECONDS and not hour.is_sealed):
            return
        made = HourChunk(self._device, self._start)
        try:
            for piece in hour.pieces():
                made.add(piece)
                yield
            if not hour.singles:
                return
            for _ in made.encode():
                yield
        except (DamagedStore, ValueError):
            return  # all stays: for a salvage, or since it is too large for a chunk
        with transaction(self._db):
            if hour.is_unchanged():
                self._replace(hour, made)

    def _replace(self, hour: HourSamples, made: "HourChunk") -> None:
        """Put the chunk in the place of the samples; damaged ones stay."""
        if hour.damaged:
            self._db.executemany(DROP, [(self._device, second) for second in hour.singles])
        else:
            self._db.execute(DROP_ALL, hour.hour)
        self._db.execute(PUT, made.row())  # into the pages that are free now: the file need not grow


class HourChunk:
    """A row of the table of chunks that is made in pieces. ``seconds``: how many it has so far."""

    def __init__(self, device: int, start: int) -> None:
        self._place = device, start
        self._encoder = ChunkEncoder(start)
        self._first = self._last = -1
        self.seconds = 0
        self._data = bytearray()

    def add(self, piece: Sequence[DeviceSecond]) -> None:
        """These seconds, at least one, come next."""
        self._first = piece[0][0] if self._first < 0 else self._first
        self._last = piece[-1][0]
        self.seconds += len(piece)
        self._encoder.add(piece)

    def encode(self) -> Iterator[None]:
        """Encode it, a piece at a time. Raises ValueError where it is too large for a chunk."""
        for part in self._encoder.pieces():
            self._data += part
            yield

    def row(self) -> tuple[object, ...]:
        """The chunk as a row of its table."""
        return *self._place, self._first, self._last, self.seconds, bytes(self._data)


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
