"""`fleet revoke`: put a hub out of the fleet."""

import asyncio
import time

import click

from unclouded.cli.fleet.access import find_home, fleet_bases, fleet_option, operator_name
from unclouded.cli.options import json_option
from unclouded.cli.output.lines import print_json, print_text
from unclouded.core.errors import LinkError
from unclouded.core.text.printable import printable
from unclouded.fleet.base.errors import BaseUnavailable
from unclouded.fleet.base.views import HomeLine
from unclouded.fleet.configuration import FleetConfiguration, find_fleet
from unclouded.fleet.enrolment.service import push_revocations


@click.command("revoke")
@click.argument("hub")
@fleet_option
@json_option
@click.pass_context
def command(ctx: click.Context, hub: str, folder: str | None, as_json: bool) -> None:
    """Revoke HUB (its id or name): it is disconnected within seconds, and its key is not accepted again.

    What it has sent stays; `unclouded fleet forget` deletes it. To come back, the home joins with a new code and key.
    """
    home, problem = asyncio.run(_revoke(find_fleet(folder), hub))
    if as_json:
        print_json({"hub": home.hub, "name": home.name, "disconnected": not problem, "problem": problem})
    else:
        print_text(f"{printable(home.name)} ({home.hub}) is revoked: nothing is accepted from it any more.")
        print_text(problem or "NATS has disconnected it and refuses its key.", err=bool(problem))
    ctx.exit(1 if problem else 0)


async def _revoke(fleet: FleetConfiguration, hub: str) -> tuple[HomeLine, str]:
    """The home, and why it is perhaps still connected. First the database, which takes nothing from it from then on."""
    async with fleet_bases(fleet) as base:
        home, now = await find_home(base, hub), time.time()
        async with base.together(home.organisation):
            await base.register.revoke(home.hub, now)
            about = {"name": home.name}
            await base.audit.note(operator_name(), "home.revoke", home.hub, now, home.organisation, about)
        try:
            await push_revocations(fleet, base, now)
        except (LinkError, BaseUnavailable) as error:
            return home, f"{error} It stays connected until then; `fleet serve` tries again each minute."
    return home, ""
