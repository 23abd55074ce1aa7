"""The weather of a Tuya line: the names of values, the texts of conditions, and values as modules send them.

    w.temp  w.temp.0  w.temp.2       a value, today's, that of the day after tomorrow
    w.date.3                         asks for three days
    t.local, t.unix                  which time sunrise and sunset are in

Names are the same in the ordinary dialect and in that of gateways.
Source: docs/protocols/tuya_gateway.md §7; docs/protocols/tuya_wifi.md §2.4.18.
"""

from collections.abc import Callable, Iterable, Mapping
from typing import Literal

import msgspec

from unclouded.core.sessions.session import WireValue

VALUE_BYTES = 80  # of a name or a text; vendors' MCUs have room for as many
MOST_DAYS = 7
DAYS = "w.date"
OPTIONS = frozenset({"t.local", "t.unix"})  # of a request, and without a day

WeatherPair = tuple[str, int | str]


class WeatherName(msgspec.Struct, frozen=True):
    """What a value is. ``place``: where the vendor has it. ``days``: of forecast, today's included; 0 = an option."""

    words: str
    place: Literal["everywhere", "mainland China", "elsewhere", ""] = "everywhere"
    days: int = MOST_DAYS


NAMES: Mapping[str, WeatherName] = {
    "w.temp": WeatherName("temperature"),
    "w.thigh": WeatherName("highest temperature", "elsewhere"),
    "w.tlow": WeatherName("lowest temperature", "elsewhere"),
    "w.humidity": WeatherName("humidity"),
    "w.condition": WeatherName("condition"),
    "w.conditionNum": WeatherName("condition as a number"),
    "w.pressure": WeatherName("air pressure", "elsewhere"),
    "w.realFeel": WeatherName("felt temperature", "elsewhere"),
    "w.uvi": WeatherName("ultraviolet index", "elsewhere"),
    "w.sunRise": WeatherName("sunrise"),
    "w.sunSet": WeatherName("sunset"),
    "t.unix": WeatherName("GMT, goes with sunrise and sunset", "", 0),
    "t.local": WeatherName("local time, goes with sunrise and sunset", "", 0),
    "w.windSpeed": WeatherName("wind speed"),
    "w.windDir": WeatherName("wind direction", "mainland China"),
    "w.windLevel": WeatherName("wind force", "mainland China"),
    "w.aqi": WeatherName("air quality index", "mainland China", 1),
    "w.tips": WeatherName("one sentence on the weather", "mainland China", 1),
    "w.rank": WeatherName("air quality in detail and national rank", "mainland China", 1),
    "w.pm10": WeatherName("PM10", "mainland China", 1),
    "w.pm25": WeatherName("PM2.5", "mainland China", 1),
    "w.o3": WeatherName("ozone", "mainland China", 1),
    "w.no2": WeatherName("nitrogen dioxide", "mainland China", 1),
    "w.co": WeatherName("carbon monoxide", "mainland China", 1),
    "w.so2": WeatherName("sulphur dioxide", "mainland China", 1),
    "w.date": WeatherName("number n of days wanted, 1 to 7", "everywhere", 0),
}

# The texts of w.condition.
CONDITIONS: Mapping[str, str] = {
    "Blizzard": "暴雪",
    "Cloudy": "多云",
    "Downpour": "大暴雨",
    "Dust": "浮尘",
    "Dust devil": "尘卷风",
    "Extraordinary rainstorm": "特大暴雨",
    "Fog": "雾",
    "Freezing fog": "冻雾",
    "Freezing rain": "冻雨",
    "Hail": "冰雹",
    "Haze": "霾",
    "Heavy rain": "大雨",
    "Heavy showers": "强阵雨",
    "Heavy snow": "大雪",
    "Heavy to rainstorm": "大到暴雨",
    "Ice pellet": "冰粒",
    "Isolated showers": "局部阵雨",
    "Light rain": "小雨",
    "Light showers": "小阵雨",
    "Light snow": "小雪",
    "Light snow shower": "小阵雪",
    "Light to moderate rain": "小到中雨",
    "Light to moderate snow": "小到中雪",
    "Moderate rain": "中雨",
    "Moderate snow": "中雪",
    "Moderate to heavy rain": "中到大雨",
    "Mostly clear": "大部晴朗",
    "Needle ice": "冰针",
    "Overcast": "阴",
    "Partly cloudy": "少云",
    "Rain": "雨",
    "Rainstorm": "暴雨",
    "Sand blowing": "扬沙",
    "Sandstorm": "沙尘暴",
    "Showers": "阵雨",
    "Sleet": "雨夹雪",
    "Snow": "雪",
    "Snow showers": "阵雪",
    "Strong sandstorm": "强沙尘暴",
    "Sunny": "晴",
    "Thunder and lightning": "雷电",
    "Thundershower": "雷阵雨",
    "Thundershower and hail": "雷阵雨伴有冰雹",
    "Thunderstorm": "雷暴",
}
_ENGLISH: Mapping[str, str] = {text: english for english, text in CONDITIONS.items()}


def is_known(name: str) -> bool:
    """Whether this is a name of a value, with its day or without, or an option of a request."""
    base, _, day = name.rpartition(".")
    if name in NAMES:
        return name != DAYS
    if not (base in NAMES and base not in OPTIONS and day.isascii() and day.isdecimal() and len(day) == 1):
        return False
    return 1 <= int(day) <= MOST_DAYS if base == DAYS else int(day) < MOST_DAYS


def condition_in_english(text: str) -> str:
    """What a condition is called in English; "" where it is not one of the vendor's."""
    return _ENGLISH.get(text, "")


def weather_pair(name: str, value: WireValue) -> WeatherPair:
    """A value as modules send it: its name ends in the day, today's in .0; numbers are whole, the wind's is a text."""
    with_day = name in OPTIONS or name.rpartition(".")[2].isdecimal()
    key = _cut(name if with_day else f"{name}.0")
    if name.startswith("w.windSpeed") and isinstance(value, int | float):
        return key, f"{value:.1f}"
    if isinstance(value, str | bytes):
        return key, _cut(value if isinstance(value, str) else value.hex())
    return key, max(-(2**31), min(2**31 - 1, round(value)))


def in_frames(
    values: Mapping[str, WireValue], fits: Callable[[tuple[WeatherPair, ...]], bool]
) -> list[tuple[WeatherPair, ...]]:
    """The values in as few frames as it takes; one that fits in none is left out."""
    return _filled((weather_pair(name, value) for name, value in values.items()), fits)


# --- inside -----------------------------------------------------------------------------------------


def _filled(
    pairs: Iterable[WeatherPair], fits: Callable[[tuple[WeatherPair, ...]], bool]
) -> list[tuple[WeatherPair, ...]]:
    parts: list[tuple[WeatherPair, ...]] = [()]
    for pair in pairs:
        if fits((*parts[-1], pair)):
            parts[-1] += (pair,)
        elif fits((pair,)):
            parts.append((pair,))
    return parts


def _cut(text: str) -> str:
    return text.encode()[:VALUE_BYTES].decode(errors="ignore")
