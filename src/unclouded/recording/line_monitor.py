"""Hearing: the bytes of a wire, both directions -> frames and noise in the order of time, secrets blanked.

    controller  55 aa 00 08 00 00 07 ───────────────────────┐
    device                 55 aa 03 | 07 00 05 … 55 (held) ─┴─► Hearing ─► Said(at, sender, piece) ─► InOrder

A decoder may hold a whole frame back until the next byte settles it, and what is no frame until a gap has passed.
Each piece is stamped with the time at which its last byte came, not with that at which it was settled. Where a line
has several dialects, the family's detector looks at each side's first bytes, and what follows is read in the one it
found.
"""

from collections import Counter, deque
from collections.abc import Iterable, Sequence
from heapq import heappop, heappush

import msgspec

from unclouded.core.family import Decoder, Detector, Family, Piece, Sender

GAP = 0.3  # s of silence that end a frame, whatever the family; in captures too
LOOKED_AT = 4_096  # bytes of each side that tell which dialect it is: one may talk to nobody for hours


class MonitoredPiece(msgspec.Struct, frozen=True):
    """One frame or stretch of noise, its secrets blanked. ``at``: Unix seconds of its last byte.

    ``dialect``: in which one it was read, where the family has several.
    """

    at: float
    sender: Sender
    piece: Piece
    path: str = ""
    redacted: bool = False
    dialect: str = ""


class DirectionState:
    """One direction of one way: its decoder, and when which of the bytes came that are not settled yet."""

    def __init__(self, decoder: Decoder) -> None:
        self.decoder = decoder
        self.base = 0  # where in the stream the decoder's offsets begin
        self._chunks: deque[tuple[int, float]] = deque()  # where a chunk ends, when it came
        self._fed = 0
        self._settled = 0

    def feed(self, at: float, data: bytes) -> Sequence[Piece]:
        self._fed += len(data)
        self._chunks.append((self._fed, at))
        return self.decoder.feed(data)

    def turn(self, decoder: Decoder) -> None:
        """Read on with another decoder; nothing must be held."""
        self.decoder, self.base = decoder, self._settled

    def settle(self, piece: Piece) -> float:
        """When the last byte of the next piece came."""
        self._settled += len(piece.data)
        chunks = self._chunks
        while len(chunks) > 1 and chunks[0][0] < self._settled:
            chunks.popleft()
        return chunks[0][1]

    @property
    def held_since(self) -> float | None:
        """When the oldest byte came that is not settled; None where all are."""
        return next((at for end, at in self._chunks if end > self._settled), None)


class LineMonitor:
    """Splits what is said into pieces. It passes on what a mistake in a family raises.

    ``dialect``: the one that is spoken, as far as is known; "" where the family has but one. ``why``: what tells it.
    """

    def __init__(self, family: Family) -> None:
        self.dialect = next(iter(family.dialects), "")
        self.why = ""
        self._family = family
        self._decoder = family.decoder
        self._detector = family.detector() if family.detector is not None else None
        self._looked_at: Counter[Sender] = Counter()
        self._tracks: dict[tuple[Sender, str], DirectionState] = {}
        self._dialects: dict[tuple[Sender, str], str] = {}

    def hear(self, at: float, sender: Sender, data: bytes, path: str = "") -> list[MonitoredPiece]:
        """The pieces that are settled now. ``at``: Unix seconds, never going back within a direction."""
        if self._detector is not None and self._looked_at[sender] < LOOKED_AT:
            self._look(self._detector, sender, data)
        return self._said(sender, path, self._track(sender, path).feed(at, data))

    def flush(self, path: str | None = None, sender: Sender | None = None) -> list[MonitoredPiece]:
        """What is held back (of one way, of one sender): a gap has passed, or the conversation is over."""
        said = []
        for (who, where), track in sorted(self._tracks.items()):
            if path in (None, where) and sender in (None, who):
                said += self._said(who, where, track.decoder.close())
        return said

    @property
    def held_since(self) -> float | None:
        """When the oldest byte came that is held back in any direction."""
        return min((at for track in self._tracks.values() if (at := track.held_since) is not None), default=None)

    # --- inside --------------------------------------------------------------------------------

    def _look(self, detector: Detector, sender: Sender, data: bytes) -> None:
        self._looked_at[sender] += len(data)
        detector.feed(sender, data[:LOOKED_AT])
        name, self.why = detector.verdict()
        if name != self.dialect:
            self.dialect = name
            self._decoder = self._family.dialects[name].decoder

    def _track(self, sender: Sender, path: str) -> DirectionState:
        """The track of one direction, in the dialect that is known by now as soon as it holds nothing."""
        key = sender, path
        track = self._tracks.get(key)
        if track is None:
            track = self._tracks[key] = DirectionState(self._decoder(sender))
            self._dialects[key] = self.dialect
        elif self._dialects[key] != self.dialect and track.held_since is None:
            track.turn(self._decoder(sender))
            self._dialects[key] = self.dialect
        return track

    def _said(self, sender: Sender, path: str, pieces: Iterable[Piece]) -> list[MonitoredPiece]:
        track = self._tracks[sender, path]
        return [self._blanked(track.settle(piece), sender, path, _at(track.base, piece)) for piece in pieces]

    def _blanked(self, at: float, sender: Sender, path: str, piece: Piece) -> MonitoredPiece:
        data, dialect = self._family.redact(sender, piece.data), self._dialects[sender, path]
        if data == piece.data:
            return MonitoredPiece(at, sender, piece, path, dialect=dialect)
        return MonitoredPiece(
            at, sender, msgspec.structs.replace(piece, data=data), path, redacted=True, dialect=dialect
        )


def _at(base: int, piece: Piece) -> Piece:
    return msgspec.structs.replace(piece, offset=base + piece.offset) if base else piece


class TimeOrder:
    """Puts what two directions say into the order of time: a piece waits while an older one is held back.

    Bounded as long as every direction is flushed after a gap.
    """

    def __init__(self) -> None:
        self._waiting: list[tuple[float, int, MonitoredPiece]] = []
        self._number = 0

    def put(self, said: Iterable[MonitoredPiece], held_since: float | None) -> list[MonitoredPiece]:
        """What can be told now: nothing older can come any more. ``held_since``: Hearing's, after the same bytes."""
        for one in said:
            self._number += 1
            heappush(self._waiting, (one.at, self._number, one))
        told = []
        while self._waiting and (held_since is None or self._waiting[0][0] < held_since):
            told.append(heappop(self._waiting)[2])
        return told
