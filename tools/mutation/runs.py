"""The tests of one target: first all of them with the lines that each one runs, then those that a mutant concerns."""

import signal
import sys
import threading
import time
from collections.abc import Callable, Generator, Iterable, Sequence, Set
from types import CodeType, FunctionType
from typing import TypeAlias

import msgspec
import pytest
from hypothesis import Phase, settings
from tools.mutation.forks import LineTrace, MutantFinder
from tools.mutation.mutants import Mutant

SLOWEST_S = 1.0  # CPU seconds, traced: a slower test is left out, so what it alone notices counts as not noticed
EXAMPLES = 10  # of a property, always the same ones: a score must not depend on luck
ARGUMENTS = (
    "-qq",
    "-s",
    "-n0",
    "-p",
    "no:cacheprovider",
    "-p",
    "no:faulthandler",
    "--tb=no",
    "--assert=plain",
    "--no-header",
    "-W",
    "ignore::pytest.PytestAssertRewriteWarning",
)


SourceLine: TypeAlias = tuple[str, int]  # file, number


class TestRun(msgspec.Struct, frozen=True):
    """A test that passed without any mutant: its name, its CPU seconds, the lines of the mutated files that it runs."""

    name: str
    seconds: float
    lines: frozenset[SourceLine]


class Collection:
    """A plugin of pytest: keeps the collected tests and what they report.

    With ``instead``, that is called once the tests are collected, and runs those that it wants.
    """

    def __init__(self, trace: LineTrace | None = None, instead: Callable[["Collection"], object] | None = None) -> None:
        self._trace = trace
        self._instead = instead
        self._items: dict[str, pytest.Item] = {}
        self._usual: dict[str, float] = {}
        self._began = 0.0
        self.failed: list[str] = []
        self.passed: list[tuple[str, float, list[SourceLine]]] = []
        self.modules: list[str] = []
        self.at_import: list[SourceLine] = []

    def run(self, order: Iterable[TestRun]) -> list[str]:
        """Run some of the tests up to the first that fails: its name."""
        self._usual = {one.name: one.seconds for one in order}
        items = [self._items[name] for name in self._usual if name in self._items]
        for item, following in zip(items, [*items[1:], None], strict=True):
            item.config.hook.pytest_runtest_protocol(item=item, nextitem=following)
            if self.failed:
                break
        return self.failed

    @pytest.hookimpl(trylast=True)
    def pytest_collection_modifyitems(self, items: list[pytest.Item]) -> None:
        for item in items:
            _shorten(item)
        self._items = {one.nodeid: one for one in items}
        self.modules = [name for name in sys.modules if name.startswith("unclouded")]
        if self._trace:
            self.at_import = sorted(self._trace.lines)
            self._trace.lines.clear()

    @pytest.hookimpl(tryfirst=True)
    def pytest_runtestloop(self, session: pytest.Session) -> bool | None:
        if self._instead is None:
            return None
        if not session.testsfailed:  # while they were collected
            self._instead(self)
        return True

    @pytest.hookimpl(wrapper=True)
    def pytest_runtest_protocol(self, item: pytest.Item) -> Generator[None, object, object]:
        self._began = time.process_time()
        if usual := self._usual.get(item.nodeid):  # a test that goes on and on ends the process
            signal.setitimer(signal.ITIMER_VIRTUAL, 1.0 + 5 * usual)
        return (yield)

    def pytest_runtest_logreport(self, report: pytest.TestReport) -> None:
        if report.failed:
            self.failed.append(report.nodeid)
        elif report.when == "call" and report.passed:
            lines = sorted(self._trace.lines) if self._trace else []
            self.passed.append((report.nodeid, time.process_time() - self._began, lines))
        if self._trace and report.when == "teardown":
            self._trace.lines.clear()


def first_run(files: Sequence[str], tests: Sequence[str], folder: str) -> dict[str, object]:
    """Run all tests of a target without a mutant, and trace them. ``folder``: for what they write."""
    trace = LineTrace(files)
    found = Collection(trace)
    threading.settrace(trace.begin)
    sys.settrace(trace.begin)
    code = _pytest(found, tests, folder)
    sys.settrace(None)
    passed = [] if code not in (0, 1) else [one for one in found.passed if one[1] <= SLOWEST_S]
    return {"failed": found.failed, "passed": passed, "modules": found.modules, "at_import": found.at_import}


def run_with_import(code: CodeType | None, file: str, folder: str, tests: Sequence[TestRun]) -> list[str]:
    """What a fork does that has not imported ``file``: run the tests with ``code`` for it; the test that failed."""
    if code is not None:
        sys.meta_path.insert(0, MutantFinder(file, code))
    collection = Collection(instead=lambda found: found.run(tests))
    ended = _pytest(collection, files_of(tests), folder)
    return collection.failed or ([] if ended == 0 else ["(import)"])


def run_changed(
    collection: Collection, changed: Iterable[tuple[FunctionType, CodeType]], tests: Sequence[TestRun]
) -> list[str]:
    """What a fork does that has collected the tests: give functions other code; the test that failed."""
    for function, code in changed:
        function.__code__ = code
    return collection.run(tests)


def collect(tests: Sequence[TestRun], folder: str, work: Callable[[Collection], list[str]]) -> list[str]:
    """What ``work`` returns with the tests collected, none of which has run. Raises RuntimeError where that fails."""
    answers: list[str] = []
    if ended := _pytest(Collection(instead=lambda found: answers.extend(work(found))), files_of(tests), folder):
        raise RuntimeError(f"pytest ended with {ended}")
    return answers


def files_of(tests: Iterable[TestRun]) -> list[str]:
    return sorted({one.name.split("::")[0] for one in tests})


def one_of_each(tests: Iterable[TestRun]) -> list[TestRun]:
    """The fastest test of each file."""
    fastest = {one.name.split("::")[0]: one for one in sorted(tests, key=lambda one: -one.seconds)}
    return list(fastest.values())


def is_in_functions(mutant: Mutant, at_import: Set[SourceLine]) -> bool:
    """Whether its statement runs only when a function is called after the import."""
    return mutant.lines is not None and not any((mutant.file, line) in at_import for line in lines_of(mutant))


def lines_of(mutant: Mutant) -> range:
    first, last = mutant.lines or (0, -1)
    return range(first, last + 1)


def concerned(mutant: Mutant, tests: Iterable[TestRun], at_import: Set[SourceLine]) -> list[TestRun]:
    """The tests that run the statement of a mutant, the fastest first.

    Of one at the import all, first those that run its file: a test may only look at a constant.
    """
    if is_in_functions(mutant, at_import):
        found = [one for one in tests if any((mutant.file, line) in one.lines for line in lines_of(mutant))]
        return sorted(found, key=lambda one: one.seconds)
    return sorted(tests, key=lambda one: (all(file != mutant.file for file, _ in one.lines), one.seconds))


def _pytest(collection: Collection, tests: Sequence[str], folder: str) -> int:
    return int(pytest.main([*ARGUMENTS, f"--basetemp={folder}", *tests], plugins=[collection]))


def _shorten(item: pytest.Item) -> None:
    """Properties make the same few examples each time, and do not look for the simplest one that fails."""
    test = getattr(item, "obj", None)
    test = getattr(test, "__func__", test)
    own: settings | None = getattr(test, "_hypothesis_internal_use_settings", None)
    if own is not None:
        phases = (Phase.explicit, Phase.generate)
        few = settings(
            own, max_examples=min(own.max_examples, EXAMPLES), phases=phases, derandomize=True, database=None
        )
        test._hypothesis_internal_use_settings = few  # type: ignore[union-attr]
