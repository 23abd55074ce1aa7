"""Authentication and authorisation for the page and the API on TCP. (The Unix socket is accessible to its owner only.)

    1  Host is a name of this hub                 else 421   protects against DNS rebinding
    2  /api/* and /metrics are not requested by another site    else 403   Origin, or Sec-Fetch-Site
    3  the client has a role                      else 401   token, session cookie, or: local only, no password set
                                                             /metrics may be open to clients without a role
    4  a client that changes something has "control"   else 403
    5  bodies are short JSON                      else 411, 413, 415   a file (PUT, or to be decoded) may be longer

Local only means: the hub listens on a loopback address and the request did not come through a proxy. A WebSocket or a
stream ends with its next message once its client has lost its role, after a logout or a change of the password (close
code 4401).

Texts of the API are in the language that the request accepts, English by default (words.py).

It sets in the scope: ``unclouded.role`` ("read" or "control") and ``unclouded.request`` (an AuthenticatedRequest).
"""

import asyncio
import logging
from collections.abc import Callable
from typing import TypeVar

import msgspec
from starlette.requests import HTTPConnection
from starlette.responses import Response
from starlette.types import ASGIApp, Message, Receive, Scope, Send

from unclouded.core.errors import ConfigError
from unclouded.core.model import LARGEST_UPDATE
from unclouded.core.views.decoded import LARGEST_INPUT
from unclouded.web.access import session_cookie
from unclouded.web.access.hosts import Hosts, request_origin
from unclouded.web.access.login_throttle import LoginThrottle
from unclouded.web.access.password import CredentialFile, CredentialStore
from unclouded.web.access.password_checks import PasswordChecks
from unclouded.web.access.session_cookie import SessionCookie
from unclouded.web.access.session_list import SeenSession, SessionList
from unclouded.web.api_answers import (
    BYTES_KIND,
    JSON_KIND,
    MAX_BODY_BYTES,
    PROXY_HEADERS,
    SAFE_METHODS,
    body_refusal,
    missing_headers,
    refusal,
)
from unclouded.web.metrics import PATH as METRICS
from unclouded.web.schemas import Role
from unclouded.web.words import answering_in, say

log = logging.getLogger("unclouded.web")
T = TypeVar("T")

PUBLIC_PATHS = ("/api/session", "/api/login", "/api/logout")  # need no role
UPDATES = "/api/updates/"  # uploads of update files
DECODE = "/api/decode"  # inputs that are decoded: POST changes nothing there
SESSION_ENDED = 4401  # close code of the WebSocket


class AuthenticatedRequest(msgspec.Struct, frozen=True):
    """One request with the role of its client. ``login``: whether the hub requires a password from this client.

    ``proxied``: it came through a proxy.
    """

    auth: "Auth"
    role: Role | None
    login: bool
    cookie: SessionCookie | None
    address: str
    secure: bool
    proxied: bool


class Auth:
    """An ASGI application in front of another. ``local_only``: the socket listens on a loopback address.

    ``wall``: Unix seconds, for sessions; ``clock``: monotonic seconds, for the login throttle. ``open_metrics``:
    whether everyone may read the metrics.
    """

    def __init__(
        self,
        app: ASGIApp,
        credential_store: CredentialStore,
        hosts: Hosts,
        local_only: bool,
        wall: Callable[[], float],
        clock: Callable[[], float],
        throttle: LoginThrottle | None = None,
        open_metrics: Callable[[], bool] = lambda: False,
    ) -> None:
        self.credential_store = credential_store
        self._app = app
        self._hosts = hosts
        self._local_only = local_only
        self._wall = wall
        self._checks = PasswordChecks(clock, throttle)
        self._open_metrics = open_metrics
        self.sessions = SessionList()

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        if scope["type"] not in ("http", "websocket"):
            await self._app(scope, receive, send)
            return
        connection = HTTPConnection(scope)
        with answering_in(connection.headers.get("accept-language", "")):
            await self._answer(connection, scope, receive, send)

    async def _answer(self, connection: HTTPConnection, scope: Scope, receive: Receive, send: Send) -> None:
        if not self._hosts.accepts(connection.headers.get("host", "")):
            shown = connection.headers.get("host", "")[:80]
            await refusal(421, "api.wrong_host", host=shown)(scope, receive, send)
        elif not scope["path"].startswith("/api/") and scope["path"] != METRICS:
            await self._app(scope, receive, send)
        else:
            await self._api(connection, scope, receive, send)

    async def _api(self, connection: HTTPConnection, scope: Scope, receive: Receive, send: Send) -> None:
        request = self.authenticate(connection)
        if request.cookie is not None:
            self.sessions.note(request.cookie, request.address, connection.headers.get("user-agent", ""), self._wall())
        refused = self._refusal(connection, request)
        if refused is not None:
            await refused(scope, receive, send)
            return
        scope["unclouded.request"] = request
        scope["unclouded.role"] = request.role
        await self._app(scope, receive, self._checked_send(connection, request, scope["type"], send))

    # --- authentication -------------------------------------------------------------------------

    def authenticate(self, connection: HTTPConnection) -> AuthenticatedRequest:
        """The request with the current role of its client."""
        credentials = self.credential_store.now()
        secure = connection.scope["scheme"] in ("https", "wss")
        proxied = any(name in connection.headers for name in PROXY_HEADERS)
        login = bool(credentials.passwords) or not self._local_only or proxied
        client = connection.client
        role, cookie = self._role(connection, credentials, secure, login)
        return AuthenticatedRequest(self, role, login, cookie, client.host if client else "", secure, proxied)

    def _role(
        self, connection: HTTPConnection, credentials: CredentialFile, secure: bool, login: bool
    ) -> tuple[Role | None, SessionCookie | None]:
        kind, _, shown = connection.headers.get("authorization", "").partition(" ")
        if kind.lower() == "bearer":
            token = credentials.token(shown.strip())
            return (token.role if token else None), None
        if not login:
            return "control", None
        value = connection.cookies.get(session_cookie.cookie_name(credentials, secure), "")
        cookie = session_cookie.read(value, credentials, int(self._wall()))
        return (cookie.role if cookie else None), cookie

    # --- authorisation --------------------------------------------------------------------------

    def _refusal(self, connection: HTTPConnection, request: AuthenticatedRequest) -> Response | None:
        scope = connection.scope
        changes = scope["type"] == "http" and scope["method"] not in SAFE_METHODS
        origin = request_origin(connection.headers, scope["scheme"])
        if origin == "other":
            return refusal(403, "api.other_site")
        if origin == "unknown" and request.cookie is not None and (changes or scope["type"] == "websocket"):
            return refusal(403, "api.no_origin")
        is_public = scope["path"] in PUBLIC_PATHS or (scope["path"] == METRICS and self._open_metrics())
        if not is_public:
            if request.role is None:
                return refusal(401, "api.login", {"WWW-Authenticate": "Bearer"})
            if changes and request.role != "control" and not _is_decoding(scope["method"], scope["path"]):
                return refusal(403, "api.read_only")
        if not changes:
            return None
        most, kind = _body_limits(scope["method"], scope["path"])
        return body_refusal(scope["method"], connection.headers, origin, most, kind)

    # --- open streams ---------------------------------------------------------------------------

    def _checked_send(self, connection: HTTPConnection, request: AuthenticatedRequest, kind: str, send: Send) -> Send:
        """``send`` for as long as the client keeps its role."""
        ended = False

        async def checked_send(message: Message) -> None:
            nonlocal ended
            if message["type"] == "http.response.start":
                message = {**message, "headers": [*message["headers"], *self._extra(message["headers"], request)]}
            elif message["type"] in ("websocket.send", "http.response.body") and not ended:
                ended = (
                    _is_ongoing(message, kind)
                    and request.role is not None
                    and self.authenticate(connection).role != request.role
                )
                if ended:
                    await send(_close_message(kind))
            if not ended:
                await send(message)
            elif kind == "websocket":
                raise ConnectionResetError("The session has ended.")  # as ASGI reports a closed connection

        return checked_send

    def _extra(self, given: list[tuple[bytes, bytes]], request: AuthenticatedRequest) -> list[tuple[bytes, bytes]]:
        """Headers of every API response; a session cookie older than a day is renewed."""
        names = {name.lower() for name, _ in given}
        extra = missing_headers(given)
        now = int(self._wall())
        if (
            request.cookie is not None
            and now - request.cookie.issued > session_cookie.RENEW_AFTER_S
            and b"set-cookie" not in names
        ):
            credentials = self.credential_store.now()
            fresh = session_cookie.issue(request.cookie.role, credentials, now, request.cookie.session)
            extra.append((b"set-cookie", session_cookie.set_cookie(fresh, credentials, now, request.secure).encode()))
        return extra

    def now(self) -> int:
        """The time, Unix seconds."""
        return int(self._wall())

    def is_beyond(self, request: AuthenticatedRequest) -> bool:
        """Whether the page can be opened from other computers, so that it needs a password."""
        return not self._local_only or request.proxied

    def signed_in(self) -> list[SeenSession]:
        """The browsers that are signed in and were here since the start."""
        return list(self.sessions.valid(self.credential_store.now(), self.now()))

    # --- login and logout -----------------------------------------------------------------------

    async def login(self, request: AuthenticatedRequest, password: str) -> Response | tuple[Role, str]:
        """The role of a password and the cookie to set, or the error response."""
        if not self.credential_store.now().passwords:
            return refusal(403, "api.no_password")
        role = await self.role_of_password(request, password)
        if isinstance(role, Response):
            return role
        if role is None:
            return refusal(401, "api.wrong_password", {"WWW-Authenticate": "Bearer"})
        return role, self.cookie_for(request, role)

    def cookie_for(self, request: AuthenticatedRequest, role: Role | None) -> str:
        """The cookie of a new session of this role, to be set; None: the browser deletes its cookie."""
        credentials, now = self.credential_store.now(), int(self._wall())
        session = None if role is None else session_cookie.issue(role, credentials, now)
        return session_cookie.set_cookie(session, credentials, now, request.secure)

    async def role_of_password(self, request: AuthenticatedRequest, password: str) -> Response | Role | None:
        """The role of a password, None = it is wrong; the error response to too many attempts."""
        refused = self._checks.begin(request.address)
        if refused is not None:
            return refused
        role = await self.hashing(lambda: self.credential_store.now().role_of_password(password))
        if role is None:
            log.warning("Web: wrong password from %s.", request.address)
        else:
            self._checks.succeeded(request.address)
        return role

    async def logout(self, request: AuthenticatedRequest) -> Response | str:
        """End the session, also for copies of its cookie. The cookie to set, or the error response."""
        now = int(self._wall())
        cookie = request.cookie
        if cookie is not None:
            until = now + session_cookie.LIFETIME_S
            try:
                await asyncio.to_thread(
                    self.credential_store.change, lambda known: known.with_ended(cookie.session, until, now)
                )
            except ConfigError as error:
                return refusal(503, "api.not_saved", why=error)
        return session_cookie.set_cookie(None, self.credential_store.now(), now, request.secure)

    async def hashing(self, work: Callable[[], T]) -> T:
        """Hash passwords, which takes time and memory: in a thread, one at a time."""
        return await self._checks.hashing(work)


def _body_limits(method: str, path: str) -> tuple[int, str]:
    """How long a body may be, and of what kind that of a POST is."""
    if _is_decoding(method, path):
        return LARGEST_INPUT, BYTES_KIND
    return LARGEST_UPDATE if method == "PUT" and path.startswith(UPDATES) else MAX_BODY_BYTES, JSON_KIND


def _is_decoding(method: str, path: str) -> bool:
    """Whether a request has an input decoded."""
    return method == "POST" and (path == DECODE or path.startswith(f"{DECODE}/"))


def _is_ongoing(message: Message, kind: str) -> bool:
    return kind == "websocket" or bool(message.get("more_body"))


def _close_message(kind: str) -> Message:
    if kind == "websocket":
        return {"type": "websocket.close", "code": SESSION_ENDED, "reason": say("api.session_ended")}
    return {"type": "http.response.body", "body": b"", "more_body": False}
