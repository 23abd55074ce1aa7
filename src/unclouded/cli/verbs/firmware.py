"""`firmware`: what is in a firmware file."""

from pathlib import Path

import click
import msgspec

from unclouded.app.firmware.comparison import compared
from unclouded.app.firmware.report import report_of
from unclouded.cli.options import json_option
from unclouded.cli.output.bytes.firmware_text import comparison_lines, extracted_line, report_lines
from unclouded.cli.output.lines import print_json, print_text

DAMAGED = DIFFERENT = 1  # exit codes

file_argument = click.Path(path_type=Path)  # what is not a file is named by the reader, in one way everywhere


@click.group("firmware")
def command() -> None:
    """Show what is in a firmware file, unpack it, or compare two. No hub and no device is needed."""


@command.command("inspect")
@click.argument("file", type=file_argument)
@click.option(
    "--extract",
    "folder",
    metavar="DIR",
    type=click.Path(path_type=Path),
    help="Write the parts of FILE, unpacked, to this folder. It is created, or must be empty.",
)
@json_option
@click.pass_context
def inspect(ctx: click.Context, file: Path, folder: Path | None, as_json: bool) -> None:
    """Show what FILE is, for which hardware, whether its checksums are right, and which streams are in it.

    Exit codes: 0 it was recognised and is whole, 1 it is damaged, a part could not be unpacked or nothing was
    recognised, 2 it cannot be read.
    """
    report = report_of(file, folder)
    if as_json:
        print_json(report)
    else:
        for line in report_lines(msgspec.to_builtins(report)):
            print_text(line)
        if folder is not None:
            click.echo()
            print_text(f"Files written to {folder}: {sum(bool(part.name) for part in report.extracted)}")
        for part in report.extracted:
            print_text(extracted_line(msgspec.to_builtins(part)))
    ctx.exit(0 if report.is_sound else DAMAGED)


@command.command("diff")
@click.argument("a", type=file_argument)
@click.argument("b", type=file_argument)
@json_option
@click.pass_context
def diff(ctx: click.Context, a: Path, b: Path, as_json: bool) -> None:
    """Show in which header fields, parts and version texts the files A and B differ.

    Parts are compared unpacked, by their SHA-256. Exit codes: 0 the same content, 1 they differ, 2 one cannot be read.
    """
    comparison = compared(a, b)
    if as_json:
        print_json(comparison)
    else:
        for line in comparison_lines(msgspec.to_builtins(comparison)):
            print_text(line)
    ctx.exit(0 if comparison.same else DIFFERENT)
