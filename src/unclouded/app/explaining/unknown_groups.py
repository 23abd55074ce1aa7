"""What is in a recording that nothing names: data points without a row in the profile, frames without a meaning.

    report, data point 101, value   12 times, 3 different: 200 210 220    may be …, with the reason

Memory is bounded: so many groups, each of which keeps a few values, and samples for the guesses.
"""

from collections import Counter
from collections.abc import Mapping, Sequence

import msgspec

from unclouded.app.decoding.conversation_reader import DecodedPiece
from unclouded.app.explaining.explained_frame import FrameExplainer
from unclouded.app.explaining.tracked_field import FieldSample, FrameSamples, frame_name
from unclouded.app.protocols import profiles_of
from unclouded.core.family import Family, Piece, Sender, UnlistedValues
from unclouded.core.model import Value

MOST_GROUPS = 1_024
MOST_VALUES = 12  # different ones that are counted one by one
MOST_SAMPLES = 32  # of a data point, for the guesses
MOST_GUESSED = 24  # data points of a device that are guessed at together
EXAMPLE = 64  # bytes of a frame that is shown
UNTIMED_S = 0.5  # between frames whose times are not known


class UnknownGroup(msgspec.Struct, frozen=True, kw_only=True):
    """Values, or frames, of one kind that nothing names.

    ``wire``: of a data point, "" = whole frames. ``values``: how many frames had each, of up to 12; ``more_values``:
    the frames with others. ``sizes``: fewest and most bytes. ``hex``: the last one. ``guess``: what it may be, and why.
    """

    sender: Sender | None
    frame: str
    part: str
    wire: str
    type: str
    frames: int
    values: Sequence[tuple[Value | None, int]]
    more_values: int
    lowest: float | None
    highest: float | None
    sizes: tuple[int, int]
    hex: str
    first_s: float | None
    last_s: float | None
    guess: str


GroupName = tuple[Sender | None, str, str, str, str]  # sender, frame, part, wire, type


class UnknownGroups:
    """Collects what is unknown, piece after piece."""

    def __init__(self, explainer: FrameExplainer) -> None:
        self._explainer = explainer
        self._samples = FrameSamples(explainer)
        self._groups: dict[GroupName, GroupState] = {}
        self._listed: dict[str, frozenset[str]] = {}  # keys of the profile of each part
        self._frames = 0
        self.left_out = 0  # that belong to groups beyond MOST_GROUPS

    def add(self, decoded: DecodedPiece, piece: Piece) -> None:
        """The next piece; ``piece`` as it was before its secrets were hidden."""
        if piece.kind != "frame":
            return
        self._frames += 1
        t = self._frames * UNTIMED_S if decoded.t is None else decoded.t
        shown = decoded.piece
        is_unread = shown.message is None and shown.sender is not None
        if not shown.name or is_unread or self._explainer.row(shown) is None:
            sample = (shown.data[:EXAMPLE], None, decoded.masked.hex(" ", EXAMPLE))
            self._take((shown.sender, frame_name(shown), shown.part, "", ""), sample, decoded.t, t)
            return
        profile = decoded.names.profile
        if shown.part not in self._listed or profile is not None:
            self._listed[shown.part] = frozenset(row.point.key for row in profile.points) if profile else frozenset()
        for one in self._samples.of(decoded, piece):
            if one.name.wire and not one.key and one.name.wire in dict(shown.values):
                self._value(one, decoded.t, t)

    def groups(self) -> Sequence[UnknownGroup]:
        """The groups: frames first, then data points by number."""
        guesses = self._guesses()
        ordered = sorted(self._groups.items(), key=lambda item: _order(item[0]))
        return [state.group(name, guesses.get((name[2], name[3]), "")) for name, state in ordered]

    # --- inside --------------------------------------------------------------------------------

    def _value(self, one: FieldSample, known: float | None, t: float) -> None:
        name = one.name
        sample = (one.data, one.value, one.data[:EXAMPLE].hex(" "))
        self._take((name.sender, name.frame, name.part, name.wire, name.type), sample, known, t)

    def _take(self, name: GroupName, sample: tuple[bytes, Value | None, str], known: float | None, t: float) -> None:
        state = self._groups.get(name)
        if state is None:
            if len(self._groups) >= MOST_GROUPS:
                self.left_out += 1
                return
            state = self._groups[name] = GroupState()
        state.add(*sample, known, t)

    def _guesses(self) -> Mapping[tuple[str, str], str]:
        """By part and wire key, from what the devices reported."""
        family = self._explainer.family
        by_part: dict[str, list[UnlistedValues]] = {}
        for (sender, _, part, wire, type), state in self._groups.items():
            if wire and sender != "controller" and len(by_part.setdefault(part, [])) < MOST_GUESSED:
                by_part[part].append(UnlistedValues(wire, type, state.samples))
        return {
            (part, wire): text
            for part, values in by_part.items()
            for wire, text in _guessed(family, values, self._listed.get(part, frozenset())).items()
        }


class GroupState:
    """What was seen of one group: bounds, counts and some samples, in bounded memory."""

    def __init__(self) -> None:
        self.samples: list[tuple[float, Value | bytes]] = []
        self._values: Counter[Value] = Counter()
        self._frames = self._more_values = 0
        self._numbers: tuple[float, float] | None = None
        self._sizes: tuple[int, int] | None = None
        self._hex = ""
        self._first: float | None = None
        self._last: float | None = None
        self._stride = 1  # of the samples that are kept

    def add(self, data: bytes, value: Value | None, text: str, known: float | None, t: float) -> None:
        """One more. ``known``: its time, where there are any; ``t``: one that can be compared."""
        self._frames += 1
        self._hex = text
        self._first = known if self._first is None else self._first
        self._last = known
        size = len(data)
        self._sizes = (min(size, self._sizes[0]), max(size, self._sizes[1])) if self._sizes else (size, size)
        if value is None:
            return
        if value in self._values or len(self._values) < MOST_VALUES:
            self._values[value] += 1
        else:
            self._more_values += 1
        if isinstance(value, int | float) and not isinstance(value, bool):
            low, high = self._numbers or (value, value)
            self._numbers = min(low, value), max(high, value)
        self._keep(t, data if isinstance(value, str) and value == data.hex() else value)

    def group(self, name: GroupName, guess: str) -> UnknownGroup:
        """What there is to say of it."""
        sender, frame, part, wire, type = name
        low, high = self._numbers or (None, None)
        return UnknownGroup(
            sender=sender,
            frame=frame,
            part=part,
            wire=wire,
            type=type,
            frames=self._frames,
            values=tuple(self._values.items()),
            more_values=self._more_values,
            lowest=low,
            highest=high,
            sizes=self._sizes or (0, 0),
            hex=self._hex,
            first_s=self._first,
            last_s=self._last,
            guess=guess,
        )

    def _keep(self, t: float, value: Value | bytes) -> None:
        """Keep a sample; where there are too many, every second one of all that were kept."""
        if self._frames % self._stride:
            return
        self.samples.append((t, value))
        if len(self.samples) > MOST_SAMPLES:
            self.samples = self.samples[::2]
            self._stride *= 2


def _guessed(family: Family, values: Sequence[UnlistedValues], listed: frozenset[str]) -> Mapping[str, str]:
    if family.guess is None or not values:
        return {}
    return family.guess(values, listed, [profile for profile in profiles_of(family.name) if not profile.unknown])


def _order(name: GroupName) -> tuple[bool, str, str, int, str]:
    sender, frame, part, wire, type = name
    return bool(wire), str(sender), part, int(wire) if wire.isdecimal() else 0, f"{wire} {type} {frame}"
