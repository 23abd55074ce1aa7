"""Routes about what was: history, energy by period, today's counters, events. The store answers them."""

import asyncio
import csv
import io
from datetime import tzinfo
from typing import Annotated

import msgspec
from msgspec import Meta
from starlette.responses import Response

from unclouded.core.times import iso
from unclouded.core.views import EventView
from unclouded.web.history_series import SeriesRequest
from unclouded.web.request import ApiError, ApiRequest, as_json, moment
from unclouded.web.routes import CSV, ApiContext, ApiRoute
from unclouded.web.schemas import By, Energy, History, Series, Today

HOUR, DAY = 3600.0, 86_400.0  # s
USUAL = {"hour": DAY, "day": 31 * DAY, "month": 366 * DAY}  # s of energy that are shown if nothing is said
MOST_SERIES = 24
MOST_POINTS = 10_000
HEADLINE = ("at", "device", "point", "unit", "value", "min", "mean", "max", "quality", "flags")

STORE = {503: "The store cannot be read now."}
UNKNOWN = {422: "The store knows no such device, or what is asked is too much at once."}

Moment = Annotated[
    str, Meta(description="Unix seconds, or ISO 8601; without an offset it is in the hub's time zone.", max_length=40)
]
Place = Annotated[str, Meta(pattern=r"^[^.]+\.[^.]+$", max_length=200)]


class SpanQuery(msgspec.Struct, frozen=True, kw_only=True):
    start: Moment = ""
    end: Moment = ""


class HistoryQuery(SpanQuery, frozen=True, kw_only=True):
    series: Annotated[
        list[Place], Meta(min_length=1, max_length=MOST_SERIES, description="device.point; may be given several times.")
    ]
    points: Annotated[int, Meta(ge=1, le=MOST_POINTS, description="At most so many rows of each series.")] = 600


class EnergyQuery(SpanQuery, frozen=True, kw_only=True):
    by: Annotated[By, Meta(description="The length of a period, in the hub's time zone.")]
    device: Annotated[list[str], Meta(description="Only these devices; may be given several times.")] = []


class EventsQuery(SpanQuery, frozen=True, kw_only=True):
    device: Annotated[str, Meta(description="Only this device's.", max_length=200)] = ""
    limit: Annotated[int, Meta(ge=1, le=1000, description="At most so many, the newest.")] = 200


async def history(context: ApiContext, request: ApiRequest) -> Response:
    return as_json(await _history(context, request))


async def history_csv(context: ApiContext, request: ApiRequest) -> Response:
    found = await _history(context, request)
    text = await asyncio.to_thread(as_csv, found)
    headers = {"Content-Disposition": 'attachment; filename="history.csv"'}
    return Response(text, headers=headers, media_type=CSV)


async def energy(context: ApiContext, request: ApiRequest) -> Response:
    query = request.query(EnergyQuery)
    start, end = _span(query, context, USUAL[query.by])
    return as_json(await context.require_history().energy(query.by, start, end, query.device))


async def today(context: ApiContext, request: ApiRequest) -> Response:
    return as_json(await context.require_history().today(context.wall()))


async def events(context: ApiContext, request: ApiRequest) -> Response:
    query = request.query(EventsQuery)
    start, end = _span(query, context, None)
    return as_json(await context.require_history().events(query.device or None, start, end, query.limit))


ROWS = (
    ApiRoute(
        method="GET",
        path="/api/history",
        summary="Points over time, in columns; the span and ``points`` pick the step. Usual: the last hour.",
        handler=history,
        returns=(History,),
        query=HistoryQuery,
        errors={**UNKNOWN, **STORE},
    ),
    ApiRoute(
        method="GET",
        path="/api/history.csv",
        summary=f"The same as a table: {', '.join(HEADLINE)}.",
        handler=history_csv,
        returns=(str,),
        media=CSV,
        query=HistoryQuery,
        errors={**UNKNOWN, **STORE},
    ),
    ApiRoute(
        method="GET",
        path="/api/energy",
        summary="What each counter rose by in each hour, day or month. Usual: the last day, 31 days, 366 days.",
        handler=energy,
        returns=(Energy,),
        query=EnergyQuery,
        errors={**UNKNOWN, **STORE},
    ),
    ApiRoute(
        method="GET",
        path="/api/today",
        summary="What the counters showed when the local day began.",
        handler=today,
        returns=(Today,),
        errors=STORE,
    ),
    ApiRoute(
        method="GET",
        path="/api/events",
        summary="States, commands, joins, warnings: newest first. Usual: since ever.",
        handler=events,
        returns=(list[EventView],),
        query=EventsQuery,
        errors={**UNKNOWN, **STORE},
    ),
)


def as_csv(history: History) -> str:
    """A row for each value of each series. What a text begins with never makes a spreadsheet reckon."""
    file = io.StringIO()
    table = csv.writer(file)
    table.writerow(HEADLINE)
    for series in history.series:
        table.writerows(_csv_rows(series))
    return file.getvalue()


def _csv_rows(series: Series) -> list[tuple[object, ...]]:
    marks = {mark.index: mark for mark in series.marks}
    none: list[float | None] = [None] * len(series.at)
    columns = zip(series.at, series.value, series.min or none, series.mean or none, series.max or none, strict=True)
    rows: list[tuple[object, ...]] = []
    for index, (at, value, *condensed) in enumerate(columns):
        mark = marks.get(index)
        quality, flags = (mark.quality, " ".join(mark.flags)) if mark else ("good" if value is not None else "", "")
        rows.append((iso(at), series.device, series.point, series.unit, _cell(value), *condensed, quality, flags))
    return rows


def _cell(value: object) -> object:
    """A value as a spreadsheet takes it: true and false as 1 and 0, texts never as formulas."""
    match value:
        case bool():
            return int(value)
        case str() if value[:1] in ("=", "+", "-", "@", "\t", "\r"):
            return f"'{value}"
    return value


async def _history(context: ApiContext, request: ApiRequest) -> History:
    query = request.query(HistoryQuery)
    series = [(device, point) for device, _, point in (one.rpartition(".") for one in query.series)]
    start, end = _span(query, context, HOUR)
    return await context.require_history().history(
        SeriesRequest(series, start, end, query.points, context.hub.devices())
    )


def _span(query: SpanQuery, context: ApiContext, usual: float | None) -> tuple[float, float]:
    """From when until when: usually until now, since ``usual`` seconds before (None: since ever). Raises Trouble."""
    zone: tzinfo = context.zone
    end = moment(query.end, "end", zone) if query.end else context.wall()
    earliest = 0.0 if usual is None else max(0.0, end - usual)
    start = moment(query.start, "start", zone) if query.start else earliest
    if start >= end:
        raise ApiError(400, "api.empty_span")
    return start, end
