"""Roles for reading and switching; a page of another site can do neither."""

import asyncio
from collections.abc import AsyncIterator, Awaitable, Callable
from pathlib import Path

import msgspec
import pytest
from starlette.applications import Starlette
from starlette.requests import Request
from starlette.responses import JSONResponse, Response, StreamingResponse
from starlette.routing import Route, WebSocketRoute
from starlette.types import Message, Scope
from starlette.websockets import WebSocket

from asgi import Answer, ask
from unclouded.web.access.auth import SESSION_ENDED, Auth
from unclouded.web.access.hosts import Hosts
from unclouded.web.access.login_throttle import PER_ADDRESS
from unclouded.web.access.password import Cost, CredentialStore, hashed, new_token
from unclouded.web.access.password_checks import MAX_WAITING_LOGINS
from unclouded.web.access.session_cookie import LIFETIME_S, RENEW_AFTER_S
from unclouded.web.api.session import login, logout, session
from unclouded.web.api_answers import MAX_BODY_BYTES

CHEAP = Cost(n=2, r=1, p=1)
PASSWORD, LOOKING = "kettle and tea", "only looking"
PAGE = {"Origin": "http://localhost:8099"}
SET = "/api/devices/kettle/set"


class LockedHub:
    """A kettle behind authentication, with a simulated clock."""

    def __init__(self, folder: Path, local_only: bool = True) -> None:
        self.switched: list[bool] = []
        self.now = 1_763_700_000.0
        self.credential_store = CredentialStore(folder / "state")
        self.more = asyncio.Event()
        routes = [
            Route("/api/session", session),
            Route("/api/login", login, methods=["POST"]),
            Route("/api/logout", logout, methods=["POST"]),
            Route("/api/devices", self._devices),
            Route("/api/watch", self._watch),
            Route(SET, self._set, methods=["POST"]),
            WebSocketRoute("/api/live", self._live),
            Route("/", lambda request: Response("the page")),
        ]
        hosts = Hosts(["attic.local"])
        self.app = Auth(
            Starlette(routes=routes), self.credential_store, hosts, local_only, lambda: self.now, lambda: self.now
        )

    def password(self, text: str = PASSWORD, role: str = "control") -> None:
        new = hashed(text, CHEAP)
        self.credential_store.change(lambda known: known.with_password("read" if role == "read" else "control", new))

    def token(self, role: str) -> dict[str, str]:
        text, token = new_token(f"for {role}", "read" if role == "read" else "control", 0)
        self.credential_store.change(lambda known: known.with_token(token))
        return {"Authorization": f"Bearer {text}"}

    async def log_in(self, text: str = PASSWORD, client: str = "192.168.1.5") -> Answer:
        return await ask(self.app, "POST", "/api/login", PAGE, {"password": text}, client=client)

    async def cookie(self, text: str = PASSWORD) -> dict[str, str]:
        """The cookie header of a browser after a login."""
        answer = await self.log_in(text)
        assert answer.status == 200, answer.body
        return {"Cookie": answer["set-cookie"].partition(";")[0]}

    async def look(self, headers: dict[str, str]) -> int:
        return (await ask(self.app, "GET", "/api/devices", headers)).status

    async def switch(self, headers: dict[str, str]) -> Answer:
        return await ask(self.app, "POST", SET, headers, {"value": True})

    async def _devices(self, request: Request) -> Response:
        return JSONResponse([request.scope["unclouded.role"]])

    async def _set(self, request: Request) -> Response:
        self.switched.append(msgspec.json.decode(await request.body())["value"])
        return JSONResponse({})

    async def _watch(self, request: Request) -> Response:
        async def lines() -> AsyncIterator[bytes]:
            yield b"1\n"
            await self.more.wait()
            yield b"2\n"
            await asyncio.sleep(60)

        return StreamingResponse(lines())

    async def _live(self, socket: WebSocket) -> None:
        await socket.accept()
        await socket.send_text("snapshot")
        await self.more.wait()
        await socket.send_text("changes")
        await socket.receive()


@pytest.fixture
def home(tmp_path: Path) -> LockedHub:
    """A hub that listens on a loopback address."""
    return LockedHub(tmp_path)


@pytest.fixture
def lan(tmp_path: Path) -> LockedHub:
    """A hub on the network, with a password."""
    hub = LockedHub(tmp_path, local_only=False)
    hub.password()
    return hub


# --- at home ----------------------------------------------------------------------------------------


async def test_on_this_computer_every_client_has_control_until_a_password_is_set(home: LockedHub) -> None:
    assert (await ask(home.app, "GET", "/api/session")).json == {"role": "control", "login": False}
    assert (await home.switch(PAGE)).status == 200 and home.switched == [True]
    home.password()
    assert (await ask(home.app, "GET", "/api/session")).json == {"role": None, "login": True}
    assert (await home.switch(PAGE)).status == 401


async def test_a_script_on_this_computer_may_switch(home: LockedHub) -> None:
    assert (await home.switch({})).status == 200


@pytest.mark.parametrize(
    "foreign",
    [
        {"Origin": "http://evil.example"},
        {"Origin": "null"},
        {"Origin": "http://localhost:3000"},
        {"Origin": "http://localhost:8099.evil.example"},
        {"Sec-Fetch-Site": "cross-site"},
        {"Sec-Fetch-Site": "same-site"},
    ],
)
async def test_a_page_of_another_site_cannot_switch_the_kettle(home: LockedHub, foreign: dict[str, str]) -> None:
    answer = await home.switch(foreign)
    assert answer.status == 403 and "another site" in answer.json["detail"] and not home.switched
    assert await home.look(foreign) == 403
    assert (await dial(home, foreign)).refused == 403


@pytest.mark.parametrize("kind", ["text/plain", "application/x-www-form-urlencoded", "multipart/form-data", ""])
async def test_a_form_cannot_switch_the_kettle(home: LockedHub, kind: str) -> None:
    answer = await ask(home.app, "POST", SET, {"Content-Type": kind}, b'{"value": true}')
    assert answer.status == 415 and not home.switched


async def test_a_foreign_host_name_is_refused(home: LockedHub) -> None:
    rebound = {"Host": "evil.example:8099", "Origin": "http://evil.example:8099"}
    for path in ("/", "/api/devices", "/api/session"):
        answer = await ask(home.app, "GET", path, rebound)
        assert answer.status == 421 and "[web] host" in answer.json["detail"]
    assert (await home.switch(rebound)).status == 421 and not home.switched
    assert (await dial(home, rebound)).refused == 421
    assert await home.look({"Host": "attic.local:8099"}) == 200


async def test_requests_through_a_proxy_do_not_count_as_local(home: LockedHub) -> None:
    for name in ("X-Forwarded-For", "Forwarded", "Via", "X-Real-IP", "X-Forwarded-Host"):
        assert await home.look({name: "203.0.113.7"}) == 401
    answer = await ask(home.app, "POST", "/api/login", {**PAGE, "X-Forwarded-For": "203.0.113.7"}, {"password": "x"})
    assert answer.status == 403 and "unclouded web password" in answer.json["detail"]


# --- with a password --------------------------------------------------------------------------------


async def test_without_a_session_only_the_page_itself_is_available(lan: LockedHub) -> None:
    answer = await ask(lan.app, "GET", "/api/devices")
    assert answer.status == 401 and answer["content-type"] == "application/problem+json"
    assert answer.json["id"] == "api.login" and answer["www-authenticate"] == "Bearer"
    assert (await dial(lan, PAGE)).refused == 401
    assert (await ask(lan.app, "GET", "/")).body == b"the page"


async def test_a_user_logs_in_reads_switches_and_logs_out(lan: LockedHub) -> None:
    cookie = await lan.cookie()
    assert (await ask(lan.app, "GET", "/api/session", cookie)).json == {"role": "control", "login": True}
    assert await lan.look(cookie) == 200
    assert (await lan.switch({**cookie, **PAGE})).status == 200
    gone = await ask(lan.app, "POST", "/api/logout", {**cookie, **PAGE})
    assert gone.json == {"role": None, "login": True} and "Max-Age=0" in gone["set-cookie"]
    assert await lan.look(cookie) == 401  # also with a copy of the cookie


async def test_the_read_password_cannot_switch(lan: LockedHub) -> None:
    lan.password(LOOKING, "read")
    cookie = await lan.cookie(LOOKING)
    assert (await ask(lan.app, "GET", "/api/devices", cookie)).json == ["read"]
    answer = await lan.switch({**cookie, **PAGE})
    assert answer.status == 403 and answer.json["id"] == "api.read_only" and not lan.switched


async def test_a_cookie_can_switch_only_with_the_origin_of_the_page(lan: LockedHub) -> None:
    cookie = await lan.cookie()
    assert (await lan.switch(cookie)).json["id"] == "api.no_origin"
    assert (await dial(lan, cookie)).refused == 403
    assert (await lan.switch({**cookie, "Sec-Fetch-Site": "same-origin"})).status == 200


async def test_a_copied_cookie_is_invalid_after_a_change_of_the_password(lan: LockedHub) -> None:
    cookie = await lan.cookie()
    lan.password("another one now")
    assert await lan.look(cookie) == 401


async def test_a_session_is_renewed_by_requests_and_expires_without(lan: LockedHub) -> None:
    cookie = await lan.cookie()
    lan.now += RENEW_AFTER_S - 1
    assert not (await ask(lan.app, "GET", "/api/devices", cookie))["set-cookie"]
    lan.now += 2
    renewed = (await ask(lan.app, "GET", "/api/devices", cookie))["set-cookie"].partition(";")[0]
    lan.now += LIFETIME_S - 10
    assert await lan.look(cookie) == 401
    assert await lan.look({"Cookie": renewed}) == 200


async def test_a_cookie_set_over_tls_is_secure(lan: LockedHub) -> None:
    origin = {"Origin": "https://localhost:8099"}
    answer = await ask(lan.app, "POST", "/api/login", origin, {"password": PASSWORD}, scheme="https")
    assert answer["set-cookie"].startswith("__Host-") and "; Secure" in answer["set-cookie"]
    assert (await ask(lan.app, "POST", "/api/login", PAGE, {"password": PASSWORD}, scheme="https")).status == 403


async def test_programs_use_tokens_with_a_role(lan: LockedHub) -> None:
    assert (await lan.switch(lan.token("control"))).status == 200
    reader = lan.token("read")
    assert await lan.look(reader) == 200 and (await lan.switch(reader)).status == 403
    lan.credential_store.change(lambda known: known.without_token("for read"))
    assert await lan.look(reader) == 401
    assert await lan.look({"Authorization": "Bearer "}) == 401
    assert await lan.look({"Authorization": "Basic YTpi"}) == 401


async def test_a_wrong_token_is_refused_also_on_this_computer(home: LockedHub) -> None:
    assert await home.look({"Authorization": "Bearer guess"}) == 401


async def test_api_answers_are_not_cached(lan: LockedHub) -> None:
    answer = await ask(lan.app, "GET", "/api/devices", await lan.cookie())
    assert answer["cache-control"] == "no-store" and answer["x-content-type-options"] == "nosniff"
    assert answer["cross-origin-resource-policy"] == "same-origin"


# --- guessing ---------------------------------------------------------------------------------------


async def test_a_throttled_client_must_wait_even_with_the_right_password(lan: LockedHub) -> None:
    for _ in range(PER_ADDRESS.free):
        wrong = await lan.log_in("guess", client="192.168.1.66")
        assert wrong.status == 401 and wrong.json["id"] == "api.wrong_password" and not wrong["set-cookie"]
    held = await lan.log_in(PASSWORD, client="192.168.1.66")
    assert held.status == 429 and held["retry-after"] == "1" and "1 s" in held.json["detail"]
    assert (await lan.log_in()).status == 200  # the owner, from elsewhere
    lan.now += 1
    assert (await lan.log_in(PASSWORD, client="192.168.1.66")).status == 200


async def test_parallel_logins_are_hashed_one_at_a_time_and_limited(lan: LockedHub) -> None:
    answers = await asyncio.gather(*(lan.log_in("guess", client=f"10.0.0.{n}") for n in range(30)))
    counts = [one.status for one in answers]
    assert counts.count(401) == MAX_WAITING_LOGINS and counts.count(429) == 30 - MAX_WAITING_LOGINS


@pytest.mark.parametrize(
    "body",
    [
        b"",
        b"{",
        b"[]",
        b'{"password": 1}',
        b'{"password": "a", "role": "control"}',
        b'{"password": "\xff"}',
        b'{"password": "%s"}' % (b"a" * 257),
    ],
)
async def test_a_malformed_login_is_answered_with_the_expected_body(lan: LockedHub, body: bytes) -> None:
    answer = await ask(lan.app, "POST", "/api/login", PAGE, body)
    assert answer.status == 422 and "password" in answer.json["detail"]


async def test_long_bodies_are_refused(lan: LockedHub) -> None:
    token = lan.token("control")
    for length in (str(MAX_BODY_BYTES + 1), "9" * 5_000, "-1", "x"):
        assert (await ask(lan.app, "POST", SET, {**token, "Content-Length": length}, b"")).status == 413
    chunked = {**token, "Transfer-Encoding": "chunked"}
    assert (await ask(lan.app, "POST", SET, chunked, b"{}")).status == 411


async def test_the_unix_socket_needs_no_login() -> None:
    routes = [Route("/api/session", session), Route("/api/login", login, methods=["POST"])]
    routes.append(Route("/api/logout", logout, methods=["POST"]))
    app = Starlette(routes=routes)
    for method, path in (("GET", "/api/session"), ("POST", "/api/login"), ("POST", "/api/logout")):
        answer = await ask(app, method, path, body={"password": "any"} if method == "POST" else None)
        assert answer.json == {"role": "control", "login": False} and not answer["set-cookie"]


# --- what stays open --------------------------------------------------------------------------------


class Call:
    """A WebSocket with the messages it received."""

    def __init__(self) -> None:
        self.got: asyncio.Queue[Message] = asyncio.Queue()
        self.from_page: asyncio.Queue[Message] = asyncio.Queue()
        self.task: asyncio.Task[None] | None = None
        self.refused = 0

    async def next(self) -> Message:
        return await asyncio.wait_for(self.got.get(), 30)


async def dial(hub: LockedHub, headers: dict[str, str]) -> Call:
    """Open /api/live with these headers."""
    call = Call()
    given = {"host": "localhost:8099", **{name.lower(): value for name, value in headers.items()}}
    scope = {
        "type": "websocket",
        "scheme": "ws",
        "path": "/api/live",
        "query_string": b"",
        "root_path": "",
        "headers": [(name.encode(), value.encode()) for name, value in given.items()],
        "client": ("192.168.1.5", 50_000),
        "extensions": {"websocket.http.response": {}},
        "subprotocols": [],
    }
    call.from_page.put_nowait({"type": "websocket.connect"})
    running: Awaitable[None] = hub.app(scope, call.from_page.get, call.got.put)
    call.task = asyncio.create_task(_until_closed(running), name="call")
    first = await call.next()
    call.refused = first.get("status", 0) if first["type"] == "websocket.http.response.start" else 0
    return call


async def _until_closed(running: Awaitable[None]) -> None:
    try:
        await running
    except Exception as error:
        assert "WebSocketDisconnect" in type(error).__name__, error


@pytest.mark.parametrize("end", ["logout", "password", "time"])
async def test_the_websocket_closes_when_its_session_ends(lan: LockedHub, end: str) -> None:
    cookie = await lan.cookie()
    call = await dial(lan, {**cookie, **PAGE})
    assert (await call.next())["text"] == "snapshot"
    ends: dict[str, Callable[[], Awaitable[object]]] = {
        "logout": lambda: ask(lan.app, "POST", "/api/logout", {**cookie, **PAGE}),
        "password": lambda: asyncio.to_thread(lan.password, "another one now"),
        "time": lambda: asyncio.to_thread(lambda: setattr(lan, "now", lan.now + LIFETIME_S)),
    }
    await ends[end]()
    lan.more.set()
    last = await call.next()
    assert last["type"] == "websocket.close" and last["code"] == SESSION_ENDED
    assert call.task is not None
    await asyncio.wait_for(call.task, 30)
    assert call.got.empty()


async def test_a_local_websocket_closes_when_a_password_is_set(home: LockedHub) -> None:
    call = await dial(home, PAGE)
    assert (await call.next())["text"] == "snapshot"
    home.password()
    home.more.set()
    assert (await call.next())["code"] == SESSION_ENDED


async def test_the_websocket_stays_open_during_the_session(lan: LockedHub) -> None:
    call = await dial(lan, {**await lan.cookie(), **PAGE})
    assert (await call.next())["text"] == "snapshot"
    lan.more.set()
    assert (await call.next())["text"] == "changes"
    call.from_page.put_nowait({"type": "websocket.disconnect", "code": 1000})
    assert call.task is not None
    await asyncio.wait_for(call.task, 30)


async def test_a_stream_ends_when_its_token_is_removed(lan: LockedHub) -> None:
    headers = lan.token("read")
    got: list[Message] = []
    done = asyncio.Event()

    async def send(message: Message) -> None:
        got.append(message)
        if message["type"] == "http.response.body":
            if message["body"] == b"1\n":
                lan.credential_store.change(lambda known: known.without_token("for read"))
                lan.more.set()
            if not message.get("more_body"):
                done.set()

    async def receive() -> Message:
        await done.wait()
        return {"type": "http.disconnect"}

    given = [(b"host", b"localhost"), (b"authorization", headers["Authorization"].encode())]
    scope: Scope = {"type": "http", "method": "GET", "scheme": "http", "path": "/api/watch", "query_string": b""}
    scope = {**scope, "root_path": "", "headers": given, "client": ("192.168.1.5", 1), "asgi": {"spec_version": "2.3"}}
    await asyncio.wait_for(lan.app(scope, receive, send), 30)
    assert [one["body"] for one in got if one["type"] == "http.response.body"] == [b"1\n", b""]
