"""What changes the bytes of one direction. Pure: chance comes in as ``draw``, numbers from 0 up to, but without, 1.

A fault picks its bytes by their number in the stream, however they are chunked: the same seed and the same bytes give
the same result. Only what is about chunks (truncate, duplicate) and pairs inside of one (swap) depends on them.
"""

import math
from collections.abc import Callable, Iterator, Mapping

import msgspec

from unclouded.recording.disturbing.faults import LineFault

Draw = Callable[[], float]


class FaultCounts(msgspec.Struct, kw_only=True):
    """Bytes of one direction by what happened to them.

    received + inserted + duplicated = passed_on + dropped + truncated + cut + overrun + those that wait.
    """

    received: int = 0
    passed_on: int = 0
    flipped: int = 0
    dropped: int = 0
    inserted: int = 0
    duplicated: int = 0
    swapped: int = 0
    stuck: int = 0
    truncated: int = 0
    cut: int = 0
    overrun: int = 0


class StreamPicks:
    """Picks numbers of a stream: every Nth, or each with a probability, by drawing how far the next one is."""

    def __init__(self, fault: LineFault, draw: Draw) -> None:
        self._every = fault.every
        self._log = math.log1p(-fault.rate) if 0 < fault.rate < 1 else 0.0
        self._draw = draw
        self._ahead = self._distance() - 1  # numbers before the next one

    def within(self, size: int) -> Iterator[int]:
        """The picked ones of the next ``size`` numbers, from 0."""
        at = self._ahead
        while at < size:
            yield at
            at += self._distance()
        self._ahead = at - size

    def _distance(self) -> int:
        if self._every:
            return self._every
        return 1 + int(math.log1p(-self._draw()) / self._log) if self._log else 1


ByteFault = Callable[[bytes, FaultCounts], bytes]


class FlipFault:
    """Flips one random bit of each byte that is picked."""

    def __init__(self, fault: LineFault, draw: Draw) -> None:
        self._picks, self._draw = StreamPicks(fault, draw), draw

    def __call__(self, data: bytes, counts: FaultCounts) -> bytes:
        changed = bytearray(data)
        for at in self._picks.within(len(data)):
            changed[at] ^= 1 << int(self._draw() * 8)
            counts.flipped += 1
        return bytes(changed)


class DropFault:
    """Leaves out each byte that is picked."""

    def __init__(self, fault: LineFault, draw: Draw) -> None:
        self._picks = StreamPicks(fault, draw)

    def __call__(self, data: bytes, counts: FaultCounts) -> bytes:
        kept, begin = [], 0
        for at in self._picks.within(len(data)):
            kept.append(data[begin:at])
            begin = at + 1
            counts.dropped += 1
        return b"".join([*kept, data[begin:]])


class InsertFault:
    """Inserts a random byte before each byte that is picked."""

    def __init__(self, fault: LineFault, draw: Draw) -> None:
        self._picks, self._draw = StreamPicks(fault, draw), draw

    def __call__(self, data: bytes, counts: FaultCounts) -> bytes:
        parts, begin = [], 0
        for at in self._picks.within(len(data)):
            parts += [data[begin:at], bytes([int(self._draw() * 256)])]
            begin = at
            counts.inserted += 1
        return b"".join([*parts, data[begin:]])


class SwapFault:
    """Inside of what is received at once: the next byte may be long in coming."""

    def __init__(self, fault: LineFault, draw: Draw) -> None:
        self._picks = StreamPicks(fault, draw)

    def __call__(self, data: bytes, counts: FaultCounts) -> bytes:
        changed = bytearray(data)
        for at in self._picks.within(len(data)):
            if at + 1 < len(data):
                changed[at], changed[at + 1] = changed[at + 1], changed[at]
                counts.swapped += 2
        return bytes(changed)


class StickFault:
    """Gives each byte that is picked the value of the one before it, also over the border of chunks."""

    def __init__(self, fault: LineFault, draw: Draw) -> None:
        self._picks = StreamPicks(fault, draw)
        self._before: int | None = None

    def __call__(self, data: bytes, counts: FaultCounts) -> bytes:
        changed = bytearray(data)
        for at in self._picks.within(len(data)):
            before = changed[at - 1] if at else self._before
            if before is not None:
                changed[at] = before
                counts.stuck += 1
        if changed:
            self._before = changed[-1]
        return bytes(changed)


class DuplicateFault:
    """Passes on each chunk that is picked twice."""

    def __init__(self, fault: LineFault, draw: Draw) -> None:
        self._picks = StreamPicks(fault, draw)

    def __call__(self, data: bytes, counts: FaultCounts) -> bytes:
        if not data or not list(self._picks.within(1)):
            return data
        counts.duplicated += len(data)
        return data * 2


class TruncateFault:
    """Cuts each chunk that is picked at a random place."""

    def __init__(self, fault: LineFault, draw: Draw) -> None:
        self._picks, self._draw = StreamPicks(fault, draw), draw

    def __call__(self, data: bytes, counts: FaultCounts) -> bytes:
        if not data or not list(self._picks.within(1)):
            return data
        kept = data[: int(self._draw() * len(data))]
        counts.truncated += len(data) - len(kept)
        return kept


BYTE_FAULTS: Mapping[str, Callable[[LineFault, Draw], ByteFault]] = {
    "truncate": TruncateFault,
    "duplicate": DuplicateFault,
    "swap": SwapFault,
    "stick": StickFault,
    "flip": FlipFault,
    "drop": DropFault,
    "insert": InsertFault,
}
