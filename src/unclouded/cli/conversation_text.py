"""Frames as `decode` and `record --watch` print them: a line each, and what is to be said of it below.

      0.012  ←  heartbeat  restarted=true  · after 12 ms
                ! the MCU has started
      0.096  →  query all
      0.108  ←  report  power_W 67.3 W (19: 673)  · after 12 ms

A family with a Conversation has its answers and remarks told; every family has its values named by a profile.
Secrets are blanked: what is printed here gets pasted into issues.
"""

from collections import Counter
from collections.abc import Callable, Iterator, Sequence

import msgspec

from unclouded.core.family import Comment, Conversation, Family, Piece, Remark
from unclouded.core.profile import Profile
from unclouded.hub.naming import ValueNames

SHOWN = 24  # bytes of a frame that a line of words shows
INDENT = 15  # columns before the words of a line
ARROWS = {"controller": "→", "device": "←", None: "?"}
ODD, VERSION = "odd", "version"  # kinds of remarks


class ConversationText:
    """Lines for each piece of one conversation, in the order in which the pieces were said.

    ``conversation`` None: who answers what is not known. ``profile_of``: finds the profile of a product that names
    itself on the line, as long as there is no ``profile``. ``only_remarks``: leave out what there is nothing to
    say of. ``with_bytes``: all bytes of each frame in the words too.
    """

    def __init__(
        self,
        family: Family,
        conversation: Conversation | None,
        *,
        profile: Profile | None = None,
        profile_of: Callable[[str], Profile | None] = lambda product: None,
        as_json: bool = False,
        only_remarks: bool = False,
        with_bytes: bool = False,
    ) -> None:
        self.profile_told = ""  # the profile that the line itself has picked
        self.counts = Counts()
        self._family = family
        self._conversation = conversation
        self._names = ValueNames(profile, family.decoders, with_raw=True)
        self._profile_of = profile_of
        self._unlisted = ""  # the product that no profile lists: looking through them all takes time
        self._as_json = as_json
        self._only_remarks = only_remarks
        self._with_bytes = with_bytes
        self._now: float | None = None

    def lines(self, t: float | None, piece: Piece) -> Iterator[str]:
        """What to print of this piece."""
        comment = self._comment(t, piece)
        self._learn(comment.piece)
        self.counts.count(t, comment)
        if self._only_remarks and not comment.remarks and piece.kind == "frame":
            return
        comment = msgspec.structs.replace(comment, piece=self._without_secrets(comment.piece))
        if self._as_json:
            yield msgspec.json.encode(self._json(t, comment)).decode()
        else:
            yield from self._words(t, comment)

    def tick(self, t: float) -> Iterator[str]:
        """It is ``t`` and nothing more was heard: what is to be said of that, on lines of its own."""
        remarks = self._conversation.tick(t) if self._conversation is not None else ()
        self.counts.remarked(remarks)
        for remark in remarks:
            told = {"remark": {"t": t, "kind": remark.kind, "words": remark.words}}
            yield msgspec.json.encode(told).decode() if self._as_json else f"{t:10.3f}  ! {remark.words}"

    # --- inside --------------------------------------------------------------------------------

    def _comment(self, t: float | None, piece: Piece) -> Comment:
        if self._conversation is not None:
            if t is not None:
                self._now = t if self._now is None else max(self._now, t)
            return self._conversation.hear(t if t is None else self._now, piece)
        odd = (Remark(ODD, piece.reason),) if piece.kind == "frame" and piece.reason else ()
        return Comment(piece=piece, remarks=odd)

    def _learn(self, piece: Piece) -> None:
        """A product that says its name picks the profile, unless somebody has chosen one."""
        product = (piece.message or {}).get("product")
        if self._names.profile is None and isinstance(product, str) and product not in ("", self._unlisted):
            profile = self._profile_of(product)
            if profile is None:
                self._unlisted = product
                return
            self._names = ValueNames(profile, self._family.decoders, with_raw=True)
            self.profile_told = profile.name

    def _without_secrets(self, piece: Piece) -> Piece:
        return msgspec.structs.replace(piece, data=self._family.redact(piece.sender, piece.data))

    def _json(self, t: float | None, comment: Comment) -> dict[str, object]:
        line = as_line(comment.piece, t, self._family.name)
        if self._family.conversation is not None:
            after = comment.after_s
            line["answers"] = comment.answers
            line["after_ms"] = None if after is None else round(after * 1000, 3)
            line["remarks"] = list(comment.remarks)
        if self._names.profile is not None:
            line["points"] = self._names.points(comment.piece)
        return line

    def _words(self, t: float | None, comment: Comment) -> Iterator[str]:
        piece = comment.piece
        after = "" if comment.after_s is None else f"  · after {_span(comment.after_s)}"
        yield line_words(t, piece, self._names) + after
        indent = " " * INDENT
        yield from (f"{indent}! {remark.words}" for remark in comment.remarks)
        if self._with_bytes:
            yield f"{indent}@{piece.offset} +{len(piece.data)}  {piece.data.hex(' ')}"


class Counts:
    """What there was, for the end of the words."""

    def __init__(self) -> None:
        self.frames = self.noise_bytes = 0
        self.remarks: Counter[str] = Counter()
        self.slowest: tuple[float, float, str] | None = None  # s that it took, when it came, its name
        self._senders: set[str | None] = set()

    def count(self, t: float | None, comment: Comment) -> None:
        piece = comment.piece
        if piece.kind == "noise":
            self.noise_bytes += len(piece.data)
        else:
            self.frames += 1
            self._senders.add(piece.sender)
        self.remarked(comment.remarks)
        after = comment.after_s
        if after is not None and t is not None and (self.slowest is None or after > self.slowest[0]):
            self.slowest = after, t, piece.name

    def remarked(self, remarks: Sequence[Remark]) -> None:
        self.remarks.update(remark.kind for remark in remarks)

    def words(self, ends: tuple[str, str]) -> Iterator[str]:
        """``1,204 frames, 12 bytes of noise; …`` and what was remarked on, the commonest first."""
        yield f"{_of(self.frames, 'frame')}, {_of(self.noise_bytes, 'byte')} of noise"
        if self.slowest is not None:
            after, t, name = self.slowest
            yield f"The slowest answer took {_span(after)}: {name} at {t:.3f} s."
        if self.remarks:
            kinds = ", ".join(f"{kind} {count:,}" for kind, count in self.remarks.most_common())
            yield f"{_of(self.remarks.total(), 'remark')}: {kinds}"
        if len(self._senders) == 1 and None not in self._senders:
            only = ends[0 if "controller" in self._senders else 1]
            yield f"Only the {only} is heard, so nothing is said of answers that are missing."
        if self.remarks[VERSION] * 2 > self.frames:
            yield "Versions do not fit the sides: are these swapped, or are both on one line (--mixed)?"


def line_words(t: float | None, piece: Piece, names: ValueNames) -> str:
    """One piece by itself, without what is to be said of it; its place in the stream where it has no time."""
    when = f"{piece.offset:10d}" if t is None else f"{t:10.3f}"
    return f"{when}  {ARROWS[piece.sender]}  {_said(piece, names)}"


def as_line(piece: Piece, t: float | None, family: str) -> dict[str, object]:
    """A piece as `decode --json` prints it."""
    line: dict[str, object] = {} if t is None else {"t": t}
    return line | {
        "offset": piece.offset,
        "length": len(piece.data),
        "kind": piece.kind,
        "reason": piece.reason,
        "family": family,
        "sender": piece.sender,
        "command": piece.command,
        "sub": piece.sub,
        "name": piece.name,
        "message": piece.message,
        "hex": piece.data.hex(),
    }


def _said(piece: Piece, names: ValueNames) -> str:
    if piece.kind == "noise":
        return f"noise: {piece.reason}  [{_short(piece.data)}]"
    number = f"command {piece.command:02x}" if isinstance(piece.command, int) else str(piece.command)
    words = names.words(piece)
    if piece.message is None and not words and len(piece.data) > 0:
        words = f"[{_short(piece.data)}]"
    return f"{piece.name or number}  {words}".rstrip()


def _span(seconds: float) -> str:
    """``0.4 ms``, ``12 ms``, ``1.5 s``, ``15 s``."""
    if seconds < 1:
        return f"{seconds * 1000:.0f} ms" if seconds >= 0.01 else f"{seconds * 1000:.1f} ms"
    return f"{seconds:.1f} s" if seconds < 10 else f"{seconds:.0f} s"


def _of(count: int, what: str) -> str:
    return f"{count:,} {what}{'' if count == 1 else 's'}"


def _short(data: bytes) -> str:
    shown = data[:SHOWN].hex(" ")
    return shown if len(data) <= SHOWN else f"{shown} … {len(data) - SHOWN} more"
