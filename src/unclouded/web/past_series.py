"""Histories as columns: the step that fits a span, gaps where there was nobody to hear.

    step 0 (as measured) · 5 · 10 · 15 s     from the samples, where there are few
    60 s and more                            from rolled-up rows

In columns a gap is a row whose value is None, where the silence begins: a chart ends its line there. A device that
says nothing because nothing changes makes no gap.
"""

from bisect import bisect_left, bisect_right
from collections import defaultdict
from collections.abc import Callable, Iterable, Mapping, Sequence
from typing import NamedTuple
from zoneinfo import ZoneInfo

from unclouded.errors import CommandError
from unclouded.model import Point, Quality, Value
from unclouded.sinks.store_condense import LAST, Grid, milliseconds
from unclouded.sinks.store_reader import Reader
from unclouded.web.shapes import History, Mark, Series
from unclouded.web.words import say

DAY = 86_400
STEPS = (
    *(5, 10, 15, 60, 120, 300, 600, 900, 1800, 3600, 7200, 10_800, 21_600, 43_200),
    *(DAY, 2 * DAY, 7 * DAY, 14 * DAY, 28 * DAY, 91 * DAY),
    *(364 * DAY << n for n in range(14)),  # the last is longer than all time that calendars know: it always fits
)
ROLLED = 60  # s; shorter steps are worked out from samples
SAMPLES = 6000  # device-seconds that one history may read in steps shorter than that; 25 ms
POINTS = 5000  # rows of a series at the most, whatever is asked for
SERIES = 100  # at the most


class Cell(NamedTuple):
    """One row of a series' columns; ``value`` None: a gap begins."""

    at: float
    value: Value | None
    quality: Quality = "good"
    flags: tuple[str, ...] = ()
    low: float | None = None
    mean: float | None = None
    high: float | None = None


Columns = Mapping[str, list[Cell]]  # by point


def history(
    reader: Reader, zone: ZoneInfo, series: Sequence[tuple[str, str]], start: float, end: float, points: int
) -> History:
    """See Past.history. Raises CommandError."""
    start, end = span(start, end)
    if not 0 < len(series) <= SERIES:
        raise CommandError(say("api.history.series", most=SERIES))
    points = max(min(points, POINTS), 1)
    wanted: dict[str, list[str]] = defaultdict(list)
    for device, point in dict.fromkeys(series):
        wanted[device].append(point)
    step, found = _fitting(reader, zone, wanted, start, end, points)
    shown = []
    for device, columns in found.items():
        silences = reader.silences(device, start, end)
        described = {point.key: point for point in reader.known(device).device.points}
        for point in wanted[device]:
            cells = with_gaps(columns.get(point, []), silences, Grid(step, zone) if step else None, end)
            shown.append(_series(device, described.get(point) or Point(key=point), cells))
    order = {place: number for number, place in enumerate(dict.fromkeys(series))}
    shown.sort(key=lambda one: order[one.device, one.point])
    return History(start=start, end=end, step=step, series=shown)


def span(start: float, end: float) -> tuple[float, float]:
    """A stretch of time that calendars know. Raises CommandError where there is none."""
    start, end = max(start, 0.0), min(end, float(LAST))
    if not start < end:
        raise CommandError(say("api.history.no_span"))
    return start, end


def with_gaps(cells: list[Cell], silences: Iterable[tuple[float, float]], grid: Grid | None, end: float) -> list[Cell]:
    """The cells, and a gap for each silence that came after a value and has at least one whole step to itself."""
    times = [cell.at for cell in cells]
    gaps: list[Cell] = []
    for begin, until in silences:
        at = begin if grid is None else _first_empty(times, begin, grid)
        place = bisect_left(times, at)
        if place > 0 and at < min(until, end) and (not gaps or gaps[-1].at < times[place - 1]):
            gaps.append(Cell(at, None))
    return sorted([*cells, *gaps], key=_at) if gaps else cells


def _first_empty(times: Sequence[float], moment: float, grid: Grid) -> float:
    """When the first step from a moment on begins in which nothing was said."""
    number = grid.number(milliseconds(moment))
    place = bisect_right(times, grid.at(number)) - 1
    while 0 <= place < len(times) and times[place] == grid.at(number):
        place += 1
        number += 1
    return grid.at(number)


def _at(cell: Cell) -> float:
    return cell.at


def _fitting(
    reader: Reader, zone: ZoneInfo, wanted: Mapping[str, Sequence[str]], start: float, end: float, points: int
) -> tuple[float, dict[str, Columns]]:
    """The finest step that fits, and what was found in it."""
    seconds = [reader.seconds(device, start, end, max(points, SAMPLES) + 1) for device in wanted]
    if max(seconds) <= points:
        found = {device: _measured(reader, device, names, start, end) for device, names in wanted.items()}
        if all(len(cells) <= points for columns in found.values() for cells in columns.values()):
            return 0.0, found
    grid = Grid(_step(zone, start, end, points, sum(seconds) <= SAMPLES), zone)
    return grid.step / 1000, {
        device: _condensed(reader, device, names, start, end, grid) for device, names in wanted.items()
    }


def _step(zone: ZoneInfo, start: float, end: float, points: int, from_samples: bool) -> int:
    """The shortest step of which a span has no more than so many. ``from_samples``: it may be one of a few seconds."""
    first, last = milliseconds(start), milliseconds(end) - 1
    grids = ((step, Grid(step, zone)) for step in STEPS if from_samples or step >= ROLLED)
    return next(step for step, grid in grids if grid.number(last) - grid.number(first) < points)


def _measured(reader: Reader, device: str, names: Sequence[str], start: float, end: float) -> Columns:
    found: dict[str, list[Cell]] = defaultdict(list)
    for row in reader.history(device, names, start, end):
        found[row.point].append(Cell(row.at, row.value, row.quality, row.flags))
    return found


def _condensed(reader: Reader, device: str, names: Sequence[str], start: float, end: float, grid: Grid) -> Columns:
    found: dict[str, list[Cell]] = defaultdict(list)
    for one in reader.steps(device, grid, names, start, end):
        found[one.point].append(Cell(one.at, one.last, one.quality, one.flags, one.low, one.mean, one.high))
    return found


def _series(device: str, point: Point, cells: Sequence[Cell]) -> Series:
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
        at=[cell.at for cell in cells],
        value=[cell.value for cell in cells],
        min=column(lambda cell: cell.low),
        mean=column(lambda cell: cell.mean),
        max=column(lambda cell: cell.high),
        marks=marks,
    )
