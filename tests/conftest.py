"""What holds for all tests: how many examples hypothesis makes, and which files begin first.

A slow machine is no failure, so hypothesis sets no deadlines. An ordinary run makes at most ORDINARY examples of each
property, others each time; ``dev.py soak`` makes EXAMPLES_TIMES times as many as the test asks for.
"""

import os
from pathlib import Path

import pytest
from hypothesis import HealthCheck, settings

TESTS = Path(__file__).parent.as_posix()
ORDINARY = 40  # examples of one property
EXAMPLES_TIMES = "UNCLOUDED_EXAMPLES_TIMES"
WAITING = ("strangers/", "browser/", "app/", "cli/", "links/")  # they wait for processes: others compute meanwhile

settings.register_profile("unclouded", deadline=None, suppress_health_check=[HealthCheck.too_slow])
settings.load_profile("unclouded")


def examples(asked: int, times: int) -> int:
    """How many examples this run makes of a property that asks for so many; ``times``: 0 in an ordinary run."""
    return asked * times if times else min(asked, ORDINARY)


def pytest_collection_modifyitems(items: list[pytest.Item]) -> None:
    times = int(os.environ.get(EXAMPLES_TIMES, "0"))
    set_already = set()
    for item in items:
        test = getattr(item, "obj", None)
        test = getattr(test, "__func__", test)  # classes share the properties that they inherit
        if getattr(test, "is_hypothesis_test", False) and test not in set_already:
            set_already.add(test)
            _set_examples(test, times)
    items.sort(key=_order)


def _set_examples(test: object, times: int) -> None:
    """Hypothesis has no function that changes the settings of a test which is already decorated."""
    own = test._hypothesis_internal_use_settings  # type: ignore[attr-defined]
    test._hypothesis_internal_use_settings = settings(  # type: ignore[attr-defined]
        own, max_examples=examples(own.max_examples, times)
    )


def _order(item: pytest.Item) -> int:
    """Files that wait come first; the order is otherwise that of pytest, so the tests of a file stay together."""
    place = item.path.as_posix().removeprefix(f"{TESTS}/")
    return next((number for number, start in enumerate(WAITING) if place.startswith(start)), len(WAITING))
