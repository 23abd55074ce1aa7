"""Checks of the MCU of a battery device: its sessions from waking to sleeping, its reports, records and settings.

Most of them judge four recorded sessions, so that a person has to wake the device a few times only. Source:
docs/protocols/tuya_low_power.md §2, §3, §5.
"""

from collections import Counter
from collections.abc import Callable, Sequence

from unclouded.conformance.check import Check, Preparation
from unclouded.conformance.line import CheckLine, LineEntry, Script
from unclouded.conformance.rows import judged, row
from unclouded.conformance.tuya.frames import frames, is_command, unit
from unclouded.conformance.tuya.line_checks import answers, line_checks, sent_frames_checks
from unclouded.conformance.tuya.point_checks import point_checks
from unclouded.conformance.tuya.update_checks import UPDATE, UpdateCommands, update_checks, update_preparation
from unclouded.conformance.tuya_low_power.emulated_low_module import (
    ASLEEP_S,
    CLOUD,
    HEADS,
    NO_ROUTER,
    ROUTER,
    SESSION_S,
    SHORT_S,
    EmulatedLowModule,
)
from unclouded.families.tuya.line.datapoint import BOOL, VALUE
from unclouded.families.tuya.low_power import codes
from unclouded.families.tuya.low_power.messages import seconds_of
from unclouded.families.tuya.messages import json_object, read_product

LowMcuLine = CheckLine[EmulatedLowModule]
SESSION, NO_CLOUD, FAILED, AFTER, AWAKE = (
    "session",
    "session without a cloud",
    "failed session",
    "session after it",
    "awake",
)
WHOLE = (SESSION,)
ALL = (SESSION, NO_CLOUD, FAILED, AFTER)
DANGER = "It sets a data point of the device."
HEARTBEAT = 0x00  # of the ordinary dialect


# --- recordings --------------------------------------------------------------------------------------


def session(
    name: str, *states: int, result: int = 0, probes_late: bool = False
) -> Callable[[LowMcuLine], Script[None]]:
    """One session from waking to sleeping."""

    def script(line: LowMcuLine) -> Script[None]:
        yield from line.end.sleep()
        yield from line.end.wake()
        line.end.result, line.end.probes_late = result, probes_late
        line.end.acknowledged[name] = yield from line.end.connect(*states)
        began = line.now
        line.end.slept[name] = yield from line.end.sleep()
        if name == NO_CLOUD:
            line.end.awake_s = max(SHORT_S, (line.now - began - ASLEEP_S) / 2)

    return script


def awake(line: LowMcuLine) -> Script[None]:
    yield from line.end.wake_anew()


PREPARATIONS = {
    SESSION: Preparation(
        text="a session", script=session(SESSION, ROUTER, CLOUD, probes_late=True), once=True, timeout_s=400.0
    ),
    NO_CLOUD: Preparation(
        text="a session without a cloud", script=session(NO_CLOUD, NO_ROUTER), once=True, timeout_s=400.0
    ),
    FAILED: Preparation(
        text="a session that stores nothing",
        script=session(FAILED, ROUTER, CLOUD, result=2),
        once=True,
        timeout_s=400.0,
    ),
    AFTER: Preparation(text="another session", script=session(AFTER, ROUTER, CLOUD), once=True, timeout_s=400.0),
    AWAKE: Preparation(text="it is awake", script=awake, timeout_s=200.0),
    UPDATE: update_preparation(UpdateCommands(codes.UPDATE_SIZE, codes.UPDATE_BLOCK, codes.PRODUCT, step=256)),
}


def _of(line: LowMcuLine, name: str, *commands: int) -> list[LineEntry]:
    return [one for one in frames(line.observed[name], *commands) if one.sender == "device"]


def _sent(line: LowMcuLine, name: str, *commands: int) -> list[LineEntry]:
    return [one for one in frames(line.observed[name], *commands) if one.sender == "controller"]


# --- product and network -----------------------------------------------------------------------------


def _products(line: LowMcuLine) -> list[LineEntry]:
    found = [one for name in line.observed for one in _of(line, name, codes.PRODUCT)]
    if not found:
        line.skip("It did not answer 01.")
    return found


def product_is_answered(line: LowMcuLine) -> None:
    line.require(_of(line, SESSION, codes.PRODUCT), "It does not answer 01.")


def product_is_json(line: LowMcuLine) -> None:
    fields = json_object(_products(line)[0].frame.payload)
    line.require(
        fields is not None and {"p", "v"} <= fields.keys(), "Its product info is not a JSON object with p and v."
    )


def product_id(line: LowMcuLine) -> None:
    read = read_product(_products(line)[0].frame)
    size = len(read.product) if read is not None else 0
    line.require(size == 16, f"Its product id has {size} characters.")


def product_version(line: LowMcuLine) -> None:
    read = read_product(_products(line)[0].frame)
    version = read.version if read is not None else ""
    parts = version.split(".")
    line.require(len(parts) == 3 and all(part.isdigit() for part in parts), f"v is {version!r}, not x.y.z.")


def product_is_constant(line: LowMcuLine) -> None:
    seen = {one.frame.payload for one in _products(line)}
    line.require(len(seen) == 1, "Its product info differs from one answer to the next.")


def status_is_acknowledged(name: str) -> Callable[[LowMcuLine], None]:
    """A judge: in this session each network status was acknowledged."""

    def judge(line: LowMcuLine) -> None:
        missing = line.end.acknowledged[name]
        line.require(not missing, f"Network status {', '.join(f'{one:02x}' for one in missing)} was not acknowledged.")

    return judge


def status_answer_is_empty(line: LowMcuLine) -> None:
    wrong = [one for one in _of(line, SESSION, codes.STATUS) if one.frame.payload]
    line.require(not wrong, "The acknowledgement of 02 is not empty: it is not a low-power MCU.")


def no_heartbeats(line: LowMcuLine) -> Script[None]:
    line.end.send(HEARTBEAT)
    answer = yield from line.wait_for(is_command(HEARTBEAT), 1.0)
    line.require(answer is None, "It answers heartbeats of the ordinary dialect.")


# --- reports -----------------------------------------------------------------------------------------


def reports(line: LowMcuLine) -> None:
    line.require(_of(line, SESSION, codes.REPORT, codes.RECORD), "In a whole session it reported nothing.")


def waits_for_cloud(line: LowMcuLine) -> None:
    cloud = [one.at for one in _sent(line, SESSION, codes.STATUS) if one.frame.payload == bytes((CLOUD,))]
    early = [one for one in _of(line, SESSION, *HEADS) if not cloud or one.at < cloud[0]]
    line.require(not early, "It reports before the network status is 04.")


def reports_once(line: LowMcuLine) -> None:
    counts = Counter(bytes(one.frame) for one in _of(line, SESSION, *HEADS))
    again = [data for data, count in counts.items() if count > 1]
    line.require(not again, "A report that was accepted is sent again.")


def is_silent_without_cloud(line: LowMcuLine) -> None:
    line.require(not _of(line, NO_CLOUD, *HEADS), "It reports without a network.")


def keeps_what_failed(line: LowMcuLine) -> None:
    kept = {units for one in _of(line, FAILED, *HEADS) for units in (_points(one),)}
    if not kept:
        line.skip("It reported nothing in the session before.")
    again = {_points(one) for one in _of(line, AFTER, *HEADS)}
    line.require(kept & again, "What could not be stored (result 02) is not sent again when it wakes the next time.")


def _points(entry: LineEntry) -> bytes:
    return bytes(entry.frame.payload[HEADS[entry.frame.command] :])


def _records(line: LowMcuLine) -> list[LineEntry]:
    found = [one for name in ALL for one in _of(line, name, codes.RECORD)]
    if not found:
        line.not_applicable("It sends no records.")
    return found


def record_stamps(line: LowMcuLine) -> None:
    for one in _records(line):
        stamp = one.frame.payload[:7]
        good = seconds_of(stamp) is not None if stamp[0] == 1 else not any(stamp)
        line.require(good, f"The time of a record is {stamp.hex(' ')}.")


def records_have_a_time(line: LowMcuLine) -> None:
    """In the last session: by then the device was given the time."""
    records = _of(line, AFTER, codes.RECORD)
    if not records:
        line.not_applicable("It sends no records.")
    without = [one for one in records if not one.frame.payload[0]]
    line.require(not without, "A record has no time.")


def asks_for(command: int, what: str) -> Callable[[LowMcuLine], None]:
    """A judge: in a whole session the MCU has sent this command."""

    def judge(line: LowMcuLine) -> None:
        line.require(_of(line, SESSION, command), f"In a whole session it did not ask for {what}.")

    return judge


def bare_questions(line: LowMcuLine) -> None:
    asked = [one.frame for name in ALL for one in _of(line, name, codes.TIME, codes.TEST, codes.SIGNAL, codes.UPDATE)]
    if not asked:
        line.not_applicable("It asks nothing.")
    wrong = [frame for frame in asked if frame.payload]
    line.require(not wrong, f"Its question {wrong[0].command:02x} has a payload." if wrong else "")


def cache_question(line: LowMcuLine) -> None:
    asked = [one.frame.payload for name in ALL for one in _of(line, name, codes.CACHE)]
    if not asked:
        line.not_applicable("It never asks for settings.")
    wrong = [data for data in asked if not data or len(data) != 1 + data[0]]
    line.require(not wrong, "A 10 does not hold a number of ids and the ids.")


# --- sleep -------------------------------------------------------------------------------------------


def sleeps(name: str, what: str) -> Callable[[LowMcuLine], None]:
    """A judge: the MCU ends this session by its sleep in time."""

    def judge(line: LowMcuLine) -> None:
        line.require(line.end.slept[name], f"{what}, it does not sleep within {SESSION_S:g} s.")

    return judge


def lingers(line: LowMcuLine) -> None:
    if not line.end.late or not _of(line, SESSION, codes.PRODUCT):
        line.skip("Nothing was reported, or 01 is not answered.")
    last = line.end.late[-1]
    answered = [one for one in _of(line, SESSION, codes.PRODUCT) if last <= one.at <= last + 1.0]
    line.require(answered, "0.3 s after its last report was acknowledged it sleeps: a setting that comes then is lost.")


# --- settings ----------------------------------------------------------------------------------------


def _candidates(line: LowMcuLine) -> list[tuple[int, int, bytes]]:
    """Data points with another value than they have."""
    found = []
    for id, (type, value) in line.end.points.items():
        if type == VALUE and len(value) == 4:
            found.append((id, VALUE, (int.from_bytes(value, signed=True) + 1).to_bytes(4, signed=True)))
        elif type == BOOL:
            found.append((id, BOOL, bytes((int(not any(value)),))))
    if not found:
        line.not_applicable("It reports no bool and no number.")
    return found


def _until_reported(line: LowMcuLine, wanted: Sequence[tuple[int, int, bytes]], seconds: float) -> Script[bool]:
    until = line.now + seconds
    while line.now < until:
        if any(line.end.points.get(id) == (type, value) for id, type, value in wanted):
            return True
        yield from line.wait_for(lambda entry: entry.frame is not None and entry.frame.command in HEADS, 1.0)
    return False


def set_is_acknowledged(line: LowMcuLine) -> Script[None]:
    point = _candidates(line)[0]
    line.end.send(codes.SET, unit(point[0], point[1], line.end.points[point[0]][1]))
    entry = yield from line.wait_for(is_command(codes.SET), 1.0)
    if entry is None:
        line.fail("09 was not acknowledged within 1 s.")
    line.require(not entry.frame.payload, "The acknowledgement of 09 is not empty.")


def set_is_reported(line: LowMcuLine) -> Script[None]:
    wanted = _candidates(line)
    before = {id: line.end.points[id] for id, _, _ in wanted}
    line.end.mute |= set(HEADS)  # while its reports are not taken it stays awake
    line.end.send(codes.STATUS, bytes((CLOUD,)))
    yield from line.pause(0.3)
    for point in wanted:
        line.end.send(codes.SET, unit(*point))
        yield from line.pause(0.2)
    line.end.mute.clear()
    reported = yield from _until_reported(line, wanted, 30.0)
    for id, (type, value) in before.items():
        line.end.send(codes.SET, unit(id, type, value))
    yield from line.pause(1.0)
    line.require(reported, "None of the data points that were set by 09 was reported with its new value.")


def cache_is_used(line: LowMcuLine) -> Script[None]:
    if not _of(line, SESSION, codes.CACHE):
        line.not_applicable("It never asks for settings.")
    wanted = _candidates(line)
    if not (yield from line.end.sleep()):
        line.skip("It does not sleep.")
    yield from line.end.wake()
    line.end.cached = tuple(wanted)
    yield from line.end.connect(ROUTER, CLOUD)
    reported = yield from _until_reported(line, wanted, 30.0)
    line.require(reported, "None of the settings that waited was reported with its new value.")


def goes_on_after(command: int, payload: bytes, what: str) -> Callable[[LowMcuLine], Script[None]]:
    """A script: the MCU still answers after this command."""

    def script(line: LowMcuLine) -> Script[None]:
        line.end.send(command, payload)
        yield from line.pause(0.5)
        line.require((yield from answers(line)), f"It no longer answers after {what}.")

    return script


_P = "docs/protocols/tuya_low_power.md "
LENIENT = ("two-at-once", "burst", "long", "longest", "huge-length", "cut-frame", "stray-55")

LOW_MCU_CHECKS: tuple[Check, ...] = (
    row("mcu.product.answered", "The MCU answers 01", "§3.2", judged(product_is_answered), needs=WHOLE),
    row("mcu.product.json", "Product info is JSON with p and v", "§3.2", judged(product_is_json), needs=WHOLE),
    row("mcu.product.id", "The product id has 16 characters", "§3.2", judged(product_id), "deviation", needs=WHOLE),
    row("mcu.product.version", "v is x.y.z", "§3.2", judged(product_version), needs=WHOLE),
    row(
        "mcu.status.acknowledged",
        "It acknowledges each network status",
        "§3.3",
        judged(status_is_acknowledged(SESSION)),
        needs=WHOLE,
    ),
    row("mcu.status.empty", "The acknowledgement of 02 is empty", "§3.3", judged(status_answer_is_empty), needs=WHOLE),
    row("mcu.report.sent", "In a session it reports", "§2.1", judged(reports), needs=WHOLE),
    row(
        "mcu.report.after-cloud",
        "It reports after status 04",
        "§5 item 1",
        judged(waits_for_cloud),
        "deviation",
        needs=WHOLE,
    ),
    row("mcu.report.once", "What was accepted is not sent again", "§2.3", judged(reports_once), needs=WHOLE),
    row(
        "mcu.time.asked",
        "It asks for the time",
        "§5 item 3",
        judged(asks_for(codes.TIME, "the time")),
        "deviation",
        needs=WHOLE,
    ),
    row(
        "mcu.cache.asked",
        "It asks for pending settings",
        "§5 item 4",
        judged(asks_for(codes.CACHE, "settings")),
        "deviation",
        needs=WHOLE,
    ),
    row(
        "mcu.sleep.session",
        "It sleeps when all is accepted",
        "§2.1",
        judged(sleeps(SESSION, "When all is accepted")),
        needs=WHOLE,
    ),
    row(
        "mcu.sleep.lingers",
        "It stays awake for settings that come late",
        "§5 item 5",
        judged(lingers),
        "deviation",
        needs=WHOLE,
    ),
    *sent_frames_checks("mcu", (0,), "must", WHOLE, f"{_P}§1"),
    *point_checks("mcu", HEADS, WHOLE),
    row(
        "mcu.status.no-router",
        "It acknowledges status 02",
        "§3.3",
        judged(status_is_acknowledged(NO_CLOUD)),
        needs=(SESSION, NO_CLOUD),
    ),
    row(
        "mcu.report.not-without-cloud",
        "It does not report without a network",
        "§2.1",
        judged(is_silent_without_cloud),
        needs=(SESSION, NO_CLOUD),
    ),
    row(
        "mcu.sleep.no-cloud",
        "It sleeps without a network, too",
        "§2.1",
        judged(sleeps(NO_CLOUD, "Without a network")),
        "should",
        needs=(SESSION, NO_CLOUD),
    ),
    row("mcu.report.kept", "What could not be stored is sent again", "§2.3", judged(keeps_what_failed), needs=ALL),
    row("mcu.record.stamp", "A record has a valid time, or none", "§3.8", judged(record_stamps), needs=ALL),
    row("mcu.record.time", "A record has a time", "§5 item 3", judged(records_have_a_time), "deviation", needs=ALL),
    row("mcu.product.constant", "Product info stays the same", "§3.2", judged(product_is_constant), needs=ALL),
    row("mcu.questions.empty", "06, 07, 0b and 0c have no payload", "§3.1", judged(bare_questions), needs=ALL),
    row("mcu.cache.question", "10 holds a number of ids and the ids", "§3.12", judged(cache_question), needs=ALL),
    row(
        "mcu.heartbeat.not-answered",
        "00 is not answered",
        "§5 item 2",
        no_heartbeats,
        "deviation",
        needs=(SESSION, AWAKE),
    ),
    *(
        row(
            f"mcu.status.{status:02x}",
            f"It goes on after status {status:02x}",
            "§3.3",
            goes_on_after(codes.STATUS, bytes((status,)), f"status {status:02x}"),
            needs=(SESSION, AWAKE),
        )
        for status in (0, 1, 2)
    ),
    *line_checks("mcu", LENIENT, needs=(SESSION, AWAKE)),
    row(
        "mcu.set.acknowledged", "It acknowledges 09", "§3.9", set_is_acknowledged, needs=(SESSION, AWAKE), danger=DANGER
    ),
    row(
        "mcu.set.reported",
        "What is set by 09 is reported by 05",
        "§3.9",
        set_is_reported,
        needs=(SESSION, AWAKE),
        danger=DANGER,
        timeout_s=300.0,
    ),
    row(
        "mcu.set.cached",
        "Pending settings are carried out",
        "§3.12",
        cache_is_used,
        needs=(SESSION, AWAKE),
        danger=DANGER,
        timeout_s=400.0,
    ),
    *update_checks("mcu", f"{_P}§3.11", (SESSION, AWAKE)),
)
