"""One connection to an external MQTT broker, shared by all links that have the same account there.

    dial ──► SUBSCRIBE for every link ──► up ──► read and write ──► lost ──► down(reason) ──► delay ──► dial …

aiomqtt implements the protocol. This module adds what it lacks: dispatch by topic, a bounded send queue, redialling,
and readable reasons for a missing connection.
"""

import asyncio
import logging
import secrets
import socket
import ssl
from collections.abc import Collection
from contextlib import suppress
from pathlib import Path
from typing import TYPE_CHECKING, Protocol
from weakref import WeakKeyDictionary

import msgspec

from unclouded.core.errors import LinkRefused
from unclouded.core.security.tls import client_context
from unclouded.core.sessions.session import Out
from unclouded.core.system.retry_delays import MAX_DELAY_S, RetryDelays
from unclouded.core.system.supervise import supervise
from unclouded.links.dial import CLOSE_TIMEOUT_S

if TYPE_CHECKING:
    import aiomqtt

log = logging.getLogger("unclouded.links")
mqtt_log = logging.getLogger("unclouded.links.mqtt.link")  # messages of aiomqtt and paho
# An acknowledgement of a cancelled request (links that close one after the other) is not an error.
mqtt_log.addFilter(lambda record: not str(record.msg).startswith("Unexpected message ID"))

KEEP_ALIVE_S = 20  # s of silence before a ping to the broker
CANCEL_AGAIN_S = 0.2  # s until a task that has not ended is cancelled again
TIMEOUT_S = 10.0  # s for the broker's CONNACK and SUBACK
INBOX_LIMIT = 2_000  # received messages of all links waiting to be handled
LINKS_PER_SUBSCRIBE = 50  # in one SUBSCRIBE
FIRST_REFUSAL = 0x80  # MQTT codes from here on are refusals
LOGIN_REFUSED = frozenset({134, 135})  # bad user name or password, not authorised; paho maps 3.1.1's 4 and 5 to them


class Account(msgspec.Struct, frozen=True):
    """An external broker and the login there. Links with equal accounts share one connection."""

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
    """A link as its connection sees it."""

    topics: tuple[str, ...]  # subscribed topics; the first one is required
    publish_topic: str
    pending: int  # datagrams waiting to be sent
    retained: bool  # whether it receives retained messages

    def up(self) -> None:
        """The connection stands, and the topics are subscribed."""

    def down(self, reason: str) -> None:
        """The connection is gone, and why; it is made again."""

    def received(self, data: bytes) -> None:
        """A datagram on one of its topics."""

    def not_sent(self, out: Out) -> None:
        """This will not be sent: the connection was lost before."""


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
    """The TLS context that verifies the broker. Raises LinkRefused."""
    if not account.tls:
        return None
    try:
        context = client_context(account.cafile)
    except OSError as error:
        raise unreadable("CA file", account.cafile, error) from error
    context.sslsocket_class = SelfClosingSocket
    return context


def unreadable(what: str, path: Path | None, error: Exception) -> LinkRefused:
    """The error for a file of certificates or keys that cannot be read. ``what``: its kind."""
    if isinstance(error, OSError) and not isinstance(error, ssl.SSLError):
        reason = error.strerror
    else:
        reason = "its content is invalid"
    return LinkRefused(f"The {what} {path} cannot be read: {reason}. Correct the link's address, or the file.")


class SelfClosingSocket(ssl.SSLSocket):
    """Closes itself when its handshake fails, which paho does not do."""

    def do_handshake(self, block: bool = False) -> None:
        """As ssl has it, and closed after any error, which is raised again."""
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
        self._links: dict[TopicListener, None] = {}  # in the order of ``add``
        self._listeners: dict[str, list[TopicListener]] = {}  # by topic
        self._jobs: asyncio.Queue[tuple[TopicListener, Out | None]] = (
            asyncio.Queue()
        )  # bounded by links and OUTBOX_LIMIT
        self._delays = RetryDelays()
        self._problem = ""
        self._task: asyncio.Task[None] | None = None

    def add(self, link: TopicListener) -> None:
        """A link begins: its topics are subscribed; the first link starts the connection."""
        self._links[link] = None
        for topic in link.topics:
            self._listeners.setdefault(topic, []).append(link)
        if self._task is None:
            name = f"mqtt.{self.account.place}"
            watched = supervise(f"link {name}", self._keep_connected, self._crashed)
            self._task = asyncio.create_task(watched, name=name)
        elif self.connected:
            self._jobs.put_nowait((link, None))
        elif self._problem:
            asyncio.get_running_loop().call_soon(link.down, self._problem)

    def publish(self, link: TopicListener, out: Out) -> None:
        """Send it in its turn; a failure is given to ``TopicListener.not_sent``."""
        link.pending += 1
        self._jobs.put_nowait((link, out))

    async def remove(self, link: TopicListener) -> None:
        """Removing the last link ends the connection."""
        del self._links[link]
        for topic in link.topics:
            self._listeners[topic].remove(link)
            if not self._listeners[topic]:
                del self._listeners[topic]
        if self._links:
            if self.connected:
                self._jobs.put_nowait((link, None))
            return
        _brokers.get(asyncio.get_running_loop(), {}).pop(self.account, None)
        if self._task is not None:
            await cancel_all({self._task})

    # --- inside --------------------------------------------------------------------------------

    async def _keep_connected(self) -> None:
        while True:
            reason = await self._connect_once()
            self._down(reason)
            await asyncio.sleep(self._delays.next(asyncio.get_running_loop().time()))

    async def _connect_once(self) -> str:
        """Run one connection from the dial to its end; why it ended."""
        import aiomqtt

        client = self._client()
        try:
            await connect(client)
            try:
                await self._serve(client)
            finally:
                self._drop_queued()
                await disconnect(client)
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
            logger=mqtt_log,
            timeout=TIMEOUT_S,
            keepalive=KEEP_ALIVE_S,
            max_queued_incoming_messages=INBOX_LIMIT,
            tls_context=self._context,
        )

    async def _serve(self, client: "aiomqtt.Client") -> None:
        """Read and write until either ends."""
        self.connections += 1
        self.connected, self._problem = True, ""
        self._delays.started(asyncio.get_running_loop().time())
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
            await cancel_all(tasks)

    async def _read(self, client: "aiomqtt.Client") -> None:
        async for message in client.messages:
            for link in tuple(self._listeners.get(message.topic.value, ())):
                if isinstance(message.payload, bytes) and (link.retained or not message.retain):
                    link.received(message.payload)

    async def _write(self, client: "aiomqtt.Client") -> None:
        while True:
            link, out = await self._jobs.get()
            if out is None:
                await self._update_subscription(client, link)
                continue
            link.pending -= 1
            try:
                await client.publish(link.publish_topic, out.data)
            except BaseException:
                link.not_sent(out)
                raise

    async def _update_subscription(self, client: "aiomqtt.Client", link: TopicListener) -> None:
        """Subscribe or unsubscribe after a link was added or removed."""
        if link in self._links:
            await self._subscribe(client, [link])
        elif unused := [topic for topic in link.topics if topic not in self._listeners]:
            await client.unsubscribe(unused)

    async def _subscribe(self, client: "aiomqtt.Client", links: list[TopicListener]) -> None:
        """Subscribe to the topics of ``links``; each link is up or down, with a reason, after the broker's answer."""
        for at in range(0, len(links), LINKS_PER_SUBSCRIBE):
            some = links[at : at + LINKS_PER_SUBSCRIBE]
            topics = [topic for link in some for topic in link.topics]
            granted = await client.subscribe([(topic, 1) for topic in topics])
            refused = {topic for topic, code in zip(topics, granted, strict=False) if is_refusal(code)}
            for link in some:
                own = link.topics[0]
                if own in refused:
                    link.down(why_refused(self.account, own))
                    asyncio.get_running_loop().call_later(MAX_DELAY_S, self._resubscribe, link)
                else:
                    link.up()

    def _resubscribe(self, link: TopicListener) -> None:
        """Try again: the access rights may have been changed."""
        if self.connected and link in self._links:
            self._jobs.put_nowait((link, None))

    def _drop_queued(self) -> None:
        """Queued datagrams fail: they must not be sent late, on a later connection."""
        self.connected = False
        while not self._jobs.empty():
            link, out = self._jobs.get_nowait()
            if out is not None:
                link.pending -= 1
                link.not_sent(out)

    def _down(self, reason: str) -> None:
        if reason != self._problem:
            self._problem = reason
            log.info("%s Retrying.", reason)
        for link in list(self._links):
            link.down(reason)

    def _crashed(self, error: Exception) -> None:
        place = self.account.place
        self._down(f"The link to {place} hit an internal error ({type(error).__name__}); see the log.")


async def cancel_all(tasks: Collection["asyncio.Task[None]"]) -> None:
    """Cancel the tasks and wait for their end.

    They are cancelled again until they have ended: on Python 3.11 asyncio.wait_for, which aiomqtt uses, loses a
    cancellation that comes together with the result.
    """
    waiting = set(tasks)
    while waiting:
        for task in waiting:
            task.cancel()
        _, waiting = await asyncio.wait(waiting, timeout=CANCEL_AGAIN_S)


async def connect(client: "aiomqtt.Client") -> None:
    """Connect, and leave no socket open where that fails.

    Connecting cannot be cancelled: the dial runs in a thread, and aiomqtt fails where its wait for the CONNACK is
    cancelled. On cancellation it continues in the background, for TIMEOUT_S at most, and is disconnected at its end.
    """
    connecting = asyncio.create_task(client.__aenter__(), name="mqtt.dial")
    connecting.add_done_callback(
        lambda task: force_disconnect(client) if task.cancelled() or task.exception() else None
    )
    try:
        await asyncio.shield(connecting)
    except asyncio.CancelledError:
        connecting.add_done_callback(lambda task: force_disconnect(client))
        raise


def force_disconnect(client: "aiomqtt.Client") -> None:
    """Disconnect through paho: aiomqtt cannot close a connection that was not accepted."""
    client._client.disconnect()


async def disconnect(client: "aiomqtt.Client") -> None:
    """Send DISCONNECT where that is still possible, within CLOSE_TIMEOUT_S."""
    import aiomqtt

    with suppress(aiomqtt.MqttError, TimeoutError):
        async with asyncio.timeout(CLOSE_TIMEOUT_S):
            await client.__aexit__(None, None, None)


def is_refusal(code: object) -> bool:
    """Whether a SUBACK code is a refusal (MQTT 3.1.1 §3.9.3: 0x80; paho wraps it in an object with a ``value``)."""
    value = getattr(code, "value", code)
    return isinstance(value, int) and value >= FIRST_REFUSAL


def why_refused(account: Account, topic: str) -> str:
    """The sentence for a subscription that the broker refuses, with what to allow there."""
    who = f"user {account.user}" if account.user else "anonymous users"
    return f"The broker {account.place} refuses the subscription to {topic}. Allow {who} to read it."


def why_lost(account: Account, error: "aiomqtt.MqttError") -> str:
    """Why there is no connection, and what to check."""
    from aiomqtt.exceptions import MqttConnectError

    place = account.place
    code = getattr(getattr(error, "rc", None), "value", None)
    if code in LOGIN_REFUSED:
        return f"The broker {place} refuses the login: wrong user or password. Check the link's user and password_file."
    if isinstance(error, MqttConnectError):
        return f"The broker {place} refuses the connection: {error}. See the broker's log."
    match error.__context__ or error.__cause__:
        case ssl.SSLCertVerificationError() as wrong:
            return (
                f"The certificate of {place} is not trusted: {wrong.verify_message}. Give its CA in the link, as in "
                "?cafile=ca.crt, and address the broker by a name that its certificate contains."
            )
        case ssl.SSLError() as wrong:
            return f"The TLS handshake with {place} failed ({wrong.reason}). For a broker without TLS, use mqtt://…"
        case socket.gaierror():
            return f"The host name {account.host} is unknown. Check the spelling, or use the IP address."
        case ConnectionRefusedError():
            return f"{account.host} refuses port {account.port}. Is the broker running, and is that its port?"
        case OSError() as wrong if wrong.strerror:
            return f"The broker {place} cannot be reached: {wrong.strerror}. Is it running and in this network?"
    return f"The broker {place} does not answer, or the connection to it was lost. Is it running, and is it MQTT?"
