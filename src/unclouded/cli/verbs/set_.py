"""`set`: set a point of a device."""

import sys
from collections.abc import Mapping
from typing import Any

import click

from unclouded.app.access.hub_access import any_hub
from unclouded.app.access.hub_client import device_path, wait_until_connected
from unclouded.cli.configuration import configuration
from unclouded.cli.options import config_options, json_option, typed_value
from unclouded.cli.output.lines import outcome_code, print_json, print_outcome
from unclouded.core.errors import CommandError
from unclouded.core.model import Value
from unclouded.core.text.printable import printable


@click.command("set", context_settings={"ignore_unknown_options": True})
@click.argument("device")
@click.argument("args", nargs=-1, required=True, metavar="[POINT] VALUE")
@click.option("--yes", "-y", is_flag=True, help="Do not ask before a critical device is switched.")
@config_options
@json_option
@click.pass_context
def command(
    ctx: click.Context,
    device: str,
    args: tuple[str, ...],
    yes: bool,
    config: str | None,
    data: str | None,
    as_json: bool,
) -> None:
    """Set a point of DEVICE (its main point if none is named) to VALUE: a number, a text, or of a switch on and off;
    1 and 0, true and false mean the same.

    Prints what the device confirmed, or why it did not; then the exit code is 1. Before a device that is marked as
    critical is switched, it asks; not with --yes or --json, and not in a script, where no one could answer.
    """
    if len(args) > 2:
        raise click.UsageError("Give DEVICE, optionally a POINT, and one VALUE.")
    point, value = args if len(args) == 2 else ("", args[0])
    with any_hub(configuration(config, data), [device]) as hub:
        wait_until_connected(hub, device)
        found = hub.get("/api/devices", device=device)
        if found and not yes and not as_json and sys.stdin.isatty():
            _confirm(found[0], point, typed_value(value))
        line = hub.post(device_path(device, "set"), {"point": point, "value": typed_value(value), "origin": "cli"})
    if as_json:
        print_json(line)
    else:
        print_outcome(f"{device} {line['point']} = {value}", line)
    ctx.exit(outcome_code(line))


def _confirm(device: Mapping[str, Any], point: str, value: Value) -> None:  # Any: the API's JSON
    """Ask before a critical device is switched. Raises CommandError where the answer is no."""
    key = point or device["main"]
    is_switched = any(one["key"] == key and one["kind"] == "switch" for one in device["points"])
    is_relay = key == device["main"] or key == "on" or key.startswith("on_")
    if device["critical"] and is_switched and is_relay:
        how = "Switch it on?" if value in (True, 1) else "Switch it off?" if value in (False, 0) else "Switch it?"
        if not click.confirm(f"{printable(device['name'])} is marked as critical. {how}", err=True):
            raise CommandError("Nothing was sent.")
