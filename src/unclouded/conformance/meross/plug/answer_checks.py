"""Checks of the envelopes in which a plug answers: ids, methods, signatures, times.

They judge the answers to one query of each namespace that it lists. Source: docs/protocols/meross.md §1.0.2 to §1.2.
"""

import re
from collections.abc import Callable, Iterator
from typing import Any

from unclouded.conformance.check import Check, Grade
from unclouded.conformance.line import Script
from unclouded.conformance.meross.plug.played_controller import PlugLine
from unclouded.conformance.meross.wire.frames import MerossFrame
from unclouded.conformance.rows import judged, row
from unclouded.families.meross.wire import namespaces
from unclouded.families.meross.wire.envelope import parse, verify
from unclouded.families.meross.wire.identity import UUID, publish_topic

ANSWERS = "answers"  # the preparation
LATEST_S = 30.0  # s that its clock may be off; docs/protocols/meross.md §1.8.5
PROMPT_S = 1.0  # docs/protocols/meross.md §1.4.3: usually within 0.2 s
UPTIME_LIMIT = 10**8  # seconds: a clock below that counts from its start
PREFIX = "Appliance."
SIGN = re.compile(r"[0-9a-f]{32}")
QUERIES: dict[str, Any] = {  # Any: JSON; what is asked, where its ability list has it
    **{
        f"{PREFIX}System.{name}": {}
        for name in ("All", "Hardware", "Firmware", "Time", "Online", "Runtime", "Debug", "Position", "DNDMode")
    },
    **{f"{PREFIX}Control.{name}": {} for name in ("Toggle", "ToggleX", "Electricity", "Consumption", "ConsumptionX")},
    **{f"{PREFIX}Control.{name}": {} for name in ("ConsumptionConfig", "Timer", "TimerX", "Trigger", "TriggerX")},
    **{f"{PREFIX}Digest.{name}": {} for name in ("TimerX", "TriggerX")},
    **{f"{PREFIX}Config.{name}": {} for name in ("Trace", "Info", "OverTemp")},
    namespaces.CONSUMPTION_H: {"consumptionH": [{"channel": 0}]},
    namespaces.STANDBY_KILLER: {"config": [{"channel": 0}]},
}


def ask_everything(line: PlugLine) -> Script[None]:
    """One query of each namespace that it lists."""
    end = line.end
    for namespace in (namespaces.ABILITY, *QUERIES):
        if namespace == namespaces.ABILITY or end.lists(namespace):
            found = yield from end.ask(namespace, "GET", QUERIES.get(namespace), triggerSrc="AndroidLocal")
            if found is not None:
                end.answers[namespace] = found
                end.times_s.append(end.took_s)


def short(namespace: str) -> str:
    """A namespace without its common beginning."""
    return namespace.removeprefix(PREFIX)


def _judge_each(judge: Callable[[PlugLine, MerossFrame], object], wrong: str) -> Callable[[PlugLine], Script[None]]:
    """Each answer must be so; the reason names the first that is not."""

    def judge_all(line: PlugLine) -> None:
        for namespace, frame in line.end.answers.items():
            line.require(judge(line, frame), f"The answer of {short(namespace)} {wrong}.")

    return judged(judge_all)


# --- what is judged ------------------------------------------------------------------------------------


def every_namespace(line: PlugLine) -> None:
    missing = [short(one) for one in QUERIES if line.end.lists(one) and one not in line.end.answers]
    line.require(not missing, f"It lists {', '.join(missing)}, and does not answer a query of it.")


def _pairs(line: PlugLine) -> Iterator[tuple[str, MerossFrame]]:
    """The messageId of each request, and its answer."""
    sent = {one.id: one.data for one in line.observed[ANSWERS] if one.id}
    for one in line.observed[ANSWERS]:
        if one.re in sent and one.frame is not None and one.frame.envelope is not None:
            yield parse(sent[one.re]).header.message_id, one.frame


def ids(line: PlugLine) -> None:
    pairs = list(_pairs(line))
    if not line.end.is_http:
        line.not_applicable("Over the broker an answer is found by its messageId.")
    for id, frame in pairs:
        line.require(
            frame.header.message_id == id,
            f"The answer of {short(frame.header.namespace)} has another messageId than the request.",
        )


def namespace_echoed(line: PlugLine) -> None:
    for namespace, frame in line.end.answers.items():
        line.require(
            frame.is_from(namespace), f"{short(namespace)} is answered as {short(frame.header.namespace)[:40]!r}."
        )


def one_uuid(line: PlugLine) -> None:
    senders = {frame.header.from_ for frame in line.end.answers.values()}
    line.require(len(senders) == 1, f"Its answers have {len(senders)} different texts in from.")


def uuid_form(line: PlugLine) -> None:
    uuid = line.end.uuid
    line.require(uuid, "from names no plug.")
    line.require(UUID.fullmatch(uuid), "Its UUID is not 20 letters or digits and a MAC.")


def clock_right(line: PlugLine) -> None:
    frame = line.end.answers[namespaces.ABILITY]
    entry = next(one for one in line.observed[ANSWERS] if one.frame is frame)
    off_s = frame.header.timestamp - line.ambient.wall(entry.at)
    if frame.header.timestamp < UPTIME_LIMIT:
        line.fail("Its clock counts from its start.")
    line.require(abs(off_s) <= LATEST_S, f"Its clock is off by {off_s:.0f} s.")


def clock_runs(line: PlugLine) -> Script[None]:
    first = yield from line.end.asked(namespaces.ABILITY)
    began = line.now
    yield from line.pause(3.0)
    second = yield from line.end.asked(namespaces.ABILITY)
    took_s, counted_s = line.now - began, second.header.timestamp - first.header.timestamp
    line.require(
        abs(counted_s - took_s) <= 1.5, f"Its clock went on by {counted_s} s while {took_s:.1f} s have passed."
    )


def prompt(line: PlugLine) -> None:
    middle = sorted(line.end.times_s)[len(line.end.times_s) // 2]
    line.require(middle <= PROMPT_S, f"Half of its answers take more than {middle:.1f} s.")


def trigger_source(line: PlugLine) -> None:
    named = [frame for frame in line.end.answers.values() if "triggerSrc" in frame.whole["header"]]
    if not named:
        line.not_applicable("Its firmware writes no triggerSrc.")
    for frame in named:
        line.require(frame.header.trigger_src == "AndroidLocal", "triggerSrc of an answer is not that of its request.")


def _integer(value: object) -> bool:
    return type(value) is int


def _has(name: str, test: Callable[[Any], object]) -> Callable[[PlugLine, MerossFrame], object]:  # Any: JSON
    return lambda line, frame: test(frame.whole["header"].get(name))


def _signed(line: PlugLine, frame: MerossFrame) -> bool:
    return verify(frame.header, line.key)


def _from(line: PlugLine, frame: MerossFrame) -> bool:
    return frame.header.from_ == publish_topic(line.end.uuid)


def _row(id: str, title: str, clause: str, script: Any, grade: Grade = "must") -> Check:  # Any: a script's maker
    return row(f"plug.{id}", title, clause, script, grade, needs=(ANSWERS,), timeout_s=120.0)


ANSWER_CHECKS: tuple[Check, ...] = (
    _row(
        "answers.listed",
        "Every namespace that it lists and that can be queried is answered",
        "§1.8.1",
        judged(every_namespace),
    ),
    _row("answers.id", "An answer has the messageId of its request", "§1.1", judged(ids)),
    _row(
        "answers.method",
        "GET is answered by GETACK",
        "§1.1",
        _judge_each(lambda line, frame: frame.header.method == "GETACK", "is not a GETACK"),
    ),
    _row("answers.namespace", "An answer has the namespace of its request", "§1.1", judged(namespace_echoed)),
    _row("answers.signed", "Answers are signed with its key", "§1.2", _judge_each(_signed, "has a wrong signature")),
    _row(
        "answers.sign-case",
        "Signatures are written in lower case",
        "§1.12",
        _judge_each(_has("sign", SIGN.fullmatch), "has a signature in upper case"),
        "deviation",
    ),
    _row("answers.from", "from is /appliance/UUID/publish", "§1.1", _judge_each(_from, "has another from")),
    _row("answers.one-plug", "All answers name one plug", "§1.1", judged(one_uuid)),
    _row("answers.uuid", "The UUID has 32 characters, and ends with the MAC", "§1.0.2", judged(uuid_form)),
    _row(
        "answers.version",
        "payloadVersion is 1",
        "§1.1",
        _judge_each(_has("payloadVersion", lambda value: value == 1), "has another payloadVersion"),
    ),
    _row(
        "answers.timestamp",
        "timestamp is a whole number",
        "§1.1",
        _judge_each(_has("timestamp", _integer), "has no whole number in timestamp"),
    ),
    _row(
        "answers.milliseconds",
        "timestampMs is 0 to 999",
        "§1.1",
        _judge_each(_has("timestampMs", lambda value: _integer(value) and 0 <= value <= 999), "has no timestampMs"),
    ),
    _row(
        "answers.payload",
        "The payload is an object",
        "§1.1",
        _judge_each(lambda line, frame: isinstance(frame.whole["payload"], dict), "has no object as its payload"),
    ),
    _row("answers.prompt", "Half of the answers take less than a second", "§1.4.3", judged(prompt), "should"),
    _row("answers.trigger", "triggerSrc of an answer is that of its request", "§1.1", judged(trigger_source), "should"),
    _row("clock.right", "Its clock is right", "§1.1", judged(clock_right), "should"),
    _row("clock.runs", "Its clock runs", "§1.1", clock_runs),
)
