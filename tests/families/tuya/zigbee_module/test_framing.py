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
    assert bytes(SequencedFrame(2, 0)).hex(" ") == "55 aa 02 00 00 00 00 00 01"


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


def settled(data: bytes) -> list[tuple[int, bytes, str]]:
    """(bytes received, piece, why it is no frame) of a line that brings one byte at a time and then ends, at -1."""
    framer = SequencedFramer(ZIGBEE_MODULE.shapes)
    found = [(at + 1, piece) for at in range(len(data)) for piece in framer.feed(data[at : at + 1])]
    found += [(-1, piece) for piece in framer.close()]
    return [(at, raw(piece), piece.reason if isinstance(piece, Noise) else "") for at, piece in found]


REPORTED, QUERIED = bytes(REPORT), bytes(QUERY)
OVER = bytes(SequencedFrame(2, 0, bytes(257), 1))
AT_CAP = bytes(SequencedFrame(2, 0x7F, bytes(256), 1))
OLD = bytes(SequencedFrame(1, 6, b"", 1))
UNFIT = bytes(SequencedFrame(2, 6, bytes.fromhex("1009000101"), 1))
LINES: dict[bytes, list[tuple[int, bytes, str]]] = {
    REPORTED: [(17, REPORTED, "")],
    QUERIED: [(9, QUERIED, "")],
    AT_CAP: [(265, AT_CAP, "")],
    OVER[:8]: [(8, OVER[:8], "length over the cap")],
    OLD[:8]: [(8, OLD[:8], "a version without sequence number")],
    OLD: [(8, OLD[:8], "a version without sequence number"), (9, OLD[8:], "a version without sequence number")],
    REPORTED[:-1] + b"\0": [(17, REPORTED[:-1] + b"\0", "bad checksum")],
    UNFIT: [(14, UNFIT, "data points do not fit the length")],
    b"\0\1" + QUERIED: [(1, b"\0", "no header"), (2, b"\1", "no header"), (11, QUERIED, "")],
    b"\x55" + QUERIED: [(2, b"\x55", "no header"), (10, QUERIED, "")],
    b"\x55\0": [(2, b"\x55\0", "no header")],
    b"\x55": [(-1, b"\x55", "no header")],
    b"\x55\xaa": [(-1, b"\x55\xaa", "cut off")],
    REPORTED[:16]: [(-1, REPORTED[:16], "cut off")],
    QUERIED + b"\0": [(9, QUERIED, ""), (10, b"\0", "no header")],
    REPORTED[:9] + QUERIED: [(17, REPORTED[:9], "bad checksum"), (18, QUERIED, "")],
    b"\x55\xaa" + QUERIED: [(8, b"\x55\xaa", "length over the cap"), (11, QUERIED, "")],
}


def test_each_piece_comes_at_the_byte_that_settles_it() -> None:
    assert {data: settled(data) for data in LINES} == LINES


def test_noise_behind_a_pause_has_a_reason_of_its_own() -> None:
    framer = SequencedFramer(ZIGBEE_MODULE.shapes)
    assert framer.feed(OLD[:8]) == [Noise(OLD[:8], OLD_VERSION)] and framer.close() == []
    assert framer.feed(b"\0") == [Noise(b"\0", "no header")]


def test_neighbouring_noise_of_one_reason_is_one_piece() -> None:
    framer = SequencedFramer(ZIGBEE_MODULE.shapes)
    assert framer.feed(OLD[:8] * 2 + OVER[:8]) == [
        Noise(OLD[:8] * 2, OLD_VERSION),
        Noise(OVER[:8], "length over the cap"),
    ]
