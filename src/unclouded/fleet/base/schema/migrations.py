"""Make the tables of the base, or bring them to this version: in one transaction, one process at a time."""

import hashlib
import secrets

import psycopg
from psycopg import sql
from psycopg.types.json import Jsonb

from unclouded.fleet.base.connections import CONNECT_S, LONG_STATEMENT_S, Connection, base_errors
from unclouded.fleet.base.errors import BaseRefused, BaseTooNew
from unclouded.fleet.base.schema.schema import MIGRATIONS, VERSION, has_policies, policies

LOCK_S = 10  # s that it waits for other processes: the databases beside it are not held up by them
LOCK = "SELECT pg_advisory_xact_lock(7402, 2)"
EXISTS = "SELECT to_regclass('public.setting') IS NOT NULL"
SETTING = "SELECT value FROM setting WHERE key = %s"
PUT = "INSERT INTO setting VALUES (%s, %s) ON CONFLICT (key) DO UPDATE SET value = excluded.value"
FOUND_ROLES = "SELECT rolname FROM pg_roles WHERE rolname = ANY(%s)"


async def migrate(dsn: str) -> int:
    """Bring the tables to this version, as the owner of the database; make the roles. Returns the version.

    Where all of it is there, no table is locked: other servers and exports go on.
    Raises BaseTooNew, BaseRefused, BaseUnavailable.
    """
    with base_errors():
        options = f"-c search_path=public -c statement_timeout={int(LONG_STATEMENT_S)}s -c lock_timeout={LOCK_S}s"
        connection = await psycopg.AsyncConnection.connect(dsn, options=options, connect_timeout=CONNECT_S)
        async with connection:
            await connection.execute(LOCK)
            version = await stored_version(connection)
            if version > VERSION:
                raise BaseTooNew(too_new(version))
            if version == VERSION and await _has_roles(connection):
                return VERSION
            for number in range(version, VERSION):
                await connection.execute(MIGRATIONS[number].encode())
            await connection.execute(PUT, ("version", Jsonb(VERSION)))
            await _make_roles(connection)
    return VERSION


async def stored_version(connection: Connection) -> int:
    """Of the tables; 0: there are none."""
    row = await (await connection.execute(EXISTS)).fetchone()
    return int(await _setting(connection, "version") or 0) if row is not None and row[0] else 0


async def stored_roles(connection: Connection) -> dict[str, str]:
    """Role of the base -> its name in the server: others than those of another database there."""
    prefix = await _setting(connection, "roles")
    return {role: f"{prefix}_{role}" for role in ("read", "ingest")}


async def check_version(connection: Connection) -> None:
    """Raises BaseTooNew, or BaseRefused where the tables have to be brought to this version first."""
    version = await stored_version(connection)
    if version > VERSION:
        raise BaseTooNew(too_new(version))
    if version < VERSION:
        state = f"has the tables of version {version}" if version else "has no tables yet"
        raise BaseRefused(
            f"The database {state}, and this Unclouded needs version {VERSION}: `unclouded fleet serve` makes them when"
            " it starts."
        )


def too_new(version: int) -> str:
    """The sentence for a database whose tables have a later version than this program knows."""
    return (
        f"The database was made by a newer Unclouded (version {version} of its tables; this one knows {VERSION}): "
        "install that one, or restore a backup."
    )


async def _make_roles(connection: Connection) -> None:
    if await _setting(connection, "roles") is None:
        await connection.execute(PUT, ("roles", Jsonb(f"unclouded_{secrets.token_hex(4)}")))
    roles = await stored_roles(connection)
    for role in roles.values():
        found = await connection.execute("SELECT 1 FROM pg_roles WHERE rolname = %s", (role,))
        if await found.fetchone() is None:
            await connection.execute(sql.SQL("CREATE ROLE {} NOLOGIN").format(sql.Identifier(role)))
            await connection.execute(sql.SQL("GRANT {} TO CURRENT_USER").format(sql.Identifier(role)))
    for statement in policies(roles):
        await connection.execute(statement.encode())
    await connection.execute(PUT, ("rights", Jsonb(_digest(roles))))


async def _has_roles(connection: Connection) -> bool:
    """Whether the roles have exactly what this version gives them, as far as nothing was added by hand."""
    roles = await stored_roles(connection)
    rows = await (await connection.execute(FOUND_ROLES, (list(roles.values()),))).fetchall()
    if len(rows) < len(roles) or await _setting(connection, "rights") != _digest(roles):
        return False
    row = await (await connection.execute(has_policies(roles).encode())).fetchone()
    return row is not None and bool(row[0])


def _digest(roles: dict[str, str]) -> str:
    return hashlib.sha256("\n".join(policies(roles)).encode()).hexdigest()


async def _setting(connection: Connection, key: str) -> str | int | None:
    row = await (await connection.execute(SETTING, (key,))).fetchone()
    return None if row is None else row[0]
