"""Energy of devices by quarters of an hour, from the store.

    │ 30 days │ 30 days │ 30 days │ … │ until now │     the highest level of a total that falls is held within each

Energy is not kept, so a late reading, an edit or an import counts in the next answer.
"""

from collections.abc import Collection
from itertools import repeat
from operator import is_
from typing import NamedTuple

from unclouded.store.reading.condense import DAY, Grid
from unclouded.store.reading.reader import StoreReader
from unclouded.tariffs.quarters import QUARTER
from unclouded.web.history.counter_levels import KeptGaps
from unclouded.web.history.energy import counter_rises
from unclouded.web.history.rises import Rises

LONG = 30 * DAY // QUARTER  # quarters
IMPORT, EXPORT = "energy_import_Wh", "energy_export_Wh"


class QuarterColumn(NamedTuple):
    """Energy in consecutive quarters, in mWh, 0 where it is not known; 1 where that is so, where it is estimated."""

    mWh: list[int]
    unknown: bytes
    estimated: bytes


class QuarterColumns:
    """Of one store file. What took long to find is kept."""

    def __init__(self) -> None:
        self._gaps = KeptGaps()

    def read(
        self, reader: StoreReader, devices: Collection[str], first: int, end: int
    ) -> dict[str, dict[str, QuarterColumn]]:
        """The columns of devices, by IMPORT and EXPORT, as far as they have them. Of the future nothing is known."""
        counters = reader.counters()
        points = {one: [point for point in counters.get(one, ()) if point in (IMPORT, EXPORT)] for one in devices}
        points = {one: known for one, known in points.items() if known}
        low, high = first // LONG * LONG, min(end, int(reader.newest()) // QUARTER + 1)
        at = [float(number * QUARTER) for number in range(low, high + 1)]
        if high <= first:
            nothing = QuarterColumn([0] * (end - first), b"\1" * (end - first), bytes(end - first))
            return {one: dict.fromkeys(known, nothing) for one, known in points.items()}
        found: dict[str, dict[str, QuarterColumn]] = {}
        for one in counter_rises(reader, Grid(QUARTER), at, points, LONG, self._gaps):
            found.setdefault(one.device, {})[one.point] = _column(one.rises, first - low, end - high)
        return found


def _column(rises: Rises, skipped: int, missing: int) -> QuarterColumn:
    """Without the first quarters, and with unknown ones at the end."""
    mWh = rises.mWh[skipped:]
    return QuarterColumn(
        [one or 0 for one in mWh] + [0] * missing,
        bytes(map(is_, mWh, repeat(None))) + b"\1" * missing,
        bytes(rises.estimated[skipped:]) + bytes(missing),
    )
