"""The suite can be run at another time: what it starts has that clock too, and waits are as long as before."""

import os
import shutil
import subprocess
import sys
from datetime import UTC, datetime, timedelta
from pathlib import Path

import pytest
from tools.clock import BUT, KEEP_THEIR_CLOCK, PROJECT, NoShiftedClock, places, shifted
from tools.clock.__main__ import main

NOW = datetime(2026, 12, 1, 12, tzinfo=UTC)
PRINT = """
import datetime, sqlite3, subprocess, sys, time
print(datetime.datetime.now(datetime.UTC).isoformat())
print(sqlite3.connect(":memory:").execute("SELECT datetime()").fetchone()[0] + "+00:00")
begin = time.monotonic()
time.sleep(0)
print(time.monotonic() - begin < 60)
if len(sys.argv) == 1:
    print(subprocess.run([sys.executable, sys.argv[0], "child"], capture_output=True, text=True).stdout, end="")
"""


@pytest.mark.skipif(shutil.which("cc") is None, reason="there is no C compiler, which builds the library")
@pytest.mark.parametrize("time", ["2028-02-29T23:55", "1999-12-31T23:59:59+01:00"])
def test_a_command_and_what_it_starts_have_another_time(tmp_path: Path, time: str) -> None:
    script = tmp_path / "print.py"
    script.write_text(PRINT)
    variables = shifted(time, datetime.now(UTC), tmp_path)
    done = subprocess.run(
        [sys.executable, script], capture_output=True, text=True, env={**os.environ, **variables}, check=True
    )
    at = datetime.fromisoformat(time)
    at = at if at.tzinfo else at.replace(tzinfo=UTC)
    own, of_sqlite, waits, *child = done.stdout.split("\n")[:-1]
    for text in (own, of_sqlite, *child[:2]):
        assert timedelta(seconds=-2) <= datetime.fromisoformat(text) - at < timedelta(minutes=2), done.stdout
    assert [waits, child[2]] == ["True", "True"]


@pytest.mark.parametrize(("time", "why"), [("tomorrow", "is not a time"), ("2028-02-30", "is not a time")])
def test_what_is_no_time_is_refused(tmp_path: Path, time: str, why: str) -> None:
    with pytest.raises(NoShiftedClock, match=why):
        shifted(time, NOW, tmp_path)
    assert main([time]) == 2


def test_without_a_compiler_it_says_what_to_install(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(shutil, "which", lambda name: None)
    with pytest.raises(NoShiftedClock, match="apt-get install gcc"):
        shifted("2028-02-29T23:55", NOW, tmp_path)


def test_only_what_keeps_its_clock_is_left_out() -> None:
    assert [place for place in (*KEEP_THEIR_CLOCK, *BUT) if not (PROJECT / place).is_dir()] == []
    chosen = tuple(one if one.endswith(".py") else f"{one}/" for one in places())
    files = {str(file.relative_to(PROJECT)) for file in (PROJECT / "tests").rglob("test_*.py")}
    left_out = {name for name in files if not name.startswith(chosen)}
    keep, but = (tuple(f"{one}/" for one in names) for names in (KEEP_THEIR_CLOCK, BUT))
    assert left_out == {name for name in files if name.startswith(keep) and not name.startswith(but)}
