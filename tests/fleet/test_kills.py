"""Whatever ends while hubs send, each window that was acknowledged is in the database, entry by entry, once.

NATS, servers of the fleet and PostgreSQL are killed (SIGKILL), the lines to the hubs are cut, delayed, silent, and
repeat messages. The story in the suite has a few of each; ``dev.py soak`` has UNCLOUDED_KILLS of them.
"""

import asyncio
import os
import random
import signal
import subprocess
import sys
import time
from collections.abc import Callable, Iterator
from contextlib import contextmanager, suppress
from pathlib import Path

import pytest

from fleet.identities import new_hub_id, new_shard
from fleet.protocol_hub import ProtocolHub
from fleet.tcp_proxy import TcpProxy
from unclouded.fleet.base.base import FleetBase
from unclouded.fleet.base.migrations import migrate
from unclouded.fleet.base.views import Scope
from unclouded.fleet.local_servers.nats import PrivateNats
from unclouded.fleet.local_servers.postgres import PrivatePostgres

KILLS = int(os.environ.get("UNCLOUDED_KILLS", "5"))  # of each kind
HUBS = 4
STUCK_S = 60.0  # without progress


class Servers:
    """Two servers of the fleet, of which one at a time is killed."""

    def __init__(self, dsn: str, urls: tuple[str, ...], shard: int) -> None:
        script = Path(__file__).with_name("engine_process.py")
        command = [sys.executable, str(script), dsn, ",".join(urls), str(shard)]
        self._parent = subprocess.Popen(
            command, stdin=subprocess.PIPE, stdout=subprocess.PIPE, stderr=subprocess.DEVNULL
        )
        self.pids = [self._start() for _ in range(2)]

    def kill(self, number: int) -> None:
        os.kill(self.pids[number], signal.SIGKILL)
        self.pids[number] = self._start()

    def end(self) -> None:
        for pid in self.pids:
            os.kill(pid, signal.SIGTERM)
        assert [self._line() for _ in self.pids] == ["ended"] * 2

    def close(self) -> None:
        for pid in self.pids:
            with suppress(ProcessLookupError):
                os.kill(pid, signal.SIGKILL)
        self._parent.kill()
        self._parent.communicate()

    def _start(self) -> int:
        assert self._parent.stdin is not None
        self._parent.stdin.write(b"start\n")
        self._parent.stdin.flush()
        return int(self._line())

    def _line(self) -> str:
        assert self._parent.stdout is not None
        return self._parent.stdout.readline().decode().strip()


@contextmanager
def servers(dsn: str, urls: tuple[str, ...], shard: int) -> Iterator[Servers]:
    found = Servers(dsn, urls, shard)
    try:
        yield found
        found.end()
    finally:
        found.close()


async def enrolled(base: FleetBase, hubs: list[str], shard: int, now: float) -> int:
    """The number of an organisation that has these hubs."""
    organisation = await base.register.add_organisation(f"shard {shard}", shard)
    await base.register.add_code(b"code" * 8, organisation.number, len(hubs), now + 900, "test", now)
    for hub in hubs:
        await base.register.enrol(b"code" * 8, hub, f"U{hub.upper()}", f"Home {hub[-3:]}", now)
    return organisation.number


async def until(is_so: Callable[[], bool], what: str) -> None:
    """Wait until it is so."""
    deadline = time.monotonic() + STUCK_S
    while not is_so():
        assert time.monotonic() < deadline, f"no progress: {what}"
        await asyncio.sleep(0.05)


@pytest.mark.kills
@pytest.mark.timeout(60 + 12 * KILLS)
async def test_nothing_that_was_acknowledged_is_lost_whatever_is_killed(
    own_nats: Callable[..., PrivateNats], own_postgres: Callable[..., PrivatePostgres]
) -> None:
    nats, postgres, shard = own_nats(), own_postgres(durable=False), new_shard()
    dsn = postgres.create_database("kills")
    await migrate(dsn)
    names = [new_hub_id() for _ in range(HUBS)]
    async with FleetBase(dsn, 2) as base:
        await enrolled(base, names, shard, time.time())
    chance = random.Random(KILLS)
    async with TcpProxy(nats.addresses[0], chance).open() as proxy:
        hubs = [ProtocolHub(name, proxy.url, nats.trust, shard, 1.0, seed) for seed, name in enumerate(names)]
        with servers(dsn, nats.urls, shard) as processes:
            running = [asyncio.create_task(hub.run()) for hub in hubs]

            async def kill(kind: str, turn: int) -> None:
                await asyncio.sleep(chance.random() * 0.3)
                match kind:
                    case "nats":
                        await asyncio.to_thread(nats.kill)
                        await asyncio.to_thread(nats.restart)
                    case "server":
                        await asyncio.to_thread(processes.kill, turn % 2)
                    case "postgres":
                        await asyncio.to_thread(postgres.kill)
                        await asyncio.to_thread(postgres.start)
                    case "hub":  # what was in flight is not remembered
                        running[turn % HUBS].cancel()
                        await asyncio.gather(running[turn % HUBS], return_exceptions=True)
                        running[turn % HUBS] = asyncio.create_task(hubs[turn % HUBS].run())

            async def disturb(turn: int) -> None:
                """One fault of the line after another: cut, half-open, slow."""
                proxy.delay_s, proxy.repeats = (0.0, 0.02)[turn % 2], 0.3
                for _ in range(2):
                    proxy.silent = not proxy.silent
                    await asyncio.sleep(0.05)
                proxy.silent = False
                proxy.cut()

            for turn in range(KILLS):
                for hub in hubs:
                    hub.change(20)
                before = [hub.acknowledged for hub in hubs]
                await asyncio.gather(
                    disturb(turn), *(kill(kind, turn) for kind in ("nats", "server", "postgres", "hub"))
                )
                await until(
                    lambda before=before: all(hub.acknowledged > one for hub, one in zip(hubs, before, strict=True)),  # type: ignore[misc]
                    f"turn {turn}",
                )
            await until(lambda: not any(hub.dirty for hub in hubs), "the rest")
            for task in running:
                task.cancel()
            await asyncio.gather(*running, return_exceptions=True)
        assert proxy.repeated
    async with FleetBase(dsn, 2) as base:
        for hub in hubs:
            found = await base.history.windows(Scope.everything(), hub.hub, "raw", 0.0, 2.0**40)
            assert found == sorted(hub.windows.values(), key=lambda one: one.start)
