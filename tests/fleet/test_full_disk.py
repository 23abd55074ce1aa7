"""PostgreSQL whose disk is full: the hub keeps its windows, the server says why, and all arrives once there is room."""

import asyncio
import logging
import pwd
import random
import shutil
import subprocess
import time
from collections.abc import Callable, Iterator
from datetime import UTC, datetime, timedelta
from pathlib import Path

import pytest

from fleet.identities import new_hub_id
from fleet.protocol_hub import SPAN_S, ProtocolHub, fleet_client
from unclouded.fleet.base.base import FleetBase
from unclouded.fleet.base.errors import BaseRefused
from unclouded.fleet.base.schema.migrations import migrate
from unclouded.fleet.base.views import Scope
from unclouded.fleet.engine import FleetEngine
from unclouded.fleet.local_servers.nats import PrivateNats
from unclouded.fleet.local_servers.postgres import PrivatePostgres
from unclouded.fleet.local_servers.processes import other_user
from unclouded.uplink.contents.raw import encode_raw
from unclouded.uplink.messages import HubToken, SentWindow

PRLIMIT = shutil.which("prlimit") or ""
LARGEST = 1024 * 1024  # bytes of a file while there is no room: a segment of the log fits, a table cannot grow
WINDOWS = 60  # of 24 kB: more than a table may have
STUCK_S = 120.0  # never reached in a test that passes


class NoRenewal:
    """Tokens last longer than this."""

    async def renew(self, hub: str, public_key: str, now: float) -> HubToken:
        raise BaseRefused("not here")


def let_files_grow(server: PrivatePostgres, most: int | str) -> None:
    """Of the server, and of the processes that it has started."""
    user = other_user()
    whose = {"user": user, "group": pwd.getpwnam(user).pw_gid} if user else {}
    for pid in (server.pid, *children(server.pid)):
        command = [PRLIMIT, f"--pid={pid}", f"--fsize={most}:"]
        subprocess.run(command, cwd="/", check=pid == server.pid, **whose)  # type: ignore[call-overload]  # a child may end


def children(pid: int) -> Iterator[int]:
    for stat in Path("/proc").glob("[0-9]*/stat"):
        try:
            fields = stat.read_text().rpartition(")")[2].split()
        except OSError:
            continue
        if int(fields[1]) == pid:
            yield int(stat.parent.name)


def fill(hub: ProtocolHub) -> None:
    """Windows of noise, which no one can compress, all of one month: each month has a table of its own."""
    month = datetime.now(UTC).replace(day=1) - timedelta(days=15)
    chance, first = random.Random(1), int(month.timestamp()) // SPAN_S * SPAN_S
    for start in range(first, first + WINDOWS * SPAN_S, SPAN_S):
        values = [(start + second, [(0, n, chance.getrandbits(62), 0) for n in range(10)]) for second in range(300)]
        hub.windows["raw", start] = SentWindow(start, int(time.time() * 1000), encode_raw(start, {1: values}))
        hub.dirty.add(("raw", start))


async def until(is_so: Callable[[], bool], what: str) -> None:
    async with asyncio.timeout(STUCK_S):
        while not is_so():
            await asyncio.sleep(0.02)
    assert is_so(), what


@pytest.mark.skipif(not PRLIMIT, reason="there is no prlimit, which limits the files of other processes")
@pytest.mark.usefixtures("short_waits")
async def test_a_full_disk_of_the_database_costs_nothing_but_time(
    own_postgres: Callable[..., PrivatePostgres], nats_server: PrivateNats, caplog: pytest.LogCaptureFixture
) -> None:
    server = own_postgres(durable=False)
    dsn, id = server.create_database("full"), new_hub_id()
    await migrate(dsn)
    async with FleetBase(dsn, 2) as base:
        organisation = await base.register.add_organisation("org")
        await base.register.add_code(b"c" * 32, organisation.number, 1, time.time() + 900, "test", time.time())
        await base.register.enrol(b"c" * 32, id, "KEY", "home", time.time())
        hub = ProtocolHub(id, nats_server.urls[0], nats_server.trust, shard := 4_711)
        fill(hub)
        let_files_grow(server, LARGEST)
        client = fleet_client(nats_server.urls, nats_server.trust)
        with caplog.at_level(logging.WARNING, "unclouded.fleet"):
            async with FleetEngine({shard: base}, client, {shard: NoRenewal()}).running():
                running = asyncio.create_task(hub.run())
                await until(lambda: "hubs send again" in caplog.text, "the disk is full")
                assert "File too large" in caplog.text or "No space left" in caplog.text, caplog.text
                assert hub.dirty and hub.acknowledged < WINDOWS
                let_files_grow(server, "unlimited")
                await until(lambda: not hub.dirty, "all arrives")
                running.cancel()
                await asyncio.gather(running, return_exceptions=True)
        stored = await base.history.windows(Scope.everything(), id, "raw", 0.0, 2.0**40)
        assert {one.start: one.data for one in stored} == {start: one.data for (_, start), one in hub.windows.items()}
