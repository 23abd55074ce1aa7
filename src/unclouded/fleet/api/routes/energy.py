"""Energy of many homes by day or month, as the homes computed it."""

from collections.abc import Mapping, Sequence
from typing import Annotated

import msgspec
from msgspec import Meta
from starlette.responses import Response

from unclouded.fleet.api.context import FleetContext, FleetRequest, FleetRoute, find_home
from unclouded.fleet.api.routes.queries import (
    Cursor,
    DaysQuery,
    Limit,
    day_periods,
    homes_of,
    month_periods,
)
from unclouded.fleet.api.shapes import base_filter, wh
from unclouded.fleet.api.views import MOST_HOMES, FleetEnergyRow, FleetEnergySum, FleetEnergyView
from unclouded.fleet.base.views import EnergyBy, HomeEnergyRow, HomeLine
from unclouded.web.request import ApiError, as_json

MOST_SUMMED = 20_000  # homes that a filter finds, for their total
MOST_VALUES = 200_000  # homes times periods of one answer
HomeName = Annotated[str, Meta(max_length=40)]
ONLY_HOMES = "Only these homes, in place of the filter; may be given several times."
EnergySpan = tuple[str, str, EnergyBy]  # first and last day, by what
USUAL_DAYS = {"day": 31, "month": 366}


class FleetEnergyQuery(DaysQuery, msgspec.Struct, frozen=True, kw_only=True):
    by: Annotated[EnergyBy, Meta(description="Length of a period, in the time zone of each home.")] = "day"
    home: Annotated[list[HomeName], Meta(max_length=MOST_HOMES, description=ONLY_HOMES)] = []
    after: Cursor = ""
    limit: Limit = 100


async def fleet_energy(context: FleetContext, request: FleetRequest) -> Response:
    query = request.query(FleetEnergyQuery)
    first, last = query.days(context, USUAL_DAYS[query.by])
    periods = day_periods(first, last) if query.by == "day" else month_periods(first, last)
    if len(periods) * (len(query.home) or query.limit) > MOST_VALUES:
        raise ApiError(422, "api.fleet.too_much", most=MOST_VALUES)
    lines, after = await _lines(context, request, query)
    scope = request.scope(query.org)
    span: EnergySpan = (first.isoformat(), last.isoformat(), query.by)
    total: Sequence[FleetEnergySum] = []
    if not query.after:
        total = _total(periods, await _sums(context, request, query, [one.hub for one in lines], span))
    rows = await context.base.energy.each(scope, [one.hub for one in lines], *span) if lines else []
    return as_json(
        FleetEnergyView(
            by=query.by,
            periods=list(periods),
            total=list(total),
            homes=_rows(periods, lines, rows),
            next=after or None,
        )
    )


# --- inside -------------------------------------------------------------------------------------------


async def _lines(
    context: FleetContext, request: FleetRequest, query: FleetEnergyQuery
) -> tuple[Sequence[HomeLine], str]:
    """The homes of this page, and what the next one begins after. Raises ApiError."""
    scope = request.scope(query.org)
    if query.home:
        found = await context.base.homes.rows(scope, query.home, context.wall())
        known = {one.hub: one for one in found}
        for id in query.home:
            if id not in known:
                await find_home(context, scope, id)  # raises
        return [known[id] for id in dict.fromkeys(query.home)], ""
    page = await context.base.homes.homes(scope, base_filter(query.filter), context.wall(), query.after, query.limit)
    return page.homes, page.after


async def _sums(
    context: FleetContext, request: FleetRequest, query: FleetEnergyQuery, named: Sequence[str], span: EnergySpan
) -> Sequence[HomeEnergyRow]:
    """Of the homes that are named, that the filter finds, or of all. Raises ApiError."""
    chosen = bool(query.home) or query.is_narrow
    hubs = named if query.home or not chosen else await homes_of(context, request, query.filter, MOST_SUMMED)
    if chosen and not hubs:
        return []
    return await context.base.energy.energy(request.scope(query.org), *span, hubs=hubs if chosen else ())


def _total(periods: Sequence[str], sums: Sequence[HomeEnergyRow]) -> list[FleetEnergySum]:
    found = {one.period: one for one in sums}
    return [_sum(found.get(period)) for period in periods]


def _sum(row: HomeEnergyRow | None) -> FleetEnergySum:
    if row is None:
        return FleetEnergySum(homes=0, import_Wh=None, export_Wh=None, solar_Wh=None)
    return FleetEnergySum(
        homes=row.homes, import_Wh=wh(row.import_mWh), export_Wh=wh(row.export_mWh), solar_Wh=wh(row.solar_mWh)
    )


def _rows(periods: Sequence[str], lines: Sequence[HomeLine], rows: Sequence[HomeEnergyRow]) -> list[FleetEnergyRow]:
    found: Mapping[tuple[str | None, str], HomeEnergyRow] = {(one.hub, one.period): one for one in rows}
    return [
        FleetEnergyRow(
            home=line.hub,
            name=line.name,
            import_Wh=[wh(one.import_mWh) if one else None for one in of_home],
            export_Wh=[wh(one.export_mWh) if one else None for one in of_home],
            solar_Wh=[wh(one.solar_mWh) if one else None for one in of_home],
        )
        for line in lines
        for of_home in ([found.get((line.hub, period)) for period in periods],)
    ]


ROWS = (
    FleetRoute(
        method="GET",
        path="/api/fleet/energy",
        summary="Energy of many homes by day or month, each and in total. Default: the last 31 days, or a year.",
        handler=fleet_energy,
        returns=(FleetEnergyView,),
        query=FleetEnergyQuery,
        errors={
            404: "There is no such organisation or home.",
            422: "The result would be too large; ``detail`` says why.",
        },
    ),
)
