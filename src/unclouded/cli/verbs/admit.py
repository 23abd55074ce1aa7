"""`admit`: admit a plug that has connected to the broker."""

import click

from unclouded.app.hub_access import running_hub
from unclouded.cli.configuration import configuration
from unclouded.cli.options import config_options, json_option
from unclouded.cli.output.lines import print_json, print_text


@click.command("admit")
@click.argument("uuid")
@click.option("--id", "name", required=True, help="Device id to give it: a to z, 0 to 9 and _.")
@config_options
@json_option
def command(uuid: str, name: str, config: str | None, data: str | None, as_json: bool) -> None:
    """Admit the plug UUID that connected to the broker with the right password (`devices` lists it as seen)."""
    device = running_hub(configuration(config, data)).post("/api/admit", {"uuid": uuid.lower(), "id": name})
    if as_json:
        print_json(device)
    else:
        print_text(f"{name} is admitted.")
