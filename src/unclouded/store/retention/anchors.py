"""The few samples that stay where all others are deleted, so that what is computed from them does not change. Pure.

the first value of an energy counter                what its first day is counted from
each value that ends a gap, and the one before it   how the energy of an outage is spread
the last before a start of the hub                  since when no hub ran
the last of each series                             what a device that is silent said last
"""

from collections.abc import Collection, Iterable, Sequence

import msgspec

from unclouded.store.encoding.blob import Entry
from unclouded.store.encoding.chunk import DeviceSecond


class AnchorRules(msgspec.Struct, frozen=True, kw_only=True):
    """For one hour. ``expiring``: the series to delete; the sets name some of them. ``gap``: the mark of a gap, or 0.

    ``first``, ``last``: whose first or last value is in the hour; ``before_gap``: whose next value, in a later hour,
    ends a gap. ``starts``: of the hub, Unix s, ascending. ``next``: the next second of the device after the hour.
    """

    expiring: Collection[int]
    energy: Collection[int] = frozenset()
    first: Collection[int] = frozenset()
    last: Collection[int] = frozenset()
    before_gap: Collection[int] = frozenset()
    gap: int = 0
    starts: Sequence[int] = ()
    next: float = float("inf")


class Anchors:
    """Collects what stays of the seconds of an hour."""

    def __init__(self, rules: AnchorRules) -> None:
        self._rules = rules
        self._kept: dict[int, dict[Entry, None]] = {}
        self._before: dict[int, tuple[int, Entry]] = {}  # of each expiring series: its newest value so far
        self._newest: tuple[int, Entry] | None = None  # of all of them
        self._starts = list(reversed(rules.starts))

    def add(self, seconds: Iterable[DeviceSecond]) -> None:
        """These come next, in order of time."""
        rules = self._rules
        for second, entries in seconds:
            self._pass_starts(second)
            for entry in entries:
                series = entry[1]
                if series not in rules.expiring:
                    self._keep(second, entry)
                    continue
                before = self._before.get(series)
                if before is None and series in rules.first:
                    self._keep(second, entry)
                if entry[3] & rules.gap and series in rules.energy:
                    self._keep(second, entry)
                    if before is not None:
                        self._keep(*before)
                self._before[series] = self._newest = second, entry

    def kept(self) -> list[DeviceSecond]:
        """What stays, once all of the hour was added."""
        self._pass_starts(self._rules.next)
        for series, newest in self._before.items():
            if series in self._rules.last or series in self._rules.before_gap:
                self._keep(*newest)
        return [(second, sorted(self._kept[second], key=_ms)) for second in sorted(self._kept)]

    def _pass_starts(self, second: float) -> None:
        while self._starts and self._starts[-1] <= second:
            start = self._starts.pop()
            if self._newest is not None and self._newest[0] < start:
                self._keep(*self._newest)

    def _keep(self, second: int, entry: Entry) -> None:
        self._kept.setdefault(second, {})[entry] = None


def _ms(entry: Entry) -> int:
    return entry[0]
