"""What the payloads of an MSS310 mean, as types; ``namespaces.py`` holds which namespace carries which.

    Appliance.Control.Electricity   {"electricity":{"channel":0,"current":418,"voltage":2387,"power":67379}}
                                     current mA, voltage 0.1 V, power mW
    Appliance.Control.ToggleX       {"togglex":{"channel":0,"onoff":1,"lmTime":…}}   or a list of them
    Appliance.Control.ConsumptionX  {"consumptionx":[{"date":"2024-03-10","time":…,"value":180},…]}
                                     Wh of a day, in the order of the ring's slots; time = last update

What is not known becomes ``UnknownPayload`` and re-encodes unchanged. Numbers may come as strings and the other way
round; any other wrong value in a known namespace raises WireError. Source: docs/protocols/meross.md §1.3, §1.8.
"""

from collections.abc import Mapping
from typing import Any

import msgspec
from msgspec import Raw

from unclouded.families.meross.wire.envelope import Envelope

SIGN_ERROR = 5001

Number = int | float | str  # "port": 2001 and "port": "2001" are both seen


class PayloadValue(msgspec.Struct, frozen=True, rename="camel", omit_defaults=True):
    """A value inside a payload. Unknown keys are ignored."""


class Hardware(PayloadValue, frozen=True):
    """Model, version, chip, UUID and MAC of the device; docs/protocols/meross.md §1.8.4."""

    type: str = ""
    sub_type: str = ""
    version: str = ""
    chip_type: str = ""
    uuid: str = ""
    mac_address: str = ""


class Firmware(PayloadValue, frozen=True):
    """Firmware and connection. ``wifi_mac``: the router's MAC; ``inner_ip``: the device's address. §1.8.4."""

    version: str = ""
    compile_time: str = ""
    wifi_mac: str = ""
    inner_ip: str = ""
    server: str = ""
    port: Number = ""
    second_server: str = ""
    second_port: Number = ""
    user_id: Number = ""
    encrypt: int = 0


class Time(PayloadValue, frozen=True):
    """``time_rule``: [Unix seconds, offset in seconds, summer time] from then on."""

    timestamp: int = 0
    timezone: str = ""
    time_rule: tuple[tuple[int, ...], ...] = ()


class OnlineStatus(PayloadValue, frozen=True):
    """-1 unknown, 0 not online, 1 online, 2 offline, 3 upgrading: the plug's connection to its server."""

    status: int = -1


class System(PayloadValue, frozen=True):
    """What a device is, its clock, and whether its server is connected; docs/protocols/meross.md §1.8.3."""

    hardware: Hardware
    firmware: Firmware = Firmware()
    time: Time = Time()
    online: OnlineStatus = OnlineStatus()


class Toggle(PayloadValue, frozen=True, kw_only=True):
    """A relay. ``lm_time``: when it last moved."""

    channel: int = 0
    onoff: int
    lm_time: int = 0


class TimerSlot(PayloadValue, frozen=True):
    """A timer or a trigger, or its digest. ``count`` grows with each edit."""

    id: str = ""
    channel: int = 0
    count: int = 0
    type: int = 0
    enable: int = 0
    alias: str = ""
    time: int = 0
    week: int = 0
    duration: int = 0
    create_time: int = 0
    sun_offset: int = 0
    rule: Raw = Raw(b"")
    extend: Raw = Raw(b"")


class Digest(PayloadValue, frozen=True):
    """The state in System.All of hardware 2 and later."""

    togglex: tuple[Toggle, ...] | Toggle = ()
    triggerx: tuple[TimerSlot, ...] = ()
    timerx: tuple[TimerSlot, ...] = ()


class Control(PayloadValue, frozen=True):
    """The state in System.All of hardware 1."""

    toggle: Toggle | tuple[Toggle, ...]
    trigger: tuple[TimerSlot, ...] = ()
    timer: tuple[TimerSlot, ...] = ()


class All(PayloadValue, frozen=True):
    """System.All: the system with the states of the relays, in ``control`` (hw1) or ``digest`` (later). §1.8.3."""

    system: System
    digest: Digest | None = None
    control: Control | None = None

    @property
    def toggles(self) -> tuple[Toggle, ...]:
        """The relays, from either place in which plugs have them; () where there are none."""
        digest = self.digest.togglex if self.digest is not None else ()
        found = self.control.toggle if self.control is not None else digest
        return found if isinstance(found, tuple) else (found,)

    @property
    def has_no_relay(self) -> bool:
        """Whether it shows that there is none; a shutter lists ToggleX all the same."""
        return self.control is None and self.digest is not None and not self.toggles


class Abilities(msgspec.Struct, frozen=True):
    """The namespaces that the device lists, with their arguments."""

    names: Mapping[str, Any]  # Any: arguments differ by namespace

    def number(self, namespace: str, argument: str) -> int:
        """A whole number among the arguments of a namespace; 0 where there is none."""
        arguments = self.names.get(namespace)
        value = arguments.get(argument) if isinstance(arguments, dict) else None
        return value if isinstance(value, int) and not isinstance(value, bool) else 0


class Ratios(PayloadValue, frozen=True):
    """Calibration of the meter, x 100."""

    voltage_ratio: int = 0
    electricity_ratio: int = 0
    max_electricity_current: int = 0
    power_ratio: int = 0


class Electricity(PayloadValue, frozen=True, kw_only=True):
    """current mA, voltage 0.1 V, power mW."""

    channel: int = 0
    current: int
    voltage: int
    power: int
    config: Ratios | None = None


class Day(PayloadValue, frozen=True):
    """Energy of one day of the device. ``time``: when it was last updated; ``value``: Wh."""

    date: str
    time: int
    value: int


class Days(msgspec.Struct, frozen=True):
    """Up to 30 days, sorted by time: on the wire they stand in the order of the ring's slots."""

    days: tuple[Day, ...]


class Toggles(msgspec.Struct, frozen=True):
    """The relays of a plug."""

    channels: tuple[Toggle, ...]


class TimerSlots(msgspec.Struct, frozen=True):
    """Timers or triggers, or digests of them."""

    slots: tuple[TimerSlot, ...]


class ClockRequest(PayloadValue, frozen=True):
    """The clock: of the plug, or from its server."""

    timestamp: int = 0


class ReportItem(PayloadValue, frozen=True):
    """One value of System.Report; the meaning of types and values is not known. docs/protocols/meross.md §1.8.6."""

    type: Number = ""
    value: Number = ""
    timestamp: int = 0


class Report(msgspec.Struct, frozen=True):
    """System.Report, which the device sends unasked; docs/protocols/meross.md §1.8.6."""

    items: tuple[ReportItem, ...]


class Runtime(PayloadValue, frozen=True):
    """``signal``: Wi-Fi in percent."""

    signal: int
    iot_status: int | None = None


class Debug(PayloadValue, frozen=True):
    """Sections of named values, which differ much between firmwares."""

    system: Mapping[str, Any] = {}  # Any: JSON
    network: Mapping[str, Any] = {}  # Any: JSON
    cloud: Mapping[str, Any] = {}  # Any: JSON


class Position(PayloadValue, frozen=True):
    """Degrees x 1e6."""

    longitude: int = 0
    latitude: int = 0


class DndMode(PayloadValue, frozen=True):
    """1: the LED is off."""

    mode: int


class SettingValues(msgspec.Struct, frozen=True):
    """The settings of one namespace, each as the plug wrote it: a change sends the fields that are not known, too.

    ``config``: one for each channel, or one for the whole plug.
    """

    config: tuple[Mapping[str, Any], ...]  # Any: JSON

    def number(self, name: str) -> int | None:
        """The whole number under this name in the settings of channel 0; None where there is none."""
        value = next((one.get(name) for one in self.config if one.get("channel", 0) == 0), None)
        return value if isinstance(value, int) and not isinstance(value, bool) else None


class OverTemperature(PayloadValue, frozen=True):
    """``value``: 1 too hot, 2 normal again. ``type``: as in the setting, 1 warns, 2 switches off."""

    value: int = 0
    type: int = 0


class OverTemperatures(msgspec.Struct, frozen=True):
    """The reports of excess temperature in one message."""

    items: tuple[OverTemperature, ...]


class Hour(PayloadValue, frozen=True):
    """Energy of one hour of the device. ``timestamp``: when it was last updated; ``value``: Wh."""

    timestamp: int
    value: int


class HourlyEnergy(PayloadValue, frozen=True):
    """The hours of one channel, in the order of the ring's slots: slot = hour of the day."""

    channel: int = 0
    total: int = 0
    data: tuple[Hour, ...] = ()


class HourlyEnergies(msgspec.Struct, frozen=True):
    """Control.ConsumptionH: energy by hour, for each channel; docs/protocols/meross.md §1.8.12."""

    channels: tuple[HourlyEnergy, ...]


class Upgrade(PayloadValue, frozen=True):
    """The firmware to load: an address of plain HTTP, and its MD5 as hex."""

    url: str
    md5: str = ""


class UpgradeStatus(PayloadValue, frozen=True):
    """1 started, 2 success, 3 failed, 4 signature wrong; another source has 1 = success."""

    status: int


class Info(PayloadValue, frozen=True):
    """What else the plug belongs to."""

    homekit: Mapping[str, Any] = {}  # Any: JSON


# --- set-up -------------------------------------------------------------------------------------------


class Gateway(PayloadValue, frozen=True):
    """The servers of a plug. ``redirect``: 1 from set-up tools, 2 from the cloud when it moves a plug."""

    host: str
    port: Number
    second_host: str = ""
    second_port: Number = ""
    redirect: int = 0


class KeyConfig(PayloadValue, frozen=True):
    """Servers, key and user that a plug is bound with."""

    key: str
    gateway: Gateway | None = None
    user_id: Number = 0

    def __repr__(self) -> str:
        return f"KeyConfig(gateway={self.gateway!r}, user_id={self.user_id!r})"


class WifiNetwork(PayloadValue, frozen=True):
    """A network of a scan, or to join. ``ssid`` and ``password`` are base64, that of WifiX is encrypted before.

    ``signal`` percent; ``encryption`` and ``cipher``: docs/protocols/meross.md §1.7.4.
    """

    ssid: str = ""
    bssid: str = ""
    signal: int = 0
    channel: int = 0
    encryption: int = 0
    cipher: int = 0
    password: str = ""

    def __repr__(self) -> str:
        return f"WifiNetwork(bssid={self.bssid!r}, signal={self.signal}, channel={self.channel})"


class WifiNetworks(msgspec.Struct, frozen=True):
    """Config.WifiList: the networks that the plug found; docs/protocols/meross.md §1.7.4."""

    networks: tuple[WifiNetwork, ...]


class Trace(PayloadValue, frozen=True):
    """The result of the last association with a Wi-Fi network; empty on a plug that is set up."""

    ssid: str = ""
    bssid: str = ""
    rssi: Number = ""
    code: int = 0
    info: str = ""


class Suite(PayloadValue, frozen=True):
    """How the plug encrypts: key agreement, key of a bound plug, signature."""

    ka: str = ""
    se: str = ""
    ds: str = ""


class PublicKey(PayloadValue, frozen=True):
    """One step of the key exchange: 1 by the controller, 2 by the plug."""

    step: int
    pubkey: str


class Bind(PayloadValue, frozen=True):
    """The plug asks to be bound to this server."""

    bind_time: int = 0
    hardware: Hardware = Hardware()
    firmware: Firmware = Firmware()
    time: Time = Time()


class Multiple(msgspec.Struct, frozen=True):
    """Several messages in one; inner headers may be almost empty."""

    items: tuple[Envelope, ...]


class Failed(PayloadValue, frozen=True):
    """The plug refuses. 5001 is the only code that is known for certain."""

    code: int = 0
    detail: str = ""


class Query(msgspec.Struct, frozen=True):
    """A request; what it asks for is in the namespace."""


class Nothing(msgspec.Struct, frozen=True):
    """An empty payload: an acknowledgement without a value."""


class UnknownPayload(msgspec.Struct, frozen=True):
    """A namespace that we do not know; ``bytes()`` is its payload unchanged."""

    namespace: str
    payload: bytes

    def __bytes__(self) -> bytes:
        return self.payload


Message = (
    All | Abilities | Hardware | Firmware | Time | ClockRequest | OnlineStatus | Report | Runtime | Debug | Position
    | DndMode | SettingValues | OverTemperatures | Electricity | Toggles | Days | HourlyEnergies | Ratios | TimerSlots
    | Upgrade | UpgradeStatus | Info | KeyConfig | WifiNetwork | WifiNetworks | Trace | Suite | PublicKey
    | Bind | Multiple | Failed | Query | Nothing | UnknownPayload
)  # fmt: skip


def payload_of(**values: object) -> bytes:
    """The JSON of a payload: ``payload_of(electricity=Electricity(...))``."""
    return msgspec.json.encode(values)
