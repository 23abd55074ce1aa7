"""A home that leaves, joins another fleet, and comes back: each fleet has what was let out while the home was in it."""

from pathlib import Path

import pytest

from app.uplink.test_uplink import Home
from fleet.filled_base import add_home
from fleet.identities import new_shard
from fleet.stories.real_fleet import RealFleet, real_fleet, sending
from unclouded.fleet.local_servers.nats import PrivateNats
from unclouded.store.sink import Store

HOUR = 3600


async def one_hour(fleet: RealFleet, home: Home) -> None:
    """It passes, with some readings in it."""
    fleet.now = home.now = max(fleet.now, home.now) + HOUR
    async with sending(home) as uplink:
        await home.reports(uplink, home.now - 1800, 300)


async def leave(home: Home) -> None:
    """As the uplink does when [fleet] is removed."""
    home.store = Store(home.config.store)
    async with home.opened():
        await home.store.outbox(lambda one: one.unsubscribe())


def hours_of(entries: set[tuple[int, int, int, int, int]], begin: float) -> set[int]:
    return {(second - int(begin)) // HOUR for _, second, *_ in entries}


async def test_each_fleet_has_what_was_let_out_while_the_home_was_in_it_and_the_rest_when_it_asks(
    base_dsn: str, nats_server: PrivateNats, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    async with real_fleet(base_dsn, nats_server, monkeypatch) as fleet:
        begin = fleet.now
        home = await fleet.home(tmp_path)
        first = home.files.load().hub
        await one_hour(fleet, home)
        await leave(home)
        organisation = await fleet.base.register.add_organisation(f"org {new_shard()}", fleet.shard)
        other = fleet.hub(tmp_path, await add_home(fleet.base, organisation.number))
        await one_hour(fleet, other)
        assert hours_of(await fleet.entries(other), begin) == {1}
        await leave(other)
        back = fleet.hub(tmp_path, first)  # with the key of before it is the same home
        await one_hour(fleet, back)
        assert hours_of(await fleet.entries(back), begin) == {0, 2}
        await fleet.base.register.again(begin, fleet.now, first)
        await one_hour(fleet, back)
        assert hours_of(await fleet.entries(back), begin) == {0, 1, 2, 3}
        assert len(await fleet.entries(back)) == 4 * 30 * 2 * 2
