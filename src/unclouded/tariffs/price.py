"""The price of a kWh in a quarter of an hour, and why it is that."""

from collections.abc import Iterator
from fractions import Fraction

import msgspec

from unclouded.tariffs.bill import tax_factor
from unclouded.tariffs.money import PICO, price_of
from unclouded.tariffs.price_runs import runs_of
from unclouded.tariffs.pricing import PricedRange, Pricing
from unclouded.tariffs.tariff import TariffPart
from unclouded.tariffs.words import feed_text, tier_text


class PriceComponent(msgspec.Struct, frozen=True, kw_only=True):
    """What a part adds, without taxes. ``price`` None: it is not known."""

    part: str
    price: Fraction | None
    because: str
    tier: int = 0


class QuarterPrice(msgspec.Struct, frozen=True, kw_only=True):
    """The price of one more kWh with taxes, None where a part of it is not known; ``tax`` of it; the feed-in price."""

    zone: str
    price: Fraction | None
    tax: Fraction
    feed_in: Fraction | None
    components: tuple[PriceComponent, ...] = ()


def quarter_price(pricing: Pricing, number: int) -> QuarterPrice:
    """Of a quarter of the energy of the pricing, which must not have been used for later ones."""
    tariff = pricing.tariff
    if number > pricing.energy.first:
        pricing.ranges(pricing.energy.first, number)  # tiers fill
    zone = pricing.zones[number - pricing.energy.first]
    day = next(one.day for one in pricing.days if one.first <= number < one.end)
    taxes = [one for one in tariff.taxes if one.counts_on(day)]
    price, tax, feed_in = Fraction(0), Fraction(0), list[Fraction]()
    is_known, components = False, list[PriceComponent]()
    ranges = [one for one in pricing.ranges(number, number + 1) if zone in one.part.zones]
    for one in ranges:
        if one.part.meter != "import":
            continue
        rate = None if one.rates[0] is None else Fraction(one.rates[0], PICO)
        factor = tax_factor(taxes, one.part)
        if one.part.kind == "feed_in":
            feed_in += [] if rate is None else [rate * (1 + factor)]
            continue
        components.append(_component(pricing, one, rate))
        is_known = True
        if rate is not None:
            price, tax = price + rate * (1 + factor), tax + rate * factor
    missing = any(one.price is None for one in components)
    return QuarterPrice(
        zone=tariff.zone_names[zone],
        price=None if missing or not is_known else price,
        tax=tax,
        feed_in=sum(feed_in, Fraction(0)) if feed_in else None,
        components=tuple(components),
    )


def next_price(pricing: Pricing, first: int, price: Fraction | None) -> tuple[int, Fraction] | None:
    """The first quarter from ``first`` on with another price, and that; None where none is known until the end.

    The pricing must have been used up to ``first``.
    """
    for one in runs_of(pricing, first, pricing.energy.end):
        if one.price is None:
            return None
        if one.price != price:
            return one.first, one.price
    return None


def _component(pricing: Pricing, one: PricedRange, rate: Fraction | None) -> PriceComponent:
    tier = _tier(one.part, rate)
    text = "; ".join(_reasons(pricing, one, rate, tier))
    return PriceComponent(part=one.part.name, price=rate, because=text, tier=tier)


def _tier(part: TariffPart, rate: Fraction | None) -> int:
    """The first tier that has this price."""
    if not part.is_tiered or rate is None:
        return 0
    prices = [set(one.prices.values()) for one in part.tiers]
    return next((number for number, known in enumerate(prices, 1) if rate * PICO in known), 0)


def _reasons(pricing: Pricing, one: PricedRange, rate: Fraction | None, tier: int) -> Iterator[str]:
    tariff = pricing.tariff
    if one.part.feed is not None:
        known = "has no value of this time" if rate is None else f"gives {price_of(int(rate * PICO))} {tariff.currency}"
        yield f"{feed_text(tariff, one.part)}: it {known}"
    elif tier:
        yield f"tier {tier}: {tier_text(one.part, tier)}"
    else:
        yield "the price of the zone" if one.part.by_zone else "the same at all times"
