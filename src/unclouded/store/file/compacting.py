"""Gives the free pages of a store back to the disk: a copy without them takes its place. While no hub runs.

    store.sqlite             1. its write-ahead log is worked in, and it has none any more
    store.sqlite.compacted   2. the copy, made by SQLite and checked, all of it on the disk
    store.sqlite             3. the copy, by one rename

At any moment one of them is the store, as a whole. What an interrupted run leaves is removed by the next one, and when
a hub starts.
"""

import shutil
import sqlite3
from collections.abc import Callable
from contextlib import closing, suppress
from pathlib import Path

import msgspec

from unclouded.core.errors import StoreError
from unclouded.core.system.durable import sync_to_disk
from unclouded.store.file.schema import explain, open_to_write

STEPS = 100_000  # of SQLite's machine between two looks at the copy
SPARE = 16 * 1024 * 1024  # bytes of the disk that stay free
COUNTS = ("device", "series", "sample", "chunk", "rollup", "event", "ledger", "edit")  # tables that are counted

OnCopied = Callable[[int, int], None]  # bytes so far, of how many


class Compacted(msgspec.Struct, frozen=True, kw_only=True):
    """``before``, ``after``: bytes of the file; ``needed``: bytes of the disk that it took meanwhile."""

    before: int
    after: int
    needed: int


def compact(path: Path, on_copied: OnCopied = lambda done, total: None) -> Compacted:
    """Raises StoreError, with the store as it was: there is no room, another program has it open, it is damaged."""
    discard_unfinished(path)
    with closing(open_to_write(path)) as db:
        before, needed = _sizes(db)
        free = shutil.disk_usage(path.parent).free
        if free < needed + SPARE:
            raise StoreError(
                f"Compacting needs {_mb(needed + SPARE)} MB of free disk beside the store, and {path.parent} has "
                f"{_mb(free)} MB. Free some, or have less kept."
            )
        copy = _copy_of(path)
        try:
            db.execute("PRAGMA busy_timeout = 0")
            _work_in_log(db, path)
            _copy(db, copy, lambda done: on_copied(min(done, needed), needed))
        except (sqlite3.Error, UnicodeDecodeError) as error:
            discard_unfinished(path)
            raise explain(path, error) from None
        except BaseException:
            discard_unfinished(path)
            raise
    copy.replace(path)
    sync_to_disk(path.parent)
    return Compacted(before=before, after=path.stat().st_size, needed=needed)


def discard_unfinished(path: Path) -> None:
    """Remove what an interrupted run left. Where that cannot be (the folder is none), opening the store says why."""
    with suppress(OSError):
        for end in ("", "-journal", "-wal", "-shm"):
            _copy_of(path).with_name(f"{_copy_of(path).name}{end}").unlink(missing_ok=True)


def _copy_of(path: Path) -> Path:
    return path.with_name(f"{path.name}.compacted")


def _sizes(db: sqlite3.Connection) -> tuple[int, int]:
    """Bytes of the file, and without its free pages."""
    pages, free, size = (
        db.execute(f"PRAGMA {name}").fetchone()[0] for name in ("page_count", "freelist_count", "page_size")
    )
    return pages * size, (pages - free) * size


def _work_in_log(db: sqlite3.Connection, path: Path) -> None:
    """A log beside another file would be taken for its own."""
    if db.execute("PRAGMA journal_mode = DELETE").fetchone()[0] != "delete":
        raise StoreError(f"The store {path} is in use by another program. Stop it and start again.")
    db.execute("PRAGMA locking_mode = EXCLUSIVE")
    db.execute("BEGIN EXCLUSIVE")
    db.execute("COMMIT")  # the lock is kept


def _copy(db: sqlite3.Connection, copy: Path, on_size: Callable[[int], None]) -> None:
    copy.touch(0o600)
    db.set_progress_handler(lambda: on_size(copy.stat().st_size), STEPS)
    try:
        db.execute("VACUUM INTO ?", (str(copy),))
    finally:
        db.set_progress_handler(None, 0)
    with closing(sqlite3.connect(copy)) as made:
        for table in COUNTS:
            count = f"SELECT count(*) FROM {table}"
            if made.execute(count).fetchone() != db.execute(count).fetchone():
                raise StoreError(f"The copy {copy} does not have all rows of {table}. The store was not changed.")
        found = made.execute("PRAGMA quick_check(1)").fetchone()[0]
        if found != "ok":
            raise StoreError(f"The copy {copy} is not sound ({found}). The store was not changed.")
    sync_to_disk(copy)


def _mb(size: int) -> str:
    return f"{size / 1e6:,.0f}"
