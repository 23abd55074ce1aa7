"""Checks of how a gateway's MCU has sub-devices join, answers for them, and removes them.

Twice the window is opened: the first that would join is rejected, the next one fails, all others are added.
Source: docs/protocols/tuya_gateway.md §1.4, §2.2, §2.3.
"""

from collections.abc import Callable, Mapping
from typing import Any

from unclouded.conformance.check import Check, Grade, PersonTask
from unclouded.conformance.line import LineEntry, Script
from unclouded.conformance.rows import judged, row
from unclouded.conformance.tuya.frames import exchange, frames, is_command, observed_points
from unclouded.conformance.tuya.line_checks import QUESTION, ask_again
from unclouded.conformance.tuya_gateway.emulated_gateway_module import (
    FAILED,
    RECEIVED,
    REJECTED,
    REPORTS_S,
    JoinAsked,
)
from unclouded.conformance.tuya_gateway.gateway_frames import (
    GATEWAY_ID,
    REPORTS,
    UNKNOWN_ID,
    ask_thrice,
    is_strict_json,
    json_of,
    members_of,
    members_or_none,
)
from unclouded.conformance.tuya_gateway.gateway_mcu_start_checks import (
    ID_SIZE,
    START,
    VERSION,
    GatewayMcuLine,
    require_empty,
)
from unclouded.families.tuya.gateway.wire import codes

JOINING = "joining"  # a preparation
JOIN_NOW = PersonTask(
    "join", "Bring sub-devices that have not joined yet into their joining mode, where there are some."
)
FIRST_S, LAST_S = 20.0, 60.0  # for the first that would join, and for all of them
CALM_S = 7.0  # without another one
SHUT_S = 10.0  # in which the window is shut
BATCH = 32  # docs/protocols/tuya_gateway.md §1.7.2
DANGER = "It removes a sub-device, which must join again."
CLEAR_DANGER = "It clears all sub-devices, which must join again."
ADVISED_ID = 24  # characters; docs/protocols/tuya_gateway.md §1.7.2

Judge = Callable[[GatewayMcuLine], None]
Play = Callable[[GatewayMcuLine], Script[None]]
Members = Mapping[str, Any]  # Any: JSON types


# --- preparation -------------------------------------------------------------------------------------


def joining(line: GatewayMcuLine) -> Script[None]:
    """Two windows, with a pause between them in which none may ask."""
    line.advise(JOIN_NOW)
    line.end.receipts, line.end.rets = [REJECTED], [FAILED]
    yield from _window(line)
    yield from line.pause(SHUT_S)
    line.end.receipts, line.end.rets = [], []
    yield from _window(line)
    yield from line.pause(2.0)


def _window(line: GatewayMcuLine) -> Script[None]:
    if not (yield from line.end.permit()):
        return
    until, wait_s = line.now + LAST_S, FIRST_S
    while line.now < until:
        asked = yield from line.wait_for(_is_add, wait_s)
        if asked is None:
            break
        wait_s = CALM_S
    yield from line.end.close()


def _is_add(entry: LineEntry) -> bool:
    return is_command(codes.ADD)(entry) or is_command(codes.ADD_MANY)(entry)


# --- sub-devices that are known --------------------------------------------------------------------


def known_ids(line: GatewayMcuLine) -> list[str]:
    """Those that have joined, and those that were reported."""
    reported = [id for id, _ in line.end.points if id != GATEWAY_ID]
    failed = {id for join in line.end.joins for id in join.ids} - line.end.joined.keys()
    return [id for id in dict.fromkeys((*line.end.joined, *reported)) if id not in failed]


def beat(line: GatewayMcuLine, id: str, tries: int = 3) -> Script[LineEntry | None]:
    """Ask for a heartbeat; the answer."""
    for _ in range(tries):
        entry = yield from exchange(line, codes.HEARTBEAT, json_of(sub_id=id))
        if entry is not None:
            return entry
    return None


def online_id(line: GatewayMcuLine, fits: Callable[[str], bool] = lambda id: True) -> Script[str]:
    """A sub-device that answers now. Without one the check is skipped."""
    for id in filter(fits, known_ids(line)):
        if (yield from beat(line, id, tries=2)) is not None:
            return id
    line.skip("No sub-device is known that answers: let one join, with sub-devices that have their supply.")


# --- the window --------------------------------------------------------------------------------------


def permit_answered(line: GatewayMcuLine) -> Script[None]:
    line.require((yield from line.end.permit()), "06 is not acknowledged.")
    yield from line.end.close()


def stop_answered(line: GatewayMcuLine) -> Script[None]:
    line.require((yield from line.end.close()), "07 is not acknowledged.")


def acknowledgements_are_empty(line: GatewayMcuLine) -> None:
    commands = (codes.PERMIT, codes.STOP_JOINING, codes.ADD_RESULT, codes.DELETE)
    require_empty(
        line, commands, "It acknowledges none of 06, 07, 09 and 13.", "The acknowledgement of {} is not empty."
    )


def only_in_window(line: GatewayMcuLine) -> None:
    outside = [join for join in _joins(line) if not join.is_open]
    line.require(not outside, f"It asks for {outside and outside[0].ids[:1]} to join while none may.")


# --- what asks to join -------------------------------------------------------------------------------


def _joins(line: GatewayMcuLine) -> list[JoinAsked]:
    return line.end.joins or line.not_applicable("No sub-device wanted to join.")


def _each_join(good: Callable[[JoinAsked, Members], str]) -> Judge:
    """``good``: of an 08 or 12: "" or what is wrong with it."""

    def judge(line: GatewayMcuLine) -> None:
        for join in _joins(line):
            wrong = good(join, members_or_none(join.payload))
            line.require(not wrong, f"{join.command:02x}: {wrong}")

    return judge


def _readable(join: JoinAsked, members: Members) -> str:
    needed = {"pid", "ver", "cids" if join.command == codes.ADD_MANY else "sub_id"}
    return "" if needed <= members.keys() else f"it has no {', '.join(sorted(needed - members.keys()))}."


def _strict(join: JoinAsked, members: Members) -> str:
    return "" if is_strict_json(join.payload) else "it is not strict JSON."


def _right_ids(join: JoinAsked, members: Members) -> str:
    if len(set(join.ids)) != len(join.ids):
        return "an id is there twice."
    return "an id is empty, or that of the gateway." if {"", GATEWAY_ID, "0000.0000"} & set(join.ids) else ""


def _right_product(join: JoinAsked, members: Members) -> str:
    return "" if len(str(members.get("pid", ""))) == ID_SIZE else f"the product is {str(members.get('pid'))[:40]!r}."


def _right_version(join: JoinAsked, members: Members) -> str:
    return "" if VERSION.fullmatch(str(members.get("ver", ""))) else f"the version is {str(members.get('ver'))[:20]!r}."


def _right_size(join: JoinAsked, members: Members) -> str:
    return "" if 1 <= len(join.ids) <= BATCH else f"it names {len(join.ids)} sub-devices."


def asks_no_more_when_rejected(line: GatewayMcuLine) -> None:
    """In the window in which it was rejected."""
    rejected = next((join for join in _joins(line) if join.receipt == REJECTED and join.is_open), None)
    if rejected is None:
        line.skip("None was rejected.")
    later = line.end.joins[line.end.joins.index(rejected) + 1 :]
    again = [join for join in later if join.at < rejected.at + 15.0]
    count = sum(bool(set(join.ids) & set(rejected.ids)) for join in again)
    line.require(count <= 2, f"One that was rejected asks {count} times more within 15 s.")


def result_is_acknowledged(line: GatewayMcuLine) -> None:
    received = [join for join in _joins(line) if join.receipt == RECEIVED]
    if not received:
        line.not_applicable("None was accepted.")
    line.require(frames(line.received(), codes.ADD_RESULT), "13 is not acknowledged.")


def failed_is_not_reported(line: GatewayMcuLine) -> None:
    """What was reported of one between its failure and its second try."""
    failed = next((join for join in _joins(line) if join.receipt == RECEIVED and join.ret == FAILED), None)
    if failed is None:
        line.skip("None has failed.")
    later = line.end.joins[line.end.joins.index(failed) + 1 :]
    again = next((join.at for join in later if set(join.ids) & set(failed.ids)), float("inf"))
    points = observed_points(line.received(), REPORTS)
    early = [one for one in points if one.part in failed.ids and failed.at < one.at < again]
    line.require(not early, "One that 13 did not add is reported.")


# --- heartbeats --------------------------------------------------------------------------------------


def beat_answered(line: GatewayMcuLine) -> Script[None]:
    ids = known_ids(line) or line.skip("No sub-device is known.")
    for id in ids:
        if (yield from beat(line, id)) is not None:
            return
    line.fail(f"0a is answered for none of {len(ids)} sub-devices.")


def judged_beat(judge: Callable[[GatewayMcuLine, str, bytes], None]) -> Play:
    """A script that asks an online sub-device for its state (0a) and judges the answer; skipped where none comes."""

    def script(line: GatewayMcuLine) -> Script[None]:
        id = yield from online_id(line)
        entry = yield from beat(line, id)
        if entry is None:
            line.skip("0a is not answered.")
        judge(line, id, entry.frame.payload)

    return script


def beat_names_it(line: GatewayMcuLine, id: str, data: bytes) -> None:
    line.require(members_of(data).get("sub_id") == id, "The answer to 0a names another sub-device.")


def beat_has_power(line: GatewayMcuLine, id: str, data: bytes) -> None:
    members = members_of(data)
    line.require(members.get("lp", 0) in (0, 1), f"lp is {members.get('lp')}.")


def beat_has_no_time(line: GatewayMcuLine, id: str, data: bytes) -> None:
    line.require("hb_time" not in members_of(data), "The answer to 0a has hb_time, as revisions up to 1.1.4.")


def beat_is_strict(line: GatewayMcuLine, id: str, data: bytes) -> None:
    line.require(is_strict_json(data), "The answer to 0a is not strict JSON.")


def unknown_is_silent(line: GatewayMcuLine) -> Script[None]:
    entry = yield from beat(line, UNKNOWN_ID, tries=1)
    line.require(entry is None, "0a is answered for a sub-device that there is not.")


def beat_with_more_members(line: GatewayMcuLine) -> Script[None]:
    id = yield from online_id(line)
    entry = yield from ask_thrice(line, codes.HEARTBEAT, json_of(sub_id=id, later={"a": [1]}))
    line.require(entry, "0a with a member of a later revision is not answered.")


def beats_in_a_row(line: GatewayMcuLine) -> Script[None]:
    """Three, 60 ms apart."""
    ids = (known_ids(line) or line.skip("No sub-device is known."))[:3]
    online = []
    for id in ids:
        if (yield from beat(line, id)) is not None:
            online.append(id)
    mark = line.log.mark()
    for id in online:
        line.end.send(codes.HEARTBEAT, json_of(sub_id=id))
    yield from line.pause(2.0)
    got = {members_or_none(one.frame.payload).get("sub_id") for one in frames(line.received(mark), codes.HEARTBEAT)}
    if not online:
        line.skip("No sub-device answers.")
    line.require(got >= set(online), f"Of {len(online)} heartbeats one after the other {len(got)} are answered.")


# --- versions ------------------------------------------------------------------------------------------


def version_answered(line: GatewayMcuLine) -> Script[None]:
    id = yield from online_id(line)
    entry = yield from ask_thrice(line, codes.SUB_VERSION, json_of(sub_id=id))
    if entry is None:
        line.fail("21 is not answered.")
    members = members_of(entry.frame.payload)
    line.require(members.get("sub_id") == id, "The answer to 21 names another sub-device.")
    line.require(VERSION.fullmatch(str(members.get("ver", ""))), f"Its version is {str(members.get('ver'))[:20]!r}.")


def version_of_unknown(line: GatewayMcuLine) -> Script[None]:
    line.end.send(codes.SUB_VERSION, json_of(sub_id=UNKNOWN_ID))
    yield from line.pause(0.5)
    yield from ask_again(line, "It no longer answers after a 21 of a sub-device that there is not.")


# --- removals ------------------------------------------------------------------------------------------


def delete_of_unknown(line: GatewayMcuLine) -> Script[None]:
    entry = yield from ask_thrice(line, codes.DELETE, json_of(sub_id=UNKNOWN_ID, tp=0))
    line.require(entry, "09 of a sub-device that there is not is not acknowledged.")


def deleted_is_gone(line: GatewayMcuLine) -> Script[None]:
    id = yield from online_id(line)
    if (yield from ask_thrice(line, codes.DELETE, json_of(sub_id=id, tp=0))) is None:
        line.fail("09 is not acknowledged.")
    line.end.joined.pop(id, None)
    line.end.points = {key: value for key, value in line.end.points.items() if key[0] != id}
    yield from line.pause(0.5)
    mark = line.log.mark()
    line.require((yield from beat(line, id, tries=1)) is None, "0a is answered for one that 09 has removed.")
    line.end.send(codes.QUERY_ALL)
    yield from line.pause(REPORTS_S)
    reported = {one.part for one in observed_points(line.received(mark), REPORTS)}
    line.require(id not in reported, "0b reports one that 09 has removed.")


def removal(status: int, keeps: bool) -> Play:
    """18: are those that have joined still there?"""

    def script(line: GatewayMcuLine) -> Script[None]:
        id = yield from online_id(line)
        line.end.send(codes.REMOVAL, bytes((status,)))
        yield from line.pause(2.0)
        is_there = (yield from beat(line, id, tries=2)) is not None
        if keeps:
            line.require(is_there, f"After 18 {status:02x}, which keeps them, a sub-device is gone.")
            return
        line.end.joined.clear()
        line.end.points.clear()
        line.require(not is_there, f"After 18 {status:02x}, which clears them, a sub-device is still there.")

    return script


_JOINS: tuple[tuple[str, str, str, Judge, Grade], ...] = (
    ("join.window", "Sub-devices ask to join only while they may", "§2.2.3", only_in_window, "must"),
    ("join.members", "08 and 12 name product, version and ids", "§2.2.3", _each_join(_readable), "must"),
    ("join.strict", "08 and 12 are strict JSON", "§1.5", _each_join(_strict), "deviation"),
    ("join.ids", "08 and 12 name each id once, and not that of the gateway", "§1.4", _each_join(_right_ids), "must"),
    ("join.product", "A product id has 16 characters", "§1.4", _each_join(_right_product), "must"),
    ("join.version", "A version is x.x.x", "§1.4", _each_join(_right_version), "must"),
    ("join.batch", f"12 names 1 to {BATCH} sub-devices", "§2.2.4", _each_join(_right_size), "must"),
    (
        "join.rejected",
        "A sub-device that is rejected does not ask again and again",
        "§2.2.3",
        asks_no_more_when_rejected,
        "should",
    ),
    ("join.result", "13 is acknowledged", "§2.2.5", result_is_acknowledged, "must"),
    ("join.failed", "A sub-device that 13 does not add is not reported", "§2.2.5", failed_is_not_reported, "must"),
    ("join.empty-answers", "06, 07 and 13 are acknowledged without data", "§2.2", acknowledgements_are_empty, "must"),
)
_PLAYED: tuple[tuple[str, str, str, Play, Grade], ...] = (
    ("permit.answered", "06 is acknowledged", "§2.2.1", permit_answered, "must"),
    ("permit.stop", "07 is acknowledged", "§2.2.2", stop_answered, "must"),
    ("heartbeat.answered", "0a is answered for a sub-device", "§2.3.1", beat_answered, "must"),
    ("heartbeat.id", "The answer to 0a names the sub-device", "§2.3.1", judged_beat(beat_names_it), "must"),
    ("heartbeat.power", "lp is 0 or 1", "§2.3.1", judged_beat(beat_has_power), "must"),
    ("heartbeat.no-time", "The answer to 0a has no hb_time", "§2.3.1", judged_beat(beat_has_no_time), "deviation"),
    ("heartbeat.strict", "The answer to 0a is strict JSON", "§1.5", judged_beat(beat_is_strict), "deviation"),
    ("heartbeat.unknown", "0a of an unknown sub-device is not answered", "§2.3.1", unknown_is_silent, "must"),
    ("heartbeat.more-members", "0a may have further members", "§1.5.1", beat_with_more_members, "must"),
    ("heartbeat.in-a-row", "Several are answered one after the other", "§2.3.1", beats_in_a_row, "must"),
    ("version.answered", "21 is answered with a version", "§2.8.5", version_answered, "should"),
    ("delete.unknown", "09 of an unknown sub-device is acknowledged", "§2.2.6", delete_of_unknown, "must"),
)
_NEEDS = (START, JOINING)
GATEWAY_MCU_JOIN_CHECKS: tuple[Check, ...] = (
    *(
        row(f"mcu.{name}", title, clause, judged(judge), grade, needs=_NEEDS)
        for name, title, clause, judge, grade in _JOINS
    ),
    *(row(f"mcu.{name}", title, clause, play, grade, needs=_NEEDS) for name, title, clause, play, grade in _PLAYED),
    row(
        "mcu.version.unknown",
        "It goes on after a 21 of an unknown sub-device",
        "§2.8.5",
        version_of_unknown,
        needs=(*_NEEDS, QUESTION),
    ),
)
GATEWAY_MCU_REMOVAL_CHECKS: tuple[Check, ...] = (
    row(
        "mcu.delete.gone",
        "What 09 removes is not reported any more",
        "§2.2.6",
        deleted_is_gone,
        needs=_NEEDS,
        danger=DANGER,
    ),
    row(
        "mcu.removal.keeps",
        "18 01 keeps the sub-devices",
        "§2.2.10",
        removal(1, keeps=True),
        needs=_NEEDS,
        danger=CLEAR_DANGER,
    ),
    row(
        "mcu.removal.clears",
        "18 03 clears the sub-devices",
        "§2.2.10",
        removal(3, keeps=False),
        needs=_NEEDS,
        danger=CLEAR_DANGER,
    ),
)
