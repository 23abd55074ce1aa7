"""The state of a simulated MSS310: what it is, what it measures, and what it keeps.

``answers.py`` makes the answers to requests of it. Source: docs/protocols/meross.md §1.0, §1.8.
"""

from collections.abc import Mapping
from fractions import Fraction
from typing import Any

import msgspec

from unclouded.core.errors import CommandError
from unclouded.core.sessions.session import SessionCommand, WireAction
from unclouded.core.sessions.session_parts import refuse_action
from unclouded.families.meross.plug.debug_report import PlugFacts, ServerContact, debug_report
from unclouded.families.meross.plug.network_state import NetworkState, PlugPhase
from unclouded.families.meross.plug.rules.runner import RuleRunner
from unclouded.families.meross.plug.rules.store import RuleStore
from unclouded.families.meross.plug.state.energy_records import KEY as ENERGY
from unclouded.families.meross.plug.state.energy_records import EnergyRecords
from unclouded.families.meross.plug.state.plug_options import PlugOptions
from unclouded.families.meross.plug.state.plug_settings import KEY as SETTINGS
from unclouded.families.meross.plug.state.plug_settings import PlugSettings, encoded, stored_settings
from unclouded.families.meross.plug.state.running_clock import RunningClock
from unclouded.families.meross.wire import namespaces
from unclouded.families.meross.wire.discovery import DiscoveredPlug
from unclouded.families.meross.wire.identity import mac_of
from unclouded.families.meross.wire.messages import (
    Firmware,
    Hardware,
    Ratios,
    System,
    Time,
    Toggle,
    payload_of,
)
from unclouded.families.meross.wire.time_rules import local_offset

SIGNAL = 86  # percent
CHANNEL = 6  # of its Wi-Fi
SERVER = ("unclouded", 8883)  # that its link was made for, as it reports it
ROUTER_MAC = "02:00:00:00:00:01"
ONLINE, NOT_ONLINE, UPDATING = 1, 0, 3  # values of System.Online
VOLTAGE_RATIO = 188
MAX_CURRENT_mA = 11_000


class SimulatedPlug:
    """One plug. Its times are those of its own clock, which runs from the first call. ``memory``: of earlier runs."""

    def __init__(self, options: PlugOptions, memory: Mapping[str, bytes] | None = None) -> None:
        memory = memory or {}
        self.options = options
        self.dialect = options.row
        self.settings = stored_settings(memory.get(SETTINGS, b""), _first_settings(options))
        self.clock = RunningClock()
        self.energy = EnergyRecords(
            self.dialect.day_slots, "keeps-total-at-midnight" in options.faults, memory.get(ENERGY, b"")
        )  # fmt: skip
        self.contact = ServerContact()
        self.network = NetworkState(self.settings, options.networks, "waits-for-ntp" in options.faults)
        self.is_updating = False
        self.led_command = ""
        names = ("timer", "trigger") if self.dialect.is_old else ("timerx", "triggerx")
        self.timers = RuleStore(names[0], self.settings.timers, self.settings.counts)
        self.triggers = RuleStore(names[1], self.settings.triggers, self.settings.counts)
        self.rules = RuleRunner(self.settings, self.clock, self.timers, self.triggers)
        self._measured: dict[str, int] = {}
        self._counted: Fraction | None = None  # by the world
        self._used_Wh = Fraction(0)  # since its start
        self._stored = b""

    @property
    def uuid(self) -> str:
        return self.settings.uuid or self.options.uuid

    @property
    def mac(self) -> str:
        return self.settings.mac or mac_of(self.uuid)

    @property
    def ratios(self) -> Ratios:
        """The calibration of its meter."""
        return Ratios(
            voltage_ratio=self.settings.voltage_ratio or VOLTAGE_RATIO,
            electricity_ratio=self.settings.current_ratio or self.dialect.current_ratio,
            max_electricity_current=MAX_CURRENT_mA,
        )

    def led_text(self) -> str:
        """What its LED shows: the state, until a command of the console overrides it."""
        return self.led_command or self.network.led().value

    @property
    def toggle(self) -> Toggle:
        return Toggle(onoff=self.settings.onoff, lm_time=self.settings.lm_time)

    @property
    def signing_key(self) -> str:
        """In set-up mode nothing is checked, and it signs with no key."""
        return "" if self.network.phase is PlugPhase.PAIRING else self.settings.key

    @property
    def version(self) -> str:
        return self.settings.version or (
            "2.1.4" if "keeps-total-at-midnight" in self.options.faults else self.dialect.firmware
        )

    def changed_settings(self) -> bytes:
        """The settings, where they differ from those that this returned last; else nothing."""
        now = encoded(self.settings)
        before, self._stored = self._stored, now
        return now if before and now != before else b""

    # --- time ------------------------------------------------------------------------------------

    def unix(self, now: float) -> int:
        """Whole seconds since 1970, by its own clock."""
        return int(self.clock.unix(now))

    def ms(self, now: float) -> int:
        """Milliseconds of the current second, 0 to 999, by its own clock."""
        return int(self.clock.unix(now) * 1000) % 1000

    def set_clock(self, unix: float, now: float) -> None:
        """``unix``: seconds since 1970. Rules are planned again, since a step may skip or repeat their times."""
        self.clock.set(unix, now)
        self.rules.clock_may_be_set(now)

    def time_now(self, now: float) -> Time:
        """The payload of Appliance.System.Time: its clock, zone and rules of summer time."""
        return Time(self.unix(now), self.settings.timezone, self.settings.time_rule)

    def restart(self, now: float) -> None:
        """It starts: what is not in its flash memory is lost."""
        self.clock.restart(now)
        self.rules.restart()
        self.contact.lost()
        self.is_updating = False
        self.led_command = ""
        self._used_Wh = Fraction(0)

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
        """Whether it has moved."""
        if bool(self.settings.onoff) == onoff:
            return False
        self.settings.onoff, self.settings.lm_time = int(onoff), self.unix(now)
        self.led_command = ""
        self.rules.relay_moved(onoff, now)
        return True

    def _count(self, energy_Wh: Fraction, now: float) -> None:
        """``energy_Wh``: of the world's day; what it grew by counts for the plug's own day."""
        if not self.clock.is_set:
            return
        before = self._counted if self._counted is not None else Fraction(0)
        self._counted = energy_Wh
        used = energy_Wh - before if energy_Wh >= before else energy_Wh
        unix = self.clock.unix(now)
        offset = 0 if self.dialect.is_old else local_offset(self.settings.time_rule, unix)
        self.energy.add(used, unix, offset)
        self._used_Wh += used

    # --- what it reports -----------------------------------------------------------------------------

    def bound(self, now: float) -> None:
        """Its server has accepted it."""
        self.network.bound()
        self.settings.bind_time = self.unix(now)
        self.contact.connected(self.firmware().server, self.clock.unix(now), self.clock.uptime(now))

    def hardware(self) -> Hardware:
        """The payload of Appliance.System.Hardware, which differs with the hardware version."""
        return Hardware(
            type="mss310",
            sub_type="us",
            version=self.dialect.hardware,
            chip_type=self.dialect.chip,
            uuid=self.uuid,
            mac_address=self.mac,
        )

    def firmware(self) -> Firmware:
        """The payload of Appliance.System.Firmware. In set-up mode it has neither a server nor an IP address."""
        settings = self.settings
        server, port = self.network.server if settings.host else SERVER if settings.is_set_up else ("", 0)
        return Firmware(
            version=self.version,
            compile_time=self.dialect.compiled,
            wifi_mac=ROUTER_MAC if settings.is_set_up else self.mac,
            inner_ip=self.options.http_host if settings.is_set_up else "",
            server=server,
            port=port,
            second_server=settings.second_host if settings.second_host != settings.host else "",
            second_port=settings.second_port if settings.second_host != settings.host else "",
            user_id=int(settings.user_id) if settings.user_id.isdecimal() else 0,
            encrypt=self.dialect.encrypt_flag,
        )

    def discovered(self) -> DiscoveredPlug:
        """Its answer to a discovery."""
        hardware = self.hardware()
        return DiscoveredPlug(
            dev_name=hardware.type,
            dev_soft_ware=self.version,
            dev_hard_ware=hardware.version,
            device_type=hardware.type,
            sub_type=hardware.sub_type,
            ip=self.options.http_host,
            port=self.options.http_port,
            mac=hardware.mac_address,
            uuid=hardware.uuid,
        )

    def system(self, now: float) -> dict[str, Any]:  # Any: JSON
        """The part ``system`` of Appliance.System.All; fields that the plug's firmware lacks are left out."""
        hardware, firmware = self.hardware(), full(self.firmware())
        for key in ("encrypt", "secondServer", "secondPort"):
            if not firmware[key] and not (key != "encrypt" and self.dialect.is_old):
                del firmware[key]
        found = full(System(hardware=hardware, time=self.time_now(now)))
        return found | {"firmware": firmware, "online": self.online()}

    def description(self, now: float) -> Mapping[str, object]:
        """Its part of a Bind."""
        system = self.system(now)
        return {name: system[name] for name in ("time", "hardware", "firmware")}

    def online(self) -> Mapping[str, object]:
        """The payload of Appliance.System.Online; newer plugs add who has bound them."""
        status = UPDATING if self.is_updating else ONLINE if self.contact.is_online else NOT_ONLINE
        if not self.dialect.encrypts:
            return {"status": status}
        return {"status": status, "bindId": self.settings.bind_id, "who": 1}

    def all(self, now: float) -> Mapping[str, object]:
        """System.All, with every key that a plug writes, zeros too."""
        whole: dict[str, Any] = {"system": self.system(now)}  # Any: JSON
        if self.dialect.is_old:
            rules = {"trigger": self.triggers.rules, "timer": self.timers.rules}
            return whole | {"control": {"toggle": self.old_relay(), **rules}}
        digest: dict[str, Any] = {"togglex": [full(self.toggle)]}  # Any: JSON
        if self.dialect.shows_rules:
            digest |= {"triggerx": self.triggers.digest, "timerx": self.timers.digest}
        return whole | {"digest": digest}

    @property
    def relay_namespace(self) -> str:
        return namespaces.TOGGLE if self.dialect.is_old else namespaces.TOGGLEX

    def relay_payload(self) -> bytes:
        """The payload of its PUSH after the relay has moved."""
        if self.dialect.is_old:
            return payload_of(toggle=self.old_relay())
        return payload_of(togglex=[full(self.toggle)])

    def old_relay(self) -> Mapping[str, int]:
        """The relay as Appliance.Control.Toggle of old firmware has it, with the time of the last change."""
        return {"onoff": self.settings.onoff, "lmTime": self.settings.lm_time}

    def electricity(self) -> Mapping[str, object]:
        """The values of Appliance.Control.Electricity, in mA, 0.1 V and mW; old firmware has no calibration."""
        voltage, current, power = self.measured()
        values: dict[str, object] = {"channel": 0, "current": current, "voltage": voltage, "power": power}
        if not self.dialect.is_old:
            values["config"] = self.calibration()
        return values

    def measured(self) -> tuple[int, int, int]:
        """0.1 V, mA and mW, as its ratios make them of what its chip counts."""
        if self._measures_nothing():
            return 0, 0, 0
        voltage, current, power = (self._measured.get(key, 0) for key in ("voltage", "current", "power"))
        volts, amps = self.ratios.voltage_ratio, self.ratios.electricity_ratio
        made_for = VOLTAGE_RATIO, self.dialect.current_ratio
        scaled_power = power * volts * amps // (made_for[0] * made_for[1])
        return voltage * volts // made_for[0], current * amps // made_for[1], scaled_power

    @property
    def used_since_start_Wh(self) -> int:
        """Whole Wh, as far as its clock is set."""
        return int(self._used_Wh)

    def calibration(self) -> Mapping[str, int]:
        """As it is answered to a query; what it pushes has more."""
        ratios = self.ratios
        found = {"voltageRatio": ratios.voltage_ratio, "electricityRatio": ratios.electricity_ratio}
        limit = {"maxElectricityCurrent": ratios.max_electricity_current} if self.dialect.encrypt_flag else {}
        return found | limit

    def debug(self, now: float) -> Mapping[str, object]:
        """The payload of Appliance.System.Debug."""
        facts = PlugFacts(
            dialect=self.dialect,
            firmware=self.firmware(),
            contact=self.contact,
            settings=self.settings,
            uptime_s=self.clock.uptime(now),
            unix=self.clock.unix(now),
            signal=SIGNAL,
            channel=CHANNEL,
        )
        return debug_report(facts)

    def _measures_nothing(self) -> bool:
        is_off = not (self.clock.is_set and self.settings.timezone)
        return is_off and "measures-zero-without-clock" in self.options.faults


def _first_settings(options: PlugOptions) -> PlugSettings:
    """Those of a plug that was never switched on before."""
    is_set_up = not options.unconfigured
    return PlugSettings(
        is_set_up=is_set_up,
        was_bound=is_set_up,
        key=options.key if is_set_up else "",
        host=options.host if is_set_up else "",
        port=options.port if is_set_up else 0,
        ssid=options.networks[0].ssid if is_set_up and options.networks else "",
        wifi_password=options.networks[0].password if is_set_up and options.networks else "",
        timezone=options.timezone,
    )


def full(value: msgspec.Struct) -> dict[str, Any]:  # Any: JSON
    """A value as plugs write it: with its zeros. Empty options are left out."""
    names = {field.name: field.encode_name for field in msgspec.structs.fields(value)}
    fields = ((names[name], one) for name, one in msgspec.structs.asdict(value).items())
    return {name: full(one) if isinstance(one, msgspec.Struct) else one for name, one in fields}
