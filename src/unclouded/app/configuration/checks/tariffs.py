"""The tariffs of a configuration, read and checked; feeds and tariffs that are named must be there."""

from collections.abc import Iterator, Sequence

from unclouded.app.configuration.places import did_you_mean
from unclouded.app.configuration.tables.file import ConfigFile
from unclouded.core.calendar.days import HolidayList
from unclouded.core.errors import ConfigError
from unclouded.tariffs.reading import TariffError, tariff_of
from unclouded.tariffs.tariff import Tariff

MOST_TARIFFS = 100
HIGHEST_CARBON = 10_000  # g/kWh


def tariffs_of(file: ConfigFile, holidays: HolidayList, where: str) -> tuple[Tariff, ...]:
    """Raises ConfigError, which names tariff and key."""
    if len(file.tariff) > MOST_TARIFFS:
        raise ConfigError(f"{where}: `$.tariff`: there are more than {MOST_TARIFFS} tariffs.")
    feeds = [one.name for one in file.feed]
    found: list[Tariff] = []
    for number, table in enumerate(file.tariff):
        path = f"{where}: `$.tariff[{number}]"
        if any(table.name == one.name for one in found):
            raise ConfigError(f"{path}.name`: another tariff has the name {table.name!r}.")
        try:
            found.append(tariff_of(table, holidays))
        except TariffError as error:
            raise ConfigError(f"{path}.{error.key}`: {error}") from None
        for place, part in enumerate(table.part):
            if part.feed and part.feed not in feeds:
                raise ConfigError(f"{path}.part[{place}].feed`: {_no_feed(part.feed, feeds)}")
    for key, text in _wrong_costs(file, feeds, found):
        raise ConfigError(f"{where}: `$.costs.{key}`: {text}")
    return tuple(found)


def unknown_cost_devices(file: ConfigFile, known: Sequence[str]) -> Iterator[str]:
    """Devices that [costs] names and the configuration does not have, as sentences."""
    for key in ("grid", "solar", "controlled"):
        for device in getattr(file.costs, key):
            if not any(device == one or device.startswith(f"{one}_") for one in known):
                yield f"`{key}` names {device!r}, and there is no such device.{did_you_mean(device, known)}"


def _wrong_costs(file: ConfigFile, feeds: Sequence[str], tariffs: Sequence[Tariff]) -> Iterator[tuple[str, str]]:
    costs, names = file.costs, [one.name for one in tariffs]
    if costs.tariff and costs.tariff not in names:
        yield "tariff", f"there is no [[tariff]] {costs.tariff[:60]!r}.{did_you_mean(costs.tariff, names)}"
    if costs.carbon_feed and costs.carbon_feed not in feeds:
        yield "carbon_feed", _no_feed(costs.carbon_feed, feeds)
    intensity = costs.carbon_g_per_kWh
    if intensity is not None and costs.carbon_feed:
        yield "carbon_feed", "write either this or carbon_g_per_kWh."
    if intensity is not None and not 0 <= intensity <= HIGHEST_CARBON:
        yield "carbon_g_per_kWh", f"is 0 to {HIGHEST_CARBON} g."


def _no_feed(name: str, feeds: Sequence[str]) -> str:
    return f"there is no [[feed]] {name[:60]!r}.{did_you_mean(name, feeds)}"
