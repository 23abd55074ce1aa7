"""Checks of what a plug does when it is switched or set. What is changed is set back afterwards.

Source: docs/protocols/meross.md §1.8.5, §1.8.8 to §1.8.10, §1.8.16, §1.8.19.
"""

from collections.abc import Callable
from typing import Any

from unclouded.conformance.check import Check, Grade, Preparation
from unclouded.conformance.line import UNREADABLE, CheckEndedError, Script
from unclouded.conformance.meross.plug.answer_checks import ANSWERS, UPTIME_LIMIT, short
from unclouded.conformance.meross.plug.played_controller import PlugLine, relay_in, toggle_payload
from unclouded.conformance.meross.plug.request_checks import HOUR_S, attempt, goes_on
from unclouded.conformance.meross.wire.frames import Fields
from unclouded.conformance.rows import row
from unclouded.families.meross.wire import namespaces
from unclouded.families.meross.wire.time_rules import local_offset

SWITCHES = "It switches the relay."
CHANGES = "It changes a setting, and sets it back."
RELAY = "relay"  # the preparation
MOVES_S = 3.0  # until the relay has moved
SETTLES_S = 4.0  # until the meter has; docs/protocols/meross.md §1.8.10: a second or more
ALL_CHANNELS = (0xFFFF, 0xFFFFFFFF)
BERLIN = {
    "timezone": "Europe/Berlin",
    "timeRule": [[1774746000, 7200, 1], [1792890000, 3600, 0], [1806195600, 7200, 1]],
}


# --- the relay --------------------------------------------------------------------------------------------


def has_relay(line: PlugLine) -> Script[None]:
    if not (line.end.lists(namespaces.TOGGLE) or line.end.lists(namespaces.TOGGLEX)):
        line.skip("it lists no relay")
    yield from line.end.relay_state()


def state_becomes(line: PlugLine, onoff: int, why: str) -> Script[Fields]:
    """The relay, once it is in this state."""
    until = line.now + MOVES_S
    state = yield from line.end.relay_state()
    while state["onoff"] != onoff and line.now < until:
        yield from line.pause(0.5)
        state = yield from line.end.relay_state()
    line.require(state["onoff"] == onoff, why)
    return state


def restored(script: Callable[[PlugLine, int], Script[None]]) -> Callable[[PlugLine], Script[None]]:
    """The script with the state of the relay; afterwards it is in that state again, also where the check failed."""

    def whole(line: PlugLine) -> Script[None]:
        before = (yield from line.end.relay_state())["onoff"]
        yield from with_end(script(line, before), lambda: set_back(line, before))

    return whole


def set_back(line: PlugLine, onoff: int) -> Script[None]:
    """Sets the relay as it was before the check."""
    yield from line.end.ask(line.end.relay, "SET", toggle_payload(line.end.relay, onoff))


def with_end(script: Script[None], end: Callable[[], Script[None]]) -> Script[None]:
    """The script, then the other one, also where the first has failed."""
    try:
        yield from script
    except (CheckEndedError, *UNREADABLE):
        yield from end()
        raise
    yield from end()


def acknowledged(line: PlugLine, before: int) -> Script[None]:
    frame = yield from line.end.switch(1 - before)
    line.require(frame.payload == {}, "The payload of SETACK is not empty.")


def switches(line: PlugLine, before: int) -> Script[None]:
    for onoff in (1 - before, before):
        yield from line.end.switch(onoff)
        yield from state_becomes(line, onoff, f"SET {onoff} is acknowledged, and the relay stays as it was.")


def time_of_change(line: PlugLine, before: int) -> Script[None]:
    frame = yield from line.end.switch(1 - before)
    state = yield from state_becomes(line, 1 - before, "The relay has not moved.")
    off_s = state["lmTime"] - frame.header.timestamp
    line.require(abs(off_s) <= 5, f"lmTime is {off_s} s off the time at which it has switched.")


def same_state(line: PlugLine, before: int) -> Script[None]:
    first = yield from line.end.relay_state()
    yield from line.pause(1.5)
    yield from line.end.switch(before)
    yield from line.pause(1.0)
    second = yield from line.end.relay_state()
    line.require(second["onoff"] == before, "SET of the same state has switched it.")
    line.require(second["lmTime"] == first["lmTime"], "SET of the same state has changed lmTime.")


def system_all_follows(line: PlugLine, before: int) -> Script[None]:
    yield from line.end.switch(1 - before)
    yield from state_becomes(line, 1 - before, "The relay has not moved.")
    whole = (yield from line.end.asked(namespaces.ALL)).payload["all"]
    shown = relay_in(whole.get("digest") or whole["control"])
    line.require(shown["onoff"] == 1 - before, "System.All still shows the state before.")


def all_channels(channel: int) -> Callable[[PlugLine, int], Script[None]]:
    """A script: the relay is switched by this number of a channel."""

    def script(line: PlugLine, before: int) -> Script[None]:
        if line.end.relay == namespaces.TOGGLE:
            line.not_applicable("Its relay has no channel.")
        yield from line.end.set(namespaces.TOGGLEX, {"togglex": {"channel": channel, "onoff": 1 - before}})
        yield from state_becomes(line, 1 - before, f"Channel {channel} does not switch it.")

    return script


def keeps(onoff: Any, what: str) -> Callable[[PlugLine, int], Script[None]]:  # Any: what is not a state
    """A script: what is not a state does not switch the relay, and the plug still answers."""

    def script(line: PlugLine, before: int) -> Script[None]:
        yield from attempt(line, line.end.message(line.end.relay, "SET", toggle_payload(line.end.relay, onoff)))
        yield from goes_on(line, what)
        yield from line.pause(1.0)
        state = yield from line.end.relay_state()
        line.require(state["onoff"] == before, f"{what} has switched it.")

    return script


def in_multiple(line: PlugLine, before: int) -> Script[None]:
    if not line.end.lists(namespaces.MULTIPLE):
        line.not_applicable("It does not list Control.Multiple.")
    items = [
        {
            "header": {"messageId": "1", "method": "SET", "namespace": line.end.relay},
            "payload": toggle_payload(line.end.relay, 1 - before),
        },
        {"header": {"messageId": "2", "method": "GET", "namespace": namespaces.TIME}, "payload": {}},
    ]
    found = (yield from line.end.set(namespaces.MULTIPLE, {"multiple": items})).payload["multiple"]
    methods = [one["header"]["method"] for one in found]
    line.require(methods == ["SETACK", "GETACK"], f"SET and GET in a Multiple are answered by {methods}.")
    yield from state_becomes(line, 1 - before, "SET in a Multiple does not switch it.")


def off_measures_nothing(line: PlugLine, before: int) -> Script[None]:
    if not line.end.lists(namespaces.ELECTRICITY):
        line.not_applicable("It has no meter.")
    yield from line.end.switch(0)
    yield from line.pause(SETTLES_S)
    found = (yield from line.end.asked(namespaces.ELECTRICITY)).payload["electricity"]
    line.require(found["power"] == 0 and found["current"] == 0, f"Switched off, it measures {found['power']} mW.")
    line.require(found["voltage"] > 0, "Switched off, it measures no voltage.")


# --- settings ------------------------------------------------------------------------------------------------


def setting(namespace: str, name: str, *values: Any, in_list: bool = False) -> Callable[[PlugLine], Script[None]]:
    """Each of the values (JSON objects) is kept; afterwards it is as before."""

    def value_in(payload: Fields) -> Fields:
        found: Fields = payload[name][0] if isinstance(payload[name], list) else payload[name]
        return found

    def read(line: PlugLine) -> Script[Fields]:
        asked = {name: [{"channel": 0}]} if in_list else None
        return value_in((yield from line.end.asked(namespace, asked)).payload)

    def change(line: PlugLine, value: Fields) -> Script[None]:
        yield from line.end.set(namespace, {name: [value] if in_list else value})

    def each(line: PlugLine, before: Fields) -> Script[None]:
        for value in values:
            yield from change(line, {**before, **value})
            found = yield from read(line)
            odd = [key for key in value if found.get(key) != value[key]]
            line.require(not odd, f"{', '.join(odd)} of {short(namespace)} is not kept.")

    def script(line: PlugLine) -> Script[None]:
        if not line.end.lists(namespace):
            line.not_applicable(f"It does not list {short(namespace)}.")
        before = yield from read(line)
        yield from with_end(each(line, before), lambda: change(line, before))

    return script


def zone(line: PlugLine) -> Script[None]:
    before = (yield from line.end.asked(namespaces.TIME)).payload["time"]

    def change(fields: Fields) -> Script[None]:
        yield from line.end.set(namespaces.TIME, {"time": {"timestamp": int(line.unix()), **fields}})

    def tried() -> Script[None]:
        yield from change(BERLIN)
        found = (yield from line.end.asked(namespaces.TIME)).payload["time"]
        line.require(found["timezone"] == BERLIN["timezone"], "The zone is not kept.")
        line.require([list(one) for one in found["timeRule"]] == BERLIN["timeRule"], "The rules are not kept.")

    kept = {name: before[name] for name in ("timezone", "timeRule")}
    yield from with_end(tried(), lambda: change(kept))


def clock(line: PlugLine) -> Script[None]:
    """Set wrong by an hour, and back."""
    kept = {
        name: value
        for name, value in (yield from line.end.asked(namespaces.TIME)).payload["time"].items()
        if name in ("timezone", "timeRule")
    }

    def change(off_s: int) -> Script[None]:
        yield from line.end.set(namespaces.TIME, {"time": {"timestamp": int(line.unix()) + off_s, **kept}})
        line.end.off_s = off_s

    def judge(what: str) -> Script[None]:
        found = yield from line.end.asked(namespaces.TIME)
        off_s = found.header.timestamp - line.unix() - line.end.off_s
        line.require(abs(off_s) <= 5 + 2 * line.end.took_s, f"Set {what}, its clock is off by {off_s:.0f} s.")

    def tried() -> Script[None]:
        yield from change(-HOUR_S)
        yield from judge("an hour back")

    yield from with_end(tried(), lambda: change(0))
    yield from judge("right")


def local_minute(line: PlugLine, fields: Fields, unix: float) -> float:
    """Minutes since local midnight by its own zone; the check is skipped where its clock is not set."""
    if unix < UPTIME_LIMIT:
        line.skip("Its clock is not set.")
    rules = tuple(tuple(one) for one in fields["timeRule"])
    return ((unix + local_offset(rules, unix)) % 86_400) / 60


def odd_setting(namespace: str, payload: Fields, name: str) -> Callable[[PlugLine], Script[None]]:
    """What cannot be set changes nothing, and it goes on."""

    def script(line: PlugLine) -> Script[None]:
        if not line.end.lists(namespace):
            line.not_applicable(f"It does not list {short(namespace)}.")
        before = (yield from line.end.asked(namespace)).payload[name]
        yield from attempt(line, line.end.message(namespace, "SET", payload))
        yield from goes_on(line, f"an invalid SET of {short(namespace)}")
        after = (yield from line.end.asked(namespace)).payload[name]
        line.require(after == before, f"{short(namespace)} has changed.")

    return script


# --- the table ------------------------------------------------------------------------------------------------


def _relay(
    id: str, title: str, clause: str, script: Callable[[PlugLine, int], Script[None]], grade: Grade = "must"
) -> Check:
    return row(
        f"plug.{id}", title, clause, restored(script), grade, needs=(ANSWERS, RELAY), danger=SWITCHES, timeout_s=120.0
    )


def _setting(id: str, title: str, clause: str, script: Any, grade: Grade = "must") -> Check:  # Any: a script's maker
    return row(f"plug.{id}", title, clause, script, grade, needs=(ANSWERS,), danger=CHANGES, timeout_s=120.0)


PREPARATIONS = {RELAY: Preparation(text="it has shown its relay", script=has_relay)}
SET_CHECKS: tuple[Check, ...] = (
    _relay("set.acknowledged", "SET of the relay is answered by an empty SETACK", "§1.8.9", acknowledged),
    _relay("set.switches", "SET switches the relay", "§1.8.9", switches),
    _relay("set.time", "lmTime is the time of the change", "§1.8.9", time_of_change),
    _relay("set.same", "SET of the same state changes nothing", "§1.8.9", same_state, "should"),
    _relay("set.all", "System.All follows the relay", "§1.8.3", system_all_follows),
    *(
        _relay(f"set.channel-{channel}", f"Channel {channel} means all", "§1.8.9", all_channels(channel), "should")
        for channel in ALL_CHANNELS
    ),
    _relay("set.state-2", "A state of 2 changes nothing", "§1.8.9", keeps(2, "A state of 2"), "should"),
    _relay("set.state-text", "A state that is a word changes nothing", "§1.8.9", keeps("on", "A word"), "should"),
    _relay("set.multiple", "SET in a Multiple switches the relay", "§1.8.16", in_multiple),
    _relay("set.off", "Switched off, it measures a voltage and no power", "§1.8.10", off_measures_nothing, "should"),
    _setting("set.led", "DNDMode is kept", "§1.8.8", setting(namespaces.DND, "DNDMode", {"mode": 1}, {"mode": 0})),
    _setting(
        "set.position",
        "The position is kept",
        "§1.8.5",
        setting(
            namespaces.POSITION,
            "position",
            {"longitude": 13_404_954, "latitude": 52_520_008},
            {"longitude": -70_648_270, "latitude": -33_456_940},
        ),
    ),
    _setting("set.zone", "Zone and rules are kept", "§1.8.5", zone),
    _setting("set.clock", "Its clock can be set", "§1.8.5", clock),
    _setting(
        "set.over-temperature",
        "The over-temperature protection is kept",
        "§1.8.19",
        setting(namespaces.OVER_TEMPERATURE_SETTING, "overTemp", {"enable": 2, "type": 1}, {"enable": 1, "type": 2}),
    ),
    _setting(
        "set.standby",
        "The standby killer is kept",
        "§1.8.19",
        setting(namespaces.STANDBY_KILLER, "config", {"power": 3_000, "time": 600, "enable": 2}, in_list=True),
    ),
    _setting(
        "set.led-7",
        "DNDMode 7 is not accepted",
        "§1.8.8",
        odd_setting(namespaces.DND, {"DNDMode": {"mode": 7}}, "DNDMode"),
        "should",
    ),
    _setting(
        "set.position-text",
        "A position that is text is not accepted",
        "§1.8.5",
        odd_setting(namespaces.POSITION, {"position": {"longitude": "east", "latitude": []}}, "position"),
        "should",
    ),
)
