"""The register of sub-devices: what is kept of each, who may join, what the gateway is answered, who is there."""

from collections.abc import Mapping

import msgspec
import pytest

from families.tuya.gateway.test_sessions import LOCK, PLUG, SENSOR, joined_pair, pair, states
from pair import Pair, usual_answers
from unclouded.core.sessions.session import (
    Answer,
    AskStored,
    Identified,
    Joined,
    Noticed,
    Online,
    Question,
    Refusal,
    Remember,
    Reported,
    WireAction,
)
from unclouded.families.tuya.gateway.module import sub_devices
from unclouded.families.tuya.gateway.module.sub_devices import PREFIX, SubDevice, SubDeviceRegistry, join_problem
from unclouded.families.tuya.gateway.security import security_machine
from unclouded.families.tuya.gateway.settings import GatewaySettings
from unclouded.families.tuya.gateway.wire import codes
from unclouded.families.tuya.gateway.wire.start_messages import LocalPermit
from unclouded.families.tuya.gateway.wire.sub_device_messages import (
    AddResult,
    AddSubDevice,
    AddSubDevices,
    HeartbeatReply,
    PresenceChange,
)
from unclouded.families.tuya.line.command import Message
from unclouded.families.tuya.line.framing import Frame
from unclouded.families.tuya.messages import frame_of

# --- what is kept -----------------------------------------------------------------------------------

METER = SubDevice(id="m1", product="meter1", version="1.2.3", low_power=True, name="Meter", place="Cellar")


def kept(*devices: SubDevice) -> dict[str, bytes]:
    return {PREFIX + one.id: msgspec.json.encode(one) for one in devices}


def test_the_limits_are_those_of_the_protocol() -> None:
    """Behaviour is tested by their names elsewhere; docs/protocols/tuya_gateway.md §1.7.2."""
    assert (sub_devices.MOST, sub_devices.MOST_SECURITY, security_machine.MOST_CAUSES) == (128, 64, 128)


def test_a_sub_device_is_described_by_what_it_has() -> None:
    whole = {"product": "meter1", "version": "1.2.3", "sub_id": "m1", "power": "battery"}
    whole |= {"name": "Meter", "place": "Cellar"}
    assert METER.info() == whole
    assert SubDevice(id="m2").info() == {"sub_id": "m2"}
    assert METER.joined() == Joined("m1", whole, sleeps=True)
    assert SubDevice(id="m2").joined() == Joined("m2", {"sub_id": "m2"}, sleeps=False)
    assert SubDevice(id="m2").identified() == Identified({"sub_id": "m2", "name": "", "place": ""}, "m2")
    assert (SubDevice(id="m2").kind, SubDevice(id="m2").channel, SubDevice(id="m2").updatable) == (1, 10, False)


def test_a_register_is_restored_from_what_it_had_stored() -> None:
    register = SubDeviceRegistry({})
    plug = SubDevice(id="p1", types={"1": 1})
    stored = {one.key: one.value for one in (*register.put(METER), *register.put(plug)) if isinstance(one, Remember)}
    assert stored == kept(METER, plug)
    again = SubDeviceRegistry(stored)
    assert list(again) == [METER, plug] and len(again) == 2 and "m1" in again and "m2" not in again
    assert again.get("p1") == plug and again.get("p2") is None
    assert again.drop("m1") == [Remember("sub-device:m1", b"")] and again.drop("m1") == []
    assert list(again) == [plug]


@pytest.mark.parametrize(
    "memory",
    [
        {"sub-device:m1": b""},
        {"sub-device:m1": b"{"},
        {"sub-device:m1": b'{"id":"\xff"}'},
        {"sub-device:m2": msgspec.json.encode(METER)},
        {"other:m1": msgspec.json.encode(METER)},
        {"sub-device:": msgspec.json.encode(SubDevice(id=""))},
        {"sub-device:0000": msgspec.json.encode(SubDevice(id="0000"))},
    ],
)
def test_what_cannot_have_joined_is_not_restored(memory: Mapping[str, bytes]) -> None:
    assert len(SubDeviceRegistry(memory)) == 0


@pytest.mark.parametrize(
    ("one", "other", "is_twin"),
    [("AB", "ab", True), ("a-b", "a.b", True), ("a-b", "a_b", True), ("a1", "a2", False), ("ab", "ab", False)],
)
def test_ids_that_differ_in_case_or_signs_alone_are_twins(one: str, other: str, is_twin: bool) -> None:
    assert SubDeviceRegistry(kept(SubDevice(id=one))).twin(other) == (one if is_twin else "")


@pytest.mark.parametrize(
    ("id", "why"),
    [("a", ""), ("", "its id is empty"), ("a\nb", "its id 'a\\nb' has characters that cannot be printed")],
)
def test_why_an_id_cannot_join(id: str, why: str) -> None:
    assert join_problem(id) == why


# --- who joins --------------------------------------------------------------------------------------


def say(one: Pair, *messages: Message) -> list[bytes]:
    """The gateway sends these; what it is sent from then on for a second."""
    before = len(one.sent_by("controller"))
    for message in messages:
        one.send("device", bytes(frame_of(message)))
        one.run(until=one.now + 1.0)
    return one.sent_by("controller")[before:]


def empty(seconds: int = 60) -> Pair:
    """A gateway without sub-devices, whose window is open for so long."""
    one = pair(devices=())
    one.run(until=2.0)
    if seconds:
        one.submit(WireAction("permit", {"seconds": str(seconds)}))
        one.run(until=3.0)
    return one


def results(sent: list[bytes]) -> list[bytes]:
    return [data for data in sent if data[3] == codes.ADD_RESULT]


def refused(one: Pair) -> list[str]:
    return [event.reason for event in one.of("controller", Noticed) if event.kind == "refused"]


def test_several_that_join_at_once_are_stored_and_each_has_its_result() -> None:
    one = empty()
    sent = say(one, AddSubDevices(pid="lamp1", cids=("a", "b"), ver="1.0.1", channel=3, ota=1))
    assert bytes(Frame(0, codes.ADD_MANY, b"\0")) in sent
    assert results(sent)[:1] == [bytes(frame_of(AddResult(("a", "b"), (0, 0))))]
    stored = msgspec.json.decode(one.memory["controller"]["sub-device:b"], type=SubDevice)
    assert stored == SubDevice(id="b", product="lamp1", version="1.0.1", kind=1, channel=3, updatable=True)
    assert [event.reason for event in one.of("controller", Noticed) if event.kind == "joined"] == [
        "It joined, product lamp1."
    ] * 2


def test_who_has_no_room_is_refused_and_counted_beside_those_who_join() -> None:
    one = empty()
    sent = say(one, AddSubDevices(pid="lamp1", cids=("a", "A", "b"), ver="1.0.1"))
    assert results(sent)[:1] == [bytes(frame_of(AddResult(("a", "A", "b"), (0, 1, 0))))]
    assert refused(one) == ["A was not added: there is a, and their names would be the same."]
    assert one.stats("controller")["refused_joins"] == 1
    assert [event.part for event in one.of("controller", Joined)] == ["a", "b"]


def test_who_cannot_be_stored_is_refused() -> None:
    def full(side: str, question: Question) -> Answer | Refusal | None:
        return Refusal("the disk is full") if isinstance(question, AskStored) else usual_answers(side, question)

    one = pair(devices=(), answers=full)
    one.run(until=2.0)
    one.submit(WireAction("permit"))
    one.run(until=3.0)
    sent = say(one, AddSubDevices(pid="lamp1", cids=("a", "b"), ver="1.0.1"))
    assert results(sent)[:1] == [bytes(frame_of(AddResult(("a", "b"), (1, 1))))]
    assert refused(one) == ["a and 1 more could not be stored, so it was not added."]


def test_while_the_window_is_shut_only_known_ones_join_again() -> None:
    one = empty(0)
    sent = say(one, AddSubDevices(pid="lamp1", cids=("a", "b"), ver="1.0.1"))
    assert sent == [bytes(Frame(0, codes.ADD_MANY, b"\1"))]
    assert refused(one) == ["a and 1 more could not join: joining is not permitted."]
    assert one.stats("controller")["refused_joins"] == 2
    known = joined_pair()
    known.submit(WireAction("stop"))
    known.run(until=12.0)
    assert bytes(Frame(0, codes.ADD, b"\0")) in say(
        known, AddSubDevice(sub_id=PLUG, pid="plug000000000001", ver="2.0.0")
    )
    mixed = say(known, AddSubDevices(pid="plug000000000001", cids=(PLUG, "new"), ver="2.0.0"))
    assert bytes(Frame(0, codes.ADD_MANY, b"\1")) in mixed


@pytest.mark.parametrize(("product", "has_types"), [("plug000000000001", True), ("other", False)])
def test_who_joins_again_keeps_its_name_and_its_types_with_the_same_product(product: str, has_types: bool) -> None:
    one = joined_pair()
    one.submit(WireAction("rename", {"name": "Desk", "place": "Office"}, PLUG))
    one.submit(WireAction("permit"))
    one.run(until=11.0)
    before = len(one.of("controller", Remember))
    say(one, AddSubDevice(sub_id=PLUG, pid=product, ver="2.0.0"))
    first = next(event for event in one.of("controller", Remember)[before:] if event.key == PREFIX + PLUG)
    stored = msgspec.json.decode(first.value, type=SubDevice)
    assert (stored.name, stored.place, stored.product, stored.version) == ("Desk", "Office", product, "2.0.0")
    assert bool(stored.types) == has_types


@pytest.mark.parametrize(("asked", "open_s"), [(40, 40), (0, 100)])
def test_the_gateway_opens_the_window_for_its_time_or_the_usual_one_and_shuts_it(asked: int, open_s: int) -> None:
    one = empty(0)
    sent = say(one, LocalPermit(allow=1, seconds=asked))  # type: ignore[arg-type]  # the number that gateways send
    assert bytes(Frame(0, codes.PERMIT)) in sent
    shown = [event.values for event in one.of("controller", Reported) if "joining" in event.values]
    assert shown[-1] == {"joining": True, "joining_left_s": open_s}
    assert one.memory["controller"]["joining-open"] == b"1"
    say(one, LocalPermit(allow=0, seconds=0))  # type: ignore[arg-type]
    shown = [event.values for event in one.of("controller", Reported) if "joining" in event.values]
    assert shown[-1] == {"joining": False, "joining_left_s": 0}
    assert not one.memory["controller"].get("joining-open")


# --- who is there -----------------------------------------------------------------------------------


def test_an_answer_to_a_heartbeat_says_whether_it_has_a_battery() -> None:
    one = joined_pair(settings=GatewaySettings(heartbeat_s=600.0))
    before = len(one.of("controller", Identified))
    say(one, HeartbeatReply(sub_id=LOCK, lp=1), HeartbeatReply(sub_id=LOCK, lp=1), HeartbeatReply(sub_id="none", lp=1))
    (changed,) = one.of("controller", Identified)[before:]
    assert isinstance(changed, Identified) and (changed.part, changed.info["power"]) == (LOCK, "battery")
    assert msgspec.json.decode(one.memory["controller"][PREFIX + LOCK], type=SubDevice).low_power
    assert one.stats("controller")["unknown_sub_devices"] == 1


@pytest.mark.parametrize(
    ("message", "receipt", "offline"),
    [
        (PresenceChange(all=0, cids=(PLUG, SENSOR), state=0), b"\0", {PLUG, SENSOR}),
        (PresenceChange(all=0, cids=(PLUG, "none"), state=0), b"\1", {PLUG}),
        (PresenceChange(all=0, cids=("none",), state=0), b"\1", set()),
        (PresenceChange(all=0, cids=(), state=0), b"\0", set()),
        (PresenceChange(all=1, state=0), b"\0", {PLUG, SENSOR, LOCK}),
        (PresenceChange(all=1, cids=(PLUG,), state=0), b"\0", {PLUG, SENSOR, LOCK}),
    ],
)
def test_the_gateway_reports_who_is_there_and_a_stranger_among_them_is_an_error(
    message: PresenceChange, receipt: bytes, offline: set[str]
) -> None:
    one = joined_pair(settings=GatewaySettings(heartbeat_s=600.0))
    assert bytes(Frame(0, codes.ONLINE, receipt)) in say(one, message)
    assert {id for id in (PLUG, SENSOR, LOCK) if states(one, id)[-1][0] == "offline"} == offline
    count = len(one.of("controller"))
    say(one, message)
    assert len(one.of("controller")) == count, "it is no news"
    say(one, msgspec.structs.replace(message, state=1))
    assert all(states(one, id)[-1][0] == "online" for id in (PLUG, SENSOR, LOCK))


def test_one_that_is_adopted_is_offline_until_it_answers_and_one_that_is_there_stays_so() -> None:
    one = pair(devices=())
    one.run(until=2.0)
    one.submit(WireAction("adopt", {"sub_id": "x1", "product": "lamp1"}))
    one.run(until=3.0)
    assert states(one, "x1") == [("offline", False)]
    assert any(data[3] == codes.HEARTBEAT for data in one.sent_by("controller")), "it is asked at once"
    say(one, HeartbeatReply(sub_id="x1"))
    assert states(one, "x1") == [("offline", False), ("online", False)]
    one.submit(WireAction("adopt", {"sub_id": "x1", "product": "lamp2"}))
    one.run(until=6.0)
    assert states(one, "x1") == [("offline", False), ("online", False)]
    assert [event.info["product"] for event in one.of("controller", Joined)] == ["lamp1", "lamp2"]


def test_only_those_that_were_there_go_offline_with_their_gateway() -> None:
    one = joined_pair(settings=GatewaySettings(heartbeat_s=600.0))
    say(one, PresenceChange(all=0, cids=(PLUG,), state=0))
    one.cut()
    one.run(until=one.now + 60.0)
    assert [len(states(one, id)) for id in (PLUG, SENSOR, LOCK)] == [2, 2, 2]
    assert states(one, SENSOR)[-1][0] == "offline"
    one.mend()
    one.run(until=one.now + 60.0)
    assert len(one.of("controller", Online)) == 8
