"""Pieces of one conversation -> the same with their sender, the request that they answer, remarks, and named values.

A family with a Conversation has its answers matched and remarked on; every family has its values named by a profile.
Secrets are hidden: what is decoded gets pasted into issues.
"""

from collections import Counter
from collections.abc import Callable, Sequence

import msgspec

from unclouded.core.family import Comment, Conversation, Family, Piece, Remark
from unclouded.core.masking import Masked, Masker
from unclouded.core.model import NamedValue
from unclouded.core.profile import Profile
from unclouded.core.session import Reported
from unclouded.hub.energy import DeviceEnergy
from unclouded.hub.interpret import Interpreter
from unclouded.hub.naming import ValueNames

ODD = "odd"  # the kind of remarks about irregular frames


class DecodedPiece(msgspec.Struct, frozen=True, kw_only=True):
    """One frame or stretch of noise, its secrets hidden. ``t``: seconds since the recording began."""

    t: float | None
    comment: Comment
    names: ValueNames
    masked: Masked

    @property
    def piece(self) -> Piece:
        return self.comment.piece

    @property
    def values(self) -> list[NamedValue] | None:
        """The values in it, named by the profile; None without a profile."""
        return None if self.names.profile is None else self.names.points(self.piece)

    @property
    def text(self) -> str:
        """The fields of the message and the values, as text."""
        return self.names.text(self.piece)


class ConversationReader:
    """Reads one conversation, in the order in which its pieces were sent.

    ``conversation`` None: who answers what is not known. ``profile_of``: finds the profile of a product that is named
    on the line, as long as there is no ``profile``. ``only_remarks``: leave out frames without remarks. ``dialect``:
    the one that the pieces are read in.
    """

    def __init__(
        self,
        family: Family,
        conversation: Conversation | None,
        *,
        profile: Profile | None = None,
        profile_of: Callable[[str], Profile | None] = lambda product: None,
        only_remarks: bool = False,
        dialect: str = "",
    ) -> None:
        self.family = family
        self.picked_profile = ""  # the profile that lists the product named on the line
        self.counts = ConversationCounts()
        self._conversation = conversation
        self._masker = Masker(family.read_as(dialect))
        self._names = ValueNames(profile, family.decoders, with_raw=True)
        self._interpreter = self._interpret(profile)
        self._profile_of = profile_of
        self._unlisted = ""  # the product that no profile lists: searching all of them takes time
        self._only_remarks = only_remarks
        self._now: float | None = None

    def read(self, t: float | None, piece: Piece, masked: Masked | None = None) -> DecodedPiece | None:
        """The next piece of either side; None where it is left out. ``masked``: its bytes, where they are blanked."""
        masked = masked or self._masker.mask(piece)
        comment = self._comment(t, piece)
        self._learn(comment.piece)
        comment = self._with_problems(t, comment)
        self.counts.count(t, comment)
        if self._only_remarks and not comment.remarks and piece.kind == "frame":
            return None
        shown = msgspec.structs.replace(comment.piece, data=masked.data)
        return DecodedPiece(
            t=t, comment=msgspec.structs.replace(comment, piece=shown), names=self._names, masked=masked
        )

    def tick(self, t: float) -> Sequence[Remark]:
        """Remarks on what has not arrived until ``t``."""
        remarks = self._conversation.tick(t) if self._conversation is not None else ()
        self.counts.remarked(remarks)
        return remarks

    # --- inside --------------------------------------------------------------------------------

    def _comment(self, t: float | None, piece: Piece) -> Comment:
        if self._conversation is not None:
            if t is not None:
                self._now = t if self._now is None else max(self._now, t)
            return self._conversation.receive(t if t is None else self._now, piece)
        return plain_comment(piece)

    def _with_problems(self, t: float | None, comment: Comment) -> Comment:
        """Values that the profile cannot read, and that do not agree: what ``replay`` reports of them too."""
        piece = comment.piece
        if self._interpreter is None or not piece.values or piece.sender == "controller":
            return comment
        self._interpreter.readings(Reported(dict(piece.values), piece.part), t or 0.0)
        problems = [Remark("unreadable", text) for _, text in self._interpreter.decode_problems()]
        scale = self._interpreter.scale_problems()
        if t is not None:  # without times, which values belong together is not known
            problems += [Remark("scale", text) for _, text in scale]
        return msgspec.structs.replace(comment, remarks=[*comment.remarks, *problems]) if problems else comment

    def _interpret(self, profile: Profile | None) -> Interpreter | None:
        return None if profile is None else Interpreter("", profile, DeviceEnergy("", {}), self.family.decoders)

    def _learn(self, piece: Piece) -> None:
        """A product named on the line picks the profile, unless the caller has chosen one."""
        product = (piece.message or {}).get("product")
        if self._names.profile is None and isinstance(product, str) and product not in ("", self._unlisted):
            profile = self._profile_of(product)
            if profile is None:
                self._unlisted = product
                return
            self._names = ValueNames(profile, self.family.decoders, with_raw=True)
            self._interpreter = self._interpret(profile)
            self.picked_profile = profile.name


def plain_comment(piece: Piece) -> Comment:
    """What is odd about the frame itself."""
    odd = (Remark(ODD, piece.reason),) if piece.kind == "frame" and piece.reason else ()
    return Comment(piece=piece, remarks=odd)


class ConversationCounts:
    """Frames, noise and remarks of a conversation. ``slowest``: s that the slowest answer took, its time, its name."""

    def __init__(self) -> None:
        self.frames = self.noise_bytes = 0
        self.remarks: Counter[str] = Counter()
        self.slowest: tuple[float, float, str] | None = None
        self.senders: set[str | None] = set()

    def count(self, t: float | None, comment: Comment) -> None:
        piece = comment.piece
        if piece.kind == "noise":
            self.noise_bytes += len(piece.data)
        else:
            self.frames += 1
            self.senders.add(piece.sender)
        self.remarked(comment.remarks)
        after = comment.after_s
        if after is not None and t is not None and (self.slowest is None or after > self.slowest[0]):
            self.slowest = after, t, piece.name

    def remarked(self, remarks: Sequence[Remark]) -> None:
        self.remarks.update(remark.kind for remark in remarks)
