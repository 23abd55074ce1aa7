"""Names and conditions of the weather are those of docs/protocols/tuya_gateway.md §7; values are sent as modules do."""

from itertools import pairwise
from pathlib import Path

import pytest
from hypothesis import given
from hypothesis import strategies as st

from unclouded.families.tuya.gateway.wire.commands import GATEWAY
from unclouded.families.tuya.gateway.wire.service_messages import WeatherReport
from unclouded.families.tuya.messages import frame_of
from unclouded.families.tuya.weather import CONDITIONS, NAMES, condition_in_english, in_frames, is_known, weather_pair

PAGE = Path(__file__).parents[3].joinpath("docs/protocols/tuya_gateway.md").read_text("utf-8")
TABLES = PAGE.partition("## 7.1 Conditions")[2].partition("## 8 Revisions")[0]
PLACES = {
    ("yes", "yes"): "everywhere",
    ("no", "yes"): "elsewhere",
    ("yes", "no"): "mainland China",
    ("", ""): "",
}


def rows(columns: int) -> list[list[str]]:
    lines = [[cell.strip() for cell in line.strip("|").split("|")] for line in TABLES.splitlines() if "|" in line]
    return [cells for cells in lines if len(cells) == columns]


def test_the_conditions_are_the_44_of_the_vendor() -> None:
    found = {}
    for one in rows(6):
        for english, text, code in (one[:3], one[3:]):
            if code.startswith("`"):
                found[english] = text
                assert bytes.fromhex(code.strip("`")) == text.encode()
    assert found == CONDITIONS
    assert len(CONDITIONS) == len(set(CONDITIONS.values())) == 44


def test_the_names_are_the_26_of_the_vendor() -> None:
    named = {one[0].strip("`").removesuffix(".n"): one for one in rows(5) if one[0].startswith("`")}
    assert named.keys() == NAMES.keys()
    for name, (_, words, china, elsewhere, days) in named.items():
        known = NAMES[name]
        assert (known.words, known.place) == (words.removesuffix(" (§7.1)"), PLACES[china, elsewhere])
        assert known.days == {"": 0, "today": 1}.get(days, 7)


@pytest.mark.parametrize("name", ["w.temp", "w.temp.0", "w.temp.6", "w.date.1", "w.date.7", "t.unix", "w.pm25.0"])
def test_a_name_is_known_with_its_day_and_without(name: str) -> None:
    assert is_known(name)


@pytest.mark.parametrize(
    "name", ["", "w", "w.", "w.tempo", "w.temp.7", "w.temp.", "w.temp.00", "w.temp.²", "w.date", "w.date.0", "t.unix.0"]
)
def test_other_names_are_not(name: str) -> None:
    assert not is_known(name)


def test_a_condition_is_named_in_english() -> None:
    assert condition_in_english("雷阵雨伴有冰雹") == "Thundershower and hail"
    assert condition_in_english("sunny") == ""


@pytest.mark.parametrize(
    ("name", "value", "pair"),
    [
        ("w.temp", 21.5, ("w.temp.0", 22)),
        ("w.temp.1", -5, ("w.temp.1", -5)),
        ("w.windSpeed", 3.25, ("w.windSpeed.0", "3.2")),
        ("w.sunRise", "2026-11-29 07:54", ("w.sunRise.0", "2026-11-29 07:54")),
        ("t.local", 1, ("t.local", 1)),
        ("w.tips", "晴" * 100, ("w.tips.0", "晴" * 26)),
        ("w.aqi", 10**12, ("w.aqi.0", 2**31 - 1)),
    ],
)
def test_values_are_sent_as_modules_do(name: str, value: float | str, pair: tuple[str, int | str]) -> None:
    assert weather_pair(name, value) == pair


@given(
    values=st.dictionaries(st.sampled_from(sorted(NAMES)), st.integers() | st.text(max_size=200), max_size=26),
    room=st.integers(20, 250),
)
def test_a_long_forecast_goes_in_several_whole_frames(values: dict[str, int | str], room: int) -> None:
    parts = in_frames(values, lambda part: len(WeatherReport(part).payload()) <= room)
    sent = [pair for part in parts for pair in part]
    assert sent == [pair for pair in map(weather_pair, values, values.values()) if pair in sent]
    assert all(len(WeatherReport((*part, after[0])).payload()) > room for part, after in pairwise(parts))
    for part in parts:
        report = WeatherReport(part)
        assert len(report.payload()) <= room
        assert GATEWAY.read("controller", frame_of(report)) == report
    if room >= 3 + 81 + 1 + 82:
        assert len(sent) == len(values)
