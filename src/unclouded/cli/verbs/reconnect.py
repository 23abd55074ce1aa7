"""`reconnect`: connect to a device now, not when its next attempt is due."""

import click

from unclouded.app.access.hub_access import running_hub
from unclouded.app.access.hub_client import device_path
from unclouded.cli.configuration import configuration
from unclouded.cli.options import config_options, json_option
from unclouded.cli.output.lines import outcome_code, print_json, print_outcome


@click.command("reconnect")
@click.argument("device")
@config_options
@json_option
@click.pass_context
def command(ctx: click.Context, device: str, config: str | None, data: str | None, as_json: bool) -> None:
    """Connect to DEVICE now. After failures the hub waits up to a minute before it tries again by itself.

    The exit code is 0 once the device is online, and 1 if it is not after 10 s. Devices that sleep, and plugs that
    connect to the hub, cannot be reached so: the answer says what helps. A device that is online is left alone.
    """
    line = running_hub(configuration(config, data)).post(device_path(device, "reconnect"), {})
    if as_json:
        print_json(line)
    else:
        print_outcome(f"{device} reconnect", line)
    ctx.exit(outcome_code(line))
