"""Times at the beginning of lines, in the forms that people and programs write.

    2026-11-29T12:00:00.012+0000   2026/11/29 - 12:00:00   29.11.2026 12:00:00.01   11/29/2026 6:18:06 PM     "date"
    12:00:00.012   [12:00:00]   P12:30:00.732                                                                  "day"
    [343970]  (ms)   12.345 s   000012.345                                                                     "run"
    1795953600.012   1795953600012                                                                             "date"

Three pairs with colons are a time only where they are in range, and no bytes: 20:26:55 AA 55 begins with one, 12:55:AA
does not.
"""

import re
from collections.abc import Callable
from datetime import UTC, datetime
from functools import lru_cache
from itertools import pairwise
from math import ceil
from typing import TYPE_CHECKING, Literal

import msgspec

if TYPE_CHECKING:
    import numpy as np

    Seconds = np.ndarray[tuple[int, ...], np.dtype[np.float64]]

StampKind = Literal["date", "day", "run"]

DAY_S = 86_400.0
CLOCK_SET_S = 60.0  # that a clock may be set back within a log; more is another day
SHORT_RISE = 8  # times
RESTART_S = 1.0  # that a counter since the start may fall back; more is a restart

_CLOCK = r"""(?P<h>[01]?\d|2[0-3]):(?P<m>[0-5]\d):(?P<s>[0-5]\d|60)
      (?:(?:[.](?P<f>\d{1,9})|,(?P<fc>\d{6}|\d{3})|:(?P<fm>\d{3}))(?![0-9A-Fa-f])|(?![:.]?[0-9A-Fa-f]))"""
_ISO = r"(?P<y>(?:19|20)\d\d)(?P<ds>[-/.])(?P<mo>\d\d?)(?P=ds)(?P<d>\d\d?)"
_ENDS = r"(?P<a>\d\d?)(?P<es>[./-])(?P<b>\d\d?)(?P=es)(?P<y2>(?:19|20)\d\d)"
_ZONE = r"(?P<zone>Z(?:\+0000)?|[+-]\d\d:?\d\d)?"
_HALF = r"(?:[ ]?(?P<half>[AaPp])\.?[Mm]\.?(?![A-Za-z0-9]))?"
STAMP = re.compile(
    rf"""[\s"'(\[<]{{0,3}}(?:
      (?:(?:{_ISO}|{_ENDS})(?:T|[ ],?[ ]?|,[ ]|[ ]-[ ]|_))?{_CLOCK}{_HALF}{_ZONE}
    | (?P<front>[AP])(?P<h2>\d\d):(?P<m2>\d\d):(?P<s2>\d\d)\.(?P<f2>\d{{3}})(?=[AB][ ])
    | (?P<unix>1[0-9]{{9}})(?:[.](?P<uf>\d{{1,9}})|(?P<ums>\d{{3}}))?(?![0-9A-Za-z.:])
    | (?P<run>\d{{1,9}}[.]\d{{3,9}})(?:[ ]?s)?(?=[\])"':,;\s|])
    )""",
    re.VERBOSE,
)
MILLISECONDS = re.compile(r"\s{0,3}[\[(](?P<ms>\d{1,12})[\])](?=[\s:,;])")


class Stamp(msgspec.Struct, frozen=True, gc=False):
    """A time. ``at``: Unix seconds (UTC where no zone is named), seconds of the day, or seconds since a start.

    ``end``: where the text goes on behind it.
    """

    at: float
    kind: StampKind
    end: int


def stamp_of(line: str) -> Stamp | None:
    """The time at the beginning of a line; None where there is none."""
    found = STAMP.match(line)
    if found is None:
        found = MILLISECONDS.match(line)
        return None if found is None else Stamp(int(found["ms"]) / 1000, "run", found.end())
    read = READERS.get(found.lastgroup or "", _clock)(found)
    return None if read is None else Stamp(read[0], read[1], found.end())


def _clock(found: re.Match[str]) -> tuple[float, StampKind] | None:
    hours, minutes, seconds, half, zone, *fractions = found.group("h", "m", "s", "half", "zone", "f", "fc", "fm")
    hour = int(hours)
    if half:
        hour = hour % 12 + (12 if half in "Pp" else 0)
    fraction = next(filter(None, fractions), None)
    of_day = hour * 3600 + int(minutes) * 60 + int(seconds) + _fraction(fraction)
    if found["y"] is None and found["y2"] is None:
        return of_day, "day"
    day = _day(found)
    return None if day is None else (round(day + of_day - _offset(zone), 9), "date")


def _day(found: re.Match[str]) -> float | None:
    """Unix seconds of midnight (UTC) of the date that is written; None where there is none, or none like it."""
    if found["y"]:
        return midnight(int(found["y"]), int(found["mo"]), int(found["d"]))
    if found["y2"]:
        first, second, year = int(found["a"]), int(found["b"]), int(found["y2"])
        is_american = (found["es"] == "/" and second > 12) or (found["half"] is not None and first <= 12)
        return midnight(year, first, second) if is_american else midnight(year, second, first)
    return None


@lru_cache(1_024)
def midnight(year: int, month: int, day: int) -> float | None:
    """Unix seconds (UTC) at which a day begins; None where there is no such day."""
    try:
        return datetime(year, month, day, tzinfo=UTC).timestamp()
    except ValueError:
        return None


def _offset(zone: str | None) -> float:
    if not zone or zone.startswith("Z"):
        return 0.0
    digits = zone[1:].replace(":", "")
    return (int(digits[:2]) * 3600 + int(digits[2:]) * 60) * (-1 if zone[0] == "-" else 1)


def _fraction(digits: str | None) -> float:
    return int(digits) / 10 ** len(digits) if digits else 0.0


def _front(found: re.Match[str]) -> tuple[float, StampKind] | None:
    hour = int(found["h2"])
    if hour == 12 or (found["front"] == "P" and hour < 12):
        hour = hour % 12 + (12 if found["front"] == "P" else 0)
    return hour * 3600 + int(found["m2"]) * 60 + int(found["s2"]) + int(found["f2"]) / 1000, "day"


def _unix(found: re.Match[str]) -> tuple[float, StampKind] | None:
    return int(found["unix"]) + _fraction(found["uf"]) + _fraction(found["ums"]), "date"


def _run(found: re.Match[str]) -> tuple[float, StampKind] | None:
    return float(found["run"]), "run"


READERS: dict[str, Callable[[re.Match[str]], tuple[float, StampKind] | None]] = {  # by the last group; else a clock
    "f2": _front,
    "unix": _unix,
    "uf": _unix,
    "ums": _unix,
    "run": _run,
}


class StampClock:
    """Turns stamps into seconds since the first one, which never go back.

    A time of the day that falls by more than a minute is one of a later day; a counter since a start that falls is a
    restart. ``restarted``: whether the last one was a restart. ``count``, ``backwards``: stamps, and those that fell.
    """

    def __init__(self) -> None:
        self.count = self.backwards = 0
        self.restarted = False
        self.started: float | None = None  # Unix seconds of the first stamp with a date
        self._first: dict[str, float] = {}  # by kind: what is subtracted
        self._last = 0.0

    def seconds(self, stamp: Stamp) -> float:
        """Seconds since the first stamp."""
        return self.time(stamp.at, stamp.kind)

    def time(self, at: float, kind: StampKind) -> float:
        """The same of a time that is read already."""
        self.count += 1
        self.restarted = False
        first = self._first.get(kind)
        if first is None:
            first = self._first[kind] = at - self._last
            if kind == "date" and self.started is None:
                self.started = first
        t = at - first
        if t < self._last:
            t = self._later(t, kind)
        self._last = t = round(t, 9)
        return t

    def times(self, at: "Seconds", kind: StampKind) -> tuple[list[float], list[int]]:
        """The same of many, and which of them were a restart."""
        import numpy as np

        times: list[float] = []
        restarts: list[int] = []
        falls = (np.flatnonzero(at[1:] < at[:-1]) + 1).tolist()
        begins = [0, *falls] if len(falls) * SHORT_RISE <= len(at) else range(len(at))
        for begin, end in pairwise([*begins, len(at)]):
            times.append(self.time(float(at[begin]), kind))
            if self.restarted:
                restarts.append(begin)
            if end > begin + 1:
                times += self._rising(at[begin + 1 : end], kind)
        return times, restarts

    def _rising(self, at: "Seconds", kind: StampKind) -> list[float]:
        """The same of times that do not fall, also not below the last one; the seconds stand still until they have."""
        import numpy as np

        found = np.round(at - self._first[kind], 9)
        self.count += len(found)
        self.backwards += int(np.count_nonzero(found < self._last))
        found = np.maximum(found, self._last)
        self._last = float(found[-1])
        times: list[float] = found.tolist()
        return times

    def _later(self, t: float, kind: StampKind) -> float:
        fallen = self._last - t
        if kind == "day" and fallen > CLOCK_SET_S:
            days = DAY_S * ceil(fallen / DAY_S)
            self._first[kind] -= days
            return t + days
        self.backwards += kind != "day" or fallen > 0
        if kind == "run" and fallen > RESTART_S:
            self.restarted = True
            self._first[kind] += t - self._last
        return self._last
