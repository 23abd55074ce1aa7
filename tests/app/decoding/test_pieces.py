"""Chunks of a recording become pieces: every byte once, on its side, in the order of time."""

from itertools import accumulate

from hypothesis import given
from hypothesis import strategies as st

from unclouded import families
from unclouded.app.decoding.pieces import pieces_of
from unclouded.core.family import Sender
from unclouded.families.tuya.line.framing import Frame
from unclouded.formats.chunk import InputChunk

SCRAPS = st.one_of(
    st.binary(max_size=6),
    st.sampled_from(
        [bytes(Frame(3, 7, bytes.fromhex("0104000155"))), bytes(Frame(0, 0)), b"\x55", b"\x55\xaa\x03\x07"]
    ),
)
ROWS = st.lists(st.tuples(st.floats(0, 0.5), st.sampled_from(["controller", "device"]), SCRAPS), max_size=30)


@given(rows=ROWS)
def test_every_byte_of_a_capture_comes_out_once_on_its_side_and_in_the_order_of_time(
    rows: list[tuple[float, Sender, bytes]],
) -> None:
    times = list(accumulate(pause for pause, _, _ in rows))
    chunks = [InputChunk(t, sender, data) for t, (_, sender, data) in zip(times, rows, strict=True)]
    pieces = list(pieces_of(families.family("tuya_wifi").decoder, chunks))
    for side in ("controller", "device"):
        sent = b"".join(data for _, sender, data in rows if sender == side)
        assert b"".join(one.piece.data for one in pieces if one.piece.sender == side) == sent
    assert [one.t for one in pieces] == sorted(one.t for one in pieces if one.t is not None)
    assert {time for one in pieces for time in (one.t, one.at)} <= set(times)
