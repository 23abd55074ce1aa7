"""One configured device at run time: its channels, and which of them counts.

Where several channels provide a point, the first of them in the configuration that is online counts.
"""

import asyncio
import heapq
import logging
from collections import ChainMap
from collections.abc import Callable, Mapping, Sequence

import msgspec
from msgspec.structs import replace

from unclouded.core.errors import CommandError
from unclouded.core.model import Action, ActionSpec, Device, Fact, Point, Reading, State, Status, WireEntry
from unclouded.core.system.supervise import supervise
from unclouded.hub.channels.channel import Channel, ChannelContext
from unclouded.hub.channels.channel_spec import ChannelSpec
from unclouded.hub.channels.part import sub_id
from unclouded.hub.identity import KnownDevice, identify
from unclouded.hub.readings.interpret import Interpreter

log = logging.getLogger("unclouded.hub")

# The state of a device whose channels differ: the first of these that one of them is in.
BEST: Sequence[State] = ("online", "waiting", "asleep", "connecting", "offline", "faulted", "seen")

TAIL = 4  # characters of a sub-device's id that distinguish it from others of its product

DESCRIBING = (
    "name", "room", "parent", "produces", "critical", "favourite", "colour", "alert_above", "alert_below", "parts",
)  # fmt: skip


class PartName(msgspec.Struct, frozen=True, kw_only=True):
    """What a sub-device is called, and where it is; "" = as it says itself."""

    name: str = ""
    room: str = ""


UNNAMED = PartName()


class NodeSpec(msgspec.Struct, frozen=True, kw_only=True):
    """One [[device]] of the configuration, ready to run. ``identity``: the configured one, "" = found by itself.

    ``parts``: names of sub-devices, by the ids that those have as devices.
    """

    id: str
    channels: tuple[ChannelSpec, ...]
    name: str = ""
    room: str = ""
    parent: str = ""
    identity: str = ""
    replaces: str = ""
    produces: bool = False
    critical: bool = False
    favourite: bool = False
    colour: int | None = None
    alert_above: Mapping[str, float] = {}
    alert_below: Mapping[str, float] = {}
    parts: Mapping[str, PartName] = {}

    @property
    def described_by(self) -> tuple[object, ...]:
        """What the device is called, where it counts and how it is shown: it may change while the device runs."""
        return tuple(getattr(self, key) for key in DESCRIBING)


class DeviceNode:
    """Runs the channels of one device."""

    def __init__(
        self,
        spec: NodeSpec,
        hub: ChannelContext,
        known: Sequence[KnownDevice],
        taken: Callable[["DeviceNode"], set[str]],
    ) -> None:
        self.spec = spec
        self.id = spec.id
        self.identity = spec.identity
        self._identified_by: Channel | None = None  # whose report, or else whose link, is the identity
        self.channels = [Channel(one, self, hub, len(spec.channels) == 1) for one in spec.channels]
        self._hub = hub
        self._known = known
        self._taken = taken
        self._statuses: dict[tuple[str, str], Status] = {}
        self._shown: dict[str, Status] = {}

    async def run(self) -> None:
        """Run every channel until cancelled."""
        now = asyncio.get_running_loop().time()
        for channel in self.channels:
            facts = [self.describe(channel, ""), *self.changed(channel, "", "connecting", "", self._hub.wall(now))]
            self._hub.publish(facts)
        async with asyncio.TaskGroup() as group:
            for channel in self.channels:
                group.create_task(self._supervise(channel), name=f"{self.id}.{channel.spec.name or 'channel'}")

    async def _supervise(self, channel: Channel) -> None:
        def crashed(error: Exception) -> None:
            reason = str(error) or f"An error in this program: {type(error).__name__}."
            now = asyncio.get_running_loop().time()
            self._hub.publish(self.changed(channel, "", "faulted", reason, self._hub.wall(now)))

        await supervise(self.id, channel.run, crashed, channel.wait_to_retry)

    def reconnect(self) -> None:
        """Open every link now that the hub opens itself and that does not work."""
        for channel in self.channels:
            if channel.dials and not channel.online:
                channel.reconnect()

    def why_not_reconnected(self, key: str) -> str:
        """Why the hub cannot connect to a part by itself, and what can be done instead; "" = it can."""
        if self.is_asleep(key):
            return "It sleeps, and connects when it wakes. To wake it at once, press its button."
        if key and any(channel.online for channel in self.channels):
            return f"It is reached through {self.id}, which is connected. Check that it has power and is in range."
        if not any(channel.dials for channel in self.channels):
            return (
                "It connects to this hub by itself, and tries again every few seconds while it has power and Wi-Fi. "
                "If it stays away, unplug it for ten seconds."
            )
        return ""

    def integrate(self) -> None:
        """Count the energy of devices that only report changes: they use it between two reports too."""
        for channel in self.channels:
            channel.integrate()

    # --- another configuration -----------------------------------------------------------------

    def runs_as(self, spec: NodeSpec) -> bool:
        """Whether the device runs as this spec demands, whatever it is called."""
        own = self.spec
        if (own.identity, own.replaces, len(own.channels)) != (spec.identity, spec.replaces, len(spec.channels)):
            return False
        pairs = zip(self.channels, spec.channels, strict=True)
        return all(channel.spec.runs_as(one, channel.products) for channel, one in pairs)

    def adopt(self, spec: NodeSpec) -> list[Fact]:
        """Go on under a spec as which it runs already. The facts: the device and its parts, if described again."""
        is_described_anew = spec.described_by != self.spec.described_by
        self.spec = spec
        for channel, one in zip(self.channels, spec.channels, strict=True):
            channel.spec = one
        return [*self.devices()] if is_described_anew else []

    # --- description ---------------------------------------------------------------------------

    def devices(self) -> list[Device]:
        """The device, and its sub-devices, as they are known now."""
        keys = dict.fromkeys(["", *(key for channel in self.channels for key in channel.parts)])
        return [self.describe(self._channel_of(key), key) for key in keys]

    def describe(self, channel: Channel, key: str) -> Device:
        """The device itself (key "") or one of its sub-devices, as its channels know it together.

        Of what several know the first counts; ``channel``: that which knows it, where only one does.
        """
        channels = [one for one in self.channels if not key or key in one.parts] or [channel]
        first, parts = channels[0], [one.parts[key] for one in channels if key in one.parts]
        id = sub_id(self.id, key)
        device = Device(
            id=id,
            identity=parts[0].identity if parts else self.identity,
            family=first.spec.family,
            link=" ".join(one.spec.link for one in channels),
            profile=first.profile_of(key).name,
            points=_united([one.points(key) for one in channels]),
            actions=tuple(action for one in self.channels for action in one.actions(key)),
            parent=self.id,
            name=id,
            main=first.profile_of(key).main,
            info=dict(ChainMap(*(one.info for one in parts))),
            schedule=next((one.schedule for one in parts if one.schedule is not None), None),
        )
        if key:
            return replace(device, **self._part_name(first, key))
        own = self.spec
        return replace(
            device,
            name=own.name or own.id,
            room=own.room,
            parent=own.parent,
            replaces=own.replaces,
            produces=own.produces,
            critical=own.critical,
            favourite=own.favourite,
            colour=own.colour,
            alert_above=own.alert_above,
            alert_below=own.alert_below,
        )

    def _part_name(self, channel: Channel, key: str) -> dict[str, str]:
        """The name and the room of a sub-device: the configured ones, else its own, else a name from its product."""
        id, part, profile = sub_id(self.id, key), channel.parts.get(key), channel.profile_of(key)
        given, info = self.spec.parts.get(id, UNNAMED), {} if part is None else part.info
        product = "" if profile.unknown else f"{profile.title.partition(' (')[0]} {key[-TAIL:]}"
        return {"name": given.name or info.get("name") or product or id, "room": given.room or info.get("place", "")}

    def settle_identity(self, channel: Channel, reported: str, product: str) -> str:
        """The identity that owns the history, now that the device has reported what it reports of itself."""
        before = self.identity
        if not self.spec.identity and (reported or self._identified_by in (None, channel)):
            self.identity, self._identified_by = self._identify(channel, reported, product), channel
        for other in self.channels if reported and self.identity != before else ():
            if other is not channel:
                other.take_identity()
        return self.identity

    def likely_identity(self, channel: Channel) -> str:
        """The identity whose memory a session starts with, before the device has reported anything."""
        return self.identity or self._identify(channel, "", "")

    def _identify(self, channel: Channel, reported: str, product: str) -> str:
        return identify(
            self._known,
            id=self.id,
            family=(channel.spec.identity_of if reported else "") or channel.spec.family,
            link=channel.spec.link,
            reported=reported,
            product=product,
            taken=self._taken(self),
        )

    # --- several channels ----------------------------------------------------------------------

    def counts(self, channel: Channel, reading: Reading) -> bool:
        """Whether this channel's reading counts; not where a better channel provides the point."""
        for better in self.channels:
            if better is channel:
                return True
            if better.online and reading.point in better.provides:
                return False
        return True

    def changed(self, channel: Channel, key: str, state: State, reason: str, since: float) -> list[Fact]:
        """A channel has entered a state. The facts: the new state of the device, if that changes."""
        device = sub_id(self.id, key)
        self._statuses[channel.spec.name or channel.spec.link, key] = Status(device, state, since, reason)
        of_device = [status for (_, one), status in self._statuses.items() if one == key]
        best = min(of_device, key=lambda status: BEST.index(status.state))
        shown = self._shown.get(key)
        if shown is not None and (shown.state, shown.reason) == (best.state, best.reason):
            return []
        self._shown[key] = best
        log.info("%s is %s%s", device, best.state, f": {best.reason}" if best.reason else "")
        return [best]

    def forget(self, key: str) -> None:
        """A part left: when it joins again, its state is published again."""
        self._shown.pop(key, None)
        self._statuses = {place: status for place, status in self._statuses.items() if place[1] != key}

    # --- commands ------------------------------------------------------------------------------

    def key_of(self, device: str) -> str:
        """The part that a device id means."""
        return next((key for one in self.channels for key in one.parts if sub_id(self.id, key) == device), "")

    def channel_for(self, key: str, point: str) -> tuple[Channel, Interpreter]:
        """The best channel that can set the point of a part, online ones first."""
        candidates = [channel for channel in self.channels if not key or key in channel.parts]
        candidates.sort(key=lambda one: not one.online)
        for channel in candidates:
            interpreter = self._interpreter(channel, key)
            if any(one.key == point and "w" in one.access for one in interpreter.points):
                return channel, interpreter
        return candidates[0], self._interpreter(candidates[0], key)

    def _interpreter(self, channel: Channel, key: str) -> Interpreter:
        part = channel.parts.get(key)
        if part is not None:
            return part.interpreter
        return Interpreter(self.id, channel.profile, self._hub.energy(self.identity))

    def what_to_set(self, device: str) -> str:
        """As text: the points that can be set."""
        points = next((one.points for one in self.devices() if one.id == device), ())
        settable = ", ".join(point.key for point in points if "w" in point.access)
        return f"name the point to set ({settable})." if settable else "nothing of it can be set."

    def channel_with_action(self, command: Action, key: str) -> tuple[Channel, ActionSpec]:
        """The channel that can carry out an action of a part, and its description. Raises CommandError."""
        actions = [(channel, action) for channel in self.channels for action in channel.actions(key)]
        for channel, action in actions:
            if action.name == command.name:
                _check_args(command, action)
                if action.danger and not command.confirmed:
                    raise CommandError(f"{command.name}: {action.danger} Confirm it with --yes.")
                return channel, action
        known = ", ".join(action.name for _, action in actions)
        raise CommandError(f"{command.device} has no action {command.name!r}. It has: {known or 'none'}.")

    def is_asleep(self, key: str) -> bool:
        """Whether the device ("") or the sub-device with this key sleeps on any of its channels."""
        return any(key in channel.asleep for channel in self.channels)

    def stats(self) -> dict[str, Mapping[str, float]]:
        """The statistics of its wires, by the name of the channel; "" = unnamed."""
        return {channel.spec.name or "": channel.stats() for channel in self.channels}

    def frames(self, limit: int) -> list[WireEntry]:
        """The last frames and noise of all its channels, oldest first."""
        entries = heapq.merge(*(channel.frames(limit) for channel in self.channels), key=lambda entry: entry.at)
        return list(entries)[-limit:] if limit > 0 else []

    def _channel_of(self, key: str) -> Channel:
        return next((channel for channel in self.channels if key in channel.parts), self.channels[0])


def _united(channels: Sequence[Sequence[Point]]) -> tuple[Point, ...]:
    """The points of several channels; of those with the same key, that of the first channel which has it."""
    found: list[Point] = []
    for points in channels:
        known = {one.key for one in found}
        found += [one for one in points if one.key not in known]
    return tuple(found)


def _check_args(command: Action, action: ActionSpec) -> None:
    """Raises CommandError for an argument that the action does not have."""
    for name in command.args:
        if name not in action.args:
            known = ", ".join(f"{one}=" for one in action.args) or "nothing more"
            raise CommandError(f"{command.name} has no argument {name[:80]}=. It takes {known}.")
