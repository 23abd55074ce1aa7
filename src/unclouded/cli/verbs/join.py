"""`join`: this home joins a fleet."""

from pathlib import Path
from typing import get_args

import click

from unclouded.app.configuration.access import access_to
from unclouded.app.configuration.tables.fleet import LevelChoice
from unclouded.cli.configuration import configuration
from unclouded.cli.options import config_options, json_option
from unclouded.cli.output.fleets.fleet_text import leaving_lines
from unclouded.cli.output.lines import print_json, print_text


@click.command("join")
@click.argument("code")
@click.option("--url", metavar="URL", default="", help="Address of the fleet, where CODE does not contain it.")
@click.option("--ca", metavar="FILE", type=click.Path(exists=True, dir_okay=False, path_type=Path),
              help="Certificate of the fleet's own authority (PEM).")  # fmt: skip
@click.option("--name", metavar="NAME", default="", help="What the fleet calls this home. [default: a number]")
@click.option("--level", type=click.Choice(get_args(LevelChoice)), default="quarter", show_default=True,
              help="What leaves the home; each includes those before it.")  # fmt: skip
@click.option("--names", is_flag=True, help="The fleet gets the names of devices and rooms.")
@click.option("--events", is_flag=True, help="It gets states, outcomes of commands and warnings.")
@click.option("--questions", is_flag=True, help="It may look at the page of this hub.")
@click.option("--control", is_flag=True, help="It may switch devices.")
@config_options
@json_option
def command(
    code: str,
    url: str,
    ca: Path | None,
    name: str,
    level: str,
    names: bool,
    events: bool,
    questions: bool,
    control: bool,
    config: str | None,
    data: str | None,
    as_json: bool,
) -> None:
    """Join the fleet that gave CODE, as in: K7QX-9MPT-4W2H@fleet.example.org

    Prints what will leave this home. docs/fleet.md#for-the-home
    """
    from unclouded.app.uplink.joining import join

    keys = {"level": level, "names": names, "events": events, "questions": questions, "control": control}
    chosen = configuration(config, data)
    done = join(chosen, access_to(Path(chosen.where), data).change_hub, code, url, ca, name, keys)
    if as_json:
        print_json(done)
        return
    print_text(f"This home has joined {done.organisation or 'the fleet'} at {done.url}, as {done.hub}.")
    print_text("What leaves the home:")
    for line in leaving_lines(done.table):
        print_text(line)
    print_text("")
    print_text(
        "Change it: unclouded config set fleet.level=energy    for one device: unclouded config set ID fleet=nothing"
    )
    print_text("See it:    unclouded fleet sent                       end it: unclouded leave")
    if not done.running:
        print_text("No hub runs with this configuration; it begins when one is started: unclouded run")
