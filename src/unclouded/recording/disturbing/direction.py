"""One direction of a disturbed line: bytes in, what is passed on out, later or changed. Pure; ``now`` in seconds.

    receive ─► cut? ─► truncate ─► duplicate ─► swap ─► stick ─► flip ─► drop ─► insert ─► queue ─► take
                                                                                delay, jitter, split

Order is kept, whatever the delays: the oldest bytes go first, and those behind them wait. Without faults the same bytes
come out at once, in the same chunks.
"""

import math
from collections import deque
from collections.abc import Callable, Iterator, Sequence

import msgspec

from unclouded.recording.disturbing.byte_faults import BYTE_FAULTS, Draw, FaultCounts
from unclouded.recording.disturbing.faults import FAULTS, LineFault

WAITING_LIMIT = 262_144  # bytes that are delayed at most; further ones are lost and counted


class DelayedBytes(msgspec.Struct):
    """Bytes to be passed on at ``due``, in pieces of ``size`` that are ``gap_s`` apart; 0 = in one piece."""

    due: float
    data: memoryview
    size: int = 0
    gap_s: float = 0.0


class DisturbedDirection:
    """``draw_for``: makes the chance of one fault, by its name and number. Faults begin and end at these times."""

    def __init__(
        self,
        faults: Sequence[LineFault],
        draw_for: Callable[[str], Draw],
        *,
        begins: float = 0.0,
        ends: float = math.inf,
    ) -> None:
        self.counts = FaultCounts()
        self.waiting = 0  # bytes
        self._begins, self._ends = begins, ends
        ordered = sorted(faults, key=lambda fault: list(FAULTS).index(fault.name))
        draws = [draw_for(f"{fault.name} {number}") for number, fault in enumerate(ordered)]
        named = list(zip(ordered, draws, strict=True))
        self._stages = [BYTE_FAULTS[one.name](one, draw) for one, draw in named if one.name in BYTE_FAULTS]
        self._cuts = [one for one in ordered if one.name == "cut"]
        self._delay_s = sum(one.seconds for one in ordered if one.name == "delay")
        self._jitters = [(one.seconds, draw) for one, draw in named if one.name == "jitter"]
        self._split = next((one for one in ordered if one.name == "split"), None)
        self._queue: deque[DelayedBytes] = deque()
        self._free_at = -math.inf  # when the next piece may follow

    def receive(self, data: bytes, now: float) -> None:
        """Bytes that an end sent."""
        self.counts.received += len(data)
        if not self._begins <= now < self._ends:
            self._put(data, now)
        elif any(_is_cut(one, now - self._begins) for one in self._cuts):
            self.counts.cut += len(data)
        else:
            for stage in self._stages:
                data = stage(data, self.counts)
            late = self._delay_s + sum(seconds * draw() for seconds, draw in self._jitters)
            self._put(data, now + late, self._split)

    def take(self, now: float) -> Iterator[bytes]:
        """What is to be passed on now, in order."""
        while self._queue and self._due(self._queue[0]) <= now:
            piece = self._piece(self._queue[0])
            self.waiting -= len(piece)
            self.counts.passed_on += len(piece)
            yield piece

    def deadline(self) -> float | None:
        """When the next bytes are to be passed on; None where none wait."""
        return self._due(self._queue[0]) if self._queue else None

    # --- inside --------------------------------------------------------------------------------

    def _put(self, data: bytes, due: float, split: LineFault | None = None) -> None:
        if not data:
            return
        if self.waiting + len(data) > WAITING_LIMIT:
            self.counts.overrun += len(data)
            return
        self.waiting += len(data)
        size, gap_s = (split.size, split.seconds) if split is not None else (0, 0.0)
        self._queue.append(DelayedBytes(due, memoryview(data), size, gap_s))

    def _due(self, first: DelayedBytes) -> float:
        return max(first.due, self._free_at)

    def _piece(self, first: DelayedBytes) -> bytes:
        size = first.size or len(first.data)
        piece = bytes(first.data[:size])
        self._free_at = self._due(first) + first.gap_s
        first.data = first.data[size:]
        if not first.data:
            self._queue.popleft()
        return piece


def _is_cut(fault: LineFault, elapsed: float) -> bool:
    """Once, from the beginning; or at the end of each period."""
    if not fault.period_s:
        return elapsed < fault.seconds
    return elapsed % fault.period_s >= fault.period_s - fault.seconds
