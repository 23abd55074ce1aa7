"""One login at a broker as a plug does it, to find out whether plugs can: blocking, and over within a time limit.

    TCP ──► TLS ──► CONNECT ──► CONNACK ──► DISCONNECT         without SUBSCRIBE, a broker does not take it for a plug

Source: docs/protocols/meross.md §1.6.4, §1.6.5.
"""

import socket
import ssl
from contextlib import suppress

import msgspec

from unclouded.core.errors import LinkError, WireError
from unclouded.links.broker.plug_client import REFUSALS, Login
from unclouded.links.mqtt import packets as mqtt
from unclouded.links.mqtt.codec import Parser, encode
from unclouded.links.tcp import why_not_connected

READ_SIZE = 4_096  # bytes


class LoginAttempt(msgspec.Struct, frozen=True, kw_only=True):
    """What came of it. ``version``, ``cipher``: of TLS; ``certificate``: that of the server, DER.

    ``tls_error``: why there was no TLS, "" = there was. ``refusal``: why the login was refused, "" = it was accepted;
    None: there was no login.
    """

    version: str = ""
    cipher: str = ""
    certificate: bytes = b""
    tls_error: str = ""
    refusal: str | None = None


def attempt_login(
    address: tuple[str, int], context: ssl.SSLContext, login: Login | None, timeout_s: float, name: str = ""
) -> LoginAttempt:
    """``login`` None: only TLS. ``name``: of the server, for a context that verifies it; "" = its address.

    Raises LinkError where there is no connection.
    """
    host, port = address
    try:
        sock = socket.create_connection(address, timeout_s)
    except OSError as error:
        raise LinkError(why_not_connected(host, port, error)) from None
    with sock:
        try:
            with context.wrap_socket(sock, server_hostname=name or host) as wrapped:
                return _logged_in(wrapped, login)
        except ssl.SSLCertVerificationError as error:
            return LoginAttempt(tls_error=error.verify_message)
        except OSError as error:
            return LoginAttempt(tls_error=_tls_error(error))


def _logged_in(sock: ssl.SSLSocket, login: Login | None) -> LoginAttempt:
    cipher = sock.cipher()
    attempt = LoginAttempt(
        version=sock.version() or "",
        cipher=cipher[0] if cipher else "",
        certificate=sock.getpeercert(binary_form=True) or b"",
    )
    return attempt if login is None else msgspec.structs.replace(attempt, refusal=_refusal(sock, login))


def _refusal(sock: ssl.SSLSocket, login: Login) -> str:
    connect = mqtt.Connect(
        client_id=login.client_id, user=login.user, password=login.password.encode(), version=login.version
    )
    try:
        sock.sendall(encode(connect, login.version))
        answer = _first_packet(sock, login.version)
    except (OSError, WireError) as error:
        return f"no answer to CONNECT ({error})"
    match answer:
        case mqtt.Connack(code=mqtt.OK):
            with suppress(OSError):
                sock.sendall(encode(mqtt.Disconnect(), login.version))
            return ""
        case mqtt.Connack(code=code):
            return REFUSALS.get(code, f"code {code:#04x}")
    return "the connection was closed after CONNECT" if answer is None else "it answers CONNECT with something else"


def _first_packet(sock: ssl.SSLSocket, version: int) -> mqtt.Packet | None:
    """None where the connection is closed first. Raises OSError, WireError."""
    parser = Parser(version)
    while (packet := parser.next()) is None:
        data = sock.recv(READ_SIZE)
        if not data:
            return None
        parser.feed(data)
    return packet


def _tls_error(error: OSError) -> str:
    if isinstance(error, ssl.SSLError) and error.reason:
        return error.reason.lower().replace("_", " ")
    if isinstance(error, TimeoutError):
        return "no answer in time"
    return error.strerror or "the connection was closed"
