"""`serial:///dev/ttyUSB0?baud=115200&parity=none&stopbits=1&exclusive=yes`, and `rfc2217://host:port` likewise.

A UART on this machine, or one behind a server that lets its client choose the line settings (RFC 2217, a
Telnet option). Both use serialx, which is imported when the first such link is dialled.
"""

import asyncio
import errno
import grp
import os
import stat
from collections.abc import Callable
from pathlib import Path
from typing import TYPE_CHECKING

import msgspec

from unclouded.core.errors import LinkError
from unclouded.core.sessions.link import Link
from unclouded.links.dial import DialedLink
from unclouded.links.tcp import DIAL_TIMEOUT_S, SERIAL_SERVER, why_lost, why_not_connected
from unclouded.links.url import Url

if TYPE_CHECKING:
    from serialx import BaseSerialTransport

SLOWEST_BAUD = 50
FASTEST_BAUD = 4_000_000
PARITIES = {"none": "N", "even": "E", "odd": "O", "mark": "M", "space": "S"}  # value in the address -> serialx's letter
PSEUDO_TERMINALS = range(136, 144)  # major numbers of /dev/pts/*; admin-guide/devices.txt of Linux
STOP_BITS = ("1", "2")


class UartSettings(msgspec.Struct, frozen=True, kw_only=True):
    """The line settings of a UART."""

    baud: int
    parity: str = "none"
    stop_bits: int = 1
    exclusive: bool = True


def open_serial(url: Url, baud: int, base: Path) -> Link:
    """Raises ConfigError where the address is wrong. A missing port is dialled until it appears."""
    path = url.path("serial:///dev/ttyUSB0", base)
    line = line_of(url, baud)

    async def connect(make: Callable[[], asyncio.Protocol]) -> asyncio.Transport:
        try:
            return await _connect(str(path), without_parity(line) if is_pseudo_terminal(path) else line, make)
        except OSError as error:
            raise LinkError(await asyncio.to_thread(why_not_open, path, line, error)) from error

    return DialedLink(f"serial:{path}", connect, lambda error: why_unplugged(path, error))


def open_rfc2217(url: Url, baud: int, base: Path) -> Link:
    """Raises ConfigError where the address is wrong."""
    host, port = url.host_port("rfc2217://192.168.1.30:2217")
    line = line_of(url, baud)
    place = f"[{host}]:{port}" if ":" in host else f"{host}:{port}"

    async def connect(make: Callable[[], asyncio.Protocol]) -> asyncio.Transport:
        from unclouded.links.serial.rfc2217 import Rfc2217Transport

        try:
            async with asyncio.timeout(DIAL_TIMEOUT_S):
                return await _connect(f"rfc2217://{place}", line, make, Rfc2217Transport)
        except TimeoutError as error:
            raise LinkError(
                f"{place} does not answer as an RFC 2217 server. For a plain TCP serial server, use tcp://{place}."
            ) from error
        except OSError as error:
            raise LinkError(why_not_connected(host, port, error, SERIAL_SERVER)) from error

    return DialedLink(f"rfc2217://{place}", connect, lambda error: why_lost(place, error))


def line_of(url: Url, baud: int) -> UartSettings:
    """The line settings of an address. Raises ConfigError."""
    url.only("baud", "parity", "stopbits", "exclusive")
    return UartSettings(
        baud=url.integer("baud", baud, SLOWEST_BAUD, FASTEST_BAUD),
        parity=url.one_of("parity", "none", PARITIES),
        stop_bits=int(url.one_of("stopbits", "1", STOP_BITS)),
        exclusive=url.flag("exclusive", True),
    )


def is_pseudo_terminal(path: Path) -> bool:
    """Whether a port is no UART but a program's: it carries bytes without bits of their own, and refuses a parity."""
    try:
        found = path.stat()
    except OSError:
        return False
    return stat.S_ISCHR(found.st_mode) and os.major(found.st_rdev) in PSEUDO_TERMINALS


def without_parity(line: UartSettings) -> UartSettings:
    """The same settings of a serial line, without parity."""
    return msgspec.structs.replace(line, parity="none")


async def _connect(
    where: str,
    line: UartSettings,
    make: Callable[[], asyncio.Protocol],
    transport: "type[BaseSerialTransport] | None" = None,
) -> asyncio.Transport:
    """``transport``: None = the one that serialx chooses. Raises OSError, and LinkError for other errors of serialx."""
    import serialx

    try:
        made, _ = await serialx.create_serial_connection(
            asyncio.get_running_loop(),
            make,
            where,
            line.baud,
            parity=serialx.Parity(PARITIES[line.parity]),
            stopbits=serialx.StopBits(line.stop_bits),
            exclusive=line.exclusive,
            transport_cls=transport,
        )
    except (serialx.SerialException, ValueError) as error:
        raise LinkError(f"{where} cannot be set up: {error}.") from error
    return made


def why_not_open(path: Path, line: UartSettings, error: OSError) -> str:
    """Why a port did not open, and what to do."""
    match error.errno:
        case errno.ENOENT | errno.ENXIO | errno.ENODEV | errno.EIO:
            return f"{path} does not exist. Is the adapter plugged in? {_ports_here()}"
        case errno.EACCES | errno.EPERM:
            return (
                f"No permission to open {path}. Add your user to its group (sudo usermod -aG {_group(path)} $USER), "
                "then log in again."
            )
        case errno.EBUSY | errno.EAGAIN:
            return f"{path} is in use by another program. Stop that program, or use another port."
        case errno.EISDIR:
            return f"{path} is a folder, not a serial port. {_ports_here()}"
        case errno.ENOTTY:
            return f"{path} is not a serial port. {_ports_here()}"
        case errno.EINVAL:
            return f"{path} cannot be set to {line.baud} baud, parity {line.parity}, {line.stop_bits} stop bits."
    return f"{path} cannot be opened: {error.strerror or error}."


def why_unplugged(path: Path, error: Exception | None) -> str:
    """The sentence for a serial port that no longer works; None and errors of I/O mean a removed adapter."""
    if error is None or (isinstance(error, OSError) and error.errno in (errno.EIO, errno.ENXIO, errno.ENODEV)):
        return f"{path} disappeared. Was the adapter unplugged?"
    words = error.strerror if isinstance(error, OSError) and error.strerror else str(error)
    return f"{path} failed: {words}."


def _ports_here() -> str:
    import serialx

    ports = sorted(port.device for port in serialx.list_serial_ports())
    return f"Ports here: {', '.join(ports)}." if ports else "This machine has no serial ports."


def _group(path: Path) -> str:
    try:
        return grp.getgrgid(path.stat().st_gid).gr_name
    except (OSError, KeyError):
        return "dialout"
