"""Readings and energy as `history` and `fleet history` print them."""

import csv
import sys
from collections.abc import Iterable, Mapping
from datetime import datetime
from zoneinfo import ZoneInfo

import msgspec

from unclouded.app.stored.history import EnergyPeriod, StoredRow
from unclouded.cli.output.lines import print_json, print_text
from unclouded.core.model import Value
from unclouded.core.text.printable import csv_cell, csv_text
from unclouded.core.times import iso

COLUMNS = ("at", "device", "point", "value", "min", "mean", "max", "quality", "flags")
ENERGY_COLUMNS = ("start", "end", "device", "point", "Wh", "estimated", "gap", "edited", "void")
PERIODS: Mapping[str, str] = {"hour": "%Y-%m-%d %H:%M %z", "day": "%Y-%m-%d", "week": "%Y-%m-%d", "month": "%Y-%m"}


def row_json(row: StoredRow) -> dict[str, object]:
    """A row as `history --json` prints it: ``value``, or ``min mean max`` where rows are condensed."""
    line: dict[str, object] = {"at": iso(row.at), "device": row.device, "point": row.point}
    if row.mean is None:
        line["value"] = row.value
    else:
        line |= {"min": row.min, "mean": row.mean, "max": row.max}
    return line | {"quality": row.quality, "flags": list(row.flags)}


def print_csv(rows: Iterable[StoredRow]) -> None:
    """Readings as comma-separated values with a header."""
    writer = csv.writer(sys.stdout, lineterminator="\n")
    writer.writerow(COLUMNS)
    for row in rows:
        names = (csv_text(row.device), csv_text(row.point))
        flags = csv_text(" ".join(row.flags))
        writer.writerow((iso(row.at), *names, csv_cell(row.value), row.min, row.mean, row.max, row.quality, flags))


def print_energy(periods: Iterable[EnergyPeriod], by: str, zone: ZoneInfo, as_csv: bool, as_json: bool) -> None:
    """Energy by period, in one of the three forms."""
    writer = csv.writer(sys.stdout, lineterminator="\n")
    if as_csv:
        writer.writerow(ENERGY_COLUMNS)
    for one in periods:
        if as_csv:
            names = (csv_text(one.device), csv_text(one.point))
            marks = (one.estimated, one.gap, one.edited, one.void)
            writer.writerow((iso(one.start), iso(one.end), *names, one.Wh, *map(int, marks)))
        elif as_json:
            print_json({**msgspec.structs.asdict(one), "start": iso(one.start), "end": iso(one.end)})
        else:
            print_text(_energy_text(one, by, zone))


def _energy_text(period: EnergyPeriod, by: str, zone: ZoneInfo) -> str:
    start = datetime.fromtimestamp(period.start, zone).strftime(PERIODS[by])
    value = "unknown" if period.Wh is None else f"{period.Wh:.3f} Wh"
    marks = [name for name in ("estimated", "gap", "edited", "void") if getattr(period, name)]
    return f"{start}  {period.point:<22} {value:>16}  {' '.join(marks)}".rstrip()


def row_text(row: StoredRow) -> str:
    """A row as `history` prints it."""
    value = _value_text(row.value) if row.mean is None else f"{row.min:g} … {row.mean:.3f} … {row.max:g}"
    marks = "" if row.quality == "good" and not row.flags else f"  {row.quality} {' '.join(row.flags)}"
    return f"{iso(row.at)}  {row.point:<22} {value}{marks}".rstrip()


def _value_text(value: Value | None) -> str:
    return ("on" if value else "off") if isinstance(value, bool) else f"{value}"
