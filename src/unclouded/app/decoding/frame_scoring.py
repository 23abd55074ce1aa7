"""Whole frames in what a format read: which family, which dialect, which side each lane is, and how much is noise."""

from collections import Counter
from collections.abc import Iterable, Mapping, Sequence

import msgspec

from unclouded import families
from unclouded.core.family import Family, Piece, Sender
from unclouded.formats.chunk import InputChunk
from unclouded.formats.detection import FrameScore
from unclouded.formats.lan_packets import LanFilter
from unclouded.formats.reading import FormatReading
from unclouded.formats.text.labels import IN, OUT

SIGNS = {  # what a stream of the family cannot be without
    "tuya_wifi": b"\x55\xaa",
    "emporia": b"$",
    "meross": b'"header"',
    "meross_console": b"[T: ",
    "hlw8032": b"\x5a",
}
GATEWAY_OF = {("tuya_wifi", "gateway"): "tuya_gateway"}  # the family that a dialect's lines are usually named by
SHORTEST_WITH_DATA = {"tuya_wifi": 8, "tuya_gateway": 8, "emporia": 4, "meross": 2, "meross_console": 64, "hlw8032": 24}
LAST_VERSION = 3  # of Tuya frames that are likely
UNLIKELY = 0.3  # the weight of a frame with an unlisted command
ENOUGH = 4_096  # bytes that are decoded to score a reading, where frames were found in them
MINORITY = 0.2  # share of frames that may contradict the side of a lane

LaneKey = tuple[str, Sender | None]


class FamilyEvidence(msgspec.Struct, frozen=True, kw_only=True):
    """What of a family there is in some chunks. ``weight``: bytes in whole frames, the unlikely ones less."""

    family: str
    dialect: str = ""
    weight: float = 0.0
    frame_bytes: int = 0
    whole: Sequence[bytes] = ()
    with_data: int = 0
    votes: Mapping[LaneKey, Counter[Sender | None]] = {}
    rest: Sequence[bytes] = ()


class LineEvidence(msgspec.Struct, frozen=True, kw_only=True):
    """``found``: the families, the one with most bytes first. ``sides``: of the lanes whose side the frames show."""

    found: Sequence[FamilyEvidence]
    size: int
    agreement: float
    sides: Mapping[str, Sender | None]

    @property
    def score(self) -> FrameScore:
        """Shares (0 to 1) of the bytes in whole frames and of those that are noise; zeros where there are no bytes."""
        if not self.size or not self.found:
            return FrameScore()
        framed = sum(one.frame_bytes for one in self.found)
        return FrameScore(
            share=min(sum(one.weight for one in self.found) / self.size, 1.0),
            noise=max(1 - framed / self.size, 0.0),
            whole=[frame for one in self.found for frame in one.whole],
            with_data=sum(one.with_data for one in self.found),
            agreement=self.agreement,
            protocol=", ".join(families.family(one.family).words for one in self.found),
        )


class FrameScorer:
    """Scores what a format read. ``names``: the families that it may be. ``dialect``: where it is known."""

    def __init__(self, names: Sequence[str] = (), dialect: str = "") -> None:
        self._names = names or tuple(SIGNS)
        self._dialect = dialect
        self._seen: dict[tuple[tuple[LaneKey, bytes], ...], LineEvidence] = {}  # several formats may read the same

    def __call__(self, reading: FormatReading) -> FrameScore:
        return self.evidence(reading.chunks).score

    def evidence(self, chunks: Sequence[InputChunk]) -> LineEvidence:
        """What the first chunks show; more of them are read only where those hold no frame."""
        kept = list(LanFilter().chunks(chunks))
        whole = sum(len(chunk.data) for chunk in kept)
        limit = ENOUGH
        while True:
            lanes, size = _first_bytes(kept, limit)
            key = tuple((lane, b"".join(data)) for lane, data in lanes.items())
            found = self._seen.get(key)
            if found is None:
                found = self._seen[key] = _line_evidence(self._families(dict(key)), size)
            if size >= whole or any(one.whole for one in found.found):
                return found
            limit *= 8

    # --- inside --------------------------------------------------------------------------------

    def _families(self, streams: Mapping[LaneKey, bytes]) -> list[FamilyEvidence]:
        """The families with whole frames; each after the first is searched only in what the first left over."""
        every = [self._family(name, streams) for name in self._names if _has_sign(name, streams.values())]
        every = [one for one in every if one.frame_bytes and _is_believed(one)]
        if not every:
            return []
        first = max(every, key=lambda one: one.weight)
        left: dict[LaneKey, bytes] = {("", None): b"".join(first.rest)}
        others = [self._family(one.family, left) for one in every if one is not first]
        return [first, *(one for one in others if one.with_data or len(one.whole) > 1)]

    def _family(self, name: str, streams: Mapping[LaneKey, bytes]) -> FamilyEvidence:
        family = families.family(name)
        dialect = self._dialect if self._dialect in family.dialects else _dialect_of(family, streams)
        decoder = family.read_as(dialect).decoder
        pieces: list[tuple[LaneKey, Piece]] = []
        for key, data in streams.items():
            one = decoder(None)
            pieces += [(key, piece) for piece in (*one.feed(data), *one.close())]
        return _evidence(GATEWAY_OF.get((name, dialect), name), dialect, pieces)


def _first_bytes(chunks: Iterable[InputChunk], limit: int) -> tuple[dict[LaneKey, list[bytes]], int]:
    """The first bytes of each lane, as many of all as ``limit``, and how many."""
    lanes: dict[LaneKey, list[bytes]] = {}
    size = 0
    for chunk in chunks:
        data = chunk.data[: limit - size]
        lanes.setdefault((chunk.lane, chunk.sender), []).append(data)
        size += len(data)
        if size >= limit:
            break
    return lanes, size


def _has_sign(name: str, streams: Iterable[bytes]) -> bool:
    return any(sign_of(name) in data for data in streams)


def sign_of(name: str) -> bytes:
    """What a stream of the family cannot be without."""
    return SIGNS.get(name.replace("gateway", "wifi"), b"")


def _dialect_of(family: Family, streams: Mapping[LaneKey, bytes]) -> str:
    if family.detector is None:
        return ""
    detector = family.detector()
    for (_, sender), data in streams.items():
        detector.feed(sender, data[:ENOUGH])
    return detector.verdict()[0]


def _evidence(name: str, dialect: str, pieces: Iterable[tuple[LaneKey, Piece]]) -> FamilyEvidence:
    weight, framed, with_data = 0.0, 0, 0
    whole: list[bytes] = []
    rest: list[bytes] = []
    votes: dict[LaneKey, Counter[Sender | None]] = {}
    for key, piece in pieces:
        if piece.kind != "frame":
            rest.append(piece.data)
            continue
        framed += len(piece.data)
        if is_likely(name, piece):
            weight += len(piece.data)
            whole.append(piece.data)
            with_data += len(piece.data) >= SHORTEST_WITH_DATA.get(name, 0)
            votes.setdefault(key, Counter())[piece.sender] += 1
        else:
            weight += UNLIKELY * len(piece.data)
    return FamilyEvidence(
        family=name,
        dialect=dialect,
        weight=weight,
        frame_bytes=framed,
        whole=whole,
        with_data=with_data,
        votes=votes,
        rest=rest,
    )


def _is_believed(one: FamilyEvidence) -> bool:
    """Whether frames with a header that says little are more than chance.

    Of the metering chip: two frames with the same coefficients, or nothing but one frame.
    """
    if one.family != "hlw8032":
        return True
    coefficients = Counter(frame[2:5] + frame[8:11] + frame[14:17] for frame in one.whole)
    return max(coefficients.values(), default=0) > 1 or not any(one.rest)


def is_likely(family: str, piece: Piece) -> bool:
    """Whether the frame is one of the listed commands, of a version that is known."""
    if family.startswith("tuya") and piece.data[2] > LAST_VERSION:
        return False
    return bool(piece.name)


def _line_evidence(found: list[FamilyEvidence], size: int) -> LineEvidence:
    votes: dict[LaneKey, Counter[Sender | None]] = {}
    for one in found:
        for key, counts in one.votes.items():
            votes.setdefault(key, Counter()).update(counts)
    agreement, sides = _sides(votes)
    return LineEvidence(found=found, size=size, agreement=agreement, sides=sides)


def _sides(votes: Mapping[LaneKey, Counter[Sender | None]]) -> tuple[float, dict[str, Sender | None]]:
    """The agreement of the lanes with what their frames show, and the side of each lane; None = it carries both."""
    named = sum(_agreement(counts, sender) for (_, sender), counts in votes.items() if sender is not None)
    lanes = {lane: counts for (lane, sender), counts in votes.items() if sender is None}
    straight = sum(_agreement(counts, _usual(lane)) for lane, counts in lanes.items() if lane)
    certain = sum(_certain(counts) for (lane, sender), counts in votes.items() if lane or sender is not None)
    agreement = (named + abs(straight)) / certain if certain else 0.0
    sides = {lane: _side(counts) for lane, counts in lanes.items()}
    known = {side for lane, side in sides.items() if side is not None and lane}
    if set(sides) == {OUT, IN} and len(known) == 1:  # one lane's frames show the other lane's side too
        other: Sender = "device" if known == {"controller"} else "controller"
        sides = {lane: other if side is None and not _certain(lanes[lane]) else side for lane, side in sides.items()}
    return agreement, sides


def _usual(lane: str) -> Sender:
    return "device" if lane == IN else "controller"


def _agreement(counts: Counter[Sender | None], sender: Sender) -> int:
    return counts[sender] - counts["device" if sender == "controller" else "controller"]


def _certain(counts: Counter[Sender | None]) -> int:
    return counts["controller"] + counts["device"]


def _side(counts: Counter[Sender | None]) -> Sender | None:
    """The side that nearly all frames of a lane show; None where they show both, or nothing."""
    certain = _certain(counts)
    if not certain:
        return None
    side: Sender = "controller" if counts["controller"] > counts["device"] else "device"
    return side if counts[side] >= certain * (1 - MINORITY) else None
