"""`forget`: the counterpart of `admit`."""

import click

from unclouded.app.access.hub_access import running_hub
from unclouded.app.access.hub_client import device_path
from unclouded.cli.configuration import configuration
from unclouded.cli.options import config_options, json_option
from unclouded.cli.output.lines import print_json, print_text


@click.command("forget")
@click.argument("device")
@config_options
@json_option
def command(device: str, config: str | None, data: str | None, as_json: bool) -> None:
    """Forget the plug DEVICE that was admitted. Its history stays, and goes on if it is admitted again.

    The plug itself does not change: while it connects, `devices` lists it as seen. To reset it: `setup --unbind`.
    """
    gone = running_hub(configuration(config, data)).delete(device_path(device))
    if as_json:
        print_json(gone)
        return
    print_text(f"{gone['name']} is forgotten. Its history stays in the store, and goes on if it is admitted again.")
