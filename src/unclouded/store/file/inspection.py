"""What a store file is like, without changing anything in its folder: for the doctor.

A read-only connection to a file in WAL mode makes its -wal and -shm files and leaves them behind. So a store that no
hub has open is read as an immutable file, which needs neither; one that a hub has open is read beside the hub, which
is not held up: readers of a write-ahead log hold no lock against it.
"""

import sqlite3
import time
from contextlib import closing, suppress
from pathlib import Path

import msgspec

from unclouded.core.errors import StoreError
from unclouded.store.encoding.chunk import is_sound
from unclouded.store.file.schema import BUSY_MS, MIGRATIONS, check_ours, explain

STEPS = 10_000  # of SQLite's machine between two looks at the clock
FORMAT = len(MIGRATIONS)
REMEMBERED = "SELECT value FROM memory WHERE identity = 'hub' AND key = 'disk'"
CHUNKS = "SELECT start, data FROM chunk WHERE device = ? ORDER BY start DESC"
SPAN = "SELECT count(*), min(first_seen), max(last_seen) FROM device"


Blob = bytes  # the class has a field of that name


class StoreFacts(msgspec.Struct, frozen=True, kw_only=True):
    """``format``: the number of applied migrations. ``bytes``, ``wal_bytes``: of the file and of its log.

    ``first``, ``last``: Unix seconds of the first and the newest contact of any device, None = no device yet.
    ``disk``: what the hub remembers of the use of its disk. ``complaint``: what the check of the file found, "" = it is
    sound; ``is_checked``: whether the check came to an end. ``damaged_hours``: device and start of
    sealed hours whose chunk is damaged; ``hours_unread``: how many there was no time for.
    """

    format: int
    bytes: int
    wal_bytes: int
    devices: int = 0
    first: float | None = None
    last: float | None = None
    disk: Blob = b""
    damaged_hours: tuple[tuple[str, int], ...] = ()
    hours_unread: int = 0
    complaint: str = ""
    is_checked: bool = True


def has_log(path: Path) -> bool:
    """Whether a log lies beside the file: a hub has it open, or ended without closing it."""
    return _size(path.with_name(f"{path.name}-wal")) > 0


def inspect(path: Path, most_s: float, is_open: bool) -> StoreFacts:
    """``most_s``: how long the check of the whole file may take. ``is_open``: a hub has it open.

    Raises StoreError; DamagedStore where the file is damaged.
    """
    try:
        with closing(_connect(path, is_open)) as db:
            version = check_ours(db, path)
            count, first, last = db.execute(SPAN).fetchone() if version else (0, None, None)
            disk = db.execute(REMEMBERED).fetchone() if version else None
            complaint = _complaint(db, most_s)
            damaged, unread = _damaged_hours(db, most_s / 2)
    except (sqlite3.Error, UnicodeDecodeError) as error:
        raise explain(path, error) from None
    return StoreFacts(
        format=version,
        bytes=_size(path),
        wal_bytes=_size(path.with_name(f"{path.name}-wal")),
        devices=count,
        first=first,
        last=last,
        damaged_hours=damaged,
        hours_unread=unread,
        disk=disk[0] if disk is not None and isinstance(disk[0], bytes) else b"",
        complaint=complaint or "",
        is_checked=complaint is not None,
    )


def _connect(path: Path, is_open: bool) -> sqlite3.Connection:
    if not path.is_file():
        raise StoreError(f"There is no store at {path}.")
    how = "mode=ro" if is_open else "immutable=1"
    db = sqlite3.connect(f"{path.absolute().as_uri()}?{how}", uri=True, isolation_level=None)
    db.execute(f"PRAGMA busy_timeout = {BUSY_MS}")
    return db


def _complaint(db: sqlite3.Connection, most_s: float) -> str | None:
    """What SQLite finds wrong first, "" = nothing; None where it takes too long."""
    until = time.monotonic() + most_s
    db.set_progress_handler(lambda: time.monotonic() > until, STEPS)
    try:
        found = str(db.execute("PRAGMA quick_check(1)").fetchone()[0])
    except sqlite3.OperationalError as error:
        if "interrupted" in str(error):
            return None
        raise
    finally:
        db.set_progress_handler(None, 0)
    return "" if found == "ok" else found


def _damaged_hours(db: sqlite3.Connection, most_s: float) -> tuple[tuple[tuple[str, int], ...], int]:
    """The newest hours first, as far as the time goes; and how many are left. None in a format without chunks."""
    until, read, found = time.monotonic() + most_s, 0, list[tuple[str, int]]()
    with suppress(sqlite3.OperationalError):
        (count,) = db.execute("SELECT count(*) FROM chunk").fetchone()
        for number, name in db.execute("SELECT number, coalesce(id, identity) FROM device").fetchall():
            for start, data in db.execute(CHUNKS, (number,)):
                if time.monotonic() > until:
                    return tuple(found), count - read
                read += 1
                if not is_sound(data):
                    found.append((name, start))
    return tuple(found), 0


def _size(path: Path) -> int:
    try:
        return path.stat().st_size
    except OSError:
        return 0
