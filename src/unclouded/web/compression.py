"""Answers of the API over TCP, compressed for who takes it: a history is a third as long on the wire.

    API ── start, one whole body ──► Squeezed ── gzip, 1 kB and more of JSON or CSV ──►
        ── start, lines as they come ───────────────── as they come ─────────────────►

What is streamed passes through untouched, and so does the WebSocket. A compressed length may tell what is in a body
to somebody who can choose a part of it (BREACH): nothing secret stands in these bodies, the answers of logins are not
among them (only what is read is compressed), and the guard refuses what other sites ask.
"""

import asyncio
import gzip

from starlette.datastructures import Headers, MutableHeaders
from starlette.types import ASGIApp, Message, Receive, Scope, Send

from unclouded.web.page import takes_gzip
from unclouded.web.routes import CSV, JSON

LEAST = 1024  # bytes; less fits in a packet anyway
LEVEL = 1  # 0.9 ms for 100 kB, to 37 %; level 6 takes 5 ms, to 30 %
LONG = 64 * 1024  # bytes; more is compressed in a thread, while the hub goes on


class Compression:
    """An ASGI application before another."""

    def __init__(self, app: ASGIApp) -> None:
        self._app = app

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        if scope["type"] == "http" and scope["method"] == "GET":
            send = _squeezing(send, takes_gzip(Headers(scope=scope).get("accept-encoding", "")))
        await self._app(scope, receive, send)


def _squeezing(send: Send, takes: bool) -> Send:
    """``send`` that keeps the start of an answer until it has seen whether the body comes in one piece."""
    start: Message | None = None

    async def squeezing(message: Message) -> None:
        nonlocal start
        if message["type"] == "http.response.start" and _may_be(Headers(raw=message["headers"])):
            start = message
            return
        if start is not None:
            if not message.get("more_body") and len(message.get("body", b"")) >= LEAST:
                message = await _squeezed(start, message, takes)
            await send(start)
            start = None
        await send(message)

    return squeezing


def _may_be(headers: Headers) -> bool:
    kind = headers.get("content-type", "").partition(";")[0]
    return kind in (JSON, CSV) and "content-encoding" not in headers


async def _squeezed(start: Message, message: Message, takes: bool) -> Message:
    """The body compressed, if the asker takes it; the headers say so."""
    headers = MutableHeaders(raw=start["headers"])
    headers.add_vary_header("Accept-Encoding")
    if not takes:
        return message
    body = message["body"]
    body = _compress(body) if len(body) < LONG else await asyncio.to_thread(_compress, body)
    headers["Content-Encoding"] = "gzip"
    headers["Content-Length"] = str(len(body))
    return {**message, "body": body}


def _compress(body: bytes) -> bytes:
    return gzip.compress(body, LEVEL, mtime=0)
