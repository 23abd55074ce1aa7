"""The fields of frames that are compared: one for each value of a frame, by the kind of frame that it stands in.

report, data point 19   00 00 02 a1   673          meter reading, import   67 ef 07 00 00 00   520039
"""

from collections.abc import Iterator, Sequence

import msgspec

from unclouded.app.decoding.conversation_reader import DecodedPiece
from unclouded.app.explaining.explained_frame import FrameExplainer
from unclouded.core.family import MASKED, Piece, Sender
from unclouded.core.frame_part import FramePart
from unclouded.core.model import Value

LONGEST = 1_024  # bytes of a field that are compared
REMEMBERED = 2_048  # frames whose fields are remembered; devices repeat themselves
LONGEST_REMEMBERED = 256  # bytes of one
LONGEST_TEXT = 64  # characters of a value that are kept
COMPARED = frozenset({"data", "value", "json", "sequence", "rest", "version"})


class FieldName(msgspec.Struct, frozen=True):
    """Which field it is. ``frame``: the name of its command. ``part``: the sub-device. ``wire``: "" = no data point.

    ``type``: how its value is encoded.
    """

    sender: Sender | None
    frame: str
    part: str
    label: str
    wire: str
    type: str


class FieldSample(msgspec.Struct, frozen=True):
    """A field in one frame. ``key``: of the point by the profile, with its reading and unit in ``reading``."""

    name: FieldName
    data: bytes
    value: Value | None
    key: str = ""
    reading: str = ""


class FrameSamples:
    """The fields of the frames of a recording."""

    def __init__(self, explainer: FrameExplainer) -> None:
        self._explainer = explainer
        self._remembered: dict[tuple[Sender | None, str, bytes], Sequence[FieldSample]] = {}

    def of(self, decoded: DecodedPiece, piece: Piece) -> Sequence[FieldSample]:
        """The fields of a frame; of one like an earlier one the same. ``piece``: before its secrets were hidden."""
        profile = decoded.names.profile
        key = (decoded.piece.sender, profile.name if profile is not None else "", piece.data)
        known = self._remembered.get(key)
        if known is None:
            known = tuple(samples_of(decoded.piece, self._explainer.parts(decoded, piece)))
            if len(self._remembered) >= REMEMBERED:
                self._remembered.clear()
            if len(piece.data) <= LONGEST_REMEMBERED:
                self._remembered[key] = known
        return known


def samples_of(piece: Piece, parts: Sequence[FramePart]) -> Iterator[FieldSample]:
    """The fields of a frame; those with secrets are left out. ``piece``: its secrets are hidden."""
    frame = frame_name(piece)
    for part in parts:
        if part.parts and part.parts[-1].kind == "value":
            yield from _sample(piece, frame, part.label, part.parts[-1])
            continue
        for inner in part.parts or (part,):
            if inner.kind in COMPARED:
                label = inner.label if not part.parts or inner.kind == "json" else f"{part.label}, {inner.label}"
                yield from _sample(piece, frame, label, inner)


def _sample(piece: Piece, frame: str, label: str, leaf: FramePart) -> Iterator[FieldSample]:
    if leaf.text == MASKED or (leaf.kind == "json" and not leaf.text):
        return  # a secret, or brackets
    name = FieldName(piece.sender, frame, piece.part, label, leaf.wire, leaf.type)
    point = leaf.points[0] if len(leaf.points) == 1 else None
    reading = "" if point is None or point.reading is None else f"{point.reading} {point.unit}".strip()
    key = ", ".join(point.key for point in leaf.points if point.key)
    data = piece.data[leaf.start : min(leaf.end, leaf.start + LONGEST)]
    yield FieldSample(name, data, short_value(leaf.value), key, reading)


def frame_name(piece: Piece) -> str:
    """The name of its command, or its number."""
    code = f"{piece.command:02x}" if isinstance(piece.command, int) else str(piece.command)
    return piece.name or (f"command {code}" if piece.sub is None else f"command {code}/{piece.sub:02x}")


def short_value(value: Value | None) -> Value | None:
    """The value; of a long text the beginning."""
    return f"{value[:LONGEST_TEXT]}…" if isinstance(value, str) and len(value) > LONGEST_TEXT else value
