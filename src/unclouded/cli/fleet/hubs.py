"""`fleet hubs`: the list of hubs."""

import click


@click.command("hubs")
def command() -> None:
    """List the hubs of the fleet."""
