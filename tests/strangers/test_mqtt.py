"""MQTT.js, an MQTT client by other people, as a plug on the hub's broker."""

import asyncio
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from pathlib import Path
from typing import Any

import pytest

from links.broker.clients import INBOX, MAC, OTHER, OUTBOX, PASSWORD, UUID, client_id, running_broker
from links.recorder import RecordingInlet
from strangers.driven import Driven, driven, needs
from unclouded.core.sessions.session import Out
from unclouded.links.broker.server import BrokerServer

pytestmark = needs("mqtt")
VERSIONS = pytest.mark.parametrize("version", [3, 4, 5])  # MQTT 3.1, 3.1.1, 5


class Plug:
    """MQTT.js with the login of a plug. It blocks in a thread of its own, so that the broker can answer."""

    def __init__(self, one: Driven) -> None:
        self._one = one

    async def ask(self, call: str, **arguments: object) -> Any:
        return await asyncio.to_thread(self._one.ask, call, **arguments)


@asynccontextmanager
async def plug_at(broker: BrokerServer, ca: Path) -> AsyncIterator[Plug]:
    host, port = broker.address
    settings = {"url": f"mqtts://{host}:{port}", "cafile": str(ca / "ca.pem"), "client": client_id(), "user": MAC}
    with driven("mqtt", "mqtt_driver.js", **settings) as one:
        yield Plug(one)


@VERSIONS
async def test_it_connects_as_a_plug_and_exchanges_messages(tmp_path: Path, version: int) -> None:
    async with running_broker(tmp_path) as broker, plug_at(broker, tmp_path) as plug:
        hub, link = RecordingInlet(), broker.slot(UUID)
        link.start(hub)
        assert await plug.ask("connect", version=version, password=PASSWORD) == ""
        assert await plug.ask("subscribe", topic=INBOX) == [1]
        await hub.until_events("down", "up")
        (other,) = await plug.ask("subscribe", topic=f"/appliance/{OTHER}/subscribe")
        assert other >= 0x80, "its own topic and no other"
        link.send(Out(b"toggle"))
        assert await plug.ask("received", count=1) == [[INBOX, "toggle"]]
        assert await plug.ask("publish", topic=OUTBOX, payload="done") == "acknowledged"
        await hub.until_data(b"done")
        await plug.ask("end")
        await hub.until_events("down", "up", "down")


@VERSIONS
async def test_it_is_refused_with_a_wrong_password(tmp_path: Path, version: int) -> None:
    async with running_broker(tmp_path) as broker, plug_at(broker, tmp_path) as plug:
        answer = await plug.ask("connect", version=version, password="0_wrong")
        assert "bad username or password" in answer.lower().replace("user name", "username")
