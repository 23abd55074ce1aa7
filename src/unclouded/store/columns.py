"""Columns of whole numbers, as chunks of the store and windows of the uplink have them.

    column = width | bytes       width 0: all are zero; 1, 2, 4 or 8 bytes; or varints, for larger numbers

The lowest bytes of all numbers come first, which compresses well and is read without a loop. Varints have seven bits a
byte, the lowest first; in a column they are zigzag (0, -1, 1, -2 …).
"""

import sys
from array import array
from collections.abc import Sequence

MOST_BYTES = 64 * 1024 * 1024  # of all columns together
MOST_VARINT = 4096  # bytes of one
WIDTHS = ((1, "b"), (2, "h"), (4, "i"), (8, "q"))
CODES = dict(WIDTHS)
VARINTS = 9  # in place of a width


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
        put_number(data, number << 1 if number >= 0 else ~number << 1 | 1)


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
        width = self.width(count)
        if width == 0:
            return [0] * count
        if width == VARINTS:
            return self.varints(count)
        raw = bytearray(count * width)
        planes = self.planes(count, width)
        for byte in range(width):
            raw[byte::width] = planes[byte * count : (byte + 1) * count]
        return _little(array(CODES[width], bytes(raw))).tolist()

    def width(self, count: int) -> int:
        """How the numbers of the next column are written. So many fit the bytes that follow."""
        width = self._data[self._at]
        self._at += 1
        if width == 0:
            if count > self._most:
                raise ValueError("it is too long")
        elif width == VARINTS:
            self.must_hold(count)
        elif width in CODES:
            self.must_hold(count * width)
        else:
            raise ValueError("it has an unknown width")
        return width

    def varints(self, count: int) -> list[int]:
        """The numbers of a column of varints."""
        numbers = [self.number() for _ in range(count)]
        return [~(number >> 1) if number & 1 else number >> 1 for number in numbers]

    def planes(self, count: int, width: int) -> bytes:
        """The bytes of a column of this width: the lowest of all numbers, then the next ones."""
        self._at += count * width
        return self._data[self._at - count * width : self._at]


def _little(numbers: "array[int]") -> "array[int]":
    if sys.byteorder == "big":
        numbers.byteswap()
    return numbers
