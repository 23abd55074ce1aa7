"""The parts of a frame as people see them: its family's layout, secrets masked, values named by a profile. Pure."""

from collections import defaultdict, deque
from collections.abc import Sequence

import msgspec

from unclouded.core.family import MASKED, Dialect, Family, Piece
from unclouded.core.frame_part import FramePart, replaced
from unclouded.core.masking import Masked
from unclouded.core.model import NamedValue
from unclouded.hub.readings.naming import ValueNames

NamedValues = Sequence[tuple[NamedValue, ...]]  # of each value of a piece, as ValueNames.by_value gives them


class PartNaming(msgspec.Struct, frozen=True):
    """Describes the parts of pieces of a family, in the way its bytes are read."""

    family: Family
    reading: Family | Dialect

    def parts(self, piece: Piece, masked: Masked, names: ValueNames, by_value: NamedValues) -> Sequence[FramePart]:
        """The parts of a piece, as it was decoded. ``by_value``: its values, as ``names`` named them at that time."""
        if self.reading.layout is None:
            return self._whole(masked)
        data = masked.data
        if masked.hidden and piece.kind == "frame":  # stays a frame: its JSON can be read
            data = self.reading.redact(piece.sender, piece.data)
        parts = self.reading.layout(msgspec.structs.replace(piece, data=data))
        if masked.hidden:
            parts = without_secrets(parts, masked.hidden)
        return _named(parts, piece, names, by_value) if piece.values else parts

    def _whole(self, masked: Masked) -> Sequence[FramePart]:
        """One part, of a family that describes no others."""
        data, hidden = masked.data, masked.hidden
        if not data:
            return ()
        is_text = self.family.capture_as == "text"
        text = data.decode("utf-8", "replace").strip() if is_text else ""
        whole = FramePart(start=0, end=len(data), label="text" if is_text else "bytes", type="text" if is_text else "")
        whole = msgspec.structs.replace(whole, kind="json" if is_text else "data", text=text)
        return without_secrets((whole,), hidden) if hidden else (whole,)


class PieceParts(msgspec.Struct, frozen=True, eq=False):
    """Finds out the parts of one piece when it is called; equal where what is shown of the pieces is."""

    naming: PartNaming
    piece: Piece
    masked: Masked
    names: ValueNames
    by_value: NamedValues

    def __call__(self) -> Sequence[FramePart]:
        return self.naming.parts(self.piece, self.masked, self.names, self.by_value)

    def __eq__(self, other: object) -> bool:
        return isinstance(other, PieceParts) and (self.masked, self.by_value) == (other.masked, other.by_value)

    def __hash__(self) -> int:
        return hash(self.masked)

    def __repr__(self) -> str:
        return "PieceParts(…)"  # without the piece, which has its secrets


def without_secrets(parts: Sequence[FramePart], hidden: bytes) -> Sequence[FramePart]:
    """The parts without what their hidden bytes hold. ``hidden``: one byte for each, not 0 = hidden."""

    def masked(part: FramePart) -> FramePart:
        if part.kind == "checksum" or any(hidden[part.start : part.end]):
            return msgspec.structs.replace(part, value=None, text=MASKED, odd="")
        return part

    return replaced(parts, masked)


def _named(parts: Sequence[FramePart], piece: Piece, names: ValueNames, by_value: NamedValues) -> Sequence[FramePart]:
    """With the values by the profile, and what it does not allow of them."""
    waiting: defaultdict[str, deque[tuple[NamedValue, ...]]] = defaultdict(deque)
    for (wire, _), points in zip(piece.values, by_value, strict=True):
        waiting[wire].append(points)

    def named(part: FramePart) -> FramePart:
        if part.kind != "value" or not waiting.get(part.wire):
            return part
        points = waiting[part.wire].popleft()
        odd = "; ".join(filter(None, (part.odd, *map(names.out_of_range, points))))
        return msgspec.structs.replace(part, points=points, odd=odd)

    return replaced(parts, named)
