"""`decode`: bytes, hex, captures or two taps of a line -> each frame, each stretch of noise, and remarks."""

import sys
from typing import IO

import click

from unclouded.app.decoding.conversation_reader import ConversationReader
from unclouded.app.decoding.input_chunks import Form, Input, one_file, two_taps
from unclouded.app.decoding.line_decoding import LineDecoding, decoding_of
from unclouded.app.protocols import NAMES
from unclouded.cli.options import json_option
from unclouded.cli.output.conversation_text import ConversationText, counts_text
from unclouded.cli.output.lines import print_json, print_text
from unclouded.core.family import Sender, Totals

file_option = click.File("rb")


@click.command("decode")
@click.argument("file", type=file_option, required=False)
@click.option("--family", required=True, type=click.Choice(NAMES), help="Protocol family of the bytes.")
@click.option("--module", "--controller", "module", type=file_option, help="Two taps: the bytes that the module sent.")
@click.option("--mcu", "--device", "mcu", type=file_option, help="Two taps: the bytes that the MCU sent.")
@click.option("--mixed", is_flag=True, help="FILE holds both directions of one line; senders are found out.")
@click.option(
    "--sender", type=click.Choice(["controller", "device"]), help="Sender of the bytes, where FILE does not name it."
)
@click.option(
    "--input",
    "kind",
    type=click.Choice(["auto", "raw", "hex", "capture", "log"]),
    default="auto",
    show_default=True,
    help="Format of the input; log: of Tasmota or ESPHome.",
)
@click.option(
    "--dialect",
    type=click.Choice(["auto", "normal", "low_power", "gateway", "zigbee_module"]),
    help="Dialect of the Tuya families; auto detects it and prints why.",
)
@click.option("--profile", metavar="NAME|FILE", help="Profile that names the values: a name or a TOML file.")
@click.option("--remarks", is_flag=True, help="Print only noise and frames with remarks.")
@click.option("--bytes", "with_bytes", is_flag=True, help="Print the bytes of each frame too.")
@click.option("--summary", is_flag=True, help="Print only totals: frames, noise by reason, frames by command.")
@json_option
def command(
    file: IO[bytes] | None,
    family: str,
    module: IO[bytes] | None,
    mcu: IO[bytes] | None,
    mixed: bool,
    sender: Sender | None,
    kind: Form,
    dialect: str | None,
    profile: str | None,
    remarks: bool,
    with_bytes: bool,
    summary: bool,
    as_json: bool,
) -> None:
    """Decode FILE (or standard input), or two taps of one line, into frames and noise.

    The lengths add up to the input: bytes that form no frame are noise, with a reason. → is sent to the device, ← by
    the device.
    """
    decoding = decoding_of(family, _input(file, module, mcu, kind, sender, mixed), dialect)
    if decoding.detected:
        print_text(decoding.detected, err=True)
    if summary:
        _print_totals(decoding.totals(), as_json)
        return
    reader = decoding.reader(profile, only_remarks=remarks)
    text = ConversationText(decoding.family, as_json=as_json, with_bytes=with_bytes)
    for t, piece in decoding.pieces():
        decoded = reader.read(t, piece)
        if decoded is not None:
            for line in text.lines(decoded):
                print_text(line)
    if not as_json:
        _print_end(decoding, reader, is_one_line=module is None)


def _input(
    file: IO[bytes] | None,
    module: IO[bytes] | None,
    mcu: IO[bytes] | None,
    kind: Form,
    sender: Sender | None,
    mixed: bool,
) -> Input:
    """Raises UsageError."""
    if module is None and mcu is None:
        if mixed and sender:
            raise click.UsageError("--mixed is for two senders, --sender for one; give only one of them.")
        return one_file(file or sys.stdin.buffer, kind, sender, mixed)
    if file or sender or mixed or module is None or mcu is None:
        raise click.UsageError("Two taps are given by --module FILE and --mcu FILE, without other input.")
    return two_taps(module, mcu, kind)


def _print_end(decoding: LineDecoding, reader: ConversationReader, is_one_line: bool) -> None:
    """Print the counts."""
    click.echo()
    for line in counts_text(reader.counts, decoding.family.ends):
        print_text(line)
    if not is_one_line and not decoding.source.ordered and decoding.reading.conversation is not None:
        click.echo("The order of the two sides is not known, so answers are not matched.")
    if reader.picked_profile:
        click.echo(f"Values are named by the profile {reader.picked_profile}, which lists the product.")


def _print_totals(totals: Totals, as_json: bool) -> None:
    if as_json:
        print_json(totals)
        return
    click.echo(f"{totals.frames} frames, {totals.noise_bytes} bytes of noise")
    for name, count in totals.by_command.items():
        print_text(f"  {count:8d}  {name}")
    for reason, count in totals.by_reason.items():
        print_text(f"  {count:8d}  bytes of noise: {reason}")
