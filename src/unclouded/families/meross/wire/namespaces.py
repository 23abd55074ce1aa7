"""The namespaces of the MSS310, one row each: methods of either side, payloads, secrets and how they are read.

``unclouded commands``, the names and senders that ``decode`` prints, redaction and ``read_message`` derive from it.
Source: docs/protocols/meross.md §1.8.
"""

from collections.abc import Callable, Mapping, Sequence
from typing import Any, Literal

import msgspec
from msgspec import Raw

from unclouded.core.family import CommandRow, section_of
from unclouded.families.meross.wire.envelope import DELETE, ERROR, GET, PUSH, SET, Envelope, EnvelopeHeader
from unclouded.families.meross.wire.messages import (
    Abilities,
    All,
    Bind,
    ClockRequest,
    Day,
    Days,
    Debug,
    DndMode,
    Electricity,
    Failed,
    Firmware,
    Hardware,
    HourlyEnergies,
    HourlyEnergy,
    Info,
    KeyConfig,
    Message,
    Multiple,
    Nothing,
    OnlineStatus,
    OverTemperature,
    OverTemperatures,
    Position,
    PublicKey,
    Query,
    Ratios,
    Report,
    ReportItem,
    Runtime,
    SettingValues,
    Suite,
    Time,
    TimerSlot,
    TimerSlots,
    Toggle,
    Toggles,
    Trace,
    UnknownPayload,
    Upgrade,
    UpgradeStatus,
    WifiNetwork,
    WifiNetworks,
)
from unclouded.families.meross.wire.payload_fields import Fields, fields_of, many, one

PAGE = "docs/protocols/meross.md"

ALL = "Appliance.System.All"
ABILITY = "Appliance.System.Ability"
HARDWARE = "Appliance.System.Hardware"
FIRMWARE = "Appliance.System.Firmware"
TIME = "Appliance.System.Time"
CLOCK = "Appliance.System.Clock"
ONLINE = "Appliance.System.Online"
REPORT = "Appliance.System.Report"
RUNTIME = "Appliance.System.Runtime"
DEBUG = "Appliance.System.Debug"
POSITION = "Appliance.System.Position"
DND = "Appliance.System.DNDMode"
LED_MODE = "Appliance.System.LedMode"
TOGGLE = "Appliance.Control.Toggle"
TOGGLEX = "Appliance.Control.ToggleX"
ELECTRICITY = "Appliance.Control.Electricity"
CONSUMPTION = "Appliance.Control.Consumption"
CONSUMPTIONX = "Appliance.Control.ConsumptionX"
CONSUMPTION_CONFIG = "Appliance.Control.ConsumptionConfig"
CONSUMPTION_H = "Appliance.Control.ConsumptionH"
OVER_TEMPERATURE = "Appliance.Control.OverTemp"
ALERT_REPORT = "Appliance.Control.AlertReport"
TIMER = "Appliance.Control.Timer"
TIMERX = "Appliance.Control.TimerX"
TRIGGER = "Appliance.Control.Trigger"
TRIGGERX = "Appliance.Control.TriggerX"
DIGEST_TIMERX = "Appliance.Digest.TimerX"
DIGEST_TRIGGERX = "Appliance.Digest.TriggerX"
MULTIPLE = "Appliance.Control.Multiple"
BIND = "Appliance.Control.Bind"
UNBIND = "Appliance.Control.Unbind"
UPGRADE = "Appliance.Control.Upgrade"
KEY = "Appliance.Config.Key"
WIFI_LIST = "Appliance.Config.WifiList"
WIFI = "Appliance.Config.Wifi"
WIFIX = "Appliance.Config.WifiX"
TRACE = "Appliance.Config.Trace"
INFO = "Appliance.Config.Info"
OVER_TEMPERATURE_SETTING = "Appliance.Config.OverTemp"
STANDBY_KILLER = "Appliance.Config.StandbyKiller"
NTP_SITE = "Appliance.Config.NtpSite"
SUITE = "Appliance.Encrypt.Suite"
ECDHE = "Appliance.Encrypt.ECDHE"
ENCRYPTION = (SUITE, ECDHE)  # both are listed by a plug that encrypts HTTP

Read = Callable[[Fields], Message]


class Namespace(msgspec.Struct, frozen=True):
    """``controller``, ``device``: the methods by which that side begins. ``request``, ``response``: for people.

    ``read``: None = the payload stays unread. ``secret``: nothing in it may be shown. ``section``: of PAGE.
    ``units``: of the numbers in its payload, by name.
    """

    name: str
    title: str
    controller: tuple[str, ...]
    device: tuple[str, ...]
    request: str
    response: str
    read: Read | None = None
    secret: bool = False
    section: str = ""
    units: Mapping[str, str] = {}

    @property
    def initiator(self) -> Literal["controller", "device", "both"]:
        """Which end sends it by itself."""
        if self.controller and self.device:
            return "both"
        return "controller" if self.controller else "device"


# --- what needs more than one key ---------------------------------------------------------------------


def _days(days: Sequence[Day]) -> Days:
    return Days(tuple(sorted(days, key=lambda day: (day.time, day.date))))


class _Inner(msgspec.Struct, frozen=True):
    header: EnvelopeHeader = EnvelopeHeader()
    payload: Raw = Raw(b"{}")


def _multiple(items: Sequence[_Inner]) -> Multiple:
    return Multiple(tuple(Envelope(item.header, item.payload) for item in items))


_ability = one("ability", dict[str, Any])
_upgrade, _upgrade_status = one("upgrade", Upgrade), one("upgradeInfo", UpgradeStatus)


def _abilities(fields: Fields) -> Abilities:
    return Abilities(_ability(fields))


def _upgrade_of(fields: Fields) -> Upgrade | UpgradeStatus:
    return _upgrade(fields) if "upgrade" in fields else _upgrade_status(fields)


def _settings(key: str) -> Read:
    """Settings stay as the plug wrote them."""
    return many(key, dict[str, Any], SettingValues)


# --- the table ----------------------------------------------------------------------------------------

GETS, GETS_SETS, GETS_SETS_DELETES = (GET,), (GET, SET), (GET, SET, DELETE)
SETS, PUSHES, NEVER = (SET,), (PUSH,), ()

TABLE = (
    Namespace(
        ALL, "everything", GETS, NEVER,
        "GET all", "GETACK all: system, and digest (hw2) or control (hw1)", one("all", All),
        section="1.8.3",
    ),
    Namespace(
        ABILITY, "what it can do", GETS, NEVER,
        "GET", "GETACK ability: namespaces with arguments", _abilities,
        section="1.8.1",
    ),
    Namespace(
        HARDWARE, "hardware", GETS, NEVER,
        "GET", "GETACK hardware: type, version, uuid, macAddress", one("hardware", Hardware),
        section="1.8.4",
    ),
    Namespace(
        FIRMWARE, "firmware", GETS, NEVER,
        "GET", "GETACK firmware: version, server, port, innerIp", one("firmware", Firmware),
        section="1.8.4",
    ),
    Namespace(
        TIME, "time", GETS_SETS, PUSHES,
        "GET, SET time; PUSH", "GETACK time: timestamp, timezone, timeRule", one("time", Time),
        section="1.8.5",
    ),
    Namespace(
        CLOCK, "clock", PUSHES, PUSHES,
        "PUSH clock: seconds since the start", "PUSH clock: timestamp (Unix s)", one("clock", ClockRequest),
        section="1.8.5",
    ),
    Namespace(
        ONLINE, "connection", GETS, NEVER,
        "GET", "GETACK online: 0 no, 1 yes, 2 offline, 3 upgrading", one("online", OnlineStatus),
        section="1.8.6",
    ),
    Namespace(
        REPORT, "report", NEVER, PUSHES,
        "PUSH report: list of type, value, timestamp", "none", many("report", ReportItem, Report),
        section="1.8.6",
    ),
    Namespace(
        RUNTIME, "signal", GETS, NEVER,
        "GET", "GETACK runtime: signal in percent", one("runtime", Runtime),
        section="1.8.6", units={"signal": "%"},
    ),
    Namespace(
        DEBUG, "debug", GETS, NEVER,
        "GET", "GETACK debug: system, network, cloud", one("debug", Debug),
        section="1.8.7",
    ),
    Namespace(
        POSITION, "position", GETS_SETS, NEVER,
        "GET, SET position", "GETACK position: degrees x 1e6", one("position", Position),
        section="1.8.5", units={"longitude": "1e-6 °", "latitude": "1e-6 °"},
    ),
    Namespace(
        DND, "LED off", GETS_SETS, NEVER,
        "GET, SET DNDMode: mode", "GETACK DNDMode: 1 = LED off", one("DNDMode", DndMode),
        section="1.8.8",
    ),
    Namespace(
        TOGGLE, "relay (hw1)", GETS_SETS, PUSHES,
        "GET, SET toggle: onoff", "GETACK, PUSH toggle: onoff, lmTime", many("toggle", Toggle, Toggles),
        section="1.8.9",
    ),
    Namespace(
        TOGGLEX, "relay", GETS_SETS, PUSHES,
        "GET, SET togglex: channel, onoff", "GETACK, PUSH togglex: one or a list", many("togglex", Toggle, Toggles),
        section="1.8.9",
    ),
    Namespace(
        ELECTRICITY, "electricity", GETS, NEVER,
        "GET", "GETACK electricity: mA, 0.1 V, mW", one("electricity", Electricity),
        section="1.8.10", units={"current": "mA", "voltage": "0.1 V", "power": "mW"},
    ),
    Namespace(
        CONSUMPTION, "energy by day (old)", GETS, NEVER,
        "GET", "GETACK consumption: as ConsumptionX", many("consumption", Day, _days),
        section="1.8.11", units={"value": "Wh"},
    ),
    Namespace(
        CONSUMPTIONX, "energy by day", GETS, PUSHES,
        "GET", "GETACK consumptionx: date, time, value (Wh)", many("consumptionx", Day, _days),
        section="1.8.11", units={"value": "Wh"},
    ),
    Namespace(
        CONSUMPTION_CONFIG, "calibration", (GET, PUSH), PUSHES,
        "PUSH config by the plug; GET", "the same PUSH; GETACK", one("config", Ratios),
        section="1.8.13",
    ),
    Namespace(
        CONSUMPTION_H, "energy by hour", GETS, NEVER,
        "GET consumptionH: channel", "GETACK consumptionH: timestamp, value (Wh)",
        many("consumptionH", HourlyEnergy, HourlyEnergies),
        section="1.8.12", units={"value": "Wh"},
    ),
    Namespace(
        OVER_TEMPERATURE, "over-temperature", NEVER, (SET, PUSH),
        "PUSH overTemp: value 1 too hot, 2 normal", "none", many("overTemp", OverTemperature, OverTemperatures),
        section="1.8.19",
    ),
    Namespace(
        ALERT_REPORT, "alert report", NEVER, PUSHES,
        "PUSH (shape not known)", "none",
        section="1.8",
    ),
    Namespace(
        TIMER, "schedules (hw1)", GETS_SETS, NEVER,
        "GET, SET timer", "GETACK timer: list", many("timer", TimerSlot, TimerSlots),
        section="1.8.14",
    ),
    Namespace(
        TIMERX, "schedules", GETS_SETS_DELETES, PUSHES,
        "GET, SET, DELETE timerx", "GETACK, PUSH timerx and digest", many("timerx", TimerSlot, TimerSlots),
        section="1.8.14",
    ),
    Namespace(
        TRIGGER, "auto-off (hw1)", GETS_SETS, NEVER,
        "GET, SET trigger", "GETACK trigger: list", many("trigger", TimerSlot, TimerSlots),
        section="1.8.15",
    ),
    Namespace(
        TRIGGERX, "auto-off", GETS_SETS_DELETES, PUSHES,
        "GET, SET, DELETE triggerx", "GETACK, PUSH triggerx and digest", many("triggerx", TimerSlot, TimerSlots),
        section="1.8.15",
    ),
    Namespace(
        DIGEST_TIMERX, "schedules in short", GETS, NEVER,
        "GET", "GETACK digest: channel, id, count", many("digest", TimerSlot, TimerSlots),
        section="1.8.14",
    ),
    Namespace(
        DIGEST_TRIGGERX, "auto-offs in short", GETS, NEVER,
        "GET", "GETACK digest: channel, id, count", many("digest", TimerSlot, TimerSlots),
        section="1.8.15",
    ),
    Namespace(
        MULTIPLE, "several in one", SETS, NEVER,
        "SET multiple: list of messages", "SETACK multiple: list", many("multiple", _Inner, _multiple),
        section="1.8.16",
    ),
    Namespace(
        BIND, "bind", NEVER, (SET, PUSH),
        "SET bind (old firmware: PUSH)", "SETACK, empty (old firmware: none)", one("bind", Bind),
        section="1.8.17",
    ),
    Namespace(
        UNBIND, "unbind", PUSHES, PUSHES,
        "PUSH, empty", "none",
        section="1.8.17",
    ),
    Namespace(
        UPGRADE, "update", SETS, PUSHES,
        "SET upgrade: url, md5", "SETACK, empty; later PUSH upgradeInfo", _upgrade_of,
        section="1.8.18",
    ),
    Namespace(
        KEY, "server and key", SETS, NEVER,
        "SET key: gateway, key, userId (secret)", "SETACK, empty", one("key", KeyConfig), secret=True,
        section="1.7.3",
    ),
    Namespace(
        WIFI_LIST, "Wi-Fi scan", GETS, NEVER,
        "GET", "GETACK wifiList", many("wifiList", WifiNetwork, WifiNetworks),
        section="1.7.4",
    ),
    Namespace(
        WIFI, "Wi-Fi", SETS, NEVER,
        "SET wifi: ssid, password (secret)", "SETACK, empty", one("wifi", WifiNetwork), secret=True,
        section="1.7.5",
    ),
    Namespace(
        WIFIX, "Wi-Fi, encrypted", SETS, NEVER,
        "SET wifi: password encrypted (secret)", "SETACK, empty", one("wifi", WifiNetwork), secret=True,
        section="1.7.5",
    ),
    Namespace(
        TRACE, "last try to join Wi-Fi", GETS, NEVER,
        "GET trace", "GETACK trace: code, info", one("trace", Trace),
        section="1.7.6",
    ),
    Namespace(
        INFO, "memberships", (GET, PUSH), PUSHES,
        "GET; PUSH, empty", "GETACK, PUSH info: homekit", one("info", Info),
        section="1.8.19",
    ),
    Namespace(
        OVER_TEMPERATURE_SETTING, "over-temperature protection", GETS_SETS, NEVER,
        "GET, SET overTemp: enable, type", "GETACK overTemp: enable, type 1 warn, 2 off", _settings("overTemp"),
        section="1.8.19",
    ),
    Namespace(
        STANDBY_KILLER, "standby killer", (GET, SET, PUSH), PUSHES,
        "GET, SET config: channel; PUSH, empty", "GETACK, PUSH config: power, time, enable, alert",
        _settings("config"),
        section="1.8.19",
    ),
    Namespace(
        NTP_SITE, "time servers", GETS, NEVER,
        "GET config (shape not known)", "GETACK config",
        section="1.8.19",
    ),
    Namespace(
        LED_MODE, "LED mode (other models)", GETS_SETS, NEVER,
        "GET, SET LedMode", "GETACK LedMode", _settings("LedMode"),
        section="1.8.8",
    ),
    Namespace(
        SUITE, "LAN encryption", GETS, NEVER,
        "GET", "GETACK suite: ka, se, ds", one("suite", Suite),
        section="1.5.1",
    ),
    Namespace(
        ECDHE, "key exchange", SETS, NEVER,
        "SET ecdhe: step 1, pubkey", "SETACK ecdhe: step 2, pubkey", one("ecdhe", PublicKey),
        section="1.5.3",
    ),
)  # fmt: skip
BY_NAME = {row.name: row for row in TABLE}
COMMANDS = tuple(
    CommandRow(
        code=row.name,
        name=row.title,
        initiator=row.initiator,
        request=row.request,
        response=row.response,
        answer=None if row.response == "none" else row.name,
        section=section_of(PAGE, row.section),
    )
    for row in TABLE
)

# --- reading ------------------------------------------------------------------------------------------

_READ = {row.name: row.read for row in TABLE if row.read is not None}
_failed = one("error", Failed)


def read_message(method: str, namespace: str, payload: bytes | Raw) -> Message:
    """What a payload means. Raises WireError where a known namespace carries what it never should."""
    if method in (GET, DELETE):
        return Query()
    fields = fields_of(payload)
    if method == ERROR:
        return _failed(fields)
    read = _READ.get(namespace)
    if not fields and (namespace in BY_NAME or method in ("SETACK", "DELETEACK", "DELACK")):
        return Nothing()
    return read(fields) if read is not None else UnknownPayload(namespace, bytes(payload))


def read_envelope(envelope: Envelope) -> Message:
    """What an envelope means. Raises WireError."""
    return read_message(envelope.header.method, envelope.header.namespace, envelope.payload)
