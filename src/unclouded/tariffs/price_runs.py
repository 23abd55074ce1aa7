"""The price of one more kWh in each quarter of a time to come, in runs of equal prices.

It does not depend on what is used, except for tiers: of those, the first one counts.
"""

from collections.abc import Iterator, Sequence
from datetime import date, tzinfo
from fractions import Fraction
from itertools import groupby
from typing import NamedTuple

from unclouded.core.calendar.days import HolidayList
from unclouded.tariffs.bill import tax_factor
from unclouded.tariffs.money import PICO
from unclouded.tariffs.pricing import Feeds, PricedRange, Pricing, tax_stretches
from unclouded.tariffs.quarters import HomeEnergy
from unclouded.tariffs.tariff import Tariff


class PriceRun(NamedTuple):
    """From a quarter on: the price of a kWh with taxes and what is paid for feed-in, None where it is not known."""

    first: int
    price: Fraction | None
    zone: str
    feed_in: Fraction | None


def price_runs(
    tariff: Tariff, feeds: Feeds, first: int, end: int, zone: tzinfo, holidays: HolidayList
) -> list[PriceRun]:
    """The runs from a quarter until before another."""
    nothing = [0] * (end - first)
    energy = HomeEnergy(
        first=first,
        bought=nothing,
        fed_in=nothing,
        produced=nothing,
        controlled=nothing,
        unknown=bytes(end - first),
        estimated=bytes(end - first),
    )
    return runs_of(Pricing(tariff, energy, feeds, zone, holidays), first, end)


def runs_of(pricing: Pricing, first: int, end: int) -> list[PriceRun]:
    """The same of a pricing whose tiers are filled up to ``first``."""
    stretches = tax_stretches(pricing, first, end)
    quarters = [one for day, begin, until in stretches for one in _quarters(pricing, day, begin, until)]
    return [PriceRun(first + next(run)[0], *key) for key, run in groupby(enumerate(quarters), key=lambda one: one[1])]


Quarter = tuple[Fraction | None, str, Fraction | None]


def _quarters(pricing: Pricing, day: date, first: int, end: int) -> Iterator[Quarter]:
    taxes = [one for one in pricing.tariff.taxes if one.counts_on(day)]
    names = pricing.tariff.zone_names
    ranges = [(one, 1 + tax_factor(taxes, one.part)) for one in pricing.ranges(first, end)]
    bought = [one for one in ranges if one[0].part.kind == "energy" and one[0].part.meter == "import"]
    fed_in = [one for one in ranges if one[0].part.kind == "feed_in"]
    for number in range(first, end):
        place = pricing.zones[number - pricing.energy.first]
        yield _sum(bought, number, place), names[place], _sum(fed_in, number, place)


def _sum(ranges: Sequence[tuple[PricedRange, Fraction]], number: int, zone: int) -> Fraction | None:
    """What the parts that count in a quarter charge together; None if there is none, or one has no price."""
    found: Fraction | None = None
    for one, factor in ranges:
        if zone not in one.part.zones or not one.first <= number < one.first + len(one.rates):
            continue
        rate = one.rates[number - one.first]
        if rate is None:
            return None
        found = (found or Fraction(0)) + Fraction(rate, PICO) * factor
    return found
