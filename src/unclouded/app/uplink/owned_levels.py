"""What of each device a fleet gets, as the configuration says it: a device's choice counts for its sub-devices too.

What was chosen for a device is remembered, in STATE/fleet_levels.json (identity -> level): of one that is no longer in
the configuration, no more is let out than before. The file is in backups.
"""

from collections.abc import Iterator, Mapping
from pathlib import Path

import msgspec

from unclouded.app.configuration.config import Config
from unclouded.app.configuration.tables.fleet import FleetTable
from unclouded.app.files.new_file import new_file
from unclouded.core.errors import ConfigError
from unclouded.uplink.let_out import DeviceLevel, LetOutRules

FILE = "fleet_levels.json"


class OwnedLevels(Mapping[str, DeviceLevel]):
    """Id -> level, also of ids below it: ``gateway`` counts for ``gateway_a4c138f00d01``. The longest one counts."""

    def __init__(self, levels: Mapping[str, DeviceLevel]) -> None:
        self._levels = dict(levels)
        self._longest_first = sorted(levels, key=len, reverse=True)

    def __getitem__(self, id: str) -> DeviceLevel:
        if id in self._levels:
            return self._levels[id]
        for owner in self._longest_first:
            if id.startswith(f"{owner}_"):
                return self._levels[owner]
        raise KeyError(id)

    def __iter__(self) -> Iterator[str]:
        return iter(self._levels)

    def __len__(self) -> int:
        return len(self._levels)


class RememberedLevels:
    """``folder``: the state folder of the hub. Raises ConfigError."""

    def __init__(self, folder: Path) -> None:
        self._file = folder / FILE
        self.levels = self._read()

    def note(self, levels: Mapping[str, DeviceLevel]) -> None:
        """These are in the configuration now."""
        now = {**self.levels, **levels}
        if now == self.levels:
            return
        try:
            with new_file(self._file, True, 0o600) as partial:
                partial.write_bytes(msgspec.json.encode(now))
        except OSError as error:
            raise ConfigError(f"{self._file} cannot be written: {error.strerror}.") from None
        self.levels = now

    def _read(self) -> Mapping[str, DeviceLevel]:
        try:
            return msgspec.json.decode(self._file.read_bytes(), type=dict[str, DeviceLevel])
        except FileNotFoundError:
            return {}
        except (OSError, msgspec.MsgspecError, UnicodeError) as error:
            why = error.strerror if isinstance(error, OSError) else "it is damaged"
            raise ConfigError(
                f"{self._file} cannot be read: {why}. It says what a fleet gets of devices that are no longer in the "
                "configuration. Restore it from a backup, or delete it: then the level of [fleet] counts for them."
            ) from None


def let_out_rules(config: Config, table: FleetTable, gone: Mapping[str, DeviceLevel]) -> LetOutRules:
    """What the owner chose. ``gone``: what is remembered."""
    # a device that says nothing is none below a device with a shorter id
    levels: dict[str, DeviceLevel] = {one.id: one.fleet or table.level for one in config.devices}
    return LetOutRules(
        level=table.level,
        devices=OwnedLevels(levels),
        gone=gone,
        names=table.names,
        events=table.events,
        questions=table.questions,
        control=table.control,
    )
