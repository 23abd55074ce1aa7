"""Brings the readable rows of a damaged store into another one.

    hub finds damage ──► move_aside ──► new store ──► ``state``: devices, series, ledgers, memory: counting goes on
    unclouded store salvage FILE ─────────────────► ``everything``: samples and events too

Rows already there are kept, so it can be repeated. Devices, series and flags are found by their names and get new
numbers where their old ones are taken. What a row refers to and is lost is replaced: a device from its index, a
series from its index and its device, or both by a name that says so (``salvaged_3``).
"""

import sqlite3
from collections.abc import Callable, Iterable, Iterator, Mapping, Sequence
from contextlib import closing
from datetime import UTC, datetime
from itertools import islice
from pathlib import Path
from typing import TypeVar

import msgspec

from unclouded.core.errors import DamagedStore, StoreError
from unclouded.core.model import Device, Ledger, unit_of
from unclouded.store.encoding import blob, chunk
from unclouded.store.encoding.chunk import DeviceSecond
from unclouded.store.encoding.codec import (
    VALUE,
    SeriesScale,
    device_from_json,
    device_to_json,
    from_json,
    ledger_from_json,
    ledger_to_json,
    to_json,
)
from unclouded.store.feeds import NUMBER as FEED_NUMBER
from unclouded.store.feeds import PUT_NAME as PUT_FEED_NAME
from unclouded.store.file.pages import Column, Record, SqliteFile, TableShape
from unclouded.store.file.schema import MIGRATIONS
from unclouded.store.repair import PUT_AUDIT
from unclouded.store.retention.expired import SPANS as EXPIRED_SPANS
from unclouded.store.rollup import Rollup
from unclouded.store.sealing import PUT_SAMPLE, merge_chunk
from unclouded.store.transaction import transaction
from unclouded.store.writer import LAST_SECOND, merge_or_replace

STATE = ("flag", "device", "alias", "series", "ledger", "memory", "feed", "expired")
HISTORY = ("sample", "chunk", "event", "audit", "feed_value", "edit", "imported", "rollup")
SAMPLED = ("sample", "chunk")
IDENTITIES, IDS, FLAGS, SERIES = (
    "sqlite_autoindex_device_1",
    "sqlite_autoindex_device_2",
    "sqlite_autoindex_flag_1",
    "series_of_device",
)
BATCH = 5000  # rows that are inserted at a time
MOST_LOST = 10_000  # numbers of lost devices and series beyond are damage themselves
MOST_FLAGS = 60  # bits that a sample can have
MOST_DIGITS = 30  # exponents of series beyond are damage
ROLLED_PER_BATCH = 100_000  # device-seconds that are rolled up at a time
T = TypeVar("T")
FILES = ("", "-wal", "-shm")  # the parts of a store

PUT_ONCE = """INSERT INTO event (at, device, kind, json) SELECT ?1, ?2, ?3, ?4 WHERE NOT EXISTS
    (SELECT 1 FROM event WHERE at = ?1 AND device IS ?2 AND kind = ?3 AND json = ?4)"""
AUDIT_ONCE = """INSERT INTO audit (at, who, what, json) SELECT ?1, ?2, ?3, ?4 WHERE NOT EXISTS
    (SELECT 1 FROM audit WHERE at = ?1 AND who = ?2 AND what = ?3 AND json = ?4)"""
PUT_FREE_VALUE = """INSERT INTO feed_value SELECT ?1, ?2, ?3, ?4 WHERE NOT EXISTS
    (SELECT 1 FROM feed_value WHERE feed = ?1 AND start < ?3 AND until > ?2)"""
CHANGES = {  # the columns of what changed the history, without their own numbers
    "edit": "device, point, start, until, action, value, estimated, reason, who, at, undone_at, undone_by",
    "imported": "device, source, data, who, at, undone_at, undone_by",
}
DROP_COMPUTED = """DELETE FROM rollup WHERE series IN (SELECT id FROM series WHERE device = ?)
    AND start >= coalesce((SELECT upto FROM expired WHERE expired.series = rollup.series AND expired.span = 0), 0)"""
PUT_EXPIRED = """INSERT INTO expired VALUES (?, ?, ?)
    ON CONFLICT (series, span) DO UPDATE SET upto = max(upto, excluded.upto)"""
PUT_ROLLED = "INSERT OR IGNORE INTO rollup VALUES (?, ?, ?, ?, ?, ?, ?, ?, ?, ?)"
PUT_DEVICE = "INSERT INTO device VALUES (?, ?, ?, ?, ?, ?, ?, ?)"


class Salvaged(msgspec.Struct, frozen=True, kw_only=True):
    """``rows``: how many were readable, by table. ``damaged``: places that could not be read."""

    rows: Mapping[str, int]
    damaged: int


def move_aside(path: Path, now: float) -> Path:
    """Give a damaged store another name, in the same folder. Nothing is deleted. Raises StoreError."""
    stamp = datetime.fromtimestamp(max(min(now, LAST_SECOND // 32), 0), UTC).strftime("%Y%m%dT%H%M%SZ")
    stem, number = f"{path.stem}-damaged-{stamp}", 1
    target = path.with_name(f"{stem}{path.suffix}")
    while target.exists():
        number += 1
        target = path.with_name(f"{stem}-{number}{path.suffix}")
    try:
        for ending in FILES:
            part = path.with_name(f"{path.name}{ending}")
            if part.exists():
                part.rename(target.with_name(f"{target.name}{ending}"))
    except OSError as error:
        raise StoreError(f"The damaged store {path} cannot be moved aside: {error.strerror}.") from None
    return target


def salvage_state(source: Path, db: sqlite3.Connection, wall: Callable[[], float]) -> Salvaged:
    """What a hub needs to go on: devices, series, ledgers and memory. Raises StoreError, sqlite3.Error."""
    return _salvaged(source, db, wall, history=False)


def salvage(source: Path, db: sqlite3.Connection, wall: Callable[[], float], who: str) -> Salvaged:
    """Every readable row of a store. No other program may be writing to ``db``. Raises StoreError, sqlite3.Error."""
    done = _salvaged(source, db, wall, history=True)
    rollup = Rollup(db, wall)
    is_done = False
    while not is_done:
        with transaction(db):
            is_done = rollup.catch_up(ROLLED_PER_BATCH)
    entry = {"file": source.name, "rows": done.rows, "damaged": done.damaged}
    with transaction(db):
        db.execute(PUT_AUDIT, (wall(), who, "salvage", to_json(entry)))
    return done


def shapes() -> dict[str, TableShape]:
    """The tables of a store as they are stored, by name."""
    with closing(sqlite3.connect(":memory:")) as db:
        for script in MIGRATIONS:
            db.executescript(script)
        tables = db.execute("SELECT name, sql FROM sqlite_master WHERE type = 'table'").fetchall()
        return {name: _shape(db, name, "WITHOUT ROWID" in sql.upper()) for name, sql in tables}


def _shape(db: sqlite3.Connection, name: str, clustered: bool) -> TableShape:
    columns = db.execute(f"PRAGMA table_info({name})").fetchall()
    keys = sorted((key, place) for place, *_, key in columns if key)
    first = [place for _, place in keys] if clustered else []
    alone = not clustered and len(keys) == 1 and columns[keys[0][1]][2] == "INTEGER"
    defaults: dict[int, Column] = {}
    for place, _, _, not_null, default, _ in columns:
        if default is not None:
            defaults[place] = db.execute(f"SELECT {default}").fetchone()[0]
        elif not not_null:
            defaults[place] = None
    return TableShape(
        name=name,
        types=tuple(type for _, _, type, *_ in columns),
        optional=tuple(not not_null and not (clustered and key) for *_, not_null, _, key in columns),
        order=(*first, *(place for place, *_ in columns if place not in first)),
        clustered=clustered,
        rowid=keys[0][1] if alone else None,
        defaults=defaults,
    )


def _salvaged(source: Path, db: sqlite3.Connection, wall: Callable[[], float], history: bool) -> Salvaged:
    known = shapes()
    db.create_function("merge", 2, merge_or_replace, deterministic=True)
    try:
        file = SqliteFile(source)
    except OSError as error:
        raise StoreError(f"{source} cannot be read: {error.strerror}.") from None
    with file:
        found = _Found()
        for name, row in file.rows([known[name] for name in STATE], (IDENTITIES, IDS, FLAGS, SERIES)):
            found.take(name, row)
        found.complete()
        target = _Target(db, wall, found, whole=not file.damaged)
        with transaction(db):
            target.put_state()
        counts = found.counts()
        if history:
            counts |= target.put_history(file.rows([known[name] for name in HISTORY]))
        elif target.lost_totals():
            target.find_totals(file.rows([known[name] for name in SAMPLED]))
        with transaction(db):
            target.put_lost_totals()
    return Salvaged(rows=counts, damaged=file.damaged + found.damaged + target.damaged)


class _Found:
    """The state in a damaged store. Where a row was read twice, the first counts."""

    def __init__(self) -> None:
        self.damaged = 0
        self.devices: dict[int, tuple[Device, str | None, float, float]] = {}  # device, current id, first, last seen
        self.aliases: dict[tuple[str, int], float] = {}
        self.series: dict[int, tuple[int, SeriesScale]] = {}
        self.flags: dict[int, str] = {}
        self.ledgers: dict[tuple[str, str], Ledger] = {}
        self.memory: dict[tuple[str, str], bytes] = {}
        self.expired: dict[tuple[int, int], int] = {}
        self.feeds: dict[int, str] = {}
        self._identities: dict[int, str] = {}  # what the indexes know
        self._ids: dict[int, str] = {}
        self._points: dict[int, tuple[int, str]] = {}

    def take(self, name: str, row: Record) -> None:
        try:
            self._take(name, row)
        except StoreError:
            self.damaged += 1

    def complete(self) -> None:
        """Add what only the indexes know."""
        for number, identity in self._identities.items():
            id = self._ids.get(number)
            blank = Device(id=id or identity, identity=identity, family="", link="", profile="")
            self.devices.setdefault(number, (blank, id, 0.0, 0.0))
        for number, (device, key) in self._points.items():
            points = self.devices[device][0].points if device in self.devices else ()
            scale = next((SeriesScale(one.key, one.exponent, one.kind) for one in points if one.key == key), None)
            if scale is not None:
                self.series.setdefault(number, (device, scale))

    def counts(self) -> dict[str, int]:
        return {
            "flag": len(self.flags),
            "device": len(self.devices),
            "alias": len(self.aliases),
            "series": len(self.series),
            "ledger": len(self.ledgers),
            "memory": len(self.memory),
            "feed": len(self.feeds),
        }

    def _take(self, name: str, row: Record) -> None:
        match name, row:
            case "device", (int(number), str(identity), id, _, _, str(info), float() | int() as first, last):
                device = device_from_json(info)
                if device.identity == identity:
                    self.devices.setdefault(number, (device, _text(id), float(first), _number(last)))
            case "alias", (str(id), int(device), since):
                self.aliases.setdefault((id, device), _number(since))
            case "series", (int(number), int(device), str(point), int(exponent), str(kind)):
                if abs(exponent) < MOST_DIGITS:
                    self.series.setdefault(number, (device, SeriesScale(point, exponent, kind)))
            case "flag", (int(bit), str(flag)) if 0 <= bit < MOST_FLAGS:
                self.flags.setdefault(bit, flag)
            case "ledger", (str(identity), str(point), _, str(text)):
                ledger = ledger_from_json(text)
                if (ledger.identity, ledger.point) == (identity, point):
                    self.ledgers.setdefault((identity, point), ledger)
            case "expired", (int(number), int(span), int(upto)) if span in EXPIRED_SPANS and 0 <= upto < LAST_SECOND:
                self.expired.setdefault((number, span), upto)
            case "memory", (str(identity), str(key), bytes(value)):
                self.memory.setdefault((identity, key), value)
            case "feed", (int(number), str(feed)):
                self.feeds.setdefault(number, feed)
            case _, (str(text), int(number)) if name == IDENTITIES:
                self._identities.setdefault(number, text)
            case _, (str(text), int(number)) if name == IDS:
                self._ids.setdefault(number, text)
            case _, (str(text), int(bit)) if name == FLAGS and 0 <= bit < MOST_FLAGS:
                self.flags.setdefault(bit, text)
            case _, (int(device), str(point), int(number)) if name == SERIES:
                self._points.setdefault(number, (device, point))


class _Target:
    """The store that gets the rows. ``whole``: all of the state was readable, so what refers to more is damaged."""

    def __init__(self, db: sqlite3.Connection, wall: Callable[[], float], found: _Found, whole: bool) -> None:
        self._db = db
        self._wall = wall
        self._found = found
        self._whole = whole
        self._devices: dict[int, int | None] = {}  # old number -> new one; None: it belongs to no device
        self._series: dict[int, int | None] = {}
        self._flags: dict[int, int] = {}
        self.damaged = 0  # rows of samples, and chunks
        self._last: dict[int, tuple[int, int]] = {}  # of old series: second and number of the newest sample

    # --- state -----------------------------------------------------------------------------------

    def put_state(self) -> None:
        found, db = self._found, self._db
        for bit in sorted(found.flags):
            self._flag(bit)
        for number in sorted(found.devices):
            self._device(number)
        for number, (old, _) in sorted(found.series.items()):
            if (device := self._device(old)) is not None:
                self._series_of(number, device)
        for (number, span), upto in found.expired.items():
            old, _ = found.series.get(number, (0, None))
            if (device := self._device(old)) is not None and (new := self._series_of(number, device)) is not None:
                db.execute(PUT_EXPIRED, (new, span, upto))
        for (id, number), since in found.aliases.items():
            if (device := self._device(number)) is not None:
                db.execute("INSERT OR IGNORE INTO alias VALUES (?, ?, ?)", (id, device, since))
        for (identity, key), value in found.memory.items():
            db.execute("INSERT OR IGNORE INTO memory VALUES (?, ?, ?)", (identity, key, value))
        for ledger in found.ledgers.values():
            self._ledger(ledger)
        for feed in found.feeds.values():
            db.execute(PUT_FEED_NAME, (feed,))

    def lost_totals(self) -> dict[int, tuple[str, str]]:
        """Old series of counters whose ledger the store does not have: its identity and point."""
        lost: dict[int, tuple[str, str]] = {}
        for number, (device, scale) in self._found.series.items():
            if scale.kind == "counter" and unit_of(scale.point) in ("Wh", "varh") and device in self._found.devices:
                place = (self._found.devices[device][0].identity, scale.point)
                if not self._db.execute("SELECT 1 FROM ledger WHERE identity = ? AND point = ?", place).fetchone():
                    lost[number] = place
        return lost

    def find_totals(self, rows: Iterable[tuple[str, Record]]) -> None:
        """Look for the newest samples only."""
        for name, row in rows:
            for _ in self._seconds(name, row):
                pass

    def put_lost_totals(self) -> None:
        """A lost ledger counts on from the newest total of the history."""
        for number, (identity, point) in self.lost_totals().items():
            if number in self._last:
                second, value = self._last[number]
                total = round(float(self._found.series[number][1].value(value)) * 1000)
                self._ledger(Ledger(identity=identity, point=point, total=total, at=float(second)))

    def _ledger(self, ledger: Ledger) -> None:
        row = (ledger.identity, ledger.point, ledger.total, ledger_to_json(ledger))
        if -(2**63) <= ledger.total < 2**63:
            self._db.execute("INSERT OR IGNORE INTO ledger VALUES (?, ?, ?, ?)", row)

    # --- history ---------------------------------------------------------------------------------

    def put_history(self, rows: Iterable[tuple[str, Record]]) -> dict[str, int]:
        counts = dict.fromkeys(HISTORY, 0)
        begun: set[int] = set()

        source = iter(rows)
        while batch := list(islice(source, BATCH)):
            with transaction(self._db):
                for name, row in batch:
                    counts[name] += self._put(name, row, begun)
        return counts

    def _put(self, name: str, row: Record, begun: set[int]) -> bool:
        match name, row:
            case "sample" | "chunk", (device, *_):
                return self._samples(name, row[1], device, list(self._seconds(name, row)), begun)
            case "rollup", (int(series), int(span), int(start), *_) if span in EXPIRED_SPANS[1:]:
                return self._rolled(series, span, start, row)
            case "event", (_, at, device, str(kind), str(text)):
                return self._event(_number(at), device, kind, text)
            case "audit", (_, *entry):
                self._db.execute(AUDIT_ONCE, entry)
                return True
            case "edit", (_, int(device), str(), int(), int(), "void" | "edit", str(), *_):
                return self._change(name, device, row[2:], begun)
            case "imported", (_, int(device), str(), bytes(), *_):
                return self._change(name, device, row[2:], begun)
            case "feed_value", (int(feed), int(start), int(until), str(value)) if start < until:
                return self._feed_value(feed, start, until, value)
        return False

    def _change(self, name: str, device: int, rest: Sequence[Column], begun: set[int]) -> bool:
        """An edit or an import. The rollups of its device are made again: they may be from before it."""
        number = self._device(device)
        if number is None:
            return False
        self._begin(number, begun)
        row = (number, *rest)
        marks = ", ".join("?" * len(row))
        columns = CHANGES[name]
        same = " AND ".join(f"{column} IS ?" for column in columns.split(", "))
        if not self._db.execute(f"SELECT 1 FROM {name} WHERE {same}", row).fetchone():
            self._db.execute(f"INSERT INTO {name} ({columns}) VALUES ({marks})", row)
        return True

    def _begin(self, number: int, begun: set[int]) -> None:
        """The rollups of a device are computed again once all is there."""
        if number not in begun:
            begun.add(number)
            self._db.execute(DROP_COMPUTED, (number,))
            self._db.execute("DELETE FROM rolled WHERE device = ?", (number,))
            self._db.execute("DELETE FROM unrolled WHERE device = ?", (number,))

    def _feed_value(self, feed: int, start: int, until: int, value: str) -> bool:
        """A value of a feed whose name is lost belongs to none."""
        name = self._found.feeds.get(feed)
        if name is None:
            self.damaged += 1
            return False
        (number,) = self._db.execute(FEED_NUMBER, (name,)).fetchone()
        self._db.execute(PUT_FREE_VALUE, (number, start, until, value))
        return True

    def _rolled(self, series: int, span: int, start: int, row: Record) -> bool:
        """A row whose samples retention has deleted; all others are computed again."""
        at = row[8]
        is_sound = start % span == 0 and isinstance(at, int) and start * 1000 <= at < (start + span) * 1000
        if not is_sound or start >= self._found.expired.get((series, 0), 0):
            return False
        device, _ = self._found.series.get(series, (0, None))
        holder = self._device(device)
        number = None if holder is None else self._series_of(series, holder)
        if number is None:
            return False
        self._db.execute(PUT_ROLLED, (number, *row[1:]))
        return True

    def _samples(
        self, name: str, start: Column, device: Column, seconds: Sequence[DeviceSecond], begun: set[int]
    ) -> bool:
        """Put the samples of one row; those of a chunk as a chunk: single ones would need eight times the room."""
        number = self._device(device) if seconds and isinstance(device, int) else None
        if number is None:
            return False
        self._begin(number, begun)
        moved = [(second, entries) for second, old in seconds if (entries := self._moved(number, old))]
        if name == "chunk" and isinstance(start, int) and moved:
            merge_chunk(self._db, number, start, moved)
        else:
            self._db.executemany(PUT_SAMPLE, [(number, second, blob.encode(entries)) for second, entries in moved])
        return bool(moved)

    def _moved(self, number: int, entries: Sequence[blob.Entry]) -> list[blob.Entry]:
        """The entries with their new series and marks."""
        moved = []
        for ms, series, value, marks in entries:
            new = self._series_of(series, number)
            if new is not None:
                moved.append((ms, new, value, self._marks(marks)))
        return moved

    def _seconds(self, name: str, row: Record) -> Iterator[DeviceSecond]:
        """The samples of a row, none where it is damaged; the newest of each series is remembered."""
        try:
            sampled = _sampled(name, row)
        except StoreError:
            self.damaged += 1
            return
        for second, entries in sampled:
            for _, series, value, _ in entries:
                if series not in self._last or self._last[series][0] <= second:
                    self._last[series] = second, value
            yield second, entries

    def _event(self, at: float, device: Column, kind: str, text: str) -> bool:
        number = self._device(device) if isinstance(device, int) else None
        if isinstance(device, int) and number is None:
            return False
        try:
            entry = from_json(text)
        except StoreError:
            return False
        if kind == VALUE and not {"point", "value", "quality", "flags"} <= entry.keys():
            return False
        self._db.execute(PUT_ONCE, (at, number, kind, text))
        return True

    # --- numbers ---------------------------------------------------------------------------------

    def _device(self, number: int) -> int | None:
        if number not in self._devices:
            self._devices[number] = self._new_device(number)
        return self._devices[number]

    def _new_device(self, number: int) -> int | None:
        db = self._db
        if number in self._found.devices:
            device, id, first, last = self._found.devices[number]
        elif self._whole or not 0 < number < MOST_LOST:
            return None
        else:
            name = f"salvaged_{number}"
            device, id, first, last = Device(id=name, identity=name, family="", link="", profile=""), None, 0.0, 0.0
        known = db.execute("SELECT number FROM device WHERE identity = ?", (device.identity,)).fetchone()
        if known:
            return int(known[0])
        if id is not None and db.execute("SELECT 1 FROM device WHERE id = ?", (id,)).fetchone():
            id = None
        free = not db.execute("SELECT 1 FROM device WHERE number = ?", (number,)).fetchone()
        row = (number if free else None, device.identity, id, device.family, device.link, device_to_json(device))
        return db.execute(PUT_DEVICE, (*row, first, last)).lastrowid

    def _series_of(self, number: int, device: int) -> int | None:
        """The new number of a series; ``device``: the new number of the device that it belongs to if it is lost."""
        if number not in self._series:
            self._series[number] = self._new_series(number, device)
        return self._series[number]

    def _new_series(self, number: int, holder: int) -> int | None:
        db = self._db
        device: int | None = holder
        if number in self._found.series:
            old, scale = self._found.series[number]
            device = self._device(old)
        elif self._whole or not 0 < number < MOST_LOST:
            return None
        else:
            scale = SeriesScale(f"salvaged_{number}", 0, "number")
        if device is None:
            return None
        row = (device, scale.point, scale.exponent, scale.kind)
        query = "SELECT id FROM series WHERE device = ? AND point = ? AND exponent = ? AND kind = ?"
        known = db.execute(query, row).fetchone()
        if known:
            return int(known[0])
        free = not db.execute("SELECT 1 FROM series WHERE id = ?", (number,)).fetchone()
        return db.execute("INSERT INTO series VALUES (?, ?, ?, ?, ?)", (number if free else None, *row)).lastrowid

    def _marks(self, marks: int) -> int:
        moved = marks & 3
        for bit in range((marks >> 2).bit_length()):
            if marks >> 2 >> bit & 1:
                moved |= 4 << self._flag(bit)
        return moved

    def _flag(self, bit: int) -> int:
        if bit not in self._flags:
            self._flags[bit] = self._new_flag(bit)
        return self._flags[bit]

    def _new_flag(self, bit: int) -> int:
        db = self._db
        name = self._found.flags.get(bit, f"salvaged_{bit}")
        known = db.execute("SELECT bit FROM flag WHERE name = ?", (name,)).fetchone()
        if known:
            return int(known[0])
        taken = {bit for (bit,) in db.execute("SELECT bit FROM flag")}
        new = bit if bit not in taken else max(taken) + 1
        db.execute("INSERT INTO flag VALUES (?, ?)", (new, name))
        return new


def _sampled(name: str, row: Record) -> Sequence[DeviceSecond]:
    """The samples of a row of ``sample`` or ``chunk``. Raises DamagedStore."""
    start, data = row[1], row[-1]
    if not isinstance(start, int) or not isinstance(data, bytes) or not 0 <= start < LAST_SECOND:
        raise DamagedStore("A row of the store is damaged.")
    return chunk.decode(start, data) if name == "chunk" else [(start, blob.checked(data))]


def _number(value: Column) -> float:
    return float(value) if isinstance(value, int | float) else 0.0


def _text(value: Column) -> str | None:
    return value if isinstance(value, str) else None
