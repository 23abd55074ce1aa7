"""Drives aiohomekit, a HomeKit controller, in its own environment: strangers/driven.py. No test imports it."""

import asyncio
import json
import sys
from typing import Any

from aiohomekit.characteristic_cache import CharacteristicCacheMemory
from aiohomekit.controller import Controller
from zeroconf.asyncio import AsyncServiceBrowser, AsyncZeroconf

TYPES = ["_hap._tcp.local.", "_hap._udp.local."]
TIMEOUT_S = 60.0


class Home:
    """A controller with at most one pairing; ``events``: what was reported to it since the last question."""

    def __init__(self) -> None:
        self.events: list[list[object]] = []
        self.pairing: Any = None

    async def start(self) -> None:
        self.zeroconf = AsyncZeroconf(interfaces=["127.0.0.1"])
        self.browser = AsyncServiceBrowser(self.zeroconf.zeroconf, TYPES, handlers=[lambda **found: None])
        self.controller = Controller(async_zeroconf_instance=self.zeroconf, char_cache=CharacteristicCacheMemory())
        await self.controller.async_start()

    async def discover(self, name: str) -> dict[str, object]:
        async with asyncio.timeout(TIMEOUT_S):
            while True:
                async for one in self.controller.async_discover():
                    if one.description.name.startswith(name):
                        self.found = one
                        about = one.description
                        return {"id": about.id, "paired": about.status_flags.name != "UNPAIRED", "port": about.port}
                await asyncio.sleep(0.1)

    async def pair(self, code: str) -> str:
        try:
            finish = await self.found.async_start_pairing("test")
            self.pairing = await finish(code)
        except Exception as error:  # which one is the answer
            return type(error).__name__
        self.pairing.dispatcher_connect(self._take)
        return "paired"

    def _take(self, event: dict[tuple[int, int], dict[str, object]]) -> None:
        self.events += [[aid, iid, value.get("value")] for (aid, iid), value in event.items()]

    async def reload(self, name: str, port: int) -> bool:
        """Load the stored pairing again, as after a restart of the controller, once the bridge is on this port."""
        async with asyncio.timeout(TIMEOUT_S):
            while (await self.discover(name))["port"] != port:
                await asyncio.sleep(0.1)
        stored = json.loads(json.dumps(self.pairing.pairing_data))
        await self.pairing.close()
        self.pairing = self.controller.load_pairing("again", stored)
        self.pairing.dispatcher_connect(self._take)
        return True

    async def accessories(self) -> list[Any]:
        found: list[Any] = await self.pairing.list_accessories_and_characteristics()
        return found

    async def get(self, aid: int, iid: int) -> object:
        found = await self.pairing.get_characteristics([(aid, iid)])
        return found[aid, iid]

    async def put(self, aid: int, iid: int, value: object) -> object:
        found = await self.pairing.put_characteristics([(aid, iid, value)])
        return [[*key, answer] for key, answer in found.items()]

    async def follow(self, aid: int, iid: int) -> bool:
        await self.pairing.subscribe([(aid, iid)])
        return True

    async def notified(self, count: int) -> list[list[object]]:
        """The events, once there are so many."""
        async with asyncio.timeout(TIMEOUT_S):
            while len(self.events) < count:
                await asyncio.sleep(0.02)
        found, self.events = self.events, []
        return found

    async def config_number(self, name: str, above: int) -> int:
        """The number of the bridge's configuration, once it is above that."""
        async with asyncio.timeout(TIMEOUT_S):
            while True:
                async for one in self.controller.async_discover():
                    if one.description.name.startswith(name) and one.description.config_num > above:
                        return int(one.description.config_num)
                await asyncio.sleep(0.1)

    async def unpair(self) -> bool:
        await self.controller.remove_pairing("again")
        return True


async def main() -> None:
    home, loop = Home(), asyncio.get_running_loop()
    await home.start()
    while line := await loop.run_in_executor(None, sys.stdin.readline):
        question = json.loads(line)
        call = question.pop("call")
        try:
            answer: dict[str, object] = {"answer": await getattr(home, call)(**question)}
        except Exception as error:  # the test says what it expected
            answer = {"error": f"{type(error).__name__}: {error}"}
        print(json.dumps(answer), flush=True)


asyncio.run(main())
