"""Drives the library meross-iot in its own environment: strangers/driven.py. No test imports it."""

import asyncio
import json
import ssl
import sys
from typing import Any

ANSWERS, sys.stdout = sys.stdout, sys.stderr  # before the import: the library logs to the stdout that it finds

from meross_iot.http_api import MerossHttpClient  # noqa: E402
from meross_iot.manager import MerossManager, TransportMode  # noqa: E402
from meross_iot.model.enums import DNDMode  # noqa: E402

SETTINGS = json.loads(sys.argv[1])


class Manager(MerossManager):  # type: ignore[misc]  # its types are in its own environment
    """The library's manager. The port of a plug's HTTP server is not in the plug's messages: it is put in here."""

    http_requests = 0

    async def _async_execute_cmd_http(self, device_ip: str, **rest: Any) -> Any:
        self.http_requests += 1
        return await super()._async_execute_cmd_http(device_ip=SETTINGS["http"], **rest)


class Calls:
    """What the test may ask for."""

    async def start(self) -> list[dict[str, Any]]:
        client = await MerossHttpClient.async_from_user_password(
            api_base_url=f"http://{SETTINGS['cloud']}", email="owner@example.org", password="secret"
        )
        context = ssl.create_default_context(cafile=SETTINGS["cafile"])
        host, port = SETTINGS["broker"].split(":")
        self.manager = Manager(client, mqtt_override_server=(host, int(port)), mqtt_ssl_context=context)
        if SETTINGS["transport"] == "http":
            self.manager.default_transport_mode = TransportMode.LAN_HTTP_FIRST
        self.pushes: list[Any] = []
        self.manager.register_push_notification_handler_coroutine(self._pushed)
        await self.manager.async_init()
        await self.manager.async_device_discovery()
        found = self.manager.find_devices()
        (self.plug,) = found
        await self.plug.async_update()
        return [
            {
                "class": type(one).__mro__[0].__name__,
                "uuid": one.uuid,
                "type": one.type,
                "hardware": one.hardware_version,
                "firmware": one.firmware_version,
                "mac": one.mac_address,
                "abilities": sorted(one.abilities),
                "encrypts": one.support_encryption(),
            }
            for one in found
        ]

    async def turn(self, on: bool) -> bool:
        """Switch it, then ask the plug what it is; again, 2 s at most, while the library takes over an older PUSH."""
        await (self.plug.async_turn_on() if on else self.plug.async_turn_off())
        for _ in range(20):
            await self.plug.async_update()
            if self.plug.is_on() == on:
                break
            await asyncio.sleep(0.1)
        return bool(self.plug.is_on())

    async def metrics(self) -> dict[str, float]:
        found = await self.plug.async_get_instant_metrics()
        return {"power_W": found.power, "voltage_V": found.voltage, "current_A": found.current}

    async def consumption(self) -> list[Any]:
        days = await self.plug.async_get_daily_power_consumption()
        return [[f"{one['date']:%Y-%m-%d}", one["total_consumption_kwh"]] for one in days]

    async def signal(self) -> Any:
        return (await self.plug.async_update_runtime_info()).get("signal")

    async def led(self, dark: bool) -> bool:
        """Set "do not disturb", then read it back."""
        await self.plug.set_dnd_mode(DNDMode.DND_ENABLED if dark else DNDMode.DND_DISABLED)
        return bool((await self.plug.async_get_dnd_mode()) == DNDMode.DND_ENABLED)

    async def command(self, timeout: float = 10, **what: Any) -> Any:
        """``method``, ``namespace`` and ``payload`` of what the library has no method for."""
        return await self.plug._execute_command(timeout=timeout, **what)

    async def pushed_off(self, namespace: str) -> Any:
        """Wait until the library has taken over, from a PUSH, that the relay is off; the payload of that PUSH."""
        while self.plug.is_on():
            await asyncio.sleep(0.01)
        return [data for name, data in self.pushes if name == namespace][-1]

    async def http_requests(self) -> int:
        return self.manager.http_requests

    async def _pushed(self, push: Any, devices: Any, manager: Any) -> None:
        self.pushes.append((push.namespace.value, push.raw_data))


async def main() -> None:
    calls = Calls()
    loop = asyncio.get_running_loop()
    while line := await loop.run_in_executor(None, sys.stdin.readline):
        question = json.loads(line)
        try:
            answer = {"answer": await getattr(calls, question.pop("call"))(**question)}
        except Exception as problem:
            answer = {"error": f"{type(problem).__name__}: {problem}"}
        print(json.dumps(answer), file=ANSWERS, flush=True)


asyncio.run(main())
