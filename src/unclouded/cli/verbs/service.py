"""`service`: the hub as a service of systemd."""

from collections.abc import Callable

import click
import msgspec

from unclouded.app.service.installing import ServiceInstaller
from unclouded.cli.options import json_option
from unclouded.cli.output.lines import print_json, print_text

Command = Callable[..., None]


@click.group("service")
def command() -> None:
    """Install the hub as a service that systemd starts with the computer and restarts when it fails.

    The service of the system has a user of its own, who may use serial ports and the network and write to
    /var/lib/unclouded, and nothing else. With --user it is a service of your own session.
    """


def user_option(function: Command) -> Command:
    """Adds ``--user`` to a command, as ``is_user``."""
    return click.option("--user", "is_user", is_flag=True, help="Of your own session, without root.")(function)


def place_options(function: Command) -> Command:
    """Adds ``--config`` and ``--data``, whose defaults are those of a service, not those of the other commands."""
    config = click.option(
        "--config", metavar="FILE", help="Configuration. [default: unclouded.toml in the data folder]"
    )
    data = click.option(
        "--data", metavar="DIR", help="Data folder. [default: /var/lib/unclouded; with --user: your own one]"
    )
    return config(data(function))


@command.command("show")
@user_option
@place_options
def show(is_user: bool, config: str | None, data: str | None) -> None:
    """Print the unit that would be written."""
    for line in ServiceInstaller(is_user).unit(config or "", data or "").text.splitlines():
        print_text(line)


@command.command("install")
@user_option
@click.option("--force", is_flag=True, help="Replace a unit that was edited; it is kept beside the new one.")
@place_options
def install(is_user: bool, force: bool, config: str | None, data: str | None) -> None:
    """Write the unit, and start the hub where there is a configuration."""
    installer = ServiceInstaller(is_user)
    for line in installer.install(installer.unit(config or "", data or ""), force):
        print_text(line)


@command.command("status")
@user_option
@place_options
@json_option
def status(is_user: bool, config: str | None, data: str | None, as_json: bool) -> None:
    """Show whether the unit is written, enabled and running."""
    installer = ServiceInstaller(is_user)
    found = installer.status(installer.unit(config or "", data or ""))
    if as_json:
        print_json(msgspec.to_builtins(found))
        return
    print_text(f"unit     {found.unit}")
    for name in ("written", "enabled", "active"):
        print_text(f"{name:<8} {getattr(found, name)}")


@command.command("uninstall")
@user_option
def uninstall(is_user: bool) -> None:
    """Stop the service and remove its unit. Configuration and data stay."""
    for line in ServiceInstaller(is_user).uninstall():
        print_text(line)
