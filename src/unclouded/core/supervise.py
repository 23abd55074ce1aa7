"""Restarting what crashed. The only place that catches Exception.

A crash is a mistake of ours (a wire never crashes anything): it is logged with its traceback, its
owner is told, and the thing is started again after 1, 2, 4 … 60 s, with jitter.
"""

import asyncio
import logging
import random
from collections.abc import Awaitable, Callable
from types import TracebackType

from unclouded.core.errors import UncloudedError

log = logging.getLogger("unclouded.core.supervise")

FIRST_PAUSE = 1.0  # s before the first restart
LONGEST_PAUSE = 60.0  # s between restarts at the most
CALM = 300.0  # s without a crash after which the pauses start again at FIRST_PAUSE


class Fault:
    """Carries an exception out of loop callbacks to the task that supervises them.

    Use it as a context manager in each callback; one task awaits ``wait()``.
    """

    def __init__(self) -> None:
        self._future: asyncio.Future[None] = asyncio.get_running_loop().create_future()

    def __enter__(self) -> None:
        return None

    def __exit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> bool:
        if not isinstance(error, Exception):
            return False
        if not self._future.done():
            self._future.set_exception(error)
        return True

    async def wait(self) -> None:
        """Returns never; raises the first exception that a callback met."""
        await self._future


async def supervise(
    name: str,
    run: Callable[[], Awaitable[None]],
    crashed: Callable[[Exception], None] | None = None,
) -> None:
    """Run until it ends by itself; start it again when it crashes. Cancellation passes."""
    loop = asyncio.get_running_loop()
    pause = FIRST_PAUSE
    while True:
        started = loop.time()
        try:
            await run()
            return
        except Exception as error:
            if loop.time() - started > CALM:
                pause = FIRST_PAUSE
            if isinstance(error, UncloudedError):
                log.error("%s: %s It is tried again in %.0f s.", name, error, pause)
            else:
                log.exception("%s crashed; it starts again in %.0f s", name, pause)
            if crashed is not None:
                crashed(error)
            await asyncio.sleep(pause * random.uniform(0.8, 1.2))
            pause = min(pause * 2, LONGEST_PAUSE)
