"""Segments -> connections, each with the bytes of its two ends in the order in which they were sent.

TCP is put in order by its sequence numbers: what was sent twice counts once, a part that is missing is a gap. A
connection may have begun before the capture. All segments are sorted once: no order of them costs more than another.
"""

from bisect import bisect_right
from collections.abc import Iterable, Mapping, Sequence
from itertools import accumulate
from operator import itemgetter

import msgspec

from unclouded.formats.packets.packet import DataSegment

WRAP = 1 << 32
HALF = 1 << 31
End = tuple[str, int]


class StreamPiece(msgspec.Struct, frozen=True, gc=False):
    """Bytes that came together. ``is_after_gap``: bytes are missing before them."""

    t: float | None
    number: int
    line: int
    data: bytes
    is_after_gap: bool = False


class StreamRun:
    """Pieces without a gap, joined. ``data``: all bytes."""

    def __init__(self, pieces: Sequence[StreamPiece]) -> None:
        self.pieces = pieces
        self.data = b"".join(piece.data for piece in pieces)
        self._ends = list(accumulate(len(piece.data) for piece in pieces))

    def piece_at(self, place: int) -> StreamPiece:
        """The piece that holds the byte at this place."""
        return self.pieces[min(bisect_right(self._ends, place), len(self.pieces) - 1)]

    def next_piece(self, place: int) -> int:
        """Where the next piece begins behind this place; the size of all where there is none."""
        return self._ends[min(bisect_right(self._ends, place), len(self._ends) - 1)]


class DirectedStream:
    """What one end sent to the other."""

    def __init__(self) -> None:
        self._segments: list[tuple[int, int, DataSegment]] = []  # place in the stream, order of arrival
        self._base = self._last = 0
        self._is_known = False
        self._start: int | None = None

    @property
    def size(self) -> int:
        return len(self._segments)

    def is_new(self, sequence: int) -> bool:
        """Whether a connection that opens with this number is another one than before."""
        return self._is_known and (self._start is None or (sequence + 1) % WRAP != self._base % WRAP)

    def open(self, sequence: int) -> None:
        """A SYN with this sequence number: its bytes begin behind it. Of several, the first counts."""
        if not self._is_known:
            self._is_known, self._base, self._start = True, sequence + 1, 0

    def add(self, segment: DataSegment) -> None:
        """A segment at its place in the stream, in any order; without a number (UDP) it comes behind all others."""
        if segment.sequence is None:
            place, self._last = self._last, self._last + len(segment.data)
        else:
            if not self._is_known:
                self._is_known, self._base = True, segment.sequence
            step = (segment.sequence - self._base - self._last) % WRAP
            place = self._last + (step - WRAP if step >= HALF else step)
            self._last = max(self._last, place)
        self._segments.append((place, len(self._segments), segment))

    def runs(self) -> list[StreamRun]:
        """The bytes in order; a new run behind each gap."""
        runs: list[list[StreamPiece]] = []
        position, latest = self._start, None
        for place, _, segment in sorted(self._segments, key=itemgetter(0, 1)):
            is_gap = position is not None and place > position
            begin = place if position is None or is_gap else position
            data = segment.data[begin - place :] if begin > place else segment.data
            position = begin
            if not data:
                continue
            latest = segment.t if latest is None or segment.t is None else max(latest, segment.t)
            piece = StreamPiece(latest, segment.number, segment.line, data, is_gap)
            if is_gap or not runs:
                runs.append([])
            runs[-1].append(piece)
            position = begin + len(data)
        return [StreamRun(pieces) for pieces in runs]


class PacketConnection:
    """Two ends that talk. ``client``: the one that opened it; None where that was not captured."""

    def __init__(self, protocol: str, ends: tuple[End, End]) -> None:
        self.protocol = protocol
        self.ends = ends
        self.client: End | None = None
        self.streams = {end: DirectedStream() for end in ends}
        self._runs: dict[End, list[StreamRun]] | None = None

    @classmethod
    def of_pieces(cls, ends: tuple[End, End], pieces: Mapping[End, Sequence[StreamPiece]]) -> "PacketConnection":
        """A connection of TCP whose bytes are in order."""
        connection = cls("tcp", ends)
        connection._runs = {end: [StreamRun(some)] if some else [] for end, some in pieces.items()}
        return connection

    @property
    def runs(self) -> dict[End, list[StreamRun]]:
        """What each end sent; asked for when all segments are there."""
        if self._runs is None:
            self._runs = {end: stream.runs() for end, stream in self.streams.items()}
        return self._runs

    @property
    def server(self) -> End:
        """The end that was connected to; where that was not captured, the one with the lower port."""
        if self.client is not None:
            return self.ends[1] if self.client == self.ends[0] else self.ends[0]
        return min(self.ends, key=lambda end: end[1])

    @property
    def ports(self) -> set[int]:
        return {end[1] for end in self.ends}

    def each_run(self) -> Iterable[tuple[End, StreamRun]]:
        """Each run of bytes without a gap, with the end that sent it; as ``runs``, when all segments are there."""
        return ((end, run) for end, runs in self.runs.items() for run in runs)


class CapturedConnections:
    """The connections of a capture, in the order in which they began."""

    def __init__(self) -> None:
        self._open: dict[tuple[str, End, End], PacketConnection] = {}
        self.connections: list[PacketConnection] = []

    def add(self, segment: DataSegment) -> None:
        """Puts a segment into its connection; one that opens again on the same ports begins another connection."""
        way = segment.protocol, segment.source, segment.target
        found = self._open.get(way)
        if found is None or (segment.opens and self._opens_anew(found, segment)):
            first, second = sorted((segment.source, segment.target))
            found = PacketConnection(segment.protocol, (first, second))
            self._open[way] = self._open[segment.protocol, segment.target, segment.source] = found
            self.connections.append(found)
        stream = found.streams[segment.source]
        if segment.opens and segment.sequence is not None:
            stream.open(segment.sequence)
            found.client = segment.source if segment.opens == "client" else segment.target
        elif segment.data:
            stream.add(segment)

    @staticmethod
    def _opens_anew(connection: PacketConnection, segment: DataSegment) -> bool:
        if segment.opens != "client" or segment.sequence is None:
            return False
        return connection.streams[segment.source].is_new(segment.sequence)
