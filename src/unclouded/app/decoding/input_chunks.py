"""The input of a decoding: anything that people record or paste, or two taps of one line -> chunks in order of time.

one file     raw bytes and captures are read as they come; any other format is found, and read as a whole
mixed        one line that carries both sides: the senders are found out
two taps     one file per side; two captures are merged by their clocks, anything else has no order
"""

import re
from collections.abc import Iterable, Iterator, Mapping, Sequence
from heapq import merge
from itertools import chain
from typing import IO

import msgspec

from unclouded import families
from unclouded.app.decoding.frame_scoring import FrameScorer, LineEvidence, sign_of
from unclouded.app.decoding.other_families import with_other_families
from unclouded.app.decoding.pieces import pieces_of
from unclouded.core.errors import CommandError
from unclouded.core.family import Sender
from unclouded.core.views.decoded import Sure
from unclouded.formats import detection, registry, several
from unclouded.formats.chunk import InputChunk
from unclouded.formats.chunk import InputContent as InputContent  # noqa: PLC0414  # the command line prints it
from unclouded.formats.detection import FormatCandidate, FormatChoice
from unclouded.formats.lan_packets import ADVICE, LanFilter
from unclouded.formats.reading import FormatReading, InputFormat, Specificity
from unclouded.formats.several import DocumentPart
from unclouded.formats.source import InputSource
from unclouded.formats.text.digits import NO_SEPARATORS
from unclouded.formats.text.runs import looks_like_data
from unclouded.recording import capture
from unclouded.recording.line_monitor import GAP_S

CHUNK = 65_536  # bytes at the beginning that show what it is
READ = 524_288  # bytes read at once behind them: measured, fewer and more take longer
TEXT_GAP_S = 2.0  # s of silence that end a frame in a log: its times are those of printing
CERTAIN = 3  # whole frames
FITS = 0.9  # share of the lines that a format must explain, where there is no frame
NO_FRAMES = "The input was read as {}, and holds no whole frame of a known protocol."
PASTE = (
    "Paste the bytes in hex (55 aa 03 07 …), a log of ESPHome, Tasmota or OpenBeken with its times and directions, or "
    "the table that a logic analyser exports."
)
OPTIONS = " --input names the format, --family the protocol."
NOT_HEX = re.compile(r"[^0-9A-Fa-f\s:;,._|-]")
NAMED = ("raw", "capture")  # what is read here
FORMS = ("auto", *NAMED, *(name for name in registry.GROUPS if name != "raw"))


class FoundInput(msgspec.Struct, frozen=True, kw_only=True):
    """What an input was found to be, for people and tools. ``sure``: "certain", "likely", "unsure" or "nothing".

    ``unread``: numbers of the lines that are not understood. ``notes``: what the user should know of the input.
    ``refused``: why it is not read, and what to export instead. ``hint``: of an input that held nothing, what to do.
    """

    format: str = "raw"
    title: str = "raw bytes"
    sure: Sure = "certain"
    lines: int = 0
    explained: int = 0
    unread: Sequence[int] = ()
    notes: Sequence[str] = ()
    refused: str = ""
    hint: str = ""


class Input(msgspec.Struct, frozen=True, kw_only=True):
    """``chunks``: in the order of time, where ``ordered``. ``is_long``: more than one read. ``gap_s``: ends a frame.

    ``families``: those found in it, the first one with most bytes.
    ``contents``: values and messages without frames. ``began``: Unix seconds at which it began, of captures.
    """

    chunks: Iterator[InputChunk]
    ordered: bool
    is_long: bool = False
    gap_s: float = GAP_S
    families: Sequence[str] = ()
    contents: Sequence[InputContent] = ()
    found: FoundInput = FoundInput()
    began: float | None = None


def one_file(
    file: IO[bytes], form: str = "auto", sender: Sender | None = None, mixed: bool = False, family: str = ""
) -> Input:
    """One recording; ``mixed``: the senders that it names are ignored. ``form``: a format or a group of them.

    ``sender``: of bytes whose side is not named. ``family``: "" = found. Raises CommandError, WireError.
    """
    head = file.read(CHUNK)
    pieces = chain([head], iter(lambda: file.read(READ), b""))
    is_long = len(head) >= CHUNK
    scorer = FrameScorer((family,) if family else ())
    if form == "capture" or (form == "auto" and capture.sniff(head)):
        return _capture(pieces, mixed, is_long, scorer)
    if form == "raw" or (form == "auto" and _is_raw(head)):
        return _raw(pieces, head, sender, is_long, scorer)
    return _text(b"".join(pieces), form, sender, mixed, scorer)


def two_taps(module: IO[bytes], mcu: IO[bytes], form: str = "auto", family: str = "") -> Input:
    """Two recordings of one line, one per side. Raises CommandError, WireError."""
    taps = [_tap(module, form, "controller", family), _tap(mcu, form, "device", family)]
    is_long = any(tap.source.is_long for tap in taps)
    began = [tap.began for tap in taps if tap.began is not None]
    names = list(dict.fromkeys(name for tap in taps for name in tap.source.families))
    if len(began) < len(taps):
        chunks = chain(*(_untimed(tap.source.chunks) for tap in taps))
        return Input(chunks=chunks, ordered=False, is_long=is_long, families=names)
    first = min(began)
    moved = [_later(tap.source.chunks, start - first) for start, tap in zip(began, taps, strict=True)]
    merged = merge(*moved, key=lambda chunk: chunk.t or 0.0)
    return Input(chunks=merged, ordered=True, is_long=is_long, families=names)


# --- one input ----------------------------------------------------------------------------------------


def _is_raw(head: bytes) -> bool:
    """Whether the bytes are not text and begin no format of their own."""
    source = InputSource(head)
    known = (one for one in registry.FORMATS if one.specificity == Specificity.MAGIC)
    return source.text is None and not any(one.recognise(source) for one in known)


def _capture(pieces: Iterable[bytes], mixed: bool, is_long: bool, scorer: FrameScorer) -> Input:
    reader = capture.CaptureReader(_lines(pieces))
    lines = (InputChunk(line.t, None if mixed else line.sender, line.data) for line in reader)
    names = [reader.header.family] if reader.header.family else []
    seen: list[InputChunk] = []
    if not names:
        seen = _first(lines)
        names = [one.family for one in scorer.evidence(seen).found]
    found = FoundInput(format="capture", title="a capture")
    return Input(
        chunks=chain(seen, lines),
        ordered=True,
        is_long=is_long,
        families=names,
        found=found,
        began=reader.header.started_at,
    )


def _first(chunks: Iterator[InputChunk]) -> list[InputChunk]:
    seen, size = [], 0
    for chunk in chunks:
        seen.append(chunk)
        size += len(chunk.data)
        if size >= CHUNK:
            break
    return seen


def _raw(pieces: Iterable[bytes], head: bytes, sender: Sender | None, is_long: bool, scorer: FrameScorer) -> Input:
    first = registry.named("raw")[0].read(InputSource(head))
    evidence = scorer.evidence(first.chunks)
    rest = iter(pieces)
    next(rest, None)
    begin = (chunk.data for chunk in first.chunks)
    chunks: Iterator[InputChunk] = (InputChunk(None, sender, piece) for piece in chain(begin, rest) if piece)
    found = FoundInput(notes=first.notes, sure=_sure(evidence, None))
    lan = LanFilter()
    list(lan.chunks(first.chunks))
    if lan.count:  # a stream carries such packets from its beginning on
        chunks = LanFilter().chunks(chunks)
    return Input(
        chunks=chunks,
        ordered=sender is None,
        is_long=is_long,
        families=[one.family for one in evidence.found],
        found=_with_lan(found, lan.count, evidence),
    )


def _text(data: bytes, form: str, sender: Sender | None, mixed: bool, scorer: FrameScorer) -> Input:
    source = InputSource(data)
    formats = registry.FORMATS if form == "auto" else registry.named(form)
    if not formats:
        raise CommandError(f"There is no format {form!r}. There are: {', '.join(FORMS)}.")
    choice = detection.detect(source, scorer, formats)
    cutter = several.DocumentCutter(scorer, lambda reading: _frames(reading, scorer))
    parts = cutter.parts(source, choice) if form == "auto" else []
    if len(parts) > 1:
        return _several(source, parts, scorer, sender, mixed)
    if parts and choice.best is None:
        choice = parts[0].choice  # what is around it is left out
    best = choice.best or _fallback(source, form, formats, scorer)
    if best is None:
        return Input(chunks=iter(()), ordered=True, found=_nothing(source, choice))
    reading = detection.read_as(source, msgspec.structs.replace(choice, best=best))
    return _input(reading, best, choice, scorer, sender, mixed)


def _input(
    reading: FormatReading,
    best: FormatCandidate,
    choice: FormatChoice,
    scorer: FrameScorer,
    sender: Sender | None,
    mixed: bool,
) -> Input:
    evidence = scorer.evidence(reading.chunks)
    lan = LanFilter()
    chunks = _without_prose(list(lan.chunks(reading.chunks)), evidence)
    found = _found(reading, best, choice, evidence)
    return Input(
        chunks=_sided(chunks, evidence.sides, sender, mixed),
        ordered=True,
        is_long=reading.size >= CHUNK,
        gap_s=TEXT_GAP_S,
        families=[one.family for one in evidence.found],
        contents=reading.contents,
        found=_with_lan(found, lan.count, evidence),
    )


def _frames(reading: FormatReading, scorer: FrameScorer) -> list[bytes]:
    """Every frame in what a format read."""
    known = [families.family(one.family) for one in scorer.evidence(reading.chunks).found]
    if not known:
        return []
    pieces = pieces_of(known[0].decoder, reading.chunks, gap_s=TEXT_GAP_S)
    found = with_other_families(pieces, known[1:])
    return [one.piece.data for one in found if one.piece.kind == "frame"]


def _several(
    source: InputSource, parts: Sequence[DocumentPart], scorer: FrameScorer, sender: Sender | None, mixed: bool
) -> Input:
    """The documents of a text one behind the other, each with its own sides; times go on."""
    inputs = [
        _input(one.reading, best, one.choice, scorer, sender, mixed) for one in parts if (best := one.choice.best)
    ]
    chunks: list[InputChunk] = []
    for part, one in zip(parts, inputs, strict=True):
        chunks += several.moved(list(one.chunks), part.first - 1, several.last_time(chunks))
    return Input(
        chunks=iter(chunks),
        ordered=True,
        gap_s=TEXT_GAP_S,
        families=list(dict.fromkeys(name for one in inputs for name in one.families)),
        contents=[
            msgspec.structs.replace(content, line=content.line + part.first - 1)
            for part, one in zip(parts, inputs, strict=True)
            for content in one.contents
        ],
        found=_found_several(source, parts, [one.found for one in inputs]),
    )


def _found_several(source: InputSource, parts: Sequence[DocumentPart], found: Sequence[FoundInput]) -> FoundInput:
    largest = max(range(len(parts)), key=lambda at: len(parts[at].frames))
    where = [f"{one.title} from line {part.first}" for part, one in zip(parts, found, strict=True)]
    unread = {number + part.first - 1 for part, one in zip(parts, found, strict=True) for number in one.unread}
    return FoundInput(
        format=found[largest].format,
        title=" and ".join(dict.fromkeys(one.title for one in found)),
        sure="certain" if all(one.sure == "certain" for one in found) else "likely",
        lines=source.filled,
        explained=sum(one.explained for one in found),
        unread=sorted(unread),
        notes=[f"it is several documents: {', '.join(where)}", *(note for one in found for note in one.notes)],
        hint=found[largest].hint,
    )


def _without_prose(chunks: Iterable[InputChunk], evidence: LineEvidence) -> Iterator[InputChunk]:
    """Without bytes among words in which there is no frame, whole or not, of the families that were found."""
    signs = [sign_of(one.family) for one in evidence.found]
    return (one for one in chunks if one.mark != "prose" or any(sign in one.data for sign in signs))


def _sided(
    chunks: Iterable[InputChunk], sides: Mapping[str, Sender | None], sender: Sender | None, mixed: bool
) -> Iterator[InputChunk]:
    """The chunks with the side that is named, that the caller gives, or that the frames of the lane show."""
    for chunk in chunks:
        side = None if mixed else chunk.sender or sender or sides.get(chunk.lane)
        yield chunk if side == chunk.sender else msgspec.structs.replace(chunk, sender=side)


def _fallback(
    source: InputSource, form: str, formats: Sequence[InputFormat], scorer: FrameScorer
) -> FormatCandidate | None:
    """Without whole frames: the format that the user names, or the one that explains nearly every line."""
    if form == "hex":
        check_hex(source)
    likely = [one for one in formats if one.of_bytes < (source.text is not None) and one.recognise(source) > 0]
    tried = [detection.candidate(one, source, scorer) for one in likely or (formats if form != "auto" else ())]
    if form == "auto":
        tried = [one for one in tried if one.reading.chunks and one.reading.explained >= FITS * one.reading.lines > 0]
    return max(tried, key=lambda one: (one.score, one.format.specificity), default=None)


def check_hex(source: InputSource) -> None:
    """Raises CommandError that names the line and the column of what is not hex."""
    for number, line in enumerate(source.lines, 1):
        wrong = NOT_HEX.search(line)
        if wrong is not None:
            raise CommandError(
                f"Line {number}, column {wrong.start() + 1}: this is not hex. Name the format by --input."
            )
    if len("".join(source.lines).translate(NO_SEPARATORS)) % 2:
        last = source.lines[-1].rstrip()
        raise CommandError(
            f"Line {len(source.lines)}, column {len(last)}: the input is not whole bytes in hex; half a byte is left."
        )


# --- what was found -----------------------------------------------------------------------------------


def _found(reading: FormatReading, best: FormatCandidate, choice: FormatChoice, evidence: LineEvidence) -> FoundInput:
    notes = list(reading.notes)
    if choice.rival is not None:
        notes.append(f"it may be {choice.rival.format.title} as well (--input {choice.rival.format.name})")
    if choice.also:
        notes.append(f"there is also {', '.join(one.format.title for one in choice.also)} in it")
    return FoundInput(
        format=best.format.name,
        title=best.format.title,
        sure=_sure(evidence, choice),
        lines=reading.lines,
        explained=reading.explained,
        unread=reading.unread,
        notes=notes,
        refused=reading.refused.advice if reading.refused is not None else "",
        hint="" if evidence.found else NO_FRAMES.format(best.format.title),
    )


def _sure(evidence: LineEvidence, choice: FormatChoice | None) -> Sure:
    if choice is not None and choice.rival is not None:
        return "unsure"
    whole = sum(len(one.whole) for one in evidence.found)
    if whole >= CERTAIN or (choice is not None and choice.best is not None and choice.best.is_named):
        return "certain"
    return "likely" if whole else "nothing"


def _with_lan(found: FoundInput, count: int, evidence: LineEvidence) -> FoundInput:
    """``count``: packets of Tuya's protocol on the local network."""
    if not count:
        return found
    if any(one.whole for one in evidence.found):
        note = f"{count} packets of Tuya's protocol on the local network are left out"
        return msgspec.structs.replace(found, notes=[*found.notes, note])
    return msgspec.structs.replace(found, refused=ADVICE, sure="certain")


def _nothing(source: InputSource, choice: FormatChoice) -> FoundInput:
    """What to say of a text in which there is nothing."""
    if not (source.text or "").strip():
        return FoundInput(format="empty", title="empty", sure="nothing", hint=f"The input is empty. {PASTE}{OPTIONS}")
    first = next((number for number, line in enumerate(source.lines, 1) if looks_like_data(line)), 0)
    looked = f"text; the first line that looks like data is line {first}" if first else "text without bytes in it"
    tried = f" Read as {', '.join(choice.tried)}, it holds no whole frame." if choice.tried else ""
    return FoundInput(
        format="unknown",
        title="text",
        sure="nothing",
        lines=source.filled,
        hint=f"The input looks like {looked}.{tried} {PASTE}{OPTIONS}",
    )


# --- two taps -----------------------------------------------------------------------------------------


class InputSide(msgspec.Struct, frozen=True, kw_only=True):
    """The recording of one side. ``began``: Unix seconds; None = not known."""

    source: Input
    began: float | None = None


def _tap(file: IO[bytes], form: str, sender: Sender, family: str) -> InputSide:
    source = one_file(file, form, None, False, family)
    chunks = (InputChunk(chunk.t, sender, chunk.data) for chunk in source.chunks)
    return InputSide(source=msgspec.structs.replace(source, chunks=chunks), began=source.began)


def _lines(pieces: Iterable[bytes]) -> Iterator[bytes]:
    rest = b""
    for piece in pieces:
        *lines, rest = (rest + piece).split(b"\n")
        yield from lines
    if rest:
        yield rest


def _later(chunks: Iterable[InputChunk], by: float) -> Iterator[InputChunk]:
    return (InputChunk(round((chunk.t or 0.0) + by, 6), chunk.sender, chunk.data) for chunk in chunks)


def _untimed(chunks: Iterable[InputChunk]) -> Iterator[InputChunk]:
    return (InputChunk(None, chunk.sender, chunk.data) for chunk in chunks)
