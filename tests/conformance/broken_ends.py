"""Our ends of the ordinary line with one rule broken each, and what the checks must find. For test_mutants.py."""

from collections.abc import Callable, Mapping

import msgspec

from conformance.mutants import (
    Alter,
    Mutant,
    as_it_is,
    dropping,
    once_only,
    payload,
    repaired,
    replaced,
    same,
    twice,
    unresponsive_after,
    version,
    with_frame,
)
from conformance.wifi_ends import mcu, module
from unclouded.core.sessions.session import Session
from unclouded.families.tuya.line.framing import Frame


class BrokenEnd(msgspec.Struct, frozen=True):
    """``found``: the checks that it fails, or whose deviation is seen."""

    found: frozenset[str]
    make: Callable[[], Session]


def _mcu(*found: str, out: Alter = same, into: Callable[[bytes], bytes] = as_it_is) -> BrokenEnd:
    return BrokenEnd(frozenset(f"mcu.{one}" for one in found), lambda: Mutant(mcu(), out, into))


def _module(*found: str, out: Alter = same, into: Callable[[bytes], bytes] = as_it_is, **settings: object) -> BrokenEnd:
    return BrokenEnd(frozenset(f"module.{one}" for one in found), lambda: Mutant(module(**settings), out, into))


def _in_product(old: bytes, new: bytes) -> Alter:
    return payload(0x01, lambda data: data.replace(old, new))


def _in_features(old: bytes, new: bytes) -> Alter:
    return payload(0x37, lambda data: data.replace(old, new))


def _only_whole(data: bytes) -> bytes:
    """One that takes nothing but a whole frame in one piece."""
    return data if len(data) > 6 and data[:2] == b"\x55\xaa" and len(data) == 7 + int.from_bytes(data[4:6]) else b""


def _only_version_0(data: bytes) -> bytes:
    return b"" if len(data) > 6 and data[:2] == b"\x55\xaa" and data[2] else data


BROKEN_MCUS: Mapping[str, BrokenEnd] = {
    "answers each heartbeat twice": _mcu("heartbeat.once", out=twice(0x00)),
    "answers every heartbeat by 00": _mcu(
        "heartbeat.later-are-01", "idle.no-restart", out=payload(0x00, lambda data: b"\0")
    ),
    "answers heartbeats by two bytes": _mcu(
        "heartbeat.first-is-00", "heartbeat.payload", out=payload(0x00, lambda data: b"\1\1")
    ),
    "has a version of two numbers": _mcu("product.version", out=_in_product(b'1.0.0","m', b'1.0","m')),
    "has pairing mode 9": _mcu("product.pairing-mode", out=_in_product(b'"m":2', b'"m":9')),
    "has a window of 90 minutes": _mcu("product.window", out=_in_product(b'"mt":5', b'"mt":90')),
    "has n 7": _mcu("product.modes", out=_in_product(b'"n":0', b'"n":7')),
    "has odd infrared pins": _mcu("product.infrared", out=_in_product(b"5.12", b"5-12")),
    "has low 2": _mcu("product.low-power", out=_in_product(b'"low":0', b'"low":2')),
    "has an MCU of channel 30": _mcu("product.other-mcus", out=_in_product(b'"t":10', b'"t":30')),
    "has a product id of 9 characters": _mcu("product.id", out=_in_product(b"uncloudedplugsim", b"unclouded")),
    "answers 02 by four bytes": _mcu("mode.length", out=payload(0x02, lambda data: b"\1\2\3\4")),
    "has all bits of abv": _mcu("features.abv", out=_in_features(b'"abv":8', b'"abv":255')),
    "has mcu_ota 5": _mcu("features.mcu-ota", out=_in_features(b'"mcu_ota":0', b'"mcu_ota":5')),
    "has a buffer of 64": _mcu("features.buffer", out=_in_features(b"1024", b"64")),
    "has a Bluetooth name of 8 bytes": _mcu("features.name", out=_in_features(b'"abc"', b'"abcdefgh"')),
    "acknowledges no network status": _mcu(
        *(f"network.status-{status:02x}" for status in range(7)), out=dropping(0x03)
    ),
    "reports strings that are not UTF-8": _mcu(
        "points.string-utf8", out=payload(0x07, lambda data: data[:-1] + b"\xff", b"\x15")
    ),
    "ends strings with NUL": _mcu("points.string-end", out=payload(0x07, lambda data: data[:-1] + b"\0", b"\x15")),
    "reports a bitmap of 3 bytes": _mcu(
        "points.bitmap-length", out=payload(0x07, lambda data: b"\x1a\5\0\3\0\0\0", b"\x1a")
    ),
    "asks the time with a payload": _mcu("questions.empty", out=payload(0x1C, lambda data: b"\1")),
    "asks weather with a name cut": _mcu("questions.weather", out=payload(0x20, lambda data: data + b"\7")),
    "asks notices with a byte too many": _mcu(
        "questions.extended", out=payload(0x34, lambda data: data + b"\7", b"\1")
    ),
    "sends a 22 behind each 22": _mcu(
        "sync.gap", "sync.waits", out=with_frame(0x22, Frame(3, 0x22, b"\x65\2\0\4\0\0\0\1"))
    ),
    "does not take the answer to 22": _mcu("sync.stored", into=lambda data: b"" if data[3:4] == b"\x23" else data),
    "answers 06 by 06": _mcu("set.by-07", out=with_frame(0x07, Frame(3, 0x06, b"\1\1\0\1\1"))),
    "takes wrong checksums": _mcu("line.bad-checksum", "set.bad-checksum", into=repaired),
    "takes frames of version 0 only": _mcu("line.version-1", "line.version-2", "line.version-3", into=_only_version_0),
    "is unresponsive after noise": _mcu(
        "line.noise-before", into=unresponsive_after(lambda data: data[:2] == b"\x12\xff")
    ),
    "is unresponsive after half a frame": _mcu(
        "line.half-frame", into=unresponsive_after(lambda data: data[:2] == b"\x55\xaa" and len(data) == 3)
    ),
    "is unresponsive after a long frame": _mcu("line.long", into=unresponsive_after(lambda data: len(data) > 240)),
    "answers the start of an update by 09": _mcu("update.block-size", out=payload(0x0A, lambda data: b"\x09")),
    "acknowledges blocks with a byte": _mcu("update.empty", out=payload(0x0B, lambda data: b"\1")),
}


def _reversed(data: bytes) -> bytes:
    return data[::-1]


BROKEN_MODULES: Mapping[str, BrokenEnd] = {
    "sends heartbeats each 4 s": _module("heartbeat.not-more", heartbeat_s=4.0),
    "sends heartbeats with a payload": _module("heartbeat.empty", out=payload(0x00, lambda data: b"\1")),
    "does not report 03 first": _module("start.router-first", status_first=()),
    "asks 01 once": _module("missing.product", tries=1),
    "repeats after 100 ms": _module("missing.no-flood", answer_timeout_s=0.1),
    "sends frames of version 3": _module("frames.usual-version", out=version(3)),
    "does not ask 02": _module("restart.in-start", "start.mode", "start.status", out=dropping(0x02)),
    "sends 02 with each heartbeat": _module(
        "heartbeat.01-is-no-restart", "heartbeat.search-only", out=with_frame(0x00, Frame(0, 0x02))
    ),
    "sends 01 with a payload": _module("start.empty-requests", out=payload(0x01, lambda data: b"\1")),
    "answers no local time": _module("time.local-answered", out=dropping(0x1C)),
    "answers a wrong weekday": _module(
        "time.weekday", out=payload(0x1C, lambda data: data[:7] + bytes((data[7] % 7 + 1,)))
    ),
    "answers month 13": _module("time.gmt", out=payload(0x0C, lambda data: data[:2] + b"\x0d" + data[3:])),
    "is a year behind": _module(
        "time.right", "time.zone", out=payload(0x0C, lambda data: data[:1] + bytes((data[1] - 1,)) + data[2:])
    ),
    "reports 03 when asked, and 04 unasked": _module("network.agrees", out=payload(0x2B, lambda data: b"\3")),
    "has a positive signal": _module("signal.value", out=payload(0x24, lambda data: b"\x10")),
    "has the address of a group": _module(
        "mac.value", out=payload(0x2D, lambda data: data[:1] + bytes((data[1] | 1,)) + data[2:])
    ),
    "reports its memory little-endian": _module("memory.value", out=payload(0x0F, _reversed)),
    "answers 22 twice": _module("sync.each", "sync.once", out=twice(0x23)),
    "stores no records": _module(
        *(f"record.{name}" for name in ("gmt", "local-time", "own-time", "several")),
        out=payload(0x34, lambda data: data[:1] + b"\2", b"\x0b"),
    ),
    "stores every record": _module(
        *(f"record.{name}" for name in ("bad-kind", "bad-time", "no-points")),
        out=payload(0x34, lambda data: data[:1] + b"\0", b"\x0b"),
    ),
    "sends no weather": _module(
        *(f"weather.{name}" for name in ("asked-only", "days", "follows", "now")), out=dropping(0x21)
    ),
    "sends weather without a day": _module(
        "weather.days", out=payload(0x21, lambda data: data.replace(b".0\0\4", b".x\0\4"))
    ),
    "takes all names of weather": _module("weather.bad-names", out=payload(0x20, lambda data: b"\1\0")),
    "has wrong weekdays in notices": _module(
        "notice.gmt", "notice.local-time", out=payload(0x34, lambda data: data[:8] + b"\x09", b"\2")
    ),
    "reports no reset": _module("reset.notice", out=dropping(0x34, b"\5")),
    "takes features without JSON": _module("features.no-json", out=payload(0x37, lambda data: b"\0\0")),
    "pairs always": _module("pairing.bad-json", "pairing.not-now", out=payload(0x2A, lambda data: b"\0")),
    "pairs never": _module("reset.pairing", out=payload(0x2A, lambda data: b"\1")),
    "pairs by EZ only": _module(
        "reset.ap-status",
        "reset.product-overrides",
        out=payload(0x03, lambda data: b"\0" if data in (b"\1", b"\6") else data),
    ),
    "takes wrong checksums": _module("line.bad-checksum", into=repaired),
    "is unresponsive after noise": _module(
        "line.noise-before", into=unresponsive_after(lambda data: data[:2] == b"\x12\xff")
    ),
    "is unresponsive after a data point of type 09": _module(
        "report.unknown-type", into=unresponsive_after(lambda data: data[3:4] == b"\7" and data[7:8] == b"\x09")
    ),
    "sends a block of an update once": _module(
        "update.again", "update.end", "update.order", out=once_only(0x0B, (512).to_bytes(4))
    ),
    "ends an update at 0": _module("update.end", out=payload(0x0B, lambda data: bytes(4) if len(data) == 4 else data)),
    "queries in an update": _module("update.alone", out=with_frame(0x0B, Frame(0, 0x08))),
    "sets each point twice": _module("set.once", out=twice(0x06)),
    "takes product info in JSON only": _module(
        "product.8-characters",
        "product.old",
        into=lambda data: b"" if data[3:4] == b"\1" and b"{" not in data else data,
    ),
    "does not notice a restart": _module(
        "restart.seen",
        "stop.restart",
        into=replaced(bytes(Frame(3, 0x00, b"\0")), bytes(Frame(3, 0x00, b"\1"))),
    ),
}
