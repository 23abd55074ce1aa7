"""What can be wrong with a valid configuration, found without touching a device: ports that are missing or
used twice, identities."""

from collections.abc import Collection, Iterator, Mapping
from pathlib import Path

import msgspec

from unclouded.app.configuration.checks.rules import unknown_devices
from unclouded.app.configuration.checks.tariffs import unknown_cost_devices
from unclouded.app.configuration.checks.validation import admitted_devices
from unclouded.app.configuration.checks.values import port_of
from unclouded.app.configuration.config import Config, parse_config
from unclouded.app.configuration.places import KeyPath
from unclouded.app.configuration.tables.file import DeviceTable, links_of
from unclouded.app.configuration.tables.retention import unknown_retained
from unclouded.core.errors import ConfigError, StoreError
from unclouded.store.reading.reader import StoreReader

SERIAL_PORTS = ("ttyUSB*", "ttyACM*", "ttyAMA*", "ttyS*")  # in /dev
MOST_PORTS = 6  # that are named


class ConfigProblem(msgspec.Struct, frozen=True, kw_only=True):
    """``is_error``: the device cannot be reached so; otherwise it works, and something is at risk.

    ``rule``: the name of the rule that it is a problem of, ``table``: the table; then ``device`` is "".
    """

    device: str
    line: int | None
    text: str
    is_error: bool = True
    rule: str = ""
    table: str = ""

    @property
    def subject(self) -> str:
        """Which table, rule or device has the problem, as text."""
        if self.table:
            return f"[{self.table}]"
        return f"rule {self.rule}" if self.rule else f"device {self.device}"


def problems(config: Config) -> Iterator[ConfigProblem]:
    """All problems, in the order of the devices."""
    users: dict[Path, str] = {}  # of serial ports, by the file that their links lead to
    for number, device in enumerate(config.devices):
        for path, family, link in _wires(device, number):
            line = config.places.line(path)
            port = _serial_port(link)
            if port is not None and not port.exists():
                text = f"there is no port {port}. {_ports()}"
                yield ConfigProblem(device=device.id, line=line, text=text)
            elif port is not None and (user := users.setdefault(port.resolve(), device.id)) != device.id:
                text = f"{port} is {port.resolve()}, which device {user} uses already."
                yield ConfigProblem(device=device.id, line=line, text=text)
            if family == "meross" and not device.uuid and port_of(link):
                text = "without `uuid` whichever plug has its address is taken for it, and its history gets mixed."
                yield ConfigProblem(device=device.id, line=line, text=text, is_error=False)
    yield from _rule_problems(config)
    yield from _cost_problems(config)
    yield from _retention_problems(config)


def _rule_problems(config: Config) -> Iterator[ConfigProblem]:
    """Rules that name devices which are not there."""
    if not config.rules:
        return
    known = [one.id for one in (*config.devices, *admitted_devices(config))]
    for number, text in unknown_devices(config.rules, known):
        line = config.places.line(("rule", number))
        yield ConfigProblem(device="", rule=config.rules[number].name, line=line, text=text, is_error=False)


def _cost_problems(config: Config) -> Iterator[ConfigProblem]:
    """Devices that [costs] names and that are not there."""
    costs = config.tables.costs
    if not (costs.grid or costs.solar or costs.controlled):
        return
    known = [one.id for one in (*config.devices, *admitted_devices(config))]
    for text in unknown_cost_devices(config.tables, known):
        line = config.places.line(("costs",))
        yield ConfigProblem(device="", table="costs", line=line, text=text, is_error=False)


def _retention_problems(config: Config) -> Iterator[ConfigProblem]:
    """Rules of retention for devices or points that are not there."""
    if not any(one.device or one.point for one in config.retention):
        return
    known: dict[str, set[str]] = {one.id: set() for one in (*config.devices, *admitted_devices(config))}
    for device, points in _stored_points(config).items():
        known.setdefault(device, set()).update(points)
    for number, key, text in unknown_retained(config.retention, known):
        line = config.places.line(("retention", number, key))
        yield ConfigProblem(device="", table="retention", line=line, text=text, is_error=False)


def _stored_points(config: Config) -> Mapping[str, Collection[str]]:
    """By device; nothing where no hub has run yet, or its store cannot be read."""
    try:
        with StoreReader(config.store) as reader:
            return reader.points()
    except StoreError:
        return {}


def _wires(device: DeviceTable, number: int) -> Iterator[tuple[KeyPath, str, str]]:
    """Where each link of a device stands, its family and the link."""
    for one in links_of(device.link):
        yield ("device", number, "link"), device.family, one
    for place, channel in enumerate(device.channel):
        for one in links_of(channel.link):
            yield ("device", number, "channel", place, "link"), channel.family, one


def _serial_port(link: str) -> Path | None:
    """The file of a serial port by its whole path; others are found only when they are opened."""
    port = Path(port_of(link)) if link.startswith("serial:") else None
    return port if port is not None and port.is_absolute() else None


def _ports() -> str:
    found = sorted(str(port) for pattern in SERIAL_PORTS for port in Path("/dev").glob(pattern))
    if not found:
        return "No serial port is connected."
    more = ", …" if len(found) > MOST_PORTS else ""
    return f"There are: {', '.join(found[:MOST_PORTS])}{more}."


def texts(config: Config) -> tuple[str, ...]:
    """All problems as sentences."""
    return tuple(f"{one.device or one.subject}: {one.text}" for one in problems(config))


def check_new_problems(config: Config, before: str) -> None:
    """Raises ConfigError where a device cannot be reached with this configuration, unless that was so before.

    ``before``: the text of the configuration until now.
    """
    try:
        known = {(one.device, one.text) for one in problems(parse_config(before, config.where, str(config.data)))}
    except ConfigError:
        known = set()
    for one in problems(config):
        if one.is_error and (one.device, one.text) not in known:
            line = f", line {one.line}" if one.line else ""
            raise ConfigError(f"{config.where}{line}: device {one.device}: {one.text}")
