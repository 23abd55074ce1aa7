"""The broker: the MQTT server that plugs are bound to. It ends their TLS connections; each plug becomes a Link.

    plug ══TLS══► Wire ──► Peer (MQTT) ──► Broker: who is it? ──► Slot of its UUID ──► driver
                                             └── right password, no slot: seen, kept connected, not answered

It routes nothing between clients and knows no family: who a client is says ``admit``. A slot outlives connections;
a plug that connects again is ``up`` again without ``down``. Everything is bounded: connections, packets, what waits
to be written, guesses of passwords. Source: docs/protocols/meross.md §1.6.
"""

import asyncio
import contextlib
import datetime
import logging
import socket
import time
from collections.abc import Callable, Mapping, Sequence
from pathlib import Path

import msgspec

from unclouded.core.errors import LinkRefused
from unclouded.core.link import Inlet, Link
from unclouded.core.session import Failure, LinkPath, Out, Refusal
from unclouded.core.supervise import Fault
from unclouded.links.broker.certificates import prepare
from unclouded.links.broker.client import BrokerClient, PlugIdentity
from unclouded.links.broker.rate_limit import LoginRateLimiter, RepeatFilter
from unclouded.links.broker.tls_policy import server_context
from unclouded.links.broker.tls_stream import GOODBYE_PATIENCE, HandshakeScheduler, SharedTls, TlsConnection
from unclouded.links.dial import fail_soon
from unclouded.links.mqtt import packets as mqtt
from unclouded.links.mqtt.codec import PACKET_LIMIT

log = logging.getLogger("unclouded.broker")

PATH = LinkPath(name="broker", limit=PACKET_LIMIT - 256)  # the rest is for the topic
ACCEPTS = 8  # connections that are taken in one turn of the loop
BACKLOG = 1_024  # connections that wait in the kernel: a whole house calls at once after a power cut
RENEWAL = 86_400.0  # s between looks at the certificate's end

Admit = Callable[[str, str, str], PlugIdentity | Refusal]


class BrokerOptions(msgspec.Struct, frozen=True, kw_only=True):
    """How the broker shall be. The two switches weaken it for old plugs; the log warns of each."""

    old_tls: bool = False
    old_ciphers: bool = False
    connections: int = 4_096
    packet_limit: int = PACKET_LIMIT


class SeenPlug(msgspec.Struct, frozen=True):
    """A plug with the right password that nobody has configured. ``since``: Unix seconds."""

    uuid: str
    address: str
    since: float


class BrokerServer:
    """The server. ``admit(client_id, user, password)`` says who a client is or why it may not come in.

    ``hosts``: what plugs are told to connect to; the first becomes the certificate's common name.
    ``on_seen`` is told of each plug that is only seen. ``address`` has the real port after ``start``.
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
        self._slots: dict[str, PlugSlot] = {}
        self._peers: dict[str, BrokerClient] = {}
        self._since: dict[str, float] = {}
        self._wires: set[TlsConnection] = set()
        self._lost = asyncio.Event()  # another wire has ended
        self._bouncer = LoginRateLimiter()
        self._told = RepeatFilter()
        self._counts = dict.fromkeys(("connected", "refused", "turned_away", "handshakes_failed", "odd", "unheard"), 0)
        self._server: asyncio.Task[asyncio.Server] | None = None
        self._renewal: asyncio.TimerHandle | None = None

    async def run(self) -> None:
        """Open until cancelled. Raises what went wrong inside a callback, LinkRefused and ConfigError."""
        try:
            if self._server is None:
                self.start()
            await self._fault.wait()
        finally:
            await self.close()

    def start(self) -> None:
        """Open. Makes certificates the first time (half a second). Raises LinkRefused and ConfigError."""
        self._loop = asyncio.get_running_loop()
        self._fault = Fault()
        options = self.options
        files = prepare(self._folder, self._hosts, datetime.datetime.now(datetime.UTC))
        context = server_context(files, old_tls=options.old_tls, old_ciphers=options.old_ciphers)
        self._shared = SharedTls(context, self._fault, HandshakeScheduler(self._fault))
        sock = self._listening_socket()
        self._server = asyncio.create_task(self._serve(sock), name=f"broker.{self.address[1]}")
        self._renewal = self._loop.call_later(RENEWAL, self._renew)

    async def ready(self) -> None:
        """Until it takes connections; ones made since ``start`` wait in the kernel and are not lost."""
        assert self._server is not None, "start it first"
        await asyncio.wait({self._server})

    async def close(self) -> None:
        """Say goodbye to everybody. Slots stay, and are up again after another ``start``."""
        if self._server is None:
            return
        server = await self._server
        self._server = None
        if self._renewal is not None:
            self._renewal.cancel()
        server.close()
        for wire in list(self._wires):
            wire.close("The broker was stopped.")
        with contextlib.suppress(TimeoutError):
            async with asyncio.timeout(2 * GOODBYE_PATIENCE):
                while self._wires:
                    self._lost.clear()
                    await self._lost.wait()
        await server.wait_closed()

    def slot(self, uuid: str) -> Link:
        """The link of a plug, connected or not; always the same one for the same plug."""
        return self._slot(uuid.lower())

    def seen(self) -> list[SeenPlug]:
        """Plugs that are connected with the right password and have no started slot."""
        return [self._as_seen(peer) for key, peer in self._peers.items() if not self._slot_started(key)]

    def stats(self) -> Mapping[str, float]:
        """Connections now, and what was counted since the broker was made."""
        return {"connections": len(self._wires), "plugs": len(self._peers), **self._counts}

    # --- what slots need -----------------------------------------------------------------------

    def peer(self, key: str) -> BrokerClient | None:
        """The connection that a plug can be reached by now."""
        peer = self._peers.get(key)
        return peer if peer is not None and peer.arrived else None

    # --- what peers need (Hall) ----------------------------------------------------------------

    def admit(self, peer: BrokerClient, connect: mqtt.Connect) -> PlugIdentity | Refusal:
        password = (connect.password or b"").decode("utf-8", "replace")
        found = self._admit(connect.client_id, connect.user or "", password)
        if isinstance(found, PlugIdentity) and not found.uuid.isalnum():
            found = Refusal("Its UUID has characters that no UUID of a plug has.")
        address = peer.wire.peer
        if isinstance(found, Refusal):
            self._counts["refused"] += 1
            if self._bouncer.failed(address, self._loop.time()):
                log.warning("The broker: %s was refused too often and is not let in for a minute.", address)
            return found
        self._bouncer.passed(address)
        before = self._peers.pop(found.key, None)
        self._peers[found.key] = peer
        self._since[found.key] = time.time()
        if before is not None:
            before.take_over()
        return found

    def arrived(self, peer: BrokerClient) -> None:
        plug = peer.plug
        assert plug is not None
        self._counts["connected"] += 1
        log.info("The broker: plug %s is connected from %s (%s).", plug.uuid, peer.wire.peer, mqtt.NAMES[peer.version])
        if self._slot_started(plug.key):
            self._slot(plug.key).connected()
        elif self.on_seen is not None:
            self.on_seen(self._as_seen(peer))

    def heard(self, peer: BrokerClient, payload: bytes) -> None:
        assert peer.plug is not None
        slot = self._slots.get(peer.plug.key)
        if slot is None or not slot.received(payload):
            self._counts["unheard"] += 1

    def odd(self, peer: BrokerClient, words: str) -> None:
        self._counts["odd"] += 1
        self._tell(peer, words)

    def left(self, peer: BrokerClient, reason: str) -> None:
        self._wires.discard(peer.wire)
        self._lost.set()
        plug = peer.plug
        if plug is None:
            self._counts["handshakes_failed"] += not peer.wire.opened
            self._tell(peer, reason)
        elif self._peers.get(plug.key) is peer:
            del self._peers[plug.key], self._since[plug.key]
            log.info("The broker: plug %s is gone. %s", plug.uuid, reason)
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
                "Is another server of plugs or another hub there? Choose another [broker] listen."
            ) from error
        self.address = (host, sock.getsockname()[1])
        return sock

    async def _serve(self, sock: socket.socket) -> asyncio.Server:
        server = await self._loop.create_server(
            lambda: TlsConnection(self._shared, self._listen), sock=sock, backlog=ACCEPTS
        )
        sock.listen(BACKLOG)  # the loop accepts ACCEPTS in a turn; the kernel holds the others
        return server

    def _listen(self, wire: TlsConnection) -> BrokerClient:
        self._wires.add(wire)
        peer = BrokerClient(wire, self)
        if len(self._wires) > self.options.connections:
            self._turn_away(wire, f"There are {self.options.connections} connections already; no more are taken.")
        elif self._bouncer.blocked(wire.peer, self._loop.time()):
            self._turn_away(wire, "It was refused too often; it is not let in for a minute.")
        return peer

    def _turn_away(self, wire: TlsConnection, words: str) -> None:
        self._counts["turned_away"] += 1
        wire.hang_up(words)

    def _tell(self, peer: BrokerClient, words: str) -> None:
        who = f"plug {peer.plug.uuid}" if peer.plug else "a client"
        if self._told.news((peer.wire.peer, words), self._loop.time()):
            log.warning("The broker: %s at %s: %s", who, peer.wire.peer, words)

    def _renew(self) -> None:
        self._renewal = self._loop.call_later(RENEWAL, self._renew)
        with self._fault:
            files = prepare(self._folder, self._hosts, datetime.datetime.now(datetime.UTC))
            self._shared.context.load_cert_chain(files.chain, files.key)

    def _slot(self, key: str) -> "PlugSlot":
        if key not in self._slots:
            self._slots[key] = PlugSlot(self, key)
        return self._slots[key]

    def _slot_started(self, key: str) -> bool:
        return key in self._slots and self._slots[key].started

    def _as_seen(self, peer: BrokerClient) -> SeenPlug:
        assert peer.plug is not None
        return SeenPlug(peer.plug.uuid, peer.wire.peer, self._since[peer.plug.key])


class PlugSlot:
    """The link of one plug: there before it calls and after it is gone. One way, "broker".

    A datagram is the payload of one message. ``dropped`` counts those that were not taken.
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
        peer = self._broker.peer(self._key)
        if peer is not None and peer.publish(out.data):
            return
        self.dropped += 1
        fail_soon(lambda: self._inlet, out.id, Failure.GONE if peer is None else Failure.FULL)

    async def close(self) -> None:
        self._inlet = None

    # --- the broker calls ------------------------------------------------------------------------

    def connected(self) -> None:
        if self._inlet is not None:
            self._inlet.up(PATH)

    def disconnected(self, reason: str) -> None:
        if self._inlet is not None:
            self._inlet.down(PATH.name, f"The plug is not connected to the broker. {reason}")

    def received(self, payload: bytes) -> bool:
        """Whether somebody listens."""
        if self._inlet is None:
            return False
        self._inlet.received(payload, PATH.name)
        return True

    # --- inside --------------------------------------------------------------------------------

    def _begin(self, inlet: Inlet) -> None:
        if self._inlet is not inlet:
            return
        if self._broker.peer(self._key) is not None:
            self.connected()
        else:
            self.disconnected("It has not called yet.")
