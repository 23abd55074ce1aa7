"""``--processes N``: tests are collected once, and run in N processes that are copies of the one that collected them.

    collects ── fork ──► process 1: a file ── the reports of each test ──► shown here, as if they had run here
                └─────► process 2: the next …   ◄── places of a file in the list of tests, or None

Collecting takes 12 s of CPU time (33 s in a fresh clone, where nothing is compiled), which pytest-xdist takes in every
process. The tests of a file run in one process, in their order; a process asks for a file when it has one test left.
Where a process ends within a test, that test has failed, and a new one goes on after it.
"""

import atexit
import itertools
from collections import deque
from collections.abc import Iterator
from multiprocessing import Pipe, get_context
from multiprocessing.connection import Connection, wait
from multiprocessing.context import ForkProcess
from typing import Any, TypeAlias

import pytest

END_S = 120.0  # s for the last process to stop its servers and browsers

Report = dict[str, Any]  # what pytest makes of a TestReport to send it elsewhere
Call: TypeAlias = "Connection[Any, Any]"  # Any: places of tests or None there, a list of reports or None back


class Forked:
    """A process that runs tests, seen from the one that collected them."""

    def __init__(self, process: ForkProcess, call: Call) -> None:
        self.process = process
        self.call = call
        self.given = deque[int]()  # places of tests of which there is no report yet; it runs the first


class ForkedProcesses:
    """A plugin of pytest for ``number`` processes."""

    def __init__(self, number: int) -> None:
        self._number = number
        self._session: pytest.Session
        self._files = deque[list[int]]()  # that no process has yet: places of their tests
        self._running: dict[Call, Forked] = {}
        self._unsent: list[Report] | None = None  # of the test that runs in this process; None: none runs here

    @pytest.hookimpl(tryfirst=True)
    def pytest_runtestloop(self, session: pytest.Session) -> bool | None:
        if session.testsfailed or session.config.option.collectonly:
            return None  # pytest itself says which file could not be collected
        self._session = session
        files = itertools.groupby(range(len(session.items)), key=lambda place: session.items[place].path)
        self._files.extend(list(places) for _, places in files)
        session.config._tmp_path_factory.getbasetemp()  # type: ignore[attr-defined]  # each process has a part of it
        try:
            for _ in range(min(self._number, len(self._files))):
                self._start()
            while self._running:
                for call in wait(list(self._running)):
                    self._listen(self._running[call])  # type: ignore[index]  # they are those that it was given
                if session.shouldfail:
                    raise session.Failed(session.shouldfail)
        finally:
            self._stop()
        return True

    def pytest_runtest_logreport(self, report: pytest.TestReport) -> None:
        if self._unsent is not None:
            config = self._session.config
            self._unsent.append(config.hook.pytest_report_to_serializable(config=config, report=report))

    # --- the process that collected them ------------------------------------------------------------

    def _start(self) -> None:
        here, there = Pipe()
        process = get_context("fork").Process(target=self._run, args=(there, [here, *self._running]))
        process.start()
        there.close()
        self._running[here] = Forked(process, here)

    def _listen(self, forked: Forked) -> None:
        try:
            reports = forked.call.recv()
            if reports is None:
                self._give(forked)
        except (EOFError, ConnectionError):
            self._end(forked)
            return
        if reports is not None:
            config = self._session.config
            made = [config.hook.pytest_report_from_serializable(config=config, data=report) for report in reports]
            self._show(self._session.items[forked.given.popleft()], made)

    def _give(self, forked: Forked) -> None:
        file = self._files.popleft() if self._files else None
        forked.given.extend(file or ())
        forked.call.send(file)

    def _end(self, forked: Forked) -> None:
        forked.process.join(END_S)
        del self._running[forked.call]
        forked.call.close()
        if forked.given:
            item = self._session.items[forked.given.popleft()]
            words = f"The process of this test ended with the exit code {forked.process.exitcode}."
            self._show(item, [pytest.TestReport(item.nodeid, item.location, {}, "failed", words, "call")])
        if forked.given:
            self._files.appendleft(list(forked.given))
        if self._files:
            self._start()

    def _show(self, item: pytest.Item, reports: list[pytest.TestReport]) -> None:
        item.ihook.pytest_runtest_logstart(nodeid=item.nodeid, location=item.location)
        for report in reports:
            item.ihook.pytest_runtest_logreport(report=report)
        item.ihook.pytest_runtest_logfinish(nodeid=item.nodeid, location=item.location)

    def _stop(self) -> None:
        """Those that still run end after their test, as their calls are closed; what they started ends with them."""
        for forked in self._running.values():
            forked.call.close()
        for forked in self._running.values():
            forked.process.join(END_S)
            forked.process.kill()

    # --- a process that runs them ---------------------------------------------------------------------

    def _run(self, call: Call, of_others: list[Call]) -> None:
        for other in of_others:
            other.close()
        self._be_quiet()
        try:
            tests = self._tests(call)
            item = next(tests, None)
            while item is not None:
                following = next(tests, None)
                self._unsent = []
                item.config.hook.pytest_runtest_protocol(item=item, nextitem=following)
                call.send(self._unsent)
                item = following
        except (EOFError, ConnectionError, KeyboardInterrupt):
            pass  # it is to stop
        finally:
            self._session._setupstate.teardown_exact(None)
            atexit._run_exitfuncs()  # of multiprocessing's processes these are not called otherwise

    def _tests(self, call: Call) -> Iterator[pytest.Item]:
        while True:
            call.send(None)
            file: list[int] | None = call.recv()
            if file is None:
                return
            yield from (self._session.items[place] for place in file)

    def _be_quiet(self) -> None:
        """Own places for what tests print and for their folders; what is to be seen is shown by the other process."""
        config = self._session.config
        config.pluginmanager.unregister(name="terminalreporter")
        capture = config.pluginmanager.getplugin("capturemanager")
        assert capture is not None
        capture.stop_global_capturing()
        capture.start_global_capturing()
        capture.suspend_global_capture()
        folders = config._tmp_path_factory  # type: ignore[attr-defined]  # pytest has no other way to it
        folders._basetemp = folders.mktemp("process")
