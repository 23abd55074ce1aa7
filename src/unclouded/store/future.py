"""Puts away rows whose time has not come: they were stored while the clock of the computer was ahead.

    sample, event  ── times after now ──► put_away      an entry in ``audit`` says how many, of which times and why

Left where they are, they would be the newest values until their time comes. They are put away when the clock is set
back while the hub runs, and otherwise once the clock has gone on evenly for a while: a computer without a battery clock
starts in the past, and then all that it stored is in the future until it gets the time from the network.
"""

import sqlite3
from collections.abc import Callable
from contextlib import suppress

from unclouded.core.errors import DamagedStore
from unclouded.store.encoding.chunk import SPAN_S
from unclouded.store.encoding.codec import to_json
from unclouded.store.outbox import StoreOutbox
from unclouded.store.repair import PUT_AUDIT
from unclouded.store.rollup import SPANS
from unclouded.store.sealing import unseal
from unclouded.store.transaction import transaction

SLACK_S = 60.0  # s in the future that rows are left where they are: their time comes soon
STEP_S = 5.0  # s between two checks by which the clock was set, not corrected
SETTLED_S = 900.0  # s that the clock goes on evenly before it is trusted more than the store

SEALED = f"""SELECT device, start FROM chunk JOIN device ON device = number
    WHERE start > ?1 - {SPAN_S} AND last > ?1"""
COUNTS = """SELECT count(*), min(at), max(at) FROM
    (SELECT second AS at FROM sample WHERE device IN (SELECT number FROM device) AND second > ?1
    UNION ALL SELECT at FROM event WHERE at > ?1)"""
MOVE = (
    """INSERT INTO put_away (kind, at, device, data) SELECT 'sample', second, device, blob FROM sample
        WHERE device IN (SELECT number FROM device) AND second > ?1""",
    """INSERT INTO put_away (kind, at, device, data) SELECT kind, at, device, CAST(json AS BLOB) FROM event
        WHERE at > ?1""",
    "DELETE FROM sample WHERE device IN (SELECT number FROM device) AND second > ?1",
    "DELETE FROM event WHERE at > ?1",
    "DELETE FROM rollup WHERE series IN (SELECT id FROM series) AND span IN (60, 900, 3600) AND start >= ?2",
    "UPDATE rolled SET upto = ?2 WHERE upto > ?2",
    "UPDATE device SET last_seen = min(last_seen, ?3), first_seen = min(first_seen, ?3)",
)


class ClockCheck:
    """When rows of the future are to be put away. ``wall``: Unix seconds; ``now``: monotonic."""

    def __init__(self, wall: Callable[[], float], now: Callable[[], float]) -> None:
        self._wall = wall
        self._now = now
        self._lead = self._highest = self._wall() - self._now()  # the lead of the wall clock; its highest since then
        self._settles = self._now() + SETTLED_S

    def look(self) -> None:
        """Facts are stamped by the clock as it is now."""
        self._highest = max(self._highest, self._wall() - self._now())

    def why(self) -> str:
        """The reason to put them away now, "" = there is none."""
        before, self._lead = max(self._lead, self._highest), self._wall() - self._now()
        self._highest = self._lead
        step = self._lead - before
        if abs(step) > STEP_S:
            self._settles = self._now() + SETTLED_S
        if step < -STEP_S:
            return f"the clock was set back by {-step:.0f} s"
        if self._now() >= self._settles:
            self._settles = float("inf")
            return "the clock was ahead in an earlier run"
        return ""


def put_away_future(db: sqlite3.Connection, now: float, why: str) -> int:
    """Put away what is after ``now`` (Unix seconds); how many rows. One transaction. Raises sqlite3.Error."""
    latest = now + SLACK_S
    sealed = db.execute(SEALED, (latest,)).fetchall()
    count, first, last = db.execute(COUNTS, (latest,)).fetchone()
    if not count and not sealed:
        return 0
    hour = int(latest) // SPANS[-1] * SPANS[-1]
    with transaction(db):
        StoreOutbox(db, lambda: now).mark_data(latest)
        for device, start in sealed:
            with suppress(DamagedStore):  # it stays where it is, for a salvage
                unseal(db, device, start)
        if sealed:
            count, first, last = db.execute(COUNTS, (latest,)).fetchone()
        for query in MOVE:
            parameters = (latest, hour, now)
            db.execute(query, parameters[: max(int(digit) for digit in "123" if f"?{digit}" in query)])
        entry = {"rows": count, "from": first, "to": last, "why": why}
        db.execute(PUT_AUDIT, (now, "hub", "put_away", to_json(entry)))
    return int(count)
