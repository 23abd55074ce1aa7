"""Checks of how an MCU takes what a module sends it unasked, and of its synchronous reports.

What it did not ask for is not required of it. Source: docs/protocols/tuya_wifi.md §2.4, §2.5.
"""

from unclouded.conformance.check import Check
from unclouded.conformance.line import LineEntry, Script
from unclouded.conformance.rows import row
from unclouded.conformance.tuya.frames import exchange, frames, is_command
from unclouded.conformance.tuya.line_checks import QUESTION, ask
from unclouded.conformance.tuya_wifi.emulated_module import weather_of
from unclouded.conformance.tuya_wifi.mcu_idle_checks import WHOLE
from unclouded.conformance.tuya_wifi.mcu_start_checks import McuLine
from unclouded.families.tuya.wifi import codes

ACK_S = 1.0
SYNC_S = 30.0  # that a 22 is waited for
STORED_S = 5.0  # docs/protocols/tuya_wifi.md §2.4.11: the MCU waits more than that
AGAIN_S = 70.0  # until it sends what was not stored again
NEEDS = (*WHOLE, QUESTION)


def subscribed(line: McuLine, command: int, sub: int | None, what: str) -> None:
    """Not applicable where the MCU never asked for it."""
    if not any(is_command(command, sub)(one) for one in line.received()):
        line.not_applicable(f"It does not ask for {what}.")


def weather_acknowledged(line: McuLine) -> Script[None]:
    subscribed(line, codes.WEATHER_ON, None, "weather")
    entry = yield from exchange(line, codes.WEATHER, weather_of(("w.temp.0", 21)), seconds=ACK_S)
    if entry is None:
        line.fail("21 with one value was not acknowledged.")
    line.require(not entry.frame.payload, "The acknowledgement of 21 is not empty.")


def long_weather_acknowledged(line: McuLine) -> Script[None]:
    subscribed(line, codes.WEATHER_ON, None, "weather")
    payload = weather_of(("w.temp.0", 21), ("w.humidity.0", 55), ("w.condition.0", "晴"), ("w.windSpeed.0", "3.4"))
    entry = yield from exchange(line, codes.WEATHER, payload, seconds=ACK_S)
    line.require(entry, "21 with four values was not acknowledged.")


def weather_failure(line: McuLine) -> Script[None]:
    subscribed(line, codes.WEATHER_ON, None, "weather")
    yield from exchange(line, codes.WEATHER, b"\x00\x01", seconds=ACK_S)
    yield from goes_on(line, "the 21 for no weather")


def goes_on(line: McuLine, what: str) -> Script[None]:
    """Fails where the MCU answers none of three questions. ``what``: what was sent before, for the reason."""
    for _ in range(3):
        if (yield from ask(line)) is not None:
            return
    line.fail(f"It no longer answers after {what}.")


def time_notice(line: McuLine) -> Script[None]:
    subscribed(line, codes.EXTENDED, codes.TIME_NOTICES_ON, "time notices")
    payload = bytes((codes.TIME_NOTICE, 1)) + line.end.time(local=True)[1:]
    entry = yield from exchange(line, codes.EXTENDED, payload, sub=codes.TIME_NOTICE, seconds=ACK_S)
    line.require(entry, "34/02 was not acknowledged.")


def reset_notice(line: McuLine) -> Script[None]:
    subscribed(line, codes.EXTENDED, codes.RESET_NOTICES_ON, "reset notices")
    payload = bytes((codes.RESET_NOTICE, 0))
    entry = yield from exchange(line, codes.EXTENDED, payload, sub=codes.RESET_NOTICE, seconds=ACK_S)
    line.require(entry, "34/05 was not acknowledged.")


def unasked_time(line: McuLine) -> Script[None]:
    line.end.send(codes.LOCAL_TIME, line.end.time(local=True))
    yield from goes_on(line, "a time that it did not ask for")


def unknown_time(line: McuLine) -> Script[None]:
    line.end.send(codes.LOCAL_TIME, bytes(8))
    yield from goes_on(line, "the answer that the time is not known")


def infrared_state(line: McuLine) -> Script[None]:
    line.end.send(codes.INFRARED, b"\0")
    yield from line.pause(0.3)
    yield from goes_on(line, "2e")


# --- synchronous reports -----------------------------------------------------------------------------


def next_sync(line: McuLine) -> Script[LineEntry]:
    """The next 22. An MCU that sent none so far is not waited for."""
    if not frames(line.received(), codes.SYNC_REPORT):
        line.not_applicable("It sends no synchronous reports.")
    entry = yield from line.wait_for(is_command(codes.SYNC_REPORT), SYNC_S)
    if entry is None:
        line.skip(f"It sent no 22 within {SYNC_S:g} s.")
    return entry


def sync_waits(line: McuLine) -> Script[None]:
    line.end.mute.add(codes.SYNC_REPORT)
    yield from next_sync(line)
    early = is_command(codes.SYNC_REPORT)
    yield from line.expect_none(early, STORED_S - 0.1, "It sent the next 22 before the answer to the last one.")


def sync_repeated(line: McuLine) -> Script[None]:
    line.end.sync_result = 0
    entry = yield from next_sync(line)
    again = is_command(codes.SYNC_REPORT)
    yield from line.expect(again, AGAIN_S, "What was answered by 23 00 is not reported again.")
    line.require(entry.frame.payload, "A 22 has no payload.")


def sync_stored(line: McuLine) -> Script[None]:
    entry = yield from next_sync(line)
    mark = line.log.mark()
    yield from line.pause(STORED_S + 3.0)
    again = [one for one in frames(line.received(mark), codes.SYNC_REPORT) if one.frame == entry.frame]
    line.require(not again, "What was answered by 23 01 is reported again.")


def sync_gap(line: McuLine) -> Script[None]:
    yield from next_sync(line)
    early = is_command(codes.SYNC_REPORT)
    yield from line.expect_none(early, 0.24, "The next 22 came within 250 ms of the answer.")


NOTICE_CHECKS: tuple[Check, ...] = (
    row(
        "mcu.weather.acknowledged",
        "It acknowledges weather that it asked for",
        "§2.4.18",
        weather_acknowledged,
        needs=NEEDS,
    ),
    row("mcu.weather.failure", "It goes on when there is no weather", "§2.4.18", weather_failure, needs=NEEDS),
    row("mcu.notice.time", "It acknowledges time notices that it asked for", "§2.5.1", time_notice, needs=NEEDS),
    row("mcu.notice.reset", "It acknowledges reset notices that it asked for", "§2.5.3", reset_notice, needs=NEEDS),
    row(
        "mcu.notice.unasked-time",
        "It goes on after a time that it did not ask for",
        "§2.4.13",
        unasked_time,
        needs=NEEDS,
    ),
    row("mcu.notice.unknown-time", "It goes on when the time is not known", "§2.4.13", unknown_time, needs=NEEDS),
    row("mcu.notice.infrared", "It goes on after the state of infrared", "§2.4.21", infrared_state, needs=NEEDS),
    row(
        "mcu.sync.waits",
        "It waits more than 5 s for the answer to 22",
        "§2.4.11",
        sync_waits,
        needs=NEEDS,
        timeout_s=60.0,
    ),
    row("mcu.sync.repeated", "It repeats what was not stored", "§2.4.11", sync_repeated, needs=NEEDS, timeout_s=120.0),
    row("mcu.sync.stored", "It does not repeat what was stored", "§2.4.11", sync_stored, needs=NEEDS, timeout_s=60.0),
    row(
        "mcu.sync.gap",
        "It waits 250 ms before the next 22",
        "§2.3.2",
        sync_gap,
        "deviation",
        needs=NEEDS,
        timeout_s=60.0,
    ),
)

LONG_NOTICE_CHECKS: tuple[Check, ...] = (
    row(
        "mcu.weather.long",
        "It acknowledges weather of four values",
        "§2.6 item 13",
        long_weather_acknowledged,
        "deviation",
        needs=NEEDS,
    ),
)
