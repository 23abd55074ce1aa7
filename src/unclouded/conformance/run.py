"""A run: the checks of one role, one after the other, as a session on a link.

    up ─► reach: does anything answer? ──no──► ended, with what to look for
            │ yes
            ▼
          for each check: danger? person? ─► preparations ─► script, at most timeout_s ─► result
            │                                                        └─ failed: does it still answer?
            ▼
          ended

A ConformanceRun is a ``core.sessions.session.Session`` without events: the driver runs it on a real link,
``tests/pair.py`` on a fake wire. What it finds goes to its RunObserver.
"""

from collections import Counter
from collections.abc import Sequence
from fnmatch import fnmatchcase
from typing import Any, Protocol

from unclouded.conformance.check import (
    Check,
    CheckResult,
    CheckSuite,
    PersonTask,
    PlayedRole,
    ResultKind,
    RunOptions,
    RunReport,
)
from unclouded.conformance.line import (
    UNREADABLE,
    CheckEndedError,
    CheckLine,
    LineEntry,
    RunEndedError,
    Script,
    Wait,
    bounded,
)
from unclouded.core.errors import CommandError
from unclouded.core.family import Sender
from unclouded.core.sessions.session import (
    Ambient,
    Answer,
    Event,
    Failure,
    LinkPath,
    Out,
    Refusal,
    SessionCommand,
    Ticket,
)
from unclouded.core.sessions.session_parts import earliest, refuse_action

KEPT = 2_000  # entries of one check that are kept for its report
TRIES = 3  # of a preparation, in a row, after which it is not tried again
NOT_ALLOWED = "{} It runs only with --yes."
NO_PERSON = "A person has to help: {} It runs only with --assist."


class RunObserver(Protocol):
    """Takes what a run finds, while it runs."""

    def begun(self, check: Check) -> None:
        """A check begins."""

    def finished(self, result: CheckResult) -> None:
        """A check is over."""

    def advised(self, task: PersonTask) -> None:
        """What a person is to do now, or what is waited for."""

    def ended(self, report: RunReport) -> None:
        """All checks are over, or the run was cut short."""


def chosen(role: PlayedRole, only: Sequence[str]) -> list[Check]:
    """The checks that the patterns name, in their order; no pattern = all. Raises CommandError for one without any."""
    for pattern in only:
        if not any(fnmatchcase(check.id, pattern) for check in role.checks):
            raise CommandError(f"There is no check {pattern!r} of the {role.tests}. --list shows them.")
    return [check for check in role.checks if not only or any(fnmatchcase(check.id, one) for one in only)]


class ConformanceRun:
    """Plays ``role`` of a suite. Raises CommandError where the suite has no such role or no such check."""

    def __init__(
        self, suite: CheckSuite, role: Sender, options: RunOptions, ambient: Ambient, observer: RunObserver
    ) -> None:
        if role not in suite.roles:
            raise CommandError(f"{suite.name} has no checks as {role}.")
        self._suite = suite
        self._name: Sender = role
        self._role = suite.roles[role]
        self._options = options
        self._observer = observer
        self._checks = chosen(self._role, options.only)
        self._line: CheckLine[Any] = self._role.line(  # Any: the suite's own end
            ambient, firmware=options.firmware, advise=self._advise
        )
        self._line.key = options.key
        self._results: list[CheckResult] = []
        self._prepared: dict[str, str] = {}  # "" = well, else why not
        self._asked: set[PersonTask] = set()  # what a person was asked to do for what is recorded once
        self._tasks: list[PersonTask] = []
        self._vain: Counter[str] = Counter()  # how often in a row a preparation failed
        self._script: Script[None] | None = None
        self._wait: Wait | None = None
        self._began = 0.0
        self._silence = ""
        self._give_up_at: float | None = None  # where the link cannot be opened
        self._why_no_link = ""

    # --- Session -----------------------------------------------------------------------------------

    def up(self, path: LinkPath, now: float) -> Sequence[Event]:
        self._line.now = now
        entries = self._line.connected(path)
        if self._script is None and not self._is_over:
            self._began = now
            self._script = self._main()
            self._step(None)
        else:
            self._hand_on_all(entries)
        self._turn(now)
        return ()

    def down(self, path: str, reason: str, now: float) -> Sequence[Event]:
        self._line.now = now
        if self._script is None and not self._is_over:
            self._no_link(reason, now)
        self._hand_on_all(self._line.disconnected())
        self._turn(now)
        return ()

    def receive(self, data: bytes, now: float, path: str = "", re: int = 0) -> Sequence[Event]:
        self._line.now = now
        self._hand_on_all(self._line.feed(data, path, re))
        self._turn(now)
        return ()

    def failed(self, id: int, why: Failure, now: float) -> Sequence[Event]:
        self._line.now = now
        self._hand_on_all(self._line.failed(id, why.value))
        self._turn(now)
        return ()

    def submit(self, command: SessionCommand, now: float) -> Ticket:
        raise refuse_action(command)

    def answer(self, id: int, value: Answer | Refusal, now: float) -> Sequence[Event]:
        return ()

    def tick(self, now: float) -> Sequence[Event]:
        self._line.now = now
        if self._script is None and not self._is_over and self._give_up_at is not None and self._give_up_at <= now:
            self._give_up()
        self._turn(now)
        return ()

    def deadline(self) -> float | None:
        if self._script is None:
            return None if self._is_over else self._give_up_at
        until = self._wait.until if self._wait is not None else None
        return earliest(until, self._line.deadline(), self._line.end.deadline())

    def outgoing(self, now: float) -> list[Out]:
        return self._line.outgoing()

    def stats(self) -> dict[str, float]:
        return {"checks": len(self._results)}

    # --- turns -----------------------------------------------------------------------------------

    def _no_link(self, reason: str, now: float) -> None:
        """The link cannot be opened. After as long as the other end may be silent, the run is over."""
        self._why_no_link = reason
        if self._give_up_at is None:
            self._began, self._give_up_at = now, now + self._silence_s

    def _give_up(self) -> None:
        self._silence = f"There is no connection: {self._why_no_link}"
        self._observer.ended(self.report())

    @property
    def _silence_s(self) -> float:
        return self._role.silence_s if self._options.silence_s is None else self._options.silence_s

    @property
    def _is_over(self) -> bool:
        return self._script is None and bool(self._results or self._silence)

    def _turn(self, now: float) -> None:
        """Everything that is due now."""
        while self._script is not None and (at := self.deadline()) is not None and at <= now:
            self._hand_on_all(self._line.tick())
            self._line.end.tick(now)
            if self._wait is not None and self._wait.until <= now:
                self._step(None)

    def _hand_on_all(self, entries: Sequence[LineEntry]) -> None:
        for entry in entries:
            self._hand_on(entry)

    def _hand_on(self, entry: LineEntry) -> None:
        """Our own end answers first, then the script goes on."""
        if self._script is None:
            return
        self._line.end.received(entry)
        if self._wait is not None and self._wait.wanted is not None and self._wait.wanted(entry):
            self._step(entry)

    def _step(self, entry: LineEntry | None) -> None:
        if self._script is None:
            return
        try:
            self._wait = self._script.send(entry)
        except StopIteration:
            self._script = self._wait = None
            self._line.drop()
            self._observer.ended(self.report())

    def report(self) -> RunReport:
        """What came of it so far."""
        return RunReport(
            suite=self._suite.name,
            role=self._name,
            results=tuple(self._results),
            silence=self._silence,
            stopped=not self._is_over,
            began=self._line.ambient.wall(self._began),
            took_s=self._line.now - self._began,
            facts=dict(self._line.facts),
        )

    # --- the run -----------------------------------------------------------------------------------

    def _main(self) -> Script[None]:
        try:
            yield from self._checked()
        except RunEndedError as end:
            self._silence = f"{end.reason} {self._role.advice}"

    def _checked(self) -> Script[None]:
        silence: str = yield from self._role.reach(self._line, self._silence_s)
        if silence:
            self._silence = f"{silence} {self._role.advice}"
            return
        lost = ""
        for check in self._checks:
            reason = lost or self._why_skipped(check)
            result = self._result(check, "skipped", reason) if reason else (yield from self._run(check))
            self._results.append(result)
            self._observer.finished(result)
            if result.kind in ("failed", "deviation") and not lost and not (yield from self._role.alive(self._line)):
                lost = f"The {self._role.tests} has not answered any more since {check.id}."

    def _why_skipped(self, check: Check) -> str:
        if check.danger and not self._options.yes:
            return NOT_ALLOWED.format(check.danger)
        if check.person and not self._options.assist:
            return NO_PERSON.format(check.person.text)
        return ""

    def _run(self, check: Check) -> Script[CheckResult]:
        line = self._line
        line.end.reset()
        self._observer.begun(check)
        for name in check.needs:
            why_not = yield from self._prepare(name)
            if why_not:
                return self._result(check, "skipped", why_not)
        mark, began = line.log.mark(), line.now
        kind: ResultKind = "passed"
        reason = ""
        if check.person and check.person.kind != "announced" and check.person not in self._asked:
            line.advise(check.person)
        try:
            yield from bounded(check.script(line), line.now + check.timeout_s, lambda: _too_long(check))
        except CheckEndedError as end:
            kind, reason = end.kind, end.reason
        except UNREADABLE:
            kind, reason = "failed", "What it sent has not the shape that it must have."
        if kind == "failed" and check.grade == "deviation":
            kind = "deviation"
        line.end.reset()
        entries = [*self._of_preparations(check), *line.log.since(mark)]
        return self._result(check, kind, reason, began, entries[-KEPT:])

    def _prepare(self, name: str) -> Script[str]:
        """ "" or why it could not be done."""
        preparation = self._role.preparations[name]
        if (preparation.once and name in self._prepared) or self._vain[name] >= TRIES:
            return self._prepared[name]
        line = self._line
        mark, why_not = line.log.mark(), ""
        self._tasks.clear()
        late = CheckEndedError("skipped", f"It took too long until {preparation.text}.")
        try:
            yield from bounded(preparation.script(line), line.now + preparation.timeout_s, lambda: late)
        except CheckEndedError as end:
            why_not = f"Not possible before {preparation.text}: {end.reason}"
        except UNREADABLE:
            why_not = f"Not possible before {preparation.text}: what it sent cannot be read."
        line.end.reset()
        self._prepared[name] = why_not
        self._vain[name] = self._vain[name] + 1 if why_not else 0
        if preparation.once:
            line.observed[name] = tuple(line.log.since(mark))
            self._asked |= set(self._tasks)
        return why_not

    def _advise(self, task: PersonTask) -> None:
        self._tasks.append(task)
        self._observer.advised(task)

    def _of_preparations(self, check: Check) -> list[LineEntry]:
        return [entry for name in check.needs for entry in self._line.observed.get(name, ())]

    def _result(
        self,
        check: Check,
        kind: ResultKind,
        reason: str,
        began: float | None = None,
        entries: Sequence[LineEntry] = (),
    ) -> CheckResult:
        now = self._line.now
        began = now if began is None else began
        return CheckResult(
            check=check, kind=kind, reason=reason, began_s=began - self._began, took_s=now - began, entries=entries
        )


def _too_long(check: Check) -> CheckEndedError:
    return CheckEndedError("failed", f"It was not over after {check.timeout_s:g} s.")
