"""Byte streams over TLS, at either end, for tests of a plug or of its server: each byte is the session's own.

    server   waits for a plug; a new connection replaces the one before
    client   connects, and again RETRY_S after it was closed; it verifies nothing, as plugs do

``Out(b"")`` closes the connection. The facts of the path: version, cipher; of a server also its certificate's key,
common name and authority. Source: docs/protocols/meross.md §1.6.4.
"""

import asyncio
import datetime
import ssl
import tempfile
from pathlib import Path

from unclouded.core.security.tls import plug_client_context, plug_server_context
from unclouded.core.sessions.link import Inlet
from unclouded.core.sessions.session import LinkPath, Out
from unclouded.core.system.sockets import Address
from unclouded.links.broker.certificates import prepare
from unclouded.links.dial import DialConnection
from unclouded.links.ports import LinkServer
from unclouded.links.tcp import DIAL_TIMEOUT_S, keep_alive, why_not_connected

NAME = "mqtt"  # of the path
RETRY_S = 1.0


class TlsServerStream:
    """A TLS server with one client at a time. Old versions and ciphers are taken: what a client uses is a fact.

    ``host``: what the plug was bound to; the common name of a certificate that is made for this run.
    """

    def __init__(self, host: str, port: int) -> None:
        self._server = LinkServer("mqtts", host, port)
        self._inlet: Inlet | None = None
        self._connections: set[DialConnection] = set()
        self._connection: DialConnection | None = None

    @property
    def address(self) -> Address:
        return self._server.address

    @property
    def url(self) -> str:
        """The address for clients; after ``start`` with the real port."""
        return self._server.url

    def start(self, inlet: Inlet) -> None:
        """Raises LinkRefused where the address is not available."""
        context = _made_context(self.address[0])
        self._server.open("tls", lambda: DialConnection(self._made, self._received), context)
        self._inlet = inlet
        inlet.down(NAME, f"no plug has connected to {self.url}. Is it bound to that address, and switched on?")

    def send(self, out: Out) -> None:
        _send(self._connection, out)

    async def close(self) -> None:
        self._inlet = None
        await self._server.close(lambda: asyncio.gather(*(one.close() for one in self._connections)))

    def _made(self, connection: DialConnection) -> None:
        before, self._connection = self._connection, connection
        self._connections.add(connection)
        connection.gone.add_done_callback(lambda gone: self._gone(connection))
        if before is not None:
            before.abort()
        connection.tune(keep_alive)
        if self._inlet is not None:
            self._inlet.up(_path_of(connection))

    def _received(self, connection: DialConnection, data: bytes) -> None:
        if self._inlet is not None and connection is self._connection:
            self._inlet.received(data, NAME)

    def _gone(self, connection: DialConnection) -> None:
        self._connections.discard(connection)
        if connection is self._connection:
            self._connection = None
            if self._inlet is not None:
                self._inlet.down(NAME, "The connection was closed.")


class TlsClientStream:
    """A TLS client that connects again and again."""

    def __init__(self, host: str, port: int) -> None:
        self._address = (host, port)
        self._context = plug_client_context(rsa_only=True)
        self._inlet: Inlet | None = None
        self._task: asyncio.Task[None] | None = None
        self._connection: DialConnection | None = None

    def start(self, inlet: Inlet) -> None:
        self._inlet = inlet
        self._task = asyncio.create_task(self._keep_connected(), name=f"tls.{self._address[1]}")

    def send(self, out: Out) -> None:
        _send(self._connection, out)

    async def close(self) -> None:
        self._inlet = None
        if self._task is not None:
            self._task.cancel()
            await asyncio.wait({self._task})
            self._task = None

    async def _keep_connected(self) -> None:
        while True:
            reason = await self._connect_once()
            if self._inlet is not None:
                self._inlet.down(NAME, reason)
            await asyncio.sleep(RETRY_S)

    async def _connect_once(self) -> str:
        host, port = self._address
        loop = asyncio.get_running_loop()
        connection: DialConnection | None = None
        try:
            async with asyncio.timeout(DIAL_TIMEOUT_S):
                _, connection = await loop.create_connection(
                    lambda: DialConnection(self._made, self._received),
                    host,
                    port,
                    ssl=self._context,
                    server_hostname=host,
                )
            await connection.end()
            return "The connection was closed."
        except ssl.SSLError as error:
            return f"TLS failed: {error.reason or 'no reason'}."
        except OSError as error:
            return why_not_connected(host, port, error)
        finally:
            self._connection = None
            if connection is not None:
                connection.abort()

    def _made(self, connection: DialConnection) -> None:
        self._connection = connection
        if self._inlet is not None:
            self._inlet.up(_path_of(connection))

    def _received(self, connection: DialConnection, data: bytes) -> None:
        if self._inlet is not None:
            self._inlet.received(data, NAME)


def _send(connection: DialConnection | None, out: Out) -> None:
    """Nothing to send = the connection is closed."""
    if connection is None:
        return
    if out.data:
        connection.send(out.data)
    else:
        connection.abort()


def _path_of(connection: DialConnection) -> LinkPath:
    facts: list[tuple[str, str]] = []
    connection.tune(lambda transport: facts.extend(_facts(transport)))
    return LinkPath(name=NAME, facts=tuple(facts))


def _made_context(host: str) -> ssl.SSLContext:
    """With a certificate of its own, whose common name is the host."""
    with tempfile.TemporaryDirectory() as folder:
        files = prepare(Path(folder), [host], datetime.datetime.now(datetime.UTC))
        return plug_server_context(files.chain, files.key, old_tls=True, old_ciphers=True)


def _facts(transport: asyncio.BaseTransport) -> list[tuple[str, str]]:
    found: ssl.SSLObject | None = transport.get_extra_info("ssl_object")
    if found is None:
        return []
    cipher = found.cipher()
    facts = [("tls", found.version() or ""), ("cipher", cipher[0] if cipher is not None else "")]
    der = found.getpeercert(binary_form=True)
    return facts + (_certificate(der) if der else [])


def _certificate(der: bytes) -> list[tuple[str, str]]:
    from cryptography import x509
    from cryptography.hazmat.primitives.asymmetric.rsa import RSAPublicKey
    from cryptography.x509.oid import NameOID

    found = x509.load_der_x509_certificate(der)
    name = found.subject.get_attributes_for_oid(NameOID.COMMON_NAME)
    issuer = found.issuer.get_attributes_for_oid(NameOID.COMMON_NAME)
    return [
        ("key", "RSA" if isinstance(found.public_key(), RSAPublicKey) else "other"),
        ("common_name", str(name[0].value) if name else ""),
        ("authority", str(issuer[0].value) if issuer else ""),
    ]
