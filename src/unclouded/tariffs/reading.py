"""[[tariff]] tables -> a checked Tariff. Each mistake names the key that has it."""

import difflib
import re
from collections.abc import Callable, Iterable, Iterator, Mapping, Sequence
from datetime import date, timedelta
from decimal import Decimal
from itertools import pairwise
from typing import TypeVar

from msgspec.structs import replace

from unclouded.core.calendar.days import HolidayList
from unclouded.core.errors import CommandError
from unclouded.tariffs.billing import cycle_of
from unclouded.tariffs.money import CURRENCIES, HIGHEST, MWH, PRICE_DIGITS, pico
from unclouded.tariffs.tables import Number, TariffPartTable, TariffTable, TariffTaxTable, TariffTierTable
from unclouded.tariffs.tariff import (
    BY_ENERGY,
    EVER,
    FeedPrice,
    Tariff,
    TariffPart,
    TariffTax,
    TariffTier,
)
from unclouded.tariffs.zones import MOST_ZONES, PriceZone, ZoneCalendar, place_of, zone_of

Found = TypeVar("Found")

MOST_PARTS = 60
MOST_TIERS = 12
MOST_TAXES = 12
LONGEST_NAME = 60
HIGHEST_PERCENT = 1000
_ZONE_NAME = re.compile(r"[A-Za-z0-9_-]{1,40}")
KINDS = ("energy", "feed_in", "standing", "power", "demand", "credit")
NAMES = {
    "energy": "Energy",
    "feed_in": "Feed-in",
    "standing": "Standing charge",
    "power": "Power",
    "demand": "Demand",
    "credit": "Credit",
}
# The keys that only some kinds have
KEYS_OF: Mapping[str, tuple[str, ...]] = {
    "tiers": ("energy", "feed_in"),
    "zones": ("energy", "feed_in", "demand"),
    "feed": ("energy", "feed_in"),
    "factor": ("energy", "feed_in"),
    "add": ("energy", "feed_in"),
    "floor": ("energy", "feed_in"),
    "ceiling": ("energy", "feed_in"),
    "fallback": ("energy", "feed_in"),
    "kW": ("power",),
    "at_most": ("feed_in",),
}
PERS: Mapping[str, tuple[str, ...]] = {
    "energy": ("day", "month", "billing", "year"),
    "feed_in": ("day", "month", "billing", "year"),
    "standing": ("day", "month", "billing", "year"),
    "power": ("day", "month", "billing", "year"),
    "demand": ("billing",),
    "credit": ("day", "month", "billing", "year", "once"),
}


class TariffError(CommandError):
    """``key``: the path of the key that is wrong within its table, as ``part[1].price``."""

    def __init__(self, key: str, text: str) -> None:
        super().__init__(text)
        self.key = key


def tariff_of(table: TariffTable, holidays: HolidayList) -> Tariff:
    """Raises TariffError."""
    _check_name("name", table.name)
    if table.currency not in CURRENCIES:
        raise TariffError(
            "currency",
            f"{table.currency[:20]!r} is not a currency of ISO 4217 (EUR, USD …).{_meant(table.currency, CURRENCIES)}",
        )
    zones = _zones(table, holidays)
    names = tuple(one.name for one in zones) or ("",)
    if not 0 < len(table.part) <= MOST_PARTS:
        raise TariffError("part", f"a tariff has 1 to {MOST_PARTS} [[tariff.part]] tables.")
    parts = tuple(_part(one, f"part[{place}]", names) for place, one in enumerate(table.part))
    _check_parts(parts, names)
    return Tariff(
        name=table.name,
        currency=table.currency,
        digits=CURRENCIES[table.currency],
        billing=_said("billing", lambda: cycle_of(table.billing)),
        zones=zones,
        parts=parts,
        taxes=_taxes(table.tax, parts),
    )


# --- zones --------------------------------------------------------------------------------------------


def _zones(table: TariffTable, holidays: HolidayList) -> tuple[PriceZone, ...]:
    if len(table.zones) > MOST_ZONES:
        raise TariffError("zones", f"a tariff has at most {MOST_ZONES} zones.")
    for name in table.zones:
        if not _ZONE_NAME.fullmatch(name):
            raise TariffError("zones", f"{name[:60]!r} is not a name of a zone; use letters, digits, _ and -.")
    zones = tuple(_zone(name, text) for name, text in table.zones.items())
    rest = [one.name for one in zones if not one.windows]
    if len(rest) > 1:
        raise TariffError(f"zones.{rest[1]}", f'only one zone can be "other", and {rest[0]!r} is.')
    for name, text in ZoneCalendar(zones, holidays).faults():
        raise TariffError(f"zones.{name}", text)
    return zones


def _zone(name: str, text: str) -> PriceZone:
    return _said(f"zones.{name}", lambda: zone_of(name, text))


# --- parts --------------------------------------------------------------------------------------------


def _part(table: TariffPartTable, key: str, names: Sequence[str]) -> TariffPart:
    kind, name = table.kind, table.name or NAMES[table.kind]
    _check_name(f"{key}.name", name)
    _check_keys(table, key)
    since, until = _days(table.from_, table.until, key)
    part = TariffPart(
        kind=kind,
        name=name,
        zones=_places(table, key, names),
        since=since,
        until=until,
        meter=table.load,
        limited=table.at_most == "energy",
        by_zone=any(isinstance(one, dict) for one in (table.price, *(tier.price for tier in table.tiers))),
    )
    return _energy_price(table, key, names, part) if kind in BY_ENERGY else _other_price(table, key, part)


def _check_keys(table: TariffPartTable, key: str) -> None:
    for name, kinds in KEYS_OF.items():
        if getattr(table, name) not in (None, "", []) and table.kind not in kinds:
            raise TariffError(f"{key}.{name}", f"is for parts of the kind {' and '.join(kinds)}, not {table.kind}.")
    if table.load != "import" and table.kind != "energy":
        raise TariffError(f"{key}.load", f"is for parts of the kind energy, not {table.kind}.")
    if table.per and table.per not in PERS[table.kind]:
        raise TariffError(f"{key}.per", f"of a part of the kind {table.kind} is {', '.join(PERS[table.kind])}.")
    if not table.per and table.kind in ("standing", "power", "credit"):
        raise TariffError(f"{key}.per", f"is missing: what is the price for? {', '.join(PERS[table.kind])}.")
    if table.per == "once" and table.from_ is None:
        raise TariffError(f"{key}.from", "is missing: the day on which the credit is given.")


def _places(table: TariffPartTable, key: str, names: Sequence[str]) -> frozenset[int]:
    """In which zones it counts: those named, those with a price, or all."""
    for name in table.zones:
        _check_zone(f"{key}.zones", name, names)
    priced = [table.price, *(one.price for one in table.tiers)]
    by_zone = [set(one) for one in priced if isinstance(one, dict)]
    for named in by_zone:
        for name in named:
            _check_zone(f"{key}.price" if not table.tiers else f"{key}.tiers", name, names)
    if by_zone and table.zones and any(named != set(table.zones) for named in by_zone):
        raise TariffError(f"{key}.zones", "must be the same zones as those with a price.")
    if any(named != by_zone[0] for named in by_zone):
        raise TariffError(f"{key}.tiers", "all tiers need prices for the same zones.")
    chosen: Iterable[str] = table.zones or (by_zone[0] if by_zone else names)
    return place_of(names, chosen)


def _energy_price(table: TariffPartTable, key: str, names: Sequence[str], part: TariffPart) -> TariffPart:
    given = [name for name in ("price", "tiers", "feed") if getattr(table, name) not in (None, "", [])]
    if len(given) != 1:
        have = " and ".join(f"`{one}`" for one in given) or "none of them"
        raise TariffError(key, f"needs exactly one of `price`, `tiers` and `feed`, and has {have}.")
    if not table.feed:
        for name in ("factor", "add", "floor", "ceiling", "fallback"):
            if getattr(table, name) is not None:
                raise TariffError(f"{key}.{name}", "counts for a dynamic price only: name its `feed`.")
    if table.per and not table.tiers:
        raise TariffError(f"{key}.per", "of energy is the period of `tiers`, which it does not have.")
    if table.feed:
        return replace(part, feed=_feed(table, key))
    if table.price is not None:
        return replace(part, tiers=(TariffTier(None, _prices(table.price, f"{key}.price", names, part.zones)),))
    return replace(part, tiers=_tiers(table.tiers, f"{key}.tiers", names, part.zones), per=table.per or "billing")


def _other_price(table: TariffPartTable, key: str, part: TariffPart) -> TariffPart:
    if table.price is None or isinstance(table.price, dict):
        raise TariffError(f"{key}.price", f"is missing: a part of the kind {table.kind} needs one number.")
    if table.kind == "power" and (table.kW is None or not 0 < table.kW <= HIGHEST):
        raise TariffError(f"{key}.kW", "is missing: the contracted power, more than 0.")
    price = _price(table.price, f"{key}.price")
    if table.kind == "credit" and price < 0:
        raise TariffError(f"{key}.price", "of a credit is what you get, more than 0.")
    is_once, per = table.per == "once", table.per
    kW = None if table.kW is None else Decimal(table.kW)
    return replace(part, price=price, per="billing" if per in ("", "once") else per, once=is_once, kW=kW)


def _feed(table: TariffPartTable, key: str) -> FeedPrice:
    prices = {
        name: None if (value := getattr(table, name)) is None else _price(value, f"{key}.{name}")
        for name in ("add", "floor", "ceiling", "fallback")
    }
    floor, ceiling = prices["floor"], prices["ceiling"]
    if floor is not None and ceiling is not None and floor > ceiling:
        raise TariffError(f"{key}.floor", "is higher than the ceiling.")
    factor = Decimal(1 if table.factor is None else table.factor)
    if pico(factor) is None:
        raise TariffError(f"{key}.factor", f"has at most {PRICE_DIGITS} digits behind its point.")
    return FeedPrice(table.feed, factor, prices["add"] or 0, floor, ceiling, prices["fallback"])


def _tiers(
    tables: Sequence[TariffTierTable], key: str, names: Sequence[str], zones: frozenset[int]
) -> tuple[TariffTier, ...]:
    if len(tables) > MOST_TIERS:
        raise TariffError(key, f"are at most {MOST_TIERS}.")
    found = []
    for place, one in enumerate(tables):
        here = f"{key}[{place}]"
        if (one.up_to is None) != (place == len(tables) - 1):
            raise TariffError(f"{here}.up_to", "is left out in the last tier, and only there.")
        if one.up_to is not None and not 0 < one.up_to <= HIGHEST:
            raise TariffError(f"{here}.up_to", "is a number of kWh, more than 0.")
        limit = None if one.up_to is None else Decimal(one.up_to) * MWH
        if limit is not None and limit != int(limit):
            raise TariffError(f"{here}.up_to", "has at most 6 digits behind its point.")
        prices = _prices(one.price, f"{here}.price", names, zones)
        found.append(TariffTier(None if limit is None else int(limit), prices, one.a_day))
    for place, (before, after) in enumerate(pairwise(found)):
        if after.up_to is not None and before.up_to is not None and after.up_to <= before.up_to:
            raise TariffError(f"{key}[{place + 1}].up_to", "is not more than that of the tier before it.")
        if after.up_to is not None and after.a_day != before.a_day:
            raise TariffError(f"{key}[{place + 1}].a_day", "is the same in all tiers of a part.")
    return tuple(found)


def _prices(price: Number | dict[str, Number], key: str, names: Sequence[str], zones: frozenset[int]) -> dict[int, int]:
    if isinstance(price, dict):
        return {names.index(name): _price(one, f"{key}.{name}") for name, one in price.items()}
    return dict.fromkeys(sorted(zones), _price(price, key))


def _price(value: Number, key: str) -> int:
    found = pico(value)
    if found is None:
        raise TariffError(key, f"is at most {HIGHEST:,}, with at most {PRICE_DIGITS} digits behind its point.")
    return found


def _check_parts(parts: Sequence[TariffPart], names: Sequence[str]) -> None:
    for place, part in enumerate(parts):
        for before in parts[:place]:
            same = (part.kind, part.name, part.meter) == (before.kind, before.name, before.meter)
            if same and part.zones & before.zones and part.since < before.until and before.since < part.until:
                raise TariffError(
                    f"part[{place}]",
                    f"counts in the same time as another part {part.name!r}. End the first with `until`, or give this "
                    "one another name.",
                )
    meters = {part.meter for part in parts if part.kind == "energy"}
    if "import" not in meters:
        raise TariffError("part", "there is no part of the kind energy for what is bought.")
    for meter in sorted(meters):
        for zone, name in enumerate(names):
            valid = [one for one in parts if one.kind == "energy" and one.meter == meter and zone in one.zones]
            for text in _uncovered(valid):
                covers = f"covers the zone {name!r}" if name else "counts"
                raise TariffError("part", f"no energy part {covers}{text}.")


def _uncovered(parts: Sequence[TariffPart]) -> Iterator[str]:
    """Where a zone has no price, between the first and the last day of all prices."""
    if not parts:
        yield ""
        return
    known = min(one.since for one in parts)
    for one in sorted(parts, key=lambda one: one.since):
        if one.since > known:
            yield f" from {known} to {one.since - timedelta(days=1)}"
        known = max(known, one.until)


# --- taxes --------------------------------------------------------------------------------------------


def _taxes(tables: Sequence[TariffTaxTable], parts: Sequence[TariffPart]) -> tuple[TariffTax, ...]:
    if len(tables) > MOST_TAXES:
        raise TariffError("tax", f"there are at most {MOST_TAXES} taxes.")
    found: list[TariffTax] = []
    for place, one in enumerate(tables):
        key = f"tax[{place}]"
        _check_name(f"{key}.name", one.name)
        known = [*KINDS, *(part.name for part in parts), *(tax.name for tax in found)]
        for name in one.on:
            if name not in known:
                raise TariffError(
                    f"{key}.on", f"{name[:60]!r} is neither a kind, a part nor an earlier tax.{_meant(name, known)}"
                )
        if not 0 <= one.percent <= HIGHEST_PERCENT or pico(one.percent) is None:
            raise TariffError(
                f"{key}.percent", f"is 0 to {HIGHEST_PERCENT}, with at most {PRICE_DIGITS} digits behind its point."
            )
        since, until = _days(one.from_, one.until, key)
        for before in found:
            if before.name == one.name and since < before.until and before.since < until:
                raise TariffError(f"{key}.name", f"another tax {one.name!r} counts in the same time.")
        found.append(
            TariffTax(
                name=one.name,
                percent=Decimal(one.percent),
                on=frozenset(one.on),
                included=one.included,
                since=since,
                until=until,
            )
        )
    return tuple(found)


# --- inside -------------------------------------------------------------------------------------------


def _said(key: str, read: Callable[[], Found]) -> Found:
    """What ``read`` returns; its CommandError gets the key."""
    try:
        return read()
    except CommandError as error:
        raise TariffError(key, str(error)) from None


def _days(since: date | None, until: date | None, key: str) -> tuple[date, date]:
    if since is not None and until is not None and until < since:
        raise TariffError(f"{key}.until", f"{until} is before {since}, the day from which it counts.")
    return since or date.min, EVER if until is None or until >= EVER else until + timedelta(days=1)


def _check_name(key: str, name: str) -> None:
    if not name.strip() or not name.isprintable() or len(name) > LONGEST_NAME:
        raise TariffError(key, f"a name has 1 to {LONGEST_NAME} printable characters.")


def _check_zone(key: str, name: str, names: Sequence[str]) -> None:
    if name not in names or not name:
        known = ", ".join(names) if names != ("",) else "none; write them as [tariff.zones]"
        raise TariffError(key, f"there is no zone {name[:60]!r}.{_meant(name, names)} There are: {known}.")


def _meant(word: str, known: Iterable[str]) -> str:
    close = difflib.get_close_matches(word[:60], list(known), 1, 0.6)
    return f" Did you mean {close[0]}?" if close else ""
