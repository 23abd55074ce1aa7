"""Condensing a history: how time is divided into steps, and the values of a point within one step.

    step = 1 day, Europe/Madrid      │  24 h   │  24 h   │ 23 h  │  24 h   │
    local midnights                  ┴─────────┴─────────┴───────┴─────────┴

Steps are counted from the Unix epoch or, in a time zone, from local midnight. Steps of up to an hour are aligned to
the minutes of the local hour; longer ones follow the local clock, so a step is an hour shorter or longer where
daylight saving time begins or ends.
"""

import math
from collections.abc import Iterator, Mapping, Sequence
from datetime import UTC, datetime, timedelta, tzinfo
from typing import NamedTuple

import msgspec

from unclouded.core.model import Quality, Value
from unclouded.store.encoding.codec import QUALITIES, SeriesScale
from unclouded.store.encoding.part import SeriesPart, flags_in, has_quality, worst

HOUR, DAY, WEEK = 3600, 86_400, 7 * 86_400  # s
MAX_TIME_S = 2**37  # the datetime module supports little beyond
EPOCH = datetime(1970, 1, 1)  # noqa: DTZ001  # in local time


class HistoryRow(msgspec.Struct, frozen=True, gc=False):
    """One row of a history: a value, or (condensed numbers) ``min``, ``mean`` and ``max`` with ``value`` None."""

    at: float
    device: str
    point: str
    value: Value | None
    quality: Quality = "good"
    flags: tuple[str, ...] = ()
    min: float | None = None
    mean: float | None = None
    max: float | None = None


class HistoryStep(msgspec.Struct, frozen=True, gc=False):
    """The values of one point within one step, which begins ``at``. ``low``, ``mean``, ``high``: of numbers, else None.

    ``quality`` is the worst of the step, ``flags`` are all flags, sorted; ``estimated``: whether any value was.
    """

    at: float
    point: str
    last: Value
    quality: Quality
    flags: tuple[str, ...]
    estimated: bool
    low: float | None = None
    mean: float | None = None
    high: float | None = None

    def row(self, device: str) -> HistoryRow:
        """As a row of a history: the value itself, or lowest, mean and highest of its step."""
        value = self.last if self.mean is None else None
        return HistoryRow(self.at, device, self.point, value, self.quality, self.flags, self.low, self.mean, self.high)


class Text(NamedTuple):
    """A text value, which is stored as an event. ``at``: Unix milliseconds."""

    at: int
    value: Value
    quality: Quality
    flags: tuple[str, ...]


class LastValue(NamedTuple):
    """The last value of a point and its time (Unix ms). ``is_number``: steps of this point have a mean."""

    at: float
    value: Value
    quality: Quality
    is_number: bool


class OffsetRun(NamedTuple):
    """A range of time in which steps are counted alike: the step of a time in it is ``(ms + shift) // step``."""

    low: int
    high: int
    shift: int


class Grid:
    """Steps of ``seconds``, from the Unix epoch or in a time zone. Every time lies in exactly one step.

    A step is named by its beginning (Unix ms). In a zone, steps of an hour begin with each hour of the local clock, and
    where a change of the clock moves its minutes; longer ones follow the local clock from midnight.
    """

    def __init__(self, seconds: float, zone: tzinfo | None = None) -> None:
        self.step = max(round(seconds * 1000), 1)
        self._zone = zone if zone is not None and self.step % (HOUR * 1000) == 0 else None
        self._local = self._zone is not None and self.step > HOUR * 1000

    def runs(self, low: int, high: int) -> Iterator[OffsetRun]:
        """The ranges from ``low`` until before ``high`` (Unix ms)."""
        while low < high:
            shift = self._shift(low)
            boundary = high if self._zone is None else self._next_change(low // 1000, high // 1000 + 1) * 1000
            yield OffsetRun(low, min(boundary, high), shift)
            low = boundary

    def begin(self, ms: int) -> int:
        """When the step at a time begins."""
        number = self._number(ms)
        if self._local:
            following = self.at(number + 1)
            return following if following <= ms else self.at(number)
        begin = number * self.step - self._shift(ms)
        if self._zone is None or self._shift(begin) == self._shift(ms):
            return begin
        return self._change_between(begin // 1000, ms // 1000, self._shift(begin)) * 1000

    def begin_of(self, number: int, run: OffsetRun) -> int:
        """When the step with this number in a run begins."""
        begin = number * self.step - run.shift
        if begin >= run.low and not self._local:
            return begin  # the clock does not change between
        return self.begin(max(begin, run.low))

    def after(self, begin: int) -> int:
        """When the step after the one that begins then begins."""
        if self._local:
            number = self._number(begin) + 1
            while (following := self.at(number)) <= begin < MAX_TIME_S * 1000:
                number += 1
            return max(following, begin + 1)
        following = self.begin(begin + self.step)
        while (between := self.begin(following - 1)) > begin:
            following = between
        return following

    def begins(self, low: int, high: int) -> list[int]:
        """When the steps that overlap a range begin, and when the last of them ends."""
        found = [self.begin(low)]
        for run in self.runs(found[-1], high):
            while found[-1] < run.high:
                last, following = found[-1], found[-1] + self.step
                is_plain = run.low <= last and following < run.high and (last + run.shift) % self.step == 0
                found.append(following if is_plain else self.after(last))
        return found

    def count(self, low: int, high: int) -> int:
        """How many steps overlap a range, at most."""
        if self._local:
            return self._number(self.begin(high - 1)) - self._number(self.begin(low)) + 1
        runs = self.runs(low, high)
        return sum((run.high - 1 + run.shift) // self.step - (run.low + run.shift) // self.step + 1 for run in runs)

    def at(self, number: int) -> int:
        """When the local clock first shows the beginning of the step with this number, or is set past it."""
        local = EPOCH + timedelta(milliseconds=min(number * self.step, MAX_TIME_S * 1000))
        first, second = (_ms(local.replace(tzinfo=self._zone, fold=fold)) for fold in (0, 1))
        if first <= second:
            return first
        # The local clock never shows it: it is set from before it to after it.
        return self._change_between(second // 1000, first // 1000, self._shift(second)) * 1000

    def _number(self, ms: int) -> int:
        return (ms + self._shift(ms)) // self.step

    def _shift(self, ms: int) -> int:
        if self._zone is None:
            return 0
        offset = self._offset(ms // 1000)
        return (offset if self._local else offset % HOUR) * 1000

    def _offset(self, second: int) -> int:
        local = datetime.fromtimestamp(max(min(second, MAX_TIME_S), 0), UTC).astimezone(self._zone)
        return round((local.utcoffset() or timedelta()).total_seconds())

    def _next_change(self, second: int, end: int) -> int:
        """The next change of the shift, at the latest ``end``."""
        shift = self._shift(second * 1000)
        while second < end:
            later = min(second + WEEK, end)
            if self._shift(later * 1000) != shift:
                return self._change_between(second, later, shift)
            second = later
        return end

    def _change_between(self, before: int, after: int, shift: int) -> int:
        """When the shift changes from ``shift`` between two times (Unix seconds)."""
        while after - before > 1:
            middle = (before + after) // 2
            if self._shift(middle * 1000) == shift:
                before = middle
            else:
                after = middle
        return after


def _ms(local: datetime) -> int:
    return round(local.timestamp() * 1000)


def milliseconds(seconds: float) -> int:
    """Seconds as milliseconds, rounded up."""
    return math.ceil(round(seconds * 1000, 3))


def cover(low: int, high: int, upto: int, spans: Sequence[int]) -> Iterator[tuple[int, int, int]]:
    """Divide a range of time into pieces ``(span, low, high)``, each with the longest rollup rows that fit.

    Span 0 = samples. All in ms; ``spans`` in ascending order; rows exist until ``upto``.
    """
    if not spans:
        if low < high:
            yield 0, low, high
        return
    *shorter, span = spans
    first, last = -(-low // span) * span, min(high, upto) // span * span
    if first >= last:
        yield from cover(low, high, upto, shorter)
        return
    yield from cover(low, first, upto, shorter)
    yield span, first, last
    yield from cover(last, high, upto, shorter)


def step_of(
    at: float,
    point: str,
    parts: Sequence[tuple[SeriesScale, SeriesPart]],
    texts: Sequence[Text],
    names: Mapping[int, str],
) -> HistoryStep:
    """A step of a point from the parts of its series (by number) and its texts (by time)."""
    last_at, last = -1, texts[0].value if texts else 0
    marks, flags, quality = 0, set[str](), QUALITIES[0]
    for scale, part in parts:
        marks |= part.marks
        if part.at >= last_at:
            last_at, last = part.at, scale.value(part.last)
    for text in texts:
        flags.update(text.flags)
        quality = max(quality, text.quality, key=QUALITIES.index)
        if text.at >= last_at:
            last_at, last = text.at, text.value
    flags |= flags_in(marks, names)
    estimated = has_quality(marks, "estimated") or any(text.quality == "estimated" for text in texts)
    quality = max(quality, worst(marks), key=QUALITIES.index)
    return HistoryStep(at, point, last, quality, tuple(sorted(flags)), estimated, *_spread(parts))


def _spread(parts: Sequence[tuple[SeriesScale, SeriesPart]]) -> tuple[float | None, float | None, float | None]:
    """Minimum, mean and maximum of the parts that are numbers."""
    numbers = [(scale, part) for scale, part in parts if part.total is not None]
    if not numbers:
        return None, None, None
    count = sum(part.size for _, part in numbers)
    least = min(scale.exponent for scale, _ in numbers)
    total = sum((part.total or 0) * 10 ** (scale.exponent - least) for scale, part in numbers)
    mean = total / (count * 10**-least) if least < 0 else total * 10**least / count
    low = min(scale.value(part.low or 0) for scale, part in numbers)
    high = max(scale.value(part.high or 0) for scale, part in numbers)
    return float(low), mean, float(high)
