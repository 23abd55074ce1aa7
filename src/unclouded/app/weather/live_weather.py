"""The weather of the configuration, which may change, come and go while the hub runs."""

import asyncio
from collections.abc import Callable, Mapping
from typing import TYPE_CHECKING

from unclouded.app.configuration.config import Config
from unclouded.core.sessions.session import WireValue

if TYPE_CHECKING:
    from unclouded.app.weather.weather import Weather


class LiveWeather:
    """``notify``: takes problems, each once. Raises ConfigError where the address of a broker is wrong."""

    def __init__(self, config: Config, notify: Callable[[str], None]) -> None:
        self._notify = notify
        self._table = config.weather
        self._weather = self._made(config)
        self._changed = asyncio.Event()

    def newest(self) -> Mapping[str, WireValue] | None:
        """The current values; None where no weather is configured."""
        return None if self._weather is None else self._weather.newest()

    def use(self, config: Config) -> None:
        """Another configuration. Raises ConfigError."""
        if config.weather != self._table:
            self._weather, self._table = self._made(config), config.weather
            self._changed.set()

    async def run(self) -> None:
        """Keep the values new until cancelled."""
        while True:
            self._changed.clear()
            async with asyncio.TaskGroup() as group:
                tasks = [] if self._weather is None else [group.create_task(self._weather.run(), name="weather.values")]
                await self._changed.wait()
                for task in tasks:
                    task.cancel()

    def _made(self, config: Config) -> "Weather | None":
        return weather_of(config, self._notify)


def weather_of(config: Config, notify: Callable[[str], None] = lambda text: None) -> "Weather | None":
    """The weather of a configuration; None where it names no source. Raises ConfigError."""
    if config.weather is None or not config.weather.source:
        return None
    from unclouded.app.weather.weather import Weather

    return Weather(config.weather, config.base, notify)
