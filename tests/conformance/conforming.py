"""Runs the checks of a suite against one of our own ends, on a fake wire under a virtual clock.

    report = conform("tuya_wifi", "controller", wifi_mcu(McuOptions()), world=changes)
    assert not_passed(report) == set()

``world``: called each WORLD_S seconds with the pair, as what the device measures; ``assist``: called with each text
that asks a person to do something.
"""

from collections.abc import Callable

from pair import Pair, ambient
from unclouded.conformance import suite
from unclouded.conformance.check import Check, CheckResult, RunOptions, RunReport
from unclouded.conformance.run import ConformanceRun
from unclouded.core.family import Sender
from unclouded.core.session import Session

WORLD_S = 5.0
LONGEST_S = 7200.0  # of a run

World = Callable[[Pair], None]


class Collector:
    """Keeps what a run finds."""

    def __init__(self) -> None:
        self.began: list[str] = []
        self.results: list[CheckResult] = []
        self.advice: list[str] = []
        self.report: RunReport | None = None
        self.on_advice: Callable[[str], None] = lambda text: None

    def begun(self, check: Check) -> None:
        self.began.append(check.id)

    def finished(self, result: CheckResult) -> None:
        self.results.append(result)

    def advised(self, text: str) -> None:
        self.advice.append(text)
        self.on_advice(text)

    def ended(self, report: RunReport) -> None:
        self.report = report


def conform(
    name: str,
    role: Sender,
    other: Session,
    *,
    world: World = lambda pair: None,
    options: RunOptions = RunOptions(yes=True),  # noqa: B008  (frozen)
    collector: Collector | None = None,
    chunk: int = 0,
) -> RunReport:
    """The report of a whole run."""
    kept = collector or Collector()
    run = ConformanceRun(suite(name), role, options, ambient(), kept)
    ends = (run, other) if role == "controller" else (other, run)
    pair = Pair(*ends, chunk=chunk)
    while kept.report is None and pair.now < LONGEST_S:
        world(pair)
        pair.run(until=pair.now + WORLD_S)
    assert kept.report is not None, f"the run is not over after {LONGEST_S:g} s; the last check is {kept.began[-1:]}"
    return kept.report


def by_kind(report: RunReport, *kinds: str) -> dict[str, str]:
    """Check id -> reason, of the results of these kinds."""
    return {result.check.id: result.reason for result in report.results if result.kind in kinds}


def not_passed(report: RunReport) -> set[str]:
    """The checks that found something: failed, or a deviation."""
    return set(by_kind(report, "failed", "deviation"))
