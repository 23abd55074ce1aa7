"""Backups of a running hub: at the times of [backup], and for clients of the API. All work is in other processes.

every minute: is one due? ── worker: make, read again, prune ──► an event; a failure is tried again each hour
"""

import asyncio
import logging
from collections.abc import AsyncIterator, Callable, Iterator
from contextlib import contextmanager
from pathlib import Path

import msgspec

from unclouded.app.backup.folder import BackupFile, backups_in
from unclouded.app.backup.generations import next_due, plan_of
from unclouded.app.backup.manifest import BackupManifest, file_name, hub_id, named
from unclouded.app.backup.place import folder_of, passphrase_file_of, place_of_backup
from unclouded.app.backup.restoring import discard_staged, staged
from unclouded.app.backup.work import BackupDone, Keeping
from unclouded.app.backup.worker import BackupWork, MakeWork, StageWork, StreamWork, VerifyWork
from unclouded.app.configuration.config import Config
from unclouded.app.worker_process import PIECE, worker_answer, worker_pieces
from unclouded.core.errors import CommandError, StoreError, UncloudedError
from unclouded.core.times import iso
from unclouded.core.views.backup import BackupsView, BackupView, StagedView, VerifiedView

log = logging.getLogger("unclouded.backup")

WORKER = "unclouded.app.backup.worker"
LOOK_S = 60.0  # s between two looks at whether one is due
START_S = 120.0  # s after the start of the hub that belong to its devices
RETRY_S = 3600.0  # s from a failure to the next try

Notify = Callable[[str, str], None]  # kind, text


class BackupService:
    """``config``: the configuration that counts. ``clock``: Unix seconds, None = not known yet. ``now``: monotonic."""

    def __init__(
        self,
        config: Callable[[], Config],
        clock: Callable[[], float | None],
        now: Callable[[], float],
        notify: Notify,
    ) -> None:
        self._config = config
        self._clock = clock
        self._now = now
        self._notify = notify
        self._busy = ""
        self._problem = ""
        self._not_before = now() + START_S

    async def run(self) -> None:
        """Make backups when they are due, until cancelled."""
        while True:
            await asyncio.sleep(LOOK_S)
            await self.look()

    async def look(self) -> None:
        """Make a backup if one is due."""
        if self._busy or self._now() < self._not_before:
            return
        try:
            due, clock = await asyncio.to_thread(self._due), self._clock()
            if due is None or clock is None or due > clock:
                return
            await self.make()
        except UncloudedError as error:
            self._failed(str(error))

    async def view(self) -> BackupsView:
        """The backups in the folder, and what is going on."""
        return await asyncio.to_thread(self._view)

    async def make(self) -> BackupView:
        """Make one in the folder now. Raises CommandError and StoreError."""
        config = self._config()
        folder, table = folder_of(config), config.tables.backup
        if folder is None or table is None:
            raise CommandError("There is no folder for backups. Name one in the configuration: [backup] folder.")
        keeping = Keeping(table.keep, table.weeks, table.months)
        work = MakeWork(place_of_backup(config), _text(passphrase_file_of(config)), str(folder), keeping)
        with self._work("make"):
            done = msgspec.json.decode(await _answer(work), type=BackupDone)
        name = Path(done.file).name
        self._problem = ""
        more = f"; deleted: {', '.join(done.pruned)}" if done.pruned else ""
        self._notify("backup", f"A backup was made: {name}, {done.size / 1e6:.1f} MB{more}.")
        found = named(name)
        at = found.at if found is not None else 0.0
        return BackupView(name=name, at=iso(at), size=done.size, ours=True, encrypted=bool(table.passphrase_file))

    async def pieces(self) -> AsyncIterator[bytes]:
        """A new backup, piece by piece. Raises CommandError and StoreError, the first before the first piece."""
        config = self._config()
        work = StreamWork(place_of_backup(config), _text(passphrase_file_of(config)))
        with self._work("send"):
            async for piece in worker_pieces(WORKER, msgspec.json.encode(work)):
                yield piece

    def name(self) -> str:
        """The name of the file that ``pieces`` makes. Raises StoreError."""
        config = self._config()
        at = self._clock() or 0.0
        return file_name(at, hub_id(config.state), passphrase_file_of(config) is not None)

    async def stored(self, name: str) -> AsyncIterator[bytes]:
        """A file of the folder, piece by piece. Raises CommandError where there is none of that name."""
        with await asyncio.to_thread(self._file(name).open, "rb") as file:
            while piece := await asyncio.to_thread(file.read, PIECE):
                yield piece

    async def verify(self, name: str) -> VerifiedView:
        """Read a backup of the folder and check its store. Raises CommandError where it is not sound."""
        config = self._config()
        work = VerifyWork(str(self._file(name)), _text(passphrase_file_of(config)), str(config.data))
        with self._work("verify"):
            found = msgspec.json.decode(await _answer(work), type=BackupManifest)
        return VerifiedView(
            name=name,
            version=found.version,
            hub=found.hub,
            at=iso(found.at),
            newest=iso(found.newest) if found.newest else None,
            devices=found.devices,
            size=found.size,
        )

    async def stage(self, name: str) -> BackupsView:
        """Check a backup of the folder; at the next start it takes the place of what is stored. Raises CommandError."""
        config = self._config()
        work = StageWork(str(self._file(name)), _text(passphrase_file_of(config)), str(config.data))
        with self._work("stage"):
            await _answer(work)
        self._notify("backup_staged", f"At the next start the backup {name} takes the place of the stored data.")
        return await self.view()

    async def unstage(self) -> BackupsView:
        """Forget what is staged."""
        with self._work("stage"):
            await asyncio.to_thread(discard_staged, self._config().data)
        return await self.view()

    # --- inside --------------------------------------------------------------------------------

    @contextmanager
    def _work(self, what: str) -> Iterator[None]:
        """One piece of work at a time. Raises StoreError."""
        if self._busy:
            raise StoreError("Another backup is being made or read. Wait until that has ended.")
        self._busy = what
        try:
            yield
        finally:
            self._busy = ""

    def _failed(self, why: str) -> None:
        """An event for the first failure of a row of them."""
        self._not_before = self._now() + RETRY_S
        if why != self._problem:
            self._notify("backup_failed", f"No backup was made: {why.rstrip('.')}. It is tried again each hour.")
        log.warning("No backup was made: %s", why)
        self._problem = why

    def _due(self) -> float | None:
        """When the next backup is due, Unix seconds; None where none is planned. Raises StoreError."""
        config = self._config()
        folder, table = folder_of(config), config.tables.backup
        plan = plan_of(table.every, table.at) if table is not None else None
        clock = self._clock()
        if folder is None or plan is None or clock is None:
            return None
        ours = [one.at for one in backups_in(folder, hub_id(config.state)) if one.ours]
        return next_due(plan, ours, clock, config.zone)

    def _view(self) -> BackupsView:
        config = self._config()
        folder, waiting = folder_of(config), staged(config.data)
        files: list[BackupFile] = []
        problem, due = self._problem, None
        try:
            if folder is not None:
                files = backups_in(folder, hub_id(config.state))
                due = self._due()
        except StoreError as error:
            problem = str(error)
        return BackupsView(
            folder=_text(folder),
            problem=problem,
            next=None if due is None else iso(max(due, self._clock() or 0.0)),
            busy=self._busy,
            encrypted=passphrase_file_of(config) is not None,
            files=tuple(
                BackupView(name=one.name, at=iso(one.at), size=one.size, ours=one.ours, encrypted=one.encrypted)
                for one in files
            ),
            staged=None
            if waiting is None
            else StagedView(name=waiting.file, at=iso(waiting.at), aside=str(config.data / waiting.aside)),
        )

    def _file(self, name: str) -> Path:
        folder = folder_of(self._config())
        if folder is None or named(name) is None or not (folder / name).is_file():
            raise CommandError(f"There is no backup {name[:100]!r} in the folder of backups.")
        return folder / name


async def _answer(work: BackupWork) -> bytes:
    return await worker_answer(WORKER, msgspec.json.encode(work))


def _text(path: Path | None) -> str:
    return "" if path is None else str(path.absolute())
