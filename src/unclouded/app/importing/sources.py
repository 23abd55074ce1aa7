"""Files of known programs -> energy by interval: Home Assistant (its database, its CSV), Emporia, Meross, plain CSV.

Home Assistant: long-term statistics, tables ``statistics_meta`` and ``statistics``; a row is an hour from ``start``,
and ``sum`` grows by what it used (its public documentation of long-term statistics). Emporia's CSV begins with a column
``Time Bucket (ZONE)``, with a column per circuit in ``kWhs``; Meross' has a date and an energy in each row. Both are
from memory of such files and could not be verified here; what is odd in them is refused by name, as in any other CSV.
"""

import re
import sqlite3
from collections.abc import Iterable, Sequence
from contextlib import closing
from datetime import tzinfo
from decimal import Decimal
from itertools import pairwise
from pathlib import Path
from typing import Literal
from zoneinfo import ZoneInfo

import msgspec

from unclouded.app.importing.table import CellTable, Order, columns_like, date_order, number_of, read_table, time_in
from unclouded.core.errors import CommandError

HOUR = 3600
LONGEST_S = 31 * 86_400.0  # of one interval
UNITS = {"wh": 1, "kwh": 1000, "kwhs": 1000, "mwh": 1_000_000}  # -> Wh
UNIT = re.compile(r"(?<![A-Za-z])(k?Wh|MWh)s?(?![A-Za-z])", re.IGNORECASE)
POWER = re.compile(r"(?<![A-Za-z])[kM]?W(?![A-Za-z])")
MILLI = re.compile(r"(?<![A-Za-z])mWhs?(?![A-Za-z])")  # MWh, in small letters, is a billion times as much
TIMES = ("time", "date", "start", "datum", "zeit", "fecha", "hora", "timestamp")
TOTALS = re.compile(
    r"(?<![^\W_])(total|sum|counter|meter|zähler|zählerstand|stand|lectura|contador)(?![^\W_])", re.IGNORECASE
)
SAME, OTHER = "the same again", "another value of the same time"
MAGIC = b"SQLite format 3\0"


class EnergyInterval(msgspec.Struct, frozen=True, order=True):
    """Unix seconds; energy in mWh."""

    start: float
    end: float
    mWh: int


class ReadOptions(msgspec.Struct, frozen=True, kw_only=True):
    """What a file does not say by itself. "" and None: to be found out.

    ``column``: the name of the column; of Home Assistant the id of the statistic.
    """

    zone: tzinfo
    column: str = ""
    unit: str = ""
    order: Order | None = None
    values: Literal["", "interval", "counter"] = ""


class ImportSource(msgspec.Struct, frozen=True, kw_only=True):
    """What was read. ``skipped``: rows that could not be used, by reason."""

    kind: str
    column: str
    unit: str
    rows: int
    intervals: Sequence[EnergyInterval]
    skipped: dict[str, int]


def read_source(path: Path, options: ReadOptions) -> ImportSource:
    """The energy in a file. Raises CommandError where it is none, or must be asked for."""
    if path.is_file() and _begins_with_magic(path):
        return _database(path, options)
    table = read_table(path)
    names = [name.lower() for name in table.header]
    if "statistic_id" in names and "start" in names:
        return _statistics(table, names, options)
    if names and names[0].startswith("time bucket"):
        found = re.search(r"\(([A-Za-z_]+(?:/[A-Za-z_+-]+)*)\)", table.header[0])
        try:
            zone = ZoneInfo(found[1]) if found else options.zone
        except (KeyError, ValueError, OSError):
            zone = options.zone
        return _plain(table, msgspec.structs.replace(options, zone=zone), "Emporia CSV")
    return _plain(table, options, "CSV")


# --- plain tables -------------------------------------------------------------------------------------


def _plain(table: CellTable, options: ReadOptions, kind: str) -> ImportSource:
    at = next(columns_like(table.header, TIMES), 0)
    column = _column(table.header, at, options)
    unit = _unit(table.header[column], options)
    order = _order((row[at] for row in table.rows if len(row) > at), options)
    skipped: dict[str, int] = {}
    values: dict[float, Decimal] = {}
    rows = 0
    for row in table.rows:
        rows += 1
        when = time_in(row[at], order, options.zone) if len(row) > at else None
        value = number_of(row[column], table.decimal) if len(row) > column else None
        if when in values:
            when = time_in(row[at], order, options.zone, fold=1)
        if when is None or value is None:
            _count(skipped, "no time" if when is None else "no number")
        elif when in values:
            _count(skipped, SAME if values[when] == value else OTHER)
        else:
            values[when] = value
    if skipped.get(OTHER, 0) > rows / 2:
        raise CommandError(
            f"Most rows have the same time in {table.header[at]!r} and other values. It may have many devices, or the "
            "time of day in a column of its own: make a file of one device, with date and time in one column."
        )
    points = sorted(values.items())
    if _is_counter(table.header[column], points, options):
        intervals = _differences(points, UNITS[unit.lower()], skipped)
    else:
        intervals = _rows_as_intervals(points, UNITS[unit.lower()], skipped)
    return ImportSource(
        kind=kind, column=table.header[column], unit=unit, rows=rows, intervals=intervals, skipped=skipped
    )


def _order(cells: Iterable[str], options: ReadOptions) -> Order:
    order = options.order or date_order(cells)
    if order is None:
        raise CommandError("Its dates are ambiguous: 01/02 may be January or February. Add --dates dmy or --dates mdy.")
    return order


def _column(header: Sequence[str], at: int, options: ReadOptions) -> int:
    if options.column:
        for place, name in enumerate(header):
            if name.lower() == options.column.lower():
                return place
        raise CommandError(f"The file has no column {options.column!r}. It has: {', '.join(header)}.")
    found = [place for place, name in enumerate(header) if place != at and UNIT.search(name)]
    found = found or [place for place in range(len(header)) if place != at and len(header) == 2]
    if len(found) != 1:
        raise CommandError(f"Say which column is the energy: --column NAME. It has: {', '.join(header)}.")
    return found[0]


def _unit(name: str, options: ReadOptions) -> str:
    found = next(iter(UNIT.findall(name)), "")
    if not found and POWER.search(name):
        raise CommandError(f"{name!r} is power, and power is not energy. Choose a column in Wh or kWh: --column NAME.")
    if MILLI.search(name):
        found = ""
    found = options.unit or found
    if found.lower() not in UNITS:
        raise CommandError(f"The unit of {name!r} is not known: add --unit kWh or --unit Wh.")
    return str(found)


def _is_counter(name: str, points: Sequence[tuple[float, Decimal]], options: ReadOptions) -> bool:
    if options.values:
        return options.values == "counter"
    falls = sum(low > high for (_, low), (_, high) in pairwise(points))
    if TOTALS.search(name):
        if falls > len(points) / 10:
            raise CommandError(
                f"{name!r} may be meter readings, but its values fall {falls:,} times: add --values interval for the "
                "energy of each row, or --values counter."
            )
        return True
    if len(points) > 20 and not falls and points[0][1] < points[-1][1]:
        raise CommandError("Its values only rise: add --values counter for meter readings, or --values interval.")
    return False


def _rows_as_intervals(
    points: Sequence[tuple[float, Decimal]], factor: int, skipped: dict[str, int]
) -> list[EnergyInterval]:
    """Each row is the energy from its time to the next one's; the usual length counts where rows are missing."""
    lengths = sorted(later - at for (at, _), (later, _) in pairwise(points))
    usual = lengths[len(lengths) // 2] if lengths else float(HOUR)
    if not 0 < usual <= LONGEST_S:
        raise CommandError("Its rows are further apart than 31 days: that is not energy by interval.")
    found = []
    for number, (at, value) in enumerate(points):
        following = points[number + 1][0] if number + 1 < len(points) else at + usual
        length = min(following - at, usual * 1.5 if usual < 20 * HOUR else usual + 2 * HOUR)
        if value < 0:
            _count(skipped, "negative")
        else:
            found.append(EnergyInterval(at, at + length, round(value * factor * 1000)))
    return found


def _differences(points: Sequence[tuple[float, Decimal]], factor: int, skipped: dict[str, int]) -> list[EnergyInterval]:
    """Meter readings: the energy between each two."""
    found = []
    for (at, low), (later, high) in pairwise(points):
        if high < low or later - at > LONGEST_S:
            _count(skipped, "the counter fell" if high < low else "more than 31 days between two readings")
        else:
            found.append(EnergyInterval(at, later, round((high - low) * factor * 1000)))
    return found


# --- Home Assistant -----------------------------------------------------------------------------------


def _statistics(table: CellTable, names: Sequence[str], options: ReadOptions) -> ImportSource:
    """Its CSV of long-term statistics: statistic_id, unit, start, sum or state."""
    place = {name: number for number, name in enumerate(names)}
    value = place.get("sum", place.get("state"))
    if value is None:
        raise CommandError("The statistics have no column sum or state: they are no energy.")
    width, unit_at = (
        max(value, place["start"], place["statistic_id"]),
        place.get("unit", place.get("unit_of_measurement")),
    )
    ids = dict.fromkeys(row[place["statistic_id"]] for row in table.rows if len(row) > width)
    id = _statistic(list(ids), options)
    mine = [row for row in table.rows if len(row) > width and row[place["statistic_id"]] == id]
    unit = _statistic_unit(mine[0][unit_at] if unit_at is not None and len(mine[0]) > unit_at else "", id, options)
    order = _order((row[place["start"]] for row in mine), options)
    skipped: dict[str, int] = {}
    sums: list[tuple[float, Decimal]] = []
    for row in mine:
        at, number = time_in(row[place["start"]], order, options.zone), number_of(row[value], table.decimal)
        if at is None or number is None:
            _count(skipped, "no time" if at is None else "no number")
        else:
            sums.append((at, number))
    return _hourly(id, unit, sums, len(mine), skipped, "Home Assistant statistics (CSV)")


def _database(path: Path, options: ReadOptions) -> ImportSource:
    try:
        with closing(sqlite3.connect(f"{path.absolute().as_uri()}?mode=ro&immutable=1", uri=True)) as db:
            columns = {name for _, name, *_ in db.execute("PRAGMA table_info(statistics)")}
            if not {"metadata_id", "sum"} <= columns:
                raise CommandError(f"{path.name} is not a database of Home Assistant: it has no long-term statistics.")
            known = db.execute(
                "SELECT id, statistic_id, unit_of_measurement FROM statistics_meta WHERE has_sum"
            ).fetchall()
            id = _statistic([str(name) for _, name, _ in known], options)
            number, unit = next((number, unit) for number, name, unit in known if name == id)
            start = "start_ts" if "start_ts" in columns else "start"
            rows = db.execute(f"SELECT {start}, sum FROM statistics WHERE metadata_id = ? ORDER BY {start}", (number,))
            skipped: dict[str, int] = {}
            sums: list[tuple[float, Decimal]] = []
            for at, total in rows:
                when = time_in(str(at), "ymd", ZoneInfo("UTC")) if isinstance(at, str) else at
                value = number_of(repr(total), ".") if isinstance(total, int | float) else None
                if when is None or value is None or not 0 <= when < 2**40:
                    _count(skipped, "no time or no number")
                else:
                    sums.append((float(when), value))
    except sqlite3.Error as error:
        raise CommandError(
            f"{path.name} cannot be read as a database: {error}. Copy it while Home Assistant is stopped."
        ) from None
    return _hourly(
        id,
        _statistic_unit(str(unit or ""), id, options),
        sums,
        len(sums) + sum(skipped.values()),
        skipped,
        "Home Assistant database",
    )


def _statistic(ids: Sequence[str], options: ReadOptions) -> str:
    if options.column in ids:
        return options.column
    if len(ids) == 1 and not options.column:
        return ids[0]
    listed = ", ".join(ids[:40]) or "none"
    raise CommandError(f"Say which of its statistics: --column ID. There are: {listed}.")


def _statistic_unit(unit: str, id: str, options: ReadOptions) -> str:
    """The unit of a statistic, which counts before that of the options."""
    if unit and not UNIT.fullmatch(unit):
        raise CommandError(f"{id} is in {unit}: that is not energy in Wh, kWh or MWh.")
    return _unit(unit or id, options)


def _hourly(
    id: str, unit: str, sums: Sequence[tuple[float, Decimal]], rows: int, skipped: dict[str, int], kind: str
) -> ImportSource:
    """``sum`` is the total at the end of the hour that begins at ``start``."""
    ends = sorted({at + HOUR: total for at, total in sums}.items())
    if len(sums) > len(ends):
        skipped["the same again"] = len(sums) - len(ends)
    intervals = _differences(ends, UNITS[unit.lower()], skipped)
    return ImportSource(kind=kind, column=id, unit=unit, rows=rows, intervals=intervals, skipped=skipped)


def _begins_with_magic(path: Path) -> bool:
    try:
        with path.open("rb") as file:
            return file.read(len(MAGIC)) == MAGIC
    except OSError:
        return False


def _count(skipped: dict[str, int], reason: str) -> None:
    skipped[reason] = skipped.get(reason, 0) + 1
