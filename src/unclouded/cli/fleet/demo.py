"""`fleet demo`: a fleet with simulated homes on this computer."""

import asyncio
import logging

import click

from unclouded.cli.options import Span, Whole, json_option
from unclouded.cli.output.lines import log_to_stderr, print_json, print_text
from unclouded.cli.signals import run_stoppable, until_stopped

HOMES = 50
TRY = """\
  the page    {url}   log in as {person} with the password {password}
  in another terminal:
    export UNCLOUDED_FLEET={folder}
    unclouded fleet hubs                         all homes, those that need attention first
    unclouded fleet hubs --offline
    unclouded fleet show 'Mill Street 1'
    unclouded fleet history 'Mill Street 1' fridge power_W --from 2h
    unclouded fleet energy --by day
    unclouded fleet set 'Mill Street 1' tv on off
Ctrl-C ends it, and removes everything."""


@click.command("demo")
@click.option("--homes", type=Whole(1, 200), default=HOMES, show_default=True, help="How many homes.")
@click.option("--for", "span", type=Span(), help="Stop after this time: 10s, 5m.")
@json_option
def command(homes: int, span: float | None, as_json: bool) -> None:
    """Run a whole fleet on this computer: PostgreSQL and nats-server of its own, a server, and simulated homes with
    weeks of history, each with a real hub. Some are offline, behind, or have a device that does not answer.

    Needs the extra `fleet`, and PostgreSQL and nats-server: it says what is missing.
    """
    log_to_stderr(logging.ERROR)
    run_stoppable(_demo(homes, span, as_json))


async def _demo(homes: int, span: float | None, as_json: bool) -> None:
    from unclouded.fleet_demo.demo import fleet_demo

    async with fleet_demo(homes, lambda text: print_text(text, err=True)) as demo:
        if as_json:
            ready = {"page": demo.url, "person": demo.person, "password": demo.password, "fleet": str(demo.folder)}
            print_json({"ready": {**ready, "homes": demo.homes}})
        else:
            text = TRY.format(url=demo.url, person=demo.person, password=demo.password, folder=demo.folder)
            for line in text.split("\n"):
                print_text(line)
        await until_stopped(span, asyncio.Event())
