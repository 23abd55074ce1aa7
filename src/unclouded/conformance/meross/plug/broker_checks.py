"""Checks of a plug while it is connected to the server that it was bound to: topics, pushes, and connecting again.

Source: docs/protocols/meross.md §1.6, §1.8.6, §1.8.9.
"""

from typing import Any

from unclouded.conformance.check import Check, Grade, PersonTask
from unclouded.conformance.line import Script
from unclouded.conformance.meross.plug.answer_checks import ANSWERS, UPTIME_LIMIT
from unclouded.conformance.meross.plug.login_checks import BACK_S, BEGINS_S, BROKER, CONNECTS, close, login
from unclouded.conformance.meross.plug.played_controller import PlugLine, relay_in, toggle_payload
from unclouded.conformance.meross.plug.request_checks import HOUR_S, PLAIN
from unclouded.conformance.meross.plug.set_checks import CHANGES, RELAY, SWITCHES, with_end
from unclouded.conformance.meross.wire import mqtt_packets as mqtt
from unclouded.conformance.meross.wire.frames import MerossFrame, is_gone, is_message, is_packet, messages
from unclouded.conformance.rows import row
from unclouded.families.meross.wire import namespaces
from unclouded.families.meross.wire.envelope import PUSH, SET, verify
from unclouded.families.meross.wire.identity import publish_topic

BIND_S = 45.0  # docs/protocols/meross.md §1.6.5: every 30 s
PUSH_S = 3.0  # until a change is pushed
LONGEST_PING_S = 200.0
OTHER_TOPIC = "/app/conformance-2/subscribe"
BUTTON = PersonTask("press_button", "Press the button of the plug now.")
NOT_BOUND = "While it is not bound for 35 s, it may return to set-up mode."
PERSON_S = 120.0
RELAYS = (namespaces.TOGGLE, namespaces.TOGGLEX)


def bound(line: PlugLine) -> Script[None]:
    """It is connected and usable."""
    until = line.now + BACK_S
    while not line.end.is_up and line.now < until:
        yield from line.wait_for(lambda one: line.end.is_up, 1.0)
    line.require(line.end.is_up, f"It has not connected within {BACK_S:g} s.")


def bind_repeated(line: PlugLine) -> Script[None]:
    """A Bind without an answer."""
    line.end.mute.add(namespaces.BIND)
    yield from close(line)
    first = yield from line.expect(
        is_message(namespaces.BIND), BEGINS_S + 2 * line.end.slowest_s, "It sends no Control.Bind."
    )
    if first.frame.header.method == PUSH:
        line.not_applicable("Its Bind is a PUSH, which needs no answer.")
    line.end.mute.clear()  # the next one is acknowledged: newer plugs give up after 45 s
    second = yield from line.expect(is_message(namespaces.BIND), BIND_S, "A Bind without an answer is not repeated.")
    took_s = second.at - first.at
    line.require(20 <= took_s <= 40, f"A Bind without an answer is repeated after {took_s:.0f} s.")
    yield from line.pause(5.0)


def clock_repeated(line: PlugLine) -> Script[None]:
    line.end.mute.add(namespaces.CLOCK)
    yield from close(line)
    if (yield from line.wait_for(is_message(namespaces.CLOCK), BEGINS_S)) is None:
        line.not_applicable("Its clock is set, and it does not ask for the time.")
    second = yield from line.expect(is_message(namespaces.CLOCK), 6.0, "A Clock without an answer is not repeated.")
    line.end.mute.clear()
    line.require(second.frame is not None, "It is not repeated.")
    yield from line.pause(5.0)


# --- while it is connected -----------------------------------------------------------------------------


def answer_topic(topic: str) -> Any:  # Any: a script's maker
    """An answer goes to the topic that ``from`` names; "" = the plug's own."""

    def script(line: PlugLine) -> Script[None]:
        wanted = topic or publish_topic(line.end.uuid)
        frame = yield from line.end.asked(PLAIN, **{"from": wanted})
        line.require(frame.topic == wanted, "Its answer goes to another topic than from names.")

    return script


def online(line: PlugLine) -> Script[None]:
    status = (yield from line.end.asked(namespaces.ONLINE)).payload["online"]["status"]
    line.require(status == 1, f"It is connected, and shows {status}.")


def active_server(line: PlugLine) -> Script[None]:
    cloud = (yield from line.end.asked(namespaces.DEBUG)).payload["debug"]["cloud"]
    line.require(cloud["activeServer"], "It is connected, and shows no activeServer.")


def qos_1(line: PlugLine) -> Script[None]:
    body = line.end.message(PLAIN)
    line.end.publish(body, id=77)
    mark = line.log.mark()
    yield from line.pause(max(3.0, 2 * line.end.slowest_s))
    found = [one for one in line.received(mark) if is_packet(mqtt.PUBACK)(one)]
    line.require(found, "A message with QoS 1 is not acknowledged.")
    line.require(found[0].frame.packet.body[:2] == (77).to_bytes(2), "It acknowledges another message.")
    line.require(messages(line.received(mark), PLAIN), "A message with QoS 1 is not answered.")


def pings(line: PlugLine) -> Script[None]:
    seconds = login(line).keep_alive * 1.5
    if seconds > LONGEST_PING_S:
        line.skip(f"Its keep-alive of {login(line).keep_alive} s takes too long to wait for.")
    entry = yield from line.wait_for(lambda one: one.frame is not None and one.frame.packet is not None, seconds)
    line.require(entry is not None, f"It sends nothing for {seconds:g} s, and would be disconnected.")


def push_of_switch(line: PlugLine) -> Script[tuple[list[MerossFrame], int]]:
    """What it pushes when it is switched, and the state then."""
    before = (yield from line.end.relay_state())["onoff"]
    mark = line.log.mark()
    yield from line.end.switch(1 - before)
    yield from line.pause(PUSH_S)
    found = messages(line.received(mark), line.end.relay, PUSH)
    yield from line.end.ask(line.end.relay, SET, toggle_payload(line.end.relay, before))
    yield from line.pause(PUSH_S)
    return found, 1 - before


def pushes_switch(line: PlugLine) -> Script[None]:
    found, state = yield from push_of_switch(line)
    line.require(found, "It does not push that it has switched.")
    shown = relay_in(found[0].payload)
    line.require(shown["onoff"] == state, "It pushes the state before.")
    line.require("lmTime" in shown, "Its push has no lmTime.")
    line.require(verify(found[0].header, line.key), "Its push has a wrong signature.")
    line.require(found[0].topic == publish_topic(line.end.uuid), "Its push goes to another topic than its own.")


def pushes_once(line: PlugLine) -> Script[None]:
    found, _ = yield from push_of_switch(line)
    line.require(len(found) <= 1, f"It pushes that it has switched {len(found)} times.")


def push_list(line: PlugLine) -> Script[None]:
    if line.end.relay == namespaces.TOGGLE:
        line.not_applicable("Hardware 1 pushes an object.")
    found, _ = yield from push_of_switch(line)
    line.require(not found or isinstance(found[0].payload["togglex"], list), "It pushes an object, not a list.")


def button(line: PlugLine) -> Script[None]:
    before = (yield from line.end.relay_state())["onoff"]
    line.advise(BUTTON)
    wanted = lambda one: any(is_message(name, PUSH)(one) for name in RELAYS)  # noqa: E731
    entry = yield from line.wait_for(wanted, PERSON_S)
    after = (yield from line.end.relay_state())["onoff"]
    if entry is None and after == before:
        line.skip(f"The button was not pressed within {PERSON_S:g} s.")
    line.require(entry is not None, "It has switched, and does not push it.")
    assert entry is not None
    line.require(relay_in(entry.frame.payload)["onoff"] == after, "It pushes another state than it has.")


def clock_push(line: PlugLine) -> Script[None]:
    """An unasked Clock sets its clock."""

    def change(off_s: int) -> Script[None]:
        clock = {"clock": {"timestamp": int(line.unix()) + off_s}}
        line.end.publish(line.end.message(namespaces.CLOCK, PUSH, clock))
        line.end.off_s = off_s
        yield from line.pause(1.0)

    def tried() -> Script[None]:
        yield from change(-HOUR_S)
        found = yield from line.end.asked(PLAIN)
        off_s = found.header.timestamp - line.unix()
        line.require(found.header.timestamp > UPTIME_LIMIT, "Its clock counts from its start.")
        line.require(
            abs(off_s + HOUR_S) <= 5 + 2 * line.end.took_s,
            f"Set an hour back by Clock, its clock is off by {off_s:.0f} s.",
        )

    yield from with_end(tried(), lambda: change(0))


def connects_again(line: PlugLine) -> Script[None]:
    yield from close(line)
    yield from bound(line)
    yield from line.pause(BEGINS_S)
    yield from line.end.asked(PLAIN)


def refused_again(line: PlugLine) -> Script[None]:
    """A server that refuses it once."""
    line.end.refusal = 3
    yield from close(line)
    line.send(b"", after=1.0)
    yield from line.wait_for(is_gone, 5.0)
    line.end.refusal = 0
    if (yield from line.wait_for(is_packet(mqtt.CONNECT), BACK_S)) is None:
        line.fail(f"Refused once, it has not connected again within {BACK_S:g} s.")
    yield from bound(line)
    yield from line.pause(BEGINS_S)


# --- the table -----------------------------------------------------------------------------------------


def _row(
    id: str, title: str, clause: str, script: Any, grade: Grade = "must", needs: tuple[str, ...] = (), **more: Any
) -> Check:  # Any: a script's maker; fields of a Check
    return row(f"plug.{id}", title, clause, script, grade, needs=(BROKER, *needs), timeout_s=260.0, **more)


BROKER_CHECKS: tuple[Check, ...] = (
    _row(
        "broker.answer-topic",
        "An answer goes to the topic that from names",
        "§1.6.1",
        answer_topic(OTHER_TOPIC),
        needs=(ANSWERS,),
    ),
    _row(
        "broker.own-topic",
        "A request whose from is its own topic is answered there",
        "§1.6.1",
        answer_topic(""),
        needs=(ANSWERS,),
    ),
    _row("broker.qos-1", "A message with QoS 1 is acknowledged, and answered", "§1.6.1", qos_1, needs=(ANSWERS,)),
    _row("broker.online", "While it is connected, System.Online is 1", "§1.8.6", online, "should", (ANSWERS, CONNECTS)),
    _row(
        "broker.server",
        "While it is connected, it shows an activeServer",
        "§1.6.7",
        active_server,
        "should",
        (ANSWERS, CONNECTS),
    ),
    _row("broker.pings", "It sends something within its keep-alive", "§1.6.3", pings, needs=(ANSWERS, CONNECTS)),
    _row(
        "push.switch",
        "It pushes that it has switched",
        "§1.8.9",
        pushes_switch,
        needs=(ANSWERS, RELAY),
        danger=SWITCHES,
    ),
    _row(
        "push.once",
        "It pushes each change of the relay once",
        "§1.8.9",
        pushes_once,
        "should",
        (ANSWERS, RELAY),
        danger=SWITCHES,
    ),
    _row(
        "push.list", "It pushes a list of channels", "§1.8.9", push_list, "deviation", (ANSWERS, RELAY), danger=SWITCHES
    ),
    _row(
        "push.button",
        "It pushes that its button was pressed",
        "§1.8.9",
        button,
        needs=(ANSWERS, RELAY),
        person=PersonTask("announced", "You are asked to press its button once."),
    ),
    _row("broker.clock", "An unasked Clock sets its clock", "§1.6.5", clock_push, "should", (ANSWERS,), danger=CHANGES),
    _row(
        "broker.again",
        "It connects again after its connection was closed",
        "§1.6.7",
        connects_again,
        "should",
        (ANSWERS,),
    ),
    _row("broker.refused", "It connects again after it was refused", "§1.6.4", refused_again, "should", (ANSWERS,)),
    _row("begin.clock-repeated", "Clock is repeated until it is answered", "§1.6.5", clock_repeated, needs=(ANSWERS,)),
    _row(
        "begin.bind-repeated",
        "Bind is repeated after 30 s until it is acknowledged",
        "§1.6.5",
        bind_repeated,
        needs=(ANSWERS,),
        danger=NOT_BOUND,
    ),
)
