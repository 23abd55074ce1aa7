"""A time span that is only estimated, in words that claim no more: "about 12 days". Pure."""

from typing import Literal

import msgspec

DAY_S = 86_400.0
WEEKS_FROM, MONTHS_FROM, YEARS_FROM = 14, 60, 730  # days
MONTH_DAYS = 30.4

RoughUnit = Literal["soon", "day", "days", "weeks", "months", "years"]
WORDS: dict[RoughUnit, str] = {
    "soon": "less than a day",
    "day": "about a day",
    "days": "about {count} days",
    "weeks": "about {count} weeks",
    "months": "about {count} months",
    "years": "more than {count} years",
}


class RoughTime(msgspec.Struct, frozen=True):
    """``soon``: less than a day; ``day``: one; ``years``: more than so many; else about so many of them."""

    unit: RoughUnit
    count: int

    def __str__(self) -> str:
        return WORDS[self.unit].format(count=self.count)


def rough_time(seconds: float) -> RoughTime:
    """So many seconds, not negative, in the unit that fits what an estimate can say."""
    days = seconds / DAY_S
    if days < 1:
        return RoughTime("soon", 0)
    if days >= YEARS_FROM:
        return RoughTime("years", YEARS_FROM // 365)
    if days >= MONTHS_FROM:
        return RoughTime("months", round(days / MONTH_DAYS))
    if days >= WEEKS_FROM:
        return RoughTime("weeks", round(days / 7))
    return RoughTime("day", 1) if days < 1.5 else RoughTime("days", round(days))
