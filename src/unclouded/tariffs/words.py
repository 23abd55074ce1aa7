"""Tariffs, prices and lines of bills as English sentences."""

from collections.abc import Iterator
from datetime import date, timedelta
from fractions import Fraction

from unclouded.tariffs.bill import BillLine
from unclouded.tariffs.money import MWH, price_of, short
from unclouded.tariffs.pricing import ALL
from unclouded.tariffs.tariff import EVER, Tariff, TariffPart, TariffTier

PERIODS = {"day": "day", "month": "month", "billing": "billing period", "year": "year"}


def line_text(tariff: Tariff, line: BillLine) -> str:
    """``Energy, punta, tier 2 (above 400 kWh)``; ``Standing charge, 31 days``."""
    pieces = [line.name]
    if line.zone != ALL:
        pieces.append(tariff.zone_names[line.zone])
    if line.tier:
        pieces.append(f"tier {line.tier} ({tier_text(tariff.parts[line.place], line.tier)})")
    if line.is_fallback:
        pieces.append("fallback price, as the feed has none")
    if line.is_limited:
        pieces.append("limited to the energy charged")
    if line.kind in ("standing", "power"):
        pieces.append(f"{line.days} day{'' if line.days == 1 else 's'}")
    if line.kind == "demand":
        pieces.append("highest mean power of a quarter of an hour")
    if line.kind == "tax":
        pieces.append(
            f"{short(line.rate or Fraction(0), 12)} % {'in' if line.is_included else 'on'} {short(line.quantity)}"
        )
    return ", ".join(pieces)


def tier_text(part: TariffPart, tier: int) -> str:
    """``up to 400 kWh a billing period``, ``above 400 kWh a day``."""
    one = part.tiers[tier - 1]
    limit = one.up_to if one.up_to is not None else part.tiers[tier - 2].up_to
    times = " for each day" if one.a_day else ""
    kWh = short(Fraction(limit or 0, MWH))
    return f"{'above' if one.up_to is None else 'up to'} {kWh} kWh{times} a {PERIODS[part.per]}"


def part_text(tariff: Tariff, part: TariffPart) -> str:
    """A part of a tariff with price, times and unit, for people."""
    return "; ".join(_part_pieces(tariff, part))


def last_day(until: date) -> str:
    """The last day before a date, "" = there is no end."""
    return "" if until == EVER else str(until - timedelta(days=1))


def first_day(since: date) -> str:
    """The day as text, "" = there is no beginning."""
    return "" if since == date.min else str(since)


def _part_pieces(tariff: Tariff, part: TariffPart) -> Iterator[str]:
    currency = tariff.currency
    if part.feed is not None:
        yield f"{part.name}: {feed_text(tariff, part)}"
    elif part.tiers:
        for number, tier in enumerate(part.tiers, 1):
            prices = _tier_prices(tariff, part, tier)
            yield f"{part.name}: {prices} per kWh{f', {tier_text(part, number)}' if part.is_tiered else ''}"
    else:
        what = {"power": f" per kW ({part.kW} kW)", "demand": " per kW of the highest quarter"}.get(part.kind, "")
        per = "once" if part.once else f"a {PERIODS[part.per]}"
        yield f"{part.name}: {price_of(part.price)} {currency}{what} {per}"
    if part.since != date.min:
        yield f"from {part.since}"
    if part.until != EVER:
        yield f"until {last_day(part.until)}"
    if part.limited:
        yield "no more than the energy charged"


def _tier_prices(tariff: Tariff, part: TariffPart, tier: TariffTier) -> str:
    if not part.by_zone:
        where = "" if len(part.zones) == len(tariff.zone_names) else f" ({_zone_list(tariff, part)})"
        return f"{price_of(next(iter(tier.prices.values())))} {tariff.currency}{where}"
    return ", ".join(
        f"{price_of(price)} {tariff.currency} ({tariff.zone_names[zone]})" for zone, price in tier.prices.items()
    )


def _zone_list(tariff: Tariff, part: TariffPart) -> str:
    return ", ".join(tariff.zone_names[zone] for zone in sorted(part.zones))


def feed_text(tariff: Tariff, part: TariffPart) -> str:
    """``feed spot × 1.05 + 0.012, at least 0 EUR``."""
    feed = part.feed
    assert feed is not None
    text = f"feed {feed.feed}"
    text += f" × {feed.factor}" if feed.factor != 1 else ""
    text += f" {'+' if feed.add > 0 else '-'} {price_of(abs(feed.add))}" if feed.add else ""
    text += f", at least {price_of(feed.floor)} {tariff.currency}" if feed.floor is not None else ""
    text += f", at most {price_of(feed.ceiling)} {tariff.currency}" if feed.ceiling is not None else ""
    return text + (f", else {price_of(feed.fallback)} {tariff.currency}" if feed.fallback is not None else "")
