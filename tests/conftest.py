"""What holds for all tests: how many examples hypothesis makes, what is no garbage, which files begin first.

A slow machine is no failure, so hypothesis sets no deadlines. An ordinary run makes as many examples as a property asks
for, others each time; ``dev.py soak`` makes EXAMPLES_TIMES times as many.
"""

import gc
import os
from pathlib import Path

import pytest
from hypothesis import HealthCheck, settings

TESTS = Path(__file__).parent.as_posix()
EXAMPLES_TIMES = "UNCLOUDED_EXAMPLES_TIMES"
LONGEST = ("browser/test_every_page.py", "test_linear.py", "web/test_api_contract.py", "uplink/test_law")
WAITING = ("strangers/", "browser/", "app/", "cli/", "docs/", "links/", "fleet/")
FIRST = (*LONGEST, *WAITING)

settings.register_profile("unclouded", deadline=None, suppress_health_check=[HealthCheck.too_slow])
settings.load_profile("unclouded")

gc.disable()  # what is collected here stays; to look through it again and again is half of the work


def pytest_collection_finish() -> None:
    """From here on there is garbage; the tests themselves, some 100 MB, are none."""
    gc.freeze()
    gc.enable()


def pytest_collection_modifyitems(items: list[pytest.Item]) -> None:
    times = int(os.environ.get(EXAMPLES_TIMES, "1"))
    multiplied = set()
    for item in items:
        test = getattr(item, "obj", None)
        test = getattr(test, "__func__", test)  # classes share the properties that they inherit
        if times > 1 and getattr(test, "is_hypothesis_test", False) and test not in multiplied:
            multiplied.add(test)
            _multiply_examples(test, times)
    items.sort(key=_order)


def _multiply_examples(test: object, times: int) -> None:
    """Hypothesis has no function that changes the settings of a test which is already decorated."""
    own = test._hypothesis_internal_use_settings  # type: ignore[attr-defined]
    more = settings(own, max_examples=own.max_examples * times)
    test._hypothesis_internal_use_settings = more  # type: ignore[attr-defined]


def _order(item: pytest.Item) -> int:
    """Long files and those that wait come first; else the order is that of pytest, so a file stays together."""
    place = item.path.as_posix().removeprefix(f"{TESTS}/")
    return next((number for number, start in enumerate(FIRST) if place.startswith(start)), len(FIRST))
