"""One home, all the way: devices, hub, uplink, NATS, ingester, PostgreSQL, and back with a command and a question."""

import asyncio
import time
from collections import Counter
from collections.abc import Awaitable, Callable, Mapping
from pathlib import Path

import msgspec
import psycopg
import pytest

from fleet.identities import new_shard
from unclouded.fleet.base.bases import FleetBases
from unclouded.fleet.base.views import HomeFilter, NewCommand, Scope
from unclouded.fleet.configuration import load_fleet
from unclouded.fleet.enrolment.codes import code_digest, invitation_of, new_code
from unclouded.fleet.local_servers.nats import PrivateNats
from unclouded.fleet.local_servers.private_folder import write_private_fleet
from unclouded.fleet.restoring.home_file import write_home_file
from unclouded.fleet.serve import RunningFleet, serving
from unclouded.fleet.web_app import fleet_web_app
from unclouded.fleet_demo.home import DemoHomePlan, demo_home
from unclouded.store.reading.reader import StoreReader
from unclouded.uplink.let_out import DeviceLevel
from unclouded.uplink.messages import Question
from unclouded.web.server import next_free

ALL = Scope.everything()
STORED = """SELECT l.name, count(*) FROM "window" w JOIN level l ON l.number = w.level GROUP BY 1
    UNION ALL SELECT 'device', count(*) FROM device"""
PAST_S = 6 * 3600  # of a home
STUCK_S = 120.0  # never reached in a test that passes


async def until(is_so: Callable[[], Awaitable[bool]], what: str) -> None:
    deadline = time.monotonic() + STUCK_S
    while not await is_so():
        assert time.monotonic() < deadline, f"no progress: {what}"
        await asyncio.sleep(0.2)


def a_fleet(folder: Path, nats: PrivateNats, dsn: str) -> Path:
    with next_free(("127.0.0.1", 18_400)) as sock:
        listen = "{}:{}".format(*sock.getsockname()[:2])
    return write_private_fleet(folder, nats.trust, nats.urls, dsn, listen)


async def invitation(base: FleetBases, url: str, homes: int = 1) -> str:
    organisation = await base.register.add_organisation(f"org {new_shard()}")
    code, now = new_code(), time.time()
    await base.register.add_code(code_digest(code), organisation.number, homes, now + 900, "test", now)
    return invitation_of(url, code, "").text


def plan(tmp_path: Path, invitation: str, level: DeviceLevel = "raw") -> DemoHomePlan:
    return DemoHomePlan(
        folder=str(tmp_path / "home"), name="Mill Street 1", seed=7, invitation=invitation, days=1, level=level
    )


async def only_home(fleet: RunningFleet) -> str:
    (line,) = (await fleet.base.homes.homes(ALL, HomeFilter(), time.time())).homes
    return line.hub


@pytest.mark.timeout(300)
@pytest.mark.usefixtures("short_waits")
async def test_a_home_joins_sends_its_history_is_switched_answers_and_gets_its_history_back(
    own_nats: Callable[..., PrivateNats], base_dsn: str, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr("unclouded.app.demo.past.DAY_S", PAST_S)
    nats = own_nats()
    configuration = load_fleet(a_fleet(tmp_path / "fleet", nats, base_dsn))
    async with serving(configuration, fleet_web_app) as fleet:
        base = fleet.base
        code = await invitation(base, configuration.tables.web.url)
        async with demo_home(plan(tmp_path, code)) as hub:
            home = await only_home(fleet)

            async def windows(level: str) -> dict[int, bytes]:
                found = await base.history.windows(ALL, home, level, 0.0, 2.0**40)
                return {one.start: one.data for one in found}

            async def is_stored() -> bool:
                stored = await _stored(base_dsn)
                return stored["device"] > 4 and stored["raw"] >= PAST_S / 900 and stored["energy"] >= PAST_S / 3600

            await until(is_stored, "the history")
            await _switch(fleet, home)
            answer = await fleet.engine.questions.ask(home, Question("GET", "/api/devices", "viewer"))
            assert (answer.status, answer.hub) == (200, home)
            assert {one["id"] for one in msgspec.json.decode(answer.body)} >= {"meter", "fridge", "tv"}

            had = await windows("raw")
            await _restore_to_yesterday(base_dsn)
            assert await windows("raw") == {}
            nats.restart()  # the hub says hello once more, and the days differ

            async def is_back() -> bool:
                return (await _stored(base_dsn))["raw"] >= len(had)

            await until(is_back, "what the database has lost")
            now = await windows("raw")
            assert had.keys() <= now.keys()
            old = [start for start in had if start < time.time() - 1800]
            assert {start: now[start] for start in old} == {start: had[start] for start in old}

            file = tmp_path / "back.sqlite"
            done = await write_home_file(base, home, file)
            assert done.samples
            last = max(now)
            assert last > time.time() - 3600
            for device in ("fridge", "meter"):
                assert _rows(file, device, last) == _rows(tmp_path / "home" / "store.sqlite", device, last)
            assert hub.hub.devices()


async def _switch(fleet: RunningFleet, home: str) -> None:
    """A command reaches the device, and the home says so."""
    command, now = NewCommand(hub=home, device="tv", point="on", value=False), time.time()
    (given,) = await fleet.base.commands.give(ALL, [command], "anna", now + 60, now, "b1")
    fleet.engine.wake()

    async def is_done() -> bool:
        return (await fleet.base.commands.command(ALL, given.id)).fate == "confirmed"

    await until(is_done, "the command")


async def _stored(dsn: str) -> Mapping[str, int]:
    """How many windows of each level, and devices, the database has; it has one home."""
    async with await psycopg.AsyncConnection.connect(dsn) as connection:
        return Counter(dict(await (await connection.execute(STORED)).fetchall()))


async def _restore_to_yesterday(dsn: str) -> None:
    """The database as it was before the home sent anything."""
    async with await psycopg.AsyncConnection.connect(dsn) as connection:
        await connection.execute('DELETE FROM "window"')
        await connection.execute("DELETE FROM sealed")


def _rows(file: Path, device: str, end: float) -> list[object]:
    """All readings before ``end``."""
    with StoreReader(file) as reader:
        return list(reader.history(device, None, 0.0, end, None))
