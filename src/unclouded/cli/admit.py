"""`admit`: take in a plug that has called."""

import click

from unclouded.cli.client import HubClient, configuration, is_running
from unclouded.cli.output import config_options, json_option, print_json
from unclouded.core.errors import LinkError


@click.command("admit")
@click.argument("uuid")
@click.option("--id", "name", required=True, help="What it shall be called: a to z, 0 to 9 and _.")
@config_options
@json_option
def command(uuid: str, name: str, config: str | None, data: str | None, as_json: bool) -> None:
    """Take in the plug UUID that connected to the broker with the right password (`devices` lists it as seen)."""
    checked = configuration(config, data)
    if not is_running(checked):
        raise LinkError("Plugs call a hub that runs. Start it first: unclouded run.")
    device = HubClient(checked.control).post("/api/admit", {"uuid": uuid.lower(), "id": name})
    if as_json:
        print_json(device)
    else:
        click.echo(f"{name} is taken in.")
