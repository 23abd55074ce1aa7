"""The API of the hub: HTTP and JSON, JSON lines for what goes on, a WebSocket for pages.

    api_house.py      GET  /api/hub, /api/devices …, /api/readings, /api/watch     the house now
                      POST /api/devices/ID/set, /api/devices/ID/do, /api/admit     wishes
    api_past.py       GET  /api/history, /api/energy, /api/today, /api/events      what was
    api_updates.py    GET  /api/updates, PUT, DELETE /api/updates/NAME             files for updates
    api_session.py    GET  /api/session, POST /api/login, /api/logout              who asks
    live.py           WS   /api/live                                               snapshots and changes
    openapi.py        GET  /api/openapi.json                                       all of this as a document

It sees the hub as a ``PublicHub`` alone. One table of rows makes the routes and the document. Errors are
application/problem+json with a sentence in ``detail``.
"""

import time
from collections.abc import Callable, Mapping
from functools import cache, partial
from typing import Any
from zoneinfo import ZoneInfo

import msgspec
from starlette.applications import Starlette
from starlette.exceptions import HTTPException
from starlette.requests import Request
from starlette.responses import Response
from starlette.routing import Route, WebSocketRoute

from unclouded.core.errors import CommandError, StoreError
from unclouded.core.model import PublicHub
from unclouded.web import api_devices, api_history, api_session, api_updates, openapi
from unclouded.web.live import LivePages
from unclouded.web.request import ApiError, ApiRequest, as_json, problem
from unclouded.web.routes import ApiContext, ApiRoute, HistorySource, UpdateFileSource
from unclouded.web.schemas import HubView, LoginBody, SessionView
from unclouded.web.words import say


class Api:
    """The routes over one House. ``about``: what GET /api/hub says; ``past`` None: the store is not to be asked.

    ``updates`` None: nobody keeps files for updates.
    """

    def __init__(
        self,
        hub: PublicHub,
        about: Callable[[], Mapping[str, object]],
        past: HistorySource | None = None,
        wall: Callable[[], float] = time.time,
        updates: UpdateFileSource | None = None,
    ) -> None:
        def view() -> HubView:
            return msgspec.convert(about(), HubView)

        self._rooms = ApiContext(hub, view, past, ZoneInfo(view().timezone), wall, updates)
        self.pages = LivePages(hub, view, wall)

    def app(self) -> Starlette:
        paths: dict[str, dict[str, ApiRoute]] = {}
        for row in ROWS:
            paths.setdefault(row.path, {})[row.method] = row
        routes = [Route(path, partial(_answer, rows, self._rooms), methods=[*rows]) for path, rows in paths.items()]
        app = Starlette(
            routes=[*routes, WebSocketRoute("/api/live", self.pages.serve)],
            exception_handlers={
                ApiError: _trouble,
                CommandError: _wrong_command,
                StoreError: _no_store,
                HTTPException: _no_route,
                Exception: _mistake,
            },
        )
        app.router.redirect_slashes = False
        return app


async def session(rooms: ApiContext, asked: ApiRequest) -> Response:
    return await api_session.session(asked.request)


async def login(rooms: ApiContext, asked: ApiRequest) -> Response:
    return await api_session.login(asked.request)


async def logout(rooms: ApiContext, asked: ApiRequest) -> Response:
    return await api_session.logout(asked.request)


async def openapi_json(rooms: ApiContext, asked: ApiRequest) -> Response:
    return as_json(document())


@cache
def document() -> Mapping[str, object]:
    """The OpenAPI document of all this."""
    return openapi.document(ROWS)


def as_text() -> str:
    """The document as docs/openapi.json keeps it."""
    return msgspec.json.format(msgspec.json.encode(document()), indent=1).decode() + "\n"


ROWS: tuple[ApiRoute, ...] = (
    *api_devices.ROWS,
    *api_history.ROWS,
    *api_updates.ROWS,
    ApiRoute(
        method="GET",
        path="/api/session",
        words="Who asks, and whether this hub wants a password.",
        handler=session,
        says=(SessionView,),
        free=True,
    ),
    ApiRoute(
        method="POST",
        path="/api/login",
        words="A password becomes a session: a cookie comes with the answer.",
        handler=login,
        says=(SessionView,),
        body=LoginBody,
        errors={401: "The password is wrong.", 429: "Too many wrong passwords; Retry-After says how long to wait."},
        free=True,
    ),
    ApiRoute(
        method="POST",
        path="/api/logout",
        words="The session ends, also for copies of its cookie.",
        handler=logout,
        says=(SessionView,),
        errors={503: "The hub could not keep this."},
        free=True,
    ),
    ApiRoute(
        method="GET",
        path="/api/openapi.json",
        words="This document.",
        handler=openapi_json,
        says=(Mapping[str, Any],),  # Any: JSON
    ),
)


async def _answer(rows: Mapping[str, ApiRoute], rooms: ApiContext, request: Request) -> Response:
    """``rows``: what may be done at this path, by method."""
    row, asked = rows["GET" if request.method == "HEAD" else request.method], ApiRequest(request)
    if row.method != "GET" and not row.free and asked.role == "read":
        raise ApiError(403, "api.read_only")
    if row.query is None:
        asked.no_query()
    return await row.handler(rooms, asked)


async def _trouble(request: Request, error: Exception) -> Response:
    assert isinstance(error, ApiError)
    return problem(error.status, str(error), error.id)


async def _wrong_command(request: Request, error: Exception) -> Response:
    return problem(422, str(error), title=say("api.wrong_wish"))


async def _no_store(request: Request, error: Exception) -> Response:
    return problem(503, str(error))


async def _no_route(request: Request, error: Exception) -> Response:
    assert isinstance(error, HTTPException)
    path = request.url.path[:80]
    if error.status_code == 405:
        allowed = (error.headers or {}).get("Allow", "")
        words = say("api.no_method", path=path, method=request.method, allowed=allowed)
        return problem(405, words, "api.no_method", error.headers)
    if error.status_code == 404:
        return problem(404, say("api.no_route", path=path), "api.no_route")
    return problem(error.status_code, error.detail, headers=error.headers)


async def _mistake(request: Request, error: Exception) -> Response:
    """The server logs what it was."""
    return problem(500, say("api.our_mistake"), "api.our_mistake")
