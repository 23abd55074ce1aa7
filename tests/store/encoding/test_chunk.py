"""Chunks: exact for any samples, small for those of a home, and damage is noticed as such."""

import random
import zlib

import pytest
from hypothesis import given
from hypothesis import strategies as st

from unclouded.core.errors import DamagedStore
from unclouded.store.encoding import blob, chunk
from unclouded.store.encoding.chunk import SPAN_S, VERSION, DeviceSecond, decode, encode

HOUR = 1_764_504_000 // SPAN_S * SPAN_S

NUMBERS = st.one_of(st.integers(-300, 300), st.integers(-(2**31), 2**31), st.integers(-(2**63), 2**63), st.integers())
ENTRIES = st.lists(
    st.tuples(st.integers(0, 999), st.integers(0, 5), NUMBERS, st.sampled_from([0, 0, 0, 1, 3, 2**40, 2**62])),
    min_size=1,
    max_size=6,
).map(lambda entries: sorted(entries, key=lambda entry: entry[0]))
SECONDS = st.dictionaries(st.integers(0, SPAN_S - 1), ENTRIES, max_size=40).map(
    lambda seconds: [(HOUR + second, entries) for second, entries in sorted(seconds.items())]
)


@given(SECONDS)
def test_a_chunk_is_read_back_exactly(seconds: list[DeviceSecond]) -> None:
    assert decode(HOUR, encode(HOUR, seconds)) == seconds


@given(SECONDS, st.integers(0, 10_000), st.integers(1, 255))
def test_a_damaged_byte_is_noticed_or_changes_nothing(seconds: list[DeviceSecond], place: int, change: int) -> None:
    whole = encode(HOUR, seconds)
    broken = bytearray(whole)
    broken[place % len(whole)] ^= change
    try:
        assert decode(HOUR, bytes(broken)) == seconds
    except DamagedStore:
        pass


@given(SECONDS, st.integers(0, 10_000))
def test_a_truncated_chunk_is_noticed(seconds: list[DeviceSecond], length: int) -> None:
    whole = encode(HOUR, seconds)
    with pytest.raises(DamagedStore):
        decode(HOUR, whole[: length % len(whole)])


@given(st.binary(max_size=60))
def test_columns_of_any_bytes_never_raise_anything_else(columns: bytes) -> None:
    try:
        decode(HOUR, bytes([VERSION]) + zlib.compress(columns))
    except DamagedStore:
        pass


def test_a_chunk_that_claims_millions_of_values_is_refused_before_they_are_made() -> None:
    counts = bytes([0xFF, 0xFF, 0xFF, 0xFF, 0x7F] * 2 + [1, 1, 0, 1, 0]) + bytes(3)
    with pytest.raises(DamagedStore, match="too many values"):
        decode(HOUR, bytes([VERSION]) + zlib.compress(counts))


def test_a_chunk_of_a_newer_version_is_named() -> None:
    with pytest.raises(DamagedStore, match="newer version"):
        decode(HOUR, bytes([VERSION + 1]) + encode(HOUR, [])[1:])


def test_a_chunk_of_version_1_is_read() -> None:
    """As it was written before there were columns of distances: twenty seconds of two series."""
    packed = (
        "789c12d16062646462626064faf2f2e5cb972f5f3e42a618993101400c003132b010070162fac3c8f80f1d713030fc474700313108600206754c"
        "001800d376241c"
    )
    known = [(HOUR + n, [(500 + n % 7, 1, 2300 + n % 3, 0), (500 + n % 7, 2, 10_000 * n, 4)]) for n in range(20)]
    assert decode(HOUR, b"\x01" + bytes.fromhex(packed)) == known


def test_an_hour_of_a_plug_takes_a_ninth_of_its_single_samples() -> None:
    seeded = random.Random(1)
    energy, seconds = 344_844_133, []
    for second in range(SPAN_S):
        power = round(seeded.gauss(6730, 15))
        energy += power // 36
        values = (power, round(seeded.gauss(2301, 3)), round(seeded.gauss(292, 4)), energy)
        ms = round(seeded.gauss(500, 5))
        seconds.append((HOUR + second, [(ms, series + 1, value, 0) for series, value in enumerate(values)]))
    sealed = encode(HOUR, seconds)
    single = sum(len(blob.encode(entries)) + 11 for _, entries in seconds)  # a row has 11 bytes beside its blob
    assert decode(HOUR, sealed) == seconds
    assert len(sealed) < single / 9


def test_a_moment_with_several_values_of_one_series_keeps_their_order() -> None:
    entries = [(5, 2, 1, 0), (5, 2, -1, 4), (5, 1, 7, 0), (5, 2, 1, 0)]
    assert decode(HOUR, encode(HOUR, [(HOUR, entries)])) == [(HOUR, entries)]


def test_the_codec_is_that_of_whole_hours() -> None:
    assert chunk.SPAN_S == 3600
    with pytest.raises(DamagedStore, match="out of order"):
        decode(HOUR, encode(HOUR, [(HOUR + SPAN_S, [(0, 1, 1, 0)])]))
