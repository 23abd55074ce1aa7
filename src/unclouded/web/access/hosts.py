"""The host names of this hub, and whether a request comes from its own page.

    Host: kettle-hub.local:8099          the name in the address bar, or one chosen by a page of another site
    Origin: http://kettle-hub.local:8099 the requesting page; sent by browsers with every POST and every WebSocket
    Sec-Fetch-Site: same-origin          the same as a keyword

A name that an attacker owns may resolve to this computer (DNS rebinding), so only names of this hub are accepted. An
address cannot be rebound, so every address is accepted.
"""

import contextlib
import fcntl
import ipaddress
import re
import socket
import struct
from collections.abc import Iterable
from typing import Literal

from starlette.datastructures import Headers

RequestOrigin = Literal["own", "other", "unknown"]  # the hub's page, a page of another site, or not from a page

DEFAULT_PORTS = {"http": 80, "https": 443}
IFACE_ADDRESS = 0x8915  # SIOCGIFADDR of Linux
HOST = re.compile(r"(\[[0-9a-f:.]+\]|[a-z0-9_.-]+)(?::([0-9]{1,5}))?")
ORIGIN = re.compile(r"(https?)://(.+)")


def own_names(configured: Iterable[str] = (), computer: str = "") -> tuple[str, ...]:
    """The names of this computer on its network, after the ``configured`` ones ([web] host)."""
    computer = (computer or socket.gethostname()).lower()
    short = computer.partition(".")[0]
    names = [*(name.lower() for name in configured), computer, short, f"{short}.local"]
    return tuple(dict.fromkeys(name for name in names if HOST.fullmatch(name) or is_address(name)))


def own_addresses() -> tuple[str, ...]:
    """The IPv4 addresses of this computer, without loopback; none where the system does not provide them."""
    found: list[str] = []
    with socket.socket(socket.AF_INET, socket.SOCK_DGRAM) as sock:
        for _, name in socket.if_nameindex():
            with contextlib.suppress(OSError):  # the interface has no address
                interface = struct.pack("256s", name.encode()[:15])
                found.append(socket.inet_ntoa(fcntl.ioctl(sock.fileno(), IFACE_ADDRESS, interface)[20:24]))
    return tuple(one for one in found if not ipaddress.ip_address(one).is_loopback)


def is_address(text: str) -> bool:
    """Whether a text is an IPv4 or IPv6 address, without port and brackets."""
    try:
        ipaddress.ip_address(text)
    except ValueError:
        return False
    return True


def is_loopback(host: str) -> bool:
    """Whether a socket on this host accepts connections from this computer only."""
    return ipaddress.ip_address(host).is_loopback if is_address(host) else host == "localhost"


def split(host: str) -> tuple[str, int | None] | None:
    """A Host header as name or bare address, and port; None if it is malformed."""
    found = HOST.fullmatch(host.lower())
    if found is None or (found[2] and int(found[2]) > 65_535):
        return None
    name = found[1].removesuffix(".")
    bare = name.strip("[]")
    if (bare != name and not is_address(bare)) or not bare:
        return None
    return bare, int(found[2]) if found[2] else None


class Hosts:
    """The accepted host names."""

    def __init__(self, names: Iterable[str]) -> None:
        self._names = frozenset((*names, "localhost"))

    def accepts(self, header: str) -> bool:
        """Is the Host header an address or one of the names of this hub?"""
        found = split(header)
        return found is not None and (found[0] in self._names or is_address(found[0]))


def request_origin(headers: Headers, scheme: str) -> RequestOrigin:
    """Whether the hub's own page made the browser send this. ``scheme``: of the connection."""
    origin = headers.get("origin")
    if origin is not None:
        return "own" if _same(origin, headers.get("host", ""), scheme in ("https", "wss")) else "other"
    match headers.get("sec-fetch-site"):
        case None:
            return "unknown"
        case "same-origin":
            return "own"
        case "none":  # typed by a person
            return "unknown"
    return "other"


def _same(origin: str, host: str, secure: bool) -> bool:
    """Over TLS, an origin without TLS is another one; without, both count, because a proxy may terminate TLS."""
    found = ORIGIN.fullmatch(origin.lower())
    if found is None or (secure and found[1] != "https"):
        return False
    usual = DEFAULT_PORTS[found[1]]
    theirs, ours = split(found[2]), split(host)
    return (
        theirs is not None
        and ours is not None
        and (theirs[0], theirs[1] or usual)
        == (
            ours[0],
            ours[1] or usual,
        )
    )
