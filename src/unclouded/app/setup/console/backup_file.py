"""The file of a backup: readable by its owner only, and never written over another one."""

import os
from datetime import datetime
from pathlib import Path

from unclouded.core.errors import CommandError
from unclouded.families.meross.console.configuration.backup import SettingsBackup, read_backup

MODE = 0o600
MOST_BYTES = 1_000_000


def usual_name(uuid: str, at: datetime) -> str:
    """plug-0448e1e91a4b07-20261129-221530.config"""
    return f"plug-{uuid[-12:] or 'unknown'}-{at:%Y%m%d-%H%M%S}.config"


def write_backup(file: Path, text: str) -> None:
    """Raises CommandError where the file exists, or cannot be written."""
    try:
        handle = os.open(file, os.O_WRONLY | os.O_CREAT | os.O_EXCL, MODE)
        with os.fdopen(handle, "w", encoding="utf-8") as new:
            new.write(text)
            new.flush()
            os.fsync(new.fileno())
    except FileExistsError:
        raise CommandError(f"{file} exists already, and a backup is never overwritten. Name another file.") from None
    except OSError as error:
        raise CommandError(f"The backup {file} cannot be written: {error.strerror}. Nothing is changed.") from None


def load_backup(file: Path) -> SettingsBackup:
    """Raises CommandError where the file cannot be read, or is not a backup."""
    try:
        if file.stat().st_size > MOST_BYTES:
            raise CommandError(f"{file} is not a backup of a plug: it is larger than {MOST_BYTES} bytes.")
        text = file.read_text("utf-8")
    except OSError as error:
        raise CommandError(f"{file} cannot be read: {error.strerror}.") from None
    except UnicodeDecodeError:
        raise CommandError(f"{file} is not a backup of a plug: it is not text.") from None
    return read_backup(text, str(file))
