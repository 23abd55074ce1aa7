"""The list of homes, worst first, and one home.

A page begins after the last row of the page before: its rank, name and number, and the time that the pages were made
for, so that no home moves between two pages because time has passed.
"""

import base64
import binascii
from collections.abc import Iterable, Mapping, Sequence
from typing import Any, LiteralString, NamedTuple

import msgspec

from unclouded.fleet.base.commands import NO_SUCH_HOME, check_home
from unclouded.fleet.base.connections import BaseConnections, Connection, Row
from unclouded.fleet.base.errors import BaseRefused, NotInScope
from unclouded.fleet.base.merging import NO_PLACE, PlacedRow
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
    NewestWindow,
    Scope,
)
from unclouded.fleet.base.windows.catalogues import Settable, home_catalogue, settable, stored_catalogue
from unclouded.fleet.base.windows.opening import text_of
from unclouded.uplink.contents.catalogue import SentCatalogue

STATES: tuple[HomeState, ...] = ("attention", "offline", "behind", "well", "new", "revoked")  # worst first
RANK: LiteralString = f"""CASE WHEN h.revoked IS NOT NULL THEN 5 WHEN p.seen IS NULL THEN 4
    WHEN p.seen < %(now)s - {SILENT_S} THEN 1 WHEN cardinality(p.alerts) > 0 OR p.offline > 0 THEN 0
    WHEN p.behind >= {BEHIND} THEN 2 ELSE 3 END"""
LINE: LiteralString = f"""SELECT {RANK} AS rank, h.sort, h.number, h.id, h.org, o.name, h.name, h.place,
    p.alerts, p.seen, p.power, p.import, p.export, p.solar, p.devices, p.offline, p.behind, p.version, p.levels
    FROM hub h JOIN presence p ON p.hub = h.number JOIN organisation o ON o.number = h.org"""
# Ranks all, and reads whole rows of the page only
PAGE: LiteralString = f"""SELECT * FROM (
        SELECT {RANK} AS rank, h.sort, h.number FROM hub h JOIN presence p ON p.hub = h.number WHERE {{found}}
    ) AS every WHERE {{shown}} ORDER BY rank, sort, number LIMIT %(limit)s"""
LINES: LiteralString = f"{LINE} WHERE h.number = ANY(%(numbers)s)"
SUMS: LiteralString = f"""SELECT {RANK} AS rank, p.version, p.alerts, p.levels, count(*), sum(p.power), sum(p.import),
    sum(p.export), sum(p.solar) FROM hub h JOIN presence p ON p.hub = h.number WHERE {{found}} GROUP BY 1, 2, 3, 4"""
CONDITIONS: Mapping[str, LiteralString] = {
    "org": "h.org = %(org)s",
    "alert": "%(alert)s = ANY(p.alerts)",
    "level": "%(level)s = ANY(p.levels)",
    "like": """(h.name ILIKE %(like)s OR h.place ILIKE %(like)s OR h.id LIKE %(begin)s
        OR h.number IN (SELECT d.hub FROM device d WHERE d.id LIKE %(begin)s))""",
}
DETAIL: LiteralString = """SELECT h.number, h.joined, h.revoked, p.hello, p.grants FROM hub h
    JOIN presence p ON p.hub = h.number WHERE h.id = %s"""
STORED: LiteralString = """SELECT l.name, min(first), max(last), sum(windows), sum(days), sum(size) FROM (
        SELECT level, min(start) AS first, max(start) AS last, count(*) AS windows, 0 AS days, sum(length(data)) AS size
            FROM "window" WHERE hub = %(hub)s GROUP BY level
        UNION ALL SELECT level, min(day::bigint * 86400 + starts[1]),
            max(day::bigint * 86400 + starts[cardinality(starts)]), sum(cardinality(starts)), count(*),
            sum(length(data)) FROM sealed WHERE hub = %(hub)s GROUP BY level
    ) AS every JOIN level l ON l.number = every.level GROUP BY l.name, l.number ORDER BY l.number"""
NEWEST: LiteralString = """SELECT l.name, w.start, length(w.data) FROM "window" w JOIN level l ON l.number = w.level
    WHERE w.hub = %s ORDER BY w.number DESC LIMIT 1"""
SETTABLE_AT_ONCE = 50  # homes whose catalogues are read at once
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
        found = await self.placed(scope, filter, now, after, limit + 1)
        rows = tuple(one.row for one in found[:limit])
        return HomeList(homes=rows, after=found[limit - 1].place if len(found) > limit else "")

    async def placed(
        self, scope: Scope, filter: HomeFilter, now: float, after: str, limit: int
    ) -> list[PlacedRow[HomeLine]]:
        """Rows of the list, each with what a page begins after that comes next. Raises BaseRefused."""
        place = _place(after) if after else None
        at = now if place is None else place.now
        values = {**_values(filter), "now": at, "rank": filter.state and STATES.index(filter.state), "limit": limit}
        shown: list[LiteralString] = ["true"]
        if filter.state is not None:
            shown.append("rank = %(rank)s")
        if place is not None:
            shown.append("(rank, sort, number) > (%(last)s, %(name)s, %(number)s)")
            values |= {"last": place.rank, "name": place.name, "number": place.number}
        query: LiteralString = PAGE.format(found=_found(values, filter.version), shown=" AND ".join(shown))
        async with self._connections.transaction("read", scope) as connection:
            places = await (await connection.execute(query, values)).fetchall()
            wanted = {"now": at, "numbers": [number for _, _, number in places]}
            rows = await (await connection.execute(LINES, wanted)).fetchall()
        lines = {row[2]: row for row in rows}
        return [
            PlacedRow((rank, name), _after(at, (rank, name, number)), _line(lines[number]))
            for rank, name, number in places
            if number in lines
        ]

    async def sums(self, scope: Scope, filter: HomeFilter, now: float) -> HomeSums:
        """Of all homes that a filter finds."""
        values = {**_values(filter), "now": now}
        query: LiteralString = SUMS.format(found=_found(values, ""))
        async with self._connections.transaction("read", scope) as connection:
            rows = await (await connection.execute(query, values)).fetchall()
        return _sums([(STATES[rank], *others) for rank, *others in rows], filter)

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
            newest = await (await connection.execute(NEWEST, (number,))).fetchone()
        return HomeDetail(
            home=_line(line),
            joined=joined,
            revoked=revoked,
            hello=hello,
            let_out=tuple(grants),
            catalogue=catalogue,
            stored=stored,
            newest=None if newest is None else NewestWindow(level=newest[0], start=newest[1], size=newest[2]),
        )

    async def catalogue(self, scope: Scope, hub: str) -> HomeCatalogue:
        """Raises NotInScope."""
        async with self._connections.transaction("read", scope) as connection:
            row = await (await connection.execute("SELECT number FROM hub WHERE id = %s", (hub,))).fetchone()
            if row is None:
                raise NotInScope(NO_SUCH_HOME.format(hub))
            return await home_catalogue(connection, row[0])

    async def settable(self, scope: Scope, hubs: Sequence[str], device: str) -> dict[str, Settable]:
        """What these homes let the fleet set of a device, by id; those that are not in the scope are left out."""
        found: dict[str, Settable] = {}
        for begin in range(0, len(hubs), SETTABLE_AT_ONCE):
            async with self._connections.transaction("read", scope) as connection:
                found |= await settable(connection, hubs[begin : begin + SETTABLE_AT_ONCE], device)
        return found

    async def sent_catalogue(self, scope: Scope, hub: str) -> SentCatalogue:
        """The same as the hub sent it, for restoring. Raises NotInScope."""
        async with self._connections.transaction("read", scope) as connection:
            row = await (await connection.execute("SELECT number FROM hub WHERE id = %s", (hub,))).fetchone()
            if row is None:
                raise NotInScope(NO_SUCH_HOME.format(hub))
            return (await stored_catalogue(connection, row[0])).sent

    async def rename(self, scope: Scope, hub: str, name: str | None = None, place: str | None = None) -> None:
        """Raises NotInScope."""
        texts = [None if one is None else text_of(one) for one in (name, place)]
        async with self._connections.transaction("read", scope) as connection:
            await check_home(connection, hub)
            await connection.execute(RENAME, (*texts, hub))


# --- inside -----------------------------------------------------------------------------------------


def _values(filter: HomeFilter) -> dict[str, Any]:  # Any: parameters of a query
    kind, _, flag = filter.flag.partition(".")
    search = text_of(filter.search.strip())
    escaped = search.replace("\\", "\\\\").replace("%", "\\%").replace("_", "\\_")
    return {
        "org": filter.organisation,
        "version": text_of(filter.version),
        "alert": text_of(flag) if kind == "alert" else "",
        "level": text_of(flag) if kind == "level" else "",
        "like": f"%{escaped}%" if search else "",
        "begin": f"{escaped}%",
    }


def _found(values: Mapping[str, Any], version: str) -> LiteralString:  # Any: see _values
    """The conditions of a filter but its state. Those that are not asked for would keep PostgreSQL from its indexes."""
    some = [condition for key, condition in CONDITIONS.items() if values[key] not in ("", None)]
    if version:
        some.append("p.version = %(version)s")
    return " AND ".join(some) or "true"


class _AlikeHomes(NamedTuple):
    """Homes that are alike."""

    state: HomeState
    version: str
    alerts: Sequence[str]
    levels: Sequence[str]
    homes: int
    power: float | None
    bought: Any  # Any: numeric of PostgreSQL, or None
    sold: Any
    solar: Any


def _sums(rows: Iterable[Row], filter: HomeFilter) -> HomeSums:
    groups = [_AlikeHomes(*row) for row in rows]
    version, state = text_of(filter.version), filter.state
    of_version = [one for one in groups if not version or one.version == version]
    shown = [one for one in of_version if state is None or one.state == state]
    of_state = [one for one in groups if one.version and (state is None or one.state == state)]
    here = [one for one in shown if one.state in ("attention", "behind", "well")]
    flags = [(f"{kind}.{one}", group) for group in shown for kind, some in _flags(group) for one in some]
    states = dict.fromkeys(STATES, 0) | _count((one.state, one) for one in of_version)
    return HomeSums(
        homes=sum(one.homes for one in shown),
        states=states,
        flags=_count(flags),
        versions=_count((one.version, one) for one in of_state),
        power_W=_sum(one.power for one in here),
        import_mWh=_sum(one.bought for one in here),
        export_mWh=_sum(one.sold for one in here),
        solar_mWh=_sum(one.solar for one in here),
    )


def _flags(group: _AlikeHomes) -> tuple[tuple[str, set[str]], ...]:
    return ("alert", set(group.alerts)), ("level", set(group.levels))


def _count(groups: Iterable[tuple[str, _AlikeHomes]]) -> dict[str, int]:
    found: dict[str, int] = {}
    for key, group in groups:
        found[key] = found.get(key, 0) + group.homes
    return found


def _sum(values: Iterable[Any]) -> Any:  # Any: float or numeric of PostgreSQL
    known = [one for one in values if one is not None]
    return None if not known else sum(known) if isinstance(known[0], float) else int(sum(known))


def _after(now: float, row: Row) -> str:
    return base64.urlsafe_b64encode(msgspec.json.encode(_ListPlace(now, row[0], row[1], row[2]))).decode("ascii")


def _place(after: str) -> _ListPlace:
    try:
        place = msgspec.json.decode(base64.urlsafe_b64decode(after), type=_ListPlace)
    except (msgspec.MsgspecError, UnicodeError, binascii.Error, ValueError):
        raise BaseRefused(NO_PLACE) from None
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
