"""The state of a simulated MSS310, what it measures, and its answer to each request.

    hardware 2 (firmware 2.1.x)  digest, ToggleX, Multiple, ConsumptionConfig; days end at local midnight
    hardware 1 (firmware 1.1.x)  control, Toggle; days end at midnight UTC; no Multiple

Its clock counts from its start until the time is set. Server, key, Wi-Fi and updates are acknowledged; a real plug
would use them after a restart, which a simulated one never does. Source: docs/protocols/meross.md §1.0, §1.8.
"""

from collections.abc import Callable, Mapping
from fractions import Fraction
from typing import Any

import msgspec

from unclouded.core.errors import CommandError
from unclouded.core.session import SessionCommand, WireAction
from unclouded.core.session_parts import refuse_action
from unclouded.families.meross.controller.consumption import day_of, offset_at
from unclouded.families.meross.plug.day_ring import DayRing
from unclouded.families.meross.plug.debug_report import PlugFacts, ServerContact, debug_report
from unclouded.families.meross.plug.plug_rules import PlugRules
from unclouded.families.meross.wire import namespaces
from unclouded.families.meross.wire.envelope import GET, SET
from unclouded.families.meross.wire.identity import mac_of
from unclouded.families.meross.wire.messages import (
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

ACKNOWLEDGED = (namespaces.KEY, namespaces.WIFI, namespaces.UPGRADE)  # to be used after a restart
NETWORK = {
    "ssid": "dW5jbG91ZGVk",  # base64
    "bssid": "02-00-00-00-00-01",
    "signal": SIGNAL,
    "channel": 6,
    "encryption": 6,
    "cipher": 3,
}
NO_TRACE = {"ssid": "", "bssid": "", "rssi": "", "code": 0, "info": ""}  # as a plug has it that is set up


class PlugOptions(msgspec.Struct, frozen=True, kw_only=True):
    """A simulated plug's identity and options. ``key``: what it was bound with; "" = any signature is accepted.

    ``hardware``: 1 or 2. ``replay_window_s``: how old a request's timestamp may be; 0 = any.
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
    """The state of one plug. Its times are those of its own clock, which runs from the first call."""

    def __init__(self, options: PlugOptions) -> None:
        self.options = options
        self.toggle = Toggle(onoff=0)
        self.ring = DayRing("midnight_bug" in options.faults)
        self.ratios = Ratios(voltage_ratio=188, electricity_ratio=102, max_electricity_current=11_000)
        self.time = Time(timezone=options.timezone)
        self._position = Position()
        self._dnd = DndMode(0)
        self._measured: dict[str, int] = {}
        self._energy: Fraction | None = None
        self._booted: float | None = None
        self._ahead: float | None = None
        self._contact = ServerContact()
        self._timers, self._triggers = (
            PlugRules(f"{name}{'' if self.is_old else 'x'}") for name in ("timer", "trigger")
        )
        self._get: Mapping[str, Callable[[], bytes]] = self._answers()

    @property
    def is_old(self) -> bool:
        """Is it of hardware 1?"""
        return self.options.hardware == 1

    # --- its clock -------------------------------------------------------------------------------

    @property
    def has_time(self) -> bool:
        return self._ahead is not None

    def uptime(self, now: float) -> float:
        """Seconds since its start."""
        if self._booted is None:
            self._booted = now
        return now - self._booted

    def clock(self, now: float) -> float:
        """Unix seconds; seconds since its start until the time is set."""
        return self.uptime(now) + (self._ahead or 0.0)

    def unix(self, now: float) -> int:
        return int(self.clock(now))

    def ms(self, now: float) -> int:
        return int(self.clock(now) * 1000) % 1000

    def set_clock(self, unix: float, now: float) -> None:
        self._ahead = unix - self.uptime(now)

    # --- what the world does -----------------------------------------------------------------------

    def measure(self, command: SessionCommand, now: float) -> bool:
        """Take what the world measures; True where the relay has moved. Raises CommandError where it is not that."""
        if isinstance(command, WireAction):
            raise refuse_action(command)
        if command.part:
            raise CommandError("A plug has no parts.")
        values = command.values
        for key in ("power", "voltage", "current"):
            value = values.get(f"electricity.{key}")
            if value is not None and not isinstance(value, (str, bytes)):
                self._measured[key] = round(value)
        energy = values.get("consumption.counter", values.get("consumption.today"))
        if energy is not None and not isinstance(energy, (str, bytes)):
            self._count(Fraction(energy), now)
        onoff = values.get("onoff")
        return onoff is not None and self.switch(bool(onoff), now)

    def switch(self, onoff: bool, now: float) -> bool:
        if bool(self.toggle.onoff) == onoff:
            return False
        self.toggle = Toggle(onoff=int(onoff), lm_time=self.unix(now))
        return True

    def _count(self, energy_Wh: Fraction, now: float) -> None:
        """``energy_Wh``: of the world's day; what it grew by counts for the plug's own day."""
        if not self.has_time:
            return
        before = self._energy if self._energy is not None else Fraction(0)
        self._energy = energy_Wh
        used = energy_Wh - before if energy_Wh >= before else energy_Wh
        unix = self.clock(now)
        offset = 0 if self.is_old else offset_at(self.time, unix)
        self.ring.add(used, day_of(unix, offset), int(unix))

    # --- what it answers -----------------------------------------------------------------------------

    def answer(self, method: str, namespace: str, message: Message, payload: bytes, now: float) -> bytes | None:
        """The payload of the answer; None where the request is unknown to it and it closes."""
        if namespace in self._rules:
            return self._answer_about_rules(method, self._rules[namespace], payload)
        if method == GET:
            if namespace == namespaces.ALL:
                return payload_of(all=self.all(now))
            if namespace == namespaces.TIME:
                return payload_of(time=full(self.time_now(now)))
            if namespace == namespaces.DEBUG:
                return payload_of(debug=self._debug(now))
            known = self._get.get(namespace)
            return known() if known is not None else None
        if method == SET and namespace in ACKNOWLEDGED:
            return b"{}"
        return self._set(message, now) if method == SET else None

    def time_now(self, now: float) -> Time:
        return msgspec.structs.replace(self.time, timestamp=self.unix(now))

    def hardware(self) -> Hardware:
        old = self.is_old
        return Hardware(
            type="mss310",
            sub_type="us",
            version="1.0.0" if old else "2.0.0",
            chip_type="MT7688" if old else "mt7682",
            uuid=self.options.uuid,
            mac_address=mac_of(self.options.uuid),
        )

    def firmware(self) -> Firmware:
        old = self.is_old
        return Firmware(
            version="1.1.18" if old else "2.1.4" if "midnight_bug" in self.options.faults else "2.1.17",
            compile_time="2018-12-03 11:15:36" if old else "2021/04/07-16:08:36",
            wifi_mac="02:00:00:00:00:01",
            inner_ip="127.0.0.1",
            server="unclouded",
            port=8883,
            user_id=0,
        )

    def all(self, now: float) -> Mapping[str, object]:
        """System.All, with every key that a plug writes, zeros too."""
        whole: dict[str, Any] = {"system": self._system(now)}  # Any: JSON
        if self.is_old:
            rules = {"trigger": self._triggers.rules, "timer": self._timers.rules}
            return whole | {"control": {"toggle": self._old_relay(), **rules}}
        rules = {"triggerx": self._triggers.digest, "timerx": self._timers.digest}
        return whole | {"digest": {"togglex": [full(self.toggle)], **rules}}

    def description(self, now: float) -> Mapping[str, object]:
        """Its part of a Bind."""
        system = self._system(now)
        return {name: system[name] for name in ("time", "hardware", "firmware")}

    @property
    def relay_namespace(self) -> str:
        return namespaces.TOGGLE if self.is_old else namespaces.TOGGLEX

    def relay_payload(self) -> bytes:
        """The payload of its PUSH after the relay has moved."""
        return payload_of(toggle=self._old_relay()) if self.is_old else payload_of(togglex=[full(self.toggle)])

    def server_connected(self, now: float) -> None:
        """Its server has accepted it."""
        self._contact.connected(self.clock(now), self.uptime(now))

    def server_lost(self) -> None:
        self._contact.lost()

    def _system(self, now: float) -> dict[str, Any]:  # Any: JSON
        online = OnlineStatus(int(self._contact.is_online))
        return full(System(hardware=self.hardware(), firmware=self.firmware(), time=self.time_now(now), online=online))

    def _old_relay(self) -> Mapping[str, int]:
        return {"onoff": self.toggle.onoff, "lmTime": self.toggle.lm_time}

    def _set(self, message: Message, now: float) -> bytes | None:
        match message:
            case Time():
                self.time = message
                self.set_clock(message.timestamp, now)
            case ClockRequest():
                self.set_clock(message.timestamp, now)
            case Position():
                self._position = message
            case DndMode():
                self._dnd = message
            case _:
                return None
        return b"{}"

    def _answers(self) -> Mapping[str, Callable[[], bytes]]:
        """The answers to a GET, by namespace."""
        both: dict[str, Callable[[], bytes]] = {
            namespaces.ABILITY: lambda: payload_of(payloadVersion=1, ability=self._abilities()),
            namespaces.HARDWARE: lambda: payload_of(hardware=full(self.hardware())),
            namespaces.FIRMWARE: lambda: payload_of(firmware=full(self.firmware())),
            namespaces.ONLINE: lambda: payload_of(online={"status": int(self._contact.is_online)}),
            namespaces.WIFI_LIST: lambda: payload_of(wifiList=[NETWORK]),
            namespaces.TRACE: lambda: payload_of(trace=NO_TRACE),
            namespaces.RUNTIME: lambda: payload_of(runtime=Runtime(signal=SIGNAL)),
            namespaces.POSITION: lambda: payload_of(position=full(self._position)),
            namespaces.DND: lambda: payload_of(DNDMode=self._dnd),
            namespaces.ELECTRICITY: lambda: payload_of(electricity=self._electricity()),
            namespaces.CONSUMPTIONX: lambda: payload_of(consumptionx=self.ring.days),
        }
        if self.is_old:
            return both | {namespaces.TOGGLE: self.relay_payload}
        return both | {
            namespaces.TOGGLEX: lambda: payload_of(channel=0, togglex=full(self.toggle)),
            namespaces.DIGEST_TIMERX: lambda: payload_of(digest=self._timers.digest),
            namespaces.DIGEST_TRIGGERX: lambda: payload_of(digest=self._triggers.digest),
            namespaces.CONSUMPTION_CONFIG: lambda: payload_of(config=full(self.ratios)),
        }

    @property
    def _rules(self) -> Mapping[str, PlugRules]:
        """By namespace."""
        if self.is_old:
            return {namespaces.TIMER: self._timers, namespaces.TRIGGER: self._triggers}
        return {namespaces.TIMERX: self._timers, namespaces.TRIGGERX: self._triggers}

    def _answer_about_rules(self, method: str, rules: PlugRules, payload: bytes) -> bytes | None:
        match method:
            case "GET" if self.is_old:
                return payload_of(**{rules.key: rules.rules})
            case "GET":
                return rules.get(payload)
            case "SET":
                return rules.replace(payload) if self.is_old else rules.set(payload)
            case "DELETE" if not self.is_old:
                return rules.delete(payload)
        return None

    def _abilities(self) -> Mapping[str, Mapping[str, int]]:
        names = (ABILITIES_HW1 if self.is_old else ABILITIES_HW2).split()
        listed = {f"Appliance.{name}": ARGUMENTS.get(name, {}) for name in names}
        encryption = namespaces.ENCRYPTION if "encrypts" in self.options.faults else ()
        return {**listed, **{name: {} for name in encryption}}

    def _electricity(self) -> Mapping[str, object]:
        voltage, current, power = (self._measured.get(key, 0) for key in ("voltage", "current", "power"))
        values = full(Electricity(current=current, voltage=voltage, power=power))
        values.pop("config")
        if not self.is_old:
            values["config"] = {"voltageRatio": 188, "electricityRatio": 102}
        return values

    def _debug(self, now: float) -> Mapping[str, object]:
        unix = self.clock(now)
        facts = PlugFacts(
            firmware=self.firmware(),
            contact=self._contact,
            position=self._position,
            uptime_s=self.uptime(now),
            unix=unix,
            offset_s=offset_at(self.time, unix),
            signal=SIGNAL,
            is_old=self.is_old,
        )
        return debug_report(facts)


def full(value: msgspec.Struct) -> dict[str, Any]:  # Any: JSON
    """A value as plugs write it: with its zeros. Empty options are left out."""
    names = {field.name: field.encode_name for field in msgspec.structs.fields(value)}
    fields = ((names[name], one) for name, one in msgspec.structs.asdict(value).items())
    return {name: full(one) if isinstance(one, msgspec.Struct) else one for name, one in fields}
