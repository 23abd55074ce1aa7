"""Reports that an MCU wants to be sure of: one 22 at a time, said again until its 23 says that it was taken.

    report(1, 2) ─► 22 [1 2] ── 23 01 ─► 22 [what has come meanwhile] …
                       ▲ └── 23 00, or nothing for 5 s ─┐
                       └────────────────────────────────┘

What comes meanwhile waits and goes in one frame: the newest value of a point, the sum of what is counted.
Source: docs/protocols/tuya_wifi.md §2.4.11.
"""

from collections.abc import Callable

import msgspec

from unclouded.families.tuya.line.command import Message
from unclouded.families.tuya.line.datapoint import KEYS, DataPoint
from unclouded.families.tuya.messages import Points, Result

REPORT = 0x22
PATIENCE = 5.0  # s; docs/protocols/tuya_wifi.md §2.4.11: a module may take as long to find out that it cannot


def added(point: DataPoint, before: DataPoint) -> DataPoint:
    """Two counts of the same point."""
    return msgspec.structs.replace(point, value=int(point.value) + int(before.value))


class Synced:
    """The points that wait, and those that are under way. ``counted``: points of which every count matters."""

    def __init__(self, say: Callable[[Message, float], None], counted: frozenset[str]) -> None:
        self.resends = 0
        self._say = say
        self._counted = counted
        self._waiting: dict[str, DataPoint] = {}
        self._under_way: tuple[DataPoint, ...] = ()
        self._again_at = 0.0

    def report(self, point: DataPoint, now: float) -> None:
        """Say this, in its turn."""
        key = KEYS[point.id]
        before = self._waiting.get(key)
        self._waiting[key] = added(point, before) if before is not None and key in self._counted else point
        if not self._under_way:
            self._next(now)

    def hear(self, message: Message, now: float) -> None:
        """Was it taken?"""
        match message:
            case Result(command=0x23, code=1) if self._under_way:
                self._next(now)
            case Result(command=0x23) if self._under_way:
                self._again_at = now + PATIENCE  # it just took as long to fail

    def tick(self, now: float) -> None:
        if self._under_way and now >= self._again_at:
            self.resends += 1
            self._send(now)

    def deadline(self) -> float | None:
        return self._again_at if self._under_way else None

    def forget(self) -> list[DataPoint]:
        """There is no module any more. What was counted and not taken, for the next one."""
        lost = [point for point in (*self._under_way, *self._waiting.values()) if KEYS[point.id] in self._counted]
        self._waiting.clear()
        self._under_way = ()
        return lost

    def _next(self, now: float) -> None:
        self._under_way = tuple(self._waiting.values())
        self._waiting.clear()
        if self._under_way:
            self._send(now)

    def _send(self, now: float) -> None:
        self._again_at = now + PATIENCE
        self._say(Points(REPORT, self._under_way), now)
