"""The MQTT-over-TLS client of a simulated plug, as a link of its session.

    dial ──► TLS ──► CONNECT ──► CONNACK ──► SUBSCRIBE inbox (QoS 1) ──► SUBACK: up ──► PUBLISH both ways …
      ▲                                                                                   │
      └──────────────── pause (1 to 60 s, with jitter) ◄── down(reason) ◄── lost, refused ┘

Real plugs verify no certificate; neither does this client, unless it is given a context that does. A datagram is the
payload of one message. It is published to the topic that its ``Out`` names, else to the plug's own, ``outbox``.
Source: docs/protocols/meross.md §1.6.
"""

import asyncio
import logging
import ssl
from collections.abc import Callable
from functools import cache

import msgspec

from unclouded.core.errors import WireError
from unclouded.core.security.tls import plug_client_context
from unclouded.core.sessions.link import Inlet
from unclouded.core.sessions.session import Failure, LinkPath, Out
from unclouded.core.system.retry_delays import RetryDelays
from unclouded.core.system.supervise import Fault, supervise
from unclouded.links.broker.tls_stream import READ_SIZE, SharedTls, TlsConnection
from unclouded.links.dial import fail_soon
from unclouded.links.mqtt import packets as mqtt
from unclouded.links.mqtt.codec import PACKET_LIMIT, Parser, encode
from unclouded.links.tcp import DIAL_TIMEOUT_S, why_not_connected

log = logging.getLogger("unclouded.links")

PATH = LinkPath(name="broker", limit=PACKET_LIMIT - 256)
ANSWER_TIMEOUT_S = 10.0  # s for CONNACK, SUBACK and PINGRESP
REFUSALS = {
    1: "wrong version of MQTT",
    2: "client id refused",
    3: "not available now",
    4: "wrong user name or password",
    5: "not allowed",
    0x86: "wrong user name or password",
    0x87: "not allowed",
}


class Login(msgspec.Struct, frozen=True, kw_only=True):
    """The login of a plug. Its ``repr`` shows no password. ``version``: mqtt.V31, V311 or V5."""

    client_id: str
    user: str
    password: str
    inbox: str
    version: int = mqtt.V31
    keep_alive: int = 30  # s

    def __repr__(self) -> str:
        return f"Login(client_id={self.client_id!r}, user={self.user!r})"


@cache
def _read_buffer() -> memoryview:
    """One for all plugs of a process, which run in one loop: 64 kB for each would be most of what a plug takes."""
    return memoryview(bytearray(READ_SIZE))


class PlugClient:
    """A link with the path "broker" for a device-role session. ``dropped`` counts rejected datagrams."""

    def __init__(
        self,
        host: str,
        port: int,
        login: Login,
        outbox: str,
        context: ssl.SSLContext | None = None,
    ) -> None:
        self.name = f"mqtts://{host}:{port}"
        self.dropped = 0
        self._address = (host, port)
        self._login = login
        self._outbox = outbox
        self._context = context or plug_client_context()
        self._delays = RetryDelays()
        self._inlet: Inlet | None = None
        self._session: _MqttSession | None = None
        self._task: asyncio.Task[None] | None = None
        self._reported = ""

    def start(self, inlet: Inlet) -> None:
        self._inlet = inlet
        self._task = asyncio.create_task(
            supervise(f"link {self.name}", self._keep_connected), name=f"{self.name}.{self._login.user}"
        )

    def send(self, out: Out) -> None:
        session = self._session
        if session is not None and session.publish(out.topic or self._outbox, out.data):
            return
        self.dropped += 1
        fail_soon(lambda: self._inlet, out.id, Failure.GONE if session is None else Failure.FULL)

    async def close(self) -> None:
        self._inlet = None
        if self._task is not None:
            self._task.cancel()
            await asyncio.wait({self._task})
            self._task = None

    # --- inside --------------------------------------------------------------------------------

    async def _keep_connected(self) -> None:
        loop = asyncio.get_running_loop()
        while True:
            self._down(await self._connect_once())
            await asyncio.sleep(self._delays.next(loop.time()))

    async def _connect_once(self) -> str:
        """Run one connection from the dial to its end; why it ended."""
        fault = Fault()
        session = _MqttSession(self._login, self._up, self._received)
        host, port = self._address
        shared = SharedTls(self._context, fault, buffer=_read_buffer())
        faulty = asyncio.create_task(fault.wait(), name=f"{self.name}.fault")
        either: set[asyncio.Future[str] | asyncio.Future[None]] = {session.gone, faulty}
        try:
            async with asyncio.timeout(DIAL_TIMEOUT_S):
                await asyncio.get_running_loop().create_connection(
                    lambda: TlsConnection(shared, session.make_receiver, host), host, port
                )
            await asyncio.wait(either, return_when=asyncio.FIRST_COMPLETED)
            if faulty.done():
                await faulty
            return session.gone.result()
        except OSError as error:
            return why_not_connected(host, port, error)
        finally:
            self._session = None
            faulty.cancel()
            await session.close()

    def _up(self, session: "_MqttSession") -> None:
        self._session, self._reported = session, ""
        self._delays.started(asyncio.get_running_loop().time())
        if self._inlet is not None:
            self._inlet.up(PATH)

    def _received(self, payload: bytes) -> None:
        if self._inlet is not None:
            self._inlet.received(payload, PATH.name)

    def _down(self, reason: str) -> None:
        if reason != self._reported and self._inlet is not None:
            self._reported = reason
            log.info("%s: %s Retrying.", self.name, reason)
            self._inlet.down(PATH.name, reason)


class _MqttSession:
    """The MQTT client of one connection. The future ``gone`` completes with the reason when it has ended."""

    def __init__(self, login: Login, up: Callable[["_MqttSession"], None], received: Callable[[bytes], None]) -> None:
        self.gone: asyncio.Future[str] = asyncio.get_running_loop().create_future()
        self._login = login
        self._up = up
        self._received = received
        self._parser = Parser(login.version)
        self._loop = asyncio.get_running_loop()
        self._connection: TlsConnection | None = None
        self._timer: asyncio.TimerHandle | None = None
        self._reason = ""  # why this end closed the connection

    def make_receiver(self, connection: TlsConnection) -> "_MqttSession":
        self._connection = connection
        return self

    def publish(self, topic: str, payload: bytes) -> bool:
        """Whether the message was accepted for sending."""
        return self._send(mqtt.Publish(topic, payload))

    async def close(self) -> None:
        if self._connection is None or self.gone.done():
            return
        self._send(mqtt.Disconnect())
        self._connection.close("The plug disconnected.")
        await asyncio.wait({self.gone})

    # --- called by the connection --------------------------------------------------------------

    def opened(self) -> None:
        login = self._login
        self._expect("CONNACK")
        self._send(
            mqtt.Connect(
                client_id=login.client_id,
                user=login.user,
                password=login.password.encode(),
                keep_alive=login.keep_alive,
                version=login.version,
            )
        )

    def received(self, data: bytes) -> None:
        self._parser.feed(data)
        try:
            while (packet := self._parser.next()) is not None:
                self._take(packet)
        except WireError as error:
            self._end(f"The server violated MQTT: {error}.")

    def ended(self, reason: str) -> None:
        self._set_timer(0.0, None)
        if not self.gone.done():
            self.gone.set_result(self._reason or f"The connection to the broker ended. {reason}")

    # --- inside --------------------------------------------------------------------------------

    def _take(self, packet: mqtt.Packet) -> None:
        match packet:
            case mqtt.Connack(code=mqtt.OK):
                self._expect("SUBACK")
                self._send(mqtt.Subscribe(1, ((self._login.inbox, 1),)))
            case mqtt.Connack(code=code):
                self._end(f"The server refused the login: {REFUSALS.get(code, f'code {code:#04x}')}.")
            case mqtt.Suback(codes=(code,)) if code < mqtt.SUBSCRIPTION_FAILED:
                self._schedule_ping()
                self._up(self)
            case mqtt.Suback():
                self._end("The server refused the subscription to the plug's own topic.")
            case mqtt.Publish(payload=payload):
                if packet.qos:
                    self._send(mqtt.Puback(packet.id))
                self._received(payload)
            case mqtt.Pingresp():
                self._schedule_ping()
            case mqtt.Disconnect(code=code):
                self._end(f"The server disconnected (code {code:#04x}).")
            case _:
                pass

    def _expect(self, what: str) -> None:
        self._set_timer(ANSWER_TIMEOUT_S, lambda: self._end(f"No {what} was received within {ANSWER_TIMEOUT_S:.0f} s."))

    def _schedule_ping(self) -> None:
        """Nothing is awaited until the next ping."""
        self._set_timer(self._login.keep_alive, self._ping)

    def _ping(self) -> None:
        self._expect("PINGRESP")
        self._send(mqtt.Pingreq())

    def _send(self, packet: mqtt.Packet) -> bool:
        return self._connection is not None and self._connection.send(encode(packet, self._login.version))

    def _end(self, reason: str) -> None:
        self._reason = self._reason or reason
        if self._connection is not None:
            self._connection.close(reason)

    def _set_timer(self, after: float, session: Callable[[], None] | None) -> None:
        if self._timer is not None:
            self._timer.cancel()
        self._timer = None if session is None else self._loop.call_later(after, session)
