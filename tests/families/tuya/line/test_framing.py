"""The framer keeps its eight rules: docs/protocols/tuya_wifi.md §6."""

import importlib.util
import random
from pathlib import Path
from typing import Any

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from unclouded.families.tuya.gateway.wire.commands import GATEWAY
from unclouded.families.tuya.line.framing import Frame, Framer, Noise
from unclouded.families.tuya.line.shapes import OTHER_CAP, DialectShapes
from unclouded.families.tuya.low_power.commands import LOW_POWER
from unclouded.families.tuya.wifi.commands import WIFI

HEARTBEAT = Frame(3, 0, b"\x01")
POWER = Frame(3, 7, bytes.fromhex("13020004000002a1"))
LONGEST = 2 * 1047 + 7  # two of the longest candidates, and what rule 6 waits for

Pieces = list[Frame | Noise]


def read(*chunks: bytes, dialects: tuple[DialectShapes, ...] = (WIFI.shapes,)) -> Pieces:
    """All pieces; neighbouring noise of one reason is one."""
    framer = Framer(dialects, gap=None)
    found = [piece for chunk in chunks for piece in framer.feed(chunk)]
    return merged([*found, *framer.close()])


def merged(pieces: Pieces) -> Pieces:
    result: Pieces = []
    for piece in pieces:
        last = result[-1] if result else None
        if isinstance(piece, Noise) and isinstance(last, Noise) and last.reason == piece.reason:
            result[-1] = Noise(last.data + piece.data, piece.reason)
        else:
            result.append(piece)
    return result


def again(pieces: Pieces) -> bytes:
    return b"".join(bytes(piece) if isinstance(piece, Frame) else piece.data for piece in pieces)


def frames(pieces: Pieces) -> Pieces:
    return [piece for piece in pieces if isinstance(piece, Frame)]


# --- what lines carry -------------------------------------------------------------------------------

tricky = st.sampled_from((0x55, 0xAA, 0x00, 0x03, 0x07, 0x0B)) | st.integers(0, 255)
bodies = st.lists(tricky, max_size=12).map(bytes)
units = st.builds(
    lambda id, type, body: bytes((id, type)) + len(body).to_bytes(2) + body,
    st.integers(0, 255),
    st.integers(0, 5),
    bodies,
)
frames_of_points = st.builds(
    lambda version, command, points: Frame(version, command, b"".join(points)),
    st.sampled_from((0, 3)),
    st.sampled_from((6, 7, 0x22)),
    st.lists(units, min_size=1, max_size=4),
)
plain_frames = st.builds(Frame, st.sampled_from((0, 1, 3)), st.sampled_from((0, 1, 2, 3, 8, 0x0B, 0x1C, 0x34)), bodies)
some_frames = st.one_of(frames_of_points, plain_frames)
hostile_headers = st.sampled_from(
    [
        bytes.fromhex(text)
        for text in ("55aa000003ff", "55aa030703fc", "55aa030b0400", "55aa0307ffff", "55aa", "55", "aa")
    ]
)
streams = st.lists(some_frames.map(bytes) | hostile_headers | bodies, max_size=12).map(b"".join)
ALL = (WIFI.shapes, LOW_POWER.shapes, GATEWAY.shapes)
dialects = st.sampled_from([*((one,) for one in ALL), ALL])


@given(streams, dialects, st.lists(st.integers(0, 200), max_size=10))
@settings(max_examples=120, deadline=None)
def test_any_chunking_gives_the_same_pieces(
    stream: bytes, enabled: tuple[DialectShapes, ...], borders: list[int]
) -> None:
    cuts = sorted(border % (len(stream) + 1) for border in borders)
    chunks = [stream[start:end] for start, end in zip([0, *cuts], [*cuts, len(stream)], strict=True)]
    whole = read(stream, dialects=enabled)
    assert read(*chunks, dialects=enabled) == whole
    assert read(*(stream[at : at + 1] for at in range(len(stream))), dialects=enabled) == whole


@given(streams)
@settings(max_examples=120, deadline=None)
def test_every_byte_comes_out_and_little_is_held_back(stream: bytes) -> None:
    framer = Framer((WIFI.shapes,), gap=None)
    out: Pieces = []
    for at in range(len(stream)):
        out += framer.feed(stream[at : at + 1])
        assert len(again(out)) + framer.held == at + 1
        assert framer.held <= LONGEST
    assert again([*out, *framer.close()]) == stream


@given(st.lists(frames_of_points, min_size=1, max_size=8))
@settings(max_examples=100, deadline=None)
def test_frames_of_points_on_a_clean_line_are_never_lost(sent: list[Frame]) -> None:
    assert read(b"".join(map(bytes, sent))) == sent


def test_endless_candidates_one_byte_at_a_time_stay_bounded() -> None:
    framer = Framer((WIFI.shapes,), gap=None)
    for byte in bytes.fromhex("55aa000003ff") * 1000:
        framer.feed(bytes((byte,)))
        assert framer.held <= LONGEST


# --- the rules, one by one --------------------------------------------------------------------------


def test_of_two_whole_frames_the_one_that_ends_first_counts() -> None:
    """Two lines that carry bits of each other: a report stands whole inside what would be an answer to 24."""
    outer = bytes.fromhex("55aa0324000e55aa03070005010100010112040b67")
    cut_short = bytes.fromhex("55aa030b00550daa030700050101000101125d9b")
    inner = Frame(3, 7, bytes.fromhex("0101000101"))
    assert read(outer[:6], outer[6:]) == read(outer)
    for chunks in ([cut_short + outer], [bytes([byte]) for byte in cut_short + outer]):
        assert frames(read(*chunks)) == [inner]
    assert sum(outer[:-1]) & 0xFF == outer[-1], "whole as well, but it ends later"


def test_a_length_over_the_cap_is_refused_at_its_header() -> None:
    framer = Framer((WIFI.shapes,), gap=None)
    [noise] = framer.feed(bytes.fromhex("55aa0300") + (OTHER_CAP + 1).to_bytes(2))
    assert noise == Noise(bytes.fromhex("55aa03000409"), "length over the cap")


def test_points_that_do_not_tile_are_refused_before_the_frame_ends() -> None:
    framer = Framer((WIFI.shapes,), gap=None)
    assert framer.feed(bytes.fromhex("55aa0307000813090004")) == []
    assert framer.feed(bytes(HEARTBEAT)) == [
        Noise(bytes.fromhex("55aa0307000813090004"), "data points do not fit the length"),
        HEARTBEAT,
    ]


def test_a_report_without_points_is_refused() -> None:
    assert frames(read(bytes(Frame(3, 7)))) == []


def test_after_a_bad_sum_the_search_goes_on_one_byte_after_the_header() -> None:
    """Deviation 2: the MCU's UART mixes two answers; esphome/issues 986."""
    mixed = bytes.fromhex("55aa0307000501010001") + b"\x01" + bytes(HEARTBEAT) + bytes(POWER)
    assert frames(read(mixed)) == [HEARTBEAT, POWER]


def test_a_stale_byte_shifts_frames_and_the_next_is_found() -> None:
    """Deviation 3: a frame ends with half of the next; esphome 12523."""
    shifted = bytes(POWER)[:-1] + b"\x55" + bytes(POWER) + bytes(HEARTBEAT)
    assert frames(read(shifted)) == [POWER, HEARTBEAT]


def test_a_frame_inside_a_raw_point_is_not_a_frame() -> None:
    inner = bytes(HEARTBEAT)
    outer = Frame(3, 7, bytes((101, 0)) + len(inner).to_bytes(2) + inner)
    assert read(bytes(outer)) == [outer]


def test_a_frame_inside_an_update_block_is_not_a_frame() -> None:
    outer = Frame(0, 0x0B, bytes(4) + bytes(POWER) + bytes(20))
    assert read(bytes(outer), bytes(HEARTBEAT)) == [outer, HEARTBEAT]


def test_a_weak_candidate_never_delays_a_frame_inside_it() -> None:
    framer = Framer((WIFI.shapes,), gap=None)
    candidate = bytes.fromhex("55aa030003ff")
    assert framer.feed(candidate + bytes(POWER)) == [Noise(candidate, "a whole frame inside"), POWER]


def test_values_of_55_and_55_aa_are_read() -> None:
    """Deviation 14: 238.9 V is 0955; Tasmota issue 20085."""
    volts = bytes.fromhex("55aa03070008140200040000095589")
    nasty = Frame(3, 7, bytes.fromhex("14020004000055aa"))
    assert [bytes(piece) for piece in read(volts) if isinstance(piece, Frame)] == [volts]
    assert read(bytes(nasty) + volts + bytes(nasty)) == [nasty, Frame(3, 7, volts[6:-1]), nasty]


def test_a_frame_longer_than_255_bytes_is_read() -> None:
    """Deviation 12."""
    long = Frame(3, 7, bytes((101, 0)) + (600).to_bytes(2) + bytes(range(200)) * 3)
    assert read(bytes(long), bytes(HEARTBEAT)) == [long, HEARTBEAT]


def test_a_checksum_of_55_waits_for_one_byte_only() -> None:
    frame = next(
        Frame(3, 7, bytes((1, 2, 0, 4, 0, 0, 0, n)))
        for n in range(256)
        if bytes(Frame(3, 7, bytes((1, 2, 0, 4, 0, 0, 0, n))))[-1] == 0x55
    )
    framer = Framer((WIFI.shapes,), gap=None)
    assert framer.feed(bytes(frame)) == []
    assert framer.feed(b"\x00") == [frame, Noise(b"\x00", "no header")]


def test_an_update_block_that_ends_in_55_does_not_wait() -> None:
    """Nothing inside it counts, so half a header at its end is none. One block in 256 would cost a gap."""
    blocks = [bytes(Frame(0, 0x0B, bytes((0, 0, 0, 0, last)))) for last in range(256)]
    (block,) = [data for data in blocks if data.endswith(b"\x55")]
    for rest in (b"", b"\xaa\0\0\0\0\0"):
        framer = Framer((WIFI.shapes,))
        pieces = [*framer.feed(block), *framer.feed(rest)]
        assert [bytes(piece) for piece in pieces if isinstance(piece, Frame)] == [block]


def test_a_valid_candidate_that_starts_inside_a_chance_frame_wins() -> None:
    # A weak candidate whose checksum happens to be right, with the beginning of a real frame inside.
    body = bytes((0x10,)) + bytes(POWER)[:4]
    chance = bytes(Frame(3, 0x34, body))
    stream = chance[:-1] + bytes(POWER)[4:]
    if chance[-1] != stream[len(chance) - 1]:  # make the sum right at the cost of one byte of the chance frame
        fix = (stream[len(chance) - 1] - chance[-1]) & 0xFF
        stream = stream[:6] + bytes(((stream[6] + fix) & 0xFF,)) + stream[7:]
    assert frames(read(stream)) == [POWER]


# --- silence ----------------------------------------------------------------------------------------


def test_half_a_frame_is_given_up_after_the_gap_and_not_before() -> None:
    framer = Framer((WIFI.shapes,), gap=0.3)
    framer.feed(bytes(POWER)[:9], 10.0)
    assert framer.deadline() == pytest.approx(10.3)
    assert framer.tick(10.2) == []
    assert framer.tick(10.31) == [Noise(bytes(POWER)[:9], "cut off")]
    assert framer.deadline() is None


def test_a_serial_server_may_pause_inside_a_frame_where_the_gap_allows_it() -> None:
    framer = Framer((WIFI.shapes,), gap=None)
    framer.feed(bytes(POWER)[:9], 0.0)
    assert framer.deadline() is None
    assert framer.feed(bytes(POWER)[9:], 5.0) == [POWER]


def test_a_frame_that_ends_at_the_silence_is_a_frame() -> None:
    hidden = bytes.fromhex("55aa030703fc01000378") + bytes(HEARTBEAT)
    framer = Framer((WIFI.shapes,))
    assert framer.feed(hidden, 0.0) == []
    assert framer.tick(1.0) == [Noise(hidden[:10], "cut off"), HEARTBEAT]


# --- dialects ---------------------------------------------------------------------------------------


def test_on_a_battery_device_06_and_07_may_be_empty() -> None:
    asks_time = Frame(0, 6)
    assert read(bytes(asks_time), dialects=(LOW_POWER.shapes,)) == [asks_time]
    assert frames(read(bytes(asks_time))) == []
    assert read(bytes(asks_time), dialects=(WIFI.shapes, LOW_POWER.shapes)) == [asks_time]


def test_a_stored_record_has_its_time_before_the_points() -> None:
    record = Frame(0, 8, bytes.fromhex("01160216 0b1621 0101000101".replace(" ", "")))
    answer = Frame(0, 8, b"\x00")
    assert read(bytes(record) + bytes(answer), dialects=(LOW_POWER.shapes,)) == [record, answer]


def test_a_gateway_puts_the_id_of_the_sub_device_before_the_points() -> None:
    official = [
        bytes.fromhex("55AA000C000A043132333401010001 01E7"),
        bytes.fromhex("55AA000D000A04313233340101000101E8"),
    ]
    pieces = read(*official, dialects=(GATEWAY.shapes,))
    assert [bytes(piece) for piece in pieces if isinstance(piece, Frame)] == official and len(pieces) == 2


gateway_units = st.sampled_from(("01010001 01", "13020004000002a1", "0403000161", "0500000255aa"))
gateway_frames = st.builds(
    lambda command, id, units: Frame(0, command, bytes((len(id),)) + id + bytes.fromhex("".join(units))),
    st.sampled_from((0x0C, 0x0D)),
    st.sampled_from((b"1234", b"12345", b"00124b0001000001", b"x", b"")),
    st.lists(gateway_units, max_size=3),
)


@given(sent=st.lists(gateway_frames, max_size=40), size=st.integers(1, 90))
def test_frames_of_a_gateway_are_found_however_often_their_heads_were_seen(sent: list[Frame], size: int) -> None:
    stream = b"".join(map(bytes, sent * 2))
    framer = Framer((GATEWAY.shapes,), gap=None)
    found = [piece for at in range(0, len(stream), size) for piece in framer.feed(stream[at : at + size])]
    assert [*found, *framer.close()] == sent * 2


@given(frame=gateway_frames, data=st.data())
def test_a_head_that_was_seen_makes_no_frame_of_damaged_bytes(frame: Frame, data: st.DataObject) -> None:
    framer = Framer((GATEWAY.shapes,), gap=None)
    good = bytes(frame)
    assert [*framer.feed(good * 2), *framer.close()] == [frame, frame]
    at = data.draw(st.integers(0, len(good) - 1))
    damaged = good[:at] + bytes((good[at] ^ data.draw(st.integers(1, 255)),)) + good[at + 1 :]
    fresh = Framer((GATEWAY.shapes,), gap=None)
    assert [*framer.feed(damaged), *framer.close()] == [*fresh.feed(damaged), *fresh.close()]


# --- words ------------------------------------------------------------------------------------------


def test_a_frame_is_written_for_logs() -> None:
    assert HEARTBEAT.text({0: "heartbeat"}) == "v3 heartbeat [1 byte]"
    assert str(POWER) == "v3 command 07 [8 bytes]" and str(Frame(0, 1)) == "v0 command 01 [0 bytes]"


# --- the damaged line of bench/ ---------------------------------------------------------------------


def _bench() -> Any:  # Any: a module by its path, a script
    path = Path(__file__).parents[4] / "bench/tuya_framing.py"
    spec = importlib.util.spec_from_file_location("tuya_framing", path)
    assert spec is not None and spec.loader is not None
    module = importlib.util.module_from_spec(spec)
    spec.loader.exec_module(module)
    return module


@pytest.mark.parametrize(
    "damage", ["bit flipped", "byte dropped", "truncated", "stray 55 before", "1-19 random bytes before"]
)
def test_no_intact_frame_is_lost_on_a_damaged_line(damage: str) -> None:
    result = _bench().survive(5_000, damage, seed=7)
    assert (result["lost"], result["false"]) == (0, 0)


def test_the_per_byte_parser_beside_us_is_a_fair_one() -> None:
    rng = random.Random(3)
    sent = [Frame(3, 7, bytes((19, 2, 0, 4)) + rng.randbytes(4)) for _ in range(200)]
    found = _bench().PerByteParser().feed(b"".join(map(bytes, sent)))
    assert found == [(frame.version, frame.command, frame.payload) for frame in sent]
