"""`fleet hubs`: the list of homes."""

import time
from collections.abc import Mapping

import click

from unclouded.cli.fleet.access import ALL, PAGE, find_organisation, fleet_option, with_base
from unclouded.cli.options import json_option
from unclouded.cli.output.fleets.homes_text import home_json, home_lines
from unclouded.cli.output.lines import print_json, print_text
from unclouded.core.errors import CommandError
from unclouded.fleet.base.bases import FleetBases
from unclouded.fleet.base.views import HomeFilter, HomeLine, HomeState

STATES: Mapping[str, HomeState] = {"offline": "offline", "flagged": "attention", "behind": "behind"}  # by option


@click.command("hubs")
@click.option("--offline", is_flag=True, help="Only those that have reported nothing for 20 minutes.")
@click.option("--flagged", is_flag=True, help="Only those with alerts, or with devices that do not answer.")
@click.option("--behind", is_flag=True, help="Only those that have not sent all of their history yet.")
@click.option("--org", metavar="NAME", help="Only those of this organisation.")
@click.option("--search", default="", metavar="TEXT", help="Only those with this in their name, place or id.")
@fleet_option
@json_option
def command(
    offline: bool, flagged: bool, behind: bool, org: str | None, search: str, folder: str | None, as_json: bool
) -> None:
    """List the hubs: those that need attention first, then by name.

    TODAY is what the home has taken from the grid on its own day, BEHIND how many windows it has not sent yet.
    """
    wanted = [STATES[name] for name, is_on in (("offline", offline), ("flagged", flagged), ("behind", behind)) if is_on]
    if len(wanted) > 1:
        raise CommandError("A hub has one state, the worst that applies. Give one of --offline, --flagged, --behind.")

    async def every(base: FleetBases) -> list[HomeLine]:
        organisation = (await find_organisation(base, org)).number if org else None
        chosen = HomeFilter(search=search, state=wanted[0] if wanted else None, organisation=organisation)
        homes, after = list[HomeLine](), ""
        while True:
            page = await base.homes.homes(ALL, chosen, time.time(), after, PAGE)
            homes += page.homes
            after = page.after
            if not after:
                return homes

    homes = with_base(folder, every)
    if as_json:
        for one in homes:
            print_json(home_json(one))
        return
    if not homes:
        print_text("No hub matches.", err=True)
        return
    for line in home_lines(homes, time.time()):
        print_text(line)
