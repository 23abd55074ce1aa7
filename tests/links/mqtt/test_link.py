import asyncio
import socket
import ssl
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from pathlib import Path

import aiomqtt
import pytest

from links.mqtt.mosquitto import PASSWORDS, Mosquitto, needs_mosquitto
from links.mqtt.mqtt_server import MqttServer, publish
from links.recorder import RecordingInlet
from unclouded.core.errors import ConfigError, LinkRefused
from unclouded.core.sessions.session import Failure, Out
from unclouded.core.system import retry_delays
from unclouded.links.mqtt import broker_client
from unclouded.links.mqtt.broker_client import Account
from unclouded.links.mqtt.link import MESSAGE_LIMIT, OUTBOX_LIMIT, MqttLink, answer_topic, open_mqtt
from unclouded.links.url import parse


@pytest.fixture(autouse=True)
def impatient(monkeypatch: pytest.MonkeyPatch) -> None:
    """Redial at once: real sockets need real time."""
    monkeypatch.setattr(retry_delays, "FIRST_DELAY_S", 0.001)


def link_to(server: MqttServer, uuid: str = "plug-a") -> MqttLink:
    return MqttLink(Account("127.0.0.1", server.port, tls=False), uuid)


# --- on a broker that follows a script -------------------------------------------------------------


async def test_a_link_receives_from_its_plug_and_sends_to_it() -> None:
    hub = RecordingInlet()
    async with MqttServer() as server:
        link = link_to(server, "PLUG-A")
        link.start(hub)
        await hub.until_events("up")
        assert hub.events == [("up", "mqtt")]
        assert server.topics == ["/appliance/plug-a/publish", "/app/unclouded-plug-a/subscribe"]
        link.send(Out(b'{"header":{}}', id=1))
        await server.until(lambda: bool(server.published))
        assert server.published == [("/appliance/plug-a/subscribe", b'{"header":{}}')]
        server.send(publish("/appliance/plug-a/publish", b"pushed") + publish(answer_topic("plug-a"), b"answered"))
        await hub.until(lambda: len(hub.datagrams) == 2)
        assert hub.datagrams == [(b"pushed", "mqtt", 0), (b"answered", "mqtt", 0)]
        await link.close()
        await server.until(lambda: not server.writers)
    assert hub.kinds == ["up"]


async def test_links_of_one_account_share_one_connection() -> None:
    a, b, late = RecordingInlet(), RecordingInlet(), RecordingInlet()
    async with MqttServer() as server:
        links = [link_to(server, "a"), link_to(server, "b"), link_to(server, "late")]
        links[0].start(a)
        links[1].start(b)
        await a.until_events("up")
        await b.until_events("up")
        links[2].start(late)
        await late.until_events("up")
        server.send(publish("/appliance/b/publish", b"I am b"))
        await b.until_data(b"I am b")
        assert (a.data, late.data, server.connects) == (b"", b"", 1)
        await links[0].close()
        await server.until(lambda: server.left == ["/appliance/a/publish", "/app/unclouded-a/subscribe"])
        links[1].send(Out(b"still here"))
        await server.until(lambda: server.published == [("/appliance/b/subscribe", b"still here")])
        await links[1].close()
        await links[2].close()
        await server.until(lambda: not server.writers)
        assert server.connects == 1


async def test_another_account_has_a_connection_of_its_own(tmp_path: Path) -> None:
    (tmp_path / "word").write_text("sesame")
    hub = RecordingInlet()
    async with MqttServer() as server:
        named = open_mqtt(parse(f"mqtt://127.0.0.1:{server.port}?user=hub&password_file=word"), 0, tmp_path, "plug-b")
        links = [link_to(server), named]
        for link in links:
            link.start(hub)
        await hub.until_events("up", "up")
        assert server.connects == 2
        for link in links:
            await link.close()


async def test_a_broker_that_comes_back_is_found_again() -> None:
    hub = RecordingInlet()
    async with MqttServer() as server:
        link = link_to(server)
        link.start(hub)
        await hub.until_events("up")
    await hub.until(lambda: hub.kinds.count("down") >= 2)
    assert "the connection to it was lost. Is it running" in hub.reasons[0]
    assert f"127.0.0.1 refuses port {server.port}. Is the broker running" in hub.reasons[1]
    link.send(Out(b"x", id=3))
    await hub.until(lambda: "failed" in hub.kinds)
    assert ("failed", 3, Failure.GONE) in hub.events
    async with server:
        await hub.until(lambda: hub.kinds.count("up") == 2)
        assert hub.kinds == ["up", "down", "down", "failed", "up"]
        assert server.published == []
        await link.close()


async def test_what_waited_on_a_lost_connection_never_leaves_on_a_later_one() -> None:
    hub, other = RecordingInlet(), RecordingInlet()
    async with MqttServer() as server:
        links = [link_to(server), link_to(server, "b")]
        links[0].start(hub)
        await hub.until_events("up")
        server.silent = True
        links[1].start(other)
        await server.until(lambda: len(server.topics) == 4)
        links[0].send(Out(b"an old wish", id=5))
        server.abort()
        server.silent = False
        await hub.until(lambda: hub.kinds.count("up") == 2)
        await other.until(lambda: "up" in other.kinds)
        assert hub.events.count(("failed", 5, Failure.GONE)) == 1
        links[0].send(Out(b"a new one"))
        await server.until(lambda: bool(server.published))
        assert [data for _, data in server.published] == [b"a new one"]
        for link in links:
            await link.close()


async def test_a_link_added_to_a_lost_connection_gets_the_reason() -> None:
    with socket.create_server(("127.0.0.1", 0)) as held:
        port = held.getsockname()[1]
    first, second = RecordingInlet(), RecordingInlet()
    links = [MqttLink(Account("127.0.0.1", port, tls=False), name) for name in ("a", "b")]
    links[0].start(first)
    await first.until_events("down")
    links[1].start(second)
    await second.until_events("down")
    assert first.reasons == second.reasons
    for link in links:
        await link.close()


async def test_more_than_a_link_may_hold_fails_as_full() -> None:
    hub = RecordingInlet()
    async with MqttServer() as server:
        link = link_to(server)
        link.start(hub)
        await hub.until_events("up")
        for number in range(1, OUTBOX_LIMIT + 3):
            link.send(Out(b"%d" % number, id=number))
        await server.until(lambda: len(server.published) == OUTBOX_LIMIT)
        await hub.until_events("up", "failed", "failed")
        assert hub.events[1:] == [("failed", number, Failure.FULL) for number in (OUTBOX_LIMIT + 1, OUTBOX_LIMIT + 2)]
        link.send(Out(b"room again"))
        await server.until(lambda: len(server.published) == OUTBOX_LIMIT + 1)
        assert link.dropped == 2 and link.pending == 0
        await link.close()


async def test_old_news_and_giants_are_not_passed_on() -> None:
    hub, topic = RecordingInlet(), "/appliance/plug-a/publish"
    async with MqttServer() as server:
        link = link_to(server)
        link.start(hub)
        await hub.until_events("up")
        server.send(publish(topic, b"last year's", retain=True))
        server.send(publish(topic, b"x" * (MESSAGE_LIMIT + 1)))
        server.send(publish("/appliance/another/publish", b"not ours"))
        server.send(publish(topic, b"news"))
        await hub.until_data(b"news")
        assert link.dropped == 1
        await link.close()


async def test_a_refused_topic_is_reported_and_subscribed_again(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(broker_client, "MAX_DELAY_S", 0.01)
    hub, other = RecordingInlet(), RecordingInlet()
    async with MqttServer(grants=lambda topic: 0x80 if "plug-a/publish" in topic else 1) as server:
        links = [link_to(server), link_to(server, "b")]
        links[0].start(hub)
        links[1].start(other)
        await hub.until_events("down")
        await other.until_events("up")
        assert "refuses the subscription to /appliance/plug-a/publish. Allow anonymous users to read" in hub.reasons[0]
        server.grants = lambda topic: 1
        await hub.until_events("down", "up")
        for link in links:
            await link.close()


@pytest.mark.parametrize(("code", "words"), [(5, "wrong user or password"), (4, "user and password_file"), (3, "log")])
async def test_a_refused_login_is_reported(code: int, words: str) -> None:
    hub = RecordingInlet()
    async with MqttServer(connack=code) as server:
        link = link_to(server)
        link.start(hub)
        await hub.until_events("down")
        assert words in hub.reasons[0]
        await server.until(lambda: server.connects >= 3)
        assert hub.kinds == ["down"]
        await link.close()


async def test_a_silent_broker_times_out(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(broker_client, "TIMEOUT_S", 0.02)
    hub = RecordingInlet()
    async with MqttServer(connack=None) as server:
        link = link_to(server)
        link.start(hub)
        await hub.until_events("down")
        assert "does not answer" in hub.reasons[0]
        await link.close()


async def test_a_broker_that_answers_after_the_close_is_disconnected() -> None:
    async with MqttServer(connack=None) as server:
        link = link_to(server)
        link.start(RecordingInlet())
        await server.until(lambda: server.connects == 1)
        await link.close()
        assert len(server.writers) == 1
        server.send(b"\x20\x02\x00\x00")
        await server.until(lambda: not server.writers)


async def test_an_answer_topic_that_is_refused_does_no_harm() -> None:
    hub = RecordingInlet()
    async with MqttServer(grants=lambda topic: 0x80 if topic.startswith("/app/") else 1) as server:
        link = link_to(server)
        link.start(hub)
        await hub.until_events("up")
        await link.close()


async def test_closing_while_it_dials_leaves_nothing_behind(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(broker_client, "TIMEOUT_S", 0.05)
    async with MqttServer(connack=None) as server:
        for turns in (0, 1, 5, 500):
            hub, link = RecordingInlet(), link_to(server)
            link.start(hub)
            for _ in range(turns):
                await asyncio.sleep(0)
            await link.close()
            assert hub.events == []
        assert not broker_client._brokers[asyncio.get_running_loop()]
        await server.until(lambda: server.connects >= 1 and not server.writers)


# --- on Debian's mosquitto, with TLS and passwords --------------------------------------------------


@asynccontextmanager
async def plug(broker: Mosquitto, uuid: str) -> AsyncIterator[aiomqtt.Client]:
    """A plug that has logged in: with a password of its own, allowed its own topics."""
    async with aiomqtt.Client(
        "127.0.0.1",
        broker.port,
        username=uuid,
        password=PASSWORDS[uuid],
        identifier=f"fmware:{uuid}_abc",
        tls_context=ssl.create_default_context(cafile=broker.folder / "cert.pem"),
    ) as client:
        await client.subscribe(f"/appliance/{uuid}/subscribe", 1)
        yield client


def hub_link(broker: Mosquitto, uuid: str, settings: str = "cafile=cert.pem&user=hub") -> MqttLink:
    url = f"mqtts://127.0.0.1:{broker.port}?{settings}&password_file=hub.password"
    link = open_mqtt(parse(url), 0, broker.folder, uuid)
    assert isinstance(link, MqttLink)
    return link


@needs_mosquitto
async def test_two_plugs_on_an_external_broker(tmp_path: Path) -> None:
    inlet = {"plug-a": RecordingInlet(), "plug-b": RecordingInlet()}
    async with Mosquitto(tmp_path) as broker, plug(broker, "plug-a") as a, plug(broker, "plug-b") as b:
        links = {uuid: hub_link(broker, uuid) for uuid in inlet}
        for uuid, link in links.items():
            link.start(inlet[uuid])
        for uuid, link in links.items():
            await inlet[uuid].until_events("up")
            link.send(Out(f"get {uuid}".encode(), id=1))
        for uuid, client in {"plug-a": a, "plug-b": b}.items():
            asked = await anext(client.messages)
            assert asked.payload == f"get {uuid}".encode()
            await client.publish(answer_topic(uuid), b"answer of " + uuid.encode())
            await client.publish(f"/appliance/{uuid}/publish", b"push of " + uuid.encode(), qos=1)
            await inlet[uuid].until(lambda: len(inlet[uuid].datagrams) == 2)  # noqa: B023
            events = [data for data, _, _ in inlet[uuid].datagrams]
            assert events == [b"answer of " + uuid.encode(), b"push of " + uuid.encode()]
        # The broker's access rules: one plug cannot publish as another.
        await a.publish("/appliance/plug-b/publish", b"I am b", qos=1)
        await b.publish("/appliance/plug-b/publish", b"no, I am", qos=1)
        await inlet["plug-b"].until(lambda: len(inlet["plug-b"].datagrams) == 3)
        assert inlet["plug-b"].datagrams[-1][0] == b"no, I am"
        for link in links.values():
            await link.close()


@needs_mosquitto
async def test_a_restart_of_the_broker_is_outlived(tmp_path: Path) -> None:
    hub = RecordingInlet()
    async with Mosquitto(tmp_path) as broker:
        link = hub_link(broker, "plug-a")
        link.start(hub)
        await hub.until_events("up")
        broker.stop()
        await hub.until(lambda: "down" in hub.kinds)
        assert await broker.begin()
        await hub.until(lambda: hub.kinds[-1] == "up" and hub.kinds.count("up") == 2)
        async with plug(broker, "plug-a") as client:
            link.send(Out(b"are you there?"))
            assert (await anext(client.messages)).payload == b"are you there?"
            await client.publish("/appliance/plug-a/publish", b"yes")
            await hub.until_data(b"yes")
        await link.close()


@needs_mosquitto
async def test_errors_of_the_login_and_the_certificate_are_reported(tmp_path: Path) -> None:
    async with Mosquitto(tmp_path) as broker:
        for settings, words in {
            "cafile=cert.pem&user=plug-a": "wrong user or password",
            "user=hub": "is not trusted: self-signed certificate. Give its CA in the link",
        }.items():
            hub, link = RecordingInlet(), hub_link(broker, "plug-a", settings)
            link.start(hub)
            await hub.until(lambda: "down" in hub.kinds)  # noqa: B023
            assert words in hub.reasons[0]
            assert PASSWORDS["hub"] not in hub.reasons[0]
            await link.close()


async def test_a_broker_without_tls_is_reported() -> None:
    async def plain(reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        await reader.read(1)
        writer.write(b"I speak no TLS")
        writer.close()

    hub = RecordingInlet()
    async with await asyncio.start_server(plain, "127.0.0.1", 0) as server:
        port = server.sockets[0].getsockname()[1]
        link = MqttLink(Account("127.0.0.1", port, tls=True), "plug-a")
        link.start(hub)
        await hub.until_events("down")
        assert f"The TLS handshake with 127.0.0.1:{port} failed" in hub.reasons[0]
        await link.close()


# --- addresses -------------------------------------------------------------------------------------


def test_an_address_names_the_broker_and_the_files(tmp_path: Path) -> None:
    link = open_mqtt(parse("mqtts://broker.lan?user=hub&password_file=word&cafile=/etc/ca.crt"), 0, tmp_path, "AB")
    assert isinstance(link, MqttLink)
    assert link.account == Account("broker.lan", 8883, True, "hub", tmp_path / "word", Path("/etc/ca.crt"))
    assert link.uuid == "ab"
    plain = open_mqtt(parse("mqtt://[fe80::1]"), 0, tmp_path, "ab")
    assert isinstance(plain, MqttLink) and plain.account == Account("fe80::1", 1883, False)


@pytest.mark.parametrize(
    ("text", "words"),
    [
        ("mqtts://", "needs a host and a port, as in mqtts://192.168.1.5:8883"),
        ("mqtts://hub:secret@host", "has a user name"),
        ("mqtts://host?password=secret", "unknown setting 'password'. It takes user, password_file, cafile"),
        ("mqtt://host?cafile=x", "unknown setting 'cafile'"),
        ("mqtts://host?password_file=x", "a password_file and no user"),
    ],
)
def test_a_wrong_address_is_explained(text: str, words: str) -> None:
    with pytest.raises(ConfigError) as caught:
        open_mqtt(parse(text), 0, Path())
    assert words in str(caught.value)
    assert "secret" not in str(caught.value)


async def test_permanent_errors_are_refused_at_the_start(tmp_path: Path) -> None:
    (tmp_path / "odd").write_bytes(b"\xff\xfe")
    for query, uuid, words in (
        ("", "", "Which plug on host:8883"),
        ("?user=hub&password_file=none", "a", "The password file .*none cannot be read: No such file"),
        ("?user=hub&password_file=odd", "a", "The password file .*odd cannot be read: its content is invalid"),
        ("?cafile=none", "a", "The CA file .*none cannot be read: No such file"),
        ("?cafile=odd", "a", "The CA file .*odd cannot be read: its content is invalid"),
    ):
        link = open_mqtt(parse(f"mqtts://host{query}"), 0, tmp_path, uuid)
        with pytest.raises(LinkRefused, match=words):
            link.start(RecordingInlet())
        await link.close()
    with pytest.raises(ConfigError, match="not a valid UUID"):
        open_mqtt(parse("mqtts://host"), 0, tmp_path, "a/#")
