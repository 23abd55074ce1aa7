"""Checks of a gateway's module that need a person: commands, removals, groups and infrared codes.

Each begins with one action of the person; what the module sends then is recorded once, and judged.
Source: docs/protocols/tuya_gateway.md §2.2.6, §2.4.2, §2.5, §2.10.
"""

from collections.abc import Callable

from unclouded.conformance.check import Check, Grade, PersonTask, Preparation
from unclouded.conformance.line import LineEntry, Script
from unclouded.conformance.rows import judged, row
from unclouded.conformance.tuya.frames import exchange, is_command, units_of
from unclouded.conformance.tuya_gateway.emulated_gateway_mcu import (
    CODE,
    FIRST_SUB,
    SECOND_SUB,
    SUBS,
    CODE_Hz,
)
from unclouded.conformance.tuya_gateway.gateway_frames import (
    ask_thrice,
    is_strict_json,
    json_of,
    members_of,
    of_sub_device,
    points_in,
    split_id,
)
from unclouded.conformance.tuya_gateway.gateway_module_join_checks import JOINED
from unclouded.conformance.tuya_gateway.gateway_module_start_checks import ONLINE, GatewayModuleLine, of_module
from unclouded.families.tuya.gateway.wire import codes
from unclouded.families.tuya.line.datapoint import BOOL

COMMAND, REMOVED, GROUPED, LEARNT, SENT = "command", "removed", "grouped", "infrared learnt", "infrared sent"
SWITCH_NOW = PersonTask("switch", f"Switch data point 1 of {FIRST_SUB} on.")
REMOVE_NOW = PersonTask("remove", f"Remove {SECOND_SUB}.")
GROUP_NOW = PersonTask(
    "make_group", f"Add {FIRST_SUB} and {SECOND_SUB} to one group, and then switch data point 1 of the group on."
)
LEARN_NOW = PersonTask("learn_infrared", "Let the gateway learn an infrared code.")
SEND_NOW = PersonTask("send_infrared", "Send that infrared code.")
PERSON_S = 60.0  # that the person may take
REPEAT_S = 20.0  # until a command without a report is sent again; docs/protocols/tuya_gateway.md §1.7.3
QUIET_S = 12.0  # after a command is confirmed

Judge = Callable[[GatewayModuleLine], None]


def sent(line: GatewayModuleLine, name: str, *commands: int) -> list[LineEntry]:
    """The frames with these commands that the module sent in the observation ``name``."""
    return of_module(line.observed[name], *commands)


def action(line: GatewayModuleLine, task: PersonTask, *commands: int) -> Script[LineEntry]:
    """Ask the person; the first frame of these commands that follows."""
    line.advise(task)
    wanted = [is_command(command) for command in commands]
    entry = yield from line.wait_for(lambda one: any(fits(one) for fits in wanted), PERSON_S)
    return entry if entry is not None else line.skip(f"Within {PERSON_S:g} s nothing came of: {task.text}")


# --- a command ---------------------------------------------------------------------------------------


def command(line: GatewayModuleLine) -> Script[None]:
    """The first 0c is not carried out: the old value is reported, and the new one by the other sub-device."""
    line.end.send(codes.REPORT, of_sub_device(FIRST_SUB, (1, BOOL, b"\0")))
    yield from line.pause(1.0)
    line.end.stale_sets = 1
    yield from action(line, SWITCH_NOW, codes.SET)
    yield from line.wait_for(is_command(codes.SET), REPEAT_S + 2.0)
    yield from line.pause(QUIET_S)


def set_goes_to_the_sub_device(line: GatewayModuleLine) -> None:
    ids = {points_in(one.frame.payload)[0] for one in sent(line, COMMAND, codes.SET)}
    line.require(ids == {FIRST_SUB}, f"0c goes to {', '.join(sorted(ids))[:80]}.")


def set_has_the_reported_type(line: GatewayModuleLine) -> None:
    for one in sent(line, COMMAND, codes.SET):
        id, units = points_in(one.frame.payload)
        types = [(point, type) for point, type, _ in units]
        known = {point: type for point, (type, _) in line.end.joined.get(id, {}).items()}
        line.require(types, "0c has no data point.")
        line.require(all(known.get(point, type) == type for point, type in types), "0c has another type than reported.")


def set_is_repeated(line: GatewayModuleLine) -> None:
    found = sent(line, COMMAND, codes.SET)
    line.require(
        len(found) > 1,
        f"0c is not sent again within {REPEAT_S:g} s, though only another value and another sub-device were reported.",
    )


def set_ends(line: GatewayModuleLine) -> None:
    found = sent(line, COMMAND, codes.SET)
    if len(found) < 2:
        line.skip("0c was not sent a second time.")
    late = [one for one in found if one.at > found[1].at + 1.0]
    line.require(not late, "0c is sent again after the new value was reported.")


# --- a removal ---------------------------------------------------------------------------------------


def removal(line: GatewayModuleLine) -> Script[None]:
    yield from action(line, REMOVE_NOW, codes.DELETE)
    yield from line.pause(5.0)
    yield from ask_thrice(line, codes.LIST)
    yield from line.pause(0.5)


def delete_form(line: GatewayModuleLine) -> None:
    payload = sent(line, REMOVED, codes.DELETE)[0].frame.payload
    line.require(is_strict_json(payload), "09 is not strict JSON.")
    members = members_of(payload)
    line.require(members.get("sub_id") == SECOND_SUB, "09 names another sub-device.")
    line.require(members.get("tp") in (0, 1), f"tp of 09 is {members.get('tp')}.")


def delete_once(line: GatewayModuleLine) -> None:
    count = len(sent(line, REMOVED, codes.DELETE))
    line.require(count == 1, f"09, which was acknowledged, comes {count} times.")


def delete_unlisted(line: GatewayModuleLine) -> None:
    found = sent(line, REMOVED, codes.LIST)
    if not found:
        line.skip("It does not answer 1c.")
    listed = b"".join(one.frame.payload for one in found)
    line.require(SECOND_SUB.encode() not in listed, "1c lists a sub-device that was removed.")


# --- a group -----------------------------------------------------------------------------------------


def group(line: GatewayModuleLine) -> Script[None]:
    """When the group is there and was set, its members are asked for, and a change in it is reported."""
    yield from action(line, GROUP_NOW, codes.GROUP_ADD)
    yield from line.wait_for(lambda one: one.frame is not None and one.frame.command in GROUP_SETS, PERSON_S)
    yield from line.pause(5.0)
    gid = _gid(line)
    for index in range(len(SUBS) + 1):
        yield from exchange(line, codes.GROUP_MEMBER, json_of(gid=gid, idx=index))
    yield from exchange(line, codes.GROUP_CHANGED, json_of(gid=gid, dpid=1))
    yield from line.pause(3.0)


GROUP_SETS = (codes.GROUP_SET, codes.MEMBER_SET)


def _gid(line: GatewayModuleLine) -> str:
    found = of_module(line.log.since(), codes.GROUP_ADD)
    return str(members_of(found[-1].frame.payload)["gid"])


def group_form(line: GatewayModuleLine) -> None:
    for one in sent(line, GROUPED, codes.GROUP_ADD):
        line.require(is_strict_json(one.frame.payload), "0e is not strict JSON.")
        members = members_of(one.frame.payload)
        line.require(members.get("gid"), "0e names no group.")
        line.require(set(members["cids"]) <= set(SUBS), "0e names other sub-devices.")


def group_set(line: GatewayModuleLine) -> None:
    found = sent(line, GROUPED, *GROUP_SETS)
    line.require(found, "The group is set by neither 14 nor 22.")
    frame = found[0].frame
    gid, rest = split_id(frame.payload)
    line.require(gid == _gid(line), "It sets another group.")
    if frame.command == codes.MEMBER_SET:
        through, rest = split_id(rest)
        line.require(through in SUBS, "22 goes through a sub-device that is not a member.")
    line.require(units_of(rest), f"{frame.command:02x} has no data points.")


def group_set_once(line: GatewayModuleLine) -> None:
    found = sent(line, GROUPED, *GROUP_SETS)
    if not found:
        line.skip("The group was not set.")
    line.require(len(found) == 1, f"A group whose members have reported is set {len(found)} times.")


def group_members(line: GatewayModuleLine) -> None:
    found = sent(line, GROUPED, codes.GROUP_MEMBER)
    if not found:
        line.not_applicable("It does not answer 2e.")
    ids = [str(members_of(one.frame.payload)["sub_id"]) for one in found]
    line.require(sorted(filter(None, ids)) == sorted(SUBS), f"The members of the group are {', '.join(ids)[:80]}.")


def group_changed(line: GatewayModuleLine) -> None:
    found = sent(line, GROUPED, codes.GROUP_CHANGED)
    if not found:
        line.not_applicable("It does not answer 2f.")
    line.require(found[0].frame.payload == b"\0", f"2f is answered by {found[0].frame.payload.hex()}.")
    queries = [one for one in sent(line, GROUPED, codes.QUERY_POINTS) if one.at >= found[0].at]
    ids = {str(members_of(one.frame.payload)["sub_id"]) for one in queries}
    line.require(ids >= set(SUBS), "After 2f it does not ask the members for the data point.")


# --- infrared ----------------------------------------------------------------------------------------


def learnt(line: GatewayModuleLine) -> Script[None]:
    yield from action(line, LEARN_NOW, codes.INFRARED_LEARN)
    yield from line.pause(5.0)


def learn_form(line: GatewayModuleLine) -> None:
    payload = sent(line, LEARNT, codes.INFRARED_LEARN)[0].frame.payload
    line.require(payload == b"\x00\x1e", f"31 is {payload.hex(' ')} instead of 00 1e.")


def learn_ends(line: GatewayModuleLine) -> None:
    count = len(sent(line, LEARNT, codes.INFRARED_LEARN))
    line.require(count == 1, f"31 comes {count} times, though a code was learnt.")


def code_sent(line: GatewayModuleLine) -> Script[None]:
    yield from action(line, SEND_NOW, codes.INFRARED_SEND)
    yield from line.pause(3.0)


def _packet(line: GatewayModuleLine) -> bytes:
    payload: bytes = sent(line, SENT, codes.INFRARED_SEND)[0].frame.payload
    line.require(len(payload) > 11, f"30 has {len(payload)} bytes.")
    return payload


def send_form(line: GatewayModuleLine) -> None:
    payload = _packet(line)
    line.require(payload[0] == 0 and payload[1] in (0x00, 0x10), f"30 begins with {payload[:2].hex(' ')}.")
    size, offset = int.from_bytes(payload[7:9]), int.from_bytes(payload[9:11])
    line.require(offset == 0, f"The first packet of a code has offset {offset}.")
    line.require(size * 2 >= len(payload) - 11, "30 has more durations than it says.")


def send_code(line: GatewayModuleLine) -> None:
    payload = _packet(line)
    carrier = int.from_bytes(payload[3:7])
    line.require(abs(carrier - CODE_Hz) < CODE_Hz / 50, f"The carrier is {carrier} Hz.")
    durations = [int.from_bytes(payload[at : at + 2]) for at in range(11, len(payload), 2)]
    right = [int.from_bytes(CODE[at : at + 2]) for at in range(0, len(CODE), 2)]
    close = all(abs(one - other) <= other / 20 for one, other in zip(durations, right, strict=False))
    line.require(len(durations) >= len(right) - 1 and close, "The code is not the one that was learnt.")


PERSON_PREPARATIONS = {
    COMMAND: Preparation(text="a command", script=command, once=True),
    REMOVED: Preparation(text="a removal", script=removal, once=True),
    GROUPED: Preparation(text="a group", script=group, once=True, timeout_s=180.0),
    LEARNT: Preparation(text="a code is learnt", script=learnt, once=True),
    SENT: Preparation(text="a code is sent", script=code_sent, once=True),
}
_ROWS: tuple[tuple[str, str, str, Judge, Grade, str, PersonTask], ...] = (
    ("set.id", "A command goes to its sub-device", "§2.4.2", set_goes_to_the_sub_device, "must", COMMAND, SWITCH_NOW),
    (
        "set.type",
        "A command has the type that was reported",
        "§1.2",
        set_has_the_reported_type,
        "must",
        COMMAND,
        SWITCH_NOW,
    ),
    (
        "set.repeated",
        "A command is repeated until its sub-device reports the new value",
        "§2.4.2",
        set_is_repeated,
        "must",
        COMMAND,
        SWITCH_NOW,
    ),
    ("set.ends", "A command that a report confirms is not repeated", "§2.4.2", set_ends, "should", COMMAND, SWITCH_NOW),
    ("group.add", "0e names the group and its sub-devices", "§2.5.1", group_form, "must", GROUPED, GROUP_NOW),
    ("group.set", "14 or 22 sets the group", "§2.5.3", group_set, "must", GROUPED, GROUP_NOW),
    ("group.once", "A group that has reported is set once", "§2.5.3", group_set_once, "should", GROUPED, GROUP_NOW),
    ("group.members", "2e names each member, and then none", "§2.5.5", group_members, "must", GROUPED, GROUP_NOW),
    ("group.changed", "After 2f the members are asked", "§2.5.6", group_changed, "must", GROUPED, GROUP_NOW),
    ("infrared.learn", "31 is 00 and 30 s", "§2.10.2", learn_form, "must", LEARNT, LEARN_NOW),
    ("infrared.once", "31 is not repeated", "§2.10.2", learn_ends, "must", LEARNT, LEARN_NOW),
    ("infrared.send", "30 has a length and an offset from 0", "§2.10.1", send_form, "must", SENT, SEND_NOW),
    ("infrared.code", "30 has the code that was learnt", "§2.10.1", send_code, "must", SENT, SEND_NOW),
    ("remove.form", "09 is strict JSON with sub_id and tp", "§2.2.6", delete_form, "must", REMOVED, REMOVE_NOW),
    ("remove.once", "09 that is acknowledged comes once", "§2.2.6", delete_once, "must", REMOVED, REMOVE_NOW),
    (
        "remove.unlisted",
        "A removed sub-device is not listed any more",
        "§2.7.1",
        delete_unlisted,
        "must",
        REMOVED,
        REMOVE_NOW,
    ),
)
GATEWAY_MODULE_PERSON_CHECKS: tuple[Check, ...] = tuple(
    row(f"module.{name}", title, clause, judged(judge), grade, needs=(ONLINE, JOINED, need), person=text)
    for name, title, clause, judge, grade, need, text in _ROWS
)
