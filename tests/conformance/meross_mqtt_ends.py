"""A plug behind an MQTT client, and a controller behind the hub's broker, on a fake wire that carries MQTT.

The conformance run and the plug can close the connection (an empty Out, a lost session): the pair then cuts the wire
and connects it again a while later, as TLS and TCP would.
"""

from collections.abc import Callable, Sequence

import msgspec

from conformance.conforming import Collector, hub_answers
from conformance.meross_ends import OPTIONS, answer_of, home, switch
from families.meross.meross_pair import KEY, UUID
from pair import Pair, ambient
from unclouded.conformance import suite
from unclouded.conformance.check import RunOptions, RunReport
from unclouded.conformance.meross.hub.played_plug import UUID as PLAYED_UUID
from unclouded.conformance.run import ConformanceRun
from unclouded.core.sessions.session import Event, LinkPath, Out, Refusal, Session, WireAction
from unclouded.families.meross import MerossDevice, client_id_for, mac_of, password_for, publish_topic, subscribe_topic
from unclouded.families.meross.wire.identity import identify_client
from unclouded.links.broker.plug_client import Login
from unclouded.links.mqtt import packets as mqtt
from unclouded.links.mqtt.codec import Parser, encode
from wrapped_session import Wrapped

STREAM = LinkPath(name="mqtt", facts=(("tls", "TLSv1.2"), ("cipher", "ECDHE-RSA-AES128-GCM-SHA256")))
CLIENT = LinkPath(
    name="mqtt", facts=(("tls", "TLSv1.2"), ("key", "RSA"), ("common_name", "127.0.0.1"), ("authority", "Unclouded"))
)
SERVER = LinkPath(name="mqtt")
BROKER = LinkPath(name="broker")
REDIAL_S = 3.0
Change = Callable[[mqtt.Packet], mqtt.Packet | None]


def usual_login(uuid: str = UUID, key: str = KEY) -> Login:
    mac = mac_of(uuid)
    return Login(
        client_id=client_id_for(uuid, bytes(8)),
        user=mac,
        password=password_for(mac, key),
        inbox=subscribe_topic(uuid),
    )


class Closing(Wrapped):
    """A conformance run that closes its connection by an empty Out. ``is_closed``: until the pair has seen it."""

    is_closed = False

    def outgoing(self, now: float) -> list[Out]:
        outs = self.inner.outgoing(now)
        self.is_closed = self.is_closed or any(not out.data for out in outs)
        return [out for out in outs if out.data]


class MqttPlug(Wrapped):
    """The client of links/broker/plug_client.py without its sockets. ``change``: what becomes of its packets.

    ``reconnects``: whether it does so after its connection was closed; ``gives_up``: not after a refusal.
    ``takes``: the messages that reach it. ``twice``: it sends each push twice.
    """

    def __init__(
        self,
        inner: Session,
        login: Login | None = None,
        change: Change = lambda packet: packet,
        reconnects: bool = True,
        gives_up: bool = False,
        takes: Callable[[bytes], bool] = lambda payload: True,
        twice: bool = False,
    ) -> None:
        super().__init__(inner)
        self.is_closed, self.reconnects = False, reconnects
        self._gives_up, self._takes, self._twice = gives_up, takes, twice
        self._login = login or usual_login()
        self._change = change
        self._parser = Parser(self._login.version)
        self._packets: list[mqtt.Packet] = []
        self._ping_at: float | None = None

    def up(self, path: LinkPath, now: float) -> Sequence[Event]:
        login = self._login
        self._parser = Parser(login.version)
        self._packets = [
            mqtt.Connect(
                client_id=login.client_id,
                user=login.user,
                password=login.password.encode(),
                keep_alive=login.keep_alive,
                version=login.version,
            )
        ]
        return ()

    def down(self, path: str, reason: str, now: float) -> Sequence[Event]:
        self._ping_at = None
        return self.inner.down(BROKER.name, reason, now)

    def receive(self, data: bytes, now: float, path: str = "", re: int = 0) -> Sequence[Event]:
        self._parser.feed(data)
        events: list[Event] = []
        while (packet := self._parser.next()) is not None:
            events += self._take(packet, now)
        return events

    def _take(self, packet: mqtt.Packet, now: float) -> Sequence[Event]:
        match packet:
            case mqtt.Connack(code=0):
                self._packets.append(mqtt.Subscribe(1, ((self._login.inbox, 1),)))
            case mqtt.Connack():
                self.is_closed, self.reconnects = True, not self._gives_up
            case mqtt.Suback():
                self._ping_at = now + self._login.keep_alive
                return self.inner.up(BROKER, now)
            case mqtt.Publish(payload=payload, qos=qos, id=id):
                self._packets += [mqtt.Puback(id)] if qos else []
                return self.inner.receive(payload, now, BROKER.name) if self._takes(payload) else ()
            case mqtt.Pingresp():
                self._ping_at = now + self._login.keep_alive
        return ()

    def tick(self, now: float) -> Sequence[Event]:
        if self._ping_at is not None and self._ping_at <= now:
            self._ping_at = now + self._login.keep_alive
            self._packets.append(mqtt.Pingreq())
        return self.inner.tick(now)

    def deadline(self) -> float | None:
        times = [one for one in (self._ping_at, self.inner.deadline()) if one is not None]
        return min(times, default=None)

    def outgoing(self, now: float) -> list[Out]:
        packets, self._packets = self._packets, []
        outbox = publish_topic(UUID)
        packets += [mqtt.Publish(out.topic or outbox, out.data) for out in self.inner.outgoing(now)]
        if self._twice:
            packets = [one for one in packets for _ in range(2 if b"PUSH" in getattr(one, "payload", b"") else 1)]
        changed = [self._change(packet) for packet in packets]
        return [Out(encode(packet, self._login.version)) for packet in changed if packet is not None]


class MqttHub(Wrapped):
    """A controller behind what links/broker is, without its sockets. ``admits``: whom; ``change``: of its packets.

    ``breaks``: the messages after which it closes the connection. ``versions``: those of MQTT that it takes.
    """

    def __init__(
        self,
        inner: Session,
        change: Change = lambda packet: packet,
        admits: Callable[[str, str, str, str], str | Refusal] = identify_client,
        breaks: Callable[[bytes], bool] = lambda payload: False,
        versions: tuple[int, ...] = (mqtt.V31, mqtt.V311),
    ) -> None:
        super().__init__(inner)
        self.is_closed = False
        self._breaks, self._versions = breaks, versions
        self._change, self._admits = change, admits
        self._parser = Parser()
        self._packets: list[mqtt.Packet] = []
        self._is_up = False

    def up(self, path: LinkPath, now: float) -> Sequence[Event]:
        self._parser = Parser()
        return ()

    def down(self, path: str, reason: str, now: float) -> Sequence[Event]:
        was_up, self._is_up = self._is_up, False
        return self.inner.down(BROKER.name, reason, now) if was_up else ()

    def receive(self, data: bytes, now: float, path: str = "", re: int = 0) -> Sequence[Event]:
        self._parser.feed(data)
        events: list[Event] = []
        while (packet := self._parser.next()) is not None:
            events += self._take(packet, now)
        return events

    def _take(self, packet: mqtt.Packet, now: float) -> Sequence[Event]:
        match packet:
            case mqtt.Connect(client_id=client_id, user=user, password=password, version=version):
                found = self._admits(client_id, user or "", (password or b"").decode(), KEY)
                self.is_closed = isinstance(found, Refusal) or version not in self._versions
                self._packets.append(mqtt.Connack(4 if self.is_closed else 0))
            case mqtt.Subscribe(id=id):
                self._packets.append(mqtt.Suback(id, (1,)))
                self._is_up = True
                return self.inner.up(BROKER, now)
            case mqtt.Publish(payload=payload, qos=qos, id=id):
                self._packets += [mqtt.Puback(id)] if qos else []
                self.is_closed = self.is_closed or self._breaks(payload)
                return self.inner.receive(payload, now, BROKER.name)
            case mqtt.Pingreq():
                self._packets.append(mqtt.Pingresp())
        return ()

    def outgoing(self, now: float) -> list[Out]:
        packets, self._packets = self._packets, []
        packets += [mqtt.Publish(subscribe_topic(PLAYED_UUID), out.data) for out in self.inner.outgoing(now)]
        changed = [self._change(packet) for packet in packets]
        return [Out(encode(packet, mqtt.V311)) for packet in changed if packet is not None]


class ClosingPair:
    """Runs a pair whose ends may close the connection."""

    def __init__(self, pair: Pair, *ends: "Closing | MqttPlug | MqttHub") -> None:
        self.pair = pair
        self._ends = ends
        self._mends_at: float | None = None

    def run(self, seconds: float, step: float = 0.25) -> None:
        until = self.pair.now + seconds
        while self.pair.now < until:
            if self._mends_at is not None and self._mends_at <= self.pair.now:
                self._mends_at = None
                self.pair.mend()
            if any(end.is_closed for end in self._ends):
                for end in self._ends:
                    end.is_closed = False
                self.pair.cut()
                if all(getattr(end, "reconnects", True) for end in self._ends):
                    self._mends_at = self.pair.now + REDIAL_S
            self.pair.run(until=self.pair.now + step)


def check_mqtt_plug(
    device: MerossDevice, wrap: Callable[[Session], MqttPlug] = MqttPlug, options: RunOptions = OPTIONS
) -> RunReport:
    """The report of a run as the plug's server."""
    run = Closing(ConformanceRun(suite("meross"), "controller", options, ambient(), kept := Collector()))
    plug = wrap(device)
    clock = [0.0]
    pair = Pair(run, plug, path=STREAM, answers=lambda side, asked: hub_answers(side, asked, clock[0]))
    closing, world = ClosingPair(pair, run, plug), home(device)
    while kept.report is None and pair.now < 7200.0:
        world(pair)
        task = kept.advice.pop(0).kind if kept.advice else ""
        if task == "press_button":
            pair.submit(WireAction("press_button"), "device")
        if task == "cut_power":
            device.restart(pair.now)
            plug.is_closed = True
        clock[0] = pair.now
        closing.run(1.0)
    assert kept.report is not None, f"the run is not over; the last check is {kept.began[-1:]}"
    return kept.report


def changed_login(**changes: object) -> Callable[[Session], MqttPlug]:
    """A plug whose login differs."""
    return lambda inner: MqttPlug(inner, msgspec.structs.replace(usual_login(), **changes))


def check_mqtt_hub(
    controller: Session,
    wrap: Callable[[Session], MqttHub] = MqttHub,
    options: RunOptions = OPTIONS,
    path: LinkPath = CLIENT,
) -> RunReport:
    """The report of a run as a plug of the hub's broker. ``path``: with the facts of its TLS."""
    run = Closing(ConformanceRun(suite("meross"), "device", options, ambient(), kept := Collector()))
    hub = wrap(controller)
    clock = [0.0]
    pair = Pair(hub, run, path=SERVER, device_path=path, answers=lambda side, asked: answer_of(side, asked, clock[0]))
    closing = ClosingPair(pair, run, hub)
    while kept.report is None and pair.now < 14_400.0:
        while kept.advice:
            switch(pair, kept.advice.pop(0))
        clock[0] = pair.now
        closing.run(1.0)
    assert kept.report is not None, f"the run is not over; the last check is {kept.began[-1:]}"
    return kept.report
