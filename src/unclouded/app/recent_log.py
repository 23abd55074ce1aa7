"""The newest lines of this program's log, for a bug report."""

import logging
import re
from collections import deque
from collections.abc import Iterable, Sequence
from types import TracebackType
from typing import Self

from unclouded.core.text.printable import printable
from unclouded.core.times import iso
from unclouded.core.views.facts import LogView

KEPT_LINES = 2_000
LONGEST_LINE = 2_000  # characters
LEVELS = {logging.INFO: "info", logging.WARNING: "warning", logging.ERROR: "error", logging.CRITICAL: "error"}


class RecentLog(logging.Handler):
    """Keeps lines while the ``with`` block lasts."""

    def __init__(self, name: str = "unclouded") -> None:
        super().__init__(logging.INFO)
        self._logger = logging.getLogger(name)
        self._lines: deque[LogView] = deque(maxlen=KEPT_LINES)

    def __enter__(self) -> Self:
        self._logger.addHandler(self)
        return self

    def __exit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        self._logger.removeHandler(self)

    def emit(self, record: logging.LogRecord) -> None:
        """Keeps the line, cut to LONGEST_LINE characters, its control characters made visible."""
        level, source = LEVELS.get(record.levelno, ""), record.name
        text = printable(record.getMessage()[:LONGEST_LINE])
        self._lines.append(LogView(at=iso(record.created), device="", level=level, source=source, text=text))

    def lines(self, words: Iterable[str]) -> Sequence[LogView]:
        """Those that have one of the words, oldest first."""
        found = "|".join(re.escape(word) for word in words if word)
        pattern = re.compile(rf"(?<!\w)(?:{found})(?!\w)", re.IGNORECASE) if found else None
        return [one for one in self._lines if pattern is not None and pattern.search(one.text)]
