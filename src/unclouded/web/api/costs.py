"""Routes for money and carbon: tariffs, the price at a time, costs per device, bills, comparison of tariffs.

Tariffs are edited as items of `tariff` in the configuration.
"""

from typing import Annotated

import msgspec
from msgspec import Meta
from starlette.responses import Response

from unclouded.core.views.costs import (
    BillView,
    ComparisonView,
    CostNowView,
    CostPeriod,
    CostsView,
    PricesView,
    PriceView,
    TariffsView,
)
from unclouded.web.api.history import Moment, SpanQuery, asked_span
from unclouded.web.request import ApiError, ApiRequest, as_json, time_of
from unclouded.web.routes import ApiContext, ApiRoute

DAY = 86_400.0  # s
WEEK, LONGEST_PRICES_S = 7 * DAY, 32 * DAY
DEFAULT_SPAN_S = {"hour": DAY, "day": 31 * DAY, "week": 91 * DAY, "month": 366 * DAY, "billing": 366 * DAY}
NO_COSTS = {503: "This hub computes no costs, or the store cannot be read."}
NO_TARIFF = {422: "There is no such tariff, none is chosen in `[costs]`, or the request covers too much data."}

TariffName = Annotated[str, Meta(max_length=100, description="Default: the tariff that `[costs]` names.")]


class CostsQuery(SpanQuery, frozen=True, kw_only=True):
    by: Annotated[CostPeriod, Meta(description="Length of a period, in the hub's time zone.")] = "day"
    device: Annotated[list[str], Meta(description="Only these devices; may be given several times.")] = msgspec.field(
        default_factory=list
    )
    rooms: Annotated[bool, Meta(description="One row for each room instead of each device.")] = False
    tariff: TariffName = ""


class BillQuery(msgspec.Struct, frozen=True, kw_only=True):
    period: Annotated[
        str,
        Meta(
            max_length=24,
            description="2026-10: the billing period that begins in this month; 2026-10-05: that of this day; 2026: "
            "the year; 2026-10-01..2026-10-14: these days. Default: the last one that is over.",
        ),
    ] = ""
    tariff: TariffName = ""


class PriceQuery(msgspec.Struct, frozen=True, kw_only=True):
    at: Moment = ""
    tariff: TariffName = ""


class PricesQuery(SpanQuery, frozen=True, kw_only=True):
    tariff: TariffName = ""


class CompareQuery(SpanQuery, frozen=True, kw_only=True):
    tariff: Annotated[list[str], Meta(max_length=20, description="Which tariffs; default: all.")] = msgspec.field(
        default_factory=list
    )


async def tariffs(context: ApiContext, request: ApiRequest) -> Response:
    return as_json(context.require_costs().tariffs())


async def price(context: ApiContext, request: ApiRequest) -> Response:
    query = request.query(PriceQuery)
    at = time_of(query.at, "at", context.zone) if query.at else context.wall()
    return as_json(await context.require_costs().price(query.tariff, at))


async def prices(context: ApiContext, request: ApiRequest) -> Response:
    query = request.query(PricesQuery)
    start = time_of(query.start, "start", context.zone) if query.start else context.wall()
    end = time_of(query.end, "end", context.zone) if query.end else start + WEEK
    if not start < end <= start + LONGEST_PRICES_S:
        raise ApiError(400, "api.costs.prices_span")
    return as_json(await context.require_costs().prices(query.tariff, start, end))


async def compare_tariffs(context: ApiContext, request: ApiRequest) -> Response:
    query = request.query(CompareQuery)
    start, end = asked_span(query, context, 366 * DAY)
    return as_json(await context.require_costs().compare(query.tariff, start, end))


async def costs(context: ApiContext, request: ApiRequest) -> Response:
    query = request.query(CostsQuery)
    start, end = asked_span(query, context, DEFAULT_SPAN_S[query.by])
    source = context.require_costs()
    return as_json(await source.costs(query.tariff, query.by, start, end, query.device, query.rooms))


async def costs_now(context: ApiContext, request: ApiRequest) -> Response:
    return as_json(await context.require_costs().now(context.wall()))


async def bill(context: ApiContext, request: ApiRequest) -> Response:
    query = request.query(BillQuery)
    return as_json(await context.require_costs().bill(query.tariff, query.period, context.wall()))


ROWS = (
    ApiRoute(
        method="GET",
        path="/api/tariffs",
        summary="The tariffs of the configuration, and from which devices the energy of the home is computed.",
        handler=tariffs,
        returns=(TariffsView,),
        errors=NO_COSTS,
    ),
    ApiRoute(
        method="GET",
        path="/api/tariffs/price",
        summary="The price of a kWh at a time, and why. Default: now.",
        handler=price,
        returns=(PriceView,),
        query=PriceQuery,
        errors={**NO_COSTS, **NO_TARIFF},
    ),
    ApiRoute(
        method="GET",
        path="/api/tariffs/prices",
        summary="The prices of a time, also of one to come, in runs of equal prices. Default: seven days from now.",
        handler=prices,
        returns=(PricesView,),
        query=PricesQuery,
        errors={**NO_COSTS, **NO_TARIFF},
    ),
    ApiRoute(
        method="GET",
        path="/api/tariffs/compare",
        summary="What the energy of a time would have cost in several tariffs. Default: all, the last 366 days.",
        handler=compare_tariffs,
        returns=(ComparisonView,),
        query=CompareQuery,
        errors={**NO_COSTS, **NO_TARIFF},
    ),
    ApiRoute(
        method="GET",
        path="/api/costs",
        summary="Costs and CO₂ per device or room and period. Default: the last day, 31, 91 or 366 days.",
        handler=costs,
        returns=(CostsView,),
        query=CostsQuery,
        errors={**NO_COSTS, **NO_TARIFF},
    ),
    ApiRoute(
        method="GET",
        path="/api/costs/now",
        summary="The price now, and what the home and each device cost per hour at their present power.",
        handler=costs_now,
        returns=(CostNowView,),
        errors={**NO_COSTS, **NO_TARIFF},
    ),
    ApiRoute(
        method="GET",
        path="/api/bill",
        summary="The bill of a billing period. Its lines add up to its total.",
        handler=bill,
        returns=(BillView,),
        query=BillQuery,
        errors={**NO_COSTS, **NO_TARIFF},
    ),
)
