"""One input, decoded in one dialect of a family: the pieces in it, their totals, and who answers what."""

from collections import Counter
from collections.abc import Iterator
from itertools import chain

import msgspec

from unclouded import families
from unclouded.app.decoding.conversation_reader import ConversationReader
from unclouded.app.decoding.input_chunk import InputChunk
from unclouded.app.decoding.input_chunks import Input, Timed
from unclouded.app.decoding.pieces import pieces_of
from unclouded.app.decoding.totals import summarise, tallied
from unclouded.app.protocols import profile_named, profile_of
from unclouded.core.errors import CommandError
from unclouded.core.family import Detector, Dialect, Family, Sender, Totals
from unclouded.recording.line_monitor import DETECTION_LIMIT

SPACE = b" \t\r\n"
ENOUGH = 262_144  # bytes that are searched for the dialect where one side sends little


class LineDecoding(msgspec.Struct, frozen=True, kw_only=True):
    """How an input is decoded. ``detected``: what shows which dialect it is, "" where there is nothing to report."""

    family: Family
    source: Input
    dialect: str = ""
    detected: str = ""

    @property
    def reading(self) -> Family | Dialect:
        """How the bytes are read."""
        return self.family.read_as(self.dialect)

    def pieces(self) -> Iterator[Timed]:
        """Every frame and stretch of noise, with its time where that is known. Reads the input.

        Of messages that are text, white space behind the last one is no noise.
        """
        pieces = pieces_of(self.reading.decoder, self.source.chunks)
        if self.family.capture_as != "text":
            return pieces
        return ((t, piece) for t, piece in pieces if piece.kind == "frame" or piece.data.strip(SPACE))

    def totals(self) -> Totals:
        """Totals of the input; where the family has a Tally, long input is counted by it. Reads the input."""
        tally = self.reading.tally
        if tally is None or not self.source.is_long:
            return summarise(self.pieces())
        return tallied(tally, self.source.chunks)

    def reader(self, profile: str | None, *, only_remarks: bool = False) -> ConversationReader:
        """What names the values and matches the answers. ``profile``: a name or a TOML file.

        Raises CommandError and ConfigError.
        """
        conversation = self.reading.conversation
        return ConversationReader(
            self.family,
            conversation() if conversation is not None and self.source.ordered else None,
            profile=profile_named(self.family, profile) if profile else None,
            profile_of=lambda product: profile_of(self.family, product),
            only_remarks=only_remarks,
            dialect=self.dialect,
        )


def decoding_of(name: str, source: Input, dialect: str | None = None) -> LineDecoding:
    """The input in the dialect that is named, or else detected. Raises CommandError."""
    family = families.family(name)
    if dialect not in (None, "auto") and dialect not in family.dialects:
        raise CommandError(f"{name} has no dialect {dialect}.")
    if family.detector is None or (dialect and dialect != "auto"):
        return LineDecoding(family=family, source=source, dialect=dialect or "")
    detector = family.detector()
    seen = _searched(detector, source.chunks)
    found, reason = detector.verdict()
    whole = Input(chunks=chain(seen, source.chunks), ordered=source.ordered, is_long=source.is_long)
    is_expected = dialect is None and found == next(iter(family.dialects))
    return LineDecoding(family=family, source=whole, dialect=found, detected="" if is_expected else reason)


def _searched(detector: Detector, chunks: Iterator[InputChunk]) -> list[InputChunk]:
    """The chunks that were taken until each side had sent enough; bounded, as one side may be silent."""
    seen: list[InputChunk] = []
    size: Counter[Sender | None] = Counter()
    for chunk in chunks:
        seen.append(chunk)
        detector.feed(chunk.sender, chunk.data[: max(DETECTION_LIMIT - size[chunk.sender], 0)])
        size[chunk.sender] += len(chunk.data)
        if size.total() >= ENOUGH or (len(size) > 1 and min(size.values()) >= DETECTION_LIMIT):
            break
    return seen
