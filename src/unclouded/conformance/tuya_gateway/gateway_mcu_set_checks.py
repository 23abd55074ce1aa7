"""Checks of a gateway's MCU that is commanded: data points of sub-devices, of the gateway, and of groups.

They switch sub-devices, and set back what they have set. Source: docs/protocols/tuya_gateway.md §1.2, §2.4.2, §2.5.
"""

from collections.abc import Callable, Mapping, Sequence
from typing import Any

from unclouded.conformance.check import Check, Grade
from unclouded.conformance.line import Script
from unclouded.conformance.rows import row
from unclouded.conformance.tuya.frames import Observed, damaged, frames, is_command, observed_points, unit
from unclouded.conformance.tuya.line_checks import QUESTION, ask_again
from unclouded.conformance.tuya_gateway.emulated_gateway_module import REPORTS_S
from unclouded.conformance.tuya_gateway.gateway_frames import (
    BIT_GROUPS,
    BIT_MEMBERS,
    GATEWAY_ID,
    REPORTS,
    UNKNOWN_GROUP,
    UNKNOWN_ID,
    ask_thrice,
    counted,
    json_of,
    members_of,
    of_sub_device,
)
from unclouded.conformance.tuya_gateway.gateway_mcu_join_checks import JOINING, Play, beat, known_ids
from unclouded.conformance.tuya_gateway.gateway_mcu_start_checks import START, GatewayMcuLine, needs_capability
from unclouded.families.tuya.gateway.wire import codes
from unclouded.families.tuya.line.datapoint import BOOL, VALUE
from unclouded.families.tuya.line.framing import Frame

DANGER = "It switches a sub-device."
GROUP_DANGER = "It adds a sub-device to a group for a moment, and switches it."
SWITCH = "switch"  # a fact: the sub-device and its bool that can be set
REPORTED_S = 2.0
UNUSED_POINT = 251
GROUP = "unclouded1"  # a group of ours

Members = Mapping[str, Any]  # Any: JSON types
Wanted = tuple[int, int, bytes]


def set_points(line: GatewayMcuLine, id: str, *units: Wanted) -> Script[list[Observed]]:
    """Send a 0c; what is reported of this sub-device until each of these has been."""
    return (yield from _reported(line, codes.SET, of_sub_device(id, *units), id, [point for point, _, _ in units]))


def _reported(
    line: GatewayMcuLine, command: int, payload: bytes, id: str, points: Sequence[int]
) -> Script[list[Observed]]:
    mark, until = line.log.mark(), line.now + REPORTS_S
    line.end.send(command, payload)
    found: list[Observed] = []
    while line.now < until and not set(points) <= {one.id for one in found}:
        yield from line.wait_for(is_command(codes.REPORT), until - line.now)
        found = [one for one in observed_points(line.received(mark), REPORTS) if one.part == id]
    yield from line.pause(0.3)
    return found


def _bool(point: int, value: int) -> Wanted:
    return point, BOOL, bytes((value,))


def _state(line: GatewayMcuLine, id: str, point: int) -> int:
    return int(int.from_bytes(line.end.points[id, point][1]) != 0)


def has(points: list[Observed], point: int, value: int) -> bool:
    """Whether one of the reported data points has this id and value."""
    return any(one.id == point and int.from_bytes(one.value) == value for one in points)


# --- what can be set -----------------------------------------------------------------------------------


def set_is_reported(line: GatewayMcuLine) -> Script[None]:
    """The first bool of a sub-device that can be set."""
    tried = []
    for id, point in [key for key, (type, _) in line.end.points.items() if type == BOOL and key[0] != GATEWAY_ID]:
        if id not in known_ids(line) or (yield from beat(line, id, tries=2)) is None:
            continue
        tried.append(f"{id} {point}")
        old = _state(line, id, point)
        got = yield from set_points(line, id, _bool(point, 1 - old))
        yield from set_points(line, id, _bool(point, old))
        if has(got, point, 1 - old):
            line.facts[SWITCH] = [id, point]
            return
    if not tried:
        line.not_applicable("No sub-device that answers has reported a bool.")
    line.fail(f"None of these bools was reported with the value that it was set to: {', '.join(tried)[:80]}.")


def switch_of(line: GatewayMcuLine) -> tuple[str, int]:
    """The sub-device and the bool that can be set, as the first of these checks found it."""
    found = line.facts.get(SWITCH)
    if not found:
        line.skip("No bool is known that can be set: mcu.set.reported finds it.")
    return str(found[0]), int(found[1])


def set_back(line: GatewayMcuLine) -> Script[None]:
    id, point = switch_of(line)
    old = _state(line, id, point)
    for value in (1 - old, old):
        got = yield from set_points(line, id, _bool(point, value))
        line.require(has(got, point, value), f"Set there and back, data point {point} is not reported as {value}.")


def same_value(line: GatewayMcuLine) -> Script[None]:
    """The module waits for a report, and would send 0c again and again without one."""
    id, point = switch_of(line)
    old = _state(line, id, point)
    got = yield from set_points(line, id, _bool(point, old))
    line.require(has(got, point, old), "Set to the value that it has, a data point is not reported.")


def same_type(line: GatewayMcuLine) -> Script[None]:
    id, point = switch_of(line)
    type, value = line.end.points[id, point]
    old = _state(line, id, point)
    got = yield from set_points(line, id, _bool(point, 1 - old))
    yield from set_points(line, id, _bool(point, old))
    wrong = [one for one in got if one.id == point and (one.type, len(one.value)) != (type, len(value))]
    line.require(not wrong, f"Data point {point} has another type or length after it was set.")


def not_answered_by_0c(line: GatewayMcuLine) -> Script[None]:
    id, point = switch_of(line)
    mark = line.log.mark()
    yield from set_points(line, id, _bool(point, _state(line, id, point)))
    line.require(not frames(line.received(mark), codes.SET), "0c is answered by 0c.")


def several_points(line: GatewayMcuLine) -> Script[None]:
    id, point = switch_of(line)
    others = [(other, *value) for (one, other), value in line.end.points.items() if one == id and other != point]
    if not others:
        line.not_applicable("It reports one data point only.")
    old = _state(line, id, point)
    got = yield from set_points(line, id, others[0], _bool(point, 1 - old))
    yield from set_points(line, id, _bool(point, old))
    line.require(has(got, point, 1 - old), "Of two data points in one 0c the second one was not carried out.")


def quick_changes(line: GatewayMcuLine) -> Script[None]:
    id, point = switch_of(line)
    old = _state(line, id, point)
    line.end.send(codes.SET, of_sub_device(id, _bool(point, 1 - old)))
    line.end.send(codes.SET, of_sub_device(id, _bool(point, old)), after=0.2)
    yield from line.pause(REPORTED_S)
    line.require(_state(line, id, point) == old, "Of two commands 200 ms apart the later one is not reported last.")


def own_point(line: GatewayMcuLine) -> Script[None]:
    own = [(point, *value) for (id, point), value in line.end.points.items() if id == GATEWAY_ID]
    if not own:
        line.not_applicable("The gateway has reported no data points of its own.")
    for one in own:
        got = yield from set_points(line, GATEWAY_ID, one)
        if any(other.id == one[0] for other in got):
            return
    line.fail("None of the gateway's own data points was reported after it was set to the value that it has.")


# --- what cannot ---------------------------------------------------------------------------------------


def unchanged(line: GatewayMcuLine, what: str, data: bytes) -> Script[None]:
    """After such bytes the switch has its old value, and the MCU answers."""
    id, point = switch_of(line)
    mark, old = line.log.mark(), _state(line, id, point)
    line.send(data)
    yield from line.pause(REPORTED_S)
    got = [one for one in observed_points(line.received(mark), REPORTS) if (one.part, one.id) == (id, point)]
    if any(int.from_bytes(one.value) != old for one in got):
        yield from set_points(line, id, _bool(point, old))
        line.fail(f"{what} is carried out.")
    yield from ask_again(line, f"It no longer answers after this: {what}.")


def _other(line: GatewayMcuLine) -> Wanted:
    id, point = switch_of(line)
    return _bool(point, 1 - _state(line, id, point))


def bad_checksum(line: GatewayMcuLine) -> Script[None]:
    id, _ = switch_of(line)
    frame = Frame(0, codes.SET, of_sub_device(id, _other(line)))
    yield from unchanged(line, "A 0c with a wrong checksum", damaged(frame))


def cut_points(line: GatewayMcuLine) -> Script[None]:
    id, point = switch_of(line)
    payload = counted(id) + bytes((point, BOOL, 0, 9, _other(line)[2][0]))
    yield from unchanged(line, "A data point that is longer than its frame", bytes(Frame(0, codes.SET, payload)))


def long_id(line: GatewayMcuLine) -> Script[None]:
    id, _ = switch_of(line)
    payload = bytes((250,)) + of_sub_device(id, _other(line))[1:]
    yield from unchanged(line, "An id that is longer than its frame", bytes(Frame(0, codes.SET, payload)))


def to_no_one(line: GatewayMcuLine) -> Script[None]:
    payload = of_sub_device(UNKNOWN_ID, _other(line))
    mark = line.log.mark()
    yield from unchanged(line, "A 0c to a sub-device that there is not", bytes(Frame(0, codes.SET, payload)))
    got = [one for one in observed_points(line.received(mark), REPORTS) if one.part == UNKNOWN_ID]
    line.require(not got, "It reports for a sub-device that there is not.")


def to_empty_id(line: GatewayMcuLine) -> Script[None]:
    payload = b"\0" + unit(*_other(line))
    yield from unchanged(line, "A 0c with an empty id", bytes(Frame(0, codes.SET, payload)))


def without_points(line: GatewayMcuLine) -> Script[None]:
    id, _ = switch_of(line)
    yield from unchanged(line, "A 0c without data points", bytes(Frame(0, codes.SET, counted(id))))


def wrong_type(line: GatewayMcuLine) -> Script[None]:
    id, point = switch_of(line)
    old = _state(line, id, point)
    yield from set_points(line, id, (point, VALUE, bytes((0, 0, 0, old))))
    yield from ask_again(line, "It no longer answers after a 0c with another type than that of the data point.")
    yield from set_points(line, id, _bool(point, old))


def unknown_point(line: GatewayMcuLine) -> Script[None]:
    id, _ = switch_of(line)
    yield from set_points(line, id, _bool(UNUSED_POINT, 1))
    yield from ask_again(line, "It no longer answers after a 0c of a data point that there is not.")


# --- groups --------------------------------------------------------------------------------------------


def change_group(line: GatewayMcuLine, command: int, *ids: str) -> Script[Members]:
    """0e or 0f; the members of the answer."""
    needs_capability(line, BIT_GROUPS)
    entry = yield from ask_thrice(line, command, json_of(gid=GROUP, cids=list(ids)), seconds=3.0)
    if entry is None:
        line.fail(f"{command:02x} is not answered.")
    return members_of(entry.frame.payload)


def grouped(play: Callable[[GatewayMcuLine, str, int], Script[None]]) -> Play:
    """With the sub-device of the switch in our group."""

    def script(line: GatewayMcuLine) -> Script[None]:
        id, point = switch_of(line)
        members = yield from change_group(line, codes.GROUP_ADD, id)
        if list(members.get("rets", ())) != [0]:
            line.skip(f"{id} was not added to a group: {members.get('rets')}.")
        old = _state(line, id, point)
        try:
            yield from play(line, id, point)
        except Exception:  # whatever came of it, the group is as before
            yield from tidy(line, id, _bool(point, old))
            raise
        yield from tidy(line, id, _bool(point, old))

    def tidy(line: GatewayMcuLine, id: str, before: Wanted) -> Script[None]:
        yield from set_points(line, id, before)
        yield from ask_thrice(line, codes.GROUP_REMOVE, json_of(gid=GROUP, cids=[id]))

    return script


def group_answer(line: GatewayMcuLine) -> Script[None]:
    id, _ = switch_of(line)
    for command in (codes.GROUP_ADD, codes.GROUP_REMOVE):
        members = yield from change_group(line, command, id)
        line.require(members.get("gid") == GROUP, f"The answer to {command:02x} names another group.")
        line.require(list(members.get("cids", ())) == [id], f"The answer to {command:02x} names other sub-devices.")
        line.require(len(members.get("rets", ())) == 1, f"The answer to {command:02x} has not one result for each.")


def group_with_no_one(line: GatewayMcuLine) -> Script[None]:
    id, _ = switch_of(line)
    members = yield from change_group(line, codes.GROUP_ADD, id, UNKNOWN_ID)
    rets = list(members.get("rets", ()))
    line.end.send(codes.GROUP_REMOVE, json_of(gid=GROUP, cids=[id]))
    yield from line.pause(0.5)
    line.require(len(rets) == 2 and rets[1] != 0, f"A sub-device that there is not was added to a group: {rets}.")


def group_set(line: GatewayMcuLine, id: str, point: int) -> Script[None]:
    payload = counted(GROUP) + unit(*_bool(point, 1 - _state(line, id, point)))
    entry = yield from ask_thrice(line, codes.GROUP_SET, payload)
    if entry is None:
        line.fail("14 is not acknowledged.")
    line.require(not entry.frame.payload, "The acknowledgement of 14 is not empty.")


def group_set_reported(line: GatewayMcuLine, id: str, point: int) -> Script[None]:
    old = _state(line, id, point)
    got = yield from _reported(line, codes.GROUP_SET, counted(GROUP) + unit(*_bool(point, 1 - old)), id, [point])
    line.require(has(got, point, 1 - old), "After 14 the member of the group does not report the new value.")


def member_set(line: GatewayMcuLine, id: str, point: int) -> Script[None]:
    needs_capability(line, BIT_MEMBERS)
    old = _state(line, id, point)
    payload = counted(GROUP) + counted(id) + unit(*_bool(point, 1 - old))
    got = yield from _reported(line, codes.MEMBER_SET, payload, id, [point])
    line.require((yield from ask_thrice(line, codes.MEMBER_SET, payload)), "22 is not acknowledged.")
    line.require(has(got, point, 1 - old), "After 22 the member of the group does not report the new value.")


def left_group(line: GatewayMcuLine) -> Script[None]:
    id, point = switch_of(line)
    yield from change_group(line, codes.GROUP_ADD, id)
    yield from change_group(line, codes.GROUP_REMOVE, id)
    old = _state(line, id, point)
    got = yield from _reported(line, codes.GROUP_SET, counted(GROUP) + unit(*_bool(point, 1 - old)), id, [point])
    if has(got, point, 1 - old):
        yield from set_points(line, id, _bool(point, old))
        line.fail("A sub-device that has left a group is still set with it.")


def unknown_group(line: GatewayMcuLine) -> Script[None]:
    needs_capability(line, BIT_GROUPS)
    payload = counted(UNKNOWN_GROUP) + unit(*_other(line))
    yield from unchanged(line, "A 14 of a group that there is not", bytes(Frame(0, codes.GROUP_SET, payload)))


_ROWS: tuple[tuple[str, str, str, Play, Grade, str], ...] = (
    ("set.reported", "A data point that is set is reported with its new value", "§2.4.2", set_is_reported, "must", ""),
    ("set.back", "A data point that is set back is reported with the old value", "§2.4.2", set_back, "must", ""),
    (
        "set.same-value",
        "A data point that is set to the value that it has is reported",
        "§2.4.2",
        same_value,
        "must",
        "",
    ),
    ("set.type", "A data point that is set is reported with its type and length", "§1.2", same_type, "must", ""),
    ("set.by-0d", "0c is not answered by 0c", "§2.4.2", not_answered_by_0c, "must", ""),
    ("set.several", "Several data points in one 0c are carried out", "§5", several_points, "deviation", ""),
    ("set.quick", "Of two commands the later one applies", "§2.4.2", quick_changes, "should", ""),
    ("set.own", "A data point of the gateway itself can be set", "§1.4", own_point, "should", ""),
    ("set.bad-checksum", "A 0c with a wrong checksum is not carried out", "§1.1", bad_checksum, "must", ""),
    ("set.cut-points", "A 0c whose data point is cut is not carried out", "§1.2", cut_points, "must", ""),
    ("set.long-id", "A 0c whose id is cut is not carried out", "§1.3", long_id, "must", ""),
    ("set.unknown-id", "A 0c to an unknown sub-device is not carried out", "§2.4.2", to_no_one, "must", ""),
    ("set.empty-id", "A 0c with an empty id is not carried out", "§1.4", to_empty_id, "must", ""),
    ("set.no-points", "A 0c without data points does nothing", "§1.2", without_points, "must", ""),
    ("set.wrong-type", "It goes on after a 0c with another type", "§1.2", wrong_type, "must", ""),
    ("set.unknown-point", "It goes on after a 0c of an unknown data point", "§2.4.2", unknown_point, "must", ""),
    ("group.answer", "0e and 0f are answered with group, sub-devices and results", "§2.5.1", group_answer, "must", "g"),
    ("group.unknown-id", "An unknown sub-device is not added to a group", "§2.5.1", group_with_no_one, "must", "g"),
    ("group.set", "14 is acknowledged without data", "§2.5.3", grouped(group_set), "must", "g"),
    ("group.reported", "After 14 the members report", "§2.5.3", grouped(group_set_reported), "must", "g"),
    ("group.member", "22 is acknowledged, and the member reports", "§2.5.4", grouped(member_set), "must", "g"),
    ("group.left", "What 0f removes is not set with the group", "§2.5.2", left_group, "must", "g"),
    ("group.unknown", "14 of an unknown group sets nothing", "§2.5.3", unknown_group, "must", "g"),
)
GATEWAY_MCU_SET_CHECKS: tuple[Check, ...] = tuple(
    row(
        f"mcu.{name}",
        title,
        clause,
        play,
        grade,
        needs=(START, JOINING, QUESTION),
        danger=GROUP_DANGER if kind else DANGER,
        timeout_s=60.0,
    )
    for name, title, clause, play, grade, kind in _ROWS
)
