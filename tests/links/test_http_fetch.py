"""The download of a file over plain HTTP."""

import asyncio
import contextlib
from collections.abc import AsyncIterator

import pytest

from unclouded.core.errors import LinkError
from unclouded.links.http.fetch import fetch
from unclouded.links.http.file_server import FileServer


@contextlib.asynccontextmanager
async def answering(reply: bytes, holds: bool = False) -> AsyncIterator[str]:
    """A server that sends ``reply`` to whatever it receives, and closes unless it ``holds`` the connection."""

    async def serve(reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        await reader.readuntil(b"\r\n\r\n")
        writer.write(reply)
        if holds:
            await reader.read()
        writer.close()
        with contextlib.suppress(OSError):
            await writer.wait_closed()

    server = await asyncio.start_server(serve, "127.0.0.1", 0)
    try:
        yield f"http://127.0.0.1:{server.sockets[0].getsockname()[1]}/file.bin"
    finally:
        server.close()
        await asyncio.sleep(0)


async def test_a_file_of_the_file_server_arrives_whole() -> None:
    server, data = FileServer(), bytes(range(256)) * 4096
    offer = server.offer("127.0.0.1", "file.bin", data)
    assert await fetch(offer.url, len(data), 10.0) == data
    assert offer.whole == 1
    server.withdraw(offer)
    await asyncio.sleep(0)


@pytest.mark.parametrize(
    ("reply", "words"),
    [
        (b"HTTP/1.1 404 Not Found\r\nContent-Length: 0\r\n\r\n", "status 404"),
        (b"HTTP/1.1 302 Found\r\nLocation: http://x/\r\nContent-Length: 0\r\n\r\n", "status 302"),
        (b"HTTP/1.1 200 OK\r\nContent-Length: 100\r\n\r\nhalf", "ended early"),
        (b"HTTP/1.1 200 OK\r\n\r\n" + b"x" * 70_000, "longer than 1000 bytes"),
        (b"no HTTP at all\r\n\r\n", "ended early"),
        (b"", "ended early|before the end"),
    ],
)
async def test_any_other_end_is_one_sentence(reply: bytes, words: str) -> None:
    async with answering(reply) as url:
        with pytest.raises(LinkError, match=words):
            await fetch(url, 1000, 10.0)


async def test_a_server_that_sends_nothing_is_given_up() -> None:
    async with answering(b"HTTP/1.1 200 OK\r\nContent-Length: 9\r\n\r\n", holds=True) as url:
        with pytest.raises(LinkError, match=r"within 0\.05 s"):
            await fetch(url, 1000, 0.05)


@pytest.mark.parametrize(
    "url",
    ["", "https://127.0.0.1/x", "ftp://h/x", "http://", "http://h:x/", "http://h/a b", "http://h/\r\nX: 1", "file"],
)
async def test_an_address_that_is_none_is_refused(url: str) -> None:
    with pytest.raises(LinkError):
        await fetch(url, 1000, 1.0)


async def test_a_server_that_is_not_there_is_named() -> None:
    async with answering(b"") as url:
        pass
    with pytest.raises(LinkError, match="refuses port"):
        await fetch(url, 1000, 1.0)
