"""Questions of the fleet reach only what the home allows, by the caller's role, and never more than fits."""

import asyncio
import zlib
from collections.abc import Mapping
from typing import Any

import msgspec
import pytest
from starlette.types import Receive, Scope, Send

from unclouded.app.uplink import questions
from unclouded.app.uplink.questions import ALLOWED, FleetQuestions
from unclouded.uplink.messages import LARGEST, Question, Reply, encode_message
from unclouded.web.api.api import ROWS
from virtual_loop import story

# Whatever comes to the API must be put here, or into ALLOWED
NEVER = (
    ("/api/login", "/api/logout", "/api/session", "/api/people", "/api/backup", "/api/backups", "/api/data"),
    ("/api/configuration", "/api/export", "/api/homekit", "/api/setup", "/api/discover", "/api/admit"),
    ("/api/onboarding", "/api/updates", "/api/decode", "/api/openapi.json", "/api/watch", "/api/hub/qr.svg"),
    ("/api/rules/test", "/api/rules/values", "/api/uplink"),
)


class Asked:
    """An ASGI application that notes what it is asked."""

    def __init__(self, body: bytes = b"{}", status: int = 200) -> None:
        self.scopes: list[Scope] = []
        self.bodies: list[bytes] = []
        self.body, self.status = body, status

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        self.scopes.append(scope)
        self.bodies.append((await receive())["body"])
        headers = [(b"content-type", b"application/json")]
        await send({"type": "http.response.start", "status": self.status, "headers": headers})
        for place in range(0, len(self.body), 100_000):
            more = {"type": "http.response.body", "body": self.body[place : place + 100_000], "more_body": True}
            await send(more)
        await send({"type": "http.response.body", "body": b""})


async def ask(
    app: Asked,
    method: str,
    path: str,
    role: str = "owner",
    allowed: bool = True,
    control: bool = True,
    body: bytes = b"",
) -> Reply:
    question = Question(method, path, role, body)  # type: ignore[arg-type]
    return await FleetQuestions(app, allowed, control).answer(question)


def problem(reply: Reply) -> str:
    found: Mapping[str, Any] = msgspec.json.decode(reply.body)
    return str(found["detail"])


def test_each_route_of_the_api_is_either_allowed_or_never_reached() -> None:
    never = tuple(one for row in NEVER for one in row)
    for row in ROWS:
        template = "/".join("{}" if part.startswith("{") else part for part in row.path.split("/"))
        is_allowed = template in ALLOWED.get(row.method, ())
        is_never = any(template == one or template.startswith(f"{one}/") for one in never)
        assert not (is_allowed and is_never), row.path
        if not is_allowed and row.method == "GET":
            assert is_never or template in DETAILS, f"{row.path}: may the fleet ask for it?"
    known = {
        (row.method, "/".join("{}" if part.startswith("{") else part for part in row.path.split("/"))) for row in ROWS
    }
    assert {(method, one) for method, templates in ALLOWED.items() for one in templates} <= known


DETAILS = ("/api/devices/{}/wire", "/api/devices/{}/frames", "/api/devices/{}/log")  # of the wire: not of a fleet


@story
async def test_the_role_of_the_caller_and_what_the_home_allows_count() -> None:
    app = Asked()
    assert (await ask(app, "GET", "/api/devices?device=a%20b", "viewer")).status == 200
    assert (app.scopes[0]["unclouded.role"], app.scopes[0]["query_string"]) == ("read", b"device=a%20b")
    done = await ask(app, "POST", "/api/devices/lamp/set", "operator", body=b'{"value":true}')
    assert done.status == 200
    assert (app.scopes[1]["unclouded.role"], app.scopes[1]["unclouded.origin"]) == ("control", "fleet:operator")
    assert app.bodies[1] == b'{"value":true}'
    for method, path, role, control, words in (
        ("POST", "/api/devices/lamp/set", "viewer", True, "the role viewer"),
        ("POST", "/api/devices/lamp/do", "operator", True, "the role operator"),
        ("POST", "/api/devices/lamp/set", "owner", False, "to switch devices"),
        ("DELETE", "/api/devices/lamp", "owner", True, "is not open to a fleet"),
    ):
        refused = await ask(app, method, path, role, control=control)
        assert (refused.status, words in problem(refused)) == (403, True), problem(refused)
    assert (await ask(app, "GET", "/api/hub", allowed=False)).status == 403
    assert (await ask(app, "GET", "/api/hub", "owner", control=False)).status == 200
    assert [one["unclouded.role"] for one in app.scopes[2:]] == ["read"]


@pytest.mark.parametrize(
    "path",
    [
        "/api/people",
        "/api/devices/../people",
        "/api/devices/%2e%2e",
        "/api//devices",
        "/api/devices/a%2Fb%2Fc",
        "/api/devices/..%2Fpeople/product",
        "/api/backups/x.tar.gz",
        "/metrics",
        "api/devices",
        "http://other/api/devices/",
        "",
        "/api/devices\x00",
    ],
)
def test_no_way_of_writing_a_path_leads_elsewhere(path: str) -> None:
    app = Asked()
    reply = asyncio.run(ask(app, "GET", path))
    assert reply.status == 403
    assert not app.scopes


def test_what_is_too_large_is_refused_with_what_to_ask_for(monkeypatch: pytest.MonkeyPatch) -> None:
    small = asyncio.run(ask(Asked(b"x" * 200_000), "GET", "/api/history"))
    assert (small.packed, zlib.decompress(small.body)) == (True, b"x" * 200_000)
    monkeypatch.setattr(questions, "LARGEST", 100)
    refused = asyncio.run(ask(Asked(bytes(range(256)) * 10), "GET", "/api/history"))
    assert refused.status == 413
    assert "shorter range" in problem(refused)
    monkeypatch.setattr(questions, "LARGEST_UNPACKED", 150_000)
    assert asyncio.run(ask(Asked(b"x" * 200_000), "GET", "/api/history")).status == 413
    assert questions.LARGEST < LARGEST * 4
    encode_message(Reply(200, "application/json", bytes(900 * 1024), True))


@story
async def test_a_slow_answer_ends_in_time() -> None:
    async def slow(scope: Scope, receive: Receive, send: Send) -> None:
        await asyncio.sleep(1000)

    reply = await FleetQuestions(slow, True, True).answer(Question("GET", "/api/hub", "owner"))
    assert reply.status == 504
