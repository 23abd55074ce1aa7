"""Who did what: rows are only added."""

from collections.abc import Mapping
from typing import Any

import msgspec
from psycopg.types.json import Jsonb

from unclouded.fleet.base.connections import BaseConnections, Connection
from unclouded.fleet.base.views import AuditEntry, Scope

ADD = "INSERT INTO audit (at, who, org, action, subject, detail) VALUES (%s, %s, %s, %s, %s, %s)"
PAGE = """SELECT number, at, who, org AS organisation, action, subject, detail FROM audit
    WHERE (%(before)s::bigint IS NULL OR number < %(before)s) AND (%(action)s = '' OR action = %(action)s)
    AND (%(who)s = '' OR who = %(who)s) ORDER BY number DESC LIMIT %(limit)s"""


async def put_audit(
    connection: Connection,
    who: str,
    action: str,
    subject: str,
    now: float,
    organisation: int | None = None,
    detail: Mapping[str, Any] | None = None,
) -> None:
    """A row, in a transaction of the owner. ``detail``: JSON, without secrets."""
    kept = {key: one.replace("\0", "") if isinstance(one, str) else one for key, one in (detail or {}).items()}
    await connection.execute(ADD, (now, who, organisation, action, subject.replace("\0", ""), Jsonb(kept)))


class AuditLog:
    """Who did what: never changed, never deleted by a person. Noted in the transaction of what was done."""

    def __init__(self, connections: BaseConnections) -> None:
        self._connections = connections

    async def note(
        self,
        who: str,
        action: str,
        subject: str,
        now: float,
        organisation: int | None = None,
        detail: Mapping[str, Any] | None = None,
    ) -> None:
        """In ``FleetBase.together`` with the change that it is about. ``detail``: JSON, without secrets."""
        async with self._connections.transaction("owner") as connection:
            await put_audit(connection, who, action, subject, now, organisation, detail)

    async def entries(
        self, scope: Scope, before: int | None = None, limit: int = 100, action: str = "", who: str = ""
    ) -> list[AuditEntry]:
        """The newest first. Rows without an organisation are seen only by the operator of the server."""
        values = {"before": before, "limit": limit, "action": action, "who": who}
        async with self._connections.transaction("read", scope) as connection:
            cursor = await connection.execute(PAGE, values)
            names = [column.name for column in cursor.description or ()]
            rows = await cursor.fetchall()
        return [msgspec.convert(dict(zip(names, row, strict=True)), AuditEntry) for row in rows]
