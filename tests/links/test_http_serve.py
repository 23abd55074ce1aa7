import asyncio
import sys
from collections.abc import Sequence
from pathlib import Path

import pytest

from links.recorder import TIMEOUT_S, RecordingInlet
from pair import ambient
from toys import PlugController, PlugDevice
from unclouded.core.errors import ConfigError, LinkRefused
from unclouded.core.sessions.driver import Driver
from unclouded.core.sessions.session import Asked, Event, Failure, Out, Reported, Settled, WireCommand
from unclouded.links.http.link import HttpLink
from unclouded.links.http.serve import CONNECTION_LIMIT, HttpListenLink, open_http_listen
from unclouded.links.url import parse


def served(query: str = "") -> HttpListenLink:
    link = open_http_listen(parse(f"http-listen://127.0.0.1:0{query}"), 0, Path())
    assert isinstance(link, HttpListenLink)
    return link


async def raw(link: HttpListenLink, request: bytes) -> bytes:
    """All bytes that the server sends to this request until it closes the connection."""
    reader, writer = await asyncio.open_connection(*link.address)
    writer.write(request)
    try:
        async with asyncio.timeout(TIMEOUT_S):
            return await reader.read()
    except ConnectionResetError:
        return b""
    finally:
        writer.close()


def post(body: bytes, path: bytes = b"/config") -> bytes:
    return b"POST %b HTTP/1.1\r\nHost: plug\r\nContent-Length: %d\r\n\r\n%b" % (path, len(body), body)


async def test_a_request_is_received_and_answered() -> None:
    device, server = RecordingInlet(), served()
    server.start(device)
    assert device.events == [("up", "http")]
    asking = asyncio.create_task(raw(server, post(b'{"a":1}')))
    await device.until(lambda: bool(device.datagrams))
    assert device.datagrams == [(b'{"a":1}', "http", 1)]
    server.send(Out(b'{"b":2}', path="http", re=1))
    reply = await asking
    assert reply.startswith(b"HTTP/1.1 200 OK\r\nContent-Type: application/json\r\n")
    assert reply.endswith(b'\r\nContent-Length: 7\r\n\r\n{"b":2}')
    await server.close()


async def test_an_empty_answer_closes_the_connection() -> None:
    device, server = RecordingInlet(), served()
    server.start(device)
    asking = asyncio.create_task(raw(server, post(b"?")))
    await device.until(lambda: bool(device.datagrams))
    server.send(Out(b"", re=1))
    assert await asking == b""
    await server.close()


async def test_answers_may_come_in_any_order_and_a_second_one_is_dropped() -> None:
    device, server = RecordingInlet(), served()
    server.start(device)
    asking = []
    for number in range(1, 4):
        asking.append(asyncio.create_task(raw(server, post(b"%d" % number))))
        await device.until(lambda: len(device.datagrams) == number)  # noqa: B023
    for number in (3, 1, 2):
        server.send(Out(b"answer %d" % number, re=number))
    server.send(Out(b"again", re=2, id=9))
    replies = await asyncio.gather(*asking)
    assert [reply.rpartition(b"\r\n")[2] for reply in replies] == [b"answer 1", b"answer 2", b"answer 3"]
    assert server.dropped == 1
    assert device.events[1:] == [("failed", 9, Failure.CLOSED)]
    await server.close()


async def test_other_paths_and_methods_are_not_found() -> None:
    device, server = RecordingInlet(), served()
    server.start(device)
    assert (await raw(server, post(b"x", b"/"))).startswith(b"HTTP/1.1 404 ")
    assert (await raw(server, b"GET /config HTTP/1.1\r\nHost: plug\r\n\r\n")).startswith(b"HTTP/1.1 404 ")
    assert (await raw(server, b"\x16\x03\x01 not HTTP\r\n\r\n")).startswith(b"HTTP/1.1 400 ")
    assert device.datagrams == []
    await server.close()


async def test_a_request_that_is_too_long_closes_the_connection() -> None:
    device, server = RecordingInlet(), served("?limit=100")
    server.start(device)
    assert await raw(server, post(b"x" * 101)) == b""
    assert await raw(server, post(b"x" * 50_000)) == b""
    asking = asyncio.create_task(raw(server, post(b"x" * 100)))
    await device.until(lambda: bool(device.datagrams))
    server.send(Out(b"ok", re=1))
    assert (await asking).endswith(b"ok")
    await server.close()


async def test_a_silent_session_does_not_hold_a_connection_for_ever() -> None:
    device, server = RecordingInlet(), served("?timeout=0.02")
    server.start(device)
    assert await raw(server, post(b"?")) == b""
    assert await raw(server, b"POST /config HTTP/1.1\r\n") == b""
    server.send(Out(b"at last", re=1))
    assert server.dropped == 1
    await server.close()


async def test_a_client_that_disconnects_is_forgotten() -> None:
    device, server = RecordingInlet(), served()
    server.start(device)
    _, writer = await asyncio.open_connection(*server.address)
    writer.write(post(b"?"))
    await device.until(lambda: bool(device.datagrams))
    writer.transport.abort()
    async with asyncio.timeout(TIMEOUT_S):
        while server.connections:
            await asyncio.sleep(0)
    server.send(Out(b"anybody there?", re=1))
    assert server.dropped == 1
    await server.close()


async def test_connections_beyond_the_limit_are_closed() -> None:
    device, server = RecordingInlet(), served()
    server.start(device)
    held = [await asyncio.open_connection(*server.address) for _ in range(CONNECTION_LIMIT)]
    async with asyncio.timeout(TIMEOUT_S):
        while len(server.connections) < CONNECTION_LIMIT:
            await asyncio.sleep(0)
    assert await raw(server, post(b"?")) == b""
    for _, writer in held:
        writer.close()
    await server.close()


async def test_one_connection_at_a_time_may_wait_for_its_answer() -> None:
    device, server = RecordingInlet(), served("?connections=1")
    server.start(device)
    asking = asyncio.create_task(raw(server, post(b"first")))
    await device.until(lambda: bool(device.datagrams))
    assert await raw(server, post(b"second")) == b""
    server.send(Out(b"{}", re=1))
    assert (await asking).endswith(b"{}")
    asking = asyncio.create_task(raw(server, post(b"third")))
    await device.until(lambda: len(device.datagrams) == 2)
    server.send(Out(b"{}", re=2))
    assert (await asking).endswith(b"{}")
    await server.close()


async def test_what_is_closed_without_an_answer_may_be_reset() -> None:
    device, server = RecordingInlet(), served("?resets=yes")
    server.start(device)
    reader, writer = await asyncio.open_connection(*server.address)
    writer.write(post(b"?"))
    await device.until(lambda: bool(device.datagrams))
    server.send(Out(b"", re=1))
    with pytest.raises(ConnectionResetError):
        await reader.read()
    writer.close()
    await server.close()


STRICT = """
import asyncio, sys, aiohttp
async def main():
    async with aiohttp.ClientSession() as client:
        try:
            await client.post(sys.argv[1] + "/config", data=b"?")
        except aiohttp.ClientResponseError as error:
            print("refused:", error.message)
asyncio.run(main())
"""


async def test_quirky_headers_are_rejected_by_strict_clients_and_accepted_by_the_link() -> None:
    """The strict one is aiohttp in Python's development mode."""
    device, server, hub = RecordingInlet(), served("?quirky=yes"), RecordingInlet()
    server.start(device)
    client = HttpLink(*server.address)
    client.start(hub)
    client.send(Out(b"?", id=5))
    await device.until(lambda: len(device.datagrams) == 1)
    server.send(Out(b"{}", re=1))
    await hub.until(lambda: bool(hub.datagrams))
    assert hub.datagrams == [(b"{}", "http", 5)]
    await client.close()
    strict = await asyncio.create_subprocess_exec(
        sys.executable, "-X", "dev", "-c", STRICT, server.url, stdout=asyncio.subprocess.PIPE
    )
    await device.until(lambda: len(device.datagrams) == 2)
    server.send(Out(b"{}", re=2))
    events, _ = await strict.communicate()
    assert events.startswith(b"refused: Invalid header")
    await server.close()


async def test_an_address_that_is_taken_is_refused() -> None:
    server = served()
    server.start(RecordingInlet())
    with pytest.raises(LinkRefused, match="Choose another address, or port 0 for any"):
        HttpListenLink(*server.address).start(RecordingInlet())
    await server.close()


async def test_close_ends_waiting_connections() -> None:
    device, server = RecordingInlet(), served()
    server.start(device)
    asking = asyncio.create_task(raw(server, post(b"?")))
    await device.until(lambda: bool(device.datagrams))
    await server.close()
    assert await asking == b""
    assert device.kinds == ["up"]


async def test_two_sessions_communicate_over_a_real_socket() -> None:
    """A toy plug behind the server, its controller behind the client, each on a driver of its own."""
    server, changed, seen = served("?quirky=yes"), asyncio.Event(), list[Event]()

    def device_events(events: Sequence[Event], now: float) -> None:
        for event in events:
            if isinstance(event, Asked):
                loop.call_soon(device.answer, event.id, True)

    def hub_events(events: Sequence[Event], now: float) -> None:
        seen.extend(events)
        changed.set()

    loop = asyncio.get_running_loop()
    device = Driver(PlugDevice(ambient()), server, device_events)
    tasks = [asyncio.create_task(device.run())]
    await asyncio.sleep(0)
    hub = Driver(PlugController(ambient()), HttpLink(*server.address), hub_events)
    tasks.append(asyncio.create_task(hub.run()))
    await asyncio.sleep(0)
    ticket = hub.submit(WireCommand({"on": True}))
    async with asyncio.timeout(TIMEOUT_S):
        while Settled(ticket) not in seen:
            changed.clear()
            await changed.wait()
    assert Reported({"on": True, "power": 0}) in seen
    for task in reversed(tasks):
        task.cancel()
    await asyncio.gather(*tasks, return_exceptions=True)


@pytest.mark.parametrize(
    ("text", "words"),
    [
        ("http-listen://127.0.0.1", "needs a host and a port"),
        ("http-listen://127.0.0.1:0?limit=0", "has limit=0"),
        ("http-listen://127.0.0.1:0?quirky=rather", "It must be one of"),
        ("http-listen://127.0.0.1:0?patience=3", "It takes limit, timeout, quirky, connections, resets"),
    ],
)
def test_a_wrong_address_is_explained(text: str, words: str) -> None:
    with pytest.raises(ConfigError) as caught:
        open_http_listen(parse(text), 0, Path())
    assert words in str(caught.value)


def test_the_url_is_what_clients_dial() -> None:
    assert HttpListenLink("127.0.0.1", 8080).url == "http://127.0.0.1:8080"
    assert HttpListenLink("::1", 8080).url == "http://[::1]:8080"
