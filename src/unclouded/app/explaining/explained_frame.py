"""One frame, or one stretch of noise, with all that is known of it: the drawing's and the API's description of it.

bytes ──► family's layout ──► parts ──► secrets masked ──► values named by the profile ──► what is odd
"""

from collections.abc import Sequence

import msgspec

from unclouded.app.decoding.conversation_reader import DecodedPiece
from unclouded.core.family import CommandRow, Family, Piece
from unclouded.core.frame_part import FramePart, leaves
from unclouded.core.views.decoded import ExplainedFrame
from unclouded.hub.readings.frame_parts import PartNaming


class FrameExplainer:
    """Explains the pieces of one family, in one of its dialects."""

    def __init__(self, family: Family, dialect: str = "") -> None:
        self.family = family
        self._reading = family.read_as(dialect)
        self._naming = PartNaming(family, self._reading)
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
        known = msgspec.structs.replace(decoded.piece, data=piece.data)
        return self._naming.parts(known, decoded.masked, decoded.names, decoded.names.by_value(known))


# --- inside ---------------------------------------------------------------------------------------


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
