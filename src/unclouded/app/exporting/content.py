"""Reads what an export is to contain from the store, a bounded number of rows at a time.

readings   device by device, each by time          energy, events   by time
"""

from collections.abc import Iterable, Iterator, Mapping, Sequence
from itertools import islice, pairwise
from typing import NamedTuple, cast
from zoneinfo import ZoneInfo

import msgspec

from unclouded.core.errors import CommandError
from unclouded.core.model import unit_of
from unclouded.core.views.export import ExportContent, ExportRequest
from unclouded.store.reading.condense import DAY, HOUR, Grid, HistoryRow, HistoryStep
from unclouded.store.reading.reader import StoreReader
from unclouded.table_files.tables import (
    ENERGY_COLUMNS,
    EVENT_COLUMNS,
    MEAN_DECIMALS,
    READING_COLUMNS,
    STEP_COLUMNS,
    Cell,
    ExportBatch,
    ExportTable,
    Row,
    Scaled,
)
from unclouded.web.history.energy import borders, energy
from unclouded.web.history.history import event_view
from unclouded.web.schemas import By

ROWS = 4000  # of a batch
WINDOW_S = DAY  # that is read at once; whole hours, since a chunk is one
ENERGY_WINDOW_S: Mapping[str, float] = {"hour": 14 * DAY, "day": 366 * DAY, "week": 366 * DAY, "month": 5 * 366 * DAY}
OTHER_WINDOW_S = 2 * DAY  # of shorter periods
mWh_DECIMALS = 3  # of energy in Wh


class ExportSpan(NamedTuple):
    """From ``start`` until before ``end``, Unix seconds."""

    start: float
    end: float

    def part(self, at: float) -> float:
        """Which part of it is over at a time, 0 to 1."""
        return min(max((at - self.start) / max(self.end - self.start, 1e-9), 0.0), 1.0)


def export_tables(reader: StoreReader, zone: ZoneInfo, request: ExportRequest, now: float) -> list[ExportTable]:
    """The tables of an export. Raises CommandError for unknown devices and points, and StoreError."""
    devices = [reader.known(name).id or reader.known(name).identity for name in request.devices] or [
        one.id or one.identity for one in reader.devices()
    ]
    _check_points(reader, devices, request.points)
    span = _span(reader, request, now)
    return [_table(content, reader, zone, request, tuple(dict.fromkeys(devices)), span) for content in request.content]


# --- inside -------------------------------------------------------------------------------------------


def _table(
    content: ExportContent,
    reader: StoreReader,
    zone: ZoneInfo,
    request: ExportRequest,
    devices: Sequence[str],
    span: ExportSpan,
) -> ExportTable:
    match content:
        case "energy":
            rows = _energy(reader, zone, request, devices if request.devices else (), span)
            return ExportTable("energy", ENERGY_COLUMNS, mWh_DECIMALS, rows)
        case "events":
            return ExportTable("events", EVENT_COLUMNS, 0, _events(reader, devices if request.devices else (), span))
    decimals = max((one for device in devices for one in reader.decimals(device).values()), default=0)
    if request.step is None:
        return ExportTable("readings", READING_COLUMNS, decimals, _readings(reader, request, devices, span))
    steps = _steps(reader, Grid(request.step, zone), request, devices, span)
    return ExportTable("readings", STEP_COLUMNS, decimals + MEAN_DECIMALS, steps)


def _check_points(reader: StoreReader, devices: Sequence[str], points: Sequence[str]) -> None:
    known = {point for device in devices for point in reader.decimals(device)} if points else set()
    known |= {point.key for device in devices for point in reader.known(device).device.points} if points else set()
    for point in points:
        if point not in known:
            raise CommandError(f"No device of the export has a point {point!r}. There are: {', '.join(sorted(known))}.")


def _span(reader: StoreReader, request: ExportRequest, now: float) -> ExportSpan:
    """What is asked for, without the time before there was anything and after now."""
    first = min([reader.since() or now, *(one.first_seen for one in reader.devices())])
    start = first if request.start is None else max(request.start, 0.0)
    end = now if request.end is None else min(request.end, now)
    if not start < end and request.start is not None:
        raise CommandError("The time of the export is empty: it has to begin before it ends.")
    return ExportSpan(max(start, min(first, end)), max(end, start))


class _DeviceRows:
    """Makes rows of the history of one device."""

    def __init__(self, reader: StoreReader, device: str) -> None:
        self._device = device
        self._points = _PointFacts(reader.decimals(device))
        self._flags = _FlagTexts()

    def readings(self, history: Iterable[HistoryRow]) -> list[Row]:
        device, points, flags = self._device, self._points, self._flags
        rows: list[Row] = []
        for row in history:
            unit, decimals = points[row.point]
            cell = _value(row.value, decimals)
            rows.append((round(row.at * 1000), device, row.point, cell, unit, row.quality, flags[row.flags]))
        return rows

    def steps(self, steps: Iterable[HistoryStep]) -> list[Row]:
        rows: list[Row] = []
        for step in steps:
            row = step.row(self._device)
            unit, decimals = self._points[row.point]
            rows.append(
                (
                    *(round(row.at * 1000), self._device, row.point, _value(row.value, decimals)),
                    *(_number(row.min, decimals), _number(row.mean, decimals + MEAN_DECIMALS)),
                    *(_number(row.max, decimals), unit, row.quality, self._flags[row.flags]),
                )
            )
        return rows


class _PointFacts(dict[str, tuple[str, int]]):
    """Point -> its unit, and how many decimals it has."""

    def __init__(self, decimals: Mapping[str, int]) -> None:
        super().__init__()
        self._decimals = decimals

    def __missing__(self, point: str) -> tuple[str, int]:
        self[point] = unit_of(point), max(self._decimals.get(point, 0), 0)
        return self[point]


class _FlagTexts(dict[tuple[str, ...], str]):
    def __missing__(self, flags: tuple[str, ...]) -> str:
        self[flags] = " ".join(flags)
        return self[flags]


def _readings(
    reader: StoreReader, request: ExportRequest, devices: Sequence[str], span: ExportSpan
) -> Iterator[ExportBatch]:
    for number, device in enumerate(devices):
        rows = _DeviceRows(reader, device)
        for start, end in _windows(span, WINDOW_S):
            history = reader.history(device, request.points or None, start, end)
            while batch := rows.readings(islice(history, ROWS)):
                yield ExportBatch(batch, _done(number, devices, span.part(_last(batch))))
            yield ExportBatch((), _done(number, devices, span.part(end)))


def _steps(
    reader: StoreReader, grid: Grid, request: ExportRequest, devices: Sequence[str], span: ExportSpan
) -> Iterator[ExportBatch]:
    for number, device in enumerate(devices):
        rows = _DeviceRows(reader, device)
        steps = reader.steps(device, grid, request.points or None, span.start, span.end)
        while batch := rows.steps(islice(steps, ROWS)):
            yield ExportBatch(batch, _done(number, devices, span.part(_last(batch))))


def _energy(
    reader: StoreReader, zone: ZoneInfo, request: ExportRequest, devices: Sequence[str], span: ExportSpan
) -> Iterator[ExportBatch]:
    by, start = cast(By, request.by), span.start  # cast: checked where the request is made
    while start < span.end:
        until = min(start + ENERGY_WINDOW_S.get(by, OTHER_WINDOW_S), span.end)
        begin = borders(by, start, until, zone)
        found = energy(reader, zone, by, begin[0], begin[-1], devices)
        rows = [
            (
                *(round(since * 1000), round(end * 1000), row.device, row.point),
                *(_number(row.Wh[place], mWh_DECIMALS), row.estimated[place], row.gap[place]),
            )
            for place, (since, end) in enumerate(pairwise(found.at))
            for row in found.rows
            if not request.points or row.point in request.points
        ]
        start = begin[-1]
        yield ExportBatch(rows, span.part(start))


def _events(reader: StoreReader, devices: Sequence[str], span: ExportSpan) -> Iterator[ExportBatch]:
    for start, end in _windows(span, WINDOW_S):
        rows: list[Row] = []
        for event in reader.events(None, start, end):
            if not devices or event.device in devices:
                view = event_view(event)
                data = msgspec.json.encode(view.data).decode() if view.data else ""
                rows.append((round(event.at * 1000), view.device, view.kind, view.words, data))
        yield ExportBatch(rows, span.part(end))


def _windows(span: ExportSpan, width: int) -> Iterator[tuple[float, float]]:
    """Divide a span, at whole hours."""
    start = span.start
    while start < span.end:
        end = min(start // HOUR * HOUR + width, span.end)
        yield start, end
        start = end


def _done(number: int, devices: Sequence[str], part: float) -> float:
    return (number + part) / len(devices)


def _last(rows: Sequence[Row]) -> float:
    """The time of the last row, Unix seconds."""
    at = rows[-1][0]
    return at / 1000 if isinstance(at, int) else 0.0


def _value(value: bool | float | str | None, decimals: int) -> Cell:
    return value if value is None or isinstance(value, bool | str) else (value, decimals)


def _number(value: float | None, decimals: int) -> Scaled | None:
    return None if value is None else (value, decimals)
