"""A recording -> what is in it, on the same path as `decode` and `replay`: detection, frames, readings, notices.

bytes ─► one_file ─► LineDecoding ─► pieces ─┬─► frames, noise, commands, remarks
                                             └─► capture lines ─► CaptureReplay ─► readings, notices
"""

import json
from collections import Counter
from collections.abc import Iterable, Iterator, Mapping, Sequence
from io import BytesIO

import msgspec
from msgspec.structs import replace

from unclouded.app.cases.recorded_case import ExpectedPoint, ExpectedResult
from unclouded.app.decoding.conversation_reader import ConversationReader
from unclouded.app.decoding.input_chunks import Input, one_file
from unclouded.app.decoding.line_decoding import LineDecoding, decoding_of
from unclouded.app.decoding.pieces import TimedPiece
from unclouded.app.recording.capture_replay import CaptureReplay
from unclouded.core.family import Family, Piece
from unclouded.core.model import Notice, Reading, Value, unit_of
from unclouded.recording.capture import CaptureLine, header_bytes, line_bytes

DEVICE = "device"  # the id of the device in readings, which are named without it
STARTED = 1_795_176_000.0  # Unix seconds (2026-11-20T12:00:00Z) at which an input without a date begins
STEP_S = 1.0  # s between frames whose times are not known
MOST_VALUES = 20  # of a point that are listed, the newest
MOST_FRAMES = 40  # that are listed with their bytes


class CaseResult(msgspec.Struct, frozen=True, kw_only=True):
    """What was found in a recording. ``family`` "": none."""

    format: str
    family: str
    dialect: str
    result: ExpectedResult


def read_case(data: bytes, profile: str = "") -> CaseResult:
    """What is in a recording. ``profile``: a name or a TOML file. Raises CommandError, ConfigError and WireError."""
    decoding = decoding_of(None, one_file(BytesIO(data)))
    pieces = list(decoding.pieces())
    source = decoding.source
    is_known = bool(source.families or source.contents)
    return CaseResult(
        format=source.found.format,
        family=decoding.family.name if source.families else "",
        dialect=decoding.dialect if is_known and source.families else "",
        result=_result(decoding, pieces, profile),
    )


def with_senders(pieces: Iterable[TimedPiece], reader: ConversationReader) -> Iterator[TimedPiece]:
    """The pieces, with the senders that the conversation shows where one line carries both sides."""
    for one in pieces:
        found = reader.read_timed(one)
        yield one if found is None else replace(one, piece=replace(found.piece, data=one.piece.data))


def capture_lines(decoding: LineDecoding, pieces: Iterable[TimedPiece]) -> Iterator[CaptureLine]:
    """The pieces as lines of a capture, their secrets blanked; STEP_S apart where no times are known."""
    redact = decoding.reading.redact
    t = -STEP_S
    for one in pieces:
        t = t + STEP_S if one.at is None else max(one.at, t)
        piece = one.piece
        data = redact(piece.sender, piece.data)
        yield CaptureLine(t, piece.sender or "device", data, redacted=data != piece.data)


def capture_bytes(decoding: LineDecoding, pieces: Iterable[TimedPiece]) -> bytes:
    """The pieces as a capture, their secrets blanked."""
    family, began = decoding.family, decoding.source.began
    head = header_bytes(family.name, STARTED if began is None else began)
    rows = (line_bytes(line, as_text=family.capture_as == "text") for line in capture_lines(decoding, pieces))
    return b"".join(row + b"\n" for row in (head, *rows))


def point_values(readings: Iterable[Reading]) -> dict[str, ExpectedPoint]:
    """The values of each point of the device DEVICE and of its sub-devices, by ``point`` and ``part/point``."""
    found: dict[str, list[Reading]] = {}
    for one in readings:
        part = one.device.removeprefix(DEVICE).removeprefix("_")
        found.setdefault(f"{part}/{one.point}" if part else one.point, []).append(one)
    return {name: _point(values) for name, values in sorted(found.items())}


# --- inside -------------------------------------------------------------------------------------------


def _result(decoding: LineDecoding, pieces: Sequence[TimedPiece], profile: str) -> ExpectedResult:
    reader = decoding.reader(profile or None)
    pieces = list(with_senders(pieces, reader))
    frames = [one for one in pieces if one.piece.kind == "frame"]
    kinds = Counter(one.piece.kind for one in pieces)
    readings, notices = _replayed(decoding, pieces, profile) if frames else ({}, ())
    return ExpectedResult(
        frame_count=len(frames),
        noise_bytes=reader.counts.noise_bytes,
        noise_count=kinds["noise"],
        cut_count=kinds["cut"],
        rebuilt_count=reader.counts.rebuilt,
        frames=tuple(frame_texts(decoding.family, frames)) if len(frames) <= MOST_FRAMES else (),
        commands=dict(sorted(Counter(_name(one.piece) for one in frames).items())),
        remarks=dict(sorted(reader.counts.remarks.items())),
        values=_values(decoding.source),
        messages=tuple(_messages(decoding.source)),
        refused=not frames and not decoding.source.contents,
        readings=readings,
        notices=notices,
    )


def frame_texts(family: Family, frames: Iterable[TimedPiece]) -> Iterator[str]:
    """``0.012 device 55aa…`` of each frame; text of protocols that are text."""
    first = None
    for one in frames:
        if first is None:
            first = one.t
        time = "-" if one.t is None else f"{one.t - (first or 0.0):.3f}"
        yield f"{time} {one.piece.sender or '-'} {_data_text(family, one.piece.data)}"


def _data_text(family: Family, data: bytes) -> str:
    """JSON without white space, other text as it is; else hex."""
    if family.capture_as != "text" or not data.isascii():
        return data.hex()
    try:
        return json.dumps(json.loads(data), separators=(",", ":"))
    except ValueError:
        return data.decode()


def _name(piece: Piece) -> str:
    """The name of its command, or its number in hex."""
    return piece.name or (f"{piece.command:02x}" if isinstance(piece.command, int) else str(piece.command))


def _values(source: Input) -> Mapping[str, Value]:
    fields = (one.fields for one in source.contents if one.kind == "values")
    return {key: value for one in fields for key, value in one.items()}


def _messages(source: Input) -> Iterator[str]:
    for one in source.contents:
        if one.kind == "message":
            yield f"{one.fields.get('method')} {one.fields.get('namespace')}"


def _replayed(
    decoding: LineDecoding, pieces: Sequence[TimedPiece], profile: str
) -> tuple[dict[str, ExpectedPoint], tuple[str, ...]]:
    """What `replay` finds: the values of each point, and notices as ``kind: text``."""
    if decoding.family.controller is None:
        return {}, ()
    lines = capture_bytes(decoding, pieces).splitlines()
    facts = list(CaptureReplay(lines, profile or None, DEVICE).facts())
    notices = (f"{fact.kind}: {fact.words}" for fact in facts if isinstance(fact, Notice))
    return point_values(fact for fact in facts if isinstance(fact, Reading)), tuple(notices)


def _point(readings: Sequence[Reading]) -> ExpectedPoint:
    values: list[Value] = []
    for one in readings:
        if not values or (type(one.value), one.value) != (type(values[-1]), values[-1]):
            values.append(one.value)
    newest = readings[-1]
    return ExpectedPoint(unit=unit_of(newest.point), values=tuple(values[-MOST_VALUES:]), quality=newest.quality)
