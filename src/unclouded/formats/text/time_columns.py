"""Times that stand at the same columns of many lines, read at once by numpy.

[2026-11-29 12:00:00.012]     the digits of the clock are added up; the date (and a zone) is read where it changes
"""

from collections.abc import Sequence
from itertools import pairwise
from typing import TYPE_CHECKING

import msgspec

from unclouded.formats.text.stamps import MILLISECONDS, STAMP, StampKind, stamp_of

if TYPE_CHECKING:
    import re

    import numpy as np

    from unclouded.formats.text.stamps import Seconds

    Places = np.ndarray[tuple[int, ...], np.dtype[np.int64]]
    Flags = np.ndarray[tuple[int, ...], np.dtype[np.bool_]]
    Letters = np.ndarray[tuple[int, ...], np.dtype[np.uint8]]

ZERO = ord("0")
CLOCK = {"h": (3600.0, 23), "m": (60.0, 59), "s": (1.0, 60)}  # by group of STAMP: seconds, the largest number
FRACTIONS = ("f", "fc", "fm", "uf", "ums")
FAR = float("inf")
MOST_KEYS = 18  # digits that a number of 64 bits has


class TimeColumns(msgspec.Struct, frozen=True):
    """Where the digits of a time are in a line.

    ``start``, ``size``: of the time. ``numbers``: columns of numbers, each with the seconds that one of it is and the
    largest that it may be. ``keys``: columns of all other digits: where they change, the time is read as text.
    """

    kind: StampKind
    start: int
    size: int
    numbers: Sequence[tuple[Sequence[int], float, float]]
    keys: Sequence[int]

    @classmethod
    def of(cls, line: str, start: int = 0) -> "TimeColumns | None":
        """The columns of the time that begins there; None where there is none, or it has too many digits."""
        text = line[start:]
        stamp = stamp_of(text)
        if stamp is None:
            return None
        found = STAMP.match(text)
        if found is None:
            found = MILLISECONDS.match(text)
            assert found is not None
        numbers = [(range(start + begin, start + end), unit, most) for begin, end, unit, most in _numbers(found)]
        counted = {column for columns, _, _ in numbers for column in columns}
        digits = [start + at for at, letter in enumerate(text[: stamp.end]) if letter.isdecimal()]
        keys = [column for column in digits if column not in counted]
        return cls(stamp.kind, start, stamp.end, numbers, keys) if len(keys) <= MOST_KEYS else None

    def read(self, raw: "Letters", lines: "Places") -> "tuple[Seconds, Flags]":
        """The time of each line, and which of them are times; ``lines``: where each begins."""
        import numpy as np

        seconds, is_time = np.zeros(len(lines)), np.ones(len(lines), np.bool_)
        for columns, unit, most in self.numbers:
            value = self._number(raw, lines, columns)
            is_time &= value <= most
            seconds += value * unit
        keys = self._number(raw, lines, self.keys)
        changes = [0, *(np.flatnonzero(keys[1:] != keys[:-1]) + 1).tolist(), len(lines)]
        for begin, end in pairwise(changes):
            base = self._base(raw, int(lines[begin]), float(seconds[begin])) if end > begin else 0.0
            seconds[begin:end] += base or 0.0
            is_time[begin:end] &= base is not None
        return seconds, is_time

    def _base(self, raw: "Letters", line: int, counted: float) -> float | None:
        """What the other digits add to the seconds that were counted; None where the text is not a time."""
        begin = line + self.start
        text = raw[begin : begin + self.size + 4].tobytes().decode("utf-8", "replace")  # and what must not follow
        stamp = stamp_of(text)
        return stamp.at - counted if stamp is not None and (stamp.end, stamp.kind) == (self.size, self.kind) else None

    @staticmethod
    def _number(raw: "Letters", lines: "Places", columns: Sequence[int]) -> "Places":
        import numpy as np

        value = np.zeros(len(lines), np.int64)
        for column in columns:
            value = value * 10 + raw[lines + column] - ZERO
        return value


def _numbers(found: "re.Match[str]") -> list[tuple[int, int, float, float]]:
    """Groups that count seconds: begin, end, seconds of one, the largest number."""
    groups = found.re.groupindex
    if "ms" in groups:
        return [(*found.span("ms"), 0.001, FAR)]
    numbers = []
    if found["h"] and not found["half"]:
        numbers = [(*found.span(name), unit, float(most)) for name, (unit, most) in CLOCK.items()]
    if found["unix"]:
        numbers = [(found.start("unix") + 1, found.end("unix"), 1.0, FAR)]  # behind the 1 that it begins with
    if found["run"]:
        point, end = found.start("run") + found["run"].index("."), found.end("run")
        numbers = [(found.start("run"), point, 1.0, FAR), (point + 1, end, 10.0 ** (point + 1 - end), FAR)]
    for name in FRACTIONS:
        if found[name]:
            begin, end = found.span(name)
            numbers.append((begin, end, 10.0 ** (begin - end), FAR))
    return numbers
