"""`http://host[:port]?timeout=10`: a plug that answers over HTTP in the local network.

    hub ──► POST /config HTTP/1.1, Content-Type: application/json, the datagram as the body ──► plug
    hub ◄── 200, the answer as the body, then the connection is closed ◄── plug

Facts from docs/protocols/meross.md §1.4: plugs accept one connection at a time, close it after each reply, send
headers that strict parsers reject, and ignore content types. So one datagram is in progress and a few are queued;
each one with an id has exactly one result, its answer (``re``) or a Failure; connections are not reused.
reply.py reads the replies.
"""

import asyncio
import contextlib
import logging
import socket
from pathlib import Path

import msgspec

from unclouded.core.errors import WireError
from unclouded.core.sessions.link import Inlet, Link
from unclouded.core.sessions.session import Failure, LinkPath, Out
from unclouded.core.system.supervise import supervise
from unclouded.links.dial import fail_soon
from unclouded.links.http.reply import ReplyReader
from unclouded.links.url import Url

log = logging.getLogger("unclouded.links")

EXAMPLE = "http://192.168.1.40"
PORT = 80
TIMEOUT_S = 10.0  # s for one datagram, from the dial to the last byte of its answer
MAX_TIMEOUT_S = 120.0  # s, the longest timeout that an address may set
QUEUE_LIMIT = 8  # queued datagrams; more are rejected
READ_SIZE = 65_536  # bytes
# As short as possible: plugs accept about 1 kB of request, headers included.
HEAD = b"POST /config HTTP/1.1\r\nHost: %b\r\nContent-Type: application/json\r\nContent-Length: %%d\r\n\r\n"
PATH = LinkPath(name="http", push=False, answers=True, window=1)

REASONS = {
    Failure.REFUSED: "{place} refuses the connection. Is that the device's address, and is it in this network?",
    Failure.CLOSED: "{place} closed the connection without an answer. Devices do so when the key is wrong, "
    "when a request is too long, and while another client is connected.",
    Failure.TIMEOUT: "{place} did not answer in {timeout:g} s. Is it switched on, and within reach of the Wi-Fi?",
    Failure.GARBLED: "{place} answered, but not with a complete HTTP reply. Is it really that device's address?",
    Failure.GONE: "The host name {host} is unknown. Check the spelling, or use the IP address.",
}


def open_http(url: Url, baud: int, base: Path) -> Link:
    """Raises ConfigError where the address is wrong."""
    url.only("timeout")
    host, port = with_port(url, PORT).host_port(EXAMPLE)
    timeout = url.number("timeout", TIMEOUT_S, MAX_TIMEOUT_S)
    if timeout == 0:
        raise url.wrong("has timeout=0. Set how many seconds an answer may take, as in ?timeout=10.")
    if not set(host).isdisjoint(" \\<>^`{|}[]%") or not host.isprintable():
        raise url.wrong(f"has an invalid host. Write {EXAMPLE}.")
    return HttpLink(host, port, timeout)


def with_port(url: Url, port: int) -> Url:
    """The address, with ``port`` where it has none."""
    place = url.place.rstrip("/")
    named = place.rpartition("]")[2] if place.startswith("[") else place
    if ":" in named or not place or "/" in place:
        return url
    return msgspec.structs.replace(url, place=f"{place}:{port}")


class HttpLink:
    """One plug, one connection at a time. ``dropped`` counts datagrams rejected because the queue was full.

    ``problem``: why the newest datagram failed, as a sentence; empty after an answer.
    Datagrams sent after ``close`` has begun get no result.
    """

    def __init__(self, host: str, port: int, timeout: float = TIMEOUT_S) -> None:
        name = f"[{host}]" if ":" in host else host
        self.host = host
        self.url = f"http://{name}:{port}/config"
        self.place = name if port == PORT else f"{name}:{port}"
        self.port = port
        self.timeout = timeout
        self.dropped = 0
        self.problem = ""
        self._head = HEAD % self.place.encode()
        self._inlet: Inlet | None = None
        self._task: asyncio.Task[None] | None = None
        self._queue: asyncio.Queue[Out] = asyncio.Queue(QUEUE_LIMIT)

    def start(self, inlet: Inlet) -> None:
        """Up at once: HTTP has no lasting connection to wait for."""
        self._inlet = inlet
        name = f"http.{self.place}"
        self._task = asyncio.create_task(supervise(name, lambda: self._serve_queue(inlet)), name=name)
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
        if inlet is None or self._task is None:
            return
        self._task.cancel()
        await asyncio.wait({self._task})
        while not self._queue.empty():
            self._fail(inlet, self._queue.get_nowait(), Failure.CLOSED)

    # --- inside --------------------------------------------------------------------------------

    async def _serve_queue(self, inlet: Inlet) -> None:
        """Send one request after the other. Every datagram gets its result, also on cancellation."""
        while True:
            out = await self._queue.get()
            result: bytes | Failure = Failure.CLOSED
            try:
                result = await self._request(out.data)
            finally:
                self._deliver(inlet, out, result)

    def _deliver(self, inlet: Inlet, out: Out, result: bytes | Failure) -> None:
        if isinstance(result, Failure):
            self._log_problem(REASONS[result].format(place=self.place, host=self.host, timeout=self.timeout))
            self._fail(inlet, out, result)
        else:
            self._log_problem("")
            inlet.received(result, PATH.name, out.id)

    def _fail(self, inlet: Inlet, out: Out, why: Failure) -> None:
        if out.id:
            inlet.failed(out.id, why)

    def _log_problem(self, problem: str) -> None:
        """Log each problem once, and when it is over."""
        if problem == self.problem or self._inlet is None:
            return
        log.info("%s", problem or f"{self.place} answers again.")
        self.problem = problem

    async def _request(self, data: bytes) -> bytes | Failure:
        """The answer to one datagram."""
        try:
            async with asyncio.timeout(self.timeout):
                return await self._exchange(data)
        except TimeoutError:
            return Failure.TIMEOUT

    async def _exchange(self, data: bytes) -> bytes | Failure:
        """One connection, from the dial to the end of its reply. Raises TimeoutError, also the system's own."""
        try:
            reader, writer = await asyncio.open_connection(self.host, self.port)
        except (socket.gaierror, UnicodeError):
            return Failure.GONE
        except TimeoutError:  # no ARP answer
            raise
        except OSError:
            return Failure.REFUSED
        try:
            writer.write(self._head % len(data) + data)
            return await read_reply(reader)
        except WireError:
            return Failure.GARBLED
        except TimeoutError:
            raise
        except OSError:
            return Failure.CLOSED
        finally:
            writer.transport.abort()
            with contextlib.suppress(OSError):
                await writer.wait_closed()


async def read_reply(reader: asyncio.StreamReader) -> bytes | Failure:
    """The body of a reply; CLOSED where none begins. Raises WireError and OSError."""
    reply = ReplyReader()
    while reply.body is None:
        data = await reader.read(READ_SIZE)
        if not data and not reply.begun:
            return Failure.CLOSED
        reply.feed(data)
    return reply.body
