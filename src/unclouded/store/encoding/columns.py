"""Columns of whole numbers, as chunks of the store and windows of the uplink have them.

    column = width | bytes       width 0: all are zero; 1, 2, 4 or 8 bytes; or varints, for larger numbers
           | 10 | centre | a byte for each: distance to the centre, -128 = far | column: distances of the far ones
    values = 0 | column          the values themselves
           | 1 | column          differences to the one before
    times  = 0 | rise | column   distances to a straight line, which rises from 0 as the times from first to last
           | 1 | column          differences to the one before

The lowest bytes of all numbers come first, which compresses well and is read without a loop. Varints have seven bits a
byte, the lowest first; in a column, and as centre, they are zigzag (0, -1, 1, -2 …). Where values are noise around a
level, they take half a bit less than their differences; a byte for each takes less than two planes of bytes.
"""

import sys
from array import array
from collections.abc import Sequence
from itertools import accumulate

MOST_BYTES = 64 * 1024 * 1024  # of all columns together
MOST_VARINT = 4096  # bytes of one
WIDTHS = ((1, "b"), (2, "h"), (4, "i"), (8, "q"))
CODES = dict(WIDTHS)
VARINTS = 9  # in place of a width
NEAR = 10  # in place of a width: a byte for each number, its distance to a centre
FAR = -128  # in place of a distance that has no room in a byte
SAMPLE = 128  # numbers that are looked at before a column is written
FEW = 16  # numbers of which nothing is to be learned
MOST_FAR = 4  # a column is NEAR if at most every fourth number is far
PLAIN, DIFFERENCES = 0, 1  # how values and times are written
MOST_RISE = 1 << 40  # of a line


def put_number(data: bytearray, number: int) -> None:
    """A varint; the number is not negative."""
    while number > 0x7F:
        data.append(number & 0x7F | 0x80)
        number >>= 7
    data.append(number)


def put_column(data: bytearray, numbers: Sequence[int]) -> None:
    """In the smallest width that they all fit."""
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
    put_varints(data, numbers)


def put_varints(data: bytearray, numbers: Sequence[int]) -> None:
    """A column of varints, which is shorter where few numbers are large."""
    data.append(VARINTS)
    for number in numbers:
        put_number(data, _zigzag(number))


def put_values(data: bytearray, differences: Sequence[int]) -> None:
    """Values, given as differences to the one before."""
    values = list(accumulate(differences))
    is_plain = _spread(values) < _spread(differences)
    data.append(PLAIN if is_plain else DIFFERENCES)
    put_near(data, values if is_plain else differences)


def put_times(data: bytearray, differences: Sequence[int]) -> None:
    """Times that do not decrease, given as differences to the one before; the first is not negative."""
    times = list(accumulate(differences))
    rise = times[-1] - times[0] if times else 0
    if len(times) > 1 and rise < MOST_RISE:
        line = [time - rise * place // (len(times) - 1) for place, time in enumerate(times)]
        if _spread(line) < _spread(differences):
            data.append(PLAIN)
            put_number(data, rise)
            put_near(data, line)
            return
    data.append(DIFFERENCES)
    put_near(data, differences)


def put_near(data: bytearray, numbers: Sequence[int]) -> None:
    """A column: distances to the centre where most of them fit a byte."""
    sample = _sample(numbers)
    if len(sample) < FEW or sample[0] == sample[-1] == 0:
        put_column(data, numbers)
        return
    centre = sample[len(sample) // 2]
    distances = [number - centre for number in numbers]
    far = [one for one in distances if not FAR < one < -FAR]
    if len(far) * MOST_FAR > len(numbers):
        put_column(data, numbers)
        return
    data.append(NEAR)
    put_number(data, _zigzag(centre))
    data += array("b", [one if FAR < one < -FAR else FAR for one in distances] if far else distances).tobytes()
    put_column(data, far)


class ColumnReader:
    """Reads numbers and columns one after another. Raises ValueError and IndexError where the bytes are none.

    ``most``: how many numbers a column may have whose bytes are not there (width 0).
    """

    def __init__(self, data: bytes, most: int = MOST_BYTES) -> None:
        self._data = data
        self._most = most
        self._at = 0

    @property
    def left(self) -> int:
        """How many bytes were not read."""
        return len(self._data) - self._at

    def number(self) -> int:
        """The next number, written with 7 bits in each byte. Raises ValueError where it is too long."""
        data, at = self._data, self._at
        number = data[at]
        if number > 0x7F:
            number, shift, end = number & 0x7F, 7, at + MOST_VARINT
            while (byte := data[(at := at + 1)]) > 0x7F:
                number |= (byte & 0x7F) << shift
                shift += 7
                if at > end:
                    raise ValueError("a number is too long")
            number |= byte << shift
        self._at = at + 1
        return number

    def must_hold(self, bytes: int) -> None:
        """Raises ValueError where so many bytes are not left."""
        if bytes > self.left:
            raise ValueError("it is truncated")

    def column(self, count: int) -> Sequence[int]:
        """The next column of ``count`` numbers, in whichever of the forms its width says."""
        width = self.width(count)
        if width == 0:
            return [0] * count
        if width == VARINTS:
            return self.varints(count)
        if width == NEAR:
            return self._near(count)
        raw = bytearray(count * width)
        planes = self.planes(count, width)
        for byte in range(width):
            raw[byte::width] = planes[byte * count : (byte + 1) * count]
        return _little(array(CODES[width], bytes(raw))).tolist()

    def values(self, count: int) -> Sequence[int]:
        """What ``put_values`` has written."""
        if self.is_plain():
            return self.column(count)
        return list(accumulate(self.column(count)))

    def times(self, count: int) -> Sequence[int]:
        """What ``put_times`` has written."""
        if not self.is_plain():
            return list(accumulate(self.column(count)))
        rise, steps = self.line(count)
        return [distance + rise * place // steps for place, distance in enumerate(self.column(count))]

    def is_plain(self) -> bool:
        """Whether values or times are written as they are; else as differences."""
        form = self._data[self._at]
        self._at += 1
        if form not in (PLAIN, DIFFERENCES):
            raise ValueError("it has an unknown form")
        return form == PLAIN

    def line(self, count: int) -> tuple[int, int]:
        """How much the line that times are near to rises, in how many steps."""
        rise = self.number()
        if rise >= MOST_RISE or count < 2:
            raise ValueError("its times are no times")
        return rise, count - 1

    def near(self, count: int) -> tuple[int, bytes]:
        """The centre, and the bytes of the distances; then comes the column of the far ones."""
        centre = self.whole_number()
        self.must_hold(count)
        self._at += count
        return centre, self._data[self._at - count : self._at]

    def width(self, count: int) -> int:
        """How the numbers of the next column are written. So many fit the bytes that follow."""
        width = self._data[self._at]
        self._at += 1
        if width == 0:
            if count > self._most:
                raise ValueError("it is too long")
        elif width in (VARINTS, NEAR):
            self.must_hold(count)
        elif width in CODES:
            self.must_hold(count * width)
        else:
            raise ValueError("it has an unknown width")
        return width

    def varints(self, count: int) -> list[int]:
        """The numbers of a column of varints."""
        return [self.whole_number() for _ in range(count)]

    def whole_number(self) -> int:
        """A zigzag varint."""
        number = self.number()
        return ~(number >> 1) if number & 1 else number >> 1

    def planes(self, count: int, width: int) -> bytes:
        """The bytes of a column of this width: the lowest of all numbers, then the next ones."""
        self._at += count * width
        return self._data[self._at - count * width : self._at]

    def _near(self, count: int) -> list[int]:
        centre, distances = self.near(count)
        numbers = (
            [distance + centre for distance in array("b", distances)] if centre else array("b", distances).tolist()
        )
        far = self.far(distances)
        if far:
            place = -1
            for distance in far:
                place = distances.index(FAR & 0xFF, place + 1)
                numbers[place] = distance + centre
        return numbers

    def far(self, distances: bytes) -> Sequence[int]:
        """The distances of the far ones."""
        if self._data[self._at] == NEAR:
            raise ValueError("it has a column in a column")
        return self.column(distances.count(FAR & 0xFF))


def _little(numbers: "array[int]") -> "array[int]":
    if sys.byteorder == "big":
        numbers.byteswap()
    return numbers


def _zigzag(number: int) -> int:
    return number << 1 if number >= 0 else ~number << 1 | 1


def _sample(numbers: Sequence[int]) -> list[int]:
    """Some of them, in order of size."""
    return sorted(numbers[:: max(1, len(numbers) // SAMPLE)])


def _spread(numbers: Sequence[int]) -> int:
    """How far most of them are from each other."""
    sample = _sample(numbers)
    return sample[len(sample) * 9 // 10] - sample[len(sample) // 10] if sample else 0
