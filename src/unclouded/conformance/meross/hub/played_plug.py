"""The plug that we play against a hub: our simulated one, whose answers scripts change or hold back.

    hub    ──► POST /config ──► the simulated plug ──► its answer ──► changed? ──► a reply, or closed
    broker ◄── CONNECT, SUBSCRIBE by themselves; messages of both ways in PUBLISH

Source: docs/protocols/meross.md §1.1 to §1.8.
"""

from collections.abc import Callable
from typing import Any

import msgspec

from unclouded.conformance.line import UNREADABLE, CheckLine, EmulatedEnd, LineEntry
from unclouded.conformance.meross.wire import http_text
from unclouded.conformance.meross.wire import mqtt_packets as mqtt
from unclouded.conformance.meross.wire.frames import MerossFrame, MerossReader, packet_piece
from unclouded.core.errors import WireError
from unclouded.core.sessions.session import Asked, LinkPath, Out, WireCommand
from unclouded.families.meross.plug.device import MerossDevice
from unclouded.families.meross.plug.state.plug_options import PlugOptions
from unclouded.families.meross.wire import namespaces
from unclouded.families.meross.wire.envelope import sign
from unclouded.families.meross.wire.identity import (
    client_id_for,
    mac_of,
    password_for,
    publish_topic,
    subscribe_topic,
)
from unclouded.families.meross.wire.lan_encryption import bound_cipher, is_clear

HubLine = CheckLine["PlayedPlug"]
UUID = "1901010000000000000002000000c0f0"
OTHER_UUID = "1901010000000000000002000000c0f1"
MEASURED = {"electricity.power": 67_379, "electricity.voltage": 2_387, "electricity.current": 418}
USUAL = "hw2"
BROKER = LinkPath(name="broker")  # of the simulated plug
USUAL_DELAY_S = 0.05  # of an answer; docs/protocols/meross.md §1.4.3
KEEP_ALIVE_S = 600  # longer than any check, so that it need not ping
Json = dict[str, Any]  # Any: JSON values
Change = Callable[[Json], Json | bytes | None]  # of an answer; bytes: that instead; None: closed


def unchanged(answer: Json) -> Json:
    """An answer as it is."""
    return answer


def asked(frame: MerossFrame) -> list[str]:
    """The namespaces of a request: its own, and those in a Multiple."""
    if frame.envelope is None:
        return []
    found = [frame.header.namespace]
    try:
        if frame.is_from(namespaces.MULTIPLE):
            found += [str(one["header"]["namespace"]) for one in frame.payload["multiple"]]
    except UNREADABLE:
        return found
    return found


class PlayedPlug(EmulatedEnd):
    """``change``: what becomes of each answer. ``reply``: makes the HTTP reply of a body. ``delay_s``: before it.

    ``closes``: it closes every connection. ``is_mute``: it answers nothing, and leaves connections open.
    ``login``: what it connects with; None = its own. ``accepted``: the code of the newest CONNACK, None = none yet.
    ``holds``: it sends nothing unasked. ``shut``: namespaces on which it closes, until that is changed.
    ``began``: the mark since which it is the plug that it is.
    """

    def __init__(self, line: HubLine, reader: MerossReader) -> None:
        self.line = line
        self._reader = reader
        reader.opened = self._opened
        self.device: MerossDevice | None = None
        self.shut: set[str] = set()
        self.began = 0
        self.is_http = True
        self.accepted: int | None = None
        self.login: mqtt.MqttPacket | None = None
        self.dialect = USUAL
        self._path: LinkPath | None = None
        self._requests: dict[int, MerossFrame] = {}
        self.reset()

    def reset(self) -> None:
        self.change: Change = unchanged
        self.reply: Callable[[bytes], bytes] = http_text.reply
        self.delay_s = USUAL_DELAY_S
        self.closes = self.is_mute = self.holds = False

    # --- which plug it is --------------------------------------------------------------------------

    def connected(self, path: LinkPath) -> None:
        self.is_http, self.accepted = path.asks, None
        self._reader.begin(is_stream=not path.asks)
        self._path = path if path.asks else None
        if self.device is None:
            self.become(USUAL)
        if not self.is_http:
            self.put(self.login or usual_login(self.line.key))

    def disconnected(self) -> None:
        if self.device is not None and not self.is_http:
            self._take(self.device.down(BROKER.name, "The connection is gone.", self.line.now))
        self._path, self.accepted = None, None

    def become(self, dialect: str, *faults: str) -> None:
        """From now on it is a plug of this generation, which has just started."""
        self.dialect = dialect
        options = PlugOptions(uuid=UUID, key=self.line.key, dialect=dialect, faults=frozenset(faults))
        self.device = MerossDevice(options, self.line.ambient)
        self._requests.clear()
        if self._path is not None:
            self.device.up(self._path, self.line.now)
        self.device.submit(WireCommand(MEASURED | {"consumption.today": 180}), self.line.now)

    # --- what it does by itself ------------------------------------------------------------------------

    def received(self, entry: LineEntry) -> None:
        frame, device = entry.frame, self.device
        if frame is None or device is None:
            return
        if frame.packet is not None:
            self._packet(frame.packet)
        if self.is_mute or (frame.http is None and frame.envelope is None):
            return
        if self.closes or self.shut & set(asked(frame)):
            if self.is_http:
                self.line.send(b"", re=entry.re)
            return
        if frame.http is not None:
            self._requests[entry.re] = frame
            self._take(device.receive(frame.http.body, self.line.now, entry.path, entry.re))
        else:
            self._take(device.receive(frame.body, self.line.now, BROKER.name))

    def _packet(self, packet: mqtt.MqttPacket) -> None:
        """Log in, and answer what a broker asks."""
        if packet.kind == mqtt.CONNACK and len(packet.body) > 1:
            self.accepted = packet.body[1]
            if not self.accepted:
                self.put(mqtt.subscribe(1, (subscribe_topic(UUID), 1)))
        elif packet.kind == mqtt.SUBACK and self.device is not None:
            self._path = BROKER
            self._take(self.device.up(BROKER, self.line.now))
        elif packet.kind == mqtt.PUBLISH and packet.flags & 2:
            self.put(mqtt.puback(mqtt.message_in(packet)[1]))

    def put(self, packet: mqtt.MqttPacket, *, after: float = 0.0) -> None:
        """Send a packet."""
        kept, frame, _ = packet_piece(packet)
        self.line.send(bytes(packet), frame, kept=kept, after=after)

    def tick(self, now: float) -> None:
        if self.device is not None:
            self._take(self.device.tick(now))

    def deadline(self) -> float | None:
        return self.device.deadline() if self.device is not None else None

    def _take(self, events: Any) -> None:  # Any: Events
        """The world grants whatever the plug asks for."""
        device = self.device
        assert device is not None
        for event in events:
            if isinstance(event, Asked):
                self._take(device.answer(event.id, True, self.line.now))
        for out in device.outgoing(self.line.now):
            if out.re in self._requests:
                self._answer(out.data, out.re)
            elif not self.is_http and out.data:
                self._publish(out)

    def _publish(self, out: Out) -> None:
        """An answer, or what the plug sends by itself: that is never changed, but it may be held back."""
        answer = msgspec.json.decode(out.data)
        is_answer = answer["header"]["method"] not in ("PUSH", "SET")
        if self.closes or self.is_mute or (self.holds and not is_answer):
            return
        changed = self.change(answer) if is_answer else answer
        if changed is not None:
            data = changed if isinstance(changed, bytes) else msgspec.json.encode(changed)
            self.put(mqtt.publish(out.topic or publish_topic(UUID), data), after=self.delay_s)

    def push(self, namespace: str, payload: Json, method: str = "PUSH", key: str | None = None, id: int = 0) -> str:
        """Send a message unasked; its messageId. ``key``: signs otherwise. ``id``: with QoS 1."""
        message_id = self.line.ambient.token(16).hex()
        topic = subscribe_topic(UUID) if namespace == namespaces.BIND else publish_topic(UUID)
        header = {
            "messageId": message_id,
            "namespace": namespace,
            "method": method,
            "payloadVersion": 1,
            "from": topic,
            "timestamp": int(self.line.unix()),
            "timestampMs": 7,
        }
        message = signed({"header": header, "payload": payload}, self.line.key if key is None else key)
        self.put(mqtt.publish(publish_topic(UUID), msgspec.json.encode(message), id))
        return message_id

    def _answer(self, data: bytes, re: int) -> None:
        del self._requests[re]
        body, is_encrypted = self._opened(data)
        changed = self.change(msgspec.json.decode(body)) if body else None
        if changed is None:
            self.line.send(b"", re=re, after=self.delay_s)
            return
        clear = changed if isinstance(changed, bytes) else msgspec.json.encode(changed)
        sealed = bound_cipher(UUID, self.line.key).encrypt(clear) if is_encrypted else clear
        self.line.send(self.reply(sealed), re=re, after=self.delay_s, kept=clear)

    def _opened(self, body: bytes) -> tuple[bytes, bool]:
        if not body or is_clear(body):
            return body, False
        try:
            return bound_cipher(UUID, self.line.key).decrypt(body), True
        except WireError:
            return body, False


def usual_login(
    key: str, *, level: int = 3, user_id: str = "0", mac: str = "", password: str | None = None
) -> mqtt.MqttPacket:
    """The CONNECT of the plug. ``mac``, ``password``: other ones than its own."""
    mac = mac or mac_of(UUID)
    password = password_for(mac, key, user_id) if password is None else password
    client_id = client_id_for(UUID, bytes(range(8)))
    return mqtt.connect(client_id, mac, password, level=level, keep_alive=KEEP_ALIVE_S)


def signed(answer: Json, key: str, **header: Any) -> Json:  # Any: JSON
    """The answer with another header, signed with that key."""
    new = {**answer["header"], **header}
    return {**answer, "header": {**new, "sign": sign(new["messageId"], key, int(new["timestamp"]))}}
