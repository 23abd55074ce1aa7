"""Histories as columns: the step for a time span, and gaps where there was no contact.

    step 0 (as measured) · 5 · 10 · 15 s     from the samples, if they are few
    60 s and more                            from rolled-up rows

A gap is a row whose value is None, at the time at which contact was lost: a chart ends its line there. A device that
reports only changes has no gaps: the columns begin with its last value before the span.
"""

from bisect import bisect_left, bisect_right
from collections import defaultdict
from collections.abc import Callable, Collection, Iterable, Mapping, Sequence
from typing import NamedTuple
from zoneinfo import ZoneInfo

from unclouded.core.errors import CommandError
from unclouded.core.model import Device, Point, Quality, Value
from unclouded.store.encoding.codec import UNKNOWN_EXPONENT
from unclouded.store.reading.condense import MAX_TIME_S, Grid, LastValue, milliseconds
from unclouded.store.reading.reader import StoreReader, UnknownDevice
from unclouded.web.schemas import History, Mark, Series
from unclouded.web.words import say

DAY = 86_400
STEPS = (
    *(5, 10, 15, 60, 120, 300, 600, 900, 1800, 3600, 7200, 10_800, 21_600, 43_200),
    *(DAY, 2 * DAY, 7 * DAY, 14 * DAY, 28 * DAY, 91 * DAY),
    *(364 * DAY << n for n in range(14)),  # the last one is longer than any span
)
ROLLED_UP_S = 60  # shorter steps are computed from samples
MAX_SAMPLES = 6000  # device-seconds that one history may read in shorter steps; takes 25 ms
MAX_ROWS = 5000  # of a series, regardless of the request
MAX_SERIES = 100
MEAN_DIGITS = 2  # additional digits of a mean


class Cell(NamedTuple):
    """One row of the columns of a series; ``value`` None: a gap begins."""

    at: float
    value: Value | None
    quality: Quality = "good"
    flags: tuple[str, ...] = ()
    low: float | None = None
    mean: float | None = None
    high: float | None = None


Columns = dict[str, list[Cell]]  # by point
Silences = Sequence[tuple[float, float]]  # (start, end)


class SeriesRequest(NamedTuple):
    """(device, point) series between two times, none with more than ``points`` rows.

    ``hub``: the devices of the hub, of which the store may not have all yet.
    """

    series: Sequence[tuple[str, str]]
    start: float
    end: float
    points: int
    hub: Collection[Device] = ()


def history(reader: StoreReader, zone: ZoneInfo, request: SeriesRequest) -> History:
    """See HistoryReader.history. Raises CommandError."""
    series = request.series
    start, end = span(request.start, request.end)
    if not 0 < len(series) <= MAX_SERIES:
        raise CommandError(say("api.history.series", most=MAX_SERIES))
    described = _described(reader, dict.fromkeys(device for device, _ in series), request.hub)
    selected: dict[str, list[str]] = defaultdict(list)
    for device, point in dict.fromkeys(series):
        if described[device].stored:
            selected[device].append(point)
    step, found = _PointQuery(reader, zone, selected, start, end).answer(max(min(request.points, MAX_ROWS), 1))
    shown = []
    for device, point in dict.fromkeys(series):
        one = described[device].points.get(point)
        digits = MEAN_DIGITS - (one.exponent if one is not None else UNKNOWN_EXPONENT)
        shown.append(series_columns(device, one or Point(key=point), digits, found.get(device, {}).get(point, [])))
    return History(start=round(start, 3), end=round(end, 3), step=step, series=shown)


class Described(NamedTuple):
    """The points of a device. ``stored``: the store has the device; otherwise only the hub may have it."""

    points: Mapping[str, Point]
    stored: bool


def _described(reader: StoreReader, names: Iterable[str], hub: Iterable[Device]) -> dict[str, Described]:
    """Raises CommandError if none of them is known to the store or the hub."""
    here = {device.id: device.points for device in hub}
    found: dict[str, Described] = {}
    unknown: UnknownDevice | None = None
    for name in names:
        try:
            points, stored = reader.known(name).device.points, True
        except UnknownDevice as error:
            points, stored = here.get(name, ()), False
            unknown = unknown or error
        found[name] = Described({point.key: point for point in points}, stored)
    if unknown is not None and not any(one.stored or name in here for name, one in found.items()):
        raise unknown
    return found


def span(start: float, end: float) -> tuple[float, float]:
    """A time span, limited to what calendars support. Raises CommandError if it is empty."""
    start, end = max(start, 0.0), min(end, float(MAX_TIME_S))
    if not start < end:
        raise CommandError(say("api.history.no_span"))
    return start, end


def with_gaps(cells: list[Cell], silences: Iterable[tuple[float, float]], grid: Grid | None, end: float) -> list[Cell]:
    """The cells, with a gap for each silence after a value that covers at least one whole step."""
    times = [cell.at for cell in cells]
    gaps: list[Cell] = []
    for begin, until in silences:
        at = begin if grid is None else _first_empty(times, begin, grid)
        place = bisect_left(times, at)
        if place > 0 and at < min(until, end) and (not gaps or gaps[-1].at < times[place - 1]):
            gaps.append(Cell(at, None))
    return sorted([*cells, *gaps], key=_at) if gaps else cells


def _first_empty(times: Sequence[float], moment: float, grid: Grid) -> float:
    """The start of the first step from ``moment`` on that has no value."""
    begin = grid.begin(milliseconds(moment))
    place = bisect_right(times, begin / 1000) - 1
    while 0 <= place < len(times) and times[place] == begin / 1000:
        place += 1
        begin = grid.after(begin)
    return begin / 1000


def _at(cell: Cell) -> float:
    return cell.at


class _PointQuery:
    """A query for points of devices between two times."""

    def __init__(
        self, reader: StoreReader, zone: ZoneInfo, selected: Mapping[str, Sequence[str]], start: float, end: float
    ) -> None:
        self._reader = reader
        self._zone = zone
        self._selected = selected
        self._start = start
        self._end = end

    def answer(self, points: int) -> tuple[float, dict[str, Columns]]:
        """The shortest step that fits, and the columns in it, with their gaps."""
        silences = {device: self._reader.silences(device, self._start, self._end) for device in self._selected}
        grid, found = self._fitting(points, silences)
        for device, columns in found.items():
            for point, cells in columns.items():
                columns[point] = with_gaps(cells, self._without_values(device, silences[device]), grid, self._end)
        return grid.step / 1000 if grid is not None else 0, found

    def _without_values(self, device: str, silences: Silences) -> Silences:
        """Also the hours whose readings are damaged; where longer rows are read, they have values."""
        damaged = [(float(one.start), one.start + 3600.0) for one in self._reader.damaged_hours(device)]
        return sorted([*silences, *damaged]) if damaged else silences

    def _fitting(self, points: int, silences: Mapping[str, Silences]) -> tuple[Grid | None, dict[str, Columns]]:
        most = max(points, MAX_SAMPLES) + 1
        seconds = [self._reader.seconds(device, self._start, self._end, most) for device in self._selected]
        shortest = max(
            (self._reader.shortest_span(one, wanted, self._start) for one, wanted in self._selected.items()), default=0
        )
        if max(seconds, default=0) <= points and not shortest:
            found = {device: self._measured(device, silences[device], points) for device in self._selected}
            if all(len(cells) <= points for columns in found.values() for cells in columns.values()):
                return None, found
        least = shortest or (0 if sum(seconds) <= MAX_SAMPLES else ROLLED_UP_S)
        step = _step(self._zone, self._start, self._end, points, least)
        grid = Grid(step, self._zone)
        return grid, {device: self._condensed(device, grid, silences[device]) for device in self._selected}

    def _measured(self, device: str, silences: Silences, points: int) -> Columns:
        found: Columns = defaultdict(list)
        for row in self._reader.history(device, self._selected[device], self._start, self._end):
            found[row.point].append(Cell(row.at, row.value, row.quality, row.flags))
        for point, one in self._standing(device, found, self._start, silences).items():
            if len(found[point]) < points:  # not needed for a series that is full
                found[point].insert(0, Cell(self._start, one.value, one.quality))
        return found

    def _condensed(self, device: str, grid: Grid, silences: Silences) -> Columns:
        found: Columns = defaultdict(list)
        for one in self._reader.steps(device, grid, self._selected[device], self._start, self._end):
            found[one.point].append(Cell(one.at, one.last, one.quality, one.flags, one.low, one.mean, one.high))
        at = grid.begin(milliseconds(self._start)) / 1000
        for point, last in self._standing(device, found, at, silences).items():
            spread = [float(last.value)] * 3 if last.is_number and not isinstance(last.value, str) else []
            found[point].insert(0, Cell(at, last.value, last.quality, (), *spread))
        return found

    def _standing(self, device: str, found: Columns, at: float, silences: Silences) -> dict[str, LastValue]:
        """The values at the start of the range, of points that have no row at ``at``."""
        if any(begin <= self._start < until for begin, until in silences):
            return {}
        late = [point for point in self._selected[device] if not found.get(point) or found[point][0].at > at]
        return self._reader.standing(device, late, self._start) if late else {}


def _step(zone: ZoneInfo, start: float, end: float, points: int, least: float) -> int:
    """The shortest step, of ``least`` seconds or more, with at most ``points`` rows."""
    first, last = milliseconds(start), milliseconds(end)
    grids = ((step, Grid(step, zone)) for step in STEPS if step >= least)
    return next(step for step, grid in grids if grid.count(first, last) <= points)


def _short(at: float) -> float:
    """A time in whole seconds if possible, otherwise in milliseconds, to keep the JSON short."""
    whole = int(at)
    return whole if whole == at else round(at, 3)


def series_columns(device: str, point: Point, digits: int, cells: Sequence[Cell]) -> Series:
    """``digits``: decimal places of means."""
    marks = [
        Mark(index, cell.quality, cell.flags)
        for index, cell in enumerate(cells)
        if cell.quality != "good" or cell.flags
    ]
    spread = any(cell.mean is not None for cell in cells)

    def column(of: Callable[[Cell], float | None]) -> list[float | None] | None:
        return [of(cell) for cell in cells] if spread else None

    return Series(
        device=device,
        point=point.key,
        unit=point.unit,
        kind=point.kind,
        exponent=point.exponent,
        at=[_short(cell.at) for cell in cells],
        value=[cell.value for cell in cells],
        min=column(lambda cell: cell.low),
        mean=column(lambda cell: None if cell.mean is None else round(cell.mean, digits)),
        max=column(lambda cell: cell.high),
        marks=marks,
    )
