"""Transactions in the base, each as one of its roles: connections from a bounded pool, thrown away after any error."""

import asyncio
import logging
import time
from collections.abc import AsyncIterator, Iterator
from contextlib import asynccontextmanager, contextmanager
from contextvars import ContextVar
from typing import Any, Literal, LiteralString

import psycopg
from psycopg import errors, sql
from psycopg.rows import TupleRow
from psycopg_pool import AsyncConnectionPool, PoolClosed, PoolTimeout, TooManyRequests

from unclouded.fleet.base.errors import BaseRefused, BaseUnavailable
from unclouded.fleet.base.views import Scope

BaseRole = Literal["owner", "read", "ingest"]
Connection = psycopg.AsyncConnection[TupleRow]
Row = tuple[Any, ...]  # Any: what the columns of a query hold

CONNECT_S = 5  # until a server counts as not reachable
POOL_S = 10.0  # that a transaction waits for a connection
AWAY_S = 5.0  # after one got none, until the next one waits as long; all others wait AWAY_POOL_S, until one gets one
AWAY_POOL_S = 0.2
MOST_WAITING = 500  # transactions
STATEMENT_S = 30.0
STATEMENTS = 2  # of the longest, that a transaction may take: a server that is frozen ends none of them itself
LONG_STATEMENT_S = 900.0  # of upkeep
OPTIONS = (
    "-c lock_timeout=10s -c idle_in_transaction_session_timeout=60s -c search_path=public -c timezone=UTC"
    # for disks without arms; many short queries, of which none may take all processors
    " -c random_page_cost=1.1 -c work_mem=32MB -c max_parallel_workers_per_gather=0 -c jit=off"
)
KEEPALIVE: dict[str, int] = {  # a server that vanished without a word is noticed within half a minute
    "keepalives_idle": 10,
    "keepalives_interval": 5,
    "keepalives_count": 3,
    "tcp_user_timeout": 15_000,
}
logging.getLogger("psycopg.pool").setLevel(logging.ERROR)  # each of its attempts, which its callers know too
OF_CONTENT = ("22", "23")  # SQLSTATEs that the same content meets again: data, constraints

NOT_OPEN = "This database has not been reached yet."

# One round trip. The role holds until the end of the transaction, and so does the scope
BEGIN = """{begin} SET LOCAL ROLE {role}; SET LOCAL app.org = '{organisations}'; SET LOCAL statement_timeout = {ms};
    {first}"""


class BaseConnections:
    """A pool of connections to one database."""

    def __init__(self, dsn: str, most: int, wait_s: float = POOL_S) -> None:
        self._dsn = dsn
        self._most = most
        self._wait_s = wait_s
        self._pool = self._new_pool()
        self._away_until = 0.0
        self.why_closed = NOT_OPEN
        self.roles: dict[str, str] = {}  # role of the base -> name in the server
        self._shared: ContextVar[Connection | None] = ContextVar("shared", default=None)  # of ``together``

    async def open(self) -> None:
        """Raises BaseUnavailable."""
        try:  # the pool would only say after a while that it has no connection
            found = await psycopg.AsyncConnection.connect(self._dsn, connect_timeout=CONNECT_S)
        except psycopg.Error as error:
            why = _first_line(error).rstrip(".")
            raise BaseUnavailable(f"PostgreSQL cannot be reached: {why}. What to do: unclouded fleet doctor") from None
        await found.close()
        await self._pool.open()

    async def close(self) -> None:
        """It may be opened again."""
        pool, self._pool = self._pool, self._new_pool()
        await pool.close()

    @asynccontextmanager
    async def transaction(
        self,
        role: BaseRole,
        scope: Scope | None = None,
        statement_s: float = STATEMENT_S,
        first: LiteralString = "",
    ) -> AsyncIterator[Connection]:
        """As this role; with a scope that has all organisations, "read" is the owner. Raises BaseError.

        ``first``: a statement without parameters that begins it. In ``together`` it is a part of that transaction.
        """
        shared = self._shared.get()
        begin = self._begin(role, scope, statement_s, first, "" if shared else "BEGIN;")
        if shared is not None:
            with base_errors():
                await shared.execute(begin, prepare=False)
                yield shared
            return
        async with self._whole(statement_s) as connection:
            with base_errors():
                await connection.execute(begin, prepare=False)
                yield connection

    @asynccontextmanager
    async def together(self) -> AsyncIterator[None]:
        """All transactions of this task within the block are one: a change, and its row in the audit.

        Committed where the block ends; where it raises, nothing was done. Raises BaseError.
        """
        async with self._whole(STATEMENT_S) as connection:
            with base_errors():
                await connection.execute("BEGIN", prepare=False)
            token = self._shared.set(connection)
            try:
                yield
            finally:
                self._shared.reset(token)

    def is_together(self) -> bool:
        """Whether this task is in such a block."""
        return self._shared.get() is not None

    @asynccontextmanager
    async def _whole(self, statement_s: float) -> AsyncIterator[Connection]:
        """A connection whose transaction is committed at the end, or rolled back; BaseUnavailable where it hangs."""
        try:
            async with asyncio.timeout(None) as deadline, self._committed() as connection:
                deadline.reschedule(asyncio.get_running_loop().time() + STATEMENTS * statement_s)
                yield connection
        except TimeoutError:
            if not deadline.expired():
                raise
            raise BaseUnavailable(f"PostgreSQL did not answer within {STATEMENTS * statement_s:.0f} s.") from None

    @asynccontextmanager
    async def _committed(self) -> AsyncIterator[Connection]:
        pool = self._pool
        connection = await self._connection(pool)
        try:
            yield connection
            with base_errors():
                await _commit(connection)
        except BaseUnavailable:
            await connection.close()
            raise
        except Exception:
            await _roll_back(connection)
            raise
        except BaseException:
            await connection.close()
            raise
        finally:
            await pool.putconn(connection)

    def _begin(
        self, role: BaseRole, scope: Scope | None, statement_s: float, first: LiteralString, begin: LiteralString
    ) -> sql.Composed:
        organisations = ""  # no scope: a query of "read" fails
        if scope is not None:
            role = "owner" if scope.organisations is None else role
            organisations = "{" + ",".join(str(int(one)) for one in scope.organisations or ()) + "}"
        if role != "owner" and role not in self.roles:
            raise BaseUnavailable(self.why_closed)
        name = sql.SQL("NONE") if role == "owner" else sql.Identifier(self.roles[role])
        parts = {"role": name, "organisations": sql.SQL(organisations), "ms": sql.SQL(str(int(statement_s * 1000)))}
        parts |= {"first": sql.SQL(first), "begin": sql.SQL(begin)}
        return sql.SQL(BEGIN).format(**parts)

    def _new_pool(self) -> AsyncConnectionPool[Connection]:
        about = {"options": OPTIONS, "connect_timeout": CONNECT_S, "application_name": "unclouded fleet", **KEEPALIVE}
        return AsyncConnectionPool(
            self._dsn,
            kwargs=about,
            min_size=1,
            max_size=self._most,
            max_waiting=MOST_WAITING,
            timeout=self._wait_s,
            reconnect_timeout=CONNECT_S,
            check=AsyncConnectionPool.check_connection,
            configure=_by_hand,
            open=False,
        )

    async def _connection(self, pool: AsyncConnectionPool[Connection]) -> Connection:
        now = time.monotonic()
        is_away = now < self._away_until
        if self._away_until and not is_away:
            self._away_until = now + self._wait_s + AWAY_S
        try:
            found = await pool.getconn(min(self._wait_s, AWAY_POOL_S) if is_away else self._wait_s)
        except PoolClosed:
            raise BaseUnavailable(self.why_closed) from None
        except PoolTimeout as error:
            if not is_away:
                self._away_until = time.monotonic() + AWAY_S
            raise BaseUnavailable(f"PostgreSQL gives no connection: {error}") from None
        except TooManyRequests as error:
            raise BaseUnavailable(f"PostgreSQL gives no connection: {error}") from None
        except psycopg.Error as error:
            raise BaseUnavailable(f"PostgreSQL cannot be reached: {_first_line(error)}") from None
        self._away_until = 0.0
        return found


async def _by_hand(connection: Connection) -> None:
    """Transactions begin and end with statements of this module."""
    await connection.set_autocommit(True)


async def _commit(connection: Connection) -> None:
    """Raises BaseUnavailable where a statement had failed before."""
    if (await connection.execute("COMMIT")).statusmessage != "COMMIT":
        raise BaseUnavailable("The transaction had failed before.")


async def _roll_back(connection: Connection) -> None:
    try:
        await connection.execute("ROLLBACK")
    except psycopg.Error:
        await connection.close()


@contextmanager
def base_errors() -> Iterator[None]:
    """Errors of PostgreSQL: BaseRefused where the content is to blame, else BaseUnavailable: nothing is given up."""
    try:
        yield
    except errors.UniqueViolation as error:
        raise BaseRefused(f"There is one already: {error.diag.message_detail or _first_line(error)}") from error
    except UnicodeEncodeError as error:
        raise BaseRefused("The text contains half a character (a lone surrogate).") from error
    except psycopg.Error as error:
        if isinstance(error, psycopg.DataError) or (error.sqlstate or "").startswith(OF_CONTENT):
            raise BaseRefused(f"PostgreSQL refused it: {_first_line(error)}") from error
        raise BaseUnavailable(f"PostgreSQL could not do it now; try again: {_first_line(error)}") from error


def _first_line(error: Exception) -> str:
    return next(iter(str(error).splitlines()), type(error).__name__)
