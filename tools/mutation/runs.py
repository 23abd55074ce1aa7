"""The tests of one target: first all of them with the lines that each one runs, then those that a mutant concerns."""

import signal
import sys
import threading
import time
from collections.abc import Callable, Generator, Iterable, Sequence

import msgspec
import pytest
from hypothesis import Phase, settings
from tools.mutation.forks import SOURCE, LineTrace, MutantFinder
from tools.mutation.mutants import Mutant, mutated

SLOWEST_S = 1.0  # CPU seconds, traced: a slower test is left out, so what it alone notices counts as not noticed
EXAMPLES = 10  # of a property, always the same ones: a score must not depend on luck
ARGUMENTS = (
    "-q",
    "-n0",
    "-p",
    "no:cacheprovider",
    "-p",
    "no:faulthandler",
    "--tb=no",
    "--no-header",
    "-W",
    "ignore::pytest.PytestAssertRewriteWarning",
)


class TestRun(msgspec.Struct, frozen=True):
    """A test that passed without any mutant: its name, its CPU seconds, the lines of the mutated files that it runs."""

    name: str
    seconds: float
    lines: frozenset[tuple[str, int]]


class Chooser:
    """A plugin of pytest: runs some of the tests in an order, and keeps what they report."""

    def __init__(self, order: Sequence[TestRun] | None = None, trace: LineTrace | None = None) -> None:
        self._order = None if order is None else [one.name for one in order]
        self._usual = {one.name: one.seconds for one in order or ()}
        self._trace = trace
        self.failed: list[str] = []
        self.passed: list[tuple[str, float, list[tuple[str, int]]]] = []
        self.modules: list[str] = []
        self._began = 0.0

    @pytest.hookimpl(trylast=True)
    def pytest_collection_modifyitems(self, items: list[pytest.Item]) -> None:
        for item in items:
            _shorten(item)
        if self._order is not None:
            by_name = {one.nodeid: one for one in items}
            items[:] = [by_name[name] for name in self._order if name in by_name]
        self.modules = [name for name in sys.modules if name.startswith("unclouded")]

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


def first_run(files: Sequence[str], tests: Sequence[str]) -> dict[str, object]:
    """Run all tests of a target without a mutant, and trace them."""
    trace = LineTrace(files)
    chooser = Chooser(trace=trace)
    threading.settrace(trace.begin)
    sys.settrace(trace.begin)
    code = _pytest(chooser, tests)
    sys.settrace(None)
    passed = [] if code not in (0, 1) else [one for one in chooser.passed if one[1] <= SLOWEST_S]
    return {"failed": chooser.failed, "passed": passed, "modules": chooser.modules}


def mutant_run(mutant: Mutant | None, tests: Sequence[TestRun]) -> Callable[[], list[str]]:
    """What a fork does: run the tests on a mutant (None: on the source); it returns those that failed."""
    files = sorted({one.name.split("::")[0] for one in tests})

    def run() -> list[str]:
        if mutant is not None:
            source = (SOURCE / mutant.file).read_text("utf-8")
            code = compile(mutated(source, mutant), mutant.file, "exec")
            sys.meta_path.insert(0, MutantFinder(mutant.file, code))
        chooser = Chooser(tests)
        code_of_pytest = _pytest(chooser, files, "-x")
        return chooser.failed or ([] if code_of_pytest == 0 else ["(import)"])

    return run


def one_of_each(tests: Iterable[TestRun]) -> list[TestRun]:
    """The fastest test of each file."""
    fastest = {one.name.split("::")[0]: one for one in sorted(tests, key=lambda one: -one.seconds)}
    return list(fastest.values())


def concerned(mutant: Mutant, tests: Iterable[TestRun]) -> list[TestRun]:
    """The tests that run the statement of a mutant, the fastest first; of a constant those that run its file at all."""
    if mutant.lines is None:
        found = [one for one in tests if any(file == mutant.file for file, _ in one.lines)]
    else:
        first, last = mutant.lines
        found = [one for one in tests if any((mutant.file, line) in one.lines for line in range(first, last + 1))]
    return sorted(found, key=lambda one: one.seconds)


def _pytest(chooser: Chooser, tests: Sequence[str], *more: str) -> int:
    return int(pytest.main([*ARGUMENTS, *more, *tests], plugins=[chooser]))


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
