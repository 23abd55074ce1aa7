"""The questions of a simulated gateway that people want the answer of: each settles once.

ask ─► request ─► answer: confirmed, or refused where it says no          nothing for a while: timeout
the list ─► 1c, 1c, … the last: all ids together          27, 17: settled when they are sent
"""

from unclouded.core.errors import CommandError
from unclouded.core.sessions.session import Event, Ticket
from unclouded.core.sessions.session_parts import Tickets
from unclouded.families.tuya.gateway.mcu.questions import (
    GATEWAY_QUESTIONS,
    UNANSWERED,
    GatewayContext,
    answer_text,
)
from unclouded.families.tuya.gateway.mcu.transmit import McuTransmit
from unclouded.families.tuya.gateway.wire.sub_device_messages import DeviceListAssembler, DeviceListPacket
from unclouded.families.tuya.line.command import Message
from unclouded.families.tuya.line.endpoint import EndpointParts
from unclouded.families.tuya.line.request_queue import Request

LONGEST_S = 60.0  # that a question may wait for its turn and its answer
QUESTION = "question"
LATE = "the module did not answer"


class McuAsking:
    """The open questions."""

    def __init__(self, transmit: McuTransmit, parts: EndpointParts) -> None:
        self._transmit = transmit
        self._tickets = Tickets(parts.ids)
        self._held: list[tuple[Ticket, Message]] = []  # until the conversation has begun
        self._is_begun = False
        self._list: Ticket = 0  # whose answer is a list of which packets are missing
        self._assembler = DeviceListAssembler()

    def ask(self, what: str, now: float, context: GatewayContext) -> tuple[Ticket, list[Event]]:
        """The ticket, and what follows at once. Raises CommandError where there is no such question."""
        if what not in GATEWAY_QUESTIONS:
            raise CommandError(f"A gateway cannot ask {what!r}. It can ask: {', '.join(GATEWAY_QUESTIONS)}.")
        message = GATEWAY_QUESTIONS[what].message(context)
        ticket = self._tickets.issue(now + LONGEST_S)
        self._held.append((ticket, message))
        return ticket, self.begin() if self._is_begun else []

    def begin(self) -> list[Event]:
        """The module has begun the conversation: it answers from now on."""
        self._is_begun = True
        held, self._held = self._held, []
        return [event for ticket, message in held for event in self._send(ticket, message)]

    def received(self, request: Request | None, message: Message) -> list[Event]:
        """Is it an answer?"""
        if isinstance(message, DeviceListPacket):
            return self._packet(request.ticket if request is not None else 0, message)
        if request is None or not request.ticket:
            return []
        good, text = answer_text(message)
        return self._tickets.settle(request.ticket, "confirmed" if good else "refused", text)

    def unanswered(self, request: Request) -> list[Event]:
        """The last try of a question has timed out: its ticket settles. Requests without one are not questions."""
        return self._tickets.settle(request.ticket, "timeout", LATE) if request.ticket else []

    def close(self, reason: str) -> list[Event]:
        """There is no module any more."""
        self._held.clear()
        self._is_begun = False
        self._list = 0
        return self._tickets.settle_all("unreachable", reason)

    def tick(self, now: float) -> list[Event]:
        """Settles the questions that have waited for LONGEST_S, sent or not."""
        late = self._tickets.overdue(now)
        return [event for ticket in late for event in self._tickets.settle(ticket, "timeout", LATE)]

    def deadline(self) -> float | None:
        """When the next open question times out, in monotonic seconds; None = none is open."""
        return self._tickets.earliest()

    def _send(self, ticket: Ticket, message: Message) -> list[Event]:
        if message.command in UNANSWERED:
            self._transmit.send(message)
            return self._tickets.settle(ticket, "confirmed", "sent; it is not answered")
        self._transmit.request(message, QUESTION, ticket, tries=1)
        return []

    def _packet(self, ticket: Ticket, packet: DeviceListPacket) -> list[Event]:
        self._list = ticket or self._list
        ids = self._assembler.add(packet)
        if ids is None or not self._list:
            return []
        ticket, self._list = self._list, 0
        return self._tickets.settle(ticket, "confirmed", f"{len(ids)} sub-devices: {', '.join(ids) or 'none'}")
