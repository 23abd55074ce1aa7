"""Costs, bills, tariffs and comparisons as text."""

from collections.abc import Iterator, Sequence
from datetime import datetime, tzinfo
from decimal import Decimal

from unclouded.core.views.costs import (
    BillView,
    ComparisonView,
    CostGapView,
    CostRow,
    CostsView,
    PriceView,
    TariffsView,
)

NAME_WIDTH, ENERGY_WIDTH, MONEY_WIDTH = 34, 12, 12
FORMS = {"hour": "%Y-%m-%d %H:%M", "day": "%Y-%m-%d", "week": "%Y-%m-%d", "month": "%Y-%m", "billing": "%Y-%m-%d"}
LABELS = {"rest": "what no plug measures", "fixed": "standing charges", "feed_in": "fed in", "total": "total"}


def bill_lines(bill: BillView, zone: tzinfo) -> Iterator[str]:
    """The lines, the total, what is not known."""
    yield f"{bill.tariff}, {bill.since} to {bill.until}{'' if bill.complete else ' (not complete)'}"
    width = max((len(one.text) for one in bill.lines), default=0)
    for one in bill.lines:
        quantity = "" if one.kind == "tax" or one.quantity is None else f"{one.quantity:.3f} {one.unit}"
        rate = one.rate if one.rate is not None else one.average
        price = "" if rate is None or one.kind == "tax" else f"× {'' if one.rate is not None else '≈ '}{rate:f}"
        amount = f"({one.amount:f})" if one.included else f"{one.amount:f}"
        yield f"  {one.text:<{width}}  {quantity:>16}  {price:<16}  {amount:>{MONEY_WIDTH}}"
    yield f"  {'Total':<{width}}  {'':>16}  {bill.currency:<16}  {bill.total:>{MONEY_WIDTH}}"
    yield from _unknown(bill.unpriced_kWh, bill.missing_share, bill.gaps, bill.more_gaps, zone)
    if bill.estimated_share:
        yield f"{bill.estimated_share:.1%} of the energy is estimated."


def cost_lines(view: CostsView, zone: tzinfo, by_period: bool) -> Iterator[str]:
    """A line for each device and what it cost in the whole time, or for each period."""
    yield f"{'':<{NAME_WIDTH}} {'kWh':>{ENERGY_WIDTH}} {view.currency:>{MONEY_WIDTH}} {_kg_title(view.rows)}".rstrip()
    if by_period:
        yield from _period_lines(view, zone)
    else:
        yield from (_row_line(one, view.digits) for one in view.rows)
    if view.solar is not None and not by_period:
        yield (
            f"Solar: {view.solar.used_kWh:.2f} kWh used here saved {_money(view.solar.saved, view.digits)} "
            f"{view.currency}, {view.solar.fed_in_kWh:.2f} kWh fed in earned {_money(view.solar.earned, view.digits)}."
        )
    yield from _unknown(view.unpriced_kWh, view.missing_share, view.gaps, view.more_gaps, zone)
    if view.no_intensity_kWh:
        yield f"{view.no_intensity_kWh:.3f} kWh have no carbon intensity, and are not in the sums of CO₂."


def tariff_lines(view: TariffsView) -> Iterator[str]:
    """Each tariff with its zones, parts and taxes; where the energy is measured."""
    for one in view.tariffs:
        yield f"{one.name} ({one.currency}, billed by {one.billing}){' counts' if one.active else ''}"
        yield from (f"  zone {zone.name}: {zone.text}" for zone in one.zones)
        yield from (f"  {part.text}" for part in one.parts)
        for tax in one.taxes:
            on = f" on {', '.join(tax.on)}" if tax.on else ""
            yield f"  {tax.name}: {tax.percent:f} %{on}{', included in the prices' if tax.included else ''}"
    home = view.home
    if view.tariffs:
        yield f"Bought: {', '.join(home.grid) or 'what the devices use'}. Solar: {', '.join(home.solar) or 'none'}."
    if view.tariffs and not view.active:
        yield 'No tariff counts: write [costs] tariff = "…" into the configuration.'


def comparison_lines(view: ComparisonView, zone: tzinfo) -> Iterator[str]:
    """A line for each tariff, the cheapest first."""
    yield (
        f"{_day(view.start, zone)} to {_day(view.end - 1, zone)}: {view.import_kWh:.1f} kWh bought, "
        f"{view.export_kWh:.1f} kWh fed in"
    )
    titles = " ".join(f"{one:>10}" for one in ("energy", "fixed", "feed-in", "tax"))
    yield f"{'':<{NAME_WIDTH}} {'total':>{MONEY_WIDTH}} {titles}  difference"
    for one in sorted(view.tariffs, key=lambda each: each.total):
        difference = "" if one.difference is None else f"{one.difference:+}"
        yield (
            f"{one.tariff:<{NAME_WIDTH}} {one.total:>{MONEY_WIDTH}} {one.energy:>10} {one.fixed:>10} {one.feed_in:>10} "
            f"{one.tax:>10}  {difference} {one.currency}"
        )
        if one.unpriced_kWh:
            yield f"{'':<{NAME_WIDTH}} {one.unpriced_kWh:.3f} kWh have no price in it."
        if one.problem:
            yield f"{'':<{NAME_WIDTH}} {one.problem}"
    yield from _unknown(0.0, view.missing_share, (), 0, zone)


def price_lines(view: PriceView, zone: tzinfo) -> Iterator[str]:
    """The price in words, what is paid for feed-in, when it changes."""
    yield view.text
    if view.feed_in is not None:
        yield f"Fed in: {view.feed_in:f} {view.currency}/kWh."
    if view.until:
        changes = datetime.fromisoformat(view.until).astimezone(zone)
        yield f"From {changes:%Y-%m-%d %H:%M}: {view.next_price:f} {view.currency}/kWh."
    if view.g_per_kWh is not None:
        yield f"CO₂: {view.g_per_kWh:g} g/kWh."


# --- inside -------------------------------------------------------------------------------------------


def _row_line(one: CostRow, digits: int) -> str:
    name = LABELS.get(one.kind, one.name or "no room") + (f" (in {one.inside})" if one.inside else "")
    energy = "" if one.kind == "fixed" else f"{one.total_kWh:.2f}"
    kg = "" if one.total_kg is None else f"{one.total_kg:.2f}"
    cost = _money(one.total_cost, digits)
    return f"{name:<{NAME_WIDTH}} {energy:>{ENERGY_WIDTH}} {cost:>{MONEY_WIDTH}} {kg:>10}".rstrip()


def _period_lines(view: CostsView, zone: tzinfo) -> Iterator[str]:
    """Of one device, or of the total."""
    row = next((one for one in view.rows if one.kind == "total"), view.rows[0] if view.rows else None)
    if row is None:
        return
    for place, at in enumerate(view.at[:-1]):
        label = datetime.fromtimestamp(at, zone).strftime(FORMS[view.by])
        cost, kWh = row.cost[place], row.kWh[place]
        shown = "-" if cost is None else _money(cost, view.digits)
        energy = "-" if kWh is None else f"{kWh:.2f}"
        kg = row.kg[place] if row.kg else None
        carbon = "" if kg is None else f"{kg:.2f}"
        guessed = " estimated" if row.estimated and row.estimated[place] else ""
        yield f"{label:<{NAME_WIDTH}} {energy:>{ENERGY_WIDTH}} {shown:>{MONEY_WIDTH}} {carbon:>10}{guessed}".rstrip()
    yield _row_line(row, view.digits)


def _kg_title(rows: Sequence[CostRow]) -> str:
    return f"{'kg CO₂':>10}" if any(one.total_kg is not None for one in rows) else ""


def _unknown(
    unpriced_kWh: float, missing: float, gaps: Sequence[CostGapView], more: int, zone: tzinfo
) -> Iterator[str]:
    if missing:
        yield f"The energy of {missing:.1%} of this time is not known, and not in these sums."
    if unpriced_kWh:
        yield f"{unpriced_kWh:.3f} kWh have no price, and are not in these sums."
    named = [one for one in gaps if one.kind == "no_price"]
    for one in named[:5]:
        part = f"{one.part}: " if one.part else ""
        since = datetime.fromtimestamp(one.start, zone)
        yield f"  {part}no price from {since:%Y-%m-%d %H:%M}, {one.kWh:.3f} kWh"
    if more or len(named) > 5:
        yield f"  and {more + max(len(named) - 5, 0)} more"


def _money(amount: Decimal, digits: int) -> str:
    return f"{amount:.{digits}f}"


def _day(at: float, zone: tzinfo) -> str:
    return f"{datetime.fromtimestamp(at, zone):%Y-%m-%d}"
