"""Checks of a plug as the server that it was bound to sees it first: its login, and how its session begins.

They judge one session, recorded from CONNECT on. Source: docs/protocols/meross.md §1.6.1 to §1.6.5.
"""

import re
from collections.abc import Sequence
from typing import Any

from unclouded.conformance.check import Check, Grade, Preparation
from unclouded.conformance.line import LineEntry, Script
from unclouded.conformance.meross.plug.answer_checks import ANSWERS
from unclouded.conformance.meross.plug.played_controller import PlugLine
from unclouded.conformance.meross.wire import mqtt_packets as mqtt
from unclouded.conformance.meross.wire.frames import MerossFrame, is_gone, is_message, is_packet, messages
from unclouded.conformance.rows import judged, row
from unclouded.core.sessions.session import Refusal
from unclouded.families.meross.wire import namespaces
from unclouded.families.meross.wire.envelope import PUSH, SET, verify
from unclouded.families.meross.wire.identity import CLIENT_ID, identify_client, mac_of, publish_topic, subscribe_topic

BROKER, CONNECTS = "broker", "connects"  # the preparations
BACK_S = 120.0  # until it connects again; docs/protocols/meross.md §1.6.4: about every 3 s
BEGINS_S = 12.0  # that the start of a session is watched
REPEATED_S = 40.0  # after which an unanswered Bind was repeated; docs/protocols/meross.md §1.6.5: every 30 s
LATE_CLOCK_S = 1.0  # that a Clock may still come after the first was answered
MAC = re.compile(r"[0-9a-f]{2}(?::[0-9a-f]{2}){5}")
TAIL = re.compile(r"[0-9A-Za-z]{16}")


# --- recordings ----------------------------------------------------------------------------------------


def broker_only(line: PlugLine) -> Script[None]:
    if line.end.is_http:
        line.skip("It needs a link like mqtts-listen://192.168.1.2:8883.")
    yield from ()


def close(line: PlugLine) -> Script[None]:
    """Its connection is closed; wait until it has made another one."""
    line.send(b"")
    yield from line.wait_for(is_gone, 5.0)
    if (yield from line.wait_for(is_packet(mqtt.CONNECT), BACK_S)) is None:
        line.fail(f"It has not connected again within {BACK_S:g} s.")


def connects(line: PlugLine) -> Script[None]:
    """A whole session from CONNECT on."""
    mark = line.log.mark()
    yield from close(line)
    yield from line.pause(max(BEGINS_S, 8 * line.end.slowest_s))
    entries = line.log.since(mark)
    first = next(number for number, one in enumerate(entries) if is_packet(mqtt.CONNECT)(one))
    line.end.session = tuple(entries[first:])


PREPARATIONS = {
    BROKER: Preparation(text="it is connected to us", script=broker_only, once=True),
    CONNECTS: Preparation(text="it has connected", script=connects, once=True, timeout_s=200.0),
}


def sent(line: PlugLine) -> list[LineEntry]:
    """What the plug has sent in the session that was watched."""
    return [one for one in line.end.session if one.sender == "device" and one.frame is not None]


def packets(line: PlugLine, kind: int) -> list[mqtt.MqttPacket]:
    """The MQTT packets of this kind that the plug has sent."""
    return [one.frame.packet for one in sent(line) if is_packet(kind)(one)]


def login(line: PlugLine) -> mqtt.ConnectFields:
    """The fields of the plug's first CONNECT."""
    return mqtt.login_in(packets(line, mqtt.CONNECT)[0])


def pushed(entries: Sequence[LineEntry]) -> list[MerossFrame]:
    """The messages that it has sent unasked."""
    return [frame for frame in messages(entries) if frame.header.method in (PUSH, SET)]


# --- the login -----------------------------------------------------------------------------------------


def tls_version(line: PlugLine) -> None:
    facts = dict(line.path.facts) if line.path is not None else {}
    if not facts:
        line.not_applicable("The link does not show its TLS.")
    line.facts["tls"] = f"{facts['tls']}, {facts['cipher']}"
    line.require(facts["tls"] in ("TLSv1.2", "TLSv1.3"), f"It uses {facts['tls']}.")


def protocol(line: PlugLine) -> None:
    found = login(line)
    line.require(mqtt.LEVELS.get(found.level) == found.protocol, f"It is {found.protocol!r} of level {found.level}.")


def level(line: PlugLine) -> None:
    line.require(login(line).level == 3, f"The level of its protocol is {login(line).level}.")


def clean(line: PlugLine) -> None:
    line.require(login(line).is_clean, "It wants to go on with an old session.")


def no_will(line: PlugLine) -> None:
    line.require(not login(line).has_will, "It has a will.")


def keep_alive(line: PlugLine) -> None:
    seconds = login(line).keep_alive
    line.require(10 <= seconds <= 300, f"Its keep-alive is {seconds} s.")


def client_id(line: PlugLine) -> None:
    found = login(line).client_id
    line.require(CLIENT_ID.fullmatch(found), "Its client id is not fmware:UUID_ and 16 characters.")
    uuid, _, tail = found.removeprefix("fmware:").partition("_")
    line.require(uuid.lower() == line.end.uuid, "The UUID in its client id is another one than in its messages.")
    line.require(TAIL.fullmatch(tail), "The end of its client id is not 16 letters and digits.")


def user(line: PlugLine) -> None:
    found = login(line).user
    line.require(MAC.fullmatch(found), "Its user name is not a MAC in lower case with colons.")
    line.require(found == mac_of(line.end.uuid), "Its user name is not the MAC in its UUID.")


def password(line: PlugLine) -> None:
    found = login(line)
    result = identify_client(found.client_id, found.user, found.password, line.key)
    line.require(not isinstance(result, Refusal), "Its password was not made with its MAC and its key.")


def user_id(line: PlugLine) -> None:
    found, mark, _ = login(line).password.rpartition("_")
    line.require(mark and (found.isdecimal() or not found), "Its password does not begin with digits and _.")


def inbox(line: PlugLine) -> None:
    wanted = [mqtt.filters_in(one)[1] for one in packets(line, mqtt.SUBSCRIBE)]
    filters = dict(one for some in wanted for one in some)
    line.require(subscribe_topic(line.end.uuid) in filters, "It does not subscribe /appliance/UUID/subscribe.")
    line.require(filters[subscribe_topic(line.end.uuid)] == 1, "It does not subscribe its topic with QoS 1.")


def only_inbox(line: PlugLine) -> None:
    topics = {topic for one in packets(line, mqtt.SUBSCRIBE) for topic, _ in mqtt.filters_in(one)[1]}
    line.require(len(topics) == 1, f"It subscribes to {len(topics)} topics.")


# --- the start -----------------------------------------------------------------------------------------


def push_topics(line: PlugLine) -> None:
    for one in pushed(sent(line)):
        line.require(one.topic == publish_topic(line.end.uuid), "It publishes a push to another topic than its own.")


def pushes_signed(line: PlugLine) -> None:
    for one in pushed(sent(line)):
        line.require(verify(one.header, line.key), f"{one.header.namespace} has a wrong signature.")


def pushes_unique(line: PlugLine) -> None:
    ids = [one.header.message_id for one in pushed(sent(line))]
    line.require(len(ids) == len(set(ids)), "Two pushes have the same messageId.")


def _clocks(line: PlugLine) -> list[MerossFrame]:
    found = messages(sent(line), namespaces.CLOCK, PUSH)
    if not found:
        line.not_applicable("Its clock is set, and it does not ask for the time.")
    return found


def clock_uptime(line: PlugLine) -> None:
    for one in _clocks(line):
        line.require(type(one.payload["clock"]["timestamp"]) is int, "The timestamp of Clock is not a whole number.")


def clock_ends(line: PlugLine) -> None:
    times = [one.at for one in sent(line) if _clocks(line) and is_message(namespaces.CLOCK, PUSH)(one)]
    allowed_s = LATE_CLOCK_S + 1.5 * line.end.slowest_s
    line.require(times[-1] <= times[0] + allowed_s, "It asks for the time again, although it was answered.")


def report(line: PlugLine) -> None:
    found = messages(sent(line), namespaces.REPORT, PUSH)
    line.require(found, "It sends no System.Report.")
    for one in found[0].payload["report"]:
        line.require({"type", "value", "timestamp"} <= one.keys(), "A report lacks a field.")


def _binds(line: PlugLine) -> list[MerossFrame]:
    found = messages(sent(line), namespaces.BIND, PUSH, SET)
    if not found:
        line.fail("It sends no Control.Bind.")
    return found


def bind(line: PlugLine) -> None:
    fields = _binds(line)[0].payload["bind"]
    missing = {"bindTime", "time", "hardware", "firmware"} - fields.keys()
    line.require(not missing, f"Its Bind lacks {', '.join(sorted(missing))}.")
    line.require(fields["hardware"]["uuid"].lower() == line.end.uuid, "Its Bind names another UUID.")


def bind_from(line: PlugLine) -> None:
    found = [one for one in _binds(line) if one.header.method == SET]
    if not found:
        line.not_applicable("Its Bind is a PUSH.")
    line.require(found[0].header.from_ == subscribe_topic(line.end.uuid), "from of Bind is not its subscribe topic.")


def bind_once(line: PlugLine) -> Script[None]:
    """For as long as it would wait to repeat it."""
    count = len(_binds(line))
    mark = line.log.mark()
    yield from line.pause(max(line.end.session[0].at + REPEATED_S - line.now, 0.0))
    count += len(messages(line.received(mark), namespaces.BIND, PUSH, SET))
    line.require(count == 1, "It sends Bind again, although it was acknowledged.")


def _after_bind(line: PlugLine, namespace: str) -> None:
    entries = sent(line)
    at = next((number for number, one in enumerate(entries) if is_message(namespaces.BIND)(one)), None)
    if at is None:
        line.skip("It sends no Control.Bind.")
    line.require(messages(entries[at:], namespace, PUSH), "It is not sent after Bind.")


def time_after(line: PlugLine) -> None:
    _after_bind(line, namespaces.TIME)


def ratios_after(line: PlugLine) -> None:
    if not line.end.lists(namespaces.CONSUMPTION_CONFIG):
        line.not_applicable("It does not list Control.ConsumptionConfig.")
    _after_bind(line, namespaces.CONSUMPTION_CONFIG)


# --- the table ------------------------------------------------------------------------------------------


def _seen(id: str, title: str, clause: str, judge: Any, grade: Grade = "must") -> Check:  # Any: a judge
    return row(f"plug.{id}", title, clause, judged(judge), grade, needs=(BROKER, ANSWERS, CONNECTS))


LOGIN_CHECKS: tuple[Check, ...] = (
    _seen("login.tls", "It uses TLS 1.2 or newer", "§1.6.4", tls_version, "deviation"),
    _seen("login.protocol", "Name and level of its protocol match", "§1.6.3", protocol),
    _seen("login.level", "Its protocol is MQTT 3.1", "§1.6.3", level, "deviation"),
    _seen("login.clean", "It begins a clean session", "§1.6.3", clean),
    _seen("login.no-will", "It sets no will message", "§1.6.3", no_will),
    _seen("login.keep-alive", "Its keep-alive is 10 s to 5 min", "§1.6.3", keep_alive, "should"),
    _seen("login.client-id", "Its client id is fmware:UUID_ and 16 characters", "§1.6.2", client_id),
    _seen("login.user", "Its user name is its MAC, in lower case with colons", "§1.6.2", user),
    _seen("login.password", "Its password is made of its MAC and its key", "§1.6.2", password),
    _seen("login.user-id", "Its password begins with a user id of digits", "§1.6.2", user_id),
    _seen("login.inbox", "It subscribes to its topic with QoS 1", "§1.6.1", inbox),
    _seen("login.only-inbox", "It subscribes to no other topic", "§1.6.1", only_inbox, "should"),
    _seen("begin.topic", "It publishes pushes to its own topic", "§1.6.1", push_topics),
    _seen("begin.signed", "Pushes are signed with its key", "§1.2", pushes_signed),
    _seen("begin.unique", "Pushes have messageIds of their own", "§1.1", pushes_unique),
    _seen("begin.clock", "Clock has a timestamp", "§1.6.5", clock_uptime),
    _seen("begin.clock-ends", "Once it has the time, it asks no more", "§1.6.5", clock_ends),
    _seen("begin.report", "It sends System.Report", "§1.6.5", report, "should"),
    _seen("begin.bind", "It sends Control.Bind with time, hardware and firmware", "§1.6.5", bind),
    _seen("begin.bind-from", "Bind comes from its subscribe topic", "§1.1", bind_from),
    row(
        "plug.begin.bind-once",
        "An acknowledged Bind is not repeated",
        "§1.6.5",
        bind_once,
        needs=(BROKER, ANSWERS, CONNECTS),
        timeout_s=60.0,
    ),
    _seen("begin.time", "After Bind it sends its time", "§1.6.5", time_after, "should"),
    _seen("begin.calibration", "After Bind it sends its calibration", "§1.6.5", ratios_after, "should"),
)
