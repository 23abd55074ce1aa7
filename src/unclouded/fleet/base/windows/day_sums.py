"""Which days of a hub the base has otherwise than the hub says.

A day of a level is the number of its windows and the XOR of their numbers. Sealed days have both in their row. Where
windows came after the sealing, of each window the higher number counts.

Source: docs/protocols/fleet.md §6
"""

from collections.abc import Mapping, Sequence
from itertools import islice

from unclouded.fleet.base.connections import Connection
from unclouded.fleet.base.windows.levels import stored_levels
from unclouded.fleet.base.windows.opening import CATALOGUE, DAY
from unclouded.uplink.messages import DaySum

MOST_LEVELS = 32
MOST_DAYS = 62  # of a level
LAST_DAY = 100_000

WINDOWS = """SELECT level, (start / 86400)::integer, count(*), bit_xor(number) FROM "window"
    WHERE hub = %s AND level = ANY(%s) AND start >= %s AND start < %s GROUP BY 1, 2"""
SEALED = """SELECT level, day, cardinality(starts), numbers_xor FROM sealed
    WHERE hub = %s AND level = ANY(%s) AND day >= %s AND day < %s"""
BOTH = """SELECT count(*), bit_xor(number) FROM (
    SELECT start, max(number) AS number FROM (
        SELECT start, number FROM "window" WHERE hub = %(hub)s AND level = %(level)s
            AND start >= %(day)s::bigint * 86400 AND start < (%(day)s::bigint + 1) * 86400
        UNION ALL
        SELECT day::bigint * 86400 + one.start, one.number FROM sealed, unnest(starts, numbers) AS one (start, number)
            WHERE hub = %(hub)s AND level = %(level)s AND day = %(day)s
    ) AS every GROUP BY start) AS newest"""
KEEP = "SELECT value FROM setting WHERE key = 'keep_days'"
CATALOGUE_NUMBER = "SELECT number FROM catalogue WHERE hub = %s"

Sums = dict[tuple[int, int], tuple[int, int]]  # (level, day) -> count, XOR


async def differing_days(
    connection: Connection, hub: int, said: Mapping[str, Sequence[DaySum]], now: float
) -> dict[str, tuple[int, ...]]:
    """By level; days that are no longer kept do not differ. Of a hostile hub's thousands of levels, some."""
    said = dict(islice(said.items(), MOST_LEVELS))
    levels = await stored_levels(connection, [name for name in said if len(name) <= 32 and "\0" not in name])
    keep = await kept_days(connection)
    wanted = {name: _days(sums, keep.get(name), now) for name, sums in said.items() if name != CATALOGUE}
    days = [day for one in wanted.values() for day in one]
    stored = await day_sums(connection, hub, list(levels.values()), min(days), max(days) + 1) if days else {}
    found: dict[str, tuple[int, ...]] = {}
    for name, sums in wanted.items():
        number = levels.get(name, -1)
        differing = [day for day, sum in sums.items() if sum != stored.get((number, day), (0, 0))]
        if differing:
            found[name] = tuple(sorted(differing))
    if CATALOGUE in said and await _has_other_catalogue(connection, hub, said[CATALOGUE]):
        found[CATALOGUE] = (0,)
    return found


async def day_sums(connection: Connection, hub: int, levels: Sequence[int], first: int, end: int) -> Sums:
    """Of the days (of UTC since 1970) from ``first`` to before ``end``."""
    levels = list(levels)
    rows = await (await connection.execute(SEALED, (hub, levels, first, end))).fetchall()
    found: Sums = {(level, day): (count, numbers) for level, day, count, numbers in rows}
    rows = await (await connection.execute(WINDOWS, (hub, levels, first * DAY, end * DAY))).fetchall()
    for level, day, count, numbers in rows:
        if (level, day) in found:
            query = {"hub": hub, "level": level, "day": day}
            both = await (await connection.execute(BOTH, query)).fetchone()
            count, numbers = both or (0, 0)
        found[level, day] = count, numbers
    return found


async def kept_days(connection: Connection) -> dict[str, int]:
    """By level, for how many days windows are kept; levels that are not in it are kept for ever."""
    row = await (await connection.execute(KEEP)).fetchone()
    return {} if row is None else {str(name): int(days) for name, days in row[0].items()}


def _days(sums: Sequence[DaySum], keep: int | None, now: float) -> dict[int, tuple[int, int]]:
    first = 0 if keep is None else int(now // DAY) - keep + 2
    days = {one.day: (one.count, one.numbers) for one in sums if first <= one.day < LAST_DAY and one.day >= 0}
    return {day: days[day] for day in sorted(days, reverse=True)[:MOST_DAYS]}


async def _has_other_catalogue(connection: Connection, hub: int, said: Sequence[DaySum]) -> bool:
    row = await (await connection.execute(CATALOGUE_NUMBER, (hub,))).fetchone()
    stored = 0 if row is None else row[0]
    return any(one.numbers != stored for one in said if one.count)
