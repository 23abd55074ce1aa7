"""Energy of periods with edits: unknown where it is void, as given where it is corrected.

    counter    ──────────── level ────────────╮ spike ╭──────────      levels stay as the counter reported them
    edits               ├─ void ─┤      ├── 1.2 kWh, spread evenly ──┤
    period     │     rest     + nothing +   the part of the 1.2 kWh that lies in it     │

The rest of a period is its rise without what the counter rose by in the edited ranges. Pure.
"""

from bisect import bisect_right
from collections.abc import Callable, Iterator, Sequence
from itertools import pairwise
from typing import NamedTuple

from unclouded.store.editing.edit import EditSpan, EnergyPiece, HistoryEdit, overlapping, overlay

LevelAt = Callable[[int, int], int]  # time (Unix ms) and the period that it lies in -> level in mWh


class EditedPeriod(NamedTuple):
    """A period, by its number, that edits change. ``mWh`` None: nothing of it is known.

    ``is_edited``: some of it is corrected; ``is_void``: some of it is void.
    """

    period: int
    mWh: int | None
    is_edited: bool
    is_void: bool


def edited_periods(
    at: Sequence[float], rises: Sequence[int | None], edits: Sequence[HistoryEdit], level: LevelAt
) -> Iterator[EditedPeriod]:
    """The periods that edits change. ``rises``: of each period in mWh, without edits."""
    spans = overlay(edits)
    place = 0
    for period, (begin, until) in enumerate(pairwise(at)):
        low, high = round(begin * 1000), round(until * 1000)
        while place < len(spans) and spans[place].until <= low:
            place += 1
        parts = _parts(spans, place, low, high)
        if parts:
            yield _edited(
                period, rises[period], parts, sum(one.until - one.start for one in parts) == high - low, level
            )


def changed_since(spans: Sequence[EditSpan], level: Callable[[int], int]) -> int:
    """What edits of these ranges add to a sum that begins before them, in mWh: what is given less what was counted."""
    given = sum(given_mWh(one) for one in spans)
    return given - sum(max(level(one.until) - level(one.start), 0) for one in spans)


def given_mWh(part: EditSpan) -> int:
    """The energy that a correction gives to a part of its range; 0 where it is void."""
    pieces = part.edit.value.energy
    first = max(bisect_right(pieces, part.start, key=_start) - 1, 0)
    total = 0
    for piece in pieces[first:]:
        if piece.start >= part.until:
            break
        total += piece.within(part.start, part.until)
    return total


def _parts(spans: Sequence[EditSpan], place: int, low: int, high: int) -> list[EditSpan]:
    """The parts of the spans, from one on, that lie in a period."""
    last = place
    while last < len(spans) and spans[last].start < high:
        last += 1
    return overlapping(spans[place:last], low, high)


def _edited(period: int, rise: int | None, parts: Sequence[EditSpan], is_whole: bool, level: LevelAt) -> EditedPeriod:
    given = [given_mWh(one) for one in parts if one.edit.action == "edit"]
    is_void = any(one.edit.action == "void" for one in parts)
    if is_whole or rise is None:
        return EditedPeriod(period, sum(given) if given else None, bool(given), is_void)
    counted = sum(max(level(one.until, period) - level(one.start, period), 0) for one in parts)
    return EditedPeriod(period, max(rise - counted, 0) + sum(given), bool(given), is_void)


def _start(piece: EnergyPiece) -> int:
    return piece.start
