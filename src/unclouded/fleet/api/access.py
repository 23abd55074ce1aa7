"""Who may use the page and the API of a fleet. In front of everything that a fleet's server serves over HTTP.

    1  Host is a name of this server                        else 421   protects against DNS rebinding
    2  /api/* is not requested by another site              else 403   Origin, or Sec-Fetch-Site
    3  a change with a session cookie has an Origin         else 403
    4  bodies are short JSON                                else 411, 413, 415
    5  the client has a session or a token                  else 401   but for the routes that need none

What a person may do in which organisation is decided where the route is known (application.py), and once more by the
database (row-level security). It sets ``unclouded.session`` in the scope: a LoginSession, or None.
"""

from collections.abc import Callable

from starlette.requests import HTTPConnection
from starlette.responses import Response
from starlette.types import ASGIApp, Message, Receive, Scope, Send

from unclouded.fleet.api.passwords import session_digest
from unclouded.fleet.base.bases import FleetBases
from unclouded.fleet.base.errors import BaseError
from unclouded.fleet.base.views import LoginSession
from unclouded.web.access.hosts import Hosts, request_origin
from unclouded.web.api_answers import SAFE_METHODS, body_refusal, missing_headers, refusal
from unclouded.web.metrics import PATH as METRICS
from unclouded.web.words import answering_in

COOKIE = "unclouded-fleet"
LIFETIME_S = 30 * 24 * 3600  # of a session
LONGEST_SECRET = 200  # characters
PREFIX = "/api/"
PUBLIC = ("/api/fleet/session", "/api/fleet/login", "/api/fleet/logout")
OTHER_LOGIN = ("/api/enrol", METRICS)  # paths with keys of their own, and what is below them


class FleetAccess:
    """An ASGI application in front of API and page. ``wall``: Unix s. ``proxied``: a proxy in front does TLS."""

    def __init__(
        self,
        app: ASGIApp,
        page: ASGIApp,
        base: FleetBases,
        hosts: Hosts,
        wall: Callable[[], float],
        proxied: bool = False,
    ) -> None:
        self._app = app
        self._page = page
        self._base = base
        self._hosts = hosts
        self._wall = wall
        self._proxied = proxied

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        if scope["type"] not in ("http", "websocket"):
            await self._app(scope, receive, send)
            return
        connection = HTTPConnection(scope)
        with answering_in(connection.headers.get("accept-language", "")):
            await self._answer(connection, scope, receive, send)

    async def _answer(self, connection: HTTPConnection, scope: Scope, receive: Receive, send: Send) -> None:
        host = connection.headers.get("host", "")
        path = scope["path"]
        if not self._hosts.accepts(host):
            await refusal(421, "api.fleet.wrong_host", host=host[:80])(scope, receive, send)
        elif not path.startswith(PREFIX) and path != METRICS:
            await self._page(scope, receive, send)
        else:
            refused = await self._refusal(connection)
            await (refused or self._app)(scope, receive, _with_headers(send))

    async def _refusal(self, connection: HTTPConnection) -> Response | None:
        scope = connection.scope
        changes = scope["type"] == "http" and scope["method"] not in SAFE_METHODS
        scope["unclouded.secure"] = self._proxied or scope["scheme"] in ("https", "wss")
        origin = request_origin(connection.headers, scope["scheme"])
        secret, is_cookie = presented_secret(connection, scope["unclouded.secure"])
        if origin == "other":
            return refusal(403, "api.other_site")
        if origin == "unknown" and is_cookie and (changes or scope["type"] == "websocket"):
            return refusal(403, "api.fleet.no_origin")
        refused = body_refusal(scope["method"], connection.headers, origin) if changes else None
        if refused is not None or any(_is_below(scope["path"], one) for one in OTHER_LOGIN):
            return refused
        try:
            session = await open_session(self._base, secret, self._wall())
        except BaseError:
            return refusal(503, "api.fleet.unavailable", {"Retry-After": "5"})
        if session is None and scope["path"] not in PUBLIC:
            return refusal(401, "api.fleet.login", {"WWW-Authenticate": "Bearer"})
        scope["unclouded.session"] = session
        return None


def presented_secret(connection: HTTPConnection, secure: bool) -> tuple[str, bool]:
    """The token or the cookie of a client, "" = none, and whether it is a cookie."""
    kind, _, shown = connection.headers.get("authorization", "").partition(" ")
    if kind.lower() == "bearer":
        return shown.strip(), False
    value = connection.cookies.get(cookie_name(secure), "")
    return value, bool(value)


async def open_session(base: FleetBases, secret: str, now: float) -> LoginSession | None:
    """The session of a secret. Raises BaseError."""
    if not secret or len(secret) > LONGEST_SECRET:
        return None
    return await base.people.session(session_digest(secret), now)


def cookie_name(secure: bool) -> str:
    """Over TLS, browsers restrict it to this host and to TLS."""
    return f"__Host-{COOKIE}" if secure else COOKIE


def set_cookie(secret: str, secure: bool) -> str:
    """The value of a Set-Cookie header; "" = the browser deletes its cookie."""
    safe = "; Secure" if secure else ""
    age = LIFETIME_S if secret else 0
    return f"{cookie_name(secure)}={secret}; Max-Age={age}; Path=/; HttpOnly; SameSite=Strict{safe}"


def _is_below(path: str, place: str) -> bool:
    return path == place or path.startswith(f"{place}/")


def _with_headers(send: Send) -> Send:
    async def sending(message: Message) -> None:
        if message["type"] in ("http.response.start", "websocket.http.response.start"):
            message = {**message, "headers": [*message["headers"], *missing_headers(message["headers"])]}
        await send(message)

    return sending
