"""Checks of a hub with other plugs: of another generation, with another clock, one that lacks something; and commands.

Source: docs/protocols/meross.md §1.5.2, §1.8.1, §1.8.5, §1.8.9, §1.12.
"""

from collections.abc import Callable, Sequence
from typing import Any

from unclouded.conformance.check import Check, Grade, PersonTask, Preparation
from unclouded.conformance.line import LineEntry, Script
from unclouded.conformance.meross.hub.answer_checks import (
    PREPARATION,
    RECOVERS_S,
    TROUBLES,
    WORKS,
    is_meter,
    trouble,
    works,
)
from unclouded.conformance.meross.hub.played_plug import HubLine, asked
from unclouded.conformance.meross.hub.request_checks import (
    HTTP,
    USUAL,
    USUAL_S,
    http_only,
    only_listed,
    requests,
    usual,
)
from unclouded.conformance.meross.wire.frames import MerossFrame, is_gone, is_message, messages
from unclouded.conformance.rows import judged, row
from unclouded.families.meross.wire import namespaces
from unclouded.families.meross.wire.envelope import GET, SET
from unclouded.families.meross.wire.lan_encryption import is_clear

AWAY_S = 60.0  # that the plug is away before it comes back as another one
OTHER_S = 60.0  # that it is used then
OLD, ENCRYPTING, NO_CLOCK, SHUT, NOT_KEPT = "hardware 1", "a plug that encrypts", "no clock", "shut", "commands"
LATEST_S = 10  # s that a clock that it sets may be off
MOST_SHUT = 8  # requests for what is always closed, in that time; ours
PERSON_S = 120.0
SWITCH_ON = PersonTask("switch_on", "Switch the plug on in the hub now.")
SWITCH_OFF = PersonTask("switch_off", "Switch the plug off in the hub now.")
RELAYS = (namespaces.TOGGLE, namespaces.TOGGLEX)
READ = (*RELAYS, namespaces.ALL)


# --- recordings -----------------------------------------------------------------------------------------------


def comes_back(line: HubLine, dialect: str, *faults: str) -> Script[None]:
    """The plug is away for a while, and comes back as another one."""
    line.end.reset()
    if line.end.is_http:
        line.end.closes = True
        yield from line.pause(AWAY_S)
    else:
        line.send(b"")
        yield from line.wait_for(is_gone, 5.0)
    line.end.become(dialect, *faults)
    line.end.reset()
    line.end.began = line.log.mark()
    if (yield from line.wait_for(lambda one: one.frame is not None and bool(asked(one.frame)), RECOVERS_S)) is None:
        line.skip(f"It has not asked the plug again within {RECOVERS_S:g} s.")


def other(name: str, dialect: str, *faults: str) -> Callable[[HubLine], Script[None]]:
    """A script: the hub meets a plug of another dialect with these faults; what it sends is observed as ``name``."""

    def script(line: HubLine) -> Script[None]:
        yield from comes_back(line, dialect, *faults)
        yield from line.wait_for(is_meter, RECOVERS_S)
        yield from line.pause(OTHER_S)
        line.observed[f"{name}, used"] = tuple(line.log.since(line.end.began))

    return script


def shut(line: HubLine) -> Script[None]:
    """What its ability list names is always closed."""
    line.end.shut = {namespaces.ELECTRICITY}
    yield from comes_back(line, "hw2")
    yield from line.pause(USUAL_S)
    line.observed[f"{SHUT}, used"] = tuple(line.log.since(line.end.began))
    line.end.shut = set()
    yield from comes_back(line, "hw2")
    yield from works(line)


def commands(line: HubLine) -> Script[None]:
    """A person switches it on, and off."""
    yield from works(line)
    mark = line.log.mark()
    for task in (SWITCH_ON, SWITCH_OFF):
        line.advise(task)
        if (yield from line.wait_for(is_switch, PERSON_S)) is None:
            line.skip(f"No command came within {PERSON_S:g} s.")
        yield from line.pause(8.0)
    line.observed[NOT_KEPT] = tuple(line.log.since(mark))


def is_switch(entry: LineEntry) -> bool:
    """Whether an entry switches a relay, by Toggle or ToggleX."""
    return any(is_message(name, SET)(entry) for name in RELAYS)


PREPARATIONS = {
    HTTP: Preparation(text="it asks over HTTP", script=http_only, once=True),
    USUAL: Preparation(text="it was watched for two minutes", script=usual, once=True, timeout_s=USUAL_S + 10.0),
    WORKS: Preparation(text="it asks for measurements", script=works, timeout_s=RECOVERS_S + 10.0),
    **{
        PREPARATION[one.name]: Preparation(
            text=f"there were {one.what}", script=trouble(one), once=True, timeout_s=600.0
        )
        for one in TROUBLES
    },
    OLD: Preparation(text="the plug is of hardware 1", script=other(OLD, "hw1"), once=True, timeout_s=600.0),
    ENCRYPTING: Preparation(text="the plug encrypts", script=other(ENCRYPTING, "hw8"), once=True, timeout_s=600.0),
    NO_CLOCK: Preparation(
        text="the plug has no clock", script=other(NO_CLOCK, "hw2", "reaches-no-ntp"), once=True, timeout_s=600.0
    ),
    SHUT: Preparation(text="the plug closes on its meter", script=shut, once=True, timeout_s=1200.0),
    NOT_KEPT: Preparation(text="it was switched", script=commands, once=True, timeout_s=RECOVERS_S + 3 * PERSON_S),
}


# --- other plugs ------------------------------------------------------------------------------------------------


def used(line: HubLine, name: str) -> Sequence[LineEntry]:
    """What was observed on the line with the plug of this name."""
    return line.observed[f"{name}, used"]


def listed(name: str, dialect: str) -> Callable[[HubLine], Script[None]]:
    """What came after the ability list."""

    def judge(line: HubLine) -> None:
        entries = used(line, name)
        first = next((n for n, one in enumerate(entries) if _asks(one, namespaces.ABILITY)), None)
        line.require(first is not None, "It has not asked for the ability list of the plug that came back.")
        assert first is not None
        only_listed(line, entries[first + 1 :], dialect)

    return judged(judge)


def _asks(entry: LineEntry, namespace: str) -> bool:
    return entry.frame is not None and entry.sender == "controller" and namespace in asked(entry.frame)


def measured(name: str) -> Callable[[HubLine], Script[None]]:
    """A judge: the hub asks the plug of this name for a measurement."""

    def judge(line: HubLine) -> None:
        line.require(any(is_meter(one) for one in requests(used(line, name))), "It asks for no measurement.")

    return judged(judge)


def encrypted(line: HubLine) -> None:
    """Once an encrypted request came, all but the ability list are."""
    found = requests(used(line, ENCRYPTING))
    first = next((number for number, one in enumerate(found) if one.frame.is_encrypted), None)
    line.require(first is not None, "It sends nothing encrypted.")
    for one in found[first:]:
        is_list = one.frame.is_from(namespaces.ABILITY)
        line.require(one.frame.is_encrypted or is_list, "It sends in clear text again.")


def ability_clear(line: HubLine) -> None:
    found = [one for one in requests(used(line, ENCRYPTING)) if one.frame.is_from(namespaces.ABILITY)]
    line.require(found, "It has not asked for the ability list.")
    line.require(is_clear(found[0].frame.http.body), "It asks for the ability list encrypted.")


def goes_on_without(line: HubLine) -> None:
    found = requests(used(line, SHUT))
    others = [one for one in found if is_meter(one) and not _asks(one, namespaces.ELECTRICITY)]
    line.require(others, "It no longer asks for the energy by day.")


def gives_up(line: HubLine) -> None:
    count = len(requests(used(line, SHUT), namespaces.ELECTRICITY))
    line.require(count <= MOST_SHUT, f"It has asked {count} times for what is always closed.")


# --- clock and position --------------------------------------------------------------------------------------------


def _set_times(line: HubLine) -> list[MerossFrame]:
    """Each SET of the time that it has sent, whenever."""
    found = messages(line.log.since(0), namespaces.TIME, SET)
    if not found:
        line.not_applicable("It never sets the time.")
    return found


def zone_is_set(line: HubLine) -> None:
    found = messages(line.observed["all of it"], namespaces.TIME, SET)
    line.require(found, "The plug has no zone, and is not given one.")
    line.require(found[0].payload["time"].get("timezone"), "The zone that it sets is empty.")


def clock_is_set(line: HubLine) -> None:
    line.require(messages(used(line, NO_CLOCK), namespaces.TIME, SET), "The clock counts from 0, and is not set.")


def set_right(line: HubLine) -> None:
    sent = [one for one in line.log.since(0) if one.sender == "controller" and is_message(namespaces.TIME, SET)(one)]
    if not sent:
        line.not_applicable("It never sets the time.")
    for one in sent:
        off_s = one.frame.payload["time"]["timestamp"] - line.ambient.wall(one.at)
        line.require(abs(off_s) <= LATEST_S, f"It sets a time that is off by {off_s:.0f} s.")


def set_rules(line: HubLine) -> None:
    for frame in _set_times(line):
        rules = frame.payload["time"]["timeRule"]
        shape = all(len(one) == 3 and all(type(number) is int for number in one) and one[2] in (0, 1) for one in rules)
        line.require(shape, "A rule is not three whole numbers, the last of them 0 or 1.")
        line.require(rules == sorted(rules), "The rules are not ascending.")


def first_rule(line: HubLine) -> None:
    for frame in _set_times(line):
        fields = frame.payload["time"]
        line.require(fields["timeRule"], "It sets a zone without rules.")
        line.require(fields["timeRule"][0][0] <= fields["timestamp"], "No rule is in force yet.")


def set_once(line: HubLine) -> None:
    found = messages(line.observed["all of it"], namespaces.TIME, SET)
    line.require(len(found) <= 2, f"It has set the time {len(found)} times in two minutes, although it is kept.")


def position_range(line: HubLine) -> None:
    found = messages(line.log.since(0), namespaces.POSITION, SET)
    if not found:
        line.not_applicable("It never sets the position.")
    for frame in found:
        place = frame.payload["position"]
        line.require(abs(place["longitude"]) <= 180_000_000, f"longitude is {place['longitude']}.")
        line.require(abs(place["latitude"]) <= 90_000_000, f"latitude is {place['latitude']}.")


# --- commands -------------------------------------------------------------------------------------------------------


def _switched(line: HubLine) -> list[LineEntry]:
    return [one for one in line.observed[NOT_KEPT] if is_switch(one)]


def command_form(line: HubLine) -> None:
    for one in _switched(line):
        line.require(one.frame.is_from(namespaces.TOGGLEX), "It sets Control.Toggle, which the plug does not list.")
        found = one.frame.payload["togglex"]
        found = found[0] if isinstance(found, list) else found
        line.require(found.get("channel") in (0, 65535, 2**32 - 1), f"channel is {found.get('channel')}.")
        line.require(type(found.get("onoff")) is int and found["onoff"] in (0, 1), "onoff is neither 0 nor 1.")


def command_states(line: HubLine) -> None:
    states = []
    for one in _switched(line):
        found = one.frame.payload["togglex"]
        states.append((found[0] if isinstance(found, list) else found)["onoff"])
    line.require(list(dict.fromkeys(states)) == [1, 0], f"Switched on, and then off, it has set {states}.")


def command_once(line: HubLine) -> None:
    count = len(_switched(line))
    line.require(count <= 2, f"Two commands were sent {count} times, although each was acknowledged.")


def command_read(line: HubLine) -> None:
    entries = line.observed[NOT_KEPT]
    first = next(number for number, one in enumerate(entries) if is_switch(one))
    after = [one for one in requests(entries[first + 1 :], *READ) if one.frame.header.method == GET]
    line.require(after, "It does not ask for the relay after it has set it.")


# --- the table -------------------------------------------------------------------------------------------------------


def _row(
    id: str, title: str, clause: str, script: Any, grade: Grade = "must", needs: tuple[str, ...] = (USUAL,), **more: Any
) -> Check:  # Any: a script's maker; fields of a Check
    return row(f"hub.{id}", title, clause, script, grade, needs=needs, **more)


def _command(id: str, title: str, clause: str, judge: Any, grade: Grade = "must") -> Check:  # Any: a judge
    person = PersonTask("announced", "You are asked to switch the plug in the hub.")
    return _row(id, title, clause, judged(judge), grade, (USUAL, NOT_KEPT), person=person)


CLOCK_CHECKS: tuple[Check, ...] = (
    _row("time.zone", "A plug without a zone is given one", "§1.8.5", judged(zone_is_set), "should"),
    _row("time.once", "A time that is kept is not set again and again", "§1.8.5", judged(set_once), "should"),
    _row(
        "time.clock", "A clock that counts from 0 is set", "§1.8.5", judged(clock_is_set), "should", (USUAL, NO_CLOCK)
    ),
    _row("time.right", "The time that it sets is right", "§1.8.5", judged(set_right), needs=(USUAL, NO_CLOCK)),
    _row(
        "time.rules",
        "The rules that it sets are three numbers each, ascending",
        "§1.8.5",
        judged(set_rules),
        needs=(USUAL, NO_CLOCK),
    ),
    _row(
        "time.in-force",
        "The first rule that it sets is in force",
        "§1.8.5",
        judged(first_rule),
        needs=(USUAL, NO_CLOCK),
    ),
    _row(
        "position.range",
        "A position that it sets is a valid latitude and longitude",
        "§1.8.5",
        judged(position_range),
        needs=(USUAL, NO_CLOCK),
    ),
)
OTHER_CHECKS: tuple[Check, ...] = (
    _row(
        "old.listed",
        "It asks a plug of hardware 1 only for what that lists",
        "§1.0.1",
        listed(OLD, "hw1"),
        needs=(USUAL, OLD),
    ),
    _row("old.measured", "It reads a plug of hardware 1", "§1.12", measured(OLD), needs=(USUAL, OLD)),
    _row(
        "encrypting.measured",
        "It reads a plug that encrypts",
        "§1.5.2",
        measured(ENCRYPTING),
        needs=(HTTP, USUAL, ENCRYPTING),
    ),
    _row(
        "encrypting.ability",
        "It asks a plug that encrypts for its ability list in clear text",
        "§1.5.2",
        judged(ability_clear),
        "should",
        (HTTP, USUAL, ENCRYPTING),
    ),
    _row(
        "encrypting.encrypted",
        "It sends encrypted requests to a plug that encrypts",
        "§1.5.2",
        judged(encrypted),
        needs=(HTTP, USUAL, ENCRYPTING),
    ),
    _row(
        "encrypting.listed",
        "It asks a plug that encrypts only for what that lists",
        "§1.0.1",
        listed(ENCRYPTING, "hw8"),
        needs=(HTTP, USUAL, ENCRYPTING),
    ),
    _row(
        "shut.goes-on",
        "Where the plug closes the connection at one namespace, it queries the others",
        "§1.12",
        judged(goes_on_without),
        needs=(USUAL, SHUT),
    ),
    _row(
        "shut.gives-up",
        "A namespace that always ends in a closed connection is not queried again and again",
        "§1.12",
        judged(gives_up),
        "should",
        (USUAL, SHUT),
    ),
)
COMMAND_CHECKS: tuple[Check, ...] = (
    _command("set.form", "A command is SET ToggleX with channel and onoff", "§1.8.9", command_form),
    _command("set.states", "Switched on and off, it sets 1 and 0", "§1.8.9", command_states),
    _command("set.once", "A command that is acknowledged is not repeated", "§1.8.9", command_once, "should"),
    _command("set.read", "After a command it asks for the relay", "§1.8.9", command_read, "should"),
)
