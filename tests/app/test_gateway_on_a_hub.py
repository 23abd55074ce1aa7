"""A simulated gateway and the real hub on a line in memory: each sub-device is a device of its own everywhere."""

import asyncio
from collections.abc import AsyncIterator, Mapping
from contextlib import asynccontextmanager
from datetime import UTC

from hub.running_hub import HubFacts, running
from unclouded.app.protocols import profile_library
from unclouded.core.family import SimOptions
from unclouded.core.model import Action, Command, Device, Notice, Reading, Status
from unclouded.core.profile import Profile
from unclouded.core.sessions.link import Link
from unclouded.core.sessions.session import Ambient, Session, WireAction
from unclouded.families.tuya import FAMILY_GATEWAY
from unclouded.hub.channels.channel_spec import ChannelSpec
from unclouded.hub.clock import WallClock
from unclouded.hub.hub import Hub, RestoredState
from unclouded.hub.identity import KnownDevice
from unclouded.hub.node import NodeSpec, PartName
from unclouded.hub.services.services import Services
from unclouded.links import memory
from unclouded.sim.serve import SimDevice, Simulation
from unclouded.sim.subjects import scenario_for
from unclouded.sim.world import World
from virtual_loop import story

NOON = 1_795_262_400.0  # Unix seconds at the start of each story
LIBRARY = profile_library()
KIND = FAMILY_GATEWAY.sim_kinds["tuya-gateway"]
THERMOMETER, PLUG, LOCK = "gateway_00124b00a1b2c301", "gateway_00124b00a1b2c302", "gateway_03a1b2c30404"


class Home(HubFacts):
    """The hub, the simulated gateway, and what was published."""

    def __init__(self, hub: Hub, device: SimDevice) -> None:
        super().__init__(hub)
        self.device = device

    def state(self, device: str) -> str:
        return [fact.state for fact in self.of(Status) if fact.device == device][-1]

    def newest(self, device: str) -> dict[str, object]:
        return {one.point: one.value for one in self.of(Reading) if one.device == device}

    def restored(self) -> RestoredState:
        """What a store would have kept."""
        known = [
            KnownDevice(
                identity=of.identity, id=of.id, family=of.family, link=of.link, product=of.info.get("product", "")
            )
            for of in self.hub.devices()
        ]
        memory = {one: {key: value for key, value in of.items() if value} for one, of in self.memory().items()}
        return RestoredState(memory=memory, known=known)


def spec(link: Link) -> NodeSpec:
    def make(profile: Profile, ambient: Ambient) -> Session:
        assert FAMILY_GATEWAY.controller is not None
        return FAMILY_GATEWAY.controller(profile.session, ambient)

    return NodeSpec(
        id="gateway",
        channels=(
            ChannelSpec(
                family="tuya_gateway",
                link="memory:",
                generic=LIBRARY.get("tuya_gateway/gateway"),
                generic_part=LIBRARY.get("tuya_gateway/sub_device"),
                for_product=lambda product: LIBRARY.for_product("tuya_gateway", product),
                open_link=lambda: link,
                make_session=make,
                reading=FAMILY_GATEWAY,
                decoders=FAMILY_GATEWAY.decoders,
                actions=FAMILY_GATEWAY.actions,
                part_actions=FAMILY_GATEWAY.part_actions,
            ),
        ),
    )


@asynccontextmanager
async def home(
    restored: RestoredState | None = None, sim_memory: Mapping[str, bytes] | None = None
) -> AsyncIterator[Home]:
    loop = asyncio.get_running_loop()
    scenario, subject = scenario_for(KIND.subject, "lamp")
    simulation = Simulation(World(1, NOON, scenario))
    ours, theirs = memory.pair()
    parts = {part.profile: LIBRARY.get(part.profile) for part in KIND.parts}
    device = simulation.add(
        KIND, LIBRARY.get(KIND.profile), subject, SimOptions(seed=1), theirs, sim_memory, part_profiles=parts
    )
    services = Services(lambda: NOON + loop.time(), UTC)
    clock = WallClock(loop.time, lambda: NOON + loop.time())
    hub = Hub([spec(ours)], services, clock, bytes, restored)
    home = Home(hub, device)
    async with running(simulation.run(), hub.run()):
        await asyncio.sleep(3)
        yield home


async def permit(one: Home) -> None:
    outcome = await one.hub.act(Action("gateway", "permit"))
    assert outcome.result == "confirmed"
    await asyncio.sleep(10)


@story
async def test_each_sub_device_is_a_device_with_its_own_profile_points_and_actions() -> None:
    async with home() as one:
        await permit(one)
        devices = {device.id: device for device in one.hub.devices()}
        assert len(devices) == 8
        plug = devices[PLUG]
        assert (plug.profile, plug.parent, plug.info["sub_id"]) == (
            "tuya_gateway/plug_metering",
            "gateway",
            "00124b00a1b2c302",
        )
        assert plug.name == "Metering plug c302", "its product, and the end of its id"
        assert [action.name for action in plug.actions] == ["remove", "forget", "rename", "update"]
        assert one.newest(THERMOMETER).keys() == {"temperature_C", "humidity_percent", "battery_percent"}
        assert one.state(PLUG) == "online"


@story
async def test_a_command_switches_the_load_behind_the_sub_device() -> None:
    async with home() as one:
        await permit(one)
        for value in (False, True):
            outcome = await one.hub.command(Command(PLUG, "on", value))
            assert outcome.result == "confirmed"
            assert one.newest(PLUG)["on"] is value


@story
async def test_a_name_and_the_sub_devices_outlive_a_restart_of_the_hub() -> None:
    async with home() as one:
        await permit(one)
        assert (await one.hub.act(Action(PLUG, "rename", {"name": "Desk plug"}))).result == "confirmed"
        await asyncio.sleep(1)
        restored, kept = one.restored(), dict(one.device._memory)
        identity = next(device.identity for device in one.hub.devices() if device.id == PLUG)
    async with home(restored, kept) as again:
        plug = next(device for device in again.hub.devices() if device.id == PLUG)
        assert (plug.name, plug.identity, plug.profile) == ("Desk plug", identity, "tuya_gateway/plug_metering")
        await asyncio.sleep(20)
        assert "power_W" in again.newest(PLUG)
        assert {again.state(device.id) for device in again.hub.devices()} == {"online"}, "also those without points"


@story
async def test_the_configuration_names_a_sub_device_and_says_where_it_is_while_it_runs() -> None:
    async with home() as one:
        await permit(one)
        await one.hub.act(Action(PLUG, "rename", {"name": "Desk plug"}))
        await asyncio.sleep(1)
        named = NodeSpec(
            id="gateway",
            channels=one.hub._nodes["gateway"].spec.channels,
            parts={PLUG: PartName(name="Lamp", room="Study")},
        )
        one.facts.clear()

        async def specs() -> list[NodeSpec]:
            return [named]

        result = await one.hub.reconfigure(specs)
        assert result.changes.described == ("gateway",) and not result.changes.restarted
        plug = next(fact for fact in one.facts if isinstance(fact, Device) and fact.id == PLUG)
        assert (plug.name, plug.room) == ("Lamp", "Study")
        assert (await one.hub.command(Command(PLUG, "on", True))).result == "confirmed"


@story
async def test_a_sub_device_that_was_removed_is_gone_and_its_removal_is_noted() -> None:
    async with home() as one:
        await permit(one)
        assert (await one.hub.act(Action(LOCK, "remove", confirmed=True))).result == "confirmed"
        await asyncio.sleep(1)
        assert LOCK not in [device.id for device in one.hub.devices()]
        assert [fact.kind for fact in one.facts if isinstance(fact, Notice) and fact.device == LOCK][-2:] == [
            "left",
            "action",
        ]


@story
async def test_a_command_for_a_sleeping_sub_device_is_held_and_delivered_when_it_wakes() -> None:
    async with home() as one:
        await permit(one)
        await asyncio.sleep(200)  # its heartbeat says that it has a battery
        driver = one.device._driver
        assert driver is not None
        driver.submit(WireAction("silent", {"state": "on"}, "03a1b2c30404"))
        outcome = await one.hub.command(Command(LOCK, "approve", True))
        assert outcome.result == "held" and one.state(LOCK) == "asleep"
        driver.submit(WireAction("silent", {"state": "off"}, "03a1b2c30404"))
        await asyncio.sleep(700)
        assert one.state(LOCK) == "online" and one.newest(LOCK)["approve"] is True
