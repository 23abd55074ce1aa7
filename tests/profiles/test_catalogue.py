"""The catalogue of products: every table loads, every product is found, and known products are read right."""

from collections.abc import Mapping
from pathlib import Path

import pytest

from shipped_tables import TABLES
from unclouded.app.protocols import actions_of, settings_of
from unclouded.core.errors import ConfigError
from unclouded.core.profile import make_profile
from unclouded.core.sessions.session import Reported
from unclouded.families.tuya import FAMILY_GATEWAY, FAMILY_WIFI
from unclouded.families.tuya.line.datapoint import DataPoint, PointValue, read_points, write_points
from unclouded.families.tuya.values.phase import encode_phase
from unclouded.hub.energy.ledger import DeviceEnergy
from unclouded.hub.readings.interpret import Interpreter
from unclouded.profiles import ProfileLibrary
from unclouded.profiles.catalogue import Catalogue, CatalogueTable
from unclouded.profiles.catalogue.packed import FORMS
from unclouded.profiles.catalogue.text import read_table, sections, write_row, write_table

LIBRARY = ProfileLibrary(settings_of, actions_of=actions_of)
CATALOGUE = Catalogue()
WIRE_TYPES = {"raw": 0, "bool": 1, "value": 2, "string": 3, "enum": 4, "bitmap": 5}


def test_it_has_all_tables_and_products() -> None:
    assert len(TABLES) == 1609 == len(CATALOGUE.names()) == len({table.name for table in TABLES})
    products = [one for table in TABLES for one in table.products if not one.startswith("_T")]
    assert len(products) == len(set(products)) == 2656
    assert sum(len(table.rows) for table in TABLES) == 25_625


def test_every_table_makes_a_profile() -> None:
    for table in TABLES:
        profile = make_profile(table.profile_file(), table.where, settings_of, actions_of)
        assert {row.wire.split(".")[0] for row in profile.points} == {str(row.dp) for row in table.rows}
        decoders = (FAMILY_GATEWAY if table.family == "tuya_gateway" else FAMILY_WIFI).decoders
        assert {row.decode for row in profile.points} <= {"", *decoders}
        assert profile.main == "" or profile.by_key(profile.main) is not None


def test_every_product_is_found_in_its_table() -> None:
    for table in TABLES:
        for product in table.products:
            found = CATALOGUE.find(table.family, product)
            assert found is not None and found.name == table.name, product


def test_a_table_is_got_by_its_name() -> None:
    assert [CATALOGUE.get(table.name) for table in TABLES[::40]] == TABLES[::40]


def test_what_is_read_is_written_the_same() -> None:
    for table in TABLES:
        text = write_table(table)
        (section,) = sections(table.kind, text.encode())
        again = read_table(section)
        assert (again.products, again.models, again.sources, again.rows) == (
            table.products,
            table.models,
            table.sources,
            table.rows,
        )


@pytest.mark.parametrize(
    "product", ["37mnhia3pojleqf", "7mnhia3pojleqfh", "", "products", "a b", "ä", "[", "schema", "x\n"]
)
def test_part_of_an_id_is_no_product(product: str) -> None:
    assert CATALOGUE.find("tuya_wifi", product) is None


def test_products_of_other_families_are_not_looked_for() -> None:
    assert CATALOGUE.find("meross", "37mnhia3pojleqfh") is None


def test_a_sub_device_is_found_by_the_name_of_its_zigbee_manufacturer() -> None:
    by_id, by_name = (CATALOGUE.find("tuya_gateway", one) for one in ("81yrt3lo", "_TZE204_81yrt3lo"))
    assert by_id is not None and by_id == by_name and by_id.kind == "clamp"


def test_products_that_share_an_id_are_distinguished_by_that_name() -> None:
    plain, first, second = (
        CATALOGUE.find("tuya_gateway", one) for one in ("hewlydpz", "_TZE204_hewlydpz", "_TZE200_hewlydpz")
    )
    assert plain is not None and plain == first and second is not None and first != second


def test_a_known_sub_device_has_the_family_it_is_looked_for_in() -> None:
    profile = LIBRARY.for_product("tuya_gateway", "37mnhia3pojleqfh")
    assert profile is not None and profile.family == "tuya_gateway"


# --- readings -----------------------------------------------------------------------------------------


def on_the_wire(table: CatalogueTable, values: Mapping[int, PointValue]) -> bytes:
    """The data points as the product sends them."""
    types = {row.dp: WIRE_TYPES[row.type] for row in table.rows}
    return write_points(DataPoint(dp, types[dp], value) for dp, value in values.items())


def read(family: str, product: str, *reports: Mapping[int, PointValue]) -> dict[str, object]:
    """The newest readings of a product after its reports, from bytes on."""
    table = CATALOGUE.find(family, product)
    profile = LIBRARY.for_product(family, product)
    assert table is not None and profile is not None
    device = Interpreter("x", profile, DeviceEnergy("x", {}), FAMILY_WIFI.decoders)
    newest: dict[str, object] = {}
    for at, report in enumerate(reports):
        points = read_points(on_the_wire(table, report))
        reported = Reported({str(point.id): point.value for point in points})
        newest |= {one.point: one.value for one in device.readings(reported, at=float(at))}
    return newest


def test_an_old_plug_whose_schema_gives_no_scale() -> None:
    said = read("tuya_wifi", "37mnhia3pojleqfh", {4: 135, 5: 313, 6: 2357})
    assert (said["voltage_V"], said["current_A"], said["power_W"]) == (235.7, 0.135, 31.3)


def test_an_old_plug_counts_the_energy_it_reports_bit_by_bit() -> None:
    said = read("tuya_wifi", "37mnhia3pojleqfh", {3: 5}, {3: 7})
    assert said["energy_import_Wh"] == 12


def test_a_metering_plug() -> None:
    said = read("tuya_wifi", "2iepauebcvo74ujc", {1: True, 18: 2198, 19: 4953, 20: 2314, 26: 0b101, 38: 2, 40: 1})
    assert (said["on"], said["current_A"], said["power_W"], said["voltage_V"]) == (True, 2.198, 495.3, 231.4)
    assert (said["after_power_cut"], said["indicator"]) == ("last", "position")


def test_a_plug_in_milliwatts() -> None:
    assert read("tuya_wifi", "i4fg8sszym1rtqz7", {19: 12_345})["power_W"] == 12.345


def test_a_plug_of_hundredths() -> None:
    said = read("tuya_wifi", "sqrf2g1amfutn4co", {17: 3, 18: 500, 19: 11_500, 20: 23_000, 134: 99})
    assert (said["power_W"], said["voltage_V"], said["power_factor"]) == (115.0, 230.0, 0.99)


@pytest.mark.parametrize(("product", "outward"), [("5a07xretrzgox3gi", 0), ("35maf7mgt5hbf3qr", 1)])
def test_a_plug_of_solar_modules_whose_direction_is_another_data_point(product: str, outward: int) -> None:
    assert read("tuya_wifi", product, {45: outward, 19: 6000})["power_W"] == -600
    assert read("tuya_wifi", product, {45: 1 - outward, 19: 6000})["power_W"] == 600


def test_a_breaker_of_three_phases() -> None:
    said = read("tuya_wifi", "kxdr6su0c55p7bbo", {1: 1234, 6: bytes.fromhex("08A300027D00006C"), 9: 1 << 8})
    assert (said["voltage_a_2_V"], said["current_a_2_A"], said["power_a_2_W"]) == (221.1, 0.637, 108.0)
    assert said["energy_import_Wh"] == 12_340


def test_a_meter_of_one_phase_has_no_letters() -> None:
    said = read(
        "tuya_wifi", "ze8faryrxr0glqnn", {6: encode_phase({"voltage": 2338, "current": 5620, "power": 11850}, "8")}
    )
    assert (said["voltage_V"], said["current_A"], said["power_W"]) == (233.8, 5.62, 1185.0)


def test_a_charger_of_vehicles() -> None:
    said = read("tuya_wifi", "aaaealnecwgwerjl", {3: 4, 5: 1397, 9: 1397, 25: 123})
    assert (said["state"], said["power_W"], said["energy_session_Wh"]) == ("charger_charging", 1397, 1230)


def test_the_rated_current_of_a_charger_picks_its_limit() -> None:
    table = next(table for table in TABLES if any(row.used_when for row in table.rows))
    product = table.products[0]
    limits = {row.used_when: row.dp for row in table.rows if row.used_when}
    ((rated, index), dp) = sorted(limits.items())[1]
    said = read("tuya_wifi", product, {rated: index, dp: 20})
    assert said["charge_current_limit_A"] == 20
    assert "charge_current_limit_A" not in read("tuya_wifi", product, {dp: 20})


def test_a_clamp_of_two_channels_reports_each_direction_before_its_power() -> None:
    said = read("tuya_wifi", "wifech3utowiyknu", {102: 1, 101: 2500, 104: 0, 105: 1000})
    assert (said["power_a_W"], said["power_b_W"]) == (-250.0, 100.0)


def test_a_clamp_that_reports_directions_one_group_late_says_so() -> None:
    rows = {row.dp: row for row in CATALOGUE.get("catalogue/clamp/81yrt3lo").rows}
    assert [dp for dp, row in rows.items() if row.direction_lags] == [101, 105]
    assert write_row(rows[101]) == "101 value r power_a_W x0.1 negative:102=1 lags = (power_a)"


def test_a_total_power_that_was_divided_without_its_sign() -> None:
    said = read("tuya_gateway", "gomuk3dc", {29: 0x19999406})
    assert said["power_W"] == -1428


def test_a_radiator_valve() -> None:
    said = read("tuya_gateway", "bvu2wnxz", {4: 215, 5: 198, 7: True, 2: 1})
    assert (said["setpoint_C"], said["temperature_C"], said["child_lock"], said["mode"]) == (21.5, 19.8, True, "manual")


@pytest.mark.parametrize(("index", "wet"), [(0, True), (1, False)])
def test_water_is_an_alarm_at_0(index: int, wet: bool) -> None:
    assert read("tuya_gateway", "upgcbody", {1: index})["water"] is wet


def test_a_thermostat_in_half_degrees() -> None:
    assert read("tuya_wifi", "N8bUqOZ8HBQjU0K0", {2: 43})["setpoint_C"] == 21.5


def test_a_setting_has_the_limits_of_the_wire() -> None:
    profile = LIBRARY.for_product("tuya_gateway", "bvu2wnxz")
    assert profile is not None
    setpoint = profile.by_key("setpoint_C")
    assert setpoint is not None and (setpoint.point.minimum, setpoint.point.maximum) == (5, 35)


def test_what_is_measured_cannot_be_set() -> None:
    settable = {row.key for table in TABLES for row in table.rows if "w" in row.access}
    assert not settable & {"power_W", "voltage_V", "current_A", "energy_import_Wh", "energy_export_Wh", "frequency_Hz"}


def test_energy_of_a_day_or_a_charge_is_no_counter() -> None:
    counted = {row.key for table in TABLES for row in table.rows if row.counter in ("total", "increment")}
    assert all(key.startswith(("energy_import", "energy_export", "energy_charged", "energy_discharged", "energy_pv",
                               "reactive_energy")) for key in counted)  # fmt: skip


# --- the library --------------------------------------------------------------------------------------


def test_hand_written_profiles_come_before_the_catalogue(tmp_path: Path) -> None:
    shipped = LIBRARY.for_product("tuya_wifi", "z95s7p3z54xbsjnl")
    assert shipped is not None and shipped.name == "tuya/clamp_two_channels"
    (tmp_path / "mine.toml").write_text(
        'name = "mine"\nfamily = "tuya_wifi"\ntitle = "Mine"\nproducts = ["37mnhia3pojleqfh"]\n', "utf-8"
    )
    own = ProfileLibrary(settings_of, tmp_path).for_product("tuya_wifi", "37mnhia3pojleqfh")
    assert own is not None and own.name == "mine"


def test_a_library_reads_no_table_before_a_product_asks(monkeypatch: pytest.MonkeyPatch) -> None:
    read: list[str] = []

    def data(self: Catalogue, kind: str) -> bytes:
        read.append(kind)
        return b""

    monkeypatch.setattr(Catalogue, "_data", data)
    library = ProfileLibrary(settings_of)
    assert library.get("tuya/plug_metering") and library.names() and read == []
    library.for_product("meross", "mss310")
    assert read == []


def test_an_unknown_name_is_answered_without_listing_the_catalogue() -> None:
    with pytest.raises(ConfigError, match="and 1609 of the catalogue") as raised:
        LIBRARY.get("tuya/nothing")
    assert "catalogue/" not in str(raised.value)


def test_an_unknown_table_is_answered_with_their_number() -> None:
    with pytest.raises(ConfigError, match="has no table 'catalogue/plug/nothing'"):
        LIBRARY.get("catalogue/plug/nothing")


def test_the_title_is_that_of_the_product() -> None:
    named, other = (LIBRARY.for_product("tuya_wifi", one) for one in ("37mnhia3pojleqfh", "ab4kwxlrok0yvxuo"))
    assert named is not None and named.title == "SP111-A"
    assert other is not None and other.title == "Plug: SP111-A and the like"


# --- broken tables ------------------------------------------------------------------------------------


@pytest.mark.parametrize(
    ("row", "why"),
    [
        ("1 bool rw", "a row is"),
        ("one bool rw on -", "a row is"),
        ("1 bolo rw on -", "no type 'bolo'"),
        ("1 bool x on -", "not 'x'"),
        ("1 bool rw on rubbish -", "'rubbish' has no meaning"),
        ("1 value rw on x1e -", "'x1e' is not written right"),
        ("1 value rw on +sometimes -", "not written right"),
        ("1 value rw on negative:1 -", "not written right"),
        ("1 bool rw on true:a -", "not written right"),
        ("1 bool rw on (switch_1)", "how sure"),
        ("2 raw r phase_a decode:nothing -", "no form 'nothing'"),
        ("9 bool rw on -", "'on' is there twice"),
    ],
)
def test_a_broken_table_is_named_with_its_file_and_line(tmp_path: Path, row: str, why: str) -> None:
    (tmp_path / "plug.txt").write_text(f"# title\n\n[abc]\nproducts abc\n3 bool rw on -\n{row}\n", "utf-8")
    with pytest.raises(ConfigError, match=r"catalogue/data/plug\.txt:[36]") as raised:
        Catalogue(tmp_path).get("catalogue/plug/abc")
    assert why in str(raised.value)


def test_every_form_of_packed_values_is_one_that_the_family_decodes() -> None:
    assert {form.decoder for form in FORMS.values()} <= set(FAMILY_WIFI.decoders)
