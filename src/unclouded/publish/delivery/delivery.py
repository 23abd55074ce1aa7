"""Sends what waits in an outbox, request by request, in order.

    outbox ──each interval──► encode ──► post ──┬─► delivered: the next
                                                ├─► try again: the same request, after 1, 2, 4 … 60 s with jitter
                                                └─► refused: counted, the next

A request is made once and repeated unchanged, so that the other end can recognise a repetition. An other end that
answers MOST_TRIES times with an error of its own never accepts this request: it is refused, and the next is tried.
"""

import asyncio
import logging
from collections import Counter
from collections.abc import Awaitable, Callable, Mapping, Sequence
from typing import Generic, NamedTuple, TypeVar

from unclouded.core.publisher import PublisherStatus
from unclouded.core.system.retry_delays import RetryDelays
from unclouded.publish.delivery.http_post import PostResult
from unclouded.publish.delivery.outbox import Outbox

log = logging.getLogger("unclouded.publish.delivery")

T = TypeVar("T")
MOST_TRIES = 20  # answers that are errors, of one request


class RequestParts(NamedTuple):
    """A request that is ready to be sent, with the number of items in it."""

    body: bytes
    headers: Mapping[str, str]
    items: int


Post = Callable[[bytes, Mapping[str, str]], Awaitable[PostResult]]
Encode = Callable[[Sequence[T]], RequestParts | None]


class Delivery(Generic[T]):
    """``title``: of the other end, for people. ``encode`` gives None where nothing of the items is to be sent.

    ``most``: items of one request.
    """

    def __init__(self, title: str, outbox: Outbox[T], encode: Encode[T], interval_s: float, most: int) -> None:
        self.title = title
        self._outbox = outbox
        self._encode = encode
        self._interval_s = interval_s
        self._most = most
        self._counts: Counter[str] = Counter(sent=0, requests=0, failures=0, refused=0)
        self._problem = ""
        self._has_sent = False

    def put(self, items: Sequence[T]) -> None:
        """Deliver these in their turn; above the limit the oldest are dropped and counted."""
        self._outbox.put(items)

    async def run(self, post: Post) -> None:
        """Send until cancelled."""
        while True:
            await asyncio.sleep(self._interval_s)
            while len(self._outbox):
                request = self._encode(self._outbox.take(self._most))
                if request is not None:
                    await self._send(request, post)

    def status(self) -> PublisherStatus:
        counts = {**self._counts, "waiting": len(self._outbox), "dropped": self._outbox.dropped}
        if self._problem:
            return PublisherStatus(state="waiting", text=self._problem, counts=counts)
        return PublisherStatus(state="running" if self._has_sent else "starting", counts=counts)

    # --- inside --------------------------------------------------------------------------------

    async def _send(self, request: RequestParts, post: Post) -> None:
        loop, delays, tries = asyncio.get_running_loop(), RetryDelays(), 0
        while True:
            self._counts["requests"] += 1
            result = await post(request.body, request.headers)
            if result.delivered:
                self._succeeded(request.items)
                return
            self._failed(result.reason)
            tries += result.answered
            if result.again_s is None or tries >= MOST_TRIES:
                self._counts["refused"] += request.items
                return
            await asyncio.sleep(max(delays.next(loop.time()), result.again_s))

    def _succeeded(self, items: int) -> None:
        self._counts["sent"] += items
        self._has_sent = True
        if self._problem:
            log.info("%s: deliveries succeed again.", self.title)
            self._problem = ""

    def _failed(self, reason: str) -> None:
        self._counts["failures"] += 1
        if reason != self._problem:
            self._problem = reason
            log.warning("%s: %s", self.title, reason)
