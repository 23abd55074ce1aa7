"""`fleet commands`: what became of commands."""

import click

from unclouded.cli.fleet.access import ALL, find_home, fleet_option, with_base
from unclouded.cli.options import Whole, json_option
from unclouded.cli.output.fleets.homes_text import command_json, command_lines
from unclouded.cli.output.lines import print_json, print_text
from unclouded.fleet.base.bases import FleetBases
from unclouded.fleet.base.views import GivenCommand

MOST = 1000


@click.command("commands")
@click.argument("hub", required=False)
@click.option("--last", type=Whole(1, MOST), default=100, show_default=True, help="How many.")
@fleet_option
@json_option
def command(hub: str | None, last: int, folder: str | None, as_json: bool) -> None:
    """List commands to all hubs, or to HUB, newest first, with their outcomes.

    waiting: provably not delivered yet. sent: perhaps delivered, no report yet. undelivered: its time ended before the
    hub was reached. All other outcomes are reports of the hub.
    """

    async def given(base: FleetBases) -> list[GivenCommand]:
        home = (await find_home(base, hub)).hub if hub else None
        rows, _ = await base.commands.commands(ALL, home, limit=last)
        return rows

    found = with_base(folder, given)
    if as_json:
        for one in found:
            print_json(command_json(one))
        return
    if not found:
        print_text("No commands were given.", err=True)
    for line in command_lines(found):
        print_text(line)
