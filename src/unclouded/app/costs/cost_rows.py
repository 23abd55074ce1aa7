"""The costs of devices or rooms per period, and all that adds up to the whole with them."""

from collections.abc import Mapping, Sequence
from datetime import timedelta
from decimal import Decimal
from fractions import Fraction
from itertools import pairwise
from operator import and_, mul
from typing import NamedTuple

from unclouded.app.costs.measured_home import Columns, MeasuredHome, used_energy
from unclouded.app.costs.quarter_columns import QuarterColumn
from unclouded.core.errors import CommandError
from unclouded.core.model import Device
from unclouded.core.views.costs import CostRow, CostRowKind
from unclouded.tariffs.bill import PriceGap, runs
from unclouded.tariffs.money import ATTO, MWH, short
from unclouded.tariffs.pricing import Pricing
from unclouded.tariffs.quarters import QUARTER, HomeEnergy, day_begin, days_of_range
from unclouded.tariffs.shares import QuarterCosts, amount_of, fixed_days, quarter_costs, shared_rates

CARBON = 10**6  # carbon is counted in 10⁻⁶ g per kWh × mWh = 10⁻¹² g
KG = 10**15

Cut = Sequence[tuple[int, int]]  # of each period, its first quarter within the energy, and the one behind it


class SolarSums(NamedTuple):
    """What solar did in a time: mWh, money of the currency. ``kg`` None: the carbon is not known."""

    produced: int
    used: int
    fed_in: int
    saved: Fraction
    earned: Fraction
    kg: Fraction | None


class CostTable(NamedTuple):
    """The rows, in the order in which they are shown."""

    rows: list[CostRow]
    solar: SolarSums | None
    unpriced_kWh: float
    no_intensity_kWh: float
    gaps: list[PriceGap]


class RowSums(NamedTuple):
    """Of each period: money (10⁻¹⁸), mWh, carbon (10⁻¹² g), whether nothing is known, whether some is estimated."""

    amounts: list[int]
    mWh: list[int]
    carbon: list[int]
    unknown: list[bool]
    estimated: list[bool]


class KnownPeriods(NamedTuple):
    """Of each period: whether what was bought in it has a price, and whether it has a carbon intensity, in part."""

    priced: list[bool]
    carbon: list[bool]


class QuarterShares(NamedTuple):
    """What one mWh costs in each quarter: in general, of the controlled load; its carbon.

    ``use``: of the home, mWh. ``emitted``: for what was bought, 10⁻¹² g.
    """

    general: list[int]
    controlled: list[int]
    carbon: list[int]
    use: list[int]
    emitted: list[int]
    has_carbon: bool


def cost_table(
    home: MeasuredHome,
    devices: Sequence[Device],
    pricing: Pricing,
    columns: Columns,
    at: Sequence[float],
    intensity: Sequence[Fraction | None],
    chosen: Sequence[str] = (),
    by_room: bool = False,
) -> CostTable:
    """``at``: the borders of the periods. ``intensity``: g/kWh per quarter. Raises CommandError for unknown devices."""
    known = {one.id: one for one in devices}
    for one in chosen:
        if one not in known:
            raise CommandError(f"There is no device {one[:60]!r}. There are: {', '.join(known) or 'none'}.")
    costs, cut = quarter_costs(pricing), _cut(at, pricing.energy)
    used = {id: column for id in (*home.uses, *home.inside) if (column := used_energy(columns, id)) is not None}
    shares = _shares(home, pricing, used, costs, intensity)
    sums = {id: _device_sums(id in home.controlled, pricing, column, shares, cut) for id, column in used.items()}
    periods = _known_periods(pricing.energy, costs, intensity, cut)
    rows = [
        _device_row(home, known.get(id), id, one, periods, shares.has_carbon)
        for id, one in sums.items()
        if not chosen or id in chosen
    ]
    rows = _rooms(rows) if by_room else rows
    if not chosen:
        counted = [one for id, one in sums.items() if id in home.uses]
        rows += _other_rows(home, pricing, costs, shares, counted, periods, cut)
    low, high = cut[0][0], max(cut[-1][1], cut[0][0])
    return CostTable(
        rows=rows,
        solar=_solar(pricing.energy, costs, intensity, low, high) if home.solar else None,
        unpriced_kWh=sum(costs.unpriced[low:high]) / MWH,
        no_intensity_kWh=_without_intensity(pricing.energy, intensity, low, high) / MWH if shares.has_carbon else 0.0,
        gaps=runs("", [(costs.first + low + place, mWh) for place, mWh in enumerate(costs.unpriced[low:high]) if mWh]),
    )


# --- shares -------------------------------------------------------------------------------------------


def _cut(at: Sequence[float], energy: HomeEnergy) -> list[tuple[int, int]]:
    size = len(energy.bought)
    places = [min(max(int(one) // QUARTER - energy.first, 0), size) for one in at]
    return list(pairwise(places))


def _shares(
    home: MeasuredHome,
    pricing: Pricing,
    used: Mapping[str, QuarterColumn],
    costs: QuarterCosts,
    intensity: Sequence[Fraction | None],
) -> QuarterShares:
    energy = pricing.energy
    own = energy.controlled if pricing.tariff.has_controlled else [0] * len(energy.bought)
    come_in = zip(energy.bought, energy.produced, energy.fed_in, strict=True)
    use = [max(bought + made - given, 0) for bought, made, given in come_in]
    separate = home.controlled if pricing.tariff.has_controlled else ()
    measured = _added([used[id].mWh for id in home.uses if id in used and id not in separate], len(use))
    whole = [max(all_of_it - part, devices) for all_of_it, part, devices in zip(use, own, measured, strict=True)]
    emitted, everything = (
        list(map(mul, _grams(intensity), energy.bought)),
        list(map(max, use, _added([measured, own], len(use)))),
    )
    return QuarterShares(
        general=shared_rates(costs.general, whole),
        controlled=shared_rates(costs.controlled, energy.controlled),
        carbon=shared_rates(emitted, everything),
        use=use,
        emitted=emitted,
        has_carbon=any(one is not None for one in intensity),
    )


def _known_periods(
    energy: HomeEnergy, costs: QuarterCosts, intensity: Sequence[Fraction | None], cut: Cut
) -> KnownPeriods:
    bought, unpriced = _sums(energy.bought, cut), _sums(costs.unpriced, cut)
    charged = [any(costs.general[low:high]) or any(costs.controlled[low:high]) for low, high in cut]
    measured = _measured(energy, cut)
    without = [_without_intensity(energy, intensity, low, high) for low, high in cut]
    return KnownPeriods(
        priced=[
            is_known and (has_costs or not kWh or missing < kWh)
            for is_known, has_costs, kWh, missing in zip(measured, charged, bought, unpriced, strict=True)
        ],
        carbon=[
            is_known and (not kWh or missing < kWh)
            for is_known, kWh, missing in zip(measured, bought, without, strict=True)
        ],
    )


def _measured(energy: HomeEnergy, cut: Cut) -> list[bool]:
    """Whether something is known of each period: with two meters, what one of them counted."""
    return [
        energy.unknown.count(1, low, high) < high - low or any(energy.bought[low:high]) or any(energy.fed_in[low:high])
        for low, high in cut
    ]


def _without_intensity(energy: HomeEnergy, intensity: Sequence[Fraction | None], low: int, high: int) -> int:
    """The bought mWh of quarters whose carbon intensity is not known."""
    return sum(mWh for mWh, one in zip(energy.bought[low:high], intensity[low:high], strict=True) if one is None)


def _grams(intensity: Sequence[Fraction | None]) -> list[int]:
    """10⁻⁶ g per kWh of each quarter, 0 where it is not known; the same value is computed once."""
    found: list[int] = []
    known, grams = None, 0
    for one in intensity:
        if one is not known:
            known, grams = one, 0 if one is None else one.numerator * CARBON // one.denominator
        found.append(grams)
    return found


def _added(columns: Sequence[Sequence[int]], size: int) -> list[int]:
    # In a loop: as one call, it would hold up other threads for 20 ms
    return [sum(one) for one in zip(*columns, strict=True)] if columns else [0] * size


def _device_sums(
    is_controlled: bool, pricing: Pricing, column: QuarterColumn, shares: QuarterShares, cut: Cut
) -> RowSums:
    rates = shares.controlled if is_controlled and pricing.tariff.has_controlled else shares.general
    return RowSums(
        amounts=_products(rates, column.mWh, cut),
        mWh=_sums(column.mWh, cut),
        carbon=_products(shares.carbon, column.mWh, cut) if shares.has_carbon else [0] * len(cut),
        unknown=[column.unknown.count(1, low, high) >= high - low for low, high in cut],
        estimated=[column.estimated.find(1, low, high) >= 0 for low, high in cut],
    )


def _sums(values: Sequence[int], cut: Cut) -> list[int]:
    return [sum(values[low:high]) for low, high in cut]


def _products(rates: Sequence[int], values: Sequence[int], cut: Cut) -> list[int]:
    return [sum(map(mul, rates[low:high], values[low:high])) for low, high in cut]


# --- rows ---------------------------------------------------------------------------------------------


def _device_row(
    home: MeasuredHome, device: Device | None, id: str, sums: RowSums, known: KnownPeriods, has_carbon: bool
) -> CostRow:
    name, room = (device.name or id, device.room) if device is not None else (id, "")
    return _row("device", sums, known, has_carbon, id, name, room, home.inside.get(id, ""))


def _other_rows(
    home: MeasuredHome,
    pricing: Pricing,
    costs: QuarterCosts,
    shares: QuarterShares,
    counted: Sequence[RowSums],
    known: KnownPeriods,
    cut: Cut,
) -> list[CostRow]:
    """What no plug measures, what does not depend on use, what was fed in, and the whole."""
    energy = pricing.energy
    unknown = [not one for one in _measured(energy, cut)]
    estimated = [energy.estimated.find(1, low, high) >= 0 for low, high in cut]
    whole = [one + other for one, other in zip(_sums(costs.general, cut), _sums(costs.controlled, cut), strict=True)]
    carbon = _sums(shares.emitted, cut)
    rest = RowSums(
        _less(whole, [one.amounts for one in counted]),
        [max(one, 0) for one in _less(_sums(shares.use, cut), [one.mWh for one in counted])],
        [max(one, 0) for one in _less(carbon, [one.carbon for one in counted])],
        unknown,
        estimated,
    )
    nothing, is_known, always = [0] * len(cut), [False] * len(cut), KnownPeriods([True] * len(cut), [True] * len(cut))
    fixed, earned = _fixed(pricing, cut), [-one for one in _sums(costs.earned, cut)]
    rows = [_row("rest", rest, known, shares.has_carbon)] if home.grid else []
    if any(fixed):
        rows.append(
            _row("fixed", RowSums(fixed, nothing, nothing, [high <= low for low, high in cut], is_known), always)
        )
    if any(energy.fed_in):
        rows.append(_row("feed_in", RowSums(earned, _sums(energy.fed_in, cut), nothing, unknown, estimated), always))
    total = [sum(one) for one in zip(whole, fixed, earned, strict=True)]
    charged = KnownPeriods([one or bool(amount) for one, amount in zip(known.priced, fixed, strict=True)], known.carbon)
    sums = RowSums(total, _sums(energy.bought, cut), carbon, unknown, estimated)
    rows.append(_row("total", sums, charged, shares.has_carbon))
    return rows


def _less(whole: Sequence[int], parts: Sequence[Sequence[int]]) -> list[int]:
    return [one - part for one, part in zip(whole, _added(parts, len(whole)), strict=True)]


def _row(
    kind: CostRowKind,
    sums: RowSums,
    known: KnownPeriods,
    has_carbon: bool = False,
    id: str = "",
    name: str = "",
    room: str = "",
    inside: str = "",
) -> CostRow:
    """``known.priced`` decides of the total alone, which has fixed amounts while no energy is known."""
    measured = [not one for one in sums.unknown]
    priced = known.priced if kind == "total" else list(map(and_, measured, known.priced))
    costs = [amount_of(value) if one else None for one, value in zip(priced, sums.amounts, strict=True)]
    return CostRow(
        kind=kind,
        id=id,
        name=name,
        room=room,
        inside=inside,
        cost=[None if one is None else short(one) for one in costs],
        kWh=_where(measured, sums.mWh, MWH),
        kg=_where(list(map(and_, measured, known.carbon)), sums.carbon, KG) if has_carbon else [],
        estimated=sums.estimated,
        total_cost=short(amount_of(sum(sums.amounts))),
        total_kWh=sum(sums.mWh) / MWH,
        total_kg=sum(sums.carbon) / KG if has_carbon else None,
    )


def _where(known: Sequence[bool], values: Sequence[int], unit: int) -> list[float | None]:
    return [value / unit if one else None for one, value in zip(known, values, strict=True)]


def _rooms(rows: Sequence[CostRow]) -> list[CostRow]:
    """Rows of devices as rows of their rooms, by name, those without a room last."""
    found: dict[str, list[CostRow]] = {}
    for one in rows:
        if not one.inside:
            found.setdefault(one.room, []).append(one)
    return [_room(name, found[name]) for name in sorted(found, key=lambda room: (not room, room))]


def _room(name: str, rows: Sequence[CostRow]) -> CostRow:
    grams = [one.total_kg for one in rows if one.total_kg is not None]
    return CostRow(
        kind="device",
        id=name,
        name=name,
        room=name,
        cost=[_money(one) for one in zip(*(row.cost for row in rows), strict=True)],
        kWh=[_number(one) for one in zip(*(row.kWh for row in rows), strict=True)],
        kg=[_number(one) for one in zip(*(row.kg for row in rows), strict=True)] if grams else [],
        estimated=[any(one) for one in zip(*(row.estimated for row in rows), strict=True)],
        total_cost=sum((one.total_cost for one in rows), Decimal(0)),
        total_kWh=sum(one.total_kWh for one in rows),
        total_kg=sum(grams) if grams else None,
    )


def _money(values: Sequence[Decimal | None]) -> Decimal | None:
    known = [one for one in values if one is not None]
    return sum(known, Decimal(0)) if known else None


def _number(values: Sequence[float | None]) -> float | None:
    known = [one for one in values if one is not None]
    return sum(known) if known else None


def _fixed(pricing: Pricing, cut: Cut) -> list[int]:
    """In each period, in ATTO; a period that is shorter than a day has its part of the day."""
    first = pricing.energy.first
    low, high = cut[0][0] + first, cut[-1][1] + first
    days = days_of_range(low, high, pricing.zone)
    amounts = fixed_days(pricing, [one.day for one in days])
    found, place = [Fraction(0)] * len(cut), 0
    for one in days:
        length = day_begin(one.day + timedelta(days=1), pricing.zone) - day_begin(one.day, pricing.zone)
        while place < len(cut) and cut[place][0] + first < one.end:
            shared = min(cut[place][1] + first, one.end) - max(cut[place][0] + first, one.first)
            found[place] += amounts[one.day] * Fraction(max(shared, 0), length)
            if cut[place][1] + first > one.end:
                break
            place += 1
    return [int(one * ATTO) for one in found]


def _solar(
    energy: HomeEnergy, costs: QuarterCosts, intensity: Sequence[Fraction | None], low: int, high: int
) -> SolarSums:
    used = [
        max(made - given, 0) for made, given in zip(energy.produced[low:high], energy.fed_in[low:high], strict=True)
    ]
    grams = _grams(intensity[low:high])
    is_known = any(one is not None for one in intensity)
    return SolarSums(
        produced=sum(energy.produced[low:high]),
        used=sum(used),
        fed_in=sum(energy.fed_in[low:high]),
        saved=amount_of(sum(map(mul, costs.marginal[low:high], used))),
        earned=amount_of(sum(costs.earned[low:high])),
        kg=Fraction(sum(map(mul, grams, used)), KG) if is_known else None,
    )
