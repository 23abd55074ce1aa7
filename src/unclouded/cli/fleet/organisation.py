"""`fleet organisation`: whose homes are in the fleet, and in which database."""

import time

import click

from unclouded.cli.fleet.access import find_organisation, fleet_option, operator_name, with_base
from unclouded.cli.options import Whole, json_option
from unclouded.cli.output.lines import print_json, print_text
from unclouded.core.text.printable import printable
from unclouded.fleet.base.bases import FleetBases
from unclouded.fleet.base.views import OrganisationRow


@click.group("organisation")
def command() -> None:
    """Whose homes are in the fleet. An organisation is in one database, with all its homes, codes and commands.

    People get their roles with `unclouded fleet person`; owners may rename their organisation on the page too.
    """


@command.command("list")
@fleet_option
@json_option
def list_organisations(folder: str | None, as_json: bool) -> None:
    """List organisations with their homes, people and databases."""
    found = with_base(folder, lambda base: base.register.organisations())
    if as_json:
        print_json([_json(one) for one in found])
        return
    if not found:
        print_text("There are none yet: unclouded fleet organisation add NAME")
    for one in found:
        homes = f"{one.homes} homes" if one.homes is not None else "homes unknown"
        away = "" if one.homes is not None else ", which does not answer"
        print_text(f"{one.number}: {printable(one.name)}, {homes}, {one.people} people, database {one.shard}{away}")


@command.command("add")
@click.argument("name")
@click.option("--shard", type=Whole(0, 9_999), help="Number of the [[base]] to put it in. [default: the first]")
@fleet_option
@json_option
def add(name: str, shard: int | None, folder: str | None, as_json: bool) -> None:
    """Make an organisation."""

    async def make(base: FleetBases) -> OrganisationRow:
        async with base.together():
            made = await base.register.add_organisation(name, shard)
            await base.audit.note(
                operator_name(), "organisation.add", str(made.number), time.time(), made.number, {"name": made.name}
            )
        return made

    made = with_base(folder, make)
    if as_json:
        print_json(_json(made))
        return
    print_text(f"{printable(made.name)} is organisation {made.number}, in database {made.shard}.")
    print_text(
        "Next: unclouded fleet person add LOGIN --role owner --org NAME; unclouded fleet enrol --org NAME", err=True
    )


@command.command("rename")
@click.argument("org")
@click.argument("name")
@fleet_option
@json_option
def rename(org: str, name: str, folder: str | None, as_json: bool) -> None:
    """Rename the organisation ORG (its name or number)."""

    async def change(base: FleetBases) -> OrganisationRow:
        known = await find_organisation(base, org)
        async with base.together():
            await base.register.rename_organisation(known.number, name)
            await base.audit.note(
                operator_name(), "organisation.change", str(known.number), time.time(), known.number, {"name": name}
            )
        return next(one for one in await base.register.organisations() if one.number == known.number)

    done = with_base(folder, change)
    if as_json:
        print_json(_json(done))
    else:
        print_text(f"{printable(org)} is called {printable(done.name)} now.")


@command.command("remove")
@click.argument("org")
@fleet_option
@json_option
def remove(org: str, folder: str | None, as_json: bool) -> None:
    """Remove the organisation ORG, which has no homes any more: its codes, and the roles of people in it."""

    async def take(base: FleetBases) -> OrganisationRow:
        known = await find_organisation(base, org)
        async with base.together():
            await base.register.remove_organisation(known.number)
            about = {"name": known.name}
            await base.audit.note(operator_name(), "organisation.remove", str(known.number), time.time(), None, about)
        return known

    gone = with_base(folder, take)
    if as_json:
        print_json({"removed": gone.number, "name": gone.name})
    else:
        print_text(f"{printable(gone.name)} was removed.")


def _json(one: OrganisationRow) -> dict[str, object]:
    return {"number": one.number, "name": one.name, "shard": one.shard, "homes": one.homes, "persons": one.people}
