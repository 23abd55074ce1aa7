"""Energy of devices by quarters of an hour, from the store; what is over is kept, and computed again where it changed.

    │ 30 days │ 30 days │ … │ day │ day │ day, not over yet │     each of a device, with a fingerprint of its rows

A late reading, an edit or an import changes the fingerprint of its days.
"""

from collections.abc import Mapping, Sequence
from typing import NamedTuple

from unclouded.store.condense import DAY, Grid
from unclouded.store.reader import StoreReader
from unclouded.tariffs.quarters import QUARTER
from unclouded.web.history.energy import Rises, counter_rises

A_DAY = DAY // QUARTER
LONG = 30 * A_DAY  # quarters
IMPORT, EXPORT = "energy_import_Wh", "energy_export_Wh"
MOST_KEPT = 3000  # pieces of a device: 80 devices for 3 years, 100 MB at most


class QuarterColumn(NamedTuple):
    """Energy in consecutive quarters, in mWh, 0 where it is not known; 1 where that is so, where it is estimated."""

    mWh: list[int]
    unknown: bytes
    estimated: bytes


class QuarterColumns:
    """Keeps what was computed, for one store file."""

    def __init__(self) -> None:
        self._kept: dict[tuple[str, int, int], tuple[object, Mapping[str, QuarterColumn]]] = {}

    def read(self, reader: StoreReader, device: str, first: int, end: int) -> dict[str, QuarterColumn]:
        """The columns of a device, by IMPORT and EXPORT, as far as it has them."""
        points = [one for one in reader.counters().get(device, []) if one in (IMPORT, EXPORT)]
        if not points:
            return {}
        newest = int(reader.newest()) // QUARTER
        pieces = [self._piece(reader, device, points, low, high) for low, high in _pieces(first, end, newest)]
        return {point: _joined([one[point] for one in pieces], first, end, newest) for point in points}

    # --- inside --------------------------------------------------------------------------------

    def _piece(
        self, reader: StoreReader, device: str, points: Sequence[str], low: int, high: int
    ) -> Mapping[str, QuarterColumn]:
        key = reader.known(device).identity, low, high
        mark = reader.fingerprint(device, points, low * QUARTER, high * QUARTER)
        kept = self._kept.get(key)
        if kept is not None and kept[0] == mark:
            return kept[1]
        at = [float(number * QUARTER) for number in range(low, high + 1)]
        found = {
            one.point: _column(one.rises) for one in counter_rises(reader, Grid(QUARTER), at, {device: list(points)})
        }
        if len(self._kept) >= MOST_KEPT:
            self._kept.clear()
        self._kept[key] = mark, found
        return found


def _pieces(first: int, end: int, newest: int) -> list[tuple[int, int]]:
    """Whole long pieces that are over, and days."""
    found = []
    low = first // A_DAY * A_DAY
    end = min(end, newest + 1)
    while low < end:
        size = LONG if low % LONG == 0 and low + LONG <= newest else A_DAY
        found.append((low, low + size))
        low += size
    return found


def _joined(pieces: Sequence[QuarterColumn], first: int, end: int, newest: int) -> QuarterColumn:
    """Pieces from a whole day on, cut to a range; nothing is known of what comes after the newest value."""
    mWh = [number for one in pieces for number in one.mWh]
    unknown, estimated = b"".join(one.unknown for one in pieces), b"".join(one.estimated for one in pieces)
    low, size = first % A_DAY, end - first
    missing = max(size - (len(mWh) - low), 0)
    return QuarterColumn(
        (mWh[low : low + size] + [0] * missing)[:size],
        (unknown[low : low + size] + b"\1" * missing)[:size],
        (estimated[low : low + size] + bytes(missing))[:size],
    )


def _column(rises: Rises) -> QuarterColumn:
    known = [0 if one is None else one for one in rises.mWh]
    return QuarterColumn(known, bytes(one is None for one in rises.mWh), bytes(map(bool, rises.estimated)))
