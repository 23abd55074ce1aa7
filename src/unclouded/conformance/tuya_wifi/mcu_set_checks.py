"""Checks of an MCU that is switched: 06 and the reports that follow. They switch the device.

Each sets back what it has set. Source: docs/protocols/tuya_wifi.md §2.4.8, §2.6.
"""

from collections.abc import Callable

from unclouded.conformance.check import Check, Grade
from unclouded.conformance.line import Script
from unclouded.conformance.rows import row
from unclouded.conformance.tuya.frames import Observed, damaged, frames, observed_points, unit
from unclouded.conformance.tuya.line_checks import QUESTION
from unclouded.conformance.tuya_wifi.mcu_idle_checks import REPORT_COMMANDS, WHOLE
from unclouded.conformance.tuya_wifi.mcu_notice_checks import goes_on
from unclouded.conformance.tuya_wifi.mcu_start_checks import McuLine
from unclouded.families.tuya.line.datapoint import BOOL, VALUE
from unclouded.families.tuya.line.framing import Frame
from unclouded.families.tuya.wifi import codes

DANGER = "It switches the device."
REPORTED_S = 1.5
SWITCH = "switch"  # a fact: the bool that can be set
UNKNOWN_POINT = 250


def set_points(line: McuLine, payload: bytes) -> Script[list[Observed]]:
    """Send a 06; what is reported within 1.5 s."""
    mark = line.log.mark()
    line.end.send(codes.SET, payload)
    yield from line.pause(REPORTED_S)
    return observed_points(line.received(mark), REPORT_COMMANDS)


def _bool(id: int, value: int) -> bytes:
    return unit(id, BOOL, bytes((value,)))


def _state(line: McuLine, id: int) -> int:
    return int(int.from_bytes(line.end.points[id][1]) != 0)


def switch_of(line: McuLine) -> int:
    """The bool that can be set, as the first of these checks found it."""
    id = line.facts.get(SWITCH)
    if not isinstance(id, int):
        line.skip("No bool of this device is known that can be set: mcu.set.reported finds it.")
    return id


def set_is_reported(line: McuLine) -> Script[None]:
    bools = [id for id, (type, _) in line.end.points.items() if type == BOOL]
    if not bools:
        line.not_applicable("It reports no bool.")
    for id in bools:
        old = _state(line, id)
        got = yield from set_points(line, _bool(id, 1 - old))
        if any(one.id == id and int.from_bytes(one.value) == 1 - old for one in got):
            line.facts[SWITCH] = id
            yield from set_points(line, _bool(id, old))
            return
    line.fail(f"None of its bools ({', '.join(map(str, bools))}) was reported with the value that it was set to.")


def set_back_is_reported(line: McuLine) -> Script[None]:
    id = switch_of(line)
    old = _state(line, id)
    yield from set_points(line, _bool(id, 1 - old))
    got = yield from set_points(line, _bool(id, old))
    values = [int.from_bytes(one.value) for one in got if one.id == id]
    line.require(values and values[-1] == old, f"Data point {id} was not reported after it was set back.")


def same_type(line: McuLine) -> Script[None]:
    id = switch_of(line)
    type, value = line.end.points[id]
    old = _state(line, id)
    got = yield from set_points(line, _bool(id, 1 - old))
    yield from set_points(line, _bool(id, old))
    wrong = [one for one in got if one.id == id and (one.type, len(one.value)) != (type, len(value))]
    line.require(not wrong, f"Data point {id} has another type or length after it was set.")


def not_answered_by_06(line: McuLine) -> Script[None]:
    id = switch_of(line)
    mark, old = line.log.mark(), _state(line, id)
    yield from set_points(line, _bool(id, 1 - old))
    yield from set_points(line, _bool(id, old))
    line.require(not frames(line.received(mark), codes.SET), "06 is answered by 06.")


def same_value(line: McuLine) -> Script[None]:
    id = switch_of(line)
    old = _state(line, id)
    got = yield from set_points(line, _bool(id, old))
    wrong = [one for one in got if one.id == id and int.from_bytes(one.value) != old]
    line.require(not wrong, f"Data point {id} was set to the value that it had, and is reported with another one.")


def several_points(line: McuLine) -> Script[None]:
    id = switch_of(line)
    other = next((one for one in line.end.points if one != id), None)
    if other is None:
        line.not_applicable("It reports one data point only.")
    type, value = line.end.points[other]
    old = _state(line, id)
    got = yield from set_points(line, unit(other, type, value) + _bool(id, 1 - old))
    yield from set_points(line, _bool(id, old))
    line.require(
        any(one.id == id and int.from_bytes(one.value) == 1 - old for one in got),
        "Of two data points in one 06, the second one was not carried out.",
    )


def quick_changes(line: McuLine) -> Script[None]:
    id = switch_of(line)
    old = _state(line, id)
    line.end.send(codes.SET, _bool(id, 1 - old))
    line.end.send(codes.SET, _bool(id, old), after=0.1)
    yield from line.pause(REPORTED_S)
    line.require(_state(line, id) == old, "Of two commands 100 ms apart, the second one is not what was reported last.")


def number_is_reported_once(line: McuLine) -> Script[None]:
    numbers = [(id, value) for id, (type, value) in line.end.points.items() if type == VALUE and len(value) == 4]
    if not numbers:
        line.not_applicable("It reports no number of 4 bytes.")
    for id, value in numbers:
        old = int.from_bytes(value, signed=True)
        got = yield from set_points(line, unit(id, VALUE, (old + 1).to_bytes(4, signed=True)))
        values = [int.from_bytes(one.value, signed=True) for one in got if one.id == id]
        if old + 1 in values:
            yield from set_points(line, unit(id, VALUE, value))
            line.require(len(values) == 1, f"Data point {id} was set to {old + 1}, and reported as {values}.")
            return
    line.not_applicable("None of its numbers can be set.")


def bad_checksum_is_not_carried_out(line: McuLine) -> Script[None]:
    id = switch_of(line)
    mark, old = line.log.mark(), _state(line, id)
    line.send(damaged(Frame(line.end.version, codes.SET, _bool(id, 1 - old))))
    yield from line.pause(REPORTED_S)
    got = [one for one in observed_points(line.received(mark), REPORT_COMMANDS) if one.id == id]
    if any(int.from_bytes(one.value) != old for one in got):
        yield from set_points(line, _bool(id, old))
        line.fail("A 06 with a wrong checksum was carried out.")
    yield from goes_on(line, "a 06 with a wrong checksum")


def wrong_type(line: McuLine) -> Script[None]:
    id = switch_of(line)
    old = _state(line, id)
    yield from set_points(line, unit(id, VALUE, bytes((0, 0, 0, old))))
    yield from goes_on(line, "a 06 with another type than that of the data point")
    yield from set_points(line, _bool(id, old))


def unknown_point(line: McuLine) -> Script[None]:
    yield from set_points(line, _bool(UNKNOWN_POINT, 1))
    yield from goes_on(line, "a 06 for a data point that it does not have")


def units_too_long(line: McuLine) -> Script[None]:
    line.end.send(codes.SET, bytes((1, BOOL, 0, 9, 1)))
    yield from line.pause(1.0)
    yield from goes_on(line, "a 06 whose data point is longer than the frame")


_NEEDS = (*WHOLE, QUESTION)
_ROWS: tuple[tuple[str, str, str, Callable[[McuLine], Script[None]], Grade], ...] = (
    ("reported", "A data point that is set is reported with its new value", "§2.4.8", set_is_reported, "must"),
    ("back", "A data point that is set back is reported with the old value", "§2.4.8", set_back_is_reported, "must"),
    ("type", "A data point that is set is reported with its type and length", "§2.2", same_type, "must"),
    ("by-07", "06 is not answered by 06", "§2.4.8", not_answered_by_06, "must"),
    ("same-value", "A data point that is set to the value that it has keeps it", "§2.4.8", same_value, "must"),
    ("several", "Several data points in one 06 are carried out", "§2.2", several_points, "should"),
    ("quick", "Of two commands the later one applies", "§2.4.8", quick_changes, "should"),
    (
        "once",
        "A number is reported once, without intermediate values",
        "§2.6 item 10",
        number_is_reported_once,
        "deviation",
    ),
    ("bad-checksum", "A 06 with a wrong checksum is not carried out", "§2.1", bad_checksum_is_not_carried_out, "must"),
    ("wrong-type", "It goes on after a 06 with another type", "§2.2", wrong_type, "must"),
    ("unknown-point", "It goes on after a 06 for an unknown data point", "§2.4.8", unknown_point, "must"),
    ("too-long", "It goes on after a data point longer than its frame", "§6 rule 2", units_too_long, "must"),
)
SET_CHECKS: tuple[Check, ...] = tuple(
    row(f"mcu.set.{name}", title, clause, script, grade, needs=_NEEDS, danger=DANGER)
    for name, title, clause, script, grade in _ROWS
)
