"""A scripted HTTP server that behaves like well and badly behaved plugs."""

import asyncio
from collections.abc import Callable
from contextlib import suppress

Script = Callable[["Visit"], None]

HEAD = b"HTTP/1.1 200 OK\r\nContent-Type: application/json\r\nContent-Length: %d\r\nConnection: close\r\n\r\n"


def whole(body: bytes) -> bytes:
    return HEAD % len(body) + body


class Visit:
    """One connection with one request on it."""

    def __init__(self, request: bytes, body: bytes, writer: asyncio.StreamWriter) -> None:
        self.request = request
        self.body = body
        self._writer = writer

    def send(self, data: bytes) -> None:
        self._writer.write(data)

    def abort(self) -> None:
        self._writer.close()

    def reset(self) -> None:
        self._writer.transport.abort()


class HttpServer:
    """``async with HttpServer(script) as server``: ``script`` is called with each request that is whole."""

    def __init__(self, script: Script) -> None:
        self.script = script
        self.visits: list[Visit] = []
        self.open = 0
        self.most_open = 0
        self.port = 0
        self._server: asyncio.Server | None = None
        self._writers: set[asyncio.StreamWriter] = set()

    async def __aenter__(self) -> "HttpServer":
        self._server = await asyncio.start_server(self._visit, "127.0.0.1", 0)
        self.port = self._server.sockets[0].getsockname()[1]
        return self

    async def __aexit__(self, *_: object) -> None:
        assert self._server is not None
        self._server.close()
        for _turn in range(10):  # connections that were accepted just now become visits
            await asyncio.sleep(0)
        for writer in self._writers:
            writer.transport.abort()
        while self._writers:
            await asyncio.sleep(0)

    async def _visit(self, reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        self._writers.add(writer)
        self.open += 1
        self.most_open = max(self.open, self.most_open)
        with suppress(OSError, asyncio.IncompleteReadError):
            head = await reader.readuntil(b"\r\n\r\n")
            length = int(head.lower().partition(b"content-length:")[2].partition(b"\r\n")[0])
            visit = Visit(head, await reader.readexactly(length), writer)
            self.visits.append(visit)
            self.script(visit)
            await reader.read()
        self.open -= 1
        writer.close()
        with suppress(OSError):
            await writer.wait_closed()
        self._writers.discard(writer)
