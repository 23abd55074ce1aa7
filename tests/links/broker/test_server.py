import asyncio
import contextlib
import logging
import resource
import socket
from collections.abc import AsyncIterator, Awaitable, Callable
from pathlib import Path

import pytest

from links.broker.clients import (
    INBOX,
    MAC,
    OTHER,
    OUTBOX,
    PASSWORD,
    UUID,
    ScriptedClient,
    admit,
    client_id,
    connect_packet,
    running_broker,
)
from links.recorder import RecordingInlet
from unclouded.core.errors import LinkRefused
from unclouded.core.sessions.session import Failure, Out, Refusal
from unclouded.core.system.bounded_table import MAX_ENTRIES
from unclouded.core.system.repeat_filter import REPEAT_AFTER_S, RepeatFilter
from unclouded.links.broker import client, rate_limit, tls_stream
from unclouded.links.broker.client import PlugIdentity
from unclouded.links.broker.rate_limit import (
    MAX_ADDRESS_FAILURES,
    MAX_FAILURES,
    REFUSAL_DELAY_S,
    WINDOW_S,
    FailedLogins,
    WaitingConnections,
)
from unclouded.links.broker.server import BrokerOptions, BrokerServer, SeenPlug
from unclouded.links.dial import PENDING_LIMIT
from unclouded.links.mqtt import packets as mqtt
from waiting import PATIENCE_S, until

THIRD = UUID[:-1] + "3"
VERSIONS = pytest.mark.parametrize("version", [mqtt.V31, mqtt.V311, mqtt.V5])


@pytest.fixture(scope="module")
def ca(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """Keys take a while to make; these tests share them."""
    return tmp_path_factory.mktemp("data") / "ca"


@VERSIONS
async def test_a_plug_connects_and_answers_a_request(ca: Path, version: int) -> None:
    async with running_broker(ca) as broker:
        hub, link = RecordingInlet(), broker.slot(UUID)
        link.start(hub)
        await hub.until_events("down")
        assert hub.reasons == ["The plug is not connected to the broker. It has not connected yet."]
        plug = await ScriptedClient.subscribed(broker, version=version)
        await hub.until_events("down", "up")
        link.send(Out(b"how are you"))
        assert await plug.receive() == mqtt.Publish(INBOX, b"how are you")
        plug.send(mqtt.Publish(OUTBOX, b"fine"), mqtt.Publish("/app/0-x/subscribe", b"acked", 1, 7))
        assert await plug.receive() == mqtt.Puback(7)
        assert hub.datagrams == [(b"fine", "broker", 0), (b"acked", "broker", 0)]
        plug.send(mqtt.Pingreq(), mqtt.Disconnect())
        assert await plug.receive() == mqtt.Pingresp()
        await hub.until_events("down", "up", "down")
        assert hub.reasons[1] == "The plug is not connected to the broker. It disconnected."
        await plug.close()


async def test_messages_to_a_plug_do_not_wait_for_tcp_acknowledgements(
    ca: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    taken: list[asyncio.BaseTransport] = []
    monkeypatch.setattr(tls_stream, "keep_alive", taken.append)
    async with running_broker(ca) as broker:
        plug = await ScriptedClient.connected(broker)
        sockets = [transport.get_extra_info("socket") for transport in taken]
        assert [bool(sock.getsockopt(socket.IPPROTO_TCP, socket.TCP_NODELAY)) for sock in sockets] == [True]
        await plug.close()


async def test_nothing_is_sent_before_the_suback(ca: Path) -> None:
    async with running_broker(ca) as broker:
        hub, link = RecordingInlet(), broker.slot(UUID)
        link.start(hub)
        plug = await ScriptedClient.connected(broker)
        link.send(Out(b"too early", id=4))
        plug.send(mqtt.Publish(OUTBOX, b"clock?", 1, 1))
        assert await plug.receive() == mqtt.Puback(1)
        await hub.until(lambda: ("failed", 4, Failure.GONE) in hub.events)
        assert ("up" in hub.kinds, hub.data) == (False, b"")
        plug.send(mqtt.Subscribe(2, ((INBOX, 1),)))
        assert await plug.receive() == mqtt.Suback(2, (1,))
        await hub.until(lambda: "up" in hub.kinds)
        assert hub.data == b"clock?", "messages before the SUBACK are not lost"
        await plug.close()


@VERSIONS
async def test_a_wrong_password_is_refused_and_logged_with_what_to_do(
    ca: Path, version: int, caplog: pytest.LogCaptureFixture
) -> None:
    async with running_broker(ca) as broker:
        plug = await ScriptedClient.dial(broker, version)
        plug.send(connect_packet(password="0_wrong", version=version))
        assert await plug.receive() == mqtt.Connack(0x86 if version == mqtt.V5 else 4)
        assert await plug.receive() is None
        await until(lambda: "Is the key in key_file the one it was bound with?" in caplog.text)
        assert "0_wrong" not in caplog.text
        await plug.close()


async def refused(broker: BrokerServer, user: str) -> float:
    """How long the broker takes to refuse a wrong password of this client; at most a second is waited for."""
    plug = await ScriptedClient.dial(broker)
    plug.send(mqtt.Connect(client_id=client_id(), user=user, password=b"guess", keep_alive=30))
    begin = asyncio.get_running_loop().time()
    with contextlib.suppress(TimeoutError):
        async with asyncio.timeout(1.0):
            assert await plug.receive() == mqtt.Connack(4)
    plug.writer.transport.abort()
    return asyncio.get_running_loop().time() - begin


async def test_a_plug_with_a_wrong_key_does_not_lock_out_the_others_behind_its_router(
    ca: Path, caplog: pytest.LogCaptureFixture
) -> None:
    async with running_broker(ca) as broker:
        for _ in range(MAX_FAILURES - 1):
            assert await refused(broker, MAC) < 1.0
        assert await refused(broker, MAC) >= 1.0, "further refusals of this client are delayed"
        assert await refused(broker, "34:29:8f:00:00:02") < 1.0, "those of another one are not"
        other = await ScriptedClient.subscribed(broker, OTHER)
        same = await ScriptedClient.subscribed(broker)  # with the same user name, and now the right password
        assert await refused(broker, MAC) < 1.0, "a login begins the count again"
        assert caplog.text.count("The password is wrong") == 1, "logged once"
        assert f"too many failed logins of {MAC} at 127.0.0.1" in caplog.text
        await other.close()
        await same.close()


async def test_a_right_password_gets_in_however_many_wrong_ones_came_from_the_address(ca: Path) -> None:
    """Also with a new user name for each guess."""
    async with running_broker(ca) as broker:
        for number in range(MAX_ADDRESS_FAILURES - 1):
            assert await refused(broker, f"guess {number}") < 1.0
        assert await refused(broker, "the last guess") >= 1.0
        plug = await ScriptedClient.subscribed(broker)
        await plug.close()


async def test_a_delayed_refusal_is_sent_and_what_comes_before_it_is_ignored(
    ca: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(rate_limit, "MAX_FAILURES", 1)
    monkeypatch.setattr(rate_limit, "REFUSAL_DELAY_S", 0.05)
    async with running_broker(ca) as broker:
        for count, version in enumerate((mqtt.V31, mqtt.V5), 1):
            plug = await ScriptedClient.dial(broker, version)
            right = connect_packet(version=version)
            plug.send(connect_packet(password="guess", version=version), mqtt.Pingreq(), right)
            await until(lambda: broker.stats()["refused"] == count)  # noqa: B023  (awaited at once)
            plug.send(right)
            assert await plug.receive() == mqtt.Connack(0x86 if version == mqtt.V5 else 4)
            assert await plug.receive() is None
            await plug.close()
        assert broker.stats()["refused"] == 2 and broker.stats()["plugs"] == 0
        gone = await ScriptedClient.dial(broker)
        gone.send(connect_packet(password="guess"))
        await until(lambda: broker.stats()["refused"] == 3)
        gone.writer.transport.abort()
        await until(lambda: broker.stats()["connections"] == 0)


@VERSIONS
async def test_a_plug_gets_its_own_topic_only(ca: Path, version: int) -> None:
    """Neither another plug's topic, nor wildcards, nor any topic with messages of others."""
    async with running_broker(ca) as broker:
        plug = await ScriptedClient.connected(broker, version=version)
        foreign = ("#", "+/+/+", f"/appliance/{OTHER}/subscribe", "/appliance/+/subscribe", OUTBOX, "$SYS/#")
        plug.send(mqtt.Subscribe(5, (*((topic, 1) for topic in foreign), (INBOX, 2))))
        no = 0x87 if version == mqtt.V5 else 0x80
        assert await plug.receive() == mqtt.Suback(5, (no,) * len(foreign) + (1,))
        await plug.close()


@VERSIONS
async def test_nothing_passes_from_one_plug_to_another(ca: Path, version: int) -> None:
    async with running_broker(ca) as broker:
        mine, theirs = RecordingInlet(), RecordingInlet()
        broker.slot(UUID).start(mine)
        broker.slot(OTHER).start(theirs)
        one, two = (
            await ScriptedClient.subscribed(broker, version=version),
            await ScriptedClient.subscribed(broker, OTHER),
        )
        one.send(mqtt.Publish(f"/appliance/{OTHER}/subscribe", b"toggle!", 1, 1), mqtt.Publish(OUTBOX, b"me"))
        assert await one.receive() == mqtt.Puback(1, 0x87 if version == mqtt.V5 else 0)
        await mine.until_data(b"me")
        two.send(mqtt.Pingreq())
        assert await two.receive() == mqtt.Pingresp(), "it received nothing before"
        assert theirs.data == b"" and broker.stats()["odd"] == 1
        await one.close()
        await two.close()


@VERSIONS
async def test_a_new_connection_of_a_plug_replaces_the_old_one(ca: Path, version: int) -> None:
    async with running_broker(ca) as broker:
        hub, link = RecordingInlet(), broker.slot(UUID)
        link.start(hub)
        first = await ScriptedClient.subscribed(broker, version=version)
        second = await ScriptedClient.subscribed(broker, UUID.upper(), version=version)
        if version == mqtt.V5:
            assert await first.receive() == mqtt.Disconnect(mqtt.TAKEN_OVER)
        assert await first.receive() is None
        await hub.until_events("down", "up", "up")
        link.send(Out(b"you"))
        assert await second.receive() == mqtt.Publish(f"/appliance/{UUID.upper()}/subscribe", b"you")
        assert hub.kinds == ["down", "up", "up"], "up again, without down"
        await first.close()
        await second.close()


async def test_an_unknown_plug_is_seen_and_is_up_as_soon_as_its_slot_is_started(ca: Path) -> None:
    seen: list[SeenPlug] = []
    async with running_broker(ca, seen=seen) as broker:
        broker.answer_unadmitted = lambda plug, message: [plug.uuid.encode(), b"noon"] if message == b"clock?" else ()
        plug = await ScriptedClient.connected(broker)
        plug.send(mqtt.Publish(OUTBOX, b"clock?"), mqtt.Subscribe(1, ((INBOX, 1),)))
        assert await plug.receive() == mqtt.Suback(1, (1,))
        assert [await plug.receive(), await plug.receive()] == [
            mqtt.Publish(INBOX, UUID.encode()),
            mqtt.Publish(INBOX, b"noon"),
        ]
        plug.send(mqtt.Publish(OUTBOX, b"how warm is it?"), mqtt.Pingreq())
        assert await plug.receive() == mqtt.Pingresp(), "kept; nothing else is answered"
        assert broker.stats()["unheard"] == 1
        assert [(one.uuid, one.address) for one in broker.seen()] == [(UUID, "127.0.0.1")]
        assert seen == broker.seen()
        hub, link = RecordingInlet(), broker.slot(UUID)
        link.start(hub)
        await hub.until_events("up")
        assert broker.seen() == []
        plug.send(mqtt.Publish(OUTBOX, b"clock?"))
        await hub.until_data(b"clock?")
        link.send(Out(b"welcome"))
        assert await plug.receive() == mqtt.Publish(INBOX, b"welcome"), "from now on its session answers"
        await link.close()
        assert len(broker.seen()) == 1
        await plug.close()
        await until(lambda: not broker.seen())


async def test_a_slot_outlives_connections_and_the_broker_itself(ca: Path) -> None:
    hub = RecordingInlet()
    async with running_broker(ca) as broker:
        link = broker.slot(UUID)
        link.start(hub)
        plug = await ScriptedClient.subscribed(broker)
        await hub.until_events("down", "up")
    assert await plug.receive() is None
    assert hub.reasons[1] == "The plug is not connected to the broker. The broker was stopped."
    await plug.close()
    broker.start()
    again = await ScriptedClient.subscribed(broker)
    await hub.until_events("down", "up", "down", "up")
    await broker.close()
    await again.close()


async def test_garbage_after_the_handshake_ends_the_connection_with_a_reason(
    ca: Path, caplog: pytest.LogCaptureFixture
) -> None:
    async with running_broker(ca) as broker:
        for garbage in (b"\xff" * 40, b"GET / HTTP/1.1\r\n\r\n", b"\x10\xff\xff\xff\xff\x01", b"\xc0\x00"):
            plug = await ScriptedClient.dial(broker)
            plug.writer.write(garbage)
            assert await plug.receive() is None
            await plug.close()
        await until(lambda: broker.stats()["connections"] == 0)
        assert "Its first packet was not an MQTT CONNECT." in caplog.text
        assert "It violated MQTT: a length of more than four bytes." in caplog.text


@pytest.mark.parametrize(
    ("packet", "words"),
    [
        (mqtt.Publish(OUTBOX, b"x", 2, 1), "QoS 2"),
        (connect_packet(), "a CONNECT, which is not allowed here"),
        (mqtt.Pingresp(), "a PINGRESP, which is not allowed here"),
        (mqtt.Unsubscribe(3, (INBOX,)), "unsubscribed from its own topic"),
        (mqtt.Publish(OUTBOX, b"x" * 5_000), "the limit is 1000"),
    ],
)
async def test_a_violation_of_the_protocol_ends_the_connection(ca: Path, packet: mqtt.Packet, words: str) -> None:
    async with running_broker(ca, BrokerOptions(packet_limit=1_000)) as broker:
        hub = RecordingInlet()
        broker.slot(UUID).start(hub)
        plug = await ScriptedClient.subscribed(broker)
        plug.send(packet)
        await hub.until_events("down", "up", "down")
        assert words in hub.reasons[1]
        await plug.close()


async def test_little_is_buffered_before_admission(ca: Path, caplog: pytest.LogCaptureFixture) -> None:
    async with running_broker(ca) as broker:
        plug = await ScriptedClient.dial(broker)
        plug.writer.write(b"\x10\x81\x20")
        assert await plug.receive() is None
        assert "the limit is 4096" in caplog.text
        await plug.close()


async def test_a_uuid_that_could_reach_other_topics_is_no_uuid(ca: Path) -> None:
    async with running_broker(ca, who=lambda *who: PlugIdentity("../#")) as broker:
        plug = await ScriptedClient.dial(broker)
        plug.send(connect_packet())
        assert await plug.receive() == mqtt.Connack(4)
        await plug.close()


async def test_silence_ends_a_connection_at_each_stage(
    ca: Path, monkeypatch: pytest.MonkeyPatch, caplog: pytest.LogCaptureFixture
) -> None:
    """Half-open sockets: nothing at all, a TLS handshake and nothing, a CONNECT and nothing."""
    monkeypatch.setattr(tls_stream, "HANDSHAKE_TIMEOUT_S", 1.0)
    monkeypatch.setattr(client, "CONNECT_TIMEOUT_S", 0.02)
    monkeypatch.setattr(client, "KEEP_ALIVE_FACTOR", 0.02)
    async with running_broker(ca) as broker:
        _, silent = await asyncio.open_connection(*broker.address)
        shaken = await ScriptedClient.dial(broker)
        assert await shaken.receive() is None
        monkeypatch.setattr(client, "CONNECT_TIMEOUT_S", 60.0)
        plug = await ScriptedClient.connected(broker, keep_alive=1)
        assert await plug.receive() is None
        await until(lambda: broker.stats()["connections"] == 0)
        assert "did not complete the TLS handshake" in caplog.text
        assert "It sent no CONNECT" in caplog.text
        silent.close()
        await shaken.close()
        await plug.close()


async def test_a_plug_that_sends_in_time_stays_connected(ca: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """The deadline moves with each packet; it is checked lazily."""
    monkeypatch.setattr(client, "KEEP_ALIVE_FACTOR", 0.1)
    async with running_broker(ca) as broker:
        plug = await ScriptedClient.connected(broker, keep_alive=1)
        loop = asyncio.get_running_loop()
        until_when = loop.time() + 0.25
        while loop.time() < until_when:
            plug.send(mqtt.Pingreq())
            assert await plug.receive() == mqtt.Pingresp()
        assert await plug.receive() is None
        await plug.close()


def pause_reading(client: ScriptedClient) -> None:
    assert isinstance(client.writer.transport, asyncio.Transport)
    client.writer.transport.pause_reading()


def resume_reading(client: ScriptedClient) -> None:
    assert isinstance(client.writer.transport, asyncio.Transport)
    client.writer.transport.resume_reading()


async def test_a_plug_that_does_not_read_affects_no_other_plug(ca: Path) -> None:
    async with running_broker(ca) as broker:
        hub, link = RecordingInlet(), broker.slot(UUID)
        link.start(hub)
        slow, quick = await ScriptedClient.subscribed(broker), await ScriptedClient.subscribed(broker, OTHER)
        pause_reading(slow)
        for number in range(1, 2_000):
            link.send(Out(b"x" * 30_000, id=number))
            await asyncio.sleep(0)
            if "failed" in hub.kinds:
                break
        assert hub.events[-1][2] is Failure.FULL
        assert PENDING_LIMIT < 100_000
        quick.send(mqtt.Pingreq())
        assert await quick.receive() == mqtt.Pingresp()
        slow.writer.transport.abort()
        await quick.close()
        await hub.until(lambda: "down" in hub.kinds[2:])


async def test_a_plug_that_floods_and_does_not_read_is_not_read_either(ca: Path) -> None:
    """Its acknowledgements would fill the send buffer, so its packets are not read."""
    async with running_broker(ca) as broker:
        flood = await ScriptedClient.subscribed(broker)
        end, connection, events = flood.writer.transport, next(iter(broker._connections)), 0
        pause_reading(flood)
        end.get_extra_info("socket").setsockopt(socket.SOL_SOCKET, socket.SO_RCVBUF, 4_096)
        connection._transport.get_extra_info("socket").setsockopt(socket.SOL_SOCKET, socket.SO_SNDBUF, 4_096)
        messages = [mqtt.Publish(OUTBOX, b"", 1, 1)] * 1_000
        async with asyncio.timeout(PATIENCE_S):
            while connection._transport.is_reading():
                if end.get_write_buffer_size() < 50_000:
                    flood.send(*messages)
                    events += len(messages)
                await asyncio.sleep(0)
        assert connection._transport.get_write_buffer_size() <= client.REPLY_LIMIT
        resume_reading(flood)
        while broker.stats()["unheard"] < events:
            assert await flood.reader.read(65_536), "it is read again when it reads"
        await flood.close()


@contextlib.asynccontextmanager
async def silent_clients() -> AsyncIterator[Callable[[BrokerServer, str], Awaitable[socket.socket]]]:
    """Makes clients at a given address that connect and send nothing."""
    with contextlib.ExitStack() as opened:

        async def connect(broker: BrokerServer, host: str) -> socket.socket:
            sock = opened.enter_context(socket.socket())
            sock.setblocking(False)
            sock.bind((host, 0))
            await asyncio.get_running_loop().sock_connect(sock, broker.address)
            return sock

        yield connect


@VERSIONS
async def test_no_more_plugs_than_allowed(ca: Path, version: int, caplog: pytest.LogCaptureFixture) -> None:
    async with running_broker(ca, BrokerOptions(connections=2)) as broker:
        one, two = await ScriptedClient.subscribed(broker), await ScriptedClient.subscribed(broker, OTHER)
        third = await ScriptedClient.dial(broker, version)
        third.send(connect_packet(THIRD, version=version))
        assert await third.receive() == mqtt.Connack(0x97 if version == mqtt.V5 else 3)
        assert await third.receive() is None
        await until(lambda: "There are 2 plugs already" in caplog.text)
        again = await ScriptedClient.subscribed(broker)
        assert await one.receive() is None, "a plug that is known replaces its old connection, also here"
        two.send(mqtt.Pingreq())
        assert await two.receive() == mqtt.Pingresp()
        for plug in (one, two, third, again):
            await plug.close()


async def test_connections_that_do_not_log_in_make_room_for_those_that_do(ca: Path) -> None:
    """The oldest first; plugs that have logged in stay."""
    async with running_broker(ca, BrokerOptions(connections=6)) as broker, silent_clients() as silent:
        first = await ScriptedClient.subscribed(broker)
        for host in range(2, 30):
            await silent(broker, f"127.0.0.{host}")
        await until(lambda: broker.stats()["turned_away"] == 28 - 5)
        assert broker.stats()["connections"] <= 6
        second = await ScriptedClient.subscribed(broker, OTHER)
        for plug in (first, second):
            plug.send(mqtt.Pingreq())
            assert await plug.receive() == mqtt.Pingresp()
            await plug.close()


async def test_one_address_has_a_share_of_the_connections(ca: Path) -> None:
    async with running_broker(ca, BrokerOptions(connections=16)) as broker, silent_clients() as silent:
        flood = [await silent(broker, "127.0.0.66") for _ in range(40)]
        await silent(broker, "127.0.0.67")
        await until(lambda: broker.stats()["turned_away"] == 36 and broker.stats()["connections"] == 5)
        assert await asyncio.get_running_loop().sock_recv(flood[0], 1) == b"", "a quarter of 16 is left, the newest"
        plug = await ScriptedClient.subscribed(broker)
        await plug.close()


async def test_the_broker_never_uses_more_than_half_of_the_open_files(
    ca: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    """The rest is for the store, the page, the API and the devices."""
    monkeypatch.setattr(resource, "getrlimit", lambda _: (100, 4096))
    async with running_broker(ca) as broker, silent_clients() as silent:
        for number in range(60):
            await silent(broker, f"127.0.0.{2 + number % 8}")
        await until(lambda: broker.stats()["turned_away"] == 10)
        assert broker.stats()["connections"] == 50
        plug = await ScriptedClient.subscribed(broker)
        await plug.close()


async def test_many_plugs_that_connect_at_once_are_all_accepted(ca: Path) -> None:
    """After a power cut: all plugs connect, and connect again while the old connections still exist."""
    names = [f"uuid{number:03}" for number in range(40)]
    async with running_broker(ca) as broker:
        hubs = {name: RecordingInlet() for name in names}
        for name in names:
            broker.slot(name).start(hubs[name])
        first = await asyncio.gather(*(ScriptedClient.subscribed(broker, name) for name in names))
        second = await asyncio.gather(*(ScriptedClient.subscribed(broker, name) for name in names))
        assert broker.stats()["plugs"] == len(names)
        for name, plug in zip(names, second, strict=True):
            broker.slot(name).send(Out(name.encode()))
            assert await plug.receive() == mqtt.Publish(f"/appliance/{name}/subscribe", name.encode())
            assert hubs[name].kinds == ["down", "up", "up"]
        await asyncio.gather(*(plug.close() for plug in (*first, *second)))


async def test_hundreds_of_reconnects_leave_nothing_behind(ca: Path) -> None:
    names = [f"uuid{number:02}" for number in range(20)]
    async with running_broker(ca) as broker:
        hubs = {name: RecordingInlet() for name in names}
        for name in names:
            broker.slot(name).start(hubs[name])
        for _ in range(10):
            plugs = await asyncio.gather(*(ScriptedClient.subscribed(broker, name) for name in names))
            await asyncio.gather(*(plug.close() for plug in plugs))
        last = await ScriptedClient.subscribed(broker, names[0])
        await hubs[names[1]].until(lambda: broker.stats()["connections"] == 1)
        assert [hub.kinds.count("up") for hub in hubs.values()] == [11, *[10] * 19]
        broker.slot(names[0]).send(Out(b"still there?"))
        assert await last.receive() == mqtt.Publish(f"/appliance/{names[0]}/subscribe", b"still there?")
        await last.close()


async def test_a_port_in_use_is_reported_with_an_instruction(ca: Path) -> None:
    with socket.create_server(("127.0.0.1", 0)) as held:
        broker = BrokerServer(held.getsockname()[:2], ["127.0.0.1"], ca, admit)
        with pytest.raises(LinkRefused, match=r"cannot listen on 127\.0\.0\.1:\d+: .*Choose another \[broker\] listen"):
            await broker.run()


async def test_an_internal_error_is_raised_by_run(ca: Path) -> None:
    def broken(*who: str) -> PlugIdentity | Refusal:
        raise ZeroDivisionError

    with pytest.raises(ZeroDivisionError):
        async with running_broker(ca, who=broken) as broker:
            plug = await ScriptedClient.dial(broker)
            plug.send(connect_packet())
            await plug.receive()
            await plug.close()
            await until(lambda: broker.stats()["connections"] == 0)


async def test_the_log_names_connected_plugs_and_no_password(ca: Path, caplog: pytest.LogCaptureFixture) -> None:
    caplog.set_level(logging.DEBUG)
    async with running_broker(ca) as broker:
        plug = await ScriptedClient.subscribed(broker, version=mqtt.V31)
        await plug.close()
        await until(lambda: "disconnected" in caplog.text)
    assert f"plug {UUID} connected from 127.0.0.1 (MQTT 3.1)" in caplog.text
    assert PASSWORD not in caplog.text


def test_failed_logins_are_counted_by_address_and_client_and_the_count_is_bounded() -> None:
    failed = FailedLogins()
    delays = [failed.failed("192.168.1.9", "a", float(at)) for at in range(MAX_FAILURES + 1)]
    assert delays == [0.0] * (MAX_FAILURES - 1) + [REFUSAL_DELAY_S] * 2
    assert failed.failed("192.168.1.9", "b", MAX_FAILURES) == failed.failed("192.168.1.8", "a", MAX_FAILURES) == 0.0
    assert failed.failed("192.168.1.9", "a", MAX_FAILURES + WINDOW_S) == 0.0, "a while later"
    assert not any(failed.failed("slow", "a", at * WINDOW_S) for at in range(50)), "rare failures are not delayed"
    for number in range(3 * MAX_ENTRIES):
        failed.failed(f"address {number}", f"client {number}", 0.0)
    assert len(failed._failures) == MAX_ENTRIES
    for at in range(10_000):
        failed.failed("one", "client", at / 1_000)
    assert all(len(times) <= MAX_ADDRESS_FAILURES for times in failed._failures.values())


def test_waiting_connections_are_counted_by_address_or_network() -> None:
    waiting: WaitingConnections[int] = WaitingConnections(2)
    network = ["2001:db8::1", "2001:db8::2:1", "2001:db8::3%eth0", "2001:db8:0:1::1"]
    assert [waiting.add(number, address) for number, address in enumerate(network)] == [None, None, 0, None]
    mapped = ["::ffff:192.168.1.9", "192.168.1.9", "192.168.1.9"]
    assert [waiting.add(10 + number, address) for number, address in enumerate(mapped)] == [None, None, 10]
    assert not any(waiting.add(20 + number, address) for number, address in enumerate(["127.0.0.1", "::1"] * 5))
    waiting.remove(1)
    waiting.remove(1)
    assert [waiting.oldest_but(12) for _ in range(3)] == [2, 3, 11]
    assert waiting.oldest_but(12) is None
    for number in (*range(20, 30), 12):
        waiting.remove(number)
    assert waiting.oldest_but(99) is None and len(waiting) == 0


def test_repeated_messages_are_filtered() -> None:
    filtered = RepeatFilter()
    assert filtered.is_new("x", 0.0)
    assert not filtered.is_new("x", REPEAT_AFTER_S - 1)
    assert filtered.is_new("y", 1.0)
    assert filtered.is_new("x", REPEAT_AFTER_S)
