"""Questions by UDP to several simulated plugs on one socket."""

import asyncio

import pytest

from links.recorder import RecordingInlet
from unclouded.core.errors import LinkRefused
from unclouded.core.sessions.session import Out
from unclouded.links.discovery import ask_network
from unclouded.links.discovery_serve import LONGEST_QUESTION, DiscoveryLink, DiscoverySocket


class Answering(RecordingInlet):
    """Answers each question with its name."""

    link: DiscoveryLink
    name = b""

    def received(self, data: bytes, path: str = "", re: int = 0) -> None:
        super().received(data, path, re)
        self.link.send(Out(self.name, path=path, re=re))


def free_port() -> int:
    import socket

    with socket.socket(socket.AF_INET, socket.SOCK_DGRAM) as sock:
        sock.bind(("127.0.0.1", 0))
        return int(sock.getsockname()[1])


async def test_every_plug_on_the_socket_answers_to_the_answer_port_of_the_sender() -> None:
    port = free_port()
    shared = DiscoverySocket(("127.0.0.1", 0), port)
    plugs = []
    for name in (b"one", b"two", b""):
        plug = Answering()
        plug.name, plug.link = name, DiscoveryLink(shared)
        plug.link.start(plug)
        plugs.append(plug)
    answers = await ask_network(b"who?", shared.address, port, 0.3, again_s=0.05)
    assert {answer.data for answer in answers} == {b"one", b"two"}, "an empty answer is none"
    assert plugs[0].datagrams[0][:2] == (b"who?", "discovery")
    await plugs[0].link.close()
    answers = await ask_network(b"who?", shared.address, port, 0.3, again_s=0.05)
    assert {answer.data for answer in answers} == {b"two"}
    for plug in plugs[1:]:
        await plug.link.close()


async def test_an_endless_question_is_ignored_and_unanswered_ones_are_bounded() -> None:
    shared, plug = DiscoverySocket(("127.0.0.1", 0), 9), RecordingInlet()
    link = DiscoveryLink(shared)
    link.start(plug)
    shared.question_received(b"x" * (LONGEST_QUESTION + 1), "127.0.0.1")
    assert plug.datagrams == []
    for _ in range(1000):
        shared.question_received(b"?", "127.0.0.1")
    assert len(plug.datagrams) == 1000 and len(shared._senders) <= 256
    await link.close()


async def test_an_address_of_another_computer_is_refused() -> None:
    with pytest.raises(LinkRefused, match="Choose another address"):
        DiscoveryLink(DiscoverySocket(("192.0.2.1", 9988), 9989)).start(RecordingInlet())
    await asyncio.sleep(0)
