"""`demo`: everything at work, with simulated devices."""

import asyncio
from pathlib import Path

import click

from unclouded.cli.client import demo_folder
from unclouded.cli.live import Table, print_facts, until_stopped, wants_table
from unclouded.cli.output import Span, json_option, log_to_stderr, print_json


@click.command("demo")
@click.option("--for", "span", type=Span(), help="Stop after this time: 10s, 5m.")
@click.option("--data", type=click.Path(file_okay=False, path_type=Path), help="Where its data is.")
@click.option("--seed", type=int, default=1, show_default=True, help="Which simulated house.")
@json_option
def command(span: float | None, data: Path | None, seed: int, as_json: bool) -> None:
    """Run the hub with simulated devices of every family, on real wires, and show what it reads.

    Its data survives in the user's cache folder. While it runs the other verbs work on it too:
    try `unclouded set pump off` in another window.
    """
    log_to_stderr()
    asyncio.run(_demo((data or demo_folder()).absolute(), span, seed, as_json))


async def _demo(data: Path, span: float | None, seed: int, as_json: bool) -> None:
    from unclouded.demo import demo

    table = Table("demo") if wants_table(as_json) else None
    async with demo(data, seed) as (house, config):
        if table is not None:
            await _show(table, house.hub, span)
            return
        ready = {"control": str(house.socket), "devices": [one.id for one in config.devices], "config": config.where}
        if as_json:
            print_json({"ready": ready})
        else:
            click.echo(f"The demo runs. Try in another window: unclouded --help; its data is in {data}", err=True)
        house.hub.subscribe(lambda facts: print_facts(facts, as_json))
        await until_stopped(span)
