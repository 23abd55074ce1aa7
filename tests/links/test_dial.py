import asyncio
import itertools
from collections.abc import Callable

import pytest

from links.recorder import RecordingInlet
from unclouded.core.errors import LinkError
from unclouded.core.session import Failure, Out
from unclouded.links.dial import FIRST_DELAY_S, JITTER, MAX_DELAY_S, PENDING_LIMIT, STABLE_AFTER_S, DialedLink
from virtual_loop import virtual_run

Make = Callable[[], asyncio.Protocol]


class Cable(asyncio.Transport):
    """A wire in memory. Nobody drains what is written while ``stuck``."""

    def __init__(self, protocol: asyncio.Protocol) -> None:
        super().__init__()
        self.written = bytearray()
        self.stuck = False
        self._protocol = protocol
        self._cut = False
        protocol.connection_made(self)

    def hear(self, data: bytes) -> None:
        self._protocol.data_received(data)

    def cut(self, error: Exception | None = None) -> None:
        if not self._cut:
            self._cut = True
            asyncio.get_running_loop().call_soon(self._protocol.connection_lost, error)

    def is_closing(self) -> bool:
        return self._cut

    def get_write_buffer_size(self) -> int:
        return len(self.written) if self.stuck else 0

    def write(self, data: bytes | bytearray | memoryview) -> None:
        self.written += data

    def close(self) -> None:
        if not self.stuck:
            self.cut()

    def abort(self) -> None:
        self.cut()


class Socket:
    """Where a cable can be plugged in. ``reason``: why it cannot, "" = it can. Notes when it was tried."""

    def __init__(self, reason: str = "") -> None:
        self.reason = reason
        self.tries: list[float] = []
        self.cable: Cable | None = None

    async def connect(self, make: Make) -> asyncio.Transport:
        self.tries.append(asyncio.get_running_loop().time())
        if self.reason:
            raise LinkError(self.reason)
        self.cable = Cable(make())
        return self.cable

    def link(self) -> DialedLink:
        return DialedLink("test", self.connect, lambda error: f"pulled out: {error}" if error else "pulled out")

    @property
    def pauses(self) -> list[float]:
        return [later - earlier for earlier, later in itertools.pairwise(self.tries)]


def test_a_link_that_cannot_dial_tries_again_ever_more_slowly_and_tells_the_reason_once() -> None:
    async def story() -> tuple[Socket, RecordingInlet]:
        socket, heard = Socket("The port is not there."), RecordingInlet()
        link = socket.link()
        link.start(heard)
        await asyncio.sleep(600.0)
        await link.close()
        return socket, heard

    socket, heard = virtual_run(story())
    assert heard.said == [("down", "", "The port is not there.")]
    for number, pause in enumerate(socket.pauses):
        middle = min(FIRST_DELAY_S * 2**number, MAX_DELAY_S)
        assert middle * (1 - JITTER) - 1e-6 <= pause <= middle * (1 + JITTER) + 1e-6
    assert len(socket.tries) > 10


def test_pauses_differ_from_house_to_house() -> None:
    async def story() -> Socket:
        socket = Socket("no")
        link = socket.link()
        link.start(RecordingInlet())
        await asyncio.sleep(3_600.0)
        await link.close()
        return socket

    pauses = virtual_run(story()).pauses
    assert len(set(pauses)) > len(pauses) / 2


def test_another_reason_is_told_again() -> None:
    async def story() -> RecordingInlet:
        socket, heard = Socket("The port is not there."), RecordingInlet()
        link = socket.link()
        link.start(heard)
        await asyncio.sleep(0.5)
        socket.reason = "No permission to open it."
        await asyncio.sleep(100.0)
        await link.close()
        return heard

    assert virtual_run(story()).reasons == ["The port is not there.", "No permission to open it."]


def test_a_cable_that_is_pulled_out_and_put_back_is_down_and_up_again() -> None:
    async def story() -> RecordingInlet:
        socket, heard = Socket(), RecordingInlet()
        link = socket.link()
        link.start(heard)
        await asyncio.sleep(STABLE_AFTER_S)
        assert socket.cable is not None
        socket.cable.hear(b"one")
        old = socket.cable
        old.cut(OSError("gone"))
        socket.reason = "The port is not there."
        await asyncio.sleep(0.1)
        old.hear(b"a ghost")
        socket.reason = ""
        await asyncio.sleep(FIRST_DELAY_S * 2)
        socket.cable.hear(b"two")
        await link.close()
        return heard

    heard = virtual_run(story())
    assert heard.said == [("up", ""), ("down", "", "pulled out: gone"), ("up", "")]
    assert heard.data == b"onetwo"


@pytest.mark.parametrize("holds, hurried", [(0.0, False), (STABLE_AFTER_S, True)])
def test_only_a_connection_that_held_makes_the_next_pause_short(holds: float, hurried: bool) -> None:
    """A server that takes a call only to hang up must not be called each second."""

    async def story() -> Socket:
        socket = Socket()
        link = socket.link()
        link.start(RecordingInlet())
        while len(socket.tries) < 7:
            await asyncio.sleep(0.01)
            if socket.cable is not None and not socket.cable.is_closing():
                await asyncio.sleep(holds)
                socket.cable.cut()
        await link.close()
        return socket

    last = virtual_run(story()).pauses[-1] - holds
    assert last <= FIRST_DELAY_S * (1 + JITTER) + 0.02 if hurried else last >= 16 * FIRST_DELAY_S


def test_what_the_wire_does_not_take_fails_and_is_counted() -> None:
    async def story() -> tuple[RecordingInlet, int, bytes]:
        socket, heard = Socket(), RecordingInlet()
        link = socket.link()
        link.start(heard)
        link.send(Out(b"too early", id=1))
        await asyncio.sleep(0.01)
        assert socket.cable is not None
        socket.cable.stuck = True
        link.send(Out(b"x" * PENDING_LIMIT, id=2))
        link.send(Out(b"y", id=3))
        link.send(Out(b"z"))
        assert heard.kinds == ["up", "failed"], "send does not call back"
        await asyncio.sleep(0.01)
        await link.close()
        return heard, link.dropped, bytes(socket.cable.written)

    heard, dropped, written = virtual_run(story())
    assert ("failed", 1, Failure.CLOSED) in heard.said
    assert heard.said[-1] == ("failed", 3, Failure.FULL)
    assert dropped == 3
    assert written == b"x" * PENDING_LIMIT


def test_bytes_that_come_with_the_connection_are_heard_after_up() -> None:
    """A meter that talks all the time does so while the port is still being set up."""

    async def connect(make: Make) -> asyncio.Transport:
        cable = Cable(make())
        cable.hear(b"already talking")
        await asyncio.sleep(0.5)
        return cable

    async def story() -> RecordingInlet:
        heard = RecordingInlet()
        link = DialedLink("test", connect, lambda error: "pulled out")
        link.start(heard)
        await asyncio.sleep(0.1)
        await link.close()
        return heard

    heard = virtual_run(story())
    assert heard.kinds == ["up"]
    assert heard.data == b"already talking"


def test_nothing_reaches_the_inlet_after_close() -> None:
    async def story() -> RecordingInlet:
        socket, heard = Socket(), RecordingInlet()
        link = socket.link()
        link.start(heard)
        await asyncio.sleep(0.01)
        assert socket.cable is not None
        link.send(Out(b"q" * (PENDING_LIMIT + 1), id=9))
        asyncio.get_running_loop().call_soon(socket.cable.hear, b"late")
        await link.close()
        await asyncio.sleep(1_000.0)
        link.send(Out(b"nobody", id=10))
        return heard

    heard = virtual_run(story())
    assert heard.said == [("up", "")]
    assert heard.data == b""


def test_close_does_not_wait_long_for_a_wire_that_takes_nothing() -> None:
    async def story() -> float:
        socket = Socket()
        link = socket.link()
        link.start(RecordingInlet())
        await asyncio.sleep(0.01)
        assert socket.cable is not None
        socket.cable.stuck = True
        began = asyncio.get_running_loop().time()
        await link.close()
        assert socket.cable.is_closing()
        return asyncio.get_running_loop().time() - began

    assert virtual_run(story()) < 3.0


def test_a_mistake_of_ours_is_told_and_the_link_goes_on() -> None:
    class Clumsy(Socket):
        async def connect(self, make: Make) -> asyncio.Transport:
            if not self.tries:
                self.tries.append(0.0)
                raise ZeroDivisionError
            return await super().connect(make)

    async def story() -> RecordingInlet:
        heard = RecordingInlet()
        link = Clumsy().link()
        link.start(heard)
        await asyncio.sleep(10.0)
        await link.close()
        return heard

    heard = virtual_run(story())
    assert heard.kinds == ["down", "up"]
    assert "ZeroDivisionError" in heard.reasons[0]
