"""The client of NATS against a real nats-server, and against servers that are none."""

import asyncio
import contextlib
import ssl
from collections.abc import AsyncIterator, Awaitable, Callable, Iterator
from datetime import UTC, datetime
from pathlib import Path

import pytest

from fleet.identities import new_hub_id
from unclouded.core.errors import LinkError
from unclouded.core.security.nkeys import NKey
from unclouded.core.security.tls import server_context
from unclouded.core.system import retry_delays
from unclouded.fleet.local_servers.nats import PrivateNats
from unclouded.fleet.local_servers.programs import ProgramMissing, nats_program
from unclouded.links.broker.ca import prepare
from unclouded.links.nats import client as nats_client
from unclouded.links.nats import connection
from unclouded.links.nats.client import NatsClient
from unclouded.links.nats.connection import NatsIdentity, nats_server
from unclouded.links.nats.wire import NatsMessage

DEADLINE_S = 10.0
INFO = b'INFO {"max_payload":1000,"nonce":"abc","tls_required":false}\r\n'
Serve = Callable[[asyncio.StreamReader, asyncio.StreamWriter], Awaitable[None]]


@pytest.fixture(autouse=True)
def impatient(monkeypatch: pytest.MonkeyPatch) -> None:
    """Redial at once: real sockets need real time."""
    monkeypatch.setattr(retry_delays, "FIRST_DELAY_S", 0.01)
    monkeypatch.setattr(nats_client, "REFUSED_PAUSE_S", 0.01)


@pytest.fixture(scope="module")
def server() -> Iterator[PrivateNats]:
    try:
        nats_program()
    except ProgramMissing as missing:
        pytest.skip(str(missing))
    with PrivateNats() as found:
        yield found


def hub_identity(server: PrivateNats, hub: str, key: NKey | None = None) -> NatsIdentity:
    known = server.trust.hub(hub)
    return NatsIdentity(hub, lambda: known.token, (key or known.key).sign)


def fleet_identity(server: PrivateNats) -> NatsIdentity:
    known = server.trust.fleet()
    return NatsIdentity("fleet", lambda: known.token, known.key.sign)


@contextlib.asynccontextmanager
async def running(*clients: NatsClient, connected: bool = True) -> AsyncIterator[None]:
    tasks = [asyncio.create_task(one.run()) for one in clients]
    try:
        if connected:
            await until(lambda: all(one.is_connected for one in clients))
        yield
    finally:
        for task in tasks:
            task.cancel()
        await asyncio.gather(*tasks, return_exceptions=True)


async def until(is_so: Callable[[], bool]) -> None:
    async with asyncio.timeout(DEADLINE_S):
        while True:
            if is_so():
                return
            await asyncio.sleep(0.005)


@contextlib.asynccontextmanager
async def scripted(serve: Serve, context: ssl.SSLContext | None = None) -> AsyncIterator[str]:
    """A server of our own; its address."""
    tasks: set[asyncio.Task[None]] = set()

    def accepted(reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        async def run() -> None:
            try:
                await serve(reader, writer)
            except OSError:
                pass
            finally:
                writer.transport.abort()

        tasks.add(asyncio.create_task(run()))

    listening = await asyncio.start_server(accepted, "127.0.0.1", 0, ssl=context)
    host, port = listening.sockets[0].getsockname()
    try:
        yield f"{host}:{port}"
    finally:
        listening.close()
        for task in tasks:
            task.cancel()
        await asyncio.gather(*tasks, return_exceptions=True)


async def state_with(serve: Serve, scheme: str = "nats") -> NatsClient:
    """A client, as soon as it has said why it is not connected."""
    async with scripted(serve) as place:
        client = NatsClient([f"{scheme}://{place}"], NatsIdentity("hub", lambda: "token", lambda nonce: b"x" * 64))
        async with running(client, connected=False):
            await until(lambda: client.state.state not in ("connecting", "connected"))
    return client


async def test_a_hub_and_its_fleet_ask_each_other(server: PrivateNats) -> None:
    hub_id = new_hub_id()
    hub = NatsClient(server.urls, hub_identity(server, hub_id), f"_INBOX.{hub_id}")
    fleet = NatsClient(server.urls, fleet_identity(server))
    async with running(hub, fleet):
        before = await hub.request(f"up.1.{hub_id}", b"x", 5.0)
        assert before.failure == "no_responders"  # it was certainly not delivered
        fleet.subscribe(f"up.1.{hub_id}", respond(fleet, lambda data: data * 2), "ingest.1")
        hub.subscribe(f"down.{hub_id}.command", respond(hub, lambda data: b"done"))
        await until_answered(hub, f"up.1.{hub_id}")
        large = bytes(range(256)) * 900
        assert (await hub.request(f"up.1.{hub_id}", large, 5.0)).data == large * 2
        assert (await fleet.request(f"down.{hub_id}.command", b"", 5.0)).data == b"done"
        assert (await hub.request(f"up.1.{hub_id}", bytes(2_000_000), 5.0)).failure == "too_large"
        hub.publish(f"up.1.{new_hub_id()}", b"as another")
        await until(lambda: "Permissions Violation" in hub.warning)
        assert hub.is_connected
        await fleet.drain()
        assert (await hub.request(f"up.1.{hub_id}", b"x", 5.0)).failure == "no_responders"


def respond(client: NatsClient, answer: Callable[[bytes], bytes]) -> Callable[[NatsMessage], None]:
    """A handler that answers each message."""

    def handle(message: NatsMessage) -> None:
        client.publish(message.reply, answer(message.data))

    return handle


async def until_answered(client: NatsClient, subject: str) -> None:
    async with asyncio.timeout(DEADLINE_S):
        while True:
            if not (await client.request(subject, b"", 5.0)).failure:
                return


async def test_after_kill_9_of_the_server_subscriptions_are_there_again(server: PrivateNats) -> None:
    with PrivateNats() as own:
        hub_id = new_hub_id()
        hub = NatsClient(own.urls, hub_identity(own, hub_id), f"_INBOX.{hub_id}")
        fleet = NatsClient(own.urls, fleet_identity(own))
        hub.subscribe(f"down.{hub_id}.question", respond(hub, lambda data: b"yes"))
        async with running(hub, fleet):
            await until_answered(fleet, f"down.{hub_id}.question")
            silent = asyncio.create_task(hub.request(f"hello.{hub_id}", b"", 60.0))
            fleet.subscribe(f"hello.{hub_id}", lambda one: None)
            await asyncio.to_thread(own.kill)
            assert (await silent).failure in ("disconnected", "no_responders")
            await until(lambda: hub.state.state == "waiting")
            assert (await hub.request(f"up.1.{hub_id}", b"", 5.0)).failure == "disconnected"
            await asyncio.to_thread(own.restart)
            await until(lambda: hub.is_connected and fleet.is_connected)
            await until_answered(fleet, f"down.{hub_id}.question")


async def test_a_key_that_is_not_that_of_the_token_is_refused_in_words(server: PrivateNats) -> None:
    client = NatsClient(server.urls, hub_identity(server, new_hub_id(), NKey("user", bytes(32))))
    async with running(client, connected=False):
        await until(lambda: client.state.state == "refused")
    assert "refuses the key or the token" in client.state.text


async def test_servers_are_tried_in_turn(server: PrivateNats) -> None:
    hub_id = new_hub_id()
    client = NatsClient(["nats://127.0.0.1:1", *server.urls], hub_identity(server, hub_id), f"_INBOX.{hub_id}")
    async with running(client):
        assert client.state.server == server.urls[0].removeprefix("nats://")


async def silent(reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
    await reader.read()


async def rubbish(reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
    writer.write(b"HTTP/1.1 400 Bad Request\r\n\r\n")
    await reader.read()


async def endless(reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
    while True:
        writer.write(b"INFO " + b"x" * 60_000)
        await writer.drain()


async def closes(reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
    writer.write(INFO)
    await reader.readline()
    writer.close()


async def refuses(reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
    writer.write(INFO)
    await reader.readline()
    writer.write(b"-ERR 'User Authentication Expired'\r\n")
    writer.close()


async def busy(reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
    writer.write(INFO)
    await reader.readline()
    writer.write(b"-ERR 'Authentication Timeout'\r\n")
    writer.close()


async def test_a_server_that_is_too_busy_for_a_login_refuses_no_one() -> None:
    client = await state_with(busy)
    assert (client.state.state, "waited too long for the login" in client.state.text) == ("waiting", True)


@pytest.mark.parametrize(
    ("serve", "words"),
    [
        (silent, "does not answer as a NATS server"),
        (rubbish, "is not a NATS server: It sends 'HTTP/1.1 400 Bad Request'"),
        (endless, "a line that does not end"),
        (closes, "closed the connection"),
        (refuses, "The token has expired"),
    ],
    ids=["silent", "rubbish", "endless", "closes", "refuses"],
)
async def test_a_server_that_is_none_is_a_state_with_a_reason(
    serve: Serve, words: str, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(connection, "DIAL_S", 0.2)
    client = await state_with(serve)
    assert words in client.state.text
    assert client.state.text.endswith("It is tried again.")


async def test_nothing_is_sent_where_the_server_offers_no_encryption() -> None:
    received = bytearray()

    async def plain(reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        writer.write(INFO)
        received.extend(await reader.read())

    client = await state_with(plain, "tls")
    assert "offers no encryption" in client.state.text
    assert not received


async def test_bytes_that_come_before_tls_begins_are_never_read() -> None:
    async def early(reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        writer.write(INFO.replace(b"false", b"true") + b"MSG a 1 2\r\nhi\r\n")
        await reader.read()

    client = await state_with(early, "tls")
    assert "without encryption where TLS begins" in client.state.text


async def test_a_certificate_of_a_stranger_is_not_trusted(tmp_path: Path) -> None:
    files = await asyncio.to_thread(prepare, tmp_path / "a", ["127.0.0.1"], datetime.now(UTC))
    other = await asyncio.to_thread(prepare, tmp_path / "b", ["127.0.0.1"], datetime.now(UTC))
    context = server_context(files.chain, files.key)

    async def greeting(reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        writer.write(INFO.replace(b"false", b"true"))
        await writer.drain()
        await writer.start_tls(context)
        if b"CONNECT" in await reader.readline():
            writer.write(b"PONG\r\n")
        await reader.read()

    async with scripted(greeting) as place:
        own = NatsClient([f"tls://{place}"], NatsIdentity("hub", authority=files.authority.read_text()))
        strange = NatsClient([f"tls://{place}"], NatsIdentity("hub", authority=other.authority.read_text()))
        async with running(own), running(strange, connected=False):
            await until(lambda: strange.state.state == "waiting")
        assert "is not trusted" in strange.state.text


async def test_a_half_open_connection_is_ended_by_silence() -> None:
    async def mute(reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        writer.write(INFO)
        await reader.readuntil(b"PING\r\n")
        writer.write(b"PONG\r\n")
        await asyncio.Event().wait()

    async with scripted(mute) as place:
        client = NatsClient([f"nats://{place}"], NatsIdentity("hub"), ping_s=0.05)
        async with running(client, connected=False):
            await until(lambda: "does not answer any more" in client.state.text)


async def test_what_a_server_does_not_read_is_bounded() -> None:
    async def silent(reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        writer.write(INFO.replace(b"1000", b"1000000"))
        await reader.readuntil(b"PING\r\n")
        writer.write(b"PONG\r\n")
        await asyncio.Event().wait()

    async with scripted(silent) as place:
        client = NatsClient([f"nats://{place}"], NatsIdentity("hub"))
        async with running(client):
            taken = [client.publish("a", bytes(900_000)) for _ in range(40)]
            assert taken[0]
            assert not taken[-1]
            assert (await client.request("a", bytes(900_000), 5.0)).failure == "full"


async def test_a_handler_that_fails_ends_the_run_so_that_it_is_supervised(server: PrivateNats) -> None:
    hub_id = new_hub_id()
    hub = NatsClient(server.urls, hub_identity(server, hub_id), f"_INBOX.{hub_id}")

    def fail(message: NatsMessage) -> None:
        raise ZeroDivisionError

    hub.subscribe(f"down.{hub_id}.command", fail)
    fleet = NatsClient(server.urls, fleet_identity(server))
    async with running(fleet):
        task = asyncio.create_task(hub.run())
        await until(lambda: hub.is_connected)
        async with asyncio.timeout(DEADLINE_S):
            while not task.done():
                await fleet.request(f"down.{hub_id}.command", b"", 0.05)
        assert isinstance(task.exception(), ZeroDivisionError)


@pytest.mark.parametrize("url", ["fleet.example", "http://a", "tls://", "tls://a:99999", "nats://user@a", "tls://a/b"])
def test_what_is_no_address_of_a_server_is_refused(url: str) -> None:
    with pytest.raises(LinkError, match="not an address of a NATS server"):
        nats_server(url)
