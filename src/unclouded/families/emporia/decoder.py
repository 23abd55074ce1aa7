"""Frames as Pieces for people and tools: what ``unclouded decode`` prints. Never shows an install code."""

from collections.abc import Sequence

from unclouded.core.family import Piece, Sender, checked_sender, fed_bytes
from unclouded.families.emporia import install_code
from unclouded.families.emporia.commands import BY_LETTER, TABLE
from unclouded.families.emporia.fields import Fields
from unclouded.families.emporia.frame import EmporiaFrame, EmporiaFramer, EmporiaNoise


class EmporiaDecoder:
    """A ``family.Decoder``. Requests are the controller's and responses the device's, so ``sender`` may be None."""

    def __init__(self, sender: Sender | None) -> None:
        self._framer = EmporiaFramer(checked_sender(sender), gap=None)
        self._offset = 0

    def feed(self, data: bytes) -> Sequence[Piece]:
        return [self._piece(piece) for piece in self._framer.feed(fed_bytes(data))]

    def close(self) -> Sequence[Piece]:
        return [self._piece(piece) for piece in self._framer.close()]

    def _piece(self, piece: EmporiaFrame | EmporiaNoise) -> Piece:
        data = bytes(piece)
        offset = self._offset
        self._offset += len(data)
        if isinstance(piece, EmporiaNoise):
            return Piece(offset=offset, data=data, kind="noise", reason=piece.reason)
        message, reason = _fields(piece)
        return Piece(
            offset=offset,
            data=data,
            kind="frame",
            reason=reason,
            sender=piece.sender,
            command=piece.type,
            name=BY_LETTER[piece.type].name,
            message=message,
        )


def redact(sender: Sender | None, data: bytes) -> bytes:
    """The same bytes with install codes as zeros; there is no checksum to correct."""
    if sender == "controller":
        return data
    if data[:2] == b"$\x01" and data[2:3] in _OPEN:
        framer = EmporiaFramer("device", gap=None)
        if len(framer.feed(data)) == 1 and not framer.held:
            return data  # a whole frame of another type, whatever its payload looks like
    return install_code.blanked(data)


# --- inside ---------------------------------------------------------------------------------------

_OPEN = frozenset(command.letter.encode() for command in TABLE if command.length is not None and not command.secret)


def _fields(frame: EmporiaFrame) -> Fields:
    fields = BY_LETTER[frame.type].fields
    return ({}, "") if frame.sender == "controller" or fields is None else fields(frame.payload)
