"""How far a long action is: one line that is drawn again and again on a terminal, a line at each tenth elsewhere.

▓▓▓▓▓▓▓▓▓▓▓▓░░░░░░░░░░░░   48 %   246 kB of 512 kB, 9.8 kB/s   27 s left
"""

import shutil
import sys
import time
from collections.abc import Callable
from typing import TextIO

from unclouded.cli.value_text import age_words

BAR, SHORTEST_BAR = 24, 8  # characters
GAP = "   "
FEW = 20  # steps that are worth a line each, on a terminal too
SURE_S = 2.0  # s after which the time that is left can be told
ERASE = "\x1b[K"  # to the end of the line


class ProgressPrinter:
    """Tells ``out`` (stdout) of steps. ``terminal``: whether a line there may be drawn again."""

    def __init__(
        self, out: TextIO | None = None, terminal: bool | None = None, clock: Callable[[], float] = time.monotonic
    ) -> None:
        self._out = out or sys.stdout
        self._terminal = self._out.isatty() if terminal is None else terminal
        self._clock = clock
        self._begun: tuple[float, int, int] | None = None  # when, done, total
        self._seen = (-1, "")  # done, words
        self._tenth = -1  # in which the last step was
        self._drawn = False

    def tell(self, done: int, total: int, words: str) -> None:
        """``total`` 0: nobody knows."""
        now = self._clock()
        if self._begun is None or self._begun[2] != total or done < self._begun[1]:
            self._begun = now, done, total
        if self._terminal and total > FEW:
            width = shutil.get_terminal_size().columns
            self._write(f"\r{line(done, total, words, self._left_s(now, done), width - 1)}{ERASE}")
            self._drawn = True
        elif self._is_news(done, total, words):
            self._write(f"{line(done, total, words)}\n")

    def end(self) -> None:
        """What is printed next begins a line of its own."""
        if self._drawn:
            self._write("\n")
            self._drawn = False

    def _left_s(self, now: float, done: int) -> float | None:
        """Seconds that are left at the pace so far; None while that cannot be told."""
        assert self._begun is not None
        since, first, total = self._begun
        if now - since < SURE_S or done <= first or done >= total:
            return None
        return (total - done) * (now - since) / (done - first)

    def _is_news(self, done: int, total: int, words: str) -> bool:
        """Another tenth; or other words about the same place."""
        tenth = done * 10 // total if total else done
        seen, self._seen = self._seen, (done, words)
        told, self._tenth = self._tenth, tenth
        return tenth != told or (seen[0] == done and seen[1] != words)

    def _write(self, text: str) -> None:
        self._out.write(text)
        self._out.flush()


def line(done: int, total: int, words: str, left_s: float | None = None, width: int = 0) -> str:
    """A step as one line, of ``width`` characters at the most; 0 = as long as it is, and without a bar."""
    if not total:
        return words[:width] if width else words
    left = f"{age_words(left_s)} left" if left_s is not None and left_s >= 1 else ""
    parts = [f"{min(done * 100 // total, 100):3} %", words, left]
    text = GAP.join(part for part in parts if part)
    if not width:
        return text.strip()
    room = min(BAR, width - len(text) - len(GAP))
    return (f"{bar(done, total, room)}{GAP}{text}" if room >= SHORTEST_BAR else text)[:width]


def bar(done: int, total: int, length: int) -> str:
    full = min(done * length // total, length)
    return "▓" * full + "░" * (length - full)
