"""The web application of a fleet: access, API, stream of changes, enrolment, metrics, page, documentation.

browser, program ─► FleetAccess ─┬► /api/fleet/*         the routes of this package, answers compressed
                                 ├► /api/fleet/changes   the stream of a page
                                 ├► /api/enrol           homes that join (fleet/enrolment)
                                 ├► /metrics             with the token of metrics
                                 └► else                 the page (fleet.html), /docs/
"""

import re
from collections.abc import Callable, Mapping, Sequence
from functools import cache, partial
from typing import Any

from starlette.applications import Starlette
from starlette.requests import Request
from starlette.responses import Response
from starlette.routing import BaseRoute, Route, WebSocketRoute
from starlette.types import ASGIApp

from unclouded.core.errors import CommandError
from unclouded.fleet.api.access import FleetAccess
from unclouded.fleet.api.asking import AskedTooOften
from unclouded.fleet.api.changes import FleetStream
from unclouded.fleet.api.context import FleetContext, FleetRequest, FleetRoute
from unclouded.fleet.api.metrics import FleetMetrics, metrics_routes
from unclouded.fleet.api.routes import (
    commands,
    energy,
    events,
    export,
    history,
    homes,
    organisations,
    passing,
    persons,
    session,
)
from unclouded.fleet.api.views import FleetChanges, WatchBody
from unclouded.fleet.base.errors import BaseRefused, BaseUnavailable, NotInScope
from unclouded.web import openapi
from unclouded.web.access.hosts import Hosts
from unclouded.web.api_answers import ERROR_ANSWERS
from unclouded.web.compression import Compression
from unclouded.web.page import Page
from unclouded.web.request import as_json, problem
from unclouded.web.route_row import by_path
from unclouded.web.said import translated
from unclouded.web.words import say

PAGE_PATHS = re.compile(r"/(?:(?:energy|commands|events|settings)|homes/[A-Za-z0-9-]{1,40}(?:/[a-z]{1,20})?)?/?")
ENTRY = "fleet.html"

DOCUMENT = openapi.DocumentHead(
    title="Unclouded fleet",
    description="""The API of the server of many homes (`unclouded fleet serve`). Browsers use a session cookie,
programs a token (`unclouded fleet person token LOGIN`). Times as text are ISO 8601 in UTC, `at` in columns is in Unix
seconds.
Keys never change their meaning; new ones may be added.

What is of an organisation in which the caller has no role is answered with 404, as if it were not there; what their
role does not allow with 403.

`/api/fleet/changes` is a WebSocket: the page sends a `WatchBody` when other rows are on it, and gets
`FleetChanges`.""",
    types=(FleetChanges, WatchBody),
    every_error={421: "The Host header is not a name of this server.", 503: "The database does not answer."},
    forbidden="The role of the caller does not allow it, or the request came from a page of another site.",
)


def fleet_app(
    context: FleetContext,
    hosts: Hosts,
    enrolment: Sequence[BaseRoute] = (),
    metrics: FleetMetrics | None = None,
    metrics_token: str = "",
    proxied: bool = False,
    page: ASGIApp | None = None,
) -> ASGIApp:
    """Everything that the server of a fleet serves over HTTP. ``hosts``: its names.

    ``metrics_token`` "": metrics are not served here (metrics_app serves them on a socket of their own).
    ``proxied``: a proxy in front does TLS.
    """
    routes: list[BaseRoute] = [*api_routes(context), *enrolment]
    routes.append(WebSocketRoute("/api/fleet/changes", FleetStream(context).serve))
    if metrics is not None and metrics_token:
        routes += metrics_routes(metrics, metrics_token)
    app = Starlette(routes=routes, exception_handlers={**ERROR_ANSWERS, **ERRORS})
    app.router.redirect_slashes = False
    return FleetAccess(Compression(app), page or fleet_page(), context.base, hosts, context.wall, proxied)


def fleet_page() -> Page:
    """The built page of the fleet, and the documentation."""
    return Page(entry=ENTRY, paths=PAGE_PATHS)


def api_routes(context: FleetContext) -> list[BaseRoute]:
    """A route for each path of ROWS."""
    return [
        Route(path.replace("{path}", "{path:path}"), partial(_answer, rows, context), methods=[*rows])
        for path, rows in by_path(ROWS).items()
    ]


async def openapi_json(context: FleetContext, request: FleetRequest) -> Response:
    return as_json(document())


@cache
def document() -> Mapping[str, object]:
    """The OpenAPI document of this API."""
    return openapi.document(ROWS, DOCUMENT)


def as_text() -> str:
    """The document as docs/fleet_openapi.json keeps it."""
    return openapi.as_text(document())


ROWS: tuple[FleetRoute, ...] = (
    *homes.ROWS,
    *history.ROWS,
    *passing.ROWS,
    *energy.ROWS,
    *events.ROWS,
    *commands.ROWS,
    *organisations.ROWS,
    *persons.ROWS,
    *export.ROWS,
    *session.ROWS,
    FleetRoute(
        method="GET",
        path="/api/fleet/openapi.json",
        summary="This document.",
        handler=openapi_json,
        returns=(Mapping[str, Any],),  # Any: JSON
    ),
)


# --- inside -------------------------------------------------------------------------------------------


async def _answer(rows: Mapping[str, FleetRoute], context: FleetContext, http: Request) -> Response:
    """``rows``: the routes of this path, by method."""
    row = rows["GET" if http.method == "HEAD" else http.method]
    request = FleetRequest(http, http.scope.get("unclouded.session"))
    if not row.public:
        await request.find_subject(context, row.least)
    if row.query is None and not row.any_query:
        request.no_query()
    return await row.handler(context, request)


async def _not_in_scope(request: Request, error: Exception) -> Response:
    return problem(404, translated(str(error)))


async def _refused(request: Request, error: Exception) -> Response:
    return problem(422, translated(str(error)))


async def _unavailable(request: Request, error: Exception) -> Response:
    return problem(503, say("api.fleet.unavailable"), "api.fleet.unavailable", {"Retry-After": "5"})


async def _too_often(request: Request, error: Exception) -> Response:
    wait = {"Retry-After": str(error.wait_s)} if isinstance(error, AskedTooOften) else {}
    return problem(429, str(error), "api.fleet.asked_too_often", wait)


ERRORS: Mapping[Any, Callable[..., Any]] = {  # Any: as Starlette types them
    NotInScope: _not_in_scope,
    BaseRefused: _refused,
    BaseUnavailable: _unavailable,
    CommandError: _refused,
    AskedTooOften: _too_often,
}
