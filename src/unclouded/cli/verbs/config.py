"""`config`: show, edit and reload the configuration."""

import sys
from itertools import chain
from typing import Any

import click

from unclouded.app.access.hub_client import HubClient
from unclouded.app.configuration.access import ConfigurationAccess, HubConfiguration, access_to
from unclouded.app.configuration.config import find_config
from unclouded.app.configuration.edits.typed_keys import typed_edit, typed_item, typed_keys, typed_place
from unclouded.cli.configuration import running_without_file
from unclouded.cli.options import config_options, json_option
from unclouded.cli.output.hub.configuration_text import backup_line, device_lines, reload_lines, table_lines
from unclouded.cli.output.lines import print_json, print_text
from unclouded.core.errors import CommandError
from unclouded.core.views.configuration import ReloadView


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
    """Show the configuration, or DEVICE, or a table of the hub, with the keys as they stand in the file.

    Secrets are not shown.
    """
    view = _access(config, data).view()
    devices = [one for one in view.devices if device in (None, one.id)]
    tables = [one for one in view.tables if one.table == device or (device is None and one.is_there)]
    if device is not None and not devices and not tables:
        known = ", ".join(one.id for one in view.devices) or "none"
        raise CommandError(f"There is no device {device!r} in {view.file}. There are: {known}.")
    if as_json:
        print_json(view if device is None else (devices or tables)[0])
        return
    for line in (*chain(*map(table_lines, tables)), *chain(*map(device_lines, devices))):
        print_text(line)
    for problem in (view.problem, view.unwritable):
        if problem:
            print_text(problem, err=True)
    if view.needs_restart:
        print_text(f"After a restart of the hub: {', '.join(view.needs_restart)}.", err=True)


@command.command("set")
@click.argument("device", metavar="[DEVICE]")
@click.argument("keys", nargs=-1, metavar="KEY=VALUE...")
@config_options
@json_option
def set_keys(device: str, keys: tuple[str, ...], config: str | None, data: str | None, as_json: bool) -> None:
    """Set keys of DEVICE, as in: name="Kitchen lamp" room=Kitchen parent=meter produces=true scale.power_W=40

    Without DEVICE, set keys of the hub: TABLE.KEY=VALUE, as in: hub.name="Casa Olivos" hub.timezone=Europe/Madrid

    KEY= removes a key. id=NEW gives the device another id; its history stays. docs/unclouded.toml has all keys.
    """
    access = _access(config, data)
    if "=" in device:
        _print(access.change_hub(typed_edit((device, *keys))), as_json)
    elif keys:
        _print(access.change(device, typed_keys(keys)), as_json)
    else:
        raise CommandError(f"Say which keys of {device} are to be set: KEY=VALUE, as in room=Kitchen.")


@command.command("append")
@click.argument("table")
@click.argument("keys", nargs=-1, required=True, metavar="KEY=VALUE...")
@config_options
@json_option
def append(table: str, keys: tuple[str, ...], config: str | None, data: str | None, as_json: bool) -> None:
    """Add an item to a list of the hub, as those that begin with [[TABLE]] in docs/unclouded.toml."""
    _print(_access(config, data).change_hub(typed_item(table, keys)), as_json)


@command.command("unset")
@click.argument("table", metavar="TABLE[.ITEM]")
@config_options
@json_option
def unset(table: str, config: str | None, data: str | None, as_json: bool) -> None:
    """Remove a table of the hub, or one item of a list (its id, its name, or its place from 1 on).

    Without the table, what it configures is off or has its defaults.
    """
    _print(_access(config, data).change_hub(typed_place(table)), as_json)


@command.command("rename-room")
@click.argument("room")
@click.argument("name")
@config_options
@json_option
def rename_room(room: str, name: str, config: str | None, data: str | None, as_json: bool) -> None:
    """Rename ROOM to NAME, in all devices that are in it. An empty NAME: they are in no room."""
    _print(_access(config, data).rename_room(room, name), as_json)


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
