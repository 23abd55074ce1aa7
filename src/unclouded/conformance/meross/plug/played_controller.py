"""The controller that we play against a plug: over HTTP in the local network, or as the server that it connects to.

    HTTP     ask ──► POST /config ──► the reply, or why there was none
    broker   the plug connects: CONNACK, SUBACK, PINGRESP by themselves; Clock, Bind and ConsumptionConfig answered
             ask ──► PUBLISH to its inbox ──► the message with that messageId

Source: docs/protocols/meross.md §1.1, §1.2, §1.4, §1.5.2, §1.6.
"""

from collections.abc import Mapping, Sequence
from typing import Any

import msgspec

from unclouded.conformance.line import UNREADABLE, CheckLine, EmulatedEnd, LineEntry, Script
from unclouded.conformance.meross.wire import http_text
from unclouded.conformance.meross.wire import mqtt_packets as mqtt
from unclouded.conformance.meross.wire.frames import Fields, MerossFrame, MerossReader, packet_piece
from unclouded.core.errors import WireError
from unclouded.core.sessions.session import LinkPath
from unclouded.families.meross.wire import namespaces
from unclouded.families.meross.wire.envelope import GET, PUSH, SET, copied, parse, reply, sign
from unclouded.families.meross.wire.identity import CLIENT_ID, subscribe_topic, uuid_in
from unclouded.families.meross.wire.lan_encryption import bound_cipher, is_clear
from unclouded.families.meross.wire.messages import payload_of

PlugLine = CheckLine["PlayedController"]
ANSWER_S = 11.0  # for an answer; docs/protocols/meross.md §1.4.3 has 5 to 10 s
PAUSE_S = 0.5  # before a request is repeated
OWN_TOPIC = "/app/conformance/subscribe"  # that answers go to over the broker
OWN_URL = "http://conformance.invalid/config"  # our ``from`` over HTTP
SET_UP = (namespaces.CLOCK, namespaces.BIND, namespaces.CONSUMPTION_CONFIG)  # what the plug's server answers


class PlayedController(EmulatedEnd):
    """``uuid``: of the plug, "" = not known yet. ``abilities``: what it lists. ``answers``: to queries, by namespace.

    ``why_not``: why the newest request had no answer. ``mute``: namespaces of the plug that are not answered now.
    ``cipher``: encrypts HTTP; None = clear text. ``is_up``: the plug has connected and subscribed. ``off_s``: by how
    much a check has set its clock wrong. ``took_s``: from the newest request to its answer;
    ``times_s``: the same of the first query of each namespace.
    ``session``: how it has connected, from its CONNECT on.
    """

    def __init__(self, line: PlugLine, reader: MerossReader) -> None:
        self.line = line
        self._reader = reader
        reader.opened = self._opened
        self.uuid = ""
        self.abilities: Fields = {}
        self.answers: dict[str, MerossFrame] = {}
        self.why_not = ""
        self.is_http = True
        self.is_up = False
        self.took_s = 0.0
        self.times_s: list[float] = []
        self.session: Sequence[LineEntry] = ()
        self.refusal = 0  # what a CONNECT is answered with
        self.cipher: Any = None  # Any: a LanCipher
        self._id = 0
        self.reset()

    def reset(self) -> None:
        self.mute: set[str] = set()
        self.refusal = 0
        self.off_s = 0

    # --- connections -------------------------------------------------------------------------------

    def connected(self, path: LinkPath) -> None:
        self.is_http, self.is_up = path.answers, False
        self._reader.begin(is_stream=not path.answers)

    def disconnected(self) -> None:
        self.is_up = False

    def tick(self, now: float) -> None:
        """Nothing is due by itself."""

    def deadline(self) -> float | None:
        return None

    # --- what a server does by itself ----------------------------------------------------------------

    def received(self, entry: LineEntry) -> None:
        frame = entry.frame
        if frame is None or frame.packet is None:
            return
        try:
            self._answer_packet(frame.packet)
            if frame.envelope is not None and frame.header.namespace in SET_UP:
                self._serve(frame)
        except WireError:
            return

    def _answer_packet(self, packet: mqtt.MqttPacket) -> None:
        match packet.kind:
            case mqtt.CONNECT:
                self._log_in(packet)
            case mqtt.SUBSCRIBE:
                id, filters = mqtt.filters_in(packet)
                self.put(mqtt.suback(id, [min(qos, 1) for _, qos in filters]))
                self.is_up = True
            case mqtt.PINGREQ:
                self.put(mqtt.MqttPacket(mqtt.PINGRESP))
            case mqtt.PUBLISH:
                _, id, _ = mqtt.message_in(packet)
                if id:
                    self.put(mqtt.puback(id))

    def _log_in(self, packet: mqtt.MqttPacket) -> None:
        found = CLIENT_ID.fullmatch(mqtt.login_in(packet).client_id)
        self.uuid = self.uuid or (found[1].lower() if found is not None else "")
        self.put(mqtt.connack(self.refusal))

    def _serve(self, frame: MerossFrame) -> None:
        """As the cloud answers the start of a session."""
        header, envelope = frame.header, frame.envelope
        if header.namespace in self.mute or envelope is None:
            return
        if header.namespace == namespaces.CLOCK and header.method == PUSH:
            clock = {"timestamp": int(self.line.unix())}
            self.publish(copied(header, payload_of(clock=clock)))
        elif header.namespace == namespaces.BIND and header.method == SET:
            acknowledgement = reply(
                header, b"{}", key=self.line.key, timestamp=int(self.line.unix()), from_=subscribe_topic(self.uuid)
            )
            self.publish(bytes(acknowledgement))
        elif header.namespace == namespaces.CONSUMPTION_CONFIG and header.method == PUSH:
            self.publish(copied(header, bytes(envelope.payload)))

    # --- sending -----------------------------------------------------------------------------------

    def put(self, packet: mqtt.MqttPacket, *, after: float = 0.0) -> None:
        """Send a packet."""
        kept, frame, _ = packet_piece(packet)
        self.line.send(bytes(packet), frame, kept=kept, after=after)

    def publish(self, body: bytes, id: int = 0) -> None:
        """To the inbox of the plug."""
        self.put(mqtt.publish(subscribe_topic(self.uuid), body, id))

    def message(
        self,
        namespace: str,
        method: str = GET,
        payload: Any = None,  # Any: JSON
        *,
        key: str | None = None,
        drop: tuple[str, ...] = (),
        **changes: Any,  # Any: JSON
    ) -> bytes:
        """A signed message. ``changes``: fields of the header that are other than usual. ``key``: signs otherwise."""
        self._id += 1
        id, timestamp = changes.get("messageId", self.next_id()), changes.get("timestamp", self.unix())
        header = {
            "messageId": id,
            "namespace": namespace,
            "method": method,
            "payloadVersion": 1,
            "from": OWN_URL if self.is_http else OWN_TOPIC,
            "timestamp": timestamp,
            "timestampMs": 0,
            "sign": sign(str(id), self.line.key if key is None else key, timestamp),
        }
        header |= changes
        kept = {name: value for name, value in header.items() if name not in drop}
        return msgspec.json.encode({"header": kept, "payload": {} if payload is None else payload})

    def unix(self) -> int:
        """The time of the plug, as far as it is known."""
        return int(self.line.unix()) + self.off_s

    @property
    def slowest_s(self) -> float:
        """The longest time for an answer."""
        return max(self.times_s, default=0.0)

    def next_id(self) -> str:
        """A new id of a message: 32 hexadecimal digits."""
        return self.line.ambient.token(16).hex()

    def post(self, body: bytes, *, encrypts: bool = True, **head: Any) -> int:  # Any: as http_text.request has them
        """Send a body over HTTP; the id of the datagram. ``head``: what is other than usual in the request."""
        self._id += 1
        sealed = self.cipher.encrypt(body) if self.cipher is not None and encrypts else body
        self.line.send(http_text.request(sealed, **head), id=self._id, kept=body)
        return self._id

    def post_raw(self, data: bytes, id: int = 0) -> int:
        """Send these bytes on a connection of their own, or behind those of datagram ``id``; its id."""
        self._id += not id
        self.line.send(data, id=id or self._id)
        return id or self._id

    def _opened(self, body: bytes) -> tuple[bytes, bool]:
        if self.cipher is None or not body or is_clear(body):
            return body, False
        try:
            return self.cipher.decrypt(body), True
        except WireError:
            return body, False

    # --- asking ------------------------------------------------------------------------------------

    def reply_to(self, id: int, seconds: float = ANSWER_S) -> Script[MerossFrame | None]:
        """The reply to a datagram; None = there was none, and ``why_not``."""
        began = self.line.now
        entry = yield from self.line.wait_for(lambda one: one.re == id and not one.connection, seconds)
        self.took_s = self.line.now - began
        if entry is None:
            self.line.send(b"", id=id)  # closes the connection
            self.why_not = f"no reply within {seconds:g} s"
            return None
        self.why_not = entry.failed or entry.reason
        frame: MerossFrame | None = entry.frame
        return frame

    def exchange(self, body: bytes, seconds: float = ANSWER_S, **head: Any) -> Script[MerossFrame | None]:  # Any
        """The answer to a body, sent once; None = none that is a message, and ``why_not``. ``head``: as ``post``."""
        if self.is_http:
            frame = yield from self.reply_to(self.post(body, **head), seconds)
        else:
            frame = yield from self._published(body, seconds)
        if frame is not None and frame.envelope is None:
            self.why_not = frame.why
            return None
        return frame

    def _published(self, body: bytes, seconds: float) -> Script[MerossFrame | None]:
        self.publish(body)
        wanted, began = _id_in(body), self.line.now
        entry = yield from self.line.wait_for(
            lambda one: (
                one.frame is not None and one.frame.envelope is not None and one.frame.header.message_id == wanted
            ),
            seconds,
        )
        self.took_s = self.line.now - began
        self.why_not = "" if entry is not None else f"no answer within {seconds:g} s"
        return entry.frame if entry is not None else None

    def ask(
        self, namespace: str, method: str = GET, payload: Any = None, tries: int = 2, **more: Any
    ) -> Script[MerossFrame | None]:  # Any: JSON, and as ``message``
        """The answer to a request, which is repeated where it had none. None = there was none, and ``why_not``."""
        for number in range(tries):
            if number:
                yield from self.line.pause(PAUSE_S)
            encrypts = namespace != namespaces.ABILITY
            body = self.message(namespace, method, payload, **more)
            frame = yield from self.exchange(body, **({"encrypts": encrypts} if self.is_http else {}))
            if frame is not None:
                return frame
        return None

    def asked(self, namespace: str, payload: Any = None, **more: Any) -> Script[MerossFrame]:  # Any: as ``ask``
        """The same; the check has failed where there is no answer, or an error."""
        frame = yield from self.ask(namespace, GET, payload, **more)
        name = namespace.removeprefix("Appliance.")
        if frame is None:
            self.line.fail(f"{name} is not answered: {self.why_not}.")
        if frame.header.method != "GETACK":
            self.line.fail(f"{name} is answered by {frame.header.method[:12]}.")
        return frame

    def set(self, namespace: str, payload: Any, method: str = SET) -> Script[MerossFrame]:  # Any: JSON
        """Set something; the check has failed where it is not acknowledged."""
        frame = yield from self.ask(namespace, method, payload)
        name = namespace.removeprefix("Appliance.")
        if frame is None:
            self.line.fail(f"{method} {name} is not answered: {self.why_not}.")
        if frame.header.method != f"{method}ACK":
            self.line.fail(f"{method} {name} is answered by {frame.header.method[:12]}.")
        return frame

    # --- which plug --------------------------------------------------------------------------------

    def lists(self, namespace: str) -> bool:
        """Is a namespace in the abilities of the plug?"""
        return namespace in self.abilities

    def find(self) -> Script[bool]:
        """Ask for its ability list in clear text; encrypt from then on where it lists that. Its result: is it there?"""
        frame = yield from self.ask(namespaces.ABILITY)
        if frame is None:
            return False
        self.uuid = uuid_in(frame.header.from_) or self.uuid
        self.abilities = _abilities(frame)
        if self.is_http and self.uuid and all(self.lists(one) for one in namespaces.ENCRYPTION):
            self.cipher = bound_cipher(self.uuid, self.line.key)
        return True

    @property
    def relay(self) -> str:
        """The namespace of its relay."""
        return namespaces.TOGGLEX if self.lists(namespaces.TOGGLEX) else namespaces.TOGGLE

    def switch(self, onoff: int) -> Script[MerossFrame]:
        """Set the relay (1 = on) and wait; the answer."""
        payload = toggle_payload(self.relay, onoff)
        return (yield from self.set(self.relay, payload))

    def relay_state(self) -> Script[Mapping[str, Any]]:  # Any: JSON
        """onoff and lmTime as its own namespace has them."""
        frame = yield from self.asked(self.relay)
        return relay_in(frame.payload)


def _abilities(frame: MerossFrame) -> Fields:
    """The namespaces in an ability list, with their arguments; none where it is none."""
    try:
        listed = frame.payload.get("ability") if frame.header.method == "GETACK" else None
    except UNREADABLE:
        return {}
    return listed if isinstance(listed, dict) else {}


def toggle_payload(namespace: str, onoff: int) -> Fields:
    """The payload that sets the relay of channel 0, in the form of Toggle or ToggleX."""
    if namespace == namespaces.TOGGLE:
        return {"channel": 0, "toggle": {"onoff": onoff}}
    return {"togglex": {"channel": 0, "onoff": onoff}}


def relay_in(fields: Fields) -> Fields:
    """The state of channel 0 in the payload of Toggle or ToggleX, or in the digest or control of System.All."""
    found = fields["togglex"] if "togglex" in fields else fields["toggle"]
    if isinstance(found, list):
        found = next(one for one in found if one.get("channel", 0) == 0)
    if not isinstance(found, dict):
        raise ValueError("no state of a relay")
    return found


def _id_in(body: bytes) -> str:
    try:
        return parse(body).header.message_id
    except WireError:
        return "\0"
