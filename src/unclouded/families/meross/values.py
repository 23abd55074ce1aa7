"""The values in a plug's messages, by wire key, and its description of itself, as text.

    Toggle(X)     onoff
    Electricity   electricity.power (mW)  electricity.voltage (0.1 V)  electricity.current (mA)
    ConsumptionX  consumption.counter, consumption.today (Wh; consumption.py)
    Runtime       runtime.signal (percent)

Source: docs/protocols/meross.md §1.8.
"""

from collections.abc import Mapping, Sequence

from unclouded.core.session import Event, Identified, Reported
from unclouded.families.meross.consumption import DayCounter, day_of, offset_at
from unclouded.families.meross.messages import All, Days, Electricity, Message, Runtime, Toggle
from unclouded.families.meross.pending_commands import ONOFF

SYNCED = 1_000_000_000  # a clock below counts seconds since the start


class ValueReader:
    """Reads the messages of one plug. ``memory``: what was remembered of its days."""

    def __init__(self, memory: bytes) -> None:
        self._meter = DayCounter(memory)
        self._all: All | None = None
        self._info: Mapping[str, str] = {}

    @property
    def is_old(self) -> bool:
        """Is it of hardware 1?"""
        return self._all is not None and self._all.control is not None

    def new_connection(self) -> None:
        self._meter.new_connection()

    def identified(self, all_: All) -> list[Event]:
        """Its description, where that is news."""
        self._all = all_
        info = describe(all_)
        if info == self._info:
            return []
        self._info = info
        return [Identified(info)]

    def read(self, message: Message, unix: int) -> list[Event]:
        """The values in a message; ``unix``: the plug's own clock."""
        match message:
            case Electricity(power=power, voltage=voltage, current=current):
                values = {"electricity.power": power, "electricity.voltage": voltage, "electricity.current": current}
                return [Reported(values)]
            case Days(days=days):
                return self._meter.read(days, self._today(unix))
            case Runtime(signal=signal):
                return [Reported({"runtime.signal": signal})]
        return []

    def _today(self, unix: int) -> str:
        """The plug's own date; hardware 1 counts its days in UTC."""
        if unix < SYNCED or self._all is None:
            return ""
        return day_of(unix, 0 if self.is_old else offset_at(self._all.system.time, unix))


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
