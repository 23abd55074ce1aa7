"""The last frames on a wire, as text: the recent chunks of a driver, decoded when a client requests them. Pure.

    chunks     ‥AA 03│07 00 08 13 02│00 04 00 00 02 A1 CF│55 AA ‥        as the link brought them
    WireEntry        └──── status report, at the time of its last chunk ──┘

Each side of each path has a decoder of its own. Where older chunks are gone, what stands before a side's first frame
is the end of a lost one and is left out. Values are named by the profile of the part that they belong to. Where a
family has several dialects, the latest chunks show which one is used. Secrets are shown as dots.
"""

from collections.abc import Callable, Mapping, Sequence
from typing import Literal

import msgspec

from unclouded.core.family import Decoder, Dialect, Family, Piece
from unclouded.core.masking import Masked, Masker
from unclouded.core.model import WireEntry
from unclouded.core.sessions.recent_chunks import RecentChunks, WireChunk
from unclouded.hub.readings.frame_parts import PartNaming, PieceParts
from unclouded.hub.readings.naming import POINTS, ValueNames

Sender = Literal["controller", "device"]
Side = tuple[Sender, str]

PAUSE_S = 2.0  # s of silence that end a frame: sessions give it up after 0.1 to 0.3, or later behind a slow bridge
DETECTED_FROM = 200  # chunks of each side that the dialect is detected from: a module may get no answer for hours
CHUNKS_PER_ENTRY = 2  # chunks that are decoded at first for each entry that is requested


class RecordedWire(msgspec.Struct, frozen=True, kw_only=True):
    """The chunks of one wire and how its family reads them.

    ``wall``: Unix seconds at a given now. ``names_of``: how the values of a part are named. ``plaintext``: of a
    datagram that may be encrypted.
    """

    chunks: RecentChunks
    family: Family
    wall: Callable[[float], float]
    channel: str = ""
    names_of: Callable[[str], ValueNames] = lambda part: ValueNames()
    plaintext: Callable[[bytes], bytes] = bytes

    def entries(self, limit: int, now: float) -> list[WireEntry]:
        """The last ``limit`` frames and stretches of noise, oldest first."""
        chunks = self.chunks.chunks()
        reading = self._reading(chunks)
        decoded = max(limit, 1) * CHUNKS_PER_ENTRY
        while True:
            cut = self.chunks.cut or decoded < len(chunks)
            latest = [(at, ours, path, self.plaintext(data)) for at, ours, path, data in chunks[-decoded:]]
            found = _ChunkReader(reading, cut).read(latest, now)
            if len(found) >= limit or decoded >= len(chunks):
                naming = PartNaming(self.family, reading)
                return [self._entry(naming, *one) for one in found[max(len(found) - limit, 0) :]]
            decoded *= 4

    def _reading(self, chunks: Sequence[WireChunk]) -> Family | Dialect:
        if self.family.detector is None:
            return self.family
        detector = self.family.detector()
        for side in ("controller", "device"):
            sent = [data for _, ours, _, data in chunks if ours == (side == "controller")]
            for data in sent[-DETECTED_FROM:]:
                detector.feed(side, data)
        name, _ = detector.verdict()
        return self.family.read_as(name)

    def _entry(self, naming: PartNaming, at: float, side: Side, piece: Piece, masked: Masked) -> WireEntry:
        sender, path = side
        names = self.names_of(piece.part)
        by_value = names.by_value(piece)
        return WireEntry(
            at=self.wall(at),
            sender=sender,
            kind="frame" if piece.kind == "frame" else "noise",
            name=piece.name,
            words=names.text(piece),
            reason=piece.reason,
            length=len(piece.data),
            hex=masked.hex(),
            channel=self.channel,
            path=path,
            points=[named for points in by_value for named in points],
            part=piece.part,
            types=_types(piece),
            parts=PieceParts(naming, piece, masked, names, by_value),
        )


def _types(piece: Piece) -> Mapping[str, str]:
    """How the values of a frame are encoded, where its message says so."""
    listed = (piece.message or {}).get(POINTS) if piece.values else None
    if not isinstance(listed, list):
        return {}
    return {str(one["id"]): str(one["type"]) for one in listed if isinstance(one, Mapping) and {"id", "type"} <= {*one}}


Found = tuple[float, Side, Piece, Masked]


class _ChunkReader:
    """One pass over some chunks. ``cut``: older ones are missing, so they may begin in the middle of a frame."""

    def __init__(self, reading: Family | Dialect, cut: bool) -> None:
        self._reading = reading
        self._masker = Masker(reading)
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
            if now - last > PAUSE_S:
                self._close(side)
        return self._without_ends() if self._cut else self._found

    def _feed(self, at: float, side: Side, data: bytes) -> None:
        if at - self._last.get(side, at) > PAUSE_S:
            self._close(side)
        decoder = self._decoders.get(side)
        if decoder is None:
            decoder = self._decoders[side] = self._reading.decoder(side[0])
        self._last[side] = at
        self._keep(at, side, decoder.feed(data))

    def _end(self, sender: Sender, path: str) -> None:
        """The path came up or went down: the rest of a frame does not follow."""
        if (sender, path) in self._decoders:
            self._close((sender, path))

    def _close(self, side: Side) -> None:
        self._keep(self._last[side], side, self._decoders[side].close())

    def _keep(self, at: float, side: Side, pieces: Sequence[Piece]) -> None:
        self._found += [(at, side, piece, self._masker.mask(piece, side)) for piece in pieces]

    def _without_ends(self) -> list[Found]:
        """Without the noise before a side's first frame. A side without a frame is all noise, and stays."""
        first: dict[Side, int] = {}
        for index, (_, side, piece, _) in enumerate(self._found):
            if piece.kind == "frame":
                first.setdefault(side, index)
        return [one for index, one in enumerate(self._found) if index >= first.get(one[1], 0)]
