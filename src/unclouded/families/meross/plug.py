"""What a simulated MSS310 knows and measures, and what it answers to each question.

    hardware 2 (firmware 2.1.x)  digest, ToggleX, Multiple, ConsumptionConfig; days end at local midnight
    hardware 1 (firmware 1.1.x)  control, Toggle; days end at midnight UTC; no Multiple

Its clock counts from its start until somebody tells it the time. Source: docs/protocols/meross.md §1.0, §1.8.
"""

from collections.abc import Callable, Mapping
from fractions import Fraction
from typing import Any

import msgspec

from unclouded.core.session import WireValue
from unclouded.families.meross import messages
from unclouded.families.meross.consumption import day_of, offset_at
from unclouded.families.meross.envelope import GET, SET
from unclouded.families.meross.identity import mac_of
from unclouded.families.meross.messages import (
    ClockRequest,
    DndMode,
    Electricity,
    Firmware,
    Hardware,
    Message,
    OnlineStatus,
    Position,
    Ratios,
    Runtime,
    System,
    Time,
    Toggle,
    payload_of,
)
from unclouded.families.meross.ring import Ring

SIGNAL = 86  # percent
ABILITIES_HW1 = (
    "Config.Key Config.WifiList Config.Wifi Config.Trace System.Online System.All System.Hardware System.Firmware"
    " System.Time System.Clock System.Debug System.Ability System.Runtime System.Report System.Position"
    " System.DNDMode Control.Toggle Control.Timer Control.Trigger Control.ConsumptionX Control.Electricity"
    " Control.Upgrade Control.Bind Control.Unbind"
)
ABILITIES_HW2 = (
    "Config.Key Config.WifiList Config.Wifi Config.Trace System.All System.Hardware System.Firmware System.Debug"
    " System.Online System.Time System.Clock System.Ability System.Runtime System.Report System.Position"
    " System.DNDMode Control.Multiple Control.ToggleX Control.TimerX Control.TriggerX Control.Bind Control.Unbind"
    " Control.Upgrade Control.ConsumptionX Control.Electricity Control.ConsumptionConfig Digest.TriggerX Digest.TimerX"
)
ARGUMENTS: Mapping[str, Mapping[str, int]] = {
    "Control.Multiple": {"maxCmdNum": 5},
    "Control.Timer": {"sunOffsetSupport": 1},
    "Control.TimerX": {"sunOffsetSupport": 1},
}


class PlugOptions(msgspec.Struct, frozen=True, kw_only=True):
    """What the simulated plug is. ``key``: what it was bound with; "" = any signature will do.

    ``hardware``: 1 or 2. ``replay_window_s``: how old a question's timestamp may be; 0 = any.
    """

    uuid: str
    key: str = ""
    hardware: int = 2
    timezone: str = ""
    replay_window_s: int = 0
    faults: frozenset[str] = frozenset()

    def __repr__(self) -> str:
        return f"PlugOptions(uuid={self.uuid!r}, hardware={self.hardware})"


class SimulatedPlug:
    """The state of one plug; ``unix`` is its own clock."""

    def __init__(self, options: PlugOptions) -> None:
        self.options = options
        self.toggle = Toggle(onoff=0)
        self.ring = Ring("midnight_bug" in options.faults)
        self.ratios = Ratios(voltage_ratio=188, electricity_ratio=102, max_electricity_current=11_000)
        self.time = Time(timezone=options.timezone)
        self._position = Position()
        self._dnd = DndMode(0)
        self._measured: dict[str, int] = {}
        self._energy: Fraction | None = None
        self._ahead: float | None = None
        self._online = 0
        self._get: Mapping[str, Callable[[], bytes]] = self._answers()

    # --- its clock -------------------------------------------------------------------------------

    @property
    def has_time(self) -> bool:
        return self._ahead is not None

    def unix(self, uptime: float) -> float:
        """Unix seconds as far as the plug knows; seconds since its start until it was told."""
        return uptime + (self._ahead or 0.0)

    def set_clock(self, unix: float, uptime: float) -> None:
        self._ahead = unix - uptime

    # --- what the world does -----------------------------------------------------------------------

    def measure(self, values: Mapping[str, WireValue], uptime: float) -> bool:
        """Take what the world measures; True where the relay has moved."""
        for key in ("power", "voltage", "current"):
            value = values.get(f"electricity.{key}")
            if value is not None and not isinstance(value, (str, bytes)):
                self._measured[key] = round(value)
        energy = values.get("consumption.counter", values.get("consumption.today"))
        if energy is not None and not isinstance(energy, (str, bytes)):
            self._count(Fraction(energy), uptime)
        onoff = values.get("onoff")
        return onoff is not None and self.switch(bool(onoff), uptime)

    def switch(self, onoff: bool, uptime: float) -> bool:
        if bool(self.toggle.onoff) == onoff:
            return False
        self.toggle = Toggle(onoff=int(onoff), lm_time=int(self.unix(uptime)))
        return True

    def _count(self, energy_Wh: Fraction, uptime: float) -> None:
        """``energy_Wh``: of the world's day; what it grew by counts for the plug's own day."""
        if not self.has_time:
            return
        before = self._energy if self._energy is not None else Fraction(0)
        self._energy = energy_Wh
        used = energy_Wh - before if energy_Wh >= before else energy_Wh
        unix = self.unix(uptime)
        offset = offset_at(self.time, unix) if self.options.hardware > 1 else 0
        self.ring.add(used, day_of(unix, offset), int(unix))

    # --- what it answers -----------------------------------------------------------------------------

    def answer(self, method: str, namespace: str, message: Message, uptime: float) -> bytes | None:
        """The payload of the answer; None where it knows no such thing and closes."""
        if method == GET:
            if namespace == messages.ALL:
                return payload_of(all=self.all(uptime))
            if namespace == messages.TIME:
                return payload_of(time=full(self.now(uptime)))
            known = self._get.get(namespace)
            return known() if known is not None else None
        return self._set(message, uptime) if method == SET else None

    def now(self, uptime: float) -> Time:
        return msgspec.structs.replace(self.time, timestamp=int(self.unix(uptime)))

    def hardware(self) -> Hardware:
        old = self.options.hardware == 1
        return Hardware(
            type="mss310",
            sub_type="us",
            version="1.0.0" if old else "2.0.0",
            chip_type="MT7688" if old else "mt7682",
            uuid=self.options.uuid,
            mac_address=mac_of(self.options.uuid),
        )

    def firmware(self) -> Firmware:
        old = self.options.hardware == 1
        return Firmware(
            version="1.1.18" if old else "2.1.17",
            compile_time="2018-12-03 11:15:36" if old else "2021/04/07-16:08:36",
            wifi_mac="02:00:00:00:00:01",
            inner_ip="127.0.0.1",
            server="unclouded",
            port=8883,
            user_id=0,
        )

    def all(self, uptime: float) -> Mapping[str, object]:
        """System.All, with every key that a plug writes, zeros too."""
        online = OnlineStatus(self._online)
        system = System(hardware=self.hardware(), firmware=self.firmware(), time=self.now(uptime), online=online)
        whole: dict[str, Any] = {"system": full(system)}  # Any: JSON
        if self.options.hardware == 1:
            relay = {"onoff": self.toggle.onoff, "lmTime": self.toggle.lm_time}
            return whole | {"control": {"toggle": relay, "trigger": [], "timer": []}}
        return whole | {"digest": {"togglex": [full(self.toggle)], "triggerx": [], "timerx": []}}

    def push_of_relay(self) -> tuple[str, bytes]:
        """The namespace and payload of its PUSH after the relay has moved."""
        if self.options.hardware == 1:
            relay = {"onoff": self.toggle.onoff, "lmTime": self.toggle.lm_time}
            return messages.TOGGLE, payload_of(toggle=relay)
        return messages.TOGGLEX, payload_of(togglex=[full(self.toggle)])

    def connected(self, is_it: bool) -> None:
        """Does it have a server?"""
        self._online = int(is_it)

    def _set(self, message: Message, uptime: float) -> bytes | None:
        match message:
            case Time():
                self.time = message
                self.set_clock(message.timestamp, uptime)
            case ClockRequest():
                self.set_clock(message.timestamp, uptime)
            case Position():
                self._position = message
            case DndMode():
                self._dnd = message
            case _:
                return None
        return b"{}"

    def _answers(self) -> Mapping[str, Callable[[], bytes]]:
        """What it answers to a GET, by namespace."""
        both: dict[str, Callable[[], bytes]] = {
            messages.ABILITY: lambda: payload_of(payloadVersion=1, ability=self._abilities()),
            messages.HARDWARE: lambda: payload_of(hardware=full(self.hardware())),
            messages.FIRMWARE: lambda: payload_of(firmware=full(self.firmware())),
            messages.ONLINE: lambda: payload_of(online={"status": self._online}),
            messages.RUNTIME: lambda: payload_of(runtime=Runtime(signal=SIGNAL)),
            messages.DEBUG: lambda: payload_of(debug=self._debug()),
            messages.POSITION: lambda: payload_of(position=full(self._position)),
            messages.DND: lambda: payload_of(DNDMode=self._dnd),
            messages.ELECTRICITY: lambda: payload_of(electricity=self._electricity()),
            messages.CONSUMPTIONX: lambda: payload_of(consumptionx=self.ring.days),
        }
        if self.options.hardware == 1:
            return both | {
                messages.TOGGLE: lambda: self.push_of_relay()[1],
                messages.TIMER: lambda: payload_of(timer=[]),
                messages.TRIGGER: lambda: payload_of(trigger=[]),
            }
        return both | {
            messages.TOGGLEX: lambda: payload_of(channel=0, togglex=full(self.toggle)),
            messages.TIMERX: lambda: payload_of(digest={}, timerx={}),
            messages.TRIGGERX: lambda: payload_of(digest={}, triggerx={}),
            messages.DIGEST_TIMERX: lambda: payload_of(digest=[]),
            messages.DIGEST_TRIGGERX: lambda: payload_of(digest=[]),
            messages.CONSUMPTION_CONFIG: lambda: payload_of(config=full(self.ratios)),
        }

    def _abilities(self) -> Mapping[str, Mapping[str, int]]:
        names = (ABILITIES_HW1 if self.options.hardware == 1 else ABILITIES_HW2).split()
        return {f"Appliance.{name}": ARGUMENTS.get(name, {}) for name in names}

    def _electricity(self) -> Mapping[str, object]:
        voltage, current, power = (self._measured.get(key, 0) for key in ("voltage", "current", "power"))
        told = full(Electricity(current=current, voltage=voltage, power=power))
        told.pop("config")
        if self.options.hardware > 1:
            told["config"] = {"voltageRatio": 188, "electricityRatio": 102}
        return told

    def _debug(self) -> Mapping[str, object]:
        return {
            "system": {"version": self.firmware().version, "sysUpTime": "0h0m0s", "localTimeOffset": 0},
            "network": {"linkStatus": "connected", "signal": SIGNAL, "wifiDisconnectCount": 0, "ssid": "unclouded"},
            "cloud": {"activeServer": "unclouded", "mainServer": "unclouded", "mainPort": 8883, "userId": 0},
        }


def full(value: msgspec.Struct) -> dict[str, Any]:  # Any: JSON
    """A value as plugs write it: with its zeros. Empty options are left out."""
    names = {field.name: field.encode_name for field in msgspec.structs.fields(value)}
    fields = ((names[name], one) for name, one in msgspec.structs.asdict(value).items())
    return {name: full(one) if isinstance(one, msgspec.Struct) else one for name, one in fields}
