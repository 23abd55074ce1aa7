"""The action that shows the radio's install code and MAC to the person who asks: the utility needs both.

submit ──► $m if the MAC is not known ─► $i ──► the code is right: shown as progress of the action, confirmed

Progress goes to whoever runs the action and is neither logged nor stored; the outcome, which is, never has the code.
Source: docs/protocols/emporia.md §1.2.4, §6.
"""

from unclouded.core.errors import CommandError
from unclouded.core.sessions.session import Advanced, Event, Ticket, WireAction
from unclouded.core.sessions.session_parts import Ids, Tickets
from unclouded.families.emporia import install_code

SHOW_CODE = "show_install_code"
CODE_TIMEOUT_S = 10.0
CODE_SHOWN = "it is a secret: give it to the utility only"
CODE_DAMAGED = "its check value is wrong, so it may have been damaged on the line: try again"
CODE_UNANSWERED = "the radio did not send it"


class ShownCode:
    """Those who wait for it."""

    def __init__(self, ids: Ids) -> None:
        self._tickets = Tickets(ids)
        self._waiting: list[Ticket] = []

    @property
    def is_wanted(self) -> bool:
        return bool(self._waiting)

    def issue(self, action: WireAction, now: float) -> Ticket:
        """Raises CommandError where it names a part; a radio has none."""
        if action.part:
            raise CommandError("An Emporia radio has no sub-devices.")
        return self._tickets.issue(now + CODE_TIMEOUT_S)

    def begin(self, ticket: Ticket, is_up: bool) -> list[Event]:
        """The event that settles it at once where it cannot be requested."""
        if not is_up:
            return self._tickets.settle(ticket, "unreachable", "there is no line to the radio")
        self._waiting.append(ticket)
        return []

    def received(self, code: bytes, mac: str) -> list[Event]:
        """The radio has sent its code. ``mac``: "" where that is not known."""
        waiting, self._waiting = self._waiting, []
        if not install_code.is_valid(code):
            return [event for ticket in waiting for event in self._tickets.settle(ticket, "refused", CODE_DAMAGED)]
        text = f"install code {code.hex(' ').upper()}, MAC {mac.upper() or 'as on the label'}"
        shown = [
            (Advanced(ticket, 0, 0, text), self._tickets.settle(ticket, "confirmed", CODE_SHOWN)) for ticket in waiting
        ]
        return [event for advanced, settled in shown for event in (advanced, *settled)]

    def overdue(self, now: float) -> list[Event]:
        """Requests for the code that were not answered in time are settled."""
        late = self._tickets.overdue(now)
        self._waiting = [ticket for ticket in self._waiting if ticket not in late]
        return [event for ticket in late for event in self._tickets.settle(ticket, "timeout", CODE_UNANSWERED)]

    def unreachable(self, reason: str) -> list[Event]:
        """The line is gone: all requests for the code are settled."""
        self._waiting = []
        return self._tickets.settle_all("unreachable", reason)

    def deadline(self) -> float | None:
        """When the first of those who wait for the code times out, in monotonic seconds; None = no one waits."""
        return self._tickets.earliest()
