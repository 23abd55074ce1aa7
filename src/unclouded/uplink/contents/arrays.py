"""Readings of windows as numpy arrays, where many are read. The hub never imports this module.

Source: docs/protocols/fleet.md §4.2
"""

from collections.abc import Sequence
from typing import NamedTuple

import numpy as np
from numpy.typing import NDArray

from unclouded.store.chunk import ChunkHead, ChunkLimits, read_head
from unclouded.store.columns import VARINTS, ColumnReader
from unclouded.uplink.contents.packing import MOST_VALUES, as_content_error
from unclouded.uplink.contents.raw import SPAN_S, opened_chunks

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
    for _, columns in opened_chunks(data):
        with as_content_error():
            of_device = _chunk_arrays(start, columns, ChunkLimits(left, SPAN_S))
        left -= sum(len(one.at) for one in of_device.values())
        found |= of_device
    return found


def _chunk_arrays(start: int, data: bytes, limits: ChunkLimits) -> dict[int, SeriesArrays]:
    columns = _ArrayColumns(data, limits.values)
    head = read_head(columns, limits)
    times = columns.whole(head.moments).cumsum()
    shapes_of = columns.whole(head.moments)
    marks = columns.whole(head.values)
    if head.moments and not (times[0] >= 0 and times[-1] < limits.span * 1000 and (np.diff(times) >= 0).all()):
        raise ValueError("its times are out of order")
    at = start * 1000 + times
    if len(head.shapes) == 1 and not shapes_of.any() and len(set(head.shapes[0])) == len(head.series):
        return _alike(columns, head, at, marks)
    moment_of, place_of = _entries(head, shapes_of)
    order = np.argsort(place_of, kind="stable")  # by series, then by time
    at, marks = at[moment_of[order]], marks[order]
    counts = np.bincount(place_of, minlength=len(head.series))
    found: dict[int, SeriesArrays] = {}
    begin = 0
    for series, count in zip(head.series, counts.tolist(), strict=True):
        values, end = columns.sums(count), begin + count
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
        series: SeriesArrays(at, columns.sums(head.moments), marks_of[place])
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

    def whole(self, count: int) -> Whole:
        """A column. Raises OverflowError where a number has more than 64 bits."""
        width = self.width(count)
        if width == 0:
            return np.zeros(count, np.int64)
        if width == VARINTS:
            return np.array(self.varints(count), np.int64)
        planes = np.frombuffer(self.planes(count, width), np.uint8).reshape(width, count)
        return np.ascontiguousarray(planes.T).view(f"<i{width}").reshape(count).astype(np.int64)

    def sums(self, count: int) -> Numbers:
        """A column of differences, added up."""
        at = self._at
        try:
            differences = self.whole(count)
        except OverflowError:
            self._at = at
            return _floats(self.column(count))
        if _furthest_sum(differences) >= 2.0**62:
            self._at = at
            return _floats(self.column(count))
        return differences.cumsum()


def _furthest_sum(differences: Whole) -> float:
    """No sum of these is further from 0."""
    if not len(differences):
        return 0.0
    return len(differences) * max(float(differences.max()), -float(differences.min()))


def _floats(differences: Sequence[int]) -> NDArray[np.float64]:
    found, total = list[float](), 0
    for one in differences:
        total += one
        found.append(float(total))
    return np.array(found, np.float64)
