"""`admit`: admit a plug that has connected to the broker."""

import click

from unclouded.app.access.hub_access import running_hub
from unclouded.cli.configuration import configuration
from unclouded.cli.options import config_options, json_option
from unclouded.cli.output.lines import print_json, print_text


@click.command("admit")
@click.argument("uuid")
@click.option("--name", default="", help="What it is called, as in Kettle; its id follows from it.")
@click.option("--id", "id", default="", help="Device id to give it, instead: a to z, 0 to 9 and _.")
@click.option("--parent", default="", metavar="ID", help="The device that measures its use too, as the meter does.")
@click.option("--produces", is_flag=True, help="The energy that it measures is fed in: a solar inverter behind it.")
@config_options
@json_option
def command(
    uuid: str, name: str, id: str, parent: str, produces: bool, config: str | None, data: str | None, as_json: bool
) -> None:
    """Admit the plug UUID that connected to the broker with the right password (`devices` lists it as seen)."""
    body = {"uuid": uuid.lower(), "name": name, "id": id, "parent": parent, "produces": produces}
    device = running_hub(configuration(config, data)).post("/api/admit", body)
    if as_json:
        print_json(device)
    else:
        print_text(f"{device['name']} is admitted; its id is {device['id']}.")
