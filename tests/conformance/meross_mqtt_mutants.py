"""A plug and a server with rules of their MQTT broken, and what the checks must find. For test_meross_mutants.py."""

from collections.abc import Callable, Mapping
from typing import Any

import msgspec

from conformance.meross_mqtt_ends import Change, MqttPlug, usual_login
from conformance.meross_mutants import A, Json, body_edit, put, resigned
from families.meross.meross_pair import KEY, UUID
from unclouded.core.sessions.session import Session
from unclouded.families.meross import mac_of, password_for
from unclouded.links.broker.plug_client import Login
from unclouded.links.mqtt import packets as mqtt

MAC = mac_of(UUID)


class BrokenMqtt(msgspec.Struct, frozen=True, kw_only=True):
    """``only``: checks that are played. ``found``: those that find something, without their first word."""

    only: tuple[str, ...]
    found: frozenset[str]
    wrap: Callable[[Session], Any]


def plug(
    only: str, found: str, change: Change = lambda packet: packet, login: Login | None = None, **more: Any
) -> BrokenMqtt:
    return BrokenMqtt(
        only=tuple(f"plug.{one}" for one in only.split()),
        found=frozenset(found.split()),
        wrap=lambda inner: MqttPlug(inner, login, change, **more),
    )


def login(**changes: Any) -> Login:
    return msgspec.structs.replace(usual_login(), **changes)


def messages(edit: Callable[[Json], Json | None], is_signed: bool = True) -> Change:
    """Messages are edited, and signed again; None = not sent."""

    def change(packet: mqtt.Packet) -> mqtt.Packet | None:
        if not isinstance(packet, mqtt.Publish):
            return packet
        body = body_edit(
            lambda found: (resigned(new) if is_signed else new) if (new := edit(found)) is not None else None
        )(packet.payload)
        return msgspec.structs.replace(packet, payload=body) if body else None

    return change


def pushes(name: str, edit: Callable[[Json], Any], is_signed: bool = True) -> Change:
    """What is sent unasked of one namespace is edited."""

    def one(found: Json) -> Json:
        if found["header"]["namespace"] == A + name and found["header"]["method"] in ("PUSH", "SET"):
            edit(found)
        return found

    return messages(one, is_signed)


def without(*names: str) -> Change:
    """Pushes of these namespaces are not sent."""
    kinds = {A + name for name in names}
    return messages(
        lambda found: (
            None if found["header"]["namespace"] in kinds and found["header"]["method"] in ("PUSH", "SET") else found
        )
    )


def dropping(kind: type) -> Change:
    return lambda packet: None if isinstance(packet, kind) else packet


def at_connect(**changes: Any) -> Change:
    return lambda packet: msgspec.structs.replace(packet, **changes) if isinstance(packet, mqtt.Connect) else packet


def at_subscribe(*filters: tuple[str, int]) -> Change:
    return lambda packet: mqtt.Subscribe(1, filters) if isinstance(packet, mqtt.Subscribe) else packet


def topics(old: str, new: str) -> Change:
    """What goes to a topic goes to another one."""
    return lambda packet: (
        msgspec.structs.replace(packet, topic=new)
        if isinstance(packet, mqtt.Publish) and packet.topic.endswith(old)
        else packet
    )


def not_again(name: str) -> Change:
    """Messages of that namespace are sent once in a connection."""
    seen = [False]

    def change(packet: mqtt.Packet) -> mqtt.Packet | None:
        if isinstance(packet, mqtt.Connect):
            seen[0] = False
        is_that = isinstance(packet, mqtt.Publish) and f'"namespace":"{A}{name}"'.encode() in packet.payload
        was_seen, seen[0] = seen[0], seen[0] or is_that
        return None if is_that and was_seen else packet

    return change


def both(*changes: Change) -> Change:
    def change(packet: mqtt.Packet) -> mqtt.Packet | None:
        found: mqtt.Packet | None = packet
        for one in changes:
            found = one(found) if found is not None else None
        return found

    return change


def ignoring(*names: str) -> Callable[[bytes], bool]:
    return lambda payload: not any(f'"{A}{name}"'.encode() in payload for name in names)


def _shorter(found: Json) -> Json:
    if found["header"]["namespace"] == f"{A}System.Report":
        found["payload"]["report"] = [{"type": "1"}]
    if found["header"]["namespace"] == f"{A}Control.Bind":
        found["payload"]["bind"].pop("time")
        found["header"]["from"] = f"/appliance/{UUID}/publish"
    return found


def _offline(found: Json) -> Json:
    if "online" in found["payload"]:
        found["payload"]["online"]["status"] = 2
    if "debug" in found["payload"]:
        found["payload"]["debug"]["cloud"]["activeServer"] = ""
    return found


INBOX = f"/appliance/{UUID}/subscribe"
BROKEN_LOGINS: Mapping[str, BrokenMqtt] = {
    "has an odd CONNECT": plug(
        "login.*",
        "login.level login.clean login.no-will login.keep-alive",
        lambda packet: (
            msgspec.structs.replace(packet, clean=False, keep_alive=5, will=mqtt.Will("/x", b"gone"))
            if isinstance(packet, mqtt.Connect)
            else packet
        ),
        login(version=mqtt.V311),
    ),
    "has a short client id and another user": plug(
        "login.*",
        "login.client-id login.user login.password login.user-id",
        login=login(client_id=f"fmware:{UUID}_abc", user=MAC.replace(":", ""), password=f"me_{'0' * 32}"),
    ),
    "has no user id": plug("login.*", "login.user-id", login=login(password=password_for(MAC, KEY, "me"))),
    "subscribes more, with QoS 0": plug(
        "login.*", "login.inbox login.only-inbox", at_subscribe((INBOX, 0), ("/app/#", 0))
    ),
    "sends pushes to another topic": plug("begin.*", "begin.topic", topics("/publish", "/elsewhere")),
    "signs Report wrong": plug(
        "begin.*", "begin.signed", pushes("System.Report", put("header.sign", "0" * 32), is_signed=False)
    ),
    "uses one messageId": plug("begin.*", "begin.unique", pushes("System.Report", put("header.messageId", "1" * 32))),
    "sends a Clock without a number": plug(
        "begin.*", "begin.clock", pushes("System.Clock", put("payload.clock.timestamp", "0"))
    ),
    "sends a short Report and Bind": plug("begin.*", "begin.report begin.bind begin.bind-from", messages(_shorter)),
    "sends nothing after Bind": plug(
        "begin.*", "begin.time begin.calibration", without("System.Time", "Control.ConsumptionConfig")
    ),
    "asks for the time again and again": plug("begin.clock-ends", "begin.clock-ends", takes=ignoring("System.Clock")),
    "repeats neither Clock nor Bind": plug(
        "begin.clock-repeated begin.bind-repeated",
        "begin.clock-repeated begin.bind-repeated",
        both(not_again("System.Clock"), not_again("Control.Bind")),
    ),
    "binds again and again": plug("begin.bind-once", "begin.bind-once", takes=ignoring("Control.Bind")),
}
BROKEN_BROKERS: Mapping[str, BrokenMqtt] = {
    "answers to its own topic always": plug(
        "broker.answer-topic broker.own-topic",
        "broker.answer-topic",
        topics("-2/subscribe", f"/appliance/{UUID}/publish"),
    ),
    "answers to another topic": plug(
        "broker.answer-topic broker.own-topic", "broker.own-topic", topics("/publish", "/elsewhere")
    ),
    "acknowledges nothing, and does not ping": plug(
        "broker.qos-1 broker.pings",
        "broker.qos-1 broker.pings",
        lambda packet: None if isinstance(packet, mqtt.Puback | mqtt.Pingreq) else packet,
    ),
    "shows that it is not connected": plug(
        "broker.online broker.server", "broker.online broker.server", messages(_offline)
    ),
    "pushes nothing when it switches": plug("push.*", "push.switch push.button", without("Control.ToggleX")),
    "pushes an object": plug(
        "push.*", "push.list", pushes("Control.ToggleX", put("payload.togglex", lambda found: found[0]))
    ),
    "pushes the state before": plug(
        "push.*",
        "push.switch push.button",
        pushes("Control.ToggleX", put("payload.togglex.0.onoff", lambda onoff: 1 - onoff)),
    ),
    "pushes twice": plug("push.*", "push.once", twice=True),
    "takes no Clock": plug("broker.clock", "broker.clock", takes=ignoring("System.Clock")),
    "does not connect again": plug("broker.again broker.refused", "broker.again", reconnects=False),
    "gives up when it is refused": plug("broker.refused", "broker.refused", gives_up=True),
}
