"""One client of the broker: the server's side of one MQTT connection.

    CONNECT ──► admitted? ──► CONNACK ──► SUBSCRIBE /appliance/<uuid>/subscribe ──► SUBACK ──► arrived: we may send
                   └── no ──► CONNACK with the refusal, and the connection is closed

A plug may subscribe its own inbox and nothing else, and publish below its own topic and to /app/…; what it publishes
goes to its slot, never to another client. Nothing is sent to it before its SUBACK; what it publishes before is held
back (a little of it), so that its slot is up before it hears. Source: docs/protocols/meross.md §1.6; MQTT 3.1.1 and 5.0.
"""

import asyncio
from typing import ClassVar, Protocol

import msgspec

from unclouded.core.errors import WireError
from unclouded.core.session import Refusal
from unclouded.links.broker.tls_stream import TlsConnection
from unclouded.links.mqtt import packets as mqtt
from unclouded.links.mqtt.codec import Parser, encode

CONNECT_HEAD = mqtt.Connect.kind << 4  # the first byte of every client
CONNECT_LIMIT = 4_096  # bytes of a CONNECT: of strangers, little is held
CONNECT_PATIENCE = 10.0  # s from the handshake to the CONNECT
KEEP_ALIVE_FACTOR = 1.5  # of the client's keep-alive, after which silence is its end; MQTT 3.1.1 §3.1.2.10
EARLY_LIMIT = 16  # messages that are held back until the SUBACK
REPLY_LIMIT = 131_072  # bytes of acknowledgements that may wait for a client that does not read


class PlugIdentity(msgspec.Struct, frozen=True):
    """Who a client is. ``uuid``: as it writes it in its topics."""

    uuid: str

    @property
    def key(self) -> str:
        """What tells plugs apart: two spellings of one UUID are one plug."""
        return self.uuid.lower()

    @property
    def inbox(self) -> str:
        return f"/appliance/{self.uuid}/subscribe"

    def may_publish(self, topic: str) -> bool:
        return topic.startswith((f"/appliance/{self.uuid}/", "/app/"))


class ServerContext(Protocol):
    """What a client needs of the broker."""

    packet_limit: int

    def admit(self, peer: "BrokerClient", connect: mqtt.Connect) -> PlugIdentity | Refusal:
        """Who it is, or why it may not come in. Takes over from an older connection of the same plug."""

    def arrived(self, peer: "BrokerClient") -> None:
        """It has its SUBACK: we may send."""

    def heard(self, peer: "BrokerClient", payload: bytes) -> None:
        """It published something that it may."""

    def odd(self, peer: "BrokerClient", words: str) -> None:
        """It did what it may not; not bad enough to hang up."""

    def left(self, peer: "BrokerClient", reason: str) -> None:
        """Its connection has ended."""


class BrokerClient:
    """One client. ``plug`` is None until it is admitted."""

    __slots__ = (
        "_early",
        "_hall",
        "_heard_at",
        "_loop",
        "_parser",
        "_patience",
        "_timer",
        "arrived",
        "plug",
        "wire",
    )

    _OPEN: ClassVar[mqtt.Properties] = (
        (mqtt.MAXIMUM_QOS, 1),
        (mqtt.RETAIN_AVAILABLE, 0),
        (mqtt.WILDCARDS_AVAILABLE, 0),
        (mqtt.SUBSCRIPTION_IDS_AVAILABLE, 0),
        (mqtt.SHARED_AVAILABLE, 0),
    )

    def __init__(self, wire: TlsConnection, hall: ServerContext) -> None:
        self.wire = wire
        self.plug: PlugIdentity | None = None
        self.arrived = False
        self._hall = hall
        self._parser = Parser(limit=CONNECT_LIMIT)
        self._loop = asyncio.get_running_loop()
        self._timer: asyncio.TimerHandle | None = None
        self._early: list[bytes] = []
        self._heard_at = 0.0
        self._patience = CONNECT_PATIENCE

    @property
    def version(self) -> int:
        return self._parser.version

    def publish(self, payload: bytes) -> bool:
        """Whether the message was taken."""
        assert self.plug is not None
        return self.wire.send(encode(mqtt.Publish(self.plug.inbox, payload), self._parser.version))

    def take_over(self) -> None:
        """Another connection of the same plug is there: this one ends."""
        if self._parser.version >= mqtt.V5:
            self._say(mqtt.Disconnect(mqtt.TAKEN_OVER))
        self.wire.close("The plug connected again.")

    # --- the wire calls ------------------------------------------------------------------------

    def opened(self) -> None:
        self._heard_at = self._loop.time()
        self._timer = self._loop.call_later(self._patience, self._check)

    def received(self, data: bytes) -> None:
        self._heard_at = self._loop.time()
        if self.plug is None and not self._parser.held and data[0] != CONNECT_HEAD:
            self.wire.close("It did not begin with an MQTT CONNECT.")
            return
        self._parser.feed(data)
        try:
            while (packet := self._parser.next()) is not None:
                self._take(packet)
                if self.wire.closing:
                    return
        except WireError as error:
            self.wire.close(f"It broke MQTT: {error}.")

    def ended(self, reason: str) -> None:
        if self._timer is not None:
            self._timer.cancel()
        self._hall.left(self, reason)

    # --- inside --------------------------------------------------------------------------------

    def _take(self, packet: mqtt.Packet) -> None:
        if self.plug is None:
            assert isinstance(packet, mqtt.Connect), "nothing else gets so far"
            self._connect(packet)
            return
        match packet:
            case mqtt.Publish():
                self._publish(self.plug, packet)
            case mqtt.Pingreq():
                self._say(mqtt.Pingresp())
            case mqtt.Subscribe():
                self._subscribe(self.plug, packet)
            case mqtt.Unsubscribe():
                self._unsubscribe(self.plug, packet)
            case mqtt.Disconnect():
                self.wire.close("It said goodbye.")
            case mqtt.Puback():
                pass  # to a QoS 1 message, of which we send none
            case _:
                self.wire.close(f"It sent a {type(packet).__name__.upper()}, which it must not.")

    def _connect(self, connect: mqtt.Connect) -> None:
        match self._hall.admit(self, connect):
            case Refusal(reason):
                code = 0x86 if connect.version >= mqtt.V5 else mqtt.REFUSED_PASSWORD
                self._say(mqtt.Connack(code))
                self.wire.close(reason)
            case PlugIdentity() as plug:
                self.plug = plug
                self._parser.limit = self._hall.packet_limit
                self._patience = connect.keep_alive * KEEP_ALIVE_FACTOR
                self._rearm()
                properties = (*self._OPEN, (mqtt.MAXIMUM_PACKET, self._hall.packet_limit))
                self._say(mqtt.Connack(properties=properties))

    def _publish(self, plug: PlugIdentity, packet: mqtt.Publish) -> None:
        if packet.qos > 1:
            self.wire.close("It published with QoS 2, which is not spoken here.")
            return
        allowed = plug.may_publish(packet.topic)
        if packet.qos:
            self._say(mqtt.Puback(packet.id, mqtt.OK if allowed else mqtt.NOT_AUTHORIZED))
        if not allowed:
            self._hall.odd(self, "It published to a topic that is not its own; nobody hears that.")
        elif self.arrived:
            self._hall.heard(self, packet.payload)
        elif len(self._early) < EARLY_LIMIT:
            self._early.append(packet.payload)

    def _subscribe(self, plug: PlugIdentity, packet: mqtt.Subscribe) -> None:
        mine = [topic == plug.inbox for topic, _ in packet.filters]
        no = mqtt.NOT_AUTHORIZED if self.version >= mqtt.V5 else mqtt.SUBSCRIPTION_FAILED
        codes = [min(qos, 1) if own else no for own, (_, qos) in zip(mine, packet.filters, strict=True)]
        self._say(mqtt.Suback(packet.id, tuple(codes)))
        if not all(mine):
            self._hall.odd(self, "It asked for topics that are not its own and did not get them.")
        if any(mine) and not self.arrived:
            self.arrived = True
            self._hall.arrived(self)
            early, self._early = self._early, []
            for payload in early:
                self._hall.heard(self, payload)

    def _unsubscribe(self, plug: PlugIdentity, packet: mqtt.Unsubscribe) -> None:
        mine = [topic == plug.inbox for topic in packet.filters]
        self._say(mqtt.Unsuback(packet.id, tuple(mqtt.OK if own else mqtt.NO_SUCH_SUBSCRIPTION for own in mine)))
        if any(mine):
            self.wire.close("It unsubscribed its own topic, so there is nothing more to say to it.")

    def _say(self, packet: mqtt.Packet) -> None:
        if not self.wire.send(encode(packet, self._parser.version), REPLY_LIMIT):
            self.wire.hang_up("It does not read what it is sent.")

    def _rearm(self) -> None:
        if self._timer is not None:
            self._timer.cancel()
        self._timer = self._loop.call_later(self._patience, self._check) if self._patience else None

    def _check(self) -> None:
        """Silence for too long is the end; else look again when it would be."""
        due = self._heard_at + self._patience
        if due > self._loop.time():
            self._timer = self._loop.call_at(due, self._check)
        elif self.plug is None:
            self.wire.close(f"It sent no CONNECT within {self._patience:.0f} s.")
        else:
            self.wire.hang_up(f"It was silent for {self._patience:.0f} s, longer than it said it would be.")
