"""A TCP proxy between hubs and NATS that does what networks do: it cuts, delays, goes half-open, and repeats messages.

hub ── line ──► proxy ──► NATS        of each line: whole messages, both ways
"""

import asyncio
import contextlib
import random
from collections.abc import AsyncIterator, Coroutine

import msgspec

END = b"\r\n"
MESSAGES = (b"PUB ", b"MSG ", b"HMSG ")  # lines of NATS after which so many bytes follow as their last word says
LATEST_S = 1.0  # s after which a message comes once more: newer ones may have come before it


class ProxyCounts(msgspec.Struct):
    """What was done. ``cut``, ``half_open``: lines; ``delayed``, ``repeated``, ``swallowed``: messages."""

    cut: int = 0
    half_open: int = 0
    delayed: int = 0
    repeated: int = 0
    swallowed: int = 0


class _Line:
    """A connection of a client, and ours to the server."""

    def __init__(self, reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        self.reader, self.writer = reader, writer
        self.other: asyncio.StreamWriter | None = None
        self.is_half_open = False

    def abort(self) -> None:
        """End both at once: what waits is lost."""
        for one in (self.writer, self.other):
            if one is not None:
                one.transport.abort()


class TcpProxy:
    """``async with TcpProxy(("127.0.0.1", 4222)).open() as proxy: proxy.url``.

    ``delay_s``: of each message, both ways. ``repeats``: the share of messages, both ways, that come a second time,
    up to LATEST_S later.
    """

    def __init__(self, target: tuple[str, int], chance: random.Random | None = None) -> None:
        self.delay_s = 0.0
        self.repeats = 0.0
        self.counts = ProxyCounts()
        self.url = ""
        self._target = target
        self._chance = chance or random.Random(1)
        self._lines: set[_Line] = set()
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

    @property
    def lines(self) -> int:
        """Those that carry something."""
        return len(self._whole())

    def cut(self) -> None:
        """End all lines at once, but half-open ones."""
        for line in self._whole():
            self.counts.cut += 1
            line.abort()

    def go_half_open(self) -> None:
        """From now on nothing passes on the lines that are there, not even their end; new ones are whole."""
        for line in self._whole():
            self.counts.half_open += 1
            line.is_half_open = True

    def _whole(self) -> list[_Line]:
        return [line for line in self._lines if line.other is not None and not line.is_half_open]

    def _accept(self, reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        self._spawn(self._serve(_Line(reader, writer)))

    def _spawn(self, work: Coroutine[None, None, None]) -> None:
        task = asyncio.ensure_future(work)
        self._tasks.add(task)
        task.add_done_callback(self._tasks.discard)

    async def _serve(self, line: _Line) -> None:
        self._lines.add(line)
        try:
            back, line.other = await asyncio.open_connection(*self._target)
            to_server = asyncio.ensure_future(self._messages(line, line.reader, line.other))
            to_client = asyncio.ensure_future(self._messages(line, back, line.writer))
            try:
                await asyncio.wait({to_server, to_client}, return_when=asyncio.FIRST_COMPLETED)
                if line.is_half_open:  # the end of the server's connection is not seen by the client
                    await to_server
            finally:
                for one in (to_server, to_client):
                    one.cancel()
                await asyncio.gather(to_server, to_client, return_exceptions=True)
        except OSError:
            pass
        finally:
            self._lines.discard(line)
            line.abort()

    async def _messages(self, line: _Line, reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        """Until the end of the connection."""
        with contextlib.suppress(OSError, asyncio.IncompleteReadError, asyncio.LimitOverrunError):
            while True:
                message = await reader.readuntil(END)
                is_message = message.startswith(MESSAGES)
                if is_message:
                    message += await reader.readexactly(int(message.split()[-1]) + len(END))
                if self.delay_s:
                    self.counts.delayed += is_message
                    await asyncio.sleep(self.delay_s)
                await self._pass(line, writer, message)
                if is_message and self._chance.random() < self.repeats:
                    self._spawn(self._repeat(line, writer, message))

    async def _pass(self, line: _Line, writer: asyncio.StreamWriter, message: bytes) -> None:
        if line.is_half_open:
            self.counts.swallowed += message.startswith(MESSAGES)
            return
        writer.write(message)
        await writer.drain()

    async def _repeat(self, line: _Line, writer: asyncio.StreamWriter, message: bytes) -> None:
        await asyncio.sleep(self._chance.random() * LATEST_S)
        if line in self._lines and not line.is_half_open:
            self.counts.repeated += 1
            with contextlib.suppress(OSError):
                await self._pass(line, writer, message)
