"""Magnitudes whose sign, or direction, is a wire value of its own: held until it is known. Pure.

    101 = 200.0 W ──► held ──► 102 = reverse within DIRECTION_S ──► -200.0 W, at the time of the magnitude
                         └───► nothing in time ──────────────────► the direction that was reported last;
                                                                    without one the value is flagged

A direction belongs to the group of values that it is reported with: those of its report, those that follow it within
DIRECTION_S, and those that wait for it. A direction that turns without a new magnitude turns the old one, unless a
magnitude follows. 0 has no direction, and is never held.

Some firmware reports a direction one group late (``direction_lags``; PJ-1203A): each magnitude then waits for the next
report of the direction, up to LAGGING_S, and is flagged where the next magnitude comes without it.
Source: docs/protocols/tuya_wifi.md §2.8.1.
"""

from collections.abc import Collection, Iterable, Iterator, Mapping

import msgspec

from unclouded.core.profile import Conditions, WirePoint
from unclouded.core.sessions.session import WireValue

DIRECTION_S = 1.0  # s within which a direction and its magnitudes are reported
LAGGING_S = 65.0  # s that a lagging direction may take; such meters report every 3 to 60 s


class HeldValue(msgspec.Struct, frozen=True, kw_only=True):
    """A magnitude that waits for its direction. ``at``: the time of its reading; ``flags``: of its reading.

    ``since``, ``until``: when it began to wait, and when it waits no more. ``turned``: it was published before, and
    its direction has changed.
    """

    row: WirePoint
    raw: WireValue
    at: float
    since: float
    until: float
    flags: tuple[str, ...] = ()
    repeated: bool = False
    turned: bool = False


class SignedValue(msgspec.Struct, frozen=True, kw_only=True):
    """A value whose direction is decided. ``is_negative`` None: the direction was never reported."""

    row: WirePoint
    raw: WireValue
    at: float
    flags: tuple[str, ...]
    repeated: bool
    is_negative: bool | None


class DirectionWait:
    """Holds the magnitudes of one device. All times are Unix seconds of the hub.

    begin     a report has come, and its directions are not learned yet ──► what they do not decide
    directed  they are learned                                          ──► what they decide
    hold      each magnitude of the report                              ──► whether it waits
    overdue   at ``deadline``                                           ──► what waits no more
    """

    def __init__(self, rows: Iterable[WirePoint], conditions: Conditions) -> None:
        self._rows = [(row, row.negative_when) for row in rows if row.negative_when is not None]
        self._conditions = conditions
        self._held: dict[str, HeldValue] = {}  # by the wire key of the magnitude
        self._last: dict[str, WireValue] = {}  # the newest magnitudes
        self._fresh: dict[str, float] = {}  # when a direction came that no magnitude has had yet

    @property
    def deadline(self) -> float | None:
        """When a value has waited long enough; None = none waits."""
        return min(held.until for held in self._held.values()) if self._held else None

    def begin(self, values: Mapping[str, WireValue], at: float) -> Iterator[SignedValue]:
        """The groups that end with a report: those that are overdue, and those of which the next magnitude comes."""
        yield from self.overdue(at)
        for row, direction in self._rows:
            ends = row.reported_as in values and not (row.direction_lags and direction.wire in values)
            held = self._held.pop(row.wire, None) if ends else None
            if held is not None and not held.turned:
                yield self.sign(held, is_late=row.direction_lags)

    def directed(
        self, values: Mapping[str, WireValue], changed: Collection[str], at: float, when: float
    ) -> Iterator[SignedValue]:
        """The magnitudes that a report's directions decide. ``when``: the time of its readings."""
        for row, direction in self._rows:
            if direction.wire not in values:
                continue
            held = self._held.get(row.wire)
            if held is not None and not held.turned:
                del self._held[row.wire]
                yield self.sign(held)
                continue
            self._fresh[row.wire] = at
            if direction.wire in changed and row.reported_as not in values:
                self._turn(row, at, when)

    def hold(self, value: SignedValue, at: float, is_directed: bool) -> bool:
        """Whether a magnitude waits. ``is_directed``: the direction is in the same report."""
        row, raw = value.row, value.raw
        fresh = self._fresh.pop(row.wire, float("-inf"))
        self._last[row.wire] = raw
        if isinstance(raw, bool | str | bytes) or raw <= 0 or row.negative_when is None:
            return False
        if not row.direction_lags and (is_directed or at - fresh <= DIRECTION_S):
            return False
        until = at + (LAGGING_S if row.direction_lags else DIRECTION_S)
        self._held[row.wire] = HeldValue(
            row=row, raw=raw, at=value.at, since=at, until=until, flags=value.flags, repeated=value.repeated
        )
        return True

    def overdue(self, at: float) -> Iterator[SignedValue]:
        """Those that have waited long enough at ``at``; all where the clock was set back."""
        for wire, held in list(self._held.items()):
            if held.until <= at or at < held.since:
                del self._held[wire]
                yield self.sign(held, is_late=held.row.direction_lags)

    def rest(self) -> Iterator[SignedValue]:
        """All that wait: nothing more is reported."""
        waiting, self._held = self._held, {}
        return (self.sign(held, is_late=held.row.direction_lags) for held in waiting.values())

    def sign(self, value: HeldValue | SignedValue, *, is_late: bool = False) -> SignedValue:
        """A value with the direction that was reported last. ``is_late``: that is not the value's own."""
        match = value.row.negative_when
        known = None if match is None else self._conditions.holds(match)
        flags = (*value.flags, "no_direction") if value.raw and (known is None or is_late) else value.flags
        return SignedValue(
            row=value.row, raw=value.raw, at=value.at, flags=flags, repeated=value.repeated, is_negative=known
        )

    def _turn(self, row: WirePoint, at: float, when: float) -> None:
        """A direction has changed: the last magnitude turns with it, unless the next one follows."""
        raw = self._last.get(row.wire, 0)
        if raw and not row.direction_lags and row.counter == "none":
            self._held[row.wire] = HeldValue(row=row, raw=raw, at=when, since=at, until=at + DIRECTION_S, turned=True)
