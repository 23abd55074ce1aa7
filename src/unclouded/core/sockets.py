"""TCP sockets: how every listener of this program opens one, and the options that all connections have."""

import socket

Address = tuple[str, int]


def listening_socket(address: Address, backlog: int | None = None, both: bool = False) -> socket.socket:
    """A socket that listens. ``both``: ``::`` accepts IPv4 too. Raises OSError."""
    host, port = address
    family = socket.AF_INET6 if ":" in host else socket.AF_INET
    both = both and host == "::" and socket.has_dualstack_ipv6()
    sock = socket.create_server((host, port), family=family, backlog=backlog, dualstack_ipv6=both)
    send_at_once(sock)  # connections inherit it
    return sock


def send_at_once(sock: socket.socket) -> None:
    """Send a small segment before the one ahead of it is acknowledged (TCP_NODELAY).

    asyncio sets this only on sockets that name their protocol. Without it an answer in two segments waits 40 ms for
    the other end's delayed acknowledgement.
    """
    sock.setsockopt(socket.IPPROTO_TCP, socket.TCP_NODELAY, 1)
