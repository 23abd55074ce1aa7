"""What a counter rose by in periods that follow each other, from its level at the end of each one. Pure.

level    ─── 100 ──┬── 130 ──┬── none ─┬── 90 ───┬── 170 ──
highest      100   │   130   │   130   │   130   │   170
rise               │    30   │     0   │     0   │    40       none: 0, unknown where there was no contact
"""

from bisect import bisect_left, bisect_right
from collections.abc import Iterable, Mapping, Sequence
from itertools import accumulate, chain, compress, islice
from operator import sub
from typing import NamedTuple


class Gap(NamedTuple):
    """A time without contact in which a counter rose. ``spread``: its energy is; what a device did not keep is not."""

    begin: float
    end: float
    before: int
    after: int
    spread: bool = True

    def level(self, at: float) -> int:
        """The level at a time within the gap, in mWh."""
        return self.before + round((self.after - self.before) * (at - self.begin) / (self.end - self.begin))


class PeriodLevels(NamedTuple):
    """Of each period: the last level in mWh, 1 where a reading is estimated, 1 where one has the flag ``gap``."""

    last: list[int | None]
    estimated: bytearray
    gap: bytearray

    @classmethod
    def of(cls, size: int) -> "PeriodLevels":
        """Of periods without values."""
        return cls([None] * size, bytearray(size), bytearray(size))

    def cut(self, first: int, end: int) -> "PeriodLevels":
        """Those of some periods."""
        return PeriodLevels(self.last[first:end], self.estimated[first:end], self.gap[first:end])


class Rises(NamedTuple):
    """Of each period: the rise in mWh, 1 where it is partly estimated, 1 where it has energy of a gap.

    ``edited``, ``void``: 1 where edits have corrected some of it, or made it void; empty where none has.
    """

    mWh: list[int | None]
    estimated: bytearray
    gap: bytearray
    edited: bytes = b""
    void: bytes = b""


class SilentTimes:
    """Times without contact, in ascending order."""

    def __init__(self, silences: Iterable[tuple[float, float]]) -> None:
        self.all = list(silences)
        self._begins = [begin for begin, _ in self.all]
        # of each one, or of an earlier one that is longer
        self._ends = list(accumulate((end for _, end in self.all), max))

    def covered(self, at: Sequence[float], known: float) -> bytes:
        """1 for each period without contact from its begin to its end, and for those that begin after ``known``."""
        found = bytearray(len(at) - 1)
        for begin, end in self.all:
            _mark(found, bisect_left(at, begin), bisect_right(at, end) - 1)
        _mark(found, bisect_right(at, known), len(found))
        return bytes(found)

    def overlap(self, begin: float, end: float) -> bool:
        """Whether there was no contact for some of that time."""
        place = bisect_left(self._begins, end)
        return place > 0 and begin < self._ends[place - 1]


def by_period(
    at: Sequence[float], levels: PeriodLevels, known: tuple[float, int] | None, unknown: bytes, gaps: Sequence[Gap] = ()
) -> Rises:
    """The rise of each period.

    ``known``: the time and level (mWh) from which the rise is counted; ``unknown``: 1 for periods without contact to
    the device; ``gaps``: those over the border of a period.
    """
    size = len(levels.last)
    estimated, gap = levels.estimated[:], levels.gap[:]
    if known is None:
        return Rises([None] * size, estimated, gap)
    since, level = known
    within = {border: one for one in gaps for border in range(bisect_right(at, one.begin), bisect_right(at, one.end))}
    if 0 in within and within[0].spread:
        level = within[0].level(at[0])
    values, spread = _with_gaps(at, levels.last, within)
    rises = _differences(level, values)
    is_late = range(min(bisect_right(at, since) - 1, size))
    for period in chain(is_late, compress(range(size), unknown) if 1 in unknown else ()):
        if values[period] is None and period not in spread:
            rises[period] = None
    for period, found in _touched(at, within).items():
        gap[period] = 1
        estimated[period] |= any(one.spread and one.after > one.before for one in found)
    return Rises(rises, estimated, gap)


# --- inside -------------------------------------------------------------------------------------------


def _mark(found: bytearray, first: int, end: int) -> None:
    if first < end:
        found[first:end] = b"\1" * (end - first)


def _touched(at: Sequence[float], within: Mapping[int, Gap]) -> dict[int, list[Gap]]:
    """The periods that a gap over a border touches, and these gaps."""
    found: dict[int, list[Gap]] = {}
    for border, one in within.items():
        for period in (border - 1, border):
            if 0 <= period < len(at) - 1 and at[period] < one.end:
                found.setdefault(period, []).append(one)
    return found


def _with_gaps(
    at: Sequence[float], last: Sequence[int | None], within: Mapping[int, Gap]
) -> tuple[list[int | None], set[int]]:
    """The levels at the ends of periods, interpolated where a gap is spread; the periods that have some of one."""
    values = list(last)
    for border, one in within.items():
        if one.spread and 0 < border <= len(values):
            values[border - 1] = one.level(at[border])
    return values, {period for period, found in _touched(at, within).items() if any(one.spread for one in found)}


def _differences(level: int, values: list[int | None]) -> list[int | None]:
    """How much the highest level rises in each period."""
    known: list[int] = [level if one is None else one for one in values] if None in values else values  # type: ignore[assignment]
    highest = [level, *known]
    if highest != sorted(highest):  # which takes a tenth of the time, and is seldom so
        highest = list(accumulate(highest, max))
    return list(map(sub, islice(highest, 1, None), highest))
