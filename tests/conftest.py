"""What holds for all tests: how many examples hypothesis makes, what is no garbage, in which order files run.

A slow machine is no failure, so hypothesis sets no deadlines. An ordinary run makes as many examples as a property asks
for, others each time; ``dev.py soak`` makes EXAMPLES_TIMES times as many.
"""

import gc
import os
import signal
from collections import defaultdict
from collections.abc import Iterable, Iterator
from pathlib import Path

import pytest
from hypothesis import HealthCheck, settings

from forked_processes import ForkedProcesses

TESTS = Path(__file__).parent.as_posix()
EXAMPLES_TIMES = "UNCLOUDED_EXAMPLES_TIMES"
LONGEST = ("browser/test_every_page.py", "test_linear.py", "web/test_api_contract.py", "uplink/test_law")
WAITING = ("strangers/", "browser/", "app/", "cli/", "docs/", "links/", "fleet/")

settings.register_profile("unclouded", deadline=None, suppress_health_check=[HealthCheck.too_slow])
settings.load_profile("unclouded")

gc.disable()  # what is collected here stays; to look through it again and again is half of the work


@pytest.fixture(scope="session", autouse=True)
def own_priority() -> Iterator[None]:
    """A verb that runs in this process does not lower its priority for all tests after it."""
    with pytest.MonkeyPatch.context() as patch:
        patch.setattr(os, "nice", lambda by: 0)
        yield


def pytest_addoption(parser: pytest.Parser) -> None:
    parser.addoption("--processes", type=int, default=0, metavar="N", help="run the tests in N copies of this process")


def pytest_configure(config: pytest.Config) -> None:
    if signal.getsignal(signal.SIGINT) is signal.SIG_IGN:  # in a shell's background; what tests start would inherit it
        signal.signal(signal.SIGINT, signal.default_int_handler)
    if number := config.getoption("processes"):
        config.pluginmanager.register(ForkedProcesses(number))


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
    ranks = _ranks(dict.fromkeys(map(_file, items)))
    items.sort(key=lambda item: ranks[_file(item)])  # stable: the tests of a file stay together, and in their order


def _multiply_examples(test: object, times: int) -> None:
    """Hypothesis has no function that changes the settings of a test which is already decorated."""
    own = test._hypothesis_internal_use_settings  # type: ignore[attr-defined]
    more = settings(own, max_examples=own.max_examples * times)
    test._hypothesis_internal_use_settings = more  # type: ignore[attr-defined]


def _ranks(files: Iterable[str]) -> dict[str, float]:
    """Long files come first. Then those that wait and those that compute take turns, so that no core is idle."""
    groups = defaultdict[int, list[str]](list)
    for file in files:
        long = next((number for number, start in enumerate(LONGEST) if file.startswith(start)), None)
        groups[len(LONGEST) + file.startswith(WAITING) if long is None else long].append(file)
    return {
        file: (number + 0.5) / len(group) if place >= len(LONGEST) else place - len(LONGEST)
        for place, group in groups.items()
        for number, file in enumerate(group)
    }


def _file(item: pytest.Item) -> str:
    return item.path.as_posix().removeprefix(f"{TESTS}/")
