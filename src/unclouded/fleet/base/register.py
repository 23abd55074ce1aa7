"""Organisations, hubs and codes of enrolment.

Source: docs/protocols/fleet.md §10
"""

from collections.abc import Mapping, Sequence
from typing import Any, LiteralString

from unclouded.fleet.base.audit import put_audit
from unclouded.fleet.base.connections import BaseConnections, Connection, Row
from unclouded.fleet.base.errors import BaseRefused, HubRevoked, NotInScope
from unclouded.fleet.base.views import AgainRequest, CodeRow, HubEntry, OrganisationRow, RevokedKey
from unclouded.fleet.base.windows.opening import text_of
from unclouded.fleet.base.windows.windows import FORGETTING

ORGANISATIONS: LiteralString = """SELECT number, name, shard,
    (SELECT count(*) FROM hub WHERE org = o.number AND revoked IS NULL),
    (SELECT count(*) FROM role WHERE org = o.number) FROM organisation o"""
PUT_ORGANISATION = """INSERT INTO organisation (number, name, shard) OVERRIDING SYSTEM VALUE VALUES (%s, %s, %s)
    ON CONFLICT (number) DO UPDATE SET name = excluded.name, shard = excluded.shard"""
HUB: LiteralString = """SELECT h.id, h.number, h.org, o.name, h.name, h.place, o.shard, h.public_key, h.joined,
    h.renewed, h.revoked FROM hub h JOIN organisation o ON o.number = h.org"""
CODES: LiteralString = """SELECT c.number, c.org, o.name, c.homes, c.used, c.created, c.expires, c.who
    FROM code c JOIN organisation o ON o.number = c.org"""
USE_CODE = """UPDATE code SET used = used + 1 WHERE digest = %s AND expires > %s AND used < homes
    RETURNING number, org"""
# A home that asks again with its code and key, because the answer was lost; or with another code of its organisation,
# because it was away for longer than its token is valid
SAME = """SELECT h.id FROM hub h JOIN code c ON c.org = h.org AND (c.number = h.code OR c.used < c.homes)
    WHERE c.digest = %s AND c.expires > %s AND h.public_key = %s AND h.revoked IS NULL"""
ADD_HUB = """INSERT INTO hub (id, org, name, place, public_key, code, joined, renewed)
    VALUES (%s, %s, %s, %s, %s, %s, %s, %s) RETURNING number"""
ADD_CODE = """INSERT INTO code (digest, org, homes, created, expires, who) VALUES (%s, %s, %s, %s, %s, %s)
    RETURNING number"""
REVOKE = "UPDATE hub SET revoked = coalesce(revoked, %s) WHERE id = %s RETURNING public_key"
REVOKED = """SELECT public_key, max(at) FROM (SELECT public_key, revoked AS at FROM hub WHERE revoked IS NOT NULL
    UNION ALL SELECT public_key, at FROM revoked_key) AS every WHERE at >= %s GROUP BY 1 ORDER BY 2, 1"""
KEEP_KEY = """INSERT INTO revoked_key SELECT public_key, revoked FROM hub WHERE id = %s
    ON CONFLICT (public_key) DO UPDATE SET at = excluded.at"""
PUT_KEYS = """INSERT INTO revoked_key SELECT * FROM unnest(%s::text[], %s::double precision[])
    ON CONFLICT (public_key) DO NOTHING"""
REVOKE_KEYS = """UPDATE hub SET revoked = k.at FROM unnest(%s::text[], %s::double precision[]) AS k (public_key, at)
    WHERE hub.public_key = k.public_key AND revoked IS NULL"""
WAS_REVOKED = """SELECT 1 FROM revoked_key WHERE public_key = %(key)s
    UNION ALL SELECT 1 FROM hub WHERE id = %(id)s AND public_key = %(key)s AND revoked IS NOT NULL"""
USED_KEY = "SELECT 1 FROM revoked_key WHERE public_key = %s"
BARRIER = f"SELECT pg_advisory_xact_lock(7402, {FORGETTING})"


class HubRegister:
    """Organisations, hubs and codes. For enrolment and the command line: no scope; who may is checked before."""

    def __init__(self, connections: BaseConnections) -> None:
        self._connections = connections

    # --- organisations -------------------------------------------------------------------------

    async def add_organisation(self, name: str, shard: int = 0) -> OrganisationRow:
        """Raises BaseRefused where the name is taken."""
        query = "INSERT INTO organisation (name, shard) VALUES (%s, %s) RETURNING number"
        (number,) = await self._one(query, (text_of(name), shard))
        return OrganisationRow(number=number, name=text_of(name), shard=shard)

    async def put_organisation(self, row: OrganisationRow) -> None:
        """One of the directory, in its own database. Raises BaseRefused where another one has its name there."""
        async with self._connections.transaction("owner") as connection:
            await connection.execute(PUT_ORGANISATION, (row.number, row.name, row.shard))

    async def organisations(self) -> list[OrganisationRow]:
        """By name."""
        rows = await self._all(f"{ORGANISATIONS} ORDER BY name", ())
        return [OrganisationRow(number=n, name=name, shard=s, homes=h, people=p) for n, name, s, h, p in rows]

    async def rename_organisation(self, number: int, name: str) -> None:
        """Raises NotInScope, and BaseRefused where the name is taken."""
        await self._changed("UPDATE organisation SET name = %s WHERE number = %s", (text_of(name), number), number)

    async def remove_organisation(self, number: int) -> None:
        """Its codes and the roles in it go too. Raises BaseRefused where it has homes, and NotInScope."""
        async with self._connections.transaction("owner") as connection:
            has = await (await connection.execute("SELECT 1 FROM hub WHERE org = %s LIMIT 1", (number,))).fetchone()
            if has is not None:
                raise BaseRefused("It has homes, perhaps revoked ones: `unclouded fleet forget` them first.")
            if not (await connection.execute("DELETE FROM organisation WHERE number = %s", (number,))).rowcount:
                raise NotInScope(f"There is no organisation {number}.")

    # --- codes and enrolment -------------------------------------------------------------------

    async def add_code(
        self, digest: bytes, organisation: int, homes: int, expires: float, who: str, now: float
    ) -> CodeRow:
        """``digest``: of the code's text. Raises NotInScope where there is no such organisation."""
        async with self._connections.transaction("owner") as connection:
            query = "SELECT 1 FROM organisation WHERE number = %s"
            if await (await connection.execute(query, (organisation,))).fetchone() is None:
                raise NotInScope(f"There is no organisation {organisation}.")
            row = await _row(connection, ADD_CODE, (digest, organisation, homes, now, expires, who))
            return _code(await _row(connection, f"{CODES} WHERE c.number = %s", row))

    async def codes(self, now: float) -> list[CodeRow]:
        """That can still be used."""
        query: LiteralString = f"{CODES} WHERE c.expires > %s AND c.used < c.homes ORDER BY c.number"
        return [_code(row) for row in await self._all(query, (now,))]

    async def withdraw_code(self, number: int) -> None:
        """It cannot be used from now on."""
        await self._all("UPDATE code SET expires = 0 WHERE number = %s RETURNING 1", (number,))

    async def enrol(self, digest: bytes, hub: str, public_key: str, name: str, now: float, place: str = "") -> HubEntry:
        """Use the code once, and add this hub to its organisation. The same key with the same code again: the same hub.

        Raises BaseRefused where the code is unknown, expired or used up, or the key belongs to another hub.
        """
        async with self._connections.transaction("owner") as connection:
            same = await (await connection.execute(SAME, (digest, now, public_key))).fetchone()
            if same is not None:
                return await _hub(connection, same[0])
            await _check_key(connection, public_key)
            code = await (await connection.execute(USE_CODE, (digest, now))).fetchone()
            if code is None:
                raise BaseRefused("The code is unknown, expired or used up: ask for another one.")
            number, org = code
            row = (hub, org, text_of(name) or hub, text_of(place), public_key, number, now, now)
            added = await _row(connection, ADD_HUB, row)
            await connection.execute("INSERT INTO presence (hub, org) VALUES (%s, %s)", (added[0], org))
            entry = await _hub(connection, hub)
            await _note(connection, entry, "home.join", f"hub {hub}", now)
            return entry

    async def renew(self, id: str, public_key: str, now: float) -> HubEntry:
        """Note that its token was renewed. Raises HubRevoked; BaseRefused: it is unknown or has another key."""
        query = "UPDATE hub SET renewed = %s WHERE id = %s AND public_key = %s AND revoked IS NULL RETURNING id"
        async with self._connections.transaction("owner") as connection:
            if await (await connection.execute(query, (now, id, public_key))).fetchone() is None:
                if await (await connection.execute(WAS_REVOKED, {"key": public_key, "id": id})).fetchone() is not None:
                    raise HubRevoked(f"The hub {id} was revoked.")
                raise BaseRefused(f"The hub {id} is unknown, or has another key.")
            return await _hub(connection, id)

    # --- hubs ----------------------------------------------------------------------------------

    async def hub(self, id: str) -> HubEntry | None:
        """None: there is none."""
        rows = await self._all(f"{HUB} WHERE h.id = %s", (id,))
        return _entry(rows[0]) if rows else None

    async def hubs(self, organisation: int | None = None) -> list[HubEntry]:
        """With the revoked ones."""
        query: LiteralString = f"{HUB} WHERE %s::integer IS NULL OR h.org = %s ORDER BY h.number"
        return [_entry(row) for row in await self._all(query, (organisation, organisation))]

    async def rename(self, id: str, name: str | None = None, place: str | None = None) -> None:
        """Raises NotInScope."""
        await self._changed(RENAME, (_text(name), _text(place), id), id)

    async def revoke(self, id: str, now: float) -> HubEntry:
        """Nothing is accepted from it from now on; what it sent stays. Raises NotInScope."""
        async with self._connections.transaction("owner") as connection:
            await connection.execute(REVOKE, (now, id))
            return await _hub(connection, id)

    async def leave(self, id: str, now: float) -> HubEntry:
        """The same, as the hub itself wants it. Raises NotInScope."""
        async with self._connections.transaction("owner") as connection:
            await connection.execute(REVOKE, (now, id))
            entry = await _hub(connection, id)
            await _note(connection, entry, "home.leave", f"hub {id}", now)
            return entry

    async def revoked_keys(self, since: float = 0.0) -> list[RevokedKey]:
        """For the account's JWT: of revoked and of forgotten hubs."""
        return [RevokedKey(public_key=key, at=at) for key, at in await self._all(REVOKED, (since,))]

    async def revoke_keys(self, keys: Sequence[RevokedKey]) -> None:
        """Keys that are revoked, whether their hubs are known here or not: see ``revoked_keys``."""
        columns = [[one.public_key for one in keys], [one.at for one in keys]]
        async with self._connections.transaction("owner") as connection:
            await connection.execute(PUT_KEYS, columns)
            await connection.execute(REVOKE_KEYS, columns)

    async def forget(self, id: str, now: float, who: str, detail: Mapping[str, Any] | None = None) -> HubEntry:
        """Delete the hub and everything of it; its key stays revoked. ``who``, ``detail``: for the audit (JSON).

        Both steps are in the audit: that it is revoked, and that it is deleted. Raises NotInScope.
        """
        async with self._connections.transaction("owner") as connection:
            entry = await _hub(connection, id)
            if entry.revoked is None:
                await connection.execute(REVOKE, (now, id))
                await _note(connection, entry, "home.revoke", who, now, detail)
        async with self._connections.transaction("owner") as connection:
            await connection.execute(BARRIER)  # until what began before the revocation has ended
        async with self._connections.transaction("owner", statement_s=900.0) as connection:
            await connection.execute(KEEP_KEY, (id,))
            await connection.execute('DELETE FROM "window" WHERE hub = %s', (entry.number,))
            await connection.execute("DELETE FROM sealed WHERE hub = %s", (entry.number,))
            await connection.execute("DELETE FROM hub WHERE number = %s", (entry.number,))
            await _note(connection, entry, "home.forget", who, now, detail)
        return entry

    async def again(self, since: float, now: float, hub: str | None = None) -> AgainRequest:
        """Want everything from ``since`` on once more, of one hub or of all. Raises NotInScope."""
        async with self._connections.transaction("owner") as connection:
            number = None if hub is None else (await _hub(connection, hub)).number
            query = "INSERT INTO again (since, at, hub) VALUES (%s, %s, %s) RETURNING number"
            row = await _row(connection, query, (since, now, number))
        return AgainRequest(number=row[0], since=since, at=now, hub=hub)

    # --- inside --------------------------------------------------------------------------------

    async def _all(self, query: LiteralString, values: Sequence[object]) -> list[Row]:
        async with self._connections.transaction("owner") as connection:
            return await (await connection.execute(query, values)).fetchall()

    async def _one(self, query: LiteralString, values: Sequence[object]) -> Row:
        async with self._connections.transaction("owner") as connection:
            return await _row(connection, query, values)

    async def _changed(self, query: LiteralString, values: Sequence[object], subject: object) -> None:
        async with self._connections.transaction("owner") as connection:
            if not (await connection.execute(query, values)).rowcount:
                raise NotInScope(f"There is no {subject}.")


RENAME = "UPDATE hub SET name = coalesce(%s, name), place = coalesce(%s, place) WHERE id = %s"


def _text(text: str | None) -> str | None:
    return None if text is None else text_of(text)


async def _row(connection: Connection, query: LiteralString, values: Sequence[object]) -> Row:
    row = await (await connection.execute(query, values)).fetchone()
    if row is None:
        raise BaseRefused("PostgreSQL did not give back the row.")
    return row


async def _hub(connection: Connection, id: str) -> HubEntry:
    row = await (await connection.execute(f"{HUB} WHERE h.id = %s", (id,))).fetchone()
    if row is None:
        raise NotInScope(f"There is no home {id}.")
    return _entry(row)


async def _note(
    connection: Connection,
    entry: HubEntry,
    action: str,
    who: str,
    now: float,
    detail: Mapping[str, Any] | None = None,
) -> None:
    about = {"name": entry.name, **(detail or {})}
    await put_audit(connection, who, action, entry.id, now, entry.organisation, about)


async def _check_key(connection: Connection, public_key: str) -> None:
    if await (await connection.execute(USED_KEY, (public_key,))).fetchone() is not None:
        raise BaseRefused("This key was revoked: the hub has to make another one.")


def _entry(row: Row) -> HubEntry:
    id, number, organisation, organisation_name, name, place, shard, public_key, joined, renewed, revoked = row
    return HubEntry(
        id=id,
        number=number,
        organisation=organisation,
        organisation_name=organisation_name,
        name=name,
        place=place,
        shard=shard,
        public_key=public_key,
        joined=joined,
        renewed=renewed,
        revoked=revoked,
    )


def _code(row: Row) -> CodeRow:
    number, organisation, organisation_name, homes, used, created, expires, who = row
    return CodeRow(
        number=number,
        organisation=organisation,
        organisation_name=organisation_name,
        homes=homes,
        used=used,
        created=created,
        expires=expires,
        who=who,
    )
