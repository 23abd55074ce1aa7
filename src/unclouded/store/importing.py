"""Energy from before the first reading of a counter, imported from a file: written and undone in one transaction.

    levels   imported ──────────────╮ first own reading, whose level stays as it is
             counted backwards from ┘

So the present total does not change; levels before it may be negative. Imported samples have the flag ``imported``.
"""

import json
import sqlite3
import zlib
from collections.abc import Callable, Iterable, Sequence
from typing import NamedTuple

from unclouded.core.errors import CommandError, DamagedStore
from unclouded.core.times import iso
from unclouded.store.editing.unrolled import Unrolled
from unclouded.store.encoding import blob
from unclouded.store.encoding.chunk import SPAN_S
from unclouded.store.encoding.codec import QUALITIES, to_json
from unclouded.store.outbox import StoreOutbox
from unclouded.store.repair import PUT_AUDIT, flag_bit
from unclouded.store.sealing import PUT_SAMPLE, unseal
from unclouded.store.transaction import changing

IMPORTED = "imported"  # the flag
SERIES = "SELECT id, exponent FROM series WHERE device = ? AND point = ? AND kind = 'counter' ORDER BY id DESC LIMIT 1"
PUT_IMPORT = "INSERT INTO imported (device, source, data, who, at) VALUES (?, ?, ?, ?, ?)"
GET = "SELECT device, source, data, undone_at FROM imported WHERE number = ?"
UNDO = "UPDATE imported SET undone_at = ?, undone_by = ? WHERE number = ?"
LATER = "SELECT number, data FROM imported WHERE device = ? AND number > ? AND undone_at IS NULL ORDER BY number DESC"
SAMPLE = "SELECT blob FROM sample WHERE device = ? AND second = ?"


class ImportedLevel(NamedTuple):
    """Unix ms, level in mWh, and whether the time of it was worked out."""

    at: int
    mWh: int
    is_estimated: bool


class ImportWriter:
    """Works on the writer's connection. ``reload``: tables may have changed."""

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

    def write(self, device: int, point: str, levels: Sequence[ImportedLevel], source: str, who: str) -> int:
        """Store levels of a counter, all before its first own reading; the number of the import.

        Raises CommandError where the device has no such counter, and sqlite3.Error.
        """
        with changing(self._db, self._reload):
            found = self._db.execute(SERIES, (device, point)).fetchone()
            if found is None or not levels:
                raise CommandError(f"The store has no counter {point} of the device, or there is nothing to import.")
            if levels[0].at < 1000 * (until := self._pending.deleted_until(device, point)):
                raise CommandError(
                    f"A rule of retention deletes the readings of {point} before {iso(until)}: what is imported before "
                    "that could not be kept. Import before such a rule has begun to delete."
                )
            series, exponent = found
            bit = flag_bit(self._db, IMPORTED)
            rows = []
            for at, mWh, is_estimated in levels:
                second, ms = divmod(at, 1000)
                marks = (QUALITIES.index("estimated") if is_estimated else 0) | 4 << bit
                value = mWh * 10 ** (-3 - exponent) if exponent <= -3 else round(mWh / 10 ** (3 + exponent))
                rows.append((device, second, blob.encode([(ms, series, value, marks)])))
            self._db.executemany(PUT_SAMPLE, rows)
            times = [level.at for level in levels]
            data = zlib.compress(json.dumps({"point": point, "times": times}).encode())
            number = self._db.execute(PUT_IMPORT, (device, source, data, who, self._wall())).lastrowid or 0
            self._follow(
                device, point, times, who, "import", {"import": number, "source": source, "samples": len(times)}
            )
        return number

    def undo(self, number: int, who: str) -> int:
        """Remove what an import stored; how many samples. Raises CommandError, DamagedStore and sqlite3.Error."""
        with changing(self._db, self._reload):
            found = self._db.execute(GET, (number,)).fetchone()
            if found is None or found[3] is not None:
                raise CommandError(
                    f"There is no import {number}." if found is None else f"Import {number} is undone already."
                )
            device, source, data, _ = found
            point, times = _content(data)
            self._must_be_newest(number, device, point)
            series = {
                one
                for (one,) in self._db.execute("SELECT id FROM series WHERE device = ? AND point = ?", (device, point))
            }
            gone = self._remove(device, series, times)
            self._db.execute(UNDO, (self._wall(), who, number))
            self._follow(
                device, point, times, who, "import_undone", {"import": number, "source": source, "samples": gone}
            )
        return gone

    # --- inside --------------------------------------------------------------------------------

    def _must_be_newest(self, number: int, device: int, point: str) -> None:
        """A later import lies before this one, and its levels lead to those of this one. Raises CommandError."""
        for later, data in self._db.execute(LATER, (device, number)).fetchall():
            if _content(data)[0] == point:
                raise CommandError(f"Import {later} was counted backwards from this one: undo import {later} first.")

    def _remove(self, device: int, series: set[int], times: Iterable[int]) -> int:
        marked, gone = 4 << flag_bit(self._db, IMPORTED), 0
        by_second: dict[int, set[int]] = {}
        for at in times:
            by_second.setdefault(at // 1000, set()).add(at % 1000)
        for hour in sorted({second // SPAN_S * SPAN_S for second in by_second}):
            if self._db.execute("SELECT 1 FROM chunk WHERE device = ? AND start = ?", (device, hour)).fetchone():
                unseal(self._db, device, hour)
        for second, moments in by_second.items():
            for (data,) in self._db.execute(SAMPLE, (device, second)).fetchall():
                entries = blob.decode(data)
                left = [one for one in entries if not (one[0] in moments and one[1] in series and one[3] & marked)]
                gone += len(entries) - len(left)
                if left:
                    row = (blob.encode(left), device, second)
                    self._db.execute("UPDATE sample SET blob = ? WHERE device = ? AND second = ?", row)
                else:
                    self._db.execute("DELETE FROM sample WHERE device = ? AND second = ?", (device, second))
        return gone

    def _follow(
        self, device: int, point: str, times: Sequence[int], who: str, what: str, entry: dict[str, object]
    ) -> None:
        self._pending.add(device, point, min(times), max(times) + 1)
        self._outbox.mark((device, at // 1000) for at in times)
        self._outbox.mark_silence(min(times) // 1000, max(times) // 1000)
        self._outbox.mark_catalogue()  # the flag
        self._db.execute(PUT_AUDIT, (self._wall(), who, what, to_json({"point": point, **entry})))


def _content(data: bytes) -> tuple[str, list[int]]:
    """The point and the times of an import. Raises DamagedStore."""
    try:
        content = json.loads(zlib.decompress(data))
        return str(content["point"]), [int(at) for at in content["times"]]
    except (zlib.error, ValueError, KeyError, TypeError) as error:
        raise DamagedStore(f"An import in the store is damaged: {error}.") from None
