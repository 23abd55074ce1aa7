"""What a device may be, from its power: patterns, honest wording, and what must not be guessed."""

import math

import pytest
from hypothesis import given
from hypothesis import strategies as st

from unclouded.app.onboarding.kind_guess import KINDS, USUAL, guess_kind, guess_text, guessed_names, while_on

OFF = [0.4] * 8  # W; what the plug itself uses


def trace(values: list[float]) -> list[tuple[float, float]]:
    return [(1000.0 + second, value) for second, value in enumerate(values)]


@pytest.mark.parametrize(
    ("values", "pattern", "first"),
    [
        (OFF + [1980.0, 1992.0, 1975.0] * 4 + OFF, "bursts", "kettle"),
        ([1980.0, 1992.0, 1975.0] * 4, "steady", "kettle"),
        ([2900.0] * 9, "steady", "water_heater"),
        ([500.0, 1100.0, 1450.0, 1000.0] * 4, "changing", "vacuum_cleaner"),
        ([86.0] * 9, "steady", "fridge"),
        ([86.0] * 9 + OFF, "bursts", "fridge"),
        ([8.2] * 9, "steady", "lamp"),
        ([-410.0, -402.0, -415.0] * 3, "delivers", "solar_roof"),
    ],
)
def test_a_pattern_of_power_suggests_what_it_may_be(values: list[float], pattern: str, first: str) -> None:
    guess = guess_kind(trace(values))
    assert guess is not None and (guess.pattern, guess.kinds[0]) == (pattern, first)


@pytest.mark.parametrize(
    "values", [[], OFF, [1980.0] * 3, [0.0] * 60, [1980.0] * 4, [math.nan] * 9, [math.inf, -math.inf] * 9]
)
def test_little_or_nothing_is_no_reason_for_a_guess(values: list[float]) -> None:
    assert guess_kind(trace(values)) is None
    assert guessed_names(None) == ()


def test_a_guess_is_worded_as_one() -> None:
    guess = guess_kind(trace(OFF + [1980.0] * 9))
    assert guess is not None
    assert guess_text(guess) == "It draws 1.98 kW in short bursts. That could be a kettle, an iron or a toaster."
    solar = guess_kind(trace([-410.0] * 9))
    assert solar is not None and guess_text(solar) == "It delivers 410 W. That could be a solar inverter."
    assert guessed_names(guess) == ("Kettle", "Iron", "Toaster")


def test_switching_it_is_no_burst_of_what_is_plugged_in() -> None:
    values = trace([1980.0] * 10 + [1200.0] + [0.0] * 10 + [700.0] + [1980.0] * 10)
    switched = [(1000.0, True), (1010.5, False), (1021.0, True)]
    kept = while_on(values, switched)
    assert {value for _, value in kept} == {1980.0} and len(kept) == 16
    guess = guess_kind(kept)
    assert guess is not None and guess.pattern == "steady"
    assert while_on(values, []) == values, "a device without a switch"
    assert while_on(values, [(1000.0, False)]) == []


@given(st.lists(st.floats(width=32), max_size=40))
def test_any_trace_gives_a_guess_of_known_kinds_or_none(values: list[float]) -> None:
    guess = guess_kind(trace(values))
    assert guess is None or (guess.power_W > 0 and guess.kinds and guess_text(guess).endswith("."))


def test_every_kind_has_a_name_and_every_power_a_row() -> None:
    named = {kind for row in USUAL for kind in (*row.bursts, *row.steady, *row.changing)}
    assert named | {"solar_roof"} == set(KINDS)
    assert [row.least_W for row in USUAL] == sorted((row.least_W for row in USUAL), reverse=True)
