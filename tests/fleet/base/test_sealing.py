"""Sealing by days, and what is deleted when: nothing that is kept is lost, whoever does it and whenever it ends."""

import asyncio

import pytest

from fleet.filled_base import DAY, NOW, add_home, add_organisation, hello, store, store_everything, sum_of, window
from unclouded.fleet.base.base import FleetBase
from unclouded.fleet.base.views import Scope
from unclouded.uplink.messages import SentWindow

ALL = Scope.everything()
TODAY = int(NOW)
LEVELS = ("energy", "quarter", "minute", "raw", "events", "later")


async def test_sealing_by_steps_and_by_several_servers_keeps_every_window(base: FleetBase) -> None:
    organisation = await add_organisation(base, "A")
    hubs = [await add_home(base, organisation) for _ in range(3)]
    starts = [TODAY - day * DAY + hour * 3600 for day in (5, 4, 3, 1) for hour in (0, 9, 23)]
    wanted = [window("quarter", start, number) for number, start in enumerate(sorted(starts), start=1)]
    for hub in hubs:
        await store(base, hub, "quarter", *wanted)
    done = [await base.upkeep.seal(NOW, 2) for _ in range(2)]
    assert [(one.hub_days, one.windows, one.more) for one in done] == [(2, 6, True)] * 2
    while any(one.more for one in await asyncio.gather(*(base.upkeep.seal(NOW, 2) for _ in range(3)))):
        pass
    for hub in hubs:
        assert await base.history.windows(ALL, hub, "quarter", 0, NOW) == wanted
        (level,) = (await base.homes.home(ALL, hub, NOW)).stored
        assert (level.windows, level.sealed_days, level.first, level.last) == (12, 3, starts[0], max(starts))
    assert not (await base.upkeep.seal(NOW)).hub_days
    assert (await base.upkeep.seal(NOW + DAY)).windows == 9  # yesterday has become old enough


async def test_large_days_are_sealed_by_themselves(base: FleetBase, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr("unclouded.fleet.base.schema.upkeep.MOST_BYTES", 8)
    hub = await add_home(base, await add_organisation(base, "A"))
    windows = [SentWindow(TODAY - days * DAY, 1, b"12345") for days in (6, 5, 4)]
    await store(base, hub, "later", *windows)
    assert [(await base.upkeep.seal(NOW)).more for _ in range(3)] == [True, True, False]
    assert await base.history.windows(ALL, hub, "later", 0, NOW) == windows


async def test_range_takes_the_windows_that_overlap_it(base: FleetBase) -> None:
    hub = await add_home(base, await add_organisation(base, "A"))
    starts = [TODAY - 3 * DAY - 900, TODAY - 3 * DAY, TODAY - 3 * DAY + 900, TODAY - 1800]
    await store(base, hub, "quarter", *(window("quarter", start, 1) for start in starts))
    for _ in range(2):
        for begin, end, wanted in (
            (0, 0, []),
            (starts[0] + 899, starts[1] + 1, starts[:2]),
            (starts[1], NOW, starts[1:]),
        ):
            found = await base.history.windows(ALL, hub, "quarter", begin, end)
            assert [one.start for one in found] == wanted
        await base.upkeep.seal(NOW)


async def test_retention_deletes_what_is_older_and_nothing_else(base: FleetBase) -> None:
    hub = await add_home(base, await add_organisation(base, "A"))
    for days in (100, 40, 10, 0):
        await store_everything(base, hub, TODAY - days * DAY - 7200)
    await base.upkeep.seal(NOW - 20 * DAY)
    assert await base.upkeep.drop_expired(NOW, {"raw": 30, "events": 30}) == []
    stored = {one.level: one.windows for one in (await base.homes.home(ALL, hub, NOW)).stored}
    assert stored == {**dict.fromkeys(LEVELS, 4), "raw": 2, "events": 2}
    assert len(await base.history.events(ALL)) == 2
    dropped = await base.upkeep.drop_expired(NOW, dict.fromkeys(LEVELS, 60) | {"raw": 30})
    assert dropped == ["sealed_2026_08", "window_2026_08"]
    stored = {one.level: one.windows for one in (await base.homes.home(ALL, hub, NOW)).stored}
    assert stored == {**dict.fromkeys(LEVELS, 3), "raw": 2, "events": 2}


async def test_days_that_have_expired_are_not_wanted_again(base: FleetBase) -> None:
    hub = await add_home(base, await add_organisation(base, "A"))
    days = [TODAY // DAY - back for back in (35, 10)]
    said = {"raw": tuple(sum_of([1], day) for day in days)}
    assert (await base.windows.greet(hub, hello(said), NOW)).differing == {"raw": tuple(days)}
    await base.upkeep.drop_expired(NOW, {"raw": 30})
    await store(base, hub, "raw", SentWindow(TODAY - 600, 1, window("raw", TODAY - 600, 1).data))
    assert (await base.windows.greet(hub, hello(said), NOW)).differing == {"raw": (days[1],)}


async def test_forgotten_home_leaves_nothing_but_its_key(base: FleetBase) -> None:
    organisation = await add_organisation(base, "A")
    hub, other = await add_home(base, organisation), await add_home(base, organisation)
    for one in (hub, other):
        await store_everything(base, one, TODAY - 3 * DAY)
        await base.upkeep.seal(NOW)
        await store_everything(base, one, TODAY - 7200)
    number = (await base.register.forget(hub, NOW, "test")).number
    async with base.homes._connections.transaction("owner") as connection:
        for table in ("presence", "catalogue", "device", "window", "sealed", "home_day", "event", "command"):
            cursor = await connection.execute(f'SELECT hub FROM "{table}"'.encode())
            assert number not in {row[0] for row in await cursor.fetchall()}, table
    assert [key.public_key for key in await base.register.revoked_keys()] == [f"KEY{hub}"]
    assert [one.id for one in await base.register.hubs()] == [other]
    assert len((await base.homes.home(ALL, other, NOW)).stored) == len(LEVELS)


async def test_parts_are_made_ahead(base: FleetBase) -> None:
    made = await base.upkeep.partitions_ahead(NOW)
    assert made == [f"{table}_{month}" for month in ("2026_11", "2026_12", "2027_01") for table in ("window", "sealed")]
    assert await base.upkeep.partitions_ahead(NOW) == []
    assert {part.name for part in await base.upkeep.partitions()} == set(made)
    assert [part.end - part.start for part in await base.upkeep.partitions()][:3] == [30 * DAY, 31 * DAY, 31 * DAY]
