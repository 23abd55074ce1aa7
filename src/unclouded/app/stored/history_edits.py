"""Edits of the history: through the hub that runs, else in the store of the configuration."""

import contextlib
import time
from collections.abc import Iterator
from urllib.parse import quote

import msgspec

from unclouded.app.access.hub_access import is_running
from unclouded.app.access.hub_client import HubClient
from unclouded.app.configuration.config import Config
from unclouded.core.errors import CommandError
from unclouded.core.model import Notice
from unclouded.store.file.schema import open_to_write
from unclouded.store.reading.reader import FOREVER, StoreReader
from unclouded.store.writer import StoreWriter
from unclouded.web.history.checks.history_checks import check_history
from unclouded.web.history.editing.proposal import EditRequest, edit_text, edit_view, propose
from unclouded.web.schemas import CheckView, EditBody, EditPreview, HistoryEditView

WHO = "cli"
MONTH_S = 31 * 86_400.0
EditFields = EditBody  # what is requested
EditEffect = EditPreview  # what that changes
ShownEdit = HistoryEditView  # an edit as it is listed


class HistoryEditor:
    """Edits of one device, by any name that the store knows it by. Raises CommandError, ConfigError and StoreError."""

    def __init__(self, config: Config, device: str) -> None:
        self._config = config
        self._device = device
        self._path = f"/api/history/{quote(device, safe='')}/edits"

    def edits(self, point: str = "", start: float | None = None, end: float | None = None) -> list[HistoryEditView]:
        """The edits that overlap a range, newest first, also those that are undone."""
        begin, until = start or 0.0, FOREVER if end is None else end
        with StoreReader(self._config.store) as reader:
            id = reader.known(self._device).id or self._device
            found = reader.edits(self._device, [point] if point else None, begin, until)
        return [edit_view(one, id) for one in reversed(found)]

    def edit(self, body: EditBody, start: float, end: float) -> EditPreview:
        """Make an edit, or with ``dry_run`` only say what it would change. ``start``, ``end``: Unix seconds."""
        body = msgspec.structs.replace(body, start=repr(start), end=repr(end), origin=WHO)
        if is_running(self._config):
            return msgspec.convert(HubClient(self._config.control).post(self._path, body), EditPreview)
        request = EditRequest(device=self._device, start=start, end=end, body=body)
        with StoreReader(self._config.store) as reader:
            proposal = propose(reader, self._config.zone, request, time.time())
            id = reader.known(self._device).id
        if body.dry_run:
            return proposal.preview
        with store_writer(self._config) as writer:
            made = writer.edits.make(proposal.edit, WHO)
            data = {"edit": made.number, "who": WHO}
            writer.write([Notice(id, time.time(), "history_edited", edit_text(made), data)])
        return msgspec.structs.replace(proposal.preview, edit=edit_view(made, self._device))

    def undo(self, number: int) -> HistoryEditView:
        """Undo an edit of the device."""
        if is_running(self._config):
            undone = HubClient(self._config.control).delete(self._path, number=str(number), origin=WHO)
            return msgspec.convert(undone, HistoryEditView)
        if not any(one.number == number for one in self.edits()):
            raise CommandError(f"{self._device} has no edit {number}.")
        with store_writer(self._config) as writer:
            return edit_view(writer.edits.undo(number, WHO), self._device)


def suspicious(config: Config, device: str, start: float | None, end: float | None, fuse_A: float) -> list[CheckView]:
    """What is suspicious in the history of a device, "" = of all. Default: the last 31 days. Raises CommandError."""
    until = time.time() if end is None else end
    with StoreReader(config.store) as reader:
        begin = max(until - MONTH_S, 0.0) if start is None else start
        return check_history(reader, config.zone, device, begin, until, fuse_A)


@contextlib.contextmanager
def store_writer(config: Config) -> Iterator[StoreWriter]:
    """Writes to the store of a hub that does not run; what is to be rolled up again is, at the end.

    Raises ConfigError while a hub runs, and StoreError.
    """
    from unclouded.app.hub_process import locked

    with locked(config.data), contextlib.closing(open_to_write(config.store)) as db:
        writer = StoreWriter(db, time.time)
        yield writer
        while writer.unrolled.step():
            pass
