"""Commands as people give and see them."""

from collections.abc import Mapping, Sequence

from psycopg.types.json import Jsonb

from unclouded.fleet.base.connections import BaseConnections, Connection, Row
from unclouded.fleet.base.errors import NotInScope
from unclouded.fleet.base.views import CommandFate, GivenCommand, NewCommand, Scope

FIELDS = """c.id, c.batch, h.id, h.name, c.org, c.device, c.point, c.value, c.who, c.created, c.until, c.fate, c.reason,
    c.tried, c.changed"""
OF = f"SELECT {FIELDS} FROM command c JOIN hub h ON h.number = c.hub"
HUBS = "SELECT id, number, org FROM hub WHERE id = ANY(%s) AND revoked IS NULL"
GIVE = """INSERT INTO command (id, org, hub, batch, device, point, value, who, created, until)
    SELECT id, org, hub, %s, device, point, value, %s, %s, %s
    FROM unnest(%s::text[], %s::integer[], %s::integer[], %s::text[], %s::text[], %s::jsonb[])
        WITH ORDINALITY AS k (id, org, hub, device, point, value, place)
    ORDER BY place ON CONFLICT (id) DO NOTHING"""
PAGE = (
    OF
    + """ WHERE (%(hub)s::text IS NULL OR h.id = %(hub)s) AND (%(batch)s = '' OR c.batch = %(batch)s)
    AND (%(fate)s::text IS NULL OR c.fate = %(fate)s)
    AND (%(after)s = '' OR c.number < (SELECT number FROM command WHERE id = %(after)s))
    ORDER BY c.number DESC LIMIT %(limit)s"""
)
FATES = """SELECT c.fate, count(*) FROM command c JOIN hub h ON h.number = c.hub
    WHERE (%(hub)s::text IS NULL OR h.id = %(hub)s) AND (%(batch)s = '' OR c.batch = %(batch)s) GROUP BY 1"""
NO_SUCH_HOME = "There is no home {}."


class CommandBook:
    """Commands of the organisations of a scope."""

    def __init__(self, connections: BaseConnections) -> None:
        self._connections = connections

    async def give(
        self,
        scope: Scope,
        targets: Sequence[NewCommand],
        who: str,
        until: float,
        now: float,
        batch: str,
        first: int = 0,
    ) -> list[GivenCommand]:
        """One transaction. The same ``batch`` (an id that the caller makes) again: nothing is given twice.

        ``first``: how many of the batch are in other databases.

        Raises NotInScope where a hub is not in the scope, or is revoked.
        """
        if not targets:
            return []
        async with self._connections.transaction("read", scope) as connection:
            hubs = await _hubs(connection, [one.hub for one in targets])
            ids = [f"{batch}-{first + place}" for place in range(len(targets))]
            rows = [
                (id, *reversed(hubs[one.hub]), one.device, one.point, Jsonb(one.value))
                for id, one in zip(ids, targets, strict=True)
            ]
            columns = [list(column) for column in zip(*rows, strict=True)]
            await connection.execute(GIVE, (batch, who, now, until, *columns))
            found = await (await connection.execute(f"{OF} WHERE c.batch = %s ORDER BY c.number", (batch,))).fetchall()
        return [_given(row) for row in found]

    async def command(self, scope: Scope, id: str) -> GivenCommand:
        """Raises NotInScope."""
        async with self._connections.transaction("read", scope) as connection:
            row = await (await connection.execute(f"{OF} WHERE c.id = %s", (id,))).fetchone()
        if row is None:
            raise NotInScope(f"There is no command {id}.")
        return _given(row)

    async def commands(
        self,
        scope: Scope,
        hub: str | None = None,
        batch: str = "",
        fate: CommandFate | None = None,
        after: str = "",
        limit: int = 100,
    ) -> list[GivenCommand]:
        """The newest first; ``after``: the id of the last row of the page before. Raises NotInScope."""
        values = {"hub": hub, "batch": batch, "fate": fate, "after": after, "limit": limit}
        async with self._connections.transaction("read", scope) as connection:
            await check_home(connection, hub)
            rows = await (await connection.execute(PAGE, values)).fetchall()
        return [_given(row) for row in rows]

    async def fates(self, scope: Scope, hub: str | None = None, batch: str = "") -> Mapping[CommandFate, int]:
        """How many commands are in each state."""
        async with self._connections.transaction("read", scope) as connection:
            rows = await (await connection.execute(FATES, {"hub": hub, "batch": batch})).fetchall()
        return dict(rows)


async def check_home(connection: Connection, hub: str | None) -> None:
    """Raises NotInScope where it is none of the scope."""
    if hub is not None:
        await home_number(connection, hub)


async def home_number(connection: Connection, hub: str) -> int:
    """Raises NotInScope."""
    row = await (await connection.execute("SELECT number FROM hub WHERE id = %s", (hub,))).fetchone()
    if row is None:
        raise NotInScope(NO_SUCH_HOME.format(hub))
    return int(row[0])


async def _hubs(connection: Connection, ids: Sequence[str]) -> dict[str, tuple[int, int]]:
    rows = await (await connection.execute(HUBS, (list(set(ids)),))).fetchall()
    found = {id: (number, org) for id, number, org in rows}
    missing = next((id for id in ids if id not in found), None)
    if missing is not None:
        raise NotInScope(NO_SUCH_HOME.format(missing))
    return found


def _given(row: Row) -> GivenCommand:
    id, batch, hub, home, organisation, device, point, value, who, created, until, fate, reason, tried, changed = row
    return GivenCommand(
        id=id,
        batch=batch,
        hub=hub,
        home=home,
        organisation=organisation,
        device=device,
        point=point,
        value=value,
        who=who,
        created=created,
        until=until,
        fate=fate,
        reason=reason,
        tried=tried,
        changed=changed,
    )
