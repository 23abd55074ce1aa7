"""Checks of a module: how it finds an MCU, its start, restarts of the MCU, and answers that are missing or odd.

Source: docs/protocols/tuya_wifi.md §2.3, §2.4, §2.6.
"""

import itertools
from collections.abc import Callable, Sequence

from unclouded.conformance.check import Check
from unclouded.conformance.line import CheckLine, LineEntry, Script
from unclouded.conformance.rows import judged, row
from unclouded.conformance.tuya.frames import exchange, frames, is_command
from unclouded.conformance.tuya.line_checks import QUESTION, ask, sent_frames_checks
from unclouded.conformance.tuya_wifi.emulated_mcu import HEARTBEAT_S, START_S, EmulatedMcu
from unclouded.families.tuya.wifi import codes

ModuleLine = CheckLine[EmulatedMcu]

SEARCH, START, ONLINE, IDLE = "search", "start", "online", "idle"  # preparations
SEARCH_S = 30.0
IDLE_S = 48.0
PERIOD_S = 15.0
TOLERANCE = 0.2
STEPS = (codes.PRODUCT, codes.MODE, codes.NETWORK, codes.QUERY)
ROUTER, CLOUD = 3, 4
WHOLE = (SEARCH, START, IDLE)


# --- preparations ------------------------------------------------------------------------------------


def search(line: ModuleLine) -> Script[None]:
    """No MCU answers."""
    line.end.is_silent = True
    yield from line.pause(SEARCH_S)


def observe_start(line: ModuleLine) -> Script[None]:
    """The first start, with an MCU that takes 0.1 s for each answer."""
    line.end.delay_s = 0.1
    yield from line.end.start()


def online(line: ModuleLine) -> Script[None]:
    """A module that does not come to 08 after a restart is used as it is, where it answers at all."""
    if line.end.is_started or (not line.end.restarts_badly and (yield from line.end.start())):
        return
    line.end.restarts_badly = True
    for command in (codes.NETWORK_QUERY, codes.LOCAL_TIME, codes.SIGNAL):
        if (yield from exchange(line, command)) is not None:
            line.end.is_started = True
            return
    line.end.is_silent = True  # a new MCU for it
    yield from line.pause(SEARCH_S)
    line.end.is_silent = False
    line.require((yield from line.end.start()), f"08 did not come within {START_S:g} s of the first answer to 00.")


def idle(line: ModuleLine) -> Script[None]:
    yield from line.pause(IDLE_S)


# --- heartbeats --------------------------------------------------------------------------------------


def of_module(entries: Sequence[LineEntry], *commands: int) -> list[LineEntry]:
    """The frames with these commands that the module sent."""
    return [entry for entry in frames(entries, *commands) if entry.sender == "controller"]


def searches_each_second(line: ModuleLine) -> None:
    entries = line.observed[SEARCH]
    late = [one.at for one in of_module(entries, codes.HEARTBEAT) if one.at > entries[-1].at - 10.0]
    gaps = [after - before for before, after in itertools.pairwise(late)]
    line.require(len(gaps) >= 4, f"In 10 s so many heartbeats came while none was answered: {len(late)}.")
    middle = sorted(gaps)[len(gaps) // 2]
    line.require(abs(middle - 1.0) <= TOLERANCE, f"Unanswered heartbeats come each {middle:.2f} s.")


def only_searches(line: ModuleLine) -> None:
    odd = {one.frame.command for one in of_module(line.observed[SEARCH])} - {codes.HEARTBEAT, codes.PRODUCT}
    line.require(not odd, f"Before an MCU answers, it sends {', '.join(f'{one:02x}' for one in sorted(odd))}.")


def heartbeats_are_empty(line: ModuleLine) -> None:
    wrong = [one for one in of_module(line.log.since(), codes.HEARTBEAT) if one.frame.payload]
    line.require(not wrong, "A heartbeat has a payload.")


def _periods(line: ModuleLine) -> list[float]:
    at = [one.at for one in of_module(line.observed[IDLE], codes.HEARTBEAT)]
    line.require(len(at) >= 2, f"In {IDLE_S:g} s so many heartbeats came: {len(at)}.")
    return [after - before for before, after in itertools.pairwise(at)]


def heartbeats_come(line: ModuleLine) -> None:
    longest = max(_periods(line))
    line.require(longest <= PERIOD_S * (1 + TOLERANCE), f"Between two heartbeats {longest:.1f} s passed.")


def heartbeats_are_not_too_many(line: ModuleLine) -> None:
    if len(of_module(line.observed[IDLE], codes.HEARTBEAT)) < 2:
        line.skip("Too few heartbeats came.")
    shortest = min(_periods(line))
    line.require(shortest >= PERIOD_S * (1 - TOLERANCE), f"Between two heartbeats {shortest:.1f} s passed.")


def stays_started(line: ModuleLine) -> None:
    again = {one.frame.command for one in of_module(line.observed[IDLE])} & {codes.MODE}
    line.require(not again, "It begins its start again though heartbeats are answered by 01.")


# --- the start ---------------------------------------------------------------------------------------


def _steps(line: ModuleLine) -> dict[int, LineEntry]:
    """The first frame of each step in the recorded start."""
    first: dict[int, LineEntry] = {}
    for one in of_module(line.observed[START], *STEPS):
        first.setdefault(one.frame.command, one)
    return first


def comes_after(step: int, before: int) -> Callable[[ModuleLine], None]:
    """A judge: in its start the module sends both commands, ``before`` first."""

    def judge(line: ModuleLine) -> None:
        first = _steps(line)
        line.require(step in first, f"{step:02x} is not sent in the start.")
        line.require(before in first, f"{before:02x} is not sent in the start.")
        line.require(first[before].at < first[step].at, f"{step:02x} comes before {before:02x}.")

    return judge


def product_at_once(line: ModuleLine) -> None:
    entries = line.observed[START]
    answer = next((one for one in frames(entries, codes.HEARTBEAT) if one.sender == "device"), None)
    first = _steps(line).get(codes.PRODUCT)
    if answer is None or first is None:
        line.fail("01 is not sent in the start.")
    line.require(first.at - answer.at <= 2.0, f"01 came {first.at - answer.at:.1f} s after the first answer to 00.")


def steps_wait(line: ModuleLine) -> None:
    """No step before the answer to the last one."""
    waits_for: int | None = None
    for one in frames(line.observed[START], *STEPS):
        if one.sender == "controller":
            if waits_for is not None and one.frame.command != waits_for:
                line.fail(f"{one.frame.command:02x} was sent before {waits_for:02x} was answered.")
            waits_for = one.frame.command if one.frame.command != codes.QUERY else None
        elif one.frame.command == waits_for:
            waits_for = None


def router_first(line: ModuleLine) -> None:
    states = [one.frame.payload[:1] for one in of_module(line.observed[START], codes.NETWORK)]
    if bytes((CLOUD,)) not in states:
        line.not_applicable("It is not connected to its cloud: it never reports 04.")
    before = states[: states.index(bytes((CLOUD,)))]
    line.require(bytes((ROUTER,)) in before, "It reports 04 without 03 before it.")


def status_is_valid(line: ModuleLine) -> None:
    wrong = [one.frame.payload for one in of_module(line.log.since(), codes.NETWORK)]
    wrong = [data for data in wrong if len(data) != 1 or data[0] > 6]
    line.require(not wrong, f"A network status is {wrong[0].hex() or 'empty'}." if wrong else "")


def requests_are_empty(line: ModuleLine) -> None:
    sent = of_module(line.log.since(), codes.PRODUCT, codes.MODE, codes.QUERY)
    wrong = [one.frame for one in sent if one.frame.payload]
    line.require(not wrong, f"{wrong[0].command:02x} has a payload." if wrong else "")


def sets_nothing(line: ModuleLine) -> None:
    line.require(not of_module(line.observed[START], codes.SET), "It sets data points in the start.")


def start_is_short(line: ModuleLine) -> None:
    entries = line.observed[START]
    first, last = _steps(line).get(codes.PRODUCT), _steps(line).get(codes.QUERY)
    if first is None or last is None or not entries:
        line.skip("The start was not seen.")
    line.require(last.at - first.at <= 10.0, f"From 01 to 08 it took {last.at - first.at:.1f} s.")


def start_is_over(line: ModuleLine) -> None:
    line.require(
        _steps(line).keys() >= {codes.QUERY}, f"08 did not come within {START_S:g} s of the first answer to 00."
    )


# --- restarts of the MCU -----------------------------------------------------------------------------


def restart_is_seen(line: ModuleLine) -> Script[None]:
    line.require(
        (yield from line.end.begin_again()), f"{HEARTBEAT_S:g} s after a restart (00 answered by 00) no 01 came."
    )
    yield from line.wait_for(is_command(codes.QUERY), START_S)
    yield from line.pause(1.0)


def restart_brings(command: int) -> Callable[[ModuleLine], Script[None]]:
    """A script: after a restart of the MCU the module sends this command again."""

    def script(line: ModuleLine) -> Script[None]:
        if not (yield from line.end.begin_again()):
            line.skip("It does not notice the restart.")
        yield from line.expect(
            is_command(command), START_S, f"After a restart of the MCU {command:02x} is not sent again."
        )
        yield from line.wait_for(is_command(codes.QUERY), START_S)
        yield from line.pause(1.0)

    return script


def restart_in_start(line: ModuleLine) -> Script[None]:
    line.end.mute.add(codes.MODE)
    if not (yield from line.end.begin_again()):
        line.skip("It does not notice the restart.")
    yield from line.expect(is_command(codes.MODE), START_S, "02 is not sent in the start.")
    line.end.mute.clear()
    begun = yield from line.end.begin_again()
    line.require(begun, "After a restart in the middle of the start it does not begin again with 01.")
    yield from line.expect(is_command(codes.QUERY), START_S, "After a restart in its middle the start does not end.")


def found_again(line: ModuleLine) -> Script[None]:
    """No answers for 25 s, then all of them."""
    line.end.is_silent = True
    yield from line.pause(25.0)
    line.end.is_silent = False
    yield from line.pause(HEARTBEAT_S)
    for _ in range(3):
        if (yield from ask(line)) is not None:
            return
    line.fail("After 25 s without answers it does not find the MCU again.")


START_CHECKS: tuple[Check, ...] = (
    row(
        "module.heartbeat.search",
        "While nothing answers, a heartbeat comes each second",
        "§2.3.2",
        judged(searches_each_second),
        "deviation",
        needs=(SEARCH,),
        timeout_s=60.0,
    ),
    row(
        "module.heartbeat.search-only",
        "Until 00 is answered, it sends nothing but 00 and 01",
        "§2.3.1",
        judged(only_searches),
        needs=(SEARCH,),
    ),
    row(
        "module.start.over",
        "With an MCU that answers, the start gets to 08",
        "§2.3.1",
        judged(start_is_over),
        needs=(SEARCH, START),
        timeout_s=60.0,
    ),
    row(
        "module.start.product",
        "01 comes within 2 s of the first answer to 00",
        "§2.3.1",
        judged(product_at_once),
        needs=(START,),
    ),
    row(
        "module.start.mode",
        "02 comes after 01",
        "§2.3.1",
        judged(comes_after(codes.MODE, codes.PRODUCT)),
        needs=(START,),
    ),
    row(
        "module.start.status",
        "03 comes after 02",
        "§2.3.1",
        judged(comes_after(codes.NETWORK, codes.MODE)),
        needs=(START,),
    ),
    row(
        "module.start.query",
        "08 comes after 03",
        "§2.3.1",
        judged(comes_after(codes.QUERY, codes.NETWORK)),
        needs=(START,),
    ),
    row(
        "module.start.waits",
        "No step is sent before the last one was answered",
        "§2.1",
        judged(steps_wait),
        needs=(START,),
    ),
    row(
        "module.start.router-first", "It reports 03 before 04", "§2.3.1", judged(router_first), "should", needs=(START,)
    ),
    row(
        "module.start.sets-nothing",
        "It sets no data point in the start",
        "§2.3.1",
        judged(sets_nothing),
        "should",
        needs=(START,),
    ),
    row(
        "module.start.duration",
        "From 01 to 08 at most 10 s pass",
        "§2.3.2",
        judged(start_is_short),
        "should",
        needs=(START,),
    ),
    row(
        "module.heartbeat.period",
        "Between heartbeats at most 15 s pass (20 % more)",
        "§2.3.2",
        judged(heartbeats_come),
        needs=WHOLE,
        timeout_s=60.0,
    ),
    row(
        "module.heartbeat.not-more",
        "Between heartbeats at least 15 s pass (20 % less)",
        "§2.3.2",
        judged(heartbeats_are_not_too_many),
        "deviation",
        needs=WHOLE,
    ),
    row("module.heartbeat.empty", "Heartbeats have no payload", "§2.4.2", judged(heartbeats_are_empty), needs=WHOLE),
    row(
        "module.heartbeat.01-is-no-restart",
        "An answer 01 does not begin the start again",
        "§2.4.2",
        judged(stays_started),
        needs=WHOLE,
    ),
    row(
        "module.start.status-value",
        "A network status is one byte, 00 to 06",
        "§2.4.6",
        judged(status_is_valid),
        needs=WHOLE,
    ),
    row(
        "module.start.empty-requests",
        "01, 02 and 08 have no payload",
        "§2.4.1",
        judged(requests_are_empty),
        needs=WHOLE,
    ),
    *sent_frames_checks("module", (0,), "must", WHOLE, "§2.1"),
    row(
        "module.restart.seen",
        "An answer 00 begins the start again",
        "§2.3.1",
        restart_is_seen,
        timeout_s=60.0,
    ),
    row(
        "module.restart.status",
        "After a restart it sends the network status",
        "§2.4.6",
        restart_brings(codes.NETWORK),
        needs=(ONLINE,),
        timeout_s=60.0,
    ),
    row(
        "module.restart.query",
        "After a restart it queries all values",
        "§2.4.10",
        restart_brings(codes.QUERY),
        "deviation",
        needs=(ONLINE,),
        timeout_s=60.0,
    ),
    row(
        "module.restart.in-start",
        "A restart in the middle of the start begins it again",
        "§2.3.1",
        restart_in_start,
        needs=(ONLINE,),
        timeout_s=120.0,
    ),
    row(
        "module.restart.found-again",
        "An MCU that was silent for 25 s is found again",
        "§2.3.2",
        found_again,
        needs=(ONLINE, QUESTION),
        timeout_s=90.0,
    ),
)
