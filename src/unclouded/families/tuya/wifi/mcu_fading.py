"""Numbers that move to what was wished, as the brightness of a lamp does.

10 ─ set to 110 ─► 35 ─► 60 ─► 85 ─► 110      each is reported; docs/protocols/tuya_wifi.md §2.6 item 10
"""

from collections import deque

from unclouded.families.tuya.line.datapoint import VALUE, DataPoint

STEPS = 4
PACE = 0.05  # s between two of them; ours


class Fading:
    """What is on its way. ``is_on``: does anything move at all?"""

    def __init__(self, is_on: bool) -> None:
        self._is_on = is_on
        self._coming: deque[tuple[float, DataPoint]] = deque()

    def begin(self, before: DataPoint | None, point: DataPoint, now: float) -> bool:
        """Move there; False = it is there at once."""
        if not self._is_on or before is None or point.type != VALUE or before.type != VALUE:
            return False
        self._coming = deque(one for one in self._coming if one[1].id != point.id)
        start, path = int(before.value), int(point.value) - int(before.value)
        for step in range(1, STEPS + 1):
            self._coming.append((now + step * PACE, DataPoint(point.id, VALUE, start + path * step // STEPS)))
        return True

    def moves(self, id: int) -> bool:
        return any(point.id == id for _, point in self._coming)

    def due(self, now: float) -> list[DataPoint]:
        """Where they are now."""
        due = [point for at, point in self._coming if at <= now]
        self._coming = deque(one for one in self._coming if one[0] > now)
        return due

    def end(self) -> list[DataPoint]:
        """Where all that moves would have come to."""
        coming, self._coming = self._coming, deque()
        return [point for _, point in coming]

    def deadline(self) -> float | None:
        return min((at for at, _ in self._coming), default=None)
