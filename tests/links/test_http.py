import asyncio
import socket
from collections import Counter
from collections.abc import Callable
from pathlib import Path

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from links.http_server import HttpServer, Visit, whole
from links.recorder import RecordingInlet
from unclouded.core.errors import ConfigError, WireError
from unclouded.core.sessions.session import Failure, Out
from unclouded.links.http import link as http
from unclouded.links.http.link import PATH, QUEUE_LIMIT, HttpLink, open_http
from unclouded.links.http.reply import ANSWER_LIMIT, HEAD_LIMIT, ReplyReader
from unclouded.links.url import parse


def link_to(server: HttpServer, timeout: float = 5.0) -> HttpLink:
    return HttpLink("127.0.0.1", server.port, timeout)


def echo(visit: Visit) -> None:
    visit.send(whole(b"you said " + visit.body))
    visit.abort()


async def result(script: bytes | None, timeout: float = 5.0) -> tuple[RecordingInlet, str]:
    """The result of one datagram when the server sends ``script`` and closes; None: it sends nothing."""

    def play(visit: Visit) -> None:
        if script is not None:
            visit.send(script)
            visit.abort()

    inlet = RecordingInlet()
    async with HttpServer(play) as server:
        link = link_to(server, timeout)
        link.start(inlet)
        link.send(Out(b"{}", id=7))
        await inlet.until(lambda: len(inlet.events) + len(inlet.datagrams) == 2)
        problem = link.problem
        await link.close()
    return inlet, problem


async def test_a_plug_is_asked_and_its_answer_has_the_number_of_the_question() -> None:
    inlet = RecordingInlet()
    async with HttpServer(echo) as server:
        link = link_to(server)
        link.start(inlet)
        assert inlet.events == [("up", "http")]
        link.send(Out(b'{"header":{}}', id=41))
        await inlet.until(lambda: bool(inlet.datagrams))
        await link.close()
    assert inlet.datagrams == [(b'you said {"header":{}}', "http", 41)]
    assert PATH.answers and not PATH.push and PATH.window == 1


async def test_the_request_is_as_short_as_can_be() -> None:
    """Plugs take about 1 kB, headers and all."""
    inlet = RecordingInlet()
    async with HttpServer(echo) as server:
        link = link_to(server)
        link.start(inlet)
        link.send(Out(b"{}", id=1))
        await inlet.until(lambda: bool(inlet.datagrams))
        await link.close()
        head = server.visits[0].request
    lines = head.rstrip().split(b"\r\n")
    assert lines[0] == b"POST /config HTTP/1.1"
    assert b"Content-Type: application/json" in lines
    assert len(head) < 160


async def test_a_plug_has_one_connection_at_a_time_and_receives_requests_in_order() -> None:
    inlet = RecordingInlet()
    async with HttpServer(echo) as server:
        link = link_to(server)
        link.start(inlet)
        for number in range(1, QUEUE_LIMIT + 1):
            link.send(Out(b"%d" % number, id=number))
        await inlet.until(lambda: len(inlet.datagrams) == QUEUE_LIMIT)
        await link.close()
        assert server.most_open == 1
        assert [visit.body for visit in server.visits] == [b"%d" % number for number in range(1, QUEUE_LIMIT + 1)]
    assert [re for _, _, re in inlet.datagrams] == list(range(1, QUEUE_LIMIT + 1))


async def test_a_connection_that_the_plug_keeps_open_is_not_used_again() -> None:
    inlet = RecordingInlet()
    async with HttpServer(lambda visit: visit.send(b"HTTP/1.1 200 OK\r\nContent-Length: 2\r\n\r\n{}")) as server:
        link = link_to(server)
        link.start(inlet)
        link.send(Out(b"one", id=1))
        link.send(Out(b"two", id=2))
        await inlet.until(lambda: len(inlet.datagrams) == 2)
        await link.close()
        assert [visit.body for visit in server.visits] == [b"one", b"two"]


async def test_what_does_not_fit_fails_as_full() -> None:
    inlet = RecordingInlet()
    async with HttpServer(lambda visit: None) as server:
        link = link_to(server)
        link.start(inlet)
        for number in range(1, QUEUE_LIMIT + 4):
            link.send(Out(b"?", id=number))
        await inlet.until(lambda: len(inlet.events) == 4)
        assert inlet.events[1:] == [
            ("failed", number, Failure.FULL) for number in range(QUEUE_LIMIT + 1, QUEUE_LIMIT + 4)
        ]
        assert link.dropped == 3
        await link.close()


async def test_close_gives_every_pending_datagram_a_result() -> None:
    inlet = RecordingInlet()
    async with HttpServer(lambda visit: None) as server:
        link = link_to(server)
        link.start(inlet)
        for number in (1, 0, 2, 3):
            link.send(Out(b"?", id=number))
        while not server.visits:
            await asyncio.sleep(0)
        await link.close()
        link.send(Out(b"too late", id=4))
        await asyncio.sleep(0)
    assert inlet.events[1:] == [("failed", number, Failure.CLOSED) for number in (1, 2, 3)]


async def test_a_link_that_never_started_can_be_closed() -> None:
    await HttpLink("127.0.0.1", 80).close()


GARBLED = {
    "truncated": b"HTTP/1.1 200 OK\r\nContent-Length: 20\r\n\r\n{}",
    "no HTTP at all": b"\x16\x03\x01\x02\x00 TLS?",
    "words": b"hello there\r\n\r\n",
    "an error": b"HTTP/1.1 500 Oops\r\nContent-Length: 2\r\n\r\n{}",
    "a redirect": b"HTTP/1.1 301 Moved\r\nLocation: http://127.0.0.1:1/\r\nContent-Length: 0\r\n\r\n",
    "broken chunks": b"HTTP/1.1 200 OK\r\nTransfer-Encoding: chunked\r\n\r\nzz\r\n{}\r\n",
    "half a head": b"HTTP/1.1 200 OK\r\nContent-Le",
    "a head without an end": b"HTTP/1.1 200 OK\r\n" + b"X-Filler: x\r\n" * (HEAD_LIMIT // 12),
    "a head that is too long": b"HTTP/1.1 200 OK\r\nX: " + b"x" * HEAD_LIMIT + b"\r\nContent-Length: 2\r\n\r\n{}",
    "two lengths": b"HTTP/1.1 200 OK\r\nContent-Length: 2\r\nContent-Length: 3\r\n\r\n{}",
    "a length that is none": b"HTTP/1.1 200 OK\r\nContent-Length: two\r\n\r\n{}",
    "half a chunk": b"HTTP/1.1 200 OK\r\nTransfer-Encoding: chunked\r\n\r\n2\r\n{",
    "too much": whole(b"x" * (ANSWER_LIMIT + 1)),
    "too much, to the end": b"HTTP/1.1 200 OK\r\n\r\n" + b"x" * (ANSWER_LIMIT + 1),
}


@pytest.mark.parametrize("name", GARBLED)
async def test_what_is_no_whole_reply_is_garbled(name: str) -> None:
    inlet, problem = await result(GARBLED[name])
    assert inlet.events[1:] == [("failed", 7, Failure.GARBLED)]
    assert "Is it really that device's address?" in problem


LENIENT = {
    "a control character": b"HTTP/1.1 200 OK\r\nServer: a\x01b\r\nContent-Length: 2\r\n\r\n{}",
    "lines without CR": b"HTTP/1.1 200 OK\nContent-Length: 2\n\n{}",
    "no length": b"HTTP/1.0 200 OK\r\n\r\n{}",
    "no reason": b"HTTP/1.1 200\r\nContent-Length: 2\r\n\r\n{}",
    "a folded header": b"HTTP/1.1 200 OK\r\nServer: a\r\n b\r\nContent-Length: 2\r\n\r\n{}",
    "another type": b"HTTP/1.1 200 OK\r\nContent-Type: text/html\r\nContent-Length: 2\r\n\r\n{}",
    "a packed body that is not": b"HTTP/1.1 200 OK\r\nContent-Encoding: gzip\r\nContent-Length: 2\r\n\r\n{}",
    "two answers": b"HTTP/1.1 200 OK\r\nContent-Length: 2\r\n\r\n{}" * 2,
    "an answer after the last one": whole(b"{}") + whole(b"[]"),
    "a space after a name": b"HTTP/1.1 200 OK\r\nServer : a\r\nContent-Length: 2\r\n\r\n{}",
    "a space after the name of the length": b"HTTP/1.1 200 OK\r\nContent-Length : 2\r\n\r\n{}HTTP/1.1 200",
    "a tab after a name": b"HTTP/1.1 200 OK\r\nContent-Length\t: 2\r\n\r\n{}more",
    "chunks with a space after the name": b"HTTP/1.1 200 OK\r\nTransfer-Encoding : chunked\r\n\r\n2\r\n{}\r\n0\r\n\r\n",
    "a line without a colon": b"HTTP/1.1 200 OK\r\nEmbedded\r\nContent-Length: 2\r\n\r\n{}",
    "a header without a name": b"HTTP/1.1 200 OK\r\n: a\r\nContent-Length: 2\r\n\r\n{}",
    "a first header that is folded": b"HTTP/1.1 200 OK\r\n Content-Length: 9\r\n\r\n{}",
    "bytes beyond ASCII": b"HTTP/1.1 200 \xd6K\r\nS\xe9rver: \xff\x00\r\nContent-Length: 2\r\n\r\n{}",
    "100 Continue": b"HTTP/1.1 100 Continue\r\n\r\nHTTP/1.1 200 OK\r\nContent-Length: 2\r\n\r\n{}",
    "the same length twice": b"HTTP/1.1 200 OK\r\nContent-Length: 2\r\nContent-Length: 2\r\n\r\n{}",
    "another coding": b"HTTP/1.1 200 OK\r\nTransfer-Encoding: identity\r\nContent-Length: 2\r\n\r\n{}",
}


@pytest.mark.parametrize("name", LENIENT)
async def test_what_can_be_understood_is(name: str) -> None:
    inlet, problem = await result(LENIENT[name])
    assert inlet.datagrams == [(b"{}", "http", 7)]
    assert problem == ""


def read_in_pieces(reply: bytes, sizes: list[int]) -> bytes | None:
    """The body of a reply that arrives in pieces of these sizes; None = it is no complete reply."""
    reader, at = ReplyReader(), 0
    try:
        for size in [*sizes, len(reply)]:
            if reader.body is None and at < len(reply):
                reader.feed(reply[at : at + size])
                at += size
        if reader.body is None:
            reader.feed(b"")
    except WireError:
        return None
    return reader.body


@given(st.sampled_from([*LENIENT.values(), *GARBLED.values()]), st.lists(st.integers(1, 12), max_size=60))
@settings(max_examples=200, deadline=None)
def test_a_reply_in_pieces_is_the_same_reply(reply: bytes, sizes: list[int]) -> None:
    assert read_in_pieces(reply, sizes) == (b"{}" if reply in LENIENT.values() else None)


@given(st.sampled_from([*LENIENT.values()]), st.integers(0, 200), st.binary(max_size=9), st.lists(st.integers(1, 50)))
@settings(max_examples=300, deadline=None)
def test_a_damaged_reply_is_read_or_rejected_but_raises_nothing_else(
    reply: bytes, at: int, noise: bytes, sizes: list[int]
) -> None:
    read_in_pieces(reply[:at] + noise + reply[at:], sizes)


async def test_a_plug_that_closes_the_connection_without_an_answer() -> None:
    inlet, problem = await result(b"")
    assert inlet.events[1:] == [("failed", 7, Failure.CLOSED)]
    assert "the key is wrong" in problem


async def test_a_plug_that_never_answers_times_out() -> None:
    inlet, problem = await result(None, timeout=0.05)
    assert inlet.events[1:] == [("failed", 7, Failure.TIMEOUT)]
    assert problem == (
        f"{problem.split()[0]} did not answer in 0.05 s. Is it switched on, and within reach of the Wi-Fi?"
    )


async def test_a_late_answer_is_never_taken_for_the_next_one() -> None:
    """The connection of a question that timed out is gone, and its answer with it."""
    inlet = RecordingInlet()
    late: list[Visit] = []

    def play(visit: Visit) -> None:
        if late:
            late[0].send(whole(b"late"))
            echo(visit)
        else:
            late.append(visit)

    async with HttpServer(play) as server:
        link = link_to(server, timeout=1.0)
        link.start(inlet)
        link.send(Out(b"first", id=1))
        link.send(Out(b"second", id=2))
        await inlet.until(lambda: len(inlet.events) == 2)
        await inlet.until(lambda: bool(inlet.datagrams))
        await link.close()
    assert inlet.events[1:] == [("failed", 1, Failure.TIMEOUT)]
    assert inlet.datagrams == [(b"you said second", "http", 2)]


async def test_a_closed_port_is_reported_as_refused() -> None:
    with socket.create_server(("127.0.0.1", 0)) as held:
        port = held.getsockname()[1]
    inlet = RecordingInlet()
    link = HttpLink("127.0.0.1", port)
    link.start(inlet)
    link.send(Out(b"{}", id=1))
    await inlet.until_events("up", "failed")
    assert inlet.events[1] == ("failed", 1, Failure.REFUSED)
    assert "Is that the device's address" in link.problem
    await link.close()


async def test_an_unknown_host_name_is_reported_as_gone() -> None:
    inlet = RecordingInlet()
    link = open_http(parse("http://no-such-plug.invalid"), 0, Path())
    link.start(inlet)
    link.send(Out(b"{}", id=1))
    await inlet.until_events("up", "failed")
    assert inlet.events[1] == ("failed", 1, Failure.GONE)
    await link.close()


async def test_a_problem_is_logged_once_and_when_it_is_over(caplog: pytest.LogCaptureFixture) -> None:
    caplog.set_level("INFO", "unclouded.links")
    inlet = RecordingInlet()
    async with HttpServer(lambda visit: visit.abort()) as server:
        link = link_to(server)
        link.start(inlet)
        for number in (1, 2):
            link.send(Out(b"{}", id=number))
        await inlet.until_events("up", "failed", "failed")
        server.script = echo
        link.send(Out(b"{}", id=3))
        await inlet.until(lambda: bool(inlet.datagrams))
        await link.close()
    events = [record.getMessage() for record in caplog.records if record.name == "unclouded.links"]
    assert len(events) == 2
    assert "closed the connection without an answer" in events[0] and events[1].endswith("answers again.")


async def test_a_datagram_without_an_id_is_sent_all_the_same() -> None:
    inlet = RecordingInlet()
    async with HttpServer(echo) as server:
        link = link_to(server)
        link.start(inlet)
        link.send(Out(b"{}"))
        await inlet.until(lambda: bool(inlet.datagrams))
        server.script = Visit.abort
        link.send(Out(b"{}"))
        link.send(Out(b"{}", id=1))
        await inlet.until_events("up", "failed")
        await link.close()
    assert inlet.datagrams == [(b"you said {}", "http", 0)]


# --- the rules of request/response paths -----------------------------------------------------------


def cut_off(visit: Visit, data: bytes) -> None:
    visit.send(data)
    visit.abort()


TRICKS: dict[str, Callable[[Visit], object]] = {
    "answer": echo,
    "twice": lambda visit: cut_off(visit, whole(b"a") * 2),
    "hang up": Visit.abort,
    "reset": Visit.reset,
    "cut short": lambda visit: cut_off(visit, whole(b"long enough")[:-3]),
    "half a head": lambda visit: cut_off(visit, b"HTTP/1.1 200"),
    "garbage": lambda visit: cut_off(visit, b"\0\xff\r\n\r\n"),
    "say nothing": lambda visit: None,
    "keep open": lambda visit: visit.send(whole(b"still here")),
}


@given(
    tricks=st.lists(st.sampled_from(sorted(TRICKS)), max_size=8),
    ids=st.lists(st.booleans(), max_size=14),
    turns=st.integers(0, 60),
    closes_early=st.booleans(),
)
@settings(max_examples=60, deadline=None)
def test_every_datagram_with_an_id_has_exactly_one_fate(
    tricks: list[str], ids: list[bool], turns: int, closes_early: bool
) -> None:
    asyncio.run(law(tricks, ids, turns, closes_early))


async def law(tricks: list[str], ids: list[bool], turns: int, closes_early: bool) -> None:
    """Whatever the plug does, and whenever the link is closed."""
    inlet = RecordingInlet()
    script = iter(tricks)

    def play(visit: Visit) -> None:
        name = next(script, "answer")
        TRICKS[name](visit)

    numbers = {number for number, counts in enumerate(ids, 1) if counts}
    async with HttpServer(play) as server:
        link = link_to(server, timeout=0.02)
        link.start(inlet)
        for number, counts in enumerate(ids, 1):
            link.send(Out(b"?", id=number if counts else 0))
        for _ in range(turns):
            await asyncio.sleep(0)
        if not closes_early:
            await inlet.until(lambda: numbers <= fates(inlet).keys())
        await asyncio.sleep(0)  # FULL is reported in the next loop iteration
        await link.close()
        assert server.most_open <= 2  # the next may dial before the server has noticed the end of the last
    assert {number: count for number, count in fates(inlet).items() if number} == dict.fromkeys(numbers, 1)


def fates(inlet: RecordingInlet) -> Counter[object]:
    failed = Counter(what[1] for what in inlet.events if what[0] == "failed")
    return failed + Counter(re for _, _, re in inlet.datagrams)


# --- addresses -------------------------------------------------------------------------------------


@pytest.mark.parametrize(
    ("text", "url"),
    [
        ("http://192.168.1.40", "http://192.168.1.40:80/config"),
        ("http://plug.local:8080/", "http://plug.local:8080/config"),
        ("http://[fe80::1]", "http://[fe80::1]:80/config"),
        ("http://[fe80::1]:81?timeout=2.5", "http://[fe80::1]:81/config"),
    ],
)
def test_an_address_names_the_plug_and_perhaps_a_port(text: str, url: str) -> None:
    link = open_http(parse(text), 0, Path())
    assert isinstance(link, HttpLink) and link.url == url
    assert link.timeout == (2.5 if "timeout" in text else http.TIMEOUT_S)


@pytest.mark.parametrize(
    ("text", "words"),
    [
        ("http://", "needs a host"),
        ("http://a b", "has an invalid host"),
        ("http://host/config", "is not of the form http://192.168.1.40"),
        ("http://me:secret@host", "has a user name"),
        ("http://host:0", "A port is a number"),
        ("http://host?timeout=0", "Set how many seconds"),
        ("http://host?timeout=soon", "It must be a number from 0 to 120"),
        ("http://host?speed=1", "unknown setting 'speed'. It takes timeout"),
    ],
)
def test_a_wrong_address_is_explained(text: str, words: str) -> None:
    with pytest.raises(ConfigError) as caught:
        open_http(parse(text), 0, Path())
    assert words in str(caught.value)
    assert "secret" not in str(caught.value)
