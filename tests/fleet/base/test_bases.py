"""Two databases as one: what an organisation has is found where it is; lists and sums are of both."""

import asyncio
from collections.abc import AsyncIterator, Awaitable, Callable
from contextlib import AsyncExitStack
from typing import NamedTuple

import psycopg
import pytest
from psycopg import sql

from fleet.filled_base import NOW, add_home, hello, state, store_everything
from fleet.identities import new_hub_id
from unclouded.fleet import opening
from unclouded.fleet.api.metrics import FleetMetrics
from unclouded.fleet.base.base import FleetBase
from unclouded.fleet.base.bases import FleetBases
from unclouded.fleet.base.errors import BaseRefused, BaseTooNew, BaseUnavailable, HubRevoked, NotInScope
from unclouded.fleet.base.schema.schema import VERSION
from unclouded.fleet.base.views import HomeFilter, NewCommand, Scope
from unclouded.fleet.engine import ShardGreeting
from unclouded.fleet.local_servers.postgres import PrivatePostgres
from unclouded.uplink.messages import HubToken

ALL = Scope.everything()
DAY = 86_400


class TwoBases(NamedTuple):
    """``old``: in the first database, with homes 0, 2, 4 …; ``new``: in the second, with the others."""

    bases: FleetBases
    parts: dict[int, FleetBase]
    old: int
    new: int
    hubs: list[str]

    @property
    def both(self) -> Scope:
        return Scope((self.old, self.new))


class Renewals(NamedTuple):
    """Tokens of the hubs in one database."""

    base: FleetBase

    async def renew(self, hub: str, public_key: str, now: float) -> HubToken:
        await self.base.register.renew(hub, public_key, now)
        return HubToken("another", now)


@pytest.fixture
async def two(base_dsn: str, postgres_server: PrivatePostgres, migrated_database: str) -> AsyncIterator[TwoBases]:
    other = postgres_server.create_database("fleet_second", migrated_database)
    async with FleetBase(base_dsn, 3) as first, FleetBase(other, 3) as second:
        parts = {0: first, 1: second}
        bases = FleetBases(parts)
        old = await bases.register.add_organisation("Old town")
        new = await bases.register.add_organisation("New town", 1)
        hubs = []
        for number in range(6):
            base, organisation = (second, new) if number % 2 else (first, old)
            hubs.append(await add_home(base, organisation.number, f"Home {number}", "Street"))
            await base.windows.store_states({hubs[-1]: state(power_W=float(number))}, NOW)
        yield TwoBases(bases, parts, old.number, new.number, hubs)
    postgres_server.drop_database("fleet_second")


async def every_page(page: Callable[[str], Awaitable[tuple[list[str], str]]]) -> list[list[str]]:
    """All pages of a list."""
    pages, after = [], ""
    while True:
        rows, after = await page(after)
        pages.append(rows)
        if not after:
            return pages


async def test_homes_are_one_list_in_pages_with_one_sum(two: TwoBases) -> None:
    async def page(after: str) -> tuple[list[str], str]:
        found = await two.bases.homes.homes(two.both, HomeFilter(), NOW, after, 4)
        return [one.name for one in found.homes], found.after

    assert await every_page(page) == [["Home 0", "Home 1", "Home 2", "Home 3"], ["Home 4", "Home 5"]]
    for wrong in ("nonsense", "7:abc", "0:abc"):
        with pytest.raises(BaseRefused, match="does not have this place"):
            await two.bases.homes.homes(two.both, HomeFilter(), NOW, wrong)
    sums = await two.bases.homes.sums(two.both, HomeFilter(), NOW)
    assert (sums.homes, sums.power_W, sums.states["well"]) == (6, 15.0, 6)
    assert (await two.bases.homes.sums(Scope((two.new,)), HomeFilter(), NOW)).power_W == 9.0
    found = await two.bases.homes.homes(two.both, HomeFilter(search="home 3"), NOW)
    assert [one.hub for one in found.homes] == [two.hubs[3]]
    assert {one.hub for one in await two.bases.homes.rows(two.both, two.hubs, NOW)} == set(two.hubs)


async def test_energy_events_and_the_audit_are_of_both(two: TwoBases) -> None:
    for number in (0, 1):
        await store_everything(two.parts[number], two.hubs[number], int(NOW) - DAY)
    (day,) = await two.bases.energy.energy(two.both, "2026-11-01", "2026-11-30")
    assert (day.import_mWh, day.homes) == (10, 2)
    each = await two.bases.energy.each(two.both, two.hubs, "2026-11-01", "2026-11-30")
    assert {one.hub for one in each} == set(two.hubs[:2])

    async def events(after: str) -> tuple[list[str], str]:
        rows, more = await two.bases.history.events(two.both, None, "", after, 1)
        return [one.hub for one in rows], more

    assert sorted(await every_page(events)) == sorted([[two.hubs[0]], [two.hubs[1]]])
    rows, _ = await two.bases.audit.entries(two.both)
    assert sorted(one.subject for one in rows) == sorted(two.hubs)  # that they joined
    history = await two.bases.history.history(two.both, two.hubs[1], "plug-1", ["power_W"], NOW - DAY, NOW - DAY + 300)
    assert history.series[0].at


async def test_changes_are_made_where_the_organisation_is(two: TwoBases) -> None:
    second = two.parts[1].register
    async with two.bases.together(two.new):
        await two.bases.homes.rename(two.both, two.hubs[1], "Renamed")
        await two.bases.audit.note("anna", "home.change", two.hubs[1], NOW, two.new)
    assert [one.action for one in (await two.bases.audit.entries(Scope((two.new,))))[0]].count("home.change") == 1
    assert (await two.bases.homes.home(two.both, two.hubs[1], NOW)).home.name == "Renamed"
    await two.bases.register.add_code(b"code", two.new, 1, NOW + 900, "test", NOW)
    joined = await two.bases.register.enrol(b"code", new_hub_id(), "KEY", "Late", NOW)
    assert (joined.shard, await second.hub(joined.id)) == (1, joined)
    await two.bases.register.rename_organisation(two.new, "Newer town")
    assert [one.name for one in await second.organisations()] == ["Newer town"]
    assert [(one.name, one.homes) for one in await two.bases.register.organisations()] == [
        ("Newer town", 4),
        ("Old town", 3),
    ]
    for number in (0, 1):
        await two.bases.register.forget(two.hubs[number], NOW, "anna")
    assert len((await two.bases.register.known_keys()).keys) == 2


async def test_commands_to_homes_of_both_have_one_batch(two: TwoBases) -> None:
    given = 0
    for scope in await two.bases.spread([two.old, two.new]):
        targets = [
            NewCommand(hub=hub, device="tv", point="on", value=True)
            for number, hub in enumerate(two.hubs)
            if (two.new if number % 2 else two.old) in (scope.organisations or ())
        ]
        given += len(await two.bases.commands.give(scope, targets, "anna", NOW + 60, NOW, "batch", given))

    async def page(after: str) -> tuple[list[str], str]:
        rows, more = await two.bases.commands.commands(two.both, batch="batch", after=after, limit=4)
        return [one.id for one in rows], more

    ids = [id for rows in await every_page(page) for id in rows]
    assert sorted(ids) == [f"batch-{number}" for number in range(6)]
    assert await two.bases.commands.fates(two.both, batch="batch") == {"waiting": 6}


async def test_a_database_that_is_away_stops_its_own_organisations_only(two: TwoBases) -> None:
    await two.parts[1].close()
    assert len((await two.bases.homes.homes(Scope((two.old,)), HomeFilter(), NOW)).homes) == 3
    with pytest.raises(BaseUnavailable):
        await two.bases.homes.homes(two.both, HomeFilter(), NOW)
    with pytest.raises(NotInScope):
        await two.bases.homes.home(Scope((two.old,)), two.hubs[1], NOW)
    assert (await two.bases.homes.home(two.both, two.hubs[0], NOW)).home.name == "Home 0"
    rows, away = await two.bases.homes.reached_rows(two.both, two.hubs, NOW)
    assert {one.hub for one in rows} == set(two.hubs[::2]) and away is not None
    assert [(one.name, one.homes) for one in await two.bases.register.organisations()] == [
        ("New town", None),
        ("Old town", 3),
    ]


async def test_a_home_that_was_found_is_shown_without_waiting_for_the_other_database(two: TwoBases) -> None:
    async with two.parts[1]._connections.transaction("owner") as connection:
        await connection.execute("LOCK TABLE hub IN ACCESS EXCLUSIVE MODE")
        assert (await two.bases.homes.row(two.both, two.hubs[0], NOW)).name == "Home 0"
    assert (await two.bases.homes.row(two.both, two.hubs[1], NOW)).name == "Home 1"
    with pytest.raises(NotInScope):
        await two.bases.homes.row(Scope((two.old,)), two.hubs[1], NOW)


async def test_hubs_of_other_databases_are_greeted_renewed_and_revoked_while_one_is_away(two: TwoBases) -> None:
    await two.parts[0].close()
    greeting = ShardGreeting(two.parts, {0: Renewals(two.parts[0]), 1: Renewals(two.parts[1])})
    assert (await greeting.greet(two.hubs[1], hello({}), NOW)).shard == 1
    with pytest.raises(BaseUnavailable):  # perhaps the other one knows it: no hub is shut out for that
        await greeting.greet(two.hubs[0], hello({}), NOW)
    with pytest.raises(BaseUnavailable):
        await greeting.renew(two.hubs[0], f"KEY{two.hubs[0]}", NOW)
    assert (await greeting.renew(two.hubs[1], f"KEY{two.hubs[1]}", NOW)).token == "another"
    register = two.bases.register
    assert (await register.renew(two.hubs[1], f"KEY{two.hubs[1]}", NOW)).shard == 1
    assert (await register.revoke(two.hubs[1], NOW)).revoked == NOW
    with pytest.raises(HubRevoked):  # which another database does not know better
        await greeting.renew(two.hubs[1], f"KEY{two.hubs[1]}", NOW)
    for asked in (register.revoke(two.hubs[0], NOW), register.hub(two.hubs[0])):
        with pytest.raises(BaseUnavailable):
            await asked


async def test_an_organisation_never_gets_the_homes_of_one_that_a_restored_directory_forgot(
    two: TwoBases, base_dsn: str
) -> None:
    async with await psycopg.AsyncConnection.connect(base_dsn) as connection:  # the directory of yesterday
        await connection.execute("DELETE FROM organisation WHERE number = %s", (two.new,))
        await connection.execute(sql.SQL("ALTER TABLE organisation ALTER number RESTART WITH {}").format(two.new))
    with pytest.raises(BaseRefused, match="Run the same command again"):
        async with two.bases.together():
            await two.bases.register.add_organisation("Third town", 1)
    async with two.bases.together():
        third = await two.bases.register.add_organisation("Third town", 1)
    assert third.number != two.new
    assert not (await two.bases.homes.homes(Scope((third.number,)), HomeFilter(), NOW)).homes
    assert [one.name for one in await two.parts[1].register.organisations()] == ["New town", "Third town"]


# --- tables of a newer Unclouded ----------------------------------------------------------------------


@pytest.fixture
async def newer_dsn(postgres_server: PrivatePostgres, migrated_database: str) -> AsyncIterator[str]:
    dsn = postgres_server.create_database("fleet_newer", migrated_database)
    await set_version(dsn, VERSION + 1)
    yield dsn
    postgres_server.drop_database("fleet_newer")


async def set_version(dsn: str, version: int) -> None:
    async with await psycopg.AsyncConnection.connect(dsn) as connection:
        await connection.execute("UPDATE setting SET value = to_jsonb(%s::integer) WHERE key = 'version'", (version,))


async def test_a_database_with_newer_tables_is_not_served_and_the_other_is(
    base_dsn: str, newer_dsn: str, monkeypatch: pytest.MonkeyPatch, caplog: pytest.LogCaptureFixture
) -> None:
    monkeypatch.setattr(opening, "LONGEST_DELAY_S", 0.01)
    dsns = {0: base_dsn, 1: newer_dsn}
    async with AsyncExitStack() as stack:
        parts = {shard: FleetBase(dsn, 2) for shard, dsn in dsns.items()}
        for base in parts.values():
            stack.push_async_callback(base.close)
        bases = FleetBases(parts)
        begun = opening.BasesOpening(bases, parts, dsns.__getitem__)
        await begun.begin()
        assert list(begun.away) == [1] and "made by a newer Unclouded" in begun.away[1]
        assert f"The organisations of the database 1 are not served: {begun.away[1]}" in caplog.text
        async with bases.together():
            old = await bases.register.add_organisation("Old town")
        assert (await bases.homes.sums(Scope((old.number,)), HomeFilter(), NOW)).homes == 0
        with pytest.raises(BaseUnavailable, match="made by a newer Unclouded"):
            await bases.homes.sums(ALL, HomeFilter(), NOW)
        shown = bytes((await FleetMetrics(bases).answer("")).body).decode()
        assert 'database_up{database="0"} 1' in shown and 'database_up{database="1"} 0' in shown

        await set_version(newer_dsn, VERSION)  # as a backup that is restored
        async with asyncio.timeout(30):
            await begun.run()
        assert (await bases.homes.sums(ALL, HomeFilter(), NOW)).homes == 0


async def test_no_server_starts_without_its_directory(base_dsn: str, newer_dsn: str) -> None:
    dsns = {0: newer_dsn, 1: base_dsn}
    parts = {shard: FleetBase(dsn, 2) for shard, dsn in dsns.items()}
    with pytest.raises(BaseTooNew, match="install that one"):
        await opening.BasesOpening(FleetBases(parts), parts, dsns.__getitem__).begin()
    for base in parts.values():
        await base.close()
