"""`backup`: a hub as one file, made while it runs or not."""

import os
import sys
import tempfile
import time
from pathlib import Path

import click
import msgspec

from unclouded.app.backup.access import list_backups, make_backup, passphrase_for, verify_backup
from unclouded.app.backup.manifest import BackupManifest
from unclouded.app.configuration.config import Config
from unclouded.cli.configuration import configuration, configuration_if_any
from unclouded.cli.options import config_options, json_option
from unclouded.cli.output.lines import print_json, print_text
from unclouded.cli.signals import ended_by_signal
from unclouded.core.errors import ConfigError
from unclouded.core.times import iso

passphrase_option = click.option(
    "--passphrase-file",
    type=click.Path(dir_okay=False, path_type=Path),
    help="File with the passphrase, on one line. [default: that of the table backup]",
)


class MakeByDefault(click.Group):
    """A group whose first word is a subcommand, or what ``make`` is given."""

    def parse_args(self, ctx: click.Context, args: list[str]) -> list[str]:
        """Puts ``make`` before arguments whose first word is not a subcommand; help is that of the group."""
        words = [word for word in args if not word.startswith("-")]
        if not (set(args) & {"-h", "--help"}) and not (words and words[0] in self.commands):
            args = ["make", *args]
        return super().parse_args(ctx, args)


@click.group("backup", cls=MakeByDefault)
def command() -> None:
    """Make a backup of the hub, as `unclouded backup [FILE|FOLDER]`; list backups, or check one.

    A backup has the configuration with its secrets, the history, admitted plugs, keys, and pairings; not the passwords
    of the page. With a passphrase it is encrypted (age). The hub makes backups by itself with the table backup of the
    configuration. Put one back with `restore`.
    """


@command.command("make")
@click.argument("target", metavar="[FILE|FOLDER]", required=False, type=click.Path(path_type=Path))
@passphrase_option
@click.option("--force", is_flag=True, help="Replace an existing file.")
@config_options
@json_option
def make(
    target: Path | None,
    passphrase_file: Path | None,
    force: bool,
    config: str | None,
    data: str | None,
    as_json: bool,
) -> None:
    """Make a backup now: a FILE, or one with the time in its name in a FOLDER, else in that of the configuration."""
    chosen = configuration(config, data)
    os.nice(5)  # the hub goes first
    begun = time.monotonic()
    with ended_by_signal():
        made = make_backup(chosen, target, passphrase_file, force)
    if as_json:
        print_json({"backup": made})
        return
    seconds = time.monotonic() - begun
    print_text(
        f"{made.file} is complete: {made.size / 1e6:,.1f} MB of {made.manifest.size / 1e6:,.1f} MB, in {seconds:.1f} s."
    )
    for name in made.manifest.left_out:
        print_text(f"Left out: {name}")


@command.command("list")
@click.argument("folder", required=False, type=click.Path(file_okay=False, path_type=Path))
@config_options
@json_option
def list_(folder: Path | None, config: str | None, data: str | None, as_json: bool) -> None:
    """List the backups in FOLDER, else in that of the configuration, the newest first."""
    found = list_backups(configuration(config, data), folder)
    for one in found:
        if as_json:
            print_json({**msgspec.structs.asdict(one), "at": iso(one.at)})
            continue
        marks = [*(["encrypted"] if one.encrypted else []), *([] if one.ours else ["of another hub"])]
        print_text(f"{iso(one.at)[:16]}Z  {one.size / 1e6:>10,.1f} MB  {one.name}  {', '.join(marks)}".rstrip())
    if not found and not as_json:
        print_text("There are no backups.", err=True)


@command.command("verify")
@click.argument("file", type=click.Path(dir_okay=False, path_type=Path))
@passphrase_option
@click.option("--quick", is_flag=True, help="Check only the checksums, and not the store as a whole.")
@config_options
@json_option
def verify(
    file: Path, passphrase_file: Path | None, quick: bool, config: str | None, data: str | None, as_json: bool
) -> None:
    """Check that the backup FILE is whole and can be put back; nothing is changed."""
    passphrase = asked_passphrase(file, passphrase_file, _config_if_valid(config, data))
    with ended_by_signal():
        found = verify_backup(file, passphrase, quick, Path(tempfile.gettempdir()))
    if as_json:
        print_json({"sound": True, "file": str(file), **msgspec.to_builtins(found)})
        return
    print_text(f"{file} is sound. {contents(found)}")


def contents(manifest: BackupManifest) -> str:
    """What is in a backup, as a sentence."""
    newest = f"with readings until {iso(manifest.newest)}" if manifest.newest else "without readings"
    whose = f" of {manifest.hub}" if manifest.hub else ""
    return (
        f"A backup{whose}, made {iso(manifest.at)} by version {manifest.version}: {manifest.devices} devices, "
        f"{newest}, {manifest.size / 1e6:,.1f} MB."
    )


def asked_passphrase(file: Path, passphrase_file: Path | None, config: Config | None) -> str:
    """The passphrase of an encrypted file: from a file, or asked for on a terminal; "" where there is none."""
    known = passphrase_for(file, passphrase_file, config)
    if known or passphrase_file is not None or not sys.stdin.isatty():
        return known
    from unclouded.app.backup.reading import is_encrypted

    return str(click.prompt("Passphrase", hide_input=True, err=True)) if is_encrypted(file) else ""


def _config_if_valid(config: str | None, data: str | None) -> Config | None:
    """A backup can be checked where there is no configuration, or a broken one."""
    try:
        return configuration_if_any(config, data)
    except ConfigError:
        return None
