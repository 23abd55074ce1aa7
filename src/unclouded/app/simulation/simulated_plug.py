"""Simulated plugs: their identity, and the links by which they connect to servers, download files and are found."""

import asyncio
from functools import cache
from ssl import SSLContext

import msgspec

from unclouded.core.errors import LinkError
from unclouded.core.security.tls import plug_client_context
from unclouded.core.sessions.link import Inlet, Link
from unclouded.core.sessions.session import AskServer, Failure, Out, Refusal
from unclouded.families import meross
from unclouded.links.broker.plug_client import PATH, Login, PlugClient
from unclouded.links.dial import fail_soon
from unclouded.links.http.fetch import fetch
from unclouded.links.http.file_server import facing
from unclouded.sim.seeded_random import SeededRandom

DOWNLOAD_TIMEOUT_S = 60.0
ANYWHERE = {"0.0.0.0": "192.0.2.1", "[::]": "2001:db8::1"}  # where nothing is sent: it chooses the interface
FIXED = "This simulated plug has one server for good."
NO_SERVER = "This simulated plug was started without --server."


class BoundPlug(msgspec.Struct, frozen=True, kw_only=True):
    """A plug: what it was bound with, or (``unconfigured``) that it is in set-up mode. Its ``repr`` shows no key.

    ``http``: HOST:PORT where it serves HTTP. ``networks``: the Wi-Fi around it, SSID:PASSWORD each;
    none = the usual ones. ``console``: it has one. ``mac`` "": that in the UUID. ``dialect`` "": the usual one.
    ``timezone``: that it was given; "" = none yet.
    """

    uuid: str
    key: str = ""
    unconfigured: bool = False
    http: str = ""
    networks: tuple[str, ...] = ()
    console: bool = False
    mac: str = ""
    dialect: str = ""
    timezone: str = ""

    @property
    def memory(self) -> dict[str, bytes]:
        """As the memory that a simulated plug begins with."""
        found = {"uuid": self.uuid.encode(), "key": self.key.encode()}
        found |= {"unconfigured": b"yes"} if self.unconfigured else {}
        found |= {"http": _reported(self.http).encode()} if self.http else {}
        found |= {"console": b"yes"} if self.console else {}
        found |= {"dialect": self.dialect.encode()} if self.dialect else {}
        found |= {"timezone": self.timezone.encode()} if self.timezone else {}
        return found | ({"networks": msgspec.json.encode(self.networks)} if self.networks else {})

    def __repr__(self) -> str:
        return f"BoundPlug(uuid={self.uuid!r})"


def _reported(http: str) -> str:
    """The address that others reach: that of this computer, where it serves on all of its addresses."""
    host, _, port = http.rpartition(":")
    if host not in ("0.0.0.0", "[::]"):
        return http
    own = facing(ANYWHERE[host])
    return f"[{own}]:{port}" if ":" in own else f"{own}:{port}"


def bound(seed: int, key: str, uuid: str = "", timezone: str = "") -> BoundPlug:
    """The simulated plug of that seed, bound with a key, and with a time zone where it was given one."""
    return BoundPlug(uuid=uuid.lower() or meross.simulated_uuid(seed), key=key, timezone=timezone)


@cache
def _context() -> SSLContext:
    """One for all plugs of this process."""
    return plug_client_context(rsa_only=True)


def client_link(host: str, port: int, plug: BoundPlug, user_id: str = "0") -> Link:
    """The link by which a plug connects to the server at host and port, as real ones do."""
    return PlugClient(host, port, login_of(plug, user_id), meross.publish_topic(plug.uuid), _context())


def login_of(plug: BoundPlug, user_id: str = "0") -> Login:
    """The login that a plug derives from its MAC and the key."""
    mac = plug.mac or meross.mac_of(plug.uuid)
    return Login(
        client_id=meross.client_id_for(plug.uuid, SeededRandom(1, plug.uuid).token(0, 8)),
        user=mac,
        password=meross.password_for(mac, plug.key, user_id),
        inbox=meross.subscribe_topic(plug.uuid),
    )


class ServerLink:
    """The link of a plug to its server, which may become another one. ``server``: the first one; None = none."""

    def __init__(self, plug: BoundPlug, server: tuple[str, int] | None) -> None:
        self._plug = plug
        self._server = server
        self._inlet: Inlet | None = None
        self._link: Link | None = None
        self._closing: set[asyncio.Task[None]] = set()

    def start(self, inlet: Inlet) -> None:
        self._inlet = inlet
        if self._link is not None:
            self._link.start(inlet)  # the plug has asked before its other links were started
        elif self._server is not None and not self._plug.unconfigured:
            self._open(client_link(*self._server, self._plug))

    def send(self, out: Out) -> None:
        if self._link is not None:
            self._link.send(out)
        else:
            fail_soon(lambda: self._inlet, out.id, Failure.GONE)

    def connect(self, question: AskServer) -> bool | Refusal:
        """Connect to another server, or to none."""
        server = (question.host, question.port) if question.host else self._server
        if question.connect and server is None:
            return Refusal(NO_SERVER)
        self._close()
        if question.connect and server is not None:
            identity = {"uuid": question.uuid or self._plug.uuid, "mac": question.mac}
            plug = msgspec.structs.replace(self._plug, key=question.key, **identity)
            self._open(client_link(*server, plug, question.user_id))
        return True

    async def close(self) -> None:
        self._inlet = None
        self._close()
        await asyncio.gather(*self._closing)

    def _open(self, link: Link) -> None:
        self._link = link
        if self._inlet is not None:
            link.start(self._inlet)

    def _close(self) -> None:
        """The plug gets to know it at the next turn of the loop: it may be what asks for this."""
        link, self._link = self._link, None
        if link is None:
            return
        task = asyncio.create_task(link.close(), name="simulated plug disconnects")
        self._closing.add(task)
        task.add_done_callback(self._closing.discard)
        asyncio.get_running_loop().call_soon(self._report_down, link)

    def _report_down(self, link: Link) -> None:
        if self._inlet is not None and self._link is None:
            self._inlet.down(PATH.name, "The plug has disconnected.")


class PlugSurroundings:
    """What a simulated plug asks of this computer. ``server`` None: its link to the server stays as it is."""

    def __init__(self, server: ServerLink | None = None) -> None:
        self._server = server

    def connect(self, question: AskServer) -> bool | Refusal:
        return Refusal(FIXED) if self._server is None else self._server.connect(question)

    async def download(self, url: str, limit: int) -> bytes | Refusal:
        return await download(url, limit)


async def download(url: str, limit: int) -> bytes | Refusal:
    """A file for a plug."""
    try:
        return await fetch(url, limit, DOWNLOAD_TIMEOUT_S)
    except LinkError as error:
        return Refusal(str(error))
