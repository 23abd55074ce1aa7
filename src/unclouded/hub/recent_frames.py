"""What lately went over a wire, in words: the raw chunks of a driver's tape, decoded when somebody asks. Pure.

    tape   ‥AA 03│07 00 08 13 02│00 04 00 00 02 A1 CF│55 AA ‥        chunks as the link brought them
    Heard        └──── status report, at the time of its last chunk ──┘

Each side of each way has a decoder of its own. Where the tape was cut, what stands before a side's first frame is
the end of an older one and is left out. Values are named by the device's profile. Where a line may be spoken in
several dialects, what was last said tells in which. Secrets are blanked before anything leaves.
"""

from collections.abc import Callable, Mapping, Sequence
from typing import Literal

import msgspec

from unclouded.core.family import Decoder, Detector, Dialect, Piece
from unclouded.core.model import WireEntry
from unclouded.core.recent_chunks import RecentChunks, WireChunk
from unclouded.hub.naming import ValueNames

Sender = Literal["controller", "device"]
Side = tuple[Sender, str]
DecoderOf = Callable[[Sender | None], Decoder]
Redact = Callable[[Sender | None, bytes], bytes]

PAUSE = 2.0  # s of silence that end a frame: sessions give it up after 0.1 to 0.3, or later behind a slow bridge
TELLING = 200  # chunks of each side that the dialect is told from: a module may have talked to nobody for hours
CHUNKS_A_LINE = 2  # chunks that are looked at first for each line that is wanted


class RecordedWire(msgspec.Struct, frozen=True, kw_only=True):
    """One tape and how its family reads it. ``wall``: Unix seconds at a given now.

    ``detector``: tells which of the ``dialects`` it is, where the family has several.
    """

    tape: RecentChunks
    decoder: DecoderOf
    redact: Redact
    wall: Callable[[float], float]
    channel: str = ""
    names: ValueNames = ValueNames()
    dialects: Mapping[str, Dialect] = {}
    detector: Callable[[], Detector] | None = None

    def heard(self, limit: int, now: float) -> list[WireEntry]:
        """The last ``limit`` frames and stretches of noise, oldest first."""
        chunks = self.tape.chunks()
        decoder = self._decoder(chunks)
        looked_at = max(limit, 1) * CHUNKS_A_LINE
        while True:
            cut = self.tape.cut or looked_at < len(chunks)
            found = _Reading(decoder, cut).read(chunks[-looked_at:], now)
            if len(found) >= limit or looked_at >= len(chunks):
                return [self._line(*one) for one in found[max(len(found) - limit, 0) :]]
            looked_at *= 4

    def _decoder(self, chunks: Sequence[WireChunk]) -> DecoderOf:
        if self.detector is None:
            return self.decoder
        detector = self.detector()
        for side in ("controller", "device"):
            said = [data for _, ours, _, data in chunks if ours == (side == "controller")]
            for data in said[-TELLING:]:
                detector.feed(side, data)
        name, _ = detector.verdict()
        return self.dialects[name].decoder

    def _line(self, at: float, side: Side, piece: Piece) -> WireEntry:
        sender, path = side
        return WireEntry(
            at=self.wall(at),
            sender=sender,
            kind=piece.kind,
            name=piece.name,
            words=self.names.words(piece),
            reason=piece.reason,
            length=len(piece.data),
            hex=self.redact(sender, piece.data).hex(),
            channel=self.channel,
            path=path,
            points=self.names.points(piece),
        )


Found = tuple[float, Side, Piece]


class _Reading:
    """One pass over some chunks. ``cut``: they begin in the middle of what was said."""

    def __init__(self, decoder: DecoderOf, cut: bool) -> None:
        self._decoder = decoder
        self._cut = cut
        self._decoders: dict[Side, Decoder] = {}
        self._last: dict[Side, float] = {}
        self._found: list[Found] = []

    def read(self, chunks: Sequence[WireChunk], now: float) -> list[Found]:
        for at, ours, path, data in chunks:
            if data:
                self._feed(at, ("controller" if ours else "device", path), data)
            else:
                self._end("controller", path)
                self._end("device", path)
        for side, last in self._last.items():
            if now - last > PAUSE:
                self._close(side)
        return self._without_ends() if self._cut else self._found

    def _feed(self, at: float, side: Side, data: bytes) -> None:
        if at - self._last.get(side, at) > PAUSE:
            self._close(side)
        decoder = self._decoders.get(side)
        if decoder is None:
            decoder = self._decoders[side] = self._decoder(side[0])
        self._last[side] = at
        self._found += [(at, side, piece) for piece in decoder.feed(data)]

    def _end(self, sender: Sender, path: str) -> None:
        """That conversation is over: what is half said stays so."""
        if (sender, path) in self._decoders:
            self._close((sender, path))

    def _close(self, side: Side) -> None:
        self._found += [(self._last[side], side, piece) for piece in self._decoders[side].close()]

    def _without_ends(self) -> list[Found]:
        """Without the noise before a side's first frame; a side that never says a frame is all noise, and stays."""
        first: dict[Side, int] = {}
        for index, (_, side, piece) in enumerate(self._found):
            if piece.kind == "frame":
                first.setdefault(side, index)
        return [one for index, one in enumerate(self._found) if index >= first.get(one[1], 0)]
