"""Links: the only code that opens connections to devices.

    serial:///dev/ttyUSB0?baud=115200    a local UART                        replay:FILE?speed=1   a capture file
    tcp://host:port                      a UART behind a TCP server          pty:PATH              a pseudo terminal
    rfc2217://host:port?baud=9600        the same, with line settings        listen://host:port    a TCP server
    http://host                          a plug on the LAN                   mqtts://host:port     an external broker
    http-listen://host:port              the HTTP side of a simulated plug   broker:               the embedded broker

A scheme's module is imported when a link of that scheme is opened: without a UART, serialx is not loaded. The links
of ``broker:`` come from ``links.broker.server``, which the app starts.
"""

from collections.abc import Callable, Mapping
from importlib import import_module
from pathlib import Path

import msgspec

from unclouded.core.errors import ConfigError
from unclouded.core.sessions.link import Link
from unclouded.links.url import parse

BAUD = 115_200  # where neither the address nor the family names another

Opener = Callable[..., Link]  # (url, baud, base), for schemes in BY_UUID also the uuid

# scheme -> (module, function) that makes its links
_OPENERS: Mapping[str, tuple[str, str]] = {
    "serial": ("serial.port", "open_serial"),
    "tcp": ("tcp", "open_tcp"),
    "rfc2217": ("serial.port", "open_rfc2217"),
    "pty": ("serial.pty", "open_pty"),
    "listen": ("listen", "open_listen"),
    "replay": ("replay", "open_replay"),
    "http": ("http.link", "open_http"),
    "http-listen": ("http.serve", "open_http_listen"),
    "mqtt": ("mqtt.link", "open_mqtt"),
    "mqtts": ("mqtt.link", "open_mqtt"),
}

UARTS = ("serial", "rfc2217")  # the schemes whose line settings are ours to choose
BY_UUID = ("mqtt", "mqtts")  # one broker serves many devices

SCHEMES = tuple(_OPENERS)


def open_link(text: str, *, baud: int = BAUD, parity: str = "none", base: Path | None = None, uuid: str = "") -> Link:
    """The link that an address names; nothing is opened before its ``start``.

    ``baud``, ``parity``: for serial links whose address names none. ``base``: where relative files start.
    ``uuid``: which device, where one address serves several.
    Raises ConfigError where the address is wrong.
    """
    url = parse(text)
    if url.scheme == "memory":
        raise url.wrong("can only be made in Python, by unclouded.links.memory.pair().")
    if url.scheme not in _OPENERS:
        known = ", ".join(f"{scheme}:" for scheme in _OPENERS)
        raise ConfigError(f"This version has no link {url.scheme}: (in {url.shown}). It has {known}.")
    if url.scheme in UARTS:
        url = msgspec.structs.replace(url, query={"parity": parity, **url.query})
    module, name = _OPENERS[url.scheme]
    opener: Opener = getattr(import_module(f"unclouded.links.{module}"), name)
    who = (uuid,) if url.scheme in BY_UUID else ()
    return opener(url, baud, base or Path(), *who)


def check_url(text: str) -> None:
    """Raises ConfigError where ``open_link`` would. Opens nothing."""
    open_link(text)
