"""Days, nights and base loads that depart from what is usual around them. Pure.

    day     ▂▃▂▃█▂▃    the same weekday in the 8 weeks before and after, the 8 nearest: median and scale
    night   ▁▁▁▁▇▁▁    the nights of the 4 weeks before and after
    base    ▂▂▂▂▅▅▅    the medians of 14 nights before and 7 nights after

The scale is the greatest of: 1.4826 × the median absolute deviation; a tenth of the median; and, so that a washing
machine is not unusual each time it runs, how far the upper tenth of all days around is from their median (for too
little: the lower quarter). What is more than 3.5 scales above, or 2.5
below, and by enough to matter, is unusual.
"""

from collections.abc import Iterable, Mapping, Sequence
from statistics import median
from typing import NamedTuple

from unclouded.web.history.consumption.home import Column

WEEKS, NEAREST, LEAST_LIKE = 8, 8, 4  # of like days
AROUND = 28  # days before and after: all days, and nights
LEAST_AROUND = 10
MAD = 1.4826  # of a normal distribution, its standard deviation by its median absolute deviation
FAR, FAR_BELOW = 3.5, 2.5  # scales; nothing can be less than 0
NOTHING = 10.0  # Wh
OF_USUAL, OF_USUAL_BELOW = 0.25, 0.5  # that a day departs by at least
ABOVE_MOST = 1.5  # times the most of the days around: of what is usually not used at all
FAILED = 0.05  # of the usual: production below it
BEFORE, AFTER, LEAST_BEFORE, LEAST_AFTER = 14, 7, 10, 5  # nights on both sides of a step
STEP_W, STEP_PART, STEP_FAR = 20.0, 0.2, 4.0
EXPLAINED = 0.6  # of what the home departs by: one device is the reason


class Limits(NamedTuple):
    """What matters, Wh: a departure of at least ``least``; of what is usually not used, at least ``much``."""

    least: float
    much: float
    is_producer: bool = False


HOME, DEVICE = Limits(500.0, 1000.0), Limits(300.0, 1000.0)
NIGHT = Limits(200.0, 300.0)
PRODUCER = Limits(500.0, 0.0, is_producer=True)


class Departure(NamedTuple):
    """A day: its index, how much, and how much is usual."""

    day: int
    amount: float
    usual: float

    @property
    def by(self) -> float:
        return self.amount - self.usual


class Run(NamedTuple):
    """Days one after another of one device (""= the home) that depart to the same side; ``worst`` departs most."""

    device: str
    first: int
    last: int
    worst: Departure


class Rise(NamedTuple):
    """A step of the base load, W."""

    day: int
    before: float
    after: float


def unusual_days(energy: Column, days: Iterable[int], limits: Limits) -> list[Departure]:
    """Those of ``days`` whose energy departs from that of like days."""
    found = []
    for day in days:
        amount = energy[day]
        like = _values(energy, _nearest(day, [*range(day % 7, len(energy), 7)], WEEKS * 7, energy))
        around = _around(energy, day)
        if amount is None or len(like) < LEAST_LIKE or len(around) < LEAST_AROUND:
            continue
        if _is_unusual(amount, like, around, limits):
            found.append(Departure(day, amount, median(like)))
    return found


def unusual_nights(energy: Column, days: Iterable[int], limits: Limits = NIGHT) -> list[Departure]:
    """Those nights in which more was used than in the nights around."""
    found = []
    for day in days:
        amount, around = energy[day], _around(energy, day)
        if amount is None or len(around) < LEAST_AROUND or amount < median(around):
            continue
        if _is_unusual(amount, around, around, limits):
            found.append(Departure(day, amount, median(around)))
    return found


def runs_of(device: str, departures: Sequence[Departure]) -> list[Run]:
    """Departures of days one after another, joined; one day between them may be less unusual."""
    runs: list[Run] = []
    for one in departures:
        last = runs[-1] if runs else None
        if last is None or one.day > last.last + 2 or (one.by > 0) != (last.worst.by > 0):
            runs.append(Run(device, one.day, one.day, one))
        else:
            runs[-1] = Run(device, last.first, one.day, max(last.worst, one, key=lambda each: abs(each.by)))
    return runs


def explained(home: Sequence[Run], devices: Sequence[Run]) -> list[Run]:
    """The home only where no device is the reason; devices only where they are more than a part of it.

    Where the home is empty, many devices use less: that is one anomaly of the home.
    """
    kept_home = [one for one in home if not any(_is_reason(other, one) for other in devices)]
    return [*kept_home, *(one for one in devices if not any(_is_part_of(one, other) for other in kept_home))]


def base_rises(base: Column, days: Iterable[int]) -> list[Rise]:
    """Steps upwards of the base load that last."""
    wanted, found = set(days), list[Rise]()
    for day in range(BEFORE, len(base)):
        before, after = _values(base, range(day - BEFORE, day)), _values(base, range(day, min(day + AFTER, len(base))))
        if len(before) < LEAST_BEFORE or len(after) < LEAST_AFTER:
            continue
        rise = Rise(day, median(before), median(after))
        if not _is_step(rise, before):
            continue
        if found and day - found[-1].day < AFTER + BEFORE:
            found[-1] = _sharper(found[-1], rise, base)
        else:
            found.append(rise)
    return [one for one in found if one.day in wanted]


def cause_of(rise: Rise, devices: Mapping[str, Column]) -> str:
    """The device whose own base load rose by most of it; "" if there is none."""
    found = {}
    for device, base in devices.items():
        before = _values(base, range(max(rise.day - BEFORE, 0), rise.day))
        after = _values(base, range(rise.day, min(rise.day + AFTER, len(base))))
        if before and after:
            found[device] = median(after) - median(before)
    most = max(found, key=lambda device: found[device], default="")
    return most if most and found[most] >= EXPLAINED * (rise.after - rise.before) else ""


def _is_unusual(amount: float, like: Sequence[float], around: Sequence[float], limits: Limits) -> bool:
    usual = median(like)
    if limits.is_producer:
        return usual >= limits.least and amount < FAILED * usual
    by, whole = amount - usual, sorted(around)
    middle = median(whole)
    side = (whole[int(0.9 * (len(whole) - 1))] - middle) / 1.28 if by > 0 else (middle - whole[len(whole) // 4]) / 0.67
    scale = max(MAD * median([abs(value - usual) for value in like]), 0.1 * usual, side, limits.least / FAR)
    if usual < NOTHING and amount < max(limits.much, ABOVE_MOST * whole[-1]):
        return False
    far, part = (FAR, OF_USUAL) if by > 0 else (FAR_BELOW, OF_USUAL_BELOW)
    return abs(by) > far * scale and abs(by) >= max(part * usual, limits.least)


def _is_step(rise: Rise, before: Sequence[float]) -> bool:
    by = rise.after - rise.before
    noise = max(MAD * median([abs(value - rise.before) for value in before]), 0.05 * rise.before)
    return by > max(STEP_W, STEP_PART * rise.before, STEP_FAR * noise)


def _sharper(one: Rise, other: Rise, base: Column) -> Rise:
    """The one of two neighbouring days at which the step is: where the night itself rises most."""
    return other if _jump(base, other.day) > _jump(base, one.day) else one


def _jump(base: Column, day: int) -> float:
    now, before = base[day], base[day - 1]
    return float("-inf") if now is None or before is None else now - before


def _is_reason(device: Run, home: Run) -> bool:
    meets = device.first <= home.worst.day <= device.last
    return meets and device.worst.by * home.worst.by > 0 and abs(device.worst.by) >= EXPLAINED * abs(home.worst.by)


def _is_part_of(device: Run, home: Run) -> bool:
    return device.first <= home.last and home.first <= device.last and device.worst.by * home.worst.by > 0


def _nearest(day: int, days: Sequence[int], most: int, energy: Column) -> list[int]:
    """The known days nearest to one, without itself."""
    near = [one for one in days if one != day and abs(one - day) <= most and energy[one] is not None]
    return sorted(near, key=lambda one: abs(one - day))[:NEAREST]


def _around(energy: Column, day: int) -> list[float]:
    days = range(max(day - AROUND, 0), min(day + AROUND + 1, len(energy)))
    return _values(energy, (one for one in days if one != day))


def _values(column: Column, places: Iterable[int]) -> list[float]:
    return [value for place in places if (value := column[place]) is not None]
