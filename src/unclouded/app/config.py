"""The configuration: one TOML file -> frozen Config. Nothing else reads configuration files or the environment.

Unknown keys are refused by name, and every error names the line and the key, so that a typing error never silently
changes what a hub does. ``docs/unclouded.toml`` is the annotated reference.
"""

import os
import re
from collections.abc import Mapping, Sequence
from decimal import Decimal
from pathlib import Path
from typing import Any, Literal
from zoneinfo import ZoneInfo, ZoneInfoNotFoundError, available_timezones

import msgspec

from unclouded.app.config_places import ConfigPlaces, did_you_mean
from unclouded.core.errors import ConfigError
from unclouded.core.session import WireValue
from unclouded.core.toml_text import read_toml
from unclouded.core.whole_number import whole_number

BROKER = "broker:"  # the link of a plug that connects to the hub's broker
OWN_SCHEMES = frozenset({"serial", "pty", "tcp", "rfc2217", "listen", "http", "http-listen"})  # one device at a time
DEFAULT_FILE = Path("unclouded.toml")
DEVICE_ID = re.compile(r"[a-z0-9_]+")
NOWHERE = "off"  # [web] listen: no TCP at all
WEB_PLACE = ("127.0.0.1", 8099)  # the default address of the page
LEAST_INTERVAL_S = 600  # s between two requests to a weather provider at least
LEAST_SCALE, MOST_SCALE = Decimal("0.000001"), Decimal(1_000_000)  # of current transformers: 0.001 to 10,000
HOST = re.compile(r"[A-Za-z0-9_]([A-Za-z0-9_.-]*[A-Za-z0-9_])?|[0-9a-fA-F:.]*:[0-9a-fA-F:.]*")


class HiddenText(msgspec.Struct, frozen=True):
    """A text that is never shown: not in logs, not in errors, not by ``repr``."""

    text: str = ""

    def __repr__(self) -> str:
        return "HiddenText(…)" if self.text else "HiddenText()"

    __str__ = __repr__


class HubTable(msgspec.Struct, frozen=True, kw_only=True, forbid_unknown_fields=True):
    """[hub]"""

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


class MerossTable(msgspec.Struct, frozen=True, kw_only=True, forbid_unknown_fields=True):
    """[meross]"""

    key_file: str = ""  # a file with the key that the plugs were bound with
    download_port: int = 0  # where plugs fetch firmware; 0 = any free port


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


class DeviceTable(msgspec.Struct, frozen=True, kw_only=True, forbid_unknown_fields=True):
    """[[device]]"""

    id: str
    family: str = ""
    link: str | list[str] = ""
    uuid: str = ""
    profile: str = ""
    name: str = ""
    parent: str = ""
    identity: str = ""
    replaces: str = ""
    produces: bool = False
    record: str = ""
    session: dict[str, Any] = {}  # Any: checked against the family's settings when the profile is known
    scale: dict[str, Decimal | int] = {}
    channel: list[ChannelTable] = []


class ConfigFile(msgspec.Struct, frozen=True, kw_only=True, forbid_unknown_fields=True):
    """The whole file."""

    hub: HubTable = HubTable()
    broker: BrokerTable | None = None
    web: WebTable = WebTable()
    meross: MerossTable = MerossTable()
    weather: WeatherTable | None = None
    device: list[DeviceTable] = []


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
    "device[]": _keys(DeviceTable),
    "device[].channel[]": _keys(ChannelTable),
}


def links_of(link: str | Sequence[str]) -> tuple[str, ...]:
    """The addresses of a link: one, or several paths to the same device."""
    return (link,) if isinstance(link, str) else tuple(link)


class Config(msgspec.Struct, frozen=True, kw_only=True):
    """A checked configuration. ``where``: the file it came from, for error texts."""

    where: str
    base: Path  # what relative paths in the file are relative to
    data: Path
    zone: ZoneInfo
    profiles: Path | None
    broker: BrokerTable | None
    web: WebTable = WebTable()
    runs_broker: bool = True  # False: the broker belongs to another hub
    meross_key_file: Path | None
    meross_key: HiddenText = HiddenText()
    download_port: int = 0
    weather: WeatherTable | None = None
    devices: tuple[DeviceTable, ...]
    places: ConfigPlaces = ConfigPlaces()

    @property
    def store(self) -> Path:
        """The store file."""
        return self.data / "store.sqlite"

    @property
    def control(self) -> Path:
        """The Unix socket of the API."""
        return self.data / "control"

    @property
    def state(self) -> Path:
        """The folder of what is set while the hub runs: admitted plugs, passwords of the page."""
        return self.data / "state"

    @property
    def place(self) -> dict[str, WireValue] | None:
        """``latitude`` and ``longitude`` of the home in degrees, where [weather] has them."""
        latitude, longitude = (self.weather.latitude, self.weather.longitude) if self.weather else (None, None)
        if latitude is None or longitude is None:
            return None
        return {"latitude": float(latitude), "longitude": float(longitude)}

    @property
    def own_key(self) -> Path:
        """The file of the key that the hub makes for its plugs, where [meross] key_file names none."""
        return self.state / "meross.key"

    def with_web(self, listen: str) -> "Config":
        """The same with the page at another address: HOST:PORT, or "off". Raises ConfigError."""
        table = msgspec.structs.replace(self.web, listen=listen)
        return msgspec.structs.replace(self, web=_check_web(table, self.where, "--web"))

    def for_devices(self, ids: Sequence[str]) -> "Config":
        """The same with only the devices of these ids, without the broker; a sub-device needs its gateway.

        Raises ConfigError for an unknown id.
        """
        wanted = [self._owner(one) for one in ids]
        chosen = tuple(msgspec.structs.replace(one, parent="") for one in self.devices if one.id in wanted)
        return msgspec.structs.replace(self, devices=chosen, runs_broker=False)

    def _owner(self, id: str) -> str:
        ids = [one.id for one in self.devices]
        owners = [one for one in ids if id == one or id.startswith(f"{one}_")]
        if not owners:
            raise ConfigError(
                f"There is no device {id!r} in {self.where}. There are: {', '.join(ids) or 'none'}."
                f"{did_you_mean(id, ids)}"
            )
        return max(owners, key=len)


def find_config(given: str | None, env: Mapping[str, str] = os.environ) -> Path:
    """The file to read: the one given, else $UNCLOUDED_CONFIG, else ./unclouded.toml. Raises ConfigError."""
    path = Path(given or env.get("UNCLOUDED_CONFIG") or DEFAULT_FILE)
    if not path.is_file():
        raise ConfigError(
            f"There is no configuration {path}. Name one with --config, or try the demo first: unclouded demo."
        )
    return path


def load_config(path: Path, data: str | None = None, env: Mapping[str, str] = os.environ) -> Config:
    """Read and check a file. ``data``: a data folder that overrides the file's. Raises ConfigError."""
    try:
        text = path.read_text("utf-8")
    except (OSError, UnicodeDecodeError) as error:
        raise ConfigError(f"{path} cannot be read: {_reason(error)}.") from None
    config = parse_config(text, str(path), data, env)
    if config.meross_key_file is not None:
        return msgspec.structs.replace(config, meross_key=_read_secret(config.meross_key_file, str(path)))
    if config.broker is not None and config.own_key.is_file():
        return msgspec.structs.replace(config, meross_key=_read_secret(config.own_key, str(path)))
    return config


def parse_config(text: str, where: str, data: str | None = None, env: Mapping[str, str] = os.environ) -> Config:
    """The same from text, without reading the files that it names. Raises ConfigError."""
    places = ConfigPlaces(text)
    try:
        return _config(_converted(text, where), where, data, env, places)
    except ConfigError as error:
        raise ConfigError(places.located(str(error), where, KEYS)) from None


def _converted(text: str, where: str) -> ConfigFile:
    try:
        return msgspec.convert(read_toml(text, where), ConfigFile)
    except msgspec.ValidationError as error:
        raise ConfigError(f"{where}: {error}.") from None


def _config(file: ConfigFile, where: str, data: str | None, env: Mapping[str, str], places: ConfigPlaces) -> Config:
    _check_devices(file.device, where)
    return Config(
        where=where,
        base=Path(where).parent,
        data=data_folder(data or file.hub.data, env),
        zone=_zone(file.hub.timezone, where),
        profiles=Path(where).parent / Path(file.hub.profiles).expanduser() if file.hub.profiles else None,
        broker=_check_broker(file.broker, where),
        web=_check_web(file.web, where),
        meross_key_file=Path(where).parent / Path(file.meross.key_file).expanduser() if file.meross.key_file else None,
        download_port=_check_port(file.meross.download_port, where),
        weather=_check_weather(file.weather, where),
        devices=tuple(file.device),
        places=places,
    )


def cache_folder(env: Mapping[str, str] = os.environ) -> Path:
    """The folder of data that may be deleted."""
    return Path(env.get("XDG_CACHE_HOME") or Path.home() / ".cache") / "unclouded"


def data_folder(given: str = "", env: Mapping[str, str] = os.environ) -> Path:
    """The folder of a hub's data: the one that is given, or the usual one."""
    if given:
        return Path(given).expanduser()
    return Path(env.get("XDG_DATA_HOME") or Path.home() / ".local" / "share") / "unclouded"


def _zone(name: str, where: str) -> ZoneInfo:
    try:
        return ZoneInfo(name)
    except (ZoneInfoNotFoundError, ValueError, OSError):
        like = did_you_mean(name, available_timezones()) or " Write Europe/Madrid."
        raise ConfigError(f"{where}: `$.hub.timezone`: there is no time zone {name!r}.{like}") from None


def _read_secret(file: Path, where: str) -> HiddenText:
    try:
        return HiddenText(file.read_text("utf-8").strip())
    except (OSError, UnicodeDecodeError) as error:
        raise ConfigError(f"{where}: `$.meross.key_file`: {file} cannot be read: {_reason(error)}.") from None


def _reason(error: OSError | UnicodeDecodeError) -> str:
    """As text, without a byte of what was read: the file may hold a secret."""
    return str(error.strerror) if isinstance(error, OSError) else "it is not UTF-8 text"


def _check_broker(broker: BrokerTable | None, where: str) -> BrokerTable | None:
    if broker is None:
        return None
    if not broker.host.split():
        raise ConfigError(f"{where}: `$.broker.host` is missing: the name or address that plugs connect to.")
    host, colon, port = broker.listen.rpartition(":")
    if not colon or not host or whole_number(port, 0, 65_535) is None:
        raise ConfigError(f"{where}: `$.broker.listen` is {broker.listen!r}; write 0.0.0.0:8883.")
    return broker


def _check_port(port: int, where: str) -> int:
    if not 0 <= port <= 65_535:
        raise ConfigError(f"{where}: `$.meross.download_port` is {port}; write a port from 1 to 65535, or 0 for any.")
    return port


def place_of_web(web: WebTable) -> tuple[str, int] | None:
    """The configured address of the page; None where the hub chooses a port."""
    return _host_and_port(web.listen) if web.listen not in ("", NOWHERE) else None


def _check_web(web: WebTable, where: str, key: str = "`$.web.listen`") -> WebTable:
    if web.listen not in ("", NOWHERE) and _host_and_port(web.listen) is None:
        raise ConfigError(f"{where}: {key} is {web.listen!r}; write 127.0.0.1:8099, 0.0.0.0:8099 or off.")
    for host in web.host.split():
        if not HOST.fullmatch(host):
            raise ConfigError(f"{where}: `$.web.host`: {host!r} is neither a host name nor an address; omit the port.")
    return web


def _check_weather(weather: WeatherTable | None, where: str) -> WeatherTable | None:
    if weather is None:
        return None
    place = ("latitude", "longitude")
    if not weather.source and (weather.url or weather.topic or weather.values):
        raise ConfigError(f"{where}: `$.weather.source` is missing; write fixed, open-meteo or mqtt.")
    needs = {"": place, "fixed": ("values",), "open-meteo": ("url", *place), "mqtt": ("url", "topic")}
    for key in needs[weather.source]:
        if getattr(weather, key) in ("", None, {}):
            raise ConfigError(f"{where}: `$.weather.{key}` is missing; {weather.source or 'the place'} needs it.")
    for key, most in (("latitude", 90), ("longitude", 180)):
        degrees = getattr(weather, key)
        if degrees is not None and abs(degrees) > most:
            raise ConfigError(f"{where}: `$.weather.{key}` must be a number from -{most} to {most}.")
    for name, value in weather.values.items():
        if isinstance(value, bool) or not isinstance(value, int | Decimal | str):
            raise ConfigError(f"{where}: `$.weather.values.{name}` must be a number or a text.")
    if weather.source == "open-meteo" and not weather.url.startswith(("http://", "https://")):
        raise ConfigError(f"{where}: `$.weather.url` is {weather.url!r}; write https://HOST/v1/forecast.")
    if weather.source == "mqtt" and not weather.url.startswith(("mqtt://", "mqtts://")):
        raise ConfigError(f"{where}: `$.weather.url` must be that of a broker: mqtt://192.168.1.5.")
    if not set(weather.topic).isdisjoint("+#\0"):
        raise ConfigError(f"{where}: `$.weather.topic` must be one topic, without + and #.")
    if weather.interval_s < LEAST_INTERVAL_S:
        raise ConfigError(f"{where}: `$.weather.interval_s`: {LEAST_INTERVAL_S} s is the least interval.")
    return weather


def _host_and_port(text: str) -> tuple[str, int] | None:
    """``127.0.0.1:8099``, ``[::1]:8099``, ``name:0``; None where it is none of these."""
    host, colon, port = text.rpartition(":")
    bare = host.removeprefix("[").removesuffix("]") if host.startswith("[") else host
    if not colon or not re.fullmatch(r"[0-9]{1,5}", port) or int(port) > 65_535 or not HOST.fullmatch(bare):
        return None
    return (bare, int(port)) if (":" in bare) == (bare != host) else None


def _check_devices(devices: Sequence[DeviceTable], where: str) -> None:
    ids = [device.id for device in devices]
    for number, device in enumerate(devices):
        path = f"{where}: `$.device[{number}]"
        if not DEVICE_ID.fullmatch(device.id):
            raise ConfigError(f"{path}.id`: {device.id!r} may have only a to z, 0 to 9 and _.")
        if ids.count(device.id) > 1:
            raise ConfigError(f"{path}.id`: the id {device.id!r} is used twice.")
        if device.parent and (device.parent not in ids or device.parent == device.id):
            like = did_you_mean(device.parent, [one for one in ids if one != device.id])
            raise ConfigError(f"{path}.parent`: there is no other device {device.parent!r}.{like}")
        if device.replaces in ids:
            raise ConfigError(
                f"{path}.replaces`: {device.replaces} is in the configuration; only a removed device can be replaced."
            )
        _check_wires(device, path)
    _check_links(devices, where)
    _check_parents({device.id: device.parent for device in devices}, where)


def _check_wires(device: DeviceTable, path: str) -> None:
    alone = bool(device.link or device.family)
    if alone == bool(device.channel):
        raise ConfigError(f"{path}` needs `family` and `link`, or else [[device.channel]] tables.")
    if alone and not (device.link and device.family):
        raise ConfigError(f"{path}.{'family' if device.link else 'link'}` is missing.")
    names = [channel.name for channel in device.channel]
    if len(set(names)) < len(names):
        raise ConfigError(f"{path}.channel`: two channels have the same name.")
    for point, factor in device.scale.items():
        if factor <= 0:
            raise ConfigError(f"{path}.scale.{point}`: a factor must be more than 0.")
        if not LEAST_SCALE <= factor <= MOST_SCALE:
            raise ConfigError(f"{path}.scale.{point}`: a factor from {LEAST_SCALE} to {MOST_SCALE} is needed.")


def _check_links(devices: Sequence[DeviceTable], where: str) -> None:
    """No port or address is used by two devices: the second would get the first one's bytes, or none."""
    used: dict[str, str] = {}
    for number, device in enumerate(devices):
        wires = [(f"device[{number}]", device.link)]
        wires += [(f"device[{number}].channel[{place}]", one.link) for place, one in enumerate(device.channel)]
        for path, link in wires:
            for one in links_of(link):
                port = port_of(one)
                if port and port in used:
                    whose = f"device {used[port]}" if used[port] != device.id else "this device"
                    raise ConfigError(f"{where}: `$.{path}.link`: {port} is a link of {whose} already.")
                used[port] = device.id


def port_of(link: str) -> str:
    """What only one device can use: a serial port, an address; "" where a link is shared by many or is a file."""
    scheme, _, rest = link.partition(":")
    if scheme not in OWN_SCHEMES:
        return ""
    place = rest.partition("?")[0]
    if scheme in ("serial", "pty"):
        return f"/{place.lstrip('/')}" if place.startswith("/") else place
    return place.removeprefix("//").rpartition("@")[2].rstrip("/")


def _check_parents(parents: Mapping[str, str], where: str) -> None:
    for start in parents:
        seen, one = {start}, parents[start]
        while one:
            if one in seen:
                raise ConfigError(f"{where}: `$.device`: {start} is inside itself; look at the `parent` keys.")
            seen.add(one)
            one = parents[one]
