"""The MQTT publisher on a Mosquitto, beside a plain aiomqtt publisher in the same run.

    python bench/mqtt_publish.py [--messages 20000] [--entities 200] [--restarts 20] [--kills 5] [--json]

States of 50 devices with ten points: from a fact of the hub to the broker's socket, until the broker has taken all of
them. Targets: >= 10,000 messages/s, and >= 0.8 x aiomqtt with the same topics and contents; discovery of 200 entities
published within 1 s of the broker's answer to CONNECT; no event lost over 20 restarts of the broker and 5 kills.
"""

import asyncio
import contextlib
import json
import logging
import multiprocessing
import os
import signal
import sys
import tempfile
import time
from collections.abc import AsyncIterator, Callable
from pathlib import Path
from typing import Any

import aiomqtt
from paho.mqtt.packettypes import PacketTypes
from paho.mqtt.properties import Properties

from unclouded.core.system import retry_delays

sys.path.insert(0, str(Path(__file__).parent.parent / "tests"))

from _common import arguments, report, spin
from api_story import FakeHub, device
from links.mqtt.mosquitto import PROGRAM, Mosquitto
from unclouded.core.model import Device, Notice, Point, Reading, Status
from unclouded.publish.homeassistant.discovery import HomeAssistantDiscovery
from unclouded.publish.mqtt.publisher import MqttPublisher
from unclouded.publish.mqtt.settings import MqttSettings
from unclouded.publish.mqtt.topics import Topics

DEVICES, POINTS = 50, 10
TIMEOUT_S = 120.0
NOW = 1_795_262_400.0


def devices() -> list[Device]:
    points = tuple(Point(key=f"power_{number}_W", exponent=-1) for number in range(1, POINTS + 1))
    return [device(f"d{number}", points=points, actions=(), info={"product": "x"}) for number in range(DEVICES)]


def hub_of(some: list[Device]) -> FakeHub:
    hub = FakeHub("none")
    hub.drop("none")
    for one in some:
        hub.publish(one, Status(one.id, "online", NOW))
    return hub


@contextlib.asynccontextmanager
async def publishing(broker: Mosquitto, folder: Path, hub: FakeHub, discovery: bool = False) -> AsyncIterator[Any]:
    settings = MqttSettings(host="127.0.0.1", port=broker.port, hub="bench", folder=folder)
    companions = (
        [HomeAssistantDiscovery(Topics("unclouded"), "homeassistant", "bench", "Hub", "1")] if discovery else []
    )
    one = MqttPublisher(settings, hub, lambda: NOW, lambda text: None, {}, companions)
    task = asyncio.create_task(one.run())
    try:
        await until(lambda: one.status().state == "running" or task.done())
        yield one
    finally:
        task.cancel()
        await asyncio.wait({task})


async def until(true: Callable[[], object]) -> None:
    async with asyncio.timeout(TIMEOUT_S):
        while not true():  # noqa: ASYNC110
            await asyncio.sleep(0.001)


async def states(broker: Mosquitto, folder: Path, messages: int) -> float:
    """Messages per second of our publisher: each turn of all devices is published before the next."""
    hub = hub_of(devices())
    async with publishing(broker, folder, hub) as one:
        await asyncio.sleep(0.3)
        before, started = one.status().counts["sent"], time.perf_counter()
        for turn in range(messages // DEVICES):
            for number in range(DEVICES):
                facts = [Reading(f"d{number}", f"power_{p}_W", turn + p / 10, NOW + turn) for p in range(1, POINTS + 1)]
                for deliver in hub.listeners:
                    deliver(facts)
            one._exchange.flush()
            if not one._exchange._connection.takes_more():
                await until(one._exchange._connection.takes_more)
            await asyncio.sleep(0)
        hub.publish(Notice("d0", NOW, "end", "end"))  # of QoS 1: behind all states
        await until(lambda: one.status().counts["waiting"] == 0)
        return float(one.status().counts["sent"] - before) / (time.perf_counter() - started)


async def plain(broker: Mosquitto, messages: int) -> float:
    """The same with aiomqtt, which does nothing but publish what is encoded already."""
    payload = json.dumps(
        {**{f"power_{p}_W": 1 + p / 10 for p in range(1, POINTS + 1)}, "at": "2026-11-21T12:00:00.000Z"}
    )
    async with aiomqtt.Client("127.0.0.1", broker.port, protocol=aiomqtt.ProtocolVersion.V5) as client:
        started = time.perf_counter()
        for number in range(messages):
            await client.publish(f"unclouded/d{number % DEVICES}/state", payload, retain=True)
        await client.publish("end", "1", qos=1)
        return messages / (time.perf_counter() - started)


async def discovery(broker: Mosquitto, folder: Path, entities: int) -> float:
    """Seconds from the start of a publisher until all its discovery is acknowledged."""
    some = devices()[: max(1, entities // (POINTS + 1))]
    started = time.perf_counter()
    async with publishing(broker, folder, hub_of(some), True) as one:
        await until(lambda: one._exchange is not None and not one._exchange._queue)
        session = one._exchange._connection.session
        await until(lambda: session.room == session.window)
        return time.perf_counter() - started


async def lossless(folder: Path, restarts: int, kills: int) -> tuple[int, int]:
    """Events that were accepted, and those that a subscriber with a session did not get."""
    retry_delays.FIRST_DELAY_S = 0.05
    got: set[str] = set()
    accepted = folder / "accepted"
    accepted.touch()
    async with Mosquitto(folder, True, plain=True, persistent=True) as broker:
        await reads(broker, got, 0)
        context = multiprocessing.get_context("spawn")
        for turn in range(max(restarts, kills)):
            process = context.Process(target=_hub, args=(broker.port, str(folder)))
            process.start()
            await asyncio.sleep(1.5)
            if turn < restarts:
                broker.stop()
                await asyncio.sleep(0.1)
                await broker.begin()
            await asyncio.sleep(0.5)
            os.kill(process.pid or 0, signal.SIGKILL if turn < kills else signal.SIGTERM)
            process.join()
        async with publishing(broker, folder / "p", FakeHub()) as one:
            await until(lambda: one.status().counts["waiting"] == 0)
        wanted = set(accepted.read_text().split())
        await reads(broker, got, len(wanted))
        return len(wanted), len(wanted - got)


async def reads(broker: Mosquitto, got: set[str], wanted: int) -> None:
    expiry = Properties(PacketTypes.CONNECT)  # type: ignore[no-untyped-call]
    expiry.SessionExpiryInterval = 3600
    more: Any = {"protocol": aiomqtt.ProtocolVersion.V5, "clean_start": False, "properties": expiry}
    async with aiomqtt.Client("127.0.0.1", broker.port, identifier="reader", **more) as client:
        await client.subscribe("unclouded/+/event", qos=1)
        with contextlib.suppress(TimeoutError):
            async with asyncio.timeout(10.0 if wanted else 0.1):
                async for message in client.messages:
                    got.add(json.loads(message.payload)["words"])
                    if len(got) >= wanted > 0:
                        return


def _hub(port: int, folder: str) -> None:
    """A process that publishes an event each 2 ms, and writes down which its publisher has accepted."""

    async def run() -> None:
        retry_delays.FIRST_DELAY_S = 0.05
        hub = FakeHub()
        settings = MqttSettings(host="127.0.0.1", port=port, hub="bench", folder=Path(folder) / "p")
        one = MqttPublisher(settings, hub, lambda: NOW, lambda text: None, {}, [])
        task = asyncio.create_task(one.run())
        await asyncio.sleep(0.1)
        with (Path(folder) / "accepted").open("a", buffering=1) as file:
            for number in range(100_000):
                if task.done():
                    break
                name = f"{os.getpid()}.{number}"
                hub.publish(Notice("kettle", NOW, "note", name))
                file.write(f"{name}\n")
                await asyncio.sleep(0.002)

    asyncio.run(run())


async def main() -> None:
    args = arguments(__doc__, messages=20_000, entities=200, restarts=20, kills=5)
    before = spin()
    logging.disable(logging.WARNING)
    with tempfile.TemporaryDirectory() as name:
        folder = Path(name)
        async with Mosquitto(folder, True, plain=True) as broker:
            theirs = await plain(broker, args.messages)
            ours = await states(broker, folder / "a", args.messages)
            spent = await discovery(broker, folder / "b", args.entities)
        figures: dict[str, object] = {
            "states_per_s": ours,
            "aiomqtt_per_s": theirs,
            "against_aiomqtt": ours / theirs,
            f"discovery_of_{args.entities}_entities_ms": spent * 1000,
        }
        if args.restarts or args.kills:
            (folder / "l").mkdir()
            accepted, lost = await lossless(folder / "l", args.restarts, args.kills)
            figures |= {"restarts": args.restarts, "kills": args.kills, "events": accepted, "events_lost": lost}
    report("mqtt_publish", figures, before, args.json)


if __name__ == "__main__":
    if PROGRAM is None:
        print("mosquitto is not installed (Debian: apt install mosquitto)")
    else:
        asyncio.run(main())
