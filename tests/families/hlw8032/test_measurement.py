"""Values from frames: the calibration, overflows, what is not refreshed, registers of 0."""

import math
import re
from fractions import Fraction
from pathlib import Path

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from families.hlw8032.hlw8032_examples import (
    IDLE_COUNTING,
    IDLE_OVERFLOWED,
    IDLE_PULSE,
    LOADED,
    LOW_VOLTAGE,
    LOW_VOLTAGE_2,
    NO_LOAD,
    NO_MAINS,
    RUNNING,
    RUNNING_S,
)
from unclouded.families.hlw8032.frame import Hlw8032Frame, encode
from unclouded.families.hlw8032.measurement import (
    ABNORMAL,
    NOMINAL,
    NOT_REFRESHED,
    UNUSABLE,
    ZERO_COEFFICIENT,
    ZERO_REGISTER,
    Measurement,
    calibration,
    measurement,
    power_bound_W,
    refreshed,
)

SIBLING = calibration(voltage_ratio=100)
PAGE = (Path(__file__).parents[3] / "docs" / "protocols" / "hlw8032.md").read_text("utf-8")


def measured(data: bytes, **ratios: float) -> Measurement:
    frame = Hlw8032Frame(data)
    return measurement(frame, refreshed(frame), calibration(**ratios))


def values(data: bytes, **ratios: float) -> dict[str, float]:
    return {key: round(value, 5) for key, value in measured(data, **ratios).values.items()}


def test_a_load() -> None:
    assert values(LOADED) == {"voltage": 229.76417, "current": 1.88263, "power": 381.53051}


def test_without_load_the_power_register_overflows_and_the_power_is_0() -> None:
    assert values(NO_LOAD) == {"voltage": 219.37206, "current": 0.06703, "power": 0.0}


def test_a_register_that_is_neither_refreshed_nor_overflowed_is_no_value() -> None:
    found = measured(NO_MAINS)
    assert found.values == {"voltage": 0.0, "power": 0.0} and found.missing == {"current": NOT_REFRESHED}


def test_a_register_of_0_is_no_value() -> None:
    data = bytes(encode(0x55, (187_600, 0), (15_575, 0), (0, 5), 0x71, 0))
    assert measured(data).missing == {"voltage": ZERO_REGISTER, "current": ZERO_REGISTER, "power": ZERO_COEFFICIENT}
    assert measured(data).values == {}


@pytest.mark.parametrize(("data", "volts"), [(LOW_VOLTAGE, "0.75"), (LOW_VOLTAGE_2, "1.13")])
def test_a_voltage_that_no_mains_has_is_odd(data: bytes, volts: str) -> None:
    assert measured(data).odd == {"voltage": f"{volts} V is not a mains voltage: is voltage_ratio right?"}


@pytest.mark.parametrize(("volts", "is_odd"), [(39, True), (41, False), (299, False), (301, True)])
def test_the_limits_of_a_mains_voltage(volts: int, is_odd: bool) -> None:
    data = bytes(encode(0x55, (volts * 1000, 1880), (1, 1), (1, 1), 0x71, 0))
    assert bool(measured(data).odd) is is_odd


def test_a_voltage_of_0_is_that_of_no_mains() -> None:
    assert measured(NO_MAINS).odd == {}


@pytest.mark.parametrize(("state", "reason"), [(0xAA, UNUSABLE[0xAA]), (0xF1, ABNORMAL), (0xF3, ABNORMAL)])
def test_without_a_calibration_nothing_is_usable(state: int, reason: str) -> None:
    found = measured(bytes([state]) + LOADED[1:])
    assert found.values == {} and set(found.missing.values()) == {reason}


def test_the_flags_of_a_normal_state_byte_are_none() -> None:
    """55 has the bits of a current overflow and abnormal coefficients, AA those of a voltage and power overflow."""
    assert measured(LOADED).missing == {}


@pytest.mark.parametrize(
    ("ratios", "factor_V", "factor_A"),
    [((188, 100), 1, 1), ((186, 121), 186 / 188, 1.21), ((188, 101), 1, 1.01), ((193, 102), 193 / 188, 1.02)],
)
def test_the_ratios_of_real_plugs_scale_the_values(
    ratios: tuple[float, float], factor_V: float, factor_A: float
) -> None:
    found = measured(LOADED, voltage_ratio=ratios[0], current_ratio=ratios[1]).values
    assert found["voltage"] == pytest.approx(229.76417 * factor_V)
    assert found["current"] == pytest.approx(1.88263 * factor_A, rel=1e-5)
    assert found["power"] == pytest.approx(381.53051 * factor_V * factor_A)


def test_a_pulse_is_exact() -> None:
    frame = Hlw8032Frame(LOADED)
    assert NOMINAL.pulse_mWh(frame.registers[2][0]) == Fraction(5_105_000 * 188, 360_000_000)
    assert round(1_000_000 / NOMINAL.pulse_mWh(frame.registers[2][0])) == 375_102
    assert calibration(188.5, 100).kv == Fraction(377, 200)


# --- siblings ---------------------------------------------------------------------------------------


def test_a_sibling_has_a_voltage_ratio_of_100() -> None:
    assert values(RUNNING[0], voltage_ratio=100) == {"voltage": 240.93711, "current": 2.02634, "power": 419.18957}
    assert values(IDLE_OVERFLOWED, voltage_ratio=100)["voltage"] == 232.07301


def test_the_pulses_of_a_real_chip_are_the_energy_of_its_power() -> None:
    first, last = Hlw8032Frame(RUNNING[0]), Hlw8032Frame(RUNNING[-1])
    energy_mWh = (last.pulses - first.pulses) * SIBLING.pulse_mWh(last.registers[2][0])
    power_W = float(energy_mWh) * 3.6 / RUNNING_S
    assert power_W == pytest.approx(419, rel=0.02)


def test_the_power_register_counts_the_time_since_the_last_pulse_and_bounds_the_power() -> None:
    bounds = [power_bound_W(Hlw8032Frame(data), SIBLING) for data in IDLE_COUNTING]
    assert [round(bound or 0, 3) for bound in bounds] == [1.059, 1.036, 1.014]
    assert "power" in measured(IDLE_COUNTING[0]).missing
    assert values(IDLE_PULSE, voltage_ratio=100)["power"] == 0.31636


def test_a_register_of_0_bounds_nothing() -> None:
    assert power_bound_W(encode(0x55, (1, 1), (1, 1), (5, 0), 0x61, 0), NOMINAL) is None


@given(st.binary(min_size=24, max_size=24))
@settings(max_examples=300, deadline=None)
def test_any_frame_is_measured_without_an_error(data: bytes) -> None:
    found = measured(data)
    assert found.values.keys() | found.missing.keys() == {"voltage", "current", "power"}
    assert all(math.isfinite(value) and value >= 0 for value in found.values.values())


# --- the page -----------------------------------------------------------------------------------------


def vectors() -> list[tuple[str, str, float]]:
    """(frame, meaning, voltage ratio) of the two blocks of the page."""
    blocks = re.findall(r"^```frames\n(.*?)^```", PAGE, re.MULTILINE | re.DOTALL)
    lines = [(line, ratio) for block, ratio in zip(blocks, (188, 100), strict=True) for line in block.splitlines()]
    rows = [(*line.split("  # "), ratio) for line, ratio in lines if "defect:" not in line]
    return [row for row in rows if re.search(r"[VAW]\b|pulses", row[1])]


@pytest.mark.parametrize(("data", "meaning", "ratio"), vectors())
def test_a_vector_has_the_values_that_the_page_names(data: str, meaning: str, ratio: float) -> None:
    found = values(bytes.fromhex(data), voltage_ratio=ratio)
    units = {"V": "voltage", "A": "current", "W": "power"}
    for value, unit in re.findall(r"([\d.]+) ([VAW])\b", meaning):
        assert found[units[unit]] == pytest.approx(float(value), abs=0.5001 * 10 ** -len(value.partition(".")[2]))
    if pulses := re.search(r"(\d+) pulses", meaning):
        assert Hlw8032Frame(bytes.fromhex(data)).pulses == int(pulses[1])
