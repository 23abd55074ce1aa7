"""Where frames may stand in a damaged stream, and which of them wins: rules 2 to 6 of the framer.

    … 55 AA 03 07 00 08 13 02 00 04 00 00 | 55 AA 03 00 00 01 01 04 …
      └─ claim A, cut short: 15 bytes        └─ claim B, whole

Each ``55 AA`` is a Claim. It is *open* until one byte settles it as valid or refused. A claim is
*strong* while it is bulk or its data points can still tile: nothing that starts inside it counts until
it is settled. Of the valid claims that no strong one hides, the one that ends first wins; then the
guard waits for a rival that starts inside the winner and ends after it.

Everything is decided in the order of the stream, by its bytes alone, so it makes no difference how they
arrived. Positions are those of the whole stream. Source: docs/protocols/tuya_wifi.md §6.
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

DONE, BAD = 0, -1  # what a Tiling says instead of the position that it waits for


class Tiling:
    """One way in which a claim's payload may be units, followed as the bytes come."""

    __slots__ = ("_at", "_before", "_end")

    def __init__(self, shape: Shape, at: int, end: int) -> None:
        self._at = at
        self._end = end
        self._before = list(shape.before)

    def step(self, data: bytes, base: int, seen: int) -> int:
        """Go on with the bytes before ``seen``: DONE, BAD, or the position that must be seen first."""
        while self._before:
            if self._before[0] == ID:
                if seen <= self._at:
                    return self._at + 1
                self._at += 1 + data[self._at - base]
            else:
                self._at += self._before[0]
            del self._before[0]
            if self._end - self._at < UNIT_HEADER:
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
        self._at = at
        return DONE if at == end else BAD


class Claim:
    """A header and what it claims. ``need``: the position that must be seen to know more."""

    __slots__ = ("_plain", "_tilings", "bulk", "end", "need", "refusal", "start", "strong", "valid")

    def __init__(self, start: int) -> None:
        self.start = start
        self.end = 0  # 0 = its length is not seen yet
        self.need = start + HEADER_SIZE
        self.strong = self.bulk = self.valid = False
        self.refusal = ""
        self._plain = False
        self._tilings: list[Tiling] = []

    def judge(self, data: bytes, base: int, table: Table) -> None:
        """Know what the bytes before ``need`` tell; then ``need`` moves on, or the claim is settled."""
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
        if size:
            body = self.start + HEADER_SIZE
            self._tilings = [Tiling(shape, body, self.end - 1) for shape in allowed if shape.units]

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
    """The claims from one position of the stream on, and which of them is a frame."""

    def __init__(self, table: Table, start: int) -> None:
        self.refusals: dict[int, str] = {}  # where a refused claim starts, and why
        self._table = table
        self._claims: list[Claim] = []  # open or valid, by their start
        self._events: list[tuple[int, int, Claim]] = []  # heap: need, start, claim
        self._looked = start
        self._winner: Claim | None = None

    @property
    def first(self) -> Claim | None:
        """The first claim that is still open or valid: what must be held back."""
        return self._claims[0] if self._claims else None

    def look(self, data: bytes, base: int, closing: bool) -> Claim | None:
        """The frame, once that is certain. ``data`` starts at position ``base``; ``closing``: no more comes."""
        self._find_headers(data, base)
        if self._winner is None:
            self._winner = self._race(data, base, closing)
        return None if self._winner is None else self._guarded(self._winner, data, base, closing)

    # --- inside --------------------------------------------------------------------------------

    def _find_headers(self, data: bytes, base: int) -> None:
        at = data.find(HEADER, self._looked - base)
        while at >= 0:
            claim = Claim(base + at)
            self._claims.append(claim)
            heapq.heappush(self._events, (claim.need, claim.start, claim))
            at = data.find(HEADER, at + 2)
        # A last 55 may be half a header; the AA of a header cannot begin another.
        self._looked = max(self._looked, base + len(data) - 1)

    def _race(self, data: bytes, base: int, closing: bool) -> Claim | None:
        """The valid claim that ends first; None where it is not known yet."""
        seen = base + len(data)
        while self._events and self._events[0][0] <= seen:
            if self._judge_next(data, base):
                best = self._best(self._claims)
                if best is not None:
                    return best
        if not closing:
            return None
        self._refuse_open(self._claims)
        return self._best(self._claims)

    def _judge_next(self, data: bytes, base: int) -> bool:
        """Judge everything that the next byte of interest settles. True where a winner may come of it."""
        position = self._events[0][0]
        changed = False
        while self._events and self._events[0][0] == position:
            claim = heapq.heappop(self._events)[2]
            strong = claim.strong
            claim.judge(data, base, self._table)
            if claim.refusal:
                self._refuse(claim, claim.refusal)
            elif not claim.valid:
                heapq.heappush(self._events, (claim.need, claim.start, claim))
            changed = changed or claim.valid or strong
        return changed

    def _best(self, claims: Sequence[Claim]) -> Claim | None:
        """Of the valid claims that no strong one hides, the one that ends first; of two, the longer."""
        best: Claim | None = None
        hidden = 0  # claims that start before this position count only later
        last = claims[-1].start if claims else 0
        for claim in claims:
            if hidden > last:
                break
            if claim.valid and claim.start >= hidden and (best is None or claim.end < best.end):
                best = claim
            if claim.strong:
                hidden = max(hidden, claim.end)
        return best

    def _guarded(self, winner: Claim, data: bytes, base: int, closing: bool) -> Claim | None:
        """The winner, or the rival inside it that outlives it, or None until that is known."""
        if winner.bulk:
            return winner
        after = data[winner.end - base : winner.end - base + 2]
        if not after and not closing and data[winner.end - 1 - base] == HEADER[0]:
            return None
        if not self._rivals(winner):
            return winner
        if len(after) < 2 and HEADER.startswith(after) and not closing:
            return None
        return winner if after == HEADER else self._duel(winner, data, base, closing)

    def _duel(self, winner: Claim, data: bytes, base: int, closing: bool) -> Claim | None:
        """A valid rival, or the winner once no rival is open."""
        seen = base + len(data)
        while True:
            rivals = self._rivals(winner)
            rival = self._best(rivals)
            if rival is not None or not rivals:
                return rival or winner
            if not self._events or self._events[0][0] > seen:
                break
            self._judge_next(data, base)
        if not closing:
            return None
        self._refuse_open(rivals)
        return self._best(self._rivals(winner)) or winner

    def _rivals(self, winner: Claim) -> list[Claim]:
        return [claim for claim in self._claims if _is_rival(claim, winner)]

    def _refuse(self, claim: Claim, why: str) -> None:
        claim.refusal = why
        self.refusals[claim.start] = why
        self._claims.remove(claim)

    def _refuse_open(self, claims: Iterable[Claim]) -> None:
        for claim in [claim for claim in claims if not claim.valid]:
            self._refuse(claim, CUT_OFF)


def _is_rival(claim: Claim, winner: Claim) -> bool:
    """Does it start inside the winner and end after it (or is its end not known yet)?"""
    return winner.start < claim.start < winner.end and (not claim.end or claim.end > winner.end)
