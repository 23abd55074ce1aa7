"""The mean power of devices in equal steps, from rollups: a bounded number of steps for any period.

up to 2 days       60 s     ▏          ▏ a step without a reading has the last value, as long as the
up to 62 days     900 s     ▏▂▂▇▇▇▂▂ ··▏ device was in contact; without contact it is unknown
up to 366 days   3600 s     ▏          ▏
"""

from bisect import bisect_left
from collections.abc import Sequence
from typing import NamedTuple
from zoneinfo import ZoneInfo

from unclouded.store.reading.condense import DAY, HOUR, Grid, milliseconds
from unclouded.store.reading.reader import StoreReader
from unclouded.web.history.consumption.home import POWER, Column

LONGEST_S = 366 * DAY + HOUR  # that one answer is of
STEPS_S = ((60, 2 * DAY + HOUR), (900, 62 * DAY + HOUR), (HOUR, LONGEST_S))  # step, longest period


class PowerSteps(NamedTuple):
    """``starts``: when each step begins (Unix seconds)."""

    step: int
    starts: list[float]
    end: float


def power_steps(start: float, end: float, zone: ZoneInfo) -> PowerSteps:
    """The steps of a period, which is not empty and not longer than a year."""
    step = next(step for step, longest in STEPS_S if end - start <= longest)
    begins = Grid(step, zone).begins(milliseconds(start), milliseconds(end))
    return PowerSteps(step, [ms / 1000 for ms in begins[:-1]], begins[-1] / 1000)


def power_column(reader: StoreReader, device: str, steps: PowerSteps, zone: ZoneInfo) -> Column:
    """The mean power of a device in each step, W; None where it is not known. Raises CommandError."""
    starts = steps.starts
    column: list[float | None] = [None] * len(starts)
    silences = reader.silences(device, starts[0], steps.end)
    standing = reader.standing(device, [POWER], starts[0]).get(POWER)
    last = None if standing is None or any(begin <= starts[0] for begin, _ in silences) else float(standing.value)
    silent = _silent(starts, steps.end, silences)
    position = 0
    for row in reader.steps(device, Grid(steps.step, zone), [POWER], starts[0], steps.end):
        if row.mean is None:
            continue
        place = bisect_left(starts, row.at)
        _hold(column, silent, position, place, last)
        column[place] = row.mean
        last, position = float(row.last), place + 1
    _hold(column, silent, position, bisect_left(starts, reader.newest()), last)
    return column


def _hold(column: list[float | None], silent: Sequence[bool], begin: int, end: int, last: float | None) -> None:
    """Fill the steps from ``begin`` until before ``end`` with a value, up to the first silence."""
    for place in range(begin, min(end, len(column))):
        if last is None or silent[place]:
            return
        column[place] = last


def _silent(starts: Sequence[float], end: float, silences: Sequence[tuple[float, float]]) -> list[bool]:
    """Whether each step overlaps a silence."""
    found = [False] * len(starts)
    for begin, until in silences:
        first = max(bisect_left(starts, begin) - 1, 0)
        if first + 1 < len(starts) and starts[first + 1] <= begin:
            first += 1
        for place in range(first, bisect_left(starts, min(until, end))):
            found[place] = True
    return found
