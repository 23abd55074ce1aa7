"""Silences: the times in which a device could not report, because it was offline or faulted, or no hub ran.

    state events   online ······ offline ▒▒▒▒▒▒▒ online ········· ▒▒▒▒▒▒▒▒ connecting ▒ online ····
    the hub        running ·········································│ off  │ running ············

A hub stores the state ``connecting`` for each of its devices when it starts. Its stop is not stored: it is assumed at
the last stored number of any device. A device that reports nothing because nothing changes is not silent in this
sense.
"""

from collections.abc import Iterator

from unclouded.store.encoding.codec import from_json
from unclouded.store.rows import Rows
from unclouded.store.samples import Samples

UP = frozenset({"online", "asleep"})
DOWN = frozenset({"offline", "faulted", "connecting"})

STATES = "SELECT at, json FROM event WHERE device = ? AND kind = 'state' AND at >= ? AND at < ? ORDER BY at, number"
BEFORE = """SELECT at, json FROM event WHERE device = ? AND kind = 'state' AND at < ?
    ORDER BY at DESC, number DESC LIMIT 1"""
NEXT = "SELECT at, json FROM event WHERE device = ? AND kind = 'state' AND at >= ? ORDER BY at, number LIMIT 50"
STARTS = """SELECT at, json FROM event WHERE device = ? AND kind = 'state' AND at >= ? AND at < ?
    AND json LIKE '{"state":"connecting"%'"""
EVER_STARTED = """SELECT 1 FROM (SELECT json FROM event WHERE device = ? AND kind = 'state' ORDER BY at LIMIT 1000)
    WHERE json LIKE '{"state":"connecting"%' LIMIT 1"""
PARENT = """SELECT p.number FROM device d JOIN device p ON p.id = json_extract(d.info, '$.parent')
    WHERE d.number = ? AND d.info <> ''"""
# The states of DOWN. A battery device sleeps and wakes often, so the search is limited to 1000 events.
LAST_BREAK = """SELECT at FROM (SELECT at, json FROM event WHERE device = ? AND kind = 'state' AND at < ?
    ORDER BY at DESC, number DESC LIMIT 1000) WHERE json LIKE '{"state":"offline"%'
    OR json LIKE '{"state":"faulted"%' OR json LIKE '{"state":"connecting"%' ORDER BY at DESC LIMIT 1"""
LAST_START = """SELECT at FROM event WHERE device = ? AND kind = 'state' AND at < ?
    AND json LIKE '{"state":"connecting"%' ORDER BY at DESC LIMIT 1"""


class Silences:
    """The silences of one device of the store."""

    def __init__(self, rows: Rows, device: int) -> None:
        self._rows = rows
        self._samples = Samples(rows)
        self._device = device

    def between(self, start: float, end: float) -> Iterator[tuple[float, float]]:
        """Begin and end of each silence that overlaps the range; the last one may have no end (inf)."""
        since, before = None, 0.0
        for at, state in self._states(start, end):
            if state in UP:
                if since is not None and at > start:
                    yield since, at
                since = None
            elif state in DOWN and since is None:
                since = max(self._stop_before(at), before) if state == "connecting" else at
            before = at
        if since is not None and since < end:
            yield since, float("inf")

    def last_break(self, at: float) -> float:
        """When the device last went down before a time; 0 where it never has."""
        rows = self._rows(LAST_BREAK, self._device, at)
        rows += [row for parent in self._hosts() for row in self._rows(LAST_START, parent, at)]
        return max((float(when) for (when,) in rows), default=0.0)

    def _states(self, start: float, end: float) -> list[tuple[float, str]]:
        """The states of the range, the last one before it, and those after it until the device is up or down."""
        rows = [*self._rows(BEFORE, self._device, start), *self._rows(STATES, self._device, start, end)]
        rows += self._rows(NEXT, self._device, end)
        for parent in self._hosts():
            rows += self._rows(STARTS, parent, start, end)
        return sorted((float(at), str(from_json(json)["state"])) for at, json in rows)

    def _hosts(self) -> list[int]:
        """The parent device, where only the parent's events record the starts of the hub."""
        parents = [number for (number,) in self._rows(PARENT, self._device)]
        return parents if parents and not self._rows(EVER_STARTED, self._device) else []

    def _stop_before(self, at: float) -> float:
        """When the hub that ran before this start received its last number."""
        newest = self._samples.newest_before(int(at))
        return at if not newest else min(newest + 1.0, at)
