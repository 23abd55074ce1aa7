"""A database that is away or hangs holds up its callers for a bounded time, and few of them in full."""

import asyncio
from types import SimpleNamespace

import pytest
from psycopg_pool import PoolTimeout

from unclouded.fleet.base import connections
from unclouded.fleet.base.base import FleetBase
from unclouded.fleet.base.connections import AWAY_POOL_S, POOL_S, BaseConnections
from unclouded.fleet.base.errors import BaseUnavailable
from virtual_loop import story


class EmptyPool:
    """Has no connection. ``waits``: how long each caller was willing to wait (s)."""

    def __init__(self) -> None:
        self.waits: list[float] = []

    async def getconn(self, timeout: float) -> None:
        self.waits.append(timeout)
        await asyncio.sleep(timeout)
        raise PoolTimeout("no connection")


async def ask(base: BaseConnections) -> None:
    with pytest.raises(BaseUnavailable):
        async with base.transaction("owner"):
            pass


@story
async def test_while_a_database_is_away_one_at_a_time_waits_for_it_in_full(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(connections, "time", SimpleNamespace(monotonic=asyncio.get_running_loop().time))
    base, pool = BaseConnections("", 1), EmptyPool()
    base._pool = pool  # type: ignore[assignment]  # as far as it is used
    for _ in range(2):
        pool.waits.clear()
        await ask(base)
        await asyncio.gather(*(ask(base) for _ in range(3)))
        assert pool.waits == [POOL_S, *[AWAY_POOL_S] * 3]
        await asyncio.sleep(connections.AWAY_S)
    pool.waits.clear()
    await asyncio.gather(*(ask(base) for _ in range(3)))
    assert pool.waits == [POOL_S, *[AWAY_POOL_S] * 2]


async def test_a_transaction_that_hangs_ends(base_dsn: str) -> None:
    async with FleetBase(base_dsn, 1) as base:
        with pytest.raises(BaseUnavailable, match="did not answer within"):
            async with base._connections.transaction("owner", statement_s=0.02):
                await asyncio.sleep(1000)
        assert await base.register.organisations() == []
