"""The commands of a plug, one after the other: each is settled by what the plug itself reports, never by sending it.

new ──► SET sent ──► SETACK ──► own GET ─┬─ agrees ─────► confirmed
             └─── a PUSH that agrees ────┘─ disagrees ──► requested again, then refused with what it reports
"""

from collections import deque
from collections.abc import Mapping

from unclouded.core.model import value_text
from unclouded.core.sessions.session import Event, Ticket, WireValue
from unclouded.core.sessions.session_parts import Ids, Tickets

ONOFF = "onoff"
MOST_FAILURES = 2  # requests for a setting without an answer, after which its command is refused


class PlugCommand:
    """One ticket: the value that a wire key should have, and what the plug reported since the SET was queued."""

    def __init__(self, ticket: Ticket, key: str, value: WireValue) -> None:
        self.ticket = ticket
        self.key = key
        self.value = value
        self.is_sent = False
        self.is_acknowledged = False
        self.reported: WireValue | None = None
        self.failures = 0  # requests for it without an answer


class PlugCommands:
    """The open commands of one plug; the first is being carried out."""

    def __init__(self, timeout_s: float, ids: Ids) -> None:
        self._timeout_s = timeout_s
        self._tickets = Tickets(ids)
        self._open: deque[PlugCommand] = deque()

    def begin(self, key: str, value: WireValue, now: float) -> Ticket:
        """A command for the wire key ``key``; its ticket."""
        ticket = self._tickets.issue(now + self._timeout_s)
        self._open.append(PlugCommand(ticket, key, value))
        return ticket

    def refuse_at_once(self, now: float) -> Ticket:
        """A command without a path: it is settled by the next tick."""
        return self._tickets.issue(now)

    @property
    def first(self) -> PlugCommand | None:
        return self._open[0] if self._open else None

    def of(self, ticket: Ticket) -> PlugCommand | None:
        """The command that is being carried out, if it is this one."""
        return self._open[0] if self._open and self._open[0].ticket == ticket else None

    def reported(self, values: Mapping[str, WireValue]) -> list[Event]:
        """The plug reports these values."""
        first = self.first
        if first is None or not first.is_sent or first.key not in values:
            return []
        first.reported = values[first.key]
        if first.value != first.reported:
            return []
        self._open.popleft()
        return self._tickets.settle(first.ticket)

    def refused(self, ticket: Ticket, reason: str) -> list[Event]:
        """The plug refuses a command: its ticket settles, and the next command goes on."""
        self._drop(ticket)
        return self._tickets.settle(ticket, "refused", reason)

    def all_refused(self, reason: str) -> list[Event]:
        """All that wait are refused, and why."""
        self._open.clear()
        return self._tickets.settle_all("refused", reason)

    def all_unreachable(self, reason: str) -> list[Event]:
        """The plug cannot be reached: all that wait are settled."""
        self._open.clear()
        return self._tickets.settle_all("unreachable", reason)

    def overdue(self, now: float, unreachable: str) -> list[tuple[Ticket, list[Event]]]:
        """Settle those whose time is up. ``unreachable``: why the plug cannot be reached; "" = it can."""
        return [(ticket, self._overdue(ticket, unreachable)) for ticket in self._tickets.overdue(now)]

    def deadline(self) -> float | None:
        """When the next open command times out, in monotonic seconds; None = none is open."""
        return self._tickets.earliest()

    def _overdue(self, ticket: Ticket, unreachable: str) -> list[Event]:
        command = self._drop(ticket)
        if command is None or unreachable:
            return self._tickets.settle(ticket, "unreachable", unreachable or "There is no path to the plug.")
        if command.reported is not None:
            return self._tickets.settle(ticket, "refused", f"The plug reports {_reported(command)}.")
        what = "The plug did not confirm it" if command.is_sent else "It could not be sent"
        return self._tickets.settle(ticket, "timeout", f"{what} within {self._timeout_s:g} s.")

    def _drop(self, ticket: Ticket) -> PlugCommand | None:
        found = next((one for one in self._open if one.ticket == ticket), None)
        if found is not None:
            self._open.remove(found)
        return found


def _reported(command: PlugCommand) -> str:
    value = command.reported
    if isinstance(value, bool):
        state = "on" if value else "off"
        return f"that it is {state}" if command.key == ONOFF else f"that this setting is {state}"
    return f"{value_text(value)} for it" if isinstance(value, int | float | str) else "another value"
