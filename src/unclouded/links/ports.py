"""Where links of ours listen: a socket that listens, and the address by which others find it."""

import socket

from unclouded.core.errors import LinkRefused
from unclouded.core.sockets import Address, listening_socket


def listening(address: Address) -> tuple[socket.socket, Address]:
    """A listening socket, and its address with the port that it really has. Raises LinkRefused."""
    host, port = address
    try:
        sock = listening_socket(address)
    except OSError as error:
        raise LinkRefused(
            f"Nothing can listen on {host}:{port}: {error.strerror}. Choose another address, or port 0 for any."
        ) from error
    return sock, (host, sock.getsockname()[1])


def url_of(scheme: str, address: Address) -> str:
    """The address of the other end: ``tcp://127.0.0.1:6638``, ``tcp://[::1]:6638``."""
    host, port = address
    return f"{scheme}://[{host}]:{port}" if ":" in host else f"{scheme}://{host}:{port}"
