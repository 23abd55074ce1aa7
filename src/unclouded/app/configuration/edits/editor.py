"""Edits the file of a configuration: on top of a revision, checked as a whole, an earlier version kept.

revision ── is it that of the file? ── no ──► EditConflict: what was changed meanwhile
             │ yes
             change(text) ──► check(text) ──► backup ──► the file is replaced as a whole
"""

from collections import OrderedDict
from collections.abc import Callable
from pathlib import Path
from typing import Generic, TypeVar

import msgspec

from unclouded.app.configuration.config_file import ConfigBackup, ConfigurationFile, ConfigVersion
from unclouded.app.configuration.edits.differences import differences
from unclouded.core.errors import EditConflict
from unclouded.core.views.configuration import ConfigDifference

KNOWN_VERSIONS = 20  # that an editor may have seen, whose differences to the file can be named

Checked = TypeVar("Checked")


class Edit(msgspec.Struct, Generic[Checked], frozen=True, kw_only=True):
    """A change that is written. ``checked``: what the check has made of the new text."""

    before: ConfigVersion
    after: ConfigVersion
    checked: Checked

    @property
    def changed(self) -> list[ConfigDifference]:
        return differences(self.before.text, self.after.text)


class ConfigEditor(Generic[Checked]):
    """``check``: takes a text and the one before, raises ConfigError for one that is invalid.

    ``start``: the text of a file that is not there yet.
    """

    def __init__(self, path: Path, check: Callable[[str, str], Checked], start: str = "") -> None:
        self.file = ConfigurationFile(path, start)
        self._check = check
        self._seen: OrderedDict[str, str] = OrderedDict()

    def version(self) -> ConfigVersion:
        """The file as it is now. Raises ConfigError."""
        version = self.file.read()
        self._seen[version.revision] = version.text
        self._seen.move_to_end(version.revision)
        while len(self._seen) > KNOWN_VERSIONS:
            self._seen.popitem(last=False)
        return version

    def edit(self, revision: str, change: Callable[[str], str]) -> Edit[Checked]:
        """Change the text of that revision.

        Raises EditConflict, ConfigError for a result that is invalid, CommandError, and StoreError where the file
        cannot be written. Then nothing was written.
        """
        with self.file.alone():
            before = self.version()
            if revision != before.revision:
                raise self._conflict(revision, before)
            text = change(before.text)
            checked = self._check(text, before.text)
            try:
                after = before if text == before.text else self.file.replace(before, text)
            except EditConflict:
                raise self._conflict(before.revision, self.version()) from None
        self._seen[after.revision] = after.text
        return Edit(before=before, after=after, checked=checked)

    def restore(self, revision: str, backup: str) -> Edit[Checked]:
        """Put a backup in the place of the file. Raises what ``edit`` raises."""
        return self.edit(revision, lambda text: self.file.backup(backup))

    def backups(self) -> list[ConfigBackup]:
        """The earlier versions, newest first."""
        return self.file.backups()

    def _conflict(self, revision: str, now: ConfigVersion) -> EditConflict:
        seen = self._seen.get(revision) or self._kept(revision)
        changes = differences(seen, now.text) if seen is not None else []
        what = f" Changed: {', '.join(dict.fromkeys(map(change_text, changes)))}." if changes else ""
        text = f"{self.file.path} was changed since it was read.{what} Nothing was written: look at it, and try again."
        return EditConflict(text, now.revision, [msgspec.to_builtins(one) for one in changes])

    def _kept(self, revision: str) -> str | None:
        name = next((one.name for one in self.backups() if one.revision == revision), None)
        return None if name is None else self.file.backup(name)


def change_text(change: ConfigDifference) -> str:
    """What is different, in a few words: ``name of kettle``, ``kettle (new)``."""
    if change.key:
        return f"{change.key} of {change.device}" if change.device else change.key
    return f"{change.device} ({'new' if change.before is None else 'removed'})"
