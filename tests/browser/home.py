"""A simulated home for browser tests: simulated devices on real links and the real hub, in a thread of the process.

    World (shared) ◄── a Simulation for each device ── TCP, or TLS to the broker ──────► the hub ── HTTP ──► the browser
          ▲                                                                                                  ▲
          └───────────────────────────────── the test observes both ends ────────────────────────────────────┘

Devices and hub can be stopped and started separately; each keeps its address.
"""

import asyncio
import threading
import time
from collections.abc import Callable, Coroutine, Iterable, Mapping
from concurrent.futures import Future
from pathlib import Path
from types import TracebackType
from typing import Any, TypeVar
from urllib.parse import urlsplit

import msgspec

from unclouded.app.configuration.config import load_config
from unclouded.app.hub_process import RunningHub, running
from unclouded.app.protocols import settings_of, simulated_kinds
from unclouded.app.simulation.simulated_plug import bound, client_link
from unclouded.app.simulation.simulation import CONSOLE
from unclouded.core.family import SimKind, SimOptions
from unclouded.core.model import Device, Fact, Ledger, Reading, Status
from unclouded.core.sessions.link import Link
from unclouded.links import open_link
from unclouded.links.multi_path import MultiPathLink
from unclouded.links.named_path import NamedPathLink
from unclouded.profiles import ProfileLibrary
from unclouded.sim.loads import LoadKind
from unclouded.sim.serve import Simulation, address_of
from unclouded.sim.world import ROOF, Scenario, World
from unclouded.store.file.schema import open_to_write
from unclouded.store.writer import StoreWriter
from unclouded.web.access.password import Cost, CredentialStore, hashed
from unclouded.web.schemas import Role

T = TypeVar("T")

TIMEOUT_S = 120.0  # never reached in a passing test
INTERVAL_S = 0.25  # between two measurements, so that tests need not wait
KEY = "a key for these tests"
CHEAP = Cost(n=2, r=1, p=1)
BROKER = '[broker]\nlisten = "127.0.0.1:0"\nhost = "127.0.0.1"\n[meross]\nkey_file = "meross.key"'

TARIFF = """
[costs]
tariff = "Home"
[[tariff]]
name = "Home"
currency = "EUR"
[[tariff.part]]
name = "Energy"
price = 0.20
[[tariff.part]]
kind = "standing"
name = "Meter"
price = 0.10
per = "day"
"""


def until(is_so: Callable[[], bool], seen: Callable[[], object] = lambda: "") -> None:
    """Wait until it is so. ``seen``: what an error shows.

    Playwright's wait_for_function evaluates text in the page, which the page's policy forbids unless it is so at once.
    """
    give_up = time.monotonic() + TIMEOUT_S
    while not is_so():
        assert time.monotonic() < give_up, seen()
        time.sleep(0.02)


class Thing(msgspec.Struct, frozen=True, kw_only=True):
    """A simulated device. ``load``: what is plugged in, or "" for the meter, or the roof.

    ``console``: an mss310 that was opened: the hub has its HTTP and its serial console, by TCP.
    """

    id: str
    name: str
    kind: str = "tuya-plug"
    load: str = "lamp"
    faults: frozenset[str] = frozenset()
    more: str = ""  # more lines of its [[device]] table
    console: bool = False

    @property
    def sim_kind(self) -> SimKind:
        return simulated_kinds()[self.kind][1]

    @property
    def new_link(self) -> str:
        """Where it is served first: any free port."""
        return "http-listen://127.0.0.1:0" if self.kind == "mss310" else "listen://127.0.0.1:0"

    @property
    def subject(self) -> str:
        """What it measures: the name in the simulated world."""
        return self.load if self.load in ("", ROOF) else self.id


def meter(**more: Any) -> Thing:
    """The meter of the home. Any: fields of Thing."""
    return Thing(id="meter", name="House meter", kind="mgm111", load="", more="session = { poll_s = 1 }", **more)


class Home:
    """Simulated ``things`` and a hub.

    ``config``: more tables; ``listen``: [web] listen; ``interval_s``: between two measurements.
    """

    def __init__(
        self,
        folder: Path,
        things: Iterable[Thing],
        config: str = "",
        listen: str = "127.0.0.1:0",
        hour: float = 18.0,
        interval_s: float = INTERVAL_S,
    ) -> None:
        self.folder = folder
        self.things = {thing.id: thing for thing in things}
        loads: dict[str, LoadKind] = {"unknown": "lamp"}
        loads |= {one.id: one.load for one in self.things.values() if one.load not in ("", ROOF)}  # type: ignore[misc]
        loads |= {part.load: "lamp" for one in self.things.values() for part in one.sim_kind.parts if part.load}
        self.world = World(1, time.time(), Scenario(plugs=loads, hour=hour))
        self.address = ""
        self._interval_s = interval_s
        self._config = config
        self._listen = listen
        self._addresses: dict[str, str] = {}
        self._consoles: dict[str, str] = {}
        self._sims: dict[str, asyncio.Task[None]] = {}
        self._hub: tuple[asyncio.Task[None], asyncio.Event] | None = None
        self._running: RunningHub | None = None
        self._loop = asyncio.new_event_loop()
        self._moved = self._loop.time()
        self._thread = threading.Thread(target=self._loop.run_forever, name="home")

    def __enter__(self) -> "Home":
        self._thread.start()
        try:
            (self.folder / "meross.key").write_text(KEY)
            for thing in self.things.values():
                self.start_sim(thing.id)
            self.start_hub()
        except BaseException:
            self.close()
            raise
        return self

    def __exit__(self, kind: type[BaseException] | None, error: object, trace: TracebackType | None) -> None:
        self.close()

    def close(self) -> None:
        try:
            self.stop_hub()
            for id in list(self._sims):
                self.stop_sim(id)
        finally:
            self._loop.call_soon_threadsafe(self._loop.stop)
            self._thread.join()
            self._loop.close()

    # --- the devices ---------------------------------------------------------------------------

    def start_sim(self, id: str) -> None:
        """Start the simulated device; again at the same address."""
        self._do(self._start_sim(self.things[id]))

    def stop_sim(self, id: str) -> None:
        """Stop the simulated device."""
        self._do(_stop(self._sims.pop(id)))

    def connect_plug(self, seed: int) -> str:
        """Connect a plug that is not configured to the broker; returns its UUID."""
        plug = bound(seed, KEY)
        self._do(self._connect_plug(seed))
        return plug.uuid

    def relay(self, id: str) -> bool:
        """Whether the relay of the simulated plug is closed."""
        return self.world.plug(id).on

    def press(self, id: str) -> None:
        """Press the button on the plug."""
        self._do(_call(lambda: self.world.switch(id, not self.relay(id))))

    # --- the hub -------------------------------------------------------------------------------

    def start_hub(self) -> None:
        """Start the hub; again on the same port."""
        self._do(self._start_hub())

    def stop_hub(self) -> None:
        if self._hub is not None:
            task, ended = self._hub
            self._hub = None
            self._loop.call_soon_threadsafe(ended.set)
            self._do(_wait(task))

    def set_password(self, role: Role, text: str) -> None:
        """Set a password as ``unclouded web password`` does; a running hub reads it."""
        credential_store = CredentialStore(self.folder / "data" / "state")
        credential_store.change(lambda known: known.with_password(role, hashed(text, CHEAP)))

    def store_readings(self, id: str, readings: Iterable[Reading | Status]) -> None:
        """Write readings and states of earlier days to the store while the hub is stopped; totals go on from them."""
        self.until(lambda values: any(device == id for device, _ in values))
        known = next(fact for fact in self.facts() if isinstance(fact, Device) and fact.id == id)
        earlier = list(readings)
        totals = {one.point: one.value for one in earlier if isinstance(one, Reading) and one.point.endswith("_Wh")}
        ledgers = [
            Ledger(identity=known.identity, point=point, total=round(float(Wh) * 1000)) for point, Wh in totals.items()
        ]
        self.stop_hub()
        db = open_to_write(self.folder / "data" / "store.sqlite")
        StoreWriter(db, time.time).write([known, *ledgers, *earlier])
        db.close()
        self.start_hub()

    def facts(self) -> list[Fact]:
        """The current facts of the hub."""
        assert self._running is not None
        return list(self._do(_call(self._running.hub.snapshot)))

    def readings(self) -> dict[tuple[str, str], Any]:
        """The newest value of each point. Any: as points have them."""
        return {(fact.device, fact.point): fact.value for fact in self.facts() if isinstance(fact, Reading)}

    def state(self, id: str) -> str:
        return next(fact.state for fact in self.facts() if isinstance(fact, Status) and fact.device == id)

    def until(self, true: Callable[[Mapping[tuple[str, str], Any]], bool]) -> None:
        """Wait until the condition is true for the newest readings of the hub."""
        until(lambda: true(self.readings()), self.readings)

    # --- inside --------------------------------------------------------------------------------

    def _do(self, work: Coroutine[Any, Any, T]) -> T:
        future: Future[T] = asyncio.run_coroutine_threadsafe(work, self._loop)
        return future.result(TIMEOUT_S)

    def _catch_up(self) -> None:
        """Advance the world to the current time."""
        now = self._loop.time()
        self.world.step(max(now - self._moved, 0.0))
        self._moved = now

    async def _start_sim(self, thing: Thing) -> None:
        address = (
            self._addresses.get(thing.id, thing.new_link).replace("tcp:", "listen:").replace("http:", "http-listen:")
        )
        link = open_link(address, base=self.folder)
        plug = bound(1, KEY)
        if thing.console:
            console = open_link(self._consoles.get(thing.id, "listen://127.0.0.1:0").replace("tcp:", "listen:"))
            link = MultiPathLink([link, NamedPathLink(console, CONSOLE)], needs_all=True)
            plug = msgspec.structs.replace(plug, console=True, dialect="hw2.1.7")
        memory = plug.memory if thing.kind == "mss310" else None
        self._addresses[thing.id] = await self._simulate(thing, SimOptions(seed=1, faults=thing.faults), link, memory)
        if thing.console:
            self._consoles[thing.id] = address_of(console)

    async def _connect_plug(self, seed: int) -> None:
        assert self._running is not None and self._running.broker is not None
        await self._running.broker.ready()
        plug = bound(seed, KEY)
        link = client_link("127.0.0.1", self._running.broker.address[1], plug)
        await self._simulate(Thing(id="unknown", name="", kind="mss310"), SimOptions(seed=seed), link, plug.memory)

    async def _simulate(
        self, thing: Thing, options: SimOptions, link: Link, memory: Mapping[str, bytes] | None = None
    ) -> str:
        kind, library = thing.sim_kind, ProfileLibrary(settings_of)
        parts = {part.profile: library.get(part.profile) for part in kind.parts}
        simulation = _Share(self.world, self._interval_s, self._catch_up)
        device = simulation.add(
            kind, library.get(kind.profile), thing.subject, options, link, memory, part_profiles=parts
        )
        self._sims[thing.id] = asyncio.create_task(simulation.run(), name=f"sim.{thing.id}")
        return await device.ready()

    def _toml(self) -> str:
        lines = [
            "[hub]",
            f'data = "{self.folder / "data"}"',
            "[web]",
            f'listen = "{self._listen}"',
            "mdns = false",
            self._config,
        ]
        for thing in self.things.values():
            lines += ["[[device]]", f'id = "{thing.id}"', f'name = "{thing.name}"']
            family, link = f'family = "{simulated_kinds()[thing.kind][0]}"', f'link = "{self._addresses[thing.id]}"'
            if thing.console:
                lines += [
                    f'uuid = "{bound(1, KEY).uuid}"',
                    thing.more,
                    "[[device.channel]]",
                    'name = "wifi"',
                    family,
                    link,
                ]
                lines += ["[[device.channel]]", 'name = "console"', 'family = "meross_console"']
                lines += [f'link = "{self._consoles[thing.id]}"']
            else:
                lines += [family, link, thing.more]
        return "\n".join(lines)

    async def _start_hub(self) -> None:
        file = self.folder / "unclouded.toml"
        file.write_text(self._toml())
        ready: asyncio.Future[RunningHub] = self._loop.create_future()
        ended = asyncio.Event()
        self._hub = asyncio.create_task(_life(file, ready, ended), name="hub"), ended
        either: set[asyncio.Future[RunningHub] | asyncio.Task[None]] = {ready, self._hub[0]}
        await asyncio.wait(either, return_when=asyncio.FIRST_COMPLETED)
        if not ready.done():
            self._hub[0].result()
        self._running = ready.result()
        port = urlsplit(self._running.web).port
        self.address = f"http://127.0.0.1:{port}"
        self._listen = f"{self._listen.rpartition(':')[0]}:{port}"


class _Share(Simulation):
    """The simulation of one device in a shared world."""

    def __init__(self, world: World, interval_s: float, catch_up: Callable[[], None]) -> None:
        super().__init__(world, interval_s)
        self.catch_up = catch_up  # type: ignore[method-assign]  # the shared world has one time


async def _life(file: Path, ready: "asyncio.Future[RunningHub]", ended: asyncio.Event) -> None:
    async with running(load_config(file)) as hub:
        ready.set_result(hub)
        await ended.wait()


async def _stop(task: "asyncio.Task[None]") -> None:
    task.cancel()
    await asyncio.wait({task})


async def _wait(task: "asyncio.Task[None]") -> None:
    await task


async def _call(what: Callable[[], T]) -> T:
    return what()
