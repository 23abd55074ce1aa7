"""Progress of an action: a line that is redrawn, or a line at each tenth."""

import io

import pytest
from hypothesis import given
from hypothesis import strategies as st

from unclouded.cli.output.terminal.progress import ProgressPrinter, bar, line

KB = 1024


class Clock:
    now = 100.0

    def __call__(self) -> float:
        return self.now


def test_without_a_terminal_there_is_a_line_at_each_tenth() -> None:
    out = io.StringIO()
    teller = ProgressPrinter(out)
    for done in range(0, 513):
        teller.step(done * KB, 512 * KB, f"{done} kB of 512 kB")
    teller.step(512 * KB, 512 * KB, "waiting for the MCU to restart")
    teller.step(512 * KB, 512 * KB, "waiting for the MCU to restart")
    teller.end()
    lines = out.getvalue().splitlines()
    assert lines[:3] == ["0 %   0 kB of 512 kB", "10 %   52 kB of 512 kB", "20 %   103 kB of 512 kB"]
    assert lines[-2:] == ["100 %   512 kB of 512 kB", "100 %   waiting for the MCU to restart"] and len(lines) == 12


@pytest.mark.parametrize("terminal", [True, False])
def test_few_steps_are_all_printed(terminal: bool) -> None:
    out = io.StringIO()
    teller = ProgressPrinter(out, terminal)
    for done, words in enumerate(["erasing", "writing", "done"]):
        teller.step(done, 0, words)
    teller.step(1, 2, "half")
    assert out.getvalue() == "erasing\nwriting\ndone\n50 %   half\n"


def test_on_a_terminal_one_line_is_redrawn_and_shows_the_remaining_time(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("COLUMNS", "100")
    out, clock = io.StringIO(), Clock()
    teller = ProgressPrinter(out, terminal=True, clock=clock)
    teller.step(0, 512 * KB, "0 kB of 512 kB")
    clock.now += 10
    teller.step(128 * KB, 512 * KB, "128 kB of 512 kB, 12.8 kB/s")
    teller.end()
    assert out.getvalue().count("\r") == 2 and out.getvalue().count("\n") == 1
    last = out.getvalue().split("\r")[-1]
    assert last == "▓▓▓▓▓▓░░░░░░░░░░░░░░░░░░    25 %   128 kB of 512 kB, 12.8 kB/s   30 s left\x1b[K\n"


def test_the_remaining_time_is_not_shown_before_it_is_known_nor_at_the_end(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("COLUMNS", "100")
    out, clock = io.StringIO(), Clock()
    teller = ProgressPrinter(out, terminal=True, clock=clock)
    for after, done in ((0, 10), (1, 20), (5, 10), (9, 100)):
        clock.now = 100.0 + after
        teller.step(done, 100, "…")
    assert "left" not in out.getvalue()


@given(st.integers(0, 10**7), st.integers(0, 10**7), st.text("abc ", max_size=60), st.integers(1, 120))
def test_a_line_never_breaks_the_terminal(done: int, total: int, words: str, width: int) -> None:
    assert len(line(done, total, words, 30.0, width)) <= width
    if total:
        assert len(bar(done, total, 10)) == 10
