"""Frames from bytes: however they are chunked, damaged or cut, and what is no frame."""

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from families.hlw8032.hlw8032_examples import (
    AFTER_CUT,
    BEFORE_CUT,
    CUT_BY_NEXT,
    LOADED,
    NO_LOAD,
    REAL,
    RUNNING,
    SIBLINGS,
)
from unclouded.families.hlw8032 import frame
from unclouded.families.hlw8032.frame import (
    BAD_SUM,
    CUT,
    LENGTH,
    LONGEST_NOISE,
    STRAY,
    Hlw8032Frame,
    Hlw8032Framer,
    Hlw8032Noise,
    encode,
)

Pieces = list[Hlw8032Frame | Hlw8032Noise]


def pieces(*chunks: bytes) -> Pieces:
    framer = Hlw8032Framer()
    return [piece for chunk in chunks for piece in framer.feed(chunk)] + framer.close()


def kinds(found: Pieces) -> list[str]:
    return [piece.reason if isinstance(piece, Hlw8032Noise) else "frame" for piece in found]


def merged(found: Pieces) -> list[tuple[str, bytes]]:
    """Neighbouring stretches of the same noise as one."""
    result: list[tuple[str, bytes]] = []
    for piece, kind in zip(found, kinds(found), strict=True):
        if result and kind != "frame" and result[-1][0] == kind:
            result[-1] = (kind, result[-1][1] + piece.data)
        else:
            result.append((kind, piece.data))
    return result


@pytest.mark.parametrize("data", [*REAL, *SIBLINGS], ids=bytes.hex)
def test_a_real_frame_is_one_frame(data: bytes) -> None:
    (found,) = pieces(data)
    assert isinstance(found, Hlw8032Frame) and bytes(found) == data and len(found) == LENGTH


def test_the_fields_of_a_frame() -> None:
    found = Hlw8032Frame(LOADED)
    assert (found.state, found.flags, found.update, found.pulses) == (0x55, 0, 0x71, 572)
    assert found.registers == ((187_600, 1535), (15_575, 8273), (5_105_000, 25_155))
    assert found.coefficients == bytes.fromhex("02DCD0 003CD7 4DE568")
    assert Hlw8032Frame(NO_LOAD).flags == 2
    assert str(found) == "measurement, state 55" and str(Hlw8032Noise(b"ab", STRAY)) == "stray bytes [2 bytes]"


@pytest.mark.parametrize("data", REAL, ids=bytes.hex)
def test_a_frame_is_encoded_from_its_fields(data: bytes) -> None:
    found = Hlw8032Frame(data)
    voltage, current, power = found.registers
    assert encode(found.state, voltage, current, power, found.update, found.pulses) == found


def test_the_bits_of_the_state_and_of_the_update_byte_are_those_of_the_data_sheet() -> None:
    assert (frame.VOLTAGE_OVERFLOW, frame.CURRENT_OVERFLOW, frame.POWER_OVERFLOW) == (0b1000, 0b0100, 0b0010)
    assert (frame.COEFFICIENTS_ABNORMAL, frame.CARRY, frame.ALL_REFRESHED) == (1, 0x80, 0x70)
    assert (frame.VOLTAGE_REFRESHED, frame.CURRENT_REFRESHED, frame.POWER_REFRESHED) == (0x40, 0x20, 0x10)
    assert frame.TOP == 0xFEFF01


def test_the_counter_wraps_in_the_encoding() -> None:
    assert encode(0x55, (1, 2), (3, 4), (5, 6), 0, 65_536 + 7).pulses == 7


@pytest.mark.parametrize("state", [0x55, 0xAA, *range(0xF0, 0x100)])
def test_every_state_byte_starts_a_frame(state: int) -> None:
    data = bytes(encode(state, (1, 2), (3, 4), (5, 6), 0x71, 7))
    assert kinds(pieces(data)) == ["frame"]


@pytest.mark.parametrize("state", [0x00, 0x54, 0xA9, 0xEF])
def test_no_other_byte_does(state: int) -> None:
    data = bytes(encode(state, (1, 2), (3, 4), (5, 6), 0x71, 7))
    assert kinds(pieces(data)) == [STRAY]


def test_a_wrong_sum_costs_one_frame() -> None:
    damaged = LOADED[:-1] + b"\x25"
    assert merged(pieces(LOADED + damaged + NO_LOAD)) == [("frame", LOADED), (BAD_SUM, damaged), ("frame", NO_LOAD)]


@pytest.mark.parametrize("length", range(1, LENGTH))
def test_a_frame_that_the_next_one_cuts_off_costs_itself_alone(length: int) -> None:
    found = merged(pieces(LOADED + LOADED[:length] + NO_LOAD))
    assert found[0] == ("frame", LOADED) and found[-1] == ("frame", NO_LOAD)
    assert b"".join(data for _, data in found[1:-1]) == LOADED[:length]


def test_a_real_frame_that_was_cut_off() -> None:
    found = merged(pieces(BEFORE_CUT + CUT_BY_NEXT + AFTER_CUT))
    assert found == [("frame", BEFORE_CUT), (BAD_SUM, CUT_BY_NEXT), ("frame", AFTER_CUT)]


def test_what_looks_like_a_start_inside_a_frame_is_none() -> None:
    data = bytes(encode(0x55, (0x555A55, 0x5A555A), (0x555A55, 0x5A555A), (0xAA5AF2, 0x5A555A), 0x71, 0x555A))
    assert kinds(pieces(b"\x55" + data + data)) == [STRAY, "frame", "frame"]


def test_the_middle_of_a_stream_is_found() -> None:
    stream = b"".join(RUNNING)
    for start in range(1, LENGTH):
        found = merged(pieces(stream[start:]))
        assert [data for kind, data in found if kind == "frame"] == RUNNING[1:]
        assert [kind for kind, _ in found if kind != "frame"] == [STRAY]


def test_the_end_of_a_stream_is_cut_short() -> None:
    assert merged(pieces(LOADED + NO_LOAD[:10])) == [("frame", LOADED), (CUT, NO_LOAD[:10])]
    assert merged(pieces(LOADED + b"\x55\x5a")) == [("frame", LOADED), (CUT, b"\x55\x5a")]
    assert merged(pieces(LOADED + b"\x55")) == [("frame", LOADED), (STRAY, b"\x55")]


def test_noise_comes_in_bounded_pieces() -> None:
    found = pieces(bytes(10_000))
    assert max(len(piece.data) for piece in found) == LONGEST_NOISE


def test_after_the_end_a_new_stream_begins() -> None:
    framer = Hlw8032Framer()
    framer.feed(LOADED[:12])
    assert framer.held == 12
    framer.close()
    assert framer.held == 0 and kinds(framer.feed(LOADED)) == ["frame"]


def test_a_wrong_sum_is_the_reason_only_until_the_next_frame_or_pause() -> None:
    damaged = LOADED[:-1] + b"\x25"
    assert kinds(pieces(damaged + LOADED + bytes(2))) == [BAD_SUM, "frame", STRAY]
    framer = Hlw8032Framer()
    assert kinds(framer.feed(damaged)) == [BAD_SUM]
    framer.close()
    assert kinds(framer.feed(bytes(2))) == [STRAY]


FRAGMENTS = st.one_of(
    st.sampled_from([*REAL, *SIBLINGS]),
    st.sampled_from(REAL).flatmap(lambda data: st.integers(1, LENGTH - 1).map(lambda length: data[:length])),
    st.sampled_from([b"\x55", b"\x5a", b"\x55\x5a", b"\xf2\x5a", b"\xaa\x5a\x55\x5a"]),
    st.binary(max_size=40),
)


@given(st.lists(FRAGMENTS, max_size=8), st.lists(st.integers(0, 400), max_size=10))
@settings(max_examples=300, deadline=None)
def test_any_chunking_gives_the_same_pieces_and_no_byte_is_lost(parts: list[bytes], cuts: list[int]) -> None:
    data = b"".join(parts)
    borders = sorted(min(cut, len(data)) for cut in cuts)
    chunks = [data[start:end] for start, end in zip([0, *borders], [*borders, len(data)], strict=True)]
    found = pieces(*chunks)
    assert merged(found) == merged(pieces(data)) == merged(pieces(*(bytes([byte]) for byte in data)))
    assert b"".join(piece.data for piece in found) == data


@given(st.lists(FRAGMENTS, max_size=8))
@settings(max_examples=200, deadline=None)
def test_what_is_held_back_is_less_than_a_frame(parts: list[bytes]) -> None:
    framer = Hlw8032Framer()
    for part in parts:
        framer.feed(part)
        assert framer.held < LENGTH


@given(st.binary(max_size=100).filter(lambda data: b"\x5a" not in data))
@settings(max_examples=100, deadline=None)
def test_frames_are_found_behind_any_noise_without_a_check_byte(noise: bytes) -> None:
    assert kinds(pieces(noise + LOADED))[-1] == "frame"
