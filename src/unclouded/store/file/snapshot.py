"""A store as it is at one moment, read while a hub writes to it, without a copy and without holding anything up.

    BEGIN (a read transaction, held to the end)
      │ 1. the log (-wal) as far as it reaches now        every page that a checkpoint may write from here on is in it
      │ 2. the file itself, page by page                  may be written meanwhile, with pages of 1. only
    COMMIT                                                both files together are a store: SQLite joins them on opening

SQLite never moves more of its log into the file than the oldest reader has seen, and begins no new log while a reader
needs the old one. A reader for which the log is empty holds off checkpoints altogether; then the log may begin again
while it is read, which its header shows, and the file alone is the moment.

Closing a file drops the locks of the whole process on it. So a process that has the store open otherwise, as a hub has,
must not use this: backups are made in a process of their own.
"""

import sqlite3
import tempfile
from collections.abc import Iterator
from contextlib import ExitStack, closing, contextmanager, suppress
from pathlib import Path
from typing import IO, BinaryIO

import msgspec

from unclouded.core.errors import StoreError
from unclouded.store.file.schema import BUSY_MS, check_ours, explain
from unclouded.store.samples import Samples

PIECE = 1024 * 1024  # bytes read at once
IN_MEMORY = 16 * 1024 * 1024  # of a log; a longer one goes through a temporary file
HEADER = 32  # bytes of a log, which differ when it begins again
FOREVER = 2.0**40


class StoreSnapshot(msgspec.Struct, frozen=True):
    """``format``: the number of applied migrations. ``newest``: the second of the newest sample, 0 = there is none.

    ``size``, ``log_size``: bytes of the file and of the log that belongs to it.
    """

    format: int
    newest: int
    devices: int
    size: int
    log_size: int
    file: BinaryIO
    log: IO[bytes]

    def pieces(self) -> Iterator[bytes]:
        """The file; exactly ``size`` bytes."""
        return _exactly(self.file, self.size)

    def log_pieces(self) -> Iterator[bytes]:
        """The log; exactly ``log_size`` bytes."""
        self.log.seek(0)
        return _exactly(self.log, self.log_size)


@contextmanager
def snapshot(path: Path) -> Iterator[StoreSnapshot]:
    """The store at ``path`` at this moment, which the block may read. Raises StoreError."""
    if not path.is_file():
        raise StoreError(f"There is no store at {path} yet. Start the hub once, or give its data folder.")
    try:
        with ExitStack() as stack:
            file = stack.enter_context(path.open("rb"))  # closed after SQLite's own
            db = stack.enter_context(closing(sqlite3.connect(f"{path.absolute().as_uri()}?mode=ro", uri=True)))
            db.isolation_level = None
            db.execute(f"PRAGMA busy_timeout = {BUSY_MS}")
            db.execute("BEGIN")
            version = check_ours(db, path)  # the first read: this is the moment
            log = stack.enter_context(tempfile.SpooledTemporaryFile(IN_MEMORY))
            log_size = _copy_log(path.with_name(f"{path.name}-wal"), log)
            newest, devices = facts_of(db)
            size = path.stat().st_size
            yield StoreSnapshot(version, newest, devices, size, log_size, file, log)
    except (sqlite3.Error, UnicodeDecodeError) as error:
        raise explain(path, error) from None


def facts_of(db: sqlite3.Connection) -> tuple[int, int]:
    """The newest second with samples, and how many devices there are; zeros where an old format has no such tables."""
    with suppress(sqlite3.OperationalError):
        samples = Samples(lambda query, *values: db.execute(query, values).fetchall())
        (devices,) = db.execute("SELECT count(*) FROM device").fetchone()
        return samples.newest_before(FOREVER), int(devices)
    return 0, 0


# --- inside -------------------------------------------------------------------------------------------


def _copy_log(path: Path, into: IO[bytes]) -> int:
    """Copy the log as far as it reaches now; its size, 0 where the file alone is the moment."""
    try:
        with path.open("rb") as log:
            size = path.stat().st_size
            header = log.read(HEADER)
            log.seek(0)
            for piece in _exactly(log, size):
                into.write(piece)
            log.seek(0)
            return size if log.read(HEADER) == header else 0
    except FileNotFoundError:
        return 0


def _exactly(file: IO[bytes], size: int) -> Iterator[bytes]:
    """So many bytes; zeros in the place of what a file has lost meanwhile: SQLite does not read pages after its end."""
    left = size
    while left:
        piece = file.read(min(PIECE, left)) or bytes(min(PIECE, left))
        left -= len(piece)
        yield piece
