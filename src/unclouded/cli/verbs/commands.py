"""`commands`: the command table of a protocol."""

import click
import msgspec

from unclouded.app.protocols import NAMES, commands_of
from unclouded.cli.options import json_option
from unclouded.cli.output.lines import print_json


@click.command("commands")
@click.option("--family", required=True, type=click.Choice(NAMES), help="Protocol family.")
@click.option(
    "--dialect",
    default="",
    metavar="NAME",
    help="Dialect of the Tuya families: normal, low_power, gateway or zigbee_module.",
)
@json_option
def command(family: str, dialect: str, as_json: bool) -> None:
    """List the commands of a protocol: code, name, initiator, request and response."""
    for row in commands_of(family, dialect):
        if as_json:
            print_json(msgspec.to_builtins(row))
        else:
            code = row.code if isinstance(row.code, str) else f"{row.code:02x}"
            sub = "" if row.sub is None else f"/{row.sub:02x}"
            click.echo(f"{code + sub:<6} {row.name:<28} {row.initiator:<11} {row.request}  ->  {row.response}")
