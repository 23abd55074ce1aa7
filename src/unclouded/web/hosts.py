"""Which names this hub goes by, and whether a request comes from its own page.

    Host: kettle-hub.local:8099          the name that somebody typed, or that a page of another site made up
    Origin: http://kettle-hub.local:8099 the page that asks; browsers say it with every POST and every WebSocket
    Sec-Fetch-Site: same-origin          the same in one word

A name that an attacker owns may resolve to this computer (DNS rebinding), so only names that are ours count. An
address typed as such cannot be rebound, so every address counts.
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

Asker = Literal["own", "other", "unsaid"]  # our own page, a page of another site, or no browser at all

DEFAULT_PORTS = {"http": 80, "https": 443}
IFACE_ADDRESS = 0x8915  # SIOCGIFADDR of Linux
HOST = re.compile(r"(\[[0-9a-f:.]+\]|[a-z0-9_.-]+)(?::([0-9]{1,5}))?")
ORIGIN = re.compile(r"(https?)://(.+)")


def own_names(configured: Iterable[str] = (), computer: str = "") -> tuple[str, ...]:
    """What this computer is called on its network, and ``configured`` ([web] host) before it."""
    computer = (computer or socket.gethostname()).lower()
    short = computer.partition(".")[0]
    names = [*(name.lower() for name in configured), computer, short, f"{short}.local"]
    return tuple(dict.fromkeys(name for name in names if HOST.fullmatch(name) or is_address(name)))


def own_addresses() -> tuple[str, ...]:
    """The IPv4 addresses of this computer, without loopback; none where the system does not say."""
    found: list[str] = []
    with socket.socket(socket.AF_INET, socket.SOCK_DGRAM) as sock:
        for _, name in socket.if_nameindex():
            with contextlib.suppress(OSError):  # it has none
                asked = struct.pack("256s", name.encode()[:15])
                found.append(socket.inet_ntoa(fcntl.ioctl(sock.fileno(), IFACE_ADDRESS, asked)[20:24]))
    return tuple(one for one in found if not ipaddress.ip_address(one).is_loopback)


def is_address(text: str) -> bool:
    try:
        ipaddress.ip_address(text)
    except ValueError:
        return False
    return True


def is_loopback(host: str) -> bool:
    """Does a socket on this host hear only this computer?"""
    return ipaddress.ip_address(host).is_loopback if is_address(host) else host == "localhost"


def split(host: str) -> tuple[str, int | None] | None:
    """A Host header as name or bare address, and port; None where it is neither."""
    found = HOST.fullmatch(host.lower())
    if found is None or (found[2] and int(found[2]) > 65_535):
        return None
    name = found[1].removesuffix(".")
    bare = name.strip("[]")
    if (bare != name and not is_address(bare)) or not bare:
        return None
    return bare, int(found[2]) if found[2] else None


class Hosts:
    """The names that count."""

    def __init__(self, names: Iterable[str]) -> None:
        self._names = frozenset((*names, "localhost"))

    def know(self, header: str) -> bool:
        found = split(header)
        return found is not None and (found[0] in self._names or is_address(found[0]))


def asker(headers: Headers, scheme: str) -> Asker:
    """Who makes a browser ask this. ``scheme``: how it came to us."""
    origin = headers.get("origin")
    if origin is not None:
        return "own" if _same(origin, headers.get("host", ""), scheme in ("https", "wss")) else "other"
    match headers.get("sec-fetch-site"):
        case None:
            return "unsaid"
        case "same-origin":
            return "own"
        case "none":  # typed by a person
            return "unsaid"
    return "other"


def _same(origin: str, host: str, secure: bool) -> bool:
    """A page that came over TLS is not spoken for by one that did not; a proxy in front may hide its TLS from us."""
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
