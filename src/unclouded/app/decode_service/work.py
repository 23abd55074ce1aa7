"""An input and what is wanted of it -> the answer, as JSON.

bytes ─► one_file ─► LineDecoding ─► every piece is counted ─► those from ``start`` are explained

All work is bounded: of pieces that are explained, of their parts, of the size of the answer, and of the time for
counting, after which the answer says that it is not complete.
"""

import re
from collections.abc import Callable, Iterable, Sequence
from io import BytesIO

import msgspec

from unclouded import families
from unclouded.app.cases.case_reading import capture_bytes
from unclouded.app.cases.draft import draft_case
from unclouded.app.decoding.conversation_reader import ConversationReader, DecodedPiece
from unclouded.app.decoding.input_chunks import OPTIONS, FoundInput, Input, InputContent, one_file
from unclouded.app.decoding.line_decoding import LineDecoding, decoding_of
from unclouded.app.decoding.pieces import TimedPiece
from unclouded.app.explaining.explained_frame import FrameExplainer
from unclouded.core.errors import CommandError
from unclouded.core.family import Sender
from unclouded.core.frame_part import FramePart, leaves
from unclouded.core.model import NamedValue
from unclouded.core.views.decoded import (
    LARGEST_INPUT,
    MOST_FRAMES,
    DecodeChoice,
    DecodeChoices,
    DecodeCounts,
    DecodedContent,
    DecodedFrame,
    DecodedRemark,
    DecodeFiles,
    DecodeOptions,
    DecodeView,
    ExplainedFrame,
    FamilyChoice,
    FoundFormat,
)
from unclouded.core.views.json_lines import encode
from unclouded.formats import registry
from unclouded.profiles import ProfileLibrary

COUNTING_S = 8.0  # s after which no more pieces are counted, once those that are wanted are explained
MOST_PARTS = 1_000  # of one frame
MOST_SIZE = 4_000_000  # bytes of the explained frames in one answer, about
PART_SIZE = 120  # bytes of one part, about
MOST_REMARKS = 200
MOST_CONTENTS = 200
MOST_UNREAD = 40  # numbers of lines
MOST_NOISE = 1_024  # bytes of a stretch of noise
LONGEST_TEXT = 4_000  # characters of the values of one frame
NAMED_BY_OPTION = re.compile(r" \(--input \w+\)")  # on the page it is chosen from a list
TITLES = {"raw": "raw bytes", "capture": "a capture"}  # of what is read without a format
SENDERS: dict[str, Sender] = {"controller": "controller", "device": "device"}


def answer(options: DecodeOptions, data: bytes, library: ProfileLibrary, clock: Callable[[], float]) -> bytes:
    """The answer. ``clock``: seconds. Raises CommandError, ConfigError and WireError."""
    if options.work == "choices":
        return encode(choices(library))
    decoding = decoding_for(options, data)
    match options.work:
        case "frames":
            return encode(_View(decoding, options, library, clock).view())
        case "capture":
            return encode(DecodeFiles(capture=_capture(decoding)))
        case "case":
            draft = draft_case(decoding, list(decoding.pieces()), options.name, options.profile)
            return encode(DecodeFiles(capture=draft.capture.decode(), entry=draft.entry))


def decoding_for(options: DecodeOptions, data: bytes) -> LineDecoding:
    """The input as the options want it read. Raises CommandError, ConfigError and WireError."""
    if options.profile.endswith(".toml"):
        raise CommandError("The page names values by the profiles of this hub, not by a file.")
    if options.family:
        families.family(options.family)  # raises ConfigError that names the known ones
    source = one_file(BytesIO(data), options.input or "auto", SENDERS.get(options.sender), False, options.family)
    return decoding_of(options.family or None, source, options.dialect or None)


def choices(library: ProfileLibrary) -> DecodeChoices:
    """What may be chosen for an input."""
    formats = {**TITLES, **{one.name: one.title for one in registry.FORMATS if one.group != "refused"}}
    profiles = [library.get(name) for name in library.names()]
    return DecodeChoices(
        formats=[DecodeChoice(name=name, title=title) for name, title in formats.items()],
        families=[
            FamilyChoice(
                name=one.name,
                title=one.words.partition(":")[0],
                ends=one.ends,
                dialects=[DecodeChoice(name=name, title=dialect.words) for name, dialect in one.dialects.items()],
                profiles=[DecodeChoice(name=it.name, title=it.title) for it in profiles if it.family == one.name],
            )
            for one in map(families.family, families.NAMES)
        ],
        most_bytes=LARGEST_INPUT,
    )


def _capture(decoding: LineDecoding) -> str:
    """Raises CommandError where there is nothing to write."""
    pieces = list(decoding.pieces())
    if not pieces:
        raise CommandError("The input holds no bytes of a line, so there is nothing to write into a capture.")
    return capture_bytes(decoding, pieces).decode()


class _View:
    """Reads all pieces of an input, explains some."""

    def __init__(
        self, decoding: LineDecoding, options: DecodeOptions, library: ProfileLibrary, clock: Callable[[], float]
    ) -> None:
        self._decoding = decoding
        self._start = max(options.start, 0)
        self._end = self._start + min(max(options.limit, 1), MOST_FRAMES)
        self._profile = options.profile
        self._reader = decoding.reader(options.profile or None, library=library)
        self._explainers = {
            one.name: FrameExplainer(one, decoding.dialect if one is decoding.family else "")
            for one in (decoding.family, *decoding.others)
        }
        self._clock = clock
        self._stop_at = clock() + COUNTING_S
        self._size = 0
        self._frames: list[DecodedFrame] = []
        self._remarks: list[DecodedRemark] = []
        self._pieces = 0
        self._is_complete = True

    def view(self) -> DecodeView:
        decoding = self._decoding
        contents = [_content(self._reader, one) for one in decoding.source.contents[:MOST_CONTENTS]]
        self._read(decoding.pieces())
        found = decoding.source.families
        return DecodeView(
            format=_format(decoding.source),
            family=decoding.family.name if found or self._reader.counts.frames else "",
            dialect=decoding.dialect,
            detected=decoding.detected,
            others=[one.name for one in decoding.others],
            ordered=decoding.source.ordered,
            profile=self._profile or self._reader.picked_profile,
            counts=self._counts(),
            start=self._start,
            frames=self._frames,
            remarks=self._remarks,
            contents=contents,
            more_contents=len(decoding.source.contents) - len(contents),
            report=self._reader.report.fields() if self._reader.report is not None else {},
        )

    # --- inside --------------------------------------------------------------------------------

    def _read(self, pieces: Iterable[TimedPiece]) -> None:
        for timed in pieces:
            decoded = self._reader.read_timed(timed)
            if decoded is None:
                continue
            self._remark(decoded)
            if self._start <= self._pieces < self._end:
                self._explain(decoded, timed)
            self._pieces += 1
            if self._pieces >= self._end and self._clock() > self._stop_at:
                self._is_complete = False
                return

    def _explain(self, decoded: DecodedPiece, timed: TimedPiece) -> None:
        explainer = self._explainers[decoded.family or self._decoding.family.name]
        frame = _decoded_frame(explainer.explain(decoded, timed.piece), decoded, self._pieces)
        self._size += len(frame.hex) + PART_SIZE * _count(frame.parts)
        if self._frames and self._size > MOST_SIZE:
            self._end = self._pieces
        else:
            self._frames.append(frame)

    def _remark(self, decoded: DecodedPiece) -> None:
        piece = decoded.piece
        for remark in decoded.comment.remarks:
            if len(self._remarks) < MOST_REMARKS:
                self._remarks.append(
                    DecodedRemark(
                        index=self._pieces,
                        t=decoded.t,
                        offset=piece.offset,
                        sender=piece.sender,
                        name=piece.name,
                        kind=remark.kind,
                        text=remark.words,
                    )
                )

    def _counts(self) -> DecodeCounts:
        counts = self._reader.counts
        return DecodeCounts(
            pieces=self._pieces,
            frames=counts.frames,
            noise_bytes=counts.noise_bytes,
            cut_bytes=counts.cut_bytes,
            rebuilt=counts.rebuilt,
            remarks=dict(counts.remarks.most_common()),
            senders=[sender for sender in SENDERS.values() if sender in counts.senders],
            is_complete=self._is_complete,
        )


def _decoded_frame(frame: ExplainedFrame, decoded: DecodedPiece, index: int) -> DecodedFrame:
    """With what is shown of it: of noise the first bytes, of everything so many parts."""
    most = frame.length if frame.kind == "frame" else MOST_NOISE
    parts, more = _some([_cut(part, most) for part in frame.parts if part.start < most])
    more += _count(part for part in frame.parts if part.start >= most)
    text = frame.text if len(frame.text) <= LONGEST_TEXT else f"{frame.text[:LONGEST_TEXT]}…"
    fields = {**msgspec.structs.asdict(frame), "parts": parts, "text": text, "hex": frame.hex[: 2 * most]}
    return DecodedFrame(**fields, index=index, line=decoded.line, rebuilt=decoded.is_rebuilt, more_parts=more)


def _cut(part: FramePart, end: int) -> FramePart:
    """A part that ends there; of what it consists of, the parts before."""
    if part.end <= end:
        return part
    inner = tuple(_cut(one, end) for one in part.parts if one.start < end)
    return msgspec.structs.replace(part, end=end, parts=inner)


def _some(parts: Sequence[FramePart]) -> tuple[Sequence[FramePart], int]:
    """The first parts, and how many are left out. A part stays whole unless it has too many by itself."""
    kept: list[FramePart] = []
    room = MOST_PARTS
    for number, part in enumerate(parts):
        size = _count((part,))
        if size > room:
            return kept, sum(_count((one,)) for one in parts[number:])
        kept.append(part)
        room -= size
    return kept, 0


def _count(parts: Iterable[FramePart]) -> int:
    return sum(1 for _ in leaves(parts))


def _content(reader: ConversationReader, content: InputContent) -> DecodedContent:
    points = reader.points_of(content.fields) if content.kind == "values" else None
    text = encode(content.fields).decode() if points is None else ", ".join(map(_point_text, points))
    return DecodedContent(
        t=content.t, line=content.line, sender=content.sender, kind=content.kind, text=text[:LONGEST_TEXT]
    )


def _point_text(named: NamedValue) -> str:
    """``power_W 67.3 W``; the value on the wire where no profile names it."""
    value = named.raw if named.reading is None else named.reading
    return f"{named.key or named.id} {encode(value).decode()} {named.unit}".rstrip()


def _format(source: Input) -> FoundFormat:
    found: FoundInput = source.found
    return FoundFormat(
        name=found.format,
        title=found.title,
        sure=found.sure,
        lines=found.lines,
        explained=found.explained,
        unread=found.unread[:MOST_UNREAD],
        more_unread=max(len(found.unread) - MOST_UNREAD, 0),
        notes=[NAMED_BY_OPTION.sub("", note) for note in found.notes],
        refused=found.refused,
        hint=found.hint.replace(OPTIONS, ""),
    )
