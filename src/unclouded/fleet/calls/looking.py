"""Live changes of homes: a hub publishes them only while someone looks, once for all who look.

Source: docs/protocols/fleet.md §9
"""

import asyncio
import contextlib
import logging
from collections.abc import AsyncIterator

from unclouded.core.errors import LinkError
from unclouded.fleet.calls.hub_link import HubConnection
from unclouded.uplink.messages import Question, encode_message

log = logging.getLogger("unclouded.fleet.calls")

LOOK_AGAIN_S = 25.0  # the hub publishes for 60 s after each question
TIMEOUT_S = 10.0
MOST_WAITING = 100  # changes that wait for one viewer; the oldest are dropped

Changes = asyncio.Queue[bytes]


class _Look:
    """One home that is looked at: its viewers, and the task that asks the hub again and again."""

    def __init__(self) -> None:
        self.viewers: set[Changes] = set()
        self.task: asyncio.Task[None] | None = None

    def pass_on(self, data: bytes) -> None:
        for viewer in self.viewers:
            if viewer.full():
                viewer.get_nowait()
            viewer.put_nowait(data)


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
        """What the hub publishes, in a bounded queue, until the block ends. While the hub is away, nothing comes."""
        changes = Changes(MOST_WAITING)
        look = self._looks.get(hub)
        if look is None:
            look = self._looks[hub] = _Look()
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
        end = self._link.subscribe(f"live.{hub}", look.pass_on)
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
