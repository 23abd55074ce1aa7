"""Windows of a home as they stand: sealed days and what came after, of each window the higher number."""

from itertools import accumulate

from unclouded.fleet.base.connections import Connection
from unclouded.fleet.base.windows.levels import stored_levels
from unclouded.fleet.base.windows.opening import DAY, LENGTHS, UNIT_S
from unclouded.uplink.messages import SentWindow

# The ends of a range are not whole numbers; columns are only found by keys, and in few months, where they are compared
# with whole ones
WINDOWS = """SELECT start, number, data FROM "window" WHERE hub = %s AND level = %s
    AND start > floor(%s)::bigint AND start < ceil(%s)::bigint"""
SEALED = (
    """SELECT day, starts, numbers, sizes, data FROM sealed WHERE hub = %s AND level = %s AND day >= %s AND day <= %s"""
)
ANY_IN = """SELECT l.name FROM level l WHERE EXISTS (SELECT 1 FROM "window" WHERE hub = %(hub)s AND level = l.number
        AND start > floor(%(first)s)::bigint - 3600 AND start < ceil(%(end)s)::bigint)
    OR EXISTS (SELECT 1 FROM sealed WHERE hub = %(hub)s AND level = l.number
        AND day >= floor(%(first)s / 86400)::integer AND day <= floor(%(end)s / 86400)::integer)"""


async def stored_windows(connection: Connection, hub: int, level: str, start: float, end: float) -> list[SentWindow]:
    """Those that overlap the range (Unix s), in order of time."""
    number = (await stored_levels(connection, [level])).get(level)
    if number is None or not start < end:
        return []
    first = start - LENGTHS.get(level, UNIT_S)
    days = (int((first + 1) // DAY), int(end // DAY))
    found: dict[int, SentWindow] = {}
    for row in await (await connection.execute(SEALED, (hub, number, *days))).fetchall():
        for window in unsealed(*row):
            if first < window.start < end:
                found[window.start] = window
    for at, version, data in await (await connection.execute(WINDOWS, (hub, number, first, end))).fetchall():
        if at not in found or found[at].number < version:
            found[at] = SentWindow(at, version, data)
    return [found[at] for at in sorted(found)]


async def levels_in(connection: Connection, hub: int, start: float, end: float) -> frozenset[str]:
    """The levels that have windows there."""
    rows = await (await connection.execute(ANY_IN, {"hub": hub, "first": start, "end": end})).fetchall()
    return frozenset(name for (name,) in rows)


def unsealed(day: int, starts: list[int], numbers: list[int], sizes: list[int], data: bytes) -> list[SentWindow]:
    """The windows of a sealed day."""
    ends = list(accumulate(sizes))
    return [
        SentWindow(day * DAY + start, number, data[stop - size : stop])
        for start, number, size, stop in zip(starts, numbers, sizes, ends, strict=True)
    ]
