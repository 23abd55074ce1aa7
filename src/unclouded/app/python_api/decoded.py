"""Recordings and bytes as frames with their meaning, for other programs."""

import io
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import msgspec

from unclouded import families
from unclouded.app.decoding.conversation_reader import ConversationReader, DecodedPiece
from unclouded.app.decoding.input_chunks import PASTE, one_file
from unclouded.app.decoding.line_decoding import LineDecoding, decoding_of
from unclouded.core.errors import CommandError
from unclouded.core.family import Sender, checked_sender
from unclouded.core.model import NamedValue, Value


class RecordedPiece(msgspec.Struct, frozen=True, kw_only=True):
    """One frame of a recording, or one stretch of noise, its secrets hidden.

    ``time_s``: seconds since the recording began, None where it has no times. ``is_frame`` False: ``reason`` says why
    the bytes are noise. ``message``: the fields of the message (JSON types). ``values``: by the key of the point
    (``power_W``), of a known product, else by wire key. ``remarks``: what is irregular.
    """

    time_s: float | None
    data: bytes
    is_frame: bool
    reason: str
    sender: Sender | None
    name: str
    message: dict[str, Any]  # Any: JSON types, as each message has them
    values: dict[str, Any]  # Any: numbers, switches and texts
    text: str
    remarks: tuple[str, ...]


def decode(
    recording: bytes | str | Path, *, family: str = "", sender: Sender | None = None, profile: str = ""
) -> Iterator[RecordedPiece]:
    """Every frame and every stretch of noise of a recording, in the order in which it was sent.

    ``recording``: bytes of a wire, the text of a log, or the path (a ``Path``) of a file in any format that ``unclouded
    decode`` reads. ``family``, ``profile``: "" = found. ``sender``: of bytes whose side is not known. Raises, at once,
    CommandError (what cannot be read), ConfigError (no such family or profile), WireError (a format that is damaged).
    """
    checked_sender(sender)
    if family:
        families.family(family)
    source = one_file(_opened(recording), sender=sender, family=family)
    found = source.found
    if found.refused:
        raise CommandError(found.refused)
    if isinstance(recording, str) and recording.strip() and found.format == "unknown":
        raise CommandError(f"No bytes were found in this text. {PASTE} A file is named by pathlib.Path(…).")
    decoding = decoding_of(family or None, source)
    return _pieces(decoding, decoding.reader(profile or None))


def _pieces(decoding: LineDecoding, reader: ConversationReader) -> Iterator[RecordedPiece]:
    for timed in decoding.pieces():
        if (found := reader.read_timed(timed)) is not None:
            yield _frame(found)


def _opened(recording: bytes | str | Path) -> io.BytesIO:
    if not isinstance(recording, bytes | bytearray | memoryview | str | Path):
        raise CommandError(f"decode takes bytes, the text of a log or a Path, not {type(recording).__name__}.")
    if isinstance(recording, Path):
        try:
            return io.BytesIO(recording.read_bytes())
        except OSError as error:
            raise CommandError(f"{recording} cannot be read: {error.strerror}.") from None
    return io.BytesIO(recording.encode() if isinstance(recording, str) else recording)


def _frame(found: DecodedPiece) -> RecordedPiece:
    piece = found.piece
    named = found.values
    return RecordedPiece(
        time_s=found.t,
        data=piece.data,
        is_frame=piece.kind == "frame",
        reason=piece.reason,
        sender=piece.sender,
        name=(piece.name or piece.code) if piece.kind == "frame" else "",
        message=dict(piece.message or {}),
        values=dict(piece.values) if named is None else {one.key or one.id: _value(one) for one in named},
        text=found.text,
        remarks=tuple(one.words for one in found.comment.remarks),
    )


def _value(one: NamedValue) -> Value:
    return one.raw if one.reading is None else one.reading
