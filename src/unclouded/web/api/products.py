"""Routes for supported products: a search, and the facts of a device's product for a report."""

from typing import Annotated

import msgspec
from msgspec import Meta
from starlette.responses import Response

from unclouded.core.errors import StoreError
from unclouded.core.views.facts import ProductFacts, ProductsView
from unclouded.web.api.devices import NO_DEVICE
from unclouded.web.request import ApiRequest, as_json
from unclouded.web.routes import ApiContext, ApiRoute

NO_PRODUCTS = {503: "This hub has no list of products."}

PROBLEM_KINDS = ("scale", "unreadable")  # of events: what a wrong profile causes
PROBLEM_SPAN_S = 7 * 86_400.0  # s in which these are looked for
MOST_EVENTS, MOST_PROBLEMS = 500, 5


class ProductsQuery(msgspec.Struct, frozen=True):
    q: Annotated[str, Meta(max_length=200, description="Words that all must be in what is known of a product.")] = ""
    kind: Annotated[str, Meta(max_length=40, description="Only products of this kind.")] = ""
    limit: Annotated[int, Meta(ge=1, le=200, description="Maximum number of products; the best are returned.")] = 50


async def products(context: ApiContext, request: ApiRequest) -> Response:
    asked = request.query(ProductsQuery)
    return as_json(await context.require_products().find(asked.q, asked.kind, asked.limit))


async def device_product(context: ApiContext, request: ApiRequest) -> Response:
    one = request.device(context.hub)
    return as_json(await context.require_products().facts(one, await _problems(context, one.id)))


async def _problems(context: ApiContext, device: str) -> list[str]:
    """What the hub has found wrong with its values, newest first; nothing where the store cannot be read."""
    if context.history is None:
        return []
    now = context.wall()
    try:
        events = await context.history.events(device, now - PROBLEM_SPAN_S, now, MOST_EVENTS)
    except StoreError:
        return []
    texts = [event.words for event in events if event.kind in PROBLEM_KINDS]
    return list(dict.fromkeys(texts))[:MOST_PROBLEMS]


ROWS = (
    ApiRoute(
        method="GET",
        path="/api/products",
        summary="Search the supported products by maker, model, kind, id, Zigbee manufacturer or key of a point.",
        handler=products,
        returns=(ProductsView,),
        query=ProductsQuery,
        errors=NO_PRODUCTS,
    ),
    ApiRoute(
        method="GET",
        path="/api/devices/{device}/product",
        summary="The facts of the device's product for a report, without anything personal.",
        handler=device_product,
        returns=(ProductFacts,),
        errors={**NO_DEVICE, **NO_PRODUCTS},
    ),
)
