"""`store`: what can be done to stored data while no hub runs."""

from pathlib import Path

import click
import msgspec

from unclouded.app.salvaging import salvage_into
from unclouded.cli.configuration import configuration
from unclouded.cli.options import config_options, json_option
from unclouded.cli.output.lines import print_json


@click.group("store")
def command() -> None:
    """Bring the readable history of a damaged store into that of the configuration."""


@command.command("salvage")
@click.argument("file", type=click.Path(dir_okay=False, path_type=Path))
@config_options
@json_option
def salvage(file: Path, config: str | None, data: str | None, as_json: bool) -> None:
    """Copy every readable row of the damaged store FILE into the store of the configuration. Stop the hub first.

    A hub that finds its store damaged moves it aside as store-damaged-TIME.sqlite and goes on with a new one. FILE is
    never changed; rows that are there already are kept, so it can be repeated.
    """
    chosen = configuration(config, data)
    done, kept = salvage_into(chosen, file)
    if as_json:
        print_json({"salvaged": {**msgspec.to_builtins(done), "file": str(kept), "store": str(chosen.store)}})
        return
    rows = ", ".join(f"{count:,} of {name}" for name, count in done.rows.items() if count)
    click.echo(f"Rows brought into {chosen.store}: {rows or 'none'}.")
    if done.damaged:
        click.echo(f"{done.damaged:,} places of {kept} could not be read.")
    click.echo(f"The damaged store is kept: {kept}")
