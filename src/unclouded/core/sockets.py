"""TCP sockets: how every listener of this program opens one, and the options that all connections have."""

import resource
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


def open_file_share(part: int, most: int) -> int:
    """How many connections one listener may have: at most 1/``part`` of the files that this process may open.

    The shares of all listeners add up to less than the limit, so that the rest stays free for the store, the devices
    and the Unix socket: broker 1/2, page 1/4, Unix socket 1/8.
    """
    limit, _ = resource.getrlimit(resource.RLIMIT_NOFILE)
    return most if limit == resource.RLIM_INFINITY else max(1, min(most, limit // part))
