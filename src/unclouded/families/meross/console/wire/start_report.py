"""The report of a recorded console: how the board started, and what it reported of itself.

bytes ─► lines ─► known lines, log lines, answers of commands ─► reset reason, versions, tasks, Wi-Fi, rules, MACs
"""

from collections import Counter
from collections.abc import Mapping, Sequence

import msgspec

from unclouded.families.meross.console.wire.answer_form import AnswerLine
from unclouded.families.meross.console.wire.answers import FORMS, read_answer, without_secrets
from unclouded.families.meross.console.wire.command_line import command_of
from unclouded.families.meross.console.wire.commands import ConsoleCommand
from unclouded.families.meross.console.wire.known_lines import Printer, facts_of, known_line, log_facts
from unclouded.families.meross.console.wire.lines import ConsoleLine, ConsoleLines, LineKind
from unclouded.families.meross.console.wire.log_line import LEVELS

REPORTED = ("meross hw", "meross fw", "meross task", "meross mem", "meross iot status", "ver")  # answers that it has
MOST_LINES = 600  # of an answer that are kept; config show has about 250
MOST_MODULES = 100  # of a start; this board has six
SECTIONS: Mapping[str, Sequence[str]] = {
    "start": ("reset_reason", "platform", "clock_kHz", "clock_crystal", "update_info", "update_check", "started_at"),
    "rules": ("timer_rules", "auto_off_rules"),
    "wifi": ("wifi_port", "phy_mode", "bandwidth", "tx_power", "auth", "encrypt", "httpd"),
    "macs": ("ap_mac", "response_mac"),
    "other": ("event", "button_reset_count"),
}


class StartReport:
    """Reads one stream, and reports what was in it."""

    def __init__(self) -> None:
        self._lines = ConsoleLines()
        self._facts: dict[str, str] = {}
        self._modules: dict[str, None] = {}  # that have written to the log since the last start
        self._levels: Counter[str] = Counter()
        self._cut = 0
        self._starts = 0
        self._is_starting = True  # until the first prompt: the stream may begin in the middle of a start
        self._answers: dict[str, object] = {}
        self._row: ConsoleCommand | None = None
        self._texts: list[AnswerLine] = []
        self._is_prompt = False
        self._printer = ""  # of the newest line of a start

    def feed(self, data: bytes) -> None:
        for line in self._lines.feed(data):
            self.take(line)

    def fields(self) -> Mapping[str, object]:
        """The report, by section; {} where the stream was no console."""
        for line in self._lines.close():
            self.take(line)
        self._answered()
        sections: dict[str, object] = {
            name: {key: self._facts[key] for key in keys if key in self._facts} for name, keys in SECTIONS.items()
        }
        if self._modules:
            sections["tasks"] = list(self._modules)
            sections["log"] = {**self._levels, "cut": self._cut}
        if self._starts:
            sections["starts"] = self._starts
        return {name: value for name, value in {**sections, **self._answers}.items() if value}

    def take(self, line: ConsoleLine) -> None:
        """One line, of a reader that has cut the stream into lines itself."""
        self._cut += line.cut
        match line.kind:
            case LineKind.PROMPT:
                self._answered()
                self._is_prompt = True
                return
            case LineKind.LOG if line.log is not None:
                self._cut += line.log.cut
                self._levels[line.log.level if line.log.level in LEVELS else "unknown"] += 1
                if self._is_starting:
                    if len(self._modules) < MOST_MODULES:
                        self._modules[line.log.module] = None
                    self._facts |= log_facts(line.log.module, line.log.text)
            case LineKind.TEXT | LineKind.BLANK:
                self._text(line)
        self._is_prompt = False

    # --- inside --------------------------------------------------------------------------------

    def _text(self, line: ConsoleLine) -> None:
        known = known_line(line.text)
        if known is not None:
            if known.starts:
                self._start(known.printer)
            if self._is_starting:
                self._facts |= facts_of(known, line.text)
        if self._is_prompt and (row := command_of(line.text)) is not None:
            self._row, self._texts = row, []
        elif self._row is not None and len(self._texts) < MOST_LINES:
            self._texts.append(AnswerLine(line.text, line.cut))

    def _start(self, printer: Printer) -> None:
        """The first line of a start begins it; what was reported before is that of the start before."""
        is_again = printer == "boot_rom" and self._printer != "boot_rom"
        if not self._is_starting or not self._starts or is_again:
            self._starts += 1
            self._facts, self._modules = {}, {}
        self._printer, self._is_starting = printer, True

    def _answered(self) -> None:
        row, self._row = self._row, None
        self._is_starting = False
        if row is not None and row.name in REPORTED and row.name in FORMS:
            answer = without_secrets(read_answer(row, self._texts))
            self._answers[row.name] = msgspec.to_builtins(msgspec.structs.replace(answer, unread=()))
