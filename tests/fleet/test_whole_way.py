"""One home, all the way: devices, hub, uplink, NATS, ingester, PostgreSQL, and back with a command and a question."""

import asyncio
import time
from collections.abc import Awaitable, Callable
from pathlib import Path

import msgspec

from fleet.identities import new_shard
from unclouded.fleet.base.base import FleetBase
from unclouded.fleet.base.views import HomeFilter, NewCommand, Scope
from unclouded.fleet.configuration import load_fleet
from unclouded.fleet.enrolment.codes import code_digest, invitation_of, new_code
from unclouded.fleet.local_servers.nats import PrivateNats
from unclouded.fleet.local_servers.private_folder import write_private_fleet
from unclouded.fleet.serve import RunningFleet, serving
from unclouded.fleet.web_app import fleet_web_app
from unclouded.fleet_demo.home import DemoHomePlan, demo_home
from unclouded.store.reader import StoreReader
from unclouded.uplink.messages import Question
from unclouded.web.server import next_free

ALL = Scope.everything()
STUCK_S = 60.0


async def until(is_so: Callable[[], Awaitable[bool]], what: str) -> None:
    deadline = time.monotonic() + STUCK_S
    while not await is_so():
        assert time.monotonic() < deadline, f"no progress: {what}"
        await asyncio.sleep(0.1)


def a_fleet(folder: Path, nats: PrivateNats, dsn: str) -> Path:
    with next_free(("127.0.0.1", 18_400)) as sock:
        listen = "{}:{}".format(*sock.getsockname()[:2])
    return write_private_fleet(folder, nats.trust, nats.urls, dsn, listen)


async def invitation(base: FleetBase, url: str, homes: int = 1) -> str:
    organisation = await base.register.add_organisation(f"org {new_shard()}")
    code, now = new_code(), time.time()
    await base.register.add_code(code_digest(code), organisation.number, homes, now + 900, "test", now)
    return invitation_of(url, code, "").text


def plan(tmp_path: Path, invitation: str, level: str = "raw") -> DemoHomePlan:
    return DemoHomePlan(
        folder=str(tmp_path / "home"), name="Mill Street 1", seed=7, invitation=invitation, days=1, level=level
    )


async def only_home(fleet: RunningFleet) -> str:
    (line,) = (await fleet.base.homes.homes(ALL, HomeFilter(), time.time())).homes
    return line.hub


async def test_a_home_joins_sends_its_history_is_switched_and_answers(
    nats_server: PrivateNats, base_dsn: str, tmp_path: Path
) -> None:
    configuration = load_fleet(a_fleet(tmp_path / "fleet", nats_server, base_dsn))
    async with serving(configuration, fleet_web_app) as fleet:
        code = await invitation(fleet.base, configuration.tables.web.url)
        async with demo_home(plan(tmp_path, code)) as hub:
            home = await only_home(fleet)

            async def is_stored() -> bool:
                detail = await fleet.base.homes.home(ALL, home, time.time())
                stored = {one.level: one.windows for one in detail.stored}
                return len(detail.catalogue.devices) > 4 and stored.get("quarter", 0) >= 95 and "energy" in stored

            await until(is_stored, "the history of a day")

            found = await fleet.base.history.history(
                ALL, home, "fridge", ["power_W"], time.time() - 86_400, time.time() - 1800
            )
            (series,) = found.series
            with StoreReader(hub.store._path) as reader:
                last = max(series.at)
                own = reader.history("fridge", ["power_W"], last - 900, last + 1)
                assert series.value[series.at.index(last)] in [row.value for row in own] or series.mean

            given = await fleet.base.commands.give(
                ALL,
                [NewCommand(hub=home, device="tv", point="on", value=False)],
                "anna",
                time.time() + 60,
                time.time(),
                "b1",
            )
            fleet.engine.wake()

            async def is_done() -> bool:
                return (await fleet.base.commands.command(ALL, given[0].id)).fate == "confirmed"

            await until(is_done, "the command")

            answer = await fleet.engine.questions.ask(home, Question("GET", "/api/devices", "viewer"))
            assert answer.status == 200
            assert answer.hub == home
            assert {one["id"] for one in msgspec.json.decode(answer.body)} >= {"meter", "fridge", "tv"}
