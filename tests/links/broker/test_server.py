import asyncio
import logging
import socket
from pathlib import Path

import pytest

from links.broker.clients import (
    INBOX,
    OTHER,
    OUTBOX,
    PASSWORD,
    TIMEOUT_S,
    UUID,
    ScriptedClient,
    admit,
    connect_packet,
    running_broker,
    until,
)
from links.recorder import RecordingInlet
from unclouded.core.errors import LinkRefused
from unclouded.core.session import Failure, Out, Refusal
from unclouded.links.broker import client, tls_stream
from unclouded.links.broker.rate_limit import (
    BLOCK_S,
    MAX_ENTRIES,
    MAX_FAILURES,
    REPEAT_AFTER_S,
    WINDOW_S,
    LoginRateLimiter,
    RepeatFilter,
)
from unclouded.links.broker.server import BrokerOptions, BrokerServer, PlugIdentity, SeenPlug
from unclouded.links.dial import PENDING_LIMIT
from unclouded.links.mqtt import packets as mqtt

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
        assert "up" not in hub.kinds and not hub.data
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


async def test_an_address_with_many_wrong_passwords_is_blocked_for_a_while(
    ca: Path, caplog: pytest.LogCaptureFixture
) -> None:
    async with running_broker(ca) as broker:
        for _ in range(MAX_FAILURES):
            plug = await ScriptedClient.dial(broker)
            plug.send(connect_packet(password="guess"))
            assert isinstance(await plug.receive(), mqtt.Connack)
            await plug.close()
        with pytest.raises(OSError):
            await ScriptedClient.dial(broker)
        await until(lambda: broker.stats()["turned_away"] == 1)
        assert caplog.text.count("The password is wrong") == 1, "logged once"
        assert "too many refused logins" in caplog.text


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
        plug = await ScriptedClient.subscribed(broker)
        plug.send(mqtt.Publish(OUTBOX, b"clock?"), mqtt.Pingreq())
        assert await plug.receive() == mqtt.Pingresp(), "kept, but not answered"
        assert [(one.uuid, one.address) for one in broker.seen()] == [(UUID, "127.0.0.1")]
        assert seen == broker.seen()
        hub, link = RecordingInlet(), broker.slot(UUID)
        link.start(hub)
        await hub.until_events("up")
        assert broker.seen() == []
        link.send(Out(b"welcome"))
        assert await plug.receive() == mqtt.Publish(INBOX, b"welcome")
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
    monkeypatch.setattr(tls_stream, "HANDSHAKE_TIMEOUT_S", 0.2)
    monkeypatch.setattr(client, "CONNECT_TIMEOUT_S", 0.02)
    monkeypatch.setattr(client, "KEEP_ALIVE_FACTOR", 0.02)
    async with running_broker(ca) as broker:
        _, silent = await asyncio.open_connection(*broker.address)
        shaken = await ScriptedClient.dial(broker)
        assert await shaken.receive() is None
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


async def test_a_plug_that_does_not_read_affects_no_other_plug(ca: Path) -> None:
    async with running_broker(ca) as broker:
        hub, link = RecordingInlet(), broker.slot(UUID)
        link.start(hub)
        slow, quick = await ScriptedClient.subscribed(broker), await ScriptedClient.subscribed(broker, OTHER)
        slow.writer.transport.pause_reading()
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
        end.pause_reading()
        end.get_extra_info("socket").setsockopt(socket.SOL_SOCKET, socket.SO_RCVBUF, 4_096)
        connection._transport.get_extra_info("socket").setsockopt(socket.SOL_SOCKET, socket.SO_SNDBUF, 4_096)
        messages = [mqtt.Publish(OUTBOX, b"", 1, 1)] * 1_000
        async with asyncio.timeout(TIMEOUT_S):
            while connection._transport.is_reading():
                if end.get_write_buffer_size() < 50_000:
                    flood.send(*messages)
                    events += len(messages)
                await asyncio.sleep(0)
        assert connection._transport.get_write_buffer_size() <= client.REPLY_LIMIT
        end.resume_reading()
        while broker.stats()["unheard"] < events:
            assert await flood.reader.read(65_536), "it is read again when it reads"
        await flood.close()


async def test_no_more_connections_than_allowed(ca: Path, caplog: pytest.LogCaptureFixture) -> None:
    async with running_broker(ca, BrokerOptions(connections=2)) as broker:
        one, two = await ScriptedClient.subscribed(broker), await ScriptedClient.subscribed(broker, OTHER)
        with pytest.raises(OSError):
            await ScriptedClient.dial(broker)
        assert "There are 2 connections already" in caplog.text
        one.send(mqtt.Pingreq())
        assert await one.receive() == mqtt.Pingresp()
        await one.close()
        await two.close()


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


async def test_a_thousand_reconnects_leave_nothing_behind(ca: Path) -> None:
    names = [f"uuid{number:02}" for number in range(20)]
    async with running_broker(ca) as broker:
        hubs = {name: RecordingInlet() for name in names}
        for name in names:
            broker.slot(name).start(hubs[name])
        for _ in range(50):
            plugs = await asyncio.gather(*(ScriptedClient.subscribed(broker, name) for name in names))
            await asyncio.gather(*(plug.close() for plug in plugs))
        last = await ScriptedClient.subscribed(broker, names[0])
        await hubs[names[1]].until(lambda: broker.stats()["connections"] == 1)
        assert [hub.kinds.count("up") for hub in hubs.values()] == [51, *[50] * 19]
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


def test_the_login_rate_limiter_counts_by_address_and_is_bounded() -> None:
    limiter = LoginRateLimiter()
    failures = [limiter.failed("a", float(at)) for at in range(MAX_FAILURES)]
    assert failures == [False] * (MAX_FAILURES - 1) + [True]
    assert limiter.blocked("a", MAX_FAILURES) and not limiter.blocked("b", MAX_FAILURES)
    assert not limiter.blocked("a", MAX_FAILURES + BLOCK_S)
    assert not any(limiter.failed("slow", at * WINDOW_S) for at in range(50)), "rare failures do not block"
    for number in range(3 * MAX_ENTRIES):
        limiter.failed(f"address {number}", 0.0)
    assert len(limiter._failures) == MAX_ENTRIES


def test_repeated_messages_are_filtered() -> None:
    filtered = RepeatFilter()
    assert filtered.is_new("x", 0.0)
    assert not filtered.is_new("x", REPEAT_AFTER_S - 1)
    assert filtered.is_new("y", 1.0)
    assert filtered.is_new("x", REPEAT_AFTER_S)
