"""Authentication at its limits: who is asked for a password, whose cookie is renewed, which bodies are too long."""

import asyncio
from pathlib import Path
from typing import Any

import pytest
from starlette.applications import Starlette
from starlette.responses import PlainTextResponse, Response
from starlette.routing import Route
from starlette.types import Message, Receive, Scope, Send

from asgi import ask
from unclouded.core.errors import ConfigError
from unclouded.core.model import LARGEST_UPDATE
from unclouded.core.views.decoded import LARGEST_INPUT
from unclouded.web.access.auth import Auth
from unclouded.web.access.hosts import Hosts
from unclouded.web.access.password import CredentialStore
from unclouded.web.access.session_cookie import RENEW_AFTER_S
from unclouded.web.api_answers import MAX_BODY_BYTES
from web.test_auth import LOOKING, PAGE, PASSWORD, SET, LockedHub, dial

DAY_S = 24 * 3600
PROXIED = {"X-Forwarded-For": "10.0.0.1"}


@pytest.fixture
def lan(tmp_path: Path) -> LockedHub:
    hub = LockedHub(tmp_path, local_only=False)
    hub.password()
    return hub


@pytest.mark.parametrize("has_password", [False, True])
@pytest.mark.parametrize("local_only", [False, True])
@pytest.mark.parametrize("proxy", [{}, PROXIED])
async def test_only_a_local_client_of_a_hub_without_a_password_needs_no_login(
    tmp_path: Path, has_password: bool, local_only: bool, proxy: dict[str, str]
) -> None:
    hub = LockedHub(tmp_path, local_only)
    if has_password:
        hub.password()
    is_free = local_only and not has_password and not proxy
    answer = await ask(hub.app, "GET", "/api/session", proxy)
    assert answer.json == {"role": "control" if is_free else None, "login": not is_free}
    assert await hub.look(proxy) == (200 if is_free else 401)


@pytest.mark.parametrize(("local_only", "proxy", "beyond"), [(True, {}, 0), (True, PROXIED, 1), (False, {}, 1)])
async def test_what_comes_from_beyond_this_computer(
    tmp_path: Path, local_only: bool, proxy: dict[str, str], beyond: int
) -> None:
    seen: list[Any] = []

    async def inner(scope: Scope, receive: Receive, send: Send) -> None:
        seen.append(scope["unclouded.request"])
        await Response()(scope, receive, send)

    store = CredentialStore(tmp_path / "state")
    auth = Auth(inner, store, Hosts([]), local_only, lambda: 5.9, lambda: 5.9)
    await ask(auth, "GET", "/api/session", proxy)
    assert auth.is_beyond(seen[0]) == bool(beyond) and auth.now() == 5
    assert (seen[0].address, seen[0].secure, seen[0].proxied) == ("127.0.0.1", False, bool(proxy))


async def test_a_host_that_is_not_ours_is_shown_up_to_80_characters_in_the_language_of_the_client(
    home: LockedHub,
) -> None:
    answers = [
        await ask(home.app, "GET", "/", {"Host": "x" * 100, "Accept-Language": language}) for language in ("en", "de")
    ]
    assert [one.status for one in answers] == [421, 421]
    assert all("x" * 80 in one.json["detail"] and "x" * 81 not in one.json["detail"] for one in answers)
    assert answers[0].json["detail"] != answers[1].json["detail"]


@pytest.fixture
def home(tmp_path: Path) -> LockedHub:
    return LockedHub(tmp_path)


@pytest.mark.parametrize(("is_open", "status"), [(True, 200), (False, 401)])
async def test_metrics_may_be_open_but_not_to_pages_of_other_sites(tmp_path: Path, is_open: bool, status: int) -> None:
    app = Starlette(routes=[Route(path, lambda _: PlainTextResponse("1")) for path in ("/metrics", "/api/devices")])
    store = CredentialStore(tmp_path / "state")
    auth = Auth(app, store, Hosts([]), False, lambda: 5.0, lambda: 5.0, open_metrics=lambda: is_open)
    assert (await ask(auth, "GET", "/metrics")).status == status
    assert (await ask(auth, "GET", "/metrics", {"Origin": "http://evil.example"})).status == 403
    assert (await ask(auth, "GET", "/api/devices")).status == 401
    closed = Auth(app, store, Hosts([]), False, lambda: 5.0, lambda: 5.0)
    assert (await ask(closed, "GET", "/metrics")).status == 401


async def test_what_is_no_request_passes_through(home: LockedHub) -> None:
    seen: list[str] = []

    async def inner(scope: Scope, receive: Receive, send: Send) -> None:
        seen.append(scope["type"])

    async def receive() -> Message:
        return {"type": "lifespan.startup"}

    async def send(message: Message) -> None:
        pass

    auth = Auth(inner, home.credential_store, Hosts([]), True, lambda: 5.0, lambda: 5.0)
    await auth({"type": "lifespan"}, receive, send)
    assert seen == ["lifespan"]


async def test_a_token_is_read_however_its_kind_is_written(lan: LockedHub) -> None:
    token = lan.token("read")["Authorization"].removeprefix("Bearer ")
    for text, status in ((f"bearer {token}", 200), (f"BEARER  {token} ", 200), (f"Basic {token}", 401), (token, 401)):
        assert await lan.look({"Authorization": text}) == status
    refused = await ask(lan.app, "GET", "/api/devices")
    assert (refused.status, refused["www-authenticate"]) == (401, "Bearer")


@pytest.mark.parametrize(("age_s", "is_renewed"), [(RENEW_AFTER_S, False), (RENEW_AFTER_S + 1, True)])
async def test_a_cookie_is_renewed_once_it_is_older_than_a_day(lan: LockedHub, age_s: int, is_renewed: bool) -> None:
    assert RENEW_AFTER_S == DAY_S
    cookie = await lan.cookie()
    lan.now += age_s
    answer = await ask(lan.app, "GET", "/api/devices", cookie)
    assert bool(answer["set-cookie"]) == is_renewed
    assert len(lan.app.signed_in()) == 1
    if is_renewed:
        fresh = {"Cookie": answer["set-cookie"].partition(";")[0]}
        assert fresh != cookie and await lan.look(fresh) == 200
        out = await ask(lan.app, "POST", "/api/logout", {**cookie, **PAGE})
        assert [name for name, _ in out.headers].count("set-cookie") == 1
        assert await lan.look(fresh) == 401, "it is the same session"


async def test_a_cookie_without_an_origin_may_look_but_neither_change_nor_stay_connected(lan: LockedHub) -> None:
    cookie = await lan.cookie()
    assert await lan.look(cookie) == 200 and (await lan.switch(cookie)).status == 403
    assert (await dial(lan, cookie)).refused == 403
    token = lan.token("control")
    assert (await lan.switch(token)).status == 200
    call = await dial(lan, token)
    assert call.refused == 0 and call.task is not None
    call.task.cancel()


async def test_a_login_says_why_it_failed(lan: LockedHub, home: LockedHub) -> None:
    wrong = await lan.log_in("something else")
    assert (wrong.status, wrong.json["id"], wrong["www-authenticate"]) == (401, "api.wrong_password", "Bearer")


async def test_a_hub_without_a_password_has_no_login(tmp_path: Path) -> None:
    answer = await LockedHub(tmp_path, local_only=False).log_in("anything")
    assert (answer.status, answer.json["id"]) == (403, "api.no_password")


async def test_a_logout_that_cannot_be_stored_is_an_error(lan: LockedHub, monkeypatch: pytest.MonkeyPatch) -> None:
    cookie = await lan.cookie()

    def full(change: object) -> None:
        raise ConfigError("the disk is full")

    monkeypatch.setattr(lan.credential_store, "change", full)
    answer = await ask(lan.app, "POST", "/api/logout", {**cookie, **PAGE})
    assert (answer.status, answer.json["id"]) == (503, "api.not_saved") and "disk is full" in answer.json["detail"]
    assert (await ask(lan.app, "POST", "/api/logout", PAGE)).status == 200, "without a session nothing is stored"


@pytest.mark.parametrize(
    ("method", "path", "kind", "most"),
    [
        ("POST", SET, "application/json", MAX_BODY_BYTES),
        ("PUT", SET, "application/json", MAX_BODY_BYTES),
        ("PUT", "/api/updates/plug", "application/octet-stream", LARGEST_UPDATE),
        ("POST", "/api/updates/plug", "application/json", MAX_BODY_BYTES),
        ("DELETE", "/api/updates/plug", "application/json", MAX_BODY_BYTES),
        ("POST", "/api/decode", "application/octet-stream", LARGEST_INPUT),
        ("POST", "/api/decode/x", "application/octet-stream", LARGEST_INPUT),
        ("POST", "/api/decoder", "application/json", MAX_BODY_BYTES),
        ("PUT", "/api/decode", "application/octet-stream", MAX_BODY_BYTES),
    ],
)
async def test_how_long_a_body_may_be_and_of_which_kind(
    tmp_path: Path, method: str, path: str, kind: str, most: int
) -> None:
    async def inner(scope: Scope, receive: Receive, send: Send) -> None:
        await Response(status_code=204)(scope, receive, send)

    store = CredentialStore(tmp_path / "state")
    auth = Auth(inner, store, Hosts([]), True, lambda: 5.0, lambda: 5.0)
    for length, status in ((most, 204), (most + 1, 413)):
        headers = {"Content-Length": str(length), "Content-Type": kind}
        assert (await ask(auth, method, path, headers)).status == status
    other = {"Content-Length": "5", "Content-Type": "text/plain"}
    assert (await ask(auth, method, path, other)).status == (415 if method == "POST" else 204)


@pytest.mark.parametrize(
    ("method", "path", "status"),
    [
        ("POST", "/api/decode", 404),
        ("POST", "/api/decode/x", 404),
        ("PUT", "/api/decode", 403),
        ("POST", "/api/decoder", 403),
        ("POST", SET, 403),
        ("GET", "/api/devices", 200),
    ],
)
async def test_who_may_only_look_may_have_an_input_decoded(lan: LockedHub, method: str, path: str, status: int) -> None:
    headers = {**lan.token("read"), "Content-Type": "application/octet-stream"}
    assert (await ask(lan.app, method, path, headers)).status == status


async def test_what_stays_open_ends_with_the_next_message_after_the_session(lan: LockedHub) -> None:
    lan.password(LOOKING, "read")
    call = await dial(lan, {**await lan.cookie(LOOKING), **PAGE})
    assert (await call.next())["text"] == "snapshot"
    lan.password("another to look", "read")
    lan.more.set()
    ended = await call.next()
    assert (ended["type"], ended["code"]) == ("websocket.close", 4401) and ended["reason"]
    assert call.task is not None
    await asyncio.wait_for(call.task, 30)


async def test_an_answer_that_is_whole_is_sent_though_the_session_ended_meanwhile(lan: LockedHub) -> None:
    """Only what goes on is ended: the answer to the change of a password reaches who changed it."""

    async def inner(scope: Scope, receive: Receive, send: Send) -> None:
        lan.password("quite another one")
        await PlainTextResponse("changed")(scope, receive, send)

    cookie = await lan.cookie(PASSWORD)
    auth = Auth(inner, lan.credential_store, Hosts([]), False, lambda: lan.now, lambda: lan.now)
    answer = await ask(auth, "POST", "/api/password", {**cookie, **PAGE}, {})
    assert (answer.status, answer.body) == (200, b"changed")


async def test_a_close_of_the_hub_itself_is_sent_as_it_is(lan: LockedHub) -> None:
    async def inner(scope: Scope, receive: Receive, send: Send) -> None:
        await receive()
        await send({"type": "websocket.accept"})
        await asyncio.to_thread(lan.password, "quite another one")
        await send({"type": "websocket.close", "code": 1001})

    cookie = await lan.cookie()
    lan.app = Auth(inner, lan.credential_store, Hosts([]), False, lambda: lan.now, lambda: lan.now)
    call = await dial(lan, {**cookie, **PAGE})
    assert (await call.next())["code"] == 1001
