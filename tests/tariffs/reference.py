"""A bill written the slow way: one quarter of an hour at a time, in fractions, from the tables of the file."""

from collections.abc import Callable, Mapping, Sequence
from datetime import UTC, date, datetime, timedelta
from decimal import Decimal
from fractions import Fraction
from zoneinfo import ZoneInfo

from unclouded.core.feeds import FeedInterval
from unclouded.tariffs.tables import TariffPartTable, TariffTable

Local = Callable[[datetime], str]  # the zone of a local time
LineKey = tuple[int, str, int, Fraction | None]  # number of its part, zone, tier, price


class ReferenceHome:
    """Energy in kWh per quarter, by its beginning."""

    def __init__(self) -> None:
        self.bought: dict[int, Fraction] = {}
        self.fed_in: dict[int, Fraction] = {}
        self.controlled: dict[int, Fraction] = {}


def cents(amount: Fraction, digits: int) -> Decimal:
    """Rounded by the school's rule."""
    sign, scaled = (-1 if amount < 0 else 1), abs(amount) * 10**digits
    whole = scaled.numerator // scaled.denominator
    if scaled - whole >= Fraction(1, 2):
        whole += 1
    return Decimal(sign * whole) / Decimal(10) ** digits


def _price(part: TariffPartTable, zone: str = "") -> Fraction:
    price = part.price[zone] if isinstance(part.price, dict) else part.price
    return Fraction(price or 0)


def reference_month(
    table: TariffTable,
    home: ReferenceHome,
    feeds: Mapping[str, Sequence[FeedInterval]],
    zone: ZoneInfo,
    zone_at: Local,
    month: date,
    digits: int,
) -> tuple[dict[LineKey, Decimal], Decimal, Fraction]:
    """The lines of a calendar month by (place, zone, tier, price or None), the total, the kWh without a price."""
    following = (month + timedelta(days=31)).replace(day=1)
    quarters = [at for at in sorted(home.bought) if month <= datetime.fromtimestamp(at, zone).date() < following]
    exact: dict[LineKey, Fraction] = {}
    key: LineKey
    used: dict[object, Fraction] = {}
    without = Fraction(0)
    has_controlled = any(one.load == "controlled" for one in table.part)
    for at in quarters:
        local = datetime.fromtimestamp(at, UTC).astimezone(zone)
        zone_name, missing = zone_at(local), False
        for place, part in enumerate(table.part):
            if part.kind not in ("energy", "feed_in") or not _counts(part, local.date()):
                continue
            if part.zones and zone_name not in part.zones:
                continue
            if isinstance(part.price, dict) and zone_name not in part.price:
                continue
            if part.kind == "feed_in":
                kWh = home.fed_in[at]
            elif part.load == "controlled":
                kWh = home.controlled[at]
            else:
                kWh = home.bought[at] - (home.controlled[at] if has_controlled else 0)
            if not kWh:
                continue
            sign = -1 if part.kind == "feed_in" else 1
            if part.tiers:
                period = (place, local.date() if part.per == "day" else month)
                for tier, amount, rate in _filled(part, used, period, kWh, zone_name):
                    key = (
                        place,
                        zone_name if any(isinstance(one.price, dict) for one in part.tiers) else "",
                        tier,
                        rate,
                    )
                    exact[key] = exact.get(key, Fraction(0)) + sign * amount * rate
            elif part.feed:
                value = _mean(feeds.get(part.feed, ()), at)
                if value is None and part.fallback is None:
                    missing = missing or part.kind == "energy"
                    continue
                rate = _dynamic(part, value) if value is not None else Fraction(part.fallback or 0)
                key = (place, "", 0, rate if value is None else None)
                exact[key] = exact.get(key, Fraction(0)) + sign * kWh * rate
            else:
                rate = _price(part, zone_name)
                key = (place, zone_name if isinstance(part.price, dict) else "", 0, rate)
                exact[key] = exact.get(key, Fraction(0)) + sign * kWh * rate
        if missing:
            without += home.bought[at]
    day = month
    while day < following:
        for place, part in enumerate(table.part):
            if part.kind in ("standing", "power", "credit") and _counts(part, day):
                year = (date(day.year + 1, 1, 1) - date(day.year, 1, 1)).days
                days = {"day": 1, "month": (following - month).days, "billing": (following - month).days, "year": year}
                amount = _price(part) / days[part.per] * (Fraction(part.kW) if part.kW is not None else 1)
                key = (place, "", 0, _price(part))
                exact[key] = exact.get(key, Fraction(0)) + (-amount if part.kind == "credit" else amount)
        day += timedelta(days=1)
    lines = {key: cents(amount, digits) for key, amount in exact.items()}
    total = sum(lines.values(), Decimal(0))
    taxes: list[tuple[str, Decimal]] = []
    for place, tax in enumerate(table.tax):
        base = Decimal(0)
        for (number, *_), cost in lines.items():
            if number >= len(table.part):
                continue
            part = table.part[number]
            named = part.kind in tax.on or part.name in tax.on
            if named or (not tax.on and part.kind in ("energy", "standing", "power", "demand")):
                base += cost
        base += sum((amount for name, amount in taxes if not tax.on or name in tax.on), Decimal(0))
        if base:
            taxes.append((tax.name, cents(Fraction(base) * Fraction(tax.percent) / 100, digits)))
            lines[(len(table.part) + place, "", 0, Fraction(tax.percent))] = taxes[-1][1]
    return lines, total + sum((amount for _, amount in taxes), Decimal(0)), without


def _counts(part: TariffPartTable, day: date) -> bool:
    return (part.from_ is None or part.from_ <= day) and (part.until is None or day <= part.until)


def _filled(
    part: TariffPartTable, used: dict[object, Fraction], period: object, kWh: Fraction, zone: str
) -> list[tuple[int, Fraction, Fraction]]:
    """(tier, kWh, price) of each tier that takes some of it."""
    found = []
    for number, tier in enumerate(part.tiers, 1):
        room = None if tier.up_to is None else max(Fraction(tier.up_to) - used.get(period, Fraction(0)), Fraction(0))
        taken = kWh if room is None else min(room, kWh)
        if taken:
            price = tier.price[zone] if isinstance(tier.price, dict) else tier.price
            found.append((number, taken, Fraction(price)))
            used[period] = used.get(period, Fraction(0)) + taken
            kWh -= taken
    return found


def _mean(intervals: Sequence[FeedInterval], at: int) -> Fraction | None:
    """The mean of a quarter, minute by minute; None where a minute has no value."""
    total = Fraction(0)
    near = [one for one in intervals if one.start < at + 900 and at < one.end]
    for minute in range(at, at + 900, 60):
        values = [one.value for one in near if one.start <= minute < one.end]
        if not values:
            return None
        total += Fraction(values[0])
    return total / 15


def _dynamic(part: TariffPartTable, value: Fraction) -> Fraction:
    """Value × factor, rounded to 12 digits, + add, within its limits."""
    scaled = value * Fraction(part.factor if part.factor is not None else 1) * 10**12
    whole = Fraction(round(abs(scaled)) if abs(scaled) % 1 != Fraction(1, 2) else int(abs(scaled)) + 1, 10**12)
    rate = (-whole if scaled < 0 else whole) + Fraction(part.add or 0)
    if part.floor is not None:
        rate = max(rate, Fraction(part.floor))
    return rate if part.ceiling is None else min(rate, Fraction(part.ceiling))
