"""Bytes of NATS: any pieces give the same events, and nothing that comes raises or is kept without bound."""

import pytest
from hypothesis import given
from hypothesis import strategies as st

from unclouded.links.nats.wire import (
    LARGEST_MESSAGE,
    LONGEST_LINE,
    NatsComplaint,
    NatsEvent,
    NatsInfo,
    NatsMessage,
    NatsParser,
    publish_bytes,
    subscribe_line,
)

PIECES = {
    b'INFO {"max_payload":99,"nonce":"n","tls_required":true,"other":[1]}\r\n': NatsInfo(99, True, nonce="n"),
    b"MSG a.b 7 3\r\n\r\nx\r\n": NatsMessage("a.b", "", b"\r\nx", 7),
    b"MSG a.b 7 _INBOX.1 0\r\n\r\n": NatsMessage("a.b", "_INBOX.1", b"", 7),
    b"HMSG _INBOX.1 1 16 16\r\nNATS/1.0 503\r\n\r\n\r\n": NatsMessage("_INBOX.1", "", b"", 1, True),
    b"HMSG a 1 r 21 23\r\nNATS/1.0\r\nname: x\r\n\r\nhi\r\n": NatsMessage("a", "r", b"hi", 1),
    b"PING\r\n": "ping",
    b"pong\r\n": "pong",
    b"-ERR 'Authorization Violation'\r\n": NatsComplaint("Authorization Violation"),
    b"+OK\r\n": None,
}
RUBBISH = (
    b"HTTP/1.1 400 Bad Request\r\n",
    b"MSG a\r\n",
    b"MSG a x 3\r\n",
    b"MSG a 1 -3\r\n",
    b"MSG a 1 999999999999999\r\n",
    f"MSG a 1 {LARGEST_MESSAGE + 1}\r\n".encode(),
    b"HMSG a 1 30 20\r\n",
    b"MSG a 1 2\r\nabcd\r\n",
    b"MSG \xff 1 2\r\n",
    b"INFO {\r\n",
    b'INFO {"max_payload":"x"}\r\n',
    b"x" * (LONGEST_LINE + 1),
)


def fed(parser: NatsParser, data: bytes, sizes: list[int]) -> list[NatsEvent]:
    found: list[NatsEvent] = []
    place = 0
    for size in [*sizes, len(data)]:
        found += parser.receive(data[place : place + size])
        place += size
    return found


@given(st.lists(st.sampled_from(sorted(PIECES)), max_size=8), st.lists(st.integers(1, 40), max_size=30))
def test_any_pieces_give_the_same_events(chosen: list[bytes], sizes: list[int]) -> None:
    parser = NatsParser()
    assert fed(parser, b"".join(chosen), sizes) == [PIECES[one] for one in chosen if PIECES[one] is not None]
    assert (parser.broken, parser.waiting) == ("", 0)


@given(st.binary(max_size=200), st.lists(st.integers(1, 20), max_size=10))
def test_what_is_no_nats_never_raises(data: bytes, sizes: list[int]) -> None:
    fed(NatsParser(), data, sizes)
    fed(NatsParser(), b"MSG a 1 5\r\n" + data, sizes)


@pytest.mark.parametrize("data", RUBBISH, ids=range(len(RUBBISH)))
def test_rubbish_is_refused_in_words_and_what_follows_is_not_read(data: bytes) -> None:
    parser = NatsParser()
    assert parser.receive(b"PING\r\n" + data) == ["ping"]
    assert parser.broken.endswith(".")
    assert parser.receive(b"PING\r\n") == []
    assert parser.waiting == 0


@pytest.mark.parametrize("subject", ["", "a b", "a\r\nPUB x 0", "ä", "a" * 256])
def test_what_is_no_subject_cannot_be_sent(subject: str) -> None:
    with pytest.raises(ValueError, match="not a subject"):
        publish_bytes(subject, b"")
    with pytest.raises(ValueError, match="not a subject"):
        subscribe_line("a", 1, subject or " ")
