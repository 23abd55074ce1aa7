"""The file of a store, made of the windows that a home has sent.

    raw       -> samples, exactly as they were; their rolled-up rows follow from them
    minute    -> rolled-up rows, before the samples of their device begin
    quarter   -> rolled-up rows, before both
    counters  -> ledgers, so that totals go on where they were

What has rows and no samples is marked as retention marks it: the rows are kept, the samples are gone. Energy alone, and
events, are not in the file.
"""

import sqlite3
from collections.abc import Callable, Iterable
from contextlib import closing
from pathlib import Path

from unclouded.core.model import Device, Ledger
from unclouded.store.encoding import blob
from unclouded.store.encoding.codec import device_to_json, ledger_to_json
from unclouded.store.encoding.part import SeriesPart, join
from unclouded.store.file.schema import open_to_write
from unclouded.store.rollup import PUT_ROW, Rollup
from unclouded.store.transaction import transaction
from unclouded.uplink.contents.catalogue import SentCatalogue, SentDevice, SentSeries
from unclouded.uplink.contents.raw import decode_raw
from unclouded.uplink.contents.rows import STEPS, RolledRow, decode_rows
from unclouded.uplink.messages import SentWindow

HOUR, QUARTER, MINUTE = 3600, 900, 60
NEVER = 2**62
AT_ONCE = 1_000_000  # device-seconds that are rolled up in one transaction
MWH_EXPONENT = -3  # of Wh
LEVELS = ("raw", "minute", "quarter")  # in this order

PUT_DEVICE = "INSERT INTO device VALUES (?, ?, ?, ?, '', ?, ?, ?)"
PUT_SAMPLE = "INSERT OR REPLACE INTO sample VALUES (?, ?, ?)"
PUT_EXPIRED = "INSERT OR REPLACE INTO expired VALUES (?, ?, ?)"


class StoreFile:
    """A store in a new file. Call ``add`` for each of LEVELS in their order, then ``finish``. ``wall``: Unix s."""

    def __init__(self, file: Path, catalogue: SentCatalogue, wall: Callable[[], float]) -> None:
        """Raises StoreError."""
        self.samples = self.rows = 0
        self._wall = wall
        self._db = open_to_write(file)
        self._series = {one.number: one for one in catalogue.series}
        self._devices = {one.number: one for one in catalogue.devices}
        self._begin = {level: dict[int, int]() for level in LEVELS}  # by device: whole hours (Unix s)
        self._end = dict[int, int]()  # by device: of its newest row
        self._hours = dict[tuple[int, int], SeriesPart]()  # by series and hour
        self._quarters = dict[tuple[int, int], SeriesPart]()  # those that are made of minutes
        self._last = dict[int, tuple[int, int]]()  # by series: time (ms), count
        with transaction(self._db):
            self._put_catalogue(catalogue)

    def add(self, level: str, windows: Iterable[SentWindow]) -> None:
        """The windows of a level, in order of time. Raises ContentError, sqlite3.Error."""
        with transaction(self._db):
            for window in windows:
                if level == "raw":
                    self._put_samples(window)
                else:
                    self._put_rows(level, decode_rows(level, window.start, window.data))

    def finish(self) -> None:
        """Roll up what was added, and close the file. Raises sqlite3.Error."""
        with closing(self._db) as db:
            with transaction(db):
                for (series, start), part in self._quarters.items():
                    self._put_row(series, QUARTER, start, part)
                for (series, start), part in self._hours.items():
                    self._put_row(series, HOUR, start, part)
                self._put_expired()
                self._put_ledgers()
            self._roll_up(db)
            db.execute("PRAGMA journal_mode = DELETE")

    def close(self) -> None:
        """Give the file back, where it was not finished."""
        self._db.close()

    # --- inside --------------------------------------------------------------------------------

    def _put_catalogue(self, catalogue: SentCatalogue) -> None:
        now = self._wall()
        for one in catalogue.devices:
            device = self._device(one)
            row = (one.number, device.identity, one.id, device.family, device_to_json(device), now, now)
            self._db.execute(PUT_DEVICE, row)
            self._db.execute("INSERT INTO alias VALUES (?, ?, ?)", (one.id, one.number, now))
        rows = [(one.number, one.device, one.point, one.exponent, one.kind) for one in catalogue.series]
        self._db.executemany("INSERT INTO series VALUES (?, ?, ?, ?, ?)", rows)
        self._db.executemany("INSERT INTO flag VALUES (?, ?)", [(one.bit, one.name) for one in catalogue.flags])

    def _device(self, one: SentDevice) -> Device:
        """Without names it is known by its number; its owner says with ``replaces`` which one it was."""
        parent = self._devices.get(one.parent)
        return Device(
            id=one.id,
            identity=one.identity or one.id,
            family=one.kind,
            link="",
            profile="",
            name=one.name,
            room=one.room,
            parent=parent.id if parent is not None else "",
            main=one.main,
            produces=one.produces,
        )

    def _put_samples(self, window: SentWindow) -> None:
        for device, seconds in decode_raw(window.start, window.data).items():
            if device not in self._devices or not seconds:
                continue
            self._begin["raw"].setdefault(device, seconds[0][0] // HOUR * HOUR)
            rows = [(device, second, blob.encode(entries)) for second, entries in seconds]
            self._db.executemany(PUT_SAMPLE, rows)
            self.samples += len(rows)
            for second, entries in seconds:
                for ms, series, value, _ in entries:
                    self._note_last(series, second * 1000 + ms, value)

    def _put_rows(self, level: str, rows: Iterable[RolledRow]) -> None:
        finer = LEVELS[: LEVELS.index(level)]
        for one in rows:
            known = self._series.get(one.series)
            if known is None:
                continue
            if one.start < min(self._begin[name].get(known.device, NEVER) for name in finer):
                self._begin[level].setdefault(known.device, one.start // HOUR * HOUR)
                self._end[known.device] = max(self._end.get(known.device, 0), one.start + STEPS[level])
                self._put_row(one.series, STEPS[level], one.start, one.part)
                self._sum_up(level, one)
            self._note_last(one.series, one.part.at, one.part.last)

    def _sum_up(self, level: str, one: RolledRow) -> None:
        """The longer rows that it is part of."""
        longer = [(self._hours, HOUR), *([(self._quarters, QUARTER)] if level == "minute" else [])]
        for parts, span in longer:
            key = (one.series, one.start // span * span)
            parts[key] = join(parts[key], one.part) if key in parts else one.part

    def _put_row(self, series: int, span: int, start: int, part: SeriesPart) -> None:
        self._db.execute(PUT_ROW, (series, span, start, *part))
        self.rows += 1

    def _note_last(self, series: int, at: int, value: int) -> None:
        if at >= self._last.get(series, (0, 0))[0]:
            self._last[series] = (at, value)

    def _put_expired(self) -> None:
        """Until when there are rows only: where the next finer ones of the device begin, or its rows end."""
        for one in self._series.values():
            end = -(-self._end.get(one.device, 0) // HOUR) * HOUR
            raw = self._begin["raw"].get(one.device, end)
            minute = min(self._begin["minute"].get(one.device, raw), raw)
            for span, upto in ((0, raw), (MINUTE, minute)):
                if upto and end:
                    self._db.execute(PUT_EXPIRED, (one.number, span, upto))

    def _put_ledgers(self) -> None:
        for number, (at, count) in self._last.items():
            one = self._series.get(number)
            if one is None or one.kind != "counter" or not one.point.endswith("_Wh"):
                continue
            device = self._device(self._devices[one.device])
            total, seconds = _mWh(one, count), at / 1000
            ledger = Ledger(
                identity=device.identity, point=one.point, total=total, at=seconds, moved=seconds, filed=seconds
            )
            row = (ledger.identity, ledger.point, total, ledger_to_json(ledger))
            self._db.execute("INSERT OR REPLACE INTO ledger VALUES (?, ?, ?, ?)", row)

    def _roll_up(self, db: sqlite3.Connection) -> None:
        rollup = Rollup(db, self._wall)
        is_done = False
        while not is_done:
            with transaction(db):
                is_done = rollup.catch_up(AT_ONCE)


def _mWh(one: SentSeries, count: int) -> int:
    """What a count of a counter in Wh stands for."""
    shift = one.exponent - MWH_EXPONENT
    return int(count * 10**shift) if shift >= 0 else round(count / 10**-shift)
