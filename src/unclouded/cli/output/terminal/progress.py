"""Progress of a long action: one line that is redrawn on a terminal, a line at each tenth elsewhere.

▓▓▓▓▓▓▓▓▓▓▓▓░░░░░░░░░░░░   48 %   246 kB of 512 kB, 9.8 kB/s   27 s left
"""

import shutil
import sys
import time
from collections.abc import Callable
from typing import TextIO

from unclouded.cli.output.value_text import age_text

BAR, SHORTEST_BAR = 24, 8  # characters
GAP = "   "
FEW = 20  # steps; so few get a line each, on a terminal too
SURE_S = 2.0  # s after which the remaining time can be estimated
ERASE = "\x1b[K"  # to the end of the line


class ProgressPrinter:
    """Prints steps to ``out`` (stdout). ``terminal``: whether a line there can be redrawn."""

    def __init__(
        self, out: TextIO | None = None, terminal: bool | None = None, clock: Callable[[], float] = time.monotonic
    ) -> None:
        self._out = out or sys.stdout
        self._terminal = self._out.isatty() if terminal is None else terminal
        self._clock = clock
        self._begun: tuple[float, int, int] | None = None  # when, done, total
        self._seen = (-1, "")  # done, text
        self._tenth = -1  # in which the last step was
        self._drawn = False

    def step(self, done: int, total: int, text: str) -> None:
        """``total`` 0: not known."""
        now = self._clock()
        if self._begun is None or self._begun[2] != total or done < self._begun[1]:
            self._begun = now, done, total
        if self._terminal and total > FEW:
            width = shutil.get_terminal_size().columns
            self._write(f"\r{line(done, total, text, self._left_s(now, done), width - 1)}{ERASE}")
            self._drawn = True
        elif self._is_news(done, total, text):
            self._write(f"{line(done, total, text)}\n")

    def end(self) -> None:
        """End the line that was redrawn."""
        if self._drawn:
            self._write("\n")
            self._drawn = False

    def _left_s(self, now: float, done: int) -> float | None:
        """Remaining seconds at the pace so far; None while that is not known."""
        assert self._begun is not None
        since, first, total = self._begun
        if now - since < SURE_S or done <= first or done >= total:
            return None
        return (total - done) * (now - since) / (done - first)

    def _is_news(self, done: int, total: int, text: str) -> bool:
        """Another tenth; or another text about the same step."""
        tenth = done * 10 // total if total else done
        seen, self._seen = self._seen, (done, text)
        last, self._tenth = self._tenth, tenth
        return tenth != last or (seen[0] == done and seen[1] != text)

    def _write(self, text: str) -> None:
        self._out.write(text)
        self._out.flush()


def line(done: int, total: int, text: str, left_s: float | None = None, width: int = 0) -> str:
    """A step as one line of at most ``width`` characters; 0 = of any length, without a bar."""
    if not total:
        return text[:width] if width else text
    left = f"{age_text(left_s)} left" if left_s is not None and left_s >= 1 else ""
    parts = [f"{min(done * 100 // total, 100):3} %", text, left]
    shown = GAP.join(part for part in parts if part)
    if not width:
        return shown.strip()
    room = min(BAR, width - len(shown) - len(GAP))
    return (f"{bar(done, total, room)}{GAP}{shown}" if room >= SHORTEST_BAR else shown)[:width]


def bar(done: int, total: int, length: int) -> str:
    """A bar of ``length`` characters, filled by the share of ``done`` in ``total``, which must not be 0."""
    full = min(done * length // total, length)
    return "▓" * full + "░" * (length - full)
