"""`import`: energy that other programs and apps have kept."""

import sys
from pathlib import Path
from typing import Literal
from zoneinfo import ZoneInfo

import click

from unclouded.app.configuration.config import Config
from unclouded.app.importing.importer import DoneImport, import_energy, imports, undo_import
from unclouded.app.importing.sources import ReadOptions
from unclouded.cli.configuration import configuration
from unclouded.cli.options import config_options, json_option
from unclouded.cli.output.lines import print_json, print_text
from unclouded.core.errors import CommandError
from unclouded.core.times import iso


@click.command("import")
@click.argument("file", required=False, type=click.Path(path_type=Path))
@click.option("--device", metavar="ID", help="Whose history it becomes.")
@click.option("--point", default="energy_import_Wh", show_default=True, help="The counter.")
@click.option("--column", default="", help="The column of the energy; of Home Assistant, the id of the statistic.")
@click.option("--unit", default="", help="Wh, kWh or MWh, where the file does not say.")
@click.option("--dates", type=click.Choice(("ymd", "dmy", "mdy")), help="The order of year, month and day.")
@click.option("--zone", metavar="ZONE", help="Of times without an offset. [default: the configuration's]")
@click.option("--values", type=click.Choice(("interval", "counter")), help="Energy by interval, or meter readings.")
@click.option("--preview", is_flag=True, help="Only say what would be written.")
@click.option("--yes", is_flag=True, help="Do not ask.")
@click.option("--undo", type=int, metavar="NUMBER", help="Remove what this import has stored.")
@click.option("--list", "listed", is_flag=True, help="List the imports.")
@config_options
@json_option
def command(
    file: Path | None,
    device: str | None,
    point: str,
    column: str,
    unit: str,
    dates: Literal["ymd", "dmy", "mdy"] | None,
    zone: str | None,
    values: Literal["interval", "counter"] | None,
    preview: bool,
    yes: bool,
    undo: int | None,
    listed: bool,
    config: str | None,
    data: str | None,
    as_json: bool,
) -> None:
    """Import the energy in FILE as the history of a device from before the hub had it. Stop the hub first.

    FILE: CSV (also of Emporia and Meross), Home Assistant's long-term statistics as CSV, or home-assistant_v2.db. What
    overlaps stored readings is left out; the present total does not change. --undo takes an import back.
    """
    chosen = configuration(config, data)
    if listed:
        _list(chosen, as_json)
        return
    if undo is not None:
        _undo(chosen, undo, as_json)
        return
    if file is None or device is None:
        raise click.UsageError("Name the FILE and --device ID, or give --undo NUMBER or --list.")
    options = ReadOptions(
        zone=_zone(zone) if zone else chosen.zone, column=column, unit=unit, order=dates, values=values or ""
    )
    planned = import_energy(chosen, file, device, point, options, preview=True)
    if preview or not as_json:
        _show(planned, as_json)
    if preview or not _agreed(yes, as_json):
        return
    done = import_energy(chosen, file, device, point, options, preview=False)
    if as_json:
        print_json(done)
    else:
        print_text(f"Import {done.number} is done. To undo it: unclouded import --undo {done.number}")


def _list(config: Config, as_json: bool) -> None:
    found = imports(config)
    if not found and not as_json:
        print_text("Nothing was imported.")
    for one in found:
        if as_json:
            print_json(one)
            continue
        undone = f", undone {one.undone_at}" if one.undone_at else ""
        print_text(f"{one.number:>4}  {one.device}  {one.source} ({one.who}, {one.at}{undone})")


def _undo(config: Config, number: int, as_json: bool) -> None:
    gone = undo_import(config, number)
    if as_json:
        print_json({"undone": number, "values": gone})
    else:
        print_text(f"Import {number} is undone: {gone:,} values are removed.")


def _show(done: DoneImport, as_json: bool) -> None:
    if as_json:
        print_json(done)
        return
    plan = done.plan
    print_text(f"{plan.kind}, {plan.column} in {plan.unit}: {plan.rows:,} rows")
    for reason, count in plan.skipped.items():
        print_text(f"  left out: {count:,} ({reason})")
    if plan.overlaps_file:
        print_text(f"  left out: {plan.overlaps_file:,} that overlap others of the file")
    if plan.overlaps_store:
        print_text(f"  left out: {plan.overlaps_store:,} after the first stored reading of {done.point}, {done.first}")
    if plan.start is None or plan.end is None:
        print_text("  nothing is left to be imported")
        return
    span = f"{iso(plan.start)} to {iso(plan.end)}"
    print_text(f"  to be written into {done.device}: {plan.written:,} intervals, {plan.Wh / 1000:,.3f} kWh, {span}")


def _agreed(yes: bool, as_json: bool) -> bool:
    if yes:
        return True
    if as_json or not sys.stdin.isatty():
        raise CommandError("Add --yes to import it, or --preview to see what would be written.")
    return click.confirm("Import it?", default=False)


def _zone(name: str) -> ZoneInfo:
    try:
        return ZoneInfo(name)
    except (KeyError, ValueError, OSError):
        raise CommandError(f"There is no time zone {name!r}. Write it as Europe/Madrid.") from None
