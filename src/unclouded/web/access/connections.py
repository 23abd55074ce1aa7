"""The connections of the page and the API: how many there may be, and how long each may take.

    accept ── table full? ── the oldest idle connection makes room ── none idle: refused
      └─ TLS ─► head ──────► body ─────────────────► response ─► head of the next request …
         10 s   10 s         15 s + 1 s per 32 kB    as long as the client reads; 30 s where it does not

*Idle* is a connection whose next request is not complete: it has sent nothing, or a part of a head. A client that
connects and stays silent therefore takes no place from others, whether it opens one connection or thousands.

uvicorn has one timer, for the pause between two requests; this module adds the others, and answers malformed requests
and frames without a traceback in the log.
"""

import asyncio
import functools
import socket
import struct
from collections import OrderedDict
from collections.abc import Callable
from typing import Any

import h11
import msgspec
from uvicorn.config import Config
from uvicorn.protocols.http.h11_impl import H11Protocol
from uvicorn.protocols.websockets.websockets_sansio_impl import WebSocketsSansIOProtocol
from uvicorn.server import ServerState
from websockets.exceptions import InvalidState

from unclouded.core.system.sockets import group_of

MAX_PER_ADDRESS = 64  # connections; a browser opens 6 and a WebSocket for each tab
PROXY_GROUPS = (
    "",
    group_of("127.0.0.1"),
    group_of("::1"),
)  # any number of clients may be behind a proxy on this computer

HANDSHAKE_TIMEOUT_S = 10.0  # TLS, from the connection on
HEAD_TIMEOUT_S = 10.0  # from the connection, or the end of the previous response, to the end of the head
BODY_TIMEOUT_S = 15.0  # from the end of the head to the end of the body, and for each MIN_BYTES_PER_S 1 s more
MIN_BYTES_PER_S = 32 * 1024
LINGER_S = 3.0  # for the rest of a body after the response, which would be lost if the connection was closed at once
WRITE_TIMEOUT_S = 30.0  # in which a client has to read something
CLOSE_TIMEOUT_S = 5.0  # TLS: for the other end's close
NO_LINGER = struct.pack("ii", 1, 0)  # SO_LINGER on, 0 s
WRITE_HIGH_WATER = 1  # bytes: any unsent byte pauses the application; 0 would pause it for ever over TLS


class Slot:
    """The place of one connection in the table. ``close`` frees it; ``abort`` ends the connection."""

    def __init__(self, table: "ConnectionTable", group: str) -> None:
        self.group = group
        self.abort: Callable[[], None] = _nothing
        self._table = table

    def idle(self) -> None:
        """From now on the connection may make room for another."""
        self._table.mark_idle(self)

    def busy(self) -> None:
        """The connection is in use: it is not closed to make room."""
        self._table.mark_busy(self)

    def close(self) -> None:
        """The connection is gone: its slot is free."""
        self._table.free(self)


class _Group(msgspec.Struct):
    """The connections of one address, and those that are idle in the order in which they became so."""

    slots: set[Slot]
    idle: OrderedDict[Slot, None]


class ConnectionTable:
    """Counts connections: at most ``most``, and ``most_per_address`` of each address (or IPv6 network /64).

    Every operation takes constant time.
    """

    def __init__(self, most: int, most_per_address: int) -> None:
        self._most = most
        self._most_per_address = min(most_per_address, most)
        self._groups: dict[str, _Group] = {}
        self._idle: OrderedDict[Slot, None] = OrderedDict()
        self._count = 0

    def __len__(self) -> int:
        return self._count

    def open(self, host: str) -> Slot | None:
        """A slot for a new, idle connection from this address; None where all are busy."""
        name = group_of(host) if host else ""
        group = self._groups.get(name)
        if group is not None and len(group.slots) >= self._limit(name) and not self._make_room(group.idle):
            return None
        if self._count >= self._most and not self._make_room(self._idle):
            return None
        slot = Slot(self, name)
        self._groups.setdefault(name, _Group(set(), OrderedDict())).slots.add(slot)
        self._count += 1
        self.mark_idle(slot)
        return slot

    def mark_idle(self, slot: Slot) -> None:
        """The connection waits for a request: it may be closed to make room."""
        group = self._groups.get(slot.group)
        if group is not None and slot in group.slots and slot not in self._idle:
            self._idle[slot] = group.idle[slot] = None

    def mark_busy(self, slot: Slot) -> None:
        """The connection is in use: it is not closed to make room."""
        if slot in self._idle:
            del self._idle[slot], self._groups[slot.group].idle[slot]

    def free(self, slot: Slot) -> None:
        """The connection has ended; may be called again."""
        self.mark_busy(slot)
        group = self._groups.get(slot.group)
        if group is None or slot not in group.slots:
            return
        group.slots.remove(slot)
        self._count -= 1
        if not group.slots:
            del self._groups[slot.group]

    def _limit(self, group: str) -> int:
        return self._most if group in PROXY_GROUPS else self._most_per_address

    def _make_room(self, idle: OrderedDict[Slot, None]) -> bool:
        """End the connection that has been idle for the longest time."""
        slot = next(iter(idle), None)
        if slot is None:
            return False
        self.free(slot)
        slot.abort()
        return True


class Deadline:
    """One timer of a connection."""

    def __init__(self, expired: Callable[[], None]) -> None:
        self._expired = expired
        self._timer: asyncio.TimerHandle | None = None

    def set(self, seconds: float) -> None:
        """So many seconds from now, in place of the one before."""
        self.clear()
        self._timer = asyncio.get_running_loop().call_later(seconds, self._expired)

    def clear(self) -> None:
        """There is none any more."""
        if self._timer is not None:
            self._timer.cancel()
            self._timer = None

    @property
    def at(self) -> float:
        """When it expires on the loop's clock; infinity where it is not set."""
        return self._timer.when() if self._timer is not None else float("inf")


class WriteWatch:
    """Ends a connection whose client reads nothing for WRITE_TIMEOUT_S, also while the connection is being closed."""

    def __init__(self, transport: asyncio.Transport) -> None:
        self._transport = transport
        self._deadline = Deadline(self._check)
        self._unsent = 0
        transport.set_write_buffer_limits(high=WRITE_HIGH_WATER)

    def paused(self) -> None:
        """Bytes wait for the client."""
        self._unsent = self._transport.get_write_buffer_size()
        self._deadline.set(WRITE_TIMEOUT_S)

    def resumed(self) -> None:
        """The other end reads again."""
        self._deadline.clear()

    def _check(self) -> None:
        unsent = self._transport.get_write_buffer_size()
        if unsent < self._unsent:
            self.paused()
        else:
            _reset(self._transport)


class HttpConnection(H11Protocol):
    """uvicorn's protocol with a slot, and deadlines for head and body."""

    def __init__(
        self,
        config: Config,
        server_state: ServerState,
        app_state: dict[str, Any],  # Any: as uvicorn has it
        _loop: asyncio.AbstractEventLoop | None = None,
        *,
        slot: Slot,
    ) -> None:
        super().__init__(config, server_state, app_state, _loop)
        self._slot = slot
        self._deadline = Deadline(self._expired)
        self._phase: object = None
        self._writes: WriteWatch | None = None
        self.ws_protocol_class = functools.partial(PageConnection, slot=slot)  # type: ignore[assignment]  # a factory

    def connection_made(self, transport: asyncio.Transport) -> None:  # type: ignore[override]  # as in uvicorn
        super().connection_made(transport)
        self._slot.abort = transport.abort
        self._writes = WriteWatch(transport)
        self._follow()

    def connection_lost(self, exc: Exception | None) -> None:
        self._deadline.clear()
        if self._writes is not None:
            self._writes.resumed()
        self._slot.close()
        super().connection_lost(exc)

    def data_received(self, data: bytes) -> None:
        if self.transport.is_closing():
            return
        super().data_received(data)
        if self.transport.get_protocol() is self:  # no WebSocket now
            self._follow()

    def pause_writing(self) -> None:
        super().pause_writing()
        if self._writes is not None:
            self._writes.paused()

    def resume_writing(self) -> None:
        super().resume_writing()
        if self._writes is not None:
            self._writes.resumed()

    def on_response_complete(self) -> None:
        """The response is out: the deadlines of the next request begin."""
        super().on_response_complete()
        self._follow()

    def handle_websocket_upgrade(self, event: h11.Request) -> None:
        """The connection goes on as a WebSocket, without deadlines of requests; its slot counts as busy."""
        self._deadline.clear()
        self._slot.busy()
        if self._writes is not None:
            self._writes.resumed()
        super().handle_websocket_upgrade(event)

    def send_400_response(self, msg: str) -> None:
        """The answer to a malformed request; where another answer has begun, the connection ends."""
        if self.cycle is not None and not self.cycle.response_complete:
            self.cycle.disconnected = True  # the application's answer is not sent
            self.cycle.message_event.set()
        if self.conn.our_state in (h11.IDLE, h11.SEND_RESPONSE):
            super().send_400_response(msg)
        else:
            self.transport.close()

    def _follow(self) -> None:
        """Set the deadline of the phase that the request is in."""
        phase = self.conn.their_state
        answered = self.conn.our_state in (h11.DONE, h11.MUST_CLOSE, h11.CLOSED)
        if phase is not self._phase:
            self._phase = phase
            if phase is h11.IDLE:
                self._slot.idle()
                self._deadline.set(HEAD_TIMEOUT_S)
            else:
                self._slot.busy()
                if phase is h11.SEND_BODY:
                    self._deadline.set(BODY_TIMEOUT_S + self._body_length() / MIN_BYTES_PER_S)
                else:
                    self._deadline.clear()
        if phase is h11.SEND_BODY and answered:
            linger = asyncio.get_running_loop().time() + LINGER_S
            if self._deadline.at > linger:
                self._deadline.set(LINGER_S)

    def _body_length(self) -> int:
        """Content-Length, which h11 has checked; 0 for a body in chunks."""
        return int(next((value for name, value in self.headers if name == b"content-length"), b"0"))

    def _expired(self) -> None:
        if self._phase is not h11.IDLE:
            _reset(self.transport)
        elif self.transport.get_write_buffer_size():  # it still receives the previous response
            self._deadline.set(HEAD_TIMEOUT_S)
        else:
            self.transport.close()


class PageConnection(WebSocketsSansIOProtocol):
    """A WebSocket. Signals at once that a page is slow, instead of buffering frames that are outdated on arrival."""

    def __init__(
        self,
        config: Config,
        server_state: ServerState,
        app_state: dict[str, Any],  # Any: as uvicorn has it
        _loop: asyncio.AbstractEventLoop | None = None,
        *,
        slot: Slot,
    ) -> None:
        super().__init__(config, server_state, app_state, _loop)
        self._slot = slot
        self._writes: WriteWatch | None = None

    def connection_made(self, transport: asyncio.BaseTransport) -> None:
        super().connection_made(transport)
        self._writes = WriteWatch(self.transport)

    def connection_lost(self, exc: Exception | None) -> None:
        if self._writes is not None:
            self._writes.resumed()
        self._slot.close()
        super().connection_lost(exc)

    def shutdown(self) -> None:
        """The server ends. A close that is under way needs no second one."""
        try:
            super().shutdown()
        except InvalidState:
            self.transport.close()

    def pause_writing(self) -> None:
        super().pause_writing()
        if self._writes is not None:
            self._writes.paused()

    def resume_writing(self) -> None:
        super().resume_writing()
        if self._writes is not None:
            self._writes.resumed()

    def data_received(self, data: bytes) -> None:
        if self.transport.is_closing():
            return
        super().data_received(data)
        if not self.handshake_initiated:  # h11 accepts a head that the WebSocket library does not
            self.transport.write(b"HTTP/1.1 400 Bad Request\r\nConnection: close\r\nContent-Length: 0\r\n\r\n")
            self.close_sent = self.handshake_complete = True
            self.transport.close()

    def send_receive_event_to_app(self) -> None:
        """A complete message. Text that is not UTF-8 ends the connection; uvicorn would log a traceback."""
        if self.curr_msg_data_type == "text" and not self.close_sent and not _is_utf_8(b"".join(self.frames)):
            self.frames = []
            self.conn.fail(1007, "text must be UTF-8")
            self.handle_parser_exception()
            return
        super().send_receive_event_to_app()

    async def send(self, message: Any) -> None:  # Any: an ASGI message, as uvicorn has it
        """As uvicorn has it; a refusal with a whole response counts as the end of the handshake."""
        await super().send(message)
        if self.initial_response is not None and self.close_sent:
            self.handshake_complete = True  # refused with a whole response: uvicorn would log an error


def _reset(transport: asyncio.Transport) -> None:
    """End the connection with RST; otherwise the kernel keeps the unsent bytes for minutes."""
    sock = transport.get_extra_info("socket")
    if sock is not None:
        sock.setsockopt(socket.SOL_SOCKET, socket.SO_LINGER, NO_LINGER)
    transport.abort()


def _is_utf_8(data: bytes) -> bool:
    try:
        data.decode()
    except UnicodeDecodeError:
        return False
    return True


def _nothing() -> None:
    """Before the connection has a task."""
