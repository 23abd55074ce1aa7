"""The laws of every session, for both ends of a gateway's line."""

from collections.abc import Sequence

from hypothesis import strategies as st

from session_laws import SessionLaws
from unclouded.core.sessions.session import Ambient, Session, SessionCommand, WireAction, WireCommand
from unclouded.families.tuya.gateway.mcu.mcu import gateway_mcu
from unclouded.families.tuya.gateway.mcu.options import FAULTS, GatewayOptions, SimulatedSubDevice
from unclouded.families.tuya.gateway.mcu.questions import GATEWAY_QUESTIONS
from unclouded.families.tuya.gateway.module.module import gateway_module
from unclouded.families.tuya.gateway.settings import GatewaySettings
from unclouded.families.tuya.gateway.wire import codes
from unclouded.families.tuya.gateway.wire.group_messages import GroupChange, GroupMembers, GroupResult, MemberQuery
from unclouded.families.tuya.gateway.wire.infrared_messages import InfraredLearn, InfraredLearned, InfraredSend
from unclouded.families.tuya.gateway.wire.message_parts import BareSub, result_of
from unclouded.families.tuya.gateway.wire.point_messages import (
    GMT,
    LOCAL,
    NO_TIME,
    GroupPoints,
    MemberPoints,
    RecordTime,
    SubDevicePoints,
    TimedPoints,
)
from unclouded.families.tuya.gateway.wire.security_messages import AlarmState, ArmCommand, LocalAlarm, SecurityState
from unclouded.families.tuya.gateway.wire.service_messages import HeartbeatPause
from unclouded.families.tuya.gateway.wire.start_messages import (
    LocalPermit,
    ProductInfo,
    ProductQuery,
    RemovalStatus,
    WorkingMode,
)
from unclouded.families.tuya.gateway.wire.sub_device_messages import (
    AddResult,
    AddSubDevice,
    AddSubDevices,
    BindingQuery,
    DeleteSubDevice,
    DeviceListPacket,
    HeartbeatQuery,
    HeartbeatReply,
    LocalDelete,
    PointsQuery,
    PresenceChange,
)
from unclouded.families.tuya.gateway.wire.update_messages import PacketSize, SubUpdateBlock, SubUpdateStart
from unclouded.families.tuya.line.command import Message
from unclouded.families.tuya.line.datapoint import BOOL, VALUE, DataPoint
from unclouded.families.tuya.line.framing import Frame
from unclouded.families.tuya.messages import Bare, NetworkStatus, frame_of

IDS = ("1234", "5678", "00124b0001000001")
ON, POWER = DataPoint(1, BOOL, True), DataPoint(19, VALUE, 673)
PRODUCT = ProductInfo(v="1.0.0", m=0, cap=53, p="abcdefghijklmnop")
SECURITY = ProductInfo(v="1.0.0", m=0, cap=53, p="abcdefghijklmnop", s=1, a=1)
UNIX = 1_790_000_000
CODE = (9000, 4500, 560, 560)

OF_MCU: Sequence[Message] = (
    PRODUCT,
    PRODUCT,
    WorkingMode(),
    *(Bare(code) for code in (codes.NETWORK, codes.PERMIT, codes.STOP_JOINING, codes.DELETE, codes.ADD_RESULT)),
    *(Bare(code) for code in (codes.GMT, codes.LOCAL_TIME, codes.LIST, codes.MAC, codes.MEMORY, codes.RESET)),
    *(Bare(code) for code in (codes.FACTORY_RESET, codes.NETWORK_QUERY, codes.WIFI_TEST)),
    BareSub(codes.SERVICES, codes.ZONED_TIME),
    LocalPermit(True, 20),
    LocalPermit(False),
    AddSubDevice(sub_id=IDS[0], pid="qrstuvwxyz012345", ver="1.0.0"),
    AddSubDevices(pid="qrstuvwxyz012345", cids=IDS[1:], ver="1.0.0"),
    *(HeartbeatReply(sub_id=id) for id in IDS),
    *(SubDevicePoints(codes.REPORT, id, (ON, POWER)) for id in (*IDS, "0000", "stranger")),
    TimedPoints(RecordTime(GMT, UNIX), IDS[0], (POWER,)),
    TimedPoints(RecordTime(LOCAL, UNIX), IDS[0], (POWER,)),
    TimedPoints(RecordTime(NO_TIME), IDS[0], (POWER,)),
    PresenceChange(all=1, state=0),
    PresenceChange(all=0, cids=IDS[:1], state=1),
    LocalDelete(IDS[0]),
    BindingQuery(IDS[0]),
    HeartbeatPause(0),
    HeartbeatPause(1),
    GroupResult(codes.GROUP_ADD, "1", IDS[:2], (0, 1)),
    MemberQuery("1", 0),
    GroupChange("1", 1),
    SECURITY,
    ArmCommand(mode=1, sub_id=IDS[0]),
    BareSub(codes.SECURITY, codes.SECURITY_INFO),
    LocalAlarm(1),
    *(InfraredLearned(38000, len(CODE), offset, CODE[offset : offset + 2]) for offset in (0, 2)),
    InfraredLearned(38000, 0, 0, ()),
    result_of(codes.INFRARED_SEND, True, codes.INFRARED_CODE),
    result_of(codes.INFRARED_STOP, True),
    BareSub(codes.INFRARED_LEARN, codes.INFRARED_CODE),
    PacketSize(codes.UPDATE_START, 256),
    PacketSize(codes.SUB_UPDATE_START, 256),
    *(Bare(code) for code in (codes.UPDATE_BLOCK, codes.SUB_UPDATE_BLOCK)),
)

OF_MODULE: Sequence[Message] = (
    ProductQuery(),
    ProductQuery(),
    *(Bare(code) for code in (codes.MODE, codes.PERMIT, codes.STOP_JOINING, codes.QUERY_ALL, codes.DROP_PHONE)),
    NetworkStatus(4, codes.NETWORK),
    AddResult(IDS[:2], (0, 0)),
    AddResult(IDS[:2], (0, 1)),
    result_of(codes.ADD, True),
    result_of(codes.ADD_MANY, False),
    result_of(codes.RECORD, True),
    result_of(codes.RECORD, False),
    *(HeartbeatQuery(id) for id in IDS),
    *(SubDevicePoints(codes.SET, id, (ON, POWER)) for id in (*IDS, "0000", "stranger")),
    GroupMembers(codes.GROUP_ADD, "1", IDS[:2]),
    GroupMembers(codes.GROUP_REMOVE, "1", IDS[:1]),
    GroupPoints("1", (ON,)),
    MemberPoints("1", IDS[0], (ON,)),
    DeleteSubDevice(sub_id=IDS[0], tp=0),
    RemovalStatus(3),
    PointsQuery(IDS[1], (1, 19)),
    DeviceListPacket(0, True, IDS[:1]),
    DeviceListPacket(1, False, IDS[1:]),
    SecurityState(mode=1, delay=30),
    AlarmState(1),
    InfraredLearn(),
    InfraredSend(1, 0, 1, 38000, len(CODE), 0, CODE),
    InfraredSend(1, 0, 1, 38000, 0, 0, ()),
    SubUpdateStart(IDS[0], 300),
    SubUpdateBlock(IDS[0], 0, bytes(256)),
    SubUpdateBlock(IDS[0], 256, bytes(44)),
    SubUpdateBlock(IDS[0], 300),
)


def frames(messages: Sequence[Message]) -> st.SearchStrategy[bytes]:
    """Frames of these, frames of any kind, and noise."""
    known = st.sampled_from([bytes(frame_of(message)) for message in messages])
    some = st.builds(lambda code, data: bytes(Frame(0, code, data)), st.integers(0, 255), st.binary(max_size=40))
    return known | known | some | st.binary(max_size=40)


class TestGatewayModule(SessionLaws):
    def make(self, ambient: Ambient) -> Session:
        return gateway_module(GatewaySettings(), ambient)

    def traffic(self) -> st.SearchStrategy[bytes]:
        return frames(OF_MCU)

    def commands(self) -> st.SearchStrategy[SessionCommand]:
        commands: list[SessionCommand] = [
            WireCommand({"1": True}),
            WireCommand({"1": True, "19": 5}, IDS[0]),
            WireCommand({"1": False}, IDS[1]),
            WireCommand({}, IDS[0]),
            WireAction("permit", {"seconds": "20"}),
            WireAction("stop"),
            WireAction("refresh"),
            WireAction("reset"),
            WireAction("group", {"gid": "1", "add": IDS[0]}),
            WireAction("group_set", {"gid": "1", "values": "1=on"}),
            WireAction("remove", part=IDS[0]),
            WireAction("forget", part=IDS[1]),
            WireAction("permit", {"seconds": "0"}),
            WireAction("arm", {"mode": "away", "delay": "5"}),
            WireAction("disarm"),
            WireAction("cancel_alarm"),
            WireAction("learn_ir", {"name": "fan"}),
            WireAction("import_ir", {"name": "lamp", "code": "9000 4500 560 560"}),
            WireAction("send_ir", {"names": "lamp"}),
            WireAction("delete_ir", {"name": "lamp"}),
            WireAction("update", {"file": "new.bin"}),
            WireAction("update", {"file": "new.bin", "version": "2.0.0"}, IDS[0]),
            WireAction("rename", {"name": "Desk"}, IDS[0]),
        ]
        return st.sampled_from(commands)


class TestGatewayMcu(SessionLaws):
    settles_without_a_way = True

    def make(self, ambient: Ambient) -> Session:
        devices = tuple(SimulatedSubDevice(id=id, product="qrstuvwxyz012345") for id in IDS)
        return gateway_mcu(GatewayOptions(sub_devices=devices, joined=True), ambient)

    def traffic(self) -> st.SearchStrategy[bytes]:
        return frames(OF_MODULE)

    def commands(self) -> st.SearchStrategy[SessionCommand]:
        measured: list[SessionCommand] = [
            WireCommand({"1": True}),
            WireCommand({"1": True, "19": 5}, IDS[0]),
            WireCommand({"1": False}, IDS[1]),
            WireAction("record", part=IDS[0]),
            WireAction("leave", part=IDS[1]),
            WireAction("silent", {"state": "on"}, IDS[2]),
        ]
        asked = st.sampled_from(sorted(GATEWAY_QUESTIONS)).map(lambda what: WireAction("ask", {"what": what}))
        faulty = st.sampled_from(sorted(FAULTS)).map(lambda name: WireAction("set_fault", {"name": name}))
        return st.sampled_from(measured) | asked | faulty
