"""`demo`: the hub with simulated devices."""

import asyncio
from pathlib import Path

import click

from unclouded.app.access.hub_access import demo_folder
from unclouded.cli.options import Span, Whole, json_option, web_option
from unclouded.cli.output.lines import log_to_stderr, print_json, print_page_address
from unclouded.cli.output.terminal.live_screen import LiveScreen, screen_hint, wants_table
from unclouded.cli.output.terminal.printer import FactPrinter
from unclouded.cli.signals import run_stoppable, until_stopped


@click.command("demo")
@click.option("--for", "span", type=Span(), help="Stop after this time: 10s, 5m.")
@click.option(
    "--data",
    type=click.Path(file_okay=False, path_type=Path),
    help="Data folder. [default: in the cache folder]",
)
@click.option("--seed", type=int, default=1, show_default=True, help="Seed of the simulated home.")
@click.option(
    "--past",
    "past_days",
    type=Whole(0, 1000),
    default=400,
    show_default=True,
    metavar="DAYS",
    help="Days of history that a new data folder gets.",
)
@web_option
@json_option
def command(span: float | None, data: Path | None, seed: int, past_days: int, web: str | None, as_json: bool) -> None:
    """Run the hub with simulated devices of every family, on real links, and show the readings.

    Its data is kept in the user's cache folder. In a folder without a configuration, the other verbs use this hub:
    try `unclouded set pump off` in another terminal.
    """
    log_to_stderr()
    run_stoppable(_demo((data or demo_folder()).absolute(), span, seed, past_days, web or "", as_json))


async def _demo(data: Path, span: float | None, seed: int, past_days: int, web: str, as_json: bool) -> None:
    from unclouded.app.demo.home import demo

    async with demo(data, seed, web, past_days) as (running, config):
        print_page_address(running.web, running.notes)
        if wants_table(as_json):
            screen = LiveScreen("Demo", config.zone, screen_hint(running.web, running.notes))
            screen.feed(running.hub.snapshot())
            running.hub.subscribe(screen.feed)
            async with screen.shown():
                await until_stopped(span)
            return
        if as_json:
            ready = {
                "control": str(running.socket),
                "config": config.where,
                "devices": [one.id for one in config.devices],
                "web": running.web,
            }
            print_json({"ready": ready})
        else:
            click.echo(f"The demo runs with the configuration {config.where}. Ctrl-C ends it.", err=True)
        ended = asyncio.Event()
        with FactPrinter(as_json, ended, config.zone) as printer:
            running.hub.subscribe(printer.feed)
            await until_stopped(span, ended)
