"""Checks of how a plug speaks HTTP: its replies, and requests that come in parts, at once, or wrong.

Source: docs/protocols/meross.md §1.4, §1.5.
"""

from base64 import b64encode
from collections.abc import Callable
from typing import Any

from unclouded.conformance.check import Check, Grade, Preparation
from unclouded.conformance.line import LineEntry, Script
from unclouded.conformance.meross.plug.answer_checks import ANSWERS, short
from unclouded.conformance.meross.plug.played_controller import PlugLine
from unclouded.conformance.meross.plug.request_checks import PLAIN, attempt, goes_on, is_answer, not_taken
from unclouded.conformance.meross.wire import http_text
from unclouded.conformance.meross.wire.frames import MerossFrame
from unclouded.conformance.meross.wire.http_text import HttpTextMessage
from unclouded.conformance.rows import judged, row
from unclouded.families.meross.wire import namespaces
from unclouded.families.meross.wire.lan_encryption import bound_cipher

HTTP = "http"  # the preparation
IN_A_ROW, AT_ONCE = 20, 3
CLOSED_S = 30.0  # until it has closed what it waits for in vain; ours
JSON = ("Content-Type", "application/json")


def http_only(line: PlugLine) -> Script[None]:
    if not line.end.is_http:
        line.skip("It needs a link like http://192.168.1.40.")
    yield from ()


PREPARATIONS = {HTTP: Preparation(text="it is asked over HTTP", script=http_only, once=True)}


def _replies(line: PlugLine) -> list[tuple[str, HttpTextMessage]]:
    """The HTTP replies to the queries of everything, by namespace."""
    return [(short(namespace), frame.http) for namespace, frame in line.end.answers.items() if frame.http is not None]


# --- its replies -----------------------------------------------------------------------------------------


def status(line: PlugLine) -> None:
    for name, http in _replies(line):
        line.require(http.status == 200, f"The reply of {name} has the status {http.status}.")


def whole(line: PlugLine) -> None:
    for name, http in _replies(line):
        line.require(http.is_whole, f"The reply of {name} is shorter than its head says.")


def one_reply(line: PlugLine) -> None:
    counts: dict[int, int] = {}
    for entry in line.observed[ANSWERS]:
        if entry.re and entry.frame is not None:
            counts[entry.re] = counts.get(entry.re, 0) + 1
    line.require(max(counts.values()) == 1, "One request has several replies.")


def strict_head(line: PlugLine) -> None:
    for name, http in _replies(line):
        line.require(not http.odd_lines, f"The head of {name} has a line that strict parsers refuse.")


def content_type(line: PlugLine) -> None:
    for name, http in _replies(line):
        found = http.header("Content-Type") or ""
        line.require("json" in found.lower(), f"The reply of {name} has the content type {found[:40]!r}.")


def in_a_row(line: PlugLine) -> Script[None]:
    """One after the other, without a pause and without a second attempt."""
    for number in range(IN_A_ROW):
        frame = yield from attempt(line, line.end.message(PLAIN))
        line.require(is_answer(frame), f"Request {number + 1} of {IN_A_ROW} is not answered: {line.end.why_not}.")


# --- requests in other forms -------------------------------------------------------------------------------


def head(what: str, **changed: Any) -> Callable[[PlugLine], Script[None]]:  # Any: as http_text.request has them
    """A request with such a head is answered."""

    def script(line: PlugLine) -> Script[None]:
        for _ in range(2):
            frame = yield from attempt(line, line.end.message(PLAIN), **changed)
            if frame is not None:
                break
            yield from line.pause(1.0)
        line.require(is_answer(frame), f"{what} is not answered: {line.end.why_not}.")

    return script


def _raw(line: PlugLine, body: bytes, **changed: Any) -> bytes:  # Any: as above
    sealed = line.end.cipher.encrypt(body) if line.end.cipher is not None else body
    return http_text.request(sealed, **changed)


def in_parts(line: PlugLine) -> Script[None]:
    """The head, and the body a little later."""
    for _ in range(2):
        data = _raw(line, line.end.message(PLAIN))
        border = data.index(b"\r\n\r\n") + 4
        id = line.end.post_raw(data[:border])
        yield from line.pause(0.2)
        line.end.post_raw(data[border:], id)
        frame = yield from line.end.reply_to(id)
        if frame is not None and is_answer(frame):
            return
        yield from line.pause(1.0)
    line.fail(f"A request in two parts is not answered: {line.end.why_not}.")


def half(line: PlugLine) -> Script[None]:
    """A client that sends half a request and goes on waiting."""
    data = _raw(line, line.end.message(PLAIN))
    line.end.post_raw(data[: len(data) // 2])
    yield from line.pause(1.0)
    yield from goes_on(line, "half a request")


def short_length(line: PlugLine) -> Script[None]:
    yield from attempt(line, line.end.message(PLAIN), length=20)
    yield from goes_on(line, "a request that is longer than its head says")


def no_length(line: PlugLine) -> Script[None]:
    yield from attempt(line, line.end.message(PLAIN), length=-1)
    yield from goes_on(line, "a request without a length")


def no_http(line: PlugLine) -> Script[None]:
    id = line.end.post_raw(b"\x16\x03\x01\x02\x00\x01\x00\x01\xfc\x03\x03" + bytes(200) + b"\r\n\r\n")
    yield from line.end.reply_to(id, CLOSED_S)
    yield from goes_on(line, "bytes that are not HTTP")


def too_long(line: PlugLine) -> Script[None]:
    payload = {"conformance": "x" * 20_000}
    yield from not_taken(line, line.end.message(PLAIN, "GET", payload), "a request of 20 kB")


def medium(line: PlugLine) -> Script[None]:
    """As long as what real plugs always take."""
    body = line.end.message(PLAIN, "GET", {"conformance": "x" * 600})
    frame = yield from attempt(line, body)
    line.require(is_answer(frame), f"A payload of 620 bytes is not answered: {line.end.why_not}.")


def pipelined(line: PlugLine) -> Script[None]:
    """Two requests on one connection: the first is answered, and an answer belongs to one of them."""
    ids = ("0" * 31 + "1", "0" * 31 + "2")
    data = b"".join(_raw(line, line.end.message(PLAIN, messageId=id)) for id in ids)
    frame = yield from line.end.reply_to(line.end.post_raw(data))
    line.require(is_answer(frame), f"Two requests at once on one connection are not answered: {line.end.why_not}.")
    assert frame is not None
    line.require(frame.header.message_id == ids[0], "The first answer is not that of the first request.")
    yield from goes_on(line, "two requests on one connection")


def at_once(line: PlugLine) -> Script[None]:
    """Several connections: what is answered has its own answer, the others are closed."""
    sent = {}
    for number in range(AT_ONCE):
        message_id = f"{number + 1:032x}"
        sent[line.end.post(line.end.message(PLAIN, messageId=message_id))] = message_id
    mark = line.log.mark() - AT_ONCE
    yield from line.pause(CLOSED_S / 2)
    answers = [one for one in line.received(mark) if one.re in sent and one.frame is not None]
    line.require(answers, f"Of {AT_ONCE} requests at once none is answered.")
    for one in answers:
        line.require(_message_id(one) == sent[one.re], "An answer went to another connection than its request.")
    yield from goes_on(line, f"{AT_ONCE} requests at once")


def _message_id(entry: LineEntry) -> str:
    frame: MerossFrame = entry.frame
    return frame.header.message_id


def other_path(first: str, what: str) -> Callable[[PlugLine], Script[None]]:
    """A script: the plug does not take a message whose request line is ``first``."""
    return lambda line: not_taken(line, line.end.message(PLAIN), what, first=first)


# --- encryption ----------------------------------------------------------------------------------------------


def _encrypts(line: PlugLine) -> None:
    if line.end.cipher is None:
        line.not_applicable("It does not list encryption.")


def ability_in_clear(line: PlugLine) -> Script[None]:
    _encrypts(line)
    frame = yield from attempt(line, line.end.message(namespaces.ABILITY), encrypts=False)
    line.require(is_answer(frame), f"The ability list is not answered in clear text: {line.end.why_not}.")
    assert frame is not None
    line.require(not frame.is_encrypted, "The ability list, asked in clear text, is answered encrypted.")


def refuses_clear(line: PlugLine) -> Script[None]:
    _encrypts(line)
    yield from not_taken(line, line.end.message(namespaces.ALL), "System.All in clear text", encrypts=False)


def answers_encrypted(line: PlugLine) -> Script[None]:
    _encrypts(line)
    for namespace, frame in line.end.answers.items():
        is_clear = namespace == namespaces.ABILITY
        line.require(is_clear or frame.is_encrypted, f"{short(namespace)} is answered in clear text.")
    yield from ()


def other_cipher(line: PlugLine) -> Script[None]:
    _encrypts(line)
    sealed = bound_cipher(line.end.uuid, "another key of 28 characters").encrypt(line.end.message(PLAIN))
    yield from not_taken(line, sealed, "a request that is encrypted with another key", encrypts=False)


def random_blocks(line: PlugLine) -> Script[None]:
    _encrypts(line)
    body = b64encode(line.ambient.token(64))
    yield from not_taken(line, body, "random bytes", encrypts=False)


def suite(line: PlugLine) -> Script[None]:
    _encrypts(line)
    found = (yield from line.end.asked(namespaces.SUITE)).payload["suite"]
    line.require((found["ka"], found["se"]) == ("ecdhe256", "mrskey"), "Its suite is not ecdhe256 with mrskey.")


# --- the table ------------------------------------------------------------------------------------------


def _row(id: str, title: str, clause: str, script: Any, grade: Grade = "must") -> Check:  # Any: a script's maker
    return row(f"plug.{id}", title, clause, script, grade, needs=(HTTP, ANSWERS), timeout_s=300.0)


HTTP_CHECKS: tuple[Check, ...] = (
    _row("http.status", "Replies have the status 200", "§1.4.1", judged(status)),
    _row("http.whole", "Replies have the length that their heads name", "§1.4.1", judged(whole)),
    _row("http.one-reply", "A request has one reply", "§1.4.1", judged(one_reply)),
    _row("http.strict-head", "Strict parsers accept the heads of replies", "§1.4.2", judged(strict_head), "deviation"),
    _row("http.content-type", "Replies name JSON as their content type", "§1.4.1", judged(content_type), "should"),
    _row("http.in-a-row", "20 requests one after the other are answered", "§1.4.3", in_a_row),
    _row(
        "http.no-content-type",
        "A request without content type is answered",
        "§1.4.1",
        head("A request without content type", headers=(("Host", "plug"),)),
    ),
    _row(
        "http.other-content-type",
        "A request with another content type is answered",
        "§1.4.1",
        head("Another content type", headers=(("Host", "plug"), ("Content-Type", "text/plain"))),
    ),
    _row(
        "http.lower-case",
        "Names of headers may be in lower case",
        "§1.4.1",
        head("A head in lower case", headers=(("host", "plug"), ("content-type", "application/json"))),
        "should",
    ),
    _row(
        "http.keep-alive",
        "A request with Connection: keep-alive is answered",
        "§1.4.3",
        head("Connection: keep-alive", headers=(("Host", "plug"), JSON, ("Connection", "keep-alive"))),
    ),
    _row("http.parts", "A request may come in two parts", "§1.4.1", in_parts),
    _row("http.620-bytes", "A payload of 620 bytes is answered", "§1.4.4", medium),
    _row("http.pipelined", "Of two requests on one connection the first is answered", "§1.4.3", pipelined, "should"),
    _row("http.at-once", "Of several requests at once each has its own answer, or none", "§1.4.3", at_once),
    _row(
        "http.other-path",
        "Another path than /config is not answered",
        "§1.4.1",
        other_path("POST /other HTTP/1.1", "another path"),
        "should",
    ),
    _row("http.get", "GET is not answered", "§1.4.1", other_path("GET /config HTTP/1.1", "GET"), "should"),
    _row("http.too-long", "A request of 20 kB is not answered, and it goes on", "§1.4.4", too_long),
    _row("http.half", "It goes on after half a request", "§1.4.3", half),
    _row("http.short-length", "It goes on after a request that is longer than its head says", "§1.4.1", short_length),
    _row("http.no-length", "It goes on after a request without a length", "§1.4.1", no_length),
    _row("http.no-http", "It goes on after bytes that are not HTTP", "§1.4.1", no_http),
    _row("encrypt.ability", "Its ability list is answered in clear text", "§1.5.2", ability_in_clear),
    _row("encrypt.clear", "Other requests in clear text are refused", "§1.5.2", refuses_clear),
    _row("encrypt.answers", "Its answers are encrypted", "§1.5.2", answers_encrypted),
    _row("encrypt.other-key", "What is encrypted with another key is refused", "§1.5.2", other_cipher),
    _row("encrypt.random", "Random bytes are refused", "§1.5.2", random_blocks),
    _row("encrypt.suite", "Encrypt.Suite names its method", "§1.5.1", suite),
)
