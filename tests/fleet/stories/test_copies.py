"""Copies of a hub's disk: an older one that comes back, and two hubs with one key."""

import shutil
from pathlib import Path

import pytest

from app.uplink.test_uplink import Home
from fleet.stories.real_fleet import RealFleet, real_fleet, sending, stored
from unclouded.fleet.local_servers.nats import PrivateNats


def copied(home: Home, folder: Path) -> Path:
    """A copy of the store, as of an SD card; no one has it open."""
    shutil.copy(home.config.store, folder / "copy.sqlite")
    return folder / "copy.sqlite"


def put_back(home: Home, copy: Path) -> None:
    for suffix in ("-wal", "-shm"):
        Path(f"{home.config.store}{suffix}").unlink(missing_ok=True)
    shutil.copy(copy, home.config.store)


async def hours(fleet: RealFleet, home: Home, count: int) -> None:
    """So many half hours pass, with readings."""
    for _ in range(count):
        fleet.now += 1800
        home.now = fleet.now
        async with sending(home) as uplink:
            await home.reports(uplink, home.now - 1800, 900)


async def test_an_older_copy_of_the_disk_costs_the_fleet_nothing_that_the_disk_has_not(
    base_dsn: str, nats_server: PrivateNats, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    async with real_fleet(base_dsn, nats_server, monkeypatch) as fleet:
        home = await fleet.home(tmp_path / "home")
        await hours(fleet, home, 1)
        copy = copied(home, tmp_path)
        await hours(fleet, home, 2)
        had = await fleet.entries(home)
        put_back(home, copy)
        again = fleet.hub(tmp_path / "home", home.files.load().hub)  # the key is on the disk as well
        async with sending(again) as uplink:
            await again.reports(uplink, fleet.now - 600, 20)
        now = await fleet.entries(again)
        assert had < now
        assert {second - int(fleet.now) for _, second, *_ in now - had} == {-600, -590}


async def test_what_comes_after_an_older_copy_counts_also_with_a_clock_that_is_behind(
    base_dsn: str, nats_server: PrivateNats, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    """Its numbers would be lower than those that the fleet has: the fleet says its highest one."""
    async with real_fleet(base_dsn, nats_server, monkeypatch) as fleet:
        home = await fleet.home(tmp_path / "home")
        await hours(fleet, home, 1)
        begin, copy = int(fleet.now) - 1800, copied(home, tmp_path)
        fleet.now += 3600
        home.now = fleet.now
        async with sending(home) as uplink:
            await home.reports(uplink, begin + 605, 10)  # late, of a window that the copy has
        put_back(home, copy)
        again = fleet.hub(tmp_path / "home", home.files.load().hub)
        again.now = begin + 1500
        async with sending(again) as uplink:
            await again.reports(uplink, begin + 607, 10)
        seconds = {second - begin for _, second, *_ in await fleet.entries(again)}
        assert 607 in seconds
        assert 605 not in seconds  # a window is as its home has it


async def test_two_hubs_with_one_key_lose_no_reading_that_only_one_of_them_has(
    base_dsn: str, nats_server: PrivateNats, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    """A cloned SD card: it is not to be done, and both are one home for the fleet; neither stops the other."""
    async with real_fleet(base_dsn, nats_server, monkeypatch) as fleet:
        home = await fleet.home(tmp_path / "home")
        await hours(fleet, home, 1)
        shutil.copytree(tmp_path / "home", tmp_path / "clone")
        clone = fleet.hub(tmp_path / "clone", home.files.load().hub)
        fleet.now += 3600
        home.now = clone.now = fleet.now
        async with sending(home) as one, sending(clone) as other:
            await home.reports(one, fleet.now - 3600, 600)
            await clone.reports(other, fleet.now - 1800, 600)
        seconds = {second for _, second, *_ in await fleet.entries(home)}
        for begin in (3600, 1800):
            assert {int(fleet.now) - begin + 10 * step for step in range(60)} <= seconds
        assert stored(home.config.store) != stored(clone.config.store)
