"""A compacted store has all that it had, in less room; a run that is interrupted anywhere leaves one of both."""

import os
import shutil
import signal
import sqlite3
import subprocess
import sys
from contextlib import closing
from pathlib import Path
from types import SimpleNamespace

import pytest

from store.test_rollup import Keeper, plug, watts
from unclouded.core.errors import StoreError
from unclouded.store.file import compacting
from unclouded.store.file.compacting import compact
from unclouded.store.file.schema import open_to_write
from unclouded.store.reading.reader import StoreReader


@pytest.fixture(scope="module")
def made(tmp_path_factory: pytest.TempPathFactory) -> Path:
    keeper = Keeper(tmp_path_factory.mktemp("made") / "store.sqlite")
    keeper.writer.write([plug(), *(watts(second % 90, second) for second in range(900))])
    keeper.db.execute("INSERT INTO put_away VALUES (1, 'x', 0, 1, zeroblob(2000000))")
    keeper.db.execute("DELETE FROM put_away")
    keeper.close()
    return keeper.path


@pytest.fixture
def path(made: Path, tmp_path: Path) -> Path:
    """A store most of which was deleted."""
    shutil.copy(made, tmp_path / "store.sqlite")
    return tmp_path / "store.sqlite"


def content(path: Path) -> list[str]:
    with closing(sqlite3.connect(path)) as db:
        marks = [
            db.execute(f"PRAGMA {name}").fetchone() for name in ("application_id", "user_version", "integrity_check")
        ]
        return [*map(str, marks), *db.iterdump()]


def test_it_has_all_that_it_had_in_less_room(path: Path) -> None:
    before, size, seen = content(path), path.stat().st_size, []
    done = compact(path, lambda *progress: seen.append(progress))
    assert content(path) == before
    assert (done.before, done.after) == (size, path.stat().st_size)
    assert done.after <= done.needed < size - 1_900_000
    assert path.stat().st_mode & 0o777 == 0o600
    assert [one.name for one in path.parent.iterdir()] == ["store.sqlite"]
    open_to_write(path).close()
    with StoreReader(path) as reader:
        assert len(list(reader.history("plug"))) == 900
    assert compact(path).after == done.after


def test_a_disk_without_room_is_named_and_nothing_changes(path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    before = path.read_bytes()
    monkeypatch.setattr(shutil, "disk_usage", lambda folder: SimpleNamespace(free=20_000))
    with pytest.raises(StoreError, match=r"Compacting needs 17 MB of free disk beside the store, and .* has 0 MB"):
        compact(path)
    assert path.read_bytes() == before


def test_a_store_that_another_program_has_open_stays(path: Path) -> None:
    with StoreReader(path) as reader:
        reader._rows("BEGIN")
        reader._rows("SELECT count(*) FROM device")
        with pytest.raises(StoreError, match="in use by another program"):
            compact(path)
    assert compact(path).after < 1_000_000


def test_a_damaged_store_stays(path: Path) -> None:
    data = bytearray(path.read_bytes())
    data[8192:12_288] = bytes(4096)
    path.write_bytes(data)
    with pytest.raises(StoreError, match=r"damaged|not sound"):
        compact(path)
    assert [one.name for one in path.parent.iterdir() if "compacted" in one.name] == []


KILLED = """
import os, signal, sys
from pathlib import Path
from unclouded.store.file import compacting
name, path = sys.argv[1:]
done = getattr(compacting, name)
def die(*args, **keys):
    if name == "sync_to_disk" and not args[0].is_dir():
        return done(*args)  # the copy; the folder comes once it is in place
    if name != "_copy":
        done(*args, **keys)
    else:
        args[1].write_bytes(b"half")
    os.kill(os.getpid(), signal.SIGKILL)
setattr(compacting, name, die)
compacting.compact(Path(path))
"""


@pytest.mark.parametrize("place", ["_work_in_log", "_copy", "sync_to_disk"])
def test_a_kill_anywhere_leaves_the_store(path: Path, place: str) -> None:
    before = content(path)
    child = subprocess.run([sys.executable, "-c", KILLED, place, str(path)], check=False, env=os.environ)
    assert child.returncode == -signal.SIGKILL
    assert content(path) == before
    compacting.discard_unfinished(path)
    open_to_write(path).close()
    assert [one.name for one in path.parent.iterdir()] == ["store.sqlite"]
    assert content(path) == before
