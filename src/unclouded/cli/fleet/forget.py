"""`fleet forget`: delete a home and everything of it."""

import asyncio
import time

import click

from unclouded.cli.fleet.access import find_home, fleet_bases, fleet_option, operator_name
from unclouded.cli.options import json_option
from unclouded.cli.output.lines import print_json, print_text
from unclouded.core.errors import CommandError, LinkError
from unclouded.core.text.printable import printable
from unclouded.fleet.base.errors import BaseUnavailable
from unclouded.fleet.base.views import HomeLine
from unclouded.fleet.configuration import FleetConfiguration, find_fleet
from unclouded.fleet.enrolment.service import push_revocations


@click.command("forget")
@click.argument("hub")
@click.option("--yes", "-y", is_flag=True, help="Do not ask.")
@fleet_option
@json_option
def command(hub: str, yes: bool, folder: str | None, as_json: bool) -> None:
    """Delete the home of HUB and everything that the fleet has of it: history, events, commands.

    That cannot be undone; the hub itself keeps what it has. Its key is revoked, so it does not come back: it would
    have to join again. The audit says who deleted it.
    """
    home, problem = asyncio.run(_forget(find_fleet(folder), hub, yes))
    if as_json:
        print_json({"forgotten": home.hub, "name": home.name, "disconnected": not problem, "problem": problem})
        return
    print_text(f"{printable(home.name)} ({home.hub}) was deleted.")
    if problem:
        print_text(problem, err=True)


async def _forget(fleet: FleetConfiguration, hub: str, yes: bool) -> tuple[HomeLine, str]:
    """The home, and why it is perhaps still connected."""
    async with fleet_bases(fleet) as base:
        home, now = await find_home(base, hub), time.time()
        text = f"Delete everything that the fleet has of {printable(home.name)} ({home.hub})?"
        if not yes and not click.confirm(text, err=True):
            raise CommandError("Nothing was deleted.")
        await base.register.forget(home.hub, now, operator_name(), {"place": home.place})
        try:
            await push_revocations(fleet, base, now)
        except (LinkError, BaseUnavailable) as error:
            return home, f"{error} It stays connected until then; nothing is accepted from it any more."
    return home, ""
