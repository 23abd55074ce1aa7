"""`restore`: a backup is put back."""

import os
from pathlib import Path

import click
import msgspec

from unclouded.app.backup.access import restore
from unclouded.app.configuration.config import DEFAULT_FILE
from unclouded.cli.options import json_option
from unclouded.cli.output.lines import print_json, print_text
from unclouded.cli.signals import ended_by_signal
from unclouded.cli.verbs.backup import asked_passphrase, contents, passphrase_option


@click.command("restore")
@click.argument("file", type=click.Path(dir_okay=False, path_type=Path))
@click.option("--data", metavar="DIR", help="Data folder. [default: that of the configuration]")
@click.option(
    "--config",
    metavar="FILE",
    help="Where the configuration is put. [default: $UNCLOUDED_CONFIG, then ./unclouded.toml]",
)
@click.option("--data-only", is_flag=True, help="Leave the configuration alone.")
@click.option("--force", is_flag=True, help="Also where the stored readings are newer than the backup.")
@passphrase_option
@json_option
def command(
    file: Path,
    data: str | None,
    config: str | None,
    data_only: bool,
    force: bool,
    passphrase_file: Path | None,
    as_json: bool,
) -> None:
    """Check the backup FILE, then put it in the place of the configuration and the data folder. Stop the hub first.

    Nothing is deleted: what was there is kept beside, and named. Where it is interrupted, the hub's next start finishes
    it, or nothing has changed. Passwords of the page stay as they are.
    """
    place = Path(config or os.environ.get("UNCLOUDED_CONFIG") or DEFAULT_FILE)
    passphrase = asked_passphrase(file, passphrase_file, None)
    with ended_by_signal():
        done = restore(file, passphrase, place, data, force, not data_only)
    if as_json:
        print_json({"restored": msgspec.to_builtins(done)})
        return
    print_text(f"{file} is in place. {contents(done.manifest)}")
    print_text(f"Data folder: {done.data}{f'; what was there is in {done.aside}' if done.aside else ''}")
    if done.config:
        kept = f"; the former one is {done.config_aside}" if done.config_aside else ""
        print_text(f"Configuration: {done.config}{kept}")
    print_text("Keys, certificates and profiles in files of their own are not in a backup. Check: unclouded check")
