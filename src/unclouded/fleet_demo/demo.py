"""`unclouded fleet demo`: everything that a fleet is, on this computer, private and gone when it ends.

PostgreSQL (Unix socket) ◄─ server of the fleet ◄─ nats-server (loopback) ◄─ 50 hubs in a process for each core
"""

import asyncio
import contextlib
import os
import secrets
import shutil
import sys
import tempfile
import time
from collections.abc import AsyncIterator, Callable, Sequence
from concurrent.futures import ThreadPoolExecutor
from pathlib import Path

import msgspec

from unclouded.fleet.api.passwords import stored_password
from unclouded.fleet.base.base import FleetBase
from unclouded.fleet.base.views import HomeFilter, Scope
from unclouded.fleet.configuration import FleetConfiguration, load_fleet
from unclouded.fleet.enrolment.codes import code_digest, invitation_of, new_code
from unclouded.fleet.local_servers.nats import PrivateNats
from unclouded.fleet.local_servers.postgres import PrivatePostgres
from unclouded.fleet.local_servers.private_folder import write_private_fleet
from unclouded.fleet.local_servers.trust import PrivateTrust
from unclouded.fleet.serve import serving
from unclouded.fleet.web_app import fleet_web_app
from unclouded.fleet_demo.home import DemoHomePlan
from unclouded.fleet_demo.homes import HomeNews
from unclouded.uplink.let_out import DeviceLevel
from unclouded.uplink.messages import HubState
from unclouded.web.server import next_free

ORGANISATIONS = ("Riverside Housing", "Sunfield Solar", "Oak Street Lab")
STREETS = ("Birch Lane", "Harbour Road", "Mill Street", "Station Road", "Chapel Hill")
LEVELS: Sequence[DeviceLevel] = ("quarter", "quarter", "minute", "raw", "energy")
PERSON = "demo"
FIRST_PORT = 8400
CODE_S = 3600.0
DAYS, LONG_DAYS = 21, 60
OFFLINE_FOR_S = 3 * 3600.0
STOP_S = 15.0
MOST_PROCESSES = 4  # of homes


class RunningDemo(msgspec.Struct, frozen=True):
    """``url``: of the page; ``person``, ``password``: who can sign in. ``folder``: of the fleet, for other verbs."""

    url: str
    person: str
    password: str
    folder: Path
    homes: int


def plans_of(folder: Path, invitations: Sequence[str], homes: int) -> list[DemoHomePlan]:
    """The homes: most are well, some are not. ``invitations``: one for each organisation."""
    found = []
    for number in range(homes):
        street = STREETS[number % len(STREETS)]
        found.append(
            DemoHomePlan(
                folder=str(folder / f"home-{number:02}"),
                name=f"{street} {number // len(STREETS) * 2 + 1}",
                seed=1000 + 10 * number,
                invitation=invitations[number % len(invitations)],
                days=LONG_DAYS if number % 10 == 6 else DAYS,  # these stay behind for a while
                level=LEVELS[number % len(LEVELS)] if number % 10 != 6 else "quarter",
                solar=number % 3 == 0,
                broken=number % 12 == 1,
                gone=number % 16 == 4,
            )
        )
    return found


@contextlib.asynccontextmanager
async def fleet_demo(homes: int, say: Callable[[str], None] = lambda text: None) -> AsyncIterator[RunningDemo]:
    """While the block lasts. Raises CommandError where a server is not installed or does not start."""
    folder = Path(tempfile.mkdtemp(prefix="unclouded-fleet-demo-"))
    servers = ThreadPoolExecutor(1)  # children end with the thread that started them
    loop = asyncio.get_running_loop()
    postgres, nats = PrivatePostgres(durable=False), PrivateNats(PrivateTrust(secrets.token_hex(16)))
    try:
        say("Starting PostgreSQL and nats-server …")
        await loop.run_in_executor(servers, postgres.start)
        await loop.run_in_executor(servers, nats.start)
        dsn = await loop.run_in_executor(servers, postgres.create_database, "fleet")
        with next_free(("127.0.0.1", FIRST_PORT)) as sock:
            listen = "{}:{}".format(*sock.getsockname()[:2])
        fleet = load_fleet(write_private_fleet(folder / "fleet", nats.trust, nats.urls, dsn, listen))
        async with serving(fleet, fleet_web_app) as running:
            password, invitations = await _people(running.base.directory, fleet, homes)
            plans = plans_of(folder, invitations, homes)
            demo = RunningDemo(fleet.tables.web.url, PERSON, password, fleet.folder, homes)
            async with _homes(folder, plans, running.base.directory, say):
                yield demo
    finally:
        await loop.run_in_executor(servers, nats.close)
        await loop.run_in_executor(servers, postgres.close)
        servers.shutdown()
        shutil.rmtree(folder, ignore_errors=True)


async def _people(base: FleetBase, fleet: FleetConfiguration, homes: int) -> tuple[str, list[str]]:
    """A person with all rights, and an invitation of each organisation."""
    now, password = time.time(), secrets.token_urlsafe(9)
    person = await base.people.add_person(PERSON, "Demo", stored_password(password), now)
    invitations = []
    for name in ORGANISATIONS:
        organisation = await base.register.add_organisation(name)
        await base.people.set_role(person.number, organisation.number, "owner")
        code = new_code()
        await base.register.add_code(code_digest(code), organisation.number, homes, now + CODE_S, "demo", now)
        invitations.append(invitation_of(fleet.tables.web.url, code, "").text)
    return password, invitations


@contextlib.asynccontextmanager
async def _homes(
    folder: Path, plans: Sequence[DemoHomePlan], base: FleetBase, say: Callable[[str], None]
) -> AsyncIterator[None]:
    """The processes of the homes, while the block lasts: one for each core."""
    progress = _HomesProgress(len(plans), base, say)
    parts = min(os.cpu_count() or 1, MOST_PROCESSES, len(plans))
    async with contextlib.AsyncExitStack() as stack:
        for number in range(parts):
            file = folder / f"plans-{number}.json"
            await stack.enter_async_context(_process(file, plans[number::parts], progress))
        yield


@contextlib.asynccontextmanager
async def _process(file: Path, plans: Sequence[DemoHomePlan], progress: "_HomesProgress") -> AsyncIterator[None]:
    """A process of some homes, while the block lasts."""
    _write_plans(file, plans)
    process = await asyncio.create_subprocess_exec(
        sys.executable, "-m", "unclouded.fleet_demo.homes", str(file), stdout=asyncio.subprocess.PIPE
    )
    following = asyncio.create_task(progress.follow(process), name="homes")
    try:
        yield
    finally:
        following.cancel()
        if process.returncode is None:
            process.terminate()
        with contextlib.suppress(TimeoutError):
            async with asyncio.timeout(STOP_S):
                await process.wait()
        if process.returncode is None:
            process.kill()
            await process.wait()


def _write_plans(file: Path, plans: Sequence[DemoHomePlan]) -> None:
    """With the codes in them, for their owner only."""
    file.touch(0o600)
    file.write_bytes(msgspec.json.encode(plans))


class _HomesProgress:
    """What happens to the homes, for the person at the terminal."""

    def __init__(self, homes: int, base: FleetBase, say: Callable[[str], None]) -> None:
        self._homes = homes
        self._base = base
        self._say = say
        self._started = 0

    async def follow(self, process: asyncio.subprocess.Process) -> None:
        """Say what one process reports, until it ends."""
        assert process.stdout is not None
        async for line in process.stdout:
            await self._take(msgspec.json.decode(line, type=HomeNews))
        self._say("A process of the homes has ended: its homes send nothing more. Start the demo again.")

    async def _take(self, news: HomeNews) -> None:
        if news.state == "gone":
            await _age(self._base, news.name)
        elif news.state == "failed":
            self._say(f"{news.name} did not start: {news.text}")
        else:
            self._started += 1
            if self._started in (1, self._homes) or self._started % 10 == 0:
                self._say(f"{self._started} of {self._homes} homes run.")


async def _age(base: FleetBase, name: str) -> None:
    """A home that has gone was last seen hours ago: a demo does not last so long."""
    now = time.time()
    found = (await base.homes.homes(Scope.everything(), HomeFilter(search=name), now)).homes
    for home in found:
        if home.name == name:
            state = HubState(now, home.version, None, home.import_mWh, devices=home.devices, behind=home.behind)
            await base.windows.store_states({home.hub: state}, now - OFFLINE_FOR_S)
