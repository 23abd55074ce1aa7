"""Makes and undoes edits, each in one transaction with what follows from it: audit, rollups."""

import sqlite3
from collections.abc import Callable

from unclouded.core.errors import CommandError
from unclouded.core.times import iso
from unclouded.store.editing.edit import (
    COLUMNS,
    EDITED,
    HistoryEdit,
    NewEdit,
    edit_of,
    is_energy_counter,
    value_to_json,
)
from unclouded.store.editing.unrolled import Unrolled
from unclouded.store.encoding.codec import to_json
from unclouded.store.outbox import StoreOutbox
from unclouded.store.repair import PUT_AUDIT, flag_bit
from unclouded.store.transaction import changing

PUT_EDIT = """INSERT INTO edit (device, point, start, until, action, value, estimated, reason, who, at)
    VALUES (?, ?, ?, ?, ?, ?, ?, ?, ?, ?)"""
GET = f"SELECT {COLUMNS} FROM edit WHERE number = ?"
UNDO = "UPDATE edit SET undone_at = ?, undone_by = ? WHERE number = ?"
IDENTITY = "SELECT identity FROM device WHERE number = ?"
OLDEST = """SELECT min(at) FROM (SELECT min(second) AS at FROM sample WHERE device = ?1
    UNION ALL SELECT min(first) FROM chunk WHERE device = ?1
    UNION ALL SELECT min(start) FROM rollup JOIN series ON id = series WHERE device = ?1 AND span = 3600)"""


class EditWriter:
    """Works on the writer's connection. ``wall``: the clock. ``reload``: tables may have changed."""

    def __init__(
        self,
        db: sqlite3.Connection,
        wall: Callable[[], float],
        pending: Unrolled,
        outbox: StoreOutbox,
        reload: Callable[[], None],
    ) -> None:
        self._db = db
        self._wall = wall
        self._pending = pending
        self._outbox = outbox
        self._reload = reload

    def make(self, edit: NewEdit, who: str) -> HistoryEdit:
        """Store an edit. Raises CommandError where its device is gone, and sqlite3.Error."""
        with changing(self._db, self._reload):
            identity = self._identity(edit.device)
            value = value_to_json(edit.value)
            place = (edit.device, edit.point, edit.start, edit.until, edit.action, value, edit.is_estimated)
            cursor = self._db.execute(PUT_EDIT, (*place, edit.reason, who, self._wall()))
            made = self._edit(cursor.lastrowid or 0)
            self._follow(made, edit.action, who, identity)
        return made

    def undo(self, number: int, who: str) -> HistoryEdit:
        """Mark an edit as undone. Raises CommandError where there is none, and sqlite3.Error."""
        with changing(self._db, self._reload):
            edit = self._edit(number)
            if edit.undone_at is not None:
                raise CommandError(f"Edit {number} is undone already.")
            self._db.execute(UNDO, (self._wall(), who, number))
            self._follow(edit, "restore", who, self._identity(edit.device))
            return self._edit(number)

    # --- inside --------------------------------------------------------------------------------

    def _follow(self, edit: HistoryEdit, what: str, who: str, identity: str) -> None:
        flag_bit(self._db, EDITED)
        entry = {
            "device": identity,
            "edit": edit.number,
            "point": edit.point,
            "from_ms": edit.start,
            "to_ms": edit.until,
            "value": value_to_json(edit.value),
            "reason": edit.reason,
        }
        self._db.execute(PUT_AUDIT, (self._wall(), who, f"history_{what}", to_json(entry)))
        self._outbox.mark_data(edit.start // 1000, -(-edit.until // 1000), edit.device)
        if self._is_energy(edit):
            self._mark_hours(edit)
            return
        self._must_have_samples(edit)
        self._pending.add(edit.device, edit.point, edit.start, edit.until)

    def _mark_hours(self, edit: HistoryEdit) -> None:
        """All hours of the range, also those without readings: the energy of a time without contact is in them.

        Not those before the device had any reading, unless the edit gives them energy.
        """
        (oldest,) = self._db.execute(OLDEST, (edit.device,)).fetchone()
        begins = [piece.start // 1000 for piece in edit.value.energy] + ([] if oldest is None else [oldest])
        since, last = max(edit.start // 1000, min(begins, default=0)), (edit.until - 1) // 1000
        if begins and since <= last:
            self._outbox.mark_silence(since, last)

    def _is_energy(self, edit: HistoryEdit) -> bool:
        """Whether it concerns a counter of energy, whose levels stay as they are."""
        kinds = self._db.execute("SELECT kind FROM series WHERE device = ? AND point = ?", (edit.device, edit.point))
        return all(is_energy_counter(edit.point, kind) for (kind,) in kinds)

    def _must_have_samples(self, edit: HistoryEdit) -> None:
        """Rollups are computed from samples, and could not be where these are gone. Raises CommandError."""
        until = self._pending.deleted_until(edit.device, edit.point)
        if edit.start < until * 1000:
            raise CommandError(
                f"The readings of {edit.point} before {iso(until)} were deleted by a rule of retention; what is kept "
                "of them in steps cannot be changed any more. Choose a range after that."
            )

    def _edit(self, number: int) -> HistoryEdit:
        row = self._db.execute(GET, (number,)).fetchone()
        if row is None:
            raise CommandError(f"There is no edit {number}.")
        return edit_of(row)

    def _identity(self, device: int) -> str:
        row = self._db.execute(IDENTITY, (device,)).fetchone()
        if row is None:
            raise CommandError("The device is no longer in the store.")
        return str(row[0])
