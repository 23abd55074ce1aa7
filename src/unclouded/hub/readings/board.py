"""The board: the newest Reading of every point and the Status of every device.

It is the hub's only shared state that changes, and only the hub writes to it.
"""

from collections.abc import Callable, Collection, Iterable

from msgspec.structs import replace

from unclouded.core.model import Device, Fact, Reading, Status


class Board:
    """``wall``: the clock, Unix seconds."""

    def __init__(self, wall: Callable[[], float]) -> None:
        self._wall = wall
        self._readings: dict[str, dict[str, Reading]] = {}  # by device, by point
        self._statuses: dict[str, Status] = {}
        self.descriptions = 0  # how often a device was described again, or removed

    def post(self, facts: Iterable[Fact]) -> None:
        """Take over what is newer than what is on the board.

        A reading of the future was stamped before the clock was set back: any reading is newer than that.
        """
        device, readings = None, {}  # of the fact before
        for fact in facts:
            if type(fact) is Reading:
                if fact.device != device:
                    device = fact.device
                    readings = self._readings.setdefault(device, {})
                older = readings.get(fact.point)
                if older is None or fact.at >= older.at or older.at > self._wall():
                    readings[fact.point] = fact
            elif type(fact) is Status:
                self._statuses[fact.device] = fact
            elif type(fact) is Device:
                self.descriptions += 1

    def reading(self, device: str, point: str) -> Reading | None:
        """The newest reading of a point; None = there is none yet."""
        return self._readings.get(device, {}).get(point)

    def status(self, device: str) -> Status | None:
        """The newest status of a device; None = there is none yet."""
        return self._statuses.get(device)

    def facts(self) -> list[Fact]:
        """All statuses, then the newest reading of each point."""
        readings = (reading for of_device in self._readings.values() for reading in of_device.values())
        return [*self._statuses.values(), *readings]

    def shift(self, seconds: float) -> list[Fact]:
        """The clock was set: move all times with it. The facts on the board then."""
        for readings in self._readings.values():
            readings.update({point: replace(one, at=one.at + seconds) for point, one in readings.items()})
        self._statuses = {id: replace(one, since=one.since + seconds) for id, one in self._statuses.items()}
        return self.facts()

    def remove(self, device: str) -> None:
        """Remove a device that left."""
        self.descriptions += 1
        self._statuses.pop(device, None)
        self._readings.pop(device, None)

    def keep(self, device: str, points: Collection[str]) -> None:
        """The device has only these points now: remove the readings of others."""
        readings = self._readings.get(device, {})
        for point in [point for point in readings if point not in points]:
            del readings[point]
