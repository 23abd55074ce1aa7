"""Supervision: a task that crashed is started again. The only place that catches Exception.

A crash is an error in this program, as no input from a wire may raise. It is logged with its traceback, reported by
``crashed``, and the task is started again after 1, 2, 4 … 60 s, with jitter.
"""

import asyncio
import logging
from collections.abc import Awaitable, Callable
from types import TracebackType

from unclouded.core.errors import UncloudedError
from unclouded.core.system.retry_delays import RetryDelays

log = logging.getLogger("unclouded.core.system.supervise")

CALM_S = 300.0  # s without a crash after which the delays start again at the first


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
        """Never returns; raises the first exception of a callback."""
        await self._future


async def supervise(
    name: str,
    run: Callable[[], Awaitable[None]],
    crashed: Callable[[Exception], None] | None = None,
    wait: Callable[[float], Awaitable[None]] = asyncio.sleep,
) -> None:
    """Run until it ends by itself; start it again when it crashes.

    Cancellation passes through, also where ``run`` crashes instead of being cancelled. ``wait``: for so many seconds
    before it is started again; it may return earlier.
    """
    loop = asyncio.get_running_loop()
    delays = RetryDelays(stable_after_s=CALM_S)
    while True:
        delays.started(loop.time())
        try:
            await run()
            return
        except Exception as error:
            if _is_cancelled():
                log.exception("%s crashed at its end.", name)
                raise asyncio.CancelledError from error
            delay_s = delays.next(loop.time())
            if isinstance(error, UncloudedError):
                log.error("%s: %s Next attempt in %.0f s.", name, error, delay_s)
            else:
                log.exception("%s crashed. It is started again in %.0f s.", name, delay_s)
            if crashed is not None:
                crashed(error)
            await wait(delay_s)


def _is_cancelled() -> bool:
    """Whether the current task was cancelled."""
    task = asyncio.current_task()
    return task is not None and task.cancelling() > 0
