"""Joining where it does not go straight on: the hub is slow, the line is cut, one leaves at once, a capture is read."""

from families.tuya.gateway.test_registry import empty, refused, results, say
from families.tuya.gateway.test_sessions import pair
from pair import Pair, ambient, usual_answers
from unclouded.core.sessions.session import (
    Answer,
    AskStored,
    Event,
    Joined,
    LinkPath,
    Online,
    Question,
    Refusal,
    WireAction,
)
from unclouded.families.tuya.gateway.module.module import gateway_module
from unclouded.families.tuya.gateway.settings import GatewaySettings
from unclouded.families.tuya.gateway.wire import codes
from unclouded.families.tuya.gateway.wire.message_parts import GATEWAY_ID
from unclouded.families.tuya.gateway.wire.point_messages import UNIX, RecordTime, SubDevicePoints, TimedPoints
from unclouded.families.tuya.gateway.wire.sub_device_messages import (
    BOUND,
    NOT_BOUND,
    AddResult,
    AddSubDevice,
    AddSubDevices,
    BindingQuery,
    BindingReply,
    LocalDelete,
)
from unclouded.families.tuya.line.datapoint import VALUE, DataPoint
from unclouded.families.tuya.messages import frame_of

ONE = AddSubDevice(sub_id="x1", pid="lamp1", ver="1.0.0")


def with_a_slow_hub() -> Pair:
    """The window is open, and the hub never says that it has stored anything."""

    def never(side: str, question: Question) -> Answer | Refusal | None:
        return None if isinstance(question, AskStored) else usual_answers(side, question)

    one = pair(devices=(), answers=never)
    one.run(until=2.0)
    one.submit(WireAction("permit"))
    one.run(until=3.0)
    say(one, ONE)
    return one


def test_one_that_is_accepted_is_bound_once_it_has_joined_or_its_line_was_cut() -> None:
    one = with_a_slow_hub()
    assert bytes(frame_of(BindingReply("x1", NOT_BOUND))) in say(one, BindingQuery(sub_id="x1"))
    one.cut()
    one.mend()
    one.run(until=one.now + 5.0)
    assert bytes(frame_of(BindingReply("x1", BOUND))) in say(one, BindingQuery(sub_id="x1"))


def test_who_joins_is_not_refused_for_the_records_that_wait_to_be_stored() -> None:
    one = with_a_slow_hub()
    for second in range(40):
        record = TimedPoints(RecordTime(UNIX, second), GATEWAY_ID, (DataPoint(5, VALUE, second),))
        one.send("device", bytes(frame_of(record)))
        one.run(until=one.now + 0.1)
    assert refused(one) == [] and "sub-device:x1" in one.memory["controller"]


def test_a_result_that_is_on_its_way_says_who_has_left_meanwhile() -> None:
    one = empty()
    one.submit(WireAction("set_fault", {"name": "sends-nothing"}), side="device")  # so it acknowledges no result
    say(one, AddSubDevices(pid="lamp1", cids=("a", "b"), ver="1.0.1"))
    say(one, AddSubDevices(pid="lamp1", cids=("c", "d"), ver="1.0.1"))
    sent = results([*say(one, LocalDelete(sub_id="d")), *say(one, ONE), *say(one, ONE)])
    assert bytes(frame_of(AddResult(("c", "d"), (0, 1)))) in sent
    assert bytes(frame_of(AddResult(("c", "d"), (0, 0)))) not in sent
    assert bytes(frame_of(AddResult(("a", "b"), (0, 1)))) not in sent


def test_in_a_capture_who_reports_has_joined() -> None:
    module = gateway_module(GatewaySettings(), ambient())
    module.up(LinkPath(recorded=True), 0.0)

    def joined(id: str) -> list[Event]:
        report = SubDevicePoints(codes.REPORT, id, (DataPoint(1, VALUE, 7),))
        return [one for one in module.receive(bytes(frame_of(report)), 1.0) if isinstance(one, Joined | Online)]

    assert joined("x1") == [Joined("x1", {"sub_id": "x1"}), Online("x1")]
    assert joined("x1") == joined("X1") == joined("a\nb") == []
