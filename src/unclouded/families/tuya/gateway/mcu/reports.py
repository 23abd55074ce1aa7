"""What a simulated gateway has to report: the newest values, one sub-device a frame, one frame after the other.

    measured, commanded, asked for ─► due(sub-device, points) ─► every 100 ms: 0d of the sub-device that waited longest

A value that changes twice before its turn is reported once. Source: docs/protocols/tuya_gateway.md §1.7.3, §2.4.3.
"""

from collections.abc import Callable, Collection, Container, Mapping

from unclouded.families.tuya.gateway.mcu.options import GatewayOptions
from unclouded.families.tuya.gateway.wire import codes
from unclouded.families.tuya.gateway.wire.point_messages import SubDevicePoints
from unclouded.families.tuya.line.datapoint import ENUM, DataPoint

BURST_GAP_S = 0.01  # between the reports of a burst of a faulty one; ours
DELAY_S = 0.05  # from what happens to its report; docs/protocols/tuya_gateway.md §1.7.3
WIDE = 4  # bytes of an enum of a faulty one

PointsOf = Callable[[str], Mapping[str, DataPoint]]


class McuReports:
    """``points_of``: the points of a sub-device that may report now; none = it may not."""

    def __init__(self, options: GatewayOptions, faults: Container[str], points_of: PointsOf) -> None:
        self._options = options
        self._faults = faults
        self._points_of = points_of
        self._due: dict[str, dict[str, None]] = {}  # by sub-device, in the order in which they wait: points
        self._free_at = float("-inf")
        self._is_bursting = False

    def clear(self) -> None:
        """There is no module any more: nothing is reported."""
        self._due.clear()

    def burst(self) -> None:
        """Of a faulty one: send what has been kept back."""
        self._is_bursting = bool(self._due)

    def drop(self, id: str) -> None:
        """This sub-device is gone: its points are not reported any more."""
        self._due.pop(id, None)

    def due(self, id: str, keys: Collection[str], now: float) -> None:
        """Report these points of it in its turn."""
        if keys and not self._due:
            self._free_at = max(self._free_at, now + DELAY_S)
        if keys:
            self._due.setdefault(id, {}).update(dict.fromkeys(keys))

    def next(self, now: float) -> SubDevicePoints | None:
        """The report that is to be sent now."""
        while self._due and now >= self._free_at and not self._keeps_back():
            id = next(iter(self._due))
            keys, points = self._due.pop(id), self._points_of(id)
            some = self._fitting(id, [points[key] for key in keys if key in points])
            rest = [key for key in keys if key in points][len(some) :]
            self.due(id, rest, now)
            if some:
                self._free_at = now + (BURST_GAP_S if self._is_bursting else self._options.report_gap_s)
                self._is_bursting = self._is_bursting and bool(self._due)
                return SubDevicePoints(codes.REPORT, id, tuple(map(self._as_sent, some)))
        return None

    def deadline(self) -> float | None:
        """When the next report may be sent, in monotonic seconds; None = none waits, or a fault keeps them back."""
        return self._free_at if self._due and not self._keeps_back() else None

    # --- inside ----------------------------------------------------------------------------------

    def _keeps_back(self) -> bool:
        return "sends-in-bursts" in self._faults and not self._is_bursting

    def _fitting(self, id: str, points: list[DataPoint]) -> list[DataPoint]:
        """As many as one frame takes, but at least one."""
        if "handles-one-point-per-frame" in self._faults:
            return points[:1]
        room = self._options.most_reported - 1 - len(id.encode())
        some: list[DataPoint] = []
        for point in points:
            room -= len(bytes(point))
            if room < 0 and some:
                break
            some.append(point)
        return some

    def _as_sent(self, point: DataPoint) -> DataPoint:
        if point.type != ENUM or "sends-wide-enums" not in self._faults:
            return point
        return DataPoint(point.id, ENUM, point.value, kept=int(point.value).to_bytes(WIDE))
