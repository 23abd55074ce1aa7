"""`fleet again`: have everything from a time on sent again."""

import time

import click

from unclouded.app.computer_zone import computer_zone, named_zone
from unclouded.cli.fleet.access import find_home, fleet_option, operator_name, with_base
from unclouded.cli.options import json_option, time_option
from unclouded.cli.output.lines import print_json, print_text
from unclouded.core.errors import CommandError
from unclouded.core.times import iso
from unclouded.fleet.base.bases import FleetBases
from unclouded.fleet.base.views import AgainRequest


@click.command("again")
@click.argument("hub", required=False)
@click.option("--since", required=True, metavar="TIME", help="2026-11-20, 2026-11-20T08:00, or 2d (ago).")
@click.option("--all", "is_all", is_flag=True, help="Of all homes: after a database was restored from a backup.")
@fleet_option
@json_option
def command(hub: str | None, since: str, is_all: bool, folder: str | None, as_json: bool) -> None:
    """Have everything since --since sent again, by HUB or by --all hubs.

    Hubs get this request when they connect, or within an hour. What the fleet has already is kept. The last 40 days
    need no such request: hubs compare them by themselves.
    """
    at = time_option(since, named_zone(computer_zone()))
    if bool(hub) == is_all or at is None:
        raise CommandError("Name a HUB, or give --all.")

    async def again(base: FleetBases) -> AgainRequest:
        home = await find_home(base, hub) if hub else None
        place = (home.hub, home.organisation) if home else ("all", None)
        async with base.together(place[1]):
            request = await base.register.again(at, time.time(), home.hub if home else None)
            await base.audit.note(operator_name(), "home.again", place[0], time.time(), place[1], {"since": at})
        return request

    request = with_base(folder, again)
    if as_json:
        print_json({"number": request.number, "since": iso(request.since), "hub": request.hub})
        return
    print_text(f"Everything since {iso(request.since)} is requested again (request {request.number}).")
