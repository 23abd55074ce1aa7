"""The stored settings of a plug over its console: all of them, twice read the same; one, written and read back."""

from typing import Any

import msgspec

from unclouded.app.setup.console.console_commands import ConsoleCommands, ConsoleFields
from unclouded.core.errors import LinkError
from unclouded.families.meross.console.configuration.backup import missing_groups
from unclouded.families.meross.console.configuration.changes import SettingChange, Settings

READS = 4  # of all settings, until two of them agree: the line may lose characters
WRITES = 2  # of one setting, until it is read back
CHANGING = ("dev.ctl.timeStamp", "dev.enr.data", "dev.cfg.networkTrace", "dev.ctl.SwitchLmTime", "dev.ctl.switchStatus")


class ReadSettings(msgspec.Struct, frozen=True):
    """``unread``: lines that are not understood."""

    settings: Settings
    unread: tuple[str, ...] = ()

    def __repr__(self) -> str:
        return f"ReadSettings({len(self.settings)})"


async def read_settings(console: ConsoleCommands) -> ReadSettings:
    """All settings with their secrets, once two answers agree. Raises LinkError."""
    before: ReadSettings | None = None
    for _ in range(READS):
        found = _settings_of(await console.run("config show", show_secrets=True))
        if before is not None and _steady(before.settings) == _steady(found.settings):
            if missing := missing_groups(found.settings):
                raise LinkError(f"config show has no setting of the group {missing[0]}: nothing is changed.")
            return found
        before = found
    raise LinkError(
        f"config show gave {READS} different answers: the line loses characters. Check GND and the baud rate, use"
        " shorter wires, and try again. Nothing is changed."
    )


async def write_setting(console: ConsoleCommands, change: SettingChange) -> None:
    """Write it, and read it back. Raises LinkError, which shows no secret."""
    for _ in range(WRITES):
        await console.run(f"config write {change.name} {change.value}")
        if await read_setting(console, change.group, change.key) == change.value:
            return
    raise LinkError(
        f"The plug did not keep {change.name}: config read shows another value than what was written. What was written"
        " before stays; write the backup back with --restore, or try again."
    )


async def read_setting(console: ConsoleCommands, group: str, key: str) -> str:
    """One setting; some consoles may answer its value alone. "" where it is empty, or is not shown."""
    answer = await console.run(f"config read {group} {key}", show_secrets=True)
    for entry in answer.get("entries", ()):
        if entry["key"] == key:
            return str(entry["value"])
    unread = answer.get("unread", ())
    return str(unread[0]).strip() if len(unread) == 1 else ""


def _settings_of(answer: ConsoleFields) -> ReadSettings:
    entries: list[dict[str, Any]] = list(answer.get("entries", ()))  # Any: JSON
    settings = {(str(one["group"]), str(one["key"])): str(one["value"]).strip() for one in entries}
    return ReadSettings(settings, tuple(str(line) for line in answer.get("unread", ())))


def _steady(settings: Settings) -> Settings:
    """Without what the plug changes by itself."""
    return {name: value for name, value in settings.items() if not name[1].startswith(CHANGING)}
