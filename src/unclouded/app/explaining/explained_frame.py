"""One frame, or one stretch of noise, with all that is known of it: the drawing's and the API's description of it.

bytes ──► family's layout ──► parts ──► secrets masked ──► values named by the profile ──► what is odd
"""

from collections import defaultdict, deque
from collections.abc import Sequence

import msgspec

from unclouded.app.decoding.conversation_reader import DecodedPiece
from unclouded.core.family import MASKED, CommandRow, Family, Piece, Sender
from unclouded.core.frame_part import FramePart, leaves, replaced
from unclouded.core.model import NamedValue
from unclouded.hub.naming import ValueNames


class ExplainedFrame(msgspec.Struct, frozen=True, kw_only=True):
    """A piece of a recording explained; ``parts`` cover its bytes.

    ``t``: seconds since the recording began. ``section``: of the docs that describes the command. ``text``: the message
    and its values. ``odd``: remarks of the conversation, and what is odd about the parts. ``hex``: two dots for each
    byte that is secret. ``answers``: the offset of the request on the other side.
    """

    t: float | None
    offset: int
    length: int
    kind: str
    reason: str
    family: str
    sender: Sender | None
    command: int | str | None
    sub: int | None
    name: str
    part: str
    section: str
    text: str
    answers: int | None
    after_ms: float | None
    odd: Sequence[str]
    hex: str
    masked: bool
    parts: Sequence[FramePart]


class FrameExplainer:
    """Explains the pieces of one family, in one of its dialects."""

    def __init__(self, family: Family, dialect: str = "") -> None:
        self.family = family
        self._reading = family.read_as(dialect)
        self._rows = {(row.code, row.sub): row for row in self._reading.commands}

    def explain(self, decoded: DecodedPiece, piece: Piece) -> ExplainedFrame:
        """``piece``: what was decoded, before its secrets were hidden."""
        shown, comment = decoded.piece, decoded.comment
        parts = self.parts(decoded, piece)
        row = self.row(shown)
        after_s = comment.after_s
        return ExplainedFrame(
            t=decoded.t,
            offset=shown.offset,
            length=len(shown.data),
            kind=shown.kind,
            reason=shown.reason,
            family=self.family.name,
            sender=shown.sender,
            command=shown.command,
            sub=shown.sub,
            name=shown.name,
            part=shown.part,
            section=row.section if row is not None else "",
            text=decoded.text,
            answers=comment.answers,
            after_ms=None if after_s is None else round(after_s * 1000, 3),
            odd=_odd(decoded, parts),
            hex=decoded.masked.hex(),
            masked=bool(decoded.masked.hidden),
            parts=parts,
        )

    def row(self, piece: Piece) -> CommandRow | None:
        """The command of a frame."""
        if piece.kind != "frame" or piece.command is None:
            return None
        return self._rows.get((piece.command, piece.sub)) or self._rows.get((piece.command, None))

    def parts(self, decoded: DecodedPiece, piece: Piece) -> Sequence[FramePart]:
        """The parts of a piece, masked, and its values named."""
        if self._reading.layout is None:
            return self._whole(decoded)
        data = decoded.masked.data
        if decoded.masked.hidden and piece.kind == "frame":  # stays a frame: its JSON can be read
            data = self._reading.redact(piece.sender, piece.data)
        parts = self._reading.layout(msgspec.structs.replace(decoded.piece, data=data))
        if decoded.masked.hidden:
            parts = without_secrets(parts, decoded.masked.hidden)
        return _named(parts, decoded.piece, decoded.names) if piece.values else parts

    def _whole(self, decoded: DecodedPiece) -> Sequence[FramePart]:
        """One part, of a family that describes no others."""
        data, hidden = decoded.masked.data, decoded.masked.hidden
        if not data:
            return ()
        is_text = self.family.capture_as == "text"
        text = data.decode("utf-8", "replace").strip() if is_text else ""
        whole = FramePart(start=0, end=len(data), label="text" if is_text else "bytes", type="text" if is_text else "")
        whole = msgspec.structs.replace(whole, kind="json" if is_text else "data", text=text)
        return without_secrets((whole,), hidden) if hidden else (whole,)


def without_secrets(parts: Sequence[FramePart], hidden: bytes) -> Sequence[FramePart]:
    """The parts without what their hidden bytes hold. ``hidden``: one byte for each, not 0 = hidden."""

    def masked(part: FramePart) -> FramePart:
        if part.kind == "checksum" or any(hidden[part.start : part.end]):
            return msgspec.structs.replace(part, value=None, text=MASKED, odd="")
        return part

    return replaced(parts, masked)


# --- inside ---------------------------------------------------------------------------------------


def _named(parts: Sequence[FramePart], piece: Piece, names: ValueNames) -> Sequence[FramePart]:
    """With the values by the profile, and what it does not allow of them."""
    waiting: defaultdict[str, deque[tuple[NamedValue, ...]]] = defaultdict(deque)
    for (wire, _), points in zip(piece.values, names.by_value(piece), strict=True):
        waiting[wire].append(points)

    def named(part: FramePart) -> FramePart:
        if part.kind != "value" or not waiting.get(part.wire):
            return part
        points = waiting[part.wire].popleft()
        odd = "; ".join(filter(None, (part.odd, *map(names.out_of_range, points))))
        return msgspec.structs.replace(part, points=points, odd=odd)

    return replaced(parts, named)


def _odd(decoded: DecodedPiece, parts: Sequence[FramePart]) -> Sequence[str]:
    """Each irregularity once."""
    found = [remark.words for remark in decoded.comment.remarks]
    found += [f"{label}: {odd}" for label, odd in _odd_parts(parts)]
    return tuple(dict.fromkeys(found))


def _odd_parts(parts: Sequence[FramePart]) -> Sequence[tuple[str, str]]:
    return [
        (part.label if part.parts and leaf.label == "value" else leaf.label, leaf.odd)
        for part in parts
        for leaf in leaves((part,))
        if leaf.odd
    ] + [(part.label, part.odd) for part in parts if part.parts and part.odd]
