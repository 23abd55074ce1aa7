"""The list of homes, worst first, and one home.

A page begins after the last row of the page before: its rank, name and number, and the time that the pages were made
for, so that no home moves between two pages because time has passed.
"""

import base64
import binascii
from collections.abc import Mapping, Sequence
from typing import Any, LiteralString

import msgspec

from unclouded.fleet.base.catalogues import home_catalogue
from unclouded.fleet.base.commands import NO_SUCH_HOME, check_home
from unclouded.fleet.base.connections import BaseConnections, Connection, Row
from unclouded.fleet.base.errors import BaseRefused, NotInScope
from unclouded.fleet.base.opening import text_of
from unclouded.fleet.base.views import (
    BEHIND,
    SILENT_S,
    HomeCatalogue,
    HomeDetail,
    HomeFilter,
    HomeLine,
    HomeList,
    HomeState,
    HomeSums,
    LevelStore,
    Scope,
)

STATES: tuple[HomeState, ...] = ("attention", "offline", "behind", "well", "new", "revoked")  # worst first
RANK: LiteralString = f"""CASE WHEN h.revoked IS NOT NULL THEN 5 WHEN p.seen IS NULL THEN 4
    WHEN p.seen < %(now)s - {SILENT_S} THEN 1 WHEN p.alerts <> '{{}}' OR p.offline > 0 THEN 0
    WHEN p.behind >= {BEHIND} THEN 2 ELSE 3 END"""
LINE: LiteralString = f"""SELECT {RANK} AS rank, lower(h.name) AS sort, h.number, h.id, h.org, o.name, h.name, h.place,
    p.alerts, p.seen, p.power, p.import, p.export, p.solar, p.devices, p.offline, p.behind, p.version, p.levels
    FROM hub h JOIN presence p ON p.hub = h.number JOIN organisation o ON o.number = h.org"""
FOUND: LiteralString = """ WHERE (%(org)s::integer IS NULL OR h.org = %(org)s)
    AND (%(alert)s = '' OR %(alert)s = ANY(p.alerts)) AND (%(level)s = '' OR %(level)s = ANY(p.levels))
    AND (%(like)s = '' OR h.name ILIKE %(like)s OR h.place ILIKE %(like)s OR h.id LIKE %(begin)s
        OR h.number IN (SELECT d.hub FROM device d WHERE d.id LIKE %(begin)s))"""
OF_VERSION: LiteralString = " AND (%(version)s = '' OR p.version = %(version)s)"
PAGE: LiteralString = f"""SELECT * FROM ({LINE}{FOUND}{OF_VERSION}) AS line
    WHERE (%(rank)s::integer IS NULL OR rank = %(rank)s)
    AND (%(last)s::integer IS NULL OR (rank, sort, number) > (%(last)s, %(name)s, %(number)s))
    ORDER BY rank, sort, number LIMIT %(limit)s"""
FILTERED: LiteralString = f"""WITH found AS MATERIALIZED (SELECT {RANK} AS rank, p.alerts, p.levels, p.version,
        p.power, p.import, p.export, p.solar
    FROM hub h JOIN presence p ON p.hub = h.number{FOUND}),
    shown AS (SELECT * FROM found WHERE (%(rank)s::integer IS NULL OR rank = %(rank)s)
        AND (%(version)s = '' OR version = %(version)s))"""
SUMS: LiteralString = f"""{FILTERED}
    SELECT 'all', '', count(*), sum(power) FILTER (WHERE rank IN (0, 2, 3)),
        sum(import) FILTER (WHERE rank IN (0, 2, 3)), sum(export) FILTER (WHERE rank IN (0, 2, 3)),
        sum(solar) FILTER (WHERE rank IN (0, 2, 3)) FROM shown
    UNION ALL SELECT 'state', rank::text, count(*), 0, 0, 0, 0 FROM found
        WHERE %(version)s = '' OR version = %(version)s GROUP BY rank
    UNION ALL SELECT 'version', version, count(*), 0, 0, 0, 0 FROM found
        WHERE version <> '' AND (%(rank)s::integer IS NULL OR rank = %(rank)s) GROUP BY version
    UNION ALL SELECT 'flag', 'alert.' || one, count(*), 0, 0, 0, 0 FROM shown, unnest(alerts) AS one GROUP BY one
    UNION ALL SELECT 'flag', 'level.' || one, count(*), 0, 0, 0, 0 FROM shown, unnest(levels) AS one GROUP BY one"""
DETAIL: LiteralString = """SELECT h.number, h.joined, h.revoked, p.hello, p.grants FROM hub h
    JOIN presence p ON p.hub = h.number WHERE h.id = %s"""
STORED: LiteralString = """SELECT l.name, min(first), max(last), sum(windows), sum(days), sum(size) FROM (
        SELECT level, min(start) AS first, max(start) AS last, count(*) AS windows, 0 AS days, sum(length(data)) AS size
            FROM "window" WHERE hub = %(hub)s GROUP BY level
        UNION ALL SELECT level, min(day::bigint * 86400 + starts[1]),
            max(day::bigint * 86400 + starts[cardinality(starts)]), sum(cardinality(starts)), count(*),
            sum(length(data)) FROM sealed WHERE hub = %(hub)s GROUP BY level
    ) AS every JOIN level l ON l.number = every.level GROUP BY l.name, l.number ORDER BY l.number"""
RENAME: LiteralString = "UPDATE hub SET name = coalesce(%s, name), place = coalesce(%s, place) WHERE id = %s"


class _ListPlace(msgspec.Struct, frozen=True, array_like=True):
    """The last row of a page, and the time that it was made for."""

    now: float
    rank: int
    name: str
    number: int


class HomeReader:
    """The list of homes and one home."""

    def __init__(self, connections: BaseConnections) -> None:
        self._connections = connections

    async def homes(self, scope: Scope, filter: HomeFilter, now: float, after: str = "", limit: int = 100) -> HomeList:
        """A page, worst first. Raises BaseRefused where ``after`` was not given by a page before."""
        place = _place(after) if after else None
        values = {**_values(filter, place.now if place is not None else now), "limit": limit + 1}
        values |= {"last": None, "name": "", "number": 0}
        if place is not None:
            values |= {"last": place.rank, "name": place.name, "number": place.number}
        async with self._connections.transaction("read", scope) as connection:
            rows = await (await connection.execute(PAGE, values)).fetchall()
        end = rows[limit - 1] if len(rows) > limit else None
        return HomeList(homes=tuple(map(_line, rows[:limit])), after=_after(values["now"], end) if end else "")

    async def sums(self, scope: Scope, filter: HomeFilter, now: float) -> HomeSums:
        """Of all homes that a filter finds."""
        async with self._connections.transaction("read", scope) as connection:
            rows = await (await connection.execute(SUMS, _values(filter, now))).fetchall()
        counts: dict[str, dict[str, int]] = {"state": dict.fromkeys(STATES, 0), "version": {}, "flag": {}}
        for what, text, count, *_ in rows[1:]:
            counts[what][STATES[int(text)] if what == "state" else text] = count
        _, _, homes, power, bought, sold, solar = rows[0]
        return HomeSums(
            homes=homes,
            states=counts["state"],
            flags=counts["flag"],
            versions=counts["version"],
            power_W=power,
            import_mWh=_whole(bought),
            export_mWh=_whole(sold),
            solar_mWh=_whole(solar),
        )

    async def rows(self, scope: Scope, hubs: Sequence[str], now: float) -> list[HomeLine]:
        """Of these homes, for the stream of a page; those that are not in the scope are left out."""
        query: LiteralString = f"{LINE} WHERE h.id = ANY(%(hubs)s) ORDER BY 1, 2, 3"
        async with self._connections.transaction("read", scope) as connection:
            rows = await (await connection.execute(query, {"now": now, "hubs": list(hubs)})).fetchall()
        return [_line(row) for row in rows]

    async def home(self, scope: Scope, hub: str, now: float) -> HomeDetail:
        """Raises NotInScope."""
        query: LiteralString = f"{LINE} WHERE h.id = %(hub)s"
        async with self._connections.transaction("read", scope) as connection:
            line = await (await connection.execute(query, {"now": now, "hub": hub})).fetchone()
            detail = await (await connection.execute(DETAIL, (hub,))).fetchone()
            if line is None or detail is None:
                raise NotInScope(NO_SUCH_HOME.format(hub))
            number, joined, revoked, hello, grants = detail
            catalogue = await home_catalogue(connection, number)
            stored = await _stored(connection, number)
        return HomeDetail(
            home=_line(line),
            joined=joined,
            revoked=revoked,
            hello=hello,
            let_out=tuple(grants),
            catalogue=catalogue,
            stored=stored,
        )

    async def catalogue(self, scope: Scope, hub: str) -> HomeCatalogue:
        """Raises NotInScope."""
        async with self._connections.transaction("read", scope) as connection:
            row = await (await connection.execute("SELECT number FROM hub WHERE id = %s", (hub,))).fetchone()
            if row is None:
                raise NotInScope(NO_SUCH_HOME.format(hub))
            return await home_catalogue(connection, row[0])

    async def rename(self, scope: Scope, hub: str, name: str | None = None, place: str | None = None) -> None:
        """Raises NotInScope."""
        texts = [None if one is None else text_of(one) for one in (name, place)]
        async with self._connections.transaction("read", scope) as connection:
            await check_home(connection, hub)
            await connection.execute(RENAME, (*texts, hub))


# --- inside -----------------------------------------------------------------------------------------


def _values(filter: HomeFilter, now: float) -> dict[str, Any]:  # Any: parameters of a query
    kind, _, flag = filter.flag.partition(".")
    search = text_of(filter.search.strip())
    escaped = search.replace("\\", "\\\\").replace("%", "\\%").replace("_", "\\_")
    return {
        "now": now,
        "org": filter.organisation,
        "rank": None if filter.state is None else STATES.index(filter.state),
        "version": text_of(filter.version),
        "alert": text_of(flag) if kind == "alert" else "",
        "level": text_of(flag) if kind == "level" else "",
        "like": f"%{escaped}%" if search else "",
        "begin": f"{escaped}%",
    }


def _after(now: float, row: Row) -> str:
    return base64.urlsafe_b64encode(msgspec.json.encode(_ListPlace(now, row[0], row[1], row[2]))).decode("ascii")


def _place(after: str) -> _ListPlace:
    try:
        place = msgspec.json.decode(base64.urlsafe_b64decode(after), type=_ListPlace)
    except (msgspec.MsgspecError, UnicodeError, binascii.Error, ValueError):
        raise BaseRefused("The list does not have this place: begin at its start.") from None
    return msgspec.structs.replace(place, name=place.name.replace("\0", ""))


def _line(row: Row) -> HomeLine:
    rank, _, _, hub, org, organisation, name, place, alerts, seen, power, bought, sold, solar, *others = row
    devices, offline, behind, version, levels = others
    return HomeLine(
        hub=hub,
        organisation=org,
        organisation_name=organisation,
        name=name,
        place=place,
        state=STATES[rank],
        alerts=tuple(alerts),
        seen=seen,
        power_W=power,
        import_mWh=bought,
        export_mWh=sold,
        solar_mWh=solar,
        devices=devices,
        devices_offline=offline,
        behind=behind,
        version=version,
        levels=tuple(levels),
    )


async def _stored(connection: Connection, number: int) -> tuple[LevelStore, ...]:
    values: Mapping[str, int] = {"hub": number}
    rows = await (await connection.execute(STORED, values)).fetchall()
    return tuple(
        LevelStore(level=level, first=first, last=last, windows=int(windows), sealed_days=int(days), size=int(size))
        for level, first, last, windows, days, size in rows
    )


def _whole(value: Any) -> int | None:  # Any: numeric of PostgreSQL
    return None if value is None else int(value)
