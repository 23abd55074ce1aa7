"""The data points of a simulated MCU: what they are, how they move, and how each is reported.

    measured ─► changed? ─► 07, one point a frame        counted values: the sum of what no module has yet
    set to 110 ─► 35 ─► 60 ─► 85 ─► 110, each reported   the fault "changes-in-steps"; tuya_wifi.md §2.6 item 10
    22 [1 2] ── 23 01 ─► 22 [what has come meanwhile]    reports that are repeated until the module has them
       ▲ └── 23 00, or nothing for 6 s ─┐
       └────────────────────────────────┘

What comes while a 22 is under way waits and goes in one frame: the newest value of a point, the sum of what is counted.
Source: docs/protocols/tuya_wifi.md §2.4.11.
"""

from collections import deque
from collections.abc import Callable, Iterable

import msgspec

from unclouded.core.sessions.session_parts import earliest
from unclouded.families.tuya.line.command import Message
from unclouded.families.tuya.line.datapoint import KEYS, VALUE, DataPoint
from unclouded.families.tuya.messages import Points, Result
from unclouded.families.tuya.wifi import codes
from unclouded.families.tuya.wifi.mcu.options import McuOptions
from unclouded.families.tuya.wifi.mcu.uart import shortened

RESULT_TIMEOUT_S = 6.0  # docs/protocols/tuya_wifi.md §2.4.11: more than the 5 s after which a module answers failure
STEPS = 4
STEP_S = 0.05  # between two steps of a value that changes in steps; ours

Send = Callable[[Message, float], None]


def added(point: DataPoint, before: DataPoint) -> DataPoint:
    """Two counts of the same point."""
    return msgspec.structs.replace(point, value=int(point.value) + int(before.value))


class ValueSteps:
    """Values on their way. ``is_on``: does anything move at all?"""

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
            self._coming.append((now + step * STEP_S, DataPoint(point.id, VALUE, start + path * step // STEPS)))
        return True

    def moves(self, id: int) -> bool:
        """Whether this data point is on its way to another value."""
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
        """When the next step is due, in monotonic seconds; None = nothing moves."""
        return min((at for at, _ in self._coming), default=None)


class SyncReports:
    """The points that wait, and those that are under way by 22. ``counted``: points of which every count matters."""

    def __init__(self, send: Send, counted: frozenset[str]) -> None:
        self.resends = 0
        self._send = send
        self._counted = counted
        self._waiting: dict[str, DataPoint] = {}
        self._under_way: tuple[DataPoint, ...] = ()
        self._again_at = 0.0

    def report(self, point: DataPoint, now: float) -> None:
        """Send this, in its turn."""
        key = KEYS[point.id]
        before = self._waiting.get(key)
        self._waiting[key] = added(point, before) if before is not None and key in self._counted else point
        if not self._under_way:
            self._next(now)

    def received(self, message: Message, now: float) -> None:
        """Was it taken?"""
        match message:
            case Result(command=codes.SYNC_RESULT, code=1) if self._under_way:
                self._next(now)
            case Result(command=codes.SYNC_RESULT) if self._under_way:
                self._again_at = now + RESULT_TIMEOUT_S  # it just took as long to fail

    def tick(self, now: float) -> None:
        """Sends the 22 under way again where no 23 came in time."""
        if self._under_way and now >= self._again_at:
            self.resends += 1
            self._transmit(now)

    def deadline(self) -> float | None:
        """When the 22 under way is sent again, in monotonic seconds; None = none is under way."""
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
            self._transmit(now)

    def _transmit(self, now: float) -> None:
        self._again_at = now + RESULT_TIMEOUT_S
        self._send(Points(codes.SYNC_REPORT, self._under_way), now)


class McuPoints:
    """All points by wire key. ``may_report``: does the MCU report changes by itself now?"""

    def __init__(self, options: McuOptions, send: Send, may_report: Callable[[], bool]) -> None:
        self.sync = SyncReports(send, options.increments)
        self._options = options
        self._send = send
        self._may_report = may_report
        self._points: dict[str, DataPoint] = {}
        self._uncounted: dict[str, DataPoint] = {}  # increments that no module has yet
        self._steps = ValueSteps("changes-in-steps" in options.faults)

    def all(self) -> tuple[DataPoint, ...]:
        """In the order in which they were first measured or set."""
        return tuple(self._points.values())

    def types(self) -> dict[str, int]:
        """Data types on the wire, by point, so that a command can be encoded."""
        return {key: point.type for key, point in self._points.items()}

    # --- values ----------------------------------------------------------------------------------

    def measure(self, point: DataPoint, now: float) -> None:
        """What the world measures now; a change is reported."""
        key = KEYS[point.id]
        if key in self._options.increments:
            self._count(point)
            self._report_counts(now)
            return
        if self._steps.moves(point.id):
            return
        changed = key in self._options.repeated or self._points.get(key) != point
        self._points[key] = point
        if changed and self._may_report():
            self._report(point, now)

    def set(self, point: DataPoint, now: float) -> None:
        """The world has done what was commanded."""
        key = KEYS[point.id]
        if not self._steps.begin(self._points.get(key), point, now):
            self._points[key] = point
        self.report(point, now)

    def report(self, point: DataPoint, now: float) -> None:
        """What this point is, whatever was commanded; one that moves is reported as it moves."""
        key = KEYS[point.id]
        if key in self._points and not self._steps.moves(point.id):
            self._report(self._points[key], now)

    def report_all(self, now: float) -> None:
        """The answer to 08: every point; where the MCU is polled, also what was counted since the last one."""
        self._transmit_all(self._points.values(), now)
        if self._options.polled:
            counted, self._uncounted = self._uncounted, {}
            self._transmit_all(counted.values(), now)

    def restart(self) -> None:
        """The MCU starts again: nothing moves, and what was counted waits for the next module."""
        for point in self.sync.forget():
            self._count(point)
        self._points |= {KEYS[point.id]: point for point in self._steps.end()}

    # --- time ------------------------------------------------------------------------------------

    def tick(self, now: float) -> None:
        """Sends a 22 again that is overdue, and reports the points that move."""
        self.sync.tick(now)
        for point in self._steps.due(now):
            self._points[KEYS[point.id]] = point
            self._report(point, now)

    def deadline(self) -> float | None:
        """When a point moves or a 22 is overdue, in monotonic seconds; None = neither is to come."""
        return earliest(self.sync.deadline(), self._steps.deadline())

    # --- inside ----------------------------------------------------------------------------------

    def _count(self, point: DataPoint) -> None:
        before = self._uncounted.get(KEYS[point.id])
        self._uncounted[KEYS[point.id]] = point if before is None else added(point, before)

    def _report_counts(self, now: float) -> None:
        """Report what was counted since the last report; without a module it waits."""
        if self._may_report():
            counted, self._uncounted = self._uncounted, {}
            for point in counted.values():
                if point.value:
                    self._report(point, now)

    def _report(self, point: DataPoint, now: float) -> None:
        if KEYS[point.id] in self._options.synced:
            self.sync.report(point, now)
        else:
            self._transmit(point, now)

    def _transmit_all(self, points: Iterable[DataPoint], now: float) -> None:
        for point in points:
            self._transmit(point, now)

    def _transmit(self, point: DataPoint, now: float) -> None:
        """As the firmware sends it, right or wrong."""
        self._send(
            Points(codes.REPORT, (shortened(point) if "sends-wrong-lengths" in self._options.faults else point,)), now
        )
