"""The checks that a configuration passes before a hub runs with it: keys, profiles, families, links, weather."""

from msgspec.structs import replace

from unclouded.app.configuration.config import Config
from unclouded.app.configuration.tables.file import DeviceTable
from unclouded.app.device_factory import DeviceFactory
from unclouded.app.weather.live_weather import weather_of


def validate(config: Config) -> None:
    """Raises ConfigError where a hub could not run with it. No device is touched."""
    devices = (*config.devices, *admitted_devices(config))
    DeviceFactory(replace(config, devices=devices)).nodes()
    weather_of(config)


def admitted_devices(config: Config) -> list[DeviceTable]:
    """The plugs that were admitted and are not in the file. Raises ConfigError."""
    if config.broker is None:
        return []
    from unclouded.app.admissions import Admissions

    return Admissions(config).devices(config.devices)
