"""The client's end of one MQTT connection, without I/O: bytes in, events out; QoS 0 and 1. Pure.

    session = ClientSession(…)      data to write: opening(), publish(), subscribe(), ping(), closing()
    session.receive(data) ──► Accepted · Refused · Granted · BrokerMessage · Acknowledged · Lost

It never raises on what it receives. Sources: MQTT 3.1.1 and 5.0 specifications; properties by links.mqtt.packets.
"""

from collections.abc import Mapping, Sequence

import msgspec

from unclouded.core.errors import WireError
from unclouded.links.mqtt.codec import Parser, encode
from unclouded.links.mqtt.packets import (
    MAXIMUM_PACKET,
    SERVER_KEEP_ALIVE,
    V5,
    Connack,
    Connect,
    Disconnect,
    Packet,
    Pingreq,
    Properties,
    Puback,
    Publish,
    Suback,
    Subscribe,
    Unsuback,
    Unsubscribe,
    Will,
)

RECEIVE_MAXIMUM = 0x21  # property: how many QoS 1 messages the server takes before it acknowledges one
RESPONSE_TOPIC, CORRELATION_DATA = 0x08, 0x09
WINDOW = 100  # QoS 1 messages that wait for their acknowledgement at most
INCOMING_LIMIT = 262_144  # bytes of a message; of a longer one the content is not read
KEEP_ALIVE_S = 20  # s without anything sent before a ping
REFUSED_FROM = 0x80

# Codes of CONNACK, of version 5 and of 3.1.1 -> why, and what to do
REFUSALS: Mapping[int, str] = {
    **dict.fromkeys((0x86, 0x87, 4, 5), "wrong user or password, or no right to connect. Check user and password_file"),
    **dict.fromkeys((0x84, 1), 'it does not speak this version of MQTT. Set protocol = "3.1.1"'),
    **dict.fromkeys((0x85, 2), "it does not accept the client id"),
    **dict.fromkeys((0x88, 3), "it is not available"),
    0x89: "it is busy",
    0x8A: "this client is banned",
    0x97: "its quota is used up",
}
DISCONNECTED: Mapping[int, str] = {
    0x8B: "the broker shuts down",
    0x8D: "the broker received nothing for too long",
    0x8E: "another client with the same client id has connected",
    0x93: "the broker received too many messages at once",
    0x95: "a message was too long for the broker",
    0x98: "an administrator ended the connection",
}


class Accepted(msgspec.Struct, frozen=True):
    """The broker accepted the connection."""


class Refused(msgspec.Struct, frozen=True):
    """The broker refuses the connection. ``text``: why, and what to do."""

    text: str


class Granted(msgspec.Struct, frozen=True):
    """The broker answered a subscription. ``refused``: the filters that it does not permit."""

    number: int
    refused: Sequence[str]


class BrokerMessage(msgspec.Struct, frozen=True):
    """A message on a topic that is subscribed. ``answer_to``, ``correlation``: where its sender wants the answer."""

    topic: str
    payload: bytes
    retained: bool
    answer_to: str = ""
    correlation: bytes = b""


class Acknowledged(msgspec.Struct, frozen=True):
    """The broker has taken over a QoS 1 message. ``text``: why it does not pass it on, "" = it does."""

    token: int
    text: str = ""


class Lost(msgspec.Struct, frozen=True):
    """The connection is of no use any more."""

    text: str


SessionEvent = Accepted | Refused | Granted | BrokerMessage | Acknowledged | Lost


class ClientSession:
    """``clean`` from the start: what was sent to this client while it was away is not wanted.

    ``token``: a number of the caller for each QoS 1 message; it comes back in Acknowledged.
    """

    def __init__(
        self, client_id: str, version: int = V5, user: str = "", password: str = "", will: Will | None = None
    ) -> None:
        self.version = version
        self.window = WINDOW
        self.keep_alive_s = KEEP_ALIVE_S
        self._connect = Connect(
            client_id=client_id,
            user=user or None,
            password=password.encode() if password else None,
            keep_alive=KEEP_ALIVE_S,
            version=version,
            will=will,
        )
        self._parser = Parser(version, INCOMING_LIMIT, skips=True)
        self._next = 0
        self._unacknowledged: dict[int, int] = {}  # packet id -> token
        self._filters: dict[int, Sequence[str]] = {}  # packet id -> of a SUBSCRIBE
        self._largest = 0  # bytes of a packet that the broker takes; 0 = any
        self._answers: list[bytes] = []

    def opening(self) -> bytes:
        """The first packet of a connection, CONNECT."""
        return encode(self._connect, self.version)

    @property
    def room(self) -> int:
        """How many QoS 1 messages may be sent now."""
        return self.window - len(self._unacknowledged)

    def fits(self, topic: str, payload: bytes) -> bool:
        """Whether the broker takes a message of this length."""
        return not self._largest or len(topic) * 4 + len(payload) + 64 <= self._largest

    def publish(self, topic: str, payload: bytes, retain: bool = False, properties: Properties = ()) -> bytes:
        """A message of QoS 0."""
        return encode(Publish(topic, payload, 0, 0, retain, False, properties), self.version)

    def publish_once(
        self, token: int, topic: str, payload: bytes, retain: bool = False, properties: Properties = ()
    ) -> bytes:
        """A message of QoS 1. Only where there is ``room``."""
        id = self._new_id()
        self._unacknowledged[id] = token
        return encode(Publish(topic, payload, 1, id, retain, False, properties), self.version)

    def subscribe(self, filters: Sequence[str], as_published: bool = False) -> tuple[int, bytes]:
        """The number of the subscription, which Granted repeats, and its bytes.

        ``as_published``: also a message that is published now is ``retained`` where its sender asks for that (MQTT 5).
        """
        id = self._new_id()
        self._filters[id] = filters
        return id, encode(Subscribe(id, tuple((one, 1) for one in filters), as_published), self.version)

    def unsubscribe(self, filters: Sequence[str]) -> bytes:
        """UNSUBSCRIBE of these filters."""
        return encode(Unsubscribe(self._new_id(), tuple(filters)), self.version)

    def ping(self) -> bytes:
        """PINGREQ."""
        return encode(Pingreq())

    def closing(self) -> bytes:
        """A DISCONNECT, after which the broker does not publish the will."""
        return encode(Disconnect(), self.version)

    def receive(self, data: bytes) -> list[SessionEvent]:
        """What came, as events. Then send ``answers()``."""
        events: list[SessionEvent] = []
        try:
            self._parser.feed(data)
            while (packet := self._parser.next()) is not None:
                if (event := self._received(packet)) is not None:
                    events.append(event)
        except WireError as error:
            events.append(Lost(f"The broker sent bytes that are not MQTT: {error}."))
        return events

    def answers(self) -> bytes:
        """Acknowledgements of what was received."""
        data = b"".join(self._answers)
        self._answers.clear()
        return data

    # --- inside --------------------------------------------------------------------------------

    def _received(self, packet: Packet) -> SessionEvent | None:
        match packet:
            case Publish():
                return self._message(packet)
            case Puback(id=id, code=code):
                token = self._unacknowledged.pop(id, None)
                text = f"the broker refused it with code {code:#04x}" if code >= REFUSED_FROM else ""
                return None if token is None else Acknowledged(token, text)
            case Connack():
                return self._connack(packet)
            case Suback(id=id, codes=codes):
                filters = self._filters.pop(id, ())
                return Granted(id, [one for one, code in zip(filters, codes, strict=False) if code >= REFUSED_FROM])
            case Disconnect(code=code):
                return Lost(f"The connection ended: {DISCONNECTED.get(code, f'the broker gave the code {code:#04x}')}.")
            case Unsuback():
                return None
        return None

    def _message(self, packet: Publish) -> BrokerMessage:
        if packet.qos:
            self._answers.append(encode(Puback(packet.id), self.version))
        named = dict(packet.properties)
        topic, correlation = named.get(RESPONSE_TOPIC, b""), named.get(CORRELATION_DATA, b"")
        return BrokerMessage(
            packet.topic,
            packet.payload,
            packet.retain,
            topic.decode() if isinstance(topic, bytes) else "",
            correlation if isinstance(correlation, bytes) else b"",
        )

    def _connack(self, packet: Connack) -> SessionEvent:
        if packet.code:
            return Refused(REFUSALS.get(packet.code, f"it gave the code {packet.code:#04x}; its log says why"))
        named = {id: value for id, value in packet.properties if isinstance(value, int)}
        self.window = max(1, min(WINDOW, named.get(RECEIVE_MAXIMUM, WINDOW)))
        self.keep_alive_s = min(KEEP_ALIVE_S, named.get(SERVER_KEEP_ALIVE, KEEP_ALIVE_S) or KEEP_ALIVE_S)
        self._largest = named.get(MAXIMUM_PACKET, 0)
        return Accepted()

    def _new_id(self) -> int:
        """A packet id that is not in use; there are at most WINDOW messages and a few subscriptions."""
        for _ in range(0x10000):
            self._next = self._next % 0xFFFF + 1
            if self._next not in self._unacknowledged and self._next not in self._filters:
                break
        return self._next


def response_properties(correlation: bytes) -> Properties:
    """The properties of an answer (MQTT 5)."""
    return ((CORRELATION_DATA, correlation),) if correlation else ()
