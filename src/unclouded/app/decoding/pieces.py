"""Chunks of a recording -> frames and noise, each with the times of its first and last byte, in order of time.

module  55 aa 00 08 00 00 07 ────────────────────────┐
MCU              55 aa 03 07 00 05 … 55 (held back) ─┴─► TimedPiece, TimedPiece, …
"""

from collections import deque
from collections.abc import Callable, Iterable, Iterator, Sequence
from heapq import heappop, heappush

import msgspec

from unclouded.core.family import Decoder, Piece, Sender
from unclouded.formats.chunk import InputChunk
from unclouded.recording.line_monitor import GAP_S

LaneName = tuple[str, Sender | None]
OrderKey = tuple[float, int]  # the time of the first byte, the number of its chunk


class TimedPiece(msgspec.Struct, frozen=True, gc=False):
    """A piece. ``t``: seconds since the recording began, of its first byte; ``at``: of its last one; None = not known.

    ``line``, ``column``: of the text it begins in; 0 = not known. ``is_rebuilt``: put together from printed fields.
    ``family``: another one than that of the recording, "" = the same.
    """

    t: float | None
    piece: Piece
    at: float | None = None
    line: int = 0
    column: int = 0
    is_rebuilt: bool = False
    family: str = ""


def pieces_of(
    decoder: Callable[[Sender | None], Decoder], chunks: Iterable[InputChunk], *, gap_s: float = GAP_S
) -> Iterator[TimedPiece]:
    """Each lane has its own decoder and offsets; a gap of silence ends a frame. In the order of first bytes."""
    lanes: dict[LaneName, LaneState] = {}
    order = PieceOrder()
    for number, chunk in enumerate(chunks):
        key = chunk.lane, chunk.sender
        lane = lanes.get(key)
        if lane is None:
            lane = lanes[key] = LaneState(decoder(chunk.sender))
        if chunk.begins:
            for one in lanes.values():
                order.put(one.close())
            yield from order.take(None)
        if chunk.t is not None:
            for one in lanes.values():
                if one.last is not None and chunk.t - one.last > gap_s:
                    order.put(one.close())
        if chunk.gap:
            order.put(lane.close(is_cut=True))
        found = lane.feed(number, chunk)
        if len(lanes) == 1 and chunk.times is None:
            yield from order.take(None)
            yield from (one for _, one in found)
            if chunk.mark == "cut":
                yield from (one for _, one in lane.close(is_cut=True))
            continue
        order.put(found)
        if chunk.mark == "cut":
            order.put(lane.close(is_cut=True))
        yield from order.take(_limit(lanes.values(), number, chunk))
    for lane in lanes.values():
        order.put(lane.close())
    yield from order.take(None)


def _limit(lanes: Iterable["LaneState"], number: int, chunk: InputChunk) -> OrderKey:
    """What is older than this is settled in every lane."""
    held = [key for lane in lanes if (key := lane.held) is not None]
    return min([*held, (chunk.t or 0.0, number)])


class PieceOrder:
    """Pieces of all lanes until no older one can come."""

    def __init__(self) -> None:
        self._waiting: list[tuple[OrderKey, int, TimedPiece]] = []
        self._count = 0

    def put(self, pieces: Iterable[tuple[OrderKey, TimedPiece]]) -> None:
        """Adds pieces in any order; of the same key, the one that was added first comes first."""
        for key, piece in pieces:
            self._count += 1
            heappush(self._waiting, (key, self._count, piece))

    def take(self, limit: OrderKey | None) -> Iterator[TimedPiece]:
        """The pieces that are older than ``limit``; None = all."""
        while self._waiting and (limit is None or self._waiting[0][0] < limit):
            yield heappop(self._waiting)[2]


class LaneState:
    """One lane: its decoder, and the chunks of the bytes that it still holds. ``last``: the time of the last chunk."""

    def __init__(self, decoder: Decoder) -> None:
        self._decoder = decoder
        self._chunks: deque[tuple[int, int, InputChunk]] = deque()  # where its bytes end, its number, the chunk
        self._fed = self._settled = 0
        self.last: float | None = None

    def feed(self, number: int, chunk: InputChunk) -> list[tuple[OrderKey, TimedPiece]]:
        self._fed += len(chunk.data)
        self._chunks.append((self._fed, number, chunk))
        self.last = chunk.t if chunk.times is None else chunk.times[-1]
        return self._timed(self._decoder.feed(chunk.data))

    def close(self, *, is_cut: bool = False) -> list[tuple[OrderKey, TimedPiece]]:
        """The bytes that are held; ``is_cut``: the input has lost what followed them."""
        pieces = self._decoder.close()
        self.last = None
        if is_cut:
            pieces = [_cut(piece) if piece.kind == "noise" else piece for piece in pieces]
        return self._timed(pieces)

    @property
    def held(self) -> OrderKey | None:
        """The time and the chunk of the oldest byte that the decoder holds; None where it holds none."""
        for end, number, chunk in self._chunks:
            if end > self._settled:
                return _time(chunk, end, self._settled) or 0.0, number
        return None

    def _timed(self, pieces: Sequence[Piece]) -> list[tuple[OrderKey, TimedPiece]]:
        return [self._settle(piece) for piece in pieces]

    def _settle(self, piece: Piece) -> tuple[OrderKey, TimedPiece]:
        chunks = self._chunks
        while len(chunks) > 1 and chunks[0][0] <= self._settled:
            chunks.popleft()
        end, number, chunk = chunks[0]
        t = _time(chunk, end, self._settled)
        line = _line(chunk, end, self._settled)
        self._settled += len(piece.data)
        while len(chunks) > 1 and chunks[0][0] < self._settled:
            chunks.popleft()
        last_end, _, last = chunks[0]
        at = _time(last, last_end, self._settled - 1)
        is_rebuilt = chunk.mark == "rebuilt" and piece.kind == "frame"
        timed = TimedPiece(t, piece, at, line, chunk.column, is_rebuilt)
        return (t or 0.0, number), timed


def _time(chunk: InputChunk, end: int, place: int) -> float | None:
    """The time of the byte at ``place`` of the stream; the chunk's bytes end at ``end``."""
    if chunk.times is None:
        return chunk.t
    return chunk.times[min(max(place - end, -len(chunk.times)), -1)]


def _line(chunk: InputChunk, end: int, place: int) -> int:
    """The line of the byte at ``place`` of the stream."""
    if chunk.lines is None:
        return chunk.line
    return int(chunk.lines[min(max(place - end, -len(chunk.lines)), -1)])


def _cut(piece: Piece) -> Piece:
    return msgspec.structs.replace(piece, kind="cut", reason="the input has lost its end")
