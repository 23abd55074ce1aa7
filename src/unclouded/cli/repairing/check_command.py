"""`history check`: what is suspicious, and the command that repairs it."""

import click
import msgspec

from unclouded.app.stored.history_edits import suspicious
from unclouded.cli.configuration import configuration
from unclouded.cli.options import config_options, json_option, time_option
from unclouded.cli.output.lines import print_json, print_text


@click.command("check")
@click.argument("device", required=False)
@click.option("--from", "start", metavar="TIME", help="Start: 2026-11-20, or 90d (ago). [default: 31 days ago]")
@click.option("--to", "end", metavar="TIME", help="End. [default: now]")
@click.option("--fuse", type=float, default=63.0, show_default=True, help="Of the home, in A per phase.")
@config_options
@json_option
def check(
    device: str | None,
    start: str | None,
    end: str | None,
    fuse: float,
    config: str | None,
    data: str | None,
    as_json: bool,
) -> None:
    """List what is suspicious in the history of DEVICE (of all), each with a command that repairs it.

    Spikes beyond what the fuse carries, power that is frozen while the counter rises, energy that is not what power
    adds up to, times without contact, devices that use more than the one above them, power below zero.
    """
    chosen = configuration(config, data)
    since, until = time_option(start, chosen.zone), time_option(end, chosen.zone)
    found = suspicious(chosen, device or "", since, until, fuse)
    for one in found:
        if as_json:
            print_json(msgspec.to_builtins(one))
            continue
        print_text(f"{one.kind:<9} {one.device} {one.point}  {one.start} to {one.end}: {one.text}")
        print_text(f"          {one.command}")
    if not found and not as_json:
        print_text("Nothing is suspicious.")
