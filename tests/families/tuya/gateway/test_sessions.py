"""Gateways end to end: the module's session and the simulated gateway on one line."""

from collections.abc import Mapping
from typing import Any

import msgspec
import pytest

from pair import Pair, ambient, answers_with, chattering, usual_answers
from unclouded.core.errors import CommandError
from unclouded.core.sessions.session import (
    Answer,
    AskStored,
    AskTime,
    Event,
    Identified,
    Joined,
    Left,
    LinkPath,
    Noticed,
    Offline,
    Online,
    Question,
    Refusal,
    Rejected,
    Reported,
    Settled,
    Waiting,
    WireAction,
    WireCommand,
)
from unclouded.families.tuya.gateway.infrared.packets import learned_packets
from unclouded.families.tuya.gateway.infrared.protocols import remote_code
from unclouded.families.tuya.gateway.mcu.mcu import gateway_mcu
from unclouded.families.tuya.gateway.mcu.options import FAULTS, GatewayOptions, SimulatedSubDevice
from unclouded.families.tuya.gateway.mcu.questions import GATEWAY_QUESTIONS
from unclouded.families.tuya.gateway.module.module import gateway_module
from unclouded.families.tuya.gateway.security.security_settings import SecuritySettings
from unclouded.families.tuya.gateway.security.sensors import AlarmSensor
from unclouded.families.tuya.gateway.settings import GatewaySettings
from unclouded.families.tuya.gateway.wire import codes
from unclouded.families.tuya.gateway.wire.infrared_messages import InfraredLearned
from unclouded.families.tuya.gateway.wire.point_messages import LOCAL, RecordTime, TimedPoints
from unclouded.families.tuya.gateway.wire.sub_device_messages import AddSubDevice
from unclouded.families.tuya.line.datapoint import VALUE, DataPoint
from unclouded.families.tuya.line.framing import Frame
from unclouded.families.tuya.messages import frame_of
from unclouded.families.tuya.update.receiver import UPDATE_FAULTS

PLUG, SENSOR, LOCK = "00124b0001000001", "00124b0001000002", "00124b0001000003"
DEVICES = (
    SimulatedSubDevice(id=PLUG, product="plug000000000001"),
    SimulatedSubDevice(id=SENSOR, product="thermo0000000001", low_power=True),
    SimulatedSubDevice(id=LOCK, product="lock000000000001"),
)


def pair(
    *,
    devices: tuple[SimulatedSubDevice, ...] = DEVICES,
    memory: Mapping[str, bytes] | None = None,
    mcu_memory: Mapping[str, bytes] | None = None,
    settings: GatewaySettings | None = None,
    joined: bool = False,
    faults: frozenset[str] = frozenset(),
    **kwargs: Any,  # Any: those of Pair
) -> Pair:
    module = gateway_module(settings or GatewaySettings(), ambient(memory=memory))
    options = GatewayOptions(sub_devices=devices, joined=joined, faults=faults)
    return Pair(module, gateway_mcu(options, ambient(memory=mcu_memory)), **kwargs)


def joined_pair(**kwargs: Any) -> Pair:  # Any: those of ``pair``
    """One whose sub-devices have joined and reported."""
    one = pair(**kwargs)
    measure(one, PLUG, {"1": False, "19": 0})
    measure(one, SENSOR, {"1": 215, "2": 48})
    measure(one, LOCK, {"12": 80})
    one.run(until=2.0)
    one.submit(WireAction("permit"))
    one.run(until=10.0)
    return one


def measure(one: Pair, part: str, values: Mapping[str, Any]) -> None:  # Any: wire values
    one.submit(WireCommand(values, part), side="device")


def newest(one: Pair, part: str) -> dict[str, Any]:
    """What the hub knows of a part."""
    values: dict[str, Any] = {}
    for event in one.of("controller", Reported):
        if event.part == part and event.at is None:
            values |= event.values
    return values


def settled(one: Pair, ticket: int, side: str = "controller") -> Settled:
    (found,) = [event for event in one.of(side, Settled) if event.ticket == ticket]
    assert isinstance(found, Settled)
    return found


def test_all_sub_devices_join_in_the_window_and_report() -> None:
    one = joined_pair()
    assert [event.part for event in one.of("controller", Joined)] == [PLUG, SENSOR, LOCK]
    assert newest(one, SENSOR) == {"1": 215, "2": 48}
    assert {event.part for event in one.of("controller", Online)} == {"", PLUG, SENSOR, LOCK}
    assert one.of("controller", Identified)[0].info["product"] == "uncloudedgateway"


def test_a_command_is_confirmed_by_the_report_of_its_sub_device() -> None:
    one = joined_pair()
    ticket = one.submit(WireCommand({"1": True}, PLUG))
    one.run(until=12.0)
    assert settled(one, ticket).result == "confirmed"
    assert newest(one, PLUG)["1"] is True


# --- joining and leaving ----------------------------------------------------------------------------


def test_sub_devices_are_known_again_after_a_restart_before_the_gateway_answers() -> None:
    first = joined_pair()
    again = gateway_module(GatewaySettings(), ambient(memory=first.memory["controller"]))
    known = again.down("", "the port is gone", 1.0)
    assert [event.part for event in known if isinstance(event, Joined)] == [PLUG, SENSOR, LOCK]
    offline = [event for event in known if isinstance(event, Offline) and event.part]
    assert [(event.part, event.asleep) for event in offline] == [(PLUG, False), (SENSOR, False), (LOCK, False)]


def test_a_restarted_hub_finds_them_online_and_keeps_names() -> None:
    first = joined_pair()
    first.submit(WireAction("rename", {"name": "Desk", "place": "Office"}, PLUG))
    first.run(until=11.0)
    again = pair(memory=first.memory["controller"], mcu_memory=first.memory["device"])
    measure(again, PLUG, {"1": True})
    again.run(until=5.0)
    (plug,) = [event for event in again.of("controller", Joined) if event.part == PLUG]
    assert (plug.info["name"], plug.info["place"]) == ("Desk", "Office")
    assert newest(again, PLUG) == {"1": True}
    assert again.of("controller", Online)[0].part == ""


def test_no_one_joins_while_the_window_is_shut() -> None:
    one = pair()
    one.run(until=2.0)
    one.submit(WireAction("permit", {"seconds": "3"}))
    one.submit(WireAction("stop"))
    one.run(until=10.0)
    assert one.of("controller", Joined) == []


def test_the_window_shuts_by_itself_and_says_for_how_long_it_was_open() -> None:
    one = pair(devices=())
    one.run(until=2.0)
    one.submit(WireAction("permit", {"seconds": "30"}))
    one.run(until=40.0)
    window = [(at.t, at.event.values) for at in one.events if isinstance(at.event, Reported)]
    assert [values for _, values in window[-2:]] == [
        {"joining": True, "joining_left_s": 30},
        {"joining": False, "joining_left_s": 0},
    ]
    assert window[-1][0] - window[-2][0] == pytest.approx(30.0, abs=0.1)
    assert bytes(Frame(0, codes.STOP_JOINING)) in one.sent_by("controller")


def test_a_window_that_the_gateway_opens_during_the_start_stays_open() -> None:
    one = pair()
    one.submit(WireAction("ask", {"what": "permit"}), side="device")
    one.run(until=20.0)
    assert [event.part for event in one.of("controller", Joined)] == [PLUG, SENSOR, LOCK]


def test_the_129th_sub_device_is_not_added_and_named() -> None:
    many = tuple(SimulatedSubDevice(id=f"id{number:03}", product="plug000000000001") for number in range(129))
    one = pair(devices=many)
    one.run(until=2.0)
    one.submit(WireAction("permit"))
    one.run(until=20.0)
    assert len(one.of("controller", Joined)) == 128
    (refused,) = [event for event in one.of("controller", Noticed) if event.kind == "refused"]
    assert refused.reason == "id128 was not added: there are 128 sub-devices, and 128 is the most."
    assert one.stats("device")["joined"] == 128


@pytest.mark.parametrize(
    ("id", "why"),
    [
        ("0000", "0000 is the gateway itself"),
        ("é" * 200, "an id has at most 255 bytes, not 400"),
        ("a\nb", "characters that cannot be printed"),
    ],
)
def test_ids_that_no_sub_device_can_have_are_refused_and_disturb_nothing(id: str, why: str) -> None:
    one = joined_pair()
    one.submit(WireAction("permit"))
    one.run(until=11.0)
    one.send("device", bytes(frame_of(AddSubDevice(sub_id=id, pid="plug000000000001", ver="1.0.0"))))
    one.run(until=12.0)
    assert one.sent_by("controller")[-1] == bytes(Frame(0, codes.ADD, b"\1"))
    texts = [event.reason for event in one.of("controller") if isinstance(event, Noticed | Rejected)]
    assert any(why in text for text in texts)
    assert len(one.of("controller", Joined)) == 3


def test_an_id_that_would_share_the_name_of_another_is_not_added() -> None:
    one = pair(devices=(SimulatedSubDevice(id="AB", product="p"), SimulatedSubDevice(id="ab", product="q")))
    one.run(until=2.0)
    one.submit(WireAction("permit"))
    one.run(until=10.0)
    assert [event.part for event in one.of("controller", Joined)] == ["AB"]
    assert any("their names would be the same" in event.reason for event in one.of("controller", Noticed))


def test_a_sub_device_that_cannot_be_stored_is_not_added() -> None:
    def full(side: str, question: Question) -> Answer | Refusal | None:
        return Refusal("the disk is full") if isinstance(question, AskStored) else usual_answers(side, question)

    one = joined_pair(answers=full)
    assert one.of("controller", Joined) == [] and one.stats("device")["joined"] == 0
    assert any("could not be stored" in event.reason for event in one.of("controller", Noticed))
    assert not any(value for key, value in one.memory["controller"].items() if key.startswith("sub-device:"))


def test_a_result_waits_until_the_sub_device_is_stored() -> None:
    def never(side: str, question: Question) -> Answer | Refusal | None:
        return None if isinstance(question, AskStored) else usual_answers(side, question)

    one = joined_pair(answers=never)
    sent = one.sent_by("controller")
    assert bytes(Frame(0, codes.ADD, b"\0")) in sent
    assert not any(data[3] == codes.ADD_RESULT for data in sent) and one.of("controller", Joined) == []


@pytest.mark.parametrize(("action", "kind"), [("remove", 0), ("forget", 1)])
def test_a_removed_sub_device_has_left_when_the_gateway_has_confirmed_it(action: str, kind: int) -> None:
    one = joined_pair()
    ticket = one.submit(WireAction(action, part=LOCK))
    one.run(until=12.0)
    assert settled(one, ticket).result == "confirmed"
    assert one.of("controller", Left) == [Left(LOCK)]
    assert any(data[3] == codes.DELETE and b'"tp":%d' % kind in data for data in one.sent_by("controller"))
    assert one.stats("device")["joined"] == 2


def test_what_the_gateway_removes_itself_has_left() -> None:
    one = joined_pair()
    ticket = one.submit(WireAction("ask", {"what": "delete"}), side="device")
    one.run(until=12.0)
    assert settled(one, ticket, "device").result == "confirmed"
    assert one.of("controller", Left) == [Left(LOCK)]


def test_a_factory_reset_at_the_gateway_forgets_all_and_is_answered_by_18() -> None:
    one = joined_pair()
    one.submit(WireAction("ask", {"what": "factory"}), side="device")
    one.run(until=12.0)
    assert {event.part for event in one.of("controller", Left)} == {PLUG, SENSOR, LOCK}
    assert bytes(Frame(0, codes.REMOVAL, b"\0")) in one.sent_by("controller")
    assert one.stats("device")["joined"] == 0


@pytest.mark.parametrize(("action", "removal", "left"), [("unpair", 1, 0), ("reset", 3, 3), ("clear", 4, 3)])
def test_the_gateway_is_removed_with_its_sub_devices_or_without(action: str, removal: int, left: int) -> None:
    one = joined_pair()
    one.submit(WireAction(action))
    one.run(until=12.0)
    assert bytes(Frame(0, codes.REMOVAL, bytes((removal,)))) in one.sent_by("controller")
    assert len(one.of("controller", Left)) == left and one.stats("device")["joined"] == 3 - left


def test_a_sub_device_that_never_joined_is_named_once_and_can_be_adopted() -> None:
    one = pair(joined=True)
    for turn in range(4):
        measure(one, PLUG, {"1": bool(turn % 2)})
        one.run(until=3.0 + turn)
    strangers = [event for event in one.of("controller", Noticed) if event.kind == "unknown"]
    assert len(strangers) == 1 and PLUG in strangers[0].reason and "adopt" in strangers[0].reason
    assert one.stats("controller")["unknown_sub_devices"] >= 3
    ticket = one.submit(WireAction("adopt", {"sub_id": PLUG, "product": "plug000000000001"}))
    measure(one, PLUG, {"1": False})
    one.run(until=8.0)
    assert settled(one, ticket).result == "confirmed"
    assert newest(one, PLUG) == {"1": False}


def stops(one: Pair) -> int:
    """How often the hub has sent 07."""
    return sum(data[3] == codes.STOP_JOINING for data in one.sent_by("controller"))


def test_a_gateway_that_was_left_open_for_joining_is_shut_by_the_next_run() -> None:
    one = joined_pair()
    assert stops(one) == 0
    again = pair(memory=one.memory["controller"], mcu_memory=one.memory["device"])
    again.run(until=5.0)
    assert stops(again) == 1
    kept = {side: {**one.memory[side], **again.memory[side]} for side in ("controller", "device")}
    third = pair(memory=kept["controller"], mcu_memory=kept["device"])
    third.run(until=5.0)
    assert stops(third) == 0


def test_a_gateway_that_was_left_open_by_a_cut_is_shut_when_it_is_back() -> None:
    one = joined_pair()
    one.cut()
    one.run(until=20.0)
    one.mend()
    one.run(until=30.0)
    assert stops(one) == 1


# --- presence ---------------------------------------------------------------------------------------


def states(one: Pair, part: str) -> list[tuple[str, bool]]:
    """(online, offline; asleep) of a part, in their order."""
    events = one.of("controller")
    found = [event for event in events if isinstance(event, Online | Offline) and event.part == part]
    return [(type(event).__name__.lower(), isinstance(event, Offline) and event.asleep) for event in found]


def test_a_silent_sub_device_goes_offline_after_two_cycles_and_comes_back_with_a_report() -> None:
    one = joined_pair(settings=GatewaySettings(heartbeat_s=60.0))
    one.submit(WireAction("silent", {"state": "on"}, PLUG), side="device")
    one.run(until=120.0)
    assert states(one, PLUG) == [("online", False)]
    one.run(until=260.0)
    assert states(one, PLUG)[-1] == ("offline", False)
    assert states(one, LOCK) == [("online", False)]
    one.submit(WireAction("silent", {"state": "off"}, PLUG), side="device")
    measure(one, PLUG, {"19": 5})
    one.run(until=262.0)
    assert states(one, PLUG)[-1] == ("online", False)


def test_one_with_a_battery_sleeps_where_others_are_offline() -> None:
    one = joined_pair(settings=GatewaySettings(heartbeat_s=60.0))
    one.run(until=100.0)  # its first answer says that it has a battery
    one.submit(WireAction("silent", {"state": "on"}, SENSOR), side="device")
    one.run(until=330.0)
    assert states(one, SENSOR)[-1] == ("offline", True)


def test_a_command_that_a_sleeping_one_does_not_report_puts_it_to_sleep_first() -> None:
    """So the hub holds the command until it wakes."""
    one = joined_pair(settings=GatewaySettings(heartbeat_s=60.0))
    one.run(until=100.0)
    one.submit(WireAction("silent", {"state": "on"}, SENSOR), side="device")
    ticket = one.submit(WireCommand({"9": 1}, SENSOR))
    one.run(until=125.0)
    last = [event for event in one.of("controller") if isinstance(event, Offline | Settled)]
    assert last[-2] == Offline("It has not reported what was commanded", SENSOR, asleep=True)
    assert last[-1] == settled(one, ticket)
    assert settled(one, ticket).result == "timeout"


def test_heartbeats_pause_for_the_gateway_and_over_a_restart_of_the_hub() -> None:
    one = joined_pair(settings=GatewaySettings(heartbeat_s=60.0))
    one.submit(WireAction("ask", {"what": "pause-heartbeats"}), side="device")
    one.run(until=500.0)
    assert not any(data[3] == codes.HEARTBEAT for data in one.sent_by("controller"))
    again = pair(memory=one.memory["controller"], mcu_memory=one.memory["device"])
    again.run(until=400.0)
    assert not any(data[3] == codes.HEARTBEAT for data in again.sent_by("controller"))
    again.submit(WireAction("ask", {"what": "resume-heartbeats"}), side="device")
    again.run(until=700.0)
    assert any(data[3] == codes.HEARTBEAT for data in again.sent_by("controller"))


def test_the_gateway_reports_who_is_offline() -> None:
    one = joined_pair()
    one.submit(WireAction("ask", {"what": "offline"}), side="device")
    one.run(until=11.0)
    assert states(one, PLUG)[-1][0] == "offline" and states(one, LOCK)[-1][0] == "online"
    one.submit(WireAction("ask", {"what": "all-online"}), side="device")
    one.run(until=12.0)
    assert states(one, PLUG)[-1][0] == "online"


def test_a_gateway_that_falls_silent_is_offline_with_its_sub_devices_and_found_again() -> None:
    one = joined_pair(settings=GatewaySettings(heartbeat_s=600.0))
    one.submit(WireAction("set_fault", {"name": "sends-nothing"}), side="device")
    one.run(until=80.0)
    assert states(one, "")[-1][0] == "offline" and states(one, PLUG)[-1][0] == "offline"
    assert [event.reason for event in one.of("controller", Waiting)] == [
        "The MCU does not answer: is it powered, are RX and TX the right way round?"
    ]
    one.submit(WireAction("set_fault", {"name": "sends-nothing", "state": "off"}), side="device")
    one.run(until=100.0)
    assert states(one, "")[-1][0] == "online" and states(one, PLUG)[-1][0] == "online"


# --- commands ---------------------------------------------------------------------------------------


def test_a_report_of_another_sub_device_confirms_nothing() -> None:
    one = joined_pair()
    one.submit(WireAction("silent", {"state": "on"}, PLUG), side="device")
    ticket = one.submit(WireCommand({"1": True}, PLUG))
    measure(one, LOCK, {"1": True})
    one.run(until=40.0)
    assert settled(one, ticket).result == "timeout"
    sent = [data for data in one.sent_by("controller") if data[3] == codes.SET]
    assert len(sent) == 10 and len(set(sent)) == 1  # sent again each two seconds


def test_an_older_command_is_not_sent_again_over_a_newer_one() -> None:
    one = joined_pair()
    one.submit(WireAction("silent", {"state": "on"}, PLUG), side="device")
    one.submit(WireCommand({"1": True}, PLUG))
    one.run(until=11.0)
    one.submit(WireCommand({"1": False}, PLUG))
    one.run(until=30.0)
    values = [data[-2] for data in one.sent_by("controller") if data[3] == codes.SET]
    assert values == [1] + [0] * (len(values) - 1)


def test_the_gateway_itself_is_0000() -> None:
    one = joined_pair()
    measure(one, "", {"101": 3})
    ticket = one.submit(WireCommand({"101": 4}))
    one.run(until=12.0)
    assert settled(one, ticket).result == "confirmed" and newest(one, "")["101"] == 4
    assert any(data[6:11] == b"\x040000" for data in one.sent_by("controller") if data[3] == codes.SET)


def test_a_command_to_a_sub_device_that_there_is_not_is_invalid() -> None:
    one = joined_pair()
    with pytest.raises(CommandError, match="no sub-device 'nowhere'"):
        one.submit(WireCommand({"1": True}, "nowhere"))


def test_what_noise_may_have_cost_is_asked_for_again() -> None:
    one = joined_pair()
    one.run(until=60.0)
    one.send("device", b"\x55\xaa\x00\x0d\x00\x0a\x04" + bytes(12))
    before = len(one.sent_by("controller"))
    one.run(until=100.0)
    assert bytes(Frame(0, codes.QUERY_ALL)) in one.sent_by("controller")[before:]


# --- records ----------------------------------------------------------------------------------------


def records(one: Pair) -> list[Reported]:
    return [event for event in one.of("controller", Reported) if event.at is not None]


def test_a_record_is_acknowledged_once_it_is_stored() -> None:
    stored = {"answer": False}

    def answers(side: str, question: Question) -> Answer | Refusal | None:
        wait = isinstance(question, AskStored) and not stored["answer"]
        return Refusal("not yet") if wait else usual_answers(side, question)

    one = joined_pair()
    one._answers = answers  # the disk is full from now on
    one.submit(WireAction("record", part=LOCK), side="device")
    one.run(until=13.0)
    assert one.stats("device")["records"] == 1 and len(records(one)) == 1
    stored["answer"] = True
    one.run(until=30.0)
    assert one.stats("device")["records"] == 0
    assert len(records(one)) == 1  # it came again, and was not reported again
    assert one.stats("controller")["repeated_records"] >= 1


def test_a_record_is_known_again_after_a_restart() -> None:
    one = joined_pair()
    one.submit(WireAction("record", part=LOCK), side="device")
    one.run(until=13.0)
    (sent,) = {data for data in one.sent_by("device") if data[3] == codes.RECORD}
    again = pair(memory=one.memory["controller"], mcu_memory=one.memory["device"])
    again.run(until=3.0)
    again.send("device", sent)
    again.run(until=4.0)
    assert records(again) == [] and bytes(Frame(0, codes.RECORD, b"\0")) in again.sent_by("controller")


def test_a_record_in_local_time_waits_for_a_hub_that_knows_the_time() -> None:
    def no_time(side: str, question: Question) -> Answer | Refusal | None:
        return Refusal("no clock") if isinstance(question, AskTime) else usual_answers(side, question)

    one = joined_pair(answers=no_time)
    record = TimedPoints(RecordTime(LOCAL, 1_790_000_000), LOCK, (DataPoint(1, VALUE, 2),))
    one.send("device", bytes(frame_of(record)))
    one.run(until=11.0)
    assert records(one) == [] and one.sent_by("controller")[-1] == bytes(Frame(0, codes.RECORD, b"\1"))


# --- groups -----------------------------------------------------------------------------------------


def test_a_group_is_set_at_once_and_confirmed_by_every_member() -> None:
    one = joined_pair()
    ticket = one.submit(WireAction("group", {"gid": "1", "add": f"{PLUG},{LOCK}"}))
    one.run(until=11.0)
    assert settled(one, ticket).result == "confirmed"
    ticket = one.submit(WireAction("group_set", {"gid": "1", "values": "1=on"}))
    one.run(until=13.0)
    assert settled(one, ticket).result == "confirmed"
    assert newest(one, PLUG)["1"] is newest(one, LOCK)["1"] is True
    assert any(data[3] == codes.GROUP_SET for data in one.sent_by("controller"))


def test_a_member_that_reports_nothing_is_named() -> None:
    one = joined_pair()
    one.submit(WireAction("group", {"gid": "1", "add": f"{PLUG},{LOCK}"}))
    one.run(until=11.0)
    one.submit(WireAction("silent", {"state": "on"}, LOCK), side="device")
    ticket = one.submit(WireAction("group_set", {"gid": "1", "values": "1=on"}))
    one.run(until=40.0)
    assert settled(one, ticket) == Settled(ticket, "refused", f"Not all have reported it; missing: {LOCK}.")


def test_a_group_of_none_is_invalid_and_one_of_which_all_left_is_gone() -> None:
    one = joined_pair()
    with pytest.raises(CommandError, match="takes gid= and one of add= and remove="):
        one.submit(WireAction("group", {"gid": "1", "add": " , "}))
    one.submit(WireAction("group", {"gid": "1", "add": LOCK}))
    one.run(until=11.0)
    one.submit(WireAction("remove", part=LOCK))
    one.run(until=12.0)
    with pytest.raises(CommandError, match="no group '1' with members"):
        one.submit(WireAction("group_set", {"gid": "1", "values": "1=on"}))
    assert one.memory["controller"]["group:1"] == b""


def test_a_group_command_whose_members_left_ends_at_once() -> None:
    one = joined_pair()
    one.submit(WireAction("group", {"gid": "1", "add": f"{PLUG},{LOCK}"}))
    one.run(until=11.0)
    for id in (PLUG, LOCK):
        one.submit(WireAction("silent", {"state": "on"}, id), side="device")
    ticket = one.submit(WireAction("group_set", {"gid": "1", "values": "1=on"}))
    for id in (PLUG, LOCK):
        one.submit(WireAction("remove", part=id))
    one.run(until=16.0)
    assert settled(one, ticket) == Settled(ticket, "refused", "No member of the group is left.")


def test_the_groups_are_listed_after_a_restart_of_the_hub() -> None:
    one = joined_pair()
    one.submit(WireAction("group", {"gid": "1", "add": f"{PLUG},{LOCK}"}))
    one.run(until=11.0)
    again = pair(memory=one.memory["controller"], mcu_memory=one.memory["device"])
    again.run(until=5.0)
    listed = [event.info["groups"] for event in again.of("controller", Identified) if "groups" in event.info]
    assert listed == [f"1: {PLUG}, {LOCK}"]


def test_the_gateway_reads_its_groups_and_has_changes_in_them_asked_for() -> None:
    one = joined_pair()
    one.submit(WireAction("group", {"gid": "1", "add": LOCK}))
    one.run(until=11.0)
    member = one.submit(WireAction("ask", {"what": "member"}), side="device")
    changed = one.submit(WireAction("ask", {"what": "group-changed"}), side="device")
    one.run(until=13.0)
    assert LOCK in settled(one, member, "device").reason
    assert settled(one, changed, "device").result == "confirmed"
    assert any(data[3] == codes.QUERY_POINTS and LOCK.encode() in data for data in one.sent_by("controller"))


# --- other gateways ---------------------------------------------------------------------------------

REFUSED = {"record-without-time", "pairing", "group-changed"}
SECURITY = {"security", "disarm", "arm-home", "arm-away", "alarm", "alarm-over"}


@pytest.mark.parametrize("what", sorted(set(GATEWAY_QUESTIONS) - SECURITY))
def test_each_question_of_a_gateway_is_answered(what: str) -> None:
    one = joined_pair()
    ticket = one.submit(WireAction("ask", {"what": what}), side="device")
    one.run(until=20.0)
    expected = "refused" if what in REFUSED else "confirmed"
    assert settled(one, ticket, "device").result == expected


@pytest.mark.parametrize("fault", sorted(set(FAULTS) - {"sends-nothing", "restarts"} - set(UPDATE_FAULTS)))
def test_a_gateway_with_a_fault_is_usable(fault: str) -> None:
    one = joined_pair(
        faults=frozenset({fault}), settings=GatewaySettings(one_point_per_frame=fault == "handles-one-point-per-frame")
    )
    measure(one, PLUG, {"1": False, "2": 5})
    ticket = one.submit(WireCommand({"1": True, "2": 7}, PLUG))
    one.run(until=30.0)
    assert settled(one, ticket).result == "confirmed"
    assert {event.part for event in one.of("controller", Joined)} == {PLUG, SENSOR, LOCK}


def test_a_gateway_that_reports_in_bursts_keeps_its_reports_back_and_none_is_lost() -> None:
    one = joined_pair(faults=frozenset({"sends-in-bursts"}))
    for tenth in range(40):
        measure(one, PLUG, {"1": bool(tenth % 2), "2": tenth})
        measure(one, LOCK, {"1": tenth})
        one.run(until=10.0 + tenth / 10)
    one.run(until=16.0)
    times = [at.t for at in one.events if at.side == "controller" and isinstance(at.event, Reported) and at.event.part]
    assert {round(time % 5, 1) for time in times} == {0.0}
    assert newest(one, PLUG)["2"] == newest(one, LOCK)["1"] == 39


def test_a_sub_device_that_is_lost_is_offline_and_comes_back() -> None:
    one = joined_pair(faults=frozenset({"loses-sub-device"}))
    one.run(until=1300.0)
    assert states(one, PLUG) == [("online", False), ("offline", False), ("online", False)]


def test_a_gateway_that_restarts_is_found_again_and_loses_no_record() -> None:
    one = joined_pair(faults=frozenset({"restarts"}))
    for minute in range(1, 4):
        measure(one, LOCK, {"1": minute})
        one.submit(WireAction("record", part=LOCK), side="device")
        one.run(until=10.0 + 130.0 * minute)
    assert [event.values["1"] for event in records(one)] == [1, 2, 3]


def test_every_byte_alone_and_a_noisy_line_change_nothing() -> None:
    one = joined_pair(chunk=1)
    assert len(one.of("controller", Joined)) == 3
    noisy = joined_pair(damage=chattering(0.2))
    assert len(noisy.of("controller", Joined)) == 3


def test_an_unreadable_product_is_usable_and_named() -> None:
    one = pair()
    one.run(until=1.0)
    one.cut()
    one.mend()
    one.send("device", bytes(Frame(0, codes.PRODUCT, b'{"v":"one","cap":"x","p":"abcdefghijklmnop"}')))
    one.run(until=1.1)
    assert any(event.info.get("product") == "abcdefghijklmnop" for event in one.of("controller", Identified))


# --- the alarm system -------------------------------------------------------------------------------

ALARM_SETTINGS = GatewaySettings(
    security=SecuritySettings(
        sensors={SENSOR: AlarmSensor(1, alarm=True), LOCK: AlarmSensor(1, alarm=True, environmental=True)}
    )
)


def security_pair(**kwargs: Any) -> Pair:  # Any: those of Pair
    module = gateway_module(ALARM_SETTINGS, ambient(memory=kwargs.pop("memory", None)))
    options = GatewayOptions(sub_devices=DEVICES, security=True)
    one = Pair(module, gateway_mcu(options, ambient(memory=kwargs.pop("mcu_memory", None))), **kwargs)
    one.run(until=2.0)
    one.submit(WireAction("permit"))
    one.run(until=8.0)
    return one


def test_a_sensor_alarms_when_armed_and_disarming_ends_it() -> None:
    one = security_pair()
    measure(one, SENSOR, {"1": True})
    one.run(until=9.0)
    assert newest(one, "")["security"] == "disarmed"
    one.submit(WireAction("arm", {"mode": "away"}))
    measure(one, SENSOR, {"1": False})
    one.run(until=10.0)
    measure(one, SENSOR, {"1": True})
    one.run(until=11.0)
    assert (newest(one, "")["security"], newest(one, "")["alarm"]) == ("alarm", True)
    ticket = one.submit(WireAction("disarm"))
    one.run(until=12.0)
    assert settled(one, ticket).result == "confirmed"
    notices = [event.reason for event in one.of("controller", Noticed) if event.kind == "security"]
    assert notices == ["Armed away (user).", f"Alarm ({SENSOR}).", "Disarmed (user)."]


def test_an_alarm_outlives_a_restart_of_the_hub_and_the_gateway_is_sent_it_again() -> None:
    one = security_pair()
    measure(one, LOCK, {"1": True})
    one.run(until=9.0)
    again = security_pair(memory=one.memory["controller"], mcu_memory=one.memory["device"])
    assert newest(again, "")["alarm"] is True
    assert any(data[3] == codes.ALARM for data in again.sent_by("controller"))


def test_a_code_is_needed_and_three_wrong_ones_lock_it() -> None:
    one = security_pair()
    one.submit(WireAction("set_code", {"new": "1234"}))
    one.submit(WireAction("arm", {"mode": "home"}))
    wrong = [one.submit(WireAction("disarm", {"code": code})) for code in ("", "0000", "9999", "8888")]
    locked = one.submit(WireAction("disarm", {"code": "1234"}))
    one.run(until=9.0)
    assert [settled(one, ticket).result for ticket in wrong] == ["refused"] * 4
    assert settled(one, wrong[0]).reason == "A code is set, and is needed."
    assert settled(one, locked).reason == "Too many wrong codes; wait a minute."
    one.run(until=70.0)
    right = one.submit(WireAction("disarm", {"code": "1234"}))
    one.run(until=71.0)
    assert settled(one, right).result == "confirmed"
    assert b"1234" not in one.memory["controller"]["security-code"]
    assert not any("1234" in str(event) for event in one.of("controller", Noticed))


def test_a_keypad_is_refused_what_the_state_does_not_allow() -> None:
    one = security_pair()
    first = one.submit(WireAction("ask", {"what": "arm-home"}), side="device")
    second = one.submit(WireAction("ask", {"what": "arm-away"}), side="device")
    info = one.submit(WireAction("ask", {"what": "security"}), side="device")
    one.run(until=12.0)
    assert settled(one, first, "device").result == "confirmed"
    assert settled(one, second, "device").result == "refused"
    assert '"mode":1' in settled(one, info, "device").reason


def test_the_time_left_of_a_delay_is_reported_with_its_state() -> None:
    one = security_pair()
    one.submit(WireAction("arm", {"mode": "away", "delay": "30"}))
    one.run(until=9.0)
    assert (newest(one, "")["security"], newest(one, "")["security_left_s"]) == ("arming", 30)
    one.run(until=50.0)
    assert (newest(one, "")["security"], newest(one, "")["security_left_s"]) == ("away", 0)


def test_after_a_restart_of_the_hub_the_time_left_is_the_whole_delay_again() -> None:
    one = security_pair()
    one.submit(WireAction("arm", {"mode": "away", "delay": "30"}))
    one.run(until=20.0)
    again = security_pair(memory=one.memory["controller"], mcu_memory=one.memory["device"])
    assert (newest(again, "")["security"], newest(again, "")["security_left_s"]) == ("arming", 30)


def test_a_gateway_without_an_alarm_system_has_none_to_arm() -> None:
    one = joined_pair()
    with pytest.raises(CommandError, match="has no alarm system"):
        one.submit(WireAction("arm", {"mode": "home"}))


# --- updates ----------------------------------------------------------------------------------------

FIRMWARE = b"unclouded-sim-version:2.0.0;" + bytes(60_000)
UPDATABLE = tuple(msgspec.structs.replace(one, updatable=True) for one in DEVICES)


@pytest.mark.parametrize("part", ["", PLUG])
@pytest.mark.parametrize("fault", ["", "loses-update-blocks", "takes-small-blocks"])
def test_new_firmware_is_sent_and_its_version_proves_it(part: str, fault: str) -> None:
    one = joined_pair(devices=UPDATABLE, answers=answers_with(FIRMWARE), faults=frozenset({fault} - {""}))
    ticket = one.submit(WireAction("update", {"file": "new.bin", "version": "2.0.0"}, part))
    one.run(until=90.0)
    assert settled(one, ticket) == Settled(ticket, "confirmed", "version 2.0.0")
    assert states(one, "")[-1][0] == "online"
    switched = one.submit(WireCommand({"1": True}, PLUG))
    one.run(until=95.0)
    assert settled(one, switched).result == "confirmed"


def test_a_command_to_a_sub_device_goes_through_while_another_is_updated() -> None:
    one = joined_pair(devices=UPDATABLE, answers=answers_with(FIRMWARE))
    update = one.submit(WireAction("update", {"file": "new.bin", "version": "2.0.0"}, LOCK))
    one.run(until=10.1)
    ticket = one.submit(WireCommand({"1": True}, PLUG))
    one.run(until=10.3)
    assert settled(one, ticket).result == "confirmed"
    assert update not in [event.ticket for event in one.of("controller", Settled)]


def test_two_updates_go_one_after_the_other() -> None:
    one = joined_pair(devices=UPDATABLE, answers=answers_with(FIRMWARE))
    tickets = [one.submit(WireAction("update", {"file": "new.bin", "version": "2.0.0"}, id)) for id in (PLUG, LOCK)]
    one.run(until=60.0)
    assert [settled(one, ticket).result for ticket in tickets] == ["confirmed"] * 2
    starts = [data for data in one.sent_by("controller") if data[3] == codes.SUB_UPDATE_START]
    blocks = [data for data in one.sent_by("controller") if data[3] == codes.SUB_UPDATE_BLOCK]
    assert len(starts) == 2 and all(PLUG.encode() in data for data in blocks[: len(blocks) // 2])


def test_the_next_update_begins_at_once_where_the_file_of_the_first_is_not_handed_out() -> None:
    session = gateway_module(GatewaySettings(), ambient())
    session.up(LinkPath(), 0.0)
    tickets = [session.submit(WireAction("update", {"file": "new.bin"}), 0.0) for _ in range(2)]
    session.outgoing(0.0)
    events: list[Event] = []
    while (now := session.deadline()) is not None and now < 100:
        events += session.tick(now)
        session.outgoing(now)
        after = session.deadline()
        assert after is None or after > now
    assert [event.ticket for event in events if isinstance(event, Settled)] == tickets


def test_an_update_ends_with_the_connection_and_one_that_cannot_be_is_refused() -> None:
    one = joined_pair(devices=UPDATABLE, answers=answers_with(FIRMWARE))
    ticket = one.submit(WireAction("update", {"file": "new.bin"}, PLUG))
    one.cut()
    assert settled(one, ticket).result == "unreachable"
    other = joined_pair(answers=answers_with(FIRMWARE))
    with pytest.raises(CommandError, match="cannot be updated, as it reported when it joined"):
        other.submit(WireAction("update", {"file": "new.bin"}, PLUG))


# --- infrared ---------------------------------------------------------------------------------------


def test_an_infrared_code_is_learnt_named_sent_and_known_after_a_restart() -> None:
    one = joined_pair()
    learnt = one.submit(WireAction("learn_ir", {"name": "tv power"}))
    one.run(until=13.0)
    assert settled(one, learnt).result == "confirmed"
    assert "NEC, address 4, command 8" in settled(one, learnt).reason
    again = pair(memory=one.memory["controller"], mcu_memory=one.memory["device"])
    again.run(until=3.0)
    ticket = again.submit(WireAction("send_ir", {"names": "tv power, tv power", "repeat": "1"}))
    again.run(until=5.0)
    assert settled(again, ticket).result == "confirmed"
    assert len([data for data in again.sent_by("controller") if data[3] == codes.INFRARED_SEND]) == 2


def test_learning_without_a_button_is_refused_and_ended() -> None:
    one = joined_pair(faults=frozenset({"learns-nothing"}))
    ticket = one.submit(WireAction("learn_ir", {"name": "x"}))
    one.run(until=45.0)
    assert settled(one, ticket) == Settled(ticket, "refused", "No code was received within 30 s.")
    assert bytes(Frame(0, codes.INFRARED_STOP)) in one.sent_by("controller")


def test_a_code_of_no_durations_is_named_and_learning_goes_on() -> None:
    one = joined_pair(faults=frozenset({"learns-nothing"}))
    ticket = one.submit(WireAction("learn_ir", {"name": "x"}))
    one.run(until=11.0)
    one.send("device", bytes(frame_of(InfraredLearned(38000, 0, 0, ()))))
    one.run(until=12.0)
    assert any("a code that is none" in event.reason for event in one.of("controller", Noticed))
    for packet in learned_packets(remote_code("NEC", 1, 2)):
        one.send("device", bytes(frame_of(packet)))
    one.run(until=13.0)
    assert settled(one, ticket).result == "confirmed"


def test_codes_come_and_go_as_texts() -> None:
    one = joined_pair()
    one.submit(WireAction("import_ir", {"name": "fan", "code": "38000Hz 9000 4500 560 560 560"}))
    ticket = one.submit(WireAction("export_ir", {"name": "fan", "form": "raw"}))
    one.run(until=11.0)
    assert settled(one, ticket).reason == "38000Hz 9000 4500 560 560 560"
    with pytest.raises(CommandError, match=r"There is no infrared code 'lamp'\. There are: fan\."):
        one.submit(WireAction("send_ir", {"names": "fan,lamp"}))


def test_the_infrared_codes_that_are_kept_are_listed_and_can_have_another_name() -> None:
    one = joined_pair()
    for name in ("tv", "lamp"):
        one.submit(WireAction("import_ir", {"name": name, "code": "9000 4500 560 560"}))
    one.run(until=11.0)
    assert infrared_codes(one) == "tv, lamp"
    with pytest.raises(CommandError, match="'lamp' already"):
        one.submit(WireAction("rename_ir", {"name": "tv", "new": "lamp"}))
    with pytest.raises(CommandError, match="new=, at most 60 characters without commas"):
        one.submit(WireAction("rename_ir", {"name": "tv", "new": "tv, power"}))
    renamed = one.submit(WireAction("rename_ir", {"name": "tv", "new": "tv power"}))
    one.run(until=12.0)
    assert settled(one, renamed).result == "confirmed"
    again = pair(memory=one.memory["controller"], mcu_memory=one.memory["device"])
    again.run(until=3.0)
    assert sorted(infrared_codes(again).split(", ")) == ["lamp", "tv power"]


def infrared_codes(one: Pair) -> str:
    found: list[Identified] = one.of("controller", Identified)
    return [event.info["infrared_codes"] for event in found if event.info.get("infrared_codes")][-1]
