"""An event loop whose clock jumps: hours of waiting take no time, in an order that is always the same.

    @story
    async def test_something(tmp_path: Path) -> None: ...      # or virtual_run(coroutine())

``loop.time()`` begins at 0 and moves only when nothing else is to be done, straight to the next timer. Sockets,
pipes and terminals work, but time does not wait for them: a timer may be due before their bytes have come.
With no timer set the loop waits for them for real; where nothing comes, it reports that the test hangs.
"""

import asyncio
import inspect
import selectors
from collections.abc import Callable, Coroutine
from typing import Any, TypeVar

T = TypeVar("T")

STUCK_S = 5.0  # s of real waiting with no timer set, after which nothing can be expected any more


class VirtualSelector(selectors.DefaultSelector):
    """Moves the clock instead of waiting."""

    now = 0.0

    def select(self, timeout: float | None = None) -> list[tuple[selectors.SelectorKey, int]]:
        if timeout is None:
            ready = super().select(STUCK_S)
            if not ready:
                raise RuntimeError("The test hangs: no timer is set, and no bytes come.")
            return ready
        ready = super().select(0)
        if not ready and timeout > 0:
            self.now += timeout
        return ready


class VirtualLoop(asyncio.SelectorEventLoop):
    """A loop on a VirtualSelector."""

    def __init__(self) -> None:
        self._virtual = VirtualSelector()
        super().__init__(self._virtual)

    def time(self) -> float:
        return self._virtual.now


def virtual_run(story: Coroutine[Any, Any, T]) -> T:  # Any: what coroutines yield and are sent is asyncio's affair
    """Run a coroutine on a fresh VirtualLoop to its end."""
    with asyncio.Runner(loop_factory=VirtualLoop) as runner:
        return runner.run(story)


def story(test: Callable[..., Coroutine[Any, Any, None]]) -> Callable[..., None]:
    """Run a test's coroutine on a VirtualLoop; pytest gives it the fixtures that it names."""

    def run(**fixtures: object) -> None:
        virtual_run(test(**fixtures))

    run.__name__, run.__doc__, run.__module__ = test.__name__, test.__doc__, test.__module__
    run.__signature__ = inspect.signature(test)  # type: ignore[attr-defined]  # pytest reads it
    return run
