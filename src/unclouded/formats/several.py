"""Several documents in one text, one behind the other: each is found and read by itself.

    0000000   U 252 003  \\0 …          od -c
    0000010
    uart-1: 55                          sigrok
    uart-1: AA

A text is cut where that gives more frames: at blank lines, and where lines of another shape begin.
"""

import re
from collections.abc import Callable, Sequence
from itertools import islice, pairwise

import msgspec

from unclouded.formats.chunk import InputChunk
from unclouded.formats.detection import FormatChoice, Scorer, detect, read_as
from unclouded.formats.reading import FormatReading, Specificity
from unclouded.formats.source import InputSource

LONGEST = 32_768  # characters of a text that is cut
MOST_PLACES = 16  # where a text is tried to be cut
MOST_CUTS = 3
AHEAD = 20  # lines in which a shape does not come back, or was not before
SHAPE = 3  # kinds of characters at the beginning of a line
KINDS = re.compile(r"(?P<hex>[0-9A-Fa-f]+)|(?P<letters>[^\W\d_]+)|(?P<blank>\s+)|(?P<sign>.)")
Frames = Callable[[FormatReading], Sequence[bytes]]


class DocumentPart(msgspec.Struct, frozen=True, kw_only=True):
    """A document in a text. ``first``: the number of its first line. ``frames``: those that are decoded from it."""

    first: int
    source: InputSource
    choice: FormatChoice
    reading: FormatReading
    frames: Sequence[bytes]

    @property
    def is_filled(self) -> bool:
        return bool(self.frames or self.reading.contents)

    @property
    def is_settled(self) -> bool:
        """Whether it has an end of its own."""
        best = self.choice.best
        return best is not None and best.format.specificity == Specificity.MAGIC

    @property
    def name(self) -> str:
        return "" if self.choice.best is None else self.choice.best.format.name


class DocumentCutter:
    """Finds the documents in a text. ``scorer``: chooses formats; ``frames``: decodes what was read."""

    def __init__(self, scorer: Scorer, frames: Frames) -> None:
        self._scorer = scorer
        self._frames = frames

    def parts(self, source: InputSource, choice: FormatChoice) -> list[DocumentPart]:
        """The documents in a text that was read as ``choice``, without those in which there is nothing.

        None where it is one document, or a long text.
        """
        if source.text is None or len(source.text) > LONGEST:
            return []
        parts = self._cut(self._part(source, 1, choice), MOST_CUTS)
        return [one for one in parts if one.is_filled] if len(parts) > 1 else []

    # --- inside --------------------------------------------------------------------------------

    def _part(self, source: InputSource, first: int, choice: FormatChoice | None = None) -> DocumentPart:
        choice = choice or detect(source, self._scorer)
        reading = read_as(source, choice)
        frames = self._frames(reading) if reading.chunks else ()
        return DocumentPart(first=first, source=source, choice=choice, reading=reading, frames=frames)

    def _cut(self, whole: DocumentPart, cuts: int) -> list[DocumentPart]:
        """The parts with most frames, the fewest of them."""
        if whole.is_settled or not cuts:
            return [whole]
        best = [whole]
        blank, changed = _places(whole.source.lines)
        cuts_at = [[place] for place in (*_spread(blank), *_spread(changed))]
        if 1 < len(blank) <= MOST_PLACES:
            cuts_at.append(blank)
        for places in cuts_at:
            parts = self._parts(whole, places)
            more, most = _worth(parts), _worth(best)
            if more > most and (more[0] > most[0] or len({one.name for one in parts}) == len(parts)):
                best = parts
        return [one for part in best for one in self._cut(part, cuts - 1)] if len(best) > 1 else best

    def _parts(self, whole: DocumentPart, places: Sequence[int]) -> list[DocumentPart]:
        lines = whole.source.lines
        texts = [(begin, "\n".join(lines[begin:end])) for begin, end in pairwise((0, *places, len(lines)))]
        return [self._part(InputSource.of_text(text), whole.first + begin) for begin, text in texts]


def _worth(parts: Sequence[DocumentPart]) -> tuple[int, int]:
    """How many different frames and contents there are, and how many lines are explained."""
    different = len({frame for one in parts for frame in one.frames})
    contents = sum(len(one.reading.contents) for one in parts)
    return different + contents, sum(one.reading.explained for one in parts if one.is_filled)


def _places(lines: Sequence[str]) -> tuple[list[int], list[int]]:
    """Where another document may begin: behind blank lines, and where lines have another shape."""
    shapes = [_shape(line) for line in lines]
    blank = [at for at in range(1, len(lines)) if not shapes[at - 1] and shapes[at]]
    changed = [
        at
        for at in range(1, len(lines))
        if (shapes[at] and shapes[at - 1])
        and (shapes[at - 1] not in shapes[at : at + AHEAD] or shapes[at] not in shapes[max(at - AHEAD, 0) : at])
    ]
    return blank, changed


def _spread(places: list[int]) -> list[int]:
    """Some of many."""
    most = MOST_PLACES // 2
    return places if len(places) <= most else places[: most // 2] + places[most // 2 - most :]


def _shape(line: str) -> tuple[tuple[str | None, int], ...]:
    """Kinds of characters at the beginning of a line, and how many of each; empty where it is blank."""
    if not line or line.isspace():
        return ()
    return tuple(
        (found.lastgroup if found["sign"] is None else found[0], len(found[0]))
        for found in islice(KINDS.finditer(line), SHAPE)
    )


# --- all of them as one ----------------------------------------------------------------------------------


def moved(chunks: Sequence[InputChunk], by: int, later: float) -> list[InputChunk]:
    """The chunks of a part: ``by`` lines and ``later`` seconds behind those of the first one."""
    return [
        msgspec.structs.replace(
            one,
            line=one.line + by if one.line else 0,
            lines=None if one.lines is None else [line + by for line in one.lines],
            t=None if one.t is None else one.t + later,
            times=None if one.times is None else [t + later for t in one.times],
            begins=number == 0,
        )
        for number, one in enumerate(chunks)
    ]


def last_time(chunks: Sequence[InputChunk]) -> float:
    """Seconds of the last byte; 0 where there are no times."""
    return max((one.t if one.times is None else one.times[-1] for one in chunks if one.t is not None), default=0.0)
