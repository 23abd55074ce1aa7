"""Live updates: one frame for all pages, snapshots for slow ones, no subscription without pages."""

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

from api_story import NOON, FakeHub, about, device, watts
from unclouded.core.model import Alert, Command, Notice, Outcome, Status
from unclouded.web.access.connections import PageConnection
from unclouded.web.api.api import Api
from unclouded.web.live import FRAME_INTERVAL_S, HEARTBEAT_S, Client, LivePages
from unclouded.web.schemas import HubView
from unclouded.web.server import serve, tcp_socket
from virtual_loop import virtual_run


class PageClient:
    """A client without a socket that records the messages it is sent."""

    def __init__(self, pages: LivePages, client: Client) -> None:
        self._pages = pages
        self._client = client
        self.texts: list[str] = []

    async def next(self) -> Any:  # Any: JSON
        """Receive the pending messages completely; returns the last one."""
        self.take(await self._ready())
        self._client.sent()
        return json.loads(self.texts[-1])

    async def begin_taking(self) -> None:
        """Begin to receive, as over a slow connection; ``done`` completes it."""
        self.take(await self._ready())

    def done(self) -> None:
        self._client.sent()

    def take(self, texts: list[str]) -> None:
        self.texts += texts

    async def _ready(self) -> list[str]:
        await self._client.ready()
        return self._pages.message(self._client)


def pages_of(hub: FakeHub) -> LivePages:
    loop = asyncio.get_running_loop()
    return LivePages(hub, lambda: msgspec.convert(about(), HubView), lambda: NOON + loop.time())


def connect_page(pages: LivePages, role: str = "control") -> PageClient:
    return PageClient(pages, pages.add("read" if role == "read" else "control"))


def test_a_page_gets_the_alerts_of_now_and_all_of_them_when_one_begins_or_ends() -> None:
    async def story() -> None:
        hub = FakeHub()
        smoke = Alert(device="lamp", kind="alarm", since=NOON, point="smoke", value=True, text="Lamp reports: Smoke.")
        hot = Alert(
            device="kettle", kind="above", since=NOON, point="power_W", value=2500, limit=2000, text="Too much."
        )
        hub.active_alerts = [smoke]
        page = connect_page(pages_of(hub))
        assert [one["kind"] for one in (await page.next())["snapshot"]["alerts"]] == ["alarm"]
        hub.publish(watts(2500.0))
        assert "alerts" not in (await page.next())["changes"]
        hub.active_alerts = [smoke, hot]
        hub.publish(hot)
        shown = (await page.next())["changes"]["alerts"][1]
        assert (shown["device"], shown["value"], shown["limit"], shown["unit"]) == ("kettle", 2500, 2000.0, "W")
        hub.active_alerts = []
        hub.publish(msgspec.structs.replace(hot, active=False))
        assert (await page.next())["changes"]["alerts"] == []

    virtual_run(story())


def test_a_page_gets_a_snapshot_and_then_changes() -> None:
    async def story() -> None:
        hub = FakeHub()
        hub.publish(watts(40.0))
        page = connect_page(pages_of(hub), "read")
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


def test_a_page_follows_the_name_and_the_time_zone_of_the_home() -> None:
    async def story() -> None:
        hub, called = FakeHub(), {"name": "Casa Olivos", "timezone": "Europe/Madrid"}
        pages = LivePages(hub, lambda: msgspec.convert({**about(), **called}, HubView), lambda: NOON)
        page = connect_page(pages)
        assert (await page.next())["snapshot"]["name"] == "Casa Olivos"
        called.update(name="Casa Nueva")
        hub.publish(Notice("", NOON, "configuration", "Configuration: hub.name changed by web."))
        changes = (await page.next())["changes"]
        assert changes["name"] == "Casa Nueva" and "timezone" not in changes
        hub.publish(Notice("", NOON, "configuration", "Configuration: lamp: room changed by web."))
        assert "name" not in (await page.next())["changes"]

    virtual_run(story())


def test_two_pages_share_one_frame_with_the_newest_readings() -> None:
    async def story() -> None:
        hub = FakeHub()
        pages = pages_of(hub)
        one, other = connect_page(pages), connect_page(pages)
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


def test_frames_are_at_least_a_quarter_of_a_second_apart() -> None:
    async def story() -> None:
        loop = asyncio.get_running_loop()
        hub = FakeHub()
        page = connect_page(pages_of(hub))
        await page.next()
        times: list[float] = []
        busy = asyncio.create_task(publish_much(hub))
        while loop.time() < 3.0:
            await page.next()
            times.append(loop.time())
        await busy
        assert 10 <= len(times) <= 13
        assert all(later - earlier >= FRAME_INTERVAL_S - 1e-6 for earlier, later in pairwise(times))

    virtual_run(story())


def test_a_late_reading_does_not_replace_the_newest() -> None:
    async def story() -> None:
        hub = FakeHub()
        page = connect_page(pages_of(hub))
        await page.next()
        hub.publish(watts(50.0, 0.0))
        assert (await page.next())["changes"]["readings"][0][2] == 50.0
        for deliver in hub.listeners:
            deliver([watts(1.0, -5.0)])  # the hub keeps the newer one, too
        assert "readings" not in (await page.next())["changes"]

    virtual_run(story())


def test_after_the_clock_was_set_back_the_next_reading_is_shown() -> None:
    async def story() -> None:
        hub = FakeHub()
        page = connect_page(pages_of(hub))
        await page.next()
        hub.publish(watts(50.0, 86_400.0))
        assert (await page.next())["changes"]["readings"][0][2] == 50.0
        for deliver in hub.listeners:
            deliver([watts(1.0, 0.1)])
        assert (await page.next())["changes"]["readings"][0][2] == 1.0
        for deliver in hub.listeners:
            deliver([watts(2.0, 0.05)])  # this one is late
        assert "readings" not in (await page.next())["changes"]

    virtual_run(story())


def test_without_changes_an_empty_frame_is_sent_every_five_seconds() -> None:
    async def story() -> None:
        loop = asyncio.get_running_loop()
        page = connect_page(pages_of(FakeHub()))
        await page.next()
        for beat in (1, 2, 3):
            assert (await page.next())["changes"] == {"at": NOON + beat * HEARTBEAT_S}
            assert loop.time() == beat * HEARTBEAT_S

    virtual_run(story())


def test_a_slow_page_gets_the_newest_state_and_no_backlog() -> None:
    async def story() -> None:
        hub = FakeHub()
        pages = pages_of(hub)
        page, quick = connect_page(pages), connect_page(pages)
        await page.next()
        await quick.next()
        hub.publish(watts(1.0, 1.0))
        await quick.next()
        await page.begin_taking()  # the connection is blocked by the first frame …
        for step in range(2, 100):
            hub.publish(watts(float(step), float(step)), Notice("kettle", NOON + step, "command", f"step {step}"))
            await quick.next()
        page.done()  # … and is free again 98 frames later
        before = len(page.texts)
        last = await page.next()
        first, *others = [json.loads(text) for text in page.texts[before:]]
        assert first["snapshot"]["readings"] == [["kettle", "power_W", 99.0, NOON + 99, "good", []]]
        assert len(others) == 1, "and one more message, with the notices that it missed"
        assert [notice["words"] for notice in last["changes"]["notices"]] == [f"step {n}" for n in range(50, 100)]
        hub.publish(watts(100.0, 100.0))
        assert (await page.next())["changes"]["readings"][0][2] == 100.0

    virtual_run(story())


def test_a_new_page_gets_no_old_notices() -> None:
    async def story() -> None:
        hub = FakeHub()
        pages = pages_of(hub)
        first = connect_page(pages)
        await first.next()
        hub.publish(Notice("", NOON, "started", "The hub started."))
        await first.next()
        second = connect_page(pages)
        await second.next()
        assert len(second.texts) == 1 and "snapshot" in second.texts[0]

    virtual_run(story())


def test_new_devices_are_sent_and_removed_ones_are_reported_within_a_heartbeat() -> None:
    async def story() -> None:
        hub = FakeHub()
        page = connect_page(pages_of(hub))
        await page.next()
        hub.publish(device("door"), Status("door", "asleep", NOON), watts(0.5, 1.0, "door"))
        changes = (await page.next())["changes"]
        assert [(one["id"], one["state"]) for one in changes["devices"]] == [("door", "asleep")]
        assert changes["readings"][0][0] == "door"
        hub.drop("door")
        for step in range(40):  # the others keep reporting
            hub.publish(watts(float(step), 2.0 + step))
            changes = (await page.next())["changes"]
            if "gone" in changes:
                break
        assert changes["gone"] == ["door"] and asyncio.get_running_loop().time() < 3 * HEARTBEAT_S
        for deliver in hub.listeners:
            deliver([watts(7.0, 9.0, "door")])  # a late reading of a removed device
        assert "readings" not in (await page.next())["changes"]

    virtual_run(story())


def test_an_admitted_plug_is_removed_from_the_seen_ones_at_once() -> None:
    async def story() -> None:
        hub = FakeHub("kettle", "seen")
        page = connect_page(pages_of(hub))
        await page.next()
        hub.drop("seen")
        hub.publish(Notice("", NOON, "admitted", "The plug was admitted."))
        assert (await page.next())["changes"]["gone"] == ["seen"]

    virtual_run(story())


def test_without_pages_there_is_no_subscription() -> None:
    async def story() -> None:
        hub = FakeHub()
        pages = pages_of(hub)
        assert not hub.listeners
        client, other = pages.add("control"), pages.add("read")
        pages.remove(client)
        assert len(hub.listeners) == 1
        pages.remove(other)
        assert not hub.listeners
        lookups = hub.lookups
        await asyncio.sleep(10 * HEARTBEAT_S)
        assert hub.lookups == lookups, "no timer is running"
        hub.publish(watts(3.0))
        page = connect_page(pages)
        assert (await page.next())["snapshot"]["readings"][0][2] == 3.0

    virtual_run(story())


def test_an_error_in_one_frame_does_not_stop_later_frames() -> None:
    async def story() -> None:
        errors: list[str] = []
        asyncio.get_running_loop().set_exception_handler(lambda loop, context: errors.append(str(context["exception"])))
        hub = FakeHub()
        page = connect_page(pages_of(hub))
        await page.next()
        hub.publish(Notice("", NOON, "odd", "not representable in JSON", {"what": object()}))
        changes = (await page.next())["changes"]
        assert changes == {"at": NOON + FRAME_INTERVAL_S + HEARTBEAT_S} or "notices" not in changes
        assert errors

    virtual_run(story())


async def publish_much(hub: FakeHub) -> None:
    for step in range(320):
        hub.publish(watts(float(step), step / 100))
        await asyncio.sleep(0.01)


# --- over a real server -----------------------------------------------------------------------------------


@contextlib.asynccontextmanager
async def served(hub: FakeHub) -> AsyncIterator[str]:
    """The API on a free port."""
    sock = tcp_socket(("127.0.0.1", 0))
    server = asyncio.create_task(serve(Api(hub, about).app(), sock), name="server")
    try:
        yield f"ws://127.0.0.1:{sock.getsockname()[1]}/api/live"
    finally:
        server.cancel()
        await asyncio.gather(server, return_exceptions=True)
        sock.close()


async def next_message(page: ClientConnection) -> Any:  # Any: JSON
    return json.loads(await page.recv())


def test_a_browser_gets_uncompressed_messages_and_is_removed_after_closing() -> None:
    async def story() -> None:
        hub = FakeHub()
        hub.publish(watts(40.0))
        async with served(hub) as url:
            async with connect(url) as page, connect(url) as other:
                assert not page.protocol.extensions
                await page.send("messages of a page are ignored")
                assert (await next_message(page))["snapshot"]["readings"][0][2] == 40.0
                assert (await next_message(other))["snapshot"]["devices"]
                hub.publish(watts(41.0, 1.0))
                assert (await next_message(page))["changes"]["readings"] == (await next_message(other))["changes"][
                    "readings"
                ]
                assert len(hub.listeners) == 1
            while hub.listeners:
                await asyncio.sleep(0.01)

    virtual_run(story())


def test_a_page_that_does_not_read_gets_few_old_frames_and_then_the_newest() -> None:
    async def story() -> None:
        hub = FakeHub(*(f"plug{n}" for n in range(300)))
        async with served(hub) as url, connect(url, sock=await narrow(url)) as stuck, connect(url) as quick:
            assert "snapshot" in await next_message(quick) and "snapshot" in await next_message(stuck)
            stuck.transport.pause_reading()
            for step in range(60):
                hub.publish(*(watts(float(step), float(step), f"plug{n}") for n in range(300)))
                assert "changes" in await next_message(quick)
            stuck.transport.resume_reading()
            messages = [await next_message(stuck)]
            while "snapshot" not in messages[-1] or highest(messages[-1]) < 59:
                messages.append(await next_message(stuck))
            assert len(messages) <= 6, "60 frames were made meanwhile"

    virtual_run(story())


def test_a_hub_that_stops_closes_its_pages_without_log_entries(caplog: pytest.LogCaptureFixture) -> None:
    async def story() -> None:
        hub = FakeHub()
        async with served(hub) as url:
            page = await connect(url)
            assert "snapshot" in await next_message(page)
            stream, line = await open_request(url, "/api/watch")
        with pytest.raises(ConnectionClosed) as closed:
            await page.recv()
        assert closed.value.rcvd is not None and closed.value.rcvd.code == 1012
        assert b"lamp" in await stream.read() and not hub.listeners
        line.close()

    virtual_run(story())
    assert [record.getMessage() for record in caplog.records if record.levelno >= logging.WARNING] == []


def test_a_hub_that_stops_does_not_wait_for_commands(caplog: pytest.LogCaptureFixture) -> None:
    class Slow(FakeHub):
        async def command(self, command: Command) -> Outcome:
            self.commands.append(command)
            never: asyncio.Future[Outcome] = asyncio.get_running_loop().create_future()
            return await never

    async def story() -> None:
        hub = Slow()
        async with served(hub) as url:
            answer, line = await open_request(url, "/api/devices/lamp/set", b'{"point":"on","value":true}')
            while not hub.commands:
                await asyncio.sleep(0.01)
        assert await answer.read() == b""
        line.close()

    virtual_run(story())
    assert [record.getMessage() for record in caplog.records if record.levelno >= logging.WARNING] == []


async def open_request(url: str, path: str, body: bytes = b"") -> tuple[asyncio.StreamReader, asyncio.StreamWriter]:
    """An HTTP request whose answer is pending or has begun."""
    reader, writer = await asyncio.open_connection("127.0.0.1", urlsplit(url).port)
    method = "POST" if body else "GET"
    head = f"{method} {path} HTTP/1.1\r\nHost: hub\r\nContent-Type: application/json\r\nContent-Length: {len(body)}"
    writer.write(f"{head}\r\n\r\n".encode() + body)
    if not body:
        await reader.readuntil(b"\r\n\r\n")
    return reader, writer


async def narrow(url: str) -> socket.socket:
    """A connection with a small receive buffer."""
    line = socket.socket()
    line.setsockopt(socket.SOL_SOCKET, socket.SO_RCVBUF, 4096)
    line.setblocking(False)
    await asyncio.get_running_loop().sock_connect(line, ("127.0.0.1", urlsplit(url).port))
    return line


def highest(message: Any) -> float:  # Any: JSON
    return max(float(reading[2]) for reading in message["snapshot"]["readings"])


async def test_a_server_ends_while_the_close_of_a_page_is_under_way(monkeypatch: pytest.MonkeyPatch) -> None:
    opened: list[PageConnection] = []
    made = PageConnection.connection_made

    def remembered(self: PageConnection, transport: asyncio.BaseTransport) -> None:
        made(self, transport)
        opened.append(self)

    monkeypatch.setattr(PageConnection, "connection_made", remembered)
    hub = FakeHub()
    sock = tcp_socket(("127.0.0.1", 0))
    server = asyncio.create_task(serve(Api(hub, about).app(), sock), name="server")
    async with connect(f"ws://127.0.0.1:{sock.getsockname()[1]}/api/live") as page:
        await next_message(page)
        (connection,) = opened
        connection.conn.send_close(1000)  # what is to be sent is sent in the next step, but the server ends now
        server.cancel()
        with pytest.raises(asyncio.CancelledError):
            await server
    assert connection.transport.is_closing()
    sock.close()
