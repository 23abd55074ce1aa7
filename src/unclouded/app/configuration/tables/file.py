"""The tables of a configuration file as types. ``docs/unclouded.toml`` is the annotated reference of their keys."""

from collections.abc import Mapping, Sequence
from decimal import Decimal
from typing import Annotated, Any, Literal

import msgspec

from unclouded.app.configuration.tables.backup import BackupTable
from unclouded.app.configuration.tables.costs import CostsTable
from unclouded.app.configuration.tables.feeds import FeedTable
from unclouded.app.configuration.tables.fleet import FleetTable, LevelChoice
from unclouded.app.configuration.tables.publishers import (
    FinishedTable,
    HomekitTable,
    InfluxTable,
    MetricsTable,
    MqttTable,
    NotificationTable,
    WebhookTable,
)
from unclouded.app.configuration.tables.retention import RetentionTable
from unclouded.app.configuration.tables.rules import CalendarTable, RuleTable
from unclouded.core.model import COLOURS
from unclouded.tariffs.tables import TariffPartTable, TariffTable, TariffTaxTable, TariffTierTable

BROKER = "broker:"  # the link of a plug that connects to the hub's broker
NOWHERE = "off"  # [web] listen: no TCP at all
WEB_PLACE = ("127.0.0.1", 8099)  # the default address of the page


class HiddenText(msgspec.Struct, frozen=True):
    """A text that is never shown: not in logs, not in errors, not by ``repr``."""

    text: str = ""

    def __repr__(self) -> str:
        return "HiddenText(…)" if self.text else "HiddenText()"

    __str__ = __repr__


class HubTable(msgspec.Struct, frozen=True, kw_only=True, forbid_unknown_fields=True):
    """[hub]"""

    name: str = ""  # of the home, at the top of each page; "" = Unclouded
    timezone: str = "UTC"
    data: str = ""
    profiles: str = ""  # a folder of the user's own profiles


class BrokerTable(msgspec.Struct, frozen=True, kw_only=True, forbid_unknown_fields=True):
    """[broker]: the MQTT server that plugs connect to."""

    listen: str = "0.0.0.0:8883"
    host: str = ""  # names and addresses that plugs connect to, separated by spaces
    old_tls: bool = False  # TLS 1.0 and 1.1 as well
    old_ciphers: bool = False  # plain-RSA AES128-SHA as well


class WebTable(msgspec.Struct, frozen=True, kw_only=True, forbid_unknown_fields=True):
    """[web]: the page and the API on TCP."""

    listen: str = ""  # "" = 127.0.0.1:8099, or the next free port; "off" = nowhere
    host: str = ""  # further names and addresses that it is opened by, separated by spaces
    tls: bool = False  # HTTPS with a certificate of the hub's own authority
    mdns: bool = True  # where it listens on the network: announced there as unclouded.local


class MerossTable(msgspec.Struct, frozen=True, kw_only=True, forbid_unknown_fields=True):
    """[meross]. Its ``repr`` shows no key."""

    key: str = ""  # the key that the plugs were bound with
    key_file: str = ""  # a file with it
    download_port: int = 0  # where plugs fetch firmware; 0 = any free port

    def __repr__(self) -> str:
        return f"MerossTable(key_file={self.key_file!r}, download_port={self.download_port})"


class WeatherTable(msgspec.Struct, frozen=True, kw_only=True, forbid_unknown_fields=True):
    """[weather]: the answer to appliances that query the weather. Without ``source`` the answer is: none."""

    source: Literal["", "fixed", "open-meteo", "mqtt"] = ""  # "" = only the place counts
    values: dict[str, Any] = {}  # fixed. Any: numbers and texts, checked below
    url: str = ""  # of the provider, or of the broker
    latitude: Decimal | int | None = None
    longitude: Decimal | int | None = None
    topic: str = ""
    interval_s: int = 3600  # between two requests to a provider


class ChannelTable(msgspec.Struct, frozen=True, kw_only=True, forbid_unknown_fields=True):
    """[[device.channel]]: one link of a device that has several."""

    name: str
    family: str
    link: str | list[str]
    profile: str = ""
    record: str = ""
    session: dict[str, Any] = {}  # Any: as that of the device, which it overrides


class PartTable(msgspec.Struct, frozen=True, kw_only=True, forbid_unknown_fields=True):
    """[device.parts.ID]: a sub-device, by its id or that of its device: what it is called, and where it is."""

    name: str = ""
    room: str = ""


class DeviceTable(msgspec.Struct, frozen=True, kw_only=True, forbid_unknown_fields=True):
    """[[device]]"""

    id: str
    family: str = ""
    link: str | list[str] = ""
    uuid: str = ""
    profile: str = ""
    name: str = ""
    room: str = ""
    parent: str = ""
    identity: str = ""
    replaces: str = ""
    produces: bool = False
    critical: bool = False  # a person is asked before it is switched
    favourite: bool = False  # shown first on the page
    colour: Annotated[int, msgspec.Meta(ge=0, lt=COLOURS)] | None = None  # None = given out by the hub
    record: str = ""
    session: dict[str, Any] = {}  # Any: checked against the family's settings when the profile is known
    scale: dict[str, Decimal | int] = {}
    alert_above: dict[str, Decimal | int] = {}  # point -> limit
    alert_below: dict[str, Decimal | int] = {}
    finished: FinishedTable | None = None  # an appliance: when it has done its work
    fleet: LevelChoice | None = None  # what of it a fleet gets; None = as [fleet] level says
    parts: dict[str, PartTable] = {}  # the sub-devices behind it, by their ids
    channel: list[ChannelTable] = []


class ConfigFile(msgspec.Struct, frozen=True, kw_only=True, forbid_unknown_fields=True):
    """The whole file."""

    hub: HubTable = HubTable()
    broker: BrokerTable | None = None
    web: WebTable = WebTable()
    meross: MerossTable = MerossTable()
    weather: WeatherTable | None = None
    mqtt: MqttTable | None = None
    metrics: MetricsTable | None = None
    influx: list[InfluxTable] = []
    webhook: list[WebhookTable] = []
    homekit: HomekitTable | None = None
    notification: list[NotificationTable] = []
    feed: list[FeedTable] = []
    tariff: list[TariffTable] = []
    costs: CostsTable = CostsTable()
    calendar: CalendarTable = CalendarTable()
    rule: list[RuleTable] = []
    retention: list[RetentionTable] = []
    backup: BackupTable | None = None
    fleet: FleetTable | None = None
    device: list[DeviceTable] = []

    @property
    def finished_rules(self) -> tuple[tuple[str, FinishedTable], ...]:
        """The appliances whose end is known, by id."""
        return tuple((one.id, one.finished) for one in self.device if one.finished is not None)

    @property
    def fleet_levels(self) -> tuple[tuple[str, LevelChoice], ...]:
        """What of the devices that say so a fleet gets, by id."""
        return tuple((one.id, one.fleet) for one in self.device if one.fleet is not None)


def _keys(table: type[msgspec.Struct]) -> tuple[str, ...]:
    return tuple(field.encode_name for field in msgspec.structs.fields(table))


# The keys of each table by its path in the file
KEYS: Mapping[str, tuple[str, ...]] = {
    "": _keys(ConfigFile),
    "hub": _keys(HubTable),
    "broker": _keys(BrokerTable),
    "web": _keys(WebTable),
    "meross": _keys(MerossTable),
    "weather": _keys(WeatherTable),
    "mqtt": _keys(MqttTable),
    "metrics": _keys(MetricsTable),
    "influx[]": _keys(InfluxTable),
    "webhook[]": _keys(WebhookTable),
    "homekit": _keys(HomekitTable),
    "notification[]": _keys(NotificationTable),
    "feed[]": _keys(FeedTable),
    "tariff[]": _keys(TariffTable),
    "tariff[].zones": (),
    "tariff[].part[]": _keys(TariffPartTable),
    "tariff[].part[].tiers[]": _keys(TariffTierTable),
    "tariff[].tax[]": _keys(TariffTaxTable),
    "costs": _keys(CostsTable),
    "calendar": _keys(CalendarTable),
    "rule[]": _keys(RuleTable),
    "backup": _keys(BackupTable),
    "fleet": _keys(FleetTable),
    "retention[]": _keys(RetentionTable),
    "device[]": _keys(DeviceTable),
    "device[].finished": _keys(FinishedTable),
    "device[].parts": (),
    "device[].channel[]": _keys(ChannelTable),
}


def links_of(link: str | Sequence[str]) -> tuple[str, ...]:
    """The addresses of a link: one, or several paths to the same device."""
    return (link,) if isinstance(link, str) else tuple(link)
