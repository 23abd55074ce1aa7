"""Who sets a point: the rules that want it at the moment, and which of them wins.

claim    a rule keeps a value for some time          at its end: back to the value before, unless another claims it
one-off  a rule sets a value once
The lowest rank wins. Another user or program who sets the point releases it from the claims until they begin again.
"""

from collections.abc import Iterable
from typing import Literal

import msgspec

from unclouded.core.model import Value

TIMER_RANK = -1


class Claim(msgspec.Struct, kw_only=True):
    """``released``: the point was set otherwise; ``released_until``: monotonic seconds, None = until it begins."""

    rule: str
    rank: int
    value: Value
    because: str
    end: Literal["back", "stay"] = "back"
    after_manual_s: float | None = None
    released: bool = False
    released_until: float | None = None


class Target(msgspec.Struct, frozen=True):
    """The value that a point is to have, and which rule wants it why. ``is_end``: a claim has ended."""

    value: Value
    rule: str
    because: str
    is_end: bool = False


class PointClaims:
    """The claims on one point, and the value that it had before the first of them."""

    def __init__(self) -> None:
        self.claims: dict[str, Claim] = {}  # by rule
        self.base: Value | None = None

    @property
    def winner(self) -> Claim | None:
        """The claim that counts now."""
        active = [one for one in self.claims.values() if not one.released]
        return min(active, key=lambda one: one.rank, default=None)

    def add(self, claim: Claim, now_has: Value | None) -> None:
        """``now_has``: the value that the point has, None = not known."""
        if self.winner is None:
            self.base = now_has
        self.claims[claim.rule] = claim

    def end(self, rule: str, because: str) -> Target | None:
        """A rule claims it no longer. What the point is to have then; None: nothing follows from that."""
        claim, before = self.claims.get(rule), self.winner
        self.claims.pop(rule, None)
        if claim is None or claim.released or claim is not before:
            return None
        if (after := self.winner) is not None:
            return self.target_of(after)
        base, self.base = self.base, None
        if claim.end == "stay":
            return None
        if base is None and isinstance(claim.value, bool):
            base = not claim.value
        return None if base is None else Target(base, rule, because, is_end=True)

    def blocker(self, rank: int, value: Value) -> Claim | None:
        """The claim of an earlier rule that keeps another value."""
        winner = self.winner
        return winner if winner is not None and winner.rank < rank and winner.value != value else None

    def set_once(self, value: Value) -> None:
        """A rule sets it once: those behind it leave it alone."""
        self.base = value
        for one in self.claims.values():
            if one.value != value:
                one.released, one.released_until = True, None

    def set_by_hand(self, value: Value, now: float) -> list[Claim]:
        """Another user or program has set it. The claims that leave it alone now."""
        self.base = value
        found = [one for one in self.claims.values() if not one.released and one.value != value]
        for one in found:
            if one.after_manual_s != 0:
                one.released = True
                one.released_until = None if one.after_manual_s is None else now + one.after_manual_s
        return [one for one in found if one.released]

    def tick(self, now: float) -> bool:
        """Whether a claim counts again."""
        over = [one for one in self.claims.values() if one.released_until is not None and now >= one.released_until]
        for one in over:
            one.released, one.released_until = False, None
        return bool(over)

    def deadline(self) -> float | None:
        """When the next released claim counts again, in monotonic seconds; None = none does by itself."""
        return earliest(one.released_until for one in self.claims.values())

    @staticmethod
    def target_of(claim: Claim) -> Target:
        """What the point is to have while this claim counts."""
        return Target(claim.value, claim.rule, claim.because)


def earliest(times: Iterable[float | None]) -> float | None:
    """The first of some times; None where there is none."""
    return min((one for one in times if one is not None), default=None)
