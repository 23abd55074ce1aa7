"""Backups from the command line: made, listed, checked and put back, in this process."""

import os
import time
from collections.abc import Mapping
from datetime import UTC, datetime
from pathlib import Path

import msgspec

from unclouded.app.backup.folder import BackupFile, backups_in, target_in
from unclouded.app.backup.making import BackupMade, write_backup
from unclouded.app.backup.manifest import BackupManifest, hub_id
from unclouded.app.backup.passphrase import passphrase_of
from unclouded.app.backup.place import folder_of, passphrase_file_of, place_of_backup
from unclouded.app.backup.reading import BackupReader, is_encrypted, opened_backup
from unclouded.app.backup.restoring import apply_staged, stage
from unclouded.app.backup.work import verified
from unclouded.app.configuration.config import Config, data_folder, parse_config
from unclouded.app.files.new_file import new_file
from unclouded.core.errors import CommandError, ConfigError, StoreError


class Restored(msgspec.Struct, frozen=True, kw_only=True):
    """What was put where. ``aside``: the former data, "" = there was none. ``config``: "" = it was left alone.

    ``config_aside``: the former configuration, "" = there was none, or the same.
    """

    data: str
    aside: str
    config: str
    config_aside: str
    manifest: BackupManifest


def make_backup(config: Config, target: Path | None, passphrase_file: Path | None, force: bool) -> BackupMade:
    """Make a backup in a file, or in a folder under a name of its own; None = the folder of [backup].

    Raises UncloudedError.
    """
    passphrase = passphrase_of(passphrase_file or passphrase_file_of(config))
    folder = target or folder_of(config)
    if folder is None:
        raise CommandError("Name a file or a folder, or set [backup] folder in the configuration.")
    now = time.time()
    if folder.is_dir() or target is None:
        folder = target_in(folder, now, hub_id(config.state), bool(passphrase))
    return write_backup(place_of_backup(config), folder, now, passphrase, force)


def list_backups(config: Config, folder: Path | None) -> list[BackupFile]:
    """The backups in a folder, None = that of [backup]; the newest first. Raises CommandError, StoreError."""
    chosen = folder or folder_of(config)
    if chosen is None:
        raise CommandError("Name a folder, or set [backup] folder in the configuration.")
    return backups_in(chosen, hub_id(config.state))


def passphrase_for(file: Path, passphrase_file: Path | None, config: Config | None) -> str:
    """The passphrase that opens a file, "" where it needs none, or none is known. Raises ConfigError."""
    if not is_encrypted(file):
        return ""
    return passphrase_of(passphrase_file or (passphrase_file_of(config) if config is not None else None))


def verify_backup(file: Path, passphrase: str, quick: bool, temporary: Path) -> BackupManifest:
    """``quick``: without unpacking it into ``temporary`` to check the store as a whole. Raises CommandError."""
    return verified(file, passphrase, None if quick else temporary)


def restore(
    file: Path,
    passphrase: str,
    config_file: Path,
    data: str | None,
    force: bool,
    with_config: bool = True,
    env: Mapping[str, str] = os.environ,
) -> Restored:
    """Put a backup back: its configuration at ``config_file``, its data in ``data``, None = where that says.

    Everything is checked before anything is changed. Raises ConfigError while a hub runs on the folder, CommandError
    for what is not a sound backup or is older than what is there (unless ``force``), StoreError.
    """
    from unclouded.app.hub_process import locked

    with opened_backup(file) as source:
        text = BackupReader(source, passphrase).config()
    folder = _data_folder(config_file, text, data, with_config, env)
    was_there = (folder / "store.sqlite").exists()
    with locked(folder):
        apply_staged(folder)
        manifest = stage(folder, file, passphrase, force)
        config_aside = _place_config(config_file, text) if with_config and text is not None else ""
        done = apply_staged(folder)
    assert done is not None
    aside = folder / done.aside
    if not was_there and not any(aside.iterdir()):
        aside.rmdir()
    return Restored(
        data=str(folder),
        aside=str(aside) if aside.exists() else "",
        config=str(config_file) if with_config and text is not None else "",
        config_aside=config_aside,
        manifest=manifest,
    )


# --- inside -------------------------------------------------------------------------------------------


def _data_folder(
    config_file: Path, text: bytes | None, data: str | None, use_text: bool, env: Mapping[str, str]
) -> Path:
    """The data folder: the one that is given, else that of the configuration that will be there."""
    if data:
        return Path(data).expanduser()
    if not use_text or text is None:
        if not config_file.is_file():
            return data_folder("", env)
        text = config_file.read_bytes()
    try:
        return parse_config(text.decode(), str(config_file), None, env).data
    except (ConfigError, UnicodeDecodeError) as error:
        raise ConfigError(
            f"The configuration says no data folder that could be used: {error} Name one with --data; --data-only "
            "leaves the configuration alone."
        ) from None


def _place_config(file: Path, text: bytes) -> str:
    """Put the configuration in its place; where another one was is kept beside it, and named."""
    try:
        aside = ""
        if file.is_file():
            before = file.read_bytes()
            if before == text:
                return ""
            kept = file.with_name(
                f"{file.name}.before-restore-{datetime.fromtimestamp(time.time(), UTC):%Y-%m-%dT%H%M%SZ}"
            )
            with new_file(kept, True, 0o600) as copy:
                copy.write_bytes(before)
            aside = str(kept)
        file.parent.mkdir(parents=True, exist_ok=True)
        with new_file(file, True, 0o600) as made:
            made.write_bytes(text)
    except OSError as error:
        raise StoreError(f"{file} cannot be written: {error.strerror}.") from None
    return aside
