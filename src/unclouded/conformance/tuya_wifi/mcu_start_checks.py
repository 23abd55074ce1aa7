"""Checks of an MCU: heartbeats, product info, working mode, features, network status, and the query for all values.

Most of them judge one start, which the preparation "start" records. Source: docs/protocols/tuya_wifi.md §2.3, §2.4.
"""

from collections.abc import Sequence
from typing import Any

from unclouded.conformance.check import Check
from unclouded.conformance.line import CheckLine, LineEntry, Script
from unclouded.conformance.rows import judged, row
from unclouded.conformance.tuya.frames import exchange, frames, observed_points
from unclouded.conformance.tuya_wifi.emulated_module import CLOUD, EmulatedModule
from unclouded.families.tuya.wifi import codes

McuLine = CheckLine[EmulatedModule]

PROMPT_S = 0.15  # half of the 300 ms after which modules repeat a request; ours
OFFLINE_S = 3.0  # docs/protocols/tuya_wifi.md §2.3.2
REPORTS = {codes.REPORT: 0}
SEEN = "start"


def answer_to(entries: Sequence[LineEntry], command: int, nth: int = 0) -> tuple[LineEntry, LineEntry | None] | None:
    """The nth request of ours with this command, and what answered it before the next one; None = none was sent."""
    sent = [at for at, one in enumerate(entries) if one.sender == "controller" and _is(one, command)]
    if nth >= len(sent):
        return None
    end = sent[nth + 1] if nth + 1 < len(sent) else len(entries)
    answers = [one for one in entries[sent[nth] + 1 : end] if one.sender == "device" and _is(one, command)]
    return entries[sent[nth]], answers[0] if answers else None


def _is(entry: LineEntry, command: int) -> bool:
    return entry.frame is not None and entry.frame.command == command


def answered(line: McuLine, command: int, nth: int = 0) -> LineEntry:
    """The answer in the recorded start. Without one the check cannot be made."""
    found = answer_to(line.observed[SEEN], command, nth)
    if found is None or found[1] is None:
        line.skip(f"It did not answer {command:02x}.")
    return found[1]


# --- heartbeats --------------------------------------------------------------------------------------


def heartbeats_are_answered(line: McuLine) -> Script[None]:
    for count in range(1, 6):
        entry = yield from exchange(line, codes.HEARTBEAT, seconds=OFFLINE_S)
        line.require(entry, f"Heartbeat {count} of 5 was not answered within {OFFLINE_S:g} s.")
        yield from line.pause(1.0)


def one_answer_each(line: McuLine) -> Script[None]:
    mark = line.log.mark()
    for _ in range(3):
        line.end.send(codes.HEARTBEAT)
        yield from line.pause(1.0)
    got = len(frames(line.received(mark), codes.HEARTBEAT))
    if not got:
        line.skip("It answers no heartbeats.")
    line.require(got == 3, f"3 heartbeats were sent, and {got} answers came.")


def heartbeat_payload(line: McuLine) -> None:
    answers = frames(line.received(), codes.HEARTBEAT)
    if not answers:
        line.skip("It answers no heartbeats.")
    wrong = [one.frame.payload.hex() for one in answers if one.frame.payload not in (b"\0", b"\1")]
    line.require(not wrong, f"An answer to 00 carries {wrong[0] or 'nothing'} instead of 00 or 01." if wrong else "")


def first_heartbeat(line: McuLine) -> None:
    answers = frames(line.observed.get("reach", ()), codes.HEARTBEAT)
    answers = [one for one in answers if one.sender == "device"]
    if not answers:
        line.skip("It answered no heartbeat when the run began.")
    if answers[0].frame.payload == b"\1":
        line.skip("It ran before this run began: switch it on no sooner than this program.")
    line.require(answers[0].frame.payload == b"\0", "The first answer after the start is not 00.")


def later_heartbeats(line: McuLine) -> Script[None]:
    for _ in range(3):
        entry = yield from exchange(line, codes.HEARTBEAT, seconds=OFFLINE_S)
        if entry is None:
            line.skip("It answers no heartbeats.")
        line.require(entry.frame.payload != b"\0", "It reports a restart (00) again and again.")
        yield from line.pause(0.5)


def heartbeat_is_prompt(line: McuLine) -> Script[None]:
    for _ in range(3):
        mark = line.log.mark()
        if (yield from exchange(line, codes.HEARTBEAT, seconds=OFFLINE_S)) is None:
            line.skip("It answers no heartbeats.")
        require_prompt(line, line.log.since(mark), codes.HEARTBEAT)
        yield from line.pause(0.5)


def require_prompt(line: McuLine, entries: Sequence[LineEntry], command: int) -> None:
    """Fails where the answer to this command took longer than PROMPT_S; skipped without an answer."""
    found = answer_to(entries, command)
    if found is None or found[1] is None:
        line.skip(f"It did not answer {command:02x}.")
    took_s = found[1].at - found[0].at
    line.require(took_s <= PROMPT_S, f"The answer took {took_s * 1000:.0f} ms.")


def heartbeat_after_silence(line: McuLine) -> Script[None]:
    line.end.beats = False
    yield from line.pause(20.0)
    entry = yield from exchange(line, codes.HEARTBEAT, seconds=OFFLINE_S)
    if entry is None and not frames(line.observed[SEEN], codes.HEARTBEAT):
        line.skip("It answers no heartbeats.")
    line.require(entry, "After 20 s without heartbeats it does not answer one.")


# --- working mode, network, query --------------------------------------------------------------------


def mode_is_answered(line: McuLine) -> Script[None]:
    for _ in range(3):
        if (yield from exchange(line, codes.MODE)):
            return
    line.fail("02 was sent 3 times, a second apart, and not answered.")


def mode_length(line: McuLine) -> None:
    size = len(answered(line, codes.MODE).frame.payload)
    line.require(size in (0, 2, 3), f"The answer to 02 has {size} bytes.")


def mode_is_no_event(line: McuLine) -> None:
    entries = line.log.since()
    sent = [one for one in frames(entries, codes.MODE) if one.sender == "controller"]
    got = [one for one in frames(entries, codes.MODE) if one.sender == "device"]
    line.require(len(got) <= len(sent), f"{len(sent)} requests 02 were sent, and {len(got)} frames 02 came.")


def is_module_driven(line: McuLine) -> bool:
    """Does the module drive LED and key? Then 03 is optional for the MCU."""
    found = answer_to(line.observed[SEEN], codes.MODE)
    return found is not None and found[1] is not None and bool(found[1].frame.payload)


def network_is_acknowledged(status: int) -> Any:  # Any: a script
    """A script that sends this status, and the real one again."""

    def script(line: McuLine) -> Script[None]:
        entry = yield from exchange(line, codes.NETWORK, bytes((status,)))
        if status != CLOUD:
            yield from line.pause(0.2)
            yield from exchange(line, codes.NETWORK, bytes((CLOUD,)))
        if entry is None:
            if is_module_driven(line):
                line.not_applicable("The module drives LED and key, so 03 is optional for it.")
            line.fail(f"03 with status {status:02x} was not acknowledged within 1 s.")
        line.require(not entry.frame.payload, "The acknowledgement of 03 is not empty.")

    return script


def query_is_answered(line: McuLine) -> Script[None]:
    for _ in range(2):
        entry = yield from exchange(line, codes.QUERY, answer=codes.REPORT)
        line.require(entry, "No report came within 1 s after 08.")
        yield from line.pause(1.0)


def query_before_status(line: McuLine) -> None:
    entries = line.observed["early query"]
    line.require(frames(entries, codes.REPORT), "08 is not answered before the network states 03 and 04 were sent.")


def queries_agree(line: McuLine) -> Script[None]:
    seen = []
    for _ in range(2):
        mark = line.log.mark()
        line.end.send(codes.QUERY)
        yield from line.pause(1.5)
        seen.append({(one.id, one.type) for one in observed_points(line.received(mark), REPORTS)})
    if 2 * min(map(len, seen)) < max(len(line.end.points), 1):
        line.skip("It does not answer 08 with all its data points.")
    differing = sorted({id for id, _ in seen[0] ^ seen[1]})
    line.require(not differing, f"Two queries report different data points: {differing}.")


def query_ends(line: McuLine) -> Script[None]:
    line.end.send(codes.QUERY)
    yield from line.pause(3.0)
    mark = line.log.mark()
    yield from line.pause(1.0)
    late = {one.id for one in observed_points(line.received(mark), REPORTS)}
    line.require(len(late) < max(len(line.end.points), 2), "3 s after 08 it still reports all its data points.")


def query_by_report(line: McuLine) -> Script[None]:
    mark = line.log.mark()
    line.end.send(codes.QUERY)
    yield from line.pause(1.0)
    got = frames(line.received(mark), codes.SYNC_REPORT)
    line.require(len(got) < max(len(line.end.points), 2), "08 is answered by 22 instead of 07.")


def start_again(line: McuLine) -> Script[None]:
    mark = line.log.mark()
    line.end.send(codes.HEARTBEAT)
    yield from line.pause(0.2)
    yield from line.end.start()
    before = {one.frame.command for one in frames(line.observed[SEEN]) if one.sender == "device"}
    again = {one.frame.command for one in frames(line.received(mark))}
    steps = {codes.PRODUCT, codes.MODE, codes.NETWORK}
    missing = sorted(f"{one:02x}" for one in before & steps - again)
    line.require(not missing, f"When a module starts again, it does not answer {', '.join(missing)} any more.")


def unanswered_questions(line: McuLine) -> Script[None]:
    """It may ask again, but must go on to answer."""
    asked = {codes.GMT, codes.LOCAL_TIME, codes.SIGNAL, codes.NETWORK_QUERY, codes.MAC, codes.MEMORY, codes.WEATHER_ON}
    line.end.mute |= asked | {codes.EXTENDED, codes.SYNC_REPORT, codes.FEATURES}
    line.end.send(codes.NETWORK, bytes((3,)))
    yield from line.pause(0.5)
    line.end.send(codes.NETWORK, bytes((CLOUD,)))
    yield from line.pause(7.0)
    alive = yield from line.end.answers_anything()
    line.require(alive, "While its own questions are not answered, it answers nothing.")


START_CHECKS: tuple[Check, ...] = (
    row("mcu.heartbeat.answered", "The MCU answers each heartbeat within 3 s", "§2.4.2", heartbeats_are_answered),
    row("mcu.heartbeat.once", "It answers a heartbeat once", "§2.4.2", one_answer_each),
    row("mcu.heartbeat.first-is-00", "The first answer after its start is 00", "§2.4.2", judged(first_heartbeat)),
    row("mcu.heartbeat.later-are-01", "Further answers are not 00", "§2.4.2", later_heartbeats),
    row("mcu.heartbeat.payload", "The answer is one byte, 00 or 01", "§2.4.2", judged(heartbeat_payload)),
    row("mcu.heartbeat.prompt", "It answers a heartbeat within 150 ms", "§2.3.2", heartbeat_is_prompt, "should"),
    row(
        "mcu.heartbeat.after-silence",
        "It answers after 20 s without heartbeats",
        "§2.3.2",
        heartbeat_after_silence,
        needs=(SEEN,),
        timeout_s=40.0,
    ),
    row("mcu.mode.answered", "It answers the question for its working mode", "§2.4.5", mode_is_answered),
    row(
        "mcu.mode.length",
        "The working mode is empty or names two or three pins",
        "§2.4.5",
        judged(mode_length),
        needs=(SEEN,),
    ),
    *(
        row(
            f"mcu.network.status-{status:02x}",
            f"It acknowledges network status {status:02x} ({name})",
            "§2.4.6",
            network_is_acknowledged(status),
            needs=(SEEN,),
        )
        for status, name in (
            (3, "router"),
            (4, "cloud"),
            (2, "no router"),
            (0, "pairing by EZ"),
            (1, "pairing by access point"),
            (5, "low power"),
            (6, "pairing by both"),
        )
    ),
    row(
        "mcu.query.answered",
        "It answers the query for all values by reports",
        "§2.4.10",
        query_is_answered,
        "deviation",
        needs=(SEEN,),
    ),
    row(
        "mcu.query.early",
        "It answers a query before the network states",
        "§2.6 item 6",
        judged(query_before_status),
        "deviation",
        needs=(SEEN,),
    ),
    row(
        "mcu.query.constant",
        "Two queries report the same data points",
        "§2.4.10",
        queries_agree,
        "should",
        needs=(SEEN,),
    ),
    row("mcu.query.ends", "The reports after a query end", "§2.4.10", query_ends, needs=(SEEN,)),
    row("mcu.query.by-07", "A query is answered by 07, not by 22", "§2.4.11", query_by_report, "should", needs=(SEEN,)),
    row("mcu.start.again", "It answers when the module starts again", "§2.3.1", start_again, needs=(SEEN,)),
    row(
        "mcu.questions.unanswered",
        "It goes on while its questions are not answered",
        "§2.1",
        unanswered_questions,
        needs=(SEEN,),
    ),
)
