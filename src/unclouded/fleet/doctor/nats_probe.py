"""What a nats-server says of itself before a login, and whether it encrypts."""

import contextlib
import socket
import ssl
from collections.abc import Iterator
from urllib.parse import urlsplit

import msgspec

from unclouded.core.errors import LinkError

TIMEOUT_S = 5.0
LARGEST_INFO = 1 << 20
PORT = 4222


class NatsFacts(msgspec.Struct, frozen=True):
    """``certificate``: DER, b"" = no TLS; ``tls_error``: why it is not accepted by a client that verifies."""

    version: str
    auth_required: bool
    tls_required: bool
    jetstream: bool
    max_payload: int
    certificate: bytes = b""
    tls_error: str = ""


class _Info(msgspec.Struct):
    version: str = ""
    auth_required: bool = False
    tls_required: bool = False
    jetstream: bool = False
    max_payload: int = 0


def probe(url: str, authority: str) -> NatsFacts:
    """Look at a server. ``authority``: PEM, "" = those of the system. Raises LinkError."""
    host, port = address_of(url)
    with _reported(host, port), socket.create_connection((host, port), TIMEOUT_S) as connection:
        info = _info(connection)
        facts = NatsFacts(info.version, info.auth_required, info.tls_required, info.jetstream, info.max_payload)
        if not urlsplit(url).scheme.startswith("tls") and not info.tls_required:
            return facts
        return _with_tls(facts, connection, host, authority)


def address_of(url: str) -> tuple[str, int]:
    """Host and port."""
    parts = urlsplit(url)
    return parts.hostname or "", parts.port or PORT


# --- inside -----------------------------------------------------------------------------------------


def _info(connection: socket.socket) -> _Info:
    data = b""
    while b"\n" not in data and len(data) < LARGEST_INFO:
        piece = connection.recv(65_536)
        if not piece:
            break
        data += piece
    try:
        return msgspec.json.decode(data.partition(b"\n")[0].removeprefix(b"INFO "), type=_Info)
    except msgspec.MsgspecError:
        raise LinkError("What answers there is no nats-server.") from None


def _with_tls(facts: NatsFacts, connection: socket.socket, host: str, authority: str) -> NatsFacts:
    context = ssl.create_default_context(cadata=authority or None)
    try:
        with context.wrap_socket(connection, server_hostname=host) as encrypted:
            return msgspec.structs.replace(facts, certificate=encrypted.getpeercert(binary_form=True) or b"")
    except ssl.SSLCertVerificationError as error:
        return msgspec.structs.replace(facts, tls_error=error.verify_message)
    except ssl.SSLError as error:
        return msgspec.structs.replace(facts, tls_error=error.reason or str(error))


@contextlib.contextmanager
def _reported(host: str, port: int) -> Iterator[None]:
    try:
        yield
    except OSError as error:
        raise LinkError(f"{host}:{port} does not answer: {error.strerror or error or 'time-out'}.") from None
