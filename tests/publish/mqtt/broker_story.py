"""A publisher on a real Mosquitto, with a client of another make beside it that sees what it publishes."""

import asyncio
import contextlib
import json
from collections.abc import AsyncIterator, Callable, Mapping
from pathlib import Path
from typing import Any

import aiomqtt

from api_story import NOON, FakeHub
from links.mqtt.mosquitto import Mosquitto
from unclouded.core.model import Notice, Reading
from unclouded.publish.mqtt.companion import Companion
from unclouded.publish.mqtt.publisher import MqttPublisher
from unclouded.publish.mqtt.settings import MqttSettings
from unclouded.publish.mqtt.updates import FindOffers
from waiting import until

HUB_ID = "cafe0001"


def reading(device: str, point: str, value: Any, **more: Any) -> Reading:
    return Reading(device, point, value, NOON, **more)


def notice(device: str, words: str) -> Notice:
    return Notice(device, NOON, "note", words)


def settings(broker: Mosquitto, folder: Path, **more: Any) -> MqttSettings:
    return MqttSettings(**{"host": "127.0.0.1", "port": broker.port, "hub": HUB_ID, "folder": folder, **more})


class Published:
    """A hub, its publisher, and all sentences for the hub's events."""

    def __init__(
        self,
        hub: FakeHub,
        chosen: MqttSettings,
        companions: tuple[Companion, ...] = (),
        find_offers: FindOffers | None = None,
    ) -> None:
        self.hub = hub
        self.notices: list[str] = []
        about = {"version": "1"}
        self.publisher = MqttPublisher(chosen, hub, lambda: NOON, self.notices.append, about, companions, find_offers)

    @property
    def state(self) -> str:
        return self.publisher.status().state

    @property
    def is_subscribed(self) -> bool:
        exchange = self.publisher._exchange
        return self.state == "running" and exchange is not None and not exchange.awaited

    @property
    def text(self) -> str:
        return self.publisher.status().text

    @property
    def counts(self) -> Mapping[str, int]:
        return self.publisher.status().counts


@contextlib.asynccontextmanager
async def publishing(
    hub: FakeHub,
    chosen: MqttSettings,
    *companions: Companion,
    waits: bool = False,
    find_offers: FindOffers | None = None,
) -> AsyncIterator[Published]:
    """``waits``: do not wait until it is connected and subscribed: a message of another client may overtake that."""
    one = Published(hub, chosen, companions, find_offers)
    task = asyncio.create_task(one.publisher.run())
    try:
        await until(lambda: waits or one.is_subscribed or task.done())
        yield one
    finally:
        task.cancel()
        await asyncio.wait({task})
        if not task.cancelled() and task.exception() is not None:
            raise task.exception()  # type: ignore[misc]  # it is one


class Client:
    """Another client. ``messages``: all that it got, as (topic, payload, retained)."""

    def __init__(self, client: aiomqtt.Client) -> None:
        self.client = client
        self.messages: list[tuple[str, bytes, bool]] = []
        self.raw: list[aiomqtt.Message] = []

    async def read(self) -> None:
        with contextlib.suppress(aiomqtt.MqttError):
            async for message in self.client.messages:
                assert isinstance(message.payload, bytes)
                self.raw.append(message)
                self.messages.append((message.topic.value, message.payload, bool(message.retain)))

    def of(self, topic: str) -> list[Any]:
        return [_value(payload) for name, payload, _ in self.messages if name == topic]

    async def newest(self, topic: str, wanted: Callable[[Any], bool] = bool) -> Any:
        await until(lambda: any(wanted(one) for one in self.of(topic)[-1:]))
        return self.of(topic)[-1]

    async def send(self, topic: str, value: object, **more: Any) -> None:
        await self.client.publish(topic, value if isinstance(value, str | bytes) else json.dumps(value), **more)


def _value(payload: bytes) -> Any:
    try:
        return json.loads(payload)
    except ValueError:
        return payload.decode()


@contextlib.asynccontextmanager
async def client(broker: Mosquitto, *topics: str, **more: Any) -> AsyncIterator[Client]:
    """A client that gets everything, or what is on ``topics``."""
    more = {"protocol": aiomqtt.ProtocolVersion.V5, **more}
    async with aiomqtt.Client("127.0.0.1", broker.port, **more) as connected:
        one = Client(connected)
        task = asyncio.create_task(one.read())
        try:
            for topic in topics or ("#",):
                await connected.subscribe(topic, qos=1)
            yield one
        finally:
            task.cancel()
            await asyncio.wait({task})
