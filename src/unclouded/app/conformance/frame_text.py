"""The wire entries of a check for people and machines: named, and with secrets hidden."""

from collections.abc import Sequence

import msgspec

from unclouded import families
from unclouded.conformance.check import CheckSuite
from unclouded.conformance.line import LineEntry
from unclouded.core.family import Dialect, Family, Piece, Sender
from unclouded.core.masking import Masker
from unclouded.recording.capture import CaptureLine


class FrameLine(msgspec.Struct, frozen=True, kw_only=True):
    """One entry. ``t``: seconds since the first one. ``hex``: two dots for each hidden byte. ``text``: what it is."""

    t: float
    sender: Sender
    hex: str
    text: str


def reading_of(suite: CheckSuite) -> Family | Dialect:
    """How the frames of a suite are decoded and blanked."""
    return families.family(suite.family).read_as(suite.dialect)


def frame_lines(suite: CheckSuite, entries: Sequence[LineEntry]) -> list[FrameLine]:
    """Each entry as a line of text."""
    reading, lines = reading_of(suite), []
    masker = Masker(reading)
    began = entries[0].at if entries else 0.0
    for entry in entries:
        decoder = reading.decoder(entry.sender)
        pieces = [*decoder.feed(entry.data), *decoder.close()]
        shown = " ".join(masker.mask(piece, entry.sender).hex(" ") for piece in pieces)
        text = _what(entry) or ", ".join(map(_name, pieces)) or entry.reason
        lines.append(FrameLine(t=round(entry.at - began, 6), sender=entry.sender, hex=shown, text=text))
    return lines


def _what(entry: LineEntry) -> str:
    """Of what is not bytes."""
    return f"connection {entry.connection}" if entry.connection else entry.failed


def _name(piece: Piece) -> str:
    if piece.kind == "noise":
        return f"noise: {piece.reason}"
    return piece.name or f"command {piece.command}"


def capture_lines(suite: CheckSuite, entries: Sequence[LineEntry]) -> list[CaptureLine]:
    """Each entry as a line of a capture, secrets blanked."""
    reading, began = reading_of(suite), entries[0].at if entries else 0.0
    lines = []
    for entry in entries:
        if not entry.data:
            continue
        data = reading.redact(entry.sender, entry.data)
        lines.append(CaptureLine(entry.at - began, entry.sender, data, entry.path, data != entry.data))
    return lines
