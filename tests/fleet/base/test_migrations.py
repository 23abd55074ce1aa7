"""The tables of the base: made once, brought forward, and left alone where they are newer."""

import asyncio
from collections.abc import Callable

import psycopg
import pytest

from fleet.filled_base import NOW, add_home, add_organisation, store_everything
from unclouded.fleet.base.base import FleetBase
from unclouded.fleet.base.errors import BaseRefused, BaseTooNew, BaseUnavailable
from unclouded.fleet.base.schema import migrations
from unclouded.fleet.base.schema.migrations import migrate
from unclouded.fleet.base.schema.schema import MIGRATIONS, VERSION
from unclouded.fleet.base.views import HomeFilter, HubWindows, Scope
from unclouded.fleet.local_servers.postgres import PrivatePostgres


async def test_several_servers_migrate_at_once(empty_dsn: str) -> None:
    assert await asyncio.gather(*(migrate(empty_dsn) for _ in range(3))) == [VERSION] * 3
    async with FleetBase(empty_dsn, 2) as base:
        assert (await base.upkeep.size()).version == VERSION == len(MIGRATIONS)


async def test_tables_that_another_process_locks_are_not_waited_for(
    empty_dsn: str, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(migrations, "LOCK_S", 0.02)
    async with await psycopg.AsyncConnection.connect(empty_dsn) as connection:
        await connection.execute(migrations.LOCK)
        with pytest.raises(BaseUnavailable, match="lock timeout"):
            await migrate(empty_dsn)


async def test_a_server_that_starts_waits_for_no_one_who_reads_and_holds_up_no_one(
    base_dsn: str, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(migrations, "LOCK_S", 0.02)
    async with await psycopg.AsyncConnection.connect(base_dsn) as connection:
        await connection.execute('SELECT count(*) FROM hub, home_day, "window", setting')
        await migrate(base_dsn)


async def test_rights_that_were_lost_are_given_again(base_dsn: str) -> None:
    losses = (
        'REVOKE SELECT ON home_day FROM "{read}"',
        'REVOKE UPDATE (place) ON hub FROM "{read}"',
        'DROP POLICY scope ON "window"',
        "ALTER TABLE event DISABLE ROW LEVEL SECURITY",
        'REVOKE EXECUTE ON FUNCTION month_parts FROM "{ingest}"',
    )
    async with await psycopg.AsyncConnection.connect(base_dsn) as connection:
        roles = await migrations.stored_roles(connection)
        for loss in losses:
            await connection.execute(loss.format(**roles).encode())
            assert not await migrations._has_roles(connection), loss
            await connection.rollback()
        for loss in losses:
            await connection.execute(loss.format(**roles).encode())
        await connection.commit()
        await migrate(base_dsn)
        assert await migrations._has_roles(connection)


async def test_base_without_tables_says_what_to_do(empty_dsn: str) -> None:
    with pytest.raises(BaseRefused, match="has no tables yet"):
        await FleetBase(empty_dsn).open()


async def test_newer_tables_are_left_alone(base_dsn: str) -> None:
    async with await psycopg.AsyncConnection.connect(base_dsn) as connection:
        await connection.execute("UPDATE setting SET value = '99' WHERE key = 'version'")
    with pytest.raises(BaseTooNew, match="newer Unclouded"):
        await migrate(base_dsn)
    with pytest.raises(BaseTooNew, match="install that one"):
        await FleetBase(base_dsn).open()


async def test_database_that_is_restored_elsewhere_gets_its_roles_and_rights_again(base_dsn: str) -> None:
    async with await psycopg.AsyncConnection.connect(base_dsn) as connection:
        await connection.execute("""UPDATE setting SET value = '"unclouded_elsewhere"' WHERE key = 'roles'""")
    try:
        await migrate(base_dsn)
        async with FleetBase(base_dsn, 2) as base:
            organisation = await add_organisation(base, "A")
            await store_everything(base, await add_home(base, organisation), int(NOW) - 7200)
            assert len((await base.homes.homes(Scope((organisation,)), HomeFilter(), NOW)).homes) == 1
    finally:
        async with await psycopg.AsyncConnection.connect(base_dsn) as connection:
            await connection.execute("DROP OWNED BY unclouded_elsewhere_read, unclouded_elsewhere_ingest")
            await connection.execute("DROP ROLE unclouded_elsewhere_read, unclouded_elsewhere_ingest")


async def test_base_survives_restarts_and_kills_of_postgres(own_postgres: Callable[..., PrivatePostgres]) -> None:
    """What was committed is there; meanwhile calls say that the base is not available, and then they work again."""
    server = own_postgres(durable=True)
    dsn = server.create_database("fleet")
    await migrate(dsn)
    async with FleetBase(dsn, 3, wait_s=1.0) as base:
        organisation = await add_organisation(base, "A")
        hub = await add_home(base, organisation)
        for number, end in enumerate((server.stop, server.kill), start=1):
            await store_everything(base, hub, int(NOW) - 7200, number)
            end()
            with pytest.raises(BaseUnavailable):
                await base.register.organisations()
            await asyncio.to_thread(server.start)
            async with asyncio.timeout(60):
                assert await organisations(base) == [organisation]
            assert (await base.windows.store_windows([HubWindows("z" * 20, "raw", ())], NOW))[0].known is False
            (found,) = await base.history.windows(Scope.everything(), hub, "raw", 0, NOW)
            assert found.number == number


async def organisations(base: FleetBase) -> list[int]:
    """As any caller does: again, until the base is available."""
    while True:
        try:
            return [one.number for one in await base.register.organisations()]
        except BaseUnavailable:
            continue


async def test_no_server_is_said_in_a_sentence() -> None:
    with pytest.raises(BaseUnavailable, match="PostgreSQL"):
        await asyncio.wait_for(FleetBase("host=/nowhere dbname=x", wait_s=0.1).open(), 60)
