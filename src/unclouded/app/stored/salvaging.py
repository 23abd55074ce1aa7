"""Brings the readable history of a damaged store into that of a configuration, while no hub runs."""

import time
from pathlib import Path

from unclouded.app.configuration.config import Config
from unclouded.core.errors import CommandError
from unclouded.store.file.salvage import Salvaged, move_aside, salvage
from unclouded.store.file.schema import open_to_write


def salvage_into(config: Config, file: Path) -> tuple[Salvaged, Path]:
    """Copy every readable row of ``file`` into the store of the configuration; the counts, and where the file is.

    A damaged store in use is moved aside first; nothing is deleted. Raises ConfigError while a hub runs, CommandError
    for a missing file, StoreError.
    """
    from unclouded.app.hub_process import locked

    if not file.is_file():
        raise CommandError(f"There is no file {file}.")
    with locked(config.data):
        if config.store.exists() and file.samefile(config.store):
            file = move_aside(config.store, time.time())
        db = open_to_write(config.store)
        try:
            return salvage(file, db, time.time, "cli"), file
        finally:
            db.close()
