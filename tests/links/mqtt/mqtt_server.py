"""A scripted broker, for behaviour that is rare in real ones: enough of MQTT 3.1.1 for short packets."""

import asyncio
from collections.abc import Callable
from contextlib import suppress

CONNECT, PUBLISH, SUBSCRIBE, UNSUBSCRIBE, PING = 1, 3, 8, 10, 12


def publish(topic: str, data: bytes, *, retain: bool = False) -> bytes:
    body = len(topic).to_bytes(2, "big") + topic.encode() + data
    size = len(body)
    length = bytearray()
    while size >= 128:
        length.append(size & 127 | 128)
        size >>= 7
    return bytes([0x30 | retain, *length, size]) + body


class MqttServer:
    """``connack``: its code; None: none is sent. ``grants``: the code for a topic."""

    def __init__(self, connack: int | None = 0, grants: Callable[[str], int] = lambda topic: 1) -> None:
        self.connack = connack
        self.grants = grants
        self.silent = False  # whether SUBSCRIBE gets no answer
        self.port = 0
        self.topics: list[str] = []
        self.left: list[str] = []
        self.published: list[tuple[str, bytes]] = []
        self.connects = 0
        self.writers: list[asyncio.StreamWriter] = []
        self._server: asyncio.Server | None = None
        self._changed = asyncio.Event()

    async def __aenter__(self) -> "MqttServer":
        self._server = await asyncio.start_server(self._serve, "127.0.0.1", self.port)
        self.port = self._server.sockets[0].getsockname()[1]
        return self

    async def __aexit__(self, *_: object) -> None:
        assert self._server is not None
        self._server.close()
        self.abort()
        while self.writers:
            await asyncio.sleep(0)

    def abort(self) -> None:
        for writer in self.writers:
            writer.transport.abort()

    def send(self, data: bytes) -> None:
        for writer in self.writers:
            writer.write(data)

    async def until(self, is_so: Callable[[], bool]) -> None:
        async with asyncio.timeout(60.0):
            while not is_so():
                self._changed.clear()
                await self._changed.wait()

    async def _serve(self, reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        self.writers.append(writer)
        with suppress(OSError, asyncio.IncompleteReadError):
            while True:
                kind, body = await packet(reader)
                reply = self._reply(kind, body)
                writer.write(reply)
                self._changed.set()
        self.writers.remove(writer)
        writer.close()
        self._changed.set()

    def _reply(self, kind: int, body: bytes) -> bytes:
        match kind:
            case _ if kind == CONNECT:
                self.connects += 1
                return b"" if self.connack is None else bytes([0x20, 2, 0, self.connack])
            case _ if kind == SUBSCRIBE and self.silent:
                self.topics += texts(body[2:], 1)
            case _ if kind == SUBSCRIBE:
                topics = texts(body[2:], 1)
                self.topics += topics
                return bytes([0x90, 2 + len(topics), *body[:2], *(self.grants(topic) for topic in topics)])
            case _ if kind == UNSUBSCRIBE:
                self.left += texts(body[2:], 0)
                return bytes([0xB0, 2, *body[:2]])
            case _ if kind == PUBLISH:
                size = int.from_bytes(body[:2], "big")
                self.published.append((body[2 : 2 + size].decode(), body[2 + size :]))
            case _ if kind == PING:
                return b"\xd0\x00"
        return b""


async def packet(reader: asyncio.StreamReader) -> tuple[int, bytes]:
    kind = (await reader.readexactly(1))[0] >> 4
    size = shift = 0
    while True:
        byte = (await reader.readexactly(1))[0]
        size |= (byte & 127) << shift
        shift += 7
        if byte < 128:
            return kind, await reader.readexactly(size)


def texts(body: bytes, extra: int) -> list[str]:
    """The topics in a packet, each with ``extra`` bytes behind it."""
    found = []
    while body:
        size = int.from_bytes(body[:2], "big")
        found.append(body[2 : 2 + size].decode())
        body = body[2 + size + extra :]
    return found
