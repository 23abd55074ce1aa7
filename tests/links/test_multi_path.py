import asyncio

import pytest

from links.recorder import RecordingInlet
from unclouded.core.errors import LinkRefused
from unclouded.core.sessions.link import Inlet
from unclouded.core.sessions.session import Failure, LinkPath, Out
from unclouded.links import memory
from unclouded.links.http.link import HttpLink
from unclouded.links.http.serve import HttpListenLink
from unclouded.links.multi_path import MultiPathLink

BROKER, HTTP = LinkPath(name="broker"), LinkPath(name="http", push=False, answers=True, window=1)


class Scripted:
    """A link whose inlet the test plays on."""

    def __init__(self, refusal: str = "", closing: int = 0) -> None:
        self.inlet: Inlet | None = None
        self.sent: list[Out] = []
        self.closed = False
        self._refusal = refusal
        self._closing = closing

    @property
    def to_hub(self) -> Inlet:
        assert self.inlet is not None
        return self.inlet

    def start(self, inlet: Inlet) -> None:
        if self._refusal:
            raise LinkRefused(self._refusal)
        self.inlet = inlet

    def send(self, out: Out) -> None:
        self.sent.append(out)

    async def close(self) -> None:
        if self._closing and self.inlet is not None:
            self.inlet.failed(self._closing, Failure.CLOSED)
        self.closed = True


async def test_the_session_chooses_the_way() -> None:
    """A plug's HTTP side and its connection to the broker, as one link, each over its own wire."""
    broker, plug_side = memory.pair(BROKER)
    server, hub, plug, calls = HttpListenLink("127.0.0.1", 0), RecordingInlet(), RecordingInlet(), RecordingInlet()
    server.start(plug)
    plug_side.start(calls)
    link = MultiPathLink([HttpLink(*server.address), broker])
    link.start(hub)
    await hub.until_events("up", "up")
    assert hub.events == [("up", "http"), ("up", "broker")]
    link.send(Out(b"by broker", id=1, path="broker"))
    link.send(Out(b"by http", id=2, path="http"))
    await calls.until_data(b"by broker")
    await plug.until_data(b"by http")
    plug_side.send(Out(b"pushed"))
    server.send(Out(b"answered", re=1))
    await hub.until(lambda: len(hub.datagrams) == 2)
    assert sorted(hub.datagrams) == [(b"answered", "http", 2), (b"pushed", "broker", 0)]
    await plug_side.close()
    await hub.until_events("up", "up", "down")
    await link.close()
    await server.close()


async def test_a_datagram_without_a_path_takes_the_first_that_is_up() -> None:
    first, second, hub = Scripted(), Scripted(), RecordingInlet()
    link = MultiPathLink([first, second])
    link.start(hub)
    link.send(Out(b"no path is up", id=1))
    await hub.until_events("failed")
    assert hub.events == [("failed", 1, Failure.GONE)]
    second.to_hub.up(BROKER)
    link.send(Out(b"a"))
    first.to_hub.up(HTTP)
    link.send(Out(b"b"))
    first.to_hub.down("http", "gone")
    link.send(Out(b"c"))
    assert [out.data for out in first.sent] == [b"b"]
    assert [out.data for out in second.sent] == [b"a", b"c"]


async def test_a_way_that_is_down_keeps_its_link_and_one_that_never_was_fails() -> None:
    """What becomes of a datagram for a closed way, its own link knows best."""
    first, second, hub = Scripted(), Scripted(), RecordingInlet()
    link = MultiPathLink([first, second])
    link.start(hub)
    first.to_hub.up(HTTP)
    second.to_hub.up(BROKER)
    second.to_hub.down("broker", "hung up")
    link.send(Out(b"x", id=1, path="broker"))
    assert [out.data for out in second.sent] == [b"x"]
    link.send(Out(b"y", id=2, path="mqtt"))
    await hub.until_events("up", "up", "down", "failed")
    assert hub.events[-1] == ("failed", 2, Failure.GONE)


async def test_two_paths_of_one_name_are_logged_once_as_an_error(caplog: pytest.LogCaptureFixture) -> None:
    first, second, hub = Scripted(), Scripted(), RecordingInlet()
    link = MultiPathLink([first, second])
    link.start(hub)
    first.to_hub.up(HTTP)
    second.to_hub.up(HTTP)
    second.to_hub.received(b"who?", "http")
    second.to_hub.down("http", "gone")
    link.send(Out(b"x", path="http"))
    assert hub.events == [("up", "http")]
    assert hub.datagrams == [] and second.sent == []
    assert len(caplog.records) == 1 and "remove one" in caplog.text


async def test_a_link_that_cannot_start_leaves_the_device_its_others(caplog: pytest.LogCaptureFixture) -> None:
    first, second, hub = Scripted("The password file is not there."), Scripted(), RecordingInlet()
    link = MultiPathLink([first, second])
    link.start(hub)
    second.to_hub.up(BROKER)
    assert hub.events == [("up", "broker")]
    assert "The password file is not there. The device uses its other links." in caplog.text
    await link.close()
    with pytest.raises(LinkRefused, match="first"):
        MultiPathLink([Scripted("first"), Scripted("second")]).start(hub)


async def test_close_closes_all_links_and_nothing_is_reported_afterwards() -> None:
    first, second, hub = Scripted(closing=7), Scripted(), RecordingInlet()
    link = MultiPathLink([first, second])
    link.start(hub)
    first.to_hub.up(HTTP)
    await link.close()
    assert first.closed and second.closed
    assert hub.events == [("up", "http"), ("failed", 7, Failure.CLOSED)]
    second.to_hub.up(BROKER)
    second.to_hub.received(b"late", "broker")
    first.to_hub.failed(8, Failure.GONE)
    link.send(Out(b"late", id=9))
    await asyncio.sleep(0)
    assert len(hub.events) == 2 and hub.data == b""
