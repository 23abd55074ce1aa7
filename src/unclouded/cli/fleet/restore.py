"""`fleet restore`: the history of a home, as a file for its hub."""

import time
from datetime import UTC, datetime
from pathlib import Path

import click
import msgspec

from unclouded.app.files.new_file import new_file
from unclouded.cli.fleet.access import find_home, fleet_option, operator_name, with_base
from unclouded.cli.options import json_option
from unclouded.cli.output.lines import print_json, print_text
from unclouded.fleet.base.bases import FleetBases
from unclouded.fleet.restoring.home_file import RestoredHome, write_home_file

PRIVATE = 0o600


@click.command("restore")
@click.argument("hub")
@click.argument("file", type=click.Path(dir_okay=False, path_type=Path))
@click.option("--force", is_flag=True, help="Replace an existing file.")
@fleet_option
@json_option
def command(hub: str, file: Path, force: bool, folder: str | None, as_json: bool) -> None:
    """Write the history that the fleet has of the home of HUB to FILE, for a home whose disk is lost.

    At home, with the hub stopped: `unclouded store salvage FILE`, which adds it to what is there. Readings are exactly
    as they were where the home let out raw ones; before that, and elsewhere, there are the rows of minutes or quarters
    of an hour. Totals of counters go on from their last values.
    """

    async def write(base: FleetBases) -> RestoredHome:
        home = await find_home(base, hub)
        with new_file(file, force, PRIVATE) as partial:
            done = await write_home_file(base, home.hub, partial)
        await base.audit.note(operator_name(), "home.restore", home.hub, time.time(), home.organisation)
        return done

    done = with_base(folder, write)
    if as_json:
        print_json({"file": str(file), **msgspec.to_builtins(done)})
        return
    days = f"{datetime.fromtimestamp(done.first, UTC):%Y-%m-%d} to {datetime.fromtimestamp(done.last, UTC):%Y-%m-%d}"
    print_text(f"{file}: {done.devices} devices, {done.samples} moments of readings and {done.rows} rows, {days}.")
    print_text(f"At home, with the hub stopped: unclouded store salvage {file.name}", err=True)
