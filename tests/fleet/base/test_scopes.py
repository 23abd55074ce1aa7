"""Two organisations in one base: neither can see or change anything of the other, also where a query forgets to ask."""

from collections.abc import Awaitable, Callable

import psycopg
import pytest

from fleet.filled_base import NOW, add_home, add_organisation, store_everything
from unclouded.fleet.base.base import FleetBase
from unclouded.fleet.base.errors import BaseRefused, NotInScope
from unclouded.fleet.base.schema.schema import OF_ORGANISATIONS
from unclouded.fleet.base.views import HomeFilter, NewCommand, Scope

START = int(NOW) - 3 * 86_400


async def two(base: FleetBase) -> tuple[Scope, str, Scope, str]:
    """Two organisations with a home each that has rows in every table."""
    found: list[Scope | str] = []
    for name in ("A", "B"):
        organisation = await add_organisation(base, name)
        hub = await add_home(base, organisation, f"Home of {name}")
        scope = Scope((organisation,))
        await store_everything(base, hub, START)
        await base.commands.give(scope, [command(hub)], name, NOW + 60, NOW, f"batch-{name}")
        await base.audit.note(name, "test", hub, NOW, organisation)
        found += [scope, hub]
    await base.upkeep.seal(NOW)
    for home in (found[1], found[3]):
        await store_everything(base, str(home), START, number=2)
    return found[0], found[1], found[2], found[3]  # type: ignore[return-value]  # as they were appended


def command(hub: str) -> NewCommand:
    return NewCommand(hub=hub, device="plug-1", point="on", value=True)


async def rows(base_dsn: str, role: str, setting: str | None, table: str, column: str) -> set[int]:
    """The organisations that a query sees which does not ask for one."""
    async with await psycopg.AsyncConnection.connect(base_dsn) as connection:
        cursor = await connection.execute("SELECT value FROM setting WHERE key = 'roles'")
        prefix = (await cursor.fetchall())[0][0]
        await connection.execute(f'SET LOCAL ROLE "{prefix}_{role}"'.encode())
        if setting is not None:
            await connection.execute("SELECT set_config('app.org', %s, true)", (setting,))
        cursor = await connection.execute(f'SELECT {column} FROM "{table}"'.encode())
        return {row[0] for row in await cursor.fetchall()}


async def test_every_table_shows_only_the_organisations_of_the_scope(base: FleetBase, base_dsn: str) -> None:
    one, _, other, _ = await two(base)
    both = {*(one.organisations or ()), *(other.organisations or ())}
    for table, column in OF_ORGANISATIONS.items():
        for scope in (one, other):
            (mine,) = scope.organisations or ()
            assert await rows(base_dsn, "read", f"{{{mine}}}", table, column) == {mine}, table
        assert await rows(base_dsn, "read", "{" + ",".join(map(str, both)) + "}", table, column) == both
        assert await rows(base_dsn, "read", "{}", table, column) == set()
        for missing in (None, ""):  # "": what PostgreSQL leaves in a connection after SET LOCAL
            with pytest.raises(psycopg.Error, match=r"app\.org|malformed array"):
                await rows(base_dsn, "read", missing, table, column)


@pytest.mark.parametrize("table", ["person", "role", "login_session", "code", "revoked_key"])
async def test_secrets_and_people_are_not_readable_by_the_roles(base_dsn: str, table: str) -> None:
    for role in ("read", "ingest"):
        with pytest.raises(psycopg.errors.InsufficientPrivilege):
            await rows(base_dsn, role, "{1}", table, "1")


async def test_every_table_of_organisations_has_a_policy(base_dsn: str) -> None:
    query = """SELECT c.relname FROM pg_class c WHERE c.relkind IN ('r', 'p') AND NOT c.relispartition
        AND c.relnamespace = 'public'::regnamespace AND NOT c.relrowsecurity"""
    async with await psycopg.AsyncConnection.connect(base_dsn) as connection:
        without = {row[0] for row in await (await connection.execute(query)).fetchall()}
    assert without == {"setting", "level", "again", "person", "role", "login_session", "code", "revoked_key"}


async def test_ids_of_another_organisation_do_not_exist(base: FleetBase) -> None:
    mine, my_hub, theirs, their_hub = await two(base)
    attacks: list[Callable[[str], Awaitable[object]]] = [
        lambda hub: base.homes.home(mine, hub, NOW),
        lambda hub: base.homes.catalogue(mine, hub),
        lambda hub: base.homes.rename(mine, hub, "mine now"),
        lambda hub: base.history.history(mine, hub, "plug-1", ["power_W"], START, NOW),
        lambda hub: base.history.events(mine, hub),
        lambda hub: base.history.windows(mine, hub, "raw", 0, NOW),
        lambda hub: base.commands.commands(mine, hub),
        lambda hub: base.commands.give(mine, [command(my_hub), command(hub)], "me", NOW + 9, NOW, "attack"),
        lambda hub: base.commands.command(mine, "batch-B-0" if hub == their_hub else "batch-Z-0"),
    ]
    for attack in attacks:
        texts = []
        with pytest.raises(BaseRefused):
            await attack("\ud800")
        for hub in (their_hub, "z" * 20):
            with pytest.raises(NotInScope) as caught:
                await attack(hub)
            texts.append(str(caught.value).replace(hub, "…").replace("batch-B", "…").replace("batch-Z", "…"))
        assert texts[0] == texts[1]  # no way to find out which ids there are
    assert await base.homes.rows(mine, [their_hub], NOW) == []
    assert await base.energy.each(mine, [their_hub], "2026-11-01", "2026-11-30") == []
    assert await base.commands.commands(mine, batch="batch-B") == []
    assert (await base.homes.homes(mine, HomeFilter(organisation=(theirs.organisations or (0,))[0]), NOW)).homes == ()
    assert {row.organisation for row in await base.audit.entries(mine)} == set(mine.organisations or ())
    assert (await base.homes.home(theirs, their_hub, NOW)).home.name == "Home of B"
    assert await base.commands.commands(theirs, batch="attack") == []


async def test_sums_are_of_the_scope(base: FleetBase) -> None:
    mine, my_hub, theirs, _ = await two(base)
    everything = Scope.everything()
    both = Scope((*(mine.organisations or ()), *(theirs.organisations or ())))
    for scope, homes in ((mine, 1), (both, 2), (everything, 2), (Scope(()), 0)):
        assert (await base.homes.sums(scope, HomeFilter(), NOW)).homes == homes
        days = await base.energy.energy(scope, "2026-11-01", "2026-11-30")
        assert sum(day.homes for day in days) == homes
        assert len(await base.history.events(scope)) == homes
        assert sum((await base.commands.fates(scope)).values()) == homes
    assert [one.hub for one in (await base.homes.homes(mine, HomeFilter(), NOW)).homes] == [my_hub]


async def test_connection_after_a_scope_has_no_scope(base_dsn: str) -> None:
    """The next transaction on the same connection must not see what the one before saw."""
    async with FleetBase(base_dsn, 1) as base:
        mine, *_ = await two(base)
        await base.homes.homes(mine, HomeFilter(), NOW)
        with pytest.raises(BaseRefused, match="malformed array"):
            async with base.homes._connections.transaction("read") as connection:
                await connection.execute("SELECT * FROM hub")
        assert len((await base.homes.homes(mine, HomeFilter(), NOW)).homes) == 1
