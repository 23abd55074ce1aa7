"""The end of a server: tasks end also where a cancellation was lost. And databases that do not hold up each other."""

import asyncio
import threading
from collections.abc import Mapping
from typing import cast

import pytest

from unclouded.cli.signals import bounded_end
from unclouded.fleet import engine
from unclouded.fleet.base.base import FleetBase
from unclouded.fleet.base.errors import BaseUnavailable
from unclouded.fleet.base.views import HubWelcome
from unclouded.uplink.messages import Hello, LetOut
from virtual_loop import virtual_run


async def loses_cancellations(count: int) -> None:
    """Go on after so many of them, as a loop around wait_for of Python 3.11 may do."""
    while True:
        try:
            await asyncio.sleep(1000)
        except asyncio.CancelledError:
            count -= 1
            if count < 0:
                raise


def test_a_task_that_loses_a_cancellation_is_cancelled_again() -> None:
    async def story() -> bool:
        task = asyncio.create_task(loses_cancellations(2))
        await asyncio.sleep(1)
        await engine.end_tasks([task])
        return task.cancelled()

    assert virtual_run(story())


def test_a_task_that_never_ends_is_named(caplog: pytest.LogCaptureFixture) -> None:
    async def story() -> None:
        task = asyncio.create_task(loses_cancellations(engine.CANCELLATIONS), name="commands")
        await asyncio.sleep(1)
        await engine.end_tasks([task])
        assert not task.done()
        task.cancel()

    virtual_run(story())
    assert "These tasks did not end in time: commands." in caplog.text


def test_a_process_that_does_not_end_says_what_has_not_ended_and_ends(caplog: pytest.LogCaptureFixture) -> None:
    left, codes = threading.Event(), list[int]()

    def leave(code: int) -> None:
        codes.append(code)
        left.set()

    async def story() -> None:
        with bounded_end(0.0, leave) as stopping:
            task = asyncio.create_task(asyncio.sleep(1000), name="upkeep")
            stopping()
            stopping()
            assert left.wait(60)  # the loop is held up, too
            task.cancel()

    asyncio.run(story())
    assert codes == [1]
    assert "has not ended: " in caplog.text and "upkeep" in caplog.text


class Database:
    """Answers the hello of its hubs after ``pause_s``."""

    def __init__(self, *hubs: str) -> None:
        self.hubs = hubs
        self.pause_s = 0.0
        self.asked: list[str] = []
        self.windows = self

    async def greet(self, hub: str, hello: Hello, now: float) -> HubWelcome:
        self.asked.append(hub)
        await asyncio.sleep(self.pause_s)
        return HubWelcome(known=hub in self.hubs)


def test_a_database_that_is_slow_holds_up_no_hellos_of_another() -> None:
    async def story() -> None:
        theirs = [f"theirs {number}" for number in range(20)]
        bases = {0: Database("ours"), 1: Database(*theirs), 2: Database("other")}
        loop = asyncio.get_running_loop()
        greeting = engine.ShardGreeting(cast(Mapping[int, FleetBase], bases), {})  # as far as it is used
        hello = Hello((1,), "1.0", LetOut(), 0, {})

        async def greet(hub: str) -> tuple[str, float]:
            began = loop.time()
            try:
                text = "known" if (await greeting.greet(hub, hello, 0.0)).known else "unknown"
            except BaseUnavailable:
                text = "away"
            return text, loop.time() - began

        assert [await greet(hub) for hub in ("ours", "other", theirs[0])] == [("known", 0.0)] * 3
        bases[1].pause_s = 30.0
        waiting = [asyncio.create_task(greet(hub)) for hub in theirs]
        await asyncio.sleep(engine.TURN_S)
        assert (await greet("ours"), await greet("other")) == (("known", 0.0), ("known", 0.0))
        found = [await one for one in waiting]
        assert found == [("known", 30.0)] * engine.AT_ONCE + [("away", engine.TURN_S)] * (20 - engine.AT_ONCE)
        bases[1].pause_s = 0.0
        assert await greet(theirs[0]) == ("known", 0.0)
        assert bases[0].asked.count(theirs[0]) == 1  # where it was found is known

    virtual_run(story())
