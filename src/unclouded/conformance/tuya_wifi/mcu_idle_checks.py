"""Checks of an MCU that is left alone for a good minute, and of the frames and data points that it sent until then.

Source: docs/protocols/tuya_wifi.md §2.2, §2.3.2, §2.4.
"""

from collections import Counter

from unclouded.conformance.check import Check
from unclouded.conformance.line import LineEntry, Script
from unclouded.conformance.rows import judged, judged_live, row
from unclouded.conformance.tuya.frames import frames, observed_points
from unclouded.conformance.tuya.line_checks import sent_frames_checks
from unclouded.conformance.tuya.point_checks import point_checks
from unclouded.conformance.tuya_wifi.mcu_start_checks import SEEN, McuLine, mode_is_no_event
from unclouded.families.tuya.wifi import codes

IDLE = "idle"  # a preparation
IDLE_S = 66.0
BARE = (
    codes.RESET,
    codes.GMT,
    codes.LOCAL_TIME,
    codes.WIFI_TEST,
    codes.MEMORY,
    codes.SIGNAL,
    codes.STOP_HEARTBEATS,
    codes.NETWORK_QUERY,
    codes.MAC,
    codes.INFRARED_TEST,
)
SUBS = {  # of 34: sub-command -> how long the payload is
    codes.TIME_NOTICES_ON: range(2, 3),
    codes.TIME_NOTICE: range(1, 2),
    codes.WEATHER_NOW: range(1, 2),
    codes.RESET_NOTICES_ON: range(1, 2),
    codes.RESET_NOTICE: range(1, 2),
    codes.MODULE_INFO: range(2, 9),
}
MOST_QUESTIONS = 3  # of one kind in a minute
REPORT_COMMANDS = {codes.REPORT: 0, codes.SYNC_REPORT: 0}
WHOLE = (SEEN, IDLE)


def idle(line: McuLine) -> Script[None]:
    """Only heartbeats."""
    yield from line.pause(IDLE_S)


def _idle(line: McuLine) -> list[LineEntry]:
    return [entry for entry in line.observed[IDLE] if entry.sender == "device"]


def no_restart(line: McuLine) -> None:
    starts = [one for one in frames(_idle(line), codes.HEARTBEAT) if one.frame.payload == b"\0"]
    line.require(not starts, "It restarted while nothing was asked of it: a heartbeat was answered by 00.")


def few_questions(line: McuLine) -> None:
    asked = Counter(one.frame.command for one in frames(_idle(line), *BARE))
    often = [command for command, count in asked.items() if count > MOST_QUESTIONS]
    line.require(
        not often,
        f"In {IDLE_S:g} s it asked {often and often[0]:02x} {asked[often[0]] if often else 0} times." if often else "",
    )


def stable_reports(line: McuLine) -> None:
    """The same value of the same point twice within a minute."""
    before: dict[int, tuple[float, bytes]] = {}
    for one in observed_points(_idle(line), {codes.REPORT: 0}):
        at, value = before.get(one.id, (-1e9, b""))
        if value == one.value and one.at - at < 55.0:
            line.fail(f"Data point {one.id} was reported again after {one.at - at:.1f} s, with the same value.")
        before[one.id] = one.at, one.value


def idle_heartbeats(line: McuLine) -> None:
    sent = [one for one in frames(line.observed[IDLE], codes.HEARTBEAT) if one.sender == "controller"]
    got = frames(_idle(line), codes.HEARTBEAT)
    if not got and not frames(line.received(), codes.HEARTBEAT):
        line.skip("It answers no heartbeats.")
    line.require(len(got) >= len(sent) - 1, f"Of {len(sent)} heartbeats {len(got)} were answered.")


def bare_questions(line: McuLine) -> None:
    asked = frames(line.received(), *BARE)
    if not asked:
        line.not_applicable("It asks nothing.")
    wrong = [one.frame for one in asked if one.frame.payload]
    line.require(
        not wrong, f"Its question {wrong[0].command:02x} has {len(wrong[0].payload)} bytes of payload." if wrong else ""
    )


def weather_names(line: McuLine) -> None:
    asked = frames(line.received(), codes.WEATHER_ON)
    if not asked:
        line.not_applicable("It asks for no weather.")
    for one in asked:
        data, at = one.frame.payload, 0
        while at < len(data):
            at += 1 + data[at]
        line.require(data and at == len(data), "The names of a 20 do not fill its payload.")


def extended_questions(line: McuLine) -> None:
    asked = [one.frame.payload for one in frames(line.received(), codes.EXTENDED) if one.frame.payload]
    known = [data for data in asked if data[0] in SUBS]
    if not known:
        line.not_applicable("It sends no 34 whose length is known.")
    wrong = [data for data in known if len(data) not in SUBS[data[0]]]
    line.require(not wrong, f"34/{wrong[0][0]:02x} has {len(wrong[0])} bytes of payload." if wrong else "")


IDLE_CHECKS: tuple[Check, ...] = (
    row("mcu.idle.heartbeats", "It answers heartbeats each 15 s", "§2.3.2", judged(idle_heartbeats), needs=WHOLE),
    row("mcu.idle.no-restart", "It does not restart by itself", "§2.4.2", judged(no_restart), needs=WHOLE),
    row(
        "mcu.idle.few-questions",
        f"It asks the same at most {MOST_QUESTIONS} times in a minute",
        "§2.6 item 9",
        judged(few_questions),
        "deviation",
        needs=WHOLE,
    ),
    row(
        "mcu.idle.stable-values",
        "The same value is reported at most once a minute",
        "§2.2",
        judged(stable_reports),
        "deviation",
        needs=WHOLE,
    ),
    row(
        "mcu.mode.asked-only",
        "02 is sent only as an answer",
        "§2.6 item 5",
        judged_live(mode_is_no_event),
        "deviation",
        needs=WHOLE,
    ),
    *sent_frames_checks("mcu", (3,), "deviation", WHOLE, "§2.1"),
    *point_checks("mcu", REPORT_COMMANDS, WHOLE),
    row(
        "mcu.questions.empty", "Questions without fields have no payload", "§2.4.1", judged(bare_questions), needs=WHOLE
    ),
    row("mcu.questions.weather", "The names of 20 fill its payload", "§2.4.18", judged(weather_names), needs=WHOLE),
    row(
        "mcu.questions.extended",
        "34 has the length of its sub-command",
        "§2.5",
        judged(extended_questions),
        needs=WHOLE,
    ),
)
