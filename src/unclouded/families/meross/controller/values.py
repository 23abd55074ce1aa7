"""The values in a plug's messages, by wire key, and its description of itself, as text.

    Toggle(X)     onoff
    Electricity   electricity.power (mW)  electricity.voltage (0.1 V)  electricity.current (mA)
    ConsumptionX  consumption.counter, consumption.today (Wh; consumption.py)
    Runtime       runtime.signal (percent)

Source: docs/protocols/meross.md §1.8.
"""

from collections.abc import Mapping, Sequence

from unclouded.core.session import Event, Identified, Reported
from unclouded.families.meross.controller.consumption import DayCounter, PlugClock
from unclouded.families.meross.controller.pending_commands import ONOFF
from unclouded.families.meross.wire.messages import All, Days, Electricity, Message, Runtime, Toggle


class ValueReader:
    """Reads the messages of one plug. ``memory``: what was remembered of its days."""

    def __init__(self, memory: bytes) -> None:
        self._meter = DayCounter(memory)
        self._all: All | None = None
        self._info: Mapping[str, str] = {}
        self._lacks: frozenset[str] = frozenset()

    @property
    def is_old(self) -> bool:
        """Is it of hardware 1?"""
        return self._all is not None and self._all.control is not None

    def new_connection(self) -> None:
        self._meter.new_connection()

    @property
    def product(self) -> str:
        """The type of its hardware; "" while it is not known."""
        return self._info.get("product", "")

    def identified(self, all_: All, lacks: frozenset[str] = frozenset()) -> list[Event]:
        """Its description, where that is news. ``lacks``: the wire keys that it does not have."""
        self._all = all_
        self._meter.firmware = all_.system.firmware.version
        info = describe(all_)
        return [] if info == self._info and lacks == self._lacks else self._identify(info, lacks)

    def lack(self, lacks: frozenset[str]) -> list[Event]:
        """It turned out to lack other wire keys than before."""
        return [] if not self._info or lacks == self._lacks else self._identify(self._info, lacks)

    def _identify(self, info: Mapping[str, str], lacks: frozenset[str]) -> list[Event]:
        self._info, self._lacks = info, lacks
        return [Identified(info, lacks=lacks)]

    def read(self, message: Message, unix: float, wall: float) -> list[Event]:
        """The values in a message; ``unix``: the plug's own clock, ``wall``: that of the hub."""
        match message:
            case Electricity(power=power, voltage=voltage, current=current):
                self._meter.measured(power / 1000, self._clock(unix, wall))
                values = {"electricity.power": power, "electricity.voltage": voltage, "electricity.current": current}
                return [Reported(values)]
            case Days(days=days):
                return self._meter.read(days, self._clock(unix, wall))
            case Runtime(signal=signal):
                return [Reported({"runtime.signal": signal})]
        return []

    def _clock(self, unix: float, wall: float) -> PlugClock:
        """The plug's clock; hardware 1 counts its days in UTC."""
        zone = None if self._all is None or self.is_old else self._all.system.time
        return PlugClock(unix=unix, wall=wall, zone=zone)


def relay_state(channels: Sequence[Toggle]) -> bool | None:
    """The state of the relay; None where the message has none that is valid."""
    toggle = next((one for one in channels if one.channel == 0), None)
    return bool(toggle.onoff) if toggle is not None and toggle.onoff in (0, 1) else None


def relay_reported(onoff: bool) -> Event:
    return Reported({ONOFF: onoff})


def describe(all_: All) -> dict[str, str]:
    """A plug's description of itself, as text."""
    hardware, firmware = all_.system.hardware, all_.system.firmware
    server = f"{firmware.server}:{firmware.port}" if firmware.server else ""
    info = {
        "identity": hardware.uuid.lower(),
        "product": hardware.type.lower(),
        "version": firmware.version,
        "hardware": hardware.version,
        "region": hardware.sub_type,
        "chip": hardware.chip_type.lower(),
        "mac": hardware.mac_address.lower(),
        "address": firmware.inner_ip,
        "server": server,
    }
    return {key: value for key, value in info.items() if value}
