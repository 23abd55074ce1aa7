"""The UART faults of a simulated MCU: what it does not receive, and how what it sends is damaged.

    receive   frame ─► too long? too many at once? ─► taken, or not
    send      frame ─► at once │ late │ behind a stale byte, in pieces │ inside the one before ─► the line

Source: docs/protocols/tuya_wifi.md §2.6 items 1, 2, 3, 8 and 13.
"""

from collections import deque

import msgspec

from unclouded.families.tuya.line.datapoint import BOOL, ENUM, VALUE, DataPoint
from unclouded.families.tuya.line.framing import Frame
from unclouded.families.tuya.line.shapes import OVERHEAD

SLOW_S = 0.25  # that a slow MCU takes for each answer
ON_ITS_WAY_S = 0.02  # that a frame of 20 bytes takes at 9600 baud: so long can another get into it
TAIL = 2  # bytes of a report that come after the answer inside it; §2.6 item 2
PIECE = 13  # bytes that come at once where frames are shifted; ours
PIECE_PAUSE_S = 0.005  # between two pieces; ours
BUFFER = 24 + OVERHEAD  # bytes that the vendor's SDK can take by default; §2.6 item 13
BURST = 3  # frames …
BURST_S = 0.1  # … within so many seconds make a small MCU lose all that comes …
PAUSE_S = 3.0  # … for so long; ours
BACKLOG = 1024  # frames that may wait to be sent; more are lost
BACKLOG_BYTES = 16_384  # of pieces that may


class ReceiveFilter:
    """What the MCU takes of the frames that come."""

    def __init__(self, faults: frozenset[str]) -> None:
        self.overruns = 0
        self._never_recovers = "stops-after-long-frame" in faults
        self._is_small = "loses-long-frames" in faults or self._never_recovers
        self._pauses = "pauses-after-burst" in faults
        self._recent: deque[float] = deque(maxlen=BURST)
        self.restart()

    def restart(self) -> None:
        """It is switched off and on."""
        self._has_stopped = False
        self._recent.clear()
        self._paused_until = float("-inf")

    def takes(self, frame: Frame, now: float) -> bool:
        """Whether a frame is received at all: an MCU may have stopped, or pause after a burst."""
        if self._has_stopped or not self._pauses:
            return not self._has_stopped
        if now < self._paused_until:
            return False
        self._recent.append(now)
        if len(self._recent) == BURST and now - self._recent[0] < BURST_S:
            self._recent.clear()
            self._paused_until = now + PAUSE_S
            return False
        return True

    def is_overrun(self, frame: Frame) -> bool:
        """Is it longer than the buffer? Then that is empty."""
        overrun = self._is_small and len(frame.payload) + OVERHEAD > BUFFER
        self.overruns += overrun
        self._has_stopped = self._has_stopped or (overrun and self._never_recovers)
        return overrun


class TransmitQueue:
    """What the MCU sends and is not on the line yet, in order."""

    def __init__(self, faults: frozenset[str]) -> None:
        self._is_shifted = "sends-shifted-pieces" in faults
        self._interleaves = "interleaves-frames" in faults
        self._stray = b"\x55" if "sends-stray-bytes" in faults else b""
        self._takes_s = SLOW_S if "answers-slowly" in faults else ON_ITS_WAY_S if self._interleaves else 0.0
        self._stale = b"\0"
        self.hush()

    def hush(self) -> None:
        """What is not on the line yet is lost."""
        self._waiting: deque[tuple[float, bytes]] = deque()
        self._pieces = b""
        self._next_piece = float("-inf")

    def add(self, data: bytes, now: float, is_answer: bool = False) -> None:
        """Send this in its turn."""
        if len(self._waiting) >= BACKLOG or len(self._pieces) >= BACKLOG_BYTES:
            return
        if is_answer and self._interleaves and self._waiting:
            at, before = self._waiting.pop()
            self._waiting.append((at, before[:-TAIL] + data + before[-TAIL:]))
        else:
            self._waiting.append((now + self._takes_s, self._stray + data))

    def ready(self, now: float) -> list[bytes]:
        """What goes on the line now."""
        ready = []
        while self._waiting and self._waiting[0][0] <= now:
            ready.append(self._waiting.popleft()[1])
        return self._piece(b"".join(ready), now) if self._is_shifted else ready

    def deadline(self) -> float | None:
        """When the next bytes go on the line, in monotonic seconds; None = there are none."""
        if self._pieces:
            return self._next_piece
        return self._waiting[0][0] if self._waiting else None

    def _piece(self, data: bytes, now: float) -> list[bytes]:
        """The next bytes of all that is to be sent; whatever was last in the register comes first."""
        if data and not self._pieces:
            self._pieces = self._stale
            self._next_piece = now + PIECE_PAUSE_S
        self._pieces += data
        if not self._pieces or now < self._next_piece:
            return []
        piece, self._pieces = self._pieces[:PIECE], self._pieces[PIECE:]
        self._stale = piece[-1:]
        self._next_piece = now + PIECE_PAUSE_S
        return [piece]


def shortened(point: DataPoint) -> DataPoint:
    """With a length that its type does not have: small numbers in one byte, booleans and enums in four. §2.6 item 1"""
    if not isinstance(point.value, int):
        return point
    if point.type == VALUE and 0 <= point.value <= 0xFF:
        return msgspec.structs.replace(point, kept=bytes((point.value,)))
    if point.type in (BOOL, ENUM):
        return msgspec.structs.replace(point, kept=point.value.to_bytes(4))
    return point
