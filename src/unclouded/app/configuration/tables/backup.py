"""The table [backup], and what it must be beyond its types."""

from typing import Annotated

import msgspec

from unclouded.app.backup.generations import plan_of
from unclouded.core.errors import ConfigError

Count = Annotated[int, msgspec.Meta(ge=0, le=1000)]


class BackupTable(msgspec.Struct, frozen=True, kw_only=True, forbid_unknown_fields=True):
    """[backup]: backups that the hub makes by itself."""

    folder: str  # where they are written; it must be there
    every: str = "1 day"  # between two of them: 12 hours, 1 day, 1 week
    at: str = "03:30"  # at this local time, where it is days or weeks
    keep: Annotated[int, msgspec.Meta(ge=1, le=1000)] = 7  # the newest of each of so many days
    weeks: Count = 4  # and of each of so many weeks
    months: Count = 12  # and of each of so many months
    passphrase_file: str = ""  # a file with the passphrase that they are encrypted with


def check_backup(table: BackupTable | None, where: str) -> None:
    """Raises ConfigError."""
    if table is None:
        return
    if not table.folder.strip():
        raise ConfigError(f"{where}: `$.backup.folder`: write the folder that backups are written to.")
    if plan_of(table.every, "00:00") is None:
        raise ConfigError(f"{where}: `$.backup.every`: it is {table.every[:40]!r}; write 12 hours, 1 day or 1 week.")
    if plan_of("1 day", table.at) is None:
        raise ConfigError(f"{where}: `$.backup.at`: it is {table.at[:40]!r}; write 03:30.")
