"""`http://host[:port]?timeout=10`: a plug that answers over HTTP in the local network.

    us ──► POST /config HTTP/1.1, Content-Type: application/json, the datagram as the body ──► plug
    us ◄── 200, the answer as the body, then the connection is closed ◄── plug

Facts from docs/protocols/meross.md §1.4: plugs bear one connection at a time, close it after each reply, send headers
that strict parsers refuse, and don't care about content types. So one datagram is under way and a few wait; each
with an id has exactly one fate, its answer (``re``) or a Failure; an old connection is never used again.
aiohttp parses leniently as long as Python does not run in development mode (``-X dev``, PYTHONASYNCIODEBUG).
It costs 15 MB, so it is imported when the first such link starts.
"""

import asyncio
import logging
import socket
from pathlib import Path
from typing import TYPE_CHECKING

import msgspec

from unclouded.core.link import Inlet, Link
from unclouded.core.session import Failure, LinkPath, Out
from unclouded.core.supervise import supervise
from unclouded.links.dial import fail_soon
from unclouded.links.url import Url

if TYPE_CHECKING:
    import aiohttp

log = logging.getLogger("unclouded.links")

EXAMPLE = "http://192.168.1.40"
PORT = 80
TIMEOUT = 10.0  # s for one datagram, from the dial to the last byte of its answer
LONGEST_TIMEOUT = 120.0  # s that may be set
QUEUE = 8  # datagrams that wait for the one under way; more are not taken
LONGEST_ANSWER = 65_536  # bytes of a body; no plug says more
PATH = LinkPath(name="http", push=False, answers=True, window=1)

WORDS = {
    Failure.REFUSED: "{place} cannot be connected to. Is that the device's address, and is it in this network?",
    Failure.CLOSED: "{place} closed the connection without an answer. Devices do so when they dislike the key, "
    "when a request is too long, and while something else talks to them.",
    Failure.TIMEOUT: "{place} did not answer in {timeout:g} s. Is it switched on, and within reach of the Wi-Fi?",
    Failure.GARBLED: "{place} answered something that is no whole HTTP reply. Is it really that device's address?",
    Failure.GONE: "The name {host} is not known here. Check the spelling, or write the IP address.",
}


def open_http(url: Url, baud: int, base: Path) -> Link:
    """Raises ConfigError where the address is wrong."""
    url.only("timeout")
    host, port = with_port(url, PORT).host_port(EXAMPLE)
    timeout = url.number("timeout", TIMEOUT, LONGEST_TIMEOUT)
    if timeout == 0:
        raise url.wrong("has timeout=0. Write how many seconds an answer may take, as in ?timeout=10.")
    if not set(host).isdisjoint(" \\<>^`{|}[]%") or not host.isprintable():
        raise url.wrong(f"has a host that cannot be. Write {EXAMPLE}.")
    return HttpLink(host, port, timeout)


def with_port(url: Url, port: int) -> Url:
    """The address with ``port`` where it names none."""
    place = url.place.rstrip("/")
    named = place.rpartition("]")[2] if place.startswith("[") else place
    if ":" in named or not place or "/" in place:
        return url
    return msgspec.structs.replace(url, place=f"{place}:{port}")


class HttpLink:
    """One plug, one connection at a time. ``dropped`` counts datagrams for which there was no room.

    ``trouble`` says in a sentence why the newest datagram failed; it is empty after an answer.
    What is sent once ``close`` has begun has no fate: the session hears ``down`` then.
    """

    def __init__(self, host: str, port: int, timeout: float = TIMEOUT) -> None:
        name = f"[{host}]" if ":" in host else host
        self.host = host
        self.url = f"http://{name}:{port}/config"
        self.place = name if port == PORT else f"{name}:{port}"
        self.timeout = timeout
        self.dropped = 0
        self.trouble = ""
        self._inlet: Inlet | None = None
        self._client: aiohttp.ClientSession | None = None
        self._task: asyncio.Task[None] | None = None
        self._queue: asyncio.Queue[Out] = asyncio.Queue(QUEUE)

    def start(self, inlet: Inlet) -> None:
        """HTTP knows no connection that stays, so "may send" is true at once."""
        self._inlet = inlet
        self._client = make_client(self.timeout)
        name = f"http.{self.place}"
        self._task = asyncio.create_task(supervise(name, lambda: self._work(inlet)), name=name)
        inlet.up(PATH)

    def send(self, out: Out) -> None:
        if self._inlet is None:
            return
        try:
            self._queue.put_nowait(out)
        except asyncio.QueueFull:
            self.dropped += 1
            fail_soon(lambda: self._inlet, out.id, Failure.FULL)

    async def close(self) -> None:
        inlet, self._inlet = self._inlet, None
        if inlet is None or self._task is None or self._client is None:
            return
        self._task.cancel()
        await asyncio.wait({self._task})
        while not self._queue.empty():
            self._fail(inlet, self._queue.get_nowait(), Failure.CLOSED)
        await self._client.close()

    # --- inside --------------------------------------------------------------------------------

    async def _work(self, inlet: Inlet) -> None:
        """Ask one after the other. Whatever happens on the way, the datagram under way gets its fate."""
        while True:
            out = await self._queue.get()
            fate: bytes | Failure = Failure.CLOSED
            try:
                fate = await self._ask(out.data)
            finally:
                self._tell(inlet, out, fate)

    def _tell(self, inlet: Inlet, out: Out, fate: bytes | Failure) -> None:
        if isinstance(fate, Failure):
            self._note(WORDS[fate].format(place=self.place, host=self.host, timeout=self.timeout))
            self._fail(inlet, out, fate)
        else:
            self._note("")
            inlet.received(fate, PATH.name, out.id)

    def _fail(self, inlet: Inlet, out: Out, why: Failure) -> None:
        if out.id:
            inlet.failed(out.id, why)

    def _note(self, trouble: str) -> None:
        """Say a trouble once, and when it is over."""
        if trouble == self.trouble or self._inlet is None:
            return
        log.info("%s", trouble or f"{self.place} answers again.")
        self.trouble = trouble

    async def _ask(self, data: bytes) -> bytes | Failure:
        """What came back for one datagram."""
        import aiohttp

        assert self._client is not None
        try:
            async with self._client.post(self.url, data=data, allow_redirects=False) as reply:
                return await body_of(reply) if reply.status == 200 else Failure.GARBLED
        except (aiohttp.ClientError, OSError, UnicodeError) as error:
            return failure_of(error)


def make_client(timeout: float) -> "aiohttp.ClientSession":
    """A client that says as little as can be: plugs take about 1 kB of request, headers and all."""
    import aiohttp

    return aiohttp.ClientSession(
        connector=aiohttp.TCPConnector(limit=1, force_close=True),
        timeout=aiohttp.ClientTimeout(total=timeout),
        headers={"Content-Type": "application/json"},
        skip_auto_headers=("User-Agent", "Accept", "Accept-Encoding"),
        cookie_jar=aiohttp.DummyCookieJar(),
        auto_decompress=False,
    )


async def body_of(reply: "aiohttp.ClientResponse") -> bytes | Failure:
    body = bytearray()
    async for chunk in reply.content.iter_any():
        body += chunk
        if len(body) > LONGEST_ANSWER:
            return Failure.GARBLED
    return bytes(body)


def failure_of(error: Exception) -> Failure:
    """What an error of the client, the resolver or the socket means for the datagram."""
    import aiohttp

    match error:
        case aiohttp.ClientConnectorDNSError() | socket.gaierror() | UnicodeError():
            return Failure.GONE
        case TimeoutError():
            return Failure.TIMEOUT
        case aiohttp.ClientConnectorError():
            # The system's own "timed out" (a switch that answers no ARP) means the same as ours.
            return Failure.TIMEOUT if isinstance(error.os_error, TimeoutError) else Failure.REFUSED
        case aiohttp.ServerDisconnectedError() | aiohttp.ClientOSError() | OSError():
            return Failure.CLOSED
    return Failure.GARBLED
