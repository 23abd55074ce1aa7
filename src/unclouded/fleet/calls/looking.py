"""Live changes of homes: a hub publishes them only while someone looks, once for all who look.

A hub is not trusted: what it publishes is verified to be JSON, once and without reading it, and is bounded in size and
rate. Messages beyond that are dropped.

Source: docs/protocols/fleet.md §9
"""

import asyncio
import contextlib
import logging
from collections.abc import AsyncIterator

import msgspec

from unclouded.core.errors import LinkError
from unclouded.core.system.token_buckets import TokenBucket
from unclouded.fleet.calls.hub_link import HubConnection
from unclouded.uplink.messages import Question, encode_message

log = logging.getLogger("unclouded.fleet.calls")

LOOK_AGAIN_S = 25.0  # the hub publishes for 60 s after each question
TIMEOUT_S = 10.0
MOST_WAITING = 100  # changes that wait for one viewer; the oldest are dropped
LARGEST = 900 * 1024  # bytes of a message: a hub of this program sends no larger ones
AT_ONCE = 2 * 1024 * 1024  # bytes of a home: everything first, then four messages a second
BYTES_PER_S = 256 * 1024
LEAST_COST = 1024  # bytes that a short message counts as

Changes = asyncio.Queue[msgspec.Raw]


class _Look:
    """One home that is looked at: its viewers, and the task that asks the hub again and again."""

    def __init__(self, hub: str, now: float) -> None:
        self.viewers: set[Changes] = set()
        self.task: asyncio.Task[None] | None = None
        self._hub = hub
        self._bytes = TokenBucket(AT_ONCE, BYTES_PER_S, now)
        self._is_logged = False

    def pass_on(self, data: bytes, now: float) -> None:
        if len(data) > LARGEST or self._bytes.take(now, max(len(data), LEAST_COST)):
            if not self._is_logged:
                log.warning("The hub %s publishes more live values than a page can show; some are dropped.", self._hub)
            self._is_logged = True
            return
        try:
            data.decode("utf-8")
            changes = msgspec.json.decode(data, type=msgspec.Raw)
        except (msgspec.MsgspecError, UnicodeError, RecursionError):
            return
        for viewer in self.viewers:
            if viewer.full():
                viewer.get_nowait()
            viewer.put_nowait(changes)


class LiveLooks:
    """One stream for all viewers of a home."""

    def __init__(self, link: HubConnection) -> None:
        self._link = link
        self._looks: dict[str, _Look] = {}

    @property
    def hubs(self) -> int:
        """How many homes are looked at."""
        return len(self._looks)

    @contextlib.asynccontextmanager
    async def look(self, hub: str) -> AsyncIterator[Changes]:
        """What the hub publishes, each valid JSON, in a bounded queue, until the block ends.

        While the hub is away, nothing comes.
        """
        changes = Changes(MOST_WAITING)
        look = self._looks.get(hub)
        if look is None:
            look = self._looks[hub] = _Look(hub, asyncio.get_running_loop().time())
            look.task = asyncio.create_task(self._keep(hub, look), name=f"look {hub}")
        look.viewers.add(changes)
        try:
            yield changes
        finally:
            look.viewers.discard(changes)
            if not look.viewers:
                del self._looks[hub]
                await _end(look.task)

    async def _keep(self, hub: str, look: _Look) -> None:
        """Until it is cancelled: a subscription, and the question once in a while."""
        now = asyncio.get_running_loop().time
        end = self._link.subscribe(f"live.{hub}", lambda data: look.pass_on(data, now()))
        question = encode_message(Question("LOOK", "", "viewer"))
        try:
            while True:
                try:
                    await self._link.request(f"down.{hub}.question", question, TIMEOUT_S)
                except LinkError as error:
                    log.debug("No live values of %s now: %s", hub, error)
                await asyncio.sleep(LOOK_AGAIN_S)
        finally:
            end()


async def _end(task: asyncio.Task[None] | None) -> None:
    if task is not None:
        task.cancel()
        with contextlib.suppress(asyncio.CancelledError):
            await task
