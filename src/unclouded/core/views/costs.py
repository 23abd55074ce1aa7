"""Tariffs, costs and bills as the API and the command line show them.

Money is a decimal number as text, in the currency (``"12.34"``). Bills have the digits of the currency; costs and
prices are exact to six digits and are not rounded to cents. Times in columns are Unix seconds, dates are local.
"""

from collections.abc import Mapping
from decimal import Decimal
from typing import Literal

import msgspec

BillLineKind = Literal["energy", "feed_in", "standing", "power", "demand", "credit", "tax"]
CostRowKind = Literal["device", "rest", "fixed", "feed_in", "total"]
CostPeriod = Literal["hour", "day", "week", "month", "billing"]


class TariffZoneView(msgspec.Struct, frozen=True, kw_only=True):
    """A time-of-use zone. ``text``: its days and times as written."""

    name: str
    text: str


class TariffTierView(msgspec.Struct, frozen=True, kw_only=True):
    """A tier: up to so many kWh of each period of its part; ``up_to`` None: what is above the others."""

    up_to: Decimal | None
    prices: Mapping[str, Decimal]


class TariffPartView(msgspec.Struct, frozen=True, kw_only=True):
    """A part of a tariff. ``prices``: by zone, "" = all zones; of a dynamic price none, then ``feed`` names it.

    ``since``, ``until``: the first and the last day on which it counts, "" = no limit. ``per``: what a standing charge
    is for, or the period in which tiers begin again. ``text``: the whole part as a sentence.
    """

    kind: BillLineKind
    name: str
    text: str
    prices: Mapping[str, Decimal] = {}
    tiers: tuple[TariffTierView, ...] = ()
    feed: str = ""
    per: str = ""
    since: str = ""
    until: str = ""


class TariffTaxView(msgspec.Struct, frozen=True, kw_only=True):
    """A tax. ``on``: the kinds, parts and earlier taxes that it is levied on. ``included``: prices contain it."""

    name: str
    percent: Decimal
    on: tuple[str, ...] = ()
    included: bool = False
    since: str = ""
    until: str = ""


class TariffView(msgspec.Struct, frozen=True, kw_only=True):
    """A tariff of the configuration. ``digits``: of the currency behind its point. ``active``: costs are in it.

    ``feeds``: the feeds that it reads. ``notes``: what is worth knowing, as that a price ends on a date.
    """

    name: str
    currency: str
    digits: int
    billing: str
    active: bool
    zones: tuple[TariffZoneView, ...] = ()
    parts: tuple[TariffPartView, ...] = ()
    taxes: tuple[TariffTaxView, ...] = ()
    feeds: tuple[str, ...] = ()
    notes: tuple[str, ...] = ()


class MeasuredHomeView(msgspec.Struct, frozen=True, kw_only=True):
    """From which devices the energy of the home is computed: bought, fed in, produced; billed on a line of their own.

    ``grid`` empty: no device measures the connection, so what is bought is what the devices use.
    """

    grid: tuple[str, ...] = ()
    solar: tuple[str, ...] = ()
    devices: tuple[str, ...] = ()
    controlled: tuple[str, ...] = ()


class TariffsView(msgspec.Struct, frozen=True, kw_only=True):
    """All tariffs. ``active`` "": costs are not computed. ``carbon``: where the intensity comes from, "" = nowhere."""

    active: str
    tariffs: tuple[TariffView, ...] = ()
    home: MeasuredHomeView = MeasuredHomeView()
    carbon: str = ""


class BillLineView(msgspec.Struct, frozen=True, kw_only=True):
    """A line of a bill. ``amount``: rounded once, to the digits of the currency; of an included tax it is not added.

    ``part``: the name of the part or tax; ``zone``, ``tier`` (counted from 1; 0 = it has none) of energy. ``rate``
    None: it changes within the line; ``average`` is the average then. ``tax``: the taxes on this line, not rounded.
    ``estimated``: the part of the quantity that is estimated, 0 to 1. ``days``: of a standing charge. ``fallback``:
    the price of this line is the one for times without a price. ``text``: the line in English.
    """

    kind: BillLineKind
    part: str
    text: str
    amount: Decimal
    quantity: Decimal | None = None
    unit: str = ""
    rate: Decimal | None = None
    average: Decimal | None = None
    tax: Decimal = Decimal(0)
    zone: str = ""
    tier: int = 0
    since: str = ""
    until: str = ""
    days: int = 0
    estimated: float = 0.0
    fallback: bool = False
    included: bool = False


class CostGapView(msgspec.Struct, frozen=True, kw_only=True):
    """A time without a price or without energy. ``kWh``: without a price; None: the energy is not known."""

    kind: Literal["no_price", "no_energy"]
    start: float
    end: float
    part: str = ""
    kWh: float | None = None


class BillView(msgspec.Struct, frozen=True, kw_only=True):
    """A bill. The amounts of its lines add up to ``total``.

    ``since``, ``until``: the first and the last day. ``complete``: the period is over, all energy is known and has a
    price. ``unpriced_kWh``: energy without a price, which is in no line. ``missing_share``: the part of the period
    without known energy, 0 to 1. ``estimated_share``: the part of the energy that is estimated.
    """

    tariff: str
    currency: str
    digits: int
    period: str
    since: str
    until: str
    start: float
    end: float
    complete: bool
    total: Decimal
    lines: tuple[BillLineView, ...]
    import_kWh: float
    export_kWh: float
    unpriced_kWh: float = 0.0
    estimated_share: float = 0.0
    missing_share: float = 0.0
    gaps: tuple[CostGapView, ...] = ()
    more_gaps: int = 0
    periods: tuple[str, ...] = ()


class CostRow(msgspec.Struct, frozen=True, kw_only=True):
    """The costs of a device or a room per period, taxes included; None where the energy is not known or has no price.

    ``id``: of the device, or the room's name. ``inside``: the device that its use is part of; such rows are in no
    total. Of ``rest`` (what no plug measures), ``fixed`` (standing charges and others that do not depend on use),
    ``feed_in`` (negative: earned) and ``total``, ``id`` is "".
    ``estimated``: whether part of the energy of a period is. ``kg``: CO₂, None where no intensity is known.
    """

    kind: CostRowKind
    id: str
    name: str
    room: str = ""
    inside: str = ""
    cost: list[Decimal | None]
    kWh: list[float | None]
    kg: list[float | None] = []
    estimated: list[bool] = []
    total_cost: Decimal
    total_kWh: float
    total_kg: float | None = None


class SolarView(msgspec.Struct, frozen=True, kw_only=True):
    """What solar saved: energy used at home at the price of the import at that time, and what was fed in.

    ``kg``: CO₂ that the grid would have emitted for the energy used at home, None where it is not known.
    """

    produced_kWh: float
    used_kWh: float
    fed_in_kWh: float
    saved: Decimal
    earned: Decimal
    kg: float | None = None


class CostsView(msgspec.Struct, frozen=True, kw_only=True):
    """Costs by period. ``at``: the start of each period, then the end of the last one (Unix seconds).

    ``rows``: devices (or rooms), then rest, fixed, feed_in, total, where they are. ``solar`` None: nothing produces.
    ``unpriced_kWh``, ``no_intensity_kWh``: bought energy without a price, without a carbon intensity, in no sum.
    """

    tariff: str
    currency: str
    digits: int
    by: CostPeriod
    timezone: str
    at: list[float]
    rows: list[CostRow]
    solar: SolarView | None = None
    unpriced_kWh: float = 0.0
    no_intensity_kWh: float = 0.0
    missing_share: float = 0.0
    gaps: tuple[CostGapView, ...] = ()
    more_gaps: int = 0


class PriceComponentView(msgspec.Struct, frozen=True, kw_only=True):
    """What one part adds to the price of a kWh. ``price`` None: it is not known. ``because``: why, as a sentence."""

    part: str
    price: Decimal | None
    because: str
    zone: str = ""
    tier: int = 0


class PriceView(msgspec.Struct, frozen=True, kw_only=True):
    """The price of a kWh at a time, taxes included. ``price`` None: it is not known; ``feed_in`` None: none is paid.

    ``until``: when the next quarter of an hour with another price begins, ISO 8601, "" = it is not known.
    ``zone``: the time-of-use zone. ``text``: the whole price in words. ``tax``: the taxes in the price.
    """

    tariff: str
    currency: str
    digits: int
    at: str
    price: Decimal | None
    tax: Decimal = Decimal(0)
    feed_in: Decimal | None = None
    zone: str = ""
    until: str = ""
    next_price: Decimal | None = None
    components: tuple[PriceComponentView, ...] = ()
    text: str = ""
    g_per_kWh: float | None = None


class PricesView(msgspec.Struct, frozen=True, kw_only=True):
    """Prices of a kWh with taxes, in runs: ``price[n]`` from ``at[n]`` until before ``at[n + 1]`` (Unix seconds).

    None: not known. ``zone``: of each run, "" = the tariff has none. ``feed_in``: what is paid for energy that is fed
    in, None = nothing. Of tiers, the first one counts.
    """

    tariff: str
    currency: str
    digits: int
    at: list[float]
    price: list[Decimal | None]
    zone: list[str]
    feed_in: list[Decimal | None]


class DeviceRateView(msgspec.Struct, frozen=True, kw_only=True):
    """What a device costs per hour at its present power. ``per_hour`` None: its power is not known."""

    device: str
    W: float | None
    per_hour: Decimal | None


class CostNowView(msgspec.Struct, frozen=True, kw_only=True):
    """The cost of now. ``W``: bought, negative = fed in; None: not known. ``per_hour``: at the present power and price.

    ``devices``: their power at the price of a bought kWh, whether the sun shines or not.
    """

    price: PriceView
    W: float | None
    per_hour: Decimal | None
    devices: tuple[DeviceRateView, ...] = ()


class ComparedTariffView(msgspec.Struct, frozen=True, kw_only=True):
    """What a tariff would have cost in a time. ``difference``: to the active tariff (or the first); negative: less.

    ``months``: the total per billing month of the calendar, in the order of ``at`` of the comparison. ``average``: per
    kWh bought. ``problem``: why there is none, as that another currency cannot be compared.
    """

    tariff: str
    currency: str
    digits: int
    total: Decimal
    energy: Decimal
    fixed: Decimal
    feed_in: Decimal
    tax: Decimal
    difference: Decimal | None
    average: Decimal | None
    months: list[Decimal]
    unpriced_kWh: float = 0.0
    problem: str = ""


class ComparisonView(msgspec.Struct, frozen=True, kw_only=True):
    """What the same energy would have cost. ``at``: the calendar months that it covers, then the end of the last one.

    ``missing_share``: the part of the time without known energy; ``first``: when the data begin, "" = there are none.
    """

    start: float
    end: float
    at: list[float]
    import_kWh: float
    export_kWh: float
    missing_share: float
    estimated_share: float
    first: str
    tariffs: tuple[ComparedTariffView, ...]
