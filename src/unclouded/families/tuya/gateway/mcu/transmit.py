"""How a simulated gateway puts messages on the line, right or wrong as its faults say.

answer ──► at once, or a quarter of a second late        acknowledge ──► the same; each third may be lost
request ─► until it is answered                          send ─────────► once, no answer is expected
"""

from collections.abc import Container

from unclouded.families.tuya.gateway.wire.commands import GATEWAY
from unclouded.families.tuya.gateway.wire.message_parts import JsonMessage
from unclouded.families.tuya.line.command import Message
from unclouded.families.tuya.line.endpoint import EndpointParts
from unclouded.families.tuya.line.framing import Frame
from unclouded.families.tuya.line.request_queue import request_of
from unclouded.families.tuya.messages import frame_of

TIMEOUT_S = 6.0  # for an answer: a module that stores something first may take 5 s
TRIES = 3
SLOW_S = 0.25
LOSES = 3  # each third acknowledgement
OPENING, CLOSING = "\N{LEFT DOUBLE QUOTATION MARK}", "\N{RIGHT DOUBLE QUOTATION MARK}"


class McuTransmit:
    """Sends as a gateway with these ``faults`` does; they may be switched meanwhile."""

    def __init__(self, faults: Container[str], parts: EndpointParts) -> None:
        self._faults = faults
        self._queue = parts.queue
        self._acknowledged = 0

    def received(self, now: float) -> None:
        """The module has sent something: a slow one does not answer at once."""
        if "answers-slowly" in self._faults:
            self._queue.hush(now + SLOW_S)

    def answer(self, message: Message) -> None:
        """Sends it once, unless the fault ``sends-nothing`` is on."""
        if "sends-nothing" not in self._faults:
            self._queue.answer(self._data(message))

    def acknowledge(self, message: Message) -> None:
        """As ``answer``; with the fault ``omits-acks`` each third one is lost."""
        self._acknowledged += 1
        if "omits-acks" not in self._faults or self._acknowledged % LOSES:
            self.answer(message)

    def send(self, message: Message) -> None:
        """In its turn among the answers: a report must get through while an update keeps the gateway answering."""
        self._queue.answer(self._data(message))

    def request(self, message: Message, name: str, ticket: int = 0, tries: int = TRIES) -> None:
        """Sends it until it is answered. ``name``: to cancel it by; ``ticket``: of the question behind it, 0 = none."""
        spec = GATEWAY.spec(message.command, getattr(message, "sub", None))
        data = self._data(message)
        self._queue.add(request_of(spec, data, name, timeout_s=TIMEOUT_S, tries=tries, ticket=ticket, must=True))

    # --- inside ----------------------------------------------------------------------------------

    def _data(self, message: Message) -> bytes:
        frame = frame_of(message)
        if isinstance(message, JsonMessage) and "sends-invalid-json" in self._faults:
            frame = Frame(frame.version, frame.command, _broken(frame.payload))
        return bytes(frame)


def _broken(payload: bytes) -> bytes:
    """With typographic quotes, and a comma before the closing brace; what stands before the object stays."""
    start = payload.find(b"{")
    text = payload[start:].decode()
    parts = text.split('"')
    quoted = "".join(
        part + ("" if last else OPENING if at % 2 == 0 else CLOSING) for at, part, last in _numbered(parts)
    )
    return payload[:start] + (quoted[:-1] + ",}" if len(parts) > 1 else quoted).encode()


def _numbered(parts: list[str]) -> list[tuple[int, str, bool]]:
    return [(at, part, at == len(parts) - 1) for at, part in enumerate(parts)]
