"""When an appliance has finished: kettles, washing machines with pauses, plugs that go away."""

from collections.abc import Sequence

from hypothesis import given, settings
from hypothesis import strategies as st

from unclouded.publish.notifications.finished import FinishedDetector, FinishedRule

WASHING = FinishedRule(above_W=10, below_W=5, for_s=120, least_s=60)


def played(rule: FinishedRule, readings: Sequence[tuple[float, float]], until: float) -> list[tuple[float, float]]:
    """(time, seconds worked) of each end, for (time, power) readings; time passes second by second."""
    detector, found, waiting = FinishedDetector(rule), [], list(readings)
    for second in range(int(until) + 1):
        while waiting and waiting[0][0] <= second:
            at, power = waiting.pop(0)
            if (worked := detector.take(power, at)) is not None:
                found.append((at, worked))
        if (worked := detector.tick(second)) is not None:
            found.append((float(second), worked))
    return found


def test_an_appliance_has_finished_after_its_last_pause() -> None:
    readings = [(0, 0), (10, 2000), (300, 3), (360, 400), (900, 2)]  # a pause of 60 s is part of the work
    assert played(WASHING, readings, 2000) == [(1020, 890)]


def test_a_short_touch_is_no_work_and_a_value_between_the_limits_ends_nothing() -> None:
    assert played(WASHING, [(0, 2000), (59, 0)], 1000) == []
    assert played(WASHING, [(0, 2000), (100, 7)], 5000) == []
    assert played(WASHING, [(0, 2000), (100, 3), (150, 7), (160, 3)], 1000) == [(280, 160)]


def test_a_plug_that_stops_answering_has_not_finished() -> None:
    detector = FinishedDetector(WASHING)
    detector.take(2000, 0)
    assert detector.take(0, 100) is None
    detector.lost()
    assert detector.tick(10_000) is None and detector.deadline() is None
    assert detector.take(0, 10_000) is None
    assert detector.tick(10_119) is None and detector.tick(10_120) == 10_000


def test_a_second_run_is_a_second_end() -> None:
    readings = [(0, 50), (100, 0), (400, 50), (500, 0)]
    assert played(WASHING, readings, 1000) == [(220, 100), (620, 100)]


POWERS = st.lists(
    st.tuples(st.integers(0, 200), st.sampled_from([0.0, 3.0, 5.0, 7.0, 10.0, 11.0, 2000.0])), max_size=25
)
RULES = st.builds(
    FinishedRule,
    above_W=st.just(10.0),
    below_W=st.sampled_from([0.0, 5.0, 10.0]),
    for_s=st.integers(0, 60).map(float),
    least_s=st.integers(0, 60).map(float),
)


@settings(max_examples=60, deadline=None)
@given(RULES, POWERS)
def test_each_end_has_work_before_it_and_silence_after_it(rule: FinishedRule, powers: list[tuple[int, float]]) -> None:
    readings = sorted((float(at), power) for at, power in dict(powers).items())
    ends = played(rule, readings, 270)
    before = -1.0
    for at, worked in ends:
        assert worked >= rule.least_s
        high = [
            time for time, power in readings if before < time < at and power > rule.above_W
        ]  # one at the end begins again
        assert high, "nothing worked"
        quiet = [power for time, power in readings if at - rule.for_s < time < at]
        assert all(power <= rule.below_W for power in quiet)
        assert max(high) <= at - rule.for_s
        before = max(high)
    repeated = [one for one in readings for _ in range(2)]
    assert played(rule, repeated, 270) == ends  # a reading that comes twice changes nothing
