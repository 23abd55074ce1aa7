"""Live changes for the fleet: published to live.HUB for 60 s after each question, in the form of the hub's own page.

Source: docs/protocols/fleet.md §9
"""

import asyncio
from collections.abc import Callable

from unclouded.web.live import LivePages

LOOK_S = 60.0
LARGEST = 900 * 1024  # bytes


class LookPublisher:
    """``publish`` takes what goes to live.HUB. While no one looks, nothing runs."""

    def __init__(self, pages: LivePages, publish: Callable[[bytes], object]) -> None:
        self._pages = pages
        self._publish = publish
        self._until = 0.0
        self._task: asyncio.Task[None] | None = None

    def look(self) -> None:
        """Someone looks: publish for LOOK_S from now on; everything first, where no one looked before."""
        self._until = asyncio.get_running_loop().time() + LOOK_S
        if self._task is None or self._task.done():
            self._task = asyncio.create_task(self._run(), name="uplink.look")

    async def close(self) -> None:
        """Ends the task that publishes, and waits for that."""
        if self._task is not None:
            self._task.cancel()
            await asyncio.wait({self._task})

    async def _run(self) -> None:
        loop = asyncio.get_running_loop()
        client = self._pages.add("read")
        try:
            while loop.time() < self._until:
                await client.ready()
                for text in self._pages.message(client):
                    if len(data := text.encode()) <= LARGEST:
                        self._publish(data)
                client.sent()
        finally:
            self._pages.remove(client)
