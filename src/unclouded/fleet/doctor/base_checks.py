"""The databases of a fleet: reachable, of a version that is known, with tables of this one; and the clock."""

import asyncio
import time
from collections.abc import Iterator

import msgspec

from unclouded.core.errors import ConfigError
from unclouded.core.finding import Finding, ok, problem, warning
from unclouded.fleet.base.base import FleetBase
from unclouded.fleet.base.errors import BaseError, BaseTooNew
from unclouded.fleet.doctor.context import FleetDoctorContext

LOWEST = 150_000  # server_version_num
CLOCK_S = 5.0
CONNECT_S = 5
START = "Start PostgreSQL, or correct [[base]] dsn."
NEEDED_CONNECTIONS = 30


class BaseFacts(msgspec.Struct, frozen=True):
    """What a database says of itself. ``number``: of its version; ``ahead_s``: by which its clock is ahead of ours."""

    number: int
    version: str
    ahead_s: float
    is_encrypted: bool
    is_local: bool
    connections: int
    keeps_commits: bool


def databases(context: FleetDoctorContext) -> Iterator[Finding]:
    """Each database."""
    for table in context.fleet.tables.base:
        subject = f"database {table.shard}"
        try:
            dsn = context.fleet.dsn_of(table.shard)
            facts = asyncio.run(base_facts(dsn))
        except ConfigError as error:
            yield problem(subject, str(error).rstrip("."), "Correct [[base]].")
        except BaseUnreachable as error:
            yield problem(subject, str(error), START)
        else:
            yield from _judged(subject, facts)
            yield from _tables(subject, dsn, table is context.fleet.tables.base[0])


# --- inside -----------------------------------------------------------------------------------------


class BaseUnreachable(Exception):
    """The text says why."""


async def base_facts(dsn: str) -> BaseFacts:
    """Raises BaseUnreachable."""
    import psycopg

    query = """SELECT current_setting('server_version_num')::integer, current_setting('server_version'),
        extract(epoch FROM clock_timestamp())::float8 - %s, coalesce((SELECT ssl FROM pg_stat_ssl
        WHERE pid = pg_backend_pid()), false), inet_client_addr() IS NULL, current_setting('max_connections')::integer,
        current_setting('fsync')::bool AND current_setting('synchronous_commit') <> 'off'"""
    try:
        async with await psycopg.AsyncConnection.connect(dsn, connect_timeout=CONNECT_S) as connection:
            row = await (await connection.execute(query, (time.time(),))).fetchone()
    except (psycopg.Error, OSError) as error:
        text = " ".join(str(error).split()) or type(error).__name__
        raise BaseUnreachable(f"it cannot be reached: {text}") from None
    if row is None:
        raise BaseUnreachable("it does not say what it is")
    return BaseFacts(*row)


def _judged(subject: str, facts: BaseFacts) -> Iterator[Finding]:
    if facts.number < LOWEST:
        yield problem(subject, f"PostgreSQL {facts.version} is older than 15", "Install PostgreSQL 15 or newer.")
    else:
        yield ok(subject, f"PostgreSQL {facts.version} answers")
    if not facts.is_local and not facts.is_encrypted:
        yield problem(subject, "the connection is not encrypted", "Add sslmode=verify-full to its dsn.")
    if not facts.keeps_commits:
        text = "fsync or synchronous_commit is off: a power cut loses what hubs no longer send again"
        yield problem(subject, text, "Switch both on in postgresql.conf.")
    if facts.connections < NEEDED_CONNECTIONS:
        text = f"it accepts {facts.connections} connections, and each `fleet serve` uses up to 20"
        yield warning(subject, text, "Raise max_connections in postgresql.conf.")
    if abs(facts.ahead_s) > CLOCK_S:
        text = f"its clock and this computer's differ by {abs(facts.ahead_s):.0f} s"
        yield problem("clock", text, "Let both computers get the time by NTP: tokens and commands end by it.")
    else:
        yield ok("clock", "that of the database and this computer's agree")


def _tables(subject: str, dsn: str, is_directory: bool) -> Iterator[Finding]:
    try:
        asyncio.run(_open(dsn))
    except BaseTooNew as error:
        effect = "`fleet serve` does not start" if is_directory else "its organisations are not served"
        yield problem(subject, f"{effect}: {error}".rstrip("."), "Install the newer Unclouded on this computer too.")
    except BaseError as error:
        yield problem(subject, str(error).rstrip("."), "Start `unclouded fleet serve`, which makes and changes tables.")
    else:
        yield ok(subject, "its tables are of this version")


async def _open(dsn: str) -> None:
    async with FleetBase(dsn, 1):
        pass
