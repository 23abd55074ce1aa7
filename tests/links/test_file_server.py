"""A device fetches a file from the hub; no other device can."""

import asyncio
from collections.abc import AsyncIterator

import pytest

from links.recorder import TIMEOUT_S
from unclouded.links.http.file_server import CONNECTION_LIMIT, FileServer, OfferedFile, facing

FILE = bytes(range(256)) * 400  # longer than one piece


@pytest.fixture
async def server() -> AsyncIterator[FileServer]:
    yield FileServer()


async def fetch(offer: OfferedFile, head: bytes = b"", path: str | None = None, method: bytes = b"GET") -> bytes:
    """All bytes of the reply; b"" where the connection is reset."""
    host, port = offer.url.removeprefix("http://").split("/")[0].split(":")
    reader, writer = await asyncio.open_connection(host, int(port))
    try:
        writer.write(b"%b %b HTTP/1.1\r\nHost: hub\r\n%b\r\n" % (method, (path or offer.path).encode(), head))
        async with asyncio.timeout(TIMEOUT_S):
            return await reader.read()
    except ConnectionResetError:
        return b""
    finally:
        writer.close()


async def test_the_device_fetches_its_file(server: FileServer) -> None:
    offer = server.offer("127.0.0.1", "plug.bin", FILE)
    reply = await fetch(offer)
    head, _, body = reply.partition(b"\r\n\r\n")
    assert head.startswith(b"HTTP/1.1 200") and b"Content-Length: 102400" in head
    assert body == FILE
    assert (offer.sent, offer.whole, offer.requests) == (len(FILE), 1, 1)
    server.withdraw(offer)


async def test_a_download_goes_on_where_it_stopped(server: FileServer) -> None:
    offer = server.offer("127.0.0.1", "plug.bin", FILE)
    head, _, body = (await fetch(offer, b"Range: bytes=102000-\r\n")).partition(b"\r\n\r\n")
    assert head.startswith(b"HTTP/1.1 206") and b"Content-Range: bytes 102000-102399/102400" in head
    assert body == FILE[102000:]
    assert (await fetch(offer, b"Range: bytes=102400-\r\n")).endswith(FILE)
    server.withdraw(offer)


async def test_head_gives_the_length_and_counts_as_no_download(server: FileServer) -> None:
    offer = server.offer("127.0.0.1", "plug.bin", FILE)
    assert (await fetch(offer, method=b"HEAD")).endswith(b"\r\n\r\n")
    assert (offer.sent, offer.whole) == (0, 0)
    server.withdraw(offer)


async def test_another_device_is_refused(server: FileServer) -> None:
    offer = server.offer("127.0.0.2", "plug.bin", FILE)
    assert (await fetch(offer)).startswith(b"HTTP/1.1 403")
    ours = server.offer("127.0.0.1", "other.bin", b"other")
    assert (await fetch(ours, path=offer.path)).startswith(b"HTTP/1.1 404")
    assert (await fetch(ours, method=b"POST")).startswith(b"HTTP/1.1 405")
    assert (await fetch(ours, path="/other.bin")).startswith(b"HTTP/1.1 404")
    assert offer.requests == ours.requests == 0
    server.withdraw(offer)
    server.withdraw(ours)


async def test_a_withdrawn_file_cannot_be_fetched_and_the_last_one_ends_the_server(server: FileServer) -> None:
    first, second = (server.offer("127.0.0.1", name, FILE) for name in ("a.bin", "b.bin"))
    server.withdraw(first)
    assert (await fetch(second, path=first.path)).startswith(b"HTTP/1.1 404")
    server.withdraw(second)
    await asyncio.sleep(0)
    with pytest.raises(OSError):
        await fetch(second)
    again = server.offer("127.0.0.1", "a.bin", b"new")
    assert (await fetch(again)).endswith(b"new")
    server.withdraw(again)


async def test_a_withdrawal_ends_connections_that_say_nothing(server: FileServer) -> None:
    offer = server.offer("127.0.0.1", "plug.bin", FILE)
    host, port = offer.url.removeprefix("http://").split("/")[0].split(":")
    idle = [await asyncio.open_connection(host, int(port)) for _ in range(CONNECTION_LIMIT)]
    while len(server._connections) < CONNECTION_LIMIT:
        await asyncio.sleep(0)
    assert await fetch(offer) == b""  # one more is closed at once
    server.withdraw(offer)
    for reader, writer in idle:
        with pytest.raises((ConnectionError, asyncio.IncompleteReadError)):
            await reader.readexactly(1)
        writer.close()


@pytest.mark.parametrize("noise", [b"\x16\x03\x01\x02\x00\r\n\r\n", b"A" * 20_000])
async def test_what_is_no_request_is_closed(server: FileServer, noise: bytes) -> None:
    offer = server.offer("127.0.0.1", "plug.bin", FILE)
    host, port = offer.url.removeprefix("http://").split("/")[0].split(":")
    reader, writer = await asyncio.open_connection(host, int(port))
    writer.write(noise)
    async with asyncio.timeout(TIMEOUT_S):
        try:
            assert await reader.read() == b""
        except ConnectionResetError:
            pass
    writer.close()
    server.withdraw(offer)


def test_the_server_listens_on_the_interface_that_faces_the_device() -> None:
    assert facing("127.0.0.5") == "127.0.0.1"
    assert facing("::1") == "::1"
