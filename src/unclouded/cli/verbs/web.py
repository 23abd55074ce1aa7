"""`web`: where the page is and who may open it: passwords of roles, tokens of programs."""

import functools
import sys
from collections.abc import Callable

import click

from unclouded.app.access.web_access import ROLES, WebAccess, WebStatus
from unclouded.app.configuration.config import Config
from unclouded.app.configuration.tables.file import NOWHERE
from unclouded.cli.configuration import configuration
from unclouded.cli.options import config_options, json_option
from unclouded.cli.output.lines import print_json, print_text
from unclouded.core.errors import CommandError
from unclouded.core.times import iso

role_option = click.option(
    "--role",
    type=click.Choice(list(ROLES)),
    default="control",
    show_default=True,
    help="control = view and control, read = view only.",
)


def with_options_of_the_group(verb: Callable[..., None]) -> Callable[..., None]:
    """Give a verb the configuration and --json, whether they are typed before or after its name."""

    @click.pass_context
    def merged(context: click.Context, /, config: str | None, data: str | None, as_json: bool, **own: object) -> None:
        group_config, group_data, group_json = context.obj
        verb(configuration(config or group_config, data or group_data), as_json or group_json, **own)

    return config_options(json_option(functools.update_wrapper(merged, verb)))


@click.group("web", invoke_without_command=True)
@config_options
@json_option
@click.option("--qr", "as_code", is_flag=True, help="Show the address as a QR code, for a phone in the same network.")
@click.pass_context
def command(context: click.Context, config: str | None, data: str | None, as_json: bool, as_code: bool) -> None:
    """Show where the page is and who may open it; set passwords and tokens."""
    context.obj = (config, data, as_json)
    if context.invoked_subcommand is None:
        chosen = configuration(config, data)
        status = WebAccess(chosen).status()
        if as_json:
            print_json(_status_json(status))
        elif as_code:
            click.echo(WebAccess(chosen).code())
        else:
            _print_status(chosen, status)


@command.command("password")
@role_option
@click.option("--stdin", "from_stdin", is_flag=True, help="Read the password as one line from standard input.")
@click.option("--remove", is_flag=True, help="Remove the password of this role; its sessions end.")
@with_options_of_the_group
def password(chosen: Config, as_json: bool, role: str, from_stdin: bool, remove: bool) -> None:
    """Set the password of a role, at a prompt. Sessions with the previous password end."""
    access = WebAccess(chosen)
    if remove:
        had = access.remove_password(role)
        done = "is removed, and its sessions have ended" if had else "was not set; nothing has changed"
    else:
        access.set_password(role, _typed(from_stdin))
        done = "is set; sessions with another password have ended"
    if as_json:
        print_json({"password": {"role": role, "set": not remove}})
    else:
        click.echo(f"The password for {role} ({ROLES[role]}) {done}.")


@command.command("token")
@click.argument("name")
@role_option
@click.option("--remove", is_flag=True, help="Revoke the token of this name.")
@with_options_of_the_group
def token(chosen: Config, as_json: bool, name: str, role: str, remove: bool) -> None:
    """Make a token for a program; it is shown only once. Use: Authorization: Bearer TOKEN."""
    access = WebAccess(chosen)
    if remove:
        access.remove_token(name)
        if as_json:
            print_json({"token": {"name": name, "removed": True}})
        else:
            print_text(f"The token {name} is revoked.")
        return
    text = access.make_token(name, role)
    if as_json:
        print_json({"token": {"name": name, "role": role, "text": text}})
    else:
        click.echo(text)
        click.echo(f"It permits {name} to {ROLES[role]}. It is not shown again.", err=True)


def _typed(from_stdin: bool) -> str:
    if from_stdin:
        return sys.stdin.readline().rstrip("\r\n")
    if not sys.stdin.isatty():
        raise CommandError("There is no terminal to type a password at. Give it with --stdin.")
    return str(click.prompt("New password", hide_input=True, confirmation_prompt="The same again", err=True))


# --- status ----------------------------------------------------------------------------------------


def _status_json(status: WebStatus) -> dict[str, object]:
    return {
        "web": {
            "running": status.running,
            "listen": status.listen,
            "addresses": status.addresses,
            "passwords": status.passwords,
            "tokens": [{"name": one.name, "role": one.role, "made": iso(one.made)} for one in status.tokens],
            "authority_sha256": status.authority_sha256,
        }
    }


def _print_status(config: Config, status: WebStatus) -> None:
    click.echo(_where(config, status))
    if status.passwords:
        click.echo(f"Passwords: {', '.join(f'{role} ({ROLES[role]})' for role in status.passwords)}.")
        if "control" not in status.passwords:
            click.echo("No one can log in to control devices: there is no password for control.")
    else:
        click.echo("There is no password: every user of this computer has control; access from elsewhere is refused.")
    for one in status.tokens:
        print_text(f"Token {one.name}: {one.role}, made {iso(one.made)[:10]}.")
    if status.authority_sha256:
        click.echo(f"The hub's certificate authority (ca.pem), SHA-256: {status.authority_sha256}")


def _where(config: Config, status: WebStatus) -> str:
    if status.running:
        return f"The page: {' '.join(status.addresses)}" if status.addresses else "The hub runs without the page."
    if config.web.listen == NOWHERE:
        return "The hub does not run; it will have no page ([web] listen is off)."
    return f"The hub does not run; the page will be on {status.listen}."
