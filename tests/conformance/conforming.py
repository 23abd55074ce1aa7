"""Runs the checks of a suite against one of our own ends, on a fake wire under a virtual clock.

    report = conform("tuya_wifi", "controller", wifi_mcu(McuOptions()), world=changes)
    assert not_passed(report) == set()

``world``: called every STEP_S seconds with the pair: the device's world measures, a person presses a button.
``assist``: called with the pair and each task of a person.
"""

from collections.abc import Callable

from pair import START_UNIX, Pair, ambient, usual_answers
from unclouded.conformance import suite
from unclouded.conformance.check import Check, CheckResult, PersonTask, RunOptions, RunReport
from unclouded.conformance.run import ConformanceRun
from unclouded.core.family import Sender
from unclouded.core.sessions.session import (
    Answer,
    AskBlock,
    AskFile,
    AskTime,
    AskWeather,
    LocalTime,
    Question,
    Refusal,
    Session,
)

STEP_S = 1.0
OFFSET_S = 0.43  # what the world does never meets what a script does
LONGEST_S = 7200.0  # of a run
FIRMWARE = bytes(number * 7 & 0xFF for number in range(16_000))

World = Callable[[Pair], None]
Assist = Callable[[Pair, PersonTask], None]


class Collector:
    """Keeps what a run finds."""

    def __init__(self) -> None:
        self.began: list[str] = []
        self.results: list[CheckResult] = []
        self.advice: list[PersonTask] = []
        self.report: RunReport | None = None

    def begun(self, check: Check) -> None:
        self.began.append(check.id)

    def finished(self, result: CheckResult) -> None:
        self.results.append(result)

    def advised(self, task: PersonTask) -> None:
        self.advice.append(task)

    def ended(self, report: RunReport) -> None:
        self.report = report


def conform(
    name: str,
    role: Sender,
    other: Session,
    *,
    world: World = lambda pair: None,
    assist: Assist = lambda pair, task: None,
    options: RunOptions = RunOptions(yes=True, assist=True, firmware=FIRMWARE),  # noqa: B008  (frozen)
    chunk: int = 0,
) -> RunReport:
    """The report of a whole run."""
    kept = Collector()
    run = ConformanceRun(suite(name), role, options, ambient(), kept)
    ends = (run, other) if role == "controller" else (other, run)
    clock = [0.0]
    pair = Pair(*ends, chunk=chunk, answers=lambda side, question: hub_answers(side, question, clock[0]))
    pair.run(until=OFFSET_S)
    while kept.report is None and pair.now < LONGEST_S:
        world(pair)
        while kept.advice:
            assist(pair, kept.advice.pop(0))
        clock[0] = pair.now
        pair.run(until=pair.now + STEP_S)
    assert kept.report is not None, f"the run is not over after {LONGEST_S:g} s; the last check is {kept.began[-1:]}"
    return kept.report


def hub_answers(side: str, question: Question, now: float) -> Answer | Refusal | None:
    """A hub with a clock that runs, weather, and one update file."""
    match question:
        case AskTime():
            return LocalTime(START_UNIX + now, 3600)
        case AskWeather(names=names):
            return dict.fromkeys(names, 21)
        case AskFile():
            return {"size": len(FIRMWARE), "md5": ""}
        case AskBlock(offset=offset, size=size):
            return FIRMWARE[offset : offset + size]
    return usual_answers(side, question)


def by_kind(report: RunReport, *kinds: str) -> dict[str, str]:
    """Check id -> reason, of the results of these kinds."""
    return {result.check.id: result.reason for result in report.results if result.kind in kinds}


def not_passed(report: RunReport) -> set[str]:
    """The checks that found something: failed, or a deviation."""
    return set(by_kind(report, "failed", "deviation"))
