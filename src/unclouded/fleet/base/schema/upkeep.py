"""Upkeep of the base: parts by month, sealing, retention, sizes.

Sealing walks over the homes, some at a time; where it is stands in the base, so any server goes on, and only one does.
A home's windows of a day that has ended a day ago become one row: deleted and written in one statement, so a window
that comes meanwhile stays beside it for the next time.

Source: docs/protocols/fleet.md §3
"""

import re
from collections.abc import Mapping
from datetime import UTC, date, datetime
from itertools import accumulate
from typing import LiteralString

from psycopg import sql
from psycopg.types.json import Jsonb

from unclouded.fleet.base.connections import LONG_STATEMENT_S, BaseConnections, Connection, Row
from unclouded.fleet.base.views import BaseSize, PartitionRow, SealedSome
from unclouded.fleet.base.windows.opening import DAY
from unclouded.fleet.base.windows.windows import month_of

SEALED_AFTER = 1  # whole days of UTC that a day stays open
HOMES = 200  # that a step of sealing looks at
MOST_BYTES = 64 * 1024 * 1024  # of windows that a step seals
HOMES_OF_STEP = 1_000  # that a step of retention looks at
PART = re.compile(r"(?:window|sealed)_(\d{4})_(\d{2})")

LOCK = "SELECT pg_try_advisory_xact_lock(7402, 4)"
PLACE = "SELECT value FROM setting WHERE key = 'sealing'"
PUT = "INSERT INTO setting VALUES (%s, %s) ON CONFLICT (key) DO UPDATE SET value = excluded.value"
NEXT_HOMES = "SELECT number FROM hub WHERE number > %s ORDER BY number LIMIT %s"
OPEN_DAYS = """SELECT hub, (start / 86400)::integer AS day, sum(length(data)) FROM "window"
    WHERE hub = ANY(%s) AND start < %s GROUP BY 1, 2 ORDER BY 1, 2 LIMIT %s"""
SEAL = """WITH chosen AS (
        SELECT * FROM unnest(%(hubs)s::integer[], %(days)s::integer[]) AS k (hub, day)),
    gone AS (
        DELETE FROM "window" w USING chosen c
        WHERE w.hub = c.hub AND w.start >= c.day::bigint * 86400 AND w.start < (c.day::bigint + 1) * 86400
            AND w.start >= %(first)s AND w.start < %(end)s
        RETURNING w.hub, w.org, w.level, c.day, (w.start - c.day::bigint * 86400)::integer AS start, w.number, w.data),
    before AS (
        SELECT s.hub, s.org, s.level, s.day, one.start, one.number,
            substring(s.data FROM (sum(one.size) OVER (PARTITION BY s.hub, s.level, s.day ORDER BY one.place)
                - one.size + 1)::integer FOR one.size) AS data
        FROM sealed s JOIN (SELECT DISTINCT hub, level, day FROM gone) g USING (hub, level, day),
            unnest(s.starts, s.numbers, s.sizes) WITH ORDINALITY AS one (start, number, size, place)),
    newest AS (
        SELECT DISTINCT ON (hub, level, day, start) * FROM (TABLE gone UNION ALL TABLE before) AS every
        ORDER BY hub, level, day, start, number DESC),
    done AS (
        INSERT INTO sealed (hub, org, level, day, numbers_xor, newest, starts, numbers, sizes, data)
        SELECT hub, min(org), level, day, bit_xor(number), max(number), array_agg(start ORDER BY start),
            array_agg(number ORDER BY start), array_agg(length(data) ORDER BY start),
            string_agg(data, ''::bytea ORDER BY start)
        FROM newest GROUP BY hub, level, day
        ON CONFLICT (hub, level, day) DO UPDATE SET numbers_xor = excluded.numbers_xor, newest = excluded.newest,
            starts = excluded.starts, numbers = excluded.numbers, sizes = excluded.sizes, data = excluded.data
        RETURNING hub, org, newest),
    noted AS (
        INSERT INTO presence AS p (hub, org, newest)
        SELECT hub, min(org), max(newest) FROM done GROUP BY hub ORDER BY hub
        ON CONFLICT (hub) DO UPDATE SET newest = excluded.newest WHERE p.newest < excluded.newest)
    SELECT (SELECT count(*) FROM chosen), (SELECT count(*) FROM gone)"""

PARTS: LiteralString = """SELECT c.relname, pg_total_relation_size(c.oid), p.relname FROM pg_inherits i
    JOIN pg_class c ON c.oid = i.inhrelid JOIN pg_class p ON p.oid = i.inhparent
    WHERE p.relname IN ('window', 'sealed') ORDER BY c.relname"""
SIZES: LiteralString = """SELECT coalesce(p.relname, c.relname), sum(pg_total_relation_size(c.oid))::bigint
    FROM pg_class c LEFT JOIN pg_inherits i ON i.inhrelid = c.oid LEFT JOIN pg_class p ON p.oid = i.inhparent
    WHERE c.relkind IN ('r', 'p') AND c.relnamespace = 'public'::regnamespace GROUP BY 1 ORDER BY 1"""
COUNTS = """SELECT (SELECT count(*) FROM hub WHERE revoked IS NULL),
    (SELECT count(*) FROM command WHERE fate IN ('waiting', 'sent', 'accepted')),
    (SELECT value::integer FROM setting WHERE key = 'version')"""


class BaseUpkeep:
    """Work that any server does now and then; several at once do no harm."""

    def __init__(self, connections: BaseConnections) -> None:
        self._connections = connections

    # --- parts ---------------------------------------------------------------------------------

    async def partitions_ahead(self, now: float, months: int = 2) -> list[str]:
        """Make the partitions of this month and of the next ones; the names of the new ones."""
        made = []
        month = month_of(now)
        for _ in range(months + 1):
            async with self._connections.transaction("owner") as connection:
                row = await (await connection.execute("SELECT month_parts(%s)", (month,))).fetchone()
            if row is not None and row[0]:
                made.append(f"{month:%Y_%m}")
            month = next_month(month)
        return [f"{table}_{month}" for month in made for table in ("window", "sealed")]

    async def partitions(self) -> list[PartitionRow]:
        """In the order of their names."""
        async with self._connections.transaction("owner") as connection:
            rows = await (await connection.execute(PARTS)).fetchall()
        return [PartitionRow(name=name, start=_first(name), end=_end(name), size=size) for name, size, _ in rows]

    # --- sealing -------------------------------------------------------------------------------

    async def seal(self, now: float, most: int = 200) -> SealedSome:
        """Put whole days of windows that ended a day ago or more into one row each: at most so many hub-days.

        ``more`` is False once it has seen all homes, and where another server is doing it.
        """
        end = (int(now // DAY) - SEALED_AFTER) * DAY
        async with self._connections.transaction("owner", statement_s=LONG_STATEMENT_S) as connection:
            if not await _locked(connection):
                return SealedSome(hub_days=0, windows=0, more=False)
            place = await _number(connection, PLACE)
            rows = await (await connection.execute(NEXT_HOMES, (place, HOMES))).fetchall()
            homes = [number for (number,) in rows]
            found = await (await connection.execute(OPEN_DAYS, (homes, end, most))).fetchall()
            chosen = _few(found)
            done = await _seal(connection, chosen) if chosen else (0, 0)
            is_full = len(found) >= most or len(chosen) < len(found)
            place = _next_place(homes, [hub for hub, _ in chosen], is_full)
            await connection.execute(PUT, ("sealing", Jsonb(place)))
        return SealedSome(hub_days=done[0], windows=done[1], more=is_full or place != 0)

    # --- retention -----------------------------------------------------------------------------

    async def drop_expired(self, now: float, keep_days: Mapping[str, int]) -> list[str]:
        """Delete windows that are older than kept. ``keep_days``: by level; levels that are not in it are kept.

        A partition is detached and dropped once all in it has expired; the names of those. Days that have expired are
        not compared with those of hubs from then on.
        """
        async with self._connections.transaction("owner") as connection:
            await connection.execute(PUT, ("keep_days", Jsonb(dict(keep_days))))
            rows = await (await connection.execute("SELECT name, number FROM level")).fetchall()
        ends = {number: (int(now // DAY) - keep_days[name]) * DAY for name, number in rows if name in keep_days}
        dropped = await self._drop_parts(min(ends.values())) if len(ends) == len(rows) else []
        if ends:
            await self._delete_expired(ends)
        if "events" in keep_days:
            await self._delete_events(now - keep_days["events"] * DAY)
        return dropped

    async def _drop_parts(self, end: float) -> list[str]:
        """Those that end before."""
        expired = [part.name for part in await self.partitions() if part.end <= end]
        for name in expired:
            parent, part = sql.Identifier(name.partition("_")[0]), sql.Identifier(name)
            async with self._connections.transaction("owner") as connection:
                await connection.execute("SELECT pg_advisory_xact_lock(7402, 1)")
                await connection.execute(sql.SQL("ALTER TABLE {} DETACH PARTITION {}").format(parent, part))
                await connection.execute(sql.SQL("DROP TABLE {}").format(part))
        return expired

    async def _delete_expired(self, ends: Mapping[int, int]) -> None:
        """Home by home, which the keys begin with. ``ends``: Unix s, by level."""
        homes, last = [0], 0
        while homes:
            async with self._connections.transaction("owner", statement_s=LONG_STATEMENT_S) as connection:
                rows = await (await connection.execute(NEXT_HOMES, (last, HOMES_OF_STEP))).fetchall()
                homes = [number for (number,) in rows]
                for level, end in sorted(ends.items()) if homes else ():
                    await connection.execute(DELETE_WINDOWS, (homes, level, end))
                    await connection.execute(DELETE_SEALED, (homes, level, end // DAY))
            last = homes[-1] if homes else last

    async def _delete_events(self, end: float) -> None:
        async with self._connections.transaction("owner", statement_s=LONG_STATEMENT_S) as connection:
            await connection.execute("DELETE FROM event WHERE at < %s", (end,))

    # --- sizes ---------------------------------------------------------------------------------

    async def size(self) -> BaseSize:
        """Of the tables, and some counts."""
        async with self._connections.transaction("owner") as connection:
            sizes = await (await connection.execute(SIZES)).fetchall()
            row = await (await connection.execute(COUNTS)).fetchone()
        homes, commands, version = row if row is not None else (0, 0, 0)
        return BaseSize(version=version, tables=dict(sizes), homes=homes, commands_open=commands)


DELETE_WINDOWS = 'DELETE FROM "window" WHERE hub = ANY(%s) AND level = %s AND start < %s'
DELETE_SEALED = "DELETE FROM sealed WHERE hub = ANY(%s) AND level = %s AND day < %s"


def next_month(month: date) -> date:
    """The first day of the month after it."""
    return date(month.year + month.month // 12, month.month % 12 + 1, 1)


# --- inside -----------------------------------------------------------------------------------------


async def _locked(connection: Connection) -> bool:
    row = await (await connection.execute(LOCK)).fetchone()
    return row is not None and bool(row[0])


async def _number(connection: Connection, query: LiteralString) -> int:
    row = await (await connection.execute(query)).fetchone()
    return 0 if row is None else int(row[0])


def _next_place(homes: list[int], chosen: list[int], is_full: bool) -> int:
    """The last home that is done; 0: all are."""
    if is_full:
        return max(chosen) - 1  # the last one may have more days
    return homes[-1] if len(homes) == HOMES else 0


def _few(found: list[Row]) -> list[tuple[int, int]]:
    """The first hub-days, at least one, that are not too much for the memory of one statement."""
    sizes = accumulate(int(size) for _, _, size in found)
    return [
        (hub, day)
        for place, ((hub, day, _), size) in enumerate(zip(found, sizes, strict=True))
        if not place or size <= MOST_BYTES
    ]


async def _seal(connection: Connection, chosen: list[tuple[int, int]]) -> tuple[int, int]:
    """Hub-days and windows that were sealed; the parts of the months that they are in have to be there."""
    hubs, days = [hub for hub, _ in chosen], [day for _, day in chosen]
    for month in sorted({month_of(day * DAY) for day in days}):
        await connection.execute("SELECT month_parts(%s)", (month,))
    values = {"hubs": hubs, "days": days, "first": min(days) * DAY, "end": (max(days) + 1) * DAY}
    row = await (await connection.execute(SEAL, values)).fetchone()
    return (0, 0) if row is None else (row[0], row[1])


def _first(name: str) -> float:
    return datetime.combine(_month(name), datetime.min.time(), UTC).timestamp()


def _end(name: str) -> float:
    return datetime.combine(next_month(_month(name)), datetime.min.time(), UTC).timestamp()


def _month(name: str) -> date:
    found = PART.fullmatch(name)
    return date(int(found[1]), int(found[2]), 1) if found is not None else date(2199, 12, 1)
