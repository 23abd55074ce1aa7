"""Bills and costs where prices begin, end, are missing or are limited: energy is never free without a word."""

from collections.abc import Sequence
from datetime import date, timedelta
from decimal import Decimal
from zoneinfo import ZoneInfo

import pytest

from unclouded.core.calendar.days import HolidayList
from unclouded.core.errors import CommandError
from unclouded.tariffs.bill import Bill, bill
from unclouded.tariffs.billing import chosen_period, cycle_of
from unclouded.tariffs.money import ATTO
from unclouded.tariffs.price import quarter_price
from unclouded.tariffs.pricing import Pricing
from unclouded.tariffs.quarters import HomeEnergy, day_begin
from unclouded.tariffs.reading import tariff_of
from unclouded.tariffs.shares import QuarterCosts, quarter_costs
from unclouded.tariffs.tables import TariffPartTable, TariffTable, TariffTaxTable, TariffTierTable

MADRID, HOLIDAYS = ZoneInfo("Europe/Madrid"), HolidayList([])
JANUARY = date(2026, 1, 1)
KWH = 10**6


def part(name: str, price: object = 1, **more: object) -> TariffPartTable:
    return TariffPartTable(name=name, price=None if "feed" in more else price, **more)  # type: ignore[arg-type]


def priced(
    parts: Sequence[TariffPartTable],
    days: int = 1,
    bought: int = KWH,
    fed_in: int = 0,
    controlled: int = 0,
    **more: object,
) -> tuple[Bill, QuarterCosts]:
    """The same energy in each quarter from 1 January on, mWh: its bill and its costs."""
    tariff = tariff_of(TariffTable(name="a", currency="EUR", part=list(parts), **more), HOLIDAYS)  # type: ignore[arg-type]
    until = JANUARY + timedelta(days=days)
    first, end = day_begin(JANUARY, MADRID), day_begin(until, MADRID)
    size = end - first
    energy = HomeEnergy(
        first=first,
        bought=[bought] * size,
        fed_in=[fed_in] * size,
        produced=[0] * size,
        controlled=[controlled] * size,
        unknown=bytes(size),
        estimated=bytes(size),
    )
    found = bill(tariff, energy, {}, MADRID, JANUARY, until, HOLIDAYS)
    return found, quarter_costs(Pricing(tariff, energy, {}, MADRID, HOLIDAYS))


LATER = date(2026, 2, 1)


@pytest.mark.parametrize(
    ("parts", "without"),
    [
        ([part("day", zones=["day"], from_=JANUARY), part("night", zones=["night"], from_=LATER)], 36),
        ([part("day", zones=["day"]), part("night", zones=["night"], feed="spot")], 36),
        ([part("all"), part("boiler", load="controlled", from_=LATER)], 96 * 0.25),
        ([part("all", from_=LATER), part("boiler", load="controlled", from_=LATER)], 96),
        ([part("all", feed="spot"), part("boiler", load="controlled", feed="spot")], 96),
        ([part("all", feed="spot"), part("boiler", load="controlled")], 96 * 0.75),
        ([part("all", feed="spot"), part("levy", feed="levy")], 96),
    ],
)
def test_energy_without_a_price_is_named_by_zone_and_meter(parts: list[TariffPartTable], without: float) -> None:
    zones = {"day": "08:00-23:00", "night": "other"}
    found, costs = priced(parts, controlled=KWH // 4, zones=zones)
    assert (found.unpriced, sum(costs.unpriced)) == (without * KWH, without * KWH)
    charged = sum(line.quantity for line in found.lines)
    assert charged + found.unpriced // KWH == 96
    assert sum(gap.mWh for gap in found.gaps) >= found.unpriced


@pytest.mark.parametrize("days", [1, 31, 32])
def test_feed_in_is_limited_in_each_billing_period(days: int) -> None:
    parts = [part("energy", Decimal("0.1")), part("surplus", kind="feed_in", at_most="energy")]
    found, costs = priced(parts, days, fed_in=KWH)
    assert found.total == 0 and sum(costs.earned) / ATTO == pytest.approx(days * 9.6)


@pytest.mark.parametrize(("price", "paid", "earned"), [(-1, 1, 0), (-1, 0, 0), (-1, -1, -9.6), (0, 1, 0), (1, 2, 9.6)])
def test_feed_in_is_limited_where_prices_are_negative(price: int, paid: int, earned: float) -> None:
    parts = [part("energy", Decimal(price) / 10), part("surplus", Decimal(paid) / 10, kind="feed_in", at_most="energy")]
    found, costs = priced(parts, fed_in=KWH)
    assert sum(costs.earned) / ATTO == earned
    assert sum(line.amount for line in found.lines if line.kind == "feed_in") == -Decimal(str(earned))


@pytest.mark.parametrize(("used", "price"), [(0, 1), (4, 2), (5, 2)])
def test_the_next_kWh_after_a_full_tier_has_the_price_of_the_next_one(used: int, price: int) -> None:
    table = part("tiers", None, tiers=[TariffTierTable(up_to=4, price=1), TariffTierTable(price=2)], per="day")
    _, costs = priced([table], bought=used * KWH)
    assert costs.marginal[0] == price * 10**12
    tariff = tariff_of(TariffTable(name="a", currency="EUR", part=[table]), HOLIDAYS)
    first = day_begin(JANUARY, MADRID)
    nothing = [0, 0]
    energy = HomeEnergy(
        first=first,
        bought=[used * KWH, 0],
        fed_in=nothing,
        produced=nothing,
        controlled=nothing,
        unknown=bytes(2),
        estimated=bytes(2),
    )
    assert quarter_price(Pricing(tariff, energy, {}, MADRID, HOLIDAYS), first + 1).price == price


@pytest.mark.parametrize(
    ("per", "a_day", "limit"),
    [
        ("", False, 2 * 100),  # January and February
        ("", True, 100 * (31 + 28)),
        ("month", True, 100 * (31 + 28)),
        ("year", False, 100),
        ("year", True, 100 * 365),
        ("day", False, 100 * 40),
    ],
)
def test_tiers_fill_anew_in_each_of_their_periods(per: str, a_day: bool, limit: int) -> None:
    """40 days of 96 × 4 kWh."""
    tiers = [TariffTierTable(up_to=100, a_day=a_day, price=1), TariffTierTable(price=0)]
    found, _ = priced([part("tiers", None, tiers=tiers, per=per)], 40, bought=4 * KWH)
    used_in_february = 9 * 96 * 4
    first = 31 * 100 + min(28 * 100, used_in_february) if limit == 100 * (31 + 28) else min(limit, 40 * 96 * 4)
    assert found.total == first


def test_a_tax_that_changes_does_not_divide_the_limit_of_feed_in() -> None:
    parts = [part("energy"), part("surplus", kind="feed_in", at_most="energy", from_=date(2026, 1, 16))]
    taxes = [
        TariffTaxTable(name="VAT", percent=0, until=date(2026, 1, 15)),
        TariffTaxTable(name="VAT", percent=20, from_=date(2026, 1, 16)),
    ]
    found, costs = priced(parts, 31, fed_in=3 * KWH, tax=taxes)
    paid = [line.amount for line in found.lines if line.kind == "feed_in"]
    assert sum(paid) == -31 * 96 and sum(costs.earned) == 31 * 96 * ATTO  # the energy charged in the whole month


@pytest.mark.parametrize("text", ["2026-10-14..2026-10-13", "0001", "1969-12-31", "0001-01..", "9999", "10000-01-01"])
def test_what_is_no_period_is_refused(text: str) -> None:
    with pytest.raises(CommandError):
        chosen_period(text, cycle_of("month from 15"), date(2026, 11, 30))
