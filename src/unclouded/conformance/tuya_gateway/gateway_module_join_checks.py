"""Checks of a gateway's module whose MCU lets sub-devices join, one after the other.

The sub-devices have ids of no real device, and each check removes those that it had joined.
Source: docs/protocols/tuya_gateway.md §1.4, §1.5, §2.2.
"""

from collections.abc import Callable, Sequence

from unclouded.conformance.check import Check, Grade
from unclouded.conformance.line import LineEntry, Script
from unclouded.conformance.rows import row
from unclouded.conformance.tuya.frames import frames, is_command
from unclouded.conformance.tuya_gateway.emulated_gateway_mcu import JOIN_S
from unclouded.conformance.tuya_gateway.gateway_frames import (
    GATEWAY_ID,
    LONG_ID,
    LONGEST_ID,
    add_many,
    add_one,
    ask_thrice,
    is_strict_json,
    members_of,
)
from unclouded.conformance.tuya_gateway.gateway_module_start_checks import (
    ONLINE,
    GatewayModuleLine,
    of_module,
)
from unclouded.families.tuya.gateway.wire import codes

JOINED = "joined"  # a preparation
NEW = "uncloudedconf101"
RECEIVED, REFUSED = b"\0", b"\1"
Play = Callable[[GatewayModuleLine], Script[None]]


def joined(line: GatewayModuleLine) -> Script[None]:
    """Two sub-devices of ours."""
    line.require((yield from line.end.join()), "it let no sub-device join.")


def result_of(
    line: GatewayModuleLine, command: int, payload: bytes, sub: int | None = None, seconds: float = 2.0
) -> Script[bytes]:
    """Send a request; the payload of its answer."""
    entry = yield from ask_thrice(line, command, payload, sub=sub, seconds=seconds)
    data: bytes = entry.frame.payload if entry is not None else line.fail(f"{command:02x} is not answered.")
    return data


def results_in(command: int, payload: bytes, *good: bytes, what: str, sub: int | None = None) -> Play:
    """The request is answered so."""

    def script(line: GatewayModuleLine) -> Script[None]:
        data = yield from result_of(line, command, payload, sub)
        expected = " or ".join(one.hex() for one in good)
        line.require(data in good, f"{what} is answered by {data.hex() or 'nothing'} instead of {expected}.")

    return script


# --- the window --------------------------------------------------------------------------------------


def in_window(play: Play, *ids: str) -> Play:
    """While sub-devices may join; these are removed before and afterwards."""

    def script(line: GatewayModuleLine) -> Script[None]:
        yield from line.end.forget(*ids)
        if not (yield from line.end.open_window()):
            line.skip("It lets no sub-device join.")
        try:
            yield from play(line)
        except Exception:  # whatever came of it, the window is shut and they are removed
            yield from tidy(line)
            raise
        yield from tidy(line)

    def tidy(line: GatewayModuleLine) -> Script[None]:
        line.end.mute.clear()
        yield from line.end.close_window()
        yield from line.end.forget(*ids)

    return script


def permit_brings_06(line: GatewayModuleLine) -> Script[None]:
    mark = line.log.mark()
    if (yield from result_of(line, codes.LOCAL_PERMIT, b"\1\0\x14")) != RECEIVED:
        line.skip("1a is refused.")
    yield from line.pause(2.0)
    line.require(of_module(line.log.since(mark), codes.PERMIT), "06 does not follow 1a.")


def permit_once(line: GatewayModuleLine) -> Script[None]:
    mark = line.log.mark()
    line.end.send(codes.LOCAL_PERMIT, b"\1\0\x14")
    yield from line.pause(4.0)
    count = len(of_module(line.log.since(mark), codes.PERMIT))
    line.require(count < 2, f"06, which was acknowledged, comes {count} times: it takes the answer for a request.")
    line.require(count, "06 does not follow 1a.")


def window_ends(line: GatewayModuleLine) -> Script[None]:
    yield from result_of(line, codes.LOCAL_PERMIT, b"\1\0\x05")
    yield from line.pause(7.0)
    data = yield from result_of(line, codes.ADD, add_one(NEW))
    yield from line.end.forget(NEW)
    line.require(data == REFUSED, "2 s after the seconds of 1a are over a sub-device may still join.")


def window_is_shut(line: GatewayModuleLine) -> Script[None]:
    yield from line.end.open_window()
    yield from line.end.close_window()
    data = yield from result_of(line, codes.ADD, add_one(NEW))
    yield from line.end.forget(NEW)
    line.require(data == REFUSED, "After 1a 00 a sub-device may still join.")


def short_permit(line: GatewayModuleLine) -> Script[None]:
    yield from line.end.close_window()
    line.end.send(codes.LOCAL_PERMIT, b"\1\0")
    opened = yield from line.wait_for(is_command(codes.PERMIT), 1.5)
    yield from line.end.close_window()
    line.require(opened is None, "A 1a of two bytes opens the window.")


# --- joins -------------------------------------------------------------------------------------------


def add(line: GatewayModuleLine, payload: bytes, command: int = codes.ADD) -> Script[list[LineEntry]]:
    """Send an 08 or 12; the receipt and the results of the next seconds. A refusal is a failure."""
    mark = line.log.mark()
    data = yield from result_of(line, command, payload)
    line.require(data == RECEIVED, f"{command:02x} is answered by {data.hex()} while sub-devices may join.")
    yield from line.wait_for(is_command(codes.ADD_RESULT), JOIN_S)
    yield from line.pause(0.5)
    return of_module(line.log.since(mark), command, codes.ADD_RESULT)


def results(entries: Sequence[LineEntry]) -> dict[str, int]:
    """By id, what 13 reports. Raises ValueError."""
    found: dict[str, int] = {}
    for one in frames(entries, codes.ADD_RESULT):
        members = members_of(one.frame.payload)
        found |= dict(zip(members["cids"], members["rets"], strict=True))
    return found


def takes(payload: bytes, id: str = NEW, what: str = "08") -> Play:
    """It is accepted, and its result is that it was added."""

    def script(line: GatewayModuleLine) -> Script[None]:
        got = results((yield from add(line, payload)))
        line.require(got, f"13 does not follow {what} within {JOIN_S:g} s.")
        line.require(got.get(id) == 0, f"After {what}, 13 is {got}.")

    return in_window(script, id)


def result_form(line: GatewayModuleLine) -> Script[None]:
    got = frames((yield from add(line, add_one(NEW))), codes.ADD_RESULT)
    if not got:
        line.skip("13 does not follow 08.")
    payload = got[-1].frame.payload
    line.require(is_strict_json(payload), "13 is not strict JSON.")
    line.require(set(members_of(payload)["cids"]) == {NEW}, "13 names other sub-devices than 08.")


def receipt_first(line: GatewayModuleLine) -> Script[None]:
    got = yield from add(line, add_one(NEW))
    line.require(got[0].frame.command == codes.ADD, "13 comes before the answer to 08.")


def closing_keeps_joins(line: GatewayModuleLine) -> Script[None]:
    mark = line.log.mark()
    line.end.send(codes.ADD, add_one(NEW))
    line.end.send(codes.LOCAL_PERMIT, b"\0\0\0")
    yield from line.pause(JOIN_S)
    got = results(of_module(line.log.since(mark), codes.ADD_RESULT))
    line.require(got.get(NEW) == 0, "The window was shut behind an 08, and its 13 does not follow.")


def unacknowledged_result(line: GatewayModuleLine) -> Script[None]:
    line.end.mute.add(codes.ADD_RESULT)
    mark = line.log.mark()
    yield from add(line, add_one(NEW))
    yield from line.pause(4.0)
    count = len(of_module(line.log.since(mark), codes.ADD_RESULT))
    line.require(count <= 25, f"A 13 that is not acknowledged comes {count} times in 5 s.")
    line.require((yield from ask_thrice(line, codes.NETWORK_QUERY)), "It waits for ever for the answer to 13.")


def refuses(payload: bytes, what: str, command: int = codes.ADD, *ids: str) -> Play:
    """A script: the module answers this registration with a failure, while the window for joining is open."""
    return in_window(results_in(command, payload, REFUSED, what=what), *ids)


_CURLY = f"{{“pk_type”:1“sub_id”:“{NEW}”,“pid”:“uncloudedconfsub”,“ver”:“1.0.0”,“channel”:10,“ota”:0}}"
_SPACED = f'{{ "sub_id" : " {NEW}", "pid":"uncloudedconfsub ",\r\n"ver":"1.0.0" }}'
_ONE = takes(add_one(NEW))
_ROWS: tuple[tuple[str, str, str, Play, Grade], ...] = (
    (
        "permit.answered",
        "1a is answered by 00",
        "§2.2.8",
        results_in(codes.LOCAL_PERMIT, b"\1\0\x14", RECEIVED, what="1a 01"),
        "must",
    ),
    ("permit.06", "06 follows 1a", "§2.2.8", permit_brings_06, "must"),
    ("permit.once", "An acknowledged 06 is not sent again", "§1.6.2", permit_once, "must"),
    (
        "permit.stop",
        "1a 00 is answered by 00",
        "§2.2.8",
        results_in(codes.LOCAL_PERMIT, b"\0\0\0", RECEIVED, what="1a 00"),
        "must",
    ),
    ("permit.stopped", "After 1a 00 no sub-device may join", "§2.2.3", window_is_shut, "must"),
    ("permit.seconds", "When the seconds of 1a are over, no sub-device may join", "§1.7.3", window_ends, "should"),
    ("permit.short", "After a 1a of two bytes no sub-device may join", "§2.2.8", short_permit, "must"),
    ("join.accepted", "While they may join, 08 is answered by 00, and 13 adds it", "§2.2.3", _ONE, "must"),
    ("join.result", "13 is strict JSON and names what 08 named", "§2.2.5", in_window(result_form, NEW), "must"),
    ("join.receipt-first", "The answer to 08 comes before 13", "§2.2", in_window(receipt_first, NEW), "must"),
    (
        "join.closing",
        "An 08 before the window closes is still carried out",
        "§2.2",
        in_window(closing_keeps_joins, NEW),
        "must",
    ),
    (
        "join.optional",
        "08 may lack pk_type, channel and ota",
        "§2.2.3",
        takes(add_one(NEW, pk_type=None, channel=None, ota=None)),
        "must",
    ),
    ("join.unknown-member", "08 may have further members", "§1.5.1", takes(add_one(NEW, rssi=[-60])), "must"),
    ("join.as-printed", "08 is accepted as the vendor prints it", "§1.5.1", takes(_CURLY.encode()), "should"),
    ("join.blanks", "Spaces in the texts of 08 are removed", "§1.5.1", takes(_SPACED.encode()), "should"),
    ("join.long-id", "An id may have 24 characters", "§1.7.2", takes(add_one(LONG_ID), LONG_ID), "must"),
    ("join.longest-id", "An id may have 255 characters", "§1.7.2", takes(add_one(LONGEST_ID), LONGEST_ID), "should"),
    (
        "join.unacknowledged",
        "It goes on where 13 is not acknowledged",
        "§2.2.5",
        in_window(unacknowledged_result, NEW),
        "must",
    ),
    ("join.own-id", "08 with the id of the gateway is refused", "§1.4", refuses(add_one(GATEWAY_ID), "It"), "must"),
    ("join.dotted-id", "08 with the id 0000.0000 is refused", "§1.4", refuses(add_one("0000.0000"), "It"), "must"),
    ("join.empty-id", "08 with an empty id is refused", "§1.4", refuses(add_one(""), "It"), "must"),
    ("join.no-json", "08 without JSON is refused", "§2.2.3", refuses(b"unclouded", "08 without JSON"), "must"),
    (
        "join.not-closed",
        "An 08 that is cut off is refused",
        "§1.5.2",
        refuses(add_one(NEW)[:-4], "A cut 08", 8, NEW),
        "must",
    ),
    ("join.no-pid", "08 without a product is refused", "§1.5.2", refuses(add_one(NEW, pid=None), "It", 8, NEW), "must"),
    ("join.version", "08 of version 1.0 is refused", "§1.4", refuses(add_one(NEW, ver="1.0"), "It", 8, NEW), "should"),
)
_OUTSIDE: tuple[tuple[str, str, str, Play, Grade], ...] = (
    (
        "join.outside",
        "While they may not join, 08 is refused",
        "§2.2.3",
        results_in(codes.ADD, add_one(NEW), REFUSED, what="08 outside the window"),
        "must",
    ),
    (
        "batch.outside",
        "While they may not join, 12 is refused",
        "§2.2.4",
        results_in(codes.ADD_MANY, add_many([NEW]), REFUSED, what="12 outside the window"),
        "must",
    ),
)
GATEWAY_MODULE_JOIN_CHECKS: tuple[Check, ...] = tuple(
    row(f"module.{name}", title, clause, play, grade, needs=(ONLINE,), timeout_s=90.0)
    for name, title, clause, play, grade in (*_OUTSIDE, *_ROWS)
)
