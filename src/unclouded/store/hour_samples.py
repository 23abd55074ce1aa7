"""All samples of one device-hour, single ones and those of its chunk, read a few at a time: there may be 720,000.

for piece in hour.pieces(): …             a few milliseconds of work for each
with transaction(db):
    if hour.is_unchanged(): …             nothing was written to the hour since the first piece
"""

import sqlite3
from collections.abc import Iterator
from itertools import islice

from unclouded.core.errors import DamagedStore
from unclouded.store.encoding import blob, chunk
from unclouded.store.encoding.blob import merged
from unclouded.store.encoding.chunk import SPAN_S, DeviceSecond

PIECE_VALUES = 1000  # of one piece, about; 2 ms
PIECE_BYTES = 4096  # of single samples that are read at a time

ROWS = "SELECT second, blob FROM sample WHERE device = ? AND second >= ? AND second < ? ORDER BY second LIMIT ?"
STATE = """SELECT count(*), coalesce(sum(length(blob)), 0),
    (SELECT length(data) FROM chunk WHERE device = ?1 AND start = ?2)
    FROM sample WHERE device = ?1 AND second >= ?2 AND second < ?3"""
FIND = "SELECT data FROM chunk WHERE device = ? AND start = ?"

HourState = tuple[int, int, int | None]  # single samples, their bytes, the bytes of the chunk


class HourSamples:
    """``singles``: the seconds of single samples that were read; ``damaged``: how many are and were left out."""

    def __init__(self, db: sqlite3.Connection, device: int, start: int) -> None:
        self._db = db
        self.hour = device, start, start + SPAN_S
        self.singles: list[int] = []
        self.damaged = 0
        self.state = self._state()

    @property
    def is_sealed(self) -> bool:
        """Whether it has a chunk."""
        return self.state[2] is not None

    def is_unchanged(self) -> bool:
        """Whether nothing was written to it, as far as sizes show."""
        return self._state() == self.state

    def pieces(self) -> Iterator[list[DeviceSecond]]:
        """The seconds by time. Raises sqlite3.Error, and DamagedStore where the chunk is damaged."""
        device, start, _ = self.hour
        count, size, _ = self.state
        known = self._db.execute(FIND, (device, start)).fetchone()
        sealed = chunk.seconds_of(start, known[0]) if known else iter(())
        return in_pieces(merged_in_order(sealed, self._rows(max(1, PIECE_BYTES * count // max(size, 1)))))

    # --- inside --------------------------------------------------------------------------------

    def _state(self) -> HourState:
        found: HourState = self._db.execute(STATE, self.hour).fetchone()
        return found

    def _rows(self, most: int) -> Iterator[DeviceSecond]:
        device, begin, end = self.hour
        while rows := self._db.execute(ROWS, (device, begin, end, most)).fetchall():
            begin = rows[-1][0] + 1
            for second, data in rows:
                try:
                    entries = blob.checked(data)
                except DamagedStore:
                    self.damaged += 1
                    continue
                self.singles.append(second)
                yield second, entries


def merged_in_order(sealed: Iterator[DeviceSecond], single: Iterator[DeviceSecond]) -> Iterator[DeviceSecond]:
    """As ``samples.merged_seconds``, but one after another."""
    one, other = next(sealed, None), next(single, None)
    while one is not None and other is not None:
        if one[0] == other[0]:
            yield one[0], merged(one[1], other[1])
            one, other = next(sealed, None), next(single, None)
        elif one[0] < other[0]:
            yield one
            one = next(sealed, None)
        else:
            yield other
            other = next(single, None)
    if one is not None:
        yield one
    if other is not None:
        yield other
    yield from sealed
    yield from single


def in_pieces(seconds: Iterator[DeviceSecond]) -> Iterator[list[DeviceSecond]]:
    """So many of them at a time as have about PIECE_VALUES values; at least one."""
    most = 1
    while piece := list(islice(seconds, most)):
        yield piece
        values = sum(len(entries) for _, entries in piece)
        most = max(1, min(2 * most, PIECE_VALUES * len(piece) // max(values, 1)))
