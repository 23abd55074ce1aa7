"""Messages of a gateway's line: written strictly, read again as they were, also from text with every known defect."""

import json
import re

import pytest
from hypothesis import given
from hypothesis import strategies as st

from unclouded.core.family import Sender
from unclouded.core.sessions.session import LocalTime
from unclouded.families.tuya.gateway.wire import codes
from unclouded.families.tuya.gateway.wire.commands import GATEWAY
from unclouded.families.tuya.gateway.wire.group_messages import (
    GroupChange,
    GroupMembers,
    GroupResult,
    MemberQuery,
    MemberReply,
    group_result_text,
)
from unclouded.families.tuya.gateway.wire.infrared_messages import InfraredLearn, InfraredLearned, InfraredSend
from unclouded.families.tuya.gateway.wire.message_parts import RESULTS, BareSub, OutOfRange, result_of
from unclouded.families.tuya.gateway.wire.pairing_messages import (
    BroadcastResult,
    PassThrough,
    PhoneLink,
    SerialCredentials,
)
from unclouded.families.tuya.gateway.wire.point_messages import (
    GMT,
    LOCAL,
    NO_TIME,
    UNIX,
    GroupPoints,
    MemberPoints,
    RecordTime,
    SubDevicePoints,
    TimedPoints,
)
from unclouded.families.tuya.gateway.wire.security_messages import (
    AlarmCancel,
    AlarmDelay,
    AlarmInfo,
    AlarmState,
    ArmCommand,
    LocalAlarm,
    NoSecurityInfo,
    SecurityEvent,
    SecurityInfo,
    SecurityState,
)
from unclouded.families.tuya.gateway.wire.service_messages import (
    HeartbeatPause,
    WeatherAccepted,
    WeatherReport,
    WeatherRequest,
    WeatherSubscription,
    ZonedClock,
    zoned_clock_of,
)
from unclouded.families.tuya.gateway.wire.start_messages import (
    SERIAL_PAIRING,
    LocalPermit,
    ModuleMac,
    ModuleMemory,
    PairingReset,
    ProductInfo,
    ProductionTest,
    ProductQuery,
    RemovalStatus,
    WorkingMode,
)
from unclouded.families.tuya.gateway.wire.sub_device_messages import (
    AddResult,
    AddSubDevice,
    AddSubDevices,
    BindingQuery,
    BindingReply,
    DeleteSubDevice,
    DeviceListAssembler,
    DeviceListPacket,
    HeartbeatQuery,
    HeartbeatReply,
    LocalDelete,
    PointsQuery,
    PresenceChange,
    VersionQuery,
    VersionReply,
    list_packets,
)
from unclouded.families.tuya.gateway.wire.update_messages import PacketSize, SubUpdateBlock, SubUpdateStart
from unclouded.families.tuya.line.command import Message
from unclouded.families.tuya.line.datapoint import DataPoint
from unclouded.families.tuya.line.framing import Frame, Framer
from unclouded.families.tuya.line.shapes import OTHER
from unclouded.families.tuya.messages import Bare, Clock, NetworkStatus, Unknown, frame_of
from unclouded.families.tuya.update.messages import UpdateBlock, UpdateStart

# Ids and texts as they stand on the line: no blanks at their ends, which a reader strips.
words = st.text(st.characters(exclude_categories=["Cs", "Cc", "Zs", "Zl", "Zp"]), max_size=24)
ids = words.filter(lambda one: bool(one) and one not in ("0000", "0000.0000"))
versions = st.tuples(*[st.integers(0, 99)] * 3).map(lambda parts: ".".join(map(str, parts)))
flags = st.integers(0, 1)
byte = st.integers(0, 255)
counts = st.integers(0, 2**32 - 1)
id_lists = st.lists(ids, max_size=32).map(tuple)
maybe = st.none() | words
points = st.lists(
    st.one_of(
        st.builds(DataPoint, byte, st.just(0), st.binary(max_size=40)),
        st.builds(DataPoint, byte, st.just(1), st.booleans()),
        st.builds(DataPoint, byte, st.just(2), st.integers(-(2**31), 2**31 - 1)),
        st.builds(DataPoint, byte, st.just(3), words),
        st.builds(DataPoint, byte, st.just(4), byte),
        st.builds(DataPoint, byte, st.just(5), counts),
    ),
    max_size=8,
).map(tuple)
dates = st.integers(946_684_800, 4_102_444_800)  # 2000 to 2100
times = st.one_of(
    st.just(RecordTime(NO_TIME)),
    st.builds(RecordTime, st.sampled_from((LOCAL, GMT)), dates),
    st.builds(RecordTime, st.just(UNIX), counts),
)
units = st.lists(st.integers(0, 0xFFFF), min_size=1, max_size=512).map(tuple)
codes_of = units.flatmap(lambda code: st.tuples(counts, st.just(len(code)), st.just(0), st.just(code)))
weather = st.lists(st.tuples(ids, st.one_of(st.integers(-(2**31), 2**31 - 1), words)), max_size=8).map(tuple)


@st.composite
def parallel(draw: st.DrawFn) -> tuple[tuple[str, ...], tuple[int, ...]]:
    found = draw(st.lists(st.tuples(ids, byte), max_size=32))
    return tuple(id for id, _ in found), tuple(result for _, result in found)


def results(command: int, sub: int | None = None) -> st.SearchStrategy[Message]:
    return st.booleans().map(lambda ok: result_of(command, ok, sub))


def subs(command: int, *of: int) -> st.SearchStrategy[Message]:
    return st.sampled_from([BareSub(command, sub) for sub in of])


BARE_OF_MODULE = (0x02, 0x04, 0x05, 0x06, 0x07, 0x0B, 0x17, 0x19, 0x25, 0x28, 0x32)
BARE_OF_MCU = (
    0x03,
    0x04,
    0x06,
    0x07,
    0x09,
    0x10,
    0x11,
    0x13,
    0x14,
    0x15,
    0x16,
    0x17,
    0x1B,
    0x1C,
    0x1E,
    0x20,
    0x22,
    0x26,
)

JSON_OF_MODULE: list[st.SearchStrategy[Message]] = [
    st.builds(DeleteSubDevice, sub_id=ids, devkey=maybe, tp=flags),
    st.builds(HeartbeatQuery, ids),
    st.builds(GroupMembers, st.sampled_from((codes.GROUP_ADD, codes.GROUP_REMOVE)), ids, id_lists),
    parallel().flatmap(lambda both: st.builds(AddResult, st.just(both[0]), st.just(both[1]), st.none() | id_lists)),
    st.builds(VersionQuery, ids),
    st.builds(PointsQuery, ids, st.lists(st.integers(1, 255), max_size=20).map(tuple)),
    st.builds(BindingReply, ids, st.integers(0, 4)),
    st.builds(MemberReply, ids, words),
    st.builds(SecurityInfo, st.integers(0, 2), flags, flags),
    st.builds(SecurityState, st.integers(0, 2), counts, flags),
    st.builds(SecurityEvent, st.integers(0, 3), words),
    st.builds(AlarmInfo, st.sampled_from((codes.ALARM_INFO, codes.ALARM_INFO_NEW)), flags, ids, words, maybe),
]
JSON_OF_MCU: list[st.SearchStrategy[Message]] = [
    st.builds(ProductInfo, versions, st.integers(0, 2), counts, st.none() | ids, st.none() | flags, flags, counts),
    st.builds(AddSubDevice, pk_type=byte, sub_id=ids, pid=ids, ver=versions, channel=byte, ota=flags),
    st.builds(
        AddSubDevices, ids, st.lists(ids, min_size=1, max_size=32, unique=True).map(tuple), versions, byte, flags
    ),
    st.builds(HeartbeatReply, ids, flags, st.none() | counts),
    parallel().flatmap(
        lambda both: st.builds(
            GroupResult, st.sampled_from((codes.GROUP_ADD, codes.GROUP_REMOVE)), ids, st.just(both[0]), st.just(both[1])
        )
    ),
    st.builds(LocalDelete, ids),
    st.builds(VersionReply, ids, versions),
    st.builds(SerialCredentials, words, words, words),
    st.builds(PresenceChange, all=flags, cids=id_lists, state=flags),
    st.builds(BindingQuery, ids, flags, maybe),
    st.builds(MemberQuery, ids, counts),
    st.builds(GroupChange, ids, st.integers(1, 255)),
    st.builds(ArmCommand, st.integers(0, 2), ids, counts),
]
OF_MODULE = [
    *JSON_OF_MODULE,
    st.sampled_from([Bare(code) for code in BARE_OF_MODULE if code not in (0x17, 0x19)]),
    st.builds(ProductQuery, st.booleans()),
    st.builds(NetworkStatus, st.integers(0, 6), st.sampled_from((codes.NETWORK, codes.NETWORK_QUERY))),
    st.builds(SubDevicePoints, st.just(codes.SET), ids, points),
    st.builds(GroupPoints, ids, points),
    st.builds(MemberPoints, ids, ids, points),
    st.builds(ProductionTest, flags, st.integers(0, 100)),
    st.builds(RemovalStatus, st.integers(0, 4)),
    st.builds(ModuleMemory, counts),
    st.builds(ModuleMac, st.none() | st.binary(min_size=6, max_size=6)),
    st.builds(DeviceListPacket, st.integers(0, 127), st.booleans(), id_lists.map(lambda one: one[:20])),
    st.builds(UpdateStart, st.just(codes.UPDATE_START), counts),
    st.builds(UpdateBlock, st.just(codes.UPDATE_BLOCK), counts, st.binary(max_size=1024)),
    st.builds(SubUpdateStart, ids, counts),
    st.builds(SubUpdateBlock, ids, counts, st.binary(max_size=900)),
    codes_of.flatmap(
        lambda code: st.builds(InfraredSend, st.integers(1, 15), st.integers(0, 15), byte, *map(st.just, code))
    ),
    st.builds(InfraredLearn, byte),
    st.builds(WeatherAccepted, flags, byte),
    weather.map(WeatherReport) | st.just(WeatherReport(None)),
    st.builds(ZonedClock, st.integers(-1200, 1400), st.booleans(), st.just(False), st.just(bytes(6))),
    st.builds(NoSecurityInfo, st.integers(1, 255)),
    st.builds(AlarmCancel, byte),
    st.builds(AlarmDelay, st.integers(0, 2)),
    st.builds(AlarmState, flags),
    st.builds(PassThrough, st.sampled_from((codes.BROADCAST, codes.TO_APP)), st.binary(max_size=200)),
    *(results(command, sub) for command, sub in RESULTS if command not in (codes.INFRARED_SEND, codes.INFRARED_STOP)),
    subs(codes.SERVICES, codes.HEARTBEAT_PAUSE),
]
OF_MCU = [
    *JSON_OF_MCU,
    st.sampled_from([Bare(code) for code in BARE_OF_MCU]),
    st.just(WorkingMode()),
    st.builds(WorkingMode, st.just("self"), *[st.sampled_from("ABCD"), st.integers(0, 7)] * 2),
    st.builds(PairingReset, flags),
    st.builds(SubDevicePoints, st.just(codes.REPORT), ids, points),
    st.builds(TimedPoints, times, ids, points),
    st.builds(LocalPermit, st.booleans(), st.integers(0, 0xFFFF)),
    st.builds(
        PacketSize,
        st.sampled_from((codes.UPDATE_START, codes.SUB_UPDATE_START)),
        st.sampled_from((128, 256, 512, 1024)),
    ),
    codes_of.map(lambda code: InfraredLearned(*code)),
    st.builds(WeatherSubscription, st.sampled_from((0, 10, 60, 240, 255)), id_lists),
    st.builds(WeatherRequest, id_lists),
    st.builds(HeartbeatPause, flags),
    st.builds(LocalAlarm, byte),
    st.builds(PhoneLink, st.booleans()),
    st.builds(BroadcastResult, flags, byte),
    st.builds(PassThrough, st.just(codes.FROM_APP), st.binary(max_size=200)),
    results(codes.INFRARED_SEND, codes.INFRARED_CODE),
    results(codes.INFRARED_STOP),
    subs(codes.SERVICES, codes.WEATHER, codes.ZONED_TIME),
    subs(codes.SECURITY, codes.SECURITY_INFO, codes.SECURITY_STATE, codes.SECURITY_EVENT),
    subs(codes.ALARM, *range(1, 6)),
]


def same(read: Message, written: Message) -> bool:
    """Data points whose bytes were kept are equal by what they are written as."""
    return type(read) is type(written) and read.payload() == written.payload()


@given(message=st.one_of(OF_MODULE))
def test_what_a_module_writes_is_read_as_what_it_was(message: Message) -> None:
    assert same(GATEWAY.read("controller", frame_of(message)), message)


@given(message=st.one_of(OF_MCU))
def test_what_an_mcu_writes_is_read_as_what_it_was(message: Message) -> None:
    assert same(GATEWAY.read("device", frame_of(message)), message)


@given(message=st.one_of([*OF_MODULE, *OF_MCU]))
def test_what_is_written_is_one_frame_unless_it_is_too_long(message: Message) -> None:
    framer = Framer((GATEWAY.shapes,), gap=None)
    data = bytes(frame_of(message))
    found = [bytes(piece) for piece in [*framer.feed(data), *framer.close()] if isinstance(piece, Frame)]
    cap = GATEWAY.shapes.shapes.get(message.command, OTHER).cap
    assert (found == [data]) is (len(message.payload()) <= cap)


# --- JSON -------------------------------------------------------------------------------------------

CONTROLLER: Sender = "controller"
DEVICE: Sender = "device"
written = st.one_of(
    st.one_of(JSON_OF_MODULE).map(lambda one: (CONTROLLER, one)),
    st.one_of(JSON_OF_MCU).map(lambda one: (DEVICE, one)),
)


def text_of(message: Message) -> tuple[bytes, str]:
    """What stands before the object, and the object."""
    payload = message.payload()
    start = payload.index(b"{")
    return payload[:start], payload[start:].decode()


@given(message=st.one_of([*JSON_OF_MODULE, *JSON_OF_MCU]))
def test_json_is_written_strictly_and_without_blanks(message: Message) -> None:
    _, text = text_of(message)
    members = json.loads(text)
    assert isinstance(members, dict)
    assert text == json.dumps(members, ensure_ascii=False, separators=(",", ":"))
    assert None not in members.values()


# Tokens of strict JSON: texts, numbers, punctuation.
TOKEN = re.compile(r'"(?:[^"\\]|\\.)*"|-?\d+|[{}\[\],:]')
DEFECTS = ("blanks", "curly quotes", "names without quotes", "a comma at the end", "no comma", "numbers as texts")


def defective(text: str, defect: str) -> str:
    """The same object with a defect that real gateways' texts have; docs/protocols/tuya_gateway.md §1.5.1."""
    tokens = TOKEN.findall(text)
    out = []
    for place, token in enumerate(tokens):
        follows = tokens[place + 1] if place + 1 < len(tokens) else ""
        is_name = follows == ":"
        if defect == "blanks":
            token = f"{token}\r\n\t "
        elif defect == "curly quotes" and token[0] == '"' and "“" not in token and "”" not in token:
            token = f"“{token[1:-1]}”"
        elif defect == "names without quotes" and is_name:
            token = token.strip('"')
        elif defect == "a comma at the end" and token in "}]" and tokens[place - 1] not in "{[":
            token = f",{token}"
        elif defect == "no comma" and token == ",":
            token = "\n"
        elif defect == "numbers as texts" and token.lstrip("-").isdecimal():
            token = f'"{token}"'
        out.append(token)
    return "".join(out)


@pytest.mark.parametrize("defect", DEFECTS)
@given(data=st.data())
def test_json_with_a_defect_of_real_gateways_is_read_all_the_same(defect: str, data: st.DataObject) -> None:
    sender, message = data.draw(written)
    before, text = text_of(message)
    frame = Frame(0, message.command, before + defective(text, defect).encode())
    assert same(GATEWAY.read(sender, frame), message)


@pytest.mark.parametrize(
    ("sender", "command", "payload", "reason"),
    [
        ("device", 0x01, b'{"v":"1.0.0","m":0}', "missing required field `cap`"),
        ("device", 0x01, b'{"v":"1.0","m":0,"cap":1}', "v: expected `str` matching regex"),
        ("device", 0x01, b'{"v":"1.0.0","m":3,"cap":1}', "m: expected `int` <= 2"),
        ("device", 0x08, b'{"sub_id":"0000","pid":"p","ver":"1.0.0"}', "0000 is the gateway itself"),
        ("device", 0x08, b'{"sub_id":"' + b"1" * 256 + b'","pid":"p","ver":"1.0.0"}', "at most 255 bytes, not 256"),
        ("device", 0x12, b'{"pid":"p","cids":["1","0000.0000"],"ver":"1.0.0"}', "0000.0000 is the gateway itself"),
        ("device", 0x12, b'{"pid":"p","cids":["1","2","1"],"ver":"1.0.0"}', "1 stands twice"),
        ("device", 0x12, b'{"pid":"p","cids":[' + b'"1",' * 32 + b'"2"],"ver":"1.0.0"}', "length <= 32"),
        ("controller", 0x13, b'{"cids":["1"],"rets":[0,0]}', "1 ids and 2 results"),
        ("device", 0x0E, b'{"gid":"1","cids":["1","2"],"rets":[0]}', "2 ids and 1 results"),
        ("device", 0x2A, b'{"all":0,"state":1}', "there is no list of ids"),
        ("controller", 0x29, b'{"sub_id":"1","dpid":[0]}', "dpid[0]: expected `int` >= 1"),
        ("device", 0xC0, b'\x00{"mode":3,"sub_id":"1"}', "mode: expected `int` <= 2"),
        ("device", 0x23, b'{"s":"n","p":"secret"}', "missing required field `t`"),
    ],
)  # fmt: skip
def test_members_out_of_range_are_named(sender: Sender, command: int, payload: bytes, reason: str) -> None:
    message = GATEWAY.read(sender, Frame(0, command, payload))
    assert isinstance(message, OutOfRange)
    assert reason in message.reason and "secret" not in repr(message)
    assert message.payload() == payload
    assert message.sub == GATEWAY.sub_of(command, payload)


@pytest.mark.parametrize(
    ("sender", "message", "reason"),
    [
        ("controller", DeviceListPacket(0, False, ("1", "")), "an id is empty"),
        ("controller", SubUpdateStart("", 5), "the id is empty"),
        ("controller", SubUpdateBlock("", 0, b"x"), "the id is empty"),
        ("controller", UpdateBlock(codes.UPDATE_BLOCK, 0, bytes(1025)), "at most 1024 bytes, not 1025"),
        ("controller", InfraredSend(1, 0, 0, 38_000, 0, 0, ()), "no durations"),
        ("device", InfraredLearned(38_000, 1, 2, (5,)), "behind the 1 units"),
        ("device", SubDevicePoints(codes.REPORT, "", ()), "an id is empty"),
        ("controller", MemberPoints("1", "", ()), "an id is empty"),
        ("device", WeatherSubscription(9, ("w.temp",)), "not 9"),
        ("device", WeatherSubscription(241, ("w.temp",)), "not 241"),
        ("controller", NetworkStatus(7, codes.NETWORK), "status is 0 to 6"),
        ("controller", ProductionTest(1, 101), "0 to 100 %"),
        ("controller", ProductionTest(2, 0), "result is 0 or 1"),
        ("controller", RemovalStatus(5), "removal is 0 to 4"),
        ("device", PairingReset(2), "mode is 0 to 1"),
        ("device", HeartbeatPause(2), "heartbeat is 0 to 1"),
        ("controller", AlarmDelay(3), "delay is 0 to 2"),
        ("controller", AlarmState(2), "alarm is 0 to 1"),
        ("controller", Clock(codes.GMT, True, bytes((26, 13, 1, 0, 0, 0))), "no such date"),
        ("controller", Clock(codes.GMT, True, bytes((25, 2, 29, 0, 0, 0))), "no such date"),
        ("controller", Clock(codes.LOCAL_TIME, True, bytes((26, 1, 1, 0, 0, 0, 8))), "weekday is 1 to 7"),
        ("controller", ZonedClock(0, False, True, bytes((26, 1, 32, 0, 0, 0))), "no such date"),
    ],
    ids=repr,
)
def test_fields_out_of_range_are_named(sender: Sender, message: Message, reason: str) -> None:
    read = GATEWAY.read(sender, frame_of(message))
    assert isinstance(read, OutOfRange) and reason in read.reason
    assert (read.message, read.payload()) == (message, message.payload())


@pytest.mark.parametrize(
    ("sender", "command", "payload"),
    [
        ("device", 0x33, b"\0\0\0"),  # a name of no characters
        ("device", 0x33, b"\2\6w.temp\0"),
        ("controller", 0x33, b"\1\0\0\0\4\0\0\0\1"),
        ("controller", 0x33, b"\1\0\6w.temp\2\1\1"),
        ("controller", 0x33, b"\1\0\6w.temp\0\0"),
        ("controller", 0x1C, b"\0\2\1a"),
        ("controller", 0x1C, b""),
        ("device", 0x1A, b"\2\0\0"),
        ("controller", 0x10, b"\2" + bytes(6)),
        ("controller", 0x11, b"\2" + bytes(7)),
        ("device", 0x27, b"\2"),
        ("controller", 0x33, b"\3\0\0\2\1" + bytes(6)),
        ("controller", 0x32, b"\1"),
        ("device", 0x32, b"\1\1"),
        ("controller", 0x1D, bytes(5)),
        ("controller", 0x1F, b"\1a" + bytes(3)),
        ("controller", 0x20, b"\1a" + bytes(3)),
        ("device", 0x2C, b"\4" + bytes(3)),
    ],
)
def test_a_payload_of_another_form_is_no_message(sender: Sender, command: int, payload: bytes) -> None:
    assert isinstance(GATEWAY.read(sender, Frame(0, command, payload)), Unknown)


@pytest.mark.parametrize("command", [0x0C, 0x0D])
def test_values_have_the_lengths_of_their_types(command: int) -> None:
    """docs/protocols/tuya_gateway.md §1.2; enums of 2 and 4 bytes are those of real MCUs."""
    sender: Sender = "controller" if command == codes.SET else "device"
    lengths: dict[int, list[int]] = {}
    for type in range(1, 6):
        for size in range(10):
            unit = bytes((7, type, 0, size)) + bytes(max(size - 1, 0)) + b"\1" * min(size, 1)
            read = GATEWAY.read(sender, Frame(0, command, b"\x041234" + unit))
            if not isinstance(read, Unknown):
                assert isinstance(read, SubDevicePoints) and read.payload()[5:] == unit
                lengths.setdefault(type, []).append(size)
    assert lengths == {1: [1], 2: [4], 3: list(range(10)), 4: [1, 2, 4], 5: [1, 2, 4]}


def test_members_that_are_no_members_of_the_command_change_nothing() -> None:
    """Also those that are fields of ours."""
    payload = b'\x02{"mode":"1","delay":5,"sound":1,"as_text":false,"command":1,"sub":0,"more":{"a":[1]}}'
    assert GATEWAY.read("controller", Frame(0, 0xC0, payload)) == SecurityState(1, 5, 1)
    group = GATEWAY.read("controller", Frame(0, 0x0E, b'{"command":15,"gid":"1","cids":[]}'))
    assert group == GroupMembers(codes.GROUP_ADD, "1", ())


# --- secrets ----------------------------------------------------------------------------------------

SECRET = "hunter22"


@pytest.mark.parametrize(
    "message",
    [
        SerialCredentials("network", SECRET, SECRET),
        DeleteSubDevice(sub_id="1", devkey=SECRET, tp=0),
        AddResult(("1",), (0,), (SECRET,), (SECRET,)),
        BindingQuery("1", 0, SECRET),
        PassThrough(codes.FROM_APP, SECRET.encode()),
        OutOfRange(codes.PAIRING, SECRET.encode(), "a reason"),
    ],
    ids=lambda one: type(one).__name__,
)
def test_secrets_are_in_no_text_about_a_message(message: Message) -> None:
    assert SECRET not in repr(message) and SECRET not in str(message) and SECRET.encode().hex() not in repr(message)
    assert SECRET.encode() in message.payload()


# --- the rest ---------------------------------------------------------------------------------------


@given(data=st.binary(max_size=80), code=byte, sender=st.sampled_from(("controller", "device")))
def test_any_payload_is_a_message(data: bytes, code: int, sender: Sender) -> None:
    message = GATEWAY.read(sender, Frame(0, code, data))
    assert message.command == code
    if isinstance(message, Unknown | OutOfRange):
        assert message.payload() == data


@given(ids=st.lists(ids, max_size=128, unique=True))
def test_a_list_of_sub_devices_arrives_in_packets_of_at_most_255_bytes(ids: list[str]) -> None:
    packets = list_packets(ids)
    assembler = DeviceListAssembler()
    arrived = [assembler.add(packet) for packet in packets]
    assert arrived == [None] * (len(packets) - 1) + [tuple(ids)]
    assert all(len(bytes(frame_of(packet))) <= 255 for packet in packets)
    assert [packet.packet for packet in packets] == list(range(len(packets)))


def test_a_packet_of_a_list_that_is_missing_spoils_it_and_0_begins_anew() -> None:
    packets = list_packets([f"{number:024}" for number in range(30)])
    assembler = DeviceListAssembler()
    assert len(packets) == 4
    assert [assembler.add(packets[number]) for number in (0, 2, 3, 1, 2, 3)] == [None] * 6
    assert [assembler.add(packet) is not None for packet in packets] == [False, False, False, True]
    late = DeviceListAssembler()
    assert [late.add(packet) for packet in packets[1:]] == [None] * 3


def test_the_frame_of_a_packet_of_a_list_has_255_bytes_at_most() -> None:
    full = [f"{number:040}" for number in range(6)]
    assert [len(bytes(frame_of(packet))) for packet in list_packets(full)] == [255]
    assert len(list_packets([*full[:5], "0" * 41])) == 2


def test_a_list_has_at_most_128_packets() -> None:
    packets = list_packets(f"{number:0200}" for number in range(200))
    assert len(packets) == 128 and not packets[-1].more


def test_an_empty_list_is_one_packet() -> None:
    assert list_packets([]) == (DeviceListPacket(0, False, ()),)


def test_success_is_another_byte_in_some_commands() -> None:
    """docs/protocols/tuya_gateway.md §1.6.3."""
    assert result_of(codes.ADD, True).payload() == b"\0"
    assert result_of(codes.ADD, False).payload() == b"\1"
    assert result_of(codes.INFRARED_STOP, True).payload() == b"\1"
    assert result_of(codes.INFRARED_STOP, False).payload() == b"\2"
    assert result_of(codes.SECURITY, False, codes.ARM).payload() == b"\0\1"
    assert all(result_of(*key[:1], ok, key[1]).ok is ok for key in RESULTS for ok in (True, False))


def test_what_a_product_can_do_is_in_its_bits() -> None:
    product = ProductInfo("1.0.0", 0, 1 << SERIAL_PAIRING, s=1, a=3, n=1)
    assert [product.can(bit) for bit in range(8)] == [False] * 6 + [True, False]
    assert product.is_security and product.new_alarms and product.pairing_is_fixed
    plain = ProductInfo("1.0.0", 0, 0)
    assert not (plain.is_security or plain.new_alarms or plain.pairing_is_fixed)


def test_a_removal_keeps_the_sub_devices_and_a_factory_reset_does_not() -> None:
    assert [RemovalStatus(number).keeps_sub_devices for number in range(5)] == [False, True, True, False, False]


def test_the_zone_is_in_hundredths_of_an_hour() -> None:
    time = LocalTime(1_795_962_659.0, -27_000)
    assert zoned_clock_of(time) == ZonedClock(-750, False, True, bytes((26, 11, 29, 14, 30, 59)))
    assert zoned_clock_of(time, dst=True, local=True).date == bytes((26, 11, 29, 7, 0, 59))
    assert zoned_clock_of(LocalTime(0.0, 3600, trusted=False)) == ZonedClock(100, False, False, bytes(6))
    assert zoned_clock_of(None) == ZonedClock(0, False, False, bytes(6))


def test_the_first_and_the_last_day_of_a_week_are_days() -> None:
    for weekday in (1, 7):
        message = Clock(codes.LOCAL_TIME, True, bytes((26, 1, 1, 0, 0, 0, weekday)))
        assert GATEWAY.read("controller", frame_of(message)) == message


def test_an_interval_is_in_minutes_but_for_two() -> None:
    assert [WeatherSubscription(one, ()).seconds for one in (0, 10, 240, 255)] == [3600, 600, 14_400, 86_400]


@pytest.mark.parametrize(("raw", "value"), [(b"\x05", 5), (b"\xff", -1), (b"\1\0", 256), (bytes(8), 0)])
def test_an_integer_of_the_weather_has_any_width(raw: bytes, value: int) -> None:
    payload = b"\1\0\x06w.temp\0" + bytes((len(raw),)) + raw
    assert GATEWAY.read("controller", Frame(0, codes.SERVICES, payload)) == WeatherReport((("w.temp", value),))


def test_a_result_of_a_group_is_named_also_where_its_number_is_not_known() -> None:
    assert (group_result_text(0), group_result_text(1), group_result_text(9)) == ("done", "too many groups", "error 9")
