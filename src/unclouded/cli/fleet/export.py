"""`fleet export`: tables over many homes as a file."""

import sys
import time
from pathlib import Path
from typing import BinaryIO, Literal, get_args

import click

from unclouded.app.files.new_file import new_file
from unclouded.cli.fleet.access import ALL, find_organisation, fleet_option, with_base
from unclouded.cli.options import json_option
from unclouded.cli.output.lines import print_json, print_text
from unclouded.fleet.api.context import FleetContext
from unclouded.fleet.api.routes.export import FleetExportQuery, exported
from unclouded.fleet.api.views import FleetContent
from unclouded.fleet.base.bases import FleetBases
from unclouded.web.access.password_checks import PasswordChecks

STDOUT = "-"
Format = Literal["csv", "jsonl", "parquet"]


@click.command("export")
@click.argument("content", type=click.Choice(get_args(FleetContent)))
@click.option("--format", "form", type=click.Choice(get_args(Format)), default="csv", show_default=True)
@click.option("--output", metavar="FILE", required=True, help="The file to write, or - for stdout.")
@click.option("--by", type=click.Choice(("day", "month")), default="day", show_default=True, help="Periods of energy.")
@click.option("--from", "start", metavar="DAY", help="First day of energy: 2026-11-01.")
@click.option("--to", "end", metavar="DAY", help="Last day, with it.")
@click.option("--org", metavar="NAME", help="Only this organisation.")
@click.option("--force", is_flag=True, help="Replace an existing file.")
@fleet_option
@json_option
def command(
    content: FleetContent,
    form: Format,
    output: str,
    by: Literal["day", "month"],
    start: str | None,
    end: str | None,
    org: str | None,
    force: bool,
    folder: str | None,
    as_json: bool,
) -> None:
    """Write a table over all homes to a file: homes, their energy, events, commands, or the audit.

    The history of one home: `unclouded fleet history --csv`, or all of it with `unclouded fleet restore`.
    """

    async def write(base: FleetBases, out: BinaryIO) -> int:
        number = (await find_organisation(base, org)).number if org else None
        query = FleetExportQuery(content=content, format=form, by=by, start=start, end=end, org=number)
        context = FleetContext(base=base, url="", passwords=PasswordChecks(time.monotonic))
        size = 0
        async for piece in exported(context, ALL, query):
            size += out.write(piece)
        return size

    if output == STDOUT:
        with_base(folder, lambda base: write(base, sys.stdout.buffer))
        return
    with new_file(Path(output), force, 0o600) as partial, partial.open("wb") as out:
        size = with_base(folder, lambda base: write(base, out))
    if as_json:
        print_json({"file": output, "bytes": size})
        return
    print_text(f"{output}: {size} bytes.")
