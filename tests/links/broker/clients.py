"""A broker on a free port, plugs with known passwords, and a scripted MQTT client."""

import asyncio
import contextlib
import ssl
from collections.abc import AsyncIterator
from pathlib import Path

from unclouded.core.security.tls import plug_client_context
from unclouded.core.sessions.session import Refusal
from unclouded.links.broker.client import PlugIdentity
from unclouded.links.broker.plug_client import Login
from unclouded.links.broker.server import Admit, BrokerOptions, BrokerServer, SeenPlug
from unclouded.links.mqtt import packets as mqtt
from unclouded.links.mqtt.codec import Parser, encode
from waiting import PATIENCE_S

MAC = "34:29:8f:00:00:01"
UUID = "19010000000000000000" + "34298f000001"
OTHER = "19010000000000000000" + "34298f000002"
INBOX = f"/appliance/{UUID}/subscribe"
OUTBOX = f"/appliance/{UUID}/publish"
PASSWORD = "0_right"


def client_id(uuid: str = UUID) -> str:
    return f"fmware:{uuid}_0123456789abcdef"


def login(uuid: str = UUID, password: str = PASSWORD, version: int = mqtt.V31, keep_alive: int = 30) -> Login:
    return Login(
        client_id=client_id(uuid),
        user=MAC,
        password=password,
        inbox=f"/appliance/{uuid}/subscribe",
        version=version,
        keep_alive=keep_alive,
    )


def admit(client: str, user: str, password: str) -> PlugIdentity | Refusal:
    uuid = client.removeprefix("fmware:").partition("_")[0]
    if password != PASSWORD or not user:
        return Refusal("The password is wrong. Is the key in key_file the one it was bound with?")
    return PlugIdentity(uuid)


@contextlib.asynccontextmanager
async def running_broker(
    folder: Path, options: BrokerOptions | None = None, seen: list[SeenPlug] | None = None, who: Admit = admit
) -> AsyncIterator[BrokerServer]:
    """A broker on a free port, closed at the end. Errors inside the broker are raised here."""
    on_seen = seen.append if seen is not None else None
    broker = BrokerServer(("127.0.0.1", 0), ["127.0.0.1", "localhost"], folder, who, options, on_seen)
    running = asyncio.create_task(broker.run(), name="broker")
    await asyncio.sleep(0)
    if running.done():
        await running
    await broker.ready()
    try:
        yield broker
    finally:
        running.cancel()
        with contextlib.suppress(asyncio.CancelledError):
            await running


class ScriptedClient:
    """A client that sends exactly the packets of a test."""

    def __init__(self, reader: asyncio.StreamReader, writer: asyncio.StreamWriter, version: int) -> None:
        self.reader = reader
        self.writer = writer
        self.version = version
        self._parser = Parser(version)

    @classmethod
    async def dial(
        cls, broker: BrokerServer, version: int = mqtt.V311, context: ssl.SSLContext | None = None
    ) -> "ScriptedClient":
        reader, writer = await asyncio.open_connection(*broker.address, ssl=context or plug_client_context())
        return cls(reader, writer, version)

    @classmethod
    async def connected(
        cls, broker: BrokerServer, uuid: str = UUID, version: int = mqtt.V311, keep_alive: int = 30
    ) -> "ScriptedClient":
        caller = await cls.dial(broker, version)
        caller.send(connect_packet(uuid, version=version, keep_alive=keep_alive))
        answer = await caller.receive()
        assert isinstance(answer, mqtt.Connack) and answer.code == mqtt.OK
        return caller

    @classmethod
    async def subscribed(cls, broker: BrokerServer, uuid: str = UUID, version: int = mqtt.V311) -> "ScriptedClient":
        caller = await cls.connected(broker, uuid, version)
        caller.send(mqtt.Subscribe(1, ((f"/appliance/{uuid}/subscribe", 1),)))
        assert await caller.receive() == mqtt.Suback(1, (1,))
        return caller

    def send(self, *packets: mqtt.Packet) -> None:
        self.writer.write(b"".join(encode(packet, self.version) for packet in packets))

    async def receive(self) -> mqtt.Packet | None:
        """The next packet; None at the end of the connection."""
        async with asyncio.timeout(PATIENCE_S):
            while (packet := self._parser.next()) is None:
                try:
                    data = await self.reader.read(65_536)
                except (OSError, ssl.SSLError):
                    return None
                if not data:
                    return None
                self._parser.feed(data)
        return packet

    async def close(self) -> None:
        self.writer.close()
        with contextlib.suppress(OSError, ssl.SSLError):
            await self.writer.wait_closed()


def connect_packet(
    uuid: str = UUID, password: str = PASSWORD, version: int = mqtt.V311, keep_alive: int = 30
) -> mqtt.Connect:
    return mqtt.Connect(
        client_id=client_id(uuid), user=MAC, password=password.encode(), version=version, keep_alive=keep_alive
    )
