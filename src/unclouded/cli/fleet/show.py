"""`fleet show`: one home."""

import time

import click
import msgspec

from unclouded.cli.fleet.access import ALL, find_home, fleet_option, with_base
from unclouded.cli.options import json_option
from unclouded.cli.output.fleets.homes_text import detail_lines
from unclouded.cli.output.lines import print_json, print_text
from unclouded.fleet.base.bases import FleetBases
from unclouded.fleet.base.views import HomeDetail


@click.command("show")
@click.argument("hub")
@fleet_option
@json_option
def command(hub: str, folder: str | None, as_json: bool) -> None:
    """Show a home: its state, what it lets out, its devices, and what the fleet has stored of it.

    HUB is the id of the hub, the beginning of it, or the name of the home.
    """

    async def detail(base: FleetBases) -> HomeDetail:
        return await base.homes.home(ALL, (await find_home(base, hub)).hub, time.time())

    found = with_base(folder, detail)
    if as_json:
        print_json(msgspec.to_builtins(found))
        return
    for line in detail_lines(found, time.time()):
        print_text(line)
