"""`web`: where the page is, and who may open it: passwords of roles, tokens of programs.

All of it works on the data folder, whether the hub runs or not; a hub that runs notices the change.
"""

import functools
import hashlib
import ssl
import sys
import time
from collections.abc import Callable
from pathlib import Path
from typing import Any

import click

from unclouded.app.config import NOWHERE, WEB_PLACE, Config
from unclouded.cli.client import HubClient, configuration, is_running
from unclouded.cli.output import config_options, json_option, print_json
from unclouded.core.errors import CommandError
from unclouded.core.times import iso
from unclouded.web.password import CredentialStore, Token, hashed, new_token
from unclouded.web.schemas import Role

ROLES: tuple[Role, ...] = ("control", "read")
MAY = {"control": "look and switch", "read": "look"}

role_option = click.option(
    "--role", type=click.Choice(ROLES), default="control", show_default=True, help="What it allows."
)


def of_the_whole(verb: Callable[..., None]) -> Callable[..., None]:
    """Give a verb the configuration and --json, whether they were said behind the word `web` or behind the whole."""

    @click.pass_context
    def told(context: click.Context, /, config: str | None, data: str | None, as_json: bool, **own: object) -> None:
        before, where, json_before = context.obj
        verb(configuration(config or before, data or where), as_json or json_before, **own)

    return config_options(json_option(functools.update_wrapper(told, verb)))


@click.group("web", invoke_without_command=True)
@config_options
@json_option
@click.pass_context
def command(context: click.Context, config: str | None, data: str | None, as_json: bool) -> None:
    """Say where the page is and who may open it; set passwords and tokens."""
    context.obj = (config, data, as_json)
    if context.invoked_subcommand is None:
        chosen = configuration(config, data)
        status = _status(chosen)
        if as_json:
            print_json(status)
        else:
            _say_status(chosen, status)


@command.command("password")
@role_option
@click.option("--stdin", "from_stdin", is_flag=True, help="Read it as one line from standard input.")
@click.option("--remove", is_flag=True, help="Have no password for this role; its sessions end.")
@of_the_whole
def password(chosen: Config, as_json: bool, role: Role, from_stdin: bool, remove: bool) -> None:
    """Set the password of a role, at a prompt. Sessions that were open with the one before end."""
    keyring = CredentialStore(chosen.state)
    if remove:
        had = role in keyring.now().passwords
        keyring.change(lambda known: known.with_password(role, None))
        words = "is removed, and its sessions have ended" if had else "was not set; nothing has changed"
    else:
        new = hashed(_typed(from_stdin))
        keyring.change(lambda known: known.with_password(role, new))
        words = "is set; sessions that were open with another one have ended"
    if as_json:
        print_json({"password": {"role": role, "set": not remove}})
    else:
        click.echo(f"The password for {role} ({MAY[role]}) {words}.")


@command.command("token")
@click.argument("name")
@role_option
@click.option("--remove", is_flag=True, help="Make the token of this name worthless.")
@of_the_whole
def token(chosen: Config, as_json: bool, name: str, role: Role, remove: bool) -> None:
    """Make a token for a program, shown this once: Authorization: Bearer TOKEN."""
    if not name.isprintable() or not 0 < len(name) <= 60:
        raise CommandError("A token's name has 1 to 60 characters that can be printed.")
    keyring = CredentialStore(chosen.state)
    if remove:
        keyring.change(lambda known: known.without_token(name))
        if as_json:
            print_json({"token": {"name": name, "removed": True}})
        else:
            click.echo(f"The token {name} is worth nothing now.")
        return
    text, made = new_token(name, role, int(time.time()))
    keyring.change(lambda known: known.with_token(made))
    if as_json:
        print_json({"token": {"name": name, "role": role, "text": text}})
    else:
        click.echo(text)
        click.echo(f"{name} may {MAY[role]} with it. It is not shown again.", err=True)


def _typed(from_stdin: bool) -> str:
    if from_stdin:
        return sys.stdin.readline().rstrip("\r\n")
    if not sys.stdin.isatty():
        raise CommandError("There is no terminal to type a password at. Give it with --stdin.")
    return str(click.prompt("New password", hide_input=True, confirmation_prompt="The same again", err=True))


# --- status ----------------------------------------------------------------------------------------


def _status(config: Config) -> dict[str, Any]:  # Any: JSON
    credentials = CredentialStore(config.state).now()
    runs = is_running(config)
    return {
        "web": {
            "running": runs,
            "listen": config.web.listen or "{}:{}".format(*WEB_PLACE),
            "addresses": list(HubClient(config.control).get("/api/hub").get("web") or []) if runs else [],
            "passwords": [role for role in ROLES if role in credentials.passwords],
            "tokens": [_token_json(one) for one in credentials.tokens],
            "authority_sha256": _fingerprint(config.data / "ca" / "ca.pem") if config.web.tls else None,
        }
    }


def _token_json(token: Token) -> dict[str, str]:
    return {"name": token.name, "role": token.role, "made": iso(token.made)}


def _fingerprint(file: Path) -> str | None:
    """What a person compares when a phone asks whether to trust the hub's authority."""
    try:
        data = ssl.PEM_cert_to_DER_cert(file.read_text("ascii"))
    except (OSError, ValueError):
        return None
    return hashlib.sha256(data).digest().hex(":").upper()


def _say_status(config: Config, status: dict[str, Any]) -> None:  # Any: JSON
    web = status["web"]
    click.echo(_where(config, web))
    if web["passwords"]:
        click.echo(f"Passwords: {', '.join(f'{role} ({MAY[role]})' for role in web['passwords'])}.")
        if "control" not in web["passwords"]:
            click.echo("Nobody can log in to switch: there is no password for control.")
    else:
        click.echo("There is no password: on this computer everybody has control, from elsewhere nobody gets in.")
    for one in web["tokens"]:
        click.echo(f"Token {one['name']}: {one['role']}, made {one['made'][:10]}.")
    if web["authority_sha256"]:
        click.echo(f"The hub's authority (ca.pem), SHA-256: {web['authority_sha256']}")


def _where(config: Config, web: dict[str, Any]) -> str:  # Any: JSON
    if web["running"]:
        return f"The page: {' '.join(web['addresses'])}" if web["addresses"] else "The hub runs without the page."
    if config.web.listen == NOWHERE:
        return "The hub does not run; it will have no page ([web] listen is off)."
    return f"The hub does not run; the page will be on {web['listen']}."
