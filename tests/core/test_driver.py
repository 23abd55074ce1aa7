"""The driver: one session on its link. Timers, replaced sessions, crashes and the end."""

import asyncio
from collections.abc import AsyncIterator, Callable, Sequence
from contextlib import asynccontextmanager

import pytest

from toys import PlugController
from unclouded.core.sessions.driver import Driver
from unclouded.core.sessions.recent_chunks import RecentChunks
from unclouded.core.sessions.session import (
    Ambient,
    Event,
    LinkPath,
    Offline,
    Online,
    Out,
    Rejected,
    Replaced,
    Reported,
    Settled,
    WireCommand,
)
from unclouded.core.sessions.session_parts import Ids, Tickets
from unclouded.links.memory import MemoryLink, pair
from virtual_loop import story


class Clockwork(PlugController):
    """A session whose deadline is set by what it receives (``5.0``: in 5 s), and that reports each tick."""

    def __init__(self) -> None:
        super().__init__(Ambient(lambda now: now, bytes))
        self.at: float | None = None
        self.ticks: list[float] = []

    def up(self, path: LinkPath, now: float) -> Sequence[Event]:
        return [Online()]

    def down(self, path: str, reason: str, now: float) -> Sequence[Event]:
        return [Offline(reason)]

    def receive(self, data: bytes, now: float, path: str = "", re: int = 0) -> Sequence[Event]:
        self.at = now + float(data)
        return []

    def tick(self, now: float) -> Sequence[Event]:
        self.at = None
        self.ticks.append(now)
        return [Reported({"tick": len(self.ticks)})]

    def deadline(self) -> float | None:
        return self.at


class Relay(Clockwork):
    """``replace`` puts ``heir`` in its place; ``id`` takes the next number of both."""

    def __init__(self, ids: Ids, heir: "Relay | None" = None) -> None:
        super().__init__()
        self._tickets = Tickets(ids)
        self._heir = heir

    def receive(self, data: bytes, now: float, path: str = "", re: int = 0) -> Sequence[Event]:
        if self._heir is not None and data == b"replace":
            return [Rejected("another protocol", data), Replaced(self._heir)]
        return [Reported({"by": type(self).__name__ if self._heir else "heir"})]

    def submit(self, command: object, now: float) -> int:
        ticket = self._tickets.issue(now)
        self.at = now
        return ticket

    def tick(self, now: float) -> Sequence[Event]:
        self.at = None
        return [event for ticket in self._tickets.overdue(now) for event in self._tickets.settle(ticket)]


@asynccontextmanager
async def driven(session: PlugController) -> AsyncIterator[tuple[Driver, MemoryLink, list[Event]]]:
    """A driver on a link in memory, the other end of the link, and the events so far."""
    ours, theirs = pair()
    events: list[Event] = []
    driver = Driver(session, ours, lambda new, now: events.extend(new))
    running = asyncio.create_task(driver.run(), name="driver")
    theirs.start(Sink())
    await asyncio.sleep(0.01)
    try:
        yield driver, theirs, events
    finally:
        running.cancel()
        await asyncio.wait({running})


class Sink:
    """The other end's inlet: it receives nothing that matters."""

    def up(self, path: LinkPath) -> None: ...
    def down(self, path: str, reason: str) -> None: ...
    def received(self, data: bytes, path: str = "", re: int = 0) -> None: ...
    def failed(self, id: int, why: object) -> None: ...


async def send(link: MemoryLink, *chunks: bytes) -> None:
    for chunk in chunks:
        link.send(Out(chunk))
        await asyncio.sleep(0.001)


@story
async def test_a_deadline_that_comes_earlier_is_met_and_one_that_is_put_off_too() -> None:
    session = Clockwork()
    async with driven(session) as (_, link, _):
        began = asyncio.get_running_loop().time()
        await send(link, b"10.0", b"2.0")
        await asyncio.sleep(9.0)
        assert [round(at - began, 1) for at in session.ticks] == [2.0]
        began = asyncio.get_running_loop().time()
        await send(link, b"2.0")
        for _ in range(5):
            await asyncio.sleep(1.0)
            await send(link, b"2.0")
        assert session.ticks[1:] == [], "it was put off each time"
        await asyncio.sleep(3.0)
        assert [round(at - began, 1) for at in session.ticks[1:]] == [7.0]


@story
async def test_putting_a_deadline_off_sets_no_new_timer() -> None:
    loop = asyncio.get_running_loop()
    timers = 0
    call_at = loop.call_at

    def counting(when: float, call: Callable[..., object], *args: object, **more: object) -> asyncio.TimerHandle:
        nonlocal timers
        timers += getattr(call, "__self__", None).__class__ is Driver
        return call_at(when, call, *args, **more)  # type: ignore[arg-type]

    loop.call_at = counting  # type: ignore[method-assign, assignment]
    session = Clockwork()
    async with driven(session) as (_, link, _):
        await send(link, *[b"5.0"] * 100)
        assert timers == 1
        await asyncio.sleep(20.0)
        assert len(session.ticks) == 1 and timers == 2, "it fired early once, and was set again"


@story
async def test_a_replaced_session_is_driven_no_longer_and_numbers_go_on() -> None:
    ids = Ids()
    async with driven(Relay(ids, Relay(ids))) as (driver, link, events):
        first = driver.submit(WireCommand({}))
        await send(link, b"x", b"replace", b"x")
        second = driver.submit(WireCommand({}))
        await asyncio.sleep(0.01)
        assert second == first + 1
        assert not [event for event in events if isinstance(event, Replaced)]
        assert [event.values for event in events if isinstance(event, Reported)] == [{"by": "Relay"}, {"by": "heir"}]
        assert [event.reason for event in events if isinstance(event, Rejected)] == ["another protocol"]
        assert [event.ticket for event in events if isinstance(event, Settled)] == [first, second]


@story
async def test_an_exception_in_a_callback_ends_the_run() -> None:
    ours, theirs = pair()
    driver = Driver(Clockwork(), ours, lambda new, now: None)
    running = asyncio.create_task(driver.run(), name="driver")
    theirs.start(Sink())
    await asyncio.sleep(0.01)
    await send(theirs, b"no number")
    with pytest.raises(ValueError, match="could not convert"):
        await running


@story
async def test_at_the_end_every_path_goes_down_and_nothing_is_answered_or_ticked_any_more() -> None:
    session = Clockwork()
    async with driven(session) as (driver, link, events):
        await send(link, b"1.0")
    assert events == [Online(), Offline("the hub closed the link")]
    driver.answer(1, True)
    await asyncio.sleep(5.0)
    assert session.ticks == []


@story
async def test_the_recent_chunks_have_both_directions_and_the_marks_of_paths() -> None:
    ours, theirs = pair()
    recent = RecentChunks()
    plug = PlugController(Ambient(lambda now: now, bytes))
    running = asyncio.create_task(Driver(plug, ours, lambda new, now: None, recent).run(), name="driver")
    theirs.start(Sink())
    await asyncio.sleep(0.01)
    await send(theirs, b"is on 5")
    running.cancel()
    await asyncio.wait({running})
    assert [(ours, data) for _, ours, _, data in recent.chunks()] == [(False, b""), (True, b"get"), (False, b"is on 5")]
