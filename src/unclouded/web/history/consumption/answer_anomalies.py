"""What the home and its devices used unlike before, read from the store."""

from collections.abc import Iterable, Sequence
from typing import NamedTuple
from zoneinfo import ZoneInfo

from unclouded.core.errors import CommandError
from unclouded.core.model import Device
from unclouded.core.views.consumption import Anomalies, Anomaly, AnomalyKind
from unclouded.store.reading.condense import DAY, HOUR, Grid
from unclouded.store.reading.reader import StoreReader
from unclouded.web.history.consumption.answer_load import HOME
from unclouded.web.history.consumption.days import DayColumns, DayHours, day_columns, day_hours, hour_columns
from unclouded.web.history.consumption.home import Column, HomePlan, home_plan, home_use
from unclouded.web.history.consumption.power import LONGEST_S
from unclouded.web.history.consumption.unusual import (
    DEVICE,
    PRODUCER,
    WEEKS,
    Run,
    base_rises,
    cause_of,
    explained,
    runs_of,
    unusual_days,
    unusual_nights,
)
from unclouded.web.history.consumption.unusual import HOME as HOME_LIMITS
from unclouded.web.history.series import span
from unclouded.web.words import say

MAX_HOURS = 400_000  # of all devices, in one answer
MOST = 200  # anomalies in one answer
AROUND_S = WEEKS * 7 * DAY


class Known(NamedTuple):
    """The days of the home and of each device. ``days``: indices of those that were asked for."""

    plan: HomePlan
    hours: DayHours
    columns: dict[str, DayColumns]
    days: list[int]


def anomalies(reader: StoreReader, zone: ZoneInfo, devices: Sequence[Device], start: float, end: float) -> Anomalies:
    """Of the whole local days of a period that are over. ``devices``: of the hub. Raises CommandError."""
    start, end = span(start, end)
    if end - start > LONGEST_S:
        raise CommandError(say("api.load.too_long"))
    known = _known(reader, zone, home_plan(devices), start, end)
    items = [*_departures(known), *_rises(known), *_suspects(reader, zone, devices, start, end)]
    items.sort(key=lambda one: (-one.start, one.device))
    home = known.columns.get(HOME)
    complete = sum(home.day[day] is not None for day in known.days) if home else 0
    return Anomalies(start=start, end=end, timezone=zone.key, known_days=complete, items=items[:MOST])


def _known(reader: StoreReader, zone: ZoneInfo, plan: HomePlan, start: float, end: float) -> Known:
    newest = reader.newest()
    since = max(start - AROUND_S, reader.since() or 0.0)
    until = min(end + AROUND_S, max(newest, since + HOUR))
    hours = day_hours(min(since, until - HOUR), until, zone)
    ids = list(dict.fromkeys((*plan.devices, *plan.parts)))
    if len(ids) * len(hours.hours) > MAX_HOURS:
        raise CommandError(say("api.load.too_large", most=MAX_HOURS // len(hours.hours)))
    counted = hour_columns(reader, ids, hours, zone)
    columns = {id: day_columns(column, hours) for id, column in counted.items() if id not in plan.meters}
    if counted:
        columns[HOME] = day_columns(home_use(plan, counted), hours)
    over = [day for day in range(hours.days) if start <= hours.starts[day] < end and hours.starts[day + 1] <= newest]
    return Known(plan, hours, columns, over)


def _departures(known: Known) -> Iterable[Anomaly]:
    nights, days, home = list[Run](), list[Run](), list[Run]()
    for id, column in known.columns.items():
        producing = id in known.plan.producers
        limits = HOME_LIMITS if id == HOME else PRODUCER if producing else DEVICE
        found = runs_of(id, unusual_days(_complete(column.day, known), known.days, limits))
        if id == HOME:
            home = found
            continue
        mine = [] if producing else runs_of(id, unusual_nights(column.night, known.days))
        nights += mine
        days += [one for one in found if not any(_is_same(one, night) for night in mine)]
    return [
        *(_anomaly("day", one, known.hours) for one in explained(home, days)),
        *(_anomaly("night", one, known.hours) for one in nights),
    ]


def _complete(days: Column, known: Known) -> Column:
    """The days without the last one, which is not over."""
    last = known.hours.days - 1
    return [None if day == last and day not in known.days else Wh for day, Wh in enumerate(days)]


def _is_same(day: Run, night: Run) -> bool:
    """Whether most of what a day is more by was used at night."""
    return night.first <= day.worst.day <= night.last and day.worst.by > 0 and night.worst.by >= day.worst.by / 2


def _rises(known: Known) -> Iterable[Anomaly]:
    parts = {id: column.base for id, column in known.columns.items() if id in known.plan.parts}
    home = known.columns.get(HOME)
    for rise in base_rises(home.base, known.days) if home else ():
        begin, end = known.hours.starts[rise.day], known.hours.starts[rise.day + 1]
        yield Anomaly(
            kind="base",
            device=HOME,
            start=begin,
            end=end,
            days=1,
            amount=round(rise.after, 1),
            usual=round(rise.before, 1),
            cause=cause_of(rise, parts),
        )


def _suspects(
    reader: StoreReader, zone: ZoneInfo, devices: Sequence[Device], start: float, end: float
) -> Iterable[Anomaly]:
    """One for each device and days one after another on which a reading was suspect."""
    stored = {one.id for one in reader.devices()}
    for device in devices:
        if device.id not in stored:
            continue
        found: dict[float, list[tuple[str, tuple[str, ...]]]] = {}
        for step in reader.steps(device.id, Grid(DAY, zone), None, start, end):
            if step.quality == "suspect":
                found.setdefault(step.at, []).append((step.point, step.flags))
        yield from _joined(device.id, found, Grid(DAY, zone))


def _joined(device: str, found: dict[float, list[tuple[str, tuple[str, ...]]]], grid: Grid) -> Iterable[Anomaly]:
    runs: list[list[float]] = []
    for at in sorted(found):
        if runs and grid.after(int(runs[-1][-1] * 1000)) == int(at * 1000):
            runs[-1].append(at)
        else:
            runs.append([at])
    for days in runs:
        points = sorted({point for at in days for point, _ in found[at]})
        flags = sorted({flag for at in days for _, flags in found[at] for flag in flags})
        end = grid.after(int(days[-1] * 1000)) / 1000
        yield Anomaly(kind="suspect", device=device, start=days[0], end=end, days=len(days), points=points, flags=flags)


def _anomaly(kind: AnomalyKind, run: Run, hours: DayHours) -> Anomaly:
    return Anomaly(
        kind=kind,
        device=run.device,
        start=hours.starts[run.first],
        end=hours.starts[run.last + 1],
        days=run.last - run.first + 1,
        amount=round(run.worst.amount, 1),
        usual=round(run.worst.usual, 1),
    )
