"""The board: the newest reading of every point and the status of every device.

The only state that is shared and changes; only the hub writes on it.
"""

from collections.abc import Iterable

from unclouded.core.model import Fact, Reading, Status


class Board:
    def __init__(self) -> None:
        self._readings: dict[tuple[str, str], Reading] = {}
        self._statuses: dict[str, Status] = {}

    def post(self, facts: Iterable[Fact]) -> None:
        """Put up what is newer than what hangs there."""
        for fact in facts:
            if type(fact) is Reading:
                place = (fact.device, fact.point)
                old = self._readings.get(place)
                if old is None or fact.at >= old.at:
                    self._readings[place] = fact
            elif type(fact) is Status:
                self._statuses[fact.device] = fact

    def reading(self, device: str, point: str) -> Reading | None:
        return self._readings.get((device, point))

    def status(self, device: str) -> Status | None:
        return self._statuses.get(device)

    def facts(self) -> list[Fact]:
        return [*self._statuses.values(), *self._readings.values()]

    def remove(self, device: str) -> None:
        """Take down all of a device that left."""
        self._statuses.pop(device, None)
        for place in [place for place in self._readings if place[0] == device]:
            del self._readings[place]
