"""Products that the catalogue is made to forget: what it says of them by what they report."""

import random
from collections.abc import Iterator

import pytest

from unclouded.core.profile import SeenPoint
from unclouded.core.quantities import CURRENT, POWER, VOLTAGE, quantity_of
from unclouded.profiles.catalogue import Catalogue, CatalogueRow, CatalogueTable
from unclouded.profiles.catalogue.matching import ProductMatch, ProductMatcher

TABLES = list(Catalogue().tables("tuya_wifi"))
MATCHER = ProductMatcher(TABLES)
PLAUSIBLE = {
    "temperature": (15, 28),
    "setpoint": (15, 25),
    "humidity": (30, 70),
    "battery": (20, 100),
    "energy": (0, 3000),
}
REPORTS = 3  # of each data point


def number(row: CatalogueRow, chance: random.Random) -> int:
    """A count that the product could report: plausible where the name says of what, else within its range."""
    low, high = row.low or 0, 100 if row.high is None else row.high
    span = next((span for part, span in PLAUSIBLE.items() if part in row.key), None)
    if span is None:
        return int(low + max(high - low, 0) * chance.random() ** 3)
    return int(min(max(chance.uniform(*span) / float(row.scale), low), high))


def loaded(table: CatalogueTable, chance: random.Random) -> dict[int, int]:
    """The counts of power, voltage and current, by data point, while a load is on."""
    found = {}
    for row in table.rows:
        quantity = quantity_of(row.key)
        if quantity is not None and row.type == "value":
            load = random.Random(f"{table.name}{quantity[1]}")
            volts, amperes, factor = load.uniform(222, 240), load.uniform(0.05, 8), load.uniform(0.5, 1)
            values = {POWER: volts * amperes * factor, VOLTAGE: volts, CURRENT: amperes}
            if quantity[0] in values:
                found[row.dp] = round(values[quantity[0]] / float(row.scale))
    return found


def reports(table: CatalogueTable, chance: random.Random, share: float = 1.0) -> Iterator[SeenPoint]:
    """What a product reports of its data points, or of a share of these."""
    counts = loaded(table, chance)
    for row in table.rows:
        if chance.random() >= share:
            continue
        match row.type:
            case "value":
                seen = [counts[row.dp]] if row.dp in counts else [number(row, chance) for _ in range(REPORTS)]
            case "enum":
                options = len(row.options or row.possible) or 2
                seen = [chance.randrange(options) for _ in range(REPORTS)]
            case "bitmap":
                seen = [0]
            case _:
                yield SeenPoint(row.dp, row.type)
                continue
        yield SeenPoint(row.dp, row.type, min(seen), max(seen))


def forgotten(seed: int, count: int = 200) -> Iterator[tuple[str, CatalogueTable]]:
    products = [(product, table) for table in TABLES for product in table.products]
    return iter(random.Random(seed).sample(products, count))


@pytest.mark.parametrize("share", [1.0, 0.6])
@pytest.mark.parametrize("seed", [1, 2, 3])
def test_of_200_forgotten_products_95_percent_have_the_right_name_and_no_wrong_scale_is_sure(
    seed: int, share: float
) -> None:
    named = right = sure = 0
    wrong = []
    for product, table in forgotten(seed):
        match = MATCHER.match(reports(table, random.Random(product), share), {table.name: 1})
        rows = {(row.dp, row.type): row for row in table.rows}
        for one in match.rows:
            truth = rows.get((one.row.dp, one.row.type))
            if truth is None:
                continue  # a counter that was expected
            named += 1
            right += truth.key == one.row.key
            if one.is_sure and truth.type == "value":
                sure += 1
                if truth.scale != one.row.scale:
                    wrong.append((table.name, truth.dp, truth.key, one.row.scale))
    assert wrong == []
    assert right >= 0.95 * named and named > 1000 and sure > 300


def plug(power: int, voltage: int, current: int) -> dict[str, tuple[float, bool]]:
    """The points of a plug that reported this: the scale of each, and whether it is sure."""
    counts = {18: current, 19: power, 20: voltage, 9: 0, 21: 1, 22: 620}
    seen = [SeenPoint(dp, "value", count, count) for dp, count in counts.items()]
    seen += [SeenPoint(1, "bool"), SeenPoint(26, "bitmap", 0, 0), SeenPoint(38, "enum", 0, 2)]
    return {one.row.key: (float(one.row.scale), one.is_sure) for one in MATCHER.match(seen).rows}


def test_the_scale_of_a_plug_is_sure_where_physics_allows_it() -> None:
    points = plug(1500, 2301, 652)
    assert points["on"] == points["countdown_s"] == (1.0, True)
    assert points["current_A"] == (0.001, True)
    assert points["power_W"] == points["voltage_V"] == (0.1, True)
    assert points["energy_import_Wh"] == (1.0, True), "it was not reported yet: it counts increments"
    odd = plug(power=15_000, voltage=2301, current=652)
    assert not odd["power_W"][1] and not odd["current_A"][1], "1,500 W at 150 VA"


def test_a_voltage_in_hundredths_is_not_taken_for_tenths() -> None:
    points = plug(15_000, 23_010, 652)
    assert points.get("voltage_V", (0.01, True))[0] == 0.01 or not points["voltage_V"][1]
    assert points.get("power_W", (0.01, True))[0] == 0.01 or not points["power_W"][1]


def test_what_nothing_is_like_has_no_names() -> None:
    assert MATCHER.match([]) == ProductMatch()
    assert MATCHER.match([SeenPoint(250, "raw"), SeenPoint(251, "bitmap", 0, 0)]).rows == ()


def test_a_product_whose_table_is_known_is_found_by_its_reports() -> None:
    table = next(one for one in TABLES if one.kind == "thermostat" and len(one.rows) > 15 and len(one.products) > 1)
    match = MATCHER.match(reports(table, random.Random(1)))
    assert match.nearest == table.name and match.likeness == 1.0
