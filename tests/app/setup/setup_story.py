"""A plug in set-up mode, as its access point serves it; once it has a Wi-Fi it connects to the server it was given.

What it answers is canned; what connects afterwards is the simulated plug. Its Wi-Fi is called "My home".
"""

import asyncio
import contextlib
from base64 import b64decode
from collections.abc import AsyncIterator
from pathlib import Path
from typing import Any

from app.test_plug_paths import PATIENCE, simulated
from families.meross.canned_device import NEW_STATE, all_of
from families.meross.meross_pair import UUID
from families.meross.setup.setup_stories import Plug, in_set_up_mode
from unclouded.app.access.hub_client import HubClient
from unclouded.app.configuration.config import Config, load_config
from unclouded.app.configuration.tables.file import HiddenText
from unclouded.app.hub_process import RunningHub, running
from unclouded.app.setup.hub_for_setup import SetupHub
from unclouded.app.setup.plug_setup import SetupRun
from unclouded.app.setup.steps import SetupPlan, SetupTimes, WifiChoice
from unclouded.app.simulation.simulated_plug import bound, client_link
from unclouded.core.sessions.driver import Driver
from unclouded.core.views.facts import SetupStep
from unclouded.families.meross.wire import namespaces
from unclouded.links.http.serve import HttpListenLink

FAST = SetupTimes(
    find_s=5.0,
    confirm_s=PATIENCE,
    find_again_s=0.02,
    ask_hub_s=0.01,
    restart_s=0.1,
    look_again_s=0.05,
    hint_s=0.05,
)
PASSWORD = "a good password"
HOME = WifiChoice("My home", HiddenText(PASSWORD))


class ShopPlug(Plug):
    """``password``: of the Wi-Fi around it. ``joins`` False: it stays away once it has its settings.

    ``finds``: the networks that its scan finds, if not its own.
    """

    def __init__(
        self, *, password: str = PASSWORD, joins: bool = True, finds: list[Any] | None = None, **more: Any
    ) -> None:
        scan: dict[str, Any] = {} if finds is None else {namespaces.WIFI_LIST: {"wifiList": finds}}
        super().__init__(in_set_up_mode(**scan, **more))
        self.password = password
        self.joins = joins
        self.attempts: asyncio.Queue[bool] = asyncio.Queue()

    def _answer(self, method: str, namespace: str, payload: bytes, now: float) -> Any:
        answer = super()._answer(method, namespace, payload, now)
        if namespace == namespaces.WIFI:
            given = b64decode(self.sent[namespace]["wifi"]["password"]).decode()
            self.attempts.put_nowait(given == self.password)
        return answer


class Bound(ShopPlug):
    """A plug that another hub has set up: it connects to its new server once it has one."""

    def __init__(self, key: str, **more: Any) -> None:
        super().__init__(**more)
        self._key = key
        self.answers[namespaces.ALL] = all_of("mss310", NEW_STATE)

    def _answer(self, method: str, namespace: str, payload: bytes, now: float) -> Any:
        answer = super()._answer(method, namespace, payload, now)
        if namespace == namespaces.KEY:
            self.attempts.put_nowait(True)
        return answer


@contextlib.asynccontextmanager
async def in_the_air(plug: ShopPlug, port: int = 0) -> AsyncIterator[str]:
    """Serve the plug's access point, at the returned address, and let it join and fail as it is set."""
    link = HttpListenLink("127.0.0.1", port)
    driver = Driver(plug, link, lambda events, now: None)
    task = asyncio.create_task(driver.run(), name="shop plug")
    await asyncio.sleep(0)
    life = asyncio.create_task(_life(plug, link, driver), name="life of the plug")
    try:
        yield "{}:{}".format(*link.address)
    finally:
        for one in (life, task):
            one.cancel()
        await asyncio.wait({life, task})


async def _life(plug: ShopPlug, link: HttpListenLink, driver: Driver) -> None:
    while True:
        can_join = await plug.attempts.get()
        await asyncio.sleep(0.01)  # its acknowledgement goes out before it restarts
        await link.close()
        if not can_join:
            trace = {"ssid": "My home", "bssid": "DE:AD", "rssi": "86", "code": 2, "info": "password error"}
            plug.answers[namespaces.TRACE] = {"trace": trace}
            await asyncio.sleep(FAST.restart_s + FAST.look_again_s * 3)
            link.start(driver)
        elif plug.joins:
            key = plug.sent[namespaces.KEY]["key"]
            known = bound(1, key["key"])
            host, port = key["gateway"]["host"], key["gateway"]["port"]
            async with simulated(client_link(host, port, known), known):
                await asyncio.Event().wait()


@contextlib.asynccontextmanager
async def hub_in(folder: Path, *more: str) -> AsyncIterator[tuple[RunningHub, Config]]:
    """A real hub with its broker, and a key that it has made itself."""
    file = folder / "unclouded.toml"
    lines = ["[hub]", f'data = "{folder / "data"}"', 'timezone = "Europe/Madrid"']
    file.write_text("\n".join([*lines, "[broker]", 'listen = "127.0.0.1:0"', 'host = "127.0.0.1"', *more]))
    async with running(load_config(file)) as run:
        yield run, load_config(file)


def run_of(config: Config, plan: SetupPlan, steps: list[SetupStep], times: SetupTimes = FAST) -> SetupRun:
    return SetupRun(plan, SetupHub(config, HubClient(config.control)), steps.append, times)


def texts(steps: list[SetupStep]) -> str:
    return "\n".join(f"{one.step} {one.state} {one.text}" for one in steps)


__all__ = ["UUID"]
