"""`retention`: how long stored values are kept, and what will be deleted."""

import click

from unclouded.app.stored.retention import retention_of
from unclouded.cli.configuration import configuration
from unclouded.cli.options import config_options, json_option
from unclouded.cli.output.energy.retention_text import retention_lines
from unclouded.cli.output.lines import print_json, print_text


@click.command("retention")
@click.option(
    "--dry-run", is_flag=True, help="By the rules of the file, also where a hub runs that has not loaded them yet."
)
@config_options
@json_option
def command(dry_run: bool, config: str | None, data: str | None, as_json: bool) -> None:
    """List the rules of [[retention]]: what each keeps, what is stored of it, and what it deletes, when.

    Nothing is changed by it. The hub deletes, in small steps, a day after it has announced it.
    """
    loaded = configuration(config, data)
    view = retention_of(loaded, dry_run)
    if as_json:
        print_json(view)
        return
    for line in retention_lines(view, loaded.zone):
        print_text(line)
