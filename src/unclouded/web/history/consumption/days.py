"""The energy of each day, of each night and of the hour with the least at night, from the hours of the counters.

hours   │0 1 2 3 4 5│6 … 23│        a day counts where all of its hours are known
        └─ night ───┘      │
        └───── day ────────┘
"""

from collections.abc import Sequence
from datetime import datetime
from typing import NamedTuple
from zoneinfo import ZoneInfo

from unclouded.store.reading.condense import DAY, HOUR, Grid, milliseconds
from unclouded.store.reading.reader import StoreReader
from unclouded.web.history.consumption.home import EXPORT, IMPORT, Column
from unclouded.web.history.consumption.load import NIGHT_HOURS
from unclouded.web.history.energy import energy
from unclouded.web.schemas import EnergyRow

PIECE_S, AT_ONCE = 300 * DAY, 12  # time and devices of one query of hours


class DayColumns(NamedTuple):
    """Wh of each day and each night; ``base``: mean W of the hour with the least at night. None: not known."""

    day: Column
    night: Column
    base: Column


class DayHours(NamedTuple):
    """Local days. ``starts``: their midnights, then the end of the last one; ``hours``: their first and last hour."""

    starts: list[float]
    hours: list[float]
    day_of: list[int]
    is_night: list[bool]

    @property
    def days(self) -> int:
        return len(self.starts) - 1


def day_hours(start: float, end: float, zone: ZoneInfo) -> DayHours:
    """The whole local days of a range, and their hours."""
    starts = [ms / 1000 for ms in Grid(DAY, zone).begins(milliseconds(start), milliseconds(end))]
    hours, day_of, day = [], [], 0
    for ms in Grid(HOUR, zone).begins(milliseconds(starts[0]), milliseconds(starts[-1]))[:-1]:
        while ms / 1000 >= starts[day + 1]:
            day += 1
        hours.append(ms / 1000)
        day_of.append(day)
    is_night = [datetime.fromtimestamp(at, zone).hour in NIGHT_HOURS for at in hours]
    return DayHours(starts, hours, day_of, is_night)


def hour_columns(
    reader: StoreReader, devices: Sequence[str], days: DayHours, zone: ZoneInfo
) -> dict[str, list[float | None]]:
    """Import − export of each device in each hour, Wh; None where it is not known, or of an outage."""
    columns: dict[str, list[float | None]] = {device: [] for device in devices}
    for some in (devices[n : n + AT_ONCE] for n in range(0, len(devices), AT_ONCE)):
        begin = days.starts[0]
        while begin < days.starts[-1]:
            until = next((at for at in days.starts if at >= begin + PIECE_S), days.starts[-1])
            found = energy(reader, zone, "hour", begin, until, some)
            rows = [row for row in found.rows if row.point in (IMPORT, EXPORT)]
            for device in some:
                mine = [row for row in rows if row.device == device]
                columns[device] += [_net(mine, hour) for hour in range(len(found.at) - 1)]
            begin = until
    return columns


def day_columns(hours: Column, days: DayHours) -> DayColumns:
    """Hours added up."""
    day: list[float | None] = [0.0] * days.days
    night: list[float | None] = [0.0] * days.days
    base: list[float | None] = [None] * days.days
    broken = [False] * days.days
    for value, place, is_night in zip(hours, days.day_of, days.is_night, strict=True):
        day[place] = _add(day[place], value)
        if not is_night:
            continue
        night[place] = _add(night[place], value)
        broken[place] |= value is None
        least = base[place]
        base[place] = value if least is None or (value is not None and value < least) else least
    return DayColumns(day, night, [None if bad else W for bad, W in zip(broken, base, strict=True)])


def _net(rows: Sequence[EnergyRow], hour: int) -> float | None:
    total = None
    for row in rows:
        Wh = row.Wh[hour]
        if Wh is None or row.gap[hour]:
            return None
        total = (total or 0.0) + (-Wh if row.point == EXPORT else Wh)
    return total


def _add(sum: float | None, value: float | None) -> float | None:
    return None if sum is None or value is None else sum + value
