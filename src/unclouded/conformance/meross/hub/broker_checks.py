"""Checks of the server that plugs connect to: logins, what it answers by itself, and pushes of all kinds.

Source: docs/protocols/meross.md §1.1, §1.6.
"""

from collections.abc import Callable
from typing import Any

import msgspec

from unclouded.conformance.check import Check, Grade, Preparation
from unclouded.conformance.line import LineEntry, Script
from unclouded.conformance.meross.hub.answer_checks import WORKS, is_meter, stretch_s
from unclouded.conformance.meross.hub.played_plug import OTHER_UUID, UUID, HubLine, usual_login
from unclouded.conformance.meross.hub.request_checks import IDENTITY, USUAL
from unclouded.conformance.meross.wire import mqtt_packets as mqtt
from unclouded.conformance.meross.wire.frames import MerossFrame, is_gone, is_message, is_packet, messages
from unclouded.conformance.rows import judged, row
from unclouded.families.meross.wire import namespaces
from unclouded.families.meross.wire.envelope import PUSH, verify
from unclouded.families.meross.wire.identity import mac_of, publish_topic, subscribe_topic

BROKER, LOGGED_IN = "broker", "logged in"  # the preparations
ANSWER_S = 6.0  # for what a server answers by itself
LOGIN_S = 25.0  # for a CONNACK: a server may delay refusals
LATEST_S = 5  # s that the time may be off
BIND = {
    "bind": {"bindTime": 0, "time": {}, "hardware": {"uuid": UUID, "type": "mss310"}, "firmware": {"version": "2.1.17"}}
}
LONG = msgspec.json.encode({"header": {}, "payload": "x" * 16_000})
UNKNOWN = "Appliance.Control.Conformance"


# --- connections ---------------------------------------------------------------------------------------


def broker_only(line: HubLine) -> Script[None]:
    if line.end.is_http:
        line.skip("It needs a link like mqtts://192.168.1.2:8883.")
    yield from ()


def connack(line: HubLine, login: mqtt.MqttPacket | None) -> Script[int | None]:
    """Connect again with this login: the code of its CONNACK, None = closed without."""
    line.end.login = login
    line.send(b"")
    yield from line.wait_for(is_gone, 5.0)
    entry = yield from line.wait_for(lambda one: is_packet(mqtt.CONNACK)(one) or is_gone(one), LOGIN_S)
    return line.end.accepted if entry is not None and not entry.connection else None


def logged_in(line: HubLine) -> Script[None]:
    """With the usual login, and subscribed."""
    if line.end.login is None and line.end.accepted == 0:
        return
    code = yield from connack(line, None)
    line.require(code == 0, "it refuses the usual login")
    yield from line.pause(3.0)


PREPARATIONS = {
    BROKER: Preparation(text="we are connected to it", script=broker_only, once=True),
    LOGGED_IN: Preparation(text="the plug is logged in", script=logged_in),
}


def accepts(**other: Any) -> Callable[[HubLine], Script[None]]:  # Any: as usual_login has them
    """A script: the hub's broker accepts the login with these changes."""

    def script(line: HubLine) -> Script[None]:
        code = yield from connack(line, usual_login(line.key, **other))
        line.require(code == 0, f"It refuses that: {'closed' if code is None else f'code {code}'}.")

    return script


def refuses(**other: Any) -> Callable[[HubLine], Script[None]]:  # Any: as usual_login has them
    """A script: the hub's broker refuses the login with these changes, by a code or by closing the connection."""

    def script(line: HubLine) -> Script[None]:
        code = yield from connack(line, usual_login(**{"key": line.key, **other}))
        line.require(code != 0, "It accepts that.")

    return script


def fact(name: str, test: Callable[[str], object], wrong: str) -> Callable[[HubLine], Script[None]]:
    """Of its certificate, or of TLS."""

    def judge(line: HubLine) -> None:
        facts = dict(line.path.facts) if line.path is not None else {}
        if name not in facts:
            line.not_applicable("The link does not show it.")
        line.require(test(facts[name]), wrong.format(facts[name]))

    return judged(judge)


def other_authority(line: HubLine) -> None:
    facts = dict(line.path.facts) if line.path is not None else {}
    if "authority" not in facts:
        line.not_applicable("The link does not show it.")
    line.require(facts["authority"] != facts["common_name"], "Certificate and authority have the same common name.")


# --- what it answers by itself -------------------------------------------------------------------------


def answered(line: HubLine, id: str, seconds: float = ANSWER_S) -> Script[MerossFrame | None]:
    """Its message with this id."""
    entry = yield from line.wait_for(lambda one: _has_id(one, id), seconds)
    return entry.frame if entry is not None else None


def _has_id(entry: LineEntry, id: str) -> bool:
    return entry.frame is not None and entry.frame.envelope is not None and entry.frame.header.message_id == id


def _clock(line: HubLine) -> Script[tuple[MerossFrame, MerossFrame]]:
    """A Clock of the plug, and the answer."""
    mark = line.log.mark()
    id = line.end.push(namespaces.CLOCK, {"clock": {"timestamp": 12}})
    frame = yield from answered(line, id)
    if frame is None:
        line.fail("Clock is not answered.")
    sent = next(one for one in line.log.since(mark) if one.sender == "device" and is_message(namespaces.CLOCK)(one))
    return sent.frame, frame


def clock(line: HubLine) -> Script[None]:
    _, frame = yield from _clock(line)
    line.require(frame.header.method == PUSH, f"Clock is answered by {frame.header.method[:12]}.")
    off_s = frame.payload["clock"]["timestamp"] - line.unix()
    line.require(abs(off_s) <= LATEST_S, f"The time in its answer is off by {off_s:.0f} s.")


def clock_header(line: HubLine) -> Script[None]:
    sent, frame = yield from _clock(line)
    for name in ("messageId", "timestamp", "sign"):
        mine, theirs = sent.whole["header"][name], frame.whole["header"].get(name)
        line.require(mine == theirs, f"{name} of its answer is not that of the plug.")


def clock_each(line: HubLine) -> Script[None]:
    for _ in range(3):
        yield from _clock(line)


def _bind(line: HubLine, **more: Any) -> Script[MerossFrame]:  # Any: as PlayedPlug.push has them
    id = line.end.push(namespaces.BIND, BIND, "SET", **more)
    frame = yield from answered(line, id)
    if frame is None:
        line.fail("Bind is not acknowledged.")
    return frame


def bind(line: HubLine) -> Script[None]:
    frame = yield from _bind(line)
    line.require(frame.header.method == "SETACK", f"Bind is answered by {frame.header.method[:12]}.")
    line.require(frame.is_from(namespaces.BIND), "The acknowledgement has another namespace.")


def bind_signed(line: HubLine) -> Script[None]:
    frame = yield from _bind(line)
    line.require(verify(frame.header, line.key), "The acknowledgement is not signed with the key.")


def bind_topic(line: HubLine) -> Script[None]:
    frame = yield from _bind(line)
    line.require(frame.topic == subscribe_topic(UUID), "The acknowledgement goes to another topic.")


def bind_again(line: HubLine) -> Script[None]:
    for _ in range(2):
        yield from _bind(line)


def bind_push(line: HubLine) -> Script[None]:
    id = line.end.push(namespaces.BIND, BIND)
    frame = yield from answered(line, id)
    line.require(frame is None or frame.header.method != "SETACK", "A Bind by PUSH is acknowledged.")


def bind_other_key(line: HubLine) -> Script[None]:
    id = line.end.push(namespaces.BIND, BIND, "SET", key="another key")
    frame = yield from answered(line, id)
    line.require(frame is None, "A Bind with a wrong signature is acknowledged.")


def calibration(line: HubLine) -> Script[None]:
    payload = {
        "config": {"voltageRatio": 188, "electricityRatio": 102, "maxElectricityCurrent": 11000, "powerRatio": 0}
    }
    frame = yield from answered(line, line.end.push(namespaces.CONSUMPTION_CONFIG, payload))
    if frame is None:
        line.fail("ConsumptionConfig is not sent back.")
    line.require(frame.payload == payload, "ConsumptionConfig comes back with another payload.")


def inbox(line: HubLine) -> None:
    found = messages([one for one in line.observed["all of it"] if one.sender == "controller"])
    line.require(found, "It has sent no message.")
    for frame in found:
        line.require(frame.topic == subscribe_topic(UUID), "It publishes to another topic than that of the plug.")


def _asks_what_it_is(entry: LineEntry) -> bool:
    return any(is_message(one)(entry) for one in IDENTITY)


def asked_after_login(line: HubLine) -> Script[None]:
    yield from connack(line, None)
    entry = yield from line.wait_for(
        lambda one: is_message(namespaces.ALL)(one) or is_message(namespaces.ABILITY)(one), 20.0
    )
    line.require(entry is not None, "It asks nothing of a plug that has connected again.")


# --- packets -------------------------------------------------------------------------------------------


def ping(line: HubLine) -> Script[None]:
    line.end.put(mqtt.MqttPacket(mqtt.PINGREQ))
    yield from line.expect(is_packet(mqtt.PINGRESP), ANSWER_S, "PINGREQ is not answered.")


def qos_1(line: HubLine) -> Script[None]:
    line.end.push(namespaces.REPORT, {"report": [{"type": "1", "value": "0", "timestamp": int(line.unix())}]}, id=99)
    entry = yield from line.expect(is_packet(mqtt.PUBACK), ANSWER_S, "A message with QoS 1 is not acknowledged.")
    line.require(entry.frame.packet.body[:2] == (99).to_bytes(2), "It acknowledges another message.")


def goes_on(make: Callable[[HubLine], object]) -> Callable[[HubLine], Script[None]]:
    """After such a message it keeps the connection, and goes on asking."""

    def script(line: HubLine) -> Script[None]:
        mark = line.log.mark()
        make(line)
        yield from line.pause(stretch_s(line))
        found = line.received(mark)
        line.require(not any(is_gone(one) for one in found), "It closes the connection.")
        line.require(any(is_meter(one) for one in found), "It no longer asks for measurements.")

    return script


def _publish(payload: bytes) -> Callable[[HubLine], object]:
    return lambda line: line.end.put(mqtt.publish(publish_topic(UUID), payload))


def _other_key(line: HubLine) -> object:
    return line.end.push(namespaces.TOGGLEX, {"togglex": [{"channel": 0, "onoff": 1}]}, key="another key")


def _unknown_fields(line: HubLine) -> object:
    return line.end.push(namespaces.TIME, {"time": {"timestamp": "now", "timezone": 5}, "more": None})


# --- the table -----------------------------------------------------------------------------------------


def _row(
    id: str, title: str, clause: str, script: Any, grade: Grade = "must", needs: tuple[str, ...] = (LOGGED_IN,)
) -> Check:  # Any: a script's maker
    return row(f"hub.{id}", title, clause, script, grade, needs=(BROKER, *needs), timeout_s=260.0)


def _goes_on(id: str, what: str, make: Callable[[HubLine], object], grade: Grade = "must") -> Check:
    title = f"It goes on after {what}"
    return _row(f"push.{id}", title, "§1.1", goes_on(make), grade, (USUAL, LOGGED_IN, WORKS))


HUB_BROKER_CHECKS: tuple[Check, ...] = (
    _row(
        "tls.key",
        "Its certificate has an RSA key",
        "§1.6.4",
        fact("key", lambda key: key == "RSA", "Its key is {}."),
        needs=(),
    ),
    _row("tls.authority", "Its authority has another common name", "§1.6.4", judged(other_authority), needs=()),
    _row(
        "tls.version",
        "It accepts TLS 1.2",
        "§1.6.4",
        fact("tls", lambda version: version == "TLSv1.2", "It uses {}."),
        needs=(),
    ),
    _row("inbox.topic", "What it sends goes to the topic of the plug", "§1.6.1", judged(inbox), needs=(USUAL,)),
    _row("clock.answered", "Clock is answered by the time", "§1.6.5", clock),
    _row("clock.header", "The answer has the header of the plug", "§1.6.5", clock_header, "should"),
    _row("clock.each", "Each Clock is answered", "§1.6.5", clock_each),
    _row("bind.acknowledged", "Bind by SET is acknowledged", "§1.6.5", bind),
    _row("bind.signed", "The acknowledgement is signed with the key", "§1.6.5", bind_signed),
    _row("bind.topic", "The acknowledgement goes to the topic of the plug", "§1.6.5", bind_topic),
    _row("bind.again", "A Bind that is repeated is acknowledged again", "§1.6.5", bind_again),
    _row("bind.push", "Bind by PUSH is not acknowledged", "§1.6.5", bind_push, "should"),
    _row("bind.other-key", "Bind with a wrong signature is not acknowledged", "§1.2", bind_other_key, "should"),
    _row("calibration.echoed", "ConsumptionConfig is sent back", "§1.6.5", calibration),
    _row("mqtt.ping", "PINGREQ is answered", "§1.6.3", ping),
    _row("mqtt.qos-1", "A message with QoS 1 is acknowledged", "§1.6.1", qos_1),
    _goes_on("namespace", "an unknown namespace", lambda line: line.end.push(UNKNOWN, {"a": 1})),
    _goes_on("fields", "fields of another type", _unknown_fields),
    _goes_on(
        "other-key",
        "a push with a wrong signature",
        _other_key,
    ),
    _goes_on("no-json", "text that is not JSON", _publish(b"hello")),
    _goes_on("cut", "half a message", _publish(b'{"header":{"messageId":"1","namespace":"Appl')),
    _goes_on("empty", "an empty message", _publish(b"")),
    _goes_on("long", "a message of 16 kB", _publish(LONG), "should"),
    _row("login.level-4", "A login with MQTT 3.1.1 is accepted", "§1.6.3", accepts(level=4), "should"),
    _row("login.user-id", "A login with another user id is accepted", "§1.6.2", accepts(user_id="1234")),
    _row("login.no-user-id", "A login with an empty user id is accepted", "§1.6.2", accepts(user_id="")),
    _row(
        "login.other-key", "A password made with another key is refused", "§1.6.2", refuses(key="another key"), "should"
    ),
    _row(
        "login.other-mac",
        "A MAC that is not that of the UUID is refused",
        "§1.6.2",
        refuses(mac=mac_of(OTHER_UUID)),
        "should",
    ),
    _row("login.no-password", "An empty password is refused", "§1.6.2", refuses(password=""), "should"),
    _row(
        "login.again",
        "A plug that has connected again is asked again",
        "§1.6.5",
        asked_after_login,
        needs=(USUAL, LOGGED_IN),
    ),
)
