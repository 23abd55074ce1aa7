"""The condensed values of one series within a range of time, as integers, and how two such parts are joined.

    part = size | total, low, high | last, at | marks
    size               how many values
    total, low, high   sum, minimum and maximum in the series' scale; None for counters and switches
    last, at           the newest value and its time (Unix milliseconds)
    marks              held << 0 | estimated << 1 | suspect << 2 | flag bits << 3: set if any value has it

Everything is exact, so joined parts equal a part of all their values: a history by the month that is made from
minutes is the same as one made from samples.
"""

from collections import defaultdict
from collections.abc import Container, Iterable, Mapping
from typing import NamedTuple

from unclouded.core.model import Quality
from unclouded.store.encoding.chunk import DeviceSecond
from unclouded.store.encoding.codec import QUALITIES

MAX_NUMBER = 10**300  # within the range of floats in every scale


class SeriesPart(NamedTuple):
    """A part; see the module's docstring."""

    size: int
    total: int | None
    low: int | None
    high: int | None
    last: int
    at: int
    marks: int


class Accumulator:
    """Collects the values of one series within a range of time."""

    __slots__ = ("at", "marks", "values")

    def __init__(self) -> None:
        self.values: list[int] = []
        self.at = 0
        self.marks = 0

    def part(self, is_number: bool) -> SeriesPart:
        """What the values come to; without sum, lowest and highest where they are not numbers."""
        values = self.values
        last = _bounded(values[-1])
        if not is_number:
            return SeriesPart(len(values), None, None, None, last, self.at, self.marks)
        total, low, high = _bounded(sum(values)), _bounded(min(values)), _bounded(max(values))
        return SeriesPart(len(values), total, low, high, last, self.at, self.marks)


Accumulators = defaultdict[int, defaultdict[int, Accumulator]]  # by step, by series


class StepRange(NamedTuple):
    """How samples are assigned to steps: ``(ms + shift) // step``, for times from ``low`` until before ``high``."""

    step: int
    shift: int = 0
    low: int = 0
    high: int = 2**62


def accumulate(
    rows: Iterable[DeviceSecond],
    cut: StepRange,
    selected: Container[int] | None,
    accumulators: Accumulators,
) -> None:
    """Add samples, which are in order of time, to accumulators. ``selected``: these series, None = all."""
    step, shift, low, high = cut
    for second, entries in rows:
        base = second * 1000
        number = (base + shift) // step
        whole = low <= base and base + 1000 <= high and (base + 999 + shift) // step == number
        by_series = accumulators[number]
        for ms, series, value, marks in entries:
            if selected is not None and series not in selected:
                continue
            at = base + ms
            if not whole:
                if not low <= at < high:
                    continue
                by_series = accumulators[(at + shift) // step]
            mine = by_series[series]
            mine.values.append(value)
            mine.at = at
            if marks:
                mine.marks |= rolled_marks(marks)


def new_accumulators() -> Accumulators:
    """No values yet: by step, then by series; an Accumulator is created where it is first used."""
    return defaultdict(lambda: defaultdict(Accumulator))


def join(first: SeriesPart, second: SeriesPart) -> SeriesPart:
    """Join two parts of one series, in any order."""
    newest = second if second.at >= first.at else first
    marks = first.marks | second.marks
    size = first.size + second.size
    if first.total is None or second.total is None:
        return SeriesPart(size, None, None, None, newest.last, newest.at, marks)
    low, high = min(_known(first.low), _known(second.low)), max(_known(first.high), _known(second.high))
    return SeriesPart(size, first.total + second.total, low, high, newest.last, newest.at, marks)


def rolled_marks(marks: int) -> int:
    """The marks of a sample (see ``store.encoding.blob``) as those of a part."""
    return 1 << (marks & 3) >> 1 | marks >> 2 << 3


def worst(marks: int) -> Quality:
    """The worst quality in the marks of a part."""
    return QUALITIES[(marks & 7).bit_length()]


def has_quality(marks: int, quality: Quality) -> bool:
    """Whether any value of a part has this quality, which is not ``good``."""
    return bool(marks & 1 << QUALITIES.index(quality) >> 1)


def flags_in(marks: int, names: Mapping[int, str]) -> frozenset[str]:
    """The flags of a part."""
    bits = marks >> 3
    return frozenset(name for bit, name in names.items() if bits >> bit & 1) if bits else frozenset()


def _bounded(number: int) -> int:
    return max(min(number, MAX_NUMBER), -MAX_NUMBER)


def _known(number: int | None) -> int:
    """Low and high are set wherever a total is."""
    return 0 if number is None else number
