"""What of a configuration a backup is made of, and where its backups are."""

from pathlib import Path

from unclouded.app.backup.making import BackupPlace
from unclouded.app.configuration.config import Config


def place_of_backup(config: Config) -> BackupPlace:
    """What is backed up."""
    return BackupPlace(config.where, str(config.data), config.tables.hub.name, config.zone.key)


def folder_of(config: Config) -> Path | None:
    """The folder of [backup]; None where there is no such table."""
    table = config.tables.backup
    return None if table is None else config.base / Path(table.folder).expanduser()


def passphrase_file_of(config: Config) -> Path | None:
    """The file of their passphrase; None where they are not encrypted."""
    table = config.tables.backup
    if table is None or not table.passphrase_file:
        return None
    return config.base / Path(table.passphrase_file).expanduser()
