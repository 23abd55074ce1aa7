"""Bills: equal to a slow reference, they add up, on days of 23, 24, 25 and 24.5 hours."""

from collections.abc import Sequence
from datetime import UTC, date, datetime, timedelta
from decimal import Decimal
from fractions import Fraction
from zoneinfo import ZoneInfo

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from tariffs.reference import ReferenceHome, reference_month
from unclouded.core.calendar.days import HolidayList
from unclouded.core.feeds import FeedInterval
from unclouded.tariffs.bill import Bill, bill
from unclouded.tariffs.quarters import QUARTER, HomeEnergy, day_begin
from unclouded.tariffs.reading import tariff_of
from unclouded.tariffs.tables import TariffPartTable, TariffTable, TariffTaxTable, TariffTierTable

MONTHS = (
    ("Europe/Madrid", date(2026, 3, 1)),
    ("Europe/Madrid", date(2026, 10, 1)),
    ("America/New_York", date(2026, 11, 1)),
    ("Australia/Lord_Howe", date(2026, 4, 1)),
    ("Asia/Kathmandu", date(2026, 2, 1)),
    ("Pacific/Apia", date(2011, 12, 1)),
)
HOLIDAYS = HolidayList(["03-19", "10-12", "11-26"])
prices = st.integers(-5_000, 60_000).map(lambda number: Decimal(number) / 100_000)
PEAK = "workdays 10:00-14:00, 18:00-22:00"
NIGHT = "daily 00:00-08:00"


def zone_at(local: datetime) -> str:
    """peak, night and rest as the texts above say."""
    is_holiday = (local.month, local.day) in {(3, 19), (10, 12), (11, 26)}
    if local.hour < 8:
        return "night"
    is_peak = 10 <= local.hour < 14 or 18 <= local.hour < 22
    return "peak" if is_peak and local.weekday() < 5 and not is_holiday else "rest"


@st.composite
def parts(draw: st.DrawFn) -> TariffPartTable:
    kind = draw(st.sampled_from(["zones", "fixed", "tiers", "feed", "feed_in", "standing", "power", "credit", "free"]))
    name = draw(st.sampled_from(["one", "two", "three"])) + kind
    price = draw(prices)
    match kind:
        case "zones":
            return TariffPartTable(name=name, price={"peak": price, "night": draw(prices), "rest": draw(prices)})
        case "fixed":
            return TariffPartTable(
                name=name, price=price, zones=draw(st.sampled_from([[], ["peak"], ["night", "rest"]]))
            )
        case "tiers":
            first, more = draw(st.integers(1, 40)), draw(st.integers(1, 40))
            tiers = [TariffTierTable(up_to=first, price=price), TariffTierTable(up_to=first + more, price=draw(prices))]
            return TariffPartTable(
                name=name,
                tiers=[*tiers, TariffTierTable(price=draw(prices))],
                per=draw(st.sampled_from(["day", "month", "billing"])),
            )
        case "free":
            tiers = [TariffTierTable(up_to=Decimal("1.5"), price=0), TariffTierTable(price=price)]
            return TariffPartTable(name=name, zones=["night"], tiers=tiers, per="day")
        case "feed":
            return TariffPartTable(
                name=name,
                feed="spot",
                factor=draw(st.sampled_from([None, Decimal("1.075"), Decimal("0.001")])),
                add=draw(st.sampled_from([None, Decimal("0.02")])),
                floor=draw(st.sampled_from([None, 0])),
                ceiling=draw(st.sampled_from([None, Decimal("0.25")])),
                fallback=draw(st.sampled_from([None, Decimal("0.19")])),
            )
        case "feed_in":
            return TariffPartTable(kind="feed_in", name=name, price=price)
    per = draw(st.sampled_from(["day", "month", "billing", "year"]))
    kW = Decimal("4.6") if kind == "power" else None
    return TariffPartTable(kind=kind, name=name, price=abs(price), per=per, kW=kW)  # type: ignore[arg-type]


@st.composite
def tariffs(draw: st.DrawFn) -> TariffTable:
    found = [
        TariffPartTable(name="base", price=draw(prices)),
        *draw(st.lists(parts(), max_size=4, unique_by=lambda one: one.name)),
    ]
    taxes = [TariffTaxTable(name="duty", percent=Decimal("5.11269632"), on=["energy", "power"])]
    taxes += [TariffTaxTable(name="VAT", percent=21)]
    return TariffTable(
        name="any",
        currency=draw(st.sampled_from(["EUR", "JPY", "KWD"])),
        zones={"peak": PEAK, "night": NIGHT, "rest": "other"},
        part=found,
        tax=draw(st.sampled_from([[], taxes[:1], taxes[1:], taxes])),
    )


@st.composite
def days_of_energy(draw: st.DrawFn) -> list[int]:
    """mWh of 32 quarters of an hour, which repeat."""
    return draw(st.lists(st.sampled_from([0, 1, 250, 99_999, 1_234_567, 3_000_001]), min_size=32, max_size=32))


@settings(max_examples=10, deadline=None)
@given(
    table=tariffs(),
    place=st.sampled_from(MONTHS),
    bought=days_of_energy(),
    fed_in=days_of_energy(),
    feed=st.lists(st.tuples(st.sampled_from([300, 900, 1800, 3600]), st.booleans(), prices), min_size=24, max_size=24),
)
def test_a_bill_is_that_of_the_slow_reference(
    table: TariffTable,
    place: tuple[str, date],
    bought: Sequence[int],
    fed_in: Sequence[int],
    feed: Sequence[tuple[int, bool, Decimal]],
) -> None:
    zone, month = ZoneInfo(place[0]), place[1]
    first, end = day_begin(month, zone), day_begin(month + timedelta(days=31), zone)
    used = [one - first < 480 or end - one < 480 for one in range(first, end)]  # the first and the last five days
    day = [one for one, is_used in zip(range(first, end), used, strict=True) if is_used]
    energy = _home(
        first,
        [bought[one % 32] if used[one - first] else 0 for one in range(first, end)],
        [fed_in[one % 32] if used[one - first] else 0 for one in range(first, end)],
    )
    home = ReferenceHome()
    for number in day:
        home.bought[number * QUARTER] = Fraction(bought[number % 32], 10**6)
        home.fed_in[number * QUARTER] = Fraction(fed_in[number % 32], 10**6)
        home.controlled[number * QUARTER] = Fraction(0)
    feeds = {"spot": _intervals(feed, first * QUARTER, first * QUARTER + 6 * 86_400)}
    digits = {"EUR": 2, "JPY": 0, "KWD": 3}[table.currency]
    tariff = tariff_of(table, HOLIDAYS)
    following = (month + timedelta(days=31)).replace(day=1)
    found = bill(tariff, energy, feeds, zone, month, following, HOLIDAYS)
    lines, total, without = reference_month(table, home, feeds, zone, zone_at, month, digits)
    assert _lines(found) == {key: amount for key, amount in lines.items() if amount or key[0] in _kept(found)}
    assert found.total == total == sum(one.amount for one in found.lines)
    assert Fraction(found.unpriced, 10**6) == without


def _kept(found: Bill) -> set[int]:
    return {one.place for one in found.lines}


def _lines(found: Bill) -> dict[tuple[object, ...], Decimal]:
    names = found.tariff.zone_names
    return {
        (one.place, names[one.zone] if one.zone >= 0 else "", one.tier, one.rate): one.amount for one in found.lines
    }


def _home(first: int, bought: Sequence[int], fed_in: Sequence[int] = ()) -> HomeEnergy:
    none = [0] * len(bought)
    return HomeEnergy(
        first=first,
        bought=bought,
        fed_in=fed_in or none,
        produced=none,
        controlled=none,
        unknown=bytes(len(bought)),
        estimated=bytes(len(bought)),
    )


def _intervals(feed: Sequence[tuple[int, bool, Decimal]], begin: int, end: int) -> list[FeedInterval]:
    """They repeat; of some of them nothing is known."""
    found = list[FeedInterval]()
    place = 0
    while begin < end:
        length, is_known, value = feed[place % len(feed)]
        if is_known:
            found.append(FeedInterval(begin, begin + length, value))
        begin, place = begin + length, place + 1
    return found


@pytest.mark.parametrize(
    ("zone", "day", "quarters"),
    [
        ("Europe/Madrid", date(2026, 3, 29), 92),
        ("Europe/Madrid", date(2026, 10, 25), 100),
        ("Australia/Lord_Howe", date(2026, 4, 5), 98),
        ("Australia/Lord_Howe", date(2026, 10, 4), 94),
        ("Pacific/Apia", date(2011, 12, 30), 0),
    ],
)
def test_a_day_costs_what_its_quarters_cost(zone: str, day: date, quarters: int) -> None:
    local = ZoneInfo(zone)
    table = TariffTable(
        name="a",
        currency="EUR",
        zones={"night": "00:00-06:00", "day": "other"},
        part=[TariffPartTable(price={"night": 1, "day": 100})],
    )
    first, end = day_begin(day, local), day_begin(day + timedelta(days=1), local)
    assert end - first == quarters
    if not quarters:
        return
    found = bill(tariff_of(table, HOLIDAYS), _home(first, [10**6] * quarters), {}, local, day, day + timedelta(days=1))
    night = sum(datetime.fromtimestamp(one * QUARTER, UTC).astimezone(local).hour < 6 for one in range(first, end))
    assert found.total == night + 100 * (quarters - night)
    assert night == 24 + quarters - 96
