"""Routes for feeds: prices, carbon intensities and other values that change with time.

A feed is added, changed and removed as an item of `feed` in the configuration.
"""

from datetime import date, datetime, time, timedelta
from typing import Annotated

import msgspec
from msgspec import Meta
from msgspec.structs import replace
from starlette.responses import Response

from unclouded.core.errors import CommandError
from unclouded.core.views.feeds import FeedsView, FeedValuesView, FeedView
from unclouded.web.request import ApiRequest, as_json, time_of
from unclouded.web.routes import ApiContext, ApiRoute
from unclouded.web.said import translated

NO_FEEDS = {503: "This hub has no feeds, or the store cannot be read."}
NO_FEED = {422: "There is no such feed, or it cannot be done; `detail` says why."}
MOST_ROWS = 40_000

FeedNumber = Annotated[str, Meta(max_length=40)] | float | int
FeedTime = Annotated[str, Meta(max_length=40)] | float | int


class FeedRow(msgspec.Struct, frozen=True, forbid_unknown_fields=True):
    """``start``, ``end``: ISO 8601 or Unix seconds; ``end`` left out: with the next one. ``value``: a text is exact."""

    start: FeedTime
    value: FeedNumber
    end: FeedTime | None = None


class PutFeedBody(msgspec.Struct, forbid_unknown_fields=True):
    """Either ``intervals``, or one ``value`` that counts from now on, for ``valid_s`` (0: as long as the feed says)."""

    intervals: Annotated[tuple[FeedRow, ...], Meta(max_length=MOST_ROWS)] = ()
    value: FeedNumber | None = None
    valid_s: Annotated[int, Meta(ge=0, le=31 * 86_400)] = 0


class FetchFeedBody(msgspec.Struct, forbid_unknown_fields=True):
    """The first and the last day to fetch, as local dates: 2026-01-01."""

    start: date
    end: date


class FeedValuesQuery(msgspec.Struct, frozen=True):
    start: Annotated[str, Meta(description="ISO 8601 or Unix seconds. Default: the begin of today.")] = ""
    end: Annotated[str, Meta(description="ISO 8601 or Unix seconds. Default: the end of tomorrow.")] = ""


async def feeds(context: ApiContext, request: ApiRequest) -> Response:
    found = await context.require_feeds().view()
    return as_json(replace(found, feeds=tuple(replace(one, text=translated(one.text)) for one in found.feeds)))


async def values(context: ApiContext, request: ApiRequest) -> Response:
    query = request.query(FeedValuesQuery)
    today = datetime.fromtimestamp(context.wall(), context.zone).date()
    start, end = (datetime.combine(today + timedelta(days=one), time(), context.zone).timestamp() for one in (0, 2))
    found = await context.require_feeds().values(
        _feed(request),
        time_of(query.start, "start", context.zone) if query.start else start,
        time_of(query.end, "end", context.zone) if query.end else end,
    )
    return as_json(found)


async def put(context: ApiContext, request: ApiRequest) -> Response:
    body = await request.body(PutFeedBody)
    source = context.require_feeds()
    if (body.value is None) == (not body.intervals):
        raise CommandError("Give either `intervals`, or one `value`.")
    if body.value is not None:
        return as_json(await source.put_present(_feed(request), body.value, body.valid_s))
    return as_json(await source.put(_feed(request), [(one.start, one.end, one.value) for one in body.intervals]))


async def fetch(context: ApiContext, request: ApiRequest) -> Response:
    body = await request.body(FetchFeedBody)
    return as_json(await context.require_feeds().fetch(_feed(request), body.start, body.end))


def _feed(request: ApiRequest) -> str:
    return str(request.http.path_params["feed"])


ROWS = (
    ApiRoute(
        method="GET",
        path="/api/feeds",
        summary="The feeds, such as prices: their present values, states, and what is missing.",
        handler=feeds,
        returns=(FeedsView,),
        errors=NO_FEEDS,
    ),
    ApiRoute(
        method="GET",
        path="/api/feeds/{feed}",
        summary="The values of a feed within a range, and the gaps in it.",
        handler=values,
        returns=(FeedValuesView,),
        query=FeedValuesQuery,
        errors={**NO_FEEDS, **NO_FEED},
    ),
    ApiRoute(
        method="PUT",
        path="/api/feeds/{feed}",
        summary="Give values to a feed. They replace what is known of the same time.",
        handler=put,
        returns=(FeedView,),
        body=PutFeedBody,
        errors={**NO_FEEDS, **NO_FEED},
    ),
    ApiRoute(
        method="POST",
        path="/api/feeds/{feed}/fetch",
        summary="Begin to fetch days of the past, from a server whose address has placeholders of times.",
        handler=fetch,
        returns=(FeedView,),
        body=FetchFeedBody,
        errors={**NO_FEEDS, **NO_FEED},
    ),
)
