"""`history`: stored readings, whether a hub runs or not."""

import csv
import sys
import time
from collections.abc import Iterable, Mapping
from datetime import datetime
from typing import Literal
from zoneinfo import ZoneInfo

import click
import msgspec

from unclouded.app.stored_consumption import stored_anomalies, stored_load
from unclouded.app.stored_history import EnergyPeriod, StoredRow, deleted_readings, stored_energy, stored_history
from unclouded.cli.configuration import configuration
from unclouded.cli.options import Span, config_options, json_option, time_option
from unclouded.cli.output.consumption_text import anomaly_lines, load_lines
from unclouded.cli.output.lines import print_json, print_text
from unclouded.cli.repairing.check_command import check
from unclouded.cli.repairing.default_group import DefaultGroup
from unclouded.cli.repairing.edit_commands import edit, edits, restore, void
from unclouded.core.errors import CommandError
from unclouded.core.model import Value
from unclouded.core.printable import csv_cell, csv_text
from unclouded.core.times import iso

COLUMNS = ("at", "device", "point", "value", "min", "mean", "max", "quality", "flags")
ENERGY_COLUMNS = ("start", "end", "device", "point", "Wh", "estimated", "gap", "edited", "void")
MOST_NAMES = 6  # of points in a note
PERIODS: Mapping[str, str] = {"hour": "%Y-%m-%d %H:%M %z", "day": "%Y-%m-%d", "week": "%Y-%m-%d", "month": "%Y-%m"}


@click.group("history", cls=DefaultGroup)
def command() -> None:
    """Print stored readings, and repair them: mark ranges as wrong, correct or estimate them, find what is odd;
    what is drawn all the time, and what was unlike before.

    `unclouded history DEVICE` prints the readings of DEVICE, as `unclouded history show DEVICE` does, which also
    reaches a device that is called as one of these commands.
    """


for _one in (void, edit, restore, edits, check):
    command.add_command(_one)


@command.command("show")
@click.argument("device")
@click.argument("points", nargs=-1)
@click.option("--from", "start", metavar="TIME", help="Start: 2026-11-20, 2026-11-20T08:00, or 2h (ago).")
@click.option("--to", "end", metavar="TIME", help="End; readings at this time are not included.")
@click.option(
    "--step", type=Span(), help="Condense to one row per point and step (1m, 1h): min, mean and max of numbers."
)
@click.option(
    "--energy",
    "by",
    type=click.Choice(tuple(PERIODS)),
    help="Print what each counter rose by in each local hour, day, week or month.",
)
@click.option("--csv", "as_csv", is_flag=True, help="Print comma-separated values with a header.")
@config_options
@json_option
def show(
    device: str,
    points: tuple[str, ...],
    start: str | None,
    end: str | None,
    step: float | None,
    by: Literal["hour", "day", "week", "month"] | None,
    as_csv: bool,
    config: str | None,
    data: str | None,
    as_json: bool,
) -> None:
    """Print the stored readings of DEVICE (of all POINTS, or of those named), oldest first.

    Times without a zone are in the time zone of the configuration; hours, days, weeks and months are its own.
    """
    chosen = configuration(config, data)
    since, until = time_option(start, chosen.zone), time_option(end, chosen.zone)
    if by is not None:
        if step is not None:
            raise CommandError("--energy has its own periods: leave out --step.")
        _print_energy(
            stored_energy(chosen, device, by, points, since, until, time.time()), by, chosen.zone, as_csv, as_json
        )
        return
    if step is None:
        _note_deleted(deleted_readings(chosen, device, points), since or 0.0, chosen.zone)
    with stored_history(chosen, device, points, since, until, step) as rows:
        if as_csv:
            _print_csv(rows)
        elif as_json:
            for row in rows:
                print_json(_row_json(row))
        else:
            for row in rows:
                print_text(_text(row))


@command.command("load")
@click.argument("devices", nargs=-1)
@click.option("--from", "start", metavar="TIME", help="Start: 2026-11-20, or 90d (ago). [default: 31 days ago]")
@click.option("--to", "end", metavar="TIME", help="End. [default: now]")
@config_options
@json_option
def load(
    devices: tuple[str, ...],
    start: str | None,
    end: str | None,
    config: str | None,
    data: str | None,
    as_json: bool,
) -> None:
    """Print how long the power of the home, or of DEVICES, was how high, and the base load: what is drawn all the time.

    The base load is the mean of the lowest tenth of the powers between 0 and 6 h. At most a year at once.
    """
    chosen = configuration(config, data)
    times = time_option(start, chosen.zone), time_option(end, chosen.zone)
    found = stored_load(chosen, devices, *times, time.time())
    if as_json:
        print_json(msgspec.to_builtins(found))
        return
    for line in load_lines(found, chosen.zone):
        print_text(line)


@command.command("anomalies")
@click.option("--from", "start", metavar="TIME", help="Start: 2026-11-20, or 90d (ago). [default: 31 days ago]")
@click.option("--to", "end", metavar="TIME", help="End. [default: now]")
@config_options
@json_option
def anomalies(start: str | None, end: str | None, config: str | None, data: str | None, as_json: bool) -> None:
    """List days and nights unlike those around them, rises of the base load and suspect readings, the newest first.

    Whole days that are over are compared; at most a year at once.
    """
    chosen = configuration(config, data)
    times = time_option(start, chosen.zone), time_option(end, chosen.zone)
    found = stored_anomalies(chosen, *times, time.time())
    if as_json:
        for one in found.items:
            print_json({**msgspec.to_builtins(one), "start": iso(one.start), "end": iso(one.end)})
        return
    for line in anomaly_lines(found, chosen.zone):
        print_text(line)


def _note_deleted(deleted: Mapping[int, list[str]], since: float, zone: ZoneInfo) -> None:
    """Say on stderr what is not among the readings any more."""
    for until in sorted(deleted):
        if until > since:
            names = ", ".join(deleted[until][:MOST_NAMES]) + (" …" if len(deleted[until]) > MOST_NAMES else "")
            when = f"{datetime.fromtimestamp(until, zone):%Y-%m-%d %H:%M %Z}"
            print_text(
                f"Readings before {when} were deleted by a rule of retention ({names}); a few that sums need are left. "
                "With --step 1m, 15m or 1h there is what is kept of them.",
                err=True,
            )


def _row_json(row: StoredRow) -> dict[str, object]:
    """A row as `history --json` prints it: ``value``, or ``min mean max`` where rows are condensed."""
    line: dict[str, object] = {"at": iso(row.at), "device": row.device, "point": row.point}
    if row.mean is None:
        line["value"] = row.value
    else:
        line |= {"min": row.min, "mean": row.mean, "max": row.max}
    return line | {"quality": row.quality, "flags": list(row.flags)}


def _print_csv(rows: Iterable[StoredRow]) -> None:
    writer = csv.writer(sys.stdout, lineterminator="\n")
    writer.writerow(COLUMNS)
    for row in rows:
        names = (csv_text(row.device), csv_text(row.point))
        flags = csv_text(" ".join(row.flags))
        writer.writerow((iso(row.at), *names, csv_cell(row.value), row.min, row.mean, row.max, row.quality, flags))


def _print_energy(periods: Iterable[EnergyPeriod], by: str, zone: ZoneInfo, as_csv: bool, as_json: bool) -> None:
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


def _text(row: StoredRow) -> str:
    value = _value_text(row.value) if row.mean is None else f"{row.min:g} … {row.mean:.3f} … {row.max:g}"
    marks = "" if row.quality == "good" and not row.flags else f"  {row.quality} {' '.join(row.flags)}"
    return f"{iso(row.at)}  {row.point:<22} {value}{marks}".rstrip()


def _value_text(value: Value | None) -> str:
    return ("on" if value else "off") if isinstance(value, bool) else f"{value}"
