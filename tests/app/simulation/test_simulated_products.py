"""Every product of the catalogue, from its simulator over the wire to the readings of the hub, and back."""

import os
from functools import cache
from itertools import pairwise

import pytest

from product_story import LIBRARY, ProductStory, problems_of
from unclouded.app.protocols import simulated_kinds
from unclouded.app.simulation.played_product import find_product, of_table, played_kind, simulated
from unclouded.core.errors import CommandError
from unclouded.core.model import Reading
from unclouded.profiles.catalogue import CatalogueTable
from unclouded.profiles.catalogue.text import PREFIX
from unclouded.sim.product.circuits import plan_of
from unclouded.sim.product.simulated_product import SimulatedProduct

PARTS = 4  # into which the kind with the most products is divided, so that several processes share it
EACH = 1 if "UNCLOUDED_EXAMPLES_TIMES" in os.environ else 3  # each third, and all in `dev.py soak`
KINDS = [(kind, part) for kind in LIBRARY.catalogue.kinds() for part in range(PARTS)]
METERS = ("2iepauebcvo74ujc", "37mnhia3pojleqfh", "djfep9s6s3b2qk89")


@cache
def all_tables() -> list[CatalogueTable]:
    return list(LIBRARY.catalogue.tables())


def tables_of(kind: str) -> list[CatalogueTable]:
    return [table for table in all_tables() if table.kind == kind]


def product(name: str) -> SimulatedProduct:
    family = "tuya_gateway" if len(name) == 8 or name.startswith("_T") else "tuya_wifi"
    return find_product(LIBRARY, family, name)


def numbers(readings: list[Reading], key: str) -> list[float]:
    return [float(one.value) for one in readings if one.point == key]


# --- all of them -------------------------------------------------------------------------------------------


@pytest.mark.thorough
@pytest.mark.parametrize(("kind", "part"), KINDS)
def test_every_product_reports_all_its_points_and_keeps_what_is_set(kind: str, part: int) -> None:
    found = {}
    for table in tables_of(kind)[part :: PARTS * EACH]:
        profile = LIBRARY.get(table.name)
        problems = problems_of(of_table(table, profile, simulated(LIBRARY, profile).id))
        if problems:
            found[table.name] = problems
    assert found == {}


# --- what the home does --------------------------------------------------------------------------------------


@pytest.mark.parametrize("name", METERS)
def test_the_energy_of_a_meter_rises_with_its_power(name: str) -> None:
    story = ProductStory(product(name), load="heater")
    story.step(60)
    power_W, energy_Wh = numbers(story.history, "power_W"), numbers(story.history, "energy_import_Wh")
    assert 1300 < power_W[-1] < 1700
    assert energy_Wh == sorted(energy_Wh)
    assert abs(energy_Wh[-1] - energy_Wh[0] - power_W[-1] * 60 / 3600) < 12


def test_mains_are_mains_and_the_power_is_voltage_times_current() -> None:
    story = ProductStory(product(METERS[0]), load="heater")
    story.step(30)
    volts, amperes, watts = (float(story.values[key]) for key in ("voltage_V", "current_A", "power_W"))
    assert 225 <= volts <= 235
    assert watts == pytest.approx(volts * amperes, rel=0.01)


def test_it_does_not_change_at_random() -> None:
    story = ProductStory(product("rqcuwlsa"))
    story.step(120)
    degrees = numbers(story.history, "temperature_C")
    assert len(degrees) < 60
    assert all(abs(one - other) <= 0.11 for one, other in pairwise(degrees))


def test_a_relay_of_a_strip_switches_its_own_load() -> None:
    story = ProductStory(product("1lvoami725jftkvh"), load="heater")
    before = float(story.values["power_W"])
    assert story.set("on_1", False).result == "confirmed"
    story.step(2)
    assert 0 < float(story.values["power_W"]) < before / 10
    assert (story.values["on_1"], story.values["on_2"]) == (False, True)


def test_a_countdown_counts_down_and_switches_its_relay() -> None:
    story = ProductStory(product("1lvoami725jftkvh"))
    story.set("countdown_2_s", 10)
    story.step(5)
    assert 0 < float(story.values["countdown_2_s"]) < 10
    story.step(10)
    assert (story.values["on_1"], story.values["on_2"], story.values["countdown_2_s"]) == (True, False, 0)


def test_a_valve_of_a_radiator_heats_its_room_to_where_it_is_set() -> None:
    story = ProductStory(product("16m4bgsv"))
    cold = float(story.values["temperature_C"])
    story.set("setpoint_C", 25)
    story.step(300)
    assert float(story.values["temperature_C"]) > cold + 1
    assert story.values["activity"] == "heat"
    story.set("setpoint_C", 5)
    story.step(2)
    assert story.values["activity"] == "idle"


def test_a_curtain_moves_to_where_it_is_sent() -> None:
    story = ProductStory(product("sxtfesc6"))
    story.set("position_target_percent", 50)
    story.step(3)
    assert 0 < float(story.values["position_percent"]) < 50
    story.step(12)
    assert story.values["position_percent"] == 50


# --- directions -----------------------------------------------------------------------------------------------


@pytest.mark.parametrize("name", ["wifech3utowiyknu", "81yrt3lo", "_TZE204_81yrt3lo"])
def test_a_clamp_sends_the_direction_of_a_power_as_such_products_do(name: str) -> None:
    story = ProductStory(product(name), load="lamp")
    story.step(20)
    powers = [one for one in story.history if one.point == "power_a_W"]
    assert len(powers) > 10 and all(one.quality == "good" and float(one.value) < 0 for one in powers[1:])
    assert float(story.values["power_b_W"]) > 0
    assert story.values["direction_a"] == "reverse"


@pytest.mark.parametrize("name", ["wifech3utowiyknu", "81yrt3lo"])
def test_what_a_clamp_reads_is_what_flows(name: str) -> None:
    """The hub signs each power by its own direction, not by that of the one before."""
    story = ProductStory(product(name))
    for _ in range(30):
        story.step(1)
        flows = story.device.subject.quantities()
        assert (float(story.values["power_a_W"]) < 0) == (float(flows["power_a_W"]) < 0)
        assert (float(story.values["power_b_W"]) < 0) == (float(flows["power_b_W"]) < 0)


@pytest.mark.parametrize("negative", [0, 1])
def test_a_plug_that_feeds_in_names_its_direction(negative: int) -> None:
    (table,) = [one for one in tables_of("plug") if any(row.negative_when == (45, negative) for row in one.rows)]
    story = ProductStory(product(table.products[0]))
    story.step(10)
    assert float(story.values["power_W"]) < -100
    assert story.values["on"] is True
    story.set("on", False)
    story.step(2)
    assert story.values["power_W"] == 0


# --- limits that another point picks ----------------------------------------------------------------------------


def test_of_the_limits_of_a_charger_that_of_its_rated_current_is_set() -> None:
    table = next(one for one in tables_of("charger_ev") if any(row.used_when for row in one.rows))
    story = ProductStory(product(table.products[0]))
    limits = [row.wire for row in story.settable() if row.point.key == "charge_current_limit_A"]
    assert len(limits) == 1
    assert story.set("charge_current_limit_A", 12).result == "confirmed"
    assert story.values["charge_current_limit_A"] == 12


# --- how it is found ---------------------------------------------------------------------------------------------


@pytest.mark.parametrize(
    ("name", "id", "profile"),
    [
        ("37mnhia3pojleqfh", "37mnhia3pojleqfh", "catalogue/plug/"),
        ("81yrt3lo", "81yrt3lo", "catalogue/clamp/81yrt3lo"),
        ("_TZE204_81yrt3lo", "81yrt3lo", "catalogue/clamp/81yrt3lo"),
    ],
)
def test_a_product_is_found_and_reports_its_own_id(name: str, id: str, profile: str) -> None:
    found = product(name)
    assert found.id == id and found.profile.name.startswith(profile)
    assert ProductStory(found).product == id


def test_a_product_is_found_by_the_name_of_its_profile() -> None:
    table = LIBRARY.catalogue.find("tuya_wifi", "37mnhia3pojleqfh")
    assert table is not None
    for name in (table.name, table.name.removeprefix(PREFIX)):
        assert find_product(LIBRARY, "tuya_wifi", name).profile.name == table.name


@pytest.mark.parametrize(
    ("kind", "names", "text"),
    [
        ("tuya", [], "Name the product: sim tuya --product"),
        ("tuya", ["37mnhia3pojleqfx"], "Did you mean 37mnhia3pojleqfh?"),
        ("tuya", ["aubess"], "There are: "),
        ("tuya", ["?"], "Search them with: unclouded products WORD."),
        ("tuya", ["?no such words"], "There is none with no such words."),
        ("tuya", ["81yrt3lo"], "is a sub-device of a gateway: tuya-gateway plays it."),
        ("tuya", ["37mnhia3pojleqfh", "2iepauebcvo74ujc"], "A gateway has several: tuya-gateway."),
        ("tuya-gateway", ["37mnhia3pojleqfh"], "is a product with a line of its own: tuya plays it."),
        ("tuya-plug", ["37mnhia3pojleqfh"], "These do: tuya, tuya-gateway."),
    ],
)
def test_what_cannot_be_played_says_what_to_do(kind: str, names: list[str], text: str) -> None:
    family, plain = simulated_kinds()[kind]
    with pytest.raises(CommandError) as error:
        played_kind(LIBRARY, family, plain, names, "lamp")
    assert text in str(error.value)


def test_a_gateway_plays_several_products_beside_its_own_sub_devices() -> None:
    family, plain = simulated_kinds()["tuya-gateway"]
    made = played_kind(LIBRARY, family, plain, ["81yrt3lo", "16m4bgsv"], "lamp")
    assert [one.product.id for one in made.products.values()] == ["81yrt3lo", "16m4bgsv"]
    assert len(made.kind.parts) == len(plain.parts) + 2
    plans = [one.plan for one in made.products.values()]
    assert not plans[0].loads.keys() & plans[1].loads.keys()


def test_every_relay_of_a_product_has_a_load_of_its_own() -> None:
    plan = plan_of(product("1lvoami725jftkvh"), "lamp", "strip")
    assert plan.relays == {"on_1": ["strip 1"], "on_2": ["strip 2"]}
