"""The blob of a device-second."""

import pytest
from hypothesis import given
from hypothesis import strategies as st

from unclouded.core.errors import StoreError
from unclouded.store.encoding.blob import decode, encode, merge

Entries = list[tuple[int, int, int, int]]  # millisecond, series, number, mark

numbers = st.integers(-(2**70), 2**70) | st.integers(-100, 100)
entry = st.tuples(st.integers(0, 999), st.integers(1, 2**20), numbers, st.integers(0, 2**12))
blobs = st.lists(entry, max_size=12).map(lambda entries: sorted(entries, key=lambda e: e[0]))


def test_four_values_of_one_frame_take_thirteen_bytes() -> None:
    frame = [(250, 1, 673, 0), (250, 2, 2305, 0), (250, 3, 320, 0), (250, 4, 12_345_678, 0)]
    assert encode(frame).hex(" ") == "06 fa 01 c2 0a 08 82 24 0c 80 05 10 9c 85 e3 0b"


def test_negative_values_and_marks_come_back() -> None:
    assert decode(encode([(0, 1, -1, 1), (999, 1, -1000, 6)])) == [(0, 1, -1, 1), (999, 1, -1000, 6)]


@given(blobs)
def test_every_blob_is_decoded_to_its_entries(entries: Entries) -> None:
    assert decode(encode(entries)) == entries


@given(st.binary(max_size=40))
def test_damage_raises_a_store_error_only(blob: bytes) -> None:
    try:
        entries = decode(blob)
    except StoreError:
        return
    assert all(len(entry) == 4 for entry in entries)


@given(blobs)
def test_a_blob_cut_within_its_last_number_is_refused(entries: Entries) -> None:
    blob = encode([*entries, (999, 1, 2**20, 0)])
    with pytest.raises(StoreError):
        decode(blob[:-1])


@given(blobs, blobs)
def test_a_merge_holds_both_in_the_order_of_time(old: Entries, late: Entries) -> None:
    merged = decode(merge(encode(old), encode(late)))
    assert set(merged) == {*old, *late}
    assert [entry[0] for entry in merged] == sorted(entry[0] for entry in merged)
    assert [entry for entry in merged if entry in old] == old


@given(blobs, blobs)
def test_merging_the_same_again_changes_nothing(old: Entries, late: Entries) -> None:
    merged = merge(encode(old), encode(late))
    assert merge(merged, encode(late)) == merged
