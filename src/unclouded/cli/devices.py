"""`devices`: what there is and how it fares."""

from typing import Any

import click

from unclouded.cli.client import any_hub, configuration
from unclouded.cli.output import config_options, json_option, print_json


@click.command("devices")
@config_options
@json_option
def command(config: str | None, data: str | None, as_json: bool) -> None:
    """List the devices, how they fare, and what can be read and set."""
    with any_hub(configuration(config, data)) as hub:
        devices = hub.get("/api/devices")
    for device in devices:
        if as_json:
            print_json(device)
        else:
            _print(device)


def _print(device: dict[str, Any]) -> None:  # Any: the API's JSON
    reason = f": {device['reason']}" if device["reason"] else ""
    click.echo(f"{device['id']}  {device['family']} on {device['link']}, {device['state']}{reason}")
    click.echo(f"  profile {device['profile']}" + (f", identity {device['identity']}" if device["identity"] else ""))
    for point in device["points"]:
        settable = "  (can be set)" if "w" in point["access"] else ""
        click.echo(f"  {point['key']:<24}{point['label']}{settable}".rstrip())
    for action in device["actions"]:
        click.echo(f"  action {action['name']}: {action['words']}")
