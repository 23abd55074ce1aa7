"""Decoded pieces as `decode` and `record --watch` print them: one line each, with the remarks below it.

0.012  ←  heartbeat  restarted=true  · after 12 ms
          ! the MCU has started
0.096  →  query all
0.108  ←  report  power_W 67.3 W (19: 673)  · after 12 ms
"""

from collections.abc import Iterator

import msgspec

from unclouded.app.decoding.conversation_reader import ConversationCounts, DecodedPiece
from unclouded.core.family import Family, Piece, Remark
from unclouded.core.masking import Masked

SHOWN = 24  # bytes of a frame that a line shows
INDENT = 15  # columns before the text of a line
ARROWS = {"controller": "→", "device": "←", None: "?"}
VERSION = "version"  # the kind of remarks about frames whose version does not fit their sender


class ConversationText:
    """Lines of text or JSON for each decoded piece. ``with_bytes``: the bytes of each frame too, in text."""

    def __init__(self, family: Family, *, as_json: bool = False, with_bytes: bool = False) -> None:
        self._family = family
        self._as_json = as_json
        self._with_bytes = with_bytes

    def lines(self, decoded: DecodedPiece) -> Iterator[str]:
        """One line of JSON; or text in one or more lines."""
        if self._as_json:
            yield msgspec.json.encode(self._json(decoded)).decode()
        else:
            yield from self._text(decoded)

    def remark(self, t: float, remark: Remark) -> str:
        """A remark on what has not arrived, on a line of its own."""
        if self._as_json:
            line = {"remark": {"t": t, "kind": remark.kind, "words": remark.words}}
            return msgspec.json.encode(line).decode()
        return f"{t:10.3f}  ! {remark.words}"

    # --- inside --------------------------------------------------------------------------------

    def _json(self, decoded: DecodedPiece) -> dict[str, object]:
        comment = decoded.comment
        line = piece_json(comment.piece, decoded.t, decoded.family or self._family.name, decoded.masked)
        if decoded.line:
            line["line"] = decoded.line
        if decoded.is_rebuilt:
            line["rebuilt"] = True
        if self._family.conversation is not None:
            after = comment.after_s
            line["answers"] = comment.answers
            line["after_ms"] = None if after is None else round(after * 1000, 3)
            line["remarks"] = list(comment.remarks)
        values = decoded.values
        if values is not None:
            line["points"] = values
        return line

    def _text(self, decoded: DecodedPiece) -> Iterator[str]:
        piece, comment = decoded.piece, decoded.comment
        when = f"{piece.offset:10d}" if decoded.t is None else f"{decoded.t:10.3f}"
        after = "" if comment.after_s is None else f"  · after {span_text(comment.after_s)}"
        hidden = "  · masked" if decoded.masked.hidden else ""
        hidden += "  · rebuilt from printed fields" if decoded.is_rebuilt else ""
        yield f"{when}  {ARROWS[piece.sender]}  {_piece_text(decoded)}{after}{hidden}"
        indent = " " * INDENT
        yield from (f"{indent}! {remark.words}" for remark in comment.remarks)
        if self._with_bytes:
            yield f"{indent}@{piece.offset} +{len(piece.data)}  {decoded.masked.hex(' ')}"


def counts_text(counts: ConversationCounts, ends: tuple[str, str]) -> Iterator[str]:
    """``1,204 frames, 12 bytes of noise; …`` and the remarks, the most frequent first."""
    cut = f", {counted(counts.cut_bytes, 'byte')} of frames that are cut off" if counts.cut_bytes else ""
    rebuilt = f" ({counts.rebuilt:,} rebuilt from printed fields)" if counts.rebuilt else ""
    yield f"{counted(counts.frames, 'frame')}{rebuilt}, {counted(counts.noise_bytes, 'byte')} of noise{cut}"
    if counts.slowest is not None:
        after, t, name = counts.slowest
        yield f"The slowest answer took {span_text(after)}: {name} at {t:.3f} s."
    if counts.remarks:
        kinds = ", ".join(f"{kind} {count:,}" for kind, count in counts.remarks.most_common())
        yield f"{counted(counts.remarks.total(), 'remark')}: {kinds}"
    if len(counts.senders) == 1 and None not in counts.senders:
        only = ends[0 if "controller" in counts.senders else 1]
        yield f"Only the {only} was recorded, so missing answers are not reported."
    if counts.remarks[VERSION] * 2 > counts.frames:
        yield "Versions do not fit the sides: are the sides swapped, or are both on one line (--mixed)?"


def piece_json(piece: Piece, t: float | None, family: str, masked: Masked) -> dict[str, object]:
    """A piece as `decode --json` prints it; hidden bytes are dots in ``hex``."""
    line: dict[str, object] = {} if t is None else {"t": t}
    return line | {
        "offset": piece.offset,
        "length": len(piece.data),
        "kind": piece.kind,
        "reason": piece.reason,
        "family": family,
        "sender": piece.sender,
        "command": piece.command,
        "sub": piece.sub,
        "name": piece.name,
        "message": piece.message,
        "hex": masked.hex(),
        "masked": bool(masked.hidden),
    }


def _piece_text(decoded: DecodedPiece) -> str:
    piece = decoded.piece
    if piece.kind != "frame":
        return f"{piece.kind}: {piece.reason}  [{_short(decoded.masked)}]"
    number = piece.code
    text = decoded.text
    if piece.message is None and not text and len(piece.data) > 0:
        text = f"[{_short(decoded.masked)}]"
    return f"{piece.name or number}  {text}".rstrip()


def span_text(seconds: float) -> str:
    """``0.4 ms``, ``12 ms``, ``1.5 s``, ``15 s``."""
    if seconds < 1:
        return f"{seconds * 1000:.0f} ms" if seconds >= 0.01 else f"{seconds * 1000:.1f} ms"
    return f"{seconds:.1f} s" if seconds < 10 else f"{seconds:.0f} s"


def counted(count: int, what: str) -> str:
    """``1,204 frames``, ``1 frame``."""
    return f"{count:,} {what}{'' if count == 1 else 's'}"


def _short(masked: Masked) -> str:
    shown, size = masked.hex(" ", SHOWN), len(masked.data)
    return shown if size <= SHOWN else f"{shown} … {size - SHOWN} more"
