import asyncio
import socket
import ssl
from collections.abc import Callable
from pathlib import Path

import pytest

from links.broker.clients import OUTBOX, PASSWORD, UUID, login, running_broker
from links.recorder import RecordingInlet
from unclouded.core.sessions.session import Failure, Out
from unclouded.core.system import retry_delays
from unclouded.links.broker import plug_client
from unclouded.links.broker.plug_client import Login, PlugClient
from unclouded.links.broker.server import BrokerServer
from unclouded.links.mqtt import packets as mqtt
from waiting import until


@pytest.fixture(scope="module")
def ca(tmp_path_factory: pytest.TempPathFactory) -> Path:
    return tmp_path_factory.mktemp("data") / "ca"


@pytest.fixture(autouse=True)
def impatient(monkeypatch: pytest.MonkeyPatch) -> None:
    """Redial at once: real sockets need real time."""
    monkeypatch.setattr(retry_delays, "FIRST_DELAY_S", 0.001)


def client(broker: BrokerServer, who: Login | None = None, context: ssl.SSLContext | None = None) -> PlugClient:
    return PlugClient(*broker.address, who or login(), OUTBOX, context)


@pytest.mark.parametrize("version", [mqtt.V31, mqtt.V311, mqtt.V5])
async def test_the_plug_client_and_the_broker_exchange_messages(ca: Path, version: int) -> None:
    async with running_broker(ca) as broker:
        hub, device = RecordingInlet(), RecordingInlet()
        slot, plug = broker.slot(UUID), client(broker, login(version=version))
        slot.start(hub)
        plug.start(device)
        await device.until_events("up")
        await hub.until_events("down", "up")
        slot.send(Out(b"{get}"))
        slot.send(Out(b"{set}"))
        await device.until_data(b"{get}{set}")
        plug.send(Out(b"{ack}"))
        await hub.until_data(b"{ack}")
        assert device.datagrams == [(b"{get}", "broker", 0), (b"{set}", "broker", 0)]
        await plug.close()
        await hub.until_events("down", "up", "down")
        assert "It disconnected." in hub.reasons[1]


async def test_a_message_is_published_to_the_topic_that_it_names(ca: Path) -> None:
    async with running_broker(ca) as broker:
        hub, device = RecordingInlet(), RecordingInlet()
        broker.slot(UUID).start(hub)
        plug = client(broker)
        plug.start(device)
        await device.until_events("up")
        plug.send(Out(b"theirs", topic="/appliance/somebody/publish"))
        plug.send(Out(b"mine"))
        await hub.until_data(b"mine")
        assert broker.stats()["odd"] == 1
        await plug.close()


async def test_a_broker_that_comes_back_is_found_again(ca: Path) -> None:
    hub, device = RecordingInlet(), RecordingInlet()
    async with running_broker(ca) as broker:
        broker.slot(UUID).start(hub)
        plug = client(broker)
        plug.start(device)
        await hub.until_events("down", "up")
    await device.until(lambda: len(device.reasons) == 2)
    assert "It disconnected" in device.reasons[0] and "refuses port" in device.reasons[1]
    plug.send(Out(b"lost", id=3))
    await device.until(lambda: ("failed", 3, Failure.GONE) in device.events)
    broker.start()
    await hub.until_events("down", "up", "down", "up")
    await plug.close()
    await broker.close()


async def test_a_refusal_is_reported_once_and_retried(ca: Path) -> None:
    async with running_broker(ca) as broker:
        device = RecordingInlet()
        plug = client(broker, login(password="0_wrong"))
        plug.start(device)
        await until(lambda: broker.stats()["refused"] >= 3)
        assert device.reasons[0] == "The server refused the login: wrong user name or password."
        assert device.reasons.count(device.reasons[0]) == 1
        await plug.close()


async def test_a_plug_may_check_the_certificate(ca: Path) -> None:
    async with running_broker(ca) as broker:
        device, doubter = RecordingInlet(), RecordingInlet()
        plug = client(broker, context=ssl.create_default_context(cafile=ca / "ca.pem"))
        stranger = client(broker, context=ssl.create_default_context())
        plug.start(device)
        await device.until_events("up")
        stranger.start(doubter)
        await doubter.until_events("down")
        assert "certificate verify failed" in doubter.reasons[0]
        await plug.close()
        await stranger.close()


async def test_a_quiet_plug_pings_and_stays(ca: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    async with running_broker(ca) as broker:
        pings: list[float] = []
        send, set_timer = plug_client._MqttSession._ping, plug_client._MqttSession._set_timer

        def ping(session: plug_client._MqttSession) -> None:
            pings.append(1)
            send(session)

        def set_faster(session: plug_client._MqttSession, after: float, then: Callable[[], None]) -> None:
            """The ping is sent after a thousandth of its time; other timers are unchanged."""
            set_timer(session, after / 1_000 if after == 30 else after, then)

        monkeypatch.setattr(plug_client._MqttSession, "_ping", ping)
        monkeypatch.setattr(plug_client._MqttSession, "_set_timer", set_faster)
        device = RecordingInlet()
        plug = client(broker)
        plug.start(device)
        await device.until_events("up")
        await until(lambda: len(pings) >= 3)
        assert device.kinds == ["up"]
        await plug.close()


async def test_a_silent_server_times_out(ca: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """TLS works, but no CONNACK is sent."""
    monkeypatch.setattr(plug_client, "ANSWER_TIMEOUT_S", 0.01)
    context = ssl.SSLContext(ssl.PROTOCOL_TLS_SERVER)
    async with running_broker(ca):
        context.load_cert_chain(ca / "server.pem", ca / "server.key")
    server = await asyncio.start_server(lambda reader, writer: asyncio.sleep(0), "127.0.0.1", 0, ssl=context)
    device = RecordingInlet()
    host, port = server.sockets[0].getsockname()
    plug = PlugClient(host, port, login(), OUTBOX)
    plug.start(device)
    await device.until_events("down")
    assert "No CONNACK was received within" in device.reasons[0]
    await plug.close()
    server.close()


async def test_a_refused_connection_is_reported_before_the_first_up() -> None:
    with socket.create_server(("127.0.0.1", 0)) as held:
        port = held.getsockname()[1]
    device = RecordingInlet()
    plug = PlugClient("127.0.0.1", port, login(), OUTBOX)
    plug.start(device)
    await device.until_events("down")
    assert "127.0.0.1 refuses port" in device.reasons[0]
    await plug.close()


def test_a_login_shows_no_password() -> None:
    assert PASSWORD not in repr(login())
