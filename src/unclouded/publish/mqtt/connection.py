"""One connection to the broker: TCP or TLS, a ClientSession, and pings. The only part that knows sockets.

It reports events to one function, from the loop; ``wait_lost`` returns with the reason when the connection is over.
"""

import asyncio
import socket
import ssl
from collections.abc import Callable, Sequence

from unclouded.core.security.tls import client_context
from unclouded.core.system.sockets import send_at_once
from unclouded.publish.mqtt.session import ClientSession, Lost, Refused, SessionEvent
from unclouded.publish.mqtt.settings import MqttSettings

CONNECT_TIMEOUT_S = 10.0  # s until TCP and TLS are up
ANSWER_TIMEOUT_S = 10.0  # s until the broker answers CONNECT, and each ping
HIGH_WATER = 262_144  # bytes that wait to be written before the publisher pauses
CLOSE_TIMEOUT_S = 1.0  # s for what waits to be written at the end


class BrokerUnreachable(Exception):
    """No connection. Its text says why, and what to do."""


class MqttConnection(asyncio.Protocol):
    """``report`` gets the events of each chunk of bytes; ``writable`` is called when there is room again."""

    def __init__(
        self,
        session: ClientSession,
        report: Callable[[Sequence[SessionEvent]], None],
        writable: Callable[[], None],
    ) -> None:
        self.session = session
        self._is_full = False
        self._loop = asyncio.get_running_loop()
        self._report = report
        self._writable = writable
        self._transport: asyncio.Transport | None = None
        self._lost: asyncio.Future[str] = self._loop.create_future()
        self._received_at = self._sent_at = self._loop.time()
        self._accepted_at: float | None = None
        self._timer: asyncio.TimerHandle | None = None

    # --- asyncio.Protocol ----------------------------------------------------------------------

    def connection_made(self, transport: asyncio.BaseTransport) -> None:
        assert isinstance(transport, asyncio.Transport)
        self._transport = transport
        transport.set_write_buffer_limits(high=HIGH_WATER)
        if (sock := transport.get_extra_info("socket")) is not None:
            send_at_once(sock)
        self.write(self.session.opening())
        self._watch()

    def data_received(self, data: bytes) -> None:
        self._received_at = self._loop.time()
        events = self.session.receive(data)
        self.write(self.session.answers())
        for event in events:
            if isinstance(event, Lost | Refused):
                self._end(
                    event.text if isinstance(event, Lost) else f"The broker refuses the connection: {event.text}."
                )
                return
        self._report(events)

    def pause_writing(self) -> None:
        self._is_full = True

    def resume_writing(self) -> None:
        self._is_full = False
        self._writable()

    def connection_lost(self, error: Exception | None) -> None:
        self._end(f"The connection was lost: {error}." if error else "The broker ended the connection.")

    # --- for the publisher ---------------------------------------------------------------------

    def takes_more(self) -> bool:
        """Whether the socket takes more now; else ``writable`` is called when it does."""
        return not self._is_full

    def write(self, data: bytes) -> None:
        """Send these bytes; nothing is sent where the connection is closed."""
        if data and self._transport is not None and not self._transport.is_closing():
            self._sent_at = self._loop.time()
            self._transport.write(data)

    async def wait_lost(self) -> str:
        """Wait for the end of the connection; why it ended."""
        await asyncio.wait({self._lost})
        return self._lost.result()

    async def close(self, farewell: bytes = b"") -> None:
        """Write what waits, then DISCONNECT: the broker does not publish the will."""
        if self._transport is None or self._lost.done():
            return
        self.write(farewell + self.session.closing())
        self._transport.close()
        await asyncio.wait({self._lost}, timeout=CLOSE_TIMEOUT_S)
        self._transport.abort()
        self._end("closed")

    # --- inside --------------------------------------------------------------------------------

    def _end(self, reason: str) -> None:
        if self._timer is not None:
            self._timer.cancel()
        if not self._lost.done():
            self._lost.set_result(reason)
        if self._transport is not None:
            self._transport.abort() if not self._transport.is_closing() else None

    def _watch(self) -> None:
        """Ping where nothing was sent for a while; end a connection on which nothing comes any more."""
        now = self._loop.time()
        silent = now - self._received_at
        if silent > self.session.keep_alive_s + ANSWER_TIMEOUT_S:
            self._end("The broker does not answer any more.")
            return
        if max(silent, now - self._sent_at) >= self.session.keep_alive_s:
            self.write(self.session.ping())
        self._timer = self._loop.call_later(self.session.keep_alive_s / 2, self._watch)


async def connect(
    settings: MqttSettings,
    session: ClientSession,
    report: Callable[[Sequence[SessionEvent]], None],
    writable: Callable[[], None],
) -> MqttConnection:
    """Connect, without waiting for the broker's answer to CONNECT. Raises BrokerUnreachable."""
    context = tls_context(settings)
    loop = asyncio.get_running_loop()
    try:
        async with asyncio.timeout(CONNECT_TIMEOUT_S):
            _, connection = await loop.create_connection(
                lambda: MqttConnection(session, report, writable),
                settings.host,
                settings.port,
                ssl=context,
                ssl_handshake_timeout=CONNECT_TIMEOUT_S if context else None,
            )
    except (OSError, TimeoutError) as error:
        raise BrokerUnreachable(why_not(settings, error)) from error
    return connection


def tls_context(settings: MqttSettings) -> ssl.SSLContext | None:
    """None without TLS. Raises BrokerUnreachable where a file cannot be used."""
    if not settings.tls:
        return None
    file = settings.cafile
    try:
        context = client_context(settings.cafile)
        if settings.certfile is not None:
            file = settings.certfile
            context.load_cert_chain(settings.certfile, settings.keyfile, password=lambda: "")
    except (OSError, ValueError) as error:
        reason = (
            error.strerror if isinstance(error, OSError) and not isinstance(error, ssl.SSLError) else "no such content"
        )
        raise BrokerUnreachable(f"[mqtt]: {file} cannot be used: {reason}. Name a file in PEM form.") from error
    return context


def password_of(settings: MqttSettings) -> str:
    """The password; read again for each connection. Raises BrokerUnreachable."""
    if settings.password_file is None:
        return settings.password
    try:
        return settings.password_file.read_text("utf-8").partition("\n")[0].rstrip("\r")
    except (OSError, UnicodeError) as error:
        reason = error.strerror if isinstance(error, OSError) else "it is not UTF-8 text"
        raise BrokerUnreachable(
            f"[mqtt] password_file: {settings.password_file} cannot be read: {reason}. Correct the path or the file."
        ) from error


def why_not(settings: MqttSettings, error: Exception) -> str:
    """Why there is no connection, and what to check."""
    place = settings.place
    match error:
        case ssl.SSLCertVerificationError():
            return (
                f"The certificate of {place} is not trusted: {error.verify_message}. Name its authority with cafile, "
                "and the broker by a name that is in its certificate."
            )
        case ssl.SSLError():
            return f"The TLS handshake with {place} failed ({error.reason}). For a broker without TLS write mqtt://…"
        case socket.gaierror():
            return f"The host name {settings.host} is unknown. Check the spelling, or use the IP address."
        case ConnectionRefusedError():
            return f"{settings.host} refuses port {settings.port}. Is the broker running, and is that its port?"
        case TimeoutError():
            return f"The broker {place} does not answer. Is it running and in this network?"
        case OSError() if error.strerror:
            return f"The broker {place} cannot be reached: {error.strerror}. Is it running and in this network?"
    return f"The broker {place} cannot be reached."
