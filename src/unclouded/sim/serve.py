"""Simulated devices on real links: device-role sessions of the families, and the simulated world that they measure.

    Simulation ── every second: world.step(dt) ──► SimDevice.measure() ──► session.submit(measured values)
                                                        ▲ AskCommand("1", True): the controller closes the relay

Devices use the same Driver as the hub. One world can have many devices: plugs for its loads, and the meter. Whoever
starts a simulation supervises it: an error inside ends ``run`` with that error.
"""

import asyncio
from collections.abc import Callable, Coroutine, Mapping, Sequence
from pathlib import Path
from typing import Protocol, runtime_checkable

import msgspec

from unclouded.core.errors import LinkError
from unclouded.core.family import SimKind, SimOptions, SimSubject
from unclouded.core.model import Value
from unclouded.core.profile import Profile
from unclouded.core.sessions.driver import Driver
from unclouded.core.sessions.link import Inlet, Link
from unclouded.core.sessions.session import (
    Ambient,
    AskBlock,
    AskCommand,
    Asked,
    AskServer,
    Event,
    Noticed,
    Offline,
    Online,
    Refusal,
    Remember,
    Session,
    Settled,
    Ticket,
    WireAction,
)
from unclouded.sim.measured_part import MeasuredPart
from unclouded.sim.product.circuits import CircuitPlan
from unclouded.sim.product.simulated_product import SimulatedProduct
from unclouded.sim.product.subject import ProductSubject
from unclouded.sim.seeded_random import SeededRandom
from unclouded.sim.subjects import SUBJECTS, Subject
from unclouded.sim.world import World

TICK_S = 1.0  # s between two measurements
DEVICES_PER_TURN = 20  # that are measured before the loop does something else


@runtime_checkable
class _Listener(Protocol):
    """A link that waits for connections; after its start it has an address."""

    @property
    def url(self) -> str: ...


@runtime_checkable
class _Terminal(Protocol):
    """A link that other programs open as a terminal."""

    path: Path


@runtime_checkable
class _Several(Protocol):
    """A link that is made of others."""

    links: Sequence[Link]


class Surroundings(Protocol):
    """What a simulated device asks of the computer that it runs on."""

    def connect(self, question: AskServer) -> bool | Refusal:
        """Connect it to a server, or to none."""

    async def download(self, url: str, limit: int) -> bytes | Refusal:
        """A file, at most ``limit`` bytes."""


class WorldProduct(msgspec.Struct, frozen=True):
    """A product, and its circuits in the world."""

    product: SimulatedProduct
    plan: CircuitPlan


class SimDevice:
    """One simulated device. ``subject``: the plug or breaker of ``world`` that it measures.

    A kind that measures the meter needs no subject. ``surroundings`` None: it can neither choose its server nor
    download. ``part_profiles``: of its sub-devices, by name. ``products``: what it and its sub-devices play, by their
    id, "" = the device itself. Raises ConfigError where the world has no such plug.
    """

    def __init__(
        self,
        kind: SimKind,
        profile: Profile,
        world: World,
        subject: str,
        options: SimOptions,
        link: Link,
        catch_up: Callable[[], None] = lambda: None,
        memory: Mapping[str, bytes] | None = None,
        surroundings: Surroundings | None = None,
        part_profiles: Mapping[str, Profile] | None = None,
        products: Mapping[str, WorldProduct] | None = None,
    ) -> None:
        self._kind = kind
        self._options = options
        self._products = products or {}
        self._surroundings = surroundings
        self._downloads: set[asyncio.Task[None]] = set()
        self._world = world
        self._own = self._part("", profile, kind.subject, subject, kind.settings)
        self._parts = {
            part.id: self._part(part.id, (part_profiles or {})[part.profile], part.subject, part.load, part.settings)
            for part in kind.parts
        }
        self._link = link
        self._catch_up = catch_up
        self._memory = dict(memory or {})
        self._driver: Driver | None = None
        self._ready: asyncio.Future[str] = asyncio.get_running_loop().create_future()
        self._connected = asyncio.Event()
        self._answers: dict[Ticket, asyncio.Future[Settled]] = {}
        self.on_offline: Callable[[str], None] = lambda reason: None  # called with the reason
        self.on_notice: Callable[[str], None] = lambda text: None  # called with what it shows of its state
        self.on_remember: Callable[[str, bytes], None] = lambda key, value: None

    def _part(
        self, id: str, profile: Profile, kind: SimSubject, name: str, settings: Mapping[str, Value]
    ) -> MeasuredPart:
        encoders, decoders = self._kind.encoders, self._kind.decoders
        played = self._products.get(id)
        if played is None:
            subject: Subject = SUBJECTS[kind](self._world, name)
            return MeasuredPart(id, profile, self._world, subject, settings, encoders, decoders)
        subject = ProductSubject(self._world, played.product, played.plan, self._options.seed)
        spans = played.product.spans
        return MeasuredPart(id, profile, self._world, subject, settings, encoders, decoders, spans)

    @property
    def name(self) -> str:
        return f"{self._kind.name} {self._own.subject.name}"

    async def run(self) -> None:
        """Serve until cancelled. Raises LinkRefused and errors of the session."""
        self._driver = Driver(self._session(), _StartNotifier(self._link, self._on_started), self._on_events)
        try:
            self.measure()
            await self._driver.run()
        finally:
            self._driver = None
            for task in self._downloads:
                task.cancel()
            if not self._ready.done():
                self._ready.set_exception(LinkError(f"The simulated {self.name} stopped before it could be reached."))
                self._ready.exception()  # marks it as retrieved, in case no task waits

    async def ready(self) -> str:
        """The device's address, as soon as it can be reached; "" where its link connects to the other end.

        Raises LinkError where it stops before that.
        """
        return await asyncio.shield(self._ready)

    def measure(self) -> None:
        """Submit the current values to the session."""
        for part in (self._own, *self._parts.values()):
            measured = part.measure()
            if self._driver is not None and measured is not None:
                self._driver.submit(measured)
            if self._driver is not None and part.has_record():
                self._driver.submit(WireAction("record", part=part.part))

    def stats(self) -> Mapping[str, float]:
        """The counters of its session."""
        return self._driver.stats() if self._driver is not None else {}

    async def ask(self, what: str) -> Settled:
        """Send one of the kind's ``asks`` to the controller, once one is connected. Raises CommandError."""
        await self._connected.wait()
        if self._driver is None:
            return Settled(0, "unreachable", "the device has stopped")
        ticket = self._driver.submit(WireAction("ask", {"what": what}))
        self._answers[ticket] = asyncio.get_running_loop().create_future()
        return await self._answers[ticket]

    # --- inside --------------------------------------------------------------------------------

    def _session(self) -> Session:
        """A reproducible session: clock, random numbers and memory follow from the options."""
        loop = asyncio.get_running_loop()
        unix, started = self._world.unix, loop.time()
        rng = SeededRandom(self._options.seed, self.name)
        numbers = iter(range(2**40))
        ambient = Ambient(
            wall=lambda now: unix + now - started,
            token=lambda length: rng.token(next(numbers), length),
            memory=self._memory,
        )
        return self._kind.make(self._options, ambient)

    def _on_started(self) -> None:
        if not self._ready.done():
            self._ready.set_result(address_of(self._link))

    def _on_events(self, events: Sequence[Event], now: float) -> None:
        for event in events:
            match event:
                case Asked(id=id, question=AskCommand(key=key, value=value), part=part):
                    one = self._parts.get(part, self._own)
                    self._answer(id, one.execute(key, value, self._catch_up))
                case Asked(id=id, question=AskServer() as question) if self._surroundings is not None:
                    self._answer(id, self._surroundings.connect(question))
                case Asked(id=id, question=AskBlock(size=size, file=url)) if self._surroundings is not None:
                    self._download(id, self._surroundings.download(url, size))
                case Asked(id=id, question=question):
                    self._answer(id, Refusal(f"a simulated device cannot answer {type(question).__name__}"))
                case Remember(key=key, value=value):
                    self._memory[key] = value
                    self.on_remember(key, value)
                case Noticed(reason=reason):
                    self.on_notice(reason)
                case Online():
                    self._connected.set()
                case Offline(reason=reason, asleep=False):
                    self.on_offline(reason)
                case Settled(ticket=ticket) if ticket in self._answers:
                    self._answers.pop(ticket).set_result(event)

    def _download(self, id: int, download: Coroutine[None, None, bytes | Refusal]) -> None:
        async def run() -> None:
            self._answer(id, await download)

        task = asyncio.create_task(run(), name=f"sim {self.name} downloads")
        self._downloads.add(task)
        task.add_done_callback(self._downloads.discard)

    def _answer(self, id: int, answer: bool | bytes | Refusal) -> None:
        if self._driver is not None:
            self._driver.answer(id, answer)
            self.measure()


class _StartNotifier:
    """A link that calls ``started`` after its start."""

    def __init__(self, link: Link, started: Callable[[], None]) -> None:
        self._link = link
        self._on_started = started
        self.send = link.send
        self.close = link.close

    def start(self, inlet: Inlet) -> None:
        self._link.start(inlet)
        self._on_started()


def address_of(link: Link) -> str:
    """Where others reach it: the first such address of several links; "" = it connects to the other end."""
    match link:
        case _Listener():
            return link.url
        case _Terminal():
            return str(link.path.absolute())
        case _Several():
            return next(filter(None, map(address_of, link.links)), "")
    return ""


class Simulation:
    """A world and its devices, advanced by one timer.

    simulation = Simulation(World(seed=1, start_unix=time.time()))
    simulation.add(kind, profile, "kettle", SimOptions(seed=1), link)
    await simulation.run()
    """

    def __init__(self, world: World, every: float = TICK_S) -> None:
        self.world = world
        self.devices: list[SimDevice] = []
        self._every = every
        self._loop = asyncio.get_running_loop()
        self._advanced_to = self._loop.time()

    def add(
        self,
        kind: SimKind,
        profile: Profile,
        subject: str,
        options: SimOptions,
        link: Link,
        memory: Mapping[str, bytes] | None = None,
        surroundings: Surroundings | None = None,
        part_profiles: Mapping[str, Profile] | None = None,
        products: Mapping[str, WorldProduct] | None = None,
    ) -> SimDevice:
        """Add a device, before ``run``. ``memory``: its persistent memory from earlier runs.

        ``part_profiles``: those that its kind names for its sub-devices, by name. ``products``: see ``SimDevice``.

        Raises ConfigError where the world has no such plug.
        """
        device = SimDevice(
            kind,
            profile,
            self.world,
            subject,
            options,
            link,
            self.catch_up,
            memory,
            surroundings,
            part_profiles,
            products,
        )
        self.devices.append(device)
        return device

    async def run(self) -> None:
        """Run until cancelled. Raises the error of the first device that fails, and stops the others."""
        self._advanced_to = self._loop.time()
        tasks = [asyncio.create_task(device.run(), name=f"sim {device.name}") for device in self.devices]
        tasks.append(asyncio.create_task(self._tick(), name="sim world"))
        try:
            await asyncio.gather(*tasks)
        finally:
            for task in tasks:
                task.cancel()
            await asyncio.gather(*tasks, return_exceptions=True)

    async def ready(self) -> Sequence[str]:
        """The address of each device, once all can be reached."""
        return await asyncio.gather(*(device.ready() for device in self.devices))

    def catch_up(self) -> None:
        """Advance the world to the current time."""
        now = self._loop.time()
        self.world.step(max(now - self._advanced_to, 0.0))
        self._advanced_to = now

    async def _tick(self) -> None:
        """Measure at regular times; missed ones are skipped."""
        due = self._advanced_to
        while True:
            missed = max((self._loop.time() - due) // self._every, 0.0)  # timers may fire slightly early
            due += self._every * (missed + 1)
            await asyncio.sleep(due - self._loop.time())
            for number, device in enumerate(self.devices):
                if number % DEVICES_PER_TURN == 0:
                    await asyncio.sleep(0)
                    self.catch_up()
                device.measure()
