"""Config -> what a Hub runs: for each device the family, the profile, the link and the session of each channel."""

from collections.abc import Callable, Mapping
from functools import partial
from pathlib import Path
from typing import Any

import msgspec

from unclouded import families
from unclouded.config import ChannelTable, Config, DeviceTable
from unclouded.errors import ConfigError
from unclouded.family import Family
from unclouded.hub.channel import ChannelSpec
from unclouded.hub.node import NodeSpec
from unclouded.link import Link
from unclouded.links import check_url, open_link
from unclouded.profile import Profile
from unclouded.profiles import Shelf
from unclouded.session import Ambient, Session


class Builder:
    """Makes NodeSpecs. Raises ConfigError for a family, profile, link or setting that cannot be."""

    def __init__(self, config: Config) -> None:
        self._config = config
        self.shelf = Shelf(settings_of, config.profiles)

    def nodes(self) -> list[NodeSpec]:
        return [self._node(device, number) for number, device in enumerate(self._config.devices)]

    def _node(self, device: DeviceTable, number: int) -> NodeSpec:
        path = f"{self._config.where}: `$.device[{number}]"
        wires = device.channel or [
            ChannelTable(name="", family=device.family, link=device.link, profile=device.profile, record=device.record)
        ]
        return NodeSpec(
            id=device.id,
            channels=tuple(self._channel(device, wire, path) for wire in wires),
            name=device.name,
            parent=device.parent,
            identity=device.identity,
            replaces=device.replaces,
        )

    def _channel(self, device: DeviceTable, wire: ChannelTable, path: str) -> ChannelSpec:
        try:
            family = families.family(wire.family)
            check_url(wire.link)
            profile = self.shelf.get(wire.profile) if wire.profile else None
            speak = _speaker(family)
        except ConfigError as error:
            raise ConfigError(f"{path}`: {error}") from None
        if profile is not None and profile.family != family.name:
            raise ConfigError(f"{path}.profile`: {profile.name} is for {profile.family}, not for {family.name}.")
        generic = self.shelf.get(family.generic)
        settings = partial(_settings, family, dict(device.session), f"{path}.session`")
        settings(profile or generic)  # a wrong key is said now, not when the device is first online
        return ChannelSpec(
            name=wire.name,
            family=family.name,
            link=wire.link,
            profile=profile,
            generic=generic,
            for_product=partial(self.shelf.for_product, family.name),
            open_link=partial(_open, wire, family, self._config.base),
            make_session=lambda profile, ambient: speak(settings(profile), ambient),
            decoders=family.decoders,
            actions=family.actions,
            scales=device.scale,
        )


def _speaker(family: Family) -> Callable[[Any, Ambient], Session]:  # Any: the family's settings
    if family.controller is None:
        raise ConfigError(f"This version can decode {family.name}, but not yet speak it.")
    return family.controller


def settings_of(name: str) -> type[msgspec.Struct] | None:
    """The type of a family's [session] table, None where there is no such family."""
    return families.family(name).settings if name in families.NAMES else None


def _settings(family: Family, own: Mapping[str, Any], path: str, profile: Profile) -> msgspec.Struct:
    """The profile's session settings with the device's own before them."""
    if not own:
        return profile.session
    try:
        return msgspec.convert({**msgspec.to_builtins(profile.session), **own}, family.settings, strict=False)
    except msgspec.ValidationError as error:
        raise ConfigError(f"{path}: {error}.") from None


def _open(wire: ChannelTable, family: Family, base: Path) -> Link:
    link = open_link(wire.link, baud=family.baud, base=base)
    if not wire.record:
        return link
    from unclouded.links.tap import Tap

    return Tap(link, base / wire.record, family)
