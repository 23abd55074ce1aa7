"""One client of the broker: the server's side of one MQTT connection.

    CONNECT ──► admitted? ──► CONNACK ──► SUBSCRIBE /appliance/<uuid>/subscribe ──► SUBACK: messages may be sent
                   └── no ──► CONNACK with the refusal, delayed after many, and the connection is closed

A plug may subscribe to its own inbox only, and publish below its own topic and to /app/…; its messages go to its slot,
never to another client. Nothing is sent to it before its SUBACK; the first EARLY_LIMIT messages that it publishes
before are delivered after it, so that its slot is up first. Sources: docs/protocols/meross.md §1.6; MQTT 3.1.1 and 5.0.
"""

import asyncio
from collections.abc import Callable
from typing import ClassVar, Protocol

import msgspec

from unclouded.core.errors import WireError
from unclouded.links.broker.tls_stream import TlsConnection
from unclouded.links.mqtt import packets as mqtt
from unclouded.links.mqtt.codec import Parser, encode

CONNECT_HEAD = mqtt.Connect.kind << 4  # the first byte of every client
CONNECT_LIMIT = 4_096  # bytes of a CONNECT: little is buffered for clients that are not admitted
CONNECT_TIMEOUT_S = 10.0  # s from the handshake to the CONNECT
KEEP_ALIVE_FACTOR = 1.5  # times the client's keep-alive without a packet ends a connection; MQTT 3.1.1 §3.1.2.10
EARLY_LIMIT = 16  # messages queued until the SUBACK
REPLY_LIMIT = 131_072  # bytes of acknowledgements queued for a client that does not read


class PlugIdentity(msgspec.Struct, frozen=True):
    """The plug that a client is. ``uuid``: as spelt in its topics."""

    uuid: str

    @property
    def key(self) -> str:
        """The UUID in lower case: two spellings of one UUID are one plug."""
        return self.uuid.lower()

    @property
    def inbox(self) -> str:
        return f"/appliance/{self.uuid}/subscribe"

    def may_publish(self, topic: str) -> bool:
        """Is this a topic that the plug may publish on: its own, or one of the app?"""
        return topic.startswith((f"/appliance/{self.uuid}/", "/app/"))


class LoginRefusal(msgspec.Struct, frozen=True):
    """Why a client may not connect, and in how many seconds it is sent that. ``is_full``: there are too many plugs."""

    reason: str
    delay_s: float = 0.0
    is_full: bool = False


class ServerContext(Protocol):
    """What a client needs from the broker."""

    packet_limit: int

    def admit(self, client: "BrokerClient", connect: mqtt.Connect) -> PlugIdentity | LoginRefusal:
        """The plug it is, or why it is refused. Replaces an older connection of the same plug."""

    def subscribed(self, client: "BrokerClient") -> None:
        """The client has its SUBACK: messages may be sent."""

    def published(self, client: "BrokerClient", payload: bytes) -> None:
        """The client published to a topic of its own."""

    def violation(self, client: "BrokerClient", reason: str) -> None:
        """The client broke a rule that does not end the connection."""

    def disconnected(self, client: "BrokerClient", reason: str) -> None:
        """The client's connection has ended."""


class BrokerClient:
    """One client. ``plug`` is None until it is admitted."""

    __slots__ = (
        "_early",
        "_loop",
        "_parser",
        "_received_at",
        "_refused",
        "_server",
        "_timeout_s",
        "_timer",
        "connection",
        "plug",
        "subscribed",
    )

    _OPEN: ClassVar[mqtt.Properties] = (
        (mqtt.MAXIMUM_QOS, 1),
        (mqtt.RETAIN_AVAILABLE, 0),
        (mqtt.WILDCARDS_AVAILABLE, 0),
        (mqtt.SUBSCRIPTION_IDS_AVAILABLE, 0),
        (mqtt.SHARED_AVAILABLE, 0),
    )

    def __init__(self, connection: TlsConnection, server: ServerContext) -> None:
        self.connection = connection
        self.plug: PlugIdentity | None = None
        self.subscribed = False
        self._server = server
        self._parser = Parser(limit=CONNECT_LIMIT)
        self._loop = asyncio.get_running_loop()
        self._timer: asyncio.TimerHandle | None = None
        self._early: list[bytes] = []
        self._received_at = 0.0
        self._refused = False
        self._timeout_s = CONNECT_TIMEOUT_S

    @property
    def version(self) -> int:
        return self._parser.version

    def publish(self, payload: bytes) -> bool:
        """Whether the message was accepted for sending."""
        assert self.plug is not None
        return self.connection.send(encode(mqtt.Publish(self.plug.inbox, payload), self._parser.version))

    def take_over(self) -> None:
        """End this connection: another one of the same plug replaces it."""
        if self._parser.version >= mqtt.V5:
            self._send(mqtt.Disconnect(mqtt.TAKEN_OVER))
        self.connection.close("The plug connected again.")

    # --- called by the connection --------------------------------------------------------------

    def opened(self) -> None:
        self._received_at = self._loop.time()
        self._set_timer(self._timeout_s, self._check_silence)

    def received(self, data: bytes) -> None:
        self._received_at = self._loop.time()
        if self._refused:
            return
        if self.plug is None and not self._parser.held and data[0] != CONNECT_HEAD:
            self.connection.close("Its first packet was not an MQTT CONNECT.")
            return
        self._parser.feed(data)
        try:
            while (packet := self._parser.next()) is not None:
                self._take(packet)
                if self._refused or self.connection.closing:
                    return
        except WireError as error:
            self.connection.close(f"It violated MQTT: {error}.")

    def ended(self, reason: str) -> None:
        if self._timer is not None:
            self._timer.cancel()
        self._server.disconnected(self, reason)

    # --- inside --------------------------------------------------------------------------------

    def _take(self, packet: mqtt.Packet) -> None:
        if self.plug is None:
            assert isinstance(packet, mqtt.Connect), "received() checks the first byte"
            self._connect(packet)
            return
        match packet:
            case mqtt.Publish():
                self._publish(self.plug, packet)
            case mqtt.Pingreq():
                self._send(mqtt.Pingresp())
            case mqtt.Subscribe():
                self._subscribe(self.plug, packet)
            case mqtt.Unsubscribe():
                self._unsubscribe(self.plug, packet)
            case mqtt.Disconnect():
                self.connection.close("It disconnected.")
            case mqtt.Puback():
                pass  # acknowledges QoS 1, which the broker does not send
            case _:
                self.connection.close(f"It sent a {type(packet).__name__.upper()}, which is not allowed here.")

    def _connect(self, connect: mqtt.Connect) -> None:
        match self._server.admit(self, connect):
            case LoginRefusal() as refusal:
                self._refused = True
                if refusal.delay_s:
                    self._set_timer(refusal.delay_s, lambda: self._refuse(refusal))
                else:
                    self._refuse(refusal)
            case PlugIdentity() as plug:
                self.plug = plug
                self._parser.limit = self._server.packet_limit
                self._timeout_s = connect.keep_alive * KEEP_ALIVE_FACTOR
                self._set_timer(self._timeout_s, self._check_silence if self._timeout_s else None)
                properties = (*self._OPEN, (mqtt.MAXIMUM_PACKET, self._server.packet_limit))
                self._send(mqtt.Connack(properties=properties))

    def _refuse(self, refusal: LoginRefusal) -> None:
        old, new = (mqtt.REFUSED_UNAVAILABLE, 0x97) if refusal.is_full else (mqtt.REFUSED_PASSWORD, 0x86)
        self._send(mqtt.Connack(new if self.version >= mqtt.V5 else old))
        self.connection.close(refusal.reason)

    def _publish(self, plug: PlugIdentity, packet: mqtt.Publish) -> None:
        if packet.qos > 1:
            self.connection.close("It published with QoS 2, which is not supported.")
            return
        allowed = plug.may_publish(packet.topic)
        if packet.qos:
            self._send(mqtt.Puback(packet.id, mqtt.OK if allowed else mqtt.NOT_AUTHORIZED))
        if not allowed:
            self._server.violation(self, "It published to a topic that is not its own; the message was dropped.")
        elif self.subscribed:
            self._server.published(self, packet.payload)
        elif len(self._early) < EARLY_LIMIT:
            self._early.append(packet.payload)

    def _subscribe(self, plug: PlugIdentity, packet: mqtt.Subscribe) -> None:
        mine = [topic == plug.inbox for topic, _ in packet.filters]
        no = mqtt.NOT_AUTHORIZED if self.version >= mqtt.V5 else mqtt.SUBSCRIPTION_FAILED
        codes = [min(qos, 1) if own else no for own, (_, qos) in zip(mine, packet.filters, strict=True)]
        self._send(mqtt.Suback(packet.id, tuple(codes)))
        if not all(mine):
            self._server.violation(self, "It subscribed to topics that are not its own, which was refused.")
        if any(mine) and not self.subscribed:
            self.subscribed = True
            self._server.subscribed(self)
            early, self._early = self._early, []
            for payload in early:
                self._server.published(self, payload)

    def _unsubscribe(self, plug: PlugIdentity, packet: mqtt.Unsubscribe) -> None:
        mine = [topic == plug.inbox for topic in packet.filters]
        self._send(mqtt.Unsuback(packet.id, tuple(mqtt.OK if own else mqtt.NO_SUCH_SUBSCRIPTION for own in mine)))
        if any(mine):
            self.connection.close("It unsubscribed from its own topic, so it cannot be reached any more.")

    def _send(self, packet: mqtt.Packet) -> None:
        if not self.connection.send(encode(packet, self._parser.version), REPLY_LIMIT):
            self.connection.abort("It does not read its messages.")

    def _set_timer(self, after_s: float, call: Callable[[], None] | None) -> None:
        if self._timer is not None:
            self._timer.cancel()
        self._timer = None if call is None else self._loop.call_later(after_s, call)

    def _check_silence(self) -> None:
        """End the connection after too long a silence, else set the timer to the new deadline."""
        due = self._received_at + self._timeout_s
        if due > self._loop.time():
            self._timer = self._loop.call_at(due, self._check_silence)
        elif self.plug is None:
            self.connection.close(f"It sent no CONNECT within {self._timeout_s:.0f} s.")
        else:
            self.connection.abort(f"It was silent for {self._timeout_s:.0f} s, longer than 1.5 times its keep-alive.")
