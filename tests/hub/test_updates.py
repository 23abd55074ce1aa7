"""An appliance is updated: an update file, the hub, a line in memory, a simulated MCU at its other end."""

import asyncio
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from pathlib import Path
from typing import cast

import msgspec
import pytest

from hub.running_hub import HubFacts, running
from unclouded.app.files.update_files import UpdateFiles
from unclouded.core.errors import CommandError
from unclouded.core.family import SimOptions
from unclouded.core.model import Action, Command, Notice, Outcome, Progress, Status
from unclouded.core.sessions.session import Ambient, LinkPath, Session
from unclouded.families.tuya import FAMILY_WIFI
from unclouded.families.tuya.controller import controller
from unclouded.families.tuya.line.endpoint import Endpoint
from unclouded.families.tuya.settings import LineSettings
from unclouded.hub.channels.channel_spec import ChannelSpec
from unclouded.hub.clock import WallClock
from unclouded.hub.hub import Hub
from unclouded.hub.node import NodeSpec
from unclouded.hub.services.services import Files, Services
from unclouded.links.memory import MemoryLink, pair
from unclouded.profiles import ProfileLibrary as Profiles
from unclouded.sim.serve import Simulation
from unclouded.sim.world import Scenario, World
from virtual_loop import story

NOON = 1_795_262_400.0  # Unix seconds at the start of each story
FIRMWARE = bytes(range(256)) * 50 + b"unclouded-sim-version:1.0.9;"


class Home(HubFacts):
    """A hub with a plug behind its MCU. ``sessions``: the MCU's, one for each time that it was plugged in."""

    def __init__(self, hub: Hub, update_files: UpdateFiles, sessions: list[Session]) -> None:
        super().__init__(hub)
        self.update_files = update_files
        self.sessions = sessions
        self.steps: list[Progress] = []

    async def online(self) -> None:
        await self.until("online")
        await asyncio.sleep(2.0)

    async def until(self, state: str) -> None:
        """Until that is the device's newest state."""
        while [fact.state for fact in self.of(Status)][-1:] != [state]:
            await asyncio.sleep(0.05)

    async def update(self, **args: str) -> Outcome:
        args = {"file": "plug.bin", **args}
        return await self.hub.act(Action("plug", "update", args, "cli", confirmed=True), self.steps.append)

    @property
    def version(self) -> str:
        return self.hub.devices()[0].info["version"]

    def outcomes(self) -> list[str]:
        return [fact.words for fact in self.of(Notice) if fact.kind == "action"]


class Line:
    """The line to the plug, which can be disconnected."""

    def __init__(self) -> None:
        self.far: list[MemoryLink] = []

    def open(self) -> MemoryLink:
        ours, theirs = pair(LinkPath())
        self.far.append(theirs)
        return ours


@asynccontextmanager
async def hub(folder: Path, *faults: str, kind: str = "tuya-plug") -> AsyncIterator[Home]:
    loop = asyncio.get_running_loop()
    profile = Profiles(lambda family: LineSettings).get(FAMILY_WIFI.sim_kinds[kind].profile)
    line, sessions = Line(), list[Session]()
    spec = ChannelSpec(
        family="tuya_wifi",
        link="memory:",
        generic=profile,
        profile=profile,
        open_link=line.open,
        make_session=lambda profile, ambient: controller(profile.session, ambient),  # type: ignore[arg-type]
        reading=FAMILY_WIFI,
        actions=FAMILY_WIFI.actions,
    )
    update_files = UpdateFiles(folder / "updates")
    update_files.put("plug.bin", FIRMWARE)
    clock = WallClock(loop.time, lambda: NOON + loop.time())
    hub = Hub(
        [NodeSpec(id="plug", channels=(spec,))], Services(lambda: NOON, files=cast("Files", update_files)), clock, bytes
    )
    home = Home(hub, update_files, sessions)
    async with running(hub.run()):
        while not line.far:
            await asyncio.sleep(0.01)
        async with running(_simulated(line.far[0], kind, faults, sessions)):
            yield home


async def _simulated(link: MemoryLink, name: str, faults: tuple[str, ...], sessions: list[Session]) -> None:
    kind = FAMILY_WIFI.sim_kinds[name]

    def make(options: SimOptions, ambient: Ambient) -> Session:
        sessions.append(kind.make(options, ambient))
        return sessions[-1]

    sims = Simulation(World(1, NOON, Scenario(plugs={"lamp": "lamp"})))
    profile = Profiles(lambda family: LineSettings).get(kind.profile)
    options = SimOptions(seed=1, faults=frozenset(faults))
    subject = "lamp" if kind.subject == "plug" else ""
    sims.add(msgspec.structs.replace(kind, make=make), profile, subject, options, link)
    await sims.run()


@story
async def test_new_firmware_is_installed_and_its_version_is_reported(tmp_path: Path) -> None:
    async with hub(tmp_path) as home:
        await home.online()
        assert home.version == "1.0.0"
        outcome = await home.update(version="1.0.9")
        assert outcome.result == "confirmed" and "1.0.9" in outcome.reason, outcome
        assert home.version == "1.0.9"
        (mcu,) = home.sessions
        assert isinstance(mcu, Endpoint) and mcu.role.target.data == FIRMWARE
        assert (home.steps[0].done, home.steps[-1].done, home.steps[-1].total) == (0, len(FIRMWARE), len(FIRMWARE))
        assert home.outcomes()[-1].startswith("update plug.bin by cli: confirmed")


@story
async def test_the_device_can_be_switched_again_after_its_update(tmp_path: Path) -> None:
    async with hub(tmp_path) as home:
        await home.online()
        await home.update()
        for on in (False, True):
            assert (await home.hub.command(Command("plug", "on", on, "cli"))).result == "confirmed"


@story
async def test_during_an_update_the_device_takes_no_command_and_the_file_stays(tmp_path: Path) -> None:
    async with hub(tmp_path, "answers-slowly") as home:
        await home.online()
        updating = asyncio.create_task(home.update())
        await asyncio.sleep(0.5)
        switched = await home.hub.command(Command("plug", "on", False, "cli"))
        assert switched.result == "refused" and "an update is running" in switched.reason
        assert (await home.update()).result == "refused"
        with pytest.raises(CommandError, match="being sent"):
            home.update_files.remove("plug.bin")
        assert (await updating).result == "confirmed"
        assert home.update_files.remove("plug.bin") is not None


@story
async def test_an_mcu_that_takes_no_updates_is_named_as_the_reason(tmp_path: Path) -> None:
    async with hub(tmp_path, "ignores-update") as home:
        await home.online()
        outcome = await home.update()
        assert outcome.result in ("refused", "timeout") and "does not answer the start of the update" in outcome.reason
        assert home.version == "1.0.0"


@story
async def test_an_mcu_that_restarts_during_the_update_is_named_as_the_reason(tmp_path: Path) -> None:
    async with hub(tmp_path, "restarts-during-update") as home:
        await home.online()
        outcome = await home.update()
        assert outcome.result == "refused" and "restarted in the middle" in outcome.reason


@story
async def test_an_mcu_that_reports_its_old_version_afterwards_has_not_installed_it(tmp_path: Path) -> None:
    async with hub(tmp_path, "keeps-old-version") as home:
        await home.online()
        outcome = await home.update()
        assert outcome.result == "refused" and "still reports version 1.0.0" in outcome.reason


@story
async def test_a_hub_that_ends_during_an_update_reports_the_progress(tmp_path: Path) -> None:
    async with hub(tmp_path, "answers-slowly") as home:
        await home.online()
        updating = asyncio.create_task(home.update())
        await asyncio.sleep(1.0)
    outcome = await updating
    assert outcome.result == "unreachable" and outcome.reason.endswith("of 13 kB")
    assert home.update_files.remove("plug.bin") is not None, "nothing holds it any more"


@story
async def test_an_invalid_update_is_refused_at_once_and_nothing_is_sent(tmp_path: Path) -> None:
    async with hub(tmp_path) as home:
        await home.online()
        for args, words in (
            ({"file": "gone.bin"}, "keeps no file 'gone.bin'.*It has: plug.bin"),
            ({"file": "../../etc/passwd"}, "is not a valid file name"),
            ({"speed": "9"}, "has no argument speed=. It takes file=, version="),
            ({"version": "new"}, "version"),
        ):
            with pytest.raises(CommandError, match=words):
                await home.update(**args)
        with pytest.raises(CommandError, match="--yes"):
            await home.hub.act(Action("plug", "update", {"file": "plug.bin"}))
        assert not home.outcomes() and not home.steps


@story
async def test_a_battery_device_is_updated_while_it_is_awake_and_not_otherwise(tmp_path: Path) -> None:
    async with hub(tmp_path, kind="tuya-door-sensor") as home:
        for state in ("online", "asleep"):
            await home.until(state)
        asleep = await home.update()
        assert asleep.result == "unreachable" and "press its button" in asleep.reason
        await home.until("online")
        awake = await home.update()
        assert (awake.result, awake.reason) == ("confirmed", "version 1.0.9")
        assert home.outcomes()[-1].startswith("update plug.bin by cli: confirmed")
