"""`fleet enrol`: a code with which homes join."""

import time

import click

from unclouded.cli.fleet.access import find_organisation, fleet_option, operator_name, with_base
from unclouded.cli.options import Whole, json_option
from unclouded.cli.output.lines import print_json, print_text
from unclouded.core.text.printable import printable
from unclouded.fleet.base.bases import FleetBases
from unclouded.fleet.base.views import CodeRow, OrganisationRow
from unclouded.fleet.configuration import find_fleet
from unclouded.fleet.enrolment.codes import CODE_LIFE_S, code_digest, invitation_of, new_code
from unclouded.web.qr_code import text

MOST_HOMES = 1_000
LONGEST_HOURS = 24 * 7


@click.command("enrol")
@click.option("--org", metavar="NAME", default="home", show_default=True, help="Organisation; a new one is made.")
@click.option("--homes", default=1, show_default=True, type=Whole(1, MOST_HOMES), help="So many homes may join.")
@click.option("--hours", type=click.FloatRange(0.05, LONGEST_HOURS), help="How long it is valid. [default: 15 minutes]")
@click.option("--qr/--no-qr", default=True, help="Print it as a QR code, too.")
@fleet_option
@json_option
def command(org: str, homes: int, hours: float | None, qr: bool, folder: str | None, as_json: bool) -> None:
    """Make a code with which homes join the fleet, and print what is typed at home.

    It is shown this once: the fleet keeps a digest of it only.
    """
    fleet = find_fleet(folder)
    code, now = new_code(), time.time()
    expires = now + (CODE_LIFE_S if hours is None else hours * 3600)
    invitation = invitation_of(fleet.tables.web.url, code, fleet.web_authority).text

    async def add(base: FleetBases) -> CodeRow:
        who, detail = operator_name(), {"homes": homes, "expires": expires}
        organisation = await _organisation(base, org)
        async with base.together(organisation.number):
            row = await base.register.add_code(code_digest(code), organisation.number, homes, expires, who, now)
            await base.audit.note(who, "code.make", str(row.number), now, organisation.number, detail)
        return row

    row = with_base(folder, add)
    if as_json:
        typed = f"unclouded join {invitation}"
        print_json(
            {"invitation": invitation, "command": typed, "expires": expires, "homes": homes, "organisation": org}
        )
        return
    print_text(f"unclouded join {invitation}")
    if qr:
        click.echo(text(invitation))
    many = "one home" if homes == 1 else f"{homes} homes"
    print_text(
        f"For {many} of {printable(row.organisation_name)}, until {_clock(expires)}. It is not shown again.", err=True
    )


async def _organisation(base: FleetBases, name: str) -> OrganisationRow:
    """The one of this name or number; a new one is made where there is none."""
    every = await base.register.organisations()
    if any(name in (one.name, str(one.number)) for one in every):
        return await find_organisation(base, name)
    async with base.together():
        made = await base.register.add_organisation(name)
        await base.audit.note(
            operator_name(), "organisation.add", str(made.number), time.time(), made.number, {"name": name}
        )
    return made


def _clock(at: float) -> str:
    return time.strftime("%Y-%m-%d %H:%M", time.localtime(at))
