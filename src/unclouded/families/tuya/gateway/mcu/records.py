"""The records of a simulated gateway: each is sent until the module has stored it, one at a time.

    2c ─► 2c 00: the next     2c 01: again behind the others, after a while     nothing: again after a while

Source: docs/protocols/tuya_gateway.md §2.4.5.
"""

from collections import deque

from unclouded.families.tuya.gateway.wire.message_parts import GatewayResult
from unclouded.families.tuya.gateway.wire.point_messages import GMT, RecordTime, TimedPoints
from unclouded.families.tuya.line.datapoint import DataPoint

KEPT = 1000  # records that its memory holds; the oldest is lost
AGAIN_S = 3.0  # after a failure; ours


class McuRecords:
    """The records that no module has yet, the first of which may be under way."""

    def __init__(self) -> None:
        self._waiting: deque[TimedPoints] = deque(maxlen=KEPT)
        self._sent: TimedPoints | None = None
        self._at = float("-inf")

    def __len__(self) -> int:
        return len(self._waiting)

    def add(self, id: str, points: tuple[DataPoint, ...], unix: int) -> None:
        """Keeps a record of these points. ``unix``: seconds since 1970, UTC. Beyond KEPT the oldest is lost."""
        self._waiting.append(TimedPoints(RecordTime(GMT, unix), id, points))

    def drop(self, id: str) -> None:
        """This sub-device is gone."""
        self._waiting = deque((one for one in self._waiting if one.sub_id != id), KEPT)

    def reset(self) -> None:
        """There is no module any more; they are kept."""
        self._sent = None
        self._at = float("-inf")

    def next(self, now: float) -> TimedPoints | None:
        """The record that is to be sent now."""
        if self._sent is not None or not self._waiting or now < self._at:
            return None
        self._sent = self._waiting[0]
        return self._sent

    def answered(self, result: GatewayResult, now: float) -> None:
        """The result of the record under way; one that failed goes behind the others, and the next waits AGAIN_S."""
        sent, self._sent = self._sent, None
        self._at = now if result.ok else now + AGAIN_S
        if sent is not None and sent in self._waiting:  # its sub-device may have left meanwhile
            self._waiting.remove(sent)
            if not result.ok:
                self._waiting.append(sent)

    def unanswered(self, now: float) -> None:
        """No result came: the same record is sent again after AGAIN_S."""
        self._sent = None
        self._at = now + AGAIN_S

    def deadline(self) -> float | None:
        """When the next record may be sent, in monotonic seconds; None = none waits, or one is under way."""
        return self._at if self._waiting and self._sent is None else None
