"""A gateway's MCU of ours with one rule broken each, and what the checks must find. For test_gateway.py."""

from collections.abc import Mapping

from conformance.gateway_ends import LOCK, MOTION, PLUG
from conformance.gateway_mutants import (
    BrokenGateway,
    broken_mcu,
    broken_other,
    counting,
    line_intos,
    losing,
    losing_each_second,
    losing_repeats,
    never_again,
    only_up_to,
    points,
    replacing,
    several,
    taken,
    text,
    unresponsive_after_bytes,
)
from conformance.mutants import dropping, once_only, payload, repaired, twice, version, with_frame
from unclouded.conformance.tuya.frames import unit
from unclouded.conformance.tuya_gateway.gateway_frames import UNKNOWN_GROUP, UNKNOWN_ID, add_one, counted
from unclouded.conformance.tuya_gateway.gateway_mcu_notice_checks import BAD_JSON
from unclouded.families.tuya.line.datapoint import BITMAP, BOOL, ENUM, RAW, STRING, VALUE
from unclouded.families.tuya.line.framing import Frame

STRANGE = counted("x" * 30) + unit(1, BOOL, b"\1")
NO_ONE = UNKNOWN_ID.encode()


def _cut_taken(data: bytes) -> bytes:
    """A data point that is longer than its frame is taken for one of a byte."""
    return data[:-5] + data[-5:-2] + bytes((1,)) + data[-1:] if data[-3:-1] == b"\0\x09" else data


def _short_id(data: bytes) -> bytes:
    return counted(PLUG) + data[1 + len(PLUG) :] if data[0] == 250 else data


START: Mapping[str, BrokenGateway] = {
    "answers 01 twice and no more": broken_mcu("product.answered", out=once_only(0x01, most=2)),
    "reports itself without JSON": broken_mcu(
        *(f"product.{name}" for name in ("readable", "strict", "version", "m", "cap", "id")),
        out=payload(0x01, lambda data: b"{"),
    ),
    "has a version of two numbers": broken_mcu("product.version", out=text(0x01, b'"1.0.0"', b'"1.0"')),
    "has m 7": broken_mcu("product.m", out=text(0x01, b'"m":0', b'"m":7')),
    "has cap as a text": broken_mcu("product.cap", out=text(0x01, b'"cap":', b'"cap":"x","y":')),
    "has n 7": broken_mcu("product.n", out=text(0x01, b'"m":0', b'"m":0,"n":7')),
    "has s 5": broken_mcu("product.s", out=text(0x01, b'"s":1', b'"s":5')),
    "has a 9": broken_mcu("product.a", out=text(0x01, b'"a":1', b'"a":9')),
    "reports itself differently": broken_mcu(
        "product.constant", out=counting(0x01, lambda count, data: data.replace(b"1.0.0", b"1.0.%d" % (count % 10)))
    ),
    "names its product unasked": broken_mcu(
        "product.no-id", out=payload(0x01, lambda data: data if b'"p"' in data else data[:-1] + b',"p":"x"}')
    ),
    "answers 02 by two bytes": broken_mcu("mode.length", out=payload(0x02, lambda data: b"\1\2")),
    "has port 7": broken_other("mode.pins", out=payload(0x02, lambda data: b"\7\3\1\2")),
    "acknowledges no network status": broken_mcu(
        *(f"network.{name}" for name in ("router", "cloud", "pairing", "others", "both", "first-time")),
        out=dropping(0x03),
    ),
    "acknowledges each status twice": broken_mcu("network.once", out=twice(0x03)),
    "acknowledges only the first network states": broken_mcu("start.again", out=once_only(0x03, most=2)),
    "is unresponsive after a stray answer": broken_mcu(
        "start.stray-answers", into=unresponsive_after_bytes(b"\x1b\x00\x04\0\0\0\0")
    ),
}
JOINS: Mapping[str, BrokenGateway] = {
    "asks to join at any time": broken_mcu("join.window", out=with_frame(0x01, Frame(0, 0x08, add_one("stray")))),
    "names no version": broken_mcu("join.members", "join.version", out=text(0x08, b'"ver"', b'"vex"')),
    "names the gateway": broken_mcu("join.ids", out=text(0x08, LOCK.encode(), b"0000")),
    "names a short product": broken_mcu("join.product", out=text(0x08, b"uncloudedlocksub", b"lock")),
    "names version 1.0": broken_mcu("join.version", out=text(0x08, b'"1.0.0"', b'"1.0"')),
    "names 33 at once": broken_mcu(
        "join.batch",
        out=payload(
            0x12, lambda data: data.replace(b'"cids":[', b'"cids":[' + b"".join(b'"%d",' % n for n in range(30)))
        ),
    ),
    "asks five times": broken_mcu("join.rejected", out=several(0x08, 5)),
    "does not acknowledge results": broken_mcu("join.result", out=dropping(0x13)),
    "takes a failure for success": broken_mcu("join.failed", into=replacing(0x13, b'"rets":[1]', b'"rets":[0]')),
    "acknowledges 06 with a byte": broken_mcu("join.empty-answers", out=payload(0x06, lambda data: b"\0")),
    "does not acknowledge 06": broken_mcu("permit.answered", out=dropping(0x06)),
    "does not acknowledge 07": broken_mcu("permit.stop", out=dropping(0x07)),
    "answers no heartbeat": broken_mcu("heartbeat.answered", out=dropping(0x0A)),
    "answers heartbeats for another": broken_mcu(
        "heartbeat.id", "heartbeat.in-a-row", out=payload(0x0A, lambda data: b'{"sub_id":"x","lp":0}')
    ),
    "has lp 5": broken_mcu("heartbeat.power", out=text(0x0A, b'"lp":', b'"lp":5,"x":')),
    "answers for anyone": broken_mcu("heartbeat.unknown", into=replacing(0x0A, NO_ONE, PLUG.encode())),
    "takes no further members": broken_mcu("heartbeat.more-members", into=losing(0x0A, b"later")),
    "answers each second heartbeat": broken_mcu("heartbeat.in-a-row", into=losing_each_second(0x0A)),
    "reports no versions": broken_mcu("version.answered", out=dropping(0x21)),
    "is unresponsive after a version of an unknown sub-device": broken_mcu(
        "version.unknown", into=unresponsive_after_bytes(b"\x21\x00\x1d" + b'{"sub_id":"' + NO_ONE)
    ),
    "acknowledges no 09 of no one": broken_mcu("delete.unknown", into=losing(0x09, NO_ONE)),
    "removes nothing": broken_mcu("delete.gone", into=taken(0x09, lambda data: b'{"sub_id":"x","tp":0}')),
    "clears when it should keep": broken_mcu("removal.keeps", into=replacing(0x18, b"\1", b"\3")),
    "keeps when it should clear": broken_mcu("removal.clears", into=replacing(0x18, b"\3", b"\1")),
}
REPORTS: Mapping[str, BrokenGateway] = {
    "sends half frames": broken_mcu("frames.whole", out=with_frame(0x06, Frame(0, 0x0D, b"\x04abcd\x01"))),
    "sends frames of version 3": broken_mcu("frames.version", out=version(3)),
    "sends a command that there is not": broken_mcu("frames.known", out=with_frame(0x06, Frame(0, 0x99))),
    "asks with a byte": broken_mcu("frames.known", "questions.empty", out=with_frame(0x06, Frame(0, 0x10, b"\1"))),
    "asks the time with each report": broken_mcu("questions.few", out=with_frame(0x0D, Frame(0, 0x10))),
    "sends long reports": broken_mcu(
        "reports.short",
        out=payload(0x0D, lambda data: data + unit(77, RAW, bytes(250)), counted(MOTION)),
    ),
    "reports an empty id": broken_mcu(
        "frames.known",
        "reports.ids",
        "reports.joined-only",
        out=with_frame(0x06, Frame(0, 0x0D, b"\0" + unit(1, BOOL, b"\1"))),
    ),
    "reports a long id": broken_mcu(
        "reports.short-ids", "reports.joined-only", out=with_frame(0x06, Frame(0, 0x0D, STRANGE))
    ),
    "answers 0b by 0b": broken_mcu("query.by-0d", out=with_frame(0x0D, Frame(0, 0x0B))),
    "does not report its own points": broken_mcu("query.gateway", out=dropping(0x0D, counted("0000"))),
    "answers each second 0b": broken_mcu("query.answered", "query.constant", into=losing_each_second(0x0B)),
    "reports the lock once": broken_mcu("join.reported", out=once_only(0x0D, counted(LOCK))),
    "is unresponsive after a query of point 251": broken_mcu("points.unknown", into=unresponsive_after_bytes(b"[251]")),
    "is unresponsive after a query of an unknown sub-device": broken_mcu(
        "points.unknown-id", into=unresponsive_after_bytes(NO_ONE + b'","dpid":[1]')
    ),
    "has bools of two bytes": broken_mcu(
        "points.bool-length", out=points(1, lambda type, value: (BOOL, b"\0" + value))
    ),
    "has values of three bytes": broken_mcu(
        "points.value-length", out=points(18, lambda type, value: (VALUE, value[1:]))
    ),
    "has bitmaps of three bytes": broken_mcu(
        "points.bitmap-length", out=points(26, lambda type, value: (BITMAP, b"\0\0\1"))
    ),
    "has a bool of 02": broken_mcu("points.bool-value", out=points(1, lambda type, value: (BOOL, b"\2"))),
    "has texts that are not UTF-8": broken_mcu(
        "points.string-utf8", out=points(21, lambda type, value: (STRING, b"\xff"))
    ),
    "changes a type": broken_mcu(
        "points.type",
        out=counting(
            0x0D,
            lambda count, data: data.replace(
                unit(38, ENUM, b"\1"), unit(38, VALUE if count % 3 else ENUM, b"\0\0\0\1" if count % 3 else b"\1")
            ),
        ),
    ),
    "ends texts with NUL": broken_mcu("points.string-end", out=points(21, lambda type, value: (STRING, b"abc\0"))),
}
NOTICES: Mapping[str, BrokenGateway] = {
    "acknowledges no weather": broken_mcu(
        *(f"weather.{name}" for name in ("acknowledged", "no-status", "failed")), out=dropping(0x33, b"\1")
    ),
    "takes weather with its status only": broken_mcu("weather.no-status", into=losing(0x33, b"", b"\1\x08")),
    "answers 24 by a byte": broken_mcu("pairing.broadcast", out=payload(0x24, lambda data: b"\0")),
    "does not acknowledge 26": broken_mcu("pairing.to-app", out=dropping(0x26)),
    "does not acknowledge 28": broken_mcu("pairing.drop", out=dropping(0x28)),
    "does not acknowledge c0/02": broken_mcu("security.state", "security.state-number", out=dropping(0xC0, b"\2")),
    "takes a mode as text only": broken_mcu("security.state-number", into=losing(0xC0, b'"mode":0')),
    "does not acknowledge c0/03": broken_mcu("security.event", out=dropping(0xC0, b"\3")),
    "does not acknowledge c1/03": broken_mcu("alarm.delay", out=dropping(0xC1, b"\3")),
    "does not acknowledge c1/04": broken_mcu("alarm.new-info", out=dropping(0xC1, b"\4")),
    "does not acknowledge c1/05": broken_mcu("alarm.new-state", out=dropping(0xC1, b"\5")),
    "does not acknowledge c1/02": broken_other("alarm.info", out=dropping(0xC1, b"\2")),
    "does not acknowledge c1/01": broken_other("alarm.cancel", out=dropping(0xC1, b"\1")),
    "fails to send infrared": broken_mcu(
        *(f"infrared.{name}" for name in ("send", "packets", "several")), out=payload(0x30, lambda data: b"\0\2")
    ),
    "takes one packet of a code": broken_mcu("infrared.packets", into=losing(0x30, b"\x02\x04\x02\x00")),
    "takes one code of a send": broken_mcu("infrared.several", into=losing(0x30, b"", b"\0\x21")),
    "answers 32 by 07": broken_mcu("infrared.stop", out=payload(0x32, lambda data: b"\7")),
    "has records without a time": broken_mcu(
        "record.time", "record.once", out=payload(0x2C, lambda data: b"\0" + data[1:])
    ),
    "sends each record twice": broken_mcu("record.once", out=twice(0x2C)),
    "sends each record once": broken_mcu("record.no-answer", out=never_again(0x2C)),
    "takes a refused record for stored": broken_mcu("record.failed", into=replacing(0x2C, b"\1", b"\0")),
    **{
        f"is unresponsive after {what}": broken_mcu(
            f"json.{name}", into=unresponsive_after_bytes(bytes((command,)) + len(data).to_bytes(2) + data)
        )
        for name, what, _, command, data in BAD_JSON
    },
}
SETS: Mapping[str, BrokenGateway] = {
    "carries out no command": broken_mcu("set.reported", "set.own", into=losing(0x0C)),
    "carries out no command to itself": broken_mcu("set.own", into=losing(0x0C, b"", counted("0000"))),
    "answers 0c by 0c": broken_mcu("set.by-0d", out=with_frame(0x0D, Frame(0, 0x0C, counted(PLUG)))),
    "takes wrong checksums": broken_mcu("line.bad-checksum", "set.bad-checksum", into=repaired),
    "takes a data point that is cut": broken_mcu("set.cut-points", into=taken(0x0C, _cut_taken)),
    "takes an id that is cut": broken_mcu("set.long-id", into=taken(0x0C, _short_id)),
    "takes any id": broken_mcu("set.unknown-id", into=replacing(0x0C, counted(UNKNOWN_ID), counted(PLUG))),
    "takes an empty id": broken_mcu("set.empty-id", into=taken(0x0C, lambda data: counted(PLUG) + data[1:], b"\0")),
    "is unresponsive after a 0c without points": broken_mcu(
        "set.no-points", into=unresponsive_after_bytes(b"\x0c\x00\x11" + counted(PLUG))
    ),
    "is unresponsive after another type": broken_mcu(
        "set.wrong-type", into=unresponsive_after_bytes(counted(PLUG) + b"\1\2")
    ),
    "is unresponsive after point 251": broken_mcu(
        "set.unknown-point", into=unresponsive_after_bytes(counted(PLUG) + b"\xfb\1")
    ),
    "names another group": broken_mcu("group.answer", out=text(0x0E, b"unclouded1", b"unclouded2")),
    "adds anyone to a group": broken_mcu("group.unknown-id", out=text(0x0E, b"[0,5]", b"[0,0]")),
    "takes a bool for a value": broken_mcu(
        "set.type", into=replacing(0x0C, unit(1, BOOL, b"\0"), unit(1, VALUE, bytes(4)))
    ),
    "does not switch on": broken_mcu("set.back", "set.several", into=losing(0x0C, unit(1, BOOL, b"\1"))),
    "does not report the same value again": broken_mcu("set.same-value", into=losing_repeats(0x0C)),
    "removes no one from a group": broken_mcu(
        "group.answer", "group.left", into=replacing(0x0F, PLUG.encode(), UNKNOWN_ID.encode())
    ),
    "does not acknowledge 14": broken_mcu("group.set", out=dropping(0x14)),
    "does not carry out 14": broken_mcu("group.reported", into=replacing(0x14, b"unclouded1", b"unclouded2")),
    "does not acknowledge 22": broken_mcu("group.member", out=dropping(0x22)),
    "is unresponsive after an unknown group": broken_mcu(
        "group.unknown", into=unresponsive_after_bytes(UNKNOWN_GROUP.encode())
    ),
}
UPDATES: Mapping[str, BrokenGateway] = {
    "answers the start of an update by 07": broken_mcu("update.block-size", out=payload(0x1D, lambda data: b"\7")),
    "takes no block again": broken_mcu("update.again", into=losing_repeats(0x1E)),
    "acknowledges blocks with a byte": broken_mcu("update.empty", out=payload(0x1E, lambda data: b"\1")),
}
LINE: Mapping[str, BrokenGateway] = {
    **{
        f"line: {name}": broken_mcu(f"line.{name}", into=into)
        for name, into in line_intos().items()
        if name != "bad-checksum"
    },
    "takes no version above 1": broken_mcu("line.version-2", "line.version-3", into=only_up_to(1)),
}
BROKEN_GATEWAYS: Mapping[str, BrokenGateway] = {**START, **JOINS, **REPORTS, **NOTICES, **SETS, **UPDATES, **LINE}
