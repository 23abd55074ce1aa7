"""Framing: what is cut out of the line, and that nothing of it is lost."""

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from families.emporia.emporia_examples import CODE, E1_TO_E6, E21, E22
from unclouded.core.errors import WireError
from unclouded.core.family import Sender
from unclouded.families.emporia.frame import (
    GAP,
    LONGEST_NOISE,
    EmporiaFrame,
    EmporiaFramer,
    EmporiaNoise,
    request,
    response,
)

E1 = E1_TO_E6[0]
LONGEST_FRAME = 260  # bytes: 24 01 type length, 255 of payload, 0D


def cut(data: bytes, sender: Sender | None = "device") -> list[EmporiaFrame | EmporiaNoise]:
    framer = EmporiaFramer(sender, gap=None)
    return framer.feed(data) + framer.close()


def merged(pieces: list[EmporiaFrame | EmporiaNoise]) -> list[EmporiaFrame | tuple[str, bytes]]:
    result: list[EmporiaFrame | tuple[str, bytes]] = []
    for piece in pieces:
        if isinstance(piece, EmporiaFrame):
            result.append(piece)
        elif result and isinstance(last := result[-1], tuple) and last[0] == piece.reason:
            result[-1] = (piece.reason, last[1] + piece.data)
        else:
            result.append((piece.reason, piece.data))
    return result


def frames_of(pieces: list[EmporiaFrame | EmporiaNoise]) -> list[EmporiaFrame]:
    return [piece for piece in pieces if isinstance(piece, EmporiaFrame)]


def reasons_of(pieces: list[EmporiaFrame | EmporiaNoise]) -> list[str]:
    return [piece.reason for piece in pieces if isinstance(piece, EmporiaNoise)]


def test_the_sniffed_readings_are_frames_and_nothing_else() -> None:
    pieces = cut(b"".join(E1_TO_E6))
    assert [bytes(piece) for piece in pieces] == list(E1_TO_E6)
    assert {piece.type for piece in frames_of(pieces)} == {"r"}


def test_the_documented_mac_example() -> None:
    assert cut(E21) == [EmporiaFrame("device", "m", bytes.fromhex("1122334455667788"))]


def test_a_flood_of_join_answers_gives_each_of_them() -> None:
    assert merged(cut(E22)) == [EmporiaFrame("device", "j", b"\0")] * 3 + [("stray bytes", b"$\x01")]


def test_requests_are_three_bytes() -> None:
    assert request("m") == bytes.fromhex("24 6D 0D")
    assert cut(b"$r\r$f\r", "controller") == [EmporiaFrame("controller", "r"), EmporiaFrame("controller", "f")]


def test_a_line_tapped_in_both_directions_separates_requests_from_responses() -> None:
    assert cut(b"$m\r" + E21 + b"$r\r", None) == [
        EmporiaFrame("controller", "m"),
        EmporiaFrame("device", "m", E21[4:12]),
        EmporiaFrame("controller", "r"),
    ]


def test_log_text_stands_between_frames_and_may_hold_dollars() -> None:
    pieces = cut(b"SeIhd>\r\ncost $5, type $r\r\n" + E1 + b"sMRB len 37\r\n")
    assert merged(pieces) == [
        ("text", b"SeIhd>\r\ncost $5, type $r\r\n"),
        EmporiaFrame("device", "r", E1[4:-1]),
        ("text", b"sMRB len 37\r\n"),
    ]


def test_text_comes_line_by_line() -> None:
    assert EmporiaFramer().feed(b"SeIhd>\r\nsMRB len 37\r\nhalf a li") == [
        EmporiaNoise(b"SeIhd>\r\n", "text"),
        EmporiaNoise(b"sMRB len 37\r\n", "text"),
    ]


def test_a_false_header_does_not_swallow_the_frame_behind_it() -> None:
    pieces = cut(b"$\x01r\x05abc\r" + E1)
    assert frames_of(pieces) == [EmporiaFrame("device", "r", E1[4:-1])]
    assert reasons_of(pieces) == ["no carriage return at the end"]


@pytest.mark.parametrize("before", [b"$", b"$\x01", b"$\x01r", b"$$$"])
def test_a_frame_may_begin_right_after_half_a_header(before: bytes) -> None:
    assert merged(cut(before + E21))[-1] == EmporiaFrame("device", "m", E21[4:-1])


def test_a_dollar_and_a_carriage_return_inside_a_payload_are_payload() -> None:
    payload = b"\x24\x01\x6a\x01\x00\x0d\x0d\x24"
    assert cut(response("r", payload)) == [EmporiaFrame("device", "r", payload)]


@pytest.mark.parametrize("head", [b"$\x01j\x02", b"$\x01m\x07", b"$\x01f\x00", b"$\x01i\xff"])
def test_a_length_that_its_type_does_not_have_is_refused_at_once(head: bytes) -> None:
    pieces = cut(head + E1)
    assert frames_of(pieces) == [EmporiaFrame("device", "r", E1[4:-1])]
    assert reasons_of(pieces) == [f"length {head[3]} of {chr(head[2])}"]


def test_an_open_candidate_is_refused_a_tenth_of_a_second_after_its_last_byte() -> None:
    framer = EmporiaFramer()
    assert framer.feed(E1[:20], 5.0) == []
    assert framer.deadline() == 5.0 + GAP
    assert framer.feed(E1[20:30], 5.09) == []
    assert framer.deadline() == 5.09 + GAP
    assert framer.tick(5.15) == []
    assert framer.tick(5.19) == [EmporiaNoise(E1[:30], "cut short")]
    assert framer.deadline() is None


def test_a_frame_inside_a_candidate_that_never_ends_comes_out_at_the_gap() -> None:
    framer = EmporiaFramer()
    assert framer.feed(b"$\x01r\xff" + E1, 0.0) == []
    assert framer.tick(GAP) == [EmporiaNoise(b"$\x01r\xff", "cut short"), EmporiaFrame("device", "r", E1[4:-1])]


def test_bytes_after_a_gap_never_complete_what_came_before_it() -> None:
    framer = EmporiaFramer()
    framer.feed(E1[:-1], 0.0)
    assert merged(framer.feed(E1[-1:] + E21, 1.0)) == [
        ("cut short", E1[:-1]),
        ("text", b"\r"),
        EmporiaFrame("device", "m", E21[4:-1]),
    ]


def test_a_bridge_that_pauses_is_waited_for() -> None:
    framer = EmporiaFramer(gap=None)
    framer.feed(E1[:-1], 0.0)
    assert framer.deadline() is None
    assert framer.feed(E1[-1:], 99.0) == [EmporiaFrame("device", "r", E1[4:-1])]


def test_an_install_code_is_in_no_text() -> None:
    frame = EmporiaFrame("device", "i", CODE)
    for text in (str(frame), repr(frame), repr(EmporiaNoise(bytes(frame), "cut short"))):
        assert "1122" not in text and "\\x11" not in text
    assert str(frame) == "install code [8 bytes]"


def test_a_payload_has_at_most_255_bytes() -> None:
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
def test_chunks_make_no_difference_and_no_byte_vanishes(data: bytes, borders: list[int], sender: Sender | None) -> None:
    framer = EmporiaFramer(sender, gap=None)
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
def test_whole_frames_come_out_whatever_their_payload(payloads: list[bytes]) -> None:
    stream = b"".join(response("r", payload) for payload in payloads)
    assert cut(stream) == [EmporiaFrame("device", "r", payload) for payload in payloads]


@given(st.binary(min_size=1, max_size=3000).filter(lambda data: b"$" not in data))
@settings(max_examples=50, deadline=None)
def test_noise_comes_in_pieces_that_are_not_too_long(data: bytes) -> None:
    assert all(isinstance(piece, EmporiaNoise) and len(piece.data) <= LONGEST_NOISE for piece in cut(data))
