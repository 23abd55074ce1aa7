"""Waiting until a verb that runs on is stopped."""

import asyncio
import contextlib
import signal
from collections.abc import Coroutine


def run_stoppable(main: Coroutine[object, object, None]) -> None:
    """Run a verb that goes on until it is stopped; SIGTERM or Ctrl-C before it is ready ends it in good order too."""

    async def run() -> None:
        task = asyncio.ensure_future(main)
        loop = asyncio.get_running_loop()
        stopped: list[int] = []

        def stop(number: int) -> None:
            stopped.append(number)
            task.cancel()

        for one in (signal.SIGINT, signal.SIGTERM):
            loop.add_signal_handler(one, stop, one)
        try:
            await task
        except asyncio.CancelledError:
            if not stopped:
                raise

    asyncio.run(run())


async def until_stopped(span: float | None, ended: asyncio.Event | None = None) -> None:
    """Until Ctrl-C, SIGTERM, the end of the span (s), or ``ended``."""
    stopped = ended or asyncio.Event()
    loop = asyncio.get_running_loop()
    for one in (signal.SIGINT, signal.SIGTERM):
        loop.add_signal_handler(one, stopped.set)
    try:
        with contextlib.suppress(TimeoutError):
            await asyncio.wait_for(stopped.wait(), span)
    finally:
        for one in (signal.SIGINT, signal.SIGTERM):
            loop.remove_signal_handler(one)
