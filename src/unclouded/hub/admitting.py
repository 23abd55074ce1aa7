"""Plugs that connect to the hub and are not configured: they are listed, can be admitted, and be forgotten again."""

from collections.abc import Collection, Sequence
from typing import Protocol

from unclouded.core.errors import CommandError
from unclouded.core.model import Admission, Device, Notice, Status
from unclouded.hub.node import NodeSpec
from unclouded.hub.publishing import FactPublisher

MOST_SEEN = 256  # devices that are listed though they are not configured


class Admitter(Protocol):
    """Keeps the plugs that were admitted."""

    def admit(self, admission: Admission, taken: Sequence[str]) -> NodeSpec:
        """Store it; ``taken``: ids of devices. Raises CommandError."""

    def forget(self, device: str, known: Sequence[str]) -> None:
        """Remove it from what is kept. Raises CommandError where it was not admitted; ``known``: ids of devices."""

    def report_connected(self) -> None:
        """Report plugs that are connected and have no device, as ``seen`` is called for new ones."""


class NoAdmissions:
    """A hub without a broker."""

    def admit(self, admission: Admission, taken: Sequence[str]) -> NodeSpec:
        """Raises CommandError: there is no broker."""
        raise CommandError("This hub has no broker, so there is no plug to admit.")

    def forget(self, device: str, known: Sequence[str]) -> None:
        """Raises CommandError: there is no broker."""
        raise CommandError("This hub has no broker, so no plug was admitted that it could forget.")

    def report_connected(self) -> None:
        """There is none."""


class SeenPlugs:
    """By UUID, the one that connected last at the end. What changes is published by ``facts``."""

    def __init__(self, facts: FactPublisher) -> None:
        self._facts = facts
        self._devices: dict[str, Device] = {}

    def __contains__(self, id: object) -> bool:
        return id in self._devices

    def devices(self) -> list[Device]:
        """All of them, as the hub lists them."""
        return list(self._devices.values())

    def connected(self, device: Device) -> None:
        """Lists it; of too many the one that connected longest ago is no longer listed."""
        self._devices.pop(device.id, None)
        dropped = [self._drop_oldest()] if len(self._devices) >= MOST_SEEN else []
        self._devices[device.id] = device
        reason = f"Not configured. To admit it: unclouded admit {device.id} --name NAME"
        self._facts.publish([*dropped, device, Status(device.id, "seen", self._facts.wall(), reason)])

    def check(self, uuid: str) -> None:
        """Raises CommandError where no plug of this UUID is listed."""
        if uuid not in self._devices:
            known = ", ".join(self._devices) or "none"
            raise CommandError(f"No unknown plug {uuid} has connected. Those that have: {known}.")

    def admitted(self, uuid: str, text: str) -> None:
        """It is a device now; ``text``: the notice that says so."""
        del self._devices[uuid]
        self._facts.remove(uuid)
        self._facts.publish([Notice("", self._facts.wall(), "admitted", text)])

    def configured(self, uuids: Collection[str]) -> None:
        """These plugs have a device now, by the configuration."""
        for uuid in [one for one in self._devices if one in uuids]:
            self.admitted(uuid, f"{uuid} is in the configuration.")

    def _drop_oldest(self) -> Notice:
        uuid = next(iter(self._devices))
        del self._devices[uuid]
        self._facts.remove(uuid)
        text = f"More than {MOST_SEEN} plugs that are not configured have connected: {uuid} is no longer listed."
        return Notice("", self._facts.wall(), "left", text)
