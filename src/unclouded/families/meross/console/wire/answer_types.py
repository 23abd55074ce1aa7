"""The answers of the commands as structs. Fields that an answer did not have are None or empty.

Units are those of the plug's other interfaces (0.1 V, mA, mW), since the only source shows zeros.
Source: docs/protocols/meross_console.md §4.
"""

from collections.abc import Mapping
from typing import Any

import msgspec

from unclouded.families.meross.console.wire.answer_form import ConsoleAnswer
from unclouded.families.meross.console.wire.config_keys import DaySlot, RuleSlot


class DoneAnswer(ConsoleAnswer, frozen=True):
    """Of a command whose answer no source shows: its lines are ``unread``."""


class ListedCommand(msgspec.Struct, frozen=True):
    """One command of a list: ``name - help``. docs/protocols/meross_console.md §3."""

    name: str
    help: str


class CommandList(ConsoleAnswer, frozen=True):
    """What can be typed, or typed next."""

    commands: tuple[ListedCommand, ...] = ()


class UsageAnswer(ConsoleAnswer, frozen=True):
    """How a command is written."""

    usage: str = ""


class NetworkInterface(msgspec.Struct, frozen=True):
    """One interface that ``ip`` lists, as the plug writes it."""

    name: str
    mode: str = ""
    ip: str = ""
    netmask: str = ""
    gateway: str = ""


class NetworkInterfaces(ConsoleAnswer, frozen=True):
    """The answer of ``ip``."""

    interfaces: tuple[NetworkInterface, ...] = ()


class SoftwareVersions(ConsoleAnswer, frozen=True):
    """The answer of ``ver``: the software of the two parts of the chip, as the plug writes it."""

    cm4: str = ""
    n9: str = ""


class HardwareInfo(ConsoleAnswer, frozen=True):
    """The answer of ``meross hw``. ``region``: what the plug calls ``local``."""

    model: str = ""
    region: str = ""
    hardware: str = ""
    chip: str = ""
    uuid: str = ""
    mac: str = ""


class FirmwareInfo(ConsoleAnswer, frozen=True):
    """The answer of ``meross fw``: version, and the date of the build as the plug writes it."""

    version: str = ""
    built: str = ""


class NetworkInfo(ConsoleAnswer, frozen=True):
    """``router_mac``: the plug's own where it has joined no Wi-Fi."""

    address: str = ""
    router_mac: str = ""


class ConsoleTask(msgspec.Struct, frozen=True):
    """``status``: R running or ready, B blocked. ``stack``: the least that was free."""

    name: str
    status: str
    priority: int
    stack: int
    id: int


class TaskTable(ConsoleAnswer, frozen=True):
    """The answer of ``meross task``: the running tasks."""

    tasks: tuple[ConsoleTask, ...] = ()


class HeapInfo(ConsoleAnswer, frozen=True):
    """Bytes. ``low``: the least that was ever free."""

    total: int | None = None
    free: int | None = None
    low: int | None = None


class ClockInfo(ConsoleAnswer, frozen=True):
    """The answer of ``meross time``. ``utc``: Unix seconds; ``local_offset_s``: of the local time."""

    local_time: str = ""
    local_offset_s: int | None = None
    utc: int | None = None
    uptime_s: int | None = None


class SunInfo(ConsoleAnswer, frozen=True):
    """The answer of ``meross sun``: the place and its sunrise and sunset. The units of the place are not known."""

    latitude: float | None = None
    longitude: float | None = None
    zone: str = ""
    sunrise: str = ""
    sunset: str = ""


class IdentityValue(ConsoleAnswer, frozen=True):
    """The answer of ``meross e2p uuid`` or ``meross e2p mac``: the one of both that was asked for."""

    uuid: str = ""
    mac: str = ""


class PingRequest(msgspec.Struct, frozen=True):
    """A ping that the plug has sent. ``sequence``: as text, as its log line has it."""

    sequence: str
    address: str = ""


class PingReply(msgspec.Struct, frozen=True):
    """The reply to a ping, and after how many milliseconds it came."""

    sequence: str
    ms: int
    address: str = ""


class PingAnswer(ConsoleAnswer, frozen=True):
    """The log lines of ``meross ping``: what was sent, and which replies came."""

    sent: tuple[PingRequest, ...] = ()
    replies: tuple[PingReply, ...] = ()


class HistoryDay(msgspec.Struct, frozen=True):
    """One day that the plug keeps. No source shows its line: this form is invented."""

    slot: int
    date: str
    time: int
    energy_Wh: int

    def __str__(self) -> str:
        return f"data[{self.slot:02d}] date:{self.date} time:{self.time} value:{self.energy_Wh}"


class ReportTime(msgspec.Struct, frozen=True):
    """One of the report times of ``meross power``, as the plug writes it; ``slot`` is its number."""

    slot: int
    time: str


class PowerInfo(ConsoleAnswer, frozen=True):
    """What the plug measures: ``power`` in mW, ``voltage`` in 0.1 V, ``current`` in mA.

    The units of ``energy_*``, ``pulse_unit`` and ``max_current`` are not known.
    """

    energy_current: int | None = None
    energy_last: int | None = None
    energy_now: int | None = None
    power: int | None = None
    voltage: int | None = None
    voltage_ratio: int | None = None
    current: int | None = None
    current_ratio: int | None = None
    pulse_unit: int | None = None
    max_current: int | None = None
    report_status: str = ""
    report_times: tuple[ReportTime, ...] = ()
    history: tuple[HistoryDay, ...] = ()


class ScannedNetwork(msgspec.Struct, frozen=True):
    """One Wi-Fi network of ``meross scan``. The meaning of ``auth``, ``cipher`` and of the last four is not known."""

    channel: int
    ssid: str
    bssid: str
    auth: int
    cipher: int
    rssi_dBm: int
    wps: int
    cm: int
    dpid: int
    sr: int


class ScanAnswer(ConsoleAnswer, frozen=True):
    """The answer of ``meross scan``: the Wi-Fi networks around the plug."""

    networks: tuple[ScannedNetwork, ...] = ()


class FactoryMode(ConsoleAnswer, frozen=True):
    """The answer of ``meross fac``: YES or NO; None where neither was read."""

    factory_mode: bool | None = None


class ConnectionStatus(ConsoleAnswer, frozen=True):
    """The answer of ``meross iot status``. ``user_key`` is a secret: docs/protocols/meross_console.md §6."""

    wifi: str = ""
    server: str = ""
    primary_host: str = ""
    primary_port: int | None = None
    secondary_host: str = ""
    secondary_port: int | None = None
    user_id: str = ""
    user_key: str = ""
    bind_id: str = ""


class UnbindAnswer(ConsoleAnswer, frozen=True):
    """The answer of ``meross iot unbind``: the state that the plug prints when it forgets Wi-Fi, server and account."""

    state: str = ""


class RuleLists(ConsoleAnswer, frozen=True):
    """The rules as texts; no source shows one."""

    timers: tuple[str, ...] = ()
    auto_off: tuple[str, ...] = ()


class MessageDump(ConsoleAnswer, frozen=True):
    """The number that the plug prints; the source shows 0 after ``on``."""

    dump: int | None = None


class DebugInfo(ConsoleAnswer, frozen=True):
    """As System.Debug of the other interfaces. Any: JSON."""

    system: Mapping[str, Any] = {}
    network: Mapping[str, Any] = {}
    cloud: Mapping[str, Any] = {}


class ConfigEntry(msgspec.Struct, frozen=True):
    """One setting: ``[group]key: value``. docs/protocols/meross_console.md §5."""

    group: str
    key: str
    value: str


class ConfigEntries(ConsoleAnswer, frozen=True):
    """Settings. ``rules``, ``days``: what is in slots that are used; ``free_slots``: how many are not, by list."""

    entries: tuple[ConfigEntry, ...] = ()
    rules: tuple[RuleSlot, ...] = ()
    days: tuple[DaySlot, ...] = ()
    free_slots: Mapping[str, int] = {}

    def value(self, key: str) -> str | None:
        """The value of a key; None where it is not among them."""
        return next((one.value for one in self.entries if one.key == key), None)
