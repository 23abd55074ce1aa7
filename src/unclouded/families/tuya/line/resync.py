"""Where frames may stand in a damaged stream, and which candidate is the frame: rules 2 to 6 of the framer.

    … 55 AA 03 07 00 08 13 02 00 04 00 00 | 55 AA 03 00 00 01 01 04 …
      └─ candidate A, cut short: 15 bytes    └─ candidate B, whole

Each ``55 AA`` is a Candidate. It is *open* until one byte settles it as valid or refused. A candidate is
*strong* while it is bulk or its data points can still tile: nothing that starts inside it counts until
it is settled. Of the valid candidates that no strong one hides, the one that ends first is the frame, unless
another that starts inside it and ends after it becomes valid as well.

Everything is decided in the order of the stream, by its bytes alone, so it makes no difference how they
arrived. Positions count from where the line stopped being regular. Source: docs/protocols/tuya_wifi.md §6.
"""

import heapq
from collections.abc import Iterable, Sequence

from unclouded.families.tuya.line.shapes import HEADER_SIZE, ID, LAST_TYPE, OVERHEAD, UNIT_HEADER, Shape, Table

HEADER = b"\x55\xaa"
OVER_CAP = "length over the cap"
NO_TILING = "data points do not fit the length"
BAD_SUM = "bad checksum"
CUT_OFF = "cut off"
OVERTAKEN = "a whole frame inside"
NO_HEADER = "no header"

DONE, BAD = 0, -1  # results of a Tiling instead of the position that it waits for


class Tiling:
    """One way in which a candidate's payload may be units, followed as the bytes arrive."""

    __slots__ = ("_at", "_before", "_end", "_least")

    def __init__(self, shape: Shape, at: int, end: int) -> None:
        self._at = at
        self._end = end
        self._before = list(shape.before)
        self._least = 0 if shape.may_be_empty else UNIT_HEADER

    def step(self, data: bytes, base: int, seen: int) -> int:
        """Continue with the bytes before ``seen``: DONE, BAD, or the position that must be seen first."""
        while self._before:
            if self._before[0] == ID:
                if seen <= self._at:
                    return self._at + 1
                self._at += 1 + data[self._at - base]
            else:
                self._at += self._before[0]
            del self._before[0]
            if self._end - self._at < len(self._before) + self._least:
                return BAD
        return self._units(data, base, seen)

    def _units(self, data: bytes, base: int, seen: int) -> int:
        at, end = self._at, self._end
        while at < end:
            self._at = at
            if end - at < UNIT_HEADER:
                return BAD
            if seen < at + 2:
                return at + 2
            if data[at + 1 - base] > LAST_TYPE:
                return BAD
            if seen < at + UNIT_HEADER:
                return at + UNIT_HEADER
            at += UNIT_HEADER + (data[at + 2 - base] << 8 | data[at + 3 - base])
        return DONE if at == end else BAD


class Candidate:
    """A header and the frame that it would begin. ``need``: the position that must be seen to know more."""

    __slots__ = ("_plain", "_tilings", "bulk", "end", "need", "refusal", "start", "strong", "valid")

    def __init__(self, start: int) -> None:
        self.start = start
        self.end = 0  # 0 = its length is not seen yet
        self.need = start + HEADER_SIZE
        self.strong = self.bulk = self.valid = False
        self.refusal = ""

    def advance(self, data: bytes, base: int, table: Table) -> None:
        """Evaluate the bytes before ``need``; then ``need`` moves on, or the candidate is settled."""
        if not self.end:
            self._read_header(data, base, table)
        elif self.need == self.end:
            self._check_sum(data, base)
            return
        if not self.refusal:
            self._tile(data, base)

    def _read_header(self, data: bytes, base: int, table: Table) -> None:
        at = self.start - base
        size = data[at + 4] << 8 | data[at + 5]
        self.end = self.start + OVERHEAD + size
        allowed = [shape for shape in table[data[at + 3]] if size <= shape.cap]
        if not allowed:
            self.refusal = OVER_CAP
            return
        self.bulk = any(shape.bulk for shape in allowed)
        self._plain = any(not shape.units or size <= shape.plain for shape in allowed)
        body = self.start + HEADER_SIZE
        self._tilings = [Tiling(shape, body, self.end - 1) for shape in allowed if size and shape.units]

    def _tile(self, data: bytes, base: int) -> None:
        steps = [(tiling, tiling.step(data, base, self.need)) for tiling in self._tilings]
        self._tilings = [tiling for tiling, step in steps if step != BAD]
        self.strong = self.bulk or bool(self._tilings)
        if not self.strong and not self._plain:
            self.refusal = NO_TILING
            return
        self.need = min((step for _, step in steps if step > DONE), default=self.end)

    def _check_sum(self, data: bytes, base: int) -> None:
        start, last = self.start - base, self.end - 1 - base
        self.valid = sum(data[start:last]) & 0xFF == data[last]
        if not self.valid:
            self.refusal = BAD_SUM


class FrameCandidates:
    """The candidates from one position of the stream on, which is position 0, and which of them is a frame."""

    def __init__(self, table: Table) -> None:
        self.base = 0  # position of the first held byte
        self.refusals: dict[int, str] = {}  # where a refused candidate starts, and why
        self._table = table
        self._candidates: list[Candidate] = []  # open or valid, by their start
        self._events: list[tuple[int, int, Candidate]] = []  # heap: need, start, candidate
        self._looked = 0
        self._winner: Candidate | None = None

    @property
    def first(self) -> Candidate | None:
        """The first candidate that is still open or valid: what must be held back."""
        return self._candidates[0] if self._candidates else None

    def look(self, data: bytes, closing: bool) -> Candidate | None:
        """The frame, once that is certain. ``data`` starts at ``base``; ``closing``: no more bytes follow."""
        base = self.base
        self._find_headers(data, base)
        if self._winner is None:
            self._winner = self._first_to_end(data, base, closing)
        return None if self._winner is None else self._settled(self._winner, data, base, closing)

    # --- inside --------------------------------------------------------------------------------

    def _find_headers(self, data: bytes, base: int) -> None:
        at = data.find(HEADER, self._looked - base)
        while at >= 0:
            candidate = Candidate(base + at)
            self._candidates.append(candidate)
            heapq.heappush(self._events, (candidate.need, candidate.start, candidate))
            at = data.find(HEADER, at + 2)
        # A last 55 may be half a header; the AA of a header cannot begin another.
        self._looked = base + len(data) - 1

    def _first_to_end(self, data: bytes, base: int, closing: bool) -> Candidate | None:
        """The valid candidate that ends first; None where it is not known yet."""
        seen = base + len(data)
        while self._events and self._events[0][0] <= seen:
            if self._advance_next(data, base):
                best = self._best(self._candidates)
                if best is not None:
                    return best
        if not closing:
            return None
        self._refuse_open(self._candidates)
        return self._best(self._candidates)

    def _advance_next(self, data: bytes, base: int) -> bool:
        """Advance all candidates that the next byte of interest settles. True where one may be the frame now."""
        position = self._events[0][0]
        changed = False
        while self._events and self._events[0][0] == position:
            candidate = heapq.heappop(self._events)[2]
            strong = candidate.strong
            candidate.advance(data, base, self._table)
            if candidate.refusal:
                self._refuse(candidate, candidate.refusal)
            elif not candidate.valid:
                heapq.heappush(self._events, (candidate.need, candidate.start, candidate))
            changed = changed or candidate.valid or strong
        return changed

    def _best(self, candidates: Sequence[Candidate]) -> Candidate | None:
        """Of the valid candidates that no strong one hides, the one that ends first; of two, the longer."""
        best: Candidate | None = None
        hidden = 0  # candidates that start before this position count only later
        for candidate in candidates:
            if hidden > candidates[-1].start:
                break
            if candidate.valid and candidate.start >= hidden and (best is None or candidate.end < best.end):
                best = candidate
            if candidate.strong:
                hidden = max(hidden, candidate.end)
        return best

    def _settled(self, winner: Candidate, data: bytes, base: int, closing: bool) -> Candidate | None:
        """The winner, or another candidate that starts inside it and ends after it, or None until that is known."""
        if winner.bulk:
            return winner
        after = data[winner.end - base : winner.end - base + 2]
        if after == HEADER:
            return winner
        if not after and not closing and data[winner.end - 1 - base] == HEADER[0]:
            return None
        overlapping, other = self._look_at_overlaps(winner, data, base)
        if not overlapping:
            return winner
        if not closing:
            return None if other is None or HEADER.startswith(after) else other
        if other is None:
            self._refuse_open(overlapping)
            other = self._best(self._overlapping(winner))
        return other or winner

    def _look_at_overlaps(
        self, winner: Candidate, data: bytes, base: int
    ) -> tuple[Sequence[Candidate], Candidate | None]:
        """The candidates that overlap the winner, and the first of them that is valid, as far as the bytes say."""
        while True:
            overlapping = self._overlapping(winner)
            other = self._best(overlapping)
            if other is not None or not overlapping:
                return overlapping, other
            if not self._events or self._events[0][0] > base + len(data):
                return overlapping, None
            self._advance_next(data, base)

    def _overlapping(self, winner: Candidate) -> list[Candidate]:
        return [candidate for candidate in self._candidates if _overlaps(candidate, winner)]

    def _refuse(self, candidate: Candidate, why: str) -> None:
        candidate.refusal = why
        self.refusals[candidate.start] = why
        self._candidates.remove(candidate)

    def _refuse_open(self, candidates: Iterable[Candidate]) -> None:
        for candidate in [candidate for candidate in candidates if not candidate.valid]:
            self._refuse(candidate, CUT_OFF)


def _overlaps(candidate: Candidate, winner: Candidate) -> bool:
    """Whether it starts inside the winner and ends after it, or its end is not known yet."""
    return winner.start < candidate.start < winner.end and (not candidate.end or candidate.end > winner.end)
