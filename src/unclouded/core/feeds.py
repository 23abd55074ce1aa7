"""Feeds: values that change with time and come from elsewhere, as the price of electricity or its carbon intensity.

Each value counts for an interval. What is received later replaces what was known of the same time.
"""

from collections.abc import Iterable, Iterator, Sequence
from decimal import Decimal
from typing import Protocol

import msgspec


class FeedInterval(msgspec.Struct, frozen=True, order=True):
    """A value from ``start`` until before ``end``, Unix seconds; exact, in the unit of its feed."""

    start: int
    end: int
    value: Decimal


class FeedValues(msgspec.Struct, frozen=True):
    """Intervals of one feed, by time, without overlaps: what was received at once."""

    feed: str
    intervals: tuple[FeedInterval, ...]


class FeedReader(Protocol):
    """The stored values of feeds."""

    def intervals(self, feed: str, begin: int, end: int) -> Sequence[FeedInterval]:
        """What is known of a feed between two times, by time; the first and the last may reach beyond them.

        None overlap; where nothing is known, there is a gap. A feed without values has none.
        """


def without_overlaps(intervals: Iterable[FeedInterval]) -> tuple[FeedInterval, ...]:
    """Intervals by time, as one after the other replaces what it overlaps: the last one given counts."""
    starts: dict[int, FeedInterval] = {one.start: one for one in intervals if one.start < one.end}
    found = list[FeedInterval]()
    for one in (starts[start] for start in sorted(starts)):
        if found and found[-1].end > one.start:
            found[-1] = FeedInterval(found[-1].start, one.start, found[-1].value)
        found.append(one)
    return tuple(found)


def with_newer(known: Sequence[FeedInterval], new: Sequence[FeedInterval]) -> list[FeedInterval]:
    """What is known after the new intervals have replaced what they overlap. Both by time."""
    found, waiting = list[FeedInterval](), list(reversed(new))
    for one in known:
        begin = max(one.start, found[-1].end) if found else one.start
        while waiting and waiting[-1].start < one.end:
            other = waiting.pop()
            if begin < other.start:
                found.append(FeedInterval(begin, other.start, one.value))
            found.append(other)
            begin = max(begin, other.end)
        if begin < one.end:
            found.append(FeedInterval(begin, one.end, one.value))
    return found + list(reversed(waiting))


def gaps(intervals: Iterable[FeedInterval], begin: int, end: int) -> Iterator[tuple[int, int]]:
    """The times between two times that no interval covers. ``intervals``: by time."""
    known = begin
    for one in intervals:
        if one.start > known:
            yield known, min(one.start, end)
        known = max(known, one.end)
        if known >= end:
            return
    if known < end:
        yield known, end
