"""Readings of windows as numpy arrays, where many are read. The hub never imports this module.

Source: docs/protocols/fleet.md §4.2
"""

from typing import NamedTuple

import numpy as np
from numpy.typing import NDArray

from unclouded.store.encoding.chunk import DIFFERENCES, ChunkHead, ChunkLimits, OpenedChunk, read_head
from unclouded.store.encoding.columns import FAR, NEAR, VARINTS, ColumnReader
from unclouded.uplink.contents.packing import MOST_VALUES, as_content_error
from unclouded.uplink.contents.raw import SPAN_S, opened_chunks

MOST_WHOLE = 2.0**62  # what is further from 0 is a float
Whole = NDArray[np.int64]
Numbers = NDArray[np.int64] | NDArray[np.float64]


class SeriesArrays(NamedTuple):
    """The readings of one series, in order of time. ``at``: Unix ms. ``marks``: quality | flag bits << 2.

    ``values``: counts of the series' scale: int64; float64 where one has more than 62 bits.
    """

    at: Whole
    values: Numbers
    marks: Whole


def raw_arrays(start: int, data: bytes) -> dict[int, SeriesArrays]:
    """By series, of all devices of a window of ``raw``. Raises ContentError."""
    found, left = dict[int, SeriesArrays](), MOST_VALUES
    for _, opened in opened_chunks(data):
        with as_content_error():
            of_device = _chunk_arrays(start, opened, ChunkLimits(left, SPAN_S))
        left -= sum(len(one.at) for one in of_device.values())
        found |= of_device
    return found


def _chunk_arrays(start: int, opened: OpenedChunk, limits: ChunkLimits) -> dict[int, SeriesArrays]:
    columns = _ArrayColumns(opened, limits.values)
    head = read_head(columns, limits)
    times = columns.whole_times(head.moments)
    shapes_of = columns.whole(head.moments)
    marks = columns.whole(head.values)
    if head.moments and not (times[0] >= 0 and times[-1] < limits.span * 1000 and (np.diff(times) >= 0).all()):
        raise ValueError("its times are out of order")
    at = start * 1000 + times
    if len(head.shapes) == 1 and not shapes_of.any() and sorted(head.shapes[0]) == list(range(len(head.series))):
        return _alike(columns, head, at, marks)
    moment_of, place_of = _entries(head, shapes_of)
    order = np.argsort(place_of, kind="stable")  # by series, then by time
    at, marks = at[moment_of[order]], marks[order]
    counts = np.bincount(place_of, minlength=len(head.series))
    found: dict[int, SeriesArrays] = {}
    begin = 0
    for series, count in zip(head.series, counts.tolist(), strict=True):
        values, end = columns.whole_values(count), begin + count
        found[series] = SeriesArrays(at[begin:end], values, marks[begin:end])
        begin = end
    return found


def _alike(columns: "_ArrayColumns", head: ChunkHead, at: Whole, marks: Whole) -> dict[int, SeriesArrays]:
    """All moments have a value of each series, as is usual."""
    shape = head.shapes[0]
    if max(shape) >= len(head.series):
        raise ValueError("it has an unknown series")
    if head.moments * len(shape) != head.values:
        raise ValueError("its counts differ")
    by_place = marks.reshape(head.moments, len(shape)).T
    marks_of = dict(zip(shape, by_place, strict=True))
    return {
        series: SeriesArrays(at, columns.whole_values(head.moments), marks_of[place])
        for place, series in enumerate(head.series)
    }


def _entries(head: ChunkHead, shapes_of: Whole) -> tuple[Whole, Whole]:
    """Of each value, in order: the number of its moment, and the place of its series."""
    if head.moments and not 0 <= shapes_of.min() <= shapes_of.max() < len(head.shapes):
        raise ValueError("it has an unknown shape")
    places = np.array([place for shape in head.shapes for place in shape], np.int64)
    if len(places) and places.max() >= len(head.series):
        raise ValueError("it has an unknown series")
    sizes = np.array([len(shape) for shape in head.shapes], np.int64)
    firsts = sizes.cumsum() - sizes
    of_moment = sizes[shapes_of] if head.moments else np.zeros(0, np.int64)
    if int(of_moment.sum()) != head.values:
        raise ValueError("its counts differ")
    moment_of = np.repeat(np.arange(head.moments), of_moment)
    within = np.arange(head.values) - np.repeat(of_moment.cumsum() - of_moment, of_moment)
    place_of = places[firsts[shapes_of[moment_of]] + within]
    return moment_of, place_of.astype(np.uint16) if len(head.series) < 65_536 else place_of


class _ArrayColumns(ColumnReader):
    """Columns as arrays."""

    def __init__(self, opened: OpenedChunk, most: int) -> None:
        super().__init__(opened.columns, most)
        self._has_forms = opened.version != DIFFERENCES

    def is_plain(self) -> bool:
        return self._has_forms and super().is_plain()

    def whole(self, count: int) -> Whole:
        """A column. Raises OverflowError where a number has more than 64 bits."""
        width = self.width(count)
        if width == 0:
            return np.zeros(count, np.int64)
        if width == VARINTS:
            return np.array(self.varints(count), np.int64)
        if width == NEAR:
            return self._whole_near(count)
        planes = np.frombuffer(self.planes(count, width), np.uint8).reshape(width, count)
        return np.ascontiguousarray(planes.T).view(f"<i{width}").reshape(count).astype(np.int64)

    def whole_times(self, count: int) -> Whole:
        """What ``put_times`` has written."""
        if not self.is_plain():
            return self.whole(count).cumsum()
        return _line(*self.line(count)) + self.whole(count)

    def whole_values(self, count: int) -> Numbers:
        """What ``put_values`` has written."""
        at = self._at
        is_plain = self.is_plain()
        try:
            numbers = self.whole(count)
        except OverflowError:
            return self._floats(at, count)
        if is_plain:
            return numbers if _furthest(numbers) < MOST_WHOLE else self._floats(at, count)
        return numbers.cumsum() if count * _furthest(numbers) < MOST_WHOLE else self._floats(at, count)

    def _whole_near(self, count: int) -> Whole:
        centre, distances = self.near(count)
        numbers = np.frombuffer(distances, np.int8).astype(np.int64)
        far = self.far(distances)
        if len(far):
            numbers[numbers == FAR] = np.array(far, np.int64)
        if abs(centre) + _furthest(numbers) >= MOST_WHOLE:
            raise OverflowError
        return numbers + centre

    def _floats(self, at: int, count: int) -> NDArray[np.float64]:
        self._at = at
        return np.array([float(one) for one in self.values(count)], np.float64)


def _line(rise: int, steps: int) -> Whole:
    """The places of a straight line from 0 to ``rise``, rounded down."""
    places = np.arange(steps + 1, dtype=np.int64)
    step, rest = divmod(rise, steps)
    return places * step + places * rest // steps


def _furthest(numbers: Whole) -> float:
    """None of these is further from 0."""
    return max(float(numbers.max()), -float(numbers.min())) if len(numbers) else 0.0
