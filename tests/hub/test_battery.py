"""A battery device behind the hub: commands are held while it sleeps and delivered when it wakes."""

import asyncio
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager

from hub.running_hub import HubFacts, running
from unclouded.core.family import SimOptions
from unclouded.core.model import Command, Notice, Reading, Status
from unclouded.core.sessions.session import LinkPath
from unclouded.families.tuya import FAMILY_WIFI
from unclouded.families.tuya.controller import controller
from unclouded.families.tuya.settings import LineSettings
from unclouded.hub.channels.channel_spec import ChannelSpec
from unclouded.hub.clock import WallClock
from unclouded.hub.hub import Hub, RestoredState
from unclouded.hub.identity import KnownDevice
from unclouded.hub.node import NodeSpec
from unclouded.hub.services.services import Services
from unclouded.links.memory import MemoryLink, pair
from unclouded.profiles import ProfileLibrary
from unclouded.sim.serve import Simulation
from unclouded.sim.world import World
from virtual_loop import story, virtual_run

NOON = 1_795_262_400.0  # Unix seconds at the start of each story
HOUR = 3600.0
COMMAND = Command("door", "wakes_every_min", 30, "anna")


class Home(HubFacts):
    """A hub, and the simulated sensor on its front door."""

    def states(self) -> list[str]:
        return [fact.state for fact in self.of(Status)]

    def values(self, point: str) -> list[object]:
        return [fact.value for fact in self.of(Reading) if fact.point == point]


@asynccontextmanager
async def hub(*faults: str, restored: RestoredState | None = None, dialect: str = "auto") -> AsyncIterator[Home]:
    loop = asyncio.get_running_loop()
    profiles = ProfileLibrary(lambda family: LineSettings)
    profile = profiles.get("tuya/door_sensor")
    far: list[MemoryLink] = []

    def open_link() -> MemoryLink:
        ours, theirs = pair(LinkPath())
        far.append(theirs)
        return ours

    settings = LineSettings(dialect=dialect)  # type: ignore[arg-type]  # one of the three
    spec = ChannelSpec(
        family="tuya_wifi",
        link="memory:",
        generic=profile,
        profile=profile,
        open_link=open_link,
        make_session=lambda profile, ambient: controller(settings, ambient),
        reading=FAMILY_WIFI,
    )
    clock = WallClock(loop.time, lambda: NOON + loop.time())
    hub = Hub([NodeSpec(id="door", channels=(spec,))], Services(lambda: NOON + loop.time()), clock, bytes, restored)
    home = Home(hub)
    sims = Simulation(World(seed=1, start_unix=NOON))
    kind = FAMILY_WIFI.sim_kinds["tuya-door-sensor"]
    async with running(hub.run()):
        while not far:
            await asyncio.sleep(0.01)
        sims.add(kind, profile, "", SimOptions(seed=1, faults=frozenset(faults)), far[0])
        async with running(sims.run()):
            yield home


async def until_asleep(home: Home) -> None:
    while home.states()[-1:] != ["asleep"]:
        await asyncio.sleep(0.5)


@story
async def test_each_opening_of_the_door_is_reported() -> None:
    async with hub() as home:
        await asyncio.sleep(2 * HOUR)
        moves = home.values("open")
        changes = sum(one != before for one, before in zip(moves[1:], moves, strict=False))
        assert changes >= 6
        assert set(home.values("battery_percent")) == {100}
        assert {"online", "asleep"} <= set(home.states())
        assert not [one for one in home.of(Notice) if one.kind == "rejected"]


def test_a_command_for_a_sleeping_device_is_held_and_delivered_when_it_wakes() -> None:
    for faults in ((), ("never-asks-for-settings", "sends-twice")):
        virtual_run(held_and_delivered(*faults))


async def held_and_delivered(*faults: str) -> None:
    async with hub(*faults) as home:
        await until_asleep(home)
        outcome = await home.hub.command(COMMAND)
        assert (outcome.result, outcome.reason) == ("held", "door is asleep; it gets this when it wakes.")
        await asyncio.sleep(HOUR)
        outcomes = [notice.data["result"] for notice in home.of(Notice) if notice.kind == "command"]
        assert outcomes[0] == "held" and outcomes[-1] == "confirmed", faults
        assert home.values("wakes_every_min")[-1] == 30
        assert not any(value for memory in home.memory().values() for key, value in memory.items() if "command:" in key)


@story
async def test_a_held_command_and_the_dialect_outlive_a_restart_of_the_hub() -> None:
    async with hub() as home:
        await until_asleep(home)
        await home.hub.command(COMMAND)
        (device,) = home.hub.devices()
        known = KnownDevice(identity=device.identity, id="door", family="tuya_wifi", link="memory:")
        restored = RestoredState(memory=home.memory(), known=[known])
    async with hub(restored=restored) as home:
        await asyncio.sleep(0.05)
        assert "asleep" in home.states() and "waiting" not in home.states(), "before it has sent anything"
        await asyncio.sleep(60.0)
        assert home.values("wakes_every_min")[-1] == 30
        assert [notice.data["result"] for notice in home.of(Notice) if notice.kind == "command"] == ["confirmed"]


@story
async def test_a_command_for_a_device_that_never_reported_is_held_where_the_dialect_is_configured() -> None:
    async with hub("sends-nothing", dialect="low_power") as home:
        await asyncio.sleep(0.05)
        assert (await home.hub.command(COMMAND)).result == "held"


@story
async def test_a_command_is_held_again_when_the_device_falls_asleep_before_it_settles() -> None:
    async with hub("sleeps-after-ack", "never-asks-for-settings") as home:
        while "online" not in home.states():
            await asyncio.sleep(0.05)
        await asyncio.sleep(2.0)  # it sleeps already, but its module does not know yet
        assert home.states()[-1] == "online"
        assert (await home.hub.command(COMMAND)).result in ("held", "timeout")
