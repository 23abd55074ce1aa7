"""Third-party clients of the broker: paho-mqtt, and Mosquitto's from Debian."""

import asyncio
import contextlib
import shutil
import threading
from collections.abc import AsyncIterator
from pathlib import Path

import pytest
from paho.mqtt.client import Client, ConnectFlags
from paho.mqtt.properties import Properties
from paho.mqtt.reasoncodes import ReasonCode

from links.broker.clients import INBOX, MAC, OTHER, OUTBOX, PASSWORD, UUID, client_id, running_broker
from links.recorder import RecordingInlet
from unclouded.core.sessions.session import Out
from unclouded.links.broker.server import BrokerServer
from waiting import until

paho = pytest.importorskip("paho.mqtt.client", reason="paho-mqtt is not installed")
needs_mosquitto = pytest.mark.skipif(
    shutil.which("mosquitto_rr") is None, reason="Mosquitto's clients are not installed (Debian: mosquitto-clients)"
)
PAHO = pytest.mark.parametrize("version", [paho.MQTTv31, paho.MQTTv311, paho.MQTTv5])
MOSQUITTO = pytest.mark.parametrize("version", ["mqttv31", "mqttv311", "mqttv5"])


@pytest.fixture(scope="module")
def ca(tmp_path_factory: pytest.TempPathFactory) -> Path:
    return tmp_path_factory.mktemp("data") / "ca"


class Paho:
    """paho-mqtt with its own thread; it checks the broker's certificate."""

    def __init__(self, broker: BrokerServer, ca: Path, version: int, password: str = PASSWORD) -> None:
        self.inlet: list[tuple[str, bytes]] = []
        self.granted: list[int] = []
        self.refused = ""
        self.acked = threading.Event()
        api = paho.CallbackAPIVersion.VERSION2
        self.client = paho.Client(api, client_id(), protocol=version, reconnect_on_failure=False)
        self.client.username_pw_set(MAC, password)
        self.client.tls_set(ca_certs=str(ca / "ca.pem"))
        self.client.on_connect = self._connected
        self.client.on_message = lambda client, data, message: self.inlet.append((message.topic, message.payload))
        self.client.on_subscribe = lambda client, data, mid, codes, properties: self.granted.extend(
            code.value for code in codes
        )
        self.client.on_publish = lambda *what: self.acked.set()
        self.client.connect_async(*broker.address, keepalive=30)

    def _connected(
        self,
        client: Client,
        data: object,
        flags: ConnectFlags,
        code: ReasonCode,
        properties: Properties | None,
    ) -> None:
        if code.is_failure:
            self.refused = str(code)
        else:
            client.subscribe([(INBOX, 1), ("#", 0), (f"/appliance/{OTHER}/subscribe", 1)])

    def stop(self) -> None:
        self.client.disconnect()
        self.client.loop_stop()


@contextlib.asynccontextmanager
async def calling(broker: BrokerServer, ca: Path, version: int, password: str = PASSWORD) -> AsyncIterator[Paho]:
    one = Paho(broker, ca, version, password)
    one.client.loop_start()
    try:
        yield one
    finally:
        await asyncio.to_thread(one.stop)


@PAHO
async def test_paho_connects_as_a_plug(ca: Path, version: int) -> None:
    async with running_broker(ca) as broker:
        hub, link = RecordingInlet(), broker.slot(UUID)
        link.start(hub)
        async with calling(broker, ca, version) as plug:
            await hub.until_events("down", "up")
            await until(lambda: len(plug.granted) == 3)
            assert plug.granted[0] == 1 and min(plug.granted[1:]) >= 0x80, "its own topic and no other"
            link.send(Out(b"toggle"))
            await until(lambda: plug.inlet == [(INBOX, b"toggle")])
            plug.client.publish(OUTBOX, b"done", qos=1)
            await hub.until_data(b"done")
            await until(plug.acked.is_set)
        await hub.until_events("down", "up", "down")


@PAHO
async def test_paho_with_a_wrong_password_stays_outside(ca: Path, version: int) -> None:
    async with running_broker(ca) as broker, calling(broker, ca, version, "0_wrong") as plug:
        await until(lambda: bool(plug.refused))
        assert "user name or password" in plug.refused.lower()
        assert broker.stats()["refused"] == 1


async def mosquitto(
    broker: BrokerServer, ca: Path, program: str, *words: str, password: str = PASSWORD
) -> tuple[int, str]:
    """Run one of Mosquitto's clients against the broker: its exit code and output."""
    host, port = broker.address
    who = ["-h", host, "-p", str(port), "--cafile", str(ca / "ca.pem"), "-u", MAC, "-P", password, "-i", client_id()]
    pipe = asyncio.subprocess.PIPE
    process = await asyncio.create_subprocess_exec(program, *who, *words, stdout=pipe, stderr=asyncio.subprocess.STDOUT)
    async with asyncio.timeout(60):
        out, _ = await process.communicate()
    return process.returncode or 0, out.decode().strip()


@needs_mosquitto
@MOSQUITTO
async def test_mosquitto_publishes_and_subscribes(ca: Path, version: str) -> None:
    """mosquitto_rr does both, as a plug does: it subscribes its inbox, publishes, and waits for our answer."""
    async with running_broker(ca) as broker:
        hub, link = RecordingInlet(), broker.slot(UUID)
        link.start(hub)
        words = ("-V", version, "-q", "1", "-t", OUTBOX, "-e", INBOX, "-m", "clock?")
        asking = asyncio.create_task(mosquitto(broker, ca, "mosquitto_rr", *words), name="mosquitto")
        await hub.until_data(b"clock?")
        link.send(Out(b"noon"))
        assert await asking == (0, "noon")


@needs_mosquitto
@MOSQUITTO
async def test_mosquitto_sub_gets_its_own_topic_and_no_other(ca: Path, version: str) -> None:
    async with running_broker(ca) as broker:
        hub, link = RecordingInlet(), broker.slot(UUID)
        link.start(hub)
        words = ("-V", version, "-C", "1", "-t", INBOX)
        listening = asyncio.create_task(mosquitto(broker, ca, "mosquitto_sub", *words), name="mosquitto")
        await hub.until_events("down", "up")
        link.send(Out(b"hello"))
        assert await listening == (0, "hello")
        _, events = await mosquitto(broker, ca, "mosquitto_sub", "-V", version, "-W", "1", "-t", "#")
        assert events == "All subscription requests were denied."


@needs_mosquitto
@MOSQUITTO
async def test_mosquitto_pub_is_acknowledged_and_refused_with_a_wrong_password(ca: Path, version: str) -> None:
    async with running_broker(ca) as broker:
        words = ("-V", version, "-q", "1", "-t", OUTBOX, "-m", "x")
        assert await mosquitto(broker, ca, "mosquitto_pub", *words) == (0, "")
        code, events = await mosquitto(broker, ca, "mosquitto_pub", *words, password="0_wrong")
        assert code and ("refused" in events or "Bad User Name or Password" in events), events
        code, events = await mosquitto(broker, ca, "mosquitto_pub", "-V", version, "-q", "2", "-t", OUTBOX, "-m", "x")
        assert code or events, "QoS 2 is not spoken"
