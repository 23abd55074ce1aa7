"""What a plug asks of its server after it has connected: the time, to be bound, and an echo.

    plug                                        server
    PUSH Clock {timestamp: uptime}, every 2 s   the same header, {clock: {timestamp: now}}, not signed again
    SET  Bind {hardware, firmware, time}        SETACK {} with its messageId, signed by us
    PUSH Bind (old firmware)                    nothing
    PUSH ConsumptionConfig {config}             the same message back

Without them its LED keeps blinking green, or it drops the connection. The hub is asked before the time is sent or
a plug is bound. A plug that is not admitted yet gets the same answers, else it would return to its set-up mode
after 20 to 45 s. Source: docs/protocols/meross.md §1.6.
"""

from collections.abc import Callable

from unclouded.core.errors import WireError
from unclouded.core.sessions.session import Answer, AskBind, AskClock, Asked, Event, LocalTime, Out, Question, Refusal
from unclouded.core.sessions.session_parts import Ids
from unclouded.families.meross.wire.envelope import PUSH, SET, Envelope, copied, parse, reply, verify
from unclouded.families.meross.wire.identity import publish_topic, uuid_in
from unclouded.families.meross.wire.messages import Bind, ClockRequest, Message, Ratios, payload_of
from unclouded.families.meross.wire.namespaces import read_envelope

LONGEST_QUEUE = 16  # questions that may wait for the hub


class BrokerServices:
    """Answers one plug. ``key``: what it signs with. ``ids``: number the questions to the hub."""

    def __init__(self, key: str, ids: Ids) -> None:
        self._key = key
        self._ids = ids
        self._asked: dict[int, tuple[Envelope, str]] = {}
        self._outs: list[Out] = []

    def receive(self, message: Message, envelope: Envelope, path: str) -> list[Event] | None:
        """The question to the hub that a message leads to; None where the message asks for no service."""
        match message:
            case ClockRequest():
                return [self._ask(AskClock(), envelope, path)]
            case Bind():
                return [self._ask(AskBind(_info(message)), envelope, path)]
            case Ratios() if envelope.header.method == PUSH:
                self._outs.append(Out(copied(envelope.header, bytes(envelope.payload)), path=path))
                return []
        return None

    def acknowledge(self, envelope: Envelope, path: str, unix: int, from_: str) -> None:
        """Another message of the plug that waits for an acknowledgement."""
        self._outs.append(
            Out(bytes(reply(envelope.header, b"{}", key=self._key, timestamp=unix, from_=from_)), path=path)
        )

    def answer(self, id: int, value: Answer | Refusal, unix: int, from_: str) -> None:
        """The hub's answer. A refusal, or a time that cannot be trusted, leaves the plug waiting."""
        asked, path = self._asked.pop(id, (None, ""))
        if asked is None:
            return
        match value:
            case LocalTime(unix=at, trusted=True):
                data = copied(asked.header, payload_of(clock={"timestamp": int(at)}))
                self._outs.append(Out(data, path=path))
            case True if asked.header.method == SET:
                acknowledgement = reply(asked.header, b"{}", key=self._key, timestamp=unix, from_=from_)
                self._outs.append(Out(bytes(acknowledgement), path=path))

    def outgoing(self) -> list[Out]:
        """What is to be sent now; each is given once."""
        outs, self._outs = self._outs, []
        return outs

    def _ask(self, question: AskClock | AskBind, envelope: Envelope, path: str) -> Event:
        id = self._ids.next()
        self._asked[id] = (envelope, path)
        if len(self._asked) > LONGEST_QUEUE:
            del self._asked[next(iter(self._asked))]
        return Asked(id, question)


def answer_unadmitted(
    data: bytes, uuid: str, key: str, unix: float, answers: Callable[[Question], Answer | Refusal]
) -> list[bytes]:
    """The answers to one message of a plug that is not admitted. ``answers``: the hub's."""
    try:
        envelope = parse(data)
        if not verify(envelope.header, key) or uuid_in(envelope.header.from_) not in ("", uuid.lower()):
            return []
        message = read_envelope(envelope)
    except WireError:
        return []
    services = BrokerServices(key, Ids())
    for event in services.receive(message, envelope, "") or ():
        if isinstance(event, Asked):
            services.answer(event.id, answers(event.question), int(unix), publish_topic(uuid))
    return [out.data for out in services.outgoing()]


def _info(bind: Bind) -> dict[str, str]:
    return {
        "uuid": bind.hardware.uuid.lower(),
        "product": bind.hardware.type.lower(),
        "version": bind.firmware.version,
        "mac": bind.hardware.mac_address.lower(),
    }
