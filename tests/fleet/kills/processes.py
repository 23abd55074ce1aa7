"""Servers of the fleet and hubs, each in a process of its own that a test can kill.

    test ── lines of JSON ──► this file as a program ── fork ──► a server, a hub …

They are forked from one program that has imported everything, so that a start costs milliseconds. That program kills
them, too: it answers once a process has ended, with its locks and connections.
"""

import asyncio
import contextlib
import json
import os
import random
import signal
import subprocess
import sys
import threading
import time
import traceback
from collections.abc import Iterator, Sequence
from pathlib import Path
from typing import Any

import msgspec

from fleet.kills import home
from fleet.protocol_hub import fleet_client
from fleet.short_waits import shortened
from unclouded.app.configuration.config import Config, load_config
from unclouded.app.hub_process import running
from unclouded.core.model import Notice, Reading
from unclouded.fleet.base.base import FleetBase
from unclouded.fleet.base.errors import BaseRefused, BaseUnavailable
from unclouded.fleet.engine import FleetEngine
from unclouded.fleet.local_servers.trust import PrivateTrust
from unclouded.store.sink import Store
from unclouded.uplink.messages import HubToken

PING_S = 0.5  # s between two looks at whether the other end is still there
LATE_S = 60_000  # s into the past within which late readings are
LATE_EVERY_S = 0.25
LATE_WINDOWS = 2  # each time
TESTS = Path(__file__).parents[2]


class Processes:
    """The test's end. A process is known by its pid."""

    def __init__(self, log: Path) -> None:
        self._log = log
        self._one_at_a_time = threading.Lock()
        with log.open("ab") as errors:
            self._parent = subprocess.Popen(
                [sys.executable, "-m", "fleet.kills.processes"],
                cwd=TESTS,
                stdin=subprocess.PIPE,
                stdout=subprocess.PIPE,
                stderr=errors,
            )

    def server(self, dsn: str, urls: Sequence[str], shard: int) -> int:
        """A server of the fleet on this database."""
        return self._ask("server", dsn, list(urls), shard)

    def hub(self, config: Path, late: Sequence[str] = ()) -> int:
        """The hub of this configuration; devices of which it gets late readings all the time."""
        return self._ask("hub", str(config), list(late))

    def kill(self, pid: int) -> None:
        """kill -9."""
        assert self._ask("kill", pid) == -signal.SIGKILL, self.errors()

    def end(self, pid: int) -> None:
        """SIGTERM; it ends in good order."""
        assert self._ask("end", pid) == 0, self.errors()

    def errors(self) -> str:
        """What processes have said of their crashes."""
        return self._log.read_text("utf-8")[-3000:]

    def close(self) -> None:
        """Kill all that are left."""
        self._parent.communicate()

    def _ask(self, *words: object) -> int:
        assert self._parent.stdin is not None and self._parent.stdout is not None
        with self._one_at_a_time:
            self._parent.stdin.write(json.dumps(words).encode() + b"\n")
            self._parent.stdin.flush()
            answer = self._parent.stdout.readline()
        assert answer, self.errors()
        return int(answer)


@contextlib.contextmanager
def processes(log: Path) -> Iterator[Processes]:
    found = Processes(log)
    try:
        yield found
    finally:
        found.close()


# --- the program --------------------------------------------------------------------------------------


class NoRenewal:
    """Tokens of tests last longer than these."""

    async def renew(self, hub: str, public_key: str, now: float) -> HubToken:
        raise BaseRefused("not in this test")


async def serve(dsn: str, urls: list[str], shard: int, ended: asyncio.Event) -> None:
    base = FleetBase(dsn, 3)
    while True:
        with contextlib.suppress(BaseUnavailable):
            await base.open()
            break
        base = FleetBase(dsn, 3)
        await asyncio.sleep(0.1)
    engine = FleetEngine({shard: base}, fleet_client(urls, PrivateTrust()), {shard: NoRenewal()})
    async with engine.running():
        await ended.wait()
    await base.close()


async def run_hub(file: str, late: list[str], ended: asyncio.Event) -> None:
    async with running(_quick(load_config(Path(file)))) as hub:
        task = asyncio.create_task(_late_readings(hub.store, late))
        await ended.wait()
        task.cancel()


def _quick(config: Config) -> Config:
    """It notices within seconds that its line is half-open."""
    assert config.tables.fleet is not None
    table = msgspec.structs.replace(config.tables.fleet, ping_s=PING_S)
    return msgspec.structs.replace(config, tables=msgspec.structs.replace(config.tables, fleet=table))


async def _late_readings(store: Store, devices: list[str]) -> None:
    """Of windows that closed long ago, as a device with a memory reports them; and an event of that time."""
    while devices:
        for _ in range(LATE_WINDOWS):
            start = random.randrange(int(time.time()) - LATE_S, int(time.time()) - 4000)
            power = random.randrange(2000)
            seconds = range(start, start + 60, 15)
            store.deliver(
                [Reading(device, "power_W", float(power), second) for second in seconds for device in devices]
            )
            store.deliver([Notice(devices[0], start + 1.0, "late", f"It had {power} W.")])
        await store.flush()
        await asyncio.sleep(LATE_EVERY_S)


async def _child(kind: str, arguments: list[Any]) -> None:  # Any: of JSON
    ended = asyncio.Event()
    asyncio.get_running_loop().add_signal_handler(signal.SIGTERM, ended.set)
    match kind, arguments:
        case "server", [dsn, urls, shard]:
            await serve(dsn, urls, shard, ended)
        case "hub", [file, late]:
            await run_hub(file, late, ended)


def _forked(kind: str, arguments: list[Any]) -> int:
    pid = os.fork()
    if pid:
        return pid
    code = 1
    try:
        os.close(0)
        asyncio.run(_child(kind, arguments))
        code = 0
    except BaseException:
        traceback.print_exc()
    finally:
        os._exit(code)


def _ended(pid: int, how: signal.Signals) -> int:
    os.kill(pid, how)
    return os.waitstatus_to_exitcode(os.waitpid(pid, 0)[1])


def main() -> None:
    assert home  # its imports are those of a hub that starts
    for owner, attribute, value in shortened():
        setattr(owner, attribute, value)
    children = set[int]()
    for line in sys.stdin:
        match json.loads(line):
            case ["kill" | "end" as how, pid]:
                children.discard(pid)
                answer = _ended(pid, signal.SIGKILL if how == "kill" else signal.SIGTERM)
            case [kind, *arguments]:
                answer = _forked(kind, arguments)
                children.add(answer)
        print(answer, flush=True)
    for pid in children:
        _ended(pid, signal.SIGKILL)


if __name__ == "__main__":
    main()
