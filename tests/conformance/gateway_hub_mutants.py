"""A gateway's module of ours with one rule broken each, and what the checks must find. For test_gateway.py."""

from collections.abc import Mapping

from conformance.gateway_mutants import (
    BrokenGateway,
    Into,
    broken_hub,
    counting,
    line_intos,
    losing,
    losing_each_second,
    losing_repeats,
    never_again,
    only_up_to,
    replacing,
    responding_hub,
    several,
    taken,
    text,
    unresponsive_after_bytes,
)
from conformance.mutants import Alter, dropping, once_only, payload, repaired, twice, version, with_frame
from unclouded.conformance.tuya_gateway.emulated_gateway_mcu import FIRST_SUB, SECOND_SUB
from unclouded.conformance.tuya_gateway.gateway_frames import UNKNOWN_ID, counted, json_of
from unclouded.conformance.tuya_gateway.gateway_module_join_checks import NEW
from unclouded.conformance.tuya_gateway.gateway_module_report_checks import ODD_REPORTS
from unclouded.conformance.tuya_gateway.gateway_module_start_checks import ODD_PRODUCTS
from unclouded.families.tuya.line.framing import Frame


def answering(command: int, data: bytes) -> Alter:
    """All its answers of this command are these bytes."""
    return payload(command, lambda _: data)


def listing(id: str) -> Alter:
    """1c lists this id too."""
    return payload(0x1C, lambda data: data[:1] + bytes((data[1] + 1,)) + data[2:] + counted(id))


def without(command: int, part: bytes) -> Into:
    """Requests that hold these bytes are taken for empty objects."""
    return taken(command, lambda data: b"{}" if part in data else data)


def losing_after(command: int, most: int) -> Into:
    """After so many frames of this command it receives no more."""
    count = [0]

    def change(data: bytes) -> bytes | None:
        count[0] += 1
        return data if count[0] <= most else None

    return taken(command, change)


def none_of_version(number: int) -> Into:
    return lambda data: b"" if len(data) > 2 and data[2] == number and data[:2] == b"\x55\xaa" else data


START: Mapping[str, BrokenGateway] = {
    "asks 01 each 5 s": broken_hub("search.each-second", answer_timeout_s=5.0),
    "sends 02 with each 01": broken_hub("search.product-only", out=with_frame(0x01, Frame(0, 0x02))),
    "serves before 01 is answered": broken_hub("search.serves-no-one", out=with_frame(0x01, Frame(0, 0x16, b"\4"))),
    "sends half frames": broken_hub("frames.whole", out=with_frame(0x02, Frame(0, 0x0C, b"\x04ab"))),
    "asks 01 with version 5": broken_hub(
        "frames.product-version",
        "frames.product-id",
        out=lambda f: (Frame(5, f.command, f.payload),) if f.command == 1 else (f,),
    ),
    "sends version 3": broken_hub("frames.product-version", "frames.product-id", "frames.version", out=version(3)),
    "asks 01 with version 0": broken_hub("frames.product-id", out=version(0)),
    "does not ask 02": broken_hub(*(f"start.{name}" for name in ("mode", "no-network", "own-led")), out=dropping(0x02)),
    "sends 04 only": broken_hub("start.router-first", out=dropping(0x03, b"\3")),
    "sends no 0b": broken_hub(
        *(f"start.{name}" for name in ("query", "no-mode", "no-network", "own-led")), out=dropping(0x0B)
    ),
    "does not wait": broken_hub("start.waits", out=with_frame(0x01, Frame(0, 0x02))),
    "asks 02 with a byte": broken_hub("start.empty-requests", out=payload(0x02, lambda data: b"\1")),
    "sends 03 though it drives the LED": broken_hub("start.own-led", out=with_frame(0x0B, Frame(0, 0x03, b"\4"))),
    **{
        f"does not take product info {what}": broken_hub(f"product.{name}", into=losing(0x01, b"", data))
        for name, what, _, data, _ in ODD_PRODUCTS
    },
    "takes product info with a wrong checksum": broken_hub("product.bad-checksum", into=repaired),
}
JOINS: Mapping[str, BrokenGateway] = {
    "does not answer 1a": broken_hub(
        *(f"permit.{name}" for name in ("answered", "stop", "06", "seconds")), out=dropping(0x1A)
    ),
    "sends no 06": broken_hub("permit.06", "permit.once", out=dropping(0x06)),
    "sends 06 twice": broken_hub("permit.once", out=twice(0x06)),
    "never shuts the window": broken_hub("permit.stop", "permit.stopped", into=losing(0x1A, b"", b"\0")),
    "takes 1a of two bytes": broken_hub(
        "permit.short", into=taken(0x1A, lambda data: data + b"\x40" if len(data) == 2 else data)
    ),
    "keeps the window open": broken_hub("permit.seconds", into=replacing(0x1A, b"\1\0\5", b"\1\0\x60")),
    "accepts anyone at any time": broken_hub(
        "join.outside",
        *(f"join.{name}" for name in ("own-id", "dotted-id", "empty-id", "no-json", "not-closed", "no-pid", "version")),
        out=answering(0x08, b"\0"),
    ),
    "accepts batches at any time": broken_hub(
        *(f"batch.{name}" for name in ("outside", "too-many", "none", "own-id", "double")), out=answering(0x12, b"\0")
    ),
    "sends no result": broken_hub(
        *(f"join.{name}" for name in ("accepted", "again", "as-printed", "blanks", "closing", "long-id", "longest-id")),
        *("join.optional", "join.unknown-member"),
        out=dropping(0x13),
    ),
    "has results that are not JSON": broken_hub("join.result", out=text(0x13, b'"cids"', b"cids")),
    "sends a result before the receipt": broken_hub(
        "join.receipt-first",
        out=lambda frame: (
            (Frame(0, 0x13, json_of(cids=[NEW], rets=[0])), frame)
            if (frame.command, frame.payload) == (0x08, b"\0")
            else (frame,)
        ),
    ),
    "needs pk_type": broken_hub(
        "join.blanks", "join.optional", into=taken(0x08, lambda data: data if b"pk_type" in data else b"{}")
    ),
    "takes no further members": broken_hub("join.unknown-member", into=without(0x08, b"rssi")),
    "takes no typographic quotes": broken_hub("join.as-printed", into=without(0x08, "“".encode())),
    "takes no line breaks": broken_hub("join.blanks", into=without(0x08, b"\r\n")),
    "takes ids of 16 characters": broken_hub("join.long-id", "join.longest-id", into=without(0x08, b"f" * 17)),
    "takes ids of 32 characters": broken_hub("join.longest-id", into=without(0x08, b"f" * 33)),
    "lists one twice": broken_hub("join.again", "join.limit", out=listing(NEW)),
    "sends results all the time": broken_hub("join.unacknowledged", out=several(0x13, 30)),
    "has 200 sub-devices": broken_hub("join.limit", most_sub_devices=200),
    "adds all but the first": broken_hub("batch.three", "batch.most", out=text(0x13, b'"rets":[0,0', b'"rets":[1,0')),
    "lists no one": broken_hub("list.long", "list.names", out=answering(0x1C, b"\0\0")),
    "lists the gateway": broken_hub("list.ids", out=listing("0000")),
    "numbers packets from 5": broken_hub(
        "list.long", "list.numbers", out=payload(0x1C, lambda data: bytes((data[0] + 5,)) + data[1:])
    ),
    "has no one bound": broken_hub("binding.here", "binding.as-printed", out=text(0x2D, b'"ret":0', b'"ret":4')),
    "has anyone bound": broken_hub("binding.unknown", out=text(0x2D, b'"ret":4', b'"ret":0')),
    "answers 2d for another": broken_hub("binding.id", out=text(0x2D, FIRST_SUB.encode(), b"x")),
    "needs a comma in 2d": broken_hub("binding.as-printed", into=without(0x2D, b"e_val")),
    "refuses every 19": broken_hub("delete.answered", out=answering(0x19, b"\1")),
    "accepts every 19": broken_hub("delete.unknown", "delete.no-json", out=answering(0x19, b"\0")),
    "lists who was removed": broken_hub("delete.gone", out=listing(NEW)),
}
REPORTS: Mapping[str, BrokenGateway] = {
    "answers 0d": responding_hub("report.unanswered", to=0x0D, head=b"", response=Frame(0, 0x0D, counted("0000"))),
    "asks 0b each 5 s": broken_hub("query.once", resync_s=5.0),
    **{
        f"is unresponsive after {what}": broken_hub(
            f"report.{name}", into=unresponsive_after_bytes(b"\x0d" + len(data).to_bytes(2) + data)
        )
        for name, what, _, data, count in ODD_REPORTS
        if count == 1
    },
    "stores no records": broken_hub(
        *(f"record.{name}" for name in ("gmt", "local", "unix", "old", "gateway", "again", "several")),
        out=answering(0x2C, b"\1"),
    ),
    "stores every record": broken_hub(
        *(f"record.{name}" for name in ("no-time", "unknown", "bad-date")), out=answering(0x2C, b"\0")
    ),
    "refuses the same record": broken_hub("record.again", into=losing_repeats(0x2C)),
    "refuses all of 2a": broken_hub(
        *(f"presence.{name}" for name in ("offline", "online", "all", "all-and-list", "as-printed")),
        out=answering(0x2A, b"\1"),
    ),
    "takes all of 2a": broken_hub(
        *(f"presence.{name}" for name in ("unknown", "no-state", "no-json")), out=answering(0x2A, b"\0")
    ),
    "does not answer 33/04": broken_hub("heartbeat.pause", "heartbeat.pause-answered", out=dropping(0x33, b"\4")),
    "asks for no heartbeat": broken_hub(
        *(f"heartbeat.{name}" for name in ("asked", "again", "pause")), out=dropping(0x0A)
    ),
    "asks each one once": broken_hub("heartbeat.again", "heartbeat.pause", out=never_again(0x0A)),
    "asks each 20 s": broken_hub("heartbeat.not-more", heartbeat_s=20.0),
    "asks someone else": broken_hub(
        "heartbeat.joined-only", out=with_frame(0x0A, Frame(0, 0x0A, json_of(sub_id=UNKNOWN_ID)))
    ),
    "asks without JSON": broken_hub("heartbeat.strict", out=text(0x0A, b'"sub_id"', b"sub_id")),
    "takes a pause for its end": broken_hub("heartbeat.pause", into=replacing(0x33, b"\4\0", b"\4\1")),
}
SERVICES: Mapping[str, BrokenGateway] = {
    "does not answer 16": broken_hub("network.answered", out=dropping(0x16)),
    "reports network 09": broken_hub("network.value", "network.agrees", out=answering(0x16, b"\x09")),
    "reports network 02": broken_hub("network.agrees", out=answering(0x16, b"\2")),
    "does not take a 03 for a question": broken_hub("network.poll", into=losing_after(0x03, 2)),
    "does not answer 10": broken_hub("time.gmt-answered", out=dropping(0x10)),
    "does not answer 11": broken_hub("time.local-answered", out=dropping(0x11)),
    "has month 13": broken_hub("time.gmt", out=payload(0x10, lambda data: data[:2] + b"\x0d" + data[3:])),
    "has local months of 13": broken_hub("time.local", out=payload(0x11, lambda data: data[:2] + b"\x0d" + data[3:])),
    "has wrong weekdays": broken_hub(
        "time.weekday", out=payload(0x11, lambda data: data[:7] + bytes((data[7] % 7 + 1,)))
    ),
    "has a zone of 10 bytes": broken_hub("time.zoned", out=payload(0x33, lambda data: data[:-1], b"\3")),
    "has another zone": broken_hub(
        "time.zone-agrees", out=payload(0x33, lambda data: data[:1] + b"\x03\x20" + data[3:], b"\3")
    ),
    "has a clock that stands": broken_hub(
        "time.right", "time.runs", out=answering(0x10, bytes((1, 26, 1, 1, 0, 0, 0)))
    ),
    "does not answer 33/03": broken_hub("time.zoned-answered", out=dropping(0x33, b"\3")),
    "does not answer 1b": broken_hub("memory.answered", out=dropping(0x1B)),
    "does not answer 2b": broken_hub("mac.answered", out=dropping(0x2B)),
    "reports its memory little-endian": broken_hub("memory.value", out=payload(0x1B, lambda data: data[::-1])),
    "does not take version 3": broken_hub("memory.version-3", into=none_of_version(3)),
    "has the address of a group": broken_hub(
        "mac.value", out=payload(0x2B, lambda data: data[:1] + bytes((data[1] | 1,)) + data[2:])
    ),
    "changes its address": broken_hub(
        "mac.constant", out=counting(0x2B, lambda count, data: data[:-1] + bytes((count,)))
    ),
    "has a signal of 200 %": broken_hub("wifi-test.value", out=answering(0x15, b"\1\xc8")),
    "refuses pairing by 00": broken_hub("pairing.not-now", "pairing.bad-json", out=answering(0x23, b"\0")),
    "does not acknowledge 25": broken_hub("pairing.from-app", out=dropping(0x25)),
    "is unresponsive after 27": broken_hub("pairing.phone", into=unresponsive_after_bytes(b"\x27\x00\x01\x01")),
    "answers its address each second time": broken_hub("questions.at-once", into=losing_each_second(0x2B)),
    "answers 16 ten times": broken_hub("questions.again", out=once_only(0x16, most=10)),
    "answers 33/09": responding_hub("services.unknown", to=0x33, head=b"\x09", response=Frame(0, 0x33, b"\x09\1")),
    "answers c0/04": responding_hub("security.unknown", to=0xC0, head=b"\4", response=Frame(0, 0xC0, b"\4\1")),
    "answers c1/06": responding_hub("alarm.unknown", to=0xC1, head=b"\6", response=Frame(0, 0xC1, b"\6\1")),
    "sends no weather": broken_hub("weather.follows", "weather.now", out=dropping(0x33, b"\1")),
    "answers a subscription by an error": broken_hub(
        *(f"weather.{name}" for name in ("subscription", "too-often", "too-rarely", "cut")),
        out=payload(0x33, lambda data: b"\0\1\1", b"\0"),
    ),
    "takes every subscription": broken_hub(
        *(f"weather.{name}" for name in ("too-often", "too-rarely", "cut")),
        out=payload(0x33, lambda data: b"\0\1\0", b"\0"),
    ),
    "has weather of other names": broken_hub("weather.names", out=text(0x33, b"w.humidity", b"w.windspeed"[:10])),
    "sends weather again and again": broken_hub("weather.once", into=losing(0x33, b"", b"\1")),
    "has members in any group": broken_hub(
        "group.members", "group.unknown", out=text(0x2E, b'"sub_id":""', b'"sub_id":"x"')
    ),
    "accepts every 2f": broken_hub("group.changed-unknown", "group.changed-no-json", out=answering(0x2F, b"\0")),
    "reports no pairing": broken_hub(
        *(f"reset.{name}" for name in ("key", "smart-config", "ap")),
        out=lambda frame: () if (frame.command, frame.payload) in ((3, b"\0"), (3, b"\1"), (3, b"\6")) else (frame,),
    ),
    "reports no removal": broken_hub("factory.answered", out=dropping(0x18)),
    "keeps who was removed": broken_hub("factory.clears", out=listing("x")),
}
SECURITY: Mapping[str, BrokenGateway] = {
    "has no countdown": broken_hub("security.info", "security.quiet", out=text(0xC0, b'"countdown"', b'"x"')),
    "has info that is not JSON": broken_hub(
        "security.info-strict", "security.notices-strict", out=text(0xC0, b'"mode"', b"mode")
    ),
    "has an alarm all the time": broken_hub(
        "security.quiet", "security.in-alarm", out=text(0xC0, b'"alarm":1', b'"alarm":0')
    ),
    "never has an alarm": broken_hub("security.in-alarm", out=text(0xC0, b'"alarm":0', b'"alarm":1')),
    "refuses every mode": broken_hub(
        *(f"security.{name}" for name in ("arm", "disarm", "as-printed")),
        out=payload(0xC0, lambda data: b"\0\1", b"\0"),
    ),
    "accepts every mode": broken_hub(
        *(f"security.{name}" for name in ("other-mode", "no-json", "bad-mode")),
        out=payload(0xC0, lambda data: b"\0\0", b"\0"),
    ),
    "reports mode 0 all the time": broken_hub("security.armed", out=text(0xC0, b'"mode":2', b'"mode":0')),
    "sends no c0/02": broken_hub("security.state", "security.event", out=dropping(0xC0, b"\2")),
    "sends no c0/03": broken_hub("security.state", "security.event", "security.disarm", out=dropping(0xC0, b"\3")),
    "sends c0/03 twice": broken_hub(
        "security.notices-once", out=lambda f: (f, f) if f.command == 0xC0 and f.payload[:1] == b"\3" else (f,)
    ),
    "needs quotes": broken_hub(
        "security.as-printed", into=taken(0xC0, lambda data: b"\0{" if b"mode:" in data else data)
    ),
    "does not answer c1/00": broken_hub("security.local-alarm", out=dropping(0xC1, b"\0")),
}
PERSON: Mapping[str, BrokenGateway] = {
    "commands another": broken_hub("set.id", "set.repeated", out=text(0x0C, FIRST_SUB.encode(), SECOND_SUB.encode())),
    "commands with another type": broken_hub("set.type", out=payload(0x0C, lambda data: data[:-5] + b"\1\4\0\1\1")),
    "commands once": broken_hub("set.repeated", out=once_only(0x0C)),
    "commands for ever": broken_hub("set.ends", into=losing(0x0D, b"\1\1\0\1\1", counted(FIRST_SUB))),
    "removes without tp": broken_hub("remove.form", out=text(0x09, b'"tp"', b'"tq"')),
    "removes twice": broken_hub("remove.once", out=twice(0x09)),
    "lists whom it removed": broken_hub("remove.unlisted", out=listing(SECOND_SUB)),
    "groups another": broken_hub(
        "group.add", "group.changed", "group.members", out=text(0x0E, SECOND_SUB.encode(), b"another")
    ),
    "sets no group": broken_hub("group.set", out=dropping(0x14)),
    "sets a group twice": broken_hub("group.once", out=twice(0x14)),
    "asks no member": broken_hub("group.changed", out=dropping(0x29)),
    "learns for 10 s": broken_hub("infrared.learn", out=answering(0x31, b"\0\x0a")),
    "learns twice": broken_hub("infrared.once", out=twice(0x31)),
    "begins a code at 1": broken_hub("infrared.send", out=payload(0x30, lambda data: data[:10] + b"\1" + data[11:])),
    "sends another code": broken_hub("infrared.code", out=payload(0x30, lambda data: data[:11] + data[13:] + b"\0\1")),
    "sends each block once": broken_hub(
        *(f"update.{name}" for name in ("again", "end", "order")), out=once_only(0x1E, (512).to_bytes(4))
    ),
    "sends long blocks": broken_hub(
        "update.size",
        "update.order",
        out=payload(0x1E, lambda data: data + bytes(9) if len(data) > 4 else data),
    ),
    "ends an update at 0": broken_hub(
        "update.end", out=payload(0x1E, lambda data: bytes(4) if len(data) == 4 else data)
    ),
    "sends each block of a sub-device once": broken_hub(
        *(f"sub-update.{name}" for name in ("again", "end", "order")),
        out=once_only(0x20, counted(FIRST_SUB) + (512).to_bytes(4)),
    ),
    "sends long blocks to a sub-device": broken_hub(
        "sub-update.size",
        "sub-update.order",
        out=payload(0x20, lambda data: data + bytes(300) if len(data) > 30 else data),
    ),
    "asks 01 no more": broken_hub("update.version", out=once_only(0x01, most=2)),
    "asks for no version": broken_hub("sub-update.version", out=dropping(0x21)),
}
LINE: Mapping[str, BrokenGateway] = {
    **{f"line: {name}": broken_hub(f"line.{name}", into=into) for name, into in line_intos().items()},
    "takes version 0 only": broken_hub(*(f"line.version-{number}" for number in (1, 2, 3)), into=only_up_to(0)),
}
BROKEN_GATEWAY_HUBS: Mapping[str, BrokenGateway] = {
    **START,
    **JOINS,
    **REPORTS,
    **SERVICES,
    **SECURITY,
    **PERSON,
    **LINE,
}
