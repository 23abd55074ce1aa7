"""The commands of a plug, one after the other: each is settled by what the plug itself reports, never by sending it.

new ──► SET sent ──► SETACK ──► own GET ─┬─ agrees ─────► confirmed
             └─── a PUSH that agrees ────┘─ disagrees ──► requested again, then refused with what it reports
"""

from collections import deque

from unclouded.core.errors import CommandError
from unclouded.core.session import Event, SessionCommand, Ticket, WireCommand, WireValue
from unclouded.core.session_parts import Ids, Tickets, refuse_action

ONOFF = "onoff"


class PendingToggle:
    """One ticket: the state that the relay should have, and what the plug reported since the SET was queued."""

    def __init__(self, ticket: Ticket, onoff: bool) -> None:
        self.ticket = ticket
        self.onoff = onoff
        self.is_sent = False
        self.is_acknowledged = False
        self.reported: bool | None = None


class PendingToggles:
    """The open commands of one plug; the first is being carried out."""

    def __init__(self, timeout_s: float, ids: Ids) -> None:
        self._timeout_s = timeout_s
        self._tickets = Tickets(ids)
        self._open: deque[PendingToggle] = deque()

    def begin(self, onoff: bool, now: float) -> Ticket:
        ticket = self._tickets.issue(now + self._timeout_s)
        self._open.append(PendingToggle(ticket, onoff))
        return ticket

    def refuse_at_once(self, now: float) -> Ticket:
        """A command without a path: it is settled by the next tick."""
        return self._tickets.issue(now)

    @property
    def first(self) -> PendingToggle | None:
        return self._open[0] if self._open else None

    def of(self, ticket: Ticket) -> PendingToggle | None:
        """The command that is being carried out, if it is this one."""
        return self._open[0] if self._open and self._open[0].ticket == ticket else None

    def reported(self, onoff: bool) -> list[Event]:
        """The plug reports the state of its relay."""
        first = self.first
        if first is None or not first.is_sent:
            return []
        first.reported = onoff
        if first.onoff != onoff:
            return []
        self._open.popleft()
        return self._tickets.settle(first.ticket)

    def refused(self, ticket: Ticket, reason: str) -> list[Event]:
        self._drop(ticket)
        return self._tickets.settle(ticket, "refused", reason)

    def all_refused(self, reason: str) -> list[Event]:
        self._open.clear()
        return self._tickets.settle_all("refused", reason)

    def all_unreachable(self, reason: str) -> list[Event]:
        self._open.clear()
        return self._tickets.settle_all("unreachable", reason)

    def overdue(self, now: float, unreachable: str) -> list[tuple[Ticket, list[Event]]]:
        """Settle those whose time is up. ``unreachable``: why the plug cannot be reached; "" = it can."""
        return [(ticket, self._overdue(ticket, unreachable)) for ticket in self._tickets.overdue(now)]

    def deadline(self) -> float | None:
        return self._tickets.earliest()

    def _overdue(self, ticket: Ticket, unreachable: str) -> list[Event]:
        command = self._drop(ticket)
        if command is None or unreachable:
            return self._tickets.settle(ticket, "unreachable", unreachable or "There is no path to the plug.")
        if command.reported is not None:
            state = "on" if command.reported else "off"
            return self._tickets.settle(ticket, "refused", f"The plug reports that it is {state}.")
        what = "The plug did not confirm it" if command.is_sent else "It could not be sent"
        return self._tickets.settle(ticket, "timeout", f"{what} within {self._timeout_s:g} s.")

    def _drop(self, ticket: Ticket) -> PendingToggle | None:
        found = next((one for one in self._open if one.ticket == ticket), None)
        if found is not None:
            self._open.remove(found)
        return found


def state_of(command: SessionCommand) -> bool:
    """The relay state that a command asks for. Raises CommandError where it is no command of a plug."""
    if not isinstance(command, WireCommand):
        raise refuse_action(command)
    if set(command.values) != {ONOFF} or command.part:
        raise CommandError("A Meross plug can be switched (onoff), no more.")
    return _as_bool(command.values[ONOFF])


def _as_bool(value: WireValue) -> bool:
    if value not in (0, 1):
        raise CommandError(f"onoff takes on or off, not {value!r}.")
    return bool(value)
