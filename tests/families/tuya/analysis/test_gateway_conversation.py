"""What a sniffer remarks on between a gateway's module and its MCU: docs/protocols/tuya_gateway.md §1.6, §1.7."""

from collections.abc import Iterable
from typing import Any

import pytest

from pair import Pair, ambient, losing
from unclouded.core.family import Comment, Sender
from unclouded.core.sessions.session import WireAction, WireCommand
from unclouded.families.tuya import FAMILY_GATEWAY
from unclouded.families.tuya.gateway.mcu.mcu import gateway_mcu
from unclouded.families.tuya.gateway.mcu.options import GatewayOptions, SimulatedSubDevice
from unclouded.families.tuya.gateway.module.module import gateway_module
from unclouded.families.tuya.gateway.settings import GatewaySettings
from unclouded.families.tuya.gateway.wire import codes
from unclouded.families.tuya.gateway.wire.group_messages import MemberQuery, MemberReply
from unclouded.families.tuya.gateway.wire.message_parts import result_of
from unclouded.families.tuya.gateway.wire.point_messages import GMT, RecordTime, SubDevicePoints, TimedPoints
from unclouded.families.tuya.gateway.wire.start_messages import ProductInfo, ProductQuery
from unclouded.families.tuya.gateway.wire.sub_device_messages import (
    AddSubDevice,
    HeartbeatQuery,
    HeartbeatReply,
    PointsQuery,
)
from unclouded.families.tuya.line.command import Message
from unclouded.families.tuya.line.datapoint import BOOL, DataPoint
from unclouded.families.tuya.messages import Bare, NetworkStatus, frame_of

WHO: dict[str, Sender | None] = {"W": "controller", "M": "device", "?": None}
ON, OFF = (DataPoint(1, BOOL, True),), (DataPoint(1, BOOL, False),)

Sent = tuple[float | None, str, Message]


def talk(sent: Iterable[Sent], until: float | None = None) -> list[Comment]:
    """Everything that is remarked on; ``until``: what is remarked on later, on a comment of its own."""
    assert FAMILY_GATEWAY.conversation is not None
    conversation = FAMILY_GATEWAY.conversation()
    decoders = {who: FAMILY_GATEWAY.decoder(sender) for who, sender in WHO.items()}
    comments = [
        conversation.receive(t, piece)
        for t, who, message in sent
        for piece in decoders[who].feed(bytes(frame_of(message)))
    ]
    if until is not None:
        comments.append(Comment(piece=comments[-1].piece, remarks=conversation.tick(until)))
    return comments


def remarks(comments: Iterable[Comment]) -> list[tuple[str, str]]:
    return [(remark.kind, remark.words) for comment in comments for remark in comment.remarks]


def answered(comments: Iterable[Comment]) -> list[int | None]:
    return [one.answers for one in comments]


START: list[Sent] = [(0.0, "W", ProductQuery()), (0.02, "M", ProductInfo("1.0.0", 0, 0))]


def test_the_start_is_nothing_to_remark_on() -> None:
    comments = talk(
        [
            *START,
            (0.1, "W", Bare(codes.MODE)),
            (0.12, "M", Bare(codes.MODE)),
            (0.2, "W", NetworkStatus(3, codes.NETWORK)),
            (0.22, "M", Bare(codes.NETWORK)),
            (0.3, "W", Bare(codes.QUERY_ALL)),
            (0.4, "M", SubDevicePoints(codes.REPORT, "1234", ON)),
            (0.5, "M", SubDevicePoints(codes.REPORT, "5678", ON)),
        ],
        until=60.0,
    )
    assert not remarks(comments)
    assert [one is not None for one in answered(comments)[:-1]] == [False, True] * 4 + [False]


def test_heartbeats_of_several_sub_devices_are_distinguished() -> None:
    asked: list[Sent] = [(1.0, "W", HeartbeatQuery("1234")), (1.1, "W", HeartbeatQuery("5678"))]
    comments = talk([*START, *asked, (1.2, "M", HeartbeatReply("5678"))], until=2.05)
    assert comments[-2].answers == comments[3].piece.offset
    assert remarks(comments) == [("no answer", "no answer in 1 s to heartbeat (0a), sent 1 s before")]


def test_a_heartbeat_that_was_not_requested_is_that_of_a_sub_device_that_is_back() -> None:
    assert remarks(talk([*START, (1.0, "M", HeartbeatReply("1234"))])) == [
        ("pushed", "heartbeat (0a) was not requested: the sub-device is there again")
    ]


def test_an_empty_network_status_of_an_mcu_is_a_question() -> None:
    assert remarks(talk([*START, (1.0, "M", Bare(codes.NETWORK))])) == [
        ("pushed", "network status (03) was not requested: some MCUs ask for the status so")
    ]


def test_only_a_report_of_the_same_sub_device_answers_a_set() -> None:
    command: Sent = (1.0, "W", SubDevicePoints(codes.SET, "1234", ON))
    other: Sent = (1.1, "M", SubDevicePoints(codes.REPORT, "5678", ON))
    assert remarks(talk([*START, command, other], until=4.1)) == [
        ("no answer", "no report in 3 s to set data points (0c), sent 3.1 s before")
    ]
    right: Sent = (1.2, "M", SubDevicePoints(codes.REPORT, "1234", ON))
    comments = talk([*START, command, other, right], until=9.0)
    assert not remarks(comments) and comments[-2].answers == comments[2].piece.offset


def test_only_a_report_of_the_same_sub_device_answers_a_query() -> None:
    query: Sent = (1.0, "W", PointsQuery("1234", (1,)))
    other: Sent = (1.1, "M", SubDevicePoints(codes.REPORT, "0000", ON))
    assert [kind for kind, _ in remarks(talk([*START, query, other], until=4.1))] == ["no answer"]
    right: Sent = (1.2, "M", SubDevicePoints(codes.REPORT, "1234", ON))
    assert not remarks(talk([*START, query, other, right], until=9.0))


def test_a_value_that_differs_from_what_was_set_names_its_sub_device() -> None:
    sent: list[Sent] = [
        *START,
        (1.0, "W", SubDevicePoints(codes.SET, "1234", ON)),
        (1.1, "M", SubDevicePoints(codes.REPORT, "5678", OFF)),
        (1.2, "M", SubDevicePoints(codes.REPORT, "1234", OFF)),
    ]
    assert remarks(talk(sent)) == [("differs", "data point 1 of 1234 is off where on was set 200 ms before")]


def test_a_record_waits_for_its_answer_until_it_is_stored() -> None:
    record: Sent = (1.0, "M", TimedPoints(RecordTime(GMT, 1_795_962_659), "1234", ON))
    assert not remarks(talk([*START, record, (6.9, "W", result_of(codes.RECORD, True))], until=60.0))
    assert remarks(talk([*START, record], until=7.1)) == [
        ("no answer", "no answer in 6 s to record report with its time (2c), sent 6.1 s before")
    ]
    assert remarks(talk([*START, record, (2.0, *record[1:])])) == [("asked again", "sent again, for the 2nd time")]


def test_a_member_of_another_group_answers_nothing() -> None:
    asked: Sent = (1.0, "M", MemberQuery("1", 0))
    comments = talk([*START, asked, (1.1, "W", MemberReply("2", "1234"))])
    assert comments[-1].answers is None and [kind for kind, _ in remarks(comments)] == ["unasked"]
    assert talk([*START, asked, (1.1, "W", MemberReply("1", "1234"))])[-1].answers is not None


def test_frames_of_a_module_may_follow_each_other_closely() -> None:
    """115200 baud, and no pause is documented."""
    sent = [(1.0 + number / 1000, "W", HeartbeatQuery(f"{number}")) for number in range(10)]
    assert not remarks(talk([*START, *sent]))


@pytest.mark.parametrize("sub_id", ["1234", "0000"])
def test_a_frame_is_about_its_sub_device(sub_id: str) -> None:
    messages: list[Message] = [SubDevicePoints(codes.REPORT, sub_id, ON), HeartbeatReply(sub_id)]
    pieces = [comment.piece for comment in talk([(0.0, "M", message) for message in messages])]
    assert [piece.part for piece in pieces] == [sub_id if sub_id != "0000" else ""] * 2
    assert pieces[0].values == (("1", True),)


def test_on_one_wire_the_sender_follows_from_the_open_request() -> None:
    sent: list[Sent] = [
        *START,
        (1.0, "M", AddSubDevice(sub_id="1234", pid="p", ver="1.0.0")),
        (1.1, "?", result_of(codes.ADD, True)),
        (2.0, "?", SubDevicePoints(codes.REPORT, "1234", ON)),
    ]
    assert [one.piece.sender for one in talk(sent)[2:]] == ["device", "controller", "device"]


# --- our own two ends -------------------------------------------------------------------------------

PLUG = SimulatedSubDevice(id="1234", product="uncloudedplugsub")


def gateway_pair(**kwargs: Any) -> Pair:  # Any: those of Pair
    """A plug that joins, reports and is switched, with heartbeats for ten minutes."""
    options = GatewayOptions(sub_devices=(PLUG,))
    pair = Pair(gateway_module(GatewaySettings(), ambient()), gateway_mcu(options, ambient()), **kwargs)
    pair.submit(WireCommand({"1": False, "19": 0}, "1234"), side="device")
    pair.run(until=2.0)
    pair.submit(WireAction("permit"))
    pair.run(until=90.0)
    pair.submit(WireCommand({"1": True}, "1234"))
    pair.run(until=600.0)
    return pair


def of_pair(pair: Pair) -> list[Comment]:
    assert FAMILY_GATEWAY.conversation is not None
    conversation = FAMILY_GATEWAY.conversation()
    ends: list[Sender] = ["controller", "device"]
    decoders = {str(end): FAMILY_GATEWAY.decoder(end) for end in ends}
    return [conversation.receive(t, piece) for t, side, data in pair.sent for piece in decoders[side].feed(data)]


def test_between_our_own_ends_there_is_nothing_to_remark_on() -> None:
    comments = of_pair(gateway_pair())
    assert len(comments) > 20
    assert not remarks(comments)
    answers = {one.piece.name for one in comments if one.answers is not None}
    assert answers >= {"product info", "network status", "permit joining", "add a sub-device", "heartbeat", "report"}


def test_on_a_line_that_loses_frames_the_silences_are_remarked_on() -> None:
    kinds = {kind for kind, _ in remarks(of_pair(gateway_pair(damage=losing(0.003), seed=1)))}
    assert kinds & {"no answer", "asked again"}
