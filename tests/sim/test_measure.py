"""The wire values of a simulated device, by its profile."""

from collections.abc import Mapping
from fractions import Fraction

import msgspec
import pytest
from hypothesis import given
from hypothesis import strategies as st

from unclouded.core.profile import Profile, load_profile
from unclouded.sim.measure import Gauge, Settings, meter_quantities, plug_quantities
from unclouded.sim.world import Counters, Scenario, World

START = 1_790_000_000.0


class NoSettings(msgspec.Struct, frozen=True, forbid_unknown_fields=True):
    """A family without settings."""


def profile(points: str) -> Profile:
    text = f'name = "toy/plug"\nfamily = "toy"\ntitle = "A toy"\n{points}'
    return load_profile(text, "toy.toml", lambda _: NoSettings)


def point(wire: str, key: str, more: str) -> str:
    return f'[[point]]\nwire = "{wire}"\nkey = "{key}"\n{more}\n'


PLUG = profile(
    point("1", "on", 'type = "bool"\naccess = "rw"')
    + point("9", "countdown_s", 'type = "value"\naccess = "rw"')
    + point("17", "energy_import_Wh", 'type = "value"\ncounter = "increment"')
    + point("18", "current_A", 'type = "value"\nscale = 0.001')
    + point("19", "power_W", 'type = "value"\nscale = 0.1')
    + point("20", "voltage_V", 'type = "value"\nscale = 0.1')
    + point("40", "light_mode", 'type = "enum"\naccess = "rw"\noptions = ["none", "relay", "pos"]')
    + point("77", "lux", 'type = "value"')
)


def world() -> World:
    return World(1, START, Scenario(hour=18.5))


def test_a_plug_reports_in_the_units_of_its_profile() -> None:
    simulation = world()
    simulation.step(10)
    said = Gauge(PLUG).measure(plug_quantities(simulation, "fridge"))
    state = simulation.plug("fridge")
    assert said.values == {
        "1": True,
        "18": round(state.current_A * 1000),
        "19": round(state.power_W * 10),
        "20": round(state.voltage_V * 10),
    }
    assert said.types == {"1": "bool", "18": "value", "19": "value", "20": "value"}


@given(st.lists(st.integers(1, 4000), min_size=1, max_size=12))
def test_increments_add_up_and_are_never_zero(seconds: list[int]) -> None:
    gauge, total, passed = Gauge(PLUG), 0, Fraction(0)
    gauge.measure({"energy_import_Wh": passed})
    for some in seconds:
        passed += Fraction(some, 3600) * 97
        values = gauge.measure({"energy_import_Wh": passed}).values
        assert values.get("17") != 0
        total += int(values.get("17", 0))
    assert total == int(passed)


def test_the_first_increment_does_not_hand_over_the_past() -> None:
    simulation = World(1, START, Scenario(hour=18.5), Counters(plugs={"fridge": 310_000_500}))
    assert "17" not in Gauge(PLUG).measure(plug_quantities(simulation, "fridge")).values


def test_a_family_without_wire_types_gets_exact_numbers() -> None:
    meter = profile(
        point("demand", "power_W", "")
        + point("delivered", "energy_import_Wh", 'falls_to = "energy_export_Wh"\ncounter = "net"')
        + point("received", "energy_export_Wh", "")
    )
    simulation = world()
    simulation.step(Fraction(1, 3))
    state = simulation.meter()
    assert Gauge(meter).measure(meter_quantities(simulation)).values == {
        "demand": state.power_W,
        "delivered": state.import_Wh - state.export_Wh,
        "received": state.export_Wh,
    }


def test_a_daily_counter_starts_at_midnight_and_a_small_one_wraps() -> None:
    rows = profile(
        point("today", "energy_import_Wh", 'type = "value"\ncounter = "daily"')
        + point("all", "energy_export_Wh", 'type = "value"\nwraps = 256')
    )
    quantities = {
        "energy_today_Wh": Fraction(99, 10),
        "energy_import_Wh": Fraction(5000),
        "energy_export_Wh": Fraction(300),
    }
    assert Gauge(rows).measure(quantities).values == {"today": 9, "all": 44}


def test_an_inverted_switch_stands_the_other_way_round_on_the_wire() -> None:
    rows = profile(point("1", "on", 'type = "bool"\ninverted = true'))
    assert Gauge(rows).measure({"on": True}).values == {"1": False}


def test_settings_are_kept_and_reported_from_the_first_day() -> None:
    settings = Settings(PLUG)
    assert settings.values(START) == {"9": 0, "40": 0}
    row = PLUG.by_key("light_mode")
    assert row is not None
    settings.put(row, 2, START)
    assert Gauge(PLUG).measure({"on": True}, settings.values(START)).values == {"1": True, "9": 0, "40": 2}


def test_a_countdown_counts_and_is_over_once() -> None:
    settings, row = Settings(PLUG), PLUG.by_key("countdown_s")
    assert row is not None
    settings.put(row, 30, START)
    assert settings.values(START + 10.5)["9"] == 20
    assert not settings.ended(START + 29.9)
    assert [settings.ended(START + 30), settings.ended(START + 31)] == [["on"], []]
    assert settings.values(START + 31)["9"] == 0


def test_a_countdown_can_be_called_off() -> None:
    settings, row = Settings(PLUG), PLUG.by_key("countdown_s")
    assert row is not None
    settings.put(row, 30, START)
    settings.put(row, 0, START + 5)
    assert not settings.ended(START + 60)


# --- raw values with several quantities -----------------------------------------------------------------

PACKED = profile(
    point("6", "phase_a", 'type = "raw"\ndecode = "pair"')
    + point("6.voltage", "voltage_V", "scale = 0.1")
    + point("6.power", "power_W", "scale = 0.1")
    + point("18", "alarms", 'type = "raw"\ndecode = "alarm"\naccess = "rw"')
    + point("18.limit", "limit_A", "")
)


def pair(counts: Mapping[str, int]) -> bytes:
    return counts.get("voltage", 0).to_bytes(2) + counts.get("power", 0).to_bytes(3)


@given(st.integers(0, 4000), st.integers(0, 10**6))
def test_a_packed_value_holds_the_counts_of_its_parts(decivolts: int, deciwatts: int) -> None:
    quantities = {"voltage_V": Fraction(decivolts, 10), "power_W": Fraction(deciwatts, 10) + Fraction(1, 50)}
    said = Gauge(PACKED, {"pair": pair}).measure(quantities)
    assert said.values == {"6": decivolts.to_bytes(2) + deciwatts.to_bytes(3)}
    assert said.types == {"6": "raw"}


def test_a_packed_value_needs_an_encoder_and_a_known_quantity() -> None:
    assert Gauge(PACKED).measure({"voltage_V": Fraction(230)}).values == {}
    assert Gauge(PACKED, {"pair": pair}).measure({"temperature_C": Fraction(20)}).values == {}


def test_a_packed_setting_is_reported_as_it_was_set() -> None:
    settings, row = Settings(PACKED, {"alarms": "0102"}), PACKED.by_key("alarms")
    assert row is not None
    assert Gauge(PACKED).measure({}, settings.values(START)).values == {"18": b"\1\2"}
    settings.put(row, b"\3", START)
    assert Gauge(PACKED).measure({}, settings.values(START)).values == {"18": b"\3"}


# --- alarms, ranges, signs --------------------------------------------------------------------------------


@pytest.mark.parametrize(("true_is", "wires"), [("[0]", (0, 1)), ("[1, 2]", (1, 0)), ("[0, 1]", (0, 2))])
def test_an_alarm_has_the_lowest_count_that_means_it(true_is: str, wires: tuple[int, int]) -> None:
    rows = profile(point("1", "water", f'type = "enum"\ntrue_is = {true_is}'))
    assert tuple(Gauge(rows).measure({"water": on}).values["1"] for on in (True, False)) == wires


def test_a_negative_power_is_divided_by_ten_without_its_sign() -> None:
    rows = profile(point("9", "power_W", 'type = "value"\nnegative = "tenth"'))
    row = rows.by_key("power_W")
    assert row is not None
    for watts in (-1428, 0, 250):
        assert row.from_wire(Gauge(rows).measure({"power_W": Fraction(watts)}).values["9"]) == watts


def test_a_count_stays_in_the_range_of_its_wire() -> None:
    gauge = Gauge(PLUG, spans={"19": (10, 500)})
    assert [gauge.measure({"power_W": Fraction(one)}).values["19"] for one in (0, 20, 900)] == [10, 200, 500]


SIGNED = 'type = "value"\nnegative_when = { wire = "102", is = 1 }\n'
DIRECTED = point("101", "power_W", SIGNED) + point("102", "direction", 'type = "enum"')
LAGGING = point("101", "power_W", SIGNED + "direction_lags = true") + point("102", "direction", 'type = "enum"')


def test_a_direction_goes_before_its_power_and_with_every_change_of_it() -> None:
    gauge = Gauge(profile(DIRECTED))
    sent = [list(gauge.measure({"power_W": Fraction(one)}).values.items()) for one in (-5, -5, -6, 7, 0)]
    assert sent[0] == [("102", 1), ("101", 5)]
    assert [dict(one) for one in sent[1:]] == [
        {"101": 5},
        {"102": 1, "101": 6},
        {"102": 0, "101": 7},
        {"102": 0, "101": 0},
    ]


def test_a_direction_that_lags_is_that_of_the_power_before() -> None:
    gauge = Gauge(profile(LAGGING))
    sent = [gauge.measure({"power_W": Fraction(one)}).values for one in (-5, 7, 7, -6)]
    assert [(one["102"], one["101"]) for one in sent] == [(0, 5), (1, 7), (0, 7), (0, 6)]
