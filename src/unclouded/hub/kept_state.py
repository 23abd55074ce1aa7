"""What is kept of devices by their identity: energy ledgers, what sessions remember, and which devices there were."""

from collections.abc import Collection, Iterable, Mapping, Sequence

from unclouded.core.model import Device, Ledger, Memory, inherited
from unclouded.hub.energy.ledger import DeviceEnergy
from unclouded.hub.identity import KnownDevice, known_device, with_parts


class KeptState:
    """``ledgers`` and ``memory``: of earlier runs, by identity. ``known``: the devices of those runs, and of this."""

    def __init__(
        self,
        ledgers: Mapping[str, Mapping[str, Ledger]],
        memory: Mapping[str, Mapping[str, bytes]],
        known: Sequence[KnownDevice],
    ) -> None:
        self.known = list(known)
        self._ledgers = dict(ledgers)  # of devices that do not count
        self._energy: dict[str, DeviceEnergy] = {}
        self._memory = {identity: dict(kept) for identity, kept in memory.items()}

    @property
    def memories(self) -> Iterable[tuple[str, dict[str, bytes]]]:
        """What is remembered, by identity."""
        return self._memory.items()

    def memory(self, identity: str) -> Mapping[str, bytes]:
        """What the sessions of a device have asked to remember, {} = nothing."""
        return self._memory.get(identity, {})

    def remember(self, memory: Memory) -> None:
        """Keeps it in the place of what was remembered under its key."""
        self._memory.setdefault(memory.identity, {})[memory.key] = memory.value

    def energy(self, identity: str, replaces: str) -> DeviceEnergy:
        """The ledgers of a device, which go on from those that were kept.

        ``replaces``: id or identity of the device whose place it has taken, above whose totals it counts; "" = none.
        """
        if identity not in self._energy:
            self._energy[identity] = DeviceEnergy(identity, self._first_ledgers(identity, replaces))
        return self._energy[identity]

    def counts(self, identity: str) -> bool:
        """Whether the energy of this device is counted in this run."""
        return identity in self._energy

    def count_again(self, identity: str) -> None:
        """The device begins again, in the place of another one than before: ``energy`` reads its ledgers again."""
        if (energy := self._energy.pop(identity, None)) is not None:
            self._ledgers[identity] = energy.ledgers

    def note(self, devices: Iterable[Device]) -> None:
        """These are the devices of now, for the identities of those that take their places."""
        now = [known_device(device) for device in devices if device.identity]
        identities = {one.identity for one in now}
        self.known = [*now, *(one for one in self.known if one.identity not in identities)]

    def identity_of(self, id: str) -> str:
        """The identity that a device of this id had last; "" = there was none."""
        return next((one.identity for one in self.known if one.id == id), "")

    def former_parts(self, identity: str, present: Collection[str]) -> list[Device]:
        """A device and its sub-devices as they were before, but for those with an identity in ``present``."""
        former = [one for one in with_parts(self.known, identity) if one.identity not in present]
        return [
            Device(id=one.id, identity=one.identity, family=one.family, link=one.link, profile="") for one in former
        ]

    def drop(self, identities: Collection[str]) -> None:
        """Forgets all of these devices, which were removed with their history."""
        for identity in identities:
            for kept in (self._energy, self._ledgers, self._memory):
                kept.pop(identity, None)
        self.known = [one for one in self.known if one.identity not in identities]

    # --- inside --------------------------------------------------------------------------------

    def _first_ledgers(self, identity: str, replaces: str) -> Mapping[str, Ledger]:
        """The stored ledgers of a device; one that replaces another counts on above the other's totals."""
        own = self._newest_ledgers(identity)
        old = next((one.identity for one in self.known if replaces in (one.identity, one.id)), "")
        if not replaces or not old or old == identity:
            return own
        gone = self._newest_ledgers(old)
        blank = {point: Ledger(identity=identity, point=point) for point in gone}
        return {**own, **{point: inherited(gone[point], own.get(point, blank[point])) for point in gone}}

    def _newest_ledgers(self, identity: str) -> Mapping[str, Ledger]:
        energy = self._energy.get(identity)
        return self._ledgers.get(identity, {}) if energy is None else energy.ledgers
