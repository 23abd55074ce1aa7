"""Fields of many lines at once: where they are, which of them are the same, and where a time changes, by numpy.

Eight bytes of each field are taken together as one number, from any address.
"""

from collections.abc import Callable, Iterator, Sequence
from typing import TYPE_CHECKING, overload

from unclouded.formats.text.digits import DIGIT_VALUES

if TYPE_CHECKING:
    import numpy as np

    Places = np.ndarray[tuple[int, ...], np.dtype[np.int64]]
    Words = np.ndarray[tuple[int, ...], np.dtype[np.uint64]]
    Flags = np.ndarray[tuple[int, ...], np.dtype[np.bool_]]
    Digits = np.ndarray[tuple[int, ...], np.dtype[np.uint8]]

BLOCK = 4 << 20  # bytes that are looked at together
WORD = 8
LF, BLANK, DASH, POINT = 10, 32, 45, 46
LONGEST = 64  # bytes of a field that distinguish it from others
MIX = 0x9E3779B97F4A7C15  # an odd number, to join words of a field
MOST_DIGITS = 18
MOST_KINDS = 4_096  # different fields of a column, in a block


class FieldBytes:
    """The bytes of a text, the words in it, and each byte as a hex digit."""

    def __init__(self, data: bytes) -> None:
        import numpy as np

        self.data = data
        self.raw = np.frombuffer(data, np.uint8)
        self.digits = np.frombuffer(data.translate(DIGIT_VALUES), np.uint8)
        self.words = np.ndarray((max(len(data) - WORD + 1, 0),), "<u8", data, strides=(1,))
        self._masks = np.array([(1 << WORD * count) - 1 for count in range(WORD)] + [(1 << 64) - 1], np.uint64)

    def blocks(self, start: int) -> Iterator[tuple[int, int, bool]]:
        """Stretches of whole lines from ``start`` on, and whether they can be read by columns: the last ones cannot."""
        size = self.data.rfind(b"\n", 0, max(len(self.data) - LONGEST - WORD, 0)) + 1
        while start < size:
            end = size if size - start <= BLOCK else self.data.rfind(b"\n", start, start + BLOCK) + 1
            if end <= start:
                end = self.data.find(b"\n", start) + 1
            yield start, end, True
            start = end
        if start < len(self.data):
            yield start, len(self.data), False

    def fields(self, start: int, end: int, separator: int, columns: int) -> "tuple[Places, Places] | None":
        """Where the fields of each line begin and end, a row for each line; None where lines differ in their number.

        The bytes end with a line end.
        """
        import numpy as np

        block = self.raw[start:end]
        is_end = block == LF
        marks = np.flatnonzero((block == separator) | is_end)
        if len(marks) % columns:
            return None
        ends = marks.reshape(-1, columns) + start
        if int(np.count_nonzero(is_end)) != len(ends) or (self.raw[ends[:, -1]] != LF).any():
            return None
        starts = np.empty_like(ends)
        starts[:, 1:] = ends[:, :-1] + 1
        starts[1:, 0] = ends[:-1, -1] + 1
        starts[0, 0] = start
        return starts, ends

    def masked(self, starts: "Places", ends: "Places") -> "Words":
        """The first word of each field, without what follows it."""
        import numpy as np

        taken: Words = self.words[starts] & self._masks[np.clip(ends - starts, 0, WORD)]
        return taken

    def kinds(self, starts: "Places", ends: "Places") -> "tuple[list[str], Places] | None":
        """The different texts in a column, and which of them each field is; None where one is very long."""
        import numpy as np

        if not len(starts):
            return [], np.empty(0, np.int64)
        longest = int((ends - starts).max())
        if longest > LONGEST:
            return None
        keys = self.masked(starts, ends)
        for at in range(WORD, longest, WORD):
            keys = keys * np.uint64(MIX) ^ self.masked(np.minimum(starts + at, ends), ends)
        if (keys == keys[0]).all():
            return [self._text(int(starts[0]), int(ends[0]))], np.zeros(len(keys), np.int64)
        _, first, which = np.unique(keys, return_index=True, return_inverse=True)
        if len(first) > MOST_KINDS:
            return None
        return [self._text(int(starts[at]), int(ends[at])) for at in first], which

    def _text(self, start: int, end: int) -> str:
        return self.data[start:end].decode("utf-8", "replace")

    def hex_values(self, starts: "Places", ends: "Places") -> "Digits | None":
        """The bytes of a column in which every field is 0x and two digits; None where one is not."""
        import numpy as np

        if not len(starts) or not (ends - starts == 4).all():
            return None
        if not ((self.words[starts] & np.uint64(0xFFFF)) == np.uint64(0x7830)).all():
            return None
        high, low = self.digits[starts + 2], self.digits[starts + 3]
        if max(int(high.max()), int(low.max())) > 15:
            return None
        values: Digits = (high << 4 | low).astype(np.uint8)
        return values

    def seconds_change(self, starts: "Places", ends: "Places") -> "Flags":
        """Which rows have another text before the point of their time than the row before."""
        import numpy as np

        changed = np.zeros(len(starts), np.bool_)
        at = 0
        longest = int((ends - starts).max()) if len(starts) else 0
        while at < min(longest, LONGEST):
            word = self.masked(np.minimum(starts + at, ends), ends)
            points = word ^ np.uint64(0x2E2E2E2E2E2E2E2E)
            found = (points - np.uint64(0x0101010101010101)) & ~points & np.uint64(0x8080808080808080)
            lowest = found & (~found + np.uint64(1))
            head = word & ((lowest >> np.uint64(7)) - np.uint64(1))
            changed[1:] |= head[1:] != head[:-1]
            if (found != 0).all():
                break
            at += WORD
        return changed

    def whole_numbers(self, starts: "Places", ends: "Places") -> "Places":
        """The digits before the point of each field; -1 where they are followed by something else, or are many."""
        import numpy as np

        values, at = self._number(starts, ends)
        return np.where((at == ends) | (self.raw[np.minimum(at, ends)] == POINT), values, -1)

    def last_words(self, start: int, end: int) -> "tuple[Places, Places, Places] | None":
        """Of each line where it begins, its last blank, and its end; None where a line has no blank."""
        import numpy as np

        block = self.raw[start:end]
        ends = np.flatnonzero(block == LF)
        starts = np.concatenate((np.zeros(1, np.int64), ends[:-1] + 1))
        blanks = np.flatnonzero(block == BLANK)
        last = np.searchsorted(blanks, ends) - 1
        if not len(blanks) or (last < 0).any() or (blanks[last] < starts).any():
            return None
        return starts + start, blanks[last] + start, ends + start

    def ranges(self, starts: "Places", ends: "Places") -> "tuple[Places, Places]":
        """Where a field goes on behind "209-279 " at its beginning, and the first number; 0 = there is none."""
        import numpy as np

        first, at = self._number(starts, ends)
        is_range = (at > starts) & (self.raw[np.minimum(at, ends)] == DASH)
        _, behind = self._number(at + 1, ends)
        is_range &= (behind > at + 1) & (behind < ends) & (self.raw[np.minimum(behind, ends)] == BLANK)
        return np.where(is_range, behind + 1, starts), np.where(is_range, first, 0)

    def _number(self, starts: "Places", ends: "Places") -> "tuple[Places, Places]":
        """The number of up to 18 digits at each place, and where it ends."""
        import numpy as np

        values, at = np.zeros(len(starts), np.int64), starts.copy()
        is_open = np.ones(len(starts), np.bool_)
        for _ in range(MOST_DIGITS):
            codes = self.raw[np.minimum(at, ends)].astype(np.int64) - 48
            is_open &= (codes >= 0) & (codes <= 9) & (at < ends)
            if not is_open.any():
                break
            values = np.where(is_open, values * 10 + codes, values)
            at += is_open
        return values, at


class FieldTimes(Sequence[float]):
    """The times in a column, each read when it is asked for."""

    def __init__(self, data: bytes, starts: "Places", ends: "Places", read: Callable[[str], float]) -> None:
        self._data, self._starts, self._ends, self._read = data, starts, ends, read

    def __len__(self) -> int:
        return len(self._starts)

    @overload
    def __getitem__(self, at: int) -> float: ...
    @overload
    def __getitem__(self, at: slice) -> Sequence[float]: ...
    def __getitem__(self, at: int | slice) -> float | Sequence[float]:
        if isinstance(at, slice):
            return FieldTimes(self._data, self._starts[at], self._ends[at], self._read)
        return self._read(self._data[self._starts[at] : self._ends[at]].decode("utf-8", "replace"))


class FieldLines(Sequence[int]):
    """The numbers of the lines that fields are in, as a sequence over an array."""

    def __init__(self, lines: "Places") -> None:
        self._lines = lines

    def __len__(self) -> int:
        return len(self._lines)

    @overload
    def __getitem__(self, at: int) -> int: ...
    @overload
    def __getitem__(self, at: slice) -> Sequence[int]: ...
    def __getitem__(self, at: int | slice) -> int | Sequence[int]:
        return FieldLines(self._lines[at]) if isinstance(at, slice) else int(self._lines[at])
