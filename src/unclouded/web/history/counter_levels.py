"""Levels of a counter at the ends of periods, and the gaps over their borders, read from the store.

rows of 900 or 3600 s   where all borders are multiples of that: a column at a time (store/reading/counter_rows.py)
steps                   elsewhere: what is newer than the rows, or computed again
"""

from bisect import bisect_left, bisect_right
from collections.abc import Callable, Iterable, Iterator, Mapping, Sequence
from functools import partial
from itertools import chain, compress, islice, pairwise
from math import gcd
from operator import sub
from typing import NamedTuple

from unclouded.core.model import Value
from unclouded.store.encoding.codec import SeriesScale
from unclouded.store.reading.condense import HOUR, Grid
from unclouded.store.reading.counter_rows import FlaggedRow, SeriesRows
from unclouded.store.reading.reader import StoreReader
from unclouded.web.history.rises import Gap, PeriodLevels

GAP, LOST = "gap", "lost"  # flags: the energy of an outage; days that a device does not keep
QUARTER = 900  # s
EXACT = 2**50  # mWh; up to it, a total as a float has the whole number as its nearest
MOST_KEPT = 20_000  # gaps

Silences = Sequence[tuple[float, float]]


class KeptGaps:
    """Gaps that were searched, of one store file: they are found in the readings, which takes longest.

    Each is kept with the row that its energy is in, the value before it, and the silences between.
    """

    def __init__(self) -> None:
        self._kept: dict[tuple[str, str, float], tuple[object, Gap | None]] = {}

    def get(self, key: tuple[str, str, float], mark: object, find: Callable[[], Gap | None]) -> Gap | None:
        """The gap with this mark, found now where it is not kept."""
        known = self._kept.get(key)
        if known is not None and known[0] == mark:
            return known[1]
        if len(self._kept) >= MOST_KEPT:
            self._kept.clear()
        found = find()
        self._kept[key] = mark, found
        return found


class CounterLevels(NamedTuple):
    """``flagged``: the first row with the flag ``gap`` in a period, by its begin, where rows show it.

    ``is_calm_after``: no gap ends with what follows the last period.
    """

    levels: PeriodLevels
    flagged: Mapping[float, FlaggedRow]
    is_calm_after: bool


def span_of(at: Sequence[float]) -> int:
    """The longest rows of which each period with these borders has whole ones, s; 0 = there are none."""
    whole = list(map(int, at))
    common = gcd(*whole) if whole == list(at) else 0
    return next((one for one in (HOUR, QUARTER) if common and common % one == 0), 0)


def counter_levels(
    reader: StoreReader, device: str, point: str, grid: Grid, at: Sequence[float], span: int
) -> CounterLevels:
    """The levels of a counter in periods that begin with steps of a grid. ``span``: see span_of."""
    found = PeriodLevels.of(len(at) - 1)
    if not span:
        _read(found, reader, device, point, grid, at, 0, len(at) - 1)
        return CounterLevels(found, {}, False)
    rows = reader.counter_rows(device, point, span, int(at[0]), int(at[-1]), GAP)
    _put(found, rows.series, at, span)
    first_of = {at[_place(at, row.start)]: row for one in rows.series for row in reversed(one.flagged)}
    for first, end in _periods(at, rows.rest):
        _read(found, reader, device, point, grid, at, first, end)
        for begin in at[first:end]:
            first_of.pop(begin, None)
    return CounterLevels(found, first_of if len(rows.series) == 1 else {}, rows.is_calm_after)


def gaps_over_borders(
    reader: StoreReader,
    device: str,
    point: str,
    at: Sequence[float],
    found: CounterLevels,
    silences: Silences,
    kept: KeptGaps,
) -> list[Gap]:
    """Each ends with the first value of a period, or of what follows the last one."""
    gaps = []
    for begin in compress(at, found.levels.gap):
        row, find = found.flagged.get(begin), partial(gap_until, reader, device, point, begin)
        if row is None or row.before_at is None or row.before_at < at[0] * 1000:
            gaps.append(find())
        elif row.before_at < begin * 1000:
            mark = row, [one for one in silences if one[0] * 1000 < row.at and one[1] * 1000 > row.before_at]
            gaps.append(kept.get((device, point, begin), mark, find))
        # else the period has a row before it
    if not found.is_calm_after:
        gaps.append(gap_until(reader, device, point, at[-1]))
    return [one for one in gaps if one is not None]


def gap_until(reader: StoreReader, device: str, point: str, border: float) -> Gap | None:
    """The gap that ends with the first value from a time on."""
    end, _ = reader.first(device, [point], border).get(point, (border, 0))
    row = next((one for one in reader.history(device, [point], end, end + 0.001) if GAP in one.flags), None)
    before = reader.before(device, [point], end).get(point) if row is not None else None
    if row is None or row.value is None or before is None:
        return None
    silence = next(iter(reader.silences(device, before[0], end)), None)
    begin = end if silence is None else max(before[0], silence[0])
    if begin >= end:
        return None  # the device was in contact and reported its energy late
    return Gap(begin, end, mWh_of(before[1]), max(mWh_of(row.value), mWh_of(before[1])), LOST not in row.flags)


def mWh_of(value: Value) -> int:
    """A total in Wh as mWh."""
    return round(float(value) * 1000)


# --- inside -------------------------------------------------------------------------------------------


def _put(found: PeriodLevels, series: Sequence[SeriesRows], at: Sequence[float], span: int) -> None:
    """Enter rows as levels; later ones take the place of earlier ones of a period."""
    columns = [(one.starts, _mWh_column(one.scale, one.numbers)) for one in series]
    place: Callable[[int], int] = partial(_place, at)
    if at[-1] - at[0] == len(found.last) * span:
        for starts, levels in columns:
            for first, end in _runs(starts, span):
                begin = place(starts[first])
                found.last[begin : begin + end - first] = levels[first:end]
    else:
        for start, level in sorted(chain(*(zip(*column, strict=True) for column in columns))):
            found.last[place(start)] = level
    for one in series:
        for start in one.estimated:
            found.estimated[place(start)] = 1
        for row in one.flagged:
            found.gap[place(row.start)] = 1


def _place(at: Sequence[float], start: float) -> int:
    """The period that a time lies in."""
    return bisect_right(at, start) - 1


def _runs(starts: Sequence[int], span: int) -> Iterator[tuple[int, int]]:
    """Places from which until before which rows follow each other without a break."""
    if isinstance(starts, range):
        breaks = []
    else:
        steps = map(sub, islice(starts, 1, None), starts)
        breaks = [place for place, step in enumerate(steps, 1) if step != span]
    yield from pairwise([0, *breaks, len(starts)]) if starts else ()


def _mWh_column(scale: SeriesScale, numbers: Sequence[int]) -> list[int]:
    """The numbers of a series as mWh, as ``mWh_of`` has them."""
    factor = 10 ** (scale.exponent + 3) if scale.exponent >= -3 else 0
    if not factor or scale.kind == "switch" or not numbers or _most(numbers) * factor > EXACT:
        return [mWh_of(scale.value(one)) for one in numbers]
    return list(numbers) if factor == 1 else [one * factor for one in numbers]


def _most(numbers: Sequence[int]) -> int:
    high, low = max(numbers), min(numbers)
    return max(high, -low)


def _read(
    found: PeriodLevels,
    reader: StoreReader,
    device: str,
    point: str,
    grid: Grid,
    at: Sequence[float],
    first: int,
    end: int,
) -> None:
    """Enter the levels of some periods from steps."""
    found.last[first:end] = [None] * (end - first)
    found.estimated[first:end] = found.gap[first:end] = bytes(end - first)
    for step in reader.steps(device, grid, [point], at[first], at[end]):
        if not isinstance(step.last, str):
            period = _place(at, step.at)
            found.last[period] = mWh_of(step.last)
            found.estimated[period] |= step.estimated
            found.gap[period] |= GAP in step.flags


def _periods(at: Sequence[float], ranges: Iterable[tuple[int, int]]) -> Iterator[tuple[int, int]]:
    """The periods that overlap ranges in order of time, each once."""
    done = 0
    for begin, until in ranges:
        first = max(_place(at, begin), done)
        done = max(min(bisect_left(at, until), len(at) - 1), done)
        if first < done:
            yield first, done
