"""Drives the discovery of refoss-ha in its own environment: strangers/driven.py. No test imports it."""

import asyncio
import json
import sys

from refoss_ha.device import DeviceInfo
from refoss_ha.discovery import Discovery


class Recording(Discovery):  # type: ignore[misc]  # its types are in its own environment
    """The library's discovery; keeps all datagrams, also those that the library passes over."""

    def __init__(self) -> None:
        super().__init__()
        self.answers: list[str] = []

    def datagram_received(self, data: bytes, addr: tuple[str, int]) -> None:
        self.answers.append(data.decode())
        super().datagram_received(data, addr)


def described(answer: str, channels: list[int]) -> dict[str, object]:
    """How the library reads an answer, once that names channels."""
    found = DeviceInfo.from_dict({**json.loads(answer), "channels": channels})
    names = ("uuid", "device_type", "fmware_version", "hdware_version", "inner_ip", "mac", "sub_type")
    return {name: getattr(found, name) for name in names}


async def discover() -> dict[str, object]:
    discovery = Recording()
    await discovery.initialize()
    for _ in range(50):
        await discovery.broadcast_msg(addresses=["127.0.0.1"])
        await asyncio.sleep(0.1)
        if discovery.answers:
            break
    return {"listed": len(discovery.devices), "found": [described(one, [0]) for one in discovery.answers]}


for line in sys.stdin:
    assert json.loads(line) == {"call": "discover"}
    print(json.dumps({"answer": asyncio.run(discover())}), flush=True)
