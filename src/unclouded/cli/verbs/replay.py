"""`replay`: the readings that the hub would have made of a capture."""

import time
from pathlib import Path

import click

from unclouded.app.dump.opening import captures_in, is_bundle
from unclouded.app.recording.capture_replay import CaptureReplay
from unclouded.cli.options import json_option
from unclouded.cli.output.lines import plain_line, print_json, print_text
from unclouded.core.model import Notice, Reading
from unclouded.core.views.json_lines import event_json, reading_json


@click.command("replay")
@click.argument("file", type=click.Path(exists=True, dir_okay=False, path_type=Path))
@click.option("--profile", metavar="NAME|FILE", help="Profile to read it by. [default: by the product in the capture]")
@click.option("--device", default="replay", show_default=True, help="Device id in the readings.")
@json_option
def command(file: Path, profile: str | None, device: str, as_json: bool) -> None:
    """Print the readings in a capture FILE, and notices of implausible values. Nothing is sent or stored.

    FILE may be what `dump` wrote; of one with several channels, each is read.
    """
    if is_bundle(file):
        for one in captures_in(file):
            _print(CaptureReplay(one.data.splitlines(), profile, device), as_json)
        return
    with file.open("rb") as lines:
        _print(CaptureReplay(lines, profile, device), as_json)


def _print(replay: CaptureReplay, as_json: bool) -> None:
    for fact in replay.facts():
        match fact:
            case Notice() if as_json:
                print_json({"notice": event_json(fact)})
            case Notice():
                print_text(f"{fact.device}: {fact.words}", err=True)
            case Reading() if as_json:
                print_json(reading_json(fact))
            case Reading():
                click.echo(plain_line(fact, now=time.time()))
