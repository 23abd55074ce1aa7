"""The colour of each device that uses power, the same in every chart: one of ten. Pure.

    the configuration has one ──► that
    an earlier run gave it one ─► that, where no other device has it now
    otherwise ──────────────────► the next free one, in the order of the configuration

A colour that a device has had for a minute is kept with its identity (the store has it in the device's description), so
that it stays when devices before it are added or removed. In the first minute the order decides, not which device
answers first. The eleventh device has none.
"""

from bisect import bisect
from collections.abc import Iterable, Mapping

import msgspec
from msgspec.structs import replace

from unclouded.core.model import COLOURS, Device

SETTLED_S = 60.0
POWER, EXPORTED = "power_W", "energy_export_Wh"
Place = tuple[int, int]  # of a device in the configuration; then of a part of it, in the order of their arrival


class _Traits(msgspec.Struct, frozen=True, kw_only=True):
    """What of a device decides on its colour. ``chosen``: the one of the configuration."""

    identity: str
    chosen: int | None
    parent: str
    produces: bool
    measures: bool
    exports: bool
    is_switched: bool


class DeviceColours:
    """``kept``: the colours of earlier runs, by identity."""

    def __init__(self, kept: Mapping[str, int]) -> None:
        self._kept = dict(kept)
        self._order: Mapping[str, int] = {}
        self._parents: frozenset[str] = frozenset()
        self._devices: dict[str, Device] = {}  # as they were described: ``colour`` is that of the configuration
        self._places: dict[str, Place] = {}
        self._given: dict[str, int] = {}
        self._since: dict[str, float] = {}  # since when it has the one that it was given
        self._stopped: set[str] = set()

    def shown(self, device: Device) -> Device:
        """The device with its colour."""
        colour = self._given.get(device.id)
        return device if device.colour == colour or device.colour is not None else replace(device, colour=colour)

    def arrange(self, parents: Mapping[str, str], now: float) -> list[Device]:
        """These are the devices of the configuration, in their order, with their parents.

        The devices that have another colour therefore, as they were described.
        """
        self._order = {id: place for place, id in enumerate(parents)}
        self._parents = frozenset(parents.values())
        for id, (_, arrival) in self._places.items():
            self._places[id] = self._place(self._devices[id], arrival)
        return self._give(now)

    def describe(self, devices: Iterable[Device], now: float) -> list[Device]:
        """These devices are described again. The others that have another colour therefore."""
        devices = list(devices)
        self._stopped.difference_update(one.id for one in devices)
        changed = [one for one in devices if self._is_new(one)]
        for one in changed:
            self._devices[one.id] = one
            self._places.setdefault(one.id, self._place(one, 1 + len(self._places)))
        if all(self._gets_none(one) for one in changed):
            return []
        ids = {one.id for one in changed}
        return [one for one in self._give(now) if one.id not in ids]

    def stop(self, ids: Iterable[str]) -> None:
        """These devices end or begin again: what they were described as is over, and their colours wait for them."""
        self._stopped.update(ids)

    def remove(self, ids: Iterable[str], now: float) -> list[Device]:
        """These devices are gone; their colours are free. The devices that have another colour therefore."""
        self._settle(now)
        for id in ids:
            for known in (self._devices, self._places, self._given, self._since):
                known.pop(id, None)
            self._stopped.discard(id)
        return self._give(now)

    def forget(self, identities: Iterable[str]) -> None:
        """Their history is deleted."""
        for identity in identities:
            self._kept.pop(identity, None)

    # --- inside ------------------------------------------------------------------------------------

    def _place(self, device: Device, arrival: int) -> Place:
        own = self._order.get(device.id)
        return (self._order.get(device.parent, len(self._order)), arrival) if own is None else (own, 0)

    def _is_new(self, device: Device) -> bool:
        before = self._devices.get(device.id)
        if before is not None and before.identity and not device.identity:
            return device.colour != before.colour  # it begins again: what it is will be known when it answers
        return before is None or _traits(before) != _traits(device)

    def _gets_none(self, device: Device) -> bool:
        """Nothing changes by it: all colours have been given to devices before it."""
        if device.id in self._given or device.colour is not None or device.identity in self._kept:
            return False
        if len(set(self._given.values())) < COLOURS:
            return not self._is_entitled(device)
        return bisect(sorted(self._places[id] for id in self._given), self._places[device.id]) == len(self._given)

    def _is_entitled(self, device: Device) -> bool:
        """Whether it is one of those that charts distinguish: no producer, no meter of a home."""
        traits = _traits(device)
        has_devices_inside = device.id in self._parents and not traits.is_switched
        is_meter = not traits.parent and (traits.exports or has_devices_inside)
        return traits.measures and not traits.produces and not is_meter

    def _settle(self, now: float) -> None:
        """Keep what devices have had for long enough."""
        for id, colour in self._given.items():
            identity = self._devices[id].identity
            if identity and now - self._since[id] >= SETTLED_S:
                self._kept[identity] = colour

    def _give(self, now: float) -> list[Device]:
        """Give all colours out. The devices that have another one than before."""
        self._settle(now)
        ordered = [self._devices[id] for id in sorted(self._devices, key=self._places.__getitem__)]
        given = {one.id: one.colour for one in ordered if one.colour is not None}
        used = set(given.values())
        entitled = [one for one in ordered if one.id not in given and self._is_entitled(one)]
        for one in sorted(entitled, key=lambda one: self._given.get(one.id) != self._kept.get(one.identity)):
            kept = self._kept.get(one.identity)  # those that have theirs now come first
            if kept is not None and kept not in used:
                given[one.id] = kept
                used.add(kept)
        free = [colour for colour in range(COLOURS) if colour not in used]
        given.update(zip((one.id for one in entitled if one.id not in given), free, strict=False))
        return self._taken_over(given, now)

    def _taken_over(self, given: dict[str, int], now: float) -> list[Device]:
        before, self._given = self._given, given
        changed = [id for id in {**before, **given} if before.get(id) != given.get(id)]
        for id in changed:
            self._since[id] = now
        return [self._devices[id] for id in changed if id in self._devices and id not in self._stopped]


def _traits(device: Device) -> _Traits:
    keys = {point.key for point in device.points}
    return _Traits(
        identity=device.identity,
        chosen=device.colour,
        parent=device.parent,
        produces=device.produces,
        measures=POWER in keys,
        exports=EXPORTED in keys,
        is_switched=any(point.kind == "switch" and point.access != "r" for point in device.points),
    )
