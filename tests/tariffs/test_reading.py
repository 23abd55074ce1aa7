"""What is wrong in a tariff is named with its key; zones, billing periods and prices as people write them."""

from datetime import date
from decimal import Decimal
from typing import Any

import msgspec
import pytest

from unclouded.core.calendar.days import HolidayList
from unclouded.core.errors import CommandError
from unclouded.tariffs.billing import chosen_period, cycle_of, period_name
from unclouded.tariffs.money import rounded, short
from unclouded.tariffs.reading import TariffError, tariff_of
from unclouded.tariffs.tables import TariffTable
from unclouded.tariffs.zones import ZoneCalendar, zone_of

ENERGY = {"price": Decimal("0.2")}
ZONES = {"day": "08:00-22:00", "night": "22:00-08:00"}
HOLIDAYS = HolidayList(["12-25"])


def read(**keys: object) -> None:
    table = {"name": "a", "currency": "EUR", "part": [ENERGY], **keys}
    tariff_of(msgspec.convert(table, TariffTable), HOLIDAYS)


@pytest.mark.parametrize(
    ("keys", "key", "text"),
    [
        ({"currency": "EURO"}, "currency", "Did you mean EUR"),
        ({"billing": "fortnight"}, "billing", "not a billing period"),
        ({"part": []}, "part", "1 to 60"),
        ({"zones": {"day": "08:00-22:00", "night": "23:00-08:00"}}, "zones.night", "no zone covers"),
        ({"zones": {**ZONES, "more": "sat 10:00-11:00"}}, "zones.more", "overlaps the zone 'day', as on a Saturday"),
        ({"zones": {"a": "other", "b": "other"}}, "zones.b", "only one zone"),
        ({"zones": {"a": "10:07-11:00", "b": "other"}}, "zones.a", "quarters of an hour"),
        ({"zones": {"a": "13-45 to 02-01", "b": "other"}}, "zones.a", "not a zone"),
        ({"zones": ZONES, "part": [{"price": {"day": 1}}]}, "part", "covers the zone 'night'"),
        ({"zones": ZONES, "part": [{"price": {"dai": 1, "night": 1}}]}, "part[0].price", "Did you mean day"),
        ({"part": [{"price": 1, "feed": "spot"}]}, "part[0]", "exactly one"),
        ({"part": [{"price": 1, "floor": 0}]}, "part[0].floor", "name its `feed`"),
        ({"part": [{"feed": "spot", "floor": 2, "ceiling": 1}]}, "part[0].floor", "higher than the ceiling"),
        ({"part": [{"price": Decimal("0.1234567890123")}]}, "part[0].price", "12 digits"),
        ({"part": [{"tiers": [{"up_to": -5, "price": 1}, {"price": 2}]}]}, "part[0].tiers[0].up_to", "more than 0"),
        ({"part": [{"tiers": [{"up_to": 5, "price": 1}]}]}, "part[0].tiers[0].up_to", "left out in the last"),
        (
            {"part": [{"tiers": [{"up_to": 5, "price": 1}, {"up_to": 5, "price": 1}, {"price": 2}]}]},
            "part[0].tiers[1].up_to",
            "not more than",
        ),
        ({"part": [{**ENERGY, "from": "2026-02-01", "until": "2026-01-01"}]}, "part[0].until", "is before"),
        ({"part": [{**ENERGY, "until": "2026-01-31"}, {**ENERGY, "from": "2026-01-31"}]}, "part[1]", "same time"),
        (
            {"part": [{**ENERGY, "until": "2026-01-31"}, {**ENERGY, "from": "2026-02-03"}]},
            "part",
            "counts from 2026-02-01 to 2026-02-02",
        ),
        ({"part": [ENERGY, {"kind": "standing", "price": 1}]}, "part[1].per", "missing"),
        ({"part": [ENERGY, {"kind": "standing", "price": 1, "per": "once"}]}, "part[1].per", "is day"),
        ({"part": [ENERGY, {"kind": "power", "price": 1, "per": "day", "kW": 0}]}, "part[1].kW", "more than 0"),
        ({"part": [ENERGY, {"kind": "credit", "price": 1, "per": "once"}]}, "part[1].from", "missing"),
        ({"part": [ENERGY, {"kind": "standing", "price": 1, "per": "day", "kW": 1}]}, "part[1].kW", "kind power"),
        ({"part": [{"kind": "feed_in", "price": 1}]}, "part", "no part of the kind energy"),
        ({"tax": [{"name": "VAT", "percent": -1}]}, "tax[0].percent", "0 to 1000"),
        ({"tax": [{"name": "VAT", "percent": 1, "on": ["Energi"]}]}, "tax[0].on", "Did you mean Energy"),
        ({"tax": [{"name": "VAT", "percent": 1}] * 2}, "tax[1].name", "another tax"),
    ],
)
def test_what_is_wrong_is_named(keys: dict[str, Any], key: str, text: str) -> None:
    with pytest.raises(TariffError) as error:
        read(**keys)
    assert (error.value.key, text in str(error.value)) == (key, True), str(error.value)


def test_hours_after_midnight_belong_to_the_day_before() -> None:
    zones = [zone_of("out", "fri,sat 22:00-04:00; holidays"), zone_of("in", "other")]
    calendar = ZoneCalendar(zones, HOLIDAYS)
    friday, saturday, sunday, monday = (calendar.slots(date(2026, 11, day)) for day in (27, 28, 29, 30))
    assert [friday.count(0), saturday.count(0), sunday.count(0), monday.count(0)] == [8, 8 + 16, 16, 0]
    assert calendar.slots(date(2026, 12, 25)).count(0) == 96  # a holiday, on a Friday


def test_a_season_may_go_over_new_year() -> None:
    calendar = ZoneCalendar([zone_of("winter", "11-01 to 03-31"), zone_of("summer", "04-01 to 10-31")], HOLIDAYS)
    assert [calendar.slots(day)[0] for day in (date(2026, 1, 1), date(2026, 3, 31), date(2026, 4, 1))] == [0, 0, 1]
    assert not list(calendar.faults())


@pytest.mark.parametrize(
    ("cycle", "text", "found"),
    [
        ("month", "", ("2026-10-01", "2026-11-01", "2026-10")),
        ("month from 15", "", ("2026-10-15", "2026-11-15", "2026-10")),
        ("month from 31", "2026-02", ("2026-02-28", "2026-03-31", "2026-02")),
        ("2 months from 2026-02-01", "2026-03", ("2026-02-01", "2026-04-01", "2026-02")),
        ("quarter", "2026-11-30", ("2026-10-01", "2027-01-01", "2026-10")),
        ("year from 2026-04-01", "2026-03-31", ("2025-04-01", "2026-04-01", "2025-04")),
        ("month", "2026", ("2026-01-01", "2027-01-01", "2026")),
        ("month", "2026-01-05..2026-01-06", ("2026-01-05", "2026-01-07", "2026-01-05..2026-01-06")),
    ],
)
def test_a_billing_period_has_its_days_and_a_name(cycle: str, text: str, found: tuple[str, str, str]) -> None:
    billing = cycle_of(cycle)
    since, until = chosen_period(text, billing, date(2026, 11, 30))
    assert (str(since), str(until), period_name(since, until, billing)) == found
    assert chosen_period(found[2], billing, date(2026, 11, 30)) == (since, until)


@pytest.mark.parametrize("text", ["2026-13", "x", "2026-02-30", "0000", "2026-01-01..x"])
def test_what_names_no_period_is_refused(text: str) -> None:
    with pytest.raises(CommandError, match="is not a period"):
        chosen_period(text, cycle_of("month"), date(2026, 11, 30))


def test_halves_are_rounded_away_from_zero() -> None:
    from fractions import Fraction

    assert [rounded(Fraction(one, 1000), 2) for one in (5, -5, 15, 14)] == [
        Decimal("0.01"),
        Decimal("-0.01"),
        Decimal("0.02"),
        Decimal("0.01"),
    ]
    assert str(short(Fraction(1, 3))) == "0.333333" and str(short(Fraction(2))) == "2"
