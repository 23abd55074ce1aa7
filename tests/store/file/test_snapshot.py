"""A snapshot of a store that another process writes to and checkpoints all the time is the store at one moment."""

import multiprocessing
import sqlite3
import time
from contextlib import closing
from itertools import pairwise
from multiprocessing.synchronize import Event
from pathlib import Path

import pytest

from unclouded.core.errors import StoreError
from unclouded.store.file.schema import open_to_write
from unclouded.store.file.snapshot import snapshot

ROUNDS = 12


def write_all_the_time(path: Path, stop: Event, written: Event, pages: int) -> None:
    """Two tables that each transaction keeps equal; checkpoints after few pages, and logs that begin again."""
    with closing(open_to_write(path)) as db:
        db.execute(f"PRAGMA wal_autocheckpoint = {pages}")
        number = 0
        while not stop.is_set():
            number += 1
            db.execute("BEGIN")
            db.execute(
                "UPDATE audit SET at = ?, json = ? WHERE number = ?", (number, "x" * (number % 9000), number % 60)
            )
            db.execute(
                "UPDATE event SET at = ?, json = ? WHERE number = ?", (number, "x" * (number % 9000), number % 60)
            )
            if number % 50 == 0:
                db.execute("DELETE FROM put_away")
                db.execute("INSERT INTO put_away (kind, at, data) VALUES ('x', ?, zeroblob(200000))", (number,))
            db.execute("COMMIT")
            written.set()
            if number % 37 == 0:
                db.execute("PRAGMA wal_checkpoint(TRUNCATE)")
            if number % 11 == 0:
                time.sleep(0.001)  # a moment in which the log may be empty


@pytest.mark.parametrize("pages", [4, 1000])
def test_a_snapshot_is_whole_while_the_store_is_written_and_checkpointed(tmp_path: Path, pages: int) -> None:
    path = tmp_path / "store.sqlite"
    with closing(open_to_write(path)) as db:
        for table, columns in (("audit", "number, at, who, what, json"), ("event", "number, at, device, kind, json")):
            rows = [(number, 0, "x", "x", "") for number in range(60)]
            db.executemany(f"INSERT INTO {table} ({columns}) VALUES (?, ?, ?, ?, ?)", rows)
    context = multiprocessing.get_context("fork")
    stop, written = context.Event(), context.Event()
    writer = context.Process(target=write_all_the_time, args=(path, stop, written, pages))
    writer.start()
    newest = []
    try:
        for number in range(ROUNDS):
            copy = tmp_path / f"copy{number}.sqlite"
            for _ in range(2):  # the first may be of what the snapshot before has already
                written.clear()
                assert written.wait(30), "nothing was written since the snapshot before"
            with snapshot(path) as store:
                copy.write_bytes(b"".join(store.pieces()))
                copy.with_name(f"{copy.name}-wal").write_bytes(b"".join(store.log_pieces()))
                assert copy.stat().st_size == store.size
            with closing(sqlite3.connect(copy)) as db:
                assert db.execute("PRAGMA integrity_check").fetchall() == [("ok",)]
                audit, event = (
                    db.execute(f"SELECT number, at, json FROM {one}").fetchall() for one in ("audit", "event")
                )
                assert audit == event
                newest.append(max(at for _, at, _ in audit))
    finally:
        stop.set()
        writer.join()
    assert newest[0] > 0
    assert all(before < after for before, after in pairwise(newest))


def test_where_there_is_no_store_that_is_said(tmp_path: Path) -> None:
    with pytest.raises(StoreError, match="There is no store"), snapshot(tmp_path / "store.sqlite"):
        pass
    (tmp_path / "store.sqlite").write_bytes(b"something else" * 1000)
    with pytest.raises(StoreError, match="damaged"), snapshot(tmp_path / "store.sqlite"):
        pass
