"""The costs of devices: shares that add up to the whole in each period, whatever the meters say."""

from collections.abc import Sequence
from datetime import date, timedelta
from decimal import Decimal
from fractions import Fraction
from zoneinfo import ZoneInfo

from hypothesis import Phase, given, settings
from hypothesis import strategies as st

from unclouded.app.configuration.tables.costs import CostsTable
from unclouded.app.costs.cost_rows import CostTable, cost_table
from unclouded.app.costs.measured_home import MeasuredHome, home_energy, measured_home
from unclouded.app.costs.quarter_columns import EXPORT, IMPORT, QuarterColumn
from unclouded.core.calendar.days import HolidayList
from unclouded.core.feeds import FeedInterval
from unclouded.core.model import Device, Point
from unclouded.core.views.costs import CostRow
from unclouded.tariffs.pricing import Pricing
from unclouded.tariffs.quarters import QUARTER, day_begin
from unclouded.tariffs.reading import tariff_of
from unclouded.tariffs.tables import TariffPartTable, TariffTable, TariffTaxTable, TariffTierTable

HOBART, NO_HOLIDAYS = ZoneInfo("Australia/Lord_Howe"), HolidayList([])
DAY = date(2026, 4, 5)  # of 24.5 hours
FIRST = day_begin(DAY, HOBART)
SIZE = day_begin(DAY + timedelta(days=1), HOBART) - FIRST
CENT = Decimal("0.00001")


def device(id: str, parent: str = "", room: str = "", produces: bool = False, exports: bool = False) -> Device:
    points = [Point(key="power_W"), Point(key=IMPORT, kind="counter"), Point(key="on", kind="switch")]
    points += [Point(key=EXPORT, kind="counter")] if exports else []
    return Device(
        id=id, identity=f"t:{id}", family="", link="", profile="", points=tuple(points), parent=parent, room=room,
        produces=produces, name=id,
    )  # fmt: skip


METER, SECOND = device("meter", exports=True), device("second", exports=True)
ROOF = device("roof", "meter", produces=True)
PLUGS = [device("oven", "meter", "Kitchen"), device("strip", "meter", "Study"), device("lamp", "strip", "Study")]
LOOSE = [device("fridge", room="Kitchen"), device("inverter", produces=True), device("pump", "inverter", "Garden")]
HOMES: tuple[list[Device], ...] = (
    [METER, ROOF, *PLUGS],
    [METER, SECOND, ROOF, *PLUGS, *LOOSE],
    [METER],
    LOOSE,
    [*PLUGS, *LOOSE],
    [device("oven"), device("roof", produces=True)],
    [device("roof", produces=True)],
    [],
)
rates = st.integers(-20_000, 1_000_000).map(lambda number: Decimal(number) / 100_000)


@st.composite
def tariff_tables(draw: st.DrawFn) -> TariffTable:
    dear, cheap = draw(rates), draw(rates)
    parts = [
        draw(
            st.sampled_from(
                [
                    TariffPartTable(price={"day": dear, "night": cheap}),
                    TariffPartTable(
                        per="day", tiers=[TariffTierTable(up_to=3, price=dear), TariffTierTable(price=cheap)]
                    ),
                    TariffPartTable(feed="spot", add=cheap),
                ]
            )
        ),
        TariffPartTable(name="levy", price=Decimal("0.02"), zones=draw(st.sampled_from([[], ["night"]]))),
        TariffPartTable(kind="standing", per="month", price=Decimal("9.9")),
        TariffPartTable(kind="feed_in", price=cheap, at_most=draw(st.sampled_from(["", "energy"]))),
    ]
    parts += draw(st.sampled_from([[], [TariffPartTable(name="own", load="controlled", price=cheap)]]))
    taxes = [TariffTaxTable(name="duty", percent=Decimal("5.11269632"), on=["energy"])]
    return TariffTable(
        name="a",
        currency="EUR",
        zones={"day": "08:00-22:00", "night": "other"},
        part=parts,
        tax=[*taxes, TariffTaxTable(name="VAT", percent=draw(st.sampled_from([0, 21])))],
    )


@st.composite
def columns(draw: st.DrawFn) -> QuarterColumn:
    values = draw(st.lists(st.sampled_from([None, 0, 0, 1, 999, 250_000, 1_234_567]), min_size=7, max_size=7))
    found = [values[place // 2 % 7] for place in range(SIZE)]
    return QuarterColumn([one or 0 for one in found], bytes(one is None for one in found), bytes(SIZE))


def table_of(
    home: MeasuredHome, devices: Sequence[Device], table: TariffTable, read: dict[str, dict[str, QuarterColumn]],
    at: Sequence[float], rooms: bool = False,
) -> tuple[CostTable, Pricing, list[Fraction | None]]:  # fmt: skip
    feeds = {"spot": [FeedInterval(FIRST * QUARTER, (FIRST + 60) * QUARTER, Decimal("0.123456"))]}
    energy = home_energy(home, read, FIRST, FIRST + SIZE)
    pricing = Pricing(tariff_of(table, NO_HOLIDAYS), energy, feeds, HOBART, NO_HOLIDAYS)
    grams: list[Fraction | None] = [None if place % 10 == 3 else Fraction(200 + place, 3) for place in range(SIZE)]
    return cost_table(home, devices, pricing, read, at, grams, (), rooms), pricing, grams


def added(rows: Sequence[CostRow], place: int, what: str) -> Decimal:
    return sum((Decimal(getattr(row, what)[place] or 0) for row in rows if getattr(row, what)), Decimal(0))


@settings(max_examples=25, deadline=None, phases=[Phase.generate])
@given(
    devices=st.sampled_from(HOMES),
    table=tariff_tables(),
    drawn=st.lists(columns(), min_size=12, max_size=12),
    controlled=st.booleans(),
    borders=st.lists(st.integers(0, SIZE), max_size=4),
)
def test_devices_rest_fixed_and_feed_in_are_the_whole(
    devices: list[Device], table: TariffTable, drawn: list[QuarterColumn], controlled: bool, borders: list[int]
) -> None:
    costs = CostsTable(controlled=["oven"] if controlled and any(one.id == "oven" for one in devices) else [])
    home = measured_home(devices, costs)
    read = {
        one.id: {point.key: drawn[(2 * place + number) % 12] for number, point in enumerate(_counters(one))}
        for place, one in enumerate(devices)
    }
    at = [float((FIRST + one) * QUARTER) for one in sorted({0, SIZE, *borders})]
    found, pricing, grams = table_of(home, devices, table, read, at)
    rows = {one.id or one.kind: one for one in found.rows}
    counted = [one for one in found.rows if not one.inside and one.kind != "total"]
    for place in range(len(at) - 1):
        assert abs(added(counted, place, "cost") - added([rows["total"]], place, "cost")) < CENT * len(counted)
        assert added(counted, place, "kg") >= added([rows["total"]], place, "kg") - Decimal("1e-6")
    whole = sum((one.total_cost for one in counted), Decimal(0))
    assert abs(whole - rows["total"].total_cost) < CENT * len(counted)
    emitted = sum(
        (Fraction(mWh) * g for mWh, g in zip(pricing.energy.bought, grams, strict=True) if g is not None), Fraction(0)
    )
    assert abs(Decimal(rows["total"].total_kg or 0) - Decimal(float(emitted / 10**9))) < Decimal("1e-6")
    in_rooms, _, _ = table_of(home, devices, table, read, at, rooms=True)
    own = [one for one in found.rows if one.kind == "device" and not one.inside]
    of_rooms = [one for one in in_rooms.rows if one.kind == "device"]
    assert sum(one.total_cost for one in own) == sum(one.total_cost for one in of_rooms)
    assert {one.name for one in of_rooms} == {one.room for one in own}


def _counters(one: Device) -> list[Point]:
    return [point for point in one.points if point.kind == "counter"]
