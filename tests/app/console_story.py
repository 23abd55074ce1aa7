"""One simulated plug with two real ends under a clock that jumps: its HTTP and its serial console, and the hub on both.

Hub ─┬─ family meross ───────── memory ─┐
     └─ family meross_console ─ memory ─┴─ SimDevice(ConsoleDevice) ─ World
"""

import asyncio
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from typing import Any

from msgspec.structs import replace

from unclouded.app import device_factory
from unclouded.app.configuration.config import parse_config
from unclouded.app.configuration.tables.file import HiddenText
from unclouded.app.device_factory import DeviceFactory
from unclouded.app.protocols import profile_library, simulated_kinds
from unclouded.app.simulation.simulated_plug import BoundPlug, bound
from unclouded.core.family import SimOptions
from unclouded.core.model import Device, Fact, Reading, Status
from unclouded.core.sessions.link import Inlet, Link
from unclouded.core.sessions.session import LinkPath
from unclouded.hub.clock import WallClock
from unclouded.hub.hub import Hub, RestoredState
from unclouded.hub.services.services import Services
from unclouded.links.memory import MemoryLink, pair
from unclouded.links.multi_path import MultiPathLink
from unclouded.links.named_path import NamedPathLink
from unclouded.sim.serve import Simulation
from unclouded.sim.world import Scenario, World

NOON = 1_795_262_400.0  # Unix seconds at the start of each story
KEY = "a key for tests, 32 digits long."
WIFI_PASSWORD = "a secret for Wi-Fi"
PLUG = replace(bound(3, KEY), console=True, http="192.0.2.7:80", dialect="hw2.1.7")

WIFI_AND_CONSOLE = f"""
[[device]]
id = "kettle"
uuid = "{PLUG.uuid}"
[[device.channel]]
name = "console"
family = "meross_console"
link = "serial:///dev/ttyUSB9"
[[device.channel]]
name = "wifi"
family = "meross"
link = "http://192.0.2.7"
"""
CONSOLE_ALONE = """
[[device]]
id = "kettle"
family = "meross_console"
link = "serial:///dev/ttyUSB9"
"""


class Ends:
    """The far ends of the hub's links: "http" and "console"; each can be cut, and be back."""

    def __init__(self) -> None:
        http = pair(LinkPath(name="http", answers=True), LinkPath(name="http", asks=True))
        self.near: dict[str, MemoryLink] = {"http": http[0]}
        self._far: dict[str, MemoryLink] = {"http": http[1]}
        self.near["serial"], self._far["serial"] = pair()
        self._inlets: dict[str, Inlet] = {}

    def link(self) -> Link:
        return MultiPathLink([self._far["http"], NamedPathLink(self._far["serial"], "console")])

    def open(self, url: str, **how: Any) -> Link:  # Any: as open_link takes it
        return self.near[url.partition(":")[0]]

    async def cut(self, name: str) -> None:
        inlet = self._far[name]._inlet
        assert inlet is not None
        self._inlets[name] = inlet
        await self._far[name].close()

    def back(self, name: str) -> None:
        self._far[name].start(self._inlets[name])


class Story:
    """The hub, what it has published, the simulated plug's world, and the ends between them."""

    def __init__(self, hub: Hub, facts: list[Fact], world: World, ends: Ends) -> None:
        self.hub, self.facts, self.world, self.ends = hub, facts, world, ends
        self._began_Wh = world.plug("kettle").energy_Wh

    @property
    def used_Wh(self) -> float:
        """What the load behind the plug has really used since the start."""
        return float(self.world.plug("kettle").energy_Wh - self._began_Wh)

    def of(self, kind: type) -> list[Any]:  # Any: the caller names the kind
        return [fact for fact in self.facts if isinstance(fact, kind)]

    def readings(self, point: str) -> list[Reading]:
        return [one for one in self.of(Reading) if one.point == point]

    def value(self, point: str) -> Any:  # Any: a Value
        found = [one for one in self.hub.snapshot() if isinstance(one, Reading) and one.point == point]
        return found[0].value if found else None

    @property
    def device(self) -> Device:
        (device,) = self.hub.devices()
        return device

    @property
    def status(self) -> Status:
        return [one for one in self.hub.snapshot() if isinstance(one, Status)][-1]


@asynccontextmanager
async def home(
    devices: str, monkeypatch: Any, plug: BoundPlug = PLUG, restored: RestoredState | None = None, at: float = NOON
) -> AsyncIterator[Story]:
    """A hub with these devices, and the plug."""
    loop, ends = asyncio.get_running_loop(), Ends()
    monkeypatch.setattr(device_factory, "open_link", ends.open)
    config = replace(parse_config(devices, "unclouded.toml"), meross_key=HiddenText(KEY))
    kind = simulated_kinds()["mss310"][1]
    world = World(1, at, Scenario(plugs={"kettle": "kettle"}))
    simulation = Simulation(world)
    simulation.add(kind, profile_library().get(kind.profile), "kettle", SimOptions(), ends.link(), plug.memory)
    clock = WallClock(loop.time, lambda: at + loop.time())
    hub = Hub(DeviceFactory(config).nodes(), Services(lambda: at + loop.time()), clock, bytes, restored)
    facts: list[Fact] = []
    hub.subscribe(facts.extend)
    running = [asyncio.create_task(one, name=name) for one, name in ((hub.run(), "hub"), (simulation.run(), "sim"))]
    try:
        yield Story(hub, facts, world, ends)
    finally:
        for task in running:
            task.cancel()
        await asyncio.wait(running)
        for task in running:
            if not task.cancelled():
                task.result()
