"""A client of NATS that connects again: publish, request, subscribe.

    run: dial ─► subscriptions ─► connected ─► … ─► gone ─► 1, 2, 4 … 60 s with jitter ─► the next server

It uses the addresses that it was given, never those that a server names: behind NAT these are other networks'.
A lost message is not repeated here: who asks repeats.
"""

import asyncio
import logging
import secrets
from collections.abc import Callable, Sequence
from itertools import count
from typing import Literal

import msgspec

from unclouded.core.errors import LinkError
from unclouded.core.system.retry_delays import RetryDelays
from unclouded.core.system.supervise import Fault
from unclouded.links.nats.connection import NatsConnection, NatsIdentity, NatsServer, first_of, nats_server
from unclouded.links.nats.wire import NatsMessage, publish_bytes, subscribe_line, unsubscribe_line

log = logging.getLogger("unclouded.links.nats")

PING_S = 120.0  # s between two looks at whether the server still answers
DRAIN_S = 2.0  # s for what was sent before the end
REFUSED_PAUSE_S = 60.0  # s at least from a refusal to the next attempt
MOST_REQUESTS = 10_000  # that wait for an answer

Handler = Callable[[NatsMessage], None]
Failure = Literal["", "no_responders", "timeout", "disconnected", "full", "too_large"]


class NatsState(msgspec.Struct, frozen=True):
    """``text``: a sentence for people."""

    state: Literal["connecting", "connected", "waiting", "refused"]
    text: str
    server: str = ""


class NatsReply(msgspec.Struct, frozen=True):
    """An answer, or why there is none. ``no_responders``: the request was not delivered, which is certain.

    ``timeout`` and ``disconnected``: it may have been; ``full`` and ``too_large``: it was not sent.
    """

    data: bytes = b""
    failure: Failure = ""


class NatsClient:
    """``servers``: tls:// or nats:// addresses, tried in turn. ``inbox``: the subject that answers come below.

    ``changed`` is called after each change of ``state``. ``level``: of its log. Raises LinkError for an address that is
    none.
    """

    def __init__(
        self,
        servers: Sequence[str],
        identity: NatsIdentity,
        inbox: str = "_INBOX",
        ping_s: float = PING_S,
        changed: Callable[[], None] = lambda: None,
        level: int = logging.INFO,
    ) -> None:
        self._servers = self._parsed(servers)
        self.state = NatsState("connecting", f"Connecting to {self._servers[0]}.")
        self._identity = identity
        self._inbox = f"{inbox}.{secrets.token_hex(8)}"
        self._ping_s = ping_s
        self._changed = changed
        self._level = level
        self._sids = count(1)
        self._subscriptions: dict[int, tuple[str, str, Handler]] = {}
        self._requests: dict[str, asyncio.Future[NatsReply]] = {}
        self._numbers = count(1)
        self._connection: NatsConnection | None = None
        self._fault: Fault | None = None
        self._delays = RetryDelays()
        self._turn = 0
        self.subscribe(f"{self._inbox}.*", self._answered)

    @property
    def is_connected(self) -> bool:
        return self._connection is not None

    @property
    def warning(self) -> str:
        """What the server complained of last without ending the connection, "" = nothing."""
        return self._connection.warning if self._connection is not None else ""

    def use(self, servers: Sequence[str]) -> None:
        """Other servers, from the next connection on. Raises LinkError."""
        self._servers = self._parsed(servers)

    def subscribe(self, subject: str, handler: Handler, queue: str = "") -> Callable[[], None]:
        """Get the messages of a subject, also after reconnecting; one of each ``queue`` gets each of them.

        The handler is called in the loop and must return at once. Returns a function that ends it.
        Raises ValueError for a subject that is none.
        """
        sid = next(self._sids)
        line = subscribe_line(subject, sid, queue)
        self._subscriptions[sid] = (subject, queue, handler)
        self._send(line)

        def end() -> None:
            if self._subscriptions.pop(sid, None) is not None:
                self._send(unsubscribe_line(sid))

        return end

    def publish(self, subject: str, data: bytes, reply: str = "") -> bool:
        """Whether it was handed to the network; that does not mean that it arrives. Raises ValueError."""
        message = publish_bytes(subject, data, reply)
        return self._fits(data) and self._send(message)

    async def request(self, subject: str, data: bytes, timeout_s: float) -> NatsReply:
        """Ask, and wait for the first answer. Raises ValueError for a subject that is none."""
        if self._connection is None:
            return NatsReply(failure="disconnected")
        if not self._fits(data):
            return NatsReply(failure="too_large")
        key = f"{self._inbox}.{next(self._numbers):x}"
        if len(self._requests) >= MOST_REQUESTS or not self._send(publish_bytes(subject, data, key)):
            return NatsReply(failure="full")
        answer: asyncio.Future[NatsReply] = asyncio.get_running_loop().create_future()
        self._requests[key] = answer
        try:
            async with asyncio.timeout(timeout_s):
                return await answer
        except TimeoutError:
            return NatsReply(failure="timeout")
        finally:
            self._requests.pop(key, None)

    async def drain(self, timeout_s: float = DRAIN_S) -> None:
        """Get no new messages, and wait until those that were on the way are here. Answers can still be sent."""
        for sid, (subject, _, _) in list(self._subscriptions.items()):
            if not subject.startswith(self._inbox):
                self._send(unsubscribe_line(sid))
        if self._connection is not None:
            await self._connection.flush(timeout_s)

    async def run(self) -> None:
        """Stay connected until cancelled; then what was published is sent, and the connection closed."""
        loop = asyncio.get_running_loop()
        while True:
            server = self._servers[self._turn % len(self._servers)]
            self._turn += 1
            connection = NatsConnection(server, self._identity, self._deliver)
            try:
                await self._connected(connection)
            except LinkError as error:
                self._ended(connection, str(error))
            finally:
                self._connection = None
                self._fail_requests()
                await connection.close()
            pause = self._delays.next(loop.time())
            await asyncio.sleep(max(pause, REFUSED_PAUSE_S) if connection.refused else pause)

    # --- inside --------------------------------------------------------------------------------

    @staticmethod
    def _parsed(servers: Sequence[str]) -> list[NatsServer]:
        if not servers:
            raise LinkError("There is no address of a server.")
        return [nats_server(one) for one in servers]

    async def _connected(self, connection: NatsConnection) -> None:
        """One connection from the dial to its end. Raises LinkError."""
        await connection.open()
        self._fault = Fault()
        self._connection = connection
        self._delays.started(asyncio.get_running_loop().time())
        for sid, (subject, queue, _) in self._subscriptions.items():
            self._send(subscribe_line(subject, sid, queue))
        self._enter(NatsState("connected", f"Connected to {connection.server}.", str(connection.server)))
        fault = asyncio.ensure_future(self._fault.wait())
        watch = asyncio.ensure_future(self._watch(connection))
        try:
            await first_of(fault, watch, connection.gone)
            if fault.done():
                fault.result()  # raises the error of a handler
        finally:
            for task in (fault, watch):
                task.cancel()
            await asyncio.gather(fault, watch, return_exceptions=True)
        self._ended(connection, connection.gone.result())

    async def _watch(self, connection: NatsConnection) -> None:
        """End a connection whose other end is gone without a word."""
        while True:
            connection.was_active = False
            connection.ping()
            await asyncio.sleep(self._ping_s)
            if not connection.was_active:
                connection.end(f"{connection.server} does not answer any more.")

    def _ended(self, connection: NatsConnection, reason: str) -> None:
        text = f"{reason} It is tried again."
        self._enter(NatsState("refused" if connection.refused else "waiting", text))

    def _enter(self, state: NatsState) -> None:
        if state != self.state:
            self.state = state
            log.log(self._level, "NATS: %s", state.text)
            self._changed()

    def _send(self, data: bytes) -> bool:
        return self._connection is not None and self._connection.send(data)

    def _fits(self, data: bytes) -> bool:
        return self._connection is None or len(data) <= self._connection.max_payload

    def _deliver(self, message: NatsMessage) -> None:
        found = self._subscriptions.get(message.sid)
        if found is None or self._fault is None:
            return
        with self._fault:
            found[2](message)

    def _answered(self, message: NatsMessage) -> None:
        waiting = self._requests.get(message.subject)
        if waiting is not None and not waiting.done():
            waiting.set_result(NatsReply(message.data, "no_responders" if message.no_responders else ""))

    def _fail_requests(self) -> None:
        for waiting in self._requests.values():
            if not waiting.done():
                waiting.set_result(NatsReply(failure="disconnected"))
