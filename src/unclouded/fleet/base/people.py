"""People, their roles in organisations, and the sessions of their logins."""

from collections.abc import Sequence
from typing import LiteralString

from unclouded.fleet.base.connections import BaseConnections, Connection, Row
from unclouded.fleet.base.errors import BaseRefused, NotInScope
from unclouded.fleet.base.views import LoginSession, PersonCredential, PersonRole, PersonRow, Role, Scope
from unclouded.fleet.base.windows.opening import text_of

SEEN_S = 60  # a session is noted as seen at most so often

PERSON: LiteralString = """SELECT p.number, p.login, p.name, p.created, p.disabled, p.password,
    (SELECT max(seen) FROM login_session s WHERE s.person = p.number),
    coalesce((SELECT array_agg(r.org ORDER BY r.org) FROM role r WHERE r.person = p.number), '{}'),
    coalesce((SELECT array_agg(o.name ORDER BY r.org) FROM role r JOIN organisation o ON o.number = r.org
        WHERE r.person = p.number), '{}'),
    coalesce((SELECT array_agg(r.role ORDER BY r.org) FROM role r WHERE r.person = p.number), '{}')
    FROM person p"""
IN_SCOPE = """ WHERE %(orgs)s::integer[] IS NULL
    OR EXISTS (SELECT 1 FROM role r WHERE r.person = p.number AND r.org = ANY(%(orgs)s)) ORDER BY p.login"""
SESSION: LiteralString = "SELECT digest, person, created, seen, expires, client FROM login_session"
CHANGE = """UPDATE person SET name = coalesce(%s, name), password = coalesce(%s, password),
    disabled = coalesce(%s, disabled) WHERE number = %s"""
SET_ROLE = """INSERT INTO role (person, org, role) VALUES (%s, %s, %s)
    ON CONFLICT (person, org) DO UPDATE SET role = excluded.role"""
# Locks the organisation: two owners must not leave at once
LOCK_ORGANISATION = "SELECT 1 FROM organisation WHERE number = %s FOR UPDATE"
OTHER_OWNERS = "SELECT count(*) FROM role WHERE org = %s AND role = 'owner' AND person <> %s"
IS_OWNER = "SELECT org FROM role WHERE person = %s AND role = 'owner' ORDER BY org"
LAST_OWNER = "The last owner of an organisation cannot be removed: make another person an owner first."


class PeopleRegister:
    """People, their roles and the sessions of their logins. Who may is checked before."""

    def __init__(self, connections: BaseConnections) -> None:
        self._connections = connections

    # --- people --------------------------------------------------------------------------------

    async def add_person(self, login: str, name: str, password: str, now: float) -> PersonRow:
        """``password``: its hash. Raises BaseRefused where the login is taken."""
        query = "INSERT INTO person (login, name, password, created) VALUES (%s, %s, %s, %s) RETURNING number"
        async with self._connections.transaction("owner") as connection:
            row = await _one(connection, query, (_login(login), text_of(name), password, now))
            return _person(await _one(connection, f"{PERSON} WHERE p.number = %s", row))

    async def person(self, number: int) -> PersonRow | None:
        """None: there is none."""
        async with self._connections.transaction("owner") as connection:
            row = await (await connection.execute(f"{PERSON} WHERE p.number = %s", (number,))).fetchone()
        return None if row is None else _person(row)

    async def credential(self, login: str) -> PersonCredential | None:
        """None: no such login, or it is disabled."""
        query: LiteralString = f"{PERSON} WHERE p.login = %s AND NOT p.disabled"
        async with self._connections.transaction("owner") as connection:
            row = await (await connection.execute(query, (_login(login),))).fetchone()
        return None if row is None else PersonCredential(person=_person(row), password=row[5])

    async def persons(self, scope: Scope) -> list[PersonRow]:
        """That have a role in an organisation of the scope; only the roles in it."""
        seen = None if scope.organisations is None else list(scope.organisations)
        async with self._connections.transaction("owner") as connection:
            rows = await (await connection.execute(PERSON + IN_SCOPE, {"orgs": seen})).fetchall()
        return [_person(row, seen) for row in rows]

    async def change_person(
        self, number: int, name: str | None = None, password: str | None = None, disabled: bool | None = None
    ) -> None:
        """A new password, or disabling, ends all sessions. Raises NotInScope."""
        async with self._connections.transaction("owner") as connection:
            cursor = await connection.execute(CHANGE, (name and text_of(name), password, disabled, number))
            if not cursor.rowcount:
                raise NotInScope(f"There is no person {number}.")
            if password is not None or disabled:
                await connection.execute("DELETE FROM login_session WHERE person = %s", (number,))

    async def remove_person(self, number: int) -> None:
        """Raises BaseRefused where the last owner of an organisation would go."""
        async with self._connections.transaction("owner") as connection:
            for (org,) in await (await connection.execute(IS_OWNER, (number,))).fetchall():
                await _check_owners(connection, number, org)
            await connection.execute("DELETE FROM person WHERE number = %s", (number,))

    async def set_role(self, person: int, organisation: int, role: Role | None) -> None:
        """None takes it away. Raises BaseRefused where the last owner of an organisation would go."""
        async with self._connections.transaction("owner") as connection:
            if role != "owner":
                await _check_owners(connection, person, organisation)
            if role is None:
                await connection.execute("DELETE FROM role WHERE person = %s AND org = %s", (person, organisation))
            else:
                await connection.execute(SET_ROLE, (person, organisation, role))

    # --- sessions ------------------------------------------------------------------------------

    async def open_session(self, digest: bytes, person: int, expires: float, client: str, now: float) -> None:
        """Those that have expired are removed."""
        query = (
            "INSERT INTO login_session (digest, person, created, seen, expires, client) VALUES (%s, %s, %s, %s, %s, %s)"
        )
        async with self._connections.transaction("owner") as connection:
            await connection.execute("DELETE FROM login_session WHERE expires <= %s", (now,))
            await connection.execute(query, (digest, person, now, now, expires, text_of(client)))

    async def session(self, digest: bytes, now: float) -> LoginSession | None:
        """Not expired, its person not disabled; notes that it was seen, at most once a minute."""
        query: LiteralString = f"{SESSION} WHERE digest = %s AND expires > %s"
        async with self._connections.transaction("owner") as connection:
            row = await (await connection.execute(query, (digest, now))).fetchone()
            if row is None:
                return None
            if row[3] < now - SEEN_S:
                await connection.execute("UPDATE login_session SET seen = %s WHERE digest = %s", (now, digest))
            person = _person(await _one(connection, f"{PERSON} WHERE p.number = %s", (row[1],)))
        return None if person.disabled else _session(row, person)

    async def sessions(self, person: int, now: float) -> list[LoginSession]:
        """The newest first."""
        query: LiteralString = f"{SESSION} WHERE person = %s AND expires > %s ORDER BY seen DESC, digest"
        async with self._connections.transaction("owner") as connection:
            rows = await (await connection.execute(query, (person, now))).fetchall()
            if not rows:
                return []
            found = _person(await _one(connection, f"{PERSON} WHERE p.number = %s", (person,)))
        return [_session(row, found) for row in rows]

    async def close_session(self, digest: bytes) -> None:
        """It is not a session any more."""
        async with self._connections.transaction("owner") as connection:
            await connection.execute("DELETE FROM login_session WHERE digest = %s", (digest,))

    async def close_sessions(self, person: int, but: bytes = b"") -> int:
        """Of a person, except one; how many."""
        query = "DELETE FROM login_session WHERE person = %s AND digest <> %s"
        async with self._connections.transaction("owner") as connection:
            return (await connection.execute(query, (person, but))).rowcount


# --- inside -----------------------------------------------------------------------------------------


def _login(text: str) -> str:
    return text_of(text).strip().lower()


async def _one(connection: Connection, query: LiteralString, values: Sequence[object]) -> Row:
    row = await (await connection.execute(query, values)).fetchone()
    if row is None:
        raise NotInScope("There is no such person.")
    return row


async def _check_owners(connection: Connection, person: int, organisation: int) -> None:
    """Raises BaseRefused where this person is the last owner."""
    if await (await connection.execute(LOCK_ORGANISATION, (organisation,))).fetchone() is None:
        raise NotInScope(f"There is no organisation {organisation}.")
    owns = await (await connection.execute(IS_OWNER, (person,))).fetchall()
    if (organisation,) in owns and (await _one(connection, OTHER_OWNERS, (organisation, person)))[0] == 0:
        raise BaseRefused(LAST_OWNER)


def _person(row: Row, seen: Sequence[int] | None = None) -> PersonRow:
    number, login, name, created, disabled, _, last, orgs, names, roles = row
    found = [
        PersonRole(organisation=org, organisation_name=text, role=role)
        for org, text, role in zip(orgs, names, roles, strict=True)
        if seen is None or org in seen
    ]
    return PersonRow(
        number=number, login=login, name=name, created=created, disabled=disabled, seen=last, roles=tuple(found)
    )


def _session(row: Row, person: PersonRow) -> LoginSession:
    digest, _, created, seen, expires, client = row
    return LoginSession(digest=digest, person=person, created=created, seen=seen, expires=expires, client=client)
