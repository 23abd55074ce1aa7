"""`fleet energy`: energy of many homes."""

import time
from datetime import UTC, date, datetime, timedelta
from typing import Literal

import click
import msgspec

from unclouded.cli.fleet.access import ALL, find_home, find_organisation, fleet_option, with_base
from unclouded.cli.options import json_option
from unclouded.cli.output.fleets.homes_text import energy_lines
from unclouded.cli.output.lines import print_json, print_text
from unclouded.core.errors import CommandError
from unclouded.fleet.base.bases import FleetBases
from unclouded.fleet.base.views import HomeEnergyRow

USUAL_DAYS = {"day": 31, "month": 365}


@click.command("energy")
@click.argument("hubs", nargs=-1)
@click.option("--by", type=click.Choice(("day", "month")), default="day", show_default=True, help="The periods.")
@click.option("--org", metavar="NAME", help="Only homes of this organisation.")
@click.option("--from", "first", metavar="DAY", help="First day: 2026-11-01. [default: 31 days ago, or 365]")
@click.option("--to", "last", metavar="DAY", help="Last day, with it. [default: today]")
@fleet_option
@json_option
def command(
    hubs: tuple[str, ...],
    by: Literal["day", "month"],
    org: str | None,
    first: str | None,
    last: str | None,
    folder: str | None,
    as_json: bool,
) -> None:
    """Print the energy of all homes, or of HUBS, by day or month.

    Each home has computed its own days in its own time zone, so these are the figures of its own page. HOMES is
    how many of them are in a sum.
    """
    until = _day(last) if last else datetime.fromtimestamp(time.time(), UTC).date()
    since = _day(first) if first else until - timedelta(days=USUAL_DAYS[by] - 1)

    async def energy(base: FleetBases) -> list[HomeEnergyRow]:
        organisation = (await find_organisation(base, org)).number if org else None
        chosen = [(await find_home(base, one)).hub for one in hubs]
        return await base.energy.energy(ALL, f"{since}", f"{until}", by, organisation, chosen)

    rows = with_base(folder, energy)
    if as_json:
        for row in rows:
            print_json(msgspec.to_builtins(row))
        return
    for line in energy_lines(rows):
        print_text(line)


def _day(text: str) -> date:
    try:
        return date.fromisoformat(text)
    except ValueError:
        raise CommandError(f"{text!r} is not a day. Write 2026-11-01.") from None
