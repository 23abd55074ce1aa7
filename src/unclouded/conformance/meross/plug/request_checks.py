"""Checks of what a plug does with requests that are unusual, unsigned, unknown or damaged.

Source: docs/protocols/meross.md §1.1 to §1.3, §1.8.2, §1.8.16.
"""

from collections.abc import Callable
from typing import Any

import msgspec

from unclouded.conformance.check import Check, Grade
from unclouded.conformance.line import Script
from unclouded.conformance.meross.plug.answer_checks import ANSWERS, short
from unclouded.conformance.meross.plug.played_controller import PlugLine, relay_in, toggle_payload
from unclouded.conformance.meross.wire.frames import Fields, MerossFrame
from unclouded.conformance.rows import row
from unclouded.families.meross.wire import namespaces
from unclouded.families.meross.wire.envelope import verify

MakeBody = Callable[[PlugLine], bytes]
UNKNOWN = "Appliance.Control.Conformance"  # no plug has it
REFUSED_S = 4.0  # after which a request that should have no answer has none; ours
BACK_S = 40.0  # after which a plug that was busy answers again; ours
HOUR_S = 3600
SWITCHES = "It may switch the relay, if it does not check signatures."
PLAIN = namespaces.TIME  # what is asked: a short answer that every plug has


# --- parts of scripts -------------------------------------------------------------------------------------


def attempt(line: PlugLine, body: bytes, **head: Any) -> Script[MerossFrame | None]:  # Any: as PlayedController.post
    """Send a body once; its answer, None = there was none soon."""
    seconds = 15.0 if line.end.is_http else max(REFUSED_S, 2 * line.end.slowest_s)
    return (yield from line.end.exchange(body, seconds, **head))


def goes_on(line: PlugLine, after: str) -> Script[None]:
    """It answers a proper request afterwards, and has not restarted its clock."""
    until = line.now + BACK_S
    while line.now < until:
        if (yield from line.end.ask(namespaces.ABILITY, tries=1)) is not None:
            return
        yield from line.pause(2.0)
    line.fail(f"After {after} it has not answered for {BACK_S:g} s.")


def is_answer(frame: MerossFrame | None) -> bool:
    """Whether a frame is an answer (its method ends with ACK)."""
    return frame is not None and frame.header.method.endswith("ACK")


def not_taken(line: PlugLine, body: bytes, what: str, **head: Any) -> Script[None]:  # Any: as above
    """Such a body has no answer but an error, and the plug goes on."""
    frame = yield from attempt(line, body, **head)
    line.require(not is_answer(frame), f"It answers {what}.")
    yield from goes_on(line, what)


def refuses(make: MakeBody, what: str) -> Callable[[PlugLine], Script[None]]:
    """A script: the plug does not take this body. ``what``: its name in the reason."""
    return lambda line: not_taken(line, make(line), what)


def survives(make: MakeBody, what: str) -> Callable[[PlugLine], Script[None]]:
    """Whether it answers such a body is not checked, but it goes on."""

    def script(line: PlugLine) -> Script[None]:
        yield from attempt(line, make(line))
        yield from goes_on(line, what)

    return script


def takes(make: MakeBody, what: str) -> Callable[[PlugLine], Script[None]]:
    """Such a body is answered as any other."""

    def script(line: PlugLine) -> Script[None]:
        frame = yield from attempt(line, make(line))
        if frame is None:
            yield from line.pause(1.0)
            frame = yield from attempt(line, make(line))
        line.require(frame is not None, f"{what} is not answered: {line.end.why_not}.")
        assert frame is not None
        line.require(is_answer(frame), f"{what} is answered by {frame.header.method[:12]}.")

    return script


def _asks(**changes: Any) -> MakeBody:  # Any: as PlayedController.message
    return lambda line: line.end.message(PLAIN, **changes)


def _rebuilt(change: Callable[[dict[str, Any]], Any]) -> MakeBody:  # Any: JSON
    """A proper request, with its JSON changed."""

    def make(line: PlugLine) -> bytes:
        found = msgspec.json.decode(line.end.message(PLAIN))
        return msgspec.json.encode(change(found))

    return make


def _with(after: bytes = b"", before: bytes = b"") -> MakeBody:
    return lambda line: before + line.end.message(PLAIN) + after


def _fixed(body: bytes) -> MakeBody:
    return lambda line: body


def _later(line: PlugLine) -> bytes:
    """The signature is that of another time."""
    found = msgspec.json.decode(line.end.message(PLAIN))
    found["header"]["timestamp"] += 1
    return msgspec.json.encode(found)


def _capitals(line: PlugLine) -> bytes:
    found = msgspec.json.decode(line.end.message(PLAIN))
    found["header"]["sign"] = found["header"]["sign"].upper()
    return msgspec.json.encode(found)


def _reversed(found: dict[str, Any]) -> Any:  # Any: JSON
    return {"payload": found["payload"], "header": dict(reversed(found["header"].items()))}


def _with_unknown(found: dict[str, Any]) -> Any:  # Any: JSON
    return {**found, "header": {**found["header"], "conformance": [1]}, "payload": {"conformance": {}}}


def _text_time(found: dict[str, Any]) -> Any:  # Any: JSON
    return {**found, "header": {**found["header"], "timestamp": str(found["header"]["timestamp"])}}


# --- signatures -----------------------------------------------------------------------------------------


def _sign_error(line: PlugLine) -> Script[MerossFrame]:
    frame = yield from attempt(line, line.end.message(PLAIN, key="another key"))
    if frame is None:
        return line.not_applicable("It closes the connection instead.")
    return frame


def sign_error(line: PlugLine) -> Script[None]:
    frame = yield from _sign_error(line)
    line.require(frame.header.method == "ERROR", f"A wrong signature is answered by {frame.header.method[:12]}.")
    error = frame.payload.get("error")
    line.require(isinstance(error, dict) and error.get("code") == 5001, "The error is not 5001.")


def sign_error_form(line: PlugLine) -> Script[None]:
    body = line.end.message(PLAIN, key="another key", messageId="0" * 31 + "7")
    frame = yield from attempt(line, body)
    if frame is None:
        line.not_applicable("It closes the connection instead.")
    line.require(frame.header.message_id == "0" * 31 + "7", "The error has another messageId than the request.")
    line.require(verify(frame.header, line.key), "The error is not signed with its key.")


def no_effect(line: PlugLine) -> Script[None]:
    before = (yield from line.end.relay_state())["onoff"]
    payload = toggle_payload(line.end.relay, 1 - before)
    yield from attempt(line, line.end.message(line.end.relay, "SET", payload, key="another key"))
    yield from line.pause(1.0)
    after = (yield from line.end.relay_state())["onoff"]
    if after != before:
        yield from line.end.switch(before)
        line.fail("It has switched, although the signature was wrong.")


def repeated(line: PlugLine) -> Script[None]:
    body = line.end.message(PLAIN)
    for what in ("once", "again"):
        for _ in range(2):
            frame = yield from attempt(line, body)
            if frame is not None:
                break
        line.require(is_answer(frame), f"The message, sent {what}, is not answered.")


# --- several in one ---------------------------------------------------------------------------------------


def _several(line: PlugLine, *asked: str) -> Script[tuple[list[Fields], Fields]]:
    """SET Multiple of these queries: what was asked, and the payload of the answer."""
    end = line.end
    if not end.lists(namespaces.MULTIPLE):
        line.not_applicable("It does not list Control.Multiple.")
    items: list[Fields] = [
        {"header": {"messageId": end.next_id(), "method": "GET", "namespace": one}, "payload": {}} for one in asked
    ]
    frame = yield from end.set(namespaces.MULTIPLE, {"multiple": items})
    return items, frame.payload


def multiple(line: PlugLine) -> Script[None]:
    items, payload = yield from _several(line, namespaces.TIME, namespaces.RUNTIME)
    found = payload["multiple"]
    line.require(len(found) == len(items), f"Two queries are answered by a list of {len(found)}.")
    for one, item in zip(found, items, strict=True):
        name = item["header"]["namespace"]
        line.require(one["header"]["namespace"] == name, "The answers are not in the order of the queries.")
        line.require(one["header"]["method"] == "GETACK", f"{short(name)} is answered by {one['header']['method']}.")
        line.require(isinstance(one["payload"], dict) and one["payload"], f"The payload of {short(name)} is empty.")


def multiple_ids(line: PlugLine) -> Script[None]:
    items, payload = yield from _several(line, namespaces.TIME, namespaces.RUNTIME)
    ids = [one["header"].get("messageId") for one in payload["multiple"]]
    line.require(ids == [item["header"]["messageId"] for item in items], "The answers have other messageIds.")


def multiple_error(line: PlugLine) -> Script[None]:
    _, payload = yield from _several(line, UNKNOWN, namespaces.TIME)
    methods = [one["header"]["method"] for one in payload["multiple"]]
    line.require(methods == ["ERROR", "GETACK"], f"An unknown and a known query are answered by {methods}.")


def multiple_limit(line: PlugLine) -> Script[None]:
    if not line.end.lists(namespaces.MULTIPLE):
        line.not_applicable("It does not list Control.Multiple.")
    most = line.end.abilities[namespaces.MULTIPLE].get("maxCmdNum")
    line.require(type(most) is int and most > 0, f"maxCmdNum is {most!r}.")
    yield from ()


def multiple_many(line: PlugLine) -> Script[None]:
    if not line.end.lists(namespaces.MULTIPLE):
        line.not_applicable("It does not list Control.Multiple.")
    item = {"header": {"messageId": "1", "method": "GET", "namespace": PLAIN}, "payload": {}}
    yield from attempt(line, line.end.message(namespaces.MULTIPLE, "SET", {"multiple": [item] * 40}))
    yield from goes_on(line, "a Multiple of 40 queries")


def form(namespace: str, payload: Any, name: str) -> Callable[[PlugLine], Script[None]]:  # Any: JSON
    """A query in its keyed form has the answer that it has without."""

    def script(line: PlugLine) -> Script[None]:
        if not line.end.lists(namespace):
            line.not_applicable(f"It does not list {short(namespace)}.")
        frame = yield from line.end.asked(namespace, payload)
        line.require(name in frame.payload, f"The answer of {short(namespace)} has no {name}.")
        if namespace == namespaces.TOGGLEX:
            relay_in(frame.payload)

    return script


# --- the table ------------------------------------------------------------------------------------------


def _row(
    id: str, title: str, clause: str, script: Any, grade: Grade = "must", danger: str = ""
) -> Check:  # Any: a script's maker
    return row(f"plug.{id}", title, clause, script, grade, needs=(ANSWERS,), danger=danger, timeout_s=150.0)


def _bad(name: str, what: str, make: MakeBody, clause: str = "§1.1") -> Check:
    return _row(f"bad.{name}", f"{what} is not answered, and it goes on", clause, refuses(make, what.lower()))


SIGN_CHECKS: tuple[Check, ...] = (
    *(
        _row(f"sign.{name}", f"{what} is refused", "§1.2", refuses(make, what.lower()))
        for name, what, make in (
            ("wrong", "A wrong signature", _asks(sign="0" * 32)),
            ("other-key", "A signature with another key", _asks(key="another key")),
            ("empty", "An empty signature", _asks(sign="")),
            ("missing", "A message without signature", _asks(drop=("sign",))),
            ("other-time", "A signature of another time", _later),
        )
    ),
    _row("sign.error", "A wrong signature is answered by error 5001", "§1.3", sign_error),
    _row("sign.error-form", "The error is signed, and has the messageId of the request", "§1.2", sign_error_form),
    _row("sign.capitals", "A signature in upper case is accepted", "§1.2", takes(_capitals, "It"), "should"),
    _row("sign.repeated", "A message that is sent twice is accepted twice", "§1.2", repeated, "deviation"),
    _row(
        "sign.old",
        "A message whose timestamp is an hour old is accepted",
        "§1.2",
        takes(lambda line: line.end.message(PLAIN, timestamp=int(line.unix()) - HOUR_S), "A time of an hour ago"),
        "deviation",
    ),
    _row("sign.no-effect", "A wrong signature switches nothing", "§1.2", no_effect, danger=SWITCHES),
)
_USUAL: tuple[tuple[str, str, MakeBody, Grade], ...] = (
    ("few-fields", "A header without optional fields", _asks(drop=("payloadVersion", "timestampMs")), "must"),
    ("more-fields", "A header with uuid and triggerSrc", _asks(uuid="", triggerSrc="iOS"), "must"),
    ("order", "A message with its fields in another order", _rebuilt(_reversed), "must"),
    ("line-end", "A message with a line end after it", _with(after=b"\r\n"), "should"),
    ("unknown-fields", "A message with unknown fields", _rebuilt(_with_unknown), "should"),
    ("text-time", "A timestamp written as text", _rebuilt(_text_time), "should"),
)
REQUEST_CHECKS: tuple[Check, ...] = (
    *(
        _row(f"request.{name}", f"{what} is answered", "§1.1", takes(make, what), grade)
        for name, what, make, grade in _USUAL
    ),
    _row(
        "request.no-from",
        "A message without from is answered",
        "§1.12",
        takes(_asks(drop=("from",)), "It"),
        "deviation",
    ),
    *(
        _row(f"form.{name}", f"The query {text} is answered", "§1.8.2", form(namespace, payload, key))
        for name, text, namespace, payload, key in (
            ("all", '{"all": {}}', namespaces.ALL, {"all": {}}, "all"),
            ("days", '{"consumptionx": []}', namespaces.CONSUMPTIONX, {"consumptionx": []}, "consumptionx"),
            (
                "electricity",
                '{"electricity": {"channel": 0}}',
                namespaces.ELECTRICITY,
                {"electricity": {"channel": 0}},
                "electricity",
            ),
            ("relay", '{"togglex": {"channel": 0}}', namespaces.TOGGLEX, {"togglex": {"channel": 0}}, "togglex"),
        )
    ),
    _row("multiple.answers", "Queries in a Multiple are answered in their order", "§1.8.16", multiple),
    _row(
        "multiple.ids", "Answers in a Multiple have the messageIds of their queries", "§1.8.16", multiple_ids, "should"
    ),
    _row(
        "multiple.error",
        "In a Multiple, a failed query has the method ERROR, and the others are answered",
        "§1.3",
        multiple_error,
    ),
    _row("multiple.limit", "The ability list names how many it takes", "§1.8.1", multiple_limit),
    _row("multiple.many", "It goes on after a Multiple of 40 queries", "§1.8.16", multiple_many),
    *(
        _bad(name, what, make, clause)
        for name, what, make, clause in (
            ("namespace", "An unknown namespace", lambda line: line.end.message(UNKNOWN), "§1.3"),
            ("namespace-case", "A namespace in lower case", lambda line: line.end.message(PLAIN.lower()), "§1.1"),
            ("method", "An unknown method", lambda line: line.end.message(PLAIN, "FETCH"), "§1.3"),
            ("no-method", "A message without method", _asks(drop=("method",)), "§1.1"),
            ("no-namespace", "A message without namespace", _asks(drop=("namespace",)), "§1.1"),
            ("acknowledgement", "An acknowledgement", lambda line: line.end.message(PLAIN, "GETACK"), "§1.1"),
            ("delete", "DELETE of the time", lambda line: line.end.message(PLAIN, "DELETE"), "§1.3"),
            ("no-header", "A message without header", _fixed(b'{"payload":{}}'), "§1.1"),
            ("list", "A list", _fixed(b"[]"), "§1.1"),
            ("text", "Text that is not JSON", _fixed(b"hello"), "§1.1"),
            ("cut", "Half a message", lambda line: line.end.message(PLAIN)[:90], "§1.1"),
            ("nested", "A list in 400 lists", _fixed(b"[" * 400 + b"]" * 400), "§1.1"),
        )
    ),
    *(
        _row(f"bad.{name}", f"It goes on after {what}", "§1.1", survives(make, what))
        for name, what, make in (
            ("payload", "a payload that is a text", _rebuilt(lambda found: {**found, "payload": "x"})),
            (
                "utf8",
                "bytes that are not UTF-8",
                lambda line: line.end.message(PLAIN).replace(b"http", b"\xff\xfe\xff\xff"),
            ),
            ("long-id", "a messageId of 600 characters", _asks(messageId="5" * 600)),
            (
                "long-number",
                "a query with a number of 40 digits",
                lambda line: line.end.message(PLAIN).replace(b"{}", b'{"channel":' + b"9" * 40 + b"}"),
            ),
        )
    ),
)
