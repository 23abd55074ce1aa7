"""Wishes for a device that is awake for a moment: set by 09, or handed out when it asks its cache (10).

    wish ──09──► acknowledged ──05──► confirmed          what it reports settles a wish at once
      └───10 asked──► handed out ──► it talks on ──┘      what it took and never reports is confirmed in the end

The hub keeps wishes while the device sleeps (hub/wishes.py). Source: docs/protocols/tuya_low_power.md §2, §3.
"""

from collections.abc import Collection, Mapping, Sequence

from unclouded.core.session import Event, Settled, Ticket, WireValue
from unclouded.families.tuya.line.datapoint import DataPoint
from unclouded.families.tuya.pending_commands import PendingCommands, wanted_of

UNREPORTED = "The device took it, but has not reported it."


class LowPendingCommands:
    """The open wishes, and which of them the device has taken."""

    def __init__(self, patience_s: float) -> None:
        self._commands = PendingCommands(patience_s)
        self._points: dict[Ticket, tuple[DataPoint, ...]] = {}
        self._handed: set[Ticket] = set()  # in an answer that nothing has followed yet
        self._taken: set[Ticket] = set()

    @property
    def open(self) -> Collection[Ticket]:
        return self._points.keys()

    def begin(self, points: tuple[DataPoint, ...], now: float) -> Ticket:
        ticket = self._commands.begin(wanted_of(points), now)
        self._points[ticket] = points
        return ticket

    def sent(self, ticket: Ticket) -> None:
        self._commands.sent(ticket)

    def took(self, ticket: Ticket) -> None:
        """The device acknowledged it."""
        if ticket in self._points:
            self._taken.add(ticket)

    def spoke(self) -> None:
        """The device talks on, so it has had what was handed out."""
        self._taken |= self._handed & self._points.keys()
        self._handed.clear()

    def hand_out(self, ids: bytes) -> tuple[list[Ticket], tuple[DataPoint, ...]]:
        """The wishes that the device has not taken yet, the newest of each point; no ids = all points."""
        open_ = [ticket for ticket in self._points if ticket not in self._taken]
        tickets = [one for one in open_ if not ids or all(point.id in ids for point in self._points[one])]
        newest = {point.id: point for ticket in tickets for point in self._points[ticket]}
        for ticket in tickets:
            self._commands.sent(ticket)
        self._handed.update(tickets)
        return tickets, tuple(newest.values())

    def reported(self, values: Mapping[str, WireValue]) -> list[Event]:
        return self._fate(self._commands.reported(values))

    def overdue(self, now: float) -> list[Event]:
        return self._fate(self._commands.overdue(now))

    def unreachable(self, reason: str, ticket: Ticket | None = None) -> list[Event]:
        """Settle all of them, or one: there is no way to the device."""
        return self._fate(self._commands.unreachable(reason, ticket))

    def deadline(self) -> float | None:
        return self._commands.deadline()

    def _fate(self, events: Sequence[Event]) -> list[Event]:
        """What was taken and not reported was not in vain."""
        return [self._settled(event) if isinstance(event, Settled) else event for event in events]

    def _settled(self, event: Settled) -> Settled:
        ticket = event.ticket
        self._points.pop(ticket, None)
        self._handed.discard(ticket)
        was_taken = ticket in self._taken
        self._taken.discard(ticket)
        if was_taken and event.result in ("timeout", "unreachable"):
            return Settled(ticket, "confirmed", UNREPORTED)
        return event
