"""Waiting until a verb that runs on is stopped."""

import asyncio
import contextlib
import signal


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
