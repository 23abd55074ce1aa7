"""The weather that appliances query: fixed, fetched, or received on an MQTT topic. Nothing without [weather].

    fixed        values = { temp = 21, humidity = 48 }
    open-meteo   GET url?latitude=…&longitude=…&current=temperature_2m,…&daily=…  each ``interval_s``;
                 after a failure the next try is in 1, 2, 4 … minutes
    mqtt         a JSON object of names and values on a topic, retained or not

Names are Tuya's, w.temp, w.humidity …, w.temp.1 of tomorrow; the "w." may be left out. Wind is in m/s, pressure in
hPa. Values older than OLD_S are not sent. Source of the names: hub/forecast.
"""

import asyncio
import json
import logging
import math
from collections.abc import Callable, Mapping, Sequence
from decimal import Decimal
from pathlib import Path
from typing import Any

from unclouded.app.broker_topic import BrokerTopic, account_of, read_topic
from unclouded.app.configuration.tables.file import WeatherTable
from unclouded.app.http_get import http_get
from unclouded.core.errors import LinkError
from unclouded.core.system.retry_delays import RetryDelays
from unclouded.families.tuya.weather import CONDITIONS

log = logging.getLogger("unclouded.app.weather")

OLD_S = 6 * 3600.0  # s after which weather is none
FIRST_DELAY_S = 60.0  # s after a failure
DAYS = 7  # of forecast; appliances never query more
LARGEST = 262_144  # bytes of an answer; a real one has a few hundred
CURRENT: Mapping[str, str] = {  # Open-Meteo's name -> Tuya's
    "temperature_2m": "w.temp",
    "apparent_temperature": "w.realFeel",
    "relative_humidity_2m": "w.humidity",
    "pressure_msl": "w.pressure",
    "wind_speed_10m": "w.windSpeed",
    "weather_code": "w.condition",
}
DAILY: Mapping[str, str] = {  # the same, of each day
    "temperature_2m_mean": "w.temp",
    "temperature_2m_max": "w.thigh",
    "temperature_2m_min": "w.tlow",
    "relative_humidity_2m_mean": "w.humidity",
    "uv_index_max": "w.uvi",
    "sunrise": "w.sunRise",
    "sunset": "w.sunSet",
    "weather_code": "w.condition",
}
CONDITION_OF: Mapping[int, str] = {  # Open-Meteo's weather code, one of WMO 4677 -> the condition as Tuya names it
    **{0: "Sunny", 1: "Mostly clear", 2: "Partly cloudy", 3: "Overcast", 45: "Fog", 48: "Freezing fog"},
    **{51: "Light rain", 53: "Light rain", 55: "Moderate rain", 56: "Freezing rain", 57: "Freezing rain"},
    **{61: "Light rain", 63: "Moderate rain", 65: "Heavy rain", 66: "Freezing rain", 67: "Freezing rain"},
    **{71: "Light snow", 73: "Moderate snow", 75: "Heavy snow", 77: "Ice pellet"},
    **{80: "Light showers", 81: "Showers", 82: "Heavy showers", 85: "Light snow shower", 86: "Snow showers"},
    **{95: "Thundershower", 96: "Thundershower and hail", 99: "Thundershower and hail"},
}
Values = Mapping[str, int | float | str]


class Weather:
    """The newest values, and the task that keeps them new. ``notify``: takes problems, each once.

    Raises ConfigError where the address of a broker is wrong.
    """

    def __init__(self, table: WeatherTable, base: Path, notify: Callable[[str], None]) -> None:
        self._table = table
        self._account = account_of(table.url, base, "[weather] url") if table.source == "mqtt" else None
        self._notify = notify
        self._values: Values = as_values(table.values)
        self._at: float | None = None  # loop time of the values; None = they do not age
        self._problem = ""

    def newest(self) -> Values:
        """The current values; none where they are too old."""
        if self._at is not None and asyncio.get_running_loop().time() - self._at > OLD_S:
            return {}
        return self._values

    async def run(self) -> None:
        """Keep the values new; ends at once where they are fixed."""
        if self._table.source == "open-meteo":
            await self._fetch_repeatedly()
        elif self._account is not None:
            topic = BrokerTopic(self._table.topic, self._take_message, self._report_connection)
            await read_topic(self._account, topic)

    def take(self, values: Values) -> None:
        """Replace the values."""
        self._values, self._at = values, asyncio.get_running_loop().time()
        self._problem = ""

    def report(self, problem: str) -> None:
        """Report a problem once, until it is over."""
        if problem != self._problem:
            self._problem = problem
            log.warning("%s", problem)
            self._notify(problem)

    async def _fetch_repeatedly(self) -> None:
        loop, interval_s = asyncio.get_running_loop(), float(self._table.interval_s)
        delays = RetryDelays(FIRST_DELAY_S, interval_s, stable_after_s=0.0)
        while True:
            problem = await self._fetch()
            if not problem:
                delays.started(loop.time())
                await asyncio.sleep(interval_s)
                continue
            self.report(problem)
            await asyncio.sleep(delays.next(loop.time()))

    async def _fetch(self) -> str:
        """Query the provider once. "" = it answered, else why not."""
        table = self._table
        place = {"latitude": str(table.latitude), "longitude": str(table.longitude)}
        what = {"current": ",".join(CURRENT), "daily": ",".join(DAILY), "forecast_days": str(DAYS)}
        query = {**place, **what, "wind_speed_unit": "ms", "timezone": "GMT"}
        try:
            values = from_open_meteo(await http_get(table.url, LARGEST, query))
        except LinkError as error:
            return f"The weather provider {error}."
        if not values:
            return "The weather provider's answer contains no weather."
        self.take(values)
        return ""

    def _report_connection(self, reason: str) -> None:
        self.report(f"No weather from the broker: {reason}")

    def _take_message(self, data: bytes) -> None:
        values = as_values(json_of(data))
        if values:
            self.take(values)
        else:
            self.report(f"A message on {self._table.topic} is not a JSON object of weather values.")


def from_open_meteo(data: bytes) -> Values:
    """The weather in an answer by Tuya's names, today's as it is now; empty where there is none."""
    answer = json_of(data)
    current, daily = answer.get("current"), answer.get("daily")
    if not isinstance(current, dict):
        return {}
    days = _days(daily) if isinstance(daily, dict) else {}
    now = {name: _tuyas(name, current[theirs]) for theirs, name in CURRENT.items() if theirs in current}
    return as_values({**days, **now})


def _days(daily: Mapping[str, Any]) -> Mapping[str, Any]:  # Any: JSON values
    """w.thigh is today's, w.thigh.1 tomorrow's."""
    return {
        f"{name}.{day}" if day else name: _tuyas(name, value)
        for theirs, name in DAILY.items()
        for day, value in enumerate(_list(daily.get(theirs)))
    }


def _tuyas(name: str, value: Any) -> Any:  # Any: JSON values
    """A value of Open-Meteo as Tuya has it; None where it is not known there."""
    if name == "w.condition":
        return CONDITIONS.get(CONDITION_OF.get(value, "")) if type(value) is int else None
    return value.replace("T", " ") if isinstance(value, str) else value


def _list(value: object) -> Sequence[Any]:  # Any: JSON values
    return value[:DAYS] if isinstance(value, list) else ()


def as_values(named: Mapping[str, Any]) -> Values:  # Any: JSON values
    """Numbers and texts by Tuya's names."""
    values: dict[str, int | float | str] = {}
    for name, value in named.items():
        if isinstance(value, int | float | str | Decimal) and not isinstance(value, bool):
            plain = float(value) if isinstance(value, Decimal) else value
            if not isinstance(plain, float) or math.isfinite(plain):
                values[name if name.startswith("w.") else f"w.{name}"] = plain
    return values


def json_of(data: bytes) -> Mapping[str, Any]:  # Any: JSON values
    """The JSON object that the bytes are, or an empty one."""
    try:
        value = json.loads(data, parse_constant=lambda name: None)
    except (ValueError, RecursionError):
        return {}
    return value if isinstance(value, dict) else {}
