"""The sub-devices of a gateway, as the module knows them: stored when they join, forgotten when they leave.

    08, 12 ─► SubDevice ─► Remember("sub-device:1234") ─► 13          after a restart all of them are there again

Source: docs/protocols/tuya_gateway.md §1.4, §1.7.2, §2.2.
"""

import re
from collections.abc import Iterator, Mapping

import msgspec

from unclouded.core.sessions.session import Event, Identified, Joined, Remember
from unclouded.families.tuya.gateway.wire.message_parts import id_problem

MOST, MOST_SECURITY = 128, 64  # sub-devices of a gateway, and of a security gateway
CHANNEL = 10  # of a sub-device's firmware, where it names none
PREFIX = "sub-device:"
UNSAFE = re.compile(r"[^a-z0-9_]")


class SubDevice(msgspec.Struct, frozen=True, kw_only=True):
    """What a sub-device reported when it joined, and how people call it.

    ``kind``: the user's product type (pk_type). ``channel``: of its firmware. ``types``: the wire types of the data
    points that it has reported.
    """

    id: str
    product: str = ""
    version: str = ""
    kind: int = 1
    channel: int = CHANNEL
    updatable: bool = False
    low_power: bool = False
    name: str = ""
    place: str = ""
    types: Mapping[str, int] = {}

    def info(self) -> dict[str, str]:
        """As text, for people."""
        power = "battery" if self.low_power else ""
        texts = {"product": self.product, "version": self.version, "sub_id": self.id, "power": power}
        names = {"name": self.name, "place": self.place}
        return {key: text for key, text in {**texts, **names}.items() if text}

    def joined(self) -> Joined:
        """The event for the hub; one with a battery is described as sleeping."""
        return Joined(self.id, self.info(), sleeps=self.low_power)

    def identified(self) -> Identified:
        """Its info has changed. A name or place that was taken away is ""."""
        return Identified({**self.info(), "name": self.name, "place": self.place}, self.id)


class SubDeviceRegistry:
    """All sub-devices, in the order in which they joined. ``memory``: of an earlier run."""

    def __init__(self, memory: Mapping[str, bytes]) -> None:
        self._by_id: dict[str, SubDevice] = {}
        for key, value in memory.items():
            device = _restored(value) if key.startswith(PREFIX) else None
            if device is not None and key == PREFIX + device.id and not join_problem(device.id):
                self._by_id[device.id] = device

    def __len__(self) -> int:
        return len(self._by_id)

    def __iter__(self) -> Iterator[SubDevice]:
        return iter(list(self._by_id.values()))

    def __contains__(self, id: object) -> bool:
        return id in self._by_id

    def get(self, id: str) -> SubDevice | None:
        """The sub-device of this id; None = it is not known."""
        return self._by_id.get(id)

    def put(self, device: SubDevice) -> list[Event]:
        """Keep it; the event stores it."""
        self._by_id[device.id] = device
        return [Remember(PREFIX + device.id, msgspec.json.encode(device))]

    def drop(self, id: str) -> list[Event]:
        """Forgets a sub-device, also for later runs; [] where it was not known."""
        return [Remember(PREFIX + id, b"")] if self._by_id.pop(id, None) is not None else []

    def twin(self, id: str) -> str:
        """Another id that differs only in upper and lower case or in signs, "" = none: they would share one name."""
        return next((other for other in self._by_id if other != id and _plain(other) == _plain(id)), "")


def join_problem(id: str) -> str:
    """Why no sub-device with this id can join; "" = one can."""
    if not id:
        return "its id is empty"
    return id_problem(id) or ("" if id.isprintable() else f"its id {id!r} has characters that cannot be printed")


# --- inside -----------------------------------------------------------------------------------------


def _restored(value: bytes) -> SubDevice | None:
    try:
        return msgspec.json.decode(value, type=SubDevice)
    except (msgspec.DecodeError, UnicodeDecodeError):
        return None


def _plain(id: str) -> str:
    return UNSAFE.sub("_", id.lower())
