"""The serial ports of this computer that no device of the hub uses: their names, and what stands in their way."""

from collections.abc import Collection, Iterator
from pathlib import Path

import msgspec

from unclouded.app.doctor.computer import Computer
from unclouded.app.doctor.serial_checks import SerialPort, how_to_stop, permission, ports_here, steady_name


class FreePort(msgspec.Struct, frozen=True, kw_only=True):
    """``path``: as the kernel names it. ``name``: to be written in a link. ``file``: what it leads to.

    ``problem``: why it cannot be opened, and what to do; "" = nothing is known that stands in its way.
    """

    path: str
    name: str
    file: Path
    usb: str = ""
    problem: str = ""


def free_ports(computer: Computer, used: Collection[Path]) -> list[FreePort]:
    """The ports but for those in ``used``. It reads /proc: call it in a thread."""
    taken = {path.resolve() for path in used}
    found = (port for port in ports_here(computer) if computer.path(port.path).resolve() not in taken)
    return [_free(computer, port) for port in found]


def is_there(link_file: Path) -> bool:
    """Whether a port is still here."""
    try:
        return link_file.exists()
    except OSError:
        return False


def _free(computer: Computer, port: SerialPort) -> FreePort:
    file = computer.path(port.path)
    name = steady_name(computer, port.path) or port.path
    problem = " ".join(_problems(computer, port.path))
    return FreePort(path=port.path, name=str(computer.path(name)), file=file, usb=port.usb, problem=problem)


def _problems(computer: Computer, path: str) -> Iterator[str]:
    for finding in permission(computer, path):
        yield f"{finding.text}. {finding.advice}"
    holders, _ = computer.holders_of(computer.path(path))
    for holder in holders:
        yield f"{holder} uses it. {how_to_stop(holder, path)}"
