"""The command table of the Tuya gateway dialect. The controller is the Wi-Fi module, the device the gateway's MCU.

The framing is that of the ordinary line, the commands are not: 06 permits joining here. Sub-devices are named
by ASCII text with its length before it; the gateway itself is "0000". Texts leave the sub-command byte out.
Source: docs/protocols/tuya_gateway.md §1.4, §2.
"""

import msgspec

from unclouded.core.family import Sender
from unclouded.families.tuya.gateway.wire import codes, fields
from unclouded.families.tuya.gateway.wire.fields import byte, fields_reader, numbers
from unclouded.families.tuya.gateway.wire.messages import json_reader, points_reader
from unclouded.families.tuya.line.command import (
    SLOW_ANSWER_TIMEOUT_S,
    CommandSpec,
    CommandTable,
    Payload,
    gateway_bulk,
    json,
    none,
    short,
    units,
)
from unclouded.families.tuya.line.redact import Secret, hidden_in, redact
from unclouded.families.tuya.line.shapes import ID
from unclouded.families.tuya.messages import Unknown

BLOCK_TIMEOUT_S = 10.0  # until a block of an update is sent again; docs/protocols/tuya_gateway.md §1.7.3
LEARN_TIMEOUT_S = 31.0  # for a learned infrared code; docs/protocols/tuya_gateway.md §2.10.2
FIRST = "≈1.0.0"  # revision of the commands that the history does not date; docs/protocols/tuya_gateway.md §8

MODULE: Sender = "controller"
MCU: Sender = "device"


def _members(text: str, *secret: str, head: int = 0, result: bool = False) -> Payload:
    """A JSON object behind ``head`` bytes, the last of them a ``result``, with the members that are ``secret``."""
    return json(text, json_reader(head, result=result), Secret(head, secret) if secret else None)


def _points(text: str, *before: int) -> Payload:
    return units(text, points_reader(before), before)


def _short(text: str, size: int, layout: fields.Layout, sub: int | None = None) -> Payload:
    """At most so many bytes, read by a layout; behind the sub-command, where there is one."""
    return short(text, size, fields_reader(layout, sub))


def _bulk(text: str, layout: fields.Layout, sub: int | None = None, secret: Secret | None = None) -> Payload:
    return msgspec.structs.replace(gateway_bulk(text, secret), read=fields_reader(layout, sub))


def _sub_only(sub: int) -> Payload:
    """The sub-command alone."""
    return _short("nothing", 1, fields.nothing, sub)


nothing = _short("nothing", 0, fields.nothing)
reported = none("none of its own: 0d reports")
undocumented = Payload("none documented", sent=None)
accepted = _short("1 byte: 0 ok, 1 failed", 1, byte("result"))
group = _members("JSON gid, cids")
group_result = _members("JSON gid, cids, rets: 0 = ok")

GATEWAY = CommandTable(
    "gateway",
    (
        CommandSpec(
            codes.PRODUCT,
            "product info",
            MODULE,
            _short("nothing; version 01 asks for the PID too", 0, fields.nothing),
            _members("JSON v, m, cap, p, n, s, a"),
            timeout_s=SLOW_ANSWER_TIMEOUT_S,
            since="1.0.2",
        ),
        CommandSpec(
            codes.MODE,
            "working mode",
            MODULE,
            nothing,
            _short("nothing, or LED port and pin, key port and pin", 4, fields.working_mode),
            since="1.0.2",
        ),
        CommandSpec(
            codes.NETWORK, "network status", MODULE, _short("1 byte: 0 to 6", 1, byte("status")), nothing, since="1.0.2"
        ),
        CommandSpec(codes.RESET, "reset Wi-Fi", MCU, nothing, nothing, since="1.0.2"),
        CommandSpec(
            codes.RESET_MODE,
            "reset Wi-Fi, choose pairing",
            MCU,
            _short("1 byte: 0 SmartConfig, 1 AP", 1, byte("mode")),
            nothing,
            since="1.0.2",
        ),
        CommandSpec(codes.PERMIT, "permit joining", MODULE, nothing, nothing, since=FIRST),
        CommandSpec(codes.STOP_JOINING, "stop joining", MODULE, nothing, nothing, since=FIRST),
        CommandSpec(
            codes.ADD,
            "add a sub-device",
            MCU,
            _members("JSON pk_type, sub_id, pid, ver, channel, ota"),
            _short("1 byte: 0 accepted, 1 rejected", 1, byte("result")),
            since=FIRST,
        ),
        CommandSpec(
            codes.DELETE,
            "delete a sub-device (cloud)",
            MODULE,
            _members("JSON sub_id, devkey, tp", "devkey"),
            nothing,
            since=FIRST,
        ),
        CommandSpec(
            codes.HEARTBEAT,
            "heartbeat",
            MODULE,
            _members("JSON sub_id"),
            _members("JSON sub_id, lp, hb_time"),
            since=FIRST,
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
        ),
        CommandSpec(
            codes.SET,
            "set data points",
            MODULE,
            _points("length, sub_id, data points", ID),
            reported,
            answered_by=codes.REPORT,
            by_points=True,
            since=FIRST,
        ),
        CommandSpec(codes.REPORT, "report", MCU, _points("length, sub_id, data points", ID), none(), since=FIRST),
        CommandSpec(codes.GROUP_ADD, "add to a local group", MODULE, group, group_result, since="1.0.4"),
        CommandSpec(codes.GROUP_REMOVE, "remove from a local group", MODULE, group, group_result, since="1.0.4"),
        CommandSpec(
            codes.GMT,
            "time (GMT)",
            MCU,
            nothing,
            _short("7 bytes: 1 = ok, year - 2000 to second", 7, fields.clock),
            since="1.0.6",
        ),
        CommandSpec(
            codes.LOCAL_TIME,
            "time (local)",
            MCU,
            nothing,
            _short("8 bytes: as 10, and the weekday, 1 = Monday", 8, fields.local_clock),
            since="1.0.6",
        ),
        CommandSpec(
            codes.ADD_MANY,
            "add many sub-devices",
            MCU,
            _members("JSON pid, cids (1 to 32), ver, channel, ota"),
            accepted,
            since="1.0.6",
        ),
        CommandSpec(
            codes.ADD_RESULT,
            "add result",
            MODULE,
            _members("JSON cids, rets, key, virt_id", "key", "virt_id"),
            nothing,
            since="1.0.7",
        ),
        CommandSpec(
            codes.GROUP_SET,
            "set data points of a group",
            MODULE,
            _points("length, gid, data points", ID),
            nothing,
            since="1.0.7",
        ),
        CommandSpec(
            codes.WIFI_TEST,
            "Wi-Fi production test",
            MCU,
            nothing,
            _short("2 bytes: 1 = ok; detail", 2, byte("result", "detail")),
            since="1.0.7",
        ),
        CommandSpec(
            codes.NETWORK_QUERY,
            "network status asked for",
            MCU,
            nothing,
            _short("1 byte, as 03", 1, byte("status")),
            since="1.1.0",
        ),
        CommandSpec(
            codes.FACTORY_RESET,
            "restore factory settings (local)",
            MCU,
            nothing,
            Payload("none documented; 18 follows", sent=None),
            since="1.1.0",
        ),
        CommandSpec(
            codes.REMOVAL,
            "removal status",
            MODULE,
            _short("1 byte: 0 local factory to 4 cleared", 1, byte("removal")),
            undocumented,
            since="1.1.0",
        ),
        CommandSpec(
            codes.LOCAL_DELETE, "delete a sub-device (local)", MCU, _members("JSON sub_id"), accepted, since="1.1.0"
        ),
        CommandSpec(
            codes.LOCAL_PERMIT,
            "permit joining (local)",
            MCU,
            _short("1 byte: 0 or 1; 2 bytes: seconds", 3, numbers(("allow", 1), ("seconds", 2))),
            accepted,
            since="1.0.9",
        ),
        CommandSpec(
            codes.MEMORY, "free memory", MCU, nothing, _short("4 bytes", 4, numbers(("free", 4))), since="1.0.9"
        ),
        CommandSpec(
            codes.LIST,
            "list sub-devices",
            MCU,
            nothing,
            Payload("more and packet number, count, ids with lengths", read=fields_reader(fields.sub_devices)),
            since="1.1.0",
        ),
        CommandSpec(
            codes.UPDATE_START,
            "update start",
            MODULE,
            _short("4 bytes: size", 4, numbers(("size", 4))),
            _short("1 byte: 0 = 256, 1 = 512, 2 = 1024, 3 = 128 a block", 1, fields.packet_size),
            since="1.1.0",
        ),
        CommandSpec(
            codes.UPDATE_BLOCK,
            "update block",
            MODULE,
            _bulk("4 bytes: offset; data", fields.update_block),
            nothing,
            timeout_s=BLOCK_TIMEOUT_S,
            since="1.1.0",
        ),
        CommandSpec(
            codes.SUB_UPDATE_START,
            "sub-device update start",
            MODULE,
            Payload("length, sub_id; 4 bytes: size", read=fields_reader(fields.of_sub_device(numbers(("size", 4))))),
            _short("1 byte, as 1d", 1, fields.packet_size),
            since="≈1.1.0",
        ),
        CommandSpec(
            codes.SUB_UPDATE_BLOCK,
            "sub-device update block",
            MODULE,
            _bulk("length, sub_id, 4 bytes: offset; data", fields.of_sub_device(fields.update_block)),
            nothing,
            timeout_s=BLOCK_TIMEOUT_S,
            since="≈1.1.0",
        ),
        CommandSpec(
            codes.SUB_VERSION,
            "sub-device version",
            MODULE,
            _members("JSON sub_id"),
            _members("JSON sub_id, ver"),
            since="≈1.1.0",
        ),
        CommandSpec(
            codes.MEMBER_SET,
            "set data points of a group member",
            MODULE,
            _points("length, gid, length, sub_id, data points", ID, ID),
            nothing,
            since="1.1.1",
        ),
        CommandSpec(
            codes.PAIRING,
            "pairing over the line",
            MCU,
            json("JSON s, p, t", json_reader(texts=frozenset({"s"})), Secret()),
            _short("1 byte: 0 ok, 1 not pairing, 2 bad JSON", 1, byte("result")),
            since="1.1.2",
        ),
        CommandSpec(
            codes.BROADCAST,
            "pass-through broadcast",
            MODULE,
            _bulk("anything", fields.hidden, secret=Secret()),
            _short("2 bytes: 0 = ok; reason", 2, byte("result", "reason")),
            since="1.1.2",
        ),
        CommandSpec(
            codes.FROM_APP,
            "pass-through from the app",
            MCU,
            _bulk("anything, encrypted", fields.hidden, secret=Secret()),
            nothing,
            since="1.1.2",
        ),
        CommandSpec(
            codes.TO_APP,
            "pass-through to the app",
            MODULE,
            _bulk("anything, encrypted", fields.hidden, secret=Secret()),
            nothing,
            since="1.1.2",
        ),
        CommandSpec(
            codes.PHONE_LINK,
            "phone link state",
            MCU,
            _short("1 byte: 0 or 1", 1, byte("connected")),
            undocumented,
            since="1.1.2",
        ),
        CommandSpec(codes.DROP_PHONE, "drop the phone link", MODULE, nothing, nothing, since="1.1.2"),
        CommandSpec(
            codes.QUERY_POINTS,
            "query data points",
            MODULE,
            _members("JSON sub_id, dpid"),
            reported,
            answered_by=codes.REPORT,
            by_points=True,
            since="1.1.2",
        ),
        CommandSpec(
            codes.ONLINE, "set online or offline", MCU, _members("JSON all, cids, state"), accepted, since="1.1.3"
        ),
        CommandSpec(
            codes.MAC, "module's MAC", MCU, nothing, _short("7 bytes: 0 = ok; MAC", 7, fields.mac), since="1.1.3"
        ),
        CommandSpec(
            codes.RECORD,
            "record report with its time",
            MCU,
            _points("kind, time (6), length, sub_id, data points", 7, ID),
            accepted,
            since="1.1.3",
        ),
        CommandSpec(
            codes.BINDING,
            "binding state",
            MCU,
            _members("JSON sub_id, d_link, e_val", "e_val"),
            _members("JSON sub_id, ret: 0 here, 1 no, 3 phone, 4 unknown"),
            since="≈1.1.3",
        ),
        CommandSpec(
            codes.GROUP_MEMBER,
            "member of a group",
            MCU,
            _members("JSON gid, idx"),
            _members("JSON gid, sub_id"),
            since="≈1.1.5",
        ),
        CommandSpec(
            codes.GROUP_CHANGED, "group changed on the spot", MCU, _members("JSON gid, dpid"), accepted, since="≈1.1.5"
        ),
        CommandSpec(
            codes.INFRARED_SEND,
            "send an infrared code",
            MODULE,
            _bulk("number, repeat, 4 bytes: Hz, length, offset, code", fields.infrared_send, codes.INFRARED_CODE),
            _short("1 byte: 1 ok, 2 failed", 2, byte("result"), codes.INFRARED_CODE),
            codes.INFRARED_CODE,
            timeout_s=SLOW_ANSWER_TIMEOUT_S,
            since="1.1.8",
        ),
        CommandSpec(
            codes.INFRARED_LEARN,
            "learn an infrared code",
            MODULE,
            _short("1 byte: seconds", 2, byte("seconds"), codes.INFRARED_CODE),
            _bulk("4 bytes: Hz, length, offset, code in microseconds", fields.infrared_code, codes.INFRARED_CODE),
            codes.INFRARED_CODE,
            timeout_s=LEARN_TIMEOUT_S,
            since="1.1.8",
        ),
        CommandSpec(
            codes.INFRARED_STOP,
            "stop learning infrared",
            MODULE,
            nothing,
            _short("1 byte: 1 ok, 2 failed", 1, byte("result")),
            since="1.1.8",
        ),
        CommandSpec(
            codes.SERVICES,
            "subscribe to weather",
            MCU,
            Payload("1 byte: minutes; names with lengths", read=fields_reader(fields.weather_on, codes.WEATHER_ON)),
            _short("1 byte: 1 ok, 0 failed; reason", 3, fields.weather_answer, codes.WEATHER_ON),
            codes.WEATHER_ON,
            since="1.1.9",
        ),
        CommandSpec(
            codes.SERVICES,
            "weather data",
            MODULE,
            Payload("status; names, types, values", read=fields_reader(fields.weather, codes.WEATHER)),
            _sub_only(codes.WEATHER),
            codes.WEATHER,
            since="1.1.9",
        ),
        CommandSpec(
            codes.SERVICES,
            "weather now",
            MCU,
            Payload("names with lengths", read=fields_reader(fields.weather_names, codes.WEATHER_NOW)),
            _short("1 byte: 0 ok, 1 failed", 2, byte("result"), codes.WEATHER_NOW),
            codes.WEATHER_NOW,
            since="1.1.9",
        ),
        CommandSpec(
            codes.SERVICES,
            "time with its zone",
            MCU,
            _sub_only(codes.ZONED_TIME),
            _short("zone in hundredths of an hour, summer, 7 bytes as 10", 11, fields.zoned_clock, codes.ZONED_TIME),
            codes.ZONED_TIME,
            since="1.1.9",
        ),
        CommandSpec(
            codes.SERVICES,
            "pause or resume heartbeats",
            MCU,
            _short("1 byte: 1 resume, 0 pause", 2, byte("heartbeat"), codes.HEARTBEAT_PAUSE),
            _sub_only(codes.HEARTBEAT_PAUSE),
            codes.HEARTBEAT_PAUSE,
            since="1.1.9",
        ),
        CommandSpec(
            codes.SECURITY,
            "set the arming mode",
            MCU,
            _members("JSON mode, sub_id, delay", head=1),
            _short("1 byte: 0 ok", 2, byte("result"), codes.ARM),
            codes.ARM,
            since="1.1.6",
        ),
        CommandSpec(
            codes.SECURITY,
            "security info",
            MCU,
            _sub_only(codes.SECURITY_INFO),
            _members("1 byte: 0 ok; JSON mode, alarm, countdown", head=2, result=True),
            codes.SECURITY_INFO,
            since="1.1.6",
        ),
        CommandSpec(
            codes.SECURITY,
            "security state",
            MODULE,
            _members("JSON mode, delay, sound", head=1),
            _sub_only(codes.SECURITY_STATE),
            codes.SECURITY_STATE,
            since="1.1.6",
        ),
        CommandSpec(
            codes.SECURITY,
            "security event",
            MODULE,
            _members("JSON status, data", head=1),
            _sub_only(codes.SECURITY_EVENT),
            codes.SECURITY_EVENT,
            since="1.1.6",
        ),
        CommandSpec(
            codes.ALARM,
            "alarm on or off (local)",
            MCU,
            _short("1 byte: 0 normal", 2, byte("alarm"), codes.LOCAL_ALARM),
            _short("1 byte: 0 ok", 2, byte("result"), codes.LOCAL_ALARM),
            codes.LOCAL_ALARM,
            since="1.1.6",
        ),
        CommandSpec(
            codes.ALARM,
            "cancel the alarm",
            MODULE,
            _short("1 byte: 0", 2, byte("value"), codes.ALARM_CANCEL),
            _sub_only(codes.ALARM_CANCEL),
            codes.ALARM_CANCEL,
            since="1.1.6",
        ),
        CommandSpec(
            codes.ALARM,
            "alarm information",
            MODULE,
            _members("JSON type, sub_id, dp_inf", head=1),
            _sub_only(codes.ALARM_INFO),
            codes.ALARM_INFO,
            since="1.1.6",
        ),
        CommandSpec(
            codes.ALARM,
            "alarm delay",
            MODULE,
            _short("1 byte: 0 none, 1 running, 2 over", 2, byte("delay"), codes.ALARM_DELAY),
            _sub_only(codes.ALARM_DELAY),
            codes.ALARM_DELAY,
            since="1.1.6",
        ),
        CommandSpec(
            codes.ALARM,
            "alarm information (new)",
            MODULE,
            _members("JSON type, sub_id, dp_inf, gp", head=1),
            _sub_only(codes.ALARM_INFO_NEW),
            codes.ALARM_INFO_NEW,
            since="1.1.9",
        ),
        CommandSpec(
            codes.ALARM,
            "alarm state (new)",
            MODULE,
            _short("1 byte: 0 cancelled, 1 alarming", 2, byte("alarm"), codes.ALARM_STATE_NEW),
            _sub_only(codes.ALARM_STATE_NEW),
            codes.ALARM_STATE_NEW,
            since="1.1.9",
        ),
    ),
    Unknown,
)


def gateway_redact(sender: Sender | None, data: bytes) -> bytes:
    """The same bytes with keys, Wi-Fi names, passwords and tokens blanked, whoever sends them."""
    return redact(GATEWAY.secrets, data)


def gateway_hidden(sender: Sender | None, before: bytes, data: bytes) -> bytes:
    """Which bytes are not to be shown, whoever sends them."""
    return hidden_in(GATEWAY.secrets, before, data)
