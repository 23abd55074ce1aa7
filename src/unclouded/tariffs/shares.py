"""What each quarter of an hour costs with taxes, and the share of each device in it.

A device pays for a quarter what the home paid for what it bought in it × its share of what the home used. So produced
energy that is used at home is free, and makes all that runs at that time cheaper; in a quarter that is in two tiers,
all pay their average. Devices, the rest and what does not depend on use add up to the whole in every tariff.

Amounts are 10⁻¹⁸ of the currency (ATTO), prices 10⁻¹² (PICO); what a division leaves goes to the rest.
"""

from collections.abc import Iterable, Mapping, Sequence
from datetime import date, timedelta
from fractions import Fraction
from operator import mul
from typing import NamedTuple

from unclouded.tariffs.bill import tax_factor
from unclouded.tariffs.fixed import day_amount, highest_kW
from unclouded.tariffs.money import ATTO, PICO
from unclouded.tariffs.pricing import PricedRange, Pricing, missing_prices, tax_stretches
from unclouded.tariffs.quarters import day_begin
from unclouded.tariffs.tariff import BY_ENERGY, Tariff, TariffPart

SCALE = 10**15  # of tax factors


class QuarterCosts(NamedTuple):
    """Of each quarter from ``first`` on, with taxes: what was bought at ordinary prices, the controlled load, what was
    paid for feed-in, the price of one more kWh, and the mWh without a price.
    """

    first: int
    general: list[int]
    controlled: list[int]
    earned: list[int]
    marginal: list[int]
    unpriced: list[int]


def quarter_costs(pricing: Pricing) -> QuarterCosts:
    """Of all quarters that the energy of the pricing has."""
    energy = pricing.energy
    size = len(energy.bought)
    found = QuarterCosts(energy.first, *([0] * size for _ in range(5)))
    ranges = [
        (one, _factor(pricing.tariff, one.part, begin))
        for begin, first, end in tax_stretches(pricing, energy.first, energy.end)
        for one in pricing.ranges(first, end)
    ]
    limits = _limits(pricing, [one for one, _ in ranges])
    for one, factor in ranges:
        _add(found, one, factor, limits)
    missing, _ = missing_prices(pricing, [one for one, _ in ranges], energy.first, energy.end)
    for number, mWh in missing.items():
        found.unpriced[number - energy.first] = mWh
    return found


def shared_rates(costs: Sequence[int], whole: Sequence[int]) -> list[int]:
    """What one mWh of use costs in each quarter, in PICO per kWh. ``whole``: the use of all, mWh."""
    return [cost // used if used > 0 else 0 for cost, used in zip(costs, whole, strict=True)]


def share(rates: Sequence[int], energy: Sequence[int]) -> int:
    """What some energy costs at these prices, in ATTO."""
    return sum(map(mul, rates, energy))


def fixed_days(pricing: Pricing, days: Iterable[date]) -> Mapping[date, Fraction]:
    """What does not depend on single quarters, with taxes, for each day: standing charges, power, credits, demand."""
    tariff = pricing.tariff
    parts = [one for one in tariff.parts if one.kind not in BY_ENERGY]
    demands: dict[tuple[int, date], Fraction] = {}
    factors: dict[tuple[int, ...], Fraction] = {}  # of a part and the taxes that count
    found: dict[date, Fraction] = {}
    for day in days:
        total = Fraction(0)
        taxes = [one for one in tariff.taxes if one.counts_on(day)]
        for part in parts:
            if not part.since <= day < part.until:
                continue
            if part.kind == "demand":
                begin, end = tariff.billing.period(day)
                key = id(part), begin
                if key not in demands:
                    demands[key] = _demand(pricing, part, begin, end) / (end - begin).days
                amount = demands[key]
            else:
                amount = day_amount(tariff, part, day)
            place = id(part), *map(id, taxes)
            if place not in factors:
                factors[place] = 1 + tax_factor(taxes, part)
            total += amount * factors[place]
        found[day] = total
    return found


def amount_of(atto: int) -> Fraction:
    """ATTO in the currency."""
    return Fraction(atto, ATTO)


# --- inside -------------------------------------------------------------------------------------------


def _factor(tariff: Tariff, part: TariffPart, day: date) -> int:
    """1 + taxes, × SCALE."""
    return round((1 + tax_factor([one for one in tariff.taxes if one.counts_on(day)], part)) * SCALE)


def _add(
    found: QuarterCosts,
    one: PricedRange,
    factor: int,
    limits: Sequence[tuple[int, int, Fraction]],
) -> None:
    offset = one.first - found.first
    amounts = one.amounts if factor == SCALE else [amount * factor // SCALE for amount in one.amounts]
    if one.part.kind == "feed_in":
        if one.part.limited:
            amounts = _cut(amounts, one.first, limits)
        _sum_into(found.earned, offset, amounts)
        return
    if one.part.meter == "controlled":
        _sum_into(found.controlled, offset, amounts)
    else:
        _sum_into(found.general, offset, amounts)
        rates = [0 if rate is None else rate * factor // SCALE for rate in one.rates]
        _sum_into(found.marginal, offset, rates)


def _sum_into(found: list[int], offset: int, more: Sequence[int]) -> None:
    found[offset : offset + len(more)] = [
        before + one for before, one in zip(found[offset : offset + len(more)], more, strict=True)
    ]


def _limits(pricing: Pricing, ranges: Sequence[PricedRange]) -> list[tuple[int, int, Fraction]]:
    """(first, end, share that is paid) of each billing period, where feed-in is limited by the energy charged."""
    if not any(one.part.limited for one in ranges):
        return []
    found = []
    days = pricing.days
    for begin, end in pricing.tariff.billing.periods(days[0].day, days[-1].day + timedelta(days=1)):
        low, high = day_begin(begin, pricing.zone), day_begin(end, pricing.zone)
        charged = sum(_between(one, low, high) for one in ranges if one.part.kind == "energy")
        paid = sum(_between(one, low, high) for one in ranges if one.part.limited)
        if paid > max(charged, 0):
            found.append((low, high, Fraction(max(charged, 0), paid)))
    return found


def _between(one: PricedRange, low: int, high: int) -> int:
    return sum(one.amounts[max(low - one.first, 0) : max(high - one.first, 0)])


def _cut(amounts: Sequence[int], first: int, limits: Sequence[tuple[int, int, Fraction]]) -> list[int]:
    cut = list(amounts)
    for low, high, paid in limits:
        begin, end = max(low - first, 0), max(high - first, 0)
        cut[begin:end] = [amount * paid.numerator // paid.denominator for amount in cut[begin:end]]
    return cut


def _demand(pricing: Pricing, part: TariffPart, since: date, until: date) -> Fraction:
    energy = pricing.energy
    low, high = (
        min(max(day_begin(one, pricing.zone) - energy.first, 0), len(energy.bought))
        for one in (max(since, part.since), min(until, part.until))
    )
    kW = highest_kW(part, pricing.measured(part)[low:high], pricing.zones[low:high])
    return kW * Fraction(part.price, PICO)
