"""Reproducible random numbers."""

from hypothesis import given
from hypothesis import strategies as st

from unclouded.sim.seeded_random import SeededRandom

SEEDS = st.integers(-(2**70), 2**70)
NUMBERS = st.integers(-(2**40), 2**40)


@given(SEEDS, NUMBERS, st.integers(-1000, 1000), st.integers(0, 1000))
def test_a_roll_stays_within_its_bounds_and_is_the_same_each_time(seed: int, number: int, low: int, span: int) -> None:
    integer = SeededRandom(seed, "tv").integer(number, low, low + span)
    assert low <= integer <= low + span
    assert integer == SeededRandom(seed, "tv").integer(number, low, low + span)


@given(SEEDS, st.integers(0, 10**6), st.integers(2, 300))
def test_a_drift_moves_evenly_and_never_jumps(seed: int, second: int, every: int) -> None:
    rng = SeededRandom(seed, "mains")
    before, after = (rng.drift(second + one, every, -3500, 3500) for one in (0, 1))
    assert -3500 <= before <= 3500
    assert abs(after - before) <= 7000 // every + 1


def test_all_integers_are_about_equally_frequent() -> None:
    rng = SeededRandom(1, "kettle")
    numbers = [rng.integer(number, 0, 9) for number in range(10_000)]
    assert all(900 < numbers.count(value) < 1100 for value in range(10))


def test_two_things_in_one_world_have_dice_of_their_own() -> None:
    one, two = SeededRandom(1, "plug a"), SeededRandom(1, "plug b")
    assert [one.integer(n, 0, 999) for n in range(20)] != [two.integer(n, 0, 999) for n in range(20)]


@given(st.integers(0, 100), st.integers(0, 70))
def test_tokens_have_the_length_that_was_asked_for(number: int, length: int) -> None:
    assert len(SeededRandom(3, "token").token(number, length)) == length
