"""Checks of what a hub makes of answers that are odd, and of answers that are wrong.

An odd answer is taken: the hub goes on as before. A wrong one is not: it asks again, without a flood, and goes on once
the plug is well again. Source: docs/protocols/meross.md §1.1 to §1.4, §1.12.
"""

from collections.abc import Callable, Sequence
from typing import Any

import msgspec

from unclouded.conformance.check import Check, Grade
from unclouded.conformance.line import LineEntry, Script
from unclouded.conformance.meross.hub.played_plug import OTHER_UUID, UUID, Change, HubLine, Json, asked
from unclouded.conformance.meross.hub.request_checks import (
    HTTP,
    METER,
    USUAL,
    USUAL_S,
    requests,
)
from unclouded.conformance.meross.wire import http_text
from unclouded.conformance.meross.wire.frames import MerossFrame
from unclouded.conformance.rows import row
from unclouded.families.meross.wire import namespaces
from unclouded.families.meross.wire.envelope import sign

SHORTEST_S, LONGEST_S = 32.0, 200.0  # of a stretch that is judged
WRONG_S = 45.0  # that answers are wrong
RECOVERS_S = 200.0  # until it goes on; ours: hubs wait longer after each failure
MOST_WRONG = 30  # requests while answers are wrong; ours
LATE_S = 2.5  # docs/protocols/meross.md §1.4.3: time-outs of 5 to 10 s
IN_LISTS = ("electricity", "togglex")
Reply = Callable[[bytes], bytes]


# --- what is waited for -----------------------------------------------------------------------------------


def is_meter(entry: LineEntry) -> bool:
    """A request for what the plug measures."""
    frame: MerossFrame | None = entry.frame
    return frame is not None and bool(set(asked(frame)) & set(METER))


def stretch_s(line: HubLine) -> float:
    """So long that it asks for a measurement twice in it, at its usual pace."""
    count = len([one for one in line.observed["all of it"] if one.sender == "controller" and is_meter(one)])
    return min(max(SHORTEST_S, 2.5 * USUAL_S / max(count, 1)), LONGEST_S)


def works(line: HubLine) -> Script[None]:
    """Wait until it asks for measurements, as it may not after a check that has failed."""
    line.end.reset()
    if (yield from line.wait_for(is_meter, RECOVERS_S)) is None:
        line.skip(f"It has not asked for measurements within {RECOVERS_S:g} s.")
    yield from line.pause(1.0)


# --- odd answers, which are taken -----------------------------------------------------------------------------


def takes(
    change: Change | None = None, reply: Reply | None = None, delay_s: float = 0.0
) -> Any:  # Any: a script's maker
    """With such answers it goes on as it did before: it measures, and does not look which plug it is."""

    def script(line: HubLine) -> Script[None]:
        end = line.end
        usual_per_s = len(requests(line.observed["all of it"][_first_poll(line) :], namespaces.ALL)) / USUAL_S
        end.change, end.reply, end.delay_s = change or end.change, reply or end.reply, delay_s
        mark, seconds = line.log.mark(), stretch_s(line)
        yield from line.pause(seconds)
        found = requests(line.log.since(mark))
        polls = [one for one in found if is_meter(one)]
        line.require(polls, "It no longer asks for measurements.")
        looked = len([one for one in found if namespaces.ALL in asked(one.frame)])
        line.require(looked <= usual_per_s * seconds + 1, "It asks again and again which plug it is.")

    return script


def _first_poll(line: HubLine) -> int:
    entries = line.observed["all of it"]
    return next((number for number, one in enumerate(entries) if one.sender == "controller" and is_meter(one)), 0)


def header(**new: Any) -> Change:  # Any: JSON
    """Changes an answer: its header gets these fields."""
    return lambda answer: {**answer, "header": {**answer["header"], **new}}


def without(*names: str) -> Change:
    """Changes an answer: its header loses these fields."""
    return lambda answer: {**answer, "header": {key: one for key, one in answer["header"].items() if key not in names}}


def _capitals(answer: Json) -> Json:
    return {**answer, "header": {**answer["header"], "sign": answer["header"]["sign"].upper()}}


def _text_numbers(answer: Json) -> Json:
    return {**answer, "header": {**answer["header"], "timestamp": str(answer["header"]["timestamp"])}}


def _reversed(answer: Json) -> Json:
    return {"payload": answer["payload"], "header": dict(reversed(answer["header"].items()))}


def _unknown(answer: Json) -> Json:
    payload = {**answer["payload"], "conformance": [{"a": 1}]}
    return {**answer, "header": {**answer["header"], "conformance": {}}, "payload": payload}


def _as_list(answer: Json) -> Json:
    """An object in a list, as other firmware has it."""
    payload = {
        key: [one] if key in IN_LISTS and isinstance(one, dict) else one for key, one in answer["payload"].items()
    }
    return {**answer, "payload": payload}


def _encoded(after: bytes) -> Change:
    return lambda answer: msgspec.json.encode(answer) + after


def _headed(*headers: tuple[str, str], length: int | None = None) -> Reply:
    return lambda body: http_text.reply(body, headers, length=length)


def _malformed(body: bytes) -> bytes:
    """A control character, a space after a name, and a line that ends without CR."""
    head = b"HTTP/1.1 200 OK\r\nContent-Type: application/json\r\nServer : Embedded\x01HTTP\r\nConnection: close\n"
    return head + b"Content-Length: %d\r\n\r\n" % len(body) + body


def _by_close(body: bytes) -> bytes:
    return http_text.reply(body, (("Content-Type", "application/json"), ("Connection", "close")), length=-1)


# --- wrong answers, which are not --------------------------------------------------------------------------------


def _other_key(answer: Json) -> Json:
    found = answer["header"]
    return {**answer, "header": {**found, "sign": sign(found["messageId"], "another key", found["timestamp"])}}


def _other_id(answer: Json) -> Json:
    found = answer["header"]
    message_id = found["messageId"][::-1]
    return {**answer, "header": {**found, "messageId": message_id}}


def _other_plug(answer: Json) -> Json:
    text = msgspec.json.encode(answer).replace(UUID.encode(), OTHER_UUID.encode())
    found: Json = msgspec.json.decode(text)
    return found


def _error(answer: Json) -> Json:
    found = {**answer["header"], "method": "ERROR"}
    return {"header": found, "payload": {"error": {"code": 5001, "detail": "sign error"}}}


def _cut(answer: Json) -> bytes:
    data = msgspec.json.encode(answer)
    return data[: len(data) * 2 // 3]


class Trouble(msgspec.Struct, frozen=True):
    """What is wrong for a while. ``is_trusted`` False: it must measure nothing meanwhile."""

    name: str
    what: str
    clause: str
    change: Change | None = None
    reply: Reply | None = None
    closes: bool = False
    is_mute: bool = False
    is_trusted: bool = True


TROUBLES = (
    Trouble("closed", "connections that are closed", "§1.3", closes=True),
    Trouble("silent", "requests that are not answered", "§1.3", is_mute=True),
    Trouble("error-5001", "error 5001", "§1.3", _error, is_trusted=False),
    Trouble("other-key", "answers signed with another key", "§1.2", _other_key, is_trusted=False),
    Trouble("other-id", "answers with another messageId", "§1.1", _other_id),
    Trouble("other-plug", "answers of another plug", "§1.12", _other_plug, is_trusted=False),
    Trouble("cut", "answers that are cut off", "§1.3", _cut),
    Trouble("no-json", "a page instead of an answer", "§1.4.1", lambda answer: b"<html>login</html>"),
    Trouble("status-500", "HTTP status 500", "§1.4.1", reply=lambda body: http_text.reply(b"", status="500 Oh")),
    Trouble("empty", "empty answers", "§1.3", lambda answer: b" "),
)
PREPARATION = {one.name: f"trouble: {one.what}" for one in TROUBLES}


def trouble(one: Trouble) -> Callable[[HubLine], Script[None]]:
    """Wrong for a while, and well again. What came meanwhile is kept under its name."""

    def script(line: HubLine) -> Script[None]:
        yield from works(line)
        end = line.end
        end.change, end.reply = one.change or end.change, one.reply or end.reply
        end.closes, end.is_mute = one.closes, one.is_mute
        mark = line.log.mark()
        yield from line.pause(WRONG_S)
        line.observed[one.name] = tuple(line.log.since(mark))
        end.reset()
        line.observed[f"{one.name}, after"] = ()
        began = line.now
        if (yield from line.wait_for(is_meter, RECOVERS_S)) is not None:
            line.observed[f"{one.name}, after"] = tuple(line.log.since(line.log.mark() - 1))
        line.facts.setdefault("recovers_s", {})[one.name] = round(line.now - began, 1)

    return script


def no_flood(name: str) -> Callable[[HubLine], Script[None]]:
    """A script: the hub sends at most MOST_WRONG requests in WRONG_S to a plug that answers wrong in this way."""

    def script(line: HubLine) -> Script[None]:
        count = len(requests(line.observed[name]))
        line.require(count <= MOST_WRONG, f"It has sent {count} requests in {WRONG_S:g} s.")
        yield from ()

    return script


def recovers(name: str) -> Callable[[HubLine], Script[None]]:
    """A script: when the answers are right again, the hub asks for a measurement within RECOVERS_S."""

    def script(line: HubLine) -> Script[None]:
        line.require(line.observed[f"{name}, after"], f"It asks for no measurement within {RECOVERS_S:g} s after that.")
        yield from ()

    return script


def measures_nothing(name: str) -> Callable[[HubLine], Script[None]]:
    """After the first wrong answer it asks only which plug that is."""

    def script(line: HubLine) -> Script[None]:
        entries: Sequence[LineEntry] = line.observed[name]
        first = next((number for number, one in enumerate(entries) if one.sender == "device" and one.data), None)
        if first is None:
            line.skip("It has asked nothing meanwhile.")
        polls = [one for one in requests(entries[first + 2 :]) if is_meter(one)]
        line.require(not polls, f"It has asked for measurements {len(polls)} times.")
        yield from ()

    return script


# --- the table ------------------------------------------------------------------------------------------------


WORKS = "works"  # the preparation


def _taken(
    id: str, what: str, clause: str, script: Any, grade: Grade = "must", needs: tuple[str, ...] = ()
) -> Check:  # Any: a script's maker
    needs = (*needs, USUAL, WORKS)
    return row(f"hub.takes.{id}", f"{what} are accepted", clause, script, grade, needs=needs, timeout_s=260.0)


def _http(id: str, what: str, clause: str, script: Any, grade: Grade = "must") -> Check:  # Any: as above
    return _taken(id, what, clause, script, grade, (HTTP,))


def _of(one: Trouble) -> list[Check]:
    needs = (*((HTTP,) if one.reply is not None else ()), USUAL, PREPARATION[one.name])
    flood, back = f"hub.{one.name}.no-flood", f"hub.{one.name}.recovers"
    found = [
        row(flood, f"It does not flood a plug with {one.what}", one.clause, no_flood(one.name), "should", needs=needs),
        row(back, f"It goes on after {one.what}", one.clause, recovers(one.name), needs=needs),
    ]
    if not one.is_trusted:
        title = f"It measures nothing with {one.what}"
        found.append(row(f"hub.{one.name}.not-taken", title, one.clause, measures_nothing(one.name), needs=needs))
    return found


HTTP_TAKEN_CHECKS: tuple[Check, ...] = (
    _http("malformed-head", "Replies with a malformed head", "§1.4.2", takes(reply=_malformed)),
    _http("no-content-type", "Replies without content type", "§1.4.1", takes(reply=_headed()), "should"),
    _http(
        "lower-case",
        "Replies with a head in lower case",
        "§1.4.2",
        takes(reply=_headed(("content-type", "application/json"), ("connection", "close"))),
    ),
    _http("no-length", "Replies that end with the connection", "§1.4.3", takes(reply=_by_close), "should"),
    _http("late", "Answers that take 2.5 s", "§1.4.3", takes(delay_s=LATE_S)),
)
TAKEN_CHECKS: tuple[Check, ...] = (
    _taken("capitals", "Signatures in upper case", "§1.1", takes(_capitals), "should"),
    _taken("text-numbers", "Timestamps written as text", "§1.1", takes(_text_numbers), "should"),
    _taken("order", "Answers with their fields in another order", "§1.1", takes(_reversed)),
    _taken("line-end", "Answers with a line end after them", "§1.1", takes(_encoded(b"\r\n"))),
    _taken("unknown-fields", "Answers with unknown fields", "§1.1", takes(_unknown)),
    _taken("no-milliseconds", "Answers without timestampMs", "§1.1", takes(without("timestampMs"))),
    _taken("no-from", "Answers without from", "§1.1", takes(without("from")), "should"),
    _taken("newer-header", "Answers with triggerSrc and uuid", "§1.1", takes(header(triggerSrc="Device", uuid=UUID))),
    _taken("lists", "Answers with a list in place of an object", "§1.8.2", takes(_as_list), "should"),
)
TROUBLE_CHECKS: tuple[Check, ...] = tuple(check for one in TROUBLES for check in _of(one))
