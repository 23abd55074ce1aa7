"""Magic numbers are found at every offset, across pieces, as a plain search finds them."""

import pytest
from hypothesis import given
from hypothesis import strategies as st

from unclouded.app.firmware.inspection import ContentScan
from unclouded.app.firmware.magic_scan import MOST_PER_CHUNK, MagicScan

MAGICS = ContentScan._magics


def plain(data: bytes) -> list[tuple[int, int]]:
    return sorted(
        (place, index)
        for index, magic in enumerate(MAGICS)
        for place in range(len(data))
        if data.startswith(magic, place)
    )


pieces = st.lists(
    st.one_of(st.sampled_from(MAGICS), st.sampled_from(MAGICS).map(lambda magic: magic[:2]), st.binary(max_size=5)),
    max_size=40,
)


@given(pieces)
def test_every_magic_number_is_found_wherever_it_stands(parts: list[bytes]) -> None:
    data = b"".join(parts)
    places, is_all = MagicScan(MAGICS).places(data, len(data))
    assert sorted(places) == plain(data) and is_all


@pytest.mark.parametrize("index", range(len(MAGICS)))
@pytest.mark.parametrize("offset", [0, 1, 2, 3, 131_071, 131_072])
def test_each_magic_number_is_found_at_odd_and_even_offsets_and_at_the_end(index: int, offset: int) -> None:
    data = bytes(offset) + MAGICS[index]
    assert (offset, index) in MagicScan(MAGICS).places(data, len(data))[0]


def test_a_number_that_begins_after_the_piece_belongs_to_the_next_one() -> None:
    scan = MagicScan(MAGICS)
    data = bytes(8) + b"hsqs" + bytes(8)
    assert scan.places(data, 9)[0] and not scan.places(data, 8)[0]


def test_a_piece_full_of_magic_numbers_costs_a_bounded_number_of_looks() -> None:
    data = b"\x5d\x00\x00" * 100_000
    places, is_all = MagicScan(MAGICS).places(data, len(data))
    assert len(places) == MOST_PER_CHUNK and not is_all


@pytest.mark.parametrize("data", [b"", b"\0", b"ab", bytes(100_001), b"\xff" * 100_000])
def test_nothing_is_found_where_nothing_is(data: bytes) -> None:
    assert MagicScan(MAGICS).places(data, len(data)) == ([], True)
