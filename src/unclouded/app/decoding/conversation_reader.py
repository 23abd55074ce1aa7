"""Pieces of one conversation -> the same with their sender, the request that they answer, remarks, and named values.

A family with a Conversation has its answers matched and remarked on; every family has its values named by a profile.
Secrets are hidden: what is decoded gets pasted into issues.
"""

from base64 import b64decode
from collections import Counter
from collections.abc import Callable, Mapping, Sequence
from typing import Any

import msgspec

from unclouded.app.decoding.pieces import TimedPiece
from unclouded.core.family import Comment, Conversation, Family, Piece, Remark
from unclouded.core.masking import Masked, Masker
from unclouded.core.model import NamedValue
from unclouded.core.profile import Profile
from unclouded.core.sessions.session import Reported
from unclouded.hub.energy.ledger import DeviceEnergy
from unclouded.hub.readings.interpret import Interpreter
from unclouded.hub.readings.naming import ValueNames

ODD = "odd"  # the kind of remarks about irregular frames
MOST_PARTS = 256  # whose products are looked up; a gateway has 128 sub-devices


class DecodedPiece(msgspec.Struct, frozen=True, kw_only=True):
    """One frame or stretch of noise, its secrets hidden. ``t``: seconds since the recording began.

    ``line``: of the text that it begins in, 0 = not known. ``is_rebuilt``: put together from printed fields.
    ``family``: where it is another one than that of the recording.
    """

    t: float | None
    comment: Comment
    names: ValueNames
    masked: Masked
    line: int = 0
    is_rebuilt: bool = False
    family: str = ""

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
    on the line, of the device or of a sub-device, where there is no ``profile``. ``only_remarks``: leave out frames
    without remarks. ``dialect``: the one that the pieces are read in. ``others``: further families in the same input.
    ``report``: of the pieces so far, where the family has one.
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
        others: Sequence[Family] = (),
    ) -> None:
        self.family = family
        self.report = family.report() if family.report is not None else None
        self.counts = ConversationCounts()
        self._conversation = conversation
        self._masker = Masker(family.read_as(dialect))
        self._chosen = PartValues(profile, family)
        self._parts: dict[str, PartValues] = {}  # those whose product is named on the line and listed by a profile
        self._profile_of = profile_of
        self._profiles: dict[str, Profile | None] = {}  # by product: searching all of them takes time
        self._only_remarks = only_remarks
        self._now: float | None = None
        self._others = {one.name: OtherFamily(one) for one in others}

    @property
    def picked_profile(self) -> str:
        """The profiles that list the products named on the line."""
        return ", ".join(sorted({part.profile.name for part in self._parts.values() if part.profile is not None}))

    def read(self, t: float | None, piece: Piece, masked: Masked | None = None) -> DecodedPiece | None:
        """The next piece of either side; None where it is left out. ``masked``: its bytes, where they are blanked."""
        masked = masked or self._masker.mask(piece)
        if self.report is not None:
            self.report.feed(piece.data)
        comment = self._comment(t, piece)
        self._learn(comment.piece)
        comment = self._with_problems(t, comment)
        self.counts.count(t, comment)
        if self._only_remarks and not comment.remarks and piece.kind == "frame":
            return None
        shown = msgspec.structs.replace(comment.piece, data=masked.data)
        names = self._values_of(piece.part).names
        return DecodedPiece(t=t, comment=msgspec.structs.replace(comment, piece=shown), names=names, masked=masked)

    def read_timed(self, timed: TimedPiece) -> DecodedPiece | None:
        """The next piece of an input; its conversation goes by the times of last bytes, what is shown by the first."""
        if timed.family:
            comment = plain_comment(timed.piece)
            self.counts.count(timed.at, comment)
            decoded = self._others[timed.family].decoded(timed, comment)
            return None if self._only_remarks and not comment.remarks else decoded
        self.counts.rebuilt += timed.is_rebuilt
        found = self.read(timed.at, timed.piece)
        if found is None:
            return None
        return msgspec.structs.replace(found, t=timed.t, line=timed.line, is_rebuilt=timed.is_rebuilt)

    def points_of(self, fields: Mapping[str, Any]) -> list[NamedValue] | None:  # Any: JSON types
        """Values that an input has without their frame, by wire key, as the profile names them; None without one.

        Raw ones are base64 or hex there.
        """
        profile = self._chosen.profile
        if profile is None:
            return None
        packed = {row.wire for row in profile.points if row.decode}
        values = [(key, _packed(value) if key in packed else value) for key, value in fields.items()]
        piece = Piece(offset=0, data=b"", kind="frame", sender="device", values=values)
        return self._chosen.names.points(piece)

    def tick(self, t: float) -> Sequence[Remark]:
        """Remarks on what has not arrived until ``t``."""
        remarks = self._conversation.tick(t) if self._conversation is not None else ()
        self.counts.remarked(remarks)
        return remarks

    # --- inside --------------------------------------------------------------------------------

    def _comment(self, t: float | None, piece: Piece) -> Comment:
        if self._conversation is not None and piece.kind != "cut":
            if t is not None:
                self._now = t if self._now is None else max(self._now, t)
            return self._conversation.receive(t if t is None else self._now, piece)
        return plain_comment(piece)

    def _with_problems(self, t: float | None, comment: Comment) -> Comment:
        """Values that the profile cannot read, and that do not agree: what ``replay`` reports of them too."""
        piece = comment.piece
        interpreter = self._values_of(piece.part).interpreter
        if interpreter is None or not piece.values or piece.sender == "controller":
            return comment
        interpreter.readings(Reported(dict(piece.values), piece.part), t or 0.0)
        problems = [Remark("unreadable", text) for _, text in interpreter.decode_problems()]
        scale = interpreter.scale_problems()
        if t is not None:  # without times, which values belong together is not known
            problems += [Remark("scale", text) for _, text in scale]
        return msgspec.structs.replace(comment, remarks=[*comment.remarks, *problems]) if problems else comment

    def _values_of(self, part: str) -> "PartValues":
        return self._parts.get(part, self._chosen)

    def _learn(self, piece: Piece) -> None:
        """A product named on the line picks the profile, unless the caller has chosen one."""
        if self._chosen.profile is not None:
            return
        product = (piece.message or {}).get("product")
        named = {"": product, **piece.products} if isinstance(product, str) and product else piece.products
        for part, name in named.items():
            profile = self._profile(name) if part not in self._parts and len(self._parts) < MOST_PARTS else None
            if profile is not None:
                self._parts[part] = PartValues(profile, self.family)

    def _profile(self, product: str) -> Profile | None:
        if product not in self._profiles and len(self._profiles) < MOST_PARTS:
            self._profiles[product] = self._profile_of(product)
        return self._profiles.get(product)


class OtherFamily:
    """How the frames of a further family are shown: without a profile, each by itself."""

    def __init__(self, family: Family) -> None:
        self._names = PartValues(None, family).names
        self._masker = Masker(family)

    def decoded(self, timed: TimedPiece, comment: Comment) -> DecodedPiece:
        """The piece with its secrets masked, in the comment too."""
        masked = self._masker.mask(timed.piece)
        shown = msgspec.structs.replace(timed.piece, data=masked.data)
        return DecodedPiece(
            t=timed.t,
            comment=msgspec.structs.replace(comment, piece=shown),
            names=self._names,
            masked=masked,
            line=timed.line,
            is_rebuilt=timed.is_rebuilt,
            family=timed.family,
        )


class PartValues:
    """How the values of the device, or of a sub-device, are named and checked: by a profile, None = not at all."""

    def __init__(self, profile: Profile | None, family: Family) -> None:
        self.profile = profile
        self.names = ValueNames(profile, family.decoders, with_raw=True)
        self.interpreter = None if profile is None else Interpreter("", profile, DeviceEnergy("", {}), family.decoders)


def _packed(value: Any) -> Any:
    """The bytes of a raw value that is printed in base64 or in hex; what is neither stays."""
    if not isinstance(value, str):
        return value
    try:
        return bytes.fromhex(value)
    except ValueError:
        pass
    try:
        return b64decode(value, validate=True)
    except ValueError:
        return value


def plain_comment(piece: Piece) -> Comment:
    """What is odd about the frame itself."""
    odd = (Remark(ODD, piece.reason),) if piece.kind == "frame" and piece.reason else ()
    return Comment(piece=piece, remarks=odd)


class ConversationCounts:
    """Frames, noise and remarks of a conversation. ``slowest``: s that the slowest answer took, its time, its name."""

    def __init__(self) -> None:
        self.frames = self.noise_bytes = self.cut_bytes = self.rebuilt = 0
        self.remarks: Counter[str] = Counter()
        self.slowest: tuple[float, float, str] | None = None
        self.senders: set[str | None] = set()

    def count(self, t: float | None, comment: Comment) -> None:
        """Adds a frame, noise, or bytes cut off. ``t``: seconds; None = not known, so it cannot be the slowest."""
        piece = comment.piece
        if piece.kind == "noise":
            self.noise_bytes += len(piece.data)
        elif piece.kind == "cut":
            self.cut_bytes += len(piece.data)
        else:
            self.frames += 1
            self.senders.add(piece.sender)
        self.remarked(comment.remarks)
        after = comment.after_s
        if after is not None and t is not None and (self.slowest is None or after > self.slowest[0]):
            self.slowest = after, t, piece.name

    def remarked(self, remarks: Sequence[Remark]) -> None:
        """Adds remarks by kind; those of a piece come with ``count``."""
        self.remarks.update(remark.kind for remark in remarks)
