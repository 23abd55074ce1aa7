"""Framing: what is cut out of the line, and that nothing of it is lost."""

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from families.emporia.emporia_examples import CODE, E1_TO_E6, E21, E22
from unclouded.core.errors import WireError
from unclouded.families.emporia.frame import GAP, LONGEST_FRAME, LONGEST_NOISE, Frame, Framer, Noise, request, response

E1 = E1_TO_E6[0]


def cut(data: bytes, sender: str | None = "device") -> list[Frame | Noise]:
    framer = Framer(sender, gap=None)  # type: ignore[arg-type]
    return framer.feed(data) + framer.close()


def merged(pieces: list[Frame | Noise]) -> list[Frame | tuple[str, bytes]]:
    result: list = []
    for piece in pieces:
        if isinstance(piece, Frame):
            result.append(piece)
        elif result and isinstance(result[-1], tuple) and result[-1][0] == piece.reason:
            result[-1] = (piece.reason, result[-1][1] + piece.data)
        else:
            result.append((piece.reason, piece.data))
    return result


def frames_of(pieces: list[Frame | Noise]) -> list[Frame]:
    return [piece for piece in pieces if isinstance(piece, Frame)]


def reasons_of(pieces: list[Frame | Noise]) -> list[str]:
    return [piece.reason for piece in pieces if isinstance(piece, Noise)]


def test_the_sniffed_readings_are_frames_and_nothing_else():
    pieces = cut(b"".join(E1_TO_E6))
    assert [bytes(piece) for piece in pieces] == list(E1_TO_E6)
    assert {piece.type for piece in pieces} == {"r"}


def test_the_mac_example_of_the_seed():
    assert cut(E21) == [Frame("device", "m", bytes.fromhex("1122334455667788"))]


def test_a_flood_of_join_answers_gives_each_of_them():
    assert merged(cut(E22)) == [Frame("device", "j", b"\0")] * 3 + [("stray bytes", b"$\x01")]


def test_requests_are_three_bytes():
    assert request("m") == bytes.fromhex("24 6D 0D")
    assert cut(b"$r\r$f\r", "controller") == [Frame("controller", "r"), Frame("controller", "f")]


def test_a_line_tapped_both_ways_tells_requests_from_responses():
    assert cut(b"$m\r" + E21 + b"$r\r", None) == [
        Frame("controller", "m"),
        Frame("device", "m", E21[4:12]),
        Frame("controller", "r"),
    ]


def test_log_text_stands_between_frames_and_may_hold_dollars():
    pieces = cut(b"SeIhd>\r\ncost $5, type $r\r\n" + E1 + b"sMRB len 37\r\n")
    assert merged(pieces) == [
        ("text", b"SeIhd>\r\ncost $5, type $r\r\n"),
        Frame("device", "r", E1[4:-1]),
        ("text", b"sMRB len 37\r\n"),
    ]


def test_text_comes_line_by_line():
    assert Framer().feed(b"SeIhd>\r\nsMRB len 37\r\nhalf a li") == [
        Noise(b"SeIhd>\r\n", "text"),
        Noise(b"sMRB len 37\r\n", "text"),
    ]


def test_a_false_header_does_not_swallow_the_frame_behind_it():
    pieces = cut(b"$\x01r\x05abc\r" + E1)
    assert frames_of(pieces) == [Frame("device", "r", E1[4:-1])]
    assert reasons_of(pieces) == ["no carriage return at the end"]


@pytest.mark.parametrize("before", [b"$", b"$\x01", b"$\x01r", b"$$$"])
def test_a_frame_may_begin_right_after_half_a_header(before):
    assert merged(cut(before + E21))[-1] == Frame("device", "m", E21[4:-1])


def test_a_dollar_and_a_carriage_return_inside_a_payload_are_payload():
    payload = b"\x24\x01\x6a\x01\x00\x0d\x0d\x24"
    assert cut(response("r", payload)) == [Frame("device", "r", payload)]


@pytest.mark.parametrize("head", [b"$\x01j\x02", b"$\x01m\x07", b"$\x01f\x00", b"$\x01i\xff"])
def test_a_length_that_its_type_does_not_have_is_refused_at_once(head):
    pieces = cut(head + E1)
    assert frames_of(pieces) == [Frame("device", "r", E1[4:-1])]
    assert reasons_of(pieces) == [f"length {head[3]} of {chr(head[2])}"]


def test_an_open_claim_is_refused_a_tenth_of_a_second_after_its_last_byte():
    framer = Framer()
    assert framer.feed(E1[:20], 5.0) == []
    assert framer.deadline() == 5.0 + GAP
    assert framer.feed(E1[20:30], 5.09) == []
    assert framer.deadline() == 5.09 + GAP
    assert framer.tick(5.15) == []
    assert framer.tick(5.19) == [Noise(E1[:30], "cut short")]
    assert framer.deadline() is None


def test_a_frame_inside_a_claim_that_never_ends_comes_out_at_the_gap():
    framer = Framer()
    assert framer.feed(b"$\x01r\xff" + E1, 0.0) == []
    assert framer.tick(GAP) == [Noise(b"$\x01r\xff", "cut short"), Frame("device", "r", E1[4:-1])]


def test_bytes_after_a_gap_never_complete_what_came_before_it():
    framer = Framer()
    framer.feed(E1[:-1], 0.0)
    assert merged(framer.feed(E1[-1:] + E21, 1.0)) == [
        ("cut short", E1[:-1]),
        ("text", b"\r"),
        Frame("device", "m", E21[4:-1]),
    ]


def test_a_bridge_that_pauses_is_waited_for():
    framer = Framer(gap=None)
    framer.feed(E1[:-1], 0.0)
    assert framer.deadline() is None
    assert framer.feed(E1[-1:], 99.0) == [Frame("device", "r", E1[4:-1])]


def test_an_install_code_stands_in_no_words():
    frame = Frame("device", "i", CODE)
    for words in (str(frame), repr(frame), repr(Noise(bytes(frame), "cut short"))):
        assert "1122" not in words and "\\x11" not in words
    assert str(frame) == "install code [8 bytes]"


def test_a_payload_has_at_most_255_bytes():
    with pytest.raises(WireError, match="255"):
        response("r", bytes(256))


PIECE = st.one_of(
    st.sampled_from([*E1_TO_E6[:2], E21, b"$\x01r\x05abc\r", b"$", b"$\x01", b"$\x01r", b"$\x01i\x08", b"$r\r", b"\r"]),
    st.binary(max_size=24).map(lambda payload: response("r", payload)),
    st.text("SeIhd>$ \r\n", max_size=20).map(str.encode),
    st.binary(max_size=12),
)
STREAM = st.lists(PIECE, max_size=10).map(b"".join)


@given(STREAM, st.lists(st.integers(0, 400), max_size=10), st.sampled_from(["device", "controller", None]))
@settings(max_examples=200, deadline=None)
def test_chunks_make_no_difference_and_no_byte_vanishes(data, borders, sender):
    framer = Framer(sender, gap=None)
    borders = sorted(min(border, len(data)) for border in borders)
    pieces = []
    given_in = 0
    for start, end in zip([0, *borders], [*borders, len(data)], strict=True):
        pieces += framer.feed(data[start:end])
        given_in += end - start
        assert sum(len(bytes(piece)) for piece in pieces) + framer.held == given_in
        assert framer.held <= LONGEST_FRAME + LONGEST_NOISE
    pieces += framer.close()
    assert b"".join(map(bytes, pieces)) == data
    assert pieces == cut(data, sender)


@given(st.lists(st.binary(max_size=60), max_size=8))
@settings(max_examples=100, deadline=None)
def test_whole_frames_come_out_whatever_their_payload(payloads):
    stream = b"".join(response("r", payload) for payload in payloads)
    assert cut(stream) == [Frame("device", "r", payload) for payload in payloads]


@given(st.binary(min_size=1, max_size=3000).filter(lambda data: b"$" not in data))
@settings(max_examples=50, deadline=None)
def test_noise_comes_in_pieces_that_are_not_too_long(data):
    assert all(len(piece.data) <= LONGEST_NOISE for piece in cut(data))
