"""Series of a home's devices from its windows, in the shape of the hub's own API; and its events.

    step 0 (as measured) to 30 s     raw
    60 s to 10 min                   minute, else raw
    15 min and more                  quarter, else minute, else raw

Gaps are where the home's events say that the device was down; without events there are none.
"""

import asyncio
import json
from collections import defaultdict
from collections.abc import Iterable, Sequence
from typing import Any, LiteralString, NamedTuple
from zoneinfo import ZoneInfo

from unclouded.core.errors import CommandError
from unclouded.core.model import Point
from unclouded.fleet.base.commands import check_home, home_number
from unclouded.fleet.base.connections import BaseConnections, Connection, Row
from unclouded.fleet.base.errors import BaseRefused, NotInScope
from unclouded.fleet.base.views import HomeEventRow, Scope
from unclouded.fleet.base.windows.catalogues import StoredCatalogue, stored_catalogue
from unclouded.fleet.base.windows.stored_windows import levels_in, stored_windows
from unclouded.store.encoding.codec import QUALITIES, SeriesScale, flags_of
from unclouded.store.encoding.part import SeriesPart, join, rolled_marks
from unclouded.store.reading.condense import Grid, milliseconds, step_of
from unclouded.store.silence import DOWN, UP
from unclouded.uplink.contents.arrays import SeriesArrays, raw_arrays
from unclouded.uplink.contents.catalogue import SentSeries
from unclouded.uplink.contents.rows import decode_rows
from unclouded.uplink.messages import SentWindow
from unclouded.web.history.series import (
    MAX_ROWS,
    MAX_SAMPLES,
    MAX_SERIES,
    MEAN_DIGITS,
    STEPS,
    Cell,
    series_columns,
    span,
    with_gaps,
)
from unclouded.web.schemas import History

MINUTE, QUARTER = 60, 900
MOST_WINDOWS = 50_000  # that one history opens: 17 months of quarters of an hour
PAGE: LiteralString = """SELECT e.number, h.id, h.name, e.at, d.id, e.device, e.kind, e.text, e.data
    FROM event e JOIN hub h ON h.number = e.hub LEFT JOIN device d ON d.hub = e.hub AND d.number = e.device"""
EVENTS: LiteralString = f"""{PAGE} WHERE (%(hub)s::integer IS NULL OR e.hub = %(hub)s)
    AND (%(kind)s = '' OR e.kind = %(kind)s) AND (%(before)s::bigint IS NULL OR e.number < %(before)s)
    ORDER BY e.number DESC LIMIT %(limit)s"""
STATES: LiteralString = """SELECT at, data FROM event WHERE hub = %(hub)s AND device = %(device)s AND kind = 'state'
        AND start > floor(%(start)s)::bigint - 300 AND start < ceil(%(end)s)::bigint
    UNION ALL (SELECT at, data FROM event WHERE hub = %(hub)s AND device = %(device)s AND kind = 'state'
        AND start <= floor(%(start)s)::bigint - 300 ORDER BY start DESC, at DESC LIMIT 1) ORDER BY 1"""

Parts = dict[int, dict[int, SeriesPart]]  # by series, by the begin of the step (ms)


class _SeriesRange(NamedTuple):
    """``wanted``: by point, its series by number; ``most``: rows of a series."""

    device: str
    wanted: dict[str, dict[int, SeriesScale]]
    start: float
    end: float
    most: int
    grid: Grid | None

    def scales(self) -> dict[int, SeriesScale]:
        return {number: scale for one in self.wanted.values() for number, scale in one.items()}


class _StoredRange(NamedTuple):
    catalogue: StoredCatalogue
    level: str
    windows: list[SentWindow]
    silences: list[tuple[float, float]]


class FleetHistory:
    """Series of a home's devices from its windows, in the shape of the hub's own API; events."""

    def __init__(self, connections: BaseConnections) -> None:
        self._connections = connections

    async def history(
        self, scope: Scope, hub: str, device: str, points: Sequence[str], start: float, end: float, most: int = 2000
    ) -> History:
        """Of the finest level that has no more than ``most`` rows a series. Raises NotInScope (hub or device).

        A point that the device does not have is empty. Raises BaseRefused where the range is empty or too long.
        """
        try:
            start, end = span(start, end)
        except CommandError as error:
            raise BaseRefused(str(error)) from None
        if not 0 < len(points) <= MAX_SERIES:
            raise BaseRefused(f"A history has 1 to {MAX_SERIES} points.")
        async with self._connections.transaction("read", scope) as connection:
            number = await home_number(connection, hub)
            catalogue = await stored_catalogue(connection, number)
            sent = catalogue.device(device)
            if sent is None:
                raise NotInScope(f"The home {hub} has no device {device} that the fleet knows.")
            series = [one for one in catalogue.sent.series if one.device == sent.number and one.point in points]
            levels = await levels_in(connection, number, start, end)
            level, grid = _choose(levels, catalogue.sent.zone, start, end, max(min(most, MAX_ROWS), 1))
            windows = await stored_windows(connection, number, level, start, end) if series else []
            silences = await _silences(connection, number, sent.number, start, end)
        if len(windows) > MOST_WINDOWS:
            raise BaseRefused("The range is too long: ask for a year at most.")
        request = _SeriesRange(device, _wanted(points, series), start, end, most, grid)
        return await asyncio.to_thread(_history, request, _StoredRange(catalogue, level, windows, silences), series)

    async def events(
        self, scope: Scope, hub: str | None = None, kind: str = "", before: int | None = None, limit: int = 100
    ) -> list[HomeEventRow]:
        """The newest first; ``before``: the number of the last row of the page before. Raises NotInScope."""
        async with self._connections.transaction("read", scope) as connection:
            number = None if hub is None else await home_number(connection, hub)
            values = {"hub": number, "kind": kind, "before": before, "limit": limit}
            rows = await (await connection.execute(EVENTS, values)).fetchall()
        return [_event(row) for row in rows]

    async def windows(self, scope: Scope, hub: str, level: str, start: float, end: float) -> list[SentWindow]:
        """As they stand, in order of time, sealed ones too: for restore and export. Raises NotInScope."""
        async with self._connections.transaction("read", scope) as connection:
            await check_home(connection, hub)
            return await stored_windows(connection, await home_number(connection, hub), level, start, end)


def zone_of(name: str) -> ZoneInfo:
    """The time zone that a home says it is in; UTC where there is no zone of this name."""
    try:
        return ZoneInfo(name)
    except (ValueError, OSError):
        return ZoneInfo("UTC")


# --- which level and step ---------------------------------------------------------------------------


def _choose(levels: frozenset[str], zone: str, start: float, end: float, most: int) -> tuple[str, Grid | None]:
    """The level to read, and the steps; None: as measured."""
    if "raw" in levels and end - start <= min(most, MAX_SAMPLES):
        return "raw", None
    least = QUARTER
    if levels & {"raw", "minute"}:
        least = STEPS[0] if "raw" in levels and end - start <= MAX_SAMPLES else MINUTE
    low, high = milliseconds(start), milliseconds(end)
    grids = (Grid(step, zone_of(zone)) for step in STEPS if step >= least)
    grid = next(one for one in grids if one.count(low, high) <= most)
    fitting = {"raw": 0, "minute": MINUTE, "quarter": QUARTER}
    usable = [one for one, step in fitting.items() if one in levels and step * 1000 <= grid.step]
    return (usable[-1] if usable else "quarter"), grid


def _wanted(points: Sequence[str], series: Iterable[SentSeries]) -> dict[str, dict[int, SeriesScale]]:
    found: dict[str, dict[int, SeriesScale]] = {point: {} for point in points}
    for one in series:
        found[one.point][one.number] = SeriesScale(one.point, one.exponent, one.kind)
    return found


# --- from windows to columns --------------------------------------------------------------------------


def _history(request: _SeriesRange, found: _StoredRange, series: Sequence[SentSeries]) -> History:
    cells = _measured(request, found) if request.grid is None else _condensed(request, found)
    described = {one.point: one for one in series}  # the last series has the scale of now
    shown = []
    for point in request.wanted:
        one = described.get(point)
        view = Point(key=point) if one is None else _point(one)
        with_silences = with_gaps(cells[point][: request.most], found.silences, request.grid, request.end)
        shown.append(series_columns(request.device, view, MEAN_DIGITS - view.exponent, with_silences))
    step = 0.0 if request.grid is None else request.grid.step / 1000
    return History(start=round(request.start, 3), end=round(request.end, 3), step=step, series=shown)


def _point(series: SentSeries) -> Point:
    kind: Any = series.kind  # checked by the decoder of the catalogue
    return Point(key=series.point, kind=kind, exponent=series.exponent, label=series.label)


def _measured(request: _SeriesRange, found: _StoredRange) -> dict[str, list[Cell]]:
    names = found.catalogue.flags()
    cells: dict[str, list[Cell]] = {point: [] for point in request.wanted}
    scales = request.scales()
    for window in found.windows:
        arrays = raw_arrays(window.start, window.data)
        for number in scales.keys() & arrays.keys():
            cells[scales[number].point] += _readings(arrays[number], scales[number], names, request)
    return {point: sorted(some, key=lambda cell: cell.at) for point, some in cells.items()}


def _readings(arrays: SeriesArrays, scale: SeriesScale, names: Any, request: _SeriesRange) -> Iterable[Cell]:
    rows = zip(arrays.at.tolist(), arrays.values.tolist(), arrays.marks.tolist(), strict=True)
    for at, value, marks in rows:
        if request.start <= at / 1000 < request.end:
            yield Cell(at / 1000, scale.value(value), QUALITIES[marks & 3], flags_of(marks, names))


def _condensed(request: _SeriesRange, found: _StoredRange) -> dict[str, list[Cell]]:
    parts = _parts(request, found)
    names = found.catalogue.flags()
    cells: dict[str, list[Cell]] = {}
    for point, scales in request.wanted.items():
        begins = sorted({begin for number in scales for begin in parts.get(number, {})})
        cells[point] = []
        for begin in begins:
            some = [(scale, parts[one][begin]) for one, scale in scales.items() if begin in parts.get(one, {})]
            step = step_of(begin / 1000, point, some, (), names)
            cells[point].append(Cell(step.at, step.last, step.quality, step.flags, step.low, step.mean, step.high))
    return cells


def _parts(request: _SeriesRange, found: _StoredRange) -> Parts:
    """By series and step of the grid."""
    grid = request.grid or Grid(MINUTE)
    scales = request.scales()
    begins = grid.begins(milliseconds(request.start), milliseconds(request.end))
    place = _StepFinder(begins)
    parts: Parts = defaultdict(dict)
    for window in found.windows:
        for number, at, part in _parts_of(window, found.level, scales):
            begin = place.begin(at)
            if begin is not None:
                steps = parts[number]
                steps[begin] = join(steps[begin], part) if begin in steps else part
    return parts


def _parts_of(window: SentWindow, level: str, scales: dict[int, SeriesScale]) -> Iterable[tuple[int, int, SeriesPart]]:
    """(series, Unix ms, part) of the series that are wanted."""
    if level != "raw":
        rows = decode_rows(level, window.start, window.data)
        yield from ((row.series, row.start * 1000, row.part) for row in rows if row.series in scales)
        return
    arrays = raw_arrays(window.start, window.data)
    for number in scales.keys() & arrays.keys():
        one = arrays[number]
        is_number = scales[number].kind == "number"
        for at, value, marks in zip(one.at.tolist(), one.values.tolist(), one.marks.tolist(), strict=True):
            total = value if is_number else None
            yield number, at, SeriesPart(1, total, total, total, value, at, rolled_marks(marks))


class _StepFinder:
    """Finds the step of times that mostly rise."""

    def __init__(self, begins: Sequence[int]) -> None:
        self._begins = begins
        self._place = 0

    def begin(self, at: int) -> int | None:
        """None: before the first step or after the last one."""
        begins = self._begins
        if not begins[0] <= at < begins[-1]:
            return None
        if not begins[self._place] <= at:
            self._place = 0
        while begins[self._place + 1] <= at:
            self._place += 1
        return begins[self._place]


# --- events -----------------------------------------------------------------------------------------


async def _silences(
    connection: Connection, hub: int, device: int, start: float, end: float
) -> list[tuple[float, float]]:
    """Begin and end of the times in which the device was down; the last one may have no end (inf)."""
    values = {"hub": hub, "device": device, "start": start, "end": end}
    found: list[tuple[float, float]] = []
    since: float | None = None
    for at, text in await (await connection.execute(STATES, values)).fetchall():
        state = json.loads(text).get("state")
        if state in UP and since is not None:
            found.append((since, at))
            since = None
        elif state in DOWN and since is None:
            since = at
    return [*found, (since, float("inf"))] if since is not None else found


def _event(row: Row) -> HomeEventRow:
    number, hub, home, at, device, device_number, kind, text, data = row
    return HomeEventRow(
        number=number,
        hub=hub,
        home=home,
        at=at,
        device=device or (str(device_number) if device_number else ""),
        kind=kind,
        text=text,
        data=json.loads(data),
    )
