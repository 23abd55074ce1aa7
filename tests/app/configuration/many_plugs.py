"""A hub with many simulated Tuya plugs on links in memory, under a clock that jumps; its configuration may change."""

import asyncio
from collections.abc import AsyncIterator, Mapping
from contextlib import asynccontextmanager
from typing import Any

from msgspec.structs import replace

from unclouded.app.configuration.config import parse_config
from unclouded.app.device_factory import DeviceFactory
from unclouded.app.protocols import profile_library, simulated_kinds
from unclouded.core.family import SimOptions
from unclouded.core.model import Fact, Reading, Status
from unclouded.core.sessions.link import Inlet
from unclouded.core.sessions.session import Out
from unclouded.hub.channels.channel_spec import ChannelSpec
from unclouded.hub.clock import WallClock
from unclouded.hub.hub import Hub, Reconfigured
from unclouded.hub.node import NodeSpec
from unclouded.hub.services.services import Services
from unclouded.links.memory import MemoryLink, pair
from unclouded.sim.loads import LoadKind
from unclouded.sim.serve import Simulation
from unclouded.sim.world import Scenario, World

NOON = 1_795_262_400.0  # Unix seconds at the start of each story
PLUG = 'family = "tuya_wifi"\nprofile = "tuya/plug_metering"\n'


def device(number: int, id: str = "", **more: object) -> str:
    """The table of a plug; ``number``: of its wire."""
    keys = {"id": id or f"plug_{number}", "link": f"tcp://10.0.0.{number}:6638", **more}
    lines = [f"{key} = {value}" if key == "scale" else f'{key} = "{value}"' for key, value in keys.items()]
    return "\n".join(("[[device]]", *lines, PLUG))


class PlugWire:
    """The far end of a wire: one simulated plug, however often the hub opens its own end. ``opened``: how often."""

    def __init__(self) -> None:
        self.opened = 0
        self._inlet: Inlet | None = None
        self._end: MemoryLink | None = None

    def open(self) -> MemoryLink:
        ours, self._end = pair()
        self.opened += 1
        if self._inlet is not None:
            self._end.start(self._inlet)
        return ours

    def start(self, inlet: Inlet) -> None:
        self._inlet = inlet
        if self._end is not None:
            self._end.start(inlet)

    def send(self, out: Out) -> None:
        if self._end is not None:
            self._end.send(out)

    async def close(self) -> None:
        if self._end is not None:
            await self._end.close()


class ManyPlugs:
    """``facts``: all that the hub has published, with the time (s since the start) of each."""

    def __init__(self, wires: int) -> None:
        self.wires = {f"tcp://10.0.0.{number}:6638": PlugWire() for number in range(1, wires + 1)}
        self.made: list[ChannelSpec] = []
        self.facts: list[tuple[float, Fact]] = []
        self.started_at = asyncio.get_running_loop().time()
        self.hub: Hub = None  # type: ignore[assignment]  # ``many_plugs`` sets it

    def specs(self, text: str) -> list[NodeSpec]:
        nodes = DeviceFactory(parse_config(text, "hub.toml")).nodes()
        return [replace(node, channels=tuple(map(self._wired, node.channels))) for node in nodes]

    def _wired(self, channel: ChannelSpec) -> ChannelSpec:
        wired = replace(channel, open_link=self.wires[channel.link].open)
        self.made.append(wired)
        return wired

    async def reconfigure(self, text: str) -> Reconfigured:
        async def make() -> list[NodeSpec]:
            return self.specs(text)

        return await self.hub.reconfigure(make)

    def readings(self, device: str, point: str, since: float = 0.0) -> dict[float, Any]:
        return {
            at: one.value
            for at, one in self.facts
            if isinstance(one, Reading) and (one.device, one.point) == (device, point) and at >= since
        }

    def values(self, device: str) -> dict[str, Any]:
        """What is current of a device, by point."""
        now = [one for one in self.hub.snapshot() if isinstance(one, Reading) and one.device == device]
        return {one.point: one.value for one in now}

    def states(self, device: str, since: float = 0.0) -> list[str]:
        return [one.state for at, one in self.facts if isinstance(one, Status) and one.device == device and at >= since]

    def sessions(self) -> Mapping[str, object]:
        return {
            node.id: channel._driver._session
            for node in self.hub._nodes.values()
            for channel in node.channels
            if channel._driver is not None
        }


@asynccontextmanager
async def many_plugs(text: str, wires: int) -> AsyncIterator[ManyPlugs]:
    """``wires``: how many plugs there are, whether the configuration has them or not."""
    loop = asyncio.get_running_loop()
    home = ManyPlugs(wires)
    loads: dict[str, LoadKind] = {f"load_{number}": "pump" for number in range(wires)}
    simulation = Simulation(World(1, NOON, Scenario(plugs=loads)))
    kind, profile = simulated_kinds()["tuya-plug"][1], profile_library().get("tuya/plug_metering")
    for seed, (load, wire) in enumerate(zip(loads, home.wires.values(), strict=True)):
        simulation.add(kind, profile, load, SimOptions(seed=seed), wire)
    clock = WallClock(loop.time, lambda: NOON + loop.time())
    home.hub = hub = Hub(home.specs(text), Services(lambda: NOON + loop.time()), clock, bytes)
    hub.subscribe(lambda facts: home.facts.extend((round(loop.time() - home.started_at, 3), fact) for fact in facts))
    tasks = [asyncio.create_task(run(), name="story") for run in (simulation.run, hub.run)]
    try:
        yield home
    finally:
        for task in tasks:
            task.cancel()
        await asyncio.wait(tasks)
