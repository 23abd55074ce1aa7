"""A hub without a configuration, simulated devices on pseudo terminals, and the requests of a page."""

import asyncio
import contextlib
from collections.abc import AsyncIterator, Callable, Iterator
from functools import partial
from pathlib import Path
from typing import Any

import pytest

from app.simulation.test_simulated_devices import Silent
from asgi import Answer, ask
from unclouded.app import hub_process
from unclouded.app.configuration.config import first_config
from unclouded.app.configuration.tables.file import NOWHERE
from unclouded.app.doctor.computer import Computer
from unclouded.app.hub_process import RunningHub, running
from unclouded.app.onboarding.link_test import LinkTestTimes
from unclouded.app.onboarding.service import OnboardingService
from unclouded.app.simulation.simulation import SimPlaces, SimulatedDevices
from unclouded.core.family import SimOptions
from unclouded.core.views.facts import FoundPlug
from unclouded.links.mdns import FoundService

TIMEOUT_S = 60  # never reached in a test that passes
FAST = LinkTestTimes(listen_s=0.3, attempt_s=1.5)


async def no_plugs() -> list[FoundPlug]:
    return []


async def no_services() -> list[FoundService]:
    return []


class Newcomer:
    """A person at the page of a new hub. ``file``: the configuration that is to be made."""

    def __init__(self, run: RunningHub, file: Path) -> None:
        self.run = run
        self.file = file

    async def ask(self, method: str, path: str = "", body: object = None, **more: Any) -> Answer:
        return await ask(self.run.api, method, f"/api/onboarding{path}", body=body, **more)

    async def revision(self) -> str:
        return str((await ask(self.run.api, "GET", "/api/configuration")).json["revision"])

    async def type(self, link: str, family: str = "") -> str:
        """Offer a link; its id."""
        answer = await self.ask("POST", "/offers", {"link": link, "family": family})
        assert answer.status == 200, answer.json
        return str(answer.json["id"])

    async def test_until(self, offer: str, *phases: str) -> dict[str, Any]:
        """The test of an offer, once it is in one of these phases; an answering device has values then."""
        begun = await self.ask("POST", "/test", {"offer": offer})
        assert begun.status == 200, begun.json
        return await self.until(*phases)

    async def until(self, *phases: str, path: str = "") -> dict[str, Any]:
        test: dict[str, Any] = {}
        async with asyncio.timeout(TIMEOUT_S):
            while test.get("phase") not in phases or (test["phase"] == "answering" and not test["readings"]):
                await asyncio.sleep(0.05)
                test = (await self.ask("GET", path)).json["test"]
        return test

    async def look(self) -> dict[str, Any]:
        """Everything that is here, when nothing more is looked for."""
        view: dict[str, Any] = (await self.ask("POST", "/look")).json
        async with asyncio.timeout(TIMEOUT_S):
            while any(one["state"] == "looking" for one in view["sources"]):
                await asyncio.sleep(0.02)
                view = (await self.ask("GET")).json
        return view

    async def add(self, offer: str, revision: str = "", **keys: object) -> Answer:
        body = {"offer": offer, "revision": revision or await self.revision(), **keys}
        return await self.ask("POST", "/add", body)

    async def live(self, device: str) -> None:
        """Wait until the hub itself has a value of the device."""
        async with asyncio.timeout(TIMEOUT_S):
            while not (await ask(self.run.api, "GET", f"/api/readings?device={device}")).json:
                await asyncio.sleep(0.05)


@contextlib.contextmanager
def surroundings(
    root: Path,
    discover: Callable[[], Any] = no_plugs,
    times: LinkTestTimes = FAST,
    browse: Callable[[], Any] = no_services,
) -> Iterator[None]:
    """Hubs begin with the ports below ``root``, and test quickly."""
    made = partial(OnboardingService, computer=Computer(root=root), times=times, discover=discover)
    made = partial(made, browse=browse, broker_places=("127.0.0.1:0",))
    with pytest.MonkeyPatch.context() as patch:
        patch.setattr(hub_process, "OnboardingService", made)
        yield


@contextlib.asynccontextmanager
async def new_hub(
    folder: Path,
    file: str = "unclouded.toml",
    discover: Callable[[], Any] = no_plugs,
    browse: Callable[[], Any] = no_services,
) -> AsyncIterator[Newcomer]:
    """A hub in a folder without a configuration."""
    path = folder / file
    config = first_config(path, "Europe/Madrid", str(folder / "data")).with_web(NOWHERE)
    with surroundings(folder, discover, browse=browse):
        async with running(config) as run:
            yield Newcomer(run, path)


@contextlib.asynccontextmanager
async def simulated(kind: str, path: Path, load: str = "kettle") -> AsyncIterator[None]:
    """A device at a pseudo terminal."""
    path.parent.mkdir(parents=True, exist_ok=True)
    devices = SimulatedDevices(kind, SimPlaces(link=f"pty:{path}"), load, SimOptions(seed=1))
    observer, stop = Silent(), asyncio.Event()

    async def stopped() -> None:
        await stop.wait()

    task = asyncio.create_task(devices.run(observer, stopped))
    try:
        await asyncio.wait_for(observer.is_ready.wait(), TIMEOUT_S)
        yield
    finally:
        stop.set()
        await asyncio.wait_for(task, TIMEOUT_S)
