"""A link that dials: it connects, and after a lost connection it redials after 1, 2, 4 … 60 s with jitter.

    start ──► connect ──► up ──► received … ──► lost ──► down(reason) ──► delay ─┐
                 ▲   └── failed ──► down(reason) ──► delay ──┐                   │
                 └─────────────────────────────────────────┴────────────────────┘

``connect`` decides what it connects to. A reason is reported once, not at every attempt, and also before the first
``up``, so that the hub can show why a device is unreachable.
"""

import asyncio
import logging
from collections.abc import Awaitable, Callable

from unclouded.core.errors import LinkError
from unclouded.core.sessions.link import Inlet
from unclouded.core.sessions.session import Failure, LinkPath, Out
from unclouded.core.system.retry_delays import RetryDelays
from unclouded.core.system.supervise import supervise

log = logging.getLogger("unclouded.links")

PENDING_LIMIT = 65_536  # bytes waiting to be written; more are rejected
CLOSE_TIMEOUT_S = 1.0  # s for pending bytes to be sent before the connection is dropped

Connect = Callable[[Callable[[], asyncio.Protocol]], Awaitable[asyncio.Transport]]
Explain = Callable[[Exception | None], str]


class DialConnection(asyncio.Protocol):
    """One connection. It calls ``made`` when it is established, before the first byte, and ``received`` with incoming
    bytes; the future ``gone`` completes with the cause when the connection ends.
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
        """None where the bytes were accepted, else why not."""
        transport = self._transport
        if transport is None or transport.is_closing():
            return Failure.CLOSED
        if transport.get_write_buffer_size() + len(data) > PENDING_LIMIT:
            return Failure.FULL
        transport.write(data)
        return None

    async def end(self) -> Exception | None:
        """Wait until the connection ends; the cause."""
        await asyncio.wait({self.gone})  # being cancelled here must not cancel ``gone``: close() waits for it
        return self.gone.result()

    def tune(self, how: Callable[[asyncio.BaseTransport], None]) -> None:
        """Set options of the transport."""
        if self._transport is not None:
            how(self._transport)

    def abort(self) -> None:
        """End the connection at once."""
        if self._transport is not None:
            self._transport.abort()

    async def close(self) -> None:
        """Send pending bytes for at most CLOSE_TIMEOUT_S, then close."""
        if self._transport is None:
            return
        self._transport.close()
        await asyncio.wait({self.gone}, timeout=CLOSE_TIMEOUT_S)
        if not self.gone.done():
            self._transport.abort()
            await asyncio.wait({self.gone}, timeout=CLOSE_TIMEOUT_S)


class DialedLink:
    """A link over the connections that ``connect`` makes. ``lost`` gives a readable reason why one ended.

    ``connect`` raises LinkError with a readable message. ``dropped`` counts rejected datagrams.
    """

    def __init__(self, name: str, connect: Connect, lost: Explain, path: LinkPath | None = None) -> None:
        self.name = name
        self.dropped = 0
        self._connect = connect
        self._explain = lost
        self._path = path or LinkPath()
        self._delays = RetryDelays()
        self._inlet: Inlet | None = None
        self._connection: DialConnection | None = None
        self._task: asyncio.Task[None] | None = None
        self._reported: str | None = None

    def start(self, inlet: Inlet) -> None:
        self._inlet = inlet
        self._task = asyncio.create_task(
            supervise(f"link {self.name}", self._keep_connected, self._crashed), name=f"{self.name}.dial"
        )

    def send(self, out: Out) -> None:
        failure = self._connection.send(out.data) if self._connection is not None else Failure.CLOSED
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
            self._down(await self._connect_once())
            await asyncio.sleep(self._delays.next(asyncio.get_running_loop().time()))

    async def _connect_once(self) -> str:
        """Run one connection from the dial to its end; why it ended."""
        connection = DialConnection(self._made, self._received)
        try:
            await self._connect(lambda: connection)
            return self._explain(await connection.end())
        except LinkError as error:
            return str(error)
        finally:
            self._connection = None
            await connection.close()

    def _made(self, connection: DialConnection) -> None:
        if self._inlet is None:
            return
        self._connection, self._reported = connection, None
        self._delays.started(asyncio.get_running_loop().time())
        log.debug("%s is connected", self.name)
        self._inlet.up(self._path)

    def _received(self, connection: DialConnection, data: bytes) -> None:
        if self._inlet is not None and self._connection is connection:
            self._inlet.received(data, self._path.name)

    def _down(self, reason: str) -> None:
        if reason != self._reported and self._inlet is not None:
            self._reported = reason
            log.info("%s: %s Retrying.", self.name, reason)
            self._inlet.down(self._path.name, reason)

    def _crashed(self, error: Exception) -> None:
        self._down(f"The link {self.name} hit an internal error ({type(error).__name__}); see the log.")


def fail_soon(inlet: Callable[[], Inlet | None], id: int, why: Failure) -> None:
    """Report in the next loop iteration that datagram ``id`` failed: ``send`` must not call back."""

    def report() -> None:
        current = inlet()
        if current is not None:
            current.failed(id, why)

    if id:
        asyncio.get_running_loop().call_soon(report)
