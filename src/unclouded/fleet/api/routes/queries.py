"""Parts of queries that several routes have: pages, the filter of homes, times, days."""

from collections.abc import Sequence
from datetime import UTC, date, datetime, timedelta
from typing import Annotated

import msgspec
from msgspec import Meta

from unclouded.fleet.api.context import FleetContext, FleetRequest
from unclouded.fleet.api.shapes import base_filter
from unclouded.fleet.api.views import MOST_HOMES, HomesFilter
from unclouded.fleet.base.views import HomeState
from unclouded.web.request import ApiError

Organisation = Annotated[int, Meta(ge=1, le=2**31 - 1, description="Only of this organisation.")]
Limit = Annotated[int, Meta(ge=1, le=MOST_HOMES, description="Most rows of a page.")]
LONGEST_CURSOR = 8_000  # characters: the name of a home for each database, of 200 characters of up to four bytes
Cursor = Annotated[str, Meta(max_length=LONGEST_CURSOR, description="``next`` of the page before.")]
Kind = Annotated[str, Meta(max_length=60, description="Only of this kind.")]
Moment = Annotated[str, Meta(max_length=40, description="Unix seconds or ISO 8601; without an offset, UTC.")]
Day = Annotated[str, Meta(pattern=r"^[0-9]{4}-[0-9]{2}-[0-9]{2}$", description="A day, 2026-11-30.")]

LONGEST_DAYS = 3_660  # of energy in one answer


class HomesQuery(msgspec.Struct, frozen=True, kw_only=True):
    """The filter of the list of homes."""

    org: Organisation | None = None
    state: Annotated[HomeState | None, Meta(description="Only in this state.")] = None
    flag: Annotated[str, Meta(max_length=60, description="Only with it: alert.KIND or level.LEVEL.")] = ""
    version: Annotated[str, Meta(max_length=60, description="Only with this version.")] = ""
    q: Annotated[str, Meta(max_length=200, description="In name, place, or the start of an id.")] = ""

    @property
    def filter(self) -> HomesFilter:
        return HomesFilter(org=self.org, state=self.state or "", flag=self.flag, version=self.version, q=self.q)

    @property
    def is_narrow(self) -> bool:
        """Whether it leaves out homes of the organisation."""
        return bool(self.state or self.flag or self.version or self.q.strip())


class DaysQuery(HomesQuery, frozen=True, kw_only=True):
    """The filter, and days from ``start`` to ``end`` with it."""

    start: Day | None = None
    end: Day | None = None

    def days(self, context: FleetContext, usual: int) -> tuple[date, date]:
        """The first and the last day; ``usual``: how many without a start. Raises ApiError."""
        last = _day(self.end, "end") or datetime.fromtimestamp(context.wall(), UTC).date()
        first = _day(self.start, "start") or max(
            date(1970, 1, 1), last - timedelta(min(usual - 1, last.toordinal() - 1))
        )
        if not 0 <= (last - first).days < LONGEST_DAYS or first.year < 1970 or last.year > 2200:
            raise ApiError(400, "api.fleet.days", most=LONGEST_DAYS)
        return first, last


def day_periods(first: date, last: date) -> Sequence[str]:
    """All days, as text."""
    return [(first + timedelta(days)).isoformat() for days in range((last - first).days + 1)]


def month_periods(first: date, last: date) -> Sequence[str]:
    """The months from ``first`` to ``last``, both included, as 2026-11."""
    months = range(first.year * 12 + first.month - 1, last.year * 12 + last.month)
    return [f"{month // 12:04}-{month % 12 + 1:02}" for month in months]


async def homes_of(context: FleetContext, request: FleetRequest, filter: HomesFilter, most: int) -> list[str]:
    """The ids of all homes that a filter finds. Raises ApiError where they are more than ``most``."""
    found: list[str] = []
    after = ""
    while True:
        page = await context.base.homes.homes(
            request.scope(filter.org), base_filter(filter), context.wall(), after, min(most + 1, MOST_HOMES)
        )
        found += [one.hub for one in page.homes]
        after = page.after
        if len(found) > most:
            raise ApiError(422, "api.fleet.too_many_homes", most=most)
        if not after:
            return found


def _day(text: str | None, name: str) -> date | None:
    try:
        return date.fromisoformat(text) if text else None
    except ValueError:
        raise ApiError(400, "api.fleet.day", name=name, text=text) from None
