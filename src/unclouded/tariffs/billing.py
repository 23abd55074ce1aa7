"""Billing periods: when one begins, and which one a text names.

    month · month from 15 · 2 months from 2026-02-01 · year · year from 2026-04-01

A period that begins on a day that a month does not have begins on its last one.
"""

import re
from collections.abc import Iterator
from datetime import date, timedelta

import msgspec

from unclouded.core.errors import CommandError

_CYCLE = re.compile(r"(?:(\d{1,2}) )?(months?|quarter|years?)(?: from (?:(\d{4}-\d\d-\d\d)|(\d{1,2})))?")
_MONTHS = {"month": 1, "months": 1, "quarter": 3, "year": 12, "years": 12}
MOST_MONTHS = 24
OLDEST_YEAR = 1970


class BillingCycle(msgspec.Struct, frozen=True):
    """``months`` long, from a day of the month on. ``anchor``: which months (year × 12 + month)."""

    months: int = 1
    day: int = 1
    anchor: int = 0
    text: str = "month"

    def period(self, day: date) -> tuple[date, date]:
        """The period of a day: its first day, and the first one of the next."""
        month = day.year * 12 + day.month - 1
        first = month - (month - self.anchor) % self.months
        if self._begin(first) > day:
            first -= self.months
        elif self._begin(first + self.months) <= day:
            first += self.months
        return self._begin(first), self._begin(first + self.months)

    def periods(self, since: date, until: date) -> Iterator[tuple[date, date]]:
        """The periods that overlap a range of days, whole."""
        while since < until:
            found = self.period(since)
            yield found
            since = found[1]

    def _begin(self, month: int) -> date:
        year, place = divmod(month, 12)
        return date(year, place + 1, min(self.day, days_of_month(date(year, place + 1, 1))))


def cycle_of(text: str) -> BillingCycle:
    """A billing period as people write it. Raises CommandError."""
    found = _CYCLE.fullmatch(" ".join(text.split()))
    if found is None:
        raise _no_cycle(text)
    number, unit, since, day = found.groups()
    months = int(number or 1) * _MONTHS[unit]
    if not 1 <= months <= MOST_MONTHS:
        raise _no_cycle(text)
    if since is not None:
        try:
            first = date.fromisoformat(since)
        except ValueError:
            raise _no_cycle(text) from None
        return BillingCycle(months, first.day, (first.year * 12 + first.month - 1) % months, text)
    if day is not None and (not 1 <= int(day) <= 31 or months != 1):
        raise _no_cycle(text)
    return BillingCycle(months, int(day or 1), 0, text)


def chosen_period(text: str, cycle: BillingCycle, today: date) -> tuple[date, date]:
    """The days that a text names, see the summary of GET /api/bill; "" = the last period that is over.

    Raises CommandError.
    """
    if not text:
        return cycle.period(cycle.period(today)[0] - timedelta(days=1))
    since, until = _named(text, cycle)
    if since.year < OLDEST_YEAR:
        raise CommandError(f"The period begins on {since}, and there is no energy before {OLDEST_YEAR}.")
    return since, until


def period_name(since: date, until: date, cycle: BillingCycle) -> str:
    """The text that names a range of days."""
    if (since, until) == (date(since.year, 1, 1), date(since.year + 1, 1, 1)) and cycle.months != 12:
        return f"{since.year}"
    if (since, until) == cycle.period(since):
        return f"{since:%Y-%m}"
    return f"{since}..{until - timedelta(days=1)}"


def days_of_month(day: date) -> int:
    """How many days its month has."""
    return ((day.replace(day=28) + timedelta(days=4)).replace(day=1) - day.replace(day=1)).days


def days_of_year(day: date) -> int:
    """How many days the year of this day has."""
    return (date(day.year + 1, 1, 1) - date(day.year, 1, 1)).days


def _named(text: str, cycle: BillingCycle) -> tuple[date, date]:
    first, dots, last = text.partition("..")
    try:
        if dots:
            return _days(date.fromisoformat(first), date.fromisoformat(last))
        if re.fullmatch(r"\d{4}", text):
            return date(int(text), 1, 1), date(int(text) + 1, 1, 1)
        if re.fullmatch(r"\d{4}-\d\d", text):
            return _of_month(date.fromisoformat(f"{text}-01"), cycle)
        return cycle.period(date.fromisoformat(text))
    except (ValueError, OverflowError):
        raise CommandError(
            f"{text[:40]!r} is not a period; write 2026-10, 2026-10-05 (the billing period of that day), 2026, or "
            "2026-10-01..2026-10-14."
        ) from None


def _days(first: date, last: date) -> tuple[date, date]:
    if last < first:
        raise CommandError(f"The period ends on {last}, before it begins on {first}.")
    return first, last + timedelta(days=1)


def _of_month(first: date, cycle: BillingCycle) -> tuple[date, date]:
    """The period that begins in a month, else the one that its first day is in."""
    last = first + timedelta(days=days_of_month(first) - 1)
    begun = cycle.period(last)
    return begun if begun[0] >= first else cycle.period(first)


def _no_cycle(text: str) -> CommandError:
    return CommandError(
        f"{text[:40]!r} is not a billing period; write month, month from 15, 2 months from 2026-02-01, quarter, or "
        "year from 2026-04-01."
    )
