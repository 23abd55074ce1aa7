"""The configuration: one TOML file -> frozen Config. The only reader of configuration files and environment.

Unknown keys are refused by name and every error names the key path, so that a typing slip never
silently changes what a hub does. ``docs/unclouded.toml`` is the annotated reference.
"""

import os
import re
import tomllib
from collections.abc import Mapping, Sequence
from decimal import Decimal
from pathlib import Path
from typing import Any
from zoneinfo import ZoneInfo, ZoneInfoNotFoundError

import msgspec

from unclouded.errors import ConfigError

DEVICE_ID = re.compile(r"[a-z0-9_]+")


class HubTable(msgspec.Struct, frozen=True, kw_only=True, forbid_unknown_fields=True):
    """[hub]"""

    timezone: str = "UTC"
    data: str = ""
    profiles: str = ""  # a folder of profiles of one's own


class ChannelTable(msgspec.Struct, frozen=True, kw_only=True, forbid_unknown_fields=True):
    """[[device.channel]]: one wire of a device that hangs on several."""

    name: str
    family: str
    link: str
    profile: str = ""
    record: str = ""


class DeviceTable(msgspec.Struct, frozen=True, kw_only=True, forbid_unknown_fields=True):
    """[[device]]"""

    id: str
    family: str = ""
    link: str = ""
    profile: str = ""
    name: str = ""
    parent: str = ""
    identity: str = ""
    replaces: str = ""
    record: str = ""
    session: dict[str, Any] = {}  # Any: checked against the family's settings when the profile is known
    scale: dict[str, Decimal | int] = {}
    channel: list[ChannelTable] = []


class ConfigFile(msgspec.Struct, frozen=True, kw_only=True, forbid_unknown_fields=True):
    """The whole file."""

    hub: HubTable = HubTable()
    device: list[DeviceTable] = []


class Config(msgspec.Struct, frozen=True, kw_only=True):
    """A checked configuration. ``where``: the file it came from, for error texts."""

    where: str
    base: Path  # what relative paths in the file are relative to
    data: Path
    zone: ZoneInfo
    profiles: Path | None
    devices: tuple[DeviceTable, ...]

    @property
    def store(self) -> Path:
        """The store file."""
        return self.data / "store.sqlite"

    @property
    def control(self) -> Path:
        """The Unix socket of the API."""
        return self.data / "control"

    def for_devices(self, ids: Sequence[str]) -> "Config":
        """The same with only the devices that these ids mean; a sub-device needs its gateway.

        Raises ConfigError for an id that is none.
        """
        wanted = [self._owner(one) for one in ids]
        chosen = tuple(msgspec.structs.replace(one, parent="") for one in self.devices if one.id in wanted)
        return msgspec.structs.replace(self, devices=chosen)

    def _owner(self, id: str) -> str:
        ids = [one.id for one in self.devices]
        owners = [one for one in ids if id == one or id.startswith(f"{one}_")]
        if not owners:
            raise ConfigError(f"There is no device {id!r} in {self.where}. There are: {', '.join(ids) or 'none'}.")
        return max(owners, key=len)


def find_config(given: str | None, env: Mapping[str, str] = os.environ) -> Path:
    """The file to read: the one given, else $UNCLOUDED_CONFIG, else ./unclouded.toml. Raises ConfigError."""
    path = Path(given or env.get("UNCLOUDED_CONFIG") or "unclouded.toml")
    if not path.is_file():
        raise ConfigError(
            f"There is no configuration {path}. Name one with --config, or see it all work first: unclouded demo."
        )
    return path


def load_config(path: Path, data: str | None = None, env: Mapping[str, str] = os.environ) -> Config:
    """Read and check a file. ``data``: a data folder that goes before the file's. Raises ConfigError."""
    try:
        text = path.read_text("utf-8")
    except (OSError, UnicodeDecodeError) as error:
        raise ConfigError(f"{path} cannot be read: {error}.") from None
    return parse_config(text, str(path), data, env)


def parse_config(text: str, where: str, data: str | None = None, env: Mapping[str, str] = os.environ) -> Config:
    """The same from text. Raises ConfigError."""
    try:
        file = msgspec.convert(tomllib.loads(text, parse_float=Decimal), ConfigFile)
    except tomllib.TOMLDecodeError as error:
        raise ConfigError(f"{where} is not TOML: {error}.") from None
    except msgspec.ValidationError as error:
        raise ConfigError(f"{where}: {error}.") from None
    _check_devices(file.device, where)
    return Config(
        where=where,
        base=Path(where).parent,
        data=_data_folder(data or file.hub.data, env),
        zone=_zone(file.hub.timezone, where),
        profiles=Path(where).parent / Path(file.hub.profiles).expanduser() if file.hub.profiles else None,
        devices=tuple(file.device),
    )


def data_folder(given: str | None, env: Mapping[str, str] = os.environ) -> Path:
    """Where the data is when no configuration says so."""
    return _data_folder(given or "", env)


def cache_folder(env: Mapping[str, str] = os.environ) -> Path:
    """Where data lives that may be thrown away."""
    return Path(env.get("XDG_CACHE_HOME") or Path.home() / ".cache") / "unclouded"


def _data_folder(given: str, env: Mapping[str, str]) -> Path:
    if given:
        return Path(given).expanduser()
    return Path(env.get("XDG_DATA_HOME") or Path.home() / ".local" / "share") / "unclouded"


def _zone(name: str, where: str) -> ZoneInfo:
    try:
        return ZoneInfo(name)
    except (ZoneInfoNotFoundError, ValueError, OSError):
        raise ConfigError(f"{where}: `$.hub.timezone`: there is no time zone {name!r}. Write Europe/Madrid.") from None


def _check_devices(devices: Sequence[DeviceTable], where: str) -> None:
    ids = [device.id for device in devices]
    for number, device in enumerate(devices):
        path = f"{where}: `$.device[{number}]"
        if not DEVICE_ID.fullmatch(device.id):
            raise ConfigError(f"{path}.id`: {device.id!r} may have only a to z, 0 to 9 and _.")
        if ids.count(device.id) > 1:
            raise ConfigError(f"{path}.id`: the id {device.id!r} stands twice.")
        if device.parent and (device.parent not in ids or device.parent == device.id):
            raise ConfigError(f"{path}.parent`: there is no other device {device.parent!r}.")
        if device.replaces in ids:
            raise ConfigError(
                f"{path}.replaces`: {device.replaces} is a device here; only one that is gone is replaced."
            )
        _check_wires(device, path)
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
    if any(factor <= 0 for factor in device.scale.values()):
        raise ConfigError(f"{path}.scale`: a factor must be more than 0.")


def _check_parents(parents: Mapping[str, str], where: str) -> None:
    for start in parents:
        seen, one = {start}, parents[start]
        while one:
            if one in seen:
                raise ConfigError(f"{where}: `$.device`: {start} is inside itself; look at the `parent` keys.")
            seen.add(one)
            one = parents[one]
