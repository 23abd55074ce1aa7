"""The publishers that run beside a hub: each a named, supervised task, started and stopped by the configuration.

config ──► settings of each row ──► same: goes on    changed: stopped, then made again    gone: stopped
"""

import asyncio
import logging
from collections.abc import Callable, Mapping, Sequence
from functools import partial

from unclouded.app.configuration.config import Config
from unclouded.app.files.update_files import UpdateFiles
from unclouded.app.publishing.registry import PUBLISHERS, HubParts, PublisherContext, PublisherRow
from unclouded.core.errors import StoreError, UncloudedError
from unclouded.core.model import PublicHub
from unclouded.core.publisher import Publisher, PublisherStatus
from unclouded.core.system.supervise import supervise
from unclouded.core.text.printable import printable

log = logging.getLogger("unclouded.publishing")


class Publishing:
    """``notify``: takes sentences for the events of the hub. A hub that runs only some devices publishes nothing."""

    def __init__(
        self,
        config: Config,
        hub: PublicHub,
        wall: Callable[[], float],
        notify: Callable[[str], None],
        rows: Sequence[PublisherRow] = PUBLISHERS,
        store: Callable[[], Mapping[str, float]] = dict,
        updates: UpdateFiles | None = None,
        parts: HubParts | None = None,
    ) -> None:
        self._config = config
        self._hub = hub
        self._wall = wall
        self._notify = notify
        self._rows = rows
        self._store = store
        self._updates = updates
        self._parts = parts
        self._running: dict[str, _RunningPublisher] = {}
        self._changed = asyncio.Event()

    def use(self, config: Config) -> None:
        """Another configuration; publishers that it does not change go on."""
        self._config = config
        self._changed.set()

    def views(self) -> list[Mapping[str, object]]:
        """``name``, ``state``, ``text`` and ``counts`` of each publisher that is configured."""
        return [one.view() for one in self._running.values()]

    def publisher(self, name: str) -> Publisher | None:
        """The publisher of a row; None where it is off or could not be made."""
        return self._running[name].publisher if name in self._running else None

    async def run(self) -> None:
        """Run the publishers until cancelled."""
        async with asyncio.TaskGroup() as group:
            try:
                while True:
                    self._changed.clear()
                    await self._settle(group)
                    await self._changed.wait()
            finally:
                self._running.clear()

    async def _settle(self, group: asyncio.TaskGroup) -> None:
        """Stop and start what the configuration changed."""
        wanted = {row.name: row.settings(self._config) for row in self._rows if self._config.runs_broker}
        stopped = [one for name, one in self._running.items() if wanted.get(name) != one.settings]
        await asyncio.gather(*(one.stop() for one in stopped))
        for one in stopped:
            del self._running[one.name]
        if self._config.runs_broker and self._config.tables.fleet is None:
            await self._end_subscription()
        for row in self._rows:
            settings = wanted.get(row.name)
            if settings is not None and row.name not in self._running:
                self._running[row.name] = running = _RunningPublisher(row.name, settings)
                running.start(group, partial(row.make, self._context(row)))

    async def _end_subscription(self) -> None:
        """The home is in no fleet, or has left it: the store notes no changes for one any more."""
        if self._parts is None:
            return
        try:
            if await self._parts.store.outbox(lambda one: one.levels):
                await self._parts.store.outbox(lambda one: one.unsubscribe())
        except StoreError as error:
            log.warning("%s", error)

    def _context(self, row: PublisherRow) -> PublisherContext:
        folder = self._config.data / "publish" / row.name
        return PublisherContext(
            self._config, self._hub, folder, self._wall, self._notify, self._store, self._updates, self._parts
        )


class _RunningPublisher:
    """One publisher that is configured, whether it could be made or not."""

    def __init__(self, name: str, settings: tuple[object, ...]) -> None:
        self.name = name
        self.settings = settings
        self.publisher: Publisher | None = None
        self._task: asyncio.Task[None] | None = None
        self._problem = ""
        self._crash = ""

    def start(self, group: asyncio.TaskGroup, make: Callable[[], Publisher]) -> None:
        try:
            self.publisher = make()
        except (UncloudedError, ImportError) as error:  # a library of an extra may be broken
            text = f"Its library cannot be loaded: {error}." if isinstance(error, ImportError) else str(error)
            self._problem = printable(text)
            log.error("%s does not publish: %s", self.name, self._problem)
            return
        self._task = group.create_task(
            supervise(f"publish.{self.name}", self._run, self._crashed), name=f"publish.{self.name}"
        )

    async def stop(self) -> None:
        """Returns when it has ended."""
        if self._task is not None:
            self._task.cancel()
            await asyncio.wait({self._task})

    def view(self) -> Mapping[str, object]:
        status = self._status()
        return {"name": self.name, "state": status.state, "text": status.text, "counts": status.counts}

    def _status(self) -> PublisherStatus:
        if self.publisher is None:
            return PublisherStatus(state="failed", text=self._problem)
        status = self.publisher.status()
        return PublisherStatus(state="waiting", text=self._crash, counts=status.counts) if self._crash else status

    async def _run(self) -> None:
        self._crash = ""
        if self.publisher is not None:
            await self.publisher.run()

    def _crashed(self, error: Exception) -> None:
        reason = (
            str(error) if isinstance(error, UncloudedError) else f"it crashed ({type(error).__name__}); see the log"
        )
        self._crash = f"{self.name} is started again soon: {reason}"
