"""The values in a plug's messages, by wire key, and its description of itself, as text.

    Toggle(X)     onoff
    Electricity   electricity.power (mW)  electricity.voltage (0.1 V)  electricity.current (mA)
    ConsumptionX  consumption.counter, consumption.today (Wh; consumption.py)
    ConsumptionH  consumption.hour (Wh; hours.py)
    Runtime       runtime.signal (percent)
    OverTemp      over_temperature
    Debug         the server that it is really connected to

Source: docs/protocols/meross.md §1.8.
"""

from collections.abc import Mapping, Sequence
from typing import Any

from unclouded.core.sessions.session import Event, Identified, Noticed, Reported
from unclouded.families.meross.controller import problems
from unclouded.families.meross.controller.commands.pending_commands import ONOFF
from unclouded.families.meross.controller.commands.setting_points import TOO_HOT
from unclouded.families.meross.controller.energy.comparison import EnergyComparison
from unclouded.families.meross.controller.energy.consumption import DayCounter, PlugClock
from unclouded.families.meross.controller.energy.hours import HourReader
from unclouded.families.meross.wire.messages import (
    All,
    Days,
    Debug,
    Electricity,
    HourlyEnergies,
    Message,
    OverTemperatures,
    Runtime,
    Toggle,
)

NOT_CONNECTED = "none"  # the server of a plug that is connected to none
IS_TOO_HOT = 1
LONGEST_HOST, LONGEST_PORT = 100, 8  # characters that are shown


class ValueReader:
    """Reads the messages of one plug. ``memory``: what was remembered of its days."""

    def __init__(self, memory: bytes) -> None:
        self._meter = DayCounter(memory)
        self._comparison = EnergyComparison()
        self._hours = HourReader()
        self._all: All | None = None
        self._info: Mapping[str, str] = {}
        self._connection: Mapping[str, str] = {}  # what Debug and the ability list add to it
        self._lacks: frozenset[str] = frozenset()

    @property
    def is_old(self) -> bool:
        """Is it of hardware 1?"""
        return self._all is not None and self._all.control is not None

    def new_connection(self) -> None:
        """Meter and hours begin again."""
        self._meter.new_connection()
        self._hours.new_connection()

    @property
    def product(self) -> str:
        """The type of its hardware; "" while it is not known."""
        return self._info.get("product", "")

    def has_other_firmware(self, all_: All) -> bool:
        """Whether its version is another one than it reported last."""
        return self._all is not None and self._all.system.firmware.version != all_.system.firmware.version

    def identified(self, all_: All, lacks: frozenset[str] = frozenset()) -> list[Event]:
        """Its description, where that is news. ``lacks``: the wire keys that it does not have."""
        self._all = all_
        self._meter.firmware = all_.system.firmware.version
        info = {**describe(all_), **self._connection}
        return [] if info == self._info and lacks == self._lacks else self._identify(info, lacks)

    def lack(self, lacks: frozenset[str]) -> list[Event]:
        """It turned out to lack other wire keys than before."""
        return [] if not self._info or lacks == self._lacks else self._identify(self._info, lacks)

    def connected_to(self, connection: Mapping[str, str]) -> list[Event]:
        """What was found out about its connections, where that is news."""
        self._connection = {**self._connection, **connection}
        info = {**self._info, **self._connection}
        return [] if not self._info or info == self._info else self._identify(info, self._lacks)

    def _identify(self, info: Mapping[str, str], lacks: frozenset[str]) -> list[Event]:
        self._info, self._lacks = info, lacks
        return [Identified(info, lacks=lacks)]

    def read(self, message: Message, unix: float, wall: float) -> list[Event]:
        """The values in a message; ``unix``: the plug's own clock, ``wall``: that of the hub."""
        clock = self._clock(unix, wall)
        match message:
            case Electricity(power=power, voltage=voltage, current=current):
                self._meter.measured(power / 1000, clock)
                self._comparison.measured(power / 1000, clock)
                values = {"electricity.power": power, "electricity.voltage": voltage, "electricity.current": current}
                return [Reported(values)]
            case Days(days=days):
                events = self._meter.read(days, clock)
                return [*events, *self._comparison.counted(events, clock)]
            case HourlyEnergies():
                return self._hours.read(message, clock)
            case Runtime(signal=signal):
                return [Reported({"runtime.signal": signal})]
            case OverTemperatures(items=items) if items:
                return self._temperature(items[0].value == IS_TOO_HOT)
            case Debug():
                return self.connected_to({"server_in_use": server_in_use(message)})
        return []

    def _temperature(self, too_hot: bool) -> list[Event]:
        events: list[Event] = [Reported({TOO_HOT: too_hot})]
        return [*events, Noticed(TOO_HOT, problems.TOO_HOT)] if too_hot else events

    def _clock(self, unix: float, wall: float) -> PlugClock:
        """The plug's clock; hardware 1 counts its days in UTC."""
        zone = None if self._all is None or self.is_old else self._all.system.time
        return PlugClock(unix=unix, wall=wall, zone=zone)


def relay_state(channels: Sequence[Toggle]) -> bool | None:
    """The state of the relay; None where the message has none that is valid."""
    toggle = next((one for one in channels if one.channel == 0), None)
    return bool(toggle.onoff) if toggle is not None and toggle.onoff in (0, 1) else None


def relay_reported(onoff: bool) -> Event:
    """The reading of the relay: True is on."""
    return Reported({ONOFF: onoff})


def describe(all_: All) -> dict[str, str]:
    """A plug's description of itself, as text."""
    hardware, firmware = all_.system.hardware, all_.system.firmware
    info = {
        "identity": hardware.uuid.lower(),
        "product": hardware.type.lower(),
        "version": firmware.version,
        "hardware": hardware.version,
        "region": hardware.sub_type,
        "chip": hardware.chip_type.lower(),
        "mac": hardware.mac_address.lower(),
        "address": firmware.inner_ip,
        "built": firmware.compile_time,
        "server": _host(firmware.server, firmware.port),
        "second_server": _host(firmware.second_server, firmware.second_port),
    }
    return {key: value for key, value in info.items() if value}


def http_of(encrypts: bool) -> dict[str, str]:
    """The description of how a plug speaks HTTP."""
    return {"http": "encrypted" if encrypts else "clear text"}


def server_in_use(debug: Debug) -> str:
    """The server that a plug is really connected to, with its port where that is known."""
    cloud = debug.cloud
    active = cloud.get("activeServer")
    if not isinstance(active, str) or not active:
        return NOT_CONNECTED
    sides = [name for name in ("main", "second") if cloud.get(f"{name}Server") == active]
    return _host(active, cloud.get(f"{sides[0]}Port") if sides else "")


def _host(host: str, port: Any) -> str:  # Any: JSON
    shown = host[:LONGEST_HOST]
    is_port = isinstance(port, int | str) and not isinstance(port, bool) and port not in ("", 0)
    return f"{shown}:{str(port)[:LONGEST_PORT]}" if shown and is_port else shown
