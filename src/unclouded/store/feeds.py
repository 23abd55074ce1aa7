"""The values of feeds (core.feeds): prices, carbon intensities.

    known   ├── 0.10 ──┼── 0.12 ──┼── 0.09 ──┤
    new           ├─────── 0.20 ───────┤              replaces what it overlaps
    stored  ├0.10 ┼─────── 0.20 ───────┼ 0.09┤

They are kept for ever: a year of quarters of an hour takes about 2 MB. Values are text, so that they stay exact.
"""

import sqlite3
from decimal import Decimal, InvalidOperation

from unclouded.core.feeds import FeedInterval, FeedValues, with_newer, without_overlaps
from unclouded.store.rows import Rows

PUT_NAME = "INSERT OR IGNORE INTO feed (name) VALUES (?)"
NUMBER = "SELECT number FROM feed WHERE name = ?"
PUT = "INSERT OR REPLACE INTO feed_value VALUES (?, ?, ?, ?)"
# Intervals do not overlap, so the one before the first is the only one that may reach into the range
WITHIN = """SELECT start, until, value FROM feed_value WHERE feed = (SELECT number FROM feed WHERE name = ?1)
    AND start < ?3 AND until > ?2
    AND start >= coalesce((SELECT max(start) FROM feed_value WHERE feed = (SELECT number FROM feed WHERE name = ?1)
        AND start <= ?2), ?2) ORDER BY start"""
DROP = "DELETE FROM feed_value WHERE feed = ? AND start >= ? AND start < ?"
NEWEST = """SELECT max(until) FROM feed_value WHERE feed = (SELECT number FROM feed WHERE name = ?1) AND start =
    (SELECT max(start) FROM feed_value WHERE feed = (SELECT number FROM feed WHERE name = ?1))"""
FIRST = "SELECT min(start) FROM feed_value WHERE feed = (SELECT number FROM feed WHERE name = ?)"
NAMES = "SELECT name FROM feed ORDER BY name"


class StoredFeeds:
    """A FeedReader over a store; ``rows`` as that of StoreReader. Raises StoreError."""

    def __init__(self, rows: Rows) -> None:
        self._rows = rows

    def names(self) -> list[str]:
        """The feeds that have values, or had."""
        return [str(name) for (name,) in self._rows(NAMES)]

    def intervals(self, feed: str, begin: int, end: int) -> list[FeedInterval]:
        """See FeedReader. Values that cannot be read are left out."""
        return _readable(self._rows(WITHIN, feed, begin, end))

    def span(self, feed: str) -> tuple[int, int] | None:
        """The first and the last time of which something is known; None where nothing is."""
        first, newest = self._rows(FIRST, feed)[0][0], self._rows(NEWEST, feed)[0][0]
        return None if first is None or newest is None else (int(first), int(newest))


def put_feed_values(db: sqlite3.Connection, values: FeedValues) -> None:
    """Store what was received, within the caller's transaction. It replaces what is known of the same time."""
    new = without_overlaps(values.intervals)
    if not new:
        return
    db.execute(PUT_NAME, (values.feed,))
    (number,) = db.execute(NUMBER, (values.feed,)).fetchone()
    begin, end = new[0].start, new[-1].end
    known = _readable(db.execute(WITHIN, (values.feed, begin, end)).fetchall())
    if set(new) <= set(known):
        return
    merged = with_newer(known, new)
    db.execute(DROP, (number, min(begin, known[0].start) if known else begin, end))
    db.executemany(PUT, [(number, one.start, one.end, f"{one.value:f}") for one in merged])


def _readable(rows: list[tuple[int, int, str]]) -> list[FeedInterval]:
    found = list[FeedInterval]()
    for start, end, text in rows:
        try:
            value = Decimal(text)
        except (InvalidOperation, TypeError, ValueError):
            continue
        if value.is_finite() and start < end:
            found.append(FeedInterval(start, end, value))
    return found
