"""Checks of the rules that a plug keeps, of an update that must fail, and of a power cut.

Source: docs/protocols/meross.md §1.8.14, §1.8.15, §1.8.18, §1.9.7.
"""

from collections.abc import Callable
from typing import Any

from unclouded.conformance.check import Check, Grade, PersonTask
from unclouded.conformance.line import Script
from unclouded.conformance.meross.plug.answer_checks import ANSWERS, short
from unclouded.conformance.meross.plug.played_controller import PlugLine
from unclouded.conformance.meross.plug.request_checks import attempt, goes_on
from unclouded.conformance.meross.plug.set_checks import (
    CHANGES,
    RELAY,
    SWITCHES,
    local_minute,
    restored,
    state_becomes,
    with_end,
)
from unclouded.conformance.meross.wire.frames import Fields
from unclouded.conformance.rows import row
from unclouded.families.meross.wire import namespaces

ADDS = "It adds a rule, and deletes it."
UPDATES = "It starts an update that must fail: there is no file at the address."
POWER = PersonTask("cut_power", "Pull the plug out of its socket, wait 5 s, and put it back.")
ID, OTHER_ID = "conformance00001", "conformance00002"
EVERY_DAY = 128 + 127  # bit 7 = repeat; docs/protocols/meross.md §1.8.14
AUTO_OFF_S = 5
CUT_S, BACK_S = 120.0, 120.0  # for a person to pull it; until it answers again
PLACE = {"longitude": 13_404_954, "latitude": 52_520_008}
SLOW_S = 1.5  # for an answer
NOWHERE = {"upgrade": {"url": "http://127.0.0.1:9/conformance.bin", "md5": "0" * 32}}


def timer(line: PlugLine, id: str = ID, minute: int = 0, enable: int = 0, onoff: int = 0) -> Fields:
    return {
        "id": id,
        "channel": 0,
        "alias": "conformance",
        "type": 1,
        "enable": enable,
        "createTime": int(line.unix()),
        "week": EVERY_DAY,
        "time": minute,
        "sunOffset": 0,
        "duration": 0,
        "extend": {"toggle": {"onoff": onoff, "lmTime": 0}},
    }


def auto_off(line: PlugLine, id: str = ID, enable: int = 0) -> Fields:
    """A rule that switches channel 0 off after AUTO_OFF_S, on every day; not in effect unless ``enable`` is 1."""
    rule = {"week": EVERY_DAY, "duration": AUTO_OFF_S}
    created = int(line.unix())
    return {
        "id": id,
        "channel": 0,
        "alias": "conformance",
        "type": 0,
        "enable": enable,
        "createTime": created,
        "rule": rule,
    }


class RuleKind:
    """Timers or auto-off rules of hardware 2 and later. ``make``: one of them, switched off."""

    def __init__(self, namespace: str, digest: str, make: Callable[..., Fields]) -> None:
        self.namespace = namespace
        self.digest = digest
        self.make = make
        self.name = short(namespace).rpartition(".")[2].lower()

    def put(self, line: PlugLine, rule: Fields) -> Script[None]:
        """SET of one rule: new by its id, else it replaces that one. The script fails where it is not acknowledged."""
        yield from line.end.set(self.namespace, {self.name: rule})

    def get(self, line: PlugLine, id: str) -> Script[Fields]:
        """The rule of that id, {} = there is none."""
        payload = (yield from line.end.asked(self.namespace, {self.name: {"id": id}})).payload
        found = payload[self.name]
        rule: Fields = (found[0] if found else {}) if isinstance(found, list) else found
        return rule

    def delete(self, line: PlugLine, id: str = ID) -> Script[None]:
        """DELETE of one rule; any answer will do, also that there is none."""
        yield from line.end.ask(self.namespace, "DELETE", {self.name: {"id": id}})

    def counts(self, line: PlugLine) -> Script[dict[str, int]]:
        """The edit counter of each rule, by id."""
        found = (yield from line.end.asked(self.digest)).payload["digest"]
        return {one["id"]: one["count"] for one in found}


TIMERS = RuleKind(namespaces.TIMERX, namespaces.DIGEST_TIMERX, timer)
TRIGGERS = RuleKind(namespaces.TRIGGERX, namespaces.DIGEST_TRIGGERX, auto_off)
RuleScript = Callable[[PlugLine, RuleKind], Script[None]]


def of_kind(kind: RuleKind, script: RuleScript) -> Callable[[PlugLine], Script[None]]:
    """The script, where it has such rules; afterwards ours is deleted."""

    def whole(line: PlugLine) -> Script[None]:
        if not line.end.lists(kind.namespace):
            line.not_applicable(f"It does not list {short(kind.namespace)}.")
        yield from with_end(script(line, kind), lambda: kind.delete(line))

    return whole


def kept(line: PlugLine, kind: RuleKind) -> Script[None]:
    """Fails where a rule is not as it was set, except its time of creation and fields that a plug may set itself."""
    rule = kind.make(line)
    yield from kind.put(line, rule)
    found = yield from kind.get(line, ID)
    odd = [name for name in rule if name not in ("createTime", "extend", "sunOffset") and found.get(name) != rule[name]]
    line.require(not odd, f"{', '.join(odd)} of the rule is not as it was set.")


def listed(line: PlugLine, kind: RuleKind) -> Script[None]:
    """Fails where the digest does not list a new rule, or no longer lists another one."""
    before = yield from kind.counts(line)
    yield from kind.put(line, kind.make(line))
    after = yield from kind.counts(line)
    line.require(after.keys() == before.keys() | {ID}, "The digest does not list the new rule, or lost another one.")


def counted(line: PlugLine, kind: RuleKind) -> Script[None]:
    """Fails where the counter of a rule in the digest does not rise when it is edited."""
    yield from kind.put(line, kind.make(line))
    first = (yield from kind.counts(line))[ID]
    yield from kind.put(line, {**kind.make(line), "alias": "conformance 2"})
    second = (yield from kind.counts(line))[ID]
    line.require(second > first, f"The counter of an edited rule was {first}, and then {second}.")


def replaced(line: PlugLine, kind: RuleKind) -> Script[None]:
    """Fails where an edited rule stands in the digest twice, or is the old one."""
    yield from kind.put(line, kind.make(line))
    number = len((yield from kind.counts(line)))
    yield from kind.put(line, {**kind.make(line), "alias": "conformance 2"})
    line.require(len((yield from kind.counts(line))) == number, "An edited rule is in the digest twice.")
    line.require((yield from kind.get(line, ID))["alias"] == "conformance 2", "The edited rule is the old one.")


def deleted(line: PlugLine, kind: RuleKind) -> Script[None]:
    """Fails where a deleted rule stays in the digest, or the payload of DELETEACK is not empty."""
    yield from kind.put(line, kind.make(line))
    frame = yield from line.end.set(kind.namespace, {kind.name: {"id": ID}}, "DELETE")
    line.require(frame.payload == {}, "The payload of DELETEACK is not empty.")
    line.require(ID not in (yield from kind.counts(line)), "The deleted rule is still in the digest.")


def no_rule(line: PlugLine, kind: RuleKind) -> Script[None]:
    """Fails where an invalid rule changes the rules of the plug, or it no longer answers."""
    before = yield from kind.counts(line)
    for payload in ({kind.name: 5}, {kind.name: {"alias": "no id"}}, {kind.name: {"id": OTHER_ID * 40}}):
        yield from attempt(line, line.end.message(kind.namespace, "SET", payload))
    yield from goes_on(line, "rules that are none")
    line.require((yield from kind.counts(line)) == before, "An invalid rule has changed its rules.")


def unknown_rule(line: PlugLine, kind: RuleKind) -> Script[None]:
    """Fails where the plug gives a rule for an id that it does not have."""
    found = yield from kind.get(line, OTHER_ID)
    line.require(not found, "A rule that it does not have is answered.")


# --- what they do ------------------------------------------------------------------------------------------


def timer_switches(line: PlugLine, before: int) -> Script[None]:
    """A timer of the next minute, by its own zone."""
    if not line.end.lists(TIMERS.namespace):
        line.not_applicable("It does not list Control.TimerX.")
    frame = yield from line.end.asked(namespaces.TIME)
    minute = local_minute(line, frame.payload["time"], frame.header.timestamp)
    due = int(minute) + (1 if minute % 1 < 0.8 else 2)
    wait_s = (due - minute) * 60

    is_fast(line)

    def tried() -> Script[None]:
        yield from TIMERS.put(line, timer(line, minute=due % 1440, enable=1, onoff=1 - before))
        yield from line.pause(wait_s - 4.0)
        line.require((yield from line.end.relay_state())["onoff"] == before, "The timer has switched too early.")
        yield from line.pause(6.0)
        yield from state_becomes(line, 1 - before, "The timer has not switched in its minute.")

    yield from with_end(tried(), lambda: TIMERS.delete(line))


def is_fast(line: PlugLine) -> None:
    """The check is skipped where its answers come too late to show when it has switched."""
    if line.end.took_s > SLOW_S:
        line.skip(f"Its answers take {line.end.took_s:.1f} s, too long to see when it switches.")


def auto_off_switches(line: PlugLine, before: int) -> Script[None]:
    if not line.end.lists(TRIGGERS.namespace):
        line.not_applicable("It does not list Control.TriggerX.")
    is_fast(line)

    def tried() -> Script[None]:
        yield from line.end.switch(0)
        yield from TRIGGERS.put(line, auto_off(line, enable=1))
        yield from line.end.switch(1)
        yield from line.pause(AUTO_OFF_S - 2.5)
        line.require((yield from line.end.relay_state())["onoff"] == 1, f"It is off before {AUTO_OFF_S} s.")
        yield from line.pause(3.5)
        yield from state_becomes(line, 0, f"It is not off {AUTO_OFF_S} s after it was switched on.")

    yield from with_end(tried(), lambda: TRIGGERS.delete(line))


def disabled_off(line: PlugLine, before: int) -> Script[None]:
    if not line.end.lists(TRIGGERS.namespace):
        line.not_applicable("It does not list Control.TriggerX.")

    def tried() -> Script[None]:
        yield from line.end.switch(0)
        yield from TRIGGERS.put(line, auto_off(line, enable=0))
        yield from line.end.switch(1)
        yield from line.pause(AUTO_OFF_S + 2.0)
        line.require((yield from line.end.relay_state())["onoff"] == 1, "A rule that is switched off has worked.")

    yield from with_end(tried(), lambda: TRIGGERS.delete(line))


def whole_list(namespace: str, make: Callable[..., Fields]) -> Callable[[PlugLine], Script[None]]:
    """Hardware 1: the whole list is set, and read."""
    name = short(namespace).rpartition(".")[2].lower()

    def script(line: PlugLine) -> Script[None]:
        if not line.end.lists(namespace):
            line.not_applicable(f"It does not list {short(namespace)}.")
        before = (yield from line.end.asked(namespace)).payload[name]

        def change(rules: list[Fields]) -> Script[None]:
            yield from line.end.set(namespace, {name: rules})

        def tried() -> Script[None]:
            yield from change([*before, make(line)])
            ids = [one["id"] for one in (yield from line.end.asked(namespace)).payload[name]]
            line.require(ids == [*(one["id"] for one in before), ID], "The list is not as it was set.")

        yield from with_end(tried(), lambda: change(before))
        after = (yield from line.end.asked(namespace)).payload[name]
        line.require(len(after) == len(before), "A rule that is left out of the list is still there.")

    return script


# --- updates, power cuts ---------------------------------------------------------------------------------------


def failed_update(line: PlugLine) -> Script[None]:
    version = line.end.answers[namespaces.FIRMWARE].payload["firmware"]["version"]
    frame = yield from line.end.set(namespaces.UPGRADE, NOWHERE)
    line.require(frame.payload == {}, "The payload of SETACK is not empty.")
    yield from line.pause(10.0)
    yield from goes_on(line, "an update without a file")
    after = (yield from line.end.asked(namespaces.FIRMWARE)).payload["firmware"]["version"]
    line.require(after == version, f"After an update without a file its version is {after}.")


def power_cut(line: PlugLine) -> Script[None]:
    """Set, pulled, and asked again once it answers."""
    settings = ((namespaces.POSITION, "position", PLACE), (namespaces.DND, "DNDMode", {"mode": 1}))
    before = {}
    for namespace, name, value in settings:
        before[name] = (yield from line.end.asked(namespace)).payload[name]
        yield from line.end.set(namespace, {name: value})
    line.advise(POWER)
    yield from _answers_no_more(line)
    yield from _answers_again(line)

    def tried() -> Script[None]:
        for namespace, name, value in settings:
            after = (yield from line.end.asked(namespace)).payload[name]
            line.require(after == value, f"{short(namespace)} is lost after a power cut.")

    def set_back() -> Script[None]:
        for namespace, name, _ in settings:
            yield from line.end.set(namespace, {name: before[name]})

    yield from with_end(tried(), set_back)


def _answers_no_more(line: PlugLine) -> Script[None]:
    until = line.now + CUT_S
    while line.now < until:
        is_gone = not (line.end.is_http or line.end.is_up)
        if is_gone or (yield from line.end.ask(namespaces.ABILITY)) is None:
            return
        yield from line.pause(0.5)
    line.skip(f"It was not without power within {CUT_S:g} s.")


def _answers_again(line: PlugLine) -> Script[None]:
    until = line.now + BACK_S
    while line.now < until:
        if (yield from line.end.ask(namespaces.ABILITY, tries=1)) is not None:
            return
        yield from line.pause(1.0)
    line.fail(f"It does not answer {BACK_S:g} s after a power cut.")


# --- the table ---------------------------------------------------------------------------------------------------


def _rules(id: str, title: str, clause: str, kind: RuleKind, script: RuleScript, grade: Grade = "must") -> Check:
    return row(
        f"plug.{id}", title, clause, of_kind(kind, script), grade, needs=(ANSWERS,), danger=ADDS, timeout_s=120.0
    )


def _of_both(kind: RuleKind, name: str, what: str, clause: str) -> tuple[Check, ...]:
    return (
        _rules(f"{name}.kept", f"{what} is read as it was set", clause, kind, kept),
        _rules(f"{name}.listed", f"A new {what.lower()} is in the digest, beside the others", "§1.8.15", kind, listed),
        _rules(f"{name}.counted", f"The counter of an edited {what.lower()} grows", "§1.8.14", kind, counted),
        _rules(f"{name}.replaced", f"An edited {what.lower()} replaces the old one", clause, kind, replaced),
        _rules(f"{name}.deleted", f"A deleted {what.lower()} is gone", clause, kind, deleted),
        _rules(
            f"{name}.unknown",
            f"A query for an unknown {what.lower()} is answered by an empty one",
            clause,
            kind,
            unknown_rule,
        ),
        _rules(f"{name}.invalid", f"An invalid {what.lower()} changes nothing", clause, kind, no_rule, "should"),
    )


def _relay(id: str, title: str, clause: str, script: Any, timeout_s: float) -> Check:  # Any: a script's maker
    needs = (ANSWERS, RELAY)
    return row(f"plug.{id}", title, clause, restored(script), needs=needs, danger=SWITCHES, timeout_s=timeout_s)


RULE_CHECKS: tuple[Check, ...] = (
    *_of_both(TIMERS, "timer", "Timer", "§1.8.14"),
    *_of_both(TRIGGERS, "auto-off", "Auto-off rule", "§1.8.15"),
    row(
        "plug.timer.list",
        "The list of timers is read as it was set (hardware 1)",
        "§1.8.14",
        whole_list(namespaces.TIMER, timer),
        needs=(ANSWERS,),
        danger=ADDS,
        timeout_s=120.0,
    ),
    _relay("timer.switches", "A timer switches in its minute of local time", "§1.8.14", timer_switches, 240.0),
    _relay("auto-off.switches", "An auto-off rule switches off after its time", "§1.8.15", auto_off_switches, 120.0),
    _relay("auto-off.disabled", "An auto-off rule that is switched off does nothing", "§1.8.15", disabled_off, 120.0),
    row(
        "plug.update.no-file",
        "An update without a file is acknowledged, and changes nothing",
        "§1.8.18",
        failed_update,
        needs=(ANSWERS,),
        danger=UPDATES,
        timeout_s=180.0,
    ),
    row(
        "plug.power.settings",
        "Position and LED setting are kept over a power cut",
        "§1.9.7",
        power_cut,
        "should",
        needs=(ANSWERS,),
        danger=CHANGES,
        person=PersonTask("announced", "You are asked to cut its power once."),
        timeout_s=CUT_S + BACK_S + 60.0,
    ),
)
