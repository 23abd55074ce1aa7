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
from unclouded.fleet.base.errors import BaseUnavailable
from unclouded.fleet.base.views import AgainRequest


@click.command("again")
@click.argument("hub", required=False)
@click.option("--since", required=True, metavar="TIME", help="2026-11-20, 2026-11-20T08:00, or 2d (ago).")
@click.option("--all", "is_all", is_flag=True, help="Of all homes: after a database was restored from a backup.")
@fleet_option
@json_option
@click.pass_context
def command(ctx: click.Context, hub: str | None, since: str, is_all: bool, folder: str | None, as_json: bool) -> None:
    """Have everything since --since sent again, by HUB or by --all hubs.

    Hubs get this request when they connect, or within an hour. What the fleet has already is kept. The last 40 days
    need no such request: hubs compare them by themselves. The exit code is 1 where a database does not answer: nothing
    is requested of its homes, so run the command again later.
    """
    at = time_option(since, named_zone(computer_zone()))
    if bool(hub) == is_all or at is None:
        raise CommandError("Name a HUB, or give --all.")

    if hub:
        _print(with_base(folder, lambda base: _again(base, hub, at)), as_json)
        return
    requests = with_base(folder, lambda base: base.register.again_of_all(at, time.time(), operator_name()))
    for shard, request in requests.items():
        if isinstance(request, AgainRequest):
            _print(request, as_json, shard if len(requests) > 1 else None)
        elif as_json:
            print_json({"number": None, "since": iso(at), "hub": None, "shard": shard, "problem": str(request)})
        else:
            print_text(f"Database {shard}: nothing was requested. {request}")
    ctx.exit(1 if any(isinstance(one, BaseUnavailable) for one in requests.values()) else 0)


async def _again(base: FleetBases, hub: str, at: float) -> AgainRequest:
    home = await find_home(base, hub)
    async with base.together(home.organisation):
        request = await base.register.again(at, time.time(), home.hub)
        await base.audit.note(operator_name(), "home.again", home.hub, time.time(), home.organisation, {"since": at})
    return request


def _print(request: AgainRequest, as_json: bool, shard: int | None = None) -> None:
    """``shard``: the number of the database, where the request is of one of several."""
    if as_json:
        database = {} if shard is None else {"shard": shard}
        print_json({"number": request.number, "since": iso(request.since), "hub": request.hub, **database})
        return
    database_text = "" if shard is None else f"Database {shard}: "
    print_text(f"{database_text}Everything since {iso(request.since)} is requested again (request {request.number}).")
