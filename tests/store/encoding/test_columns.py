"""Columns of numbers: exact for any numbers, short for the noise of meters, and nothing is believed of their bytes."""

import random
from collections.abc import Sequence
from itertools import accumulate, pairwise

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from unclouded.store.encoding.columns import (
    FAR,
    FEW,
    NEAR,
    ColumnReader,
    put_column,
    put_near,
    put_number,
    put_times,
    put_values,
)

LEVEL = st.one_of(st.integers(-300, 300), st.integers(-(2**70), 2**70))
NOISE = st.one_of(st.integers(-9, 9), st.sampled_from([FAR, FAR - 1, FAR + 1, -FAR, 2**15, -(2**64)]))
NOISY = st.builds(lambda level, noise: [level + one for one in noise], LEVEL, st.lists(NOISE, max_size=3 * FEW))


def differences(numbers: Sequence[int]) -> list[int]:
    return [after - before for before, after in pairwise([0, *numbers])]


@given(NOISY)
@settings(max_examples=60)
def test_numbers_around_any_level_are_read_back_exactly(numbers: list[int]) -> None:
    data = bytearray()
    put_near(data, numbers)
    put_values(data, differences(numbers))
    reader = ColumnReader(bytes(data))
    assert (list(reader.column(len(numbers))), list(reader.values(len(numbers)))) == (numbers, numbers)
    assert not reader.left


@given(st.lists(st.one_of(st.integers(980, 1020), st.integers(0, 2**41)), max_size=3 * FEW))
@settings(max_examples=60)
def test_times_are_read_back_exactly(steps: list[int]) -> None:
    data = bytearray()
    put_times(data, steps)
    reader = ColumnReader(bytes(data))
    assert list(reader.times(len(steps))) == list(accumulate(steps))
    assert not reader.left


def test_noise_around_a_level_takes_a_byte_for_each_number() -> None:
    seeded = random.Random(1)
    numbers = [round(seeded.gauss(23_000, 20)) for _ in range(300)] + [60_000]
    data = bytearray()
    put_values(data, differences(numbers))
    assert data[1] == NEAR
    assert len(data) < len(numbers) + 20


def test_times_with_jitter_are_near_to_a_line() -> None:
    seeded = random.Random(1)
    times = [1_000 * place + 500 + round(seeded.gauss(0, 12)) for place in range(300)]
    data = bytearray()
    put_times(data, differences(times))
    assert (data[0], len(data) < len(times) + 20) == (0, True)


def column_of(*numbers: int, distances: bytes, far: bytes) -> bytes:
    data = bytearray()
    for number in numbers:
        put_number(data, number)
    return bytes(data) + distances + far


ZEROS = bytes([0])
HOSTILE = {
    "a column in a column": column_of(NEAR, 0, distances=b"\x80", far=column_of(NEAR, 0, distances=b"\x80", far=ZEROS)),
    "fewer far ones than there are": column_of(NEAR, 0, distances=b"\x80", far=b""),
    "fewer distances than there are": column_of(NEAR, 0, distances=b"", far=b""),
    "a centre that does not end": bytes([NEAR]) + b"\xff" * 9000,
}


@pytest.mark.parametrize("what", HOSTILE)
def test_columns_of_anyone_are_refused(what: str) -> None:
    with pytest.raises((ValueError, IndexError)):
        ColumnReader(HOSTILE[what]).column(1)


def test_forms_that_do_not_exist_are_refused() -> None:
    empty = bytearray()
    put_column(empty, [])
    with pytest.raises(ValueError, match="form"):
        ColumnReader(b"\x02" + bytes(empty)).values(0)
    far = bytearray([0])
    put_number(far, 1 << 40)
    with pytest.raises(ValueError, match="times"):
        ColumnReader(bytes(far) + ZEROS).times(2)
