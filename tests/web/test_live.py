"""Pages look at the house: one frame for all, the newest for the slow, silence while nobody looks."""

import asyncio
import contextlib
import json
import logging
import socket
from collections.abc import AsyncIterator
from itertools import pairwise
from typing import Any
from urllib.parse import urlsplit

import msgspec
import pytest
from websockets.asyncio.client import ClientConnection, connect
from websockets.exceptions import ConnectionClosed

from api_story import NOON, WebHouse, about, device, watts
from unclouded.core.model import Command, Notice, Outcome, Status
from unclouded.web.api import Api
from unclouded.web.live import FRAME_INTERVAL_S, HEARTBEAT_S, Client, LivePages
from unclouded.web.schemas import HubView
from unclouded.web.server import serve, tcp_socket
from virtual_loop import virtual_run


class Looking:
    """A page without a socket: what it was sent, in order."""

    def __init__(self, pages: LivePages, client: Client) -> None:
        self._pages = pages
        self._client = client
        self.texts: list[str] = []

    async def next(self) -> Any:  # Any: JSON
        """Take what there is to take, and be done with it at once. The last message of it."""
        self.take(await self._ready())
        self._client.sent()
        return json.loads(self.texts[-1])

    async def begin_taking(self) -> None:
        """Take it, as a page does whose line is slow: ``done`` comes later."""
        self.take(await self._ready())

    def done(self) -> None:
        self._client.sent()

    def take(self, texts: list[str]) -> None:
        self.texts += texts

    async def _ready(self) -> list[str]:
        await self._client.ready()
        return self._pages.message(self._client)


def pages_of(hub: WebHouse) -> LivePages:
    loop = asyncio.get_running_loop()
    return LivePages(hub, lambda: msgspec.convert(about(), HubView), lambda: NOON + loop.time())


def look(pages: LivePages, role: str = "control") -> Looking:
    return Looking(pages, pages.add("read" if role == "read" else "control"))


def test_a_page_gets_the_whole_house_first_and_then_what_changes() -> None:
    async def story() -> None:
        hub = WebHouse()
        hub.publish(watts(40.0))
        page = look(pages_of(hub), "read")
        snapshot = (await page.next())["snapshot"]
        assert [one["id"] for one in snapshot["devices"]] == ["kettle", "lamp"]
        assert snapshot["readings"] == [["kettle", "power_W", 40.0, NOON, "good", []]]
        assert (snapshot["role"], snapshot["version"], snapshot["timezone"]) == ("read", "1.2", "Europe/Madrid")
        hub.publish(watts(41.5, 1.0), Status("lamp", "offline", NOON + 1, "no answer"))
        changes = (await page.next())["changes"]
        assert changes["readings"] == [["kettle", "power_W", 41.5, NOON + 1, "good", []]]
        assert [(one["device"], one["state"], one["reason"]) for one in changes["statuses"]] == [
            ("lamp", "offline", "no answer")
        ]
        assert "devices" not in changes and "notices" not in changes

    virtual_run(story())


def test_two_pages_get_the_very_same_frame_and_only_the_newest_reading_is_in_it() -> None:
    async def story() -> None:
        hub = WebHouse()
        pages = pages_of(hub)
        one, other = look(pages), look(pages)
        await one.next()
        await other.next()
        assert one.texts[0] is other.texts[0], "the snapshot was made once"
        for step in range(10):
            hub.publish(watts(float(step), step / 10))
        await one.next()
        await other.next()
        assert one.texts[1] is other.texts[1], "the frame was made once"
        assert json.loads(one.texts[1])["changes"]["readings"] == [["kettle", "power_W", 9.0, NOON + 0.9, "good", []]]

    virtual_run(story())


def test_frames_keep_a_quarter_of_a_second_between_them_however_much_happens() -> None:
    async def story() -> None:
        loop = asyncio.get_running_loop()
        hub = WebHouse()
        page = look(pages_of(hub))
        await page.next()
        came: list[float] = []
        busy = asyncio.create_task(publish_much(hub))
        while loop.time() < 3.0:
            await page.next()
            came.append(loop.time())
        await busy
        assert 10 <= len(came) <= 13
        assert all(later - earlier >= FRAME_INTERVAL_S - 1e-6 for earlier, later in pairwise(came))

    virtual_run(story())


def test_a_late_reading_does_not_stand_before_the_newest() -> None:
    async def story() -> None:
        hub = WebHouse()
        page = look(pages_of(hub))
        await page.next()
        hub.publish(watts(50.0, 10.0))
        assert (await page.next())["changes"]["readings"][0][2] == 50.0
        for deliver in hub.listeners:
            deliver([watts(1.0, 5.0)])  # the board of the hub keeps the newer one too
        assert "readings" not in (await page.next())["changes"]

    virtual_run(story())


def test_a_quiet_house_says_every_five_seconds_that_it_is_there() -> None:
    async def story() -> None:
        loop = asyncio.get_running_loop()
        page = look(pages_of(WebHouse()))
        await page.next()
        for beat in (1, 2, 3):
            assert (await page.next())["changes"] == {"at": NOON + beat * HEARTBEAT_S}
            assert loop.time() == beat * HEARTBEAT_S

    virtual_run(story())


def test_a_slow_page_gets_the_newest_never_the_backlog() -> None:
    async def story() -> None:
        hub = WebHouse()
        pages = pages_of(hub)
        page, quick = look(pages), look(pages)
        await page.next()
        await quick.next()
        hub.publish(watts(1.0, 1.0))
        await quick.next()
        await page.begin_taking()  # its line is stuck with the first frame …
        for step in range(2, 100):
            hub.publish(watts(float(step), float(step)), Notice("kettle", NOON + step, "command", f"step {step}"))
            await quick.next()
        page.done()  # … and 98 frames later it is through
        before = len(page.texts)
        last = await page.next()
        first, *others = [json.loads(text) for text in page.texts[before:]]
        assert first["snapshot"]["readings"] == [["kettle", "power_W", 99.0, NOON + 99, "good", []]]
        assert len(others) == 1, "and one message more, for the notices that it missed"
        assert [notice["words"] for notice in last["changes"]["notices"]] == [f"step {n}" for n in range(50, 100)]
        hub.publish(watts(100.0, 100.0))
        assert (await page.next())["changes"]["readings"][0][2] == 100.0

    virtual_run(story())


def test_who_comes_new_is_told_of_no_old_notices() -> None:
    async def story() -> None:
        hub = WebHouse()
        pages = pages_of(hub)
        first = look(pages)
        await first.next()
        hub.publish(Notice("", NOON, "started", "The hub started."))
        await first.next()
        second = look(pages)
        await second.next()
        assert len(second.texts) == 1 and "snapshot" in second.texts[0]

    virtual_run(story())


def test_a_device_that_comes_is_shown_and_one_that_leaves_is_gone_within_a_heartbeat() -> None:
    async def story() -> None:
        hub = WebHouse()
        page = look(pages_of(hub))
        await page.next()
        hub.publish(device("door"), Status("door", "asleep", NOON), watts(0.5, 1.0, "door"))
        changes = (await page.next())["changes"]
        assert [(one["id"], one["state"]) for one in changes["devices"]] == [("door", "asleep")]
        assert changes["readings"][0][0] == "door"
        hub.drop("door")
        for step in range(40):  # the others never fall silent
            hub.publish(watts(float(step), 2.0 + step))
            changes = (await page.next())["changes"]
            if "gone" in changes:
                break
        assert changes["gone"] == ["door"] and asyncio.get_running_loop().time() < 3 * HEARTBEAT_S
        for deliver in hub.listeners:
            deliver([watts(7.0, 9.0, "door")])  # a last word of one that is gone already
        assert "readings" not in (await page.next())["changes"]

    virtual_run(story())


def test_a_plug_that_is_admitted_is_no_more_among_the_seen_ones_at_once() -> None:
    async def story() -> None:
        hub = WebHouse("kettle", "seen")
        page = look(pages_of(hub))
        await page.next()
        hub.drop("seen")
        hub.publish(Notice("", NOON, "admitted", "The plug was taken in."))
        assert (await page.next())["changes"]["gone"] == ["seen"]

    virtual_run(story())


def test_while_nobody_looks_the_hub_is_left_alone() -> None:
    async def story() -> None:
        hub = WebHouse()
        pages = pages_of(hub)
        assert not hub.listeners
        client, other = pages.add("control"), pages.add("read")
        pages.remove(client)
        assert len(hub.listeners) == 1
        pages.remove(other)
        assert not hub.listeners
        looked = hub.looked
        await asyncio.sleep(10 * HEARTBEAT_S)
        assert hub.looked == looked, "no timer goes on"
        hub.publish(watts(3.0))
        page = look(pages)
        assert (await page.next())["snapshot"]["readings"][0][2] == 3.0

    virtual_run(story())


def test_a_mistake_in_one_frame_does_not_end_the_frames() -> None:
    async def story() -> None:
        said: list[str] = []
        asyncio.get_running_loop().set_exception_handler(lambda loop, context: said.append(str(context["exception"])))
        hub = WebHouse()
        page = look(pages_of(hub))
        await page.next()
        hub.publish(Notice("", NOON, "odd", "no JSON can say this", {"what": object()}))
        changes = (await page.next())["changes"]
        assert changes == {"at": NOON + FRAME_INTERVAL_S + HEARTBEAT_S} or "notices" not in changes
        assert said

    virtual_run(story())


async def publish_much(hub: WebHouse) -> None:
    for step in range(320):
        hub.publish(watts(float(step), step / 100))
        await asyncio.sleep(0.01)


# --- over a real server -----------------------------------------------------------------------------------


@contextlib.asynccontextmanager
async def served(hub: WebHouse) -> AsyncIterator[str]:
    """The API on a port of its own."""
    sock = tcp_socket(("127.0.0.1", 0))
    server = asyncio.create_task(serve(Api(hub, about).app(), sock), name="server")
    try:
        yield f"ws://127.0.0.1:{sock.getsockname()[1]}/api/live"
    finally:
        server.cancel()
        await asyncio.gather(server, return_exceptions=True)
        sock.close()


async def heard(page: ClientConnection) -> Any:  # Any: JSON
    return json.loads(await page.recv())


def test_a_browser_gets_snapshot_and_changes_uncompressed_and_leaves_no_trace() -> None:
    async def story() -> None:
        hub = WebHouse()
        hub.publish(watts(40.0))
        async with served(hub) as url:
            async with connect(url) as page, connect(url) as other:
                assert not page.protocol.extensions
                await page.send("a page has nothing to say, and nobody minds")
                assert (await heard(page))["snapshot"]["readings"][0][2] == 40.0
                assert (await heard(other))["snapshot"]["devices"]
                hub.publish(watts(41.0, 1.0))
                assert (await heard(page))["changes"]["readings"] == (await heard(other))["changes"]["readings"]
                assert len(hub.listeners) == 1
            while hub.listeners:
                await asyncio.sleep(0.01)

    virtual_run(story())


def test_a_page_that_does_not_read_gets_a_few_old_frames_and_then_the_newest() -> None:
    async def story() -> None:
        hub = WebHouse(*(f"plug{n}" for n in range(300)))
        async with served(hub) as url, connect(url, sock=await narrow(url)) as stuck, connect(url) as quick:
            assert "snapshot" in await heard(quick) and "snapshot" in await heard(stuck)
            stuck.transport.pause_reading()
            for step in range(60):
                hub.publish(*(watts(float(step), float(step), f"plug{n}") for n in range(300)))
                assert "changes" in await heard(quick)
            stuck.transport.resume_reading()
            messages = [await heard(stuck)]
            while "snapshot" not in messages[-1] or highest(messages[-1]) < 59:
                messages.append(await heard(stuck))
            assert len(messages) <= 6, "60 frames were made meanwhile"

    virtual_run(story())


def test_a_hub_that_stops_says_so_to_its_pages_and_nothing_to_its_log(caplog: pytest.LogCaptureFixture) -> None:
    async def story() -> None:
        hub = WebHouse()
        async with served(hub) as url:
            page = await connect(url)
            assert "snapshot" in await heard(page)
            stream, line = await asked(url, "/api/watch")
        with pytest.raises(ConnectionClosed) as closed:
            await page.recv()
        assert closed.value.rcvd is not None and closed.value.rcvd.code == 1012
        assert b"lamp" in await stream.read() and not hub.listeners
        line.close()

    virtual_run(story())
    assert [record.getMessage() for record in caplog.records if record.levelno >= logging.WARNING] == []


def test_a_hub_that_stops_waits_for_no_wish(caplog: pytest.LogCaptureFixture) -> None:
    class Slow(WebHouse):
        async def command(self, command: Command) -> Outcome:
            self.commands.append(command)
            return await asyncio.get_running_loop().create_future()

    async def story() -> None:
        hub = Slow()
        async with served(hub) as url:
            answer, line = await asked(url, "/api/devices/lamp/set", b'{"point":"on","value":true}')
            while not hub.commands:
                await asyncio.sleep(0.01)
        assert await answer.read() == b""
        line.close()

    virtual_run(story())
    assert [record.getMessage() for record in caplog.records if record.levelno >= logging.WARNING] == []


async def asked(url: str, path: str, body: bytes = b"") -> tuple[asyncio.StreamReader, asyncio.StreamWriter]:
    """A question over HTTP that is not yet answered, or whose answer has begun."""
    reader, writer = await asyncio.open_connection("127.0.0.1", urlsplit(url).port)
    method = "POST" if body else "GET"
    head = f"{method} {path} HTTP/1.1\r\nHost: hub\r\nContent-Type: application/json\r\nContent-Length: {len(body)}"
    writer.write(f"{head}\r\n\r\n".encode() + body)
    if not body:
        await reader.readuntil(b"\r\n\r\n")
    return reader, writer


async def narrow(url: str) -> socket.socket:
    """A connection whose own system keeps little."""
    line = socket.socket()
    line.setsockopt(socket.SOL_SOCKET, socket.SO_RCVBUF, 4096)
    line.setblocking(False)
    await asyncio.get_running_loop().sock_connect(line, ("127.0.0.1", urlsplit(url).port))
    return line


def highest(message: Any) -> float:  # Any: JSON
    return max(reading[2] for reading in message["snapshot"]["readings"])
