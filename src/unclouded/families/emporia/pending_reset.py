"""The command that resets the radio. ``$d`` has no answer: the reset is confirmed by the answer to a later ``$f``.

submit ──► $d sent ──► its time is up: $f sent ──► the answer to that $f: confirmed
"""

from unclouded.core.errors import CommandError
from unclouded.core.sessions.session import Event, SessionCommand, Ticket, WireAction
from unclouded.core.sessions.session_parts import Ids, Tickets
from unclouded.families.emporia.shown_code import SHOW_CODE

RESET = "reset_radio"
RESET_TIMEOUT_S = 30.0  # for the radio to answer again after a reset
RESET_DONE = "the radio answers again; only the utility knows whether it must be provisioned again"
RESET_UNANSWERED = "the radio did not answer again after the reset"


class PendingReset:
    """One reset at a time; each ticket settles once."""

    def __init__(self, ids: Ids) -> None:
        self._tickets = Tickets(ids)
        self._ticket: Ticket | None = None
        self.is_sent = False  # $d is out: the answer to a request sent from now on proves something

    def issue(self, command: SessionCommand, now: float) -> Ticket:
        """The ticket of a command. Raises CommandError where it is none that a radio has."""
        if not isinstance(command, WireAction):
            raise CommandError("A meter has nothing that can be set.")
        if command.name != RESET or command.part:
            raise CommandError(f"An Emporia radio knows the actions {RESET} and {SHOW_CODE}, not {command.name!r}.")
        return self._tickets.issue(now + RESET_TIMEOUT_S)

    def begin(self, ticket: Ticket, is_up: bool) -> list[Event]:
        """Begin the reset; the event that settles it at once where it cannot be."""
        if not is_up:
            return self._tickets.settle(ticket, "unreachable", "there is no line to the radio")
        if self._ticket is not None:
            return self._tickets.settle(ticket, "refused", "a reset is under way")
        self._ticket, self.is_sent = ticket, False
        return []

    def sent(self) -> None:
        """The time in which ``$d`` is carried out has passed."""
        self.is_sent = self._ticket is not None

    def proved(self) -> list[Event]:
        """The radio has answered a request that was sent after the reset."""
        if self._ticket is None or not self.is_sent:
            return []
        ticket, self._ticket, self.is_sent = self._ticket, None, False
        return self._tickets.settle(ticket, "confirmed", RESET_DONE)

    def overdue(self, now: float) -> list[Event]:
        """A reset that was not answered in time is settled."""
        events: list[Event] = []
        for ticket in self._tickets.overdue(now):
            self._ticket, self.is_sent = None, False
            events += self._tickets.settle(ticket, "timeout", RESET_UNANSWERED)
        return events

    def unreachable(self, reason: str) -> list[Event]:
        """The line is gone: a reset that waits is settled."""
        self._ticket, self.is_sent = None, False
        return self._tickets.settle_all("unreachable", reason)

    def deadline(self) -> float | None:
        """When the reset that waits times out, in monotonic seconds; None = none waits."""
        return self._tickets.earliest()
