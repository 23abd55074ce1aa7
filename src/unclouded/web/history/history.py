"""History, energy and events for the API, read from the store in separate threads.

    api ── await history.history(…) ──► thread ──► Reader ──► store.sqlite ◄── the hub writes

Idle readers are reused; each call has one for itself. They are opened at the first call, and again when the store has
been replaced by another file.
"""

import asyncio
from collections.abc import Callable, Sequence
from concurrent.futures import ThreadPoolExecutor
from pathlib import Path
from typing import TypeVar
from zoneinfo import ZoneInfo

from unclouded.core.errors import StoreError
from unclouded.core.model import Device
from unclouded.core.times import iso
from unclouded.core.views import EventView
from unclouded.store.reader import FOREVER, Event, StoreReader
from unclouded.web.history import energy, series
from unclouded.web.history.consumption.answer_anomalies import anomalies
from unclouded.web.history.consumption.answer_load import load
from unclouded.web.history.consumption.views import Anomalies, LoadDuration
from unclouded.web.history.series import SeriesRequest
from unclouded.web.schemas import By, Energy, History, Today
from unclouded.web.words import say

THREADS = 2  # so that a long query does not delay a short one
MAX_EVENTS = 1000  # in one answer

Answer = TypeVar("Answer")


class HistoryReader:
    """Reads the store at ``path``, in the hub's time zone, which may change.

    Raises StoreError, and CommandError for invalid requests.
    """

    def __init__(self, path: Path, zone: ZoneInfo) -> None:
        self._path = path
        self.zone = zone
        self._threads = ThreadPoolExecutor(THREADS, "history")
        self._idle: list[tuple[StoreReader, tuple[int, int]]] = []

    async def history(self, request: SeriesRequest) -> History:
        """Columns, with the shortest step for which no series has more rows than requested.

        An unknown device has empty columns if at least one other device of the request is known.
        """
        return await self._run(lambda reader: series.history(reader, self.zone, request))

    async def energy(self, by: By, start: float, end: float, devices: Sequence[str] = ()) -> Energy:
        """Increase of each lifetime counter (of these devices, or of all) per local hour, day, week or month."""
        return await self._run(lambda reader: energy.energy(reader, self.zone, by, start, end, devices))

    async def today(self, now: float) -> Today:
        """The lifetime counters at the beginning of the local day."""
        return await self._run(lambda reader: energy.today(reader, self.zone, now))

    async def load(self, devices: Sequence[Device], chosen: Sequence[str], start: float, end: float) -> LoadDuration:
        """Load duration and base load of the chosen devices, or of the home that all ``devices`` make up."""
        return await self._run(lambda reader: load(reader, self.zone, devices, chosen, start, end))

    async def anomalies(self, devices: Sequence[Device], start: float, end: float) -> Anomalies:
        """Days, nights and base loads unlike those around them, and readings that are suspect."""
        return await self._run(lambda reader: anomalies(reader, self.zone, devices, start, end))

    async def since(self) -> str | None:
        """The time of the oldest value, ISO 8601 in UTC; None where there is none."""
        at = await self._run(lambda reader: reader.since())
        return None if at is None else iso(at)

    async def events(
        self, device: str | None = None, start: float = 0.0, end: float = FOREVER, limit: int = 200
    ) -> list[EventView]:
        """Events, newest first."""
        limit = max(min(limit, MAX_EVENTS), 0)
        return await self._run(
            lambda reader: [event_view(event) for event in reader.newest_events(device, start, end, limit)]
        )

    async def close(self) -> None:
        """Wait for running queries, and close the file."""
        await asyncio.to_thread(self._threads.shutdown)
        while self._idle:
            self._idle.pop()[0].close()

    # --- inside --------------------------------------------------------------------------------

    async def _run(self, query: Callable[[StoreReader], Answer]) -> Answer:
        return await asyncio.get_running_loop().run_in_executor(self._threads, self._answer, query)

    def _answer(self, query: Callable[[StoreReader], Answer]) -> Answer:
        reader, file = self._reader()
        try:
            answer = query(reader)
        except StoreError:
            reader.close()  # opening it again may clear the error
            raise
        except BaseException:
            self._idle.append((reader, file))
            raise
        self._idle.append((reader, file))
        return answer

    def _reader(self) -> tuple[StoreReader, tuple[int, int]]:
        """An idle reader, or a new one, of the current file."""
        file = self._file()
        while self._idle:
            reader, opened = self._idle.pop()
            if opened == file:
                return reader, file
            reader.close()
        return StoreReader(self._path), file

    def _file(self) -> tuple[int, int]:
        try:
            found = self._path.stat()
        except OSError:
            return 0, 0
        return found.st_dev, found.st_ino


def event_view(event: Event) -> EventView:
    """An event of the store as the API shows it."""
    stored = event.data
    if event.kind == "state":
        return EventView(at=iso(event.at), device=event.device, kind="state", words=_state(event), data=stored)
    data = stored.get("data")
    words = str(stored.get("words", ""))
    return EventView(
        at=iso(event.at), device=event.device, kind=event.kind, words=words, data=data if isinstance(data, dict) else {}
    )


def _state(event: Event) -> str:
    state, reason = str(event.data.get("state", "")), str(event.data.get("reason", ""))
    id = "api.event.state_because" if reason else "api.event.state"
    return say(id, device=event.device, state=say(f"api.state.{state}"), reason=reason)
