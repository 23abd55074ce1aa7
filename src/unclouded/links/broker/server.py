"""The embedded MQTT broker that plugs connect to. It terminates their TLS; each plug becomes a Link.

    plug ══TLS══► TlsConnection ──► BrokerClient (MQTT) ──► BrokerServer: admit ──► PlugSlot of its UUID ──► driver
                                              └── right password, no slot: ``seen``; it gets the answers that keep it

It routes nothing between clients and knows no family: ``admit`` identifies a client. A slot outlives connections;
a plug that reconnects is ``up`` again without ``down``. Everything is bounded: connections by the open files that the
process may have, and by address until they have logged in; packet sizes, pending bytes, failed logins.
Source: docs/protocols/meross.md §1.6.
"""

import asyncio
import contextlib
import datetime
import logging
import re
import socket
import time
from collections import deque
from collections.abc import Callable, Mapping, Sequence
from pathlib import Path

import msgspec

from unclouded.core.errors import LinkRefused
from unclouded.core.sessions.link import Inlet, Link
from unclouded.core.sessions.session import Failure, LinkPath, Out, Refusal
from unclouded.core.system.repeat_filter import RepeatFilter
from unclouded.core.system.sockets import group_of, open_file_share
from unclouded.core.system.supervise import Fault
from unclouded.links.broker.certificates import prepare
from unclouded.links.broker.client import BrokerClient, LoginRefusal, PlugIdentity
from unclouded.links.broker.rate_limit import MAX_WAITING, FailedLogins, WaitingConnections
from unclouded.links.broker.tls_policy import server_context
from unclouded.links.broker.tls_stream import CLOSE_TIMEOUT_S, HandshakeScheduler, SharedTls, TlsConnection
from unclouded.links.dial import fail_soon
from unclouded.links.mqtt import packets as mqtt
from unclouded.links.mqtt.codec import PACKET_LIMIT

log = logging.getLogger("unclouded.broker")

PATH = LinkPath(name="broker", limit=PACKET_LIMIT - 256)  # leaves room for the topic
NAME_LIMIT = 64  # characters of a user name that are kept
MAC_LIKE = re.compile(r"[0-9A-Fa-f:-]{12,17}")  # user names that may be shown: those of plugs
ACCEPTS_PER_TURN = 8  # connections accepted per loop iteration
BACKLOG = 1_024  # connections waiting in the kernel: after a power cut all plugs connect at once
FILE_SHARE = 2  # the broker's connections are at most one in so many of the open files
PROBLEMS_KEPT = 32  # of clients that could not connect, for whoever asks why
RENEWAL_CHECK_S = 86_400.0  # s between checks of the certificate's end

Admit = Callable[[str, str, str], PlugIdentity | Refusal]
AnswerUnadmitted = Callable[[PlugIdentity, bytes], Sequence[bytes]]


class BrokerOptions(msgspec.Struct, frozen=True, kw_only=True):
    """Settings of the broker. ``old_tls`` and ``old_ciphers`` weaken it for old plugs; the log warns of each."""

    old_tls: bool = False
    old_ciphers: bool = False
    connections: int = 4_096  # as far as the limit of open files allows
    packet_limit: int = PACKET_LIMIT


class SeenPlug(msgspec.Struct, frozen=True):
    """A plug with the right password that is not configured. ``since``: Unix seconds."""

    uuid: str
    address: str
    since: float


class BrokerProblem(msgspec.Struct, frozen=True):
    """A client that could not connect or was disconnected, and why. ``at``: Unix seconds; ``uuid`` "": not known."""

    at: float
    address: str
    uuid: str
    reason: str


class BrokerServer:
    """The server. ``admit(client_id, user, password)`` identifies a client or says why it is refused.

    ``hosts``: what plugs are configured to connect to; the first becomes the certificate's common name.
    ``on_seen`` is called for each plug that is not configured, and ``answer_unadmitted`` for each message of it: the
    answers without which it would not stay. ``address`` has the real port after ``start``.
    """

    def __init__(
        self,
        address: tuple[str, int],
        hosts: Sequence[str],
        ca_folder: Path,
        admit: Admit,
        options: BrokerOptions | None = None,
        on_seen: Callable[[SeenPlug], None] | None = None,
    ) -> None:
        self.address = address
        self.options = options or BrokerOptions()
        self.packet_limit = self.options.packet_limit
        self._hosts = hosts
        self._folder = ca_folder
        self._admit = admit
        self.on_seen = on_seen
        self.answer_unadmitted: AnswerUnadmitted | None = None
        self._slots: dict[str, PlugSlot] = {}
        self._clients: dict[str, BrokerClient] = {}
        self._since: dict[str, float] = {}
        self._connections: set[TlsConnection] = set()
        self._connection_ended = asyncio.Event()
        self._limit = self.options.connections
        self._waiting: WaitingConnections[TlsConnection] = WaitingConnections(MAX_WAITING)
        self._failed_logins = FailedLogins()
        self._log_filter = RepeatFilter()
        self._problems: deque[BrokerProblem] = deque(maxlen=PROBLEMS_KEPT)
        self._counts = dict.fromkeys(("connected", "refused", "turned_away", "handshakes_failed", "odd", "unheard"), 0)
        self._server: asyncio.Task[asyncio.Server] | None = None
        self._renewal: asyncio.TimerHandle | None = None

    async def run(self) -> None:
        """Serve until cancelled. Raises errors from callbacks, LinkRefused and ConfigError."""
        try:
            if self._server is None:
                self.start()
            await self._fault.wait()
        finally:
            await self.close()

    def make_certificates(self) -> None:
        """Make them where they are missing, or old; it may be called in a thread. Raises ConfigError."""
        prepare(self._folder, self._hosts, datetime.datetime.now(datetime.UTC))

    def start(self) -> None:
        """Listen. Makes certificates the first time (half a second). Raises LinkRefused and ConfigError."""
        self._loop = asyncio.get_running_loop()
        self._fault = Fault()
        options = self.options
        self._limit = open_file_share(FILE_SHARE, options.connections)
        self._waiting = WaitingConnections(min(MAX_WAITING, max(1, self._limit // 4)))
        files = prepare(self._folder, self._hosts, datetime.datetime.now(datetime.UTC))
        context = server_context(files, old_tls=options.old_tls, old_ciphers=options.old_ciphers)
        self._shared = SharedTls(context, self._fault, HandshakeScheduler(self._fault))
        sock = self._listening_socket()
        self._server = asyncio.create_task(self._serve(sock), name=f"broker.{self.address[1]}")
        self._renewal = self._loop.call_later(RENEWAL_CHECK_S, self._renew)

    async def ready(self) -> None:
        """Wait until connections are accepted; those made since ``start`` wait in the kernel and are not lost."""
        assert self._server is not None, "call start() first"
        await asyncio.wait({self._server})

    async def close(self) -> None:
        """Close all connections. Slots stay, and are up again after another ``start``."""
        if self._server is None:
            return
        server = await self._server
        self._server = None
        if self._renewal is not None:
            self._renewal.cancel()
        server.close()
        for connection in list(self._connections):
            connection.close("The broker was stopped.")
        with contextlib.suppress(TimeoutError):
            async with asyncio.timeout(2 * CLOSE_TIMEOUT_S):
                while self._connections:
                    self._connection_ended.clear()
                    await self._connection_ended.wait()
        await server.wait_closed()

    def slot(self, uuid: str) -> Link:
        """The link of a plug, connected or not; always the same object for the same plug."""
        return self._slot(uuid.lower())

    def seen(self) -> list[SeenPlug]:
        """Plugs that are connected with the right password and have no started slot."""
        return [self._as_seen(client) for key, client in self._clients.items() if not self._slot_started(key)]

    def stats(self) -> Mapping[str, float]:
        """Current connections, and counters since the broker was made."""
        return {"connections": len(self._connections), "plugs": len(self._clients), **self._counts}

    def problems(self) -> list[BrokerProblem]:
        """The newest clients that could not connect or were disconnected, the oldest first."""
        return list(self._problems)

    # --- called by slots -----------------------------------------------------------------------

    def client(self, key: str) -> BrokerClient | None:
        """The client through which a plug can be reached now."""
        client = self._clients.get(key)
        return client if client is not None and client.subscribed else None

    # --- called by clients (ServerContext) -----------------------------------------------------

    def admit(self, client: BrokerClient, connect: mqtt.Connect) -> PlugIdentity | LoginRefusal:
        password = (connect.password or b"").decode("utf-8", "replace")
        found = self._admit(connect.client_id, connect.user or "", password)
        if isinstance(found, PlugIdentity) and not found.uuid.isalnum():
            found = Refusal("Its UUID contains characters that plug UUIDs never have.")
        address, name = client.connection.peer_address, (connect.user or "")[:NAME_LIMIT]
        if isinstance(found, Refusal):
            self._counts["refused"] += 1
            delay_s = self._failed_logins.failed(address, name, self._loop.time())
            if delay_s and self._log_filter.is_new((address, name), self._loop.time()):
                who = name if MAC_LIKE.fullmatch(name) else "a client"
                log.warning(
                    "Broker: too many failed logins of %s at %s; refusals are sent after %.0f s.", who, address, delay_s
                )
            return LoginRefusal(found.reason, delay_s)
        self._failed_logins.succeeded(address, name)
        if len(self._clients) >= self._limit and found.key not in self._clients:
            return LoginRefusal(f"There are {self._limit} plugs already; no more are accepted.", is_full=True)
        self._waiting.remove(client.connection)
        previous = self._clients.pop(found.key, None)
        self._clients[found.key] = client
        self._since[found.key] = time.time()
        if previous is not None:
            previous.take_over()
        return found

    def subscribed(self, client: BrokerClient) -> None:
        plug = client.plug
        assert plug is not None
        self._counts["connected"] += 1
        log.info(
            "Broker: plug %s connected from %s (%s).",
            plug.uuid,
            client.connection.peer_address,
            mqtt.NAMES[client.version],
        )
        if self._slot_started(plug.key):
            self._slot(plug.key).connected()
        elif self.on_seen is not None:
            self.on_seen(self._as_seen(client))

    def published(self, client: BrokerClient, payload: bytes) -> None:
        assert client.plug is not None
        slot = self._slots.get(client.plug.key)
        if slot is not None and slot.received(payload):
            return
        answers = self.answer_unadmitted(client.plug, payload) if self.answer_unadmitted is not None else ()
        for answer in answers:
            client.publish(answer)
        self._counts["unheard"] += not answers

    def violation(self, client: BrokerClient, reason: str) -> None:
        self._counts["odd"] += 1
        self._log_once(client, reason)

    def disconnected(self, client: BrokerClient, reason: str) -> None:
        self._connections.discard(client.connection)
        self._waiting.remove(client.connection)
        self._connection_ended.set()
        plug = client.plug
        if plug is None:
            self._counts["handshakes_failed"] += not client.connection.opened
            self._log_once(client, reason)
        elif self._clients.get(plug.key) is client:
            del self._clients[plug.key], self._since[plug.key]
            log.info("Broker: plug %s disconnected. %s", plug.uuid, reason)
            if self._slot_started(plug.key):
                self._slot(plug.key).disconnected(reason)

    # --- inside --------------------------------------------------------------------------------

    def _listening_socket(self) -> socket.socket:
        host, port = self.address
        family = socket.AF_INET6 if ":" in host else socket.AF_INET
        try:
            sock = socket.create_server((host, port), family=family, backlog=BACKLOG)
        except OSError as error:
            raise LinkRefused(
                f"The broker cannot listen on {host}:{port}: {error.strerror}. "
                "Does another MQTT broker or another hub use the port? Choose another [broker] listen."
            ) from error
        self.address = (host, sock.getsockname()[1])
        return sock

    async def _serve(self, sock: socket.socket) -> asyncio.Server:
        server = await self._loop.create_server(
            lambda: TlsConnection(self._shared, self._accept), sock=sock, backlog=ACCEPTS_PER_TURN
        )
        sock.listen(BACKLOG)  # the loop accepts ACCEPTS_PER_TURN in an iteration; the others wait in the kernel
        return server

    def _accept(self, connection: TlsConnection) -> BrokerClient:
        self._connections.add(connection)
        client = BrokerClient(connection, self)
        crowded = self._waiting.add(connection, connection.peer_address)
        if crowded is not None:
            self._reject(crowded, "It did not log in, and its address has many newer connections.")
        elif len(self._connections) > self._limit and (oldest := self._waiting.oldest_but(connection)) is not None:
            self._reject(oldest, f"It did not log in, and there are {self._limit} connections already.")
        return client

    def _reject(self, connection: TlsConnection, reason: str) -> None:
        self._counts["turned_away"] += 1
        connection.abort(reason)

    def _log_once(self, client: BrokerClient, reason: str) -> None:
        who = f"plug {client.plug.uuid}" if client.plug else "a client"
        uuid = client.plug.uuid if client.plug else ""
        self._problems.append(BrokerProblem(time.time(), client.connection.peer_address, uuid, reason))
        if self._log_filter.is_new((group_of(client.connection.peer_address), reason), self._loop.time()):
            log.warning("Broker: %s at %s: %s", who, client.connection.peer_address, reason)

    def _renew(self) -> None:
        self._renewal = self._loop.call_later(RENEWAL_CHECK_S, self._renew)
        with self._fault:
            files = prepare(self._folder, self._hosts, datetime.datetime.now(datetime.UTC))
            self._shared.context.load_cert_chain(files.chain, files.key)

    def _slot(self, key: str) -> "PlugSlot":
        if key not in self._slots:
            self._slots[key] = PlugSlot(self, key)
        return self._slots[key]

    def _slot_started(self, key: str) -> bool:
        return key in self._slots and self._slots[key].started

    def _as_seen(self, client: BrokerClient) -> SeenPlug:
        assert client.plug is not None
        return SeenPlug(client.plug.uuid, client.connection.peer_address, self._since[client.plug.key])


class PlugSlot:
    """The link of one plug; it exists before the plug connects and after it is gone. One path, "broker".

    A datagram is the payload of one message. ``dropped`` counts rejected ones.
    """

    def __init__(self, broker: BrokerServer, key: str) -> None:
        self.dropped = 0
        self._broker = broker
        self._key = key
        self._inlet: Inlet | None = None

    @property
    def started(self) -> bool:
        return self._inlet is not None

    def start(self, inlet: Inlet) -> None:
        self._inlet = inlet
        asyncio.get_running_loop().call_soon(self._begin, inlet)

    def send(self, out: Out) -> None:
        client = self._broker.client(self._key)
        if client is not None and client.publish(out.data):
            return
        self.dropped += 1
        fail_soon(lambda: self._inlet, out.id, Failure.GONE if client is None else Failure.FULL)

    async def close(self) -> None:
        self._inlet = None

    # --- called by the broker ------------------------------------------------------------------

    def connected(self) -> None:
        """The plug is connected and has subscribed."""
        if self._inlet is not None:
            self._inlet.up(PATH)

    def disconnected(self, reason: str) -> None:
        """The plug is gone, and why."""
        if self._inlet is not None:
            self._inlet.down(PATH.name, f"The plug is not connected to the broker. {reason}")

    def received(self, payload: bytes) -> bool:
        """Whether the slot was started."""
        if self._inlet is None:
            return False
        self._inlet.received(payload, PATH.name)
        return True

    # --- inside --------------------------------------------------------------------------------

    def _begin(self, inlet: Inlet) -> None:
        if self._inlet is not inlet:
            return
        if self._broker.client(self._key) is not None:
            self.connected()
        else:
            self.disconnected("It has not connected yet.")
