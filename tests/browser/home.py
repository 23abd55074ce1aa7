"""A house for a browser: simulated devices on real wires and the real hub, in a thread of the test's own process.

So that a test sees both ends: what the page says, and what the simulated plug's relay does.
"""

import asyncio
import threading
import time
from collections.abc import Callable, Coroutine, Mapping
from concurrent.futures import Future
from pathlib import Path
from typing import Any, TypeVar

import msgspec

from unclouded.app import Running, running
from unclouded.builder import settings_of
from unclouded.config import load_config
from unclouded.demo import sim_kinds
from unclouded.family import SimOptions
from unclouded.links import open_link
from unclouded.model import Fact
from unclouded.profiles import Shelf
from unclouded.sim.loads import LoadKind
from unclouded.sim.serve import SimHouse
from unclouded.sim.world import Scenario, World

T = TypeVar("T")

PATIENCE = 30.0  # s; never reached in a test that passes


class Thing(msgspec.Struct, frozen=True, kw_only=True):
    """A device of the house. ``load``: what is plugged in; none for the meter."""

    id: str
    name: str
    kind: str = "tuya-plug"
    load: LoadKind | None = "lamp"
    faults: frozenset[str] = frozenset()
    more: str = ""  # further lines of its [[device]] table


class Home:
    """``things`` simulated, the hub before them; both can be stopped and started."""

    def __init__(self, folder: Path, things: list[Thing], config: str = "") -> None:
        self.folder = folder
        self.things = {thing.id: thing for thing in things}
        self.worlds: dict[str, World] = {}
        self.address = ""
        self._config = config
        self._listen = "127.0.0.1:0"
        self._places: dict[str, str] = {}
        self._sims: dict[str, asyncio.Task[None]] = {}
        self._hub: tuple[asyncio.Task[None], asyncio.Event] | None = None
        self._running: Running | None = None
        self._loop = asyncio.new_event_loop()
        self._thread = threading.Thread(target=self._loop.run_forever, name="home")

    def __enter__(self) -> "Home":
        self._thread.start()
        for thing in self.things.values():
            self.start_sim(thing.id)
        self.start_hub()
        return self

    def __exit__(self, *error: object) -> None:
        self.stop_hub()
        for id in list(self._sims):
            self.stop_sim(id)
        self._loop.call_soon_threadsafe(self._loop.stop)
        self._thread.join()
        self._loop.close()

    # --- the devices ---------------------------------------------------------------------------

    def start_sim(self, id: str) -> None:
        """Plug it in."""
        self._do(self._start_sim(self.things[id]))

    def stop_sim(self, id: str) -> None:
        """Pull it out."""
        self._do(_stop(self._sims.pop(id)))

    def relay(self, id: str) -> bool:
        """Is the simulated plug's relay closed?"""
        return self.worlds[id].plug(id).on

    def press(self, id: str) -> None:
        """Somebody presses the button on the plug itself."""
        world = self.worlds[id]
        self._loop.call_soon_threadsafe(world.switch, id, not world.plug(id).on)

    # --- the hub -------------------------------------------------------------------------------

    def start_hub(self) -> None:
        """Start it; a second time on the same port."""
        self._do(self._start_hub())

    def stop_hub(self) -> None:
        if self._hub is not None:
            task, ended = self._hub
            self._hub = None
            self._loop.call_soon_threadsafe(ended.set)
            self._do(_wait(task))

    def until(self, true: Callable[[Mapping[tuple[str, str], Fact]], bool]) -> None:
        """Until the hub's newest readings are so."""
        give_up = time.monotonic() + PATIENCE
        while not true(self.readings()):
            assert time.monotonic() < give_up, self.readings()
            time.sleep(0.02)

    def readings(self) -> dict[tuple[str, str], Any]:
        """The newest value of each device's points."""
        assert self._running is not None
        facts = self._do(_call(self._running.hub.snapshot))
        return {(fact.device, fact.point): fact.value for fact in facts if hasattr(fact, "point")}

    # --- inside --------------------------------------------------------------------------------

    def _do(self, work: Coroutine[Any, Any, T]) -> T:
        future: Future[T] = asyncio.run_coroutine_threadsafe(work, self._loop)
        return future.result(PATIENCE)

    async def _start_sim(self, thing: Thing) -> None:
        kind = sim_kinds()[thing.kind][1]
        plugs: dict[str, LoadKind] = {thing.id: thing.load} if thing.load else {"kettle": "kettle"}
        world = self.worlds[thing.id] = World(1, time.time(), Scenario(plugs=plugs, hour=18))
        house = SimHouse(world, every=0.25)
        place = self._places.get(thing.id, "listen://127.0.0.1:0").replace("tcp:", "listen:")
        link = open_link(place, base=self.folder)
        subject = thing.id if thing.load else ""
        device = house.add(
            kind, Shelf(settings_of).get(kind.profile), subject, SimOptions(seed=1, faults=thing.faults), link
        )
        self._sims[thing.id] = asyncio.create_task(house.run(), name=f"sim.{thing.id}")
        self._places[thing.id] = await device.ready()

    def _toml(self) -> str:
        lines = ["[hub]", f'data = "{self.folder / "data"}"', "[web]", f'listen = "{self._listen}"', self._config]
        for thing in self.things.values():
            family = sim_kinds()[thing.kind][0]
            lines += ["[[device]]", f'id = "{thing.id}"', f'name = "{thing.name}"', f'family = "{family}"']
            lines += [f'link = "{self._places[thing.id]}"', thing.more]
        return "\n".join(lines)

    async def _start_hub(self) -> None:
        file = self.folder / "unclouded.toml"
        file.write_text(self._toml())
        ready: asyncio.Future[Running] = self._loop.create_future()
        ended = asyncio.Event()
        self._hub = asyncio.create_task(_life(file, ready, ended), name="hub"), ended
        await asyncio.wait({ready, self._hub[0]}, return_when=asyncio.FIRST_COMPLETED)
        self._running = ready.result() if ready.done() else self._hub[0].result()
        assert self._running is not None
        self.address = self._running.web
        self._listen = self.address.removeprefix("http://").rstrip("/")


async def _life(file: Path, ready: "asyncio.Future[Running]", ended: asyncio.Event) -> None:
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
