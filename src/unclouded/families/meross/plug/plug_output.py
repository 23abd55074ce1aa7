"""What a simulated plug sends: signed answers and pushes, with the faults that it has."""

from collections.abc import Callable

import msgspec
from msgspec import UNSET

from unclouded.core.session import LinkPath, Out
from unclouded.core.session_parts import FaultSwitches, SendQueue
from unclouded.families.meross.plug.simulated_plug import SimulatedPlug
from unclouded.families.meross.wire.envelope import PUSH, Envelope, EnvelopeHeader, reply, sign
from unclouded.families.meross.wire.identity import is_topic, publish_topic, subscribe_topic

LATE_S = 7.0  # for each answer, with the fault "late"


class ReceivedRequest(msgspec.Struct, frozen=True):
    """A request of the controller. ``re``: the datagram that waits for the answer; 0 = none does."""

    envelope: Envelope
    path: str
    re: int


class PlugOutput:
    """``token``: so many random bytes."""

    def __init__(self, plug: SimulatedPlug, faults: FaultSwitches, token: Callable[[int], bytes]) -> None:
        self.paths: dict[str, LinkPath] = {}
        self._plug = plug
        self._uuid, self._key = plug.options.uuid, plug.options.key
        self._inbox = subscribe_topic(self._uuid)
        self._faults = faults
        self._token = token
        self._queue = SendQueue()

    def reply(self, request: ReceivedRequest, payload: bytes, now: float, method: str = "") -> None:
        header = request.envelope.header
        if "wrong_id" in self._faults:
            header = msgspec.structs.replace(header, message_id=sign(header.message_id, "", 0))
        if header.trigger_src is None:
            header = msgspec.structs.replace(header, trigger_src=UNSET)
        envelope = reply(
            header,
            payload,
            key=self._key,
            timestamp=self._plug.unix(now),
            from_=publish_topic(self._uuid),
            method=method,
            ms=self._plug.ms(now),
        )
        self._put(bytes(envelope), request.path, request.re, now, self._topic_of(request))

    def close(self, path: str, re: int, now: float) -> None:
        """Close the connection of a request without an answer; over the broker nothing is sent."""
        if re:
            self._put(b"", path, re, now)

    def push(self, namespace: str, payload: bytes, now: float, method: str = PUSH, from_: str = "") -> str:
        """Send this to the server; its messageId."""
        broker = next((path for path in self.paths.values() if not path.asks), None)
        if broker is None or "never_pushes" in self._faults or "closes" in self._faults:
            return ""
        message_id = self._token(16).hex()
        timestamp = self._plug.unix(now)
        header = EnvelopeHeader(
            message_id=message_id,
            namespace=namespace,
            method=method,
            from_=from_ or publish_topic(self._uuid),
            timestamp=timestamp,
            timestamp_ms=self._plug.ms(now),
            sign=sign(message_id, self._key, timestamp),
        )
        self._put(bytes(Envelope(header, msgspec.Raw(payload))), broker.name, 0, now)
        return message_id

    def drop(self, path: str) -> None:
        """No client waits for answers on this path any more."""
        self._queue.drop(path)

    def release(self, now: float) -> None:
        self._queue.release(now)

    def take(self, now: float) -> list[Out]:
        return self._queue.take(now)

    def deadline(self) -> float | None:
        return self._queue.deadline()

    def _topic_of(self, request: ReceivedRequest) -> str:
        """On a broker: the topic that the request names in ``from`` (docs/protocols/meross.md §1.6.1)."""
        path, named = self.paths.get(request.path), request.envelope.header.from_
        is_topic_of_others = path is not None and not path.asks and is_topic(named) and named != self._inbox
        return named if is_topic_of_others else ""

    def _put(self, data: bytes, path: str, re: int, now: float, topic: str = "") -> None:
        if path not in self.paths:
            return
        if "truncates" in self._faults:
            data = data[: len(data) // 2]
        self._queue.put(Out(data, path=path, re=re, topic=topic), now + LATE_S if "late" in self._faults else now)
