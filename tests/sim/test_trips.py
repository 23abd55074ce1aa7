"""The limits of a simulated breaker."""

from fractions import Fraction

import pytest

from unclouded.sim.trips import Trips

KNOWN: dict[str, Fraction | bool] = {
    "on": True,
    "power_W": Fraction(1500),
    "current_a_A": Fraction(13, 2),
    "current_b_A": Fraction(1, 2),
    "voltage_a_V": Fraction(230),
    "voltage_b_V": Fraction(231),
    "leakage_current_A": Fraction(900),
}


@pytest.mark.parametrize(
    ("name", "unit", "wrong", "right", "bit"),
    [
        ("overload", "W", 1499, 1500, 2),
        ("over_current", "A", 6, 7, 8),
        ("over_voltage", "V", 230, 231, 10),
        ("under_voltage", "V", 231, 230, 11),
    ],
)
def test_it_trips_beyond_each_limit_and_not_at_it(name: str, unit: str, wrong: int, right: int, bit: int) -> None:
    trips = Trips()
    limit, does = f"{name}_limit_{unit}", f"trips_on_{name}"
    assert not trips.watch({limit: right, does: True}, KNOWN) and trips.fault == 0
    assert not trips.watch({limit: wrong, does: False}, KNOWN) and trips.fault == 1 << bit
    assert not trips.watch({does: True}, KNOWN) and trips.fault == 0
    assert trips.watch({limit: wrong, does: True}, KNOWN) and trips.fault == 1 << bit


def test_alarms_that_trip_last_until_it_is_switched_and_others_while_they_apply() -> None:
    settings = {
        **{"over_current_limit_A": 5, "trips_on_over_current": True},
        **{"over_voltage_limit_V": 230, "trips_on_over_voltage": False},
    }
    trips = Trips()
    assert trips.watch(settings, KNOWN)
    nothing = {**KNOWN, "on": False, "current_a_A": Fraction(0), "current_b_A": Fraction(0)}
    assert not trips.watch(settings, nothing)
    assert trips.fault == 1 << 8 | 1 << 10
    trips.reset()
    assert trips.fault == 1 << 10
    assert not trips.watch(settings, {**nothing, "voltage_b_V": Fraction(229)}) and trips.fault == 0


def test_an_open_breaker_does_not_trip() -> None:
    trips = Trips()
    assert not trips.watch({"under_voltage_limit_V": 240, "trips_on_under_voltage": True}, {**KNOWN, "on": False})
    assert trips.fault == 1 << 11
