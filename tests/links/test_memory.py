import asyncio

from links.recorder import RecordingInlet
from unclouded.core.sessions.session import Failure, LinkPath, Out
from unclouded.links import memory
from unclouded.links.dial import PENDING_LIMIT


async def test_two_ends_exchange_datagrams_in_order_once_both_are_started() -> None:
    ours, theirs = memory.pair()
    mine, yours = RecordingInlet(), RecordingInlet()
    ours.start(mine)
    ours.send(Out(b"too early", id=1))
    await asyncio.sleep(0)
    await asyncio.sleep(0)
    assert mine.events == [("failed", 1, Failure.CLOSED)]
    theirs.start(yours)
    ours.send(Out(b"one "))
    ours.send(Out(b"two"))
    theirs.send(Out(b"three"))
    assert yours.data == b"", "nothing happens inside send"
    await yours.until_data(b"one two")
    await mine.until_data(b"three")
    assert yours.events == [("up", "")]
    assert ours.dropped == 1


async def test_an_answer_finds_its_question() -> None:
    controller, device = memory.pair(LinkPath(answers=True), LinkPath(asks=True))
    hub, plug = RecordingInlet(), RecordingInlet()
    controller.start(hub)
    device.start(plug)
    controller.send(Out(b"GET", id=7))
    await plug.until_data(b"GET")
    assert plug.datagrams == [(b"GET", "", 7)]
    device.send(Out(b"on", re=7))
    await hub.until_data(b"on")
    assert hub.datagrams == [(b"on", "", 7)]


async def test_when_one_end_is_closed_the_other_is_down() -> None:
    ours, theirs = memory.pair()
    mine, yours = RecordingInlet(), RecordingInlet()
    ours.start(mine)
    theirs.start(yours)
    ours.send(Out(b"last words"))
    await ours.close()
    await ours.close()
    await yours.until_events("up", "down")
    assert yours.data == b"last words"
    theirs.send(Out(b"nobody", id=3))
    await yours.until_events("up", "down", "failed")
    assert mine.events == []


async def test_a_flood_is_bounded() -> None:
    ours, theirs = memory.pair()
    mine, yours = RecordingInlet(), RecordingInlet()
    ours.start(mine)
    theirs.start(yours)
    ours.send(Out(b"x" * PENDING_LIMIT))
    ours.send(Out(b"y", id=4))
    await mine.until_events("up", "failed")
    assert mine.events[-1] == ("failed", 4, Failure.FULL)
    await yours.until_data(b"x" * PENDING_LIMIT)
    ours.send(Out(b"z"))
    await yours.until_data(b"x" * PENDING_LIMIT + b"z")
