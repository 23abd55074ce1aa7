"""A link that dials: it connects, and when the wire goes it connects again, after 1, 2, 4 … 60 s with jitter.

    start ──► connect ──► up ──► received … ──► lost ──► down(reason) ──► pause ─┐
                 ▲   └── failed ──► down(reason) ──► pause ──┐                   │
                 └─────────────────────────────────────────┴────────────────────┘

Which wire it is, only ``connect`` knows. A reason is told once, not at every try, also before the first up,
so that the house can show why a device is not there.
"""

import asyncio
import logging
import random
from collections.abc import Awaitable, Callable

from unclouded.core.errors import LinkError
from unclouded.core.link import Inlet
from unclouded.core.session import Failure, LinkPath, Out
from unclouded.core.supervise import supervise

log = logging.getLogger("unclouded.links")

FIRST_PAUSE = 1.0  # s before the first redial
LONGEST_PAUSE = 60.0  # s between redials at the most, before jitter
JITTER = 0.2  # of a pause, to either side: a house full of plugs must not call in step
STEADY = 30.0  # s that a connection must hold before the pauses begin again at FIRST_PAUSE
PENDING_LIMIT = 65_536  # bytes that wait to be written; more are not taken
CLOSE_PATIENCE = 1.0  # s for what is written already to leave before the wire is let go

Connect = Callable[[Callable[[], asyncio.Protocol]], Awaitable[asyncio.Transport]]
Explain = Callable[[Exception | None], str]


class RedialDelays:
    """How long to wait before each redial. Times are the loop's."""

    def __init__(self) -> None:
        self._next = FIRST_PAUSE
        self._connected: float | None = None

    def connected(self, now: float) -> None:
        self._connected = now

    def next(self, now: float) -> float:
        if self._connected is not None and now - self._connected >= STEADY:
            self._next = FIRST_PAUSE
        self._connected = None
        pause = self._next * random.uniform(1 - JITTER, 1 + JITTER)
        self._next = min(self._next * 2, LONGEST_PAUSE)
        return pause


class DialConnection(asyncio.Protocol):
    """One connection. It calls ``made`` when it is there, before the first byte comes in, and ``received`` with
    what comes in; ``gone`` is done when it ends, with the cause.
    """

    def __init__(
        self, made: Callable[["DialConnection"], None], received: Callable[["DialConnection", bytes], None]
    ) -> None:
        self.gone: asyncio.Future[Exception | None] = asyncio.get_running_loop().create_future()
        self._made = made
        self._received = received
        self._transport: asyncio.Transport | None = None

    def connection_made(self, transport: asyncio.BaseTransport) -> None:
        assert isinstance(transport, asyncio.Transport)
        self._transport = transport
        self._made(self)

    def data_received(self, data: bytes) -> None:
        self._received(self, data)

    def connection_lost(self, error: Exception | None) -> None:
        if not self.gone.done():
            self.gone.set_result(error)

    def send(self, data: bytes) -> Failure | None:
        """Why the bytes were not taken, None where they were."""
        transport = self._transport
        if transport is None or transport.is_closing():
            return Failure.CLOSED
        if transport.get_write_buffer_size() + len(data) > PENDING_LIMIT:
            return Failure.FULL
        transport.write(data)
        return None

    async def end(self) -> Exception | None:
        """Wait until it ends, and say what ended it."""
        await asyncio.wait({self.gone})  # being cancelled here must not cancel ``gone``: close() waits for it
        return self.gone.result()

    def tune(self, how: Callable[[asyncio.BaseTransport], None]) -> None:
        """Set options of the transport."""
        if self._transport is not None:
            how(self._transport)

    def hang_up(self) -> None:
        """End it now."""
        if self._transport is not None:
            self._transport.abort()

    async def close(self) -> None:
        """Let what is written leave, but not for long."""
        if self._transport is None:
            return
        self._transport.close()
        await asyncio.wait({self.gone}, timeout=CLOSE_PATIENCE)
        if not self.gone.done():
            self._transport.abort()
            await asyncio.wait({self.gone}, timeout=CLOSE_PATIENCE)


class DialedLink:
    """A link over whatever ``connect`` connects. ``lost`` says in words why a connection ended.

    ``connect`` raises LinkError with a sentence for people. ``dropped`` counts datagrams that were not taken.
    """

    def __init__(self, name: str, connect: Connect, lost: Explain, path: LinkPath | None = None) -> None:
        self.name = name
        self.dropped = 0
        self._connect = connect
        self._explain = lost
        self._path = path or LinkPath()
        self._pauses = RedialDelays()
        self._inlet: Inlet | None = None
        self._wire: DialConnection | None = None
        self._task: asyncio.Task[None] | None = None
        self._told: str | None = None

    def start(self, inlet: Inlet) -> None:
        self._inlet = inlet
        self._task = asyncio.create_task(
            supervise(f"link {self.name}", self._keep_connected, self._crashed), name=f"{self.name}.dial"
        )

    def send(self, out: Out) -> None:
        failure = self._wire.send(out.data) if self._wire is not None else Failure.CLOSED
        if failure is not None:
            self.dropped += 1
            fail_soon(lambda: self._inlet, out.id, failure)

    async def close(self) -> None:
        self._inlet = None
        if self._task is not None:
            self._task.cancel()
            await asyncio.wait({self._task})
            self._task = None

    # --- inside --------------------------------------------------------------------------------

    async def _keep_connected(self) -> None:
        while True:
            self._down(await self._connection())
            await asyncio.sleep(self._pauses.next(asyncio.get_running_loop().time()))

    async def _connection(self) -> str:
        """One connection, from the dial to its end; why it ended."""
        wire = DialConnection(self._made, self._received)
        try:
            await self._connect(lambda: wire)
            return self._explain(await wire.end())
        except LinkError as error:
            return str(error)
        finally:
            self._wire = None
            await wire.close()

    def _made(self, wire: DialConnection) -> None:
        if self._inlet is None:
            return
        self._wire, self._told = wire, None
        self._pauses.connected(asyncio.get_running_loop().time())
        log.debug("%s is connected", self.name)
        self._inlet.up(self._path)

    def _received(self, wire: DialConnection, data: bytes) -> None:
        if self._inlet is not None and self._wire is wire:
            self._inlet.received(data, self._path.name)

    def _down(self, reason: str) -> None:
        if reason != self._told and self._inlet is not None:
            self._told = reason
            log.info("%s: %s It is tried again.", self.name, reason)
            self._inlet.down(self._path.name, reason)

    def _crashed(self, error: Exception) -> None:
        self._down(f"The link {self.name} met a mistake of ours ({type(error).__name__}). The log has it.")


def fail_soon(inlet: Callable[[], Inlet | None], id: int, why: Failure) -> None:
    """Say that datagram ``id`` came to nothing, in the next turn of the loop: ``send`` must not call back."""

    def tell() -> None:
        still = inlet()
        if still is not None:
            still.failed(id, why)

    if id:
        asyncio.get_running_loop().call_soon(tell)
