"""What is done to backups in a process of its own, and how it is asked for."""

import shutil
import tempfile
import time
from collections.abc import Iterator
from pathlib import Path
from zoneinfo import ZoneInfo

import msgspec

from unclouded.app.backup.folder import prune, remove_partial, target_in
from unclouded.app.backup.making import BackupPlace, backup_pieces, write_backup
from unclouded.app.backup.manifest import STORE, BackupManifest, hub_id
from unclouded.app.backup.passphrase import passphrase_of
from unclouded.app.backup.reading import BackupReader, is_encrypted, opened_backup
from unclouded.app.backup.restoring import stage
from unclouded.app.backup.store_check import checked_store
from unclouded.core.errors import CommandError, StoreError

TEMPORARY = ".verify-"  # of the folder that a store is checked in


class Keeping(msgspec.Struct, frozen=True):
    """Of how many days, weeks and months the newest backup is kept."""

    days: int
    weeks: int
    months: int


class BackupDone(msgspec.Struct, frozen=True):
    """``file``, ``size``: what was made. ``pruned``: older ones that were deleted."""

    file: str
    size: int
    pruned: list[str]


def make_in(place: BackupPlace, folder: Path, passphrase_file: Path | None, keeping: Keeping | None) -> BackupDone:
    """Make one in a folder, read it again, and only then delete those that are not kept. Raises UncloudedError."""
    passphrase = passphrase_of(passphrase_file)
    hub, now = hub_id(place.state), time.time()
    target = target_in(folder, now, hub, bool(passphrase))
    remove_partial(folder, hub)
    made = write_backup(place, target, now, passphrase)
    try:
        verified(target, passphrase)
    except CommandError as error:
        target.unlink(missing_ok=True)
        raise StoreError(f"The backup that was just written cannot be read again, and is removed: {error}") from None
    pruned = []
    if keeping is not None:
        pruned = prune(folder, hub, ZoneInfo(place.zone), keeping.days, keeping.weeks, keeping.months, now)
    return BackupDone(made.file, made.size, pruned)


def stream(place: BackupPlace, passphrase_file: Path | None) -> Iterator[bytes]:
    """A new backup, piece by piece; encrypted where a file names a passphrase."""
    return backup_pieces(place, time.time(), passphrase_of(passphrase_file))


def verified(file: Path, passphrase: str, temporary: Path | None = None) -> BackupManifest:
    """Read all of a backup. ``temporary``: a folder, where its store is unpacked and checked as a whole as well.

    Raises CommandError where it is not sound, and StoreError.
    """
    with opened_backup(file) as source:
        reader = BackupReader(source, passphrase)
        if temporary is None:
            reader.check()
            return reader.manifest
        if shutil.disk_usage(temporary).free < reader.manifest.size:
            raise StoreError(
                f"There is not enough space in {temporary} to unpack the backup, {reader.manifest.size:,} bytes."
            )
        with tempfile.TemporaryDirectory(prefix=TEMPORARY, dir=temporary) as folder:
            reader.extract(Path(folder))
            checked_store(Path(folder) / STORE)
        return reader.manifest


def staged_from(data: Path, file: Path, passphrase_file: Path | None) -> BackupManifest:
    """Stage a backup for the next start, also an older one."""
    return stage(data, file, passphrase_of(passphrase_file) if is_encrypted(file) else "", force=True)
