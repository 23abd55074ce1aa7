"""The line monitor: the bytes of a line, both directions -> frames and noise in order of time, secrets blanked.

    controller  55 aa 00 08 00 00 07 ───────────────────────┐
    device                 55 aa 03 | 07 00 05 … 55 (held) ─┴─► LineMonitor ─► MonitoredPiece ─► TimeOrder

A decoder may hold a complete frame until the next byte confirms it, and unframed bytes until a gap has passed.
Each piece carries the time at which its last byte was received, not the time at which it was confirmed. Where a line
has several dialects, the family's detector examines the first bytes of each side; later bytes are decoded in the
dialect it found.
"""

from collections import Counter, deque
from collections.abc import Iterable, Sequence
from heapq import heappop, heappush

import msgspec

from unclouded.core.family import Decoder, Detector, Family, Piece, Sender
from unclouded.core.masking import Masked, Masker

GAP_S = 0.3  # s of silence that end a frame, for every family, in captures too
DETECTION_LIMIT = 4_096  # bytes of each side for dialect detection, since the other side may stay silent for hours


class MonitoredPiece(msgspec.Struct, frozen=True):
    """One frame or run of noise, its secrets blanked. ``at``: Unix seconds of its last byte.

    ``dialect``: the one it was decoded in, where the family has several. ``masked``: its bytes as they are shown.
    """

    at: float
    sender: Sender
    piece: Piece
    path: str = ""
    redacted: bool = False
    dialect: str = ""
    masked: Masked | None = None


class DirectionState:
    """One direction of one path: its decoder, and the times of the bytes that it still holds."""

    def __init__(self, decoder: Decoder) -> None:
        self.decoder = decoder
        self.base = 0  # position in the stream at which the decoder's offsets begin
        self._chunks: deque[tuple[int, float]] = deque()  # position of a chunk's end, its time
        self._fed = 0
        self._settled = 0

    def feed(self, at: float, data: bytes) -> Sequence[Piece]:
        """Bytes as they arrived at ``at`` (Unix s); the pieces that are whole with them."""
        self._fed += len(data)
        self._chunks.append((self._fed, at))
        return self.decoder.feed(data)

    def switch_to(self, decoder: Decoder) -> None:
        """Continue with another decoder. The current one must hold nothing."""
        self.decoder, self.base = decoder, self._settled

    def settle(self, piece: Piece) -> float:
        """The time of the last byte of the next piece."""
        self._settled += len(piece.data)
        chunks = self._chunks
        while len(chunks) > 1 and chunks[0][0] < self._settled:
            chunks.popleft()
        return chunks[0][1]

    @property
    def held_since(self) -> float | None:
        """The time of the oldest byte that the decoder holds; None where it holds none."""
        return next((at for end, at in self._chunks if end > self._settled), None)


class LineMonitor:
    """Splits received bytes into pieces. Exceptions of a family's code are passed on.

    ``dialect``: the detected one, or the default so far; "" where the family has only one. ``why``: the evidence.
    """

    def __init__(self, family: Family) -> None:
        self.dialect = next(iter(family.dialects), "")
        self.why = ""
        self._family = family
        self._masker = Masker(family)
        self._decoder = family.decoder
        self._detector = family.detector() if family.detector is not None else None
        self._examined: Counter[Sender] = Counter()
        self._directions: dict[tuple[Sender, str], DirectionState] = {}
        self._dialects: dict[tuple[Sender, str], str] = {}

    def feed(self, at: float, sender: Sender, data: bytes, path: str = "") -> list[MonitoredPiece]:
        """The pieces that are complete now. ``at``: Unix seconds, never decreasing within a direction."""
        if self._detector is not None and self._examined[sender] < DETECTION_LIMIT:
            self._detect(self._detector, sender, data)
        return self._monitored(sender, path, self._direction(sender, path).feed(at, data))

    def flush(self, path: str | None = None, sender: Sender | None = None) -> list[MonitoredPiece]:
        """The bytes still held (of one path, of one sender), after a gap or at the end."""
        pieces = []
        for (who, where), direction in sorted(self._directions.items()):
            if path in (None, where) and sender in (None, who):
                pieces += self._monitored(who, where, direction.decoder.close())
        return pieces

    @property
    def held_since(self) -> float | None:
        """The time of the oldest byte that is held in any direction."""
        return min(
            (at for direction in self._directions.values() if (at := direction.held_since) is not None), default=None
        )

    # --- inside --------------------------------------------------------------------------------

    def _detect(self, detector: Detector, sender: Sender, data: bytes) -> None:
        self._examined[sender] += len(data)
        detector.feed(sender, data[:DETECTION_LIMIT])
        name, self.why = detector.verdict()
        if name != self.dialect:
            self.dialect = name
            self._decoder = self._family.read_as(name).decoder

    def _direction(self, sender: Sender, path: str) -> DirectionState:
        """The state of one direction; switches to a newly detected dialect as soon as it holds no bytes."""
        key = sender, path
        direction = self._directions.get(key)
        if direction is None:
            direction = self._directions[key] = DirectionState(self._decoder(sender))
            self._dialects[key] = self.dialect
        elif self._dialects[key] != self.dialect and direction.held_since is None:
            direction.switch_to(self._decoder(sender))
            self._dialects[key] = self.dialect
        return direction

    def _monitored(self, sender: Sender, path: str, pieces: Iterable[Piece]) -> list[MonitoredPiece]:
        direction = self._directions[sender, path]
        return [self._redacted(direction.settle(piece), sender, path, _at(direction.base, piece)) for piece in pieces]

    def _redacted(self, at: float, sender: Sender, path: str, piece: Piece) -> MonitoredPiece:
        dialect = self._dialects[sender, path]
        reading = self._family.read_as(dialect)
        data = reading.redact(sender, piece.data)
        masked = self._masker.mask(piece, (sender, path), reading)
        if data == piece.data:
            return MonitoredPiece(at, sender, piece, path, dialect=dialect, masked=masked)
        blanked = msgspec.structs.replace(piece, data=data)
        return MonitoredPiece(at, sender, blanked, path, redacted=True, dialect=dialect, masked=masked)


def _at(base: int, piece: Piece) -> Piece:
    return msgspec.structs.replace(piece, offset=base + piece.offset) if base else piece


class TimeOrder:
    """Orders the pieces of several directions by time: a piece waits while an older one is still held.

    Bounded as long as every direction is flushed after a gap.
    """

    def __init__(self) -> None:
        self._waiting: list[tuple[float, int, MonitoredPiece]] = []
        self._number = 0

    def put(self, pieces: Iterable[MonitoredPiece], held_since: float | None) -> list[MonitoredPiece]:
        """The pieces before which nothing older can come. ``held_since``: the monitor's, after the same bytes."""
        for one in pieces:
            self._number += 1
            heappush(self._waiting, (one.at, self._number, one))
        ready = []
        while self._waiting and (held_since is None or self._waiting[0][0] < held_since):
            ready.append(heappop(self._waiting)[2])
        return ready
