"""One connection to somebody's MQTT broker, shared by all links that have the same account there.

    dial ──► SUBSCRIBE for every link ──► up ──► read and write ──► lost ──► down(reason) ──► pause ──► dial …

aiomqtt does the talking. What it does not do stands here: who hears which topic, what waits to be written, when to
dial again, and saying in words why there is no connection.
"""

import asyncio
import logging
import secrets
import socket
import ssl
from contextlib import suppress
from pathlib import Path
from typing import TYPE_CHECKING, Protocol
from weakref import WeakKeyDictionary

import msgspec

from unclouded.core.errors import LinkRefused
from unclouded.core.session import Out
from unclouded.core.supervise import supervise
from unclouded.links.dial import CLOSE_PATIENCE, LONGEST_PAUSE, RedialDelays

if TYPE_CHECKING:
    import aiomqtt

log = logging.getLogger("unclouded.links")
talk = logging.getLogger("unclouded.links.mqtt.link")  # what aiomqtt and paho have to say
# An acknowledgement of what was cancelled meanwhile (links that close one after the other) is no error.
talk.addFilter(lambda record: not str(record.msg).startswith("Unexpected message ID"))

KEEP_ALIVE = 20  # s of silence after which we ping the broker
PATIENCE = 10.0  # s for the broker's CONNACK and SUBACK
INBOX = 2_000  # messages of all links that wait to be read
LINKS_AT_ONCE = 50  # in one SUBSCRIBE
FIRST_REFUSAL = 0x80  # codes of MQTT from here on are refusals
LOGIN_REFUSED = frozenset({134, 135})  # bad user name or password, not authorised; paho tells 3.1.1's 4 and 5 so too


class Account(msgspec.Struct, frozen=True):
    """A broker and who we are there. Links with equal accounts share one connection."""

    host: str
    port: int
    tls: bool
    user: str = ""
    password_file: Path | None = None
    cafile: Path | None = None

    @property
    def place(self) -> str:
        return f"{self.host}:{self.port}"


class TopicListener(Protocol):
    """A link, as its broker sees it."""

    hears: tuple[str, ...]  # topics; without the first one the link is of no use
    says: str  # topic
    pending: int  # datagrams that wait to be written
    retained: bool  # it also wants what was said before it came

    def up(self) -> None: ...
    def down(self, reason: str) -> None: ...
    def received(self, data: bytes) -> None: ...
    def lost(self, out: Out) -> None: ...


# loop -> account -> its connection; an entry lives as long as a link uses it.
_brokers: WeakKeyDictionary[asyncio.AbstractEventLoop, dict[Account, "BrokerConnection"]] = WeakKeyDictionary()


def broker_for(account: Account) -> "BrokerConnection":
    """The connection that all links of an account share. Raises LinkRefused where a file cannot be read."""
    shared = _brokers.setdefault(asyncio.get_running_loop(), {})
    broker = shared.get(account)
    if broker is None:
        broker = shared[account] = BrokerConnection(account, password_of(account), context_for(account))
    return broker


def password_of(account: Account) -> str | None:
    """The first line of the password file. Raises LinkRefused."""
    if account.password_file is None:
        return None
    try:
        return account.password_file.read_text("utf-8").partition("\n")[0].rstrip("\r")
    except (OSError, UnicodeError) as error:
        raise unreadable("password file", account.password_file, error) from error


def context_for(account: Account) -> ssl.SSLContext | None:
    """How to check who the broker is. Raises LinkRefused."""
    if not account.tls:
        return None
    try:
        context = ssl.create_default_context(cafile=account.cafile)
    except OSError as error:
        raise unreadable("CA file", account.cafile, error) from error
    context.sslsocket_class = SelfClosingSocket
    return context


def unreadable(what: str, path: Path | None, error: Exception) -> LinkRefused:
    words = error.strerror if isinstance(error, OSError) and not isinstance(error, ssl.SSLError) else "no such text"
    return LinkRefused(f"The {what} {path} cannot be read: {words}. Correct the link's address, or the file.")


class SelfClosingSocket(ssl.SSLSocket):
    """Closes itself when its handshake fails. (paho forgets to.)"""

    def do_handshake(self, block: bool = False) -> None:
        try:
            super().do_handshake(block)
        except BaseException:
            self.close()
            raise


class BrokerConnection:
    """One connection for all links of an account. It lives from the first ``add`` to the last ``remove``."""

    def __init__(self, account: Account, password: str | None, context: ssl.SSLContext | None) -> None:
        self.account = account
        self.connected = False
        self.connections = 0  # made so far
        self._password = password
        self._context = context
        self._links: dict[TopicListener, None] = {}  # in the order in which they came
        self._hearers: dict[str, list[TopicListener]] = {}  # topic -> who hears it
        self._jobs: asyncio.Queue[tuple[TopicListener, Out | None]] = asyncio.Queue()  # bounded by links and OUTBOX
        self._pauses = RedialDelays()
        self._trouble = ""
        self._task: asyncio.Task[None] | None = None

    def add(self, link: TopicListener) -> None:
        self._links[link] = None
        for topic in link.hears:
            self._hearers.setdefault(topic, []).append(link)
        if self._task is None:
            name = f"mqtt.{self.account.place}"
            watched = supervise(f"link {name}", self._keep_connected, self._crashed)
            self._task = asyncio.create_task(watched, name=name)
        elif self.connected:
            self._jobs.put_nowait((link, None))
        elif self._trouble:
            asyncio.get_running_loop().call_soon(link.down, self._trouble)

    def publish(self, link: TopicListener, out: Out) -> None:
        link.pending += 1
        self._jobs.put_nowait((link, out))

    async def remove(self, link: TopicListener) -> None:
        """The last one to go ends the connection."""
        del self._links[link]
        for topic in link.hears:
            self._hearers[topic].remove(link)
            if not self._hearers[topic]:
                del self._hearers[topic]
        if self._links:
            if self.connected:
                self._jobs.put_nowait((link, None))
            return
        _brokers.get(asyncio.get_running_loop(), {}).pop(self.account, None)
        if self._task is not None:
            self._task.cancel()
            await asyncio.wait({self._task})

    # --- inside --------------------------------------------------------------------------------

    async def _keep_connected(self) -> None:
        while True:
            reason = await self._connection()
            self._down(reason)
            await asyncio.sleep(self._pauses.next(asyncio.get_running_loop().time()))

    async def _connection(self) -> str:
        """One connection, from the dial to its end; why it ended."""
        import aiomqtt

        client = self._client()
        try:
            await enter(client)
            try:
                await self._serve(client)
            finally:
                self._forget()
                await leave(client)
        except aiomqtt.MqttError as error:
            return why_lost(self.account, error)
        return f"The connection to {self.account.place} ended."

    def _client(self) -> "aiomqtt.Client":
        import aiomqtt

        return aiomqtt.Client(
            self.account.host,
            self.account.port,
            username=self.account.user or None,
            password=self._password,
            identifier=f"unclouded-{secrets.token_hex(6)}",
            logger=talk,
            timeout=PATIENCE,
            keepalive=KEEP_ALIVE,
            max_queued_incoming_messages=INBOX,
            tls_context=self._context,
        )

    async def _serve(self, client: "aiomqtt.Client") -> None:
        """Read and write until one of the two comes to its end."""
        self.connections += 1
        self.connected, self._trouble = True, ""
        self._pauses.connected(asyncio.get_running_loop().time())
        await self._subscribe(client, list(self._links))
        name = f"mqtt.{self.account.place}"
        tasks = {
            asyncio.create_task(self._read(client), name=f"{name}.read"),
            asyncio.create_task(self._write(client), name=f"{name}.write"),
        }
        try:
            done, _ = await asyncio.wait(tasks, return_when=asyncio.FIRST_COMPLETED)
            await done.pop()
        finally:
            for task in tasks:
                task.cancel()
            await asyncio.gather(*tasks, return_exceptions=True)

    async def _read(self, client: "aiomqtt.Client") -> None:
        async for message in client.messages:
            for link in tuple(self._hearers.get(message.topic.value, ())):
                if isinstance(message.payload, bytes) and (link.retained or not message.retain):
                    link.received(message.payload)

    async def _write(self, client: "aiomqtt.Client") -> None:
        while True:
            link, out = await self._jobs.get()
            if out is None:
                await self._follow(client, link)
                continue
            link.pending -= 1
            try:
                await client.publish(link.says, out.data)
            except BaseException:
                link.lost(out)
                raise

    async def _follow(self, client: "aiomqtt.Client", link: TopicListener) -> None:
        """A link has come, or gone."""
        if link in self._links:
            await self._subscribe(client, [link])
        elif deserted := [topic for topic in link.hears if topic not in self._hearers]:
            await client.unsubscribe(deserted)

    async def _subscribe(self, client: "aiomqtt.Client", links: list[TopicListener]) -> None:
        """Ask for the topics of ``links``; each is up, or told why not, when the broker has answered."""
        for at in range(0, len(links), LINKS_AT_ONCE):
            some = links[at : at + LINKS_AT_ONCE]
            topics = [topic for link in some for topic in link.hears]
            granted = await client.subscribe([(topic, 1) for topic in topics])
            refused = {topic for topic, code in zip(topics, granted, strict=False) if is_refusal(code)}
            for link in some:
                own = link.hears[0]
                if own in refused:
                    link.down(why_refused(self.account, own))
                    asyncio.get_running_loop().call_later(LONGEST_PAUSE, self._ask_again, link)
                else:
                    link.up()

    def _ask_again(self, link: TopicListener) -> None:
        """Somebody may have given us the right meanwhile."""
        if self.connected and link in self._links:
            self._jobs.put_nowait((link, None))

    def _forget(self) -> None:
        """Nothing that waited may leave on a later connection: it would come as a surprise."""
        self.connected = False
        while not self._jobs.empty():
            link, out = self._jobs.get_nowait()
            if out is not None:
                link.pending -= 1
                link.lost(out)

    def _down(self, reason: str) -> None:
        if reason != self._trouble:
            self._trouble = reason
            log.info("%s It is tried again.", reason)
        for link in list(self._links):
            link.down(reason)

    def _crashed(self, error: Exception) -> None:
        place = self.account.place
        self._down(f"The link to {place} met a mistake of ours ({type(error).__name__}). The log has it.")


async def enter(client: "aiomqtt.Client") -> None:
    """Connect, and leave no socket open where that fails.

    It cannot be stopped half-way: the dial happens in a thread, and aiomqtt stumbles where its wait for the CONNACK is
    cancelled. So when we are cancelled it goes on by itself, for PATIENCE at the most, and is hung up on at its end.
    """
    entering = asyncio.create_task(client.__aenter__(), name="mqtt.dial")
    entering.add_done_callback(lambda task: hang_up(client) if task.cancelled() or task.exception() else None)
    try:
        await asyncio.shield(entering)
    except asyncio.CancelledError:
        entering.add_done_callback(lambda task: hang_up(client))
        raise


def hang_up(client: "aiomqtt.Client") -> None:
    """aiomqtt has no way of its own to let go of a connection that was not accepted, so we ask paho."""
    client._client.disconnect()


async def leave(client: "aiomqtt.Client") -> None:
    """Say goodbye where that is still possible, but don't wait for long."""
    import aiomqtt

    with suppress(aiomqtt.MqttError, TimeoutError):
        async with asyncio.timeout(CLOSE_PATIENCE):
            await client.__aexit__(None, None, None)


def is_refusal(code: object) -> bool:
    """Whether a SUBACK code is one (MQTT 3.1.1 §3.9.3: 0x80; paho makes an object with a ``value`` of it)."""
    value = getattr(code, "value", code)
    return isinstance(value, int) and value >= FIRST_REFUSAL


def why_refused(account: Account, topic: str) -> str:
    who = f"user {account.user}" if account.user else "users without a name"
    return f"The broker {account.place} lets us not listen to {topic}. Allow {who} to read there."


def why_lost(account: Account, error: "aiomqtt.MqttError") -> str:
    """Why there is no connection, and what to look at."""
    from aiomqtt.exceptions import MqttConnectError

    place = account.place
    code = getattr(getattr(error, "rc", None), "value", None)
    if code in LOGIN_REFUSED:
        return f"The broker {place} refuses us: wrong user or password. Look at the link's user and password_file."
    if isinstance(error, MqttConnectError):
        return f"The broker {place} refuses us: {error}. Its log says more."
    match error.__context__ or error.__cause__:
        case ssl.SSLCertVerificationError() as wrong:
            return (
                f"The certificate of {place} is not trusted: {wrong.verify_message}. Name its CA in the link, as in "
                "?cafile=ca.crt, and call the broker by a name that stands in the certificate."
            )
        case ssl.SSLError() as wrong:
            return f"{place} and we find no TLS that both speak ({wrong.reason}). Without TLS the link is mqtt://…"
        case socket.gaierror():
            return f"The name {account.host} is not known here. Check the spelling, or write the IP address."
        case ConnectionRefusedError():
            return f"{account.host} is there but refuses port {account.port}. Is the broker running, on that port?"
        case OSError() as wrong if wrong.strerror:
            return f"The broker {place} cannot be reached: {wrong.strerror}. Is it running and in this network?"
    return (
        f"The broker {place} does not answer, or the connection to it was lost. Is it running, and does it speak MQTT?"
    )
