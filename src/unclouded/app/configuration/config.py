"""The configuration: one TOML file -> frozen Config. Nothing else reads configuration files or the environment.

Unknown keys are refused by name, and every error names the line and the key, so that a typing error never silently
changes what a hub does.
"""

import os
from collections.abc import Iterator, Mapping, Sequence
from decimal import Decimal
from pathlib import Path
from zoneinfo import ZoneInfo, ZoneInfoNotFoundError, available_timezones

import msgspec

from unclouded.app.configuration.checks.feeds import check_feeds
from unclouded.app.configuration.checks.publishers import check_publishers
from unclouded.app.configuration.checks.rules import calendar_of, rules_of
from unclouded.app.configuration.checks.tariffs import tariffs_of
from unclouded.app.configuration.checks.values import (
    check_broker,
    check_devices,
    check_hub,
    check_plug_key,
    check_port,
    check_weather,
    check_web,
)
from unclouded.app.configuration.places import ConfigPlaces, did_you_mean
from unclouded.app.configuration.tables.backup import check_backup
from unclouded.app.configuration.tables.file import (
    KEYS,
    BrokerTable,
    ConfigFile,
    DeviceTable,
    HiddenText,
    WeatherTable,
    WebTable,
)
from unclouded.app.configuration.tables.fleet import check_fleet
from unclouded.app.configuration.tables.retention import retention_rules
from unclouded.core.errors import ConfigError
from unclouded.core.sessions.session import WireValue
from unclouded.core.text.toml_text import read_toml
from unclouded.rules.calendar.calendar import HomeCalendar
from unclouded.rules.rule import Rule
from unclouded.store.retention.rules import RetentionRule
from unclouded.tariffs.tariff import Tariff

DEFAULT_FILE = Path("unclouded.toml")
FIRST_TEXT = """\
# The configuration of this hub. `unclouded check` checks it, `unclouded config reload` applies what is changed by hand.

[hub]
timezone = "{zone}"
"""


class Config(msgspec.Struct, frozen=True, kw_only=True):
    """A checked configuration. ``where``: the file it came from, for error texts.

    ``start``: the text that stands for a file that is not there yet, "" = it is.
    """

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
    rules: tuple[Rule, ...] = ()
    calendar: HomeCalendar = HomeCalendar()
    tariffs: tuple[Tariff, ...] = ()
    retention: tuple[RetentionRule, ...] = ()
    tables: ConfigFile = ConfigFile()  # as they stand in the file, whatever the command line overrides
    places: ConfigPlaces = ConfigPlaces()
    start: str = ""

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
        """The file of the key that the hub makes for its plugs, where [meross] names none."""
        return self.state / "meross.key"

    def with_web(self, listen: str) -> "Config":
        """The same with the page at another address: HOST:PORT, or "off". Raises ConfigError."""
        table = msgspec.structs.replace(self.web, listen=listen)
        return msgspec.structs.replace(self, web=check_web(table, self.where, "--web"))

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
    try:
        is_here = path.is_file()
    except OSError as error:  # its folder is another user's
        raise ConfigError(f"{path} cannot be read: {_reason(error)}.") from None
    if not is_here:
        raise ConfigError(
            f"There is no configuration {path}. Name one with --config, make this one with unclouded init --config "
            f"{path}, or try the demo first: unclouded demo."
        )
    return path


def load_config(path: Path, data: str | None = None, env: Mapping[str, str] = os.environ) -> Config:
    """Read and check a file. ``data``: a data folder that overrides the file's. Raises ConfigError."""
    try:
        text = path.read_bytes().decode("utf-8")  # its line ends as they are: an edit sees the same text
    except (OSError, UnicodeDecodeError) as error:
        raise ConfigError(f"{path} cannot be read: {_reason(error)}.") from None
    return config_of(text, path, data, env)


def first_config(path: Path, zone: str, data: str | None = None, env: Mapping[str, str] = os.environ) -> Config:
    """The configuration of a hub without a file, which the first change makes. ``zone``: of this computer."""
    text = FIRST_TEXT.format(zone=zone)
    return msgspec.structs.replace(config_of(text, path, data, env), start=text)


def config_of(text: str, path: Path, data: str | None = None, env: Mapping[str, str] = os.environ) -> Config:
    """The same with the text that the file has, or is to have. Raises ConfigError."""
    config = parse_config(text, str(path), data, env)
    if config.meross_key_file is not None:
        return msgspec.structs.replace(config, meross_key=_read_secret(config.meross_key_file, str(path)))
    if not config.meross_key.text and config.broker is not None and is_there(config.own_key):
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
        file = msgspec.convert(read_toml(text, where), ConfigFile)
    except msgspec.ValidationError as error:
        raise ConfigError(f"{where}: {error}.") from None
    for path in _infinite(file, "$"):
        raise ConfigError(f"{where}: `{path}`: must be a number.")
    return file


def _infinite(value: object, path: str) -> Iterator[str]:
    """The paths of decimal numbers that are none: msgspec takes "NaN" and "Infinity" in quotes."""
    match value:
        case Decimal() if not value.is_finite():
            yield path
        case msgspec.Struct():
            for field in msgspec.structs.fields(value):
                yield from _infinite(getattr(value, field.name), f"{path}.{field.encode_name}")
        case dict():
            for key, one in value.items():
                yield from _infinite(one, f"{path}.{key}")
        case list() | tuple():
            for place, one in enumerate(value):
                yield from _infinite(one, f"{path}[{place}]")


def _config(file: ConfigFile, where: str, data: str | None, env: Mapping[str, str], places: ConfigPlaces) -> Config:
    check_hub(file.hub, where)
    check_devices(file.device, where)
    check_publishers(file, where)
    check_backup(file.backup, where)
    check_feeds(file.feed, where)
    check_fleet(file.fleet, where)
    config = Config(
        where=where,
        base=Path(where).parent,
        data=data_folder(data or file.hub.data, env),
        zone=_zone(file.hub.timezone, where),
        profiles=Path(where).parent / Path(file.hub.profiles).expanduser() if file.hub.profiles else None,
        broker=check_broker(file.broker, where),
        web=check_web(file.web, where),
        meross_key=check_plug_key(file.meross, where),
        meross_key_file=Path(where).parent / Path(file.meross.key_file).expanduser() if file.meross.key_file else None,
        download_port=check_port(file.meross.download_port, where),
        weather=check_weather(file.weather, where),
        devices=tuple(file.device),
        retention=retention_rules(file.retention, where),
        tables=file,
        places=places,
    )
    rules = rules_of(file.rule, where, has_place=config.place is not None)
    calendar = calendar_of(file.calendar, config.zone, config.place, where)
    tariffs = tariffs_of(file, calendar.holidays, where)
    return msgspec.structs.replace(config, rules=rules, calendar=calendar, tariffs=tariffs)


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


def is_there(file: Path) -> bool:
    """Whether there is such a file; not where its folder is another user's: what can do without goes on."""
    try:
        return file.is_file()
    except OSError:
        return False


def _reason(error: OSError | UnicodeDecodeError) -> str:
    """As text, without a byte of what was read: the file may hold a secret."""
    return str(error.strerror) if isinstance(error, OSError) else "it is not UTF-8 text"
