"""Who may: stands before the page and the API on TCP. (The Unix socket has no guard: only its owner can open it.)

    1  the Host is a name of ours            else 421   a foreign name that resolves to us is an attack
    2  /api/* is not asked by another site   else 403   Origin, or Sec-Fetch-Site
    3  somebody with a role                  else 401   token, cookie, or: at home, with no password set
    4  who changes something has "control"   else 403
    5  bodies are short JSON                 else 411, 413, 415   a file for updates (PUT) may be longer

At home means: the hub listens to this computer alone and no proxy stands before it. What was opened stays open
only as long as its role does: a WebSocket or a stream ends with its next message after a logout or another
password (close code 4401).

It leaves in the scope: ``unclouded.role`` ("read" or "control") and ``unclouded.visit`` (a Visit).
"""

import asyncio
import logging
import math
import re
from collections.abc import Callable, MutableMapping
from http import HTTPStatus
from typing import Any

import msgspec
from starlette.datastructures import Headers
from starlette.requests import HTTPConnection
from starlette.responses import Response
from starlette.types import ASGIApp, Message, Receive, Scope, Send

from unclouded.core.errors import ConfigError
from unclouded.core.model import LARGEST_UPDATE
from unclouded.web import session_cookie as tickets
from unclouded.web.hosts import Asker, Hosts, asker
from unclouded.web.login_throttle import LoginThrottle
from unclouded.web.password import CredentialFile, CredentialStore
from unclouded.web.schemas import Problem, Role
from unclouded.web.session_cookie import SessionCookie
from unclouded.web.words import say

log = logging.getLogger("unclouded.web")

SAFE = ("GET", "HEAD", "OPTIONS")
OPEN = ("/api/session", "/api/login", "/api/logout")  # need no role
FORWARDED = ("x-forwarded-for", "x-forwarded-host", "x-real-ip", "forwarded", "via")  # a proxy stands before us
LONGEST_BODY = 64 * 1024  # bytes
UPDATES = "/api/updates/"  # files are put here
MOST_WAITING = 8  # logins that wait for their password to be hashed
SESSION_ENDED = 4401  # close code of the WebSocket


class AuthenticatedRequest(msgspec.Struct, frozen=True):
    """One request and who makes it. ``login``: whether this visitor would need a password at all."""

    guard: "Auth"
    role: Role | None
    login: bool
    ticket: SessionCookie | None
    address: str
    secure: bool


class Auth:
    """An ASGI application before another. ``at_home``: the socket hears this computer alone.

    ``wall``: Unix seconds, for sessions; ``clock``: monotonic seconds, for waiting.
    """

    def __init__(
        self,
        app: ASGIApp,
        keyring: CredentialStore,
        hosts: Hosts,
        at_home: bool,
        wall: Callable[[], float],
        clock: Callable[[], float],
        patience: LoginThrottle | None = None,
    ) -> None:
        self.keyring = keyring
        self._app = app
        self._hosts = hosts
        self._at_home = at_home
        self._wall = wall
        self._clock = clock
        self._patience = patience or LoginThrottle()
        self._hashing = asyncio.Lock()
        self._waiting = 0

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        if scope["type"] not in ("http", "websocket"):
            await self._app(scope, receive, send)
            return
        asked = HTTPConnection(scope)
        if not self._hosts.know(asked.headers.get("host", "")):
            shown = asked.headers.get("host", "")[:80]
            await refusal(421, "api.wrong_host", host=shown)(scope, receive, send)
        elif not scope["path"].startswith("/api/"):
            await self._app(scope, receive, send)
        else:
            await self._api(asked, scope, receive, send)

    async def _api(self, asked: HTTPConnection, scope: Scope, receive: Receive, send: Send) -> None:
        visit = self.visit(asked)
        refused = self._refused(asked, visit)
        if refused is not None:
            await refused(scope, receive, send)
            return
        scope["unclouded.visit"] = visit
        scope["unclouded.role"] = visit.role
        await self._app(scope, receive, self._watched(asked, visit, scope["type"], send))

    # --- who ------------------------------------------------------------------------------------

    def visit(self, asked: HTTPConnection) -> AuthenticatedRequest:
        """Who makes this request, as far as can be told now."""
        credentials = self.keyring.now()
        secure = asked.scope["scheme"] in ("https", "wss")
        login = bool(credentials.passwords) or not self._at_home or any(name in asked.headers for name in FORWARDED)
        client = asked.client
        role, ticket = self._role(asked, credentials, secure, login)
        return AuthenticatedRequest(self, role, login, ticket, client.host if client else "", secure)

    def _role(
        self, asked: HTTPConnection, credentials: CredentialFile, secure: bool, login: bool
    ) -> tuple[Role | None, SessionCookie | None]:
        kind, _, shown = asked.headers.get("authorization", "").partition(" ")
        if kind.lower() == "bearer":
            token = credentials.token(shown.strip())
            return (token.role if token else None), None
        if not login:
            return "control", None
        value = asked.cookies.get(tickets.cookie_name(credentials, secure), "")
        ticket = tickets.read(value, credentials, int(self._wall()))
        return (ticket.role if ticket else None), ticket

    # --- what may not be ------------------------------------------------------------------------

    def _refused(self, asked: HTTPConnection, visit: AuthenticatedRequest) -> Response | None:
        scope = asked.scope
        changes = scope["type"] == "http" and scope["method"] not in SAFE
        who = asker(asked.headers, scope["scheme"])
        if who == "other":
            return refusal(403, "api.other_site")
        if who == "unsaid" and visit.ticket is not None and (changes or scope["type"] == "websocket"):
            return refusal(403, "api.no_origin")
        if scope["path"] not in OPEN:
            if visit.role is None:
                return refusal(401, "api.login", {"WWW-Authenticate": "Bearer"})
            if changes and visit.role != "control":
                return refusal(403, "api.read_only")
        return _body_refused(scope["method"], scope["path"], asked.headers, who) if changes else None

    # --- what goes on ---------------------------------------------------------------------------

    def _watched(self, asked: HTTPConnection, visit: AuthenticatedRequest, kind: str, send: Send) -> Send:
        """``send`` for as long as the visitor keeps the role."""
        ended = False

        async def watched(message: Message) -> None:
            nonlocal ended
            if message["type"] == "http.response.start":
                message = {**message, "headers": [*message["headers"], *self._extra(message["headers"], visit)]}
            elif message["type"] in ("websocket.send", "http.response.body") and not ended:
                ended = _goes_on(message, kind) and visit.role is not None and self.visit(asked).role != visit.role
                if ended:
                    await send(_farewell(kind))
            if not ended:
                await send(message)
            elif kind == "websocket":
                raise ConnectionResetError("The session has ended.")  # what ASGI says of a peer that is gone

        return watched

    def _extra(self, given: list[tuple[bytes, bytes]], visit: AuthenticatedRequest) -> list[tuple[bytes, bytes]]:
        """Headers of every answer of the API; a session that is a day old gets its next cookie."""
        names = {name.lower() for name, _ in given}
        usual = [
            (b"x-content-type-options", b"nosniff"),
            (b"cross-origin-resource-policy", b"same-origin"),
            (b"referrer-policy", b"no-referrer"),
            (b"content-security-policy", b"default-src 'none'; frame-ancestors 'none'"),
            (b"cache-control", b"no-store"),
        ]
        extra = [(name, value) for name, value in usual if name not in names]
        now = int(self._wall())
        if visit.ticket is not None and now - visit.ticket.issued > tickets.RENEW_AFTER and b"set-cookie" not in names:
            credentials = self.keyring.now()
            fresh = tickets.issue(visit.ticket.role, credentials, now, visit.ticket.session)
            extra.append((b"set-cookie", tickets.cookie(fresh, credentials, now, visit.secure).encode()))
        return extra

    # --- coming and going -----------------------------------------------------------------------

    async def login(self, visit: AuthenticatedRequest, password: str) -> Response | tuple[Role, str]:
        """The role of a password and the cookie to set, or why not."""
        if not self.keyring.now().passwords:
            return refusal(403, "api.no_password")
        wait = self._patience.begin(visit.address, self._clock())
        if not wait and self._waiting >= MOST_WAITING:
            wait = 1.0
        if wait:
            seconds = math.ceil(wait)
            return refusal(429, "api.too_many_logins", {"Retry-After": str(seconds)}, seconds=seconds)
        role = await self._checked(password)
        if role is None:
            log.warning("The page: somebody at %s gave a wrong password.", visit.address)
            return refusal(401, "api.wrong_password", {"WWW-Authenticate": "Bearer"})
        self._patience.succeeded(visit.address)
        credentials, now = self.keyring.now(), int(self._wall())
        return role, tickets.cookie(tickets.issue(role, credentials, now), credentials, now, visit.secure)

    async def logout(self, visit: AuthenticatedRequest) -> Response | str:
        """End the visitor's session, also for those who have a copy of its cookie. The cookie to set, or why not."""
        now = int(self._wall())
        ticket = visit.ticket
        if ticket is not None:
            until = now + tickets.LIFE
            try:
                await asyncio.to_thread(self.keyring.change, lambda known: known.with_ended(ticket.session, until, now))
            except ConfigError as error:
                return refusal(503, "api.not_kept", why=error)
        return tickets.cookie(None, self.keyring.now(), now, visit.secure)

    async def _checked(self, password: str) -> Role | None:
        """Hashing takes a while and memory: in a thread, and one at a time."""
        self._waiting += 1
        try:
            async with self._hashing:
                return await asyncio.to_thread(self.keyring.now().role_of_password, password)
        finally:
            self._waiting -= 1


def refusal(status: int, id: str, headers: MutableMapping[str, str] | None = None, **parts: Any) -> Response:
    """An answer that says no in a sentence. Any: whatever the sentence shows."""
    problem = Problem(title=HTTPStatus(status).phrase, status=status, detail=say(id, **parts), id=id)
    extra = {"Cache-Control": "no-store", "X-Content-Type-Options": "nosniff", **(headers or {})}
    return Response(msgspec.json.encode(problem), status, extra, "application/problem+json")


def _body_refused(method: str, path: str, headers: Headers, who: Asker) -> Response | None:
    """A form of another site cannot send JSON without asking first; and nobody fills our memory.

    Forms POST, no more: a PUT or DELETE of another site's page never gets as far as its body.
    """
    most = LARGEST_UPDATE if method == "PUT" and path.startswith(UPDATES) else LONGEST_BODY
    if "transfer-encoding" in headers:
        return refusal(411, "api.no_length")
    length = headers.get("content-length", "0")
    if not re.fullmatch(r"[0-9]{1,9}", length) or int(length) > most:
        return refusal(413, "api.too_long", most=most)
    kind = headers.get("content-type", "").partition(";")[0].strip().lower()
    if method == "POST" and kind != "application/json" and (int(length) or who != "own"):
        return refusal(415, "api.not_json")
    return None


def _goes_on(message: Message, kind: str) -> bool:
    return kind == "websocket" or bool(message.get("more_body"))


def _farewell(kind: str) -> Message:
    if kind == "websocket":
        return {"type": "websocket.close", "code": SESSION_ENDED, "reason": say("api.session_ended")}
    return {"type": "http.response.body", "body": b"", "more_body": False}
