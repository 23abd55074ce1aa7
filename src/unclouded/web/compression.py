"""Compression of API responses over TCP: a history takes a third of the bytes.

    API ── complete body ──► Compression ── gzip, for JSON or CSV of 1 kB or more ──►
        ── stream ────────────────────────── unchanged ─────────────────────────────►

Streams and the WebSocket pass through unchanged. The compressed length of a body may disclose its content to an
attacker who controls a part of it (BREACH): these bodies contain no secrets, responses to logins are not compressed
(only GET is), and requests of other sites are refused before.
"""

import asyncio
import gzip

from starlette.datastructures import Headers, MutableHeaders
from starlette.types import ASGIApp, Message, Receive, Scope, Send

from unclouded.web.route_row import CSV, JSON
from unclouded.web.static_files import accepts_gzip

MIN_BYTES = 1024  # less fits into one packet
LEVEL = 1  # 0.9 ms for 100 kB, to 37 %; level 6 takes 5 ms, to 30 %
THREAD_BYTES = 64 * 1024  # more is compressed in a thread, so that the hub is not blocked


class Compression:
    """An ASGI application in front of another."""

    def __init__(self, app: ASGIApp) -> None:
        self._app = app

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        if scope["type"] == "http" and scope["method"] == "GET":
            send = _compressing(send, accepts_gzip(Headers(scope=scope).get("accept-encoding", "")))
        await self._app(scope, receive, send)


def _compressing(send: Send, accepted: bool) -> Send:
    """``send`` that holds back the start of a response until it is known whether the body is complete."""
    start: Message | None = None

    async def compressing(message: Message) -> None:
        nonlocal start
        if message["type"] == "http.response.start" and _is_compressible(Headers(raw=message["headers"])):
            start = message
            return
        if start is not None:
            if not message.get("more_body") and len(message.get("body", b"")) >= MIN_BYTES:
                message = await _compressed(start, message, accepted)
            await send(start)
            start = None
        await send(message)

    return compressing


def _is_compressible(headers: Headers) -> bool:
    kind = headers.get("content-type", "").partition(";")[0]
    return kind in (JSON, CSV) and "content-encoding" not in headers


async def _compressed(start: Message, message: Message, accepted: bool) -> Message:
    """The body, compressed if the client accepts gzip, and headers to match."""
    headers = MutableHeaders(raw=start["headers"])
    headers.add_vary_header("Accept-Encoding")
    if not accepted:
        return message
    body = message["body"]
    body = _compress(body) if len(body) < THREAD_BYTES else await asyncio.to_thread(_compress, body)
    headers["Content-Encoding"] = "gzip"
    headers["Content-Length"] = str(len(body))
    return {**message, "body": body}


def _compress(body: bytes) -> bytes:
    return gzip.compress(body, LEVEL, mtime=0)
