"""Checks of what a gateway's MCU reports: by itself, after a query of all, and after a query of some.

Source: docs/protocols/tuya_gateway.md §1.1, §1.2, §1.4, §1.7, §2.4.
"""

import itertools
from collections import Counter
from collections.abc import Callable

from unclouded.conformance.check import Check, Grade
from unclouded.conformance.line import LineEntry, Script
from unclouded.conformance.rows import judged, row
from unclouded.conformance.tuya.frames import Observed, frames, is_command, observed_points
from unclouded.conformance.tuya.line_checks import QUESTION, ask_again
from unclouded.conformance.tuya.point_checks import point_checks
from unclouded.conformance.tuya_gateway.emulated_gateway_module import REPORTS_S
from unclouded.conformance.tuya_gateway.gateway_frames import (
    BIT_OWN_POINTS,
    GATEWAY_ID,
    REPORTS,
    UNKNOWN_ID,
    json_of,
    split_id,
)
from unclouded.conformance.tuya_gateway.gateway_mcu_join_checks import ADVISED_ID, JOINING, Judge, Play, beat, online_id
from unclouded.conformance.tuya_gateway.gateway_mcu_start_checks import (
    START,
    GatewayMcuLine,
    needs_capability,
    require_empty,
)
from unclouded.families.tuya.gateway.wire import codes
from unclouded.families.tuya.gateway.wire.commands import GATEWAY
from unclouded.families.tuya.gateway.wire.message_parts import OutOfRange
from unclouded.families.tuya.line.datapoint import ENUM
from unclouded.families.tuya.messages import Unknown

IDLE = "idle"  # a preparation
IDLE_S = 66.0
MOST_QUESTIONS = 3  # of one kind in a minute
CLOSE_S = 0.06  # two reports that are closer are not spaced; docs/protocols/tuya_gateway.md §1.7.3 advises 100 ms
LONGEST = 256  # bytes of data; docs/protocols/tuya_gateway.md §1.7.2
UNUSED_POINT = 251
QUERY_S = 2.0
WHOLE = (START, JOINING, IDLE)
BARE = (
    *(codes.RESET, codes.GMT, codes.LOCAL_TIME, codes.WIFI_TEST, codes.NETWORK_QUERY, codes.FACTORY_RESET),
    *(codes.MEMORY, codes.LIST, codes.MAC),
)


def idle(line: GatewayMcuLine) -> Script[None]:
    """A good minute in which nothing is asked of it."""
    yield from line.pause(IDLE_S)


# --- frames ------------------------------------------------------------------------------------------


def all_whole(line: GatewayMcuLine) -> None:
    bad = [one for one in line.received() if one.frame is None and one.data]
    if bad:
        line.fail(f"{sum(len(one.data) for one in bad)} bytes are not frames: {bad[0].reason}.")


def usual_version(line: GatewayMcuLine) -> None:
    """00; the answer to 01 may have 01, and 1b is printed with 03."""
    odd = [one.frame for one in frames(line.received()) if one.frame.version not in _versions(one.frame.command)]
    line.require(not odd, f"A frame {odd[0].command:02x} has version {odd[0].version:02x}." if odd else "")


def _versions(command: int) -> tuple[int, ...]:
    return (0, 1) if command == codes.PRODUCT else (0, 3) if command == codes.MEMORY else (0,)


def all_known(line: GatewayMcuLine) -> None:
    """Every frame is a command of the page, with data that it can have."""
    for one in frames(line.received()):
        message = GATEWAY.read("device", one.frame)
        if isinstance(message, OutOfRange):
            line.fail(f"A frame {one.frame.command:02x} is out of range: {message.reason}.")
        line.require(not isinstance(message, Unknown), f"A frame {one.frame.command:02x} cannot be read.")


def bare_questions(line: GatewayMcuLine) -> None:
    require_empty(line, BARE, "It asks nothing.", "Its question {} has data.")


# --- idle ----------------------------------------------------------------------------------------------


def few_questions(line: GatewayMcuLine) -> None:
    asked = Counter(one.frame.command for one in frames(_idle(line), *BARE))
    often = [command for command, count in asked.items() if count > MOST_QUESTIONS]
    line.require(not often, f"In {IDLE_S:g} s it asks {often[0]:02x} {asked[often[0]]} times." if often else "")


def no_empty_03(line: GatewayMcuLine) -> None:
    line.require(not line.end.polls, "It asks for the network by an empty 03 instead of 16.")


def answers_after_a_minute(line: GatewayMcuLine) -> Script[None]:
    """0b without a 01 before it: an MCU that started again in between would report nothing."""
    if not frames(line.received(), codes.REPORT):
        line.skip("It has reported nothing so far.")
    line.end.asked_at = line.now
    yield from line.pause(IDLE_S)
    line.end.send(codes.QUERY_ALL)
    yield from line.expect(is_command(codes.REPORT), REPORTS_S, "After a minute without 01 it does not answer 0b.")


def _idle(line: GatewayMcuLine) -> list[LineEntry]:
    return [entry for entry in line.observed[IDLE] if entry.sender == "device"]


# --- reports -----------------------------------------------------------------------------------------


def reports(line: GatewayMcuLine) -> list[LineEntry]:
    """The reports that were received; the check does not apply without any."""
    return frames(line.received(), codes.REPORT) or line.not_applicable("It reports nothing.")


def reports_are_spaced(line: GatewayMcuLine) -> None:
    """Two gaps in a row that are too short."""
    at = [one.at for one in reports(line)]
    short = [after - before < CLOSE_S for before, after in itertools.pairwise(at)]
    both = sum(one and other for one, other in itertools.pairwise(short))
    line.require(not both, f"{both} times three reports come within {2 * CLOSE_S:g} s.")


def reports_are_short(line: GatewayMcuLine) -> None:
    longest = max(len(one.frame.payload) for one in reports(line))
    line.require(longest <= LONGEST, f"A report has {longest} bytes.")


def reports_name_a_sub_device(line: GatewayMcuLine) -> None:
    for one in reports(line):
        id, _ = split_id(one.frame.payload)
        line.require(id and id.isprintable(), f"A report has the id {id!r}.")


def ids_are_short(line: GatewayMcuLine) -> None:
    longest = max((split_id(one.frame.payload)[0] for one in reports(line)), key=len)
    line.require(len(longest) <= ADVISED_ID, f"The id {longest[:40]} has {len(longest)} characters.")


def only_joined(line: GatewayMcuLine) -> Script[None]:
    """Each that was reported is among those that 0b reports, or has joined with us."""
    reports(line)
    answered = {one.part for one in (yield from answered_query(line))}
    asked = {id for join in line.end.joins for id in join.ids}
    strange = {id for id, _ in line.end.points} - answered - asked - {GATEWAY_ID}
    line.require(not strange, f"It reports {', '.join(sorted(strange))[:60]}, which has not joined.")


# --- the query of all ----------------------------------------------------------------------------------


def query_all(line: GatewayMcuLine) -> Script[list[Observed]]:
    """0b; what is reported then. None where most of what is known is not: what changes is reported all the time."""
    known, mark = len(line.end.points), line.log.mark()
    line.end.send(codes.QUERY_ALL)
    yield from line.pause(REPORTS_S)
    found = observed_points(line.received(mark), REPORTS)
    return found if 2 * len({(one.part, one.id) for one in found}) >= max(known, 1) else []


def answered_query(line: GatewayMcuLine) -> Script[list[Observed]]:
    """The data points that the MCU reports for 0b; the check is skipped where it reports none."""
    return (yield from query_all(line)) or line.skip("It does not answer 0b.")


def query_answered(line: GatewayMcuLine) -> Script[None]:
    line.require((yield from query_all(line)), f"0b is not answered with what is known within {REPORTS_S:g} s.")


def query_by_reports_only(line: GatewayMcuLine) -> Script[None]:
    mark = line.log.mark()
    yield from query_all(line)
    line.require(not frames(line.received(mark), codes.QUERY_ALL), "0b is answered by 0b.")


def query_of_the_gateway(line: GatewayMcuLine) -> Script[None]:
    needs_capability(line, BIT_OWN_POINTS)
    found = yield from answered_query(line)
    line.require(any(one.part == GATEWAY_ID for one in found), "0b is not answered with the gateway's own data points.")


def query_constant(line: GatewayMcuLine) -> Script[None]:
    first = {one.part for one in (yield from answered_query(line))}
    second = {one.part for one in (yield from query_all(line))}
    line.require(first == second, "Two queries by 0b report different sub-devices.")


def joined_is_reported(line: GatewayMcuLine) -> Script[None]:
    """Of those that were added and answer, one at least is among those that 0b reports."""
    ids = [id for id in line.end.joined if any(one == id for one, _ in line.end.points)]
    if not ids:
        line.not_applicable("None was added that has reported something.")
    reported = {one.part for one in (yield from answered_query(line))}
    missing = [id for id in ids if id not in reported]
    for id in missing:
        line.require((yield from beat(line, id)) is None, f"0b does not report {id}, which answers.")


# --- the query of some -----------------------------------------------------------------------------------


def points_of(line: GatewayMcuLine, id: str) -> list[int]:
    """The ids of the known data points of a sub-device."""
    return [point for sub_id, point in line.end.points if sub_id == id]


def query(line: GatewayMcuLine, id: str, *points: int, most_s: float = REPORTS_S) -> Script[list[Observed]]:
    """29; what is reported of this sub-device until all of it has come."""
    mark, until = line.log.mark(), line.now + most_s
    line.end.send(codes.QUERY_POINTS, json_of(sub_id=id, dpid=list(points)))
    found: list[Observed] = []
    while line.now < until and not set(points) <= {one.id for one in found}:
        yield from line.wait_for(is_command(codes.REPORT), until - line.now)
        found = [one for one in observed_points(line.received(mark), REPORTS) if one.part == id]
    return found


def with_points(line: GatewayMcuLine, most: int = 1) -> Script[tuple[str, list[int]]]:
    """A sub-device that is there, and so many of its data points; the last ones, which seldom change."""
    id = yield from online_id(line, lambda one: len(points_of(line, one)) >= most)
    return id, points_of(line, id)[-most:]


def one_point(line: GatewayMcuLine) -> Script[None]:
    id, points = yield from with_points(line)
    found = yield from query(line, id, *points)
    line.require(
        any(one.id == points[0] for one in found), f"29 of data point {points[0]} is answered by no report of it."
    )


def two_points(line: GatewayMcuLine) -> Script[None]:
    id, points = yield from with_points(line, 2)
    found = {one.id for one in (yield from query(line, id, *points))}
    line.require(set(points) <= found, f"29 of {len(points)} data points is answered with {sorted(found)}.")


def gateway_point(line: GatewayMcuLine) -> Script[None]:
    needs_capability(line, BIT_OWN_POINTS)
    own = points_of(line, GATEWAY_ID) or line.skip("It has reported no data points of its own.")
    found = yield from query(line, GATEWAY_ID, own[0])
    line.require(found, "29 of the gateway's own data point is answered by no report.")


def unknown_point(line: GatewayMcuLine) -> Script[None]:
    id = yield from online_id(line)
    found = yield from query(line, id, UNUSED_POINT, most_s=QUERY_S)
    odd = [one for one in found if one.id == UNUSED_POINT]
    line.require(not odd, "It reports a data point that there is not.")
    yield from ask_again(line, "It no longer answers after a 29 of a data point that there is not.")


def unknown_sub_device(line: GatewayMcuLine) -> Script[None]:
    found = yield from query(line, UNKNOWN_ID, 1, most_s=QUERY_S)
    line.require(not found, "It reports for a sub-device that there is not.")
    yield from ask_again(line, "It no longer answers after a 29 of a sub-device that there is not.")


_JUDGED: tuple[tuple[str, str, str, Judge, Grade], ...] = (
    ("frames.whole", "It sends whole frames only", "§1.1", all_whole, "must"),
    ("frames.version", "Its frames have version 00", "§1.1.1", usual_version, "deviation"),
    ("frames.known", "Its frames are known commands with valid data", "§2", all_known, "must"),
    ("questions.empty", "Questions without fields have no data", "§2", bare_questions, "must"),
    (
        "questions.few",
        f"It asks the same at most {MOST_QUESTIONS} times in a minute",
        "§1.7.1",
        few_questions,
        "deviation",
    ),
    ("questions.network", "It asks for the network by 16, not by 03", "§5", no_empty_03, "deviation"),
    ("reports.spaced", "No three reports come within 0.12 s", "§1.7.3", reports_are_spaced, "should"),
    ("reports.short", f"A report has at most {LONGEST} bytes", "§1.7.2", reports_are_short, "should"),
    ("reports.ids", "Each report names a sub-device", "§1.4", reports_name_a_sub_device, "must"),
    ("reports.short-ids", f"An id has at most {ADVISED_ID} characters", "§1.7.2", ids_are_short, "should"),
)
_PLAYED: tuple[tuple[str, str, str, Play, Grade], ...] = (
    ("query.answered", "0b is answered by reports", "§2.4.1", query_answered, "must"),
    ("query.by-0d", "0b is not answered by 0b", "§2.4.1", query_by_reports_only, "must"),
    ("query.gateway", "0b is answered with the gateway's own data points", "§2.4.1", query_of_the_gateway, "must"),
    ("query.constant", "Two queries report the same sub-devices", "§2.4.1", query_constant, "should"),
    ("join.reported", "0b reports those that have joined", "§2.4.1", joined_is_reported, "must"),
    ("reports.joined-only", "Only those that have joined are reported", "§2.4.1", only_joined, "must"),
    ("points.one", "29 is answered with the data point that it names", "§2.4.4", one_point, "must"),
    ("points.several", "29 is answered with several data points", "§2.4.4", two_points, "must"),
    ("points.gateway", "29 is answered with a data point of the gateway itself", "§1.4", gateway_point, "must"),
)
_ASKING: tuple[tuple[str, str, str, Callable[[GatewayMcuLine], Script[None]], Grade], ...] = (
    ("points.unknown", "It goes on after a 29 of an unknown data point", "§2.4.4", unknown_point, "must"),
    ("points.unknown-id", "29 of an unknown sub-device is not answered", "§2.4.4", unknown_sub_device, "must"),
)
GATEWAY_MCU_REPORT_CHECKS: tuple[Check, ...] = (
    *(
        row(f"mcu.{name}", title, clause, play, grade, needs=(START, JOINING))
        for name, title, clause, play, grade in _PLAYED
    ),
    *(
        row(f"mcu.{name}", title, clause, play, grade, needs=(START, JOINING, QUESTION))
        for name, title, clause, play, grade in _ASKING
    ),
    *(
        row(f"mcu.{name}", title, clause, judged(judge), grade, needs=WHOLE)
        for name, title, clause, judge, grade in _JUDGED
    ),
    *point_checks("mcu", REPORTS, WHOLE, "§1.2", "§1.2", (ENUM,)),
    row(
        "mcu.idle.query",
        "After a minute without 01 it still answers 0b",
        "§2.4.1",
        answers_after_a_minute,
        needs=(START, JOINING),
        timeout_s=90.0,
    ),
)
