"""Whether a store that comes from elsewhere is one, is sound, and is of a format that this version reads."""

import sqlite3
from contextlib import closing
from pathlib import Path

import msgspec

from unclouded.core.errors import CommandError, StoreError
from unclouded.store.file.schema import check_ours, explain
from unclouded.store.file.snapshot import facts_of

HARMLESS = {"table", "index"}  # what a store consists of: no triggers and views, which run statements


class CheckedStore(msgspec.Struct, frozen=True):
    """``format``: the number of applied migrations. ``newest``: the second of the newest sample, 0 = there is none."""

    format: int
    newest: int


def checked_store(path: Path) -> CheckedStore:
    """Join the file with its log, and check all of it. Raises CommandError."""
    try:
        with closing(sqlite3.connect(path, isolation_level=None)) as db:
            db.execute("PRAGMA trusted_schema = OFF")
            db.execute("PRAGMA cell_size_check = ON")
            version = check_ours(db, path)
            if not version:
                raise CommandError("The store in the backup is empty.")
            kinds = {kind for (kind,) in db.execute("SELECT DISTINCT type FROM sqlite_master")}
            if not kinds <= HARMLESS:
                raise CommandError(f"The store in the backup is foreign: it has a {min(kinds - HARMLESS)}.")
            found = str(db.execute("PRAGMA integrity_check(1)").fetchone()[0])
            if found != "ok":
                raise CommandError(f"The store in the backup is damaged: {found[:200]}.")
            newest, _ = facts_of(db)
            db.execute("PRAGMA wal_checkpoint(TRUNCATE)")
    except StoreError as error:
        raise _refused(path, error) from None
    except (sqlite3.Error, UnicodeDecodeError) as error:
        raise _refused(path, explain(path, error)) from None
    return CheckedStore(version, newest)


def _refused(path: Path, error: StoreError) -> CommandError:
    """Without what to do about a store that is in use: this one is none."""
    why, _, _ = str(error).replace(str(path), path.name).partition(" Stop the hub")
    return CommandError(f"The store in the backup cannot be used: {why}")
