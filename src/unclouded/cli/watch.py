"""`watch`: the house live."""

import asyncio
import threading

import click

from unclouded.cli.client import Hub, any_hub, configuration
from unclouded.cli.live import Table, print_line, until_stopped, wants_table
from unclouded.cli.output import Span, config_options, json_option


@click.command("watch")
@click.argument("devices", nargs=-1)
@click.option("--for", "span", type=Span(), help="Stop after this time: 10s, 5m.")
@config_options
@json_option
def command(devices: tuple[str, ...], span: float | None, config: str | None, data: str | None, as_json: bool) -> None:
    """Show every device (or DEVICES) live: a table on a terminal, else a line for each reading."""
    with any_hub(configuration(config, data), devices) as hub:
        asyncio.run(_watch(hub, devices, span, as_json))


async def _watch(hub: Hub, devices: tuple[str, ...], span: float | None, as_json: bool) -> None:
    loop = asyncio.get_running_loop()
    table = Table() if wants_table(as_json) else None
    ended = asyncio.Event()

    def listen() -> None:
        for line in hub.lines("/api/watch", device=devices):
            if loop.is_closed():
                return
            if table is not None:
                loop.call_soon_threadsafe(table.feed_line, line)
            else:
                print_line(line, as_json)
        loop.call_soon_threadsafe(ended.set)

    threading.Thread(target=listen, name="watch", daemon=True).start()
    if table is None:
        await until_stopped(span, ended)
        return
    with table.shown():
        drawing = asyncio.create_task(table.refreshing(), name="table")
        await until_stopped(span, ended)
        drawing.cancel()
