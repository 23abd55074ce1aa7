"""SQLite: plain tables that people can query, described in docs/export.md."""

import sqlite3
from collections.abc import Callable, Sequence
from pathlib import Path

from unclouded.core.errors import StoreError
from unclouded.store.reading.reader import StoredDevice
from unclouded.table_files.tables import Cell, ColumnKind, ExportColumn, ExportTable, Row
from unclouded.table_files.zoned_times import ZonedTimes

TYPES = {"time": "TEXT", "text": "TEXT", "number": "REAL", "value": "", "flag": "INTEGER"}
DEVICES = """CREATE TABLE devices (id TEXT, name TEXT, room TEXT, identity TEXT PRIMARY KEY);
CREATE TABLE points (device TEXT, key TEXT, unit TEXT, kind TEXT, label TEXT, PRIMARY KEY (device, key))"""


class SqliteWriter:
    """Writes a new file. A time is a text with the offset of the zone, and beside it ``unix_ms`` (``start_ms`` …)."""

    def __init__(self, path: Path, times: ZonedTimes, devices: Sequence[StoredDevice]) -> None:
        self._times = times
        self._insert = ""
        self._columns: Sequence[Callable[[Sequence[Cell]], Sequence[Sequence[object]]]] = ()
        self._indexes: list[str] = []
        self._db = sqlite3.connect(path, isolation_level=None)
        for pragma in ("journal_mode = OFF", "synchronous = OFF", "locking_mode = EXCLUSIVE"):
            self._do(f"PRAGMA {pragma}")
        for statement in DEVICES.split(";"):
            self._do(statement)
        self._do("BEGIN")
        self._describe(devices)

    def begin(self, table: ExportTable) -> None:
        columns = [column for one in table.columns for column in _columns(one)]
        defined = ", ".join(f'"{column.name}" {TYPES[column.kind]}'.rstrip() for column in columns)
        self._do(f"CREATE TABLE {table.name} ({defined})")
        self._insert = f"INSERT INTO {table.name} VALUES ({', '.join('?' * len(columns))})"
        self._columns = [self._maker(column.kind) for column in table.columns]
        time = table.columns[0].name
        keys = "device, point, " if any(column.name == "point" for column in table.columns) else ""
        self._indexes.append(f"CREATE INDEX {table.name}_by_time ON {table.name} ({keys}{_ms_name(time)})")

    def rows(self, rows: Sequence[Row]) -> None:
        if rows:
            cells = zip(*rows, strict=True)
            columns = [made for make, column in zip(self._columns, cells, strict=True) for made in make(column)]
            self._do(self._insert, list(zip(*columns, strict=True)))

    def end(self) -> None:
        """Indexes are made at the end, which is faster."""
        for index in self._indexes:
            self._do(index)
        self._do("COMMIT")
        self._db.close()

    def close(self) -> None:
        """Close the file, whatever is in it."""
        self._db.close()

    def _describe(self, devices: Sequence[StoredDevice]) -> None:
        named = [(one.id or None, one.device.name, one.device.room, one.identity) for one in devices]
        self._do("INSERT INTO devices VALUES (?, ?, ?, ?)", named)
        points = {(one.id or one.identity, point.key): point for one in devices for point in one.device.points}
        described = [(*place, point.unit, point.kind, point.label) for place, point in points.items()]
        self._do("INSERT INTO points VALUES (?, ?, ?, ?, ?)", described)

    def _maker(self, kind: ColumnKind) -> Callable[[Sequence[Cell]], Sequence[Sequence[object]]]:
        times = self._times
        match kind:
            case "time":
                return lambda cells: [[times.text(cell) if isinstance(cell, int) else None for cell in cells], cells]
            case "number" | "value":
                return lambda cells: [[_number(cell) for cell in cells]]
        return lambda cells: [cells]

    def _do(self, statement: str, rows: Sequence[Sequence[object]] | None = None) -> None:
        try:
            if rows is None:
                self._db.execute(statement)
            else:
                self._db.executemany(statement, rows)
        except sqlite3.OperationalError as error:
            raise StoreError(f"The SQLite file cannot be written: {error}.") from None


def _columns(column: ExportColumn) -> Sequence[ExportColumn]:
    """A column, and for a time the same as a number."""
    return (column, ExportColumn(_ms_name(column.name), "flag")) if column.kind == "time" else (column,)


def _ms_name(time: str) -> str:
    return "unix_ms" if time == "time" else f"{time}_ms"


def _number(cell: Cell) -> object:
    """A number as SQLite has it: the nearest to the decimal. One beyond 64 bits becomes a float."""
    if not isinstance(cell, tuple):
        return cell
    value = cell[0]
    return float(value) if isinstance(value, int) and abs(value) >= 1 << 63 else value
