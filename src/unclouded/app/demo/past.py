"""The past of the demo: what its devices used in the days before it was started, or since it last ran.

    store ──►│ 400 days, a value each quarter of an hour │ this run
             └ planned before the hub starts: its ledgers and the meter go on from the totals at the end
               filled in while it runs, 100 days of a device at a time; what an early end leaves is done by the next

The same home and day always have the same past (sim/seasons.py).
"""

import asyncio
import logging
import sqlite3
import time
from collections.abc import Mapping, Sequence
from datetime import tzinfo
from functools import lru_cache
from pathlib import Path
from typing import TYPE_CHECKING

import msgspec
from msgspec.structs import replace

from unclouded.core.errors import StoreError
from unclouded.core.model import Ledger
from unclouded.sim.world import Counters
from unclouded.store.encoding.codec import SeriesScale, ledger_from_json, ledger_to_json
from unclouded.store.file.schema import explain, open_to_write
from unclouded.store.samples import Samples
from unclouded.store.transaction import transaction

if TYPE_CHECKING:  # numpy is imported with the first past that is planned
    from unclouded.sim.seasons import Columns, HomeQuarters

log = logging.getLogger("unclouded.demo")

DAYS = 400
QUARTER = 900  # s
DAY_S = 86_400
WH = 1000  # mWh; what a meter counts in
IMPORT, EXPORT, POWER = "energy_import_Wh", "energy_export_Wh", "power_W"
MEMORY = ("demo", "past")  # identity and key of what is planned
SLICE = 100 * DAY_S // QUARTER  # quarters that are stored at once
PAUSE_S = 0.03  # s between them, in which the hub stores its own
LOOK_S = 0.2  # s from one look for the devices of the hub to the next
LONGEST_WAIT_S = 180.0  # s until the rest is left to the next run; a hub that could not store tries again after 60

LEDGER = "SELECT json FROM ledger WHERE identity = ? AND point = ?"
NEWEST = """SELECT max(coalesce((SELECT max(second) FROM sample WHERE device = number), 0),
    coalesce((SELECT max(last) FROM chunk WHERE device = number), 0)) FROM device ORDER BY 1 DESC LIMIT 1"""
PUT_LEDGER = "INSERT OR REPLACE INTO ledger VALUES (?, ?, ?, ?)"
PUT_MEMORY = "INSERT OR REPLACE INTO memory VALUES (?, ?, ?)"


class PastDevice(msgspec.Struct, frozen=True):
    """A device with a past. ``subject``: the plug of the home, "" = the meter. ``identity``: where it is known before
    the device reports it. ``power_exponent``: of the power's scale. ``is_dated``: its counter begins with each day."""

    id: str
    subject: str
    power_exponent: int
    identity: str = ""
    is_dated: bool = False


class PlannedPast(msgspec.Struct, frozen=True):
    """What is not stored yet of one device: from ``first`` until before ``last`` (Unix seconds).

    ``begin_mWh``: its totals at the beginning, by point.
    """

    device: PastDevice
    first: int
    last: int
    begin_mWh: Mapping[str, int]


class DemoPast:
    """The past in one store: planned before the hub opens it, filled in while the hub runs."""

    def __init__(self, path: Path, seed: int, zone: tzinfo) -> None:
        self._path = path
        self._quarters = lru_cache(maxsize=2)(lambda first, last: _quarters(seed, first, last, zone))

    def plan(self, devices: Sequence[PastDevice], now: float, days: int) -> Counters:
        """Put the totals at the end of the past into the ledgers; the counters of the meter then. Raises StoreError."""
        db = open_to_write(self._path)
        try:
            db.execute("BEGIN IMMEDIATE")
            last = int(now) // QUARTER * QUARTER
            first = max(_first_quarter(db), last - days * DAY_S)
            if first < last:
                named = [_named(db, device) for device in devices]
                new = [self._raise_ledgers(db, device, first, last, now) for device in named]
                _keep(db, [*_earlier(db, new), *new])
            counters = _meter_counters(db, next((one for one in devices if not one.subject), None))
            db.execute("COMMIT")
        except sqlite3.Error as error:
            raise explain(self._path, error) from None
        finally:
            db.close()
        return counters

    async def fill(self) -> None:
        """Store what is planned, until it is done or the task is cancelled."""
        ends = time.monotonic() + LONGEST_WAIT_S
        try:
            while await asyncio.to_thread(self._fill_next):
                if time.monotonic() > ends:
                    log.warning("The past of the demo is not complete: the hub has not stored all devices yet.")
                    return
                await asyncio.sleep(LOOK_S)
        except StoreError as error:
            log.warning("The past of the demo is not complete: %s", error)

    # --- inside --------------------------------------------------------------------------------

    def _raise_ledgers(
        self, db: sqlite3.Connection, device: PastDevice, first: int, last: int, now: float
    ) -> PlannedPast:
        """Raise the ledgers of a device by what it uses in that time; what is to be stored of it."""
        begin = {}
        for point, used in self._used(device, first, last).items():
            energy_mWh = int(used.sum())
            ledger = _ledger(db, device.identity, point)
            if ledger is None and not device.subject:  # the hub takes over what the meter shows at first
                begin[point] = _shown_at_first(point) - energy_mWh
                continue
            if ledger is None:
                ledger = Ledger(identity=device.identity, point=point, level=0 if device.is_dated else None)
            begin[point], level = ledger.total, ledger.level
            if not device.subject:
                energy_mWh = energy_mWh // WH * WH
                level = energy_mWh + (level or 0)
            raised = replace(ledger, total=ledger.total + energy_mWh, level=level, at=now, moved=now, filed=float(last))
            db.execute(PUT_LEDGER, (device.identity, point, raised.total, ledger_to_json(raised)))
        return PlannedPast(device, first, last, begin)

    def _used(self, device: PastDevice, first: int, last: int) -> "Mapping[str, Columns]":
        """The energy of each quarter in mWh, by counter."""
        home = self._quarters(first, last)
        if device.subject:
            return {IMPORT: home.used_mWh[device.subject]}
        return {IMPORT: home.net_mWh.clip(0, None), EXPORT: (-home.net_mWh).clip(0, None)}

    def _fill_next(self) -> bool:
        """Store the past of the devices that the hub has stored; whether something is left. Raises StoreError."""
        db = open_to_write(self._path)
        try:
            for one in _planned(db):
                row = db.execute("SELECT number FROM device WHERE id = ?", (one.device.id,)).fetchone()
                if row is not None:
                    self._fill(db, row[0], one)
            return bool(_planned(db))
        except sqlite3.Error as error:
            raise explain(self._path, error) from None
        finally:
            db.close()

    def _fill(self, db: sqlite3.Connection, number: int, one: PlannedPast) -> None:
        """In short transactions, so that the hub stores its readings in between; the newest days first."""
        free = _until_first_sample(db, number, one)
        starts, columns = self._quarters(free.first, free.last).starts, self._columns(free)
        for end in range(len(starts), 0, -SLICE) or [0]:
            begin = max(end - SLICE, 0)
            left = replace(free, last=int(starts[begin])) if begin else None
            some = {scale: column[begin:end] for scale, column in columns.items()}
            _store(db, number, starts[begin:end], some, one, left)
            one = left or one
            time.sleep(PAUSE_S)

    def _columns(self, one: PlannedPast) -> "Mapping[SeriesScale, Columns]":
        """The power of each quarter, and the totals at its beginning."""
        home = self._quarters(one.first, one.last)
        mW = 10 ** (one.device.power_exponent + 3)  # in one count of the power
        energy = home.used_mWh[one.device.subject] if one.device.subject else home.net_mWh
        columns = {SeriesScale(POWER, one.device.power_exponent, "number"): (energy * 4 + mW // 2) // mW}
        for point, used in self._used(one.device, one.first, one.last).items():
            columns[SeriesScale(point, -3, "counter")] = one.begin_mWh[point] + used.cumsum() - used
        return columns


def _quarters(seed: int, first: int, last: int, zone: tzinfo) -> "HomeQuarters":
    from unclouded.sim.seasons import home_quarters

    return home_quarters(seed, first, last, zone)


def _named(db: sqlite3.Connection, device: PastDevice) -> PastDevice:
    """The device with the identity that the store knows it by."""
    row = db.execute("SELECT identity FROM device WHERE id = ?", (device.id,)).fetchone()
    return device if row is None else replace(device, identity=row[0])


def _planned(db: sqlite3.Connection) -> list[PlannedPast]:
    row = db.execute("SELECT value FROM memory WHERE identity = ? AND key = ?", MEMORY).fetchone()
    return msgspec.json.decode(row[0], type=list[PlannedPast]) if row else []


def _first_quarter(db: sqlite3.Connection) -> int:
    """When the first quarter begins that is neither stored nor planned."""
    (newest,) = db.execute(NEWEST).fetchone() or (0,)
    return max([newest // QUARTER * QUARTER + QUARTER, *(one.last for one in _planned(db))])


def _earlier(db: sqlite3.Connection, new: Sequence[PlannedPast]) -> list[PlannedPast]:
    """What was planned by runs that ended before it was stored.

    Where their hub has not even stored the meter, its totals end where the new ones begin.
    """
    meter = next((one for one in new if not one.device.subject), None)
    if meter is None or _ledger(db, meter.device.identity, IMPORT) is not None:
        return _planned(db)
    return [one if one.device.subject else _lowered(one, meter) for one in _planned(db)]


def _lowered(one: PlannedPast, later: PlannedPast) -> PlannedPast:
    used = {point: _shown_at_first(point) - total for point, total in later.begin_mWh.items()}
    return replace(one, begin_mWh={point: total - used[point] for point, total in one.begin_mWh.items()})


def _store(
    db: sqlite3.Connection,
    number: int,
    starts: "Columns",
    columns: "Mapping[SeriesScale, Columns]",
    planned: PlannedPast,
    left: PlannedPast | None,
) -> None:
    """Store some quarters of what is planned, and what is left to be stored then: in one transaction."""
    from unclouded.store.backfill import backfill

    with transaction(db):
        backfill(db, number, starts, columns)
        _keep(db, [other for one in _planned(db) for other in ([left] if one == planned else [one]) if other])


def _until_first_sample(db: sqlite3.Connection, number: int, one: PlannedPast) -> PlannedPast:
    """What of it is before the values that the device has already: the clock may have been set back since."""
    taken = Samples(lambda query, *values: db.execute(query, values).fetchall()).next(number, one.first)
    return one if taken is None else replace(one, last=min(one.last, taken // QUARTER * QUARTER))


def _keep(db: sqlite3.Connection, planned: Sequence[PlannedPast]) -> None:
    db.execute(PUT_MEMORY, (*MEMORY, msgspec.json.encode(planned)))


def _ledger(db: sqlite3.Connection, identity: str, point: str) -> Ledger | None:
    row = db.execute(LEDGER, (identity, point)).fetchone()
    return ledger_from_json(row[0]) if row else None


def _meter_counters(db: sqlite3.Connection, meter: PastDevice | None) -> Counters:
    """What the meter shows: it goes on from its ledgers, or begins as a meter that has run for years."""
    identity = _named(db, meter).identity if meter else ""
    levels = {}
    for point in (IMPORT, EXPORT):
        ledger = _ledger(db, identity, point)
        levels[point] = _shown_at_first(point) if ledger is None or ledger.level is None else int(ledger.level)
    return Counters(import_mWh=levels[IMPORT], export_mWh=levels[EXPORT])


def _shown_at_first(point: str) -> int:
    return {IMPORT: Counters().import_mWh, EXPORT: Counters().export_mWh}[point]
