"""The serial ports of the configuration and those that are here: names, permissions, and who holds them.

/sys/class/tty/ttyUSB0/device/../../../{idVendor,manufacturer,product}     the adapter's USB names
/dev/serial/by-id/usb-FTDI_FT232R_A50285BI-if00-port0 -> ../../ttyUSB0     its name wherever it is plugged in
"""

import grp
import os
import pwd
import re
import stat
from collections.abc import Iterator
from pathlib import Path

import msgspec

from unclouded import families
from unclouded.app.configuration.checks.problems import SERIAL_PORTS
from unclouded.app.configuration.checks.values import port_of
from unclouded.app.doctor.computer import Computer, Holder
from unclouded.app.doctor.context import DoctorContext, Wire
from unclouded.core.errors import ConfigError, UncloudedError
from unclouded.core.finding import Finding, not_checked, ok, problem, warning
from unclouded.links.serial.port import line_of
from unclouded.links.url import parse

GROUPS = ("dialout", "uucp")  # those of serial ports: Debian and most others, Arch
NUMBERED = re.compile(r"/dev/tty(USB|ACM)\d+")  # names that follow the order in which adapters were plugged in
ALIASES = ("/dev/serial/by-id", "/dev/serial/by-path")
USB_FILES = ("idVendor", "idProduct", "manufacturer", "product")
USB_LEVELS = 6  # folders from a port's device up to its USB adapter at most
CH340 = "1a86"  # the vendor of adapters that brltty takes for a Braille display
NO_UART = "0"  # the type of a port that the kernel lists without any hardware
STOP: dict[str, str] = {
    "ModemManager": "It takes adapters for modems. Run: sudo systemctl disable --now ModemManager",
    "brltty": "It takes adapters for Braille displays. Run: sudo apt remove brltty",
    "agetty": "It is a login on this port. Run: sudo systemctl disable --now serial-getty@{port}",
}


class SerialPort(msgspec.Struct, frozen=True, kw_only=True):
    """A port that is here. ``usb``: the names of its adapter; ``vendor``: its USB vendor id. "" = none."""

    path: str
    usb: str = ""
    vendor: str = ""


def configured_ports(context: DoctorContext) -> Iterator[Finding]:
    for wire in context.wires():
        if wire.link.startswith("serial:"):
            yield from _configured_port(context, wire)


def other_ports(context: DoctorContext) -> Iterator[Finding]:
    """What is here and used by no device of the configuration."""
    computer = context.computer
    used = {computer.path(port_of(wire.link)).resolve() for wire in context.wires() if wire.link.startswith("serial:")}
    here = list(ports_here(computer))
    if not here and not used:
        yield ok("serial ports", "none is connected, and no device needs one")
    for port in here:
        if context.config is not None and not context.chosen and computer.path(port.path).resolve() not in used:
            names = f", {port.usb}," if port.usb else ""
            yield ok(port.path, f"it is here{names} and no device uses it")
        elif context.config is None:
            yield from permission(computer, port.path)


def port_programs(context: DoctorContext) -> Iterator[Finding]:
    """Programs that open ports by themselves when an adapter is plugged in."""
    computer = context.computer
    is_serial = any(wire.link.startswith("serial:") for wire in context.wires())
    here = list(ports_here(computer))
    if (is_serial or here) and computer.is_running("ModemManager"):
        yield warning(
            "ModemManager", "it runs, and writes to serial adapters that it takes for modems", STOP["ModemManager"]
        )
    if any(port.vendor == CH340 for port in here) and computer.is_running("brltty"):
        yield warning("brltty", "it runs, and takes CH340 adapters for Braille displays", STOP["brltty"])


def groups(context: DoctorContext) -> Iterator[Finding]:
    """Is this user in the group that serial ports have?"""
    user = user_name()
    if os.geteuid() == 0 or not any(wire.link.startswith("serial:") for wire in context.wires()):
        return
    known = [name for name in GROUPS if _group_id(name) is not None]
    member = [name for name in known if _group_id(name) in (*os.getgroups(), os.getegid())]
    if member or not known:
        yield ok("groups", f"{user} is in {', '.join(member) or 'no group of serial ports, and there is none'}")
    elif any(user in grp.getgrnam(name).gr_mem for name in known):
        yield warning("groups", f"{user} is in {known[0]} since its last login", "Log out and in again.")
    else:
        yield warning("groups", f"{user} is not in {known[0]}", f"Run: sudo usermod -aG {known[0]} {user}")


def ports_here(computer: Computer) -> Iterator[SerialPort]:
    """The serial ports of a computer that have hardware."""
    for pattern in SERIAL_PORTS:
        for path in sorted(computer.path("/dev").glob(pattern)):
            if computer.read(f"/sys/class/tty/{path.name}/type") != NO_UART:
                yield _described(computer, path.name)


def user_name() -> str:
    """The name of the user that runs this process; its number where it has none."""
    try:
        return pwd.getpwuid(os.geteuid()).pw_name
    except KeyError:
        return str(os.geteuid())


# --- one port ---------------------------------------------------------------------------------------


def _configured_port(context: DoctorContext, wire: Wire) -> Iterator[Finding]:
    computer, path = context.computer, port_of(wire.link)
    file = computer.path(path)
    try:
        mode = file.stat().st_mode
    except OSError:
        here = ", ".join(port.path for port in ports_here(computer)) or "none"
        yield problem(path, f"it does not exist ({wire.device}); ports here: {here}", _plug_in(path))
        return
    if not stat.S_ISCHR(mode):
        yield problem(path, f"it is not a serial port ({wire.device})", "Correct the `link` of the device.")
        return
    findings = [*permission(computer, path), *_holders(context, wire, file), *_alias(computer, path)]
    yield from findings
    if all(one.level in ("ok", "not checked") for one in findings):
        yield ok(path, f"{wire.device}, {_line_text(wire)}{_usb_text(computer, file)}")


def permission(computer: Computer, path: str) -> Iterator[Finding]:
    """Whether this user may open a port; nothing where it may."""
    file = computer.path(path)
    if os.access(file, os.R_OK | os.W_OK, effective_ids=os.access in os.supports_effective_ids):
        return
    group = _group_of(file)
    user = user_name()
    yield problem(path, f"{user} may not open it; its group is {group}", _group_advice(group, user))


def _group_advice(group: str, user: str) -> str:
    if group == "root":
        return "Only root may open it: on Debian a udev rule gives ports to the group dialout."
    if group in GROUPS and user in grp.getgrnam(group).gr_mem:
        return "Log out and in again."
    return f"Run: sudo usermod -aG {group} {user}, then log out and in again."


def _holders(context: DoctorContext, wire: Wire, file: Path) -> Iterator[Finding]:
    holders, saw_all = context.computer.holders_of(file)
    hub = _pid_of_hub(context)
    path = port_of(wire.link)
    for holder in holders:
        if holder.pid == hub:
            yield ok(path, "the hub holds it")
        else:
            yield problem(path, f"{holder} holds it, so the hub gets only some of its bytes", how_to_stop(holder, path))
    if not holders and not saw_all and hub is None:
        yield not_checked(path, "programs of other users that may hold it cannot be seen", "Run it with sudo.")


def _alias(computer: Computer, path: str) -> Iterator[Finding]:
    """A port whose name may change has a better one."""
    if name := steady_name(computer, path):
        text = "its name follows the order in which adapters were plugged in"
        yield warning(path, text, f"Write in its `link`: serial://{name}")


def steady_name(computer: Computer, path: str) -> str:
    """The name that a port has wherever its adapter is plugged in; "" where it has none, or needs none."""
    file = computer.path(path).resolve()
    for folder in ALIASES if NUMBERED.fullmatch(path) else ():
        for alias in sorted(computer.path(folder).glob("*")):
            if alias.resolve() == file:
                return f"{folder}/{alias.name}"
    return ""


def _line_text(wire: Wire) -> str:
    """``9600 baud, parity none, which is usual for tuya_wifi``."""
    try:
        family = families.family(wire.family)
        url = parse(wire.link)
        line = line_of(url, family.baud)
    except ConfigError as error:
        return str(error)
    parity = url.query.get("parity", family.parity)
    usual = (
        "as is usual for"
        if (line.baud, parity) == (family.baud, family.parity)
        else (f"where {family.baud} baud, parity {family.parity} is usual for")
    )
    return f"{line.baud} baud, parity {parity}, {usual} {wire.family}"


def _usb_text(computer: Computer, file: Path) -> str:
    usb = _described(computer, file.resolve().name).usb
    return f", {usb}" if usb else ""


def _described(computer: Computer, name: str) -> SerialPort:
    folder = computer.path(f"/sys/class/tty/{name}/device").resolve()
    for _ in range(USB_LEVELS):
        if (folder / "idVendor").is_file():
            vendor, product, maker, names = (_line(folder / key) for key in USB_FILES)
            return SerialPort(
                path=f"/dev/{name}", usb=f"{maker} {names} (USB {vendor}:{product})".strip(), vendor=vendor
            )
        folder = folder.parent
    return SerialPort(path=f"/dev/{name}")


def _line(file: Path) -> str:
    try:
        return file.read_text("utf-8", "replace").strip()
    except OSError:
        return ""


def _plug_in(path: str) -> str:
    if "/by-id/" in path or "/by-path/" in path or NUMBERED.fullmatch(path):
        return "Plug the adapter in, or correct the `link` of the device."
    return "Correct the `link` of the device. On a Raspberry Pi, enable the UART first: sudo raspi-config"


def _pid_of_hub(context: DoctorContext) -> int | None:
    try:
        about = context.about_hub()
    except UncloudedError:
        return context.locking_process()  # it hangs
    return None if about is None else int(about["pid"])


def how_to_stop(holder: Holder, path: str) -> str:
    """What to do about a program that holds a port."""
    advice = STOP.get(holder.name)
    return advice.format(port=Path(path).name) if advice else "Stop it, or give the device another port."


def _group_of(file: Path) -> str:
    try:
        return grp.getgrgid(file.stat().st_gid).gr_name
    except (OSError, KeyError):
        return GROUPS[0]


def _group_id(name: str) -> int | None:
    try:
        return grp.getgrnam(name).gr_gid
    except KeyError:
        return None
