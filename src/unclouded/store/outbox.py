"""The outbox: which windows of time have changed since a subscriber last got them. No copies of data.

    writer ── one transaction ──► sample, rollup
                             └──► outbox(level, start, number)        only while there is a subscriber
    subscriber ◄── closed() ── reads the window from the store ── sends it ── acknowledge(level, start, number)

A window that is sent says "this is 12:05 to 12:10 as it stands, version ``number``", so the consumer keeps the content
with the higher number, and loss, repetition and another order do no harm. A window is dirty until its newest number is
acknowledged. Numbers are ``max(last + 1, Unix ms)``: they rise over restarts, and over an older copy of the store.
Acknowledged windows stay in the table, 16 bytes each, for the comparison of days (``digest``, ``sums``). A version that
the consumer cannot read is marked so, and not given again until the window changes.

Samples mark the windows of raw, minute, quarter and energy; events those of events; and a change of devices, series and
flags the catalogue, which is one window.
"""

import sqlite3
from collections.abc import Callable, Collection, Iterable, Iterator, Mapping, Sequence
from contextlib import closing
from pathlib import Path

import msgspec

from unclouded.core.errors import StoreError
from unclouded.store.encoding.codec import VALUE
from unclouded.store.transaction import transaction

SAMPLED: Mapping[str, int] = {"raw": 300, "minute": 300, "quarter": 900, "energy": 3600}  # s of one window
ENERGY, EVENTS, CATALOGUE = "energy", "events", "catalogue"
LEVELS: Mapping[str, int] = {**SAMPLED, EVENTS: 300, CATALOGUE: 300}  # the catalogue has one, from 0 on
UNIT_S = 300  # every window is a multiple
QUARTER = 900
DAY = 86_400
GRACE_S = 10  # s after the end of a window until it is closed: the last batches
MOST = 100  # windows that are given at once
MOST_FRESH = 2000  # marked windows that are remembered

Place = tuple[int, int]  # device, second

MARK = """INSERT INTO outbox VALUES (?, ?, ?, 0, 0)
    ON CONFLICT (level, start) DO UPDATE SET number = excluded.number"""
FILL = "INSERT OR IGNORE INTO outbox VALUES (?, ?, ?, 0, 0)"
IS_DIRTY = """number <> known AND number <> refused AND start + CASE level
    WHEN 'quarter' THEN 900 WHEN 'energy' THEN 3600 ELSE 300 END <= ?"""
DIRTY = f"""SELECT level, start, number FROM outbox WHERE {IS_DIRTY} AND level <> '{CATALOGUE}'
    ORDER BY start DESC, level LIMIT ?"""
DIRTY_CATALOGUE = f"SELECT level, start, number FROM outbox WHERE level = '{CATALOGUE}' AND {IS_DIRTY}"
BEHIND = f"SELECT count(*) FROM outbox WHERE {IS_DIRTY}"
DIRTY_DAYS = f"SELECT DISTINCT level, start / 86400 FROM outbox WHERE {IS_DIRTY}"
REFUSE = "UPDATE outbox SET refused = ?3 WHERE level = ?1 AND start = ?2 AND number = ?3"
TRY_REFUSED = "UPDATE outbox SET refused = 0 WHERE refused <> 0"
REFUSED = "SELECT level, start, number FROM outbox WHERE number <> known AND number = refused ORDER BY start LIMIT ?"
AGAIN = "UPDATE outbox SET known = 0, number = ? WHERE level = ? AND start > ? AND start < ?"
KNOWN = "UPDATE outbox SET known = max(known, ?3) WHERE level = ?1 AND start = ?2 AND number >= ?3"
NUMBER = "SELECT number FROM outbox WHERE level = ? AND start = ?"
LAST = "SELECT max(coalesce((SELECT max(number) FROM outbox), 0), coalesce((SELECT max(number) FROM subscription), 0))"
RAISE = "UPDATE outbox SET number = ? WHERE number <> known"
KEEP_NUMBER = "UPDATE subscription SET number = max(number, ?)"
ACKNOWLEDGED = "SELECT start / 86400, known FROM outbox WHERE level = ? AND start >= ? AND known <> 0 ORDER BY start"
OLDEST = "SELECT min(start) FROM outbox WHERE level = ?"
SUBSCRIBE = "INSERT INTO subscription VALUES (?, ?, 0) ON CONFLICT (level) DO UPDATE SET since = coalesce(since, ?2)"
UNSUBSCRIBE = "UPDATE subscription SET since = NULL, number = ? WHERE level = ?"

OF = "{} IN (SELECT number FROM device WHERE ?3 IS NULL OR number = ?3)"
SINGLES = f"""SELECT DISTINCT second / {UNIT_S} FROM sample WHERE {OF.format("device")}
    AND second >= ?1 AND second < ?2"""
SEALED = f"SELECT first, last FROM chunk WHERE {OF.format('device')} AND last >= ?1 AND first < ?2"
ROLLED = """SELECT DISTINCT start FROM rollup WHERE series IN (SELECT id FROM series WHERE ?3 IS NULL OR device = ?3)
    AND span = ?4 AND start >= ?1 AND start < ?2"""
HAPPENED = f"""SELECT DISTINCT CAST(at / {UNIT_S} AS INTEGER) FROM event
    WHERE at >= ?1 AND at < ?2 AND (?3 IS NULL OR device = ?3) AND kind <> '{VALUE}'"""


class Window(msgspec.Struct, frozen=True):
    """A closed window from ``start`` (Unix s) on that is dirty, and its newest number."""

    level: str
    start: int
    number: int

    @property
    def end(self) -> int:
        """Unix seconds at which the window ends, exclusive."""
        return self.start + LEVELS[self.level]


class DayDigest(msgspec.Struct, frozen=True):
    """The acknowledged windows of a day: how many, and the XOR of their numbers."""

    count: int = 0
    numbers: int = 0


NO_WINDOWS = DayDigest()


class StoreOutbox:
    """Works on the writer's connection. ``wall``: Unix seconds. Every call raises sqlite3.Error.

    ``mark…`` are part of the caller's transaction; the others are one each.
    """

    def __init__(self, db: sqlite3.Connection, wall: Callable[[], float]) -> None:
        self._db = db
        self._wall = wall
        self._began_with_catalogue = False
        self.reload()

    def reload(self) -> None:
        """Read again who subscribes; needed after a transaction that failed or was another's."""
        found = self._db.execute("SELECT level FROM subscription WHERE since IS NOT NULL ORDER BY level")
        self._levels = tuple(level for (level,) in found)
        self._last = int(self._db.execute(LAST).fetchone()[0]) if self._levels else 0
        self._fresh: set[tuple[str, int]] = set()  # marked, and not given since: a second mark would say no more

    @property
    def levels(self) -> tuple[str, ...]:
        """The levels that have a subscriber."""
        return self._levels

    def subscribe(self, levels: Iterable[str]) -> None:
        """Note changes on these levels from now on, also after restarts. Raises StoreError for an unknown level."""
        checked = _checked(levels)
        with transaction(self._db):
            self._db.executemany(SUBSCRIBE, [(level, self._wall()) for level in checked])
            self.reload()
            if CATALOGUE in checked:
                self._put(FILL, CATALOGUE, {0})
        self.reload()

    def unsubscribe(self, levels: Iterable[str] = LEVELS) -> None:
        """End it, and forget the windows. Numbers go on from here if there is a subscriber again."""
        checked = _checked(levels)
        with transaction(self._db):
            last = int(self._db.execute(LAST).fetchone()[0])
            self._db.executemany(UNSUBSCRIBE, [(last, level) for level in checked])
            self._db.executemany("DELETE FROM outbox WHERE level = ?", [(level,) for level in checked])
        self.reload()

    def mark(self, places: Iterable[Place]) -> None:
        """Samples of these seconds were written."""
        if self._levels:
            self._mark({second // UNIT_S for _, second in places})

    def mark_silence(self, since: int, until: int) -> None:
        """A device has said something at ``until`` (Unix s) after a silence: its energy is spread over that time."""
        if ENERGY in self._levels:
            span = LEVELS[ENERGY]
            self._put(MARK, ENERGY, range(since // span, until // span + 1))

    def mark_events(self, times: Iterable[float]) -> None:
        """Events of these times (Unix s) were written."""
        if EVENTS in self._levels:
            starts = {int(at // UNIT_S) for at in times}
            self._put(MARK, EVENTS, {one for one in starts if (EVENTS, one * UNIT_S) not in self._fresh})

    def mark_catalogue(self) -> None:
        """Devices, series or flags have changed, or what is said of them."""
        if CATALOGUE in self._levels and (CATALOGUE, 0) not in self._fresh:
            self._put(MARK, CATALOGUE, {0})

    def mark_data(self, begin: float = 0, end: float = 2**62, device: int | None = None) -> None:
        """All windows of a range with data of a device (by number), or of any, are to be sent again."""
        for level in self._levels:
            units = set(self._with_data(level, begin, end, device))
            self._put(MARK, level, {unit * UNIT_S // LEVELS[level] for unit in units})

    def closed(self, most: int = MOST) -> list[Window]:
        """The dirty windows that have ended, the newest first. Read their content after this call.

        Before them the catalogue, which says what they are of; but second where it was the first in the call before,
        so that one that changes all the time holds nothing up.
        """
        until = self._wall() - GRACE_S
        found = [Window(*row) for row in self._db.execute(DIRTY, (until, most))]
        catalogue = [Window(*row) for row in self._db.execute(DIRTY_CATALOGUE, (until,))]
        place = 1 if self._began_with_catalogue else 0
        found = [*found[:place], *catalogue, *found[place:]][:most]
        self._began_with_catalogue = bool(found) and found[0].level == CATALOGUE
        self._fresh.difference_update((one.level, one.start) for one in found)
        return found

    def behind(self) -> int:
        """How many windows are closed and dirty."""
        return int(self._db.execute(BEHIND, (self._wall() - GRACE_S,)).fetchone()[0])

    def acknowledge(self, level: str, start: int, number: int) -> bool:
        """The consumer has this version. Whether the window is clean now: False where it has changed meanwhile."""
        with transaction(self._db):
            self._db.execute(KNOWN, (level, start, number))
        return self._db.execute(NUMBER, (level, start)).fetchone() in (None, (number,))

    def acknowledge_all(self, windows: Sequence[tuple[str, int, int]]) -> None:
        """The same for many windows (level, start, number), in one transaction: each costs a write of the disk."""
        with transaction(self._db):
            self._db.executemany(KNOWN, windows)

    def again(self, since: float, until: float = 2**62, levels: Collection[str] = tuple(LEVELS)) -> None:
        """All windows of a range that have data are dirty again, under new numbers.

        The consumer has lost them, or never had them, or has others from another copy of this store.
        """
        wanted = [level for level in _checked(levels) if level in self._levels]
        with transaction(self._db):
            for level in wanted:
                span = LEVELS[level]
                self._last = self._next()
                self._db.execute(AGAIN, (self._last, level, since - span, until))
                units = self._with_data(level, since, until, None)
                self._put(FILL, level, {unit * UNIT_S // span for unit in units})

    def refuse(self, level: str, start: int, number: int) -> None:
        """The consumer cannot read this version: it is not given again until the window changes."""
        with transaction(self._db):
            self._db.execute(REFUSE, (level, start, number))

    def try_refused(self) -> None:
        """Refused windows are given once more: the consumer may be able to read them now."""
        with transaction(self._db):
            self._db.execute(TRY_REFUSED)

    def refused(self, most: int = MOST) -> list[Window]:
        """The windows that are refused as they stand, the oldest first."""
        return [Window(*row) for row in self._db.execute(REFUSED, (most,))]

    def raise_numbers(self, above: int) -> None:
        """The consumer has a version with this number: those of dirty windows, and all later ones, are higher.

        So the contents of an older copy of the store, whose clock is behind too, are not taken for old ones.
        """
        if self._levels and above > self._last:
            with transaction(self._db):
                self._last = above
                self._last = self._next()
                self._db.execute(RAISE, (self._last,))
                self._db.execute(KEEP_NUMBER, (self._last,))

    def sums(self, days: int) -> Mapping[str, Sequence[tuple[int, DayDigest]]]:
        """What the consumer must have of the last days: by level, the days (of UTC since 1970) and their windows.

        Without days that have dirty windows, which are sent anyway, and without those that retention has begun to
        delete. The catalogue is of day 0.
        """
        now = self._wall()
        dirty = set(self._db.execute(DIRTY_DAYS, (now - GRACE_S,)).fetchall())
        first, found = int(now // DAY) - days + 1, dict[str, Sequence[tuple[int, DayDigest]]]()
        for level in self._levels:
            since = 0 if level == CATALOGUE else max(first, self._whole_from(level))
            by_day: dict[int, DayDigest] = {}
            for day, known in self._db.execute(ACKNOWLEDGED, (level, since * DAY)):
                one = by_day.get(day, NO_WINDOWS)
                by_day[day] = DayDigest(one.count + 1, one.numbers ^ known)
            found[level] = [(day, one) for day, one in by_day.items() if (level, day) not in dirty]
        return found

    def digest(self, day: int) -> Mapping[str, DayDigest]:
        """What the consumer must have of a day (days of UTC since 1970), by level, of those that are subscribed to."""
        found: dict[str, DayDigest] = {}
        query = "SELECT known FROM outbox WHERE level = ? AND start >= ? AND start < ? AND known <> 0"
        for level in self._levels:
            count = numbers = 0
            for (number,) in self._db.execute(query, (level, day * DAY, (day + 1) * DAY)):
                count, numbers = count + 1, numbers ^ number
            found[level] = DayDigest(count, numbers)
        return found

    # --- inside --------------------------------------------------------------------------------

    def _mark(self, units: Collection[int]) -> None:
        fresh = self._fresh
        for level in self._levels:
            if level not in SAMPLED:
                continue
            width = LEVELS[level] // UNIT_S
            numbers = {unit // width for unit in units}
            self._put(MARK, level, {one for one in numbers if (level, one * LEVELS[level]) not in fresh})

    def _put(self, query: str, level: str, numbers: Collection[int]) -> None:
        """Windows by their number since 1970."""
        if not numbers:
            return
        self._last = self._next()
        starts = [number * LEVELS[level] for number in sorted(numbers)]
        self._db.executemany(query, [(level, start, self._last) for start in starts])
        if len(self._fresh) + len(starts) > MOST_FRESH:
            self._fresh.clear()
        elif query == MARK:
            self._fresh.update((level, start) for start in starts)

    def _next(self) -> int:
        return max(self._last + 1, int(self._wall() * 1000))

    def _whole_from(self, level: str) -> int:
        """The first day of which retention has deleted nothing of a level."""
        (oldest,) = self._db.execute(OLDEST, (level,)).fetchone()
        is_cut = oldest is not None and self._db.execute("SELECT 1 FROM expired LIMIT 1").fetchone() is not None
        return oldest // DAY + 1 if is_cut and level in SAMPLED else 0

    def _with_data(self, level: str, begin: float, end: float, device: int | None) -> Iterator[int]:
        """The pieces of 300 s with data, by their number since 1970; of sealed and rolled-up ones rather too many."""
        values = (begin // LEVELS[level] * LEVELS[level], end, device)
        if level not in SAMPLED:
            yield from [unit for (unit,) in self._db.execute(HAPPENED, values)] if level == EVENTS else [0]
            return
        for (unit,) in self._db.execute(SINGLES, values).fetchall():
            yield unit
        for first, last in self._db.execute(SEALED, values).fetchall():
            low, high = max(first, values[0]), min(last, end - 1)
            yield from range(int(low // UNIT_S), int(high // UNIT_S) + 1)
        if level != "raw":
            span = max(LEVELS[level], QUARTER)
            for (start,) in self._db.execute(ROLLED, (*values, span)).fetchall():
                yield from range(start // UNIT_S, (start + span) // UNIT_S)


def mark_restored(path: Path, wall: Callable[[], float]) -> None:
    """All windows of this store, which takes the place of another, are to be sent again. Raises sqlite3.Error."""
    with closing(sqlite3.connect(path, isolation_level=None)) as db:
        if not db.execute("SELECT 1 FROM sqlite_master WHERE name = 'subscription'").fetchone():
            return  # of a format without an outbox
        outbox = StoreOutbox(db, wall)
        with transaction(db):
            outbox.mark_data()


def _checked(levels: Iterable[str]) -> list[str]:
    found = list(dict.fromkeys(levels))
    for level in found:
        if level not in LEVELS:
            raise StoreError(f"There is no level {level!r} of the outbox. Levels: {', '.join(LEVELS)}.")
    return found
