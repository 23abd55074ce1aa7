"""Many rows of a history as few: one for each point and step."""

from collections.abc import Collection, Iterator

import msgspec

from unclouded.model import Quality, Value
from unclouded.sinks.store_codec import QUALITIES


class Row(msgspec.Struct, frozen=True, gc=False):
    """One line of a history: a value, or (condensed numbers) ``min``, ``mean`` and ``max`` with ``value`` None."""

    at: float
    device: str
    point: str
    value: Value | None
    quality: Quality = "good"
    flags: tuple[str, ...] = ()
    min: float | None = None
    mean: float | None = None
    max: float | None = None


class _Span:
    """What one point said within one step."""

    def __init__(self, first: Row) -> None:
        self._last = first
        self._values: list[float] = []
        self._quality: Quality = first.quality
        self._flags: dict[str, None] = {}

    def take(self, row: Row, number: bool) -> None:
        self._last = row
        if row.quality != self._quality:
            self._quality = max(row.quality, self._quality, key=QUALITIES.index)
        if row.flags:
            self._flags.update(dict.fromkeys(row.flags))
        if number and row.value is not None and not isinstance(row.value, str):
            self._values.append(row.value)

    def row(self, at: float) -> Row:
        last, flags, values = self._last, tuple(self._flags), self._values
        if not values:
            return Row(at, last.device, last.point, last.value, self._quality, flags)
        mean = sum(values) / len(values)
        return Row(at, last.device, last.point, None, self._quality, flags, min(values), mean, max(values))


def condense(rows: Iterator[Row], step: float, numbers: Collection[str]) -> Iterator[Row]:
    """One row for each point and step, at the step's start; steps count from the Unix epoch.

    ``numbers``: the points that come as min, mean (of the readings, each counting the same) and max; all others
    (counters, switches, words) come as their last value. The worst quality and all flags of the step are kept.
    """
    now, spans = None, dict[str, _Span]()
    for row in rows:
        start = row.at // step
        if start != now:
            yield from _rows(spans, now, step)
            now, spans = start, {}
        span = spans.get(row.point)
        if span is None:
            span = spans[row.point] = _Span(row)
        span.take(row, row.point in numbers)
    yield from _rows(spans, now, step)


def _rows(spans: dict[str, _Span], start: float | None, step: float) -> Iterator[Row]:
    if start is not None:
        for point in sorted(spans):
            yield spans[point].row(start * step)
