"""The import of raw facts: what it makes of them, as a person reads it."""

import subprocess
import sys
from pathlib import Path

import pytest

from unclouded.profiles.catalogue import Catalogue, CatalogueTable

ROOT = Path(__file__).parent.parent.parent

TABLES = """\
table\tkind\tmaker_model\tsources\tproduct_ids
E1\tplug\taaaaaaaaaaaaaaaa=Maker One\tiobroker.tuya 3.18.2 lib/schema.json\taaaaaaaaaaaaaaaa,bbbbbbbbbbbbbbbb
Z1\tsensor_water\tMaker Two: TS0601/_TZE200_cccccccc | also Other T\tKoenkk/zigbee-herdsman-converters:x.ts T\tcccccccc
Z2\tsensor_water\tMaker Three: TS0601/_TZE204_cccccccc\tiobroker.tuya 3.18.2 lib/schema.json cccccccc\tcccccccc
L1\tplug\tmaker four\tmake-all/tuya-local:devices/four.yaml\t-
E2\tdin_meter\t\tiobroker.tuya 3.18.2 lib/schema.json\taaaealnecwgwerjl
"""
COLUMNS = "table\tdp\ttype\tkey\tunit\tscale\tenum\taccess\traw_layout\tconfidence\tcode\tnote\n"
ROWS = [
    "E1|1|bool|on||||rw||A|switch_1|",
    "E1|17|value|energy_import_Wh|Wh|1||rw||A|add_ele|counter=increment; wire 0..50000",
    "E1|19|value|power_W|W|0.1||rw||A|cur_power|negative when dp 45 = 0 (production)",
    "E1|26|bitmap|fault|||bit0:ov_cr bit1:leakagecurr_alarm|ro||B|fault|",
    "E1|38|enum|after_power_cut|||0:0 1:1 2:2|rw||B|relay_status|",
    "E1|40|enum|indicator|||order unverified: pos none|rw||B|light_mode|",
    "E1|45|enum|direction|||0:production 1:consumption|ro||B|status|",
    "E1|101|value|temp_current_C|C|0.1||ro||B|TempCurrent|",
    "E1|102|value|setpoint_min||||rw||B|lower_temp|wire 5..30",
    "Z1|1|enum|water|||0:True|ro||B||",
    "Z2|1|enum|dp_1|||0:a 1:b|ro||B||",
    "L1|1|bool|switch||||rw||B||",
    "E2|6|raw|phase_a||||ro|8B V@0:2x0.1V I@2:3x0.001A P@5:3x1W|A|phase_a|",
    "E2|15|value|balance_kWh|A|0.01||ro||A|balance_energy|",
    "E2|9|value|power_W|W|1||ro||B!|power_total|CONFLICT: schema x1 W, tuya-local x0.1 W",
    "E2|47|value|colour_temperature_C|C|1||ro||A|temp_value|",
    "E2|48|value|wind_speed_ms|ms|0.1||ro||A|windspeed_avg|",
    "E2|49|value|alarm_time_m|m|1||rw||A|alarm_time|",
    "E2|50|value|energy_phase_a_A|A|0.01||ro||A|electricity_phase_a|",
]


@pytest.fixture(scope="module")
def catalogue(tmp_path_factory: pytest.TempPathFactory) -> Catalogue:
    folder = tmp_path_factory.mktemp("facts")
    (folder / "tables.tsv").write_text(TABLES, "utf-8")
    (folder / "rows.tsv").write_text(COLUMNS + "".join(row.replace("|", "\t") + "\n" for row in ROWS), "utf-8")
    words = [sys.executable, "-m", "tools.catalogue", "--from", str(folder), "--to", str(folder / "made")]
    done = subprocess.run(words, cwd=ROOT, capture_output=True, text=True, check=False)
    assert done.returncode == 0, done.stderr
    assert done.stdout == f"5 tables, {len(ROWS)} rows, 4 products\n"
    return Catalogue(folder / "made")


def table(catalogue: Catalogue, product: str, family: str = "tuya_wifi") -> CatalogueTable:
    found = catalogue.find(family, product)
    assert found is not None
    return found


def test_a_unit_that_a_quantity_does_not_have_is_a_slip(catalogue: Catalogue) -> None:
    rows = {row.dp: row for row in table(catalogue, "aaaealnecwgwerjl").rows}
    assert rows[15].key == "balance_kWh"


def test_a_unit_is_that_of_what_is_measured(catalogue: Catalogue) -> None:
    keys = {row.dp: row.key for row in table(catalogue, "aaaealnecwgwerjl").rows}
    expected = {47: "temperature_C", 48: "wind_speed_mps", 49: "alarm_time_min", 50: "current_phase_a_A"}
    assert {dp: keys[dp] for dp in expected} == expected


def test_what_a_plug_measures_is_read_only_and_counted(catalogue: Catalogue) -> None:
    rows = {row.dp: row for row in table(catalogue, "bbbbbbbbbbbbbbbb").rows}
    assert (rows[17].counter, rows[17].access, rows[17].high) == ("increment", "r", 50_000)
    assert (rows[19].access, rows[19].negative_when, rows[19].confidence) == ("r", (45, 0), "confirmed")
    assert rows[1].access == "rw"


def test_options_are_written_alike_in_the_order_of_the_wire(catalogue: Catalogue) -> None:
    rows = {row.dp: row for row in table(catalogue, "aaaaaaaaaaaaaaaa").rows}
    assert rows[26].options == ("over_current", "leakage")
    assert rows[38].options == ("off", "on", "last")
    assert (rows[40].options, rows[40].possible) == ((), ("position", "off"))


def test_names_are_those_of_the_vocabulary(catalogue: Catalogue) -> None:
    rows = {row.dp: row for row in table(catalogue, "aaaaaaaaaaaaaaaa").rows}
    assert (rows[101].key, rows[102].key) == ("temperature_C", "setpoint_lowest")  # not minutes


def test_an_id_with_two_tables_belongs_to_that_of_the_schema(catalogue: Catalogue) -> None:
    assert table(catalogue, "cccccccc", "tuya_gateway").makers == ("Maker Three",)
    assert table(catalogue, "_TZE204_cccccccc", "tuya_gateway").makers == ("Maker Three",)
    other = table(catalogue, "_TZE200_cccccccc", "tuya_gateway")
    assert (other.makers, other.rows[0].true_is) == (("Maker Two", "Other T"), (0,))


def test_a_product_without_an_id_has_its_table_by_name(catalogue: Catalogue) -> None:
    made = catalogue.get("catalogue/plug/maker_four")
    assert (made.products, made.rows[0].key, made.title) == ((), "on", "Plug: maker four")


def test_a_decision_settles_a_conflict(catalogue: Catalogue) -> None:
    rows = {row.dp: row for row in table(catalogue, "aaaealnecwgwerjl").rows}
    assert (rows[9].confidence, rows[6].decode) == ("confirmed", "phase")
