"""TLS over a TCP connection by a pump round two ``ssl.MemoryBIO``s, for both ends of the broker.

    socket ──► incoming BIO ──► SSLObject ──► ear.received      (a shared read buffer: nothing of it per connection)
    socket ◄── outgoing BIO ◄── SSLObject ◄── wire.send         (bounded: what does not fit is not taken)

asyncio's own TLS takes ten times the memory and cannot say why a handshake failed. A server's handshakes pass a
``HandshakeScheduler``, one step in each turn of the loop: when all plugs of a house call at once, those that are in already
are not kept waiting while it signs.
"""

import asyncio
import ssl
from collections import deque
from collections.abc import Callable
from typing import Protocol

from unclouded.core.sockets import send_at_once
from unclouded.core.supervise import Fault
from unclouded.links.broker.tls_policy import HELLO_LIMIT, explain
from unclouded.links.dial import PENDING_LIMIT
from unclouded.links.tcp import keep_alive

READ_SIZE = 65_536  # bytes that one read of a socket takes
RECORD = 16_384  # bytes of plain text in a TLS record
HANDSHAKE_PATIENCE = 20.0  # s; plugs of 2018 take some of them
HANDSHAKE_LIMIT = 32_768  # bytes that may come before the handshake is done
CLEARED = 4  # ended connections that are cleared away in one turn of the loop
GOODBYE_PATIENCE = 1.0  # s for what is written to leave after the goodbye


class StreamReceiver(Protocol):
    """Who listens to a wire."""

    def opened(self) -> None:
        """The handshake is done."""

    def received(self, data: bytes) -> None:
        """Plain bytes."""

    def ended(self, reason: str) -> None:
        """It is over; once, also where it never opened."""


class HandshakeScheduler:
    """Lets one handshake take one step in each turn of the loop, and a few ended connections be cleared away.

    Handshakes that are under way go first: few are half done at a time, and only those hold memory.
    """

    def __init__(self, fault: Fault) -> None:
        self._fault = fault
        self._begun: deque[TlsConnection] = deque()
        self._fresh: deque[TlsConnection] = deque()
        self._ended: deque[TlsConnection] = deque()
        self._loop = asyncio.get_running_loop()
        self._called = False

    def enter(self, wire: "TlsConnection", begun: bool) -> None:
        (self._begun if begun else self._fresh).append(wire)
        self._call()

    def leave(self, wire: "TlsConnection") -> None:
        self._ended.append(wire)
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
            for _ in range(min(CLEARED, len(self._ended))):
                self._ended.popleft().clear_away()
        if self._begun or self._fresh or self._ended:
            self._call()


class SharedTls:
    """What all wires of one broker (or of one client) share."""

    def __init__(self, context: ssl.SSLContext, fault: Fault, turnstile: HandshakeScheduler | None = None) -> None:
        self.context = context
        self.fault = fault
        self.turnstile = turnstile
        self.buffer = memoryview(bytearray(READ_SIZE))
        self.loop = asyncio.get_running_loop()


class TlsConnection(asyncio.BufferedProtocol):
    """One connection. ``listen`` makes the ear when the connection is there, before the handshake.

    ``server_name``: for a client, what it asks for; None = we are the server.
    """

    __slots__ = (
        "_begun", "_closing",
        "_ear",
        "_first",
        "_incoming",
        "_listen",
        "_open",
        "_outgoing",
        "_queued",
        "_server_name",
        "_shared",
        "_timer",
        "_tls",
        "_transport",
        "_words",
        "peer",
    )  # fmt: skip

    def __init__(
        self, shared: SharedTls, listen: Callable[["TlsConnection"], StreamReceiver], server_name: str | None = None
    ) -> None:
        self.peer = "?"
        self._shared = shared
        self._listen = listen
        self._server_name = server_name
        self._first = b""
        self._words = ""
        self._open = self._closing = self._queued = self._begun = False
        self._timer: asyncio.TimerHandle | None = None

    # --- what the ear may do -------------------------------------------------------------------

    @property
    def opened(self) -> bool:
        """The handshake was done."""
        return self._open

    @property
    def closing(self) -> bool:
        return self._closing

    def send(self, data: bytes, limit: int = PENDING_LIMIT) -> bool:
        """Whether the bytes were taken. Not before the wire opened, nor after it closed."""
        if not self._open or self._closing or self._transport.is_closing():
            return False
        if self._transport.get_write_buffer_size() + len(data) > limit:
            return False
        self._tls.write(data)
        self._transport.write(self._outgoing.read())
        return True

    def close(self, words: str, goodbye: bool = True) -> None:
        """Say goodbye and hang up; ``ended`` comes with these words."""
        if self._closing:
            return
        self._closing = True
        self._words = self._words or words
        if goodbye and self._open:
            self._say_goodbye()
        self._transport.close()
        self._set_timer(GOODBYE_PATIENCE, self._transport.abort)

    def hang_up(self, words: str) -> None:
        """End it now, without a word to the other end."""
        self._closing = True
        self._words = self._words or words
        self._transport.abort()

    # --- asyncio calls -------------------------------------------------------------------------

    def connection_made(self, transport: asyncio.BaseTransport) -> None:
        assert isinstance(transport, asyncio.Transport)
        shared = self._shared
        self._transport = transport
        self.peer = str((transport.get_extra_info("peername") or "?")[0])
        self._incoming, self._outgoing = ssl.MemoryBIO(), ssl.MemoryBIO()
        with shared.fault:
            self._ear = self._listen(self)
            server_side = self._server_name is None
            self._tls = shared.context.wrap_bio(self._incoming, self._outgoing, server_side, self._server_name)
            keep_alive(transport)
            send_at_once(transport.get_extra_info("socket"))
            transport.set_write_buffer_limits(high=PENDING_LIMIT // 2)
            self._set_timer(HANDSHAKE_PATIENCE, self._too_slow)
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
                self._shake(nbytes)

    def pause_writing(self) -> None:
        """It does not read what we say: until it does, we do not read what it says."""
        self._transport.pause_reading()

    def resume_writing(self) -> None:
        self._transport.resume_reading()

    def eof_received(self) -> bool:
        """True: it stays open until it is its turn to be cleared away."""
        with self._shared.fault:
            if self._shared.turnstile is None:
                self.clear_away()
            else:
                self._shared.turnstile.leave(self)
        return True

    def clear_away(self) -> None:
        """The other end has hung up: so do we. What it said last may say why."""
        if self._queued:
            self.step()
        self.hang_up("It hung up." if self._open else "It hung up during the TLS handshake.")

    def connection_lost(self, error: Exception | None) -> None:
        self._closing = True
        self._set_timer(0.0, None)
        words = f"The connection was lost: {_os_words(error)}." if error else "It hung up."
        with self._shared.fault:
            self._ear.ended(self._words or words)
            # No cycle is left: a thousand that go at once are freed one by one, not in one long collection.
            del self._ear, self._tls, self._incoming, self._outgoing

    # --- inside --------------------------------------------------------------------------------

    def step(self) -> None:
        """One step of the handshake with what has come so far."""
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
            self._flush()  # the alert says to the other end what we say in the log
            self._words = explain(error, self._first) if self._server_name is None else _tls_words(error)
            self._closing = True
            self._transport.close()
            self._set_timer(GOODBYE_PATIENCE, self._transport.abort)
            return
        self._flush()
        self._open = True
        self._first = b""
        self._set_timer(0.0, None)
        self._ear.opened()
        self._read()

    def _shake(self, nbytes: int) -> None:
        if len(self._first) < HELLO_LIMIT:
            self._first += bytes(self._shared.buffer[: min(nbytes, HELLO_LIMIT)])
        if self._incoming.pending > HANDSHAKE_LIMIT:
            self.hang_up("It said too much before the TLS handshake was done.")
        elif self._shared.turnstile is None:
            self.step()
        elif not self._queued:
            self._queued = True
            self._shared.turnstile.enter(self, self._begun)

    def _read(self) -> None:
        while self._incoming.pending or self._tls.pending():
            if self._closing:
                return
            try:
                data = self._tls.read(RECORD)
            except ssl.SSLWantReadError:
                break
            except ssl.SSLZeroReturnError:
                self.close("It said goodbye.", goodbye=False)
                return
            except ssl.SSLError as error:
                self.hang_up(
                    f"It broke the TLS connection ({(error.reason or 'no reason').lower().replace('_', ' ')})."
                )
                return
            if not data:
                self.close("It said goodbye.", goodbye=False)
                return
            self._ear.received(data)
        self._flush()

    def _flush(self) -> None:
        if self._outgoing.pending and not self._transport.is_closing():
            self._transport.write(self._outgoing.read())

    def _say_goodbye(self) -> None:
        try:
            self._tls.unwrap()
        except ssl.SSLError:  # it wants the other end's goodbye, which we do not wait for
            pass
        self._flush()

    def _too_slow(self) -> None:
        with self._shared.fault:
            self.hang_up(f"It did not finish the TLS handshake within {HANDSHAKE_PATIENCE:.0f} s.")

    def _set_timer(self, after: float, call: Callable[[], None] | None) -> None:
        if self._timer is not None:
            self._timer.cancel()
        self._timer = None if call is None else self._shared.loop.call_later(after, call)


def _tls_words(error: ssl.SSLError) -> str:
    return f"TLS failed ({(error.reason or 'no reason given').lower().replace('_', ' ')})."


def _os_words(error: Exception) -> str:
    return error.strerror if isinstance(error, OSError) and error.strerror else type(error).__name__
