"""What was seen of each wire key: how it is encoded, the span of its numbers, the length of its texts. Pure.

Contents of texts and raw values are not kept: they may be names, passwords or serial numbers.
"""

from collections.abc import Iterable
from fractions import Fraction
from math import isfinite

import msgspec

from unclouded.core.model import NamedValue, WireEntry
from unclouded.core.profile import SeenPoint
from unclouded.core.sessions.session import WireValue

MOST_KEYS = 1_024  # of one device
MOST_VALUES = 32  # different numbers of one wire key that are kept
RAW = "raw"


class SeenWire(msgspec.Struct):
    """What was seen of one wire key with one type."""

    wire: str
    type: str
    key: str = ""  # of today's profile
    reports: int = 0
    low: float | None = None
    high: float | None = None
    values: set[int] = set()
    length: tuple[int, int] | None = None

    @property
    def few_values(self) -> tuple[int, ...]:
        """The different values of a number, sorted; () where they are too many to list."""
        return tuple(sorted(self.values)) if len(self.values) <= MOST_VALUES else ()

    def add(self, value: WireValue) -> None:
        """Counts a reported value: the range of numbers, or of lengths in bytes; no text is kept."""
        self.reports += 1
        match value:
            case bool() | int():
                self._add_number(int(value))
                if len(self.values) <= MOST_VALUES:
                    self.values.add(int(value))
            case float() | Fraction() if isfinite(value):
                self._add_number(float(value))
            case str():
                self._add_length(len(value.encode()))
            case bytes():
                self._add_length(len(value))

    def _add_number(self, number: float) -> None:
        self.low = number if self.low is None else min(self.low, number)
        self.high = number if self.high is None else max(self.high, number)

    def _add_length(self, length: int) -> None:
        low, high = self.length or (length, length)
        self.length = min(low, length), max(high, length)


class SeenValues:
    """All that was seen of one device or sub-device."""

    def __init__(self) -> None:
        self._seen: dict[tuple[str, str], SeenWire] = {}
        self._packed: set[str] = set()  # raw values of which the quantities were seen

    def add(self, wire: str, type: str, value: WireValue, key: str = "") -> None:
        """A value of a report. ``key``: what it is by the profile of today."""
        if (wire, type) not in self._seen:
            if len(self._seen) >= MOST_KEYS:
                return
            self._seen[wire, type] = SeenWire(wire, type)
        one = self._seen[wire, type]
        one.key = key or one.key
        one.add(value)

    def add_entry(self, entry: WireEntry) -> None:
        """The values in a frame of the device."""
        for named in entry.points:
            type = entry.types.get(named.id, "")
            self.add(named.id, type, _value(named, type), named.key)
            if "." in named.id and named.id.partition(".")[0] in entry.types:
                self._packed.add(named.id.partition(".")[0])

    def all(self) -> list[SeenWire]:
        """By number, then by name."""
        return sorted(self._seen.values(), key=lambda one: _order(one.wire))

    def for_matching(self) -> list[SeenPoint]:
        """As the matcher of the catalogue takes them: data points only."""
        found = [
            SeenPoint(int(one.wire), one.type, *_span(one)) for one in self.all() if one.wire.isdecimal() and one.type
        ]
        listed = {(one.dp, one.type) for one in found}
        packed = sorted(map(int, filter(str.isdecimal, self._packed)))
        return found + [SeenPoint(dp, RAW) for dp in packed if (dp, RAW) not in listed]


def seen_in(entries: Iterable[WireEntry], part: str = "") -> SeenValues:
    """What a device sent by these entries of its wire. ``part``: the sub-device that it is, "" = none."""
    seen = SeenValues()
    for entry in entries:
        if entry.sender == "device" and entry.kind == "frame" and entry.part == part:
            seen.add_entry(entry)
    return seen


def _value(named: NamedValue, type: str) -> WireValue:
    """The value on the wire; of raw ones an entry has the hex digits."""
    if type == RAW and isinstance(named.raw, str):
        try:
            return bytes.fromhex(named.raw)
        except ValueError:
            return named.raw
    return named.raw


def _span(one: SeenWire) -> tuple[int | None, int | None]:
    if one.low is None or one.high is None or one.type == "bool":
        return None, None
    return int(one.low), int(one.high)


def _order(wire: str) -> tuple[int, int, str]:
    number = wire.partition(".")[0]
    return (0, int(number), wire) if number.isdecimal() else (1, 0, wire)
