"""When sub-devices are asked whether they are there, and what becomes of the rest while one is not."""

from collections.abc import Mapping

from families.tuya.gateway.test_registry import METER, kept, say
from families.tuya.gateway.test_sessions import PLUG, joined_pair
from pair import Pair
from unclouded.core.sessions.session import Offline, Online, Remember, WireAction
from unclouded.families.tuya.gateway.module.presence import PAUSED, SubDevicePresence
from unclouded.families.tuya.gateway.module.sub_devices import SubDevice, SubDeviceRegistry
from unclouded.families.tuya.gateway.settings import GatewaySettings
from unclouded.families.tuya.gateway.wire import codes
from unclouded.families.tuya.gateway.wire.commands import GATEWAY
from unclouded.families.tuya.gateway.wire.service_messages import HeartbeatPause
from unclouded.families.tuya.gateway.wire.sub_device_messages import HeartbeatQuery, PresenceChange
from unclouded.families.tuya.line.endpoint import EndpointParts
from unclouded.families.tuya.line.request_queue import AnsweredBy, Request
from unclouded.families.tuya.messages import frame_of

MAINS = SubDevice(id="p1")


def presence_of(memory: Mapping[str, bytes] | None = None) -> tuple[SubDevicePresence, EndpointParts]:
    """That of a meter with a battery and of one without, asked every minute."""
    parts = EndpointParts(GATEWAY.shapes)
    registry = SubDeviceRegistry(kept(METER, MAINS))
    return SubDevicePresence(GatewaySettings(heartbeat_s=60.0), parts, registry, memory or {}), parts


def asked(parts: EndpointParts, now: float) -> list[bytes]:
    """The heartbeats that are sent at this time."""
    return [one.data for one in parts.queue.ready(now) if one.data[3] == codes.HEARTBEAT]


def heartbeat(id: str) -> bytes:
    return bytes(frame_of(HeartbeatQuery(id)))


def test_each_is_asked_in_its_turn_also_while_a_request_waits_for_its_answer() -> None:
    presence, parts = presence_of()
    presence.begin(0.0)
    parts.queue.add(Request(b"\x55\xaa\0\x06", AnsweredBy(6), timeout_s=100.0))
    assert len(parts.queue.ready(0.0)) == 1
    assert presence.deadline() == 1.0 and presence.tick(1.0) == []
    assert asked(parts, 1.0) == [heartbeat("m1")] and presence.deadline() == 2.0
    presence.tick(2.0)
    assert asked(parts, 2.0) == [heartbeat("p1")] and presence.deadline() == 61.0
    presence.tick(61.0)
    assert asked(parts, 61.0) == [heartbeat("m1")]
    offline = presence.tick(121.0)
    assert offline == [Offline("It does not answer heartbeats", "m1", asleep=True)]


def test_one_that_is_dropped_is_asked_no_more() -> None:
    presence, parts = presence_of()
    presence.begin(0.0)
    presence.dropped("m1")
    presence.tick(10.0)
    assert asked(parts, 10.0) == [heartbeat("p1")]


def test_without_a_gateway_none_is_asked_not_even_one_that_is_adopted() -> None:
    presence, _ = presence_of()
    not_yet = [Offline("It has not reported yet", "p1")]
    assert presence.adopted("p1", 0.0) == not_yet and presence.deadline() is None
    presence.begin(0.0)
    assert presence.seen("m1", 0.5) == [Online("m1")]
    assert presence.gone("the cable") == [
        Offline("It has not reported since its gateway went offline: the cable", "m1", asleep=True)
    ]
    assert presence.deadline() is None and presence.gone("the cable") == []
    assert presence.adopted("p1", 1.0) == not_yet and presence.deadline() is None
    presence.begin(2.0)
    assert presence.adopted("p1", 2.0) == not_yet and presence.deadline() == 2.0, "now it is asked at once"
    assert presence.adopted("unknown", 2.0) == []


def test_a_pause_is_remembered_until_it_ends() -> None:
    presence, _ = presence_of()
    presence.begin(0.0)
    assert presence.paused(HeartbeatPause(heartbeat=0), 0.0) == [Remember("heartbeats-paused", b"1")]
    assert presence_of({PAUSED: b"1"})[0].deadline() is None and presence.deadline() is None
    assert presence.paused(HeartbeatPause(heartbeat=1), 0.0) == [Remember("heartbeats-paused", b"")]
    assert presence.deadline() is not None


def test_a_command_that_is_not_reported_puts_only_one_with_a_battery_to_sleep() -> None:
    presence, _ = presence_of()
    presence.begin(0.0)
    assert presence.unreported("p1") == [] and presence.unreported("unknown") == []
    asleep = [Offline("It has not reported what was commanded", "m1", asleep=True)]
    assert presence.unreported("m1") == asleep and presence.unreported("m1") == []


def test_one_that_is_known_to_be_away_is_not_asked_for_its_values() -> None:
    one = joined_pair(settings=GatewaySettings(heartbeat_s=600.0))
    one.submit(WireAction("silent", {"state": "on"}, PLUG), side="device")
    assert queries_after_a_refresh(one), "it has not reported, and may be there"
    say(one, PresenceChange(all=0, cids=(PLUG,), state=0))
    assert not queries_after_a_refresh(one)


def queries_after_a_refresh(one: Pair) -> list[bytes]:
    """Those that ask the silent plug for its points."""
    before = len(one.sent_by("controller"))
    one.submit(WireAction("refresh"))
    one.run(until=one.now + 30.0)
    sent = one.sent_by("controller")[before:]
    return [data for data in sent if data[3] == codes.QUERY_POINTS and PLUG.encode() in data]
