"""Numbers, ages and marks as text."""

from datetime import UTC, timedelta, timezone

import pytest
from hypothesis import given
from hypothesis import strategies as st

from unclouded.cli.output.value_text import (
    BARS,
    age_text,
    clock_text,
    exact_value_text,
    legend,
    number_text,
    offline_text,
    quality_mark,
    since_text,
    sparkline,
    value_text,
)
from unclouded.core.model import Point, Value

NOON = 1_790_000_000.0  # 2026-09-21 14:13:20 UTC
MADRID = timezone(timedelta(hours=2))


@pytest.mark.parametrize(
    ("value", "unit", "exponent", "words"),
    [
        (673, "W", 0, "673 W"),
        (673.4, "W", -1, "673 W"),
        (67.3, "W", -1, "67 W"),
        (8.7, "W", -1, "8.7 W"),
        (0.6, "W", -1, "0.6 W"),
        (0.6, "W", 0, "1 W"),
        (0, "W", -1, "0 W"),
        (9.96, "W", -2, "10 W"),
        (999.4, "W", -1, "999 W"),
        (999.6, "W", -1, "1.00 kW"),
        (1240, "W", 0, "1.24 kW"),
        (1200, "W", 2, "1.2 kW"),
        (-410, "W", 0, "−410 W"),
        (-1410, "W", 0, "−1.41 kW"),
        (-0.01, "W", -1, "0.0 W"),
        (1240, "VA", 0, "1.24 kVA"),
        (310.4, "Wh", -3, "0.31 kWh"),
        (0, "Wh", -3, "0 Wh"),
        (3.4, "Wh", -3, "3 Wh"),
        (0.44, "Wh", -3, "0.4 Wh"),
        (9.6, "Wh", -3, "0.01 kWh"),
        (300, "Wh", 2, "0.3 kWh"),
        (5_858_944.1, "Wh", -3, "5858.94 kWh"),
        (230.42, "V", -1, "230.4 V"),
        (230, "V", 0, "230 V"),
        (0.294, "A", -3, "0.294 A"),
        (49.98, "Hz", -2, "49.98 Hz"),
        (21.5, "°C", -1, "21.5 °C"),
        (-3.25, "°C", -2, "−3.2 °C"),
        (45, "%", 0, "45 %"),
        (-60, "dBm", 0, "−60 dBm"),
        (0.85, "", -2, "0.85"),
        (17, "min", 0, "17 min"),
        (float("nan"), "W", 0, "–"),
        (float("inf"), "W", 0, "–"),
    ],
)
def test_a_number_has_as_many_digits_as_its_unit_and_point(value: float, unit: str, exponent: int, words: str) -> None:
    assert number_text(value, unit, exponent) == words


@given(st.floats(-1e7, 1e7), st.sampled_from(["W", "Wh", "V", "A", "°C", ""]), st.integers(-3, 3))
def test_no_number_shows_more_digits_than_its_point_has(value: float, unit: str, exponent: int) -> None:
    number, _, written = number_text(value, unit, exponent).partition(" ")
    decimals = len(number.partition(".")[2])
    kilo = 3 if written.startswith("k") else 0
    assert decimals <= max(kilo - exponent, 0)
    assert "-" not in number


@pytest.mark.parametrize(
    ("value", "point", "words"),
    [
        (True, Point(key="on", kind="switch"), "on"),
        (False, Point(key="on", kind="switch"), "off"),
        ("relay", Point(key="light_mode", kind="enum"), "relay"),
        (None, Point(key="power_W"), "–"),
        (43, Point(key="power_W"), "43 W"),
        (1234, Point(key="energy_import_Wh", kind="counter", exponent=-3), "1.23 kWh"),
    ],
)
def test_a_value_is_formatted_by_its_point(value: Value | None, point: Point, words: str) -> None:
    assert value_text(value, point) == words


@pytest.mark.parametrize(
    ("value", "key", "words"),
    [
        (67.3, "power_W", "67.3 W"),
        (5_858_944.0, "energy_import_Wh", "5858944 Wh"),
        (-0.5, "temperature_C", "−0.5 °C"),
        (0.85, "power_factor", "0.85"),
        (True, "on", "on"),
        (None, "power_W", "–"),
        ("short-circuit", "fault", "short-circuit"),
    ],
)
def test_an_exact_value_is_the_reported_one(value: Value | None, key: str, words: str) -> None:
    assert exact_value_text(value, key) == words


@pytest.mark.parametrize(
    ("seconds", "words"),
    [(0.9, "now"), (3.9, "3 s"), (59.9, "59 s"), (60, "1 min"), (3599, "59 min"), (3600, "1 h"), (171_000, "47 h")],
)
def test_an_age_is_one_number_and_one_unit(seconds: float, words: str) -> None:
    assert age_text(seconds) == words


def test_old_ages_are_days_and_a_clock_that_went_back_makes_none_negative() -> None:
    assert [age_text(one) for one in (172_800, 1e6, -5)] == ["2 d", "11 d", "now"]


def test_times_are_in_the_configured_zone_and_have_the_day_only_where_it_is_another() -> None:
    assert clock_text(NOON, UTC) == "14:13:20"
    assert clock_text(NOON, MADRID) == "16:13:20"
    assert since_text(NOON - 1920, NOON, UTC) == "since 13:41"
    assert since_text(NOON - 3 * 86_400, NOON, UTC) == "since 18 Sep 14:13"
    assert offline_text(NOON - 1920, NOON, "43 W", UTC) == "offline since 13:41, last 43 W"
    assert offline_text(NOON - 1920, NOON, zone=UTC) == "offline since 13:41"


def test_marks_stand_for_qualities_and_the_legend_names_only_those_shown() -> None:
    assert [quality_mark(one) for one in ("good", "estimated", "suspect", "held")] == ["", "~", "!", "="]
    assert legend(["=", "~", "~"]) == "~ estimated   = held"
    assert legend([]) == ""


def test_a_sparkline_starts_at_zero_and_keeps_its_gaps() -> None:
    assert sparkline([0, 500, None, 1000, 2000]) == "▁▂ ▅▇"
    assert sparkline([0, 0]) == "▁▁"
    assert sparkline([86, 86]) == "▇▇"
    assert sparkline([-400, 0]) == "▁▇"
    assert sparkline([]) == ""


@given(st.lists(st.none() | st.floats(-1e6, 1e6), max_size=30))
def test_a_sparkline_has_one_bar_for_each_value(values: list[float | None]) -> None:
    line = sparkline(values)
    assert len(line) == len(values)
    assert set(line) <= {" ", *BARS}
