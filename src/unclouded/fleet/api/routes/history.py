"""History, energy and events of one home: what the fleet has, or what the home itself answers."""

import asyncio
from collections import defaultdict
from datetime import UTC, datetime
from typing import Annotated
from urllib.parse import urlencode

import msgspec
from msgspec import Meta
from starlette.responses import Response

from unclouded.fleet.api.asking import ask_for
from unclouded.fleet.api.context import FleetContext, FleetRequest, FleetRoute
from unclouded.fleet.api.routes.homes import HOME, NO_HOME
from unclouded.fleet.api.routes.queries import Cursor, Kind, Limit, Moment
from unclouded.fleet.api.shapes import event_views, wh
from unclouded.fleet.api.views import FleetEventsView, HomeDay, HomeEnergyView, HomeHistory, Source
from unclouded.fleet.base.errors import NotInScope
from unclouded.fleet.base.reading.history import zone_of
from unclouded.fleet.base.views import Scope
from unclouded.web.request import ApiError, as_json, time_of
from unclouded.web.schemas import By, Energy, History

HOUR, DAY = 3600.0, 86_400.0
USUAL_S = {"quarter": DAY, "hour": DAY, "day": 31 * DAY, "week": 91 * DAY, "month": 366 * DAY}  # without a start
MOST_SERIES = 24
MOST_POINTS = 5_000
FINER = 1.5  # times as fine as what the fleet has, before a home is asked
ASKED = {
    409: "The home does not allow the fleet to ask it.",
    429: "This person asks the home too often; Retry-After contains the seconds to wait.",
    502: "The home's answer cannot be used.",
    504: "The home is not connected, or does not answer.",
}

SeriesName = Annotated[str, Meta(pattern=r"^[^.]+\.[^.]+$", max_length=200)]
FromWhom = Annotated[
    Source | None,
    Meta(
        description="Who answers: the fleet with what it has, or the hub. Without, the fleet if its steps are fine "
        "enough, else the hub, if it can be asked."
    ),
]


class HomeHistoryQuery(msgspec.Struct, frozen=True, kw_only=True):
    series: Annotated[
        list[SeriesName],
        Meta(min_length=1, max_length=MOST_SERIES, description="device.point; may be given several times."),
    ]
    start: Moment = ""
    end: Moment = ""
    points: Annotated[int, Meta(ge=1, le=MOST_POINTS, description="Maximum number of rows per series.")] = 600
    source: FromWhom = None


class HomeEnergyQuery(msgspec.Struct, frozen=True, kw_only=True):
    by: Annotated[By, Meta(description="Length of a period, in the home's time zone.")]
    start: Moment = ""
    end: Moment = ""
    device: Annotated[list[str], Meta(max_length=200, description="Only these devices.")] = []
    source: FromWhom = None


class HomeEventsQuery(msgspec.Struct, frozen=True, kw_only=True):
    kind: Kind = ""
    after: Cursor = ""
    limit: Limit = 100


async def home_history(context: FleetContext, request: FleetRequest) -> Response:
    query = request.query(HomeHistoryQuery)
    start, end = _span(context, query.start, query.end, HOUR)
    if query.source == "hub":
        return as_json(await _asked_history(context, request, query, start, end))
    known = await _known_history(context, request, query, start, end)
    wanted_s = max((end - start) / query.points, 1.0)
    if query.source is None and (known.step > wanted_s * FINER or not any(one.at for one in known.series)):
        try:
            return as_json(await _asked_history(context, request, query, start, end))
        except ApiError:
            pass  # what the fleet has is better than nothing
    return as_json(known)


async def home_energy(context: FleetContext, request: FleetRequest) -> Response:
    query = request.query(HomeEnergyQuery)
    start, end = _span(context, query.start, query.end, USUAL_S[query.by])
    days = await _days(context, request, query.by, start, end)
    found, by_whom = Energy(by=query.by, timezone="UTC", at=[start, end], rows=[]), ""
    if query.source != "fleet":
        given = [("by", query.by), ("start", str(start)), ("end", str(end)), *(("device", one) for one in query.device)]
        try:
            found = await ask_for(context, request, f"/api/energy?{urlencode(given)}", Energy)
            by_whom = request.home.hub
        except ApiError:
            if query.source == "hub":
                raise
    return as_json(
        HomeEnergyView(
            by=found.by,
            timezone=found.timezone,
            at=found.at,
            rows=found.rows,
            source="hub" if by_whom else "fleet",
            answered_by=by_whom,
            days=tuple(days),
        )
    )


async def home_events(context: FleetContext, request: FleetRequest) -> Response:
    query = request.query(HomeEventsQuery)
    scope, hub = Scope((request.organisation,)), request.home.hub
    rows, more = await context.base.history.events(scope, hub, query.kind, query.after, query.limit)
    return as_json(FleetEventsView(events=event_views(rows), next=more or None))


# --- inside -------------------------------------------------------------------------------------------


async def _known_history(
    context: FleetContext, request: FleetRequest, query: HomeHistoryQuery, start: float, end: float
) -> HomeHistory:
    points: dict[str, list[str]] = defaultdict(list)
    for name in query.series:
        device, _, point = name.partition(".")
        points[device].append(point)
    parts = await asyncio.gather(
        *(_known_part(context, request, device, wanted, start, end, query.points) for device, wanted in points.items())
    )
    found = {f"{one.device}.{one.point}": one for part in parts if part for one in part.series}
    return HomeHistory(
        start=start,
        end=end,
        step=max((part.step for part in parts if part), default=0.0),
        series=[found[name] for name in dict.fromkeys(query.series) if name in found],
        source="fleet",
    )


async def _known_part(
    context: FleetContext, request: FleetRequest, device: str, points: list[str], start: float, end: float, most: int
) -> History | None:
    """None: the fleet does not know the device. Raises BaseError."""
    try:
        return await context.base.history.history(request.scope(), request.home.hub, device, points, start, end, most)
    except NotInScope:
        return None


async def _asked_history(
    context: FleetContext, request: FleetRequest, query: HomeHistoryQuery, start: float, end: float
) -> HomeHistory:
    given = [*(("series", one) for one in query.series), ("start", start), ("end", end), ("points", query.points)]
    found = await ask_for(context, request, f"/api/history?{urlencode(given)}", History)
    return HomeHistory(
        start=found.start,
        end=found.end,
        step=found.step,
        series=found.series,
        source="hub",
        answered_by=request.home.hub,
    )


async def _days(context: FleetContext, request: FleetRequest, by: By, start: float, end: float) -> list[HomeDay]:
    """In the home's own time zone, as its days are."""
    zone = zone_of((await context.base.homes.catalogue(request.scope(), request.home.hub)).zone)
    from_day, to_day = (datetime.fromtimestamp(at, zone).date().isoformat() for at in (start, max(start, end - 1)))
    rows = await context.base.energy.each(
        request.scope(), [request.home.hub], from_day, to_day, "month" if by == "month" else "day"
    )
    return [
        HomeDay(
            date=one.period,
            import_Wh=wh(one.import_mWh),
            export_Wh=wh(one.export_mWh),
            solar_Wh=wh(one.solar_mWh),
            complete=one.complete,
        )
        for one in rows
    ]


def _span(context: FleetContext, start: str, end: str, usual_s: float) -> tuple[float, float]:
    last = time_of(end, "end", UTC) if end else context.wall()
    first = time_of(start, "start", UTC) if start else max(0.0, last - usual_s)
    if first >= last:
        raise ApiError(400, "api.empty_span")
    return first, last


ROWS = (
    FleetRoute(
        method="GET",
        path=f"{HOME}/history",
        summary="Series of a home in columns, as its own API gives them, and who answered.",
        handler=home_history,
        returns=(HomeHistory,),
        query=HomeHistoryQuery,
        errors={**NO_HOME, **ASKED, 422: "The range is too long."},
    ),
    FleetRoute(
        method="GET",
        path=f"{HOME}/energy",
        summary="Energy of a home by period: of its counters where it answers, and its days as the fleet has them.",
        handler=home_energy,
        returns=(HomeEnergyView,),
        query=HomeEnergyQuery,
        errors={**NO_HOME, **ASKED},
    ),
    FleetRoute(
        method="GET",
        path=f"{HOME}/events",
        summary="Events of a home, newest first.",
        handler=home_events,
        returns=(FleetEventsView,),
        query=HomeEventsQuery,
        errors=NO_HOME,
    ),
)
