"""Power, voltage and current that cannot be together reveal a wrong profile; real meters pass."""

from fractions import Fraction

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from unclouded.app.protocols import settings_of
from unclouded.core.model import Reading
from unclouded.core.profile import Profile, ScaleVariant, load_profile
from unclouded.core.sessions.session import Reported, WireValue
from unclouded.families.tuya import FAMILY_WIFI
from unclouded.hub.energy.ledger import DeviceEnergy
from unclouded.hub.readings.interpret import Interpreter


def plug(power: str = "0.1", voltage: str = "0.1", current: str = "0.001", more: str = "") -> Profile:
    text = f"""
    name = "toy/plug"
    family = "tuya_wifi"
    title = "Plug"
    point = [
      {{ dp = 1, type = "bool", key = "on", access = "rw" }},
      {{ dp = 18, type = "value", key = "current_A", scale = {current} }},
      {{ dp = 19, type = "value", key = "power_W", scale = {power} }},
      {{ dp = 20, type = "value", key = "voltage_V", scale = {voltage} }},
      {more}
    ]
    """
    return load_profile(text, "toy.toml", settings_of)


class Plug:
    """A profile and what has been read with it."""

    def __init__(self, profile: Profile) -> None:
        self.read = Interpreter("plug", profile, DeviceEnergy("plug", {}), FAMILY_WIFI.decoders)
        self.problems: list[str] = []
        self.now = 100.0

    def report(self, after: float = 10.0, **values: WireValue) -> dict[str, Reading]:
        """Keys are wire keys with a letter before: dp19=673."""
        self.now += after
        wire = {key.removeprefix("dp"): value for key, value in values.items()}
        readings = self.read.readings(Reported(wire), self.now)
        self.problems += [words for _, words in self.read.scale_problems()]
        return {reading.point: reading for reading in readings}


HEATER = {"dp18": 2900, "dp19": 6670, "dp20": 2300}  # 2.9 A, 667 W, 230 V


def test_readings_that_agree_are_not_flagged() -> None:
    story = Plug(plug())
    for _ in range(10):
        assert {one.quality for one in story.report(**HEATER).values()} <= {"good", "estimated"}
    assert story.problems == []


def test_a_power_ten_times_too_high_is_flagged_from_the_third_reading_on_and_reported_once() -> None:
    story = Plug(plug(power="1"))
    for _ in range(2):
        assert story.report(**HEATER)["power_W"].flags == ()
    for _ in range(5):
        readings = story.report(**HEATER)
        assert readings["power_W"].flags == ("scale",) and readings["power_W"].quality == "suspect"
        assert readings["energy_import_Wh"].flags[-1] == "scale"
        assert readings["voltage_V"].quality == "good"
    assert story.problems == [
        "power looks 10× too high for this profile: 6670 W of 667 VA; try scale 0.1 instead of 1 for power_W"
    ]


@pytest.mark.parametrize(
    ("scales", "words"),
    [
        ({"power": "10"}, "power looks 100× too high"),
        ({"current": "0.0001"}, "power looks 10× too high"),
        ({"voltage": "0.01"}, "voltage looks 10× too low"),
        ({"voltage": "1"}, "voltage looks 10× too high"),
    ],
)
def test_the_report_names_the_scale_that_is_wrong(scales: dict[str, str], words: str) -> None:
    story = Plug(plug(**scales))
    for _ in range(3):
        story.report(**HEATER)
    assert len(story.problems) == 1 and story.problems[0].startswith(words)


def test_with_a_power_factor_a_power_that_is_too_low_is_found() -> None:
    factor = '{ dp = 101, type = "value", key = "power_factor", scale = 0.01 }'
    story = Plug(plug(power="0.01", more=factor))
    for _ in range(3):
        story.report(**HEATER, dp101=99)
    assert story.problems == [
        "power looks 10× too low for this profile: 66.7 W where 660.3 W is expected; try scale 0.1 instead of 0.01 for "
        "power_W"
    ]


def test_a_motor_with_a_bad_power_factor_is_no_fault() -> None:
    factor = '{ dp = 101, type = "value", key = "power_factor", scale = 0.01 }'
    story = Plug(plug(more=factor))
    for _ in range(5):
        story.report(dp18=2900, dp19=2000, dp20=2300, dp101=30)
    assert story.problems == []


def test_nothing_is_flagged_within_five_seconds_of_a_switch() -> None:
    story = Plug(plug(power="1"))
    state = False
    story.report(dp1=state)
    for _ in range(10):
        state = not state
        story.report(dp1=state)
        for _ in range(6):
            story.report(0.7, **HEATER)
    assert story.problems == []


def test_quantities_of_different_moments_are_not_compared() -> None:
    story = Plug(plug(power="1"))
    for _ in range(10):
        for key, count in HEATER.items():
            story.report(2.5, **{key: count})
    assert story.problems == []


def test_quantities_in_frames_of_their_own_are_compared_within_two_seconds() -> None:
    story = Plug(plug(power="1"))
    for _ in range(3):
        for after, (key, count) in zip((10.0, 1.0, 1.0), HEATER.items(), strict=True):
            story.report(after, **{key: count})
    assert len(story.problems) == 1


def test_one_reading_that_agrees_begins_the_count_again() -> None:
    story = Plug(plug())
    for _ in range(4):
        story.report(dp18=290, dp19=6670, dp20=2300)
        story.report(dp18=290, dp19=6670, dp20=2300)
        story.report(**HEATER)
    assert story.problems == []


def test_standby_does_not_clear_the_flag_but_real_power_does() -> None:
    story = Plug(plug(power="1"))
    for _ in range(3):
        story.report(**HEATER)
    assert story.report(dp18=0, dp19=0, dp20=2300)["power_W"].quality == "suspect"
    assert story.report(dp18=2900, dp19=600, dp20=2300)["power_W"].quality == "good"


def test_the_real_data_of_a_clamp_pass() -> None:
    """A 20 W bulb: 84 mA and 19.2 to 22.7 W at 252.5 V; docs/protocols/tuya_wifi.md §2.8.1."""
    story = Plug(plug())
    for power in [192, 227, 205, 227, 227, 227, 219]:
        story.report(dp18=84, dp19=power, dp20=2525)
    assert story.problems == []


def test_power_that_flows_out_is_measured_by_its_size() -> None:
    story = Plug(plug())
    for _ in range(5):
        story.report(dp18=-2900, dp19=-6670, dp20=2300)
    assert story.problems == []
    for _ in range(3):
        story.report(dp18=-2900, dp19=-66_700, dp20=2300)
    assert len(story.problems) == 1


# --- what would fit -----------------------------------------------------------------------------------

VARIANTS = """
[[variant]]
products = ["atorch1", "atorch2"]
scale = { 19 = 0.01, 20 = 0.01 }
[[variant]]
products = ["milli"]
scale = { 19 = 0.001 }
[[variant]]
products = ["whole"]
scale = { 19 = 1, 20 = 1 }
"""


def kept(story: Plug, **reported: int) -> str:
    for _ in range(3):
        story.report(**reported)
    return story.problems[0]


def with_variants(product: str = "") -> Plug:
    text = """
    name = "toy/plug"
    family = "tuya_wifi"
    title = "Plug"
    point = [
      { dp = 18, type = "value", key = "current_A", scale = 0.001 },
      { dp = 19, type = "value", key = "power_W", scale = 0.1 },
      { dp = 20, type = "value", key = "voltage_V", scale = 0.1 },
    ]
    """
    return Plug(load_profile(text + VARIANTS, "toy.toml", settings_of).for_product(product))


def test_the_variant_of_the_profile_that_fits_is_named() -> None:
    """A plug of the Atorch kind, whose product is not listed."""
    text = kept(with_variants(), dp18=2900, dp19=66_700, dp20=23_000)
    assert text == "voltage looks 10× too high for this profile (2300 V); profile toy/plug@atorch1 fits"
    assert kept(with_variants(), dp18=2900, dp19=667_000, dp20=2300).endswith("profile toy/plug@milli fits")
    assert kept(with_variants("whole"), **HEATER).endswith("; profile toy/plug fits")


def test_a_similar_product_that_fits_is_looked_for_when_it_is_needed() -> None:
    asked = []

    def similar() -> list[ScaleVariant]:
        asked.append(1)
        return [ScaleVariant(name="catalogue/x", scales={"voltage_V": Fraction(1)})]

    story = Plug(plug())
    story.read = Interpreter("plug", plug(), DeviceEnergy("plug", {}), similar=similar)
    story.report(**HEATER)
    assert not asked
    assert kept(story, dp18=2900, dp19=6670, dp20=230).endswith("profile catalogue/x fits") and asked == [1]


@pytest.mark.parametrize(
    ("reported", "words"),
    [
        ({"dp18": 2900, "dp19": 6670, "dp20": 23_000}, "try scale 0.01 instead of 0.1 for voltage_V"),
        ({"dp18": 2900, "dp19": 66_700, "dp20": 2300}, "try scale 0.01 instead of 0.1 for power_W"),
        (
            {"dp18": 2900, "dp19": 66_700, "dp20": 23_000},
            "try scale 0.01 instead of 0.1 for voltage_V and 0.01 instead of 0.1 for power_W",
        ),
        ({"dp18": 2900, "dp19": 6670, "dp20": 230}, "try scale 1 instead of 0.1 for voltage_V"),
    ],
)
def test_where_no_profile_fits_the_scale_that_would_is_named(reported: dict[str, int], words: str) -> None:
    assert kept(Plug(plug()), **reported).endswith(f"; {words}")


def test_where_nothing_fits_nothing_is_named() -> None:
    assert ";" not in kept(Plug(plug()), dp18=29, dp19=66_700, dp20=99)


# --- raw phases ---------------------------------------------------------------------------------------

PHASE = """
    { dp = 6, type = "raw", key = "phase_a", decode = "DECODER" },
    { wire = "6.voltage", key = "voltage_a_V", scale = 0.1 },
    { wire = "6.current", key = "current_a_A", scale = 0.001 },
    { wire = "6.power", key = "power_a_W", scale = SCALE },
    { wire = "6.power_factor", key = "power_factor_a", scale = 0.001 },
"""


def phase(decoder: str, scale: str = "0.1") -> Plug:
    text = PHASE.replace("DECODER", decoder).replace("SCALE", scale)
    return Plug(load_profile(f'name = "a"\nfamily = "tuya_wifi"\ntitle = "A"\npoint = [{text}]', "a", settings_of))


@pytest.mark.parametrize(
    "raw",
    [
        *("092200 15F70004A1", "093D000260000085", "09320055F700146C", "088B002BC300096A", "0911003549000C6F"),
        *("08EC00058F000110", "096900011800002A", "0911000032000005", "0916000099000023"),
    ],
)
def test_every_record_of_a_real_meter_passes_and_ten_times_as_much_does_not(raw: str) -> None:
    good, wrong = phase("phase"), phase("phase", "1")
    for _ in range(3):
        good.report(dp6=bytes.fromhex(raw))
        readings = wrong.report(dp6=bytes.fromhex(raw))
    assert good.problems == []
    assert "power looks 10× too high" in wrong.problems[0] and readings["power_a_W"].flags == ("scale",)


@pytest.mark.parametrize("raw", ["09290001B70003FC00000003E8C332", "090F0000BF0000780000250110C332"])
def test_fifteen_bytes_that_other_programs_read_as_a_thousand_watts(raw: str) -> None:
    good, wrong, low = phase("phase_15a"), phase("phase_15a", "1"), phase("phase_15a", "0.01")
    for _ in range(3):
        for story in (good, wrong, low):
            story.report(dp6=bytes.fromhex(raw))
    assert good.problems == []
    assert "10× too high" in wrong.problems[0]
    assert not low.problems or "10× too low" in low.problems[0]  # 12 W or 1.2 W: too little to compare


# --- laws ---------------------------------------------------------------------------------------------

volts, amperes, factors = st.floats(90, 260), st.floats(0, 80), st.floats(0, 1)


@given(st.lists(st.tuples(volts, amperes, factors), min_size=3, max_size=12))
@settings(max_examples=150, deadline=None)
def test_no_possible_load_is_flagged(loads: list[tuple[float, float, float]]) -> None:
    story = Plug(plug())
    for voltage, current, factor in loads:
        power = voltage * current * factor
        story.report(dp18=int(current * 1000), dp19=round(power * 10), dp20=int(voltage * 10))
    assert story.problems == []


@given(volts, st.floats(0.1, 80), st.floats(0.2, 1))
@settings(max_examples=150, deadline=None)
def test_ten_times_too_much_of_any_common_load_is_found(voltage: float, current: float, factor: float) -> None:
    story = Plug(plug(power="1"))
    for _ in range(3):
        power = voltage * current * factor
        readings = story.report(dp18=round(current * 1000), dp19=round(power * 10), dp20=round(voltage * 10))
    expected = 10 * power > 1.05 * voltage * current + 5
    assert bool(story.problems) == expected or 10 * power < 1.1 * voltage * current + 7
    assert (readings["power_W"].flags == ("scale",)) == bool(story.problems)
