"""Many lines of one shape at once: learned from lines that were read one by one, then recognised and read by numpy.

12:00:00.012 RX: 55 AA 03 00       a time, a head, and bytes: pairs with one separator, packed digits, or numbers

A line fits a head where it has the same letters, and any digits where the head has ANY_DIGIT.
"""

from collections import deque
from collections.abc import Callable, Sequence
from typing import TYPE_CHECKING, Literal, TypeVar

import msgspec

from unclouded.formats.text.digits import DIGIT_VALUES
from unclouded.formats.text.labels import NO_LABEL, Label
from unclouded.formats.text.stamps import StampKind
from unclouded.formats.text.time_columns import TimeColumns

if TYPE_CHECKING:
    import numpy as np

    from unclouded.formats.text.stamps import Seconds
    from unclouded.formats.text.time_columns import Flags, Places

BodyKind = Literal["pairs", "packed", "numbers", "cells"]
SHORT = 16_384  # characters that are read line by line: numpy takes time to load
BLOCK = 4_096  # lines that are looked at together
ENOUGH = 3  # lines of a head from which on others are recognised by it
MOST_HEADS = 32  # that are made of one text
MOST_SEEN = 256  # that are counted
LONGEST_HEAD = 256  # characters
LEAST_RUN = 8  # lines
WORD = 8
LF, BLANK = 10, 32
ANY_DIGIT = "\x01"  # in a head; no text has it
DIGITS = str.maketrans(dict.fromkeys("0123456789", ANY_DIGIT))
NO_BYTE = 16  # the least value of what is not a digit
DIGIT = ord(ANY_DIGIT)
T = TypeVar("T")


class LineHead(msgspec.Struct, frozen=True):
    """What stands before the bytes of a line, and how they are written.

    ``text``: it, with ANY_DIGIT for digits that may differ. ``separator``: of pairs and numbers. ``end``: the character
    that ends the bytes, whatever follows; "" = the end of the line. ``columns``: of cells, behind the head; where a row
    has fewer there are blanks. ``label``: the direction. ``longest``: characters
    of a line, ``most``: bytes in it. ``is_apart``: its bytes do not go on with those of the line before.
    ``view``: which of several views of the same bytes it is. ``times``: where its time is.
    """

    text: str
    kind: BodyKind
    separator: str = ""
    end: str = ""
    columns: tuple[int, ...] = ()
    label: Label = NO_LABEL
    longest: int = 1 << 20
    most: int = 1 << 20
    is_apart: bool = False
    view: str = ""
    times: TimeColumns | None = None

    @property
    def least(self) -> int:
        """The fewest bytes; fewer pairs with colons may be a time."""
        return 4 if self.separator == ":" else 2


class ShapedRun(msgspec.Struct, frozen=True):
    """Lines that follow each other. ``which``: of each the number of its head; ``data``: its bytes; ``at``: its time.

    ``kind``: of all times; None = they have none.
    """

    heads: Sequence[LineHead]
    which: Sequence[int]
    data: Sequence[bytes]
    at: "Seconds"
    kind: StampKind | None

    def of_each(self, value: Callable[[LineHead], T]) -> list[T]:
        """A value of the head of each line."""
        values = [value(head) for head in self.heads]
        is_same = all(one == values[0] for one in values)
        return values[:1] * len(self.which) if is_same else [values[which] for which in self.which]


class ShapedLines:
    """The lines of one text. ``is_used``: whether it is long enough to learn from its lines."""

    def __init__(self, text: str) -> None:
        self.is_used = len(text) > SHORT
        self._text = text
        self._seen: dict[LineHead, int] = {}
        self._heads: list[LineHead] = []
        self._lines: TextLines | None = None
        self._block: LineBlock | None = None

    def learn(self, head: LineHead, line: str, time: int | None) -> None:
        """The head of a line that was read; ``time``: where in the line its time begins, None = it has none."""
        count = self._seen.get(head, 0) + 1
        if count > 1 or len(self._seen) < MOST_SEEN:
            self._seen[head] = count
        if count == ENOUGH and len(self._heads) < MOST_HEADS and len(head.text) <= LONGEST_HEAD:
            times = None if time is None else TimeColumns.of(line, time)
            if times is not None or time is None:
                self._heads.append(msgspec.structs.replace(head, times=times))
                self._block = None

    def read(self, index: int) -> ShapedRun | None:
        """The lines from that one on that fit, where they are some; heads with times and without are not mixed."""
        if not self._heads:
            return None
        if self._lines is None:
            self._lines = TextLines(self._text)
        if self._block is None or index >= self._block.end:
            self._block = LineBlock(self._lines, self._heads, index)
        return self._block.run(index)

    def offset(self, index: int) -> int:
        """Where a line begins in the text."""
        return len(self._text) if self._lines is None else self._lines.offset(index)


class TextLines:
    """The bytes of a text, and where its lines begin.

    ``words``: eight bytes from any place on as one number. ``digits``: each byte as a hex digit.
    """

    def __init__(self, text: str) -> None:
        import numpy as np

        self.data = text.encode("utf-8", "replace")
        self.raw = np.frombuffer(self.data, np.uint8)
        self.digits = np.frombuffer(self.data.translate(DIGIT_VALUES), np.uint8)
        self.words = np.ndarray((max(len(self.data) - WORD + 1, 0),), "<u8", self.data, strides=(1,))
        ends = np.flatnonzero(self.raw == LF)
        self.starts = np.concatenate((np.zeros(1, np.int64), ends + 1))
        self._within = np.flatnonzero((self.raw & 0xC0) == 0x80) if not text.isascii() else ends[:0]  # of a character

    def offset(self, index: int) -> int:
        """Where a line begins, in characters."""
        start = int(self.starts[index]) if index < len(self.starts) else len(self.data)
        return start - int(self._within.searchsorted(start))


class LineBlock:
    """Lines from one index on, those that fit a head read. ``end``: the index of the first line behind them."""

    def __init__(self, lines: TextLines, heads: Sequence[LineHead], index: int) -> None:
        import numpy as np

        self._lines, self._heads, self._first = lines, list(heads), index
        self.end = max(min(index + BLOCK, len(lines.starts) - 1), index + 1)  # the last line has no end
        self._begins = lines.starts[index : self.end]
        self._ends = lines.starts[index + 1 : self.end + 1] - 1
        count = len(self._ends)
        self._begins = self._begins[:count]
        self._which = np.full(count, -1, np.int64)
        self._at = np.zeros(count)
        self._from, self._to = np.zeros(count, np.int64), np.zeros(count, np.int64)
        self._data = b""
        for number in range(len(self._heads)):
            self._read(number)
        self._runs = deque(self._long_runs())

    def run(self, index: int) -> ShapedRun | None:
        """The lines from that one on that fit."""
        runs = self._runs
        while runs and runs[0][1] <= index:
            runs.popleft()
        if not runs or runs[0][0] > index:
            return None
        span = slice(index - self._first, runs[0][1] - self._first)
        which, data = self._which[span].tolist(), self._data
        places = zip(self._from[span].tolist(), self._to[span].tolist(), strict=True)
        return ShapedRun(
            heads=self._heads,
            which=which,
            data=[data[start:end] for start, end in places],
            at=self._at[span],
            kind=_kind(self._heads[which[0]]),
        )

    # --- inside --------------------------------------------------------------------------------

    def _long_runs(self) -> list[tuple[int, int]]:
        """Where lines that fit begin and end, all with times of one kind or without."""
        import numpy as np

        kinds = {kind: at for at, kind in enumerate(dict.fromkeys(_kind(head) for head in self._heads))}
        table = np.array([-1, *(kinds[_kind(head)] for head in self._heads)])
        of_line = np.concatenate(([-2], table[self._which + 1], [-2]))
        edges = np.flatnonzero(of_line[1:] != of_line[:-1])
        is_long = (of_line[edges[:-1] + 1] >= 0) & (np.diff(edges) >= LEAST_RUN)
        spans = np.stack((edges[:-1], edges[1:]), axis=1)[is_long] + self._first
        return [(begin, end) for begin, end in spans.tolist()]

    def _read(self, number: int) -> None:
        """Reads the lines that fit this head and no other before."""
        import numpy as np

        head, raw = self._heads[number], self._lines.raw
        rows = self._fitting(head, np.flatnonzero(self._which < 0))
        begins = self._begins[rows] + len(head.text.encode())
        ends, is_read = self._body_ends(head, begins, self._ends[rows])
        data, counts, is_body = BODIES[head.kind](self._lines, begins, ends, head)
        is_read &= is_body & (counts >= head.least) & (counts <= head.most)
        if head.times is not None:
            at, is_time = head.times.read(raw, self._begins[rows])
            is_read &= is_time
            self._at[rows[is_read]] = at[is_read]
        to = len(self._data) + np.cumsum(counts)
        self._to[rows[is_read]] = to[is_read]
        self._from[rows[is_read]] = (to - counts)[is_read]
        self._which[rows[is_read]] = number
        self._data += data

    def _fitting(self, head: LineHead, rows: "Places") -> "Places":
        """Those of the lines that begin as the head does."""
        words, size = self._lines.words, len(head.text.encode())
        sizes = self._ends[rows] - self._begins[rows]
        rows = rows[(sizes > size) & (sizes <= head.longest) & (self._begins[rows] + size + WORD < len(words))]
        for at, mask, value, digits in _head_words(head.text):
            word = words[self._begins[rows] + at]
            fits = (word & mask) == value
            if digits:
                fits &= ((word + digits) & mask) == value  # of ':' to '?' there is a carry
            rows = rows[fits]
        return rows

    def _body_ends(self, head: LineHead, begins: "Places", ends: "Places") -> "tuple[Places, Flags]":
        """Where the bytes of each line end, and whether they do."""
        import numpy as np

        raw = self._lines.raw
        if not head.end:
            for _ in range(2):
                ends = ends - ((raw[ends - 1] == BLANK) & (ends > begins))
            return ends, np.ones(len(ends), np.bool_)
        base = int(begins[0]) if len(begins) else 0
        last = int(ends[-1]) if len(ends) else 0
        found = np.concatenate((np.flatnonzero(raw[base:last] == ord(head.end)) + base, [last + 1]))
        at = found[np.searchsorted(found, begins)]
        return np.minimum(at, ends), at < ends


def head_text(line: str, end: int, any_digits: int) -> str:
    """A line up to ``end``, its digits up to ``any_digits`` as ANY_DIGIT."""
    return line[:any_digits].translate(DIGITS) + line[any_digits:end]


def _kind(head: LineHead) -> StampKind | None:
    return None if head.times is None else head.times.kind


def _head_words(text: str) -> "list[tuple[int, np.uint64, np.uint64, np.uint64]]":
    """For each eight bytes of a head: where they are, what of them must be the same, and six for each digit."""
    data = text.encode()
    found = []
    for at in range(0, len(data), WORD):
        part = data[at : at + WORD].ljust(WORD, b"\0")
        masks = bytes(0 if not byte else 0xF0 if byte == DIGIT else 0xFF for byte in part)
        value = bytes(ord("0") if byte == DIGIT else byte for byte in part)
        digits = bytes(6 if byte == DIGIT else 0 for byte in part)
        found.append((at, _word(masks), _word(value), _word(digits)))
    return found


def _word(data: bytes) -> "np.uint64":
    import numpy as np

    return np.uint64(int.from_bytes(data, "little"))


# --- bytes: all of them, how many each line has, and which lines have nothing else ----------------------

Bodies = tuple[bytes, "Places", "Flags"]


def _pairs(lines: TextLines, begins: "Places", ends: "Places", head: LineHead) -> Bodies:
    """Two hex digits each, with one separator between them."""
    import numpy as np

    sizes = ends - begins
    is_body = sizes % 3 == 2
    counts = np.where(is_body, (sizes + 1) // 3, 0)
    places, last = _spread(begins, counts, 3)
    data, is_bad = _hex(lines, places)
    is_other = lines.raw[places + 2] != ord(head.separator)
    is_other[last] = False
    return data, counts, is_body & _none(is_bad | is_other, counts)


def _packed(lines: TextLines, begins: "Places", ends: "Places", head: LineHead) -> Bodies:
    """Hex digits without a separator."""
    import numpy as np

    is_body = (ends - begins) % 2 == 0
    counts = np.where(is_body, (ends - begins) // 2, 0)
    places, _ = _spread(begins, counts, 2)
    data, is_bad = _hex(lines, places)
    return data, counts, is_body & _none(is_bad, counts)


def _numbers(lines: TextLines, begins: "Places", ends: "Places", head: LineHead) -> Bodies:
    """Decimal numbers of up to three digits, with one separator between them."""
    import numpy as np

    if not len(begins):
        return b"", begins, begins == 0
    base = int(begins[0])
    stops = np.flatnonzero(lines.digits[base : int(ends[-1]) + 1] > 9) + base  # behind each number; letters of heads
    first = np.searchsorted(stops, begins)
    counts = np.searchsorted(stops, ends) - first + 1
    which, lasts = _spread(first, counts, 1)
    at = stops[which]
    widths = at - stops[which - 1] - 1
    firsts = lasts - counts + 1
    widths[firsts] = at[firsts] - begins
    ones, tens, hundreds = (lines.digits[at - place] * (widths >= place) for place in (1, 2, 3))
    found = ones + tens * 10 + hundreds.astype(np.uint16) * 100
    is_bad = (widths < 1) | (widths > 3) | (found > 255)
    is_other = lines.raw[at] != ord(head.separator)
    is_other[lasts] = False
    return found.astype(np.uint8).tobytes(), counts, _none(is_bad | is_other, counts)


def _cells(lines: TextLines, begins: "Places", ends: "Places", head: LineHead) -> Bodies:
    """Two hex digits each, at the same columns; what stands behind them is their text."""
    import numpy as np

    places = np.minimum(begins[:, None] + np.array(head.columns), ends[:, None])  # behind the end there is no digit
    high, low = lines.digits[places], lines.digits[places + 1]
    is_cell = (high < NO_BYTE) & (low < NO_BYTE)
    is_blank = (lines.raw[places] == BLANK) | (places >= ends[:, None])
    is_row = is_cell[:, 1:] <= is_cell[:, :-1]  # a blank is followed by blanks
    is_body = is_row.all(axis=1) & (is_cell | is_blank).all(axis=1)
    return (high << 4 | low & 15)[is_cell].tobytes(), is_cell.sum(axis=1), is_body


def _spread(begins: "Places", counts: "Places", step: int) -> "tuple[Places, Places]":
    """The places of what each line has, ``step`` apart, and which of them is the last of a line."""
    import numpy as np

    ends = np.cumsum(counts)
    total = int(ends[-1]) if len(ends) else 0
    places = np.arange(total) * step + np.repeat(begins - step * (ends - counts), counts)
    return places, ends[counts > 0] - 1


def _hex(lines: TextLines, places: "Places") -> "tuple[bytes, Flags]":
    """The byte of the two digits at each place, and which are none."""
    high, low = lines.digits[places], lines.digits[places + 1]
    return (high << 4 | low & 15).tobytes(), (high | low) >= NO_BYTE


def _none(flags: "Flags", counts: "Places") -> "Flags":
    """The lines in which no flag is set."""
    import numpy as np

    if not flags.any():
        return np.ones(len(counts), np.bool_)
    found = np.concatenate((np.zeros(1, np.int64), np.cumsum(flags)))
    ends = np.cumsum(counts)
    none: Flags = found[ends] == found[ends - counts]
    return none


BODIES: dict[BodyKind, Callable[[TextLines, "Places", "Places", LineHead], Bodies]] = {
    "pairs": _pairs,
    "packed": _packed,
    "numbers": _numbers,
    "cells": _cells,
}
