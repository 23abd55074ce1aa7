"""One connection to a NATS server, from the dial to its end.

    dial ─► INFO ─► TLS, before anything is sent ─► CONNECT, PING ─► PONG: ready ─► … ─► gone: why

Every end is a reason in words, never an exception of the loop. What is written is bounded, and so is what is read.
"""

import asyncio
import ssl
from collections.abc import Callable, Mapping
from typing import Any, Literal
from urllib.parse import urlsplit

import msgspec

from unclouded import VERSION
from unclouded.core.errors import LinkError
from unclouded.core.security.tls import client_context
from unclouded.core.system.sockets import send_at_once
from unclouded.links.dial import CLOSE_TIMEOUT_S
from unclouded.links.nats.wire import (
    PING,
    PONG,
    NatsComplaint,
    NatsEvent,
    NatsInfo,
    NatsMessage,
    NatsParser,
    connect_line,
    signature_text,
)
from unclouded.links.tcp import why_not_connected

DIAL_S = 15.0  # s from the dial until the server has accepted us
PENDING_BYTES = 4 * 1024 * 1024  # waiting to be written; more is rejected
PORT = 4222
SCHEMES = ("tls", "nats")
REFUSALS = {
    "authorization violation": "It refuses the key or the token: it is unknown there, or was revoked.",
    "user authentication expired": "The token has expired.",
    "user authentication revoked": "The token was revoked.",
    "account authentication expired": "The account of the fleet has expired.",
    "maximum connections exceeded": "It has reached its limit of connections.",
    "account maximum active connections exceeded": "The account of the fleet has reached its limit of connections.",
    "authentication timeout": "It waited too long for the login; it may be very busy.",
    "stale connection": "It received no answer from this computer for too long.",
}
NOT_FATAL = ("permissions violation", "invalid subject")


class NatsServer(msgspec.Struct, frozen=True):
    """Where a server is. ``encrypted``: nothing is sent before TLS."""

    host: str
    port: int
    encrypted: bool

    def __str__(self) -> str:
        return f"{self.host}:{self.port}"


class NatsIdentity(msgspec.Struct, frozen=True):
    """Who connects. ``token``: the newest user JWT; ``sign``: signs a nonce with the key of that user.

    ``authority``: certificates (PEM) that the server's is verified by, "" = those of the system.
    """

    name: str = ""
    token: Callable[[], str] | None = None
    sign: Callable[[bytes], bytes] | None = None
    user: str = ""
    password: str = ""
    authority: str = ""

    def context(self) -> ssl.SSLContext:
        """For a client that verifies the server. Raises LinkError."""
        try:
            if not self.authority:
                return client_context()
            context = ssl.SSLContext(ssl.PROTOCOL_TLS_CLIENT)
            context.minimum_version = ssl.TLSVersion.TLSv1_2
            context.load_verify_locations(cadata=self.authority)
        except (OSError, ValueError) as error:
            raise LinkError(f"The certificate of the fleet's authority cannot be used: {error}.") from None
        return context


def nats_server(url: str) -> NatsServer:
    """``tls://host[:port]`` or ``nats://host[:port]``. Raises LinkError."""
    try:
        parts = urlsplit(url)
        host, port = parts.hostname or "", parts.port or PORT
    except ValueError:
        host, port = "", 0
    if not host or parts.scheme not in SCHEMES or parts.path.strip("/") or parts.username:
        raise LinkError(f"{url[:100]!r} is not an address of a NATS server; write tls://HOST:{PORT}.")
    return NatsServer(host, port, parts.scheme == "tls")


async def first_of(*futures: asyncio.Future[Any], timeout_s: float | None = None) -> None:  # Any: of several types
    """Wait until one of them is done; being cancelled here cancels none of them."""
    await asyncio.wait(set(futures), timeout=timeout_s, return_when=asyncio.FIRST_COMPLETED)


class NatsConnection(asyncio.Protocol):
    """``take``: gets messages. ``warn``: gets complaints of the server that do not end the connection.

    ``ready`` completes when the server has accepted us, ``gone`` with the reason of the end.
    """

    def __init__(self, server: NatsServer, identity: NatsIdentity, take: Callable[[NatsMessage], None]) -> None:
        loop = asyncio.get_running_loop()
        self.server = server
        self.gone: asyncio.Future[str] = loop.create_future()
        self.max_payload = 0
        self.warning = ""  # the newest complaint that did not end it
        self.refused = False  # the server does not want us, which another attempt will not change soon
        self.was_active = False  # bytes have come since this was set to False
        self._identity = identity
        self._take = take
        self._parser = NatsParser()
        self._info: asyncio.Future[NatsInfo] = loop.create_future()
        self._pongs: list[asyncio.Future[None]] = []
        self._transport: asyncio.Transport | None = None
        self._stage: Literal["plain", "turning", "ready"] = "plain"
        self._reason = ""

    async def open(self) -> None:
        """Dial and introduce ourselves. Raises LinkError; then it is closed."""
        try:
            async with asyncio.timeout(DIAL_S):
                await self._open()
        except TimeoutError:
            raise LinkError(f"{self.server} accepts the connection, but does not answer as a NATS server.") from None
        except ssl.SSLCertVerificationError as error:
            raise LinkError(f"The certificate of {self.server} is not trusted: {error.verify_message}.") from None
        except ssl.SSLError as error:
            raise LinkError(f"{self.server} cannot be reached over TLS: {error.reason or error}.") from None
        except OSError as error:
            raise LinkError(why_not_connected(self.server.host, self.server.port, error)) from None

    def send(self, data: bytes) -> bool:
        """Whether the bytes were accepted."""
        transport = self._transport
        if transport is None or transport.is_closing() or self._stage != "ready":
            return False
        if transport.get_write_buffer_size() + len(data) > PENDING_BYTES:
            return False
        transport.write(data)
        return True

    async def flush(self, timeout_s: float) -> bool:
        """Wait until the server has read all that was sent. Whether it has."""
        pong: asyncio.Future[None] = asyncio.get_running_loop().create_future()
        if not self.send(PING):
            return False
        self._pongs.append(pong)
        await first_of(pong, self.gone, timeout_s=timeout_s)
        return pong.done()

    def ping(self) -> None:
        """Ask for a sign of life."""
        self._pongs.append(asyncio.get_running_loop().create_future())
        self.send(PING)

    def end(self, reason: str) -> None:
        """End it at once."""
        self._reason = self._reason or reason
        if self._transport is not None:
            self._transport.abort()
        elif not self.gone.done():
            self.gone.set_result(self._reason)

    async def close(self) -> None:
        """Send what waits, for CLOSE_TIMEOUT_S at most, then close."""
        if self._transport is None:
            return
        self._reason = self._reason or "This computer closed it."
        self._transport.close()
        await asyncio.wait({self.gone}, timeout=CLOSE_TIMEOUT_S)
        if not self.gone.done():
            self._transport.abort()
            await asyncio.wait({self.gone}, timeout=CLOSE_TIMEOUT_S)

    # --- asyncio.Protocol ----------------------------------------------------------------------

    def connection_made(self, transport: asyncio.BaseTransport) -> None:
        assert isinstance(transport, asyncio.Transport)
        self._transport = transport
        sock = transport.get_extra_info("socket")
        if sock is not None:
            send_at_once(sock)

    def data_received(self, data: bytes) -> None:
        self.was_active = True
        is_early = self._stage == "turning"
        for event in self._parser.receive(data):
            is_early |= self._stage == "turning"
            if not is_early:
                self._take_event(event)
        if is_early or (self._stage == "turning" and self._parser.waiting):
            self.end(f"{self.server} sends bytes without encryption where TLS begins.")
        if self._parser.broken:
            self.end(f"{self.server} is not a NATS server: {self._parser.broken}")

    def connection_lost(self, error: Exception | None) -> None:
        if not self.gone.done():
            detail = f": {error}" if error is not None else ""
            self.gone.set_result(self._reason or f"{self.server} closed the connection{detail}.")

    # --- inside --------------------------------------------------------------------------------

    async def _open(self) -> None:
        loop = asyncio.get_running_loop()
        await loop.create_connection(lambda: self, self.server.host, self.server.port)
        info = await self._before_end(self._info)
        self.max_payload = info.max_payload
        if self.server.encrypted and not (info.tls_required or info.tls_available):
            raise LinkError(f"{self.server} offers no encryption, so nothing is sent to it.")
        if self.server.encrypted or info.tls_required:
            await self._encrypt()
        self._stage = "ready"
        pong: asyncio.Future[None] = loop.create_future()
        self._pongs.append(pong)
        self.send(connect_line(self._options(info)) + PING)
        await self._before_end(pong)

    async def _encrypt(self) -> None:
        transport = self._transport
        assert transport is not None
        context = await asyncio.to_thread(self._identity.context)  # reading those of the system takes 40 ms
        if transport.is_closing():
            raise LinkError(self._reason or f"{self.server} closed the connection.")
        self._stage = "plain"  # from here on, what comes was decrypted
        loop = asyncio.get_running_loop()
        encrypted = await loop.start_tls(transport, self, context, server_hostname=self.server.host)
        if encrypted is None:
            raise LinkError(f"{self.server} closed the connection while TLS began.")
        self._transport = encrypted

    async def _before_end(self, wanted: asyncio.Future[NatsInfo] | asyncio.Future[None]) -> NatsInfo:
        await first_of(wanted, self.gone)
        if not wanted.done():
            raise LinkError(self.gone.result())
        return wanted.result() or NatsInfo()

    def _options(self, info: NatsInfo) -> Mapping[str, object]:
        """What CONNECT says. Without headers a server cannot say that there are no responders."""
        options: dict[str, object] = {
            "verbose": False,
            "pedantic": False,
            "lang": "python-unclouded",
            "version": VERSION,
            "protocol": 1,
            "echo": False,
            "headers": True,
            "no_responders": True,
            "name": self._identity.name,
        }
        if self._identity.token is not None and self._identity.sign is not None and info.nonce:
            options["jwt"] = self._identity.token()
            options["sig"] = signature_text(self._identity.sign(info.nonce.encode()))
        if self._identity.user:
            options |= {"user": self._identity.user, "pass": self._identity.password}
        return options

    def _take_event(self, event: NatsEvent) -> None:
        match event:
            case NatsMessage():
                self._take(event)
            case "ping":
                if self._transport is not None:
                    self._transport.write(PONG)
            case "pong":
                if self._pongs and not (pong := self._pongs.pop(0)).done():
                    pong.set_result(None)
            case NatsInfo():
                self._greeted(event)
            case NatsComplaint(text=text):
                self._complained(text)

    def _greeted(self, info: NatsInfo) -> None:
        """The first INFO; later ones name other servers, which count as soon as the fleet names them."""
        if self._info.done():
            self.max_payload = info.max_payload
            return
        if self.server.encrypted or info.tls_required:
            self._stage = "turning"
        self._info.set_result(info)

    def _complained(self, text: str) -> None:
        low = text.lower()
        if low.startswith(NOT_FATAL):
            self.warning = text
            return
        known = next((words for start, words in REFUSALS.items() if low.startswith(start)), "")
        self.refused = "auth" in low and not low.startswith("authentication timeout")
        self.end(f"{self.server}: {known or text}")
