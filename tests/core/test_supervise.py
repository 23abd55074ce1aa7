"""Supervision: what a crashed task is, and what ends."""

import asyncio

import pytest

from unclouded.core.system.supervise import supervise


async def test_what_crashes_while_it_is_cancelled_is_not_started_again(caplog: pytest.LogCaptureFixture) -> None:
    starts = 0

    async def crashes_at_its_end() -> None:
        nonlocal starts
        starts += 1
        try:
            await asyncio.Event().wait()
        finally:
            raise RuntimeError("a connection is closing already")

    task = asyncio.create_task(supervise("web", crashes_at_its_end))
    await asyncio.sleep(0)
    task.cancel()
    with pytest.raises(asyncio.CancelledError):
        await asyncio.wait_for(task, 30.0)
    assert starts == 1
    assert "web crashed at its end" in caplog.text
