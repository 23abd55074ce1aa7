"""An inlet that records its events, and can wait for expected ones."""

import asyncio
from collections.abc import Callable

from unclouded.core.sessions.session import Failure, LinkPath

TIMEOUT_S = 60.0  # s after which a test fails; never reached in a test that passes


class RecordingInlet:
    """``events``: in order, ("up", path), ("down", path, reason), ("failed", id, why); ``data``: all bytes."""

    def __init__(self) -> None:
        self.events: list[tuple[object, ...]] = []
        self.data = b""
        self.datagrams: list[tuple[bytes, str, int]] = []
        self._changed = asyncio.Event()

    def up(self, path: LinkPath) -> None:
        self._note("up", path.name)

    def down(self, path: str, reason: str) -> None:
        self._note("down", path, reason)

    def received(self, data: bytes, path: str = "", re: int = 0) -> None:
        self.data += data
        self.datagrams.append((data, path, re))
        self._changed.set()

    def failed(self, id: int, why: Failure) -> None:
        self._note("failed", id, why)

    def _note(self, *what: object) -> None:
        self.events.append(what)
        self._changed.set()

    @property
    def kinds(self) -> list[object]:
        return [what[0] for what in self.events]

    @property
    def reasons(self) -> list[str]:
        return [str(what[2]) for what in self.events if what[0] == "down"]

    async def until(self, is_so: Callable[[], bool]) -> None:
        async with asyncio.timeout(TIMEOUT_S):
            while not is_so():
                self._changed.clear()
                await self._changed.wait()

    async def until_events(self, *kinds: str) -> None:
        """Wait until the first events are of exactly these kinds, in this order."""
        await self.until(lambda: self.kinds[: len(kinds)] == list(kinds))

    async def until_data(self, data: bytes) -> None:
        await self.until(lambda: len(self.data) >= len(data))
        assert self.data == data
