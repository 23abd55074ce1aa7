"""Links: the only code that opens device wires.

    serial:///dev/ttyUSB0?baud=115200    a UART here            tcp://host:port       one behind a TCP server
    rfc2217://host:port?baud=9600        one that we set        pty:PATH              a pseudo terminal of ours
    listen://host:port                   a TCP server of ours   replay:FILE?speed=1   a capture instead of a wire

A scheme's module is imported when a link of that scheme is opened: who has no UART does not load serialx.
"""

from collections.abc import Callable, Mapping
from importlib import import_module
from pathlib import Path

from unclouded.errors import ConfigError
from unclouded.link import Link
from unclouded.links.url import Url, parse

BAUD = 115_200  # where neither the address nor the family names another

Opener = Callable[[Url, int, Path], Link]

# scheme -> (module, function) that makes its links
_OPENERS: Mapping[str, tuple[str, str]] = {
    "serial": ("serial", "open_serial"),
    "tcp": ("tcp", "open_tcp"),
    "rfc2217": ("serial", "open_rfc2217"),
    "pty": ("pty", "open_pty"),
    "listen": ("listen", "open_listen"),
    "replay": ("replay", "open_replay"),
}

SCHEMES = tuple(_OPENERS)


def open_link(text: str, *, baud: int = BAUD, base: Path | None = None) -> Link:
    """The link that an address names; nothing is opened before its ``start``.

    ``baud``: for serial links whose address names none. ``base``: where relative files start (default: here).
    Raises ConfigError where the address is wrong.
    """
    url = parse(text)
    if url.scheme == "memory":
        raise url.wrong("can only be made in Python, by unclouded.links.memory.pair().")
    if url.scheme not in _OPENERS:
        known = ", ".join(f"{scheme}:" for scheme in _OPENERS)
        raise ConfigError(f"This version knows no link {url.scheme}: (in {url.shown}). It knows {known}.")
    module, name = _OPENERS[url.scheme]
    opener: Opener = getattr(import_module(f"unclouded.links.{module}"), name)
    return opener(url, baud, base or Path())


def check_url(text: str) -> None:
    """Raises ConfigError where ``open_link`` would. Touches no wire."""
    open_link(text)
