"""Energy from pulses: wraps, restarts, gaps. It may be too low where nothing is certain, and is never too high."""

from fractions import Fraction

from hypothesis import given, settings
from hypothesis import strategies as st

from unclouded.families.hlw8032.frame import Hlw8032Frame, encode
from unclouded.families.hlw8032.measurement import NOMINAL, calibration
from unclouded.families.hlw8032.pulse_counter import FULL_SCALE_W, ROUND, PulseCounter, PulseLevel

COEFFICIENT = 5_105_000
PULSE_MWH = Fraction(COEFFICIENT * 188, 360_000_000)


def at(count: int, coefficient: int = COEFFICIENT) -> Hlw8032Frame:
    """A frame whose counter, with its carry bit, shows ``count``."""
    update = 0x71 | (0x80 if count >> 16 & 1 else 0)
    return encode(0x55, (187_600, 1535), (15_575, 8273), (coefficient, 25_155), update, count)


def pulses(*readings: tuple[float, int]) -> list[int]:
    """The pulses that are counted at each (Unix seconds, count)."""
    counter = PulseCounter(NOMINAL)
    risen = [counter.advance(at(count), when) for when, count in readings]
    return [int((one or 0) / PULSE_MWH) for one in risen]


def test_the_first_reading_counts_nothing_and_then_each_rise() -> None:
    assert pulses((0, 500), (1, 540), (2, 540), (3, 600)) == [0, 40, 0, 60]


def test_the_energy_of_a_pulse_is_exact() -> None:
    counter = PulseCounter(NOMINAL)
    counter.advance(at(0), 0)
    assert counter.advance(at(3), 1) == 3 * PULSE_MWH


def test_the_counter_wraps_at_16_bits_and_its_carry_at_17() -> None:
    assert pulses((0, 65_500), (1, 65_536 + 20)) == [0, 56]
    assert pulses((0, ROUND - 10), (1, ROUND + 5)) == [0, 15]


def test_a_chip_that_was_restarted_counts_from_0() -> None:
    assert pulses((0, 40_000), (5, 30)) == [0, 30]
    assert pulses((0, 65_536 + 100), (5, 30)) == [0, 30]


def test_a_jump_that_no_load_explains_is_not_counted() -> None:
    assert pulses((0, 100), (1, 60_000), (2, 60_010)) == [0, 0, 10]


def test_a_rise_at_full_scale_is_counted() -> None:
    most = int(FULL_SCALE_W * 1000 / 3600 / PULSE_MWH)
    assert pulses((0, 0), (10, most * 10)) == [0, most * 10]
    assert pulses((0, 1000), (10, 1000 + most * 12)) == [0, 0]


def test_after_a_long_silence_only_what_is_certain_is_counted() -> None:
    assert pulses((0, 1_000), (3600, 5_000)) == [0, 4_000]
    assert pulses((0, 60_000), (3600, 100)) == [0, 100]
    assert pulses((0, 1_000), (-50, 5_000)) == [0, 4_000]  # the clock was set back


def test_another_chip_begins_again() -> None:
    counter = PulseCounter(NOMINAL)
    counter.advance(at(10), 0)
    assert counter.advance(at(30, COEFFICIENT + 1000), 1) == 0
    assert counter.advance(at(31, COEFFICIENT + 1000), 2) > 0  # type: ignore[operator]


def test_a_frame_without_a_coefficient_counts_nothing_and_loses_nothing() -> None:
    counter = PulseCounter(NOMINAL)
    counter.advance(at(10), 0)
    assert counter.advance(at(20, 0), 1) is None
    assert counter.advance(at(30), 2) == 20 * PULSE_MWH


def test_it_goes_on_from_what_is_remembered() -> None:
    counter = PulseCounter(NOMINAL, PulseLevel(100, COEFFICIENT, 1000.0))
    assert counter.advance(at(150), 1010.0) == 50 * PULSE_MWH


def test_a_larger_shunt_measures_less() -> None:
    """Full scale belongs to the shunt: with a tenth of Ki a pulse is a tenth, and as many are possible."""
    counter = PulseCounter(calibration(188, 10))
    counter.advance(at(0), 0)
    assert counter.advance(at(10_000), 10) == 1_000 * PULSE_MWH
    assert counter.advance(at(30_000), 20) == 0


STEPS = st.lists(st.tuples(st.floats(0.05, 3.0), st.integers(0, 1_000)), min_size=1, max_size=30)


@given(STEPS, st.integers(0, ROUND - 1))
@settings(max_examples=100, deadline=None)
def test_all_that_was_used_is_counted_while_frames_arrive(steps: list[tuple[float, int]], count: int) -> None:
    counter, now, counted = PulseCounter(NOMINAL), 0.0, Fraction(0)
    counter.advance(at(count), now)
    for seconds, rise in steps:
        now, count = now + seconds, count + rise
        counted += counter.advance(at(count % ROUND), now) or 0
    assert counted == sum(rise for _, rise in steps) * PULSE_MWH


@given(STEPS, st.integers(0, ROUND - 1), st.sets(st.integers(0, 29)))
@settings(max_examples=200, deadline=None)
def test_no_more_than_that_is_counted_where_the_chip_is_restarted_in_silences(
    steps: list[tuple[float, int]], count: int, restarts: set[int]
) -> None:
    counter, now, counted = PulseCounter(NOMINAL), 0.0, Fraction(0)
    counter.advance(at(count), now)
    for number, (seconds, rise) in enumerate(steps):
        now, count = now + seconds, rise if number in restarts else count + rise
        counted += counter.advance(at(count % ROUND), now, was_silent=number in restarts) or 0
    assert counted <= sum(rise for _, rise in steps) * PULSE_MWH


def test_a_fall_after_a_silence_near_the_top_is_no_wrap() -> None:
    counter = PulseCounter(NOMINAL)
    counter.advance(at(ROUND - 500), 0)
    assert counter.advance(at(20), 1, was_silent=True) == 20 * PULSE_MWH


def test_a_jump_after_a_silence_is_not_counted() -> None:
    counter = PulseCounter(NOMINAL)
    counter.advance(at(100), 0)
    assert counter.advance(at(60_000), 1, was_silent=True) == 0


def test_with_the_carry_a_rise_may_be_more_than_16_bits() -> None:
    assert pulses((0, 0), (70, 70_000)) == [0, 70_000]
