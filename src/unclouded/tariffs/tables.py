"""[[tariff]] as people write it; ``docs/costs.md`` has examples. ``reading`` checks it."""

from datetime import date
from decimal import Decimal
from typing import Literal

import msgspec

Number = Decimal | int


class TariffTierTable(msgspec.Struct, frozen=True, kw_only=True, forbid_unknown_fields=True):
    """An entry of ``tiers``."""

    up_to: Number | None = None  # kWh of the period; left out in the last one
    a_day: bool = False  # up_to is for each day of the period
    price: Number | dict[str, Number]


class TariffPartTable(
    msgspec.Struct, frozen=True, kw_only=True, forbid_unknown_fields=True, rename={"from_": "from"}, omit_defaults=True
):
    """[[tariff.part]]: one thing that is paid for."""

    kind: Literal["energy", "feed_in", "standing", "power", "demand", "credit"] = "energy"
    name: str = ""
    from_: date | None = None  # the first day on which it counts
    until: date | None = None  # the last one
    price: Number | dict[str, Number] | None = None  # of a kWh, or by zone; of a day, month, year; of a kW
    zones: list[str] = []  # only in these
    tiers: list[TariffTierTable] = []  # in place of price
    feed: str = ""  # in place of price: the name of a [[feed]]
    factor: Number | None = None
    add: Number | None = None
    floor: Number | None = None
    ceiling: Number | None = None
    fallback: Number | None = None  # the price where the feed has none
    per: Literal["", "day", "month", "billing", "year", "once"] = ""
    kW: Number | None = None  # of the contracted power
    load: Literal["import", "controlled"] = "import"  # what is measured: all that is bought, or the controlled load
    at_most: Literal["", "energy"] = ""  # feed-in: no more than the energy charged


class TariffTaxTable(
    msgspec.Struct, frozen=True, kw_only=True, forbid_unknown_fields=True, rename={"from_": "from"}, omit_defaults=True
):
    """[[tariff.tax]]"""

    name: str
    percent: Number
    on: list[str] = []  # kinds, names of parts and of earlier taxes; left out: all charges and earlier taxes
    included: bool = False  # the prices contain it
    from_: date | None = None
    until: date | None = None


class TariffTable(msgspec.Struct, frozen=True, kw_only=True, forbid_unknown_fields=True):
    """[[tariff]]"""

    name: str
    currency: str
    billing: str = "month"  # month, month from 15, 2 months from 2026-02-01, quarter, year from 2026-04-01
    zones: dict[str, str] = {}  # peak = "workdays 10:00-14:00, 18:00-22:00"
    part: list[TariffPartTable] = []
    tax: list[TariffTaxTable] = []
