"""History, energy and events for the API, read from the store in separate threads.

    api ── await history.history(…) ──► thread ──► Reader ──► store.sqlite ◄── the hub writes

Idle readers are reused; each call has one for itself. They are opened at the first call, and again when the store has
been replaced by another file.
"""

import asyncio
import logging
from collections.abc import Callable, Collection, Mapping, Sequence
from concurrent.futures import ThreadPoolExecutor
from pathlib import Path
from typing import Protocol, TypeVar
from zoneinfo import ZoneInfo

import msgspec

from unclouded.core.errors import CommandError, StoreError
from unclouded.core.model import Device
from unclouded.core.times import iso
from unclouded.core.views.consumption import Anomalies, LoadDuration
from unclouded.core.views.facts import EventView
from unclouded.core.views.retention import RetentionView
from unclouded.store.reading.reader import FOREVER, DamagedHour, Event, StoreReader
from unclouded.store.retention.rules import RetentionRule
from unclouded.store.writer import StoreWriter
from unclouded.web.history import energy, series
from unclouded.web.history.checks.history_checks import check_history
from unclouded.web.history.consumption.answer_anomalies import anomalies
from unclouded.web.history.consumption.answer_load import load
from unclouded.web.history.editing.proposal import EditRequest, edit_text, edit_view, propose
from unclouded.web.history.series import SeriesRequest
from unclouded.web.schemas import By, CheckView, EditPreview, Energy, History, HistoryEditView, Today
from unclouded.web.words import say

log = logging.getLogger("unclouded.history")

THREADS = 2  # so that a long query does not delay a short one
MAX_EVENTS = 1000  # in one answer

REMEDY = "A backup of before has them. unclouded doctor names the file and what to do."

Answer = TypeVar("Answer")


class HistoryChanges(Protocol):
    """The store that is written (store/sink.py)."""

    async def change_history(self, work: Callable[[StoreWriter], Answer]) -> Answer:
        """Do the work in the thread that writes. Raises StoreError, and what the work raises."""

    def report(self, device: str, kind: str, text: str, data: Mapping[str, object]) -> None:
        """Make it an event."""


class HistoryReader:
    """Reads the store at ``path``, in the hub's time zone, which may change. ``store``: where edits are stored.

    ``kept``: the rules of retention, which may change too.

    Raises StoreError, and CommandError for invalid requests.
    """

    def __init__(self, path: Path, zone: ZoneInfo, store: HistoryChanges | None = None) -> None:
        self._path = path
        self.zone = zone
        self.kept: Sequence[RetentionRule] = ()
        self._store = store
        self._threads = ThreadPoolExecutor(THREADS, "history")
        self._idle: list[tuple[StoreReader, tuple[int, int]]] = []
        self._damaged: set[DamagedHour] = set()  # that were reported

    async def history(self, request: SeriesRequest) -> History:
        """Columns, with the shortest step for which no series has more rows than requested.

        An unknown device has empty columns if at least one other device of the request is known.
        """
        return await self._run(lambda reader: series.history(reader, self.zone, request))

    async def energy(
        self, by: By, start: float, end: float, devices: Sequence[str] = (), hub: Collection[str] = ()
    ) -> Energy:
        """Increase of each lifetime counter (of these devices, or of all) per local hour, day, week or month.

        ``hub``: ids of devices that may be asked for before they have reported anything: they have no rows.
        """
        return await self._run(lambda reader: energy.energy(reader, self.zone, by, start, end, devices, hub))

    async def today(self, now: float) -> Today:
        """The lifetime counters at the beginning of the local day."""
        return await self._run(lambda reader: energy.today(reader, self.zone, now))

    async def load(self, devices: Sequence[Device], chosen: Sequence[str], start: float, end: float) -> LoadDuration:
        """Load duration and base load of the chosen devices, or of the home that all ``devices`` make up."""
        return await self._run(lambda reader: load(reader, self.zone, devices, chosen, start, end))

    async def anomalies(self, devices: Sequence[Device], start: float, end: float) -> Anomalies:
        """Days, nights and base loads unlike those around them, and readings that are suspect."""
        return await self._run(lambda reader: anomalies(reader, self.zone, devices, start, end))

    async def edits(self, device: str, point: str, start: float, end: float) -> list[HistoryEditView]:
        """The edits of a device that overlap a range, newest first, also those that are undone."""

        def edits(reader: StoreReader) -> list[HistoryEditView]:
            id = reader.known(device).id or device
            return [edit_view(one, id) for one in reader.edits(device, [point] if point else None, start, end)][::-1]

        return await self._run(edits)

    async def edit(self, request: EditRequest, now: float, who: str) -> EditPreview:
        """Check an edit, and store it unless it is a dry run."""
        proposal = await self._run(lambda reader: propose(reader, self.zone, request, now))
        if request.body.dry_run:
            return proposal.preview
        store = self._changes()
        made = await store.change_history(lambda writer: writer.edits.make(proposal.edit, who))
        store.report(request.device, "history_edited", edit_text(made), {"edit": made.number, "who": who})
        return msgspec.structs.replace(proposal.preview, edit=edit_view(made, request.device))

    async def checks(self, device: str, start: float, end: float, fuse_A: float) -> list[CheckView]:
        """What is suspicious in the history of a device, "" = of all, with a command that repairs it."""
        return await self._run(lambda reader: check_history(reader, self.zone, device, start, end, fuse_A))

    async def undo_edit(self, device: str, number: int, who: str) -> HistoryEditView:
        """Undo an edit of a device."""
        known = await self._run(lambda reader: reader.edits(device))
        if not any(one.number == number for one in known):
            raise CommandError(say("api.edit.none", device=device, number=number))
        store = self._changes()
        undone = await store.change_history(lambda writer: writer.edits.undo(number, who))
        store.report(
            device, "history_edited", f"Edit {number} of {undone.point} was undone.", {"edit": number, "who": who}
        )
        return edit_view(undone, device)

    async def since(self) -> str | None:
        """The time of the oldest value, ISO 8601 in UTC; None where there is none."""
        at = await self._run(lambda reader: reader.since())
        return None if at is None else iso(at)

    async def retention(self, now: float) -> RetentionView:
        """What the rules of retention keep, and what they will free."""
        return await self._run(lambda reader: reader.retention(self.kept, now))

    async def events(
        self, device: str | None = None, start: float = 0.0, end: float = FOREVER, limit: int = 200
    ) -> list[EventView]:
        """Events, newest first."""
        limit = max(min(limit, MAX_EVENTS), 0)
        return await self._run(
            lambda reader: [event_view(event) for event in reader.newest_events(device, start, end, limit)]
        )

    async def read(self, query: Callable[[StoreReader], Answer]) -> Answer:
        """Ask the store, in a thread."""
        return await self._run(query)

    async def close(self) -> None:
        """Wait for running queries, and close the file."""
        await asyncio.to_thread(self._threads.shutdown)
        while self._idle:
            self._idle.pop()[0].close()

    # --- inside --------------------------------------------------------------------------------

    def _changes(self) -> HistoryChanges:
        if self._store is None:
            raise StoreError("The history cannot be changed here.")
        return self._store

    async def _run(self, query: Callable[[StoreReader], Answer]) -> Answer:
        answer, damaged = await asyncio.get_running_loop().run_in_executor(self._threads, self._answer, query)
        for one in damaged:
            self._report_damage(one)
        return answer

    def _report_damage(self, hour: DamagedHour) -> None:
        """An event, once for each hour in a run."""
        if hour in self._damaged:
            return
        self._damaged.add(hour)
        log.error("%s: %s", self._path, hour)
        if self._store is not None:
            data = {"start": iso(hour.start)}
            self._store.report(hour.id, "damaged_hour", f"{hour} {REMEDY}", data)

    def _answer(self, query: Callable[[StoreReader], Answer]) -> tuple[Answer, list[DamagedHour]]:
        reader, file = self._reader()
        try:
            answer, damaged = query(reader), reader.damaged_hours()
        except StoreError:
            reader.close()  # opening it again may clear the error
            raise
        except BaseException:
            self._idle.append((reader, file))
            raise
        self._idle.append((reader, file))
        return answer, damaged

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
