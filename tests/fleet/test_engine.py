"""The end of a server: tasks end also where a cancellation was lost."""

import asyncio

import pytest

from unclouded.fleet import engine
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
        await engine._cancel([task])
        return task.cancelled()

    assert virtual_run(story())


def test_a_task_that_never_ends_is_named(caplog: pytest.LogCaptureFixture) -> None:
    async def story() -> None:
        task = asyncio.create_task(loses_cancellations(engine.CANCELLATIONS), name="commands")
        await asyncio.sleep(1)
        await engine._cancel([task])
        assert not task.done()
        task.cancel()

    virtual_run(story())
    assert "These tasks did not end in time: commands." in caplog.text
