"""A bill: lines that are rounded once each, and add up to the total.

1. Each line of a billing period is exact, then rounded to the digits of the currency, halves away from zero.
2. A tax is computed from the rounded lines (and earlier taxes) that it is levied on, then rounded.
3. The total is the sum of the lines. A bill over several billing periods is the sum of their bills, line by line.
"""

from collections.abc import Iterable, Iterator, Sequence
from datetime import date, tzinfo
from decimal import Decimal
from fractions import Fraction
from itertools import islice, pairwise
from typing import Literal

import msgspec
from msgspec.structs import replace

from unclouded.core.calendar.days import HolidayList
from unclouded.tariffs.fixed import fixed_amount, highest_kW
from unclouded.tariffs.money import ATTO, MWH, PICO, rounded
from unclouded.tariffs.pricing import ALL, Feeds, PricedRange, Pricing, missing_prices
from unclouded.tariffs.quarters import HomeEnergy, day_begin
from unclouded.tariffs.tariff import BY_ENERGY, PartKind, Tariff, TariffPart, TariffTax


class BillLine(msgspec.Struct, frozen=True, kw_only=True):
    """A line. ``amount``: rounded. ``place``: of the part, or of the tax behind all parts.

    ``quantity``: kWh; of a tax, what it is levied on; of demand and power, kW. ``rate`` None: it changes within it.
    ``taxes``: the taxes on it. ``since``, ``until``: the days that it is of; ``until`` is the first one behind them.
    """

    place: int
    kind: PartKind | Literal["tax"]
    name: str
    amount: Decimal
    quantity: Fraction
    rate: Fraction | None
    taxes: Fraction = Fraction(0)
    zone: int = ALL
    tier: int = 0
    is_fallback: bool = False
    is_included: bool = False
    is_limited: bool = False
    estimated: Fraction = Fraction(0)
    days: int = 0
    since: date
    until: date

    @property
    def key(self) -> tuple[object, ...]:
        """Lines of several billing periods with the same key become one."""
        return self.place, self.zone, self.tier, self.rate, self.is_fallback


class PriceGap(msgspec.Struct, frozen=True):
    """Quarters from ``first`` until before ``end`` with mWh that have no price. ``part`` "": no part counts then."""

    part: str
    first: int
    end: int
    mWh: int


class Bill(msgspec.Struct, frozen=True, kw_only=True):
    """A bill of the days from ``since`` until before ``until``. Energies are mWh.

    ``unpriced``: bought energy of which at least one price is missing. ``unknown``: quarters without known energy, of
    ``quarters`` in all.
    """

    tariff: Tariff
    since: date
    until: date
    lines: tuple[BillLine, ...]
    bought: int
    fed_in: int
    estimated: int
    unpriced: int
    unknown: int
    quarters: int
    gaps: tuple[PriceGap, ...] = ()

    @property
    def total(self) -> Decimal:
        """The sum of the lines; an included tax is in the others already."""
        return sum((one.amount for one in self.lines if not one.is_included), Decimal(0))


def bill(
    tariff: Tariff,
    energy: HomeEnergy,
    feeds: Feeds,
    zone: tzinfo,
    since: date,
    until: date,
    holidays: HolidayList | None = None,
) -> Bill:
    """The bill of some days. ``energy`` has these days, and those before from ``pricing.reading_begin`` on."""
    writer = BillWriter(tariff, energy, feeds, zone, holidays or HolidayList())
    parts = [writer.period(max(begin, since), min(end, until)) for begin, end in tariff.billing.periods(since, until)]
    return parts[0] if len(parts) == 1 else summed(parts)


def summed(bills: Sequence[Bill]) -> Bill:
    """Bills of one tariff that follow each other as one."""
    lines: dict[tuple[object, ...], BillLine] = {}
    for line in (line for one in bills for line in one.lines):
        before = lines.get(line.key)
        lines[line.key] = line if before is None else _joined(before, line)
    first, last = bills[0], bills[-1]
    return replace(
        first,
        until=last.until,
        lines=tuple(sorted(lines.values(), key=_order)),
        bought=sum(one.bought for one in bills),
        fed_in=sum(one.fed_in for one in bills),
        estimated=sum(one.estimated for one in bills),
        unpriced=sum(one.unpriced for one in bills),
        unknown=sum(one.unknown for one in bills),
        quarters=sum(one.quarters for one in bills),
        gaps=tuple(gap for one in bills for gap in one.gaps),
    )


class BillWriter:
    """Writes the bills of billing periods that follow each other."""

    def __init__(self, tariff: Tariff, energy: HomeEnergy, feeds: Feeds, zone: tzinfo, holidays: HolidayList) -> None:
        self._tariff = tariff
        self._energy = energy
        self._zone = zone
        self._pricing = Pricing(tariff, energy, feeds, zone, holidays)
        self._done = energy.first

    def period(self, since: date, until: date) -> Bill:
        """The bill of a billing period, or of a part of it. Later ones have to be asked for later."""
        first = max(day_begin(since, self._zone), self._energy.first)
        end = max(min(day_begin(until, self._zone), self._energy.end), first)
        if self._done < first:
            self._pricing.ranges(self._done, first)  # tiers fill
        self._done = end
        stretches: list[tuple[date, date, list[BillLine]]] = []
        ranges: list[PricedRange] = []
        for begin, stop in self._stretches(since, until):
            low, high = (min(max(day_begin(one, self._zone), first), end) for one in (begin, stop))
            charged = self._pricing.ranges(low, high) if low < high else []
            ranges += charged
            stretches.append((begin, stop, self._lines(charged, begin, stop, until)))
        limited = iter(_limited(self._tariff, [line for _, _, found in stretches for line in found]))
        lines = [
            line
            for begin, stop, found in stretches
            for line in self._with_taxes(begin, stop, list(islice(limited, len(found))))
        ]
        known = self._energy.unknown[first - self._energy.first : end - self._energy.first]
        bought = self._energy.bought[first - self._energy.first : end - self._energy.first]
        estimated = self._energy.estimated[first - self._energy.first : end - self._energy.first]
        gaps, unpriced = self._gaps(ranges, first, end)
        return Bill(
            tariff=self._tariff,
            since=since,
            until=until,
            lines=tuple(sorted(lines, key=_order)),
            bought=sum(bought),
            fed_in=sum(self._energy.fed_in[first - self._energy.first : end - self._energy.first]),
            estimated=sum(mWh for mWh, guess in zip(bought, estimated, strict=True) if guess),
            unpriced=unpriced,
            unknown=sum(known),
            quarters=end - first,
            gaps=tuple(gaps),
        )

    # --- inside --------------------------------------------------------------------------------

    def _stretches(self, since: date, until: date) -> Iterator[tuple[date, date]]:
        """The days, divided where a tax changes."""
        changes = {one for tax in self._tariff.taxes for one in (tax.since, tax.until) if since < one < until}
        yield from pairwise([since, *sorted(changes), until])

    def _lines(self, charged: Sequence[PricedRange], since: date, until: date, end: date) -> list[BillLine]:
        """The lines of parts. ``end``: of the billing period."""
        places = {id(part): place for place, part in enumerate(self._tariff.parts)}
        found = [line for one in charged for line in self._energy_lines(places[id(one.part)], one, since, until)]
        for place, part in enumerate(self._tariff.parts):
            if part.kind == "demand":
                found += self._demand(place, part, since, until) if until == end else []
            elif part.kind not in BY_ENERGY:
                found += self._fixed(place, part, since, until)
        return found

    def _energy_lines(self, place: int, one: PricedRange, since: date, until: date) -> Iterator[BillLine]:
        part = one.part
        sign = -1 if part.kind == "feed_in" else 1
        for key, line in one.lines.items():
            yield BillLine(
                place=place,
                kind=part.kind,
                name=part.name,
                amount=rounded(Fraction(sign * line.amount, ATTO), self._tariff.digits),
                quantity=Fraction(line.mWh, MWH),
                rate=None if key.rate is None else Fraction(key.rate, PICO),
                zone=key.zone,
                tier=key.tier,
                is_fallback=key.is_fallback,
                estimated=Fraction(line.estimated, MWH),
                since=max(since, part.since),
                until=min(until, part.until),
            )

    def _fixed(self, place: int, part: TariffPart, since: date, until: date) -> list[BillLine]:
        amount, days = fixed_amount(self._tariff, part, since, until)
        if not days or (part.once and not amount):
            return []
        return [
            BillLine(
                place=place,
                kind=part.kind,
                name=part.name,
                amount=rounded(amount, self._tariff.digits),
                quantity=Fraction(part.kW) if part.kW is not None else Fraction(days),
                rate=Fraction(part.price, PICO),
                days=days,
                since=max(since, part.since),
                until=min(until, part.until),
            )
        ]

    def _demand(self, place: int, part: TariffPart, since: date, until: date) -> list[BillLine]:
        """Of the whole billing period, where taxes divide it with the last days."""
        period = self._tariff.billing.period(since)[0]
        first, last = max(period, part.since), min(until, part.until)
        if first >= last:
            return []
        offset, size = self._energy.first, len(self._energy.bought)
        low, high = (min(max(day_begin(one, self._zone) - offset, 0), size) for one in (first, last))
        kW = highest_kW(part, self._pricing.measured(part)[low:high], self._pricing.zones[low:high])
        if not kW:
            return []
        return [
            BillLine(
                place=place,
                kind=part.kind,
                name=part.name,
                amount=rounded(kW * Fraction(part.price, PICO), self._tariff.digits),
                quantity=kW,
                rate=Fraction(part.price, PICO),
                days=(last - first).days,
                since=first,
                until=last,
            )
        ]

    def _with_taxes(self, since: date, until: date, lines: list[BillLine]) -> list[BillLine]:
        """The lines with the taxes on them, then the taxes of these days, in which none of them changes."""
        parts = self._tariff.parts
        counting = [one for one in self._tariff.taxes if one.counts_on(since)]
        places = {id(tax): len(parts) + place for place, tax in enumerate(self._tariff.taxes)}
        taxes: list[tuple[TariffTax, BillLine]] = []
        for tax in counting:
            bases = [one.amount for one in lines if tax.covers(parts[one.place])]
            base = sum((*bases, *(one.amount for other, one in taxes if tax.covers_tax(other))), Decimal(0))
            if base:
                taxes.append((tax, self._tax(places[id(tax)], tax, base, since, until)))
        taxed = [replace(one, taxes=Fraction(one.amount) * tax_factor(counting, parts[one.place])) for one in lines]
        return [*taxed, *(one for _, one in taxes)]

    def _tax(self, place: int, tax: TariffTax, base: Decimal, since: date, until: date) -> BillLine:
        percent = Fraction(tax.percent)
        share = percent / (100 + percent) if tax.included else percent / 100
        return BillLine(
            place=place,
            kind="tax",
            name=tax.name,
            amount=rounded(Fraction(base) * share, self._tariff.digits),
            quantity=Fraction(base),
            rate=percent,
            is_included=tax.included,
            since=since,
            until=until,
        )

    def _gaps(self, ranges: Sequence[PricedRange], first: int, end: int) -> tuple[list[PriceGap], int]:
        """What has no price, and how many mWh of what is bought that are."""
        missing, bare = missing_prices(self._pricing, ranges, first, end)
        gaps = [gap for one in ranges for gap in runs(one.part.name, one.unpriced)]
        return gaps + runs("", bare), sum(missing.values())


def tax_factor(taxes: Sequence[TariffTax], part: TariffPart) -> Fraction:
    """What taxes add to an amount of a part, as a share of it; included ones add nothing."""
    shares: list[tuple[TariffTax, Fraction]] = []
    for tax in taxes:
        if tax.included:
            continue
        base = Fraction(1 if tax.covers(part) else 0)
        base += sum((share for other, share in shares if tax.covers_tax(other)), Fraction(0))
        shares.append((tax, base * Fraction(tax.percent) / 100))
    return sum((share for _, share in shares), Fraction(0))


# --- inside -------------------------------------------------------------------------------------------


def _limited(tariff: Tariff, lines: list[BillLine]) -> list[BillLine]:
    """Feed-in that is paid up to the energy charged only: the last lines are cut."""
    left = sum((one.amount for one in lines if one.kind == "energy"), Decimal(0))
    found = []
    for one in lines:
        if one.kind == "feed_in" and one.amount < 0 and tariff.parts[one.place].limited:
            paid = max(min(-one.amount, left), Decimal(0))
            left -= paid
            one = replace(one, amount=-paid, is_limited=-paid != one.amount)
        found.append(one)
    return found


def _joined(before: BillLine, line: BillLine) -> BillLine:
    is_power = line.kind in ("power", "demand")
    return replace(
        before,
        amount=before.amount + line.amount,
        quantity=max(before.quantity, line.quantity) if is_power else before.quantity + line.quantity,
        taxes=before.taxes + line.taxes,
        estimated=before.estimated + line.estimated,
        days=before.days + line.days,
        is_limited=before.is_limited or line.is_limited,
        since=min(before.since, line.since),
        until=max(before.until, line.until),
    )


def _order(line: BillLine) -> tuple[object, ...]:
    return line.place, line.zone, line.tier, line.is_fallback, line.since


def runs(part: str, quarters: Iterable[tuple[int, int]]) -> list[PriceGap]:
    """Quarters and their mWh as gaps."""
    found: list[PriceGap] = []
    for number, mWh in quarters:
        if found and found[-1].end == number:
            found[-1] = PriceGap(part, found[-1].first, number + 1, found[-1].mWh + mWh)
        else:
            found.append(PriceGap(part, number, number + 1, mWh))
    return found
