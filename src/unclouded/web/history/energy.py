"""Energy by quarter of an hour, local hour, day, week and month: the increase of each lifetime counter.

    counter   ───────╮ level before ╭── last of period 1 ──╮ ╭── last of period 2 ──╮
    rise             └──────────────┴───── period 1 ───────┴─┴────── period 2 ──────┘
    outage    ───────╮ ···· spread evenly: periods 1 to 3 are estimated ···· ╭── flag ``gap``

The rise of a period is the difference between the levels at its end and at its beginning, so the rises of the periods
add up to the rise of the whole. A level is the last value before a time. Within a gap it is interpolated: from the
loss of contact to the reading that has the flag ``gap``. If the first value of a counter lies within the
period, the rise is counted from that value. A total never falls: where a joined history decreases, the highest value is
held. Days on which the clocks change have 23 or 25 hours.
"""

from bisect import bisect_left, bisect_right
from collections.abc import Collection, Iterable, Iterator, Mapping, Sequence
from datetime import date, datetime, timedelta, tzinfo
from itertools import accumulate, pairwise
from typing import NamedTuple
from zoneinfo import ZoneInfo

from unclouded.core.errors import CommandError
from unclouded.core.model import Value
from unclouded.store.condense import DAY, HOUR, Grid, HistoryStep, milliseconds
from unclouded.store.editing.edit import HistoryEdit, overlapping, overlay
from unclouded.store.reader import StoreReader, UnknownDevice
from unclouded.web.history.edited_energy import changed_since, edited_periods
from unclouded.web.history.series import span
from unclouded.web.schemas import By, Energy, EnergyRow, Level, Today
from unclouded.web.words import say

MAX_PERIODS: Mapping[By, int] = {
    "quarter": 9000,
    "hour": 9000,
    "day": 1500,
    "week": 1500,
    "month": 1500,
}  # in one answer
MAX_VALUES = 200_000  # periods of all counters in one answer
QUARTER = 900  # s
SHORTEST: Mapping[By, int] = {
    "quarter": QUARTER,
    "hour": HOUR,
    "day": 23 * HOUR,
    "week": 7 * DAY - HOUR,
    "month": 28 * DAY,
}  # s
DEFAULT_SPAN_S: Mapping[By, float] = {
    "quarter": DAY,
    "hour": DAY,
    "day": 31 * DAY,
    "week": 91 * DAY,
    "month": 366 * DAY,
}
STEPS: Mapping[By, int] = {"quarter": QUARTER, "hour": HOUR, "day": DAY, "week": DAY, "month": DAY}  # s
EPOCH = date(1970, 1, 1)
GAP, LOST = "gap", "lost"  # flags: the energy of an outage; days that a device does not keep


class Gap(NamedTuple):
    """A time without contact in which a counter rose. ``spread``: its energy is; what a device did not keep is not."""

    begin: float
    end: float
    before: int
    after: int
    spread: bool = True

    def level(self, at: float) -> int:
        """The level at a time within the gap, in mWh."""
        return self.before + round((self.after - self.before) * (at - self.begin) / (self.end - self.begin))


class Rises(NamedTuple):
    """Of each period: the rise in mWh, whether it is partly estimated, whether it has energy of a gap.

    ``edited``, ``void``: whether edits have corrected some of it, or made it void; empty where none has.
    """

    mWh: list[int | None]
    estimated: list[bool]
    gap: list[bool]
    edited: Sequence[bool] = ()
    void: Sequence[bool] = ()


class SilentTimes:
    """Times without contact, in ascending order."""

    def __init__(self, silences: Iterable[tuple[float, float]]) -> None:
        known = list(silences)
        self._begins = [begin for begin, _ in known]
        self._ends = list(
            accumulate((end for _, end in known), max)
        )  # of each one, or of an earlier one that is longer

    def cover(self, begin: float, end: float) -> bool:
        """Whether there was no contact from a time until another."""
        place = bisect_right(self._begins, begin)
        return place > 0 and end <= self._ends[place - 1]

    def overlap(self, begin: float, end: float) -> bool:
        """Whether there was no contact for some of that time."""
        place = bisect_left(self._begins, end)
        return place > 0 and begin < self._ends[place - 1]


class CounterRises(NamedTuple):
    """The rises of one counter."""

    device: str
    point: str
    rises: Rises


def energy(
    reader: StoreReader,
    zone: ZoneInfo,
    by: By,
    start: float,
    end: float,
    devices: Sequence[str] = (),
    hub: Collection[str] = (),
) -> Energy:
    """See HistoryReader.energy. Raises CommandError."""
    at = borders(by, start, end, zone)
    counters = _counters(reader, devices, hub)
    if (len(at) - 1) * sum(len(points) for points in counters.values()) > MAX_VALUES:
        raise CommandError(say("api.energy.too_large", most=MAX_VALUES, by=by))
    rows = [
        EnergyRow(
            device=one.device,
            point=one.point,
            Wh=[_Wh(mWh) for mWh in one.rises.mWh],
            estimated=one.rises.estimated,
            gap=one.rises.gap,
            edited=list(one.rises.edited),
            void=list(one.rises.void),
        )
        for one in counter_rises(reader, Grid(STEPS[by], zone), at, counters)
    ]
    return Energy(by=by, timezone=zone.key, at=at, rows=rows)


def counter_rises(
    reader: StoreReader, grid: Grid, at: Sequence[float], counters: Mapping[str, Sequence[str]]
) -> Iterator[CounterRises]:
    """The rises of these counters in periods that begin with steps of a grid."""
    known = reader.newest()
    for device, points in counters.items():
        steps: dict[str, list[HistoryStep]] = {point: [] for point in points}
        for step in reader.steps(device, grid, points, at[0], at[-1]):
            if not isinstance(step.last, str):
                steps[step.point].append(step)
        levels = _levels(reader, device, points, at[0])
        silences = SilentTimes(reader.silences(device, at[0], at[-1]))
        unknown = [begin > known or silences.cover(begin, until) for begin, until in pairwise(at)]
        for point in points:
            gaps = _gaps(reader, device, point, at, steps[point])
            rises = by_period(at, steps[point], levels.get(point), unknown, gaps)
            gap = [one and silences.overlap(*period) for one, period in zip(rises.gap, pairwise(at), strict=True)]
            edits = reader.edits(device, [point], at[0], at[-1])
            yield CounterRises(device, point, _with_edits(reader, device, point, at, rises._replace(gap=gap), edits))


def by_period(
    at: Sequence[float],
    steps: Iterable[HistoryStep],
    known: tuple[float, Value] | None,
    unknown: Sequence[bool],
    gaps: Sequence[Gap] = (),
) -> Rises:
    """The rise of each period.

    ``known``: the time and value from which the rise is counted; ``unknown``: periods without contact to the device;
    ``gaps``: those over the border of a period.
    """
    last: list[int | None] = [None] * (len(at) - 1)
    estimated, gap = [False] * len(last), [False] * len(last)
    for step in steps:
        period = bisect_right(at, step.at) - 1
        last[period] = _mWh(step.last)
        estimated[period] |= step.estimated
        gap[period] |= GAP in step.flags
    if known is None:
        return Rises([None] * len(last), estimated, gap)
    since, level = known[0], _mWh(known[1])
    within = {border: one for one in gaps for border in range(bisect_right(at, one.begin), bisect_right(at, one.end))}
    if 0 in within and within[0].spread:
        level = within[0].level(at[0])
    rises: list[int | None] = []
    for period, value in enumerate(last):
        spread = [
            within[border] for border in (period, period + 1) if border in within and at[period] < within[border].end
        ]
        if period + 1 in within and within[period + 1].spread:
            value = within[period + 1].level(at[period + 1])
        if value is None and any(one.spread for one in spread):
            value = level
        if value is not None:
            rises.append(max(value - level, 0))
            level = max(value, level)
        else:
            rises.append(None if unknown[period] or at[period + 1] <= since else 0)
        gap[period] |= bool(spread)
        estimated[period] |= any(one.spread and one.after > one.before for one in spread)
    return Rises(rises, estimated, gap)


def borders(by: By, start: float, end: float, zone: tzinfo) -> list[float]:
    """The start times of the local periods that overlap a range, and the end of the last one. Raises CommandError."""
    start, end = span(start, end)
    if (end - start) / SHORTEST[by] > MAX_PERIODS[by]:
        raise CommandError(say("api.energy.too_many", most=MAX_PERIODS[by], by=by))
    days = Grid(DAY, zone)
    match by:
        case "week" | "month":
            found = _dates(by, days, start, end, zone)
        case _:
            grid = days if by == "day" else Grid(STEPS[by], zone)
            found = grid.begins(milliseconds(start), milliseconds(end))
    return [ms / 1000 for ms in found]


def today(reader: StoreReader, zone: ZoneInfo, now: float) -> Today:
    """See HistoryReader.today."""
    days = Grid(DAY, zone)
    begin = days.begin(milliseconds(now))
    since, until = begin / 1000, days.after(begin) / 1000
    levels = []
    for device, points in reader.counters().items():
        found = _levels(reader, device, points, since)
        for point in points:
            if point not in found:
                continue
            level, gap = float(found[point][1]), _gap_until(reader, device, point, since)
            if gap is not None and gap.spread and gap.begin < since < gap.end:
                level = gap.level(since) / 1000
            levels.append(Level(device, point, level - _edited_since(reader, device, point, begin, now) / 1000))
    return Today(since=since, until=until, levels=levels)


def _with_edits(
    reader: StoreReader, device: str, point: str, at: Sequence[float], rises: Rises, edits: Sequence[HistoryEdit]
) -> Rises:
    if all(edit.undone_at is not None for edit in edits):
        return rises

    def level(ms: int, period: int) -> int:
        return _level_at(reader, device, point, ms / 1000, rises.gap[period])

    mWh, estimated = list(rises.mWh), list(rises.estimated)
    edited, void = [False] * len(mWh), [False] * len(mWh)
    for one in edited_periods(at, rises.mWh, edits, level):
        mWh[one.period] = one.mWh
        edited[one.period], void[one.period] = one.is_edited, one.is_void
        estimated[one.period] |= one.is_edited
    return rises._replace(mWh=mWh, estimated=estimated, edited=edited, void=void)


def _edited_since(reader: StoreReader, device: str, point: str, begin: int, now: float) -> int:
    """By how many mWh edits change what a counter rose by from a time (Unix ms) until now."""
    edits = reader.edits(device, [point], begin / 1000, now)
    spans = overlapping(overlay(edits), begin, milliseconds(now))
    return changed_since(spans, lambda ms: _level_at(reader, device, point, ms / 1000, True))


def _level_at(reader: StoreReader, device: str, point: str, at: float, is_gap: bool) -> int:
    """The level at a time in mWh. ``is_gap``: it may lie in a gap."""
    found = _levels(reader, device, [point], at)
    gap = _gap_until(reader, device, point, at) if is_gap and found else None
    if gap is not None and gap.spread and gap.begin < at < gap.end:
        return gap.level(at)
    return _mWh(found[point][1]) if found else 0


def _dates(by: By, days: Grid, start: float, end: float, zone: tzinfo) -> list[int]:
    """When the weeks (from Monday) or months that overlap a range begin, and when the last of them ends."""
    first = datetime.fromtimestamp(start, zone).date()
    first -= timedelta(days=first.weekday() if by == "week" else first.day - 1)
    found = [days.at((first - EPOCH).days)]
    while found[-1] < milliseconds(end):
        first = first + timedelta(days=7) if by == "week" else (first + timedelta(days=31)).replace(day=1)
        found.append(days.at((first - EPOCH).days))
    return found


def _gaps(reader: StoreReader, device: str, point: str, at: Sequence[float], steps: Sequence[HistoryStep]) -> list[Gap]:
    """The gaps over a border: each ends with the first value of a period, or of what follows the last one."""
    flagged = {bisect_right(at, step.at) - 1 for step in steps if GAP in step.flags}
    found = [_gap_until(reader, device, point, border) for border in (*(at[one] for one in sorted(flagged)), at[-1])]
    return [gap for gap in found if gap is not None]


def _gap_until(reader: StoreReader, device: str, point: str, border: float) -> Gap | None:
    """The gap that ends with the first value from a time on."""
    end, _ = reader.first(device, [point], border).get(point, (border, 0))
    row = next((one for one in reader.history(device, [point], end, end + 0.001) if GAP in one.flags), None)
    before = reader.before(device, [point], end).get(point) if row is not None else None
    if row is None or row.value is None or before is None:
        return None
    silence = next(iter(reader.silences(device, before[0], end)), None)
    begin = end if silence is None else max(before[0], silence[0])
    if begin >= end:
        return None  # the device was in contact and reported its energy late
    return Gap(begin, end, _mWh(before[1]), max(_mWh(row.value), _mWh(before[1])), LOST not in row.flags)


def _counters(reader: StoreReader, devices: Sequence[str], hub: Collection[str]) -> dict[str, list[str]]:
    """The counters of these devices, by the names in the request, or of all devices.

    Devices that only the ``hub`` has, as they have reported nothing yet, have none. Raises UnknownDevice for others.
    """
    known = reader.counters()
    if not devices:
        return known
    found: dict[str, list[str]] = {}
    for device in dict.fromkeys(devices):
        try:
            found[device] = known.get(reader.known(device).id, [])
        except UnknownDevice:
            if device not in hub:
                raise
    return found


def _levels(reader: StoreReader, device: str, points: Sequence[str], at: float) -> dict[str, tuple[float, Value]]:
    """Time and value of the last value before a time, or of the first one from then on."""
    found = reader.before(device, points, at)
    missing = [point for point in points if point not in found]
    return found | (reader.first(device, missing, at) if missing else {})


def _mWh(value: Value) -> int:
    return round(float(value) * 1000)


def _Wh(rise_mWh: int | None) -> float | None:
    return None if rise_mWh is None else rise_mWh / 1000
