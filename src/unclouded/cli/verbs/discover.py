"""`discover`: the plugs in this network."""

import asyncio

import click

from unclouded.app.discovery import SECONDS, find_in_network
from unclouded.cli.options import Span, json_option
from unclouded.cli.output.lines import print_json, print_text
from unclouded.core.errors import LinkError


@click.command("discover")
@click.option("--for", "span", type=Span(), default=str(SECONDS), show_default="3s", help="How long to wait for them.")
@json_option
def command(span: float, as_json: bool) -> None:
    """List the Meross plugs in this network: all that answer a broadcast (UDP 9988). No key is needed.

    Which server they are bound to and what they measure can be read only with their key.
    """
    found = asyncio.run(find_in_network(span))
    for plug in found:
        if as_json:
            print_json(plug)
        else:
            versions = f"hardware {plug.hardware}, firmware {plug.version}"
            print_text(f"{plug.ip:<15} {plug.product:<8} {plug.uuid}  {plug.mac}  {versions}")
    if not found:
        raise LinkError(
            f"No plug answered within {span:g} s. Is this computer in the same network as the plugs? Guest networks "
            "and some routers keep devices apart, and some plugs do not answer: their address is in the router's list."
        )
