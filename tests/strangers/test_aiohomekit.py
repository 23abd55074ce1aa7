"""aiohomekit, the HomeKit controller of Home Assistant, paired with the hub as a bridge, on loopback."""

import asyncio
import contextlib
import secrets
from collections.abc import AsyncIterator
from pathlib import Path
from typing import Any

from api_story import NOON, FakeHub, device
from strangers.driven import Driven, driven, needs
from unclouded.core.model import Command, Device, Point, Reading, Status
from unclouded.publish.homekit.memory import BridgeMemory
from unclouded.publish.homekit.publisher import HomekitPublisher, HomekitSettings
from waiting import until

pytestmark = needs("aiohomekit")

ON = "00000025"  # the beginnings of the types of characteristics
EVE_POWER = "E863F10D"
NAME = "00000023"


@contextlib.asynccontextmanager
async def bridge(hub: FakeHub, name: str, folder: Path) -> AsyncIterator[HomekitPublisher]:
    """The bridge of a hub, on any port."""
    publisher = HomekitPublisher(
        hub, HomekitSettings(name, 0, "127.0.0.1", (), ()), BridgeMemory(folder), "1.0", lambda: NOON
    )
    task = asyncio.create_task(publisher.run())
    while publisher.status().state != "running":
        assert not task.done(), task
        await asyncio.sleep(0.02)
    try:
        yield publisher
    finally:
        task.cancel()
        await asyncio.wait({task})


def characteristics(accessories: list[Any], kind: str) -> dict[str, tuple[int, int, Any]]:
    """aid, iid and value of the characteristics of a type, by the name of their accessory."""
    found = {}
    for one in accessories:
        every = [char for service in one["services"] for char in service["characteristics"]]
        name = next(char["value"] for char in every if char["type"].startswith(NAME))
        for char in every:
            if char["type"].startswith(kind):
                found[name] = (one["aid"], char["iid"], char.get("value"))
    return found


async def test_it_pairs_switches_follows_and_finds_everything_again(tmp_path: Path) -> None:
    name = f"Home {secrets.token_hex(3)}"
    hub = FakeHub()
    hub.publish(Reading("kettle", "on", False, NOON), Reading("kettle", "power_W", 40.5, NOON))
    with driven("aiohomekit", "aiohomekit_driver.py") as one:
        async with bridge(hub, name, tmp_path) as publisher:
            await pairs(one, publisher, name)
            aid, iid = await switches(one, hub)
            await loses_a_device(one, hub, aid, iid)
            await changes_live(one, hub, name)
        async with bridge(hub, name, tmp_path) as publisher:  # another port, the same bridge
            view = publisher.view()
            assert view is not None and view.paired
            await asyncio.to_thread(one.ask, "reload", name=name, port=view.port)
            found = characteristics(await asyncio.to_thread(one.ask, "accessories"), ON)
            assert found["Tea"][:2] == (aid, iid)
            assert await asyncio.to_thread(one.ask, "unpair")
            await until(lambda: (view := publisher.view()) is not None and not view.paired)


async def pairs(one: Driven, publisher: HomekitPublisher, name: str) -> None:
    """Only with the code that the hub shows."""
    view = publisher.view()
    assert view is not None and not view.paired
    assert (await asyncio.to_thread(one.ask, "discover", name=name))["paired"] is False
    assert await asyncio.to_thread(one.ask, "pair", code="101-48-005") == "AuthenticationError"
    assert await asyncio.to_thread(one.ask, "pair", code=view.code) == "paired"
    view = publisher.view()
    assert view is not None and view.paired and view.controllers == 1
    assert await asyncio.to_thread(one.ask, "pair", code=view.code) != "paired"  # one home only


async def switches(one: Driven, hub: FakeHub) -> tuple[int, int]:
    accessories = await asyncio.to_thread(one.ask, "accessories")
    assert characteristics(accessories, EVE_POWER)["Kettle"][2] == 40.5
    aid, iid, value = characteristics(accessories, ON)["Kettle"]
    assert value is False
    await asyncio.to_thread(one.ask, "follow", aid=aid, iid=iid)
    assert await asyncio.to_thread(one.ask, "put", aid=aid, iid=iid, value=True) == []
    assert hub.commands == [Command("kettle", "on", True, "homekit")]
    assert (await asyncio.to_thread(one.ask, "get", aid=aid, iid=iid))["value"] is False  # not confirmed yet
    hub.publish(Reading("kettle", "on", True, NOON + 1))
    assert [aid, iid, True] in await asyncio.to_thread(one.ask, "notified", count=1)
    assert (await asyncio.to_thread(one.ask, "get", aid=aid, iid=iid))["value"] is True
    return aid, iid


async def loses_a_device(one: Driven, hub: FakeHub, aid: int, iid: int) -> None:
    hub.publish(Status("kettle", "offline", NOON))
    lost = await asyncio.to_thread(one.ask, "get", aid=aid, iid=iid)
    assert lost["status"] == -70402 and "value" not in lost
    commands = len(hub.commands)
    refused = await asyncio.to_thread(one.ask, "put", aid=aid, iid=iid, value=False)
    assert refused[0][2]["status"] == -70402 and len(hub.commands) == commands
    hub.publish(Status("kettle", "online", NOON))
    assert (await asyncio.to_thread(one.ask, "get", aid=aid, iid=iid))["value"] is True


async def changes_live(one: Driven, hub: FakeHub, name: str) -> None:
    """A device is renamed, one goes, one comes."""
    number = await asyncio.to_thread(one.ask, "config_number", name=name, above=0)
    hub.drop("lamp")
    door = Device(
        id="door",
        identity="toy:door",
        family="toy",
        link="",
        profile="",
        name="Door",
        points=(Point(key="open", kind="switch"),),
    )
    hub.publish(device("kettle", name="Tea"), door, Status("door", "online", NOON), Reading("door", "open", True, NOON))
    assert await asyncio.to_thread(one.ask, "config_number", name=name, above=number) > number
    accessories = await asyncio.to_thread(one.ask, "accessories")
    assert set(characteristics(accessories, NAME)) == {name, "Tea", "Door"}
    assert characteristics(accessories, "0000006A")["Door"][2] == 1
