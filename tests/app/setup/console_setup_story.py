"""An opened plug on its serial line under a clock that jumps, and a set-up over its console."""

import asyncio
from collections.abc import AsyncIterator, Callable
from contextlib import asynccontextmanager
from datetime import UTC, datetime
from pathlib import Path
from typing import Any

from msgspec.structs import replace

from unclouded.app.console import direct_console
from unclouded.app.protocols import profile_library, simulated_kinds
from unclouded.app.setup.console.console_commands import LinkCommands, open_console
from unclouded.app.setup.console.console_setup import ConsoleSetup
from unclouded.app.setup.console.console_steps import ConsolePlan, ConsoleSetupStep
from unclouded.app.setup.hub_for_setup import PlugServer
from unclouded.app.simulation.simulated_plug import BoundPlug, bound
from unclouded.core.family import SimOptions
from unclouded.core.sessions.session import AskServer, Refusal
from unclouded.core.views.facts import SetupStep
from unclouded.links.memory import pair
from unclouded.links.named_path import NamedPathLink
from unclouded.sim.serve import Simulation
from unclouded.sim.world import Scenario, World

AT = datetime(2026, 11, 29, 22, 15, 30, tzinfo=UTC)
PASSWORD = "a_good_password"
OLD_PASSWORD = "the_old_password"
KEY = "3f1f6a1e5e0d4a8b9c7d2e1f0a9b8c7d"
SERVER = PlugServer("192.0.2.2", 8883, "192.0.2.2", KEY)
NEW = replace(
    bound(3, ""), console=True, unconfigured=True, dialect="hw2.1.7", networks=(f"Home:{PASSWORD}", "Guests:")
)
LINK = "serial:///dev/ttyUSB9"


class Air:
    """What the plug asks for of its server: it is never reached."""

    def __init__(self) -> None:
        self.asked: list[AskServer] = []

    def connect(self, question: AskServer) -> bool | Refusal:
        self.asked.append(question)
        return True

    async def download(self, url: str, limit: int) -> bytes | Refusal:
        return Refusal("no file")


class Bench:
    """``steps``: what was reported. ``questions``: what a person was asked, who answers ``yes``."""

    def __init__(self, console: LinkCommands, folder: Path, air: Air, world: World) -> None:
        self.console, self.folder, self.air, self.world = console, folder, air, world
        self.steps: list[ConsoleSetupStep | SetupStep] = []
        self.questions: list[str] = []
        self.yes = True

    def setup(self, **plan: Any) -> ConsoleSetup:  # Any: fields of the plan
        def confirm(question: str) -> bool:
            self.questions.append(question)
            return self.yes

        number = len(list(self.folder.glob("*.config")))
        whole = {"backup": self.folder / f"{number}.config", **plan}
        return ConsoleSetup(ConsolePlan(**whole), self.console, self.steps.append, confirm)

    async def move(self, setup: ConsoleSetup) -> None:
        """Up to the restart, as the verb does it."""
        await setup.find()
        await setup.read(AT)
        await setup.leave_factory_mode()
        if setup.plan.ssid:
            await setup.networks()
        possible = setup.show(setup.changes_for(SERVER))
        if setup.plan.only_shows:
            return
        await setup.write(possible)
        await setup.written_again(possible)
        await setup.restart()

    async def run(self, command: str) -> Any:  # Any: JSON
        return await self.console.run(command, show_secrets=True)

    async def setting(self, group: str, key: str) -> str:
        answer = await self.run(f"config read {group} {key}")
        return str(answer["entries"][0]["value"])

    def texts(self) -> str:
        return "\n".join(f"{one.step} {one.state} {one.text} {getattr(one, 'changes', '')}" for one in self.steps)


@asynccontextmanager
async def bench(
    folder: Path, monkeypatch: Any, *faults: str, plug: BoundPlug = NEW, damage: Callable[[bytes], bytes] | None = None
) -> AsyncIterator[Bench]:
    near, far = pair()
    monkeypatch.setattr(direct_console, "open_link", lambda url, **how: near)
    kind = simulated_kinds()["mss310"][1]
    world, air = World(1, AT.timestamp(), Scenario(plugs={"lamp": "lamp"})), Air()
    simulation = Simulation(world)
    options = SimOptions(faults=frozenset(faults))
    link = NamedPathLink(far, "console")
    simulation.add(kind, profile_library().get(kind.profile), "lamp", options, link, plug.memory, air)
    running = asyncio.create_task(simulation.run(), name="sim")
    try:
        async with open_console(LINK, None) as console:
            assert isinstance(console, LinkCommands)
            yield Bench(console, folder, air, world)
    finally:
        running.cancel()
        await asyncio.wait({running})
