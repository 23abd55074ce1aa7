"""The API of the hub: HTTP and JSON, JSON lines for streams, a WebSocket for the page.

    devices.py        GET  /api/hub …, /api/devices …, /api/readings, /api/watch     current state
                      POST /api/devices/ID/set, /api/devices/ID/do, /api/admit     commands
                      DELETE /api/devices/ID                                       forget an admitted plug
    history.py        GET  /api/history…, /api/energy, /api/today, /api/events      stored values and events
    history_edits.py  GET, POST, DELETE /api/history/ID/edits                      what was marked as wrong or corrected
    updates.py        GET  /api/updates, PUT, DELETE /api/updates/NAME             update files
    setup.py          GET, POST, DELETE /api/setup, POST /api/discover             plugs that are set up
    homekit.py        GET  /api/homekit, /api/homekit/code.svg, DELETE … /pairings    the HomeKit bridge
    feeds.py          GET  /api/feeds …, PUT /api/feeds/FEED, POST … /fetch          prices and the like
    rules.py          GET  /api/rules, POST … /run, /pause, /test, /api/timers        schedules, rules, timers
    uplink.py         GET, POST, DELETE /api/uplink                                the hub in a fleet
    costs.py          GET  /api/costs …, /api/bill, /api/tariffs …                 money and carbon
    onboarding.py     GET  /api/onboarding, POST … /look, /offers, /test, /add     what may become a device
    configuration.py  GET  /api/configuration …, POST, PATCH, DELETE …                  the configuration, edited
    products.py       GET  /api/products, /api/devices/ID/product                  supported products; facts of one
    decoding.py       GET, POST /api/decode …                                      what people paste, decoded
    people.py         GET  /api/people, PUT /api/people/ROLE, POST …/sign-out      passwords and browsers
    backup.py         GET  /api/data, /api/retention, /api/backup                  what is stored, how long, as one file
    export.py         GET  /api/export                                             stored data as a file
    session.py        GET  /api/session, POST /api/login, /api/logout              login state
    live.py           WS   /api/live                                               snapshots and changes
    openapi.py        GET  /api/openapi.json                                       this API as a document

It uses the hub through the ``PublicHub`` protocol only. Routes and document are generated from one table. Errors are
application/problem+json with a sentence in ``detail``.
"""

import time
from collections.abc import Callable, Mapping
from functools import cache, partial
from http import HTTPStatus
from typing import Any

import msgspec
from starlette.applications import Starlette
from starlette.requests import Request
from starlette.responses import Response
from starlette.routing import Route, WebSocketRoute

from unclouded.core.errors import CommandError, ConfigError, EditConflict, StoreError
from unclouded.core.model import PublicHub
from unclouded.core.views.configuration import ConfigDifference
from unclouded.core.views.json_lines import encode
from unclouded.web import openapi
from unclouded.web.api import (
    backup,
    configuration,
    costs,
    decoding,
    devices,
    export,
    feeds,
    history,
    history_edits,
    homekit,
    onboarding,
    people,
    products,
    rules,
    setup,
    updates,
    uplink,
)
from unclouded.web.api import session as session_routes
from unclouded.web.api_answers import ERROR_ANSWERS
from unclouded.web.live import LivePages
from unclouded.web.metrics import PATH as METRICS
from unclouded.web.metrics import MetricsEndpoint, MetricsSource
from unclouded.web.request import ApiError, ApiRequest, as_json, problem
from unclouded.web.route_row import by_path
from unclouded.web.routes import (
    ApiContext,
    ApiRoute,
    BackupSource,
    ConfigurationSource,
    CostsSource,
    DecodeSource,
    ExportSource,
    FeedsSource,
    HistorySource,
    HomekitSource,
    LogLines,
    OnboardingSource,
    ProductLookup,
    RulesSource,
    SetupSource,
    UpdateFileSource,
    UplinkSource,
)
from unclouded.web.said import translated
from unclouded.web.schemas import ConflictProblem, HubView, Live, LoginBody, SessionView
from unclouded.web.words import say


class Api:
    """The routes over one hub. ``about``: the answer to GET /api/hub.

    What each of the others may be None for: ``ApiContext``. ``metrics`` None: the hub has no metrics.
    """

    def __init__(
        self,
        hub: PublicHub,
        about: Callable[[], Mapping[str, object]],
        history: HistorySource | None = None,
        wall: Callable[[], float] = time.time,
        updates: UpdateFileSource | None = None,
        plugs: SetupSource | None = None,
        products: ProductLookup | None = None,
        decoder: DecodeSource | None = None,
        log: LogLines | None = None,
        configuration: ConfigurationSource | None = None,
        onboarding: OnboardingSource | None = None,
        backup: BackupSource | None = None,
        exports: ExportSource | None = None,
        metrics: MetricsSource | None = None,
        rules: RulesSource | None = None,
        homekit: HomekitSource | None = None,
        costs: CostsSource | None = None,
        feeds: FeedsSource | None = None,
        uplink: UplinkSource | None = None,
    ) -> None:
        def view() -> HubView:
            return msgspec.convert(about(), HubView)

        self._context = ApiContext(
            hub,
            view,
            history,
            wall,
            updates,
            plugs,
            products,
            decoder,
            log=log,
            configuration=configuration,
            onboarding=onboarding,
            backup=backup,
            exports=exports,
            rules=rules,
            homekit=homekit,
            costs=costs,
            feeds=feeds,
            uplink=uplink,
        )
        self._metrics = MetricsEndpoint(metrics)
        self.pages = LivePages(hub, view, wall)

    def app(self) -> Starlette:
        """The routes as an application, with the page's live connection and the metrics."""
        routes = [
            Route(path.replace("{item}", "{item:path}"), partial(_answer, rows, self._context), methods=[*rows])
            for path, rows in by_path(ROWS).items()  # an item is found by its name, which may contain slashes
        ]
        app = Starlette(
            routes=[*routes, Route(METRICS, self._metrics.answer), WebSocketRoute("/api/live", self.pages.serve)],
            exception_handlers={
                **ERROR_ANSWERS,
                EditConflict: _conflict,
                CommandError: _invalid_command,
                ConfigError: _invalid_configuration,
                StoreError: _store_error,
            },
        )
        app.router.redirect_slashes = False
        return app


async def session(context: ApiContext, request: ApiRequest) -> Response:
    return await session_routes.session(request.http)


async def login(context: ApiContext, request: ApiRequest) -> Response:
    return await session_routes.login(request.http)


async def logout(context: ApiContext, request: ApiRequest) -> Response:
    return await session_routes.logout(request.http)


async def openapi_json(context: ApiContext, request: ApiRequest) -> Response:
    return as_json(document())


DOCUMENT = openapi.DocumentHead(
    title="Unclouded",
    description="""The API of an Unclouded hub. The Unix socket DATA/control needs no login; over TCP, browsers use a
session cookie and programs a token (`unclouded web token NAME`). Times as text are ISO 8601 in UTC, `at` in columns is
in Unix seconds. Keys never change their meaning; new ones may be added.

`/api/live` is a WebSocket; each of its messages is a `Live`: a snapshot first, then changes.""",
    types=(Live, ConflictProblem),
    every_error={421: "The Host header is not a name of this hub."},
    forbidden="This login is read-only, or the request came from a page of another site.",
    conflict=ConflictProblem,
)


@cache
def document() -> Mapping[str, object]:
    """The OpenAPI document of this API."""
    return openapi.document(ROWS, DOCUMENT)


def as_text() -> str:
    """The document as docs/openapi.json keeps it."""
    return openapi.as_text(document())


ROWS: tuple[ApiRoute, ...] = (
    *devices.ROWS,
    *history.ROWS,
    *history_edits.ROWS,
    *updates.ROWS,
    *setup.ROWS,
    *onboarding.ROWS,
    *homekit.ROWS,
    *rules.ROWS,
    *feeds.ROWS,
    *costs.ROWS,
    *products.ROWS,
    *configuration.ROWS,
    *decoding.ROWS,
    *people.ROWS,
    *backup.ROWS,
    *export.ROWS,
    *uplink.ROWS,
    ApiRoute(
        method="GET",
        path="/api/session",
        summary="The role of the caller, and whether this hub requires a password.",
        handler=session,
        returns=(SessionView,),
        public=True,
    ),
    ApiRoute(
        method="POST",
        path="/api/login",
        summary="Log in with a password; the answer sets a session cookie.",
        handler=login,
        returns=(SessionView,),
        body=LoginBody,
        errors={
            401: "The password is wrong.",
            429: "Too many wrong passwords; Retry-After contains the seconds to wait.",
        },
        public=True,
    ),
    ApiRoute(
        method="POST",
        path="/api/logout",
        summary="End the session, also for copies of its cookie.",
        handler=logout,
        returns=(SessionView,),
        errors={503: "The hub could not save this."},
        public=True,
    ),
    ApiRoute(
        method="GET",
        path="/api/openapi.json",
        summary="This document.",
        handler=openapi_json,
        returns=(Mapping[str, Any],),  # Any: JSON
    ),
)


async def _answer(rows: Mapping[str, ApiRoute], context: ApiContext, http: Request) -> Response:
    """``rows``: the routes of this path, by method."""
    row, request = rows["GET" if http.method == "HEAD" else http.method], ApiRequest(http)
    changes = row.method != "GET" and not row.public and not row.reads
    if (changes or row.control) and request.role == "read":
        raise ApiError(403, "api.read_only")
    if row.query is None:
        request.no_query()
    return await row.handler(context, request)


async def _invalid_command(request: Request, error: Exception) -> Response:
    return problem(422, translated(str(error)), title=say("api.invalid_command"))


async def _invalid_configuration(request: Request, error: Exception) -> Response:
    return problem(422, translated(str(error)), title=say("api.invalid_configuration"))


async def _conflict(request: Request, error: Exception) -> Response:
    assert isinstance(error, EditConflict)
    changed = msgspec.convert(error.changes, list[ConfigDifference])
    detail, title = translated(str(error)), HTTPStatus.CONFLICT.phrase
    body = ConflictProblem(title=title, status=409, detail=detail, revision=error.revision, changed=changed)
    return Response(encode(body), 409, media_type="application/problem+json")


async def _store_error(request: Request, error: Exception) -> Response:
    return problem(503, translated(str(error)))
