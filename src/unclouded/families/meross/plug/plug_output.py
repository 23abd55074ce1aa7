"""What a simulated plug sends: signed answers and pushes, with the faults that it has."""

from collections.abc import Callable

import msgspec
from msgspec import UNSET

from unclouded.core.sessions.session import LinkPath, Out
from unclouded.core.sessions.session_parts import FaultSwitches, SendQueue
from unclouded.families.meross.plug.encrypted_http import EncryptedHttp
from unclouded.families.meross.plug.simulated_plug import SimulatedPlug
from unclouded.families.meross.wire.envelope import PUSH, Envelope, EnvelopeHeader, reply, sign
from unclouded.families.meross.wire.identity import is_topic, publish_topic, subscribe_topic

LATE_S = 7.0  # for each answer, with the fault "answers-after-7-s"
FASTEST_MS, SLOWEST_MS = 20, 200  # with the fault "answers-slowly"; docs/protocols/meross.md §1.4.3
HTTP_BUFFER = 2_900  # bytes of an answer over HTTP; what is longer is cut off; docs/protocols/meross.md §1.4.4
RESET_EVERY = 5  # answers, with the fault "resets-connections"
OWN_SOURCE = "Device"  # the triggerSrc of what it sends by itself


class ReceivedRequest(msgspec.Struct, frozen=True):
    """A request. ``re``: the datagram that waits for the answer; 0 = none does. ``http``: encrypts the answer."""

    envelope: Envelope
    path: str
    re: int
    http: EncryptedHttp | None = None


class PlugOutput:
    """``token``: so many random bytes."""

    def __init__(self, plug: SimulatedPlug, faults: FaultSwitches, token: Callable[[int], bytes]) -> None:
        self.paths: dict[str, LinkPath] = {}
        self._plug = plug
        self._faults = faults
        self._token = token
        self._queue = SendQueue()
        self._answers = 0  # over HTTP

    @property
    def broker(self) -> LinkPath | None:
        """The path to its server, while it is up."""
        return next((path for path in self.paths.values() if not path.asks), None)

    def reply(
        self, request: ReceivedRequest, payload: bytes, now: float, method: str = "", after_s: float = 0.0
    ) -> None:
        """Answer a request, ``after_s`` seconds later where that takes its time."""
        header = request.envelope.header
        if "sends-wrong-id" in self._faults:
            header = msgspec.structs.replace(header, message_id=sign(header.message_id, "", 0))
        if header.trigger_src is None:
            header = msgspec.structs.replace(header, trigger_src=UNSET)
        envelope = reply(
            header,
            payload,
            key=self._plug.signing_key,
            timestamp=self._plug.unix(now),
            from_=publish_topic(self._plug.uuid),
            method=method,
            ms=self._plug.ms(now),
        )
        data, topic = self._encoded(envelope, request), self._topic_of(request)
        self._put(data, request.path, request.re, now + after_s, topic)

    def close(self, path: str, re: int, now: float) -> None:
        """Close the connection of a request without an answer; over the broker nothing is sent."""
        if re:
            self._put(b"", path, re, now)

    def raw(self, data: bytes, path: str, re: int, now: float) -> None:
        """An answer that is not an envelope."""
        self._put(data, path, re, now)

    def push(self, namespace: str, payload: bytes, now: float, method: str = PUSH, from_: str = "") -> str:
        """Send this to the server; its messageId."""
        broker = self.broker
        if broker is None or "never-pushes" in self._faults or "closes-connections" in self._faults:
            return ""
        message_id = self._token(16).hex()
        timestamp = self._plug.unix(now)
        is_newer = self._plug.dialect.is_newer
        header = EnvelopeHeader(
            message_id=message_id,
            namespace=namespace,
            method=method,
            from_=from_ or publish_topic(self._plug.uuid),
            timestamp=timestamp,
            timestamp_ms=self._plug.ms(now),
            sign=sign(message_id, self._plug.signing_key, timestamp),
            trigger_src=OWN_SOURCE if is_newer else UNSET,
            uuid=self._plug.uuid if is_newer else UNSET,
        )
        self._put(bytes(Envelope(header, msgspec.Raw(payload))), broker.name, 0, now)
        return message_id

    def drop(self, path: str) -> None:
        """No client waits for answers on this path any more."""
        self._queue.drop(path)

    def release(self, now: float) -> None:
        """What is due by now waits for ``take`` only."""
        self._queue.release(now)

    def take(self, now: float) -> list[Out]:
        """What is due by now, of all paths; drained by the call."""
        return self._queue.take(now)

    def deadline(self) -> float | None:
        """When the next delayed message is due, in monotonic seconds; None = none waits."""
        return self._queue.deadline()

    def _encoded(self, envelope: Envelope, request: ReceivedRequest) -> bytes:
        """Cut off where it is longer than the buffer; encrypted as the request was."""
        if self._plug.dialect.is_newer:
            header = msgspec.structs.replace(envelope.header, uuid=self._plug.uuid)
            envelope = msgspec.structs.replace(envelope, header=header)
        data = bytes(envelope)
        if request.re:
            data = data[:HTTP_BUFFER]
        return request.http.sealed(data, True) if request.http is not None else data

    def _topic_of(self, request: ReceivedRequest) -> str:
        """On a broker: the topic that the request names in ``from`` (docs/protocols/meross.md §1.6.1)."""
        path, named = self.paths.get(request.path), request.envelope.header.from_
        is_topic_of_others = is_topic(named) and named != subscribe_topic(self._plug.uuid)
        return named if path is not None and not path.asks and is_topic_of_others else ""

    def _put(self, data: bytes, path: str, re: int, at: float, topic: str = "") -> None:
        if path not in self.paths:
            return
        if "truncates-answers" in self._faults:
            data = data[: len(data) // 2]
        if "resets-connections" in self._faults and re:
            self._answers += 1
            data = b"" if self._answers % RESET_EVERY == 0 else data
        self._queue.put(Out(data, path=path, re=re, topic=topic), at + self._delay_s())

    def _delay_s(self) -> float:
        if "answers-after-7-s" in self._faults:
            return LATE_S
        if "answers-slowly" in self._faults:
            span = SLOWEST_MS - FASTEST_MS
            return (FASTEST_MS + int.from_bytes(self._token(2), "big") % span) / 1000
        return 0.0
