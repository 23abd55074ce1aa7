"""A question to a whole network by UDP, and whoever answers it."""

import asyncio
import contextlib
import socket
from collections.abc import AsyncIterator

import pytest

from unclouded.core.errors import LinkError
from unclouded.links.discovery import ask_network, local_address


class Answering(asyncio.DatagramProtocol):
    """A device that answers each question with the same datagrams, to the port that it came from."""

    def __init__(self, *answers: bytes) -> None:
        self.answers = answers
        self.questions: list[bytes] = []

    def connection_made(self, transport: asyncio.BaseTransport) -> None:
        self.transport = transport

    def datagram_received(self, data: bytes, addr: tuple[str, int]) -> None:
        self.questions.append(data)
        for answer in self.answers:
            self.transport.sendto(answer, addr)  # type: ignore[attr-defined]  # it is a DatagramTransport


@contextlib.asynccontextmanager
async def device(*answers: bytes) -> AsyncIterator[tuple[Answering, tuple[str, int]]]:
    transport, protocol = await asyncio.get_running_loop().create_datagram_endpoint(
        lambda: Answering(*answers), local_addr=("127.0.0.1", 0)
    )
    try:
        yield protocol, transport.get_extra_info("sockname")
    finally:
        transport.close()
        await asyncio.sleep(0)


async def test_every_different_answer_is_returned_once() -> None:
    async with device(b"one", b"two", b"x" * 5000) as (asked, place):
        answers = await ask_network(b"who is there?", place, 0, 0.15, again_s=0.03)
    assert [(one.data, one.address) for one in answers] == [(b"one", "127.0.0.1"), (b"two", "127.0.0.1")]
    assert len(asked.questions) > 1, "it is asked again: a datagram may be lost"


async def test_without_an_answer_the_list_is_empty() -> None:
    async with device() as (_, place):
        assert await ask_network(b"?", place, 0, 0.05) == []


async def test_a_port_that_is_in_use_is_reported() -> None:
    with socket.socket(socket.AF_INET, socket.SOCK_DGRAM) as other:
        other.bind(("", 0))
        with pytest.raises(LinkError, match="cannot be used"):
            await ask_network(b"?", ("127.0.0.1", 9), other.getsockname()[1], 0.05)


def test_the_address_of_this_computer_towards_another() -> None:
    assert local_address("127.0.0.1") == "127.0.0.1"
    assert local_address("no such host.invalid") == ""
