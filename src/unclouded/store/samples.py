"""The samples of a device, wherever they are: single rows of the newest hours, and chunks of sealed ones.

    chunk   ┌── 10:00 ──┬── 11:00 ──┐                      one row an hour (see store.encoding.chunk)
    sample  ·           · ··        ┌┬┬┬┬┬┬┬┬┬┬┬┬┬┬┬┐      one row a second; late ones of sealed hours too
            └────────── read as one, by second ─────┘

A page is read by one statement, so that a window which is sealed meanwhile is in it once. Edits are in what is read
(see store.editing); what is stored stays as it was measured.
"""

from collections.abc import Iterator, Sequence
from contextlib import suppress
from itertools import islice

from unclouded.core.errors import DamagedStore
from unclouded.store.editing.edited_samples import with_edits
from unclouded.store.encoding.blob import decode as decode_blob
from unclouded.store.encoding.blob import merged
from unclouded.store.encoding.chunk import SPAN_S, DeviceSecond
from unclouded.store.encoding.chunk import decode as decode_chunk
from unclouded.store.rows import Rows

PAGE = 4000  # device-seconds of single rows read at a time
CHUNKS = 4  # chunks read at a time
PAGE_BYTES = 64 * 1024  # of chunks, after which no other is decoded: one of 200 points takes 100 MB of memory

# Until before the second where the last of the chunks that are read ends
PAGE_OF = f"""SELECT * FROM (SELECT second AS at, blob, 0 AS sealed FROM sample WHERE device = ?1 AND second >= ?2
        AND second < min(?3, coalesce((SELECT start + {SPAN_S} FROM chunk WHERE device = ?1
            AND start > ?2 - {SPAN_S} AND start < ?3 ORDER BY start LIMIT 1 OFFSET {CHUNKS - 1}), ?3))
        ORDER BY second LIMIT ?4)
    UNION ALL SELECT * FROM (SELECT start, data, 1 FROM chunk WHERE device = ?1 AND start > ?2 - {SPAN_S}
        AND start < ?3 ORDER BY start LIMIT {CHUNKS})"""
PAGE_BACK = f"""SELECT * FROM (SELECT second AS at, blob, 0 AS sealed FROM sample WHERE device = ?1 AND second < ?3
        AND second >= max(?2, coalesce((SELECT start FROM chunk WHERE device = ?1
            AND start > ?2 - {SPAN_S} AND start < ?3 ORDER BY start DESC LIMIT 1), ?2))
        ORDER BY second DESC LIMIT ?4)
    UNION ALL SELECT * FROM (SELECT start, data, 1 FROM chunk WHERE device = ?1 AND start > ?2 - {SPAN_S}
        AND start < ?3 ORDER BY start DESC LIMIT 1)"""
NEXT = "SELECT second FROM sample WHERE device = ? AND second >= ? ORDER BY second LIMIT 1"
NEXT_CHUNK = "SELECT start, first FROM chunk WHERE device = ? AND start > ? AND last >= ? ORDER BY start LIMIT 1"
COUNT = "SELECT count(*) FROM (SELECT 1 FROM sample WHERE device = ? AND second >= ? AND second < ? LIMIT ?)"
COUNT_SEALED = f"""SELECT coalesce(sum(seconds), 0) FROM chunk
    WHERE device = ? AND start >= ? AND start <= ? - {SPAN_S}"""
NEWEST = """SELECT max(coalesce((SELECT max(second) FROM sample WHERE device = number AND second < ?1), 0),
    coalesce((SELECT last FROM chunk WHERE device = number AND start < ?1 AND last < ?1
        ORDER BY start DESC LIMIT 1), 0))
    FROM device ORDER BY 1 DESC LIMIT 1"""
CUT = """SELECT device FROM chunk WHERE start = ?1 AND device IN (SELECT number FROM device)
    AND first < ?2 AND last >= ?2"""


DamagedHours = set[tuple[int, int]]  # device, start


class Samples:
    """Reads the samples. What is damaged is left out; the hours of chunks are added to ``damaged``."""

    def __init__(self, rows: Rows, damaged: DamagedHours | None = None) -> None:
        self._rows = rows
        self.damaged: DamagedHours = set() if damaged is None else damaged

    def read(self, device: int, begin: int, end: float) -> Iterator[DeviceSecond]:
        """All seconds from ``begin`` until before ``end``, by time; a page at a time is read in one go."""
        while begin < end:
            page, begin = self.page(device, begin, end)
            yield from page

    def page(self, device: int, begin: int, end: float, most: int = PAGE) -> tuple[Sequence[DeviceSecond], int]:
        """The first seconds from ``begin`` on, about ``most`` of them, and where the next page begins.

        That is ``end``, rounded up, where these are all.
        """
        rows = self._rows(PAGE_OF, device, begin, end, most)
        chunks = [(start, data) for start, data, sealed in rows if sealed]
        singles = [(second, blob) for second, blob, sealed in rows if not sealed]
        reach = -int(-end // 1)
        if len(chunks) == CHUNKS:
            reach = min(reach, chunks[-1][0] + SPAN_S)
        if len(singles) >= most:
            reach = min(reach, singles[-1][0] + 1)
        sealed_seconds, size = list[DeviceSecond](), 0
        for start, data in chunks:
            if len(sealed_seconds) >= most or size >= PAGE_BYTES:
                reach = min(reach, start)
                break
            size += len(data)
            sealed_seconds += [one for one in self._chunk(device, start, data) if begin <= one[0] < reach]
        found = merged_seconds(sealed_seconds, list(self._singles(singles, reach)))
        return with_edits(self._rows, device, found), reach

    def read_back(self, device: int, begin: int, end: float, most: int) -> Iterator[DeviceSecond]:
        """At most so many seconds from before ``end`` down to ``begin``, the newest first."""
        return islice(self._read_back(device, begin, end, most), most)

    def next(self, device: int, second: int) -> int | None:
        """The first second with samples from a second on; None where there is none."""
        found = [at for (at,) in self._rows(NEXT, device, second)]
        for start, first in self._rows(NEXT_CHUNK, device, second - SPAN_S, second):
            if first >= second:
                found.append(first)
            else:
                found += [at for at, _ in islice(self.read(device, second, start + SPAN_S), 1)]
        return min(found, default=None)

    def count(self, device: int, begin: int, end: float, most: int) -> int:
        """The number of seconds with samples, counted up to ``most``. Late ones of sealed hours may count twice."""
        count = int(self._rows(COUNT, device, begin, end, most)[0][0])
        whole, until = -(-begin // SPAN_S) * SPAN_S, int(end // SPAN_S) * SPAN_S if end < 2**62 else int(end)
        if whole <= until:
            count += int(self._rows(COUNT_SEALED, device, whole, until)[0][0])
            edges: tuple[tuple[int, float], ...] = ((begin, whole), (until, end))
        else:
            edges = ((begin, end),)
        for low, high in edges:
            if low < high and count < most:
                count += self._count_within(device, low, high)
        return min(count, most)

    def newest_before(self, second: float) -> int:
        """The newest second with samples of any device before a second; 0 where there is none."""
        newest = int((self._rows(NEWEST, second) or [(0,)])[0][0] or 0)
        hour = int(second - 1) // SPAN_S * SPAN_S if 0 < second < 2**62 else 0
        for (device,) in self._rows(CUT, hour, second):
            newest = max([newest, *(at for at, _ in self.read_back(device, hour, second, 1))])
        return newest

    # --- inside --------------------------------------------------------------------------------

    def _read_back(self, device: int, begin: int, end: float, most: int) -> Iterator[DeviceSecond]:
        while begin < end:
            rows = self._rows(PAGE_BACK, device, begin, end, most)
            chunks = [(start, data) for start, data, sealed in rows if sealed]
            singles = sorted((second, blob) for second, blob, sealed in rows if not sealed)
            reach = max(begin, chunks[0][0]) if chunks else begin
            if len(singles) >= most:
                reach = max(reach, singles[0][0])
            sealed = [
                one for start, data in chunks for one in self._chunk(device, start, data) if reach <= one[0] < end
            ]
            found = merged_seconds(sealed, [one for one in self._singles(singles, end) if one[0] >= reach])
            yield from reversed(with_edits(self._rows, device, found))
            end = reach

    def _count_within(self, device: int, begin: int, end: float) -> int:
        """The sealed seconds of a part of an hour."""
        start = begin // SPAN_S * SPAN_S
        rows = self._rows("SELECT data FROM chunk WHERE device = ? AND start = ?", device, start)
        return sum(begin <= one[0] < end for (data,) in rows for one in self._chunk(device, start, data))

    def _singles(self, rows: list[tuple[int, bytes]], end: float) -> Iterator[DeviceSecond]:
        for second, blob in rows:
            if second >= end:
                return
            with suppress(DamagedStore):
                yield second, decode_blob(blob)

    def _chunk(self, device: int, start: int, data: bytes) -> list[DeviceSecond]:
        try:
            return decode_chunk(start, data)
        except DamagedStore:
            self.damaged.add((device, start))
            return []


def merged_seconds(sealed: Sequence[DeviceSecond], single: Sequence[DeviceSecond]) -> Sequence[DeviceSecond]:
    """Both by time. A second that both have has the entries of both, those in both once."""
    if not sealed or not single:
        return sealed or single
    seconds = dict(sealed)
    for second, entries in single:
        seconds[second] = merged(seconds[second], entries) if second in seconds else entries
    return sorted(seconds.items())
