"""`check`: is the configuration right? No device is touched."""

import click

from unclouded.app.device_factory import DeviceFactory
from unclouded.cli.configuration import configuration
from unclouded.cli.options import config_options, json_option
from unclouded.cli.output.lines import print_json


@click.command("check")
@config_options
@json_option
def command(config: str | None, data: str | None, as_json: bool) -> None:
    """Check the configuration: keys, profiles, families, links. Exit code 2 where something is wrong."""
    checked = configuration(config, data)
    for node in DeviceFactory(checked).nodes():
        for channel in node.channels:
            profile = channel.profile.name if channel.profile else f"{channel.generic.name} until its product is known"
            line = {"id": node.id, "family": channel.family, "link": channel.link, "profile": profile}
            if as_json:
                print_json(line)
            else:
                click.echo(f"{node.id}: {channel.family} on {channel.link}, profile {profile}")
    if as_json:
        print_json({"hub": {"config": checked.where, "data": str(checked.data), "timezone": str(checked.zone)}})
    else:
        click.echo(f"{checked.where} is valid. Data: {checked.data}, time zone {checked.zone}.")
