"""The progress of a conformance run: one line for each check."""

from typing import TYPE_CHECKING

from unclouded.app.conformance.reports import result_fields
from unclouded.app.conformance.running import suite
from unclouded.cli.output.lines import print_json, print_text

if TYPE_CHECKING:
    from unclouded.app.conformance.running import Check, CheckResult, PersonTask, RunReport

ID_WIDTH = 36


class ConformancePrinter:
    """Prints what a run finds. ``name``: of the suite."""

    def __init__(self, name: str, as_json: bool) -> None:
        self._suite = suite(name)
        self._as_json = as_json

    def begun(self, check: "Check") -> None:
        """Nothing is printed before there is a result."""

    def finished(self, result: "CheckResult") -> None:
        if self._as_json:
            print_json({"check": result_fields(self._suite, result, with_frames=True)})
            return
        because = f": {result.reason}" if result.reason else ""
        print_text(f"{result.kind:<14} {result.check.id:<{ID_WIDTH}} {result.check.title}{because}")

    def advised(self, task: "PersonTask") -> None:
        print_text(task.text, err=True)

    def ended(self, report: "RunReport") -> None:
        """The verb prints the end."""
