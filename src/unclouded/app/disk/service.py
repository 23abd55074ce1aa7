"""Looks at the disk that holds the data folder, once a minute, for a running hub.

statvfs, size of the store ── in a thread ──► DiskWatch ──► alert of the hub, /api/hub
                                                       └──► the hub's memory, once an hour
"""

import asyncio
import os
from collections.abc import Callable, Mapping, Sequence
from pathlib import Path
from typing import Protocol

from unclouded.app.disk.disk_watch import DiskUse, DiskWatch
from unclouded.core.model import Alert, Fact, Memory
from unclouded.core.views.disk import DiskView

IDENTITY, MEMORY_KEY = "hub", "disk"  # where it is remembered
LOOK_S = 60.0  # s between two looks


class DiskHub(Protocol):
    """The hub as far as it is needed."""

    def remember(self, memory: Memory) -> Memory:
        """Store this, and give back what is in force: see ``Hub.remember``."""

    def publish(self, facts: Sequence[Fact]) -> None:
        """Facts for all consumers."""

    def report_own_alerts(self, alerts: Sequence[Alert]) -> None:
        """The alerts of the hub itself, in place of those that it had."""


class DiskService:
    """``measure``: the disk, in a thread; None = it cannot be read. ``wall``: Unix s, and whether it is right."""

    def __init__(
        self,
        hub: DiskHub,
        measure: Callable[[], DiskUse | None],
        wall: Callable[[], tuple[float, bool]],
        memory: bytes = b"",
    ) -> None:
        self._hub = hub
        self._measure = measure
        self._wall = wall
        self._watch = DiskWatch(memory)

    async def run(self) -> None:
        """Look until cancelled."""
        while True:
            await self.look()
            await asyncio.sleep(LOOK_S)

    async def look(self) -> None:
        """Measures the disk in a thread, keeps what is to be remembered, and begins or ends the alert."""
        use = await asyncio.to_thread(self._measure)
        if use is None:
            return
        at, is_trusted = self._wall()
        if self._watch.take(use, at, is_trusted=is_trusted):
            self._hub.publish([self._hub.remember(Memory(IDENTITY, MEMORY_KEY, self._watch.memory()))])
        alert = self._watch.alert()
        self._hub.report_own_alerts([alert] if alert is not None else [])

    def view(self) -> DiskView | None:
        """The disk at the last look; None = it was not read yet."""
        use, growth = self._watch.newest, self._watch.growth()
        if use is None:
            return None
        return DiskView(
            size=use.size,
            used=use.used,
            free=use.free,
            store=use.store,
            percent=use.percent,
            is_nearly_full=self._watch.alert() is not None,
            growth_day=round(growth.day) if growth else None,
            store_growth_day=round(growth.store_day) if growth else None,
            full_in=growth.full_in if growth else None,
        )


def measured(folder: Path, store_bytes: Callable[[], int]) -> DiskUse | None:
    """The disk that holds this folder; None where the system does not say."""
    try:
        stat = os.statvfs(folder)
        return DiskUse((stat.f_blocks - stat.f_bfree) * stat.f_frsize, stat.f_bavail * stat.f_frsize, store_bytes())
    except OSError:
        return None


def remembered_disk(memory: Mapping[str, Mapping[str, bytes]]) -> bytes:
    """What an earlier run knew of the disk, in what the store remembers."""
    return memory.get(IDENTITY, {}).get(MEMORY_KEY, b"")
