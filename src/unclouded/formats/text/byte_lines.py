"""The line of each byte of a text whose lines are joined, counted when it is asked for."""

from bisect import bisect_right
from collections.abc import Callable, Iterable, Sequence
from itertools import accumulate
from typing import overload

Count = Callable[[str], int]


class ByteLines(Sequence[int]):
    """The number of the line of each byte. ``starts``: makes the place of the first sign of each line, in order.

    ``lines``: the numbers of these lines. ``size``: bytes; ``signs``: how many signs stand for how many bytes.
    """

    def __init__(
        self, size: int, starts: Callable[[], Sequence[int]], lines: Sequence[int], signs: tuple[int, int] = (1, 1)
    ) -> None:
        self._size = size
        self._make = starts
        self._starts: Sequence[int] | None = None
        self._lines = lines
        self._signs, self._bytes = signs

    def __len__(self) -> int:
        return self._size

    @overload
    def __getitem__(self, at: int) -> int: ...
    @overload
    def __getitem__(self, at: slice) -> Sequence[int]: ...
    def __getitem__(self, at: int | slice) -> int | Sequence[int]:
        if isinstance(at, slice):
            return [self[place] for place in range(*at.indices(self._size))]
        if not -self._size <= at < self._size:
            raise IndexError(at)
        if self._starts is None:
            self._starts = self._make()
        sign = (at % self._size) * self._signs // self._bytes
        return self._lines[max(bisect_right(self._starts, sign) - 1, 0)]


def counted(
    size: int, lines: Sequence[str], count: Count, first: int = 1, signs: tuple[int, int] = (1, 1)
) -> ByteLines:
    """Of lines that follow each other from number ``first``; ``count``: the signs of one of them."""

    def starts() -> Sequence[int]:
        return list(accumulate(_counts(lines, count), initial=0))[:-1]

    return ByteLines(size, starts, range(first, first + len(lines)), signs)


def _counts(lines: Iterable[str], count: Count) -> Iterable[int]:
    return (count(line) if line else 0 for line in lines)
