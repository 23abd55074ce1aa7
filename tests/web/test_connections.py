"""Connections of the page: idle ones make room, slow ones end, and none is refused because others are silent."""

import asyncio
import contextlib
import socket
import ssl
from collections.abc import AsyncIterator, Callable
from pathlib import Path

import pytest
from hypothesis import given
from hypothesis import strategies as st
from starlette.applications import Starlette
from starlette.requests import Request
from starlette.responses import JSONResponse, Response, StreamingResponse
from starlette.routing import Route, WebSocketRoute
from starlette.types import ASGIApp
from starlette.websockets import WebSocket

from unclouded.web import server
from unclouded.web.access import connections
from unclouded.web.access.connections import ConnectionTable, Slot
from unclouded.web.server import serve, tcp_socket

GET = b"GET %s HTTP/1.1\r\nHost: localhost\r\n\r\n"
UPGRADE = (
    b"GET %s HTTP/1.1\r\nHost: localhost\r\nUpgrade: websocket\r\nConnection: Upgrade\r\n"
    b"Sec-WebSocket-Version: 13\r\nSec-WebSocket-Key: AAAAAAAAAAAAAAAAAAAAAA==\r\n\r\n"
)


# --- the table ----------------------------------------------------------------------------------------


def open_in(table: ConnectionTable, host: str, ended: list[Slot]) -> Slot | None:
    slot = table.open(host)
    if slot is not None:
        slot.abort = lambda: ended.append(slot)
    return slot


def test_the_connection_that_has_been_idle_for_the_longest_time_makes_room() -> None:
    ended: list[Slot] = []
    table = ConnectionTable(3, 3)
    first, second, third = (open_in(table, "127.0.0.1", ended) for _ in range(3))
    assert first is not None and second is not None and third is not None
    first.busy()
    second.busy()
    second.idle()
    assert open_in(table, "127.0.0.1", ended) is not None and ended == [third]
    assert open_in(table, "127.0.0.1", ended) is not None and ended == [third, second]
    assert len(table) == 3


def test_a_connection_is_refused_only_where_all_are_busy() -> None:
    ended: list[Slot] = []
    table = ConnectionTable(2, 2)
    first, second = (open_in(table, "192.0.2.1", ended) for _ in range(2))
    assert first is not None and second is not None
    first.busy()
    second.busy()
    assert open_in(table, "192.0.2.2", ended) is None
    first.close()
    first.close()
    assert len(table) == 1 and open_in(table, "192.0.2.2", ended) is not None and not ended


def test_an_address_has_a_limit_of_its_own_and_its_own_connections_make_room() -> None:
    ended: list[Slot] = []
    table = ConnectionTable(100, 2)
    other = open_in(table, "192.0.2.9", ended)
    mine = [open_in(table, "192.0.2.1", ended) for _ in range(5)]
    assert ended == mine[:3] and other not in ended and len(table) == 3
    for slot in mine[3:]:
        assert slot is not None
        slot.busy()
    assert open_in(table, "192.0.2.1", ended) is None and open_in(table, "192.0.2.2", ended) is not None


def test_a_network_of_ipv6_counts_as_one_address_and_a_proxy_on_this_computer_as_many() -> None:
    ended: list[Slot] = []
    table = ConnectionTable(50, 2)
    for number in range(5):
        open_in(table, f"2001:db8::{number:x}", ended)
    assert len(ended) == 3 and len(table) == 2
    for host in ("127.0.0.1", "::1", ""):
        for _ in range(5):
            open_in(table, host, ended)
    assert len(ended) == 3


@given(st.lists(st.tuples(st.sampled_from("oibc"), st.integers(0, 9)), max_size=80))
def test_in_any_order_of_events_the_limits_hold(events: list[tuple[str, int]]) -> None:
    table = ConnectionTable(6, 3)
    open_: list[tuple[int, Slot]] = []

    def end(slot: Slot) -> Callable[[], None]:
        return lambda: open_.remove(next(one for one in open_ if one[1] is slot))

    for event, number in events:
        if event == "o":
            slot = table.open(f"192.0.2.{number % 4}")
            if slot is not None:
                slot.abort = end(slot)
                open_.append((number % 4, slot))
        elif open_:
            address, slot = open_[number % len(open_)]
            {"i": slot.idle, "b": slot.busy, "c": slot.close}[event]()
            if event == "c":
                open_.remove((address, slot))
        assert len(table) == len(open_) <= 6
        assert all(sum(address == one for one, _ in open_) <= 3 for address in range(4))


# --- over real sockets --------------------------------------------------------------------------------


def api() -> Starlette:
    async def long(request: Request) -> Response:
        return Response(bytes(8_000_000))

    async def stream(request: Request) -> Response:
        async def lines() -> AsyncIterator[bytes]:
            while True:
                yield bytes(100_000)
                await asyncio.sleep(0)

        return StreamingResponse(lines())

    async def echo(request: Request) -> Response:
        return JSONResponse(len(await request.body()))

    async def live(socket: WebSocket) -> None:
        await socket.accept()
        with contextlib.suppress(Exception):
            while True:
                await socket.send_text("x" * 50_000)

    routes = [Route("/long", long), Route("/stream", stream), Route("/echo", echo, methods=["GET", "POST"])]
    return Starlette(routes=[*routes, WebSocketRoute("/live", live)])


@contextlib.asynccontextmanager
async def served(app: ASGIApp, tls: ssl.SSLContext | None = None) -> AsyncIterator[int]:
    """Its port."""
    with tcp_socket(("127.0.0.1", 0)) as sock:
        task = asyncio.create_task(serve(app, sock, tls), name="web")
        try:
            yield sock.getsockname()[1]
        finally:
            task.cancel()
            await asyncio.wait({task})


def set_timeouts(monkeypatch: pytest.MonkeyPatch, seconds: float) -> None:
    for name in ("HEAD_TIMEOUT_S", "BODY_TIMEOUT_S", "LINGER_S", "WRITE_TIMEOUT_S"):
        monkeypatch.setattr(connections, name, seconds)
    monkeypatch.setattr(server, "HANDSHAKE_TIMEOUT_S", seconds)


@pytest.fixture
def short(monkeypatch: pytest.MonkeyPatch) -> None:
    """Timeouts that a test can wait for."""
    set_timeouts(monkeypatch, 0.3)


@pytest.fixture
def rather_short(monkeypatch: pytest.MonkeyPatch) -> None:
    """Timeouts that a test can wait for, and that a client on a busy computer keeps."""
    set_timeouts(monkeypatch, 1.0)


async def until_closed(reader: asyncio.StreamReader) -> bytes:
    got = bytearray()
    async with asyncio.timeout(60):
        with contextlib.suppress(ConnectionError):
            while data := await reader.read(65_536):
                got += data
    return bytes(got)


@pytest.mark.parametrize("path", ["long", "stream", "live"])
async def test_an_answer_that_no_one_reads_ends(short: None, path: str) -> None:
    head = UPGRADE if path == "live" else GET
    async with served(api()) as port:
        with socket.create_connection(("127.0.0.1", port), 5) as client:
            client.sendall(head % f"/{path}".encode())
            async with asyncio.timeout(60):
                while _is_open(client):
                    await asyncio.sleep(0.05)


def _is_open(client: socket.socket) -> bool:
    """Whether the connection has not been reset; reads nothing."""
    return client.getsockopt(socket.SOL_SOCKET, socket.SO_ERROR) == 0


async def test_a_slow_reader_gets_the_whole_answer(rather_short: None) -> None:
    async with served(api()) as port:
        reader, writer = await asyncio.open_connection("127.0.0.1", port, limit=65_536)
        writer.write(GET % b"/long")
        got = 0
        async with asyncio.timeout(60):
            while got < 8_000_000:
                got += len(await reader.read(400_000))
                await asyncio.sleep(0.06)
        writer.close()


async def test_a_request_after_a_pause_is_answered_and_the_deadline_starts_anew(rather_short: None) -> None:
    async with served(api()) as port:
        reader, writer = await asyncio.open_connection("127.0.0.1", port)
        for _ in range(4):
            await asyncio.sleep(0.3)
            writer.write(GET % b"/echo")
            assert await asyncio.wait_for(reader.readuntil(b"\r\n\r\n0"), 30)
        assert await until_closed(reader) == b""
        writer.close()


async def test_a_long_body_has_more_time(short: None, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(connections, "MIN_BYTES_PER_S", 1_000)
    async with served(api()) as port:
        for length, complete in ((3_000, True), (10, False)):
            reader, writer = await asyncio.open_connection("127.0.0.1", port)
            writer.write(b"POST /echo HTTP/1.1\r\nHost: localhost\r\nContent-Length: %d\r\n\r\n" % length)
            for _ in range(8):
                writer.write(bytes(length // 10))
                await asyncio.sleep(0.1)
            writer.write(bytes(length - 8 * (length // 10)))
            assert (b" 200 " in await until_closed(reader)) is complete
            writer.close()


async def test_a_tls_handshake_that_does_not_come_ends(short: None, tmp_path: Path) -> None:
    from unclouded.app.access.web_listener import WebListener
    from unclouded.app.configuration.config import parse_config

    text = '[web]\nlisten = "127.0.0.1:0"\ntls = true\n'
    config = parse_config(text, str(tmp_path / "unclouded.toml"), data=str(tmp_path / "data"), env={})
    with contextlib.closing(WebListener(config)) as listener:
        task = asyncio.create_task(listener.run(api()), name="web")
        for sent in (b"", b"\x16\x03\x01", b"GET / HTTP/1.1\r\n\r\n"):
            reader, writer = await asyncio.open_connection(*listener.address)
            writer.write(sent)
            await until_closed(reader)
            writer.close()
        task.cancel()
        await asyncio.wait({task})


@pytest.mark.parametrize(
    "head", [GET % b"/echo", GET % b"/live", UPGRADE % b"/live", UPGRADE % b"/elsewhere", b"no HTTP\r\n\r\n"]
)
async def test_a_connection_that_has_ended_leaves_its_place(monkeypatch: pytest.MonkeyPatch, head: bytes) -> None:
    monkeypatch.setattr(server, "MAX_CONNECTIONS", (2, 4))
    async with served(api()) as port:
        for _ in range(6):
            reader, writer = await asyncio.open_connection("127.0.0.1", port)
            writer.write(head)
            assert await asyncio.wait_for(reader.readuntil(b"\r\n\r\n"), 30)
            writer.transport.abort()
            await asyncio.sleep(0.05)


@pytest.mark.parametrize("method", [b"GET", b"POST"])
@pytest.mark.parametrize("path", [b"/echo", b"/stream", b"/nothing"])
async def test_a_malformed_body_after_the_answer_ends_the_connection(
    caplog: pytest.LogCaptureFixture, method: bytes, path: bytes
) -> None:
    async with served(api()) as port:
        reader, writer = await asyncio.open_connection("127.0.0.1", port)
        head = b"%s %s HTTP/1.1\r\nHost: localhost\r\nTransfer-Encoding: chunked\r\n\r\n" % (method, path)
        writer.write(head)
        await asyncio.sleep(0.05)
        writer.write(b"no chunk\r\n")
        await until_closed(reader)
        writer.close()
    assert not [record for record in caplog.records if record.exc_info or record.levelname == "ERROR"]


@pytest.mark.parametrize("more", [b"X-A: b\r\n" * 200, b"X-A: " + b"b" * 10_000 + b"\r\n", b"Content-Length: 5\r\n"])
async def test_a_websocket_with_an_unusable_head_is_refused_at_once(more: bytes) -> None:
    async with served(api()) as port:
        reader, writer = await asyncio.open_connection("127.0.0.1", port)
        writer.write((UPGRADE % b"/live").replace(b"Upgrade: websocket", more + b"Upgrade: websocket"))
        assert (await until_closed(reader)).startswith(b"HTTP/1.1 400")
        writer.close()


async def test_a_full_server_refuses_a_connection_at_once_and_goes_on(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(server, "MAX_CONNECTIONS", (3, 4))
    async with served(api()) as port:
        streams = [await asyncio.open_connection("127.0.0.1", port) for _ in range(3)]
        for _, writer in streams:
            writer.write(GET % b"/stream")
        for reader, _ in streams:
            await reader.readuntil(b"\r\n\r\n")
        reader, writer = await asyncio.open_connection("127.0.0.1", port)
        assert await until_closed(reader) == b""
        writer.close()
        streams[0][1].transport.abort()
        await asyncio.sleep(0.1)
        reader, writer = await asyncio.open_connection("127.0.0.1", port)
        writer.write(GET % b"/echo")
        assert b" 200 " in await asyncio.wait_for(reader.readuntil(b"\r\n\r\n"), 30)
        for _, one in (*streams, (reader, writer)):
            one.transport.abort()
