"""`store`: what can be done to stored data while no hub runs."""

import sys
from pathlib import Path

import click
import msgspec

from unclouded.app.stored.compacting import compact_store
from unclouded.app.stored.salvaging import salvage_into
from unclouded.cli.configuration import configuration
from unclouded.cli.options import config_options, json_option
from unclouded.cli.output.energy.retention_text import size_text
from unclouded.cli.output.lines import print_json, print_text
from unclouded.cli.output.terminal.progress import ProgressPrinter
from unclouded.cli.signals import ended_by_signal


@click.group("store")
def command() -> None:
    """Give free space of the store back to the disk, or copy the readable history of a damaged store."""


@command.command("compact")
@config_options
@json_option
def compact(config: str | None, data: str | None, as_json: bool) -> None:
    """Give space that was freed in the store's file, by retention for example, back to the disk. Stop the hub first.

    A copy without the free pages is made and checked, and takes the place of the file. So it needs as much free disk
    as the store has left. It may be interrupted at any time. A hub uses free pages for what comes next, so that this
    is needed only where the disk is wanted for something else.
    """
    chosen = configuration(config, data)
    printer = ProgressPrinter(sys.stderr)
    show = sys.stderr.isatty() and not as_json
    with ended_by_signal():
        try:
            done = compact_store(chosen, lambda copied, total: printer.step(copied, total, "copied") if show else None)
        finally:
            printer.end()
    if as_json:
        print_json({"compacted": {**msgspec.to_builtins(done), "store": str(chosen.store)}})
        return
    freed = size_text(max(done.before - done.after, 0))
    print_text(f"{chosen.store} has {size_text(done.after)} now; it had {size_text(done.before)}. {freed} are free.")


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
