"""Changes to stored data: joining the histories of two devices, deleting one. Each adds a row to ``audit``."""

import sqlite3
from collections.abc import Callable
from contextlib import suppress
from typing import Any

from unclouded.core.errors import DamagedStore
from unclouded.core.model import Ledger, inherited
from unclouded.store.editing.unrolled import Unrolled
from unclouded.store.encoding.codec import ledger_from_json, ledger_to_json, to_json
from unclouded.store.outbox import StoreOutbox
from unclouded.store.rollup import Rollup
from unclouded.store.sealing import unseal
from unclouded.store.transaction import transaction

PUT_LEDGER = "INSERT OR REPLACE INTO ledger VALUES (?, ?, ?, ?)"
BOTH_SEALED = "SELECT start FROM chunk WHERE device = ? INTERSECT SELECT start FROM chunk WHERE device = ?"
PUT_FLAG = "INSERT OR IGNORE INTO flag SELECT coalesce(max(bit), -1) + 1, ?1 FROM flag"
PUT_AUDIT = "INSERT INTO audit (at, who, what, json) VALUES (?, ?, ?, ?)"


class Repair:
    """Works on the writer's connection. Every call is one transaction, except ``join_within``."""

    def __init__(self, db: sqlite3.Connection, wall: Callable[[], float]) -> None:
        self._db = db
        self._wall = wall

    def join(self, old: str, new: str, who: str) -> bool:
        """Add the history of identity ``old`` to that of ``new``. False where ``old`` is unknown.

        Totals of the new device continue from those of the old one. Session memory is not transferred.
        """
        if old == new or self._number(old) is None:
            return False
        with transaction(self._db):
            self.join_within(old, new, who)
        return True

    def forget(self, identity: str, who: str) -> bool:
        """Delete a device and all its data. False where it is unknown."""
        number = self._number(identity)
        if number is None:
            return False
        with transaction(self._db):
            self._forget(identity, number, who)
        return True

    def join_within(self, old: str, new: str, who: str) -> None:
        """Join a known ``old`` within the caller's transaction."""
        self._audit("join", who, old, into=new)
        source, target = self._number(old), self._number(new)
        StoreOutbox(self._db, self._wall).mark_data(device=source)
        if target is None:
            self._db.execute("UPDATE device SET identity = ? WHERE identity = ?", (new, old))
        elif source is not None:
            self._move_rows(source, target)
        for ledger in self._ledgers(old):
            self._transfer(ledger, new)
        self._db.execute("DELETE FROM ledger WHERE identity = ?", (old,))
        self._db.execute("DELETE FROM memory WHERE identity = ?", (old,))

    def _move_rows(self, source: int, target: int) -> None:
        """Move rows to ``target``. Series keep their numbers, so blobs stay as they are; shared seconds are merged."""
        pair = (target, source)
        rollup = Rollup(self._db, self._wall)
        plan = rollup.plan_of(pair)
        for (start,) in self._db.execute(BOTH_SEALED, pair).fetchall():
            self._unseal_one(pair[::-1], start)
        self._db.execute("UPDATE OR IGNORE chunk SET device = ? WHERE device = ?", pair)
        self._db.execute(
            "INSERT INTO sample SELECT ?, second, blob FROM sample WHERE device = ? "
            "ON CONFLICT DO UPDATE SET blob = merge(blob, excluded.blob)",
            pair,
        )
        self._db.execute("UPDATE series SET device = ? WHERE device = ?", pair)
        for table in ("event", "edit", "imported", "unrolled"):
            self._db.execute(f"UPDATE {table} SET device = ? WHERE device = ?", pair)
        self._db.execute("UPDATE OR IGNORE alias SET device = ? WHERE device = ?", pair)
        first = "SELECT first_seen FROM device WHERE number = ?"
        self._db.execute(f"UPDATE device SET first_seen = min(first_seen, ({first})) WHERE number = ?", pair[::-1])
        for table, column in (("sample", "device"), ("rolled", "device"), ("alias", "device"), ("device", "number")):
            self._db.execute(f"DELETE FROM {table} WHERE {column} = ?", (source,))
        rollup.carry_out(target, plan)
        Unrolled(self._db, rollup).add_edited(target)

    def _unseal_one(self, devices: tuple[int, int], start: int) -> None:
        """Unseal the hour of one of them, so that the other's may be kept. A damaged one stays, for a salvage."""
        for device in devices:
            with suppress(DamagedStore):
                unseal(self._db, device, start)
                return

    def _transfer(self, ledger: Ledger, new: str) -> None:
        """The new device's total continues from the old one's; the last counter level stays that of the new device."""
        row = self._db.execute(
            "SELECT json FROM ledger WHERE identity = ? AND point = ?", (new, ledger.point)
        ).fetchone()
        merged = inherited(ledger, ledger_from_json(row[0]) if row else Ledger(identity=new, point=ledger.point))
        self._db.execute(PUT_LEDGER, (new, merged.point, merged.total, ledger_to_json(merged)))

    def _forget(self, identity: str, number: int, who: str) -> None:
        self._audit("forget", who, identity)
        StoreOutbox(self._db, self._wall).mark_data(device=number)
        for table in ("rollup", "expired"):
            self._db.execute(f"DELETE FROM {table} WHERE series IN (SELECT id FROM series WHERE device = ?)", (number,))
        for table in ("sample", "chunk", "rolled", "series", "event", "alias", "edit", "imported", "unrolled"):
            self._db.execute(f"DELETE FROM {table} WHERE device = ?", (number,))
        for table in ("ledger", "memory", "device"):
            self._db.execute(f"DELETE FROM {table} WHERE identity = ?", (identity,))

    def _audit(self, what: str, who: str, identity: str, **more: Any) -> None:  # Any: JSON
        """Record who did what, and the device's row and ledgers before; never its memory."""
        columns = "identity, id, family, link, info, first_seen, last_seen"
        row = self._db.execute(f"SELECT {columns} FROM device WHERE identity = ?", (identity,)).fetchone()
        ledgers = {ledger.point: ledger.total for ledger in self._ledgers(identity)}
        entry = {"device": dict(zip(columns.split(", "), row, strict=True)), "totals_mWh": ledgers, **more}
        self._db.execute(PUT_AUDIT, (self._wall(), who, what, to_json(entry)))

    def _ledgers(self, identity: str) -> list[Ledger]:
        rows = self._db.execute("SELECT json FROM ledger WHERE identity = ?", (identity,))
        return [ledger_from_json(text) for (text,) in rows]

    def _number(self, identity: str) -> int | None:
        row = self._db.execute("SELECT number FROM device WHERE identity = ?", (identity,)).fetchone()
        return None if row is None else int(row[0])


def flag_bit(db: sqlite3.Connection, name: str) -> int:
    """The bit of a flag, a new one where there is none yet; within the caller's transaction."""
    db.execute(PUT_FLAG, (name,))
    return int(db.execute("SELECT bit FROM flag WHERE name = ?", (name,)).fetchone()[0])
