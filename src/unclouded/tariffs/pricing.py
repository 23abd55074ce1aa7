"""What the energy parts of a tariff charge in each quarter of an hour.

fixed, zones    price of the zone
tiers           energy fills one tier after the other since the period began; a quarter may be in two of them
feed            price of the quarter; where there is none, the fallback, else the energy has no price
"""

from collections import defaultdict
from collections.abc import Iterator, Mapping, Sequence
from datetime import date, tzinfo
from itertools import compress, pairwise
from operator import and_, or_
from typing import NamedTuple

from unclouded.core.calendar.days import HolidayList
from unclouded.core.feeds import FeedInterval
from unclouded.tariffs.feed_rates import feed_rates
from unclouded.tariffs.quarters import HomeEnergy, LocalDay, day_begin, days_of_range, zones_of_range
from unclouded.tariffs.tariff import BY_ENERGY, Meter, Tariff, TariffPart
from unclouded.tariffs.zones import ZoneCalendar

Feeds = Mapping[str, Sequence[FeedInterval]]


ALL = -1  # zones together


class LineKey(NamedTuple):
    """What a line of energy is of. ``zone`` ALL: the part has none of its own. ``rate`` None: it changes within it."""

    zone: int
    tier: int
    rate: int | None
    is_fallback: bool = False


class LineSum:
    """Energy and money of a line: mWh, the part of it that is estimated, and 10⁻¹⁸ of the currency."""

    __slots__ = ("amount", "estimated", "mWh")

    def __init__(self) -> None:
        self.mWh = self.estimated = self.amount = 0


class PricedRange(NamedTuple):
    """What a part charges from the quarter ``first`` on.

    ``rates``: the price of one more kWh; None: there is none. ``amounts``: 10⁻¹⁸ of the currency. ``unpriced``: the
    quarters with energy that has no price, and their mWh.
    """

    part: TariffPart
    first: int
    rates: list[int | None]
    amounts: list[int]
    lines: Mapping[LineKey, LineSum]
    unpriced: list[tuple[int, int]]


class Pricing:
    """Prices energy in a tariff. It has to be used for ranges in ascending order, so that tiers fill."""

    def __init__(self, tariff: Tariff, energy: HomeEnergy, feeds: Feeds, zone: tzinfo, holidays: HolidayList) -> None:
        self.tariff = tariff
        self.energy = energy
        self.zone = zone
        self._feeds = feeds
        self.days = days_of_range(energy.first, energy.end, zone)
        self.zones = zones_of_range(self.days, ZoneCalendar(tariff.zones, holidays), zone)
        self._general = _general(tariff, energy)
        self._used: dict[tuple[object, ...], tuple[date, int]] = {}  # of tiers: when their period began, mWh in it
        self._rates: dict[int, list[int | None]] = {}  # of dynamic prices, by the place of the part

    def ranges(self, first: int, end: int) -> list[PricedRange]:
        """What each energy and feed-in part charges from a quarter until before another."""
        found = []
        for place, part in sorted(enumerate(self.tariff.parts), key=lambda one: one[1].since):
            if part.kind in BY_ENERGY:
                begin = max(first, self._quarter(part.since, first, end))
                until = min(end, self._quarter(part.until, first, end))
                if begin < until:
                    found.append(self._range(place, part, begin, until))
        return found

    def measured(self, part: TariffPart) -> Sequence[int]:
        """The energy that a part is charged for."""
        if part.kind == "feed_in":
            return self.energy.fed_in
        return self.energy.controlled if part.meter == "controlled" else self._general

    def meters(self) -> Iterator[tuple[Meter, Sequence[int]]]:
        """What is bought at the ordinary prices, and what the controlled load uses where it has its own."""
        yield "import", self._general
        if self.tariff.has_controlled:
            yield "controlled", self.energy.controlled

    # --- inside --------------------------------------------------------------------------------

    def _quarter(self, day: date, first: int, end: int) -> int:
        """The quarter at which a day begins, only as exact as the range needs it."""
        if day <= self.days[0].day:
            return first
        if day > self.days[-1].day:
            return end
        return day_begin(day, self.zone)

    def _range(self, place: int, part: TariffPart, first: int, end: int) -> PricedRange:
        low, high = first - self.energy.first, end - self.energy.first
        energy, zones = self.measured(part)[low:high], self.zones[low:high]
        estimated = self.energy.estimated[low:high]
        if part.feed is not None:
            rates, is_fallback = self._feed_rates(place, part, low, high)
            return _by_rate(part, first, energy, zones, estimated, rates, is_fallback)
        if part.is_tiered:
            return self._tiered(part, first, end, energy, zones, estimated)
        price = part.tiers[0].prices
        by_zone = [price.get(zone) if zone in part.zones else None for zone in range(len(self.tariff.zone_names))]
        return _by_zone(part, first, energy, zones, estimated, by_zone)

    def _feed_rates(self, place: int, part: TariffPart, low: int, high: int) -> tuple[list[int | None], list[bool]]:
        assert part.feed is not None
        if place not in self._rates:
            intervals = self._feeds.get(part.feed.feed, ())
            self._rates[place] = feed_rates(part.feed, intervals, self.energy.first, self.energy.end)
        found, fallback = self._rates[place][low:high], part.feed.fallback
        missing = [rate is None for rate in found]
        if fallback is None:
            return found, [False] * len(found)
        return [fallback if rate is None else rate for rate in found], missing

    def _tiered(
        self,
        part: TariffPart,
        first: int,
        end: int,
        energy: Sequence[int],
        zones: bytes,
        estimated: bytes,
    ) -> PricedRange:
        key = part.kind, part.name, part.meter, part.zones  # parts of other dates go on with the same tiers
        rates: list[int | None] = []
        amounts: list[int] = []
        lines: dict[LineKey, LineSum] = defaultdict(LineSum)
        for one in _within(self.days, first, end):
            begin, limits = self._limits(part, one.day)
            since, used = self._used.get(key, (begin, 0))
            used = used if since == begin else 0
            for number in range(one.first - first, one.end - first):
                zone, left, amount = zones[number], energy[number], 0
                if zone not in part.zones:
                    rates.append(None)
                    amounts.append(0)
                    continue
                tier = next(place for place, limit in enumerate(limits) if used < limit)
                while left > 0:
                    taken = min(left, limits[tier] - used)
                    rate = part.tiers[tier].prices[zone]
                    _add(
                        lines[LineKey(zone if part.by_zone else ALL, tier + 1, rate)],
                        taken,
                        taken * rate,
                        bool(estimated[number]),
                    )
                    amount, used, left = amount + taken * rate, used + taken, left - taken
                    if used >= limits[tier]:
                        tier += 1
                rates.append(part.tiers[tier].prices[zone])
                amounts.append(amount)
            self._used[key] = begin, used
        return PricedRange(part, first, rates, amounts, lines, [])

    def _limits(self, part: TariffPart, day: date) -> tuple[date, list[int]]:
        """When the period of the tiers began, and how many mWh all tiers up to each one have."""
        begin, until = tier_period(self.tariff, part, day)
        days = (until - begin).days
        return begin, [_ENDLESS if one.up_to is None else one.up_to * (days if one.a_day else 1) for one in part.tiers]


_ENDLESS = 10**30  # mWh


def tier_period(tariff: Tariff, part: TariffPart, day: date) -> tuple[date, date]:
    """The period of a day in which the tiers of a part fill: its first day, and the first one behind it."""
    if part.per == "day":
        return day, date.fromordinal(day.toordinal() + 1)
    if part.per == "month":
        return day.replace(day=1), _next_month(day)
    if part.per == "year":
        return date(day.year, 1, 1), date(day.year + 1, 1, 1)
    return tariff.billing.period(day)


def tax_stretches(pricing: Pricing, first: int, end: int) -> Iterator[tuple[date, int, int]]:
    """Quarters divided where a tax changes: the first day of each stretch, its first quarter, the one behind it."""
    days = [one for one in pricing.days if one.end > first and one.first < end]
    begin, last = days[0].day, days[-1].day
    changes = {one for tax in pricing.tariff.taxes for one in (tax.since, tax.until) if begin < one <= last}
    starts = [(begin, first), *((one, day_begin(one, pricing.zone)) for one in sorted(changes))]
    for (day, low), (_, high) in pairwise([*starts, (last, end)]):
        if low < high:
            yield day, low, high


def missing_prices(
    pricing: Pricing, ranges: Sequence[PricedRange], first: int, end: int
) -> tuple[dict[int, int], list[tuple[int, int]]]:
    """Quarters from ``first`` until before ``end`` with bought energy of which at least one price is missing, and its
    mWh; then those of them in which no part counts at all. ``ranges``: what the parts charge in this time.
    """
    missing: dict[int, int] = {}
    bare: dict[int, int] = {}
    for meter, measured in pricing.meters():
        own = [one for one in ranges if one.part.kind == "energy" and one.part.meter == meter]
        unpriced = dict(unpriced for one in own for unpriced in one.unpriced)
        energy, covered = measured[first - pricing.energy.first : end - pricing.energy.first], bytes(end - first)
        for one in own:
            covered = _with_range(pricing, covered, one, first)
        without = {first + place: energy[place] for place, known in enumerate(covered) if not known and energy[place]}
        for found, more in ((missing, unpriced), (missing, without), (bare, without)):
            found.update({number: found.get(number, 0) + mWh for number, mWh in more.items()})
    return missing, sorted(bare.items())


def reading_begin(tariff: Tariff, day: date) -> date:
    """The day from which the energy has to be known, so that the tiers of a day are filled as they were."""
    tiered = [one for one in tariff.parts if one.is_tiered]
    return min((tier_period(tariff, one, day)[0] for one in tiered), default=day)


def _with_range(pricing: Pricing, covered: bytes, one: PricedRange, first: int) -> bytes:
    """``covered`` with 1 for each quarter of a range that is in a zone of its part."""
    low, high = one.first - first, one.first - first + len(one.rates)
    offset = one.first - pricing.energy.first
    is_own = bytes(place in one.part.zones for place in range(256))
    zones = pricing.zones[offset : offset + len(one.rates)].translate(is_own)
    return covered[:low] + bytes(map(or_, covered[low:high], zones)) + covered[high:]


def _next_month(day: date) -> date:
    return date(day.year + day.month // 12, day.month % 12 + 1, 1)


def _within(days: Sequence[LocalDay], first: int, end: int) -> list[LocalDay]:
    return [
        LocalDay(one.day, max(one.first, first), min(one.end, end))
        for one in days
        if one.end > first and one.first < end
    ]


def _general(tariff: Tariff, energy: HomeEnergy) -> Sequence[int]:
    """What is bought at the ordinary prices."""
    if not tariff.has_controlled:
        return energy.bought
    return [max(all_of_it - own, 0) for all_of_it, own in zip(energy.bought, energy.controlled, strict=True)]


def _by_zone(
    part: TariffPart,
    first: int,
    energy: Sequence[int],
    zones: bytes,
    estimated: bytes,
    by_zone: Sequence[int | None],
) -> PricedRange:
    """At a fixed price for each zone."""
    rates = [by_zone[zone] for zone in zones]
    amounts = [0 if rate is None else rate * mWh for rate, mWh in zip(rates, energy, strict=True)]
    lines: dict[LineKey, LineSum] = defaultdict(LineSum)
    for zone, rate in enumerate(by_zone):
        if rate is None:
            continue
        chosen = [one == zone for one in zones] if len(by_zone) > 1 else [True] * len(zones)
        mWh = sum(compress(energy, chosen))
        if mWh:
            line = lines[LineKey(zone if part.by_zone else ALL, 0, rate)]
            line.mWh += mWh
            line.amount += mWh * rate
            line.estimated += sum(compress(energy, map(and_, chosen, estimated)))
    return PricedRange(part, first, rates, amounts, lines, [])


def _by_rate(
    part: TariffPart,
    first: int,
    energy: Sequence[int],
    zones: bytes,
    estimated: bytes,
    rates: list[int | None],
    is_fallback: Sequence[bool],
) -> PricedRange:
    """At a price of its own for each quarter."""
    lines: dict[LineKey, LineSum] = defaultdict(LineSum)
    amounts: list[int] = []
    unpriced: list[tuple[int, int]] = []
    for number, (mWh, zone, rate) in enumerate(zip(energy, zones, rates, strict=True)):
        if zone not in part.zones:
            rates[number] = None
            amounts.append(0)
            continue
        if rate is None:
            amounts.append(0)
            if mWh:
                unpriced.append((first + number, mWh))
            continue
        amount = mWh * rate
        amounts.append(amount)
        if mWh:
            key = LineKey(ALL, 0, rate if is_fallback[number] else None, is_fallback[number])
            _add(lines[key], mWh, amount, bool(estimated[number]))
    return PricedRange(part, first, rates, amounts, lines, unpriced)


def _add(line: LineSum, mWh: int, amount: int, is_estimated: bool) -> None:
    line.mWh += mWh
    line.amount += amount
    if is_estimated:
        line.estimated += mWh
