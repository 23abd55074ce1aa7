"""The address that a feed is fetched from: placeholders of times and dates. Pure.

https://HOST/prices?from={from}&to={to}            one request for a range: {from} {to} in UTC as ISO 8601,
                                                   {from_s} {to_s} {from_ms} {to_ms} as Unix time
https://HOST/{year}/{month}-{day}.json             one request for each local day; {date}, {next_date} too
https://HOST/prices                                always the same
"""

import re
from collections.abc import Iterator
from datetime import UTC, date, datetime, time, timedelta, tzinfo

RANGE = frozenset({"from", "to", "from_s", "to_s", "from_ms", "to_ms"})
DAY = frozenset({"date", "next_date", "year", "month", "day"})
PLACEHOLDER = re.compile(r"\{([^{}]*)\}")
LONGEST_RANGE = timedelta(days=31)  # of one request


def unknown_placeholder(url: str) -> str:
    """A placeholder that there is not, "" where all are known."""
    return next((one for one in PLACEHOLDER.findall(url) if one not in RANGE | DAY), "")


def is_for_any_time(url: str) -> bool:
    """Whether the past can be fetched from it too."""
    return bool(PLACEHOLDER.search(url))


def addresses(url: str, start: date, days: int, zone: tzinfo) -> Iterator[tuple[str, date]]:
    """The addresses to fetch so many local days from one on, each with the first day that it is for."""
    names = set(PLACEHOLDER.findall(url))
    if not names:
        yield url, start
        return
    size = timedelta(days=1) if names & DAY else LONGEST_RANGE
    end = start + timedelta(days=days)
    while start < end:
        until = min(start + size, end)
        yield _filled(url, start, until, zone), start
        start = until


def _filled(url: str, start: date, end: date, zone: tzinfo) -> str:
    values = {"date": f"{start}", "next_date": f"{start + timedelta(days=1)}"}
    values |= {"year": f"{start:%Y}", "month": f"{start:%m}", "day": f"{start:%d}"}
    for name, day in (("from", start), ("to", end)):
        at = datetime.combine(day, time(), zone)
        values[name] = f"{at.astimezone(UTC):%Y-%m-%dT%H:%M:%SZ}"
        values[f"{name}_s"] = f"{at.timestamp():.0f}"
        values[f"{name}_ms"] = f"{at.timestamp() * 1000:.0f}"
    return PLACEHOLDER.sub(lambda found: values[found[1]], url)
