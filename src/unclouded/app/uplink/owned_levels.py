"""What of each device a fleet gets, as the configuration says it: a device's choice counts for its sub-devices too."""

from collections.abc import Iterator, Mapping

from unclouded.app.configuration.config import Config
from unclouded.app.configuration.fleet_table import FleetTable
from unclouded.uplink.let_out import DeviceLevel, LetOutRules


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


def let_out_rules(config: Config, table: FleetTable) -> LetOutRules:
    """What the owner chose."""
    # a device that says nothing is none below a device with a shorter id
    levels: dict[str, DeviceLevel] = {one.id: one.fleet or table.level for one in config.devices}
    return LetOutRules(
        level=table.level,
        devices=OwnedLevels(levels),
        names=table.names,
        events=table.events,
        questions=table.questions,
        control=table.control,
    )
