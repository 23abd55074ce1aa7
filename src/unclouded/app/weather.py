"""The weather that appliances query: fixed, fetched, or received on an MQTT topic. Nothing without [weather].

    fixed        values = { temp = 21, humidity = 48 }
    open-meteo   GET url?latitude=…&longitude=…&current=temperature_2m,…&daily=…  each ``interval_s``;
                 after a failure the next try is in 1, 2, 4 … minutes
    mqtt         a JSON object of names and values on a topic, retained or not

Names are Tuya's, w.temp, w.humidity …, w.temp.1 of tomorrow; the "w." may be left out. Wind is in m/s, pressure in
hPa. Values older than OLD_S are not sent. Source of the names: hub/forecast.
"""

import asyncio
import functools
import json
import logging
import math
import ssl
from collections.abc import Callable, Mapping, Sequence
from decimal import Decimal
from pathlib import Path
from typing import TYPE_CHECKING, Any

from unclouded.app.configuration.tables import WeatherTable
from unclouded.core.errors import ConfigError, LinkRefused
from unclouded.core.session import Out
from unclouded.core.tls import client_context
from unclouded.families.tuya.weather import CONDITIONS
from unclouded.links import open_link
from unclouded.links.mqtt.broker_client import Account, broker_for
from unclouded.links.mqtt.link import MqttLink

if TYPE_CHECKING:
    from aiohttp import StreamReader

log = logging.getLogger("unclouded.app.weather")

OLD_S = 6 * 3600.0  # s after which weather is none
TIMEOUT_S = 20.0  # s for the whole answer of a provider
FIRST_PAUSE_S = 60.0  # s after a failure
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
        self._account = account_of(table.url, base) if table.source == "mqtt" else None
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
            await self._listen(self._account)

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
        pause = FIRST_PAUSE_S
        while True:
            problem = await self._fetch()
            if not problem:
                pause = FIRST_PAUSE_S
                await asyncio.sleep(self._table.interval_s)
                continue
            self.report(problem)
            await asyncio.sleep(pause)
            pause = min(pause * 2, float(self._table.interval_s))

    async def _fetch(self) -> str:
        """Query the provider once. "" = it answered, else why not."""
        import aiohttp

        table = self._table
        place = {"latitude": str(table.latitude), "longitude": str(table.longitude)}
        what = {"current": ",".join(CURRENT), "daily": ",".join(DAILY), "forecast_days": str(DAYS)}
        query = {**place, **what, "wind_speed_unit": "ms", "timezone": "GMT"}
        try:
            async with (
                aiohttp.ClientSession(timeout=aiohttp.ClientTimeout(total=TIMEOUT_S)) as client,
                client.get(table.url, params=query, ssl=_tls_context()) as answer,
            ):
                if answer.status != 200:
                    return f"The weather provider answered {answer.status}."
                values = from_open_meteo(await _read(answer.content))
        except TimeoutError:
            return f"The weather provider did not answer within {TIMEOUT_S:g} s."
        except aiohttp.ClientError as error:
            return f"The weather provider cannot be reached: {type(error).__name__}."
        if not values:
            return "The weather provider's answer contains no weather."
        self.take(values)
        return ""

    async def _listen(self, account: Account) -> None:
        topic = WeatherTopic(self, self._table.topic)
        try:
            broker = broker_for(account)
        except LinkRefused as error:
            self.report(f"No weather: {error}")
            return
        broker.add(topic)
        try:
            await asyncio.get_running_loop().create_future()
        finally:
            await broker.remove(topic)


class WeatherTopic:
    """A TopicListener of unclouded.links.mqtt.broker_client. It never sends."""

    publish_topic = ""
    pending = 0
    retained = True  # weather stays valid for hours

    def __init__(self, weather: Weather, topic: str) -> None:
        self.topics: tuple[str, ...] = (topic,)
        self._weather = weather

    def up(self) -> None:
        log.info("listening for weather on %s", self.topics[0])

    def down(self, reason: str) -> None:
        self._weather.report(f"No weather from the broker: {reason}")

    def received(self, data: bytes) -> None:
        values = as_values(json_of(data))
        if values:
            self._weather.take(values)
        else:
            self._weather.report(f"A message on {self.topics[0]} is not a JSON object of weather values.")

    def not_sent(self, out: Out) -> None:
        """Nothing is ever sent."""


def account_of(url: str, base: Path) -> Account:
    """The broker of ``mqtt://host?user=…&password_file=…``. Raises ConfigError."""
    link = open_link(url, base=base)
    if not isinstance(link, MqttLink):
        raise ConfigError("[weather] url must be that of a broker: mqtt://192.168.1.5.")
    return link.account


def from_open_meteo(data: bytes) -> Values:
    """The weather in an answer by Tuya's names, today's as it is now; empty where there is none."""
    answer = json_of(data)
    current, daily = answer.get("current"), answer.get("daily")
    if not isinstance(current, dict):
        return {}
    days = _days(daily) if isinstance(daily, dict) else {}
    now = {name: _tuyas(name, current[theirs]) for theirs, name in CURRENT.items() if theirs in current}
    return as_values({**days, **now})


@functools.cache
def _tls_context() -> ssl.SSLContext:
    """Made once: it takes 10 ms to read the authorities of the system."""
    return client_context()


async def _read(content: "StreamReader") -> bytes:
    """The whole answer; of one that is too long the beginning."""
    data = b""
    while len(data) < LARGEST and (piece := await content.read(LARGEST - len(data))):
        data += piece
    return data


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
