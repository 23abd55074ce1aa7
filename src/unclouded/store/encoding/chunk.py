"""The chunk of one device-hour: its samples as compressed columns, exact, in a ninth of the room of single rows.

    chunk   = version | zlib(columns)
    columns = counts | series | shapes | times | shape of each moment | marks | values of each series

    12:00:00.003  power 673, voltage 2301   ┐ moments of the same shape (power, voltage)
    12:00:01.006  power 671, voltage 2301   ┘

A moment is a millisecond with values; its shape is which series it has, in their order. Columns, times, values: see
store.encoding.columns. Version 1, which is read only, has columns of differences for times and values.
"""

import contextlib
import zlib
from collections import Counter
from collections.abc import Callable, Iterable, Iterator, Mapping, Sequence
from itertools import islice
from typing import NamedTuple

from unclouded.core.errors import DamagedStore
from unclouded.store.encoding.blob import Entry
from unclouded.store.encoding.columns import MOST_BYTES, ColumnReader, put_column, put_number, put_times, put_values

SPAN_S = 3600  # of one chunk, whole hours from the Unix epoch
VERSION = 2
DIFFERENCES = 1  # the version whose times and values are differences
LEVEL = 6  # of zlib
SHORT = 16  # bytes of a column that is in the block of the next one
MOMENTS = 500  # decoded at a time, where not all are wanted at once

PutColumn = Callable[[bytearray, Sequence[int]], None]
DeviceSecond = tuple[int, Sequence[Entry]]  # second, its entries sorted by their milliseconds


class ChunkLimits(NamedTuple):
    """How many values a chunk may have, and the seconds that it covers."""

    values: int = MOST_BYTES
    span: int = SPAN_S


class OpenedChunk(NamedTuple):
    """The columns of a chunk, and its version."""

    version: int
    columns: bytes


class ChunkHead(NamedTuple):
    """How many moments and values; ``series``: their numbers; ``shapes``: places in it."""

    moments: int
    values: int
    series: Sequence[int]
    shapes: Sequence[Sequence[int]]


OWN = ChunkLimits()


class ChunkEncoder:
    """Makes the chunk of the hour from ``start`` (Unix s) on, in pieces: an hour of 200 points is 720,000 values."""

    def __init__(self, start: int) -> None:
        self._base = start * 1000
        self._times, self._shapes_of, self._marks = list[int](), list[int](), list[int]()
        self._columns: dict[int, list[int]] = {}  # by series: the differences of its values
        self._values: dict[int, int] = {}  # by series: the last one
        self._shapes: dict[tuple[int, ...], int] = {}

    def add(self, seconds: Iterable[DeviceSecond]) -> None:
        """These come next: in order of time, not before the hour."""
        columns, values, shapes, marks = self._columns, self._values, self._shapes, self._marks
        for at, moment in _moments(seconds):
            self._times.append(at - self._base)
            self._base = at
            shape = tuple([one[1] for one in moment])
            self._shapes_of.append(shapes.setdefault(shape, len(shapes)))
            for _, number, value, mark in moment:
                if number in columns:
                    columns[number].append(value - values[number])
                else:
                    columns[number] = [value]
                values[number] = value
                marks.append(mark)

    def pieces(self) -> Iterator[bytes]:
        """The chunk, a column at a time. Raises ValueError where it would be too large to be read."""
        places = {number: place for place, number in enumerate(self._columns)}
        head = bytearray()
        for count in (len(self._times), len(self._marks), len(self._columns), len(self._shapes)):
            put_number(head, count)
        for number in self._columns:
            put_number(head, number)
        for shape in self._shapes:
            put_number(head, len(shape))
            for number in shape:
                put_number(head, places[number])
        yield bytes([VERSION])
        columns = [(put_times, self._times), (put_column, self._shapes_of), (put_column, self._marks)]
        yield from _compressed(head, [*columns, *((put_values, found) for found in self._columns.values())])


def encode(start: int, seconds: Iterable[DeviceSecond]) -> bytes:
    """The chunk of these seconds, which are in order of time and not before ``start`` (Unix seconds).

    Raises ValueError where it would be too large to be read.
    """
    encoder = ChunkEncoder(start)
    encoder.add(seconds)
    return b"".join(encoder.pieces())


def decode(start: int, chunk: bytes) -> list[DeviceSecond]:
    """The seconds of a chunk that begins then. Raises DamagedStore."""
    with damage():
        return decode_opened(start, opened(chunk), OWN)


def decode_opened(start: int, columns: OpenedChunk, limits: ChunkLimits) -> list[DeviceSecond]:
    """The same, of the columns of a chunk. Raises as ``damage`` catches, also where it is beyond the limits."""
    decoder = _ChunkDecoder(start, columns, limits)
    return decoder.take(decoder.moments)


def opened(chunk: bytes, most: int = MOST_BYTES) -> OpenedChunk:
    """The columns of a chunk, of at most so many bytes. Raises as ``damage`` catches."""
    version = chunk[0]
    if not 1 <= version <= VERSION:
        raise DamagedStore(f"A chunk of the store is damaged, or of a newer version ({version}).")
    return OpenedChunk(version, _decompressed(chunk, most))


def read_head(columns: ColumnReader, limits: ChunkLimits) -> ChunkHead:
    """What stands before the columns. Raises as ``damage`` catches."""
    moments, values, series_count, shape_count = (columns.number() for _ in range(4))
    if values > limits.values or moments > min(limits.values, limits.span * 1000):
        raise ValueError("it has too many values")
    columns.must_hold(series_count + shape_count)
    series = [columns.number() for _ in range(series_count)]
    shapes = [[columns.number() for _ in range(columns.number())] for _ in range(shape_count)]
    return ChunkHead(moments, values, series, shapes)


def values_of(head: ChunkHead, uses: Mapping[int, int]) -> list[int]:
    """How many values each series has, where each shape is used so often. Raises ValueError where they differ."""
    if uses and min(uses) < 0:
        raise ValueError("it has an unknown shape")
    if sum(len(head.shapes[shape]) * count for shape, count in uses.items()) != head.values:
        raise ValueError("its counts differ")
    counts = [0] * len(head.series)
    for shape, count in uses.items():
        for place in head.shapes[shape]:
            counts[place] += count
    return counts


def is_sound(chunk: bytes) -> bool:
    """Whether its checksum fits: a tenth of the time of reading it."""
    try:
        return 1 <= chunk[0] <= VERSION and bool(_decompressed(chunk, MOST_BYTES))
    except (zlib.error, IndexError, ValueError, TypeError):
        return False


def seconds_of(start: int, chunk: bytes) -> Iterator[DeviceSecond]:
    """The same, one after another. Raises DamagedStore, at any of them."""
    held: list[DeviceSecond] = []  # the last one: more of it may follow
    with damage():
        decoder = _ChunkDecoder(start, opened(chunk), OWN)
        while moments := list(islice(decoder.moments, MOMENTS)):
            if found := decoder.take(moments):
                yield from held
                yield from found[:-1]
                held = found[-1:]
        yield from held


@contextlib.contextmanager
def damage() -> Iterator[None]:
    """What can go wrong in decoding as DamagedStore."""
    try:
        yield
    except (zlib.error, IndexError, StopIteration, ValueError, OverflowError) as error:
        raise DamagedStore(f"A chunk of the store is damaged: {error}.") from None


class _ChunkDecoder:
    """``moments``: the times, relative to the hour in ms, and the shapes of all; ``take`` them in order."""

    def __init__(self, start: int, opened: OpenedChunk, limits: ChunkLimits) -> None:
        columns = _reader_of(opened, limits)
        head = read_head(columns, limits)
        series, shapes = head.series, head.shapes
        times = columns.times(head.moments)
        if times and min(times) < 0:
            raise ValueError("its times are out of order")
        shapes_of = columns.column(head.moments)
        marks = iter(columns.column(head.values))
        counts = values_of(head, Counter(shapes_of))
        values = [iter(columns.values(count)) for count in counts]
        self._span = limits.span
        self.moments = zip(times, shapes_of, strict=True)
        self._start = start
        self._parts = [[(series[place], values[place].__next__) for place in shape] for shape in shapes]
        self._mark = marks.__next__
        self._second, self._into = -1, list[Entry]()

    def take(self, moments: Iterable[tuple[int, int]]) -> list[DeviceSecond]:
        """The seconds that begin with these; the one before them may go on in them."""
        found: list[DeviceSecond] = []
        current, into, parts, mark = self._second, self._into, self._parts, self._mark
        for time, shape in moments:
            second, ms = divmod(time, 1000)
            if second != current:
                if second < current or second >= self._span:
                    raise ValueError("its times are out of order")
                current, into = second, []
                found.append((self._start + second, into))
            for number, value in parts[shape]:
                into.append((ms, number, value(), mark()))
        self._second, self._into = current, into
        return found


class _Differences(ColumnReader):
    """Of version 1: times and values are differences."""

    def is_plain(self) -> bool:
        return False


def _reader_of(opened: OpenedChunk, limits: ChunkLimits) -> ColumnReader:
    reader = _Differences if opened.version == DIFFERENCES else ColumnReader
    return reader(opened.columns, limits.values)


def _moments(seconds: Iterable[DeviceSecond]) -> Iterator[tuple[int, list[Entry]]]:
    """The entries of each millisecond, with its time (Unix ms)."""
    for second, entries in seconds:
        moment: list[Entry] = []
        for entry in entries:
            if moment and moment[0][0] != entry[0]:
                yield second * 1000 + moment[0][0], moment
                moment = []
            moment.append(entry)
        if moment:
            yield second * 1000 + moment[0][0], moment


def _compressed(head: bytearray, columns: Iterable[tuple[PutColumn, Sequence[int]]]) -> Iterator[bytes]:
    """Each column begins a block, so that it gets a code of its own: 12 % less than all in one."""
    worker = zlib.compressobj(LEVEL, strategy=zlib.Z_FILTERED)
    yield worker.compress(head)
    size = len(head)
    for put, column in columns:
        data = bytearray()
        put(data, column)
        size += len(data)
        if size > MOST_BYTES:
            raise ValueError("too many values for one chunk")
        yield worker.compress(data) + (worker.flush(zlib.Z_BLOCK) if len(data) > SHORT else b"")
    yield worker.flush()


def _decompressed(chunk: bytes, most: int) -> bytes:
    worker = zlib.decompressobj()
    data = worker.decompress(memoryview(chunk)[1:], most)
    if not worker.eof:
        raise ValueError("it is truncated, or too long")
    return data
