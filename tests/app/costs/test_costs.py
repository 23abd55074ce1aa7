"""Costs of a home with a meter, a solar roof, a kettle and a boiler, from its store."""

import asyncio
import json
import shutil
from collections.abc import Callable, Iterator
from datetime import date, datetime
from decimal import Decimal
from fractions import Fraction
from pathlib import Path
from types import SimpleNamespace
from typing import cast
from zoneinfo import ZoneInfo

import msgspec
import pytest
from click.testing import CliRunner

from unclouded.app.configuration.config import Config, load_config
from unclouded.app.configuration.tables.costs import CostsTable
from unclouded.app.costs import access
from unclouded.app.costs.measured_home import measured_home
from unclouded.app.costs.quarter_columns import QuarterColumns
from unclouded.app.costs.reports import CostReports
from unclouded.app.costs.service import CostsService
from unclouded.cli import cli
from unclouded.core.errors import CommandError
from unclouded.core.feeds import FeedInterval, FeedValues
from unclouded.core.model import Device, Fact, Ledger, Point, PublicHub, Reading
from unclouded.core.views.costs import CostsView
from unclouded.store.editing.edit import NewEdit
from unclouded.store.file.schema import open_to_write
from unclouded.store.reading.reader import StoreReader
from unclouded.store.writer import StoreWriter
from unclouded.web.history.history import HistoryReader

MADRID = ZoneInfo("Europe/Madrid")
IMPORT, EXPORT = "energy_import_Wh", "energy_export_Wh"
FIRST = int(datetime(2026, 10, 24, tzinfo=MADRID).timestamp())
NOW = float(datetime(2026, 10, 27, tzinfo=MADRID).timestamp())
# Wh in each quarter of an hour by day (10:00 to 16:00 UTC) and by night
RISES = {
    ("meter", IMPORT): (0, 250),
    ("meter", EXPORT): (100, 0),
    ("roof", IMPORT): (400, 0),
    ("kettle", IMPORT): (150, 50),
    ("boiler", IMPORT): (100, 100),
    ("lamp", IMPORT): (10, 10),  # inside the kettle's strip
}
TEXT = """
[hub]
data = "{folder}"
timezone = "Europe/Madrid"

[[feed]]
name = "spot"

[[tariff]]
name = "Two zones"
currency = "EUR"
[tariff.zones]
day = "08:00-22:00"
night = "22:00-08:00"
[[tariff.part]]
price = {{ day = 0.20, night = 0.10 }}
[[tariff.part]]
kind = "standing"
per = "day"
price = 0.5
[[tariff.part]]
kind = "feed_in"
price = 0.05
[[tariff.tax]]
name = "VAT"
percent = 10

[[tariff]]
name = "Spot"
currency = "EUR"
[[tariff.part]]
feed = "spot"

[[tariff]]
name = "Controlled"
currency = "EUR"
[[tariff.part]]
price = 0.30
[[tariff.part]]
name = "Boiler"
load = "controlled"
price = 0.10

[costs]
tariff = "Two zones"
controlled = ["boiler"]
carbon_g_per_kWh = 200
"""


def device(id: str, parent: str = "", produces: bool = False, room: str = "") -> Device:
    points = [Point(key="power_W"), Point(key=IMPORT, kind="counter", exponent=0)]
    points += [Point(key=EXPORT, kind="counter", exponent=0)] if id == "meter" else [Point(key="on", kind="switch")]
    return Device(
        id=id, identity=f"t:{id}", family="", link="", profile="", points=tuple(points), parent=parent,
        produces=produces, room=room, name=id.title(),
    )  # fmt: skip


HOME = (
    device("meter"),
    device("roof", "meter", produces=True),
    device("kettle", "meter", room="Kitchen"),
    device("boiler", "meter", room="Cellar"),
    device("lamp", "kettle", room="Kitchen"),
)


class CostHome:
    """A store and a configuration of it. ``reports``: reads with what earlier answers kept."""

    def __init__(self, folder: Path, filled: Path) -> None:
        shutil.copy(filled, folder / "store.sqlite")
        file = folder / "unclouded.toml"
        file.write_text(TEXT.format(folder=folder))
        self.config: Config = load_config(file)
        self.db = open_to_write(self.config.store)
        self.writer = StoreWriter(self.db, lambda: NOW)
        self.kept = QuarterColumns()

    @property
    def reports(self) -> CostReports:
        return CostReports(self.config, HOME, self.kept)

    def read(self) -> StoreReader:
        return StoreReader(self.config.store)


@pytest.fixture(scope="module")
def filled(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """A store with three days of that home."""
    path = tmp_path_factory.mktemp("costs") / "store.sqlite"
    db = open_to_write(path)
    facts: list[Fact] = [*HOME, *(Ledger(identity=f"t:{id}", point=point) for id, point in RISES)]
    for (id, point), (by_day, by_night) in RISES.items():
        level = 0
        for at in range(FIRST - 900, int(NOW), 900):
            level += by_day if 10 <= at // 3600 % 24 < 16 else by_night
            facts.append(Reading(id, point, float(level), at + 899.0))
    StoreWriter(db, lambda: NOW).write(facts)
    db.close()
    return path


@pytest.fixture
def home(tmp_path: Path, filled: Path) -> Iterator[CostHome]:
    built = CostHome(tmp_path, filled)
    yield built
    built.db.close()


def costs(home: CostHome, by: str = "day", tariff: str = "", devices: tuple[str, ...] = ()) -> CostsView:
    with home.read() as reader:
        return home.reports.costs(reader, tariff, by, FIRST, NOW, NOW, devices)  # type: ignore[arg-type]


def test_devices_and_the_rest_add_up_to_the_whole_in_each_period(home: CostHome) -> None:
    for by, tariff in (("hour", "Two zones"), ("day", "Controlled"), ("billing", "Two zones")):
        view = costs(home, by, tariff)
        rows = [one for one in view.rows if not one.inside and one.kind != "total"]
        total = next(one for one in view.rows if one.kind == "total")
        for place, whole in enumerate(total.cost):
            parts = sum((one.cost[place] or Decimal(0) for one in rows), Decimal(0))
            assert abs(parts - (whole or 0)) < Decimal("0.00001"), (by, tariff, place)
    assert [one.id for one in view.rows if one.inside] == ["lamp"]


def test_the_night_on_which_the_clocks_go_back_costs_an_hour_more(home: CostHome) -> None:
    view = costs(home)
    total = next(one for one in view.rows if one.kind == "total")
    # 08:00 to 22:00 local are 56 quarters, 24 of them with sun, so 32 at 0.25 kWh × 0.20
    energy = [Fraction(1, 4) * (32 * Fraction(1, 5) + night * Fraction(1, 10)) for night in (40, 44, 40)]
    fed_in = Fraction(24 * 100, 1000) * Fraction(1, 20)
    for found, one in zip(total.cost, energy, strict=True):
        assert found is not None and Fraction(found) == (one + Fraction(1, 2)) * Fraction(11, 10) - fed_in
    assert view.at[2] - view.at[1] == 25 * 3600


def test_solar_saves_what_is_used_at_the_price_of_that_time(home: CostHome) -> None:
    solar = costs(home).solar
    assert solar is not None
    assert [solar.produced_kWh, solar.fed_in_kWh] == [3 * 24 * 0.4, pytest.approx(3 * 24 * 0.1)]
    assert solar.saved == pytest.approx(Decimal(3 * 24) * Decimal("0.3") * Decimal("0.2") * Decimal("1.1"))
    assert solar.kg == pytest.approx(3 * 24 * 0.3 * 0.2)


def test_carbon_is_that_of_what_was_bought(home: CostHome) -> None:
    rows = {one.id or one.kind: one for one in costs(home).rows}
    assert rows["total"].total_kg == pytest.approx(rows["total"].total_kWh * 0.2, rel=1e-6)
    counted = sum(rows[one].total_kg or 0 for one in ("kettle", "boiler", "rest"))
    assert counted == pytest.approx(rows["total"].total_kg, rel=1e-6)


def test_a_controlled_load_pays_its_own_price(home: CostHome) -> None:
    rows = {one.id or one.kind: one for one in costs(home, tariff="Controlled").rows}
    assert rows["boiler"].total_cost == pytest.approx(Decimal("0.1") * Decimal(rows["boiler"].total_kWh))
    with home.read() as reader:
        bill = home.reports.bill(reader, "Controlled", "2026-10-24..2026-10-26", NOW)
    boiler = next(one for one in bill.lines if one.part == "Boiler")
    assert boiler.quantity == pytest.approx(Decimal(rows["boiler"].total_kWh))
    assert bill.total == sum(one.amount for one in bill.lines)


def test_an_edit_a_late_reading_and_a_price_change_what_was_kept(home: CostHome) -> None:
    before = costs(home, devices=("kettle",)).rows[0]
    assert before == costs(home, devices=("kettle",)).rows[0]
    start = FIRST * 1000
    home.writer.edits.make(
        NewEdit(device=3, point=IMPORT, start=start, until=start + 86_400_000, action="void"), "test"
    )
    after = costs(home, devices=("kettle",)).rows[0]
    assert (after.cost[0], after.kWh[0], after.cost[1]) == (None, None, before.cost[1])
    home.writer.write([Reading("boiler", IMPORT, 10.0**7, FIRST + 8099.5)])
    assert costs(home, devices=("boiler",)).rows[0].kWh[0] > 1000  # type: ignore[operator]


def test_energy_without_a_price_is_named(home: CostHome) -> None:
    begin = FIRST + 6 * 3600
    home.writer.write([FeedValues("spot", (FeedInterval(FIRST, begin, Decimal("0.1")),))])
    with home.read() as reader:
        bill = home.reports.bill(reader, "Spot", "2026-10-24..2026-10-24", NOW)
        price = home.reports.price(reader, "Spot", FIRST)
        later = home.reports.price(reader, "Spot", begin)
    assert bill.total == Decimal("0.60") and bill.import_kWh == 18
    assert (bill.unpriced_kWh, bill.complete) == (12, False)
    assert bill.gaps[0].start == begin and sum(one.kWh or 0 for one in bill.gaps) == 12
    assert price.price == Decimal("0.1") and later.price is None and "no value of this time" in later.text


def test_a_period_without_a_price_or_an_intensity_costs_something_unknown_and_not_nothing(home: CostHome) -> None:
    day = FIRST + 86_400
    home.writer.write([FeedValues("spot", (FeedInterval(FIRST, day, Decimal("0.1")),))])
    carbon = msgspec.structs.replace(home.config.tables.costs, carbon_g_per_kWh=None, carbon_feed="spot")
    tables = msgspec.structs.replace(home.config.tables, costs=carbon)
    home.config = msgspec.structs.replace(home.config, tables=tables)
    view = costs(home, tariff="Spot")
    rows = {one.id or one.kind: one for one in view.rows}
    for id in ("kettle", "rest", "total"):
        assert [one is None for one in rows[id].cost] == [False, True, True], id
        assert [one is None for one in rows[id].kg] == [False, True, True], id
        assert None not in rows[id].kWh
    assert view.unpriced_kWh == view.no_intensity_kWh == pytest.approx(sum((rows["total"].kWh)[1:]))  # type: ignore[arg-type]


def test_what_a_device_costs_is_not_known_while_the_meter_is_off(home: CostHome) -> None:
    for number, point in ((1, IMPORT), (1, EXPORT)):
        begin = FIRST * 1000
        edit = NewEdit(device=number, point=point, start=begin, until=begin + 86_400_000, action="void")
        home.writer.edits.make(edit, "test")
    rows = {one.id or one.kind: one for one in costs(home).rows}
    assert rows["kettle"].cost[0] is None and rows["kettle"].kWh[0] and rows["kettle"].cost[1]
    assert rows["total"].cost[0] == rows["fixed"].cost[0] == Decimal("0.55")


def test_two_tariffs_are_compared_on_the_same_energy(home: CostHome) -> None:
    with home.read() as reader:
        view = home.reports.compare(reader, (), FIRST - 86_400, NOW, NOW)
    two, spot, _ = view.tariffs
    assert two.difference == 0 and spot.difference == spot.total - two.total
    assert two.total == two.energy + two.fixed + two.feed_in + two.tax
    assert 0.2 < view.missing_share < 0.3  # the first of four days has no data
    assert spot.unpriced_kWh == pytest.approx(view.import_kWh)


def test_what_is_chosen_must_be_there(home: CostHome) -> None:
    with pytest.raises(CommandError, match="There is no tariff 'x'"):
        costs(home, tariff="x")
    with pytest.raises(CommandError, match="There is no device 'y'"):
        costs(home, devices=("y",))


def test_a_changed_tariff_counts_at_once(home: CostHome) -> None:
    service = CostsService(home.config, cast(PublicHub, _Home()), cast(HistoryReader, _Threads(home)), lambda: NOW)
    assert asyncio.run(service.price("", FIRST)).price == Decimal("0.11")
    file = Path(home.config.where)
    file.write_text(file.read_text("utf-8").replace("night = 0.10", "night = 0.50"), "utf-8")
    service.use(load_config(file))
    assert asyncio.run(service.price("", FIRST)).price == Decimal("0.55")
    assert service.tariffs().tariffs[0].parts[0].prices["night"] == Decimal("0.5")


class _Home:
    def devices(self) -> tuple[Device, ...]:
        return HOME


class _Threads:
    """Reads at once."""

    def __init__(self, home: CostHome) -> None:
        self._home = home

    async def read(self, compute: Callable[[StoreReader], object]) -> object:
        with self._home.read() as reader:
            return compute(reader)


def test_a_home_without_a_meter_buys_what_its_devices_use() -> None:
    plugs = [device("a"), device("b")]
    found = measured_home(plugs, CostsTable())
    assert (found.grid, found.uses, found.solar) == ((), ("a", "b"), ())


@pytest.mark.parametrize(
    ("words", "shown"),
    [
        (["bill", "--period", "2026-10-24..2026-10-26"], "Standing charge, 3 days"),
        (["costs", "--from", "2026-10-24", "--to", "2026-10-27"], "what no plug measures"),
        (["costs", "kettle", "--by", "day", "--from", "2026-10-24", "--to", "2026-10-27"], "2026-10-25"),
        (["tariffs", "list"], "Two zones (EUR, billed by month) counts"),
        (["tariffs", "check"], "Valid: Two zones, Spot, Controlled."),
        (["tariffs", "compare", "Two zones", "Controlled", "--from", "2026-10-24", "--to", "2026-10-27"], "Controlled"),
        (["tariffs", "price", "--at", "2026-10-24T12:00"], "0.22 EUR/kWh: zone day, 0.2 (Energy"),
    ],
)
def test_the_command_line_shows_it(home: CostHome, words: list[str], shown: str) -> None:
    done = CliRunner().invoke(cli, [*words, "--config", home.config.where])
    assert done.exit_code == 0 and shown in done.output, done.output
    lines = CliRunner().invoke(cli, [*words, "--json", "--config", home.config.where]).output.splitlines()
    assert lines and all(isinstance(json.loads(one), dict) for one in lines)


def test_the_check_names_energy_without_a_dynamic_price(home: CostHome, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(access, "time", SimpleNamespace(time=lambda: NOW))
    done = CliRunner().invoke(cli, ["tariffs", "check", "--config", home.config.where])
    assert "Valid: Two zones" in done.output and "Spot: 55.000 kWh of the last 31 days have no price" in done.output
    home.writer.write([FeedValues("spot", (FeedInterval(FIRST, int(NOW), Decimal("0.1")),))])
    assert "no price" not in CliRunner().invoke(cli, ["tariffs", "check", "--config", home.config.where]).output


def test_the_days_are_those_of_the_bill(home: CostHome) -> None:
    with home.read() as reader:
        bill = home.reports.bill(reader, "", "2026-10", NOW)
    assert (bill.since, bill.until, bill.complete) == (str(date(2026, 10, 1)), "2026-10-27", False)
    assert bill.periods[0] == "2026-10"
