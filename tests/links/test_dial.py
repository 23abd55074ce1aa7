import asyncio
import itertools
from collections.abc import Callable

import pytest

from links.recorder import RecordingInlet
from unclouded.core.errors import LinkError
from unclouded.core.sessions.session import Failure, Out
from unclouded.core.system.retry_delays import FIRST_DELAY_S, JITTER, MAX_DELAY_S, STABLE_AFTER_S
from unclouded.links.dial import PENDING_LIMIT, DialedLink
from virtual_loop import virtual_run

Make = Callable[[], asyncio.Protocol]


class Cable(asyncio.Transport):
    """A transport in memory. Written data stays in the buffer while ``stuck``."""

    def __init__(self, protocol: asyncio.Protocol) -> None:
        super().__init__()
        self.written = bytearray()
        self.stuck = False
        self._protocol = protocol
        self._cut = False
        protocol.connection_made(self)

    def receive(self, data: bytes) -> None:
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
    """Makes connections. ``reason``: why it cannot, "" = it can. Records the times of attempts."""

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


def test_a_link_that_cannot_dial_retries_with_growing_delays_and_reports_the_reason_once() -> None:
    async def story() -> tuple[Socket, RecordingInlet]:
        socket, inlet = Socket("The port is not there."), RecordingInlet()
        link = socket.link()
        link.start(inlet)
        await asyncio.sleep(600.0)
        await link.close()
        return socket, inlet

    socket, inlet = virtual_run(story())
    assert inlet.events == [("down", "", "The port is not there.")]
    for number, pause in enumerate(socket.pauses):
        middle = min(FIRST_DELAY_S * 2**number, MAX_DELAY_S)
        assert middle * (1 - JITTER) - 1e-6 <= pause <= middle * (1 + JITTER) + 1e-6
    assert len(socket.tries) > 10


def test_redial_delays_have_jitter() -> None:
    async def story() -> Socket:
        socket = Socket("no")
        link = socket.link()
        link.start(RecordingInlet())
        await asyncio.sleep(3_600.0)
        await link.close()
        return socket

    pauses = virtual_run(story()).pauses
    assert len(set(pauses)) > len(pauses) / 2


def test_a_new_reason_is_reported() -> None:
    async def story() -> RecordingInlet:
        socket, inlet = Socket("The port is not there."), RecordingInlet()
        link = socket.link()
        link.start(inlet)
        await asyncio.sleep(0.5)
        socket.reason = "No permission to open it."
        await asyncio.sleep(100.0)
        await link.close()
        return inlet

    assert virtual_run(story()).reasons == ["The port is not there.", "No permission to open it."]


def test_a_link_is_down_while_unplugged_and_up_again_afterwards() -> None:
    async def story() -> RecordingInlet:
        socket, inlet = Socket(), RecordingInlet()
        link = socket.link()
        link.start(inlet)
        await asyncio.sleep(STABLE_AFTER_S)
        assert socket.cable is not None
        socket.cable.receive(b"one")
        old = socket.cable
        old.cut(OSError("gone"))
        socket.reason = "The port is not there."
        await asyncio.sleep(0.1)
        old.receive(b"a ghost")
        socket.reason = ""
        await asyncio.sleep(FIRST_DELAY_S * 2)
        socket.cable.receive(b"two")
        await link.close()
        return inlet

    inlet = virtual_run(story())
    assert inlet.events == [("up", ""), ("down", "", "pulled out: gone"), ("up", "")]
    assert inlet.data == b"onetwo"


@pytest.mark.parametrize("holds, hurried", [(0.0, False), (STABLE_AFTER_S, True)])
def test_only_a_stable_connection_resets_the_delay(holds: float, hurried: bool) -> None:
    """A server that closes every connection at once must not be dialled each second."""

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


def test_rejected_datagrams_fail_and_are_counted() -> None:
    async def story() -> tuple[RecordingInlet, int, bytes]:
        socket, inlet = Socket(), RecordingInlet()
        link = socket.link()
        link.start(inlet)
        link.send(Out(b"too early", id=1))
        await asyncio.sleep(0.01)
        assert socket.cable is not None
        socket.cable.stuck = True
        link.send(Out(b"x" * PENDING_LIMIT, id=2))
        link.send(Out(b"y", id=3))
        link.send(Out(b"z"))
        assert inlet.kinds == ["up", "failed"], "send does not call back"
        await asyncio.sleep(0.01)
        await link.close()
        return inlet, link.dropped, bytes(socket.cable.written)

    inlet, dropped, written = virtual_run(story())
    assert ("failed", 1, Failure.CLOSED) in inlet.events
    assert inlet.events[-1] == ("failed", 3, Failure.FULL)
    assert dropped == 3
    assert written == b"x" * PENDING_LIMIT


def test_bytes_received_with_the_connection_follow_up() -> None:
    """A meter that sends continuously does so while the port is still being configured."""

    async def connect(make: Make) -> asyncio.Transport:
        cable = Cable(make())
        cable.receive(b"already talking")
        await asyncio.sleep(0.5)
        return cable

    async def story() -> RecordingInlet:
        inlet = RecordingInlet()
        link = DialedLink("test", connect, lambda error: "pulled out")
        link.start(inlet)
        await asyncio.sleep(0.1)
        await link.close()
        return inlet

    inlet = virtual_run(story())
    assert inlet.kinds == ["up"]
    assert inlet.data == b"already talking"


def test_nothing_reaches_the_inlet_after_close() -> None:
    async def story() -> RecordingInlet:
        socket, inlet = Socket(), RecordingInlet()
        link = socket.link()
        link.start(inlet)
        await asyncio.sleep(0.01)
        assert socket.cable is not None
        link.send(Out(b"q" * (PENDING_LIMIT + 1), id=9))
        asyncio.get_running_loop().call_soon(socket.cable.receive, b"late")
        await link.close()
        await asyncio.sleep(1_000.0)
        link.send(Out(b"nobody", id=10))
        return inlet

    inlet = virtual_run(story())
    assert inlet.events == [("up", "")]
    assert inlet.data == b""


def test_close_does_not_wait_long_for_a_blocked_connection() -> None:
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


def test_an_internal_error_is_reported_and_the_link_continues() -> None:
    class Clumsy(Socket):
        async def connect(self, make: Make) -> asyncio.Transport:
            if not self.tries:
                self.tries.append(0.0)
                raise ZeroDivisionError
            return await super().connect(make)

    async def story() -> RecordingInlet:
        inlet = RecordingInlet()
        link = Clumsy().link()
        link.start(inlet)
        await asyncio.sleep(10.0)
        await link.close()
        return inlet

    inlet = virtual_run(story())
    assert inlet.kinds == ["down", "up"]
    assert "ZeroDivisionError" in inlet.reasons[0]
