"""A tariff: parts that are valid from and until dates, zones, taxes, and its billing period."""

from collections.abc import Mapping
from datetime import date
from decimal import Decimal
from typing import Literal

import msgspec

from unclouded.tariffs.billing import BillingCycle
from unclouded.tariffs.zones import PriceZone

PartKind = Literal["energy", "feed_in", "standing", "power", "demand", "credit"]
Per = Literal["day", "month", "billing", "year"]
Meter = Literal["import", "controlled"]

CHARGES: frozenset[str] = frozenset({"energy", "standing", "power", "demand"})  # what taxes are levied on by default
BY_ENERGY: frozenset[str] = frozenset({"energy", "feed_in"})
EVER = date.max


class FeedPrice(msgspec.Struct, frozen=True):
    """A dynamic price: value of the feed × factor + add, within floor and ceiling. ``fallback``: where it has none.

    Prices are 10⁻¹² of the currency per kWh; ``fallback`` is the price itself, without factor and addition.
    """

    feed: str
    factor: Decimal = Decimal(1)
    add: int = 0
    floor: int | None = None
    ceiling: int | None = None
    fallback: int | None = None


class TariffTier(msgspec.Struct, frozen=True):
    """``up_to``: mWh in the period of the part, None = what is above the others. ``prices``: of each zone.

    ``a_day``: ``up_to`` is for each day of the period.
    """

    up_to: int | None
    prices: Mapping[int, int]
    a_day: bool = False


class TariffPart(msgspec.Struct, frozen=True, kw_only=True):
    """A part of a tariff. ``until``: the first day on which it counts no more.

    Of energy and feed-in: ``tiers``, of which a plain price is one, or ``feed``; ``zones``: the places in which it
    counts. ``per``: of the other kinds, what ``price`` (10⁻¹² of the currency) is for; of tiers, the period in which
    they begin again. ``kW``: of the contracted power. ``once``: a credit that is given on its first day.
    ``by_zone``: zones have prices of their own, and lines on the bill. ``limited``: feed-in is paid up to the energy
    charged in the billing period.
    """

    kind: PartKind
    name: str
    zones: frozenset[int]
    since: date = date.min
    until: date = EVER
    by_zone: bool = False
    tiers: tuple[TariffTier, ...] = ()
    feed: FeedPrice | None = None
    price: int = 0
    per: Per = "billing"
    kW: Decimal | None = None
    once: bool = False
    meter: Meter = "import"
    limited: bool = False

    @property
    def is_tiered(self) -> bool:
        return len(self.tiers) > 1


class TariffTax(msgspec.Struct, frozen=True, kw_only=True):
    """A tax. ``on``: kinds, names of parts and of earlier taxes; empty: all charges and earlier taxes.

    ``included``: the prices contain it already.
    """

    name: str
    percent: Decimal
    on: frozenset[str] = frozenset()
    included: bool = False
    since: date = date.min
    until: date = EVER

    def covers(self, part: TariffPart) -> bool:
        """Whether it is levied on a part."""
        return part.kind in CHARGES if not self.on else part.kind in self.on or part.name in self.on

    def covers_tax(self, other: "TariffTax") -> bool:
        """Whether it is levied on an earlier tax."""
        return not other.included and (not self.on or other.name in self.on)

    def counts_on(self, day: date) -> bool:
        """Whether it is levied on this day; the day of ``until`` is the first without it."""
        return self.since <= day < self.until


class Tariff(msgspec.Struct, frozen=True, kw_only=True):
    """A checked tariff."""

    name: str
    currency: str
    digits: int
    billing: BillingCycle
    zones: tuple[PriceZone, ...] = ()
    parts: tuple[TariffPart, ...] = ()
    taxes: tuple[TariffTax, ...] = ()

    @property
    def zone_names(self) -> tuple[str, ...]:
        return tuple(one.name for one in self.zones) or ("",)

    @property
    def feeds(self) -> tuple[str, ...]:
        """The feeds that it reads, each once."""
        return tuple(dict.fromkeys(one.feed.feed for one in self.parts if one.feed is not None))

    @property
    def has_controlled(self) -> bool:
        """Whether a controlled load has prices of its own."""
        return any(one.meter == "controlled" for one in self.parts)
