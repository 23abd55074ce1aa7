"""kill -9 at any time while retention deletes: the file is sound, reads as before, and deleting goes on to its end.

A forked process deletes, and its own timer or a count of SQLite's steps ends it, in the middle of whatever it does.
``dev.py soak`` makes many times as many kills.
"""

import os
import shutil
import signal
import sqlite3
from contextlib import closing
from pathlib import Path
from tempfile import TemporaryDirectory
from zoneinfo import ZoneInfo

import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from store.test_retention import HOUR, KeptKeeper
from store.test_rollup import DAY, NOON, plug, watts
from unclouded.core.model import Ledger, Reading
from unclouded.store.reading.reader import StoreReader
from unclouded.store.retention.plan import NOTICE_S
from unclouded.store.retention.rules import RetentionRule
from unclouded.web.history.energy import energy

RULES = [RetentionRule(raw=2.0 * DAY, minutes=3.0 * DAY), RetentionRule(point="on", raw=30.0 * DAY)]
TABLES = ("sample", "chunk", "rollup", "expired", "series", "ledger")
WALL = NOON + 6 * DAY


@pytest.fixture(scope="module")
def due(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """Hours of three points, most of them sealed, of which much was announced to be deleted."""
    path = tmp_path_factory.mktemp("due") / "store.sqlite"
    keeper = KeptKeeper(path)
    keeper.writer.write([plug(), Ledger(identity="uuid-1", point="energy_import_Wh", total=0)])
    for hour in range(6):
        begin, flags = hour * HOUR, ("gap",) if hour % 4 == 2 else ()
        keeper.writer.write([watts(second % 91, begin + second) for second in range(0, 300, 2)])
        switched = [Reading("plug", "on", second % 60 == 0, NOON + begin + second) for second in range(0, 90, 9)]
        keeper.writer.write(switched)
        keeper.writer.write([Reading("plug", "energy_import_Wh", 100.0 * hour, NOON + begin + 50.0, "good", flags)])
    keeper.writer.write([watts(5, 3 * DAY + second) for second in range(0, 4000, 200)])
    keeper.roll_up()
    keeper.wall = WALL - NOTICE_S
    keeper.seal()
    keeper.writer.deleter.use(RULES)
    keeper.steps()
    keeper.close()
    return path


def opened(path: Path) -> KeptKeeper:
    keeper = KeptKeeper(path)
    keeper.wall = WALL
    keeper.writer.deleter.use(RULES)
    return keeper


def content(path: Path) -> list[object]:
    with closing(sqlite3.connect(path)) as db:
        assert db.execute("PRAGMA integrity_check").fetchone() == ("ok",)
        return [db.execute(f"SELECT * FROM {table} ORDER BY 1, 2, 3").fetchall() for table in TABLES]


def read(path: Path) -> list[object]:
    """What retention changes nothing of."""
    with StoreReader(path) as reader:
        return [
            list(reader.history("plug", ["power_W", "on"], NOON, NOON + 4 * DAY, 900.0)),
            list(reader.history("plug", ["on"], NOON, NOON + DAY)),
            energy(reader, ZoneInfo("Asia/Kathmandu"), "hour", NOON, NOON + DAY),
        ]


def delete_and_die(path: Path, after: float) -> int:
    """How it ended: the number of a signal, or 0 where it deleted all before. ``after``: s; int: steps of SQLite."""
    child = os.fork()
    if not child:
        try:
            keeper = opened(path)
            signal.signal(signal.SIGALRM, signal.SIG_DFL)  # which ends a process as SIGKILL does
            if isinstance(after, int):
                keeper.db.set_progress_handler(lambda: os.kill(os.getpid(), signal.SIGKILL), after)
            else:
                signal.setitimer(signal.ITIMER_REAL, after)
            keeper.steps()
        finally:
            os._exit(0)
    return os.waitpid(child, 0)[1]


@pytest.fixture(scope="module")
def whole(due: Path) -> list[object]:
    """What is left where nothing interrupts it."""
    path = due.with_name("whole.sqlite")
    shutil.copy(due, path)
    keeper = opened(path)
    assert keeper.steps() > 6
    keeper.close()
    return content(path)


@given(kills=st.lists(st.floats(0.0005, 0.05) | st.integers(1, 3000), min_size=3, max_size=3))
@settings(max_examples=2, deadline=None, suppress_health_check=[HealthCheck.function_scoped_fixture])
def test_a_kill_at_any_time_loses_nothing_and_deleting_goes_on(
    due: Path, whole: list[object], kills: list[float]
) -> None:
    before = read(due)
    with TemporaryDirectory() as folder:
        path = Path(folder) / "store.sqlite"
        shutil.copy(due, path)
        ends = {delete_and_die(path, kill) for kill in kills}
        assert ends <= {0, signal.SIGALRM, signal.SIGKILL}
        assert read(path) == before
        keeper = opened(path)
        keeper.steps()
        keeper.close()
        assert content(path) == whole
        assert read(path) == before
