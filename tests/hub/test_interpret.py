"""Reports become readings with units, and commands become wire values."""

from decimal import Decimal
from fractions import Fraction

import msgspec
import pytest
from hypothesis import given
from hypothesis import strategies as st

from unclouded.core.errors import CommandError, ConfigError, WireError
from unclouded.core.model import Reading, Value
from unclouded.core.profile import Profile, load_profile
from unclouded.core.sessions.session import Reported, WireCommand, WireValue
from unclouded.hub.energy.ledger import DeviceEnergy
from unclouded.hub.readings.interpret import Interpreter


class NoSettings(msgspec.Struct, frozen=True, forbid_unknown_fields=True):
    poll_s: float = 0


PLUG = """
name = "toy/plug"
family = "toy"
title = "Toy plug"
main = "on"
[[point]]
dp = 1
type = "bool"
key = "on"
access = "rw"
[[point]]
dp = 18
key = "current_A"
scale = 0.001
[[point]]
dp = 19
type = "value"
key = "power_W"
scale = 0.1
[[point]]
dp = 2
type = "enum"
key = "mode"
access = "rw"
options = ["eco", "comfort"]
[[point]]
dp = 3
type = "value"
key = "target_C"
access = "rw"
scale = 0.5
minimum = 5
maximum = 30
"""


def profile(text: str = PLUG) -> Profile:
    return load_profile(text, "toy.toml", lambda name: NoSettings if name == "toy" else None)


def interpreter(text: str = PLUG, **more: object) -> Interpreter:
    return Interpreter("heater", profile(text), DeviceEnergy("toy:1", {}), **more)  # type: ignore[arg-type]


def values(readings: list[Reading]) -> dict[str, Value]:
    return {reading.point: reading.value for reading in readings}


def test_a_report_becomes_readings_with_the_units_of_the_profile() -> None:
    read = interpreter().readings(Reported({"1": True, "18": 84, "19": 673}), at=100.0)
    assert values(read)["power_W"] == 67.3
    assert values(read)["current_A"] == 0.084
    assert values(read)["on"] is True
    assert all(reading.at == 100.0 and reading.device == "heater" for reading in read)


def test_the_devices_own_time_overrides_ours() -> None:
    (reading,) = interpreter().readings(Reported({"1": True}, at=50.0), at=100.0)
    assert reading.at == 50.0


def test_a_value_in_an_odd_form_is_flagged() -> None:
    (reading,) = interpreter().readings(Reported({"18": 84}, odd={"18": "2 bytes"}), at=1.0)
    assert reading.flags == ("odd",) and reading.quality == "suspect"


def test_values_that_the_profile_does_not_list_are_counted_and_left_out() -> None:
    read = interpreter()
    assert read.readings(Reported({"77": 1}), at=1.0) == []
    assert read.ignored == 1


def test_a_generic_profile_gives_every_wire_key_a_point() -> None:
    read = interpreter('name = "toy/any"\nfamily = "toy"\ntitle = "Any"\nunknown = true')
    assert values(read.readings(Reported({"1": True, "19": 673, "20": b"\x01"}), at=1.0)) == {
        "dp_1": True,
        "dp_19": 673,
        "dp_20": "01",
    }
    assert [point.key for point in read.points] == ["dp_1", "dp_19", "dp_20"]
    assert read.command("dp_1", False) == WireCommand({"1": False})


def test_a_device_without_a_counter_gets_one_integrated_from_its_power() -> None:
    read = interpreter()
    read.readings(Reported({"19": 36_000}), at=1000.0)
    readings = read.readings(Reported({"19": 36_000}), at=1001.0)
    assert values(readings)["energy_import_Wh"] == 1.0
    assert {reading.quality for reading in readings if reading.point == "energy_import_Wh"} == {"estimated"}


def test_what_a_device_without_a_counter_feeds_in_is_integrated_as_export() -> None:
    read = interpreter()
    assert [point.key for point in read.points][-1] == "energy_import_Wh"
    read.readings(Reported({"19": 36_000}), at=1000.0)
    read.readings(Reported({"19": -36_000}), at=1001.0)
    found = values(read.readings(Reported({"19": -36_000}), at=1003.0))
    assert (found["energy_import_Wh"], found["energy_export_Wh"]) == (0.5, 2.0)
    assert [point.key for point in read.points][-2:] == ["energy_import_Wh", "energy_export_Wh"]
    found = values(read.readings(Reported({"19": 36_000}), at=1004.0))
    assert (found["energy_import_Wh"], found["energy_export_Wh"]) == (1.0, 2.5)


def test_the_total_of_increments_is_shown_after_a_restart_before_the_next_one() -> None:
    plug = profile(PLUG + '[[point]]\ndp = 17\nkey = "energy_import_Wh"\ncounter = "increment"')
    before = DeviceEnergy("x", {})
    Interpreter("heater", plug, before).readings(Reported({"17": 3}), at=10.0)
    ledgers = {ledger.point: ledger for ledger in before.changed()}
    after = Interpreter("heater", plug, DeviceEnergy("x", ledgers))
    (shown,) = after.restored(at=5000.0)
    assert (shown.point, shown.value, shown.at, shown.flags) == ("energy_import_Wh", 3.0, 10.0, ("increment",))
    assert after.restored(at=5.0) == [], "the clock of the hub is not right yet"
    assert Interpreter("heater", plug, DeviceEnergy("x", {})).restored(at=5000.0) == []


def test_the_integrated_total_is_shown_after_a_restart() -> None:
    before = DeviceEnergy("x", {})
    read = Interpreter("heater", profile(), before)
    for at in (1000.0, 1001.0):
        read.readings(Reported({"19": -36_000}), at=at)
    after = Interpreter("heater", profile(), DeviceEnergy("x", {one.point: one for one in before.changed()}))
    assert [(one.point, one.value, one.quality) for one in after.restored(at=5000.0)] == [
        ("energy_import_Wh", 0.0, "estimated"),
        ("energy_export_Wh", 1.0, "estimated"),
    ]


def test_a_total_that_a_device_counted_earlier_is_filed_with_its_newest_reading() -> None:
    read = interpreter(PLUG + '[[point]]\ndp = 17\nkey = "energy_import_Wh"\ncounter = "increment"')
    read.readings(Reported({"17": 3}), at=100.0)
    (late,) = read.readings(Reported({"17": 4}, at=50.0), at=101.0)
    assert (late.value, late.at) == (7.0, 100.0)


def test_the_owner_of_a_current_transformer_gives_a_factor() -> None:
    read = interpreter(scales={"power_W": Decimal(40)})
    assert values(read.readings(Reported({"19": 320}), at=1.0))["power_W"] == 1280.0


def test_counters_become_lifetime_totals() -> None:
    text = PLUG + '[[point]]\ndp = 17\nkey = "energy_import_Wh"\ncounter = "increment"'
    read = interpreter(text)
    assert values(read.readings(Reported({"17": 3}), at=10.0))["energy_import_Wh"] == 3.0
    assert values(read.readings(Reported({"17": 4}), at=70.0))["energy_import_Wh"] == 7.0


def test_exact_fractions_of_a_meter_stay_exact() -> None:
    text = 'name = "toy/meter"\nfamily = "toy"\ntitle = "M"\n[[point]]\nwire = "import"\nkey = "energy_import_Wh"'
    (reading,) = interpreter(text).readings(Reported({"import": Fraction(3 * 110_612_724 * 1000, 5000)}), at=1.0)
    assert reading.value == 66_367_634.4


def test_a_raw_value_is_unpacked_by_a_named_decoder() -> None:
    def phase(raw: bytes) -> dict[str, WireValue]:
        if len(raw) != 2:
            raise WireError("a phase has two bytes")
        return {"voltage": int.from_bytes(raw, "big")}

    text = """
name = "toy/phases"
family = "toy"
title = "P"
[[point]]
dp = 6
key = "phase_a"
decode = "phase"
[[point]]
wire = "6.voltage"
key = "phase_a_voltage_V"
scale = 0.1
"""
    read = interpreter(text, decoders={"phase": phase})
    assert values(read.readings(Reported({"6": b"\x09\x29"}), at=1.0)) == {"phase_a_voltage_V": 234.5}
    for at in (2.0, 3.0):
        assert read.readings(Reported({"6": b"\x09"}), at=at) == []
    assert read.ignored == 2
    assert list(read.decode_problems()) == [(2.0, "data point 6 cannot be read as phase: a phase has two bytes")]
    assert list(read.decode_problems()) == []


@pytest.mark.parametrize(("counter", "reported"), [("increment", [30, 40, 5]), ("total", [30, 70, 75])])
def test_a_direction_decides_which_counter_energy_goes_to(counter: str, reported: list[int]) -> None:
    text = f"""
name = "toy/meter"
family = "toy"
title = "M"
[[point]]
dp = 17
key = "energy_import_Wh"
counter = "{counter}"
negative_when = {{ dp = 45, is = 1 }}
falls_to = "energy_export_Wh"
"""
    read = interpreter(text)
    counted: dict[str, Value] = {}
    for at, (count, direction) in enumerate(zip(reported, (0, 1, 0), strict=True)):
        counted |= values(read.readings(Reported({"17": count, "45": direction}), at=60.0 * at + 60))
    assert counted == {"energy_import_Wh": 35.0, "energy_export_Wh": 40.0}


def test_a_value_of_another_type_is_not_the_point_and_cannot_be_set() -> None:
    """Data point 39 is the overcharge cut-off of 143 plugs, and the indicator of 55."""
    read = interpreter()
    assert read.readings(Reported({"1": 2}), at=5.0) == []
    ((at, text),) = read.decode_problems()
    assert at == 5.0 and text.startswith("data point 1 has another type than bool, so it is not on")
    with pytest.raises(CommandError, match="with another type than bool, so it is not on"):
        read.command("on", True)


NONSENSE: tuple[WireValue, ...] = (float("nan"), float("-inf"), 1e300, 10**400, "eco", "nan", b"\x01")


@pytest.mark.parametrize("counter", ["none", "total", "increment"])
@pytest.mark.parametrize("row_type", ["", 'type = "float"'])
def test_a_value_that_is_no_finite_number_is_never_that_of_a_number(counter: str, row_type: str) -> None:
    text = f"""
name = "toy/meter"
family = "toy"
title = "M"
[[point]]
dp = 17
key = "energy_import_Wh"
counter = "{counter}"
{row_type}
"""
    read = interpreter(text)
    for at, nonsense in enumerate(NONSENSE):
        assert read.readings(Reported({"17": nonsense}), at=60.0 + at) == []
    ((at_first, why),) = read.decode_problems()  # once
    assert (at_first, why) == (60.0, "data point 17 is not energy_import_Wh: it is not a number, or far too large")
    assert read.ignored == len(NONSENSE)
    assert len(read.readings(Reported({"17": 5}), at=80.0)) == 1
    read.readings(Reported({"17": "off"}), at=81.0)
    assert "it is text, not a number" in read.decode_problems()[0][1]


# --- commands ---------------------------------------------------------------------------------------


@pytest.mark.parametrize("word", [True, "on", "ON", 1, "true"])
def test_a_switch_takes_on_in_every_spelling(word: bool | int | str) -> None:
    assert interpreter().command("on", word) == WireCommand({"1": True}, types={"1": "bool"})


def test_a_command_is_turned_into_counts() -> None:
    assert interpreter().command("target_C", 21.5).values == {"3": 43}
    assert interpreter().command("mode", "comfort").values == {"2": 1}


@pytest.mark.parametrize(
    ("point", "value", "words"),
    [
        ("power_W", 5, "can only be read"),
        ("colour", 5, "has no point"),
        ("target_C", 31, "takes 5 to 30, not 31"),
        ("target_C", "warm", "takes a number"),
        ("mode", "party", "one of eco, comfort"),
        ("on", "maybe", "takes on or off"),
    ],
)
def test_an_invalid_command_is_refused_with_a_reason(point: str, value: float | str, words: str) -> None:
    with pytest.raises(CommandError, match=words):
        interpreter().command(point, value)


@given(st.integers(-(2**31), 2**31 - 1))
def test_a_value_that_is_set_is_read_back(count: int) -> None:
    text = PLUG + '[[point]]\ndp = 9\ntype = "value"\nkey = "offset_C"\naccess = "rw"\nscale = 0.1'
    read = interpreter(text)
    (reading,) = read.readings(Reported({"9": count}), at=1.0)
    assert read.command("offset_C", reading.value).values == {"9": count}


# --- profiles ---------------------------------------------------------------------------------------


@pytest.mark.parametrize(
    ("text", "words"),
    [
        ("name = ", "not TOML"),
        (PLUG.replace('title = "Toy plug"', ""), "title"),
        (PLUG + "colour = 1", "colour"),
        (PLUG.replace('family = "toy"', 'family = "x"'), "no family 'x'"),
        (PLUG.replace('main = "on"', 'main = "off"'), "'off'"),
        (PLUG + '[[point]]\nkey = "x"', "one of `dp` and `wire`"),
        (PLUG + '[[point]]\ndp = 5\nkey = "on"', "is there twice"),
        (PLUG + '[[point]]\ndp = 5\nkey = "x"\nscale = 0', "more than 0"),
        (PLUG.replace('main = "on"', 'main = "on"\n[session]\npol_s = 3'), "pol_s"),
        (PLUG + '[[point]]\ndp = 5\nkey = "x"\nnegative_when = { is = 1 }', "one of `dp` and `wire`"),
        (PLUG + '[[point]]\ndp = 5\nkey = "x"\nnegative_when = { dp = 6, is = [] }', "at least one value"),
        (PLUG + '[[point]]\ndp = 5\nkey = "x"\nnegative_when = { dp = 6, is = 1, not = 2 }', "not"),
        (PLUG + '[[point]]\ndp = 5\nkey = "x_Wh"\nnegative_when = { dp = 6, is = 1 }', "needs `falls_to`"),
        (
            PLUG + '[[point]]\ndp = 5\nkey = "x_Wh"\ncounter = "daily"\nnegative_when = { dp = 6, is = 1 }',
            "does not go with a daily",
        ),
    ],
)
def test_a_wrong_profile_is_an_error_that_names_the_key(text: str, words: str) -> None:
    with pytest.raises(ConfigError, match=words) as refused:
        profile(text)
    assert "toy.toml" in str(refused.value)


def test_scales_are_exact_and_set_the_number_of_decimals() -> None:
    rows = {row.point.key: row for row in profile().points}
    assert (rows["current_A"].mul, rows["current_A"].div, rows["current_A"].point.exponent) == (1, 1000, -3)
    assert rows["power_W"].point.exponent == -1
    assert rows["power_W"].point.unit == "W"


@pytest.mark.parametrize(
    ("limits", "value", "words"), [("minimum = 5", 4, "at least 5"), ("maximum = 9", 10, "at most 9")]
)
def test_one_limit_alone_is_a_limit(limits: str, value: int, words: str) -> None:
    head = 'name = "toy/one"\nfamily = "toy"\ntitle = "O"\n[[point]]\ndp = 1\nkey = "speed_percent"\naccess = "rw"\n'
    with pytest.raises(CommandError, match=f"speed_percent takes {words}, not {value}"):
        interpreter(head + limits).command("speed_percent", value)


def test_a_number_between_two_steps_is_confirmed_with_the_number_that_it_becomes() -> None:
    head = 'name = "toy/th"\nfamily = "toy"\ntitle = "T"\n[[point]]\ndp = 2\n'
    read = interpreter(head + 'key = "setpoint_C"\naccess = "rw"\nscale = 0.5')
    for value, words in ((22.3, "22.5 is the nearest that it can be"), ("22.3", "22.5 is"), (22.5, ""), (22, "")):
        rounded = read.rounding(read.command("setpoint_C", value), value)
        assert rounded.startswith(words) and bool(rounded) == bool(words)
