"""Frames with a sequence number: in any chunks, between noise, and with frames of the other dialects around them."""

import pytest
from hypothesis import given
from hypothesis import strategies as st

from unclouded.families.tuya.line.framing import Frame, Framer, Noise
from unclouded.families.tuya.wifi.commands import WIFI
from unclouded.families.tuya.zigbee_module.commands import ZIGBEE_MODULE
from unclouded.families.tuya.zigbee_module.framing import OLD_VERSION, SequencedFrame, SequencedFramer

REPORT = SequencedFrame(2, 6, bytes.fromhex("10020004000000e1"), 38)
QUERY = SequencedFrame(2, 0x28, b"", 0xFFF0)
PIECES = st.sampled_from([bytes(REPORT), bytes(QUERY), bytes(Frame(3, 0, b"\1")), b"\x55\xaa", b"\x55", b"\0"])


def pieces(data: bytes, chunk: int = 0) -> list[Frame | Noise]:
    """Of these bytes; neighbouring noise of one reason is one."""
    framer = SequencedFramer(ZIGBEE_MODULE.shapes)
    chunks = [data[at : at + chunk] for at in range(0, len(data), chunk)] if chunk else [data]
    found: list[Frame | Noise] = []
    for piece in [*(piece for one in chunks for piece in framer.feed(one)), *framer.close()]:
        last = found[-1] if found else None
        if isinstance(piece, Noise) and isinstance(last, Noise) and last.reason == piece.reason:
            found[-1] = Noise(last.data + piece.data, piece.reason)
        else:
            found.append(piece)
    return found


def raw(piece: Frame | Noise) -> bytes:
    return piece.data if isinstance(piece, Noise) else bytes(piece)


def test_a_frame_keeps_its_sequence_number() -> None:
    assert bytes(REPORT).hex(" ") == "55 aa 02 00 26 06 00 08 10 02 00 04 00 00 00 e1 2c"
    assert pieces(bytes(REPORT) + bytes(QUERY)) == [REPORT, QUERY]


@given(st.lists(PIECES | st.binary(max_size=12), max_size=12), st.integers(1, 20))
def test_pieces_are_the_stream_in_any_chunks(parts: list[bytes], chunk: int) -> None:
    data = b"".join(parts)
    whole = pieces(data)
    assert b"".join(map(raw, whole)) == data
    assert pieces(data, chunk) == whole


@given(st.binary(max_size=40).filter(lambda data: b"\x55" not in data))
def test_frames_between_noise_are_found(noise: bytes) -> None:
    found = pieces(noise + bytes(REPORT) + noise + bytes(QUERY) + noise)
    assert [piece for piece in found if isinstance(piece, Frame)] == [REPORT, QUERY]


@pytest.mark.parametrize(
    ("data", "reason"),
    [
        (bytes(REPORT)[:-1] + b"\0", "bad checksum"),
        (bytes(REPORT)[:-1], "cut off"),
        (bytes(SequencedFrame(2, 0, bytes(257), 1)), "length over the cap"),
        (bytes(SequencedFrame(2, 6, bytes.fromhex("1009000101"), 1)), "data points do not fit the length"),
        (bytes(SequencedFrame(1, 6, bytes.fromhex("1001000101"), 1)), OLD_VERSION),
    ],
)
def test_what_is_no_frame_says_why(data: bytes, reason: str) -> None:
    found = pieces(data + bytes(QUERY))
    if reason == "cut off":
        assert pieces(data) == [Noise(data, reason)]
    else:
        assert found == [Noise(data, reason), QUERY]


def test_a_damaged_frame_does_not_cost_the_next_one() -> None:
    assert pieces(bytes(REPORT)[:9] + bytes(REPORT))[-1] == REPORT
    assert pieces(b"\x55\xaa" + bytes(REPORT))[-1] == REPORT, "the next header may follow at once"


@given(
    st.lists(st.sampled_from([Frame(3, 7, bytes.fromhex("0101000101")), Frame(0, 0), Frame(3, 0, b"\1")]), min_size=1)
)
def test_frames_of_the_other_dialects_are_none_here_and_the_reverse(frames: list[Frame]) -> None:
    assert not any(isinstance(piece, Frame) for piece in pieces(b"".join(map(bytes, frames))))
    framer = Framer((WIFI.shapes,), gap=None)
    mine = bytes(REPORT) * len(frames)
    assert not any(isinstance(piece, Frame) for piece in [*framer.feed(mine), *framer.close()])
