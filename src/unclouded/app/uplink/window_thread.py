"""Reads contents of windows in a thread of its own, in steps of a few milliseconds, so that no wire waits."""

import asyncio
import time
from collections.abc import Callable, Iterator, Sequence
from concurrent.futures import ThreadPoolExecutor
from pathlib import Path
from typing import TypeVar
from zoneinfo import ZoneInfo

import msgspec

from unclouded import VERSION
from unclouded.app.configuration.tables.costs import CostsTable
from unclouded.app.thread_switches import quick_thread_switches
from unclouded.app.uplink.home_energy import HomeEnergyWindows
from unclouded.core.errors import StoreError
from unclouded.core.model import Device
from unclouded.store.outbox import Window
from unclouded.store.reading.reader import StoreReader
from unclouded.uplink.let_out import LetOutFilter, LetOutRules
from unclouded.uplink.window_reader import WindowReader

YIELD_S = 0.001  # s between two steps, for what waits for the interpreter's lock

T = TypeVar("T")


class KnownDevices(msgspec.Struct, frozen=True):
    """What is let out of the devices that the store has now, and their current ids by number."""

    chosen: LetOutFilter
    ids: dict[int, str]

    def id_of(self, name: str) -> str | None:
        """The id at home of what the fleet names."""
        number = self.chosen.device(name)
        return None if number is None else self.ids.get(number) or None


class _Open(msgspec.Struct):
    """A store file that is open."""

    reader: StoreReader
    windows: WindowReader
    energy: HomeEnergyWindows
    file: tuple[int, int]


def _last(steps: Iterator[bytes | None]) -> bytes | None:
    """The content, after all steps."""
    content = None
    for one in steps:
        content = one
        time.sleep(YIELD_S)
    return content


class WindowThread:
    """``store``: the file. ``devices``: of the hub, called in the loop."""

    def __init__(
        self,
        store: Path,
        rules: LetOutRules,
        zone: ZoneInfo,
        costs: CostsTable,
        devices: Callable[[], Sequence[Device]],
    ) -> None:
        self._store = store
        self._rules = rules
        self._zone = zone
        self._costs = costs
        self._devices = devices
        self._thread = ThreadPoolExecutor(1, "uplink")
        self._open: _Open | None = None

    async def read(self, window: Window, as_of: int) -> bytes | None:
        """The content; None where it cannot be read now."""
        devices = self._devices()
        return await self._run(lambda: self._read(window, as_of, devices))

    async def known(self) -> KnownDevices:
        """Raises StoreError."""
        return await self._run(self._known)

    async def forget(self) -> None:
        """Stored values may have changed."""
        await self._run(self._forget)

    async def close(self) -> None:
        """Closes the store in its thread, and ends the thread; nothing may be called afterwards."""
        await self._run(self._closed)
        self._thread.shutdown()

    # --- in the thread -------------------------------------------------------------------------

    async def _run(self, work: Callable[[], T]) -> T:
        return await asyncio.get_running_loop().run_in_executor(self._thread, work)

    def _read(self, window: Window, as_of: int, devices: Sequence[Device]) -> bytes | None:
        try:
            found = self._opened()
            found.energy.devices = devices
            with quick_thread_switches():
                return _last(found.windows.read(window, as_of))
        except StoreError:
            self._closed()  # opening it again may clear the error
            return None

    def _known(self) -> KnownDevices:
        found = self._opened()
        return KnownDevices(found.windows.filter(), found.reader.numbers())

    def _forget(self) -> None:
        if self._open is not None:
            self._open.energy.forget()

    def _opened(self) -> _Open:
        """The reader of the current file."""
        file = self._file()
        if self._open is not None and self._open.file != file:
            self._closed()
        if self._open is None:
            reader = StoreReader(self._store)
            energy = HomeEnergyWindows(reader, self._zone, self._costs, lambda: time.sleep(YIELD_S))
            windows = WindowReader(reader, self._rules, energy.read, self._zone.key, VERSION)
            self._open = _Open(reader, windows, energy, file)
        return self._open

    def _closed(self) -> None:
        if self._open is not None:
            self._open.reader.close()
            self._open = None

    def _file(self) -> tuple[int, int]:
        try:
            found = self._store.stat()
        except OSError:
            return 0, 0
        return found.st_dev, found.st_ino
