"""Commands on their way to hubs: which are due, and what is known of their delivery.

A command that is taken for a try is ``sent`` from then on: the server may end before it knows whether the hub got it.
It is ``waiting`` again only while NATS has proved of every try that it reached no one; of these alone the fleet may say
``undelivered``.

Source: docs/protocols/fleet.md §8
"""

from unclouded.fleet.base.connections import BaseConnections, Row
from unclouded.fleet.base.views import DueCommand
from unclouded.fleet.base.windows.windows import put_reports
from unclouded.uplink.messages import CommandReport

TRIED_FOR_S = 7 * 86_400  # after its end, for the report of its outcome

TAKE = """UPDATE command c SET tries = c.tries + 1, tried = %(now)s,
        fate = CASE c.fate WHEN 'waiting' THEN 'sent' ELSE c.fate END
    FROM (
        SELECT o.number, hub.id FROM command o JOIN hub ON hub.number = o.hub AND hub.revoked IS NULL
        WHERE o.fate IN ('waiting', 'sent', 'accepted') AND o.until > %(now)s - %(tried_for)s
            AND (o.fate <> 'waiting' OR o.until > %(now)s) AND {which}
        ORDER BY o.number LIMIT %(most)s FOR UPDATE OF o SKIP LOCKED
    ) AS due WHERE c.number = due.number
    RETURNING c.number, c.id, due.id, c.device, c.point, c.value, c.who, c.until, c.fate, c.tries, c.tried"""
DUE = TAKE.format(which="(o.tried IS NULL OR o.tried <= %(now)s - %(again)s)")
DUE_OF = TAKE.format(which="hub.id = %(hub)s")
ABSENT = """UPDATE command SET absent = absent + 1,
    fate = CASE WHEN fate = 'sent' AND absent + 1 >= tries THEN 'waiting' ELSE fate END WHERE id = %s"""
END = """UPDATE command SET fate = 'undelivered', changed = %(now)s,
    reason = 'the home was not reached until the end of the command'
    WHERE fate = 'waiting' AND until <= %(now)s RETURNING id"""
MOST_OF_HUB = 200


class CommandDispatch:
    """Commands on their way, of all organisations."""

    def __init__(self, connections: BaseConnections) -> None:
        self._connections = connections

    async def due(self, now: float, again_s: float = 60.0, most: int = 200) -> list[DueCommand]:
        """Open commands that were never tried, or not for ``again_s``, and are not yet undelivered; the oldest first.

        They count as tried and as perhaps delivered from now on, so that another dispatcher does not take them too.
        """
        return await self._take(DUE, {"now": now, "again": again_s, "most": most})

    async def due_of(self, hub: str, now: float) -> list[DueCommand]:
        """The same for one hub, which has just connected, whenever they were tried."""
        return await self._take(DUE_OF, {"now": now, "hub": hub, "most": MOST_OF_HUB})

    async def absent(self, id: str, now: float) -> None:
        """NATS proved that this try did not reach the hub; ``waiting`` again if that holds for all of its tries."""
        async with self._connections.transaction("ingest") as connection:
            await connection.execute(ABSENT, (id,))

    async def sent(self, id: str, now: float) -> None:
        """This try may have reached the hub: from now on only the hub says what became of it. Nothing to note."""

    async def reported(self, report: CommandReport, hub: str, now: float) -> None:
        """What the hub answered."""
        async with self._connections.transaction("ingest") as connection:
            await put_reports(connection, hub, [report], now)

    async def end_undelivered(self, now: float) -> list[str]:
        """Commands that provably never reached their hub and whose ``until`` has passed become ``undelivered``."""
        async with self._connections.transaction("ingest") as connection:
            rows = await (await connection.execute(END, {"now": now})).fetchall()
        return [id for (id,) in rows]

    async def _take(self, query: str, values: dict[str, object]) -> list[DueCommand]:
        async with self._connections.transaction("ingest") as connection:
            rows = await (await connection.execute(query.encode(), {**values, "tried_for": TRIED_FOR_S})).fetchall()
        return [_due(row) for row in sorted(rows)]


def _due(row: Row) -> DueCommand:
    _, id, hub, device, point, value, who, until, fate, tries, tried = row
    return DueCommand(
        id=id,
        hub=hub,
        device=device,
        point=point,
        value=value,
        who=who,
        until=until,
        fate=fate,
        tries=tries,
        tried=tried,
    )
