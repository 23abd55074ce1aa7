"""Checks of what a hub asks a plug: envelopes, HTTP, and which namespaces, in two minutes of use.

Source: docs/protocols/meross.md §1.1, §1.2, §1.4, §1.8.
"""

import re
from collections import Counter
from collections.abc import Callable, Sequence
from typing import Any

from unclouded.conformance.check import Check, Grade
from unclouded.conformance.line import LineEntry, Script
from unclouded.conformance.meross.hub.played_plug import HubLine, asked
from unclouded.conformance.meross.wire.frames import MerossFrame, messages
from unclouded.conformance.rows import judged, row
from unclouded.families.meross.plug.state.dialects import DIALECTS
from unclouded.families.meross.wire import namespaces
from unclouded.families.meross.wire.envelope import DELETE, GET, PUSH, SET, verify

USUAL, HTTP = "usual", "http"  # the preparations
USUAL_S = 130.0  # a poll each minute shows twice
ID = re.compile(r"[0-9a-f]{32}")
LATEST_S = 5  # s that a timestamp may be off; ours
MOST_PER_MINUTE = 60  # requests; ours: a plug has one connection
LONGEST_REQUEST = 1_000  # bytes; docs/protocols/meross.md §1.4.4
LONGEST_MULTIPLE = 642  # bytes of its payload
METHODS = {GET, SET, PUSH, DELETE}
SERVED = (namespaces.CLOCK, namespaces.BIND, namespaces.CONSUMPTION_CONFIG)
PREFIX = "Appliance."
IDENTITY = (namespaces.ALL, namespaces.ABILITY, namespaces.HARDWARE)
METER = (namespaces.ELECTRICITY, namespaces.CONSUMPTIONX, namespaces.CONSUMPTION)


def http_only(line: HubLine) -> Script[None]:
    if not line.end.is_http:
        line.skip("It needs a link like http-listen://0.0.0.0:8080.")
    yield from ()


def usual(line: HubLine) -> Script[None]:
    """From the first request on."""
    yield from line.pause(USUAL_S)
    line.observed["all of it"] = tuple(line.log.since(0))


def short(namespace: str) -> str:
    """A namespace without its common beginning."""
    return namespace.removeprefix(PREFIX)


def requests(entries: Sequence[LineEntry], *wanted: str) -> list[LineEntry]:
    """What the hub sent, of these namespaces where some are named; parts of a Multiple count as it."""
    sent = [one for one in entries if one.sender == "controller" and one.frame is not None and is_request(one.frame)]
    return [one for one in sent if not wanted or any(name in wanted for name in asked(one.frame))]


def is_request(frame: MerossFrame) -> bool:
    """Whether the hub asks something, be it ever so odd; not what it answers to a plug that it is the server of."""
    if frame.envelope is None:
        return frame.http is not None
    return not (frame.packet is not None and frame.header.namespace in SERVED)


def of_usual(line: HubLine) -> list[LineEntry]:
    """All requests of the hub to a usual plug; the check is skipped where there are none."""
    found = requests(line.observed["all of it"])
    if not found:
        line.skip("It has sent nothing.")
    return found


def _each(judge: Callable[[HubLine, LineEntry], object], wrong: str) -> Callable[[HubLine], Script[None]]:
    def judge_all(line: HubLine) -> None:
        for one in of_usual(line):
            line.require(judge(line, one), f"A request {wrong}.")

    return judged(judge_all)


# --- envelopes --------------------------------------------------------------------------------------------


def _field(name: str, test: Callable[[Any], object]) -> Callable[[HubLine, LineEntry], object]:  # Any: JSON
    return lambda line, one: test(one.frame.whole["header"].get(name))


def unique_ids(line: HubLine) -> None:
    counts = Counter(one.frame.header.message_id for one in of_usual(line))
    line.require(max(counts.values()) == 1, "A messageId is used again.")


def right_time(line: HubLine, one: LineEntry) -> bool:
    return abs(int(one.frame.header.timestamp) - line.ambient.wall(one.at)) <= LATEST_S


def known(line: HubLine) -> None:
    odd = {name for one in of_usual(line) for name in asked(one.frame) if name not in namespaces.BY_NAME}
    line.require(not odd, f"It asks for {', '.join(sorted(odd))[:120]}, which no page names.")


def whole_payload(line: HubLine, one: LineEntry) -> bool:
    return isinstance(one.frame.whole.get("payload"), dict)


# --- HTTP -----------------------------------------------------------------------------------------------


def post(line: HubLine, one: LineEntry) -> bool:
    return bool(one.frame.http.first.startswith("POST /config HTTP/1."))


def length(line: HubLine, one: LineEntry) -> bool:
    http = one.frame.http
    return bool(http.is_whole and http.header("Content-Length") == str(len(http.body)))


def content_type(line: HubLine, one: LineEntry) -> bool:
    return "json" in (one.frame.http.header("Content-Type") or "").lower()


def is_short(line: HubLine, one: LineEntry) -> bool:
    http = one.frame.http
    return len(http.first) + sum(len(text) + 1 for text in http.lines) + len(http.body) <= LONGEST_REQUEST


def one_at_a_time(line: HubLine) -> None:
    """No request comes while another one is not answered."""
    waiting: set[int] = set()
    for one in line.observed["all of it"]:
        if one.sender == "device":
            waiting.discard(one.re)
        elif one.re:
            line.require(not waiting, "It has asked while another request was not answered.")
            waiting.add(one.re)


# --- what it asks ---------------------------------------------------------------------------------------------


def first_request(line: HubLine) -> None:
    names = asked(of_usual(line)[0].frame)
    line.require(set(names) & set(IDENTITY), f"Its first request is {short(names[0])}, which does not show the plug.")


def abilities_first(line: HubLine) -> None:
    """What it has is known before anything but its identity is asked."""
    allowed = {*IDENTITY, namespaces.FIRMWARE, namespaces.TIME, namespaces.SUITE}
    for one in of_usual(line):
        names = asked(one.frame)
        if namespaces.ABILITY in names:
            return
        odd = [name for name in names if name not in allowed]
        line.require(not odd, f"It asks for {', '.join(map(short, odd))} before the ability list.")
    line.fail("It does not ask for the ability list.")


def only_listed(line: HubLine, entries: Sequence[LineEntry], dialect: str) -> None:
    """Nothing is asked that the plug does not list."""
    listed = {f"{PREFIX}{name}" for name in DIALECTS[dialect].abilities}
    odd = {name for one in requests(entries) for name in asked(one.frame)} - listed
    line.require(not odd, f"It asks for {', '.join(sorted(map(short, odd)))}, which the plug does not list.")


def meter(line: HubLine) -> None:
    count = len(requests(line.observed["all of it"], namespaces.ELECTRICITY))
    line.require(count >= 2, f"In {USUAL_S:g} s it has asked for Control.Electricity {count} times.")


def energy(line: HubLine) -> None:
    line.require(requests(line.observed["all of it"], *METER[1:]), "It has not asked for the energy by day.")


def state(line: HubLine) -> None:
    wanted = (namespaces.ALL, namespaces.TOGGLEX)
    line.require(requests(line.observed["all of it"], *wanted), "It has not asked for the relay.")


def rate(line: HubLine) -> None:
    times = [one.at for one in of_usual(line)]
    busiest = max(sum(at <= other < at + 60 for other in times) for at in times)
    line.require(busiest <= MOST_PER_MINUTE, f"It has sent {busiest} requests in a minute.")


def _multiples(line: HubLine) -> list[MerossFrame]:
    found = messages(line.observed["all of it"], namespaces.MULTIPLE, SET)
    if not found:
        line.not_applicable("It sends no Multiple.")
    return found


def multiple_size(line: HubLine) -> None:
    for frame in _multiples(line):
        assert frame.envelope is not None
        size = len(frame.envelope.payload)
        line.require(size <= LONGEST_MULTIPLE, f"The payload of a Multiple has {size} bytes.")


def multiple_number(line: HubLine) -> None:
    most = DIALECTS["hw2"].most_commands
    for frame in _multiples(line):
        number = len(frame.payload["multiple"])
        line.require(number <= most, f"A Multiple has {number} requests; the plug lists {most}.")


def multiple_headers(line: HubLine) -> None:
    for frame in _multiples(line):
        for one in frame.payload["multiple"]:
            header = one["header"]
            line.require({"messageId", "method", "namespace"} <= header.keys(), "A header in a Multiple lacks a field.")
            line.require(isinstance(one["payload"], dict), "A request in a Multiple has no payload.")


def no_secrets(line: HubLine) -> None:
    """The key that both know is in no message."""
    if not line.key:
        line.not_applicable("The key is empty.")
    for one in of_usual(line):
        line.require(line.key.encode() not in one.data, "A request contains the key.")


# --- the table ------------------------------------------------------------------------------------------------


def _row(
    id: str, title: str, clause: str, script: Any, grade: Grade = "must", needs: tuple[str, ...] = ()
) -> Check:  # Any: a script's maker
    return row(f"hub.{id}", title, clause, script, grade, needs=(*needs, USUAL))


def _http(id: str, title: str, clause: str, script: Any, grade: Grade = "must") -> Check:  # Any: a script's maker
    return _row(f"http.{id}", title, clause, script, grade, (HTTP,))


HTTP_REQUEST_CHECKS: tuple[Check, ...] = (
    _http("post", "Requests are POST /config", "§1.4.1", _each(post, "is not POST /config")),
    _http("length", "The length in the head is that of the body", "§1.4.1", _each(length, "has a wrong length")),
    _http("content-type", "The content type is JSON", "§1.4.1", _each(content_type, "names another type"), "should"),
    _http("short", "A request has at most 1,000 bytes", "§1.4.4", _each(is_short, "is longer")),
    _http("one-at-a-time", "It waits for an answer before it asks again", "§1.4.3", judged(one_at_a_time)),
)
HUB_REQUEST_CHECKS: tuple[Check, ...] = (
    _row(
        "request.id",
        "messageId has 32 digits or lower-case letters a to f",
        "§1.1",
        _each(_field("messageId", lambda text: ID.fullmatch(str(text))), "has another messageId"),
    ),
    _row("request.unique", "No messageId is used twice", "§1.1", judged(unique_ids)),
    _row(
        "request.signed",
        "Requests are signed with the key of the plug",
        "§1.2",
        _each(lambda line, one: verify(one.frame.header, line.key), "has a wrong signature"),
    ),
    _row("request.time", "timestamp is the current time", "§1.2", _each(right_time, "has another time")),
    _row(
        "request.from",
        "Requests have a from",
        "§1.1",
        _each(_field("from", lambda text: text and isinstance(text, str)), "has no from"),
    ),
    _row(
        "request.method",
        "Methods are GET, SET, PUSH and DELETE",
        "§1.1",
        _each(lambda line, one: one.frame.header.method in METHODS, "has another method"),
    ),
    _row(
        "request.version",
        "payloadVersion is 1, or left out",
        "§1.1",
        _each(_field("payloadVersion", lambda value: value in (None, 1)), "has another payloadVersion"),
    ),
    _row("request.payload", "The payload is an object", "§1.1", _each(whole_payload, "has no payload")),
    _row("request.namespace", "It asks for namespaces that exist", "§1.8", judged(known), "should"),
    _row("request.no-key", "No message contains the key", "§1.2", judged(no_secrets)),
    _row("start.identity", "Its first request shows which plug it is", "§1.8.1.1", judged(first_request), "should"),
    _row(
        "start.abilities",
        "It asks what the plug has before it asks for that",
        "§1.0.1",
        judged(abilities_first),
        "should",
    ),
    _row(
        "start.listed",
        "It asks only for what the plug lists",
        "§1.0.1",
        judged(lambda line: only_listed(line, line.observed["all of it"], "hw2")),
    ),
    _row("polls.meter", "It asks for power more than once in two minutes", "§1.8.10", judged(meter), "should"),
    _row("polls.energy", "It asks for the energy by day", "§1.8.11", judged(energy), "should"),
    _row("polls.relay", "It asks for the relay", "§1.8.9", judged(state), "should"),
    _row("polls.rate", "It sends at most 60 requests in a minute", "§1.4.3", judged(rate), "should"),
    _row("multiple.size", "The payload of a Multiple has at most 642 bytes", "§1.4.4", judged(multiple_size)),
    _row(
        "multiple.number",
        "A Multiple has at most as many requests as the plug lists",
        "§1.8.16",
        judged(multiple_number),
    ),
    _row(
        "multiple.headers", "Headers in a Multiple have id, method and namespace", "§1.8.16", judged(multiple_headers)
    ),
)
