"""Stored readings and energy, read from the store whether a hub runs or not."""

import contextlib
import logging
from collections.abc import Collection, Iterator
from itertools import pairwise

import msgspec

from unclouded.app.configuration.config import Config
from unclouded.store.file.schema import open_to_read
from unclouded.store.reading.condense import HistoryRow
from unclouded.store.reading.reader import FOREVER, StoreReader
from unclouded.web.history.energy import DEFAULT_SPAN_S, energy
from unclouded.web.schemas import By

log = logging.getLogger("unclouded.history")

DELETED = """SELECT point, max(upto) FROM expired JOIN series s ON s.id = series JOIN device d ON d.number = s.device
    WHERE span = 0 AND identity = ? GROUP BY point ORDER BY point"""

StoredRow = HistoryRow  # a reading, or one step of condensed readings


class EnergyPeriod(msgspec.Struct, frozen=True, kw_only=True):
    """The rise of one counter in one local hour, day, week or month; see ``web.schemas.EnergyRow``."""

    start: float
    end: float
    device: str
    point: str
    Wh: float | None
    estimated: bool
    gap: bool
    edited: bool = False
    void: bool = False


def stored_energy(
    config: Config, device: str, by: By, points: Collection[str], start: float | None, end: float | None, now: float
) -> list[EnergyPeriod]:
    """The rises of a device's counters, as the API has them. ``points`` empty: all. Default: as the API's.

    Raises CommandError for an unknown device or too many periods, and StoreError.
    """
    until = now if end is None else end
    with StoreReader(config.store) as reader:
        since = max(until - DEFAULT_SPAN_S[by], 0.0) if start is None else start
        found = energy(reader, config.zone, by, since, until, [device])
    return [
        EnergyPeriod(
            start=begin,
            end=after,
            device=row.device,
            point=row.point,
            Wh=row.Wh[number],
            estimated=row.estimated[number],
            gap=row.gap[number],
            edited=bool(row.edited) and row.edited[number],
            void=bool(row.void) and row.void[number],
        )
        for number, (begin, after) in enumerate(pairwise(found.at))
        for row in found.rows
        if not points or row.point in points
    ]


def deleted_readings(config: Config, device: str, points: Collection[str]) -> dict[int, list[str]]:
    """Until when (Unix seconds) readings of a device were deleted by a rule of retention, and of which points.

    ``points`` empty: all. Raises CommandError for an unknown device, and StoreError.
    """
    with StoreReader(config.store) as reader:
        identity = reader.known(device).identity
    found: dict[int, list[str]] = {}
    with contextlib.closing(open_to_read(config.store)) as db:
        for point, until in db.execute(DELETED, (identity,)):
            if not points or point in points:
                found.setdefault(until, []).append(point)
    return found


@contextlib.contextmanager
def stored_history(
    config: Config,
    device: str,
    points: Collection[str],
    start: float | None = None,
    end: float | None = None,
    step: float | None = None,
) -> Iterator[Iterator[StoredRow]]:
    """Readings from ``start`` until before ``end`` (Unix seconds), oldest first, while the block lasts.

    ``points`` empty: all. ``step`` (seconds): one row per point and step; steps of an hour and more follow the clock of
    the configuration's time zone. Raises CommandError for an unknown device,
    and StoreError.
    """
    with StoreReader(config.store) as reader:
        yield reader.history(
            device,
            points or None,
            0.0 if start is None else start,
            FOREVER if end is None else end,
            step,
            config.zone,
        )
        for hour in reader.damaged_hours():
            log.warning("%s: %s", config.store, hour)
