"""Actions of people that are requests on the line: each settles once, by its answer or without one.

    permit ─► ticket ─► 06 ─► 06: confirmed            no answer to any of its tries: timeout

Source: docs/protocols/tuya_gateway.md §1.6.
"""

from collections.abc import Callable, Sequence

from unclouded.core.sessions.session import Event, Ticket
from unclouded.core.sessions.session_parts import Tickets
from unclouded.families.tuya.gateway.settings import GatewaySettings
from unclouded.families.tuya.gateway.wire.commands import GATEWAY
from unclouded.families.tuya.line.command import Message
from unclouded.families.tuya.line.endpoint import EndpointParts
from unclouded.families.tuya.line.request_queue import Request, request_of
from unclouded.families.tuya.messages import frame_of

LONGEST_S = 120.0  # that an action may wait for its turn and its answer; ours
DECISIVE_TRIES = 20  # of requests whose answer decides which sub-devices both ends know; ours
NO_ANSWER = "The MCU does not answer."
REPLACED = "The same was asked for again."

Then = Callable[[Message, float], Sequence[Event]]


class ActionRequests:
    """The open ones. A request of an action carries its ticket."""

    def __init__(self, settings: GatewaySettings, parts: EndpointParts) -> None:
        self._settings = settings
        self._queue = parts.queue
        self._tickets = Tickets(parts.ids)
        self._then: dict[Ticket, Then] = {}
        self._named: dict[str, Ticket] = {}  # the newest ticket of each request

    def begin(self, now: float) -> Ticket:
        """A ticket that times out after LONGEST_S, whatever is sent for it."""
        return self._tickets.issue(now + LONGEST_S)

    def send(
        self, message: Message, name: str, ticket: Ticket = 0, then: Then | None = None, tries: int = 0
    ) -> list[Event]:
        """Send a request, and again where it is not answered; one of that name that was not answered yet is void.

        ``then``: what follows from its answer.
        """
        self._queue.cancel(name)
        replaced = self._tickets.settle(self._named.pop(name, 0), "refused", REPLACED)
        if ticket:
            self._named[name] = ticket
            self._then[ticket] = then or _nothing
        spec = GATEWAY.spec(message.command, getattr(message, "sub", None))
        timeout_s, tries = self._settings.answer_timeout_s, tries or self._settings.tries
        data = bytes(frame_of(message))
        self._queue.add(request_of(spec, data, name, timeout_s=timeout_s, tries=tries, ticket=ticket, must=True))
        return replaced

    def answered(self, request: Request, message: Message, now: float) -> list[Event]:
        """The request of a ticket is answered; without one there is nothing to settle."""
        self._named.pop(request.name, None)
        then = self._then.pop(request.ticket, _nothing)
        return [*then(message, now), *self.settle(request.ticket)]

    def unanswered(self, request: Request) -> list[Event]:
        """The last try of a request has timed out: its ticket settles as timeout, and ``then`` is not called."""
        self._named.pop(request.name, None)
        self._then.pop(request.ticket, None)
        return self._tickets.settle(request.ticket, "timeout", NO_ANSWER)

    def settle(self, ticket: Ticket, reason: str = "") -> list[Event]:
        """The action was carried out, for one that no request of its own ends."""
        return self._tickets.settle(ticket, "confirmed", reason)

    def refuse(self, ticket: Ticket, reason: str) -> list[Event]:
        """The MCU does not carry it out, or it cannot be."""
        return self._tickets.settle(ticket, "refused", reason)

    def unreachable(self, ticket: Ticket, reason: str) -> list[Event]:
        """It cannot be sent: there is no path to the MCU or to the sub-device."""
        return self._tickets.settle(ticket, "unreachable", reason)

    def close(self, reason: str) -> list[Event]:
        """There is no path to the MCU any more."""
        self._then.clear()
        self._named.clear()
        return self._tickets.settle_all("unreachable", reason)

    def tick(self, now: float) -> list[Event]:
        """Settles the actions that have waited for LONGEST_S as ``timeout``."""
        return [event for ticket in self._tickets.overdue(now) for event in self._late(ticket)]

    def deadline(self) -> float | None:
        """When the next open action times out, in monotonic seconds; None = none is open."""
        return self._tickets.earliest()

    def _late(self, ticket: Ticket) -> list[Event]:
        self._then.pop(ticket, None)
        return self._tickets.settle(ticket, "timeout", NO_ANSWER)


def _nothing(message: Message, now: float) -> Sequence[Event]:
    return ()
