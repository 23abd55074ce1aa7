"""Whatever ends: each window that was acknowledged is in the database, entry by entry; no command is carried out twice.

NATS, servers of the fleet, PostgreSQL and hubs are killed (SIGKILL); the lines to the hubs are cut, half-open and
delayed, and messages come twice, also after newer ones. The suite has a few of each; ``dev.py soak`` has
UNCLOUDED_KILLS of each kind, and 1,000 commands with 20 kills of the hub.
"""

import asyncio
import os
import random
import time
from collections import Counter
from collections.abc import Awaitable, Callable, Iterator, Mapping, Sequence
from concurrent.futures import ThreadPoolExecutor
from contextlib import AsyncExitStack
from pathlib import Path

import msgspec
import psycopg
import pytest
from psycopg.types.json import Jsonb

from fleet.identities import new_hub_id, new_shard
from fleet.kills.home import COMPARED, POINT, CommandedPlug, KilledHome, entries
from fleet.kills.processes import Processes, processes
from fleet.protocol_hub import ProtocolHub
from fleet.tcp_proxy import TcpProxy
from unclouded.fleet.base.base import FleetBase
from unclouded.fleet.base.schema.migrations import migrate
from unclouded.fleet.base.views import OPEN_FATES, GivenCommand, NewCommand, Scope
from unclouded.fleet.local_servers.nats import PrivateNats
from unclouded.fleet.local_servers.postgres import PrivatePostgres

KILLS = int(os.environ.get("UNCLOUDED_KILLS", "5"))  # of each kind
IS_SOAK = KILLS > 20
COMMANDS, COMMAND_KILLS = (1000, 20) if IS_SOAK else (60, 3)
HUBS = 2  # that only speak the protocol, beside the real one
PLUGS = 3
OPEN_COMMANDS = 12  # at once
LATE_S = 0.4  # s for a command that is given while the hub is away
LONGEST_AWAY_S = 2.0
SILENT_S = 0.8
STUCK_S = 120.0  # without progress
ALL = Scope.everything()
BY_HUB = ("confirmed", "expired", "timeout", "unreachable")  # as outcomes of these stories


class Fleet(msgspec.Struct):
    """Servers that are killed. ``servers``: the pids of those of the fleet."""

    nats: PrivateNats
    postgres: PrivatePostgres
    processes: Processes
    dsn: str
    shard: int
    servers: list[int]
    threads: ThreadPoolExecutor  # a server ends with the thread that started it

    async def call(self, work: Callable[[], object]) -> None:
        """Do it in a thread."""
        await asyncio.get_running_loop().run_in_executor(self.threads, work)

    def kill_server(self, number: int) -> None:
        self.processes.kill(self.servers[number])
        self.servers[number] = self.processes.server(self.dsn, self.nats.urls, self.shard)

    def kill_nats(self, turn: int) -> None:
        """One node after another, and then all of them at once."""
        nodes = len(self.nats.urls)
        node = turn % (nodes + 1) if nodes > 1 else nodes
        self.nats.kill(node if node < nodes else None)
        self.nats.restart(node if node < nodes else None)

    def kill_postgres(self) -> None:
        self.postgres.kill()
        self.postgres.start()

    async def enrol(self, hubs: Sequence[str]) -> None:
        """An organisation that has these hubs."""
        now = time.time()
        async with FleetBase(self.dsn, 1) as base:
            organisation = await base.register.add_organisation(f"of {hubs[0]}", self.shard)
            code = os.urandom(32)
            await base.register.add_code(code, organisation.number, len(hubs), now + 900, "test", now)
            for hub in hubs:
                await base.register.enrol(code, hub, f"U{hub.upper()}", f"Home {hub[-3:]}", now)


@pytest.fixture(scope="module")
def started(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Processes]:
    pytest.importorskip("psycopg")
    with processes(tmp_path_factory.mktemp("kills") / "errors.log") as found:
        yield found


@pytest.fixture(scope="module")
def fleet(started: Processes, killed_nats: PrivateNats, killed_postgres: PrivatePostgres) -> Iterator[Fleet]:
    dsn, shard = killed_postgres.create_database("kills"), new_shard()
    asyncio.run(migrate(dsn))
    with ThreadPoolExecutor(6) as threads:
        pids = [started.server(dsn, killed_nats.urls, shard) for _ in range(2)]
        yield Fleet(killed_nats, killed_postgres, started, dsn, shard, pids, threads)
        for pid in pids:
            started.end(pid)


async def until(is_so: Callable[[], bool], what: Callable[[], str]) -> None:
    """Wait until it is so."""
    deadline = time.monotonic() + STUCK_S
    while not is_so():
        assert time.monotonic() < deadline, f"no progress: {what()}"
        await asyncio.sleep(0.05)


# --- windows ------------------------------------------------------------------------------------------


@pytest.mark.kills
@pytest.mark.timeout(300 + 20 * KILLS)
@pytest.mark.usefixtures("short_waits")
async def test_nothing_that_was_acknowledged_is_lost_whatever_is_killed(fleet: Fleet, tmp_path: Path) -> None:
    chance = random.Random(KILLS)
    names = [new_hub_id() for _ in range(HUBS + 1)]
    await fleet.enrol(names)
    async with AsyncExitStack() as stack:
        proxy = await stack.enter_async_context(TcpProxy(fleet.nats.addresses[0], chance).open())
        plug = CommandedPlug("plug")
        await stack.enter_async_context(plug.running())
        home = KilledHome(
            tmp_path / "home", names[0], fleet.nats.trust, [proxy.url], fleet.shard, [(plug.id, plug.url)]
        )
        hubs = [
            ProtocolHub(name, proxy.url, fleet.nats.trust, fleet.shard, seed) for seed, name in enumerate(names[1:])
        ]
        story = WindowStory(fleet, home, hubs, proxy, chance)
        try:
            await story.run()
        finally:
            await story.close()
    counts = proxy.counts
    print(counts, {hub.hub: hub.acknowledged for hub in hubs})
    assert min(counts.cut, counts.half_open, counts.delayed, counts.repeated, counts.swallowed) >= KILLS, counts
    async with FleetBase(fleet.dsn, 1) as base:
        for hub in hubs:
            assert hub.acknowledged > 10 * KILLS
            found = await base.history.windows(ALL, hub.hub, "raw", 0.0, 2.0**40)
            assert found == sorted(hub.windows.values(), key=lambda one: one.start)
        await compare(base, home)


async def compare(base: FleetBase, home: KilledHome) -> None:
    """Each window that the hub has acknowledged, entry by entry with its store."""
    stored: dict[str, dict[int, tuple[int, object]]] = {}
    for level in COMPARED:
        windows = await base.history.windows(ALL, home.hub, level, 0.0, 2.0**40)
        stored[level] = {one.start: (one.number, entries(level, one)) for one in windows}
    compared = Counter[str]()
    for level, window in home.contents():
        number, found = stored[level][window.start]
        assert number == window.number, (level, window.start)
        assert found == entries(level, window), (level, window.start)
        compared[level] += 1
    for level, start, number in home.acknowledged("known <> number"):
        assert level not in stored or stored[level][start][0] >= number, (level, start)
    print(f"Compared with the hub's store, {KILLS} kills of each kind: {dict(compared)}")
    assert compared["raw"] > min(5 * KILLS, 150) and compared["quarter"] and compared["events"], compared


class WindowStory:
    """``home``: a real hub in a process of its own, which gets late readings; ``hubs`` only speak the protocol."""

    def __init__(
        self, fleet: Fleet, home: KilledHome, hubs: Sequence[ProtocolHub], proxy: TcpProxy, chance: random.Random
    ) -> None:
        self._fleet = fleet
        self._home = home
        self._hubs = hubs
        self._proxy = proxy
        self._chance = chance
        self._running = [asyncio.create_task(hub.run()) for hub in hubs]
        self._pid = fleet.processes.hub(home.file, ["plug"])

    async def run(self) -> None:
        await until(lambda: self._home.newest() > 0, lambda: f"the first window, {self._fleet.processes.errors()}")
        feeding = asyncio.create_task(self._feed())
        for turn in range(KILLS):
            await self._go_on(turn, self._kill_servers)
            await self._go_on(turn, self._break_lines)
        feeding.cancel()
        await self._fleet.call(lambda: self._kill_hub([]))  # no more late readings
        self._proxy.delay_s = self._proxy.repeats = 0.0
        await until(
            lambda: not any(hub.dirty for hub in self._hubs) and not self._home.behind(),
            lambda: f"{self._home.behind()}",
        )

    async def close(self) -> None:
        for task in self._running:
            task.cancel()
        await asyncio.gather(*self._running, return_exceptions=True)
        await self._fleet.call(lambda: self._fleet.processes.kill(self._pid))

    async def _feed(self) -> None:
        while True:
            for hub in self._hubs:
                hub.change()
            await asyncio.sleep(0.1)

    async def _go_on(self, turn: int, disturb: Callable[[int], Awaitable[None]]) -> None:
        """Disturb, and wait until each hub gets on."""
        await disturb(turn)
        before = self._progress()
        await until(
            lambda: all(now > one for now, one in zip(self._progress(), before, strict=True)),
            lambda: f"turn {turn}, {before}, {self._progress()}, {self._fleet.processes.errors()}",
        )

    def _progress(self) -> list[int]:
        return [self._home.newest(), *(hub.acknowledged for hub in self._hubs)]

    async def _kill_servers(self, turn: int) -> None:
        """The database, and a server of the fleet, while hubs send."""
        fleet = self._fleet
        await asyncio.gather(
            self._later(lambda: fleet.call(fleet.kill_postgres)),
            self._later(lambda: fleet.call(lambda: fleet.kill_server(turn % 2))),
        )

    async def _break_lines(self, turn: int) -> None:
        """Of hubs, of which one is killed; and NATS."""
        fleet = self._fleet
        self._proxy.delay_s, self._proxy.repeats = (0.0, 0.02)[turn % 2], 0.4
        self._proxy.go_half_open()
        await asyncio.gather(
            self._later(lambda: fleet.call(lambda: fleet.kill_nats(turn))),
            self._later(lambda: fleet.call(lambda: self._kill_hub(["plug"]))),
            self._later(self._cut),
        )

    async def _later(self, work: Callable[[], Awaitable[None]]) -> None:
        await asyncio.sleep(self._chance.random() * 0.3)
        await work()

    async def _cut(self) -> None:
        await until(lambda: self._proxy.lines > 0, lambda: "no line to cut")
        self._proxy.cut()

    def _kill_hub(self, late: Sequence[str]) -> None:
        self._fleet.processes.kill(self._pid)
        self._pid = self._fleet.processes.hub(self._home.file, late)


# --- commands -----------------------------------------------------------------------------------------


@pytest.mark.kills
@pytest.mark.timeout(300 + COMMANDS)
@pytest.mark.usefixtures("short_waits")
async def test_no_command_is_carried_out_twice_and_the_fleet_says_what_the_hub_says(
    fleet: Fleet, tmp_path: Path
) -> None:
    chance, hub = random.Random(COMMANDS), new_hub_id()
    await fleet.enrol([hub])
    async with AsyncExitStack() as stack:
        proxy = await stack.enter_async_context(TcpProxy(fleet.nats.addresses[0], chance).open())
        proxy.repeats = 0.2
        plugs = [CommandedPlug(f"plug{number}") for number in range(PLUGS)]
        for plug in plugs:
            await stack.enter_async_context(plug.running())
        devices = [(plug.id, plug.url) for plug in plugs]
        home = KilledHome(tmp_path / "home", hub, fleet.nats.trust, [proxy.url], fleet.shard, devices)
        base = await stack.enter_async_context(FleetBase(fleet.dsn, 1))
        story = CommandStory(fleet, home, base, plugs, chance)
        try:
            given = await story.run()
        finally:
            await fleet.call(story.close)
    done = sum((plug.done for plug in plugs), Counter[int]())
    check_outcomes(given, home, done)
    assert proxy.counts.repeated > COMMANDS // 20


def check_outcomes(given: Sequence[GivenCommand], home: KilledHome, done: Mapping[int, int]) -> None:
    """What the fleet says, the hub's journal and what the plugs did agree."""
    journal, fates = home.journal(), Counter(one.fate for one in given)
    assert max(done.values()) == 1
    assert not fates.keys() - {*BY_HUB, "undelivered"}, fates
    for one in given:
        entry, times = journal.find(one.id), done.get(int(one.value), 0)
        if one.fate == "undelivered":
            assert entry is None and not times, one
        else:
            assert entry is not None and entry.state == one.fate, (one, entry)
            assert one.fate == "timeout" or times == (one.fate == "confirmed"), (one, times)
    print(f"{len(given)} commands, {COMMAND_KILLS} kills of the hub: {dict(fates)}")
    assert fates["undelivered"] >= COMMAND_KILLS // 2, fates
    assert fates["timeout"] >= COMMAND_KILLS // 2, fates
    assert fates["confirmed"] >= COMMANDS // 2, fates


class CommandStory:
    """``run`` gives COMMANDS to the plugs of a home while its hub and the servers are killed, and some more that
    end while the hub is away. Each has a value of its own.
    """

    def __init__(
        self,
        fleet: Fleet,
        home: KilledHome,
        base: FleetBase,
        plugs: Sequence[CommandedPlug],
        chance: random.Random,
    ) -> None:
        self._fleet = fleet
        self._home = home
        self._base = base
        self._plugs = plugs
        self._chance = chance
        self._value = self._given = 0
        self._pid = fleet.processes.hub(home.file)

    async def run(self) -> list[GivenCommand]:
        """All commands, at their end."""
        kills_at = sorted(self._chance.sample(range(5, COMMANDS - 5), COMMAND_KILLS))
        for number, end in enumerate([*kills_at, COMMANDS]):
            while self._given < end:
                await self._wait(OPEN_COMMANDS // 2)
                some = self._chance.choices(self._plugs, k=min(OPEN_COMMANDS // 2, end - self._given))
                await self._give(some, 60.0 + COMMANDS)
                self._given += len(some)
            if number < COMMAND_KILLS:
                await self._kill(number)
        await self._wait(0)
        return await self._all()

    def close(self) -> None:
        self._fleet.processes.end(self._pid)

    async def _kill(self, number: int) -> None:
        """At any moment, or while it carries a command out; what is given now reaches no hub in time."""
        plug = self._plugs[number % PLUGS]
        if number % 2:
            await asyncio.sleep(self._chance.random() * 0.1)
        else:
            plug.hold()
            await self._give([plug], 60.0 + COMMANDS)
            async with asyncio.timeout(STUCK_S):
                await plug.held.wait()
            await self._end_time(self._value)
        await self._fleet.call(lambda: self._fleet.processes.kill(self._pid))
        plug.release()
        if number % 3 == 0:
            await self._fleet.call(lambda: self._fleet.kill_server(number % 2))
        before, now = await self._open(), time.time()
        await self._give([plug], LATE_S)
        while await self._open() > before and time.time() < now + LONGEST_AWAY_S:
            await asyncio.sleep(0.05)
        if number % 2 == 0:  # the request that the hub did not answer has timed out, and its time is over
            await asyncio.sleep(SILENT_S)
        self._pid = self._fleet.processes.hub(self._home.file)

    async def _give(self, plugs: Sequence[CommandedPlug], valid_s: float) -> None:
        """Set each of these plugs to another value."""
        targets, now = list[NewCommand](), time.time()
        for plug in plugs:
            self._value += 1
            targets.append(NewCommand(hub=self._home.hub, device=plug.id, point=POINT, value=self._value))
        await self._base.commands.give(ALL, targets, "test", now + valid_s, now, f"{self._home.hub}-{self._value}")

    async def _end_time(self, value: int) -> None:
        """The time of this one is over, in the database: what was delivered is not undelivered for that."""
        async with await psycopg.AsyncConnection.connect(self._fleet.dsn) as connection:
            await connection.execute("UPDATE command SET until = %s WHERE value = %s", (time.time(), Jsonb(value)))

    async def _wait(self, most: int) -> None:
        """Until at most so many are open."""
        deadline = time.monotonic() + STUCK_S
        while await self._open() > most:
            assert time.monotonic() < deadline, f"no progress: {self._value} {self._fleet.processes.errors()}"
            await asyncio.sleep(0.05)

    async def _open(self) -> int:
        fates = await self._base.commands.fates(ALL, self._home.hub)
        return sum(fates.get(fate, 0) for fate in OPEN_FATES)

    async def _all(self) -> list[GivenCommand]:
        return await self._base.commands.commands(ALL, self._home.hub, limit=2 * COMMANDS)
