"""The parts of a channel whose products no profile lists: they are matched with known products in the background.

    report ─► ProductMatching: held? ─► HELD_S later, in a thread: ProductSource.match ─► settled: the part begins again
                                                                                          with named points

Matching reads the whole catalogue, which takes a few tenths of a second: the wire must not wait for it. It also takes
some 15 MB meanwhile, so the parts are matched one after another.
"""

import asyncio
import logging
from collections.abc import Callable, Mapping, Sequence
from functools import partial

from unclouded.core.errors import ConfigError
from unclouded.core.profile import MatchedProduct, Profile
from unclouded.core.sessions.session import Reported
from unclouded.hub.channels.channel_spec import ProductSource
from unclouded.hub.channels.product_matching import MEMORY_KEY, ProductMatching

HeldReports = Sequence[tuple[Reported, float]]  # with the hub's time of each, oldest first
OnSettled = Callable[[str, bytes, HeldReports], None]  # part, for the memory, held reports

log = logging.getLogger("unclouded.hub")


class UnknownProducts:
    """``settled`` is called in the loop when a part was matched."""

    def __init__(self, source: ProductSource | None, loop: asyncio.AbstractEventLoop, settled: OnSettled) -> None:
        self._source = source
        self._loop = loop
        self._settled = settled
        self._matchings: dict[str, ProductMatching] = {}
        self._released: dict[str, HeldReports] = {}  # by part: what was held for a product that it is not
        self._timer: asyncio.TimerHandle | None = None
        self._is_matching = False  # one of them, in a thread

    def profile(self, key: str, product: str, whole: Profile, memory: Callable[[], Mapping[str, bytes]]) -> Profile:
        """The profile of a part: ``whole``, or that with the points that were matched. ``memory``: of its identity."""
        if self._source is None or not self._source.serves(whole):
            self._release(key)
            return whole
        matching = self._matchings.get(key)
        if matching is None or matching.product != product:
            self._release(key)
            matching = self._matchings[key] = ProductMatching(product, memory().get(MEMORY_KEY, b""))
        try:
            return self._source.profile(whole, matching.matched) if matching.matched else whole
        except ConfigError as error:  # kept by another version
            log.warning("The stored match of a product cannot be used; the product is matched again: %s", error)
            matching.forget()
            return whole

    def released(self, key: str) -> HeldReports:
        """What waits no more since ``profile`` found another product; its part reads them, or holds them again."""
        return self._released.pop(key, ())

    def __contains__(self, key: str) -> bool:
        return key in self._matchings

    def holds(self, reported: Reported, now: float) -> bool:
        """Take over a report; whether it waits until its part is matched."""
        matching = self._matchings.get(reported.part)
        if matching is None:
            return False
        is_held = matching.receive(reported, now)
        if matching.deadline is not None and self._timer is None:
            self._timer = self._loop.call_at(matching.deadline, self._is_due)
        return is_held

    @property
    def is_holding(self) -> bool:
        """Whether reports wait."""
        return any(matching.has_held for matching in self._matchings.values())

    def left(self, key: str) -> HeldReports:
        """A part is no more. Returns its reports that waited."""
        self._release(key)
        return self.released(key)

    def _release(self, key: str) -> None:
        matching = self._matchings.pop(key, None)
        if matching is not None and matching.has_held:
            self._released[key] = matching.take_held()

    def _is_due(self) -> None:
        self._timer = None
        waiting = [(one.deadline, key) for key, one in self._matchings.items() if one.deadline is not None]
        if not waiting or self._is_matching:
            return
        deadline, key = min(waiting)
        if deadline <= self._loop.time():
            self._match(key, self._matchings[key])
        else:
            self._timer = self._loop.call_at(deadline, self._is_due)

    def _match(self, key: str, matching: ProductMatching) -> None:
        question = matching.question()
        if self._source is not None:
            self._is_matching = True
            future = self._loop.run_in_executor(None, self._source.match, question)
            future.add_done_callback(partial(self._matched, key, matching, question))

    def _next(self) -> None:
        self._is_matching = False
        if self._timer is not None:
            self._timer.cancel()
        self._is_due()

    def _matched(
        self, key: str, matching: ProductMatching, question: MatchedProduct, future: asyncio.Future[MatchedProduct]
    ) -> None:
        if future.cancelled():
            return
        self._next()
        if self._matchings.get(key) is not matching:
            return
        error = future.exception()
        held = matching.settle(question if error else future.result())  # what was held must not be lost
        self._settled(key, b"" if error else matching.memory(), held)  # after a restart it is tried again
        if error:
            raise error
