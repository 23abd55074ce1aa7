"""How many examples a run makes of each property."""

import os
from collections import Counter

import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

made: Counter[str] = Counter()


class Property:
    @settings(max_examples=60, suppress_health_check=[HealthCheck.differing_executors])
    @given(st.integers())
    def test_is_made_many_times(self, number: int) -> None:
        made[type(self).__name__] += 1


class TestOne(Property):
    """Shares the property with the other."""


class TestOther(Property):
    """Shares the property with the one."""


@settings(max_examples=7)
@given(st.integers())
def test_is_made_few_times(number: int) -> None:
    made["few"] += 1


def test_an_ordinary_run_makes_as_many_as_asked_for_and_a_soak_many() -> None:
    times = int(os.environ.get("UNCLOUDED_EXAMPLES_TIMES", "1"))
    if not {"TestOne", "TestOther", "few"} <= set(made):
        pytest.skip("only together with the tests above")
    assert made["TestOne"] == made["TestOther"] == 60 * times and made["few"] == 7 * times
