"""A TCP proxy between hubs and NATS that does what networks do: it cuts, delays, goes silent, and repeats messages."""

import asyncio
import contextlib
import random
from collections.abc import AsyncIterator

END = b"\r\n"


class TcpProxy:
    """``async with TcpProxy(("127.0.0.1", 4222)).open() as proxy: proxy.url``.

    ``delay_s``: of each piece, both ways. ``silent``: connections stay, and nothing passes (half-open). ``closed``: new
    connections are refused. ``repeats``: the share of messages from clients that are sent twice.
    """

    def __init__(self, target: tuple[str, int], chance: random.Random | None = None) -> None:
        self.delay_s = 0.0
        self.silent = self.closed = False
        self.repeats = 0.0
        self.repeated = self.cuts = 0
        self.url = ""
        self._target = target
        self._chance = chance or random.Random(1)
        self._writers: set[asyncio.StreamWriter] = set()
        self._tasks: set[asyncio.Task[None]] = set()

    @contextlib.asynccontextmanager
    async def open(self) -> AsyncIterator["TcpProxy"]:
        server = await asyncio.start_server(self._accept, "127.0.0.1", 0)
        self.url = f"nats://127.0.0.1:{server.sockets[0].getsockname()[1]}"
        try:
            yield self
        finally:
            server.close()
            for task in self._tasks:
                task.cancel()
            await asyncio.gather(*self._tasks, return_exceptions=True)
            self.cut()

    def cut(self) -> None:
        """End all connections at once, without a word where data waits."""
        self.cuts += 1
        for writer in list(self._writers):
            writer.transport.abort()

    def _accept(self, reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        task = asyncio.ensure_future(self._serve(reader, writer))
        self._tasks.add(task)
        task.add_done_callback(self._tasks.discard)

    async def _serve(self, reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        self._writers.add(writer)
        other: asyncio.StreamWriter | None = None
        try:
            if self.closed:
                return
            back, other = await asyncio.open_connection(*self._target)
            self._writers.add(other)
            await asyncio.gather(self._messages(reader, other), self._pieces(back, writer))
        except (OSError, asyncio.IncompleteReadError, asyncio.LimitOverrunError):
            pass
        finally:
            for one in (writer, other):
                if one is not None:
                    self._writers.discard(one)
                    one.transport.abort()

    async def _pieces(self, reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        while data := await reader.read(65_536):
            await self._pass(writer, data)
        raise asyncio.IncompleteReadError(b"", None)

    async def _messages(self, reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        """Line by line, so that a whole message can be sent twice."""
        while True:
            line = await reader.readuntil(END)
            if not line.startswith(b"PUB "):
                await self._pass(writer, line)
                continue
            message = line + await reader.readexactly(int(line.split()[-1]) + len(END))
            await self._pass(writer, message)
            if self._chance.random() < self.repeats:
                self.repeated += 1
                await self._pass(writer, message)

    async def _pass(self, writer: asyncio.StreamWriter, data: bytes) -> None:
        if self.delay_s:
            await asyncio.sleep(self.delay_s)
        while self.silent:
            await asyncio.sleep(0.01)
        writer.write(data)
        await writer.drain()
