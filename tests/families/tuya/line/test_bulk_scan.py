"""Long recordings are framed as the live framer frames them: the same frames, the same noise, at the same places."""

import random
from collections.abc import Sequence

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from unclouded.families.tuya.gateway.wire.commands import GATEWAY
from unclouded.families.tuya.line.bulk_headers import sums_before
from unclouded.families.tuya.line.bulk_scan import BulkFramer, Scan
from unclouded.families.tuya.line.framing import Frame, Framer, Noise
from unclouded.families.tuya.line.shapes import DialectShapes
from unclouded.families.tuya.low_power.commands import LOW_POWER
from unclouded.families.tuya.wifi.commands import WIFI

HEARTBEAT = Frame(3, 0, b"\x01")
POWER = Frame(3, 7, bytes.fromhex("13020004000002a1"))
ALL = (WIFI.shapes, LOW_POWER.shapes, GATEWAY.shapes)
TABLES: list[tuple[DialectShapes, ...]] = [
    (WIFI.shapes,),
    (LOW_POWER.shapes,),
    (GATEWAY.shapes,),
    (WIFI.shapes, LOW_POWER.shapes),
    ALL,
]

Pieces = list[tuple[int, Frame | Noise]]


# --- both framers, and what they find: pieces with their offsets -------------------------------------


def live(chunks: Sequence[bytes | None], dialects: tuple[DialectShapes, ...] = (WIFI.shapes,)) -> Pieces:
    """None = a silence."""
    framer = Framer(dialects, gap=None)
    found = [piece for chunk in chunks for piece in (framer.close() if chunk is None else framer.feed(chunk))]
    return placed([*found, *framer.close()])


def bulk(
    chunks: Sequence[bytes | None], dialects: tuple[DialectShapes, ...] = (WIFI.shapes,), block: int = 64
) -> Pieces:
    framer = BulkFramer(dialects, block)
    scans: list[Scan] = []
    for chunk in chunks:
        if chunk is None:
            framer.pause()
        else:
            scans += framer.feed(chunk)
    scans += framer.close()
    assert [scan.offset for scan in scans] == [sum(len(one.data) for one in scans[:n]) for n in range(len(scans))]
    pieces = placed([piece for scan in scans for piece in scan.pieces()])
    frames = [(at, *fields) for scan in scans for at, *fields in rows(scan)]
    assert frames == [(at, one.version, one.command, len(one.payload)) for at, one in pieces if isinstance(one, Frame)]
    return pieces


def rows(scan: Scan) -> list[tuple[int, int, int, int]]:
    fields = (scan.offsets, scan.versions, scan.commands, scan.sizes)
    return list(zip(*(field.tolist() for field in fields), strict=True))


def placed(pieces: Sequence[Frame | Noise]) -> Pieces:
    """With offsets; neighbouring noise of one reason is one."""
    result: Pieces = []
    at = 0
    for piece in pieces:
        last = result[-1][1] if result else None
        if isinstance(piece, Noise) and isinstance(last, Noise) and last.reason == piece.reason:
            result[-1] = (result[-1][0], Noise(last.data + piece.data, piece.reason))
        else:
            result.append((at, piece))
        at += len(bytes(piece) if isinstance(piece, Frame) else piece.data)
    return result


# --- what lines carry ---------------------------------------------------------------------------------

tricky = st.sampled_from((0x55, 0xAA, 0x00, 0x03, 0x04, 0x07, 0x0B)) | st.integers(0, 255)
bodies = st.lists(tricky, max_size=12).map(bytes)
nested = st.lists(st.sampled_from((bytes(HEARTBEAT), bytes(POWER), b"\x55\xaa", b"\x55", b"\xaa")), max_size=3)
values = bodies | nested.map(b"".join)
units = st.builds(
    lambda id, type, body: bytes((id, type)) + len(body).to_bytes(2) + body,
    st.integers(0, 255),
    st.sampled_from((0, 1, 2, 3, 4, 5, 2, 2, 2, 6)),
    values,
)
payloads_of_points = st.lists(units, min_size=1, max_size=4).map(b"".join) | st.lists(
    st.integers(0, 255).map(lambda id: bytes((id, 0, 0, 0))), min_size=10, max_size=40
).map(b"".join)
ids = st.lists(st.integers(0x30, 0x39), max_size=6).map(lambda id: bytes((len(id), *id)))
frames_of_points = st.builds(
    lambda version, command, before, points: Frame(version, command, before + points),
    st.sampled_from((0, 3)),
    st.sampled_from((0x05, 0x06, 0x07, 0x08, 0x09, 0x0C, 0x0D, 0x10, 0x14, 0x22, 0x2C)),
    st.just(b"") | ids | st.builds(bytes.__add__, ids, ids) | ids.map(lambda id: bytes(7) + id) | st.just(bytes(2)),
    payloads_of_points,
)
plain_frames = st.builds(
    Frame, st.sampled_from((0, 1, 3)), st.sampled_from((0, 1, 2, 3, 8, 9, 0x0B, 0x10, 0x1C, 0x34, 0x37)), values
)
healthy = st.sampled_from((POWER, HEARTBEAT, Frame(0, 0), Frame(3, 7, POWER.payload * 3)))
some_frames = (healthy | healthy | frames_of_points | plain_frames).map(bytes)


@st.composite
def damaged(draw: st.DrawFn) -> bytes:
    """A frame with a bit flipped, a byte lost, cut short, or after a stray one."""
    frame = draw(some_frames)
    at = draw(st.integers(0, len(frame) - 1))
    flipped = frame[:at] + bytes((frame[at] ^ 1 << draw(st.integers(0, 7)),)) + frame[at + 1 :]
    return draw(st.sampled_from((flipped, frame[:at] + frame[at + 1 :], frame[:at], b"\x55" + frame)))


@st.composite
def bulk_frames(draw: st.DrawFn) -> bytes:
    """A block of an update with whole frames in it."""
    inner = b"".join(draw(st.lists(some_frames, max_size=20)))[:1000]
    return bytes(Frame(0, draw(st.sampled_from((0x0B, 0x28, 0x20, 0x0E))), inner))


hostile_headers = st.sampled_from(
    [
        bytes.fromhex(text)
        for text in ("55aa000003ff", "55aa030703fc", "55aa030b0400", "55aa0307ffff", "55aa030000", "55aa", "55", "aa")
    ]
)
streams = st.lists(some_frames | some_frames | damaged() | bulk_frames() | hostile_headers | bodies, max_size=25).map(
    b"".join
)


def cut(stream: bytes, borders: Sequence[int]) -> list[bytes]:
    cuts = sorted(border % (len(stream) + 1) for border in borders)
    return [stream[start:end] for start, end in zip([0, *cuts], [*cuts, len(stream)], strict=True)]


@given(
    streams, st.sampled_from(TABLES), st.lists(st.integers(0, 2000), max_size=6), st.sampled_from((1, 64, 1024, 4096))
)
@settings(max_examples=200, deadline=None)
def test_any_line_reads_as_the_live_framer_reads_it(
    stream: bytes, dialects: tuple[DialectShapes, ...], borders: list[int], block: int
) -> None:
    assert bulk(cut(stream, borders), dialects, block) == live([stream], dialects)


@given(streams, st.sampled_from(TABLES), st.lists(st.integers(0, 2000), max_size=6), st.sampled_from((16, 4096)))
@settings(max_examples=150, deadline=None)
def test_silences_end_what_is_half_received_as_they_do_live(
    stream: bytes, dialects: tuple[DialectShapes, ...], borders: list[int], block: int
) -> None:
    chunks = [one for chunk in cut(stream, borders) for one in (chunk, None)]
    assert bulk(chunks, dialects, block) == live(chunks, dialects)


UNIT = bytes.fromhex("0102000400000005")
CAPS = (1024, 1032, 1040, 1088)
BEFORE = (b"", bytes(2), bytes(7), b"\x041234", b"\x0212\x041234", bytes(7) + b"\x041234", b"\xff12", b"\x00")
ENDS = (
    *(b"", UNIT, UNIT * 3, UNIT * 30, UNIT[:4], UNIT[:3], UNIT[:-1], UNIT + b"\x00", UNIT * 2 + UNIT[:5]),
    *(bytes.fromhex("0106000100"), UNIT + bytes.fromhex("0106000100"), UNIT * 20 + b"\x01\x07\x00\x00"),
    *(bytes.fromhex("01020000") * count for count in (1, 2, 11, 12, 13, 14)),
    *(b"\x01\x00" + (cap + more - 4).to_bytes(2) + bytes(cap + more - 4) for cap in CAPS for more in (0, 1)),
)
COMMANDS = sorted({command for dialect in ALL for command in dialect.shapes} | {0, 0x34, 0xFF})


@pytest.mark.parametrize("dialects", TABLES, ids=lambda dialects: "+".join(one.name for one in dialects))
@pytest.mark.parametrize("between", [b"", bytes(POWER)], ids=["neighbours", "among reports"])
def test_what_a_command_may_carry_is_the_same_in_a_bulk_scan(
    dialects: tuple[DialectShapes, ...], between: bytes
) -> None:
    for command in COMMANDS:
        frames = [bytes(Frame(3, command, before + end)) for before in BEFORE for end in ENDS]
        line = between.join(frames)
        assert bulk([line], dialects, len(line)) == live([line], dialects), f"command {command:02x}"


def test_three_bytes_are_no_unit_whatever_the_checksum_behind_them() -> None:
    """Read on, a checksum of ff would be the length of the unit: three less four, counted from below zero."""
    [short] = [frame for id in range(256) if bytes(frame := Frame(3, 7, bytes((id, 2, 0))))[-1] == 0xFF]
    line = bytes(short) * 3 + bytes(POWER)
    assert bulk([line], block=len(line)) == live([line])


def test_noise_behind_regular_frames_has_the_reason_that_it_has_live() -> None:
    """The reason of earlier noise is forgotten over the frames between, also where a silence cuts a header in two."""
    refused = bytes(Frame(3, 7, b"\x01\x06\x00\x00"))
    chunks = [refused + bytes(POWER) * 4 + b"\x55", None, b"\xaa" + bytes(POWER) * 3]
    pieces = bulk(chunks, block=4096)
    reasons = [piece.reason for _, piece in pieces if isinstance(piece, Noise)]
    assert reasons == ["data points do not fit the length", "no header"]
    assert pieces == live(chunks)


def noisy_line(seed: int, frames: int) -> bytes:
    """Reports, one in thirty damaged, and now and then a long stretch of anything."""
    rng = random.Random(seed)
    line = bytearray()
    for _ in range(frames):
        value = rng.randbytes(4) if rng.random() < 0.9 else bytes((0x55, 0xAA, rng.randrange(4), 7))
        frame = bytearray(bytes(Frame(3, 7, bytes((rng.randrange(120), 2, 0, 4)) + value) if value else HEARTBEAT))
        if rng.random() < 0.03:
            frame[rng.randrange(len(frame))] ^= 1 << rng.randrange(8)
        line += frame
        if rng.random() < 0.002:
            line += rng.choice((rng.randbytes(3000), b"\x55" * 300, b"\xaa\x55" * 200, bytes(3000)))
    return bytes(line)


@pytest.mark.parametrize("block", [4096, 50_000])
def test_a_long_bad_line_reads_the_same_in_every_size_of_block(block: int) -> None:
    line = noisy_line(block, 6_000)
    assert bulk([line[at : at + 1000] for at in range(0, len(line), 1000)], block=block) == live([line])


@given(st.integers(0, 2**32 - 1))
@settings(max_examples=30, deadline=None)
def test_random_bytes_of_few_kinds_read_the_same(seed: int) -> None:
    rng = random.Random(seed)
    line = bytes(rng.choices((0x55, 0xAA, 0, 1, 3, 7, 8), (6, 6, 6, 2, 2, 2, 2), k=4000))
    assert bulk([line], ALL, 1024) == live([line], ALL)


# --- what it is for -----------------------------------------------------------------------------------


@given(st.binary(max_size=300), st.lists(st.integers(0, 300), max_size=5))
@settings(max_examples=100, deadline=None)
def test_sums_are_those_of_the_bytes_before(data: bytes, places: list[int]) -> None:
    places = [min(place, len(data)) for place in places]
    sums = sums_before(np.frombuffer(data, np.uint8), np.array(places, np.intp))
    assert sums.tolist() == [sum(data[:place]) & 0xFF for place in places]


def test_a_clean_line_is_scanned_as_arrays() -> None:
    [first, last] = [
        *(framer := BulkFramer((WIFI.shapes,), block=23 * 40)).feed((bytes(HEARTBEAT) + bytes(POWER)) * 40),
        *framer.close(),
    ]
    assert rows(first)[:2] == [(0, 3, 0, 1), (8, 3, 7, 8)]
    assert len(rows(first)) + len(rows(last)) == 80
    assert first.count(()) + last.count(()) == {(0, b""): 40, (7, b""): 40}


def test_frames_are_counted_by_their_sub_command_where_they_have_one() -> None:
    sent = [Frame(0, 0x34, b"\x04"), POWER, Frame(0, 0x34, b"\x05\x00"), Frame(0, 0x34), Frame(3, 0x34, b"\x04\x00")]
    framer = BulkFramer((WIFI.shapes,))
    [scan] = [*framer.feed(b"".join(map(bytes, sent))), *framer.close()]
    assert list(scan.count({0x34}).items()) == [
        ((0x34, b"\x04"), 2),
        ((7, b""), 1),
        ((0x34, b"\x05"), 1),
        ((0x34, b""), 1),
    ]


def test_little_is_kept_of_a_line_without_frames() -> None:
    framer = BulkFramer((WIFI.shapes,), block=512)
    for _ in range(200):
        scans = framer.feed(b"\x55\xaa" + bytes(900))
    at = scans[-1].offset + len(scans[-1].data)
    assert 200 * 902 - at < 4096
