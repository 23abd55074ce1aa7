"""The store file: its tables, their migrations, and readable reasons why it cannot be opened.

    device   the devices: identity, current id (NULL: another device has it), all else as JSON
    alias    every id that a device ever had
series   one point of a device in one scale (10 ** exponent); several series of one point are read as one
    flag     the names of the flag bits in sample blobs
    sample   one device-second as a blob (see store.encoding.blob)
    chunk    one device-hour as compressed columns, in place of its samples (see store.encoding.chunk, store.sealing)
    rollup   one series within 60, 900 or 3600 s, computed from the samples (see store.rollup)
    rolled   the time until which a device's samples are rolled up
    event    texts, states, commands, joins … as JSON
    ledger   the energy counters (see hub/energy); the total in mWh is also a column, for manual queries
    memory   persistent memory of sessions and of the hub
    audit    changes to stored data, and by whom
    put_away samples and events of the future, from while the clock was ahead (see store.future)
    feed     the names of feeds: prices, carbon intensities
feed_value   a value of a feed and the interval that it counts for, as exact text (see store.feeds)
    outbox   windows of time, the number of their newest change, the one that a subscriber has, and one that it cannot
             read (see store.outbox)
subscription who subscribes to the outbox: its levels (since NULL: no more; its numbers go on from ``number``)
    expired  until when the samples (span 0) or rows of a series were deleted by retention (see store.retention)
    edit     ranges of a point that are void or corrected (see store.editing)
imported     what was imported from a file, so that it can be undone (see store.importing)
unrolled     ranges whose rollups are computed again (see store.editing.unrolled)

``PRAGMA user_version`` is the number of applied migrations. A released migration is never changed; new ones are
added at the end.
"""

import sqlite3
from collections.abc import Sequence
from pathlib import Path

from unclouded.core.errors import DamagedStore, StoreError

APPLICATION_ID = 0x756E636C  # "uncl", PRAGMA application_id
BUSY_MS = 5000  # how long to wait for another process's transaction
# What SQLite says of a damaged file; of tables and columns: the list of them is damaged.
DAMAGE = (
    "not a database",
    "unsupported file format",
    "malformed",
    "Could not decode",
    "no such table",
    "no such column",
    "disk I/O error",
)
OURS = frozenset({"device", "series", "sample", "ledger"})  # tables that identify a store with a damaged header
MOST_VERSIONS = 1000  # a version beyond is damage

MIGRATIONS: Sequence[str] = (
    """
    CREATE TABLE device (
        number INTEGER PRIMARY KEY, identity TEXT NOT NULL UNIQUE, id TEXT UNIQUE, family TEXT NOT NULL,
        link TEXT NOT NULL, info TEXT NOT NULL, first_seen REAL NOT NULL, last_seen REAL NOT NULL);
    CREATE TABLE alias (
        id TEXT NOT NULL, device INTEGER NOT NULL, since REAL NOT NULL, PRIMARY KEY (id, device)) WITHOUT ROWID;
    CREATE TABLE series (
        id INTEGER PRIMARY KEY, device INTEGER NOT NULL, point TEXT NOT NULL, exponent INTEGER NOT NULL,
        kind TEXT NOT NULL);
    CREATE INDEX series_of_device ON series (device, point);
    CREATE TABLE flag (bit INTEGER PRIMARY KEY, name TEXT NOT NULL UNIQUE);
    CREATE TABLE sample (
        device INTEGER NOT NULL, second INTEGER NOT NULL, blob BLOB NOT NULL,
        PRIMARY KEY (device, second)) WITHOUT ROWID;
    CREATE TABLE event (
        number INTEGER PRIMARY KEY, at REAL NOT NULL, device INTEGER, kind TEXT NOT NULL, json TEXT NOT NULL);
    CREATE INDEX event_of_device ON event (device, kind, at);
    CREATE INDEX event_at ON event (at);
    CREATE TABLE ledger (
        identity TEXT NOT NULL, point TEXT NOT NULL, total INTEGER NOT NULL, json TEXT NOT NULL,
        PRIMARY KEY (identity, point)) WITHOUT ROWID;
    CREATE TABLE memory (
        identity TEXT NOT NULL, key TEXT NOT NULL, value BLOB NOT NULL, PRIMARY KEY (identity, key)) WITHOUT ROWID;
    CREATE TABLE audit (
        number INTEGER PRIMARY KEY, at REAL NOT NULL, who TEXT NOT NULL, what TEXT NOT NULL, json TEXT NOT NULL);
    """,
    """
    CREATE TABLE rollup (
        series INTEGER NOT NULL, span INTEGER NOT NULL, start INTEGER NOT NULL, size INTEGER NOT NULL,
        total, low, high, last NOT NULL, at INTEGER NOT NULL, marks INTEGER NOT NULL,
        PRIMARY KEY (series, span, start)) WITHOUT ROWID;
    CREATE TABLE rolled (device INTEGER PRIMARY KEY, upto INTEGER NOT NULL);
    """,
    """
    CREATE TABLE put_away (
        number INTEGER PRIMARY KEY, kind TEXT NOT NULL, at REAL NOT NULL, device INTEGER, data BLOB NOT NULL);
    """,
    """
    CREATE TABLE chunk (
        device INTEGER NOT NULL, start INTEGER NOT NULL, first INTEGER NOT NULL, last INTEGER NOT NULL,
        seconds INTEGER NOT NULL, data BLOB NOT NULL, PRIMARY KEY (device, start));
    """,
    """
    CREATE TABLE feed (number INTEGER PRIMARY KEY, name TEXT NOT NULL UNIQUE);
    CREATE TABLE feed_value (
        feed INTEGER NOT NULL, start INTEGER NOT NULL, until INTEGER NOT NULL, value TEXT NOT NULL,
        PRIMARY KEY (feed, start)) WITHOUT ROWID;
    """,
    """
    CREATE TABLE outbox (
        level TEXT NOT NULL, start INTEGER NOT NULL, number INTEGER NOT NULL, known INTEGER NOT NULL,
        PRIMARY KEY (level, start)) WITHOUT ROWID;
    CREATE INDEX outbox_dirty ON outbox (start) WHERE number <> known;
    CREATE TABLE subscription (level TEXT PRIMARY KEY, since REAL, number INTEGER NOT NULL) WITHOUT ROWID;
    CREATE TABLE expired (
        series INTEGER NOT NULL, span INTEGER NOT NULL, upto INTEGER NOT NULL,
        PRIMARY KEY (series, span)) WITHOUT ROWID;
    """,
    """
    CREATE TABLE edit (
        number INTEGER PRIMARY KEY, device INTEGER NOT NULL, point TEXT NOT NULL, start INTEGER NOT NULL,
        until INTEGER NOT NULL, action TEXT NOT NULL, value TEXT NOT NULL, estimated INTEGER NOT NULL,
        reason TEXT NOT NULL, who TEXT NOT NULL, at REAL NOT NULL, undone_at REAL, undone_by TEXT);
    CREATE INDEX edit_of_device ON edit (device, start);
    CREATE TABLE imported (
        number INTEGER PRIMARY KEY, device INTEGER NOT NULL, source TEXT NOT NULL, data BLOB NOT NULL,
        who TEXT NOT NULL, at REAL NOT NULL, undone_at REAL, undone_by TEXT);
    CREATE TABLE unrolled (
        device INTEGER NOT NULL, point TEXT NOT NULL, start INTEGER NOT NULL, until INTEGER NOT NULL);
    CREATE INDEX unrolled_of_device ON unrolled (device, point);
    """,
    """
    ALTER TABLE outbox ADD COLUMN refused INTEGER NOT NULL DEFAULT 0;
    """,
)


def open_to_write(path: Path) -> sqlite3.Connection:
    """The store at ``path``, created or migrated as needed, readable by its owner only. Raises StoreError."""
    _check_place(path)
    try:
        path.touch(0o600)
    except OSError as error:
        raise StoreError(f"The store {path} cannot be written: {error.strerror}. Check who owns it.") from None
    db = _connect(path, f"{path.absolute().as_uri()}?mode=rwc")
    try:
        check_ours(db, path)
        db.execute("PRAGMA journal_mode = WAL")
        db.execute("PRAGMA synchronous = FULL")
        _migrate(db)
    except (sqlite3.Error, UnicodeDecodeError) as error:
        db.close()
        raise explain(path, error) from None
    except StoreError:
        db.close()
        raise
    return db


def open_to_read(path: Path) -> sqlite3.Connection:
    """The store at ``path``, read-only, while a hub may be writing to it. Raises StoreError."""
    _check_place(path)
    if not path.exists():
        raise StoreError(f"There is no store at {path} yet. Start the hub once, or give its data folder.")
    db = _connect(path, f"{path.absolute().as_uri()}?mode=ro")
    try:
        version = check_ours(db, path)
    except (sqlite3.Error, UnicodeDecodeError) as error:
        db.close()
        raise explain(path, error) from None
    except StoreError:
        db.close()
        raise
    if version < len(MIGRATIONS):
        db.close()
        raise StoreError(f"The store {path} has an older format. Start the hub once to migrate it.")
    return db


def is_damage(error: sqlite3.Error | UnicodeDecodeError) -> bool:
    """Whether the file is damaged, as opposed to in use, read-only or without room.

    A UnicodeDecodeError is an error of SQLite that quotes damaged text.
    """
    return isinstance(error, UnicodeDecodeError) or any(sign in str(error) for sign in DAMAGE)


def explain(path: Path, error: sqlite3.Error | UnicodeDecodeError) -> StoreError:
    """A readable message for an SQLite error; DamagedStore where the file is damaged."""
    text = str(error)
    if is_damage(error):
        return DamagedStore(
            f"The store {path} is damaged ({text}). Stop the hub and run: unclouded store salvage {path}"
        )
    if "readonly" in text or "unable to open" in text:
        return StoreError(f"The store {path} cannot be opened ({text}). Check who owns the folder and the file.")
    if "full" in text:
        return StoreError(f"The disk that holds {path} is full. Free some space and start again.")
    if "locked" in text:
        return StoreError(f"The store {path} is in use by another program. Stop it and start again.")
    return StoreError(f"The store {path} cannot be used: {text}.")


def _check_place(path: Path) -> None:
    try:
        if path.is_dir():
            raise StoreError(f"The store {path} is a folder; it has to be a file.")
        if not path.parent.is_dir():
            raise StoreError(
                f"The data folder {path.parent} does not exist or is not a folder. Create it and start again."
            )
    except PermissionError:
        raise StoreError(f"No permission to enter the data folder {path.parent}. Check who owns it.") from None


def _connect(path: Path, uri: str) -> sqlite3.Connection:
    try:
        db = sqlite3.connect(uri, uri=True, isolation_level=None, check_same_thread=False)
        db.execute(f"PRAGMA busy_timeout = {BUSY_MS}")
    except sqlite3.Error as error:
        raise explain(path, error) from None
    return db


def check_ours(db: sqlite3.Connection, path: Path) -> int:
    """The version of the file. Raises StoreError where it belongs to another program or is too new."""
    version = int(db.execute("PRAGMA user_version").fetchone()[0])
    owner = int(db.execute("PRAGMA application_id").fetchone()[0])
    tables = {name for (name,) in db.execute("SELECT name FROM sqlite_master")}
    if tables >= OURS and (owner != APPLICATION_ID or not 0 <= version < MOST_VERSIONS):
        raise explain(path, sqlite3.DatabaseError("its header is malformed"))
    if owner != APPLICATION_ID and tables:
        raise StoreError(f"{path} is a database of another program. Choose another data folder.")
    if version and not tables >= OURS:
        raise explain(path, sqlite3.DatabaseError("its list of tables is malformed"))
    if version > len(MIGRATIONS):
        raise StoreError(
            f"The store {path} was written by a newer Unclouded (format {version}, this one supports "
            f"{len(MIGRATIONS)}). Install that version again, or choose another data folder."
        )
    return version


def _migrate(db: sqlite3.Connection) -> None:
    """Migrate the file, each step in one transaction."""
    version = int(db.execute("PRAGMA user_version").fetchone()[0])
    for number, script in enumerate(MIGRATIONS[version:], version + 1):
        db.executescript(
            f"BEGIN IMMEDIATE; {script}; PRAGMA user_version = {number}; "
            f"PRAGMA application_id = {APPLICATION_ID}; COMMIT;"
        )
