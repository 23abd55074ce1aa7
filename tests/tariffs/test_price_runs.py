"""The price of the days to come: runs of equal prices, with taxes, zones, dynamic prices and days of 23 hours."""

from datetime import date
from decimal import Decimal
from fractions import Fraction
from zoneinfo import ZoneInfo

from unclouded.core.calendar.days import HolidayList
from unclouded.core.feeds import FeedInterval
from unclouded.tariffs.price_runs import price_runs
from unclouded.tariffs.pricing import Feeds
from unclouded.tariffs.quarters import day_begin
from unclouded.tariffs.reading import tariff_of
from unclouded.tariffs.tables import TariffPartTable, TariffTable, TariffTaxTable
from unclouded.tariffs.tariff import Tariff

MADRID = ZoneInfo("Europe/Madrid")
NO_HOLIDAYS = HolidayList([])


def part(price: object, **more: object) -> TariffPartTable:
    return TariffPartTable(name="energy", price=price, **more)  # type: ignore[arg-type]


def tariff(*parts: TariffPartTable, **more: object) -> Tariff:
    return tariff_of(TariffTable(name="home", currency="EUR", part=list(parts), **more), NO_HOLIDAYS)  # type: ignore[arg-type]


def runs(
    found: Tariff, first: date, end: date, feeds: Feeds | None = None
) -> list[tuple[float, Fraction | None, str, Fraction | None]]:
    begin = day_begin(first, MADRID)
    rows = price_runs(found, feeds or {}, begin, day_begin(end, MADRID), MADRID, NO_HOLIDAYS)
    return [((one.first - begin) / 4, one.price, one.zone, one.feed_in) for one in rows]


def test_a_fixed_price_is_one_run_with_its_taxes() -> None:
    vat = TariffTaxTable(name="VAT", percent=Decimal(21))
    found = runs(tariff(part(Decimal("0.1")), tax=[vat]), date(2026, 11, 30), date(2026, 12, 2))
    assert found == [(0, Fraction(121, 1000), "", None)]


def test_zones_are_runs_also_on_a_day_of_23_hours() -> None:
    zones = {"night": "daily 00:00-08:00", "rest": "other"}
    found = runs(
        tariff(part({"night": Decimal("0.1"), "rest": Decimal("0.2")}), zones=zones),
        date(2026, 3, 29),
        date(2026, 3, 30),
    )
    assert found == [(0, Fraction(1, 10), "night", None), (7, Fraction(1, 5), "rest", None)]


def test_parts_add_up_and_what_is_paid_for_feed_in_stands_beside() -> None:
    levy = TariffPartTable(name="levy", price=Decimal("0.02"))
    paid = TariffPartTable(kind="feed_in", name="sold", price=Decimal("0.06"))
    found = runs(tariff(part(Decimal("0.1")), levy, paid), date(2026, 11, 30), date(2026, 12, 1))
    assert found == [(0, Fraction(12, 100), "", Fraction(6, 100))]


def test_a_tax_that_changes_begins_a_run() -> None:
    vat = [
        TariffTaxTable(name="VAT before", percent=Decimal(10), until=date(2026, 11, 30)),
        TariffTaxTable(name="VAT", percent=Decimal(20), from_=date(2026, 12, 1)),
    ]
    (first, *_, last) = runs(tariff(part(Decimal("0.1")), tax=vat), date(2026, 11, 30), date(2026, 12, 2))
    assert (first[:2], last[:2]) == ((0, Fraction(11, 100)), (24, Fraction(12, 100)))


def test_dynamic_prices_end_where_they_are_not_known() -> None:
    begin = day_begin(date(2026, 11, 30), MADRID) * 900
    feed = [FeedInterval(begin, begin + 3600, Decimal("0.3")), FeedInterval(begin + 3600, begin + 7200, Decimal("0.1"))]
    dynamic = TariffPartTable(name="spot", feed="spot")
    found = runs(tariff(dynamic), date(2026, 11, 30), date(2026, 12, 1), {"spot": feed})
    assert found == [(0, Fraction(3, 10), "", None), (1, Fraction(1, 10), "", None), (2, None, "", None)]
