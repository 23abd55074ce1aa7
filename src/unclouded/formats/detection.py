"""Which format an input is: each that may fit reads a part of it, and whole frames in what was read decide.

score = 100·v + 30·g + 15·d + 5·t - 40·n

v  share of the bytes that are whole frames, by a scorer that knows the protocols
g  share of the lines that the grammar explains wholly
d  agreement of the directions in the text with those that the frames have, -1 to 1
t  share of the times that do not go back
n  share of the bytes that are noise
"""

from collections.abc import Callable, Sequence

import msgspec

from unclouded.formats.reading import FormatReading, InputFormat, Specificity
from unclouded.formats.registry import FORMATS
from unclouded.formats.source import InputSource

SAMPLES = (16_384, 262_144)  # characters that are read of a long input, until a frame is found in them
COMPLETE = 0.98  # share of the bytes
CLOSE = 5.0  # points between two readings that are both mentioned


class FrameScore(msgspec.Struct, frozen=True, kw_only=True):
    """Whole frames in a reading. ``share``: bytes in them, a frame that is unlikely weighs less; 0 to 1.

    ``noise``: the share of the bytes that are in none. ``whole``: the bytes of each likely frame. ``with_data``: how
    many of them hold more than the least. ``agreement``: see d above. ``protocol``: what they are, for people.
    """

    share: float = 0.0
    noise: float = 1.0
    whole: Sequence[bytes] = ()
    with_data: int = 0
    agreement: float = 0.0
    protocol: str = ""


NO_FRAMES = FrameScore()
Scorer = Callable[[FormatReading], FrameScore]


class FormatCandidate(msgspec.Struct, frozen=True, kw_only=True):
    """A format, what it read of the sample, and how well that fits."""

    format: InputFormat
    reading: FormatReading
    frames: FrameScore
    score: float

    @property
    def is_proven(self) -> bool:
        """Whether there are frames enough to believe it."""
        found = len(self.frames.whole)
        return found >= 2 or (found == 1 and (not self.format.is_doubtful or self.frames.with_data > 0))

    @property
    def is_complete(self) -> bool:
        """Whether every line is explained, and every byte but for a cut end is in a likely frame."""
        is_all = 0 < self.reading.lines <= self.reading.explained
        return is_all and self.is_proven and not self.format.is_doubtful and self.frames.share >= COMPLETE

    @property
    def is_named(self) -> bool:
        """Whether its grammar alone shows what it is, and at least one line of data fits."""
        return self.format.specificity >= Specificity.PROGRAM and bool(
            self.reading.data_lines or self.reading.contents or self.reading.refused
        )


class FormatChoice(msgspec.Struct, frozen=True, kw_only=True):
    """What an input is. ``best`` None: nothing fits. ``rival``: another reading with other frames, nearly as good.

    ``also``: further named programs in the same text. ``tried``: titles of what was tried. ``has_prose``: sentences of
    people stand around it, which the format does not know: it is read without them.
    """

    best: FormatCandidate | None = None
    rival: FormatCandidate | None = None
    also: Sequence[FormatCandidate] = ()
    tried: Sequence[str] = ()
    has_prose: bool = False


def detect(source: InputSource, scorer: Scorer, formats: Sequence[InputFormat] = FORMATS) -> FormatChoice:
    """The format of an input. Reads the beginning of a long one, more of it only where that holds no frame."""
    choice = FormatChoice()
    for limit in (*SAMPLES, len(source.data) + 1):
        part = source.head(limit)
        choice = _choice(source, part, scorer, formats)
        if (
            (choice.best is None or not choice.best.is_complete)
            and part.text
            and part.without_prose.filled < part.filled
        ):
            choice = _better(choice, _choice(source.without_prose, part.without_prose, scorer, formats))
        if choice.best is not None or part is source:
            break
    return choice


def read_as(source: InputSource, choice: FormatChoice) -> FormatReading:
    """The whole input, as it was chosen."""
    if choice.best is None:
        return FormatReading()
    source = source.without_prose if choice.has_prose else source
    readings = [one.format.read(source) for one in (choice.best, *choice.also)]
    return readings[0] if len(readings) == 1 else merged(readings)


def merged(readings: Sequence[FormatReading]) -> FormatReading:
    """Several programs in one text: their chunks in the order of lines."""
    first = readings[0]
    unread = set(first.unread).intersection(*(one.unread for one in readings))
    return FormatReading(
        chunks=sorted((chunk for one in readings for chunk in one.chunks), key=lambda chunk: chunk.line),
        contents=sorted((content for one in readings for content in one.contents), key=lambda content: content.line),
        lines=first.lines,
        explained=min(sum(one.explained for one in readings), first.lines),
        data_lines=sum(one.data_lines for one in readings),
        unread=sorted(unread),
        notes=list(dict.fromkeys(note for one in readings for note in one.notes)),
        started=min((one.started for one in readings if one.started is not None), default=None),
        stamps=sum(one.stamps for one in readings),
        backwards=sum(one.backwards for one in readings),
    )


# --- inside -------------------------------------------------------------------------------------------


def _choice(source: InputSource, part: InputSource, scorer: Scorer, formats: Sequence[InputFormat]) -> FormatChoice:
    certain = next((one for one in formats if one.specificity == Specificity.MAGIC and one.recognise(part)), None)
    likely = [one for one in formats if _may_be(one, part)] if certain is None else [certain]
    found = _candidates(source, part, scorer, likely)
    tried = [one.format.title for one in found if one.reading.chunks]
    usable = [one for one in found if one.is_proven or one.is_named or one.format is certain]
    ranked = sorted(_without_parts(usable), key=_rank, reverse=True)
    if not ranked:
        return FormatChoice(tried=tried)
    best, *others = ranked
    is_all = 0 < best.reading.lines <= best.reading.explained  # no line is left for another program
    also = [one for one in others if best.is_named and one.is_named and not is_all and _adds(best, one)]
    rival = next((one for one in others if one not in also and _is_rival(best, one)), None)
    if rival is not None and rival.format.specificity > best.format.specificity:
        best, rival = rival, best
    return FormatChoice(best=best, rival=rival, also=also, tried=tried)


def _better(whole: FormatChoice, bare: FormatChoice) -> FormatChoice:
    """The text, or the one without sentences, where that leaves nothing open, has more whole frames, or fits better."""
    first, second = (
        (0, 0.0) if one.best is None else (len(one.best.frames.whole), one.best.score) for one in (whole, bare)
    )
    if whole.best is not None and whole.best.is_named and first[0] >= second[0]:
        return whole  # lines of a named program may look like sentences
    is_complete = bare.best is not None and bare.best.is_complete
    return msgspec.structs.replace(bare, has_prose=True) if second[0] and (is_complete or second > first) else whole


def _candidates(
    source: InputSource, part: InputSource, scorer: Scorer, formats: Sequence[InputFormat]
) -> list[FormatCandidate]:
    """Those that may fit, the more specific ones first; behind one that leaves nothing open none is tried."""
    found: list[FormatCandidate] = []
    for format in sorted(formats, key=lambda one: -one.specificity):
        found.append(candidate(format, source if format.is_whole else part, scorer))
        if found[-1].is_complete:
            break
    return found


def _may_be(format: InputFormat, part: InputSource) -> bool:
    if format.specificity == Specificity.MAGIC or (part.text is None and not format.of_bytes):
        return False
    return format.recognise(part) > 0


def candidate(format: InputFormat, source: InputSource, scorer: Scorer) -> FormatCandidate:
    """The format, as it reads this."""
    reading = format.read(source)
    frames = scorer(reading) if reading.chunks else NO_FRAMES
    return FormatCandidate(format=format, reading=reading, frames=frames, score=_score(reading, frames))


def _score(reading: FormatReading, frames: FrameScore) -> float:
    explained = reading.explained / reading.lines if reading.lines else 0.0
    forward = 1 - reading.backwards / reading.stamps if reading.stamps else 0.0
    return (
        100 * frames.share + 30 * explained + 15 * frames.agreement + 5 * forward - 40 * frames.noise
        if reading.chunks
        else 30 * explained
    )


def _rank(candidate: FormatCandidate) -> tuple[bool, float, int]:
    return candidate.is_proven, round(candidate.score, 6), candidate.format.specificity


def _without_parts(usable: Sequence[FormatCandidate]) -> list[FormatCandidate]:
    """Without doubtful readings whose frames another reading has too."""
    others = [set(one.frames.whole) for one in usable if one.frames.whole and not one.format.is_doubtful]
    return [
        one
        for one in usable
        if not one.format.is_doubtful or not any(frames.issuperset(one.frames.whole) for frames in others)
    ]


def _is_rival(best: FormatCandidate, other: FormatCandidate) -> bool:
    is_close = best.score - other.score <= CLOSE and best.is_proven == other.is_proven
    return is_close and list(best.frames.whole) != list(other.frames.whole)


def _adds(best: FormatCandidate, other: FormatCandidate) -> bool:
    """Whether another program's lines are others than those of the best one."""
    lines = {chunk.line for chunk in best.reading.chunks} | {content.line for content in best.reading.contents}
    more = {chunk.line for chunk in other.reading.chunks} | {content.line for content in other.reading.contents}
    return bool(more) and not lines & more
