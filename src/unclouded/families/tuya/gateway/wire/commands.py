"""The command table of the Tuya gateway dialect. The controller is the Wi-Fi module, the device the gateway's MCU.

The framing is that of the ordinary line, the commands are not: 06 permits joining here. Sub-devices are named
by ASCII text with its length before it; the gateway itself is "0000". Texts leave the sub-command byte out.
Source: docs/protocols/tuya_gateway.md §1.4, §2.
"""

import msgspec

from unclouded.core.family import Sender
from unclouded.families.tuya.gateway.wire import codes
from unclouded.families.tuya.gateway.wire.group_messages import (
    GroupChange,
    GroupMembers,
    GroupResult,
    MemberQuery,
    MemberReply,
)
from unclouded.families.tuya.gateway.wire.infrared_messages import (
    packet_problem,
    read_infrared_learn,
    read_infrared_learned,
    read_infrared_send,
    read_infrared_stop,
    read_infrared_stopped,
)
from unclouded.families.tuya.gateway.wire.message_parts import (
    CheckedMessage,
    bare_sub_reader,
    byte_problem,
    in_range,
    json_reader,
    read_bare_request,
    result_reader,
)
from unclouded.families.tuya.gateway.wire.pairing_messages import (
    SerialCredentials,
    read_broadcast_result,
    read_pass_through,
    read_phone_link,
)
from unclouded.families.tuya.gateway.wire.point_messages import POINT_READERS
from unclouded.families.tuya.gateway.wire.security_messages import (
    AlarmInfo,
    ArmCommand,
    SecurityEvent,
    SecurityState,
    read_alarm_cancel,
    read_alarm_delay,
    read_alarm_state,
    read_local_alarm,
    read_security_info,
)
from unclouded.families.tuya.gateway.wire.service_messages import (
    WeatherSubscription,
    read_gmt,
    read_heartbeat_pause,
    read_local_time,
    read_weather_accepted,
    read_weather_report,
    read_weather_request,
    read_weather_subscription,
    read_zoned_clock,
)
from unclouded.families.tuya.gateway.wire.start_messages import (
    ProductInfo,
    ProductionTest,
    read_local_permit,
    read_mac,
    read_memory,
    read_network,
    read_pairing_reset,
    read_product_query,
    read_production_test,
    read_removal,
    read_working_mode,
    working_mode_problem,
)
from unclouded.families.tuya.gateway.wire.sub_device_messages import (
    AddResult,
    AddSubDevice,
    AddSubDevices,
    BindingQuery,
    BindingReply,
    DeleteSubDevice,
    HeartbeatQuery,
    HeartbeatReply,
    LocalDelete,
    PointsQuery,
    PresenceChange,
    VersionQuery,
    VersionReply,
    list_problem,
    read_device_list,
)
from unclouded.families.tuya.gateway.wire.update_messages import (
    block_problem,
    read_packet_size,
    read_sub_update_block,
    read_sub_update_start,
    read_update_block,
    read_update_start,
    start_problem,
)
from unclouded.families.tuya.line.command import (
    SLOW_ANSWER_TIMEOUT_S,
    CommandSpec,
    CommandTable,
    Payload,
    Reader,
    gateway_bulk,
    json,
    none,
    short,
    units,
)
from unclouded.families.tuya.line.fields import (
    CLOCK,
    COUNTED,
    COUNTED_MANY,
    JSON,
    REST,
    WEATHER,
    Field,
    each,
)
from unclouded.families.tuya.line.redact import Secret, hidden_in, redact
from unclouded.families.tuya.line.shapes import ID, Shape
from unclouded.families.tuya.messages import Unknown

BLOCK_TIMEOUT_S = 10.0  # until a block of an update is sent again; docs/protocols/tuya_gateway.md §1.7.3
LEARN_TIMEOUT_S = 31.0  # for a learned infrared code; docs/protocols/tuya_gateway.md §2.10.2
ID_LISTS_CAP = 2048  # bytes; 32 sub-devices with their keys; docs/protocols/tuya_gateway.md §1.7.2
FIRST = "≈1.0.0"  # revision of the commands that the history does not date; docs/protocols/tuya_gateway.md §8

INFRARED_FIELDS: tuple[Field, ...] = (("freq", 4), ("len", 2), ("offset", 2), ("code", REST))

MODULE: Sender = "controller"
MCU: Sender = "device"


def _members(text: str, kind: type[CheckedMessage], *secret: str, sub: int | None = None) -> Payload:
    """A JSON object, behind the sub-command where there is one, with the members that are ``secret``."""
    head = 0 if sub is None else 1
    return json(text, json_reader(kind, sub), Secret(head, secret) if secret else None)


def _id_lists(text: str, kind: type[CheckedMessage], *secret: str) -> Payload:
    """The same with lists of ids, and so longer."""
    return msgspec.structs.replace(_members(text, kind, *secret), shape=Shape(ID_LISTS_CAP))


def _points(text: str, code: int, *before: int, fields: tuple[Field, ...]) -> Payload:
    """Data points behind an id; there may be none."""
    payload = units(text, POINT_READERS[code], before, fields)
    return msgspec.structs.replace(payload, shape=msgspec.structs.replace(payload.shape, may_be_empty=True))


def _bulk(
    text: str, read: Reader, secret: Secret | None = None, fields: tuple[Field, ...] = (("data", REST),)
) -> Payload:
    return msgspec.structs.replace(gateway_bulk(text, secret), read=read, fields=fields)


def _sub_only(sub: int) -> Payload:
    """The sub-command alone."""
    return short("nothing", 1, bare_sub_reader(sub))


nothing = short("nothing", 0, read_bare_request)
reported = none("none of its own: 0d reports")
undocumented = Payload("none documented", sent=None, read=read_bare_request)
RESULT = each("result")
accepted = short("1 byte: 0 ok, 1 failed", 1, result_reader(), RESULT)
status = in_range(read_network, byte_problem("status", 6))
packet_size = short("1 byte: 0 = 256, 1 = 512, 2 = 1024, 3 = 128 a block", 1, read_packet_size, each("packet_size"))
group = _id_lists("JSON gid, cids", GroupMembers)
group_result = _id_lists("JSON gid, cids, rets: 0 = ok", GroupResult)

GATEWAY = CommandTable(
    "gateway",
    (
        CommandSpec(
            codes.PRODUCT,
            "product info",
            MODULE,
            short("nothing; version 01 asks for the PID too", 0, read_product_query),
            _members("JSON v, m, cap, p, n, s, a", ProductInfo),
            timeout_s=SLOW_ANSWER_TIMEOUT_S,
            since="1.0.2",
            section="2.1.1",
        ),
        CommandSpec(
            codes.MODE,
            "working mode",
            MODULE,
            nothing,
            short(
                "nothing, or LED port and pin, key port and pin",
                4,
                in_range(read_working_mode, working_mode_problem),
                each("led_port", "led_pin", "key_port", "key_pin"),
            ),
            since="1.0.2",
            section="2.1.2",
        ),
        CommandSpec(
            codes.NETWORK,
            "network status",
            MODULE,
            short("1 byte: 0 to 6", 1, status, each("status")),
            nothing,
            pushed="some MCUs ask for the status so",
            since="1.0.2",
            section="2.1.3",
        ),
        CommandSpec(codes.RESET, "reset Wi-Fi", MCU, nothing, nothing, since="1.0.2", section="2.1.4"),
        CommandSpec(
            codes.RESET_MODE,
            "reset Wi-Fi, choose pairing",
            MCU,
            short(
                "1 byte: 0 SmartConfig, 1 AP", 1, in_range(read_pairing_reset, byte_problem("mode", 1)), each("mode")
            ),
            nothing,
            since="1.0.2",
            section="2.1.5",
        ),
        CommandSpec(codes.PERMIT, "permit joining", MODULE, nothing, nothing, since=FIRST, section="2.2.1"),
        CommandSpec(codes.STOP_JOINING, "stop joining", MODULE, nothing, nothing, since=FIRST, section="2.2.2"),
        CommandSpec(
            codes.ADD,
            "add a sub-device",
            MCU,
            _members("JSON pk_type, sub_id, pid, ver, channel, ota", AddSubDevice),
            short("1 byte: 0 accepted, 1 rejected", 1, result_reader(), RESULT),
            since=FIRST,
            section="2.2.3",
        ),
        CommandSpec(
            codes.DELETE,
            "delete a sub-device (cloud)",
            MODULE,
            _members("JSON sub_id, devkey, tp", DeleteSubDevice, "devkey"),
            nothing,
            since=FIRST,
            section="2.2.6",
        ),
        CommandSpec(
            codes.HEARTBEAT,
            "heartbeat",
            MODULE,
            _members("JSON sub_id", HeartbeatQuery),
            _members("JSON sub_id, lp, hb_time", HeartbeatReply),
            pushed="the sub-device is there again",
            since=FIRST,
            section="2.3.1",
        ),
        CommandSpec(
            codes.QUERY_ALL,
            "query all",
            MODULE,
            nothing,
            reported,
            answered_by=codes.REPORT,
            by_points=True,
            since=FIRST,
            section="2.4.1",
        ),
        CommandSpec(
            codes.SET,
            "set data points",
            MODULE,
            _points("length, sub_id, data points", codes.SET, ID, fields=(("sub_id", COUNTED),)),
            reported,
            answered_by=codes.REPORT,
            by_points=True,
            since=FIRST,
            section="2.4.2",
        ),
        CommandSpec(
            codes.REPORT,
            "report",
            MCU,
            _points("length, sub_id, data points", codes.REPORT, ID, fields=(("sub_id", COUNTED),)),
            none(),
            since=FIRST,
            section="2.4.3",
        ),
        CommandSpec(
            codes.GROUP_ADD, "add to a local group", MODULE, group, group_result, since="1.0.4", section="2.5.1"
        ),
        CommandSpec(
            codes.GROUP_REMOVE, "remove from a local group", MODULE, group, group_result, since="1.0.4", section="2.5.2"
        ),
        CommandSpec(
            codes.GMT,
            "time (GMT)",
            MCU,
            nothing,
            short("7 bytes: 1 = ok, year - 2000 to second", 7, read_gmt, CLOCK),
            since="1.0.6",
            section="2.6.1",
        ),
        CommandSpec(
            codes.LOCAL_TIME,
            "time (local)",
            MCU,
            nothing,
            short("8 bytes: as 10, and the weekday, 1 = Monday", 8, read_local_time, (*CLOCK, *each("weekday"))),
            since="1.0.6",
            section="2.6.2",
        ),
        CommandSpec(
            codes.ADD_MANY,
            "add many sub-devices",
            MCU,
            _id_lists("JSON pid, cids (1 to 32), ver, channel, ota", AddSubDevices),
            accepted,
            since="1.0.6",
            section="2.2.4",
        ),
        CommandSpec(
            codes.ADD_RESULT,
            "add result",
            MODULE,
            _id_lists("JSON cids, rets, key, virt_id", AddResult, "key", "virt_id"),
            nothing,
            since="1.0.7",
            section="2.2.5",
        ),
        CommandSpec(
            codes.GROUP_SET,
            "set data points of a group",
            MODULE,
            _points("length, gid, data points", codes.GROUP_SET, ID, fields=(("grp_id", COUNTED),)),
            nothing,
            since="1.0.7",
            section="2.5.3",
        ),
        CommandSpec(
            codes.WIFI_TEST,
            "Wi-Fi production test",
            MCU,
            nothing,
            short(
                "2 bytes: 1 = ok; detail",
                2,
                in_range(read_production_test, ProductionTest.problem),
                each("result", "detail"),
            ),
            since="1.0.7",
            section="2.1.6",
        ),
        CommandSpec(
            codes.NETWORK_QUERY,
            "network status asked for",
            MCU,
            nothing,
            short("1 byte, as 03", 1, status, each("status")),
            since="1.1.0",
            section="2.1.7",
        ),
        CommandSpec(
            codes.FACTORY_RESET,
            "restore factory settings (local)",
            MCU,
            nothing,
            Payload("none documented; 18 follows", sent=None, read=read_bare_request),
            since="1.1.0",
            section="2.2.9",
        ),
        CommandSpec(
            codes.REMOVAL,
            "removal status",
            MODULE,
            short(
                "1 byte: 0 local factory to 4 cleared",
                1,
                in_range(read_removal, byte_problem("removal", 4)),
                each("removal"),
            ),
            undocumented,
            since="1.1.0",
            section="2.2.10",
        ),
        CommandSpec(
            codes.LOCAL_DELETE,
            "delete a sub-device (local)",
            MCU,
            _members("JSON sub_id", LocalDelete),
            accepted,
            since="1.1.0",
            section="2.2.7",
        ),
        CommandSpec(
            codes.LOCAL_PERMIT,
            "permit joining (local)",
            MCU,
            short("1 byte: 0 or 1; 2 bytes: seconds", 3, read_local_permit, (*each("allow"), ("seconds", 2))),
            accepted,
            since="1.0.9",
            section="2.2.8",
        ),
        CommandSpec(
            codes.MEMORY,
            "free memory",
            MCU,
            nothing,
            short("4 bytes", 4, read_memory, (("free", 4),)),
            since="1.0.9",
            section="2.1.8",
        ),
        CommandSpec(
            codes.LIST,
            "list sub-devices",
            MCU,
            nothing,
            Payload(
                "more and packet number, count, ids with lengths",
                read=in_range(read_device_list, list_problem),
                fields=(*each("packet", "count"), ("sub_id", COUNTED_MANY)),
            ),
            since="1.1.0",
            section="2.7.1",
        ),
        CommandSpec(
            codes.UPDATE_START,
            "update start",
            MODULE,
            short("4 bytes: size", 4, read_update_start, (("size", 4),)),
            packet_size,
            since="1.1.0",
            section="2.8.1",
        ),
        CommandSpec(
            codes.UPDATE_BLOCK,
            "update block",
            MODULE,
            _bulk(
                "4 bytes: offset; data",
                in_range(read_update_block, block_problem),
                fields=(("offset", 4), ("data", REST)),
            ),
            nothing,
            timeout_s=BLOCK_TIMEOUT_S,
            since="1.1.0",
            section="2.8.2",
        ),
        CommandSpec(
            codes.SUB_UPDATE_START,
            "sub-device update start",
            MODULE,
            Payload(
                "length, sub_id; 4 bytes: size",
                read=in_range(read_sub_update_start, start_problem),
                fields=(("sub_id", COUNTED), ("size", 4)),
            ),
            short("1 byte, as 1d", 1, read_packet_size, each("packet_size")),
            since="≈1.1.0",
            section="2.8.3",
        ),
        CommandSpec(
            codes.SUB_UPDATE_BLOCK,
            "sub-device update block",
            MODULE,
            _bulk(
                "length, sub_id, 4 bytes: offset; data",
                in_range(read_sub_update_block, block_problem),
                fields=(("sub_id", COUNTED), ("offset", 4), ("data", REST)),
            ),
            nothing,
            timeout_s=BLOCK_TIMEOUT_S,
            since="≈1.1.0",
            section="2.8.4",
        ),
        CommandSpec(
            codes.SUB_VERSION,
            "sub-device version",
            MODULE,
            _members("JSON sub_id", VersionQuery),
            _members("JSON sub_id, ver", VersionReply),
            since="≈1.1.0",
            section="2.8.5",
        ),
        CommandSpec(
            codes.MEMBER_SET,
            "set data points of a group member",
            MODULE,
            _points(
                "length, gid, length, sub_id, data points",
                codes.MEMBER_SET,
                ID,
                ID,
                fields=(("grp_id", COUNTED), ("sub_id", COUNTED)),
            ),
            nothing,
            since="1.1.1",
            section="2.5.4",
        ),
        CommandSpec(
            codes.PAIRING,
            "pairing over the line",
            MCU,
            json("JSON s, p, t", json_reader(SerialCredentials, texts=frozenset({"s"})), Secret()),
            short("1 byte: 0 ok, 1 not pairing, 2 bad JSON", 1, result_reader(), RESULT),
            since="1.1.2",
            section="2.9.1",
        ),
        CommandSpec(
            codes.BROADCAST,
            "pass-through broadcast",
            MODULE,
            _bulk("anything", read_pass_through, Secret()),
            short("2 bytes: 0 = ok; reason", 2, read_broadcast_result, each("result", "reason")),
            since="1.1.2",
            section="2.9.2",
        ),
        CommandSpec(
            codes.FROM_APP,
            "pass-through from the app",
            MCU,
            _bulk("anything, encrypted", read_pass_through, Secret()),
            nothing,
            since="1.1.2",
            section="2.9.3",
        ),
        CommandSpec(
            codes.TO_APP,
            "pass-through to the app",
            MODULE,
            _bulk("anything, encrypted", read_pass_through, Secret()),
            nothing,
            since="1.1.2",
            section="2.9.4",
        ),
        CommandSpec(
            codes.PHONE_LINK,
            "phone link state",
            MCU,
            short("1 byte: 0 or 1", 1, read_phone_link, each("connected")),
            undocumented,
            since="1.1.2",
            section="2.9.5",
        ),
        CommandSpec(codes.DROP_PHONE, "drop the phone link", MODULE, nothing, nothing, since="1.1.2", section="2.9.6"),
        CommandSpec(
            codes.QUERY_POINTS,
            "query data points",
            MODULE,
            _members("JSON sub_id, dpid", PointsQuery),
            reported,
            answered_by=codes.REPORT,
            by_points=True,
            since="1.1.2",
            section="2.4.4",
        ),
        CommandSpec(
            codes.ONLINE,
            "set online or offline",
            MCU,
            _id_lists("JSON all, cids, state", PresenceChange),
            accepted,
            since="1.1.3",
            section="2.3.2",
        ),
        CommandSpec(
            codes.MAC,
            "module's MAC",
            MCU,
            nothing,
            short("7 bytes: 0 = ok; MAC", 7, read_mac, (*RESULT, ("mac", 6))),
            since="1.1.3",
            section="2.1.9",
        ),
        CommandSpec(
            codes.RECORD,
            "record report with its time",
            MCU,
            _points(
                "kind, time (6), length, sub_id, data points",
                codes.RECORD,
                7,
                ID,
                fields=(*each("kind"), ("time", 6), ("sub_id", COUNTED)),
            ),
            accepted,
            since="1.1.3",
            section="2.4.5",
        ),
        CommandSpec(
            codes.BINDING,
            "binding state",
            MCU,
            _members("JSON sub_id, d_link, e_val", BindingQuery, "e_val"),
            _members("JSON sub_id, ret: 0 here, 1 no, 3 phone, 4 unknown", BindingReply),
            since="≈1.1.3",
            section="2.7.2",
        ),
        CommandSpec(
            codes.GROUP_MEMBER,
            "member of a group",
            MCU,
            _members("JSON gid, idx", MemberQuery),
            _members("JSON gid, sub_id", MemberReply),
            since="≈1.1.5",
            section="2.5.5",
        ),
        CommandSpec(
            codes.GROUP_CHANGED,
            "group changed on the spot",
            MCU,
            _members("JSON gid, dpid", GroupChange),
            accepted,
            since="≈1.1.5",
            section="2.5.6",
        ),
        CommandSpec(
            codes.INFRARED_SEND,
            "send an infrared code",
            MODULE,
            _bulk(
                "number, repeat, 4 bytes: Hz, length, offset, code",
                in_range(read_infrared_send, packet_problem, codes.INFRARED_CODE),
                fields=(*each("total, index", "repeat"), *INFRARED_FIELDS),
            ),
            short("1 byte: 1 ok, 2 failed", 2, result_reader(codes.INFRARED_CODE), RESULT),
            codes.INFRARED_CODE,
            timeout_s=SLOW_ANSWER_TIMEOUT_S,
            since="1.1.8",
            section="2.10.1",
        ),
        CommandSpec(
            codes.INFRARED_LEARN,
            "learn an infrared code",
            MODULE,
            short("1 byte: seconds", 2, read_infrared_learn, each("seconds")),
            _bulk(
                "4 bytes: Hz, length, offset, code in microseconds",
                in_range(read_infrared_learned, packet_problem, codes.INFRARED_CODE),
                fields=INFRARED_FIELDS,
            ),
            codes.INFRARED_CODE,
            timeout_s=LEARN_TIMEOUT_S,
            since="1.1.8",
            section="2.10.2",
        ),
        CommandSpec(
            codes.INFRARED_STOP,
            "stop learning infrared",
            MODULE,
            short("nothing", 1, read_infrared_stop),
            short("1 byte: 1 ok, 2 failed", 2, read_infrared_stopped, RESULT),
            since="1.1.8",
            section="2.10.3",
        ),
        CommandSpec(
            codes.SERVICES,
            "subscribe to weather",
            MCU,
            Payload(
                "1 byte: minutes; names with lengths",
                read=in_range(read_weather_subscription, WeatherSubscription.problem, codes.WEATHER_ON),
                fields=(*each("interval"), ("name", COUNTED_MANY)),
            ),
            short("1 byte: 1 ok, 0 failed; reason", 3, read_weather_accepted, each("result", "error")),
            codes.WEATHER_ON,
            since="1.1.9",
            section="2.11.1",
        ),
        CommandSpec(
            codes.SERVICES,
            "weather data",
            MODULE,
            Payload("status; names, types, values", read=read_weather_report, fields=(("weather", WEATHER),)),
            _sub_only(codes.WEATHER),
            codes.WEATHER,
            since="1.1.9",
            section="2.11.2",
        ),
        CommandSpec(
            codes.SERVICES,
            "weather now",
            MCU,
            Payload("names with lengths", read=read_weather_request, fields=(("name", COUNTED_MANY),)),
            short("1 byte: 0 ok, 1 failed", 2, result_reader(codes.WEATHER_NOW), RESULT),
            codes.WEATHER_NOW,
            since="1.1.9",
            section="2.11.3",
        ),
        CommandSpec(
            codes.SERVICES,
            "time with its zone",
            MCU,
            _sub_only(codes.ZONED_TIME),
            short(
                "zone in hundredths of an hour, summer, 7 bytes as 10",
                11,
                read_zoned_clock,
                (("zone", 2), *each("dst"), *CLOCK),
            ),
            codes.ZONED_TIME,
            since="1.1.9",
            section="2.6.3",
        ),
        CommandSpec(
            codes.SERVICES,
            "pause or resume heartbeats",
            MCU,
            short(
                "1 byte: 1 resume, 0 pause",
                2,
                in_range(read_heartbeat_pause, byte_problem("heartbeat", 1), codes.HEARTBEAT_PAUSE),
                each("heartbeat"),
            ),
            _sub_only(codes.HEARTBEAT_PAUSE),
            codes.HEARTBEAT_PAUSE,
            since="1.1.9",
            section="2.3.3",
        ),
        CommandSpec(
            codes.SECURITY,
            "set the arming mode",
            MCU,
            _members("JSON mode, sub_id, delay", ArmCommand, sub=codes.ARM),
            short("1 byte: 0 ok", 2, result_reader(codes.ARM), RESULT),
            codes.ARM,
            since="1.1.6",
            section="2.12.2",
        ),
        CommandSpec(
            codes.SECURITY,
            "security info",
            MCU,
            _sub_only(codes.SECURITY_INFO),
            Payload(
                "1 byte: 0 ok; JSON mode, alarm, countdown", read=read_security_info, json=True, fields=(*RESULT, JSON)
            ),
            codes.SECURITY_INFO,
            since="1.1.6",
            section="2.12.3",
        ),
        CommandSpec(
            codes.SECURITY,
            "security state",
            MODULE,
            _members("JSON mode, delay, sound", SecurityState, sub=codes.SECURITY_STATE),
            _sub_only(codes.SECURITY_STATE),
            codes.SECURITY_STATE,
            since="1.1.6",
            section="2.12.4",
        ),
        CommandSpec(
            codes.SECURITY,
            "security event",
            MODULE,
            json("JSON status, data", json_reader(SecurityEvent, codes.SECURITY_EVENT, frozenset({"data"}))),
            _sub_only(codes.SECURITY_EVENT),
            codes.SECURITY_EVENT,
            since="1.1.6",
            section="2.12.5",
        ),
        CommandSpec(
            codes.ALARM,
            "alarm on or off (local)",
            MCU,
            short("1 byte: 0 normal", 2, read_local_alarm, each("alarm")),
            short("1 byte: 0 ok", 2, result_reader(codes.LOCAL_ALARM), RESULT),
            codes.LOCAL_ALARM,
            since="1.1.6",
            section="2.12.6",
        ),
        CommandSpec(
            codes.ALARM,
            "cancel the alarm",
            MODULE,
            short("1 byte: 0", 2, read_alarm_cancel, each("value")),
            _sub_only(codes.ALARM_CANCEL),
            codes.ALARM_CANCEL,
            since="1.1.6",
            section="2.12.7",
        ),
        CommandSpec(
            codes.ALARM,
            "alarm information",
            MODULE,
            _members("JSON type, sub_id, dp_inf", AlarmInfo, sub=codes.ALARM_INFO),
            _sub_only(codes.ALARM_INFO),
            codes.ALARM_INFO,
            since="1.1.6",
            section="2.12.8",
        ),
        CommandSpec(
            codes.ALARM,
            "alarm delay",
            MODULE,
            short(
                "1 byte: 0 none, 1 running, 2 over",
                2,
                in_range(read_alarm_delay, byte_problem("delay", 2), codes.ALARM_DELAY),
                each("delay"),
            ),
            _sub_only(codes.ALARM_DELAY),
            codes.ALARM_DELAY,
            since="1.1.6",
            section="2.12.9",
        ),
        CommandSpec(
            codes.ALARM,
            "alarm information (new)",
            MODULE,
            _members("JSON type, sub_id, dp_inf, gp", AlarmInfo, sub=codes.ALARM_INFO_NEW),
            _sub_only(codes.ALARM_INFO_NEW),
            codes.ALARM_INFO_NEW,
            since="1.1.9",
            section="2.12.10",
        ),
        CommandSpec(
            codes.ALARM,
            "alarm state (new)",
            MODULE,
            short(
                "1 byte: 0 cancelled, 1 alarming",
                2,
                in_range(read_alarm_state, byte_problem("alarm", 1), codes.ALARM_STATE_NEW),
                each("alarm"),
            ),
            _sub_only(codes.ALARM_STATE_NEW),
            codes.ALARM_STATE_NEW,
            since="1.1.9",
            section="2.12.11",
        ),
    ),
    Unknown,
    page="docs/protocols/tuya_gateway.md",
)


def gateway_redact(sender: Sender | None, data: bytes) -> bytes:
    """The same bytes with keys, Wi-Fi names, passwords and tokens blanked, whoever sends them."""
    return redact(GATEWAY.secrets, data)


def gateway_hidden(sender: Sender | None, before: bytes, data: bytes) -> bytes:
    """Which bytes are not to be shown, whoever sends them."""
    return hidden_in(GATEWAY.secrets, before, data)
