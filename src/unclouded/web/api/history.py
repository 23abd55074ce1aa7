"""Routes for stored data: history, energy by period, load, anomalies, today's counters, events."""

import asyncio
import csv
import io
from datetime import tzinfo
from typing import Annotated

import msgspec
from msgspec import Meta
from starlette.responses import Response

from unclouded.core.text.printable import csv_cell, csv_text
from unclouded.core.times import iso
from unclouded.core.views.consumption import Anomalies, LoadDuration
from unclouded.core.views.facts import EventView
from unclouded.store.reading.reader import UnknownDevice
from unclouded.web.history.energy import DEFAULT_SPAN_S
from unclouded.web.history.series import SeriesRequest
from unclouded.web.request import ApiError, ApiRequest, as_json, time_of
from unclouded.web.route_row import CSV
from unclouded.web.routes import ApiContext, ApiRoute
from unclouded.web.said_views import said_event
from unclouded.web.schemas import By, Energy, History, Series, Today

HOUR = 3600.0  # s
MONTH = 31 * 24 * HOUR
MOST_SERIES = 24
MOST_POINTS = 10_000
CSV_HEADER = ("at", "device", "point", "unit", "value", "min", "mean", "max", "quality", "flags")

STORE = {503: "The store cannot be read now."}
UNPROCESSABLE = {422: "The store has no such device, or the request covers too much data."}

Moment = Annotated[
    str, Meta(description="Unix seconds or ISO 8601; without an offset, in the hub's time zone.", max_length=40)
]
SeriesName = Annotated[str, Meta(pattern=r"^[^.]+\.[^.]+$", max_length=200)]


class SpanQuery(msgspec.Struct, frozen=True, kw_only=True):
    """A time span of a route; an empty ``end`` or ``start`` is the default of that route."""

    start: Moment = ""
    end: Moment = ""


class HistoryQuery(SpanQuery, frozen=True, kw_only=True):
    series: Annotated[
        list[SeriesName],
        Meta(min_length=1, max_length=MOST_SERIES, description="device.point; may be given several times."),
    ]
    points: Annotated[int, Meta(ge=1, le=MOST_POINTS, description="Maximum number of rows per series.")] = 600


class EnergyQuery(SpanQuery, frozen=True, kw_only=True):
    by: Annotated[By, Meta(description="Length of a period, in the hub's time zone.")]
    device: Annotated[list[str], Meta(description="Only these devices; may be given several times.")] = []


class LoadQuery(SpanQuery, frozen=True, kw_only=True):
    device: Annotated[
        list[str],
        Meta(max_length=MOST_SERIES, description="A curve for each of these devices; without any, one of the home."),
    ] = []


class AnomaliesQuery(SpanQuery, frozen=True, kw_only=True):
    pass


class EventsQuery(SpanQuery, frozen=True, kw_only=True):
    device: Annotated[str, Meta(description="Only events of this device.", max_length=200)] = ""
    limit: Annotated[int, Meta(ge=1, le=1000, description="Maximum number of events; the newest are returned.")] = 200


async def history(context: ApiContext, request: ApiRequest) -> Response:
    return as_json(await _history(context, request))


async def history_csv(context: ApiContext, request: ApiRequest) -> Response:
    found = await _history(context, request)
    text = await asyncio.to_thread(as_csv, found)
    headers = {"Content-Disposition": 'attachment; filename="history.csv"'}
    return Response(text, headers=headers, media_type=CSV)


async def energy(context: ApiContext, request: ApiRequest) -> Response:
    query = request.query(EnergyQuery)
    start, end = asked_span(query, context, DEFAULT_SPAN_S[query.by])
    here = frozenset(one.id for one in context.hub.devices())
    return as_json(await context.require_history().energy(query.by, start, end, query.device, here))


async def load(context: ApiContext, request: ApiRequest) -> Response:
    query = request.query(LoadQuery)
    start, end = asked_span(query, context, MONTH)
    return as_json(await context.require_history().load(context.hub.devices(), query.device, start, end))


async def anomalies(context: ApiContext, request: ApiRequest) -> Response:
    start, end = asked_span(request.query(AnomaliesQuery), context, MONTH)
    return as_json(await context.require_history().anomalies(context.hub.devices(), start, end))


async def today(context: ApiContext, request: ApiRequest) -> Response:
    return as_json(await context.require_history().today(context.wall()))


async def events(context: ApiContext, request: ApiRequest) -> Response:
    query = request.query(EventsQuery)
    start, end = asked_span(query, context, None)
    try:
        found = await context.require_history().events(query.device or None, start, end, query.limit)
    except UnknownDevice:
        if not any(one.id == query.device for one in context.hub.devices()):
            raise
        found = []  # it has joined a moment ago, and nothing of it is stored yet
    return as_json([said_event(one) for one in found])


ROWS = (
    ApiRoute(
        method="GET",
        path="/api/history",
        summary="Series in columns; the time span and ``points`` determine the step. Default: the last hour.",
        handler=history,
        returns=(History,),
        query=HistoryQuery,
        errors={**UNPROCESSABLE, **STORE},
    ),
    ApiRoute(
        method="GET",
        path="/api/history.csv",
        summary=f"The same data as a table: {', '.join(CSV_HEADER)}.",
        handler=history_csv,
        returns=(str,),
        media=CSV,
        query=HistoryQuery,
        errors={**UNPROCESSABLE, **STORE},
    ),
    ApiRoute(
        method="GET",
        path="/api/energy",
        summary="Increase of each counter per hour, day, week or month. Default: the last day, 31, 91 or 366 days.",
        handler=energy,
        returns=(Energy,),
        query=EnergyQuery,
        errors={**UNPROCESSABLE, **STORE},
    ),
    ApiRoute(
        method="GET",
        path="/api/history/load",
        summary="How long the power was how high, and the base load. Default: the last 31 days; at most a year.",
        handler=load,
        returns=(LoadDuration,),
        query=LoadQuery,
        errors={**UNPROCESSABLE, **STORE},
    ),
    ApiRoute(
        method="GET",
        path="/api/history/anomalies",
        summary="Days and nights unlike those around them, rises of the base load, suspect readings; newest first.",
        handler=anomalies,
        returns=(Anomalies,),
        query=AnomaliesQuery,
        errors={**UNPROCESSABLE, **STORE},
    ),
    ApiRoute(
        method="GET",
        path="/api/today",
        summary="Counter values at the beginning of the local day.",
        handler=today,
        returns=(Today,),
        errors=STORE,
    ),
    ApiRoute(
        method="GET",
        path="/api/events",
        summary="States, commands, admissions and warnings, newest first. Default: all.",
        handler=events,
        returns=(list[EventView],),
        query=EventsQuery,
        errors={**UNPROCESSABLE, **STORE},
    ),
)


def as_csv(history: History) -> str:
    """One row per value. Text has no control characters, and a spreadsheet never evaluates it as a formula."""
    file = io.StringIO()
    table = csv.writer(file)
    table.writerow(CSV_HEADER)
    for series in history.series:
        table.writerows(_csv_rows(series))
    return file.getvalue()


def _csv_rows(series: Series) -> list[tuple[object, ...]]:
    marks = {mark.index: mark for mark in series.marks}
    none: list[float | None] = [None] * len(series.at)
    columns = zip(series.at, series.value, series.min or none, series.mean or none, series.max or none, strict=True)
    names = (csv_text(series.device), csv_text(series.point), csv_text(series.unit))
    rows: list[tuple[object, ...]] = []
    for index, (at, value, *condensed) in enumerate(columns):
        mark = marks.get(index)
        quality, flags = (mark.quality, " ".join(mark.flags)) if mark else ("good" if value is not None else "", "")
        rows.append((iso(at), *names, csv_cell(value), *condensed, quality, csv_text(flags)))
    return rows


async def _history(context: ApiContext, request: ApiRequest) -> History:
    query = request.query(HistoryQuery)
    series = [(device, point) for device, _, point in (one.rpartition(".") for one in query.series)]
    start, end = asked_span(query, context, HOUR)
    return await context.require_history().history(
        SeriesRequest(series, start, end, query.points, context.hub.devices())
    )


def asked_span(query: SpanQuery, context: ApiContext, default: float | None) -> tuple[float, float]:
    """Start and end; by default the last ``default`` seconds (None: everything). Raises ApiError."""
    zone: tzinfo = context.zone
    end = time_of(query.end, "end", zone) if query.end else context.wall()
    earliest = 0.0 if default is None else max(0.0, end - default)
    start = time_of(query.start, "start", zone) if query.start else earliest
    if start >= end:
        raise ApiError(400, "api.empty_span")
    return start, end
