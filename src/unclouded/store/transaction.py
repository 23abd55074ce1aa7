"""One transaction of the store: done completely or not at all."""

import contextlib
import sqlite3
from collections.abc import Callable, Iterator


@contextlib.contextmanager
def transaction(db: sqlite3.Connection) -> Iterator[None]:
    """Commit what the block does; where it raises, none of it is done. Raises sqlite3.Error."""
    db.execute("BEGIN IMMEDIATE")
    try:
        yield
        db.execute("COMMIT")
    except BaseException:
        if db.in_transaction:
            db.execute("ROLLBACK")
        raise


@contextlib.contextmanager
def changing(db: sqlite3.Connection, reload: Callable[[], None]) -> Iterator[None]:
    """The same; after it, also where it failed, ``reload``: what is remembered of the tables is read again."""
    try:
        with transaction(db):
            yield
    finally:
        reload()
