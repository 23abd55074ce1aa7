"""The permanent identity of a device, apart from its name and its port: it owns the history. Pure.

A device that reports a unique id (EUI-64, UUID) has that identity. One that reports only its product is known by
product and wire: on another port under its old name, or under another name on its old port, it is the same device,
and its history goes on.
"""

from collections.abc import Collection, Iterable, Sequence
from typing import Protocol, TypeVar

import msgspec

from unclouded.core.model import Device


class KnownDevice(msgspec.Struct, frozen=True, kw_only=True):
    """A device of an earlier run. ``colour``: the one that it had."""

    identity: str
    id: str
    family: str
    link: str
    product: str = ""
    colour: int | None = None


class HasIdentity(Protocol):
    """Whatever has an identity: a KnownDevice, a Device."""

    @property
    def id(self) -> str:
        """Its name in the configuration."""

    @property
    def identity(self) -> str:
        """Who it is for good; history belongs to it."""


AnyDevice = TypeVar("AnyDevice", bound=HasIdentity)


def part_identity(device: str, part: str) -> str:
    """The identity of a sub-device that reports none of its own. ``device``: the identity of what it is behind."""
    return f"{device}/{part}"


def with_parts(devices: Iterable[AnyDevice], identity: str) -> list[AnyDevice]:
    """The device of that identity, and its sub-devices by their identities: an id that looks alike says nothing."""
    inside = part_identity(identity, "")
    return [one for one in devices if identity and (one.identity == identity or one.identity.startswith(inside))]


def known_device(device: Device) -> KnownDevice:
    """A device as later runs know it."""
    return KnownDevice(
        identity=device.identity,
        id=device.id,
        family=device.family,
        link=device.link,
        product=device.info.get("product", ""),
        colour=device.colour,
    )


def identify(
    known: Sequence[KnownDevice],
    *,
    id: str,
    family: str,
    link: str,
    reported: str = "",
    product: str = "",
    taken: Collection[str] = (),
) -> str:
    """The identity of a device. ``reported``: its own unique id; ``taken``: identities of other devices now."""
    if reported:
        return f"{family}:{reported}"
    fitting = [
        one
        for one in known
        if one.family == family and one.identity not in taken and (not product or one.product in ("", product))
    ]
    for same in (
        [one for one in fitting if one.link == link and one.id == id],
        [one for one in fitting if one.link == link],
        [one for one in fitting if one.id == id],
    ):
        if same:
            return same[0].identity
    return f"{family}:{product or 'device'}@{link}"
