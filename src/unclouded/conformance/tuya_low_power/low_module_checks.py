"""Checks of a module for battery devices: how it begins, and how it answers reports, records and questions.

Source: docs/protocols/tuya_low_power.md §2, §3.
"""

from collections.abc import Callable
from datetime import UTC, datetime

from unclouded.conformance.check import Check, Grade, PersonTask, Preparation
from unclouded.conformance.line import CheckLine, LineEntry, Script
from unclouded.conformance.rows import judged, row
from unclouded.conformance.tuya.answer_checks import (
    answer,
    answer_is,
    answered,
    is_byte,
    is_time,
    known_time,
    time_of,
)
from unclouded.conformance.tuya.frames import exchange, frames, is_any_frame, is_command, unit, units_of
from unclouded.conformance.tuya.line_checks import (
    QUESTION,
    TuyaQuestion,
    find_question,
    line_checks,
    sent_frames_checks,
)
from unclouded.conformance.tuya_low_power.emulated_low_mcu import CLOUD, EmulatedLowMcu
from unclouded.families.tuya.line.datapoint import BITMAP, BOOL, ENUM, RAW, STRING, VALUE
from unclouded.families.tuya.low_power import codes

LowModuleLine = CheckLine[EmulatedLowMcu]
SEARCH, START, ONLINE, COMMAND, LOW_UPDATE = "search", "start", "online", "a command", "an update of the MCU"
SEARCH_S = 12.0
ROUTER = 3
STORED_S = 6.0
SCAN_S = 10.0
HEARTBEAT = 0x00  # of the ordinary dialect
SWITCH = unit(1, BOOL, b"\1")
NUMBER = unit(2, VALUE, b"\0\0\0\x50")
SWITCH_NOW = PersonTask("switch", "Switch something of this device in the app now.")
UPDATE_NOW = PersonTask("update", "Start an update of the MCU in the app now.")
PERSON_S, UPDATE_S = 120.0, 1800.0
TAKEN = (b"\0", b"\1")


# --- preparations ------------------------------------------------------------------------------------


def _is_end(entry: LineEntry) -> bool:
    return is_command(codes.UPDATE_BLOCK)(entry) and len(entry.frame.payload) == 4


def search(line: LowModuleLine) -> Script[None]:
    line.end.sleep()
    yield from line.pause(SEARCH_S)


def observe_start(line: LowModuleLine) -> Script[None]:
    """An MCU that wakes and takes 0.1 s for each answer."""
    line.end.sleep()
    yield from line.pause(SEARCH_S)
    line.end.reset()
    line.end.delay_s = 0.1
    line.require((yield from line.end.connect()), "After 01 was answered no status 04 came.")


def online(line: LowModuleLine) -> Script[None]:
    if not (yield from line.end.connect()):
        line.end.sleep()
        yield from line.pause(SEARCH_S)
        line.end.reset()
        line.require((yield from line.end.connect()), "After 01 was answered no status 04 came.")


def command(line: LowModuleLine) -> Script[None]:
    line.advise(SWITCH_NOW)
    if (yield from line.wait_for(is_command(codes.SET), PERSON_S)) is None:
        line.skip(f"No 09 came within {PERSON_S:g} s.")
    yield from line.pause(5.0)


def update(line: LowModuleLine) -> Script[None]:
    line.advise(UPDATE_NOW)
    if (yield from line.wait_for(is_command(codes.UPDATE_SIZE), PERSON_S)) is None:
        line.skip(f"No 0d came within {PERSON_S:g} s.")
    yield from line.wait_for(_is_end, UPDATE_S)
    yield from line.wait_for(is_command(codes.PRODUCT), 60.0)
    yield from line.pause(2.0)


PREPARATIONS = {
    SEARCH: Preparation(text="the module searches", script=search, once=True),
    START: Preparation(text="the module has begun", script=observe_start, once=True),
    ONLINE: Preparation(text="the module has reported its cloud", script=online),
    QUESTION: Preparation(
        text="it answers a question",
        script=find_question(TuyaQuestion(codes.TIME), TuyaQuestion(codes.SIGNAL)),
        once=True,
    ),
    COMMAND: Preparation(text="a command came", script=command, once=True, timeout_s=PERSON_S + 10.0),
    LOW_UPDATE: Preparation(text="an update came", script=update, once=True, timeout_s=PERSON_S + UPDATE_S),
}


def sent(line: LowModuleLine, name: str, *commands: int) -> list[LineEntry]:
    """The frames with these commands that the module sent in the observation ``name``."""
    return [one for one in frames(line.observed[name], *commands) if one.sender == "controller"]


# --- the start ---------------------------------------------------------------------------------------


def only_product_first(line: LowModuleLine) -> None:
    odd = {one.frame.command for one in sent(line, SEARCH)} - {codes.PRODUCT}
    line.require(not odd, f"Before 01 is answered, it sends {', '.join(f'{one:02x}' for one in sorted(odd))}.")


def product_is_repeated(line: LowModuleLine) -> None:
    count = len(sent(line, SEARCH, codes.PRODUCT))
    line.require(count >= 2, f"Within {SEARCH_S:g} s 01 came {count} times while nothing answered.")


def product_is_empty(line: LowModuleLine) -> None:
    wrong = [one for one in frames(line.received(), codes.PRODUCT) if one.frame.payload]
    line.require(not wrong, "01 has a payload.")


def status_after_product(line: LowModuleLine) -> None:
    entries = line.observed[START]
    answers = [one.at for one in frames(entries, codes.PRODUCT) if one.sender == "device"]
    states = sent(line, START, codes.STATUS)
    line.require(states, "No network status is sent.")
    line.require(answers and answers[0] <= states[0].at, "A network status came before 01 was answered.")


def router_first(line: LowModuleLine) -> None:
    states = [one.frame.payload for one in sent(line, START, codes.STATUS)]
    before = states[: states.index(bytes((CLOUD,)))] if bytes((CLOUD,)) in states else []
    line.require(bytes((ROUTER,)) in before, "It reports 04 without 03 before it.")


def status_value(line: LowModuleLine) -> None:
    wrong = [one.frame.payload for one in frames(line.received(), codes.STATUS)]
    wrong = [data for data in wrong if len(data) != 1 or data[0] > 6]
    line.require(not wrong, f"A network status is {wrong[0].hex() or 'empty'}." if wrong else "")


def status_waits(line: LowModuleLine) -> None:
    is_open = False
    for one in frames(line.observed[START], codes.STATUS):
        line.require(
            one.sender == "device" or not is_open, "A network status came before the last one was acknowledged."
        )
        is_open = one.sender == "controller"


def status_is_repeated(line: LowModuleLine) -> Script[None]:
    line.end.sleep()
    yield from line.pause(SEARCH_S)
    line.end.reset()
    line.end.mute.add(codes.STATUS)
    if (yield from line.wait_for(is_command(codes.STATUS), 30.0)) is None:
        line.skip("No network status came.")
    line.end.is_online = False
    yield from line.expect(is_command(codes.STATUS), 5.0, "02 is not repeated where it is not acknowledged.")


def wakes_again(line: LowModuleLine) -> Script[None]:
    line.end.sleep()
    yield from line.pause(SEARCH_S)
    line.end.reset()
    line.require((yield from line.end.connect()), "An MCU that slept for 12 s and answers 01 again gets no status 04.")


def no_heartbeats(line: LowModuleLine) -> None:
    line.require(not frames(line.received(), HEARTBEAT), "It sends heartbeats of the ordinary dialect.")


# --- reports -----------------------------------------------------------------------------------------


def taken(report: int, payload: bytes, what: str) -> Callable[[LowModuleLine], Script[None]]:
    """A script: the module answers this report within STORED_S as taken."""

    def script(line: LowModuleLine) -> Script[None]:
        entry = yield from exchange(line, report, payload, seconds=STORED_S)
        if entry is None:
            line.fail(f"{what} is not answered within {STORED_S:g} s.")
        line.require(entry.frame.payload in TAKEN, f"{what} is answered by {entry.frame.payload.hex() or 'nothing'}.")

    return script


def one_answer(line: LowModuleLine) -> Script[None]:
    mark = line.log.mark()
    line.end.send(codes.REPORT, NUMBER)
    yield from line.pause(STORED_S)
    count = len(frames(line.received(mark), codes.REPORT))
    line.require(count == 1, f"One 05 was answered {count} times.")


def each_is_answered(line: LowModuleLine) -> Script[None]:
    mark = line.log.mark()
    for value in range(3):
        line.end.send(codes.REPORT, unit(2, VALUE, value.to_bytes(4)))
    yield from line.pause(STORED_S)
    count = len(frames(line.received(mark), codes.REPORT))
    line.require(count == 3, f"Three 05s were answered {count} times.")


def hour_ago(line: LowModuleLine) -> Script[None]:
    at = datetime.fromtimestamp(line.unix() - 3600, UTC)
    stamp = bytes((1, at.year - 2000, at.month, at.day, at.hour, at.minute, at.second))
    yield from taken(codes.RECORD, stamp + NUMBER + SWITCH, "A record of an hour ago")(line)


# --- questions ---------------------------------------------------------------------------------------


def weekday(line: LowModuleLine) -> Script[None]:
    entry = yield from answer(line, codes.TIME)
    at = time_of(entry.frame.payload, 8)
    if at is None:
        line.skip("It does not know the time.")
    line.require(entry.frame.payload[7] == at.isoweekday(), "The weekday is not that of the date.")


def time_runs(line: LowModuleLine) -> Script[None]:
    first = yield from known_time(line, codes.TIME, 8)
    began = line.now
    yield from line.pause(3.0)
    second = yield from known_time(line, codes.TIME, 8)
    off = (second - first).total_seconds() - (line.now - began)
    line.require(abs(off) <= 1.5, f"In 3 s its clock moved by {(second - first).total_seconds():.0f} s.")


def is_strength(data: bytes) -> str:
    if len(data) != 2 or data[0] > 1:
        return f"The answer is {data.hex() or 'empty'}."
    return "" if data[1] <= (100 if data[0] else 0) else f"The signal is {data[1]}."


def is_cache(*asked: int) -> Callable[[bytes], str]:
    """Accepts an answer that announces as many settings as follow, and only those asked for; "" or why not."""

    def good(data: bytes) -> str:
        if len(data) < 2:
            return f"The answer is {data.hex() or 'empty'}."
        units = units_of(data[2:])
        if len(units) != data[1] or (data[2:] and not units):
            return f"It announces {data[1]} settings, and {len(units)} follow."
        odd = {id for id, _, _ in units} - set(asked) if asked else set()
        return f"It hands out {sorted(odd)}, which was not asked for." if odd else ""

    return good


def goes_on(payload: bytes, what: str) -> Callable[[LowModuleLine], Script[None]]:
    """After an odd report, whatever is answered to it."""

    def script(line: LowModuleLine) -> Script[None]:
        line.end.send(codes.REPORT, payload)
        yield from line.pause(1.0)
        line.require((yield from exchange(line, codes.TIME, seconds=2.0)), f"After {what} it answers no 06.")

    return script


_GOOD: tuple[tuple[str, bytes, str, Grade], ...] = (
    ("bool", SWITCH, "a bool", "must"),
    ("value", NUMBER, "a value", "must"),
    ("negative", unit(2, VALUE, b"\xff\xff\xff\xf0"), "a negative value", "must"),
    ("string", unit(21, STRING, b"abc"), "a string", "must"),
    ("enum", unit(38, ENUM, b"\2"), "an enum", "must"),
    ("raw", unit(6, RAW, b"\1\2\3"), "a raw value", "must"),
    ("bitmap", unit(26, BITMAP, b"\1"), "a bitmap", "must"),
    ("several", SWITCH + NUMBER, "two data points", "must"),
    ("twice", NUMBER + NUMBER, "the same data point twice", "must"),
    ("header-inside", unit(2, VALUE, b"\0\0\x55\xaa"), "55 aa in its value", "must"),
    ("long", unit(6, RAW, bytes(200)), "a raw value of 200 bytes", "should"),
    ("short-value", unit(2, VALUE, b"\5") + SWITCH, "a value of 1 byte", "deviation"),
)
ON = (START, ONLINE)
LOW_MODULE_CHECKS: tuple[Check, ...] = (
    row(
        "module.start.only-01",
        "Until it is answered, it sends only 01",
        "§2.1",
        judged(only_product_first),
        needs=(SEARCH,),
    ),
    row(
        "module.start.repeated",
        "01 is repeated while nothing answers",
        "§2.2",
        judged(product_is_repeated),
        needs=(SEARCH,),
    ),
    row("module.start.status", "02 comes after 01 was answered", "§2.1", judged(status_after_product), needs=(START,)),
    row("module.start.router-first", "It reports 03 before 04", "§2.1", judged(router_first), "should", needs=(START,)),
    row(
        "module.start.waits",
        "A network status waits for the last one's acknowledgement",
        "§3.3",
        judged(status_waits),
        needs=(START,),
    ),
    *sent_frames_checks("module", (0,), "must", ON, "docs/protocols/tuya_low_power.md §1"),
    row(
        "module.report.answered",
        "05 is answered within 6 s",
        "§3.5",
        answered(codes.REPORT, SWITCH, seconds=STORED_S),
        needs=ON,
    ),
    *(
        row(
            f"module.report.{name}",
            f"A report of {what} is accepted",
            "§3.5",
            taken(codes.REPORT, data, f"A 05 with {what}"),
            grade,
            needs=ON,
        )
        for name, data, what, grade in _GOOD
    ),
    row("module.report.once", "05 is answered once", "§3.5", one_answer, needs=ON),
    row("module.report.each", "Each 05 is answered", "§3.5", each_is_answered, needs=ON),
    row(
        "module.report.empty",
        "It goes on after a 05 without data points",
        "§3.5",
        goes_on(b"", "an empty 05"),
        needs=ON,
    ),
    row(
        "module.report.overrun",
        "It goes on after a data point longer than its frame",
        "§3.5",
        goes_on(bytes((1, 1, 0, 9, 1)), "a data point that is too long"),
        needs=ON,
    ),
    row("module.record.time", "A record of an hour ago is accepted", "§3.8", hour_ago, needs=ON),
    row(
        "module.record.no-time",
        "A record without a time is accepted",
        "§3.8",
        taken(codes.RECORD, bytes(7) + NUMBER, "A record without a time"),
        needs=ON,
    ),
    row(
        "module.record.bad-time",
        "A record of month 13 is answered",
        "§3.8",
        answered(codes.RECORD, bytes((1, 24, 13, 1, 0, 0, 0)) + NUMBER, seconds=STORED_S),
        "should",
        needs=ON,
    ),
    row("module.time.answered", "The time is answered", "§3.6", answered(codes.TIME), needs=ON),
    row("module.time.value", "The time has 8 valid bytes", "§3.6", answer_is(is_time(8), codes.TIME), needs=ON),
    row("module.time.weekday", "The weekday is that of the date", "§3.6", weekday, needs=ON),
    row("module.time.runs", "Its clock runs", "§3.6", time_runs, needs=ON),
    row(
        "module.signal.value",
        "The signal is 01 and percent, or 00 00",
        "§3.7",
        answer_is(is_strength, codes.SIGNAL),
        needs=ON,
    ),
    row(
        "module.test.value",
        "The Wi-Fi test is answered within 10 s",
        "§3.7",
        answer_is(is_strength, codes.TEST, seconds=SCAN_S),
        needs=ON,
    ),
    row(
        "module.update-state.module",
        "0a is answered by 00 to 04",
        "§3.10",
        answer_is(is_byte(0, 4), codes.MODULE_UPDATE),
        needs=ON,
    ),
    row(
        "module.update-state.mcu",
        "0c is answered by 00 to 04",
        "§3.10",
        answer_is(is_byte(0, 4), codes.UPDATE),
        needs=ON,
    ),
    row(
        "module.cache.all",
        "10 is answered by as many settings as it announces",
        "§3.12",
        answer_is(is_cache(), codes.CACHE, b"\0"),
        needs=ON,
    ),
    row(
        "module.cache.some",
        "10 returns only what was asked for",
        "§3.12",
        answer_is(is_cache(1, 2), codes.CACHE, b"\2\1\2"),
        needs=ON,
    ),
    row("module.start.empty-01", "01 has no payload", "§3.2", judged(product_is_empty), needs=ON),
    row("module.start.status-value", "A network status is one byte, 00 to 06", "§3.3", judged(status_value), needs=ON),
    row("module.start.no-heartbeats", "It sends no heartbeats", "§2.1", judged(no_heartbeats), needs=ON),
    row(
        "module.start.status-repeated",
        "02 is repeated where it is not acknowledged",
        "§2.2",
        status_is_repeated,
        needs=ON,
        timeout_s=90.0,
    ),
    row("module.start.again", "It begins again with an MCU that slept", "§2.1", wakes_again, needs=ON, timeout_s=90.0),
    *line_checks("module", (), needs=(*ON, QUESTION)),
)


def is_alive(line: LowModuleLine) -> Script[bool]:
    """Whether the module sends a frame within 35 s."""
    return (yield from line.wait_for(is_any_frame, 35.0)) is not None
