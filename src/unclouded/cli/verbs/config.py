"""`config`: show, edit and reload the configuration."""

import sys
from typing import Any

import click

from unclouded.app.configuration.access import ConfigurationAccess, HubConfiguration, access_to
from unclouded.app.configuration.config import find_config
from unclouded.app.configuration.typed_keys import typed_keys
from unclouded.app.hub_client import HubClient
from unclouded.cli.configuration import running_without_file
from unclouded.cli.options import config_options, json_option
from unclouded.cli.output.configuration_text import backup_line, device_lines, reload_lines
from unclouded.cli.output.lines import print_json, print_text
from unclouded.core.configuration_views import ReloadView
from unclouded.core.errors import CommandError


@click.group("config")
def command() -> None:
    """Show, edit and reload the configuration. A hub that runs applies each change at once.

    Only devices that change restart; all others go on without a gap. Each change is checked as a whole and keeps a
    backup; comments and everything else in the file stay as they are.
    """


@command.command("show")
@click.argument("device", required=False)
@config_options
@json_option
def show(device: str | None, config: str | None, data: str | None, as_json: bool) -> None:
    """Show the devices of the configuration, or DEVICE, with the keys as they stand in the file, without secrets."""
    view = _access(config, data).view()
    devices = [one for one in view.devices if device in (None, one.id)]
    if device is not None and not devices:
        known = ", ".join(one.id for one in view.devices) or "none"
        raise CommandError(f"There is no device {device!r} in {view.file}. There are: {known}.")
    if as_json:
        print_json(view if device is None else devices[0])
        return
    for one in devices:
        for line in device_lines(one):
            print_text(line)
    for problem in (view.problem, view.unwritable):
        if problem:
            print_text(problem, err=True)
    if view.needs_restart:
        print_text(f"After a restart of the hub: {', '.join(view.needs_restart)}.", err=True)


@command.command("set")
@click.argument("device")
@click.argument("keys", nargs=-1, required=True, metavar="KEY=VALUE...")
@config_options
@json_option
def set_keys(device: str, keys: tuple[str, ...], config: str | None, data: str | None, as_json: bool) -> None:
    """Set keys of DEVICE, as in: name="Kitchen lamp" room=Kitchen parent=meter produces=true scale.power_W=40

    KEY= removes a key. id=NEW gives the device another id; its history stays. docs/unclouded.toml has all keys.
    """
    _print(_access(config, data).change(device, typed_keys(keys)), as_json)


@command.command("add")
@click.argument("name")
@click.argument("keys", nargs=-1, required=True, metavar="KEY=VALUE...")
@config_options
@json_option
def add(name: str, keys: tuple[str, ...], config: str | None, data: str | None, as_json: bool) -> None:
    """Add a device called NAME, as in: family=tuya_wifi link=tcp://192.168.1.30:6638

    Its id follows from the name, unless id=ID names one. docs/unclouded.toml has all keys.
    """
    done = _access(config, data).add({"name": name, **_present(typed_keys(keys))})
    _print(done, as_json)


@command.command("remove")
@click.argument("device")
@click.option("--history", type=click.Choice(["keep", "delete"]), help="What happens to its stored history.")
@config_options
@json_option
def remove(device: str, history: str | None, config: str | None, data: str | None, as_json: bool) -> None:
    """Remove DEVICE. Its history is kept or deleted; in a terminal it is asked which."""
    _print(_access(config, data).remove(device, "delete" if _deletes(device, history) else "keep"), as_json)


@command.command("reload")
@click.option("--dry-run", is_flag=True, help="Only say what it would do.")
@config_options
@json_option
def reload(dry_run: bool, config: str | None, data: str | None, as_json: bool) -> None:
    """Apply the file as it is now to the hub that runs. An invalid file is refused, and the hub goes on as it is."""
    _print(_access(config, data).reload(dry_run), as_json)


@command.command("backups")
@config_options
@json_option
def backups(config: str | None, data: str | None, as_json: bool) -> None:
    """List the versions of the file before changes, newest first."""
    found = _access(config, data).backups()
    for one in found:
        if as_json:
            print_json(one)
        else:
            print_text(backup_line(one))
    if not found and not as_json:
        print_text("There are no backups yet: one is kept before each change.", err=True)


@command.command("restore")
@click.argument("backup")
@config_options
@json_option
def restore(backup: str, config: str | None, data: str | None, as_json: bool) -> None:
    """Put BACKUP in the place of the file, also of one that is invalid; what it replaces is kept as a backup, too."""
    _print(_access(config, data).restore(backup), as_json)


def _access(config: str | None, data: str | None) -> ConfigurationAccess:
    if (first := running_without_file(config, data)) is not None:
        return HubConfiguration(HubClient(first.control))
    return access_to(find_config(config), data)


def _present(keys: dict[str, Any]) -> dict[str, Any]:  # Any: TOML
    return {key: value for key, value in keys.items() if value is not None}


def _deletes(device: str, history: str | None) -> bool:
    if history is not None:
        return history == "delete"
    if not _is_asked():
        raise CommandError(f"Say what happens to the history of {device}: --history keep, or --history delete.")
    return click.confirm(f"Delete the stored history of {device} as well?", default=False)


def _is_asked() -> bool:
    """Whether a person can answer."""
    return sys.stdin.isatty()


def _print(view: ReloadView, as_json: bool) -> None:
    if as_json:
        print_json(view)
        return
    for line in reload_lines(view):
        print_text(line)
    for warning in view.warnings:
        print_text(f"warning: {warning}", err=True)
