"""Listening sockets of links that wait for a connection, and their addresses for clients."""

import socket

from unclouded.core.errors import LinkRefused
from unclouded.core.sockets import Address, listening_socket


def listening(address: Address) -> tuple[socket.socket, Address]:
    """A listening socket, and its address with the real port. Raises LinkRefused."""
    host, port = address
    try:
        sock = listening_socket(address)
    except OSError as error:
        raise LinkRefused(
            f"Cannot listen on {host}:{port}: {error.strerror}. Choose another address, or port 0 for any free port."
        ) from error
    return sock, (host, sock.getsockname()[1])


def url_of(scheme: str, address: Address) -> str:
    """The address for clients: ``tcp://127.0.0.1:6638``, ``tcp://[::1]:6638``."""
    host, port = address
    return f"{scheme}://[{host}]:{port}" if ":" in host else f"{scheme}://{host}:{port}"
