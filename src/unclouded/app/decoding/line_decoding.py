"""One input, decoded: its family and dialect, the pieces in it, their totals, and who answers what.

What is noise in the first family is searched for frames of the others that were found in the input.
"""

from collections import Counter
from collections.abc import Iterator, Sequence
from itertools import chain
from typing import TYPE_CHECKING

import msgspec

from unclouded import families
from unclouded.app.decoding.conversation_reader import ConversationReader
from unclouded.app.decoding.frame_scoring import sign_of
from unclouded.app.decoding.input_chunks import Input
from unclouded.app.decoding.other_families import with_other_families
from unclouded.app.decoding.pieces import TimedPiece, pieces_of
from unclouded.app.decoding.totals import summarise, tallied
from unclouded.app.protocols import profile_named, profile_of
from unclouded.core.errors import CommandError
from unclouded.core.family import Detector, Dialect, Family, Sender, Totals
from unclouded.formats.chunk import InputChunk
from unclouded.recording.line_monitor import DETECTION_LIMIT

if TYPE_CHECKING:
    from unclouded.profiles import ProfileLibrary

DEFAULT_FAMILY = "tuya_wifi"  # what an input without any frame is read as
SPACE = b" \t\r\n"
ENOUGH = 262_144  # bytes that are searched for the dialect where one side sends little


class LineDecoding(msgspec.Struct, frozen=True, kw_only=True):
    """How an input is decoded. ``detected``: what shows which dialect it is, "" where there is nothing to report.

    ``others``: further families in the same input.
    """

    family: Family
    source: Input
    dialect: str = ""
    detected: str = ""
    others: Sequence[Family] = ()

    @property
    def reading(self) -> Family | Dialect:
        """How the bytes are read."""
        return self.family.read_as(self.dialect)

    def pieces(self) -> Iterator[TimedPiece]:
        """Every frame and stretch of noise, with its times where they are known. Reads the input.

        Of messages that are text, white space behind the last one is not noise, and what people wrote around them in
        a text is none either.
        """
        pieces = pieces_of(self.reading.decoder, self.source.chunks, gap_s=self.source.gap_s)
        if self.others:
            pieces = with_other_families(pieces, self.others)
        if self.family.capture_as != "text":
            return pieces
        sign = sign_of(self.family.name) if self.source.found.lines else b""
        return (one for one in pieces if one.piece.kind == "frame" or _is_noise(one, sign))

    def totals(self) -> Totals:
        """Totals of the input; where the family has a Tally, long input is counted by it. Reads the input."""
        tally = self.reading.tally
        if tally is None or not self.source.is_long or self.others:
            return summarise(self.pieces())
        return tallied(tally, self.source.chunks, gap_s=self.source.gap_s)

    def reader(
        self, profile: str | None, *, only_remarks: bool = False, library: "ProfileLibrary | None" = None
    ) -> ConversationReader:
        """What names the values and matches the answers. ``profile``: a name or a TOML file.

        ``library``: of the profiles; None = those that come with this program. Raises CommandError and ConfigError.
        """
        conversation = self.reading.conversation
        return ConversationReader(
            self.family,
            conversation() if conversation is not None and self.source.ordered else None,
            profile=profile_named(self.family, profile, library) if profile else None,
            profile_of=lambda product: profile_of(self.family, product, library),
            only_remarks=only_remarks,
            dialect=self.dialect,
            others=self.others,
        )


def decoding_of(name: str | None, source: Input, dialect: str | None = None) -> LineDecoding:
    """The input in the family and dialect that are named, or else found. Raises CommandError."""
    found = list(source.families)
    name = name or (found[0] if found else DEFAULT_FAMILY)
    others = [families.family(one) for one in found if not _is_kin(one, name)]
    family = families.family(name)
    if dialect not in (None, "auto") and dialect not in family.dialects:
        raise CommandError(f"{name} has no dialect {dialect}.")
    if family.detector is None or (dialect and dialect != "auto"):
        return LineDecoding(family=family, source=source, dialect=dialect or "", others=others)
    detector = family.detector()
    seen = _searched(detector, source.chunks)
    verdict, reason = detector.verdict()
    whole = msgspec.structs.replace(source, chunks=chain(seen, source.chunks))
    is_expected = dialect is None and verdict == next(iter(family.dialects))
    detected = "" if is_expected else reason
    return LineDecoding(family=family, source=whole, dialect=verdict, detected=detected, others=others)


def _is_kin(one: str, other: str) -> bool:
    """Whether the frames of one family are read by the other: the families of Tuya are dialects of one line."""
    return one.partition("_")[0] == other.partition("_")[0]


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


def _is_noise(one: TimedPiece, sign: bytes) -> bool:
    """Whether it is more than white space, and in a text has the sign of a message."""
    return bool(one.piece.data.strip(SPACE)) and sign in one.piece.data
