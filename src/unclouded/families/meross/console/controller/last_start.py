"""The newest start of the board that was received whole or in part: what the device is described with, over restarts.

    lines of a start, until the prompt ─► StartReport ─┐
    answers of ver and meross task after it ───────────┴─► {"start_reset_reason": "HAL_WDT_SOFTWARE_RESET", …}

All of them are texts of ``Identified.info``; a fact that this start did not report is "", not that of an earlier one.
"""

from collections.abc import Mapping

import msgspec

from unclouded.core.times import iso
from unclouded.families.meross.console.wire.answer_form import ConsoleAnswer
from unclouded.families.meross.console.wire.answer_types import SoftwareVersions, TaskTable
from unclouded.families.meross.console.wire.lines import ConsoleLine
from unclouded.families.meross.console.wire.start_report import SECTIONS, StartReport

LAST_START = "last_start"  # in the memory: the facts as JSON
PREFIX = "start_"  # of the names in the description
AT, MODULES, TASKS, CM4, N9 = "at", "modules", "tasks", "cm4", "n9"
NAMES = (AT, *(name for names in SECTIONS.values() for name in names), MODULES, TASKS, CM4, N9)
LONGEST = 300  # characters of one fact
_Facts = dict[str, str]


class LastStart:
    """``memory``: what an earlier session remembered, b"" = nothing."""

    def __init__(self, memory: bytes = b"") -> None:
        self._facts = _restored(memory)
        self._report: StartReport | None = None

    @property
    def info(self) -> Mapping[str, str]:
        """For the description of the device; {} where no start was ever received."""
        return {f"{PREFIX}{name}": self._facts.get(name, "") for name in NAMES} if self._facts else {}

    @property
    def memory(self) -> bytes:
        return msgspec.json.encode(self._facts)

    def begin(self, at: float) -> None:
        """The first line of a start was received; ``at``: Unix seconds. Lines follow."""
        self._report, self._facts = StartReport(), {AT: iso(at)}

    def take(self, line: ConsoleLine) -> None:
        """One line of the start."""
        if self._report is not None:
            self._report.take(line)

    def end(self) -> bool:
        """The console waits for a command; True where a start ended with that."""
        if self._report is None:
            return False
        sections = self._report.fields()
        self._report = None
        for name in SECTIONS:
            facts = sections.get(name)
            self._facts |= {key: str(text) for key, text in facts.items()} if isinstance(facts, Mapping) else {}
        modules = sections.get("tasks")
        self._add(MODULES, ", ".join(modules) if isinstance(modules, list) else "")
        return True

    def answered(self, answer: ConsoleAnswer) -> bool:
        """An answer of after the start; True where it adds something."""
        before = dict(self._facts)
        match answer:
            case SoftwareVersions(cm4=cm4, n9=n9):
                self._add(CM4, cm4)
                self._add(N9, n9)
            case TaskTable(tasks=tasks):
                self._add(TASKS, ", ".join(task.name for task in tasks))
        return self._facts != before

    def _add(self, name: str, text: str) -> None:
        """The first value counts; without a start there is nothing to add to."""
        if text and self._facts and name not in self._facts:
            self._facts[name] = text if len(text) <= LONGEST else f"{text[:LONGEST]}…"


def _restored(memory: bytes) -> _Facts:
    """{} where the memory holds something else."""
    try:
        return msgspec.json.decode(memory, type=_Facts) if memory else {}
    except msgspec.DecodeError:
        return {}
