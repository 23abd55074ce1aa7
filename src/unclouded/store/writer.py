"""Writes batches of facts to the store, each in one transaction: a batch is stored completely or not at all."""

import math
import sqlite3
import time
from collections import defaultdict
from collections.abc import Callable, Mapping, Sequence

import msgspec

from unclouded.core.errors import DamagedStore
from unclouded.core.feeds import FeedValues
from unclouded.core.model import Device, Fact, Ledger, Memory, Notice, Reading, Status
from unclouded.store.editing.edit_writer import EditWriter
from unclouded.store.editing.unrolled import Unrolled
from unclouded.store.encoding import blob
from unclouded.store.encoding.blob import Entry
from unclouded.store.encoding.codec import (
    VALUE,
    SeriesScale,
    default_scale,
    device_from_json,
    device_to_json,
    ledger_to_json,
    marks_of,
    to_json,
)
from unclouded.store.feeds import put_feed_values
from unclouded.store.importing import ImportWriter
from unclouded.store.outbox import StoreOutbox
from unclouded.store.repair import Repair
from unclouded.store.retention.deleter import Deleter
from unclouded.store.retention.expired import Expired
from unclouded.store.rollup import Rollup
from unclouded.store.sealing import PUT_SAMPLE, Sealer
from unclouded.store.transaction import transaction

LAST_SECOND = 2**40  # times beyond are invalid
GAP = "gap"  # the flag
SILENCE_S = 1800  # s without a sample; energy of a time without contact is spread over the hours before
FIRST_SECOND = 946_684_800  # Unix s: 2000; a computer without a battery clock starts in 1970
LONGEST_SILENCE_S = 2 * 366 * 86_400  # what seems longer is a clock that was wrong
SAME_TEXT_S = 3600.0  # s after which an unchanged text is written again

PUT_EVENT = "INSERT INTO event (at, device, kind, json) VALUES (?, ?, ?, ?)"
PUT_DEVICE = """INSERT INTO device (identity, id, family, link, info, first_seen, last_seen)
    VALUES (?, ?, ?, ?, ?, ?, ?) ON CONFLICT (identity) DO UPDATE SET id = excluded.id, family = excluded.family,
    link = excluded.link, info = excluded.info, last_seen = max(last_seen, excluded.last_seen)"""
DESCRIBED = "SELECT id, info FROM device WHERE identity = ?"
NUMBERS = frozenset({"switch", "number", "counter", "bitmap"})  # kinds of points that make a series

Samples = defaultdict[tuple[int, int], list[Entry]]


class _Slot(msgspec.Struct, frozen=True):
    """Where the values of one point are stored: in a series, or (0) as events."""

    device: int
    series: int
    scale: SeriesScale


class StoreWriter:
    """Owns the writing connection. ``wall``: the clock, for facts without a time; ``now``: monotonic."""

    def __init__(
        self, db: sqlite3.Connection, wall: Callable[[], float], now: Callable[[], float] = time.monotonic
    ) -> None:
        self.unstorable = 0  # readings with an invalid time, and numbers that are not finite
        self.too_old = 0  # readings of a time whose readings were deleted by retention
        self._db = db
        self._wall = wall
        self._scales: dict[tuple[str, str], SeriesScale] = {}
        self._repair = Repair(db, wall)
        self._expired = Expired(db)
        self._rollup = Rollup(db, wall, self._expired)
        self.sealer = Sealer(db, wall, now)
        self.unrolled = Unrolled(db, self._rollup)
        self.outbox = StoreOutbox(db, wall)
        self.edits = EditWriter(db, wall, self.unrolled, self.outbox, self._tables_changed)
        self.imports = ImportWriter(db, wall, self.unrolled, self.outbox, self._tables_changed)
        self.deleter = Deleter(db, wall, now, self._expired)
        self._announced: set[str] = set()  # identities of current devices
        self._event_times = list[float]()  # of the batch that is being written
        self._gaps = set[tuple[int, int]]()  # device, second: of readings with energy of a time without contact
        self._stale = False  # whether the cached tables may differ from the file
        db.create_function("merge", 2, merge_or_replace, deterministic=True)
        for (info,) in db.execute("SELECT info FROM device WHERE info <> ''"):
            self._describe(device_from_json(info))
        self.reload()

    def write(self, batch: Sequence[Fact]) -> None:
        """Store a batch. Raises sqlite3.Error; then none of it is stored."""
        if self._stale:
            self.reload()
        try:
            with transaction(self._db):
                self._write(batch)
        except BaseException:
            self._stale = True
            raise

    def reload(self) -> None:
        """Read the cached tables again; needed after every transaction other than ``write``'s."""
        db = self._db
        self._stale = True
        self._expired.reload()
        self._rollup.reload()
        self.sealer.reload()
        self.outbox.reload()
        self.deleter.reload()
        self._numbers: dict[str, int] = dict(db.execute("SELECT identity, number FROM device"))
        self._ids: dict[str, str] = dict(db.execute("SELECT id, identity FROM device WHERE id IS NOT NULL"))
        self._bits: dict[str, int] = dict(db.execute("SELECT name, bit FROM flag"))
        series = db.execute("SELECT id, device, point, exponent, kind FROM series ORDER BY id")
        self._series = {(device, SeriesScale(*scale)): number for number, device, *scale in series}
        self._slots: dict[tuple[str, str, type], _Slot] = {}
        self._texts: dict[tuple[int, str], Reading] = {}
        self._marks: dict[tuple[str, tuple[str, ...]], int] = {("good", ()): 0}
        self._stale = False

    # --- inside --------------------------------------------------------------------------------

    def _tables_changed(self) -> None:
        self._stale = True

    def _write(self, batch: Sequence[Fact]) -> None:
        samples: Samples = defaultdict(list)
        self._event_times, self._gaps = [], set()
        for fact in batch:
            if isinstance(fact, Reading):
                self._reading(fact, samples)
            else:
                self._other(fact)
        rows = [(*place, blob.encode(sorted(entries, key=_ms))) for place, entries in sorted(samples.items())]
        self._db.executemany(PUT_SAMPLE, rows)
        seen = {device: second for device, second, _ in rows}
        self._db.executemany(
            "UPDATE device SET last_seen = ? WHERE number = ? AND last_seen < ?",
            [(second, device, second) for device, second in seen.items()],
        )
        places = [(device, second) for device, second, _ in rows]
        self._mark_silences(places)
        self._rollup.follow(places)
        self.sealer.note(places)
        self.outbox.mark(places)
        self.outbox.mark_events(self._event_times)

    def _mark_silences(self, places: Sequence[tuple[int, int]]) -> None:
        """Where these samples, by device and time, say something of the time before them."""
        before = None
        for device, second in places:
            newest = self._rollup.newest(device) if device != before or (device, second) in self._gaps else None
            if newest is not None and (second - newest >= SILENCE_S or (device, second) in self._gaps):
                since = min(newest, second) if newest > FIRST_SECOND else second
                self.outbox.mark_silence(max(since, second - LONGEST_SILENCE_S), second)
            before = device

    def _reading(self, reading: Reading, samples: Samples) -> None:
        value = reading.value
        slot = self._slots.get((reading.device, reading.point, value.__class__)) or self._slot(reading)
        if not 0 <= reading.at < LAST_SECOND:
            self.unstorable += 1
            return
        if not slot.series or isinstance(value, str):
            self._text(slot, reading)
            return
        try:
            number = slot.scale.number(value)
        except (ValueError, OverflowError):
            self.unstorable += 1
            return
        marks = self._marks.get((reading.quality, reading.flags))
        if marks is None:
            marks = self._new_marks(reading)
        second, ms = divmod(round(reading.at * 1000), 1000)
        if second < self._expired.raw.get(slot.series, 0):
            self.too_old += 1  # its rollups cannot be computed again
            return
        samples[slot.device, second].append((ms, slot.series, number, marks))
        if marks and GAP in reading.flags:
            self._gaps.add((slot.device, second))

    def _text(self, slot: _Slot, reading: Reading) -> None:
        """Store a text value as an event, when it changes and once an hour."""
        key = (slot.device, reading.point)
        last = self._texts.get(key)
        if last is not None and _is_unchanged(last, reading):
            return
        self._texts[key] = reading
        entry = {"point": reading.point, "value": reading.value, "quality": reading.quality, "flags": reading.flags}
        self._event(reading.at, slot.device, VALUE, entry)

    def _other(self, fact: Fact) -> None:
        match fact:
            case Device():
                self._device(fact)
            case Ledger():
                row = (fact.identity, fact.point, fact.total, ledger_to_json(fact))
                self._db.execute("INSERT OR REPLACE INTO ledger VALUES (?, ?, ?, ?)", row)
            case Memory(identity, key, b""):
                self._db.execute("DELETE FROM memory WHERE identity = ? AND key = ?", (identity, key))
            case Memory(identity, key, value):
                self._db.execute("INSERT OR REPLACE INTO memory VALUES (?, ?, ?)", (identity, key, value))
            case FeedValues():
                put_feed_values(self._db, fact)
            case Status(device, state, since, reason):
                self._event(since, self._number(device), "state", {"state": state, "reason": reason})
            case Notice(device, at, kind, text, data):
                number = self._number(device) if device else None
                self._event(at, number, kind, {"words": text, "data": dict(data)})
                self._announced.difference_update(data.get("identities", ()))  # of devices that were removed

    def _event(self, at: float, device: int | None, kind: str, entry: Mapping[str, object]) -> None:
        moment = at if math.isfinite(at) else self._wall()
        self._db.execute(PUT_EVENT, (moment, device, kind, to_json(entry)))
        if kind != VALUE:
            self._event_times.append(moment)

    def _device(self, device: Device) -> None:
        """Give the device its id. Another device that had the id keeps its history under its identity."""
        if device.replaces:
            self._replace(device)
        self._announced.add(device.identity)
        now = self._wall()
        taken = "UPDATE device SET id = NULL WHERE id = ? AND identity <> ?"
        self._db.execute(taken, (device.id, device.identity))
        row = (device.identity, device.id, device.family, device.link, device_to_json(device), now, now)
        known = self._db.execute(DESCRIBED, (device.identity,)).fetchone()
        self._db.execute(PUT_DEVICE, row)
        if known != (row[1], row[4]):
            self.outbox.mark_catalogue()
        place = self._db.execute("SELECT number FROM device WHERE identity = ?", (device.identity,))
        number = int(place.fetchone()[0])
        self._db.execute("INSERT OR IGNORE INTO alias VALUES (?, ?, ?)", (device.id, number, now))
        self._numbers[device.identity] = number
        self._ids = {id: identity for id, identity in self._ids.items() if identity != device.identity}
        self._ids[device.id] = device.identity
        self._describe(device)
        self._slots.clear()

    def _replace(self, device: Device) -> None:
        """Join the history of the device that this one replaces, once; never that of a current device."""
        query = "SELECT identity FROM device WHERE identity = ? OR id = ? ORDER BY identity <> ?"
        found = self._db.execute(query, (device.replaces,) * 3).fetchone()
        if found is None or found[0] == device.identity or found[0] in self._announced:
            return
        self._repair.join_within(found[0], device.identity, "replaces")
        self.reload()

    def _describe(self, device: Device) -> None:
        for point in device.points:
            self._scales[device.identity, point.key] = SeriesScale(point.key, point.exponent, point.kind)

    def _number(self, id: str) -> int:
        """The number of the device with this id. A device without a Device fact is stored under its id."""
        if id not in self._ids:
            self._device(Device(id=id, identity=id, family="", link="", profile=""))
        return self._numbers[self._ids[id]]

    def _slot(self, reading: Reading) -> _Slot:
        number = self._number(reading.device)
        point, value = reading.point, reading.value
        scale = self._scales.get((self._ids[reading.device], point)) or default_scale(point, value)
        series = 0
        if not isinstance(value, str) and scale.kind in NUMBERS:
            series = self._series.get((number, scale)) or self._new_series(number, scale)
        slot = self._slots[reading.device, point, value.__class__] = _Slot(number, series, scale)
        return slot

    def _new_series(self, device: int, scale: SeriesScale) -> int:
        row = (device, scale.point, scale.exponent, scale.kind)
        cursor = self._db.execute("INSERT INTO series (device, point, exponent, kind) VALUES (?, ?, ?, ?)", row)
        number = self._series[device, scale] = cursor.lastrowid or 0
        self.outbox.mark_catalogue()
        return number

    def _new_marks(self, reading: Reading) -> int:
        for flag in reading.flags:
            if flag not in self._bits:
                self._bits[flag] = len(self._bits)
                self._db.execute("INSERT INTO flag VALUES (?, ?)", (self._bits[flag], flag))
                self.outbox.mark_catalogue()
        marks = marks_of(reading.quality, self._bits, reading.flags)
        self._marks[reading.quality, reading.flags] = marks
        return marks


def merge_or_replace(old: bytes, late: bytes) -> bytes:
    """SQL's ``merge(old, late)``. A damaged old blob is replaced, so that new ones can be stored."""
    try:
        return blob.merge(old, late)
    except DamagedStore:
        return late


def _is_unchanged(last: Reading, reading: Reading) -> bool:
    same = (last.value, last.quality, last.flags) == (reading.value, reading.quality, reading.flags)
    return same and 0 <= reading.at - last.at < SAME_TEXT_S


def _ms(entry: Entry) -> int:
    return entry[0]
