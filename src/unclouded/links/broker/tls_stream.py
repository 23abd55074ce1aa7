"""TLS over a TCP connection with two ``ssl.MemoryBIO``s, for the broker and for simulated plugs.

    socket ──► incoming BIO ──► SSLObject ──► receiver.received     (one read buffer shared by all connections)
    socket ◄── outgoing BIO ◄── SSLObject ◄── connection.send       (bounded: what does not fit is rejected)

asyncio's own TLS takes ten times the memory and gives no reason for a failed handshake. A server's handshakes pass a
``HandshakeScheduler``, one step per loop iteration: when many plugs connect at once, the signatures do not delay
the plugs that are already connected.
"""

import asyncio
import ssl
from collections import deque
from collections.abc import Callable
from typing import Protocol

from unclouded.core.system.sockets import send_at_once
from unclouded.core.system.supervise import Fault
from unclouded.links.broker.tls_policy import HELLO_LIMIT, explain
from unclouded.links.dial import PENDING_LIMIT
from unclouded.links.tcp import keep_alive

READ_SIZE = 65_536  # bytes per read of a socket
RECORD = 16_384  # bytes of plain text in a TLS record
HANDSHAKE_TIMEOUT_S = 20.0  # s; plugs of 2018 need several
HANDSHAKE_LIMIT = 32_768  # bytes that may arrive before the handshake is complete
CLEANUPS_PER_TURN = 4  # ended connections that are cleaned up per loop iteration
CLOSE_TIMEOUT_S = 1.0  # s for pending bytes to be sent after close_notify


class StreamReceiver(Protocol):
    """Receives the events of a connection."""

    def opened(self) -> None:
        """The handshake is complete."""

    def received(self, data: bytes) -> None:
        """Decrypted bytes."""

    def ended(self, reason: str) -> None:
        """The connection has ended; called once, also where the handshake never completed."""


class HandshakeScheduler:
    """Runs one handshake step per loop iteration, and cleans up a few ended connections.

    Handshakes in progress go first: then few are incomplete at a time, and only those hold memory.
    """

    def __init__(self, fault: Fault) -> None:
        self._fault = fault
        self._begun: deque[TlsConnection] = deque()
        self._fresh: deque[TlsConnection] = deque()
        self._ended: deque[TlsConnection] = deque()
        self._loop = asyncio.get_running_loop()
        self._called = False

    def enter(self, connection: "TlsConnection", begun: bool) -> None:
        """A connection waits for its turn; ``begun``: it has received a part of its handshake."""
        (self._begun if begun else self._fresh).append(connection)
        self._call()

    def leave(self, connection: "TlsConnection") -> None:
        """A connection has ended its handshake, or is gone."""
        self._ended.append(connection)
        self._call()

    def _call(self) -> None:
        if not self._called:
            self._called = True
            self._loop.call_soon(self._turn)

    def _turn(self) -> None:
        self._called = False
        queue = self._begun or self._fresh
        with self._fault:
            if queue:
                queue.popleft().step()
            for _ in range(min(CLEANUPS_PER_TURN, len(self._ended))):
                self._ended.popleft().clean_up()
        if self._begun or self._fresh or self._ended:
            self._call()


class SharedTls:
    """What all connections of one broker (or of one client) share. ``buffer``: where all of one loop read into."""

    def __init__(
        self,
        context: ssl.SSLContext,
        fault: Fault,
        scheduler: HandshakeScheduler | None = None,
        buffer: memoryview | None = None,
    ) -> None:
        self.context = context
        self.fault = fault
        self.scheduler = scheduler
        self.buffer = buffer if buffer is not None else memoryview(bytearray(READ_SIZE))
        self.loop = asyncio.get_running_loop()


class TlsConnection(asyncio.BufferedProtocol):
    """One connection. ``make_receiver`` is called when the TCP connection is made, before the handshake.

    ``server_name``: for a client, what it asks for; None = we are the server.
    """

    __slots__ = (
        "_begun",
        "_closing",
        "_first",
        "_incoming",
        "_make_receiver",
        "_open",
        "_outgoing",
        "_queued",
        "_reason",
        "_receiver",
        "_server_name",
        "_shared",
        "_timer",
        "_tls",
        "_transport",
        "peer_address",
    )  # fmt: skip

    def __init__(
        self,
        shared: SharedTls,
        make_receiver: Callable[["TlsConnection"], StreamReceiver],
        server_name: str | None = None,
    ) -> None:
        self.peer_address = "?"
        self._shared = shared
        self._make_receiver = make_receiver
        self._server_name = server_name
        self._first = b""
        self._reason = ""
        self._open = self._closing = self._queued = self._begun = False
        self._timer: asyncio.TimerHandle | None = None

    # --- called by the receiver ----------------------------------------------------------------

    @property
    def opened(self) -> bool:
        """The handshake was completed."""
        return self._open

    @property
    def closing(self) -> bool:
        return self._closing

    def send(self, data: bytes, limit: int = PENDING_LIMIT) -> bool:
        """Whether the bytes were accepted; never before ``opened`` or after ``close``."""
        if not self._open or self._closing or self._transport.is_closing():
            return False
        if self._transport.get_write_buffer_size() + len(data) > limit:
            return False
        self._tls.write(data)
        self._transport.write(self._outgoing.read())
        return True

    def close(self, reason: str, close_notify: bool = True) -> None:
        """Send close_notify and close; ``ended`` is called with this reason."""
        if self._closing:
            return
        self._closing = True
        self._reason = self._reason or reason
        if close_notify and self._open:
            self._send_close_notify()
        self._transport.close()
        self._set_timer(CLOSE_TIMEOUT_S, self._transport.abort)

    def abort(self, reason: str) -> None:
        """End the connection at once, without close_notify."""
        self._closing = True
        self._reason = self._reason or reason
        self._transport.abort()

    # --- asyncio calls -------------------------------------------------------------------------

    def connection_made(self, transport: asyncio.BaseTransport) -> None:
        assert isinstance(transport, asyncio.Transport)
        shared = self._shared
        self._transport = transport
        self.peer_address = str((transport.get_extra_info("peername") or "?")[0])
        self._incoming, self._outgoing = ssl.MemoryBIO(), ssl.MemoryBIO()
        with shared.fault:
            self._receiver = self._make_receiver(self)
            server_side = self._server_name is None
            self._tls = shared.context.wrap_bio(self._incoming, self._outgoing, server_side, self._server_name)
            keep_alive(transport)
            send_at_once(transport.get_extra_info("socket"))
            transport.set_write_buffer_limits(high=PENDING_LIMIT // 2)
            self._set_timer(HANDSHAKE_TIMEOUT_S, self._handshake_timed_out)
            if not server_side:
                self.step()

    def get_buffer(self, sizehint: int) -> memoryview:
        return self._shared.buffer

    def buffer_updated(self, nbytes: int) -> None:
        with self._shared.fault:
            if self._closing:
                return
            self._incoming.write(self._shared.buffer[:nbytes])
            if self._open:
                self._read()
            else:
                self._feed_handshake(nbytes)

    def pause_writing(self) -> None:
        """The peer does not read: stop reading from it until it does."""
        self._transport.pause_reading()

    def resume_writing(self) -> None:
        self._transport.resume_reading()

    def eof_received(self) -> bool:
        """True: the transport stays open until the scheduler cleans it up."""
        with self._shared.fault:
            if self._shared.scheduler is None:
                self.clean_up()
            else:
                self._shared.scheduler.leave(self)
        return True

    def clean_up(self) -> None:
        """The peer has closed the connection. Read its last bytes, which may say why, and close."""
        if self._queued:
            self.step()
        self.abort("It closed the connection." if self._open else "It closed the connection during the TLS handshake.")

    def connection_lost(self, error: Exception | None) -> None:
        self._closing = True
        self._set_timer(0.0, None)
        reason = f"The connection was lost: {_os_reason(error)}." if error else "It closed the connection."
        with self._shared.fault:
            self._receiver.ended(self._reason or reason)
            # Break reference cycles: a thousand connections that end at once are freed without a long collection.
            del self._receiver, self._tls, self._incoming, self._outgoing

    # --- inside --------------------------------------------------------------------------------

    def step(self) -> None:
        """Run one step of the handshake with the bytes received so far."""
        self._queued = False
        self._begun = True
        if self._closing:
            return
        try:
            self._tls.do_handshake()
        except ssl.SSLWantReadError:
            self._flush()
            return
        except ssl.SSLError as error:
            self._flush()  # sends the alert
            self._reason = explain(error, self._first) if self._server_name is None else _tls_reason(error)
            self._closing = True
            self._transport.close()
            self._set_timer(CLOSE_TIMEOUT_S, self._transport.abort)
            return
        self._flush()
        self._open = True
        self._first = b""
        self._set_timer(0.0, None)
        self._receiver.opened()
        self._read()

    def _feed_handshake(self, nbytes: int) -> None:
        if len(self._first) < HELLO_LIMIT:
            self._first += bytes(self._shared.buffer[: min(nbytes, HELLO_LIMIT)])
        if self._incoming.pending > HANDSHAKE_LIMIT:
            self.abort("It sent too much before the TLS handshake was complete.")
        elif self._shared.scheduler is None:
            self.step()
        elif not self._queued:
            self._queued = True
            self._shared.scheduler.enter(self, self._begun)

    def _read(self) -> None:
        while self._incoming.pending or self._tls.pending():
            if self._closing:
                return
            try:
                data = self._tls.read(RECORD)
            except ssl.SSLWantReadError:
                break
            except ssl.SSLZeroReturnError:
                self.close("It disconnected.", close_notify=False)
                return
            except ssl.SSLError as error:
                self.abort(f"It violated the TLS protocol ({(error.reason or 'no reason').lower().replace('_', ' ')}).")
                return
            if not data:
                self.close("It disconnected.", close_notify=False)
                return
            self._receiver.received(data)
        self._flush()

    def _flush(self) -> None:
        if self._outgoing.pending and not self._transport.is_closing():
            self._transport.write(self._outgoing.read())

    def _send_close_notify(self) -> None:
        try:
            self._tls.unwrap()
        except ssl.SSLError:  # the peer's close_notify is not awaited
            pass
        self._flush()

    def _handshake_timed_out(self) -> None:
        with self._shared.fault:
            self.abort(f"It did not complete the TLS handshake within {HANDSHAKE_TIMEOUT_S:.0f} s.")

    def _set_timer(self, after: float, call: Callable[[], None] | None) -> None:
        if self._timer is not None:
            self._timer.cancel()
        self._timer = None if call is None else self._shared.loop.call_later(after, call)


def _tls_reason(error: ssl.SSLError) -> str:
    return f"TLS failed ({(error.reason or 'no reason given').lower().replace('_', ' ')})."


def _os_reason(error: Exception) -> str:
    return error.strerror if isinstance(error, OSError) and error.strerror else type(error).__name__
