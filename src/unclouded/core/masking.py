"""Bytes as they are shown to people: what was on the wire, with secrets hidden and never replaced by other bytes.

    55 aa 03 2a 00 0b 7b 22 70 22 3a ·· ·· ·· …      hidden bytes are two dots; headers stay

Captures that are written are another matter: their redaction keeps lengths and valid frames (``Family.redact``).
"""

from collections.abc import Callable, Hashable

import msgspec

from unclouded.core.family import MASKED, Piece, Redaction, Sender

CONTEXT = 2_048  # bytes of noise before a piece that may show what it is the rest of

Hidden = Callable[[Sender | None, bytes, bytes], bytes]


class Masked(msgspec.Struct, frozen=True):
    """``data``: with hidden bytes as zeros. ``hidden``: one byte for each of them, not 0 = hidden; b"" = none is."""

    data: bytes
    hidden: bytes = b""

    def hex(self, sep: str = "", limit: int | None = None) -> str:
        """In hex, at most ``limit`` bytes of it."""
        data = self.data[:limit]
        if not self.hidden:
            return data.hex(sep) if sep else data.hex()
        return sep.join(MASKED if hide else f"{byte:02x}" for byte, hide in zip(data, self.hidden, strict=False))


class Masker:
    """Masks the pieces of one conversation, each side in the order of its stream."""

    def __init__(self, redaction: Redaction) -> None:
        self._hidden = hidden_of(redaction)
        self._before: dict[Hashable, bytes] = {}  # noise of a side since its last frame

    def mask(self, piece: Piece, side: Hashable = None, redaction: Redaction | None = None) -> Masked:
        """The bytes of the next piece of a side; ``side`` None: that of its sender.

        ``redaction``: that of this piece, where it is in another dialect than the others.
        """
        side = piece.sender if side is None else side
        before = self._before.get(side, b"")
        self._before[side] = b"" if piece.kind == "frame" else (before + piece.data[-CONTEXT:])[-CONTEXT:]
        hidden = self._hidden if redaction is None else hidden_of(redaction)
        return masked(piece.data, hidden(piece.sender, before, piece.data))


def masked(data: bytes, hidden: bytes) -> Masked:
    """With what ``hidden`` names taken out."""
    if not any(hidden):
        return Masked(data)
    return Masked(bytes(0 if hide else byte for byte, hide in zip(data, hidden, strict=True)), hidden)


def hidden_of(redaction: Redaction) -> Hidden:
    """Which bytes are secret."""
    return redaction.hidden or hidden_by(redaction.redact)


def hidden_by(redact: Callable[[Sender | None, bytes], bytes]) -> Hidden:
    """What a redactor that keeps lengths replaces."""

    def hidden(sender: Sender | None, before: bytes, data: bytes) -> bytes:
        blanked = redact(sender, data)
        return b"" if blanked == data else differing(data, blanked)

    return hidden


def differing(data: bytes, other: bytes) -> bytes:
    """One byte for each pair, 1 where they differ."""
    return bytes(mine != theirs for mine, theirs in zip(data, other, strict=True))
