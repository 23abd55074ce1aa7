"""`tcp://host:port`: a serial line behind a TCP server (ser2net, ESPHome's stream server, an Ethernet adapter).

The raw bytes of the line in both directions. A serial server that loses power does not close its connection, so
TCP keep-alive probes check it: an unplugged one is detected after about a minute.
"""

import asyncio
import socket
from collections.abc import Callable
from pathlib import Path

from unclouded.core.errors import LinkError
from unclouded.core.sessions.link import Link
from unclouded.links.dial import DialedLink
from unclouded.links.url import Url

SERVER = "Is the server running, and is that its port?"
SERIAL_SERVER = "Is the serial server running, and is that its port?"
DIAL_TIMEOUT_S = 10.0  # s for a connection to be made
KEEPALIVE_IDLE_S = 30  # s of silence before the first probe
KEEPALIVE_INTERVAL_S = 10  # s between probes
KEEPALIVE_PROBES = 3  # unanswered probes after which the connection counts as lost
UNACKNOWLEDGED_MS = 60_000  # ms that sent bytes may stay unacknowledged


def open_tcp(url: Url, baud: int, base: Path) -> Link:
    """Raises ConfigError where the address is wrong."""
    url.only()
    host, port = url.host_port("tcp://192.168.1.30:6638")
    place = f"{host}:{port}"

    async def connect(make: Callable[[], asyncio.Protocol]) -> asyncio.Transport:
        try:
            async with asyncio.timeout(DIAL_TIMEOUT_S):
                transport, _ = await asyncio.get_running_loop().create_connection(make, host, port)
            keep_alive(transport)
        except OSError as error:
            raise LinkError(why_not_connected(host, port, error, SERIAL_SERVER)) from error
        return transport

    return DialedLink(f"tcp://{place}", connect, lambda error: why_lost(place, error))


def why_not_connected(host: str, port: int, error: Exception, advice: str = SERVER) -> str:
    """Why a host could not be reached, and what to check. ``advice``: where it refuses the port."""
    match error:
        case socket.gaierror():
            return f"The host name {host} is unknown. Check the spelling, or use the IP address."
        case TimeoutError():
            return f"{host}:{port} does not answer. Is it switched on and in this network?"
        case ConnectionRefusedError():
            return f"{host} refuses port {port}. {advice}"
        case OSError() if error.strerror:
            return f"{host}:{port} cannot be reached: {error.strerror}."
        case OSError() if error.args:
            # asyncio joins the errors of several addresses of one name into one text.
            return f"{host}:{port} cannot be reached: {error}."
    return f"{host}:{port} cannot be reached."


def why_lost(place: str, error: Exception | None) -> str:
    """The sentence for a connection that ended. ``error`` None: the other end closed it."""
    if error is None:
        return f"{place} closed the connection. Does another program use the same port?"
    words = error.strerror if isinstance(error, OSError) and error.strerror else type(error).__name__
    return f"The connection to {place} was lost: {words}."


def keep_alive(transport: asyncio.BaseTransport) -> None:
    """Detect a peer that disappeared without closing the connection."""
    sock = transport.get_extra_info("socket")
    if sock is None:
        return
    sock.setsockopt(socket.SOL_SOCKET, socket.SO_KEEPALIVE, 1)
    for name, value in (
        ("TCP_KEEPIDLE", KEEPALIVE_IDLE_S),
        ("TCP_KEEPINTVL", KEEPALIVE_INTERVAL_S),
        ("TCP_KEEPCNT", KEEPALIVE_PROBES),
        ("TCP_USER_TIMEOUT", UNACKNOWLEDGED_MS),
    ):
        if hasattr(socket, name):
            sock.setsockopt(socket.IPPROTO_TCP, getattr(socket, name), value)
