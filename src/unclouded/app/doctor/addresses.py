"""Whether an address can be reached, or is free to listen on; and who listens there."""

import contextlib
import socket
from collections.abc import Sequence

from unclouded.app.doctor.computer import TCP, Computer
from unclouded.links.tcp import why_not_connected

CONNECT_TIMEOUT_S = 3.0


def why_unreachable(host: str, port: int) -> str:
    """A sentence; "" = a connection was made, and closed without a byte."""
    try:
        socket.create_connection((host, port), CONNECT_TIMEOUT_S).close()
    except OSError as error:
        return why_not_connected(host, port, error)
    return ""


def addresses_of(host: str) -> list[str]:
    """The addresses of a name; none where it is unknown."""
    with contextlib.suppress(OSError, UnicodeError):
        return sorted({str(one[4][0]) for one in socket.getaddrinfo(host, None, type=socket.SOCK_STREAM)})
    return []


def why_taken(host: str, port: int, kind: socket.SocketKind = socket.SOCK_STREAM) -> str:
    """Why this address cannot be listened on; "" = it can. It is bound and released at once."""
    family = socket.AF_INET6 if ":" in host else socket.AF_INET
    with socket.socket(family, kind) as sock:
        if kind == socket.SOCK_STREAM:
            sock.setsockopt(socket.SOL_SOCKET, socket.SO_REUSEADDR, 1)  # as listeners do
        try:
            sock.bind((host, port))
            if kind == socket.SOCK_STREAM:
                sock.listen(1)
        except OSError as error:
            return error.strerror or str(error)
    return ""


def holders_text(computer: Computer, port: int, kinds: Sequence[str] = TCP) -> str:
    """`` by mosquitto (process 612)``; "" = not known."""
    holders, _ = computer.holders_of_port(port, kinds)
    return f" by {', '.join(map(str, holders))}" if holders else ""
