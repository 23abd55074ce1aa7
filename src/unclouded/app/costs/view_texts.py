"""What tariffs/ computes, as the views of the API."""

from collections.abc import Iterable, Sequence
from decimal import Decimal
from fractions import Fraction
from itertools import groupby

from unclouded.app.costs.cost_rows import SolarSums
from unclouded.app.costs.measured_home import MeasuredHome
from unclouded.core.times import iso
from unclouded.core.views.costs import (
    BillLineView,
    BillView,
    ComparedTariffView,
    CostGapView,
    MeasuredHomeView,
    PriceComponentView,
    PricesView,
    PriceView,
    SolarView,
    TariffPartView,
    TariffTaxView,
    TariffTierView,
    TariffView,
    TariffZoneView,
)
from unclouded.tariffs.bill import Bill, BillLine, PriceGap
from unclouded.tariffs.money import MWH, price_of, rounded, short
from unclouded.tariffs.price import QuarterPrice
from unclouded.tariffs.price_runs import PriceRun
from unclouded.tariffs.pricing import ALL
from unclouded.tariffs.quarters import QUARTER, HomeEnergy
from unclouded.tariffs.tariff import BY_ENERGY, Tariff, TariffPart
from unclouded.tariffs.words import first_day, last_day, line_text, part_text

MOST_GAPS = 50
UNITS = {
    "energy": "kWh",
    "feed_in": "kWh",
    "power": "kW",
    "demand": "kW",
    "tax": "",
    "standing": "days",
    "credit": "days",
}


def bill_view(found: Bill, period: str, start: int, end: int, is_over: bool) -> BillView:
    """``start``, ``end``: of the whole period, Unix seconds."""
    tariff = found.tariff
    missing = found.unknown / found.quarters if found.quarters else 1.0
    gaps = [_gap(one) for one in found.gaps]
    return BillView(
        tariff=tariff.name,
        currency=tariff.currency,
        digits=tariff.digits,
        period=period,
        since=str(found.since),
        until=last_day(found.until),
        start=float(start),
        end=float(end),
        complete=is_over and not found.unknown and not found.gaps,
        total=found.total,
        lines=tuple(_line(tariff, one) for one in found.lines),
        import_kWh=found.bought / MWH,
        export_kWh=found.fed_in / MWH,
        unpriced_kWh=found.unpriced / MWH,
        estimated_share=found.estimated / found.bought if found.bought else 0.0,
        missing_share=missing,
        gaps=tuple(gaps[:MOST_GAPS]),
        more_gaps=max(len(gaps) - MOST_GAPS, 0),
    )


def gap_views(
    gaps: Iterable[PriceGap], energy: HomeEnergy, first: int, end: int
) -> tuple[tuple[CostGapView, ...], int]:
    """The gaps of a time, those without a price first, and how many more there are."""
    low, high = max(first - energy.first, 0), max(end - energy.first, 0)
    found = [_gap(one) for one in gaps]
    place = low
    for is_unknown, run in groupby(energy.unknown[low:high]):
        length = len(list(run))
        if is_unknown:
            begin = float((energy.first + place) * QUARTER)
            found.append(CostGapView(kind="no_energy", start=begin, end=begin + length * QUARTER))
        place += length
    return tuple(found[:MOST_GAPS]), max(len(found) - MOST_GAPS, 0)


def missing_share(energy: HomeEnergy, first: int, end: int) -> float:
    """The part of a time, as far as it is over, of which the energy is not known."""
    known = energy.unknown[max(first - energy.first, 0) : max(end - energy.first, 0)]
    return sum(known) / len(known) if known else 1.0


def solar_view(sums: SolarSums) -> SolarView:
    """The energy of a solar system in kWh and what it saved and earned; ``kg`` None: the carbon is not known."""
    return SolarView(
        produced_kWh=sums.produced / MWH,
        used_kWh=sums.used / MWH,
        fed_in_kWh=sums.fed_in / MWH,
        saved=short(sums.saved),
        earned=short(sums.earned),
        kg=None if sums.kg is None else float(sums.kg),
    )


def compared_view(tariff: Tariff, bills: Sequence[Bill], base: Tariff, others: Sequence[Bill]) -> ComparedTariffView:
    """``bills``: of the whole time, then of its months; ``others``: those of the tariff that it is compared with."""
    whole = bills[0]
    same = tariff.currency == base.currency
    kWh = Fraction(whole.bought, MWH)
    return ComparedTariffView(
        tariff=tariff.name,
        currency=tariff.currency,
        digits=tariff.digits,
        total=whole.total,
        energy=_sum(whole, "energy"),
        fixed=sum((_sum(whole, one) for one in ("standing", "power", "demand", "credit")), Decimal(0)),
        feed_in=_sum(whole, "feed_in"),
        tax=_sum(whole, "tax"),
        difference=whole.total - others[0].total if same else None,
        average=short(Fraction(whole.total) / kWh, 4) if kWh else None,
        months=[one.total for one in bills[1:]],
        unpriced_kWh=whole.unpriced / MWH,
        problem="" if same else f"It is in {tariff.currency}, {base.name} in {base.currency}.",
    )


def price_view(
    tariff: Tariff, at: float, found: QuarterPrice, ahead: tuple[int, Fraction] | None, g_per_kWh: Fraction | None
) -> PriceView:
    """``ahead``: the next quarter with another price."""
    return PriceView(
        tariff=tariff.name,
        currency=tariff.currency,
        digits=tariff.digits,
        at=iso(at),
        price=_short(found.price),
        tax=short(found.tax),
        feed_in=_short(found.feed_in),
        zone=found.zone,
        until=iso(ahead[0] * QUARTER) if ahead is not None else "",
        next_price=_short(ahead[1]) if ahead is not None else None,
        components=tuple(
            PriceComponentView(
                part=one.part, price=_short(one.price), because=one.because, zone=found.zone, tier=one.tier
            )
            for one in found.components
        ),
        text=_price_text(tariff, found),
        g_per_kWh=None if g_per_kWh is None else float(g_per_kWh),
    )


def prices_view(tariff: Tariff, runs: Sequence[PriceRun], end: int) -> PricesView:
    """``end``: the quarter behind the last run."""
    return PricesView(
        tariff=tariff.name,
        currency=tariff.currency,
        digits=tariff.digits,
        at=[float(one.first * QUARTER) for one in runs] + [float(end * QUARTER)],
        price=[_short(one.price) for one in runs],
        zone=[one.zone for one in runs],
        feed_in=[_short(one.feed_in) for one in runs],
    )


def tariff_view(tariff: Tariff, is_active: bool) -> TariffView:
    """A tariff as the API has it, with its zones, parts and taxes. ``is_active``: the home is billed by it."""
    return TariffView(
        name=tariff.name,
        currency=tariff.currency,
        digits=tariff.digits,
        billing=tariff.billing.text,
        active=is_active,
        zones=tuple(TariffZoneView(name=one.name, text=one.text) for one in tariff.zones),
        parts=tuple(_part(tariff, one) for one in tariff.parts),
        taxes=tuple(
            TariffTaxView(
                name=one.name,
                percent=one.percent,
                on=tuple(sorted(one.on)),
                included=one.included,
                since=first_day(one.since),
                until=last_day(one.until),
            )
            for one in tariff.taxes
        ),
        feeds=tariff.feeds,
    )


def home_view(home: MeasuredHome) -> MeasuredHomeView:
    """Which devices measure grid and solar, and which others count as uses."""
    return MeasuredHomeView(grid=home.grid, solar=home.solar, devices=home.uses, controlled=home.controlled)


# --- inside -------------------------------------------------------------------------------------------


def _part(tariff: Tariff, part: TariffPart) -> TariffPartView:
    def prices(known: dict[int, int]) -> dict[str, Decimal]:
        if not part.by_zone and len(part.zones) == len(tariff.zone_names):
            return {"": price_of(next(iter(known.values())))}
        return {tariff.zone_names[zone]: price_of(price) for zone, price in known.items()}

    tiers = part.tiers if part.is_tiered else ()
    is_energy = part.kind in BY_ENERGY
    simple = prices(dict(part.tiers[0].prices)) if part.tiers and not tiers else {}
    return TariffPartView(
        kind=part.kind,
        name=part.name,
        text=part_text(tariff, part),
        prices=simple if is_energy else {"": price_of(part.price)},
        tiers=tuple(
            TariffTierView(
                up_to=None if one.up_to is None else short(Fraction(one.up_to, MWH)), prices=prices(dict(one.prices))
            )
            for one in tiers
        ),
        feed=part.feed.feed if part.feed is not None else "",
        per="once" if part.once else part.per if not is_energy or tiers else "",
        since=first_day(part.since),
        until=last_day(part.until),
    )


def _line(tariff: Tariff, line: BillLine) -> BillLineView:
    is_energy = line.kind in BY_ENERGY
    varies = is_energy and line.rate is None and line.quantity
    return BillLineView(
        kind=line.kind,
        part=line.name,
        text=line_text(tariff, line),
        amount=line.amount,
        quantity=short(line.quantity),
        unit=UNITS[line.kind] or tariff.currency,
        rate=None if line.rate is None else short(line.rate, 12),
        average=short(abs(Fraction(line.amount)) / line.quantity, 4) if varies else None,
        tax=rounded(line.taxes, tariff.digits + 4),
        zone="" if line.zone == ALL else tariff.zone_names[line.zone],
        tier=line.tier,
        since=first_day(line.since),
        until=last_day(line.until),
        days=line.days,
        estimated=float(line.estimated / line.quantity) if is_energy and line.quantity else 0.0,
        fallback=line.is_fallback,
        included=line.is_included,
    )


def _gap(gap: PriceGap) -> CostGapView:
    start, end = float(gap.first * QUARTER), float(gap.end * QUARTER)
    return CostGapView(kind="no_price", start=start, end=end, part=gap.part, kWh=gap.mWh / MWH)


def _sum(bill: Bill, kind: str) -> Decimal:
    return sum((one.amount for one in bill.lines if one.kind == kind and not one.is_included), Decimal(0))


def _price_text(tariff: Tariff, found: QuarterPrice) -> str:
    where = f"zone {found.zone}, " if found.zone else ""
    if found.price is None:
        return f"The price of this time is not known: {where}{_missing(found)}."
    parts = " + ".join(f"{short(one.price or Fraction(0), 5)} ({one.part}: {one.because})" for one in found.components)
    tax = f" + {short(found.tax, 5)} taxes" if found.tax else ""
    return f"{short(found.price, 5)} {tariff.currency}/kWh: {where}{parts}{tax}."


def _missing(found: QuarterPrice) -> str:
    missing = [f"{one.part}: {one.because}" for one in found.components if one.price is None]
    return "; ".join(missing) or "no part of the tariff counts then"


def _short(price: Fraction | None) -> Decimal | None:
    return None if price is None else short(price)
