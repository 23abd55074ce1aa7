"""A question to every device in this network, by UDP broadcast, and their answers.

    this computer, port P ── question, broadcast ──► port Q of every device
    this computer, port P ◄── answer ─────────────── a device        P: the port that answers are sent to

Nothing is authenticated: whoever is in the network may answer anything. Source: docs/protocols/meross.md §1.4.5.
"""

import asyncio
import socket

import msgspec

from unclouded.core.errors import LinkError

BROADCAST = "255.255.255.255"
ASK_AGAIN_S = 1.0  # s between two questions: a datagram may be lost
MOST_ANSWERS = 4_096
LONGEST_ANSWER = 2_048  # bytes


class UdpAnswer(msgspec.Struct, frozen=True):
    """One answer, and the address that it came from."""

    data: bytes
    address: str


async def ask_network(
    question: bytes, to: tuple[str, int], port: int, seconds: float, again_s: float = ASK_AGAIN_S
) -> list[UdpAnswer]:
    """Every different answer that arrives within ``seconds``. ``port``: where answers arrive; 0 = any.

    Raises LinkError where the port is in use, or this computer is in no network.
    """
    loop = asyncio.get_running_loop()
    receiver = AnswerReceiver()
    sock = _socket(port)
    transport, _ = await loop.create_datagram_endpoint(lambda: receiver, sock=sock)
    try:
        async with asyncio.timeout(seconds):
            while True:
                _send(sock, question, to)
                await asyncio.sleep(again_s)
    except TimeoutError:
        return list(receiver.answers)
    finally:
        transport.close()
        await asyncio.sleep(0)  # it closes in the next turn of the loop


class AnswerReceiver(asyncio.DatagramProtocol):
    """Collects answers, each once."""

    def __init__(self) -> None:
        self.answers: dict[UdpAnswer, None] = {}

    def datagram_received(self, data: bytes, addr: tuple[str, int]) -> None:
        if len(data) <= LONGEST_ANSWER and len(self.answers) < MOST_ANSWERS:
            self.answers[UdpAnswer(data, addr[0])] = None

    def error_received(self, exc: Exception) -> None:
        """A device that has no such port: it is none of those that are looked for."""


def local_address(host: str) -> str:
    """The address of this computer in the network of ``host``; "" where no network leads there. Sends nothing."""
    try:
        info = socket.getaddrinfo(host, 9, type=socket.SOCK_DGRAM)[0]
        with socket.socket(info[0], socket.SOCK_DGRAM) as sock:
            sock.connect(info[4])
            return str(sock.getsockname()[0])
    except OSError:
        return ""


def _socket(port: int) -> socket.socket:
    sock = socket.socket(socket.AF_INET, socket.SOCK_DGRAM)
    try:
        sock.setsockopt(socket.SOL_SOCKET, socket.SO_BROADCAST, 1)
        sock.setblocking(False)
        sock.bind(("", port))
    except OSError as error:
        sock.close()
        raise LinkError(
            f"The UDP port {port}, where plugs answer, cannot be used: {error.strerror}. "
            "Does another program look for plugs on this computer? Stop it, and try again."
        ) from None
    return sock


def _send(sock: socket.socket, question: bytes, to: tuple[str, int]) -> None:
    try:
        sock.sendto(question, to)
    except BlockingIOError:
        return  # it is asked again
    except OSError as error:
        raise LinkError(
            f"This computer cannot ask its network for plugs: {error.strerror}. Is it connected to the Wi-Fi or "
            "network of the plugs?"
        ) from None
