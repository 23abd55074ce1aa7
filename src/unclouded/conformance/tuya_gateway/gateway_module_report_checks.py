"""Checks of a gateway's module: reports of sub-devices, records with their time, and who is online.

Source: docs/protocols/tuya_gateway.md §1.2, §1.3, §2.3, §2.4.
"""

import itertools
from collections.abc import Callable
from datetime import UTC, datetime

from unclouded.conformance.check import Check, Grade
from unclouded.conformance.line import Script
from unclouded.conformance.rows import judged, row
from unclouded.conformance.tuya.frames import is_command, unit
from unclouded.conformance.tuya.line_checks import QUESTION, ask_again
from unclouded.conformance.tuya_gateway.emulated_gateway_mcu import FIRST_SUB, SECOND_SUB
from unclouded.conformance.tuya_gateway.gateway_frames import (
    GATEWAY_ID,
    LONGEST_ID,
    UNKNOWN_ID,
    counted,
    is_strict_json,
    json_of,
    members_or_none,
    of_sub_device,
)
from unclouded.conformance.tuya_gateway.gateway_module_join_checks import JOINED, Play, result_of, results_in
from unclouded.conformance.tuya_gateway.gateway_module_start_checks import ONLINE, GatewayModuleLine, of_module
from unclouded.families.tuya.gateway.wire import codes
from unclouded.families.tuya.line.datapoint import BITMAP, BOOL, ENUM, RAW, STRING, VALUE

BEATS = "beats"  # a preparation
CYCLE_S = 180.0  # docs/protocols/tuya_gateway.md §2.3.1
LEAST_S = 30.0  # between two questions for one sub-device, in any revision
BEATS_S = 2.2 * CYCLE_S
LONG_S = 600.0  # that a check of heartbeats may take
DAY_S = 86_400.0
STORED, REFUSED = b"\0", b"\1"
STORED_S = 6.0  # a module stores a record before it answers: ours
LOCAL, GMT, UNIX = 1, 2, 3  # docs/protocols/tuya_gateway.md §2.4.5


# --- reports -----------------------------------------------------------------------------------------


def goes_on(payload: bytes, what: str, count: int = 1) -> Play:
    """It answers its question after such a 0d."""

    def script(line: GatewayModuleLine) -> Script[None]:
        for _ in range(count):
            line.end.send(codes.REPORT, payload)
        yield from line.pause(0.3)
        yield from ask_again(line, f"It no longer answers after {what}.")

    return script


def report_is_not_answered(line: GatewayModuleLine) -> Script[None]:
    line.end.send(codes.REPORT, of_sub_device(FIRST_SUB, (1, BOOL, b"\1")))
    yield from line.expect_none(is_command(codes.REPORT), 1.0, "It answers 0d, which has no answer.")


def query_is_answered_once(line: GatewayModuleLine) -> Script[None]:
    """0b is not asked again and again while it is answered."""
    mark = line.log.mark()
    yield from line.pause(20.0)
    count = len(of_module(line.log.since(mark), codes.QUERY_ALL))
    line.require(count <= 2, f"In 20 s it asks 0b {count} times.")


_EVERY_TYPE = of_sub_device(
    FIRST_SUB,
    (1, BOOL, b"\1"),
    (2, VALUE, b"\xff\xff\xff\xd8"),
    (3, STRING, b"auto"),
    (4, ENUM, b"\3"),
    (5, BITMAP, b"\1"),
    (6, RAW, b"\x00\xff\x55\xaa\x01"),
)
ODD_REPORTS: tuple[tuple[str, str, str, bytes, int], ...] = (
    ("every-type", "a report with each type and 55 aa inside", "§1.2", _EVERY_TYPE, 1),
    ("wide-enum", "an enum of four bytes", "§1.2", of_sub_device(FIRST_SUB, (4, ENUM, b"\0\0\0\2")), 1),
    ("no-points", "a report without data points", "§1.2", of_sub_device(FIRST_SUB), 1),
    ("bad-bool", "a bool of 02", "§1.2", of_sub_device(FIRST_SUB, (1, BOOL, b"\2")), 1),
    ("bad-value", "a value of three bytes", "§1.2", of_sub_device(FIRST_SUB, (2, VALUE, b"\0\0\1")), 1),
    ("bad-type", "a data point of type 06", "§1.2", of_sub_device(FIRST_SUB, (1, 6, b"\1")), 1),
    ("extra-byte", "a byte after the data points", "§1.2", of_sub_device(FIRST_SUB, (1, BOOL, b"\1")) + b"\0", 1),
    ("bad-text", "a text that is not UTF-8", "§1.2", of_sub_device(FIRST_SUB, (3, STRING, b"\xff\xfe")), 1),
    ("empty-id", "a report of an empty id", "§1.4", b"\0" + unit(1, BOOL, b"\1"), 1),
    ("cut-id", "an id that is longer than its frame", "§1.3", b"\x09abcd", 1),
    ("longest-id", "a report of an id of 255 bytes", "§1.7.2", of_sub_device(LONGEST_ID, (1, BOOL, b"\1")), 1),
    (
        "unknown-id",
        "a report of a sub-device that never joined",
        "§2.4.3",
        of_sub_device(UNKNOWN_ID, (1, BOOL, b"\1")),
        1,
    ),
    ("long", "a report of 256 bytes", "§1.7.2", of_sub_device(FIRST_SUB, (6, RAW, bytes(235))), 1),
    ("many", "twenty reports one after the other", "§1.7.3", _EVERY_TYPE, 20),
)


# --- records -----------------------------------------------------------------------------------------


def record(line: GatewayModuleLine, kind: int, id: str = FIRST_SUB, ago_s: float = 3600.0) -> bytes:
    """Payload of a 2c. Each has another value, so that it is not the same record."""
    unix = line.unix() - ago_s
    at = datetime.fromtimestamp(unix, UTC)
    date = bytes((at.year - 2000, at.month, at.day, at.hour, at.minute, at.second))
    time = {0: bytes(6), UNIX: int(unix).to_bytes(4) + bytes(2)}.get(kind, date)
    return bytes((kind,)) + time + counted(id) + unit(18, VALUE, int(line.now * 1000).to_bytes(4))


def records(kind: int, good: bytes, what: str, id: str = FIRST_SUB, ago_s: float = 3600.0) -> Play:
    """A script: the module answers a record of this kind with ``good``. ``ago_s``: the age of its time."""

    def script(line: GatewayModuleLine) -> Script[None]:
        data = yield from result_of(line, codes.RECORD, record(line, kind, id, ago_s), seconds=STORED_S)
        line.require(data == good, f"{what} is answered by {data.hex()} instead of {good.hex()}.")

    return script


def record_again(line: GatewayModuleLine) -> Script[None]:
    payload = record(line, GMT)
    for _ in range(2):
        data = yield from result_of(line, codes.RECORD, payload, seconds=STORED_S)
        line.require(data == STORED, f"The same record again, as after a lost answer, is answered by {data.hex()}.")


def record_of_no_day(line: GatewayModuleLine) -> Script[None]:
    payload = bytearray(record(line, GMT))
    payload[2] = 13
    data = yield from result_of(line, codes.RECORD, bytes(payload), seconds=STORED_S)
    line.require(data == REFUSED, f"A record of month 13 is answered by {data.hex()}.")


def records_in_a_row(line: GatewayModuleLine) -> Script[None]:
    for number in range(5):
        data = yield from result_of(line, codes.RECORD, record(line, UNIX, ago_s=100.0 - number), seconds=STORED_S)
        line.require(data == STORED, f"Record {number + 1} of five is answered by {data.hex()}.")


_RECORDS: tuple[tuple[str, str, str, Play, Grade], ...] = (
    ("gmt", "A record with GMT is stored", "§2.4.5", records(GMT, STORED, "It"), "must"),
    ("local", "A record with local time is stored", "§2.4.5", records(LOCAL, STORED, "It"), "must"),
    ("unix", "A record with Unix time is stored", "§2.4.5", records(UNIX, STORED, "It"), "must"),
    ("old", "A record of last year is stored", "§2.4.5", records(GMT, STORED, "It", ago_s=400 * DAY_S), "must"),
    ("gateway", "A record of the gateway itself is stored", "§1.4", records(GMT, STORED, "It", GATEWAY_ID), "must"),
    ("no-time", "A record without a time is answered by 01", "§2.4.5", records(0, REFUSED, "It"), "must"),
    (
        "unknown",
        "A record of an unknown sub-device is answered by 01",
        "§2.4.5",
        records(GMT, REFUSED, "It", UNKNOWN_ID),
        "must",
    ),
    ("bad-date", "A record of month 13 is answered by 01", "§2.6", record_of_no_day, "must"),
    ("again", "The same record again is answered by 00", "§2.4.5", record_again, "must"),
    ("several", "Records one after the other are stored", "§2.4.5", records_in_a_row, "must"),
)


# --- online and offline ------------------------------------------------------------------------------


def presence(good: bytes, what: str, **members: object) -> Play:
    """A script: the module answers this notice about the presence of a sub-device with ``good``."""
    return results_in(codes.ONLINE, json_of(**members), good, what=what)


_ONLINE: tuple[tuple[str, str, str, Play, Grade], ...] = (
    (
        "offline",
        "2a that sets one sub-device offline is answered by 00",
        "§2.3.2",
        presence(STORED, "It", all=0, cids=[SECOND_SUB], state=0),
        "must",
    ),
    (
        "online",
        "2a that sets one sub-device online is answered by 00",
        "§2.3.2",
        presence(STORED, "It", all=0, cids=[SECOND_SUB], state=1),
        "must",
    ),
    ("all", "2a that sets all online is answered by 00", "§2.3.2", presence(STORED, "It", all=1, state=1), "must"),
    (
        "all-and-list",
        "2a that sets all and has a list too is answered by 00",
        "§2.3.2",
        presence(STORED, "It", all=1, cids=[UNKNOWN_ID], state=1),
        "should",
    ),
    (
        "unknown",
        "2a with an unknown id is answered by 01",
        "§2.3.2",
        presence(REFUSED, "It", all=0, cids=[UNKNOWN_ID], state=1),
        "must",
    ),
    ("no-state", "2a without a state is answered by 01", "§1.5.2", presence(REFUSED, "It", all=1), "must"),
    (
        "no-json",
        "2a without JSON is answered by 01",
        "§1.5.2",
        results_in(codes.ONLINE, b"[]", REFUSED, what="It"),
        "must",
    ),
    (
        "as-printed",
        "2a is accepted with a doubled quote, as printed",
        "§1.5.1",
        results_in(codes.ONLINE, b'{"all":1,""state":1}', STORED, what="It"),
        "should",
    ),
)


# --- heartbeats --------------------------------------------------------------------------------------


def beats(line: GatewayModuleLine) -> Script[None]:
    """A good two cycles in which the second sub-device is silent."""
    line.end.silent.add(SECOND_SUB)
    yield from line.pause(BEATS_S)


def _asked(line: GatewayModuleLine, id: str) -> list[float]:
    """When it was asked for a heartbeat."""
    found = of_module(line.observed[BEATS], codes.HEARTBEAT)
    return [one.at for one in found if members_or_none(one.frame.payload).get("sub_id") == id]


def each_is_asked(line: GatewayModuleLine) -> None:
    for id in (FIRST_SUB, SECOND_SUB):
        line.require(_asked(line, id), f"In {BEATS_S:g} s {id} is not asked for a heartbeat.")


def silent_one_is_asked_again(line: GatewayModuleLine) -> None:
    line.require(len(_asked(line, SECOND_SUB)) >= 2, "One that does not answer is not asked a second time.")


def not_too_often(line: GatewayModuleLine) -> None:
    at = _asked(line, FIRST_SUB)
    gaps = [after - before for before, after in itertools.pairwise(at)]
    if not gaps:
        line.skip(f"In {BEATS_S:g} s it is asked less than twice.")
    line.require(min(gaps) >= LEAST_S - 1.0, f"One that answers is asked again after {min(gaps):.0f} s.")


def only_joined_are_asked(line: GatewayModuleLine) -> None:
    found = of_module(line.observed[BEATS], codes.HEARTBEAT)
    ids = {members_or_none(one.frame.payload).get("sub_id") for one in found}
    odd = ids - {FIRST_SUB, SECOND_SUB}
    line.require(not odd, f"It asks {', '.join(map(str, odd))[:60]} for a heartbeat, which has not joined.")


def question_form(line: GatewayModuleLine) -> None:
    found = of_module(line.log.since(), codes.HEARTBEAT)
    if not found:
        line.skip("It asks for no heartbeat.")
    wrong = [one.frame.payload for one in found if not is_strict_json(one.frame.payload)]
    line.require(not wrong, "0a is not strict JSON.")


def pause_is_acknowledged(line: GatewayModuleLine) -> Script[None]:
    data = yield from result_of(line, codes.SERVICES, b"\4\1", codes.HEARTBEAT_PAUSE)
    line.require(data == b"\4", f"33/04 is answered by {data.hex()}.")


def paused(line: GatewayModuleLine) -> Script[None]:
    """No heartbeats for a good cycle, and then again."""
    yield from result_of(line, codes.SERVICES, b"\4\0", codes.HEARTBEAT_PAUSE)
    yield from line.pause(1.0)
    mark = line.log.mark()
    yield from line.pause(CYCLE_S + 10.0)
    asked = of_module(line.log.since(mark), codes.HEARTBEAT)
    mark = line.log.mark()
    yield from result_of(line, codes.SERVICES, b"\4\1", codes.HEARTBEAT_PAUSE)
    yield from line.wait_for(is_command(codes.HEARTBEAT), CYCLE_S + 10.0)
    line.require(not asked, "While heartbeats are paused it asks for one.")
    line.require(of_module(line.log.since(mark), codes.HEARTBEAT), "After a pause it asks for no heartbeat any more.")


_BEATS: tuple[tuple[str, str, str, Callable[[GatewayModuleLine], None], Grade], ...] = (
    ("asked", "Each sub-device is asked for a heartbeat", "§2.3.1", each_is_asked, "must"),
    ("again", "A sub-device that does not answer is asked again", "§2.3.1", silent_one_is_asked_again, "must"),
    ("not-more", "A sub-device that answers is asked at most every 30 s", "§2.3.1", not_too_often, "must"),
    ("joined-only", "Only those that have joined are asked", "§2.3.1", only_joined_are_asked, "must"),
    ("strict", "0a is strict JSON", "§1.5", question_form, "must"),
)
_NEEDS = (ONLINE, JOINED)
GATEWAY_MODULE_REPORT_CHECKS: tuple[Check, ...] = (
    row("module.report.unanswered", "0d is not answered", "§2.4.3", report_is_not_answered, needs=_NEEDS),
    row(
        "module.query.once", "0b is not sent again and again", "§2.4.1", query_is_answered_once, "should", needs=_NEEDS
    ),
    *(
        row(
            f"module.report.{name}",
            f"It goes on after {what}",
            clause,
            goes_on(payload, what, count),
            needs=(*_NEEDS, QUESTION),
        )
        for name, what, clause, payload, count in ODD_REPORTS
    ),
    *(
        row(f"module.{subject}.{name}", title, clause, play, grade, needs=_NEEDS, timeout_s=60.0)
        for subject, table in (("record", _RECORDS), ("presence", _ONLINE))
        for name, title, clause, play, grade in table
    ),
    row(
        "module.heartbeat.pause-answered",
        "33/04 is answered by 04",
        "§2.3.3",
        pause_is_acknowledged,
        needs=_NEEDS,
    ),
)
GATEWAY_MODULE_HEARTBEAT_CHECKS: tuple[Check, ...] = (
    *(
        row(f"module.heartbeat.{name}", title, clause, judged(judge), grade, needs=(*_NEEDS, BEATS))
        for name, title, clause, judge, grade in _BEATS
    ),
    row(
        "module.heartbeat.pause",
        "While heartbeats are paused none is asked, afterwards again",
        "§2.3.3",
        paused,
        needs=_NEEDS,
        timeout_s=LONG_S,
    ),
)
