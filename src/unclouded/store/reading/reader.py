"""Reads the store on a connection of its own, while a hub may be writing to it.

Histories are iterators that read a few thousand device-seconds at a time, so that no long read transaction blocks
the checkpoints of SQLite's write-ahead log.
"""

import heapq
import sqlite3
from collections.abc import Collection, Iterator, Mapping, Sequence
from datetime import tzinfo
from operator import attrgetter
from pathlib import Path
from types import TracebackType
from typing import Any, Self

import msgspec

from unclouded.core.errors import CommandError
from unclouded.core.model import Device, Quality, Reading, Value, unit_of
from unclouded.core.times import iso
from unclouded.core.views.retention import RetentionView
from unclouded.store.editing.edit import COLUMNS, HistoryEdit, edit_of
from unclouded.store.editing.edited_samples import edit_at, text_spans
from unclouded.store.encoding.codec import QUALITIES, VALUE, SeriesScale, device_from_json, flags_of, from_json
from unclouded.store.feeds import StoredFeeds
from unclouded.store.file.schema import explain, open_to_read
from unclouded.store.reading.condense import Grid, HistoryRow, HistoryStep, LastValue, milliseconds
from unclouded.store.reading.counter_rows import CounterQuery, CounterRows, counter_rows
from unclouded.store.reading.steps import DEPTH, TEXT_DEPTH, VALUES, Steps
from unclouded.store.reading.window_source import WindowSource
from unclouded.store.retention.expired import Gone, gone_of
from unclouded.store.retention.rules import RetentionRule
from unclouded.store.retention.survey import survey
from unclouded.store.samples import DamagedHours, Samples
from unclouded.store.silence import Silences

FOREVER = 2.0**40
LONGEST_ROWS_S = 3600

EVENTS = """SELECT e.at, coalesce(d.id, d.identity, ''), e.kind, e.json FROM event e
    LEFT JOIN device d ON d.number = e.device
    WHERE e.at >= ? AND e.at < ? AND (? IS NULL OR e.device = ?) AND e.kind <> ? ORDER BY e.at"""
IMPORTS = """SELECT i.number, coalesce(d.id, d.identity), i.source, i.who, i.at, i.undone_at FROM imported i
    JOIN device d ON d.number = i.device ORDER BY i.number DESC"""
EDITS = f"SELECT {COLUMNS} FROM edit WHERE device = ?1 AND start < ?3 AND until > ?2 ORDER BY number"
DEVICE = "SELECT number, identity, id, first_seen, last_seen, info FROM device"
OLDEST = """SELECT min(at) FROM (SELECT (SELECT min(second) FROM sample WHERE device = number) AS at FROM device
    UNION ALL SELECT (SELECT first FROM chunk WHERE device = number ORDER BY start LIMIT 1) FROM device
    UNION ALL SELECT (SELECT start FROM rollup WHERE series = id AND span = 3600 ORDER BY start LIMIT 1) FROM series)"""
POINTS = "SELECT coalesce(d.id, d.identity), d.identity, point FROM series JOIN device d ON d.number = device"
LEDGERS = """SELECT d.id, l.point FROM ledger l JOIN device d ON d.identity = l.identity WHERE d.id IS NOT NULL
    ORDER BY d.number, l.point"""


COUNTER_SERIES = """SELECT d.id, s.point, max(s.id) FROM series s JOIN device d ON d.number = s.device
    JOIN ledger l ON l.identity = d.identity AND l.point = s.point WHERE d.id IS NOT NULL GROUP BY s.device, s.point"""


class UnknownDevice(CommandError):
    """No device in the store has this name."""


class StoredDevice(msgspec.Struct, frozen=True, kw_only=True):
    """A device of the store. ``id`` is empty where another device has it now; ``ids``: all it ever had."""

    identity: str
    id: str
    ids: tuple[str, ...]
    first_seen: float
    last_seen: float
    device: Device


class Event(msgspec.Struct, frozen=True):
    """An event; the keys of ``data`` depend on the kind."""

    at: float
    device: str
    kind: str
    data: Mapping[str, Any]  # Any: JSON


NAMES = "SELECT number, id, identity FROM device"


class DamagedHour(msgspec.Struct, frozen=True):
    """An hour of a device, from ``start`` (Unix s) on, whose readings cannot be read; rows that sum it up can.

    ``device``: its id, or its identity where it has none now (``id`` is "").
    """

    device: str
    id: str
    start: int

    def __str__(self) -> str:
        return (
            f"The readings of {self.device} in the hour from {iso(self.start)} are damaged in the store, and left out. "
            "Minutes, quarters and hours are there, and all else."
        )


class StoreReader:
    """Read access to a store. Use it as a context manager, in one thread at a time. Raises StoreError."""

    def __init__(self, path: Path) -> None:
        self._path = path
        self._db = open_to_read(path)
        self._damaged: DamagedHours = set()  # that were met in reading
        self.assumed: Sequence[HistoryEdit] = ()  # edits that are not stored, which energy is computed with: previews

    def __enter__(self) -> Self:
        return self

    def __exit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        self.close()

    def close(self) -> None:
        """Closes the database; iterators of it must not be used afterwards."""
        self._db.close()

    def devices(self) -> list[StoredDevice]:
        """All devices, in the order in which they were added."""
        return [self._known(*row) for row in self._rows(f"{DEVICE} ORDER BY number")]

    def known(self, device: str) -> StoredDevice:
        """One device, by any name that ``history`` accepts. Raises CommandError."""
        return self._known(*self._rows(f"{DEVICE} WHERE number = ?", self._find(device)[0])[0])

    def since(self) -> float | None:
        """The time of the oldest value, Unix seconds; None where there is none."""
        found: float | None = self._rows(OLDEST)[0][0]
        return found

    def counters(self) -> dict[str, list[str]]:
        """The points of each device, by its current id, that are lifetime totals in Wh: those of its ledgers."""
        found: dict[str, list[str]] = {}
        for id, point in self._rows(LEDGERS):
            if unit_of(point) == "Wh":
                found.setdefault(id, []).append(point)
        return found

    def counter_series(self) -> dict[tuple[str, str], int]:
        """The number of the newest series of each lifetime total, by the current id of its device and its point."""
        return {(id, point): series for id, point, series in self._rows(COUNTER_SERIES)}

    def numbers(self) -> dict[int, str]:
        """The current id of each device by its number, "" where another device has it now."""
        return {number: id or "" for number, id, _ in self._rows(NAMES)}

    def points(self) -> dict[str, set[str]]:
        """The points of numbers that each device has stored, by its current id and by its identity."""
        found: dict[str, set[str]] = {}
        for id, identity, point in self._rows(POINTS):
            for name in (id, identity):
                found.setdefault(name, set()).add(point)
        return found

    def decimals(self, device: str) -> dict[str, int]:
        """How many decimals the stored numbers of each point have, at most. Raises CommandError."""
        found: dict[str, int] = {}
        for scale in self._scales(self._find(device)[0]).values():
            found[scale.point] = max(found.get(scale.point, 0), -scale.exponent)
        return found

    def history(
        self,
        device: str,
        points: Collection[str] | None = None,
        start: float = 0.0,
        end: float = FOREVER,
        step: float | None = None,
        zone: tzinfo | None = None,
    ) -> Iterator[HistoryRow]:
        """The values of a device (by id, identity, or an unambiguous former id) from ``start`` until before ``end``.

        With ``step`` (seconds) each point has one row per step: numbers as min, mean and max, all else as the last
        value. Steps of an hour and more follow the clock of ``zone``. Raises CommandError where the device is unknown.
        """
        if step is not None:
            name = self._find(device)[1]
            return (one.row(name) for one in self.steps(device, Grid(step, zone), points, start, end))
        number, name = self._find(device)
        rows = self._samples(number, name, self._scales(number, points), start, end)
        if texts := list(self._texts(number, name, points, start, end)):
            rows = heapq.merge(rows, texts, key=attrgetter("at"))
        return rows

    def steps(
        self,
        device: str,
        grid: Grid,
        points: Collection[str] | None = None,
        start: float = 0.0,
        end: float = FOREVER,
    ) -> Iterator[HistoryStep]:
        """The points of a device in each step of a grid, by time, then by point. Raises CommandError."""
        return self._steps(device, points).read(grid, milliseconds(start), milliseconds(end))

    def counter_rows(self, device: str, point: str, span: int, start: int, end: int, flag: str) -> CounterRows:
        """The rows of a counter of ``span`` s, between multiples of it. Raises CommandError."""
        number = self._find(device)[0]
        query = CounterQuery(number, point, span, start, end, flag)
        return counter_rows(self._rows, self._scales(number, [point]), query)

    def before(self, device: str, points: Collection[str], at: float) -> dict[str, tuple[float, Value]]:
        """The last number of each point before a time, with its time. Raises CommandError."""
        found = self._steps(device, points).before(milliseconds(at))
        return {point: (one.at / 1000, one.value) for point, one in found.items()}

    def standing(self, device: str, points: Collection[str], at: float) -> dict[str, LastValue]:
        """The last value of each point before a time, if it is still valid: the device was not down in between.

        Raises CommandError.
        """
        number, _ = self._find(device)
        found = self._steps(device, points).standing(at, points)
        last_break = Silences(self._rows, number).last_break(at) if found else 0.0
        return {point: one for point, one in found.items() if one.at > last_break * 1000}

    def first(self, device: str, points: Collection[str], at: float) -> dict[str, tuple[float, Value]]:
        """The first number of each point from a time on, with its time. Raises CommandError."""
        found = self._steps(device, points).first(milliseconds(at))
        return {point: (one.at / 1000, one.value) for point, one in found.items()}

    def events(self, device: str | None = None, start: float = 0.0, end: float = FOREVER) -> Iterator[Event]:
        """States, commands, joins, warnings … of one device or of all; text values are in the history."""
        number = None if device is None else self._find(device)[0]
        for at, name, kind, text in self._rows(f"{EVENTS}, e.number", start, end, number, number, VALUE):
            yield Event(at, name, kind, from_json(text))

    def newest_events(
        self, device: str | None = None, start: float = 0.0, end: float = FOREVER, limit: int = 200
    ) -> list[Event]:
        """At most ``limit`` events, the newest first."""
        number = None if device is None else self._find(device)[0]
        rows = self._rows(f"{EVENTS} DESC, e.number DESC LIMIT ?", start, end, number, number, VALUE, limit)
        return [Event(at, name, kind, from_json(text)) for at, name, kind, text in rows]

    def shortest_span(self, device: str, points: Collection[str], start: float) -> int:
        """The seconds of the shortest rows that are left of all these points from a time on: 0 = all readings are.

        Raises CommandError.
        """
        number, _ = self._find(device)
        gone, scales = gone_of(self._rows, number), self._scales(number, points)
        return max((_left(gone[one], start) for one in gone.keys() & scales.keys()), default=0)

    def damaged_hours(self, device: str | None = None) -> list[DamagedHour]:
        """The hours whose chunk was met so far and is damaged, of a device or of all: they were left out."""
        if not self._damaged:
            return []
        number = None if device is None else self._find(device)[0]
        names = {number: (id or identity, id or "") for number, id, identity in self._rows(NAMES)}
        found = sorted(one for one in self._damaged if number in (None, one[0]))
        return [DamagedHour(*names[device], start) for device, start in found if device in names]

    def silences(self, device: str, start: float = 0.0, end: float = FOREVER) -> list[tuple[float, float]]:
        """The times within a range in which a device was offline or faulted, or no hub ran; oldest first."""
        number, _ = self._find(device)
        return list(Silences(self._rows, number).between(start, end))

    def seconds(self, device: str, start: float, end: float, limit: int) -> int:
        """The number of seconds of a range with samples of a device, counted up to a limit."""
        return Samples(self._rows, self._damaged).count(self._find(device)[0], int(start), end, limit)

    def edits(
        self, device: str, points: Collection[str] | None = None, start: float = 0.0, end: float = FOREVER
    ) -> list[HistoryEdit]:
        """The edits of a device that overlap a range, also those that are undone; the oldest first.

        Raises CommandError where the device is unknown.
        """
        number, low, high = self._find(device)[0], milliseconds(start), milliseconds(end)
        edits = [edit_of(row) for row in self._rows(EDITS, number, low, high)]
        edits += [one for one in self.assumed if one.device == number and one.start < high and one.until > low]
        return [edit for edit in edits if points is None or edit.point in points]

    def imports(self) -> list[tuple[int, str, str, str, float, float | None]]:
        """Number, device, file, who, when, and when it was undone: of each import, newest first."""
        return [tuple(row) for row in self._rows(IMPORTS)]

    def size(self, device: str, point: str, start: float, end: float) -> int:
        """How many values of a point are in a range, with the edits so far. Raises CommandError."""
        number, name = self._find(device)
        texts = sum(1 for _ in self._texts(number, name, [point], start, end))
        return texts + self._steps(device, [point]).size(milliseconds(start), milliseconds(end))

    def kinds(self, device: str) -> dict[str, str]:
        """The kind of each point of a device: of its series, else as the device described it. Raises CommandError."""
        number, _ = self._find(device)
        described = {point.key: str(point.kind) for point in self.known(device).device.points}
        return described | {scale.point: scale.kind for scale in self._scales(number).values()}

    def number(self, device: str) -> int:
        """The number of a device in the store. Raises CommandError."""
        return self._find(device)[0]

    def feeds(self) -> StoredFeeds:
        """The values of prices and other feeds."""
        return StoredFeeds(self._rows)

    def windows(self) -> WindowSource:
        """What windows of a few minutes contain, device by device."""
        return WindowSource(self._rows, self._damaged)

    def retention(self, rules: Sequence[RetentionRule], now: float) -> RetentionView:
        """What rules of retention keep and free."""
        self._rows("BEGIN")
        try:
            return survey(self._rows, rules, now)
        finally:
            self._rows("COMMIT")

    def newest(self) -> float:
        """The second of the newest sample of any device; 0 where there is none."""
        return float(Samples(self._rows).newest_before(FOREVER))

    def latest(self) -> list[Reading]:
        """The last stored value of each point of each device with a current id."""
        readings = []
        for number, id in self._rows("SELECT number, id FROM device WHERE id IS NOT NULL ORDER BY number"):
            last = self._last_samples(number, id) | self._last_texts(number, id)
            readings += [last[point] for point in sorted(last)]
        return readings

    # --- inside --------------------------------------------------------------------------------

    def _rows(self, query: str, *values: object) -> list[Any]:  # Any: rows as SQLite has them
        try:
            return self._db.execute(query, values).fetchall()
        except (sqlite3.Error, UnicodeDecodeError) as error:
            raise explain(self._path, error) from None

    def _known(self, number: int, identity: str, id: str | None, first: float, last: float, info: str) -> StoredDevice:
        ids = self._rows("SELECT id FROM alias WHERE device = ? ORDER BY since", number)
        return StoredDevice(
            identity=identity,
            id=id or "",
            ids=tuple(id for (id,) in ids),
            first_seen=first,
            last_seen=last,
            device=device_from_json(info),
        )

    def _steps(self, device: str, points: Collection[str] | None) -> Steps:
        number = self._find(device)[0]
        return Steps(self._rows, number, self._scales(number, points), points, self._damaged)

    def _find(self, device: str) -> tuple[int, str]:
        """The number of a device and its current name."""
        what = "SELECT number, coalesce(id, identity) FROM device WHERE"
        for query in (
            f"{what} id = ?",
            f"{what} identity = ?",
            f"{what} number IN (SELECT device FROM alias WHERE id = ?)",
        ):
            found = self._rows(query, device)
            if len(found) == 1:
                return int(found[0][0]), str(found[0][1])
        known = [str(name) for (name,) in self._rows("SELECT coalesce(id, identity) FROM device ORDER BY 1")]
        if found:
            raise CommandError(f"Several devices had the id {device!r}; use an identity instead.")
        raise UnknownDevice(f"There is no device {device!r} in the store. Devices: {', '.join(known) or 'none yet'}.")

    def _scales(self, number: int, points: Collection[str] | None = None) -> dict[int, SeriesScale]:
        rows = self._rows("SELECT id, point, exponent, kind FROM series WHERE device = ?", number)
        return {id: SeriesScale(point, *rest) for id, point, *rest in rows if points is None or point in points}

    def _flags(self) -> dict[int, str]:
        return dict(self._rows("SELECT bit, name FROM flag ORDER BY bit"))

    def _samples(
        self, number: int, name: str, scales: Mapping[int, SeriesScale], start: float, end: float
    ) -> Iterator[HistoryRow]:
        marked = _Marks(self._flags())
        for second, entries in Samples(self._rows, self._damaged).read(number, int(start), end) if scales else ():
            for ms, series, value, marks in entries:
                scale = scales.get(series)
                at = second + ms / 1000
                if scale is not None and start <= at < end:
                    yield HistoryRow(at, name, scale.point, scale.value(value), *marked[marks])

    def _texts(
        self, number: int, name: str, points: Collection[str] | None, start: float, end: float
    ) -> Iterator[HistoryRow]:
        rows = self._rows(VALUES, number, VALUE, start, end)
        void = text_spans(self._rows, number, milliseconds(start), milliseconds(end)) if rows else {}
        for at, text in rows:
            entry = from_json(text)
            spans = void.get(entry["point"], ())
            if (points is None or entry["point"] in points) and edit_at(spans, at * 1000) is None:
                yield HistoryRow(at, name, entry["point"], entry["value"], entry["quality"], tuple(entry["flags"]))

    def _last_samples(self, number: int, id: str) -> dict[str, Reading]:
        """Read backwards until every point was found."""
        scales = self._scales(number)
        wanted = {scale.point for scale in scales.values()}
        marked = _Marks(self._flags())
        last: dict[str, Reading] = {}
        for second, entries in Samples(self._rows, self._damaged).read_back(number, 0, FOREVER, DEPTH):
            for ms, series, value, marks in reversed(entries):
                scale = scales[series]
                if scale.point not in last:
                    at = second + ms / 1000
                    last[scale.point] = Reading(id, scale.point, scale.value(value), at, *marked[marks])
            if len(last) == len(wanted):
                break
        return last

    def _last_texts(self, number: int, id: str) -> dict[str, Reading]:
        last: dict[str, Reading] = {}
        query = "SELECT at, json FROM event WHERE device = ? AND kind = ? ORDER BY at DESC, number DESC LIMIT ?"
        rows = self._rows(query, number, VALUE, TEXT_DEPTH)
        void = text_spans(self._rows, number, 0, milliseconds(FOREVER)) if rows else {}
        for at, text in rows:
            entry = from_json(text)
            if edit_at(void.get(entry["point"], ()), at * 1000) is not None:
                continue
            point, flags = entry["point"], tuple(entry["flags"])
            last.setdefault(point, Reading(id, point, entry["value"], at, entry["quality"], flags))
        return last


def _left(gone: Gone, at: float) -> int:
    found = gone.shortest(at)
    return LONGEST_ROWS_S if found is None else found


class _Marks(dict[int, tuple[Quality, tuple[str, ...]]]):
    """Marks of samples -> quality and flags, cached."""

    def __init__(self, names: Mapping[int, str]) -> None:
        super().__init__()
        self._names = names

    def __missing__(self, marks: int) -> tuple[Quality, tuple[str, ...]]:
        self[marks] = QUALITIES[marks & 3], flags_of(marks, self._names)
        return self[marks]
