"""A database restored to yesterday's backup, and a home whose disk is dead: each gets back what the other has."""

import asyncio
from collections.abc import Sequence
from pathlib import Path

import msgspec
import pytest
from click.testing import CliRunner

from app.uplink.test_uplink import Home
from fleet.identities import new_shard
from fleet.stories.real_fleet import real_fleet, sending, stored
from unclouded.cli import cli
from unclouded.core.model import Reading
from unclouded.fleet.local_servers.nats import PrivateNats
from unclouded.fleet.local_servers.postgres import PrivatePostgres
from unclouded.fleet.local_servers.private_folder import write_private_fleet
from unclouded.store.sink import Store

DAY = 86_400


async def command(arguments: Sequence[str]) -> str:
    """What a command of the operator, or at home, prints; it succeeds."""
    found = await asyncio.to_thread(CliRunner().invoke, cli, arguments)
    assert found.exit_code == 0, found.output
    return found.output


async def reports(home: Home, device: str, *ends: float) -> None:
    """A device reports for some minutes before each of these times, and all is sent.

    One that was silent for weeks would make the energy of all their hours new.
    """
    for end in ends:
        home.now = end
        async with sending(home) as uplink:
            facts = [
                Reading(device, point, value, end - 1800 + second)
                for second in range(0, 300, 10)
                for point, value in (("power_W", float(second % 70)), ("energy_import_Wh", second / 100))
            ]
            home.store.deliver(facts)
            await home.store.flush()
            home.look(uplink)


async def test_a_database_of_yesterday_gets_all_back_and_so_does_a_home_whose_disk_is_dead(
    postgres_server: PrivatePostgres,
    base_dsn: str,
    nats_server: PrivateNats,
    tmp_path: Path,
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    shard = new_shard()
    async with real_fleet(base_dsn, nats_server, monkeypatch, shard) as fleet:
        home = await fleet.home(tmp_path / "home")
    name = base_dsn.split("dbname=")[1].split(maxsplit=1)[0]
    backup = postgres_server.create_database(f"{name}_backup", name)
    try:
        async with real_fleet(base_dsn, nats_server, monkeypatch, shard) as fleet:
            await reports(home, "lamp", fleet.now - 50 * DAY)
            await reports(home, "kettle", fleet.now - DAY, fleet.now)
            had = await fleet.entries(home)
        async with real_fleet(backup, nats_server, monkeypatch, shard) as fleet:
            assert await fleet.entries(home) == set()
            await reports(home, "kettle", fleet.now + 1800)  # days of the last 40 are compared
            old = {one for one in had if one[1] < fleet.now - 40 * DAY}
            assert had - await fleet.entries(home) == old
            folder = write_private_fleet(
                tmp_path / "fleet", nats_server.trust, nats_server.urls, backup, "127.0.0.1:8399"
            )
            asked = ["fleet", "again", "--all", "--since", "2026-01-01", "--fleet", str(folder)]
            assert "is requested again (request 1)" in await command(asked)
            await reports(home, "kettle", fleet.now + 3600)
            assert had < await fleet.entries(home)
            assert home.files.load().again_done == 1

            id, file = home.files.load().hub, tmp_path / "back.sqlite"
            assert "2 devices" in await command(["fleet", "restore", id, str(file), "--fleet", str(folder)])
            fresh = Store(tmp_path / "new" / "store.sqlite")
            (tmp_path / "new").mkdir()
            fresh.open()
            await fresh.close()
            (tmp_path / "new.toml").write_text(f'[hub]\ndata = "{tmp_path / "new"}"\n', "utf-8")
            done = await command(["store", "salvage", str(file), "--config", str(tmp_path / "new.toml"), "--json"])
            assert msgspec.json.decode(done.splitlines()[-1])
            for device, count in (("kettle", 4), ("lamp", 1)):
                found = stored(tmp_path / "new" / "store.sqlite", device)
                assert found == stored(home.config.store, device)
                assert len(found) == count * 30 * 2
    finally:
        postgres_server.drop_database(f"{name}_backup")
