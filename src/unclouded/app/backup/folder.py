"""The folder with backups: what is in it, and what of it is no longer kept. Nothing else there is ever touched."""

import os
from contextlib import suppress
from datetime import tzinfo
from pathlib import Path

import msgspec

from unclouded.app.backup.generations import kept
from unclouded.app.backup.manifest import NamedBackup, file_name, named
from unclouded.app.files.new_file import PARTIAL
from unclouded.core.errors import StoreError


class BackupFile(msgspec.Struct, frozen=True):
    """A file of the folder that has the name of a backup. ``ours``: this hub has made it. ``at``: Unix seconds."""

    name: str
    size: int
    at: float
    ours: bool
    encrypted: bool


def backups_in(folder: Path, hub: str) -> list[BackupFile]:
    """The newest first. Raises StoreError where the folder cannot be read."""
    try:
        found = [_file(one, hub) for one in folder.iterdir()]
    except OSError as error:
        raise StoreError(
            f"The folder of backups {folder} cannot be read: {error.strerror}. Is its disk there?"
        ) from None
    return sorted((one for one in found if one is not None), key=lambda one: (one.at, one.name), reverse=True)


def target_in(folder: Path, at: float, hub: str, encrypted: bool) -> Path:
    """Where a new backup is written. Raises StoreError where the folder is not there: its disk may not be mounted."""
    if not folder.is_dir():
        raise StoreError(f"The folder of backups {folder} is not there. Make it, or mount its disk.")
    return folder / file_name(at, hub, encrypted)


def prune(folder: Path, hub: str, zone: tzinfo, days: int, weeks: int, months: int, now: float) -> list[str]:
    """Delete our own backups that are not kept at ``now``, Unix seconds; their names. Raises StoreError."""
    ours = [NamedBackup(one.name, one.at, hub, one.encrypted) for one in backups_in(folder, hub) if one.ours]
    keep = kept(ours, zone, days, weeks, months, now)
    gone = [one.name for one in ours if one.name not in keep]
    try:
        for name in gone:
            (folder / name).unlink(missing_ok=True)
    except OSError as error:
        raise StoreError(f"Old backups in {folder} cannot be deleted: {error.strerror}.") from None
    return gone


def remove_partial(folder: Path, hub: str) -> None:
    """Remove what our own processes that were killed have left half written."""
    with suppress(OSError):
        for one in folder.glob(f".*{PARTIAL}"):
            name, _, process = one.name.removeprefix(".").removesuffix(PARTIAL).rpartition(".")
            known = named(name)
            if known is not None and known.hub == hub and not _runs(process):
                one.unlink()


# --- inside -------------------------------------------------------------------------------------------


def _file(path: Path, hub: str) -> BackupFile | None:
    known = named(path.name)
    with suppress(OSError):
        if known is not None and path.is_file() and not path.is_symlink():
            return BackupFile(known.name, path.stat().st_size, known.at, known.hub == hub, known.encrypted)
    return None


def _runs(process: str) -> bool:
    try:
        os.kill(int(process), 0)
    except (ValueError, ProcessLookupError):
        return False
    except PermissionError:
        pass
    return True
