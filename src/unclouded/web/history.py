"""What was: history, energy, events, for the API. Read from the store in threads of its own.

    api ── await past.history(…) ──► thread ──► Reader ──► store.sqlite ◄── the hub writes

A few readers stand ready; each call takes one for itself. They are opened at the first call, and anew when somebody
has put another file in the place of the store.
"""

import asyncio
from collections.abc import Callable, Sequence
from concurrent.futures import ThreadPoolExecutor
from pathlib import Path
from typing import TypeVar
from zoneinfo import ZoneInfo

from unclouded.core.errors import StoreError
from unclouded.core.times import iso
from unclouded.core.views import EventView
from unclouded.store.reader import FOREVER, Event, StoreReader
from unclouded.web import history_energy, history_series
from unclouded.web.history_series import SeriesRequest
from unclouded.web.schemas import By, Energy, History, Today
from unclouded.web.words import say

THREADS = 2  # a long question does not keep a short one waiting
EVENTS = 1000  # that one answer holds at the most

Answer = TypeVar("Answer")


class HistoryReader:
    """The store at ``path``, in the hub's time zone. Everything raises StoreError, and CommandError for odd wishes."""

    def __init__(self, path: Path, zone: ZoneInfo) -> None:
        self._path = path
        self._zone = zone
        self._threads = ThreadPoolExecutor(THREADS, "past")
        self._idle: list[tuple[StoreReader, tuple[int, int]]] = []

    async def history(self, wanted: SeriesRequest) -> History:
        """Columns, in a step such that none has more rows than wanted.

        A device that nobody knows has empty columns beside one that somebody does.
        """
        return await self._ask(lambda reader: history_series.history(reader, self._zone, wanted))

    async def energy(self, by: By, start: float, end: float, devices: Sequence[str] = ()) -> Energy:
        """What each lifetime counter (of these devices, else of all) rose by in each local hour, day or month."""
        return await self._ask(lambda reader: history_energy.energy(reader, self._zone, by, start, end, devices))

    async def today(self, now: float) -> Today:
        """The lifetime counters when the local day began."""
        return await self._ask(lambda reader: history_energy.today(reader, self._zone, now))

    async def events(
        self, device: str | None = None, start: float = 0.0, end: float = FOREVER, limit: int = 200
    ) -> list[EventView]:
        """What happened, newest first."""
        most = max(min(limit, EVENTS), 0)
        return await self._ask(
            lambda reader: [event_view(event) for event in reader.newest_events(device, start, end, most)]
        )

    async def close(self) -> None:
        """Wait for what is being read, and close the file."""
        await asyncio.to_thread(self._threads.shutdown)
        while self._idle:
            self._idle.pop()[0].close()

    # --- inside --------------------------------------------------------------------------------

    async def _ask(self, question: Callable[[StoreReader], Answer]) -> Answer:
        return await asyncio.get_running_loop().run_in_executor(self._threads, self._answer, question)

    def _answer(self, question: Callable[[StoreReader], Answer]) -> Answer:
        reader, file = self._reader()
        try:
            answer = question(reader)
        except StoreError:
            reader.close()  # what is wrong with it may be over when it is opened again
            raise
        except BaseException:
            self._idle.append((reader, file))
            raise
        self._idle.append((reader, file))
        return answer

    def _reader(self) -> tuple[StoreReader, tuple[int, int]]:
        """One that nobody else uses, of the file that is there now."""
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
    said = event.data
    if event.kind == "state":
        return EventView(at=iso(event.at), device=event.device, kind="state", words=_state(event), data=said)
    data = said.get("data")
    words = str(said.get("words", ""))
    return EventView(
        at=iso(event.at), device=event.device, kind=event.kind, words=words, data=data if isinstance(data, dict) else {}
    )


def _state(event: Event) -> str:
    state, reason = str(event.data.get("state", "")), str(event.data.get("reason", ""))
    id = "api.event.state_because" if reason else "api.event.state"
    return say(id, device=event.device, state=say(f"api.state.{state}"), reason=reason)
