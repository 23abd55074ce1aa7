"""A consistent copy of a store, made while a hub writes to it."""

import contextlib
import sqlite3
from pathlib import Path

from unclouded.core.errors import StoreError
from unclouded.store.schema import explain, open_to_read


def copy_store(path: Path, target: Path) -> None:
    """Copy the store at ``path``, as it is at one moment, into the new file ``target``. Raises StoreError.

    In one read transaction, so that the hub's next transactions do not begin the copy anew.
    """
    with contextlib.closing(open_to_read(path)) as source:
        try:
            with contextlib.closing(sqlite3.connect(target)) as copy:
                source.backup(copy)
        except sqlite3.Error as error:
            raise explain(path, error) from None
        except OSError as error:
            raise StoreError(f"The copy {target} cannot be written: {error.strerror}.") from None
