"""What does not depend on single quarters: standing charges, contracted power, credits, demand. Exact fractions.

per day      price × days
per month    each day costs the price / days of its month
per billing  each day costs the price / days of its billing period
per year     each day costs the price / 365, or 366
"""

from collections.abc import Sequence
from datetime import date, timedelta
from fractions import Fraction

from unclouded.tariffs.billing import days_of_month, days_of_year
from unclouded.tariffs.money import MWH, PICO
from unclouded.tariffs.tariff import Tariff, TariffPart

QUARTERS_AN_HOUR = 4


def day_amount(tariff: Tariff, part: TariffPart, day: date) -> Fraction:
    """What a standing charge, power or credit (negative) costs on a day of its validity."""
    if part.once:
        return -Fraction(part.price, PICO) if day == part.since else Fraction(0)
    amount = Fraction(part.price, PICO) / _days(tariff, part, day)
    if part.kind == "power":
        return amount * Fraction(part.kW or 0)
    return -amount if part.kind == "credit" else amount


def fixed_amount(tariff: Tariff, part: TariffPart, since: date, until: date) -> tuple[Fraction, int]:
    """The amount of some days, and how many of them it counts on."""
    first, end = max(since, part.since), min(until, part.until)
    days = max((end - first).days, 0)
    return sum((day_amount(tariff, part, first + timedelta(days=ahead)) for ahead in range(days)), Fraction(0)), days


def highest_kW(part: TariffPart, energy: Sequence[int], zones: bytes) -> Fraction:
    """The highest mean power of a quarter, in the zones of the part."""
    most = max((mWh for mWh, zone in zip(energy, zones, strict=True) if zone in part.zones), default=0)
    return Fraction(most * QUARTERS_AN_HOUR, MWH)


def _days(tariff: Tariff, part: TariffPart, day: date) -> int:
    match part.per:
        case "day":
            return 1
        case "month":
            return days_of_month(day)
        case "year":
            return days_of_year(day)
    begin, end = tariff.billing.period(day)
    return (end - begin).days
