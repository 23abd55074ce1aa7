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

from collections.abc import Collection, Iterator, Mapping, Sequence
from datetime import date, datetime, timedelta, tzinfo
from itertools import chain, compress
from typing import NamedTuple
from zoneinfo import ZoneInfo

from unclouded.core.errors import CommandError
from unclouded.core.model import Value
from unclouded.store.editing.edit import HistoryEdit, overlapping, overlay
from unclouded.store.reading.condense import DAY, HOUR, Grid, milliseconds
from unclouded.store.reading.reader import StoreReader, UnknownDevice
from unclouded.web.history.counter_levels import (
    QUARTER,
    KeptGaps,
    counter_levels,
    gap_until,
    gaps_over_borders,
    mWh_of,
    span_of,
)
from unclouded.web.history.edited_energy import changed_since, edited_periods
from unclouded.web.history.rises import Gap, PeriodLevels, Rises, SilentTimes, by_period
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


class CounterRises(NamedTuple):
    """By how much a counter of a device rose in each step."""

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
            estimated=[*map(bool, one.rises.estimated)],
            gap=[*map(bool, one.rises.gap)],
            edited=[*map(bool, one.rises.edited)],
            void=[*map(bool, one.rises.void)],
        )
        for one in counter_rises(reader, Grid(STEPS[by], zone), at, counters)
    ]
    return Energy(by=by, timezone=zone.key, at=at, rows=rows)


def counter_rises(
    reader: StoreReader,
    grid: Grid,
    at: Sequence[float],
    counters: Mapping[str, Sequence[str]],
    held: int = 0,
    kept: KeptGaps | None = None,
) -> Iterator[CounterRises]:
    """The rises of these counters in periods that begin with steps of a grid.

    ``held``: for how many periods the highest level of a total that falls is held; 0 = all. ``kept``: see KeptGaps.
    """
    known, span = reader.newest(), span_of(at)
    for device, points in counters.items():
        levels = _levels(reader, device, points, at[0])
        silences = SilentTimes(reader.silences(device, at[0], at[-1]))
        unknown = silences.covered(at, known)
        for point in points:
            read = counter_levels(reader, device, point, grid, at, span)
            gaps = gaps_over_borders(reader, device, point, at, read, silences.all, kept or KeptGaps())
            rises = _in_parts(at, read.levels, levels.get(point), unknown, gaps, held or len(at))
            for period in list(compress(range(len(rises.gap)), rises.gap)):
                rises.gap[period] = silences.overlap(at[period], at[period + 1])
            edits = reader.edits(device, [point], at[0], at[-1])
            yield CounterRises(device, point, _with_edits(reader, device, point, at, rises, edits))


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
            level, gap = float(found[point][1]), gap_until(reader, device, point, since)
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
        return _level_at(reader, device, point, ms / 1000, bool(rises.gap[period]))

    mWh, estimated = list(rises.mWh), rises.estimated[:]
    edited, void = bytearray(len(mWh)), bytearray(len(mWh))
    for one in edited_periods(at, rises.mWh, edits, level):
        mWh[one.period] = one.mWh
        edited[one.period], void[one.period] = one.is_edited, one.is_void
        estimated[one.period] |= one.is_edited
    return rises._replace(mWh=mWh, estimated=estimated, edited=bytes(edited), void=bytes(void))


def _edited_since(reader: StoreReader, device: str, point: str, begin: int, now: float) -> int:
    """By how many mWh edits change what a counter rose by from a time (Unix ms) until now."""
    edits = reader.edits(device, [point], begin / 1000, now)
    spans = overlapping(overlay(edits), begin, milliseconds(now))
    return changed_since(spans, lambda ms: _level_at(reader, device, point, ms / 1000, True))


def _level_at(reader: StoreReader, device: str, point: str, at: float, is_gap: bool) -> int:
    """The level at a time in mWh. ``is_gap``: it may lie in a gap."""
    found = _levels(reader, device, [point], at)
    gap = gap_until(reader, device, point, at) if is_gap and found else None
    if gap is not None and gap.spread and gap.begin < at < gap.end:
        return gap.level(at)
    return mWh_of(found[point][1]) if found else 0


def _dates(by: By, days: Grid, start: float, end: float, zone: tzinfo) -> list[int]:
    """When the weeks (from Monday) or months that overlap a range begin, and when the last of them ends."""
    first = datetime.fromtimestamp(start, zone).date()
    first -= timedelta(days=first.weekday() if by == "week" else first.day - 1)
    found = [days.at((first - EPOCH).days)]
    while found[-1] < milliseconds(end):
        first = first + timedelta(days=7) if by == "week" else (first + timedelta(days=31)).replace(day=1)
        found.append(days.at((first - EPOCH).days))
    return found


def _in_parts(
    at: Sequence[float],
    levels: PeriodLevels,
    known: tuple[float, Value] | None,
    unknown: bytes,
    gaps: Sequence[Gap],
    size: int,
) -> Rises:
    """The rises by so many periods at a time, each part counted from the last level before it."""
    since = None if known is None else (known[0], mWh_of(known[1]))
    found: list[Rises] = []
    for first in range(0, len(levels.last), size):
        end = first + size
        found.append(by_period(at[first : end + 1], levels.cut(first, end), since, unknown[first:end], gaps))
        last = next((one for one in reversed(levels.last[first:end]) if one is not None), None)
        since = since if last is None else (at[first], last)
    if len(found) == 1:
        return found[0]
    rises = list(chain.from_iterable(one.mWh for one in found))
    return Rises(rises, bytearray().join(one.estimated for one in found), bytearray().join(one.gap for one in found))


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


def _Wh(rise_mWh: int | None) -> float | None:
    return None if rise_mWh is None else rise_mWh / 1000
