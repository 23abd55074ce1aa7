"""The rows of a device by wire key, and the values that pick and sign them."""

from collections.abc import Iterable, Iterator, Mapping

from unclouded.core.profile.wire_point import WireMatch, WirePoint, match_text
from unclouded.core.sessions.session import WireValue


class PointRows:
    """The rows of a device by wire key. Several may have one, each for its own type: a value picks its row.

    Once a value has shown which of them a product has, the others are not its points.
    """

    def __init__(self, rows: Iterable[WirePoint]) -> None:
        self._by_wire: dict[str, list[WirePoint]] = {}
        self._shown: dict[str, WirePoint] = {}  # of wire keys with several rows: the one that was reported last
        for row in rows:
            self.add(row)

    def __iter__(self) -> Iterator[WirePoint]:
        return (row for rows in self._by_wire.values() for row in rows)

    @property
    def revision(self) -> int:
        """It grows with each row that is added, and with each wire key whose row is known."""
        return len(self._by_wire) + len(self._shown)

    def add(self, row: WirePoint) -> None:
        """Adds a row; several may have the same wire key."""
        self._by_wire.setdefault(row.wire, []).append(row)

    def is_shared(self, wire: str) -> bool:
        """Whether several rows have this wire key."""
        return len(self._by_wire.get(wire, ())) > 1

    def get(self, wire: str, raw: WireValue, number: str = "value") -> WirePoint | None:
        """The row of a value: the one whose type it has, else the first; None = the wire key is not listed.

        ``number``: which type of number it is on the wire: value, enum or bitmap.
        """
        rows = self._by_wire.get(wire)
        if rows is None:
            return None
        if len(rows) == 1:
            return rows[0]
        fitting = [row for row in rows if row.fits(raw)]
        found = next((row for row in fitting if row.type == number), next(iter(fitting), None))
        if found is not None:
            self._shown[wire] = found
        return found or rows[0]

    def is_possible(self, row: WirePoint) -> bool:
        """Whether the product may have it: no value has shown another row with its wire key."""
        return self._shown.get(row.wire, row) is row

    def with_key(self, key: str) -> list[WirePoint]:
        """The rows of a point: several where each has its ``used_when``."""
        return [row for row in self if row.point.key == key]


class Conditions:
    """The newest values of those wire keys that ``negative_when`` and ``used_when`` name."""

    def __init__(self, rows: Iterable[WirePoint]) -> None:
        matches = [match for row in rows for match in (row.negative_when, row.used_when) if match is not None]
        self.wires = frozenset(match.wire for match in matches)
        self._reported: dict[str, str] = {}

    def learn(self, values: Mapping[str, WireValue]) -> frozenset[str]:
        """Take over what a report has of them; returns the wire keys of those that changed."""
        changed = {wire for wire in self.wires & values.keys() if self._reported.get(wire) != match_text(values[wire])}
        self._reported.update((wire, match_text(values[wire])) for wire in changed)
        return frozenset(changed)

    def holds(self, match: WireMatch) -> bool | None:
        """Whether a condition holds; None = its value was not reported yet."""
        reported = self._reported.get(match.wire)
        return None if reported is None else reported in match.values

    def is_used(self, row: WirePoint) -> bool:
        """Whether the row is a point now: it has no ``used_when``, or that holds."""
        return row.used_when is None or self.holds(row.used_when) is True

    def signed(self, row: WirePoint, raw: WireValue) -> WireValue:
        """The wire value with the sign that its direction gives it now."""
        return raw if row.negative_when is None else signed(raw, self.holds(row.negative_when))


def signed(raw: WireValue, is_negative: bool | None) -> WireValue:
    """A magnitude with its sign. What has one, and what is not a number, stays as it is."""
    return -raw if is_negative and not isinstance(raw, bool | str | bytes) and raw > 0 else raw
