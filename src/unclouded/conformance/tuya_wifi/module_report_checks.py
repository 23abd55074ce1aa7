"""Checks of how a module takes reports: by 22 and 34/0b, which it answers, so that each type can be tried.

Source: docs/protocols/tuya_wifi.md §2.2, §2.4.9, §2.4.11, §2.5.5, §2.6.
"""

from collections.abc import Callable
from datetime import UTC, datetime

from unclouded.conformance.check import Check, Grade
from unclouded.conformance.line import Script
from unclouded.conformance.rows import row
from unclouded.conformance.tuya.frames import exchange, frames, unit
from unclouded.conformance.tuya.line_checks import QUESTION, ask
from unclouded.conformance.tuya_wifi.module_start_checks import ONLINE, ModuleLine
from unclouded.conformance.tuya_wifi.module_tolerance_checks import survives
from unclouded.families.tuya.line.datapoint import BITMAP, BOOL, ENUM, RAW, STRING, VALUE
from unclouded.families.tuya.line.framing import Frame
from unclouded.families.tuya.wifi import codes

SYNC = "synchronous reports"  # a preparation
RESULT_S = 6.0  # docs/protocols/tuya_wifi.md §2.4.11: after 5 s a module answers failure
SWITCH = unit(1, BOOL, b"\1")
NUMBER = unit(9, VALUE, b"\0\0\0\5")


def takes_22(line: ModuleLine) -> Script[None]:
    """Checks of 22 say nothing of a module that does not know it."""
    if (yield from exchange(line, codes.SYNC_REPORT, SWITCH, answer=codes.SYNC_RESULT, seconds=RESULT_S)) is None:
        line.skip("It does not answer 22.")


def sync(payload: bytes, what: str) -> Callable[[ModuleLine], Script[None]]:
    """A script: the module answers this report (22) within RESULT_S, and not as failed."""

    def script(line: ModuleLine) -> Script[None]:
        entry = yield from exchange(line, codes.SYNC_REPORT, payload, answer=codes.SYNC_RESULT, seconds=RESULT_S)
        if entry is None:
            line.fail(f"A 22 with {what} is not answered within {RESULT_S:g} s.")
        line.require(
            entry.frame.payload in (b"\0", b"\1"), f"The answer to 22 is {entry.frame.payload.hex() or 'empty'}."
        )
        if entry.frame.payload == b"\0":
            line.fail(f"A 22 with {what} is answered as failed.")

    return script


def one_result(line: ModuleLine) -> Script[None]:
    mark = line.log.mark()
    line.end.send(codes.SYNC_REPORT, NUMBER)
    yield from line.pause(RESULT_S)
    count = len(frames(line.received(mark), codes.SYNC_RESULT))
    line.require(count == 1, f"One 22 was answered {count} times.")


def each_is_answered(line: ModuleLine) -> Script[None]:
    mark = line.log.mark()
    for value in range(3):
        line.end.send(codes.SYNC_REPORT, unit(9, VALUE, value.to_bytes(4)))
        yield from line.pause(0.25)
    yield from line.pause(RESULT_S)
    count = len(frames(line.received(mark), codes.SYNC_RESULT))
    line.require(count == 3, f"Three 22s, 250 ms apart, were answered {count} times.")


def many_reports(line: ModuleLine) -> Script[None]:
    """Twenty 07 in a row, as after a query."""
    for value in range(20):
        line.end.send(codes.REPORT, unit(20, VALUE, value.to_bytes(4)))
    yield from line.pause(2.0)
    for _ in range(3):
        if (yield from ask(line)) is not None:
            return
    line.fail("After 20 reports in a row it answers nothing.")


# --- records -----------------------------------------------------------------------------------------


def record(
    line: ModuleLine, kind: int, fields: bytes, points: bytes = NUMBER, version: int = 1
) -> Script[bytes | None]:
    """Send a 34/0b; the result, None = none came."""
    payload = bytes((codes.RECORD, version, kind)) + fields + points
    entry = yield from exchange(line, codes.EXTENDED, payload, sub=codes.RECORD, seconds=RESULT_S)
    return None if entry is None else bytes(entry.frame.payload[1:])


def _hour_ago(line: ModuleLine) -> bytes:
    at = datetime.fromtimestamp(line.unix() - 3600, UTC)
    return bytes((at.year - 2000, at.month, at.day, at.hour, at.minute, at.second))


def record_is_stored(kind: int, what: str) -> Callable[[ModuleLine], Script[None]]:
    """A script: the module answers a record (34/0b) whose time is of this kind with success."""

    def script(line: ModuleLine) -> Script[None]:
        result = yield from record(line, kind, bytes(6) if kind == 0 else _hour_ago(line))
        if result is None:
            line.not_applicable("It does not answer 34/0b.")
        line.require(result == b"\0", f"A record with {what} is answered by {result.hex() or 'nothing'}.")

    return script


def record_is_invalid(kind: int, fields: bytes, points: bytes, what: str) -> Callable[[ModuleLine], Script[None]]:
    """A script: the module answers this record (34/0b), which is none, with 02 or 03."""

    def script(line: ModuleLine) -> Script[None]:
        if (yield from record(line, 0, bytes(6))) is None:
            line.not_applicable("It does not answer 34/0b.")
        result = yield from record(line, kind, fields, points)
        line.require(
            result in (b"\2", b"\3"), f"A record with {what} is answered by {result.hex() if result else 'nothing'}."
        )

    return script


def several_in_record(line: ModuleLine) -> Script[None]:
    result = yield from record(line, 2, _hour_ago(line), SWITCH + NUMBER + unit(38, ENUM, b"\2"))
    if result is None:
        line.not_applicable("It does not answer 34/0b.")
    line.require(result == b"\0", "A record of several data points is not stored.")


_GOOD: tuple[tuple[str, bytes, str, Grade, str], ...] = (
    ("bool", SWITCH, "a bool", "must", "§2.2"),
    ("value", NUMBER, "a value", "must", "§2.2"),
    ("negative", unit(9, VALUE, b"\xff\xff\xfa\x24"), "a negative value", "must", "§2.2"),
    ("string", unit(21, STRING, "Küche".encode()), "a string", "must", "§2.2"),
    ("enum", unit(38, ENUM, b"\2"), "an enum", "must", "§2.2"),
    ("raw", unit(6, RAW, bytes.fromhex("0880000003e8002710")), "a raw value", "must", "§2.2"),
    ("bitmap-1", unit(26, BITMAP, b"\x05"), "a bitmap of 1 byte", "must", "§2.2"),
    ("bitmap-2", unit(26, BITMAP, b"\x01\x05"), "a bitmap of 2 bytes", "must", "§2.2"),
    ("bitmap-4", unit(26, BITMAP, b"\0\0\x01\x05"), "a bitmap of 4 bytes", "must", "§2.2"),
    ("several", SWITCH + NUMBER + unit(38, ENUM, b"\1"), "three data points", "must", "§2.2"),
    ("twice", NUMBER + unit(9, VALUE, b"\0\0\0\6"), "the same data point twice", "must", "§2.2"),
    ("header-inside", unit(9, VALUE, b"\0\0\x55\xaa"), "55 aa in its value", "must", "§2.6 item 14"),
    (
        "55-inside",
        unit(20, VALUE, b"\0\0\x09\x55"),
        "the value 2389, whose bytes contain a 55,",
        "must",
        "§2.6 item 14",
    ),
    (
        "frame-inside",
        unit(6, RAW, bytes(Frame(3, codes.HEARTBEAT, b"\1"))),
        "a whole frame in a raw value",
        "deviation",
        "§2.6 item 14",
    ),
    ("long", unit(6, RAW, bytes(300)), "a raw value of 300 bytes", "should", "§2.6 item 12"),
    ("short-value", unit(19, VALUE, b"\5") + SWITCH, "a value of 1 byte", "deviation", "§2.6 item 1"),
    ("long-enum", unit(38, ENUM, b"\0\0\0\1"), "an enum of 4 bytes", "deviation", "§2.6 item 1"),
    ("nul", unit(21, STRING, b"abc\0"), "a string that ends in NUL", "deviation", "§2.2"),
    ("empty-string", unit(21, STRING, b""), "an empty string", "should", "§2.2"),
)
_ODD_REPORTS: tuple[tuple[str, bytes, str, str], ...] = (
    ("unknown-point", unit(250, VALUE, b"\0\0\0\1"), "a report of an unknown data point", "§2.4.9"),
    ("other-type", unit(1, VALUE, b"\0\0\0\1"), "a report with another type than before", "§2.2"),
    ("unknown-type", unit(1, 9, b"\1"), "a report of type 09", "§2.2"),
    ("overrun", bytes((1, BOOL, 0, 9, 1)), "a report whose data point is longer than the frame", "§6 rule 2"),
    ("remainder", SWITCH + b"\1\1", "a report with two bytes too many", "§6 rule 2"),
    ("empty", b"", "a report without data points", "§6 rule 2"),
)

REPORT_CHECKS: tuple[Check, ...] = (
    row("module.sync.answered", "22 is answered by 23", "§2.4.11", sync(SWITCH, "a bool"), needs=(ONLINE,)),
    *(
        row(
            f"module.sync.{name}",
            f"A 22 with {what} is stored",
            clause,
            sync(payload, what),
            grade,
            needs=(ONLINE, SYNC),
        )
        for name, payload, what, grade, clause in _GOOD
    ),
    row("module.sync.once", "A 22 is answered once", "§2.4.11", one_result, needs=(ONLINE, SYNC)),
    row("module.sync.each", "Each 22 is answered", "§2.4.11", each_is_answered, needs=(ONLINE, SYNC)),
    *(
        row(
            f"module.report.{name}",
            f"It goes on after {what}",
            clause,
            survives(codes.REPORT, payload, what),
            needs=(ONLINE, QUESTION),
        )
        for name, payload, what, clause in _ODD_REPORTS
    ),
    row(
        "module.report.many", "It goes on after 20 reports in a row", "§2.4.10", many_reports, needs=(ONLINE, QUESTION)
    ),
    row(
        "module.record.own-time",
        "A record without a time is stored",
        "§2.5.5",
        record_is_stored(0, "the module's time"),
        needs=(ONLINE,),
    ),
    row(
        "module.record.local-time",
        "A record with a local time is stored",
        "§2.5.5",
        record_is_stored(1, "a local time"),
        needs=(ONLINE,),
    ),
    row("module.record.gmt", "A record with GMT is stored", "§2.5.5", record_is_stored(2, "GMT"), needs=(ONLINE,)),
    row(
        "module.record.several",
        "A record of several data points is stored",
        "§2.5.5",
        several_in_record,
        needs=(ONLINE,),
    ),
    row(
        "module.record.bad-time",
        "A record of month 13 is refused",
        "§2.5.5",
        record_is_invalid(2, bytes((24, 13, 1, 0, 0, 0)), NUMBER, "month 13"),
        "should",
        needs=(ONLINE,),
    ),
    row(
        "module.record.bad-kind",
        "A record with an unknown kind of time is refused",
        "§2.5.5",
        record_is_invalid(9, bytes((24, 1, 1, 0, 0, 0)), NUMBER, "an unknown kind of time"),
        "should",
        needs=(ONLINE,),
    ),
    row(
        "module.record.no-points",
        "A record without data points is refused",
        "§2.5.5",
        record_is_invalid(0, bytes(6), b"", "no data points"),
        "should",
        needs=(ONLINE,),
    ),
)
