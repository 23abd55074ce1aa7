"""Puts a backup back, in steps that may be interrupted anywhere: before the last check nothing of the hub is touched.

    DATA/restore/files/…     1. extracted and checked: sums, the store as a whole, its format
    DATA/restore/ready       2. all of it is on the disk: from here on it is carried to its end, whatever happens
    DATA/before-restore-…    3. what was there is moved aside; nothing of it is deleted
    DATA/restore/moved       4. that is done
    DATA/…                   5. what was extracted takes its place

A hub that starts, and the next restore, finish what was interrupted after step 2, and remove what was before it. All is
within the data folder, which may be a volume of its own, or in a folder where only its own files may be changed.
"""

import json
import os
import shutil
import sqlite3
import time
from contextlib import suppress
from datetime import UTC, datetime
from pathlib import Path

import msgspec

from unclouded.app.backup.manifest import FOLDERS, LOG, STORE, BackupManifest
from unclouded.app.backup.reading import BackupReader, opened_backup
from unclouded.app.backup.store_check import checked_store
from unclouded.core.errors import CommandError, StoreError
from unclouded.core.system.durable import sync_to_disk
from unclouded.core.times import iso
from unclouded.store.file.snapshot import snapshot
from unclouded.store.outbox import mark_restored

STAGING, FILES, READY, MOVED = "restore", "files", "ready", "moved"
CARRIED = Path("state") / "web.json"  # passwords of the page, which no backup has: those that were there stay
SPARE = 64 * 1024 * 1024  # bytes that stay free


class StagedRestore(msgspec.Struct, frozen=True):
    """A backup that is ready to be put in place. ``file``: its name; ``aside``: where what is there now will be.

    ``at``: when the backup was made, Unix seconds.
    """

    file: str
    at: float
    aside: str


def stage(data: Path, file: Path, passphrase: str, force: bool) -> BackupManifest:
    """Extract a backup into the data folder and check it; ``apply_staged`` then puts it in place.

    Raises CommandError for what is no sound backup and, unless ``force``, where the present store is newer; StoreError.
    """
    discard_staged(data)
    staging = data / STAGING
    with opened_backup(file) as source:
        reader = BackupReader(source, passphrase)
        manifest = reader.manifest
        if not force:
            _check_age(data / STORE, manifest.store, manifest.newest)
        _check_room(data, manifest.size)
        try:
            (staging / FILES).mkdir(mode=0o700, parents=True)
            reader.extract(staging / FILES)
            store = checked_store(staging / FILES / STORE)
            if not force:
                _check_age(data / STORE, store.format, store.newest)
            mark_restored(staging / FILES / STORE, time.time)
            for left in (staging / FILES).iterdir():
                if left.name != STORE and left.name not in FOLDERS:
                    left.unlink()  # the configuration and texts, and a log that is empty now
            _give_owner(data, staging)
            _sync(staging)
            _mark(staging, StagedRestore(file.name, manifest.at, _aside(data)))
        except BaseException as error:
            shutil.rmtree(staging, True)
            if isinstance(error, sqlite3.Error):
                raise StoreError(f"The store in the backup cannot be written: {error}.") from None
            if isinstance(error, OSError):
                raise StoreError(f"{data} cannot be written: {error.strerror}.") from None
            raise
    return manifest


def staged(data: Path) -> StagedRestore | None:
    """What will be put in place at the next start, if anything."""
    for name in (READY, MOVED):
        with suppress(FileNotFoundError):
            return msgspec.json.decode((data / STAGING / name).read_bytes(), type=StagedRestore)
    return None


def discard_staged(data: Path) -> None:
    """Forget what is staged, also half of it; not what is being put in place. Raises CommandError, StoreError."""
    staging = data / STAGING
    if (staging / MOVED).exists():
        raise CommandError(f"A restore of {data} was interrupted. Start the hub, which finishes it.")
    try:
        (staging / READY).unlink(missing_ok=True)
        if staging.exists():
            shutil.rmtree(staging)
    except OSError as error:
        raise StoreError(f"{staging} cannot be removed: {error.strerror}.") from None


def apply_staged(data: Path) -> StagedRestore | None:
    """Put in place what is staged, from wherever it was interrupted; None where nothing is.

    The caller holds the lock on the data folder. Raises StoreError.
    """
    staging = data / STAGING
    found = staged(data)
    try:
        if found is None:
            shutil.rmtree(staging, True)
            return None
        aside = data / found.aside
        if (staging / READY).exists():
            aside.mkdir(mode=0o700, exist_ok=True)
            for name in _moved_names(staging / FILES):
                if (data / name).exists():
                    (data / name).rename(aside / name)
            sync_to_disk(aside)
            sync_to_disk(data)
            (staging / READY).rename(staging / MOVED)
            sync_to_disk(staging)
        if (staging / FILES).exists():
            _carry_over(aside, staging / FILES)
            for one in sorted((staging / FILES).iterdir()):
                one.rename(data / one.name)
            sync_to_disk(data)
            (staging / FILES).rmdir()
        (staging / MOVED).unlink()
        staging.rmdir()
    except OSError as error:
        kept = data / found.aside if found else data
        raise StoreError(f"The restore in {data} cannot be finished: {error}. What was there is in {kept}.") from None
    return found


# --- inside -------------------------------------------------------------------------------------------


def _moved_names(files: Path) -> list[str]:
    """What is moved aside: the store, and the folders that the backup has."""
    return [STORE, LOG, f"{STORE}-shm", *(one.name for one in sorted(files.iterdir()) if one.name in FOLDERS)]


def _carry_over(aside: Path, files: Path) -> None:
    """Keep the passwords of the page, where the backup replaces the folder that they are in."""
    if (aside / CARRIED).is_file() and (files / CARRIED.parent).is_dir() and not (files / CARRIED).exists():
        copy = (files / CARRIED).with_suffix(".copy")
        shutil.copy2(aside / CARRIED, copy)
        with suppress(OSError):
            _give(copy, aside / CARRIED)
        copy.rename(files / CARRIED)


def _check_age(store: Path, version: int, newest: int) -> None:
    """Raises CommandError where the present store is newer. One that cannot be read is none."""
    if not store.exists():
        return
    try:
        with snapshot(store) as now:
            format, last = now.format, now.newest
    except StoreError:
        return
    if format > version:
        raise CommandError(
            f"The store in {store.parent} has a newer format ({format}) than the backup ({version}). To replace it all "
            "the same: --force. It is kept aside."
        )
    if last > newest:
        until = f"until {iso(newest)}" if newest else "and has none"
        raise CommandError(
            f"The store in {store.parent} has readings until {iso(last)}, newer than the backup, which has them "
            f"{until}. To replace it all the same: --force. It is kept aside."
        )


def _check_room(data: Path, size: int) -> None:
    free = shutil.disk_usage(data).free
    if free < size + SPARE:
        raise StoreError(f"The backup needs {size + SPARE:,} bytes in {data}; {free:,} are free.")


def _aside(data: Path) -> str:
    base = f"before-restore-{datetime.fromtimestamp(time.time(), UTC):%Y-%m-%dT%H%M%SZ}"
    names = (base, *(f"{base}-{number}" for number in range(2, 1000)))
    return next(name for name in names if not (data / name).exists())


def _mark(staging: Path, what: StagedRestore) -> None:
    """The last step of staging: the mark appears when it is on the disk."""
    file = staging / "ready.new"
    file.touch(0o600)
    file.write_text(json.dumps(msgspec.to_builtins(what)))
    _give(file, staging)
    sync_to_disk(file)
    file.rename(staging / READY)
    sync_to_disk(staging)
    sync_to_disk(staging.parent)


def _give_owner(data: Path, staging: Path) -> None:
    """Files that root extracts belong to the owner of the data folder."""
    for one in (staging, *staging.rglob("*")):
        _give(one, data)


def _give(path: Path, like: Path) -> None:
    owner = like.stat()
    if os.geteuid() == 0:
        os.chown(path, owner.st_uid, owner.st_gid)


def _sync(folder: Path) -> None:
    for one in (*folder.rglob("*"), folder):
        sync_to_disk(one)
