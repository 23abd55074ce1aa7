"""The backup of all settings of a plug, as a text that people can read: the lines of ``config show`` under a head.

    # Unclouded: settings of a Meross plug, read from its console
    # uuid: 19011804581223251h0448e1e91a4b07
    # This file contains passwords and keys in clear. …
    [STA]WpaPsk: …

Source: docs/protocols/meross_console.md §5.
"""

import re
from collections.abc import Sequence

import msgspec

from unclouded.core.errors import CommandError
from unclouded.families.meross.console.configuration.changes import Settings

HEAD = "# Unclouded: settings of a Meross plug, read from its console"
WARNING = (
    "# This file contains passwords and keys in clear: that of the Wi-Fi, and that of the plug. Keep it to yourself."
)
NEEDED = ("common", "STA", "AP", "network", "meross", "factory")  # groups that every plug has
MOST_LINES = 2_000
_ENTRY = re.compile(r"\[(\w{1,20})\]([\w.]{1,60}): ?(.*)")
_UUID = re.compile(r"# uuid: ([0-9a-z]{1,64})")


class SettingsBackup(msgspec.Struct, frozen=True):
    """``uuid``: of the plug that the settings are of, "" = not known. Its ``repr`` shows no secret."""

    uuid: str
    settings: Settings

    def __repr__(self) -> str:
        return f"SettingsBackup({self.uuid!r}, {len(self.settings)} settings)"


def backup_text(uuid: str, read_at: str, settings: Settings, unread: Sequence[str]) -> str:
    """The text of a backup. ``unread``: lines of the plug that are not understood; they are kept as comments."""
    entries = [f"[{group}]{key}: {value}".rstrip() for (group, key), value in settings.items()]
    kept = [f"# not understood: {line}" for line in unread]
    return "\n".join([HEAD, f"# uuid: {uuid}", f"# read: {read_at}", WARNING, *entries, *kept, ""])


def missing_groups(settings: Settings) -> list[str]:
    """The groups without which a backup is not whole."""
    groups = {group for group, _ in settings}
    return [one for one in NEEDED if one not in groups]


def read_backup(text: str, name: str) -> SettingsBackup:
    """The settings in a backup, or in what ``config show`` prints. Raises CommandError without a byte of it."""
    lines = text.splitlines()
    if len(lines) > MOST_LINES:
        raise CommandError(f"{name} is not a backup of a plug: it has more than {MOST_LINES} lines.")
    settings = {}
    for line in lines:
        found = _ENTRY.fullmatch(line.rstrip())
        if found:
            settings[found[1], found[2]] = found[3].strip()
    if missing := missing_groups(settings):
        raise CommandError(f"{name} is not a whole backup of a plug: it has no setting of the group {missing[0]}.")
    uuid = next((found[1] for line in lines if (found := _UUID.fullmatch(line.strip()))), "")
    return SettingsBackup(uuid or settings.get(("factory", "dev.fac.uuid"), "").lower(), settings)
