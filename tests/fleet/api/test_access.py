"""Who gets to the API of a fleet, each rule by itself: with sessions in memory."""

from typing import cast

import pytest
from starlette.responses import JSONResponse, PlainTextResponse
from starlette.types import Message, Receive, Scope, Send

from asgi import Answer, ask
from unclouded.fleet.api.access import LONGEST_SECRET, FleetAccess, cookie_name, set_cookie
from unclouded.fleet.api.passwords import session_digest
from unclouded.fleet.base.bases import FleetBases
from unclouded.fleet.base.errors import BaseUnavailable
from unclouded.fleet.base.views import LoginSession, PersonRow
from unclouded.web.access.hosts import Hosts

ANNA = PersonRow(number=1, login="anna", name="Anna", created=0.0, disabled=False, seen=None, roles=())
OWN = {"origin": "https://fleet.example"}
HOMES = "/api/fleet/homes"


class Sessions:
    """The secrets that are known, and when it was asked for one. ``is_away``: the database is."""

    def __init__(self) -> None:
        self.asked: list[float] = []
        self.secrets = ["secret"]
        self.is_away = False

    @property
    def people(self) -> "Sessions":
        return self

    async def session(self, digest: bytes, now: float) -> LoginSession | None:
        self.asked.append(now)
        if self.is_away:
            raise BaseUnavailable("away")
        known = digest in map(session_digest, self.secrets)
        session = LoginSession(digest=digest, person=ANNA, created=0.0, seen=0.0, expires=9e9, client="")
        return session if known else None


class Story:
    def __init__(self, proxied: bool = False) -> None:
        self.sessions = Sessions()
        self.seen: list[Scope] = []
        base = cast(FleetBases, self.sessions)  # what is asked of it is people.session
        page, hosts = PlainTextResponse("page"), Hosts(["fleet.example"])
        given = {"proxied": True} if proxied else {}
        self.app = FleetAccess(self._api, page, base, hosts, lambda: 5.0, **given)

    async def ask(self, method: str, path: str, scheme: str = "https", body: object = None, **headers: str) -> Answer:
        given = {"host": "fleet.example", **{name.replace("_", "-"): value for name, value in headers.items()}}
        return await ask(self.app, method, path, given, body, scheme=scheme)

    async def _api(self, scope: Scope, receive: Receive, send: Send) -> None:
        self.seen.append(scope)
        if scope["type"] == "http":
            await JSONResponse({"ok": True}, headers={"cache-control": "max-age=5"})(scope, receive, send)


COOKIE = {"cookie": "__Host-unclouded-fleet=secret"}
BEARER = {"authorization": "Bearer secret"}


# --- where it goes ------------------------------------------------------------------------------------


async def test_other_names_of_the_server_get_nothing() -> None:
    story = Story()
    for path in ("/", HOMES, "/metrics"):
        answer = await story.ask("GET", path, host=f"evil.example{'x' * 99}", **BEARER)
        assert (answer.status, answer.json["id"]) == (421, "api.fleet.wrong_host")
        assert f"evil.example{'x' * 68}" in answer.json["detail"] and "x" * 69 not in answer.json["detail"]
    assert story.seen == [] and story.sessions.asked == []


@pytest.mark.parametrize("path", ["/", "/homes/x", "/apis", "/metricsx"])
async def test_the_page_is_for_everyone(path: str) -> None:
    story = Story()
    answer = await story.ask("GET", path)
    assert (answer.status, answer.body, story.seen) == (200, b"page", [])


async def test_the_api_is_for_those_with_a_session() -> None:
    story = Story()
    for headers in ({}, {"authorization": "Bearer wrong"}, {"cookie": "unclouded-fleet=secret"}):
        answer = await story.ask("GET", HOMES, **headers)
        assert (answer.status, answer.json["id"]) == (401, "api.fleet.login")
        assert answer["www-authenticate"] == "Bearer" and answer["content-security-policy"].startswith(
            "default-src 'none'"
        )
    assert "Inicie" in (await story.ask("GET", HOMES, accept_language="es")).json["detail"]
    assert story.seen == []
    for headers in (COOKIE, BEARER, {"authorization": "bEARER  secret "}):
        answer = await story.ask("GET", HOMES, **headers)
        assert answer.status == 200 and story.seen[-1]["unclouded.session"].person == ANNA
        assert (answer["cache-control"], answer["x-content-type-options"]) == ("max-age=5", "nosniff")
    assert set(story.sessions.asked) == {5.0}


@pytest.mark.parametrize("path", ["/api/fleet/session", "/api/fleet/login", "/api/fleet/logout"])
async def test_signing_in_needs_no_session_and_one_that_is_there_is_known(path: str) -> None:
    story = Story()
    assert [(await story.ask("GET", path, **headers)).status for headers in ({}, BEARER)] == [200, 200]
    without, known = (one["unclouded.session"] for one in story.seen)
    assert without is None and known.person == ANNA
    assert (await story.ask("GET", f"{path}/x")).status == 401


@pytest.mark.parametrize("path", ["/api/enrol", "/api/enrol/leave", "/metrics"])
async def test_what_has_keys_of_its_own_asks_for_no_session(path: str) -> None:
    story = Story()
    assert (await story.ask("GET", path, **BEARER)).status == 200
    assert story.sessions.asked == []
    assert (await story.ask("GET", "/api/enrolx")).status == 401


async def test_a_database_that_is_away_is_no_wrong_session() -> None:
    story = Story()
    story.sessions.is_away = True
    answer = await story.ask("GET", HOMES, **BEARER)
    assert (answer.status, answer["retry-after"], answer.json["id"]) == (503, "5", "api.fleet.unavailable")
    assert (await story.ask("GET", HOMES)).status == 401, "without a secret it is not asked"


async def test_a_secret_has_200_characters_at_most() -> None:
    story = Story()
    story.sessions.secrets += ["x" * LONGEST_SECRET, "x" * (LONGEST_SECRET + 1)]
    assert (await story.ask("GET", HOMES, authorization=f"Bearer {'x' * 200}")).status == 200
    assert (await story.ask("GET", HOMES, authorization=f"Bearer {'x' * 201}")).status == 401
    assert len(story.sessions.asked) == 1


# --- requests of other sites --------------------------------------------------------------------------


@pytest.mark.parametrize(
    ("method", "headers", "status", "id"),
    [
        ("GET", {**COOKIE, "origin": "https://elsewhere.example"}, 403, "api.other_site"),
        ("GET", {**BEARER, "sec_fetch_site": "cross-site"}, 403, "api.other_site"),
        ("GET", {**COOKIE, "origin": "http://fleet.example"}, 403, "api.other_site"),
        ("POST", COOKIE, 403, "api.fleet.no_origin"),
        ("DELETE", COOKIE, 403, "api.fleet.no_origin"),
        ("GET", COOKIE, 200, ""),
        ("POST", BEARER, 200, ""),
        ("POST", {**COOKIE, **OWN}, 200, ""),
        ("POST", {**COOKIE, **OWN, "content_length": "70000"}, 413, "api.too_long"),
        ("POST", {**BEARER, "content_type": "text/plain"}, 415, "api.not_json"),
        ("GET", {**BEARER, "content_length": "70000"}, 200, ""),
    ],
)
async def test_changes_come_from_the_own_page_or_with_a_token(
    method: str, headers: dict[str, str], status: int, id: str
) -> None:
    story = Story()
    answer = await story.ask(method, HOMES, body={} if method == "POST" else None, **headers)
    assert (answer.status, answer.json.get("id", "")) == (status, id)
    assert len(story.seen) == (status == 200)


async def test_bodies_of_those_with_other_keys_are_bounded_too() -> None:
    story = Story()
    answer = await story.ask("POST", "/api/enrol", body={}, content_length="70000")
    assert (answer.status, story.seen) == (413, [])


async def test_a_web_socket_with_a_cookie_has_an_origin() -> None:
    sent: list[Message] = []

    async def send(message: Message) -> None:
        sent.append(message)

    async def receive() -> Message:
        return {"type": "websocket.connect"}

    story = Story()
    for extra, is_open in (({}, False), (OWN, True)):
        headers = {"host": "fleet.example", **COOKIE, **extra}
        scope = {
            "type": "websocket",
            "method": "GET",
            "scheme": "wss",
            "path": "/api/fleet/live",
            "headers": [(name.encode(), value.encode()) for name, value in headers.items()],
            "extensions": {"websocket.http.response": {}},
        }
        await story.app(scope, receive, send)
        assert bool(story.seen) == is_open
    assert sent[0]["status"] == 403 and (b"referrer-policy", b"no-referrer") in sent[0]["headers"]


async def test_what_is_no_request_passes() -> None:
    story = Story()

    async def nothing() -> Message:
        return {"type": "lifespan.startup"}

    async def send(message: Message) -> None: ...

    await story.app({"type": "lifespan"}, nothing, send)
    assert story.seen == [{"type": "lifespan"}]


# --- cookies ------------------------------------------------------------------------------------------


@pytest.mark.parametrize(
    ("scheme", "proxied", "secure"), [("http", False, False), ("https", False, True), ("http", True, True)]
)
async def test_the_cookie_of_a_connection_with_tls_is_another_one(scheme: str, proxied: bool, secure: bool) -> None:
    story = Story(proxied)
    for name, status in ((cookie_name(secure), 200), (cookie_name(not secure), 401)):
        assert (await story.ask("GET", HOMES, scheme, cookie=f"{name}=secret")).status == status
    assert story.seen[-1]["unclouded.secure"] is secure


def test_a_cookie_is_for_this_server_for_30_days_and_out_of_reach_of_scripts() -> None:
    rules = "Path=/; HttpOnly; SameSite=Strict"
    assert set_cookie("x", False) == f"unclouded-fleet=x; Max-Age=2592000; {rules}"
    assert set_cookie("x", True) == f"__Host-unclouded-fleet=x; Max-Age=2592000; {rules}; Secure"
    assert set_cookie("", True) == f"__Host-unclouded-fleet=; Max-Age=0; {rules}; Secure"
