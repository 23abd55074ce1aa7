"""The chunk of one device-hour: its samples as compressed columns, exact, in a seventh of the room of single rows.

    chunk   = version | zlib(columns)
    columns = counts | series | shapes | times | shape of each moment | marks | values of each series

    12:00:00.003  power 673, voltage 2301   ┐ moments of the same shape (power, voltage)
    12:00:01.006  power 671, voltage 2301   ┘    times   3, +1003       power 673, -2     voltage 2301, 0

A moment is a millisecond with values; its shape is which series it has, in their order. Times and values are
differences to the one before. A column of numbers is its width (0: all are zero; 1, 2, 4 or 8 bytes; or varints, for
larger numbers) and its bytes, the lowest bytes of all numbers first, which compresses well and is read without a loop.
"""

import contextlib
import sys
import zlib
from array import array
from collections.abc import Iterable, Iterator, Sequence
from itertools import accumulate, islice

from unclouded.core.errors import DamagedStore
from unclouded.store.blob import Entry

SPAN_S = 3600  # of one chunk, whole hours from the Unix epoch
VERSION = 1
LEVEL = 6  # of zlib
MOST_BYTES = 64 * 1024 * 1024  # of the columns of one chunk
WIDTHS = ((1, "b"), (2, "h"), (4, "i"), (8, "q"))
CODES = dict(WIDTHS)
MOMENTS = 500  # decoded at a time, where not all are wanted at once
VARINTS = 9  # in place of a width

DeviceSecond = tuple[int, Sequence[Entry]]  # second, its entries sorted by their milliseconds


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
            _put(head, count)
        for number in self._columns:
            _put(head, number)
        for shape in self._shapes:
            _put(head, len(shape))
            for number in shape:
                _put(head, places[number])
        yield bytes([VERSION])
        yield from _compressed(head, (self._times, self._shapes_of, self._marks, *self._columns.values()))


def encode(start: int, seconds: Iterable[DeviceSecond]) -> bytes:
    """The chunk of these seconds, which are in order of time and not before ``start`` (Unix seconds).

    Raises ValueError where it would be too large to be read.
    """
    encoder = ChunkEncoder(start)
    encoder.add(seconds)
    return b"".join(encoder.pieces())


def decode(start: int, chunk: bytes) -> list[DeviceSecond]:
    """The seconds of a chunk that begins then. Raises DamagedStore."""
    with _damage():
        decoder = _ChunkDecoder(start, chunk)
        return decoder.take(decoder.moments)


def is_sound(chunk: bytes) -> bool:
    """Whether its checksum fits: a tenth of the time of reading it."""
    try:
        return chunk[0] == VERSION and bool(_decompressed(chunk))
    except (zlib.error, IndexError, ValueError, TypeError):
        return False


def seconds_of(start: int, chunk: bytes) -> Iterator[DeviceSecond]:
    """The same, one after another. Raises DamagedStore, at any of them."""
    held: list[DeviceSecond] = []  # the last one: more of it may follow
    with _damage():
        decoder = _ChunkDecoder(start, chunk)
        while moments := list(islice(decoder.moments, MOMENTS)):
            if found := decoder.take(moments):
                yield from held
                yield from found[:-1]
                held = found[-1:]
        yield from held


@contextlib.contextmanager
def _damage() -> Iterator[None]:
    """What can go wrong in decoding as DamagedStore."""
    try:
        yield
    except (zlib.error, IndexError, StopIteration, ValueError, OverflowError) as error:
        raise DamagedStore(f"A chunk of the store is damaged: {error}.") from None


class _ChunkDecoder:
    """``moments``: the times, relative to the hour in ms, and the shapes of all; ``take`` them in order."""

    def __init__(self, start: int, chunk: bytes) -> None:
        if chunk[0] != VERSION:
            raise DamagedStore(f"A chunk of the store is damaged, or of a newer version ({chunk[0]}).")
        columns = _Columns(_decompressed(chunk))
        moments, entries, series_count, shape_count = (columns.number() for _ in range(4))
        columns.must_hold(series_count + shape_count)
        series = [columns.number() for _ in range(series_count)]
        shapes = [[columns.number() for _ in range(columns.number())] for _ in range(shape_count)]
        times = list(accumulate(columns.column(moments)))
        shapes_of = columns.column(moments)
        marks = iter(columns.column(entries))
        counts = [0] * series_count
        for shape in shapes_of:
            for place in shapes[shape]:
                counts[place] += 1
        if sum(counts) != entries:
            raise ValueError("its counts differ")
        values = [accumulate(columns.column(count)) for count in counts]
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
                if second < current or second >= SPAN_S:
                    raise ValueError("its times are out of order")
                current, into = second, []
                found.append((self._start + second, into))
            for number, value in parts[shape]:
                into.append((ms, number, value(), mark()))
        self._second, self._into = current, into
        return found


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


def _put_column(data: bytearray, numbers: Sequence[int]) -> None:
    low, high = (min(numbers), max(numbers)) if numbers else (0, 0)
    if low == high == 0:
        data.append(0)
        return
    for width, code in WIDTHS:
        if -(1 << 8 * width - 1) <= low and high < 1 << 8 * width - 1:
            data.append(width)
            raw = _little(array(code, numbers)).tobytes()
            for byte in range(width):
                data += raw[byte::width]
            return
    data.append(VARINTS)
    for number in numbers:
        _put(data, number << 1 if number >= 0 else ~number << 1 | 1)


def _put(data: bytearray, number: int) -> None:
    while number > 0x7F:
        data.append(number & 0x7F | 0x80)
        number >>= 7
    data.append(number)


def _compressed(head: bytearray, columns: Iterable[Sequence[int]]) -> Iterator[bytes]:
    """Each column begins a block, so that it gets a code of its own: 12 % less than all in one."""
    worker = zlib.compressobj(LEVEL, strategy=zlib.Z_FILTERED)
    yield worker.compress(head)
    size = len(head)
    for column in columns:
        data = bytearray()
        _put_column(data, column)
        size += len(data)
        if size > MOST_BYTES:
            raise ValueError("too many values for one chunk")
        yield worker.compress(data) + worker.flush(zlib.Z_SYNC_FLUSH)
    yield worker.flush()


def _little(numbers: "array[int]") -> "array[int]":
    if sys.byteorder == "big":
        numbers.byteswap()
    return numbers


def _decompressed(chunk: bytes) -> bytes:
    worker = zlib.decompressobj()
    data = worker.decompress(memoryview(chunk)[1:], MOST_BYTES)
    if not worker.eof:
        raise ValueError("it is truncated, or too long")
    return data


class _Columns:
    """Reads the columns one after another."""

    def __init__(self, data: bytes) -> None:
        self._data = data
        self._at = 0

    def number(self) -> int:
        number = shift = 0
        while True:
            byte = self._data[self._at]
            self._at += 1
            number |= (byte & 0x7F) << shift
            if byte < 0x80:
                return number
            shift += 7

    def must_hold(self, bytes: int) -> None:
        """Raises ValueError where so many bytes are not left."""
        if bytes > len(self._data) - self._at:
            raise ValueError("it is truncated")

    def column(self, count: int) -> Sequence[int]:
        width = self._data[self._at]
        self._at += 1
        if width == 0:
            if count > MOST_BYTES:
                raise ValueError("it is too long")
            return [0] * count
        if width == VARINTS:
            self.must_hold(count)
            numbers = [self.number() for _ in range(count)]
            return [~(number >> 1) if number & 1 else number >> 1 for number in numbers]
        code = CODES.get(width)
        if code is None:
            raise ValueError("it has an unknown width")
        self.must_hold(count * width)
        raw = bytearray(count * width)
        for byte in range(width):
            raw[byte::width] = self._data[self._at : self._at + count]
            self._at += count
        return _little(array(code, bytes(raw))).tolist()
