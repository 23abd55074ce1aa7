"""A controller with rules broken, over HTTP and behind a broker, and what the checks must find.

For test_meross_mutants.py.
"""

from collections.abc import Callable, Mapping, Sequence
from functools import partial
from typing import Any

import h11
import msgspec

from conformance.meross_ends import HttpHub, Rewrite, hub
from conformance.meross_mqtt_ends import Change, MqttHub
from conformance.meross_mutants import A, Json, body_edit, put, resigned
from families.meross.meross_pair import KEY
from unclouded.conformance.meross.hub.played_plug import UUID as PLAYED_UUID
from unclouded.core.errors import WireError
from unclouded.core.sessions.session import Event, Out, Refusal, Session
from unclouded.families.meross.wire.identity import CLIENT_ID, identify_client
from unclouded.families.meross.wire.lan_encryption import bound_cipher, is_clear
from unclouded.links.mqtt import packets as mqtt
from wrapped_session import Wrapped


class BrokenHub(msgspec.Struct, frozen=True, kw_only=True):
    """``make``: the end. ``only``: checks that are played; ``found``: those that find something, shortened."""

    only: tuple[str, ...]
    found: frozenset[str]
    make: Callable[[], Session]


def http(only: str, found: str, wrap: Callable[[Session], Session] = lambda inner: inner, **more: Any) -> BrokenHub:
    return _broken(only, found, lambda: HttpHub(wrap(hub()), **more))


def broker(only: str, found: str, change: Change = lambda packet: packet, **more: Any) -> BrokenHub:
    return _broken(only, found, lambda: MqttHub(hub(), change, **more))


def _broken(only: str, found: str, make: Callable[[], Session]) -> BrokenHub:
    return BrokenHub(only=tuple(f"hub.{one}" for one in only.split()), found=frozenset(found.split()), make=make)


def requests(edit: Callable[[Json], Json | None], is_signed: bool = True) -> Rewrite:
    return body_edit(lambda found: resigned(edit(found)) if is_signed else edit(found))  # type: ignore[arg-type]


def fields(*edits: Callable[[Json], None], is_signed: bool = True) -> Rewrite:
    """Edits of the whole message."""

    def edit(found: Json) -> Json:
        for one in edits:
            one(found)
        return found

    return requests(edit, is_signed)


def settings(namespace: str, *edits: Callable[[Json], None]) -> Rewrite:
    """Edits of what is set."""

    def edit(found: Json) -> Json:
        if found["header"]["namespace"] == A + namespace and found["header"]["method"] == "SET":
            for one in edits:
                one(found["payload"])
        return found

    return requests(edit)


class Busy(Wrapped):
    """It sends ``more`` behind each request, and each request ``times`` times."""

    def __init__(self, inner: Session, more: Sequence[str] = (), times: int = 1) -> None:
        super().__init__(inner)
        self._more, self._times = more, times
        self._id = 10_000

    def outgoing(self, now: float) -> list[Out]:
        outs = self.inner.outgoing(now)
        for out in tuple(outs):
            for name in (*self._more, *[""] * (self._times - 1)):
                self._id += 1
                outs.append(Out(_another(out.data, name, self._id), self._id, out.path))
        return outs

    def receive(self, data: bytes, now: float, path: str = "", re: int = 0) -> Sequence[Event]:
        return () if re > 10_000 else self.inner.receive(data, now, path, re)

    def failed(self, id: int, why: Any, now: float) -> Sequence[Event]:
        return () if id > 10_000 else self.inner.failed(id, why, now)


def _another(data: bytes, namespace: str, number: int) -> bytes:
    found = msgspec.json.decode(data)
    found["header"]["messageId"] = f"{number:032x}"
    if namespace:
        found["header"] |= {"namespace": A + namespace, "method": "GET"}
        found["payload"] = {}
    return msgspec.json.encode(resigned(found))


class Silent(Wrapped):
    """It no longer asks once ``test`` holds for an answer."""

    def __init__(self, inner: Session, test: Callable[[bytes], object]) -> None:
        super().__init__(inner)
        self._test = test
        self._is_silent = False

    def receive(self, data: bytes, now: float, path: str = "", re: int = 0) -> Sequence[Event]:
        self._is_silent = self._is_silent or bool(self._test(data))
        return self.inner.receive(data, now, path, re)

    def outgoing(self, now: float) -> list[Out]:
        outs = self.inner.outgoing(now)
        return [] if self._is_silent else outs


def _strict(data: bytes) -> bytes:
    """A reply by h11 alone, with a content type and a length. Raises WireError."""
    http = h11.Connection(h11.CLIENT)
    http.send(h11.Request(method="POST", target="/config", headers=[("Host", "plug"), ("Content-Length", "0")]))
    http.send(h11.EndOfMessage())
    body = b""
    try:
        http.receive_data(data)
        http.receive_data(b"")
        while isinstance(event := http.next_event(), h11.Event):
            if isinstance(event, h11.Response):
                names = {name for name, _ in event.headers.raw_items()}
                if event.status_code != 200 or not {b"Content-Type", b"Content-Length"} <= names:
                    raise WireError("not as expected")
            if isinstance(event, h11.Data):
                body += event.data
            if isinstance(event, h11.EndOfMessage | h11.ConnectionClosed):
                break
    except h11.RemoteProtocolError as error:
        raise WireError(str(error)) from None
    return body


def _strict_answer(body: bytes) -> bytes:
    """Answers are taken in one form only; of others nothing is left."""
    try:
        found = msgspec.json.decode(body)
    except msgspec.MsgspecError:
        return b""
    header = found["header"]
    usual = ("messageId", "namespace", "method", "payloadVersion", "from", "timestamp", "timestampMs", "sign")
    is_usual = tuple(header) == usual and type(header["timestamp"]) is int and header["sign"] == header["sign"].lower()
    return body if is_usual and body.endswith(b"}") and "conformance" not in found["payload"] else b""


def _trusting(body: bytes) -> bytes:
    """Whatever an answer is signed with, it is taken; error 5001 for an answer."""
    try:
        found = msgspec.json.decode(body)
    except msgspec.MsgspecError:
        return body
    return msgspec.json.encode(resigned(found)) if "header" in found else body


def _first(namespace: str) -> Rewrite:
    """Its first request is another one."""
    is_first = [True]

    def edit(found: Json) -> Json:
        if is_first[0]:
            found["header"]["namespace"], is_first[0] = A + namespace, False
        return found

    return requests(edit)


def _never(*names: str) -> Rewrite:
    """What it would ask of these namespaces, it asks of System.Time."""
    kinds = {A + name for name in names}

    def edit(found: Json) -> Json:
        if found["header"]["namespace"] in kinds:
            found["header"]["namespace"], found["payload"] = f"{A}System.Firmware", {}
        return found

    return requests(edit)


HEAD = b"POST /config HTTP/1.1\r\nHost: plug\r\nContent-Type: application/json\r\nContent-Length: %d\r\n\r\n"
USUAL = "request.* http.* start.* polls.* multiple.*"


def _raw(old: bytes, new: bytes) -> Rewrite:
    return lambda body: (HEAD % len(body)).replace(old, new) + body


def _multiples(edit: Callable[[list[Json]], list[Json]]) -> Rewrite:
    return settings("Control.Multiple", put("multiple", edit))


def _switching(edit: Callable[[Json], None]) -> Rewrite:
    return settings("Control.ToggleX", edit)


def _signed_otherwise(body: bytes) -> bytes:
    return body_edit(
        lambda found: (
            {**found, "header": {**found["header"], "sign": "0" * 32}}
            if found["header"]["namespace"].endswith("Runtime") or found["header"]["namespace"].endswith("Debug")
            else found
        )
    )(body)


def _odd(found: Json) -> Json:
    match found["header"]["namespace"].removeprefix(A):
        case "System.Debug":
            found["header"]["method"] = "FETCH"
        case "Control.ConsumptionX":
            found["payload"] = []
        case "Digest.TimerX":
            found["payload"] = {"key": KEY}
        case "Digest.TriggerX":
            found["header"]["namespace"] = f"{A}Digest.Nonsense"
    return found


def _no_error(body: bytes) -> bytes:
    found = msgspec.json.decode(body) if body.startswith(b"{") else {}
    if found.get("header", {}).get("method") != "ERROR":
        return body
    found["header"]["method"] = "GETACK"
    name = found["header"]["namespace"].removeprefix(A)
    found["payload"] = ANSWERS.get(name, {})
    return msgspec.json.encode(resigned(found))


ANSWERS = {
    "Control.Electricity": {"electricity": {"channel": 0, "current": 1, "voltage": 2_300, "power": 1}},
    "Control.ConsumptionX": {"consumptionx": []},
}


class GivesUp(Wrapped):
    """After three failures, or an answer that is not for it, it asks no more."""

    def __init__(self, inner: Session) -> None:
        super().__init__(inner)
        self._failures = 0

    def failed(self, id: int, why: Any, now: float) -> Sequence[Event]:
        self._failures += 1
        return self.inner.failed(id, why, now)

    def receive(self, data: bytes, now: float, path: str = "", re: int = 0) -> Sequence[Event]:
        events = self.inner.receive(data, now, path, re)
        self._failures += 3 * any(type(one).__name__ in ("Rejected", "Offline") for one in events)
        return events

    def outgoing(self, now: float) -> list[Out]:
        outs = self.inner.outgoing(now)
        return [] if self._failures > 2 else outs


def _instead(namespace: str, payload: Json) -> Rewrite:
    """In place of each query of the meter, this is set."""

    def edit(found: Json) -> Json:
        if found["header"]["namespace"] == f"{A}Control.Electricity":
            found["header"] |= {"namespace": A + namespace, "method": "SET"}
            found["payload"] = payload
        return found

    return requests(edit)


CIPHER = bound_cipher(PLAYED_UUID, KEY)


def _sealed(body: bytes) -> bytes:
    """Once it has encrypted, everything is."""
    return CIPHER.encrypt(body) if is_clear(body) and b"System.Ability" in body else body


ALL_TAKEN = "takes.capitals takes.text-numbers takes.order takes.line-end takes.unknown-fields takes.no-milliseconds"
TAKEN = f"{ALL_TAKEN} takes.no-from takes.newer-header takes.late"
FLOODS = "closed.no-flood cut.no-flood no-json.no-flood empty.no-flood status-500.no-flood other-id.no-flood"
BROKEN_HUBS: Mapping[str, BrokenHub] = {
    # --- requests ---
    "has odd headers": http(
        USUAL,
        "request.id request.unique request.from request.version request.time polls.meter polls.energy",
        out=fields(
            put("header.messageId", "A"),
            put("header.from", ""),
            put("header.payloadVersion", 3),
            put("header.timestamp", lambda time: time - 60),
        ),
    ),
    "signs with another key": http("request.signed", "request.signed", wrap=Busy, out=_signed_otherwise),
    "asks in odd ways": http(
        "request.method request.payload request.no-key request.namespace polls.relay",
        "request.method request.payload request.no-key request.namespace",
        out=requests(_odd),
    ),
    "writes odd heads": http(
        "http.*",
        "http.post http.content-type",
        request=_raw(
            b"/config HTTP/1.1\r\nHost: plug\r\nContent-Type: application/json",
            b"/other HTTP/1.1\r\nHost: plug\r\nContent-Type: text/html",
        ),
    ),
    "names a longer body": http("http.length", "http.length", request=_raw(b"Length: ", b"Length: 0")),
    "writes long heads": http(
        "http.*", "http.short", request=_raw(b"Host: plug", b"Host: plug\r\nCookie: " + b"x" * 900)
    ),
    "asks several at once": http(
        "http.one-at-a-time polls.rate", "http.one-at-a-time", wrap=lambda inner: Busy(inner, times=2)
    ),
    "asks without a pause": http("polls.rate", "polls.rate", wrap=lambda inner: Busy(inner, times=6)),
    "asks what no plug has": http(
        "start.* request.namespace",
        "start.listed start.abilities request.namespace",
        wrap=lambda inner: Busy(inner, ["Control.ConsumptionH", "Control.Nonsense"]),
    ),
    "begins with the meter": http("start.*", "start.identity start.abilities", out=_first("Control.Electricity")),
    "never asks for the meter": http(
        "polls.* start.abilities",
        "polls.meter polls.energy polls.relay start.abilities",
        out=_never(
            "Control.Electricity",
            "Control.ConsumptionX",
            "System.All",
            "Control.Multiple",
            "Control.ToggleX",
            "System.Ability",
        ),
    ),
    "sends long Multiples": http(
        "multiple.*",
        "multiple.size multiple.number multiple.headers",
        out=_multiples(
            lambda items: [*items, *({"header": {"namespace": f"{A}System.Time"}, "payload": {}} for _ in range(20))]
        ),
    ),
    # --- odd answers ---
    "takes usual answers only": http(f"{ALL_TAKEN} takes.lists", ALL_TAKEN, into=_strict_answer),
    "reads replies strictly": http(
        "takes.malformed-head takes.no-content-type takes.lower-case takes.no-length takes.newer-header",
        "takes.malformed-head takes.no-content-type takes.lower-case takes.no-length",
        read=_strict,
    ),
    "knows neither triggerSrc nor a missing from": http(
        "takes.newer-header takes.no-from takes.capitals",
        "takes.newer-header takes.no-from",
        into=lambda body: b"" if b'"triggerSrc"' in body or b'"from"' not in body else body,
    ),
    "waits 2 s for an answer": http("takes.late takes.capitals", "takes.late", timeout_s=2.0),
    "knows no lists": http(
        "takes.lists takes.capitals", "takes.lists", into=lambda body: b"" if b'"electricity":[' in body else body
    ),
    # --- wrong answers ---
    "takes whatever an answer is signed with": http(
        "other-key.* error-5001.not-taken", "other-key.not-taken", into=_trusting
    ),
    "takes error 5001 for an answer": http("error-5001.*", "error-5001.not-taken", into=_no_error),
    "takes another plug": _broken("other-plug.*", "other-plug.not-taken", lambda: HttpHub(hub(uuid=""))),
    "floods a plug": http(FLOODS, FLOODS, wrap=lambda inner: Busy(inner, times=5)),
    **{
        f"gives up after {name}": http(
            f"{name}.recovers", f"{name}.recovers", wrap=partial(Silent, test=test), read=read
        )
        for name, test, read in (
            ("error-5001", lambda body: b'"code":5001' in body, None),
            ("cut", lambda body: b'"header"' in body and not body.endswith(b"}"), None),
            ("no-json", lambda body: body.startswith(b"<"), None),
            ("empty", lambda body: body == b" ", None),
            ("other-plug", lambda body: b"02000000c0f1" in body, None),
        )
    },
    **{
        f"gives up after {name} replies": http(f"{name}.recovers", f"{name}.recovers", wrap=GivesUp)
        for name in ("closed", "silent", "status-500", "other-key", "other-id")
    },
    # --- other plugs ---
    "never learns what another plug has": http(
        "old.* shut.*",
        "old.listed shut.gives-up",
        wrap=lambda inner: Busy(inner, ["Control.ToggleX", "Control.Electricity"]),
    ),
    "does not know hardware 1": http(
        "old.*", "old.measured", wrap=lambda inner: Silent(inner, lambda body: b'"Appliance.Control.Trigger":' in body)
    ),
    "does not encrypt": http(
        "encrypting.*",
        "encrypting.encrypted encrypting.measured",
        out=lambda body: body if is_clear(body) else CIPHER.decrypt(body),
    ),
    "asks for the abilities encrypted": http("encrypting.ability", "encrypting.ability", out=_sealed),
    # --- clock ---
    "sets no time": http("time.zone time.clock", "time.zone time.clock", out=_never("System.Time")),
    "sets an odd time": http(
        "time.* position.range",
        "time.zone time.right time.rules position.range",
        out=lambda body: settings("System.Position", put("position.longitude", 181_000_000))(
            settings(
                "System.Time",
                put("time.timestamp", lambda time: time + 60),
                put("time.timezone", ""),
                put("time.timeRule", [[9, 0, 1], [1, 0]]),
            )(body)
        ),
    ),
    "sets rules of the future": http(
        "time.in-force time.rules",
        "time.in-force",
        out=settings("System.Time", put("time.timeRule", [[2_000_000_000, 0, 0]])),
    ),
    "sets the time again and again": http(
        "time.once",
        "time.once",
        out=_instead(
            "System.Time", {"time": {"timestamp": 1_790_000_000, "timezone": "Europe/Berlin", "timeRule": [[1, 0, 0]]}}
        ),
    ),
    # --- commands ---
    "switches by a word": http("set.form set.read", "set.form", out=_switching(put("togglex.onoff", bool))),
    "switches the other way": http(
        "set.states", "set.states", out=_switching(put("togglex.onoff", lambda onoff: 1 - onoff))
    ),
    "switches twice": http("set.once", "set.once", wrap=lambda inner: Busy(inner, times=2)),
}


def _message(edit: Callable[[Json], Json | None]) -> Change:
    """What it answers to a plug by itself is edited."""

    def change(packet: mqtt.Packet) -> mqtt.Packet | None:
        if not isinstance(packet, mqtt.Publish):
            return packet
        body = body_edit(edit)(packet.payload)
        return msgspec.structs.replace(packet, payload=body) if body else None

    return change


def _served(name: str, *edits: Callable[[Json], None]) -> Change:
    """Of one namespace; without edits it is not sent."""

    def edit(found: Json) -> Json | None:
        if found["header"]["namespace"] != A + name:
            return found
        for one in edits:
            one(found)
        return found if edits else None

    return _message(edit)


def _topic(name: str) -> Change:
    return lambda packet: (
        msgspec.structs.replace(packet, topic="/app/x/subscribe")
        if isinstance(packet, mqtt.Publish) and name.encode() in packet.payload
        else packet
    )


def _few(name: str, most: int) -> Change:
    """So many messages of that namespace are sent in a connection."""
    count = [0]

    def change(packet: mqtt.Packet) -> mqtt.Packet | None:
        if isinstance(packet, mqtt.Connack):
            count[0] = 0
        if not isinstance(packet, mqtt.Publish) or f'"namespace":"{A}{name}"'.encode() not in packet.payload:
            return packet
        count[0] += 1
        return packet if count[0] <= most else None

    return change


def _first_connection() -> Change:
    """Messages are sent in the first connection only."""
    count = [0]

    def change(packet: mqtt.Packet) -> mqtt.Packet | None:
        count[0] += isinstance(packet, mqtt.Connack)
        return packet if count[0] < 2 or not isinstance(packet, mqtt.Publish) else None

    return change


def _anyone(client_id: str, user: str, password: str, key: str) -> str | Refusal:
    found = CLIENT_ID.fullmatch(client_id)
    return found[1] if found is not None else Refusal("no plug")


def _user_0(client_id: str, user: str, password: str, key: str) -> str | Refusal:
    return identify_client(client_id, user, password, key) if password.startswith("0_") else Refusal("another user")


class Eager(MqttHub):
    """It acknowledges every Bind, whatever it is."""

    def _take(self, packet: mqtt.Packet, now: float) -> Sequence[Event]:
        if isinstance(packet, mqtt.Publish) and b'"namespace":"Appliance.Control.Bind"' in packet.payload:
            found = msgspec.json.decode(packet.payload)
            found["header"]["method"], found["payload"] = "SETACK", {}
            self._packets.append(
                mqtt.Publish(f"/appliance/{PLAYED_UUID}/subscribe", msgspec.json.encode(resigned(found)))
            )
            return ()
        return super()._take(packet, now)


CLOCK, BIND, RATIOS = "System.Clock", "Control.Bind", "Control.ConsumptionConfig"
PUSHES = "push.namespace push.fields push.other-key push.no-json push.cut push.empty push.long"
BROKEN_SERVERS: Mapping[str, BrokenHub] = {
    "answers no Clock": broker("clock.*", "clock.answered clock.header clock.each", _served(CLOCK)),
    "answers two Clocks": broker("clock.each", "clock.each", _few(CLOCK, 2)),
    "is an hour behind": broker(
        "clock.*", "clock.answered", _served(CLOCK, put("payload.clock.timestamp", lambda time: time - 3600))
    ),
    "writes a header of its own": broker("clock.*", "clock.header", _served(CLOCK, put("header.sign", "0" * 32))),
    "acknowledges no Bind": broker("bind.*", "bind.acknowledged bind.signed bind.topic bind.again", _served(BIND)),
    "acknowledges Bind by an ERROR": broker(
        "bind.*",
        "bind.acknowledged bind.signed",
        _served(BIND, put("header.method", "ERROR"), put("header.sign", "0" * 32)),
    ),
    "acknowledges Bind once": broker("bind.again", "bind.again", _few(BIND, 1)),
    "acknowledges every Bind": _broken("bind.*", "bind.push bind.other-key", lambda: Eager(hub())),
    "sends to another topic": broker("bind.topic inbox.topic", "bind.topic inbox.topic", _topic("header")),
    "sends no calibration back": broker("calibration.*", "calibration.echoed", _served(RATIOS)),
    "sends another calibration back": broker(
        "calibration.*", "calibration.echoed", _served(RATIOS, put("payload.config.voltageRatio", 1))
    ),
    "answers neither ping nor QoS 1": broker(
        "mqtt.*",
        "mqtt.ping mqtt.qos-1",
        lambda packet: None if isinstance(packet, mqtt.Pingresp | mqtt.Puback) else packet,
    ),
    "closes on odd pushes": broker(
        PUSHES,
        PUSHES,
        breaks=lambda body: (
            b"Conformance" in body
            or b'"now"' in body
            or b'"togglex":[{"channel":0,"onoff":1}]' in body
            or not body.endswith(b"}")
            or len(body) > 9_000
        ),
    ),
    "admits anyone": broker("login.*", "login.other-key login.other-mac login.no-password", admits=_anyone),
    "wants user 0, and MQTT 3.1": broker(
        "login.level-4 login.user-id login.no-user-id",
        "login.level-4 login.user-id login.no-user-id",
        admits=_user_0,
        versions=(mqtt.V31,),
    ),
    "asks nothing of a plug that comes back": broker("login.again", "login.again", _first_connection()),
}
