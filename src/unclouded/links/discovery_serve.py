"""The UDP side of simulated plugs: one socket, on which each of them is asked.

    question, port 9988 ──► received(data, "discovery", re=n) of every plug ──► Out(answer, re=n)
                                                          └──► to the address of the sender, port 9989

Several programs of one computer can wait on the same port for what is broadcast.
Source: docs/protocols/meross.md §1.4.5.
"""

import asyncio
import socket

from unclouded.core.errors import LinkRefused
from unclouded.core.sessions.link import Inlet
from unclouded.core.sessions.session import LinkPath, Out

PATH = LinkPath(name="discovery", asks=True)
LONGEST_QUESTION = 2_048  # bytes; longer ones are ignored
UNANSWERED_LIMIT = 256  # questions; the oldest are forgotten


class DiscoverySocket:
    """``address``: where questions arrive; ``answer_port``: of the sender, where answers go."""

    def __init__(self, address: tuple[str, int], answer_port: int) -> None:
        self.address = address
        self.answer_port = answer_port
        self._links: set[DiscoveryLink] = set()
        self._transport: asyncio.DatagramTransport | None = None
        self._opening: asyncio.Task[None] | None = None
        self._senders: dict[int, str] = {}
        self._last = 0

    def add(self, link: "DiscoveryLink") -> None:
        """Raises LinkRefused where the address is not available."""
        self._links.add(link)
        if self._opening is None:
            sock = _socket(self.address)
            self.address = sock.getsockname()[:2]
            self._opening = asyncio.create_task(self._open(sock), name=f"discovery.{self.address[1]}")

    async def remove(self, link: "DiscoveryLink") -> None:
        """A link is closed; the socket is closed with the last one."""
        self._links.discard(link)
        if self._links or self._opening is None:
            return
        opening, self._opening = self._opening, None
        await opening
        if self._transport is not None:
            self._transport.close()
            self._transport = None

    def question_received(self, data: bytes, host: str) -> None:
        """A question from an address, to all links; too long ones are ignored."""
        if len(data) > LONGEST_QUESTION:
            return
        for link in list(self._links):
            self._last += 1
            self._senders[self._last] = host
            if len(self._senders) > max(UNANSWERED_LIMIT, 2 * len(self._links)):
                del self._senders[next(iter(self._senders))]
            link.ask(data, self._last)

    def send(self, data: bytes, re: int) -> None:
        """The answer to the question ``re``; nothing is sent where it was answered or dropped."""
        host = self._senders.pop(re, None)
        if host is not None and data and self._transport is not None:
            self._transport.sendto(data, (host, self.answer_port))

    async def _open(self, sock: socket.socket) -> None:
        loop = asyncio.get_running_loop()
        self._transport, _ = await loop.create_datagram_endpoint(lambda: _Questions(self), sock=sock)


class DiscoveryLink:
    """The path of one plug; it is up from start to close."""

    def __init__(self, shared: DiscoverySocket) -> None:
        self._shared = shared
        self._inlet: Inlet | None = None

    def start(self, inlet: Inlet) -> None:
        """Raises LinkRefused where the address is not available."""
        self._shared.add(self)
        self._inlet = inlet
        inlet.up(PATH)

    def ask(self, data: bytes, number: int) -> None:
        """A question has arrived; ``number``: what its answer refers to."""
        if self._inlet is not None:
            self._inlet.received(data, PATH.name, number)

    def send(self, out: Out) -> None:
        self._shared.send(out.data, out.re)

    async def close(self) -> None:
        self._inlet = None
        await self._shared.remove(self)


class _Questions(asyncio.DatagramProtocol):
    def __init__(self, shared: DiscoverySocket) -> None:
        self._shared = shared

    def datagram_received(self, data: bytes, addr: tuple[str, int]) -> None:
        self._shared.question_received(data, addr[0])


def _socket(address: tuple[str, int]) -> socket.socket:
    sock = socket.socket(socket.AF_INET6 if ":" in address[0] else socket.AF_INET, socket.SOCK_DGRAM)
    sock.setsockopt(socket.SOL_SOCKET, socket.SO_REUSEADDR, 1)
    sock.setblocking(False)
    try:
        sock.bind(address)
    except OSError as error:
        sock.close()
        raise LinkRefused(
            f"Cannot wait for discovery on {address[0]}:{address[1]}: {error.strerror}. Choose another address."
        ) from None
    return sock
