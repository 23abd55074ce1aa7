"""Rows of a dump with offsets -> bytes: row by row, and many rows of one shape at once.

    00000010: aa00 0600 0501 0100  ....     offset, cells, text
    *                                       the row before, up to the next offset
    0000036                                 only an offset: the length of all

Offsets must count on; one that begins at 0 again begins another dump.
"""

import re
from collections.abc import Callable, Sequence
from typing import TYPE_CHECKING

import msgspec

from unclouded.formats.chunk import InputChunk
from unclouded.formats.reading import MOST_UNREAD, FormatReading
from unclouded.formats.source import InputSource
from unclouded.formats.text.byte_lines import ByteLines
from unclouded.formats.text.digits import DIGIT_VALUES

if TYPE_CHECKING:
    import numpy as np

MOST_REPEATED = 1 << 20  # bytes that a star may stand for
LEAST_REGULAR = 64  # rows of one shape that are worth reading by columns
GROWTH = 4
END = re.compile(r"\s{0,4}[0-9A-Fa-f]{4,16}\s{0,4}")
BASES = (16, 8, 10)
BLANK = 0x20


class DumpLayout(msgspec.Struct, frozen=True, kw_only=True):
    """How a dump writes its rows. ``row``: groups ``offset`` and ``cells``. ``digits``, ``base``: of one cell.

    ``width``: bytes of a cell; little-endian where there are more, unless ``is_big``. ``bases``: those that the offset
    may have. ``cells``: reads the cells of one row, where they are not numbers of a fixed length; ``columns``: those of
    many rows, and which of them are cells.
    """

    name: str
    title: str
    row: re.Pattern[str]
    digits: int = 2
    base: int = 16
    width: int = 1
    is_big: bool = False
    bases: Sequence[int] = (16,)
    cells: Callable[[str], bytes] | None = None
    columns: "Callable[[np.ndarray], tuple[np.ndarray, np.ndarray]] | None" = None
    is_doubtful: bool = False

    @property
    def is_by_rows(self) -> bool:
        """Whether rows cannot be read by columns."""
        return self.cells is not None and self.columns is None

    def bytes_of(self, cells: str) -> bytes:
        """The bytes of the cells of a row; empty where one has a value that is too large."""
        if self.cells is not None:
            return self.cells(cells)
        if self.base == 16 and (self.width == 1 or self.is_big):
            return bytes.fromhex(cells.replace(" ", ""))
        if self.base == 16:  # the last word may be short
            return b"".join(bytes.fromhex(cell)[::-1] for cell in cells.split())
        try:
            return b"".join(int(cell, self.base).to_bytes(self.width, "little") for cell in cells.split())
        except OverflowError:
            return b""


class DumpReader:
    """Reads one input in one layout."""

    def __init__(self, layout: DumpLayout, base: int) -> None:
        self._layout = layout
        self._base = base
        self._parts: list[bytes] = []
        self._size = 0
        self._places: list[int] = []  # where each row begins, and its line
        self._lines: list[int] = []
        self._start_line = 0
        self._row = b""
        self._repeats = False
        self._irregular = 0  # lines before it are read one by one
        self._batch = LEAST_REGULAR  # lines that are tried: more where all fitted, so that a try costs what it reads
        self.chunks: list[InputChunk] = []
        self.unread: list[int] = []
        self.explained = 0
        self.data_lines = 0

    def read(self, source: InputSource) -> FormatReading:
        """All dumps of the input; lines of none are counted and named in ``unread``. A reader reads once."""
        number = 0
        lines = source.lines
        while number < len(lines):
            number = self._block(source, number)
            if number < len(lines):
                self._line(number + 1, lines[number])
                number += 1
        self._finish()
        return FormatReading(
            chunks=self.chunks,
            lines=source.filled,
            explained=self.explained,
            data_lines=self.data_lines,
            unread=self.unread,
        )

    # --- inside --------------------------------------------------------------------------------

    def _block(self, source: InputSource, number: int) -> int:
        """Reads rows of one shape by columns where there are many; the index of the first line that is not read."""
        lines = source.lines
        far = number + LEAST_REGULAR
        if self._layout.is_by_rows or far > len(lines) or number < self._irregular:
            return number
        found = self._layout.row.match(lines[number])
        offset = offset_of(found["offset"], self._base) if found is not None else None
        if found is None or offset is None or (self._start_line and offset != self._offset + self._size):
            return number
        size, last = len(lines[number]), min(number + self._batch, len(lines))
        end = next((i for i in range(number, last) if len(lines[i]) != size), last)
        data, count = regular_rows(lines[number:end], self._layout, self._base, found)
        is_whole = number + count == last
        self._batch = self._batch * GROWTH if is_whole else LEAST_REGULAR
        if count < LEAST_REGULAR:
            self._irregular = number + max(count, 1)
            return number
        if not self._start_line:
            self._start_line, self._offset = number + 1, offset
        self._repeats = False
        step = len(data) // count
        self._places += range(self._size, self._size + len(data), step)
        self._lines += range(number + 1, number + count + 1)
        self._add(data, data[-step:])
        self.explained += count
        self.data_lines += count
        return number + count

    def _line(self, number: int, line: str) -> None:
        if not line or line.isspace():
            return
        found = self._layout.row.match(line)
        if line.strip() == "*" and self._row:
            self._repeats = True
        elif found is not None and (offset := offset_of(found["offset"], self._base)) is not None:
            self._data(number, offset, self._layout.bytes_of(found["cells"]))
            return
        elif END.fullmatch(line) and (offset := offset_of(line.strip(), self._base)) is not None:
            self._end(offset)
        else:
            if len(self.unread) < MOST_UNREAD:
                self.unread.append(number)
            return
        self.explained += 1

    def _data(self, number: int, offset: int, data: bytes) -> None:
        if not self._is_next(offset, number):
            self._finish()
            self._start_line, self._offset = number, offset
        self._places.append(self._size)
        self._lines.append(number)
        self._add(data, data)
        self.explained += bool(data)
        self.data_lines += 1

    def _is_next(self, offset: int, number: int) -> bool:
        """Whether a row with this offset goes on with what was read; a star before it repeats the last row."""
        if not self._start_line:
            self._start_line, self._offset = number, offset
            return True
        missing = offset - self._offset - self._size
        if self._repeats and 0 < missing <= MOST_REPEATED and missing % len(self._row) == 0:
            self._add(self._row * (missing // len(self._row)), self._row)
            missing = 0
        self._repeats = False
        return missing == 0

    def _add(self, data: bytes, row: bytes) -> None:
        self._parts.append(data)
        self._size += len(data)
        self._row = row

    def _end(self, offset: int) -> None:
        """The last offset is the length: a word may have a byte too many, a star may stand for more."""
        if self._start_line and self._repeats:
            self._is_next(offset, 0)
        keep = offset - self._offset if self._start_line else 0
        if 0 < self._size - keep < self._layout.width:
            self._parts = [b"".join(self._parts)[:keep]]
        self._finish()

    def _finish(self) -> None:
        data = b"".join(self._parts)
        if data:
            places, numbers = self._places, self._lines
            lines = ByteLines(len(data), lambda: places, numbers)
            chunk = InputChunk(None, None, data, line=self._start_line, gap=bool(self.chunks), lines=lines)
            self.chunks.append(chunk)
        self._places, self._lines = [], []
        self._parts, self._size, self._start_line, self._row, self._repeats = [], 0, 0, b"", False

    _offset = 0


def offset_of(text: str, base: int) -> int | None:
    """The offset that a text is in that base; None where it is none."""
    try:
        return int(text, base)
    except ValueError:
        return None


def regular_rows(lines: Sequence[str], layout: DumpLayout, base: int, first: re.Match[str]) -> tuple[bytes, int]:
    """The bytes of rows that are all as the first one, and how many these are. Reads by columns."""
    import numpy as np

    size = len(lines[0])
    text = "".join(lines)
    if not text.isascii():
        return b"", 0
    rows = np.frombuffer(text.encode(), np.uint8).reshape(len(lines), size)
    values, is_valid, cells = _cells(rows, first, layout)
    is_valid &= _counts_on(rows, first, base, cells * layout.width)
    count = len(lines) if is_valid.all() else int(np.argmin(is_valid))
    order = ">" if layout.is_big else "<"
    return values[:count].astype(f"{order}u{layout.width}").tobytes(), count


def _cells(rows: "np.ndarray", first: re.Match[str], layout: DumpLayout) -> "tuple[np.ndarray, np.ndarray, int]":
    """The value of each cell of each row, which rows are as the first one, and how many cells a row has."""
    import numpy as np

    start, end = first.span("cells")
    if layout.columns is not None:
        values, is_cell = layout.columns(rows[:, start:end])
        return values, np.logical_and.reduce(is_cell, axis=1), values.shape[1]
    shape = [bool(letter.strip()) for letter in first["cells"]]
    columns = [start + place for place, filled in enumerate(shape) if filled]
    cells = len(columns) // layout.digits
    if len(columns) % layout.digits or not cells:
        return rows[:, :0], np.zeros(len(rows), np.bool_), 0
    digits = digits_of(rows[:, columns])
    blanks = [start + place for place, filled in enumerate(shape) if not filled]
    every = np.logical_and.reduce
    is_valid: np.ndarray = every(digits < layout.base, axis=1) & every(rows[:, blanks] == BLANK, axis=1)
    largest = layout.base**layout.digits - 1
    values = np.zeros((len(rows), cells), np.min_scalar_type(largest))
    for place in range(layout.digits):
        values = values * layout.base + digits[:, place :: layout.digits]
    most = 256**layout.width - 1
    return values, is_valid & (largest <= most or every(values <= most, axis=1)), cells


def digits_of(letters: "np.ndarray") -> "np.ndarray":
    """The value of each letter as a hex digit, 255 for others."""
    import numpy as np

    found = np.frombuffer(letters.tobytes().translate(DIGIT_VALUES), np.uint8)
    return found.reshape(letters.shape)


def _counts_on(rows: "np.ndarray", first: re.Match[str], base: int, step: int) -> "np.ndarray":
    """Which rows have the offset that follows from the first row's."""
    import numpy as np

    start, end = first.span("offset")
    values = digits_of(rows[:, start:end])
    is_valid = (values < base).all(axis=1)
    powers = np.array([base**place for place in reversed(range(end - start))], np.uint64)
    offsets = (values.astype(np.uint64) * powers).sum(axis=1, dtype=np.uint64)
    expected = int(first["offset"], base) + np.arange(len(rows), dtype=np.uint64) * np.uint64(step)
    counted: np.ndarray = is_valid & (offsets == expected)
    return counted
