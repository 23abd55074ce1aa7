"""Sends requests to an ASGI application as a browser or a program would, without a socket."""

import asyncio
import json
from collections.abc import Mapping
from typing import Any

import msgspec
from starlette.types import ASGIApp, Message


class Answer(msgspec.Struct, frozen=True):
    """An answer. Header names are in lower case; repeated headers are included."""

    status: int
    headers: list[tuple[str, str]]
    body: bytes

    def __getitem__(self, name: str) -> str:
        return next((value for known, value in self.headers if known == name.lower()), "")

    @property
    def json(self) -> Any:  # Any: JSON
        return json.loads(self.body)


async def ask(
    app: ASGIApp,
    method: str,
    path: str,
    headers: Mapping[str, str] | None = None,
    body: object = None,
    *,
    client: str = "127.0.0.1",
    scheme: str = "http",
) -> Answer:
    """One request. ``body``: raw bytes, or a value to encode as JSON."""
    data = body if isinstance(body, bytes) else b"" if body is None else msgspec.json.encode(body)
    given = {"host": "localhost:8099", **{name.lower(): value for name, value in (headers or {}).items()}}
    if body is not None:
        given.setdefault("content-length", str(len(data)))
        given.setdefault("content-type", "application/json")
    path, _, query = path.partition("?")
    scope = {
        "type": "http",
        "asgi": {"version": "3.0", "spec_version": "2.3"},
        "http_version": "1.1",
        "method": method,
        "scheme": scheme,
        "path": path,
        "raw_path": path.encode(),
        "query_string": query.encode(),
        "root_path": "",
        "headers": [(name.encode(), value.encode("latin-1")) for name, value in given.items()],
        "client": (client, 50_000),
        "server": ("127.0.0.1", 8099),
    }
    sent: list[Message] = []
    waiting: list[Message] = [{"type": "http.request", "body": data, "more_body": False}]

    answered = asyncio.Event()

    async def receive() -> Message:
        if waiting:
            return waiting.pop()
        await answered.wait()  # the client stays connected until the answer is complete
        return {"type": "http.disconnect"}

    async def send(message: Message) -> None:
        sent.append(message)
        if message["type"] == "http.response.body" and not message.get("more_body"):
            answered.set()

    await app(scope, receive, send)
    start = next(one for one in sent if one["type"] == "http.response.start")
    return Answer(
        start["status"],
        [(name.decode().lower(), value.decode("latin-1")) for name, value in start["headers"]],
        b"".join(one.get("body", b"") for one in sent if one["type"] == "http.response.body"),
    )
