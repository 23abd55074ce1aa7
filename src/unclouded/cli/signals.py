"""Waiting until a verb that runs on is stopped."""

import asyncio
import contextlib
import logging
import os
import signal
import threading
from collections.abc import Callable, Coroutine, Iterator
from types import FrameType

log = logging.getLogger("unclouded.cli")


def run_stoppable(main: Coroutine[object, object, None], stopping: Callable[[], None] = lambda: None) -> None:
    """Run a verb that goes on until it is stopped; SIGTERM or Ctrl-C before it is ready ends it in good order too.

    ``stopping`` is called then.
    """

    async def run() -> None:
        task = asyncio.ensure_future(main)
        loop = asyncio.get_running_loop()
        stopped: list[int] = []

        def stop(number: int) -> None:
            stopped.append(number)
            task.cancel()
            stopping()

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


@contextlib.contextmanager
def bounded_end(seconds: float, leave: Callable[[int], object] = os._exit) -> Iterator[Callable[[], None]]:
    """Gives a function to be called in the loop when the end begins: the block may last so long from then on.

    After that, the tasks that have not ended are named, and the process ends with 1. A thread does it, as the loop
    itself may be what does not end.
    """
    timers: list[threading.Timer] = []

    def begin() -> None:
        loop = asyncio.get_running_loop()

        def out_of_time() -> None:
            tasks = ", ".join(sorted(task.get_name() for task in asyncio.all_tasks(loop)))
            log.error("After %.0f s this has not ended: %s. The process ends now.", seconds, tasks or "a thread")
            leave(1)

        if not timers:
            timers.append(threading.Timer(seconds, out_of_time))
            timers[0].daemon = True
            timers[0].start()

    try:
        yield begin
    finally:
        for timer in timers:
            timer.cancel()


@contextlib.contextmanager
def on_hangup(reload: Callable[[], None], stop: Callable[[], None]) -> Iterator[None]:
    """SIGHUP reloads while the block lasts, as for services; of a terminal that was closed it stops, as usual."""
    loop = asyncio.get_running_loop()
    had_terminal = _has_terminal()

    def hung_up() -> None:
        (stop if had_terminal and not _has_terminal() else reload)()

    loop.add_signal_handler(signal.SIGHUP, hung_up)
    try:
        yield
    finally:
        loop.remove_signal_handler(signal.SIGHUP)


def _has_terminal() -> bool:
    """Whether this process has a controlling terminal that is open."""
    try:
        os.close(os.open("/dev/tty", os.O_RDWR | os.O_NOCTTY))
    except OSError:
        return False
    return True


@contextlib.contextmanager
def ended_by_signal() -> Iterator[None]:
    """SIGTERM ends the block as Ctrl-C does: what is half written is removed."""

    def end(number: int, frame: FrameType | None) -> None:
        raise KeyboardInterrupt

    before = signal.signal(signal.SIGTERM, end)
    try:
        yield
    finally:
        signal.signal(signal.SIGTERM, before)
