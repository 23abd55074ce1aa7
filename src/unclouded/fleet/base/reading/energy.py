"""Energy of homes, by the days that they computed themselves in their own time zones.

Source: docs/protocols/fleet.md §4.4
"""

from collections.abc import Sequence
from datetime import date
from typing import LiteralString

from unclouded.fleet.base.connections import BaseConnections, Row
from unclouded.fleet.base.errors import BaseRefused
from unclouded.fleet.base.views import EnergyBy, HomeEnergyRow, Scope

PERIODS: dict[EnergyBy, LiteralString] = {"day": "d.day", "month": "date_trunc('month', d.day)::date"}
SUMS: LiteralString = """sum(d.import)::bigint, sum(d.export)::bigint, sum(d.solar)::bigint, count(DISTINCT d.hub),
    bool_and(d.flags = 0)"""
# Of days, which have no home twice
DAY_SUMS: LiteralString = SUMS.replace("DISTINCT d.hub", "*")
ALL: LiteralString = """SELECT {} AS period, NULL, '', {} FROM home_day d
    WHERE d.day BETWEEN %(first)s AND %(last)s AND (%(org)s::integer IS NULL OR d.org = %(org)s)
    AND (%(hubs)s::text[] IS NULL OR d.hub IN (SELECT number FROM hub WHERE id = ANY(%(hubs)s)))
    GROUP BY 1 ORDER BY 1"""
EACH: LiteralString = """SELECT {} AS period, h.id, h.name, {} FROM home_day d JOIN hub h ON h.number = d.hub
    WHERE h.id = ANY(%(hubs)s) AND d.day BETWEEN %(first)s AND %(last)s
    GROUP BY 1, h.id, h.name ORDER BY h.id, 1"""


class HomeEnergyReader:
    """Energy that the homes computed themselves, by their own days."""

    def __init__(self, connections: BaseConnections) -> None:
        self._connections = connections

    async def energy(
        self,
        scope: Scope,
        first: str,
        last: str,
        by: EnergyBy = "day",
        organisation: int | None = None,
        hubs: Sequence[str] = (),
    ) -> list[HomeEnergyRow]:
        """From the day ``first`` ("2026-11-01") to ``last`` with it, summed over the homes. Raises BaseRefused."""
        values = {**_days(first, last), "org": organisation, "hubs": list(hubs) or None}
        query: LiteralString = ALL.format(PERIODS[by], DAY_SUMS if by == "day" else SUMS)
        return await self._rows(scope, query, values, by)

    async def each(
        self, scope: Scope, hubs: Sequence[str], first: str, last: str, by: EnergyBy = "day"
    ) -> list[HomeEnergyRow]:
        """The same for each of these homes; those that are not in the scope are left out."""
        query: LiteralString = EACH.format(PERIODS[by], SUMS)
        return await self._rows(scope, query, {**_days(first, last), "hubs": list(hubs)}, by)

    async def _rows(
        self, scope: Scope, query: LiteralString, values: dict[str, object], by: EnergyBy
    ) -> list[HomeEnergyRow]:
        async with self._connections.transaction("read", scope) as connection:
            rows = await (await connection.execute(query, values)).fetchall()
        return [_shown(row, by) for row in rows]


def _days(first: str, last: str) -> dict[str, object]:
    try:
        return {"first": date.fromisoformat(first), "last": date.fromisoformat(last)}
    except ValueError:
        raise BaseRefused("Days are written as 2026-11-30.") from None


def _shown(row: Row, by: EnergyBy) -> HomeEnergyRow:
    period, hub, name, bought, sold, solar, homes, complete = row
    return HomeEnergyRow(
        period=period.isoformat() if by == "day" else f"{period:%Y-%m}",
        hub=hub,
        name=name,
        import_mWh=bought,
        export_mWh=sold,
        solar_mWh=solar,
        homes=homes,
        complete=bool(complete),
    )
