"""A real fleet for stories: PostgreSQL, nats-server and a server's engine, whose clock the story sets; and real stores.

FakeHub ─► Store ─► uplink (Home) ─► nats-server ─► engine ─► PostgreSQL
"""

import asyncio
import contextlib
from collections.abc import AsyncIterator
from pathlib import Path
from types import SimpleNamespace

import msgspec
import pytest

from app.uplink.test_uplink import Home, until
from fleet.filled_base import add_home
from fleet.identities import new_shard
from fleet.kills.processes import NoRenewal
from fleet.protocol_hub import fleet_client
from unclouded.app.uplink.service import FleetUplink
from unclouded.fleet import engine as engine_module
from unclouded.fleet.base.base import FleetBase
from unclouded.fleet.base.views import Scope
from unclouded.fleet.engine import FleetEngine
from unclouded.fleet.local_servers.nats import PrivateNats
from unclouded.store.reading.reader import StoreReader
from unclouded.store.sink import Store
from unclouded.uplink.contents.raw import decode_raw

ALL = Scope.everything()
NOW = 1_795_262_400.0 + 86_400  # Unix s
RAW = 'level = "raw"\nnames = true'
Entry = tuple[int, int, int, int, int]  # device, second, ms, series, count


class RealFleet:
    """``now``: by the clock of its server. ``base``: its database."""

    def __init__(self, base: FleetBase, nats: PrivateNats, shard: int) -> None:
        self.now = NOW
        self.base = base
        self._nats = nats
        self.shard = shard

    async def home(self, folder: Path, table: str = RAW) -> Home:
        """One that has joined."""
        organisation = await self.base.register.add_organisation(f"org {new_shard()}", self.shard)
        return self.hub(folder, await add_home(self.base, organisation.number), table)

    def hub(self, folder: Path, id: str, table: str = RAW) -> Home:
        """A hub with the key of a home."""
        home = Home(folder, self._nats, id, table)
        home.now = self.now
        home.files.save(msgspec.structs.replace(home.files.load(), issued=0.0, expires=1e11))  # is not renewed
        return home

    async def windows(self, home: Home, level: str = "raw") -> dict[int, bytes]:
        found = await self.base.history.windows(ALL, home.files.load().hub, level, 0.0, 2.0**40)
        return {one.start: one.data for one in found}

    async def entries(self, home: Home) -> set[Entry]:
        """All readings that it has of a home."""
        return {
            (device, second, ms, series, count)
            for start, data in (await self.windows(home)).items()
            for device, seconds in decode_raw(start, data).items()
            for second, entries in seconds
            for ms, series, count, _ in entries
        }


@contextlib.asynccontextmanager
async def real_fleet(
    dsn: str, nats: PrivateNats, monkeypatch: pytest.MonkeyPatch, shard: int = 0
) -> AsyncIterator[RealFleet]:
    """``shard``: of the organisations in the database, 0 = another one."""
    shard = shard or new_shard()
    base = FleetBase(dsn, 3)
    await base.open()
    fleet = RealFleet(base, nats, shard)
    monkeypatch.setattr(engine_module, "time", SimpleNamespace(time=lambda: fleet.now))
    engine = FleetEngine({shard: base}, fleet_client(list(nats.urls), nats.trust), {shard: NoRenewal()})
    try:
        async with engine.running():
            await until(lambda: engine.client.is_connected)
            yield fleet
    finally:
        await base.close()


@contextlib.asynccontextmanager
async def sending(home: Home) -> AsyncIterator[FleetUplink]:
    """The home runs. Before it ends, all that can be sent is sent."""
    home.store = Store(home.config.store, wall=lambda: home.now)
    async with home.opened(), home.running() as uplink:
        await until(lambda: uplink.status().state == "running" and is_welcome(uplink))
        yield uplink
        await sent(home, uplink)


def is_welcome(uplink: FleetUplink) -> bool:
    driver = uplink._running.driver if uplink._running is not None else None
    return driver is not None and driver.session.is_welcome


async def sent(home: Home, uplink: FleetUplink) -> None:
    """All closed windows are acknowledged or refused."""

    async def is_done() -> bool:
        home.look(uplink)
        await asyncio.sleep(0.02)
        return await home.behind() == 0

    await until(is_done)


def stored(path: Path, device: str = "kettle") -> list[object]:
    """All readings that a store has of a device."""
    with StoreReader(path) as reader:
        return list(reader.history(device, None, 0.0, 2.0**40, None))
