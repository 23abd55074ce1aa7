"""Energy by local hour, day and month: the increase of each lifetime counter.

    counter   ───────╮ level before ╭── last of period 1 ──╮ ╭── last of period 2 ──╮
    rise             └──────────────┴───── period 1 ───────┴─┴────── period 2 ──────┘

The rise of a period is the difference between its last value and the last value before it, so the rises of the periods
add up to the rise of the whole. If the first value of a counter lies within the period, the rise is counted from that
value. A total never falls: where a joined history decreases, the highest value is held. Days on which the clocks change
have 23 or 25 hours.
"""

from bisect import bisect_right
from collections.abc import Iterable, Mapping, Sequence
from datetime import datetime, timedelta, tzinfo
from itertools import pairwise
from zoneinfo import ZoneInfo

from unclouded.core.errors import CommandError
from unclouded.core.model import Value
from unclouded.store.condense import HOUR, Grid, HistoryStep, milliseconds
from unclouded.store.reader import StoreReader
from unclouded.web.history_series import span
from unclouded.web.schemas import By, Energy, EnergyRow, Level, Today
from unclouded.web.words import say

MAX_PERIODS = 1500  # in one answer
DAY = 86_400
SHORTEST: Mapping[By, int] = {"hour": HOUR, "day": 23 * HOUR, "month": 28 * DAY}  # s


def energy(
    reader: StoreReader, zone: ZoneInfo, by: By, start: float, end: float, devices: Sequence[str] = ()
) -> Energy:
    """See HistoryReader.energy. Raises CommandError."""
    at = borders(by, start, end, zone)
    grid = Grid(HOUR if by == "hour" else DAY, zone)
    known = reader.newest()
    rows = []
    for device, points in _counters(reader, devices).items():
        steps: dict[str, list[HistoryStep]] = {point: [] for point in points}
        for step in reader.steps(device, grid, points, at[0], at[-1]):
            if not isinstance(step.last, str):
                steps[step.point].append(step)
        levels = _levels(reader, device, points, at[0])
        silences = reader.silences(device, at[0], at[-1])
        unknown = [_is_unknown(begin, until, silences, known) for begin, until in pairwise(at)]
        for point in points:
            rises, estimated = by_period(at, steps[point], levels.get(point), unknown)
            rows.append(EnergyRow(device=device, point=point, Wh=[_Wh(rise) for rise in rises], estimated=estimated))
    return Energy(by=by, timezone=zone.key, at=at, rows=rows)


def by_period(
    at: Sequence[float], steps: Iterable[HistoryStep], known: tuple[float, Value] | None, unknown: Sequence[bool]
) -> tuple[list[int | None], list[bool]]:
    """The rise (mWh) of each period, and whether it is partly estimated.

    ``known``: the time and value from which the rise is counted; ``unknown``: periods without contact to the device.
    """
    last: list[int | None] = [None] * (len(at) - 1)
    estimated = [False] * (len(at) - 1)
    for step in steps:
        period = bisect_right(at, step.at) - 1
        last[period] = _mWh(step.last)
        estimated[period] |= step.estimated
    if known is None:
        return [None] * len(last), estimated
    since, level = known[0], _mWh(known[1])
    rises: list[int | None] = []
    for value, until, is_unknown in zip(last, at[1:], unknown, strict=True):
        if value is not None:
            rises.append(max(value - level, 0))
            level = max(value, level)
        else:
            rises.append(None if is_unknown or until <= since else 0)
    return rises, estimated


def borders(by: By, start: float, end: float, zone: tzinfo) -> list[float]:
    """The start times of the local periods that overlap a range, and the end of the last one. Raises CommandError."""
    start, end = span(start, end)
    if (end - start) / SHORTEST[by] > MAX_PERIODS:
        raise CommandError(say("api.energy.too_many", most=MAX_PERIODS, by=by))
    if by == "month":
        return _months(start, end, zone)
    grid = Grid(HOUR if by == "hour" else DAY, zone)
    first, last = grid.number(milliseconds(start)), grid.number(milliseconds(end) - 1)
    return [grid.at(number) for number in range(first, last + 2)]


def today(reader: StoreReader, zone: ZoneInfo, now: float) -> Today:
    """See HistoryReader.today."""
    midnight = datetime.fromtimestamp(now, zone).replace(hour=0, minute=0, second=0, microsecond=0, fold=0)
    since, until = midnight.timestamp(), (midnight + timedelta(days=1)).timestamp()
    levels = []
    for device, points in reader.counters().items():
        found = _levels(reader, device, points, since)
        levels += [Level(device, point, float(found[point][1])) for point in points if point in found]
    return Today(since=since, until=until, levels=levels)


def _months(start: float, end: float, zone: tzinfo) -> list[float]:
    when = datetime.fromtimestamp(start, zone)
    year, month = when.year, when.month
    at = [datetime(year, month, 1, tzinfo=zone).timestamp()]
    while at[-1] < end:
        year, month = (year, month + 1) if month < 12 else (year + 1, 1)
        at.append(datetime(year, month, 1, tzinfo=zone).timestamp())
    return at


def _counters(reader: StoreReader, devices: Sequence[str]) -> dict[str, list[str]]:
    """The counters of these devices, by the names in the request, or of all devices."""
    known = reader.counters()
    if not devices:
        return known
    return {device: known.get(reader.known(device).id, []) for device in dict.fromkeys(devices)}


def _levels(reader: StoreReader, device: str, points: Sequence[str], at: float) -> dict[str, tuple[float, Value]]:
    """Time and value of the last value before a time, or of the first one from then on."""
    found = reader.before(device, points, at)
    missing = [point for point in points if point not in found]
    return found | (reader.first(device, missing, at) if missing else {})


def _is_unknown(begin: float, until: float, silences: Iterable[tuple[float, float]], known: float) -> bool:
    return begin > known or any(since <= begin and until <= end for since, end in silences)


def _mWh(value: Value) -> int:
    return round(float(value) * 1000)


def _Wh(rise_mWh: int | None) -> float | None:
    return None if rise_mWh is None else rise_mWh / 1000
