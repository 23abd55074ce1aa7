import asyncio
import socket

import pytest

from links.recorder import RecordingInlet
from unclouded.core.errors import LinkRefused
from unclouded.core.sessions.session import Failure, Out
from unclouded.core.system import retry_delays
from unclouded.links import dial, open_link
from unclouded.links.dial import PENDING_LIMIT
from unclouded.links.listen import ListenLink


@pytest.fixture(autouse=True)
def impatient(monkeypatch: pytest.MonkeyPatch) -> None:
    """Redial at once: real sockets need real time."""
    monkeypatch.setattr(retry_delays, "FIRST_DELAY_S", 0.001)


def served() -> ListenLink:
    link = open_link("listen://127.0.0.1:0")
    assert isinstance(link, ListenLink)
    return link


async def test_a_simulated_line_is_reached_over_tcp() -> None:
    device, hub = RecordingInlet(), RecordingInlet()
    server = served()
    server.start(device)
    client = open_link(server.url)
    client.start(hub)
    await device.until_events("up")
    await hub.until_events("up")
    client.send(Out(b"\x55\xaa"))
    client.send(Out(b"\x03"))
    server.send(Out(bytes(range(256))))
    await device.until_data(b"\x55\xaa\x03")
    await hub.until_data(bytes(range(256)))
    await client.close()
    await device.until_events("up", "down")
    assert "The connection was closed by the peer." in device.reasons[0]
    await server.close()


async def test_a_server_that_comes_back_is_found_again() -> None:
    device, hub = RecordingInlet(), RecordingInlet()
    server = served()
    server.start(device)
    client = open_link(server.url)
    client.start(hub)
    await hub.until_events("up")
    await server.close()
    await hub.until_events("up", "down", "down")
    assert "closed the connection" in hub.reasons[0]
    assert "refuses port" in hub.reasons[1]
    again = ListenLink(*server.address)
    again.start(device)
    await hub.until_events("up", "down", "down", "up")
    again.send(Out(b"back"))
    await hub.until(lambda: hub.data == b"back")
    await client.close()
    await again.close()


async def test_the_newest_peer_has_the_line() -> None:
    device, first, second = RecordingInlet(), RecordingInlet(), RecordingInlet()
    server = served()
    server.start(device)
    one, two = open_link(server.url), open_link(server.url)
    one.start(first)
    await device.until_events("up")
    two.start(second)
    await device.until_events("up", "up")
    await first.until_events("up", "down")
    await one.close()
    two.send(Out(b"mine now"))
    server.send(Out(b"yours"))
    await second.until(lambda: second.data.endswith(b"yours"))
    await device.until(lambda: device.data.endswith(b"mine now"))
    await two.close()
    await server.close()


async def test_an_address_that_is_taken_is_refused() -> None:
    server, other = served(), RecordingInlet()
    server.start(RecordingInlet())
    with pytest.raises(LinkRefused, match=r"Cannot listen on 127\.0\.0\.1:\d+: .*Choose another address"):
        ListenLink(*server.address).start(other)
    await server.close()


async def test_a_refused_connection_is_reported_before_the_first_up() -> None:
    with socket.create_server(("127.0.0.1", 0)) as held:
        port = held.getsockname()[1]
    hub = RecordingInlet()
    client = open_link(f"tcp://127.0.0.1:{port}")
    client.start(hub)
    client.send(Out(b"hello", id=5))
    await hub.until(lambda: len(hub.events) >= 2)
    assert ("failed", 5, Failure.CLOSED) in hub.events
    assert hub.reasons == [f"127.0.0.1 refuses port {port}. Is the serial server running, and is that its port?"]
    await client.close()


async def test_an_unknown_host_name() -> None:
    hub = RecordingInlet()
    client = open_link("tcp://no-such-host.invalid:6638")
    client.start(hub)
    await hub.until_events("down")
    assert "no-such-host.invalid" in hub.reasons[0]
    await client.close()


async def test_a_peer_that_reads_nothing_fills_up(monkeypatch: pytest.MonkeyPatch) -> None:
    """Queues are bounded: once the buffers of both ends are full, datagrams fail."""
    monkeypatch.setattr(dial, "CLOSE_TIMEOUT_S", 0.001)
    hub = RecordingInlet()
    with socket.create_server(("127.0.0.1", 0)) as quiet:
        client = open_link(f"tcp://127.0.0.1:{quiet.getsockname()[1]}")
        client.start(hub)
        await hub.until_events("up")
        for number in range(1, 1_000):
            client.send(Out(b"x" * PENDING_LIMIT, id=number))
            await asyncio.sleep(0)
            if "failed" in hub.kinds:
                break
        assert hub.events[-1][2] is Failure.FULL
        await client.close()
