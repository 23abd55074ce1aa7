"""A part of a channel: the device itself (key "") or a sub-device behind it, each a Device of its own.

gateway            part ""        profile tuya/gateway
gateway_1234       part "1234"    profile tuya/socket          each with its own points, actions, energy ledgers
gateway_abcd       part "abcd"    profile tuya/thermometer
"""

import re
from collections.abc import Collection, Mapping
from functools import partial

from msgspec.structs import replace

from unclouded.core.model import ScheduleRule
from unclouded.core.profile import Profile
from unclouded.hub.channels.channel_spec import ChannelSpec
from unclouded.hub.energy.ledger import DeviceEnergy
from unclouded.hub.readings.interpret import Interpreter


class ChannelPart:
    """A part that is known: by which profile it is interpreted, and what it reported about itself.

    ``info``: names and texts. ``schedule``: the rules that it keeps.
    """

    def __init__(
        self, spec: ChannelSpec, key: str, device: str, identity: str, profile: Profile, energy: DeviceEnergy
    ) -> None:
        self.key = key
        self.device = device
        self.identity = identity
        self.profile = profile
        self.energy = energy
        self.actions = spec.actions_of(key, profile)
        scales = {} if key else spec.scales
        similar = partial(spec.similar, profile)
        self.interpreter = Interpreter(device, profile, energy, spec.decoders, scales, spec.name, similar)
        self.info: dict[str, str] = {}
        self.schedule: tuple[ScheduleRule, ...] | None = None
        self._published_rows = -1

    def has_new_points(self) -> bool:
        """Whether it has reported points that its last Device fact did not list."""
        return self.interpreter.row_count != self._published_rows

    def published(self) -> None:
        """A Device fact lists its points as they are now."""
        self._published_rows = self.interpreter.row_count

    def is_as(self, identity: str, profile: Profile) -> bool:
        """Whether it is still the same device, to be interpreted by the same profile."""
        return self.identity == identity and is_same(self.profile, profile)

    def with_info(self, info: Mapping[str, str]) -> dict[str, str]:
        """Its info and what it reports now; of another product only that."""
        before, now = self.info.get("product"), info.get("product")
        return {**info} if before and now and before != now else {**self.info, **info}


def without(profile: Profile, wires: Collection[str]) -> Profile:
    """The profile of a device that lacks these wire keys: their points are dropped."""
    points = tuple(row for row in profile.points if row.wire not in wires)
    if len(points) == len(profile.points):
        return profile
    main = profile.main if any(row.point.key == profile.main for row in points) else ""
    return replace(profile, points=points, main=main)


def is_same(profile: Profile, other: Profile) -> bool:
    """Whether two profiles have the same points."""
    return profile.name == other.name and len(profile.points) == len(other.points) and profile.points == other.points


def sub_id(device: str, part: str) -> str:
    """The id of a sub-device: ``gateway_1234``; of the main part the device's own."""
    return f"{device}_{re.sub(r'[^a-z0-9_]', '_', part.lower())}" if part else device
