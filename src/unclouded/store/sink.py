"""The store as a sink of facts: collects them and writes a batch each second in one thread.

    hub ── deliver(batch) ──► mailbox ── each interval ──► writer thread ── one transaction ──► store.sqlite

SQLite in WAL mode with synchronous=FULL: committed data survives kill -9 and a power cut; a fact is committed at most
an interval and a write after its delivery. Where writing fails (a full disk), stored data is not lost: the failure is
reported once, the mailbox keeps its facts, and writing is retried every minute. A damaged file is moved aside, and
another takes its place with the readable devices, ledgers and memory (``store.file.salvage``): the hub goes on.
"""

import asyncio
import logging
import sqlite3
import time
from collections import defaultdict
from collections.abc import Callable, Mapping, Sequence
from concurrent.futures import ThreadPoolExecutor
from pathlib import Path
from typing import TypeVar

import msgspec

from unclouded.core.errors import DamagedStore, StoreError
from unclouded.core.model import Device, Fact, Ledger, Notice
from unclouded.store.encoding.codec import device_from_json, ledger_from_json
from unclouded.store.file.compacting import discard_unfinished
from unclouded.store.file.salvage import move_aside, salvage_state
from unclouded.store.file.schema import explain, is_damage, open_to_write
from unclouded.store.future import ClockCheck, put_away_future
from unclouded.store.mailbox import BOUND, Mailbox
from unclouded.store.outbox import StoreOutbox
from unclouded.store.repair import Repair
from unclouded.store.retention.rules import RetentionRule
from unclouded.store.writer import StoreWriter

log = logging.getLogger("unclouded.store")

INTERVAL_S = 1.0  # s from one batch to the next
RETRY_S = 60.0  # s from a failed batch to the next attempt
SEALING_S = 0.02  # s that sealing may take after each batch; one piece more is begun at most
REDO_S = 0.1  # s that rolling up what was edited may take after each batch
YIELD_S = 0.0001  # s between two pieces of work, for what waits for the interpreter's lock: it would wait 5 ms else
RENEWAL_PAUSE_S = 600.0  # s between two files; a disk that damages each of them is retried as any other failure

Answer = TypeVar("Answer")
Argument = TypeVar("Argument")


class StoredState(msgspec.Struct, frozen=True, kw_only=True):
    """The state of the hub when it was last stored; ledgers and memory by identity."""

    ledgers: Mapping[str, Mapping[str, Ledger]]
    memory: Mapping[str, Mapping[str, bytes]]
    devices: Sequence[Device]


class Store:
    """One store file. ``notify`` is called when storing fails, when it works again, and when the file was damaged.

    ``devices``: the devices at present, for a new file; some may have been lost with a damaged one.
    """

    def __init__(
        self,
        path: Path,
        *,
        interval: float = INTERVAL_S,
        retry: float = RETRY_S,
        bound: int = BOUND,
        wall: Callable[[], float] = time.time,
        now: Callable[[], float] = time.monotonic,
    ) -> None:
        self._path = path
        self._interval = interval
        self._retry = retry
        self.notify: Callable[[Notice], None] | None = None
        self.devices: Callable[[], Sequence[Device]] = lambda: ()
        self._wall = wall
        self._now = now
        self._clock = ClockCheck(wall, now)
        self._mailbox = Mailbox(bound, "store")
        self._thread = ThreadPoolExecutor(1, "store")
        self._turn = asyncio.Lock()
        self._next: asyncio.Task[None] | None = None  # a flush that has not taken its batch yet
        self._db: sqlite3.Connection | None = None
        self._writer: StoreWriter | None = None
        self._failing = False
        self._is_open = False
        self._notices: list[Notice] = []  # before anyone could be notified
        self._renewed_s: float | None = None  # when a damaged file was replaced; monotonic
        self._stored = self._batches = self._failures = 0
        self._write_s = 0.0
        self._unsealed_hours = 0
        self._tidy_again_s = float("-inf")  # after a failure; monotonic
        self._retention: tuple[RetentionRule, ...] = ()
        self._why_future = ""  # why rows of the future are to be put away

    def open(self) -> None:
        """Open, create or migrate the file; a damaged one is moved aside. Raises StoreError with what to do."""
        discard_unfinished(self._path)
        self._on_sound_file(self._open)
        self._is_open = True

    def stored_state(self) -> StoredState:
        """The state stored by an earlier run, as far as it can be read. Raises StoreError.

        Of devices that had the same id one after another the last one comes first.
        """
        return self._on_sound_file(self._stored_state)

    def join(self, old: str, new: str, who: str = "config") -> bool:
        """``replaces``: add the history of ``old`` to ``new``. To be called before ``stored_state`` and ``run``."""
        return self._repair(lambda repair: repair.join(old, new, who))

    def forget(self, identity: str, who: str = "cli") -> bool:
        """Delete all data of a device. To be called before ``stored_state`` and ``run``; afterwards: ``erase``."""
        return self._repair(lambda repair: repair.forget(identity, who))

    async def erase(self, identities: Sequence[str], who: str) -> bool:
        """Delete all data of devices that report no more, while the store runs. False where none of them is known.

        Raises StoreError where it cannot be done now; then all of it is still there.
        """
        await self.flush()
        async with self._turn:
            if self._failing or self._writer is None:
                raise StoreError("The history cannot be deleted while storing fails. The hub's events say why it does.")
            done = [await self._in_thread(self._forget_one, (identity, who)) for identity in identities]
            return any(done)

    async def change_history(self, work: Callable[[StoreWriter], Answer]) -> Answer:
        """Edit or import stored values, in the thread that writes, after all that was delivered.

        Raises StoreError where it cannot be done now, and what the work raises; then nothing has changed.
        """
        await self.flush()
        async with self._turn:
            if self._failing:
                raise StoreError("The history cannot be changed while storing fails. The hub's events say why it does.")
            return await self._in_thread(self._explained, lambda: work(self._opened_writer()))

    def report(self, device: str, kind: str, text: str, data: Mapping[str, object]) -> None:
        """Make a change of stored data an event."""
        if self.notify is not None:
            self.notify(Notice(device, self._wall(), kind, text, data))

    def use_retention(self, rules: Sequence[RetentionRule]) -> None:
        """What these rules do not keep is deleted, once that was announced for a day. None: nothing is."""
        self._retention = tuple(rules)

    async def outbox(self, work: Callable[[StoreOutbox], Answer]) -> Answer:
        """What a subscriber asks of the outbox, in the thread that writes. Raises StoreError."""
        async with self._turn:
            return await self._in_thread(self._explained, lambda: work(self._opened_writer().outbox))

    def deliver(self, batch: Sequence[Fact]) -> None:
        """Queue a batch of facts; for Hub.subscribe. Never blocks."""
        self._clock.look()
        self._mailbox.put(batch)

    async def run(self) -> None:
        """Store delivered facts until cancelled."""
        loop = asyncio.get_running_loop()
        due = 0.0
        self._pass_notices()
        while True:
            await self._mailbox.filled()
            await asyncio.sleep(due - loop.time())
            await self.flush()
            due = loop.time() + (self._retry if self._failing else self._interval)

    async def flush(self) -> None:
        """Store the delivered facts now. Where that fails, they stay in the mailbox.

        Callers that arrive while another batch is being written share the next one.
        """
        if self._next is None or self._next.done():
            self._next = asyncio.create_task(self._flush(), name="store.flush")
        await asyncio.shield(self._next)

    async def keep(self) -> bool:
        """Like ``flush``, but does nothing while storing fails: then only ``run`` retries. Is everything stored?"""
        if not self._failing:
            await self.flush()
        return not self._failing

    async def close(self) -> None:
        """Store the rest and close the file. A second call does nothing."""
        await self.flush()
        if self._is_open and len(self._mailbox):
            log.error("%d facts could not be stored and are lost", len(self._mailbox))
        if self._is_open:
            self._is_open = False
            await asyncio.get_running_loop().run_in_executor(self._thread, self._close_file)
        self._thread.shutdown()

    def limit_pages(self, pages: int) -> None:
        """Limit the file to so many pages of 4 KiB, as a full disk would; 0 = no limit."""
        self._opened().execute(f"PRAGMA max_page_count = {pages or 2**32 - 2}")

    def stats(self) -> Mapping[str, float]:
        """Counters since the start; ``write_ms`` of the last batch, ``waiting`` facts in the mailbox.

        ``too_old``: readings that were refused, being of a time whose readings retention has deleted.
        ``unsealed_hours``: how many hours of all devices are old enough to be sealed and are not yet, roughly.
        """
        return {
            "stored": self._stored,
            "batches": self._batches,
            "failures": self._failures,
            "dropped": self._mailbox.dropped,
            "too_old": self._writer.too_old if self._writer else 0,
            "unstorable": self._writer.unstorable if self._writer else 0,
            "waiting": len(self._mailbox),
            "write_ms": self._write_s * 1000,
            "unsealed_hours": self._unsealed_hours,
        }

    # --- inside --------------------------------------------------------------------------------

    def _opened(self) -> sqlite3.Connection:
        if self._db is None:
            raise StoreError(f"The store {self._path} is not open.")
        return self._db

    def _opened_writer(self) -> StoreWriter:
        if self._writer is None:
            raise StoreError(f"The store {self._path} is not open.")
        return self._writer

    def _open(self) -> None:
        self._db = open_to_write(self._path)
        self._writer = StoreWriter(self._db, self._wall, self._now)
        self._unsealed_hours = self._writer.sealer.hours_left()

    def _stored_state(self) -> StoredState:
        db = self._opened()
        ledgers: dict[str, dict[str, Ledger]] = defaultdict(dict)
        for identity, point, text in db.execute("SELECT identity, point, json FROM ledger"):
            ledgers[identity][point] = ledger_from_json(text)
        memory: dict[str, dict[str, bytes]] = defaultdict(dict)
        for identity, key, value in db.execute("SELECT identity, key, value FROM memory"):
            if not isinstance(value, bytes):
                raise DamagedStore(f"What the store {self._path} remembers is damaged.")
            memory[identity][key] = value
        infos = db.execute("SELECT info FROM device ORDER BY id IS NULL, number")
        devices = [device_from_json(info) for (info,) in infos]
        return StoredState(ledgers=dict(ledgers), memory=dict(memory), devices=devices)

    def _on_sound_file(self, work: Callable[[], Answer]) -> Answer:
        """Do the work; where the file proves to be damaged, on a new one. Raises StoreError."""
        try:
            return self._explained(work)
        except DamagedStore as error:
            self._renew(str(error))
            return self._explained(work)

    def _explained(self, work: Callable[[], Answer]) -> Answer:
        try:
            return work()
        except (sqlite3.Error, UnicodeDecodeError) as error:
            raise explain(self._path, error) from None

    def _renew(self, why: str) -> None:
        """Move the damaged file aside, never delete it, and go on with a new one that has its readable state."""
        self._close_file()
        moved = move_aside(self._path, self._wall())
        self._open()
        done = salvage_state(moved, self._opened(), self._wall)
        self._writer = StoreWriter(self._opened(), self._wall, self._now)
        self._renewed_s = self._now()
        log.error("%s", why)
        text = (
            f"The store was damaged. It is kept as {moved.name}; a new one is in use, with the totals of "
            f"{done.rows['ledger']} counters. To bring over its history, stop the hub and run: "
            f"unclouded store salvage {moved}"
        )
        log.error("%s", text)
        self._notices.append(Notice("", self._wall(), "store_damaged", text))

    def _close_file(self) -> None:
        if self._db is not None:
            self._db.close()
        self._db = self._writer = None

    def _repair(self, work: Callable[[Repair], bool]) -> bool:
        done = self._on_sound_file(lambda: work(Repair(self._opened(), self._wall)))
        if self._writer is not None:
            self._writer.reload()
        return done

    def _forget_one(self, who: tuple[str, str]) -> bool:
        """In the thread: an identity, and who deletes its data."""
        return self._explained(lambda: self.forget(*who))

    def _tidy(self, writer: StoreWriter) -> None:
        """The batch is stored. What fails here is tried again later; the batch is not stored twice for it."""
        self._why_future = self._clock.why() or self._why_future
        if self._now() < self._tidy_again_s:
            return
        try:
            self._put_away(writer)
            self._seal(writer)
            self._delete_old(writer)
        except sqlite3.OperationalError as error:
            if is_damage(error):
                raise
            self._tidy_again_s = self._now() + self._retry
            log.warning("Old hours are not sealed now: %s", error)

    def _put_away(self, writer: StoreWriter) -> None:
        """Put away rows of the future, where the clock proves to have been ahead."""
        why = self._why_future
        count = put_away_future(self._opened(), self._wall(), why) if why else 0
        self._why_future = ""
        if count:
            writer.reload()
            text = f"{count} stored rows of the future were put away: {why}."
            log.warning("%s", text)
            self._notices.append(Notice("", self._wall(), "store_future", text))

    def _seal(self, writer: StoreWriter) -> None:
        """Roll up what was edited, and seal old hours, for a while: most of a second stays free for what is live."""
        until = time.perf_counter() + REDO_S
        while time.perf_counter() < until and writer.unrolled.step():
            pass
        until = time.perf_counter() + SEALING_S
        is_busy = True
        while is_busy and time.perf_counter() < until:
            is_busy = writer.sealer.step()
            time.sleep(YIELD_S)
        if is_busy or self._unsealed_hours:
            self._unsealed_hours = writer.sealer.hours_left() if is_busy else 0

    def _delete_old(self, writer: StoreWriter) -> None:
        """Delete what retention does not keep, for a while."""
        writer.deleter.notify = self._note_retention
        writer.deleter.use(self._retention)
        until = time.perf_counter() + SEALING_S
        while time.perf_counter() < until and writer.deleter.step():
            time.sleep(YIELD_S)

    def _note_retention(self, text: str) -> None:
        log.warning("%s", text)
        self._notices.append(Notice("", self._wall(), "retention", text))

    def _write(self, batch: Sequence[Fact]) -> None:
        """Store a batch; in the thread. Raises sqlite3.Error, DamagedStore."""
        writer = self._writer
        if writer is None:  # a damaged file could not be replaced yet
            self._open()
            writer = self._writer
        try:
            if writer is not None:
                writer.write(batch)
                self._tidy(writer)
        except sqlite3.IntegrityError as error:
            found = self._opened().execute("PRAGMA quick_check(1)").fetchone()
            if found != ("ok",):
                raise DamagedStore(f"The store {self._path} is damaged ({found[0]}).") from error
            raise
        except UnicodeDecodeError as error:
            raise explain(self._path, error) from None

    async def _flush(self) -> None:
        async with self._turn:
            self._next = None  # later facts belong to the next flush
            batch = self._mailbox.take() if self._is_open else []
            if not batch:
                return
            started = time.perf_counter()
            try:
                await self._in_thread(self._write, batch)
            except (sqlite3.OperationalError, sqlite3.DatabaseError, StoreError) as error:
                # Subclasses (integrity, misuse) are programming errors: a retry would fail the same way.
                if isinstance(error, sqlite3.Error) and type(error) not in (
                    sqlite3.OperationalError,
                    sqlite3.DatabaseError,
                ):
                    raise
                self._mailbox.put_back(batch)
                await self._failed(error)
                return
            self._write_s = time.perf_counter() - started
            self._succeed(len(batch))
            self._pass_notices()

    async def _failed(self, error: sqlite3.Error | StoreError) -> None:
        """A batch could not be stored: a damaged file is replaced at once, all else is tried again later."""
        recent = self._renewed_s is not None and self._now() - self._renewed_s < RENEWAL_PAUSE_S
        damaged = isinstance(error, DamagedStore) or (isinstance(error, sqlite3.Error) and is_damage(error))
        if not damaged or recent:
            self._fail(error)
            return
        try:
            await self._in_thread(self._renew, str(error))
        except (sqlite3.Error, StoreError) as second:
            self._fail(second)
            return
        self._pass_notices()
        known = [device for device in self.devices() if device.identity]
        self._mailbox.put_back([*known, *self._mailbox.take()])

    async def _in_thread(self, work: Callable[[Argument], Answer], argument: Argument) -> Answer:
        return await asyncio.get_running_loop().run_in_executor(self._thread, work, argument)

    def _pass_notices(self) -> None:
        while self._notices and self.notify is not None:
            self.notify(self._notices.pop(0))

    def _fail(self, error: sqlite3.Error | StoreError) -> None:
        self._failures += 1
        if not self._failing:
            self._failing = True
            self._notify(
                "store_failed",
                f"Storing has stopped: {str(error).rstrip('.')}. The hub continues and retries every minute.",
            )

    def _succeed(self, facts: int) -> None:
        self._stored += facts
        self._batches += 1
        if self._failing:
            self._failing = False
            self._notify("store_works", f"Storing works again; {self._mailbox.dropped} readings were lost meanwhile.")

    def _notify(self, kind: str, text: str) -> None:
        log.log(logging.ERROR if self._failing else logging.INFO, text)
        if self.notify is not None:
            self.notify(Notice("", self._wall(), kind, text))
