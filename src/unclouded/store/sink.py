"""The store as a sink of facts: collects them and writes a batch each second in one thread.

    hub ── deliver(batch) ──► mailbox ── each interval ──► writer thread ── one transaction ──► store.sqlite

SQLite in WAL mode with synchronous=FULL: committed data survives kill -9 and a power cut; a fact is committed at most
an interval and a write after its delivery. Where writing fails (a full disk), stored data is not lost: the failure is
reported once, the mailbox keeps its facts, and writing is retried every minute.
"""

import asyncio
import logging
import sqlite3
import time
from collections import defaultdict
from collections.abc import Callable, Mapping, Sequence
from concurrent.futures import ThreadPoolExecutor
from pathlib import Path

import msgspec

from unclouded.core.errors import StoreError
from unclouded.core.model import Device, Fact, Ledger, Notice
from unclouded.store.codec import device_from_json, ledger_from_json
from unclouded.store.mailbox import BOUND, Mailbox
from unclouded.store.repair import Repair
from unclouded.store.schema import explain, open_to_write
from unclouded.store.writer import StoreWriter

log = logging.getLogger("unclouded.store")

INTERVAL_S = 1.0  # s from one batch to the next
RETRY_S = 60.0  # s from a failed batch to the next attempt


class StoredState(msgspec.Struct, frozen=True, kw_only=True):
    """The state of the hub when it was last stored; ledgers and memory by identity."""

    ledgers: Mapping[str, Mapping[str, Ledger]]
    memory: Mapping[str, Mapping[str, bytes]]
    devices: Sequence[Device]


class Store:
    """One store file. ``notify`` is called once when storing fails and once when it works again."""

    def __init__(
        self,
        path: Path,
        *,
        interval: float = INTERVAL_S,
        retry: float = RETRY_S,
        bound: int = BOUND,
        wall: Callable[[], float] = time.time,
    ) -> None:
        self._path = path
        self._interval = interval
        self._retry = retry
        self.notify: Callable[[Notice], None] | None = None
        self._wall = wall
        self._mailbox = Mailbox(bound, "store")
        self._thread = ThreadPoolExecutor(1, "store")
        self._turn = asyncio.Lock()
        self._next: asyncio.Task[None] | None = None  # a flush that has not taken its batch yet
        self._db: sqlite3.Connection | None = None
        self._writer: StoreWriter | None = None
        self._failing = False
        self._stored = self._batches = self._failures = 0
        self._write_s = 0.0

    def open(self) -> None:
        """Open, create or migrate the file. Raises StoreError with what to do."""
        self._db = open_to_write(self._path)
        try:
            self._writer = StoreWriter(self._db, self._wall)
        except sqlite3.Error as error:
            raise explain(self._path, error) from None

    def stored_state(self) -> StoredState:
        """The state stored by an earlier run. Raises StoreError where it is damaged."""
        db = self._opened()
        try:
            ledgers: dict[str, dict[str, Ledger]] = defaultdict(dict)
            for identity, point, text in db.execute("SELECT identity, point, json FROM ledger"):
                ledgers[identity][point] = ledger_from_json(text)
            memory: dict[str, dict[str, bytes]] = defaultdict(dict)
            for identity, key, value in db.execute("SELECT identity, key, value FROM memory"):
                memory[identity][key] = value
            infos = db.execute("SELECT info FROM device ORDER BY number")
            devices = [device_from_json(info) for (info,) in infos]
        except sqlite3.Error as error:
            raise explain(self._path, error) from None
        return StoredState(ledgers=dict(ledgers), memory=dict(memory), devices=devices)

    def join(self, old: str, new: str, who: str = "config") -> bool:
        """``replaces``: add the history of ``old`` to ``new``. To be called before ``stored_state`` and ``run``."""
        return self._repair(lambda repair: repair.join(old, new, who))

    def forget(self, identity: str, who: str = "cli") -> bool:
        """Delete all data of a device. To be called before ``stored_state`` and ``run``."""
        return self._repair(lambda repair: repair.forget(identity, who))

    def deliver(self, batch: Sequence[Fact]) -> None:
        """Queue a batch of facts; for Hub.subscribe. Never blocks."""
        self._mailbox.put(batch)

    async def run(self) -> None:
        """Store delivered facts until cancelled."""
        loop = asyncio.get_running_loop()
        due = 0.0
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

    async def keep(self) -> None:
        """Like ``flush``, but does nothing while storing fails: then only ``run`` retries."""
        if not self._failing:
            await self.flush()

    async def close(self) -> None:
        """Store the rest and close the file. A second call does nothing."""
        await self.flush()
        if self._db is not None and len(self._mailbox):
            log.error("%d facts could not be stored and are lost", len(self._mailbox))
        if self._db is not None:
            await asyncio.get_running_loop().run_in_executor(self._thread, self._db.close)
            self._db = self._writer = None
        self._thread.shutdown()

    def limit_pages(self, pages: int) -> None:
        """Limit the file to so many pages of 4 KiB, as a full disk would; 0 = no limit."""
        self._opened().execute(f"PRAGMA max_page_count = {pages or 2**32 - 2}")

    def stats(self) -> Mapping[str, float]:
        """Counters since the start; ``write_ms`` of the last batch, ``waiting`` facts in the mailbox."""
        return {
            "stored": self._stored,
            "batches": self._batches,
            "failures": self._failures,
            "dropped": self._mailbox.dropped,
            "unstorable": self._writer.unstorable if self._writer else 0,
            "waiting": len(self._mailbox),
            "write_ms": self._write_s * 1000,
        }

    # --- inside --------------------------------------------------------------------------------

    def _opened(self) -> sqlite3.Connection:
        if self._db is None:
            raise StoreError(f"The store {self._path} is not open.")
        return self._db

    def _repair(self, work: Callable[[Repair], bool]) -> bool:
        try:
            done = work(Repair(self._opened(), self._wall))
        except sqlite3.Error as error:
            raise explain(self._path, error) from None
        if self._writer is not None:
            self._writer.reload()
        return done

    async def _flush(self) -> None:
        async with self._turn:
            self._next = None  # later facts belong to the next flush
            batch = self._mailbox.take()
            if not batch or self._writer is None:
                return
            started = time.perf_counter()
            try:
                await asyncio.get_running_loop().run_in_executor(self._thread, self._writer.write, batch)
            except (sqlite3.OperationalError, sqlite3.DatabaseError) as error:
                # Subclasses (integrity, misuse) are programming errors: a retry would fail the same way.
                if type(error) not in (sqlite3.OperationalError, sqlite3.DatabaseError):
                    raise
                self._mailbox.put_back(batch)
                self._fail(error)
                return
            self._write_s = time.perf_counter() - started
            self._succeed(len(batch))

    def _fail(self, error: sqlite3.Error) -> None:
        self._failures += 1
        if not self._failing:
            self._failing = True
            self._notify("store_failed", f"Storing has stopped: {error}. The hub continues and retries every minute.")

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
