"""`fleet person`: who may sign in to the fleet's page and API, their roles, passwords and tokens."""

import secrets
import sys
import time

import click

from unclouded.cli.fleet.access import ALL, find_organisation, fleet_option, operator_name, with_base
from unclouded.cli.options import Whole, json_option
from unclouded.cli.output.lines import print_json, print_text
from unclouded.core.errors import CommandError
from unclouded.core.text.printable import printable
from unclouded.core.times import iso
from unclouded.fleet.api.passwords import session_digest, stored_password
from unclouded.fleet.base.bases import FleetBases
from unclouded.fleet.base.views import PersonRow, Role
from unclouded.web.access.password import random_password

ROLES: tuple[Role, ...] = ("viewer", "operator", "owner")
LONGEST_DAYS = 3_650
SECRET_BYTES = 32

stdin_option = click.option(
    "--stdin", "from_stdin", is_flag=True, help="Read the password as one line from standard input."
)
org_option = click.option("--org", metavar="NAME", required=True, help="Organisation, by name or number.")


@click.group("person")
def command() -> None:
    """Who may log in to the fleet's page and API: their roles in organisations, passwords and tokens.

    A viewer sees everything of an organisation, an operator also gives commands and makes codes, an owner also revokes
    homes, gives roles and reads the audit. A person may have a role in several organisations.
    """


@command.command("list")
@fleet_option
@json_option
def list_persons(folder: str | None, as_json: bool) -> None:
    """List people and their roles."""
    persons = with_base(folder, lambda base: base.people.persons(ALL))
    if as_json:
        print_json([_json(one) for one in persons])
        return
    if not persons:
        print_text("No one may log in yet: unclouded fleet person add LOGIN --org NAME --role owner")
    for one in persons:
        roles = ", ".join(f"{role.role} of {printable(role.organisation_name)}" for role in one.roles) or "no role"
        seen = f", last seen {iso(one.seen)}" if one.seen else ""
        name = f" ({printable(one.name)})" if one.name else ""
        print_text(f"{printable(one.login)}{name}: {roles}{' (disabled)' if one.disabled else ''}{seen}")


@command.command("add")
@click.argument("login")
@org_option
@click.option("--role", type=click.Choice(ROLES), default="viewer", show_default=True, help="What they may do in it.")
@click.option("--name", default="", help="Name that is shown.")
@stdin_option
@fleet_option
@json_option
def add(login: str, org: str, role: Role, name: str, from_stdin: bool, folder: str | None, as_json: bool) -> None:
    """Add a person, or give one who exists a role in another organisation.

    A new person gets a password that is printed this once, unless it is given with --stdin.
    """
    given = _line() if from_stdin else random_password()
    stored = stored_password(given)

    async def make(base: FleetBases) -> tuple[PersonRow, bool]:
        organisation = await find_organisation(base, org)
        found, now = await _found(base, login), time.time()
        async with base.together():
            person = found or await base.people.add_person(login, name, stored, now)
            await base.people.set_role(person.number, organisation.number, role)
            detail = {"login": person.login, "role": role}
            await base.audit.note(operator_name(), "person.add", str(person.number), now, organisation.number, detail)
        return person, found is None

    person, is_new = with_base(folder, make)
    shown = given if is_new and not from_stdin else ""
    if as_json:
        print_json({"login": person.login, "org": org, "role": role, "new": is_new, "password": shown or None})
        return
    print_text(f"{printable(person.login)} is {role} of {printable(org)}.")
    if shown:
        click.echo(f"Password, not shown again: {shown}")


@command.command("remove")
@click.argument("login")
@click.option("--org", metavar="NAME", help="Only the role in this organisation.")
@fleet_option
@json_option
def remove(login: str, org: str | None, folder: str | None, as_json: bool) -> None:
    """Remove a person, or only their role in one organisation. Their sessions end."""

    async def take(base: FleetBases) -> None:
        person, now = await _person(base, login), time.time()
        left = [one for one in person.roles if org in (None, one.organisation_name, str(one.organisation))]
        async with base.together():
            for role in left:
                detail = {"login": person.login}
                await base.people.set_role(person.number, role.organisation, None)
                await base.audit.note(
                    operator_name(), "person.remove", str(person.number), now, role.organisation, detail
                )
            if len(left) == len(person.roles):
                await base.people.remove_person(person.number)

    with_base(folder, take)
    _done(as_json, {"login": login, "org": org}, f"{printable(login)} has no role {'there ' if org else ''}any more.")


@command.command("password")
@click.argument("login")
@stdin_option
@fleet_option
@json_option
def password(login: str, from_stdin: bool, folder: str | None, as_json: bool) -> None:
    """Set the password of a person, at a prompt. All their sessions and tokens end."""
    given = _line() if from_stdin else _typed()
    stored = stored_password(given)

    async def change(base: FleetBases) -> None:
        person = await _person(base, login)
        async with base.together():
            await base.people.change_person(person.number, password=stored, disabled=False)
            await _note(base, "person.password", person)

    with_base(folder, change)
    _done(as_json, {"login": login}, f"The password of {printable(login)} is set; their sessions have ended.")


@command.command("token")
@click.argument("login")
@click.option("--days", type=Whole(1, LONGEST_DAYS), default=365, show_default=True, help="How long it is valid.")
@click.option("--name", default="token", show_default=True, help="What it is for, as lists of sessions show it.")
@fleet_option
@json_option
def token(login: str, days: int, name: str, folder: str | None, as_json: bool) -> None:
    """Print a token with which a program has the roles of a person: Authorization: Bearer TOKEN."""
    secret = secrets.token_urlsafe(SECRET_BYTES)

    async def make(base: FleetBases) -> None:
        person, now = await _person(base, login), time.time()
        async with base.together():
            await base.people.open_session(session_digest(secret), person.number, now + days * 86_400.0, name, now)
            await _note(base, "person.token", person)

    with_base(folder, make)
    if as_json:
        print_json({"login": login, "token": secret, "days": days})
        return
    click.echo(secret)
    print_text(f"It has the roles of {printable(login)} for {days} days. It is not shown again.", err=True)


@command.command("sign-out")
@click.argument("login")
@fleet_option
@json_option
def sign_out(login: str, folder: str | None, as_json: bool) -> None:
    """End all sessions and tokens of a person."""

    async def close(base: FleetBases) -> int:
        person = await _person(base, login)
        async with base.together():
            ended = await base.people.close_sessions(person.number)
            await _note(base, "person.sign_out", person)
        return ended

    ended = with_base(folder, close)
    _done(as_json, {"login": login, "ended": ended}, f"Sessions of {printable(login)} that have ended: {ended}.")


# --- inside -------------------------------------------------------------------------------------------


async def _found(base: FleetBases, login: str) -> PersonRow | None:
    wanted = login.strip().lower()
    return next((one for one in await base.people.persons(ALL) if one.login == wanted), None)


async def _person(base: FleetBases, login: str) -> PersonRow:
    found = await _found(base, login)
    if found is None:
        raise CommandError(f"There is no person {printable(login)!r}. List them with: unclouded fleet person list")
    return found


async def _note(base: FleetBases, action: str, person: PersonRow) -> None:
    """A row of the audit in each organisation that the person has a role in."""
    for role in person.roles:
        await base.audit.note(
            operator_name(), action, str(person.number), time.time(), role.organisation, {"login": person.login}
        )


def _json(person: PersonRow) -> dict[str, object]:
    return {
        "login": person.login,
        "name": person.name,
        "disabled": person.disabled,
        "seen": None if person.seen is None else iso(person.seen),
        "roles": [{"org": one.organisation, "name": one.organisation_name, "role": one.role} for one in person.roles],
    }


def _done(as_json: bool, values: dict[str, object], text: str) -> None:
    if as_json:
        print_json(values)
    else:
        print_text(text)


def _line() -> str:
    return sys.stdin.readline().rstrip("\r\n")


def _typed() -> str:
    if not sys.stdin.isatty():
        raise CommandError("There is no terminal to type a password at. Give it with --stdin.")
    return str(click.prompt("New password", hide_input=True, confirmation_prompt="The same again", err=True))
