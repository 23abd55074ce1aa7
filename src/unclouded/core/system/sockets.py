"""TCP sockets: how every listener of this program opens one, accepts connections, and the options that all have.

asyncio's own accept loop goes on after an error of ``accept(2)``: without free files it logs a traceback for each place
in its backlog, and again after a second. An ``AcceptLoop`` pauses instead, and lets its owner decide about each
connection before anything is allocated for it.
"""

import asyncio
import ipaddress
import logging
import resource
import socket
from collections.abc import Callable

log = logging.getLogger("unclouded.core.system.sockets")

Address = tuple[str, int]

ACCEPTS_PER_TURN = 32  # of the event loop: a flood of connections leaves time for everything else
PAUSE_S = 1.0  # before the next attempt, where the system has no free file or memory


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


class AcceptLoop:
    """Accepts the connections of a listening socket; ``accepted`` gets each with the host of its client.

    ``accepted`` owns the connection; it must not raise. The host is "" on a Unix socket.
    """

    def __init__(self, sock: socket.socket, accepted: Callable[[socket.socket, str], None]) -> None:
        self._sock = sock
        self._accepted = accepted
        self._loop = asyncio.get_running_loop()
        self._pause: asyncio.TimerHandle | None = None
        sock.setblocking(False)
        self._resume()

    def close(self) -> None:
        """Accept no more; the caller closes the socket."""
        if self._pause is not None:
            self._pause.cancel()
        self._loop.remove_reader(self._sock)

    def _resume(self) -> None:
        self._pause = None
        self._loop.add_reader(self._sock, self._accept)

    def _accept(self) -> None:
        for _ in range(ACCEPTS_PER_TURN):
            try:
                connection, peer = self._sock.accept()
            except (BlockingIOError, InterruptedError, ConnectionAbortedError):
                return
            except OSError as error:  # no free file, no memory: the socket stays readable
                log.warning("No connection can be accepted: %s. Next attempt in %.0f s.", error.strerror, PAUSE_S)
                self._loop.remove_reader(self._sock)
                self._pause = self._loop.call_later(PAUSE_S, self._resume)
                return
            connection.setblocking(False)
            self._accepted(connection, peer[0] if isinstance(peer, tuple) else "")


def group_of(address: str) -> str:
    """Addresses that count as one client: an IPv4 address, or a /64 network of IPv6."""
    try:
        found = ipaddress.ip_address(address.partition("%")[0])
    except ValueError:
        return address
    if isinstance(found, ipaddress.IPv6Address):
        if found.ipv4_mapped is None and not found.is_loopback:
            return str(ipaddress.ip_network((found, 64), strict=False))
        return str(found.ipv4_mapped or found)
    return str(found)
