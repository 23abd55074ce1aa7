"""Long answers over TCP are compressed if the client accepts gzip; streams are not."""

import asyncio
import contextlib
import gzip
import zlib
from collections.abc import AsyncIterator
from pathlib import Path

import pytest
from starlette.applications import Starlette
from starlette.requests import Request
from starlette.responses import Response, StreamingResponse
from starlette.routing import Route
from starlette.types import ASGIApp, Message

from api_story import FakeHub, about, watts
from asgi import ask
from unclouded.app.access.web_listener import WebListener
from unclouded.app.configuration.config import parse_config
from unclouded.web.api.api import Api
from unclouded.web.compression import MIN_BYTES, THREAD_BYTES, Compression
from unclouded.web.route_row import CSV, JSON, JSON_LINES

TAKES = {"Accept-Encoding": "gzip, deflate"}


def saying(body: bytes, media: str = JSON, status: int = 200) -> ASGIApp:
    async def answer(request: Request) -> Response:
        return Response(body, status, media_type=media)

    return Compression(Starlette(routes=[Route("/", answer, methods=["GET", "POST"])]))


@pytest.mark.parametrize("media", [JSON, CSV])
@pytest.mark.parametrize("length", [MIN_BYTES, THREAD_BYTES - 1, THREAD_BYTES, 10 * THREAD_BYTES])
async def test_a_long_answer_is_compressed_if_the_client_accepts_gzip(media: str, length: int) -> None:
    body = bytes(48 + n * n % 10 for n in range(length))
    answer = await ask(saying(body, media), "GET", "/", TAKES)
    assert answer["content-encoding"] == "gzip" and answer["vary"] == "Accept-Encoding"
    assert gzip.decompress(answer.body) == body and int(answer["content-length"]) == len(answer.body) < length / 2
    assert answer["content-type"].startswith(media)
    for headers in ({}, {"Accept-Encoding": "br, gzip;q=0"}):
        plain = await ask(saying(body, media), "GET", "/", headers)
        assert plain.body == body and not plain["content-encoding"] and plain["vary"] == "Accept-Encoding"
        assert int(plain["content-length"]) == length


async def test_short_answers_other_types_and_answers_to_post_are_not_compressed() -> None:
    long = b"0" * 2 * MIN_BYTES
    for app, method, body in (
        (saying(b"0" * (MIN_BYTES - 1)), "GET", b"0" * (MIN_BYTES - 1)),
        (saying(long, "application/problem+json", 422), "GET", long),
        (saying(long, "image/png"), "GET", long),
        (saying(long), "POST", long),
    ):
        answer = await ask(app, method, "/", TAKES)
        assert answer.body == body and not answer["content-encoding"]


@pytest.mark.parametrize("media", [JSON, JSON_LINES])
async def test_streams_are_passed_on_unchanged(media: str) -> None:
    sent: list[bytes] = []
    seen: list[int] = []

    async def pieces() -> AsyncIterator[bytes]:
        for piece in (b"a" * 2 * MIN_BYTES, b"b" * 2 * MIN_BYTES, b"c"):
            yield piece
            seen.append(len(sent))

    async def answer(request: Request) -> Response:
        return StreamingResponse(pieces(), media_type=media)

    async def listening(message: Message) -> None:
        if message.get("body"):
            sent.append(message["body"])

    async def receive() -> Message:
        await asyncio.Event().wait()
        return {}

    scope = {
        "type": "http", "asgi": {"version": "3.0", "spec_version": "2.4"}, "method": "GET", "path": "/",
        "query_string": b"", "headers": [(b"accept-encoding", b"gzip")],
    }  # fmt: skip
    await Compression(Starlette(routes=[Route("/", answer)]))(scope, receive, listening)
    assert seen == [1, 2, 3] and b"".join(sent).startswith(b"aaa")


async def test_over_tcp_answers_are_compressed_and_watch_lines_are_sent_at_once(tmp_path: Path) -> None:
    hub = FakeHub()
    hub.publish(watts(40.0))
    text = '[web]\nlisten = "127.0.0.1:0"\n'
    reception = WebListener(parse_config(text, str(tmp_path / "u.toml"), data=str(tmp_path / "data"), env={}))
    server = asyncio.create_task(reception.run(Api(hub, about).app()), name="web")
    reader, writer = await asyncio.open_connection(*reception.address)
    request = "GET /api/{} HTTP/1.1\r\nHost: localhost\r\nAccept-Encoding: gzip\r\n\r\n"
    writer.write(request.format("devices").encode())
    head = (await reader.readuntil(b"\r\n\r\n")).decode().lower()
    assert "content-encoding: gzip" in head and "cache-control: no-store" in head
    length = int(head.partition("content-length: ")[2].split()[0])
    assert b'"kettle"' in zlib.decompress(await reader.readexactly(length), 31)
    writer.write(request.format("watch?device=kettle").encode())
    head = (await reader.readuntil(b"\r\n\r\n")).decode().lower()
    assert "content-encoding" not in head
    await reader.readuntil(b'"value":40.0,"quality":"good","flags":[]}\n')
    for power in (41.0, 42.0):
        hub.publish(watts(power))
        await asyncio.wait_for(reader.readuntil(f'"value":{power},"quality":"good","flags":[]}}\n'.encode()), 30)
    writer.close()
    server.cancel()
    with contextlib.suppress(asyncio.CancelledError):
        await server
    reception.close()
