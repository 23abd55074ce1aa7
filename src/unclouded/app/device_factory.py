"""Config -> NodeSpecs of a Hub: for each device the family, profile, link and session of each channel."""

import hashlib
import math
from collections.abc import Callable, Mapping, Sequence
from functools import partial
from pathlib import Path
from typing import TYPE_CHECKING, Any

import msgspec

from unclouded import families
from unclouded.app.configuration.config import Config
from unclouded.app.configuration.places import did_you_mean
from unclouded.app.configuration.tables.file import BROKER, ChannelTable, DeviceTable, links_of
from unclouded.app.protocols import actions_of, settings_of
from unclouded.app.unknown.family_guess import guess_family
from unclouded.app.unknown.product_source import CatalogueSource
from unclouded.core.errors import ConfigError, LinkRefused
from unclouded.core.family import Family
from unclouded.core.profile import Profile
from unclouded.core.sessions.link import Link
from unclouded.core.sessions.session import Ambient, Session
from unclouded.hub.channels.channel_spec import ChannelSpec
from unclouded.hub.channels.part import sub_id
from unclouded.hub.node import NodeSpec, PartName
from unclouded.links import check_url, open_link
from unclouded.profiles import ProfileLibrary

if TYPE_CHECKING:
    from unclouded.links.broker.server import BrokerServer


MakeSession = Callable[[Any, Ambient], Session]  # Any: the family's settings
BY_UUID = (BROKER, "mqtt:", "mqtts:")  # links that many plugs share, distinguished by UUID


class DeviceFactory:
    """Makes NodeSpecs. Raises ConfigError for an unknown or invalid family, profile, link or setting."""

    def __init__(self, config: Config, broker: "BrokerServer | None" = None) -> None:
        self._config = config
        self._broker = broker
        self._library = folder_digest(config.profiles)
        self._of_product: dict[tuple[str, str], Profile | None] = {}
        self.profiles = ProfileLibrary(settings_of, config.profiles, actions_of)

    def nodes(self) -> list[NodeSpec]:
        """One for each [[device]], in the order of the configuration; an error names the line of its table."""
        where, places = self._config.where, self._config.places
        nodes = []
        for number, device in enumerate(self._config.devices):
            try:
                nodes.append(self.node(device, f"{where}: `$.device[{number}]"))
            except ConfigError as error:
                raise ConfigError(places.located(str(error), where)) from None
        return nodes

    def node(self, device: DeviceTable, path: str) -> NodeSpec:
        """One device; ``path``: its place in the configuration, for error texts."""
        wires = device.channel or [
            ChannelTable(name="", family=device.family, link=device.link, profile=device.profile, record=device.record)
        ]
        channels = [self._channel(device, wire, path) for wire in wires]
        return NodeSpec(
            id=device.id,
            channels=tuple(sorted(channels, key=lambda one: bool(one.identity_of))),
            name=device.name,
            room=device.room,
            parent=device.parent,
            identity=device.identity or _identity(device, channels, path),
            replaces=device.replaces,
            produces=device.produces,
            alert_above={point: float(limit) for point, limit in device.alert_above.items()},
            alert_below={point: float(limit) for point, limit in device.alert_below.items()},
            critical=device.critical,
            favourite=device.favourite,
            colour=device.colour,
            parts={sub_id(device.id, id): PartName(name=one.name, room=one.room) for id, one in device.parts.items()},
        )

    def _channel(self, device: DeviceTable, wire: ChannelTable, path: str) -> ChannelSpec:
        family, profile, make_session = self._known(device, wire, path)
        generic = self.profiles.get(family.generic)
        given = _given(family, key=self._config.meross_key.text, uuid=device.uuid.lower())
        own = {**device.session, **wire.session, **given}
        settings = partial(_settings, family, own, f"{path}.{'channel.' if wire.session else ''}session`")
        settings(profile or generic)  # a wrong key is reported now, not when the device is first online
        return ChannelSpec(
            name=wire.name,
            family=family.name,
            link=" ".join(links_of(wire.link)),
            profile=profile,
            generic=generic,
            generic_part=self.profiles.get(family.generic_part) if family.generic_part else None,
            for_product=partial(self.for_product, family.name),
            similar=self.profiles.similar,
            open_link=partial(self._open, wire, family, device.uuid.lower()),
            make_session=lambda profile, ambient: make_session(settings(profile), ambient),
            identity_of=family.identity_of,
            reading=family,
            guess=partial(guess_family, family.name),
            plaintext=self._plaintext(family, device.uuid.lower()),
            decoders=family.decoders,
            actions=family.actions,
            part_actions=family.part_actions,
            scales=device.scale,
            products=CatalogueSource(self.profiles, family.name),
            made_of=self._digest(device, wire, given),
            library=self._library,
        )

    def _known(self, device: DeviceTable, wire: ChannelTable, path: str) -> tuple[Family, Profile | None, MakeSession]:
        """What a channel names. Raises ConfigError, with what may be meant."""
        try:
            family = families.family(wire.family)
            for link in links_of(wire.link):
                self._check_link(link, device)
            profile = self.profiles.get(wire.profile) if wire.profile else None
            make_session = _session_maker(family)
        except ConfigError as error:
            like = "" if wire.family in families.NAMES else did_you_mean(wire.family, families.NAMES)
            if not like and wire.profile not in self.profiles.names():
                like = did_you_mean(wire.profile, self.profiles.names())
            raise ConfigError(f"{path}`: {error}{like}") from None
        if profile is not None and profile.family != family.name:
            raise ConfigError(f"{path}.profile`: {profile.name} is for {profile.family}, not for {family.name}.")
        return family, profile, make_session

    def for_product(self, family: str, product: str) -> Profile | None:
        """The profile that lists the product; the answer is kept. Raises ConfigError where that has a mistake."""
        if (family, product) not in self._of_product:
            self._of_product[family, product] = self.profiles.for_product(family, product)
        return self._of_product[family, product]

    def _digest(self, device: DeviceTable, wire: ChannelTable, given: Mapping[str, str]) -> str:
        """Of all that a channel's link and session are made with. ``given``: the key of the plugs, if it needs that."""
        config = self._config  # whose zone is what devices set their clocks by
        has_broker = self._broker is not None and any(link.startswith(BROKER) for link in links_of(wire.link))
        made_with = (wire, device.uuid, device.session, dict(given), str(config.base), str(config.zone), has_broker)
        return hashlib.sha256(str(made_with).encode()).hexdigest()

    def _check_link(self, link: str, device: DeviceTable) -> None:
        if not link.startswith(BROKER):
            check_url(link)
        elif self._config.broker is None:
            raise ConfigError(f"The link {link} needs a [broker] table, the broker that the plug connects to.")
        if link.startswith(BY_UUID) and not device.uuid:
            raise ConfigError(
                f"The link {link} needs the `uuid` of the plug. Plugs that have connected are listed by: devices."
            )

    def _open(self, wire: ChannelTable, family: Family, uuid: str) -> Link:
        links = [self._open_one(link, family, uuid) for link in links_of(wire.link)]
        link = links[0] if len(links) == 1 else _many(links)
        if not wire.record:
            return link
        from unclouded.recording.tap import Tap

        return Tap(link, self._config.base / wire.record, family, plaintext=self._plaintext(family, uuid))

    def _plaintext(self, family: Family, uuid: str) -> Callable[[bytes], bytes]:
        return bytes if family.plaintext is None else family.plaintext(uuid, self._config.meross_key.text)

    def _open_one(self, link: str, family: Family, uuid: str) -> Link:
        if not link.startswith(BROKER):
            return open_link(link, baud=family.baud, parity=family.parity, base=self._config.base, uuid=uuid)
        if self._broker is None:
            raise LinkRefused(
                "The broker does not run in this process. Start the hub; where [broker] is new, restart it."
            )
        return self._broker.slot(uuid)


def folder_digest(folder: Path | None) -> str:
    """Of the names and contents of the files in a folder of profiles; "" without one. Raises ConfigError."""
    if folder is None:
        return ""
    found = hashlib.sha256(str(folder).encode())
    try:
        for file in sorted(folder.rglob("*.toml")):
            found.update(f"\0{file}\0".encode() + file.read_bytes())
    except OSError as error:
        raise ConfigError(f"The profile folder {folder} cannot be read: {error.strerror}.") from None
    return found.hexdigest()


def _identity(device: DeviceTable, channels: Sequence[ChannelSpec], path: str) -> str:
    """That of a device which several families reach; "" where it reports it. Raises ConfigError where that is open."""
    of = {one.identity_of or one.family for one in channels}
    if len({one.family for one in channels}) == 1 or len(of) > 1:
        return ""
    if not device.uuid:
        raise ConfigError(
            f"{path}` needs the `uuid` of the plug, so that two plugs on its wires are not taken for one."
            " Its console shows it: meross hw."
        )
    return f"{of.pop()}:{device.uuid.lower()}"


def _many(links: Sequence[Link]) -> Link:
    from unclouded.links.multi_path import MultiPathLink

    return MultiPathLink(links)


def _given(family: Family, **values: str) -> dict[str, str]:
    """The settings of a family that the configuration gives outside of its [session] table."""
    known = {field.name for field in msgspec.structs.fields(family.settings)}
    return {name: value for name, value in values.items() if name in known and value}


def _session_maker(family: Family) -> MakeSession:
    if family.controller is None:
        raise ConfigError(f"This version can decode {family.name}, but has no session for it yet.")
    return family.controller


def _refused(path: str, error: str) -> str:
    """msgspec's error, with the whole path of the setting that it names."""
    text, at, inside = error.removesuffix("`").partition(" - at `$")
    return f"{path.removesuffix('`')}{inside}`: {text}." if at else f"{path}: {error}."


def _overridden(table: Mapping[str, Any], own: Mapping[str, Any]) -> dict[str, Any]:
    """The table with its own values; tables inside of it key by key."""
    inner = {
        key: _overridden(table[key], value)
        for key, value in own.items()
        if isinstance(value, Mapping) and isinstance(table.get(key), Mapping)
    }
    return {**table, **own, **inner}


def _settings(family: Family, own: Mapping[str, Any], path: str, profile: Profile) -> msgspec.Struct:
    """The profile's session settings, overridden by the device's own."""
    if not own:
        return profile.session
    known = {field.encode_name: field.name for field in msgspec.structs.fields(family.settings)}
    for key in own:
        if key not in known:
            raise ConfigError(f"{path}: {family.name} has no setting {key!r}.{did_you_mean(key, known)}")
    try:
        made = msgspec.convert(_overridden(msgspec.to_builtins(profile.session), own), family.settings, strict=False)
    except (msgspec.ValidationError, ValueError, OverflowError) as error:
        raise ConfigError(_refused(path, str(error))) from None
    for key in own:
        value = getattr(made, known[key])
        if isinstance(value, float) and not math.isfinite(value):
            raise ConfigError(f"{path}: {key} must be a number, not {value}.")
    return made
