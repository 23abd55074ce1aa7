"""A line that is being recorded -> decoded pieces, remarks and changes of the dialect, as they come."""

from collections.abc import Iterator, Mapping, Sequence

import msgspec

from unclouded.app.decoding.conversation_reader import (
    ConversationCounts,
    ConversationReader,
    DecodedPiece,
    plain_comment,
)
from unclouded.app.protocols import profile_of
from unclouded.core.family import Comment, Conversation, Family, Piece, Remark
from unclouded.core.profile import Profile
from unclouded.recording.line_monitor import MonitoredPiece


class TimedRemark(msgspec.Struct, frozen=True):
    """A remark on what has not arrived. ``t``: seconds since the recording began."""

    t: float
    remark: Remark


class DialectChange(msgspec.Struct, frozen=True):
    """From here on the line is read in another dialect."""

    name: str
    text: str


LiveEntry = DecodedPiece | TimedRemark | DialectChange


class LiveReader:
    """Reads the pieces of a recording."""

    def __init__(self, family: Family, profile: Profile | None = None) -> None:
        self._family = family
        first = family.conversation
        self._conversation = None if first is None else DetectedConversation(family, first())
        self._reader = ConversationReader(
            family, self._conversation, profile=profile, profile_of=lambda product: profile_of(family, product)
        )

    def entries(self, began: float, at: float, pieces: Sequence[MonitoredPiece]) -> Iterator[LiveEntry]:
        """``began``: Unix seconds at which the recording began; ``at``: the time now."""
        for one in pieces:
            if self._conversation is not None and self._conversation.turn(one.dialect):
                yield DialectChange(one.dialect, self._family.dialects[one.dialect].words)
            decoded = self._reader.read(round(max(one.at - began, 0.0), 6), one.piece, one.masked)
            if decoded is not None:
                yield decoded
        t = round(at - began, 6)
        for remark in self._reader.tick(t):
            yield TimedRemark(t, remark)

    @property
    def counts(self) -> ConversationCounts:
        return self._reader.counts

    @property
    def remarks(self) -> Mapping[str, int]:
        """How many of each kind."""
        return dict(self.counts.remarks)


class DetectedConversation:
    """The Conversation of a family in the dialect that is detected; the first verdict may be revised."""

    def __init__(self, family: Family, first: Conversation) -> None:
        self._family = family
        self._dialect = next(iter(family.dialects), "")
        self._now = first
        self._before: dict[str, Conversation] = {}

    def turn(self, dialect: str) -> bool:
        """Read on in ``dialect``; whether it is another one than before."""
        if dialect == self._dialect:
            return False
        self._before[self._dialect] = self._now
        self._dialect = dialect
        make = self._family.dialects[dialect].conversation or NoConversation
        self._now = self._before.get(dialect) or make()
        return True

    def receive(self, t: float | None, piece: Piece) -> Comment:
        return self._now.receive(t, piece)

    def tick(self, t: float) -> Sequence[Remark]:
        return self._now.tick(t)


class NoConversation:
    """The Conversation of a dialect in which it is not known what answers what: only the frames' own oddities."""

    def receive(self, t: float | None, piece: Piece) -> Comment:
        return plain_comment(piece)

    def tick(self, t: float) -> Sequence[Remark]:
        return ()
