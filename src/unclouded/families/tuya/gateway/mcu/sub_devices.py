"""The sub-devices of a simulated gateway: who has joined, who is there, and what each measures.

    in reach ── 08 or 12, 13 ──► joined ── 09, 19, 17 ──► in reach
    joined and not silent: it answers heartbeats and reports

Which have joined outlives a restart of the gateway, as in its flash.
"""

from collections.abc import Iterable, Iterator, Mapping

import msgspec

from unclouded.core.sessions.session import Event, Remember
from unclouded.families.tuya.gateway.mcu.options import SimulatedSubDevice
from unclouded.families.tuya.line.datapoint import KEYS, DataPoint

JOINED = "joined"  # in the memory: ids, as JSON


class McuSubDevice:
    """One sub-device, or the gateway itself (id "0000")."""

    def __init__(self, spec: SimulatedSubDevice) -> None:
        self.spec = spec
        self.version = spec.version
        self.points: dict[str, DataPoint] = {}
        self.is_joined = self.is_silent = False

    @property
    def is_there(self) -> bool:
        """Whether it can be reached through the gateway."""
        return self.is_joined and not self.is_silent

    def types(self) -> dict[str, int]:
        """Data types on the wire, by point, so that a command to it can be encoded."""
        return {key: point.type for key, point in self.points.items()}

    def put(self, point: DataPoint) -> bool:
        """What it measures now; True where that is new."""
        key = KEYS[point.id]
        changed = key in self.spec.repeated or self.points.get(key) != point
        self.points[key] = point
        return changed


class McuSubDevices:
    """All of them. ``memory``: of an earlier run; without one all have joined, or none."""

    def __init__(self, specs: Iterable[SimulatedSubDevice], joined: bool, memory: Mapping[str, bytes]) -> None:
        self._by_id = {spec.id: McuSubDevice(spec) for spec in specs}
        kept = memory.get(JOINED)
        ids = _restored(kept) if kept is not None else self._by_id.keys() if joined else ()
        for id in ids:
            if id in self._by_id:
                self._by_id[id].is_joined = True

    def __iter__(self) -> Iterator[McuSubDevice]:
        return iter(self._by_id.values())

    def get(self, id: str) -> McuSubDevice | None:
        """The sub-device of this id, joined or not; None = there is none."""
        return self._by_id.get(id)

    def joined(self) -> list[McuSubDevice]:
        """Those that the module has added, in the order of their definition."""
        return [one for one in self if one.is_joined]

    def waiting(self) -> list[McuSubDevice]:
        """Those that are in reach and would join."""
        return [one for one in self if not one.is_joined and not one.is_silent]

    def put(self, id: str, is_joined: bool) -> list[Event]:
        """It has joined, or left."""
        one = self._by_id.get(id)
        if one is None or one.is_joined == is_joined:
            return []
        one.is_joined = is_joined
        return self._kept()

    def clear(self) -> list[Event]:
        """None has joined any more."""
        for one in self:
            one.is_joined = False
        return self._kept()

    def _kept(self) -> list[Event]:
        return [Remember(JOINED, msgspec.json.encode([one.spec.id for one in self.joined()]))]


def _restored(value: bytes) -> list[str]:
    try:
        return msgspec.json.decode(value, type=list[str])
    except msgspec.DecodeError:
        return []
