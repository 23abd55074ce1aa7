"""Weather from each source, over real HTTP and a real broker; and the answers of the hub."""

import asyncio
import contextlib
import re
import ssl
from collections.abc import AsyncIterator
from pathlib import Path
from zoneinfo import ZoneInfo

import aiomqtt
import pytest
from aiohttp import web

from app.http_provider import provider
from links.mqtt.mosquitto import PASSWORDS, Mosquitto, needs_mosquitto
from unclouded.app import hub_process
from unclouded.app.configuration.config import parse_config
from unclouded.app.configuration.tables.file import WeatherTable
from unclouded.app.weather.live_weather import LiveWeather, weather_of
from unclouded.app.weather.weather import CONDITION_OF, Weather, as_values, from_open_meteo
from unclouded.core.errors import ConfigError
from unclouded.core.model import Fact, Notice
from unclouded.core.sessions.session import AskWeather, Refusal, WireValue
from unclouded.families.tuya.weather import CONDITIONS
from unclouded.hub.services.services import Services
from waiting import until

ANSWER = '{"current": {"time": "2026-09-21T12:00", "temperature_2m": 21.4, "relative_humidity_2m": 48}}'
FORECAST = "/v1/forecast"
SEEN = {"w.temp": 21.4, "w.humidity": 48}


@contextlib.asynccontextmanager
async def running(weather: Weather) -> AsyncIterator[Weather]:
    task = asyncio.create_task(weather.run(), name="weather")
    try:
        yield weather
    finally:
        task.cancel()
        with contextlib.suppress(asyncio.CancelledError):
            await task


def open_meteo(url: str) -> WeatherTable:
    return WeatherTable(source="open-meteo", url=url + FORECAST, latitude=40, longitude=-3)


async def test_fixed_weather_is_the_configured_one(tmp_path: Path) -> None:
    weather = Weather(WeatherTable(source="fixed", values={"temp": 21, "w.condition": "sunny"}), tmp_path, pytest.fail)
    await weather.run()
    assert weather.newest() == {"w.temp": 21, "w.condition": "sunny"}


async def test_a_provider_is_queried_for_the_place_and_answers(tmp_path: Path) -> None:
    asked = []

    def answer(request: web.Request) -> web.Response:
        asked.append(dict(request.query))
        return web.Response(text=ANSWER, content_type="application/json")

    async with provider(answer, FORECAST) as url, running(Weather(open_meteo(url), tmp_path, pytest.fail)) as weather:
        await until(weather.newest)
        assert weather.newest() == SEEN
    assert len(asked) == 1
    assert (asked[0]["latitude"], asked[0]["longitude"]) == ("40", "-3")
    assert "temperature_2m" in asked[0]["current"]


async def test_an_answer_in_several_pieces_is_read_to_its_end(tmp_path: Path) -> None:
    async def pieces() -> AsyncIterator[bytes]:
        for piece in (ANSWER[:30], ANSWER[30:60], ANSWER[60:]):
            yield piece.encode()
            for _ in range(20):  # turns of the loop in which the other end reads it
                await asyncio.sleep(0)

    async with (
        provider(lambda request: web.Response(body=pieces()), FORECAST) as url,
        running(Weather(open_meteo(url), tmp_path, pytest.fail)) as weather,
    ):
        await until(weather.newest)
    assert weather.newest() == SEEN


@pytest.mark.parametrize(
    ("answer", "words"),
    [
        (web.Response(status=503), "answered 503"),
        (web.Response(text="<html>"), "contains no weather"),
        (web.Response(text='{"current": {"temperature_2m": null}}'), "contains no weather"),
    ],
    ids=["503", "no JSON", "no values"],
)
async def test_a_failure_of_the_provider_is_a_notice(answer: web.Response, words: str, tmp_path: Path) -> None:
    problems: list[str] = []
    async with (
        provider(lambda request: answer, FORECAST) as url,
        running(Weather(open_meteo(url), tmp_path, problems.append)),
    ):
        await until(lambda: problems)
    assert words in problems[0]


async def test_no_provider_at_all_is_a_notice_that_keeps_the_place_secret(tmp_path: Path) -> None:
    problems: list[str] = []
    async with provider(lambda request: web.Response(), FORECAST) as url:
        pass
    async with running(Weather(open_meteo(url), tmp_path, problems.append)):
        await until(lambda: problems)
    assert "cannot be reached" in problems[0] and not {"latitude", "40", "-3"} & set(re.findall(r"[\w-]+", problems[0]))


async def test_a_problem_is_reported_once_until_it_is_over(tmp_path: Path) -> None:
    problems: list[str] = []
    weather = Weather(open_meteo("http://127.0.0.1:9"), tmp_path, problems.append)
    weather.report("no")
    weather.report("no")
    weather.take({"w.temp": 1})
    weather.report("no")
    assert problems == ["no", "no"]


@needs_mosquitto
async def test_weather_on_a_topic_of_a_broker_is_received(tmp_path: Path) -> None:
    problems: list[str] = []
    topic = "/appliance/weather"
    async with Mosquitto(tmp_path) as broker:
        url = f"mqtts://127.0.0.1:{broker.port}?user=hub&password_file=hub.password&cafile=cert.pem"
        table = WeatherTable(source="mqtt", url=url, topic=topic)
        context = ssl.create_default_context(cafile=tmp_path / "cert.pem")
        publisher = aiomqtt.Client(
            "127.0.0.1", broker.port, username="hub", password=PASSWORDS["hub"], tls_context=context
        )
        async with publisher, running(Weather(table, tmp_path, problems.append)) as weather:
            await publisher.publish(topic, '{"temp": 21.4, "humidity": 48}', retain=True)
            await until(weather.newest)
            assert weather.newest() == SEEN
            await publisher.publish(topic, "rain")
            await until(lambda: problems)
    assert "not a JSON object" in problems[0]


def test_a_forecast_has_the_number_of_its_day_behind_the_name() -> None:
    daily = b'"daily": {"temperature_2m_max": [24.2, 26, null], "sunrise": ["2026-09-21T06:01"], "uv_index_max": 3}'
    known = from_open_meteo(b'{"current": {"temperature_2m": 21.4, "wind_speed_10m": 2.4}, ' + daily + b"}")
    assert known == {
        "w.temp": 21.4,
        "w.windSpeed": 2.4,
        "w.thigh": 24.2,
        "w.thigh.1": 26,
        "w.sunRise": "2026-09-21 06:01",
    }


def test_the_condition_has_the_text_that_appliances_know() -> None:
    known = from_open_meteo(
        b'{"current": {"weather_code": 0}, "daily": {"weather_code": [3, 95, 4, null, true, "61"]}}'
    )
    assert known == {"w.condition": "晴", "w.condition.1": "雷阵雨"}  # Sunny, Thundershower
    assert {CONDITIONS[condition] for condition in CONDITION_OF.values()} <= set(CONDITIONS.values())


def test_invalid_values_are_left_out() -> None:
    assert as_values({"temp": True, "humidity": float("inf"), "uvi": [1], "pm25": 3}) == {"w.pm25": 3}
    assert from_open_meteo(b'{"current": [1]}') == {}
    assert from_open_meteo(b'{"current": {"temperature_2m": 1e999}}') == {}


# --- the answers of the hub ------------------------------------------------------------------------


def test_the_hub_answers_the_queried_values_for_the_queried_days() -> None:
    known: dict[str, WireValue] = {"w.temp": 21, "w.temp.1": 23, "w.temp.2": 25, "w.tempest": 1}
    services = Services(lambda: 0.0, weather=lambda: known)
    assert services.answer(AskWeather(("w.temp",))) == {"w.temp": 21}
    assert services.answer(AskWeather(("w.temp", "w.date.2"))) == {"w.temp": 21, "w.temp.1": 23}
    assert services.answer(AskWeather(("w.temp", "w.date.0"))) == {"w.temp": 21}
    assert services.answer(AskWeather(("w.temp", "w.date.99"))) == {"w.temp": 21, "w.temp.1": 23, "w.temp.2": 25}
    assert services.answer(AskWeather()) == known
    assert isinstance(services.answer(AskWeather(("w.pm25",))), Refusal)


def test_sunrise_is_in_local_time_where_that_is_queried() -> None:
    known: dict[str, WireValue] = {"w.sunRise": "2026-11-21 07:10", "w.sunSet.1": "early", "w.temp": 9}
    services = Services(lambda: 0.0, ZoneInfo("Europe/Madrid"), weather=lambda: known)
    assert services.answer(AskWeather(("w.sunRise", "t.unix"))) == {"w.sunRise": "2026-11-21 07:10"}
    local = services.answer(AskWeather(("w.sunRise", "w.sunSet", "w.date.2", "t.local")))
    assert local == {"w.sunRise": "2026-11-21 08:10", "w.sunSet.1": "early"}


def test_without_a_source_the_hub_reports_it() -> None:
    answer = Services(lambda: 0.0).answer(AskWeather(("w.temp",)))
    assert isinstance(answer, Refusal) and "[weather]" in answer.reason


# --- the configuration ------------------------------------------------------------------------------


@pytest.mark.parametrize(
    ("table", "words"),
    [
        ('source = "fixed"', r"`values` in \[weather\] is missing"),
        ('source = "open-meteo"\nurl = "https://h/v1"\nlatitude = 1', r"`longitude` in \[weather\] is missing"),
        ('source = "open-meteo"\nurl = "h"\nlatitude = 1\nlongitude = 0', r"`url` in \[weather\]"),
        ('source = "mqtt"\nurl = "mqtt://h"', r"`topic` in \[weather\] is missing"),
        ('source = "mqtt"\nurl = "mqtt://h"\ntopic = "a/#"', r"`topic` in \[weather\] must"),
        ('source = "mqtt"\nurl = "http://h"\ntopic = "a"', r"`url` in \[weather\].*broker"),
        ('source = "fixed"\nvalues = { temp = 1 }\ninterval_s = 5', r"interval_s.*600"),
        ('source = "fixed"\nvalues = { temp = [1] }', r"values\.temp.*number or a text"),
        ('source = "clouds"', r"weather"),
        ("latitude = 40.4", r"`longitude` in \[weather\] is missing; the place"),
        ("", r"`latitude` in \[weather\] is missing"),
        ('latitude = 1\nlongitude = 1\nurl = "http://h"', r"`source` in \[weather\] is missing"),
        ("values = { temp = 21 }", r"`source` in \[weather\] is missing"),
    ],
)
def test_an_error_in_the_weather_table_is_named(table: str, words: str) -> None:
    with pytest.raises(ConfigError, match=words):
        parse_config(f"[weather]\n{table}", "u.toml", env={})


def test_an_invalid_broker_is_reported_at_once(tmp_path: Path) -> None:
    with pytest.raises(ConfigError):
        Weather(WeatherTable(source="mqtt", url="mqtt://h?colour=red", topic="a"), tmp_path, pytest.fail)


async def test_a_hub_with_weather_answers_and_reports_problems(tmp_path: Path) -> None:
    async with provider(lambda request: web.Response(status=503), FORECAST) as url:
        table = f'[weather]\nsource = "open-meteo"\nurl = "{url}{FORECAST}"\nlatitude = 40\nlongitude = -3'
        config = parse_config(f'{table}\n[web]\nlisten = "off"', str(tmp_path / "u.toml"), str(tmp_path / "data"), {})
        async with hub_process.running(config) as running:
            facts: list[Fact] = []
            running.hub.subscribe(facts.extend)
            assert isinstance(running.hub.answer(AskWeather()), Refusal)
            await until(lambda: any(isinstance(fact, Notice) and fact.kind == "weather" for fact in facts))


async def test_a_hub_with_fixed_weather_answers_with_it(tmp_path: Path) -> None:
    text = '[weather]\nsource = "fixed"\nvalues = { temp = 21.5 }\n[web]\nlisten = "off"'
    async with hub_process.running(parse_config(text, str(tmp_path / "u.toml"), str(tmp_path / "data"), {})) as running:
        assert running.hub.answer(AskWeather()) == {"w.temp": 21.5}


def test_the_place_alone_needs_no_source() -> None:
    config = parse_config("[weather]\nlatitude = 40.4\nlongitude = -3.7\n", "unclouded.toml", env={})
    assert config.place == {"latitude": 40.4, "longitude": -3.7}
    assert weather_of(config) is None


async def test_another_source_takes_over_while_the_hub_runs(monkeypatch: pytest.MonkeyPatch) -> None:
    sources: list[str] = []

    async def run(self: Weather) -> None:
        url = self._table.url
        sources.append(url)
        try:
            await asyncio.Event().wait()
        finally:
            sources.remove(url)

    monkeypatch.setattr(Weather, "run", run)
    place = '[weather]\nsource = "open-meteo"\nlatitude = 1\nlongitude = 2\n'
    one, other, none = (
        parse_config(text, "unclouded.toml", env={})
        for text in (f'{place}url = "http://one"', f'{place}url = "http://other"', "")
    )
    weather = LiveWeather(one, lambda text: None)
    task = asyncio.create_task(weather.run())
    for config, running in ((one, ["http://one"]), (other, ["http://other"]), (none, []), (one, ["http://one"])):
        weather.use(config)
        for _ in range(10):
            await asyncio.sleep(0)
        assert sources == running
        assert (weather.newest() is None) == (config is none)
    task.cancel()
    await asyncio.wait({task})
