"""What a window of a few minutes contains, device by device, for a consumer elsewhere: as it stands, in steps.

Rows are those of the store where it has them; of what is not rolled up yet, or is being rolled up again after an edit,
they are computed from the readings, and are the same. So a window is whole once its readings are.
"""

from collections.abc import Generator, Iterator, Sequence
from contextlib import suppress
from typing import NamedTuple

from unclouded.core.errors import DamagedStore
from unclouded.core.model import Device
from unclouded.store.editing.edited_samples import with_edits
from unclouded.store.encoding import chunk
from unclouded.store.encoding.blob import decode as decode_blob
from unclouded.store.encoding.chunk import SPAN_S, DeviceSecond
from unclouded.store.encoding.codec import VALUE, device_from_json
from unclouded.store.encoding.part import SeriesPart, StepRange, accumulate, new_accumulators
from unclouded.store.hour_samples import in_pieces, merged_in_order
from unclouded.store.rollup import stored_columns
from unclouded.store.rows import Rows
from unclouded.store.samples import DamagedHours

DEVICES = "SELECT number, identity, coalesce(id, ''), info FROM device ORDER BY number"
ALIASES = "SELECT device, id FROM alias ORDER BY since"
SERIES = "SELECT id, device, point, exponent, kind FROM series ORDER BY id"
FLAGS = "SELECT bit, name FROM flag ORDER BY bit"
SEALED = "SELECT 1 FROM chunk WHERE start = ? AND device IN (SELECT number FROM device) LIMIT 1"
READINGS = """SELECT second, blob, 0 FROM sample WHERE device = ?1 AND second >= ?2 AND second < ?3
    UNION ALL SELECT start, data, 1 FROM chunk WHERE device = ?1 AND start = ?4"""
HAPPENED = (
    "SELECT at, coalesce(device, 0), kind, json FROM event WHERE at >= ? AND at < ? AND kind <> ? ORDER BY at, number"
)
UPTO = "SELECT upto FROM rolled WHERE device = ?"
RECOMPUTED = """SELECT s.id FROM unrolled u JOIN series s ON s.device = u.device AND s.point = u.point
    WHERE u.device = ? AND u.start < ? AND u.until > ?"""
IS_NUMBER = "SELECT id, kind = 'number' FROM series WHERE device = ?"
ROLLED = """SELECT series, start, size, total, low, high, last, at, marks FROM rollup
    WHERE series IN (SELECT id FROM series WHERE device = ?) AND span = ? AND start >= ? AND start < ?"""


class SourceDevice(NamedTuple):
    """A device of the store. ``ids``: its current one, or its identity; then all that it ever had, and its identity."""

    number: int
    ids: tuple[str, ...]
    device: Device


class SourceRow(NamedTuple):
    """A row that sums up a step. ``start``: Unix s."""

    series: int
    start: int
    part: SeriesPart


class SourceEvent(NamedTuple):
    """An event. ``at``: Unix s; ``device``: its number, 0: of the hub; ``text``: JSON."""

    at: float
    device: int
    kind: str
    text: str


class WindowSource:
    """Part of a reader. Raises StoreError. What is damaged is left out; hours of chunks are added to ``damaged``."""

    def __init__(self, rows: Rows, damaged: DamagedHours) -> None:
        self._rows = rows
        self._damaged = damaged

    def devices(self) -> list[SourceDevice]:
        """All devices of the store."""
        former: dict[int, list[str]] = {}
        for number, id in self._rows(ALIASES):
            former.setdefault(number, []).append(id)
        return [
            SourceDevice(number, (id or identity, *former.get(number, ()), identity), device_from_json(info))
            for number, identity, id, info in self._rows(DEVICES)
        ]

    def series(self) -> list[tuple[int, int, str, int, str]]:
        """Number, device, point, exponent, kind of each."""
        return self._rows(SERIES)

    def flags(self) -> list[tuple[int, str]]:
        """Bit and name of each."""
        return self._rows(FLAGS)

    def events(self, begin: int, end: int) -> list[SourceEvent]:
        """Events of a range (Unix s), without texts that are values."""
        return [SourceEvent(*row) for row in self._rows(HAPPENED, begin, end, VALUE)]

    def is_sealed(self, hour: int) -> bool:
        """Whether any device has a chunk of this hour."""
        return bool(self._rows(SEALED, hour))

    def readings(self, device: int, begin: int, end: int) -> Iterator[Sequence[DeviceSecond]]:
        """The seconds of a range within an hour, with edits, a few milliseconds of work at a time."""
        hour = begin // SPAN_S * SPAN_S
        rows = self._rows(READINGS, device, begin, end, hour)
        sealed = [data for _, data, is_chunk in rows if is_chunk]
        if sealed and not chunk.is_sound(sealed[0]):
            self._damaged.add((device, hour))
            sealed = []
        of_chunk = (one for data in sealed for one in chunk.seconds_of(hour, data) if begin <= one[0] < end)
        singles = _singles((second, data) for second, data, is_chunk in rows if not is_chunk)
        for piece in in_pieces(merged_in_order(of_chunk, singles)):
            yield with_edits(self._rows, device, piece)

    def rolled(self, device: int, span: int, begin: int, end: int) -> Generator[None, None, list[SourceRow]]:
        """The rows of ``span`` s of a range within an hour, in steps of a few milliseconds."""
        upto = next((upto for (upto,) in self._rows(UPTO, device)), 0)
        done = max(begin, min(end, upto // span * span))
        recomputed = {series for (series,) in self._rows(RECOMPUTED, device, end, begin)}
        found = [
            SourceRow(series, start, _exact(columns))
            for series, start, *columns in self._stored(device, span, begin, done)
        ]
        found = [row for row in found if row.series not in recomputed]
        if done < end or recomputed:
            fresh = yield from self._computed(device, span, begin, end)
            found += [row for row in fresh if row.start >= done or row.series in recomputed]
        return found

    # --- inside --------------------------------------------------------------------------------

    def _stored(self, device: int, span: int, begin: int, end: int) -> list[tuple[int, ...]]:
        return self._rows(ROLLED, device, span, begin, end)

    def _computed(self, device: int, span: int, begin: int, end: int) -> Generator[None, None, list[SourceRow]]:
        is_number = dict(self._rows(IS_NUMBER, device))
        accumulators = new_accumulators()
        for piece in self.readings(device, begin, end):
            accumulate(piece, StepRange(span * 1000), None, accumulators)
            yield
        return [
            SourceRow(series, number * span, _exact(stored_columns(one.part(bool(is_number.get(series))))))
            for number, by_series in accumulators.items()
            for series, one in by_series.items()
        ]


def _singles(rows: Iterator[tuple[int, bytes]]) -> Iterator[DeviceSecond]:
    for second, data in rows:
        with suppress(DamagedStore):
            yield second, decode_blob(data)


def _exact(columns: Sequence[int | float | None]) -> SeriesPart:
    """A stored part in whole numbers: those of more than 64 bits are floats there."""
    size, total, low, high, last, at, marks = (None if one is None else int(one) for one in columns)
    return SeriesPart(size or 0, total, low, high, last or 0, at or 0, marks or 0)
