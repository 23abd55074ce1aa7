"""Questions of the fleet: requests to the hub's own HTTP API, as far as the home allows it.

    down.HUB.question ─► allowed at all? ─► the caller's role, a list of paths ─► the API ─► at most 900 kB

Who may look at the page sees all of its devices: levels of devices are about what is sent by itself. People, passwords,
backups, the configuration, firmware and set-up are never reached from here. Source: docs/protocols/fleet.md §9
"""

import asyncio
import logging
import zlib
from collections.abc import Mapping
from urllib.parse import unquote, urlsplit

import msgspec
from starlette.types import ASGIApp, Message, Scope

from unclouded.core.text.printable import printable
from unclouded.uplink.messages import Question, Reply

log = logging.getLogger("unclouded.uplink")

TIMEOUT_S = 12.0  # the fleet waits for 15 s
MOST_AT_ONCE = 8
LARGEST = 900 * 1024  # bytes of an answer, compressed
LARGEST_UNPACKED = 16 * 1024 * 1024
LARGEST_QUESTION = 200 * 1024  # bytes of a body
LEAST_PACKED = 1024  # bytes; less is sent as it is
THREAD_BYTES = 64 * 1024  # more is compressed in a thread
LEVEL = 6
JSON = "application/json"
PROBLEM = "application/problem+json"

READS = (
    "/api/hub",
    "/api/devices",
    "/api/devices/{}",
    "/api/devices/{}/product",
    "/api/alerts",
    "/api/readings",
    "/api/history",
    "/api/history.csv",
    "/api/history/load",
    "/api/history/anomalies",
    "/api/history/checks",
    "/api/history/{}/edits",
    "/api/energy",
    "/api/today",
    "/api/events",
    "/api/rules",
    "/api/feeds",
    "/api/feeds/{}",
    "/api/tariffs",
    "/api/tariffs/price",
    "/api/tariffs/prices",
    "/api/tariffs/compare",
    "/api/costs",
    "/api/costs/now",
    "/api/bill",
    "/api/products",
    "/api/retention",
)
SWITCHES = (
    "/api/devices/{}/set",
    "/api/devices/{}/reconnect",
    "/api/rules/run",
    "/api/rules/pause",
    "/api/rules/resume",
    "/api/timers",
)
OWNER_SWITCHES = ("/api/devices/{}/do",)
ALLOWED: Mapping[str, tuple[str, ...]] = {
    "GET": READS,
    "POST": (*SWITCHES, *OWNER_SWITCHES),
    "DELETE": ("/api/timers",),
}


class FleetQuestions:
    """``app``: the API of the hub. ``allowed``: whether it answers at all; ``control``: whether it may switch."""

    def __init__(self, app: ASGIApp, allowed: bool, control: bool) -> None:
        self._app = app
        self._allowed = allowed
        self._control = control
        self._turns = asyncio.Semaphore(MOST_AT_ONCE)
        self.count = 0

    async def answer(self, question: Question) -> Reply:
        """Never raises."""
        if why := self._why_not(question):
            return _problem(403, why)
        self.count += 1
        try:
            async with asyncio.timeout(TIMEOUT_S), self._turns:
                return await self._asked(question)
        except TimeoutError:
            return _problem(504, f"This hub needs longer than {TIMEOUT_S:g} s for it. Ask for a shorter range.")
        except _TooLarge:
            return _too_large()

    # --- inside --------------------------------------------------------------------------------

    def _why_not(self, question: Question) -> str:
        if not self._allowed:
            return "This home does not allow the fleet to view its hub."
        path = unquote(urlsplit(question.path).path)
        if not any(_fits(one, path) for one in ALLOWED.get(question.method, ())):
            return f"{printable(question.method[:10])} {printable(path[:100])} is not open to a fleet."
        if question.method == "GET":
            return ""
        if not self._control:
            return "This home does not allow the fleet to switch devices."
        is_owners = any(_fits(one, path) for one in OWNER_SWITCHES)
        if question.role == "viewer" or (is_owners and question.role != "owner"):
            return f"With the role {question.role} this is not permitted."
        return ""

    async def _asked(self, question: Question) -> Reply:
        parts = urlsplit(question.path)
        role = "control" if self._control and question.role != "viewer" else "read"
        headers = [(b"host", b"fleet"), (b"content-type", (question.content_type or JSON).encode("latin-1", "replace"))]
        headers.append((b"content-length", str(len(question.body)).encode()))
        scope: Scope = {
            "type": "http",
            "asgi": {"version": "3.0"},
            "http_version": "1.1",
            "scheme": "http",
            "method": question.method,
            "path": unquote(parts.path),
            "raw_path": parts.path.encode("utf-8", "replace"),
            "query_string": parts.query.encode("utf-8", "replace"),
            "root_path": "",
            "headers": headers,
            "client": None,
            "server": None,
            "unclouded.role": role,
            "unclouded.origin": f"fleet:{question.role}",
        }
        answer = _Collected(question.body[:LARGEST_QUESTION])
        await self._app(scope, answer.receive, answer.send)
        return await _packed(answer)


class _TooLarge(Exception):
    """More than can be sent."""


class _Collected:
    """Collects the answer to one request."""

    def __init__(self, body: bytes) -> None:
        self._asked: bytes | None = body
        self.status = 500
        self.content_type = ""
        self.body = bytearray()

    async def receive(self) -> Message:
        if self._asked is None:
            await asyncio.Event().wait()  # the fleet never hangs up
        body, self._asked = self._asked, None
        return {"type": "http.request", "body": body or b"", "more_body": False}

    async def send(self, message: Message) -> None:
        if message["type"] == "http.response.start":
            self.status = message["status"]
            headers = dict(message["headers"])
            self.content_type = headers.get(b"content-type", b"").decode("latin-1")
        elif message["type"] == "http.response.body":
            self.body += message.get("body", b"")
            if len(self.body) > LARGEST_UNPACKED:
                raise _TooLarge


def _fits(template: str, path: str) -> bool:
    """Whether a path is of a template; {} stands for one part of it."""
    wanted, found = template.split("/"), path.split("/")
    return len(wanted) == len(found) and all(
        one == other or (one == "{}" and other not in ("", ".", "..")) for one, other in zip(wanted, found, strict=True)
    )


async def _packed(answer: _Collected) -> Reply:
    body = bytes(answer.body)
    is_packed = len(body) >= LEAST_PACKED
    if len(body) > THREAD_BYTES:
        body = await asyncio.to_thread(zlib.compress, body, LEVEL)
    elif is_packed:
        body = zlib.compress(body, LEVEL)
    if len(body) > LARGEST:
        return _too_large()
    return Reply(answer.status, answer.content_type, body, is_packed)


def _too_large() -> Reply:
    return _problem(413, "The answer is too large to be sent. Ask for a shorter range, fewer points or a longer step.")


def _problem(status: int, detail: str) -> Reply:
    return Reply(status, PROBLEM, msgspec.json.encode({"title": "", "status": status, "detail": detail}))
